/* The error bound and the diagnostics.

   The triplet at hand is the exact one of A + E, where |E| is at most the residual |(A v - s u, A^T u - s v)|
   and what rounding of that size cannot show, (4 + sqrt(m + n)/2) unit s_1. With t = |E| / gap the vectors
   are off by t, K by 2 |E|, the right-hand side by t times the parts c0 = (u.phi, v.psi) taken off it, and
   rho = |K (p; q) - P c| is solved for by 1/gap, so that |dx| <= (rho/gap + 3 t |x| + sqrt2 t |c0|/gap) / (1
   - 4 t),    |dG| <= sqrt2 |xi| t + sqrt2 |dx| + t |x| and what of G is not of the form (xi u + p) v^T + u
   q^T. No bound is given where t is not small. Condition numbers come from the singular values: on its range
   K has the eigenvalues s -+ s_j and, where m != n, s. */
#include <string.h>
#include "grad/svdgrad_bound.h"

lsv_svdgrad_info lsv_sg_info_new(void) {
    const double none = (double)NAN;
    return (lsv_svdgrad_info){.method = "",
                              .count = 1,
                              .above = none,
                              .sigma2 = none,
                              .rho = none,
                              .rho_relative = none,
                              .xi_error = none,
                              .product_error = none,
                              .bound = none,
                              .bound_relative = none,
                              .cond_k = none,
                              .cond_augmented = none,
                              .cond_p = none,
                              .difference_central = none,
                              .difference_forward = none,
                              .step = none,
                              .diff_autograd = none};
}

double lsv_sg_norm_of(ptrdiff_t n, const double *x) {
    double plain = sqrt(lsv_sg_square(n, x)), top = 0, sum = 0;
    if (isfinite(plain) && plain > 1e-140) return plain;
    for (ptrdiff_t i = 0; i < n; i++) top = fmax(top, fabs(x[i]));
    if (!(top > 0) || !isfinite(top)) return top;
    for (ptrdiff_t i = 0; i < n; i++) sum += (x[i] / top) * (x[i] / top);
    return top * sqrt(sum);
}

lsv_status lsv_sg_residuals(lsv_sg *w, bool uv, lsv_error *err) {
    ptrdiff_t m = w->m, n = w->n;
    double *a = lsv_sg_vector(1, m + n, err), *b = a ? a + m : NULL;
    if (!a) return LSV_ENOMEM;
    lsv_status status = lsv_sg_times(w->A, m, n, false, w->v, a, err);
    if (status == LSV_OK) status = lsv_sg_times(w->A, m, n, true, w->u, b, err);
    lsv_sg_axpy(m, -w->s, w->u, a);
    lsv_sg_axpy(n, -w->s, w->v, b);
    w->residual = hypot(lsv_sg_norm(m, a), lsv_sg_norm(n, b));
    w->rho = 0;
    if (status == LSV_OK && uv) status = lsv_sg_times(w->A, m, n, false, w->q, a, err);
    if (status == LSV_OK && uv) status = lsv_sg_times(w->A, m, n, true, w->p, b, err);
    if (status == LSV_OK && uv) {
        for (ptrdiff_t i = 0; i < m; i++) a[i] = w->s * w->p[i] - a[i] - w->f[i];
        for (ptrdiff_t i = 0; i < n; i++) b[i] = w->s * w->q[i] - b[i] - w->g[i];
        lsv_sg_project(m, w->u, a);
        lsv_sg_project(n, w->v, b);
        w->rho = hypot(lsv_sg_norm(m, a), lsv_sg_norm(n, b));
    }
    lsv_free(a);
    return status;
}

/* On this triplet's part of G. */
static double bound_of(const lsv_sg *w, bool uv) {
    double spread = (4 + sqrt((double)(w->m + w->n)) / 2) * w->unit * w->s1, gap = w->gap - spread;
    if (!isfinite(w->gap)) gap = w->s; /* 1 x 1: nothing beside it */
    if (w->gap == (double)INFINITY) return 8 * w->unit * fabs(w->xi);
    if (!uv && gap <= 0) return 2 * fabs(w->xi); /* any unit vectors of the cluster */
    if (gap <= 0) return (double)INFINITY;
    double t = (w->residual + spread) / gap;
    if (uv && t > 0.2) return (double)INFINITY;
    double x = hypot(lsv_sg_norm(w->m, w->p), lsv_sg_norm(w->n, w->q)),
           c = hypot(lsv_sg_dot(w->m, w->u, w->phi), lsv_sg_dot(w->n, w->v, w->psi));
    double dx = (w->rho / gap + 3 * t * x + sqrt(2) * t * c / gap) / (1 - 4 * fmin(t, 0.2)),
           own = fmin(sqrt(2) * t, 2) * fabs(w->xi);
    return uv ? own + ldexp(sqrt(2) * dx + x * t + w->off, w->cotangent - w->exponent) : own;
}

static void conditions(const lsv_sg *w, lsv_svdgrad_info *info) {
    double s = w->s,
           top = w->i > 0          ? w->s1
                 : isnan(w->below) ? 0
                                   : w->below,
           gap = isfinite(w->gap) ? w->gap : s;
    double near = (double)INFINITY;
    if (!isnan(w->above)) near = fmin(near, (w->above - s) * (w->above + s));
    if (!isnan(w->below)) near = fmin(near, (s - w->below) * (s + w->below));
    info->cond_k = (s + top) / gap;
    info->cond_augmented = fmax(s + top, sqrt(5) * s) / fmin(gap, s);
    info->cond_p = fmax(s * s, w->i > 0 ? (top - s) * (top + s) : 0) / fmin(s * s, near);
}

static void describe(const lsv_sg *w, lsv_svdgrad_info *info) {
    info->index = w->i;
    info->sigma = ldexp(w->s, w->exponent), info->sigma1 = ldexp(w->s1, w->exponent);
    info->above = ldexp(w->above, w->exponent), info->sigma2 = ldexp(w->below, w->exponent);
    info->gap = ldexp(w->gap, w->exponent);
    info->amplification = w->gap > 0 ? w->s1 / w->gap : (double)INFINITY;
    info->estimate = sqrt((double)(w->m + w->n)) * fmax(w->eps, w->unit) * info->amplification;
    conditions(w, info);
}

static double sum_known(double a, double b) { return isnan(a) ? b : a + b; }

lsv_status lsv_sg_measure(lsv_sg *w, bool uv, bool products, lsv_svdgrad_info *info, lsv_error *err) {
    info->f += w->xi * ldexp(w->s, w->exponent) +
               ldexp(lsv_sg_dot(w->m, w->u, w->phi) + lsv_sg_dot(w->n, w->v, w->psi), w->cotangent);
    describe(w, info);
    if (products && (isnan(w->residual) || isnan(w->rho))) LSV_TRY(lsv_sg_residuals(w, uv, err));
    if (isnan(w->residual) || isnan(w->rho)) return LSV_OK;
    double c = hypot(lsv_sg_norm(w->m, w->phi), lsv_sg_norm(w->n, w->psi)), relative = c > 0 ? w->rho / c : 0;
    info->rho = sum_known(info->rho, ldexp(w->rho, w->cotangent));
    info->rho_relative = isnan(info->rho_relative) ? relative : fmax(info->rho_relative, relative);
    info->bound = sum_known(info->bound, bound_of(w, uv));
    return LSV_OK;
}

void lsv_sg_measure_block(lsv_sg *w, ptrdiff_t count, const double *G, lsv_svdgrad_info *info) {
    double least = (double)INFINITY;
    for (ptrdiff_t t = 0; t < count; t++) {
        w->i = t;
        lsv_sg_take(w);
        least = fmin(least, w->gap);
    }
    w->gap = least;
    describe(w, info);
    info->bound = 16 * info->estimate * lsv_sg_norm_of(w->m * w->n, G);
}

lsv_status lsv_sg_identities(lsv_sg *w, const double *xi, ptrdiff_t count, const double *G,
                             lsv_svdgrad_info *info, lsv_error *err) {
    ptrdiff_t size = w->m * w->n;
    double norm = lsv_sg_norm_of(size, G), want = 0, total = 0;
    if (!(norm > 0) || !isfinite(norm)) {
        info->xi_error = info->product_error = norm > 0 ? (double)NAN : 0;
        return LSV_OK;
    }
    double *t = lsv_sg_vector(w->m, 1, err);
    if (!t) return LSV_ENOMEM;
    lsv_status status = lsv_sg_times(G, w->m, w->n, false, w->v, t, err);
    if (status == LSV_OK) info->xi_error = fabs(lsv_sg_dot(w->m, w->u, t) - xi[count - 1]) / norm;
    lsv_free(t);
    for (ptrdiff_t r = 0; r < w->m; r++) {
        double row = 0;
        for (ptrdiff_t j = 0; j < w->n; j++) row += G[r * w->n + j] / norm * w->A[r * w->n + j];
        total += row;
    }
    for (ptrdiff_t i = 0; i < count; i++) want += xi[i] / norm * (w->S ? w->S[count > 1 ? i : w->i] : w->s);
    info->product_error = fabs(total - want) / lsv_sg_norm_of(size, w->A);
    return status;
}

static void item(lsv_text *out, const char *name, double x, const char *after) {
    if (isnan(x)) lsv_text_printf(out, "%s -%s", name, after);
    else lsv_text_printf(out, "%s %.3g%s", name, x, after);
}

void lsv_svdgrad_report(const lsv_svdgrad_info *info, lsv_text *out) {
    lsv_text_printf(out, "svdgrad: %td x %td, ", info->m, info->n);
    if (info->count > 1) lsv_text_printf(out, "the first %td triplets", info->count);
    else lsv_text_printf(out, "triplet %td", info->index);
    lsv_text_printf(out, ", method %s%s (%s)\n", info->method, info->as_written ? " as written" : "",
                    info->why);
    lsv_text_printf(out, "  f(A) = %.10g   sigma = %.10g   next", info->f, info->sigma);
    item(out, "", info->sigma2, "   gap");
    lsv_text_printf(out, " = %.3g = %.2g sigma_0\n", info->gap,
                    info->amplification > 0 ? 1 / info->amplification : 0);
    lsv_text_puts(out, "  cond(K) = inf (always)");
    item(out, "   cond(K on its range) =", info->cond_k, "");
    item(out, "   cond(K augmented) =", info->cond_augmented, "");
    item(out, "   cond(P + s^2 u u^T) =", info->cond_p, "\n");
    item(out, "  rho = |Kx - Pc| =", info->rho, "");
    item(out, "   rho/|c| =", info->rho_relative, "");
    item(out, "   |u^T G v - xi|/|G| =", info->xi_error, "");
    item(out, "   |<G,A> - xi sigma|/(|G||A|) =", info->product_error, "\n");
    if (!isnan(info->step)) {
        lsv_text_printf(
            out, "  |f(A+E) - f(A-E) - 2<G,E>|/2e = %.2g   |f(A+E) - f(A) - <G,E>|/e = %.2g   (e = %.2g)\n",
            info->difference_central, info->difference_forward, info->step);
        lsv_text_printf(out, "  diff to autograd %.4f%%\n", 100 * info->diff_autograd);
    }
    lsv_text_printf(out, "  expected relative error %.1e", info->estimate);
    if (!isnan(info->bound))
        lsv_text_printf(out, ", bound %.1e = %.1e |G|", info->bound, info->bound_relative);
    if (info->products)
        lsv_text_printf(out, "   products with A %d, iterations of the system %d", info->products,
                        info->iterations);
    lsv_text_putc(out, '\n');
    for (int i = 0; i < info->nwarnings; i++) lsv_text_printf(out, "  %s\n", info->warnings[i]);
}
