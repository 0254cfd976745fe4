/* What is certain about computed singular triplets.

   Residuals. With unit u and v, |A v - s u| and |A^T u - s v| at most r put s within r of a singular
   value of A (s is within r of an eigenvalue of the symmetric matrix [0 A; A^T 0]).

   Error. |A - U S V^T|_F is a number that can be computed. Where U and V are orthonormal and S = U^T A V
   it is |A|^2 - sum s^2 under the root: free, but a difference that loses its digits when little is left. Below
   a relative error of 1e-5 the difference is formed explicitly, a few rows at a time. `bound` adds to what
   was computed what rounding can have done to it, at its worst. */
#include "linalg/certificate.h"
#include <float.h>
#include <math.h>
#include <string.h>

static const double subtract_down_to = 1e-10; /* of (error / |A|)^2 */
enum { ROWS_AT_ONCE = 128 };

lsv_status lsv_triplets_new(const lsv_dense *A, ptrdiff_t k, lsv_triplets *t, lsv_error *err) {
    *t = (lsv_triplets){.m = A->m, .n = A->n, .k = k, .ld = lsv_pad8(k)};
    lsv_status status = lsv_thin_new(A->m, k, &t->u, err);
    if (status == LSV_OK) status = lsv_thin_new(A->n, k, &t->v, err);
    if (status == LSV_OK) status = lsv_thin_new(1, k, &t->s, err);
    if (status != LSV_OK) lsv_triplets_free(t);
    return status;
}

void lsv_triplets_free(lsv_triplets *t) {
    lsv_free(t->u);
    lsv_free(t->v);
    lsv_free(t->s);
    *t = (lsv_triplets){0};
}

/* The largest norm of a column of x - y diag(s). */
static double farthest(ptrdiff_t rows, ptrdiff_t k, ptrdiff_t ld, const double *x, const double *y, const double *s,
                       double *sums) {
    double most = 0;
    memset(sums, 0, (size_t)k * sizeof *sums);
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < k; j++) {
            double d = x[i * ld + j] - y[i * ld + j] * s[j];
            sums[j] += d * d;
        }
    for (ptrdiff_t j = 0; j < k; j++) most = fmax(most, sums[j]);
    return sqrt(most);
}

/* Small square matrices side by side in one block. */
typedef struct small {
    double *block, *r, *u, *vt, *x, *sums;
} small;

static lsv_status small_new(const lsv_triplets *t, small *w, lsv_error *err) {
    ptrdiff_t square = t->ld * t->ld;
    LSV_TRY(lsv_thin_new(4 * t->ld + 1, t->ld, &w->block, err));
    w->r = w->block, w->u = w->r + square, w->vt = w->u + square, w->x = w->vt + square, w->sums = w->x + square;
    return LSV_OK;
}

/* x (ld x ld row-major, zero padding) = a column-major k x k matrix, or its transpose. */
static void spread(const lsv_triplets *t, const double *a, bool transpose, double *x) {
    memset(x, 0, (size_t)(t->ld * t->ld) * sizeof *x);
    for (ptrdiff_t i = 0; i < t->k; i++)
        for (ptrdiff_t j = 0; j < t->k; j++) x[i * t->ld + j] = transpose ? a[i * t->k + j] : a[j * t->k + i];
}

lsv_status lsv_triplets_refine(const lsv_dense *A, lsv_triplets *t, lsv_error *err) {
    ptrdiff_t k = t->k, ld = t->ld;
    small w;
    double *image = NULL, *turned = NULL;
    LSV_TRY(small_new(t, &w, err));
    lsv_status status = lsv_thin_new(lsv_max_size(t->m, t->n), k, &turned, err);
    if (status == LSV_OK) status = lsv_thin_new(t->m, k, &image, err);
    if (status == LSV_OK) status = lsv_dense_times(A, ld, t->v, ld, image, ld, err);
    if (status == LSV_OK) memcpy(turned, image, (size_t)(t->m * ld) * sizeof *turned);
    if (status == LSV_OK) status = lsv_thin_qr(t->m, k, turned, w.r, false, err);
    if (status == LSV_OK) status = lsv_small_svd(k, w.r, t->s, w.u, w.vt, err);
    if (status == LSV_OK) {
        spread(t, w.u, false, w.x);
        status = lsv_thin_times(t->m, ld, ld, turned, ld, w.x, ld, false, t->u, ld, err);
    }
    if (status == LSV_OK) { /* v Y, and A v Y beside it */
        spread(t, w.vt, true, w.x);
        memcpy(turned, t->v, (size_t)(t->n * ld) * sizeof *turned);
        status = lsv_thin_times(t->n, ld, ld, turned, ld, w.x, ld, false, t->v, ld, err);
    }
    if (status == LSV_OK) status = lsv_thin_times(t->m, ld, ld, image, ld, w.x, ld, false, turned, ld, err);
    if (status == LSV_OK) {
        double first = farthest(t->m, k, ld, turned, t->u, t->s, w.sums);
        status = lsv_dense_transposed(A, ld, t->u, ld, turned, ld, err);
        double second = farthest(t->n, k, ld, turned, t->v, t->s, w.sums);
        t->residual = t->s[0] > 0 ? fmax(first, second) / t->s[0] : 0;
    }
    lsv_free(w.block);
    lsv_free(image);
    lsv_free(turned);
    return status;
}

lsv_status lsv_triplets_residual(const lsv_dense *A, lsv_triplets *t, lsv_error *err) {
    double *image, sums_of[64], *sums = sums_of;
    ptrdiff_t ld = t->ld;
    if (t->k > 64) LSV_TRY(lsv_thin_new(1, t->k, &sums, err));
    lsv_status status = lsv_thin_new(lsv_max_size(t->m, t->n), t->k, &image, err);
    if (status == LSV_OK) {
        status = lsv_dense_times(A, ld, t->v, ld, image, ld, err);
        double first = farthest(t->m, t->k, ld, image, t->u, t->s, sums), second = 0;
        if (status == LSV_OK) status = lsv_dense_transposed(A, ld, t->u, ld, image, ld, err);
        if (status == LSV_OK) second = farthest(t->n, t->k, ld, image, t->v, t->s, sums);
        t->residual = t->s[0] > 0 ? fmax(first, second) / t->s[0] : 0;
        lsv_free(image);
    }
    if (sums != sums_of) lsv_free(sums);
    return status;
}

/* |A - U S V^T|_F by forming it, a few rows at a time. */
static lsv_status form_difference(const lsv_dense *A, const lsv_triplets *t, double *norm, lsv_error *err) {
    double *vt = NULL, *us = NULL, *rows = NULL, sum = 0;
    ptrdiff_t m = t->m, n = t->n, k = t->k;
    lsv_status status = lsv_thin_new(k, n, &vt, err);
    ptrdiff_t ldn = lsv_pad8(n);
    if (status == LSV_OK) status = lsv_thin_new(ROWS_AT_ONCE, k, &us, err);
    if (status == LSV_OK) status = lsv_thin_new(ROWS_AT_ONCE, n, &rows, err);
    if (status == LSV_OK) lsv_mats_copy(LSV_FLOAT64, n, k, t->v, t->ld, 1, vt, ldn);
    for (ptrdiff_t i0 = 0; status == LSV_OK && i0 < m; i0 += ROWS_AT_ONCE) {
        ptrdiff_t count = lsv_min_size(ROWS_AT_ONCE, m - i0);
        for (ptrdiff_t i = 0; i < count; i++) {
            memcpy(rows + i * ldn, A->a + (i0 + i) * A->lda, (size_t)n * sizeof *rows);
            for (ptrdiff_t j = 0; j < k; j++) us[i * t->ld + j] = -t->u[(i0 + i) * t->ld + j] * t->s[j];
        }
        status = lsv_poll(err);
        if (status == LSV_OK) status = lsv_thin_times(count, k, ldn, us, t->ld, vt, ldn, true, rows, ldn, err);
        for (ptrdiff_t i = 0; status == LSV_OK && i < count; i++) {
            double row = 0;
            for (ptrdiff_t j = 0; j < n; j++) row += rows[i * ldn + j] * rows[i * ldn + j];
            sum += row;
        }
    }
    *norm = sqrt(sum);
    lsv_free(vt);
    lsv_free(us);
    lsv_free(rows);
    return status;
}

lsv_status lsv_triplets_tail(const lsv_dense *A, lsv_triplets *t, lsv_error *err) {
    double all = A->norm * A->norm, kept = 0, rounding;
    t->error = t->bound = 0;
    if (all == 0) return LSV_OK;
    for (ptrdiff_t j = t->k; j-- > 0;) kept += t->s[j] * t->s[j];
    double rest = (all - kept) / all;
    if (rest > subtract_down_to) {
        /* s carries some units of s_1; the norm its own slack; and U S V^T is off by the residuals */
        rounding = A->slack + 64 * DBL_EPSILON * kept / all;
        t->error = sqrt(rest);
        t->bound = sqrt(rest + rounding) + t->residual * t->residual * t->s[0] * t->s[0] * (double)t->k / all;
        return LSV_OK;
    }
    double norm;
    LSV_TRY(form_difference(A, t, &norm, err));
    rounding = ((double)t->k + 4) * DBL_EPSILON * (1 + sqrt(kept / all)) + A->slack * norm / A->norm;
    t->error = norm / A->norm;
    t->bound = t->error * (1 + (double)(t->m + t->n) * DBL_EPSILON) + rounding;
    return LSV_OK;
}

void lsv_triplets_signs(lsv_triplets *t) {
    for (ptrdiff_t j = 0; j < t->k; j++) {
        double most = 0;
        ptrdiff_t i = 0;
        for (ptrdiff_t r = 0; r < t->m; r++) most = fmax(most, fabs(t->u[r * t->ld + j]));
        while (i + 1 < t->m && fabs(t->u[i * t->ld + j]) < most * (1 - 1e-8)) i++;
        if (t->u[i * t->ld + j] >= 0) continue;
        for (ptrdiff_t r = 0; r < t->m; r++) t->u[r * t->ld + j] = -t->u[r * t->ld + j];
        for (ptrdiff_t r = 0; r < t->n; r++) t->v[r * t->ld + j] = -t->v[r * t->ld + j];
    }
}
