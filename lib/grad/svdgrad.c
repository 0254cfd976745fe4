/* The gradient of f(A) = xi s + phi.u + psi.v, (s, u, v) one singular triplet of A.

   With G = (xi u + p) v^T + u q^T, p orthogonal to u and q to v, the adjoint system is
       s p - A q = phi - (u.phi) u,    s q - A^T p = psi - (v.psi) v,
   and in the basis of all the other triplets (s_j, u_j, v_j), with a_j = u_j.phi and b_j = v_j.psi,
       p = sum_j (d- + d+) u_j,  q = sum_j (d- - d+) v_j,   d-+ = (a_j +- b_j) / (2 (s -+ s_j)),
   plus (phi - U U^T phi)/s or (psi - V V^T psi)/s on the longer side. No square of s and no 1/s_j occurs, so
   tiny scales and rank-deficient A are no special cases. A is first scaled by a power of two to entries near
   1: xi u v^T does not depend on the scale, the rest is divided by it, exactly. */
#include <math.h>
#include <string.h>
#include "base/interrupt.h"
#include "grad/svdgrad.h"
#include "linalg/linalg.h"
#include "linalg/matrix.h"

typedef struct {
    lsv_dtype t;
    ptrdiff_t m, n, k, i;
    int exponent; /* A was divided by 2^exponent */
    lsv_array *scaled, *U, *S, *Vh;
    double *phi, *psi; /* in double; m and n entries, one block with p and q */
    double *p, *q;
    bool uv; /* phi or psi is not 0 */
    double s, s1, gap;
} work;

static void work_free(work *w) {
    lsv_release(w->scaled);
    lsv_release(w->U);
    lsv_release(w->S);
    lsv_release(w->Vh);
    lsv_free(w->phi);
}

static double get(const lsv_array *a, ptrdiff_t i) { return lsv_mats_get((lsv_dtype)a->dtype, a->data, i); }

/* A cotangent as doubles: `want` entries, a vector (or a row or column), finite. */
static lsv_status load_vector(const lsv_array *x, const char *name, ptrdiff_t want, double *out,
                              bool *nonzero, lsv_error *err) {
    if (!x) {
        memset(out, 0, (size_t)want * sizeof *out);
        return LSV_OK;
    }
    if (x->size != want || x->ndim > 2 || (x->ndim == 2 && x->shape[0] != 1 && x->shape[1] != 1)) {
        char text[128];
        return lsv_fail(err, LSV_EVALUE, "svdgrad: %s must have %td entries, and it has shape %s", name, want,
                        lsv_shape_text(x, text, sizeof text));
    }
    lsv_array *flat, *wide;
    LSV_TRY(lsv_ravel(lsv_borrow(x), false, &flat, err));
    lsv_status status = lsv_as_dtype(flat, LSV_FLOAT64, &wide, err);
    lsv_release(flat);
    LSV_TRY(status);
    for (ptrdiff_t i = 0; i < want; i++) {
        out[i] = ((const double *)(const void *)wide->data)[i * wide->strides[0]];
        if (out[i] != 0) *nonzero = true;
        if (!isfinite(out[i]))
            status = lsv_fail(err, LSV_ELINALG, "svdgrad: %s contains nan or inf at [%td]", name, i);
    }
    lsv_release(wide);
    return status;
}

static lsv_status load_cotangents(work *w, double xi, const lsv_array *phi, const lsv_array *psi,
                                  lsv_error *err) {
    if (!isfinite(xi)) return lsv_fail(err, LSV_ELINALG, "svdgrad: xi is not finite");
    size_t count = (size_t)(2 * (w->m + w->n)) + 1;
    w->phi = lsv_calloc(count, sizeof *w->phi);
    if (!w->phi) return lsv_no_memory(err, count * sizeof *w->phi);
    w->psi = w->phi + w->m;
    w->p = w->psi + w->n;
    w->q = w->p + w->m;
    lsv_status status = load_vector(phi, "phi", w->m, w->phi, &w->uv, err);
    if (status != LSV_OK) lsv_blame(err, 2);
    LSV_TRY(status);
    status = load_vector(psi, "psi", w->n, w->psi, &w->uv, err);
    if (status != LSV_OK) lsv_blame(err, 3);
    return status;
}

/* A / 2^exponent with entries at most 1, a contiguous copy in the dtype worked in. */
static lsv_status scale(work *w, const lsv_array *A, lsv_error *err) {
    lsv_array *a;
    LSV_TRY(lsv_as_dtype(lsv_borrow(A), w->t, &a, err));
    lsv_status status = lsv_copy(a, &w->scaled, err);
    lsv_release(a);
    LSV_TRY(status);
    double top = 0;
    for (ptrdiff_t i = 0; i < w->scaled->size; i++) top = fmax(top, fabs(get(w->scaled, i)));
    if (top == 0) return lsv_fail(err, LSV_ELINALG, "svdgrad: A = 0: no singular vector is defined");
    frexp(top, &w->exponent);
    for (ptrdiff_t i = 0; i < w->scaled->size; i++)
        lsv_mats_put(w->t, w->scaled->data, i, ldexp(get(w->scaled, i), -w->exponent));
    return LSV_OK;
}

/* The distance of s_i to what else the spectrum holds: other values, and 0 where m != n. */
static double gap_of(const work *w) {
    double gap = (double)INFINITY;
    for (ptrdiff_t j = 0; j < w->k; j++)
        if (j != w->i) gap = fmin(gap, fabs(w->s - get(w->S, j)));
    return w->m != w->n ? fmin(gap, w->s) : gap;
}

static lsv_status check_triplet(work *w, lsv_error *err) {
    double tol = (double)lsv_max_size(w->m, w->n) * lsv_mats_eps(w->t) * w->s1;
    if (w->s <= tol)
        return lsv_fail(err, LSV_ELINALG,
                        "svdgrad: s[%td] = %.3g is zero to working precision: |s| has a kink there", w->i,
                        ldexp(w->s, w->exponent));
    if (w->gap <= tol && w->uv) {
        lsv_status status =
            lsv_fail(err, LSV_ELINALG,
                     "svdgrad: s[%td] is repeated (gap %.3g <= %.3g): u and v are not differentiable", w->i,
                     ldexp(w->gap, w->exponent), ldexp(tol, w->exponent));
        lsv_hint(err, "with phi = psi = 0 a subgradient is given");
        return status;
    }
    return LSV_OK;
}

/* -1 when u and v have to be turned round: the largest |u_j|, the first within 1e-8 of it, is to be positive.
 */
static double sign_of(const work *w) {
    double top = 0;
    for (ptrdiff_t j = 0; j < w->m; j++) top = fmax(top, fabs(get(w->U, j * w->k + w->i)));
    for (ptrdiff_t j = 0; j < w->m; j++) {
        double x = get(w->U, j * w->k + w->i);
        if (fabs(x) >= top * (1 - 1e-8)) return x < 0 ? -1 : 1;
    }
    return 1;
}

/* The orthonormal columns of U, or the rows of Vh, as columns of a (rows, k) matrix with strides. */
typedef struct {
    const lsv_array *a;
    ptrdiff_t rows, rs, cs;
} basis;

static basis left_basis(const work *w) { return (basis){w->U, w->m, w->k, 1}; }
static basis right_basis(const work *w) { return (basis){w->Vh, w->n, 1, w->n}; }

/* c = basis^T x and out += basis c, each along the basis's memory. */
static void project(const basis *e, ptrdiff_t k, const double *x, double *c) {
    bool by_rows = e->cs == 1;
    memset(c, 0, (size_t)k * sizeof *c);
    for (ptrdiff_t o = 0; o < (by_rows ? e->rows : k); o++)
        for (ptrdiff_t i = 0; i < (by_rows ? k : e->rows); i++) {
            ptrdiff_t row = by_rows ? o : i, j = by_rows ? i : o;
            c[j] += get(e->a, row * e->rs + j * e->cs) * x[row];
        }
}

static void expand(const basis *e, ptrdiff_t k, const double *c, double factor, double *out) {
    bool by_rows = e->cs == 1;
    for (ptrdiff_t o = 0; o < (by_rows ? e->rows : k); o++)
        for (ptrdiff_t i = 0; i < (by_rows ? k : e->rows); i++) {
            ptrdiff_t row = by_rows ? o : i, j = by_rows ? i : o;
            out[row] += factor * c[j] * get(e->a, row * e->rs + j * e->cs);
        }
}

/* out += (x - E E^T x) / s, the projection taken off twice; x is overwritten. */
static void add_rest(const basis *e, const work *w, double *x, double *c, double *out) {
    for (int pass = 0; pass < 2; pass++) {
        project(e, w->k, x, c);
        expand(e, w->k, c, -1, x);
    }
    for (ptrdiff_t i = 0; i < e->rows; i++) out[i] += x[i] / w->s;
}

/* p and q. They do not depend on the signs of u and v; phi or psi is used up. */
static lsv_status adjoint(work *w, lsv_error *err) {
    if (!w->uv) return LSV_OK;
    size_t bytes = (size_t)w->k * 2 * sizeof(double);
    double *a = lsv_malloc(bytes), *b = a + w->k;
    if (!a) return lsv_no_memory(err, bytes);
    basis U = left_basis(w), V = right_basis(w);
    project(&U, w->k, w->phi, a);
    project(&V, w->k, w->psi, b);
    for (ptrdiff_t j = 0; j < w->k; j++) {
        double sj = get(w->S, j), minus = (a[j] + b[j]) / (2 * (w->s - sj)),
               plus = (a[j] - b[j]) / (2 * (w->s + sj));
        a[j] = j == w->i ? 0 : minus + plus;
        b[j] = j == w->i ? 0 : minus - plus;
    }
    expand(&U, w->k, a, 1, w->p);
    expand(&V, w->k, b, 1, w->q);
    if (w->m > w->n) add_rest(&U, w, w->phi, a, w->p);
    else if (w->n > w->m) add_rest(&V, w, w->psi, a, w->q);
    lsv_free(a);
    return LSV_OK;
}

/* G = xi u v^T + sign 2^-exponent (p v^T + u q^T), in dtype t. */
static lsv_status assemble(const work *w, double xi, lsv_kind kind, lsv_array **out, lsv_error *err) {
    lsv_array *g;
    double sign = sign_of(w);
    LSV_TRY(lsv_empty(kind, w->t, 2, (ptrdiff_t[]){w->m, w->n}, &g, err));
    for (ptrdiff_t r = 0; r < w->m; r++) {
        double u = get(w->U, r * w->k + w->i);
        for (ptrdiff_t c = 0; c < w->n; c++) {
            double v = get(w->Vh, w->i * w->n + c);
            double rest = w->uv ? ldexp(sign * (w->p[r] * v + u * w->q[c]), -w->exponent) : 0;
            lsv_mats_put(w->t, g->data, r * w->n + c, xi * u * v + rest);
        }
    }
    *out = g;
    return LSV_OK;
}

static lsv_status check_operand(work *w, const lsv_array *A, ptrdiff_t index, lsv_error *err) {
    char text[128];
    lsv_shape_text(A, text, sizeof text);
    if (A->ndim != 2)
        return lsv_fail(err, LSV_EVALUE, "svdgrad: A must be a matrix, and it has shape %s", text);
    *w = (work){.m = A->shape[0], .n = A->shape[1], .i = index};
    w->k = lsv_min_size(w->m, w->n);
    if (index < 0 || index >= w->k)
        return lsv_fail(err, LSV_EINDEX, "svdgrad: triplet %td of a %s matrix: it has %td", index, text,
                        w->k);
    w->t = (lsv_dtype)A->dtype;
    if (w->t == LSV_FLOAT16 || w->t == LSV_BFLOAT16) w->t = LSV_FLOAT32;
    else if (!lsv_dtype_is_float(w->t)) w->t = A->kind == LSV_TORCH ? LSV_FLOAT32 : LSV_FLOAT64;
    return lsv_mats_finite(A, "svdgrad", err);
}

lsv_status lsv_svdgrad(const lsv_array *A, double xi, const lsv_array *phi, const lsv_array *psi,
                       ptrdiff_t index, lsv_array **G, lsv_svdgrad_info *info, lsv_error *err) {
    work w;
    LSV_TRY(check_operand(&w, A, index, err));
    lsv_status status = load_cotangents(&w, xi, phi, psi, err);
    if (status == LSV_OK) status = scale(&w, A, err);
    if (status == LSV_OK) status = lsv_svd(w.scaled, false, LSV_SVD_AUTO, &w.U, &w.S, &w.Vh, err);
    if (status == LSV_OK) {
        w.s = get(w.S, index);
        w.s1 = get(w.S, 0);
        w.gap = gap_of(&w);
        status = check_triplet(&w, err);
    }
    if (status == LSV_OK) status = adjoint(&w, err);
    if (status == LSV_OK) status = assemble(&w, xi, (lsv_kind)A->kind, G, err);
    if (status == LSV_OK && info) {
        double amplification = w.gap > 0 ? w.s1 / w.gap : (double)INFINITY;
        *info = (lsv_svdgrad_info){ldexp(w.s, w.exponent), ldexp(w.gap, w.exponent),
                                   sqrt((double)(w.m + w.n)) * lsv_mats_eps(w.t) * amplification, "svd"};
    }
    work_free(&w);
    return status;
}
