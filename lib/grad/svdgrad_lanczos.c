/* The triplet and the adjoint system by products with A and A^T alone.

   Triplets: Golub-Kahan-Lanczos with full reorthogonalisation and thick restarts; A P = Q B with B upper
   bidiagonal, but for the row that the kept triplets put in after a restart. The residual of a Ritz triplet
   is beta times the last entry of its left vector in B, which costs nothing. The start is A^T r, inside the
   row space, which matters when m < n.

   System: conjugate gradients on s q - A^T A q / s = A^T f / s + g in the complement of v (on the shorter
   side; p follows). Converged triplets beside the wanted one are taken out, in closed form: with all larger
   ones out the system is definite also for an inner triplet, and close ones below no longer slow it down. The
   residual is projected again in every step, else rounding grows in what was taken out. */
#include <string.h>
#include "base/progress.h"
#include "grad/svdgrad_work.h"

enum { BASIS = 48, EXTRA = 4, MOST_PRODUCTS = 6000, MOST_STEPS = 5000, STALLED = 60 };

typedef struct {
    lsv_sg *w;
    ptrdiff_t m, n, basis, keep, filled;
    double *P, *Q;        /* basis + 1 rows of n, basis rows of m: the Lanczos vectors */
    double *B;            /* basis x basis, row-major */
    double *X, *Y, *S;    /* of B: columns of X (column-major), rows of Y^T (column-major) */
    double *copy, *c, *t; /* B to decompose; coefficients; a vector of max(m, n) */
    double beta, top;     /* the last norm; the largest entry of B */
    uint64_t seed;
} lanczos;

static lsv_status lanczos_new(lsv_sg *w, lanczos *z, lsv_error *err) {
    ptrdiff_t m = w->m, n = w->n, b;
    *z = (lanczos){.w = w, .m = m, .n = n, .seed = 1};
    z->keep = lsv_min_size(w->i + 1 + EXTRA, w->k);
    z->basis = b = lsv_min_size(lsv_max_size(BASIS, 3 * z->keep), w->k);
    z->P = lsv_sg_vector(
        1, (b + 1) * n + b * m + 4 * b * b + 3 * b + 2 + lsv_max_size(m, n) + (z->keep) * lsv_max_size(m, n),
        err);
    if (!z->P) return LSV_ENOMEM;
    z->Q = z->P + (b + 1) * n, z->B = z->Q + b * m, z->X = z->B + b * b, z->Y = z->X + b * b,
    z->copy = z->Y + b * b;
    z->S = z->copy + b * b, z->c = z->S + b, z->t = z->c + 2 * b + 2;
    return LSV_OK;
}

/* x -= E^T E x over the first `rows` rows of E, twice. */
static lsv_status orthogonalise(lanczos *z, const double *E, ptrdiff_t rows, ptrdiff_t length, double *x,
                                lsv_error *err) {
    for (int pass = 0; pass < 2 && rows > 0; pass++) {
        LSV_TRY(lsv_sg_times(E, rows, length, false, x, z->c, err));
        LSV_TRY(lsv_sg_times(E, rows, length, true, z->c, z->t, err));
        lsv_sg_axpy(length, -1, z->t, x);
    }
    return LSV_OK;
}

/* Row `row` of E becomes orthonormal to those before it; *norm what it was left with. Where nothing was left:
   a random direction instead and *norm 0 (and zeros where there is no direction left). */
static lsv_status settle(lanczos *z, double *E, ptrdiff_t row, ptrdiff_t length, double *norm,
                         lsv_error *err) {
    double *x = E + row * length;
    LSV_TRY(orthogonalise(z, E, row, length, x, err));
    *norm = lsv_sg_norm(length, x);
    if (*norm > 0x1p-52 * z->top && *norm > 1e-300) {
        lsv_sg_scale(length, 1 / *norm, x);
        return LSV_OK;
    }
    *norm = 0;
    for (ptrdiff_t i = 0; i < length; i++) x[i] = lsv_sg_random(&z->seed);
    LSV_TRY(orthogonalise(z, E, row, length, x, err));
    double left = lsv_sg_norm(length, x);
    lsv_sg_scale(length, left > 1e-8 ? 1 / left : 0, x);
    return LSV_OK;
}

/* One more column of B: q_j = A p_j, then p_j+1 = A^T q_j. */
static lsv_status extend(lanczos *z, ptrdiff_t j, lsv_error *err) {
    ptrdiff_t m = z->m, n = z->n;
    double alpha;
    LSV_TRY(lsv_poll(err));
    LSV_TRY(lsv_sg_times(z->w->A, m, n, false, z->P + j * n, z->Q + j * m, err));
    LSV_TRY(settle(z, z->Q, j, m, &alpha, err));
    z->B[j * z->basis + j] = alpha;
    z->top = fmax(z->top, alpha);
    LSV_TRY(lsv_sg_times(z->w->A, m, n, true, z->Q + j * m, z->P + (j + 1) * n, err));
    LSV_TRY(settle(z, z->P, j + 1, n, &z->beta, err));
    if (j + 1 < z->basis) z->B[j * z->basis + j + 1] = z->beta;
    z->top = fmax(z->top, z->beta);
    z->filled = j + 1;
    z->w->products++;
    return LSV_OK;
}

static lsv_status decompose(lanczos *z, lsv_error *err) {
    ptrdiff_t f = z->filled;
    int info = 0;
    for (ptrdiff_t i = 0; i < f; i++)
        for (ptrdiff_t j = 0; j < f; j++) z->copy[j * f + i] = z->B[i * z->basis + j];
    LSV_TRY(lsv_backend_for(LSV_BE_GESDD, LSV_FLOAT64, f, f, 0)
                ->gesdd(LSV_FLOAT64, 'S', f, f, z->copy, f, z->S, z->X, f, z->Y, f, &info, err));
    return info ? lsv_fail(err, LSV_ELINALG, "svdgrad: a small decomposition did not converge") : LSV_OK;
}

static double residual(const lanczos *z, ptrdiff_t j) {
    return fabs(z->beta * z->X[j * z->filled + z->filled - 1]);
}

/* Ritz vectors: the first `count` left (m) or right (n) ones into out, by rows. */
static void ritz(const lanczos *z, bool left, ptrdiff_t count, double *out) {
    ptrdiff_t length = left ? z->m : z->n, f = z->filled;
    memset(out, 0, (size_t)(count * length) * sizeof *out);
    for (ptrdiff_t r = 0; r < count; r++)
        for (ptrdiff_t i = 0; i < f; i++)
            lsv_sg_axpy(length, left ? z->X[r * f + i] : z->Y[i * f + r], (left ? z->Q : z->P) + i * length,
                        out + r * length);
}

/* Begin again with the leading Ritz triplets: B is diagonal with their values and has their residuals as the
 * next column. */
static void restart(lanczos *z) {
    ptrdiff_t keep = z->keep, b = z->basis, n = z->n, m = z->m;
    double *kept = z->t + lsv_max_size(m, n);
    ritz(z, true, keep, kept);
    memcpy(z->Q, kept, (size_t)(keep * m) * sizeof *kept);
    ritz(z, false, keep, kept);
    memcpy(z->P + keep * n, z->P + z->filled * n, (size_t)n * sizeof *kept);
    memcpy(z->P, kept, (size_t)(keep * n) * sizeof *kept);
    memset(z->B, 0, (size_t)(b * b) * sizeof *z->B);
    for (ptrdiff_t r = 0; r < keep; r++) {
        z->B[r * b + r] = z->S[r];
        z->B[r * b + keep] = z->beta * z->X[r * z->filled + z->filled - 1];
    }
}

/* Are the wanted triplet and all larger ones good enough? As good as rounding allows, or good for the gap
 * they show. */
static bool settled(const lanczos *z) {
    ptrdiff_t i = z->w->i;
    double tol = isnan(z->w->tol) ? 1e-16 : z->w->tol * 1e-2;
    double gap = i + 1 < z->filled ? z->S[i] - z->S[i + 1] : z->S[i];
    for (ptrdiff_t j = 0; j <= i; j++)
        if (residual(z, j) > fmax(tol * gap, 0x1p-51 * z->S[0])) return false;
    return true;
}

static lsv_status triplets(lanczos *z, lsv_error *err) {
    lsv_sg *w = z->w;
    double norm;
    for (ptrdiff_t i = 0; i < z->m; i++) z->Q[i] = lsv_sg_random(&z->seed);
    LSV_TRY(lsv_sg_times(w->A, z->m, z->n, true, z->Q, z->P, err));
    LSV_TRY(settle(z, z->P, 0, z->n, &norm, err));
    for (ptrdiff_t from = 0;; from = z->keep) {
        for (ptrdiff_t j = from; j < z->basis; j++) {
            LSV_TRY(extend(z, j, err));
            bool whole = j + 1 == z->basis, look = (j - from) % 4 == 3 && j + 1 >= z->keep + 2;
            if (!whole && !look) continue;
            LSV_TRY(decompose(z, err));
            if (settled(z) && (whole || z->basis < w->k)) return LSV_OK;
        }
        if (z->basis >= w->k || w->products > MOST_PRODUCTS) return LSV_OK;
        restart(z);
    }
}

/* ---- the system ---- */

/* What is taken out: the wanted triplet and `count` converged others, by rows. */
typedef struct {
    lsv_sg *w;
    ptrdiff_t count; /* rows of U and V; row 0 is the wanted one */
    double *U, *V, *S, *c, *t;
    double *x, *r, *d, *Ad, *best, *image; /* of the conjugate gradients */
    bool left;                             /* the system is on the side of u (m < n) */
} deflated;

static lsv_status out(deflated *e, bool left, double *x, lsv_error *err) {
    ptrdiff_t length = left ? e->w->m : e->w->n;
    const double *E = left ? e->U : e->V;
    for (int pass = 0; pass < 2; pass++) {
        LSV_TRY(lsv_sg_times(E, e->count, length, false, x, e->c, err));
        LSV_TRY(lsv_sg_times(E, e->count, length, true, e->c, e->t, err));
        lsv_sg_axpy(length, -1, e->t, x);
    }
    return LSV_OK;
}

/* y = s x - A^T A x / s (or A A^T), projected; image = A x. */
static lsv_status apply(deflated *e, const double *x, double *y, lsv_error *err) {
    lsv_sg *w = e->w;
    ptrdiff_t length = e->left ? w->m : w->n;
    LSV_TRY(lsv_sg_times(w->A, w->m, w->n, e->left, x, e->image, err));
    LSV_TRY(lsv_sg_times(w->A, w->m, w->n, !e->left, e->image, y, err));
    for (ptrdiff_t i = 0; i < length; i++) y[i] = w->s * x[i] - y[i] / w->s;
    w->products++;
    return out(e, e->left, y, err);
}

/* x from the right-hand side in r, which is projected first. A right-hand side that is rounding alone gives
 * 0. */
static lsv_status gradients(deflated *e, double tol, lsv_error *err) {
    ptrdiff_t n = e->left ? e->w->m : e->w->n;
    double before = lsv_sg_norm(n, e->r);
    memset(e->x, 0, (size_t)n * sizeof *e->x);
    memset(e->best, 0, (size_t)n * sizeof *e->best);
    LSV_TRY(out(e, e->left, e->r, err));
    double rr = lsv_sg_dot(n, e->r, e->r), start = sqrt(rr), least = start;
    int since = 0;
    if (start <= 8 * 0x1p-52 * before) return LSV_OK;
    memcpy(e->d, e->r, (size_t)n * sizeof *e->d);
    for (int it = 0; it < MOST_STEPS && sqrt(rr) > tol * start && rr > 0 && since <= STALLED; it++) {
        LSV_TRY(lsv_poll(err));
        LSV_TRY(apply(e, e->d, e->Ad, err));
        double curve = lsv_sg_dot(n, e->d, e->Ad);
        if (!(curve > 0)) break;
        lsv_sg_axpy(n, rr / curve, e->d, e->x);
        lsv_sg_axpy(n, -rr / curve, e->Ad, e->r);
        LSV_TRY(out(e, e->left, e->r, err));
        double next = lsv_sg_dot(n, e->r, e->r);
        for (ptrdiff_t i = 0; i < n; i++) e->d[i] = e->r[i] + next / rr * e->d[i];
        rr = next;
        e->w->iterations++;
        lsv_progress_step("svdgrad: conjugate gradients", it + 1, MOST_STEPS, sqrt(rr) / start, tol);
        since++;
        if (sqrt(rr) < least) {
            least = sqrt(rr), since = 0;
            memcpy(e->best, e->x, (size_t)n * sizeof *e->best);
        }
    }
    memcpy(e->x, e->best, (size_t)n * sizeof *e->x);
    return LSV_OK;
}

/* p and q: the other taken-out triplets in closed form, then the rest by conjugate gradients. */
static lsv_status adjoint(deflated *e, lsv_error *err) {
    lsv_sg *w = e->w;
    ptrdiff_t m = w->m, n = w->n;
    lsv_sg_right_side(w);
    for (ptrdiff_t j = 1; j < e->count; j++) {
        const double *u = e->U + j * m, *v = e->V + j * n;
        double a = lsv_sg_dot(m, u, w->f), b = lsv_sg_dot(n, v, w->g),
               minus = (a + b) / (2 * (w->s - e->S[j])), plus = (a - b) / (2 * (w->s + e->S[j]));
        lsv_sg_axpy(m, minus + plus, u, w->p);
        lsv_sg_axpy(n, minus - plus, v, w->q);
    }
    LSV_TRY(out(e, true, w->f, err));
    LSV_TRY(out(e, false, w->g, err));
    /* here: the side solved on (f on the side of u, m < n), there: the other */
    double *here = e->left ? w->f : w->g, *there = e->left ? w->g : w->f;
    ptrdiff_t nh = e->left ? m : n, nt = e->left ? n : m;
    LSV_TRY(lsv_sg_times(w->A, m, n, !e->left, there, e->r, err));
    for (ptrdiff_t i = 0; i < nh; i++) e->r[i] = e->r[i] / w->s + here[i];
    LSV_TRY(gradients(e, isnan(w->tol) ? 1e-16 : w->tol * 1e-2, err));
    LSV_TRY(lsv_sg_times(w->A, m, n, e->left, e->x, e->image, err));
    LSV_TRY(out(e, !e->left, e->image, err));
    for (ptrdiff_t i = 0; i < nt; i++) e->image[i] = (there[i] + e->image[i]) / w->s;
    lsv_sg_axpy(m, 1, e->left ? e->x : e->image, w->p);
    lsv_sg_axpy(n, 1, e->left ? e->image : e->x, w->q);
    lsv_sg_project(m, w->u, w->p);
    lsv_sg_project(n, w->v, w->q);
    return LSV_OK;
}

/* Ritz vectors of the wanted triplet, and of those that are converged; *enough false where a larger one is
 * not. */
static lsv_status take(lanczos *z, deflated *e, bool *enough, lsv_error *err) {
    lsv_sg *w = z->w;
    ptrdiff_t i = w->i, m = z->m, n = z->n, have = lsv_min_size(z->keep, z->filled),
              longest = lsv_max_size(m, n);
    *e = (deflated){.w = w, .left = m < n};
    e->U = lsv_sg_vector(1, 2 * have * (m + n) + 2 * have + 8 * longest, err);
    if (!e->U) return LSV_ENOMEM;
    e->V = e->U + have * m, e->S = e->V + have * n, e->c = e->S + have, e->t = e->c + have;
    e->x = e->t + longest, e->r = e->x + longest, e->d = e->r + longest, e->Ad = e->d + longest,
    e->best = e->Ad + longest, e->image = e->best + longest;
    double *U = e->image + longest, *V = U + have * m;
    ritz(z, true, have, U);
    ritz(z, false, have, V);
    *enough = residual(z, i) < w->gap / 10;
    e->count = 0;
    for (ptrdiff_t pass = 0; pass < 2; pass++)
        for (ptrdiff_t j = 0; j < have; j++) {
            if ((pass == 0) != (j == i)) continue;
            bool good = residual(z, j) <= 1e-13 * z->S[0];
            if (j < i && residual(z, j) > 1e-10 * z->S[0]) *enough = false;
            if (j > i && !good) continue;
            memcpy(e->U + e->count * m, U + j * m, (size_t)m * sizeof *U);
            memcpy(e->V + e->count * n, V + j * n, (size_t)n * sizeof *V);
            e->S[e->count++] = z->S[j];
        }
    memcpy(w->u, U + i * m, (size_t)m * sizeof *U);
    memcpy(w->v, V + i * n, (size_t)n * sizeof *V);
    return LSV_OK;
}

static void place(lanczos *z) {
    lsv_sg *w = z->w;
    ptrdiff_t i = w->i;
    w->s = z->S[i], w->s1 = z->S[0];
    w->above = i > 0 ? z->S[i - 1] : (double)NAN;
    w->below = i + 1 < z->filled ? z->S[i + 1] : (double)NAN;
    w->gap = i > 0 ? w->above - w->s : (double)INFINITY;
    if (i + 1 < z->filled) {
        double below = w->s - w->below, uncertain = residual(z, i + 1);
        w->gap = fmin(w->gap, below > 2 * uncertain ? below - uncertain : below);
    }
    if (w->m != w->n) w->gap = fmin(w->gap, w->s);
}

static lsv_status iterate(lsv_sg *w, lanczos *z, bool *settled_out, lsv_error *err) {
    deflated e;
    double tiny = (double)lsv_max_size(w->m, w->n) * w->eps;
    LSV_TRY(triplets(z, err));
    place(z);
    if (w->s <= tiny * w->s1 || (w->uv && w->gap <= tiny * w->s1)) { /* the caller says what this is */
        *settled_out = true;
        return LSV_OK;
    }
    LSV_TRY(take(z, &e, settled_out, err));
    lsv_status status = LSV_OK;
    if (w->uv && *settled_out) status = adjoint(&e, err);
    lsv_free(e.U);
    return status;
}

lsv_status lsv_sg_iterative(lsv_sg *w, bool *settled_out, lsv_error *err) {
    lanczos z;
    LSV_TRY(lanczos_new(w, &z, err));
    int threads = lsv_max_size(w->m, w->n) < 256 ? lsv_backend_serial() : 0;
    lsv_status status = iterate(w, &z, settled_out, err);
    lsv_backend_serial_done(threads);
    lsv_free(z.P);
    return status;
}
