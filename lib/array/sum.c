/* Sums and products along axes.

   Floating-point addition is not associative, and the last digit of a printed sum shows the
   order. So floats are added exactly as the kind's library does it: NumPy's pairwise summation
   within a run of memory and row by row across runs; PyTorch's cascade of partial sums in the
   vectors of a 256-bit machine. Integers are summed in int64, where order does not matter. */
#include "array/fold.h"
#include "array/kernel.h"

#include <string.h>
#include "base/interrupt.h"

/* log2 of the number of steps a level of the cascade takes. */
static int cascade_power(ptrdiff_t size) {
    int log = 0;
    while (((ptrdiff_t)1 << log) < size) log++;
    return log / 4 > 4 ? log / 4 : 4;
}

#define NAME(f) f##_f4
#define T float
#define LANES 8
#include "array/kernels/sum.inc"
#undef NAME
#undef T
#undef LANES

#define NAME(f) f##_f8
#define T double
#define LANES 4
#include "array/kernels/sum.inc"
#undef NAME
#undef T
#undef LANES

/* ---- integers: bool, int32, int64 to int64 ---- */

#define INTEGER_FOLDS(SUFFIX, T)                                                                   \
    LSV_VECTOR static lsv_status sum_##SUFFIX(void *context, char *const *at, const ptrdiff_t *step, ptrdiff_t n) { \
        (void)context;                                                                             \
        if (step[1] == 0) {                                                                        \
            uint64_t sum = 0;                                                                      \
            if (step[0] == sizeof(T))                                                              \
                for (ptrdiff_t i = 0; i < n; i++) sum += (uint64_t)((const T *)(const void *)at[0])[i]; \
            else                                                                                   \
                for (ptrdiff_t i = 0; i < n; i++) sum += (uint64_t)*(const T *)(const void *)(at[0] + i * step[0]); \
            *(uint64_t *)(void *)at[1] += sum;                                                     \
        } else {                                                                                   \
            for (ptrdiff_t i = 0; i < n; i++)                                                      \
                *(uint64_t *)(void *)(at[1] + i * step[1]) += (uint64_t)*(const T *)(const void *)(at[0] + i * step[0]); \
        }                                                                                          \
        return LSV_OK;                                                                             \
    }                                                                                              \
    static lsv_status prod_##SUFFIX(void *context, char *const *at, const ptrdiff_t *step, ptrdiff_t n) { \
        (void)context;                                                                             \
        for (ptrdiff_t i = 0; i < n; i++)                                                          \
            *(uint64_t *)(void *)(at[1] + i * step[1]) *= (uint64_t)*(const T *)(const void *)(at[0] + i * step[0]); \
        return LSV_OK;                                                                             \
    }
INTEGER_FOLDS(b1, uint8_t)
INTEGER_FOLDS(i4, int32_t)
INTEGER_FOLDS(i8, int64_t)

/* ---- entries ---- */

static void fill(lsv_array *out, double value) {
    for (ptrdiff_t i = 0; i < out->size; i++) { /* fresh memory, dense in some order */
        if (out->dtype == LSV_FLOAT32) ((float *)(void *)out->data)[i] = (float)value;
        else if (out->dtype == LSV_FLOAT64) ((double *)(void *)out->data)[i] = value;
        else ((int64_t *)(void *)out->data)[i] = (int64_t)value;
    }
}

/* PyTorch's walk: the two innermost axes go to its kernel together. The axes that go come
   first; where only one axis of either sort is left, the missing one has length 1. */
static lsv_status torch_walk(lsv_nest *nest, bool single, lsv_error *err) {
    ptrdiff_t n[2], step[2], so, index[LSV_MAXDIM] = {0}, since = 0;
    int used = 0;
    if (nest->size == 0) return LSV_OK;
    n[0] = n[1] = 1;
    step[0] = single ? (ptrdiff_t)sizeof(float) : (ptrdiff_t)sizeof(double);
    step[1] = so = 0;
    if (nest->ndim > 0 && nest->step[0][1] != 0) { /* nothing goes: n sums of one element each */
        n[1] = nest->n[0];
        step[1] = nest->step[0][0];
        so = nest->step[0][1];
        used = 1;
    } else if (nest->ndim > 0) {
        n[0] = nest->n[0];
        step[0] = nest->step[0][0];
        used = 1;
        if (nest->ndim > 1) {
            n[1] = nest->n[1];
            step[1] = nest->step[1][0];
            so = nest->step[1][1];
            used = 2;
        }
    }
    char *at[2] = {nest->base[0], nest->base[1]};
    for (;;) {
        if (single) torch_sum_f4(at[1], so, at[0], step, n);
        else torch_sum_f8(at[1], so, at[0], step, n);
        since += n[0] * n[1];
        if (since >= LSV_NEST_POLL) {
            LSV_TRY(lsv_poll(err));
            since = 0;
        }
        int i = used;
        for (; i < nest->ndim; i++) {
            for (int op = 0; op < 2; op++) at[op] += nest->step[i][op];
            if (++index[i] < nest->n[i]) break;
            for (int op = 0; op < 2; op++) at[op] -= nest->step[i][op] * nest->n[i];
            index[i] = 0;
        }
        if (i >= nest->ndim) return LSV_OK;
    }
}

typedef struct entry {
    lsv_nest_body *sum, *prod;
    lsv_dtype acc;
} entry;
static const entry entries[LSV_NDTYPES] = {
    [LSV_BOOL] = {sum_b1, prod_b1, LSV_INT64},
    [LSV_INT32] = {sum_i4, prod_i4, LSV_INT64},
    [LSV_INT64] = {sum_i8, prod_i8, LSV_INT64},
    [LSV_FLOAT32] = {numpy_sum_f4, prod_f4, LSV_FLOAT32},
    [LSV_FLOAT64] = {numpy_sum_f8, prod_f8, LSV_FLOAT64},
};

/* A run that is summed pairwise must stay whole: lsv_nest_run would cut it to poll. */
static lsv_status whole_run(lsv_nest *nest, lsv_nest_body *body, void *context, lsv_error *err) {
    if (nest->ndim == 1 && nest->size > 0 && nest->step[0][1] == 0) {
        LSV_TRY(lsv_poll(err));
        return body(context, nest->base, nest->step[0], nest->n[0]);
    }
    return lsv_nest_run(nest, body, context, err);
}

lsv_status lsv_fold_sum(const lsv_fold *fold, const lsv_array *a, lsv_array **out, lsv_error *err) {
    lsv_nest nest;
    lsv_array *result = NULL;
    const entry *e = &entries[a->dtype];
    bool torch = a->kind == LSV_TORCH && e->acc != LSV_INT64;
    LSV_TRY(lsv_fold_nest(fold, a, torch, e->acc, &nest, &result, err));
    fill(result, 0);
    lsv_status status = torch ? torch_walk(&nest, a->dtype == LSV_FLOAT32, err) : whole_run(&nest, e->sum, NULL, err);
    if (status == LSV_OK) *out = result;
    else lsv_release(result);
    return status;
}

lsv_status lsv_fold_prod(const lsv_fold *fold, const lsv_array *a, lsv_array **out, lsv_error *err) {
    lsv_nest nest;
    lsv_array *result = NULL;
    const entry *e = &entries[a->dtype];
    bool torch = a->kind == LSV_TORCH;
    LSV_TRY(lsv_fold_nest(fold, a, torch, e->acc, &nest, &result, err));
    fill(result, 1);
    lsv_status status = whole_run(&nest, e->prod, &torch, err);
    if (status == LSV_OK) *out = result;
    else lsv_release(result);
    return status;
}
