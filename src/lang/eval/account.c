/* Records of calls, in a ring. A stamp is a number that no other array gets: results are stamped when they come out,
   operands when they go in. Tuples, lists and dictionaries are looked into, one level deep. */
#include "lang/eval/account.h"

#include "backend/backend.h"
#include "base/alloc.h"
#include "lang/builtins/builtin.h"
#include "lang/machine/vm.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

bool ls_account_watch(ls_interp *in) {
    if (!in->account) in->account = lsv_calloc(1, sizeof *in->account);
    lsv_ledger_watch(in->account != NULL);
    return in->account != NULL;
}

void ls_account_free(ls_interp *in) {
    if (in->account) lsv_ledger_watch(false);
    lsv_free(in->account);
    in->account = NULL;
}

void ls_account_begin(ls_interp *in) {
    lsv_ledger_clear();
    in->account->started = now();
}

/* ---- what went in and came out ---- */

static uint32_t new_stamp(void) {
    static uint32_t stamps;
    if (++stamps == 0) stamps = 1;
    return stamps;
}

static void note_array(ls_account_array *to, lsv_array *a, bool fresh) {
    if (fresh || !a->origin) a->origin = new_stamp();
    *to = (ls_account_array){.stamp = a->origin, .dtype = a->dtype, .kind = a->kind, .ndim = a->ndim};
    for (int d = 0; d < a->ndim && d < 4; d++) to->shape[d] = a->shape[d];
}

/* Calls visit for the arrays in v. */
static void each_array(ls_value v, int depth, void (*visit)(void *ctx, lsv_array *a), void *ctx) {
    if (v.tag == LS_ARRAY) visit(ctx, v.array);
    if (depth == 0) return;
    if (v.tag == LS_TUPLE)
        for (ptrdiff_t i = 0; i < v.tuple->n && i < LS_ACCOUNT_RESULTS; i++) each_array(v.tuple->items[i], depth - 1, visit, ctx);
    if (v.tag == LS_LIST)
        for (ptrdiff_t i = 0; i < v.list->n && i < LS_ACCOUNT_RESULTS; i++) each_array(v.list->items[i], depth - 1, visit, ctx);
}

static void visit_argument(void *ctx, lsv_array *a) {
    ls_account_record *r = ctx;
    if (r->nargs < LS_ACCOUNT_ARGS) note_array(&r->args[r->nargs++], a, false);
}

/* Singular values, falling, or eigenvalues, rising: a vector that comes first among the results of such a call. */
static void note_spectrum(ls_account_record *r, const lsv_array *a) {
    double before = 0, least = INFINITY;
    bool falling = true, rising = true;
    if (r->spectrum || a->ndim != 1 || a->size < 1 || a->size > 100000 || !lsv_dtype_is_float((lsv_dtype)a->dtype) || a->device) return;
    for (ptrdiff_t i = 0; i < a->size; i++) {
        double x = lsv_item(a, &i).f;
        if (!isfinite(x)) return;
        if (i && x > before) falling = false;
        if (i && x < before) rising = false;
        if (i) least = fmin(least, fabs(x - before));
        if (i == 0) r->largest = r->smallest = fabs(x);
        r->largest = fmax(r->largest, fabs(x));
        r->smallest = fmin(r->smallest, fabs(x));
        if (x < 0) falling = false;
        before = x;
    }
    if (!falling && !rising) return;
    r->spectrum = falling ? (int)a->size : -(int)a->size;
    r->gap = a->size > 1 && r->largest > 0 ? least / r->largest : (double)NAN;
}

static bool gives_spectrum(const ls_builtin *b) {
    const char *name = b ? ls_builtin_short_name(b) : "";
    return strstr(name, "svd") || strstr(name, "eig") || strcmp(name, "lstsq") == 0;
}

static void visit_result(void *ctx, lsv_array *a) {
    ls_account_record *r = ctx;
    if (r->nresults < LS_ACCOUNT_RESULTS) note_array(&r->results[r->nresults++], a, true);
    if (gives_spectrum(r->builtin)) note_spectrum(r, a);
}

/* Arguments that are neither arrays nor as they would be without saying. */
static void note_arguments(ls_interp *in, ls_account_record *r, const ls_builtin *b, const ls_value *args, int n) {
    const ls_signature *s = ls_vm_signature(in, b);
    size_t used = 0, room = sizeof r->arguments;
    bool in_order = true; /* as long as no parameter was left out, values go by position */
    for (int k = 0; s && k < n && k < s->nparams; k++) {
        lsv_text t = {0};
        ls_value v = args[k];
        bool simple = v.tag == LS_BOOL || v.tag == LS_INT || v.tag == LS_FLOAT || (v.tag == LS_STR && v.str->length < 20);
        bool fallback = !s->params[k].required && ls_equal_simple(v, s->params[k].fallback);
        if (fallback || k >= s->npositional) in_order = false;
        if (!simple || fallback) continue;
        if (ls_repr(in, &t, v) && !t.failed && used < room)
            used += (size_t)snprintf(r->arguments + used, room - used, "%s%s%s%s", used ? ", " : "", in_order ? "" : s->params[k].name,
                                     in_order ? "" : "=", t.data);
        lsv_text_free(&t);
    }
}

static void note_place(ls_interp *in, ls_account_record *r) {
    const ls_code *code = in->vm->frame ? in->vm->frame->code : NULL;
    if (code && code->source) snprintf(r->cell, sizeof r->cell, "%s", code->source->name);
}

void ls_account_end(ls_interp *in, const ls_builtin *b, const ls_value *args, int n, ls_value out, bool ok) {
    const lsv_ledger *ledger = lsv_ledger_get();
    if (!ok || ledger->calls == 0) return;
    ls_account *account = in->account;
    ls_account_record *r = &account->records[account->count++ % LS_ACCOUNT_RECORDS];
    memset(r, 0, sizeof *r);
    r->number = account->count;
    r->builtin = b;
    r->seconds = now() - account->started;
    r->ledger = *ledger;
    snprintf(r->backend, sizeof r->backend, "%s", lsv_backend_last());
    for (int k = 0; k < n; k++) each_array(args[k], 2, visit_argument, r);
    each_array(out, 2, visit_result, r);
    if (ls_is_number(out)) r->number_given = out;
    note_place(in, r);
    if (b) note_arguments(in, r, b, args, n);
    lsv_ledger_clear();
}

/* ---- looking back ---- */

const ls_account_record *ls_account_last(const ls_interp *in) {
    const ls_account *a = in->account;
    return a && a->count ? &a->records[(a->count - 1) % LS_ACCOUNT_RECORDS] : NULL;
}

static bool gave(const ls_account_record *r, ls_value v) {
    if (v.tag == LS_ARRAY)
        for (int k = 0; k < r->nresults; k++)
            if (v.array->origin && r->results[k].stamp == v.array->origin) return true;
    if (v.tag == LS_TUPLE || v.tag == LS_LIST) {
        ptrdiff_t n = v.tag == LS_TUPLE ? v.tuple->n : v.list->n;
        const ls_value *items = v.tag == LS_TUPLE ? v.tuple->items : v.list->items;
        for (ptrdiff_t i = 0; i < n && i < LS_ACCOUNT_RESULTS; i++)
            if (items[i].tag == LS_ARRAY && gave(r, items[i])) return true;
    }
    return ls_is_number(v) && r->number_given.tag == v.tag && r->number_given.i == v.i;
}

const ls_account_record *ls_account_of(const ls_interp *in, ls_value v) {
    const ls_account *a = in->account;
    if (!a) return NULL;
    for (uint64_t k = a->count; k > 0 && a->count - k < LS_ACCOUNT_RECORDS; k--)
        if (gave(&a->records[(k - 1) % LS_ACCOUNT_RECORDS], v)) return &a->records[(k - 1) % LS_ACCOUNT_RECORDS];
    return NULL;
}
