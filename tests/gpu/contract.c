/* What the test shim takes for granted of CUDA, asked of whatever is installed: run on a machine with a GPU it says whether the
   shim is right, and how long the stages of starting and copies take there. On the shim it says that the questions are right. */
#include <stdlib.h>
#include <time.h>
#include "array/mirror.h"
#include "backend/cuda/inside.h"
#include "base/alloc.h"
#include "check.h"

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static lsv_error err;

static bool stages(void) {
    double t0 = now();
    const char *why = "";
    if (!lsv_gpu_count(&why)) {
        printf("no GPU: %s\n", why);
        return false;
    }
    double t1 = now();
    if (lsv_cu_start(&err) != LSV_OK) {
        printf("no GPU: %s\n", err.message);
        return false;
    }
    double t2 = now();
    bool solver = lsv_cu_start_solver(&err) == LSV_OK;
    double t3 = now();
    lsv_gpu_info info;
    CHECK(lsv_gpu_describe(&info, &err) == LSV_OK);
    printf("%s, compute capability %d.%d, %d multiprocessors, %.1f of %.1f GiB free, CUDA %d.%d on a driver for %d.%d\n", info.name,
           info.cc_major, info.cc_minor, info.multiprocessors, (double)info.bytes_free / 0x1p30, (double)info.bytes_total / 0x1p30,
           info.runtime / 1000, info.runtime % 1000 / 10, info.driver / 1000, info.driver % 1000 / 10);
    printf("found in %.1f ms, context and cuBLAS up in %.0f ms, cuSOLVER in %.0f ms\n", (t1 - t0) * 1e3, (t2 - t1) * 1e3, (t3 - t2) * 1e3);
    CHECK(solver);
    return solver;
}

/* The SVD's restrictions, on which its driver policy rests. */
static void restrictions(void) {
    void *a = NULL;
    size_t there, here;
    CHECK(lsv_cu_alloc(4096, &a, &err) == LSV_OK);
    cu_type t = CU_R_64F;
    CHECK((int)lsv_cu.cusolverDnXgesvd_bufferSize(lsv_cu_dev.solver, lsv_cu_dev.params, 'S', 'S', 3, 4, t, a, 3, t, a, t, a, 3, t, a, 3,
                                                  t, &there, &here) == CU_SOLVER_INVALID_VALUE); /* wide */
    CHECK(!lsv_cu.cusolverDnXgesvd_bufferSize(lsv_cu_dev.solver, lsv_cu_dev.params, 'N', 'N', 4, 3, t, a, 4, t, a, t, NULL, 4, t, NULL, 3,
                                              t, &there, &here)); /* no vectors, no room for them */
    if (lsv_cu.cusolverDnXgesvdp_bufferSize) {
        CHECK(!lsv_cu.cusolverDnXgesvdp_bufferSize(lsv_cu_dev.solver, lsv_cu_dev.params, CU_VECTORS, 1, 3, 4, t, a, 3, t, a, t, a, 3, t, a,
                                                   4, t, &there, &here)); /* wide, and taken */
        CHECK((int)lsv_cu.cusolverDnXgesvdp_bufferSize(lsv_cu_dev.solver, lsv_cu_dev.params, CU_NO_VECTORS, 1, 4, 3, t, a, 4, t, a, t,
                                                       NULL, 1, t, NULL, 1, t, &there, &here) != 0); /* vectors wanted even so */
    }
    lsv_cu_free(a);
}

/* Too much memory is refused, and refusing it harms nothing. */
static void memory(void) {
    void *a = NULL, *b = NULL;
    size_t available, total;
    CHECK(!lsv_cu.cudaMemGetInfo(&available, &total) && available <= total);
    CHECK((int)lsv_cu.cudaMalloc(&a, 2 * total) == CU_OUT_OF_MEMORY);
    CHECK((int)lsv_cu.cudaGetLastError() == CU_OUT_OF_MEMORY && !lsv_cu.cudaGetLastError());
    CHECK(lsv_cu_alloc(2 * total, &a, &err) == LSV_ENOMEM && lsv_cu_now() == LSV_CU_UP);
    CHECK(lsv_cu_alloc(1 << 20, &b, &err) == LSV_OK);
    lsv_cu_free(b);
}

/* Work is done in the order in which it was queued, copies and frees too. */
static void order(void) {
    enum { N = 1 << 16 };
    double *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    void *a = NULL, *b = NULL;
    for (int i = 0; i < N; i++) x[i] = i;
    for (int round = 0; round < 20; round++) {
        CHECK(lsv_cu_alloc(N * sizeof *x, &a, &err) == LSV_OK);
        CHECK(lsv_cu_upload(a, 0, x, N * sizeof *x, N * sizeof *x, 1, &err) == LSV_OK);
        CHECK(lsv_cu_alloc(N * sizeof *x, &b, &err) == LSV_OK);
        CHECK(lsv_cu_transpose(LSV_FLOAT64, 256, 256, a, 256, b, 256, &err) == LSV_OK);
        lsv_cu_free(a); /* while it is read */
        memset(y, 0, N * sizeof *y);
        CHECK(lsv_cu_download(y, N * sizeof *y, b, 0, N * sizeof *y, 1, &err) == LSV_OK);
        CHECK(y[1] == 256 && y[256] == 1 && y[N - 1] == N - 1);
        lsv_cu_free(b);
    }
    free(x);
    free(y);
}

static void bandwidth(size_t most) {
    char *x = malloc(most);
    memset(x, 1, most);
    for (size_t bytes = 1 << 16; bytes <= most; bytes *= 16) {
        void *a = NULL;
        if (lsv_cu_alloc(bytes, &a, &err) != LSV_OK) break;
        double up = INFINITY, down = INFINITY;
        for (int i = 0; i < 4; i++) {
            double t = now();
            CHECK(lsv_cu_upload(a, 0, x, bytes, bytes, 1, &err) == LSV_OK && lsv_cu_wait(&err) == LSV_OK);
            up = fmin(up, now() - t);
            t = now();
            CHECK(lsv_cu_download(x, bytes, a, 0, bytes, 1, &err) == LSV_OK);
            down = fmin(down, now() - t);
        }
        printf("copies of %zu KiB: %.1f GB/s there, %.1f GB/s back\n", bytes >> 10, (double)bytes / up * 1e-9, (double)bytes / down * 1e-9);
        lsv_cu_free(a);
    }
    free(x);
}

/* What cuBLAS itself reaches in products: seconds each, ten queued at a time, the best of three. Lines for bench.py. */
static void rates(void) {
    static const ptrdiff_t large[] = {2048, 4096, 8192, 0}, small[] = {64, 128, 0};
    const ptrdiff_t *sizes = lsv_cu_dev.info.multiprocessors >= 16 ? large : small;
    for (int wide = 0; wide < 2; wide++)
        for (int i = 0; sizes[i]; i++) {
            lsv_dtype t = wide ? LSV_FLOAT64 : LSV_FLOAT32;
            ptrdiff_t n = sizes[i];
            size_t bytes = (size_t)(n * n) * lsv_dtype_size(t);
            void *x[3] = {NULL};
            double best = INFINITY;
            bool room = true;
            for (int k = 0; k < 3 && room; k++) room = lsv_cu_alloc(bytes, &x[k], &err) == LSV_OK;
            for (int k = 0; k < 2 && room; k++) CHECK(!lsv_cu.cudaMemsetAsync(x[k], 0x3c, bytes, lsv_cu_dev.stream));
            for (int round = 0; round < 4 && room; round++) {
                double start = now();
                for (int k = 0; k < 10; k++)
                    CHECK(lsv_cu_gemm(t, false, false, n, n, n, 1, x[0], n, x[1], n, 0, x[2], n, &err) == LSV_OK);
                CHECK(lsv_cu_wait(&err) == LSV_OK);
                if (round) best = fmin(best, (now() - start) / 10);
            }
            if (room) printf("cublas %s %td %.9f seconds\n", lsv_dtype_name(t), n, best);
            for (int k = 0; k < 3; k++) lsv_cu_free(x[k]);
        }
}

int main(int argc, char **argv) {
    if (!stages()) return argc > 1 && strcmp(argv[1], "--if-any") == 0 ? check_done() : 1;
    restrictions();
    memory();
    order();
    rates();
    bandwidth(argc > 1 ? (size_t)atol(argv[1]) << 20 : (size_t)16 << 20);
    return check_done();
}
