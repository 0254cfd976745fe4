/* Folds: the frame of every reduction. Which axes go, what shape stays, and a nest over the
   array in which the result does not move along the axes that go. */
#ifndef LSV_ARRAY_FOLD_H
#define LSV_ARRAY_FOLD_H

#include "array/nest.h"
#include "array/reduce.h"

typedef struct lsv_fold {
    bool gone[LSV_MAXDIM]; /* axes reduced over */
    bool all;              /* every axis        */
    bool everything;       /* … without naming any */
    bool keepdims;
    bool to_half;    /* NumPy sums float16 in float32 along a run, but keeps the sums in float16 */
    ptrdiff_t count; /* elements that go into one result */
    int ndim;        /* of the result */
    ptrdiff_t shape[LSV_MAXDIM];
    ptrdiff_t size; /* of the result */
    const lsv_scalar *initial; /* of a sum or a product; NULL: 0, 1 */
} lsv_fold;

/* Reads axes and keepdims for a; errors as the kind words them. */
lsv_status lsv_fold_init(lsv_fold *fold, const lsv_array *a, const lsv_reduce_options *options,
                         lsv_error *err);

/* Operands 0: a, 1: the new result (elements not set). by_result: the axes that go are the inner
   ones, so that all the runs of one result follow each other; else memory order, as NumPy has it. */
lsv_status lsv_fold_nest(const lsv_fold *fold, const lsv_array *a, bool by_result, lsv_dtype dtype,
                         lsv_nest *nest, lsv_array **out, lsv_error *err);

/* A nest over `a` alone, in C order or in memory's, whose innermost axis is `axis`: every run is a
   lane. Only valid where that axis is longer than 1. */
void lsv_lane_nest(const lsv_array *a, int axis, lsv_nest *nest);

/* Sum and product of an array of a compute type into acc, in the libraries' order of additions
   (sum.c). a: bool, int32 or int64 (acc int64), float32, float64 (acc the same). */
lsv_status lsv_fold_sum(const lsv_fold *fold, const lsv_array *a, lsv_array **out, lsv_error *err);
lsv_status lsv_fold_prod(const lsv_fold *fold, const lsv_array *a, lsv_array **out, lsv_error *err);

/* Median (stats.c). */
lsv_status lsv_fold_median(const lsv_fold *fold, const lsv_array *a, lsv_array **out, lsv_error *err);

#endif
