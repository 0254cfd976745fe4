/* The singular value decomposition of a small rational matrix, exactly.

   With A = W (or Wᵀ where W is wide) and G = AᵀA: the eigenvalues λ of G are located in their number
   fields, w spans the null space of G - λI, u follows as A w / ‖A w‖, and the rank-1 term of λ is
   (A w) wᵀ / ‖w‖², in which no root of a root is left. Vectors are never normalised here. */
#include "exact/exact.h"

#include <string.h>

#include "base/alloc.h"

/* Bits an entry may have, by the smaller side: what keeps every matrix below a tenth of a second. */
static const size_t bits_allowed[LSV_EXACT_MAX + 1] = {0, LSV_EXACT_BITS, LSV_EXACT_BITS, 64, 40, 20, 14, 14, 10};

static lsv_status check_size(const lsv_qmatrix *w, lsv_error *err) {
    if (w->rows < 1 || w->cols < 1 || w->rows > LSV_EXACT_MAX || w->cols > LSV_EXACT_MAX)
        return lsv_fail(err, LSV_EVALUE, "exact work is offered up to %d×%d; this matrix is %d×%d", LSV_EXACT_MAX, LSV_EXACT_MAX, w->rows, w->cols);
    mpz_t common;
    mpz_init_set_ui(common, 1);
    size_t bits = 0, limit = bits_allowed[w->rows < w->cols ? w->rows : w->cols];
    for (int i = 0; i < w->rows * w->cols; i++) {
        mpz_lcm(common, common, mpq_denref(w->at + i));
        size_t size = mpz_sizeinbase(mpq_numref(w->at + i), 2);
        bits = size > bits ? size : bits;
        if (mpz_sizeinbase(common, 2) > limit) bits = limit + 1;
        if (bits > limit) break;
    }
    mpz_clear(common);
    if (bits > limit) return lsv_fail(err, LSV_EVALUE, "the entries have too many digits for exact work");
    return LSV_OK;
}

/* G - λI as elements. */
static lsv_q *shifted(lsv_exact_svd *s, const lsv_field *k) {
    int n = s->n, d = k->degree;
    lsv_q *m = lsv_pool_q(&s->pool, n * n * d);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            lsv_q *e = m + (i * n + j) * d;
            mpq_set(e, lsv_qm(&s->gram, i, j));
            if (i == j) lsv_e_sub(k, e, e, k->lambda);
        }
    return m;
}

/* One formula for all conjugate roots: the last column of adj(λI - G) that is not zero. */
static lsv_q *adjugate_column(lsv_exact_svd *s, const lsv_field *k, int *column) {
    int n = s->n, d = k->degree;
    lsv_q *w = lsv_pool_q(&s->pool, n * d);
    for (int c = n - 1; c >= 0; c--) {
        bool zero = true;
        for (int i = 0; i < n; i++) { /* by Horner's scheme in λ */
            lsv_q *e = w + i * d;
            lsv_e_set_q(k, e, lsv_qm(&s->adjugate[0], i, c));
            for (int p = 1; p < n; p++) {
                lsv_e_mul(k, e, e, k->lambda);
                mpq_add(e, e, lsv_qm(&s->adjugate[p], i, c));
            }
            zero = zero && lsv_e_is_zero(k, e);
        }
        *column = c;
        if (!zero) break;
    }
    return w;
}

/* What belongs to one vector: A w, lengths, the rank-1 term. */
static void complete_value(lsv_exact_svd *s, lsv_exact_value *v) {
    lsv_field *k = v->field;
    int d = k->degree, m = s->m, n = s->n;
    v->norm2 = lsv_pool_q(&s->pool, d);
    v->aw = lsv_pool_q(&s->pool, m * d);
    v->aw_norm2 = lsv_pool_q(&s->pool, d);
    lsv_e_dot(k, v->norm2, v->w, v->w, n);
    lsv_e_apply(k, v->aw, &s->A, v->w);
    lsv_e_mul(k, v->aw_norm2, k->lambda, v->norm2);
    v->zero = lsv_e_is_zero(k, k->lambda);
    if (v->zero || d > LSV_EXACT_TERMS) return;
    lsv_q *inverse = lsv_pool_q(&s->pool, d);
    v->term = lsv_pool_q(&s->pool, m * n * d);
    lsv_e_inv(k, inverse, v->norm2);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            lsv_q *e = v->term + (s->wide ? j * m + i : i * n + j) * d;
            lsv_e_mul(k, e, v->aw + i * d, v->w + j * d);
            lsv_e_mul(k, e, e, inverse);
        }
}

static int by_size(const lsv_exact_value *a, const lsv_exact_value *b) {
    if (a->field == b->field) return a->root == b->root ? b->copy - a->copy : b->root - a->root;
    return lsv_real_compare((lsv_real){.field = a->field, .root = a->root, .x = a->field->lambda},
                            (lsv_real){.field = b->field, .root = b->root, .x = b->field->lambda});
}

static bool last_is_negative(const lsv_exact_svd *s, const lsv_exact_value *v) {
    int d = v->field->degree, i = s->n - 1;
    while (i > 0 && lsv_e_is_zero(v->field, v->w + i * d)) i--;
    return lsv_real_sign((lsv_real){.field = v->field, .root = v->root, .x = v->w + i * d}) < 0;
}

static void insert_sorted(lsv_exact_svd *s, int *n, lsv_exact_value v) {
    int i = (*n)++;
    v.turned = v.field->degree >= 3 && last_is_negative(s, &v);
    for (; i > 0 && by_size(&s->value[i - 1], &v) < 0; i--) s->value[i] = s->value[i - 1];
    s->value[i] = v;
}

static void eigenvectors(lsv_exact_svd *s) {
    int total = 0;
    s->unique_w = s->unique_terms = true;
    for (int f = 0; f < s->nfields && !s->pool.failed; f++) {
        lsv_field *k = &s->fields[f];
        int count = 1, free_variable[LSV_EXACT_MAX] = {0};
        lsv_q *basis;
        if (k->degree >= 3 && k->multiplicity == 1) basis = adjugate_column(s, k, free_variable);
        else basis = lsv_e_null_space(&s->pool, k, shifted(s, k), s->n, s->n, true, &count, free_variable);
        for (int c = 0; c < count; c++) {
            lsv_exact_value v = {.field = k, .w = basis + c * s->n * k->degree, .copy = c, .free_variable = free_variable[c]};
            complete_value(s, &v);
            if (!v.zero) s->rank += k->degree;
            if (count > 1) {
                s->unique_w = false;
                if (!v.zero) s->unique_terms = false;
            }
            for (v.root = 0; v.root < k->degree && total < s->n; v.root++) insert_sorted(s, &total, v);
        }
    }
}

static void complete_basis(lsv_exact_svd *s) {
    lsv_qmatrix transposed = lsv_qmatrix_transpose(&s->pool, &s->A);
    s->completion = lsv_e_null_space(&s->pool, &lsv_rationals, transposed.at, s->n, s->m, true, &s->ncompletion, NULL);
    s->unique_completion = s->ncompletion <= 1;
}

lsv_status lsv_exact_svd_new(const lsv_qmatrix *W, lsv_exact_svd **out, lsv_error *err) {
    LSV_TRY(check_size(W, err));
    lsv_exact_svd *s = lsv_calloc(1, sizeof *s);
    if (!s) return lsv_no_memory(err, sizeof *s);
    lsv_pool *p = &s->pool;
    s->wide = W->rows < W->cols;
    s->m = s->wide ? W->cols : W->rows;
    s->n = s->wide ? W->rows : W->cols;
    s->W = lsv_qmatrix_new(p, W->rows, W->cols);
    for (int i = 0; i < W->rows * W->cols; i++) mpq_set(s->W.at + i, W->at + i);
    lsv_qmatrix t = lsv_qmatrix_transpose(p, W);
    s->A = s->wide ? t : s->W;
    lsv_qmatrix at = s->wide ? s->W : t;
    s->gram = lsv_qmatrix_product(p, &at, &s->A);
    s->other = lsv_qmatrix_product(p, &s->A, &at);
    s->charpoly = lsv_charpoly(p, &s->gram, s->adjugate);
    lsv_status status = p->failed ? lsv_no_memory(err, 0) : lsv_factor_real(p, s->charpoly, s->n, s->fields, &s->nfields, err);
    if (status == LSV_OK) {
        eigenvectors(s);
        complete_basis(s);
        if (p->failed) status = lsv_no_memory(err, 0);
    }
    if (status != LSV_OK) {
        lsv_exact_svd_free(s);
        return status;
    }
    *out = s;
    return LSV_OK;
}

void lsv_exact_svd_free(lsv_exact_svd *s) {
    if (!s) return;
    for (int i = 0; i < s->nfields; i++) lsv_field_clear(&s->fields[i]);
    lsv_pool_free(&s->pool);
    lsv_free(s);
}

lsv_real lsv_exact_v(const lsv_exact_svd *s, int j, int i, lsv_q *room) {
    const lsv_exact_value *v = &s->value[j];
    lsv_real r = lsv_real_quotient(v->field, v->root, v->w + i * v->field->degree, v->norm2, room);
    r.negative = r.negative != v->turned;
    return r;
}

lsv_real lsv_exact_u(const lsv_exact_svd *s, int j, int i, lsv_q *room) {
    if (j < s->rank) {
        const lsv_exact_value *v = &s->value[j];
        lsv_real r = lsv_real_quotient(v->field, v->root, v->aw + i * v->field->degree, v->aw_norm2, room);
        r.negative = r.negative != v->turned;
        return r;
    }
    const lsv_q *x = s->completion + (j - s->rank) * s->m;
    mpq_t norm2;
    mpq_init(norm2);
    lsv_e_dot(&lsv_rationals, norm2, x, x, s->m);
    lsv_real r = lsv_real_quotient(&lsv_rationals, 0, x + i, norm2, room);
    mpq_clear(norm2);
    return r;
}

lsv_qmatrix lsv_exact_sum(lsv_exact_svd *s) {
    lsv_qmatrix sum = lsv_qmatrix_new(&s->pool, s->W.rows, s->W.cols);
    mpq_t part;
    mpq_init(part);
    for (int v = 0; v < s->n; v++) {
        if (!s->value[v].term || s->value[v].root != 0) continue; /* one trace counts all conjugates */
        for (int i = 0; i < sum.rows * sum.cols; i++) {
            lsv_e_trace(s->value[v].field, part, s->value[v].term + i * s->value[v].field->degree);
            mpq_add(sum.at + i, sum.at + i, part);
        }
    }
    mpq_clear(part);
    return sum;
}
