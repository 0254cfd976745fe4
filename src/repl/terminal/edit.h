/* Editing commands for a cell in readline's buffer. */
#ifndef REPL_EDIT_H
#define REPL_EDIT_H

#include "repl/terminal/reader.h"

void edit_bind_keys(void);              /* once, after rl_initialize */
void edit_begin(session *s);            /* a new cell */
void edit_end(void);
void edit_accept(const char *text);     /* the cell is done */
bool edit_accepted(void);
read_result edit_take(char **cell);     /* READ_LINE: the accepted text, to be freed with lsv_free */
void edit_remember(const char *cell);   /* for the up arrow and the search */

/* A message under the cell, until the next key. NULL: none. */
void edit_say(const char *text);
const char *edit_message(void);
/* To be called around every read of a key: what was said before goes unless the key said something new. */
void edit_before_key(void);
void edit_after_key(void);

/* The bracket at the cursor (or before it) and its partner, -1 and -1 where there is none. */
void edit_pair(const char *text, size_t n, size_t point, ptrdiff_t pair[2]);

#endif
