/* Inside lib/lora: choosing a rank and splitting triplets into two factors. */
#ifndef LSV_LORA_FACTORS_H
#define LSV_LORA_FACTORS_H

#include "lora/lora.h"

/* A matrix operand in the floating dtype it is worked on in: integers and bool as float64 (ndarray)
   or float32 (tensor), float16 and bfloat16 as float32. A new reference; LSV_EVALUE when not 2-D. */
lsv_status lsv_lora_operand(const lsv_array *W, const char *name, lsv_array **out, lsv_error *err);

/* The rank that `rule` asks of singular values s[0..k) of an m x n matrix, and the relative
   Frobenius error it leaves. */
lsv_status lsv_lora_choose(const lsv_array *S, ptrdiff_t m, ptrdiff_t n, lsv_rank_rule rule, const char *name,
                           ptrdiff_t *rank, double *error, lsv_error *err);

/* The first r columns of U, entries of S and rows of Vh as B and A. */
lsv_status lsv_lora_split(const lsv_array *U, const lsv_array *S, const lsv_array *Vh, ptrdiff_t r,
                          lsv_split split, lsv_array **B, lsv_array **A, lsv_error *err);

#endif
