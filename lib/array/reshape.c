/* Reshaping: find strides for the new shape, or copy. */
#include "array/array.h"

#include <stdio.h>
#include "array/inside.h"

/* Strides under which a's elements, in C order, have the new shape without moving. Dimensions
   of length 1 do not matter. a's others are taken in groups that step evenly; each group must
   be a product of new lengths. */
static bool reshape_strides(const lsv_array *a, int ndim, const ptrdiff_t *shape, ptrdiff_t *strides) {
    ptrdiff_t old_shape[LSV_MAXDIM], old_strides[LSV_MAXDIM];
    int n = 0;
    if (lsv_is_contiguous(a)) {
        ptrdiff_t step = 1;
        for (int i = ndim - 1; i >= 0; i--) {
            strides[i] = step;
            step *= shape[i] > 1 ? shape[i] : 1;
        }
        return true;
    }
    for (int i = 0; i < a->ndim; i++) { /* a is not empty here: join what steps evenly */
        if (a->shape[i] == 1) continue;
        if (n && old_strides[n - 1] == a->strides[i] * a->shape[i]) {
            old_shape[n - 1] *= a->shape[i];
            old_strides[n - 1] = a->strides[i];
        } else {
            old_shape[n] = a->shape[i];
            old_strides[n++] = a->strides[i];
        }
    }
    ptrdiff_t left = n ? old_shape[n - 1] : 1, step = n ? old_strides[n - 1] : 1;
    for (int i = ndim - 1; i >= 0; i--) {
        if (shape[i] == 1) {
            strides[i] = step;
            continue;
        }
        if (left == 1) {
            n--;
            left = old_shape[n - 1];
            step = old_strides[n - 1];
        }
        if (left % shape[i] != 0) return false;
        strides[i] = step;
        step *= shape[i];
        left /= shape[i];
    }
    return true;
}

/* "shape '[4, 2]' is invalid …" as the library words it: NumPy leaves out an unknown length. */
static lsv_status cannot_reshape(const lsv_array *a, int ndim, const ptrdiff_t *shape, lsv_error *err) {
    char text[LSV_SHAPE_TEXT];
    if (a->kind == LSV_TORCH)
        return lsv_fail(err, LSV_ERUNTIME, "shape '%s' is invalid for input of size %td",
                        lsv_shape_list(ndim, shape, text, sizeof text), a->size);
    size_t at = 1; /* "(4,newaxis)": leading unknowns are left out, one number alone has its comma */
    text[0] = '(';
    int w, first = 0;
    while (first < ndim && shape[first] < 0) first++;
    for (int i = first; i < ndim && at < sizeof text; i++, at += (size_t)w) {
        w = shape[i] < 0 ? snprintf(text + at, sizeof text - at, ",newaxis")
                         : snprintf(text + at, sizeof text - at, "%s%td", i > first ? "," : "", shape[i]);
    }
    if (at < sizeof text) snprintf(text + at, sizeof text - at, ndim == 1 && !first ? ",)" : ")");
    return lsv_fail(err, LSV_EVALUE, "cannot reshape array of size %td into shape %s", a->size, text);
}

/* Fill in the -1 and check the size. */
static lsv_status resolve_shape(const lsv_array *a, int ndim, const ptrdiff_t *asked, ptrdiff_t *shape,
                                lsv_error *err) {
    char text[LSV_SHAPE_TEXT];
    int unknown = -1;
    ptrdiff_t known = 1;
    if (ndim < 0 || ndim > LSV_MAXDIM)
        return lsv_fail(err, LSV_EVALUE, "maximum supported dimension for an array is %d, found %d",
                        LSV_MAXDIM, ndim);
    for (int i = 0; i < ndim; i++) {
        shape[i] = asked[i];
        if (asked[i] < -1 && a->kind == LSV_TORCH)
            return lsv_fail(err, LSV_ERUNTIME, "invalid shape dimension %td at index %d of shape %s",
                            asked[i], i, lsv_shape_list(ndim, asked, text, sizeof text));
        if (asked[i] < 0) {
            if (unknown >= 0) {
                if (a->kind == LSV_TORCH)
                    return lsv_fail(err, LSV_ERUNTIME, "only one dimension can be inferred");
                return lsv_fail(err, LSV_EVALUE, "can only specify one unknown dimension");
            }
            unknown = i;
        } else if (__builtin_mul_overflow(known, asked[i], &known)) {
            return cannot_reshape(a, ndim, asked, err);
        }
    }
    if (unknown >= 0) {
        if (known == 0 && a->size == 0 && a->kind == LSV_TORCH)
            return lsv_fail(
                err, LSV_ERUNTIME,
                "cannot reshape tensor of 0 elements into shape %s because the unspecified dimension size -1 "
                "can be any value and is ambiguous",
                lsv_shape_list(ndim, asked, text, sizeof text));
        if (known == 0 || a->size % known != 0) return cannot_reshape(a, ndim, asked, err);
        shape[unknown] = a->size / known;
    } else if (known != a->size) {
        return cannot_reshape(a, ndim, asked, err);
    }
    return LSV_OK;
}

lsv_status lsv_reshape(lsv_array *a, int ndim, const ptrdiff_t *asked, bool must_view, lsv_array **out,
                       lsv_error *err) {
    ptrdiff_t shape[LSV_MAXDIM], strides[LSV_MAXDIM];
    LSV_TRY(resolve_shape(a, ndim, asked, shape, err));
    if (reshape_strides(a, ndim, shape, strides))
        return lsv_view_strided(a, ndim, shape, strides, 0, out, err);
    if (must_view)
        return lsv_fail(
            err, LSV_ERUNTIME,
            "view size is not compatible with input tensor's size and stride (at least one dimension spans "
            "across two contiguous subspaces). Use .reshape(...) instead.");
    lsv_array *copy;
    LSV_TRY(lsv_copy(a, &copy, err));
    ptrdiff_t step = 1;
    for (int i = ndim - 1; i >= 0; i--) { /* the copy is ours alone: give it the shape in place */
        copy->shape[i] = shape[i];
        copy->strides[i] = step;
        step *= shape[i] > 1 ? shape[i] : 1;
    }
    copy->ndim = (uint8_t)ndim;
    *out = copy;
    return LSV_OK;
}

lsv_status lsv_ravel(lsv_array *a, bool copy, lsv_array **out, lsv_error *err) {
    if (!copy) return lsv_reshape(a, 1, &a->size, false, out, err);
    lsv_array *v;
    LSV_TRY(lsv_copy(a, &v, err));
    v->ndim = 1;
    v->shape[0] = v->size;
    v->strides[0] = 1;
    *out = v;
    return LSV_OK;
}
