/* Interrupts. A signal handler (or another thread) asks, long loops poll. */
#ifndef LSV_BASE_INTERRUPT_H
#define LSV_BASE_INTERRUPT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/status.h"

extern volatile int lsv_interrupt_flag; /* read it inline in hot loops */

void lsv_interrupt(void);          /* async-signal-safe: ask the running work to stop    */
bool lsv_interrupt_take(void);     /* was it asked? clears the request                   */
lsv_status lsv_poll(lsv_error *err); /* LSV_EINTR when asked (request stays), else LSV_OK */

/* In a loop over many elements whose result is dropped if it ends early: stop at turn i? Looks every 2^16 turns;
   whoever called the loop polls afterwards. */
static inline bool lsv_stop_at(ptrdiff_t i) { return (i & 0xffff) == 0 && lsv_interrupt_flag; }

/* A descriptor that is readable while a request may be waiting, for who waits for input in poll(2): a request
   made just before the wait begins ends it too. It is made at the first call; -1: none to be had. Only
   lsv_interrupt_take reads from it; call that when it is readable, whatever it answers. */
int lsv_interrupt_fd(void);

#endif
