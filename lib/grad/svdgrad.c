/* svdgrad: checks, scaling, the choice of a method, and putting the gradient together. What it is about is in
   svdgrad.h; operands come in through svdgrad_load.c, the methods are in the other files svdgrad_*.c.

   A call goes: operands to doubles (load), A and the cotangents to entries near 1 (scale), a triplet, its
   checks (a gap too small to have a gradient at all), the method, the gradient. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "backend/ledger.h"
#include "grad/svdgrad_bound.h"
#include "grad/svdgrad_call.h"

typedef lsv_sg_call call;

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

double lsv_sg_square(ptrdiff_t n, const double *x) {
    const ptrdiff_t row = 4096, rows = n / row;
    return lsv_backend_square(rows, row, x, row) + lsv_backend_square(1, n - rows * row, x + rows * row, row);
}

lsv_status lsv_sg_times(const double *a, ptrdiff_t m, ptrdiff_t n, bool transposed, const double *x,
                        double *y, lsv_error *err) {
    return lsv_backend_for(LSV_BE_GEMV, LSV_FLOAT64, m, n, 0)
        ->gemv(LSV_FLOAT64, transposed, m, n, a, n, x, 1, y, 1, err);
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

/* ---- the triplet ---- */

lsv_status lsv_sg_decompose(lsv_sg *w, lsv_error *err) {
    if (w->U) return LSV_OK;
    lsv_array *view = NULL;
    /* a borrowed view of A's doubles, so that the decomposition can read them */
    lsv_array plain = {.refs = 1,
                       .dtype = LSV_FLOAT64,
                       .kind = LSV_NUMPY,
                       .ndim = 2,
                       .size = w->m * w->n,
                       .shape = {w->m, w->n},
                       .strides = {w->n, 1}};
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
    w->gap = fmin(w->i > 0 ? w->above - w->s : (double)INFINITY,
                  w->i + 1 < w->k ? w->s - w->below : (double)INFINITY);
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
        return lsv_fail(err, LSV_ELINALG,
                        "svdgrad: s[%td] = %.3g is zero to working precision: |s| has a kink there", w->i,
                        ldexp(w->s, w->exponent));
    if (w->gap > tol || !uv) return LSV_OK;
    lsv_status status = lsv_fail(
        err, LSV_ELINALG, "svdgrad: s[%td] is repeated (gap %.3g <= %.3g): u and v are not differentiable",
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
    if (refined)
        warn(c->info,
             "W1: gap %.1e of s[0]: the gradient is that of A as stored; one rounding of A changes it by "
             "%.0e of itself",
             w->gap / w->s1, estimate);
    else
        warn(c->info, "W1: gap %.1e of s[0]: expect about %d correct digits; method=\"refined\" gives more",
             w->gap / w->s1, digits);
}

/* What a method loses against the closed form, as a factor. */
static void warn_method(const call *c, const lsv_sg *w, lsv_svdgrad_method method) {
    double near = isnan(w->above) || w->s - w->below < w->above - w->s ? w->below : w->above, last = w->s1;
    double squared = w->i > 0 && !isnan(near) ? w->s1 / (w->s + near) : 1, tol = tolerance(w);
    switch ((int)method) {
    case LSV_SVDGRAD_BLOCK:
    case LSV_SVDGRAD_MIXED:
    case LSV_SVDGRAD_BACKWARD:
        if (squared > 4)
            warn(c->info,
                 "W3: \"%s\" squares the condition for s[%td], far below s[0]: about %.0f times the error of "
                 "\"svd\"",
                 lsv_svdgrad_name(method), w->i, squared);
        break;
    case LSV_SVDGRAD_FORWARD:
        for (ptrdiff_t j = 0; w->S && j < w->k; j++)
            if (w->S[j] > tol) last = w->S[j];
        if (isfinite(w->gap) && w->s1 / last > 16 * w->s1 / w->gap)
            warn(c->info,
                 "W3: \"forward\" solves with A, of condition %.1e, which the gradient does not depend on",
                 w->s1 / last);
        break;
    case LSV_SVDGRAD_LSTSQ:
        if (w->gap < 4 * 0x1p-52 * (double)(w->m + w->n) * w->s)
            warn(c->info, "W3: \"lstsq\" cannot tell a gap of %.1e of s from the null space of K",
                 w->gap / w->s);
        break;
    default: break;
    }
}

/* ---- one triplet ---- */

static lsv_status (*const direct[LSV_NSVDGRAD])(lsv_sg *, lsv_error *) = {
    [LSV_SVDGRAD_SVD] = lsv_sg_closed,          [LSV_SVDGRAD_BORDERED] = lsv_sg_bordered,
    [LSV_SVDGRAD_AUGMENTED] = lsv_sg_augmented, [LSV_SVDGRAD_KSHIFT] = lsv_sg_kshift,
    [LSV_SVDGRAD_LSTSQ] = lsv_sg_lstsq,         [LSV_SVDGRAD_BLOCK] = lsv_sg_inverted,
    [LSV_SVDGRAD_MIXED] = lsv_sg_mixed,         [LSV_SVDGRAD_BACKWARD] = lsv_sg_backward,
    [LSV_SVDGRAD_FORWARD] = lsv_sg_forward,     [LSV_SVDGRAD_REFINED] = lsv_sg_refined};

static bool gives_matrix(lsv_svdgrad_method method) {
    return method == LSV_SVDGRAD_NUMERICAL || method == LSV_SVDGRAD_AUTOGRAD;
}
static bool by_products(lsv_svdgrad_method method) {
    return method == LSV_SVDGRAD_ITERATIVE || method == LSV_SVDGRAD_KRYLOV;
}

/* What "auto" means here. From about this size on a Krylov space is cheaper than the decomposition. */
enum { KRYLOV_FROM = 160 };

static lsv_svdgrad_method choose(const call *c) {
    lsv_svdgrad_info *info = c->info;
    ptrdiff_t k = c->w.k;
    if (c->o.method != LSV_SVDGRAD_AUTO) {
        snprintf(info->why, sizeof info->why, "asked for");
        return c->o.method;
    }
    if (c->block)
        snprintf(info->why, sizeof info->why, "%td triplets at once: one decomposition serves all", c->count);
    else if (c->o.index > 0)
        snprintf(info->why, sizeof info->why, "an inner triplet: the ones above it are needed anyway");
    else if (k < KRYLOV_FROM)
        snprintf(info->why, sizeof info->why, "min(m, n) = %td is below %d: the whole decomposition is quick",
                 k, KRYLOV_FROM);
    else {
        snprintf(info->why, sizeof info->why,
                 "min(m, n) = %td is at least %d: the top triplet and the system from one Krylov space", k,
                 KRYLOV_FROM);
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
    *good = w->residual + rounding < w->gap / 10 &&
            (!uv || w->rho <= 0.01 * w->gap * x || w->rho <= 64 * rounding);
    return LSV_OK;
}

/* Triplet and adjoint by products alone. *method becomes "svd" where "auto" has to give up on it. */
static lsv_status run_products(call *c, lsv_sg *w, lsv_svdgrad_method *method, bool uv, lsv_error *err) {
    bool settled = false;
    LSV_TRY(*method == LSV_SVDGRAD_KRYLOV ? lsv_sg_krylov(w, &settled, err)
                                          : lsv_sg_iterative(w, &settled, err));
    if (settled) LSV_TRY(separated(w, uv, &settled, err));
    if (settled && (c->o.method != LSV_SVDGRAD_AUTO || w->gap > tolerance(w))) return LSV_OK;
    if (c->o.method == LSV_SVDGRAD_AUTO) {
        snprintf(c->info->why, sizeof c->info->why,
                 "the Krylov space did not separate the top triplet (gap %.0e of s[0]): whole decomposition",
                 w->gap > 0 ? w->gap / w->s1 : 0);
        *method = LSV_SVDGRAD_SVD;
        return LSV_OK;
    }
    if (*method == LSV_SVDGRAD_KRYLOV) { /* one vector at a time gets further than the space had room for */
        snprintf(c->info->why, sizeof c->info->why, "\"krylov\" did not settle");
        *method = LSV_SVDGRAD_ITERATIVE;
        w->residual = w->rho = NAN;
        memset(w->p, 0, (size_t)w->m * sizeof *w->p);
        memset(w->q, 0, (size_t)w->n * sizeof *w->q);
        return run_products(c, w, method, uv, err);
    }
    lsv_status status =
        lsv_fail(err, LSV_ELINALG,
                 "svdgrad: triplet %td did not separate from its neighbours by products with A (\"%s\")",
                 w->i, lsv_svdgrad_name(*method));
    lsv_hint(err, "method=\"svd\" decomposes A");
    return status;
}

/* Fill the triplet, p and q of w, whose phi, psi, xi and i are set. Gd: for "numerical" the adjoint part
 * itself. */
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
        memset(w->p, 0, (size_t)w->m * sizeof *w->p); /* what was given up on */
        memset(w->q, 0, (size_t)w->n * sizeof *w->q);
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
    if (*method == LSV_SVDGRAD_AUTOGRAD) return lsv_sg_autograd(w, Gd, err);
    return direct[*method](w, err);
}

/* ---- the gradient ---- */

/* G (+)= [a b] [v; q], a = xi u + 2^shift p, b = 2^shift u: one product of thin matrices. */
static lsv_status assemble_product(const lsv_sg *w, double factor, bool add, double *G, lsv_error *err) {
    ptrdiff_t m = w->m, n = w->n;
    double *left = lsv_sg_vector(2, m + n, err), *right = left ? left + 2 * m : NULL;
    if (!left) return LSV_ENOMEM;
    for (ptrdiff_t r = 0; r < m; r++)
        left[2 * r] = w->xi * w->u[r] + factor * w->p[r], left[2 * r + 1] = factor * w->u[r];
    memcpy(right, w->v, (size_t)n * sizeof *right);
    memcpy(right + n, w->q, (size_t)n * sizeof *right);
    lsv_status status;
    if (n % 8 == 0) /* on lsv's own threads: those of OpenBLAS, once woken, are in the way of the next step for a while */
        status = lsv_backend_for(LSV_BE_PANEL, LSV_FLOAT64, m, 2, n)
                     ->panel(LSV_FLOAT64, m, 2, n, left, 2, right, n, add, G, n, err);
    else
        status = lsv_backend_for(LSV_BE_GEMM, LSV_FLOAT64, m, n, 2)
                     ->gemm(LSV_FLOAT64, false, false, m, n, 2, 1, left, 2, right, n, add ? 1 : 0, G, n, err);
    lsv_free(left);
    return status;
}

/* G (+)= xi u v^T + 2^shift (p v^T + u q^T) */
static lsv_status assemble(const lsv_sg *w, bool uv, bool add, double *G, lsv_error *err) {
    int shift = w->cotangent - w->exponent;
    if (uv && abs(shift) < 900) return assemble_product(w, ldexp(1, shift), add, G, err);
    for (ptrdiff_t r = 0; r < w->m; r++) {
        double *row = G + r * w->n, u = w->u[r], p = w->p[r];
        for (ptrdiff_t j = 0; j < w->n; j++)
            row[j] =
                (add ? row[j] : 0) + w->xi * u * w->v[j] + (uv ? ldexp(p * w->v[j] + u * w->q[j], shift) : 0);
    }
    return LSV_OK;
}

/* "numerical" and "autograd" give the adjoint part as a matrix: G = xi u v^T + 2^shift of it; p, q and what
 * is outside their form. */
static lsv_status assemble_matrix(lsv_sg *w, bool add, const double *part, double *G, lsv_error *err) {
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

/* The gradient of triplet t's part of the loss, added to G from the second one on; its diagnostics added up.
 */
static lsv_status one(call *c, ptrdiff_t t, lsv_svdgrad_method *method, double *G, lsv_error *err) {
    lsv_sg *w = &c->w;
    double *part = NULL;
    w->i = c->block ? t : c->o.index;
    w->xi = c->xi[t];
    memcpy(w->phi, c->phi + t * w->m, (size_t)w->m * sizeof *w->phi);
    memcpy(w->psi, c->psi + t * w->n, (size_t)w->n * sizeof *w->psi);
    bool uv = w->uv = any_nonzero(w->m, w->phi) || any_nonzero(w->n, w->psi);
    if (gives_matrix(*method) && uv) {
        part = lsv_sg_vector(w->m, w->n, err);
        if (!part) return LSV_ENOMEM;
    }
    lsv_status status = run(c, w, method, uv, part, err);
    if (status == LSV_OK && part) status = assemble_matrix(w, t > 0, part, G, err);
    else if (status == LSV_OK) status = assemble(w, uv, t > 0, G, err);
    lsv_free(part);
    if (status == LSV_OK)
        status =
            lsv_sg_measure(w, uv, c->o.diagnose || c->o.as_written || by_products(*method), c->info, err);
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
        c->info->f +=
            c->xi[t] * ldexp(w->s, w->exponent) +
            ldexp(sign * (lsv_sg_dot(m, w->u, c->phi + t * m) + lsv_sg_dot(n, w->v, c->psi + t * n)),
                  w->cotangent);
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
    if (c->block && !c->o.as_written && (method == LSV_SVDGRAD_SVD || method == LSV_SVDGRAD_AUTOGRAD))
        status = block(c, G, err);
    else
        for (ptrdiff_t t = 0; status == LSV_OK && t < c->count; t++) status = one(c, t, &method, G, err);
    LSV_TRY(status);
    c->info->method = lsv_svdgrad_name(method);
    c->info->as_written = c->o.as_written;
    lsv_ledger_text("method", c->info->method);
    lsv_ledger_number("gap", c->info->gap);
    lsv_ledger_number("amplification", c->info->amplification);
    lsv_ledger_number("iterations", c->info->iterations);
    double norm = lsv_sg_norm_of(c->w.m * c->w.n, G);
    if (!isnan(c->info->bound)) c->info->bound += 4 * c->w.eps * norm;
    c->info->bound_relative = norm > 0 ? c->info->bound / norm : 0;
    double tol = isnan(c->o.tol) ? fmax(1e-8, 64 * c->w.eps) : c->o.tol;
    if (by_products(method) && c->info->bound_relative > tol)
        warn(c->info, "W4: the error bound, %.1e of |G|, is above %.1e", c->info->bound_relative, tol);
    if (c->o.as_written)
        warn(c->info, "W5: \"%s\" as written: |Kx - Pc|/|c| = %.2g, so this is %s", c->info->method,
             c->info->rho_relative,
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

/* |G - (xi u v^T + the adjoint part by "autograd")| over that. */
static lsv_status against_autograd(call *c, const lsv_array *wide, double *part, lsv_error *err) {
    lsv_sg *w = &c->w;
    const double *G = (const double *)(const void *)wide->data;
    int shift = w->cotangent - w->exponent;
    double away = 0, all = 0, top = lsv_sg_norm_of(w->m * w->n, G);
    LSV_TRY(lsv_sg_decompose(w, err));
    if (w->uv) LSV_TRY(lsv_sg_autograd(w, part, err));
    for (ptrdiff_t i = 0; top > 0 && i < w->m * w->n; i++) {
        double want = w->xi * w->u[i / w->n] * w->v[i % w->n] + ldexp(part[i], shift),
               d = (G[i] - want) / top;
        away += d * d, all += (want / top) * (want / top);
    }
    c->info->diff_autograd = all > 0 ? sqrt(away / all) : 0;
    return LSV_OK;
}

/* The differences compare with the function itself, and with the method "autograd". */
static lsv_status differences(call *c, const lsv_array *wide, lsv_error *err) {
    if (c->block) return LSV_OK;
    LSV_TRY(lsv_sg_directional(&c->w, wide, &c->info->difference_central, &c->info->difference_forward,
                               &c->info->step, err));
    double *part = lsv_sg_vector(c->w.m, c->w.n, err);
    if (!part) return LSV_ENOMEM;
    lsv_status status = against_autograd(c, wide, part, err);
    lsv_free(part);
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
                       const lsv_svdgrad_options *options, lsv_array **G, lsv_svdgrad_info *info,
                       lsv_error *err) {
    lsv_svdgrad_info own = lsv_sg_info_new();
    call c = {.o = options ? *options : (lsv_svdgrad_options){.tol = (double)NAN}, .info = &own};
    lsv_array *held = NULL, *wide = NULL, *made = NULL;
    lsv_status status = lsv_sg_open(&c, A, xi, phi, psi, &held, err);
    if (status == LSV_OK) status = lsv_empty(c.kind, LSV_FLOAT64, 2, (ptrdiff_t[]){c.w.m, c.w.n}, &wide, err);
    if (status == LSV_OK) {
        own.m = c.w.m, own.n = c.w.n, own.count = c.count;
        status = compute(&c, (double *)(void *)wide->data, err);
    }
    if (status == LSV_OK) status = finish(&c, wide, &made, err);
    own.iterations = c.w.iterations, own.products = c.w.products;
    lsv_release(held);
    lsv_release(wide);
    lsv_sg_close(&c);
    if (status == LSV_OK) *G = made;
    if (status == LSV_OK && info) *info = own;
    else lsv_svdgrad_info_free(&own);
    return status;
}
