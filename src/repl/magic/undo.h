/* Inside undo: what a cell may change, and the snapshots that are taken before it. */
#ifndef REPL_UNDO_H
#define REPL_UNDO_H

#include "grad/tape.h"
#include "repl/session.h"

/* What a cell's text may change in place: nothing, what some names hold, anything. Binding a name is no
   change in place. Errs on the side of more. */
typedef enum reach { REACH_NOTHING, REACH_NAMES, REACH_ANYTHING } reach;

enum { REACH_NAMES_MOST = 32 };
typedef struct changes {
    reach reach;
    int n;
    char names[REACH_NAMES_MOST][64];
} changes;

void undo_analyse(session *s, const ls_source *cell, changes *out);

/* ---- snapshots ---- */

typedef struct binding {
    const char *name;
    ls_value value;
} binding; /* names are interned: they stay */

/* One object's contents. values: items; pairs of a dictionary; the cell's value; an iterator's state. */
typedef struct kept {
    ls_value object;
    ptrdiff_t n;
    ls_value *values;
    lsv_rng *rng;
    ptrdiff_t pos, len; /* of an iterator */
    lsv_array *copy;    /* of an array: its elements; NULL: not copied */
    bool too_large;     /* may have changed and is not kept */
    uint8_t ndim, flags;
    ptrdiff_t shape[LSV_MAXDIM], strides[LSV_MAXDIM];
    lsv_tape *tape;  /* a reference */
    lsv_array *grad; /* a reference */
    bool spent;      /* the graph behind it was used up already */
} kept;

typedef struct snapshot {
    int number; /* of the cell it was taken before */
    int nbindings, nkept, bindings_room, kept_room;
    binding *bindings;
    kept *items;
    ls_value last[3];
    lsv_rng numpy_rng, torch_rng;
    bool numpy_seeded, torch_seeded;
    size_t copied;
    bool too_deep; /* values nested so deeply that they were not looked at */
} snapshot;

/* NULL: no memory. */
snapshot *undo_take(session *s, const ls_source *cell);
void undo_drop(snapshot *p); /* NULL is allowed */

/* Of an array: the bytes of its elements, repeated ones once; a view without its repetitions. */
size_t undo_bytes(const lsv_array *a);
lsv_status undo_distinct(lsv_array *a, lsv_array **out);
bool undo_is_input(const session *s, const char *name,
                   ls_value v); /* In, _i: the prompt's own, never undone */

#endif
