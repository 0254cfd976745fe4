/* A matrix as the iterative methods want it (dense.h), and small tools over the backend table. */
#include "linalg/dense.h"
#include <float.h>
#include <math.h>
#include <string.h>
#include "array/elementwise.h"
#include "array/mirror.h"
#include "array/reduce.h"
#include "linalg/linalg.h"

/* Squares and their sums stay far from both ends of the exponent range within these. */
enum { EXPONENT_MOST = 200 };

static double largest(const lsv_dense *d) {
    double most = 0;
    for (ptrdiff_t i = 0; i < d->m; i++) {
        const double *row = d->a + i * d->lda;
        double m0 = 0, m1 = 0, m2 = 0, m3 = 0;
        ptrdiff_t j = 0;
        for (; j + 4 <= d->n; j += 4) {
            double x0 = fabs(row[j]), x1 = fabs(row[j + 1]), x2 = fabs(row[j + 2]), x3 = fabs(row[j + 3]);
            m0 = x0 > m0 ? x0 : m0, m1 = x1 > m1 ? x1 : m1, m2 = x2 > m2 ? x2 : m2, m3 = x3 > m3 ? x3 : m3;
        }
        for (; j < d->n; j++) m0 = fabs(row[j]) > m0 ? fabs(row[j]) : m0;
        m0 = m0 > m1 ? m0 : m1, m2 = m2 > m3 ? m2 : m3, m0 = m0 > m2 ? m0 : m2;
        if (m0 > most) most = m0;
    }
    return most;
}

/* The norm, and whether it shows that no entry is NaN, Inf or of an extreme size. */
static bool measure(lsv_dense *d) {
    int e = 0;
    d->norm = sqrt(lsv_backend_square(d->m, d->n, d->a, d->lda));
    d->slack = ((double)d->n / 8 + (double)d->m + 10) * (DBL_EPSILON / 2);
    if (isfinite(d->norm)) frexp(d->norm, &e);
    return isfinite(d->norm) && d->norm > 0 && e < EXPONENT_MOST && e > -EXPONENT_MOST;
}

/* A copy of W in float64: row-major, or the transpose of it. */
static lsv_status copy_in(lsv_dense *d, const lsv_array *x, lsv_error *err) {
    void *copy;
    d->lda = lsv_mats_ld(d->n, LSV_FLOAT64);
    LSV_TRY(lsv_mats_buffer(LSV_FLOAT64, d->m, d->lda, &copy, err));
    ptrdiff_t rs = x->strides[d->transposed ? 1 : 0], cs = x->strides[d->transposed ? 0 : 1];
    /* row-major here is column-major of the transpose there */
    lsv_mats_copy(LSV_FLOAT64, d->n, d->m, x->data, cs, rs, copy, d->lda);
    d->a = d->owned = copy;
    return LSV_OK;
}

static lsv_status rescale(lsv_dense *d, const lsv_array *x, lsv_error *err) {
    double most = largest(d);
    int e = 0;
    frexp(most, &e);
    if (most == 0 || (e < EXPONENT_MOST && e > -EXPONENT_MOST)) return LSV_OK;
    if (!d->owned) LSV_TRY(copy_in(d, x, err));
    for (ptrdiff_t i = 0; i < d->m; i++)
        for (ptrdiff_t j = 0; j < d->n; j++) d->owned[i * d->lda + j] = ldexp(d->owned[i * d->lda + j], -e);
    d->exponent = e;
    return LSV_OK;
}

lsv_status lsv_dense_open(const lsv_array *W, const char *name, lsv_dense *d, lsv_error *err) {
    LSV_TRY(lsv_host(W, err));
    *d = (lsv_dense){0};
    LSV_TRY(lsv_host_as_dtype(W, LSV_FLOAT64, &d->array, err));
    const lsv_array *x = d->array;
    d->m = x->shape[0], d->n = x->shape[1];
    bool rows = x->strides[1] == 1 && x->strides[0] >= d->n, cols = x->strides[0] == 1 && x->strides[1] >= d->m;
    d->transposed = d->n > 2 * d->m || (cols && !rows && d->m <= 2 * d->n);
    if (d->transposed) d->m = x->shape[1], d->n = x->shape[0];
    lsv_status status = LSV_OK;
    if (d->transposed ? cols : rows) {
        d->a = (const double *)(const void *)x->data;
        d->lda = x->strides[d->transposed ? 1 : 0];
    } else {
        status = copy_in(d, x, err);
    }
    if (status == LSV_OK && !measure(d)) { /* rarely: then with care */
        status = lsv_mats_finite(W, name, err);
        if (status == LSV_OK) status = rescale(d, x, err);
        if (status == LSV_OK) (void)measure(d);
    }
    size_t bytes = ((size_t)lsv_max_size(d->m - 1, 0) * (size_t)d->lda + (size_t)d->n) * sizeof *d->a;
    if (status == LSV_OK && lsv_backend_keep(LSV_BE_PANEL_GRAM, LSV_FLOAT64, d->m, d->n, 16, 20, bytes)) {
        d->mirror = lsv_mirror_begin(d->a, bytes); /* read by every step: copied once */
        if (d->mirror) (void)lsv_mirror_on_device(d->mirror, true, NULL);
    }
    if (status != LSV_OK) lsv_dense_close(d);
    return status;
}

void lsv_dense_close(lsv_dense *d) {
    lsv_mirror_end(d->mirror);
    lsv_free(d->owned);
    lsv_release(d->array);
    *d = (lsv_dense){0};
}

lsv_status lsv_thin_new(ptrdiff_t rows, ptrdiff_t cols, double **out, lsv_error *err) {
    void *x;
    LSV_TRY(lsv_mats_buffer(LSV_FLOAT64, rows, lsv_pad8(cols), &x, err));
    memset(x, 0, (size_t)lsv_max_size(rows, 1) * (size_t)lsv_max_size(lsv_pad8(cols), 1) * sizeof(double));
    *out = x;
    return LSV_OK;
}

lsv_status lsv_thin_times(ptrdiff_t m, ptrdiff_t n, ptrdiff_t b, const double *v, ptrdiff_t ldv, const double *x,
                          ptrdiff_t ldx, bool add, double *y, ptrdiff_t ldy, lsv_error *err) {
    return lsv_backend_for(LSV_BE_PANEL, LSV_FLOAT64, m, n, b)
        ->panel(LSV_FLOAT64, m, n, b, v, ldv, x, ldx, add, y, ldy, err);
}

lsv_status lsv_thin_transposed(ptrdiff_t m, ptrdiff_t n, ptrdiff_t b, const double *v, ptrdiff_t ldv,
                               const double *y, ptrdiff_t ldy, double *z, ptrdiff_t ldz, lsv_error *err) {
    return lsv_backend_for(LSV_BE_PANEL_T, LSV_FLOAT64, m, n, b)
        ->panel_t(LSV_FLOAT64, m, n, b, v, ldv, y, ldy, z, ldz, err);
}

lsv_status lsv_dense_times(const lsv_dense *d, ptrdiff_t b, const double *x, ptrdiff_t ldx, double *y,
                           ptrdiff_t ldy, lsv_error *err) {
    return lsv_thin_times(d->m, d->n, b, d->a, d->lda, x, ldx, false, y, ldy, err);
}

lsv_status lsv_dense_transposed(const lsv_dense *d, ptrdiff_t b, const double *y, ptrdiff_t ldy, double *z,
                                ptrdiff_t ldz, lsv_error *err) {
    return lsv_thin_transposed(d->m, d->n, b, d->a, d->lda, y, ldy, z, ldz, err);
}

lsv_status lsv_dense_gram(const lsv_dense *d, ptrdiff_t b, const double *x, ptrdiff_t ldx, double *z,
                          ptrdiff_t ldz, lsv_error *err) {
    return lsv_backend_for(LSV_BE_PANEL_GRAM, LSV_FLOAT64, d->m, d->n, b)
        ->panel_gram(LSV_FLOAT64, d->m, d->n, b, d->a, d->lda, x, ldx, z, ldz, err);
}

lsv_status lsv_small_svd(ptrdiff_t k, double *a, double *s, double *u, double *vt, lsv_error *err) {
    int info = 0;
    const lsv_backend *be = lsv_backend_for(LSV_BE_GESDD, LSV_FLOAT64, k, k, 0);
    LSV_TRY(be->gesdd(LSV_FLOAT64, u ? 'S' : 'N', k, k, a, k, s, u, k, vt, k, &info, err));
    return info == 0 ? LSV_OK : lsv_fail(err, LSV_ELINALG, "SVD did not converge");
}

/* splitmix64, then the polar method's cousin of Box and Muller. */
static double next_uniform(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return ((double)(z >> 11) + 0.5) * 0x1p-53;
}

void lsv_gauss_fill(uint64_t *state, double *x, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i += 2) {
        double r = sqrt(-2 * log(next_uniform(state))), t = 6.283185307179586 * next_uniform(state);
        x[i] = r * cos(t);
        if (i + 1 < n) x[i + 1] = r * sin(t);
    }
}
