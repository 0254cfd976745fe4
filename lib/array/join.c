/* Joining and repeating: each allocates its result once and fills parts of it through views
   with lsv_assign, which converts and walks strides. */
#include "array/array.h"

#include <string.h>
#include "array/elementwise.h"
#include "array/inside.h"
#include "array/mirror.h"
#include "base/interrupt.h"

/* ---- concatenate, stack ---- */

static lsv_kind common_kind(lsv_array *const *parts, int n) {
    lsv_kind kind = LSV_NUMPY;
    for (int i = 0; i < n; i++) kind = lsv_meet(kind, (lsv_kind)parts[i]->kind);
    return kind;
}

static lsv_dtype common_dtype(lsv_kind kind, lsv_array *const *parts, int n) {
    lsv_dtype dtype = (lsv_dtype)parts[0]->dtype;
    for (int i = 1; i < n; i++) dtype = lsv_promote_types(kind, dtype, (lsv_dtype)parts[i]->dtype);
    return dtype;
}

/* torch.cat passes over 1-d tensors of no elements, whatever the others are. */
static bool passed_over(lsv_kind kind, const lsv_array *a) {
    return kind == LSV_TORCH && a->ndim == 1 && a->size == 0;
}

static lsv_status check_part(lsv_kind kind, const lsv_array *first, const lsv_array *a, int first_at, int at,
                             int axis, lsv_error *err) {
    if (a->ndim != first->ndim) {
        if (kind == LSV_TORCH)
            return lsv_fail(err, LSV_ERUNTIME, "Tensors must have same number of dimensions: got %d and %d",
                            (int)first->ndim, (int)a->ndim);
        return lsv_fail(
            err, LSV_EVALUE,
            "all the input arrays must have same number of dimensions, but the array at index %d has %d "
            "dimension(s) and the array at index %d has %d dimension(s)",
            first_at, (int)first->ndim, at, (int)a->ndim);
    }
    for (int d = 0; d < a->ndim; d++) {
        if (d == axis || a->shape[d] == first->shape[d]) continue;
        if (kind == LSV_TORCH)
            return lsv_fail(
                err, LSV_ERUNTIME,
                "Sizes of tensors must match except in dimension %d. Expected size %td but got size %td for "
                "tensor number %d in the list.",
                axis, first->shape[d], a->shape[d], at);
        return lsv_fail(
            err, LSV_EVALUE,
            "all the input array dimensions except for the concatenation axis must match exactly, but along "
            "dimension %d, the array at index %d has size %td and the array at index %d has size %td",
            d, first_at, first->shape[d], at, a->shape[d]);
    }
    return LSV_OK;
}

/* The checks; shape gets the result's, *axis counts from 0. */
static lsv_status joined_shape(lsv_kind kind, lsv_array *const *parts, int n, int *axis, int *first,
                               ptrdiff_t *shape, lsv_error *err) {
    if (kind == LSV_NUMPY && parts[0]->ndim == 0)
        return lsv_fail(err, LSV_EVALUE, "zero-dimensional arrays cannot be concatenated");
    for (int i = 0; i < n && kind == LSV_TORCH; i++) {
        if (parts[i]->ndim > 0) continue;
        return lsv_fail(err, LSV_ERUNTIME, "zero-dimensional tensor (at position %d) cannot be concatenated",
                        i);
    }
    *first = 0;
    while (*first < n - 1 && passed_over(kind, parts[*first])) ++*first;
    const lsv_array *lead = parts[*first];
    LSV_TRY(lsv_axis_of(kind, lead->ndim, *axis, axis, err));
    memcpy(shape, lead->shape, sizeof lead->shape);
    for (int i = *first + 1; i < n; i++) {
        if (passed_over(kind, parts[i])) continue;
        LSV_TRY(check_part(kind, lead, parts[i], *first, i, *axis, err));
        if (!lsv_add_size(shape[*axis], parts[i]->shape[*axis], &shape[*axis]))
            return lsv_fail(err, LSV_EVALUE, "array is too big");
    }
    return LSV_OK;
}

/* A borrowed window on v along an axis, on the C stack. */
static lsv_array window(const lsv_array *v, int axis, ptrdiff_t start, ptrdiff_t length) {
    lsv_array w = *v;
    w.refs = 1;
    w.tape = NULL;
    w.data += start * v->strides[axis] * (ptrdiff_t)lsv_dtype_size((lsv_dtype)v->dtype);
    w.shape[axis] = length;
    w.size = 1;
    for (int i = 0; i < w.ndim; i++) w.size *= w.shape[i];
    return w;
}

lsv_status lsv_concatenate(lsv_array *const *parts, int n, int axis, lsv_array **out, lsv_error *err) {
    for (int i = 0; i < n; i++) LSV_TRY(lsv_host(parts[i], err));
    if (n <= 0) return lsv_fail(err, LSV_EVALUE, "need at least one array to concatenate");
    lsv_kind kind = common_kind(parts, n);
    int first = 0;
    ptrdiff_t shape[LSV_MAXDIM], at = 0;
    LSV_TRY(joined_shape(kind, parts, n, &axis, &first, shape, err));
    lsv_array *v;
    LSV_TRY(lsv_empty(kind, common_dtype(kind, parts, n), parts[first]->ndim, shape, &v, err));
    for (int i = first; i < n; i++) {
        if (parts[i]->size == 0 || passed_over(kind, parts[i])) continue;
        lsv_array w = window(v, axis, at, parts[i]->shape[axis]);
        lsv_status status = lsv_assign(&w, parts[i], err);
        if (status != LSV_OK) {
            lsv_release(v);
            return status;
        }
        at += parts[i]->shape[axis];
    }
    *out = v;
    return LSV_OK;
}

static lsv_status check_stack(lsv_kind kind, lsv_array *const *parts, int n, lsv_error *err) {
    char one[LSV_SHAPE_TEXT], two[LSV_SHAPE_TEXT];
    const lsv_array *lead = parts[0];
    for (int i = 1; i < n; i++) {
        const lsv_array *a = parts[i];
        bool same = a->ndim == lead->ndim;
        for (int d = 0; same && d < a->ndim; d++) same = a->shape[d] == lead->shape[d];
        if (same) continue;
        if (kind == LSV_NUMPY) return lsv_fail(err, LSV_EVALUE, "all input arrays must have the same shape");
        return lsv_fail(
            err, LSV_ERUNTIME,
            "stack expects each tensor to be equal size, but got %s at entry 0 and %s at entry %d",
            lsv_shape_list(lead->ndim, lead->shape, one, sizeof one),
            lsv_shape_list(a->ndim, a->shape, two, sizeof two), i);
    }
    return LSV_OK;
}

lsv_status lsv_stack(lsv_array *const *parts, int n, int axis, lsv_array **out, lsv_error *err) {
    if (n <= 0) return lsv_fail(err, LSV_EVALUE, "need at least one array to stack");
    lsv_kind kind = common_kind(parts, n);
    LSV_TRY(check_stack(kind, parts, n, err));
    int ndim = parts[0]->ndim + 1;
    LSV_TRY(lsv_axis_of(kind, ndim, axis, &axis, err));
    ptrdiff_t shape[LSV_MAXDIM + 1];
    for (int i = 0, j = 0; i < ndim; i++) shape[i] = i == axis ? n : parts[0]->shape[j++];
    lsv_array *v;
    LSV_TRY(lsv_empty(kind, common_dtype(kind, parts, n), ndim, shape, &v, err));
    for (int i = 0; i < n && v->size; i++) {
        lsv_array w = window(v, axis, i, 1);
        w.ndim--; /* without the new axis */
        for (int d = axis; d < w.ndim; d++) {
            w.shape[d] = w.shape[d + 1];
            w.strides[d] = w.strides[d + 1];
        }
        lsv_status status = lsv_assign(&w, parts[i], err);
        if (status != LSV_OK) {
            lsv_release(v);
            return status;
        }
    }
    *out = v;
    return LSV_OK;
}

/* ---- repeat ---- */

static lsv_status check_counts(lsv_kind kind, const int64_t *x, ptrdiff_t n, ptrdiff_t length, int axis,
                               bool flat, ptrdiff_t *total, lsv_error *err) {
    if (n != 1 && n != length) {
        if (kind == LSV_TORCH)
            return lsv_fail(
                err, LSV_ERUNTIME,
                "repeats must have the same size as input along dim, but got repeats.size(0) = %td and "
                "input.size(%d) = %td",
                n, flat ? 0 : axis, length);
        return lsv_fail(err, LSV_EVALUE, "operands could not be broadcast together with shape (%td,) (%td,)",
                        length, n);
    }
    *total = 0;
    for (ptrdiff_t i = 0; i < length; i++) {
        int64_t count = x[n == 1 ? 0 : i];
        if (count < 0) {
            if (kind == LSV_TORCH)
                return lsv_fail(err, LSV_ERUNTIME,
                                n == 1 ? "Repeats must be non-negative" : "repeats can not be negative");
            return lsv_fail(err, LSV_EVALUE,
                            n == 1 ? "negative dimensions are not allowed"
                                   : "repeats may not contain negative values.");
        }
        if (!lsv_add_size(*total, (ptrdiff_t)count, total))
            return lsv_fail(err, LSV_EVALUE, "array is too big");
    }
    return LSV_OK;
}

/* Blocks of `bytes` after the axis, each `x[i]` times. */
static lsv_status repeat_fill(const lsv_array *from, const lsv_array *counts, int axis, char *to, lsv_error *err) {
    const int64_t *x = lsv_data(counts);
    ptrdiff_t outer = 1, length = from->shape[axis],
              bytes = (ptrdiff_t)lsv_dtype_size((lsv_dtype)from->dtype);
    for (int d = 0; d < axis; d++) outer *= from->shape[d];
    for (int d = axis + 1; d < from->ndim; d++) bytes *= from->shape[d];
    const char *at = from->data;
    if (bytes == 0) return LSV_OK;
    ptrdiff_t since = 0;
    for (ptrdiff_t o = 0; o < outer; o++)
        for (ptrdiff_t i = 0; i < length; i++, at += bytes)
            for (int64_t r = x[counts->size == 1 ? 0 : i]; r > 0; r--, to += bytes) {
                if (++since >= 1 << 16 || bytes > 1 << 16) {
                    LSV_TRY(lsv_poll(err));
                    since = 0;
                }
                memcpy(to, at, (size_t)bytes);
            }
    return LSV_OK;
}

lsv_status lsv_repeat(const lsv_array *a, const lsv_array *counts, int axis, bool flat, lsv_array **out,
                      lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    if (counts) LSV_TRY(lsv_host(counts, err));
    lsv_array *from = NULL, *ints = NULL, *v = NULL;
    ptrdiff_t shape[LSV_MAXDIM], total;
    if (flat || (a->ndim == 0 && (axis == 0 || axis == -1))) flat = true, axis = 0;
    else LSV_TRY(lsv_axis(a, axis, &axis, err));
    lsv_status status =
        flat ? lsv_ravel((lsv_array *)a, false, &from, err) : lsv_contiguous((lsv_array *)a, &from, err);
    lsv_array *dense = NULL;
    if (status == LSV_OK) status = lsv_astype(counts, LSV_INT64, &ints, err);
    if (status == LSV_OK) status = lsv_ravel(ints, false, &dense, err);
    if (status == LSV_OK)
        status = check_counts((lsv_kind)a->kind, lsv_data(dense), dense->size, from->shape[axis], axis, flat,
                              &total, err);
    if (status == LSV_OK) {
        memcpy(shape, from->shape, sizeof shape);
        shape[axis] = total;
        status = lsv_empty((lsv_kind)a->kind, (lsv_dtype)a->dtype, from->ndim, shape, &v, err);
    }
    if (status == LSV_OK) {
        status = repeat_fill(from, dense, axis, v->data, err);
        if (status == LSV_OK) *out = v;
        else lsv_release(v);
    }
    lsv_release(from);
    lsv_release(ints);
    lsv_release(dense);
    return status;
}

/* ---- tile, roll ---- */

lsv_status lsv_tile(const lsv_array *a, int n, const ptrdiff_t *reps, lsv_array **out, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    int ndim = n > a->ndim ? n : a->ndim;
    ptrdiff_t shape[LSV_MAXDIM], part[LSV_MAXDIM];
    if (ndim > LSV_MAXDIM)
        return lsv_fail(err, LSV_EVALUE, "maximum supported dimension for an array is %d, found %d",
                        LSV_MAXDIM, ndim);
    for (int i = 0; i < ndim; i++) {
        int j = i - (ndim - a->ndim), k = i - (ndim - n);
        part[i] = j < 0 ? 1 : a->shape[j];
        if (!lsv_mul_size(part[i], k < 0 ? 1 : reps[k], &shape[i]))
            return lsv_fail(err, LSV_EVALUE, "array is too big");
        if (k >= 0 && reps[k] < 0) shape[i] = part[i] ? part[i] * reps[k] : -1;
    }
    lsv_array *v;
    LSV_TRY(lsv_empty((lsv_kind)a->kind, (lsv_dtype)a->dtype, ndim, shape, &v, err));
    if (v->size) {
        lsv_array w = *v; /* the first tile, then along each axis what is there already */
        for (int i = 0; i < ndim; i++) w.shape[i] = part[i];
        w.size = a->size;
        lsv_status status = lsv_assign(&w, a, err);
        for (int d = ndim - 1; d >= 0 && status == LSV_OK; d--) {
            for (ptrdiff_t done = part[d]; done < shape[d] && status == LSV_OK;) {
                ptrdiff_t take = done < shape[d] - done ? done : shape[d] - done;
                lsv_array src = window(&w, d, 0, take), dst = window(&w, d, done, take);
                status = lsv_assign(&dst, &src, err);
                done += take;
            }
            w.shape[d] = shape[d];
        }
        if (status != LSV_OK) {
            lsv_release(v);
            return status;
        }
    }
    *out = v;
    return LSV_OK;
}

static lsv_status roll_axis(const lsv_array *a, ptrdiff_t shift, int axis, lsv_array **out, lsv_error *err) {
    lsv_array *v;
    LSV_TRY(lsv_empty((lsv_kind)a->kind, (lsv_dtype)a->dtype, a->ndim, a->shape, &v, err));
    ptrdiff_t n = a->shape[axis];
    if (v->size) {
        shift = (shift % n + n) % n;
        lsv_array to_tail = window(v, axis, shift, n - shift), from_head = window(a, axis, 0, n - shift);
        lsv_array to_head = window(v, axis, 0, shift), from_tail = window(a, axis, n - shift, shift);
        lsv_status status = lsv_assign(&to_tail, &from_head, err);
        if (status == LSV_OK && shift) status = lsv_assign(&to_head, &from_tail, err);
        if (status != LSV_OK) {
            lsv_release(v);
            return status;
        }
    }
    *out = v;
    return LSV_OK;
}

lsv_status lsv_roll(const lsv_array *a, ptrdiff_t shift, int axis, bool flat, lsv_array **out,
                    lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    if (a->ndim == 0 && flat) return lsv_copy(a, out, err);
    if (a->ndim == 0 && a->kind == LSV_TORCH)
        return lsv_fail(err, LSV_EINDEX, "Dimension specified as %d but tensor has no dimensions", axis);
    if (!flat) {
        LSV_TRY(lsv_axis(a, axis, &axis, err));
        return roll_axis(a, shift, axis, out, err);
    }
    lsv_array *line, *rolled;
    LSV_TRY(lsv_ravel((lsv_array *)a, false, &line, err));
    lsv_status status = roll_axis(line, shift, 0, &rolled, err);
    lsv_release(line);
    LSV_TRY(status);
    status = lsv_reshape(rolled, a->ndim, a->shape, false, out, err);
    lsv_release(rolled);
    return status;
}

/* ---- triangles, diagonals, grids ---- */

static void tri_clear(lsv_array *v, ptrdiff_t k, bool upper) {
    ptrdiff_t rows = v->shape[v->ndim - 2], cols = v->shape[v->ndim - 1], matrices = 1;
    size_t item = lsv_dtype_size((lsv_dtype)v->dtype);
    for (int d = 0; d < v->ndim - 2; d++) matrices *= v->shape[d];
    char *row = v->data;
    for (ptrdiff_t m = 0; m < matrices; m++) {
        for (ptrdiff_t i = 0; i < rows; i++, row += (size_t)cols * item) {
            ptrdiff_t edge = i + k + !upper; /* zeros lie before it, or from it on */
            edge = edge < 0 ? 0 : edge > cols ? cols : edge;
            if (upper) memset(row, 0, (size_t)edge * item);
            else memset(row + (size_t)edge * item, 0, (size_t)(cols - edge) * item);
        }
    }
}

lsv_status lsv_tri(const lsv_array *a, ptrdiff_t k, bool upper, lsv_array **out, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    lsv_array *v;
    if (a->ndim < 2) {
        if (a->kind == LSV_TORCH)
            return lsv_fail(err, LSV_ERUNTIME, "%s: input tensor must have at least 2 dimensions",
                            upper ? "triu" : "tril");
        if (a->ndim == 0)
            return lsv_fail(err, LSV_ETYPE, "tri() missing 1 required positional argument: 'N'");
        lsv_array *square; /* NumPy: every row is a */
        LSV_TRY(lsv_broadcast_to((lsv_array *)a, 2, (ptrdiff_t[]){a->shape[0], a->shape[0]}, &square, err));
        lsv_status status = lsv_copy(square, &v, err);
        lsv_release(square);
        LSV_TRY(status);
    } else {
        LSV_TRY(lsv_copy(a, &v, err));
    }
    ptrdiff_t rows = v->shape[v->ndim - 2], cols = v->shape[v->ndim - 1];
    if (v->size) tri_clear(v, k < -rows ? -rows : k > cols ? cols : k, upper);
    *out = v;
    return LSV_OK;
}

lsv_status lsv_diag_build(const lsv_array *a, ptrdiff_t k, lsv_array **out, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    if (a->ndim != 1) {
        if (a->kind == LSV_TORCH)
            return lsv_fail(err, LSV_ERUNTIME, "diag(): Supports 1D or 2D tensors. Got %dD", (int)a->ndim);
        return lsv_fail(err, LSV_EVALUE, "Input must be 1- or 2-d.");
    }
    ptrdiff_t n, below = k < 0 ? -k : 0, above = k > 0 ? k : 0;
    if (k == PTRDIFF_MIN || !lsv_add_size(a->shape[0], below + above, &n))
        return lsv_fail(err, LSV_EVALUE, "array is too big");
    lsv_array *v;
    LSV_TRY(lsv_zeros((lsv_kind)a->kind, (lsv_dtype)a->dtype, 2, (ptrdiff_t[]){n, n}, &v, err));
    lsv_array line = *v;
    line.ndim = 1;
    line.size = line.shape[0] = a->shape[0];
    line.strides[0] = n + 1;
    line.data += (below * n + above) * (ptrdiff_t)lsv_dtype_size((lsv_dtype)a->dtype);
    lsv_status status = a->size ? lsv_assign(&line, a, err) : LSV_OK;
    if (status != LSV_OK) lsv_release(v);
    else *out = v;
    return status;
}

lsv_status lsv_meshgrid(lsv_array *const *axes, int n, bool ij, lsv_array **out, lsv_error *err) {
    for (int i = 0; i < n; i++) LSV_TRY(lsv_host(axes[i], err));
    if (n > LSV_MAXDIM)
        return lsv_fail(err, LSV_EVALUE, "maximum supported dimension for an array is %d, found %d",
                        LSV_MAXDIM, n);
    ptrdiff_t shape[LSV_MAXDIM];
    lsv_array *grid[LSV_MAXDIM] = {NULL};
    lsv_status status = LSV_OK;
    for (int i = 0; i < n; i++) {
        int d = !ij && n > 1 && i < 2 ? 1 - i : i;
        shape[d] = axes[i]->size;
        if (axes[i]->kind == LSV_TORCH && axes[i]->ndim > 1)
            return lsv_fail(err, LSV_ERUNTIME,
                            "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: %dD tensor",
                            (int)axes[i]->ndim);
    }
    for (int i = 0; i < n && status == LSV_OK; i++) {
        int d = !ij && n > 1 && i < 2 ? 1 - i : i;
        ptrdiff_t strides[LSV_MAXDIM] = {0};
        lsv_array *line = NULL, *wide = NULL;
        status = lsv_ravel(axes[i], false, &line, err);
        strides[d] = status == LSV_OK ? line->strides[0] : 0;
        if (status == LSV_OK) status = lsv_view_strided(line, n, shape, strides, 0, &wide, err);
        if (status == LSV_OK) status = lsv_copy(wide, &grid[i], err);
        lsv_release(line);
        lsv_release(wide);
    }
    for (int i = 0; i < n; i++) {
        if (status == LSV_OK) out[i] = grid[i];
        else lsv_release(grid[i]);
    }
    return status;
}
