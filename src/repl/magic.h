/* Magics with a file of their own. Each gets its argument text and raises in s->in. */
#ifndef REPL_MAGIC_H
#define REPL_MAGIC_H

#include "repl/session.h"

bool magic_time(session *s, const char *statement);
bool magic_timeit(session *s, const char *statement);
bool magic_help(session *s, const char *line); /* "name?", "name??", "?name" */

#endif
