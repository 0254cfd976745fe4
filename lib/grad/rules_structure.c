/* Derivatives of what only moves elements: views, subscripts, gathers.

   A view of a contiguous array is its strides, and the cotangent is written through the same view
   of zeros. Everything else goes over a map: where in the inputs each element of the result came
   from, along which cotangents are added back. */
#include "grad/rules.h"

#include <string.h>

typedef lsv_array *A;

static bool has_arrays(const lsv_grad_attrs *o) {
    for (int k = 0; k < o->nitems; k++)
        if (o->items[k].type == LSV_IX_ARRAY) return true;
    return false;
}

RULE(lsv_vjp_VIEW) {
    const lsv_grad_attrs *o = &w->n->attrs;
    A zeros = gw_zeros_for(w, 0), view, r;
    if (!zeros) return;
    view = gw_hold(w, lsv_view_strided(zeros, o->ndim, o->shape, o->strides, o->offset, &r, w->err), &r);
    A from = gw_reshape(w, g[0], o->ndim, o->shape);
    if (!view || !from) return;
    w->status = lsv_assign(view, from, w->err);
    gw_give(w, gin, 0, zeros);
}

/* ---- maps ---- */

/* 1, 2, … in the shape of input k, starting behind `before` elements. */
static lsv_status numbering(const lsv_tape *t, ptrdiff_t before, lsv_array **out, lsv_error *err) {
    ptrdiff_t n = 1;
    lsv_array *flat;
    for (int d = 0; d < t->ndim; d++) n *= t->shape[d];
    LSV_TRY(lsv_arange((lsv_kind)t->kind, LSV_INT64, lsv_scalar_int(before + 1), lsv_scalar_int(1), n, &flat,
                       err));
    lsv_status status = lsv_reshape(flat, t->ndim, t->shape, false, out, err);
    lsv_release(flat);
    return status;
}

#define SCATTER(type)                                                         \
    do {                                                                      \
        const type *from = lsv_data(values);                                  \
        type *to = lsv_data(sum);                                             \
        for (ptrdiff_t i = 0; i < map->size; i++) {                           \
            ptrdiff_t at = (ptrdiff_t)index[i] - 1 - before;                  \
            if (at >= 0 && at < sum->size) to[at] = (type)(to[at] + from[i]); \
        }                                                                     \
    } while (0)

static void scatter(const lsv_array *map, const lsv_array *values, ptrdiff_t before, lsv_array *sum) {
    const int64_t *index = lsv_data(map);
    if (values->dtype == LSV_FLOAT64) SCATTER(double);
    else SCATTER(float);
}

lsv_status lsv_scatter_map(const lsv_node *n, const lsv_array *map, lsv_array *g, lsv_array **gins,
                           lsv_error *err) {
    gwork w;
    gw_begin(&w, n, err);
    lsv_array *r, *m = gw_hold(&w, lsv_astype(map, LSV_INT64, &r, err), &r);
    A values = gw_reshape(&w, g, map->ndim, map->shape);
    if (values)
        values = gw_hold(
            &w, lsv_as_dtype(values, values->dtype == LSV_FLOAT64 ? LSV_FLOAT64 : LSV_FLOAT32, &r, err), &r);
    if (values) values = gw_hold(&w, lsv_contiguous(values, &r, err), &r);
    ptrdiff_t before = 0;
    for (int k = 0; m && values && k < n->nin; k++) {
        const lsv_tape *t = n->in[k];
        if (!t) continue; /* constants are not numbered */
        A sum = gw_hold(
            &w, lsv_zeros((lsv_kind)t->kind, (lsv_dtype)values->dtype, t->ndim, t->shape, &r, err), &r);
        if (!sum) break;
        scatter(m, values, before, sum);
        before += sum->size;
        gw_give(&w, gins, k, sum);
    }
    return gw_end(&w);
}

/* ---- subscripts ---- */

RULE(lsv_vjp_INDEX) {
    const lsv_grad_attrs *o = &w->n->attrs;
    lsv_array *r;
    if (!has_arrays(o)) {
        A zeros = gw_zeros_for(w, 0);
        if (!zeros) return;
        w->status = lsv_index_set(zeros, o->items, o->nitems, g[0], w->err);
        gw_give(w, gin, 0, zeros);
        return;
    }
    A numbers = gw_hold(w, numbering(w->n->in[0], 0, &r, w->err), &r);
    A map = numbers ? gw_hold(w, lsv_index_get(numbers, o->items, o->nitems, &r, w->err), &r) : NULL;
    if (map) w->status = lsv_scatter_map(w->n, map, g[0], gin, w->err);
}

RULE(lsv_vjp_SETITEM) {
    const lsv_grad_attrs *o = &w->n->attrs;
    double cell;
    lsv_array zero = lsv_scalar_array((lsv_kind)g[0]->kind, lsv_scalar_float(0), LSV_WEAK, &cell), *r;
    if (gw_needs(w, 0)) {
        A rest = gw_hold(w, lsv_copy(g[0], &r, w->err), &r);
        if (!rest) return;
        w->status = lsv_index_set(rest, o->items, o->nitems, &zero, w->err);
        gw_give(w, gin, 0, rest);
    }
    if (gw_needs(w, 1) && w->status == LSV_OK) {
        A part = gw_hold(w, lsv_index_get(g[0], o->items, o->nitems, &r, w->err), &r);
        gw_give(w, gin, 1, part ? gw_hold(w, lsv_copy(part, &r, w->err), &r) : NULL);
    }
}

/* The elements that indices chose along an axis; with attrs.flag the axis was dropped from the result. */
RULE(lsv_vjp_ALONG) {
    const lsv_grad_attrs *o = &w->n->attrs;
    lsv_array *r, *indices = gw_x(w, 1);
    int axis = o->axes[0];
    if (!indices) return;
    A numbers = gw_hold(w, numbering(w->n->in[0], 0, &r, w->err), &r);
    if (o->flag && w->n->in[0]->ndim) indices = gw_unsqueeze(w, indices, axis);
    if (!numbers || !indices) return;
    if (indices->kind != numbers->kind)
        indices = gw_hold(w, lsv_as_kind(indices, (lsv_kind)numbers->kind, &r, w->err), &r);
    if (!indices) return;
    if (numbers->ndim == 0) {
        gw_give(w, gin, 0, g[0]);
        return;
    }
    A map = gw_hold(w, lsv_take_along(numbers, indices, axis, &r, w->err), &r);
    if (map) w->status = lsv_scatter_map(w->n, map, g[0], gin, w->err);
}
