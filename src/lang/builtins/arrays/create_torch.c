/* New tensors, torch's names: tensor, zeros, arange, linspace, eye, diag, … */
#include <math.h>
#include <string.h>

#include "array/elementwise.h"
#include "lang/builtins/support.h"
#include "text/text.h"

/* torch.tensor(data, *, dtype, device, requires_grad): always a copy; op 1: as_tensor, which shares. */
BUILTIN(torch_tensor) {
    lsv_array *a, *r;
    int d;
    if (!ls_as_dtype(w->in, args[1], &d)) return false;
    ls_value v = args[0];
    if (v.tag == LS_STR) {
        if (!ls_ok(w, lsv_text_read_array(v.str->data, v.str->length, &a, &w->err)) || !ls_keep(w, a)) return false;
        if (!ls_ok(w, lsv_as_kind(a, LSV_TORCH, &a, &w->err)) || !ls_keep(w, a)) return false;
        if (d < 0 && a->dtype == LSV_FLOAT64) d = (int)w->in->torch_default;
        if (d >= 0 && (!ls_ok(w, lsv_astype(a, (lsv_dtype)d, &a, &w->err)) || !ls_keep(w, a))) return false;
    } else if (!ls_array_like(w, v, LSV_TORCH, d, &a)) {
        return false;
    }
    lsv_status s = LSV_OK;
    if (v.tag == LS_ARRAY && w->self->op != 1) s = lsv_copy(a, &r, &w->err);
    else r = lsv_ref(a);
    if (s == LSV_OK && w->self->op != 1) r->flags &= (uint8_t)~(LSV_REQUIRES_GRAD | LSV_PARAMETER);
    bool stays = v.tag == LS_ARRAY && v.array->kind == LSV_TORCH && w->in->torch_device < 0;
    return ls_give_new(w, out, args[2], stays ? v.array->device : LS_ANYWHERE, args[3], s, &r);
}

BUILTIN(torch_from_numpy) {
    lsv_array *r;
    if (args[0].tag != LS_ARRAY || args[0].array->kind != LSV_NUMPY) {
        ls_blame(w->in, 0);
        return ls_raise(w->in, "TypeError", "expected np.ndarray (got %s)", ls_type_of(args[0])->name);
    }
    return ls_give(w, out, lsv_as_kind(args[0].array, LSV_TORCH, &r, &w->err), &r);
}

/* torch.Tensor(2, 3) has that shape, torch.Tensor([1, 2]) those elements; op: the dtype */
BUILTIN(torch_Tensor) {
    lsv_array *a, *r;
    const ls_tuple *star = args[0].tuple;
    lsv_dtype d = w->self->op < 0 ? w->in->torch_default : (lsv_dtype)w->self->op;
    if (star->n == 1 && !ls_is_int(star->items[0])) {
        if (!ls_array_like(w, star->items[0], LSV_TORCH, (int)d, &a)) return false;
        return ls_give(w, out, star->items[0].tag == LS_ARRAY ? lsv_astype(a, d, &r, &w->err) : (r = lsv_ref(a), LSV_OK), &r);
    }
    lsv_shape s;
    if (star->n == 0) s = (lsv_shape){.ndim = 1};
    else if (!ls_shape_args(w, args[0], &s)) return false;
    return ls_give(w, out, lsv_zeros(LSV_TORCH, d, s.ndim, s.dims, &r, &w->err), &r);
}

/* torch.zeros(*size, dtype, device, requires_grad), ones, empty: op is the value. size= is taken too. */
BUILTIN(torch_filled) {
    lsv_array *r;
    lsv_shape s;
    lsv_dtype d;
    bool ok = ls_is_none(args[1]) ? ls_shape_args(w, args[0], &s) : ls_as_shape(w->in, args[1], &s);
    if (!ok || !ls_dtype_or(w, args[2], w->in->torch_default, &d)) return false;
    return ls_give_new(w, out, args[3], LS_ANYWHERE, args[4], lsv_full(LSV_TORCH, d, s.ndim, s.dims, lsv_scalar_int(w->self->op), &r, &w->err), &r);
}

/* torch.zeros_like(input, *, dtype, device, requires_grad) */
BUILTIN(torch_filled_like) {
    lsv_array *a, *r;
    lsv_dtype d;
    if (!ls_arg(w, args, 0, &a) || !ls_dtype_or(w, args[1], (lsv_dtype)a->dtype, &d)) return false;
    return ls_give_new(w, out, args[2], a->device, args[3], lsv_full(LSV_TORCH, d, a->ndim, a->shape, lsv_scalar_int(w->self->op), &r, &w->err), &r);
}

/* The dtype torch gives a fill value. */
static lsv_dtype fill_dtype(ls_work *w, const lsv_array *v, ls_value value) {
    if (value.tag == LS_FLOAT || (value.tag == LS_NPSCALAR && lsv_dtype_is_float((lsv_dtype)value.dtype))) return w->in->torch_default;
    return (lsv_dtype)v->dtype;
}

static bool full(ls_work *w, int ndim, const ptrdiff_t *dims, lsv_dtype d, const lsv_array *v, ls_value device, int otherwise, ls_value grad, ls_value *out) {
    lsv_array *r;
    return ls_give_new(w, out, device, otherwise, grad, lsv_full(LSV_TORCH, d, ndim, dims, lsv_item(v, NULL), &r, &w->err), &r);
}

/* torch.full(size, fill_value, *, dtype, device, requires_grad) */
BUILTIN(torch_full) {
    lsv_array *v;
    lsv_shape s;
    lsv_dtype d;
    if (!ls_as_shape(w->in, args[0], &s) || !ls_operand(w, args, 1, &v)) return false;
    if (v->ndim) return ls_raise(w->in, "TypeError", "full(): fill_value must be a number");
    return ls_dtype_or(w, args[2], fill_dtype(w, v, args[1]), &d) && full(w, s.ndim, s.dims, d, v, args[3], LS_ANYWHERE, args[4], out);
}

BUILTIN(torch_full_like) {
    lsv_array *a, *v;
    lsv_dtype d;
    if (!ls_arg(w, args, 0, &a) || !ls_operand(w, args, 1, &v)) return false;
    if (v->ndim) return ls_raise(w->in, "TypeError", "full_like(): fill_value must be a number");
    return ls_dtype_or(w, args[2], (lsv_dtype)a->dtype, &d) && full(w, a->ndim, a->shape, d, v, args[3], a->device, args[4], out);
}

/* x.new_zeros(*size), new_ones, new_empty */
BUILTIN(tensor_new_filled) {
    lsv_array *a, *r;
    lsv_shape s;
    lsv_dtype d;
    if (!ls_arg(w, args, 0, &a) || !ls_shape_args(w, args[1], &s) || !ls_dtype_or(w, args[2], (lsv_dtype)a->dtype, &d)) return false;
    return ls_give_new(w, out, args[3], a->device, args[4], lsv_full(LSV_TORCH, d, s.ndim, s.dims, lsv_scalar_int(w->self->op), &r, &w->err), &r);
}

BUILTIN(tensor_new_full) {
    lsv_array *a, *v;
    lsv_shape s;
    lsv_dtype d;
    if (!ls_arg(w, args, 0, &a) || !ls_as_shape(w->in, args[1], &s) || !ls_operand(w, args, 2, &v)) return false;
    if (v->ndim) return ls_raise(w->in, "TypeError", "new_full(): fill_value must be a number");
    return ls_dtype_or(w, args[3], (lsv_dtype)a->dtype, &d) && full(w, s.ndim, s.dims, d, v, args[4], a->device, args[5], out);
}

BUILTIN(tensor_new_tensor) {
    lsv_array *a, *b, *r;
    lsv_dtype d;
    if (!ls_arg(w, args, 0, &a) || !ls_dtype_or(w, args[2], (lsv_dtype)a->dtype, &d)) return false;
    if (!ls_array_like(w, args[1], LSV_TORCH, (int)d, &b)) return false;
    return ls_give_new(w, out, args[3], a->device, args[4], lsv_copy(b, &r, &w->err), &r);
}

/* torch.arange(start, end, step, *, dtype, device, requires_grad); op 1: torch.range, whose end is included */
BUILTIN(torch_arange) {
    ls_value v[3] = {args[0], args[1], args[2]};
    if (ls_is_none(v[1])) {
        v[1] = v[0];
        v[0] = ls_int(0);
    }
    lsv_array *x[3], *r;
    bool ints = true;
    double f[3];
    for (int i = 0; i < 3; i++) {
        if (!ls_operand(w, v, i, &x[i]) || !ls_as_double(w->in, v[i], "arange", &f[i])) return false;
        ints = ints && !lsv_dtype_is_float((lsv_dtype)x[i]->dtype);
    }
    lsv_dtype d;
    if (!ls_dtype_or(w, args[3], ints && !w->self->op ? LSV_INT64 : w->in->torch_default, &d)) return false;
    if (f[2] == 0) return ls_raise(w->in, "RuntimeError", "step must be nonzero");
    if ((f[1] - f[0]) / f[2] < 0) return ls_raise(w->in, "RuntimeError", "upper bound and lower bound inconsistent with step sign");
    double count = w->self->op ? floor((f[1] - f[0]) / f[2]) + 1 : ceil((f[1] - f[0]) / f[2]);
    if (!(count < 9e18)) return ls_raise(w->in, "RuntimeError", "arange: unsupported range");
    lsv_scalar from = ints ? lsv_scalar_int(lsv_item(x[0], NULL).i) : lsv_scalar_float(f[0]);
    lsv_scalar by = ints ? lsv_scalar_int(lsv_item(x[2], NULL).i) : lsv_scalar_float(f[2]);
    return ls_give_new(w, out, args[4], LS_ANYWHERE, args[5], lsv_arange(LSV_TORCH, d, from, by, (ptrdiff_t)count, &r, &w->err), &r);
}

/* torch.linspace(start, end, steps, *, dtype, device, requires_grad); op 1: torch.logspace with base after steps */
BUILTIN(torch_linspace) {
    double a, b, base = 10;
    ptrdiff_t n;
    lsv_array *r;
    lsv_dtype d;
    const ls_value *rest = args + (w->self->op ? 4 : 3);
    if (!ls_as_double(w->in, args[0], "start", &a) || !ls_as_double(w->in, args[1], "end", &b) || !ls_count(w, args[2], "steps", &n)) return false;
    if (n < 0) return ls_raise(w->in, "RuntimeError", "number of steps must be non-negative");
    if (!ls_dtype_or(w, rest[0], w->in->torch_default, &d)) return false;
    if (!w->self->op) return ls_give_new(w, out, rest[1], LS_ANYWHERE, rest[2], lsv_linspace(LSV_TORCH, d, a, b, n, true, &r, &w->err), &r);
    if (!ls_as_double(w->in, args[3], "base", &base)) return false;
    if (!ls_ok(w, lsv_linspace(LSV_TORCH, LSV_FLOAT64, a, b, n, true, &r, &w->err)) || !ls_keep(w, r)) return false;
    double cell;
    lsv_array ten = lsv_scalar_array(LSV_TORCH, lsv_scalar_float(base), LSV_WEAK, &cell);
    if (!ls_ok(w, lsv_binary(LSV_OP_POW, &ten, r, &r, &w->err)) || !ls_keep(w, r)) return false;
    return ls_give_new(w, out, rest[1], LS_ANYWHERE, rest[2], lsv_as_dtype(r, d, &r, &w->err), &r);
}

/* torch.eye(n, m, *, dtype, device, requires_grad) */
BUILTIN(torch_eye) {
    ptrdiff_t n, m;
    lsv_array *r;
    lsv_dtype d;
    if (!ls_count(w, args[0], "n", &n)) return false;
    m = n;
    if (!ls_is_none(args[1]) && !ls_count(w, args[1], "m", &m)) return false;
    if (!ls_dtype_or(w, args[2], w->in->torch_default, &d)) return false;
    return ls_give_new(w, out, args[3], LS_ANYWHERE, args[4], lsv_eye(LSV_TORCH, d, n, m, 0, &r, &w->err), &r);
}

/* torch.diag(input, diagonal): a view of the diagonal is a copy here, as torch's is; op 1: diagflat */
BUILTIN(torch_diag) {
    lsv_array *a, *r;
    ptrdiff_t k;
    if (!ls_arg(w, args, 0, &a) || !ls_count(w, args[1], "diagonal", &k)) return false;
    if (w->self->op && (!ls_ok(w, lsv_ravel(a, false, &a, &w->err)) || !ls_keep(w, a))) return false;
    if (a->ndim == 1) return ls_give(w, out, lsv_diag_build(a, k, &r, &w->err), &r);
    if (a->ndim != 2) return ls_raise(w->in, "RuntimeError", "diag(): Supports 1D or 2D tensors. Got %dD", a->ndim);
    if (!ls_ok(w, lsv_diagonal(a, k, 0, 1, &r, &w->err)) || !ls_keep(w, r)) return false;
    return ls_give(w, out, lsv_copy(r, &r, &w->err), &r);
}

/* torch.diagonal(input, offset, dim1, dim2); op 1: torch.linalg.diagonal with its own defaults */
BUILTIN(torch_diagonal) {
    lsv_array *a, *r;
    ptrdiff_t k;
    int i, j;
    if (!ls_arg(w, args, 0, &a) || !ls_count(w, args[1], "offset", &k) || !ls_axis(w, args[2], "dim1", &i) || !ls_axis(w, args[3], "dim2", &j))
        return false;
    return ls_give(w, out, lsv_diagonal(a, k, i, j, &r, &w->err), &r);
}

/* torch.diag_embed(input): each last row onto a diagonal of its own */
BUILTIN(torch_diag_embed) {
    lsv_array *a, *up, *eye, *r;
    if (!ls_arg(w, args, 0, &a)) return false;
    if (a->ndim < 1) return ls_raise(w->in, "RuntimeError", "diag_embed needs at least one dimension");
    if (!ls_ok(w, lsv_expand_dims(a, -2, &up, &w->err)) || !ls_keep(w, up)) return false;
    ptrdiff_t n = a->shape[a->ndim - 1];
    if (!ls_ok(w, lsv_eye(LSV_TORCH, (lsv_dtype)a->dtype, n, n, 0, &eye, &w->err)) || !ls_keep(w, eye)) return false;
    return ls_give(w, out, lsv_binary(LSV_OP_MUL, up, eye, &r, &w->err), &r);
}

BUILTIN(torch_tril) {
    lsv_array *a, *r;
    ptrdiff_t k;
    if (!ls_arg(w, args, 0, &a) || !ls_count(w, args[1], "diagonal", &k)) return false;
    return ls_give(w, out, lsv_tri(a, k, w->self->op, &r, &w->err), &r);
}

/* x.tril_(diagonal), x.triu_: in place */
BUILTIN(tensor_tril_) {
    lsv_array *a, *r;
    ptrdiff_t k;
    if (!ls_arg(w, args, 0, &a) || !ls_count(w, args[1], "diagonal", &k)) return false;
    if (!ls_ok(w, lsv_tri(a, k, w->self->op, &r, &w->err)) || !ls_keep(w, r) || !ls_ok(w, lsv_assign(a, r, &w->err))) return false;
    *out = ls_ref(args[0]);
    return true;
}

/* torch.tril_indices(row, col, offset): a 2 x n tensor */
BUILTIN(torch_tri_indices) {
    ptrdiff_t n, m, k;
    lsv_array *a, *t, *parts[LSV_MAXDIM], *r;
    if (!ls_count(w, args[0], "row", &n) || !ls_count(w, args[1], "col", &m) || !ls_count(w, args[2], "offset", &k)) return false;
    ptrdiff_t shape[2] = {n, m};
    if (!ls_ok(w, lsv_full(LSV_TORCH, LSV_BOOL, 2, shape, lsv_scalar_int(1), &a, &w->err)) || !ls_keep(w, a)) return false;
    if (!ls_ok(w, lsv_tri(a, k, w->self->op, &t, &w->err)) || !ls_keep(w, t)) return false;
    if (!ls_ok(w, lsv_nonzero(t, parts, &w->err))) return false;
    bool ok = ls_keep(w, parts[0]);
    ok = ls_keep(w, parts[1]) && ok;
    lsv_dtype d;
    if (!ok || !ls_dtype_or(w, args[3], LSV_INT64, &d) || !ls_ok(w, lsv_stack(parts, 2, 0, &r, &w->err)) || !ls_keep(w, r)) return false;
    return ls_give_new(w, out, args[4], LS_ANYWHERE, ls_bool(false), lsv_astype(r, d, &r, &w->err), &r);
}

BUILTIN(tensor_fill_diagonal_) {
    lsv_array *a, *v, *d;
    if (!ls_arg(w, args, 0, &a) || !ls_operand(w, args, 1, &v)) return false;
    if (!ls_ok(w, lsv_diagonal(a, 0, 0, 1, &d, &w->err)) || !ls_keep(w, d)) return false;
    if (!ls_ok(w, lsv_assign(d, v, &w->err))) return false;
    *out = ls_ref(args[0]);
    return true;
}

#define FACTORY "dtype=None, device=None, requires_grad=False"
#define SIZED "(*sizes, size=None, " FACTORY ", out=None, layout=None, pin_memory=False)"
#define LIKE "(input, *, " FACTORY ")"

const ls_builtin ls_family_create_torch[] = {
    {"torch.tensor", "(data, *, " FACTORY ")", "A tensor from nested sequences, numbers or an array; always a copy",
     "Integers give int64, floats the default dtype (float32); an ndarray or tensor keeps its dtype.",
     "torch.tensor([[1., 2.], [3., 4.]])\ntensor([[1., 2.],\n        [3., 4.]])", torch_tensor, 0, LS_CALLABLE, NULL},
    {"torch.as_tensor torch.asarray", "(data, dtype=None, device=None, requires_grad=False)", "A tensor from data, sharing memory where it can", NULL, NULL, torch_tensor, 1, LS_CALLABLE, NULL},
    {"torch.from_numpy", "(ndarray)", "A tensor over the same memory as an ndarray", NULL, NULL, torch_from_numpy, 0, LS_CALLABLE, NULL},
    {"torch.nn.Tensor torch.FloatTensor", "(*args)", "A float32 tensor of a shape, or from nested sequences", NULL, NULL, torch_Tensor, -1, LS_CALLABLE, NULL},
    {"torch.DoubleTensor", "(*args)", "A float64 tensor of a shape, or from nested sequences", NULL, NULL, torch_Tensor, LSV_FLOAT64, LS_CALLABLE, NULL},
    {"torch.LongTensor", "(*args)", "An int64 tensor of a shape, or from nested sequences", NULL, NULL, torch_Tensor, LSV_INT64, LS_CALLABLE, NULL},
    {"torch.BoolTensor", "(*args)", "A bool tensor of a shape, or from nested sequences", NULL, NULL, torch_Tensor, LSV_BOOL, LS_CALLABLE, NULL},
    {"torch.zeros", SIZED, "A tensor of zeros", NULL, "torch.zeros(2, 3)\ntensor([[0., 0., 0.],\n        [0., 0., 0.]])", torch_filled, 0, LS_CALLABLE, NULL},
    {"torch.ones", SIZED, "A tensor of ones", NULL, "torch.ones(3)\ntensor([1., 1., 1.])", torch_filled, 1, LS_CALLABLE, NULL},
    {"torch.empty", SIZED, "A new tensor whose elements are not meant to be read before they are set", NULL, NULL, torch_filled, 0, LS_CALLABLE, NULL},
    {"torch.zeros_like", LIKE, "Zeros in the shape of input", NULL, NULL, torch_filled_like, 0, LS_CALLABLE, NULL},
    {"torch.ones_like", LIKE, "Ones in the shape of input", NULL, NULL, torch_filled_like, 1, LS_CALLABLE, NULL},
    {"torch.empty_like", LIKE, "A new tensor in the shape of input", NULL, NULL, torch_filled_like, 0, LS_CALLABLE, NULL},
    {"torch.full", "(size, fill_value, *, " FACTORY ")", "A tensor of one value", NULL, NULL, torch_full, 0, LS_CALLABLE, NULL},
    {"torch.full_like", "(input, fill_value, *, " FACTORY ")", "One value in the shape of input", NULL, NULL, torch_full_like, 0, LS_CALLABLE, NULL},
    {"tensor.new_zeros", "(self, *size, " FACTORY ")", "Zeros of this tensor's dtype", NULL, NULL, tensor_new_filled, 0, LS_CALLABLE, NULL},
    {"tensor.new_ones", "(self, *size, " FACTORY ")", "Ones of this tensor's dtype", NULL, NULL, tensor_new_filled, 1, LS_CALLABLE, NULL},
    {"tensor.new_empty", "(self, *size, " FACTORY ")", "A new tensor of this tensor's dtype", NULL, NULL, tensor_new_filled, 0, LS_CALLABLE, NULL},
    {"tensor.new_full", "(self, size, fill_value, " FACTORY ")", "One value, of this tensor's dtype", NULL, NULL, tensor_new_full, 0, LS_CALLABLE, NULL},
    {"tensor.new_tensor", "(self, data, " FACTORY ")", "A tensor from data, of this tensor's dtype", NULL, NULL, tensor_new_tensor, 0, LS_CALLABLE, NULL},
    {"torch.arange", "(start, end=None, step=1, *, " FACTORY ")", "start, start + step, … below end", NULL, "torch.arange(2, 10, 3)\ntensor([2, 5, 8])", torch_arange, 0, LS_CALLABLE, NULL},
    {"torch.range", "(start, end=None, step=1, *, " FACTORY ")", "start, start + step, … up to end, which is included", NULL, NULL, torch_arange, 1, LS_CALLABLE, NULL},
    {"torch.linspace", "(start, end, steps, *, " FACTORY ")", "steps evenly spaced numbers from start to end", NULL, NULL, torch_linspace, 0, LS_CALLABLE, NULL},
    {"torch.logspace", "(start, end, steps, base=10.0, *, " FACTORY ")", "base to the power of evenly spaced numbers", NULL, NULL, torch_linspace, 1, LS_CALLABLE, NULL},
    {"torch.eye", "(n, m=None, *, " FACTORY ")", "Ones on the diagonal, zeros elsewhere", NULL, "torch.eye(2)\ntensor([[1., 0.],\n        [0., 1.]])", torch_eye, 0, LS_CALLABLE, NULL},
    {"torch.diag tensor.diag", "(input, diagonal=0)", "A diagonal of a matrix, or the matrix with input on it", NULL, NULL, torch_diag, 0, LS_CALLABLE, NULL},
    {"torch.diagflat tensor.diagflat", "(input, offset=0)", "The matrix with the elements of input on a diagonal", NULL, NULL, torch_diag, 1, LS_CALLABLE, NULL},
    {"torch.diagonal tensor.diagonal", "(input, offset=0, dim1=0, dim2=1)", "A diagonal of two axes, sharing memory", NULL, NULL, torch_diagonal, 0, LS_CALLABLE, NULL},
    {"torch.linalg.diagonal", "(A, *, offset=0, dim1=-2, dim2=-1)", "The diagonal of the last two axes, sharing memory", NULL, NULL, torch_diagonal, 0, LS_CALLABLE, NULL},
    {"torch.diag_embed tensor.diag_embed", "(input)", "The last axis onto diagonals of new matrices", NULL, NULL, torch_diag_embed, 0, LS_CALLABLE, NULL},
    {"torch.tril tensor.tril", "(input, diagonal=0)", "The matrix with zeros above a diagonal", NULL, NULL, torch_tril, 0, LS_CALLABLE, NULL},
    {"torch.triu tensor.triu", "(input, diagonal=0)", "The matrix with zeros below a diagonal", NULL, NULL, torch_tril, 1, LS_CALLABLE, NULL},
    {"tensor.tril_", "(self, diagonal=0)", "Zeros above a diagonal, in place", NULL, NULL, tensor_tril_, 0, LS_CALLABLE, NULL},
    {"tensor.triu_", "(self, diagonal=0)", "Zeros below a diagonal, in place", NULL, NULL, tensor_tril_, 1, LS_CALLABLE, NULL},
    {"torch.tril_indices", "(row, col, offset=0, *, dtype=None, device=None)", "Indices of the lower triangle, as a 2 x n tensor", NULL, NULL, torch_tri_indices, 0, LS_CALLABLE, NULL},
    {"torch.triu_indices", "(row, col, offset=0, *, dtype=None, device=None)", "Indices of the upper triangle, as a 2 x n tensor", NULL, NULL, torch_tri_indices, 1, LS_CALLABLE, NULL},
    {"tensor.fill_diagonal_", "(self, fill_value)", "fill_value onto the main diagonal", NULL, NULL, tensor_fill_diagonal_, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
