/* Block Lanczos on A^T A, in full memory: the space spanned by X, A^T A X, (A^T A)^2 X, … for a random block X.

   Every new block is orthogonalised twice against the two blocks it is coupled to, against the rest of the space as
   often as is needed (lanczos.h), and turned into an orthonormal one by Householder's QR, so orthogonality
   does not rest on the block's condition. The projection T = V^T A^T A V is kept whole. Its leading eigenpairs (w, y) are the Ritz values; the
   part of A^T A V y outside the space is R y_last with R the coupling to the next block, so residuals
   are estimated at no cost, and the next look at them is put where their decay so far says they will have
   fallen far enough.

   The narrowest block needs the smallest space, and so the least work; wider ones read A fewer times, which pays for
   many triplets only.

   Two things can go wrong in a block method, and both are looked for. The block loses rank when the space
   has become invariant: lost columns are replaced by random ones, uncoupled, which go on searching
   where nothing has been found yet. And a singular value repeated more often than the block has columns
   yields only as many copies as that: where the leading Ritz values have a cluster as large as the block,
   random columns are added to it and the search goes on.

   Of a resident matrix V, X, Z and C lie on the device. H, R and T are the host's: a step moves a few blocks of b
   columns of coefficients. There a block is made orthonormal by Cholesky's factor of its Gram matrix, in products only. */
#include <float.h>
#include <math.h>
#include <string.h>
#include "array/mirror.h"
#include "base/progress.h"
#include "linalg/dense.h"
#include "linalg/lanczos.h"

enum { BLOCK_MOST = 48, SPACE_MOST = 2400 };

struct lsv_krylov {
    const lsv_dense *A;
    ptrdiff_t n, k;         /* length of a vector, triplets wanted      */
    ptrdiff_t b, before;    /* columns of the block, of the one before  */
    ptrdiff_t K, most;      /* size of the space, and where to give up  */
    ptrdiff_t cap, ldv;     /* columns V has room for                   */
    bool fresh;             /* the block has columns that are not coupled */
    double *V;              /* n x ldv, row-major                       */
    double *T;              /* most x most, column-major, upper         */
    double *X, *Z;          /* the block, and A^T A times it: n x b      */
    double *H;              /* most x BLOCK_MOST                         */
    double *R;              /* b x b column-major: Z = Q R               */
    double *C, *tau;        /* for the QR, column-major; or a spare block */
    double *w, *Y, *copy;   /* Ritz values and vectors, room for T       */
    double top;             /* largest diagonal entry of T, about s_1^2    */
    ptrdiff_t look; /* at the residuals, in a space of this size */
    lsv_outlook outlook;
    lsv_reorth reorth;
    int iterations;
    uint64_t random;
};

static lsv_status room(ptrdiff_t rows, ptrdiff_t cols, double **out, lsv_error *err) {
    void *x;
    LSV_TRY(lsv_mats_buffer(LSV_FLOAT64, rows, cols, &x, err));
    *out = x;
    return LSV_OK;
}

/* Orthonormal columns in place of Z (n x b, row-major), R beside it: Householder's way, on the host. */
static lsv_status householder(lsv_krylov *w, double *Z, double *R, lsv_error *err) {
    ptrdiff_t n = w->n, b = w->b, ld = n + 8;
    int info = 0;
    lsv_mats_copy(LSV_FLOAT64, n, b, Z, b, 1, w->C, ld);
    LSV_TRY(lsv_backend_for(LSV_BE_GEQRF, LSV_FLOAT64, n, b, 0)->geqrf(LSV_FLOAT64, n, b, w->C, ld, w->tau, &info, err));
    for (ptrdiff_t j = 0; j < b; j++)
        for (ptrdiff_t i = 0; i < b; i++) R[j * b + i] = i <= j ? w->C[j * ld + i] : 0;
    LSV_TRY(lsv_backend_for(LSV_BE_ORGQR, LSV_FLOAT64, n, b, b)->orgqr(LSV_FLOAT64, n, b, b, w->C, ld, w->tau, &info, err));
    lsv_mats_copy(LSV_FLOAT64, b, n, w->C, ld, 1, Z, b);
    return LSV_OK;
}

/* r = r2 r, upper b x b column-major. */
static void compose(ptrdiff_t b, const double *r2, double *r) {
    for (ptrdiff_t j = 0; j < b; j++)
        for (ptrdiff_t i = 0; i <= j; i++) {
            double sum = 0;
            for (ptrdiff_t k = i; k <= j; k++) sum += r2[k * b + i] * r[j * b + k];
            r[j * b + i] = sum;
        }
}

/* Upper R, column-major, with R^T R = G + shift I, and X = R^-1, row-major; b x b each. Returns the condition of R in the
   Frobenius norm, INFINITY where G is not positive. */
static double cholesky(ptrdiff_t b, const double *G, double shift, double *R, double *X) {
    double of_r = 0, of_x = 0;
    memset(R, 0, (size_t)(b * b) * sizeof *R);
    memset(X, 0, (size_t)(b * b) * sizeof *X);
    for (ptrdiff_t j = 0; j < b; j++)
        for (ptrdiff_t i = 0; i <= j; i++) {
            double x = G[i * b + j] + (i == j ? shift : 0);
            for (ptrdiff_t k = 0; k < i; k++) x -= R[i * b + k] * R[j * b + k];
            if (i == j && !(x > 0 && isfinite(x))) return INFINITY;
            R[j * b + i] = i == j ? sqrt(x) : x / R[i * b + i];
            of_r += R[j * b + i] * R[j * b + i];
        }
    for (ptrdiff_t j = 0; j < b; j++)
        for (ptrdiff_t i = j; i >= 0; i--) {
            double x = i == j;
            for (ptrdiff_t k = i + 1; k <= j; k++) x -= R[k * b + i] * X[k * b + j];
            X[i * b + j] = x / R[i * b + i];
            of_x += X[i * b + j] * X[i * b + j];
        }
    return sqrt(of_r) * sqrt(of_x);
}

/* Z = Q R on the device, as far as it goes: passes of Cholesky's QR, each of which divides *Z by a factor that R collects. Two are
   as good as Householder's reflections up to condition numbers of 1e7. Where the first factor has a larger one its Gram
   matrix is shifted and a third pass follows, which reaches to 1e12 (Fukaya et al., SIAM J. Sci. Comput. 42, 2020).
   *fine false: the rest is Householder's. */
static lsv_status by_cholesky(lsv_krylov *w, double **Z, double *R, bool *fine, lsv_error *err) {
    static const double worst = 1e7;
    ptrdiff_t n = w->n, b = w->b;
    double G[BLOCK_MOST * BLOCK_MOST], step[BLOCK_MOST * BLOCK_MOST], inverse[BLOCK_MOST * BLOCK_MOST];
    *fine = false;
    memset(R, 0, (size_t)(b * b) * sizeof *R);
    for (ptrdiff_t j = 0; j < b; j++) R[j * b + j] = 1;
    for (int pass = 0, last = 1; pass <= last; pass++) {
        LSV_TRY(lsv_thin_transposed(n, b, b, *Z, b, *Z, b, G, b, err));
        double trace = 0;
        for (ptrdiff_t j = 0; j < b; j++) trace += G[j * b + j];
        if (!(cholesky(b, G, 0, step, inverse) < worst)) {
            double shift = 11 * (double)(n + b) * DBL_EPSILON * trace;
            if (pass > 0 || !isfinite(cholesky(b, G, shift, step, inverse))) return LSV_OK;
            last = 2;
        }
        LSV_TRY(lsv_thin_times(n, b, b, *Z, b, inverse, b, false, w->C, b, err));
        double *z = *Z;
        *Z = w->C, w->C = z;
        compose(b, step, R);
    }
    *fine = true;
    return LSV_OK;
}

static size_t block_bytes(const lsv_krylov *w) { return (size_t)(w->n * w->b) * sizeof(double); }

/* Orthonormal columns in place of *Z (n x b, row-major), R beside it. */
static lsv_status orthonormal(lsv_krylov *w, double **Z, double *R, lsv_error *err) {
    double step[BLOCK_MOST * BLOCK_MOST];
    bool fine;
    if (!w->A->resident) return householder(w, *Z, R, err);
    LSV_TRY(by_cholesky(w, Z, R, &fine, err));
    if (fine) return LSV_OK;
    LSV_TRY(lsv_scratch_read(*Z, err));
    lsv_scratch_end(w->C); /* the host's for a while */
    lsv_status status = householder(w, *Z, step, err);
    if (status == LSV_OK && !lsv_scratch_begin(w->C, block_bytes(w))) status = LSV_ENOTIMPL;
    lsv_scratch_written(*Z);
    if (status == LSV_OK) compose(w->b, step, R);
    return status;
}

/* Z -= V[:, from..K) (V[:, from..K)^T Z); the coefficients are added to the columns of T when `keep`. */
static lsv_status project_out(lsv_krylov *w, ptrdiff_t from, double *Z, bool keep, lsv_error *err) {
    ptrdiff_t count = w->K - from, b = w->b;
    LSV_TRY(lsv_thin_transposed(w->n, count, b, w->V + from, w->ldv, Z, b, w->H, b, err));
    for (ptrdiff_t i = 0; i < count; i++)
        for (ptrdiff_t j = 0; j < b; j++) {
            double *h = &w->H[i * b + j];
            if (keep) w->T[(w->K - b + j) * w->most + from + i] += *h;
            *h = -*h;
        }
    return lsv_thin_times(w->n, count, b, w->V + from, w->ldv, w->H, b, true, Z, b, err);
}

/* Columns that the space has swallowed are replaced by random ones. */
static lsv_status lost_columns(lsv_krylov *w, lsv_error *err) {
    ptrdiff_t b = w->b;
    double column[1];
    for (ptrdiff_t j = 0; j < b; j++) {
        if (fabs(w->R[j * b + j]) > 1e-14 * w->top) continue;
        if (!w->fresh) LSV_TRY(lsv_scratch_read(w->Z, err));
        w->fresh = true;
        for (ptrdiff_t i = j; i < b; i++) w->R[i * b + j] = 0;
        for (ptrdiff_t i = 0; i < w->n; i++) {
            lsv_gauss_fill(&w->random, column, 1);
            w->Z[i * b + j] = column[0];
        }
    }
    if (w->fresh) lsv_scratch_written(w->Z);
    return LSV_OK;
}

/* Z becomes the next block. What rounding has left of the space in a column that was all but a combination of
   the others grows as the column is scaled up, and is taken out again. */
static lsv_status next_block(lsv_krylov *w, lsv_error *err) {
    ptrdiff_t b = w->b;
    double again[BLOCK_MOST * BLOCK_MOST];
    LSV_TRY(orthonormal(w, &w->Z, w->R, err));
    double least = INFINITY, most = 0;
    for (ptrdiff_t j = 0; j < b; j++) {
        least = fmin(least, fabs(w->R[j * b + j]));
        most = fmax(most, fabs(w->R[j * b + j]));
    }
    w->fresh = false;
    if (least > 0.03 * most && least > 1e-8 * w->top) return LSV_OK;
    LSV_TRY(lost_columns(w, err));
    for (int pass = 0; pass < 2; pass++) {
        LSV_TRY(project_out(w, 0, w->Z, false, err));
        LSV_TRY(orthonormal(w, &w->Z, again, err));
        compose(b, again, w->R);
    }
    return LSV_OK;
}

/* Room for b more columns in V. */
static lsv_status widen(lsv_krylov *w, lsv_error *err) {
    if (w->K + w->b <= w->cap) return LSV_OK;
    ptrdiff_t cap = lsv_min_size(lsv_max_size(2 * w->cap, w->K + w->b), w->most + BLOCK_MOST);
    ptrdiff_t ldv = lsv_mats_ld(lsv_pad8(cap), LSV_FLOAT64);
    double *V;
    LSV_TRY(lsv_dense_room(w->A, w->n, ldv, &V, err));
    lsv_status status = w->K ? lsv_thin_copy(w->n, w->K, w->V, w->ldv, V, ldv, err) : LSV_OK;
    lsv_dense_give(status == LSV_OK ? w->V : V);
    if (status == LSV_OK) w->V = V, w->cap = cap, w->ldv = ldv;
    return status;
}

static lsv_status step(lsv_krylov *w, lsv_error *err) {
    ptrdiff_t b = w->b;
    LSV_TRY(lsv_poll(err));
    LSV_TRY(widen(w, err));
    LSV_TRY(lsv_dense_gram(w->A, b, w->X, b, w->Z, b, err));
    LSV_TRY(lsv_poll(err));
    LSV_TRY(lsv_thin_copy(w->n, b, w->X, b, w->V + w->K, w->ldv, err));
    w->K += b;
    w->iterations++;
    for (ptrdiff_t j = 0; j < b; j++) memset(w->T + (w->K - b + j) * w->most, 0, (size_t)w->most * sizeof *w->T);
    if (w->fresh) lsv_reorth_begin(&w->reorth);
    bool whole = lsv_reorth_whole(&w->reorth);
    ptrdiff_t from = w->fresh ? 0 : lsv_max_size(w->K - b - w->before, 0);
    LSV_TRY(project_out(w, from, w->Z, true, err));
    LSV_TRY(project_out(w, whole ? 0 : from, w->Z, true, err));
    double crept_in = 0, least = INFINITY;
    for (ptrdiff_t i = 0; whole && i < from * b; i++) crept_in = fmax(crept_in, fabs(w->H[i]));
    for (ptrdiff_t j = w->K - b; j < w->K; j++) w->top = fmax(w->top, w->T[j * w->most + j]);
    LSV_TRY(lsv_poll(err));
    LSV_TRY(next_block(w, err));
    for (ptrdiff_t j = 0; j < b; j++) least = fmin(least, fabs(w->R[j * b + j]));
    lsv_reorth_done(&w->reorth, w->K, crept_in > 0 ? crept_in / least : 0);
    double *x = w->X;
    w->X = w->Z, w->Z = x;
    w->before = b;
    return LSV_OK;
}

/* The blocks of a resident matrix lie on the device, b columns of each. */
static lsv_status place(lsv_krylov *w, lsv_error *err) {
    double *blocks[] = {w->X, w->Z, w->C};
    for (int i = 0; i < 3 && w->A->resident; i++) {
        lsv_scratch_end(blocks[i]);
        if (!lsv_scratch_begin(blocks[i], block_bytes(w))) return lsv_fail(err, LSV_ENOTIMPL, "no scratch on the GPU");
    }
    return LSV_OK;
}

/* The block gets 8 random columns more, orthogonal to the space and to its others. */
static lsv_status grow(lsv_krylov *w, lsv_error *err) {
    ptrdiff_t b = w->b, wide = b + 8;
    double scratch[BLOCK_MOST * BLOCK_MOST];
    LSV_TRY(lsv_scratch_read(w->X, err));
    lsv_gauss_fill(&w->random, w->Z, w->n * wide);
    for (ptrdiff_t i = 0; i < w->n; i++) memcpy(w->Z + i * wide, w->X + i * b, (size_t)b * sizeof *w->X);
    w->b = wide;
    LSV_TRY(place(w, err));
    lsv_scratch_written(w->Z);
    for (int pass = 0; pass < 2; pass++) {
        LSV_TRY(project_out(w, 0, w->Z, false, err));
        LSV_TRY(orthonormal(w, &w->Z, scratch, err));
    }
    /* the new columns are not coupled; signs that the QR flipped do not matter, R serving for norms only */
    double r[BLOCK_MOST * BLOCK_MOST];
    memcpy(r, w->R, (size_t)(b * b) * sizeof *r);
    memset(w->R, 0, (size_t)(wide * wide) * sizeof *r);
    for (ptrdiff_t j = 0; j < b; j++)
        for (ptrdiff_t i = 0; i <= j; i++) w->R[j * wide + i] = r[j * b + i];
    double *x = w->X;
    w->X = w->Z, w->Z = x;
    w->fresh = true;
    return LSV_OK;
}

/* Ritz pairs of the space as it is: w ascending, Y beside it, `count` of them. */
static lsv_status ritz(lsv_krylov *w, ptrdiff_t count, lsv_error *err) {
    int info = 0;
    for (ptrdiff_t j = 0; j < w->K; j++)
        memcpy(w->copy + j * w->K, w->T + j * w->most, (size_t)(j + 1) * sizeof *w->T);
    LSV_TRY(lsv_backend_for(LSV_BE_SYEVR, LSV_FLOAT64, w->K, count, 0)
                ->syevr(LSV_FLOAT64, w->K, count, w->copy, w->K, w->w, w->Y, w->K, &info, err));
    return info == 0 ? LSV_OK : lsv_fail(err, LSV_ELINALG, "SVD did not converge");
}

/* The largest estimated residual of the k leading pairs, relative to s_1: |R y_last| / (s s_1). The last block
   that T has is `before` columns wide, and R has as many. */
static double worst_residual(const lsv_krylov *w) {
    double s1 = sqrt(fmax(w->w[w->k - 1], 0)), worst = 0;
    ptrdiff_t b = w->before, wide = w->b;
    if (s1 == 0) return 0;
    for (ptrdiff_t q = 0; q < w->k; q++) {
        const double *y = w->Y + q * w->K + w->K - b;
        double sum = 0;
        for (ptrdiff_t i = 0; i < b; i++) {
            double t = 0;
            for (ptrdiff_t j = i; j < b; j++) t += w->R[j * wide + i] * y[j];
            sum += t * t;
        }
        double s = fmax(sqrt(fmax(w->w[q], 0)), 1e-6 * s1);
        worst = fmax(worst, sqrt(sum) / s / s1);
    }
    return worst;
}

/* The most of the k leading Ritz values that agree to rounding: a set that may have more members than found. */
static ptrdiff_t largest_cluster(const lsv_krylov *w) {
    ptrdiff_t most = 1, run = 1;
    double top = w->w[w->k - 1];
    for (ptrdiff_t q = 1; q < w->k; q++) {
        run = w->w[q] - w->w[q - 1] <= 1e-11 * top && w->w[q] > 1e-13 * top ? run + 1 : 1;
        if (run > most) most = run;
    }
    return most;
}

/* What a look costs, about 10^-7 K^2 seconds, in columns of the space. On a device a step takes half a millisecond at least. */
static double cost_of_look(const lsv_krylov *w) {
    double K = (double)w->K, entries = (double)w->A->m * (double)w->n;
    return w->A->resident ? 0.004 * K * K / (1 + 1e-8 * entries) : 1000 * K * K / entries;
}

/* Where to look next: a little before the residuals would be small enough, or, where a look costs more than a few steps,
   a little after. Once there, looks are as far apart as balances their cost with that of steps too many. */
static void plan(lsv_krylov *w, double worst, double tol) {
    double K = (double)w->K, share = w->outlook.worst == 0 ? 1 : w->outlook.rate == 0 ? 0.65 : 0.9;
    double look = cost_of_look(w), ahead = lsv_outlook_ahead(&w->outlook, K, worst, tol);
    ahead = fmin(share * ahead + fmin(0.25 * ahead, 0.25 * look), 0.5 * K);
    w->look = w->K + lsv_max_size((ptrdiff_t)fmax(ahead, fmin(K / 10, look)), w->b);
}

/* Of what is left to do, more than the full decomposition would be: not at this rate of decay. */
static bool hopeless(const lsv_krylov *w) { return w->look > w->most && w->K > w->most / 2; }

/* The first block, random; what was there is forgotten. */
static lsv_status begin(lsv_krylov *w, lsv_error *err) {
    w->K = 0;
    w->before = w->b;
    w->fresh = true;
    lsv_reorth_begin(&w->reorth);
    w->look = (w->k + w->b - 1) / w->b * w->b + w->b;
    w->outlook = (lsv_outlook){.K = (double)w->k};
    LSV_TRY(place(w, err));
    if (w->A->resident) lsv_even_fill(&w->random, w->X, w->n * w->b); /* the device would wait for better ones */
    else lsv_gauss_fill(&w->random, w->X, w->n * w->b);
    lsv_scratch_written(w->X);
    return orthonormal(w, &w->X, w->R, err);
}

lsv_status lsv_krylov_run(lsv_krylov *w, double tol, bool *reached, lsv_error *err) {
    *reached = false;
    for (;;) {
        if (w->reorth.spoiled) LSV_TRY(begin(w, err));
        bool last = w->K + w->b > w->most;
        if (w->K >= w->look || last) {
            LSV_TRY(ritz(w, w->k, err));
            double worst = worst_residual(w);
            lsv_progress_step("truncated svd", w->iterations, -1, worst, tol);
            if (worst <= tol) {
                if (largest_cluster(w) < w->before) {
                    *reached = true;
                    return LSV_OK;
                }
                if (w->b + 8 > BLOCK_MOST || w->K + w->b + 8 > w->most) return LSV_OK;
                LSV_TRY(grow(w, err));
                w->look = w->K + 3 * w->b, w->outlook = (lsv_outlook){0};
            } else {
                plan(w, worst, tol);
                if (last || hopeless(w)) return LSV_OK;
            }
        }
        LSV_TRY(step(w, err));
    }
}

lsv_status lsv_krylov_vectors(lsv_krylov *w, double *v, lsv_error *err) {
    ptrdiff_t ld = lsv_pad8(w->k);
    double *y;
    LSV_TRY(lsv_thin_new(w->K, w->k, &y, err));
    for (ptrdiff_t q = 0; q < w->k; q++)
        for (ptrdiff_t i = 0; i < w->K; i++) y[i * ld + q] = w->Y[(w->k - 1 - q) * w->K + i];
    lsv_status status = lsv_thin_times(w->n, w->K, ld, w->V, w->ldv, y, ld, false, v, ld, err);
    lsv_free(y);
    return status;
}

lsv_status lsv_krylov_new(const lsv_dense *A, ptrdiff_t k, uint64_t seed, lsv_krylov **out, lsv_error *err) {
    lsv_krylov *w = lsv_calloc(1, sizeof *w);
    if (!w) return lsv_no_memory(err, sizeof *w);
    ptrdiff_t small = lsv_min_size(A->m, A->n);
    *w = (lsv_krylov){.A = A, .n = A->n, .k = k, .b = k <= 32 ? 8 : 16, .random = seed};
    w->most = lsv_min_size(lsv_max_size(3 * small / 4, 4 * k), lsv_min_size(SPACE_MOST, small - BLOCK_MOST));
    ptrdiff_t most = w->most;
    lsv_status status = room(w->n + 8, BLOCK_MOST, &w->X, err); /* the three change places */
    if (status == LSV_OK) status = room(w->n + 8, BLOCK_MOST, &w->Z, err);
    if (status == LSV_OK) status = room(w->n + 8, BLOCK_MOST, &w->C, err);
    if (status == LSV_OK) status = room(BLOCK_MOST, BLOCK_MOST + 1, &w->R, err);
    if (status == LSV_OK) status = room(most, most, &w->T, err);
    if (status == LSV_OK) status = room(most, most, &w->copy, err);
    if (status == LSV_OK) status = room(most, BLOCK_MOST, &w->H, err);
    if (status == LSV_OK) status = room(most, 1, &w->w, err);
    if (status == LSV_OK) status = room(most, k, &w->Y, err);
    if (status == LSV_OK) {
        w->tau = w->R + BLOCK_MOST * BLOCK_MOST;
        w->cap = lsv_min_size(128, most);
        w->ldv = lsv_mats_ld(lsv_pad8(w->cap), LSV_FLOAT64);
        status = lsv_dense_room(A, w->n, w->ldv, &w->V, err);
    }
    if (status == LSV_OK) status = begin(w, err);
    if (status == LSV_OK) *out = w;
    else lsv_krylov_free(w);
    return status;
}

int lsv_krylov_iterations(const lsv_krylov *w) { return w->iterations; }
ptrdiff_t lsv_krylov_block(const lsv_krylov *w) { return w->before; }

void lsv_krylov_free(lsv_krylov *w) {
    if (!w) return;
    double *all[] = {w->V, w->T, w->X, w->Z, w->H, w->R, w->C, w->w, w->Y, w->copy};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) lsv_dense_give(all[i]);
    lsv_free(w);
}
