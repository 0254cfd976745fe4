/* Basic indexing: integers, slices, newaxis and an ellipsis make a view in one pass over the
   items. The same pass serves reading (into a new handle) and writing (into one on the C
   stack). An array among the items goes to index_array.c. */
#include "array/array.h"

#include "array/inside.h"

/* How many dimensions an item takes up: a bool mask its own number, newaxis none. */
static int item_dims(const lsv_index *item) {
    if (item->type == LSV_IX_ARRAY) return item->array->dtype == LSV_BOOL ? item->array->ndim : 1;
    return item->type == LSV_IX_INT || item->type == LSV_IX_SLICE;
}

int lsv_index_dims(const lsv_index *items, int n) {
    int used = 0;
    for (int i = 0; i < n; i++) used += item_dims(&items[i]);
    return used;
}

lsv_status lsv_too_many_indices(const lsv_array *a, const lsv_index *items, int n, lsv_error *err) {
    if (a->kind == LSV_NUMPY)
        return lsv_fail(err, LSV_EINDEX,
                        "too many indices for array: array is %d-dimensional, but %d were indexed",
                        (int)a->ndim, lsv_index_dims(items, n));
    if (a->ndim == 0 && n > 0 && items[0].type == LSV_IX_INT)
        return lsv_fail(
            err, LSV_EINDEX,
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to "
            "convert a 0-dim tensor to a number");
    return lsv_fail(err, LSV_EINDEX, "too many indices for tensor of dimension %d", (int)a->ndim);
}

lsv_status lsv_out_of_bounds(lsv_kind kind, ptrdiff_t index, int axis, ptrdiff_t length, lsv_error *err) {
    return lsv_fail(err, LSV_EINDEX, "index %td is out of bounds for %s %d with size %td", index,
                    kind == LSV_TORCH ? "dimension" : "axis", axis, length);
}

/* That there are too many items is said before what is wrong with one of them. */
static lsv_status bad_integer(const lsv_array *a, const lsv_index *items, int n, ptrdiff_t index, int dim,
                              lsv_error *err) {
    if (lsv_index_dims(items, n) > a->ndim) return lsv_too_many_indices(a, items, n, err);
    return lsv_out_of_bounds((lsv_kind)a->kind, index, dim, a->shape[dim], err);
}

static lsv_status bad_step(const lsv_array *a, const lsv_index *items, int n, ptrdiff_t step,
                           lsv_error *err) {
    if (lsv_index_dims(items, n) > a->ndim) return lsv_too_many_indices(a, items, n, err);
    return lsv_fail(err, LSV_EVALUE, step ? "step must be greater than zero" : "slice step cannot be zero");
}

/* Python's slice.indices: where it starts and how many there are. */
static inline ptrdiff_t slice_length(const lsv_index *s, ptrdiff_t length, ptrdiff_t *first) {
    ptrdiff_t start = s->start, stop = s->stop;
    if (s->step > 0) {
        if (!s->has_start) start = 0;
        else if (start < 0) start = start < -length ? 0 : start + length;
        else if (start > length) start = length;
        if (!s->has_stop) stop = length;
        else if (stop < 0) stop = stop < -length ? 0 : stop + length;
        else if (stop > length) stop = length;
        *first = start;
        if (stop <= start) return 0;
        return s->step == 1 ? stop - start : (stop - start - 1) / s->step + 1;
    }
    if (!s->has_start) start = length - 1;
    else if (start < 0) start = start < -length ? -1 : start + length;
    else if (start >= length) start = length - 1;
    if (!s->has_stop) stop = -1;
    else if (stop < 0) stop = stop < -length ? -1 : stop + length;
    else if (stop >= length) stop = length - 1;
    *first = start;
    if (start <= stop) {
        *first = start < 0 ? 0 : start;
        return 0;
    }
    size_t back = (size_t)0 - (size_t)s->step;
    return (ptrdiff_t)((size_t)(start - stop - 1) / back) + 1;
}

static lsv_status too_wide(lsv_error *err) {
    return lsv_fail(err, LSV_EINDEX, "number of dimensions must be within [0, %d]", LSV_MAXDIM);
}

/* resolve met an index array: not for this file. */
#define HAS_ARRAYS ((lsv_status)-1)

static inline lsv_status resolve(const lsv_array *a, const lsv_index *items, int n, lsv_array *v,
                                 lsv_error *err) {
    int dim = 0, nd = 0;
    bool ellipsis = false;
    ptrdiff_t offset = 0, size = 1;
    for (const lsv_index *item = items, *end = items + n; item < end; item++) {
        ptrdiff_t length = 1, stride = 0;
        if (item->type == LSV_IX_INT) {
            if (dim >= a->ndim) return lsv_too_many_indices(a, items, n, err);
            ptrdiff_t i = item->start;
            length = a->shape[dim];
            if (i < 0) i += length;
            if ((size_t)i >= (size_t)length) return bad_integer(a, items, n, item->start, dim, err);
            offset += i * a->strides[dim++];
            continue;
        }
        if (item->type == LSV_IX_SLICE) {
            if (dim >= a->ndim) return lsv_too_many_indices(a, items, n, err);
            if (item->step == 0 || (item->step < 0 && a->kind == LSV_TORCH))
                return bad_step(a, items, n, item->step, err);
            ptrdiff_t first;
            length = slice_length(item, a->shape[dim], &first);
            stride = a->strides[dim++];
            offset += first * stride;
            if (length > 1) stride *= item->step;
        } else if (item->type == LSV_IX_ELLIPSIS) {
            if (ellipsis && a->kind == LSV_NUMPY)
                return lsv_fail(err, LSV_EINDEX, "an index can only have a single ellipsis ('...')");
            int left = ellipsis ? 0 : a->ndim - lsv_index_dims(items, n);
            ellipsis = true;
            for (; left > 0; left--, dim++) {
                if (nd == LSV_MAXDIM) return too_wide(err);
                v->shape[nd] = a->shape[dim];
                v->strides[nd++] = a->strides[dim];
                size *= a->shape[dim];
            }
            continue;
        } else if (item->type == LSV_IX_ARRAY) {
            return HAS_ARRAYS;
        }
        if (nd == LSV_MAXDIM) return too_wide(err);
        v->shape[nd] = length;
        v->strides[nd++] = stride;
        size *= length;
    }
    for (; dim < a->ndim; dim++) {
        if (nd == LSV_MAXDIM) return too_wide(err);
        v->shape[nd] = a->shape[dim];
        v->strides[nd++] = a->strides[dim];
        size *= a->shape[dim];
    }
    v->ndim = (uint8_t)nd;
    v->size = size;
    v->data = a->data + offset * (ptrdiff_t)lsv_dtype_size(a->dtype);
    return LSV_OK;
}

lsv_status lsv_index_resolve(const lsv_array *a, const lsv_index *items, int n, lsv_array *v,
                             lsv_error *err) {
    return resolve(a, items, n, v, err);
}

static bool all_integers(const lsv_index *items, int n) {
    for (int k = 0; k < n; k++)
        if (items[k].type != LSV_IX_INT) return false;
    return true;
}

/* A scalar on the C stack has no storage to view: index its copy. */
static lsv_status get_from_copy(const lsv_array *a, const lsv_index *items, int n, lsv_array **out,
                                lsv_error *err) {
    lsv_array *own;
    LSV_TRY(lsv_copy(a, &own, err));
    lsv_status status = lsv_index_get(own, items, n, out, err);
    lsv_release(own);
    return status;
}

lsv_status lsv_index_get(lsv_array *a, const lsv_index *items, int n, lsv_array **out, lsv_error *err) {
    if (__builtin_expect(!a->storage, 0)) return get_from_copy(a, items, n, out, err);
    lsv_array *v = lsv_handle(a);
    if (__builtin_expect(!v, 0)) return lsv_no_memory(err, sizeof(lsv_block));
    lsv_status status = resolve(a, items, n, v, err);
    if (__builtin_expect(status == LSV_OK, 1)) {
        *out = v;
        return LSV_OK;
    }
    lsv_release(v);
    return status == HAS_ARRAYS ? lsv_index_array_get(a, items, n, out, err) : status;
}

lsv_status lsv_index_set(lsv_array *a, const lsv_index *items, int n, const lsv_array *value,
                         lsv_error *err) {
    if (a->kind == LSV_NUMPY && value->ndim > 0 && n == a->ndim && all_integers(items, n))
        return lsv_fail(err, LSV_EVALUE, "setting an array element with a sequence.");
    lsv_array v; /* not cleared: this is a[i, j] = x */
    v.refs = 1;
    v.dtype = a->dtype;
    v.kind = a->kind;
    v.flags = a->flags & LSV_READONLY;
    v.device = a->device;
    v.storage = a->storage;
    v.tape = NULL;
    lsv_status status = resolve(a, items, n, &v, err);
    if (status == LSV_OK) return lsv_assign(&v, value, err);
    return status == HAS_ARRAYS ? lsv_index_array_set(a, items, n, value, err) : status;
}
