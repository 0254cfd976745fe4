/* Derivatives of reductions and running sums. attrs.naxes and axes say over what was reduced; the
   cotangent is given the shape with ones there and broadcast back. */
#include "grad/rules.h"

#include <math.h>
#include <string.h>

typedef lsv_array *A;

/* Elements that went into each element of the result. */
static double count(const gwork *w) {
    const lsv_tape *t = w->n->in[0];
    const lsv_grad_attrs *o = &w->n->attrs;
    double n = 1;
    for (int d = 0; o->naxes < 0 && d < t->ndim; d++) n *= (double)t->shape[d];
    for (int k = 0; k < o->naxes && t->ndim; k++)
        n *= (double)t->shape[o->axes[k] < 0 ? o->axes[k] + t->ndim : o->axes[k]];
    return n;
}

static A spread(gwork *w, A g) { return gw_expand(w, gw_unreduced(w, g), w->n->in[0]); }

static A sum_kept(gwork *w, A a) {
    return gw_reduce(w, LSV_SUM, a, w->n->attrs.naxes, w->n->attrs.axes, true);
}

RULE(lsv_vjp_SUM) { gw_give(w, gin, 0, spread(w, g[0])); }

RULE(lsv_vjp_NANSUM) {
    A there = gw_un(w, LSV_FN_LOGICAL_NOT, gw_un(w, LSV_FN_ISNAN, gw_x(w, 0)));
    gw_give(w, gin, 0, gw_where(w, there, spread(w, g[0]), 0));
}

RULE(lsv_vjp_MEAN) { gw_give(w, gin, 0, spread(w, gw_num(w, LSV_OP_DIV, g[0], count(w)))); }

static A var_of(gwork *w, A g, A x) {
    const lsv_grad_attrs *o = &w->n->attrs;
    A mean = gw_reduce(w, LSV_MEAN, x, o->naxes, o->axes, true);
    return gw_mul(w, gw_scale(w, gw_unreduced(w, g), 2 / (count(w) - o->p)), gw_sub(w, x, mean));
}

RULE(lsv_vjp_VAR) { gw_give(w, gin, 0, var_of(w, g[0], gw_x(w, 0))); }

RULE(lsv_vjp_STD) {
    A y = gw_y(w, 0), half = gw_div(w, g[0], gw_scale(w, y, 2));
    gw_give(w, gin, 0, var_of(w, gw_where(w, gw_num(w, LSV_OP_NE, y, 0), half, 0), gw_x(w, 0)));
}

RULE(lsv_vjp_EXTREME) {
    A mask = gw_bin(w, LSV_OP_EQ, gw_x(w, 0), gw_unreduced(w, gw_y(w, 0)));
    A share = gw_div(w, gw_unreduced(w, g[0]), sum_kept(w, mask));
    A full = gw_expand(w, share, w->n->in[0]);
    gw_give(w, gin, 0, gw_where(w, mask, full, 0));
}

RULE(lsv_vjp_LOGSUMEXP) {
    A weight = gw_un(w, LSV_FN_EXP, gw_sub(w, gw_x(w, 0), gw_unreduced(w, gw_y(w, 0))));
    gw_give(w, gin, 0, gw_mul(w, gw_unreduced(w, g[0]), weight));
}

/* 0 where the norm is 0: the subgradient PyTorch gives. */
RULE(lsv_vjp_NORM) {
    double p = w->n->attrs.p;
    A x = gw_x(w, 0), y = gw_unreduced(w, gw_y(w, 0)), gy = gw_unreduced(w, g[0]), r;
    if (!x || !y) return;
    A alive = gw_num(w, LSV_OP_NE, y, 0), sign = gw_un(w, LSV_FN_SIGN, x), size = gw_un(w, LSV_FN_ABS, x);
    if (p == 0) r = gw_zeros(w, x);
    else if (p == 1) r = gw_mul(w, gy, sign);
    else if (p == 2) r = gw_mul(w, x, gw_where(w, alive, gw_div(w, gy, y), 0));
    else if (isinf(p)) {
        A mask = gw_bin(w, LSV_OP_EQ, size, y);
        r = gw_where(w, mask, gw_mul(w, sign, gw_div(w, gy, sum_kept(w, mask))), 0);
    } else {
        A ratio = gw_num(w, LSV_OP_POW, gw_div(w, size, y), p - 1);
        A nonzero = gw_bin(w, LSV_OP_LOGICAL_AND, alive, gw_num(w, LSV_OP_NE, x, 0));
        r = gw_where(w, nonzero, gw_mul(w, gy, gw_mul(w, sign, ratio)), 0);
    }
    gw_give(w, gin, 0, r);
}

RULE(lsv_vjp_SOFTMAX) {
    A y = gw_y(w, 0), gy = gw_mul(w, g[0], y);
    gw_give(w, gin, 0, gw_sub(w, gy, gw_mul(w, y, sum_kept(w, gy))));
}

RULE(lsv_vjp_LOG_SOFTMAX) {
    A y = gw_y(w, 0);
    gw_give(w, gin, 0, gw_sub(w, g[0], gw_mul(w, gw_un(w, LSV_FN_EXP, y), sum_kept(w, g[0]))));
}

RULE(lsv_vjp_CUMSUM) {
    const lsv_tape *t = w->n->in[0];
    int axis = w->n->attrs.axes[0];
    lsv_array *r;
    A back = t->ndim ? gw_flip(w, gw_reshape(w, g[0], t->ndim, t->shape), axis) : g[0];
    if (!back) return;
    if (t->ndim)
        back = gw_flip(w, gw_hold(w, lsv_cumulate(LSV_SUM, back, axis, false, &r, w->err), &r), axis);
    gw_give(w, gin, 0, back);
}

/* ---- products ---- one line of n elements at a time, in doubles: a zero among them is no special case */

typedef void line_fn(ptrdiff_t n, const double *x, const double *g, double *out);

/* prod: g[0] times the product of all the others. */
static void line_prod(ptrdiff_t n, const double *x, const double *g, double *out) {
    double left = 1, right = 1;
    for (ptrdiff_t i = 0; i < n; i++) {
        out[i] = left;
        left *= x[i];
    }
    for (ptrdiff_t i = n; i-- > 0;) {
        out[i] *= right * g[0];
        right *= x[i];
    }
}

/* cumprod: y_k = x_0 … x_k. Before the first zero the plain rule holds; at it, the product without it goes
   on; behind it y does not depend on anything. */
static void line_cumprod(ptrdiff_t n, const double *x, const double *g, double *out) {
    ptrdiff_t zero = 0;
    double y = 1, rest = 0;
    while (zero < n && x[zero] != 0) zero++;
    for (ptrdiff_t i = 0; i < zero; i++) out[i] = y *= x[i]; /* y_i for now */
    double before = y, tail = 0, product = before;
    for (ptrdiff_t k = zero; k < n; k++) {
        if (k > zero) product *= x[k];
        tail += g[k] * product;
        out[k] = 0;
    }
    if (zero < n) out[zero] = tail;
    for (ptrdiff_t i = zero; i-- > 0;) {
        rest += g[i] * out[i];
        out[i] = rest / x[i];
    }
}

/* x with the axes of the rule last, as rows of n; the gradient goes the same way back. */
static void by_lines(gwork *w, A g, lsv_array **gin, ptrdiff_t g_per_line, line_fn *line) {
    const lsv_tape *t = w->n->in[0];
    const lsv_grad_attrs *o = &w->n->attrs;
    A x = gw_x(w, 0);
    lsv_array *r;
    if (!x) return;
    int order[LSV_MAXDIM], inverse[LSV_MAXDIM], m = 0;
    bool last[LSV_MAXDIM] = {false};
    ptrdiff_t n = 1, shape[LSV_MAXDIM];
    for (int k = 0; k < o->naxes && t->ndim; k++)
        last[o->axes[k] < 0 ? o->axes[k] + t->ndim : o->axes[k]] = true;
    for (int d = 0; d < t->ndim; d++)
        if (o->naxes >= 0 && !last[d]) order[m++] = d;
    for (int d = 0; d < t->ndim; d++)
        if (o->naxes < 0 || last[d]) {
            order[m++] = d;
            n *= t->shape[d];
        }
    for (int d = 0; d < m; d++) {
        inverse[order[d]] = d;
        shape[d] = t->shape[order[d]];
    }
    A xs = gw_double(w, m ? gw_hold(w, lsv_transpose(x, order, &r, w->err), &r) : x);
    A gs = g_per_line == 1 ? gw_unreduced(w, g) : gw_reshape(w, g, t->ndim, t->shape);
    gs = gw_double(w, m && gs ? gw_hold(w, lsv_transpose(gs, order, &r, w->err), &r) : gs);
    A result =
        xs && gs ? gw_hold(w, lsv_empty((lsv_kind)x->kind, LSV_FLOAT64, m, shape, &r, w->err), &r) : NULL;
    if (!result) return;
    const double *px = lsv_data(xs), *pg = lsv_data(gs);
    double *po = lsv_data(result);
    for (ptrdiff_t i = 0; n && i < x->size / n; i++)
        line(n, px + i * n, pg + (g_per_line == 1 ? i : i * n), po + i * n);
    gw_give(w, gin, 0, m ? gw_hold(w, lsv_transpose(result, inverse, &r, w->err), &r) : result);
}

RULE(lsv_vjp_PROD) { by_lines(w, g[0], gin, 1, line_prod); }
RULE(lsv_vjp_CUMPROD) { by_lines(w, g[0], gin, 0, line_cumprod); }
