/* The top triplet and the adjoint system from one block Krylov space of A^T A.

   In the complement of v the system is (s^2 I - A^T A) q = s psi + A^T phi =: c, p = (phi + A q)/s. Block
   Lanczos on A^T A with the start [psi, A^T phi, six random columns] has c in its first block, so one space
   gives the top Ritz pair and the Galerkin solution of the system, both with residuals that cost nothing:
   those of the last block. A is read once per step. The projected matrix is banded and its problems are
   solved in that form at every look (svdgrad_band.c).

   The sides change places when m < n (A is then transposed). Every new block is orthogonalised twice against its
   two neighbours, and against all as often as is needed (linalg/lanczos.h); a block that came out dependent is completed with random directions.
   What is returned was verified by products with A: the residuals are those of the vectors themselves. */
#include <string.h>
#include "base/progress.h"
#include "grad/svdgrad_band.h"
#include "grad/svdgrad_work.h"
#include "linalg/lanczos.h"

enum { W = LSV_BAND, FIRST = 96, MOST = 1400, SMALLEST = 64 };

typedef struct {
    lsv_sg *w;
    ptrdiff_t m, n; /* rows and columns of B, n <= m */
    const double *B;
    double *turned;      /* A^T where m < n */
    const double *f, *g; /* the longer and the shorter cotangent */
    double *c0;          /* B^T f */
    double *V;           /* n x room, row-major: the blocks so far */
    ptrdiff_t room, K, limit;
    double *block;                 /* what follows */
    double *X, *Z, *Q, *Y;         /* n x 8: this block, the next, a spare; and of m x 8 */
    double *H;                     /* limit x 8 */
    double first[W * W], R[W * W]; /* of the start block and of the newest, row-major, upper triangular */
    double scale[2];               /* norms of the first two start columns */
    lsv_band band;
    double *T, *y, *z, *c; /* the band; Ritz vector, solution, right-hand side: limit */
    lsv_reorth reorth;
    double theta;
    uint64_t seed;
} krylov;

static const lsv_dtype D = LSV_FLOAT64;

/* Room for basis vectors, not set. */
static double *columns(ptrdiff_t n, ptrdiff_t room, lsv_error *err) {
    void *V;
    return lsv_mats_buffer(D, n, room, &V, err) == LSV_OK ? V : NULL;
}

static lsv_status krylov_new(lsv_sg *w, krylov *k, lsv_error *err) {
    bool turn = w->m < w->n;
    *k = (krylov){.w = w,
                  .m = turn ? w->n : w->m,
                  .n = turn ? w->m : w->n,
                  .B = w->A,
                  .f = turn ? w->psi : w->phi,
                  .g = turn ? w->phi : w->psi,
                  .seed = 7};
    k->limit = lsv_min_size(k->n, MOST) / W * W;
    k->room = lsv_min_size(k->limit, 256) + W;
    ptrdiff_t L = k->limit;
    k->V = columns(k->n, k->room, err);
    k->block =
        k->V ? lsv_sg_vector(
                   1, 3 * k->n * W + lsv_max_size(k->m, k->n) * W + k->n + L * (W + 2 * LSV_BAND_LD + 4), err)
             : NULL;
    if (!k->block) return LSV_ENOMEM;
    k->X = k->block;
    k->Z = k->X + k->n * W, k->Q = k->Z + k->n * W, k->c0 = k->Q + k->n * W, k->Y = k->c0 + k->n,
    k->H = k->Y + lsv_max_size(k->m, k->n) * W;
    k->T = k->H + L * W, k->y = k->T + L * LSV_BAND_LD, k->z = k->y + L, k->c = k->z + L;
    k->band = (lsv_band){.T = k->T, .L = k->c + L, .t = k->c + L + L * LSV_BAND_LD};
    if (!turn) return LSV_OK;
    k->turned = lsv_sg_vector(w->m, w->n, err);
    if (!k->turned) return LSV_ENOMEM;
    for (ptrdiff_t i0 = 0; i0 < w->m; i0 += 32) /* in tiles, which both sides keep in cache */
        for (ptrdiff_t j0 = 0; j0 < w->n; j0 += 32)
            for (ptrdiff_t i = i0; i < w->m && i < i0 + 32; i++)
                for (ptrdiff_t j = j0; j < w->n && j < j0 + 32; j++)
                    k->turned[j * w->m + i] = w->A[i * w->n + j];
    k->B = k->turned;
    return LSV_OK;
}

static void krylov_free(krylov *k) {
    lsv_free(k->V);
    lsv_free(k->block);
    lsv_free(k->turned);
}

static lsv_status grow(krylov *k, lsv_error *err) {
    if (k->K + W <= k->room) return LSV_OK;
    ptrdiff_t room = lsv_min_size(2 * k->room, k->limit + W);
    double *V = columns(k->n, room, err);
    if (!V) return LSV_ENOMEM;
    for (ptrdiff_t i = 0; i < k->n; i++) memcpy(V + i * room, k->V + i * k->room, (size_t)k->K * sizeof *V);
    lsv_free(k->V);
    k->V = V;
    k->room = room;
    return LSV_OK;
}

/* H = V^T Z over the basis vectors from..K, Z -= V H. */
static lsv_status away(krylov *k, ptrdiff_t from, double *Z, lsv_error *err) {
    ptrdiff_t count = k->K - from;
    if (count == 0) return LSV_OK;
    LSV_TRY(lsv_backend_for(LSV_BE_PANEL_T, D, k->n, count, W)
                ->panel_t(D, k->n, count, W, k->V + from, k->room, Z, W, k->H, W, err));
    for (ptrdiff_t i = 0; i < count * W; i++) k->H[i] = -k->H[i];
    return lsv_backend_for(LSV_BE_PANEL, D, k->n, count, W)
        ->panel(D, k->n, count, W, k->V + from, k->room, k->H, W, true, Z, W, err);
}

/* ---- Z = Q R for a block of 8 columns ---- */

/* Upper R (row-major) with R^T R = G. The least pivot over the largest. */
static double cholesky8(const double *G, double *R) {
    double least = (double)INFINITY, most = 0;
    memset(R, 0, W * W * sizeof *R);
    for (int j = 0; j < W; j++) {
        for (int i = 0; i <= j; i++) {
            double x = G[i * W + j];
            for (int l = 0; l < i; l++) x -= R[l * W + i] * R[l * W + j];
            if (i < j) R[i * W + j] = x / R[i * W + i];
            else if (!(x > 0)) return 0;
            else R[j * W + j] = sqrt(x);
        }
        least = fmin(least, R[j * W + j]);
        most = fmax(most, R[j * W + j]);
    }
    return least / most;
}

static void invert8(const double *R, double *I) {
    memset(I, 0, W * W * sizeof *I);
    for (int j = 0; j < W; j++) {
        I[j * W + j] = 1 / R[j * W + j];
        for (int i = j - 1; i >= 0; i--) {
            double x = 0;
            for (int l = i + 1; l <= j; l++) x -= R[i * W + l] * I[l * W + j];
            I[i * W + j] = x / R[i * W + i];
        }
    }
}

static void product8(const double *A, const double *B, double *C) {
    for (int i = 0; i < W; i++)
        for (int j = 0; j < W; j++) {
            double x = 0;
            for (int l = 0; l < W; l++) x += A[i * W + l] * B[l * W + j];
            C[i * W + j] = x;
        }
}

/* Column by column, for a block that is (nearly) dependent: what is left of a column below `floor` counts as
   nothing and a random direction takes its place. */
static lsv_status gram_schmidt(krylov *k, double *Z, double *R, double floor, lsv_error *err) {
    memset(R, 0, W * W * sizeof *R);
    lsv_reorth_begin(&k->reorth);
    for (int j = 0; j < W; j++)
        for (int try = 0; try < 3; try++) {
            for (int pass = 0; pass < 3; pass++) {
                for (int i = 0; i < j; i++) {
                    double x = 0;
                    for (ptrdiff_t r = 0; r < k->n; r++) x += Z[r * W + i] * Z[r * W + j];
                    for (ptrdiff_t r = 0; r < k->n; r++) Z[r * W + j] -= x * Z[r * W + i];
                    if (try == 0) R[i * W + j] += x;
                }
                if (pass == 1) LSV_TRY(away(k, 0, Z, err)); /* what was small may point back */
            }
            double norm = 0;
            for (ptrdiff_t r = 0; r < k->n; r++) norm += Z[r * W + j] * Z[r * W + j];
            norm = sqrt(norm);
            if (try == 0 && norm > floor) R[j * W + j] = norm;
            if (norm > (try == 0 ? floor : 1e-8)) {
                for (ptrdiff_t r = 0; r < k->n; r++) Z[r * W + j] /= norm;
                break;
            }
            for (ptrdiff_t r = 0; r < k->n; r++) Z[r * W + j] = try == 2 ? 0 : lsv_sg_random(&k->seed);
        }
    return LSV_OK;
}

/* Twice Cholesky of the Gram matrix, which leaves Q orthonormal to rounding as long as the condition is not
 * large. */
static lsv_status orthonormal(krylov *k, double *Z, double *R, double floor, lsv_error *err) {
    double G[W * W], step[W * W], inverse[W * W], total[W * W];
    double *Q = k->Q;
    for (int pass = 0; pass < 2; pass++) {
        LSV_TRY(
            lsv_backend_for(LSV_BE_PANEL_T, D, k->n, W, W)->panel_t(D, k->n, W, W, Z, W, Z, W, G, W, err));
        double least = cholesky8(G, step);
        if (pass == 0 && (least < 1e-6 || step[0] < floor || step[0] * least < floor))
            return gram_schmidt(k, Z, R, floor, err);
        invert8(step, inverse);
        LSV_TRY(lsv_backend_for(LSV_BE_PANEL, D, k->n, W, W)
                    ->panel(D, k->n, W, W, Z, W, inverse, W, false, Q, W, err));
        memcpy(Z, Q, (size_t)(k->n * W) * sizeof *Z);
        if (pass == 0) memcpy(total, step, sizeof total);
    }
    product8(step, total, R);
    return LSV_OK;
}

/* ---- the space ---- */

static lsv_status begin(krylov *k, lsv_error *err) {
    ptrdiff_t n = k->n;
    k->K = 0;
    k->theta = 0;
    lsv_reorth_begin(&k->reorth);
    LSV_TRY(lsv_sg_times(k->B, k->m, n, true, k->f, k->c0, err));
    const double *columns[2] = {k->g, k->c0};
    for (int j = 0; j < W; j++) {
        double norm = j < 2 ? lsv_sg_norm(n, columns[j]) : 0;
        if (j < 2) k->scale[j] = norm;
        for (ptrdiff_t i = 0; i < n; i++)
            k->X[i * W + j] = norm > 0 ? columns[j][i] / norm : lsv_sg_random(&k->seed) / sqrt((double)n / 3);
    }
    LSV_TRY(orthonormal(k, k->X, k->first, 1e-13, err));
    for (ptrdiff_t i = 0; i < k->limit; i++) k->y[i] = i < W ? lsv_sg_random(&k->seed) : 0;
    return LSV_OK;
}

/* One block: Z = B^T B X, orthogonalised; a column block of T; R couples the next. */
static lsv_status step(krylov *k, lsv_error *err) {
    ptrdiff_t n = k->n, from = lsv_max_size(0, k->K - W), at = k->K;
    LSV_TRY(grow(k, err));
    LSV_TRY(lsv_backend_for(LSV_BE_PANEL_GRAM, D, k->m, n, W)
                ->panel_gram(D, k->m, n, W, k->B, n, k->X, W, k->Z, W, err));
    for (ptrdiff_t i = 0; i < n; i++) memcpy(k->V + i * k->room + at, k->X + i * W, W * sizeof(double));
    k->K += W;
    k->w->products++;
    LSV_TRY(away(k, from, k->Z, err));
    const double *own = k->H + (at - from) * W; /* rows of -H that belong to this block */
    for (int j = 0; j < W; j++)
        for (int i = j; i < W; i++)
            k->T[(at + j) * LSV_BAND_LD + i - j] = -(own[i * W + j] + own[j * W + i]) / 2;
    bool whole = lsv_reorth_whole(&k->reorth);
    double crept_in = 0, least = (double)INFINITY;
    LSV_TRY(away(k, whole ? 0 : from, k->Z, err));
    for (ptrdiff_t i = 0; whole && i < from * W; i++) crept_in = fmax(crept_in, fabs(k->H[i]));
    LSV_TRY(orthonormal(k, k->Z, k->R, 0x1p-50 * fmax(k->theta, fabs(k->T[0])), err));
    for (int j = 0; j < W; j++) least = fmin(least, fabs(k->R[j * W + j]));
    lsv_reorth_done(&k->reorth, k->K, crept_in > 0 ? crept_in / least : 0);
    for (int j = 0; j < W; j++) /* T(at + 8 + r, at + c) = R[r][c], r <= c */
        for (int r = 0; r <= j; r++) k->T[(at + j) * LSV_BAND_LD + W + r - j] = k->R[r * W + j];
    double *t = k->X;
    k->X = k->Z;
    k->Z = t;
    return LSV_OK;
}

/* |R x_last| */
static double tail(const krylov *k, const double *x) {
    double sum = 0;
    for (int i = 0; i < W; i++) {
        double t = 0;
        for (int j = i; j < W; j++) t += k->R[i * W + j] * x[k->K - W + j];
        sum += t * t;
    }
    return sqrt(sum);
}

/* The top pair and the solution in the space so far; the larger of their relative residuals. */
static double look(krylov *k) {
    k->band.n = k->K;
    k->theta = lsv_band_top(&k->band, k->y);
    double pair = tail(k, k->y) / k->theta, s = sqrt(k->theta);
    if (!k->w->uv) return pair;
    memset(k->c, 0, (size_t)k->K * sizeof *k->c);
    for (int i = 0; i < 2; i++)
        k->c[i] = s * k->scale[0] * (i == 0 ? k->first[0] : 0) + k->scale[1] * k->first[i * W + 1];
    lsv_band_adjoint(&k->band, k->theta, k->y, k->c, k->z);
    double c = lsv_sg_norm(k->K, k->c);
    return c > 0 ? fmax(pair, tail(k, k->z) / c) : pair;
}

/* The second eigenvalue of the band: the top one of what is left without y (inverse iteration there). */
static double second(krylov *k) {
    lsv_band *b = &k->band;
    double *x = k->c, theta2 = 0, *r = b->t;
    for (ptrdiff_t i = 0; i < k->K; i++) x[i] = lsv_sg_random(&k->seed);
    lsv_sg_project(k->K, k->y, x);
    double above = 1e-12 * k->theta;
    while (!lsv_band_factor(b, k->theta + above)) above *= 4;
    for (int it = 0; it < 60; it++) {
        lsv_sg_scale(k->K, 1 / lsv_sg_norm(k->K, x), x);
        lsv_band_times(b, x, r);
        double next = lsv_sg_dot(k->K, x, r);
        if (it > 3 && fabs(next - theta2) <= 1e-4 * fabs(k->theta - next)) return fmax(next, theta2);
        theta2 = next;
        lsv_band_solve(b, x);
        lsv_sg_project(k->K, k->y, x);
    }
    return theta2;
}

/* Take a look now, or extrapolate from the last ones when it will pay. */
static lsv_status run(krylov *k, bool *done, lsv_error *err) {
    ptrdiff_t next = lsv_min_size(FIRST, k->limit);
    lsv_outlook outlook = {0};
    double best = (double)INFINITY;
    int stalls = 0;
    LSV_TRY(begin(k, err));
    *done = false;
    for (;;) {
        LSV_TRY(lsv_poll(err));
        if (k->reorth.spoiled) {
            next = lsv_min_size(FIRST, k->limit), best = (double)INFINITY, stalls = 0;
            outlook = (lsv_outlook){0};
            LSV_TRY(begin(k, err));
        }
        LSV_TRY(step(k, err));
        double newest = 0;
        for (int i = 0; i < W * W; i++) newest = fmax(newest, fabs(k->R[i]));
        bool whole = k->K + W > k->limit, exhausted = k->theta > 0 && newest <= 0x1p-49 * k->theta;
        if (k->K < next && !whole && !exhausted) continue;
        double mx = look(k);
        lsv_progress_step("svdgrad: Krylov space", (long)k->K, (long)k->limit, mx, -1);
        /* the error of G is at most about residual / gap, and in practice far below; 2e-15 is what rounding
         * allows */
        double gap = 1 - sqrt(fmin(1, second(k) / k->theta)), goal = isnan(k->w->tol) ? 2e-11 : k->w->tol / 4;
        goal = fmin(fmax(goal * gap, 2e-15), 1e-12);
        stalls = mx < 0.7 * best ? 0 : stalls + 1;
        best = fmin(best, mx);
        if (mx <= goal || (stalls >= 3 && mx < 1e-12)) {
            *done = true;
            return LSV_OK;
        }
        if (whole) return LSV_OK;
        bool told = outlook.worst > 0;
        double ahead = lsv_outlook_ahead(&outlook, (double)k->K, mx, goal);
        /* a dense decomposition would be cheaper than what is left */
        if (told && mx < 1e-3 && (double)k->K + ahead > 2.0 * (double)k->limit) return LSV_OK;
        next = k->K + lsv_max_size(W, (ptrdiff_t)fmin(0.9 * ahead, 0.5 * (double)k->K));
    }
}

/* From coordinates to vectors: v = V y, q = V z; then u, p, and the residuals of all four. */
static lsv_status vectors(krylov *k, lsv_error *err) {
    lsv_sg *w = k->w;
    bool turn = k->turned != NULL;
    ptrdiff_t m = k->m, n = k->n;
    double *u = turn ? w->v : w->u, *v = turn ? w->u : w->v, *p = turn ? w->q : w->p, *q = turn ? w->p : w->q;
    for (ptrdiff_t i = 0; i < k->K; i++)
        for (int j = 0; j < W; j++) k->H[i * W + j] = j == 0 ? k->y[i] : j == 1 && w->uv ? k->z[i] : 0;
    LSV_TRY(lsv_backend_for(LSV_BE_PANEL, D, n, k->K, W)
                ->panel(D, n, k->K, W, k->V, k->room, k->H, W, false, k->Z, W, err));
    for (ptrdiff_t i = 0; i < n; i++) v[i] = k->Z[i * W], q[i] = k->Z[i * W + 1];
    lsv_sg_scale(n, 1 / lsv_sg_norm(n, v), v);
    lsv_sg_project(n, v, q);
    for (ptrdiff_t i = 0; i < n; i++) k->Z[i * W] = v[i], k->Z[i * W + 1] = q[i];
    LSV_TRY(
        lsv_backend_for(LSV_BE_PANEL, D, m, n, W)->panel(D, m, n, W, k->B, n, k->Z, W, false, k->Y, W, err));
    for (ptrdiff_t i = 0; i < m; i++) u[i] = k->Y[i * W];
    w->s = w->s1 = lsv_sg_norm(m, u);
    lsv_sg_scale(m, 1 / w->s, u);
    double along = lsv_sg_dot(m, u, k->f), away_g = lsv_sg_dot(n, v, k->g), r = 0, rho = 0;
    for (ptrdiff_t i = 0; i < m; i++) p[i] = w->uv ? (k->f[i] - along * u[i] + k->Y[i * W + 1]) / w->s : 0;
    lsv_sg_project(m, u, p);
    for (ptrdiff_t i = 0; i < m; i++) { /* s p - B q = f without u, up to what the projection took */
        double d = w->uv ? w->s * p[i] - k->Y[i * W + 1] - (k->f[i] - along * u[i]) : 0;
        rho += d * d;
        k->Y[i * W] = u[i], k->Y[i * W + 1] = p[i];
    }
    LSV_TRY(lsv_backend_for(LSV_BE_PANEL_T, D, m, n, W)->panel_t(D, m, n, W, k->B, n, k->Y, W, k->Z, W, err));
    for (ptrdiff_t i = 0; i < n; i++) {
        double d = k->Z[i * W] - w->s * v[i],
               e = w->uv ? w->s * q[i] - k->Z[i * W + 1] - (k->g[i] - away_g * v[i]) : 0;
        r += d * d, rho += e * e;
    }
    w->residual = sqrt(r), w->rho = sqrt(rho);
    w->products += 2;
    return LSV_OK;
}

lsv_status lsv_sg_krylov(lsv_sg *w, bool *settled, lsv_error *err) {
    krylov k = {0};
    if (w->i > 0 || w->k < SMALLEST) return lsv_sg_iterative(w, settled, err);
    lsv_status status = krylov_new(w, &k, err);
    int threads = lsv_backend_serial();
    if (status == LSV_OK) status = run(&k, settled, err);
    if (status == LSV_OK && *settled) status = vectors(&k, err);
    if (status == LSV_OK && *settled) {
        double s2 = sqrt(fmax(0, second(&k)));
        w->above = (double)NAN, w->below = s2;
        w->gap = w->s - s2;
        if (w->m != w->n) w->gap = fmin(w->gap, w->s);
        w->iterations = (int)(k.K / W);
        *settled = w->residual < fmin(w->gap / 10, 1e-11 * w->s);
    }
    lsv_backend_serial_done(threads);
    krylov_free(&k);
    return status;
}
