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

#define INTEGER_FOLDS(SUFFIX, T)                                                                          \
    LSV_VECTOR static lsv_status sum_##SUFFIX(void *context, char *const *at, const ptrdiff_t *step,      \
                                              ptrdiff_t n) {                                              \
        (void)context;                                                                                    \
        if (step[1] == 0) {                                                                               \
            uint64_t sum = 0;                                                                             \
            if (step[0] == sizeof(T))                                                                     \
                for (ptrdiff_t i = 0; i < n; i++) sum += (uint64_t)((const T *)(const void *)at[0])[i];   \
            else                                                                                          \
                for (ptrdiff_t i = 0; i < n; i++)                                                         \
                    sum += (uint64_t) * (const T *)(const void *)(at[0] + i * step[0]);                   \
            *(uint64_t *)(void *)at[1] += sum;                                                            \
        } else {                                                                                          \
            for (ptrdiff_t i = 0; i < n; i++)                                                             \
                *(uint64_t *)(void *)(at[1] + i * step[1]) +=                                             \
                    (uint64_t) * (const T *)(const void *)(at[0] + i * step[0]);                          \
        }                                                                                                 \
        return LSV_OK;                                                                                    \
    }                                                                                                     \
    static lsv_status prod_##SUFFIX(void *context, char *const *at, const ptrdiff_t *step, ptrdiff_t n) { \
        (void)context;                                                                                    \
        for (ptrdiff_t i = 0; i < n; i++)                                                                 \
            *(uint64_t *)(void *)(at[1] + i * step[1]) *=                                                 \
                (uint64_t) * (const T *)(const void *)(at[0] + i * step[0]);                              \
        return LSV_OK;                                                                                    \
    }
INTEGER_FOLDS(b1, uint8_t)
INTEGER_FOLDS(i4, int32_t)
INTEGER_FOLDS(i8, int64_t)

/* ---- entries ---- */

/* `initial`, or where that is NULL the number. */
static void fill(lsv_array *out, const lsv_scalar *initial, double number) {
    if (initial) {
        for (ptrdiff_t i = 0; i < out->size; i++)
            lsv_store((lsv_dtype)out->dtype, out->data + i * (ptrdiff_t)lsv_dtype_size((lsv_dtype)out->dtype), *initial);
        return;
    }
    for (ptrdiff_t i = 0; i < out->size; i++) { /* fresh memory, dense in some order */
        if (out->dtype == LSV_FLOAT32) ((float *)(void *)out->data)[i] = (float)number;
        else if (out->dtype == LSV_FLOAT64) ((double *)(void *)out->data)[i] = number;
        else ((int64_t *)(void *)out->data)[i] = (int64_t)number;
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

/* Where several axes that go cannot be joined, NumPy collects their elements in a buffer of 8192
   and sums that pairwise: as many whole inner axes as fit, times as many steps of the next one. */
#define BUFFER 8192

typedef struct buffered {
    int axes;        /* of the nest, innermost first, that a buffer holds whole */
    ptrdiff_t steps; /* of axis `axes`, if it goes too: how many at a time      */
    ptrdiff_t core;  /* elements per such step                                  */
} buffered;

static bool plan_buffer(const lsv_nest *nest, buffered *plan) {
    int gone = 0;
    while (gone < nest->ndim && nest->step[gone][1] == 0) gone++;
    *plan = (buffered){0, 1, 1};
    if (gone < 2) return false;
    while (plan->axes < gone && plan->core * nest->n[plan->axes] <= BUFFER)
        plan->core *= nest->n[plan->axes++];
    if (plan->axes == 0) return false;
    if (plan->axes < gone) plan->steps = BUFFER / plan->core;
    return true;
}

/* Copies the elements under at along axes 0 … axes-1 to `to`; returns its end. */
static char *collect(const lsv_nest *nest, int axes, const char *at, char *to, lsv_dtype d) {
    const ptrdiff_t item = (ptrdiff_t)lsv_dtype_size(d);
    if (axes == 1) {
        lsv_convert_run(d, to, item, d, at, nest->step[0][0], nest->n[0]);
        return to + nest->n[0] * item;
    }
    for (ptrdiff_t i = 0; i < nest->n[axes - 1]; i++)
        to = collect(nest, axes - 1, at + i * nest->step[axes - 1][0], to, d);
    return to;
}

/* The nest without its buffered axes, each step of it a pairwise sum. */
static lsv_status buffered_sum(lsv_nest *nest, const buffered *plan, lsv_dtype d, lsv_error *err) {
    static const ptrdiff_t dense[2][LSV_NEST_OPS] = {{sizeof(float), 0}, {sizeof(double), 0}};
    double buffer[BUFFER];
    bool single = d == LSV_FLOAT32, split = plan->steps > 1;
    int from = plan->axes + split;
    ptrdiff_t along = split ? nest->n[plan->axes] : 1, index[LSV_MAXDIM] = {0};
    char *at[2] = {nest->base[0], nest->base[1]};
    for (;;) {
        LSV_TRY(lsv_poll(err));
        for (ptrdiff_t done = 0; done < along; done += plan->steps) {
            ptrdiff_t steps = along - done < plan->steps ? along - done : plan->steps;
            char *to = (char *)buffer;
            for (ptrdiff_t i = 0; i < steps; i++)
                to = collect(nest, plan->axes, at[0] + (split ? (done + i) * nest->step[plan->axes][0] : 0),
                             to, d);
            char *runs[2] = {(char *)buffer, at[1]};
            (void)(single ? numpy_sum_f4 : numpy_sum_f8)(NULL, runs, dense[!single], steps * plan->core);
        }
        int i = from;
        for (; i < nest->ndim; i++) {
            for (int op = 0; op < 2; op++) at[op] += nest->step[i][op];
            if (++index[i] < nest->n[i]) break;
            for (int op = 0; op < 2; op++) at[op] -= nest->step[i][op] * nest->n[i];
            index[i] = 0;
        }
        if (i >= nest->ndim) return LSV_OK;
    }
}

/* A run that is summed pairwise must stay whole: lsv_nest_run would cut it to poll. */
static lsv_status whole_run(lsv_nest *nest, lsv_nest_body *body, void *context, lsv_error *err) {
    if (nest->ndim == 1 && nest->size > 0 && nest->step[0][1] == 0) {
        LSV_TRY(lsv_poll(err));
        return body(context, nest->base, nest->step[0], nest->n[0]);
    }
    return lsv_nest_run(nest, body, context, err);
}

/* float16, widened: what a run adds is rounded as it is put back. */
static lsv_status numpy_sum_half(void *context, char *const *at, const ptrdiff_t *step, ptrdiff_t n) {
    (void)numpy_sum_f4(context, at, step, n);
    for (ptrdiff_t i = 0; i < (step[1] ? n : 1); i++) {
        float *sum = (float *)(void *)(at[1] + i * step[1]);
        *sum = lsv_half_to_float(lsv_float_to_half(*sum));
    }
    return LSV_OK;
}

static lsv_status numpy_walk(lsv_nest *nest, lsv_dtype d, bool to_half, lsv_error *err) {
    buffered plan;
    if (to_half) return whole_run(nest, numpy_sum_half, NULL, err);
    if (lsv_dtype_is_float(d) && nest->size > 0 && plan_buffer(nest, &plan))
        return buffered_sum(nest, &plan, d, err);
    return whole_run(nest, entries[d].sum, NULL, err);
}

lsv_status lsv_fold_sum(const lsv_fold *fold, const lsv_array *a, lsv_array **out, lsv_error *err) {
    lsv_nest nest;
    lsv_array *result = NULL;
    const entry *e = &entries[a->dtype];
    bool torch = a->kind == LSV_TORCH && e->acc != LSV_INT64;
    LSV_TRY(lsv_fold_nest(fold, a, torch, e->acc, &nest, &result, err));
    fill(result, fold->initial, 0);
    lsv_status status = torch ? torch_walk(&nest, a->dtype == LSV_FLOAT32, err)
                              : numpy_walk(&nest, (lsv_dtype)a->dtype, fold->to_half, err);
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
    fill(result, fold->initial, 1);
    lsv_status status = whole_run(&nest, e->prod, &torch, err);
    if (status == LSV_OK) *out = result;
    else lsv_release(result);
    return status;
}
