/* Reductions: the dtype a reduction works in and gives back, the errors of both libraries, and
   the composed ones (mean, var, std, ptp, logsumexp, the nan-skipping ones) out of sum, prod,
   the comparing folds and element-wise operations.

   float16 and bfloat16 are reduced in float32 and rounded once. */
#include "array/fold.h"
#include "array/kernel.h"
#include "array/mirror.h"

#include <math.h>
#include <string.h>

/* What is known of a lane in which argreduce looks for its extreme element. */
typedef struct lsv_arg_state {
    bool max;
    ptrdiff_t length, done, index;
    char best[8];
} lsv_arg_state;

#define IS_FLOAT 0
#define IS_NAN(x) false
#define NAME(f) f##_b1
#define T uint8_t
#include "array/kernels/fold.inc"
#undef NAME
#undef T
#define NAME(f) f##_i4
#define T int32_t
#include "array/kernels/fold.inc"
#undef NAME
#undef T
#define NAME(f) f##_i8
#define T int64_t
#include "array/kernels/fold.inc"
#undef NAME
#undef T
#undef IS_FLOAT
#undef IS_NAN
#define IS_FLOAT 1
#define IS_NAN(x) ((x) != (x))
#define NAME(f) f##_f4
#define T float
#include "array/kernels/fold.inc"
#undef NAME
#undef T
#define NAME(f) f##_f8
#define T double
#include "array/kernels/fold.inc"
#undef NAME
#undef T

#define INTS(f) f##_b1, f##_i4, f##_i8
#define FLOATS(f) f##_f4, f##_f8
#define EACH(f) INTS(f), FLOATS(f)
static lsv_nest_body *const folds[LSV_NREDUCTIONS][LSV_NCOMPUTE] = {
    [LSV_MIN] = {EACH(min)},
    [LSV_MAX] = {EACH(max)},
    [LSV_ANY] = {EACH(any)},
    [LSV_ALL] = {EACH(all)},
    [LSV_COUNT_NONZERO] = {EACH(count)},
    [LSV_NANMIN] = {INTS(min), FLOATS(nanmin)},
    [LSV_NANMAX] = {INTS(max), FLOATS(nanmax)},
};
static lsv_nest_body *const args[LSV_NCOMPUTE] = {EACH(arg)};

/* ---- folds by comparison ---- */

/* What a result starts as: the element that leaves every other one in place. */
static lsv_scalar start_of(lsv_reduction op, lsv_dtype d) {
    bool low = op == LSV_MAX || op == LSV_NANMAX;
    if (op == LSV_ANY || op == LSV_COUNT_NONZERO) return lsv_scalar_int(0);
    if (op == LSV_ALL) return lsv_scalar_int(1);
    if (lsv_dtype_is_float(d)) {
        if (op == LSV_NANMIN || op == LSV_NANMAX) return lsv_scalar_float(NAN);
        return lsv_scalar_float(low ? -INFINITY : INFINITY);
    }
    if (d == LSV_BOOL) return lsv_scalar_bool(!low);
    if (d == LSV_INT32) return lsv_scalar_int(low ? INT32_MIN : INT32_MAX);
    return lsv_scalar_int(low ? INT64_MIN : INT64_MAX);
}

static lsv_status fold_simple(lsv_reduction op, const lsv_fold *fold, const lsv_array *a, lsv_array **out,
                              lsv_error *err) {
    lsv_nest nest;
    lsv_array *result = NULL;
    lsv_dtype d = (lsv_dtype)a->dtype;
    if (op == LSV_ANY || op == LSV_ALL) d = LSV_BOOL;
    if (op == LSV_COUNT_NONZERO) d = LSV_INT64;
    LSV_TRY(lsv_fold_nest(fold, a, false, d, &nest, &result, err));
    lsv_status status = lsv_fill(result, start_of(op, d), err);
    if (status == LSV_OK)
        status = lsv_nest_run(&nest, folds[op][lsv_compute_of((lsv_dtype)a->dtype)], NULL, err);
    if (status == LSV_OK) *out = result;
    else lsv_release(result);
    return status;
}

/* Nothing to take the minimum of. */
static lsv_status check_not_empty(lsv_reduction op, const lsv_fold *fold, const lsv_array *a,
                                  lsv_error *err) {
    static const char *const numpy[LSV_NREDUCTIONS] = {
        [LSV_MIN] = "minimum", [LSV_MAX] = "maximum", [LSV_NANMIN] = "fmin", [LSV_NANMAX] = "fmax"};
    if (fold->count > 0) return LSV_OK;
    if (a->kind == LSV_NUMPY) /* even where there is no result to be had */
        return lsv_fail(err, LSV_EVALUE, "zero-size array to reduction operation %s which has no identity",
                        numpy[op]);
    const char *name = op == LSV_MIN || op == LSV_NANMIN ? "min" : "max";
    if (fold->everything)
        return lsv_fail(err, LSV_ERUNTIME,
                        "%s(): Expected reduction dim to be specified for input.numel() == 0. Specify "
                        "the reduction dim with the 'dim' argument.",
                        name);
    int dim = 0;
    while (!fold->gone[dim] || a->shape[dim] != 0) dim++;
    return lsv_fail(err, LSV_EINDEX, "%s(): Expected reduction dim %d to have non-zero size.", name, dim);
}

/* a in float32 where it is kept in 16 bits; *owned to be released. */
static lsv_status widened(const lsv_array *a, const lsv_array **use, lsv_array **owned, lsv_error *err) {
    return lsv_borrow_as(a, lsv_compute_dtype(lsv_compute_of((lsv_dtype)a->dtype)), use, owned, err);
}

/* *out becomes *out in dtype. */
static lsv_status convert_result(lsv_array **out, lsv_dtype dtype, lsv_error *err) {
    lsv_array *converted = NULL;
    if ((*out)->dtype == dtype) return LSV_OK;
    lsv_status status = lsv_astype(*out, dtype, &converted, err);
    lsv_release(*out);
    *out = converted;
    return status;
}

static lsv_status comparing(lsv_reduction op, const lsv_fold *fold, const lsv_array *a, lsv_array **out,
                            lsv_error *err) {
    const lsv_array *use;
    lsv_array *owned, *result = NULL;
    if (op == LSV_MIN || op == LSV_MAX || op == LSV_NANMIN || op == LSV_NANMAX)
        LSV_TRY(check_not_empty(op, fold, a, err));
    LSV_TRY(widened(a, &use, &owned, err));
    lsv_status status = fold_simple(op, fold, use, &result, err);
    lsv_release(owned);
    if (status != LSV_OK) return status;
    bool an_element = op != LSV_ANY && op != LSV_ALL && op != LSV_COUNT_NONZERO;
    if (an_element) LSV_TRY(convert_result(&result, (lsv_dtype)a->dtype, err));
    *out = result;
    return LSV_OK;
}

/* ---- sums ---- */

static lsv_status add_up(lsv_reduction op, const lsv_fold *fold, const lsv_array *a,
                         const lsv_reduce_options *options, lsv_array **out, lsv_error *err) {
    lsv_dtype dtype = (lsv_dtype)a->dtype;
    bool asked = options && options->has_dtype;
    if (asked) dtype = options->dtype;
    lsv_fold rounding = *fold;
    rounding.to_half = dtype == LSV_FLOAT16 && a->kind == LSV_NUMPY;
    rounding.initial = options ? options->initial : NULL;
    if (asked && dtype == LSV_BOOL) return comparing(op == LSV_SUM ? LSV_ANY : LSV_ALL, fold, a, out, err);
    const lsv_array *use;
    lsv_array *rounded, *owned = NULL, *result = NULL;
    LSV_TRY(lsv_borrow_as(a, dtype, &use, &rounded, err));
    lsv_status status = widened(use, &use, &owned, err);
    if (status == LSV_OK)
        status = op == LSV_SUM ? lsv_fold_sum(&rounding, use, &result, err)
                               : lsv_fold_prod(&rounding, use, &result, err);
    lsv_release(owned);
    lsv_release(rounded);
    if (status != LSV_OK) return status;
    if (lsv_dtype_is_float(dtype) || asked) LSV_TRY(convert_result(&result, dtype, err));
    *out = result;
    return LSV_OK;
}

/* ---- means ---- */

/* out / n in place, in the type of out for torch, in double for NumPy (its count is an int64). */
static void divide_by(lsv_array *out, double n, bool root) {
    bool torch = out->kind == LSV_TORCH;
    for (ptrdiff_t i = 0; i < out->size; i++) { /* fresh memory, dense in some order */
        if (out->dtype == LSV_FLOAT32) {
            float *x = (float *)(void *)out->data + i;
            *x = torch ? *x / (float)n : (float)((double)*x / n);
            if (root) *x = sqrtf(*x);
        } else if (lsv_is_half((lsv_dtype)out->dtype)) {
            char *at = out->data + 2 * i;
            for (int pass = 0; pass < (root ? 2 : 1); pass++) {
                lsv_scalar s = lsv_load((lsv_dtype)out->dtype, at);
                s.f = pass ? sqrt(s.f) : s.f / n;
                lsv_store((lsv_dtype)out->dtype, at, s);
            }
        } else {
            double *x = (double *)(void *)out->data + i;
            *x = *x / n;
            if (root) *x = sqrt(*x);
        }
    }
}

/* The dtype a mean or a variance is worked out in, and the one it is given back in. */
static lsv_status mean_types(const lsv_array *a, const lsv_reduce_options *options, bool variance,
                             lsv_dtype *work, lsv_dtype *give, lsv_error *err) {
    lsv_dtype d = (lsv_dtype)a->dtype;
    bool asked = options && options->has_dtype;
    if (asked) d = options->dtype;
    *give = *work = lsv_dtype_is_float(d) ? d : LSV_FLOAT64;
    if (lsv_is_half(d) && !(variance && a->kind == LSV_NUMPY)) *work = LSV_FLOAT32;
    if (a->kind == LSV_NUMPY || lsv_dtype_is_float(d)) return LSV_OK;
    if (variance) lsv_fail(err, LSV_ENOTIMPL, "std and var only support floating point and complex dtypes");
    else
        lsv_fail(err, LSV_ENOTIMPL,
                 "mean(): could not infer output dtype. %s dtype must be either a floating point or "
                 "complex dtype. Got: %s",
                 asked ? "Optional" : "Input", lsv_torch_type_name(d));
    lsv_hint(err, "convert with .float() first");
    return LSV_ENOTIMPL;
}

static lsv_status mean(const lsv_fold *fold, const lsv_array *a, const lsv_reduce_options *options,
                       lsv_array **out, lsv_error *err) {
    lsv_dtype work, give;
    const lsv_array *use;
    lsv_array *owned, *result = NULL;
    LSV_TRY(mean_types(a, options, false, &work, &give, err));
    LSV_TRY(lsv_borrow_as(a, work, &use, &owned, err));
    lsv_status status = lsv_fold_sum(fold, use, &result, err);
    lsv_release(owned);
    if (status != LSV_OK) return status;
    divide_by(result, (double)fold->count, false);
    LSV_TRY(convert_result(&result, give, err));
    *out = result;
    return LSV_OK;
}

/* ---- variance ---- */

/* NumPy: the deviations from the mean, squared, summed as any array. */
static lsv_status numpy_variance(const lsv_fold *fold, const lsv_array *a, double ddof, bool root,
                                 lsv_array **out, lsv_error *err) {
    lsv_fold kept = *fold; /* the mean keeps its axes, to broadcast */
    lsv_array *average = NULL, *x = NULL, *result = NULL;
    kept.keepdims = true;
    kept.ndim = a->ndim;
    for (int i = 0; i < a->ndim; i++) kept.shape[i] = fold->gone[i] ? 1 : a->shape[i];
    LSV_TRY(add_up(LSV_SUM, &kept, a, NULL, &average, err));
    divide_by(average, (double)fold->count, false);
    lsv_status status = lsv_binary(LSV_OP_SUB, a, average, &x, err);
    lsv_release(average);
    if (status != LSV_OK) return status;
    status = lsv_binary_into(LSV_OP_MUL, x, x, err);
    if (status == LSV_OK) status = add_up(LSV_SUM, fold, x, NULL, &result, err);
    lsv_release(x);
    if (status != LSV_OK) return status;
    divide_by(result, fmax((double)fold->count - ddof, 0), root);
    *out = result;
    return LSV_OK;
}

/* Welford's running mean and sum of squares, in double, one result after the other; over
   everything PyTorch rather takes the mean first and sums the squares. */
typedef struct welford {
    bool single, two_pass, root;
    ptrdiff_t length, done;
    double mean, m2, divisor;
} welford;

static lsv_status welford_run(void *context, char *const *at, const ptrdiff_t *step, ptrdiff_t n) {
    welford *w = context;
    const char *p = at[0];
    if (w->done == 0 && !w->two_pass) w->mean = 0;
    if (w->done == 0) w->m2 = 0;
    if (step[1] != 0) { /* runs of one element each: every axis that goes has length 1 */
        for (ptrdiff_t i = 0; i < n; i++) {
            char *one[2] = {at[0] + i * step[0], at[1] + i * step[1]};
            LSV_TRY(welford_run(w, one, (ptrdiff_t[]){0, 0}, 1));
        }
        return LSV_OK;
    }
    for (ptrdiff_t i = 0; i < n; i++, p += step[0]) {
        double x = w->single ? (double)*(const float *)(const void *)p : *(const double *)(const void *)p;
        double delta = x - w->mean;
        if (w->two_pass) {
            w->m2 += delta * delta;
            continue;
        }
        w->mean += delta / (double)(w->done + i + 1);
        w->m2 += delta * (x - w->mean);
    }
    w->done += n;
    if (w->done < w->length) return LSV_OK;
    double result = w->m2 / w->divisor;
    if (w->root) result = sqrt(result);
    if (w->single) *(float *)(void *)at[1] = (float)result;
    else *(double *)(void *)at[1] = result;
    w->done = 0;
    return LSV_OK;
}

static lsv_status torch_variance(const lsv_fold *fold, const lsv_array *a, double ddof, bool root,
                                 lsv_array **out, lsv_error *err) {
    welford w = {.single = a->dtype == LSV_FLOAT32,
                 .two_pass = fold->all,
                 .root = root,
                 .length = fold->count,
                 .divisor = fmax((double)fold->count - ddof, 0)};
    lsv_array *average = NULL, *result = NULL;
    lsv_nest nest;
    if (w.two_pass) {
        LSV_TRY(lsv_fold_sum(fold, a, &average, err));
        divide_by(average, (double)fold->count, false);
        w.mean = lsv_scalar_as_double(lsv_load((lsv_dtype)average->dtype, average->data));
        lsv_release(average);
    }
    LSV_TRY(lsv_fold_nest(fold, a, true, (lsv_dtype)a->dtype, &nest, &result, err));
    lsv_status status = fold->count ? lsv_nest_run(&nest, welford_run, &w, err)
                                    : lsv_fill(result, lsv_scalar_float(NAN), err);
    if (status == LSV_OK) *out = result;
    else lsv_release(result);
    return status;
}

static lsv_status variance(lsv_reduction op, const lsv_fold *fold, const lsv_array *a,
                           const lsv_reduce_options *options, lsv_array **out, lsv_error *err) {
    lsv_dtype work, give;
    const lsv_array *use;
    lsv_array *owned, *result = NULL;
    double ddof = options ? options->ddof : a->kind == LSV_TORCH;
    LSV_TRY(mean_types(a, options, true, &work, &give, err));
    LSV_TRY(lsv_borrow_as(a, work, &use, &owned, err));
    bool root = op == LSV_STD;
    lsv_status status = a->kind == LSV_TORCH ? torch_variance(fold, use, ddof, root, &result, err)
                                             : numpy_variance(fold, use, ddof, root, &result, err);
    lsv_release(owned);
    if (status != LSV_OK) return status;
    LSV_TRY(convert_result(&result, give, err));
    *out = result;
    return LSV_OK;
}

/* ---- composed ---- */

static lsv_status peak_to_peak(const lsv_fold *fold, const lsv_array *a, lsv_array **out, lsv_error *err) {
    lsv_array *high = NULL, *low = NULL;
    LSV_TRY(comparing(LSV_MAX, fold, a, &high, err));
    lsv_status status = comparing(LSV_MIN, fold, a, &low, err);
    if (status == LSV_OK) status = lsv_binary(LSV_OP_SUB, high, low, out, err);
    lsv_release(high);
    lsv_release(low);
    return status;
}

/* NaN to 0, infinities as they are. */
static lsv_status without_nan(const lsv_array *a, lsv_array **out, lsv_error *err) {
    return lsv_nan_to_num(a, 0, INFINITY, -INFINITY, out, err);
}

static lsv_status nan_sum(const lsv_fold *fold, const lsv_array *a, const lsv_reduce_options *options,
                          lsv_array **out, lsv_error *err) {
    lsv_array *clean = NULL;
    if (!lsv_dtype_is_float((lsv_dtype)a->dtype)) return add_up(LSV_SUM, fold, a, options, out, err);
    LSV_TRY(without_nan(a, &clean, err));
    lsv_status status = add_up(LSV_SUM, fold, clean, options, out, err);
    lsv_release(clean);
    return status;
}

static lsv_status nan_mean(const lsv_fold *fold, const lsv_array *a, const lsv_reduce_options *options,
                           lsv_array **out, lsv_error *err) {
    lsv_array *sum = NULL, *number = NULL, *counted = NULL;
    if (!lsv_dtype_is_float((lsv_dtype)a->dtype)) {
        if (a->kind == LSV_TORCH)
            return lsv_fail(err, LSV_ENOTIMPL,
                            "nanmean(): expected input to have floating point or complex dtype but got %s",
                            lsv_torch_type_name((lsv_dtype)a->dtype));
        return mean(fold, a, options, out, err);
    }
    LSV_TRY(nan_sum(fold, a, options, &sum, err));
    lsv_status status = lsv_binary(LSV_OP_EQ, a, a, &number, err); /* NaN is not itself */
    if (status == LSV_OK) status = lsv_fold_sum(fold, number, &counted, err);
    lsv_release(number);
    if (status == LSV_OK) status = convert_result(&counted, (lsv_dtype)sum->dtype, err);
    if (status == LSV_OK) status = lsv_binary(LSV_OP_DIV, sum, counted, out, err);
    lsv_release(counted);
    lsv_release(sum);
    return status;
}

static lsv_status log_sum_exp(const lsv_fold *fold, const lsv_array *a, lsv_array **out, lsv_error *err) {
    lsv_fold kept = *fold;
    lsv_array *owned = NULL, *peak = NULL, *x = NULL, *e = NULL, *sum = NULL, *log = NULL, *flat = NULL;
    const lsv_array *use;
    lsv_types t;
    LSV_TRY(lsv_unary_types(LSV_FN_EXP, a, &t, err));
    LSV_TRY(lsv_borrow_as(a, a->dtype == LSV_BOOL && a->kind == LSV_NUMPY ? LSV_FLOAT64 : t.in, &use, &owned,
                          err));
    kept.keepdims = true;
    kept.ndim = a->ndim;
    for (int i = 0; i < a->ndim; i++) kept.shape[i] = fold->gone[i] ? 1 : a->shape[i];
    lsv_status status;
    if (fold->count == 0) {
        lsv_release(owned);
        LSV_TRY(lsv_empty((lsv_kind)a->kind, t.in, fold->ndim, fold->shape, &flat, err));
        status = lsv_fill(flat, lsv_scalar_float(-INFINITY), err);
        if (status == LSV_OK) *out = flat;
        else lsv_release(flat);
        return status;
    }
    status = comparing(LSV_MAX, &kept, use, &peak, err);
    if (status == LSV_OK) { /* an infinite peak is not taken out: Inf - Inf */
        lsv_array *finite = NULL;
        status = lsv_nan_to_num(peak, 0, 0, 0, &finite, err);
        lsv_release(peak);
        peak = finite;
    }
    if (status == LSV_OK) status = lsv_binary(LSV_OP_SUB, use, peak, &x, err);
    if (status == LSV_OK) status = lsv_unary(LSV_FN_EXP, x, &e, err);
    if (status == LSV_OK) status = add_up(LSV_SUM, fold, e, NULL, &sum, err);
    if (status == LSV_OK) status = lsv_unary(LSV_FN_LOG, sum, &log, err);
    if (status == LSV_OK) status = lsv_reshape(peak, fold->ndim, fold->shape, false, &flat, err);
    if (status == LSV_OK) status = lsv_binary(LSV_OP_ADD, log, flat, out, err);
    lsv_array *all[] = {owned, peak, x, e, sum, log, flat};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) lsv_release(all[i]);
    return status;
}

/* ---- entries ---- */

static lsv_status on_host(lsv_reduction op, const lsv_array *a, const lsv_reduce_options *options, lsv_array **out,
                          lsv_error *err) {
    lsv_fold fold;
    LSV_TRY(lsv_fold_init(&fold, a, options, err));
    switch (op) {
    case LSV_SUM:
    case LSV_PROD: return add_up(op, &fold, a, options, out, err);
    case LSV_MEAN: return mean(&fold, a, options, out, err);
    case LSV_VAR:
    case LSV_STD: return variance(op, &fold, a, options, out, err);
    case LSV_PTP: return peak_to_peak(&fold, a, out, err);
    case LSV_MEDIAN: return lsv_fold_median(&fold, a, out, err);
    case LSV_NANSUM: return nan_sum(&fold, a, options, out, err);
    case LSV_NANMEAN: return nan_mean(&fold, a, options, out, err);
    case LSV_LOGSUMEXP: return log_sum_exp(&fold, a, out, err);
    default: return comparing(op, &fold, a, out, err);
    }
}

/* There, over everything or over one axis; else here, and the result goes back. */
static lsv_status on_device(lsv_reduction op, const lsv_array *a, const lsv_reduce_options *options, lsv_array **out,
                            lsv_error *err) {
    int axis = -1;
    bool simple = !options->initial && options->naxes != 0 && options->naxes <= 1 && (!options->has_dtype || options->dtype == a->dtype);
    if (simple && options->naxes == 1) simple = lsv_axis(a, options->axes[0], &axis, NULL) == LSV_OK;
    lsv_status status = lsv_device && simple ? lsv_device->reduce(op, a, axis, options->keepdims, out, err) : LSV_ENOTIMPL;
    if (status != LSV_ENOTIMPL) return status;
    lsv_array *here;
    LSV_TRY(lsv_host_view(a, &here, err));
    status = on_host(op, here, options, out, err);
    lsv_release(here);
    return status == LSV_OK ? lsv_follow(out, a->device, err) : status;
}

lsv_status lsv_reduce(lsv_reduction op, const lsv_array *a, const lsv_reduce_options *options, lsv_array **out,
                      lsv_error *err) {
    return __builtin_expect(a->device, 0) ? on_device(op, a, options, out, err) : on_host(op, a, options, out, err);
}

static lsv_status check_arg(bool max, const lsv_fold *fold, const lsv_array *a, bool flat, lsv_error *err) {
    const char *name = max ? "argmax" : "argmin";
    if (a->kind == LSV_TORCH && a->dtype == LSV_BOOL)
        return lsv_fail(err, LSV_ENOTIMPL, "%s(): does not support bool input", name);
    if (fold->count > 0) return LSV_OK;
    if (a->kind == LSV_NUMPY)
        return fold->size ? lsv_fail(err, LSV_EVALUE, "attempt to get %s of an empty sequence", name)
                          : LSV_OK;
    if (flat)
        return lsv_fail(err, LSV_EINDEX,
                        "%s(): Expected reduction dim to be specified for input.numel() == 0.", name);
    int dim = 0;
    while (!fold->gone[dim]) dim++;
    return lsv_fail(err, LSV_EINDEX, "%s(): Expected reduction dim %d to have non-zero size.", name, dim);
}

lsv_status lsv_argreduce(bool max, const lsv_array *a, int axis, bool flat, bool keepdims, lsv_array **out,
                         lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    lsv_fold fold;
    lsv_nest nest;
    const lsv_array *use;
    lsv_array *owned, *result = NULL;
    lsv_reduce_options options = {.naxes = flat ? -1 : 1, .axes = {axis}, .keepdims = keepdims};
    LSV_TRY(lsv_fold_init(&fold, a, &options, err));
    LSV_TRY(check_arg(max, &fold, a, flat, err));
    LSV_TRY(widened(a, &use, &owned, err));
    lsv_arg_state state = {.max = max, .length = fold.count};
    lsv_status status = lsv_fold_nest(&fold, use, true, LSV_INT64, &nest, &result, err);
    if (status == LSV_OK && fold.all) { /* positions count in C order, whatever the memory's */
        lsv_nest_init(&nest, use->ndim, use->shape);
        lsv_nest_add(&nest, use);
        for (int i = 0; i < nest.ndim; i++) nest.step[i][1] = 0;
        nest.base[nest.nops++] = result->data;
        lsv_nest_join(&nest);
    }
    if (status == LSV_OK) {
        lsv_nest_body *body = args[lsv_compute_of((lsv_dtype)use->dtype)];
        if (fold.count == 1) status = lsv_fill(result, lsv_scalar_int(0), err);
        else status = lsv_nest_run(&nest, body, &state, err);
    }
    lsv_release(owned);
    if (status == LSV_OK) *out = result;
    else lsv_release(result);
    return status;
}

/* ---- finite? ---- */

typedef struct finding {
    lsv_dtype dtype;
    ptrdiff_t seen, where;
} finding;

#define SWEEP(T)                                               \
    for (ptrdiff_t i = 0; i < n; i++) {                        \
        T x = *(const T *)(const void *)(at[0] + i * step[0]); \
        if (x - x != 0) {                                      \
            f->where = f->seen + i;                            \
            return LSV_EVALUE; /* ends the walk */             \
        }                                                      \
    }

/* A block's sum of differences x - x is 0 exactly when all are finite; vectorises. */
LSV_VECTOR static bool block_finite_f8(const double *x, ptrdiff_t n) {
    double lane[8] = {0};
    ptrdiff_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int k = 0; k < 8; k++) lane[k] += x[i + k] - x[i + k];
    for (; i < n; i++) lane[0] += x[i] - x[i];
    for (int k = 1; k < 8; k++) lane[0] += lane[k];
    return lane[0] == 0;
}
LSV_VECTOR static bool block_finite_f4(const float *x, ptrdiff_t n) {
    float lane[8] = {0};
    ptrdiff_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int k = 0; k < 8; k++) lane[k] += x[i + k] - x[i + k];
    for (; i < n; i++) lane[0] += x[i] - x[i];
    for (int k = 1; k < 8; k++) lane[0] += lane[k];
    return lane[0] == 0;
}

static lsv_status sweep(void *context, char *const *at, const ptrdiff_t *step, ptrdiff_t n) {
    finding *f = context;
    if (f->dtype == LSV_FLOAT64) {
        if (step[0] != sizeof(double) || !block_finite_f8((const double *)(const void *)at[0], n))
            SWEEP(double)
    } else if (f->dtype == LSV_FLOAT32) {
        if (step[0] != sizeof(float) || !block_finite_f4((const float *)(const void *)at[0], n)) SWEEP(float)
    } else {
        for (ptrdiff_t i = 0; i < n; i++)
            if (!isfinite(lsv_load(f->dtype, at[0] + i * step[0]).f)) {
                f->where = f->seen + i;
                return LSV_EVALUE;
            }
    }
    f->seen += n;
    return LSV_OK;
}

bool lsv_all_finite(const lsv_array *a, ptrdiff_t *where) {
    if (lsv_host(a, NULL) != LSV_OK) return true;
    finding f = {(lsv_dtype)a->dtype, 0, -1};
    lsv_nest nest;
    if (!lsv_dtype_is_float(f.dtype)) return true;
    lsv_nest_init(&nest, a->ndim, a->shape);
    lsv_nest_add(&nest, a);
    lsv_nest_join(&nest);
    (void)lsv_nest_run(&nest, sweep, &f, NULL); /* an interrupt: whoever asked polls too */
    if (f.where < 0) return true;
    if (where) *where = f.where;
    return false;
}
