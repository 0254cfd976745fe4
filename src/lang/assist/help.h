/* Help as text. Headings stand between \001 and \002; ls_help_render makes them bold, or plain. */
#ifndef LANG_ASSIST_HELP_H
#define LANG_ASSIST_HELP_H

#include "lang/builtins/builtin.h"

/* What an expression (a name, an attribute, a key's value; nothing is evaluated) has to say about itself, in lines of at
   most `width` columns. more: other names, and the source of a user's function. False: nobody knows it (t is
   untouched), or no memory. */
bool ls_help_on(ls_interp *in, const char *expression, size_t n, bool more, int width, lsv_text *t);
bool ls_help_on_value(ls_interp *in, ls_value v, const char *name, bool more, int width, lsv_text *t);
/* Names that fit a pattern: with * and ? the names themselves, else those that hold all its words, in name or
   summary. The number found. */
int ls_help_search(ls_interp *in, const char *pattern, int width, lsv_text *t);
/* What help() says: where to begin. */
void ls_help_overview(int width, lsv_text *t);

/* A line of text broken between words; lines after the first begin with `hang` blanks, all with `indent`. */
void ls_help_wrap(lsv_text *t, const char *text, size_t n, int indent, int hang, int width);
void ls_help_render(const lsv_text *marked, bool bold, bool ascii, lsv_text *out);

#endif
