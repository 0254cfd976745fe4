/* The thin products: every family of kernels against plain loops, at awkward sizes and strides, on threads. */
#include "backend/cpu/cpu.h"
#include "backend/cpu/workers.h"
#include "base/alloc.h"
#include "check.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

static double *numbers(ptrdiff_t n, unsigned seed) {
    double *x = malloc((size_t)(n + 1) * sizeof *x);
    uint64_t s = seed + 1;
    if (!x) exit(2);
    for (ptrdiff_t i = 0; i < n; i++) s = s * 6364136223846793005u + 1442695040888963407u, x[i] = (double)(int32_t)(s >> 32) / 2147483648.0;
    return x;
}

static double farthest(const double *x, const double *y, ptrdiff_t n) {
    double most = 0;
    for (ptrdiff_t i = 0; i < n; i++) most = fmax(most, fabs(x[i] - y[i]));
    return most;
}

static void one(ptrdiff_t m, ptrdiff_t n, ptrdiff_t b, ptrdiff_t lda, ptrdiff_t ldx) {
    double *a = numbers(m * lda, 1), *x = numbers(n * ldx, 2), *y = numbers(m * ldx, 3), *z = numbers(n * ldx, 4);
    double *wy = calloc((size_t)(m * ldx), sizeof *wy), *wz = calloc((size_t)(n * ldx), sizeof *wz), *before = numbers(m * ldx, 3);
    lsv_error err;
    if (!wy || !wz) exit(2);
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t k = 0; k < n; k++)
            for (ptrdiff_t j = 0; j < b; j++) wy[i * ldx + j] += a[i * lda + k] * x[k * ldx + j];
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t k = 0; k < n; k++)
            for (ptrdiff_t j = 0; j < b; j++) wz[k * ldx + j] += a[i * lda + k] * wy[i * ldx + j];
    double tol = 1e-14 * (double)(m + n) * (double)(m + n);
    CHECK(lsv_cpu_panel(LSV_FLOAT64, m, n, b, a, lda, x, ldx, true, y, ldx, &err) == LSV_OK);
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t j = 0; j < b; j++) y[i * ldx + j] -= before[i * ldx + j];
    for (ptrdiff_t i = 0; i < m; i++) CHECK(farthest(y + i * ldx, wy + i * ldx, b) <= tol);
    for (ptrdiff_t i = 0; i < m && ldx > b; i++) CHECK(y[i * ldx + b] == before[i * ldx + b]); /* beyond b: untouched */
    CHECK(lsv_cpu_panel(LSV_FLOAT64, m, n, b, a, lda, x, ldx, false, y, ldx, &err) == LSV_OK);
    for (ptrdiff_t i = 0; i < m; i++) CHECK(farthest(y + i * ldx, wy + i * ldx, b) <= tol);
    CHECK(lsv_cpu_panel_t(LSV_FLOAT64, m, n, b, a, lda, wy, ldx, z, ldx, &err) == LSV_OK);
    for (ptrdiff_t i = 0; i < n; i++) CHECK(farthest(z + i * ldx, wz + i * ldx, b) <= tol);
    CHECK(lsv_cpu_panel_gram(LSV_FLOAT64, m, n, b, a, lda, x, ldx, z, ldx, &err) == LSV_OK);
    for (ptrdiff_t i = 0; i < n; i++) CHECK(farthest(z + i * ldx, wz + i * ldx, b) <= tol);
    free(a), free(x), free(y), free(z), free(wy), free(wz), free(before);
}

static void count(void *context, int id, int parts) { ((int *)context)[id] += parts; }

static void failed_allocations(void) {
    double *a = numbers(400 * 400, 1), *z = numbers(400 * 24, 2);
    long live = lsv_alloc_live();
    lsv_error err;
    lsv_alloc_fail_at(1);
    lsv_status status = lsv_cpu_panel_gram(LSV_FLOAT64, 400, 400, 24, a, 400, a, 400, z, 24, &err);
    lsv_alloc_fail_at(0);
    CHECK(status == LSV_ENOMEM && lsv_alloc_live() == live);
    CHECK(lsv_cpu_panel(LSV_FLOAT64, 8, 8, 7, a, 400, a, 400, false, z, 24, &err) == LSV_ENOTIMPL);
    CHECK(lsv_cpu_panel(LSV_FLOAT32, 8, 8, 8, a, 400, a, 400, false, z, 24, &err) == LSV_ENOTIMPL);
    free(a), free(z);
}

/* The sum of squares, on one thread and on several, of a matrix within a wider one. */
static void squares(void) {
    const ptrdiff_t sizes[][3] = {{1, 1, 1}, {3, 17, 20}, {0, 5, 5}, {700, 333, 340}, {40, 5000, 5000}};
    for (int i = 0; i < 5; i++) {
        ptrdiff_t m = sizes[i][0], n = sizes[i][1], lda = sizes[i][2];
        double *a = numbers(m * lda, 7), sum = 0;
        for (ptrdiff_t r = 0; r < m; r++)
            for (ptrdiff_t c = 0; c < n; c++) sum += a[r * lda + c] * a[r * lda + c];
        CHECK(fabs(lsv_backend_square(m, n, a, lda) - sum) <= 1e-13 * sum);
        if (m > 0 && lda > n) { /* what is beside the matrix does not count */
            a[n] = (double)NAN;
            CHECK(isfinite(lsv_backend_square(m, n, a, lda)));
        }
        if (m > 0) {
            a[(m - 1) * lda + n - 1] = (double)INFINITY;
            CHECK(isinf(lsv_backend_square(m, n, a, lda)));
            a[(m - 1) * lda + n - 1] = (double)NAN;
            CHECK(isnan(lsv_backend_square(m, n, a, lda)));
        }
        free(a);
    }
}

/* Awake, the workers are given smaller pieces; the answers are the same, and the calls nest. */
static void awake(void) {
    CHECK(!lsv_workers_awake());
    lsv_workers_expect(true);
    lsv_workers_expect(true);
    CHECK(lsv_workers_awake());
    one(130, 310, 8, 310, 8), one(310, 130, 16, 131, 16), one(600, 70, 24, 70, 24);
    lsv_workers_expect(false);
    CHECK(lsv_workers_awake());
    lsv_workers_expect(false);
    CHECK(!lsv_workers_awake());
}

static pthread_t caller;
static atomic_int by_others;

static double seconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A millisecond's work; others than the caller are put aside for as many as *context meanwhile. */
static void hold_up(void *context, int id, int parts) {
    double until = seconds(CLOCK_THREAD_CPUTIME_ID) + 1e-3;
    (void)id, (void)parts;
    if (!pthread_equal(caller, pthread_self())) {
        atomic_fetch_add(&by_others, 1);
        nanosleep(&(struct timespec){0, (long)(*(const double *)context * 1e6)}, NULL);
    }
    while (seconds(CLOCK_THREAD_CPUTIME_ID) < until) continue;
}

/* Workers that are put aside in the middle of their parts are left alone for a while, and then tried again. */
static void put_aside(void) {
    double slow = 80, quick = 0;
    int parts = lsv_workers(), before, theirs = 0;
    if (parts < 2) return;
    caller = pthread_self();
    lsv_workers_expect(true);
    for (int i = 0; i < 20 && (theirs == 0 || theirs == parts); i++) { /* until one round is done by both */
        before = by_others;
        lsv_workers_run(parts, hold_up, &slow);
        theirs = by_others - before;
    }
    before = by_others;
    double from = seconds(CLOCK_MONOTONIC);
    for (int i = 0; i < 5 && seconds(CLOCK_MONOTONIC) - from < 0.03; i++) { /* while it lasts, on a busy machine too */
        lsv_workers_run(parts, hold_up, &slow);
        CHECK(by_others == before);
    }
    for (int i = 0; i < 3000 && by_others == before; i++) lsv_workers_run(parts, hold_up, &quick);
    CHECK(by_others > before);
    lsv_workers_expect(false);
}

int main(void) {
    const char *families[] = {"portable", "avx2", "avx512"};
    for (int f = 0; f < 3; f++) {
        if (!lsv_cpu_panel_force(families[f])) continue;
        CHECK_TEXT(lsv_cpu_panel_family(), families[f]);
        for (ptrdiff_t b = 8; b <= 48; b += 8) one(67, 45, b, 45, b);
        one(67, 53, 8, 53, 8), one(1, 48, 8, 48, 9), one(38, 600, 8, 601, 8), one(25, 50, 8, 64, 8); /* eight columns, */
        one(61, 203, 8, 210, 8);                                                                    /* tails of all kinds */
        one(1, 1, 8, 1, 8), one(7, 3, 16, 5, 24), one(8, 600, 24, 600, 24), one(130, 1030, 8, 1031, 40), one(200, 210, 32, 256, 33);
    }
    lsv_cpu_panel_force(NULL);
    int seen[64] = {0}, parts = lsv_workers();
    for (int i = 0; i < 1000; i++) lsv_workers_run(parts, count, seen);
    for (int i = 0; i < parts; i++) CHECK(seen[i] == 1000 * parts);
    squares();
    awake();
    put_aside();
    failed_allocations();
    return check_done();
}
