/* Reductions along axes, and running ones. Sums of floats are pairwise in NumPy's blocks, so
   that the last digit agrees. */
#ifndef LSV_ARRAY_REDUCE_H
#define LSV_ARRAY_REDUCE_H

#include "array/array.h"

typedef enum lsv_reduction {
    LSV_SUM, LSV_PROD, LSV_MEAN, LSV_VAR, LSV_STD, LSV_MIN, LSV_MAX, LSV_ANY, LSV_ALL,
    LSV_COUNT_NONZERO, LSV_PTP, LSV_MEDIAN,      /* torch's median is the lower middle one */
    LSV_NANSUM, LSV_NANMEAN, LSV_NANMIN, LSV_NANMAX,
    LSV_LOGSUMEXP, LSV_NREDUCTIONS
} lsv_reduction;

typedef struct lsv_reduce_options {
    int naxes;            /* < 0: over everything */
    int axes[LSV_MAXDIM]; /* negative ones count from the end */
    bool keepdims;
    double ddof;          /* LSV_VAR, LSV_STD: NumPy's default 0, torch's 1 */
    bool has_dtype;       /* accumulate and give back in dtype */
    lsv_dtype dtype;
    const lsv_scalar *initial; /* LSV_SUM, LSV_PROD: what the result starts from; NULL: 0, 1 */
} lsv_reduce_options;

/* Result dtypes as the kind's library has them: bool and int32 sum to int64, means of integers
   are float64 (ndarray) or an error (tensor), … Empty min/max: LSV_EVALUE. */
lsv_status lsv_reduce(lsv_reduction op, const lsv_array *a, const lsv_reduce_options *options, lsv_array **out, lsv_error *err);
/* Index of the first extreme element (NaN counts as extreme); flat when flat. int64. */
lsv_status lsv_argreduce(bool max, const lsv_array *a, int axis, bool flat, bool keepdims, lsv_array **out, lsv_error *err);
/* LSV_SUM, LSV_PROD, LSV_MIN, LSV_MAX as a running result; flat ravels first. */
lsv_status lsv_cumulate(lsv_reduction op, const lsv_array *a, int axis, bool flat, lsv_array **out, lsv_error *err);
lsv_status lsv_diff(const lsv_array *a, int n, int axis, lsv_array **out, lsv_error *err);
/* numpy.quantile with method "linear"; q in [0, 1]. */
lsv_status lsv_quantile(const lsv_array *a, const lsv_array *q, int axis, bool flat, bool keepdims, lsv_array **out, lsv_error *err);
/* False as soon as a NaN or Inf is met; *where gets its flat C-order position. */
bool lsv_all_finite(const lsv_array *a, ptrdiff_t *where);
/* numpy.bincount, numpy.histogram (equal bins). */
lsv_status lsv_bincount(const lsv_array *a, ptrdiff_t minlength, lsv_array **out, lsv_error *err);
lsv_status lsv_histogram(const lsv_array *a, ptrdiff_t bins, bool has_range, double lo, double hi, lsv_array **counts, lsv_array **edges, lsv_error *err);

#endif
