/* Figures on the user's screen: as real graphics where the terminal has them, as characters otherwise. */
#ifndef REPL_PICTURE_H
#define REPL_PICTURE_H

#include "plot/figure.h"
#include "repl/session.h"

/* client.figure: draws f on standard output. On a pipe, or with --test, it is plain text of $COLUMNS (80)
   columns, the same each time. LSV_GRAPHICS=sixel, kitty, iterm2 or none overrides what the terminal is
   taken for. */
bool picture_show(void *ctx, ls_interp *in, const lsv_figure *f);

#endif
