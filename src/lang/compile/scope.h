/* Which variable a name means: found out for a whole cell before any code is made, since a use may
   come before the assignment, or the inner function, that decides it. */
#ifndef LANG_EVAL_SCOPE_H
#define LANG_EVAL_SCOPE_H

#include "lang/eval/interp.h"
#include "lang/syntax/tree.h"

typedef enum ls_scope_kind { LS_SCOPE_CELL, LS_SCOPE_FUNCTION, LS_SCOPE_COMPREHENSION } ls_scope_kind;

typedef struct ls_symbol {
    const char *name;     /* interned */
    struct ls_scope *scope;
    struct ls_symbol *next;
    bool bound;           /* assigned somewhere in this scope, or a parameter */
    bool param, global, nonlocal;
    bool captured;        /* an inner function uses it: lives in a cell */
    ls_span declared;     /* where a nonlocal declaration names it */
    int reg;
} ls_symbol;

typedef struct ls_capture { ls_symbol *symbol; struct ls_capture *next; int number; } ls_capture;

typedef struct ls_scope {
    ls_scope_kind kind;
    const void *node;          /* the comprehension's node or the ls_function_node it belongs to */
    struct ls_scope *parent, *frame;  /* frame: the scope whose registers are used (a comprehension's are its function's) */
    struct ls_scope *first, *last, *next; /* children; next sibling */
    ls_symbol *symbols, *last_symbol;
    ls_capture *captures;      /* of a function: variables of enclosing functions, in order of their numbers */
    int ncaptures;
} ls_scope;

/* All scopes of a cell, in the arena. NULL: in->error set (SyntaxError with its place, MemoryError). */
ls_scope *ls_scope_build(ls_interp *in, ls_arena *arena, ls_source *source, const ls_node *block);
ls_scope *ls_scope_child(ls_scope *scope, const void *node);
/* The symbol a name (interned) means in a scope; NULL: a global. */
ls_symbol *ls_scope_resolve(ls_scope *scope, const char *name);
/* The number of a captured variable of an enclosing function; -1: the symbol is this frame's own. */
int ls_scope_capture(const ls_scope *frame, const ls_symbol *symbol);

#endif
