/* Subscripts of arrays as lib wants them. */
#ifndef LANG_EVAL_SUBSCRIPT_H
#define LANG_EVAL_SUBSCRIPT_H

#include "lang/eval/interp.h"

enum { LS_MAX_INDEX = 2 * LSV_MAXDIM + 1 }; /* every dimension, as many new axes, an ellipsis */

/* Index items made from values; arrays that had to be made are owned here. */
typedef struct ls_index_items {
    lsv_index items[LS_MAX_INDEX];
    lsv_array *owned[LS_MAX_INDEX];
    int n, n_owned;
} ls_index_items;

/* From what stands between the brackets: one value, or a tuple of them. */
bool ls_index_items_from(ls_interp *in, ls_value index, lsv_kind kind, ls_index_items *out);
void ls_index_items_free(ls_index_items *x);

/* Python's slice.indices(n). */
bool ls_slice_bounds(ls_interp *in, const ls_slice *s, ptrdiff_t n, ptrdiff_t *start, ptrdiff_t *step, ptrdiff_t *count);

#endif
