/* Autograd in the language: where results are put on the tape (grad/tape.h).

   Three places make arrays: operators, subscripts and builtins. Each calls in here once its result
   is there, and only if an operand requires grad; for all others the price is one test of a flag.
   What a builtin's derivative is stands in a table of rows (autograd_rules.c), by the record's name.
   A function without a row gives results whose backward pass raises NotImplementedError: a gradient
   is never left out silently. */
#ifndef LANG_EVAL_AUTOGRAD_H
#define LANG_EVAL_AUTOGRAD_H

#include "grad/rules.h"
#include "lang/builtins/builtin.h"

static inline bool ls_tracked(ls_value v) { return v.tag == LS_ARRAY && lsv_tracked(v.array); }

/* May a gradient flow through these arguments? A sequence counts as perhaps. */
static inline bool ls_grad_maybe(const ls_interp *in, const ls_value *args, int n) {
    if (!in->grad_enabled) return false;
    for (int k = 0; k < n; k++)
        if (ls_tracked(args[k]) || args[k].tag == LS_TUPLE || args[k].tag == LS_LIST) return true;
    return false;
}

/* After a builtin gave *out: puts it on the tape where it belongs there. false: error set, *out dropped. */
bool ls_grad_call(ls_interp *in, const ls_builtin *b, const ls_value *args, int nargs, ls_value *out);

/* Before a method is called on a tensor, with arguments as for ls_call_kw: those that change it in place are
   done here when a gradient is concerned. */
typedef enum ls_grad_before { LS_GRAD_GO_ON, LS_GRAD_DONE, LS_GRAD_FAILED } ls_grad_before;
ls_grad_before ls_grad_inplace_call(ls_interp *in, const ls_builtin *b, const ls_value *args, int nargs,
                                    const char *const *names, int nkw, ls_value *out);

/* Operators (ls_operator): x and y are what the library was given, *out what came. */
bool ls_grad_binary(ls_interp *in, int op, lsv_array *x, lsv_array *y, ls_value *out);
bool ls_grad_unary(ls_interp *in, lsv_unary_op op, lsv_array *x, ls_value *out);
/* a op= b where either requires grad, for tensors. */
bool ls_grad_binary_inplace(ls_interp *in, int op, ls_value a, ls_value b, ls_value *out);

/* a[items], and a[items] = v where either requires grad. */
bool ls_grad_index(ls_interp *in, lsv_array *a, const lsv_index *items, int n, ls_value *out);
/* The row that item stands for, in a loop over a. */
bool ls_grad_iterated(ls_interp *in, lsv_array *a, const lsv_index *item, ls_value *out);
bool ls_grad_index_set(ls_interp *in, lsv_array *a, const lsv_index *items, int n, ls_value v);

/* *out = rule(inputs) goes on the tape, if it is an array of floats. name: NULL for the rule's own. */
bool ls_grad_record(ls_interp *in, lsv_grad_rule_id rule, const char *name, const lsv_grad_attrs *attrs,
                    lsv_array *const *inputs, int nin, ls_value *out);

/* A lambda over (torch, np, args…) in the language, called: what it computes from tracked arrays is tracked. */
bool ls_grad_formula(ls_interp *in, const char *text, const ls_value *args, int n, ls_value *out);
/* The name of the step that v came from, as it is printed; NULL, or no step: nothing. */
void ls_grad_show(ls_value v, const char *shown);

/* ---- for the rows (autograd_rules.c) ---- */

typedef struct ls_grad_row ls_grad_row;
typedef struct ls_grad_frame {
    ls_interp *in;
    const ls_builtin *b;
    const ls_signature *s;
    const ls_value *args;
    ls_value *out;
    const ls_grad_row *row;
    int nowned;
    lsv_array *owned[8];
} ls_grad_frame;

typedef bool ls_grad_fn(ls_grad_frame *f);
struct ls_grad_row {
    const char *names;  /* records, one name each is enough */
    ls_grad_fn *record; /* NULL: the results are plain */
    int rule;           /* lsv_grad_rule_id, or an operation */
    const char *shown;  /* NULL: the rule's name */
    const char *text;   /* a formula in the language, for compositions */
};
extern const ls_grad_row ls_grad_rows[]; /* ends with names == NULL */
/* The row of a record; NULL: none. Element-wise operations have rows of their own making. */
const ls_grad_row *ls_grad_row_of(const ls_builtin *b);
ls_grad_fn ls_grad_op_unary, ls_grad_op_binary; /* rows made from lists of operations */

/* Is a's place in the graph out of date, its memory changed through another tensor? true: error set. */
bool ls_grad_stale(ls_interp *in, const lsv_array *a);
/* Moved elements: the call is repeated on element numbers when the backward pass comes by. */
bool ls_grad_moved(ls_grad_frame *f);
/* Results without a derivative. */
bool ls_grad_broken(ls_grad_frame *f);

#endif
