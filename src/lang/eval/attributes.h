/* Where attributes of values are found; interp.h has ls_attribute and ls_attribute_set. */
#ifndef LANG_EVAL_ATTRIBUTES_H
#define LANG_EVAL_ATTRIBUTES_H

#include "lang/builtins/builtin.h"

/* The kind of v as the records' names write it: "ndarray", "list", …; "" for what has none. */
const char *ls_attribute_prefix(ls_value v);
/* The record behind v.name, or NULL. */
const ls_builtin *ls_attribute_record(ls_value v, const char *name);
/* The same for a kind by its name; and the kind whose records it has too ("int" those of "float"), or NULL. */
const ls_builtin *ls_kind_record(const char *kind, const char *name);
const char *ls_kind_fallback(const char *kind);
/* A function's own functions (tqdm.write): the record, or NULL. */
const ls_builtin *ls_builtin_below(const ls_builtin *f, const char *name);

#endif
