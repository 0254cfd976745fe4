/* Writing to places of a tensor that an index names: index_add, index_copy, index_fill, index_put, scatter_add,
   scatter_reduce, masked_scatter. Each gives a new tensor; the twin that ends in an underscore calls it and puts the
   result into the tensor itself. What they check, and its order, is PyTorch's. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "array/elementwise.h"
#include "base/interrupt.h"
#include "lang/builtins/arrays/composed.h"

/* ---- in place ---- */

/* The plain method's record: "tensor.addmm" of "tensor.addmm_". */
static const ls_builtin *plain_of(const ls_builtin *self) {
    char name[64];
    size_t n = strcspn(self->names, " ");
    if (n >= sizeof name) return NULL;
    memcpy(name, self->names, n - 1);
    name[n - 1] = 0;
    return ls_builtin_find(name);
}

static bool put_into(ls_work *w, lsv_array *a, const lsv_array *r) {
    char want[128], have[128];
    if (!ls_same_shape(a, r))
        return ls_raise(w->in, "RuntimeError", "output with shape %s doesn't match the broadcast shape %s", ls_sizes_text(a->ndim, a->shape, want, sizeof want),
                        ls_sizes_text(r->ndim, r->shape, have, sizeof have));
    if (lsv_dtype_is_float((lsv_dtype)r->dtype) && !lsv_dtype_is_float((lsv_dtype)a->dtype))
        return ls_raise(w->in, "RuntimeError", "result type %s can't be cast to the desired output type %s", ls_torch_type(r), ls_torch_type(a));
    return ls_ok(w, lsv_assign(a, r, &w->err));
}

/* The arguments are those of the plain method. */
BUILTIN(in_place) {
    lsv_array *a;
    ls_value r = ls_none();
    const ls_builtin *plain = plain_of(w->self);
    if (!plain) return ls_raise(w->in, "SystemError", "%s has no plain twin", w->self->names);
    if (!ls_arg(w, args, 0, &a) || !plain->function(w->in, plain, args, &r)) return false;
    bool ok = r.tag == LS_ARRAY && put_into(w, a, r.array);
    ls_drop(r);
    return ok && ls_give_kept(w, out, a);
}

/* eq_(self, other), …: op is the operation */
BUILTIN(compare_in_place) {
    lsv_array *a, *b, *r;
    return ls_arg(w, args, 0, &a) && ls_operand(w, args, 1, &b) && ls_binary_arrays(w, w->self->op, a, b, &r) && put_into(w, a, r) && ls_give_kept(w, out, a);
}

/* ---- an index along a dim ---- */

static char *cell_at(const lsv_array *a, ptrdiff_t i) { return a->data + i * (ptrdiff_t)lsv_dtype_size((lsv_dtype)a->dtype); }

/* A tensor as (before, length, after) around a dim. */
typedef struct around { ptrdiff_t before, length, after; } around;
static around around_of(const lsv_array *a, int dim) {
    around r = {1, a->ndim ? a->shape[dim] : 1, 1};
    for (int d = 0; d < dim; d++) r.before *= a->shape[d];
    for (int d = dim + 1; d < a->ndim; d++) r.after *= a->shape[d];
    return r;
}

static bool same_but_for(const lsv_array *a, const lsv_array *b, int dim) {
    bool same = a->ndim == b->ndim;
    for (int d = 0; same && d < a->ndim; d++) same = d == dim || a->shape[d] == b->shape[d];
    return same;
}

/* An argument without gaps; ints are made int64. */
static bool packed(ls_work *w, lsv_array **a, bool index) {
    if (index && (*a)->dtype != LSV_INT64 && (!ls_ok(w, lsv_as_dtype(*a, LSV_INT64, a, &w->err)) || !ls_keep(w, *a))) return false;
    return ls_ok(w, lsv_contiguous(*a, a, &w->err)) && ls_keep(w, *a);
}

/* input, dim, index */
static bool places(ls_work *w, const ls_value *args, lsv_array **a, int *dim, lsv_array **index) {
    if (!ls_arg(w, args, 0, a) || !ls_axis(w, args[1], "dim", dim) || !ls_arg(w, args, 2, index)) return false;
    if ((*a)->ndim == 0 && (*dim == 0 || *dim == -1)) { /* one element counts as a vector */
        *dim = 0;
        return true;
    }
    return ls_ok(w, lsv_axis(*a, *dim, dim, &w->err));
}

static bool add_fits(ls_work *w, const lsv_array *a, int dim, const lsv_array *ix, const lsv_array *src) {
    char x[128], y[128];
    if (!lsv_dtype_is_int((lsv_dtype)ix->dtype))
        return ls_raise(w->in, "RuntimeError", "index_add_(): Expected dtype int32/int64 for index but got: %s", ls_torch_type(ix));
    if (ix->ndim > 1)
        return ls_raise(w->in, "IndexError", "index_add_(): Index is supposed to be a vector, but got dim: %d with type: %s and size: %s", ix->ndim, ls_torch_type(ix),
                        ls_sizes_text(ix->ndim, ix->shape, x, sizeof x));
    if (a->dtype != src->dtype)
        return ls_raise(w->in, "RuntimeError", "index_add_(): self (%s) and source (%s) must have the same scalar type", ls_torch_type(a), ls_torch_type(src));
    if (src->ndim && dim >= src->ndim)
        return ls_raise(w->in, "RuntimeError", "index_add_(): Indexing dim %d is out of bounds of the source tensor with dim %d", dim, src->ndim);
    if (ix->size != (src->ndim ? src->shape[dim] : 1))
        return ls_raise(w->in, "RuntimeError", "index_add_(): Number of indices (%td) should be equal to source.size(dim): (%td), for dim: %d", ix->size,
                        src->ndim ? src->shape[dim] : 1, dim);
    return same_but_for(a, src, dim) || ls_raise(w->in, "RuntimeError",
                                                 "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = %s source.shape = %s",
                                                 ls_sizes_text(a->ndim, a->shape, x, sizeof x), ls_sizes_text(src->ndim, src->shape, y, sizeof y));
}

static bool copy_fits(ls_work *w, const lsv_array *a, int dim, const lsv_array *ix, const lsv_array *src) {
    char x[128], y[128];
    ptrdiff_t n = src->ndim ? src->shape[dim < src->ndim ? dim : 0] : 1;
    if (ix->ndim > 1) return ls_raise(w->in, "IndexError", "index_copy_(): Index should have dimension 1 or 0 (got %d)", ix->ndim);
    if (src->ndim == 0 && ix->size != 1)
        return ls_raise(w->in, "IndexError", "index_copy_(): When source is scalar, index should have one element (got %td)", ix->size);
    if (src->ndim != a->ndim && src->ndim && a->ndim)
        return ls_raise(w->in, "IndexError",
                        "index_copy_(): When source and destination are not scalars, their dimensionality must match. Source dimensionality (%d), destination dimensionality (%d)",
                        src->ndim, a->ndim);
    if (ix->dtype != LSV_INT64) return ls_raise(w->in, "RuntimeError", "index_copy_(): Expected a long tensor for index, but got %s", ls_torch_type(ix));
    if (a->dtype != src->dtype)
        return ls_raise(w->in, "RuntimeError", "index_copy_(): self and source expected to have the same dtype, but got (self) %s and (source) %s", ls_torch_type(a), ls_torch_type(src));
    around m = around_of(a, dim);
    if (!same_but_for(a, src, dim) && (m.before * m.after != 1 || src->size != n)) {
        ptrdiff_t to[LSV_MAXDIM], from[LSV_MAXDIM];
        int nt = 0, nf = 0;
        for (int d = 0; d < a->ndim; d++)
            if (d != dim) to[nt++] = a->shape[d];
        for (int d = 0; d < src->ndim; d++)
            if (d != dim) from[nf++] = src->shape[d];
        ls_sizes_text(nt, to, x, sizeof x), ls_sizes_text(nf, from, y, sizeof y);
        x[strlen(x) - 1] = y[strlen(y) - 1] = 0; /* without the brackets */
        return ls_raise(w->in, "RuntimeError",
                        "index_copy_(): Source/destination tensor must have same slice shapes. Destination slice shape: %s at dimension %d and source slice shape: %s at dimension 0.",
                        x + 1, dim, y + 1);
    }
    return ix->size == n || ls_raise(w->in, "IndexError", "index_copy_(): Number of indices (%td) should be equal to source.size(dim) (%td)", ix->size, n);
}

static bool in_bounds(ls_work *w, const lsv_array *ix, ptrdiff_t n, int dim, bool negative, const char *class, const char *who) {
    const int64_t *at = lsv_data(ix);
    for (ptrdiff_t k = 0; k < ix->size; k++)
        if (at[k] >= n || at[k] < (negative ? -n : 0))
            return ls_raise(w->in, class, "%sindex %lld is out of bounds for dimension %d with size %td", who, (long long)at[k], dim, n);
    return true;
}

/* index_copy(input, dim, index, source) (op 0), index_add(input, dim, index, source, *, alpha=1) (op 1) */
BUILTIN(index_into) {
    bool add = w->self->op;
    lsv_array *a, *ix, *src, *r;
    int dim;
    if (!places(w, args, &a, &dim, &ix) || !ls_arg(w, args, 3, &src) || !(add ? add_fits : copy_fits)(w, a, dim, ix, src)) return false;
    if (add && !(args[4].tag == LS_INT && args[4].i == 1)) {
        lsv_array *alpha;
        if (!ls_operand(w, args, 4, &alpha) || !ls_binary_arrays(w, LSV_OP_MUL, src, alpha, &src)) return false;
    }
    if (!ls_ok(w, lsv_copy(a, &r, &w->err)) || !ls_keep(w, r) || !packed(w, &ix, true) || !packed(w, &src, false)) return false;
    around m = around_of(a, dim);
    if (!in_bounds(w, ix, m.length, dim, false, add ? "RuntimeError" : "IndexError", add ? "" : "index_copy_(): ")) return false;
    const int64_t *at = lsv_data(ix);
    lsv_dtype t = (lsv_dtype)a->dtype, s = (lsv_dtype)src->dtype;
    for (ptrdiff_t i = 0; i < m.before; i++)
        for (ptrdiff_t k = 0; k < ix->size; k++) {
            if (lsv_interrupt_flag && ls_interrupted(w->in)) return false;
            for (ptrdiff_t j = 0; j < m.after; j++) {
                char *to = cell_at(r, (i * m.length + at[k]) * m.after + j);
                lsv_scalar x = lsv_load(s, cell_at(src, (i * ix->size + k) * m.after + j)), old = lsv_load(t, to);
                if (add) x = lsv_dtype_is_float(t) ? lsv_scalar_float(old.f + lsv_scalar_as_double(x)) : lsv_scalar_int((int64_t)((uint64_t)old.i + (uint64_t)x.i));
                lsv_store(t, to, x);
            }
        }
    return ls_give_kept(w, out, r);
}

/* index_fill(input, dim, index, value) */
BUILTIN(index_fill) {
    lsv_array *a, *ix, *value, *r;
    int dim;
    if (!places(w, args, &a, &dim, &ix) || !ls_operand(w, args, 3, &value)) return false;
    if (value->ndim)
        return ls_raise(w->in, "RuntimeError", "index_fill_ only supports a 0-dimensional value tensor, but got tensor with %d dimension(s).", value->ndim);
    if (ix->dtype != LSV_INT64) return ls_raise(w->in, "IndexError", "index_fill_(): Expected dtype int64 for index.");
    if (ix->ndim > 1) return ls_raise(w->in, "RuntimeError", "Index has to be a vector/scalar");
    if (!ls_ok(w, lsv_copy(a, &r, &w->err)) || !ls_keep(w, r) || !packed(w, &ix, true)) return false;
    around m = around_of(a, dim);
    if (!in_bounds(w, ix, m.length, dim, true, "IndexError", "")) return false;
    const int64_t *at = lsv_data(ix);
    lsv_scalar x = lsv_item(value, NULL);
    if (!lsv_dtype_is_float((lsv_dtype)a->dtype) && lsv_dtype_is_float(x.dtype)) x = lsv_scalar_int((int64_t)x.f);
    for (ptrdiff_t i = 0; i < m.before; i++)
        for (ptrdiff_t k = 0; k < ix->size; k++)
            for (ptrdiff_t j = 0; j < m.after; j++)
                lsv_store((lsv_dtype)a->dtype, cell_at(r, (i * m.length + at[k] + (at[k] < 0 ? m.length : 0)) * m.after + j), x);
    return ls_give_kept(w, out, r);
}

/* ---- an index per element ---- */

enum { SUM, PROD, MEAN, AMAX, AMIN };

static bool scatter_fits(ls_work *w, const lsv_array *a, int dim, const lsv_array *ix, const lsv_array *src) {
    char x[128], y[128], z[128];
    if (!lsv_dtype_is_int((lsv_dtype)ix->dtype)) return ls_raise(w->in, "RuntimeError", "scatter(): Expected dtype int32/int64 for index");
    if (a->dtype != src->dtype) return ls_raise(w->in, "RuntimeError", "scatter(): Expected self.dtype to be equal to src.dtype");
    if (ix->size == 0) return true;
    int n = a->ndim ? a->ndim : 1;
    if (n != (ix->ndim ? ix->ndim : 1)) return ls_raise(w->in, "RuntimeError", "Index tensor must have the same number of dimensions as self tensor");
    if (n != (src->ndim ? src->ndim : 1)) return ls_raise(w->in, "RuntimeError", "Index tensor must have the same number of dimensions as src tensor");
    bool fits = true;
    for (int d = 0; d < ix->ndim; d++) fits = fits && (d == dim || ix->shape[d] <= a->shape[d]) && ix->shape[d] <= (src->ndim ? src->shape[d] : 1);
    return fits || ls_raise(w->in, "RuntimeError", "Expected index %s to be no larger than self %s apart from dimension %d and to be no larger size than src %s",
                            ls_sizes_text(ix->ndim, ix->shape, x, sizeof x), ls_sizes_text(a->ndim, a->shape, y, sizeof y), dim,
                            ls_sizes_text(src->ndim, src->shape, z, sizeof z));
}

static lsv_scalar combined(int op, lsv_scalar old, lsv_scalar x) {
    if (!lsv_dtype_is_float(old.dtype)) {
        uint64_t p = (uint64_t)old.i, q = (uint64_t)x.i;
        return lsv_scalar_int(op == AMAX ? (old.i > x.i ? old.i : x.i) : op == AMIN ? (old.i < x.i ? old.i : x.i) : (int64_t)(op == PROD ? p * q : p + q));
    }
    if (op == AMAX) return lsv_scalar_float(old.f > x.f || isnan(old.f) ? old.f : x.f);
    if (op == AMIN) return lsv_scalar_float(old.f < x.f || isnan(old.f) ? old.f : x.f);
    return lsv_scalar_float(op == PROD ? old.f * x.f : old.f + x.f);
}

/* r's elements combined with src's; count, of r's shape, says how many came to each (NULL: not wanted). With `anew` the
   first to come replaces what was there. */
static bool scatter_all(ls_work *w, int op, bool anew, lsv_array *r, int dim, const lsv_array *ix, const lsv_array *src, int64_t *count) {
    ptrdiff_t at[LSV_MAXDIM] = {0};
    const int64_t *where = lsv_data(ix);
    for (ptrdiff_t k = 0; k < ix->size; k++) {
        if (lsv_stop_at(k) && ls_interrupted(w->in)) return false;
        ptrdiff_t rest = k, to = 0;
        for (int d = ix->ndim - 1; d >= 0; d--) at[d] = rest % ix->shape[d], rest /= ix->shape[d];
        for (int d = 0; d < r->ndim; d++) to += (d == dim ? where[k] : at[d]) * r->strides[d];
        lsv_scalar x = lsv_item(src, src->ndim ? at : NULL);
        if (!(anew && count[to] == 0)) x = combined(op, lsv_load((lsv_dtype)r->dtype, cell_at(r, to)), x);
        if (count) count[to]++;
        lsv_store((lsv_dtype)r->dtype, cell_at(r, to), x);
    }
    return true;
}

/* The sums become means: of integers rounded down. */
static void divide(lsv_array *r, const int64_t *count, bool self) {
    for (ptrdiff_t i = 0; i < r->size; i++) {
        int64_t n = count[i] + self;
        if (n <= 1) continue;
        lsv_scalar x = lsv_load((lsv_dtype)r->dtype, cell_at(r, i));
        int64_t down = x.i / n - (x.i % n < 0);
        lsv_store((lsv_dtype)r->dtype, cell_at(r, i), lsv_dtype_is_float(x.dtype) ? lsv_scalar_float(x.f / (double)n) : lsv_scalar_int(down));
    }
}

static bool reduction(ls_work *w, ls_value v, int *op) {
    static const char *const names[] = {"sum", "prod", "mean", "amax", "amin"};
    const char *text;
    if (!ls_as_text(w->in, v, "reduce", &text)) return false;
    for (*op = SUM; *op <= AMIN; ++*op)
        if (strcmp(text, names[*op]) == 0) return true;
    return ls_raise(w->in, "RuntimeError", "reduce argument must be either sum, prod, mean, amax or amin, got %s", text);
}

/* scatter_add(input, dim, index, src), scatter_reduce(input, dim, index, src, reduce, *, include_self=True) (op 1) */
BUILTIN(scatter_into) {
    lsv_array *a, *ix, *src, *r, *counts = NULL;
    int dim, op = SUM;
    bool self = true;
    if (w->self->op && (!reduction(w, args[4], &op) || !ls_truth(w->in, args[5], &self))) return false;
    if (!places(w, args, &a, &dim, &ix) || !ls_arg(w, args, 3, &src) || !scatter_fits(w, a, dim, ix, src)) return false;
    if (!ls_ok(w, lsv_copy(a, &r, &w->err)) || !ls_keep(w, r) || !packed(w, &ix, true)) return false;
    if (!in_bounds(w, ix, a->ndim ? a->shape[dim] : 1, dim, false, "RuntimeError", "")) return false;
    if ((op == MEAN || !self) && (!ls_ok(w, lsv_zeros(LSV_TORCH, LSV_INT64, a->ndim, a->shape, &counts, &w->err)) || !ls_keep(w, counts))) return false;
    if (!scatter_all(w, op, !self, r, dim, ix, src, counts ? lsv_data(counts) : NULL)) return false;
    if (op == MEAN) divide(r, lsv_data(counts), self);
    return ls_give_kept(w, out, r);
}

/* ---- a mask, or an index per dim ---- */

/* masked_scatter(input, mask, source): both are broadcast first */
BUILTIN(masked_scatter) {
    lsv_array *a, *mask, *src, *r;
    int ndim;
    ptrdiff_t shape[LSV_MAXDIM], used = 0;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &mask) || !ls_arg(w, args, 2, &src)) return false;
    if (a->dtype != src->dtype)
        return ls_raise(w->in, "RuntimeError", "masked_scatter: expected self and source to have same dtypes but got%s and %s", ls_torch_type(a), ls_torch_type(src));
    if (mask->dtype != LSV_BOOL) return ls_raise(w->in, "RuntimeError", "masked_scatter_ only supports boolean masks, but got mask with dtype %s", ls_torch_type(mask));
    if (!ls_ok(w, lsv_broadcast(a, mask, &ndim, shape, &w->err)) || !ls_ok(w, lsv_broadcast_to(a, ndim, shape, &a, &w->err)) || !ls_keep(w, a) ||
        !ls_ok(w, lsv_broadcast_to(mask, ndim, shape, &mask, &w->err)) || !ls_keep(w, mask) || !ls_ok(w, lsv_copy(a, &r, &w->err)) || !ls_keep(w, r) ||
        !packed(w, &mask, false) || !packed(w, &src, false))
        return false;
    const uint8_t *on = lsv_data(mask);
    for (ptrdiff_t i = 0; i < r->size; i++) {
        if (lsv_stop_at(i) && ls_interrupted(w->in)) return false;
        if (!on[i]) continue;
        if (used == src->size) return ls_raise(w->in, "RuntimeError", "Number of elements of source < number of ones in mask");
        lsv_store((lsv_dtype)r->dtype, cell_at(r, i), lsv_load((lsv_dtype)src->dtype, cell_at(src, used++)));
    }
    return ls_give_kept(w, out, r);
}

/* index_put(input, indices, values, accumulate=False): a[indices] = values, or += with every repeat counted */
BUILTIN(index_put) {
    static const char formula[] =
        "a, at, v, add: (lambda flat, ix: (flat.index_add if add else flat.index_copy)(0, ix.reshape(-1), torch.broadcast_to(v, ix.shape).reshape(-1))"
        ".reshape(a.shape))(a.reshape(-1), torch.arange(a.numel()).reshape(a.shape)[tuple(at)])";
    lsv_array *a, *v;
    bool add;
    if (!ls_arg(w, args, 0, &a)) return false;
    if (args[1].tag != LS_TUPLE && args[1].tag != LS_LIST)
        return ls_raise(w->in, "TypeError", "%s(): argument 'indices' (position 1) must be tuple of Tensors, not %s", ls_builtin_short_name(w->self),
                        ls_is_tensor(args[1]) ? "Tensor" : ls_type_of(args[1])->shown);
    if (!ls_arg(w, args, 2, &v) || !ls_truth(w->in, args[3], &add)) return false;
    if (a->dtype != v->dtype)
        return ls_raise(w->in, "RuntimeError", "Index put requires the source and destination dtypes match, got %s for the destination and %s for the source.", ls_torch_type(a),
                        ls_torch_type(v));
    return ls_compose(w, out, formula, (ls_value[]){args[0], args[1], args[2], ls_bool(add)}, 4, "IndexPutBackward0");
}

#define TWIN(name, signature, summary) {"tensor." name "_", signature, summary ", in place", NULL, NULL, in_place, 0, LS_CALLABLE, NULL}
#define COMPARED(name, sign, op) {"tensor." name "_", "(self, other)", "self " sign " other as numbers of self's dtype, in place", NULL, NULL, compare_in_place, op, LS_CALLABLE, NULL}
#define BOTH(name, signature, summary, doc, f, op) \
    {"torch." name " tensor." name, signature, summary, doc, NULL, f, op, LS_CALLABLE, NULL}, TWIN(name, signature, summary)
#define PLUS "(input, mat1, mat2, *, beta=1, alpha=1)"

const ls_builtin ls_family_indexed[] = {
    BOTH("index_add", "(input, dim, index, source, *, alpha=1)", "Slices alpha * source added to the slices of a dim that index names",
         "index is a vector of as many numbers as source has slices along dim; slices named twice are added twice.\n"
         "Where a gradient is collected, a matrix of as many rows as input has slices and as many columns as index has numbers is made.", index_into, 1),
    BOTH("index_copy", "(input, dim, index, source)", "Slices of source in place of the slices of a dim that index names",
         "index is a vector of as many numbers as source has slices along dim.", index_into, 0),
    BOTH("index_fill", "(input, dim, index, value)", "A value in all slices of a dim that index names", "index is a vector; value a number or a tensor without dims.", index_fill, 0),
    BOTH("index_put", "(input, indices, values, accumulate=False)", "values at the places that input[indices] names",
         "indices is a tuple of tensors; values broadcasts to their shape. accumulate=True adds, and counts a place as often as it is named.", index_put, 0),
    BOTH("scatter_add", "(input, dim, index, src)", "Elements of src added to elements that an index names along a dim",
         "index has as many dims as input, and none longer than src's. Element src[i, j] goes to [index[i, j], j] for dim 0, to [i, index[i, j]] for dim 1.\n"
         "Where a gradient is collected, a tensor of as many elements as index has, times input's length along dim, is made.", scatter_into, 0),
    BOTH("scatter_reduce", "(input, dim, index, src, reduce, *, include_self=True)", "Sums, products, means or extremes of elements of src by an index along a dim",
         "As scatter_add, with reduce= \"sum\", \"prod\", \"mean\", \"amax\" or \"amin\". include_self=False leaves out what input holds there.", scatter_into, 1),
    BOTH("masked_scatter", "(input, mask, source)", "The elements of source, in order, where the mask holds", "mask broadcasts with input; source may have more elements than are used.",
         masked_scatter, 0),
    TWIN("addmm", PLUS, "beta * self + alpha * (mat1 @ mat2)"),
    TWIN("addmv", "(input, mat, vec, *, beta=1, alpha=1)", "beta * self + alpha * (mat @ vec)"),
    TWIN("addr", "(input, vec1, vec2, *, beta=1, alpha=1)", "beta * self + alpha * outer(vec1, vec2)"),
    TWIN("baddbmm", "(input, batch1, batch2, *, beta=1, alpha=1)", "beta * self + alpha * (batch1 @ batch2)"),
    TWIN("addcmul", "(input, tensor1, tensor2, *, value=1)", "self + value * tensor1 * tensor2"),
    TWIN("addcdiv", "(input, tensor1, tensor2, *, value=1)", "self + value * tensor1 / tensor2"),
    TWIN("lerp", "(input, end, weight)", "self + weight * (end - self)"),
    TWIN("cumsum", "(input, dim=None, *, dtype=None, axis=None)", "Running sum along a dim"),
    TWIN("cumprod", "(input, dim=None, *, dtype=None, axis=None)", "Running product along a dim"),
    COMPARED("eq", "==", LSV_OP_EQ), COMPARED("ne", "!=", LSV_OP_NE), COMPARED("lt", "<", LSV_OP_LT),
    COMPARED("le", "<=", LSV_OP_LE), COMPARED("gt", ">", LSV_OP_GT), COMPARED("ge", ">=", LSV_OP_GE),
    {.names = NULL}};
