/* Thin QR of a tall row-major matrix.

   Cholesky's QR, twice: G = A^T A = R^T R and Q = A R^-1 are thin products that read A once each, where
   Householder's reflections go over it column by column. Once, it loses as many digits of orthogonality as
   the squared condition number has; a second time on Q, which is then well conditioned, puts them
   back. It holds up to condition numbers of 1e7 or so: where the factor's inverse says more, or Cholesky
   breaks down, Householder's QR, which holds always, takes over.

   Who goes on to multiply Q by a small matrix takes it in two factors, the second small, and saves a pass over Q.

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

/* Small matrices: ld x ld each; g and inverse row-major, r1 and r2 column-major with n. */
typedef struct workspace {
    ptrdiff_t m, n, ld;
    double *g, *r1, *r2, *inverse;
} workspace;

static lsv_status workspace_new(ptrdiff_t m, ptrdiff_t n, workspace *w, lsv_error *err) {
    void *block;
    *w = (workspace){.m = m, .n = n, .ld = lsv_pad8(n)};
    ptrdiff_t square = w->ld * w->ld;
    LSV_TRY(lsv_mats_buffer(LSV_FLOAT64, 4 * w->ld, w->ld, &block, err));
    w->g = block, w->r1 = w->g + square, w->r2 = w->r1 + square, w->inverse = w->r2 + square;
    return LSV_OK;
}

/* G = q^T q, the upper triangle: columns in slices, each against the rows above its end. */
static lsv_status gram(const workspace *w, const double *q, ptrdiff_t ldq, double *g, lsv_error *err) {
    ptrdiff_t slice = lsv_scratch_is(q) ? w->ld : 24;
    for (ptrdiff_t c = 0; c < w->ld; c += slice) {
        ptrdiff_t b = lsv_min_size(slice, w->ld - c), rows = lsv_min_size(c + b, w->n);
        LSV_TRY(lsv_poll(err));
        LSV_TRY(lsv_thin_transposed(w->m, rows, b, q, ldq, q + c, ldq, g + c, w->ld, err));
    }
    return LSV_OK;
}

/* r (column-major n x n, upper) from the row-major g, its inverse, and whether all is well. */
static lsv_status cholesky(const workspace *w, double *r, double *inverse, bool *fine, lsv_error *err) {
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
    memset(inverse, 0, (size_t)w->ld * (size_t)w->ld * sizeof *x);
    for (ptrdiff_t j = 0; j < n; j++)
        for (ptrdiff_t i = 0; i <= j; i++) {
            inverse[i * w->ld + j] = x[j * n + i];
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

/* Flip the columns of `last` and rows of r that Householder's QR would have the other way round. */
static lsv_status lapack_rows(const workspace *w, const double *tall, double *last, double *r, lsv_error *err) {
    ptrdiff_t n = w->n, ld = w->ld;
    double *top = w->g, *sign = w->r1;
    LSV_TRY(lsv_thin_times(n, n, ld, tall, ld, last, ld, false, top, ld, err));
    for (ptrdiff_t j = 0; j < n; j++) {
        sign[j] = top[j * ld + j] >= 0 ? -1 : 1;
        top[j * ld + j] -= sign[j];
        for (ptrdiff_t i = j + 1; i < n; i++) {
            double f = top[i * ld + j] / top[j * ld + j];
            for (ptrdiff_t k = j + 1; k < n; k++) top[i * ld + k] -= f * top[j * ld + k];
        }
    }
    for (ptrdiff_t j = 0; j < n; j++)
        for (ptrdiff_t k = j; k < n; k++) r[k * n + j] *= sign[j];
    for (ptrdiff_t i = 0; i < n; i++)
        for (ptrdiff_t j = 0; j < n; j++) last[i * ld + j] *= sign[j];
    return LSV_OK;
}

/* a = tall last r, where *fine. */
static lsv_status twice(const workspace *w, const double *a, ptrdiff_t lda, double *tall, double *last, double *r,
                        bool *fine, lsv_error *err) {
    LSV_TRY(gram(w, a, lda, w->g, err));
    LSV_TRY(cholesky(w, w->r1, w->inverse, fine, err));
    if (!*fine) return LSV_OK;
    LSV_TRY(lsv_thin_times(w->m, w->n, w->ld, a, lda, w->inverse, w->ld, false, tall, w->ld, err));
    LSV_TRY(gram(w, tall, w->ld, w->g, err));
    LSV_TRY(lsv_poll(err));
    LSV_TRY(cholesky(w, w->r2, last, fine, err));
    if (*fine) compose(w->n, w->r2, w->r1, r);
    return LSV_OK;
}

/* The same, Householder's way. */
static lsv_status once(const workspace *w, const double *a, ptrdiff_t lda, double *tall, double *last, double *r,
                       lsv_error *err) {
    LSV_TRY(lsv_thin_copy(w->m, w->ld, a, lda, tall, w->ld, err));
    memset(last, 0, (size_t)w->ld * (size_t)w->ld * sizeof *last);
    for (ptrdiff_t i = 0; i < w->n; i++) last[i * w->ld + i] = 1;
    return householder(w->m, w->n, tall, r, err);
}

lsv_status lsv_thin_qr_factors(ptrdiff_t m, ptrdiff_t n, const double *a, ptrdiff_t lda, double *tall, double *last,
                               double *r, lsv_error *err) {
    workspace w;
    bool fine = false;
    LSV_TRY(workspace_new(m, n, &w, err));
    lsv_status status = twice(&w, a, lda, tall, last, r, &fine, err);
    if (status == LSV_OK) status = fine ? lapack_rows(&w, tall, last, r, err) : once(&w, a, lda, tall, last, r, err);
    lsv_free(w.g);
    return status;
}

lsv_status lsv_thin_qr(ptrdiff_t m, ptrdiff_t n, double *q, double *r, lsv_error *err) {
    workspace w;
    ptrdiff_t ld = lsv_pad8(n);
    bool fine = false, there = lsv_scratch_is(q);
    void *tall;
    if (n == 0) return LSV_OK;
    if (n > m) {
        of_wide(m, n, q, r);
        return LSV_OK;
    }
    if ((n < NARROW && !there) || m < 4 * n) return householder(m, n, q, r, err);
    LSV_TRY(lsv_mats_buffer(LSV_FLOAT64, m, ld, &tall, err));
    lsv_status status = workspace_new(m, n, &w, err);
    if (status == LSV_OK && there && !lsv_scratch_begin(tall, (size_t)m * (size_t)ld * sizeof(double)))
        status = lsv_fail(err, LSV_ENOTIMPL, "no scratch on the GPU");
    if (status == LSV_OK) status = twice(&w, q, ld, tall, w.inverse, r, &fine, err);
    if (status == LSV_OK && fine) status = lsv_thin_times(m, n, ld, tall, ld, w.inverse, ld, false, q, ld, err);
    lsv_free(w.g);
    lsv_dense_give(tall);
    return status == LSV_OK && !fine ? householder(m, n, q, r, err) : status;
}
