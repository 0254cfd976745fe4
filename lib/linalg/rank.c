/* The numerical rank of a large matrix, proved without its singular values.

   Low rank: with Q an orthonormal basis of A times a few random vectors and B = A^T Q, the values s of B bracket those
   of A, s_i <= sigma_i <= sqrt(s_i^2 + |A - Q B^T|^2), and all others are below |A - Q B^T|, which is
   formed explicitly. Full rank: if Cholesky's factorisation of A^T A - mu I runs to its end, no eigenvalue of A^T A
   is below mu but for rounding, whose worst case is subtracted; where A is too ill conditioned for its
   square, QR and the norm of R^-1 say the same. Whatever comes within a factor 4 of the threshold is left
   to the singular values themselves. */
#include <float.h>
#include <math.h>
#include <string.h>
#include "array/mirror.h"
#include "linalg/dense.h"
#include "linalg/truncated.h"

enum { ROWS_AT_ONCE = 128, BLOCK = 256, SKETCH = 24 };
static const double margin = 4;

typedef struct rule { double absolute, relative, floor; } rule;

static double threshold(rule r, double top) { return fmax(r.absolute, r.relative * top); }

/* ---- low rank ---- */

typedef struct sketch {
    ptrdiff_t b;
    double *omega, *q, *image, *bt, *r, *s; /* n x b, m x b, n x b, b x n, b x b, b */
} sketch;

static void sketch_free(sketch *w) {
    double *all[] = {w->omega, w->q, w->image, w->bt, w->r, w->s};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) lsv_free(all[i]);
}

static lsv_status sketch_new(const lsv_dense *A, ptrdiff_t b, sketch *w, lsv_error *err) {
    *w = (sketch){.b = b};
    lsv_status status = lsv_thin_new(A->n, b, &w->omega, err);
    if (status == LSV_OK) status = lsv_thin_new(A->m, b, &w->q, err);
    if (status == LSV_OK) status = lsv_thin_new(A->n, b, &w->image, err);
    if (status == LSV_OK) status = lsv_thin_new(b, A->n, &w->bt, err);
    if (status == LSV_OK) status = lsv_thin_new(b, b, &w->r, err);
    if (status == LSV_OK) status = lsv_thin_new(1, b, &w->s, err);
    return status;
}

/* |A - Q B^T|_F, formed a few rows at a time. */
static lsv_status remainder_norm(const lsv_dense *A, const sketch *w, double *norm, lsv_error *err) {
    ptrdiff_t ldn = lsv_pad8(A->n), b = w->b;
    double *rows = NULL, *minus = NULL, sum = 0;
    lsv_status status = lsv_thin_new(ROWS_AT_ONCE, A->n, &rows, err);
    if (status == LSV_OK) status = lsv_thin_new(ROWS_AT_ONCE, b, &minus, err);
    for (ptrdiff_t i0 = 0; status == LSV_OK && i0 < A->m; i0 += ROWS_AT_ONCE) {
        ptrdiff_t count = lsv_min_size(ROWS_AT_ONCE, A->m - i0);
        for (ptrdiff_t i = 0; i < count; i++) {
            memcpy(rows + i * ldn, A->a + (i0 + i) * A->lda, (size_t)A->n * sizeof *rows);
            for (ptrdiff_t j = 0; j < b; j++) minus[i * b + j] = -w->q[(i0 + i) * b + j];
        }
        status = lsv_poll(err);
        if (status == LSV_OK) status = lsv_thin_times(count, b, ldn, minus, b, w->bt, ldn, true, rows, ldn, err);
        for (ptrdiff_t i = 0; i < count * ldn && status == LSV_OK; i += ldn) {
            double part[8] = {0};
            for (ptrdiff_t j = 0; j < ldn; j += 8)
                for (int c = 0; c < 8; c++) part[c] += rows[i + j + c] * rows[i + j + c];
            for (int c = 0; c < 8; c++) sum += part[c];
        }
    }
    lsv_free(rows);
    lsv_free(minus);
    *norm = sqrt(sum);
    return status;
}

/* The rank where no value comes near the threshold, else -1. */
static ptrdiff_t count_clear(const lsv_dense *A, const sketch *w, rule rule_of, double rest) {
    double least = threshold(rule_of, w->s[0]);
    ptrdiff_t rank = 0;
    rest += 2 * DBL_EPSILON * A->norm; /* what rounding does to the difference: sqrt(b) half units, and some more */
    if (least < rule_of.floor * w->s[0] || rest * margin >= least) return -1;
    for (ptrdiff_t i = 0; i < w->b; i++) {
        if (w->s[i] > margin * least) rank++;
        else if (margin * hypot(w->s[i], rest) >= least) return -1;
    }
    return rank;
}

static lsv_status low_rank(const lsv_dense *A, rule rule_of, ptrdiff_t b, ptrdiff_t *rank, lsv_error *err) {
    sketch w;
    uint64_t random = 1;
    double rest = 0, caught = 0;
    LSV_TRY(lsv_poll(err));
    lsv_status status = sketch_new(A, b, &w, err);
    if (status == LSV_OK) {
        lsv_gauss_fill(&random, w.omega, A->n * b);
        status = lsv_dense_times(A, b, w.omega, b, w.q, b, err);
    }
    if (status == LSV_OK) status = lsv_thin_qr(A->m, b, w.q, w.r, err);
    if (status == LSV_OK) status = lsv_dense_transposed(A, b, w.q, b, w.image, b, err);
    if (status == LSV_OK) {
        for (ptrdiff_t i = 0; i < A->n * b; i++) caught += w.image[i] * w.image[i];
        if (A->norm * A->norm - caught > 1e-9 * A->norm * A->norm) goto done; /* far from all of it */
        lsv_mats_copy(LSV_FLOAT64, A->n, b, w.image, b, 1, w.bt, lsv_pad8(A->n));
        status = remainder_norm(A, &w, &rest, err);
    }
    if (status == LSV_OK) status = lsv_thin_qr(A->n, b, w.image, w.r, err);
    if (status == LSV_OK) status = lsv_small_svd(b, w.r, w.s, NULL, NULL, err);
    if (status == LSV_OK) *rank = count_clear(A, &w, rule_of, rest);
done:
    sketch_free(&w);
    return status;
}

/* ---- full rank ---- */

/* The lower triangle, by blocks, of the n x n Gram matrix of the shorter side; row-major. */
static lsv_status gram(const lsv_dense *A, ptrdiff_t n, ptrdiff_t ld, double *g, lsv_error *err) {
    bool tall = A->m >= A->n;
    ptrdiff_t inner = tall ? A->m : A->n;
    for (ptrdiff_t i = 0; i < n; i += BLOCK) {
        ptrdiff_t rows = lsv_min_size(BLOCK, n - i);
        LSV_TRY(lsv_poll(err));
        const lsv_backend *be = lsv_backend_for(LSV_BE_GEMM, LSV_FLOAT64, rows, i + rows, inner);
        LSV_TRY(be->gemm(LSV_FLOAT64, tall, !tall, rows, i + rows, inner, 1, tall ? A->a + i : A->a + i * A->lda,
                         A->lda, A->a, A->lda, 0, g + i * ld, ld, err));
    }
    return LSV_OK;
}

/* Cholesky of the lower triangle, a block column at a time; *definite false where it broke down. */
static lsv_status definite_by_blocks(ptrdiff_t n, ptrdiff_t ld, double *g, bool *definite, lsv_error *err) {
    *definite = true;
    for (ptrdiff_t j = 0; j < n && *definite; j += BLOCK) {
        ptrdiff_t width = lsv_min_size(BLOCK, n - j), below = n - j;
        int info = 0;
        double *corner = g + j * ld + j;
        LSV_TRY(lsv_poll(err));
        if (j > 0)
            LSV_TRY(lsv_backend_for(LSV_BE_GEMM, LSV_FLOAT64, below, width, j)
                        ->gemm(LSV_FLOAT64, false, true, below, width, j, -1, g + j * ld, ld, g + j * ld, ld, 1, corner, ld, err));
        LSV_TRY(lsv_backend_for(LSV_BE_POTRF, LSV_FLOAT64, width, width, 0)
                    ->potrf(LSV_FLOAT64, true, width, corner, ld, &info, err));
        *definite = info == 0;
        if (*definite && below > width)
            LSV_TRY(lsv_backend_for(LSV_BE_TRSM, LSV_FLOAT64, width, below - width, 0)
                        ->trsm(LSV_FLOAT64, true, true, true, false, width, below - width, corner, ld, corner + width * ld, ld, err));
    }
    return LSV_OK;
}

static lsv_status full_by_gram(const lsv_dense *A, rule rule_of, ptrdiff_t *rank, lsv_error *err) {
    ptrdiff_t n = lsv_min_size(A->m, A->n), inner = lsv_max_size(A->m, A->n), ld = lsv_mats_ld(n, LSV_FLOAT64);
    double least = margin * threshold(rule_of, A->norm);
    double rounding = ((double)inner + (double)n + 10) * (DBL_EPSILON / 2) * 1.01 * A->norm * A->norm;
    bool definite;
    void *g;
    LSV_TRY(lsv_mats_buffer(LSV_FLOAT64, n, ld, &g, err));
    lsv_status status = gram(A, n, ld, g, err);
    if (status == LSV_OK) {
        for (ptrdiff_t i = 0; i < n; i++) ((double *)g)[i * ld + i] -= 1.01 * rounding + least * least;
        status = definite_by_blocks(n, ld, g, &definite, err);
        if (status == LSV_OK && definite) *rank = n;
    }
    lsv_free(g);
    return status;
}

static lsv_status full_by_qr(const lsv_dense *A, rule rule_of, ptrdiff_t *rank, lsv_error *err) {
    ptrdiff_t m = lsv_max_size(A->m, A->n), n = lsv_min_size(A->m, A->n), ld = lsv_mats_ld(m, LSV_FLOAT64);
    bool tall = A->m >= A->n;
    void *a = NULL, *tau = NULL, *x = NULL;
    int info = 0;
    double sum = 0;
    lsv_status status = lsv_mats_buffer(LSV_FLOAT64, ld, n, &a, err);
    if (status == LSV_OK) status = lsv_mats_buffer(LSV_FLOAT64, n, 1, &tau, err);
    if (status == LSV_OK) status = lsv_mats_buffer(LSV_FLOAT64, n, n, &x, err);
    if (status == LSV_OK) {
        lsv_mats_copy(LSV_FLOAT64, m, n, A->a, tall ? A->lda : 1, tall ? 1 : A->lda, a, ld);
        status = lsv_backend_for(LSV_BE_GEQRF, LSV_FLOAT64, m, n, 0)->geqrf(LSV_FLOAT64, m, n, a, ld, tau, &info, err);
    }
    if (status == LSV_OK) status = lsv_poll(err);
    const double *r = a;
    for (ptrdiff_t i = 0; i < n && status == LSV_OK; i++)
        if (r[i * ld + i] == 0) goto done;
    if (status == LSV_OK) {
        memset(x, 0, (size_t)n * (size_t)n * sizeof(double));
        for (ptrdiff_t i = 0; i < n; i++) ((double *)x)[i * n + i] = 1;
        status = lsv_backend_for(LSV_BE_TRSM, LSV_FLOAT64, n, n, 0)->trsm(LSV_FLOAT64, true, true, false, false, n, n, a, ld, x, n, err);
    }
    for (ptrdiff_t i = 0; i < n * n && status == LSV_OK; i++) sum += ((double *)x)[i] * ((double *)x)[i];
    double rounding = 10 * sqrt((double)n) * DBL_EPSILON * A->norm;
    if (status == LSV_OK && isfinite(sum) && 1 / sqrt(sum) > margin * threshold(rule_of, A->norm) + rounding) *rank = n;
done:
    lsv_free(a);
    lsv_free(tau);
    lsv_free(x);
    return status;
}

/* The same with LAPACK on one thread: its part is small. */
static lsv_status low_rank_small(const lsv_dense *A, rule rule_of, ptrdiff_t *rank, lsv_error *err) {
    int before = lsv_backend_serial();
    lsv_status status = low_rank(A, rule_of, SKETCH, rank, err);
    lsv_backend_serial_done(before);
    return status;
}

static lsv_status prove(const lsv_dense *A, rule rule_of, ptrdiff_t *rank, lsv_error *err) {
    ptrdiff_t small = lsv_min_size(A->m, A->n);
    if (A->norm == 0) {
        *rank = rule_of.absolute < 0 ? -1 : 0;
        return LSV_OK;
    }
    LSV_TRY(low_rank_small(A, rule_of, rank, err));
    if (*rank < 0) LSV_TRY(full_by_gram(A, rule_of, rank, err));
    for (ptrdiff_t b = 96; *rank < 0 && b <= small / 4; b *= 4) LSV_TRY(low_rank(A, rule_of, b, rank, err));
    if (*rank < 0) LSV_TRY(full_by_qr(A, rule_of, rank, err));
    return LSV_OK;
}

lsv_status lsv_rank_certified(const lsv_array *a, double absolute, double relative, ptrdiff_t *rank, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    lsv_dense A;
    LSV_TRY(lsv_dense_open(a, "svd", &A, err));
    *rank = -1;
    rule r = {ldexp(absolute, -A.exponent), relative,
              0.9 * (double)lsv_max_size(A.m, A.n) * lsv_mats_eps((lsv_dtype)a->dtype)};
    lsv_status status = prove(&A, r, rank, err);
    lsv_dense_close(&A);
    return status;
}
