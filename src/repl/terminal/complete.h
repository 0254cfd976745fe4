/* Completion and call tips at the prompt: the language's own (lang/assist), and what only the prompt
   knows: magics and their options, file names, LaTeX names of characters. Nothing is ever evaluated. */
#ifndef REPL_COMPLETE_H
#define REPL_COMPLETE_H

#include "lang/assist/assist.h"
#include "repl/session.h"

/* What may replace text[found->start … cursor). False: nothing (found is empty then). */
bool session_complete(session *s, const char *text, size_t cursor, ls_completions *found);
/* The signature of the call the cursor is in, its current argument marked (\001 … \002, and by signs where `marks`),
   and the summary under it. False: no call, or a function nobody knows. */
bool session_call_tip(session *s, const char *text, size_t cursor, bool marks, lsv_text *tip);
/* The names in columns, no more than `lines` lines of them. */
void session_list(const ls_completions *found, int columns, int lines, lsv_text *out);

#endif
