/* Inside lib/linalg: the ways of long matrices (tallsvd.c) and very small ones (jacobi.c). */
#ifndef LSV_LINALG_SVD_INSIDE_H
#define LSV_LINALG_SVD_INSIDE_H

#include "linalg/matrix.h"

/* So much longer than wide, and large enough, that QR first with thin products pays. */
bool lsv_tall_svd_suits(ptrdiff_t m, ptrdiff_t n);

/* Thin SVD of a float64 matrix a[i*rs + j*cs]: u (m x k), vt (k x n) row-major, k = min(m, n); both NULL: values
   only. LAPACK's signs. LSV_ELINALG when the small SVD did not converge. */
lsv_status lsv_tall_svd(ptrdiff_t m, ptrdiff_t n, const double *a, ptrdiff_t rs, ptrdiff_t cs, double *u, double *s, double *vt, lsv_error *err);

/* How many singular values of a float32 or float64 matrix of at most so many rows and columns (or the other way round)
   exceed max(absolute, relative * s_1); -1 where one is within a factor 4 of that, or no telling. */
enum { LSV_JACOBI_COLUMNS = 8, LSV_JACOBI_ROWS = 32 };
ptrdiff_t lsv_jacobi_rank(const lsv_array *a, double absolute, double relative);

#endif
