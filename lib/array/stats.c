/* Order statistics and counts: median, quantile, bincount, histogram. A median or quantile takes
   the elements of each result together into a buffer of doubles, which hold every float and
   every integer below 2^53 exactly. */
#include "array/fold.h"
#include "array/sorting.h"
#include "base/interrupt.h"
#include "array/kernel.h"
#include "array/mirror.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- gathering ---- */

typedef struct gather gather;
struct gather {
    lsv_dtype dtype;
    ptrdiff_t length, done;
    double *values;
    void (*finish)(gather *g, char *out); /* values are complete */
    bool lower;                           /* torch's median      */
    lsv_dtype out;
    const double *q; /* quantiles, nq of them, `spread` bytes apart in the result */
    ptrdiff_t nq, spread;
};

static void store_number(lsv_dtype dtype, char *at, double x) {
    lsv_scalar s = lsv_dtype_is_float(dtype) ? lsv_scalar_float(x) : lsv_scalar_int((int64_t)x);
    lsv_store(dtype, at, s);
}

/* Operands 0: a, 1: the result; all runs of one result follow each other. */
static lsv_status gather_run(void *context, char *const *at, const ptrdiff_t *step, ptrdiff_t n) {
    gather *g = context;
    if (step[1] != 0) { /* results of one element each */
        for (ptrdiff_t i = 0; i < n; i++) {
            char *one[2] = {at[0] + i * step[0], at[1] + i * step[1]};
            LSV_TRY(gather_run(g, one, (ptrdiff_t[]){0, 0}, 1));
        }
        return LSV_OK;
    }
    lsv_convert_run(LSV_FLOAT64, (char *)(g->values + g->done), 8, g->dtype, at[0], step[0], n);
    g->done += n;
    if (g->done < g->length) return LSV_OK;
    g->done = 0;
    g->finish(g, at[1]);
    return LSV_OK;
}

static bool any_nan(const double *x, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++)
        if (isnan(x[i])) return true;
    return false;
}

/* Reorders so that x[k] is what it is in sorted order, no less to its left, no more to its right. Stops early
   when interrupted, as all that finish a result do; who ran them polls. */
static void nth_element(double *x, ptrdiff_t n, ptrdiff_t k) {
    ptrdiff_t low = 0, high = n - 1, swaps = 0;
    while (low < high) {
        double a = x[low], b = x[low + (high - low) / 2], c = x[high];
        double pivot = a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
        ptrdiff_t i = low, j = high;
        while (i <= j) {
            while (x[i] < pivot) i++;
            while (x[j] > pivot) j--;
            if (i > j) break;
            if (lsv_stop_at(++swaps)) return;
            double t = x[i];
            x[i++] = x[j];
            x[j--] = t;
        }
        if (k <= j) high = j;
        else if (k >= i) low = i;
        else return;
    }
}

/* ---- median ---- */

static void finish_median(gather *g, char *out) {
    ptrdiff_t n = g->length, k = g->lower ? (n - 1) / 2 : n / 2;
    double *x = g->values, median;
    if (any_nan(x, n)) {
        store_number(g->out, out, NAN);
        return;
    }
    nth_element(x, n, k);
    median = x[k];
    if (!g->lower && n % 2 == 0) {
        double below = x[0];
        for (ptrdiff_t i = 1; i < k; i++)
            if (x[i] > below) below = x[i];
        /* the mean of the two, in the type that it is given back in */
        if (g->out == LSV_FLOAT32) median = (double)(((float)below + (float)median) / 2);
        else median = (below + median) / 2;
    }
    store_number(g->out, out, median);
}

lsv_status lsv_fold_median(const lsv_fold *fold, const lsv_array *a, lsv_array **out, lsv_error *err) {
    bool torch = a->kind == LSV_TORCH;
    lsv_dtype d = (lsv_dtype)a->dtype;
    gather g = {.dtype = d, .length = fold->count, .finish = finish_median, .lower = torch};
    if (torch && d == LSV_BOOL)
        return lsv_fail(err, LSV_ENOTIMPL, "\"median_%s\" not implemented for 'Bool'",
                        fold->everything ? "cpu" : "out");
    g.out = torch || lsv_dtype_is_float(d) ? d : LSV_FLOAT64;
    if (torch && fold->count == 0 && fold->size > 0 && !fold->everything) {
        int dim = 0;
        while (!fold->gone[dim] || a->shape[dim] != 0) dim++;
        return lsv_fail(err, LSV_EINDEX, "median(): Expected reduction dim %d to have non-zero size.", dim);
    }
    lsv_nest nest;
    lsv_array *result = NULL;
    LSV_TRY(lsv_fold_nest(fold, a, true, g.out, &nest, &result, err));
    lsv_status status;
    if (fold->count == 0) {
        status =
            lsv_fill(result,
                     lsv_dtype_is_float(g.out) ? lsv_scalar_float(NAN)
                                               : lsv_scalar_int(g.out == LSV_INT32 ? INT32_MIN : INT64_MIN),
                     err);
    } else {
        g.values = lsv_malloc((size_t)fold->count * sizeof *g.values);
        status = g.values ? lsv_nest_run(&nest, gather_run, &g, err)
                          : lsv_no_memory(err, (size_t)fold->count * sizeof *g.values);
        lsv_free(g.values);
    }
    if (status == LSV_OK) status = lsv_poll(err);
    if (status == LSV_OK) *out = result;
    else lsv_release(result);
    return status;
}

/* ---- quantile ---- */

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Between a and b, t of the way; from the nearer end, so that t = 1 gives b. PyTorch rounds
   once where NumPy multiplies and adds. */
static double between(double a, double b, double t, bool fused) {
    double d = b - a;
    if (fused) return t < 0.5 ? fma(t, d, a) : fma(t - 1, d, b);
    return t < 0.5 ? a + d * t : b - d * (1 - t);
}
static float between_single(float a, float b, double t, bool fused) {
    float d = b - a;
    if (fused) return (float)t < 0.5f ? fmaf((float)t, d, a) : fmaf((float)t - 1, d, b);
    return t < 0.5 ? a + d * (float)t : b - d * (float)(1 - t);
}

/* float32 elements, float64 quantiles: the difference is still taken in float32. */
static double between_mixed(float a, float b, double t) {
    double d = (double)(b - a);
    return t < 0.5 ? (double)a + d * t : (double)b - d * (1 - t);
}

static void finish_quantile(gather *g, char *out) {
    double *x = g->values;
    ptrdiff_t n = g->length;
    bool nan = any_nan(x, n), sorted = g->nq > 3 && !nan;
    if (sorted && lsv_sort_rows(LSV_FLOAT64, x, 1, n, NULL) == LSV_ENOMEM) qsort(x, (size_t)n, sizeof *x, ascending);
    for (ptrdiff_t i = 0; i < g->nq; i++, out += g->spread) {
        double q = g->lower && g->out == LSV_FLOAT32 ? (double)(float)g->q[i] : g->q[i];
        double at = q * (double)(n - 1), value = NAN;
        ptrdiff_t below = (ptrdiff_t)floor(at), above = below + 1 < n ? below + 1 : n - 1;
        double t = at - (double)below;
        if (!nan && !sorted) { /* a few elements only, without sorting everything */
            nth_element(x, n, below);
            if (above > below) nth_element(x + above, n - above, 0);
        }
        if (!nan && g->out == LSV_FLOAT32)
            value = (double)between_single((float)x[below], (float)x[above], t, g->lower);
        else if (!nan && g->dtype == LSV_FLOAT32) value = between_mixed((float)x[below], (float)x[above], t);
        else if (!nan) value = between(x[below], x[above], t, g->lower);
        store_number(g->out, out, value);
    }
}

static lsv_status check_quantile(const lsv_array *a, const lsv_array *q, const lsv_fold *fold,
                                 lsv_error *err) {
    bool torch = a->kind == LSV_TORCH;
    if (torch && a->dtype != LSV_FLOAT32 && a->dtype != LSV_FLOAT64)
        return lsv_fail(err, LSV_ERUNTIME, "quantile() input tensor must be either float or double dtype");
    if (!torch && a->dtype == LSV_BOOL)
        return lsv_fail(
            err, LSV_ETYPE,
            "numpy boolean subtract, the `-` operator, is not supported, use the bitwise_xor, the "
            "`^` operator, or the logical_xor function instead.");
    if (torch && !(q->flags & LSV_WEAK) && q->kind == LSV_TORCH && q->dtype != a->dtype)
        return lsv_fail(err, LSV_ERUNTIME, "quantile() q tensor must be same dtype as the input tensor");
    if (q->ndim > 1)
        return torch ? lsv_fail(err, LSV_ERUNTIME, "quantile() q must be a scalar or 1D tensor")
                     : lsv_fail(err, LSV_EVALUE, "q must be a scalar or 1d");
    if (torch && a->size == 0)
        return lsv_fail(err, LSV_ERUNTIME, "quantile() input tensor must be non-empty");
    if (fold->count == 0)
        return lsv_fail(err, LSV_EINDEX, "index %d is out of bounds for axis 0 with size 0",
                        lsv_dtype_is_float((lsv_dtype)a->dtype) ? -1 : 0);
    return LSV_OK;
}

static lsv_status read_quantiles(const lsv_array *a, const lsv_array *q, double **values, lsv_error *err) {
    size_t bytes = (size_t)(q->size ? q->size : 1) * sizeof **values;
    double *at = lsv_malloc(bytes);
    if (!at) return lsv_no_memory(err, bytes);
    lsv_convert_run(LSV_FLOAT64, (char *)at, 8, (lsv_dtype)q->dtype, q->data,
                    q->ndim ? q->strides[0] * (ptrdiff_t)lsv_dtype_size((lsv_dtype)q->dtype) : 0, q->size);
    for (ptrdiff_t i = 0; i < q->size; i++) {
        if (at[i] >= 0 && at[i] <= 1) continue;
        double bad = at[i];
        lsv_free(at);
        return a->kind == LSV_TORCH
                   ? lsv_fail(err, LSV_ERUNTIME, "quantile() q must be in the range [0, 1] but got %g", bad)
                   : lsv_fail(err, LSV_EVALUE, "Quantiles must be in the range [0, 1]");
    }
    *values = at;
    return LSV_OK;
}

/* The result has q's axis (if any) in front; `first` is its slice for the first quantile. */
static lsv_status quantile_run(const lsv_fold *fold, const lsv_array *a, const lsv_array *q, gather *g,
                               lsv_array **out, lsv_error *err) {
    lsv_nest nest;
    ptrdiff_t shape[LSV_MAXDIM];
    lsv_array *first = NULL, *result = NULL;
    if (fold->ndim + q->ndim > LSV_MAXDIM)
        return lsv_fail(err, LSV_EVALUE, "the result would have too many dimensions");
    if (q->ndim) shape[0] = q->size;
    memcpy(shape + q->ndim, fold->shape, (size_t)fold->ndim * sizeof *shape);
    LSV_TRY(lsv_fold_nest(fold, a, true, g->out, &nest, &first, err));
    lsv_status status = lsv_empty((lsv_kind)a->kind, g->out, fold->ndim + q->ndim, shape, &result, err);
    if (status == LSV_OK) {
        for (int i = 0; i < fold->ndim; i++) /* as the nest walks */
            if (result->size) result->strides[q->ndim + i] = first->strides[i];
        nest.base[1] = result->data;
        g->spread = fold->size * (ptrdiff_t)lsv_dtype_size(g->out);
        status = lsv_nest_run(&nest, gather_run, g, err);
        if (status == LSV_OK) status = lsv_poll(err);
    }
    lsv_release(first);
    if (status == LSV_OK) *out = result;
    else lsv_release(result);
    return status;
}

lsv_status lsv_quantile(const lsv_array *a, const lsv_array *q, int axis, bool flat, bool keepdims,
                        lsv_array **out, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    LSV_TRY(lsv_host(q, err));
    lsv_fold fold;
    double *quantiles = NULL;
    lsv_reduce_options options = {.naxes = flat ? -1 : 1, .axes = {axis}, .keepdims = keepdims};
    LSV_TRY(lsv_fold_init(&fold, a, &options, err));
    LSV_TRY(check_quantile(a, q, &fold, err));
    LSV_TRY(read_quantiles(a, q, &quantiles, err));
    lsv_dtype d = (lsv_dtype)a->dtype;
    gather g = {.dtype = d,
                .length = fold.count,
                .finish = finish_quantile,
                .q = quantiles,
                .nq = q->size,
                .lower = a->kind == LSV_TORCH};
    g.out = !lsv_dtype_is_float(d) ? LSV_FLOAT64 : d;
    if (!(q->flags & LSV_WEAK) && q->ndim && a->kind == LSV_NUMPY)
        g.out = lsv_promote_types(LSV_NUMPY, g.out, (lsv_dtype)q->dtype);
    g.values = lsv_malloc((size_t)fold.count * sizeof *g.values);
    lsv_status status = g.values ? quantile_run(&fold, a, q, &g, out, err)
                                 : lsv_no_memory(err, (size_t)fold.count * sizeof *g.values);
    lsv_free(g.values);
    lsv_free(quantiles);
    return status;
}

/* ---- counts ---- */

static lsv_status check_bincount(const lsv_array *a, ptrdiff_t minlength, lsv_error *err) {
    bool torch = a->kind == LSV_TORCH;
    if (lsv_dtype_is_float((lsv_dtype)a->dtype))
        return torch ? lsv_fail(err, LSV_ENOTIMPL, "\"bincount_cpu\" not implemented for '%s'",
                                lsv_torch_type_name((lsv_dtype)a->dtype))
                     : lsv_fail(err, LSV_ETYPE,
                                "Cannot cast array data from dtype('%s') to dtype('int64') according to the "
                                "rule 'safe'",
                                lsv_dtype_name((lsv_dtype)a->dtype));
    if (a->ndim != 1)
        return torch ? lsv_fail(err, LSV_ERUNTIME, "bincount only supports 1-d non-negative integral inputs.")
               : a->ndim > 1 ? lsv_fail(err, LSV_EVALUE, "object too deep for desired array")
                             : lsv_fail(err, LSV_EVALUE, "object of too small depth for desired array");
    if (minlength < 0)
        return torch ? lsv_fail(err, LSV_ERUNTIME, "minlength should be >= 0")
                     : lsv_fail(err, LSV_EVALUE, "'minlength' must not be negative");
    return LSV_OK;
}

lsv_status lsv_bincount(const lsv_array *a, ptrdiff_t minlength, lsv_array **out, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    lsv_array *numbers = NULL, *result = NULL;
    LSV_TRY(check_bincount(a, minlength, err));
    LSV_TRY(lsv_astype(a, LSV_INT64, &numbers, err)); /* C order */
    const int64_t *x = lsv_data(numbers);
    int64_t largest = -1;
    lsv_status status = LSV_OK;
    for (ptrdiff_t i = 0; i < numbers->size && status == LSV_OK; i++) {
        if (x[i] > largest) largest = x[i];
        if (x[i] >= 0) continue;
        status = a->kind == LSV_TORCH
                     ? lsv_fail(err, LSV_ERUNTIME, "bincount only supports 1-d non-negative integral inputs.")
                     : lsv_fail(err, LSV_EVALUE, "'list' argument must have no negative elements");
    }
    if (status == LSV_OK && largest == INT64_MAX) status = lsv_no_memory(err, SIZE_MAX);
    ptrdiff_t bins = largest + 1 > minlength ? (ptrdiff_t)largest + 1 : minlength;
    if (status == LSV_OK) status = lsv_zeros((lsv_kind)a->kind, LSV_INT64, 1, &bins, &result, err);
    for (ptrdiff_t i = 0; status == LSV_OK && i < numbers->size && !lsv_stop_at(i); i++) ((int64_t *)lsv_data(result))[x[i]]++;
    if (status == LSV_OK && (status = lsv_poll(err)) != LSV_OK) lsv_release(result);
    lsv_release(numbers);
    if (status == LSV_OK) *out = result;
    return status;
}

/* ---- histogram ---- */

static lsv_status check_range(double lo, double hi, bool asked, lsv_error *err) {
    if (isfinite(lo) && isfinite(hi))
        return lo > hi ? lsv_fail(err, LSV_EVALUE, "max must be larger than min in range parameter.")
                       : LSV_OK;
    return lsv_fail(err, LSV_EVALUE, "%s range of [%g, %g] is not finite",
                    asked ? "supplied" : "autodetected", lo, hi);
}

static void span(const double *x, ptrdiff_t n, double *lo, double *hi) {
    *lo = 0;
    *hi = 1;
    for (ptrdiff_t i = 0; i < n; i++) {
        if (i == 0 || x[i] < *lo || isnan(x[i])) *lo = x[i];
        if (i == 0 || x[i] > *hi || isnan(x[i])) *hi = x[i];
        if (isnan(x[i])) return;
    }
}

/* The bin is computed, then set right against the edges themselves. */
static void count_into(int64_t *counts, const double *x, ptrdiff_t n, const double *edge, ptrdiff_t bins) {
    double lo = edge[0], hi = edge[bins];
    for (ptrdiff_t i = 0; i < n && !lsv_stop_at(i); i++) {
        if (!(x[i] >= lo && x[i] <= hi)) continue;
        ptrdiff_t bin = (ptrdiff_t)((x[i] - lo) / (hi - lo) * (double)bins);
        if (bin >= bins) bin = bins - 1;
        if (x[i] < edge[bin]) bin--;
        else if (bin != bins - 1 && x[i] >= edge[bin + 1]) bin++;
        if (bin >= 0) counts[bin]++;
    }
}

/* Between two elements of a float32 array the edges are worked out in float32. */
static void single_edges(float *edge, float lo, float hi, ptrdiff_t bins) {
    float step = (hi - lo) / (float)bins;
    for (ptrdiff_t i = 0; i < bins; i++) edge[i] = (float)i * step + lo;
    edge[bins] = hi;
}

lsv_status lsv_histogram(const lsv_array *a, ptrdiff_t bins, bool has_range, double lo, double hi,
                         lsv_array **counts, lsv_array **edges, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    lsv_array *numbers = NULL, *edge = NULL, *exact = NULL, *count = NULL;
    if (bins < 1) return lsv_fail(err, LSV_EVALUE, "`bins` must be positive, when an integer");
    LSV_TRY(lsv_astype(a, LSV_FLOAT64, &numbers, err));
    const double *x = lsv_data(numbers);
    if (!has_range) span(x, numbers->size, &lo, &hi);
    lsv_status status = check_range(lo, hi, has_range, err);
    if (lo == hi) {
        lo -= 0.5;
        hi += 0.5;
    }
    lsv_dtype d = a->dtype == LSV_FLOAT32 && a->size ? LSV_FLOAT32 : LSV_FLOAT64;
    if (status == LSV_OK) status = lsv_linspace((lsv_kind)a->kind, d, lo, hi, bins + 1, true, &edge, err);
    if (status == LSV_OK && d == LSV_FLOAT32 && !has_range)
        single_edges(lsv_data(edge), (float)lo, (float)hi, bins);
    if (status == LSV_OK) status = lsv_astype(edge, LSV_FLOAT64, &exact, err);
    if (status == LSV_OK) status = lsv_zeros((lsv_kind)a->kind, LSV_INT64, 1, &bins, &count, err);
    if (status == LSV_OK) count_into(lsv_data(count), x, numbers->size, lsv_data(exact), bins);
    if (status == LSV_OK) status = lsv_poll(err);
    lsv_release(numbers);
    lsv_release(exact);
    if (status != LSV_OK) {
        lsv_release(edge);
        lsv_release(count);
        return status;
    }
    *counts = count;
    *edges = edge;
    return LSV_OK;
}
