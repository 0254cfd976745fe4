/* Memory that an abandoned computation still reads and writes.

   Who gives up waiting for a library call that cannot be stopped leaves it its operands: their addresses
   are held until the call ends, and a block that is freed meanwhile is given back only then. Nobody
   else has to know: owners free their buffers as on any other error. */
#ifndef LSV_BASE_HOLD_H
#define LSV_BASE_HOLD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* A held range of addresses; its record is the holder's own, so that holding cannot fail. */
typedef struct lsv_hold {
    const char *from, *to;
    struct lsv_hold *next, **link; /* lsv_hold_begin's */
} lsv_hold;

void lsv_hold_begin(lsv_hold *holds, int n); /* from and to are set; an empty range holds nothing */

/* The ranges are free again: blocks that were only waiting for them are given back. */
void lsv_hold_end(lsv_hold *holds, int n);

/* For who gives memory back: true when [at, at + bytes) is held, and then give(at, bytes) is called once it is
   not, on whatever thread. Only worth a call when lsv_holds is not 0. */
bool lsv_hold_defer(void *at, size_t bytes, void (*give)(void *at, size_t bytes));

extern atomic_int lsv_holds; /* ranges held now */

#endif
