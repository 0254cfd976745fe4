/* With V's columns as vectors, Au = U'gU - gU'U and Bv = V'gV - gV'V, the cotangent of A is
       gA = U M V' + (I - UU') gU S^-1 V' + U S^-1 gV' (I - VV'),
       M_ij = ((Au+Bv)_ij / (s_j - s_i) + (Au-Bv)_ij / (s_j + s_i)) / 2,  M_ii = gS_i,
   and the other way round, with R = U' dA V,
       dS_i = R_ii,  dU = U P + (I - UU') dA V S^-1,  dV = V Q + (I - VV') dA' U S^-1,
       P_ij, Q_ij = ((R+R')_ij / (s_j - s_i) +- (R-R')_ij / (s_j + s_i)) / 2.
   The columns U2 that a full U has beyond the thin one are free up to a rotation: dU2 = -U S^-1 V' dA' U2,
   which adds -U2 gU2' U S^-1 V' to gA; V2 likewise. No square of s occurs.

   All is done in double. A triplet is silent where its cotangents are 0 within rounding; what
   two silent triplets would exchange is left out, whatever their distance. */
#include "grad/svd_derivative.h"

#include "base/alloc.h"
#include "grad/rules.h"
#include "linalg/linalg.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef lsv_array *A;

typedef struct svd_parts {
    ptrdiff_t m, n, k, mu, nv; /* mu, nv: columns of U, rows of Vh */
    double tol, unit;          /* distance below which values are equal; rounding of the inputs */
    const double *s;
    lsv_svd_cluster cluster;
    lsv_error *err;
} svd_parts;

/* ---- helpers ---- */

static double *data_of(A a) { return lsv_data(a); }

static A part(gwork *w, A a, int axis, ptrdiff_t from, ptrdiff_t to) {
    lsv_array *r;
    lsv_index items[2] = {{.type = LSV_IX_SLICE, .step = 1}, {.type = LSV_IX_SLICE, .step = 1}};
    items[axis].has_start = items[axis].has_stop = true;
    items[axis].start = from;
    items[axis].stop = to;
    return a ? gw_hold(w, lsv_index_get(a, items, 2, &r, w->err), &r) : NULL;
}

static A new_matrix(gwork *w, const lsv_array *like, ptrdiff_t rows, ptrdiff_t cols) {
    lsv_array *r;
    return gw_hold(w, lsv_zeros((lsv_kind)like->kind, LSV_FLOAT64, 2, (ptrdiff_t[]){rows, cols}, &r, w->err),
                   &r);
}

/* X - B (B' X) for B with orthonormal columns, twice: what is left is orthogonal to B to rounding. */
static A off(gwork *w, A B, A X) {
    A r = gw_sub(w, X, gw_mm(w, B, gw_mm(w, gw_t(w, B), X)));
    return gw_sub(w, r, gw_mm(w, B, gw_mm(w, gw_t(w, B), r)));
}

static double norm_of_column(const lsv_array *a, ptrdiff_t j) { /* of a contiguous matrix */
    const double *x = (const double *)lsv_data(a) + j;
    double sum = 0;
    for (ptrdiff_t i = 0; i < a->shape[0]; i++) sum = hypot(sum, x[i * a->shape[1]]);
    return sum;
}

static lsv_status equal_values(const svd_parts *p, ptrdiff_t i, ptrdiff_t j) {
    lsv_fail(
        p->err, LSV_ELINALG,
        "singular values %td and %td are equal (%.6g, %.6g): the derivative of their vectors is undetermined",
        i, j, p->s[i], p->s[j]);
    lsv_hint(p->err, "cluster=\"subspace\" is right for a loss that depends on their subspace only");
    return LSV_ELINALG;
}

/* x / d for the pair (i, j), where d may vanish and `silent` says that nothing depends on it. scale: of what
 * x may be compared with. */
static lsv_status quotient(const svd_parts *p, double x, double d, bool silent, double scale, ptrdiff_t i,
                           ptrdiff_t j, double *out) {
    if (fabs(d) > p->tol) *out = x / d;
    else if (silent) *out = 0;
    else if (p->cluster == LSV_CLUSTER_NAN) *out = x / d;
    else if (p->cluster == LSV_CLUSTER_ERROR) return equal_values(p, i, j);
    else {
        if (fabs(x) > 1e2 * sqrt(p->unit) * scale)
            return lsv_fail(p->err, LSV_ELINALG,
                            "the loss is not invariant under rotations of the vectors of the equal singular "
                            "values %td and %td",
                            i, j);
        *out = 0;
    }
    return LSV_OK;
}

/* 1/s_j for the terms outside the span; a silent zero counts as nothing. */
static lsv_status reciprocals(const svd_parts *p, const bool *silent, const bool *used, double *out) {
    for (ptrdiff_t j = 0; j < p->k; j++) {
        if (p->s[j] > p->tol || (!silent[j] && p->cluster == LSV_CLUSTER_NAN)) out[j] = 1 / p->s[j];
        else if (silent[j] || !used[j]) out[j] = 0;
        else if (p->cluster == LSV_CLUSTER_SUBSPACE)
            return lsv_fail(p->err, LSV_ELINALG,
                            "the loss depends on the vectors of singular value %td, which is zero", j);
        else {
            lsv_fail(p->err, LSV_ELINALG,
                     "singular value %td is zero: the derivative of its vectors is undetermined", j);
            return LSV_ELINALG;
        }
    }
    return LSV_OK;
}

/* ---- backward ---- */

/* Which triplets carry no cotangent, within rounding. A value at zero whose gS is not 0 does not count as
   silent as long as any vector has a cotangent: U S V' would look the same. */
static void find_silent(const svd_parts *p, A gU, A gV, A gS, bool *silent, double *scale) {
    double *size = scale; /* per column, then the largest in [k] */
    double most = 0;
    for (ptrdiff_t j = 0; j < p->k; j++) {
        size[j] = (gU ? norm_of_column(gU, j) : 0) + (gV ? norm_of_column(gV, j) : 0);
        if (size[j] > most) most = size[j];
    }
    for (ptrdiff_t j = 0; j < p->k; j++) {
        bool mute = size[j] <= p->unit * most;
        if (mute && most > 0 && gS && p->s[j] <= p->tol && data_of(gS)[j] != 0) mute = false;
        silent[j] = mute || most == 0;
    }
    scale[p->k] = most;
}

static lsv_status middle(const svd_parts *p, const double *Au, const double *Bv, const double *gS,
                         const bool *silent, double scale, double *M) {
    ptrdiff_t k = p->k;
    for (ptrdiff_t i = 0; i < k; i++)
        for (ptrdiff_t j = 0; j < k; j++) {
            double near, far, a, b;
            if (i == j) {
                M[i * k + j] = gS ? gS[i] : 0;
                continue;
            }
            a = Au ? Au[i * k + j] - Au[j * k + i] : 0;
            b = Bv ? Bv[i * k + j] - Bv[j * k + i] : 0;
            if (!Au && !Bv) continue;
            bool quiet = silent[i] && silent[j];
            LSV_TRY(quotient(p, a + b, p->s[j] - p->s[i], quiet, scale, i, j, &near));
            LSV_TRY(quotient(p, a - b, p->s[j] + p->s[i], quiet, scale, i, j, &far));
            M[i * k + j] = (near + far) / 2;
        }
    return LSV_OK;
}

/* The part of a full U (or V) beyond the thin one. other is the thin factor of that side, this_ and
 * inverse-scaled across of the other. */
static A free_columns(gwork *w, const svd_parts *p, A full, A gfull, ptrdiff_t k) {
    ptrdiff_t cols = full->shape[1];
    A X2 = part(w, full, 1, k, cols), g2 = part(w, gfull, 1, k, cols), X1 = part(w, full, 1, 0, k);
    A turn = gw_mm(w, gw_t(w, X2), g2), skew = gw_double(w, gw_sub(w, turn, gw_t(w, turn))),
      size = gw_double(w, g2);
    if (!skew || !size) return NULL;
    double most = 0, scale = 0;
    for (ptrdiff_t i = 0; i < skew->size; i++) most = fmax(most, fabs(data_of(skew)[i]));
    for (ptrdiff_t i = 0; i < size->size; i++) scale = fmax(scale, fabs(data_of(size)[i]));
    if (most > 1e2 * sqrt(p->unit) * scale && p->cluster != LSV_CLUSTER_NAN) {
        w->status =
            lsv_fail(w->err, LSV_ELINALG,
                     "the loss is not invariant under rotations of the columns that full_matrices adds");
        return NULL;
    }
    return gw_neg(
        w, gw_mm(w, X2,
                 gw_mm(w, gw_t(w, g2), X1))); /* (m, k): still to be scaled by 1/s and multiplied across */
}

/* U, V: columns, float64, contiguous; the cotangents likewise or NULL. */
static A vjp_one(gwork *w, svd_parts *p, A U, A V, A gU, A gS, A gV) {
    ptrdiff_t k = p->k;
    A U1 = part(w, U, 1, 0, k), V1 = part(w, V, 1, 0, k);
    A gU1 = gU ? gw_double(w, part(w, gU, 1, 0, k)) : NULL,
      gV1 = gV ? gw_double(w, part(w, gV, 1, 0, k)) : NULL;
    A M = new_matrix(w, U, k, k), inverse = new_matrix(w, U, 1, k);
    bool *silent = lsv_calloc((size_t)k + 1, 2 * sizeof *silent), *used = silent ? silent + k + 1 : NULL;
    double *scale = lsv_calloc((size_t)k + 1, sizeof *scale);
    A result = NULL;
    if (!silent || !scale) w->status = lsv_no_memory(w->err, (size_t)k * sizeof *scale);
    if (w->status == LSV_OK) {
        find_silent(p, gU1, gV1, gS, silent, scale);
        for (ptrdiff_t j = 0; j < k; j++) used[j] = (gU1 && p->m > k) || (gV1 && p->n > k);
        A Au = gU1 ? gw_double(w, gw_mm(w, gw_t(w, U1), gU1)) : NULL,
          Bv = gV1 ? gw_double(w, gw_mm(w, gw_t(w, V1), gV1)) : NULL;
        if (w->status == LSV_OK)
            w->status = middle(p, Au ? data_of(Au) : NULL, Bv ? data_of(Bv) : NULL, gS ? data_of(gS) : NULL,
                               silent, scale[k], data_of(M));
        if (w->status == LSV_OK && (gU1 || gV1)) w->status = reciprocals(p, silent, used, data_of(inverse));
    }
    lsv_free(silent);
    lsv_free(scale);
    if (w->status != LSV_OK) return NULL;
    A left = gw_mm(w, U1, M), right = NULL; /* gA = left V1' + U1 right' */
    if (gU1 && p->m > k) left = gw_add(w, left, gw_mul(w, off(w, U1, gU1), inverse));
    if (gU && p->mu > k) left = gw_add(w, left, gw_mul(w, free_columns(w, p, U, gU, k), inverse));
    if (gV1 && p->n > k) right = gw_mul(w, off(w, V1, gV1), inverse);
    if (gV && p->nv > k) {
        A more = gw_mul(w, free_columns(w, p, V, gV, k), inverse);
        right = right ? gw_add(w, right, more) : more;
    }
    result = gw_mm(w, left, gw_t(w, V1));
    if (right) result = gw_add(w, result, gw_mm(w, U1, gw_t(w, right)));
    return result;
}

static double unit_of(const lsv_array *a) { return a->dtype == LSV_FLOAT64 ? DBL_EPSILON : FLT_EPSILON; }

/* Matrix i of a stack, or vector i of a stack of vectors: float64, contiguous. */
static A pick(gwork *w, const lsv_array *a, int dims, ptrdiff_t i) {
    lsv_array *r, *v;
    if (!a) return NULL;
    ptrdiff_t offset = 0;
    for (int d = a->ndim - dims - 1; d >= 0; d--) {
        offset += (i % a->shape[d]) * a->strides[d];
        i /= a->shape[d];
    }
    v = gw_hold(w,
                lsv_view_strided((lsv_array *)(uintptr_t)a, dims, a->shape + a->ndim - dims,
                                 a->strides + a->ndim - dims, offset, &r, w->err),
                &r);
    return gw_double(w, v);
}

/* The other triplets of A behind the first k, and zero cotangents for them. */
static void complete(gwork *w, const lsv_array *a, A *U, A *S, A *V, A *gU, A *gS, A *gV) {
    lsv_array *u, *s, *vh, *r;
    A x = gw_double(w, (lsv_array *)(uintptr_t)a);
    if (!x || !*U) return;
    lsv_status status = lsv_svd(x, false, LSV_SVD_AUTO, &u, &s, &vh, w->err);
    if (status != LSV_OK) {
        w->status = status;
        return;
    }
    u = gw_hold(w, LSV_OK, &u), s = gw_hold(w, LSV_OK, &s), vh = gw_hold(w, LSV_OK, &vh);
    if (w->status != LSV_OK) return;
    ptrdiff_t k = (*S)->size, all = s->size;
    lsv_index rest = {.type = LSV_IX_SLICE, .step = 1, .has_start = true, .start = k};
    A s2 = gw_hold(w, lsv_index_get(s, &rest, 1, &r, w->err), &r), u2 = part(w, u, 1, k, all),
      v2 = part(w, gw_t(w, vh), 1, k, all);
    if (w->status != LSV_OK) return;
    *U = gw_hold(w, lsv_concatenate((lsv_array *[]){*U, u2}, 2, 1, &r, w->err), &r);
    *V = gw_hold(w, lsv_concatenate((lsv_array *[]){*V, v2}, 2, 1, &r, w->err), &r);
    *S = gw_hold(w, lsv_concatenate((lsv_array *[]){*S, s2}, 2, 0, &r, w->err), &r);
    if (*gU) *gU = gw_hold(w, lsv_concatenate((lsv_array *[]){*gU, gw_zeros(w, u2)}, 2, 1, &r, w->err), &r);
    if (*gV) *gV = gw_hold(w, lsv_concatenate((lsv_array *[]){*gV, gw_zeros(w, v2)}, 2, 1, &r, w->err), &r);
    if (*gS) *gS = gw_hold(w, lsv_concatenate((lsv_array *[]){*gS, gw_zeros(w, s2)}, 2, 0, &r, w->err), &r);
}

static lsv_status matrices(const lsv_array *a, const lsv_array *U, const lsv_array *S, const lsv_array *Vh,
                           lsv_error *err) {
    if (U->ndim < 2 || Vh->ndim != U->ndim || S->ndim != U->ndim - 1)
        return lsv_fail(err, LSV_EVALUE,
                        "U, S and Vh have to be matrices and a vector, got %d, %d and %d dimensions",
                        (int)U->ndim, (int)S->ndim, (int)Vh->ndim);
    ptrdiff_t m = U->shape[U->ndim - 2], n = Vh->shape[Vh->ndim - 1], k = S->shape[S->ndim - 1],
              mu = U->shape[U->ndim - 1], nv = Vh->shape[Vh->ndim - 2];
    ptrdiff_t least = m < n ? m : n;
    bool fits =
        (mu == k || mu == m) && (nv == k || nv == n) && k <= least &&
        (a ? a->ndim == U->ndim && a->shape[a->ndim - 2] == m && a->shape[a->ndim - 1] == n : k == least);
    if (!fits) {
        char u[64], s[64], v[64];
        return lsv_fail(err, LSV_EVALUE, "U %s, S %s and Vh %s are not the factors of one matrix",
                        lsv_shape_text(U, u, sizeof u), lsv_shape_text(S, s, sizeof s),
                        lsv_shape_text(Vh, v, sizeof v));
    }
    const lsv_array *all[] = {U, S, Vh};
    for (int i = 0; i < 3; i++)
        if (!lsv_all_finite(all[i], NULL))
            return lsv_fail(err, LSV_ELINALG, "the factors contain NaN or Inf");
    return LSV_OK;
}

static bool shaped_as(const lsv_array *g, const lsv_array *x) {
    return !g || (g->ndim == x->ndim && memcmp(g->shape, x->shape, x->ndim * sizeof *x->shape) == 0);
}

lsv_status lsv_svd_vjp(const lsv_array *a, const lsv_array *U, const lsv_array *S, const lsv_array *Vh,
                       const lsv_array *gU, const lsv_array *gS, const lsv_array *gVh,
                       lsv_svd_cluster cluster, lsv_array **gA, lsv_error *err) {
    LSV_TRY(matrices(a, U, S, Vh, err));
    if (!shaped_as(gU, U) || !shaped_as(gS, S) || !shaped_as(gVh, Vh))
        return lsv_fail(err, LSV_EVALUE, "the cotangents have to have the shapes of U, S and Vh");
    int nd = U->ndim;
    ptrdiff_t shape[LSV_MAXDIM], stack = 1;
    memcpy(shape, U->shape, (size_t)nd * sizeof *shape);
    shape[nd - 1] = Vh->shape[nd - 1];
    for (int d = 0; d < nd - 2; d++) stack *= shape[d];
    lsv_array *out;
    LSV_TRY(lsv_zeros((lsv_kind)U->kind, (lsv_dtype)U->dtype, nd, shape, &out, err));
    lsv_status status = LSV_OK;
    for (ptrdiff_t i = 0; i < stack && status == LSV_OK && out->size; i++) {
        gwork w;
        gw_begin(&w, NULL, err);
        A u = pick(&w, U, 2, i), s = pick(&w, S, 1, i), v = gw_t(&w, pick(&w, Vh, 2, i));
        A gu = pick(&w, gU, 2, i), gs = pick(&w, gS, 1, i), gv = gVh ? gw_t(&w, pick(&w, gVh, 2, i)) : NULL;
        ptrdiff_t least = shape[nd - 2] < shape[nd - 1] ? shape[nd - 2] : shape[nd - 1];
        if (a && w.status == LSV_OK && s->size < least)
            complete(&w, pick(&w, a, 2, i), &u, &s, &v, &gu, &gs, &gv);
        if (w.status == LSV_OK) {
            u = gw_double(&w, u), v = gw_double(&w, v), s = gw_double(&w, s);
            if (gs) gs = gw_double(&w, gs);
        }
        if (w.status == LSV_OK) {
            svd_parts p = {.m = shape[nd - 2],
                           .n = shape[nd - 1],
                           .k = s->size,
                           .mu = u->shape[1],
                           .nv = v->shape[1],
                           .s = data_of(s),
                           .cluster = cluster,
                           .err = err};
            double s1 = 0;
            for (ptrdiff_t j = 0; j < p.k; j++) s1 = fmax(s1, p.s[j]);
            p.unit = (double)(p.m > p.n ? p.m : p.n) * unit_of(U);
            p.tol = p.unit * s1;
            A r = vjp_one(&w, &p, u, v, gu, gs, gv), to, view;
            ptrdiff_t rest = i, at = 0;
            for (int d = nd - 3; d >= 0; d--) {
                at += (rest % shape[d]) * out->strides[d];
                rest /= shape[d];
            }
            to = r ? gw_hold(&w,
                             lsv_view_strided(out, 2, shape + nd - 2, out->strides + nd - 2, at, &view, err),
                             &view)
                   : NULL;
            if (to) w.status = lsv_assign(to, r, err);
        }
        status = gw_end(&w);
    }
    if (status != LSV_OK) {
        lsv_release(out);
        return status;
    }
    *gA = out;
    return LSV_OK;
}

/* ---- forward ---- */

static lsv_status turns(const svd_parts *p, const double *R, double *P, double *Q) {
    ptrdiff_t k = p->k;
    double scale = 0;
    for (ptrdiff_t i = 0; i < k * k; i++) scale = fmax(scale, fabs(R[i]));
    for (ptrdiff_t i = 0; i < k; i++)
        for (ptrdiff_t j = 0; j < k; j++) {
            double near, far;
            if (i == j) continue;
            LSV_TRY(
                quotient(p, R[i * k + j] + R[j * k + i], p->s[j] - p->s[i], scale == 0, scale, i, j, &near));
            LSV_TRY(
                quotient(p, R[i * k + j] - R[j * k + i], p->s[j] + p->s[i], scale == 0, scale, i, j, &far));
            P[i * k + j] = (near + far) / 2;
            Q[i * k + j] = (near - far) / 2;
        }
    return LSV_OK;
}

/* dX for the factor X (U, or V with dA transposed): thin part from the turns, the rest by orthogonality. */
static A side(gwork *w, A X, A X1, A Y1, A dA, A turn, A inverse) {
    lsv_array *r;
    ptrdiff_t k = turn->shape[0];
    A thin = gw_mm(w, X1, turn);
    if (X->shape[0] > k) thin = gw_add(w, thin, gw_mul(w, off(w, X1, gw_mm(w, dA, Y1)), inverse));
    if (!thin || X->shape[1] == k) return thin;
    A X2 = part(w, X, 1, k, X->shape[1]);
    A more = gw_neg(w, gw_mm(w, gw_mul(w, X1, inverse), gw_mm(w, gw_t(w, Y1), gw_mm(w, gw_t(w, dA), X2))));
    return more ? gw_hold(w, lsv_concatenate((lsv_array *[]){thin, more}, 2, 1, &r, w->err), &r) : NULL;
}

lsv_status lsv_svd_jvp(const lsv_array *U, const lsv_array *S, const lsv_array *Vh, const lsv_array *dA,
                       lsv_svd_cluster cluster, lsv_array **dU, lsv_array **dS, lsv_array **dVh,
                       lsv_error *err) {
    LSV_TRY(matrices(NULL, U, S, Vh, err));
    if (U->ndim != 2 || dA->ndim != 2 || dA->shape[0] != U->shape[0] || dA->shape[1] != Vh->shape[1]) {
        char have[64];
        return lsv_fail(err, LSV_EVALUE, "dA has to be (%td, %td), got %s", U->shape[0], Vh->shape[1],
                        lsv_shape_text(dA, have, sizeof have));
    }
    gwork w;
    gw_begin(&w, NULL, err);
    A u = pick(&w, U, 2, 0), s = pick(&w, S, 1, 0), v = gw_double(&w, gw_t(&w, pick(&w, Vh, 2, 0))),
      d = pick(&w, dA, 2, 0);
    lsv_array *out[3] = {NULL};
    if (w.status == LSV_OK) {
        svd_parts p = {.m = u->shape[0],
                       .n = v->shape[0],
                       .k = s->size,
                       .mu = u->shape[1],
                       .nv = v->shape[1],
                       .s = data_of(s),
                       .cluster = cluster,
                       .err = err};
        double s1 = p.k ? p.s[0] : 0;
        p.unit = (double)(p.m > p.n ? p.m : p.n) * unit_of(U);
        p.tol = p.unit * s1;
        A u1 = part(&w, u, 1, 0, p.k), v1 = part(&w, v, 1, 0, p.k), P = new_matrix(&w, u, p.k, p.k),
          Q = new_matrix(&w, u, p.k, p.k), inverse = new_matrix(&w, u, 1, p.k);
        A R = gw_double(&w, gw_mm(&w, gw_t(&w, u1), gw_mm(&w, d, v1))), ds, view;
        if (w.status == LSV_OK) w.status = turns(&p, data_of(R), data_of(P), data_of(Q));
        for (ptrdiff_t j = 0; j < p.k && w.status == LSV_OK && p.m != p.n; j++) {
            if (p.s[j] > p.tol) data_of(inverse)[j] = 1 / p.s[j];
            else if (cluster != LSV_CLUSTER_SUBSPACE)
                w.status =
                    lsv_fail(err, LSV_ELINALG,
                             "singular value %td is zero: the derivative of its vectors is undetermined", j);
        }
        ds = w.status == LSV_OK ? gw_hold(&w, lsv_diagonal(R, 0, 0, 1, &view, err), &view) : NULL;
        if (ds) {
            A results[3] = {side(&w, u, u1, v1, d, P, inverse), ds,
                            gw_t(&w, side(&w, v, v1, u1, gw_t(&w, d), Q, inverse))};
            for (int i = 0; i < 3 && w.status == LSV_OK; i++)
                w.status = lsv_astype(results[i], (lsv_dtype)U->dtype, &out[i], err);
        }
    }
    lsv_status status = gw_end(&w);
    if (status != LSV_OK) {
        for (int i = 0; i < 3; i++) lsv_release(out[i]);
        return status;
    }
    *dU = out[0];
    *dS = out[1];
    *dVh = out[2];
    return LSV_OK;
}

/* ---- norms ---- */

/* gS of a norm of the singular values s (falling). */
static lsv_status norm_weights(const char *kind, const double *s, ptrdiff_t k, double tol, double *g,
                               bool *unique, lsv_error *err) {
    char *end;
    *unique = true;
    if (strcmp(kind, "2") == 0 || strcmp(kind, "spectral") == 0 || strncmp(kind, "kyfan", 5) == 0) {
        long count = strncmp(kind, "kyfan", 5) == 0 ? strtol(kind + 5, &end, 10) : 1;
        if (count < 1 || count > k)
            return lsv_fail(err, LSV_EVALUE,
                            "normgrad: kind \"%s\" asks for singular values that a matrix with %td has not",
                            kind, k);
        for (ptrdiff_t j = 0; j < count; j++) g[j] = 1;
        *unique = count < k ? s[count - 1] - s[count] > tol : s[k - 1] > tol;
    } else if (strcmp(kind, "nuc") == 0 || strcmp(kind, "nuclear") == 0) {
        for (ptrdiff_t j = 0; j < k; j++) g[j] = s[j] > tol;
        *unique = k == 0 || s[k - 1] > tol;
    } else {
        bool fro = strcmp(kind, "fro") == 0 || strcmp(kind, "frobenius") == 0;
        double p = fro ? 2 : strncmp(kind, "schatten", 8) == 0 ? strtod(kind + 8, &end) : -1, sum = 0;
        if (!(p >= 1))
            return lsv_fail(err, LSV_EVALUE,
                            "normgrad: kind is \"2\", \"nuc\", \"fro\", \"kyfan<k>\" or \"schatten<p>\", p "
                            ">= 1, not \"%s\"",
                            kind);
        double top = k ? s[0] : 0;
        *unique = top > 0 && (p > 1 || s[k - 1] > tol);
        for (ptrdiff_t j = 0; j < k; j++) sum += top > 0 ? pow(s[j] / top, p) : 0;
        for (ptrdiff_t j = 0; j < k; j++)
            g[j] = top > 0 && (p > 1 || s[j] > tol) ? pow(s[j] / top / pow(sum, 1 / p), p - 1) : 0;
    }
    return LSV_OK;
}

lsv_status lsv_normgrad(const lsv_array *a, const char *kind, lsv_array **out, bool *unique, lsv_error *err) {
    if (a->ndim != 2)
        return lsv_fail(err, LSV_EVALUE, "normgrad takes a matrix, got %d dimensions", (int)a->ndim);
    gwork w;
    bool sure = true;
    gw_begin(&w, NULL, err);
    lsv_array *u, *s, *vh, *result = NULL;
    A x = pick(&w, a, 2, 0);
    lsv_status status = x ? lsv_svd(x, false, LSV_SVD_AUTO, &u, &s, &vh, err) : w.status;
    if (status != LSV_OK) w.status = status;
    else {
        u = gw_hold(&w, LSV_OK, &u), s = gw_hold(&w, LSV_OK, &s), vh = gw_hold(&w, LSV_OK, &vh);
        A g = s ? gw_zeros(&w, s) : NULL, values = s ? gw_double(&w, s) : NULL;
        if (g && values && vh) {
            double tol = (double)(a->shape[0] > a->shape[1] ? a->shape[0] : a->shape[1]) * unit_of(a) *
                         (s->size ? data_of(values)[0] : 0);
            w.status = norm_weights(kind, data_of(values), s->size, tol, data_of(g), &sure, err);
            A r = w.status == LSV_OK ? gw_mm(&w, gw_mul(&w, u, g), vh) : NULL;
            if (r)
                w.status =
                    lsv_astype(r, lsv_dtype_is_float((lsv_dtype)a->dtype) ? (lsv_dtype)a->dtype : LSV_FLOAT64,
                               &result, err);
        }
    }
    status = gw_end(&w);
    if (status != LSV_OK) {
        lsv_release(result);
        return status;
    }
    if (unique) *unique = sure;
    *out = result;
    return LSV_OK;
}
