/* What undo needs to know about a cell before it runs. */
#ifndef REPL_UNDO_H
#define REPL_UNDO_H

#include "repl/session.h"

/* What a cell's text may change in place: nothing, what some names hold, anything. Binding a name is no change
   in place. Errs on the side of more. */
typedef enum reach { REACH_NOTHING, REACH_NAMES, REACH_ANYTHING } reach;

enum { REACH_NAMES_MOST = 32 };
typedef struct changes { reach reach; int n; char names[REACH_NAMES_MOST][64]; } changes;

void undo_analyse(session *s, const ls_source *cell, changes *out);

#endif
