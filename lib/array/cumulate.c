/* Running sums, products and extremes, and differences. A running result is worked out in place
   in a copy of the array that already has the result's dtype, lane by lane. PyTorch accumulates
   float32 in double and rounds each element as it is stored. */
#include "array/fold.h"
#include "array/kernel.h"
#include "array/mirror.h"

typedef struct running {
    lsv_reduction op;
} running;

/* NumPy rounds a running float16 result at every step. */
static inline float to_half(float x) { return lsv_half_to_float(lsv_float_to_half(x)); }

/* x[i] = STEP(acc, x[i]) down a lane */
#define RUNNING(T, ACC, STEP)                         \
    {                                                 \
        ACC acc = (ACC) * (T *)(void *)p;             \
        for (ptrdiff_t i = 1; i < n; i++) {           \
            T *at_i = (T *)(void *)(p + i * step[0]); \
            const ACC x = (ACC)*at_i;                 \
            acc = (STEP);                             \
            *at_i = (T)acc;                           \
        }                                             \
    }
#define RUN_LANE(FN, T, ACC, ROUND, HIGH, LOW)                                                 \
    static lsv_status FN(void *context, char *const *at, const ptrdiff_t *step, ptrdiff_t n) { \
        char *p = at[0];                                                                       \
        switch (((const running *)context)->op) {                                              \
        case LSV_SUM: RUNNING(T, ACC, ROUND(acc + x)) break;                                   \
        case LSV_PROD: RUNNING(T, ACC, ROUND(acc *x)) break;                                   \
        case LSV_MAX: RUNNING(T, ACC, HIGH) break;                                             \
        default: RUNNING(T, ACC, LOW) break;                                                   \
        }                                                                                      \
        return LSV_OK;                                                                         \
    }
#define EXACT(x) (x)
#define F_HIGH (acc >= x || acc != acc ? acc : x)
#define F_LOW (acc <= x || acc != acc ? acc : x)
#define I_HIGH ((int64_t)acc >= (int64_t)x ? acc : x)
#define I_LOW ((int64_t)acc <= (int64_t)x ? acc : x)
RUN_LANE(lane_b1, uint8_t, uint64_t, EXACT, I_HIGH, I_LOW)
RUN_LANE(lane_i4, int32_t, uint64_t, EXACT, I_HIGH, I_LOW)
RUN_LANE(lane_i8, int64_t, uint64_t, EXACT, I_HIGH, I_LOW)
RUN_LANE(lane_f4, float, float, EXACT, F_HIGH, F_LOW)
RUN_LANE(lane_f2, float, float, to_half, F_HIGH, F_LOW)
RUN_LANE(lane_f4_wide, float, double, EXACT, F_HIGH, F_LOW)
RUN_LANE(lane_f8, double, double, EXACT, F_HIGH, F_LOW)

static lsv_nest_body *lane_of(const lsv_array *a, lsv_dtype given) {
    static lsv_nest_body *const lanes[LSV_NCOMPUTE] = {lane_b1, lane_i4, lane_i8, lane_f4, lane_f8};
    if (a->kind == LSV_NUMPY && given == LSV_FLOAT16) return lane_f2;
    if (a->dtype == LSV_FLOAT32 && a->kind == LSV_TORCH && given == LSV_FLOAT32) return lane_f4_wide;
    return lanes[lsv_compute_of((lsv_dtype)a->dtype)];
}

lsv_status lsv_cumulate(lsv_reduction op, const lsv_array *a, int axis, bool flat, lsv_array **out,
                        lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    lsv_dtype dtype = (lsv_dtype)a->dtype, work;
    lsv_array *result = NULL, *given = NULL;
    int at = 0;
    if (!flat && !(a->ndim == 0 && (axis == 0 || axis == -1))) LSV_TRY(lsv_axis(a, axis, &at, err));
    if ((op == LSV_SUM || op == LSV_PROD) && !lsv_dtype_is_float(dtype)) dtype = LSV_INT64;
    work = lsv_is_half(dtype) ? LSV_FLOAT32 : dtype;
    LSV_TRY(lsv_astype(a, work, &result, err));
    if (flat || (a->ndim == 0 && a->kind == LSV_NUMPY)) {
        lsv_array *line = NULL;
        ptrdiff_t n = result->size;
        lsv_status status = lsv_reshape(result, 1, &n, false, &line, err);
        lsv_release(result);
        if (status != LSV_OK) return status;
        result = line;
        at = 0;
    }
    lsv_status status = LSV_OK;
    if (result->ndim > 0 && result->shape[at] > 1) {
        lsv_nest nest;
        running r = {op};
        lsv_lane_nest(result, at, &nest);
        /* lanes must not be cut: lsv_nest_run cuts only one-dimensional walks */
        if (nest.ndim == 1) status = lane_of(result, dtype)(&r, nest.base, nest.step[0], nest.n[0]);
        else status = lsv_nest_run(&nest, lane_of(result, dtype), &r, err);
    }
    if (status == LSV_OK && work != dtype) {
        status = lsv_astype(result, dtype, &given, err);
        lsv_release(result);
        result = given;
    }
    if (status == LSV_OK) *out = result;
    else lsv_release(result);
    return status;
}

/* a without its first (or last) element along axis, on the C stack. */
static lsv_array without_end(const lsv_array *a, int axis, bool first) {
    lsv_array view = *a;
    view.shape[axis]--;
    view.size = view.size / a->shape[axis] * view.shape[axis];
    if (first) view.data += a->strides[axis] * (ptrdiff_t)lsv_dtype_size((lsv_dtype)a->dtype);
    return view;
}

static lsv_status diff_once(const lsv_array *a, int axis, lsv_array **out, lsv_error *err) {
    if (a->shape[axis] == 0) return lsv_copy(a, out, err);
    lsv_array later = without_end(a, axis, true), sooner = without_end(a, axis, false);
    return lsv_binary(a->dtype == LSV_BOOL ? LSV_OP_NE : LSV_OP_SUB, &later, &sooner, out, err);
}

lsv_status lsv_diff(const lsv_array *a, int n, int axis, lsv_array **out, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    int at;
    lsv_array *result = NULL;
    if (n < 0)
        return lsv_fail(err, a->kind == LSV_TORCH ? LSV_ERUNTIME : LSV_EVALUE,
                        "order must be non-negative but got %d", n);
    if (a->ndim == 0 && n > 0)
        return a->kind == LSV_TORCH
                   ? lsv_fail(err, LSV_ERUNTIME, "diff expects input to be at least one-dimensional")
                   : lsv_fail(err, LSV_EVALUE, "diff requires input that is at least one dimensional");
    if (n == 0) return lsv_copy(a, out, err);
    LSV_TRY(lsv_axis(a, axis, &at, err));
    LSV_TRY(diff_once(a, at, &result, err));
    for (int i = 1; i < n; i++) {
        lsv_array *next = NULL;
        lsv_status status = diff_once(result, at, &next, err);
        lsv_release(result);
        if (status != LSV_OK) return status;
        result = next;
    }
    *out = result;
    return LSV_OK;
}
