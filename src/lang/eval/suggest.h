/* "Did you mean …": the nearest of a number of names. */
#ifndef LANG_EVAL_SUGGEST_H
#define LANG_EVAL_SUGGEST_H

#include "lang/eval/interp.h"

typedef struct ls_suggestion { const char *wanted; char best[64]; int distance; } ls_suggestion;

void ls_suggest_start(ls_suggestion *s, const char *wanted);
void ls_suggest_offer(ls_suggestion *s, const char *candidate);
const char *ls_suggest_best(const ls_suggestion *s);   /* NULL: nothing near enough */

/* Set the hint of the error at hand (unless it has one): for a global name, and for an attribute of a value. */
void ls_suggest_name(ls_interp *in, const char *name);
void ls_suggest_attribute(ls_interp *in, ls_value object, const char *name);

#endif
