/* Inside lib/grad: one problem of svdgrad, scaled and in doubles.

   A is divided by 2^exponent and (phi, psi) by 2^cotangent, so that nothing over- or underflows on the way:
   G = xi u v^T + 2^(cotangent - exponent) (p v^T + u q^T). Vectors lie in one block. A method fills
   p and q from the triplet; methods without a decomposition also find the triplet. */
#ifndef LSV_GRAD_SVDGRAD_WORK_H
#define LSV_GRAD_SVDGRAD_WORK_H

#include <math.h>
#include "backend/backend.h"
#include "base/alloc.h"
#include "base/interrupt.h"
#include "grad/svdgrad.h"
#include "linalg/linalg.h"
#include "linalg/matrix.h"

typedef struct lsv_sg {
    ptrdiff_t m, n, k, i; /* shape, min(m, n), which triplet */
    double eps, xi, tol;  /* eps: of A's own dtype */
    int exponent, cotangent;
    const double *A; /* m x n, row-major; `owned` where it is a copy */
    double *owned;
    bool uv; /* phi or psi is not 0 */
    double *block;
    double *phi, *psi, *f, *g; /* f = phi - (u.phi) u and g = psi - (v.psi) v once there is a triplet */
    double *u, *v, *p, *q;
    double s, s1, above, below; /* neighbours of s; NAN: none */
    double gap;
    lsv_array *aU, *aS, *aVh; /* the thin decomposition, where there is one */
    const double *U, *S, *Vh; /* (m, k), (k), (k, n) */
    double unit;              /* rounding unit that the triplet and p, q were brought to */
    double residual, rho;     /* |(A v - s u, A^T u - s v)|, |K x - P c|; NAN: not computed yet */
    double off;               /* |(I - u u^T) G (I - v v^T)| where the method gives G itself */
    int iterations, products;
} lsv_sg;

/* ---- vectors ---- */
static inline double lsv_sg_dot(ptrdiff_t n, const double *x, const double *y) {
    double s[4] = {0, 0, 0, 0};
    ptrdiff_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int j = 0; j < 4; j++) s[j] += x[i + j] * y[i + j];
    for (; i < n; i++) s[0] += x[i] * y[i];
    return (s[0] + s[1]) + (s[2] + s[3]);
}
static inline double lsv_sg_norm(ptrdiff_t n, const double *x) { return sqrt(lsv_sg_dot(n, x, x)); }
static inline void lsv_sg_axpy(ptrdiff_t n, double a, const double *x, double *y) {
    for (ptrdiff_t i = 0; i < n; i++) y[i] += a * x[i];
}
static inline void lsv_sg_scale(ptrdiff_t n, double a, double *x) {
    for (ptrdiff_t i = 0; i < n; i++) x[i] *= a;
}
/* x -= (e.x) e, twice. */
static inline void lsv_sg_project(ptrdiff_t n, const double *e, double *x) {
    for (int pass = 0; pass < 2; pass++) lsv_sg_axpy(n, -lsv_sg_dot(n, e, x), e, x);
}
/* Reproducible numbers in (-1, 1). */
static inline double lsv_sg_random(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(int32_t)(*state >> 32) / 2147483648.0;
}
double lsv_sg_square(ptrdiff_t n, const double *x);                    /* x.x of something large */
double *lsv_sg_vector(ptrdiff_t rows, ptrdiff_t cols, lsv_error *err); /* zeros; NULL: err is filled */
/* y = op(a) x, a row-major m x n. */
lsv_status lsv_sg_times(const double *a, ptrdiff_t m, ptrdiff_t n, bool transposed, const double *x,
                        double *y, lsv_error *err);

/* ---- methods: fill p and q ---- */
lsv_status lsv_sg_closed(lsv_sg *w, lsv_error *err); /* svdgrad_closed.c */
/* The sum over the first `count` triplets through one k x k matrix: phi, psi as rows of count x m, count x n.
   X is m x count, by rows of length m, and so on: gA = U_c M V_c^T + sum X_i v_i^T + u_i Y_i^T; M is count x
   count. */
lsv_status lsv_sg_block(const lsv_sg *w, ptrdiff_t count, const double *phi, const double *psi, double *M,
                        double *X, double *Y, lsv_error *err);
/* G: the adjoint part itself, p v^T + u q^T. */
lsv_status lsv_sg_autograd(lsv_sg *w, double *G, lsv_error *err);
lsv_status lsv_sg_bordered(lsv_sg *w, lsv_error *err); /* svdgrad_dense.c */
lsv_status lsv_sg_augmented(lsv_sg *w, lsv_error *err);
lsv_status lsv_sg_kshift(lsv_sg *w, lsv_error *err);
lsv_status lsv_sg_lstsq(lsv_sg *w, lsv_error *err);
lsv_status lsv_sg_inverted(lsv_sg *w, lsv_error *err); /* "block" */
lsv_status lsv_sg_mixed(lsv_sg *w, lsv_error *err);
lsv_status lsv_sg_backward(lsv_sg *w, lsv_error *err);
lsv_status lsv_sg_forward(lsv_sg *w, lsv_error *err);
lsv_status lsv_sg_written(lsv_sg *w, lsv_svdgrad_method method, lsv_error *err); /* svdgrad_written.c */
lsv_status lsv_sg_refined(lsv_sg *w, lsv_error *err); /* svdgrad_refined.c; also u, v and s */
lsv_status lsv_sg_numerical(lsv_sg *w, double *G,
                            lsv_error *err); /* svdgrad_numerical.c: 2^(exponent-cotangent) (G - xi u v^T) */
/* |f(A+E) - f(A-E) - 2<G,E>| / 2e and |f(A+E) - f(A) - <G,E>| / e for one random direction. */
lsv_status lsv_sg_directional(lsv_sg *w, const lsv_array *G, double *central, double *forward, double *step,
                              lsv_error *err);
/* The triplet, then p and q, by products only. *settled false: it did not separate (or not converge). */
lsv_status lsv_sg_iterative(lsv_sg *w, bool *settled, lsv_error *err); /* svdgrad_lanczos.c */
lsv_status lsv_sg_krylov(lsv_sg *w, bool *settled, lsv_error *err);    /* svdgrad_krylov.c */

/* ---- shared parts of svdgrad.c ---- */
lsv_status lsv_sg_decompose(lsv_sg *w, lsv_error *err);
void lsv_sg_take(lsv_sg *w); /* triplet i out of the decomposition; its neighbours and gap */
/* f and g, from the triplet and phi, psi. */
void lsv_sg_right_side(lsv_sg *w);

#endif
