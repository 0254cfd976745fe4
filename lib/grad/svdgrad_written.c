/* The four eliminated forms as they are first written down, for comparison: P = s^2 I - A A^T and Q = s^2 I -
   A^T A left singular, phi and psi not projected, and (s^2 I - A A^T)^-1 A psi taken for the least-squares
   solution of [A^T; s^2 I] y = [-psi; 0], which solves (A A^T + s^4 I) y = -A psi: wrong in sign and shift.
   What they give is projected and measured like any other solution. */
#include <string.h>
#include "grad/svdgrad_work.h"

static const lsv_dtype D = LSV_FLOAT64;

/* min |M x - b| by QR, M (column-major, rows >= cols or not) taken as of full rank; where it is exactly
   singular, by singular values. M is kept, x has `cols` entries. */
static lsv_status fit(ptrdiff_t rows, ptrdiff_t cols, const double *M, const double *b, double *x,
                      lsv_error *err) {
    ptrdiff_t most = lsv_max_size(rows, cols);
    double *copy = lsv_sg_vector(1, rows * cols + 2 * most, err);
    if (!copy) return LSV_ENOMEM;
    double *y = copy + rows * cols, *s = y + most;
    int info = 0, rank = 0;
    memcpy(copy, M, (size_t)(rows * cols) * sizeof *copy);
    memcpy(y, b, (size_t)rows * sizeof *y);
    lsv_status status = lsv_backend_for(LSV_BE_GELS, D, rows, cols, 1)
                            ->gels(D, rows, cols, 1, copy, rows, y, most, &info, err);
    if (status == LSV_OK && info > 0) {
        memcpy(copy, M, (size_t)(rows * cols) * sizeof *copy);
        memset(y, 0, (size_t)most * sizeof *y);
        memcpy(y, b, (size_t)rows * sizeof *y);
        status =
            lsv_backend_for(LSV_BE_GELSD, D, rows, cols, 1)
                ->gelsd(D, rows, cols, 1, copy, rows, y, most, s, 0x1p-52 * (double)most, &rank, &info, err);
    }
    if (status == LSV_OK) memcpy(x, y, (size_t)cols * sizeof *x);
    lsv_free(copy);
    return status;
}

/* x = P^-1 b by LU (left; else Q); a zero pivot leaves least squares. */
static lsv_status solve(ptrdiff_t n, const double *M, const double *b, double *x, lsv_error *err) {
    double *copy = lsv_sg_vector(n, n, err);
    int32_t *pivots = copy ? lsv_malloc((size_t)n * sizeof *pivots) : NULL;
    int info = 0;
    lsv_status status = LSV_ENOMEM;
    if (pivots) {
        memcpy(copy, M, (size_t)(n * n) * sizeof *copy);
        memcpy(x, b, (size_t)n * sizeof *x);
        status = lsv_backend_for(LSV_BE_GESV, D, n, 1, 0)->gesv(D, n, 1, copy, n, pivots, x, n, &info, err);
    } else lsv_no_memory(err, (size_t)(n * n) * sizeof *copy);
    lsv_free(copy);
    lsv_free(pivots);
    return status == LSV_OK && info ? fit(n, n, M, b, x, err) : status;
}

/* The matrices in use, column-major, and vectors to put together: left ones have m entries, right ones n. */
typedef struct {
    ptrdiff_t m, n;
    double *P, *Q;          /* m x m, n x n */
    double *H, *J;          /* [A^T; s^2 I], (n + m) x m; [A; s^2 I], (m + n) x n */
    double *At, *A;         /* n x m, m x n */
    double *x, *y, *mu, *b; /* m, m, n, m + n */
    double *w, *z, *nu;     /* n, n, m */
} forms;

static lsv_status forms_new(const lsv_sg *w, forms *t, lsv_error *err) {
    ptrdiff_t m = w->m, n = w->n, N = m + n;
    double ss = w->s * w->s;
    t->m = m, t->n = n;
    t->P = lsv_sg_vector(1, m * m + n * n + N * N + 2 * m * n + 5 * N, err);
    if (!t->P) return LSV_ENOMEM;
    t->Q = t->P + m * m, t->H = t->Q + n * n, t->J = t->H + N * m, t->At = t->J + N * n, t->A = t->At + m * n;
    t->x = t->A + m * n, t->y = t->x + m, t->nu = t->y + m, t->mu = t->nu + m, t->w = t->mu + n,
    t->z = t->w + n, t->b = t->z + n;
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t j = 0; j < n; j++) {
            double a = w->A[i * n + j];
            t->A[j * m + i] = t->J[j * N + i] = a;
            t->At[i * n + j] = t->H[i * N + j] = a;
        }
    for (ptrdiff_t i = 0; i < m; i++) t->H[i * N + n + i] = ss;
    for (ptrdiff_t i = 0; i < n; i++) t->J[i * N + m + i] = ss;
    lsv_status status = lsv_backend_for(LSV_BE_SYRK, D, m, m, n)->syrk(D, false, m, n, w->A, n, t->P, m, err);
    if (status == LSV_OK)
        status = lsv_backend_for(LSV_BE_SYRK, D, n, n, m)->syrk(D, true, n, m, w->A, n, t->Q, n, err);
    for (ptrdiff_t i = 0; i < m * m; i++) t->P[i] = (i % (m + 1) == 0 ? ss : 0) - t->P[i];
    for (ptrdiff_t i = 0; i < n * n; i++) t->Q[i] = (i % (n + 1) == 0 ? ss : 0) - t->Q[i];
    if (status != LSV_OK) lsv_free(t->P);
    return status;
}

/* b = factor x, then zeros. */
static const double *side(forms *t, ptrdiff_t rows, double factor, const double *x) {
    memset(t->b, 0, (size_t)(t->m + t->n) * sizeof *t->b);
    lsv_sg_axpy(rows, factor, x, t->b);
    return t->b;
}

static lsv_status block(const lsv_sg *w, forms *t, lsv_error *err) {
    ptrdiff_t m = w->m, n = w->n;
    LSV_TRY(fit(m, m, t->P, side(t, m, w->s, w->phi), t->x, err));
    LSV_TRY(lsv_sg_times(w->A, m, n, false, w->psi, t->nu, err));
    LSV_TRY(fit(m, m, t->P, t->nu, t->y, err));
    LSV_TRY(lsv_sg_times(w->A, m, n, true, w->phi, t->mu, err));
    LSV_TRY(fit(n, n, t->Q, t->mu, t->w, err));
    return fit(n, n, t->Q, side(t, n, w->s, w->psi), t->z, err);
}

static lsv_status mixed(const lsv_sg *w, forms *t, lsv_error *err) {
    ptrdiff_t m = w->m, n = w->n, N = m + n;
    LSV_TRY(solve(m, t->P, side(t, m, w->s, w->phi), t->x, err));
    LSV_TRY(fit(N, m, t->H, side(t, n, -1, w->psi), t->y, err));
    LSV_TRY(fit(N, n, t->J, side(t, m, -1, w->phi), t->w, err));
    return solve(n, t->Q, side(t, n, w->s, w->psi), t->z, err);
}

static lsv_status backward(const lsv_sg *w, forms *t, lsv_error *err) {
    ptrdiff_t m = w->m, n = w->n, N = m + n;
    LSV_TRY(fit(N, n, t->J, side(t, m, -w->s, w->phi), t->mu, err));
    LSV_TRY(fit(N, n, t->J, side(t, m, -1, w->phi), t->w, err));
    LSV_TRY(fit(N, m, t->H, side(t, n, -1, w->psi), t->y, err));
    LSV_TRY(fit(N, m, t->H, side(t, n, -w->s, w->psi), t->nu, err));
    LSV_TRY(fit(n, m, t->At, t->mu, t->x, err));
    return fit(m, n, t->A, t->nu, t->z, err);
}

static lsv_status forward(const lsv_sg *w, forms *t, lsv_error *err) {
    ptrdiff_t m = w->m, n = w->n, N = m + n;
    LSV_TRY(fit(m, n, t->A, side(t, m, w->s, w->phi), t->mu, err));
    LSV_TRY(fit(n, m, t->At, side(t, n, w->s, w->psi), t->nu, err));
    LSV_TRY(fit(N, m, t->H, side(t, n, -1, t->mu), t->x, err));
    LSV_TRY(fit(N, m, t->H, side(t, n, -1, w->psi), t->y, err));
    LSV_TRY(fit(N, n, t->J, side(t, m, -1, w->phi), t->w, err));
    return fit(N, n, t->J, side(t, m, -1, t->nu), t->z, err);
}

lsv_status lsv_sg_written(lsv_sg *w, lsv_svdgrad_method method, lsv_error *err) {
    forms t;
    LSV_TRY(forms_new(w, &t, err));
    lsv_status status = method == LSV_SVDGRAD_BLOCK      ? block(w, &t, err)
                        : method == LSV_SVDGRAD_MIXED    ? mixed(w, &t, err)
                        : method == LSV_SVDGRAD_BACKWARD ? backward(w, &t, err)
                                                         : forward(w, &t, err);
    for (ptrdiff_t i = 0; i < w->m; i++) w->p[i] = t.x[i] + t.y[i];
    for (ptrdiff_t i = 0; i < w->n; i++) w->q[i] = t.w[i] + t.z[i];
    lsv_sg_project(w->m, w->u, w->p);
    lsv_sg_project(w->n, w->v, w->q);
    lsv_free(t.P);
    return status;
}
