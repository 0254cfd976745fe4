/* Steps: the Gram matrices, the characteristic matrix and its determinant. */
#include "lang/teach/walk.h"

#include <string.h>

/* "4×4 + 3×3 + 0×0", "16 + 9 + 0" and "25" for rows i and j of a (or columns). */
typedef struct written { const char *factors, *terms, *value; } written;

static written product_of(ls_walk *w, const lsv_qmatrix *a, int i, int j, bool columns) {
    written p = {"", "", ""};
    mpq_t sum, part;
    mpq_inits(sum, part, NULL);
    int length = columns ? a->rows : a->cols;
    for (int k = 0; k < length; k++) {
        const lsv_q *x = columns ? lsv_qm(a, k, i) : lsv_qm(a, i, k), *y = columns ? lsv_qm(a, k, j) : lsv_qm(a, j, k);
        mpq_mul(part, x, y);
        mpq_add(sum, sum, part);
        p.factors = ls_fmt(w, "%s%s%s×%s", p.factors, k ? " + " : "", ls_q_factor(w, x), ls_q_factor(w, y));
        bool minus = mpq_sgn(part) < 0;
        if (k && minus) mpq_neg(part, part);
        p.terms = ls_fmt(w, "%s%s%s", p.terms, k ? minus ? " - " : " + " : "", ls_q_string(w, part));
    }
    p.value = ls_q_string(w, sum);
    mpq_clears(sum, part, NULL);
    return p;
}

static int wide(const char *s) { return (int)lsv_text_width(s, strlen(s)); }
static const char *pad(ls_walk *w, const char *s, int to) { return wide(s) < to ? ls_fmt(w, "%s%*s", s, to - wide(s), "") : s; }
static const char *right(ls_walk *w, const char *s, int to) { return wide(s) < to ? ls_fmt(w, "%*s%s", to - wide(s), "", s) : s; }

enum { MOST = LSV_EXACT_MAX * LSV_EXACT_MAX };

/* The entries as written-out products, aligned. `all`: the lower half too. */
static void list_products(ls_walk *w, const lsv_qmatrix *a, int n, bool columns, bool all, bool two_columns) {
    written p[MOST];
    const char *name[MOST];
    int count = 0, f = 0, t = 0, v = 0;
    for (int i = 0; i < n; i++)
        for (int j = all ? 0 : i; j < n; j++) {
            p[count] = product_of(w, a, i, j, columns);
            name[count] = ls_fmt(w, "(%d,%d)", i + 1, j + 1);
            f = wide(p[count].factors) > f ? wide(p[count].factors) : f;
            t = wide(p[count].terms) > t ? wide(p[count].terms) : t;
            v = wide(p[count].value) > v ? wide(p[count].value) : v;
            count++;
        }
    if (two_columns && 2 * (f + v + 10) + 12 <= 80) {
        int half = (count + 1) / 2;
        for (int i = 0; i < half; i++) {
            ls_line *l = ls_deep(w, 6, "%s  %s = %s", name[i], pad(w, p[i].factors, f), right(w, p[i].value, v));
            if (i + half < count) ls_put(w, l, "      %s  %s = %s", name[i + half], pad(w, p[i + half].factors, f), right(w, p[i + half].value, v));
        }
        return;
    }
    bool terms = 6 + 7 + f + 4 + t + 5 + v <= 80;
    for (int i = 0; i < count; i++) {
        if (terms) ls_deep(w, 6, "%s  %s  = %s  = %s", name[i], pad(w, p[i].factors, f), pad(w, p[i].terms, t), right(w, p[i].value, v));
        else ls_deep(w, 6, "%s  %s = %s", name[i], p[i].factors, p[i].value);
    }
}

static const char *trace_text(ls_walk *w, const lsv_qmatrix *g) {
    const char *s = "";
    for (int i = 0; i < g->rows; i++) s = ls_fmt(w, "%s%s%s", s, i ? " + " : "", ls_q_string(w, lsv_qm(g, i, i)));
    return s;
}

/* The trace: -c₁ of the characteristic polynomial. */
static const char *trace_value(ls_walk *w) {
    mpq_t t;
    mpq_init(t);
    mpq_neg(t, w->svd->charpoly + 1);
    const char *s = ls_q_string(w, t);
    mpq_clear(t);
    return s;
}

static const char *squares_text(ls_walk *w, names a) {
    const lsv_qmatrix *A = &w->svd->A;
    if (A->rows * A->cols > 9) return ls_fmt(w, "the sum of the squares of %s's entries", a.W);
    const char *s = "";
    for (int i = 0; i < w->m; i++)
        for (int j = 0; j < w->n; j++) {
            const lsv_q *x = w->svd->wide ? lsv_qm(A, j, i) : lsv_qm(A, i, j);
            s = ls_fmt(w, "%s%s%s²", s, i + j ? " + " : "", ls_q_factor(w, x));
        }
    return s;
}

static void other_gram(ls_walk *w, names a) {
    const lsv_exact_svd *s = w->svd;
    ls_step_add(w, ls_fmt(w, "%s (only to compare; the SVD does not need it)", a.other), s->wide ? "WtW" : "WWt", ls_fmt(w, "%s?", a.other), ls_why[WHY_OTHER]);
    ls_say(w, "Rule", "entry (i,j) of %s = (%s i of %s) · (%s j of %s)", a.other, s->wide ? "column" : "row", a.W, s->wide ? "column" : "row", a.W);
    list_products(w, &s->A, s->m, false, false, true);
    ls_line *l = ls_say(w, NULL, "%s = ", a.other);
    ls_put_cells(w, l, ls_cells_q(w, &s->other));
    ls_say(w, "Check", "symmetric ✓   same trace: %s = %s ✓", trace_text(w, &s->other), trace_value(w));
}

void ls_walk_gram(ls_walk *w) {
    names a = ls_walk_names(w);
    const lsv_exact_svd *s = w->svd;
    int n = s->n;
    ls_step_add(w, a.gram, s->wide ? "WWt" : "WtW", ls_fmt(w, "%s?", a.gram), ls_why[WHY_GRAM]);
    ls_say(w, "Rule", "entry (i,j) of %s = (%s i of %s) · (%s j of %s)%s", a.gram, s->wide ? "row" : "column", a.W, s->wide ? "row" : "column", a.W,
           n > 2 ? "; symmetric, so the upper half is enough" : "");
    ls_cells cells = ls_cells_q(w, &s->A), turned = ls_cells_transposed(w, cells);
    ls_line *l;
    if (n <= 2 && w->arithmetic) {
        l = ls_say(w, NULL, "%s = ", a.gram);
        ls_put_cells(w, l, turned);
        ls_put(w, l, " ");
        ls_put_cells(w, l, cells);
    }
    if (w->arithmetic) list_products(w, &s->A, n, true, n <= 2, false);
    l = ls_say(w, NULL, "%s = ", a.gram);
    ls_put_cells(w, l, ls_cells_q(w, &s->gram));
    bool scalar = ls_is_scalar_matrix(&s->gram) && mpq_sgn(s->gram.at) != 0;
    if (scalar && n > 1) ls_put(w, l, " = %s I", ls_q_string(w, s->gram.at));
    ls_say(w, "Check", "%strace %s%s%s = %s ✓", n > 1 ? "symmetric ✓   " : "", trace_text(w, &s->gram), n > 1 ? " = " : "", n > 1 ? trace_value(w) : "",
           squares_text(w, a));
    if (scalar && n > 1) ls_say(w, "Note", "%s = %s I means that %s divided by √%s has orthonormal %s. The rest is short, and it is the case where almost "
                                           "nothing is unique.", a.gram, ls_q_string(w, s->gram.at), a.W, ls_q_string(w, s->gram.at), s->wide ? "rows" : "columns");
    if (mpq_sgn(s->charpoly + 1) == 0) ls_say(w, "Note", "W is the zero matrix: every choice of U and V will do.");
    if (w->full) other_gram(w, a);
}

/* ---- the characteristic polynomial ---- */

static const char *lambda_minus(ls_walk *w, const lsv_q *g) {
    int sign = mpq_sgn(g);
    if (sign == 0) return "λ";
    mpq_t abs;
    mpq_init(abs);
    mpq_abs(abs, g);
    const char *s = ls_fmt(w, "λ %s %s", sign < 0 ? "+" : "-", ls_q_string(w, abs));
    mpq_clear(abs);
    return s;
}

static ls_cells characteristic_matrix(ls_walk *w, const lsv_qmatrix *g) {
    ls_cells m = ls_cells_new(w, g->rows, g->rows);
    mpq_t minus;
    mpq_init(minus);
    for (int i = 0; i < m.rows; i++)
        for (int j = 0; j < m.cols; j++) {
            mpq_neg(minus, lsv_qm(g, i, j));
            m.at[i * m.cols + j] = i == j ? lambda_minus(w, lsv_qm(g, i, i)) : ls_q_string(w, minus);
        }
    mpq_clear(minus);
    return m;
}

static void characteristic_step(ls_walk *w, names a) {
    const lsv_qmatrix *g = &w->svd->gram;
    ls_step_add(w, ls_fmt(w, "The characteristic matrix λI - %s", a.gram), "charmat", ls_fmt(w, "λI - %s (constants only; λ is on the diagonal)?", a.gram), ls_why[WHY_CHARMAT]);
    ls_say(w, "Rule", "λ on the diagonal, minus every entry of %s", a.gram);
    ls_cells identity = ls_cells_new(w, g->rows, g->rows);
    for (int i = 0; i < identity.rows * identity.cols; i++) identity.at[i] = i % (identity.cols + 1) ? "0" : "λ";
    ls_line *l = ls_say(w, NULL, "λI - %s = ", a.gram);
    ls_put_cells(w, l, identity);
    ls_put(w, l, " - ");
    ls_put_cells(w, l, ls_cells_q(w, g));
    ls_put(w, l, " = ");
    ls_put_cells(w, l, characteristic_matrix(w, g));
    for (int i = 0; i < g->rows; i++)
        for (int j = i + 1; j < g->rows; j++) {
            if (mpq_sgn(lsv_qm(g, i, j)) == 0) continue;
            mpq_t minus;
            mpq_init(minus);
            mpq_neg(minus, lsv_qm(g, i, j));
            ls_say(w, "Careful", "0 - %s = %s%s: %s off-diagonal signs flip, the diagonal keeps its entries%s.", ls_q_factor(w, lsv_qm(g, i, j)),
                   mpq_sgn(minus) > 0 ? "+" : "", ls_q_string(w, minus), g->rows == 2 ? "both" : "all",
                   mpq_equal(lsv_qm(g, i, i), lsv_qm(g, j, j)) ? "" : ls_fmt(w, " (%s and %s are different numbers)", ls_q_string(w, lsv_qm(g, i, i)), ls_q_string(w, lsv_qm(g, j, j))));
            mpq_clear(minus);
            return;
        }
}

/* (λ - a)(λ - d) - b×b, multiplied out. */
static void two_by_two(ls_walk *w, names a, const lsv_qmatrix *g) {
    const lsv_q *p = lsv_qm(g, 0, 0), *q = lsv_qm(g, 1, 1), *b = lsv_qm(g, 0, 1);
    mpq_t minus, product, square;
    mpq_inits(minus, product, square, NULL);
    mpq_neg(minus, b);
    mpq_mul(product, p, q);
    mpq_mul(square, b, b);
    const char *off = ls_q_factor(w, minus);
    if (!w->full) {
        ls_line *l = ls_say(w, NULL, "λI - %s = ", a.gram);
        ls_put_cells(w, l, characteristic_matrix(w, g));
    }
    ls_say(w, NULL, "χ(λ) = (%s)(%s) - %s×%s", lambda_minus(w, p), lambda_minus(w, q), off, off);
    ls_deep(w, 7, "= λ² - %sλ - %sλ + %s - %s", ls_q_string(w, q), ls_q_string(w, p), ls_q_string(w, product), ls_q_string(w, square));
    ls_deep(w, 7, "= %s", ls_poly(w, w->svd->charpoly, 2));
    if (mpq_sgn(b) != 0) ls_say(w, "Careful", "minus %s×%s, not plus.", off, off);
    ls_say(w, "Check", "χ = λ² - (trace)λ + det:  trace %s = %s ✓", trace_text(w, g), trace_value(w));
    ls_deep(w, 9, "det %s×%s - %s×%s = %s - %s = %s ✓", ls_q_string(w, p), ls_q_string(w, q), ls_q_factor(w, b), ls_q_factor(w, b), ls_q_string(w, product),
            ls_q_string(w, square), ls_q_string(w, w->svd->charpoly + 2));
    mpq_clears(minus, product, square, NULL);
}

static void three_by_three(ls_walk *w, const lsv_qmatrix *g) {
    const char *products[3][2], *values[3], *minors[3];
    int pairs[3][2] = {{0, 1}, {0, 2}, {1, 2}}, f = 0;
    mpq_t x, y;
    mpq_inits(x, y, NULL);
    for (int k = 0; k < 3; k++) {
        const lsv_q *p = lsv_qm(g, pairs[k][0], pairs[k][0]), *q = lsv_qm(g, pairs[k][1], pairs[k][1]), *b = lsv_qm(g, pairs[k][0], pairs[k][1]);
        mpq_mul(x, p, q);
        mpq_mul(y, b, b);
        products[k][0] = ls_fmt(w, "%s×%s - %s×%s", ls_q_string(w, p), ls_q_string(w, q), ls_q_factor(w, b), ls_q_factor(w, b));
        products[k][1] = ls_fmt(w, "%s - %s", ls_q_string(w, x), ls_q_string(w, y));
        mpq_sub(x, x, y);
        values[k] = ls_q_string(w, x);
        minors[k] = ls_fmt(w, "{%d,%d}", pairs[k][0] + 1, pairs[k][1] + 1);
        f = wide(products[k][0]) > f ? wide(products[k][0]) : f;
    }
    ls_say(w, NULL, "trace   %s = %s", trace_text(w, g), trace_value(w));
    for (int k = 0; k < 3; k++)
        ls_say(w, NULL, "%s  %s  %s = %s = %s%s", k ? "      " : "minors", minors[k], pad(w, products[k][0], f), products[k][1], values[k],
               k == 2 ? ls_fmt(w, "     sum %s", ls_q_string(w, w->svd->charpoly + 2)) : "");
    mpq_neg(x, w->svd->charpoly + 3);
    const char *det = ls_q_string(w, x);
    const lsv_q *r = lsv_qm(g, 0, 0);
    ls_say(w, NULL, "det     along row 1:  %s×(%s) - %s×(%s×%s - %s×%s) + %s×(%s×%s - %s×%s) = %s", ls_q_string(w, r), products[2][0], ls_q_factor(w, r + 1),
           ls_q_factor(w, lsv_qm(g, 1, 0)), ls_q_factor(w, lsv_qm(g, 2, 2)), ls_q_factor(w, lsv_qm(g, 1, 2)), ls_q_factor(w, lsv_qm(g, 2, 0)), ls_q_factor(w, r + 2),
           ls_q_factor(w, lsv_qm(g, 1, 0)), ls_q_factor(w, lsv_qm(g, 2, 1)), ls_q_factor(w, lsv_qm(g, 1, 1)), ls_q_factor(w, lsv_qm(g, 2, 0)), det);
    ls_say(w, NULL, "χ(λ) = %s", ls_poly(w, w->svd->charpoly, 3));
    mpq_clears(x, y, NULL);
}

static void faddeev_table(ls_walk *w, const lsv_qmatrix *g) {
    int n = g->rows;
    ls_say(w, NULL, "   k   trace(A Mₖ)   cₖ");
    mpq_t t;
    mpq_init(t);
    for (int k = 1; k <= n; k++) {
        mpq_set_si(t, -k, 1);
        mpq_mul(t, t, w->svd->charpoly + k);
        ls_say(w, NULL, "   %d   %s   %s", k, right(w, ls_q_string(w, t), 11), ls_q_string(w, w->svd->charpoly + k));
    }
    mpq_clear(t);
    ls_say(w, NULL, "χ(λ) = %s", ls_poly(w, w->svd->charpoly, n));
    ls_say(w, "Check", "M%s = A M%s + cₙ I = 0 (Cayley-Hamilton) ✓", ls_sub(n + 1), ls_sub(n));
}

/* For a square W the determinant of the Gram matrix is (det W)². */
static void square_determinant(ls_walk *w, names a) {
    const lsv_exact_svd *s = w->svd;
    const lsv_q *det = s->charpoly + s->n;
    if (s->m != s->n || s->n < 3) return;
    mpq_t root;
    mpq_init(root);
    mpq_abs(root, det);
    const char *size = ls_q_string(w, root);
    if (mpz_perfect_square_p(mpq_numref(root))) {
        mpz_sqrt(mpq_numref(root), mpq_numref(root));
        ls_say(w, "Check", "det %s = %s = %s² = (det %s)² ✓", a.gram, size, ls_q_string(w, root), a.W);
    }
    mpq_clear(root);
}

void ls_walk_charpoly(ls_walk *w) {
    names a = ls_walk_names(w);
    const lsv_qmatrix *g = &w->svd->gram;
    int n = g->rows;
    if (w->full) characteristic_step(w, a);
    ls_step_add(w, "The characteristic polynomial", "chi", "χ(λ), its coefficients, highest power first?", ls_why[WHY_CHI]);
    static const char *const rules[] = {"", "χ(λ) = λ - g for 1×1", "det [a b; c d] = ad - bc",
                                        "for 3×3:  χ(λ) = λ³ - (trace) λ² + (sum of principal minors) λ - det"};
    if (n <= 3) ls_say(w, "Rule", "%s", rules[n]);
    else ls_say(w, "Rule", "Faddeev-LeVerrier on A = %s:  M₁ = I;  cₖ = -trace(A Mₖ)/k;  Mₖ₊₁ = A Mₖ + cₖ I", a.gram);
    if (n == 1) {
        ls_say(w, NULL, "χ(λ) = %s", ls_poly(w, w->svd->charpoly, 1));
        ls_say(w, "Check", "its only root is the only entry, %s ✓", ls_q_string(w, g->at));
    } else if (n == 2) {
        two_by_two(w, a, g);
    } else if (n == 3) {
        three_by_three(w, g);
    } else {
        faddeev_table(w, g);
    }
    square_determinant(w, a);
}
