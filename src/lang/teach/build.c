/* Building a walk: steps, lines, pieces, and exact values as text. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lang/teach/teach.h"

static char nothing[8]; /* the text of a walk without memory: empty, and so are its tails */

char *ls_fmt(ls_walk *w, const char *format, ...) {
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    char *s = n < 0 ? NULL : lsv_pool_bytes(&w->pool, (size_t)n + 1);
    if (!s) return nothing;
    va_start(ap, format);
    vsnprintf(s, (size_t)n + 1, format, ap);
    va_end(ap);
    return s;
}

/* A text's bytes into the pool; gives the text back. */
static const char *keep(ls_walk *w, lsv_text *t) {
    if (t->failed) w->pool.failed = true;
    const char *s = t->data && !t->failed ? ls_fmt(w, "%s", t->data) : nothing;
    lsv_text_free(t);
    return s;
}

ls_step *ls_step_add(ls_walk *w, const char *title, const char *key, const char *question, const char *why) {
    static ls_step spare;
    int at = w->step[0].title ? w->nsteps + 1 : 0;
    if (at > LS_STEPS) return &spare;
    if (at) w->nsteps = at;
    w->step[at] = (ls_step){.title = title, .key = key, .question = question, .why = why};
    return &w->step[at];
}

static ls_line *line_new(ls_walk *w, const char *label, int indent) {
    static ls_line spare;
    ls_line *l = lsv_pool_bytes(&w->pool, sizeof *l);
    if (!l) {
        spare = (ls_line){0};
        return &spare;
    }
    ls_step *s = &w->step[w->nsteps];
    *l = (ls_line){.label = label, .indent = indent};
    if (s->last) s->last->next = l;
    else s->first = l;
    s->last = l;
    if (label && strcmp(label, "Rule") == 0 && s->rules == s->nlines) s->rules++;
    s->nlines++;
    return l;
}

enum { PIECES = sizeof ((ls_line *)0)->piece / sizeof ((ls_line *)0)->piece[0] };

static void add_text(ls_walk *w, ls_line *l, const char *format, va_list ap) {
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *s = n < 0 ? NULL : lsv_pool_bytes(&w->pool, (size_t)n + 1);
    if (!s || l->n == PIECES) return;
    vsnprintf(s, (size_t)n + 1, format, ap);
    l->piece[l->n++].text = s;
}

#define ADD_TEXT(line)                                                                             \
    do {                                                                                           \
        va_list ap;                                                                                \
        va_start(ap, format);                                                                      \
        add_text(w, line, format, ap);                                                             \
        va_end(ap);                                                                                \
    } while (0)

ls_line *ls_say(ls_walk *w, const char *label, const char *format, ...) {
    ls_line *l = line_new(w, label, 2);
    ADD_TEXT(l);
    return l;
}

ls_line *ls_deep(ls_walk *w, int indent, const char *format, ...) {
    ls_line *l = line_new(w, NULL, indent);
    ADD_TEXT(l);
    return l;
}

void ls_put(ls_walk *w, ls_line *l, const char *format, ...) { ADD_TEXT(l); }

void ls_put_cells(ls_walk *w, ls_line *l, ls_cells m) {
    (void)w;
    if (m.rows && l->n < PIECES) l->piece[l->n++].matrix = m;
}

/* Without memory: an empty matrix over cells that nobody reads, so that writers need no checks. */
ls_cells ls_cells_new(ls_walk *w, int rows, int cols) {
    static const char *spare[256];
    ls_cells m = {rows, cols, lsv_pool_bytes(&w->pool, (size_t)(rows * cols) * sizeof *m.at)};
    bool failed = !m.at;
    if (failed) m.at = spare;
    for (int i = 0; i < (failed ? 256 : rows * cols); i++) m.at[i] = "";
    if (failed) m.rows = m.cols = 0;
    return m;
}

ls_cells ls_cells_q(ls_walk *w, const lsv_qmatrix *m) {
    ls_cells c = ls_cells_new(w, m->rows, m->cols);
    for (int i = 0; i < c.rows * c.cols; i++) c.at[i] = ls_q_string(w, m->at + i);
    return c;
}

ls_cells ls_cells_transposed(ls_walk *w, ls_cells m) {
    ls_cells t = ls_cells_new(w, m.cols, m.rows);
    for (int i = 0; i < t.rows; i++)
        for (int j = 0; j < t.cols; j++) t.at[i * t.cols + j] = m.at[j * m.cols + i];
    return t;
}

const char *ls_q_string(ls_walk *w, const lsv_q *q) {
    lsv_text t = {0};
    lsv_q_text(&t, q);
    return keep(w, &t);
}

const char *ls_q_factor(ls_walk *w, const lsv_q *q) {
    const char *s = ls_q_string(w, q);
    return mpq_sgn(q) < 0 || strchr(s, '/') ? ls_fmt(w, "(%s)", s) : s;
}

const char *ls_e_string(ls_walk *w, const lsv_field *k, int root, const lsv_q *e) {
    lsv_text t = {0};
    lsv_e_text(&t, k, root, e);
    return keep(w, &t);
}

const char *ls_decimal(ls_walk *w, lsv_real v, int digits) {
    lsv_text t = {0};
    lsv_real_decimal(&t, v, digits);
    return keep(w, &t);
}

const char *ls_q_decimal_string(ls_walk *w, const lsv_q *q, int digits) {
    lsv_text t = {0};
    lsv_q_decimal(&t, q, digits);
    return keep(w, &t);
}

const char *ls_number(ls_walk *w, double x) {
    char zero[40];
    const char *s = ls_fmt(w, "%.*f", w->digits, x);
    snprintf(zero, sizeof zero, "-%.*f", w->digits, 0.0);
    return strcmp(s, zero) == 0 ? s + 1 : s; /* never -0.0000 */
}

const char *ls_sub(int i) {
    static const char *const digits[] = {"₀", "₁", "₂", "₃", "₄", "₅", "₆", "₇", "₈", "₉"};
    static const char *const tens[] = {"₁₀", "₁₁", "₁₂", "₁₃", "₁₄", "₁₅", "₁₆", "₁₇", "₁₈", "₁₉", "₂₀"};
    return i < 10 ? digits[i] : i <= 20 ? tens[i - 10] : "ₙ";
}
