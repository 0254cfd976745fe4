/* Rows sorted in place: what sorting along an axis, unique and searchsorted share. */
#ifndef LSV_ARRAY_SORTING_H
#define LSV_ARRAY_SORTING_H

#include "array/array.h"

/* The dtype in which a dtype's values are sorted: itself, or float32 for the 16-bit ones. */
lsv_dtype lsv_sorted_as(lsv_dtype dtype);
/* Dense rows of n values, each sorted up. LSV_EINTR when interrupted. */
lsv_status lsv_sort_rows(lsv_dtype dtype, void *values, ptrdiff_t rows, ptrdiff_t n, lsv_error *err);
/* Positions that sort each row, up or down; stable both ways. */
lsv_status lsv_argsort_rows(lsv_dtype dtype, const void *values, int64_t *index, ptrdiff_t rows, ptrdiff_t n,
                            bool down, lsv_error *err);

#endif
