/* Interrupts. A signal handler (or another thread) asks, long loops poll. */
#ifndef LSV_BASE_INTERRUPT_H
#define LSV_BASE_INTERRUPT_H

#include <stdbool.h>
#include "base/status.h"

extern volatile int lsv_interrupt_flag; /* read it inline in hot loops */

void lsv_interrupt(void);          /* async-signal-safe: ask the running work to stop    */
bool lsv_interrupt_take(void);     /* was it asked? clears the request                   */
lsv_status lsv_poll(lsv_error *err); /* LSV_EINTR when asked (request stays), else LSV_OK */

#endif
