/* Reductions with NumPy's names and parameters: sum, mean, var, median, argmax, cumsum, quantile, … */
#include <math.h>
#include <string.h>

#include "array/elementwise.h"
#include "array/reduce.h"
#include "lang/builtins/support.h"

static bool options(ls_work *w, ls_value axis, ls_value dtype, ls_value keepdims, lsv_reduce_options *o) {
    *o = (lsv_reduce_options){.naxes = -1};
    int d;
    if (!ls_as_axes(w->in, axis, &o->naxes, o->axes) || !ls_as_dtype(w->in, dtype, &d) || !ls_truth(w->in, keepdims, &o->keepdims)) return false;
    o->has_dtype = d >= 0;
    if (o->has_dtype) o->dtype = (lsv_dtype)d;
    return true;
}

static bool reduced(ls_work *w, const lsv_array *a, const lsv_reduce_options *o, ls_value into, ls_value *out) {
    lsv_array *r;
    return ls_give_into(w, out, into, lsv_reduce((lsv_reduction)w->self->op, a, o, &r, &w->err), &r);
}

/* (a, axis, dtype, out, keepdims) */
BUILTIN(np_reduce) {
    lsv_array *a;
    lsv_reduce_options o;
    w->wrap = true;
    return ls_arg(w, args, 0, &a) && options(w, args[1], args[2], args[4], &o) && reduced(w, a, &o, args[3], out);
}

/* (a, axis, out, keepdims), and for min and max initial= */
BUILTIN(np_reduce_plain) {
    lsv_array *a, *r;
    lsv_reduce_options o;
    w->wrap = true;
    if (!ls_arg(w, args, 0, &a) || !options(w, args[1], ls_none(), args[3], &o)) return false;
    bool extreme = w->self->op == LSV_MAX || w->self->op == LSV_MIN;
    if (!extreme || ls_is_none(args[4])) return reduced(w, a, &o, args[2], out);
    lsv_array *first;
    if (!ls_operand(w, args, 4, &first)) return false;
    if (a->size == 0) return ls_give_kept(w, out, first);
    if (!ls_ok(w, lsv_reduce((lsv_reduction)w->self->op, a, &o, &r, &w->err)) || !ls_keep(w, r)) return false;
    return ls_give(w, out, lsv_binary(w->self->op == LSV_MAX ? LSV_OP_MAXIMUM : LSV_OP_MINIMUM, r, first, &r, &w->err), &r);
}

/* (a, axis, out, overwrite_input, keepdims) */
BUILTIN(np_median) {
    lsv_array *a;
    lsv_reduce_options o;
    return ls_arg(w, args, 0, &a) && options(w, args[1], ls_none(), args[4], &o) && reduced(w, a, &o, args[2], out);
}

/* (a, axis, dtype, out, ddof, keepdims, *, correction) */
BUILTIN(np_var) {
    lsv_array *a;
    lsv_reduce_options o;
    w->wrap = true;
    if (!ls_arg(w, args, 0, &a) || !options(w, args[1], args[2], args[5], &o)) return false;
    if (!ls_as_double(w->in, ls_is_none(args[6]) ? args[4] : args[6], "ddof", &o.ddof)) return false;
    return reduced(w, a, &o, args[3], out);
}

/* np.count_nonzero(a, axis=None, *, keepdims=False) */
BUILTIN(np_count_nonzero) {
    lsv_array *a, *r;
    lsv_reduce_options o;
    if (!ls_arg(w, args, 0, &a) || !options(w, args[1], ls_none(), args[2], &o)) return false;
    return ls_give(w, out, lsv_reduce(LSV_COUNT_NONZERO, a, &o, &r, &w->err), &r);
}

/* (a, axis, out, *, keepdims): op is `max` */
BUILTIN(np_argreduce) {
    lsv_array *a, *r;
    int axis;
    bool given, keep;
    w->wrap = true;
    if (!ls_arg(w, args, 0, &a) || !ls_axis_or_none(w, args[1], "axis", &given, &axis) || !ls_truth(w->in, args[3], &keep)) return false;
    return ls_give_into(w, out, args[2], lsv_argreduce(w->self->op, a, axis, !given, keep, &r, &w->err), &r);
}

/* (a, axis, dtype, out) */
BUILTIN(np_cumulate) {
    lsv_array *a, *r;
    int axis;
    bool given;
    w->wrap = true;
    if (!ls_arg(w, args, 0, &a) || !ls_axis_or_none(w, args[1], "axis", &given, &axis)) return false;
    if (!ls_is_none(args[2])) {
        lsv_dtype d;
        if (!ls_dtype_or(w, args[2], LSV_FLOAT64, &d) || !ls_ok(w, lsv_as_dtype(a, d, &a, &w->err)) || !ls_keep(w, a)) return false;
    }
    return ls_give_into(w, out, args[3], lsv_cumulate((lsv_reduction)w->self->op, a, axis, !given, &r, &w->err), &r);
}

/* np.cumulative_sum, np.cumulative_prod (x, /, *, axis, dtype, out, include_initial): op is the reduction */
BUILTIN(np_cumulative) {
    lsv_array *a, *r, *parts[2];
    int axis;
    bool given, initial;
    lsv_dtype d;
    if (!ls_arg(w, args, 0, &a) || !ls_axis_or_none(w, args[1], "axis", &given, &axis) || !ls_truth(w->in, args[4], &initial)) return false;
    if (a->ndim == 0 && (!ls_ok(w, lsv_expand_dims(a, 0, &a, &w->err)) || !ls_keep(w, a))) return false;
    if (!given && a->ndim > 1) return ls_raise(w->in, "ValueError", "For arrays which have more than one dimension ``axis`` argument is required.");
    if (!ls_is_none(args[2]) && (!ls_dtype_or(w, args[2], LSV_FLOAT64, &d) || !ls_ok(w, lsv_as_dtype(a, d, &a, &w->err)) || !ls_keep(w, a)))
        return false;
    if (!ls_ok(w, lsv_axis(a, axis, &axis, &w->err)) || !ls_ok(w, lsv_cumulate((lsv_reduction)w->self->op, a, axis, false, &r, &w->err)))
        return false;
    if (!initial) return ls_give_into(w, out, args[3], LSV_OK, &r);
    ptrdiff_t shape[LSV_MAXDIM];
    memcpy(shape, r->shape, sizeof shape);
    shape[axis] = 1;
    parts[1] = r;
    if (!ls_keep(w, r) ||
        !ls_ok(w, lsv_full(LSV_NUMPY, (lsv_dtype)r->dtype, r->ndim, shape, lsv_scalar_int(w->self->op == LSV_PROD), &parts[0], &w->err)))
        return false;
    return ls_keep(w, parts[0]) && ls_give_into(w, out, args[3], lsv_concatenate(parts, 2, axis, &r, &w->err), &r);
}

/* (a, q, axis, out, overwrite_input, method, keepdims): op is what q = 1 stands for (1 or 100); torch: (input, q, dim, keepdim) */
BUILTIN(quantile) {
    lsv_array *a, *q, *r;
    int axis;
    bool given, keep, torch = w->kind == LSV_TORCH;
    if (!ls_arg(w, args, 0, &a) || !ls_operand(w, args, 1, &q) || !ls_axis_or_none(w, args[2], "axis", &given, &axis)) return false;
    if (!ls_truth(w->in, args[torch ? 3 : 6], &keep)) return false;
    if (w->self->op != 1 && !ls_binary_number(w, LSV_OP_DIV, q, w->self->op, &q)) return false;
    lsv_dtype d = torch ? (lsv_dtype)a->dtype : LSV_FLOAT64;
    if (q->dtype != d && (!ls_ok(w, lsv_astype(q, d, &q, &w->err)) || !ls_keep(w, q))) return false;
    if (!torch && ls_text_is(args[5], "linear") == false)
        return ls_raise(w->in, "NotImplementedError", "only method=\"linear\" is offered");
    return ls_give(w, out, lsv_quantile(a, q, axis, !given, keep, &r, &w->err), &r);
}

/* np.average(a, axis, weights, returned, *, keepdims): sum(a * weights) / sum(weights) */
BUILTIN(np_average) {
    lsv_array *a, *wt, *p, *s, *r;
    lsv_reduce_options o;
    bool returned;
    if (!ls_arg(w, args, 0, &a) || !options(w, args[1], ls_none(), args[4], &o) || !ls_truth(w->in, args[3], &returned)) return false;
    if (ls_is_none(args[2])) return ls_give(w, out, lsv_reduce(LSV_MEAN, a, &o, &r, &w->err), &r);
    if (!ls_arg(w, args, 2, &wt)) return false;
    bool same = wt->ndim == a->ndim && memcmp(wt->shape, a->shape, (size_t)a->ndim * sizeof a->shape[0]) == 0;
    if (!same) {
        if (o.naxes != 1) return ls_raise(w->in, "TypeError", "Axis must be specified when shapes of a and weights differ.");
        int axis;
        if (!ls_ok(w, lsv_axis(a, o.axes[0], &axis, &w->err))) return false;
        if (wt->ndim != 1 || wt->size != a->shape[axis])
            return ls_raise(w->in, "ValueError", "Shape of weights must be consistent with shape of a along specified axis.");
        ptrdiff_t shape[LSV_MAXDIM];
        for (int d = 0; d < a->ndim; d++) shape[d] = d == axis ? wt->size : 1;
        if (!ls_ok(w, lsv_reshape(wt, a->ndim, shape, false, &wt, &w->err)) || !ls_keep(w, wt)) return false;
        if (!ls_ok(w, lsv_broadcast_to(wt, a->ndim, a->shape, &wt, &w->err)) || !ls_keep(w, wt)) return false;
    }
    if (!lsv_dtype_is_float((lsv_dtype)wt->dtype) && (!ls_ok(w, lsv_astype(wt, LSV_FLOAT64, &wt, &w->err)) || !ls_keep(w, wt))) return false;
    if (!ls_binary_arrays(w, LSV_OP_MUL, a, wt, &p)) return false;
    if (!ls_ok(w, lsv_reduce(LSV_SUM, p, &o, &p, &w->err)) || !ls_keep(w, p)) return false;
    if (!ls_ok(w, lsv_reduce(LSV_SUM, wt, &o, &s, &w->err)) || !ls_keep(w, s)) return false;
    if (s->ndim == 0 && lsv_scalar_as_double(lsv_item(s, NULL)) == 0)
        return ls_raise(w->in, "ZeroDivisionError", "Weights sum to zero, can't be normalized");
    if (!returned) return ls_give(w, out, lsv_binary(LSV_OP_DIV, p, s, &r, &w->err), &r);
    lsv_array *pair[2] = {NULL, lsv_ref(s)};
    lsv_status status = lsv_binary(LSV_OP_DIV, p, s, &pair[0], &w->err);
    if (status != LSV_OK) lsv_release(s);
    return ls_give_arrays(w, out, status, NULL, 2, pair);
}

/* A number as an array of length 1 along the axis, for prepend= and append=; arrays as they are. */
static bool edge(ls_work *w, const ls_value *args, int i, const lsv_array *a, int axis, lsv_array **r) {
    if (!ls_arg(w, args, i, r)) return false;
    if ((*r)->ndim > 0) return true;
    ptrdiff_t shape[LSV_MAXDIM];
    memcpy(shape, a->shape, sizeof shape);
    shape[axis] = 1;
    return ls_ok(w, lsv_broadcast_to(*r, a->ndim, shape, r, &w->err)) && ls_keep(w, *r);
}

/* np.diff(a, n, axis, prepend, append), torch.diff(input, n, dim, prepend, append) */
BUILTIN(diff) {
    lsv_array *a, *r;
    int64_t n;
    int axis;
    if (!ls_arg(w, args, 0, &a) || !ls_as_int(w->in, args[1], "n", &n) || !ls_axis(w, args[2], "axis", &axis)) return false;
    if (n < 0) return ls_raise(w->in, "ValueError", "order must be non-negative but got %lld", (long long)n);
    if (a->ndim == 0) return ls_raise(w->in, "ValueError", "diff requires input that is at least one dimensional");
    if (!ls_is_none(args[3]) || !ls_is_none(args[4])) {
        lsv_array *parts[3];
        int count = 0;
        if (!ls_ok(w, lsv_axis(a, axis, &axis, &w->err))) return false;
        if (!ls_is_none(args[3]) && !edge(w, args, 3, a, axis, &parts[count++])) return false;
        parts[count++] = a;
        if (!ls_is_none(args[4]) && !edge(w, args, 4, a, axis, &parts[count++])) return false;
        if (!ls_ok(w, lsv_concatenate(parts, count, axis, &a, &w->err)) || !ls_keep(w, a)) return false;
    }
    return ls_give(w, out, lsv_diff(a, (int)n, axis, &r, &w->err), &r);
}

/* to_begin= and to_end= of np.ediff1d, in the differences' dtype */
static bool ediff_end(ls_work *w, const ls_value *args, int i, lsv_dtype d, lsv_array **r) {
    if (!ls_arg(w, args, i, r) || !ls_ok(w, lsv_ravel(*r, false, r, &w->err)) || !ls_keep(w, *r)) return false;
    if (lsv_dtype_is_float((lsv_dtype)(*r)->dtype) && !lsv_dtype_is_float(d))
        return ls_raise(w->in, "TypeError", "dtype of `%s` must be compatible with input `ary` under the `same_kind` rule.",
                        i == 1 ? "to_end" : "to_begin");
    return (*r)->dtype == d || (ls_ok(w, lsv_astype(*r, d, r, &w->err)) && ls_keep(w, *r));
}

/* np.ediff1d(ary, to_end=None, to_begin=None) */
BUILTIN(np_ediff1d) {
    lsv_array *a, *r, *parts[3];
    int n = 0;
    if (!ls_arg(w, args, 0, &a) || !ls_ok(w, lsv_ravel(a, false, &a, &w->err)) || !ls_keep(w, a)) return false;
    if (a->dtype == LSV_BOOL)
        return ls_raise(w->in, "TypeError",
                        "numpy boolean subtract, the `-` operator, is not supported, use the bitwise_xor, the `^` operator, or the logical_xor function instead.");
    if (!ls_is_none(args[2]) && !ediff_end(w, args, 2, (lsv_dtype)a->dtype, &parts[n++])) return false;
    if (!ls_ok(w, lsv_diff(a, 1, 0, &parts[n], &w->err)) || !ls_keep(w, parts[n])) return false;
    n++;
    if (!ls_is_none(args[1]) && !ediff_end(w, args, 1, (lsv_dtype)a->dtype, &parts[n++])) return false;
    return ls_give(w, out, lsv_concatenate(parts, n, 0, &r, &w->err), &r);
}

/* np.trapezoid(y, x=None, dx=1.0) of vectors */
BUILTIN(np_trapezoid) {
    lsv_array *y, *x;
    double dx, sum = 0;
    if (!ls_arg(w, args, 0, &y) || !ls_as_double(w->in, args[2], "dx", &dx)) return false;
    if (y->ndim != 1) return ls_raise(w->in, "NotImplementedError", "trapezoid takes vectors here");
    bool given = !ls_is_none(args[1]);
    if (given && !ls_arg(w, args, 1, &x)) return false;
    if (given && (x->ndim != 1 || x->size != y->size)) return ls_raise(w->in, "ValueError", "trapezoid: x and y differ in length");
    for (ptrdiff_t i = 1; i < y->size; i++) {
        ptrdiff_t j = i - 1;
        double step = given ? lsv_scalar_as_double(lsv_item(x, &i)) - lsv_scalar_as_double(lsv_item(x, &j)) : dx;
        sum += step * (lsv_scalar_as_double(lsv_item(y, &i)) + lsv_scalar_as_double(lsv_item(y, &j))) / 2;
    }
    *out = ls_npscalar(lsv_scalar_float(sum));
    return true;
}

/* np.interp(x, xp, fp): piecewise linear, the ends held */
BUILTIN(np_interp) {
    lsv_array *x, *xp, *fp, *r;
    if (!ls_arg(w, args, 0, &x) || !ls_arg(w, args, 1, &xp) || !ls_arg(w, args, 2, &fp)) return false;
    if (xp->ndim != 1 || fp->ndim != 1 || xp->size != fp->size || xp->size == 0)
        return ls_raise(w->in, "ValueError", "fp and xp are not of the same length.");
    if (!ls_ok(w, lsv_astype(x, LSV_FLOAT64, &r, &w->err)) || !ls_keep(w, r)) return false;
    if (!ls_ok(w, lsv_astype(xp, LSV_FLOAT64, &xp, &w->err)) || !ls_keep(w, xp)) return false;
    if (!ls_ok(w, lsv_astype(fp, LSV_FLOAT64, &fp, &w->err)) || !ls_keep(w, fp)) return false;
    double *at = lsv_data(r);
    const double *px = lsv_data(xp), *py = lsv_data(fp);
    ptrdiff_t n = xp->size;
    for (ptrdiff_t i = 0; i < r->size; i++) {
        double v = at[i];
        if (isnan(v)) continue;
        if (v >= px[n - 1]) { at[i] = py[n - 1]; continue; }
        if (v <= px[0]) { at[i] = py[0]; continue; }
        ptrdiff_t lo = 0, hi = n - 1;
        while (hi - lo > 1) {
            ptrdiff_t mid = lo + (hi - lo) / 2;
            if (px[mid] <= v) lo = mid;
            else hi = mid;
        }
        double slope = (py[hi] - py[lo]) / (px[hi] - px[lo]);
        at[i] = slope * (v - px[lo]) + py[lo];
    }
    return ls_give_kept(w, out, r);
}

/* np.nanvar, np.nanstd (a, axis, dtype, out, ddof, keepdims): op 1 takes the root */
BUILTIN(np_nanvar) {
    lsv_array *a, *ok, *n, *m, *d, *r;
    lsv_reduce_options o, keep;
    double ddof;
    if (!ls_arg(w, args, 0, &a) || !options(w, args[1], ls_none(), args[5], &o) || !ls_as_double(w->in, args[4], "ddof", &ddof)) return false;
    keep = o;
    keep.keepdims = true;
    if (!ls_binary_arrays(w, LSV_OP_EQ, a, a, &ok)) return false; /* false at NaN */
    if (!ls_ok(w, lsv_reduce(LSV_NANMEAN, a, &keep, &m, &w->err)) || !ls_keep(w, m)) return false;
    if (!ls_binary_arrays(w, LSV_OP_SUB, a, m, &d) || !ls_binary_arrays(w, LSV_OP_MUL, d, d, &d)) return false;
    if (!ls_ok(w, lsv_reduce(LSV_NANSUM, d, &o, &d, &w->err)) || !ls_keep(w, d)) return false;
    if (!ls_ok(w, lsv_reduce(LSV_SUM, ok, &o, &n, &w->err)) || !ls_keep(w, n) || !ls_binary_number(w, LSV_OP_SUB, n, ddof, &n)) return false;
    if (!ls_binary_arrays(w, LSV_OP_DIV, d, n, &r)) return false;
    return w->self->op ? ls_give(w, out, lsv_unary(LSV_FN_SQRT, r, &r, &w->err), &r) : ls_give_kept(w, out, r);
}

/* A range of one axis; a kept view. */
static bool along(ls_work *w, lsv_array *a, int axis, ptrdiff_t start, ptrdiff_t stop, lsv_array **r) {
    lsv_index ix[LSV_MAXDIM];
    for (int d = 0; d < axis; d++) ix[d] = (lsv_index){.type = LSV_IX_SLICE, .step = 1};
    ix[axis] = (lsv_index){.type = LSV_IX_SLICE, .has_start = true, .has_stop = true, .start = start, .stop = stop, .step = 1};
    return ls_ok(w, lsv_index_get(a, ix, axis + 1, r, &w->err)) && ls_keep(w, *r);
}

/* Central differences inside, one-sided at the ends, with even spacing h. */
static bool gradient_along(ls_work *w, lsv_array *a, int axis, double h, lsv_array **r) {
    ptrdiff_t n = a->shape[axis];
    lsv_array *x, *y, *parts[3];
    if (n < 2) return ls_raise(w->in, "ValueError", "Shape of array too small to calculate a numerical gradient, at least 2 elements are required.");
    const struct { ptrdiff_t from, to, back, end; double width; } pieces[3] = {{1, 2, 0, 1, h}, {2, n, 0, n - 2, 2 * h}, {n - 1, n, n - 2, n - 1, h}};
    for (int i = 0; i < 3; i++) {
        if (!along(w, a, axis, pieces[i].from, pieces[i].to, &x) || !along(w, a, axis, pieces[i].back, pieces[i].end, &y)) return false;
        if (!ls_binary_arrays(w, LSV_OP_SUB, x, y, &x) || !ls_binary_number(w, LSV_OP_DIV, x, pieces[i].width, &parts[i])) return false;
    }
    return ls_ok(w, lsv_concatenate(parts, 3, axis, r, &w->err));
}

/* np.gradient(f, *varargs, axis=None): one spacing for all axes */
BUILTIN(np_gradient) {
    lsv_array *a, *r[LSV_MAXDIM];
    const ls_tuple *spacing = args[1].tuple;
    double h = 1;
    int n, axes[LSV_MAXDIM];
    if (!ls_arg(w, args, 0, &a) || !ls_as_axes(w->in, args[2], &n, axes)) return false;
    if (spacing->n > 1 || (spacing->n == 1 && !ls_is_number(spacing->items[0]))) return ls_raise(w->in, "NotImplementedError", "gradient takes one even spacing here");
    if (spacing->n && !ls_as_double(w->in, spacing->items[0], "spacing", &h)) return false;
    if (!lsv_dtype_is_float((lsv_dtype)a->dtype) && (!ls_ok(w, lsv_astype(a, LSV_FLOAT64, &a, &w->err)) || !ls_keep(w, a))) return false;
    if (n < 0) {
        n = a->ndim;
        for (int d = 0; d < n; d++) axes[d] = d;
    }
    for (int i = 0; i < n; i++)
        if (!ls_ok(w, lsv_axis(a, axes[i], &axes[i], &w->err)) || !gradient_along(w, a, axes[i], h, &r[i]) || !ls_keep(w, r[i])) return false;
    if (n == 1) return ls_give_kept(w, out, r[0]);
    for (int i = 0; i < n; i++) lsv_ref(r[i]);
    return ls_give_arrays(w, out, LSV_OK, NULL, n, r);
}

#define WITH_DTYPE "(a, axis=None, dtype=None, out=None, keepdims=False)"
#define PLAIN "(a, axis=None, out=None, keepdims=False, *, initial=None)"
#define DDOF "(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, correction=None)"
#define MEDIAN "(a, axis=None, out=None, overwrite_input=False, keepdims=False)"
#define RUNNING "(a, axis=None, dtype=None, out=None)"
#define QUANTILE "(a, q, axis=None, out=None, overwrite_input=False, method=\"linear\", keepdims=False)"

const ls_builtin ls_family_reduce[] = {
    {"np.sum ndarray.sum jnp.sum", WITH_DTYPE, "Sum of elements, over everything or along axes", "Floats are added pairwise, as NumPy does; bool and int32 are summed in int64.",
     "np.sum(np.array([[1, 2], [3, 4]]), axis=0)\narray([4, 6])", np_reduce, LSV_SUM, LS_CALLABLE, NULL},
    {"np.prod ndarray.prod jnp.prod", WITH_DTYPE, "Product of elements", NULL, NULL, np_reduce, LSV_PROD, LS_CALLABLE, NULL},
    {"np.mean ndarray.mean jnp.mean", WITH_DTYPE, "Arithmetic mean", NULL, NULL, np_reduce, LSV_MEAN, LS_CALLABLE, NULL},
    {"np.nansum", WITH_DTYPE, "Sum, NaN counted as zero", NULL, NULL, np_reduce, LSV_NANSUM, LS_CALLABLE, NULL},
    {"np.nanmean", WITH_DTYPE, "Mean of what is not NaN", NULL, NULL, np_reduce, LSV_NANMEAN, LS_CALLABLE, NULL},
    {"np.var ndarray.var jnp.var", DDOF, "Variance: mean of squared deviations, divided by n - ddof", NULL, NULL, np_var, LSV_VAR, LS_CALLABLE, NULL},
    {"np.std ndarray.std jnp.std", DDOF, "Standard deviation", NULL, NULL, np_var, LSV_STD, LS_CALLABLE, NULL},
    {"np.max np.amax ndarray.max jnp.max", PLAIN, "Largest element; NaN wins", NULL, NULL, np_reduce_plain, LSV_MAX, LS_CALLABLE, NULL},
    {"np.min np.amin ndarray.min jnp.min", PLAIN, "Smallest element; NaN wins", NULL, NULL, np_reduce_plain, LSV_MIN, LS_CALLABLE, NULL},
    {"np.nanmax", PLAIN, "Largest element that is not NaN", NULL, NULL, np_reduce_plain, LSV_NANMAX, LS_CALLABLE, NULL},
    {"np.nanmin", PLAIN, "Smallest element that is not NaN", NULL, NULL, np_reduce_plain, LSV_NANMIN, LS_CALLABLE, NULL},
    {"np.any ndarray.any jnp.any", PLAIN, "Whether any element is true", NULL, NULL, np_reduce_plain, LSV_ANY, LS_CALLABLE, NULL},
    {"np.all ndarray.all jnp.all", PLAIN, "Whether all elements are true", NULL, NULL, np_reduce_plain, LSV_ALL, LS_CALLABLE, NULL},
    {"np.ptp", PLAIN, "Largest minus smallest element", NULL, NULL, np_reduce_plain, LSV_PTP, LS_CALLABLE, NULL},
    {"np.median jnp.median", MEDIAN, "Median: the middle, or the mean of the two middle ones", NULL, NULL, np_median, LSV_MEDIAN, LS_CALLABLE, NULL},
    {"np.count_nonzero jnp.count_nonzero", "(a, axis=None, *, keepdims=False)", "How many elements are not zero", NULL, NULL, np_count_nonzero, 0, LS_CALLABLE, NULL},
    {"np.argmax ndarray.argmax jnp.argmax", "(a, axis=None, out=None, *, keepdims=False)", "Where the largest element is, first of equals", NULL, NULL, np_argreduce, 1, LS_CALLABLE, NULL},
    {"np.argmin ndarray.argmin jnp.argmin", "(a, axis=None, out=None, *, keepdims=False)", "Where the smallest element is, first of equals", NULL, NULL, np_argreduce, 0, LS_CALLABLE, NULL},
    {"np.cumsum ndarray.cumsum jnp.cumsum", RUNNING, "Running sum", NULL, "np.cumsum([1, 2, 3])\narray([1, 3, 6])", np_cumulate, LSV_SUM, LS_CALLABLE, NULL},
    {"np.cumprod ndarray.cumprod jnp.cumprod", RUNNING, "Running product", NULL, NULL, np_cumulate, LSV_PROD, LS_CALLABLE, NULL},
    {"np.cumulative_sum", "(x, /, *, axis=None, dtype=None, out=None, include_initial=False)", "Running sum, with a zero before it if wanted", NULL, NULL, np_cumulative, LSV_SUM, LS_CALLABLE, NULL},
    {"np.cumulative_prod", "(x, /, *, axis=None, dtype=None, out=None, include_initial=False)", "Running product, with a one before it if wanted", NULL, NULL, np_cumulative, LSV_PROD, LS_CALLABLE, NULL},
    {"np.quantile jnp.quantile", QUANTILE, "The value below which a share q of the elements lies", NULL, NULL, quantile, 1, LS_CALLABLE, NULL},
    {"np.percentile jnp.percentile", QUANTILE, "The value below which q percent of the elements lie", NULL, NULL, quantile, 100, LS_CALLABLE, NULL},
    {"torch.quantile tensor.quantile", "(input, q, dim=None, keepdim=False)", "The value below which a share q of the elements lies", NULL, NULL, quantile, 1, LS_CALLABLE, NULL},
    {"np.average jnp.average", "(a, axis=None, weights=None, returned=False, *, keepdims=False)", "Weighted mean", NULL, NULL, np_average, 0, LS_CALLABLE, NULL},
    {"np.diff jnp.diff", "(a, n=1, axis=-1, prepend=None, append=None)", "Differences of neighbours, n times", NULL, NULL, diff, 0, LS_CALLABLE, NULL},
    {"torch.diff tensor.diff", "(input, n=1, dim=-1, prepend=None, append=None)", "Differences of neighbours, n times", NULL, NULL, diff, 0, LS_CALLABLE, NULL},
    {"np.ediff1d", "(ary, to_end=None, to_begin=None)", "Differences of neighbours in a row, with elements before and after", NULL, NULL, np_ediff1d, 0, LS_CALLABLE, NULL},
    {"np.trapezoid np.trapz", "(y, x=None, dx=1.0)", "Integral by the trapezoidal rule", NULL, NULL, np_trapezoid, 0, LS_CALLABLE, NULL},
    {"np.nanvar", "(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False)", "Variance of what is not NaN", NULL, NULL, np_nanvar, 0, LS_CALLABLE, NULL},
    {"np.nanstd", "(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False)", "Standard deviation of what is not NaN", NULL, NULL, np_nanvar, 1, LS_CALLABLE, NULL},
    {"np.gradient", "(f, *varargs, axis=None)", "Differences per step: central inside, one-sided at the ends", NULL, NULL, np_gradient, 0, LS_CALLABLE, NULL},
    {"np.interp", "(x, xp, fp)", "Piecewise linear interpolation", NULL, NULL, np_interp, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
