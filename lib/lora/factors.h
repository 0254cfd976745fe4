/* Inside lib/lora: choosing a rank and splitting triplets into two factors. */
#ifndef LSV_LORA_FACTORS_H
#define LSV_LORA_FACTORS_H

#include "lora/lora.h"

/* A rule against the leading k values s (falling) of a matrix of Frobenius norm `norm`, which leave the relative error
   `error` (negative: they are all there are): the rank, or -1 when more values are needed to tell (never where they are all). */
ptrdiff_t lsv_lora_choose(const double *s, ptrdiff_t k, double error, double norm, double numerical, lsv_rank_rule rule);

/* LSV_EVALUE for a rule that makes no sense for an m x n matrix. */
lsv_status lsv_lora_check_rule(lsv_rank_rule rule, ptrdiff_t m, ptrdiff_t n, const char *name, lsv_error *err);

/* The first r columns of U, entries of S and rows of Vh as B and A. */
lsv_status lsv_lora_split(const lsv_array *U, const lsv_array *S, const lsv_array *Vh, ptrdiff_t r, lsv_split split,
                          lsv_array **B, lsv_array **A, lsv_error *err);

/* Sum over the entries of the variance of their rounding to the array's type, (ulp / sqrt(12))^2, in units of
   4^exponent: with that of the norm, squares stay in range. */
double lsv_lora_rounding(const lsv_array *W, int exponent);

#endif
