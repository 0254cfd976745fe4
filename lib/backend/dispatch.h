/* Inside lib/backend: what a backend tells the dispatcher, and asks it once the operands are known. */
#ifndef LSV_BACKEND_DISPATCH_H
#define LSV_BACKEND_DISPATCH_H

#include "backend/backend.h"

/* What running here or there would have to move, in bytes. */
typedef struct lsv_move_bytes {
    double up, down; /* for the GPU: operands to it, results from it      */
    double home;     /* for the CPU: operands whose only copy is on the GPU */
} lsv_move_bytes;

/* Is the GPU expected to be faster, now that it is known where the operands are? Remembered for explain. */
bool lsv_dispatch_gpu(lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, lsv_move_bytes move);

/* An operation has run: what it took (of it, copies), for explain and for the estimates. `how` (may be NULL) adds a word: the
   driver, or why the GPU could not. A static text. */
void lsv_dispatch_ran(lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, bool gpu, double seconds,
                      lsv_move_bytes moved, const char *how);

double lsv_dispatch_clock(void); /* seconds */

#endif
