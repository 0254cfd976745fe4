/* Shared by the linear algebra families: orders of norms, and vector norms over any axes. */
#ifndef LANG_BUILTINS_LINEAR_H
#define LANG_BUILTINS_LINEAR_H

#include "lang/builtins/support.h"
#include "linalg/linalg.h"

/* ord=: None, "fro", "nuc", a number, inf or -inf. */
bool ls_norm_order(ls_work *w, ls_value v, lsv_norm_order *ord);
/* The vector norm over any number of axes (n < 0: all), kept. */
bool ls_vector_norm(ls_work *w, lsv_array *a, lsv_norm_order ord, int n, const int *axes, bool keepdims, lsv_array **r);
/* lsv_norm with axes as an argument gives them, kept. */
bool ls_norm(ls_work *w, lsv_array *a, lsv_norm_order ord, ls_value axes, bool keepdims, lsv_array **r);

#endif
