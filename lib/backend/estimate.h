/* Inside lib/backend: how long an operation takes on either side, and what has been measured of it. */
#ifndef LSV_BACKEND_ESTIMATE_H
#define LSV_BACKEND_ESTIMATE_H

#include "backend/dispatch.h"

/* Seconds for the work alone. *measured (may be NULL): the rate was measured on this machine. */
double lsv_estimate(bool gpu, lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, bool *measured);
/* Seconds to move so many bytes to the device, or back. */
double lsv_estimate_copy(double bytes, bool up);
/* Flops, by the usual counts. */
double lsv_estimate_work(lsv_op op, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k);

/* Something took so long: the rate of its kind moves towards that. Under a millisecond nothing is learned. */
void lsv_estimate_learn(bool gpu, lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, double seconds);
/* Nothing was measured of it: the first time pays for what is made once. */
void lsv_estimate_forget(bool gpu, lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k);
void lsv_estimate_learn_copy(double bytes, double seconds, bool up);

/* The rates measured on this machine, kept in a file. Load once; save what was learned. */
void lsv_estimate_load(void);
bool lsv_estimate_save(void);
void lsv_estimate_reset(void); /* to the built-in table */

#endif
