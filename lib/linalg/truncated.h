/* The leading singular triplets of a large matrix, without the full decomposition, and what is certain
   about them.

   Small matrices (LSV_TRUNCATED_FROM rows or columns and less), and ranks that are no small part of the whole,
   are decomposed in full. Above, block Krylov iteration on A^T A finds the triplets; the answer is
   accepted only when its residuals, recomputed with A itself, meet the tolerance, and the full
   decomposition takes over where they cannot (spectra graded over many orders of magnitude).

   What the certificate proves. Each s_i is within residual * s_1 of a singular value of A, and U diag(S) Vh is
   an approximation of A whose error, in the Frobenius norm, is no more than `bound`: that holds whatever happened
   on the way. That no larger singular value was missed is not proved: a random start makes a miss improbable
   (a direction would have to be orthogonal to it to working precision), never impossible.

   Signs. Full decompositions have LAPACK's signs, as NumPy's. LAPACK's sign of a triplet is an outcome of its
   whole reduction, known to nobody who has not done half of the full work, so the leading triplets
   follow a rule of size alone: up to LSV_TRUNCATED_FROM they are those of the full decomposition, above it the largest
   entry of each column of U (the first within 1e-8 of the largest) is positive, whichever method found it. */
#ifndef LSV_LINALG_TRUNCATED_H
#define LSV_LINALG_TRUNCATED_H

#include "array/array.h"

#define LSV_TRUNCATED_FROM 256

typedef struct lsv_svd_info {
    const char *method;   /* "full" or "block Krylov" */
    ptrdiff_t k;
    int iterations;       /* products with A^T A; 0 for the full decomposition */
    ptrdiff_t block;      /* vectors per product, at the end                   */
    double residual;      /* largest of |A v - s u| and |A^T u - s v|, over s_1  */
    double error, bound;  /* |A - U S Vh| / |A|, Frobenius: as computed, and what it certainly does not exceed */
    double norm;          /* |A| */
} lsv_svd_info;

typedef struct lsv_svd_options {
    double tol;      /* for the residual, relative to s_1; 0: 1e-12, 1e-7 for float32 */
    uint64_t seed;   /* of the start block; the same seed, the same answer            */
    bool wide;       /* float64 results of whatever W                                 */
} lsv_svd_options;

/* The leading k triplets of a 2-D matrix of any dtype: U (m, k), S (k,), Vh (k, n), float32 for float32 and the 16-bit
   types, else float64; computed in float64. options and info may be NULL. LSV_EVALUE for k out of range,
   LSV_ELINALG for NaN and Inf. */
lsv_status lsv_svd_truncated(const lsv_array *W, ptrdiff_t k, const lsv_svd_options *options, lsv_array **U,
                             lsv_array **S, lsv_array **Vh, lsv_svd_info *info, lsv_error *err);

/* How many singular values of a 2-D float32 or float64 matrix exceed max(absolute, relative * s_1), where that can be
   proved without computing them all: *rank, or -1 where it cannot, because some value lies within a
   factor 4 of the threshold, or the threshold below what rounding does to the values, or no cheap proof exists. */
lsv_status lsv_rank_certified(const lsv_array *a, double absolute, double relative, ptrdiff_t *rank, lsv_error *err);

#endif
