/* The CPU backend's long calls as jobs: every entry gives the same as its direct call; one that is walked away from
   leaves its operands, the threads of OpenBLAS and the next product as they should be; a mapped file that an
   abandoned call still reads stays mapped; the limit on memory. */
#include "backend/backend.h"
#include "backend/cpu/cpu.h"
#include "base/alloc.h"
#include "base/hold.h"
#include "base/interrupt.h"
#include "base/job.h"
#include "check.h"
#include "file/inside.h"

#include <cblas.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void on_alarm(int signal) {
    (void)signal;
    lsv_interrupt();
}

static void interrupt_in(double seconds) {
    struct itimerval t = {.it_value = {(time_t)seconds, (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6)}};
    setitimer(ITIMER_REAL, &t, NULL);
}

static void fill(lsv_dtype t, void *x, ptrdiff_t n, uint64_t seed) {
    for (ptrdiff_t i = 0; i < n; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        double v = (double)(int64_t)seed * 0x1p-63;
        if (t == LSV_FLOAT64) ((double *)x)[i] = v;
        else ((float *)x)[i] = (float)v;
    }
}

/* ---- the same, directly and as a job ---- */

enum { N = 200, MOST = N * N + 64 };

typedef struct room {
    void *a, *b, *c, *d;
    char small[3][8 * N]; /* on the stack, as callers have vectors */
    int info, rank, piv[N];
} room;

static void dominant(lsv_dtype t, room *r) { /* symmetric enough, definite, well conditioned */
    for (ptrdiff_t i = 0; i < N; i++)
        for (ptrdiff_t j = 0; j <= i; j++) {
            double x = t == LSV_FLOAT64 ? ((double *)r->a)[i * N + j] : (double)((float *)r->a)[i * N + j];
            x = i == j ? N : x;
            if (t == LSV_FLOAT64) ((double *)r->a)[i * N + j] = ((double *)r->a)[j * N + i] = x;
            else ((float *)r->a)[i * N + j] = ((float *)r->a)[j * N + i] = (float)x;
        }
}

static void set_up(lsv_dtype t, room *r) {
    fill(t, r->a, MOST, 1);
    fill(t, r->b, MOST, 2);
    fill(t, r->c, MOST, 3);
    fill(t, r->d, MOST, 4);
    memset(r->small, 0, sizeof r->small);
    memset(r->piv, 0, sizeof r->piv);
    r->info = r->rank = -7;
    dominant(t, r);
}

#define CPU lsv_backend_cpu
/* X(name, types, call): t, r and err are there; panels are float64 only */
#define CALLS(X)                                                                                                 \
    X(gemm, 2, CPU.gemm(t, false, true, N, N, N, 1, r->a, N, r->b, N, 0.5, r->c, N, err))                          \
    X(gemm_thin, 2, CPU.gemm(t, true, false, 3, 4, N * N / 4, 2, r->a, 3, r->b, 4, 0, r->small[0], 4, err))        \
    X(syrk, 2, CPU.syrk(t, false, N, N, r->b, N, r->c, N, err))                                                    \
    X(trsm, 2, CPU.trsm(t, true, true, false, false, N, N, r->a, N, r->b, N, err))                                 \
    X(gesdd, 2, CPU.gesdd(t, 'S', N, N, r->b, N, r->small[0], r->c, N, r->d, N, &r->info, err))                    \
    X(gesdd_values, 2, CPU.gesdd(t, 'N', N, N, r->b, N, r->small[0], NULL, N, NULL, N, &r->info, err))             \
    X(gesvd, 2, CPU.gesvd(t, 'A', 180, 150, r->b, 180, r->small[0], r->c, 180, r->d, 150, &r->info, err))          \
    X(geqrf, 2, CPU.geqrf(t, N, N, r->b, N, r->small[0], &r->info, err))                                           \
    X(orgqr, 2, (CPU.geqrf(t, N, N, r->b, N, r->small[0], &r->info, err), CPU.orgqr(t, N, N, N, r->b, N, r->small[0], &r->info, err))) \
    X(syevd, 2, CPU.syevd(t, true, true, N, r->a, N, r->small[0], &r->info, err))                                  \
    X(syevr, 2, CPU.syevr(t, N, 40, r->a, N, r->small[0], r->c, N, &r->info, err))                                 \
    X(geev, 2, CPU.geev(t, 150, r->b, 150, r->small[0], r->small[1], r->c, 150, &r->info, err))                    \
    X(potrf, 2, CPU.potrf(t, true, N, r->a, N, &r->info, err))                                                     \
    X(getrf, 2, CPU.getrf(t, N, N, r->b, N, r->piv, &r->info, err))                                                \
    X(getrs, 2, (CPU.getrf(t, N, N, r->b, N, r->piv, &r->info, err), CPU.getrs(t, false, N, N, r->b, N, r->piv, r->c, N, &r->info, err))) \
    X(getri, 2, (CPU.getrf(t, N, N, r->b, N, r->piv, &r->info, err), CPU.getri(t, N, r->b, N, r->piv, &r->info, err))) \
    X(gesv, 2, CPU.gesv(t, N, N, r->a, N, r->piv, r->b, N, &r->info, err))                                         \
    X(gelsd, 2, CPU.gelsd(t, N, 150, 3, r->b, N, r->c, N, r->small[0], 1e-10, &r->rank, &r->info, err))            \
    X(gelss, 2, CPU.gelss(t, N, 150, 3, r->b, N, r->c, N, r->small[0], 1e-10, &r->rank, &r->info, err))            \
    X(gelsy, 2, CPU.gelsy(t, N, 150, 3, r->b, N, r->c, N, 1e-10, &r->rank, &r->info, err))                         \
    X(gels, 2, CPU.gels(t, N, 150, 3, r->b, N, r->c, N, &r->info, err))                                            \
    X(gemv, 2, CPU.gemv(t, true, N, N, r->a, N, r->small[1], 1, r->small[0], 2, err))                              \
    X(dot, 2, CPU.dot(t, N, r->a, 3, r->b, 1, r->small[2], err))                                                   \
    X(panel, 1, CPU.panel(t, N, N, N / 8 * 8, r->a, N, r->b, N, true, r->c, N, err))                               \
    X(panel_t, 1, CPU.panel_t(t, N, N, N / 8 * 8, r->a, N, r->b, N, r->c, N, err))                                 \
    X(panel_gram, 1, CPU.panel_gram(t, N, N, N / 8 * 8, r->a, N, r->b, N, r->c, N, err))

#define FUNCTION(name, types, call) \
    static lsv_status do_##name(lsv_dtype t, room *r, lsv_error *err) { return call; }
CALLS(FUNCTION)

static const struct {
    const char *name;
    int types;
    lsv_status (*run)(lsv_dtype, room *, lsv_error *);
} calls[] = {
#define ROW(name, types, call) {#name, types, do_##name},
    CALLS(ROW)
};

static bool room_new(room *r) {
    r->a = lsv_malloc(MOST * sizeof(double));
    r->b = lsv_malloc(MOST * sizeof(double));
    r->c = lsv_malloc(MOST * sizeof(double));
    r->d = lsv_malloc(MOST * sizeof(double));
    return r->a && r->b && r->c && r->d;
}

static void room_free(room *r) {
    lsv_free(r->a);
    lsv_free(r->b);
    lsv_free(r->c);
    lsv_free(r->d);
}

static bool same(const room *x, const room *y) {
    return memcmp(x->a, y->a, MOST * sizeof(double)) == 0 && memcmp(x->b, y->b, MOST * sizeof(double)) == 0 &&
           memcmp(x->c, y->c, MOST * sizeof(double)) == 0 && memcmp(x->d, y->d, MOST * sizeof(double)) == 0 &&
           memcmp(x->small, y->small, sizeof x->small) == 0 && memcmp(x->piv, y->piv, sizeof x->piv) == 0 &&
           x->info == y->info && x->rank == y->rank;
}

static void test_same(void) {
    static room x, y;
    lsv_error err;
    if (!room_new(&x) || !room_new(&y)) return;
    double worth = lsv_cpu_job_worth;
    lsv_cpu_job_worth = 1;
    for (size_t k = 0; k < sizeof calls / sizeof *calls; k++)
        for (int type = 0; type < calls[k].types; type++) {
            lsv_dtype t = type ? LSV_FLOAT32 : LSV_FLOAT64;
            memset(x.a, 0, MOST * sizeof(double)), memset(x.b, 0, MOST * sizeof(double));
            memset(x.c, 0, MOST * sizeof(double)), memset(x.d, 0, MOST * sizeof(double));
            memcpy(y.a, x.a, MOST * sizeof(double)), memcpy(y.b, x.b, MOST * sizeof(double));
            memcpy(y.c, x.c, MOST * sizeof(double)), memcpy(y.d, x.d, MOST * sizeof(double));
            set_up(t, &x);
            set_up(t, &y);
            lsv_jobs_enable(false);
            lsv_status direct = calls[k].run(t, &x, &err);
            lsv_jobs_enable(true);
            lsv_interrupt(); /* a job does not even begin then, and a direct call does not look */
            CHECK(calls[k].run(t, &y, &err) == LSV_EINTR);
            CHECK(lsv_interrupt_take());
            lsv_status job = calls[k].run(t, &y, &err);
            bool good = direct == LSV_OK && job == LSV_OK && same(&x, &y);
            if (!good) printf("%s, type %d\n", calls[k].name, type);
            CHECK(good);
        }
    lsv_cpu_job_worth = worth;
    room_free(&x);
    room_free(&y);
}

/* ---- walked away from ---- */

static void test_abandon(void) {
    enum { BIG = 1100 };
    long live = lsv_alloc_live();
    int threads = openblas_get_num_threads();
    static double s[BIG], first[N * N], again[N * N], small[N * N];
    lsv_error err;
    int info = -7;
    fill(LSV_FLOAT64, small, N * N, 9);
    lsv_jobs_enable(false);
    CPU.gemm(LSV_FLOAT64, false, false, 60, 60, 60, 1, small, 60, small, 60, 0, first, 60, &err);
    lsv_jobs_enable(true);
    double *a = lsv_malloc(BIG * BIG * sizeof *a), *u = lsv_malloc(BIG * BIG * sizeof *u), *vt = lsv_malloc(BIG * BIG * sizeof *vt);
    fill(LSV_FLOAT64, a, BIG * BIG, 5);
    interrupt_in(0.05);
    double start = now();
    CHECK(CPU.gesdd(LSV_FLOAT64, 'S', BIG, BIG, a, BIG, s, u, BIG, vt, BIG, &info, &err) == LSV_EINTR);
    CHECK(now() - start < 2 && info == -7 && lsv_interrupt_take());
    lsv_free(a);
    lsv_free(u);
    lsv_free(vt);
    for (int k = 0; k < 20; k++) {
        CPU.gemm(LSV_FLOAT64, false, false, 60, 60, 60, 1, small, 60, small, 60, 0, again, 60, &err);
        CHECK(memcmp(first, again, 60 * 60 * sizeof(double)) == 0);
    }
    CHECK(lsv_jobs_settle(300));
    CHECK(lsv_alloc_live() == live);
    CHECK(openblas_get_num_threads() == threads);
}

/* ---- mapped files ---- */

static void test_mapping(void) {
    char path[] = "/tmp/lsv-test-job-XXXXXX";
    int fd = mkstemp(path);
    static char page[1 << 20];
    memset(page, 7, sizeof page);
    CHECK(fd >= 0 && write(fd, page, sizeof page) == (ssize_t)sizeof page);
    close(fd);
    lsv_storage *bytes;
    CHECK(lsv_bytes_open(path, &bytes, NULL) == LSV_OK);
    const volatile char *at = bytes->data;
    lsv_hold hold = {.from = (const char *)at, .to = (const char *)at + sizeof page};
    lsv_hold_begin(&hold, 1);
    lsv_bytes_release(bytes);
    CHECK(at[12345] == 7); /* would be a fault */
    lsv_hold_end(&hold, 1);
    unlink(path);
}

/* ---- the limit ---- */

static void test_limit(void) {
    lsv_error err;
    if (LSV_NO_POOLS) lsv_alloc_limit((size_t)64 << 20); /* the sanitizer's malloc does not say what is in use */
    char *before = lsv_malloc(20 << 20);
    if (!LSV_NO_POOLS) lsv_alloc_limit((size_t)64 << 20);
    char *a = lsv_malloc(10 << 20);
    CHECK(a != NULL);
    CHECK(lsv_malloc((size_t)64 << 20) == NULL); /* what is in use counts */
    CHECK(lsv_no_memory(&err, (size_t)64 << 20) == LSV_ENOMEM);
    CHECK(strstr(err.message, "64.0 MiB asked for") && strstr(err.message, "the limit is 64.0 MiB"));
    lsv_free(before);
    before = lsv_malloc(40 << 20);
    CHECK(before != NULL); /* what was freed does not */
    CHECK(lsv_calloc(30, 1 << 20) == NULL && lsv_realloc(a, 30 << 20) == NULL);
    size_t blocks = 0, most = 100000; /* small blocks count too */
    char **all = malloc(most * sizeof *all);
    while (blocks < most && (all[blocks] = lsv_malloc(1000)) != NULL) blocks++;
    CHECK(blocks > 5000 && blocks < 20000);
    while (blocks) lsv_free(all[--blocks]);
    CHECK((all[0] = lsv_malloc(5 << 20)) != NULL);
    lsv_free(all[0]);
    free(all);
    lsv_alloc_limit(0);
    char *more = lsv_malloc((size_t)80 << 20);
    CHECK(more != NULL);
    lsv_no_memory(&err, 0);
    CHECK_TEXT(err.message, "out of memory");
    lsv_free(more);
    lsv_free(a);
    lsv_free(before);
}

int main(void) {
    struct sigaction action = {.sa_handler = on_alarm};
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    test_same();
    test_abandon();
    test_mapping();
    test_limit();
    lsv_jobs_enable(false);
    return check_done();
}
