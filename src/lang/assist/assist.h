/* Help with text that is still being written: what may follow, which argument the cursor is in, what
   a name stands for. Answers come from tables (variables, records, signatures, the keys of dictionaries);
   nothing is ever evaluated, so an answer takes no time and changes nothing. */
#ifndef LANG_ASSIST_ASSIST_H
#define LANG_ASSIST_ASSIST_H

#include "lang/builtins/builtin.h"

/* ---- where the cursor is (cursor.c) ---- */

enum { LS_CURSOR_DEPTH = 64 };

typedef struct ls_open_bracket {
    size_t at;
    char open;            /* ( [ { */
    bool call;            /* a ( behind something that can be called */
    int commas;           /* of its own, before the cursor */
    size_t argument;      /* where its current argument starts */
    char quote;           /* the { of an f-string's field: the string's quote, to go back to */
    bool triple;
} ls_open_bracket;

typedef struct ls_cursor {
    const char *text;
    size_t at;            /* the cursor */
    size_t line;          /* where the logical line starts */
    char quote;           /* inside a string: its quote */
    bool triple, formatted;
    size_t string;        /* where the string's contents start */
    bool comment;
    size_t word;          /* where the name that ends at the cursor starts; == at: none */
    bool number;          /* … or it is a number */
    int depth;            /* open brackets, the innermost last; deeper ones than there is room for are left out */
    ls_open_bracket open[LS_CURSOR_DEPTH];
} ls_cursor;

void ls_cursor_find(ls_cursor *c, const char *text, size_t at);
/* The innermost call around the cursor: its index in c->open, or -1. */
int ls_cursor_call(const ls_cursor *c);
/* Where the expression that ends at `end` (a name, attributes, calls, subscripts, a literal) starts; == end: none. */
size_t ls_expression_start(const char *text, size_t end);
/* The partner of the bracket at `at`; false: none, or it is part of a string or a comment. */
bool ls_bracket_pair(const char *text, size_t n, size_t at, size_t *other);

/* ---- what an expression stands for, without computing it (resolve.c) ---- */

/* Either a value (owned), or only the kind of the value it would have, as records' names write kinds ("ndarray"). */
typedef struct ls_meaning {
    ls_value value;       /* LS_UNSET: not known */
    const char *kind;     /* NULL: not known either */
    const ls_builtin *record; /* an attribute or a method, by its record … */
    const char *self;         /* … and the kind of what it belongs to */
} ls_meaning;

bool ls_resolve(ls_interp *in, const char *expression, size_t n, ls_meaning *m);
void ls_meaning_drop(ls_meaning *m);

/* ---- completion (complete.c) ---- */

typedef struct ls_completions {
    size_t start;         /* the candidates replace what stands from here to the cursor */
    lsv_text names;       /* NUL-separated, in the order to be shown */
    int n;
    const char *tail;     /* goes behind the only candidate: a closing quote, "" */
} ls_completions;

/* The names, attributes, keyword arguments, keys and modules that may stand at the cursor. False: none, or no memory. */
bool ls_complete(ls_interp *in, const char *text, size_t cursor, ls_completions *out);
bool ls_completions_add(ls_completions *c, const char *name, size_t n); /* false: no memory */
/* From the from-th on: by name, hidden ones last, doubles out. */
void ls_completions_sort(ls_completions *c, int from);
size_t ls_completions_common(const ls_completions *c); /* bytes that all names begin with */
void ls_completions_free(ls_completions *c);

/* ---- call tips (calltip.c) ---- */

/* "svd(W, k=None, …)" with marks[0] and marks[1] around the current argument's parameter, and a line of summary.
   Also for a call around the innermost one, where that one is not known. False: none is. */
bool ls_call_tip(ls_interp *in, const char *text, size_t cursor, const char *const marks[2], lsv_text *tip);

/* ---- characters by their LaTeX names (latex.c) ---- */

/* "\\lambda" → "λ": letters that names may hold, and operators of the language. NULL: none. */
const char *ls_latex_character(const char *name, size_t n);
void ls_latex_each(bool (*visit)(void *ctx, const char *name, const char *character), void *ctx);

#endif
