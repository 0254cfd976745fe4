/* Inside lib/linalg: an operand seen as a stack of matrices in the precision LAPACK computes in.

   Opening an operand checks it (dimensions, dtype, square, finite) with the message its kind's
   library would give and converts it once; matrices are then loaded one by one into column-major
   buffers, factored there, and stored row-major into results of the same stack shape.

   ndarrays are computed in float64 whatever they are (NumPy's LAPACK calls are double only) and
   rounded back to float32 where they were float32; tensors in their own precision. */
#ifndef LSV_LINALG_MATRIX_H
#define LSV_LINALG_MATRIX_H

#include "array/array.h"
#include "backend/backend.h"
#include "base/alloc.h"
#include "base/interrupt.h"

enum {
    LSV_MATS_SQUARE = 1,
    LSV_MATS_FINITE = 2 /* sweep for NaN and Inf */
};

typedef struct lsv_mats {
    lsv_array *array;          /* owned; dtype `compute` */
    lsv_dtype compute, result; /* float32 or float64 */
    lsv_kind kind;
    int batch_ndim;
    ptrdiff_t count, m, n; /* matrices in the stack, rows, columns */
} lsv_mats;

/* `name` is the function in messages, without its module ("svd"). */
lsv_status lsv_mats_open(const lsv_array *a, const char *name, int flags, lsv_mats *out, lsv_error *err);
void lsv_mats_close(lsv_mats *mats);

/* dst[j*ld + i] = matrix[i, j] of the index-th matrix. */
void lsv_mats_load(const lsv_mats *mats, ptrdiff_t index, void *dst, ptrdiff_t ld);

/* A new array of dtype `compute`, the stack's shape followed by `core`. */
lsv_status lsv_mats_result(const lsv_mats *mats, int ncore, const ptrdiff_t *core, lsv_array **out,
                           lsv_error *err);
/* Row-major into the index-th matrix of a result: out[index][i, j] = src[j*ld + i]. */
void lsv_mats_store(lsv_array *out, ptrdiff_t index, ptrdiff_t m, ptrdiff_t n, const void *src, ptrdiff_t ld);
/* Round *out to `result` where that is another dtype. */
lsv_status lsv_mats_finish(const lsv_mats *mats, lsv_array **out, lsv_error *err);

/* Element types of `compute`: dtype of results for an operand, with the kind's complaint. */
lsv_status lsv_mats_dtype(const lsv_array *a, const char *name, lsv_dtype *compute, lsv_dtype *result,
                          lsv_error *err);
/* LSV_ELINALG naming the first NaN or Inf: "svd: the matrix contains nan at [1, 2]". */
lsv_status lsv_mats_finite(const lsv_array *a, const char *name, lsv_error *err);

/* A leading dimension for `rows` that does not fall on one cache set for every column. */
ptrdiff_t lsv_mats_ld(ptrdiff_t rows, lsv_dtype t);
/* rows x cols elements of `t` (at least one), not set. */
lsv_status lsv_mats_buffer(lsv_dtype t, ptrdiff_t rows, ptrdiff_t cols, void **out, lsv_error *err);
/* dst[j*ld + i] = src[i*rs + j*cs] for m x n; strides in elements. */
void lsv_mats_copy(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, const void *src, ptrdiff_t rs, ptrdiff_t cs,
                   void *dst, ptrdiff_t ld);

static inline double lsv_mats_get(lsv_dtype t, const void *p, ptrdiff_t i) {
    return t == LSV_FLOAT64 ? ((const double *)p)[i] : (double)((const float *)p)[i];
}
static inline void lsv_mats_put(lsv_dtype t, void *p, ptrdiff_t i, double x) {
    if (t == LSV_FLOAT64) ((double *)p)[i] = x;
    else ((float *)p)[i] = (float)x;
}
static inline double lsv_mats_eps(lsv_dtype t) { return t == LSV_FLOAT64 ? 0x1p-52 : (double)0x1p-23f; }
static inline ptrdiff_t lsv_min_size(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static inline ptrdiff_t lsv_max_size(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }
/* Drop an operand's const for the functions that take a reference to it; it is not written. */
static inline lsv_array *lsv_borrow(const lsv_array *a) { return (lsv_array *)(uintptr_t)a; }
/* "Float", "Long": PyTorch's names of dtypes in its messages. */
const char *lsv_mats_type_name(lsv_dtype t);

#endif
