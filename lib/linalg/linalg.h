/* Dense linear algebra. Row-major arrays. Products read a row-major matrix, or a view whose one stride
   is 1, as it lies; factorisations copy the matrix column-major and hand it over untransposed, so that
   the free signs of vectors are those NumPy and PyTorch get. ndarrays are factored in float64 and
   rounded back to float32 where they were float32 (as NumPy does), tensors in their own precision.
   Products are computed in the operands' dtype. Integers and bool are widened to float64 (ndarray),
   and are an error for tensors except in matmul, dot, trace and the like.

   Every factorisation sweeps its input for NaN and Inf first (LAPACK's SVD does not return on
   an Inf): LSV_ELINALG naming the entry. Stacks of matrices (ndim > 2) are done one by one.
   Errors carry the shapes; `err->operand` names the operand at fault. */
#ifndef LSV_LINALG_LINALG_H
#define LSV_LINALG_LINALG_H

#include "array/array.h"

/* ---- products (products.c) ---- */
lsv_status lsv_matmul(const lsv_array *a, const lsv_array *b, lsv_array **out, lsv_error *err); /* @: 1-D rules, stacks broadcast */
lsv_status lsv_dot(const lsv_array *a, const lsv_array *b, lsv_array **out, lsv_error *err);    /* numpy.dot; torch.dot (1-D only) by kind */
lsv_status lsv_inner(const lsv_array *a, const lsv_array *b, lsv_array **out, lsv_error *err);
lsv_status lsv_outer(const lsv_array *a, const lsv_array *b, lsv_array **out, lsv_error *err);
lsv_status lsv_tensordot(const lsv_array *a, const lsv_array *b, int n, const int *axes_a, const int *axes_b, lsv_array **out, lsv_error *err);
lsv_status lsv_kron(const lsv_array *a, const lsv_array *b, lsv_array **out, lsv_error *err);
lsv_status lsv_cross(const lsv_array *a, const lsv_array *b, lsv_array **out, lsv_error *err);
lsv_status lsv_trace(const lsv_array *a, ptrdiff_t k, lsv_array **out, lsv_error *err);
lsv_status lsv_matrix_power(const lsv_array *a, int64_t n, lsv_array **out, lsv_error *err);
lsv_status lsv_einsum(const char *subscripts, lsv_array *const *operands, int n, lsv_array **out, lsv_error *err); /* torch.einsum too */

/* ---- factorisations ---- */
typedef enum lsv_svd_driver { LSV_SVD_AUTO, LSV_SVD_GESDD, LSV_SVD_GESVD } lsv_svd_driver;
/* A = U diag(S) Vh. full: U (m,m), Vh (n,n); else (m,k), (k,n), k = min(m,n). U and Vh may be
   NULL (values only). */
lsv_status lsv_svd(const lsv_array *a, bool full, lsv_svd_driver driver, lsv_array **U, lsv_array **S, lsv_array **Vh, lsv_error *err);
typedef enum lsv_qr_mode { LSV_QR_REDUCED, LSV_QR_COMPLETE, LSV_QR_R } lsv_qr_mode;
lsv_status lsv_qr(const lsv_array *a, lsv_qr_mode mode, lsv_array **Q, lsv_array **R, lsv_error *err);
lsv_status lsv_eigh(const lsv_array *a, bool upper, lsv_array **w, lsv_array **v, lsv_error *err); /* ascending; v NULL: values only */
lsv_status lsv_cholesky(const lsv_array *a, bool upper, lsv_array **L, lsv_error *err);
lsv_status lsv_lu(const lsv_array *a, lsv_array **LU, lsv_array **pivots, lsv_error *err);          /* torch.linalg.lu_factor; pivots 1-based int32 */
lsv_status lsv_eig_real(const lsv_array *a, lsv_array **w, lsv_array **v, lsv_error *err);           /* general real matrix; LSV_ENOTIMPL when an eigenvalue is complex */

/* ---- systems ---- */
lsv_status lsv_solve(const lsv_array *a, const lsv_array *b, lsv_array **x, lsv_error *err);
lsv_status lsv_solve_triangular(const lsv_array *a, const lsv_array *b, bool upper, bool left, bool unit, lsv_array **x, lsv_error *err);
lsv_status lsv_inv(const lsv_array *a, lsv_array **out, lsv_error *err);
lsv_status lsv_det(const lsv_array *a, lsv_array **out, lsv_error *err);
lsv_status lsv_slogdet(const lsv_array *a, lsv_array **sign, lsv_array **logdet, lsv_error *err);
typedef enum lsv_lstsq_driver { LSV_GELSD, LSV_GELSY, LSV_GELSS, LSV_GELS } lsv_lstsq_driver;
/* min |a x - b|. rcond < 0: eps*max(m,n). residuals, rank and S as numpy.linalg.lstsq gives
   them (empty where it gives empty); each may be NULL. JPVT is zeroed before gelsy. */
lsv_status lsv_lstsq(const lsv_array *a, const lsv_array *b, double rcond, lsv_lstsq_driver driver, lsv_array **x, lsv_array **residuals, int64_t *rank, lsv_array **S, lsv_error *err);
/* rtol < 0: NumPy's 1e-15 (ndarray) or torch's max(m,n)*eps (tensor). */
lsv_status lsv_pinv(const lsv_array *a, double rtol, bool hermitian, lsv_array **out, lsv_error *err);

/* ---- numbers about a matrix ---- */
/* ord of a norm: one of these, or a finite order in `p`. */
typedef struct lsv_norm_order {
    enum { LSV_NORM_DEFAULT, LSV_NORM_FRO, LSV_NORM_NUC, LSV_NORM_INF, LSV_NORM_NEG_INF, LSV_NORM_P } type;
    double p;
} lsv_norm_order;
/* numpy.linalg.norm / torch.linalg.norm. naxes < 0: all (default order flattens), 1: vector, 2: matrix. */
lsv_status lsv_norm(const lsv_array *a, lsv_norm_order ord, int naxes, const int *axes, bool keepdims, lsv_array **out, lsv_error *err);
lsv_status lsv_cond(const lsv_array *a, lsv_norm_order ord, lsv_array **out, lsv_error *err);
/* NumPy: S.max()*max(m,n)*eps unless tol (absolute) or rtol is given (NAN: not given). int64;
   vectors count as rank 0 or 1. */
lsv_status lsv_matrix_rank(const lsv_array *a, double tol, double rtol, bool hermitian, lsv_array **out, lsv_error *err);

#endif
