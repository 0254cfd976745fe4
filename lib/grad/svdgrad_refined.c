/* Beyond what doubles allow at a small gap: one LU of the bordered matrix in double, then Newton's method on
   (u, s, v) and iterative refinement of (p, q), both with residuals in long double. The error is eps of long
   double times s_1 / gap, as far as the LU reaches. */
#include <float.h>
#include <string.h>
#include "grad/svdgrad_work.h"

typedef long double wide;
typedef struct {
    const lsv_sg *w;
    ptrdiff_t m, n, L;
    double *lu, *rhs; /* L x L and L */
    int32_t *pivots;
    wide *u, *v, *p, *q, *a, *b; /* m, n, m, n, m, n */
    wide s;
} refine;

static wide dot(ptrdiff_t n, const wide *x, const wide *y) {
    wide s = 0;
    for (ptrdiff_t i = 0; i < n; i++) s += x[i] * y[i];
    return s;
}
static void axpy(ptrdiff_t n, wide a, const wide *x, wide *y) {
    for (ptrdiff_t i = 0; i < n; i++) y[i] += a * x[i];
}
static void unit_length(ptrdiff_t n, wide *x) {
    wide s = sqrtl(dot(n, x, x));
    for (ptrdiff_t i = 0; i < n; i++) x[i] /= s;
}

/* a = A y and b = A^T x in one pass over A. */
static void multiply(const refine *r, const wide *x, const wide *y) {
    memset(r->b, 0, (size_t)r->n * sizeof *r->b);
    for (ptrdiff_t i = 0; i < r->m; i++) {
        const double *row = r->w->A + i * r->n;
        wide s = 0, xi = x[i];
        for (ptrdiff_t j = 0; j < r->n; j++) s += row[j] * y[j], r->b[j] += row[j] * xi;
        r->a[i] = s;
    }
}

/* (da; db) from the residual (a; b); its norm. */
static lsv_status correct(refine *r, wide *x, wide *y, double *size, lsv_error *err) {
    ptrdiff_t m = r->m, n = r->n;
    int info = 0;
    for (ptrdiff_t i = 0; i < m; i++) r->rhs[i] = (double)r->a[i];
    for (ptrdiff_t i = 0; i < n; i++) r->rhs[m + i] = (double)r->b[i];
    r->rhs[m + n] = r->rhs[m + n + 1] = 0;
    LSV_TRY(lsv_backend_for(LSV_BE_GETRS, LSV_FLOAT64, r->L, 1, 0)
                ->getrs(LSV_FLOAT64, false, r->L, 1, r->lu, r->L, r->pivots, r->rhs, r->L, &info, err));
    for (ptrdiff_t i = 0; i < m; i++) x[i] += r->rhs[i];
    for (ptrdiff_t i = 0; i < n; i++) y[i] += r->rhs[m + i];
    *size = lsv_sg_norm(m + n, r->rhs);
    return LSV_OK;
}

enum { ROUNDS = 40 };

/* A v - s u and A^T u - s v into a and b, s the Rayleigh quotient. */
static void triplet_residual(refine *r) {
    unit_length(r->m, r->u);
    unit_length(r->n, r->v);
    multiply(r, r->u, r->v);
    r->s = dot(r->m, r->u, r->a);
    axpy(r->m, -r->s, r->u, r->a);
    axpy(r->n, -r->s, r->v, r->b);
}

static lsv_status triplet(refine *r, lsv_error *err) {
    double last = (double)INFINITY, size = 0;
    for (int k = 0; k < ROUNDS; k++) {
        LSV_TRY(lsv_poll(err));
        triplet_residual(r);
        LSV_TRY(correct(r, r->u, r->v, &size, err));
        if (size == 0 || size > 0.5 * last) break;
        last = size;
    }
    triplet_residual(r);
    return LSV_OK;
}

static void adjoint_residual(refine *r) {
    const lsv_sg *w = r->w;
    wide a = 0, b = 0;
    multiply(r, r->p, r->q);
    for (ptrdiff_t i = 0; i < r->m; i++) a += r->u[i] * w->phi[i];
    for (ptrdiff_t i = 0; i < r->n; i++) b += r->v[i] * w->psi[i];
    for (ptrdiff_t i = 0; i < r->m; i++) r->a[i] = w->phi[i] - a * r->u[i] - (r->s * r->p[i] - r->a[i]);
    for (ptrdiff_t i = 0; i < r->n; i++) r->b[i] = w->psi[i] - b * r->v[i] - (r->s * r->q[i] - r->b[i]);
    axpy(r->m, -dot(r->m, r->u, r->a), r->u, r->a);
    axpy(r->n, -dot(r->n, r->v, r->b), r->v, r->b);
}

static lsv_status adjoint(refine *r, int *rounds, lsv_error *err) {
    double last = (double)INFINITY, size = 0;
    for (int k = 0; k < ROUNDS; k++) {
        LSV_TRY(lsv_poll(err));
        adjoint_residual(r);
        LSV_TRY(correct(r, r->p, r->q, &size, err));
        axpy(r->m, -dot(r->m, r->u, r->p), r->u, r->p);
        axpy(r->n, -dot(r->n, r->v, r->q), r->v, r->q);
        ++*rounds;
        if (size == 0 || size > 0.5 * last) break;
        last = size;
    }
    adjoint_residual(r);
    return LSV_OK;
}

static lsv_status factor(refine *r, lsv_error *err) {
    const lsv_sg *w = r->w;
    ptrdiff_t m = r->m, n = r->n, N = m + n, L = r->L;
    int info = 0;
    for (ptrdiff_t i = 0; i < N; i++) r->lu[i * L + i] = w->s;
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t j = 0; j < n; j++) r->lu[(m + j) * L + i] = r->lu[i * L + m + j] = -w->A[i * n + j];
    for (ptrdiff_t i = 0; i < m; i++) r->lu[N * L + i] = r->lu[i * L + N] = w->s * w->u[i];
    for (ptrdiff_t i = 0; i < n; i++)
        r->lu[(N + 1) * L + m + i] = r->lu[(m + i) * L + N + 1] = w->s * w->v[i];
    LSV_TRY(lsv_backend_for(LSV_BE_GETRF, LSV_FLOAT64, L, L, 0)
                ->getrf(LSV_FLOAT64, L, L, r->lu, L, r->pivots, &info, err));
    return info ? lsv_fail(err, LSV_ELINALG, "svdgrad: the bordered system is singular to working precision")
                : LSV_OK;
}

static double norm_of(const refine *r) {
    return (double)sqrtl(dot(r->m, r->a, r->a) + dot(r->n, r->b, r->b));
}

static lsv_status refine_with(lsv_sg *w, refine *r, lsv_error *err) {
    ptrdiff_t m = r->m, n = r->n;
    LSV_TRY(factor(r, err));
    for (ptrdiff_t i = 0; i < m; i++) r->u[i] = w->u[i];
    for (ptrdiff_t i = 0; i < n; i++) r->v[i] = w->v[i];
    LSV_TRY(triplet(r, err));
    w->residual = norm_of(r);
    LSV_TRY(adjoint(r, &w->iterations, err));
    w->rho = norm_of(r);
    w->s = (double)r->s;
    for (ptrdiff_t i = 0; i < m; i++) w->u[i] = (double)r->u[i], w->p[i] = (double)r->p[i];
    for (ptrdiff_t i = 0; i < n; i++) w->v[i] = (double)r->v[i], w->q[i] = (double)r->q[i];
    w->unit = (double)LDBL_EPSILON;
    return LSV_OK;
}

lsv_status lsv_sg_refined(lsv_sg *w, lsv_error *err) {
    ptrdiff_t m = w->m, n = w->n, L = m + n + 2;
    refine r = {.w = w, .m = m, .n = n, .L = L};
    size_t vectors = (size_t)(3 * (m + n)) * sizeof(wide), pivots = (size_t)L * sizeof(int32_t);
    r.lu = lsv_sg_vector(L, L + 1, err);
    r.u = r.lu ? lsv_calloc(vectors, 1) : NULL;
    r.pivots = r.u ? lsv_malloc(pivots) : NULL;
    lsv_status status = LSV_ENOMEM;
    if (r.pivots) {
        r.rhs = r.lu + L * L;
        r.p = r.u + m, r.a = r.p + m, r.v = r.a + m, r.q = r.v + n, r.b = r.q + n;
        status = refine_with(w, &r, err);
    } else lsv_no_memory(err, vectors + pivots);
    lsv_free(r.lu);
    lsv_free(r.u);
    lsv_free(r.pivots);
    return status;
}
