/* The backend table: where the dense kernels come from.

   A backend is a constant table of functions over raw host pointers, with an ABI number and a
   predicate; a NULL entry, or `supports` saying false, means "not offered", and dispatch then
   takes the next backend. Algorithms are written once over the table (gemm, thin QR, a small SVD),
   never against one library, so that a GPU or a distributed backend can fill it later.

   Conventions. `t` is LSV_FLOAT32 or LSV_FLOAT64 and every matrix of a call has it. Products
   (gemm, gemv, dot, syrk) take ROW-major matrices with their row stride; factorisations take
   COLUMN-major ones with their leading dimension, as LAPACK does, and overwrite their input.
   Workspace is the backend's own. A function returns LSV_OK when it ran, whatever it found; what it found is
   LAPACK's `*info` (0: fine, > 0: singular, not converged, …). LSV_ENOMEM: no workspace; LSV_EVALUE: a size
   beyond the library's integers. */
#ifndef LSV_BACKEND_BACKEND_H
#define LSV_BACKEND_BACKEND_H

#include "array/dtype.h"
#include "base/status.h"

#define LSV_BACKEND_ABI 1

/* X(ENUM, entry, the parameters between the dtype and `lsv_error *err`) */
#define LSV_BACKEND_OPS(X)                                                                                   \
    /* C = alpha op(A) op(B) + beta C; op(A) is m x k, op(B) is k x n */                                      \
    X(GEMM, gemm, (lsv_dtype t, bool ta, bool tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, double alpha,        \
        const void *a, ptrdiff_t lda, const void *b, ptrdiff_t ldb, double beta, void *c, ptrdiff_t ldc, lsv_error *err)) \
    /* y = op(A) x; A is m x n as stored; incx and incy may be any nonzero stride */                          \
    X(GEMV, gemv, (lsv_dtype t, bool ta, ptrdiff_t m, ptrdiff_t n, const void *a, ptrdiff_t lda,              \
        const void *x, ptrdiff_t incx, void *y, ptrdiff_t incy, lsv_error *err))                              \
    X(DOT, dot, (lsv_dtype t, ptrdiff_t n, const void *x, ptrdiff_t incx, const void *y, ptrdiff_t incy,      \
        void *out, lsv_error *err))                                                                          \
    /* C = op(A) op(A)^T, both triangles; C is n x n, ta: A is k x n, else n x k */                           \
    X(SYRK, syrk, (lsv_dtype t, bool ta, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t lda, void *c,     \
        ptrdiff_t ldc, lsv_error *err))                                                                      \
    /* op(A) X = B (left) or X op(A) = B; A triangular, B m x n, overwritten; column-major */                 \
    X(TRSM, trsm, (lsv_dtype t, bool left, bool upper, bool trans, bool unit, ptrdiff_t m, ptrdiff_t n,       \
        const void *a, ptrdiff_t lda, void *b, ptrdiff_t ldb, lsv_error *err))                                \
    /* job 'N' values only, 'S' thin, 'A' full; u (m, m or k), vt (n or k, n); divide and conquer */          \
    X(GESDD, gesdd, (lsv_dtype t, char job, ptrdiff_t m, ptrdiff_t n, void *a, ptrdiff_t lda, void *s,        \
        void *u, ptrdiff_t ldu, void *vt, ptrdiff_t ldvt, int *info, lsv_error *err))                         \
    /* the same by QR iteration */                                                                           \
    X(GESVD, gesvd, (lsv_dtype t, char job, ptrdiff_t m, ptrdiff_t n, void *a, ptrdiff_t lda, void *s,        \
        void *u, ptrdiff_t ldu, void *vt, ptrdiff_t ldvt, int *info, lsv_error *err))                         \
    /* R above the diagonal, reflectors below, min(m, n) factors in tau */                                    \
    X(GEQRF, geqrf, (lsv_dtype t, ptrdiff_t m, ptrdiff_t n, void *a, ptrdiff_t lda, void *tau, int *info, lsv_error *err)) \
    /* the first n columns of Q from k reflectors */                                                         \
    X(ORGQR, orgqr, (lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, void *a, ptrdiff_t lda,              \
        const void *tau, int *info, lsv_error *err))                                                         \
    /* eigenvalues ascending into w, eigenvectors over a when vectors */                                      \
    X(SYEVD, syevd, (lsv_dtype t, bool vectors, bool upper, ptrdiff_t n, void *a, ptrdiff_t lda, void *w,     \
        int *info, lsv_error *err))                                                                          \
    /* general eigenvalues wr + i wi and right eigenvectors (vr NULL: none) */                                \
    X(GEEV, geev, (lsv_dtype t, ptrdiff_t n, void *a, ptrdiff_t lda, void *wr, void *wi, void *vr,            \
        ptrdiff_t ldvr, int *info, lsv_error *err))                                                          \
    X(POTRF, potrf, (lsv_dtype t, bool upper, ptrdiff_t n, void *a, ptrdiff_t lda, int *info, lsv_error *err)) \
    /* pivots 1-based, min(m, n) of them */                                                                  \
    X(GETRF, getrf, (lsv_dtype t, ptrdiff_t m, ptrdiff_t n, void *a, ptrdiff_t lda, int32_t *piv, int *info, lsv_error *err)) \
    X(GETRS, getrs, (lsv_dtype t, bool trans, ptrdiff_t n, ptrdiff_t nrhs, const void *a, ptrdiff_t lda,      \
        const int32_t *piv, void *b, ptrdiff_t ldb, int *info, lsv_error *err))                               \
    X(GETRI, getri, (lsv_dtype t, ptrdiff_t n, void *a, ptrdiff_t lda, const int32_t *piv, int *info, lsv_error *err)) \
    X(GESV, gesv, (lsv_dtype t, ptrdiff_t n, ptrdiff_t nrhs, void *a, ptrdiff_t lda, int32_t *piv, void *b,   \
        ptrdiff_t ldb, int *info, lsv_error *err))                                                           \
    /* least squares: b is max(m, n) x nrhs, the solution in its first n rows. gelsd, gelss: values into s */ \
    X(GELSD, gelsd, (lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t nrhs, void *a, ptrdiff_t lda, void *b,  \
        ptrdiff_t ldb, void *s, double rcond, int *rank, int *info, lsv_error *err))                          \
    X(GELSS, gelss, (lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t nrhs, void *a, ptrdiff_t lda, void *b,  \
        ptrdiff_t ldb, void *s, double rcond, int *rank, int *info, lsv_error *err))                          \
    X(GELSY, gelsy, (lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t nrhs, void *a, ptrdiff_t lda, void *b,  \
        ptrdiff_t ldb, double rcond, int *rank, int *info, lsv_error *err))                                   \
    X(GELS, gels, (lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t nrhs, void *a, ptrdiff_t lda, void *b,    \
        ptrdiff_t ldb, int *info, lsv_error *err))                                                           \
    /* the `count` largest eigenvalues of a symmetric matrix (upper triangle), ascending, and their vectors; w holds n */ \
    X(SYEVR, syevr, (lsv_dtype t, ptrdiff_t n, ptrdiff_t count, void *a, ptrdiff_t lda, void *w, void *v,     \
        ptrdiff_t ldv, int *info, lsv_error *err))                                                           \
    /* Thin products, float64, all row-major: a is m x n, b (a multiple of 8) columns. y = a x or y += a x */ \
    X(PANEL, panel, (lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t b, const void *a, ptrdiff_t lda,        \
        const void *x, ptrdiff_t ldx, bool add, void *y, ptrdiff_t ldy, lsv_error *err))                      \
    /* z = a^T y */                                                                                          \
    X(PANEL_T, panel_t, (lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t b, const void *a, ptrdiff_t lda,    \
        const void *y, ptrdiff_t ldy, void *z, ptrdiff_t ldz, lsv_error *err))                                \
    /* z = a^T (a x), a read once */                                                                         \
    X(PANEL_GRAM, panel_gram, (lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t b, const void *a,             \
        ptrdiff_t lda, const void *x, ptrdiff_t ldx, void *z, ptrdiff_t ldz, lsv_error *err))

typedef enum lsv_op {
#define X(ENUM, entry, parameters) LSV_BE_##ENUM,
    LSV_BACKEND_OPS(X)
#undef X
    LSV_NOPS
} lsv_op;

typedef struct lsv_backend {
    int abi;     /* LSV_BACKEND_ABI of the header it was built with */
    size_t size; /* sizeof(lsv_backend) there: later entries are absent from an older table */
    const char *name;
    /* m, n, k: the sizes of the call, 0 where it has fewer. */
    bool (*supports)(lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k);
#define X(ENUM, entry, parameters) lsv_status(*entry) parameters;
    LSV_BACKEND_OPS(X)
#undef X
} lsv_backend;

extern const lsv_backend lsv_backend_cpu; /* OpenBLAS and LAPACKE; offers everything */

/* The backend that does `op` at this size; never NULL (the CPU does everything). */
const lsv_backend *lsv_backend_for(lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k);

/* Would a matrix of `bytes` that `times` such operations read be worth copying to the GPU once, for all of them? */
bool lsv_backend_keep(lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, int times, size_t bytes);

/* Force a backend: "cpu", "gpu" or "auto". "gpu" looks for one and brings it up; LSV_EVALUE when the name is
   unknown or there is none here (the message says what is missing). Forced, an operation that the GPU
   cannot do (not offered, no memory, a failure) still runs on the CPU, and a notice says so. */
lsv_status lsv_backend_set(const char *name, lsv_error *err);
const char *lsv_backend_get(void);

/* Between the two, BLAS and LAPACK run on one thread: for runs of small calls, where handing work around costs
   more than it saves. Pass what the first returned to the second. */
int lsv_backend_serial(void);
void lsv_backend_serial_done(int before);

/* While on, this thread's operations stay on the CPU: an algorithm that the GPU failed begins again. Returns what it was. */
bool lsv_backend_host_only(bool on);

/* The sum of the squares of m x n doubles, row-major: NaN or Inf where there is one among them. Each thread's rows are
   added up in their order, in eight running sums: relative error at most (n/8 + m + 10) units. */
double lsv_backend_square(ptrdiff_t m, ptrdiff_t n, const double *a, ptrdiff_t lda);

/* How many threads BLAS and lsv's own kernels compute with: to be said before the first computation. */
void lsv_backend_threads(int n);

/* Why the last choice fell as it did: "gesdd float64 512x512x0: cpu (the only backend)". Valid
   until the next call, on the calling thread. */
const char *lsv_backend_last(void);

/* The same in full, several lines: which backend ran the last operation and how long it took, the estimate of each
   and where it is from (built in, measured here), and what was copied. Valid until the next call. */
const char *lsv_backend_explain(void);

/* Make a GPU backend known (NULL: forget it). LSV_EVALUE when its ABI is another. */
lsv_status lsv_backend_register_gpu(const lsv_backend *gpu, lsv_error *err);

/* ---- the GPU ----

   CUDA is never linked. Nothing is loaded until one of these functions, a forced "gpu", or (auto) an operation that
   would take the CPU long asks for it; then in stages: the runtime (2 ms) says whether there is a device, the context and
   cuBLAS come with the first product, cuSOLVER with the first factorisation. Work runs on the first visible
   device (CUDA_VISIBLE_DEVICES chooses). */

typedef struct lsv_gpu_info {
    char name[128]; /* "NVIDIA H200"                        */
    int cc_major, cc_minor, multiprocessors;
    int runtime, driver; /* CUDA versions: 13000 is 13.0         */
    size_t bytes_free, bytes_total;
} lsv_gpu_info;

/* GPUs that can be used. 0: *why (may be NULL) is one line that names what is missing. */
int lsv_gpu_count(const char **why);
/* LSV_ERUNTIME with the same line when there is none; brings the device up. */
lsv_status lsv_gpu_describe(lsv_gpu_info *out, lsv_error *err);
/* Bring the context and cuBLAS up now. */
lsv_status lsv_gpu_open(lsv_error *err);
/* Wait for everything queued; LSV_EINTR, or LSV_ERUNTIME when the device failed. */
lsv_status lsv_gpu_synchronize(lsv_error *err);
/* Device memory in use, kept by the pool (used included), and the most ever used; all 0 before it is up. */
void lsv_gpu_memory(size_t *used, size_t *kept, size_t *most);
void lsv_gpu_trim(void); /* give the pool's free memory back (torch.cuda.empty_cache) */
/* Products of float32 in TF32 (10 bits of mantissa); off until asked for. Returns what it was. */
bool lsv_gpu_tf32(bool on);

/* Bring the device up on a thread of its own, so that the first operation need not wait (a second or so); for
   an interactive prompt. Does nothing when there is no GPU or it is up. */
void lsv_backend_warm(void);

/* One-line notices ("… running on the CPU"), for the client to show; NULL: dropped. */
void lsv_backend_on_notice(void (*say)(void *context, const char *line), void *context);
/* Called once per storage whose only copy was on the device when it failed; then a notice says how many. */
struct lsv_storage;
void lsv_backend_on_lost(void (*lost)(void *context, struct lsv_storage *storage), void *context);

/* Measure both backends on a few sizes (2 to 3 s) and keep the result for this machine, in
   ${XDG_CACHE_HOME:-~/.cache}/lsv. `progress` (may be NULL) is called before each step. LSV_EINTR keeps what was
   there. Without a GPU: LSV_ERUNTIME with the line of lsv_gpu_count. */
lsv_status lsv_backend_calibrate(void (*progress)(void *context, const char *what, int done, int of), void *context,
                                 lsv_error *err);

#endif
