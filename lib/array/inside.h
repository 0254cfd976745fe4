/* What the files of lib/array share among themselves: blocks, the strided copy, messages. */
#ifndef LSV_ARRAY_INSIDE_H
#define LSV_ARRAY_INSIDE_H

#include <stdalign.h>
#include <string.h>
#include "array/array.h"
#include "base/alloc.h"

/* Every handle is the head of a block that can also carry its storage's record and, when the
   elements fit the cell, the elements too. The block is alive while the handle is or while
   views hold the storage within it. Of a free block, array.data links the next and array.size
   counts the list. */
#define LSV_CELL_BYTES 128
typedef struct lsv_block {
    lsv_array array;
    lsv_storage storage;
    alignas(16) char cell[LSV_CELL_BYTES];
} lsv_block;

extern lsv_block *lsv_free_blocks;
lsv_block *lsv_block_new(void); /* from the allocator; NULL: out of memory */

/* A block with nothing set; NULL: out of memory. */
static inline lsv_block *lsv_block_take(void) {
    lsv_block *b = lsv_free_blocks;
    if (__builtin_expect(!b, 0)) return lsv_block_new();
    if (__builtin_expect(!lsv_pooled_take(), 0)) return NULL;
    lsv_free_blocks = (lsv_block *)(void *)b->array.data;
    return b;
}
void lsv_block_give(lsv_block *b); /* handle and storage are both done with */

void lsv_handle_adopt(lsv_block *b, const lsv_array *a);
/* A new handle on a's storage: everything set but ndim, size, shape, strides (data: a's).
   NULL: out of memory. An array on the C stack has no storage to share: it is copied. */
static inline lsv_array *lsv_handle(const lsv_array *a) {
    lsv_block *b = lsv_block_take();
    if (__builtin_expect(!b, 0)) return NULL;
    lsv_array *v = &b->array;
    v->refs = 1;
    v->dtype = a->dtype;
    v->kind = a->kind;
    v->flags = a->flags & LSV_READONLY;
    v->device = a->device;
    v->data = a->data;
    v->tape = NULL;
    v->storage = a->storage;
    b->storage.refs = 0;
    if (__builtin_expect(a->storage != NULL, 1)) a->storage->refs++;
    else lsv_handle_adopt(b, a);
    return v;
}

void lsv_release_in_cell(lsv_storage *s);
/* A new array of a's kind and shape whose elements fit the cell; a lies in C order. NULL: they
   do not fit, or out of memory. The short way for results of small operations. */
static inline lsv_array *lsv_like_in_cell(const lsv_array *a, lsv_dtype dtype) {
    if (a->size > (ptrdiff_t)(LSV_CELL_BYTES / sizeof(double))) return NULL;
    lsv_block *b = lsv_block_take();
    if (__builtin_expect(!b, 0)) return NULL;
    lsv_array *v = &b->array;
    v->refs = 1;
    v->dtype = (uint8_t)dtype;
    v->kind = a->kind;
    v->ndim = a->ndim;
    v->flags = 0;
    v->device = 0;
    v->tape = NULL;
    v->size = a->size;
    memcpy(v->shape, a->shape, sizeof v->shape);
    memcpy(v->strides, a->strides, sizeof v->strides);
    v->data = b->cell;
    v->storage = &b->storage;
    b->storage = (lsv_storage){.refs = 1, .data = b->cell, .bytes = sizeof b->cell, .release = lsv_release_in_cell};
    return v;
}

/* dst and src: strided, of one shape, byte strides; no overlap that matters. */
void lsv_copy_strided(int ndim, const ptrdiff_t *shape, lsv_dtype dst_type, char *dst,
                      const ptrdiff_t *dst_strides, lsv_dtype src_type, const char *src,
                      const ptrdiff_t *src_strides);

/* n elements from src to dst, steps in bytes. */
typedef void (*lsv_copy_kernel)(char *dst, ptrdiff_t dst_step, const char *src, ptrdiff_t src_step,
                                ptrdiff_t n);
lsv_copy_kernel lsv_copy_kernel_for(lsv_dtype dst, lsv_dtype src);

/* Elements without a meaning: where only their size counts. */
static inline void lsv_move(char *dst, const char *src, size_t bytes) {
    switch (bytes) {
    case 8: memcpy(dst, src, 8); break;
    case 4: memcpy(dst, src, 4); break;
    case 2: memcpy(dst, src, 2); break;
    default: *dst = *src; break;
    }
}

/* Strides to walk src as if it had the given shape (elements); false: it does not broadcast.
   Leading dimensions of length 1 beyond ndim are dropped when strip is set. */
bool lsv_broadcast_strides(const lsv_array *src, int ndim, const ptrdiff_t *shape, bool strip,
                           ptrdiff_t *strides);

/* "could not broadcast input array from …" as the kind of dst words it. */
lsv_status lsv_cannot_assign(const lsv_array *src, const lsv_array *dst, lsv_error *err);

/* "(2,3)" as NumPy's messages have it, and "[2, 3]" as PyTorch's. */
const char *lsv_shape_tight(int ndim, const ptrdiff_t *shape, char *buf, size_t n);
const char *lsv_shape_list(int ndim, const ptrdiff_t *shape, char *buf, size_t n);
#define LSV_SHAPE_TEXT 200

/* Indexing: what its two files share. Dimensions that items take up; the view that basic items
   make (v's shape, strides, size, ndim and data are set). */
int lsv_index_dims(const lsv_index *items, int n);
lsv_status lsv_index_resolve(const lsv_array *a, const lsv_index *items, int n, lsv_array *v, lsv_error *err);
lsv_status lsv_index_array_get(lsv_array *a, const lsv_index *items, int n, lsv_array **out, lsv_error *err);
lsv_status lsv_index_array_set(lsv_array *a, const lsv_index *items, int n, const lsv_array *value,
                               lsv_error *err);
lsv_status lsv_too_many_indices(const lsv_array *a, const lsv_index *items, int n, lsv_error *err);
lsv_status lsv_out_of_bounds(lsv_kind kind, ptrdiff_t index, int axis, ptrdiff_t length, lsv_error *err);

/* An axis of an array that has (or will have) ndim dimensions. */
lsv_status lsv_axis_of(lsv_kind kind, int ndim, int axis, int *out, lsv_error *err);

/* How kinds meet: a tensor wins. */
static inline lsv_kind lsv_meet(lsv_kind a, lsv_kind b) {
    return a == LSV_TORCH || b == LSV_TORCH ? LSV_TORCH : LSV_NUMPY;
}

#endif
