/* Matrices here and on the GPU, for the tests of the CUDA backend. */
#ifndef LSV_TESTS_THERE_H
#define LSV_TESTS_THERE_H

#include <math.h>
#include <string.h>
#include "array/mirror.h"
#include "array/reduce.h"
#include "linalg/linalg.h"

static uint64_t state = 7;
static inline double uniform(void) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (double)(state >> 11) * 0x1p-53 - 0.5;
}

static inline void fill(lsv_dtype t, void *x, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) {
        double v = uniform();
        if (t == LSV_FLOAT64) ((double *)x)[i] = v;
        else ((float *)x)[i] = (float)v;
    }
}

static inline double get(lsv_dtype t, const void *x, ptrdiff_t i) { return t == LSV_FLOAT64 ? ((const double *)x)[i] : (double)((const float *)x)[i]; }

static inline lsv_array *made(lsv_kind kind, lsv_dtype t, ptrdiff_t m, ptrdiff_t n) {
    lsv_array *a;
    if (lsv_empty(kind, t, 2, (ptrdiff_t[]){m, n}, &a, NULL) != LSV_OK) return NULL;
    fill(t, a->data, a->size);
    return a;
}

/* Same shape, dtype and elements to tolerance; x is read through the host. */
static inline bool alike(lsv_array *x, lsv_array *y) {
    bool close = false;
    if (!x || !y || x->dtype != y->dtype || x->ndim != y->ndim || memcmp(x->shape, y->shape, (size_t)x->ndim * sizeof *x->shape)) return false;
    double tol = x->dtype == LSV_FLOAT64 ? 1e-10 : 1e-3;
    return lsv_allclose(x, y, tol, tol, true, &close, NULL) == LSV_OK && close;
}

typedef struct {
    lsv_array *here, *there;
} pair;

static inline pair both(lsv_dtype t, ptrdiff_t m, ptrdiff_t n) {
    pair p = {made(LSV_TORCH, t, m, n), NULL};
    if (lsv_to_device(p.here, 1, &p.there, NULL) != LSV_OK) p.there = NULL;
    return p;
}

static inline void drop(pair p) {
    lsv_release(p.here);
    lsv_release(p.there);
}

/* W = strong + noise: a few directions stand out, and the rest is about `noise` of them. Small enough for its host copy to stay. */
static inline pair standing_out(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, double noise) {
    enum { STRONG = 10 };
    lsv_array *x = made(LSV_TORCH, LSV_FLOAT64, m, STRONG), *y = made(LSV_TORCH, LSV_FLOAT64, STRONG, n), *a = NULL;
    pair p = {NULL, NULL};
    double *e;
    if (x && y && lsv_matmul(x, y, &a, NULL) == LSV_OK) {
        e = (double *)(void *)a->data;
        for (ptrdiff_t i = 0; i < a->size; i++) e[i] += noise * uniform();
        if (lsv_as_dtype(a, t, &p.here, NULL) != LSV_OK || lsv_to_device(p.here, 1, &p.there, NULL) != LSV_OK) p.there = NULL;
    }
    lsv_release(x), lsv_release(y), lsv_release(a);
    return p;
}

/* |W - L diag(s) R|, Frobenius, and that of the best approximation of that rank; s NULL: ones. */
static inline bool is_best(lsv_dtype t, const lsv_array *W, lsv_array *L, lsv_array *s, lsv_array *R) {
    lsv_array *S0 = NULL;
    double sum = 0, best = 0, all = 0;
    if (lsv_host(L, NULL) != LSV_OK || lsv_host(R, NULL) != LSV_OK || (s && lsv_host(s, NULL) != LSV_OK)) return lsv_is_lost(L) || lsv_is_lost(R);
    if (lsv_svd(W, false, LSV_SVD_AUTO, NULL, &S0, NULL, NULL) != LSV_OK) return false;
    ptrdiff_t k = L->shape[1], n = W->shape[1];
    for (ptrdiff_t i = 0; i < W->shape[0]; i++)
        for (ptrdiff_t j = 0; j < n; j++) {
            double d = get(t, W->data, i * n + j);
            all += d * d;
            for (ptrdiff_t q = 0; q < k; q++) d -= get(t, L->data, i * k + q) * (s ? get(t, s->data, q) : 1) * get(t, R->data, q * n + j);
            sum += d * d;
        }
    for (ptrdiff_t q = k; q < S0->size; q++) best += get(t, S0->data, q) * get(t, S0->data, q);
    lsv_release(S0);
    return sqrt(sum) <= sqrt(best) * (1 + 1e-6) + (t == LSV_FLOAT64 ? 1e-12 : 1e-5) * sqrt(all);
}

#endif
