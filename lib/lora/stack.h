/* Inside lib/lora: a sum of low-rank updates in factored form. */
#ifndef LSV_LORA_STACK_H
#define LSV_LORA_STACK_H

#include "linalg/dense.h"
#include "lora/lora.h"

/* sum_i c_i B_i A_i = left diag(c) right^T with left (m x inner) and right (n x inner), float64 row-major, ld =
   lsv_pad8(inner) with zeros beyond. */
typedef struct lsv_lora_stack {
    ptrdiff_t m, n, inner, ld;
    double *left, *right, *c;
} lsv_lora_stack;

lsv_status lsv_lora_stack_new(ptrdiff_t m, ptrdiff_t n, ptrdiff_t inner, lsv_lora_stack *s, lsv_error *err);
void lsv_lora_stack_free(lsv_lora_stack *s);
/* Columns at.. of one side become those of x (transposed: its rows), its coefficient c. */
lsv_status lsv_lora_stack_put(double *side, ptrdiff_t ld, ptrdiff_t at, const lsv_array *x, bool transposed, double scale, lsv_error *err);

/* The core of the sum: left = Q1 T1, right = Q2 T2 in place, core = T1 diag(c) T2^T (inner x inner,
   column-major). |core| is |sum|. */
lsv_status lsv_lora_stack_core(lsv_lora_stack *s, double *core, lsv_error *err);

#endif
