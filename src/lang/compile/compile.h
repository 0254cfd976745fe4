/* Tree to code. */
#ifndef LANG_EVAL_COMPILE_H
#define LANG_EVAL_COMPILE_H

#include "lang/compile/code.h"
#include "lang/syntax/parse.h"

typedef enum ls_compile_mode {
    LS_COMPILE_CELL,       /* globals are operands; runs with the session's block (one at a time) */
    LS_COMPILE_NESTED,     /* a cell's level in a frame of its own: may run while a cell does */
    LS_COMPILE_EXPRESSION  /* the same; the one expression statement's value is returned */
} ls_compile_mode;

/* last: the tree ends the cell, so that its last statement may be echoed. NULL: in->error set (SyntaxError, MemoryError). */
ls_code *ls_compile(ls_interp *in, const ls_tree *tree, ls_compile_mode mode, bool last);

#endif
