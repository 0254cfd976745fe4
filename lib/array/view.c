/* Views: new shapes and strides over the same storage. Nothing here touches an element but
   where a copy is the meaning (torch.flip, a reshape that strides cannot express). */
#include "array/array.h"

#include "array/inside.h"

/* ---- axes ---- */

lsv_status lsv_axis_of(lsv_kind kind, int ndim, int axis, int *out, lsv_error *err) {
    if (axis >= 0 && axis < ndim) {
        *out = axis;
        return LSV_OK;
    }
    if (axis < 0 && axis >= -ndim) {
        *out = axis + ndim;
        return LSV_OK;
    }
    if (kind == LSV_TORCH) {
        int n = ndim ? ndim : 1; /* a 0-d tensor has axes 0 and -1 where it matters not */
        return lsv_fail(err, LSV_EINDEX,
                        "Dimension out of range (expected to be in range of [%d, %d], but got %d)", -n, n - 1,
                        axis);
    }
    return lsv_fail(err, LSV_EAXIS, "axis %d is out of bounds for array of dimension %d", axis, ndim);
}

lsv_status lsv_axis(const lsv_array *a, int axis, int *out, lsv_error *err) {
    return lsv_axis_of(a->kind, a->ndim, axis, out, err);
}

/* ---- plain views ---- */

lsv_status lsv_view_strided(lsv_array *a, int ndim, const ptrdiff_t *shape, const ptrdiff_t *strides,
                            ptrdiff_t offset, lsv_array **out, lsv_error *err) {
    lsv_array *v = lsv_handle(a);
    if (!v) return lsv_no_memory(err, sizeof(lsv_block));
    ptrdiff_t size = 1;
    for (int i = 0; i < ndim; i++) {
        v->shape[i] = shape[i];
        v->strides[i] = strides[i];
        size *= shape[i];
    }
    v->ndim = (uint8_t)ndim;
    v->size = size;
    v->data += offset * (ptrdiff_t)lsv_dtype_size(a->dtype);
    *out = v;
    return LSV_OK;
}

lsv_status lsv_view(lsv_array *a, lsv_array **out, lsv_error *err) {
    return lsv_view_strided(a, a->ndim, a->shape, a->strides, 0, out, err);
}

/* A view whose axis i is a's axis order[i]. */
static lsv_status view_permuted(lsv_array *a, const int *order, lsv_array **out, lsv_error *err) {
    ptrdiff_t shape[LSV_MAXDIM], strides[LSV_MAXDIM];
    for (int i = 0; i < a->ndim; i++) {
        shape[i] = a->shape[order[i]];
        strides[i] = a->strides[order[i]];
    }
    return lsv_view_strided(a, a->ndim, shape, strides, 0, out, err);
}

lsv_status lsv_transpose(lsv_array *a, const int *axes, lsv_array **out, lsv_error *err) {
    int order[LSV_MAXDIM];
    unsigned seen = 0;
    for (int i = 0; i < a->ndim; i++) {
        if (!axes) order[i] = a->ndim - 1 - i;
        else LSV_TRY(lsv_axis(a, axes[i], &order[i], err));
        if (seen >> order[i] & 1u) {
            if (a->kind == LSV_TORCH)
                return lsv_fail(err, LSV_ERUNTIME, "permute(): duplicate dims are not allowed.");
            return lsv_fail(err, LSV_EVALUE, "repeated axis in transpose");
        }
        seen |= 1u << order[i];
    }
    return view_permuted(a, order, out, err);
}

/* The axes of a pair; NumPy says which of the two is wrong. */
static lsv_status axis_pair(const lsv_array *a, int i, int j, int *at, lsv_error *err) {
    const int asked[2] = {i, j};
    for (int k = 0; k < 2; k++) {
        if (lsv_axis(a, asked[k], &at[k], NULL) == LSV_OK) continue;
        if (a->kind == LSV_TORCH) return lsv_axis(a, asked[k], &at[k], err);
        return lsv_fail(err, LSV_EAXIS, "axis%d: axis %d is out of bounds for array of dimension %d", k + 1,
                        asked[k], (int)a->ndim);
    }
    return LSV_OK;
}

lsv_status lsv_swapaxes(lsv_array *a, int i, int j, lsv_array **out, lsv_error *err) {
    if (a->kind == LSV_TORCH && a->ndim == 0 && i >= -1 && i <= 0 && j >= -1 && j <= 0)
        return lsv_view(a, out, err);
    int order[LSV_MAXDIM], at[2];
    LSV_TRY(axis_pair(a, i, j, at, err));
    for (int k = 0; k < a->ndim; k++) order[k] = k;
    order[at[0]] = at[1];
    order[at[1]] = at[0];
    return view_permuted(a, order, out, err);
}

/* One side of moveaxis: axes to their places, each once. */
static lsv_status moved_axes(const lsv_array *a, int n, const int *axes, const char *side, int *at,
                             unsigned *seen, lsv_error *err) {
    *seen = 0;
    for (int k = 0; k < n; k++) {
        if (lsv_axis(a, axes[k], &at[k], NULL) != LSV_OK) {
            if (a->kind == LSV_TORCH) return lsv_axis(a, axes[k], &at[k], err);
            return lsv_fail(err, LSV_EAXIS, "%s: axis %d is out of bounds for array of dimension %d", side,
                            axes[k], (int)a->ndim);
        }
        if (*seen >> at[k] & 1u) {
            if (a->kind == LSV_TORCH)
                return lsv_fail(err, LSV_ERUNTIME, "movedim: repeated dim in `%s`", side);
            return lsv_fail(err, LSV_EVALUE, "repeated axis in `%s` argument", side);
        }
        *seen |= 1u << at[k];
    }
    return LSV_OK;
}

lsv_status lsv_moveaxis(lsv_array *a, int n, const int *from, const int *to, lsv_array **out,
                        lsv_error *err) {
    int source[LSV_MAXDIM], target[LSV_MAXDIM], order[LSV_MAXDIM];
    unsigned taken, placed;
    if (n > LSV_MAXDIM) return lsv_fail(err, LSV_EVALUE, "repeated axis in `source` argument");
    LSV_TRY(moved_axes(a, n, from, "source", source, &taken, err));
    LSV_TRY(moved_axes(a, n, to, "destination", target, &placed, err));
    for (int k = 0; k < n; k++) order[target[k]] = source[k];
    int next = 0; /* the others keep their order in the places left */
    for (int i = 0; i < a->ndim; i++) {
        if (placed >> i & 1u) continue;
        while (taken >> next & 1u) next++;
        order[i] = next++;
    }
    return view_permuted(a, order, out, err);
}

/* ---- broadcasting ---- */

bool lsv_broadcast_strides(const lsv_array *src, int ndim, const ptrdiff_t *shape, bool strip,
                           ptrdiff_t *strides) {
    int extra = src->ndim - ndim;
    if (extra > 0) {
        if (!strip) return false;
        for (int i = 0; i < extra; i++)
            if (src->shape[i] != 1) return false;
    }
    for (int i = 0; i < ndim; i++) {
        int j = i + extra;
        if (j < 0) strides[i] = 0;
        else if (src->shape[j] == shape[i]) strides[i] = shape[i] == 1 ? 0 : src->strides[j];
        else if (src->shape[j] == 1) strides[i] = 0;
        else return false;
    }
    return true;
}

static lsv_status cannot_expand(const lsv_array *a, int ndim, const ptrdiff_t *shape, lsv_error *err) {
    char from[LSV_SHAPE_TEXT], to[LSV_SHAPE_TEXT];
    lsv_shape_list(a->ndim, a->shape, from, sizeof from);
    lsv_shape_list(ndim, shape, to, sizeof to);
    static const char *const types[LSV_NDTYPES] = {
        [LSV_BOOL] = "Bool",         [LSV_INT32] = "Int",     [LSV_INT64] = "Long",    [LSV_FLOAT16] = "Half",
        [LSV_BFLOAT16] = "BFloat16", [LSV_FLOAT32] = "Float", [LSV_FLOAT64] = "Double"};
    if (ndim < a->ndim)
        return lsv_fail(
            err, LSV_ERUNTIME,
            "expand(torch.%sTensor{%s}, size=%s): the number of sizes provided (%d) must be greater or equal "
            "to the number of dimensions in the tensor (%d)",
            types[a->dtype], from, to, ndim, (int)a->ndim);
    for (int i = ndim - 1; i >= 0; i--) {
        int j = i - (ndim - a->ndim);
        if (j >= 0 && a->shape[j] != 1 && a->shape[j] != shape[i])
            return lsv_fail(
                err, LSV_ERUNTIME,
                "The expanded size of the tensor (%td) must match the existing size (%td) at non-singleton "
                "dimension %d.  Target sizes: %s.  Tensor sizes: %s",
                shape[i], a->shape[j], i, to, from);
    }
    return lsv_fail(err, LSV_ERUNTIME, "cannot expand %s to %s", from, to);
}

lsv_status lsv_cannot_assign(const lsv_array *src, const lsv_array *dst, lsv_error *err) {
    char from[LSV_SHAPE_TEXT], to[LSV_SHAPE_TEXT];
    if (dst->kind == LSV_TORCH) return cannot_expand(src, dst->ndim, dst->shape, err);
    return lsv_fail(err, LSV_EVALUE, "could not broadcast input array from shape %s into shape %s",
                    lsv_shape_tight(src->ndim, src->shape, from, sizeof from),
                    lsv_shape_tight(dst->ndim, dst->shape, to, sizeof to));
}

static lsv_status cannot_broadcast(const lsv_array *a, int ndim, const ptrdiff_t *shape, lsv_error *err) {
    char from[LSV_SHAPE_TEXT], to[LSV_SHAPE_TEXT];
    if (a->kind == LSV_TORCH) return cannot_expand(a, ndim, shape, err);
    if (ndim < a->ndim)
        return lsv_fail(err, LSV_EVALUE,
                        "input operand has more dimensions than allowed by the axis remapping");
    return lsv_fail(
        err, LSV_EVALUE,
        "operands could not be broadcast together with remapped shapes [original->remapped]: %s  and "
        "requested shape %s",
        lsv_shape_tight(a->ndim, a->shape, from, sizeof from), lsv_shape_tight(ndim, shape, to, sizeof to));
}

lsv_status lsv_broadcast_to(lsv_array *a, int ndim, const ptrdiff_t *shape, lsv_array **out, lsv_error *err) {
    ptrdiff_t want[LSV_MAXDIM], strides[LSV_MAXDIM], total = 1;
    if (ndim > LSV_MAXDIM)
        return lsv_fail(err, LSV_EVALUE, "maximum supported dimension for an array is %d, found %d",
                        LSV_MAXDIM, ndim);
    for (int i = 0; i < ndim; i++) {
        int j = i - (ndim - a->ndim);
        want[i] = shape[i];
        if (shape[i] >= 0) continue;
        if (a->kind == LSV_NUMPY)
            return lsv_fail(err, LSV_EVALUE, "all elements of broadcast shape must be non-negative");
        if (j < 0 || shape[i] < -1)
            return lsv_fail(
                err, LSV_ERUNTIME,
                "The expanded size of the tensor (%td) isn't allowed in a leading, non-existing dimension %d",
                shape[i], i);
        want[i] = a->shape[j];
    }
    for (int i = 0; i < ndim; i++)
        if (want[i] && __builtin_mul_overflow(total, want[i], &total))
            return lsv_fail(err, LSV_EVALUE, "maximum supported size of an array exceeded");
    if (!lsv_broadcast_strides(a, ndim, want, false, strides)) return cannot_broadcast(a, ndim, want, err);
    LSV_TRY(lsv_view_strided(a, ndim, want, strides, 0, out, err));
    if (a->kind == LSV_NUMPY) (*out)->flags |= LSV_READONLY;
    return LSV_OK;
}

/* ---- axes that come and go ---- */

lsv_status lsv_expand_dims(lsv_array *a, int axis, lsv_array **out, lsv_error *err) {
    ptrdiff_t shape[LSV_MAXDIM + 1], strides[LSV_MAXDIM + 1];
    int ndim = a->ndim + 1, at;
    LSV_TRY(lsv_axis_of(a->kind, ndim, axis, &at, err));
    if (ndim > LSV_MAXDIM)
        return lsv_fail(err, LSV_EVALUE, "maximum supported dimension for an array is %d, found %d",
                        LSV_MAXDIM, ndim);
    for (int i = 0, j = 0; i < ndim; i++) {
        shape[i] = i == at ? 1 : a->shape[j];
        strides[i] = i == at ? 0 : a->strides[j];
        j += i != at;
    }
    return lsv_view_strided(a, ndim, shape, strides, 0, out, err);
}

lsv_status lsv_squeeze(lsv_array *a, int naxes, const int *axes, lsv_array **out, lsv_error *err) {
    ptrdiff_t shape[LSV_MAXDIM], strides[LSV_MAXDIM];
    unsigned drop = 0;
    for (int k = 0; k < naxes; k++) {
        if (a->ndim == 0 && a->kind == LSV_TORCH && (axes[k] == 0 || axes[k] == -1)) continue;
        int at;
        LSV_TRY(lsv_axis(a, axes[k], &at, err));
        if (drop >> at & 1u) {
            if (a->kind == LSV_NUMPY) return lsv_fail(err, LSV_EVALUE, "duplicate value in 'axis'");
            return lsv_fail(err, LSV_ERUNTIME, "dim %d appears multiple times in the list of dims", at);
        }
        drop |= 1u << at;
    }
    int ndim = 0;
    for (int i = 0; i < a->ndim; i++) {
        bool asked = naxes < 0 || drop >> i & 1u;
        if (asked && a->shape[i] == 1) continue;
        if (asked && naxes >= 0 && a->kind == LSV_NUMPY)
            return lsv_fail(err, LSV_EVALUE,
                            "cannot select an axis to squeeze out which has size not equal to one");
        shape[ndim] = a->shape[i];
        strides[ndim++] = a->strides[i];
    }
    return lsv_view_strided(a, ndim, shape, strides, 0, out, err);
}

lsv_status lsv_diagonal(lsv_array *a, ptrdiff_t k, int axis1, int axis2, lsv_array **out, lsv_error *err) {
    ptrdiff_t shape[LSV_MAXDIM], strides[LSV_MAXDIM];
    int at[2], ndim = 0;
    if (a->ndim < 2 && a->kind == LSV_NUMPY)
        return lsv_fail(err, LSV_EVALUE, "diag requires an array of at least two dimensions");
    LSV_TRY(axis_pair(a, axis1, axis2, at, err));
    int i = at[0], j = at[1];
    if (i == j) {
        if (a->kind == LSV_NUMPY) return lsv_fail(err, LSV_EVALUE, "axis1 and axis2 cannot be the same");
        return lsv_fail(err, LSV_ERUNTIME, "diagonal dimensions cannot be identical %d, %d", axis1, axis2);
    }
    for (int d = 0; d < a->ndim; d++) {
        if (d == i || d == j) continue;
        shape[ndim] = a->shape[d];
        strides[ndim++] = a->strides[d];
    }
    ptrdiff_t rows = a->shape[i], cols = a->shape[j], offset = 0, length = 0;
    if (k > -rows && k < cols) {
        rows += k < 0 ? k : 0;
        cols -= k > 0 ? k : 0;
        length = rows < cols ? rows : cols;
        offset = k < 0 ? -k * a->strides[i] : k * a->strides[j];
    }
    shape[ndim] = length;
    strides[ndim++] = a->strides[i] + a->strides[j];
    LSV_TRY(lsv_view_strided(a, ndim, shape, strides, offset, out, err));
    if (a->kind == LSV_NUMPY) (*out)->flags |= LSV_READONLY;
    return LSV_OK;
}

lsv_status lsv_flip(lsv_array *a, int naxes, const int *axes, lsv_array **out, lsv_error *err) {
    ptrdiff_t strides[LSV_MAXDIM], offset = 0;
    unsigned flip = naxes < 0 ? ~0u : 0;
    for (int k = 0; k < naxes; k++) {
        int at;
        if (a->ndim == 0 && a->kind == LSV_TORCH && (axes[k] == 0 || axes[k] == -1)) continue;
        LSV_TRY(lsv_axis(a, axes[k], &at, err));
        if (flip >> at & 1u) {
            if (a->kind == LSV_NUMPY) return lsv_fail(err, LSV_EVALUE, "repeated axis");
            return lsv_fail(err, LSV_ERUNTIME, "dim %d appears multiple times in the list of dims", at);
        }
        flip |= 1u << at;
    }
    for (int i = 0; i < a->ndim; i++) {
        strides[i] = a->strides[i];
        if (!(flip >> i & 1u)) continue;
        strides[i] = -strides[i];
        if (a->size) offset += (a->shape[i] - 1) * a->strides[i];
    }
    lsv_array *v;
    LSV_TRY(lsv_view_strided(a, a->ndim, a->shape, strides, offset, &v, err));
    if (a->kind == LSV_NUMPY) {
        *out = v;
        return LSV_OK;
    }
    lsv_status status = lsv_copy(v, out, err);
    lsv_release(v);
    return status;
}
