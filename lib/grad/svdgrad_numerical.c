/* Central differences, with the triplet of every perturbed matrix turned to the side of (u, v).

   Truncation goes as (h/gap)^2 and rounding as eps s_1/h, so h = (eps s_1 gap^2)^(1/3). A full decomposition
   per evaluation: for small matrices, and as an independent check. */
#include <string.h>
#include "base/progress.h"
#include "grad/svdgrad_work.h"

typedef struct {
    ptrdiff_t ldv;
    double *B, *a, *U, *S, *V; /* the perturbed matrix (row-major); column-major for LAPACK */
} room;

static lsv_status room_new(const lsv_sg *w, room *t, lsv_error *err) {
    ptrdiff_t mn = w->m * w->n;
    t->B = lsv_sg_vector(1, 2 * mn + w->k * (w->m + w->n + 1), err);
    if (!t->B) return LSV_ENOMEM;
    t->a = t->B + mn, t->U = t->a + mn, t->V = t->U + w->m * w->k, t->S = t->V + w->k * w->n;
    memcpy(t->B, w->A, (size_t)mn * sizeof(double));
    return LSV_OK;
}

/* xi s + phi.u + psi.v of B in the scaled units; xi is in units of 2^cotangent / 2^exponent. */
static lsv_status value(const lsv_sg *w, const room *t, double xi, double *f, lsv_error *err) {
    ptrdiff_t m = w->m, n = w->n, k = w->k;
    int info = 0;
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t j = 0; j < n; j++) t->a[j * m + i] = t->B[i * n + j];
    LSV_TRY(lsv_backend_for(LSV_BE_GESDD, LSV_FLOAT64, m, n, 0)
                ->gesdd(LSV_FLOAT64, 'S', m, n, t->a, m, t->S, t->U, m, t->V, k, &info, err));
    if (info) return lsv_fail(err, LSV_ELINALG, "svdgrad: a decomposition did not converge");
    const double *u = t->U + w->i * m;
    double side = lsv_sg_dot(m, u, w->u), part = lsv_sg_dot(m, u, w->phi);
    for (ptrdiff_t j = 0; j < n; j++)
        side += t->V[j * k + w->i] * w->v[j], part += t->V[j * k + w->i] * w->psi[j];
    *f = xi * t->S[w->i] + (side >= 0 ? part : -part);
    return LSV_OK;
}

static lsv_status entry(const lsv_sg *w, room *t, ptrdiff_t at, double h, double *out, lsv_error *err) {
    double x = w->A[at], up = x + h, down = x - h, above, below;
    t->B[at] = up;
    LSV_TRY(value(w, t, 0, &above, err));
    t->B[at] = down;
    LSV_TRY(value(w, t, 0, &below, err));
    t->B[at] = x;
    *out = (above - below) / (up - down);
    return LSV_OK;
}

lsv_status lsv_sg_numerical(lsv_sg *w, double *G, lsv_error *err) {
    room t;
    double gap = isfinite(w->gap) ? w->gap : w->s, h = cbrt(0x1p-52 * w->s1 * gap * gap);
    LSV_TRY(room_new(w, &t, err));
    int threads = lsv_max_size(w->m, w->n) < 256 ? lsv_backend_serial() : 0;
    lsv_status status = LSV_OK;
    for (ptrdiff_t at = 0; status == LSV_OK && at < w->m * w->n; at++) {
        status = lsv_poll(err);
        lsv_progress_step("svdgrad: entries by differences", (long)at, (long)(w->m * w->n), -1, -1);
        if (status == LSV_OK) status = entry(w, &t, at, h, &G[at], err);
    }
    lsv_backend_serial_done(threads);
    w->products = 0;
    lsv_free(t.B);
    return status;
}

lsv_status lsv_sg_directional(lsv_sg *w, const lsv_array *G, double *central, double *forward, double *step,
                              lsv_error *err) {
    room t;
    ptrdiff_t size = w->m * w->n;
    int shift = w->cotangent - w->exponent;
    double h = 1e-5 * fmin(w->s1, 1e3 * (isfinite(w->gap) ? w->gap : w->s)), slope = 0, f[3],
           xi = ldexp(w->xi, -shift);
    const double *g = (const double *)(const void *)G->data;
    LSV_TRY(room_new(w, &t, err));
    lsv_status status = LSV_OK;
    for (int side = 0; side < 3 && status == LSV_OK; side++) {
        uint64_t state = 20;
        slope = 0;
        for (ptrdiff_t i = 0; i < size; i++) {
            double e = lsv_sg_random(&state);
            t.B[i] = w->A[i] + (side - 1) * h * e;
            slope += ldexp(g[i], -shift) * e;
        }
        status = value(w, &t, xi, &f[side], err);
    }
    if (status == LSV_OK) {
        *central = ldexp(fabs((f[2] - f[0]) / (2 * h) - slope), shift);
        *forward = ldexp(fabs((f[2] - f[1]) / h - slope), shift);
        *step = ldexp(h, w->exponent);
    }
    lsv_free(t.B);
    return status;
}
