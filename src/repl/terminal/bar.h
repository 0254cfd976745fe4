/* tqdm's bar as text. */
#ifndef REPL_BAR_H
#define REPL_BAR_H

#include "lang/eval/interp.h"

/* The bar in at most `columns` columns; rate in steps a second, <= 0: not known yet. */
void bar_text(lsv_text *t, const ls_bar *bar, double elapsed, double rate, int columns, bool ascii);

/* "01:05", "1:01:05" */
void bar_interval(lsv_text *t, double seconds);

#endif
