/* The closed form, through all thin triplets.

   In the basis of the other triplets (s_j, u_j, v_j), with a_j = u_j.phi and b_j = v_j.psi,
       p = sum_j (d- + d+) u_j,  q = sum_j (d- - d+) v_j,   d-+ = (a_j +- b_j) / (2 (s -+ s_j)),
   plus (phi - U U^T phi)/s or (psi - V V^T psi)/s on the longer side. No square of s and no 1/s_j occurs, so
   rank-deficient A is no special case.

   For the first k triplets together, what a pair within the block contributes is formed from the skew parts
   of U^T gU and V^T gV first: for a loss that does not depend on how a cluster is rotated they cancel, and
   the terms of single triplets would not. */
#include <string.h>
#include "grad/svd_derivative.h"
#include "grad/svdgrad_work.h"

/* c_j = e_j.x over all triplets, left (U) or right (Vh). */
static lsv_status coordinates(const lsv_sg *w, bool left, const double *x, double *c, lsv_error *err) {
    if (left) return lsv_sg_times(w->U, w->m, w->k, true, x, c, err);
    return lsv_sg_times(w->Vh, w->k, w->n, false, x, c, err);
}

/* out = sum_j c_j e_j */
static lsv_status combine(const lsv_sg *w, bool left, const double *c, double *out, lsv_error *err) {
    if (left) return lsv_sg_times(w->U, w->m, w->k, false, c, out, err);
    return lsv_sg_times(w->Vh, w->k, w->n, true, c, out, err);
}

/* out += (x - E E^T x) / s, the projection taken off twice; c has k entries, t as many as x. */
static lsv_status add_rest(const lsv_sg *w, bool left, double s, const double *x, double *c, double *t,
                           double *out, lsv_error *err) {
    ptrdiff_t rows = left ? w->m : w->n;
    double *rest = t + rows;
    memcpy(rest, x, (size_t)rows * sizeof *x);
    for (int pass = 0; pass < 2; pass++) {
        LSV_TRY(coordinates(w, left, rest, c, err));
        LSV_TRY(combine(w, left, c, t, err));
        lsv_sg_axpy(rows, -1, t, rest);
    }
    lsv_sg_axpy(rows, 1 / s, rest, out);
    return LSV_OK;
}

/* p and q of triplet i from the triplets outside 0..skip-1 (and not i). work: 2k + 2 max(m, n) doubles. */
static lsv_status adjoint(const lsv_sg *w, ptrdiff_t i, ptrdiff_t skip, const double *phi, const double *psi,
                          double *work, double *p, double *q, lsv_error *err) {
    double *a = work, *b = a + w->k, *t = b + w->k, s = w->S[i];
    LSV_TRY(coordinates(w, true, phi, a, err));
    LSV_TRY(coordinates(w, false, psi, b, err));
    for (ptrdiff_t j = 0; j < w->k; j++) {
        double minus = (a[j] + b[j]) / (2 * (s - w->S[j])), plus = (a[j] - b[j]) / (2 * (s + w->S[j]));
        bool out = j < skip || j == i;
        a[j] = out ? 0 : minus + plus;
        b[j] = out ? 0 : minus - plus;
    }
    LSV_TRY(combine(w, true, a, p, err));
    LSV_TRY(combine(w, false, b, q, err));
    if (w->m > w->k) LSV_TRY(add_rest(w, true, s, phi, a, t, p, err));
    if (w->n > w->k) LSV_TRY(add_rest(w, false, s, psi, a, t, q, err));
    return LSV_OK;
}

static double *work_space(const lsv_sg *w, lsv_error *err) {
    return lsv_sg_vector(2, w->k + lsv_max_size(w->m, w->n), err);
}

lsv_status lsv_sg_closed(lsv_sg *w, lsv_error *err) {
    double *work = work_space(w, err);
    if (!work) return LSV_ENOMEM;
    lsv_status status = adjoint(w, w->i, 0, w->phi, w->psi, work, w->p, w->q, err);
    lsv_free(work);
    lsv_sg_project(w->m, w->u, w->p);
    lsv_sg_project(w->n, w->v, w->q);
    return status;
}

/* A pair of (nearly) equal values carries a cotangent: it must at least not turn within the pair, and even
   then its gradient is not determined by the cotangents alone. */
static lsv_status pair_error(const lsv_sg *w, ptrdiff_t i, ptrdiff_t j, double turn, double scale,
                             lsv_error *err) {
    const char *what = fabs(turn) > 1e-10 * scale ? "the loss is not gauge invariant"
                                                  : "their vectors' cotangents do not determine the gradient";
    return lsv_fail(err, LSV_ELINALG,
                    "svdgrad: s[%td] and s[%td] are equal to working precision (%.3g, %.3g): %s", i, j,
                    ldexp(w->S[i], w->exponent), ldexp(w->S[j], w->exponent), what);
}

/* M from Au = U^T gU and Bv = V^T gV of the block (count x count each, [i][j] = u_i.phi_j). */
static lsv_status inner(const lsv_sg *w, ptrdiff_t count, const double *Au, const double *Bv, double *M,
                        lsv_error *err) {
    double tol = (double)lsv_max_size(w->m, w->n) * w->eps * w->S[0], scale = 1e-300;
    for (ptrdiff_t i = 0; i < count * count; i++) scale = fmax(scale, fmax(fabs(Au[i]), fabs(Bv[i])));
    for (ptrdiff_t i = 0; i < count; i++)
        for (ptrdiff_t j = 0; j < count; j++) {
            if (i == j) {
                M[i * count + j] = 0;
                continue;
            }
            double a = Au[i * count + j] - Au[j * count + i], b = Bv[i * count + j] - Bv[j * count + i];
            double difference = w->S[j] - w->S[i], sum = w->S[j] + w->S[i];
            if (a == 0 && b == 0) M[i * count + j] = 0;
            else if (fabs(difference) <= tol) return pair_error(w, i, j, a + b, scale, err);
            else M[i * count + j] = ((a + b) / difference + (a - b) / sum) / 2;
        }
    return LSV_OK;
}

static lsv_status block_with(const lsv_sg *w, ptrdiff_t count, const double *phi, const double *psi,
                             double *work, double *Au, double *Bv, double *M, double *X, double *Y,
                             lsv_error *err) {
    ptrdiff_t m = w->m, n = w->n;
    for (ptrdiff_t j = 0; j < count; j++) {
        LSV_TRY(lsv_poll(err));
        LSV_TRY(coordinates(w, true, phi + j * m, work, err));
        for (ptrdiff_t i = 0; i < count; i++) Au[i * count + j] = work[i];
        LSV_TRY(coordinates(w, false, psi + j * n, work, err));
        for (ptrdiff_t i = 0; i < count; i++) Bv[i * count + j] = work[i];
        double *x = X + j * m, *y = Y + j * n;
        memset(x, 0, (size_t)m * sizeof *x);
        memset(y, 0, (size_t)n * sizeof *y);
        if (lsv_sg_dot(m, phi + j * m, phi + j * m) + lsv_sg_dot(n, psi + j * n, psi + j * n) > 0)
            LSV_TRY(adjoint(w, j, count, phi + j * m, psi + j * n, work, x, y, err));
    }
    return inner(w, count, Au, Bv, M, err);
}

lsv_status lsv_sg_block(const lsv_sg *w, ptrdiff_t count, const double *phi, const double *psi, double *M,
                        double *X, double *Y, lsv_error *err) {
    double *work = work_space(w, err), *Au = work ? lsv_sg_vector(2 * count, count, err) : NULL;
    lsv_status status = LSV_ENOMEM;
    if (Au) status = block_with(w, count, phi, psi, work, Au, Au + count * count, M, X, Y, err);
    lsv_free(work);
    lsv_free(Au);
    return status;
}

/* The derivative of the whole thin SVD (svd_derivative.c) with cotangents in column i only. Pairs that do not
   touch i carry nothing, so that equal small values are harmless here. */
static lsv_status whole_derivative(lsv_sg *w, lsv_array *gU, lsv_array *gVh, double *G, lsv_error *err) {
    double *left = (double *)(void *)gU->data, *right = (double *)(void *)gVh->data, side = 0;
    for (ptrdiff_t r = 0; r < w->m; r++) side += w->u[r] * w->U[r * w->k + w->i];
    double sign = side < 0 ? -1 : 1; /* of the triplet in use against that in U */
    for (ptrdiff_t r = 0; r < w->m; r++) left[r * w->k + w->i] = sign * w->phi[r];
    for (ptrdiff_t j = 0; j < w->n; j++) right[w->i * w->n + j] = sign * w->psi[j];
    lsv_array *part = NULL;
    LSV_TRY(lsv_svd_vjp(NULL, w->aU, w->aS, w->aVh, gU, NULL, gVh, LSV_CLUSTER_NAN, &part, err));
    memcpy(G, part->data, (size_t)(w->m * w->n) * sizeof *G);
    lsv_release(part);
    return LSV_OK;
}

lsv_status lsv_sg_autograd(lsv_sg *w, double *G, lsv_error *err) {
    lsv_array *gU = NULL, *gVh = NULL;
    lsv_status status = lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 2, (ptrdiff_t[]){w->m, w->k}, &gU, err);
    if (status == LSV_OK) status = lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 2, (ptrdiff_t[]){w->k, w->n}, &gVh, err);
    if (status == LSV_OK) status = whole_derivative(w, gU, gVh, G, err);
    lsv_release(gU);
    lsv_release(gVh);
    return status;
}
