/* What is certain about computed singular triplets.

   Residuals. With unit u and v, |A v - s u| and |A^T u - s v| at most r put s within r of a singular
   value of A (s is within r of an eigenvalue of the symmetric matrix [0 A; A^T 0]).

   Error. |A - U S V^T|_F is a number that can be computed. Where U and V are orthonormal and S = U^T A V
   it is |A|^2 - sum s^2 under the root: free, but a difference that loses its digits when little is left. Below
   a relative error of 1e-5 the difference is formed explicitly, a few rows at a time. `bound` adds to what
   was computed what rounding can have done to it, at its worst.

   Of a resident matrix all that is tall lies on the device, and only numbers come back. */
#include "linalg/certificate.h"
#include <float.h>
#include <math.h>
#include <string.h>
#include "array/mirror.h"

static const double subtract_down_to = 1e-10; /* of (error / |A|)^2 */
enum { ROWS_AT_ONCE = 128, ROWS_THERE = 2048 };

/* rows x lsv_pad8(k), zeros on the host. */
static lsv_status tall_new(const lsv_dense *A, ptrdiff_t rows, ptrdiff_t k, double **out, lsv_error *err) {
    return A->resident ? lsv_dense_room(A, rows, lsv_pad8(k), out, err) : lsv_thin_new(rows, k, out, err);
}

lsv_status lsv_triplets_new(const lsv_dense *A, ptrdiff_t k, lsv_triplets *t, lsv_error *err) {
    *t = (lsv_triplets){.m = A->m, .n = A->n, .k = k, .ld = lsv_pad8(k)};
    lsv_status status = tall_new(A, A->m, k, &t->u, err);
    if (status == LSV_OK) status = tall_new(A, A->n, k, &t->v, err);
    if (status == LSV_OK) status = lsv_thin_new(1, k, &t->s, err);
    if (status != LSV_OK) lsv_triplets_free(t);
    return status;
}

void lsv_triplets_free(lsv_triplets *t) {
    lsv_dense_give(t->u);
    lsv_dense_give(t->v);
    lsv_free(t->s);
    *t = (lsv_triplets){0};
}

void lsv_triplets_leave(lsv_triplets *t) {
    lsv_scratch_end(t->u);
    lsv_scratch_end(t->v);
    memset(t->u, 0, (size_t)(t->m * t->ld) * sizeof *t->u);
    memset(t->v, 0, (size_t)(t->n * t->ld) * sizeof *t->v);
}

/* The largest norm of a column of x - y diag(s), in place of x on the device: that of the Gram matrix's diagonal. */
static lsv_status farthest_there(const lsv_triplets *t, ptrdiff_t rows, double *x, const double *y, double *out,
                                 lsv_error *err) {
    ptrdiff_t ld = t->ld;
    double *square, most = 0;
    LSV_TRY(lsv_thin_new(ld, ld, &square, err));
    for (ptrdiff_t j = 0; j < t->k; j++) square[j * ld + j] = -t->s[j];
    lsv_status status = lsv_thin_times(rows, ld, ld, y, ld, square, ld, true, x, ld, err);
    if (status == LSV_OK) status = lsv_thin_transposed(rows, ld, ld, x, ld, x, ld, square, ld, err);
    for (ptrdiff_t j = 0; j < t->k && status == LSV_OK; j++) most = fmax(most, square[j * ld + j]);
    lsv_free(square);
    *out = sqrt(most);
    return status;
}

/* The largest norm of a column of x - y diag(s). x may be overwritten. */
static lsv_status farthest(const lsv_triplets *t, ptrdiff_t rows, double *x, const double *y, double *out,
                           lsv_error *err) {
    double few[64], *sums = few, most = 0;
    ptrdiff_t k = t->k, ld = t->ld;
    if (lsv_scratch_is(x)) return farthest_there(t, rows, x, y, out, err);
    if (k > 64) LSV_TRY(lsv_thin_new(1, k, &sums, err));
    memset(sums, 0, (size_t)k * sizeof *sums);
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < k; j++) {
            double d = x[i * ld + j] - y[i * ld + j] * t->s[j];
            sums[j] += d * d;
        }
    for (ptrdiff_t j = 0; j < k; j++) most = fmax(most, sums[j]);
    if (sums != few) lsv_free(sums);
    *out = sqrt(most);
    return LSV_OK;
}

/* Small square matrices side by side in one block. */
typedef struct small {
    double *block, *r, *u, *vt, *x;
} small;

static lsv_status small_new(const lsv_triplets *t, small *w, lsv_error *err) {
    ptrdiff_t square = t->ld * t->ld;
    LSV_TRY(lsv_thin_new(4 * t->ld, t->ld, &w->block, err));
    w->r = w->block, w->u = w->r + square, w->vt = w->u + square, w->x = w->vt + square;
    return LSV_OK;
}

/* x (ld x ld row-major, zero padding) = a column-major k x k matrix, or its transpose. */
static void spread(const lsv_triplets *t, const double *a, bool transpose, double *x) {
    memset(x, 0, (size_t)(t->ld * t->ld) * sizeof *x);
    for (ptrdiff_t i = 0; i < t->k; i++)
        for (ptrdiff_t j = 0; j < t->k; j++) x[i * t->ld + j] = transpose ? a[i * t->k + j] : a[j * t->k + i];
}

/* The worst of |image - u s| and |A^T u - v s|; image and other (of the larger side) are overwritten. */
static lsv_status residual_of(const lsv_dense *A, lsv_triplets *t, double *image, double *other, lsv_error *err) {
    double first, second;
    LSV_TRY(farthest(t, t->m, image, t->u, &first, err));
    LSV_TRY(lsv_dense_transposed(A, t->ld, t->u, t->ld, other, t->ld, err));
    LSV_TRY(farthest(t, t->n, other, t->v, &second, err));
    t->residual = t->s[0] > 0 ? fmax(first, second) / t->s[0] : 0;
    return LSV_OK;
}

lsv_status lsv_triplets_refine(const lsv_dense *A, lsv_triplets *t, lsv_error *err) {
    ptrdiff_t k = t->k, ld = t->ld;
    small w;
    double *image = NULL, *turned = NULL;
    LSV_TRY(small_new(t, &w, err));
    lsv_status status = tall_new(A, lsv_max_size(t->m, t->n), k, &turned, err);
    if (status == LSV_OK) status = tall_new(A, t->m, k, &image, err);
    if (status == LSV_OK) status = lsv_dense_times(A, ld, t->v, ld, image, ld, err);
    if (status == LSV_OK) status = lsv_thin_copy(t->m, ld, image, ld, turned, ld, err);
    if (status == LSV_OK) status = lsv_thin_qr(t->m, k, turned, w.r, err);
    if (status == LSV_OK) status = lsv_small_svd(k, w.r, t->s, w.u, w.vt, err);
    if (status == LSV_OK) {
        spread(t, w.u, false, w.x);
        status = lsv_thin_times(t->m, ld, ld, turned, ld, w.x, ld, false, t->u, ld, err);
    }
    if (status == LSV_OK) { /* v Y, and A v Y beside it */
        spread(t, w.vt, true, w.x);
        status = lsv_thin_copy(t->n, ld, t->v, ld, turned, ld, err);
        if (status == LSV_OK) status = lsv_thin_times(t->n, ld, ld, turned, ld, w.x, ld, false, t->v, ld, err);
    }
    if (status == LSV_OK) status = lsv_thin_times(t->m, ld, ld, image, ld, w.x, ld, false, turned, ld, err);
    if (status == LSV_OK) status = residual_of(A, t, turned, turned, err);
    lsv_free(w.block);
    lsv_dense_give(image);
    lsv_dense_give(turned);
    return status;
}

lsv_status lsv_triplets_residual(const lsv_dense *A, lsv_triplets *t, lsv_error *err) {
    double *image;
    LSV_TRY(tall_new(A, lsv_max_size(t->m, t->n), t->k, &image, err));
    lsv_status status = lsv_dense_times(A, t->ld, t->v, t->ld, image, t->ld, err);
    if (status == LSV_OK) status = residual_of(A, t, image, image, err);
    lsv_dense_give(image);
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

/* The same on the device: strips of A less those of (U S) V^T, whose rows' squares alone come back. */
static lsv_status form_there(const lsv_dense *A, const lsv_triplets *t, double *norm, lsv_error *err) {
    ptrdiff_t m = t->m, n = t->n, ld = t->ld, most = lsv_min_size(m, ROWS_THERE);
    double *us = NULL, *rows = NULL, *sums = NULL, *diagonal = NULL, all = 0;
    lsv_status status = lsv_thin_new(ld, ld, &diagonal, err);
    if (status == LSV_OK) status = lsv_thin_new(1, most, &sums, err);
    if (status == LSV_OK) status = lsv_dense_room(A, m, ld, &us, err);
    if (status == LSV_OK) status = lsv_dense_room(A, most, n, &rows, err);
    for (ptrdiff_t j = 0; status == LSV_OK && j < t->k; j++) diagonal[j * ld + j] = t->s[j];
    if (status == LSV_OK) status = lsv_thin_times(m, ld, ld, t->u, ld, diagonal, ld, false, us, ld, err);
    for (ptrdiff_t i0 = 0; status == LSV_OK && i0 < m; i0 += most) {
        ptrdiff_t count = lsv_min_size(most, m - i0);
        status = lsv_poll(err);
        if (status == LSV_OK) status = lsv_thin_copy(count, n, A->a + i0 * A->lda, A->lda, rows, n, err);
        if (status == LSV_OK)
            status = lsv_backend_for(LSV_BE_GEMM, LSV_FLOAT64, count, n, t->k)
                         ->gemm(LSV_FLOAT64, false, true, count, n, t->k, -1, us + i0 * ld, ld, t->v, ld, 1, rows, n, err);
        if (status == LSV_OK) status = lsv_scratch_row_squares(rows, count, n, sums, err);
        for (ptrdiff_t i = 0; status == LSV_OK && i < count; i++) all += sums[i];
    }
    *norm = sqrt(all);
    lsv_free(diagonal);
    lsv_free(sums);
    lsv_dense_give(us);
    lsv_dense_give(rows);
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
    LSV_TRY(A->resident ? form_there(A, t, &norm, err) : form_difference(A, t, &norm, err));
    rounding = ((double)t->k + 4) * DBL_EPSILON * (1 + sqrt(kept / all)) + A->slack * norm / A->norm;
    t->error = norm / A->norm;
    t->bound = t->error * (1 + (double)(t->m + t->n) * DBL_EPSILON) + rounding;
    return LSV_OK;
}

void lsv_triplets_signs(ptrdiff_t rows, ptrdiff_t k, ptrdiff_t ld, const double *x, double *sign) {
    for (ptrdiff_t j = 0; j < k; j++) sign[j] = 0; /* row by row, as it lies: the largest entries first */
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < k; j++) sign[j] = fmax(sign[j], fabs(x[i * ld + j]));
    for (ptrdiff_t j = 0; j < k; j++) {
        ptrdiff_t i = 0;
        while (i + 1 < rows && fabs(x[i * ld + j]) < sign[j] * (1 - 1e-8)) i++;
        sign[j] = x[i * ld + j] >= 0 ? 1 : -1;
    }
}
