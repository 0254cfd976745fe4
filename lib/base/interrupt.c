/* One flag, set from a signal handler or another thread and read by loops. The request stays
   until somebody takes it: every loop on the way out sees it too. */
#include "base/interrupt.h"

volatile int lsv_interrupt_flag;

void lsv_interrupt(void) { lsv_interrupt_flag = 1; }

bool lsv_interrupt_take(void) {
    if (!lsv_interrupt_flag) return false;
    lsv_interrupt_flag = 0;
    return true;
}

lsv_status lsv_poll(lsv_error *err) {
    return lsv_interrupt_flag ? lsv_fail(err, LSV_EINTR, "interrupted") : LSV_OK;
}
