/* What the files of autograd's rows share: reading a call's arguments, and the functions that record. */
#ifndef LANG_EVAL_AUTOGRAD_ROWS_H
#define LANG_EVAL_AUTOGRAD_ROWS_H

#include "lang/autograd/autograd.h"

/* ---- arguments of the call that is recorded (autograd_rules.c) ---- */

/* The parameter with one of these names ("dim axis") that is not None; NULL: there is none. */
const ls_value *ls_grad_given(const ls_grad_frame *f, const char *names);
bool ls_grad_flag(const ls_grad_frame *f, const char *names); /* its truth; false where it was not given */
bool ls_grad_text_is(const ls_value *v, const char *text);    /* v may be NULL */
/* A value as the array that the function computed with, borrowed or owned by the frame; numbers are weak. */
bool ls_grad_operand(ls_grad_frame *f, ls_value v, lsv_array **a);
bool ls_grad_own(ls_grad_frame *f, lsv_array *a);       /* the frame releases it */
lsv_kind ls_grad_kind(const ls_grad_frame *f);          /* torch as soon as an argument is a tensor */
bool ls_grad_axes(ls_grad_frame *f, lsv_grad_attrs *o); /* dim/axis and keepdim(s) */
const char *ls_grad_function_name(const ls_grad_frame *f);

/* ---- recording ---- */

/* The row's own rule. */
bool ls_grad_record_row(ls_grad_frame *f, const char *shown, const lsv_grad_attrs *attrs,
                        lsv_array *const *inputs, int nin);
/* A lambda over (torch, np, args…) in the language, whose place in the graph the results take. */
bool ls_grad_composed(ls_grad_frame *f, const char *text, const ls_value *args, int n);
/* to's elements stay; it takes from's place in the graph. */
bool ls_grad_take_place(ls_grad_frame *f, ls_value *to, ls_value from, const char *shown);

/* The functions of the table. */
ls_grad_fn ls_grad_op_along, ls_grad_op_chain, ls_grad_op_clamp, ls_grad_op_convert, ls_grad_op_cross,
    ls_grad_op_einsum, ls_grad_op_extreme, ls_grad_op_first, ls_grad_op_formula, ls_grad_op_lstsq,
    ls_grad_op_matmul, ls_grad_op_norm, ls_grad_op_reduce, ls_grad_op_rsub, ls_grad_op_running,
    ls_grad_op_softmax, ls_grad_op_solve, ls_grad_op_sort, ls_grad_op_svd, ls_grad_op_tensordot,
    ls_grad_op_trace, ls_grad_op_triangular, ls_grad_op_tuple, ls_grad_op_two, ls_grad_op_upper;

#endif
