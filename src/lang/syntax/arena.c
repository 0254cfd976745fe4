/* An arena is a chain of blocks; each holds many small pieces. Blocks double in size up to a
   bound, so that the tree of a one-line cell costs one small allocation. */
#include "lang/syntax/arena.h"

#include <stdint.h>
#include <string.h>
#include "base/alloc.h"

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 256 * 1024, ALIGN = 16 };

typedef struct ls_arena_block {
    struct ls_arena_block *next;
    size_t used, size;
} block;

static const size_t header = (sizeof(block) + ALIGN - 1) / ALIGN * ALIGN;

void *ls_arena_alloc(ls_arena *a, size_t bytes) {
    if (bytes > SIZE_MAX / 2) return NULL;
    bytes = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    block *b = a->head;
    if (!b || b->size - b->used < bytes) {
        size_t size = b ? b->size * 2 : FIRST_BLOCK;
        if (size > LARGEST_BLOCK) size = LARGEST_BLOCK;
        if (size < bytes) size = bytes;
        b = lsv_malloc(header + size);
        if (!b) return NULL;
        *b = (block){.next = a->head, .size = size};
        a->head = b;
    }
    char *piece = (char *)b + header + b->used;
    b->used += bytes;
    memset(piece, 0, bytes);
    return piece;
}

char *ls_arena_text(ls_arena *a, const char *s, size_t n) {
    char *copy = ls_arena_alloc(a, n + 1);
    if (copy && n) memcpy(copy, s, n);
    return copy;
}

void ls_arena_free(ls_arena *a) {
    while (a->head) {
        block *next = a->head->next;
        lsv_free(a->head);
        a->head = next;
    }
}
