/* Low-rank factors: the best rank-r approximation of a matrix, and the sum of many low-rank
   updates. B is m x r, A is r x n, B @ A the update. */
#ifndef LSV_LORA_LORA_H
#define LSV_LORA_LORA_H

#include "array/array.h"

typedef enum lsv_split { LSV_SPLIT_SQRT, LSV_SPLIT_LEFT, LSV_SPLIT_RIGHT } lsv_split;

typedef struct lsv_lora_info {
    ptrdiff_t rank;
    double error;          /* |W - BA| / |W|, Frobenius, from the singular values left out */
    const char *method;
} lsv_lora_info;

/* How the rank is chosen: by number (r >= 0), else the smallest that reaches a relative
   Frobenius error `tol`, or a share `energy` of |W|^2; NAN for what is not given. None given:
   the numerical rank. */
typedef struct lsv_rank_rule { ptrdiff_t r; double tol, energy; } lsv_rank_rule;

/* Eckart-Young: B @ A is the best approximation in every unitarily invariant norm. */
lsv_status lsv_lora(const lsv_array *W, lsv_rank_rule rule, lsv_split split, lsv_array **B, lsv_array **A, lsv_lora_info *info, lsv_error *err);

/* B, A of sum_i w_i B_i A_i, the sum never formed: QR of the stacked factors and a small SVD.
   weights NULL: 1/n each. r < 0: the exact numerical rank. */
lsv_status lsv_aggregate(lsv_array *const *Bs, lsv_array *const *As, const double *weights, int n, ptrdiff_t r, lsv_split split, lsv_array **B, lsv_array **A, lsv_lora_info *info, lsv_error *err);

/* Leading k triplets (first form: from the full decomposition). */
lsv_status lsv_svd_leading(const lsv_array *W, ptrdiff_t k, lsv_array **U, lsv_array **S, lsv_array **Vh, lsv_error *err);

#endif
