/* The order of elements in memory: C (the last axis closest), F (the first), K (as in the array
   that is copied). A new array is always made in C order of some arrangement of its axes; then
   its own handle is turned round, so that it still owns its memory. */
#include "array/inside.h"
#include "array/mirror.h"

bool lsv_is_fortran(const lsv_array *a) {
    lsv_array t = *a;
    for (int i = 0; i < a->ndim; i++) {
        t.shape[i] = a->shape[a->ndim - 1 - i];
        t.strides[i] = a->strides[a->ndim - 1 - i];
    }
    return lsv_is_contiguous(&t);
}

static ptrdiff_t magnitude(ptrdiff_t x) { return x < 0 ? -x : x; }

/* The axes from the outermost to the innermost in memory. */
static void arrange(int ndim, lsv_order order, const lsv_array *like, int *axes) {
    for (int i = 0; i < ndim; i++) axes[i] = order == LSV_ORDER_F ? ndim - 1 - i : i;
    if (order != LSV_ORDER_K || !like || like->ndim != ndim || lsv_is_contiguous(like)) return;
    if (lsv_is_fortran(like)) {
        arrange(ndim, LSV_ORDER_F, NULL, axes);
        return;
    }
    for (int i = 1; i < ndim; i++)
        for (int j = i; j > 0 && magnitude(like->strides[axes[j]]) > magnitude(like->strides[axes[j - 1]]); j--) {
            int axis = axes[j];
            axes[j] = axes[j - 1];
            axes[j - 1] = axis;
        }
}

void lsv_order_axes(const lsv_array *a, lsv_order order, int axes[LSV_MAXDIM]) {
    if (order == LSV_ORDER_A) order = lsv_is_fortran(a) && !lsv_is_contiguous(a) ? LSV_ORDER_F : LSV_ORDER_C;
    arrange(a->ndim, order, a, axes);
}

lsv_status lsv_empty_in(lsv_order order, const lsv_array *like, lsv_kind kind, lsv_dtype dtype, int ndim, const ptrdiff_t *shape,
                        lsv_array **out, lsv_error *err) {
    lsv_array *v;
    LSV_TRY(lsv_empty(kind, dtype, ndim, shape, &v, err));
    int axes[LSV_MAXDIM];
    arrange(ndim, order == LSV_ORDER_A ? LSV_ORDER_K : order, like, axes);
    ptrdiff_t step = 1;
    for (int i = ndim - 1; i >= 0; i--) {
        v->strides[axes[i]] = step;
        if (shape[axes[i]] > 0) step *= shape[axes[i]]; /* as lsv_empty counts, where it was checked for overflow */
    }
    *out = v;
    return LSV_OK;
}

bool lsv_lies_in(const lsv_array *a, lsv_order order) {
    if (order == LSV_ORDER_C) return lsv_is_contiguous(a);
    return order == LSV_ORDER_F ? lsv_is_fortran(a) : true;
}

lsv_status lsv_copy_in(lsv_order order, const lsv_array *a, lsv_dtype dtype, lsv_array **out, lsv_error *err) {
    if (order == LSV_ORDER_A) order = lsv_is_fortran(a) && !lsv_is_contiguous(a) ? LSV_ORDER_F : LSV_ORDER_C;
    if (order == LSV_ORDER_C || a->ndim < 2 || (order == LSV_ORDER_K && lsv_is_contiguous(a))) return lsv_astype(a, dtype, out, err);
    lsv_array *v;
    LSV_TRY(lsv_host(a, err));
    LSV_TRY(lsv_empty_in(order, a, (lsv_kind)a->kind, dtype, a->ndim, a->shape, &v, err));
    lsv_status status = lsv_assign(v, a, err);
    if (status == LSV_OK) status = lsv_follow(&v, a->device, err);
    if (status == LSV_OK) *out = v;
    else lsv_release(v);
    return status;
}
