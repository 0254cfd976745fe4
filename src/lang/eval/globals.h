/* The session's variables, by slot. The compiler gives every name that may be global a number, once
   and for all; a slot without a value falls through to the builtin of that name.

   One block of memory holds, in this order: constants of the running cell, its temporaries, the
   global variables. A frame of a cell's own level has its base R behind the constants, so that an
   instruction's operand may be any of the three (code.h). Names are kept once ("interned") for the
   life of the interpreter and compared by address. */
#ifndef LANG_EVAL_GLOBALS_H
#define LANG_EVAL_GLOBALS_H

#include "lang/compile/code.h"

typedef struct ls_slot_info {
    const char *name;    /* interned */
    ls_value builtin;    /* what the name means where the slot is unset; LS_UNSET: not looked up yet, or nothing */
    bool looked_up;
    int64_t order;       /* when it was defined; 0: not seen with a value yet */
} ls_slot_info;

typedef struct ls_globals {
    ls_value *region;     /* the block */
    ls_value *base;       /* R of a cell's frame */
    ls_value *values;     /* slot 0 */
    ls_slot_info *info;
    int n, room;
    int64_t clock;
    bool busy;            /* a cell's frame uses the block */
    int *index;           /* hash table: slot or -1, by the name's address */
    int nindex;
    const char **names;   /* hash table of interned names */
    int nnames, names_room;
} ls_globals;

ls_globals *ls_globals_new(void);
void ls_globals_free(ls_globals *g);  /* after the values were dropped (ls_globals_clear) */
void ls_globals_clear(ls_globals *g);

const char *ls_intern(ls_interp *in, const char *text);              /* NULL: no memory */
const char *ls_intern_find(const ls_globals *g, const char *text);   /* NULL: never seen */
int ls_slot_of(ls_interp *in, const char *interned);                 /* finds or makes; -1: error set */
int ls_slot_find(const ls_globals *g, const char *interned);         /* -1: none */
/* What an unset slot means: the builtin (borrowed), or NULL. */
const ls_value *ls_slot_builtin(ls_globals *g, int slot);
/* Gives the variables that got a value since the last call their place in the order of definition. */
void ls_globals_note(ls_globals *g);

#endif
