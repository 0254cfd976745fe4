/* svdgrad: checks, scaling, the choice of a method, and putting the gradient together. What it is about is in
   svdgrad.h; the methods are in the files svdgrad_*.c.

   A call goes: operands to doubles (load), A and the cotangents to entries near 1 (scale), a triplet, its checks
   (a gap too small to have a gradient at all), the method, the gradient. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "grad/svdgrad_bound.h"
#include "grad/svdgrad_work.h"

/* ---- names ---- */

const char *lsv_svdgrad_name(lsv_svdgrad_method method) {
    static const char *const names[] = {
#define X(ENUM, name, what) name,
        LSV_SVDGRAD_METHODS(X)
#undef X
    };
    return names[method];
}

lsv_status lsv_svdgrad_find(const char *name, lsv_svdgrad_method *out, lsv_error *err) {
    char all[240] = "";
    for (int i = 0; i < LSV_NSVDGRAD; i++) {
        if (strcmp(name, lsv_svdgrad_name(i)) == 0) {
            *out = (lsv_svdgrad_method)i;
            return LSV_OK;
        }
        size_t n = strlen(all);
        snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", lsv_svdgrad_name(i));
    }
    lsv_status status = lsv_fail(err, LSV_EVALUE, "svdgrad: there is no method \"%.40s\"", name);
    lsv_hint(err, "methods: %s", all);
    return status;
}

/* ---- small tools ---- */

double *lsv_sg_vector(ptrdiff_t rows, ptrdiff_t cols, lsv_error *err) {
    ptrdiff_t n;
    if (!lsv_mul_size(rows, cols, &n) || !lsv_mul_size(n, (ptrdiff_t)sizeof(double), &n)) {
        lsv_no_memory(err, SIZE_MAX);
        return NULL;
    }
    double *x = lsv_calloc((size_t)n / sizeof(double) + 1, sizeof *x);
    if (!x) lsv_no_memory(err, (size_t)n);
    return x;
}

lsv_status lsv_sg_times(const double *a, ptrdiff_t m, ptrdiff_t n, bool transposed, const double *x, double *y,
                        lsv_error *err) {
    return lsv_backend_for(LSV_BE_GEMV, LSV_FLOAT64, m, n, 0)->gemv(LSV_FLOAT64, transposed, m, n, a, n, x, 1, y, 1, err);
}

static void warn(lsv_svdgrad_info *info, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void warn(lsv_svdgrad_info *info, const char *format, ...) {
    if (info->nwarnings == LSV_SVDGRAD_WARNINGS) return;
    va_list ap;
    va_start(ap, format);
    vsnprintf(info->warnings[info->nwarnings], sizeof *info->warnings, format, ap);
    va_end(ap);
    for (int i = 0; i < info->nwarnings; i++)
        if (strcmp(info->warnings[i], info->warnings[info->nwarnings]) == 0) return;
    info->nwarnings++;
}

/* ---- operands ---- */

/* What one call holds beside the problem of a single triplet. */
typedef struct {
    lsv_sg w;
    lsv_svdgrad_options o;
    ptrdiff_t count;      /* triplets: 1, or k of a block */
    bool block;           /* phi or psi is a matrix, or xi a vector */
    double *xi;           /* count */
    double *phi, *psi;    /* count x m, count x n: one triplet's vector after another */
    double *u0;           /* m, or NULL */
    lsv_dtype out;
    lsv_kind kind;
    lsv_svdgrad_info *info;
} call;

static lsv_status shape_error(const lsv_array *x, const char *name, int operand, ptrdiff_t want, ptrdiff_t count, lsv_error *err) {
    char text[128];
    lsv_shape_text(x, text, sizeof text);
    lsv_status status = count > 1 ? lsv_fail(err, LSV_EVALUE, "svdgrad: %s must have shape (%td, %td) for %td triplets, and it has shape %s", name, want, count, count, text)
                                  : lsv_fail(err, LSV_EVALUE, "svdgrad: %s must have %td entries, and it has shape %s", name, want, text);
    lsv_blame(err, operand);
    return status;
}

/* x, of shape (rows, count) (or rows entries where count is 1), into out[count][rows]. */
static lsv_status load(const lsv_array *x, const char *name, int operand, ptrdiff_t rows, ptrdiff_t count, double *out, bool *nonzero, lsv_error *err) {
    if (!x) return LSV_OK;
    bool vector = count == 1 && x->size == rows && (x->ndim == 1 || (x->ndim == 0 && rows == 1) || (x->ndim == 2 && (x->shape[0] == 1 || x->shape[1] == 1)));
    bool matrix = x->ndim == 2 && x->shape[0] == rows && x->shape[1] == count;
    bool list = rows == 1 && x->ndim == 1 && x->size == count; /* xi */
    if (!vector && !matrix && !list) return shape_error(x, name, operand, rows, count, err);
    lsv_array *wide, *flat;
    LSV_TRY(lsv_as_dtype(lsv_borrow(x), LSV_FLOAT64, &wide, err));
    lsv_status status = lsv_contiguous(wide, &flat, err);
    lsv_release(wide);
    LSV_TRY(status);
    for (ptrdiff_t i = 0; i < rows * count; i++) {
        double value = ((const double *)(const void *)flat->data)[i];
        out[i % count * rows + i / count] = value;
        if (value != 0) *nonzero = true;
        if (!isfinite(value) && status == LSV_OK) {
            status = lsv_fail(err, LSV_ELINALG, "svdgrad: %s contains nan or inf at [%td]", name, i / count);
            lsv_blame(err, operand);
        }
    }
    lsv_release(flat);
    return status;
}

/* How many triplets the cotangents are for. */
static ptrdiff_t count_of(const lsv_array *xi, const lsv_array *phi, const lsv_array *psi, ptrdiff_t m, ptrdiff_t n) {
    const lsv_array *parts[] = {phi, psi};
    ptrdiff_t rows[] = {m, n};
    for (int i = 0; i < 2; i++)
        if (parts[i] && parts[i]->ndim == 2 && parts[i]->shape[0] == rows[i]) return parts[i]->shape[1];
    return xi && xi->ndim == 1 ? xi->size : 1;
}

static lsv_status load_cotangents(call *c, const lsv_array *xi, const lsv_array *phi, const lsv_array *psi, lsv_error *err) {
    ptrdiff_t m = c->w.m, n = c->w.n;
    bool ignored = false;
    c->count = count_of(xi, phi, psi, m, n);
    c->block = c->count != 1;
    if (c->count < 1 || c->count > c->w.k)
        return lsv_fail(err, LSV_EVALUE, "svdgrad: cotangents of %td triplets, and a (%td, %td) matrix has %td", c->count, m, n, c->w.k);
    if (c->block && c->o.index != 0)
        return lsv_fail(err, LSV_EVALUE, "svdgrad: matrices phi and psi are for the first triplets; index must be 0");
    c->xi = lsv_sg_vector(c->count, m + n + 1, err);
    if (!c->xi) return LSV_ENOMEM;
    c->phi = c->xi + c->count;
    c->psi = c->phi + c->count * m;
    LSV_TRY(load(xi, "xi", 1, 1, c->count, c->xi, &ignored, err));
    LSV_TRY(load(phi, "phi", 2, m, c->count, c->phi, &c->w.uv, err));
    LSV_TRY(load(psi, "psi", 3, n, c->count, c->psi, &c->w.uv, err));
    if (!c->o.u0) return LSV_OK;
    c->u0 = lsv_sg_vector(m, 1, err);
    if (!c->u0) return LSV_ENOMEM;
    return load(c->o.u0, "u0", -1, m, 1, c->u0, &ignored, err);
}

/* Entries near 1, by a power of two; left alone where they are within 2^+-64 of it already. */
static int exponent_of(ptrdiff_t n, const double *x) {
    double top[4] = {0, 0, 0, 0};
    for (ptrdiff_t i = 0; i < n; i++) {
        double a = fabs(x[i]);
        if (a > top[i & 3]) top[i & 3] = a;
    }
    int e;
    frexp(fmax(fmax(top[0], top[1]), fmax(top[2], top[3])), &e);
    return abs(e) <= 64 ? 0 : e;
}

/* A as doubles: its own memory where that is what is wanted, else a copy. */
static lsv_status load_matrix(lsv_sg *w, const lsv_array *A, lsv_array **held, lsv_error *err) {
    lsv_array *wide;
    LSV_TRY(lsv_as_dtype(lsv_borrow(A), LSV_FLOAT64, &wide, err));
    lsv_status status = lsv_contiguous(wide, held, err);
    lsv_release(wide);
    LSV_TRY(status);
    w->A = (const double *)(const void *)(*held)->data;
    ptrdiff_t size = w->m * w->n, i = 0;
    while (i < size && w->A[i] == 0) i++;
    if (i == size) return lsv_fail(err, LSV_ELINALG, "svdgrad: A = 0: no singular vector is defined");
    w->exponent = exponent_of(size, w->A);
    if (w->exponent == 0) return LSV_OK;
    w->owned = lsv_sg_vector(w->m, w->n, err);
    if (!w->owned) return LSV_ENOMEM;
    for (i = 0; i < size; i++) w->owned[i] = ldexp(w->A[i], -w->exponent);
    w->A = w->owned;
    return LSV_OK;
}

static lsv_status make_room(call *c, lsv_error *err) {
    lsv_sg *w = &c->w;
    w->block = lsv_sg_vector(4, w->m + w->n, err);
    if (!w->block) return LSV_ENOMEM;
    w->u = w->block, w->p = w->u + w->m, w->f = w->p + w->m, w->phi = w->f + w->m;
    w->v = w->phi + w->m, w->q = w->v + w->n, w->g = w->q + w->n, w->psi = w->g + w->n;
    ptrdiff_t entries = c->count * (w->m + w->n);
    w->cotangent = w->uv ? exponent_of(entries, c->phi) : 0;
    for (ptrdiff_t i = 0; w->cotangent && i < entries; i++) c->phi[i] = ldexp(c->phi[i], -w->cotangent);
    return LSV_OK;
}

static lsv_status open_call(call *c, const lsv_array *A, const lsv_array *xi, const lsv_array *phi, const lsv_array *psi, lsv_array **held, lsv_error *err) {
    char text[128];
    lsv_sg *w = &c->w;
    lsv_shape_text(A, text, sizeof text);
    if (A->ndim != 2) return lsv_fail(err, LSV_EVALUE, "svdgrad: A must be a matrix, and it has shape %s", text);
    w->m = A->shape[0], w->n = A->shape[1], w->k = lsv_min_size(w->m, w->n), w->i = c->o.index;
    if (c->o.index < 0 || c->o.index >= w->k)
        return lsv_fail(err, LSV_EINDEX, "svdgrad: triplet %td of a %s matrix: it has %td", c->o.index, text, w->k);
    c->kind = (lsv_kind)A->kind;
    c->out = lsv_dtype_is_float((lsv_dtype)A->dtype) ? (lsv_dtype)A->dtype : A->kind == LSV_TORCH ? LSV_FLOAT32 : LSV_FLOAT64;
    w->eps = lsv_mats_eps(c->out == LSV_FLOAT64 ? LSV_FLOAT64 : LSV_FLOAT32);
    w->tol = c->o.tol;
    w->unit = 0x1p-52;
    if (c->o.as_written && c->o.method != LSV_SVDGRAD_BLOCK && c->o.method != LSV_SVDGRAD_MIXED && c->o.method != LSV_SVDGRAD_BACKWARD && c->o.method != LSV_SVDGRAD_FORWARD)
        return lsv_fail(err, LSV_EVALUE, "svdgrad: as_written is for block, mixed, backward and forward, not for \"%s\"", lsv_svdgrad_name(c->o.method));
    lsv_status status = lsv_mats_finite(A, "svdgrad", err);
    if (status != LSV_OK) lsv_blame(err, 0);
    LSV_TRY(status);
    LSV_TRY(load_cotangents(c, xi, phi, psi, err));
    LSV_TRY(load_matrix(w, A, held, err));
    return make_room(c, err);
}

static void close_call(call *c) {
    lsv_free(c->w.owned);
    lsv_free(c->w.block);
    lsv_release(c->w.aU);
    lsv_release(c->w.aS);
    lsv_release(c->w.aVh);
    lsv_free(c->xi);
    lsv_free(c->u0);
}

/* ---- the triplet ---- */

lsv_status lsv_sg_decompose(lsv_sg *w, lsv_error *err) {
    if (w->U) return LSV_OK;
    lsv_array *view = NULL;
    /* a borrowed view of A's doubles, so that the decomposition can read them */
    lsv_array plain = {.refs = 1, .dtype = LSV_FLOAT64, .kind = LSV_NUMPY, .ndim = 2, .size = w->m * w->n,
                       .shape = {w->m, w->n}, .strides = {w->n, 1}};
    plain.data = (char *)(uintptr_t)w->A;
    view = &plain;
    LSV_TRY(lsv_svd(view, false, LSV_SVD_AUTO, &w->aU, &w->aS, &w->aVh, err));
    w->U = (const double *)(const void *)w->aU->data;
    w->S = (const double *)(const void *)w->aS->data;
    w->Vh = (const double *)(const void *)w->aVh->data;
    return LSV_OK;
}

void lsv_sg_take(lsv_sg *w) {
    w->s = w->S[w->i], w->s1 = w->S[0];
    w->above = w->i > 0 ? w->S[w->i - 1] : (double)NAN;
    w->below = w->i + 1 < w->k ? w->S[w->i + 1] : (double)NAN;
    w->gap = fmin(w->i > 0 ? w->above - w->s : (double)INFINITY, w->i + 1 < w->k ? w->s - w->below : (double)INFINITY);
    if (w->m != w->n) w->gap = fmin(w->gap, w->s);
    for (ptrdiff_t r = 0; r < w->m; r++) w->u[r] = w->U[r * w->k + w->i];
    memcpy(w->v, w->Vh + w->i * w->n, (size_t)w->n * sizeof *w->v);
}

/* The sign rule: the largest |u_j| (the first within 1e-8 of it) positive, or u.u0 >= 0. */
static void align(const call *c, lsv_sg *w) {
    double sign = c->u0 ? lsv_sg_dot(w->m, w->u, c->u0) : 0, top = 0;
    for (ptrdiff_t j = 0; sign == 0 && j < w->m; j++) top = fmax(top, fabs(w->u[j]));
    for (ptrdiff_t j = 0; sign == 0 && j < w->m; j++)
        if (fabs(w->u[j]) >= top * (1 - 1e-8)) sign = w->u[j];
    if (sign >= 0) return;
    lsv_sg_scale(w->m, -1, w->u);
    lsv_sg_scale(w->n, -1, w->v);
}

void lsv_sg_right_side(lsv_sg *w) {
    memcpy(w->f, w->phi, (size_t)w->m * sizeof *w->f);
    memcpy(w->g, w->psi, (size_t)w->n * sizeof *w->g);
    lsv_sg_project(w->m, w->u, w->f);
    lsv_sg_project(w->n, w->v, w->g);
}

static double tolerance(const lsv_sg *w) { return (double)lsv_max_size(w->m, w->n) * w->eps * w->s1; }

static lsv_status check_triplet(const lsv_sg *w, bool uv, lsv_error *err) {
    double tol = tolerance(w);
    if (w->s <= tol)
        return lsv_fail(err, LSV_ELINALG, "svdgrad: s[%td] = %.3g is zero to working precision: |s| has a kink there", w->i, ldexp(w->s, w->exponent));
    if (w->gap > tol || !uv) return LSV_OK;
    lsv_status status = lsv_fail(err, LSV_ELINALG, "svdgrad: s[%td] is repeated (gap %.3g <= %.3g): u and v are not differentiable",
                                 w->i, ldexp(w->gap, w->exponent), ldexp(tol, w->exponent));
    lsv_hint(err, "with phi = psi = 0 a subgradient is given");
    return status;
}

/* ---- warnings ---- */

static void warn_gap(const call *c, const lsv_sg *w, bool uv, lsv_svdgrad_method method) {
    if (w->gap <= tolerance(w)) {
        warn(c->info, "W2: s[%td] is repeated: u v^T is one subgradient of many", w->i);
        return;
    }
    double estimate = sqrt((double)(w->m + w->n)) * w->eps * w->s1 / w->gap;
    if (!uv || estimate <= sqrt(w->eps)) return;
    bool refined = method == LSV_SVDGRAD_REFINED;
    int digits = estimate < 1 ? (int)-floor(log10(estimate)) - 1 : 0;
    if (refined) warn(c->info, "W1: gap %.1e of s[0]: the gradient is that of A as stored; one rounding of A changes it by %.0e of itself", w->gap / w->s1, estimate);
    else warn(c->info, "W1: gap %.1e of s[0]: expect about %d correct digits; method=\"refined\" gives more", w->gap / w->s1, digits);
}

/* What a method loses against the closed form, as a factor. */
static void warn_method(const call *c, const lsv_sg *w, lsv_svdgrad_method method) {
    double near = isnan(w->above) || w->s - w->below < w->above - w->s ? w->below : w->above, last = w->s1;
    double squared = w->i > 0 && !isnan(near) ? w->s1 / (w->s + near) : 1, tol = tolerance(w);
    switch ((int)method) {
    case LSV_SVDGRAD_BLOCK: case LSV_SVDGRAD_MIXED: case LSV_SVDGRAD_BACKWARD:
        if (squared > 4) warn(c->info, "W3: \"%s\" squares the condition for s[%td], far below s[0]: about %.0f times the error of \"svd\"", lsv_svdgrad_name(method), w->i, squared);
        break;
    case LSV_SVDGRAD_FORWARD:
        for (ptrdiff_t j = 0; w->S && j < w->k; j++)
            if (w->S[j] > tol) last = w->S[j];
        if (isfinite(w->gap) && w->s1 / last > 16 * w->s1 / w->gap) warn(c->info, "W3: \"forward\" solves with A, of condition %.1e, which the gradient does not depend on", w->s1 / last);
        break;
    case LSV_SVDGRAD_LSTSQ:
        if (w->gap < 4 * 0x1p-52 * (double)(w->m + w->n) * w->s) warn(c->info, "W3: \"lstsq\" cannot tell a gap of %.1e of s from the null space of K", w->gap / w->s);
        break;
    default: break;
    }
}

/* ---- one triplet ---- */

static lsv_status (*const direct[LSV_NSVDGRAD])(lsv_sg *, lsv_error *) = {
    [LSV_SVDGRAD_AUTOGRAD] = lsv_sg_autograd, [LSV_SVDGRAD_SVD] = lsv_sg_closed,         [LSV_SVDGRAD_BORDERED] = lsv_sg_bordered,
    [LSV_SVDGRAD_AUGMENTED] = lsv_sg_augmented, [LSV_SVDGRAD_KSHIFT] = lsv_sg_kshift,    [LSV_SVDGRAD_LSTSQ] = lsv_sg_lstsq,
    [LSV_SVDGRAD_BLOCK] = lsv_sg_inverted,    [LSV_SVDGRAD_MIXED] = lsv_sg_mixed,        [LSV_SVDGRAD_BACKWARD] = lsv_sg_backward,
    [LSV_SVDGRAD_FORWARD] = lsv_sg_forward,   [LSV_SVDGRAD_REFINED] = lsv_sg_refined};

static bool by_products(lsv_svdgrad_method method) { return method == LSV_SVDGRAD_ITERATIVE || method == LSV_SVDGRAD_KRYLOV; }

/* What "auto" means here. From about this size on a Krylov space is cheaper than the decomposition. */
enum { KRYLOV_FROM = 160 };

static lsv_svdgrad_method choose(const call *c) {
    lsv_svdgrad_info *info = c->info;
    ptrdiff_t k = c->w.k;
    if (c->o.method != LSV_SVDGRAD_AUTO) {
        snprintf(info->why, sizeof info->why, "asked for");
        return c->o.method;
    }
    if (c->block) snprintf(info->why, sizeof info->why, "%td triplets at once: one decomposition serves all", c->count);
    else if (c->o.index > 0) snprintf(info->why, sizeof info->why, "an inner triplet: the ones above it are needed anyway");
    else if (k < KRYLOV_FROM) snprintf(info->why, sizeof info->why, "min(m, n) = %td is below %d: the whole decomposition is quick", k, KRYLOV_FROM);
    else {
        snprintf(info->why, sizeof info->why, "min(m, n) = %td is at least %d: the top triplet and the system from one Krylov space", k, KRYLOV_FROM);
        return LSV_SVDGRAD_KRYLOV;
    }
    return LSV_SVDGRAD_SVD;
}

/* Is what the products gave a triplet apart from its neighbours, and a solution? */
static lsv_status separated(lsv_sg *w, bool uv, bool *good, lsv_error *err) {
    *good = true;
    if (w->s <= tolerance(w) || w->gap <= tolerance(w)) return LSV_OK; /* that is for check_triplet to say */
    lsv_sg_right_side(w);
    if (isnan(w->residual) || isnan(w->rho)) LSV_TRY(lsv_sg_residuals(w, uv, err));
    double x = hypot(lsv_sg_norm(w->m, w->p), lsv_sg_norm(w->n, w->q)), rounding = 4 * 0x1p-52 * w->s1;
    *good = w->residual + rounding < w->gap / 10 && (!uv || w->rho <= 0.01 * w->gap * x || w->rho <= 64 * rounding);
    return LSV_OK;
}

/* Triplet and adjoint by products alone. *method becomes "svd" where "auto" has to give up on it. */
static lsv_status run_products(call *c, lsv_sg *w, lsv_svdgrad_method *method, bool uv, lsv_error *err) {
    bool settled = false;
    LSV_TRY(*method == LSV_SVDGRAD_KRYLOV ? lsv_sg_krylov(w, &settled, err) : lsv_sg_iterative(w, &settled, err));
    if (settled) LSV_TRY(separated(w, uv, &settled, err));
    if (settled && (c->o.method != LSV_SVDGRAD_AUTO || w->gap > tolerance(w))) return LSV_OK;
    if (c->o.method == LSV_SVDGRAD_AUTO) {
        snprintf(c->info->why, sizeof c->info->why, "the Krylov space did not separate the top triplet (gap %.0e of s[0]): whole decomposition",
                 w->gap > 0 ? w->gap / w->s1 : 0);
        *method = LSV_SVDGRAD_SVD;
        return LSV_OK;
    }
    lsv_status status = lsv_fail(err, LSV_ELINALG, "svdgrad: triplet %td did not separate from its neighbours by products with A (\"%s\")", w->i, lsv_svdgrad_name(*method));
    lsv_hint(err, "method=\"svd\" decomposes A");
    return status;
}

/* Fill the triplet, p and q of w, whose phi, psi, xi and i are set. Gd: for "numerical" the adjoint part itself. */
static lsv_status run(call *c, lsv_sg *w, lsv_svdgrad_method *method, bool uv, double *Gd, lsv_error *err) {
    memset(w->p, 0, (size_t)w->m * sizeof *w->p);
    memset(w->q, 0, (size_t)w->n * sizeof *w->q);
    w->residual = w->rho = NAN;
    w->off = 0;
    w->unit = 0x1p-52;
    if (by_products(*method)) {
        LSV_TRY(run_products(c, w, method, uv, err));
        w->uv = uv;
    }
    if (!by_products(*method)) {
        w->residual = w->rho = NAN;
        LSV_TRY(lsv_sg_decompose(w, err));
        lsv_sg_take(w);
    }
    LSV_TRY(check_triplet(w, uv, err));
    warn_gap(c, w, uv, *method);
    align(c, w);
    lsv_sg_right_side(w);
    if (!uv || by_products(*method)) return LSV_OK;
    if (c->o.as_written) return lsv_sg_written(w, *method, err);
    warn_method(c, w, *method);
    if (*method == LSV_SVDGRAD_NUMERICAL) return lsv_sg_numerical(w, Gd, err);
    return direct[*method](w, err);
}

/* ---- the gradient ---- */

/* G (+)= xi u v^T + 2^shift (p v^T + u q^T) */
static void assemble(const lsv_sg *w, bool uv, bool add, double *G) {
    int shift = w->cotangent - w->exponent;
    bool plain = abs(shift) < 900;
    double factor = plain ? ldexp(1, shift) : 1;
    for (ptrdiff_t r = 0; r < w->m; r++) {
        double *row = G + r * w->n, u = w->u[r], p = w->p[r], a = w->xi * u + factor * p, b = factor * u;
        if (!add) memset(row, 0, (size_t)w->n * sizeof *row);
        if (!uv)
            for (ptrdiff_t j = 0; j < w->n; j++) row[j] += w->xi * u * w->v[j];
        else if (plain)
            for (ptrdiff_t j = 0; j < w->n; j++) row[j] += a * w->v[j] + b * w->q[j];
        else
            for (ptrdiff_t j = 0; j < w->n; j++) row[j] += w->xi * u * w->v[j] + ldexp(p * w->v[j] + u * w->q[j], shift);
    }
}

/* "numerical" gave the adjoint part as a matrix: G = xi u v^T + 2^shift of it; p, q and what is outside their form. */
static lsv_status assemble_numerical(lsv_sg *w, bool add, const double *part, double *G, lsv_error *err) {
    int shift = w->cotangent - w->exponent;
    LSV_TRY(lsv_sg_times(part, w->m, w->n, false, w->v, w->p, err));
    LSV_TRY(lsv_sg_times(part, w->m, w->n, true, w->u, w->q, err));
    lsv_sg_project(w->m, w->u, w->p);
    lsv_sg_project(w->n, w->v, w->q);
    double off = 0;
    for (ptrdiff_t r = 0; r < w->m; r++)
        for (ptrdiff_t j = 0; j < w->n; j++) {
            double x = part[r * w->n + j], d = x - w->p[r] * w->v[j] - w->u[r] * w->q[j];
            off += d * d;
            G[r * w->n + j] = (add ? G[r * w->n + j] : 0) + w->xi * w->u[r] * w->v[j] + ldexp(x, shift);
        }
    w->off = sqrt(off);
    return LSV_OK;
}

static bool any_nonzero(ptrdiff_t n, const double *x) {
    for (ptrdiff_t i = 0; i < n; i++)
        if (x[i] != 0) return true;
    return false;
}

/* The gradient of triplet t's part of the loss, added to G from the second one on; its diagnostics added up. */
static lsv_status one(call *c, ptrdiff_t t, lsv_svdgrad_method *method, double *G, lsv_error *err) {
    lsv_sg *w = &c->w;
    double *part = NULL;
    w->i = c->block ? t : c->o.index;
    w->xi = c->xi[t];
    memcpy(w->phi, c->phi + t * w->m, (size_t)w->m * sizeof *w->phi);
    memcpy(w->psi, c->psi + t * w->n, (size_t)w->n * sizeof *w->psi);
    bool uv = w->uv = any_nonzero(w->m, w->phi) || any_nonzero(w->n, w->psi);
    if (*method == LSV_SVDGRAD_NUMERICAL && uv) {
        part = lsv_sg_vector(w->m, w->n, err);
        if (!part) return LSV_ENOMEM;
    }
    lsv_status status = run(c, w, method, uv, part, err);
    if (status == LSV_OK && part) status = assemble_numerical(w, t > 0, part, G, err);
    else if (status == LSV_OK) assemble(w, uv, t > 0, G);
    lsv_free(part);
    if (status == LSV_OK) status = lsv_sg_measure(w, uv, c->o.diagnose || c->o.as_written || by_products(*method), c->info, err);
    return status;
}

/* All triplets of a block through one decomposition. */
static lsv_status block_body(call *c, double *M, double *G, lsv_error *err) {
    lsv_sg *w = &c->w;
    ptrdiff_t k = c->count, m = w->m, n = w->n;
    double *X = M + k * k, *Y = X + k * m;
    LSV_TRY(lsv_sg_decompose(w, err));
    /* signs: the cotangents of a triplet that is turned round turn with it */
    for (ptrdiff_t t = 0; t < k; t++) {
        w->i = t;
        lsv_sg_take(w);
        LSV_TRY(check_triplet(w, false, err));
        align(c, w);
        double sign = 0;
        for (ptrdiff_t r = 0; r < m; r++) sign += w->u[r] * w->U[r * w->k + t];
        sign = sign < 0 ? -1 : 1;
        lsv_sg_scale(m, sign, c->phi + t * m);
        lsv_sg_scale(n, sign, c->psi + t * n);
        c->info->f += c->xi[t] * ldexp(w->s, w->exponent) +
                      ldexp(sign * (lsv_sg_dot(m, w->u, c->phi + t * m) + lsv_sg_dot(n, w->v, c->psi + t * n)), w->cotangent);
    }
    if (w->uv && k < w->k && w->S[k - 1] - w->S[k] <= tolerance(w)) return check_triplet(w, true, err);
    LSV_TRY(lsv_sg_block(w, k, c->phi, c->psi, M, X, Y, err));
    int shift = w->cotangent - w->exponent;
    for (ptrdiff_t i = 0; i < k * (k + m + n); i++) M[i] = ldexp(M[i], shift);
    for (ptrdiff_t t = 0; t < k; t++) M[t * k + t] = c->xi[t];
    /* G = sum_ij u_i M_ij v_j^T + sum_i x_i v_i^T + u_i y_i^T */
    for (ptrdiff_t r = 0; r < m; r++) {
        double *row = G + r * n;
        memset(row, 0, (size_t)n * sizeof *row);
        for (ptrdiff_t t = 0; t < k; t++) {
            double a = X[t * m + r], b = w->U[r * w->k + t];
            for (ptrdiff_t i = 0; i < k; i++) a += w->U[r * w->k + i] * M[i * k + t];
            for (ptrdiff_t j = 0; j < n; j++) row[j] += a * w->Vh[t * n + j] + b * Y[t * n + j];
        }
    }
    return LSV_OK;
}

static lsv_status block(call *c, double *G, lsv_error *err) {
    lsv_sg *w = &c->w;
    double *M = lsv_sg_vector(c->count, c->count + w->m + w->n, err);
    if (!M) return LSV_ENOMEM;
    lsv_status status = block_body(c, M, G, err);
    lsv_free(M);
    if (status == LSV_OK) lsv_sg_measure_block(w, c->count, G, c->info);
    return status;
}

static lsv_status compute(call *c, double *G, lsv_error *err) {
    lsv_svdgrad_method method = choose(c);
    lsv_status status = LSV_OK;
    if (c->block && !c->o.as_written && (method == LSV_SVDGRAD_SVD || method == LSV_SVDGRAD_AUTOGRAD)) status = block(c, G, err);
    else
        for (ptrdiff_t t = 0; status == LSV_OK && t < c->count; t++) status = one(c, t, &method, G, err);
    LSV_TRY(status);
    c->info->method = lsv_svdgrad_name(method);
    c->info->as_written = c->o.as_written;
    double norm = lsv_sg_norm_of(c->w.m * c->w.n, G);
    if (!isnan(c->info->bound)) c->info->bound += 4 * c->w.eps * norm;
    c->info->bound_relative = norm > 0 ? c->info->bound / norm : 0;
    double tol = isnan(c->o.tol) ? fmax(1e-8, 64 * c->w.eps) : c->o.tol;
    if (by_products(method) && c->info->bound_relative > tol)
        warn(c->info, "W4: the error bound, %.1e of |G|, is above %.1e", c->info->bound_relative, tol);
    if (c->o.as_written) warn(c->info, "W5: \"%s\" as written: |Kx - Pc|/|c| = %.2g, so this is %s", c->info->method, c->info->rho_relative,
                              c->info->rho_relative < 1e-6 ? "the gradient, by luck" : "not the gradient");
    return c->o.diagnose ? lsv_sg_identities(&c->w, c->xi, c->count, G, c->info, err) : LSV_OK;
}

/* ---- the whole ---- */

static lsv_status give_vector(const call *c, ptrdiff_t n, const double *x, lsv_array **out, lsv_error *err) {
    lsv_array *a;
    LSV_TRY(lsv_empty(c->kind, LSV_FLOAT64, 1, &n, &a, err));
    memcpy(a->data, x, (size_t)n * sizeof *x);
    lsv_status status = lsv_as_dtype(a, c->out, out, err);
    lsv_release(a);
    return status;
}

/* The differences compare with the function itself, and with the method "autograd". */
static lsv_status differences(call *c, const lsv_array *wide, lsv_error *err) {
    lsv_sg *w = &c->w;
    if (c->block) return LSV_OK;
    LSV_TRY(lsv_sg_directional(w, wide, &c->info->difference_central, &c->info->difference_forward, &c->info->step, err));
    lsv_sg other = *w;
    other.block = lsv_sg_vector(1, w->m + w->n, err);
    if (!other.block) return LSV_ENOMEM;
    other.p = other.block, other.q = other.p + w->m;
    lsv_status status = lsv_sg_decompose(w, err);
    if (status == LSV_OK) {
        other.U = w->U, other.S = w->S, other.Vh = w->Vh;
        double away = 0, all = w->xi * w->xi, f = ldexp(1, w->cotangent - w->exponent);
        if (w->uv) status = lsv_sg_autograd(&other, err);
        for (ptrdiff_t i = 0; i < w->m; i++) away += f * f * (w->p[i] - other.p[i]) * (w->p[i] - other.p[i]), all += f * f * other.p[i] * other.p[i];
        for (ptrdiff_t i = 0; i < w->n; i++) away += f * f * (w->q[i] - other.q[i]) * (w->q[i] - other.q[i]), all += f * f * other.q[i] * other.q[i];
        c->info->diff_autograd = all > 0 ? sqrt(away / all) : 0;
    }
    lsv_free(other.block);
    return status;
}

static lsv_status finish(call *c, lsv_array *wide, lsv_array **G, lsv_error *err) {
    if (c->o.differences) LSV_TRY(differences(c, wide, err));
    LSV_TRY(give_vector(c, c->w.m, c->w.u, &c->info->u, err));
    LSV_TRY(give_vector(c, c->w.n, c->w.v, &c->info->v, err));
    return lsv_as_dtype(wide, c->out, G, err);
}

void lsv_svdgrad_info_free(lsv_svdgrad_info *info) {
    lsv_release(info->u);
    lsv_release(info->v);
    info->u = info->v = NULL;
}

lsv_status lsv_svdgrad(const lsv_array *A, const lsv_array *xi, const lsv_array *phi, const lsv_array *psi,
                       const lsv_svdgrad_options *options, lsv_array **G, lsv_svdgrad_info *info, lsv_error *err) {
    lsv_svdgrad_info own = lsv_sg_info_new();
    call c = {.o = options ? *options : (lsv_svdgrad_options){.tol = (double)NAN}, .info = &own};
    lsv_array *held = NULL, *wide = NULL, *made = NULL;
    lsv_status status = open_call(&c, A, xi, phi, psi, &held, err);
    if (status == LSV_OK) status = lsv_empty(c.kind, LSV_FLOAT64, 2, (ptrdiff_t[]){c.w.m, c.w.n}, &wide, err);
    if (status == LSV_OK) {
        own.m = c.w.m, own.n = c.w.n, own.count = c.count;
        status = compute(&c, (double *)(void *)wide->data, err);
    }
    if (status == LSV_OK) status = finish(&c, wide, &made, err);
    own.iterations = c.w.iterations, own.products = c.w.products;
    lsv_release(held);
    lsv_release(wide);
    close_call(&c);
    if (status == LSV_OK) *G = made;
    if (status == LSV_OK && info) *info = own;
    else lsv_svdgrad_info_free(&own);
    return status;
}
