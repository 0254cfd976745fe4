/* Long texts, a screenful at a time. */
#ifndef REPL_PAGER_H
#define REPL_PAGER_H

#include "repl/session.h"

/* Shows a text with marked headings (lang/assist/help.h): at once where it fits on the screen or nobody looks; else through
   $PAGER or less, or, where there is neither or no other program may run, by lines that ask to go on. */
void session_page(session *s, const lsv_text *marked);
void terminal_size(int *columns, int *lines); /* of standard output; 80 by 24 where nobody knows */
int pager_width(void); /* columns to lay a text out in: the terminal's, no more than 100 */

#endif
