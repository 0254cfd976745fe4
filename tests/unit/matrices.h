/* Matrices for the tests of linear algebra: building, reading, comparing. */
#ifndef MATRICES_H
#define MATRICES_H

#include <stdlib.h>
#include "array/array.h"
#include "base/alloc.h"
#include "check.h"
#include "linalg/linalg.h"

static lsv_error oops;

/* A float64 matrix (or float32 where t says so) from a row-major list of doubles. */
static inline lsv_array *matrix_of(lsv_kind kind, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, const double *x) {
    lsv_array *a = NULL;
    if (lsv_empty(kind, t, 2, (ptrdiff_t[]){m, n}, &a, NULL) != LSV_OK) exit(2);
    for (ptrdiff_t i = 0; i < m * n; i++)
        lsv_store(t, a->data + (size_t)i * lsv_dtype_size(t), lsv_scalar_float(x[i]));
    return a;
}

static inline lsv_array *vector_of(lsv_kind kind, lsv_dtype t, ptrdiff_t n, const double *x) {
    lsv_array *a = NULL;
    if (lsv_empty(kind, t, 1, &n, &a, NULL) != LSV_OK) exit(2);
    for (ptrdiff_t i = 0; i < n; i++)
        lsv_store(t, a->data + (size_t)i * lsv_dtype_size(t), lsv_scalar_float(x[i]));
    return a;
}

#define MATRIX(m, n, ...) matrix_of(LSV_NUMPY, LSV_FLOAT64, m, n, (const double[]){__VA_ARGS__})
#define VECTOR(n, ...) vector_of(LSV_NUMPY, LSV_FLOAT64, n, (const double[]){__VA_ARGS__})

/* Reproducible entries in (-1, 1). */
static inline lsv_array *noise(lsv_kind kind, lsv_dtype t, int ndim, const ptrdiff_t *shape, unsigned seed) {
    lsv_array *a = NULL;
    uint64_t state = seed * 2654435761u + 1;
    if (lsv_empty(kind, t, ndim, shape, &a, NULL) != LSV_OK) exit(2);
    for (ptrdiff_t i = 0; i < a->size; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        lsv_store(t, a->data + (size_t)i * lsv_dtype_size(t),
                  lsv_scalar_float((double)(int32_t)(state >> 32) / 2147483648.0));
    }
    return a;
}

static inline lsv_array *noise2(ptrdiff_t m, ptrdiff_t n, unsigned seed) {
    return noise(LSV_NUMPY, LSV_FLOAT64, 2, (ptrdiff_t[]){m, n}, seed);
}

/* Element i of a in C order, as a double. */
static inline double at(const lsv_array *a, ptrdiff_t i) {
    ptrdiff_t index[LSV_MAXDIM];
    for (int d = a->ndim - 1; d >= 0; d--) {
        index[d] = i % a->shape[d];
        i /= a->shape[d];
    }
    return lsv_scalar_as_double(lsv_item(a, index));
}

/* max |a - b|, or huge when the shapes differ. */
static inline double distance(const lsv_array *a, const lsv_array *b) {
    double most = 0;
    if (a->ndim != b->ndim) return 1e300;
    for (int d = 0; d < a->ndim; d++)
        if (a->shape[d] != b->shape[d]) return 1e300;
    for (ptrdiff_t i = 0; i < a->size; i++) most = fmax(most, fabs(at(a, i) - at(b, i)));
    return most;
}

/* Product that gives up its operands. */
static inline lsv_array *times(lsv_array *a, lsv_array *b) {
    lsv_array *c = NULL;
    if (lsv_matmul(a, b, &c, &oops) != LSV_OK) {
        printf("matmul: %s\n", oops.message);
        exit(2);
    }
    lsv_release(a);
    lsv_release(b);
    return c;
}

static inline lsv_array *transposed(lsv_array *a) {
    lsv_array *t = NULL;
    if (lsv_transpose(a, NULL, &t, &oops) != LSV_OK) exit(2);
    lsv_release(a);
    return t;
}

static inline double release_distance(lsv_array *a, lsv_array *b) {
    double d = distance(a, b);
    lsv_release(a);
    lsv_release(b);
    return d;
}

static inline bool has_shape(const lsv_array *a, int ndim, ptrdiff_t m, ptrdiff_t n) {
    return a->ndim == ndim && (ndim < 1 || a->shape[0] == m) && (ndim < 2 || a->shape[1] == n);
}

/* Run `body` (a statement that leaves its status in `status`) with the 1st, 2nd, … allocation failing
   until it succeeds: each failure must be LSV_ENOMEM and leave nothing behind. */
#define FAIL_EACH_ALLOCATION(body, clean)         \
    do {                                          \
        long live_ = lsv_alloc_live();            \
        for (long k_ = 1; k_ < 400; k_++) {       \
            lsv_status status = LSV_OK;           \
            lsv_alloc_fail_at(k_);                \
            body;                                 \
            lsv_alloc_fail_at(0);                 \
            if (status == LSV_OK) {               \
                clean;                            \
                CHECK(lsv_alloc_live() == live_); \
                break;                            \
            }                                     \
            CHECK(status == LSV_ENOMEM);          \
            CHECK(lsv_alloc_live() == live_);     \
            if (check_failed > 20) break;         \
        }                                         \
    } while (0)

#endif
