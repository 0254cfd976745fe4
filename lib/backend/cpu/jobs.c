/* The CPU backend's table: calls that take long enough to be worth it run as jobs, all others directly.

   Each entry is written as the list of its parameters, its flops, and the extent of its operands; from
   that JOB makes the struct that carries the arguments, the call on the worker's side and the entry
   itself, which passes a short call straight on. Vectors and scalars that LAPACK fills travel as copies
   (job.h), so a result may lie on the caller's stack; matrices of any size are in place, never copied.

   Whether a call is worth it is decided by the time it is likely to take: flops times what one of them costs
   here beside one of a matrix product. The hand-over costs some 20 microseconds; a call that is just worth it takes
   5 to 20 ms, far below what a person notices when Ctrl-C has to wait for it. */
#include <math.h>
#include <cblas.h>
#include <stddef.h>

#include "backend/cpu/cpu.h"
#include "base/job.h"

double lsv_cpu_job_worth = 2e8;

/* Cost of a flop beside one of gemm; of a product that waits for memory, of rotations and of small steps, more. Less than it is
   for the thin products: they come one after another with a look for Ctrl-C between, and handing each over would part the
   matrix from the caches it is in (workers.c). */
static const double cost[LSV_NOPS] = {
    [LSV_BE_GEMM] = 1,     [LSV_BE_GEMV] = 10,   [LSV_BE_DOT] = 20,   [LSV_BE_SYRK] = 1.2, [LSV_BE_TRSM] = 1.5,
    [LSV_BE_GESDD] = 3,    [LSV_BE_GESVD] = 10,  [LSV_BE_GEQRF] = 2,  [LSV_BE_ORGQR] = 2,  [LSV_BE_SYEVD] = 3,
    [LSV_BE_GEEV] = 12,    [LSV_BE_POTRF] = 1.5, [LSV_BE_GETRF] = 1.5, [LSV_BE_GETRS] = 3, [LSV_BE_GETRI] = 2,
    [LSV_BE_GESV] = 1.5,   [LSV_BE_GELSD] = 4,   [LSV_BE_GELSS] = 10, [LSV_BE_GELSY] = 4,  [LSV_BE_GELS] = 2,
    [LSV_BE_SYEVR] = 4,    [LSV_BE_PANEL] = 0.5, [LSV_BE_PANEL_T] = 0.5, [LSV_BE_PANEL_GRAM] = 0.5,
};

/* What a person who waits for it would call it. */
static const char *const names[LSV_NOPS] = {
    [LSV_BE_GEMM] = "matmul",  [LSV_BE_GEMV] = "matrix times vector", [LSV_BE_DOT] = "dot",
    [LSV_BE_SYRK] = "matmul",  [LSV_BE_TRSM] = "triangular solve",    [LSV_BE_GESDD] = "svd",
    [LSV_BE_GESVD] = "svd",    [LSV_BE_GEQRF] = "qr",                 [LSV_BE_ORGQR] = "qr: forming Q",
    [LSV_BE_SYEVD] = "eigh",   [LSV_BE_GEEV] = "eig",                 [LSV_BE_POTRF] = "cholesky",
    [LSV_BE_GETRF] = "lu",     [LSV_BE_GETRS] = "solve",              [LSV_BE_GETRI] = "inv",
    [LSV_BE_GESV] = "solve",   [LSV_BE_GELSD] = "lstsq",              [LSV_BE_GELSS] = "lstsq",
    [LSV_BE_GELSY] = "lstsq",  [LSV_BE_GELS] = "lstsq",               [LSV_BE_SYEVR] = "eigh",
    [LSV_BE_PANEL] = "matmul", [LSV_BE_PANEL_T] = "matmul",           [LSV_BE_PANEL_GRAM] = "matmul",
};

/* While an abandoned call still runs, a small one may have to wait for it inside OpenBLAS, whose threads serve one
   call at a time: then all but the smallest are jobs, so that the wait can be interrupted. */
static inline bool worth(lsv_op op, double work) {
    if (__builtin_expect(!lsv_jobs_here, 1)) return false;
    double least = atomic_load_explicit(&lsv_jobs_left, memory_order_relaxed) ? 1e5 : lsv_cpu_job_worth;
    return work * cost[op] >= fmin(least, lsv_cpu_job_worth);
}

static double most(ptrdiff_t a, ptrdiff_t b) { return (double)(a > b ? a : b); }
static double least(ptrdiff_t a, ptrdiff_t b) { return (double)(a < b ? a : b); }

static double square(double x) { return x * x; }
static double cube(double x) { return x * x * x; }

/* Elements from the first to the last of `count` rows (or columns) of `length`, `step` apart. */
static size_t span(ptrdiff_t count, ptrdiff_t length, ptrdiff_t step) {
    if (count <= 0 || length <= 0) return 0;
    return (size_t)((count - 1) * (step < 0 ? -step : step) + length);
}

static lsv_status launch(lsv_op op, lsv_dtype t, double work, const ptrdiff_t sizes[3], lsv_job_call call, lsv_error *err) {
    double speed = 1.5e10 * openblas_get_num_threads() * (t == LSV_FLOAT32 ? 2 : 1);
    call.what = names[op];
    call.work = work;
    call.guess = work * cost[op] / speed;
    call.model = 2 * (int)op + (t == LSV_FLOAT32);
    for (int i = 0; i < 3; i++) call.sizes[i] = (long)sizes[i];
    return lsv_job_run(&call, err);
}

#define FIELD(type, name) type name;
#define PARAMETER(type, name) type name,
#define PASS(type, name) name,
#define MEMBER(type, name) packed->name,
#define IN(name, elements) {offsetof(arguments, name), (elements) * width, false}
#define OUT(name, elements) {offsetof(arguments, name), (elements) * width, true}
#define OUT_INTS(name, count) {offsetof(arguments, name), (size_t)(count) * sizeof(int), true}

/* SIZES in parentheses: m, n, k as they are shown; then the operands. `flops` may use the parameters. */
#define UNWRAP(...) __VA_ARGS__
#define JOB(OP, entry, LIST, flops, SIZES, ...)                                                                \
    typedef struct {                                                                                         \
        lsv_dtype t;                                                                                         \
        LIST(FIELD)                                                                                          \
    } entry##_arguments;                                                                                     \
    static lsv_status entry##_run(void *p, lsv_error *err) {                                                 \
        const entry##_arguments *packed = p;                                                                      \
        return lsv_cpu_##entry(packed->t, LIST(MEMBER) err);                                                      \
    }                                                                                                        \
    lsv_status lsv_cpu_job_##entry(lsv_dtype t, LIST(PARAMETER) lsv_error *err) {                            \
        double work = (flops);                                                                               \
        if (!worth(LSV_BE_##OP, work)) return lsv_cpu_##entry(t, LIST(PASS) err);                            \
        typedef entry##_arguments arguments;                                                                 \
        const size_t width = lsv_dtype_size(t);                                                                        \
        arguments packed = {t, LIST(PASS)};                                                                       \
        const lsv_job_operand operands[] = {__VA_ARGS__};                                                    \
        const ptrdiff_t sizes[3] = {UNWRAP SIZES};                                                           \
        lsv_job_call call = {.run = entry##_run, .arguments = &packed, .size = sizeof packed, .operands = operands,    \
                             .count = (int)(sizeof operands / sizeof *operands)};                            \
        return launch(LSV_BE_##OP, t, work, sizes, call, err);                                               \
    }

#define SIZE(P, name) P(ptrdiff_t, name)
#define DOUBLE(x) ((double)(x))

/* ---- products: row-major ---- */

#define GEMM(P)                                                                                              \
    P(bool, ta) P(bool, tb) SIZE(P, m) SIZE(P, n) SIZE(P, k) P(double, alpha) P(const void *, a) SIZE(P, lda)  \
    P(const void *, b) SIZE(P, ldb) P(double, beta) P(void *, c) SIZE(P, ldc)
JOB(GEMM, gemm, GEMM, 2 * DOUBLE(m) * DOUBLE(n) * DOUBLE(k), (m, n, k), IN(a, ta ? span(k, m, lda) : span(m, k, lda)),
    IN(b, tb ? span(n, k, ldb) : span(k, n, ldb)), OUT(c, span(m, n, ldc)))

#define SYRK(P) P(bool, ta) SIZE(P, n) SIZE(P, k) P(const void *, a) SIZE(P, lda) P(void *, c) SIZE(P, ldc)
JOB(SYRK, syrk, SYRK, DOUBLE(n) * DOUBLE(n) * DOUBLE(k), (n, k), IN(a, ta ? span(k, n, lda) : span(n, k, lda)),
    OUT(c, span(n, n, ldc)))

/* BLAS reads a vector of negative stride from its far end: such calls, which are rare, stay direct. */
#define GEMV(P)                                                                                              \
    P(bool, ta) SIZE(P, m) SIZE(P, n) P(const void *, a) SIZE(P, lda) P(const void *, x) SIZE(P, incx)         \
    P(void *, y) SIZE(P, incy)
JOB(GEMV, gemv, GEMV, incx < 0 || incy < 0 ? 0 : 2 * DOUBLE(m) * DOUBLE(n), (m, n), IN(a, span(m, n, lda)),
    IN(x, span(ta ? m : n, 1, incx)), OUT(y, span(ta ? n : m, 1, incy)))

#define DOT(P) SIZE(P, n) P(const void *, x) SIZE(P, incx) P(const void *, y) SIZE(P, incy) P(void *, out)
JOB(DOT, dot, DOT, incx < 0 || incy < 0 ? 0 : 2 * DOUBLE(n), (n), IN(x, span(n, 1, incx)), IN(y, span(n, 1, incy)),
    OUT(out, 1))

#define PANEL(P)                                                                                             \
    SIZE(P, m) SIZE(P, n) SIZE(P, b) P(const void *, a) SIZE(P, lda) P(const void *, x) SIZE(P, ldx)           \
    P(bool, add) P(void *, y) SIZE(P, ldy)
JOB(PANEL, panel, PANEL, 2 * DOUBLE(m) * DOUBLE(n) * DOUBLE(b), (m, n, b), IN(a, span(m, n, lda)),
    IN(x, span(n, b, ldx)), OUT(y, span(m, b, ldy)))

#define PANEL_T(P)                                                                                           \
    SIZE(P, m) SIZE(P, n) SIZE(P, b) P(const void *, a) SIZE(P, lda) P(const void *, y) SIZE(P, ldy)           \
    P(void *, z) SIZE(P, ldz)
JOB(PANEL_T, panel_t, PANEL_T, 2 * DOUBLE(m) * DOUBLE(n) * DOUBLE(b), (m, n, b), IN(a, span(m, n, lda)),
    IN(y, span(m, b, ldy)), OUT(z, span(n, b, ldz)))

#define PANEL_GRAM(P)                                                                                        \
    SIZE(P, m) SIZE(P, n) SIZE(P, b) P(const void *, a) SIZE(P, lda) P(const void *, x) SIZE(P, ldx)           \
    P(void *, z) SIZE(P, ldz)
JOB(PANEL_GRAM, panel_gram, PANEL_GRAM, 4 * DOUBLE(m) * DOUBLE(n) * DOUBLE(b), (m, n, b), IN(a, span(m, n, lda)),
    IN(x, span(n, b, ldx)), OUT(z, span(n, b, ldz)))

/* ---- solving: column-major from here on ---- */

#define TRSM(P)                                                                                              \
    P(bool, left) P(bool, upper) P(bool, trans) P(bool, unit) SIZE(P, m) SIZE(P, n) P(const void *, a)         \
    SIZE(P, lda) P(void *, b) SIZE(P, ldb)
JOB(TRSM, trsm, TRSM, DOUBLE(m) * DOUBLE(n) * DOUBLE(left ? m : n), (m, n),
    IN(a, span(left ? m : n, left ? m : n, lda)), OUT(b, span(n, m, ldb)))

#define POTRF(P) P(bool, upper) SIZE(P, n) P(void *, a) SIZE(P, lda) P(int *, info)
JOB(POTRF, potrf, POTRF, cube(DOUBLE(n)) / 3, (n, n), OUT(a, span(n, n, lda)), OUT_INTS(info, 1))

#define GETRF(P) SIZE(P, m) SIZE(P, n) P(void *, a) SIZE(P, lda) P(int32_t *, piv) P(int *, info)
JOB(GETRF, getrf, GETRF, most(m, n) * square(least(m, n)), (m, n), OUT(a, span(n, m, lda)),
    OUT_INTS(piv, least(m, n)), OUT_INTS(info, 1))

#define GETRS(P)                                                                                             \
    P(bool, trans) SIZE(P, n) SIZE(P, nrhs) P(const void *, a) SIZE(P, lda) P(const int32_t *, piv)            \
    P(void *, b) SIZE(P, ldb) P(int *, info)
JOB(GETRS, getrs, GETRS, 2 * square(DOUBLE(n)) * DOUBLE(nrhs), (n, nrhs), IN(a, span(n, n, lda)), OUT_INTS(piv, n),
    OUT(b, span(nrhs, n, ldb)), OUT_INTS(info, 1))

#define GETRI(P) SIZE(P, n) P(void *, a) SIZE(P, lda) P(const int32_t *, piv) P(int *, info)
JOB(GETRI, getri, GETRI, cube(DOUBLE(n)) * 4 / 3, (n, n), OUT(a, span(n, n, lda)), OUT_INTS(piv, n), OUT_INTS(info, 1))

#define GESV(P)                                                                                              \
    SIZE(P, n) SIZE(P, nrhs) P(void *, a) SIZE(P, lda) P(int32_t *, piv) P(void *, b) SIZE(P, ldb) P(int *, info)
JOB(GESV, gesv, GESV, cube(DOUBLE(n)) * 2 / 3 + 2 * square(DOUBLE(n)) * DOUBLE(nrhs), (n, nrhs), OUT(a, span(n, n, lda)),
    OUT_INTS(piv, n), OUT(b, span(nrhs, n, ldb)), OUT_INTS(info, 1))

/* Least squares: the factorisation, and b. */
#define LEAST_SQUARES(m, n, nrhs) (2 * most(m, n) * square(least(m, n)) + 4 * DOUBLE(m) * DOUBLE(n) * DOUBLE(nrhs))
#define RIGHT_SIDES OUT(a, span(n, m, lda)), OUT(b, span(nrhs, (ptrdiff_t)most(m, n), ldb)), OUT_INTS(info, 1)
#define GELSD(P)                                                                                             \
    SIZE(P, m) SIZE(P, n) SIZE(P, nrhs) P(void *, a) SIZE(P, lda) P(void *, b) SIZE(P, ldb) P(void *, s)       \
    P(double, rcond) P(int *, rank) P(int *, info)
JOB(GELSD, gelsd, GELSD, LEAST_SQUARES(m, n, nrhs), (m, n, nrhs), RIGHT_SIDES, OUT_INTS(rank, 1),
    OUT(s, (size_t)least(m, n)))
#define GELSS GELSD
JOB(GELSS, gelss, GELSS, LEAST_SQUARES(m, n, nrhs), (m, n, nrhs), RIGHT_SIDES, OUT_INTS(rank, 1),
    OUT(s, (size_t)least(m, n)))
#define GELSY(P)                                                                                             \
    SIZE(P, m) SIZE(P, n) SIZE(P, nrhs) P(void *, a) SIZE(P, lda) P(void *, b) SIZE(P, ldb) P(double, rcond)   \
    P(int *, rank) P(int *, info)
JOB(GELSY, gelsy, GELSY, LEAST_SQUARES(m, n, nrhs), (m, n, nrhs), RIGHT_SIDES, OUT_INTS(rank, 1))
#define GELS(P) SIZE(P, m) SIZE(P, n) SIZE(P, nrhs) P(void *, a) SIZE(P, lda) P(void *, b) SIZE(P, ldb) P(int *, info)
JOB(GELS, gels, GELS, LEAST_SQUARES(m, n, nrhs), (m, n, nrhs), RIGHT_SIDES)

/* ---- factorisations ---- */

#define GEQRF(P) SIZE(P, m) SIZE(P, n) P(void *, a) SIZE(P, lda) P(void *, tau) P(int *, info)
JOB(GEQRF, geqrf, GEQRF, 2 * most(m, n) * square(least(m, n)), (m, n), OUT(a, span(n, m, lda)),
    OUT(tau, (size_t)least(m, n)), OUT_INTS(info, 1))

#define ORGQR(P) SIZE(P, m) SIZE(P, n) SIZE(P, k) P(void *, a) SIZE(P, lda) P(const void *, tau) P(int *, info)
JOB(ORGQR, orgqr, ORGQR, 4 * DOUBLE(m) * DOUBLE(n) * DOUBLE(k) - 2 * DOUBLE(m + n) * square(DOUBLE(k)) + cube(DOUBLE(k)) * 4 / 3,
    (m, n, k), OUT(a, span(n, m, lda)), IN(tau, (size_t)k), OUT_INTS(info, 1))

/* Columns of u and rows of vt by the job. */
static ptrdiff_t wanted(char job, ptrdiff_t full, ptrdiff_t m, ptrdiff_t n) {
    return job == 'N' ? 0 : job == 'A' ? full : (ptrdiff_t)least(m, n);
}
static double svd_flops(char job, ptrdiff_t m, ptrdiff_t n) {
    double l = most(m, n), k = least(m, n);
    return job == 'N' ? 4 * l * k * k - k * k * k * 4 / 3 : job == 'S' ? 6 * l * k * k + 16 * k * k * k : 4 * l * l * k + 18 * k * k * k;
}
#define GESDD(P)                                                                                             \
    P(char, job) SIZE(P, m) SIZE(P, n) P(void *, a) SIZE(P, lda) P(void *, s) P(void *, u) SIZE(P, ldu)        \
    P(void *, vt) SIZE(P, ldvt) P(int *, info)
#define TRIPLETS                                                                                             \
    OUT(a, span(n, m, lda)), OUT(s, (size_t)least(m, n)), OUT(u, span(wanted(job, m, m, n), m, ldu)),        \
        OUT(vt, span(n, wanted(job, n, m, n), ldvt)), OUT_INTS(info, 1)
JOB(GESDD, gesdd, GESDD, svd_flops(job, m, n), (m, n), TRIPLETS)
#define GESVD GESDD
JOB(GESVD, gesvd, GESVD, svd_flops(job, m, n), (m, n), TRIPLETS)

#define SYEVD(P) P(bool, vectors) P(bool, upper) SIZE(P, n) P(void *, a) SIZE(P, lda) P(void *, w) P(int *, info)
JOB(SYEVD, syevd, SYEVD, (vectors ? 9 : 4. / 3) * cube(DOUBLE(n)), (n, n), OUT(a, span(n, n, lda)), OUT(w, (size_t)n),
    OUT_INTS(info, 1))

#define SYEVR(P) SIZE(P, n) SIZE(P, count) P(void *, a) SIZE(P, lda) P(void *, w) P(void *, v) SIZE(P, ldv) P(int *, info)
JOB(SYEVR, syevr, SYEVR, cube(DOUBLE(n)) * 4 / 3 + 4 * square(DOUBLE(n)) * DOUBLE(count), (n, n), OUT(a, span(n, n, lda)),
    OUT(w, (size_t)n), OUT(v, span(count, n, ldv)), OUT_INTS(info, 1))

#define GEEV(P)                                                                                              \
    SIZE(P, n) P(void *, a) SIZE(P, lda) P(void *, wr) P(void *, wi) P(void *, vr) SIZE(P, ldvr) P(int *, info)
JOB(GEEV, geev, GEEV, (vr ? 25 : 10) * cube(DOUBLE(n)), (n, n), OUT(a, span(n, n, lda)), OUT(wr, (size_t)n),
    OUT(wi, (size_t)n), OUT(vr, span(n, n, ldvr)), OUT_INTS(info, 1))
