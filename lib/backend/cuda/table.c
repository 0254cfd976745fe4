/* The backend table over host pointers.

   Each entry lists its operands, does the device's part, and leaves to spans.c where operands come from and
   results go; what the GPU cannot do, or is expected to do later, the CPU's entry does. Row-major products
   are the transposed products column-major; factorisations are column-major in both worlds. */
#include <math.h>
#include <string.h>
#include "backend/cuda/spans.h"
#include "base/alloc.h"

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static ptrdiff_t most(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

/* Spans of row-major and of column-major matrices, and of vectors. */
#define ROWS(p, r, c, ld, ...) \
    { .host = (p), .rows = (r), .width = (c), .step = (ld), __VA_ARGS__ }
#define COLS(p, r, c, ld, ...) \
    { .host = (p), .rows = (c), .width = (r), .step = (ld), __VA_ARGS__ }
#define LINE(p, n, ...) \
    { .host = (p), .rows = 1, .width = (n), .step = (n), __VA_ARGS__ }
#define IN .in = true
#define OUT .out = true
#define INOUT .in = true, .out = true

/* The GPU's part is `device`, the CPU's `host`: both with the operands in s[]. */
#define TRIP(OP, sizes_m, sizes_n, sizes_k, device, host_call) \
    trip w = {.op = LSV_BE_##OP,                               \
              .t = t,                                          \
              .m = (sizes_m),                                  \
              .n = (sizes_n),                                  \
              .k = (sizes_k),                                  \
              .spans = s,                                      \
              .count = (int)(sizeof s / sizeof *s)};           \
    if (lsv_trip_begin(&w)) {                                  \
        lsv_status went = (device);                            \
        if (lsv_trip_end(&w, &went)) {                         \
            if (went != LSV_OK && err) *err = w.detail;        \
            return went;                                       \
        }                                                      \
    }                                                          \
    LSV_TRY(lsv_trip_to_host(&w, err));                        \
    lsv_status done = lsv_backend_cpu.host_call;               \
    lsv_trip_ran_on_host(&w);                                  \
    return done

#define DETAIL (&w.detail)

/* ---- products ---- */

static lsv_status gemm(lsv_dtype t, bool ta, bool tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, double alpha,
                       const void *a, ptrdiff_t lda, const void *b, ptrdiff_t ldb, double beta, void *c,
                       ptrdiff_t ldc, lsv_error *err) {
    span s[] = {ROWS(a, ta ? k : m, ta ? m : k, lda, IN), ROWS(b, tb ? n : k, tb ? k : n, ldb, IN),
                ROWS(c, m, n, ldc, .in = beta != 0, OUT)};
    TRIP(GEMM, m, n, k,
         lsv_cu_gemm(t, tb, ta, n, m, k, alpha, s[1].device, s[1].ld, s[0].device, s[0].ld, beta, s[2].device,
                     s[2].ld, DETAIL),
         gemm(t, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, err));
}

/* For what the device is not asked to do. */
static lsv_status here(int n, const void *const *operands, lsv_error *err) {
    for (int i = 0; i < n; i++) {
        lsv_mirror *m = lsv_mirror_find(operands[i], 1);
        if (m) LSV_TRY(lsv_mirror_write_host(m, err));
    }
    return LSV_OK;
}

/* A vector of another stride than 1 is one column of a matrix of that width; what lies between is not
 * touched. */
static lsv_status gemv(lsv_dtype t, bool ta, ptrdiff_t m, ptrdiff_t n, const void *a, ptrdiff_t lda,
                       const void *x, ptrdiff_t incx, void *y, ptrdiff_t incy, lsv_error *err) {
    ptrdiff_t nx = ta ? m : n, ny = ta ? n : m;
    if (incx < 1 || incy < 1) {
        LSV_TRY(here(3, (const void *[]){a, x, y}, err));
        return lsv_backend_cpu.gemv(t, ta, m, n, a, lda, x, incx, y, incy, err);
    }
    span s[] = {ROWS(a, m, n, lda, IN), ROWS(x, nx, 1, incx, IN), ROWS(y, ny, 1, incy, OUT)};
    TRIP(GEMV, m, n, 0,
         lsv_cu_gemv(t, !ta, n, m, s[0].device, s[0].ld, s[1].device, s[1].ld, s[2].device, s[2].ld, DETAIL),
         gemv(t, ta, m, n, a, lda, x, incx, y, incy, err));
}

/* Pays only where both vectors are on the device. */
static lsv_status dot(lsv_dtype t, ptrdiff_t n, const void *x, ptrdiff_t incx, const void *y, ptrdiff_t incy,
                      void *out, lsv_error *err) {
    if (incx != 1 || incy != 1 || n < 1) {
        LSV_TRY(here(2, (const void *[]){x, y}, err));
        return lsv_backend_cpu.dot(t, n, x, incx, y, incy, out, err);
    }
    span s[] = {LINE(x, n, IN), LINE(y, n, IN)};
    TRIP(DOT, n, 0, 0, lsv_cu_dot(t, n, s[0].device, s[1].device, out, DETAIL),
         dot(t, n, x, incx, y, incy, out, err));
}

/* Both triangles, bit for bit alike. */
static lsv_status syrk_both(lsv_dtype t, bool ta, ptrdiff_t n, ptrdiff_t k, const span *a, const span *c,
                            lsv_error *err) {
    LSV_TRY(lsv_cu_syrk(t, true, !ta, n, k, a->device, a->ld, c->device, c->ld, err));
    return lsv_cu_symmetric(t, n, c->device, c->ld, err);
}

static lsv_status syrk(lsv_dtype t, bool ta, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t lda, void *c,
                       ptrdiff_t ldc, lsv_error *err) {
    span s[] = {ROWS(a, ta ? k : n, ta ? n : k, lda, IN), ROWS(c, n, n, ldc, OUT)};
    TRIP(SYRK, n, n, k, syrk_both(t, ta, n, k, &s[0], &s[1], DETAIL), syrk(t, ta, n, k, a, lda, c, ldc, err));
}

static lsv_status trsm(lsv_dtype t, bool left, bool upper, bool trans, bool unit, ptrdiff_t m, ptrdiff_t n,
                       const void *a, ptrdiff_t lda, void *b, ptrdiff_t ldb, lsv_error *err) {
    ptrdiff_t order = left ? m : n;
    span s[] = {COLS(a, order, order, lda, IN), COLS(b, m, n, ldb, INOUT)};
    TRIP(TRSM, m, n, order,
         lsv_cu_trsm(t, left, upper, trans, unit, m, n, s[0].device, s[0].ld, s[1].device, s[1].ld, DETAIL),
         trsm(t, left, upper, trans, unit, m, n, a, lda, b, ldb, err));
}

/* ---- thin products: row-major throughout ---- */

static lsv_status panel(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t b, const void *a, ptrdiff_t lda,
                        const void *x, ptrdiff_t ldx, bool add, void *y, ptrdiff_t ldy, lsv_error *err) {
    span s[] = {ROWS(a, m, n, lda, IN), ROWS(x, n, b, ldx, IN), ROWS(y, m, b, ldy, .in = add, OUT)};
    TRIP(PANEL, m, n, b,
         lsv_cu_gemm(t, false, false, b, m, n, 1, s[1].device, s[1].ld, s[0].device, s[0].ld, add,
                     s[2].device, s[2].ld, DETAIL),
         panel(t, m, n, b, a, lda, x, ldx, add, y, ldy, err));
}

static lsv_status panel_t(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t b, const void *a, ptrdiff_t lda,
                          const void *y, ptrdiff_t ldy, void *z, ptrdiff_t ldz, lsv_error *err) {
    span s[] = {ROWS(a, m, n, lda, IN), ROWS(y, m, b, ldy, IN), ROWS(z, n, b, ldz, OUT)};
    TRIP(PANEL_T, m, n, b,
         lsv_cu_gemm(t, false, true, b, n, m, 1, s[1].device, s[1].ld, s[0].device, s[0].ld, 0, s[2].device,
                     s[2].ld, DETAIL),
         panel_t(t, m, n, b, a, lda, y, ldy, z, ldz, err));
}

static lsv_status gram(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t b, const span *a, const span *x,
                       const span *z, lsv_error *err) {
    void *y = NULL;
    LSV_TRY(lsv_cu_alloc((size_t)m * (size_t)b * lsv_dtype_size(t), &y, err));
    lsv_status status =
        lsv_cu_gemm(t, false, false, b, m, n, 1, x->device, x->ld, a->device, a->ld, 0, y, b, err);
    if (status == LSV_OK)
        status = lsv_cu_gemm(t, false, true, b, n, m, 1, y, b, a->device, a->ld, 0, z->device, z->ld, err);
    lsv_cu_free(y);
    return status;
}

static lsv_status panel_gram(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t b, const void *a, ptrdiff_t lda,
                             const void *x, ptrdiff_t ldx, void *z, ptrdiff_t ldz, lsv_error *err) {
    span s[] = {ROWS(a, m, n, lda, IN), ROWS(x, n, b, ldx, IN), ROWS(z, n, b, ldz, OUT)};
    TRIP(PANEL_GRAM, m, n, b, gram(t, m, n, b, &s[0], &s[1], &s[2], DETAIL),
         panel_gram(t, m, n, b, a, lda, x, ldx, z, ldz, err));
}

/* ---- the SVD ---- */

static lsv_status svd(trip *w, char job, bool by_qr, int *info) {
    span *s = w->spans; /* a, values, u, vt */
    ptrdiff_t k = least(w->m, w->n), nv = job == 'A' ? w->n : k;
    void *v = NULL;
    bool vectors = job != 'N';
    if (vectors) LSV_TRY(lsv_cu_alloc((size_t)w->n * (size_t)nv * lsv_dtype_size(w->t), &v, &w->detail));
    lsv_status status = lsv_cu_svd(w->t, job, by_qr, w->m, w->n, s[0].device, s[0].ld, s[1].device,
                                   s[2].device, vectors ? s[2].ld : w->m, v, w->n, info, &w->how, &w->detail);
    if (status == LSV_OK && vectors)
        status = lsv_cu_transpose(w->t, nv, w->n, v, w->n, s[3].device, s[3].ld, &w->detail);
    lsv_cu_free(v);
    /* what did not converge here may there */
    if (status == LSV_OK && *info > 0) return lsv_fail(&w->detail, LSV_ERUNTIME, "the SVD did not converge");
    return status;
}

#define SVD_SPANS                                                                                           \
    ptrdiff_t q = least(m, n), mu = job == 'A' ? m : q, nv = job == 'A' ? n : q;                            \
    span s[] = {COLS(a, m, n, lda, IN), LINE(values, q, OUT), COLS(job == 'N' ? NULL : u, m, mu, ldu, OUT), \
                COLS(job == 'N' ? NULL : vt, nv, n, ldvt, OUT)};                                            \
    if (job == 'N') s[2].rows = s[3].rows = 0

static lsv_status gesdd(lsv_dtype t, char job, ptrdiff_t m, ptrdiff_t n, void *a, ptrdiff_t lda, void *values,
                        void *u, ptrdiff_t ldu, void *vt, ptrdiff_t ldvt, int *info, lsv_error *err) {
    SVD_SPANS;
    TRIP(GESDD, m, n, 0, svd(&w, job, false, info),
         gesdd(t, job, m, n, a, lda, values, u, ldu, vt, ldvt, info, err));
}

static lsv_status gesvd(lsv_dtype t, char job, ptrdiff_t m, ptrdiff_t n, void *a, ptrdiff_t lda, void *values,
                        void *u, ptrdiff_t ldu, void *vt, ptrdiff_t ldvt, int *info, lsv_error *err) {
    SVD_SPANS;
    TRIP(GESVD, m, n, 0, svd(&w, job, true, info),
         gesvd(t, job, m, n, a, lda, values, u, ldu, vt, ldvt, info, err));
}

/* ---- other factorisations ---- */

static lsv_status geqrf(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, void *a, ptrdiff_t lda, void *tau, int *info,
                        lsv_error *err) {
    span s[] = {COLS(a, m, n, lda, INOUT), LINE(tau, least(m, n), OUT)};
    TRIP(GEQRF, m, n, 0, lsv_cu_geqrf(t, m, n, s[0].device, s[0].ld, s[1].device, info, DETAIL),
         geqrf(t, m, n, a, lda, tau, info, err));
}

static lsv_status orgqr(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, void *a, ptrdiff_t lda,
                        const void *tau, int *info, lsv_error *err) {
    span s[] = {COLS(a, m, n, lda, INOUT), LINE(tau, k, IN)};
    TRIP(ORGQR, m, n, k, lsv_cu_orgqr(t, m, n, k, s[0].device, s[0].ld, s[1].device, info, DETAIL),
         orgqr(t, m, n, k, a, lda, tau, info, err));
}

static lsv_status syevd(lsv_dtype t, bool vectors, bool upper, ptrdiff_t n, void *a, ptrdiff_t lda,
                        void *values, int *info, lsv_error *err) {
    span s[] = {COLS(a, n, n, lda, INOUT), LINE(values, n, OUT)};
    TRIP(SYEVD, n, n, vectors,
         lsv_cu_syevd(t, vectors, upper, n, s[0].device, s[0].ld, s[1].device, info, DETAIL),
         syevd(t, vectors, upper, n, a, lda, values, info, err));
}

static lsv_status potrf(lsv_dtype t, bool upper, ptrdiff_t n, void *a, ptrdiff_t lda, int *info,
                        lsv_error *err) {
    span s[] = {COLS(a, n, n, lda, INOUT)};
    TRIP(POTRF, n, n, 0, lsv_cu_potrf(t, upper, n, s[0].device, s[0].ld, info, DETAIL),
         potrf(t, upper, n, a, lda, info, err));
}

/* Pivots are 64-bit there and 32-bit here. */
static lsv_status lu(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, const span *a, int32_t *pivots, void **kept,
                     int *info, lsv_error *err) {
    ptrdiff_t q = least(m, n);
    size_t bytes = (size_t)most(q, 1) * sizeof(int64_t);
    void *there = NULL;
    int64_t *wide = lsv_malloc(bytes);
    if (!wide) return lsv_no_memory(err, bytes);
    lsv_status status = lsv_cu_alloc(bytes, &there, err);
    if (status == LSV_OK) status = lsv_cu_getrf(t, m, n, a->device, a->ld, there, info, err);
    if (status == LSV_OK) status = lsv_cu_download(wide, bytes, there, 0, bytes, 1, err);
    for (ptrdiff_t i = 0; i < q && status == LSV_OK; i++) pivots[i] = (int32_t)wide[i];
    lsv_free(wide);
    if (status == LSV_OK && kept) *kept = there;
    else lsv_cu_free(there);
    return status;
}

static lsv_status getrf(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, void *a, ptrdiff_t lda, int32_t *pivots,
                        int *info, lsv_error *err) {
    span s[] = {COLS(a, m, n, lda, INOUT)};
    TRIP(GETRF, m, n, 0, lu(t, m, n, &s[0], pivots, NULL, info, DETAIL),
         getrf(t, m, n, a, lda, pivots, info, err));
}

static lsv_status with_pivots(lsv_dtype t, bool trans, ptrdiff_t n, ptrdiff_t nrhs, const span *a,
                              const int32_t *pivots, const span *b, int *info, lsv_error *err) {
    size_t bytes = (size_t)most(n, 1) * sizeof(int64_t);
    void *there = NULL;
    int64_t *wide = lsv_malloc(bytes);
    if (!wide) return lsv_no_memory(err, bytes);
    for (ptrdiff_t i = 0; i < n; i++) wide[i] = pivots[i];
    lsv_status status = lsv_cu_alloc(bytes, &there, err);
    if (status == LSV_OK) status = lsv_cu_upload(there, 0, wide, bytes, bytes, 1, err);
    lsv_free(wide);
    if (status == LSV_OK)
        status = lsv_cu_getrs(t, trans, n, nrhs, a->device, a->ld, there, b->device, b->ld, info, err);
    lsv_cu_free(there);
    return status;
}

static lsv_status getrs(lsv_dtype t, bool trans, ptrdiff_t n, ptrdiff_t nrhs, const void *a, ptrdiff_t lda,
                        const int32_t *pivots, void *b, ptrdiff_t ldb, int *info, lsv_error *err) {
    span s[] = {COLS(a, n, n, lda, IN), COLS(b, n, nrhs, ldb, INOUT)};
    TRIP(GETRS, n, n, nrhs, with_pivots(t, trans, n, nrhs, &s[0], pivots, &s[1], info, DETAIL),
         getrs(t, trans, n, nrhs, a, lda, pivots, b, ldb, info, err));
}

/* A singular matrix is LAPACK's info > 0, and b is then what it was. */
static lsv_status lu_solve(lsv_dtype t, ptrdiff_t n, ptrdiff_t nrhs, const span *a, int32_t *pivots,
                           const span *b, int *info, lsv_error *err) {
    void *kept = NULL;
    int solved = 0;
    LSV_TRY(lu(t, n, n, a, pivots, &kept, info, err));
    lsv_status status = LSV_OK;
    if (*info == 0)
        status = lsv_cu_getrs(t, false, n, nrhs, a->device, a->ld, kept, b->device, b->ld, &solved, err);
    lsv_cu_free(kept);
    return status;
}

static lsv_status gesv(lsv_dtype t, ptrdiff_t n, ptrdiff_t nrhs, void *a, ptrdiff_t lda, int32_t *pivots,
                       void *b, ptrdiff_t ldb, int *info, lsv_error *err) {
    span s[] = {COLS(a, n, n, lda, INOUT), COLS(b, n, nrhs, ldb, INOUT)};
    TRIP(GESV, n, n, nrhs, lu_solve(t, n, nrhs, &s[0], pivots, &s[1], info, DETAIL),
         gesv(t, n, nrhs, a, lda, pivots, b, ldb, info, err));
}

/* ---- least squares through QR ---- */

/* The place of the first zero on the diagonal, 1-based, as gels reports a matrix without full rank; 0: none.
 */
static lsv_status zero_on_diagonal(lsv_dtype t, ptrdiff_t n, const void *r, ptrdiff_t ldr, int *place,
                                   lsv_error *err) {
    size_t size = lsv_dtype_size(t), bytes = (size_t)n * size;
    void *line = NULL;
    *place = 0;
    char *host = lsv_malloc(bytes);
    if (!host) return lsv_no_memory(err, bytes);
    lsv_status status =
        lsv_cu_alloc(bytes, &line, err); /* packed first: n copies of one number would take longer */
    if (status == LSV_OK) status = lsv_cu_copy_matrix(t, 1, n, r, ldr + 1, line, 1, err);
    if (status == LSV_OK) status = lsv_cu_download(host, bytes, line, 0, bytes, 1, err);
    for (ptrdiff_t i = n; i-- > 0 && status == LSV_OK;) {
        double x = t == LSV_FLOAT64 ? ((double *)(void *)host)[i] : (double)((float *)(void *)host)[i];
        if (x == 0 || !isfinite(x)) *place = (int)(i + 1);
    }
    lsv_cu_free(line);
    lsv_free(host);
    return status;
}

/* Tall: Q^T b, then R x = that. Wide: A^T = Q R, R^T y = b, x = Q (y, 0). `qr` is the tall matrix, q columns.
 */
static lsv_status by_qr(lsv_dtype t, bool wide, ptrdiff_t p, ptrdiff_t q, ptrdiff_t nrhs, void *qr,
                        ptrdiff_t ld, void *tau, const span *b, int *info, lsv_error *err) {
    LSV_TRY(lsv_cu_geqrf(t, p, q, qr, ld, tau, info, err));
    LSV_TRY(zero_on_diagonal(t, q, qr, ld, info, err));
    if (*info) return LSV_OK;
    if (!wide) {
        LSV_TRY(lsv_cu_ormqr(t, true, p, nrhs, q, qr, ld, tau, b->device, b->ld, info, err));
        return lsv_cu_trsm(t, true, true, false, false, q, nrhs, qr, ld, b->device, b->ld, err);
    }
    LSV_TRY(lsv_cu_trsm(t, true, true, true, false, q, nrhs, qr, ld, b->device, b->ld, err));
    size_t size = lsv_dtype_size(t); /* rows q.. of b become zeros */
    for (ptrdiff_t j = 0; j < nrhs; j++)
        CU_RT(cudaMemsetAsync, ((char *)b->device + (size_t)(j * b->ld + q) * size, 0, (size_t)(p - q) * size,
                                lsv_cu_dev.stream));
    return lsv_cu_ormqr(t, false, p, nrhs, q, qr, ld, tau, b->device, b->ld, info, err);
}

static lsv_status least_squares(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t nrhs, const span *a,
                                const span *b, int *info, lsv_error *err) {
    bool wide = m < n;
    ptrdiff_t p = most(m, n), q = least(m, n);
    void *qr = a->device, *tau = NULL, *turned = NULL;
    lsv_status status = lsv_cu_alloc((size_t)most(q, 1) * lsv_dtype_size(t), &tau, err);
    if (status == LSV_OK && wide) {
        status = lsv_cu_alloc((size_t)p * (size_t)q * lsv_dtype_size(t), &turned, err);
        if (status == LSV_OK) status = lsv_cu_transpose(t, p, q, a->device, a->ld, turned, p, err);
        qr = turned;
    }
    if (status == LSV_OK) status = by_qr(t, wide, p, q, nrhs, qr, wide ? p : a->ld, tau, b, info, err);
    lsv_cu_free(turned);
    lsv_cu_free(tau);
    return status;
}

static lsv_status gels(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t nrhs, void *a, ptrdiff_t lda, void *b,
                       ptrdiff_t ldb, int *info, lsv_error *err) {
    span s[] = {COLS(a, m, n, lda, IN), COLS(b, most(m, n), nrhs, ldb, INOUT)};
    TRIP(GELS, m, n, nrhs, least_squares(t, m, n, nrhs, &s[0], &s[1], info, DETAIL),
         gels(t, m, n, nrhs, a, lda, b, ldb, info, err));
}

/* ---- what is offered ---- */

/* Sizes that are empty have nothing for a device; a stopped factorisation still holds the solver. */
bool lsv_cu_supports(lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k) {
    if (t != LSV_FLOAT64 && t != LSV_FLOAT32) return false;
    bool product = op == LSV_BE_GEMM || op == LSV_BE_GEMV || op == LSV_BE_DOT || op == LSV_BE_SYRK ||
                   op == LSV_BE_TRSM || op == LSV_BE_PANEL || op == LSV_BE_PANEL_T || op == LSV_BE_PANEL_GRAM;
    if (!product && atomic_load(&lsv_cu_busy)) return false;
    return m > 0 && (n > 0 || op == LSV_BE_DOT) && k >= 0;
}

const lsv_backend lsv_backend_cuda = {.abi = LSV_BACKEND_ABI,
                                      .size = sizeof(lsv_backend),
                                      .name = "gpu",
                                      .supports = lsv_cu_supports,
                                      .gemm = gemm,
                                      .gemv = gemv,
                                      .dot = dot,
                                      .syrk = syrk,
                                      .trsm = trsm,
                                      .gesdd = gesdd,
                                      .gesvd = gesvd,
                                      .geqrf = geqrf,
                                      .orgqr = orgqr,
                                      .syevd = syevd,
                                      .potrf = potrf,
                                      .getrf = getrf,
                                      .getrs = getrs,
                                      .gesv = gesv,
                                      .gels = gels,
                                      .panel = panel,
                                      .panel_t = panel_t,
                                      .panel_gram = panel_gram};
