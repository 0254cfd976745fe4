/* What the files of the CUDA backend share.

   loader.c   the table of CUDA's functions, filled by dlsym in three stages
   context.c  the device: stream, handles, errors, waiting, and the end of it
   memory.c   device memory, and copies through pinned staging buffers
   blas.c     products on device pointers
   solver.c   factorisations on device pointers
   table.c    the backend table over host pointers
   kernels.c  element-wise work and reductions
   routes.c   operations on arrays that live on the device

   Everything runs on one non-blocking stream, so what is queued later sees what was queued earlier. Host memory is
   never handed to an asynchronous copy: it goes through staging buffers of our own, so that a computation may be
   given up at any time and its arrays freed. */
#ifndef LSV_BACKEND_CUDA_INSIDE_H
#define LSV_BACKEND_CUDA_INSIDE_H

#include <stdatomic.h>
#include "array/array.h"
#include "backend/backend.h"
#include "backend/cuda/cu_min.h"
#include "base/status.h"

/* ---- loader.c ---- */

typedef struct lsv_cu_api {
#define F(library, needed, result, symbol, parameters) result(*symbol) parameters;
#include "backend/cuda/api.def"
} lsv_cu_api;
extern lsv_cu_api lsv_cu;

enum { LSV_CU_RT, LSV_CU_BL, LSV_CU_SO, LSV_CU_LIBRARIES };
/* Load the runtime of CUDA 13, or else of 12; `accept` looks at what was loaded and says whether it serves
   (else the other is tried, and `why` holds the last complaint). */
bool lsv_cu_load_runtime(bool (*accept)(char *why, size_t n), char *why, size_t n);
/* Then cuBLAS or cuSOLVER of the same CUDA; true at once where it is loaded. */
bool lsv_cu_load(int library, char *why, size_t n);
int lsv_cu_major(void); /* 13 or 12 */
/* libcuda.so.1's cuDeviceGetName, where it can be had: the device's name, else something that serves. */
void lsv_cu_device_name(char *name, size_t n, int cc_major, int cc_minor);

/* ---- context.c ---- */

typedef struct lsv_cu_device {
    cu_stream stream;
    cu_event event;
    cu_blas blas;
    cu_solver solver;
    cu_params params;
    cu_pool pool; /* NULL: plain cudaMalloc behind a cache of our own */
    lsv_gpu_info info;
    int cublas_version, cusolver_version;
} lsv_cu_device;
extern lsv_cu_device lsv_cu_dev;

typedef enum { LSV_CU_UNKNOWN, LSV_CU_NONE, LSV_CU_FOUND, LSV_CU_UP, LSV_CU_DEAD } lsv_cu_state;
lsv_cu_state lsv_cu_now(void);       /* without loading anything            */
bool lsv_cu_warming(double *seconds); /* on another thread, since how long   */
const char *lsv_cu_why(void);        /* why there is no GPU; one line       */
bool lsv_cu_probe(void);             /* stage 1: is there a device?          */
lsv_status lsv_cu_start(lsv_error *err);        /* stage 2: context and cuBLAS */
lsv_status lsv_cu_start_solver(lsv_error *err); /* stage 3 */

/* Status codes of the three libraries; `what` is the function. LSV_ENOMEM for memory, else LSV_ERUNTIME; an error that
   poisons the context ends the device. */
lsv_status lsv_cu_rt(cu_error code, const char *what, lsv_error *err);
lsv_status lsv_cu_bl(cu_blas_status code, const char *what, lsv_error *err);
lsv_status lsv_cu_so(cu_solver_status code, const char *what, lsv_error *err);
#define CU_RT(function, arguments) LSV_TRY(lsv_cu_rt(lsv_cu.function arguments, #function, err))
#define CU_BL(function, arguments) LSV_TRY(lsv_cu_bl(lsv_cu.function arguments, #function, err))
#define CU_SO(function, arguments) LSV_TRY(lsv_cu_so(lsv_cu.function arguments, #function, err))

/* Wait for what is queued; LSV_EINTR when the user asks to stop (the work goes on by itself). */
lsv_status lsv_cu_wait(lsv_error *err);
/* The context is gone: mirrors, table, notice. On the session's thread. */
void lsv_cu_die(const char *reason);
void lsv_cu_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* An operation failed on the GPU and runs on the CPU: say so (once per kind of failure and operation). */
void lsv_cu_fell_back(const char *operation, const lsv_error *err);

/* This thread runs a solver call or warms the device: it neither polls nor changes what the session sees. Returns what was. */
bool lsv_cu_on_worker(bool worker);
/* A fault seen on a worker is dealt with. On the session's thread. */
void lsv_cu_look(void);

/* A stopped solver call still runs on its worker: the next must wait for it or go elsewhere. */
extern atomic_int lsv_cu_busy;

/* ---- memory.c ---- */

lsv_status lsv_cu_memory_start(lsv_error *err);
void lsv_cu_memory_forget(void); /* the device died: nothing of it can be freed */
/* Device memory, stream-ordered. Short of it: waits, trims, gives mirrors back, copies others to the host; then LSV_ENOMEM. */
lsv_status lsv_cu_alloc(size_t bytes, void **out, lsv_error *err);
void lsv_cu_free(void *device); /* from any thread; NULL is allowed */
void lsv_cu_free_deferred(void); /* what was freed while lsv_cu_busy */
/* rows of `width` bytes, `pitch` apart on the host, dense on the device (device_pitch 0) or that far apart. When they return, host memory is
   no longer used. */
lsv_status lsv_cu_upload(void *device, size_t device_pitch, const void *host, size_t pitch, size_t width, size_t rows,
                         lsv_error *err);
lsv_status lsv_cu_download(void *host, size_t pitch, const void *device, size_t device_pitch, size_t width, size_t rows,
                           lsv_error *err);
size_t lsv_cu_copied_up(void), lsv_cu_copied_down(void); /* bytes so far */

/* ---- blas.c: column-major, on device pointers, queued ---- */

static inline cu_type lsv_cu_type(lsv_dtype t) { return t == LSV_FLOAT64 ? CU_R_64F : CU_R_32F; }
lsv_status lsv_cu_gemm(lsv_dtype t, bool ta, bool tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, double alpha,
                       const void *a, ptrdiff_t lda, const void *b, ptrdiff_t ldb, double beta, void *c, ptrdiff_t ldc,
                       lsv_error *err);
lsv_status lsv_cu_gemv(lsv_dtype t, bool ta, ptrdiff_t m, ptrdiff_t n, const void *a, ptrdiff_t lda, const void *x,
                       ptrdiff_t incx, void *y, ptrdiff_t incy, lsv_error *err);
lsv_status lsv_cu_dot(lsv_dtype t, ptrdiff_t n, const void *x, const void *y, void *host, lsv_error *err); /* waits */
lsv_status lsv_cu_nrm2(lsv_dtype t, ptrdiff_t n, const void *x, double *host, lsv_error *err);             /* waits */
/* one triangle of C = op(A) op(A)^T */
lsv_status lsv_cu_syrk(lsv_dtype t, bool upper, bool ta, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t lda, void *c,
                       ptrdiff_t ldc, lsv_error *err);
/* its other triangle, the lower one, made the same */
lsv_status lsv_cu_symmetric(lsv_dtype t, ptrdiff_t n, void *c, ptrdiff_t ldc, lsv_error *err);
lsv_status lsv_cu_trsm(lsv_dtype t, bool left, bool upper, bool trans, bool unit, ptrdiff_t m, ptrdiff_t n,
                       const void *a, ptrdiff_t lda, void *b, ptrdiff_t ldb, lsv_error *err);
/* C (m x n) = A^T, A n x m; or a copy with another leading dimension */
lsv_status lsv_cu_transpose(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, const void *a, ptrdiff_t lda, void *c, ptrdiff_t ldc,
                            lsv_error *err);
lsv_status lsv_cu_copy_matrix(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, const void *a, ptrdiff_t lda, void *c, ptrdiff_t ldc,
                              lsv_error *err);
/* C = A diag(x), or diag(x) A */
lsv_status lsv_cu_scale(lsv_dtype t, bool columns, ptrdiff_t m, ptrdiff_t n, const void *a, ptrdiff_t lda, const void *x,
                        void *c, ptrdiff_t ldc, lsv_error *err);

/* ---- solver.c: column-major, on device pointers; wait until done ---- */

/* The thin ('S'), full ('A') SVD or the values ('N') of A, which stays: A = U diag(s) V^T, V and not its transpose.
   U m x (k or m), V n x (k or n). gesvdp where its result stands a test, else gesvd; *driver (may be NULL) says which.
   *info > 0: neither converged. */
lsv_status lsv_cu_svd(lsv_dtype t, char job, bool by_qr, ptrdiff_t m, ptrdiff_t n, const void *a, ptrdiff_t lda, void *s,
                      void *u, ptrdiff_t ldu, void *v, ptrdiff_t ldv, int *info, const char **driver, lsv_error *err);
lsv_status lsv_cu_geqrf(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, void *a, ptrdiff_t lda, void *tau, int *info, lsv_error *err);
lsv_status lsv_cu_orgqr(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, void *a, ptrdiff_t lda, const void *tau,
                        int *info, lsv_error *err);
/* C = op(Q) C */
lsv_status lsv_cu_ormqr(lsv_dtype t, bool trans, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t lda,
                        const void *tau, void *c, ptrdiff_t ldc, int *info, lsv_error *err);
lsv_status lsv_cu_syevd(lsv_dtype t, bool vectors, bool upper, ptrdiff_t n, void *a, ptrdiff_t lda, void *w, int *info,
                        lsv_error *err);
lsv_status lsv_cu_potrf(lsv_dtype t, bool upper, ptrdiff_t n, void *a, ptrdiff_t lda, int *info, lsv_error *err);
/* pivots: device memory for min(m, n) int64 */
lsv_status lsv_cu_getrf(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, void *a, ptrdiff_t lda, int64_t *pivots, int *info,
                        lsv_error *err);
lsv_status lsv_cu_getrs(lsv_dtype t, bool trans, ptrdiff_t n, ptrdiff_t nrhs, const void *a, ptrdiff_t lda,
                        const int64_t *pivots, void *b, ptrdiff_t ldb, int *info, lsv_error *err);

/* ---- table.c ---- */

extern const lsv_backend lsv_backend_cuda;
bool lsv_cu_supports(lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k);

/* ---- kernels.c, routes.c ---- */

lsv_status lsv_cu_kernels_start(lsv_error *err); /* LSV_ENOTIMPL: the driver is too old for them */
void lsv_cu_kernels_forget(void);
struct lsv_device_table;
extern const struct lsv_device_table lsv_cu_routes;

#endif
