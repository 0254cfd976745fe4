/* An arena: memory that goes all at once. A tree lives in the arena of its source. */
#ifndef LANG_SYNTAX_ARENA_H
#define LANG_SYNTAX_ARENA_H

#include <stddef.h>

typedef struct ls_arena { struct ls_arena_block *head; } ls_arena;

void *ls_arena_alloc(ls_arena *a, size_t bytes);             /* zeroed, 16-byte aligned; NULL when out of memory */
char *ls_arena_text(ls_arena *a, const char *s, size_t n);   /* a NUL-terminated copy */
void ls_arena_free(ls_arena *a);

#endif
