/* What the rooms of eval share about operators; interp.h has the public ones. */
#ifndef LANG_EVAL_OPERATORS_H
#define LANG_EVAL_OPERATORS_H

#include "lang/eval/interp.h"

/* base ** exponent for exponent >= 0; false: leaves 64 bits. */
bool ls_int_power(int64_t base, int64_t exponent, int64_t *out);
/* A non-empty list of numbers, arrays, or such lists: may act as an array where Python has no meaning. */
bool ls_numeric_list(ls_value v);

/* An augmented assignment changes an array in place; a scalar result or a read-only view cannot be. */
static inline bool ls_may_write(ls_value v) { return v.tag == LS_ARRAY; }

#endif
