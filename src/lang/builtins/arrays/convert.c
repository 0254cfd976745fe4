/* From one type, kind or place to another: astype, to, float, numpy, detach, clone, item, tolist; and
   what a tensor knows about gradients as long as no tape is involved. */
#include <stdio.h>
#include <string.h>

#include "base/interrupt.h"
#include "array/elementwise.h"
#include "lang/builtins/support.h"

/* ---- to Python ---- */

static ls_value python_number(lsv_scalar s) {
    return s.dtype == LSV_BOOL ? ls_bool(s.i != 0) : lsv_dtype_is_float(s.dtype) ? ls_float(s.f) : ls_int(s.i);
}

/* The flat C-order position as an index. */
static void unravel(const lsv_array *a, ptrdiff_t flat, ptrdiff_t index[LSV_MAXDIM]) {
    for (int d = a->ndim - 1; d >= 0; d--) {
        index[d] = flat % a->shape[d];
        flat /= a->shape[d];
    }
}

/* x.item(*position) */
BUILTIN(item) {
    lsv_array *a;
    ptrdiff_t index[LSV_MAXDIM] = {0};
    if (!ls_arg(w, args, 0, &a)) return false;
    ls_value star = w->kind == LSV_NUMPY ? args[1] : ls_none();
    if (star.tag == LS_TUPLE && star.tuple->n > 0) {
        lsv_shape at;
        if (!ls_shape_args(w, star, &at)) return false;
        if (at.ndim == 1 && a->ndim != 1) {
            ptrdiff_t flat = at.dims[0] < 0 ? at.dims[0] + a->size : at.dims[0];
            if (flat < 0 || flat >= a->size)
                return ls_raise(w->in, "IndexError", "index %td is out of bounds for size %td", at.dims[0], a->size);
            unravel(a, flat, index);
        } else if (at.ndim != a->ndim) {
            return ls_raise(w->in, "ValueError", "incorrect number of indices for array");
        } else {
            for (int d = 0; d < a->ndim; d++) {
                index[d] = at.dims[d] < 0 ? at.dims[d] + a->shape[d] : at.dims[d];
                if (index[d] < 0 || index[d] >= a->shape[d])
                    return ls_raise(w->in, "IndexError", "index %td is out of bounds for axis %d with size %td", at.dims[d], d, a->shape[d]);
            }
        }
    } else if (a->size != 1) {
        if (w->kind == LSV_TORCH)
            return ls_raise(w->in, "RuntimeError", "a Tensor with %td elements cannot be converted to Scalar", a->size);
        return ls_raise(w->in, "ValueError", "can only convert an array of size 1 to a Python scalar");
    }
    *out = python_number(lsv_item(a, index));
    return true;
}

/* Nested lists of the axes from `axis` on; index is filled in on the way down. */
static bool nested(ls_work *w, const lsv_array *a, int axis, ptrdiff_t *index, ls_value *out) {
    if (axis == a->ndim) {
        *out = python_number(lsv_item(a, index));
        return true;
    }
    ls_value list = ls_list_new(a->shape[axis]);
    if (list.tag == LS_UNSET) return ls_no_memory(w->in);
    for (ptrdiff_t i = 0; i < a->shape[axis]; i++) {
        ls_value v;
        index[axis] = i;
        if (lsv_stop_at(i) && ls_interrupted(w->in)) {
            ls_drop(list);
            return false;
        }
        if (!nested(w, a, axis + 1, index, &v)) {
            ls_drop(list);
            return false;
        }
        bool ok = ls_list_append(list.list, v);
        ls_drop(v);
        if (!ok) {
            ls_drop(list);
            return ls_no_memory(w->in);
        }
    }
    *out = list;
    return true;
}

BUILTIN(tolist) {
    lsv_array *a;
    ptrdiff_t index[LSV_MAXDIM] = {0};
    return ls_arg(w, args, 0, &a) && nested(w, a, 0, index, out);
}

/* ---- dtypes ---- */

BUILTIN(astype) {
    lsv_array *a, *r;
    lsv_dtype d;
    lsv_order order;
    bool copy;
    if (!ls_arg(w, args, 0, &a) || !ls_dtype_or(w, args[1], LSV_FLOAT64, &d) || !ls_order_of(w, args[2], LSV_ORDER_K, &order) || !ls_truth(w->in, args[4], &copy)) return false;
    bool same = !copy && a->dtype == d && lsv_lies_in(a, order);
    return ls_give(w, out, same ? lsv_as_dtype(a, d, &r, &w->err) : lsv_copy_in(order, a, d, &r, &w->err), &r);
}

/* x.float(), x.long(), …: op is the dtype */
BUILTIN(tensor_cast) {
    lsv_array *a, *r;
    return ls_arg(w, args, 0, &a) && ls_give(w, out, lsv_as_dtype(a, (lsv_dtype)w->self->op, &r, &w->err), &r);
}

static const char *const tensor_types[LSV_NDTYPES] = {"torch.BoolTensor", "torch.IntTensor", "torch.LongTensor", "torch.HalfTensor",
                                                      "torch.BFloat16Tensor", "torch.FloatTensor", "torch.DoubleTensor"};

ls_value ls_tensor_typename(const lsv_array *a) {
    char name[40];
    snprintf(name, sizeof name, "torch.%s%s", a->device ? "cuda." : "", tensor_types[a->dtype] + strlen("torch."));
    return ls_str_from(name);
}

BUILTIN(tensor_type) {
    lsv_array *a, *r;
    if (!ls_arg(w, args, 0, &a)) return false;
    if (ls_is_none(args[1])) return ls_give_value(w, out, ls_tensor_typename(a));
    lsv_dtype d = LSV_NDTYPES;
    for (int i = 0; i < LSV_NDTYPES; i++)
        if (ls_text_is(args[1], tensor_types[i])) d = (lsv_dtype)i;
    if (d == LSV_NDTYPES && !ls_dtype_or(w, args[1], LSV_FLOAT32, &d)) return false;
    return ls_give(w, out, lsv_as_dtype(a, d, &r, &w->err), &r);
}

BUILTIN(tensor_type_as) {
    lsv_array *a, *b, *r;
    return ls_arg(w, args, 0, &a) && ls_arg(w, args, 1, &b) && ls_give(w, out, lsv_as_dtype(a, (lsv_dtype)b->dtype, &r, &w->err), &r);
}

/* ---- kinds, copies, gradients ---- */

BUILTIN(tensor_numpy) {
    lsv_array *a, *r;
    bool force;
    char place[16];
    if (!ls_arg(w, args, 0, &a) || !ls_truth(w->in, args[1], &force)) return false;
    if (a->device && !force)
        return ls_raise(w->in, "TypeError", "can't convert %s device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first.",
                        ls_device_text(a->device, place));
    if ((a->flags & LSV_REQUIRES_GRAD) && !force) {
        ls_raise(w->in, "RuntimeError", "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.");
        return false;
    }
    if (a->dtype == LSV_BFLOAT16) return ls_raise(w->in, "TypeError", "Got unsupported ScalarType BFloat16");
    if (a->device && (!ls_ok(w, lsv_to_host_array(a, &a, &w->err)) || !ls_keep(w, a))) return false;
    if (!ls_ok(w, lsv_as_kind(a, LSV_NUMPY, &r, &w->err))) return false;
    r->flags &= (uint8_t)~(LSV_REQUIRES_GRAD | LSV_PARAMETER);
    *out = ls_array(r);
    return true;
}

static bool plain_view(ls_work *w, lsv_array *a, ls_value *out) {
    lsv_array *r;
    if (!ls_ok(w, lsv_view(a, &r, &w->err))) return false;
    r->flags &= (uint8_t)~(LSV_REQUIRES_GRAD | LSV_PARAMETER);
    *out = ls_array(r);
    return true;
}

BUILTIN(tensor_detach) {
    lsv_array *a;
    return ls_arg(w, args, 0, &a) && plain_view(w, a, out);
}

static bool set_data(ls_interp *in, ls_value self, ls_value v) {
    char have[16], want[16];
    if (!ls_is_tensor(v)) return ls_raise(in, "TypeError", "Variable data has to be a tensor, but got %s", ls_type_of(v)->shown);
    lsv_array *a = self.array, *b = v.array;
    if (a->ndim != b->ndim || memcmp(a->shape, b->shape, (size_t)a->ndim * sizeof a->shape[0]) != 0)
        return ls_raise(in, "RuntimeError", "x.data can only be set to a tensor of the same shape here");
    if (a->device != b->device)
        return ls_raise(in, "RuntimeError", "x.data is on %s and can only be set to a tensor there, not on %s", ls_device_text(a->device, want),
                        ls_device_text(b->device, have));
    return ls_device_assign(in, a, b);
}

BUILTIN(ndarray_copy) {
    lsv_array *a, *r;
    lsv_order order;
    if (!ls_arg(w, args, 0, &a) || !ls_order_of(w, args[1], LSV_ORDER_C, &order)) return false;
    return ls_give_array(w, out, lsv_copy_in(order, a, (lsv_dtype)a->dtype, &r, &w->err), &r);
}

/* tensor.clone */
BUILTIN(copy) {
    lsv_array *a, *r;
    return ls_arg(w, args, 0, &a) && ls_give_array(w, out, lsv_copy(a, &r, &w->err), &r);
}

BUILTIN(tensor_contiguous) {
    lsv_array *a, *r;
    return ls_arg(w, args, 0, &a) && ls_give(w, out, lsv_contiguous(a, &r, &w->err), &r);
}

BUILTIN(is_contiguous) {
    lsv_array *a;
    if (!ls_arg(w, args, 0, &a)) return false;
    *out = ls_bool(lsv_is_contiguous(a));
    return true;
}

/* ---- filling ---- */

BUILTIN(ndarray_fill) {
    lsv_array *a, *v;
    if (!ls_arg(w, args, 0, &a) || !ls_operand(w, args, 1, &v)) return false;
    return ls_ok(w, lsv_assign(a, v, &w->err));
}

BUILTIN(tensor_fill_) {
    lsv_array *a, *v;
    if (!ls_arg(w, args, 0, &a) || !ls_operand(w, args, 1, &v) || !ls_ok(w, lsv_assign(a, v, &w->err))) return false;
    *out = ls_ref(args[0]);
    return true;
}

BUILTIN(tensor_zero_) {
    lsv_array *a;
    if (!ls_arg(w, args, 0, &a) || !ls_ok(w, lsv_fill(a, lsv_scalar_int(0), &w->err))) return false;
    *out = ls_ref(args[0]);
    return true;
}

#define CAST(method, dtype) {.names = "tensor." method, .signature = "(self)", .summary = "The tensor as " #dtype, .function = tensor_cast, .op = dtype}

const ls_builtin ls_family_convert[] = {
    {"ndarray.item", "(self, *args)", "One element as a Python number", NULL, NULL, item, 0, LS_CALLABLE, NULL},
    {"tensor.item", "(self)", "The only element as a Python number", NULL, NULL, item, 0, LS_CALLABLE, NULL},
    {"ndarray.tolist", "(self)", "Nested lists of Python numbers", NULL, NULL, tolist, 0, LS_CALLABLE, NULL},
    {"tensor.tolist", "(self)", "Nested lists of Python numbers", NULL, NULL, tolist, 0, LS_CALLABLE, NULL},
    {"ndarray.astype", "(self, dtype, order=\"K\", *, subok=True, copy=True)", "A copy with another dtype", NULL, NULL, astype, 0, LS_CALLABLE, NULL},
    CAST("float", LSV_FLOAT32), CAST("double", LSV_FLOAT64), CAST("half", LSV_FLOAT16), CAST("bfloat16", LSV_BFLOAT16),
    CAST("long", LSV_INT64), CAST("int", LSV_INT32), CAST("bool", LSV_BOOL),
    {"tensor.type", "(self, dtype=None)", "The tensor's type name, or the tensor with another dtype", NULL, NULL, tensor_type, 0, LS_CALLABLE, NULL},
    {"tensor.type_as", "(self, other)", "The tensor with the dtype of other", NULL, NULL, tensor_type_as, 0, LS_CALLABLE, NULL},
    {"tensor.numpy", "(self, *, force=False)", "The same memory as an ndarray", NULL, NULL, tensor_numpy, 0, LS_CALLABLE, NULL},
    {"tensor.detach tensor.detach_ torch.detach", "(input)", "The same memory, without gradients", NULL, NULL, tensor_detach, 0, LS_CALLABLE, NULL},
    {"tensor.data", "(self)", "The same memory, without gradients", NULL, NULL, tensor_detach, 0, LS_ATTRIBUTE, set_data},
    {"ndarray.copy", "(self, order=\"C\")", "A copy with memory of its own", NULL, NULL, ndarray_copy, 0, LS_CALLABLE, NULL},
    {"torch.clone tensor.clone", "(input)", "A copy with memory of its own", NULL, NULL, copy, 0, LS_CALLABLE, NULL},
    {"tensor.contiguous", "(self)", "The tensor with its elements in C order in memory", NULL, NULL, tensor_contiguous, 0, LS_CALLABLE, NULL},
    {"tensor.is_contiguous", "(self)", "Whether the elements lie in C order in memory", NULL, NULL, is_contiguous, 0, LS_CALLABLE, NULL},
    {"ndarray.fill", "(self, value)", "value into every element", NULL, NULL, ndarray_fill, 0, LS_CALLABLE, NULL},
    {"tensor.fill_", "(self, value)", "value into every element", NULL, NULL, tensor_fill_, 0, LS_CALLABLE, NULL},
    {"tensor.copy_", "(self, src, non_blocking=False)", "The elements of src into this tensor", NULL, NULL, tensor_fill_, 0, LS_CALLABLE, NULL},
    {"tensor.zero_", "(self)", "Zero into every element", NULL, NULL, tensor_zero_, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
