/* Code out of what was copied from a session: prompts go, and so do the results between them. */
#ifndef LANG_SYNTAX_TRANSCRIPT_H
#define LANG_SYNTAX_TRANSCRIPT_H

#include "text/text.h"

typedef enum ls_prompt_kind { LS_PROMPT_NONE, LS_PROMPT_FIRST, LS_PROMPT_MORE } ls_prompt_kind;

/* How many bytes at the start of a line are a prompt: "In [3]: ", "   ...: " (In [12]'s is wider), ">>> ", "... ". A bare "..."
   counts where the line holds nothing else. *python: it was one of the last two. */
size_t ls_prompt_length(const char *line, size_t n, ls_prompt_kind *kind, bool *python);

/* Appends text without its prompts to out. Text that does not start with one comes out as it is. Behind ">>> " only lines
   with "... " go on; behind "In [3]: " also lines without a prompt, as long as the code so far is not complete, or all of them
   where "In [3]:" stands alone in its line, as in a notebook. "Out[3]:" and what follows it up to the next prompt
   is left out. */
void ls_strip_prompts(const char *text, size_t n, lsv_text *out);

#endif
