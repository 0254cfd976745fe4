/* What the files of the CPU backend share: the entries of the table, and small workspaces. */
#ifndef LSV_BACKEND_CPU_CPU_H
#define LSV_BACKEND_CPU_CPU_H

#include "backend/backend.h"
#include "base/alloc.h"

/* lsv_cpu_x computes; lsv_cpu_job_x does so as a job where that is on and the call is long (jobs.c). */
#define X(ENUM, entry, parameters) lsv_status lsv_cpu_##entry parameters, lsv_cpu_job_##entry parameters;
LSV_BACKEND_OPS(X)
#undef X

/* LSV_OK when all of the `n` sizes fit the int of BLAS and LAPACK. */
lsv_status lsv_cpu_fits(lsv_error *err, int n, ...);

/* One thread for small factorisations: with more, handing work around costs more than it saves below about
   256. Returns what to hand to lsv_cpu_threads_restore. */
int lsv_cpu_threads_for(ptrdiff_t m, ptrdiff_t n);
void lsv_cpu_threads_restore(int before);

/* Flops, those of a matrix product, from which a call is a job. Tests lower it. */
extern double lsv_cpu_job_worth;

/* The kernels of the thin products that this processor gets: "avx512", "avx2" or "portable". Tests force one
   (NULL: as the processor has it); false where it cannot run. */
const char *lsv_cpu_panel_family(void);
bool lsv_cpu_panel_force(const char *family);

/* Workspace: the caller's array where it is large enough, else a block; NULL when memory ran out. */
static inline void *lsv_cpu_work(void *local, size_t local_bytes, size_t bytes) {
    return bytes <= local_bytes ? local : lsv_malloc(bytes);
}
static inline void lsv_cpu_work_done(void *local, void *work) {
    if (work != local) lsv_free(work);
}

#endif
