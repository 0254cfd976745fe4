/* The hand SVD for learners: walkthrough, check, check_notes, quiz, latex. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "file/file.h"
#include "lang/builtins/support.h"
#include "lang/teach/lesson.h"

static bool none(ls_value v) { return v.tag == LS_NONE; }

static bool write_text(ls_interp *in, lsv_text *t) {
    bool ok = t->failed ? ls_no_memory(in) : ls_write(in, t->data ? t->data : "", t->length);
    lsv_text_free(t);
    return ok;
}

static bool wants_ascii(ls_interp *in, ls_value v, bool *ascii) {
    const ls_dialogue *d = ls_teach_dialogue();
    if (!none(v)) return ls_truth(in, v, ascii);
    *ascii = d && d->ascii ? d->ascii() : ls_teach_ascii();
    return true;
}

/* ---- walkthrough ---- */

enum { W_, STEP, STEPS, PAUSE, DIGITS, STYLE, ASCII, FULL, EXACT, SHOW, SAVE };

static bool walk_options(ls_interp *in, const ls_value *args, ls_walk_options *o) {
    static const char *const styles[] = {"both", "exact", "decimals"};
    int64_t digits;
    const char *style;
    bool flag;
    *o = (ls_walk_options){.full = -1, .exact = -1};
    if (!ls_as_int(in, args[DIGITS], "digits", &digits) || !ls_as_text(in, args[STYLE], "style", &style)) return false;
    if (digits < 1 || digits > 30) return ls_raise(in, "ValueError", "digits must lie between 1 and 30, not %lld", (long long)digits);
    o->digits = (int)digits;
    int k = 0;
    while (k < 3 && strcmp(style, styles[k]) != 0) k++;
    if (k == 3) return ls_raise(in, "ValueError", "style must be \"exact\", \"decimals\" or \"both\", not \"%s\"", style);
    o->style = (ls_style)k;
    if (!wants_ascii(in, args[ASCII], &o->ascii)) return false;
    if (!none(args[FULL])) {
        if (!ls_truth(in, args[FULL], &flag)) return false;
        o->full = flag;
    }
    if (!none(args[EXACT])) {
        if (!ls_truth(in, args[EXACT], &flag)) return false;
        o->exact = flag;
    }
    return true;
}

static void header(lsv_text *t, const ls_walk *w) {
    char line[160];
    if (w->exact) snprintf(line, sizeof line, "The hand SVD, step by step · exact values, shown to %d decimals (digits %d)", w->digits, w->digits);
    else snprintf(line, sizeof line, "The SVD, step by step · decimals, %d shown (digits %d)", w->digits, w->digits);
    ls_render_wrapped(t, line, 2, 2, w->ascii);
    lsv_text_putc(t, '\n');
}

/* One step by number, or a list of them. */
static bool chosen_steps(ls_interp *in, const ls_walk *w, ls_value step, ls_value steps, lsv_text *t) {
    int64_t list[LS_STEPS];
    ptrdiff_t n = 0;
    if (!none(step)) {
        if (!ls_as_int(in, step, "step", &list[n++])) return false;
    } else {
        ls_value v;
        if (!ls_to_list(in, steps, &v)) return false;
        bool ok = v.list->n <= LS_STEPS || ls_raise(in, "ValueError", "there are %d steps", w->nsteps);
        for (n = 0; ok && n < v.list->n; n++) ok = ls_as_int(in, v.list->items[n], "steps", &list[n]);
        ls_drop(v);
        if (!ok) return false;
    }
    for (ptrdiff_t i = 0; i < n; i++) {
        if (list[i] < 0 || list[i] > w->nsteps) return ls_raise(in, "ValueError", "this walk has steps 1 to %d, not %lld", w->nsteps, (long long)list[i]);
        if (i) lsv_text_putc(t, '\n');
        ls_render_step(t, w, (int)list[i], false);
    }
    return true;
}

static bool show_walk(ls_interp *in, ls_walk *w, const ls_value *args) {
    const ls_dialogue *d = ls_teach_dialogue();
    bool pause = d && d->walk && d->usable && d->usable();
    if (!none(args[PAUSE])) {
        bool asked;
        if (!ls_truth(in, args[PAUSE], &asked)) return false;
        pause = pause && asked;
    }
    lsv_text t = {0};
    if (!none(args[STEP]) || !none(args[STEPS])) {
        if (chosen_steps(in, w, args[STEP], args[STEPS], &t)) return write_text(in, &t);
        lsv_text_free(&t);
        return false;
    }
    if (pause) return d->walk(in, w);
    header(&t, w);
    ls_render_text(&t, w);
    return write_text(in, &t);
}

static bool walkthrough(ls_interp *in, const ls_builtin *self, const ls_value *args, ls_value *out) {
    (void)self;
    lsv_pool pool = {0};
    lsv_qmatrix W;
    lsv_error err = {.status = LSV_OK};
    ls_walk_options o;
    ls_walk *w;
    bool computed, show;
    if (!walk_options(in, args, &o) || !ls_truth(in, args[SHOW], &show)) return false;
    bool ok = ls_exact_matrix(in, args[W_], &pool, &W, &computed);
    if (ok && computed && o.exact < 0) o.exact = 0;
    if (ok && ls_walk_new(&W, &o, &w, &err) != LSV_OK) ok = ls_raise_lsv(in, &err);
    lsv_pool_free(&pool);
    if (!ok) return false;
    ls_teach_keep(w);
    if (!none(args[SAVE])) {
        const char *path;
        if (!ls_as_text(in, args[SAVE], "save", &path) || !ls_walk_save(in, w, path)) return false;
    }
    if (!ls_walk_dictionary(in, w, out)) return false;
    if (show && !show_walk(in, w, args)) {
        ls_drop(*out);
        *out = ls_none();
        return false;
    }
    if (show) ls_teach_mark_shown(*out);
    return true;
}

/* ---- check ---- */

static bool finish_text(ls_interp *in, lsv_text *t, bool show, ls_value *out) {
    bool ok = !t->failed || ls_no_memory(in);
    if (ok && show) {
        lsv_text wrapped = {0};
        bool ascii;
        ok = wants_ascii(in, ls_none(), &ascii);
        for (char *line = t->data, *end; ok && line && *line; line = end ? end + 1 : NULL) {
            end = strchr(line, '\n');
            if (end) *end = 0;
            ls_render_wrapped(&wrapped, line, 0, 4, ascii);
        }
        if (ok) ok = write_text(in, &wrapped);
        else lsv_text_free(&wrapped);
    } else if (ok) {
        *out = ls_str_new(t->data ? t->data : "", t->length);
        ok = out->tag != LS_UNSET || ls_no_memory(in);
    }
    lsv_text_free(t);
    return ok;
}

static bool check(ls_interp *in, const ls_builtin *self, const ls_value *args, ls_value *out) {
    (void)self;
    const char *step;
    char key[24];
    bool show;
    lsv_error err = {.status = LSV_OK};
    ls_walk *w = ls_teach_walk();
    if (!ls_as_text(in, args[0], "step", &step) || !ls_truth(in, args[2], &show)) return false;
    if (!w) {
        ls_raise(in, "RuntimeError", "check() speaks about the last walkthrough(), and there was none");
        ls_hint(in, "start with walkthrough(W, show=False)");
        return false;
    }
    if (!ls_step_key(step, key)) return ls_raise(in, "ValueError", "no step is called \"%s\"; there are: %s", step, ls_step_names);
    ls_answer *a = lsv_malloc(sizeof *a);
    if (!a) return ls_no_memory(in);
    lsv_text t = {0};
    bool ok = ls_answer_value(in, args[1], a);
    if (ok && ls_check_answer(w, key, a, &t, NULL, &err) != LSV_OK) ok = ls_raise_lsv(in, &err);
    lsv_free(a);
    if (ok) return finish_text(in, &t, show, out);
    lsv_text_free(&t);
    return false;
}

/* ---- worked notes ---- */

enum { NOTES_MOST = 1 << 20 };

static bool check_notes(ls_interp *in, const ls_builtin *self, const ls_value *args, ls_value *out) {
    (void)self;
    const char *path;
    bool show;
    if (!ls_as_text(in, args[0], "file", &path) || !ls_truth(in, args[1], &show)) return false;
    lsv_error err = {.status = LSV_OK};
    if (lsv_file_allowed(path, false, &err) != LSV_OK) {
        ls_raise(in, "PermissionError", "%s", err.message);
        ls_hint(in, "%s", err.hint);
        return false;
    }
    errno = 0;
    FILE *f = fopen(path, "rb");
    if (!f) return ls_raise(in, errno == ENOENT ? "FileNotFoundError" : "OSError", "cannot read \"%s\": %s", path, strerror(errno));
    char *text = lsv_malloc(NOTES_MOST);
    size_t n = text ? fread(text, 1, NOTES_MOST - 1, f) : 0;
    bool failed = ferror(f) != 0;
    fclose(f);
    if (!text) return ls_no_memory(in);
    text[n] = 0;
    lsv_text t = {0};
    int slips = 0;
    bool ok = !failed ? ls_check_notes_text(in, text, n, &t, &slips) : ls_raise(in, "OSError", "cannot read \"%s\"", path);
    lsv_free(text);
    if (ok) return finish_text(in, &t, show, out);
    lsv_text_free(&t);
    return false;
}

/* ---- quiz, latex ---- */

static bool quiz(ls_interp *in, const ls_builtin *self, const ls_value *args, ls_value *out) {
    (void)self;
    int64_t seed = 0;
    ls_quiz q = {.answers = args[2]};
    static uint64_t next = 1;
    if (!ls_as_text(in, args[0], "kind", &q.kind) || (!none(args[1]) && !ls_as_int(in, args[1], "seed", &seed))) return false;
    q.seed = none(args[1]) ? next++ : (uint64_t)seed;
    return ls_run_quiz(in, &q, out);
}

static bool latex(ls_interp *in, const ls_builtin *self, const ls_value *args, ls_value *out) {
    (void)self;
    lsv_pool pool = {0};
    lsv_qmatrix W;
    bool computed;
    lsv_text t = {0};
    bool ok = ls_exact_matrix(in, args[0], &pool, &W, &computed);
    if (ok && args[0].tag == LS_ARRAY && (computed || lsv_dtype_is_float((lsv_dtype)args[0].array->dtype))) { /* floats as decimals, not as fractions */
        lsv_text_puts(&t, "\\begin{bmatrix} ");
        for (int i = 0; i < W.rows * W.cols; i++) {
            lsv_scalar s = lsv_scalar_float(mpq_get_d(W.at + i));
            if (i) lsv_text_puts(&t, i % W.cols ? " & " : " \\\\ ");
            lsv_text_scalar(&t, s);
        }
        lsv_text_puts(&t, " \\end{bmatrix}");
    } else if (ok) {
        ls_matrix_latex(&t, &W);
    }
    lsv_pool_free(&pool);
    return ok ? finish_text(in, &t, false, out) : false;
}

const ls_builtin ls_family_teach[] = {
    {"walkthrough", "(W, step=None, steps=None, pause=None, digits=4, style=\"both\", ascii=None, full=None, exact=None, show=True, save=None)",
     "The SVD of W by hand: every step with its rule, arithmetic, exact values and checks",
     "Prints the steps and gives a dictionary: rank, gram, charpoly (coefficients, highest first), eigenvalues and singular_values (exact texts, largest first), "
     "eigenvalues_num and singular_values_num, U (m,m), S (m,n), V (n,n), terms (the rank-1 terms, exact), unique (whether U and V are determined up to signs), and the exact "
     "vectors behind them (w, w_norm2, Ww, Ww_norm2, completion).\n\n"
     "Decimals and fractions are exact: 0.1 is 1/10, and \"1/3\" in a nested list is a third. Matrices up to 4×6 are worked out in full, up to 8×8 their exact values are "
     "given; larger ones, and entries with more digits than a person types, are done numerically with the same steps (exact=True insists, exact=False never tries).\n\n"
     "At a terminal the walk stops after each step: Enter next, b back, t try it yourself, c check a value, ? why, m save, q leave. pause=False prints everything; step=8 or steps=[1, 4] prints "
     "only those; full=True adds the comparison with the other Gram matrix; style is \"both\", \"exact\" or \"decimals\"; save=\"walk.md\" (.tex, .ipynb, .svg, .txt) writes a file.",
     NULL, walkthrough, 0, LS_CALLABLE, NULL},
    {"check", "(step, value, show=True)", "Is this value of a step of the last walkthrough right, and if not, which entry and why",
     "step is a name: WtW, WWt, charmat, chi, lambda (or λ), sigma (σ), w1, v1, V, u1, U, S (Σ), term1, sum, W1. value is a matrix, a list, or a text such as \"27+√229, 27-√229\". A decimal "
     "is judged by the digits it has; U is judged against the V you gave before. show=False gives the verdict as a text instead of printing it.",
     NULL, check, 0, LS_CALLABLE, NULL},
    {"check_notes", "(file, show=True)", "Judges worked notes (Markdown with LaTeX bmatrix blocks) line by line and names the slips", NULL, NULL, check_notes, 0, LS_CALLABLE, NULL},
    {"quiz", "(kind=\"surd\", seed=None, answers=None)", "Asks the steps of a random small matrix one by one and keeps the score",
     "kind: rational, surd, rank1, repeated, wide, decimal; or find: a finished walk with one slip in it, which line is wrong? The same seed asks the same questions. Without a terminal the "
     "answers come from the list `answers`. Gives a dictionary with kind, seed, asked, right (at the first try) and score.",
     NULL, quiz, 0, LS_CALLABLE, NULL},
    {"latex", "(W)", "A matrix as LaTeX, \\begin{bmatrix} … \\end{bmatrix}", NULL, NULL, latex, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
