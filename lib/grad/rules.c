/* The frame that derivatives are written in, and the table of rules. */
#include "grad/rules.h"

#include "base/alloc.h"
#include "linalg/linalg.h"

#include <math.h>
#include <string.h>

const lsv_grad_rule lsv_grad_rules[LSV_GRAD_NRULES] = {
#define X(ENUM, name, saves) {name, lsv_vjp_##ENUM, saves},
    LSV_GRAD_RULES(X)
#undef X
};

/* ---- the frame ---- */

void gw_begin(gwork *w, const lsv_node *n, lsv_error *err) {
    w->n = n;
    w->err = err;
    w->status = LSV_OK;
    w->nheld = 0;
    w->held = w->few;
    w->room = (int)(sizeof w->few / sizeof *w->few);
}

lsv_status gw_end(gwork *w) {
    for (int k = 0; k < w->nheld; k++) lsv_release(w->held[k]);
    if (w->held != w->few) lsv_free(w->held);
    return w->status;
}

lsv_array *gw_hold(gwork *w, lsv_status status, lsv_array **a) {
    if (status != LSV_OK) {
        if (w->status == LSV_OK) w->status = status;
        return NULL;
    }
    if (w->nheld == w->room) {
        lsv_array **more = lsv_malloc((size_t)w->room * 2 * sizeof *more);
        if (!more) {
            lsv_release(*a);
            w->status = lsv_no_memory(w->err, (size_t)w->room * 2 * sizeof *more);
            return NULL;
        }
        memcpy(more, w->held, (size_t)w->nheld * sizeof *more);
        if (w->held != w->few) lsv_free(w->held);
        w->held = more;
        w->room *= 2;
    }
    return w->held[w->nheld++] = *a;
}

static lsv_array *remembered(gwork *w, lsv_status status, lsv_array *const *a) {
    if (status == LSV_OK) return *a;
    if (w->status == LSV_OK) w->status = status;
    return NULL;
}

lsv_array *gw_x(gwork *w, int k) {
    lsv_array *a = NULL;
    lsv_status status = lsv_saved_input(w->n, k, &a, w->err);
    return remembered(w, status, &a);
}

lsv_array *gw_y(gwork *w, int k) {
    lsv_array *a = NULL;
    lsv_status status = lsv_saved_output(w->n, k, &a, w->err);
    return remembered(w, status, &a);
}

void gw_give(gwork *w, lsv_array **gin, int k, lsv_array *value) {
    if (!value || !gw_needs(w, k) || w->status != LSV_OK) return;
    gin[k] = lsv_ref(value);
}

/* ---- element-wise ---- */

lsv_array *gw_un(gwork *w, lsv_unary_op op, lsv_array *a) {
    lsv_array *r;
    return a ? gw_hold(w, lsv_unary(op, a, &r, w->err), &r) : NULL;
}

lsv_array *gw_bin(gwork *w, lsv_binary_op op, lsv_array *a, lsv_array *b) {
    lsv_array *r;
    return a && b ? gw_hold(w, lsv_binary(op, a, b, &r, w->err), &r) : NULL;
}

lsv_array *gw_num(gwork *w, lsv_binary_op op, lsv_array *a, double b) {
    double cell;
    if (!a) return NULL;
    lsv_array s = lsv_scalar_array((lsv_kind)a->kind, lsv_scalar_float(b), LSV_WEAK, &cell);
    return gw_bin(w, op, a, &s);
}

lsv_array *gw_rnum(gwork *w, lsv_binary_op op, double a, lsv_array *b) {
    double cell;
    if (!b) return NULL;
    lsv_array s = lsv_scalar_array((lsv_kind)b->kind, lsv_scalar_float(a), LSV_WEAK, &cell);
    return gw_bin(w, op, &s, b);
}

lsv_array *gw_where(gwork *w, lsv_array *mask, lsv_array *a, double otherwise) {
    lsv_array *r;
    double cell;
    if (!mask || !a) return NULL;
    lsv_array s = lsv_scalar_array((lsv_kind)a->kind, lsv_scalar_float(otherwise), LSV_WEAK, &cell);
    return gw_hold(w, lsv_where(mask, a, &s, &r, w->err), &r);
}

lsv_array *gw_zeros(gwork *w, const lsv_array *like) {
    lsv_array *r;
    return like ? gw_hold(w,
                          lsv_zeros((lsv_kind)like->kind, (lsv_dtype)like->dtype, like->ndim, like->shape, &r,
                                    w->err),
                          &r)
                : NULL;
}

lsv_array *gw_zeros_for(gwork *w, int k) {
    lsv_array *r;
    const lsv_tape *t = w->n->in[k];
    return t ? gw_hold(w, lsv_zeros((lsv_kind)t->kind, (lsv_dtype)t->dtype, t->ndim, t->shape, &r, w->err),
                       &r)
             : NULL;
}

lsv_array *gw_full(gwork *w, const lsv_array *like, int ndim, const ptrdiff_t *shape, double value) {
    lsv_array *r;
    return like ? gw_hold(w,
                          lsv_full((lsv_kind)like->kind, (lsv_dtype)like->dtype, ndim, shape,
                                   lsv_scalar_float(value), &r, w->err),
                          &r)
                : NULL;
}

/* ---- shapes, reductions ---- */

lsv_array *gw_reduce(gwork *w, lsv_reduction op, lsv_array *a, int naxes, const int *axes, bool keepdims) {
    lsv_array *r;
    lsv_reduce_options o = {.naxes = naxes, .keepdims = keepdims};
    if (!a) return NULL;
    for (int k = 0; k < naxes; k++) o.axes[k] = axes[k];
    return gw_hold(w, lsv_reduce(op, a, &o, &r, w->err), &r);
}

lsv_array *gw_flip(gwork *w, lsv_array *a, int axis) {
    lsv_array *r;
    return a ? gw_hold(w, lsv_flip(a, 1, &axis, &r, w->err), &r) : NULL;
}

lsv_array *gw_reshape(gwork *w, lsv_array *a, int ndim, const ptrdiff_t *shape) {
    lsv_array *r;
    return a ? gw_hold(w, lsv_reshape(a, ndim, shape, false, &r, w->err), &r) : NULL;
}

lsv_array *gw_unsqueeze(gwork *w, lsv_array *a, int axis) {
    lsv_array *r;
    return a ? gw_hold(w, lsv_expand_dims(a, axis, &r, w->err), &r) : NULL;
}

lsv_array *gw_unreduced(gwork *w, lsv_array *r) {
    const lsv_tape *t = w->n->in[0];
    const lsv_grad_attrs *o = &w->n->attrs;
    if (!r || !t) return NULL;
    ptrdiff_t shape[LSV_MAXDIM];
    for (int d = 0; d < t->ndim; d++) shape[d] = o->naxes < 0 ? 1 : t->shape[d];
    for (int k = 0; k < o->naxes; k++) {
        int d = o->axes[k] < 0 ? o->axes[k] + t->ndim : o->axes[k];
        if (t->ndim) shape[d] = 1;
    }
    return gw_reshape(w, r, t->ndim, shape);
}

lsv_array *gw_expand(gwork *w, lsv_array *a, const lsv_tape *like) {
    lsv_array *r;
    return a && like ? gw_hold(w, lsv_broadcast_to(a, like->ndim, like->shape, &r, w->err), &r) : NULL;
}

lsv_array *gw_double(gwork *w, lsv_array *a) {
    lsv_array *r, *c;
    if (!a) return NULL;
    r = gw_hold(w, lsv_as_dtype(a, LSV_FLOAT64, &c, w->err), &c);
    return r ? gw_hold(w, lsv_contiguous(r, &c, w->err), &c) : NULL;
}

/* ---- linear algebra ---- */

lsv_array *gw_t(gwork *w, lsv_array *a) {
    lsv_array *r;
    return a ? gw_hold(w, lsv_swapaxes(a, -2, -1, &r, w->err), &r) : NULL;
}

lsv_array *gw_mm(gwork *w, lsv_array *a, lsv_array *b) {
    lsv_array *r;
    return a && b ? gw_hold(w, lsv_matmul(a, b, &r, w->err), &r) : NULL;
}

lsv_array *gw_solve(gwork *w, lsv_array *a, lsv_array *b) {
    lsv_array *r;
    return a && b ? gw_hold(w, lsv_solve(a, b, &r, w->err), &r) : NULL;
}

lsv_array *gw_tri(gwork *w, lsv_array *a, ptrdiff_t k, bool upper) {
    lsv_array *r;
    return a ? gw_hold(w, lsv_tri(a, k, upper, &r, w->err), &r) : NULL;
}

lsv_array *gw_row(gwork *w, lsv_array *s) { return gw_unsqueeze(w, s, -2); }
lsv_array *gw_column(gwork *w, lsv_array *s) { return gw_unsqueeze(w, s, -1); }
