/* The adjoint system as dense linear algebra, in the forms in which it is met.

   K = [s I, -A; -A^T, s I] is singular on (u, v): K (u; v) = 0, and every form below first takes that out. f
   and g are phi and psi without their parts along u and v (a consistent right-hand side); the solutions are
   projected again at the end, which only removes rounding.

   Eliminating p or q leaves P = s^2 I - A A^T or Q = s^2 I - A^T A, with s^2 u u^T or s^2 v v^T added against
   the singularity: positive definite for the top triplet, where the condition is not squared; indefinite and
   squared for inner ones. */
#include <string.h>
#include "grad/svdgrad_work.h"

/* What backend entries need; matrices here are symmetric or filled column-major. */
static const lsv_dtype D = LSV_FLOAT64;

static lsv_status singular(lsv_error *err) {
    return lsv_fail(err, LSV_ELINALG, "svdgrad: the system is singular to working precision");
}

/* M x = b by LU, M overwritten, b the solution. */
static lsv_status solve_lu(ptrdiff_t n, double *M, double *b, lsv_error *err) {
    int info = 0;
    size_t bytes = (size_t)(n + 1) * sizeof(int32_t);
    int32_t *pivots = lsv_malloc(bytes);
    if (!pivots) return lsv_no_memory(err, bytes);
    lsv_status status =
        lsv_backend_for(LSV_BE_GESV, D, n, 1, 0)->gesv(D, n, 1, M, n, pivots, b, n, &info, err);
    lsv_free(pivots);
    if (status == LSV_OK && info) status = singular(err);
    return status;
}

/* The same by Cholesky where M is positive definite (asked for the top triplet only). */
static lsv_status solve_symmetric(ptrdiff_t n, double *M, double *b, bool definite, lsv_error *err) {
    if (!definite) return solve_lu(n, M, b, err);
    double *R = lsv_sg_vector(n, n, err);
    if (!R) return LSV_ENOMEM;
    memcpy(R, M, (size_t)(n * n) * sizeof *R);
    int info = 0;
    const lsv_backend *be = lsv_backend_for(LSV_BE_TRSM, D, n, 1, 0);
    lsv_status status = lsv_backend_for(LSV_BE_POTRF, D, n, 0, 0)->potrf(D, true, n, R, n, &info, err);
    if (status == LSV_OK && info == 0) {
        status = be->trsm(D, true, true, true, false, n, 1, R, n, b, n, err);
        if (status == LSV_OK) status = be->trsm(D, true, true, false, false, n, 1, R, n, b, n, err);
    }
    lsv_free(R);
    return status == LSV_OK && info ? solve_lu(n, M, b, err) : status;
}

/* K in the leading corner of a matrix with `ld` rows. */
static void put_k(const lsv_sg *w, double *M, ptrdiff_t ld) {
    ptrdiff_t m = w->m, n = w->n;
    for (ptrdiff_t i = 0; i < m + n; i++) M[i * ld + i] = w->s;
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t j = 0; j < n; j++) M[(m + j) * ld + i] = M[i * ld + m + j] = -w->A[i * n + j];
}

static void put_pair(const lsv_sg *w, const double *x, const double *y, double *out) {
    memcpy(out, x, (size_t)w->m * sizeof *x);
    memcpy(out + w->m, y, (size_t)w->n * sizeof *y);
}

/* p and q out of a solution, projected. */
static void take_pair(lsv_sg *w, const double *x) {
    memcpy(w->p, x, (size_t)w->m * sizeof *x);
    memcpy(w->q, x + w->m, (size_t)w->n * sizeof *x);
    lsv_sg_project(w->m, w->u, w->p);
    lsv_sg_project(w->n, w->v, w->q);
}

/* [K B; B^T 0] (x; l) = (c; 0), B = s [(u; 0), (0; v)] */
lsv_status lsv_sg_bordered(lsv_sg *w, lsv_error *err) {
    ptrdiff_t m = w->m, N = m + w->n, L = N + 2;
    double *M = lsv_sg_vector(L, L + 1, err);
    if (!M) return LSV_ENOMEM;
    double *x = M + L * L;
    put_k(w, M, L);
    for (ptrdiff_t i = 0; i < m; i++) M[N * L + i] = M[i * L + N] = w->s * w->u[i];
    for (ptrdiff_t i = 0; i < w->n; i++) M[(N + 1) * L + m + i] = M[(m + i) * L + N + 1] = w->s * w->v[i];
    put_pair(w, w->phi, w->psi, x);
    lsv_status status = solve_lu(L, M, x, err);
    if (status == LSV_OK) take_pair(w, x);
    lsv_free(M);
    return status;
}

/* [K B] x = c, as many equations as K has, two unknowns more: the solution of least norm (LQ; full rank, so
   that nothing is truncated). */
lsv_status lsv_sg_augmented(lsv_sg *w, lsv_error *err) {
    ptrdiff_t m = w->m, N = m + w->n;
    double *M = lsv_sg_vector(N + 2, N + 1, err);
    if (!M) return LSV_ENOMEM;
    double *x = M + N * (N + 2);
    int info = 0;
    put_k(w, M, N);
    for (ptrdiff_t i = 0; i < m; i++) M[N * N + i] = w->s * w->u[i];
    for (ptrdiff_t i = 0; i < w->n; i++) M[(N + 1) * N + m + i] = w->s * w->v[i];
    put_pair(w, w->phi, w->psi, x);
    lsv_status status =
        lsv_backend_for(LSV_BE_GELS, D, N, N + 2, 1)->gels(D, N, N + 2, 1, M, N, x, N + 2, &info, err);
    if (status == LSV_OK && info) status = singular(err);
    if (status == LSV_OK) take_pair(w, x);
    lsv_free(M);
    return status;
}

/* K + s u u^T (+) s v v^T */
lsv_status lsv_sg_kshift(lsv_sg *w, lsv_error *err) {
    ptrdiff_t m = w->m, n = w->n, N = m + n;
    double *M = lsv_sg_vector(N, N + 1, err);
    if (!M) return LSV_ENOMEM;
    double *x = M + N * N;
    put_k(w, M, N);
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t j = 0; j < m; j++) M[i * N + j] += w->s * w->u[i] * w->u[j];
    for (ptrdiff_t i = 0; i < n; i++)
        for (ptrdiff_t j = 0; j < n; j++) M[(m + i) * N + m + j] += w->s * w->v[i] * w->v[j];
    put_pair(w, w->f, w->g, x);
    lsv_status status = solve_symmetric(N, M, x, w->i == 0, err);
    if (status == LSV_OK) take_pair(w, x);
    lsv_free(M);
    return status;
}

/* min |M x - b| of least norm by the singular values of M (column-major, rows x cols); b has room for
 * max(rows, cols). */
static lsv_status least(ptrdiff_t rows, ptrdiff_t cols, double *M, double *b, double rcond, lsv_error *err) {
    double *s = lsv_sg_vector(lsv_min_size(rows, cols), 1, err);
    if (!s) return LSV_ENOMEM;
    int rank = 0, info = 0;
    lsv_status status =
        lsv_backend_for(LSV_BE_GELSD, D, rows, cols, 1)
            ->gelsd(D, rows, cols, 1, M, rows, b, lsv_max_size(rows, cols), s, rcond, &rank, &info, err);
    lsv_free(s);
    if (status == LSV_OK && info)
        status = lsv_fail(err, LSV_ELINALG, "svdgrad: least squares did not converge");
    return status;
}

lsv_status lsv_sg_lstsq(lsv_sg *w, lsv_error *err) {
    ptrdiff_t N = w->m + w->n;
    double *M = lsv_sg_vector(N, N + 1, err);
    if (!M) return LSV_ENOMEM;
    double *x = M + N * N;
    put_k(w, M, N);
    put_pair(w, w->f, w->g, x);
    lsv_status status = least(N, N, M, x, 0x1p-52 * (double)N, err);
    if (status == LSV_OK) take_pair(w, x);
    lsv_free(M);
    return status;
}

/* ---- eliminated forms ---- */

/* x = (s^2 I - A A^T + s^2 u u^T)^-1 x, or the twin on the side of v; projected. */
static lsv_status deflated(const lsv_sg *w, bool left, double *x, lsv_error *err) {
    ptrdiff_t l = left ? w->m : w->n, inner = left ? w->n : w->m;
    const double *e = left ? w->u : w->v;
    double *M = lsv_sg_vector(l, l, err), ss = w->s * w->s;
    if (!M) return LSV_ENOMEM;
    lsv_status status =
        lsv_backend_for(LSV_BE_SYRK, D, l, l, inner)->syrk(D, !left, l, inner, w->A, w->n, M, l, err);
    for (ptrdiff_t i = 0; i < l; i++)
        for (ptrdiff_t j = 0; j < l; j++) M[i * l + j] = (i == j ? ss : 0) - M[i * l + j] + ss * e[i] * e[j];
    if (status == LSV_OK) status = solve_symmetric(l, M, x, w->i == 0, err);
    if (status == LSV_OK) lsv_sg_project(l, e, x);
    lsv_free(M);
    return status;
}

/* The stationary point of s^2 |y|^2 + s^2 (e.y)^2 - |B y - h|^2 with B = A^T (left; y on the side of u) or A:
   an indefinite least-squares problem, solved through [Sig H; H^T 0] with H = [B; s I; s e^T], Sig = s
   diag(-1, 1, 1), so that B^T B is never formed. */
static lsv_status indefinite(const lsv_sg *w, bool left, const double *h, double *y, lsv_error *err) {
    ptrdiff_t l = left ? w->m : w->n, k = left ? w->n : w->m, L = k + 2 * l + 1, top = k + l + 1;
    const double *e = left ? w->u : w->v;
    double *M = lsv_sg_vector(L, L + 1, err);
    if (!M) return LSV_ENOMEM;
    double *x = M + L * L;
    for (ptrdiff_t i = 0; i < top; i++) M[i * L + i] = i < k ? -w->s : w->s;
    for (ptrdiff_t j = 0; j < l; j++) {
        double *column = M + (top + j) * L;
        for (ptrdiff_t i = 0; i < k; i++) column[i] = left ? w->A[j * w->n + i] : w->A[i * w->n + j];
        column[k + j] = w->s;
        column[k + l] = w->s * e[j];
        for (ptrdiff_t i = 0; i < top; i++) M[i * L + top + j] = column[i];
    }
    memcpy(x, h, (size_t)k * sizeof *x);
    lsv_status status = solve_lu(L, M, x, err);
    if (status == LSV_OK) memcpy(y, x + top, (size_t)l * sizeof *y);
    lsv_free(M);
    return status;
}

/* Four vectors of each side to work in. */
typedef struct {
    double *x, *y, *a, *b; /* m */
    double *w, *z, *c, *d; /* n */
} scratch;

static lsv_status scratch_new(const lsv_sg *w, scratch *t, lsv_error *err) {
    double *block = lsv_sg_vector(4, w->m + w->n, err);
    if (!block) return LSV_ENOMEM;
    t->x = block, t->y = t->x + w->m, t->a = t->y + w->m, t->b = t->a + w->m;
    t->w = t->b + w->m, t->z = t->w + w->n, t->c = t->z + w->n, t->d = t->c + w->n;
    return LSV_OK;
}

static void sum_up(lsv_sg *w, scratch *t) {
    for (ptrdiff_t i = 0; i < w->m; i++) w->p[i] = t->x[i] + t->y[i];
    for (ptrdiff_t i = 0; i < w->n; i++) w->q[i] = t->w[i] + t->z[i];
    lsv_sg_project(w->m, w->u, w->p);
    lsv_sg_project(w->n, w->v, w->q);
}

static lsv_status A_times(const lsv_sg *w, bool transposed, const double *x, double *y, lsv_error *err) {
    return lsv_sg_times(w->A, w->m, w->n, transposed, x, y, err);
}

/* x = s f + A g and w = s g + A^T f, each through its deflated matrix. */
static lsv_status inverted_with(lsv_sg *w, scratch *t, lsv_error *err) {
    LSV_TRY(A_times(w, false, w->g, t->x, err));
    LSV_TRY(A_times(w, true, w->f, t->w, err));
    lsv_sg_axpy(w->m, w->s, w->f, t->x);
    lsv_sg_axpy(w->n, w->s, w->g, t->w);
    LSV_TRY(deflated(w, true, t->x, err));
    return deflated(w, false, t->w, err);
}

/* x, z: deflated solves with s f and s g; y, w: the stationary points of the indefinite problems, h = -g and
 * -f. */
static lsv_status mixed_with(lsv_sg *w, scratch *t, lsv_error *err) {
    lsv_sg_axpy(w->m, w->s, w->f, t->x);
    lsv_sg_axpy(w->n, w->s, w->g, t->z);
    LSV_TRY(deflated(w, true, t->x, err));
    LSV_TRY(deflated(w, false, t->z, err));
    lsv_sg_axpy(w->m, -1, w->f, t->a);
    lsv_sg_axpy(w->n, -1, w->g, t->c);
    LSV_TRY(indefinite(w, true, t->c, t->y, err));
    return indefinite(w, false, t->a, t->w, err);
}

/* Q w = A^T f, P y = A g; x = (f + A w)/s, z = (g + A^T y)/s. */
static lsv_status backward_with(lsv_sg *w, scratch *t, lsv_error *err) {
    LSV_TRY(A_times(w, true, w->f, t->w, err));
    LSV_TRY(A_times(w, false, w->g, t->y, err));
    LSV_TRY(deflated(w, false, t->w, err));
    LSV_TRY(deflated(w, true, t->y, err));
    LSV_TRY(A_times(w, false, t->w, t->x, err));
    LSV_TRY(A_times(w, true, t->y, t->z, err));
    lsv_sg_axpy(w->m, 1, w->f, t->x);
    lsv_sg_axpy(w->n, 1, w->g, t->z);
    lsv_sg_scale(w->m, 1 / w->s, t->x);
    lsv_sg_scale(w->n, 1 / w->s, t->z);
    return LSV_OK;
}

/* mu = s pinv(A) f on the side of v (left: nu = s pinv(A^T) g on the side of u), and the part of f that no A
 * mu reaches. */
static lsv_status through_pinv(const lsv_sg *w, bool left, const double *f, double *mu, double *rest,
                               lsv_error *err) {
    ptrdiff_t rows = left ? w->n : w->m, cols = left ? w->m : w->n;
    double *M = lsv_sg_vector(1, w->m * w->n + lsv_max_size(w->m, w->n), err);
    if (!M) return LSV_ENOMEM;
    double *b = M + w->m * w->n;
    for (ptrdiff_t j = 0; j < cols; j++)
        for (ptrdiff_t i = 0; i < rows; i++) M[j * rows + i] = left ? w->A[j * w->n + i] : w->A[i * w->n + j];
    lsv_sg_axpy(rows, w->s, f, b);
    lsv_status status = least(rows, cols, M, b, 0x1p-52 * (double)lsv_max_size(rows, cols), err);
    if (status == LSV_OK) {
        memcpy(mu, b, (size_t)cols * sizeof *mu);
        status = A_times(w, left, mu, rest, err);
        for (ptrdiff_t i = 0; i < rows; i++) rest[i] = f[i] - rest[i] / w->s;
    }
    lsv_free(M);
    return status;
}

/* f = A mu / s + f0: x = P^-1 A mu + f0 / s, y from -g; w from -f, z = Q^-1 A^T nu + g0 / s. */
static lsv_status forward_with(lsv_sg *w, scratch *t, lsv_error *err) {
    LSV_TRY(through_pinv(w, false, w->f, t->c, t->a, err));
    lsv_sg_scale(w->n, -1, t->c);
    LSV_TRY(indefinite(w, true, t->c, t->x, err));
    lsv_sg_axpy(w->m, 1 / w->s, t->a, t->x);
    LSV_TRY(through_pinv(w, true, w->g, t->b, t->d, err));
    lsv_sg_scale(w->m, -1, t->b);
    LSV_TRY(indefinite(w, false, t->b, t->z, err));
    lsv_sg_axpy(w->n, 1 / w->s, t->d, t->z);
    for (ptrdiff_t i = 0; i < w->n; i++) t->c[i] = -w->g[i];
    for (ptrdiff_t i = 0; i < w->m; i++) t->a[i] = -w->f[i];
    LSV_TRY(indefinite(w, true, t->c, t->y, err));
    return indefinite(w, false, t->a, t->w, err);
}

static lsv_status with_scratch(lsv_sg *w, lsv_status (*body)(lsv_sg *, scratch *, lsv_error *),
                               lsv_error *err) {
    scratch t;
    LSV_TRY(scratch_new(w, &t, err));
    lsv_status status = body(w, &t, err);
    if (status == LSV_OK) sum_up(w, &t);
    lsv_free(t.x);
    return status;
}

lsv_status lsv_sg_inverted(lsv_sg *w, lsv_error *err) { return with_scratch(w, inverted_with, err); }
lsv_status lsv_sg_mixed(lsv_sg *w, lsv_error *err) { return with_scratch(w, mixed_with, err); }
lsv_status lsv_sg_backward(lsv_sg *w, lsv_error *err) { return with_scratch(w, backward_with, err); }
lsv_status lsv_sg_forward(lsv_sg *w, lsv_error *err) { return with_scratch(w, forward_with, err); }
