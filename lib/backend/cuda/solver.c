/* Factorisations on device pointers, through cuSOLVER.

   A cuSOLVER call may block inside for seconds and cannot be stopped: it runs as a job. Its record is shared
   by the one who waits and the one who works, and goes with the last of them. When the waiter walks away, the
   call stays "busy": device memory freed meanwhile is kept until it ends (memory.c), and further
   factorisations are refused, so that they go to the CPU.

   All calls look alike: the size of the workspaces, the call, its info. A table of small adapters says how
   they differ. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "backend/cuda/inside.h"
#include "base/alloc.h"
#include "base/job.h"

/* One call: what its adapters need, and what it owns. */
typedef struct call {
    lsv_dtype t;
    char job;
    bool flag, upper;
    int64_t m, n, k, lda, ldb, ldc;
    void *a, *b, *c, *s;
    const struct kind *kind;
    void *work, *host;
    size_t work_bytes, host_bytes;
    int *info;
    double shift; /* gesvdp: how far it moved the values */
    cu_solver_status code;
    atomic_int refs;
    bool done, abandoned;
} call;

typedef struct kind {
    const char *name;
    cu_solver_status (*size)(call *c);
    cu_solver_status (*run)(call *c);
} kind;

#define HANDLE lsv_cu_dev.solver
#define BOTH lsv_cu_dev.solver, lsv_cu_dev.params
#define WORK c->work, c->work_bytes, c->host, c->host_bytes, c->info
#define SIZES &c->work_bytes, &c->host_bytes

/* ---- the adapters ---- */

static cu_solver_status gesvdp_size(call *c) {
    cu_type t = lsv_cu_type(c->t);
    return lsv_cu.cusolverDnXgesvdp_bufferSize(BOTH, CU_VECTORS, c->flag, c->m, c->n, t, c->a, c->lda, t,
                                               c->s, t, c->b, c->ldb, t, c->c, c->ldc, t, SIZES);
}
static cu_solver_status gesvdp_run(call *c) {
    cu_type t = lsv_cu_type(c->t);
    return lsv_cu.cusolverDnXgesvdp(BOTH, CU_VECTORS, c->flag, c->m, c->n, t, c->a, c->lda, t, c->s, t, c->b,
                                    c->ldb, t, c->c, c->ldc, t, WORK, &c->shift);
}
static cu_solver_status gesvd_size(call *c) {
    cu_type t = lsv_cu_type(c->t);
    signed char job = (signed char)c->job;
    return lsv_cu.cusolverDnXgesvd_bufferSize(BOTH, job, job, c->m, c->n, t, c->a, c->lda, t, c->s, t, c->b,
                                              c->ldb, t, c->c, c->ldc, t, SIZES);
}
static cu_solver_status gesvd_run(call *c) {
    cu_type t = lsv_cu_type(c->t);
    signed char job = (signed char)c->job;
    return lsv_cu.cusolverDnXgesvd(BOTH, job, job, c->m, c->n, t, c->a, c->lda, t, c->s, t, c->b, c->ldb, t,
                                   c->c, c->ldc, t, WORK);
}
static cu_solver_status geqrf_size(call *c) {
    cu_type t = lsv_cu_type(c->t);
    return lsv_cu.cusolverDnXgeqrf_bufferSize(BOTH, c->m, c->n, t, c->a, c->lda, t, c->s, t, SIZES);
}
static cu_solver_status geqrf_run(call *c) {
    cu_type t = lsv_cu_type(c->t);
    return lsv_cu.cusolverDnXgeqrf(BOTH, c->m, c->n, t, c->a, c->lda, t, c->s, t, WORK);
}
static cu_solver_status orgqr_size(call *c) {
    int m = (int)c->m, n = (int)c->n, k = (int)c->k, lda = (int)c->lda, length = 0;
    cu_solver_status code =
        c->t == LSV_FLOAT64 ? lsv_cu.cusolverDnDorgqr_bufferSize(HANDLE, m, n, k, c->a, lda, c->s, &length)
                            : lsv_cu.cusolverDnSorgqr_bufferSize(HANDLE, m, n, k, c->a, lda, c->s, &length);
    c->work_bytes = (size_t)length * lsv_dtype_size(c->t);
    return code;
}
static cu_solver_status orgqr_run(call *c) {
    int m = (int)c->m, n = (int)c->n, k = (int)c->k, lda = (int)c->lda,
        length = (int)(c->work_bytes / lsv_dtype_size(c->t));
    return c->t == LSV_FLOAT64
               ? lsv_cu.cusolverDnDorgqr(HANDLE, m, n, k, c->a, lda, c->s, c->work, length, c->info)
               : lsv_cu.cusolverDnSorgqr(HANDLE, m, n, k, c->a, lda, c->s, c->work, length, c->info);
}
static cu_solver_status ormqr_size(call *c) {
    int m = (int)c->m, n = (int)c->n, k = (int)c->k, lda = (int)c->lda, ldc = (int)c->ldc, length = 0;
    cu_op op = c->flag ? CU_T : CU_N;
    cu_solver_status code = c->t == LSV_FLOAT64
                                ? lsv_cu.cusolverDnDormqr_bufferSize(HANDLE, CU_LEFT, op, m, n, k, c->a, lda,
                                                                     c->s, c->c, ldc, &length)
                                : lsv_cu.cusolverDnSormqr_bufferSize(HANDLE, CU_LEFT, op, m, n, k, c->a, lda,
                                                                     c->s, c->c, ldc, &length);
    c->work_bytes = (size_t)length * lsv_dtype_size(c->t);
    return code;
}
static cu_solver_status ormqr_run(call *c) {
    int m = (int)c->m, n = (int)c->n, k = (int)c->k, lda = (int)c->lda, ldc = (int)c->ldc;
    int length = (int)(c->work_bytes / lsv_dtype_size(c->t));
    cu_op op = c->flag ? CU_T : CU_N;
    return c->t == LSV_FLOAT64 ? lsv_cu.cusolverDnDormqr(HANDLE, CU_LEFT, op, m, n, k, c->a, lda, c->s, c->c,
                                                         ldc, c->work, length, c->info)
                               : lsv_cu.cusolverDnSormqr(HANDLE, CU_LEFT, op, m, n, k, c->a, lda, c->s, c->c,
                                                         ldc, c->work, length, c->info);
}
static cu_solver_status syevd_size(call *c) {
    cu_type t = lsv_cu_type(c->t);
    return lsv_cu.cusolverDnXsyevd_bufferSize(BOTH, c->flag ? CU_VECTORS : CU_NO_VECTORS,
                                              c->upper ? CU_UPPER : CU_LOWER, c->n, t, c->a, c->lda, t, c->s,
                                              t, SIZES);
}
static cu_solver_status syevd_run(call *c) {
    cu_type t = lsv_cu_type(c->t);
    return lsv_cu.cusolverDnXsyevd(BOTH, c->flag ? CU_VECTORS : CU_NO_VECTORS, c->upper ? CU_UPPER : CU_LOWER,
                                   c->n, t, c->a, c->lda, t, c->s, t, WORK);
}
static cu_solver_status potrf_size(call *c) {
    cu_type t = lsv_cu_type(c->t);
    return lsv_cu.cusolverDnXpotrf_bufferSize(BOTH, c->upper ? CU_UPPER : CU_LOWER, c->n, t, c->a, c->lda, t,
                                              SIZES);
}
static cu_solver_status potrf_run(call *c) {
    cu_type t = lsv_cu_type(c->t);
    return lsv_cu.cusolverDnXpotrf(BOTH, c->upper ? CU_UPPER : CU_LOWER, c->n, t, c->a, c->lda, t, WORK);
}
static cu_solver_status getrf_size(call *c) {
    cu_type t = lsv_cu_type(c->t);
    return lsv_cu.cusolverDnXgetrf_bufferSize(BOTH, c->m, c->n, t, c->a, c->lda, t, SIZES);
}
static cu_solver_status getrf_run(call *c) {
    cu_type t = lsv_cu_type(c->t);
    return lsv_cu.cusolverDnXgetrf(BOTH, c->m, c->n, t, c->a, c->lda, c->s, t, WORK);
}
static cu_solver_status no_workspace(call *c) {
    (void)c;
    return 0;
}
static cu_solver_status getrs_run(call *c) {
    cu_type t = lsv_cu_type(c->t);
    return lsv_cu.cusolverDnXgetrs(BOTH, c->flag ? CU_T : CU_N, c->n, c->k, t, c->a, c->lda, c->s, t, c->b,
                                   c->ldb, c->info);
}

static const kind gesvdp = {"gesvdp", gesvdp_size, gesvdp_run}, gesvd = {"gesvd", gesvd_size, gesvd_run},
                  geqrf = {"geqrf", geqrf_size, geqrf_run}, orgqr = {"orgqr", orgqr_size, orgqr_run},
                  ormqr = {"ormqr", ormqr_size, ormqr_run}, syevd = {"syevd", syevd_size, syevd_run},
                  potrf = {"potrf", potrf_size, potrf_run}, getrf = {"getrf", getrf_size, getrf_run},
                  getrs = {"getrs", no_workspace, getrs_run};

/* ---- a call as a job ---- */

static pthread_mutex_t end_lock = PTHREAD_MUTEX_INITIALIZER; /* done, abandoned */

static void drop(call *c) {
    if (atomic_fetch_sub(&c->refs, 1) > 1) return;
    lsv_free(c->host);
    lsv_free(c);
}

static lsv_status work(void *arguments, lsv_error *err) {
    call *c = *(call **)arguments;
    (void)err;
    bool before = lsv_cu_on_worker(true);
    c->code = c->kind->run(c);
    lsv_cu_on_worker(before);
    pthread_mutex_lock(&end_lock);
    c->done = true;
    if (c->abandoned) {
        lsv_cu.cudaStreamSynchronize(lsv_cu_dev.stream);
        if (atomic_fetch_sub(&lsv_cu_busy, 1) == 1) lsv_cu_free_deferred();
    }
    pthread_mutex_unlock(&end_lock);
    drop(c);
    return LSV_OK;
}

static lsv_status run_job(call *c, lsv_error *err) {
    lsv_job_call job = {.run = work, .arguments = &c, .size = sizeof c, .what = c->kind->name};
    atomic_store(&c->refs, 2);
    lsv_status status = lsv_job_run(&job, err);
    if (status == LSV_OK) return lsv_cu_so(c->code, c->kind->name, err);
    if (status != LSV_EINTR) {
        drop(c); /* it never ran */
        return status;
    }
    pthread_mutex_lock(&end_lock);
    if (!c->done) {
        c->abandoned = true;
        atomic_fetch_add(&lsv_cu_busy, 1);
    }
    pthread_mutex_unlock(&end_lock);
    return status;
}

static lsv_status workspaces(call *c, lsv_error *err) {
    LSV_TRY(lsv_cu_so(c->kind->size(c), c->kind->name, err));
    LSV_TRY(lsv_cu_alloc(sizeof(int), (void **)&c->info, err));
    if (c->work_bytes) LSV_TRY(lsv_cu_alloc(c->work_bytes, &c->work, err));
    if (c->host_bytes && !(c->host = lsv_malloc(c->host_bytes))) return lsv_no_memory(err, c->host_bytes);
    return LSV_OK;
}

/* `given` is the call as the adapters want it; *info is LAPACK's. */
static lsv_status perform(const kind *k, call given, int *info, double *shift, lsv_error *err) {
    LSV_TRY(lsv_cu_start_solver(err));
    if (atomic_load(&lsv_cu_busy))
        return lsv_fail(err, LSV_ENOTIMPL, "the GPU is still finishing a stopped computation");
    call *c = lsv_malloc(sizeof *c);
    if (!c) return lsv_no_memory(err, sizeof *c);
    *c = given;
    c->kind = k;
    atomic_store(&c->refs, 1);
    lsv_status status = workspaces(c, err);
    if (status == LSV_OK) status = run_job(c, err);
    if (status == LSV_OK) status = lsv_cu_wait(err);
    if (status == LSV_OK) status = lsv_cu_download(info, sizeof *info, c->info, 0, sizeof *info, 1, err);
    if (shift) *shift = c->shift;
    lsv_cu_look();
    lsv_cu_free(c->work);
    lsv_cu_free(c->info);
    drop(c);
    if (status == LSV_OK && *info < 0)
        return lsv_fail(err, LSV_ERUNTIME, "%s: argument %d is wrong", k->name, -*info);
    return status;
}

/* The 32-bit routines fail beyond this, and not always with an error code. */
static lsv_status fits32(ptrdiff_t m, ptrdiff_t n, lsv_error *err) {
    if (m < INT32_MAX && n < INT32_MAX && (double)m * (double)n < 0x7fffffff) return LSV_OK;
    return lsv_fail(err, LSV_ENOTIMPL, "%td x %td is beyond cuSOLVER's 32-bit routines", m, n);
}

/* ---- the plain ones ---- */

lsv_status lsv_cu_geqrf(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, void *a, ptrdiff_t lda, void *tau, int *info,
                        lsv_error *err) {
    return perform(&geqrf, (call){.t = t, .m = m, .n = n, .a = a, .lda = lda, .s = tau}, info, NULL, err);
}

lsv_status lsv_cu_orgqr(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, void *a, ptrdiff_t lda,
                        const void *tau, int *info, lsv_error *err) {
    LSV_TRY(fits32(lda, n, err));
    return perform(&orgqr,
                   (call){.t = t, .m = m, .n = n, .k = k, .a = a, .lda = lda, .s = (void *)(uintptr_t)tau},
                   info, NULL, err);
}

lsv_status lsv_cu_ormqr(lsv_dtype t, bool trans, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a,
                        ptrdiff_t lda, const void *tau, void *c, ptrdiff_t ldc, int *info, lsv_error *err) {
    LSV_TRY(fits32(lda, k, err));
    LSV_TRY(fits32(ldc, n, err));
    call given = {.t = t,
                  .flag = trans,
                  .m = m,
                  .n = n,
                  .k = k,
                  .a = (void *)(uintptr_t)a,
                  .lda = lda,
                  .s = (void *)(uintptr_t)tau,
                  .c = c,
                  .ldc = ldc};
    return perform(&ormqr, given, info, NULL, err);
}

lsv_status lsv_cu_syevd(lsv_dtype t, bool vectors, bool upper, ptrdiff_t n, void *a, ptrdiff_t lda, void *w,
                        int *info, lsv_error *err) {
    return perform(&syevd,
                   (call){.t = t, .flag = vectors, .upper = upper, .n = n, .a = a, .lda = lda, .s = w}, info,
                   NULL, err);
}

lsv_status lsv_cu_potrf(lsv_dtype t, bool upper, ptrdiff_t n, void *a, ptrdiff_t lda, int *info,
                        lsv_error *err) {
    return perform(&potrf, (call){.t = t, .upper = upper, .n = n, .a = a, .lda = lda}, info, NULL, err);
}

lsv_status lsv_cu_getrf(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, void *a, ptrdiff_t lda, int64_t *pivots,
                        int *info, lsv_error *err) {
    return perform(&getrf, (call){.t = t, .m = m, .n = n, .a = a, .lda = lda, .s = pivots}, info, NULL, err);
}

lsv_status lsv_cu_getrs(lsv_dtype t, bool trans, ptrdiff_t n, ptrdiff_t nrhs, const void *a, ptrdiff_t lda,
                        const int64_t *pivots, void *b, ptrdiff_t ldb, int *info, lsv_error *err) {
    call given = {.t = t,
                  .flag = trans,
                  .n = n,
                  .k = nrhs,
                  .a = (void *)(uintptr_t)a,
                  .lda = lda,
                  .s = (void *)(uintptr_t)pivots,
                  .b = b,
                  .ldb = ldb};
    return perform(&getrs, given, info, NULL, err);
}

/* ---- for svd.c ---- */

bool lsv_cu_has_gesvdp(void) { return lsv_cu.cusolverDnXgesvdp && lsv_cu.cusolverDnXgesvdp_bufferSize; }

lsv_status lsv_cu_gesvdp(lsv_dtype t, bool thin, ptrdiff_t m, ptrdiff_t n, void *a, ptrdiff_t lda, void *s,
                         void *u, ptrdiff_t ldu, void *v, ptrdiff_t ldv, int *info, double *shift,
                         lsv_error *err) {
    call given = {.t = t,
                  .flag = thin,
                  .m = m,
                  .n = n,
                  .a = a,
                  .lda = lda,
                  .s = s,
                  .b = u,
                  .ldb = ldu,
                  .c = v,
                  .ldc = ldv};
    return perform(&gesvdp, given, info, shift, err);
}

lsv_status lsv_cu_gesvd(lsv_dtype t, char job, ptrdiff_t m, ptrdiff_t n, void *a, ptrdiff_t lda, void *s,
                        void *u, ptrdiff_t ldu, void *vt, ptrdiff_t ldvt, int *info, lsv_error *err) {
    call given = {.t = t,
                  .job = job,
                  .m = m,
                  .n = n,
                  .a = a,
                  .lda = lda,
                  .s = s,
                  .b = u,
                  .ldb = ldu,
                  .c = vt,
                  .ldc = ldvt};
    return perform(&gesvd, given, info, NULL, err);
}
