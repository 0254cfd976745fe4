/* What stood behind a result, in words: the call, the routine that did the work, its precision, what is known about
   the conditioning, and the backend. All of it from the records of the calls (lang/eval/account.h). */
#include "lang/assist/why.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lang/assist/help.h"
#include "lang/eval/account.h"

static const struct { const char *op, *what; } routines[] = { /* LAPACK's names, and BLAS's */
    {"gesdd", "SVD by divide and conquer"},
    {"gesvd", "SVD by QR iteration"},
    {"geqrf", "Householder QR"},
    {"orgqr", "Q from its reflectors"},
    {"syevd", "symmetric eigenvalues by divide and conquer"},
    {"syevr", "some symmetric eigenvalues by relatively robust representations"},
    {"geev", "eigenvalues of a general matrix"},
    {"potrf", "Cholesky"},
    {"getrf", "LU with partial pivoting"},
    {"getrs", "triangular solves with an LU"},
    {"getri", "inverse from an LU"},
    {"gesv", "LU with partial pivoting, then two triangular solves"},
    {"gelsd", "least squares by the SVD, divide and conquer"},
    {"gelss", "least squares by the SVD"},
    {"gelsy", "least squares by QR with column pivoting"},
    {"gels", "least squares by QR, full rank assumed"},
    {"trsm", "triangular solve"},
    {"gemm", "matrix product"},
    {"gemv", "matrix times vector"},
    {"dot", "dot product"},
    {"syrk", "A times its own transpose"},
    {"panel", "thin product"},
    {"panel_t", "thin product with the transpose"},
    {"panel_gram", "thin product with A^T A, A read once"},
};

static const char *routine(const char *op) {
    for (size_t i = 0; i < sizeof routines / sizeof *routines; i++)
        if (strcmp(routines[i].op, op) == 0) return routines[i].what;
    return "";
}

static void field(lsv_text *t, const char *name, const lsv_text *text, int width) {
    lsv_text line = {0};
    lsv_text_printf(&line, "%-13s ", name);
    if (text->data) lsv_text_puts(&line, text->data);
    if (line.data) ls_help_wrap(t, line.data, line.length, 2, 14, width);
    if (line.failed) t->failed = true;
    lsv_text_free(&line);
}

static void say(lsv_text *t, int width, const char *name, const char *format, ...) __attribute__((format(printf, 4, 5)));
static void say(lsv_text *t, int width, const char *name, const char *format, ...) {
    char text[600];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    lsv_text line = {0};
    lsv_text_puts(&line, text);
    field(t, name, &line, width);
    lsv_text_free(&line);
}

/* ---- the call ---- */

typedef struct wanted { uint32_t stamp; const char *name; } wanted;

static bool has_stamp(void *ctx, const char *name, ls_value v) {
    wanted *w = ctx;
    if (name[0] == '_' || v.tag != LS_ARRAY || v.array->origin != w->stamp) return true;
    w->name = name;
    return false;
}

/* "W (512, 384) float32": its variable, where it still has one. */
static void array_text(ls_interp *in, const ls_account_array *a, lsv_text *t) {
    wanted w = {a->stamp, NULL};
    ls_global_each(in, has_stamp, &w);
    if (w.name) lsv_text_printf(t, "%s ", w.name);
    lsv_text_putc(t, '(');
    for (int d = 0; d < a->ndim && d < 4; d++) lsv_text_printf(t, "%s%td", d ? ", " : "", a->shape[d]);
    lsv_text_printf(t, "%s) %s", a->ndim > 4 ? ", …" : a->ndim == 1 ? "," : "", lsv_dtype_name((lsv_dtype)a->dtype));
}

static const char *call_name(const ls_account_record *r, char *name, size_t n) {
    if (!r->builtin) return "@";
    snprintf(name, n, "%.*s", (int)strcspn(r->builtin->names, " "), r->builtin->names);
    return name;
}

static void call_text(ls_interp *in, const ls_account_record *r, lsv_text *t) {
    char name[96];
    const char *comma = "";
    if (!r->builtin && r->nargs == 2) {
        array_text(in, &r->args[0], t);
        lsv_text_puts(t, " @ ");
        array_text(in, &r->args[1], t);
        return;
    }
    lsv_text_printf(t, "%s(", call_name(r, name, sizeof name));
    for (int k = 0; k < r->nargs; k++, comma = ", ") {
        lsv_text_puts(t, comma);
        array_text(in, &r->args[k], t);
    }
    if (r->arguments[0]) lsv_text_printf(t, "%s%s", comma, r->arguments);
    lsv_text_putc(t, ')');
}

/* ---- what was done ---- */

static const char *fact_text(const ls_account_record *r, const char *name) {
    for (int i = 0; i < r->ledger.nfacts; i++)
        if (strcmp(r->ledger.facts[i].name, name) == 0) return r->ledger.facts[i].text;
    return NULL;
}

static double fact_number(const ls_account_record *r, const char *name) {
    for (int i = 0; i < r->ledger.nfacts; i++)
        if (strcmp(r->ledger.facts[i].name, name) == 0 && !r->ledger.facts[i].text) return r->ledger.facts[i].value;
    return (double)NAN;
}

static double volume(const lsv_ledger_entry *e) {
    double k = e->k ? (double)e->k : e->n ? fmin((double)e->m, (double)e->n) : 1;
    return (double)e->count * (double)e->m * (e->n ? (double)e->n : 1) * k;
}

static void driver_line(lsv_text *t, const lsv_ledger_entry *e, bool first, int width) {
    char sizes[100], times[64] = "";
    bool system = strcmp(e->op, "gesv") == 0 || strcmp(e->op, "getrs") == 0;
    int used = system ? snprintf(sizes, sizeof sizes, "%td x %td, %td right-hand side%s", e->m, e->m, e->n, e->n == 1 ? "" : "s")
                      : snprintf(sizes, sizeof sizes, "%td", e->m);
    if (e->n && !system) used += snprintf(sizes + used, sizeof sizes - (size_t)used, " x %td", e->n);
    if (e->k) snprintf(sizes + used, sizeof sizes - (size_t)used, " x %td", e->k);
    if (e->count > 2) /* twice may be one question and one call */
        snprintf(times, sizeof times, ", %llu calls, the largest", (unsigned long long)e->count);
    say(t, width, first ? "driver" : "", "%s: %s, %s%s %s, on %s", e->op, routine(e->op), lsv_dtype_name(e->dtype), times, sizes, e->backend);
}

enum { MOST_DRIVERS = 3 };

/* The routines, the one with the most work first; only the first few. */
static void driver_lines(lsv_text *t, const ls_account_record *r, int width) {
    bool told[LSV_LEDGER_ENTRIES] = {false};
    const char *method = fact_text(r, "method");
    if (method) say(t, width, "method", "%s", method);
    for (int i = 0; i < r->ledger.n && i < MOST_DRIVERS; i++) {
        int most = -1;
        for (int k = 0; k < r->ledger.n; k++)
            if (!told[k] && (most < 0 || volume(&r->ledger.entries[k]) > volume(&r->ledger.entries[most]))) most = k;
        told[most] = true;
        driver_line(t, &r->ledger.entries[most], i == 0, width);
    }
    if (r->ledger.n <= MOST_DRIVERS) return;
    lsv_text rest = {0};
    lsv_text_puts(&rest, "and, with less work,");
    const char *comma = " ";
    for (int k = 0; k < r->ledger.n; k++) {
        if (told[k]) continue;
        lsv_text_printf(&rest, "%s%s", comma, r->ledger.entries[k].op);
        comma = ", ";
    }
    field(t, "", &rest, width);
    if (rest.failed) t->failed = true;
    lsv_text_free(&rest);
}

static double epsilon(lsv_dtype t) { return t == LSV_FLOAT32 ? (double)FLT_EPSILON : t == LSV_FLOAT16 ? 0x1p-10 : t == LSV_BFLOAT16 ? 0x1p-7 : DBL_EPSILON; }

static void precision_line(lsv_text *t, const ls_account_record *r, int width) {
    lsv_dtype worked = r->ledger.n ? r->ledger.entries[0].dtype : LSV_FLOAT64;
    for (int i = 0; i < r->ledger.n; i++)
        if (r->ledger.entries[i].dtype == LSV_FLOAT64) worked = LSV_FLOAT64;
    lsv_dtype given = r->nresults ? (lsv_dtype)r->results[0].dtype : worked;
    if (given == worked || !lsv_dtype_is_float(given)) say(t, width, "precision", "%s, eps %.2g", lsv_dtype_name(worked), epsilon(worked));
    else say(t, width, "precision", "computed in %s, rounded to %s: eps %.2g", lsv_dtype_name(worked), lsv_dtype_name(given), epsilon(given));
}

/* ---- conditioning ---- */

static void spectrum_lines(lsv_text *t, const ls_account_record *r, int width) {
    bool singular = r->spectrum > 0;
    int n = singular ? r->spectrum : -r->spectrum;
    double eps = epsilon(r->nresults ? (lsv_dtype)r->results[0].dtype : LSV_FLOAT64);
    const char *what = singular ? "singular values" : "eigenvalues, by size,";
    say(t, width, "conditioning", "%d %s from %.4g to %.4g: largest over smallest %.3g", n, what, r->largest, r->smallest, r->smallest > 0 ? r->largest / r->smallest : (double)INFINITY);
    say(t, width, "", "each is within about %.2g of the exact one (eps times the largest)", eps * r->largest);
    if (n > 1 && isfinite(r->gap)) {
        if (r->gap > 0) say(t, width, "", "closest neighbours: %.2g of the largest apart, so vectors are good to about %.1g there", r->gap, fmin(1, eps / r->gap));
        else say(t, width, "", "two of them are equal: their vectors are any basis of a plane");
    }
}

static void conditioning_lines(lsv_text *t, const ls_account_record *r, int width) {
    double cond = fact_number(r, "condition"), bound = fact_number(r, "bound"), residual = fact_number(r, "residual");
    double iterations = fact_number(r, "iterations"), amplification = fact_number(r, "amplification"), gap = fact_number(r, "gap");
    if (r->spectrum) spectrum_lines(t, r, width);
    if (isfinite(cond)) {
        double eps = epsilon(r->ledger.n ? r->ledger.entries[0].dtype : LSV_FLOAT64);
        say(t, width, "conditioning", "about %.2g (1-norm estimate): %s", cond,
            cond * eps < 1e-8 ? "harmless" : cond * eps < 1 ? "digits are lost" : "singular to working precision: no digit can be trusted");
        say(t, width, "", "relative error of the result up to about %.1g", fmin(1, cond * eps));
    }
    if (isfinite(gap)) say(t, width, "conditioning", "gap to the nearest singular value %.3g, errors amplified by about %.3g", gap, amplification);
    if (isfinite(iterations) && iterations > 0) say(t, width, "iterations", "%.0f", iterations);
    if (isfinite(residual) && residual > 0) say(t, width, "residual", "%.2g, relative to the largest singular value", residual);
    if (isfinite(bound)) say(t, width, "certificate", "relative error certainly no more than %.3g, in the Frobenius norm", bound);
}

static void backend_line(lsv_text *t, const ls_account_record *r, int width) {
    const char *colon = strstr(r->backend, ": ");
    say(t, width, "backend", "%s", colon ? colon + 2 : r->backend);
    if (r->seconds < 1e-3) say(t, width, "time", "%.3g µs", r->seconds * 1e6);
    else if (r->seconds < 1) say(t, width, "time", "%.3g ms", r->seconds * 1e3);
    else say(t, width, "time", "%.3g s", r->seconds);
}

static void on_record(ls_interp *in, const ls_account_record *r, const char *subject, int width, lsv_text *t) {
    lsv_text line = {0};
    if (subject) lsv_text_printf(&line, "\001%s\002 came from ", subject);
    else lsv_text_puts(&line, "The last call of linear algebra was ");
    call_text(in, r, &line);
    if (r->cell[0]) lsv_text_printf(&line, ", in %s", r->cell);
    if (line.data) ls_help_wrap(t, line.data, line.length, 0, 2, width);
    if (line.failed) t->failed = true;
    lsv_text_free(&line);
    lsv_text_putc(t, '\n');
    driver_lines(t, r, width);
    precision_line(t, r, width);
    conditioning_lines(t, r, width);
    backend_line(t, r, width);
}

/* What to call v: its variable, a number's own text. */
static const char *name_of(ls_interp *in, ls_value v, lsv_text *t) {
    if (v.tag == LS_ARRAY && v.array->origin) {
        wanted w = {v.array->origin, NULL};
        ls_global_each(in, has_stamp, &w);
        if (w.name) return w.name;
    }
    if (ls_is_number(v) && ls_repr(in, t, v) && !t->failed) return t->data;
    return v.tag == LS_ARRAY ? "The array" : "The result";
}

void ls_why_text(ls_interp *in, ls_value v, const char *name, int width, lsv_text *t) {
    const ls_account_record *r = v.tag == LS_UNSET ? NULL : ls_account_of(in, v), *last = ls_account_last(in);
    if (r) {
        lsv_text own = {0};
        on_record(in, r, name ? name : name_of(in, v, &own), width, t);
        lsv_text_free(&own);
        return;
    }
    lsv_text line = {0};
    if (v.tag != LS_UNSET) {
        bool array = v.tag == LS_ARRAY;
        lsv_text_printf(&line, "%s is no direct result of linear algebra%s.", name ? name : array ? "The array" : "This",
                        array ? ": perhaps a view, a copy or an element-wise function of one" : "");
        ls_help_wrap(t, line.data ? line.data : "", line.length, 0, 0, width);
    }
    lsv_text_free(&line);
    if (!last) lsv_text_puts(t, "No linear algebra has been done yet.\n");
    else if (v.tag == LS_UNSET || !name || strcmp(name, "_") == 0) {
        if (t->length) lsv_text_putc(t, '\n');
        on_record(in, last, NULL, width, t);
    }
}
