/* Derivatives of products, systems and factorisations, over the last two axes. Sources: Giles (2008),
   "Collected matrix derivative results for forward and reverse mode algorithmic differentiation";
   Golub and Pereyra (1973) for the pseudo-inverse; Murray (2016) for Cholesky; Seeger et al. (2017) for QR.
 */
#include "base/alloc.h"
#include "grad/rules.h"
#include "grad/svd_derivative.h"
#include "linalg/linalg.h"

#include <math.h>
#include <string.h>

typedef lsv_array *A;

static int dims(const gwork *w, int k) {
    return w->n->saved_in[k].array ? w->n->saved_in[k].array->ndim : w->n->in[k]->ndim;
}

/* ---- products ---- */

RULE(lsv_vjp_MATMUL) {
    bool va = dims(w, 0) == 1, vb = dims(w, 1) == 1;
    A g2 = g[0];
    if (va && vb) {
        if (gw_needs(w, 0)) gw_give(w, gin, 0, gw_mul(w, g2, gw_x(w, 1)));
        if (gw_needs(w, 1)) gw_give(w, gin, 1, gw_mul(w, g2, gw_x(w, 0)));
        return;
    }
    if (va) g2 = gw_unsqueeze(w, g2, -2);
    if (vb) g2 = gw_unsqueeze(w, g2, -1);
    if (gw_needs(w, 0)) {
        A b = gw_x(w, 1);
        if (vb) b = gw_unsqueeze(w, b, -1);
        gw_give(w, gin, 0, gw_mm(w, g2, gw_t(w, b))); /* a row (…, 1, k) for a vector a */
    }
    if (gw_needs(w, 1)) {
        A a = gw_x(w, 0), r;
        if (va) a = gw_unsqueeze(w, a, -2);
        r = gw_mm(w, gw_t(w, a), g2);
        if (vb && r) r = gw_reshape(w, r, r->ndim - 1, r->shape);
        gw_give(w, gin, 1, r);
    }
}

static A flat(gwork *w, A a) {
    lsv_array *r;
    return a ? gw_hold(w, lsv_ravel(a, false, &r, w->err), &r) : NULL;
}

RULE(lsv_vjp_OUTER) {
    if (gw_needs(w, 0)) gw_give(w, gin, 0, gw_mm(w, g[0], flat(w, gw_x(w, 1))));
    if (gw_needs(w, 1)) gw_give(w, gin, 1, gw_mm(w, flat(w, gw_x(w, 0)), g[0]));
}

RULE(lsv_vjp_CROSS) {
    lsv_array *r;
    if (gw_needs(w, 0)) {
        A b = gw_x(w, 1);
        gw_give(w, gin, 0, b ? gw_hold(w, lsv_cross(b, g[0], &r, w->err), &r) : NULL);
    }
    if (gw_needs(w, 1)) {
        A a = gw_x(w, 0);
        gw_give(w, gin, 1, a ? gw_hold(w, lsv_cross(g[0], a, &r, w->err), &r) : NULL);
    }
}

/* "ij,jk->ik" for operand 0 is "ik,jk->ij" of the cotangent and the others. Letters of the operand that
   nobody else has are summed over in the product: they come back by broadcasting against ones; a letter that
   stands twice in the operand means its diagonal, along which the result is written. */
typedef struct {
    char terms[8][32];
    int n;
    char out[32];
} equation;

static bool read_equation(const char *text, int nin, equation *e) {
    size_t used = 0;
    bool arrow = false;
    memset(e, 0, sizeof *e);
    char *to = e->terms[0];
    for (const char *c = text; *c; c++) {
        if (*c == ' ') continue;
        if (*c == ',') {
            if (++e->n == 8) return false;
            to = e->terms[e->n], used = 0;
        } else if (*c == '-' && c[1] == '>') {
            c++, arrow = true, to = e->out, used = 0;
        } else if (((*c | 32) < 'a' || (*c | 32) > 'z') || used + 1 >= sizeof e->out) return false;
        else to[used++] = *c;
    }
    e->n++;
    if (e->n != nin) return false;
    if (!arrow) { /* letters that stand once, in the order of the alphabet */
        used = 0;
        for (int c = 'A'; c <= 'z'; c++) {
            int times = 0;
            for (int k = 0; k < e->n; k++)
                for (const char *p = e->terms[k]; *p; p++) times += *p == c;
            if (times == 1 && used + 1 < sizeof e->out) e->out[used++] = (char)c;
        }
    }
    return true;
}

static void einsum_operand(gwork *w, const equation *e, A g, int k, lsv_array **gin) {
    const lsv_tape *t = w->n->in[k];
    char text[320] = "", once[32] = "", ones_term[32] = "";
    lsv_array *operands[9], *r;
    int n = 0, nd = 0;
    ptrdiff_t shape[LSV_MAXDIM] = {0}, strides[LSV_MAXDIM] = {0}, lonely[LSV_MAXDIM];
    for (int d = 0; e->terms[k][d]; d++) {
        char *at = strchr(once, e->terms[k][d]);
        if (!at) {
            once[nd] = e->terms[k][d];
            shape[nd++] = t->shape[d];
        }
    }
    strcat(text, e->out);
    operands[n++] = g;
    for (int j = 0; j < e->n; j++) {
        if (j == k) continue;
        strcat(strcat(text, ","), e->terms[j]);
        operands[n] = gw_x(w, j);
        if (!operands[n++]) return;
    }
    int nl = 0;
    for (int d = 0; d < nd; d++)
        if (!strchr(text, once[d])) {
            ones_term[nl] = once[d];
            lonely[nl++] = shape[d];
        }
    if (nl) {
        strcat(strcat(text, ","), ones_term);
        operands[n++] = gw_full(w, g, nl, lonely, 1);
    }
    strcat(strcat(text, "->"), once);
    A part = operands[n - 1] ? gw_hold(w, lsv_einsum(text, operands, n, &r, w->err), &r) : NULL;
    if (!part) return;
    if (nd == t->ndim) {
        gw_give(w, gin, k, part);
        return;
    }
    A zeros = gw_zeros_for(w, k);
    if (!zeros) return;
    for (int d = 0; d < t->ndim; d++) strides[strchr(once, e->terms[k][d]) - once] += zeros->strides[d];
    A diagonal = gw_hold(w, lsv_view_strided(zeros, nd, shape, strides, 0, &r, w->err), &r);
    if (diagonal) w->status = lsv_assign(diagonal, part, w->err);
    gw_give(w, gin, k, zeros);
}

RULE(lsv_vjp_EINSUM) {
    equation e;
    if (!read_equation(w->n->attrs.text, w->n->nin, &e)) {
        w->status = lsv_fail(w->err, LSV_ENOTIMPL, "the derivative of einsum(\"%s\") is not implemented.",
                             w->n->attrs.text);
        return;
    }
    for (int k = 0; k < e.n; k++)
        if (gw_needs(w, k)) einsum_operand(w, &e, g[0], k, gin);
}

RULE(lsv_vjp_TRACE) {
    lsv_array *r;
    A zeros = gw_zeros_for(w, 0);
    if (!zeros) return;
    A diagonal = gw_hold(w, lsv_diagonal(zeros, w->n->attrs.k, 0, 1, &r, w->err), &r);
    if (!diagonal) return;
    diagonal->flags &= (uint8_t)~LSV_READONLY;
    w->status = lsv_assign(diagonal, g[0], w->err);
    gw_give(w, gin, 0, zeros);
}

/* ---- systems ---- */

/* x = A^-1 b: gb = A^-T g, gA = -gb x'. */
RULE(lsv_vjp_SOLVE) {
    A a = gw_x(w, 0), x = gw_y(w, 0);
    if (!a || !x) return;
    bool vector = w->n->attrs.flag; /* b is a vector, or a stack of them */
    A g2 = vector ? gw_unsqueeze(w, g[0], -1) : g[0], x2 = vector ? gw_unsqueeze(w, x, -1) : x;
    A gb = gw_solve(w, gw_t(w, a), g2);
    if (gw_needs(w, 0)) gw_give(w, gin, 0, gw_neg(w, gw_mm(w, gb, gw_t(w, x2))));
    if (vector && gb) gb = gw_reshape(w, gb, gb->ndim - 1, gb->shape);
    gw_give(w, gin, 1, gb);
}

RULE(lsv_vjp_TRIANGULAR) {
    const lsv_grad_attrs *o = &w->n->attrs;
    A a = gw_x(w, 0), x = gw_y(w, 0);
    lsv_array *r;
    if (!a || !x) return;
    A gb = gw_hold(w, lsv_solve_triangular(gw_t(w, a), g[0], !o->flag, true, o->keepdims, &r, w->err), &r);
    if (gw_needs(w, 0)) {
        A ga = gw_neg(w, gw_mm(w, gb, gw_t(w, x)));
        gw_give(w, gin, 0, gw_tri(w, ga, o->keepdims ? (o->flag ? 1 : -1) : 0, o->flag));
    }
    gw_give(w, gin, 1, gb);
}

RULE(lsv_vjp_INV) {
    A y = gw_t(w, gw_y(w, 0));
    gw_give(w, gin, 0, gw_neg(w, gw_mm(w, y, gw_mm(w, g[0], y))));
}

/* The cofactors, by the SVD: right for singular A, too. */
static A cofactors(gwork *w, A a) {
    lsv_array *u, *s, *vh, *d;
    lsv_status status = a ? lsv_svd(a, true, LSV_SVD_AUTO, &u, &s, &vh, w->err) : w->status;
    if (!a || status != LSV_OK) {
        w->status = status;
        return NULL;
    }
    u = gw_hold(w, LSV_OK, &u), s = gw_hold(w, LSV_OK, &s), vh = gw_hold(w, LSV_OK, &vh);
    if (!u || !s || !vh) return NULL;
    A sign = gw_hold(w, lsv_det(u, &d, w->err), &d), signv = gw_hold(w, lsv_det(vh, &d, w->err), &d),
      values = gw_double(w, s), others = gw_double(w, gw_zeros(w, s));
    if (!sign || !signv || !values || !others) return NULL;
    ptrdiff_t n = s->shape[s->ndim - 1];
    double *from = lsv_data(values), *to = lsv_data(others);
    for (ptrdiff_t i = 0; i < s->size; i += n)
        for (ptrdiff_t j = 0; j < n; j++) {
            to[i + j] = 1;
            for (ptrdiff_t k = 0; k < n; k++)
                if (k != j) to[i + j] *= from[i + k];
        }
    A cast = gw_hold(w, lsv_as_dtype(others, (lsv_dtype)s->dtype, &d, w->err), &d);
    A signs = gw_column(w, gw_column(w, gw_mul(w, sign, signv)));
    return gw_mul(w, signs, gw_mm(w, gw_mul(w, u, gw_row(w, cast)), vh));
}

RULE(lsv_vjp_DET) {
    A a = gw_x(w, 0), d = gw_y(w, 0), g2 = gw_column(w, gw_column(w, g[0]));
    if (!a || !d) return;
    bool singular = false;
    for (ptrdiff_t i = 0; d->ndim == 0 && i < 1; i++) singular = lsv_scalar_as_double(lsv_item(d, NULL)) == 0;
    if (singular || d->ndim) {
        gw_give(w, gin, 0, gw_mul(w, g2, cofactors(w, a)));
        return;
    }
    lsv_array *r;
    A inverse = gw_hold(w, lsv_inv(a, &r, w->err), &r);
    gw_give(w, gin, 0, gw_mul(w, gw_mul(w, g[0], d), gw_t(w, inverse)));
}

RULE(lsv_vjp_SLOGDET) { /* outputs: sign (constant), logarithm */
    lsv_array *r;
    A a = gw_x(w, 0);
    if (!a) return;
    if (!g[1]) {
        gw_give(w, gin, 0, gw_zeros_for(w, 0));
        return;
    }
    A inverse = gw_hold(w, lsv_inv(a, &r, w->err), &r);
    gw_give(w, gin, 0, gw_mul(w, gw_column(w, gw_column(w, g[1])), gw_t(w, inverse)));
}

/* gA for P = A^+: constant rank is assumed, as everywhere. */
static A pinv_back(gwork *w, A a, A p, A g) {
    A pt = gw_t(w, p), gt = gw_t(w, g);
    A first = gw_neg(w, gw_mm(w, pt, gw_mm(w, g, pt)));
    A gp = gw_mm(w, gt, gw_mm(w, p, pt));                   /* g' P P' */
    A second = gw_sub(w, gp, gw_mm(w, a, gw_mm(w, p, gp))); /* (I - AP) g' P P' */
    A pg = gw_mm(w, gw_mm(w, pt, p), gt);                   /* P' P g' */
    A third = gw_sub(w, pg, gw_mm(w, gw_mm(w, pg, p), a));  /* P' P g' (I - PA) */
    return gw_add(w, gw_add(w, first, second), third);
}

RULE(lsv_vjp_PINV) {
    A a = gw_x(w, 0), p = gw_y(w, 0);
    gw_give(w, gin, 0, pinv_back(w, a, p, g[0]));
}

/* x = A^+ b. */
RULE(lsv_vjp_LSTSQ) {
    A a = gw_x(w, 0), b = gw_x(w, 1);
    lsv_array *r;
    if (!a || !b) return;
    A p = gw_hold(w, lsv_pinv(a, -1, false, &r, w->err), &r);
    bool vector = b->ndim == 1;
    A g2 = vector ? gw_unsqueeze(w, g[0], -1) : g[0], b2 = vector ? gw_unsqueeze(w, b, -1) : b;
    if (gw_needs(w, 0)) gw_give(w, gin, 0, pinv_back(w, a, p, gw_mm(w, g2, gw_t(w, b2))));
    A gb = gw_needs(w, 1) ? gw_mm(w, gw_t(w, p), g2) : NULL;
    if (vector && gb) gb = gw_reshape(w, gb, gb->ndim - 1, gb->shape);
    gw_give(w, gin, 1, gb);
}

/* ---- factorisations ---- */

/* A = L L': with the lower half of L' gL, its diagonal halved, brought back by L^-T … L^-1. */
RULE(lsv_vjp_CHOLESKY) {
    bool upper = w->n->attrs.flag;
    A l = gw_y(w, 0), gl = g[0];
    if (upper) l = gw_t(w, l), gl = gw_t(w, gl);
    A inner = gw_tri(w, gw_mm(w, gw_t(w, l), gl), 0, false);
    A half = gw_scale(w, gw_add(w, inner, gw_t(w, gw_tri(w, inner, -1, false))), 0.5); /* symmetric */
    A left = gw_solve(w, gw_t(w, l), half), both = gw_t(w, gw_solve(w, gw_t(w, l), gw_t(w, left)));
    gw_give(w, gin, 0, both);
}

/* copyltu: the lower triangle, mirrored. */
static A mirrored(gwork *w, A m) {
    return gw_add(w, gw_tri(w, m, 0, false), gw_t(w, gw_tri(w, m, -1, false)));
}

static A qr_tall(gwork *w, A q, A r, A gq, A gr) {
    A m = NULL;
    if (gr) m = gw_mm(w, r, gw_t(w, gr));
    if (gq) {
        A other = gw_mm(w, gw_t(w, gq), q);
        m = m ? gw_sub(w, m, other) : gw_neg(w, other);
    }
    A inner = gw_mm(w, q, mirrored(w, m));
    if (gq) inner = gw_add(w, inner, gq);
    return gw_t(w, gw_solve(w, r, gw_t(w, inner))); /* inner R^-T */
}

static A columns(gwork *w, A a, ptrdiff_t from, ptrdiff_t to) {
    lsv_array *r;
    lsv_index items[2] = {
        {.type = LSV_IX_ELLIPSIS},
        {.type = LSV_IX_SLICE, .step = 1, .has_start = true, .has_stop = true, .start = from, .stop = to}};
    return a ? gw_hold(w, lsv_index_get(a, items, 2, &r, w->err), &r) : NULL;
}

RULE(lsv_vjp_QR) {
    A q = gw_y(w, 0), r = gw_y(w, 1), gq = g[0], gr = g[1];
    lsv_array *both;
    if (!q || !r) return;
    ptrdiff_t m = q->shape[q->ndim - 2], k = q->shape[q->ndim - 1], n = r->shape[r->ndim - 1];
    if (k == m && m > n) {
        w->status =
            lsv_fail(w->err, LSV_ERUNTIME,
                     "The QR decomposition is not differentiable when mode='complete' and nrows > ncols");
        return;
    }
    if (m >= n) {
        gw_give(w, gin, 0, qr_tall(w, q, r, gq, gr));
        return;
    }
    /* A = [X Y], R = [U W], Y = Q W: the square part takes over what Y's cotangent leaves on Q. */
    A gy = gr ? gw_mm(w, q, columns(w, gr, m, n)) : NULL;
    if (gr) {
        A over = gw_mm(w, columns(w, gw_mm(w, q, r), m, n), gw_t(w, columns(w, gr, m, n)));
        gq = gq ? gw_add(w, gq, over) : over;
    }
    A gx = qr_tall(w, q, columns(w, r, 0, m), gq, gr ? columns(w, gr, 0, m) : NULL);
    if (!gy && gx) {
        ptrdiff_t shape[LSV_MAXDIM];
        memcpy(shape, gx->shape, gx->ndim * sizeof *shape);
        shape[gx->ndim - 1] = n - m;
        gy = gw_full(w, gx, gx->ndim, shape, 0);
    }
    gw_give(w, gin, 0,
            gx && gy
                ? gw_hold(w, lsv_concatenate((lsv_array *[]){gx, gy}, 2, gx->ndim - 1, &both, w->err), &both)
                : NULL);
}

/* V (V'gV / (w_j - w_i) + diag(gw)) V'; a pair of equal values that V's cotangent does not tell apart is left
 * out. */
static A eigh_middle(gwork *w, A values, A inner, A gw_) {
    A m = inner ? gw_double(w, inner) : NULL, e = gw_double(w, values), gd = gw_ ? gw_double(w, gw_) : NULL,
      out;
    lsv_array *r;
    if (!e || w->status != LSV_OK) return NULL;
    ptrdiff_t n = values->shape[values->ndim - 1], stack = n ? values->size / n : 0, shape[LSV_MAXDIM];
    memcpy(shape, values->shape, values->ndim * sizeof *shape);
    shape[values->ndim] = n;
    out = gw_hold(w, lsv_zeros((lsv_kind)values->kind, LSV_FLOAT64, values->ndim + 1, shape, &r, w->err), &r);
    if (!out) return NULL;
    double unit = values->dtype == LSV_FLOAT64 ? 2.2e-16 : 1.2e-7;
    for (ptrdiff_t b = 0; b < stack; b++) {
        const double *x = m ? (double *)lsv_data(m) + b * n * n : NULL, *v = (double *)lsv_data(e) + b * n;
        double *to = (double *)lsv_data(out) + b * n * n, most = 0, top = 0;
        for (ptrdiff_t i = 0; x && i < n * n; i++) most = fmax(most, fabs(x[i]));
        for (ptrdiff_t i = 0; i < n; i++) top = fmax(top, fabs(v[i]));
        for (ptrdiff_t i = 0; i < n; i++)
            for (ptrdiff_t j = 0; j < n; j++) {
                if (i == j) to[i * n + j] = gd ? ((double *)lsv_data(gd))[b * n + i] : 0;
                else if (x) {
                    double gap = v[j] - v[i], turn = x[i * n + j] - x[j * n + i];
                    bool equal = fabs(gap) <= (double)n * unit * top;
                    to[i * n + j] =
                        equal && fabs(turn) <= 10 * (double)n * unit * most ? 0 : x[i * n + j] / gap;
                }
            }
    }
    return gw_hold(w, lsv_as_dtype(out, (lsv_dtype)values->dtype, &r, w->err), &r);
}

RULE(lsv_vjp_EIGH) {
    A values = gw_y(w, 0), v = gw_y(w, 1);
    if (!values || !v) return;
    A vt = gw_t(w, v), inner = g[1] ? gw_mm(w, vt, g[1]) : NULL;
    gw_give(w, gin, 0, gw_mm(w, v, gw_mm(w, eigh_middle(w, values, inner, g[0]), vt)));
}

RULE(lsv_vjp_EIGVALSH) {
    lsv_array *values, *v;
    A a = gw_x(w, 0);
    if (!a) return;
    lsv_status status = lsv_eigh(a, w->n->attrs.flag, &values, &v, w->err);
    if (status != LSV_OK) {
        w->status = status;
        return;
    }
    gw_hold(w, LSV_OK, &values);
    v = gw_hold(w, LSV_OK, &v);
    gw_give(w, gin, 0, gw_mm(w, gw_mul(w, v, gw_row(w, g[0])), gw_t(w, v)));
}

RULE(lsv_vjp_SVD) {
    A u = gw_y(w, 0), s = gw_y(w, 1), vh = gw_y(w, 2), gv = g[2];
    lsv_array *r;
    if (!u || !s || !vh) return;
    if (w->n->attrs.flag) {
        vh = gw_t(w, vh);
        if (gv) gv = gw_t(w, gv);
    }
    if (w->status != LSV_OK) return;
    gw_give(w, gin, 0,
            gw_hold(w, lsv_svd_vjp(NULL, u, s, vh, g[0], g[1], gv, LSV_CLUSTER_NAN, &r, w->err), &r));
}

RULE(lsv_vjp_SVDVALS) {
    lsv_array *u, *s, *vh;
    A a = gw_x(w, 0);
    if (!a) return;
    lsv_status status = lsv_svd(a, false, LSV_SVD_AUTO, &u, &s, &vh, w->err);
    if (status != LSV_OK) {
        w->status = status;
        return;
    }
    u = gw_hold(w, LSV_OK, &u), s = gw_hold(w, LSV_OK, &s), vh = gw_hold(w, LSV_OK, &vh);
    gw_give(w, gin, 0, gw_mm(w, gw_mul(w, u, gw_row(w, g[0])), vh));
}
