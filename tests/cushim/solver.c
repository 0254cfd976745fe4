/* cuSOLVER over LAPACKE: what the real library refuses is refused when it is called; the work is queued. */
#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "cushim.h"

#define COL LAPACK_COL_MAJOR
#define REFUSE_UNLESS(condition) \
    if (!(condition)) return (cu_solver_status)CU_SOLVER_INVALID_VALUE
#define ENTER(name)                                                                      \
    do {                                                                                 \
        int enter_code = shim_enter(#name, CU_SOLVER_EXECUTION_FAILED);                  \
        if (enter_code) return (cu_solver_status)enter_code;                             \
        if (!handle) return (cu_solver_status)1;                                         \
    } while (0)
#define PICK(t, d, s) ((t) == CU_R_64F ? (d) : (s))

struct cusolverDnContext {
    cu_stream stream;
};
struct cusolverDnParams {
    int unused;
};

API cu_solver_status cusolverDnCreate(cu_solver *handle) {
    int code = shim_enter("cusolverDnCreate", CU_SOLVER_ALLOC_FAILED);
    if (code) return (cu_solver_status)code;
    *handle = (cu_solver)calloc(1, sizeof(struct cusolverDnContext));
    shim_handles++;
    return 0;
}
API cu_solver_status cusolverDnDestroy(cu_solver handle) {
    free(handle);
    shim_handles--;
    return 0;
}
API cu_solver_status cusolverDnSetStream(cu_solver handle, cu_stream stream) {
    ENTER(cusolverDnSetStream);
    (void)stream;
    return 0;
}
API cu_solver_status cusolverGetVersion(int *version) {
    *version = CUSHIM_VERSION;
    return 0;
}
API cu_solver_status cusolverDnCreateParams(cu_params *params) {
    int code = shim_enter("cusolverDnCreateParams", CU_SOLVER_ALLOC_FAILED);
    if (code) return (cu_solver_status)code;
    *params = (cu_params)calloc(1, sizeof(struct cusolverDnParams));
    shim_handles++;
    return 0;
}
API cu_solver_status cusolverDnDestroyParams(cu_params params) {
    free(params);
    shim_handles--;
    return 0;
}

/* Some of the real ones block while they work, and nothing can stop them. */
static void block(void) {
    long ms = shim_setting("CUSHIM_SLOW", 0);
    if (ms > 0) nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Workspace that is too short, or is not the device's, is refused. */
static bool enough(const void *work, size_t given, size_t needed) { return !needed || (given >= needed && shim_at(work, needed)); }

/* What is found in operands: all of one type, one of the two. */
static bool one_type(cu_type a, cu_type b, cu_type c, cu_type d, cu_type e) {
    return a == b && a == c && a == d && a == e && (a == CU_R_64F || a == CU_R_32F);
}

/* Queue a call: its integers, its addresses. */
static void queue(bool (*run)(shim_op *), int ni, const long *i, int np, void *const *p) {
    block();
    shim_op *o = shim_push(run, NULL, 0);
    memcpy(o->i, i, (size_t)ni * sizeof *i);
    memcpy(o->p, p, (size_t)np * sizeof *p);
}
#define QUEUE(run, longs, pointers) \
    queue(run, (int)(sizeof(longs) / sizeof(long)), longs, (int)(sizeof(pointers) / sizeof(void *)), pointers)
#define V(p) ((void *)(uintptr_t)(p))

/* ---- the SVD ---- */

/* i: type m n lda ldu ldv job polar thin; p: a s u v info */
static bool svd(shim_op *o) {
    cu_type t = (cu_type)o->i[0];
    long m = o->i[1], n = o->i[2], lda = o->i[3], ldu = o->i[4], ldv = o->i[5], q = m < n ? m : n;
    bool polar = o->i[7], vectors = o->i[6] != 'N';
    char job = (char)o->i[6];
    long mu = job == 'A' ? m : q, nv = job == 'A' ? n : q;
    size_t w = shim_width(t);
    void *a = shim_at(o->p[0], shim_span(m, n, lda, w)), *s = shim_at(o->p[1], (size_t)q * w);
    char *u = vectors ? shim_at(o->p[2], shim_span(m, mu, ldu, w)) : NULL;
    char *v = vectors ? shim_at(o->p[3], polar ? shim_span(n, nv, ldv, w) : shim_span(nv, n, ldv, w)) : NULL;
    int *info = shim_at(o->p[4], sizeof *info);
    if (!a || !s || !info || (vectors && (!u || !v))) return false;
    char *vt = malloc((size_t)(nv * n) * w + 1);
    if (!vt) abort();
    *info = PICK(t, LAPACKE_dgesdd(COL, job, (int)m, (int)n, a, (int)lda, s, (void *)u, (int)ldu, (void *)vt, (int)nv),
                 LAPACKE_sgesdd(COL, job, (int)m, (int)n, a, (int)lda, s, (void *)u, (int)ldu, (void *)vt, (int)nv));
    for (long i = 0; i < nv && vectors; i++)
        for (long j = 0; j < n; j++) memcpy(v + (size_t)(polar ? j + i * ldv : i + j * ldv) * w, vt + (size_t)(i + j * nv) * w, w);
    free(vt);
    for (long j = 0; j < n; j++) memset((char *)a + (size_t)(j * lda) * w, 0xff, (size_t)m * w); /* destroyed */
    if (polar && shim_setting("CUSHIM_WRONG", 0)) memset(u, 0, (size_t)m * w);
    if (shim_setting("CUSHIM_SVD_INFO", 0)) *info = (int)shim_setting("CUSHIM_SVD_INFO", 0);
    return true;
}

API cu_solver_status cusolverDnXgesvd_bufferSize(cu_solver handle, cu_params params, signed char jobu, signed char jobvt, int64_t m,
                                                 int64_t n, cu_type at, const void *a, int64_t lda, cu_type st, const void *s, cu_type ut,
                                                 const void *u, int64_t ldu, cu_type vt_type, const void *vt, int64_t ldvt, cu_type compute,
                                                 size_t *device_bytes, size_t *host_bytes) {
    ENTER(cusolverDnXgesvd_bufferSize);
    (void)params, (void)a, (void)s, (void)u, (void)vt;
    REFUSE_UNLESS(one_type(at, st, ut, vt_type, compute) && m >= n && n > 0 && lda >= m && jobu == jobvt);
    REFUSE_UNLESS(jobu == 'N' || (ldu >= m && ldvt >= n));
    *device_bytes = shim_width(at) * (size_t)(3 * m + 5 * n);
    *host_bytes = 64;
    return 0;
}
API cu_solver_status cusolverDnXgesvd(cu_solver handle, cu_params params, signed char jobu, signed char jobvt, int64_t m, int64_t n,
                                      cu_type at, void *a, int64_t lda, cu_type st, void *s, cu_type ut, void *u, int64_t ldu,
                                      cu_type vt_type, void *vt, int64_t ldvt, cu_type compute, void *device, size_t device_bytes,
                                      void *host, size_t host_bytes, int *info) {
    ENTER(cusolverDnXgesvd);
    size_t d, h;
    cu_solver_status bad = cusolverDnXgesvd_bufferSize(handle, params, jobu, jobvt, m, n, at, a, lda, st, s, ut, u, ldu, vt_type, vt,
                                                       ldvt, compute, &d, &h);
    if (bad) return bad;
    REFUSE_UNLESS(enough(device, device_bytes, d) && host && host_bytes >= h);
    QUEUE(svd, ((long[]){at, m, n, lda, ldu, ldvt, jobu, false}), ((void *[]){a, s, u, vt, info}));
    return 0;
}
API cu_solver_status cusolverDnXgesvdp_bufferSize(cu_solver handle, cu_params params, cu_eig_mode jobz, int econ, int64_t m, int64_t n,
                                                  cu_type at, const void *a, int64_t lda, cu_type st, const void *s, cu_type ut,
                                                  const void *u, int64_t ldu, cu_type vt, const void *v, int64_t ldv, cu_type compute,
                                                  size_t *device_bytes, size_t *host_bytes) {
    ENTER(cusolverDnXgesvdp_bufferSize);
    (void)params, (void)a, (void)s, (void)jobz, (void)econ;
    REFUSE_UNLESS(one_type(at, st, ut, vt, compute) && m > 0 && n > 0 && lda >= m && ldu >= m && ldv >= n && u && v);
    *device_bytes = shim_width(at) * (size_t)(4 * m * n);
    *host_bytes = 128;
    return 0;
}
API cu_solver_status cusolverDnXgesvdp(cu_solver handle, cu_params params, cu_eig_mode jobz, int econ, int64_t m, int64_t n, cu_type at,
                                       void *a, int64_t lda, cu_type st, void *s, cu_type ut, void *u, int64_t ldu, cu_type vt, void *v,
                                       int64_t ldv, cu_type compute, void *device, size_t device_bytes, void *host, size_t host_bytes,
                                       int *info, double *err_sigma) {
    ENTER(cusolverDnXgesvdp);
    size_t d, h;
    cu_solver_status bad = cusolverDnXgesvdp_bufferSize(handle, params, jobz, econ, m, n, at, a, lda, st, s, ut, u, ldu, vt, v, ldv,
                                                        compute, &d, &h);
    if (bad) return bad;
    REFUSE_UNLESS(enough(device, device_bytes, d) && host && host_bytes >= h);
    *err_sigma = shim_factor("CUSHIM_SHIFT", 0);
    QUEUE(svd, ((long[]){at, m, n, lda, ldu, ldv, econ ? 'S' : 'A', true}), ((void *[]){a, s, u, v, info}));
    return 0;
}

/* ---- QR ---- */

static bool geqrf(shim_op *o) {
    cu_type t = (cu_type)o->i[0];
    long m = o->i[1], n = o->i[2], lda = o->i[3];
    size_t w = shim_width(t);
    void *a = shim_at(o->p[0], shim_span(m, n, lda, w)), *tau = shim_at(o->p[1], (size_t)(m < n ? m : n) * w);
    int *info = shim_at(o->p[2], sizeof *info);
    if (!a || !tau || !info) return false;
    *info = PICK(t, LAPACKE_dgeqrf(COL, (int)m, (int)n, a, (int)lda, tau), LAPACKE_sgeqrf(COL, (int)m, (int)n, a, (int)lda, tau));
    return true;
}
API cu_solver_status cusolverDnXgeqrf_bufferSize(cu_solver handle, cu_params params, int64_t m, int64_t n, cu_type at, const void *a,
                                                 int64_t lda, cu_type tt, const void *tau, cu_type compute, size_t *device_bytes,
                                                 size_t *host_bytes) {
    ENTER(cusolverDnXgeqrf_bufferSize);
    (void)params, (void)a, (void)tau;
    REFUSE_UNLESS(one_type(at, tt, compute, at, at) && m > 0 && n > 0 && lda >= m);
    *device_bytes = 64 * (size_t)n, *host_bytes = 0;
    return 0;
}
API cu_solver_status cusolverDnXgeqrf(cu_solver handle, cu_params params, int64_t m, int64_t n, cu_type at, void *a, int64_t lda,
                                      cu_type tt, void *tau, cu_type compute, void *device, size_t device_bytes, void *host,
                                      size_t host_bytes, int *info) {
    ENTER(cusolverDnXgeqrf);
    size_t d, h;
    cu_solver_status bad = cusolverDnXgeqrf_bufferSize(handle, params, m, n, at, a, lda, tt, tau, compute, &d, &h);
    if (bad) return bad;
    (void)host, (void)host_bytes;
    REFUSE_UNLESS(enough(device, device_bytes, d));
    QUEUE(geqrf, ((long[]){at, m, n, lda}), ((void *[]){a, tau, info}));
    return 0;
}

#define QR(X, x, T)                                                                                                                 \
    static bool x##orgqr(shim_op *o) {                                                                                              \
        long m = o->i[0], n = o->i[1], k = o->i[2], lda = o->i[3];                                                                  \
        T *a = shim_at(o->p[0], shim_span(m, n, lda, sizeof(T))), *tau = shim_at(o->p[1], (size_t)k * sizeof(T));                   \
        int *info = shim_at(o->p[2], sizeof *info);                                                                                 \
        if (!a || !tau || !info) return false;                                                                                      \
        *info = LAPACKE_##x##orgqr(COL, (int)m, (int)n, (int)k, a, (int)lda, tau);                                                  \
        return true;                                                                                                                \
    }                                                                                                                               \
    API cu_solver_status cusolverDn##X##orgqr_bufferSize(cu_solver handle, int m, int n, int k, const T *a, int lda, const T *tau, int *lwork) { \
        ENTER(cusolverDn##X##orgqr_bufferSize);                                                                                     \
        (void)a, (void)tau;                                                                                                         \
        REFUSE_UNLESS(m >= n && n >= k && k > 0 && lda >= m && (int64_t)lda * n <= INT32_MAX);                                      \
        *lwork = 8 * n;                                                                                                             \
        return 0;                                                                                                                   \
    }                                                                                                                               \
    API cu_solver_status cusolverDn##X##orgqr(cu_solver handle, int m, int n, int k, T *a, int lda, const T *tau, T *work, int lwork, int *info) { \
        ENTER(cusolverDn##X##orgqr);                                                                                                \
        int length;                                                                                                                 \
        cu_solver_status bad = cusolverDn##X##orgqr_bufferSize(handle, m, n, k, a, lda, tau, &length);                              \
        if (bad) return bad;                                                                                                        \
        REFUSE_UNLESS(enough(work, (size_t)lwork * sizeof(T), (size_t)length * sizeof(T)));                                         \
        QUEUE(x##orgqr, ((long[]){m, n, k, lda}), ((void *[]){a, V(tau), info}));                                                   \
        return 0;                                                                                                                   \
    }                                                                                                                               \
    static bool x##ormqr(shim_op *o) {                                                                                              \
        long m = o->i[0], n = o->i[1], k = o->i[2], lda = o->i[3], ldc = o->i[4], t = o->i[5];                                      \
        T *a = shim_at(o->p[0], shim_span(m, k, lda, sizeof(T))), *tau = shim_at(o->p[1], (size_t)k * sizeof(T));                   \
        T *c = shim_at(o->p[2], shim_span(m, n, ldc, sizeof(T)));                                                                   \
        int *info = shim_at(o->p[3], sizeof *info);                                                                                 \
        if (!a || !tau || !c || !info) return false;                                                                                \
        *info = LAPACKE_##x##ormqr(COL, 'L', t ? 'T' : 'N', (int)m, (int)n, (int)k, a, (int)lda, tau, c, (int)ldc);                 \
        return true;                                                                                                                \
    }                                                                                                                               \
    API cu_solver_status cusolverDn##X##ormqr_bufferSize(cu_solver handle, cu_side side, cu_op trans, int m, int n, int k, const T *a, int lda, \
                                                         const T *tau, const T *c, int ldc, int *lwork) {                           \
        ENTER(cusolverDn##X##ormqr_bufferSize);                                                                                     \
        (void)a, (void)tau, (void)c, (void)trans;                                                                                   \
        REFUSE_UNLESS(side == CU_LEFT && m >= k && k > 0 && n > 0 && lda >= m && ldc >= m);                                         \
        *lwork = 8 * n;                                                                                                             \
        return 0;                                                                                                                   \
    }                                                                                                                               \
    API cu_solver_status cusolverDn##X##ormqr(cu_solver handle, cu_side side, cu_op trans, int m, int n, int k, const T *a, int lda, \
                                              const T *tau, T *c, int ldc, T *work, int lwork, int *info) {                         \
        ENTER(cusolverDn##X##ormqr);                                                                                                \
        int length;                                                                                                                 \
        cu_solver_status bad = cusolverDn##X##ormqr_bufferSize(handle, side, trans, m, n, k, a, lda, tau, c, ldc, &length);         \
        if (bad) return bad;                                                                                                        \
        REFUSE_UNLESS(enough(work, (size_t)lwork * sizeof(T), (size_t)length * sizeof(T)));                                         \
        QUEUE(x##ormqr, ((long[]){m, n, k, lda, ldc, trans == CU_T}), ((void *[]){V(a), V(tau), c, info}));                         \
        return 0;                                                                                                                   \
    }
QR(D, d, double)
QR(S, s, float)

/* ---- eigenvalues, Cholesky, LU ---- */

static bool syevd(shim_op *o) {
    cu_type t = (cu_type)o->i[0];
    long n = o->i[1], lda = o->i[2];
    char job = o->i[3] ? 'V' : 'N', up = o->i[4] ? 'U' : 'L';
    size_t w = shim_width(t);
    void *a = shim_at(o->p[0], shim_span(n, n, lda, w)), *values = shim_at(o->p[1], (size_t)n * w);
    int *info = shim_at(o->p[2], sizeof *info);
    if (!a || !values || !info) return false;
    *info = PICK(t, LAPACKE_dsyevd(COL, job, up, (int)n, a, (int)lda, values), LAPACKE_ssyevd(COL, job, up, (int)n, a, (int)lda, values));
    return true;
}
API cu_solver_status cusolverDnXsyevd_bufferSize(cu_solver handle, cu_params params, cu_eig_mode jobz, cu_fill uplo, int64_t n, cu_type at,
                                                 const void *a, int64_t lda, cu_type wt, const void *values, cu_type compute,
                                                 size_t *device_bytes, size_t *host_bytes) {
    ENTER(cusolverDnXsyevd_bufferSize);
    (void)params, (void)a, (void)values, (void)jobz, (void)uplo;
    REFUSE_UNLESS(one_type(at, wt, compute, at, at) && n > 0 && lda >= n);
    *device_bytes = 8 * (size_t)(n * n + 64), *host_bytes = 0;
    return 0;
}
API cu_solver_status cusolverDnXsyevd(cu_solver handle, cu_params params, cu_eig_mode jobz, cu_fill uplo, int64_t n, cu_type at, void *a,
                                      int64_t lda, cu_type wt, void *values, cu_type compute, void *device, size_t device_bytes,
                                      void *host, size_t host_bytes, int *info) {
    ENTER(cusolverDnXsyevd);
    size_t d, h;
    cu_solver_status bad = cusolverDnXsyevd_bufferSize(handle, params, jobz, uplo, n, at, a, lda, wt, values, compute, &d, &h);
    if (bad) return bad;
    (void)host, (void)host_bytes;
    REFUSE_UNLESS(enough(device, device_bytes, d));
    QUEUE(syevd, ((long[]){at, n, lda, jobz == CU_VECTORS, uplo == CU_UPPER}), ((void *[]){a, values, info}));
    return 0;
}

static bool potrf(shim_op *o) {
    cu_type t = (cu_type)o->i[0];
    long n = o->i[1], lda = o->i[2];
    char up = o->i[3] ? 'U' : 'L';
    void *a = shim_at(o->p[0], shim_span(n, n, lda, shim_width(t)));
    int *info = shim_at(o->p[1], sizeof *info);
    if (!a || !info) return false;
    *info = PICK(t, LAPACKE_dpotrf(COL, up, (int)n, a, (int)lda), LAPACKE_spotrf(COL, up, (int)n, a, (int)lda));
    return true;
}
API cu_solver_status cusolverDnXpotrf_bufferSize(cu_solver handle, cu_params params, cu_fill uplo, int64_t n, cu_type at, const void *a,
                                                 int64_t lda, cu_type compute, size_t *device_bytes, size_t *host_bytes) {
    ENTER(cusolverDnXpotrf_bufferSize);
    (void)params, (void)a, (void)uplo;
    REFUSE_UNLESS(one_type(at, compute, at, at, at) && n > 0 && lda >= n);
    *device_bytes = 8 * (size_t)n, *host_bytes = 0;
    return 0;
}
API cu_solver_status cusolverDnXpotrf(cu_solver handle, cu_params params, cu_fill uplo, int64_t n, cu_type at, void *a, int64_t lda,
                                      cu_type compute, void *device, size_t device_bytes, void *host, size_t host_bytes, int *info) {
    ENTER(cusolverDnXpotrf);
    size_t d, h;
    cu_solver_status bad = cusolverDnXpotrf_bufferSize(handle, params, uplo, n, at, a, lda, compute, &d, &h);
    if (bad) return bad;
    (void)host, (void)host_bytes;
    REFUSE_UNLESS(enough(device, device_bytes, d));
    QUEUE(potrf, ((long[]){at, n, lda, uplo == CU_UPPER}), ((void *[]){a, info}));
    return 0;
}

static bool getrf(shim_op *o) {
    cu_type t = (cu_type)o->i[0];
    long m = o->i[1], n = o->i[2], lda = o->i[3], q = m < n ? m : n;
    void *a = shim_at(o->p[0], shim_span(m, n, lda, shim_width(t)));
    int64_t *wide = shim_at(o->p[1], (size_t)q * sizeof *wide);
    int *info = shim_at(o->p[2], sizeof *info), *pivots = malloc((size_t)q * sizeof *pivots);
    if (!pivots) abort();
    bool good = a && wide && info;
    if (good) {
        *info = PICK(t, LAPACKE_dgetrf(COL, (int)m, (int)n, a, (int)lda, pivots), LAPACKE_sgetrf(COL, (int)m, (int)n, a, (int)lda, pivots));
        for (long i = 0; i < q; i++) wide[i] = pivots[i];
    }
    free(pivots);
    return good;
}
API cu_solver_status cusolverDnXgetrf_bufferSize(cu_solver handle, cu_params params, int64_t m, int64_t n, cu_type at, const void *a,
                                                 int64_t lda, cu_type compute, size_t *device_bytes, size_t *host_bytes) {
    ENTER(cusolverDnXgetrf_bufferSize);
    (void)params, (void)a;
    REFUSE_UNLESS(one_type(at, compute, at, at, at) && m > 0 && n > 0 && lda >= m);
    *device_bytes = 8 * (size_t)n, *host_bytes = 0;
    return 0;
}
API cu_solver_status cusolverDnXgetrf(cu_solver handle, cu_params params, int64_t m, int64_t n, cu_type at, void *a, int64_t lda,
                                      int64_t *ipiv, cu_type compute, void *device, size_t device_bytes, void *host, size_t host_bytes,
                                      int *info) {
    ENTER(cusolverDnXgetrf);
    size_t d, h;
    cu_solver_status bad = cusolverDnXgetrf_bufferSize(handle, params, m, n, at, a, lda, compute, &d, &h);
    if (bad) return bad;
    (void)host, (void)host_bytes;
    REFUSE_UNLESS(enough(device, device_bytes, d) && ipiv);
    QUEUE(getrf, ((long[]){at, m, n, lda}), ((void *[]){a, ipiv, info}));
    return 0;
}

static bool getrs(shim_op *o) {
    cu_type t = (cu_type)o->i[0];
    long n = o->i[1], nrhs = o->i[2], lda = o->i[3], ldb = o->i[4];
    char op = o->i[5] ? 'T' : 'N';
    size_t w = shim_width(t);
    void *a = shim_at(o->p[0], shim_span(n, n, lda, w)), *b = shim_at(o->p[2], shim_span(n, nrhs, ldb, w));
    int64_t *wide = shim_at(o->p[1], (size_t)n * sizeof *wide);
    int *info = shim_at(o->p[3], sizeof *info), *pivots = malloc((size_t)n * sizeof *pivots);
    if (!pivots) abort();
    bool good = a && b && wide && info;
    for (long i = 0; i < n && good; i++) pivots[i] = (int)wide[i], good = pivots[i] >= 1 && pivots[i] <= n;
    if (good)
        *info = PICK(t, LAPACKE_dgetrs(COL, op, (int)n, (int)nrhs, a, (int)lda, pivots, b, (int)ldb),
                     LAPACKE_sgetrs(COL, op, (int)n, (int)nrhs, a, (int)lda, pivots, b, (int)ldb));
    free(pivots);
    return good;
}
API cu_solver_status cusolverDnXgetrs(cu_solver handle, cu_params params, cu_op trans, int64_t n, int64_t nrhs, cu_type at, const void *a,
                                      int64_t lda, const int64_t *ipiv, cu_type bt, void *b, int64_t ldb, int *info) {
    ENTER(cusolverDnXgetrs);
    (void)params;
    REFUSE_UNLESS(at == bt && n > 0 && nrhs > 0 && lda >= n && ldb >= n);
    QUEUE(getrs, ((long[]){at, n, nrhs, lda, ldb, trans == CU_T}), ((void *[]){V(a), V(ipiv), b, info}));
    return 0;
}
