/* What stood behind a result. */
#ifndef LANG_ASSIST_WHY_H
#define LANG_ASSIST_WHY_H

#include "lang/eval/interp.h"

/* Into t, in lines of at most `width` columns, headings marked as in help.h: driver, precision, conditioning where it is
   known, backend and time of the call that gave v. LS_UNSET: of the last call. name: how v is called; may be NULL. */
void ls_why_text(ls_interp *in, ls_value v, const char *name, int width, lsv_text *t);

#endif
