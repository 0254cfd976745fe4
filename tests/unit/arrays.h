/* Arrays for tests from literals, and their contents as text: "[[1 2] [3 4]]". */
#ifndef ARRAYS_H
#define ARRAYS_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "array/array.h"
#include "base/alloc.h"
#include "check.h"

#define S(...) ((ptrdiff_t[]){__VA_ARGS__})
#define NDIM(...) (int)(sizeof(S(__VA_ARGS__)) / sizeof(ptrdiff_t))

/* 0, 1, 2, … in the given shape. */
static inline lsv_array *iota_n(lsv_kind kind, lsv_dtype dtype, int ndim, const ptrdiff_t *shape) {
    lsv_array *a = NULL;
    if (lsv_empty(kind, dtype, ndim, shape, &a, NULL) != LSV_OK) exit(99);
    for (ptrdiff_t i = 0; i < a->size; i++)
        lsv_store(dtype, a->data + (size_t)i * lsv_dtype_size(dtype), lsv_scalar_int(i));
    return a;
}
#define IOTA(kind, dtype, ...) iota_n(kind, dtype, NDIM(__VA_ARGS__), S(__VA_ARGS__))
#define NP(...) IOTA(LSV_NUMPY, LSV_FLOAT64, __VA_ARGS__)
#define TH(...) IOTA(LSV_TORCH, LSV_FLOAT32, __VA_ARGS__)

/* A line of numbers. */
static inline lsv_array *line_n(lsv_kind kind, lsv_dtype dtype, ptrdiff_t n, const double *x) {
    lsv_array *a = NULL;
    if (lsv_empty(kind, dtype, 1, &n, &a, NULL) != LSV_OK) exit(99);
    for (ptrdiff_t i = 0; i < n; i++)
        lsv_store(dtype, a->data + (size_t)i * lsv_dtype_size(dtype), lsv_scalar_float(x[i]));
    return a;
}
#define LINE(kind, dtype, ...)                                                         \
    line_n(kind, dtype, (ptrdiff_t)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), \
           (double[]){__VA_ARGS__})

static inline void text_of(const lsv_array *a, int dim, ptrdiff_t *index, char *buf, size_t n) {
    size_t at = strlen(buf);
    if (dim == a->ndim) {
        lsv_scalar s = lsv_item(a, index);
        if (lsv_dtype_is_float(s.dtype)) snprintf(buf + at, n - at, "%.9g", s.f);
        else snprintf(buf + at, n - at, "%lld", (long long)s.i);
        return;
    }
    snprintf(buf + at, n - at, "[");
    for (index[dim] = 0; index[dim] < a->shape[dim]; index[dim]++) {
        at = strlen(buf);
        if (index[dim]) snprintf(buf + at, n - at, " ");
        text_of(a, dim + 1, index, buf, n);
    }
    at = strlen(buf);
    snprintf(buf + at, n - at, "]");
}

/* In one of a few static buffers. */
static inline const char *T(const lsv_array *a) {
    static char bufs[4][4096];
    static int next;
    char *buf = bufs[next++ & 3];
    buf[0] = '\0';
    ptrdiff_t index[LSV_MAXDIM] = {0};
    if (!a) return "NULL";
    text_of(a, 0, index, buf, sizeof bufs[0]);
    return buf;
}
static inline const char *SH(const lsv_array *a) {
    static char bufs[4][256];
    static int next;
    return a ? lsv_shape_text(a, bufs[next++ & 3], sizeof bufs[0]) : "NULL";
}

/* Checks the contents and releases. */
#define CHECK_ARRAY(a, text)           \
    do {                               \
        lsv_array *check_a_ = (a);     \
        CHECK_TEXT(T(check_a_), text); \
        lsv_release(check_a_);         \
    } while (0)

/* Run `call` with its k-th allocation failing, for k = 1, 2, … until it succeeds: each failure
   must be LSV_ENOMEM and leave nothing behind. `drop` releases the results of a success. */
#define CHECK_FAULTS(call, drop)                               \
    do {                                                       \
        for (long check_k_ = 1; check_k_ < 1000; check_k_++) { \
            long check_live_ = lsv_alloc_live();               \
            lsv_alloc_fail_at(check_k_);                       \
            lsv_status check_s_ = (call);                      \
            lsv_alloc_fail_at(0);                              \
            if (check_s_ == LSV_OK) {                          \
                drop;                                          \
                CHECK(lsv_alloc_live() == check_live_);        \
                break;                                         \
            }                                                  \
            CHECK(check_s_ == LSV_ENOMEM);                     \
            CHECK(lsv_alloc_live() == check_live_);            \
        }                                                      \
    } while (0)

#endif
