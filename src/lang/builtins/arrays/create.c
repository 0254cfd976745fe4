/* New arrays, NumPy's names: array, zeros, arange, linspace, eye, diag, tri, meshgrid, … */
#include <math.h>
#include <string.h>

#include "lang/teach/lesson.h"
#include "array/elementwise.h"
#include "lang/builtins/support.h"
#include "text/text.h"

/* ---- from values ---- */

/* ndmin=: axes of length 1 in front. Takes and gives a reference. */
static bool at_least(ls_work *w, lsv_array **r, ls_value ndmin) {
    int64_t n;
    if (ls_is_none(ndmin) || (ndmin.tag == LS_INT && ndmin.i == 0)) return true;
    bool ok = ls_as_int(w->in, ndmin, "ndmin", &n);
    while (ok && (*r)->ndim < n) {
        lsv_array *up;
        ok = ls_ok(w, lsv_expand_dims(*r, 0, &up, &w->err));
        if (ok) {
            lsv_release(*r);
            *r = up;
        }
    }
    if (!ok) lsv_release(*r);
    return ok;
}

/* array("[[1 2]\n [3 4]]"): printed text read back, or a pasted \begin{bmatrix}. */
static bool from_text(ls_work *w, ls_value v, lsv_kind kind, int dtype, lsv_array **r) {
    lsv_array *a, *b;
    if (ls_is_latex_matrix(v.str->data, v.str->length)) {
        ls_value m;
        if (!ls_array_from_latex(w->in, v.str->data, v.str->length, &m)) return false;
        a = m.array;
    } else if (!ls_ok(w, lsv_text_read_array(v.str->data, v.str->length, &a, &w->err))) return false;
    if (!ls_keep(w, a)) return false;
    if (!ls_ok(w, lsv_as_kind(a, kind, &b, &w->err)) || !ls_keep(w, b)) return false;
    return ls_ok(w, dtype < 0 ? lsv_copy(b, r, &w->err) : lsv_astype(b, (lsv_dtype)dtype, r, &w->err));
}

/* An owned array in *r, in that order: a copy where `copy`, else shared where the value has memory already. */
static bool from_value(ls_work *w, ls_value v, int dtype, bool copy, lsv_order order, lsv_array **r) {
    if (v.tag == LS_STR) return from_text(w, v, w->kind, dtype, r);
    lsv_array *a = v.tag == LS_ARRAY ? v.array : NULL;
    if (a && a->kind == w->kind && dtype >= 0 && dtype != a->dtype) return ls_ok(w, lsv_copy_in(order, a, (lsv_dtype)dtype, r, &w->err));
    if (!ls_array_like(w, v, w->kind, dtype, &a)) return false;
    if ((copy && v.tag == LS_ARRAY) || !lsv_lies_in(a, order)) return ls_ok(w, lsv_copy_in(order, a, (lsv_dtype)a->dtype, r, &w->err));
    *r = lsv_ref(a);
    return true;
}

/* np.array(object, dtype, *, copy, order, subok, ndmin) */
BUILTIN(np_array) {
    lsv_array *r;
    int d;
    bool copy;
    lsv_order order;
    if (!ls_as_dtype(w->in, args[1], &d) || !ls_order_of(w, args[3], LSV_ORDER_K, &order)) return false;
    if (ls_is_none(args[2])) copy = false;
    else if (!ls_truth(w->in, args[2], &copy)) return false;
    if (!from_value(w, args[0], d, copy, order, &r) || !at_least(w, &r, args[5])) return false;
    return ls_give_array(w, out, LSV_OK, &r);
}

/* np.asarray(a, dtype, order) */
BUILTIN(np_asarray) {
    lsv_array *r;
    lsv_order order;
    int d;
    if (!ls_as_dtype(w->in, args[1], &d) || !ls_order_of(w, args[2], LSV_ORDER_K, &order)) return false;
    return from_value(w, args[0], d, false, order, &r) && ls_give_array(w, out, LSV_OK, &r);
}

/* np.ascontiguousarray(a, dtype), np.asfortranarray: op is the order; at least one axis */
BUILTIN(np_in_order) {
    lsv_array *r;
    int d;
    if (!ls_as_dtype(w->in, args[1], &d) || !from_value(w, args[0], d, false, (lsv_order)w->self->op, &r)) return false;
    return at_least(w, &r, ls_int(1)) && ls_give_array(w, out, LSV_OK, &r);
}

BUILTIN(np_copy) {
    lsv_array *a, *r;
    lsv_order order;
    if (!ls_arg(w, args, 0, &a) || !ls_order_of(w, args[1], LSV_ORDER_K, &order)) return false;
    return ls_give_array(w, out, lsv_copy_in(order, a, (lsv_dtype)a->dtype, &r, &w->err), &r);
}

/* ---- filled ---- */

/* order= of an array that is made: there is nothing yet whose order "A" and "K" could mean. */
static bool new_order(ls_work *w, ls_value v, lsv_order *order) {
    if (!ls_order_of(w, v, LSV_ORDER_C, order)) return false;
    return *order <= LSV_ORDER_F || ls_raise(w->in, "ValueError", "only 'C' or 'F' order is permitted");
}

/* A new array full of one number; like: whose order "K" means. */
static bool filled(ls_work *w, const lsv_shape *s, lsv_dtype d, lsv_order order, const lsv_array *like, ls_value *out) {
    lsv_array *r;
    lsv_scalar value = lsv_scalar_int(w->self->op);
    if (order == LSV_ORDER_C) return ls_give_array(w, out, lsv_full(LSV_NUMPY, d, s->ndim, s->dims, value, &r, &w->err), &r);
    if (!ls_ok(w, lsv_empty_in(order, like, LSV_NUMPY, d, s->ndim, s->dims, &r, &w->err)) || !ls_keep(w, r)) return false;
    if (!ls_ok(w, lsv_fill(r, value, &w->err))) return false;
    *out = ls_array(lsv_ref(r));
    return true;
}

/* zeros, ones, empty: op is the value; empty gives zeros (any value would be right). */
BUILTIN(np_filled) {
    lsv_shape s;
    lsv_dtype d;
    lsv_order order;
    if (!ls_as_shape(w->in, args[0], &s) || !ls_dtype_or(w, args[1], LSV_FLOAT64, &d) || !new_order(w, args[2], &order)) return false;
    return filled(w, &s, d, order, NULL, out);
}

/* A new array of that shape and dtype with the (broadcast) value in it. */
static bool full_of(ls_work *w, const lsv_shape *s, lsv_dtype d, lsv_order order, const lsv_array *like, const lsv_array *v, ls_value *out) {
    lsv_array *r;
    if (!ls_ok(w, lsv_empty_in(order, like, w->kind, d, s->ndim, s->dims, &r, &w->err)) || !ls_keep(w, r)) return false;
    if (!ls_ok(w, lsv_assign(r, v, &w->err))) return false;
    *out = ls_array(lsv_ref(r));
    return true;
}

BUILTIN(np_full) {
    lsv_array *v;
    lsv_shape s;
    lsv_dtype d;
    lsv_order order;
    if (!ls_as_shape(w->in, args[0], &s) || !ls_arg(w, args, 1, &v) || !new_order(w, args[3], &order)) return false;
    return ls_dtype_or(w, args[2], (lsv_dtype)v->dtype, &d) && full_of(w, &s, d, order, NULL, v, out);
}

/* The shape of a, or what shape= says. */
static bool like_shape(ls_work *w, const lsv_array *a, ls_value shape, lsv_shape *s) {
    if (!ls_is_none(shape)) return ls_as_shape(w->in, shape, s);
    s->ndim = a->ndim;
    memcpy(s->dims, a->shape, sizeof s->dims);
    return true;
}

/* zeros_like(a, dtype, order, subok, shape) */
BUILTIN(np_filled_like) {
    lsv_array *a;
    lsv_shape s;
    lsv_dtype d;
    lsv_order order;
    if (!ls_arg(w, args, 0, &a) || !ls_dtype_or(w, args[1], (lsv_dtype)a->dtype, &d) || !like_shape(w, a, args[4], &s)) return false;
    return ls_order_of(w, args[2], LSV_ORDER_K, &order) && filled(w, &s, d, order, a, out);
}

BUILTIN(np_full_like) {
    lsv_array *a, *v;
    lsv_shape s;
    lsv_dtype d;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &v) || !ls_dtype_or(w, args[2], (lsv_dtype)a->dtype, &d)) return false;
    lsv_order order;
    return like_shape(w, a, args[5], &s) && ls_order_of(w, args[3], LSV_ORDER_K, &order) && full_of(w, &s, d, order, a, v, out);
}

/* ---- ranges ---- */

static bool whole(ls_value v) {
    return ls_is_int(v) || (v.tag == LS_NPSCALAR && !lsv_dtype_is_float((lsv_dtype)v.dtype)) ||
           (v.tag == LS_ARRAY && v.array->ndim == 0 && !lsv_dtype_is_float((lsv_dtype)v.array->dtype));
}

/* np.arange(start, stop, step, dtype): ceil((stop - start) / step) numbers start + i * delta, with
   delta = (start + step) - start as NumPy computes it. */
BUILTIN(np_arange) {
    ls_value start = args[0], stop = args[1], step = args[2];
    if (ls_is_none(stop)) {
        stop = start;
        start = ls_int(0);
    }
    if (ls_is_none(step)) step = ls_int(1);
    bool ints = whole(start) && whole(stop) && whole(step);
    lsv_array *r;
    lsv_dtype d;
    if (!ls_dtype_or(w, args[3], ints ? LSV_INT64 : LSV_FLOAT64, &d)) return false;
    ptrdiff_t n;
    lsv_scalar from, by;
    if (ints) {
        int64_t a, b, c;
        if (!ls_as_int(w->in, start, "start", &a) || !ls_as_int(w->in, stop, "stop", &b) || !ls_as_int(w->in, step, "step", &c))
            return false;
        if (c == 0) return ls_raise(w->in, "ZeroDivisionError", "division by zero");
        double span = ceil(((double)b - (double)a) / (double)c);
        n = span <= 0 ? 0 : span > 9e18 ? PTRDIFF_MAX : (ptrdiff_t)span;
        from = lsv_scalar_int(a);
        by = lsv_scalar_int(c);
    } else {
        double a, b, c;
        if (!ls_as_double(w->in, start, "start", &a) || !ls_as_double(w->in, stop, "stop", &b) || !ls_as_double(w->in, step, "step", &c))
            return false;
        if (c == 0) return ls_raise(w->in, "ZeroDivisionError", "division by zero");
        double span = ceil((b - a) / c);
        if (!(span < 9e18)) return ls_raise(w->in, "ValueError", "Maximum allowed size exceeded");
        n = span > 0 ? (ptrdiff_t)span : 0;
        from = lsv_scalar_float(a);
        by = lsv_scalar_float((a + c) - a);
    }
    return ls_give_array(w, out, lsv_arange(LSV_NUMPY, d, from, by, n, &r, &w->err), &r);
}

/* The points of np.linspace between two numbers, or between two arrays along a new first axis. */
static bool points(ls_work *w, const ls_value *args, ptrdiff_t n, bool endpoint, lsv_array **r) {
    lsv_array *a, *b, *t;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b)) return false;
    if (n < 0) return ls_raise(w->in, "ValueError", "Number of samples, %td, must be non-negative.", n);
    if (a->ndim == 0 && b->ndim == 0) {
        double x = lsv_scalar_as_double(lsv_item(a, NULL)), y = lsv_scalar_as_double(lsv_item(b, NULL));
        return ls_ok(w, lsv_linspace(LSV_NUMPY, LSV_FLOAT64, x, y, n, endpoint, r, &w->err)) && ls_keep(w, *r);
    }
    int dims = a->ndim > b->ndim ? a->ndim : b->ndim;
    ptrdiff_t shape[LSV_MAXDIM] = {n}; /* (n, 1, …): the steps */
    for (int i = 1; i <= dims && i < LSV_MAXDIM; i++) shape[i] = 1;
    if (!ls_ok(w, lsv_linspace(LSV_NUMPY, LSV_FLOAT64, 0, (double)(endpoint ? n - 1 : n), n, endpoint, &t, &w->err)) || !ls_keep(w, t)) return false;
    if (!ls_ok(w, lsv_reshape(t, dims + 1, shape, false, &t, &w->err)) || !ls_keep(w, t)) return false;
    lsv_array *d;
    if (!ls_binary_arrays(w, LSV_OP_SUB, b, a, &d) || !ls_binary_number(w, LSV_OP_DIV, d, (double)(endpoint ? n - 1 : n), &d)) return false;
    return ls_binary_arrays(w, LSV_OP_MUL, t, d, &d) && ls_binary_arrays(w, LSV_OP_ADD, d, a, r);
}

/* np.linspace(start, stop, num, endpoint, retstep, dtype, axis) */
BUILTIN(np_linspace) {
    ptrdiff_t n;
    bool endpoint, step;
    lsv_dtype d;
    lsv_array *r;
    if (!ls_count(w, args[2], "num", &n) || !ls_truth(w->in, args[3], &endpoint) || !ls_truth(w->in, args[4], &step)) return false;
    if (!ls_dtype_or(w, args[5], LSV_FLOAT64, &d) || !points(w, args, n, endpoint, &r)) return false;
    if (!lsv_dtype_is_float(d) && !ls_unary_array(w, LSV_FN_FLOOR, r, &r)) return false;
    if (!ls_ok(w, lsv_as_dtype(r, d, &r, &w->err))) return false;
    if (!step) return ls_give_array(w, out, LSV_OK, &r);
    double a = 0, b = 0;
    ls_value pair[2] = {ls_array(r), ls_none()};
    if (!ls_keep(w, lsv_ref(r)) || !ls_as_double(w->in, args[0], "start", &a) || !ls_as_double(w->in, args[1], "stop", &b)) {
        lsv_release(r);
        return false;
    }
    pair[1] = ls_npscalar(lsv_scalar_float((b - a) / (double)(endpoint ? n - 1 : n)));
    return ls_give_tuple(w, out, NULL, 2, pair);
}

/* np.logspace(start, stop, num, endpoint, base, dtype); op 1: np.geomspace, whose ends are given themselves */
BUILTIN(np_logspace) {
    ptrdiff_t n;
    bool endpoint;
    double base = 10;
    lsv_array *e, *r;
    lsv_dtype d;
    if (!ls_count(w, args[2], "num", &n) || !ls_truth(w->in, args[3], &endpoint)) return false;
    if (!w->self->op && !ls_as_double(w->in, args[4], "base", &base)) return false;
    if (!ls_dtype_or(w, args[w->self->op ? 4 : 5], LSV_FLOAT64, &d)) return false;
    double a = 0, b = 0, sign = 1;
    ls_value ends[2] = {args[0], args[1]};
    if (w->self->op) {
        if (!ls_as_double(w->in, args[0], "start", &a) || !ls_as_double(w->in, args[1], "stop", &b)) return false;
        if (a == 0 || b == 0) return ls_raise(w->in, "ValueError", "Geometric sequence cannot include zero");
        if (a < 0 && b < 0) sign = -1;
        ends[0] = ls_float(log10(a * sign));
        ends[1] = ls_float(log10(b * sign));
    }
    if (!points(w, ends, n, endpoint, &e)) return false;
    double cell;
    lsv_array ten = lsv_scalar_array(LSV_NUMPY, lsv_scalar_float(base), LSV_WEAK, &cell);
    if (!ls_ok(w, lsv_binary(LSV_OP_POW, &ten, e, &r, &w->err)) || !ls_keep(w, r)) return false;
    if (w->self->op && r->ndim == 1 && n > 0) {
        double *x = (double *)lsv_data(r);
        for (ptrdiff_t i = 0; i < n; i++) x[i] *= sign;
        x[0] = a;
        if (endpoint && n > 1) x[n - 1] = b;
    }
    return ls_give_array(w, out, lsv_as_dtype(r, d, &r, &w->err), &r);
}

/* ---- matrices ---- */

/* np.eye(N, M, k, dtype); np.identity(n, dtype) */
BUILTIN(np_eye) {
    ptrdiff_t n, m, k;
    lsv_dtype d;
    lsv_array *r;
    if (!ls_count(w, args[0], "N", &n)) return false;
    m = n;
    k = 0;
    if (!w->self->op && ((!ls_is_none(args[1]) && !ls_count(w, args[1], "M", &m)) || !ls_count(w, args[2], "k", &k))) return false;
    if (!ls_dtype_or(w, args[w->self->op ? 1 : 3], LSV_FLOAT64, &d)) return false;
    return ls_give_array(w, out, lsv_eye(LSV_NUMPY, d, n, m, k, &r, &w->err), &r);
}

BUILTIN(np_diag) {
    lsv_array *v, *r;
    ptrdiff_t k;
    if (!ls_arg(w, args, 0, &v) || !ls_count(w, args[1], "k", &k)) return false;
    if (w->self->op == 1 && (!ls_ok(w, lsv_ravel(v, false, &v, &w->err)) || !ls_keep(w, v))) return false; /* diagflat */
    if (v->ndim == 1) return ls_give(w, out, lsv_diag_build(v, k, &r, &w->err), &r);
    if (v->ndim != 2) return ls_raise(w->in, "ValueError", "Input must be 1- or 2-d.");
    if (!ls_ok(w, lsv_diagonal(v, k, 0, 1, &r, &w->err))) return false;
    r->flags |= LSV_READONLY;
    return ls_give(w, out, LSV_OK, &r);
}

BUILTIN(np_diagonal) {
    lsv_array *a, *r;
    ptrdiff_t k;
    int i, j;
    if (!ls_arg(w, args, 0, &a) || !ls_count(w, args[1], "offset", &k) || !ls_axis(w, args[2], "axis1", &i) || !ls_axis(w, args[3], "axis2", &j))
        return false;
    return ls_give(w, out, lsv_diagonal(a, k, i, j, &r, &w->err), &r);
}

/* np.tril, np.triu: op is `upper` */
BUILTIN(np_tril) {
    lsv_array *a, *r;
    ptrdiff_t k;
    if (!ls_arg(w, args, 0, &a) || !ls_count(w, args[1], "k", &k)) return false;
    return ls_give(w, out, lsv_tri(a, k, w->self->op, &r, &w->err), &r);
}

/* ones of that shape, kept */
static bool ones(ls_work *w, lsv_dtype d, ptrdiff_t n, ptrdiff_t m, lsv_array **a) {
    ptrdiff_t shape[2] = {n, m};
    return ls_ok(w, lsv_full(LSV_NUMPY, d, 2, shape, lsv_scalar_int(1), a, &w->err)) && ls_keep(w, *a);
}

/* np.tri(N, M, k, dtype) */
BUILTIN(np_tri) {
    ptrdiff_t n, m, k;
    lsv_dtype d;
    lsv_array *a, *r;
    if (!ls_count(w, args[0], "N", &n)) return false;
    m = n;
    if (!ls_is_none(args[1]) && !ls_count(w, args[1], "M", &m)) return false;
    if (!ls_count(w, args[2], "k", &k) || !ls_dtype_or(w, args[3], LSV_FLOAT64, &d) || !ones(w, d, n, m, &a)) return false;
    return ls_give_array(w, out, lsv_tri(a, k, false, &r, &w->err), &r);
}

/* np.tril_indices(n, k, m), triu_indices: op is `upper` */
BUILTIN(np_tri_indices) {
    ptrdiff_t n, m, k;
    lsv_array *a, *r, *parts[LSV_MAXDIM];
    if (!ls_count(w, args[0], "n", &n) || !ls_count(w, args[1], "k", &k)) return false;
    m = n;
    if (!ls_is_none(args[2]) && !ls_count(w, args[2], "m", &m)) return false;
    if (!ones(w, LSV_BOOL, n, m, &a) || !ls_ok(w, lsv_tri(a, k, w->self->op, &r, &w->err)) || !ls_keep(w, r)) return false;
    return ls_give_arrays(w, out, lsv_nonzero(r, parts, &w->err), NULL, 2, parts);
}

/* The same index for n places of each of several axes. */
static bool diagonal_places(ls_work *w, ptrdiff_t n, int dims, ls_value *out) {
    lsv_array *a, *parts[LSV_MAXDIM];
    if (!ls_ok(w, lsv_arange(LSV_NUMPY, LSV_INT64, lsv_scalar_int(0), lsv_scalar_int(1), n, &a, &w->err)) || !ls_keep(w, a)) return false;
    for (int i = 0; i < dims; i++) parts[i] = lsv_ref(a);
    return ls_give_arrays(w, out, LSV_OK, NULL, dims, parts);
}

/* np.diag_indices(n, ndim) */
BUILTIN(np_diag_indices) {
    ptrdiff_t n, dims;
    if (!ls_count(w, args[0], "n", &n) || !ls_count(w, args[1], "ndim", &dims)) return false;
    if (dims < 1 || dims > LSV_MAXDIM) return ls_raise(w->in, "ValueError", "ndim must be 1 to %d", LSV_MAXDIM);
    return diagonal_places(w, n, (int)dims, out);
}

/* np.diag_indices_from(arr) */
BUILTIN(np_diag_indices_from) {
    lsv_array *a;
    if (!ls_arg(w, args, 0, &a)) return false;
    if (a->ndim < 2) return ls_raise(w->in, "ValueError", "input array must be at least 2-d");
    for (int d = 1; d < a->ndim; d++)
        if (a->shape[d] != a->shape[0]) return ls_raise(w->in, "ValueError", "All dimensions of input must be of equal length");
    return diagonal_places(w, a->shape[0], a->ndim, out);
}

/* np.fill_diagonal(a, val): in place */
BUILTIN(np_fill_diagonal) {
    lsv_array *a, *v, *d;
    if (args[0].tag != LS_ARRAY) return ls_raise(w->in, "TypeError", "fill_diagonal changes an array in place, not a %s", ls_type_of(args[0])->name);
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &v)) return false;
    if (a->ndim < 2) return ls_raise(w->in, "ValueError", "array must be at least 2-d");
    if (a->ndim != 2) return ls_raise(w->in, "NotImplementedError", "fill_diagonal takes matrices here");
    if (!ls_ok(w, lsv_diagonal(a, 0, 0, 1, &d, &w->err)) || !ls_keep(w, d)) return false;
    d->flags &= (uint8_t)~LSV_READONLY;
    return ls_ok(w, lsv_assign(d, v, &w->err));
}

BUILTIN(np_vander) {
    lsv_array *x, *e, *col, *r;
    ptrdiff_t n;
    bool up;
    if (!ls_arg(w, args, 0, &x) || !ls_truth(w->in, args[2], &up)) return false;
    if (x->ndim != 1) return ls_raise(w->in, "ValueError", "x must be a one-dimensional array or sequence.");
    n = x->size;
    if (!ls_is_none(args[1]) && !ls_count(w, args[1], "N", &n)) return false;
    if (!ls_ok(w, lsv_arange(LSV_NUMPY, LSV_INT64, lsv_scalar_int(up ? 0 : n - 1), lsv_scalar_int(up ? 1 : -1), n, &e, &w->err)) || !ls_keep(w, e))
        return false;
    if (!ls_ok(w, lsv_expand_dims(x, 1, &col, &w->err)) || !ls_keep(w, col)) return false;
    return ls_give(w, out, lsv_binary(LSV_OP_POW, col, e, &r, &w->err), &r);
}

/* ---- grids ---- */

/* np.meshgrid(*xi, indexing="xy") gives a tuple; torch.meshgrid(*tensors, indexing="ij") too. */
BUILTIN(meshgrid) {
    lsv_array **parts, *r[LSV_MAXDIM];
    int n;
    ls_value xi[1] = {args[0]};
    const ls_tuple *star = args[0].tuple;
    if (w->kind == LSV_TORCH && star->n == 1 && (star->items[0].tag == LS_LIST || star->items[0].tag == LS_TUPLE)) xi[0] = star->items[0];
    if (!ls_parts(w, xi, 0, &parts, &n)) return false;
    if (n > LSV_MAXDIM) return ls_raise(w->in, "ValueError", "meshgrid takes at most %d arrays", LSV_MAXDIM);
    return ls_give_arrays(w, out, lsv_meshgrid(parts, n, !ls_text_is(args[1], "xy"), r, &w->err), NULL, n, r);
}

/* np.indices(dimensions) */
BUILTIN(np_indices) {
    lsv_shape s;
    lsv_array *axes[LSV_MAXDIM], *grids[LSV_MAXDIM], *r;
    if (!ls_as_shape(w->in, args[0], &s)) return false;
    for (int i = 0; i < s.ndim; i++)
        if (!ls_ok(w, lsv_arange(LSV_NUMPY, LSV_INT64, lsv_scalar_int(0), lsv_scalar_int(1), s.dims[i], &axes[i], &w->err)) || !ls_keep(w, axes[i]))
            return false;
    if (!ls_ok(w, lsv_meshgrid(axes, s.ndim, true, grids, &w->err))) return false;
    bool ok = true;
    for (int i = 0; i < s.ndim; i++) ok = ls_keep(w, grids[i]) && ok;
    return ok && ls_give_array(w, out, lsv_stack(grids, s.ndim, 0, &r, &w->err), &r);
}

/* np.ix_(*sequences): each along an axis of its own; bool ones become their nonzero places. */
BUILTIN(np_ix) {
    lsv_array **parts, *r[LSV_MAXDIM];
    int n;
    if (!ls_parts(w, args, 0, &parts, &n)) return false;
    if (n > LSV_MAXDIM) return ls_raise(w->in, "ValueError", "ix_ takes at most %d sequences", LSV_MAXDIM);
    for (int i = 0; i < n; i++) {
        if (parts[i]->ndim != 1) return ls_raise(w->in, "ValueError", "Cross index must be 1 dimensional");
        if (parts[i]->dtype == LSV_BOOL && (!ls_ok(w, lsv_nonzero(parts[i], &parts[i], &w->err)) || !ls_keep(w, parts[i]))) return false;
        ptrdiff_t shape[LSV_MAXDIM];
        for (int d = 0; d < n; d++) shape[d] = 1;
        shape[i] = parts[i]->size;
        if (!ls_ok(w, lsv_reshape(parts[i], n, shape, false, &r[i], &w->err)) || !ls_keep(w, r[i])) return false;
    }
    for (int i = 0; i < n; i++) lsv_ref(r[i]);
    return ls_give_arrays(w, out, LSV_OK, NULL, n, r);
}

/* np.fromfunction(f, shape): f of the index grids */
BUILTIN(np_fromfunction) {
    lsv_shape s;
    lsv_array *axes[LSV_MAXDIM], *grids[LSV_MAXDIM];
    ls_value given[LSV_MAXDIM];
    lsv_dtype d;
    if (!ls_as_shape(w->in, args[1], &s) || !ls_dtype_or(w, args[2], LSV_FLOAT64, &d)) return false;
    for (int i = 0; i < s.ndim; i++)
        if (!ls_ok(w, lsv_arange(LSV_NUMPY, d, lsv_scalar_int(0), lsv_scalar_int(1), s.dims[i], &axes[i], &w->err)) || !ls_keep(w, axes[i]))
            return false;
    if (!ls_ok(w, lsv_meshgrid(axes, s.ndim, true, grids, &w->err))) return false;
    bool ok = true;
    for (int i = 0; i < s.ndim; i++) {
        ok = ls_keep(w, grids[i]) && ok;
        given[i] = ls_array(grids[i]);
    }
    return ok && ls_call(w->in, args[0], given, s.ndim, out);
}

/* ---- indices ---- */

/* np.tril_indices_from(arr, k), triu_indices_from: op is `upper` */
BUILTIN(np_tri_indices_from) {
    ptrdiff_t k;
    lsv_array *a, *b, *r, *parts[LSV_MAXDIM];
    if (!ls_arg(w, args, 0, &a) || !ls_count(w, args[1], "k", &k)) return false;
    if (a->ndim != 2) return ls_raise(w->in, "ValueError", "input array must be 2-d");
    if (!ones(w, LSV_BOOL, a->shape[0], a->shape[1], &b) || !ls_ok(w, lsv_tri(b, k, w->self->op, &r, &w->err)) || !ls_keep(w, r)) return false;
    return ls_give_arrays(w, out, lsv_nonzero(r, parts, &w->err), NULL, 2, parts);
}

/* np.unravel_index(indices, shape): an array per axis */
BUILTIN(np_unravel_index) {
    lsv_array *ix, *parts[LSV_MAXDIM];
    lsv_shape s;
    if (!ls_arg(w, args, 0, &ix) || !ls_as_shape(w->in, args[1], &s)) return false;
    if (lsv_dtype_is_float((lsv_dtype)ix->dtype)) return ls_raise(w->in, "TypeError", "only int indices permitted");
    ptrdiff_t size = 1, at[LSV_MAXDIM] = {0};
    for (int d = 0; d < s.ndim; d++)
        if (!lsv_mul_size(size, s.dims[d], &size)) return ls_raise(w->in, "ValueError", "dimensions are too large");
    for (int d = 0; d < s.ndim; d++)
        if (!ls_new(w, LSV_INT64, ix->ndim, ix->shape, &parts[d])) return false;
    for (ptrdiff_t k = 0; k < ix->size; k++) {
        ptrdiff_t rest = k;
        for (int d = ix->ndim - 1; d >= 0; d--) {
            at[d] = rest % ix->shape[d];
            rest /= ix->shape[d];
        }
        ptrdiff_t flat = (ptrdiff_t)lsv_item(ix, at).i;
        if (flat < 0 || flat >= size) return ls_raise(w->in, "ValueError", "index %td is out of bounds for array with size %td", flat, size);
        for (int d = s.ndim - 1; d >= 0; d--) {
            ((int64_t *)lsv_data(parts[d]))[k] = flat % s.dims[d];
            flat /= s.dims[d];
        }
    }
    for (int d = 0; d < s.ndim; d++) lsv_ref(parts[d]);
    return ls_give_arrays(w, out, LSV_OK, NULL, s.ndim, parts);
}

/* np.ravel_multi_index(multi_index, dims) */
BUILTIN(np_ravel_multi_index) {
    lsv_array **parts, *flat = NULL;
    lsv_shape s;
    int n;
    if (!ls_parts(w, args, 0, &parts, &n) || !ls_as_shape(w->in, args[1], &s)) return false;
    if (n != s.ndim || n == 0) return ls_raise(w->in, "ValueError", "parameter multi_index must be a sequence of length %d", s.ndim);
    for (int d = 0; d < n; d++) {
        double cell;
        lsv_array length = lsv_scalar_array(LSV_NUMPY, lsv_scalar_int(s.dims[d]), LSV_WEAK, &cell);
        if (!flat) flat = parts[d];
        else if (!ls_binary_arrays(w, LSV_OP_MUL, flat, &length, &flat) || !ls_binary_arrays(w, LSV_OP_ADD, flat, parts[d], &flat)) return false;
    }
    return ls_give_kept(w, out, flat);
}

/* np.ndindex(*shape): the indices of a shape; op 1: np.ndenumerate(arr), pairs of index and element */
BUILTIN(np_ndindex) {
    lsv_shape s = {.ndim = 0};
    lsv_array *a = NULL;
    ptrdiff_t size = 1, at[LSV_MAXDIM];
    if (w->self->op) {
        if (!ls_arg(w, args, 0, &a) || !like_shape(w, a, ls_none(), &s)) return false;
    } else if (!ls_shape_args(w, args[0], &s)) {
        return false;
    }
    for (int d = 0; d < s.ndim; d++) size *= s.dims[d];
    ls_value list = ls_list_new(size);
    bool ok = list.tag != LS_UNSET || ls_no_memory(w->in);
    for (ptrdiff_t k = 0; ok && k < size; k++) {
        ptrdiff_t rest = k;
        for (int d = s.ndim - 1; d >= 0; d--) {
            at[d] = rest % s.dims[d];
            rest /= s.dims[d];
        }
        ls_value index = ls_size_new(s.ndim, at, false), item = index;
        if (a && index.tag != LS_UNSET) {
            item = ls_tuple_of(2, (ls_value[]){index, ls_npscalar(lsv_item(a, at))});
            ls_drop(index);
        }
        ok = (item.tag != LS_UNSET && ls_list_append(list.list, item)) || ls_no_memory(w->in);
        ls_drop(item);
    }
    ok = ok && ls_iterate(w->in, list, out);
    ls_drop(list);
    return ok;
}

#define LIKE "(a, dtype=None, order=\"K\", subok=True, shape=None)"
#define ARRAY_DOC                                                                                              \
    "Nested lists, numbers, ranges, arrays and tensors become an array; all rows must have the same length. "   \
    "Integers give int64, floats float64, unless dtype says otherwise. A text is read as printed output of an " \
    "array or of nested lists."

const ls_builtin ls_family_create[] = {
    {"np.array jnp.array", "(object, dtype=None, *, copy=True, order=\"K\", subok=False, ndmin=0)", "An array from nested sequences or another array",
     ARRAY_DOC, "np.array([[1, 2], [3, 4]])\narray([[1, 2],\n       [3, 4]])", np_array, 0, LS_CALLABLE, NULL},
    {"np.asarray np.asanyarray jnp.asarray", "(a, dtype=None, order=None)", "The array itself, or an array from nested sequences", NULL, NULL, np_asarray, 0, LS_CALLABLE, NULL},
    {"np.ascontiguousarray", "(a, dtype=None)", "The array with its elements in C order in memory", NULL, NULL, np_in_order, LSV_ORDER_C, LS_CALLABLE, NULL},
    {"np.asfortranarray", "(a, dtype=None)", "The array with its elements in Fortran order in memory", NULL, NULL, np_in_order, LSV_ORDER_F, LS_CALLABLE, NULL},
    {"np.copy jnp.copy", "(a, order=\"K\")", "A copy with memory of its own", NULL, NULL, np_copy, 0, LS_CALLABLE, NULL},
    {"np.zeros jnp.zeros", "(shape, dtype=None, order=\"C\")", "An array of zeros", NULL, NULL, np_filled, 0, LS_CALLABLE, NULL},
    {"np.ones jnp.ones", "(shape, dtype=None, order=\"C\")", "An array of ones", NULL, NULL, np_filled, 1, LS_CALLABLE, NULL},
    {"np.empty jnp.empty", "(shape, dtype=None, order=\"C\")", "A new array whose elements are not meant to be read before they are set", NULL, NULL, np_filled, 0, LS_CALLABLE, NULL},
    {"np.full jnp.full", "(shape, fill_value, dtype=None, order=\"C\")", "An array of one value", NULL, NULL, np_full, 0, LS_CALLABLE, NULL},
    {"np.zeros_like jnp.zeros_like", LIKE, "Zeros in the shape of a", NULL, NULL, np_filled_like, 0, LS_CALLABLE, NULL},
    {"np.ones_like jnp.ones_like", LIKE, "Ones in the shape of a", NULL, NULL, np_filled_like, 1, LS_CALLABLE, NULL},
    {"np.empty_like jnp.empty_like", LIKE, "A new array in the shape of a", NULL, NULL, np_filled_like, 0, LS_CALLABLE, NULL},
    {"np.full_like jnp.full_like", "(a, fill_value, dtype=None, order=\"K\", subok=True, shape=None)", "One value in the shape of a", NULL, NULL, np_full_like, 0, LS_CALLABLE, NULL},
    {"np.arange jnp.arange", "(start, stop=None, step=1, dtype=None)", "start, start + step, … below stop", NULL, NULL, np_arange, 0, LS_CALLABLE, NULL},
    {"np.linspace jnp.linspace", "(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0)", "num evenly spaced numbers from start to stop",
     NULL, NULL, np_linspace, 0, LS_CALLABLE, NULL},
    {"np.logspace jnp.logspace", "(start, stop, num=50, endpoint=True, base=10.0, dtype=None)", "base to the power of evenly spaced numbers", NULL, NULL, np_logspace, 0, LS_CALLABLE, NULL},
    {"np.geomspace", "(start, stop, num=50, endpoint=True, dtype=None)", "Numbers with a constant ratio from start to stop", NULL, NULL, np_logspace, 1, LS_CALLABLE, NULL},
    {"np.eye jnp.eye", "(N, M=None, k=0, dtype=None)", "Ones on the k-th diagonal, zeros elsewhere", NULL, NULL, np_eye, 0, LS_CALLABLE, NULL},
    {"np.identity jnp.identity", "(n, dtype=None)", "The n x n identity matrix", NULL, NULL, np_eye, 1, LS_CALLABLE, NULL},
    {"np.diag jnp.diag", "(v, k=0)", "The k-th diagonal of a matrix, or the matrix with v on it", NULL, NULL, np_diag, 0, LS_CALLABLE, NULL},
    {"np.diagflat", "(v, k=0)", "The matrix with the elements of v on its k-th diagonal", NULL, NULL, np_diag, 1, LS_CALLABLE, NULL},
    {"np.linalg.diagonal", "(x, offset=0, axis1=-2, axis2=-1)", "A diagonal of the last two axes", NULL, NULL, np_diagonal, 0, LS_CALLABLE, NULL},
    {"np.diagonal ndarray.diagonal", "(a, offset=0, axis1=0, axis2=1)", "A diagonal of two axes", NULL, NULL, np_diagonal, 0, LS_CALLABLE, NULL},
    {"np.tril jnp.tril", "(m, k=0)", "The matrix with zeros above the k-th diagonal", NULL, NULL, np_tril, 0, LS_CALLABLE, NULL},
    {"np.triu jnp.triu", "(m, k=0)", "The matrix with zeros below the k-th diagonal", NULL, NULL, np_tril, 1, LS_CALLABLE, NULL},
    {"np.tri", "(N, M=None, k=0, dtype=None)", "Ones on and below the k-th diagonal", NULL, NULL, np_tri, 0, LS_CALLABLE, NULL},
    {"np.tril_indices", "(n, k=0, m=None)", "Indices of the lower triangle of an n x m matrix", NULL, NULL, np_tri_indices, 0, LS_CALLABLE, NULL},
    {"np.triu_indices", "(n, k=0, m=None)", "Indices of the upper triangle of an n x m matrix", NULL, NULL, np_tri_indices, 1, LS_CALLABLE, NULL},
    {"np.diag_indices", "(n, ndim=2)", "Indices of the main diagonal", NULL, NULL, np_diag_indices, 0, LS_CALLABLE, NULL},
    {"np.diag_indices_from", "(arr)", "Indices of the main diagonal of arr", NULL, NULL, np_diag_indices_from, 0, LS_CALLABLE, NULL},
    {"np.fill_diagonal", "(a, val)", "val onto the main diagonal of a, in place", NULL, NULL, np_fill_diagonal, 0, LS_CALLABLE, NULL},
    {"np.tril_indices_from", "(arr, k=0)", "Indices of the lower triangle of arr", NULL, NULL, np_tri_indices_from, 0, LS_CALLABLE, NULL},
    {"np.triu_indices_from", "(arr, k=0)", "Indices of the upper triangle of arr", NULL, NULL, np_tri_indices_from, 1, LS_CALLABLE, NULL},
    {"np.unravel_index", "(indices, shape)", "Flat positions as an index of each axis", NULL, NULL, np_unravel_index, 0, LS_CALLABLE, NULL},
    {"np.ravel_multi_index", "(multi_index, dims)", "Indices of each axis as flat positions", NULL, NULL, np_ravel_multi_index, 0, LS_CALLABLE, NULL},
    {"np.ndindex", "(*shape)", "The indices of a shape, one after another", NULL, NULL, np_ndindex, 0, LS_CALLABLE, NULL},
    {"np.ndenumerate", "(arr)", "(index, element) of an array, one after another", NULL, NULL, np_ndindex, 1, LS_CALLABLE, NULL},
    {"np.vander", "(x, N=None, increasing=False)", "The Vandermonde matrix of x: its powers in columns", NULL, NULL, np_vander, 0, LS_CALLABLE, NULL},
    {"np.meshgrid jnp.meshgrid", "(*xi, indexing=\"xy\", copy=True, sparse=False)", "Coordinate arrays of a grid", NULL, NULL, meshgrid, 0, LS_CALLABLE, NULL},
    {"torch.meshgrid", "(*tensors, indexing=\"ij\")", "Coordinate tensors of a grid", NULL, NULL, meshgrid, 0, LS_CALLABLE, NULL},
    {"np.indices", "(dimensions)", "The index grids of a shape", NULL, NULL, np_indices, 0, LS_CALLABLE, NULL},
    {"np.ix_", "(*args)", "Index arrays for the submatrix of some rows and columns", NULL, NULL, np_ix, 0, LS_CALLABLE, NULL},
    {"np.fromfunction", "(function, shape, dtype=None)", "function applied to the index grids of a shape", NULL, NULL, np_fromfunction, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
