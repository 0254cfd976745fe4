/* The ladder of levels, the truth as numbers, and which check serves which step. */
#include "lang/teach/checker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static ls_level level_at(long double v, int d, long double t) {
    long double size = fmaxl(1, fabsl(t)), off = fabsl(v - t), tiny = 1e-13L * size;
    if (d < 0) return off <= tiny ? LS_EXACT : LS_WRONG;
    long double unit = powl(10, -d);
    if (off <= unit / 2 + tiny) return LS_ROUNDED;
    if (fabsl(v) <= fabsl(t) && off < unit) return LS_CUT;
    return off <= 1.5L * unit ? LS_UNIT : LS_WRONG;
}

ls_level ls_entry_level(const ls_entry *e, long double t) {
    ls_level level = level_at(e->v, e->d, t);
    if (level != LS_WRONG || e->own < 1 || e->own == e->d) return level;
    return level_at(e->v, e->own, t);
}

ls_level ls_worst(const ls_answer *a, const long double *truth) {
    ls_level worst = LS_EXACT;
    for (int i = 0; i < a->rows * a->cols; i++) {
        ls_level l = ls_entry_level(&a->at[i], truth[i]);
        worst = l > worst ? l : worst;
    }
    return worst;
}

int ls_answer_digits(const ls_answer *a) {
    int d = 0;
    for (int i = 0; i < a->rows * a->cols; i++) d = a->at[i].d > d ? a->at[i].d : d;
    return d;
}

void ls_say_level(lsv_text *t, ls_level level, int digits) {
    const char *s = digits == 1 ? "" : "s";
    if (level == LS_EXACT) lsv_text_puts(t, "right (exact)");
    else if (level == LS_ROUNDED) lsv_text_printf(t, "right at %d digit%s", digits, s);
    else if (level == LS_CUT) lsv_text_printf(t, "right up to truncation at %d digit%s (cut off, not rounded)", digits, s);
    else if (level == LS_UNIT) lsv_text_printf(t, "right up to one unit in digit %d", digits);
    else lsv_text_puts(t, "wrong");
}

void ls_say_number(lsv_text *t, long double x, int digits) {
    if (fabsl(x - roundl(x)) < 1e-12L * fmaxl(1, fabsl(x))) lsv_text_printf(t, "%.0Lf", fabsl(x) < 0.5L ? 0.0L : roundl(x));
    else lsv_text_printf(t, "%.*Lf", digits < 2 ? 2 : digits, x);
}

void ls_say_entries(ls_case *c, const long double *truth, int most) {
    const ls_answer *a = c->a;
    int wrong = 0;
    for (int i = 0; i < a->rows * a->cols; i++) {
        if (ls_entry_level(&a->at[i], truth[i]) != LS_WRONG) continue;
        if (wrong++ >= most) continue;
        lsv_text_printf(c->out, "%s(%d,%d) you %s, right ", wrong > 1 ? ", " : "", i / a->cols + 1, i % a->cols + 1, a->at[i].text);
        ls_say_number(c->out, truth[i], a->at[i].d);
    }
    if (wrong > most) lsv_text_printf(c->out, " and %d more", wrong - most);
}

ls_level ls_parallel(const ls_entry *const *x, const long double *ref, int n) {
    static const struct { ls_level level; long double half; } tries[] = {{LS_ROUNDED, 0.5L}, {LS_CUT, 1}, {LS_UNIT, 1.5L}};
    bool decimal = false;
    long double scale = 0;
    for (int i = 0; i < n; i++) {
        decimal |= x[i]->d >= 0;
        scale = fmaxl(scale, fabsl(ref[i]));
    }
    for (int k = 0; k < 3; k++) {
        long double lo = -INFINITY, hi = INFINITY;
        bool good = true;
        for (int i = 0; i < n; i++) {
            long double h = x[i]->d >= 0 ? tries[k].half * powl(10, -x[i]->d) : 1e-13L * fmaxl(1, fabsl(x[i]->v));
            if (fabsl(ref[i]) < 1e-25L * scale) {
                good &= fabsl(x[i]->v) <= h;
                continue;
            }
            long double a = (x[i]->v - h) / ref[i], b = (x[i]->v + h) / ref[i];
            lo = fmaxl(lo, fminl(a, b));
            hi = fminl(hi, fmaxl(a, b));
        }
        if (good && lo <= hi + 1e-15L * fabsl(hi) && !(lo <= 0 && hi >= 0)) return decimal ? tries[k].level : LS_EXACT;
    }
    return LS_WRONG;
}

/* ---- the truth ---- */

static long double element(lsv_exact_value *v, const lsv_q *x) { return lsv_real_long((lsv_real){.field = v->field, .root = v->root, .x = x}); }

static long double rational(const lsv_q *q) { return lsv_real_long((lsv_real){.field = &lsv_rationals, .x = q}); }

static ls_facts *truth_new(lsv_exact_svd *s, bool z) {
    ls_facts *t = lsv_calloc(1, sizeof *t);
    if (!t) return NULL;
    static const char *const text[2][2][7] = {{{"WᵀW", "WWᵀ", "v", "u", "V", "U", "W"}, {"WWᵀ", "WᵀW", "u", "v", "U", "V", "Wᵀ"}},
                                              {{"ZᵀZ", "ZZᵀ", "v", "u", "V", "U", "Z"}, {"ZZᵀ", "ZᵀZ", "u", "v", "U", "V", "Zᵀ"}}};
    const char **name[] = {&t->gram, &t->other, &t->vn, &t->un, &t->Vn, &t->Un, &t->An};
    for (int i = 0; i < 7; i++) *name[i] = text[z][s->wide][i];
    t->m = s->m;
    t->n = s->n;
    t->r = s->rank;
    t->rows = s->W.rows;
    t->cols = s->W.cols;
    t->wide = s->wide;
    t->svd = s;
    for (int i = 0; i < s->m; i++) {
        for (int j = 0; j < s->n; j++) t->A[i][j] = rational(lsv_qm(&s->A, i, j));
        for (int j = 0; j < s->m; j++) t->H[i][j] = rational(lsv_qm(&s->other, i, j));
    }
    for (int i = 0; i <= s->n; i++) t->chi[i] = rational(s->charpoly + i);
    lsv_pool pool = {0};
    lsv_q *room = lsv_pool_q(&pool, LSV_EXACT_MAX);
    for (int j = 0; j < s->n; j++) {
        lsv_exact_value *v = &s->value[j];
        int d = v->field->degree;
        for (int i = 0; i < s->n; i++) t->G[j][i] = rational(lsv_qm(&s->gram, j, i));
        t->lambda[j] = element(v, v->field->lambda);
        t->sigma[j] = sqrtl(t->lambda[j]);
        t->repeated[j] = v->field->multiplicity > 1;
        for (int i = 0; i < s->n; i++) {
            t->w[j][i] = element(v, v->w + i * d);
            t->v[j][i] = lsv_real_long(lsv_exact_v(s, j, i, room));
        }
        for (int i = 0; i < s->m; i++) t->aw[j][i] = element(v, v->aw + i * d);
    }
    for (int j = 0; j < s->m; j++)
        for (int i = 0; i < s->m; i++) t->u[j][i] = lsv_real_long(lsv_exact_u(s, j, i, room));
    bool failed = pool.failed;
    lsv_pool_free(&pool);
    if (!failed) return t;
    lsv_free(t);
    return NULL;
}

/* ---- names ---- */

const char ls_step_names[] = "WtW WWt charmat chi lambda sigma w1… v1… V u1… U S term1… sum W1";

const char *ls_step_key(const char *what, char name[24]) {
    static const struct { const char *said, *key; } names[] = {
        {"WtW", "WtW"}, {"WᵀW", "WtW"}, {"W'W", "WtW"}, {"W^TW", "WtW"}, {"W.T@W", "WtW"}, {"WTW", "WtW"}, {"WWt", "WWt"}, {"WWᵀ", "WWt"}, {"WW'", "WWt"},
        {"WW^T", "WWt"}, {"W@W.T", "WWt"}, {"WWT", "WWt"}, {"charmat", "charmat"}, {"charmat2", "charmat2"}, {"λI-WᵀW", "charmat"}, {"λI-WtW", "charmat"}, {"λI-WWᵀ", "charmat2"}, {"chi", "chi"}, {"χ", "chi"}, {"charpoly", "chi"},
        {"χ(λ)", "chi"}, {"lambda", "lambda"}, {"λ", "lambda"}, {"eigenvalues", "lambda"}, {"lambda2", "lambda2"}, {"sigma", "sigma"}, {"σ", "sigma"},
        {"singular_values", "sigma"}, {"V", "V"}, {"U", "U"}, {"S", "S"}, {"Σ", "S"}, {"Sigma", "S"}, {"sum", "sum"}, {"W1", "W1"}, {"W₁", "W1"}};
    char said[40];
    size_t n = 0;
    for (const char *p = what; *p && n + 1 < sizeof said; p++)
        if (*p != ' ') said[n++] = *p;
    said[n] = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(said, names[i].said) == 0) {
            strcpy(name, names[i].key);
            return name;
        }
    static const char *const indexed[] = {"w", "v", "u", "term"};
    static const char *const subs[] = {"", "₁", "₂", "₃", "₄", "₅", "₆", "₇", "₈"};
    for (int k = 0; k < 4; k++) {
        size_t len = strlen(indexed[k]);
        if (strncmp(said, indexed[k], len) != 0) continue;
        int index = said[len] >= '1' && said[len] <= '8' && !said[len + 1] ? said[len] - '0' : 0;
        for (int i = 1; i <= 8; i++)
            if (strcmp(said + len, subs[i]) == 0) index = i;
        if (!index) continue;
        strcpy(name, indexed[k]);
        name[len] = (char)('0' + index);
        name[len + 1] = 0;
        return name;
    }
    return NULL;
}

/* ---- one check ---- */

/* v1: column 1 of the matrix of first or second vectors; a row is taken for a column. */
static void as_column(ls_answer *a) {
    if (a->rows == 1 && a->cols > 1) {
        a->rows = a->cols;
        a->cols = 1;
    }
}

static bool run(ls_case *c, const char *key, ls_answer *a) {
    const ls_facts *t = c->t;
    char kind = key[0];
    int index = key[1] >= '1' && key[1] <= '8' && !key[2] ? key[1] - '1' : strncmp(key, "term", 4) == 0 ? key[4] - '1' : -1;
    if (strcmp(key, "WtW") == 0) ls_check_gram(c, t->wide);
    else if (strcmp(key, "WWt") == 0) ls_check_gram(c, !t->wide);
    else if (strcmp(key, "charmat") == 0) ls_check_charmat(c, false);
    else if (strcmp(key, "charmat2") == 0) ls_check_charmat(c, true);
    else if (strcmp(key, "chi") == 0) ls_check_chi(c);
    else if (strcmp(key, "lambda") == 0) ls_check_lambda(c, false);
    else if (strcmp(key, "lambda2") == 0) ls_check_lambda(c, true);
    else if (strcmp(key, "sigma") == 0) ls_check_sigma(c);
    else if (strcmp(key, "S") == 0) ls_check_S(c);
    else if (strcmp(key, "sum") == 0) ls_check_sum(c);
    else if (strcmp(key, "W1") == 0) ls_check_term(c, 0);
    else if (strcmp(key, t->Vn) == 0) ls_check_first(c, -1);
    else if (strcmp(key, t->Un) == 0) ls_check_second(c, -1);
    else if (strncmp(key, "term", 4) == 0 && index >= 0 && index < t->r) ls_check_term(c, index);
    else if (kind == 'w' && index >= 0 && index < t->n) {
        as_column(a);
        for (int i = 0; i < a->rows * a->cols; i++)
            if (a->at[i].own == 0) a->at[i].d = -1; /* "y = 1" among decimals: a chosen number, not a rounded one */
        ls_check_direction(c, index);
    } else if (kind == t->vn[0] && index >= 0 && index < t->n) {
        as_column(a);
        ls_check_first(c, index);
    } else if (kind == t->un[0] && index >= 0 && index < t->m) {
        as_column(a);
        ls_check_second(c, index);
    } else {
        return false;
    }
    return true;
}

lsv_status ls_check_answer(ls_walk *w, const char *key, const ls_answer *answer, lsv_text *verdict, ls_level *level, lsv_error *err) {
    if (!w->exact) return lsv_fail(err, LSV_EVALUE, "answers are checked against exact walks only");
    if (!w->mine && !(w->mine = lsv_calloc(1, sizeof *w->mine))) return lsv_no_memory(err, sizeof *w->mine);
    ls_answer *a = lsv_malloc(sizeof *a);
    ls_learner *mine = lsv_malloc(sizeof *mine);
    lsv_status status = a && mine ? LSV_OK : lsv_no_memory(err, sizeof *mine);
    ls_level best = LS_WRONG + 1;
    lsv_text said = {0};
    bool z = w->svd != w->own;
    for (int i = 0; status == LSV_OK && i <= z; i++) { /* W's own values, and those of Z = qW */
        lsv_text text = {0};
        *a = *answer;
        *mine = *w->mine;
        ls_facts *t = truth_new(i ? w->svd : w->own, i);
        ls_case c = {.walk = w, .mine = mine, .t = t, .a = a, .out = &text, .level = LS_WRONG};
        if (!t) status = lsv_no_memory(err, sizeof *t);
        else if (!run(&c, key, a)) status = lsv_fail(err, LSV_EVALUE, "there is no %s in this walk; a step is one of: %s", key, ls_step_names);
        lsv_free(t);
        if (text.failed) status = lsv_no_memory(err, 0);
        if (status == LSV_OK && c.level < best) {
            best = c.level;
            *w->mine = *mine;
            lsv_text swap = said;
            said = text;
            text = swap;
        }
        lsv_text_free(&text);
    }
    lsv_free(a);
    lsv_free(mine);
    if (status == LSV_OK) {
        lsv_text_add(verdict, said.data ? said.data : "", said.length);
        if (level) *level = best;
    }
    lsv_text_free(&said);
    return status;
}
