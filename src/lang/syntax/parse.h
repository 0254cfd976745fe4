/* Lexer and parser: a cell's text to a tree, or a SyntaxError with its place. */
#ifndef LANG_SYNTAX_PARSE_H
#define LANG_SYNTAX_PARSE_H

#include "lang/syntax/error.h"
#include "lang/syntax/tree.h"

typedef struct ls_tree {
    ls_arena arena;
    ls_source *source;  /* a reference */
    ls_node *block;     /* LS_N_BLOCK */
    bool quiet;         /* the cell ends in ";": do not echo */
} ls_tree;

/* Parse a whole cell (statements). On failure returns false with the error set (SyntaxError,
   IndentationError; MemoryError). The tree holds a reference to source. Nesting is bounded (200 brackets,
   200 blocks): "too deeply nested". The first line's indentation counts as none, as in a notebook. */
bool ls_parse(ls_source *source, ls_tree *tree, ls_error *error);
/* Parse one signature, "name(a, b=1, *args, k=2, **kw)", with or without the name: gives the parameters. */
bool ls_parse_signature(ls_source *source, ls_tree *tree, ls_function_node **out, ls_error *error);
void ls_tree_free(ls_tree *tree);

/* For the prompt: does this text need another line? COMPLETE: runs (or is wrong) as it stands;
   MORE: an open bracket, string or "\" goes on; BLOCK: an indented block that a blank line ends. */
typedef enum ls_completeness { LS_COMPLETE, LS_MORE, LS_BLOCK } ls_completeness;
/* Lines are given with their newlines; a blank line that ends a block shows as "\n\n" (or "\n   \n") at the
   end of the text. indent (may be NULL): columns the next line should be indented by. */
ls_completeness ls_input_state(const char *text, size_t length, int *indent);

/* ---- magics: lines for the client, not for the parser ---- */

/* Is this line (alone, without its newline) a magic: does it start with '%', '!' or '?', or end in '?'
   outside of strings and comments? */
bool ls_is_magic_line(const char *line, size_t n);
/* The next magic at or after `from` (the start of a logical line): one that stands where a logical line
   starts, so not inside an open bracket or string. *start and *end: the line from its indentation on,
   without its newline. */
bool ls_next_magic(const char *text, size_t length, size_t from, size_t *start, size_t *end);

/* The tree as an S-expression, for tests and for the curious: (expr (binary + (int 1) (name x))). */
void ls_tree_dump(lsv_text *t, const ls_node *node);

#endif
