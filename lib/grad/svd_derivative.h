/* The derivative of the singular value decomposition A = U diag(S) V', in both directions, for thin factors,
   full ones, or the first k triplets, and gradients of norms of a matrix.

   Signs of triplets are free: a loss has to be even in each, or own the sign. Where singular values
   coincide, U and V are not differentiable one by one: a cotangent that asks for it is an LSV_ELINALG
   error, unless the loss depends on the subspace only and the caller says so. Terms whose cotangents vanish
   are left out, so that a rank-deficient A with many equal zeros is no special case. */
#ifndef LSV_GRAD_SVD_DERIVATIVE_H
#define LSV_GRAD_SVD_DERIVATIVE_H

#include "array/array.h"

typedef enum lsv_svd_cluster {
    LSV_CLUSTER_ERROR,    /* equal values with a cotangent that tells them apart: an error    */
    LSV_CLUSTER_SUBSPACE, /* the loss depends on their subspace only: their own terms are 0   */
    LSV_CLUSTER_NAN       /* as PyTorch, but 0 where the cotangent is 0 within rounding       */
} lsv_svd_cluster;

/* gA from cotangents of U (m,k or m,m), S (k) and Vh (k,n or n,n); each may be NULL. A NULL: from the
   factors, which then have to be whole (k = min(m,n)); with A, factors of the first k triplets are enough.
   Stacks are done one by one. */
lsv_status lsv_svd_vjp(const lsv_array *A, const lsv_array *U, const lsv_array *S, const lsv_array *Vh,
                       const lsv_array *gU, const lsv_array *gS, const lsv_array *gVh,
                       lsv_svd_cluster cluster, lsv_array **gA, lsv_error *err);
/* dU, dS, dVh of a change dA (m,n); thin or full by U's and Vh's shapes. One matrix. */
lsv_status lsv_svd_jvp(const lsv_array *U, const lsv_array *S, const lsv_array *Vh, const lsv_array *dA,
                       lsv_svd_cluster cluster, lsv_array **dU, lsv_array **dS, lsv_array **dVh,
                       lsv_error *err);
/* The gradient of a norm of A with respect to A: kind "2" or "spectral", "nuc", "fro", "kyfan2" (the sum of
   the 2 largest), "schatten3", … *unique is false where it is one of many subgradients (may be NULL). */
lsv_status lsv_normgrad(const lsv_array *A, const char *kind, lsv_array **out, bool *unique, lsv_error *err);

#endif
