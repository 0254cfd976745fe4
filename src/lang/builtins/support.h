/* What the array builtins share: one working frame per call.

   A builtin is written as BUILTIN(name) { … } with `w` (the frame), `args` and `out` in scope. The
   frame owns every array that was made or converted along the way (ls_keep) and gives them all back
   when the body returns, by whatever path; so a body simply returns false where something fails.
   Whose rules apply, NumPy's or PyTorch's, follows from the record's own name (w->kind). */
#ifndef LANG_BUILTINS_SUPPORT_H
#define LANG_BUILTINS_SUPPORT_H

#include "base/alloc.h"
#include "lang/builtins/builtin.h"
#include "lang/eval/device.h"

typedef struct ls_work {
    ls_interp *in;
    const ls_builtin *self;
    lsv_kind kind;        /* whose rules: names that start with "t" are torch's            */
    bool wrap;            /* set by a body: np.f(tensor) gives a tensor back (__array_wrap__) */
    bool tensor;          /* such a tensor was met                                         */
    lsv_error err;
    int nheld, room;
    lsv_array **held;     /* `first`, or memory of its own once that is full               */
    lsv_array *first[10];
    lsv_array **parts;    /* the vector ls_parts made                                      */
} ls_work;

void ls_work_begin(ls_work *w, ls_interp *in, const ls_builtin *self);
bool ls_work_end(ls_work *w, bool ok);

#define BUILTIN(name)                                                                              \
    static bool name##_body(ls_work *w, const ls_value *args, ls_value *out);                      \
    static bool name(ls_interp *in, const ls_builtin *self, const ls_value *args, ls_value *out) { \
        ls_work w;                                                                                 \
        ls_work_begin(&w, in, self);                                                               \
        return ls_work_end(&w, name##_body(&w, args, out));                                        \
    }                                                                                              \
    static bool name##_body(ls_work *w __attribute__((unused)),                                    \
                            const ls_value *args __attribute__((unused)),                          \
                            ls_value *out __attribute__((unused)))

/* ---- results of the library ---- */

bool ls_ok(ls_work *w, lsv_status status);       /* raises w->err where it is not LSV_OK */
bool ls_file_ok(ls_work *w, lsv_status status);  /* the same of lib/file: FileNotFoundError, … */
bool ls_keep(ls_work *w, lsv_array *a);          /* the frame releases a at the end; false: no memory */
/* *out = the array, taking its reference: 0-d ndarrays become NumPy scalars. *r is read only
   where status is LSV_OK, so that `ls_give(w, out, lsv_f(…, &r, &w->err), &r)` is one statement. */
bool ls_give(ls_work *w, ls_value *out, lsv_status status, lsv_array **r);
bool ls_give_array(ls_work *w, ls_value *out, lsv_status status, lsv_array **r); /* 0-d stays an array */
bool ls_give_kept(ls_work *w, ls_value *out, lsv_array *a);                      /* a new reference; 0-d as ls_give */
bool ls_give_value(ls_work *w, ls_value *out, ls_value v);         /* takes v; LS_UNSET: no memory */
/* The result goes into `into` (an out= argument) unless that is None. */
bool ls_give_into(ls_work *w, ls_value *out, ls_value into, lsv_status status, lsv_array **r);
/* A tuple of owned values; they are taken in any case. record NULL: a plain tuple. */
bool ls_give_tuple(ls_work *w, ls_value *out, const ls_record *record, int n, ls_value *items);
/* The same of arrays (their references are taken; NULL: None). */
bool ls_give_arrays(ls_work *w, ls_value *out, lsv_status status, const ls_record *record, int n, lsv_array **parts);
bool ls_give_list(ls_work *w, ls_value *out, int n, lsv_array **parts); /* a list of owned arrays */

/* ---- arguments ---- */

/* Argument i as an array of w->kind: NumPy takes anything array-like, torch tensors only. */
bool ls_arg(ls_work *w, const ls_value *args, int i, lsv_array **a);
/* The same, but Python's numbers are taken too and count as weak scalars, and np.f(tensor)
   works on the tensor itself: for element-wise functions. */
bool ls_operand(ls_work *w, const ls_value *args, int i, lsv_array **a);
/* Anything array-like as a kept array of that kind; dtype < 0: inferred. */
bool ls_array_like(ls_work *w, ls_value v, lsv_kind kind, int dtype, lsv_array **a);
/* A sequence of arrays (np.stack, torch.cat); *parts lives as long as the frame. */
bool ls_parts(ls_work *w, const ls_value *args, int i, lsv_array ***parts, int *n);
/* (2, 3) or 2, 3 of a *args tuple. */
bool ls_shape_args(ls_work *w, ls_value star, lsv_shape *shape);
/* The axes of a *args tuple or one sequence; n < 0 where nothing was given. */
bool ls_axes_args(ls_work *w, ls_value star, int *n, int axes[LSV_MAXDIM]);
bool ls_axis(ls_work *w, ls_value v, const char *what, int *axis);              /* an int */
bool ls_axis_or_none(ls_work *w, ls_value v, const char *what, bool *given, int *axis);
bool ls_dtype_or(ls_work *w, ls_value v, lsv_dtype fallback, lsv_dtype *dtype); /* None: fallback */
bool ls_count(ls_work *w, ls_value v, const char *what, ptrdiff_t *n);          /* an int as a size */
/* The first of two aliases that is not None (dim / axis). */
/* order=: "C", "F", "A" or "K" (None: `fallback`). */
bool ls_order_of(ls_work *w, ls_value v, lsv_order fallback, lsv_order *order);
static inline ls_value ls_either(ls_value a, ls_value b) { return a.tag == LS_NONE ? b : a; }
static inline bool ls_is_none(ls_value v) { return v.tag == LS_NONE; }
bool ls_text_is(ls_value v, const char *text);                                  /* a str equal to text */
/* A new tensor as the result, at the place that device= names (None: `otherwise`, or torch's default device where that
   is LS_ANYWHERE), collecting gradients if requires_grad= says so. Takes *r's reference. */
bool ls_give_new(ls_work *w, ls_value *out, ls_value device, int otherwise, ls_value requires_grad, lsv_status status, lsv_array **r);
/* "torch.FloatTensor", "torch.cuda.FloatTensor"; LS_UNSET: no memory. */
ls_value ls_tensor_typename(const lsv_array *a);
/* "exp" of "torch.exp", "linalg_svd" of "torch.linalg.svd", "elu" of "torch.nn.functional.elu": as torch names itself in
   messages. */
const char *ls_torch_name(const ls_builtin *self, char *buf, size_t n);

/* A new float64, int64 … array of the frame's kind, kept; its elements not set. */
bool ls_new(ls_work *w, lsv_dtype dtype, int ndim, const ptrdiff_t *shape, lsv_array **a);
/* op(a, x) with x a weak Python number; the result is kept. */
bool ls_binary_number(ls_work *w, int op, const lsv_array *a, double x, lsv_array **r);
bool ls_binary_arrays(ls_work *w, int op, const lsv_array *a, const lsv_array *b, lsv_array **r);
bool ls_unary_array(ls_work *w, int op, const lsv_array *a, lsv_array **r);

#endif
