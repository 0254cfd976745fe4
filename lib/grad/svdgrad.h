/* The gradient of f(A) = xi*sigma + phi.u + psi.v for one singular triplet (sigma, u, v) of A,
   with respect to A: closed form through the thin SVD, free of squares of sigma and of 1/sigma_j, so that
   rank-deficient A is no special case (A is scaled by a power of two first). */
#ifndef LSV_GRAD_SVDGRAD_H
#define LSV_GRAD_SVDGRAD_H

#include "array/array.h"

typedef struct lsv_svdgrad_info {
    double sigma, gap;  /* sigma_index; the distance to the nearest other singular value (or 0) */
    double error;       /* estimate of the relative error: sqrt(m+n) * eps * sigma_1 / gap      */
    const char *method;
} lsv_svdgrad_info;

/* A (m,n); phi (m) or NULL, psi (n) or NULL; index 0-based. Signs of (u, v): the largest |u_j| (the first within
   1e-8 of the maximum) is positive. G: (m,n), dtype and kind of A.
   Errors: LSV_ELINALG for NaN/Inf, A = 0, sigma ~ 0, or a repeated sigma with phi or psi not 0. */
lsv_status lsv_svdgrad(const lsv_array *A, double xi, const lsv_array *phi, const lsv_array *psi, ptrdiff_t index, lsv_array **G, lsv_svdgrad_info *info, lsv_error *err);

#endif
