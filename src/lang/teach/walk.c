/* A walk from its matrix: what is worked out, in which order, and the introduction. */
#include "lang/teach/walk.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "lang/teach/checker.h"

const char *const ls_why[] = {
    [WHY_GRAM] = "W = UΣVᵀ gives WᵀW = VΣᵀUᵀUΣVᵀ = V(ΣᵀΣ)Vᵀ: U drops out, and what is left is an ordinary symmetric eigenvalue problem for V "
                 "(for WWᵀ it is U that is left).",
    [WHY_OTHER] = "WWᵀ = U(ΣΣᵀ)Uᵀ has the same nonzero eigenvalues. It is shown to compare; solving it separately would lose the link between the signs "
                  "of U and V.",
    [WHY_CHARMAT] = "(λI - G)v = 0 has a solution other than v = 0 exactly where λI - G is singular.",
    [WHY_CHI] = "A square matrix is singular exactly where its determinant is 0. As a function of λ that determinant is a polynomial, and its zeros are the "
                "eigenvalues.",
    [WHY_LAMBDA] = "A Gram matrix is symmetric, so all its eigenvalues are real; and vᵀWᵀWv = ‖Wv‖² ≥ 0, so none is negative.",
    [WHY_SAME] = "If WᵀWv = λv, then WWᵀ(Wv) = λ(Wv): the same λ, unless Wv = 0. So only zeros can differ in number.",
    [WHY_SIGMA] = "‖Wv‖² = vᵀWᵀWv = λ for a unit eigenvector v: σ = √λ is how much W stretches v.",
    [WHY_V] = "The eigenvectors of a symmetric matrix for different λ are orthogonal. Their lengths are free, so they are made 1: an orthonormal basis.",
    [WHY_U] = "WV = UΣ, column by column: Wvᵢ = σᵢuᵢ. The vectors Wvᵢ are orthogonal because WᵀW vᵢ = λᵢvᵢ. Dividing by σᵢ makes them unit vectors.",
    [WHY_S] = "WV = UΣ, and V is orthogonal, so W = UΣVᵀ.",
    [WHY_TERMS] = "Multiplying columns by rows: UΣVᵀ = σ₁u₁v₁ᵀ + σ₂u₂v₂ᵀ + … Each term has rank 1.",
    [WHY_LOW] = "No matrix of rank k is nearer to W than the sum of the k largest terms (Eckart and Young 1936): what is dropped is orthogonal to what is kept.",
};

names ls_walk_names(const ls_walk *w) {
    bool z = mpq_cmp_ui(w->denominator, 1, 1) != 0, wide = w->m < w->n;
    static const names table[2][2] = {{{"W", "W", "Wᵀ", "WᵀW", "WWᵀ", "v", "u", "V", "U"}, {"W", "Wᵀ", "W", "WWᵀ", "WᵀW", "u", "v", "U", "V"}},
                                      {{"Z", "Z", "Zᵀ", "ZᵀZ", "ZZᵀ", "v", "u", "V", "U"}, {"Z", "Zᵀ", "Z", "ZZᵀ", "ZᵀZ", "u", "v", "U", "V"}}};
    return table[z][wide];
}

/* ---- shared by the steps ---- */

lsv_real ls_lambda_real(const ls_walk *w, int i) {
    const lsv_exact_value *v = &w->svd->value[i];
    return (lsv_real){.field = v->field, .root = v->root, .x = v->field->lambda};
}

int ls_last_equal(const ls_walk *w, int i) {
    const lsv_exact_value *v = w->svd->value;
    int n = w->svd->n, last = i;
    while (last + 1 < n && v[last + 1].field == v[i].field && v[last + 1].root == v[i].root) last++;
    return last;
}

const char *ls_both(ls_walk *w, const char *exact, const char *decimal) {
    size_t whole = strspn(exact, "-0123456789");
    if (exact[whole] == 0) return exact; /* a whole number needs no decimals */
    if (w->style == LS_STYLE_EXACT) return exact;
    if (w->style == LS_STYLE_DECIMALS) return ls_fmt(w, "≈ %s", decimal);
    return ls_fmt(w, "%s ≈ %s", exact, decimal);
}

/* Neighbours that look equal get more digits: 1.0000 and 1.0001 must not both be printed as 1.000. */
static const char *told_apart(ls_walk *w, int i, bool root) {
    int digits = w->digits;
    for (;; digits++) {
        lsv_real v = ls_lambda_real(w, i);
        v.sqrt = root;
        const char *s = ls_decimal(w, v, digits);
        bool clash = false;
        for (int j = i - 1; j <= i + 1; j++) {
            if (j < 0 || j >= w->svd->n || ls_last_equal(w, j) == ls_last_equal(w, i)) continue;
            lsv_real other = ls_lambda_real(w, j);
            other.sqrt = root;
            clash |= strcmp(ls_decimal(w, other, digits), s) == 0;
        }
        if (!clash || digits >= w->digits + 12 || w->pool.failed) return s;
    }
}

const char *ls_lambda_decimal(ls_walk *w, int i) { return told_apart(w, i, false); }
const char *ls_sigma_decimal(ls_walk *w, int i) { return told_apart(w, i, true); }

const char *ls_sigma_exact(ls_walk *w, const lsv_exact_svd *s, int i) {
    const lsv_exact_value *v = &s->value[i];
    if (v->field->degree > 2) return ls_fmt(w, "√λ%s", ls_sub(i + 1));
    lsv_text t = {0};
    lsv_sqrt_text(&t, v->field, v->root, v->field->lambda);
    const char *text = ls_fmt(w, "%s", t.data ? t.data : "");
    if (t.failed) w->pool.failed = true;
    lsv_text_free(&t);
    return text;
}

const char *ls_poly(ls_walk *w, const lsv_q *c, int degree) {
    lsv_text t = {0};
    lsv_poly_text(&t, c, degree, "λ");
    const char *text = ls_fmt(w, "%s", t.data ? t.data : "");
    if (t.failed) w->pool.failed = true;
    lsv_text_free(&t);
    return text;
}

ls_cells ls_cells_numbers(ls_walk *w, const double *a, int rows, int cols) {
    ls_cells m = ls_cells_new(w, rows, cols);
    for (int i = 0; i < m.rows * m.cols; i++) m.at[i] = ls_number(w, a[i]);
    return m;
}

bool ls_is_scalar_matrix(const lsv_qmatrix *m) {
    for (int i = 0; i < m->rows; i++)
        for (int j = 0; j < m->cols; j++)
            if (i == j ? !mpq_equal(lsv_qm(m, i, i), m->at) : mpq_sgn(lsv_qm(m, i, j)) != 0) return false;
    return true;
}

void ls_put_matrix(ls_walk *w, ls_line *l, ls_cells exact, ls_cells decimal, bool same) {
    if (same || w->style == LS_STYLE_EXACT) {
        ls_put(w, l, "= ");
        ls_put_cells(w, l, exact);
        return;
    }
    if (w->style == LS_STYLE_BOTH) {
        ls_put(w, l, "= ");
        ls_put_cells(w, l, exact);
        ls_put(w, l, " ");
    }
    ls_put(w, l, "≈ ");
    ls_put_cells(w, l, decimal);
}

/* ---- introduction ---- */

static const char *power(int n) {
    static const char *const text[] = {"⁰", "", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    return n >= 0 && n < 10 ? text[n] : "ⁿ";
}

static const char *space(ls_walk *w, int n) { return n < 10 ? ls_fmt(w, "R%s", power(n)) : ls_fmt(w, "R^%d", n); }

/* Diagonal with a negative or misplaced entry. */
static bool diagonal_only(const lsv_qmatrix *W) {
    bool ordered = true;
    for (int i = 0; i < W->rows; i++)
        for (int j = 0; j < W->cols; j++) {
            if (i != j && mpq_sgn(lsv_qm(W, i, j)) != 0) return false;
            if (i != j) continue;
            ordered &= mpq_sgn(lsv_qm(W, i, i)) >= 0 && (i == 0 || mpq_cmp(lsv_qm(W, i - 1, i - 1), lsv_qm(W, i, i)) >= 0);
        }
    return !ordered;
}

static void introduction(ls_walk *w, const lsv_qmatrix *W) {
    int m = w->m, n = w->n;
    ls_step_add(w, "The matrix", NULL, NULL, "Every matrix, of any shape, is an orthogonal matrix times a diagonal one times an orthogonal one.");
    ls_line *l = ls_say(w, NULL, "W = ");
    if (m > 12 || n > 10) ls_put(w, l, "a matrix too large to print here,");
    else ls_put_cells(w, l, w->exact ? ls_cells_q(w, W) : ls_cells_numbers(w, w->numbers, m, n));
    ls_put(w, l, "   %d×%d:  x in %s  ↦  Wx in %s", m, n, space(w, n), space(w, m));
    if (m == n) ls_say(w, "Goal", "W = U Σ Vᵀ  with U, Σ, V all %d×%d.", n, n);
    else ls_say(w, "Goal", "W = U Σ Vᵀ  with  U %d×%d orthogonal,  Σ %d×%d diagonal,  V %d×%d orthogonal.", m, m, m, n, n, n);
    names a = ls_walk_names(w);
    if (m == n) ls_say(w, "Plan", "WᵀW and WWᵀ are both %d×%d: use WᵀW.", n, n);
    else if (m > n) ls_say(w, "Plan", "WᵀW is %d×%d, WWᵀ is %d×%d: work with the smaller one, WᵀW.", n, n, m, m);
    else ls_say(w, "Plan", "WᵀW is %d×%d, WWᵀ is %d×%d: work with the smaller one, WWᵀ. Its eigenvectors are the columns of U; then vᵢ = Wᵀuᵢ/σᵢ (the mirror "
                           "image of uᵢ = Wvᵢ/σᵢ), and V is completed with the null space of W.", n, n, m, m);
    if (!w->exact) {
        ls_say(w, "Note", "the entries are taken as floating-point numbers: the steps are the same, values come from LAPACK, and every check shows how large its rounding error is.");
        if (m <= LSV_EXACT_MAX && n <= LSV_EXACT_MAX) ls_say(w, "Note", "for exact work write fractions as texts, [[\"1/3\", 2], [3, 4]], or give exact=True.");
    }
    if (diagonal_only(W)) ls_say(w, "Note", m == 1 && n == 1 ? "a singular value is never negative: the sign of the entry goes into U." :
                                 "W is diagonal, but not an SVD yet: σ is never negative and the largest comes first. The order goes into V, the signs into U.");
    if (!w->exact || a.W[0] != 'Z') return;
    const char *q = ls_q_string(w, w->denominator);
    lsv_qmatrix *Z = w->svd->wide ? NULL : &w->svd->A;
    lsv_qmatrix turned = {0, 0, NULL};
    if (!Z) {
        turned = lsv_qmatrix_transpose(&w->pool, &w->svd->A);
        Z = &turned;
    }
    ls_say(w, "Note", "decimals and fractions are exact. To keep whole numbers, walk through Z = %sW and divide by %s at the end:", q, q);
    l = ls_deep(w, 9, "W = 1/%s ", q);
    ls_put_cells(w, l, ls_cells_q(w, Z));
    ls_put(w, l, "      σ(W) = σ(Z)/%s,  same U and V", q);
}

/* ---- numbers ---- */

static bool numbers_of(ls_walk *w) {
    const lsv_exact_svd *s = w->own;
    lsv_q *room = lsv_pool_q(&w->pool, LSV_EXACT_MAX);
    double *first = s->wide ? w->U : w->V, *second = s->wide ? w->V : w->U;
    for (int j = 0; j < s->n; j++) {
        lsv_real lambda = {.field = s->value[j].field, .root = s->value[j].root, .x = s->value[j].field->lambda, .sqrt = true};
        w->S[j] = lsv_real_double(lambda);
        for (int i = 0; i < s->n; i++) first[i * s->n + j] = lsv_real_double(lsv_exact_v(s, j, i, room));
    }
    for (int j = 0; j < s->m; j++)
        for (int i = 0; i < s->m; i++) second[i * s->m + j] = lsv_real_double(lsv_exact_u(s, j, i, room));
    w->rank = s->rank;
    return !w->pool.failed;
}

static lsv_status exact_parts(ls_walk *w, const lsv_qmatrix *W, lsv_error *err) {
    mpz_ptr q = mpq_numref(w->denominator);
    mpq_set_ui(w->denominator, 1, 1);
    for (int i = 0; i < w->m * w->n; i++) mpz_lcm(q, q, mpq_denref(W->at + i));
    LSV_TRY(lsv_exact_svd_new(W, &w->own, err));
    w->svd = w->own;
    if (mpq_cmp_ui(w->denominator, 1, 1) != 0) {
        lsv_qmatrix Z = lsv_qmatrix_new(&w->pool, w->m, w->n);
        for (int i = 0; i < w->m * w->n && !w->pool.failed; i++) mpq_mul(Z.at + i, W->at + i, w->denominator);
        w->svd = NULL;
        if (w->pool.failed) return lsv_no_memory(err, 0);
        LSV_TRY(lsv_exact_svd_new(&Z, &w->svd, err));
    }
    return numbers_of(w) ? LSV_OK : lsv_no_memory(err, 0);
}

static void exact_steps(ls_walk *w) {
    w->full = w->full && w->arithmetic && w->svd->rank > 0;
    ls_walk_gram(w);
    ls_walk_charpoly(w);
    ls_walk_roots(w);
    ls_walk_sigma(w);
    ls_walk_vectors(w);
    ls_walk_images(w);
    ls_walk_product(w);
    ls_walk_terms(w);
    ls_walk_low_rank(w);
    for (int i = 1; i <= w->nsteps; i++) w->step[i].picture = i == w->nsteps && ls_has_picture(w);
}

lsv_status ls_walk_new(const lsv_qmatrix *W, const ls_walk_options *o, ls_walk **out, lsv_error *err) {
    int m = W->rows, n = W->cols, small = m < n ? m : n, large = m < n ? n : m;
    ls_walk *w = lsv_calloc(1, sizeof *w);
    if (!w) return lsv_no_memory(err, sizeof *w);
    w->style = o->style;
    w->digits = o->digits > 0 ? o->digits : 4;
    w->ascii = o->ascii;
    w->m = m;
    w->n = n;
    w->arithmetic = small <= 4 && large <= 6;
    w->full = o->full >= 0 ? o->full : m != n && large <= 3;
    w->denominator = lsv_pool_q(&w->pool, 1);
    if (!w->pool.failed) mpq_set_ui(w->denominator, 1, 1);
    size_t room = (size_t)(m * n + m * m + n * n + small) * sizeof(double);
    double *d = lsv_pool_bytes(&w->pool, room);
    lsv_status status = d ? LSV_OK : lsv_no_memory(err, room);
    if (d) {
        w->numbers = d;
        w->U = d + m * n;
        w->V = w->U + m * m;
        w->S = w->V + n * n;
        for (int i = 0; i < m * n; i++) w->numbers[i] = mpq_get_d(W->at + i);
        if (o->exact != 0) {
            status = exact_parts(w, W, err);
            w->exact = status == LSV_OK;
            if (status == LSV_EVALUE && o->exact < 0) status = LSV_OK; /* too large: numbers */
        }
    }
    if (status == LSV_OK) {
        if (!w->exact) mpq_set_ui(w->denominator, 1, 1);
        introduction(w, W);
        if (w->exact) exact_steps(w);
        else status = ls_walk_numeric(w, err);
    }
    if (status == LSV_OK && (w->pool.failed || (w->svd && w->svd->pool.failed))) status = lsv_no_memory(err, 0);
    if (status != LSV_OK) {
        ls_walk_free(w);
        return status;
    }
    *out = w;
    return LSV_OK;
}

void ls_walk_free(ls_walk *w) {
    if (!w) return;
    if (w->svd != w->own) lsv_exact_svd_free(w->svd);
    lsv_exact_svd_free(w->own);
    ls_learner_free(w->mine);
    lsv_pool_free(&w->pool);
    lsv_free(w);
}
