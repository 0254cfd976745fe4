/* Shapes: attributes of arrays, reshape, transpose, squeeze and the like. Views wherever the library
   (NumPy or PyTorch) gives views. */
#include <string.h>

#include "array/elementwise.h"

#include "lang/builtins/support.h"

/* ---- attributes ---- */

BUILTIN(shape) {
    lsv_array *a;
    return ls_arg(w, args, 0, &a) && ls_give_value(w, out, ls_size_new(a->ndim, a->shape, w->kind == LSV_TORCH));
}

/* a.shape = …: the same handle, seen as another shape (a view must do). */
static bool set_shape(ls_interp *in, ls_value self, ls_value v) {
    lsv_shape s;
    lsv_error err = {.status = LSV_OK};
    lsv_array *r;
    if (self.tag != LS_ARRAY) return ls_raise(in, "AttributeError", "can't set attribute");
    if (!ls_as_shape(in, v, &s)) return false;
    if (lsv_reshape(self.array, s.ndim, s.dims, true, &r, &err) != LSV_OK) return ls_raise_lsv(in, &err);
    self.array->ndim = r->ndim;
    memcpy(self.array->shape, r->shape, sizeof r->shape);
    memcpy(self.array->strides, r->strides, sizeof r->strides);
    lsv_release(r);
    return true;
}

/* np.shape also takes tensors, whose shape is a torch.Size. */
BUILTIN(np_shape) {
    lsv_array *a;
    bool torch = ls_is_tensor(args[0]);
    return ls_arg(w, args, 0, &a) && ls_give_value(w, out, ls_size_new(a->ndim, a->shape, torch));
}

/* op: what is asked for */
enum { NDIM, SIZE, ITEMSIZE, NBYTES };
BUILTIN(count) {
    lsv_array *a;
    if (!ls_arg(w, args, 0, &a)) return false;
    int64_t item = (int64_t)lsv_dtype_size((lsv_dtype)a->dtype);
    const int64_t answers[] = {[NDIM] = a->ndim, [SIZE] = a->size, [ITEMSIZE] = item, [NBYTES] = item * a->size};
    *out = ls_int(answers[w->self->op]);
    return true;
}

/* np.size(a, axis=None) */
BUILTIN(np_size) {
    lsv_array *a;
    int axis;
    bool given;
    if (!ls_arg(w, args, 0, &a) || !ls_axis_or_none(w, args[1], "axis", &given, &axis)) return false;
    if (given && !ls_ok(w, lsv_axis(a, axis, &axis, &w->err))) return false;
    *out = ls_int(given ? a->shape[axis] : a->size);
    return true;
}

/* x.size(), x.size(dim) */
BUILTIN(tensor_size) {
    lsv_array *a;
    int axis;
    bool given;
    if (!ls_arg(w, args, 0, &a) || !ls_axis_or_none(w, args[1], "dim", &given, &axis)) return false;
    if (!given) return ls_give_value(w, out, ls_size_new(a->ndim, a->shape, true));
    if (!ls_ok(w, lsv_axis(a, axis, &axis, &w->err))) return false;
    *out = ls_int(a->shape[axis]);
    return true;
}

BUILTIN(dtype) {
    lsv_array *a;
    if (!ls_arg(w, args, 0, &a)) return false;
    *out = ls_dtype_value(w->kind, (lsv_dtype)a->dtype);
    return true;
}

/* NumPy counts bytes, torch elements. */
BUILTIN(strides) {
    lsv_array *a;
    ptrdiff_t s[LSV_MAXDIM];
    if (!ls_arg(w, args, 0, &a)) return false;
    ptrdiff_t unit = w->kind == LSV_NUMPY ? (ptrdiff_t)lsv_dtype_size((lsv_dtype)a->dtype) : 1;
    for (int i = 0; i < a->ndim; i++) s[i] = a->strides[i] * unit;
    bool given = false;
    int axis;
    if (w->kind == LSV_TORCH && !ls_axis_or_none(w, args[1], "dim", &given, &axis)) return false;
    if (!given) return ls_give_value(w, out, ls_size_new(a->ndim, s, false));
    if (!ls_ok(w, lsv_axis(a, axis, &axis, &w->err))) return false;
    *out = ls_int(s[axis]);
    return true;
}

BUILTIN(is_floating_point) {
    lsv_array *a;
    if (!ls_arg(w, args, 0, &a)) return false;
    *out = ls_bool(lsv_dtype_is_float((lsv_dtype)a->dtype));
    return true;
}

/* a.base: whether memory is shared is all that can be told */
BUILTIN(shares_memory) {
    lsv_array *a, *b;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b)) return false;
    *out = ls_bool(lsv_shares_memory(a, b));
    return true;
}

/* ---- transposing ---- */

enum { ALL_AXES, LAST_TWO, AT_MOST_TWO };
static bool transposed(ls_work *w, lsv_array *a, int how, ls_value *out) {
    lsv_array *r;
    if (how == LAST_TWO && a->ndim < 2)
        return ls_raise(w->in, w->kind == LSV_TORCH ? "RuntimeError" : "ValueError",
                        "matrix transpose with ndim < 2 is undefined");
    if (how == AT_MOST_TWO && a->ndim > 2) return ls_raise(w->in, "RuntimeError", "t() expects a tensor with <= 2 dimensions, but self is %dD", a->ndim);
    if (how == LAST_TWO) return ls_give_array(w, out, lsv_swapaxes(a, -1, -2, &r, &w->err), &r);
    return ls_give_array(w, out, lsv_transpose(a, NULL, &r, &w->err), &r);
}

BUILTIN(itself) {
    lsv_array *a;
    return ls_arg(w, args, 0, &a) && ls_give_kept(w, out, a);
}

BUILTIN(new_view) {
    lsv_array *a, *r;
    return ls_arg(w, args, 0, &a) && ls_give_array(w, out, lsv_view(a, &r, &w->err), &r);
}

BUILTIN(transpose_attribute) {
    lsv_array *a;
    return ls_arg(w, args, 0, &a) && transposed(w, a, w->self->op, out);
}

/* Axes given as a full permutation. */
static bool permuted(ls_work *w, lsv_array *a, int n, const int *axes, ls_value *out) {
    lsv_array *r;
    if (n < 0) return transposed(w, a, ALL_AXES, out);
    if (n != a->ndim) {
        if (w->kind == LSV_TORCH)
            return ls_raise(w->in, "RuntimeError", "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the "
                                                   "desired ordering of dimensions i.e. input.dim() = %d is not equal to len(dims) = %d", a->ndim, n);
        return ls_raise(w->in, "ValueError", "axes don't match array");
    }
    return ls_give_array(w, out, lsv_transpose(a, axes, &r, &w->err), &r);
}

/* np.transpose(a, axes=None), torch.permute(input, dims) */
BUILTIN(transpose) {
    lsv_array *a;
    int n, axes[LSV_MAXDIM];
    w->wrap = true;
    return ls_arg(w, args, 0, &a) && ls_as_axes(w->in, args[1], &n, axes) && permuted(w, a, n, axes, out);
}

/* a.transpose(*axes), x.permute(*dims) */
BUILTIN(transpose_method) {
    lsv_array *a;
    int n, axes[LSV_MAXDIM];
    return ls_arg(w, args, 0, &a) && ls_axes_args(w, args[1], &n, axes) && permuted(w, a, n, axes, out);
}

BUILTIN(swapaxes) {
    lsv_array *a, *r;
    int i, j;
    w->wrap = true;
    if (!ls_arg(w, args, 0, &a) || !ls_axis(w, args[1], "axis1", &i) || !ls_axis(w, args[2], "axis2", &j)) return false;
    return ls_give_array(w, out, lsv_swapaxes(a, i, j, &r, &w->err), &r);
}

BUILTIN(moveaxis) {
    lsv_array *a, *r;
    int n, m, from[LSV_MAXDIM], to[LSV_MAXDIM];
    if (!ls_arg(w, args, 0, &a) || !ls_as_axes(w->in, args[1], &n, from) || !ls_as_axes(w->in, args[2], &m, to)) return false;
    if (n != m || n < 0) return ls_raise(w->in, "ValueError", "`source` and `destination` arguments must have the same number of elements");
    return ls_give_array(w, out, lsv_moveaxis(a, n, from, to, &r, &w->err), &r);
}

/* np.rollaxis(a, axis, start=0): the axis before the one at start */
BUILTIN(np_rollaxis) {
    lsv_array *a, *r;
    int axis, start;
    if (!ls_arg(w, args, 0, &a) || !ls_axis(w, args[1], "axis", &axis) || !ls_axis(w, args[2], "start", &start) ||
        !ls_ok(w, lsv_axis(a, axis, &axis, &w->err)))
        return false;
    int to = start < 0 ? start + a->ndim : start;
    if (to < 0 || to > a->ndim)
        return ls_raise(w->in, "AxisError", "'start' arg requires %d <= start < %d, but %d was passed in", -a->ndim, a->ndim + 1, to);
    to -= axis < to;
    return ls_give_array(w, out, lsv_moveaxis(a, 1, &axis, &to, &r, &w->err), &r);
}

/* ---- reshaping ---- */

static bool reshaped(ls_work *w, lsv_array *a, const lsv_shape *s, bool must_view, ls_value *out) {
    lsv_array *r;
    return ls_give_array(w, out, lsv_reshape(a, s->ndim, s->dims, must_view, &r, &w->err), &r);
}

/* The elements read in the order of order=, put down in it: through the transpose where that is Fortran's. */
static bool reshaped_in(ls_work *w, lsv_array *a, const lsv_shape *s, ls_value order, ls_value *out) {
    lsv_array *t, *u, *r;
    lsv_order o;
    lsv_shape back = {.ndim = s->ndim};
    if (!ls_order_of(w, order, LSV_ORDER_C, &o)) return false;
    if (o == LSV_ORDER_K) return ls_raise(w->in, "ValueError", "order 'K' is not permitted for reshaping");
    if (o == LSV_ORDER_C || (o == LSV_ORDER_A && (!lsv_is_fortran(a) || lsv_is_contiguous(a)))) return reshaped(w, a, s, false, out);
    for (int i = 0; i < s->ndim; i++) back.dims[i] = s->dims[s->ndim - 1 - i];
    if (!ls_ok(w, lsv_transpose(a, NULL, &t, &w->err)) || !ls_keep(w, t)) return false;
    if (!ls_ok(w, lsv_reshape(t, back.ndim, back.dims, false, &u, &w->err)) || !ls_keep(w, u)) return false;
    return ls_give_array(w, out, lsv_transpose(u, NULL, &r, &w->err), &r);
}

/* np.reshape(a, shape, order), torch.reshape(input, shape) */
BUILTIN(reshape) {
    lsv_array *a;
    lsv_shape s;
    w->wrap = true;
    if (!ls_arg(w, args, 0, &a) || !ls_as_shape(w->in, args[1], &s)) return false;
    return w->kind == LSV_NUMPY ? reshaped_in(w, a, &s, args[2], out) : reshaped(w, a, &s, false, out);
}

/* a.reshape(*shape, order), x.view(*shape): op 1 must be a view. */
BUILTIN(reshape_method) {
    lsv_array *a;
    lsv_shape s;
    if (!ls_arg(w, args, 0, &a)) return false;
    const ls_tuple *star = args[1].tuple;
    if (w->self->op && star->n == 1 && star->items[0].tag == LS_DTYPE)
        return ls_raise(w->in, "NotImplementedError", "view(dtype) is not offered; x.to(dtype) converts");
    if (!ls_shape_args(w, args[1], &s)) return false;
    return w->kind == LSV_NUMPY ? reshaped_in(w, a, &s, args[2], out) : reshaped(w, a, &s, w->self->op, out);
}

/* The shape of another tensor: view_as, reshape_as, expand_as (op 2) */
BUILTIN(shape_as) {
    lsv_array *a, *b, *r;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b)) return false;
    if (w->self->op == 2) return ls_give(w, out, lsv_broadcast_to(a, b->ndim, b->shape, &r, &w->err), &r);
    return ls_give(w, out, lsv_reshape(a, b->ndim, b->shape, w->self->op, &r, &w->err), &r);
}

/* ravel (op 0), flatten (op 1: always a copy): the axes in the order in which they are read */
BUILTIN(ravel) {
    lsv_array *a, *r;
    lsv_order order;
    int axes[LSV_MAXDIM];
    if (!ls_arg(w, args, 0, &a) || !ls_order_of(w, args[1], LSV_ORDER_C, &order)) return false;
    lsv_order_axes(a, order, axes);
    if (order != LSV_ORDER_C && (!ls_ok(w, lsv_transpose(a, axes, &a, &w->err)) || !ls_keep(w, a))) return false;
    return ls_give_array(w, out, lsv_ravel(a, w->self->op, &r, &w->err), &r);
}

BUILTIN(flat) {
    lsv_array *a, *r;
    return ls_arg(w, args, 0, &a) && ls_give_array(w, out, lsv_ravel(a, false, &r, &w->err), &r);
}

/* torch.flatten(input, start_dim=0, end_dim=-1): those axes become one */
BUILTIN(torch_flatten) {
    lsv_array *a;
    int i, j;
    if (!ls_arg(w, args, 0, &a) || !ls_axis(w, args[1], "start_dim", &i) || !ls_axis(w, args[2], "end_dim", &j)) return false;
    lsv_shape s = {.ndim = 1, .dims = {a->size}};
    if (a->ndim > 0) {
        if (!ls_ok(w, lsv_axis(a, i, &i, &w->err)) || !ls_ok(w, lsv_axis(a, j, &j, &w->err))) return false;
        if (i > j) return ls_raise(w->in, "RuntimeError", "flatten() has invalid args: start_dim cannot come after end_dim");
        s.ndim = 0;
        for (int d = 0; d < a->ndim; d++) {
            if (d <= i || d > j) s.dims[s.ndim++] = a->shape[d];
            else s.dims[s.ndim - 1] *= a->shape[d];
        }
    }
    if (s.ndim == a->ndim) return ls_give_kept(w, out, a);
    return reshaped(w, a, &s, false, out);
}

/* torch.unflatten(input, dim, sizes) */
BUILTIN(torch_unflatten) {
    lsv_array *a;
    lsv_shape part, s = {.ndim = 0};
    int axis;
    if (!ls_arg(w, args, 0, &a) || !ls_axis(w, args[1], "dim", &axis) || !ls_as_shape(w->in, args[2], &part)) return false;
    if (!ls_ok(w, lsv_axis(a, axis, &axis, &w->err))) return false;
    if (a->ndim - 1 + part.ndim > LSV_MAXDIM) return ls_raise(w->in, "RuntimeError", "more than %d dimensions", LSV_MAXDIM);
    ptrdiff_t known = 1;
    for (int i = 0; i < part.ndim; i++) known *= part.dims[i] >= 0 ? part.dims[i] : 1;
    for (int d = 0; d < a->ndim; d++) {
        if (d != axis) s.dims[s.ndim++] = a->shape[d];
        else
            for (int i = 0; i < part.ndim; i++) s.dims[s.ndim++] = part.dims[i] >= 0 || known == 0 ? part.dims[i] : a->shape[d] / known;
    }
    return reshaped(w, a, &s, false, out);
}

/* ---- axes of length 1 ---- */

BUILTIN(squeeze) {
    lsv_array *a, *r;
    int n, axes[LSV_MAXDIM];
    w->wrap = true;
    if (!ls_arg(w, args, 0, &a) || !ls_as_axes(w->in, args[1], &n, axes)) return false;
    return ls_give_array(w, out, lsv_squeeze(a, n, axes, &r, &w->err), &r);
}

/* np.expand_dims(a, axis): several axes count in the result */
BUILTIN(expand_dims) {
    lsv_array *a, *r;
    int n, axes[LSV_MAXDIM];
    if (!ls_arg(w, args, 0, &a) || !ls_as_axes(w->in, args[1], &n, axes)) return false;
    for (int i = 0; i < n; i++) {
        int at = axes[i] < 0 ? axes[i] + a->ndim + n : axes[i], later = 0;
        if (n > 1) {
            for (int k = i + 1; k < n; k++) later += (axes[k] < 0 ? axes[k] + a->ndim + n : axes[k]) < at;
            at -= later;
        } else {
            at = axes[i];
        }
        if (!ls_ok(w, lsv_expand_dims(a, at, &r, &w->err)) || !ls_keep(w, r)) return false;
        a = r;
        axes[i] = at;
    }
    lsv_array *result = lsv_ref(a);
    return ls_give_array(w, out, LSV_OK, &result);
}

BUILTIN(unsqueeze) {
    lsv_array *a, *r;
    int axis;
    if (!ls_arg(w, args, 0, &a) || !ls_axis(w, args[1], "dim", &axis)) return false;
    return ls_give(w, out, lsv_expand_dims(a, axis, &r, &w->err), &r);
}

/* x.squeeze_(), x.unsqueeze_(), x.t_(): the handle itself changes */
static bool become(lsv_array *a, lsv_array *r) {
    a->ndim = r->ndim;
    memcpy(a->shape, r->shape, sizeof r->shape);
    memcpy(a->strides, r->strides, sizeof r->strides);
    lsv_release(r);
    return true;
}

BUILTIN(unsqueeze_) {
    lsv_array *a, *r;
    int axis;
    if (!ls_arg(w, args, 0, &a) || !ls_axis(w, args[1], "dim", &axis) || !ls_ok(w, lsv_expand_dims(a, axis, &r, &w->err))) return false;
    *out = ls_ref(args[0]);
    return become(a, r);
}

/* np.atleast_1d … 3d: op is the number of axes */
static bool at_least(ls_work *w, lsv_array *a, int n, lsv_array **r) {
    *r = a;
    while ((*r)->ndim < n) {
        int at = n == 3 && (*r)->ndim >= 1 ? ((*r)->ndim == 1 ? 0 : (*r)->ndim) : 0;
        if (!ls_ok(w, lsv_expand_dims(*r, at, r, &w->err)) || !ls_keep(w, *r)) return false;
    }
    return true;
}

BUILTIN(atleast) {
    lsv_array **parts, *r;
    int n;
    const ls_tuple *star = args[0].tuple;
    if (!ls_parts(w, args, 0, &parts, &n)) return false;
    if (n == 1) {
        if (!at_least(w, parts[0], w->self->op, &r)) return false;
        r = lsv_ref(r);
        return ls_give_array(w, out, LSV_OK, &r);
    }
    ls_value t = ls_tuple_new(star->n);
    if (t.tag == LS_UNSET) return ls_no_memory(w->in);
    for (int i = 0; i < n; i++) {
        if (!at_least(w, parts[i], w->self->op, &r)) {
            ls_drop(t);
            return false;
        }
        t.tuple->items[i] = ls_array(lsv_ref(r));
    }
    *out = t;
    return true;
}

/* ---- broadcasting ---- */

BUILTIN(broadcast_to) {
    lsv_array *a, *r;
    lsv_shape s;
    if (!ls_arg(w, args, 0, &a) || !ls_as_shape(w->in, args[1], &s)) return false;
    return ls_give_array(w, out, lsv_broadcast_to(a, s.ndim, s.dims, &r, &w->err), &r);
}

BUILTIN(tensor_expand) {
    lsv_array *a, *r;
    lsv_shape s;
    if (!ls_arg(w, args, 0, &a) || !ls_shape_args(w, args[1], &s)) return false;
    return ls_give(w, out, lsv_broadcast_to(a, s.ndim, s.dims, &r, &w->err), &r);
}

/* np.broadcast_arrays(*args), torch.broadcast_tensors(*tensors): all to their common shape */
BUILTIN(broadcast_arrays) {
    lsv_array **parts;
    int n, ndim = 0;
    ptrdiff_t shape[LSV_MAXDIM] = {0};
    if (!ls_parts(w, args, 0, &parts, &n)) return false;
    for (int i = 0; i < n; i++) { /* the shape so far against the next one */
        lsv_array *so_far;
        if (!ls_ok(w, lsv_broadcast_to(parts[0], i ? ndim : parts[0]->ndim, i ? shape : parts[0]->shape, &so_far, &w->err)) || !ls_keep(w, so_far)) return false;
        if (!ls_ok(w, lsv_broadcast(so_far, parts[i], &ndim, shape, &w->err))) return false;
    }
    if (w->self->op) return ls_give_value(w, out, ls_size_new(ndim, shape, false));
    ls_value t = ls_tuple_new(n);
    if (t.tag == LS_UNSET) return ls_no_memory(w->in);
    for (int i = 0; i < n; i++) {
        lsv_array *r;
        if (!ls_ok(w, lsv_broadcast_to(parts[i], ndim, shape, &r, &w->err))) {
            ls_drop(t);
            return false;
        }
        t.tuple->items[i] = ls_array(r);
    }
    *out = t;
    return true;
}

/* np.broadcast_shapes(*shapes), through arrays without elements of their own */
BUILTIN(broadcast_shapes) {
    const ls_tuple *star = args[0].tuple;
    lsv_shape all = {.ndim = 0};
    for (ptrdiff_t i = 0; i < star->n; i++) {
        lsv_shape s;
        lsv_array *one, *a, *b;
        if (!ls_as_shape(w->in, star->items[i], &s)) return false;
        if (!ls_ok(w, lsv_from_scalar(w->kind, lsv_scalar_int(0), &one, &w->err)) || !ls_keep(w, one)) return false;
        if (!ls_ok(w, lsv_broadcast_to(one, all.ndim, all.dims, &a, &w->err)) || !ls_keep(w, a)) return false;
        if (!ls_ok(w, lsv_broadcast_to(one, s.ndim, s.dims, &b, &w->err)) || !ls_keep(w, b)) return false;
        if (!ls_ok(w, lsv_broadcast(a, b, &all.ndim, all.dims, &w->err))) return false;
    }
    return ls_give_value(w, out, ls_size_new(all.ndim, all.dims, w->kind == LSV_TORCH));
}

/* x.t_(), x.transpose_(dim0, dim1), x.squeeze_(dim): op 0, 1, 2 */
BUILTIN(reshaped_in_place) {
    lsv_array *a, *r;
    int i, j, n, axes[LSV_MAXDIM];
    if (!ls_arg(w, args, 0, &a)) return false;
    if (w->self->op == 0 && !ls_ok(w, lsv_transpose(a, NULL, &r, &w->err))) return false;
    if (w->self->op == 1 && (!ls_axis(w, args[1], "dim0", &i) || !ls_axis(w, args[2], "dim1", &j) || !ls_ok(w, lsv_swapaxes(a, i, j, &r, &w->err)))) return false;
    if (w->self->op == 2 && (!ls_as_axes(w->in, args[1], &n, axes) || !ls_ok(w, lsv_squeeze(a, n, axes, &r, &w->err)))) return false;
    *out = ls_ref(args[0]);
    return become(a, r);
}

#define ATTRIBUTE(names_, text, f, op_) {names_, "(self)", text, NULL, NULL, f, op_, LS_ATTRIBUTE, NULL}

const ls_builtin ls_family_shape[] = {
    {"ndarray.shape", "(self)", "The lengths of the axes, a tuple", NULL, NULL, shape, 0, LS_ATTRIBUTE, set_shape},
    ATTRIBUTE("tensor.shape", "The lengths of the axes, a torch.Size", shape, 0),
    ATTRIBUTE("ndarray.ndim", "The number of axes", count, NDIM),
    ATTRIBUTE("tensor.ndim", "The number of axes", count, NDIM),
    ATTRIBUTE("ndarray.size", "The number of elements", count, SIZE),
    ATTRIBUTE("ndarray.itemsize", "Bytes of an element", count, ITEMSIZE),
    ATTRIBUTE("tensor.itemsize", "Bytes of an element", count, ITEMSIZE),
    ATTRIBUTE("ndarray.nbytes", "Bytes of all elements", count, NBYTES),
    ATTRIBUTE("tensor.nbytes", "Bytes of all elements", count, NBYTES),
    ATTRIBUTE("ndarray.dtype", "The element type", dtype, 0),
    ATTRIBUTE("tensor.dtype", "The element type", dtype, 0),
    ATTRIBUTE("ndarray.strides", "Bytes from one element to the next along each axis", strides, 0),
    ATTRIBUTE("ndarray.T", "The axes in reverse order, sharing memory", transpose_attribute, ALL_AXES),
    ATTRIBUTE("tensor.T", "The axes in reverse order, sharing memory", transpose_attribute, ALL_AXES),
    ATTRIBUTE("ndarray.mT", "The last two axes exchanged, sharing memory", transpose_attribute, LAST_TWO),
    ATTRIBUTE("tensor.mT tensor.H tensor.mH", "The last two axes exchanged, sharing memory", transpose_attribute, LAST_TWO),
    ATTRIBUTE("ndarray.flat", "The elements in C order", flat, 0),
    ATTRIBUTE("ndarray.real", "The array itself: elements are real", itself, 0),
    {"np.shape jnp.shape", "(a)", "The lengths of the axes", NULL, NULL, np_shape, 0, LS_CALLABLE, NULL},
    {"np.ndim jnp.ndim", "(a)", "The number of axes", NULL, NULL, count, NDIM, LS_CALLABLE, NULL},
    {"np.size jnp.size", "(a, axis=None)", "The number of elements, or the length of an axis", NULL, NULL, np_size, 0, LS_CALLABLE, NULL},
    {"tensor.size", "(self, dim=None)", "The shape, or the length of one axis", NULL, NULL, tensor_size, 0, LS_CALLABLE, NULL},
    {"tensor.dim tensor.ndimension", "(self)", "The number of axes", NULL, NULL, count, NDIM, LS_CALLABLE, NULL},
    {"torch.numel tensor.numel tensor.nelement", "(input)", "The number of elements", NULL, NULL, count, SIZE, LS_CALLABLE, NULL},
    {"tensor.element_size", "(self)", "Bytes of an element", NULL, NULL, count, ITEMSIZE, LS_CALLABLE, NULL},
    {"tensor.stride", "(self, dim=None)", "Elements from one to the next along each axis", NULL, NULL, strides, 0, LS_CALLABLE, NULL},
    {"torch.is_floating_point tensor.is_floating_point", "(input)", "Whether the element type is a floating one", NULL, NULL, is_floating_point, 0, LS_CALLABLE, NULL},
    {"np.shares_memory np.may_share_memory", "(a, b)", "Whether two arrays share memory", NULL, NULL, shares_memory, 0, LS_CALLABLE, NULL},
    {"np.transpose np.permute_dims jnp.transpose", "(a, axes=None)", "The axes in reverse order, or in the order given", NULL, NULL, transpose, 0, LS_CALLABLE, NULL},
    {"np.matrix_transpose np.linalg.matrix_transpose", "(x)", "The last two axes exchanged", NULL, NULL, transpose_attribute, LAST_TWO, LS_CALLABLE, NULL},
    {"ndarray.transpose", "(self, *axes)", "The axes in reverse order, or in the order given", NULL, NULL, transpose_method, 0, LS_CALLABLE, NULL},
    {"torch.permute", "(input, dims)", "The axes in the order given", NULL, NULL, transpose, 0, LS_CALLABLE, NULL},
    {"tensor.permute", "(self, *dims)", "The axes in the order given", NULL, NULL, transpose_method, 0, LS_CALLABLE, NULL},
    {"torch.t tensor.t", "(input)", "The transpose of a matrix", NULL, NULL, transpose_attribute, AT_MOST_TWO, LS_CALLABLE, NULL},
    {"torch.adjoint tensor.adjoint", "(input)", "The last two axes exchanged", NULL, NULL, transpose_attribute, LAST_TWO, LS_CALLABLE, NULL},
    {"np.swapaxes ndarray.swapaxes jnp.swapaxes", "(a, axis1, axis2)", "Two axes exchanged", NULL, NULL, swapaxes, 0, LS_CALLABLE, NULL},
    {"torch.transpose torch.swapaxes torch.swapdims tensor.transpose tensor.swapaxes tensor.swapdims", "(input, dim0, dim1)", "Two axes exchanged", NULL, NULL, swapaxes, 0, LS_CALLABLE, NULL},
    {"np.moveaxis jnp.moveaxis", "(a, source, destination)", "Some axes moved to new places", NULL, NULL, moveaxis, 0, LS_CALLABLE, NULL},
    {"torch.movedim torch.moveaxis tensor.movedim tensor.moveaxis", "(input, source, destination)", "Some axes moved to new places", NULL, NULL, moveaxis, 0, LS_CALLABLE, NULL},
    {"np.rollaxis", "(a, axis, start=0)", "An axis moved to before another", NULL, NULL, np_rollaxis, 0, LS_CALLABLE, NULL},
    {"np.reshape jnp.reshape", "(a, shape, order=\"C\")", "The elements in another shape; one length may be -1", NULL, NULL, reshape, 0, LS_CALLABLE, NULL},
    {"torch.reshape", "(input, shape)", "The elements in another shape; one length may be -1", NULL, NULL, reshape, 0, LS_CALLABLE, NULL},
    {"ndarray.reshape", "(self, *shape, order=\"C\")", "The elements in another shape; one length may be -1", NULL, NULL, reshape_method, 0, LS_CALLABLE, NULL},
    {"tensor.reshape", "(self, *shape)", "The elements in another shape; one length may be -1", NULL, NULL, reshape_method, 0, LS_CALLABLE, NULL},
    {"tensor.view", "(self, *shape)", "The same memory in another shape", NULL, NULL, reshape_method, 1, LS_CALLABLE, NULL},
    {"tensor.view_as", "(self, other)", "The same memory in the shape of other", NULL, NULL, shape_as, 1, LS_CALLABLE, NULL},
    {"tensor.reshape_as", "(self, other)", "The elements in the shape of other", NULL, NULL, shape_as, 0, LS_CALLABLE, NULL},
    {"tensor.expand_as", "(self, other)", "Broadcast to the shape of other", NULL, NULL, shape_as, 2, LS_CALLABLE, NULL},
    {"np.ravel ndarray.ravel jnp.ravel", "(a, order=\"C\")", "The elements in a row", NULL, NULL, ravel, 0, LS_CALLABLE, NULL},
    {"ndarray.flatten", "(self, order=\"C\")", "A copy of the elements in a row", NULL, NULL, ravel, 1, LS_CALLABLE, NULL},
    {"torch.flatten tensor.flatten", "(input, start_dim=0, end_dim=-1)", "Neighbouring axes made one", NULL, NULL, torch_flatten, 0, LS_CALLABLE, NULL},
    {"torch.ravel tensor.ravel", "(input, start_dim=0, end_dim=-1)", "The elements in a row", NULL, NULL, torch_flatten, 0, LS_CALLABLE, NULL},
    {"torch.unflatten tensor.unflatten", "(input, dim, sizes)", "One axis made several", NULL, NULL, torch_unflatten, 0, LS_CALLABLE, NULL},
    {"np.squeeze ndarray.squeeze jnp.squeeze", "(a, axis=None)", "Axes of length 1 left out", NULL, NULL, squeeze, 0, LS_CALLABLE, NULL},
    {"torch.squeeze tensor.squeeze", "(input, dim=None)", "Axes of length 1 left out", NULL, NULL, squeeze, 0, LS_CALLABLE, NULL},
    {"np.expand_dims jnp.expand_dims", "(a, axis)", "A new axis of length 1", NULL, NULL, expand_dims, 0, LS_CALLABLE, NULL},
    {"torch.unsqueeze tensor.unsqueeze", "(input, dim)", "A new axis of length 1", NULL, NULL, unsqueeze, 0, LS_CALLABLE, NULL},
    {"tensor.unsqueeze_", "(self, dim)", "A new axis of length 1, in place", NULL, NULL, unsqueeze_, 0, LS_CALLABLE, NULL},
    {"np.atleast_1d", "(*arys)", "Arrays with at least one axis", NULL, NULL, atleast, 1, LS_CALLABLE, NULL},
    {"np.atleast_2d", "(*arys)", "Arrays with at least two axes", NULL, NULL, atleast, 2, LS_CALLABLE, NULL},
    {"np.atleast_3d", "(*arys)", "Arrays with at least three axes", NULL, NULL, atleast, 3, LS_CALLABLE, NULL},
    {"torch.atleast_1d", "(*tensors)", "Tensors with at least one axis", NULL, NULL, atleast, 1, LS_CALLABLE, NULL},
    {"torch.atleast_2d", "(*tensors)", "Tensors with at least two axes", NULL, NULL, atleast, 2, LS_CALLABLE, NULL},
    {"np.broadcast_arrays", "(*args)", "Arrays as views of their common shape", NULL, NULL, broadcast_arrays, 0, LS_CALLABLE, NULL},
    {"torch.broadcast_tensors", "(*tensors)", "Tensors as views of their common shape", NULL, NULL, broadcast_arrays, 0, LS_CALLABLE, NULL},
    {"np.broadcast_shapes", "(*args)", "The common shape of several", NULL, NULL, broadcast_shapes, 0, LS_CALLABLE, NULL},
    {"torch.broadcast_shapes", "(*shapes)", "The common shape of several", NULL, NULL, broadcast_shapes, 0, LS_CALLABLE, NULL},
    {"tensor.t_", "(self)", "The transpose of a matrix, in place", NULL, NULL, reshaped_in_place, 0, LS_CALLABLE, NULL},
    {"tensor.transpose_", "(self, dim0, dim1)", "Two axes exchanged, in place", NULL, NULL, reshaped_in_place, 1, LS_CALLABLE, NULL},
    {"tensor.squeeze_", "(self, dim=None)", "Axes of length 1 left out, in place", NULL, NULL, reshaped_in_place, 2, LS_CALLABLE, NULL},
    {"ndarray.view", "(self)", "The same memory under a new handle", NULL, NULL, new_view, 0, LS_CALLABLE, NULL},
    {"np.broadcast_to jnp.broadcast_to", "(array, shape)", "The array repeated to a shape without copying (read-only)", NULL, NULL, broadcast_to, 0, LS_CALLABLE, NULL},
    {"torch.broadcast_to", "(input, size)", "The tensor repeated to a shape without copying", NULL, NULL, broadcast_to, 0, LS_CALLABLE, NULL},
    {"tensor.expand tensor.broadcast_to", "(self, *sizes)", "The tensor repeated to a shape without copying; -1 keeps a length", NULL, NULL, tensor_expand, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
