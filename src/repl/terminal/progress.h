/* What a person at a terminal sees of long work.

   Once a cell has run for a second, a line on standard error tells for how long, and what the library reports
   of itself (base/progress.h): the iteration and residual of an algorithm, the time model's estimate
   for a call into LAPACK. It is drawn again a few times a second, taken away before anything else is
   written and when the cell ends; a note of the time stays. tqdm's bars are drawn in tqdm's own format.

   Nothing of this happens where standard error is no terminal. */
#ifndef REPL_PROGRESS_H
#define REPL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "lang/eval/interp.h"

/* To be called once; on: somebody looks at standard error and wants to see this. */
void progress_open(bool on);
void progress_close(void);

/* Around a cell; cells inside a cell count as part of it. note: say how long it took, if over a second. */
void progress_begin(void);
void progress_end(bool note);

/* All output of a session goes through here: the line makes way for it. What is long stops when interrupted. */
void progress_write(FILE *to, const char *bytes, size_t n);
void progress_flush(void); /* standard output */

/* Between the two nothing is drawn: somebody else has the terminal (a shell command, a question to the user).
   They may nest. */
void progress_hold(void);
void progress_release(void);

/* A tqdm bar has moved (ls_client.progress). */
void progress_bar(const ls_bar *bar);

#endif
