/* What the files of Python's own builtins share. */
#ifndef LANG_BUILTINS_PYTHON_H
#define LANG_BUILTINS_PYTHON_H

#include "lang/builtins/builtin.h"

/* The head of a builtin's function. */
#define LS_PY(name)                                                                                \
    bool name(ls_interp *in __attribute__((unused)), const ls_builtin *self __attribute__((unused)), \
              const ls_value *args __attribute__((unused)), ls_value *out __attribute__((unused)))

/* A parameter whose default is "..." was not given. */
static inline bool ls_given(ls_value v) { return v.tag != LS_ELLIPSIS; }

bool ls_put_value(ls_interp *in, ls_value v, ls_value *out);  /* takes v; LS_UNSET: MemoryError */
bool ls_put_text(ls_interp *in, lsv_text *t, ls_value *out);  /* the text as a str; the text is freed */
/* Anything that stands for an integer (also integer scalars and one-element arrays), or Python's TypeError. */
bool ls_index_arg(ls_interp *in, ls_value v, int64_t *out);
/* Sorts n values in place, stably; key LS_NONE: by themselves. After an error they are in some order, all there. */
bool ls_sort_values(ls_interp *in, ls_value *items, ptrdiff_t n, ls_value key, bool reverse);
/* Position i of a sequence of n as Python clamps it in find, index and insert. */
bool ls_clamp_arg(ls_interp *in, ls_value v, ptrdiff_t n, ptrdiff_t fallback, ptrdiff_t *out);
bool ls_dict_merge(ls_interp *in, ls_dict *d, ls_value from); /* a dict, or pairs */
bool ls_key_error(ls_interp *in, ls_value key);

/* core_number.c */
LS_PY(ls_py_abs); LS_PY(ls_py_round); LS_PY(ls_py_pow); LS_PY(ls_py_divmod); LS_PY(ls_py_int); LS_PY(ls_py_float);
LS_PY(ls_py_radix); LS_PY(ls_py_chr); LS_PY(ls_py_ord);
/* core_iter.c */
LS_PY(ls_py_range); LS_PY(ls_py_enumerate); LS_PY(ls_py_zip); LS_PY(ls_py_map); LS_PY(ls_py_filter);
LS_PY(ls_py_reversed); LS_PY(ls_py_iter); LS_PY(ls_py_next); LS_PY(ls_py_sum); LS_PY(ls_py_any); LS_PY(ls_py_extreme); LS_PY(ls_py_sorted);
LS_PY(ls_py_list); LS_PY(ls_py_tuple); LS_PY(ls_py_dict);

#endif
