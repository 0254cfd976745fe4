/* The SVD on device pointers: which driver, and whether to believe it.

   gesvdp (polar decomposition, then the symmetric eigenproblem) is several times faster than the others, but
   moves singular values that are near zero, by an amount that it reports. Its result is therefore tested: the
   reported shift, the values' order, and with a few random vectors the residual and the orthogonality of U
   and V; it costs a few passes over the matrices. What fails goes to gesvd, QR iteration, which wants no
   fewer rows than columns: a wide matrix is handed over transposed. Values alone come from gesvd at once,
   since they are wanted for what is near zero. */
#include <math.h>
#include "backend/cuda/inside.h"
#include "base/alloc.h"

bool lsv_cu_has_gesvdp(void);
lsv_status lsv_cu_gesvdp(lsv_dtype t, bool thin, ptrdiff_t m, ptrdiff_t n, void *a, ptrdiff_t lda, void *s,
                         void *u, ptrdiff_t ldu, void *v, ptrdiff_t ldv, int *info, double *shift,
                         lsv_error *err);
lsv_status lsv_cu_gesvd(lsv_dtype t, char job, ptrdiff_t m, ptrdiff_t n, void *a, ptrdiff_t lda, void *s,
                        void *u, ptrdiff_t ldu, void *vt, ptrdiff_t ldvt, int *info, lsv_error *err);

enum { PROBES = 2 };

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static ptrdiff_t largest(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

static lsv_status matrix(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, void **out, lsv_error *err) {
    return lsv_cu_alloc((size_t)largest(m, 1) * (size_t)largest(n, 1) * lsv_dtype_size(t), out, err);
}

static double number(lsv_dtype t, const void *at, ptrdiff_t i) {
    return t == LSV_FLOAT64 ? ((const double *)at)[i] : (double)((const float *)at)[i];
}

/* ---- the test ---- */

typedef struct {
    lsv_dtype t;
    ptrdiff_t m, n, mu, nv, k;
    const void *a, *u, *v, *s;
    ptrdiff_t lda, ldu, ldv;
    void *x, *y, *r; /* probes and what becomes of them: max(m, n) x PROBES each */
} trial;

/* Entries of ±1, without a pattern. */
static lsv_status probe_vectors(const trial *p, ptrdiff_t rows, void *to, lsv_error *err) {
    size_t bytes = (size_t)(rows * PROBES) * lsv_dtype_size(p->t);
    void *host = lsv_malloc(bytes);
    if (!host) return lsv_no_memory(err, bytes);
    uint64_t state = 88172645463325252u;
    for (ptrdiff_t i = 0; i < rows * PROBES; i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        double x = state >> 40 & 1 ? 1 : -1;
        if (p->t == LSV_FLOAT64) ((double *)host)[i] = x;
        else ((float *)host)[i] = (float)x;
    }
    lsv_status status = lsv_cu_upload(to, 0, host, bytes, bytes, 1, err);
    lsv_free(host);
    return status;
}

/* |Q^T (Q x) - x|, for Q rows x cols. */
static lsv_status orthogonal(const trial *p, ptrdiff_t rows, ptrdiff_t cols, const void *q, ptrdiff_t ldq,
                             double *off, lsv_error *err) {
    LSV_TRY(probe_vectors(p, cols, p->x, err));
    LSV_TRY(lsv_cu_gemm(p->t, false, false, rows, PROBES, cols, 1, q, ldq, p->x, cols, 0, p->y, rows, err));
    LSV_TRY(lsv_cu_gemm(p->t, true, false, cols, PROBES, rows, 1, q, ldq, p->y, rows, -1, p->x, cols, err));
    return lsv_cu_nrm2(p->t, cols * PROBES, p->x, off, err);
}

/* |A x - U (s (V^T x))| */
static lsv_status residual(const trial *p, double *off, lsv_error *err) {
    lsv_dtype t = p->t;
    LSV_TRY(probe_vectors(p, p->n, p->x, err));
    LSV_TRY(lsv_cu_gemm(t, true, false, p->k, PROBES, p->n, 1, p->v, p->ldv, p->x, p->n, 0, p->y, p->k, err));
    LSV_TRY(lsv_cu_scale(t, false, p->k, PROBES, p->y, p->k, p->s, p->y, p->k, err));
    LSV_TRY(
        lsv_cu_gemm(t, false, false, p->m, PROBES, p->n, 1, p->a, p->lda, p->x, p->n, 0, p->r, p->m, err));
    LSV_TRY(
        lsv_cu_gemm(t, false, false, p->m, PROBES, p->k, -1, p->u, p->ldu, p->y, p->k, 1, p->r, p->m, err));
    return lsv_cu_nrm2(t, p->m * PROBES, p->r, off, err);
}

/* Values finite, none negative, descending; *top is the first. */
static lsv_status ordered(const trial *p, bool *good, double *top, lsv_error *err) {
    size_t bytes = (size_t)p->k * lsv_dtype_size(p->t);
    void *host = lsv_malloc(bytes);
    if (!host) return lsv_no_memory(err, bytes);
    lsv_status status = lsv_cu_download(host, bytes, p->s, 0, bytes, 1, err);
    *good = status == LSV_OK;
    for (ptrdiff_t i = 0; i < p->k && *good; i++) {
        double x = number(p->t, host, i);
        *good = isfinite(x) && x >= 0 && (!i || x <= number(p->t, host, i - 1));
    }
    *top = *good ? number(p->t, host, 0) : 0;
    lsv_free(host);
    return status;
}

static lsv_status believable(trial *p, double shift, bool *good, lsv_error *err) {
    ptrdiff_t most = largest(p->m, p->n);
    double eps = p->t == LSV_FLOAT64 ? 0x1p-52 : 0x1p-23, tol = 10 * (double)most * eps, top = 0, off;
    LSV_TRY(ordered(p, good, &top, err));
    if (!*good || !(shift <= tol * top)) {
        *good = false;
        return LSV_OK;
    }
    LSV_TRY(matrix(p->t, most, PROBES, &p->x, err));
    LSV_TRY(matrix(p->t, most, PROBES, &p->y, err));
    LSV_TRY(matrix(p->t, most, PROBES, &p->r, err));
    LSV_TRY(residual(p, &off, err));
    *good = off <= tol * top * sqrt((double)PROBES) * 4;
    if (*good) LSV_TRY(orthogonal(p, p->m, p->mu, p->u, p->ldu, &off, err));
    *good = *good && off <= tol * sqrt((double)PROBES) * 4;
    if (*good) LSV_TRY(orthogonal(p, p->n, p->nv, p->v, p->ldv, &off, err));
    *good = *good && off <= tol * sqrt((double)PROBES) * 4;
    return LSV_OK;
}

static lsv_status test(trial *p, double shift, bool *good, lsv_error *err) {
    *good = false;
    lsv_status status = believable(p, shift, good, err);
    lsv_cu_free(p->x);
    lsv_cu_free(p->y);
    lsv_cu_free(p->r);
    return status;
}

/* ---- the drivers ---- */

/* B = op(A), in memory of its own. */
static lsv_status copied(lsv_dtype t, bool transpose, ptrdiff_t m, ptrdiff_t n, const void *a, ptrdiff_t lda,
                         void **out, lsv_error *err) {
    LSV_TRY(matrix(t, m, n, out, err));
    return transpose ? lsv_cu_transpose(t, n, m, a, lda, *out, n, err)
                     : lsv_cu_copy_matrix(t, m, n, a, lda, *out, m, err);
}

static lsv_status by_polar(const trial *p, bool thin, bool *good, lsv_error *err) {
    void *b = NULL;
    int info = 1;
    double shift = 0;
    trial result = *p;
    *good = false;
    lsv_status status = copied(p->t, false, p->m, p->n, p->a, p->lda, &b, err);
    if (status == LSV_OK)
        status =
            lsv_cu_gesvdp(p->t, thin, p->m, p->n, b, p->m, (void *)(uintptr_t)p->s, (void *)(uintptr_t)p->u,
                          p->ldu, (void *)(uintptr_t)p->v, p->ldv, &info, &shift, err);
    lsv_cu_free(b);
    if (status == LSV_OK && info == 0) status = test(&result, shift, good, err);
    if (status == LSV_OK || status == LSV_EINTR || status == LSV_ENOTIMPL || lsv_cu_now() != LSV_CU_UP)
        return status;
    *good = false; /* no room for its large workspace, a failure of its own: the other driver may do */
    return LSV_OK;
}

/* gesvd of B = A, or of B = A^T = U' S V'^T, whose factors are V = U' and U = V'. VT' is then transposed into
 * its place. */
static lsv_status by_qr_iteration(const trial *p, char job, int *info, lsv_error *err) {
    bool wide = p->m < p->n;
    ptrdiff_t rows = largest(p->m, p->n), cols = least(p->m, p->n);
    void *b = NULL, *vt = NULL, *left = (void *)(uintptr_t)(wide ? p->v : p->u),
         *right = (void *)(uintptr_t)(wide ? p->u : p->v);
    ptrdiff_t ld_left = wide ? p->ldv : p->ldu, ld_right = wide ? p->ldu : p->ldv;
    if (job == 'N') ld_left = rows;
    lsv_status status = copied(p->t, wide, p->m, p->n, p->a, p->lda, &b, err);
    if (status == LSV_OK && job != 'N') status = matrix(p->t, cols, cols, &vt, err);
    if (status == LSV_OK)
        status = lsv_cu_gesvd(p->t, job, rows, cols, b, rows, (void *)(uintptr_t)p->s, left, ld_left, vt,
                              cols, info, err);
    if (status == LSV_OK && job != 'N' && *info == 0)
        status = lsv_cu_transpose(p->t, cols, cols, vt, cols, right, ld_right, err);
    lsv_cu_free(vt);
    lsv_cu_free(b);
    return status;
}

lsv_status lsv_cu_svd(lsv_dtype t, char job, bool by_qr, ptrdiff_t m, ptrdiff_t n, const void *a,
                      ptrdiff_t lda, void *s, void *u, ptrdiff_t ldu, void *v, ptrdiff_t ldv, int *info,
                      const char **driver, lsv_error *err) {
    LSV_TRY(lsv_cu_start_solver(err));
    ptrdiff_t k = least(m, n);
    trial p = {.t = t,
               .m = m,
               .n = n,
               .k = k,
               .mu = job == 'A' ? m : k,
               .nv = job == 'A' ? n : k,
               .a = a,
               .lda = lda,
               .s = s,
               .u = u,
               .ldu = ldu,
               .v = v,
               .ldv = ldv};
    bool good = false;
    if (job != 'N' && !by_qr && lsv_cu_has_gesvdp()) {
        LSV_TRY(by_polar(&p, job == 'S', &good, err));
        *info = 0;
        if (driver) *driver = "gesvdp";
    }
    if (good) return LSV_OK;
    if (driver) *driver = "gesvd";
    return by_qr_iteration(&p, job, info, err);
}
