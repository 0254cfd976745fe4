/* Order statistics, places and running results that leave NaN out: nanmedian, nanquantile, nanargmax, nanprod,
   nancumsum, … (sums, means and extremes are in reduce.c). */
#include <math.h>

#include "array/elementwise.h"
#include "array/reduce.h"
#include "lang/builtins/support.h"

/* ---- order statistics ----

   The axes that go are moved to the end and made one; each row is sorted, which puts its NaN last, so that what counts of
   a row is a range of it. */

typedef struct rows {
    lsv_array *sorted; /* count x n, a float dtype */
    ptrdiff_t count, n;
    int ndim;          /* the result's shape */
    ptrdiff_t shape[LSV_MAXDIM];
} rows;

static bool reduced_axes(ls_work *w, const lsv_array *a, ls_value axis, bool gone[LSV_MAXDIM]) {
    int n, axes[LSV_MAXDIM];
    if (!ls_as_axes(w->in, axis, &n, axes)) return false;
    for (int d = 0; d < a->ndim; d++) gone[d] = n < 0;
    for (int i = 0; i < n; i++) {
        int at;
        if (!ls_ok(w, lsv_axis(a, axes[i], &at, &w->err))) return false;
        if (gone[at]) return ls_raise(w->in, "ValueError", "repeated axis");
        gone[at] = true;
    }
    return true;
}

static bool sorted_rows(ls_work *w, lsv_array *a, ls_value axis, bool keepdims, rows *r) {
    bool gone[LSV_MAXDIM];
    int order[LSV_MAXDIM], kept = 0;
    if (!reduced_axes(w, a, axis, gone)) return false;
    r->count = r->n = 1;
    r->ndim = 0;
    for (int d = 0; d < a->ndim; d++) {
        if (!gone[d]) order[kept++] = d;
        if (!gone[d] || keepdims) r->shape[r->ndim++] = gone[d] ? 1 : a->shape[d];
        *(gone[d] ? &r->n : &r->count) *= a->shape[d];
    }
    for (int d = 0; d < a->ndim; d++)
        if (gone[d]) order[kept++] = d;
    ptrdiff_t two[2] = {r->count, r->n};
    if (!lsv_dtype_is_float((lsv_dtype)a->dtype) && (!ls_ok(w, lsv_astype(a, LSV_FLOAT64, &a, &w->err)) || !ls_keep(w, a))) return false;
    if (!ls_ok(w, lsv_transpose(a, order, &a, &w->err)) || !ls_keep(w, a)) return false;
    if (!ls_ok(w, lsv_reshape(a, 2, two, false, &a, &w->err)) || !ls_keep(w, a)) return false;
    if (!ls_ok(w, lsv_sort(a, 1, false, &a, NULL, &w->err)) || !ls_keep(w, a)) return false;
    return ls_ok(w, lsv_contiguous(a, &r->sorted, &w->err)) && ls_keep(w, r->sorted);
}

static double row_item(const rows *r, ptrdiff_t row, ptrdiff_t i) { return lsv_item(r->sorted, (ptrdiff_t[]){row, i}).f; }

/* How many elements of a row are not NaN. */
static ptrdiff_t row_length(const rows *r, ptrdiff_t row) {
    ptrdiff_t n = r->n;
    while (n > 0 && isnan(row_item(r, row, n - 1))) n--;
    return n;
}

/* Nothing to look at: what NumPy gives is the mean of nothing. */
static bool nothing(ls_work *w, lsv_array *a, ls_value axis, bool keepdims, ls_value into, ls_value *out) {
    lsv_array *r;
    lsv_reduce_options o = {.naxes = -1, .keepdims = keepdims};
    return ls_as_axes(w->in, axis, &o.naxes, o.axes) && ls_give_into(w, out, into, lsv_reduce(LSV_NANMEAN, a, &o, &r, &w->err), &r);
}

/* np.nanmedian(a, axis, out, overwrite_input, keepdims) */
BUILTIN(np_nanmedian) {
    lsv_array *a, *m;
    rows r;
    bool keep;
    if (!ls_arg(w, args, 0, &a) || !ls_truth(w->in, args[4], &keep)) return false;
    if (a->size == 0) return nothing(w, a, args[1], keep, args[2], out);
    if (!sorted_rows(w, a, args[1], keep, &r)) return false;
    lsv_dtype d = (lsv_dtype)r.sorted->dtype;
    if (!ls_ok(w, lsv_empty(LSV_NUMPY, d, r.ndim, r.shape, &m, &w->err)) || !ls_keep(w, m)) return false;
    for (ptrdiff_t i = 0; i < r.count; i++) {
        ptrdiff_t n = row_length(&r, i);
        double x = n == 0 ? NAN : row_item(&r, i, n / 2);
        if (n > 0 && n % 2 == 0) { /* the sum may overflow, as NumPy's does */
            double sum = x + row_item(&r, i, n / 2 - 1);
            x = d == LSV_FLOAT32 ? (double)((float)sum / 2) : sum / 2;
        }
        lsv_store(d, m->data + i * (ptrdiff_t)lsv_dtype_size(d), lsv_scalar_float(x));
    }
    return ls_give_into(w, out, args[2], LSV_OK, (lsv_ref(m), &m));
}

/* Is q in its range? scale is what q = 1 stands for. */
static bool check_quantiles(ls_work *w, const lsv_array *q, int scale) {
    lsv_array *lo, *hi, *all;
    lsv_reduce_options o = {.naxes = -1};
    if (!ls_binary_number(w, LSV_OP_GE, q, 0, &lo) || !ls_binary_number(w, LSV_OP_LE, q, scale, &hi) ||
        !ls_binary_arrays(w, LSV_OP_AND, lo, hi, &all))
        return false;
    if (!ls_ok(w, lsv_reduce(LSV_ALL, all, &o, &all, &w->err)) || !ls_keep(w, all)) return false;
    if (lsv_item(all, NULL).i) return true;
    return ls_raise(w->in, "ValueError", scale == 1 ? "Quantiles must be in the range [0, 1]" : "Percentiles must be in the range [0, 100]");
}

/* The quantiles of one row, into column `row` of to (quantiles x rows). */
static bool row_quantiles(ls_work *w, const rows *r, ptrdiff_t row, const lsv_array *q, lsv_array *to) {
    lsv_array *x, *values;
    lsv_dtype d = (lsv_dtype)to->dtype;
    ptrdiff_t n = row_length(r, row), size = (ptrdiff_t)lsv_dtype_size(d), one = 1;
    bool ok = true;
    if (n > 0) {
        if (!ls_ok(w, lsv_view_strided(r->sorted, 1, &n, &one, row * r->n, &x, &w->err))) return false;
        ok = ls_ok(w, lsv_quantile(x, q, 0, true, false, &values, &w->err));
        lsv_release(x);
        if (!ok) return false;
    }
    for (ptrdiff_t k = 0; k < q->size; k++) {
        lsv_scalar v = n == 0 ? lsv_scalar_float(NAN) : lsv_item(values, values->ndim ? &k : NULL);
        lsv_store(d, to->data + (k * r->count + row) * size, v);
    }
    if (n > 0) lsv_release(values);
    return ok;
}

/* np.nanquantile, np.nanpercentile (a, q, axis, out, overwrite_input, method, keepdims): op is what q = 1 stands for */
BUILTIN(np_nanquantile) {
    lsv_array *a, *q, *to, *flat;
    rows r;
    bool keep;
    if (!ls_arg(w, args, 0, &a) || !ls_operand(w, args, 1, &q) || !ls_truth(w->in, args[6], &keep) || !check_quantiles(w, q, w->self->op))
        return false;
    if (!ls_text_is(args[5], "linear")) return ls_raise(w->in, "NotImplementedError", "only method=\"linear\" is offered");
    if (w->self->op != 1 && !ls_binary_number(w, LSV_OP_DIV, q, w->self->op, &q)) return false;
    if (q->dtype != LSV_FLOAT64 && (!ls_ok(w, lsv_astype(q, LSV_FLOAT64, &q, &w->err)) || !ls_keep(w, q))) return false;
    if (a->size == 0) return nothing(w, a, args[2], keep, args[3], out);
    if (!sorted_rows(w, a, args[2], keep, &r)) return false;
    ptrdiff_t shape[LSV_MAXDIM];
    if (q->ndim + r.ndim > LSV_MAXDIM) return ls_raise(w->in, "ValueError", "more than %d dimensions", LSV_MAXDIM);
    for (int i = 0; i < q->ndim + r.ndim; i++) shape[i] = i < q->ndim ? q->shape[i] : r.shape[i - q->ndim];
    if (!ls_new(w, q->ndim ? LSV_FLOAT64 : (lsv_dtype)r.sorted->dtype, q->ndim + r.ndim, shape, &to)) return false;
    flat = q;
    if (q->ndim > 1 && (!ls_ok(w, lsv_ravel(q, false, &flat, &w->err)) || !ls_keep(w, flat))) return false;
    for (ptrdiff_t i = 0; i < r.count; i++)
        if (!row_quantiles(w, &r, i, flat, to) || ls_interrupted(w->in)) return false;
    return ls_give_into(w, out, args[3], LSV_OK, (lsv_ref(to), &to));
}

/* ---- the others: a number stands for NaN ---- */

static bool replaced(ls_work *w, lsv_array **a, double x) {
    if (!lsv_dtype_is_float((lsv_dtype)(*a)->dtype)) return true;
    return ls_ok(w, lsv_nan_to_num(*a, x, INFINITY, -INFINITY, a, &w->err)) && ls_keep(w, *a);
}

/* np.nanargmax, np.nanargmin (a, axis, out, *, keepdims): op is `max` */
BUILTIN(np_nanargreduce) {
    lsv_array *a, *x, *r, *ok;
    lsv_reduce_options over = {.naxes = 1}, all = {.naxes = -1};
    bool given, keep;
    if (!ls_arg(w, args, 0, &a) || !ls_axis_or_none(w, args[1], "axis", &given, &over.axes[0]) || !ls_truth(w->in, args[3], &keep)) return false;
    x = a;
    if (!replaced(w, &x, w->self->op ? -INFINITY : INFINITY)) return false;
    if (!ls_ok(w, lsv_argreduce(w->self->op, x, over.axes[0], !given, keep, &r, &w->err)) || !ls_keep(w, r)) return false;
    if (a->size > 0) { /* a row without a number has no such place */
        if (!given) over.naxes = -1;
        if (!ls_binary_arrays(w, LSV_OP_EQ, a, a, &ok) || !ls_ok(w, lsv_reduce(LSV_ANY, ok, &over, &ok, &w->err)) || !ls_keep(w, ok)) return false;
        if (!ls_ok(w, lsv_reduce(LSV_ALL, ok, &all, &ok, &w->err)) || !ls_keep(w, ok)) return false;
        if (!lsv_item(ok, NULL).i) return ls_raise(w->in, "ValueError", "All-NaN slice encountered");
    }
    return ls_give_into(w, out, args[2], LSV_OK, (lsv_ref(r), &r));
}

/* np.nanprod(a, axis, dtype, out, keepdims) */
BUILTIN(np_nanprod) {
    lsv_array *a, *r;
    lsv_reduce_options o = {.naxes = -1};
    int d;
    if (!ls_arg(w, args, 0, &a) || !ls_as_axes(w->in, args[1], &o.naxes, o.axes) || !ls_as_dtype(w->in, args[2], &d) ||
        !ls_truth(w->in, args[4], &o.keepdims))
        return false;
    o.has_dtype = d >= 0;
    if (o.has_dtype) o.dtype = (lsv_dtype)d;
    return replaced(w, &a, 1) && ls_give_into(w, out, args[3], lsv_reduce(LSV_PROD, a, &o, &r, &w->err), &r);
}

/* np.nancumsum, np.nancumprod (a, axis, dtype, out): op is the reduction */
BUILTIN(np_nancumulate) {
    lsv_array *a, *r;
    lsv_dtype d;
    int axis;
    bool given;
    if (!ls_arg(w, args, 0, &a) || !ls_axis_or_none(w, args[1], "axis", &given, &axis)) return false;
    if (!replaced(w, &a, w->self->op == LSV_SUM ? 0 : 1)) return false;
    if (!ls_is_none(args[2]) && (!ls_dtype_or(w, args[2], LSV_FLOAT64, &d) || !ls_ok(w, lsv_as_dtype(a, d, &a, &w->err)) || !ls_keep(w, a)))
        return false;
    return ls_give_into(w, out, args[3], lsv_cumulate((lsv_reduction)w->self->op, a, axis, !given, &r, &w->err), &r);
}

#define QUANTILE "(a, q, axis=None, out=None, overwrite_input=False, method=\"linear\", keepdims=False)"

const ls_builtin ls_family_reduce_nan[] = {
    {"np.nanmedian", "(a, axis=None, out=None, overwrite_input=False, keepdims=False)", "Median of what is not NaN", NULL, NULL, np_nanmedian, 0, LS_CALLABLE, NULL},
    {"np.nanquantile", QUANTILE, "The value below which a share q of what is not NaN lies", NULL, NULL, np_nanquantile, 1, LS_CALLABLE, NULL},
    {"np.nanpercentile", QUANTILE, "The value below which q percent of what is not NaN lie", NULL, NULL, np_nanquantile, 100, LS_CALLABLE, NULL},
    {"np.nanargmax", "(a, axis=None, out=None, *, keepdims=False)", "Where the largest element that is not NaN is", NULL, NULL, np_nanargreduce, 1, LS_CALLABLE, NULL},
    {"np.nanargmin", "(a, axis=None, out=None, *, keepdims=False)", "Where the smallest element that is not NaN is", NULL, NULL, np_nanargreduce, 0, LS_CALLABLE, NULL},
    {"np.nanprod", "(a, axis=None, dtype=None, out=None, keepdims=False)", "Product of what is not NaN", NULL, NULL, np_nanprod, 0, LS_CALLABLE, NULL},
    {"np.nancumsum", "(a, axis=None, dtype=None, out=None)", "Running sum, NaN counted as zero", NULL, NULL, np_nancumulate, LSV_SUM, LS_CALLABLE, NULL},
    {"np.nancumprod", "(a, axis=None, dtype=None, out=None)", "Running product, NaN counted as one", NULL, NULL, np_nancumulate, LSV_PROD, LS_CALLABLE, NULL},
    {.names = NULL}};
