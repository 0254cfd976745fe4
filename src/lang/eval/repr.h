/* Text of values: what the rooms of lang share; interp.h has ls_repr, ls_str_text and ls_format. */
#ifndef LANG_EVAL_REPR_H
#define LANG_EVAL_REPR_H

#include "lang/eval/interp.h"

/* A quoted string as Python's repr writes it; ascii: as ascii(). */
void ls_repr_text(lsv_text *t, const char *s, size_t n, bool ascii);
/* Where autograd says how a result was made ("AddBackward0"); NULL result: nothing. */
void ls_repr_grad_names(const char *(*name)(const lsv_array *a));

#endif
