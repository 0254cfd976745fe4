/* Jobs: library calls that cannot be stopped, run so that the caller can walk away from them.

   A call inside BLAS or LAPACK does not look for interrupts. Run as a job it is done by a worker thread
   while the caller waits; when an interrupt is asked for, the caller returns LSV_EINTR at once, the
   worker finishes in the background and its result is dropped. What the abandoned call still
   reads and writes is held (base/hold.h) until then.

   Jobs are for the thread that asked for them, and off until then: for everybody else lsv_job_run is a
   plain call. */
#ifndef LSV_BASE_JOB_H
#define LSV_BASE_JOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/status.h"

/* From now on calls of this thread may run as jobs (or no longer). One thread at a time has jobs; for others
   that ask, calls stay direct. */
void lsv_jobs_enable(bool on);

extern _Thread_local bool lsv_jobs_here; /* read it; lsv_jobs_enable sets it */

/* An argument that is an address: where it stands in the arguments' struct, the bytes it points to, and
   whether they are results. Small ones travel as copies, so they may lie on the caller's stack or be
   reused at once; those above LSV_JOB_COPIES bytes must be memory from lsv_malloc, or memory
   whose owner asks lsv_hold_defer before giving it back. A NULL address is passed on. */
typedef struct lsv_job_operand {
    size_t offset, bytes;
    bool result;
} lsv_job_operand;

enum { LSV_JOB_COPIES = 1 << 16, LSV_JOB_OPERANDS = 10 };

/* What to run. `run` gets a copy of the arguments' struct, which outlives the caller's. */
typedef struct lsv_job_call {
    lsv_status (*run)(void *arguments, lsv_error *err);
    void *arguments;
    size_t size; /* of the struct */
    const lsv_job_operand *operands;
    int count;
    const char *what; /* for progress: a text that is not freed, the name of the routine     */
    double work;      /* flops, for the time model                                           */
    double guess;     /* seconds that it may take, until the time model knows better; <= 0: no idea */
    long sizes[3];    /* for progress: m, n, k; 0 where there are fewer                      */
    int model;        /* which rate of the time model this call teaches, 0..LSV_JOB_MODELS-1 */
} lsv_job_call;

enum { LSV_JOB_MODELS = 128 };

/* Run it and return what it returned, with its results in place; or LSV_EINTR, with results that are
   undefined. Large result operands must then be dropped: the call goes on writing to them. */
lsv_status lsv_job_run(const lsv_job_call *call, lsv_error *err);

extern atomic_int lsv_jobs_left; /* the same number, for a look at little cost */
int lsv_jobs_abandoned(void); /* calls that nobody waits for and that still run */

/* Wait until none is left, at most so many seconds; false: some still run. */
bool lsv_jobs_settle(double seconds);

/* For lsv_interrupt: wakes who waits for a job. Async-signal-safe. */
void lsv_job_wake(void);

#endif
