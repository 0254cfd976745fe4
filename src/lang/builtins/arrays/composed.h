/* Functions of torch.nn.functional that are formulas over other operations. One lambda in the language says what is
   computed; as its operations are recorded, it is the derivative, too. Where that derivative would be another than
   PyTorch's (at a kink, or far out, where a difference loses its digits), the formula has a term like s * x - s * z, with
   z = x.detach(): it is zero, and has the slope s. */
#ifndef LANG_BUILTINS_COMPOSED_H
#define LANG_BUILTINS_COMPOSED_H

#include "lang/builtins/support.h"

/* *out = formula(args…): "x, slope: …", without the lambda, with torch and np in scope. shown: the name of the last step
   where it is recorded; NULL: its own. */
bool ls_compose(ls_work *w, ls_value *out, const char *formula, const ls_value *args, int n, const char *shown);
/* The same for float16 and bfloat16: the first argument is widened to float32, and the result rounded once. */
bool ls_compose_wide(ls_work *w, ls_value *out, const char *formula, const ls_value *args, int n, const char *shown);

/* Argument i as a tensor of floats; else NotImplementedError: "KERNEL" not implemented for 'Long'. */
bool ls_floats(ls_work *w, const ls_value *args, int i, const char *kernel, lsv_array **a);
const char *ls_torch_type(const lsv_array *a); /* "Float", "Long" */
bool ls_same_shape(const lsv_array *a, const lsv_array *b);
const char *ls_sizes_text(int ndim, const ptrdiff_t *shape, char *buf, size_t n); /* "[2, 3]" */

#endif
