/* Arrays and algorithms on the GPU, in this process, on the test shim: where a copy is and when it is made, what a residence
   costs in bytes moved, Ctrl-C, and what the cost model learns. */
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include "backend/backend.h"
#include "backend/cuda/inside.h"
#include "base/interrupt.h"
#include "base/job.h"
#include "check.h"
#include "linalg/truncated.h"
#include "there.h"

static char builds[PATH_MAX]; /* the build folder */

/* Ctrl-C while cuSOLVER blocks: back at once, the next answers right, the device's memory given back when it ends. */
static void stopping(void) {
    lsv_error err;
    char folder[PATH_MAX + 20];
    snprintf(folder, sizeof folder, "%s/cushim13", builds);
    setenv("LSV_CUDA_LIBDIR", folder, 1);
    CHECK(lsv_gpu_count(NULL) == 1 && lsv_backend_set("gpu", &err) == LSV_OK);
    lsv_gpu_info info;
    CHECK(lsv_gpu_describe(&info, &err) == LSV_OK && strcmp(info.name, "Test GPU 0") == 0 && info.bytes_total == (size_t)1 << 30);
    lsv_array *a = made(LSV_NUMPY, LSV_FLOAT64, 60, 50), *U = NULL, *S = NULL, *Vh = NULL;
    CHECK(lsv_svd(a, false, LSV_SVD_AUTO, &U, &S, &Vh, &err) == LSV_OK);
    CHECK(strstr(lsv_backend_explain(), "gpu (forced)") && strstr(lsv_backend_explain(), "gesvdp"));
    lsv_release(U), lsv_release(S), lsv_release(Vh);
    lsv_jobs_enable(true);
    setenv("CUSHIM_SLOW", "2000", 1);
    struct sigaction action = {.sa_handler = (void (*)(int))(void (*)(void))lsv_interrupt};
    sigaction(SIGALRM, &action, NULL);
    ualarm(100000, 0);
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    CHECK(lsv_svd(a, false, LSV_SVD_AUTO, &U, &S, &Vh, &err) == LSV_EINTR);
    clock_gettime(CLOCK_MONOTONIC, &after);
    double seconds = (double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec);
    CHECK(seconds < 1.5 && lsv_interrupt_take());
    setenv("CUSHIM_SLOW", "0", 1);
    CHECK(lsv_svd(a, false, LSV_SVD_AUTO, &U, &S, &Vh, &err) == LSV_OK); /* by the CPU, or the GPU once it is free */
    lsv_release(U), lsv_release(S), lsv_release(Vh);
    CHECK(lsv_jobs_settle(30));
    for (int i = 0; i < 2; i++) {
        CHECK(lsv_svd(a, false, LSV_SVD_AUTO, &U, &S, &Vh, &err) == LSV_OK);
        lsv_release(U), lsv_release(S), lsv_release(Vh);
    }
    size_t used, kept, most;
    lsv_gpu_synchronize(&err);
    lsv_gpu_memory(&used, &kept, &most);
    CHECK(used == 0 && most > 0);
    lsv_jobs_enable(false);
    lsv_release(a);
}

/* Where a copy is: nothing is copied that is not read, and what was written is not lost. */
static void mirrors(void) {
    lsv_error err;
    lsv_array *a = made(LSV_TORCH, LSV_FLOAT64, 600, 500), *d = NULL, *e = NULL, *v = NULL;
    CHECK(lsv_to_device(a, 1, &d, &err) == LSV_OK && d->device == 1 && d->storage->mirror->device_valid);
    CHECK(!d->storage->mirror->host_valid); /* large: uploaded straight */
    CHECK(lsv_to_device(d, 1, &e, &err) == LSV_OK && e == d);
    lsv_release(e);
    CHECK(lsv_transpose(d, NULL, &v, &err) == LSV_OK && v->device == 1 && v->storage == d->storage);
    CHECK(lsv_unary(LSV_FN_NEG, v, &e, &err) == LSV_OK && !e->storage->mirror->host_valid && !d->storage->mirror->host_valid);
    CHECK(lsv_host(e, &err) == LSV_OK && ((double *)(void *)e->data)[1] == -((double *)(void *)a->data)[500]);
    CHECK(lsv_host_write(d, &err) == LSV_OK && !d->storage->mirror->device_valid);
    CHECK(lsv_mirror_find(d->data + 8, 8) == d->storage->mirror && lsv_mirror_find(a->data, 8) == NULL);
    CHECK(lsv_mirror_count() == 2 && lsv_mirror_give_back((size_t)1 << 40, true) >= d->storage->bytes);
    CHECK(lsv_put_on(d, 0, &err) == LSV_OK && d->device == 0);
    lsv_release(v);
    CHECK(lsv_put_on(d, 0, &err) == LSV_OK && d->storage->mirror == NULL && alike(d, a));
    lsv_release(a), lsv_release(d), lsv_release(e);
    CHECK(lsv_mirror_count() == 0);
}

/* The iteration on a matrix that is there: the matrix never comes home, a step moves blocks of coefficients, and what is
   long and thin comes once, as the result. */
static void resident(void) {
    lsv_error err;
    enum { M = 700, N = 600, K = 12 };
    for (int i = 0; i < 2; i++) {
        pair a = standing_out(i ? LSV_FLOAT32 : LSV_FLOAT64, M, N, 0.02); /* more than a megabyte: there alone */
        lsv_array *U = NULL, *S = NULL, *Vh = NULL;
        lsv_svd_info info = {0};
        CHECK(a.there && !a.there->storage->mirror->host_valid);
        size_t before = lsv_cu_copied_up() + lsv_cu_copied_down();
        CHECK(lsv_svd_truncated(a.there, K, NULL, &U, &S, &Vh, &info, &err) == LSV_OK);
        size_t moved = lsv_cu_copied_up() + lsv_cu_copied_down() - before;
        size_t start = (size_t)N * 8 * sizeof(double), result = (size_t)(M + N) * 16 * sizeof(double);
        size_t steps = (size_t)info.iterations * 8 * 8 * sizeof(double) * (8 + 2 * (size_t)info.iterations);
        CHECK_TEXT(info.method, "block Krylov");
        CHECK(moved < start + result + steps + 200000);
        if (moved >= start + result + steps + 200000) printf("%zu bytes moved in %d steps\n", moved, info.iterations);
        CHECK(!a.there->storage->mirror->host_valid && lsv_scratch_count() == 0);
        CHECK(is_best(i ? LSV_FLOAT32 : LSV_FLOAT64, a.here, U, S, Vh));
        lsv_release(U), lsv_release(S), lsv_release(Vh);
        drop(a);
    }
    CHECK(lsv_mirror_count() == 0);
}

/* An algorithm's scratch: what is written there stays there, a part of it too, until the host looks; given back to make room, it is
   copied; an operation that fails on it says so. */
static void scratch_is_kept(void) {
    lsv_error err;
    enum { N = 64, B = 8 };
    static double v[N * 2 * B], x[N * B], eye[B * B];
    for (int i = 0; i < N * B; i++) x[i] = i;
    for (int i = 0; i < B; i++) eye[i * B + i] = 1;
    CHECK(lsv_scratch_begin(v, sizeof v) && lsv_scratch_begin(x, sizeof x) && !lsv_scratch_begin(x, sizeof x));
    CHECK(lsv_scratch_count() == 2 && lsv_scratch_is(v) && lsv_scratch_is(x + 5) && !lsv_scratch_is(eye));
    lsv_scratch_written(x);
    size_t up = lsv_cu_copied_up(), down = lsv_cu_copied_down();
    const lsv_backend *be = lsv_backend_for(LSV_BE_PANEL, LSV_FLOAT64, N, B, B);
    CHECK(be->panel(LSV_FLOAT64, N, B, B, x, B, eye, B, false, v + B, 2 * B, &err) == LSV_OK); /* the right half */
    CHECK(lsv_scratch_copy(v, 2 * B, x, B, N, B, &err) == LSV_OK);                             /* and the left */
    CHECK(lsv_cu_copied_up() - up == sizeof x + sizeof eye && lsv_cu_copied_down() == down && v[B + 1] == 0);
    double squares[N], want = 0;
    CHECK(lsv_scratch_row_squares(v, N, 2 * B, squares, &err) == LSV_OK);
    for (int j = 0; j < B; j++) want += 2 * x[3 * B + j] * x[3 * B + j];
    CHECK(squares[3] == want);
    CHECK(lsv_mirror_give_back((size_t)1 << 40, true) >= sizeof v && v[B + 1] == 1 && v[2 * B] == B);
    CHECK(be->panel(LSV_FLOAT64, N, B, B, x, B, eye, B, true, v, 2 * B, &err) == LSV_OK);
    CHECK(lsv_scratch_read(v, &err) == LSV_OK && v[1] == 2 && v[B + 1] == 1);
    setenv("CUSHIM_FAIL", "cublasGemmEx:1", 1);
    CHECK(be->panel(LSV_FLOAT64, N, B, B, x, B, eye, B, false, v, 2 * B, &err) == LSV_ENOTIMPL);
    unsetenv("CUSHIM_FAIL");
    CHECK(lsv_scratch_read(v, &err) == LSV_ENOTIMPL);
    lsv_scratch_end(v), lsv_scratch_end(x), lsv_scratch_end(x);
    CHECK(lsv_scratch_count() == 0 && lsv_mirror_count() == 0 && !lsv_scratch_is(v) && lsv_scratch_read(v, &err) == LSV_OK);
}

/* Learning, choosing and explaining; calibration in a cache folder of its own. */
static void steps_of(void *context, const char *what, int at, int of) {
    (void)what, (void)of;
    *(int *)context = at;
}
static void estimates(void) {
    lsv_error err;
    char folder[PATH_MAX + 20], command[2 * PATH_MAX];
    snprintf(folder, sizeof folder, "%s/cache_of_test", builds);
    setenv("XDG_CACHE_HOME", folder, 1);
    int at = 0;
    CHECK(lsv_backend_set("auto", &err) == LSV_OK);
    CHECK(lsv_backend_calibrate(steps_of, &at, &err) == LSV_OK && at > 10);
    CHECK_TEXT(lsv_backend_get(), "auto");
    snprintf(command, sizeof command, "grep -q '^gpu gemm float64' %s/lsv/dispatch-v1-*.txt", folder);
    CHECK(system(command) == 0);
    lsv_array *a = made(LSV_NUMPY, LSV_FLOAT64, 300, 300), *b = NULL;
    CHECK(lsv_matmul(a, a, &b, &err) == LSV_OK);
    CHECK(strstr(lsv_backend_explain(), "estimate cpu") && strstr(lsv_backend_explain(), "[measured here]"));
    lsv_release(a), lsv_release(b);
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK(system(command) == 0);
}

int main(void) {
    if (!realpath("/proc/self/exe", builds)) return 1;
    for (int i = 0; i < 2; i++) *strrchr(builds, '/') = '\0';
    stopping();
    mirrors();
    resident();
    scratch_is_kept();
    estimates();
    return check_done();
}
