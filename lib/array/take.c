/* Taking elements by index along an axis, and finding those that are not zero. */
#include "array/array.h"

#include "array/inside.h"
#include "array/mirror.h"
#include "base/interrupt.h"

/* Indices as int64: NumPy casts within the kind, PyTorch asks for integers. */
static lsv_status integer_indices(lsv_kind kind, const lsv_array *indices, lsv_array **out, lsv_error *err) {
    lsv_dtype dtype = (lsv_dtype)indices->dtype;
    if (lsv_dtype_is_float(dtype) && indices->size > 0) {
        if (kind == LSV_TORCH) return lsv_fail(err, LSV_ERUNTIME, "index must be an integer tensor");
        return lsv_fail(
            err, LSV_ETYPE,
            "Cannot cast array data from dtype('%s') to dtype('int64') according to the rule 'same_kind'",
            lsv_dtype_name(dtype));
    }
    return lsv_astype(indices, LSV_INT64, out, err);
}

static lsv_status check_bounds(lsv_kind kind, const lsv_array *indices, ptrdiff_t length, int axis, bool flat,
                               lsv_error *err) {
    const int64_t *x = lsv_data(indices);
    for (ptrdiff_t i = 0; i < indices->size; i++) {
        if (lsv_stop_at(i)) return lsv_poll(err);
        int64_t low = kind == LSV_TORCH && !flat ? 0 : -length;
        if (x[i] >= low && x[i] < length) continue;
        if (kind == LSV_NUMPY && length == 0)
            return lsv_fail(err, LSV_EINDEX, "cannot do a non-empty take from an empty axes.");
        if (kind == LSV_NUMPY) return lsv_out_of_bounds(kind, (ptrdiff_t)x[i], axis, length, err);
        if (flat)
            return lsv_fail(err, LSV_EINDEX,
                            "out of range: tried to access index %td on a tensor of %td elements.",
                            (ptrdiff_t)x[i], length);
        return lsv_fail(err, LSV_EINDEX, "index out of range in self");
    }
    return LSV_OK;
}

lsv_status lsv_take(const lsv_array *a, const lsv_array *indices, int axis, bool flat, lsv_array **out,
                    lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    LSV_TRY(lsv_host(indices, err));
    lsv_array *from, *ints, *got = NULL;
    int at = 0;
    if (!flat && (a->ndim > 0 || axis != 0)) LSV_TRY(lsv_axis(a, axis, &at, err));
    LSV_TRY(integer_indices((lsv_kind)a->kind, indices, &ints, err));
    lsv_status status = flat || a->ndim == 0 ? lsv_ravel((lsv_array *)a, false, &from, err)
                                             : lsv_contiguous((lsv_array *)a, &from, err);
    if (status != LSV_OK) {
        lsv_release(ints);
        return status;
    }
    lsv_index items[LSV_MAXDIM];
    for (int i = 0; i < at; i++) items[i] = (lsv_index){.type = LSV_IX_SLICE, .step = 1};
    items[at] = (lsv_index){.type = LSV_IX_ARRAY, .array = ints};
    status = check_bounds((lsv_kind)a->kind, ints, from->shape[at], at, flat, err);
    if (status == LSV_OK) status = lsv_index_get(from, items, at + 1, &got, err);
    if (status == LSV_OK && ints->ndim == 0) { /* one integer gave a view */
        status = lsv_copy(got, out, err);
        lsv_release(got);
    } else if (status == LSV_OK) {
        *out = got;
    }
    lsv_release(from);
    lsv_release(ints);
    return status;
}

/* ---- take_along_axis, gather ---- */

/* The shape that indices and a (but for the axis) have together. */
static lsv_status along_shape(const lsv_array *a, const lsv_array *indices, int axis, ptrdiff_t *shape,
                              lsv_error *err) {
    char one[LSV_SHAPE_TEXT], two[LSV_SHAPE_TEXT];
    ptrdiff_t arr[LSV_MAXDIM];
    for (int i = 0; i < a->ndim; i++) {
        ptrdiff_t x = indices->shape[i], n = a->shape[i];
        shape[i] = x;
        if (i == axis || n == x) continue;
        if (a->kind == LSV_TORCH) {
            if (x < n) continue;
            return lsv_fail(
                err, LSV_ERUNTIME,
                "Size does not match at dimension %d expected index %s to be no larger than self %s apart "
                "from dimension %d",
                i, lsv_shape_list(indices->ndim, indices->shape, one, sizeof one),
                lsv_shape_list(a->ndim, a->shape, two, sizeof two), axis);
        }
        if (x == 1) shape[i] = n;
        else if (n != 1) {
            for (int d = 0; d < a->ndim; d++) arr[d] = d == axis ? 1 : a->shape[d];
            return lsv_fail(
                err, LSV_EINDEX,
                "shape mismatch: indexing arrays could not be broadcast together with shapes %s %s ",
                lsv_shape_tight(indices->ndim, indices->shape, one, sizeof one),
                lsv_shape_tight(a->ndim, arr, two, sizeof two));
        }
    }
    return LSV_OK;
}

/* out[i…] = a[i… with index[i…] at the axis]; index is dense and has out's shape. */
static lsv_status along_fill(const lsv_array *a, const lsv_array *index, int axis, lsv_array *out,
                             lsv_error *err) {
    size_t item = lsv_dtype_size((lsv_dtype)a->dtype);
    const int64_t *x = lsv_data(index);
    ptrdiff_t at[LSV_MAXDIM] = {0}, step[LSV_MAXDIM], base = 0, length = a->shape[axis];
    for (int i = 0; i < a->ndim; i++) step[i] = i == axis || (a->shape[i] == 1) ? 0 : a->strides[i];
    for (ptrdiff_t k = 0; k < out->size; k++) {
        if (lsv_stop_at(k)) return lsv_poll(err);
        ptrdiff_t i = (ptrdiff_t)x[k];
        if (i < 0 && a->kind == LSV_NUMPY) i += length;
        if ((size_t)i >= (size_t)length) {
            lsv_out_of_bounds((lsv_kind)a->kind, (ptrdiff_t)x[k], axis, length, err);
            if (a->kind == LSV_TORCH && err) err->status = LSV_ERUNTIME;
            return a->kind == LSV_TORCH ? LSV_ERUNTIME : LSV_EINDEX;
        }
        lsv_move(out->data + (size_t)k * item, a->data + (base + i * a->strides[axis]) * (ptrdiff_t)item,
                 item);
        for (int d = a->ndim - 1; d >= 0; d--) {
            base += step[d];
            if (++at[d] < out->shape[d]) break;
            base -= step[d] * at[d];
            at[d] = 0;
        }
    }
    return LSV_OK;
}

lsv_status lsv_take_along(const lsv_array *a, const lsv_array *indices, int axis, lsv_array **out,
                          lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    LSV_TRY(lsv_host(indices, err));
    int at;
    ptrdiff_t shape[LSV_MAXDIM];
    if (a->ndim == 0 && indices->ndim == 0 && a->kind == LSV_TORCH && axis >= -1 && axis <= 0)
        return lsv_take(a, indices, 0, true, out, err);
    LSV_TRY(lsv_axis(a, axis, &at, err));
    if (a->ndim != indices->ndim) {
        if (a->kind == LSV_TORCH)
            return lsv_fail(err, LSV_ERUNTIME,
                            "Index tensor must have the same number of dimensions as input tensor");
        return lsv_fail(err, LSV_EVALUE, "`indices` and `arr` must have the same number of dimensions");
    }
    if (!lsv_dtype_is_int((lsv_dtype)indices->dtype)) {
        if (a->kind == LSV_TORCH)
            return lsv_fail(err, LSV_ERUNTIME, "gather(): Expected dtype int32/int64 for index");
        return lsv_fail(err, LSV_EINDEX, "`indices` must be an integer array");
    }
    LSV_TRY(along_shape(a, indices, at, shape, err));
    lsv_array *ints = NULL, *wide = NULL, *dense = NULL, *v = NULL;
    lsv_status status = lsv_as_dtype((lsv_array *)indices, LSV_INT64, &ints, err);
    if (status == LSV_OK) status = lsv_broadcast_to(ints, a->ndim, shape, &wide, err);
    if (status == LSV_OK) status = lsv_contiguous(wide, &dense, err);
    if (status == LSV_OK) status = lsv_empty((lsv_kind)a->kind, (lsv_dtype)a->dtype, a->ndim, shape, &v, err);
    if (status == LSV_OK) status = along_fill(a, dense, at, v, err);
    lsv_release(ints);
    lsv_release(wide);
    lsv_release(dense);
    if (status != LSV_OK) lsv_release(v);
    else *out = v;
    return status;
}

/* ---- nonzero ---- */

static void nonzero_fill(const lsv_array *truth, lsv_array *const *found) {
    const uint8_t *x = lsv_data(truth);
    int64_t *to[LSV_MAXDIM];
    int nd = truth->ndim;
    ptrdiff_t at[LSV_MAXDIM] = {0}, k = 0;
    for (int d = 0; d < nd; d++) to[d] = lsv_data(found[d]);
    for (ptrdiff_t i = 0; i < truth->size && !lsv_stop_at(i); i++) {
        if (x[i]) {
            for (int d = 0; d < nd; d++) to[d][k] = at[d];
            k++;
        }
        for (int d = nd - 1; d >= 0 && ++at[d] == truth->shape[d]; d--) at[d] = 0;
    }
}

lsv_status lsv_nonzero(const lsv_array *a, lsv_array **out, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    if (a->ndim == 0)
        return lsv_fail(
            err, LSV_EVALUE,
            "Calling nonzero on 0d arrays is not allowed. Use np.atleast_1d(scalar).nonzero() instead.%s",
            a->dtype == LSV_BOOL
                ? " If the context of this error is of the form `arr[nonzero(cond)]`, just use "
                  "`arr[cond]`."
                : "");
    lsv_array *truth, *found[LSV_MAXDIM] = {NULL};
    LSV_TRY(lsv_astype(a, LSV_BOOL, &truth, err));
    const uint8_t *x = lsv_data(truth);
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0; i < truth->size; i++) count += x[i] != 0;
    lsv_status status = LSV_OK;
    for (int d = 0; d < a->ndim && status == LSV_OK; d++)
        status = lsv_empty((lsv_kind)a->kind, LSV_INT64, 1, &count, &found[d], err);
    if (status == LSV_OK) {
        nonzero_fill(truth, found);
        status = lsv_poll(err);
    }
    if (status == LSV_OK) {
        for (int d = 0; d < a->ndim; d++) out[d] = found[d];
    } else {
        for (int d = 0; d < a->ndim; d++) lsv_release(found[d]);
    }
    lsv_release(truth);
    return status;
}
