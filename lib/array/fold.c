/* Axes, shapes and nests of reductions; see fold.h. */
#include "array/fold.h"

#include <string.h>

static lsv_status one_axis(lsv_fold *fold, const lsv_array *a, int axis, lsv_error *err) {
    int at;
    if (a->ndim == 0 && (axis == 0 || axis == -1)) return LSV_OK; /* a number has an axis 0 to reduce over */
    LSV_TRY(lsv_axis(a, axis, &at, err));
    if (fold->gone[at])
        return a->kind == LSV_TORCH
                   ? lsv_fail(err, LSV_ERUNTIME, "dim %d appears multiple times in the list of dims", at)
                   : lsv_fail(err, LSV_EVALUE, "duplicate value in 'axis'");
    fold->gone[at] = true;
    return LSV_OK;
}

lsv_status lsv_fold_init(lsv_fold *fold, const lsv_array *a, const lsv_reduce_options *options,
                         lsv_error *err) {
    memset(fold, 0, sizeof *fold);
    bool everything = !options || options->naxes < 0 || (options->naxes == 0 && a->kind == LSV_TORCH);
    fold->everything = everything;
    fold->keepdims = options && options->keepdims;
    if (everything)
        for (int i = 0; i < a->ndim; i++) fold->gone[i] = true;
    else
        for (int i = 0; i < options->naxes; i++) LSV_TRY(one_axis(fold, a, options->axes[i], err));
    fold->count = fold->size = 1;
    fold->all = true;
    for (int i = 0; i < a->ndim; i++) {
        if (fold->gone[i]) fold->count *= a->shape[i];
        else fold->size *= a->shape[i];
        if (!fold->gone[i]) fold->all = false;
        if (fold->gone[i] && !fold->keepdims) continue;
        fold->shape[fold->ndim++] = fold->gone[i] ? 1 : a->shape[i];
    }
    return LSV_OK;
}

/* Axes that go before axes that stay, otherwise as they are. */
static void gone_first(const lsv_fold *fold, lsv_nest *nest) {
    lsv_nest old = *nest;
    int to = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < old.ndim; i++) {
            if (fold->gone[old.axis[i]] != (pass == 0)) continue;
            nest->n[to] = old.n[i];
            nest->axis[to] = old.axis[i];
            memcpy(nest->step[to++], old.step[i], sizeof old.step[i]);
        }
}

lsv_status lsv_fold_nest(const lsv_fold *fold, const lsv_array *a, bool by_result, lsv_dtype dtype,
                         lsv_nest *nest, lsv_array **out, lsv_error *err) {
    lsv_array *result = NULL;
    int place[LSV_MAXDIM], at = 0; /* the result's axis for each of a's */
    for (int i = 0; i < a->ndim; i++) {
        place[i] = at;
        if (!fold->gone[i] || fold->keepdims) at++;
    }
    LSV_TRY(lsv_empty((lsv_kind)a->kind, dtype, fold->ndim, fold->shape, &result, err));
    lsv_nest_init(nest, a->ndim, a->shape);
    lsv_nest_add(nest, a);
    lsv_nest_sort(nest);
    if (by_result) gone_first(fold, nest);
    int op = nest->nops++;
    ptrdiff_t stride = 1, item = (ptrdiff_t)lsv_dtype_size(dtype);
    nest->base[op] = result->data;
    for (int i = 0; i < nest->ndim; i++) {
        int axis = nest->axis[i];
        nest->step[i][op] = 0;
        if (fold->gone[axis]) continue;
        if (result->size) result->strides[place[axis]] = stride;
        if (nest->n[i] != 1) nest->step[i][op] = stride * item;
        stride *= nest->n[i];
    }
    lsv_nest_join(nest);
    *out = result;
    return LSV_OK;
}

void lsv_lane_nest(const lsv_array *a, int axis, lsv_nest *nest) {
    lsv_fold fold = {.gone = {false}};
    fold.gone[axis] = true;
    lsv_nest_init(nest, a->ndim, a->shape);
    lsv_nest_add(nest, a);
    lsv_nest_sort(nest);
    gone_first(&fold, nest); /* and not joined: lanes stay lanes */
}
