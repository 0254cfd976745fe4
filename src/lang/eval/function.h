/* Functions that a program defines: code, the defaults as evaluated by `def`, and the cells of the
   captured variables. */
#ifndef LANG_EVAL_FUNCTION_H
#define LANG_EVAL_FUNCTION_H

#include "lang/eval/value.h"
#include "lang/syntax/source.h"

struct ls_code;

typedef struct ls_function {
    ls_obj head;
    ls_link link;          /* right after the head, as all linked objects */
    struct ls_code *code;  /* a reference */
    ls_value *defaults;    /* one per parameter; LS_UNSET: none. NULL where no parameter has one */
    ls_value *cells;       /* captured variables (LS_CELL), in the order of code->captures */
} ls_function;

/* A new function without defaults and with unset cells; LS_UNSET: no memory. */
ls_value ls_function_new(struct ls_code *code);
void ls_function_destroy(ls_function *f); /* the last reference went */
void ls_function_clear(ls_function *f);   /* drops what it holds but for its code: it may be part of a cycle */

/* What help and repr show. */
const char *ls_function_name(const ls_function *f);
const char *ls_function_doc(const ls_function *f);                    /* NULL: none */
ls_source *ls_function_source(const ls_function *f, ls_span *span);   /* borrowed; span from "def" to the body's end */
/* "(a, b=1, *args, **kw)": the parameters as written. */
void ls_function_signature(const ls_function *f, char *buf, size_t n);

#endif
