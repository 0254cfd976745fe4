/* Inside lib/linalg: how well a linear system is conditioned, for the ledger. */
#ifndef LSV_LINALG_CONDITION_H
#define LSV_LINALG_CONDITION_H

#include <stddef.h>
#include <stdint.h>
#include "array/dtype.h"

/* The 1-norm of an n x n column-major matrix. */
double lsv_norm_one(lsv_dtype t, ptrdiff_t n, const void *a, ptrdiff_t lda);
/* Notes "condition", |A|_1 |A^-1|_1 with the second factor estimated from the LU of A (a few triangular solves, O(n^2)),
   in the ledger. Where memory is short nothing is noted. */
void lsv_condition_note(lsv_dtype t, ptrdiff_t n, const void *lu, ptrdiff_t ld, const int32_t *piv, double norm);

#endif
