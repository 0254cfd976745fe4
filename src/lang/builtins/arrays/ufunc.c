/* The methods of NumPy's element-wise functions of two arguments: np.add.reduce, np.maximum.accumulate, np.multiply.outer,
   np.add.at, … One record each serves them all: `self` is the function, whose record says what it computes.

   Sums, products and extremes go to the library's reductions, whose order of additions is NumPy's; every other function is
   applied from the first element to the last. */
#include <math.h>
#include <string.h>

#include "array/elementwise.h"
#include "array/reduce.h"
#include "base/interrupt.h"
#include "grad/tape.h"
#include "lang/builtins/support.h"

static int op_of(const ls_value *args) { return args[0].builtin->op; }
static const char *name_of(const ls_value *args) { return ls_builtin_own_name(args[0].builtin); }

/* ---- what each function is ---- */

/* What it gives when nothing is there to begin with; LS_NONE: nothing does. */
static ls_value identity_of(int op) {
    switch (op) {
    case LSV_OP_ADD:
    case LSV_OP_OR:
    case LSV_OP_XOR:
    case LSV_OP_HYPOT:
    case LSV_OP_GCD: return ls_int(0);
    case LSV_OP_MUL: return ls_int(1);
    case LSV_OP_AND: return ls_int(-1);
    case LSV_OP_LOGICAL_AND: return ls_bool(true);
    case LSV_OP_LOGICAL_OR:
    case LSV_OP_LOGICAL_XOR: return ls_bool(false);
    case LSV_OP_LOGADDEXP: return ls_float(-INFINITY);
    default: return ls_none();
    }
}

/* May several axes be reduced at once, in any order? */
static bool reorderable(int op) {
    return identity_of(op).tag != LS_NONE || op == LSV_OP_MAXIMUM || op == LSV_OP_MINIMUM || op == LSV_OP_FMAX || op == LSV_OP_FMIN;
}

/* The reduction of the library that does the same; -1: none. */
static int reduction_of(int op) {
    static const struct { int op, reduction; } pairs[] = {
        {LSV_OP_ADD, LSV_SUM}, {LSV_OP_MUL, LSV_PROD}, {LSV_OP_MAXIMUM, LSV_MAX}, {LSV_OP_MINIMUM, LSV_MIN},
        {LSV_OP_FMAX, LSV_NANMAX}, {LSV_OP_FMIN, LSV_NANMIN}, {LSV_OP_LOGICAL_AND, LSV_ALL}, {LSV_OP_LOGICAL_OR, LSV_ANY}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (pairs[i].op == op) return pairs[i].reduction;
    return -1;
}

static bool logical(int op) { return op == LSV_OP_LOGICAL_AND || op == LSV_OP_LOGICAL_OR || op == LSV_OP_LOGICAL_XOR; }

/* ---- the operands ---- */

static bool two_arguments(ls_work *w, const ls_value *args, const char *what) {
    if (args[0].builtin->kind == LS_BINARY_UFUNC) return true;
    return ls_raise(w->in, "ValueError", "%s only supported for binary functions", what);
}

static bool cast(ls_work *w, lsv_dtype d, lsv_array **a) {
    if ((*a)->dtype == d) return true;
    return ls_ok(w, lsv_copy_in(LSV_ORDER_K, *a, d, a, &w->err)) && ls_keep(w, *a);
}

/* a in the dtype in which results of the function can be arguments of it again: dtype=, else what the function makes of a. */
static bool working(ls_work *w, const ls_value *args, ls_value dtype, lsv_array **a) {
    int op = op_of(args), asked;
    ptrdiff_t none = 0;
    lsv_array *empty, *r;
    if (!ls_as_dtype(w->in, dtype, &asked)) return false;
    if (logical(op) && asked < 0) return cast(w, LSV_BOOL, a);
    if (asked >= 0 && !cast(w, (lsv_dtype)asked, a)) return false;
    if (op == LSV_OP_ADD || op == LSV_OP_MUL) return asked >= 0 || lsv_dtype_is_float((lsv_dtype)(*a)->dtype) || cast(w, LSV_INT64, a);
    if (!ls_new(w, (lsv_dtype)(*a)->dtype, 1, &none, &empty)) return false;
    lsv_status status = lsv_binary((lsv_binary_op)op, empty, empty, &r, &w->err);
    if ((status != LSV_OK && asked < 0) || status == LSV_ENOMEM) return ls_ok(w, status);
    if (status == LSV_OK && !ls_keep(w, r)) return false;
    if (status != LSV_OK || (r->dtype == LSV_BOOL && (*a)->dtype != LSV_BOOL) || (asked >= 0 && asked != r->dtype))
        return ls_raise(w->in, "TypeError", "No loop matching the specified signature and casting was found for ufunc %s", name_of(args));
    return cast(w, (lsv_dtype)r->dtype, a);
}

/* The axes of the reduction, each once and counted from the front. */
static bool axes_of(ls_work *w, ls_value axis, const lsv_array *a, int *n, int *axes) {
    if (!ls_as_axes(w->in, axis, n, axes)) return false;
    if (a->ndim == 0 && (*n < 0 || (*n == 1 && (axes[0] == 0 || axes[0] == -1)))) *n = 0;
    if (*n < 0) {
        *n = a->ndim;
        for (int i = 0; i < *n; i++) axes[i] = i;
    }
    for (int i = 0; i < *n; i++) {
        if (!ls_ok(w, lsv_axis(a, axes[i], &axes[i], &w->err))) return false;
        for (int k = 0; k < i; k++)
            if (axes[k] == axes[i]) return ls_raise(w->in, "ValueError", "duplicate value in 'axis'");
    }
    return true;
}

static bool axes_fit(ls_work *w, const ls_value *args, int n) {
    if (n <= 1 || reorderable(op_of(args))) return true;
    return ls_raise(w->in, "ValueError", "reduction operation '%s' is not reorderable, so at most one axis may be specified", name_of(args));
}

/* a[…, i] or a[…, start:stop] along an axis, a kept view. */
static bool element(ls_work *w, lsv_array *a, int axis, ptrdiff_t i, lsv_array **r) {
    lsv_index ix[LSV_MAXDIM];
    for (int d = 0; d < axis; d++) ix[d] = (lsv_index){.type = LSV_IX_SLICE, .step = 1};
    ix[axis] = (lsv_index){.type = LSV_IX_INT, .start = i};
    return ls_ok(w, lsv_index_get(a, ix, axis + 1, r, &w->err)) && ls_keep(w, *r);
}

static bool range(ls_work *w, lsv_array *a, int axis, ptrdiff_t start, ptrdiff_t stop, lsv_array **r) {
    ptrdiff_t shape[LSV_MAXDIM];
    memcpy(shape, a->shape, sizeof shape);
    shape[axis] = stop - start;
    return ls_ok(w, lsv_view_strided(a, a->ndim, shape, a->strides, start * a->strides[axis], r, &w->err)) && ls_keep(w, *r);
}

/* Gives back what was kept since: loops keep a few arrays per step. */
static void forget(ls_work *w, int since) {
    while (w->nheld > since) lsv_release(w->held[--w->nheld]);
}

/* ---- reduce ---- */

/* initial= in the dtype of the result, as a 0-d array over `cell`. */
static bool initial_of(ls_work *w, ls_value v, lsv_dtype d, lsv_scalar *initial, lsv_array *zero, double *cell) {
    lsv_array *a;
    if (!ls_array_like(w, v, LSV_NUMPY, d, &a)) return false;
    if (a->size != 1) return ls_raise(w->in, "ValueError", "initial must be a single number");
    ptrdiff_t first[LSV_MAXDIM] = {0};
    *initial = lsv_item(a, first);
    *zero = lsv_scalar_array(LSV_NUMPY, *initial, 0, cell);
    return true;
}

static bool no_identity(ls_work *w, const ls_value *args) {
    return ls_raise(w->in, "ValueError", "zero-size array to reduction operation %s which has no identity", name_of(args));
}

/* By the library: a has its working dtype. */
static bool by_library(ls_work *w, const ls_value *args, const lsv_array *a, int n, const int *axes, bool keep, ls_value start, lsv_array **r) {
    int op = op_of(args);
    lsv_reduction reduction = (lsv_reduction)reduction_of(op);
    lsv_reduce_options o = {.naxes = n, .keepdims = keep, .has_dtype = reduction == LSV_SUM || reduction == LSV_PROD, .dtype = (lsv_dtype)a->dtype};
    lsv_scalar initial;
    lsv_array zero;
    double cell;
    bool started = !ls_is_none(start), empty = a->size == 0;
    memcpy(o.axes, axes, (size_t)n * sizeof *axes);
    if (started && !initial_of(w, start, (lsv_dtype)a->dtype, &initial, &zero, &cell)) return false;
    if (started && o.has_dtype) o.initial = &initial;
    if (started && !o.has_dtype && empty) { /* nothing to compare: the sum of nothing has the shape */
        if (!ls_ok(w, lsv_reduce(LSV_SUM, a, &o, r, &w->err)) || !ls_keep(w, *r) || !cast(w, (lsv_dtype)a->dtype, r)) return false;
        return ls_ok(w, lsv_fill(*r, initial, &w->err));
    }
    if (!ls_ok(w, lsv_reduce(reduction, a, &o, r, &w->err)) || !ls_keep(w, *r)) return false;
    return !started || o.has_dtype || ls_binary_arrays(w, op, *r, &zero, r);
}

static bool goes(int d, int n, const int *axes) {
    for (int i = 0; i < n; i++)
        if (axes[i] == d) return true;
    return false;
}

/* The axes that go as one, in front of the others; in the order in which they lie in memory, as NumPy goes through them. */
static bool gathered(ls_work *w, lsv_array **a, int n, const int *axes) {
    int order[LSV_MAXDIM], lies[LSV_MAXDIM], to = 0;
    ptrdiff_t shape[LSV_MAXDIM] = {1};
    lsv_order_axes(*a, LSV_ORDER_K, lies);
    for (int d = 0; d < (*a)->ndim; d++)
        if (goes(lies[d], n, axes)) order[to++] = lies[d];
    for (int d = 0; d < (*a)->ndim; d++)
        if (!goes(d, n, axes)) order[to++] = d;
    for (int i = 0; i < n; i++) shape[0] *= (*a)->shape[order[i]];
    for (int i = n; i < (*a)->ndim; i++) shape[1 + i - n] = (*a)->shape[order[i]];
    if (n == 0 && (*a)->ndim == LSV_MAXDIM) return ls_raise(w->in, "ValueError", "maximum supported dimension for an array is %d", LSV_MAXDIM);
    if (!ls_ok(w, lsv_transpose(*a, order, a, &w->err)) || !ls_keep(w, *a)) return false;
    return ls_ok(w, lsv_reshape(*a, 1 + (*a)->ndim - n, shape, false, a, &w->err)) && ls_keep(w, *a);
}

/* f(f(f(a[0], a[1]), a[2]), …) along the first axis; r is the accumulator, changed in place. */
static bool fold(ls_work *w, int op, lsv_array *a, ptrdiff_t from, lsv_array *r) {
    for (ptrdiff_t i = from; i < a->shape[0]; i++) {
        int since = w->nheld;
        lsv_array *x, *next;
        if (lsv_stop_at(i) && ls_interrupted(w->in)) return false;
        if (!element(w, a, 0, i, &x) || !ls_binary_arrays(w, op, r, x, &next) || !ls_ok(w, lsv_assign(r, next, &w->err))) return false;
        forget(w, since);
    }
    return true;
}

/* The result of a reduction and a view of it without the axes that went; NumPy lays it out as a lies. */
static bool result_of(ls_work *w, const lsv_array *a, lsv_array *first, int n, const int *axes, bool keep, const lsv_array *rest, lsv_array **r, lsv_array **x) {
    ptrdiff_t shape[LSV_MAXDIM], strides[LSV_MAXDIM];
    int ndim = 0;
    lsv_dtype d = (lsv_dtype)a->dtype;
    if (!keep) return ls_ok(w, lsv_empty_in(LSV_ORDER_K, first, LSV_NUMPY, d, rest->ndim - 1, rest->shape + 1, r, &w->err)) && ls_keep(w, *r) && (*x = *r, true);
    for (int i = 0; i < a->ndim; i++) shape[i] = goes(i, n, axes) ? 1 : a->shape[i];
    if (!ls_ok(w, lsv_empty_in(LSV_ORDER_K, a, LSV_NUMPY, d, a->ndim, shape, r, &w->err)) || !ls_keep(w, *r)) return false;
    for (int i = 0; i < a->ndim; i++)
        if (!goes(i, n, axes)) strides[ndim++] = (*r)->strides[i];
    return ls_ok(w, lsv_view_strided(*r, ndim, rest->shape + 1, strides, 0, x, &w->err)) && ls_keep(w, *x);
}

/* One after the other: a has its working dtype. */
static bool one_by_one(ls_work *w, const ls_value *args, lsv_array *a, int n, const int *axes, bool keep, ls_value start, lsv_array **r) {
    lsv_array *first = NULL, *x, zero, *whole = a;
    lsv_scalar initial;
    double cell;
    int op = op_of(args);
    if (!gathered(w, &a, n, axes)) return false;
    bool empty = a->shape[0] == 0;
    if (empty && ls_is_none(start)) start = identity_of(op);
    if (!empty && !element(w, a, 0, 0, &first)) return false;
    if (!result_of(w, whole, first, n, axes, keep, a, r, &x)) return false;
    if (empty && ls_is_none(start)) return no_identity(w, args);
    if (!ls_is_none(start)) {
        if (!initial_of(w, start, (lsv_dtype)a->dtype, &initial, &zero, &cell) || !ls_ok(w, lsv_fill(x, initial, &w->err))) return false;
    } else if (first && !ls_ok(w, lsv_assign(x, first, &w->err))) return false;
    return fold(w, op, a, ls_is_none(start) ? 1 : 0, x);
}

static bool reduced(ls_work *w, const ls_value *args, lsv_array *a, int n, const int *axes, bool keep, ls_value start, lsv_array **r) {
    if (reduction_of(op_of(args)) >= 0) return by_library(w, args, a, n, axes, keep, start, r);
    return one_by_one(w, args, a, n, axes, keep, start, r);
}

/* f.reduce(array, axis, dtype, out, keepdims, initial) */
BUILTIN(ufunc_reduce) {
    lsv_array *a, *r;
    int n, axes[LSV_MAXDIM];
    bool keep;
    if (!two_arguments(w, args, "reduce") || !ls_arg(w, args, 1, &a) || !ls_truth(w->in, args[5], &keep)) return false;
    if (!axes_of(w, args[2], a, &n, axes) || !working(w, args, args[3], &a)) return false;
    if (!axes_fit(w, args, n) || !reduced(w, args, a, n, axes, keep, args[6], &r)) return false;
    lsv_array *result = lsv_ref(r);
    return ls_give_into(w, out, args[4], LSV_OK, &result);
}

/* ---- accumulate ---- */

static bool one_axis(ls_work *w, ls_value axis, const lsv_array *a, const char *what, int *at) {
    int n, axes[LSV_MAXDIM];
    if (!ls_as_axes(w->in, axis, &n, axes)) return false;
    if (a->ndim == 0) return ls_raise(w->in, "TypeError", "cannot %s on a scalar", what);
    if (n < 0 && a->ndim == 1) axes[0] = 0;
    else if (n != 1) return ls_raise(w->in, "ValueError", "%s does not allow multiple axes", what);
    return ls_ok(w, lsv_axis(a, axes[0], at, &w->err));
}

static bool running(ls_work *w, int op, lsv_array *a, int axis, lsv_array **r) {
    if (!ls_ok(w, lsv_copy_in(LSV_ORDER_K, a, (lsv_dtype)a->dtype, r, &w->err)) || !ls_keep(w, *r)) return false;
    for (ptrdiff_t i = 1; i < a->shape[axis]; i++) {
        int since = w->nheld;
        lsv_array *before, *x, *next;
        if (lsv_stop_at(i) && ls_interrupted(w->in)) return false;
        if (!element(w, *r, axis, i - 1, &before) || !element(w, *r, axis, i, &x)) return false;
        if (!ls_binary_arrays(w, op, before, x, &next) || !ls_ok(w, lsv_assign(x, next, &w->err))) return false;
        forget(w, since);
    }
    return true;
}

/* The same by the library, which makes C order: so it is handed the axes as they lie, and the result's are put back. */
static bool running_quick(ls_work *w, int op, lsv_array *a, int axis, lsv_array **r) {
    int order[LSV_MAXDIM], at = 0;
    ptrdiff_t shape[LSV_MAXDIM], strides[LSV_MAXDIM];
    lsv_array *t;
    lsv_order_axes(a, LSV_ORDER_K, order);
    while (order[at] != axis) at++;
    if (!ls_ok(w, lsv_transpose(a, order, &t, &w->err)) || !ls_keep(w, t)) return false;
    if (!ls_ok(w, lsv_cumulate((lsv_reduction)reduction_of(op), t, at, false, r, &w->err)) || !ls_keep(w, *r) || !cast(w, (lsv_dtype)a->dtype, r)) return false;
    for (int d = 0; d < a->ndim; d++) {
        shape[order[d]] = (*r)->shape[d];
        strides[order[d]] = (*r)->strides[d];
    }
    memcpy((*r)->shape, shape, (size_t)a->ndim * sizeof *shape);
    memcpy((*r)->strides, strides, (size_t)a->ndim * sizeof *strides);
    return true;
}

/* f.accumulate(array, axis, dtype, out) */
BUILTIN(ufunc_accumulate) {
    lsv_array *a, *r;
    int axis;
    if (!two_arguments(w, args, "accumulate") || !ls_arg(w, args, 1, &a) || !one_axis(w, args[2], a, "accumulate", &axis)) return false;
    if (!working(w, args, args[3], &a)) return false;
    int op = op_of(args);
    bool quick = op == LSV_OP_ADD || op == LSV_OP_MUL || op == LSV_OP_MAXIMUM || op == LSV_OP_MINIMUM;
    if (!(quick ? running_quick(w, op, a, axis, &r) : running(w, op, a, axis, &r))) return false;
    lsv_array *result = lsv_ref(r);
    return ls_give_into(w, out, args[4], LSV_OK, &result);
}

/* ---- reduceat ---- */

/* The elements start … stop - 1 of the last axis as one. Sums are the first element plus the pairwise sum of the others. */
static bool segment(ls_work *w, const ls_value *args, lsv_array *a, ptrdiff_t start, ptrdiff_t stop, lsv_array **r) {
    int last = a->ndim - 1;
    lsv_array *first, *rest;
    if (!element(w, a, last, start, &first)) return false;
    *r = first;
    if (stop <= start + 1) return true;
    if (op_of(args) != LSV_OP_ADD) return range(w, a, last, start, stop, &rest) && reduced(w, args, rest, 1, &last, false, ls_none(), r);
    if (!range(w, a, last, start + 1, stop, &rest) || !reduced(w, args, rest, 1, &last, false, ls_none(), r)) return false;
    return ls_binary_arrays(w, LSV_OP_ADD, first, *r, r);
}

static bool segment_bounds(ls_work *w, const ls_value *args, int i, ptrdiff_t n, const lsv_array **at) {
    lsv_array *x;
    if (!ls_arg(w, args, i, &x)) return false;
    if (x->ndim != 1) return ls_raise(w->in, "ValueError", x->ndim ? "object too deep for desired array" : "object of too small depth for desired array");
    if (lsv_dtype_is_float((lsv_dtype)x->dtype) && x->size > 0)
        return ls_raise(w->in, "TypeError", "Cannot cast array data from dtype('%s') to dtype('int64') according to the rule 'safe'", lsv_dtype_name((lsv_dtype)x->dtype));
    if (!cast(w, LSV_INT64, &x)) return false;
    for (ptrdiff_t k = 0; k < x->size; k++) {
        int64_t p = lsv_item(x, &k).i;
        if (p < 0 || p >= n) return ls_raise(w->in, "IndexError", "index %lld out-of-bounds in %s.reduceat [0, %td)", (long long)p, name_of(args), n);
    }
    *at = x;
    return true;
}

/* f.reduceat(array, indices, axis, dtype, out) */
BUILTIN(ufunc_reduceat) {
    lsv_array *a, *t, *r, *to, *part;
    const lsv_array *at = NULL;
    int axis, last = -1;
    if (!two_arguments(w, args, "reduceat") || !ls_arg(w, args, 1, &a) || !one_axis(w, args[3], a, "reduceat", &axis)) return false;
    ptrdiff_t n = a->shape[axis], shape[LSV_MAXDIM];
    if (!segment_bounds(w, args, 2, n, &at) || !working(w, args, args[4], &a)) return false;
    if (!ls_ok(w, lsv_moveaxis(a, 1, &axis, &last, &t, &w->err)) || !ls_keep(w, t) || !ls_ok(w, lsv_contiguous(t, &t, &w->err)) || !ls_keep(w, t)) return false;
    memcpy(shape, a->shape, sizeof shape);
    shape[axis] = at->size;
    if (!ls_new(w, (lsv_dtype)t->dtype, t->ndim, shape, &r)) return false;
    for (ptrdiff_t k = 0; k < at->size; k++) {
        ptrdiff_t next = k + 1;
        int since = w->nheld;
        if (lsv_stop_at(k) && ls_interrupted(w->in)) return false;
        if (!segment(w, args, t, lsv_item(at, &k).i, next < at->size ? lsv_item(at, &next).i : n, &part)) return false;
        if (!element(w, r, axis, k, &to) || !ls_ok(w, lsv_assign(to, part, &w->err))) return false;
        forget(w, since);
    }
    lsv_array *result = lsv_ref(r);
    return ls_give_into(w, out, args[5], LSV_OK, &result);
}

/* ---- outer ---- */

/* f.outer(A, B): A's axes first, then B's */
BUILTIN(ufunc_outer) {
    lsv_array *a, *b, *r;
    if (!two_arguments(w, args, "outer product") || !ls_arg(w, args, 1, &a) || !ls_arg(w, args, 2, &b)) return false;
    ptrdiff_t shape[LSV_MAXDIM];
    if (a->ndim + b->ndim > LSV_MAXDIM) return ls_raise(w->in, "ValueError", "maximum supported dimension for an array is %d, found %d", LSV_MAXDIM, a->ndim + b->ndim);
    for (int d = 0; d < a->ndim + b->ndim; d++) shape[d] = d < a->ndim ? a->shape[d] : 1;
    if (b->ndim && (!ls_ok(w, lsv_reshape(a, a->ndim + b->ndim, shape, false, &a, &w->err)) || !ls_keep(w, a))) return false;
    return ls_give_into(w, out, args[3], lsv_binary((lsv_binary_op)op_of(args), a, b, &r, &w->err), &r);
}

/* ---- at ---- */

/* Flat positions (in C order) of the elements that the index picks, as often as it picks them. */
static bool picked(ls_work *w, const lsv_array *a, ls_value index, lsv_array **at) {
    lsv_array *all;
    ls_value v;
    if (!ls_ok(w, lsv_arange(LSV_NUMPY, LSV_INT64, lsv_scalar_int(0), lsv_scalar_int(1), a->size, &all, &w->err)) || !ls_keep(w, all)) return false;
    if (!ls_ok(w, lsv_reshape(all, a->ndim, a->shape, false, &all, &w->err)) || !ls_keep(w, all)) return false;
    return ls_subscript(w->in, ls_array(all), index, &v) && (v.tag == LS_ARRAY ? ls_keep(w, v.array) && (*at = v.array, true) : ls_array_like(w, v, LSV_NUMPY, LSV_INT64, at));
}

/* The element at flat position p, in C order. */
static char *place(const lsv_array *a, ptrdiff_t p) {
    ptrdiff_t offset = 0;
    for (int d = a->ndim - 1; d >= 0; d--) {
        offset += p % a->shape[d] * a->strides[d];
        p /= a->shape[d];
    }
    return a->data + offset * (ptrdiff_t)lsv_dtype_size((lsv_dtype)a->dtype);
}

/* The common functions on numbers of one type; at and x lie in C order, x may be one for all. */
#define COMMON(T, ADD, SUB, MUL, LARGER, SMALLER)                             \
    for (ptrdiff_t k = 0; k < n; k++) {                                       \
        T *to = (T *)(void *)place(a, at[k]);                                 \
        const T l = *to, r = ((const T *)x)[step * k];                        \
        if (lsv_stop_at(k) && ls_interrupted(w->in)) return false;            \
        *to = op == LSV_OP_ADD   ? ADD                                        \
              : op == LSV_OP_SUB ? SUB                                        \
              : op == LSV_OP_MUL ? MUL                                        \
                                 : (op == LSV_OP_MAXIMUM ? LARGER : SMALLER); \
    }
#define WRAP(o) (int64_t)((uint64_t)l o (uint64_t)r)
static bool quick_at(ls_work *w, int op, lsv_array *a, const int64_t *at, ptrdiff_t n, const void *x, ptrdiff_t step) {
    if (a->dtype == LSV_INT64) COMMON(int64_t, WRAP(+), WRAP(-), WRAP(*), l > r ? l : r, l < r ? l : r)
    else if (a->dtype == LSV_FLOAT32) COMMON(float, l + r, l - r, l * r, l >= r || l != l ? l : r, l <= r || l != l ? l : r)
    else COMMON(double, l + r, l - r, l * r, l >= r || l != l ? l : r, l <= r || l != l ? l : r)
    return true;
}

/* Any function: f(a[p], x) as of two 0-d arrays; x NULL: of one. */
static bool slow_at(ls_work *w, const ls_value *args, lsv_array *a, const int64_t *at, ptrdiff_t n, lsv_array *x) {
    int op = op_of(args);
    lsv_array *flat = NULL;
    ptrdiff_t shape[LSV_MAXDIM] = {0};
    if (x && x->size == n && x->ndim != 0 && (!ls_ok(w, lsv_ravel(x, false, &flat, &w->err)) || !ls_keep(w, flat))) return false;
    for (ptrdiff_t k = 0; k < n; k++) {
        int since = w->nheld;
        lsv_array *l, *r = x, *result;
        ptrdiff_t item = (ptrdiff_t)lsv_dtype_size((lsv_dtype)a->dtype);
        if (lsv_stop_at(k) && ls_interrupted(w->in)) return false;
        if (!ls_ok(w, lsv_view_strided(a, 0, shape, shape, (place(a, at[k]) - a->data) / item, &l, &w->err)) || !ls_keep(w, l)) return false;
        if (flat && !element(w, flat, 0, k, &r)) return false;
        if (!(x ? ls_binary_arrays(w, op, l, r, &result) : ls_unary_array(w, op, l, &result)) || !ls_ok(w, lsv_assign(l, result, &w->err))) return false;
        forget(w, since);
    }
    return true;
}

/* f.at(a, indices, b): a[indices] = f(a[indices], b), every element as often as it is picked */
BUILTIN(ufunc_at) {
    lsv_array *at, *x = NULL, *spread;
    bool binary = args[0].builtin->kind == LS_BINARY_UFUNC;
    int op = op_of(args);
    if (args[1].tag != LS_ARRAY || args[1].array->kind != LSV_NUMPY) return ls_raise(w->in, "TypeError", "first operand must be array");
    lsv_array *a = args[1].array;
    if (binary && ls_is_none(args[3])) return ls_raise(w->in, "ValueError", "second operand needed for ufunc");
    if (!binary && !ls_is_none(args[3])) return ls_raise(w->in, "ValueError", "second operand provided when ufunc is unary");
    if (a->flags & LSV_READONLY) return ls_raise(w->in, "ValueError", "array is read-only");
    if ((binary && !ls_operand(w, args, 3, &x)) || !picked(w, a, args[2], &at) || !ls_ok(w, lsv_contiguous(at, &at, &w->err)) || !ls_keep(w, at)) return false;
    lsv_changed(a);
    const int64_t *positions = (const int64_t *)lsv_data(at);
    if (!binary) return slow_at(w, args, a, positions, at->size, NULL);
    bool common = op == LSV_OP_ADD || op == LSV_OP_SUB || op == LSV_OP_MUL || op == LSV_OP_MAXIMUM || op == LSV_OP_MINIMUM;
    bool quick = common && (a->dtype == LSV_FLOAT64 || a->dtype == LSV_FLOAT32 || a->dtype == LSV_INT64) && lsv_promote(a, x) == a->dtype;
    uint8_t weak = x->flags & LSV_WEAK;
    if (quick && !cast(w, (lsv_dtype)a->dtype, &x)) return false;
    if (x->ndim == 0 || (x->size == 1 && x->ndim <= at->ndim)) { /* one for all */
        if (x->ndim && (!ls_ok(w, lsv_reshape(x, 0, NULL, false, &x, &w->err)) || !ls_keep(w, x))) return false;
        if (quick) return quick_at(w, op, a, positions, at->size, lsv_data(x), 0);
        return x->flags |= weak, slow_at(w, args, a, positions, at->size, x);
    }
    if (lsv_broadcast_to(x, at->ndim, at->shape, &spread, &w->err) != LSV_OK) return ls_raise(w->in, "ValueError", "array is not broadcastable to correct shape");
    if (!ls_keep(w, spread) || !ls_ok(w, lsv_copy(spread, &x, &w->err)) || !ls_keep(w, x)) return false; /* a's own elements may be read */
    return quick ? quick_at(w, op, a, positions, at->size, lsv_data(x), 1) : slow_at(w, args, a, positions, at->size, x);
}

/* ---- attributes ---- */

enum { NIN, NOUT, NARGS };
BUILTIN(ufunc_count) {
    int nin = args[0].builtin->kind == LS_BINARY_UFUNC ? 2 : 1;
    *out = ls_int(w->self->op == NIN ? nin : w->self->op == NOUT ? 1 : nin + 1);
    return true;
}

BUILTIN(ufunc_identity) {
    if (args[0].builtin->kind == LS_BINARY_UFUNC) *out = identity_of(op_of(args));
    return true;
}

#define FIELD(name, text, f, op_) {"ufunc." name, "(self)", text, NULL, NULL, f, op_, LS_ATTRIBUTE, NULL}

const ls_builtin ls_family_ufunc[] = {
    {"ufunc.reduce", "(self, array, axis=0, dtype=None, out=None, keepdims=False, initial=None)", "The function from element to element along axes: np.add.reduce is a sum",
     "f(f(f(a[0], a[1]), a[2]), …) along the axis, over everything with axis=None. Sums have NumPy's order of additions.", NULL, ufunc_reduce, 0, LS_CALLABLE, NULL},
    {"ufunc.accumulate", "(self, array, axis=0, dtype=None, out=None)", "All that reduce comes by along an axis: np.add.accumulate is a running sum", NULL, NULL, ufunc_accumulate, 0, LS_CALLABLE, NULL},
    {"ufunc.reduceat", "(self, array, indices, axis=0, dtype=None, out=None)", "reduce of the stretches of an axis that begin at indices",
     "Stretch i goes from indices[i] up to indices[i + 1], the last one to the end; where the next index is no larger, it is the one element at indices[i].", NULL, ufunc_reduceat, 0, LS_CALLABLE, NULL},
    {"ufunc.outer", "(self, A, B, /, out=None)", "The function of every pair of an element of A and one of B", "The result's shape is A's followed by B's.", NULL, ufunc_outer, 0, LS_CALLABLE, NULL},
    {"ufunc.at", "(self, a, indices, b=None, /)", "The function applied to picked elements in place, as often as each is picked",
     "np.add.at(a, i, b) is a[i] += b, except that an element that i names twice is added to twice.", NULL, ufunc_at, 0, LS_CALLABLE, NULL},
    FIELD("nin", "How many arguments the function takes", ufunc_count, NIN), FIELD("nout", "How many results the function has", ufunc_count, NOUT),
    FIELD("nargs", "Arguments and results together", ufunc_count, NARGS), FIELD("identity", "What a reduction of nothing gives, or None", ufunc_identity, 0),
    {.names = NULL}};
