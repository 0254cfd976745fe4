/* The CPU backend: BLAS through cblas, LAPACK through LAPACKE's _work layer in column-major
   order, where it only passes the call on and makes no transposed copies of its own. */
#include <cblas.h>
#include <limits.h>
#include <stdarg.h>
#include "backend/cpu/cpu.h"
#include "backend/cpu/workers.h"

static bool supports(lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k) {
    (void)m, (void)n, (void)k;
    return op < LSV_NOPS && (t == LSV_FLOAT32 || t == LSV_FLOAT64);
}

const lsv_backend lsv_backend_cpu = {.abi = LSV_BACKEND_ABI,
                                     .size = sizeof(lsv_backend),
                                     .name = "cpu",
                                     .supports = supports,
#define X(ENUM, entry, parameters) .entry = lsv_cpu_job_##entry,
                                     LSV_BACKEND_OPS(X)
#undef X
};

lsv_status lsv_cpu_fits(lsv_error *err, int n, ...) {
    va_list sizes;
    ptrdiff_t worst = 0;
    va_start(sizes, n);
    for (int i = 0; i < n; i++) {
        ptrdiff_t size = va_arg(sizes, ptrdiff_t);
        if (size > worst) worst = size;
        if (-size > worst) worst = -size;
    }
    va_end(sizes);
    if (worst <= INT_MAX) return LSV_OK;
    return lsv_fail(err, LSV_EVALUE,
                    "a matrix dimension of %td is beyond what BLAS and LAPACK take here (%d)", worst,
                    INT_MAX);
}

int lsv_cpu_threads_for(ptrdiff_t m, ptrdiff_t n) {
    ptrdiff_t small = m < n ? m : n, large = m < n ? n : m;
    if (small > 256 || large > 4 * 256) return 0;
    int before = openblas_get_num_threads();
    if (before <= 1) return 0;
    openblas_set_num_threads(1);
    return before;
}

void lsv_cpu_threads_restore(int before) {
    if (before > 0) openblas_set_num_threads(before);
}

int lsv_backend_serial(void) {
    lsv_workers(); /* they are as many as OpenBLAS has now */
    int before = openblas_get_num_threads();
    if (before <= 1) return 0;
    openblas_set_num_threads(1);
    lsv_workers_expect(true);
    return before;
}

void lsv_backend_threads(int n) {
    if (n > 0) openblas_set_num_threads(n);
}

void lsv_backend_serial_done(int before) {
    if (before <= 1) return;
    lsv_workers_expect(false);
    lsv_cpu_threads_restore(before);
}
