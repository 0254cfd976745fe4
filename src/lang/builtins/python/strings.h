/* Formatting of strings, for operators and methods. */
#ifndef LANG_BUILTINS_STRINGS_H
#define LANG_BUILTINS_STRINGS_H

#include "lang/eval/interp.h"

/* format % args, as Python's str.__mod__: args is a tuple of values, one value, or a dict for %(name)s. */
bool ls_percent_format(ls_interp *in, ls_value format, ls_value args, ls_value *out);
/* format.format(*positional, **named): a tuple and a dict. */
bool ls_brace_format(ls_interp *in, ls_value format, ls_value positional, ls_value named, ls_value *out);

#endif
