/* The CPU backend's worker threads, for the kernels that are not BLAS. */
#ifndef LSV_BACKEND_CPU_WORKERS_H
#define LSV_BACKEND_CPU_WORKERS_H

#include <stdbool.h>

/* How many parts work is split into: as many as OpenBLAS has threads (OPENBLAS_NUM_THREADS is heeded). Always the
   same in one process. */
int lsv_workers(void);

/* part(context, id, parts) for id = 0..parts-1, each once, on whatever thread; returns when all are done. `parts` is 1 or
   lsv_workers(). From a second thread at the same time, or where threads could not be had, the parts run one after the
   other. */
void lsv_workers_run(int parts, void (*part)(void *context, int id, int parts), void *context);

/* More rounds will follow soon (true), or no longer (false): meanwhile workers wait awake. Calls nest. */
void lsv_workers_expect(bool more);
bool lsv_workers_awake(void);

#endif
