/* One flag, set from a signal handler or another thread and read by loops. The request stays
   until somebody takes it: every loop on the way out sees it too.

   Who sleeps does not see a flag. A thread that waits for a job sleeps on a semaphore (job.c), one that
   waits for input polls the pipe made here; a request wakes both. The pipe is emptied before the flag is
   taken: a request that comes between the two is answered together with the one before it, and
   wakes a reader once for nothing. */
#include "base/interrupt.h"
#include "base/job.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

volatile int lsv_interrupt_flag;

static volatile int pipe_in = -1, pipe_out = -1;

int lsv_interrupt_fd(void) {
    int ends[2];
    if (pipe_out < 0 && pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
        pipe_out = ends[0];
        pipe_in = ends[1];
        if (lsv_interrupt_flag) lsv_interrupt();
    }
    return pipe_out;
}

void lsv_interrupt(void) {
    int before = errno;
    lsv_interrupt_flag = 1;
    if (pipe_in >= 0 && write(pipe_in, "", 1) < 0) { /* full: readable already */
    }
    lsv_job_wake();
    errno = before;
}

bool lsv_interrupt_take(void) {
    char bytes[64];
    if (pipe_out >= 0)
        while (read(pipe_out, bytes, sizeof bytes) == (ssize_t)sizeof bytes) continue;
    if (!lsv_interrupt_flag) return false;
    lsv_interrupt_flag = 0;
    return true;
}

lsv_status lsv_poll(lsv_error *err) {
    return lsv_interrupt_flag ? lsv_fail(err, LSV_EINTR, "interrupted") : LSV_OK;
}
