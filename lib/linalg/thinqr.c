/* Thin QR of a tall row-major matrix.

   Cholesky's QR, twice: G = A^T A = R^T R and Q = A R^-1 are thin products that read A once each, where
   Householder's reflections go over it column by column. Once, it loses as many digits of orthogonality as
   the squared condition number has; a second time on Q, which is then well conditioned, puts them
   back. It holds up to condition numbers of 1e7 or so: where the factor's inverse says more, or Cholesky
   breaks down, Householder's QR, which holds always, takes over.

   The signs of R are free. LAPACK's follow from Q alone: Householder's vectors are those of an elimination of
   the top of Q - D with D = diag(+-1) chosen against each pivot, and D says which rows of R to flip.

   A matrix in a device's scratch stays there, but for Householder's way. */
#include <float.h>
#include <math.h>
#include <string.h>
#include "array/mirror.h"
#include "linalg/dense.h"

static const double worst_condition = 1e7;
enum { NARROW = 16 }; /* below, Householder's way is as fast and needs no guard */

/* Column-major copy, geqrf, orgqr, and back. */
static lsv_status householder(ptrdiff_t m, ptrdiff_t n, double *q, double *r, lsv_error *err) {
    ptrdiff_t ld = lsv_pad8(n), lda = lsv_mats_ld(m, LSV_FLOAT64);
    void *a = NULL, *tau = NULL;
    int info = 0;
    LSV_TRY(lsv_scratch_read(q, err));
    lsv_status status = lsv_mats_buffer(LSV_FLOAT64, lda, n, &a, err);
    if (status == LSV_OK) status = lsv_mats_buffer(LSV_FLOAT64, n, 1, &tau, err);
    if (status == LSV_OK) {
        lsv_mats_copy(LSV_FLOAT64, m, n, q, ld, 1, a, lda);
        status = lsv_backend_for(LSV_BE_GEQRF, LSV_FLOAT64, m, n, 0)->geqrf(LSV_FLOAT64, m, n, a, lda, tau, &info, err);
    }
    if (status == LSV_OK) {
        for (ptrdiff_t j = 0; j < n; j++)
            for (ptrdiff_t i = 0; i < n; i++) r[j * n + i] = i <= j ? ((double *)a)[j * lda + i] : 0;
        status = lsv_backend_for(LSV_BE_ORGQR, LSV_FLOAT64, m, n, n)->orgqr(LSV_FLOAT64, m, n, n, a, lda, tau, &info, err);
    }
    if (status == LSV_OK) lsv_mats_copy(LSV_FLOAT64, n, m, a, lda, 1, q, ld);
    lsv_scratch_written(q);
    lsv_free(a);
    lsv_free(tau);
    return status;
}

/* A wide matrix: q the identity and zeros, r the matrix over zeros, which is not triangular. */
static void of_wide(ptrdiff_t m, ptrdiff_t n, double *q, double *r) {
    ptrdiff_t ld = lsv_pad8(n);
    memset(r, 0, (size_t)n * (size_t)n * sizeof *r);
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t j = 0; j < n; j++) r[j * n + i] = q[i * ld + j];
    memset(q, 0, (size_t)m * (size_t)ld * sizeof *q);
    for (ptrdiff_t i = 0; i < m; i++) q[i * ld + i] = 1;
}

typedef struct workspace {
    ptrdiff_t m, n, ld;
    double *g, *r1, *r2, *inverse; /* ld x ld each; inverse row-major, the others column-major with n */
    double *other;                 /* m x ld */
} workspace;

/* G = q^T q, the upper triangle: columns in slices, each against the rows above its end. */
static lsv_status gram(const workspace *w, const double *q, double *g, lsv_error *err) {
    ptrdiff_t slice = lsv_scratch_is(q) ? w->ld : 24;
    for (ptrdiff_t c = 0; c < w->ld; c += slice) {
        ptrdiff_t b = lsv_min_size(slice, w->ld - c), rows = lsv_min_size(c + b, w->n);
        LSV_TRY(lsv_poll(err));
        LSV_TRY(lsv_thin_transposed(w->m, rows, b, q, w->ld, q + c, w->ld, g + c, w->ld, err));
    }
    return LSV_OK;
}

/* r (column-major n x n, upper) from the row-major g, its inverse, and whether all is well. */
static lsv_status cholesky(const workspace *w, double *r, bool *fine, lsv_error *err) {
    ptrdiff_t n = w->n;
    int info = 0;
    for (ptrdiff_t j = 0; j < n; j++)
        for (ptrdiff_t i = 0; i < n; i++) r[j * n + i] = i <= j ? w->g[i * w->ld + j] : 0;
    LSV_TRY(lsv_backend_for(LSV_BE_POTRF, LSV_FLOAT64, n, n, 0)->potrf(LSV_FLOAT64, true, n, r, n, &info, err));
    *fine = info == 0;
    if (!*fine) return LSV_OK;
    /* R X = I; X lands row-major in `inverse` as the solution of X^T R^T = I read the other way round */
    double *x = w->g, of_r = 0, of_x = 0;
    memset(x, 0, (size_t)n * (size_t)n * sizeof *x);
    for (ptrdiff_t i = 0; i < n; i++) x[i * n + i] = 1;
    LSV_TRY(lsv_backend_for(LSV_BE_TRSM, LSV_FLOAT64, n, n, 0)->trsm(LSV_FLOAT64, true, true, false, false, n, n, r, n, x, n, err));
    memset(w->inverse, 0, (size_t)w->ld * (size_t)w->ld * sizeof *x);
    for (ptrdiff_t j = 0; j < n; j++)
        for (ptrdiff_t i = 0; i <= j; i++) {
            w->inverse[i * w->ld + j] = x[j * n + i];
            of_x += x[j * n + i] * x[j * n + i];
            of_r += r[j * n + i] * r[j * n + i];
        }
    *fine = sqrt(of_x) * sqrt(of_r) < worst_condition * (double)n;
    return LSV_OK;
}

/* r = r2 r1, both upper, column-major. */
static void compose(ptrdiff_t n, const double *r2, const double *r1, double *r) {
    for (ptrdiff_t j = 0; j < n; j++) {
        double *column = r + j * n;
        memset(column, 0, (size_t)n * sizeof *r);
        for (ptrdiff_t k = 0; k <= j; k++)
            for (ptrdiff_t i = 0; i <= k; i++) column[i] += r2[k * n + i] * r1[j * n + k];
    }
}

/* Flip the columns of q and rows of r that Householder's QR would have the other way round. */
static void lapack_rows(const workspace *w, double *q, double *r) {
    ptrdiff_t n = w->n, ld = w->ld;
    double *top = w->g, *sign = w->inverse;
    for (ptrdiff_t i = 0; i < n; i++) memcpy(top + i * n, q + i * ld, (size_t)n * sizeof *q);
    for (ptrdiff_t j = 0; j < n; j++) {
        sign[j] = top[j * n + j] >= 0 ? -1 : 1;
        top[j * n + j] -= sign[j];
        for (ptrdiff_t i = j + 1; i < n; i++) {
            double f = top[i * n + j] / top[j * n + j];
            for (ptrdiff_t k = j + 1; k < n; k++) top[i * n + k] -= f * top[j * n + k];
        }
    }
    for (ptrdiff_t j = 0; j < n; j++)
        for (ptrdiff_t k = j; k < n; k++) r[k * n + j] *= sign[j];
    for (ptrdiff_t i = 0; i < w->m; i++)
        for (ptrdiff_t j = 0; j < n; j++) q[i * ld + j] *= sign[j];
}

static lsv_status twice(workspace *w, double *q, double *r, bool *fine, lsv_error *err) {
    LSV_TRY(gram(w, q, w->g, err));
    LSV_TRY(cholesky(w, w->r1, fine, err));
    if (!*fine) return LSV_OK;
    LSV_TRY(lsv_thin_times(w->m, w->n, w->ld, q, w->ld, w->inverse, w->ld, false, w->other, w->ld, err));
    LSV_TRY(gram(w, w->other, w->g, err));
    LSV_TRY(lsv_poll(err));
    LSV_TRY(cholesky(w, w->r2, fine, err));
    if (!*fine) return LSV_OK;
    LSV_TRY(lsv_thin_times(w->m, w->n, w->ld, w->other, w->ld, w->inverse, w->ld, false, q, w->ld, err));
    compose(w->n, w->r2, w->r1, r);
    return LSV_OK;
}

lsv_status lsv_thin_qr(ptrdiff_t m, ptrdiff_t n, double *q, double *r, bool lapack_signs, lsv_error *err) {
    workspace w = {.m = m, .n = n, .ld = lsv_pad8(n)};
    bool fine = false;
    if (n == 0) return LSV_OK;
    if (n > m) {
        of_wide(m, n, q, r);
        return LSV_OK;
    }
    bool there = lsv_scratch_is(q);
    if ((n < NARROW && !there) || m < 4 * n) return householder(m, n, q, r, err);
    size_t square = (size_t)w.ld * (size_t)w.ld;
    void *small, *tall = NULL;
    LSV_TRY(lsv_mats_buffer(LSV_FLOAT64, 4 * w.ld, w.ld, &small, err));
    lsv_status status = lsv_mats_buffer(LSV_FLOAT64, m, w.ld, &tall, err);
    if (status == LSV_OK && there && !lsv_scratch_begin(tall, (size_t)m * (size_t)w.ld * sizeof(double)))
        status = lsv_fail(err, LSV_ENOTIMPL, "no scratch on the GPU");
    if (status == LSV_OK) {
        w.g = small, w.r1 = w.g + square, w.r2 = w.r1 + square, w.inverse = w.r2 + square;
        w.other = tall;
        status = twice(&w, q, r, &fine, err);
    }
    if (status == LSV_OK && fine && lapack_signs) {
        status = lsv_scratch_read(q, err);
        if (status == LSV_OK) lapack_rows(&w, q, r);
        lsv_scratch_written(q);
    }
    lsv_free(small);
    lsv_dense_give(tall);
    if (status == LSV_OK && !fine) status = householder(m, n, q, r, err);
    return status;
}
