/* Arrays: life, storage and properties.

   One kind of block serves every handle (inside.h). Its storage record belongs to one of:
   - the elements in the cell, when they fit;
   - a buffer from lsv_malloc, when they do not;
   - nobody, when the handle is a view of another array's storage.
   A handle holds one reference to its storage; so a block's own storage never outlives its
   count, and the block goes back to the free list when handle and storage are both dead:
   whoever drops the last reference to the embedded storage gives the block back, and a handle
   that did not use the embedded storage gives it back itself.

   Buffers of middling size are kept too, by powers of two: malloc's aligned path costs more
   than the arithmetic on a hundred numbers. */
#include "array/array.h"

#include <stdio.h>
#include <string.h>
#include "array/inside.h"
#include "array/mirror.h"
#include "base/interrupt.h"

#define FREE_BLOCKS_MAX 512
#define BUFFER_CLASSES 9 /* 256 bytes to 64 KiB */
#define BUFFERS_MAX 8
#define FILL_PIECE ((ptrdiff_t)1 << 20) /* elements filled between looks at the interrupt flag */

lsv_block *lsv_free_blocks;
void (*lsv_tape_release)(struct lsv_tape *);

static void *buffers[BUFFER_CLASSES][BUFFERS_MAX];
static int buffer_count[BUFFER_CLASSES];

/* ---- blocks and buffers ---- */

lsv_block *lsv_block_new(void) { return lsv_malloc(sizeof(lsv_block)); }

static inline void give_block(lsv_block *b) {
    lsv_block *head = lsv_free_blocks;
    ptrdiff_t count = head ? head->array.size : 0;
    if (LSV_NO_POOLS || count >= FREE_BLOCKS_MAX) {
        lsv_free(b);
        return;
    }
    b->array.data = (char *)(void *)head;
    b->array.size = count + 1;
    lsv_free_blocks = b;
    lsv_pooled_give();
}

void lsv_block_give(lsv_block *b) { give_block(b); }

static int buffer_class(size_t bytes) {
    if (LSV_NO_POOLS || bytes > (size_t)256 << (BUFFER_CLASSES - 1)) return -1;
    return bytes <= 256 ? 0 : 64 - 8 - __builtin_clzll((unsigned long long)bytes - 1);
}

static void *buffer_take(size_t bytes, bool zero) {
    int c = buffer_class(bytes);
    if (c < 0) return zero ? lsv_calloc(1, bytes) : lsv_malloc(bytes);
    void *data;
    if (buffer_count[c]) {
        if (!lsv_pooled_take()) return NULL;
        data = buffers[c][--buffer_count[c]];
    } else {
        data = lsv_malloc((size_t)256 << c);
    }
    if (data && zero) memset(data, 0, bytes);
    return data;
}

static void buffer_give(void *data, size_t bytes) {
    int c = buffer_class(bytes);
    if (c < 0 || buffer_count[c] == BUFFERS_MAX) {
        lsv_free(data);
        return;
    }
    buffers[c][buffer_count[c]++] = data;
    lsv_pooled_give();
}

static lsv_block *block_of(lsv_storage *s) {
    return (lsv_block *)(void *)((char *)s - offsetof(lsv_block, storage));
}

void lsv_release_in_cell(lsv_storage *s) { give_block(block_of(s)); }

static void release_in_buffer(lsv_storage *s) {
    buffer_give(s->data, s->bytes);
    lsv_block_give(block_of(s));
}

static void release_storage(lsv_storage *s) {
    if (s->release) {
        s->release(s);
    } else {
        lsv_free(s->data);
        lsv_free(s);
    }
}

/* The elements of a stack scalar move into the handle's own cell. */
void lsv_handle_adopt(lsv_block *b, const lsv_array *a) {
    memcpy(b->cell, a->data, lsv_dtype_size(a->dtype));
    b->storage =
        (lsv_storage){.refs = 1, .data = b->cell, .bytes = sizeof b->cell, .release = lsv_release_in_cell};
    b->array.storage = &b->storage;
    b->array.data = b->cell;
}

void lsv_release(lsv_array *a) {
    if (!a || --a->refs > 0) return;
    if (__builtin_expect(a->tape != NULL, 0) && lsv_tape_release) {
        struct lsv_tape *tape = a->tape;
        a->tape = NULL;
        lsv_tape_release(tape);
    }
    lsv_block *b = (lsv_block *)(void *)a;
    lsv_storage *s = a->storage;
    if (s == &b->storage) {
        if (--s->refs > 0) return;
        if (s->release == lsv_release_in_cell) give_block(b);
        else s->release(s);
        return;
    }
    if (s && --s->refs == 0) release_storage(s);
    give_block(b);
}

/* ---- making ---- */

static lsv_status bad_shape(lsv_kind kind, int ndim, const ptrdiff_t *shape, lsv_error *err) {
    char text[LSV_SHAPE_TEXT];
    if (ndim < 0 || ndim > LSV_MAXDIM)
        return lsv_fail(err, LSV_EVALUE, "maximum supported dimension for an array is %d, found %d",
                        LSV_MAXDIM, ndim);
    for (int i = 0; i < ndim; i++) {
        if (shape[i] >= 0) continue;
        if (kind == LSV_NUMPY) return lsv_fail(err, LSV_EVALUE, "negative dimensions are not allowed");
        return lsv_fail(err, LSV_ERUNTIME, "Trying to create tensor with negative dimension %td: %s",
                        shape[i], lsv_shape_list(ndim, shape, text, sizeof text));
    }
    if (kind == LSV_TORCH)
        return lsv_fail(err, LSV_ERUNTIME, "Storage size calculation overflowed with sizes=%s",
                        lsv_shape_list(ndim, shape, text, sizeof text));
    return lsv_fail(
        err, LSV_EVALUE,
        "array is too big; `arr.size * arr.dtype.itemsize` is larger than the maximum possible size.");
}

static lsv_status no_memory(lsv_dtype dtype, int ndim, const ptrdiff_t *shape, size_t bytes, lsv_error *err) {
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    char text[LSV_SHAPE_TEXT];
    double x = (double)bytes;
    int u = 0;
    while (x >= 1024 && u < 6) x /= 1024, u++;
    return lsv_fail(err, LSV_ENOMEM,
                    "Unable to allocate %#.3g %s for an array with shape %s and data type %s", x, units[u],
                    lsv_shape_text_n(ndim, shape, text, sizeof text), lsv_dtype_name(dtype));
}

/* Shape, C strides and size into v; false when a length is negative or the bytes overflow.
   A length of 0 counts as 1 in the strides, and for the overflow. */
static inline bool set_shape(lsv_array *v, int ndim, const ptrdiff_t *shape, size_t item) {
    if ((unsigned)ndim > LSV_MAXDIM) return false;
    ptrdiff_t step = 1, bytes;
    bool zero = false;
    for (int i = ndim - 1; i >= 0; i--) {
        ptrdiff_t n = shape[i];
        v->shape[i] = n;
        v->strides[i] = step;
        if (n <= 0) {
            if (n < 0) return false;
            zero = true;
        } else if (__builtin_mul_overflow(step, n, &step)) {
            return false;
        }
    }
    if (__builtin_mul_overflow(step, (ptrdiff_t)item, &bytes)) return false;
    v->ndim = (uint8_t)ndim;
    v->size = zero ? 0 : step;
    return true;
}

static inline lsv_status make(lsv_kind kind, lsv_dtype dtype, int ndim, const ptrdiff_t *shape, bool zero,
                              lsv_array **out, lsv_error *err) {
    lsv_block *b = lsv_block_take();
    if (!b) return lsv_no_memory(err, sizeof *b);
    lsv_array *v = &b->array;
    size_t item = lsv_dtype_size(dtype);
    if (!set_shape(v, ndim, shape, item)) {
        lsv_block_give(b);
        return bad_shape(kind, ndim, shape, err);
    }
    size_t bytes = (size_t)v->size * item;
    v->refs = 1;
    v->dtype = (uint8_t)dtype;
    v->kind = (uint8_t)kind;
    v->flags = 0;
    v->device = 0;
    v->origin = 0;
    v->tape = NULL;
    v->storage = &b->storage;
    b->storage.refs = 1;
    b->storage.version = 0;
    b->storage.bytes = bytes;
    b->storage.owner = NULL;
    b->storage.mirror = NULL;
    if (bytes <= LSV_CELL_BYTES) {
        v->data = b->storage.data = b->cell;
        b->storage.release = lsv_release_in_cell;
        if (zero) memset(b->cell, 0, bytes);
    } else {
        v->data = b->storage.data = buffer_take(bytes, zero);
        b->storage.release = release_in_buffer;
        if (!v->data) {
            lsv_block_give(b);
            return no_memory(dtype, ndim, shape, bytes, err);
        }
    }
    *out = v;
    return LSV_OK;
}

lsv_status lsv_empty(lsv_kind kind, lsv_dtype dtype, int ndim, const ptrdiff_t *shape, lsv_array **out,
                     lsv_error *err) {
    return make(kind, dtype, ndim, shape, false, out, err);
}

lsv_status lsv_zeros(lsv_kind kind, lsv_dtype dtype, int ndim, const ptrdiff_t *shape, lsv_array **out,
                     lsv_error *err) {
    return make(kind, dtype, ndim, shape, true, out, err);
}

lsv_status lsv_full(lsv_kind kind, lsv_dtype dtype, int ndim, const ptrdiff_t *shape, lsv_scalar value,
                    lsv_array **out, lsv_error *err) {
    lsv_array *v;
    LSV_TRY(make(kind, dtype, ndim, shape, false, &v, err));
    lsv_status status = v->size > FILL_PIECE ? LSV_OK : lsv_fill(v, value, err);
    ptrdiff_t item = (ptrdiff_t)lsv_dtype_size(dtype);
    double cell = 0;
    if (v->size > FILL_PIECE) lsv_store(dtype, &cell, value);
    for (ptrdiff_t i = 0; v->size > FILL_PIECE && i < v->size && status == LSV_OK; i += FILL_PIECE) {
        ptrdiff_t n = v->size - i < FILL_PIECE ? v->size - i : FILL_PIECE;
        lsv_copy_kernel_for(dtype, dtype)(v->data + i * item, item, (const char *)&cell, 0, n);
        status = lsv_poll(err);
    }
    if (status != LSV_OK) lsv_release(v);
    else *out = v;
    return status;
}

lsv_status lsv_from_scalar(lsv_kind kind, lsv_scalar value, lsv_array **out, lsv_error *err) {
    lsv_array *v;
    LSV_TRY(make(kind, value.dtype, 0, NULL, false, &v, err));
    lsv_store(value.dtype, v->data, value);
    *out = v;
    return LSV_OK;
}

lsv_array lsv_scalar_array(lsv_kind kind, lsv_scalar value, int flags, void *cell8) {
    lsv_store(value.dtype, cell8, value);
    return (lsv_array){.refs = 1,
                       .dtype = (uint8_t)value.dtype,
                       .kind = (uint8_t)kind,
                       .flags = (uint8_t)flags,
                       .size = 1,
                       .data = cell8};
}

lsv_status lsv_from_storage(lsv_kind kind, lsv_dtype dtype, int ndim, const ptrdiff_t *shape,
                            lsv_storage *storage, void *data, lsv_array **out, lsv_error *err) {
    lsv_block *b = lsv_block_take();
    if (!b) return lsv_no_memory(err, sizeof *b);
    if (!set_shape(&b->array, ndim, shape, lsv_dtype_size(dtype))) {
        lsv_block_give(b);
        return bad_shape(kind, ndim, shape, err);
    }
    lsv_array *v = &b->array;
    v->refs = 1;
    v->dtype = (uint8_t)dtype;
    v->kind = (uint8_t)kind;
    v->flags = 0;
    v->device = 0;
    v->origin = 0;
    v->tape = NULL;
    v->storage = storage;
    v->data = data;
    b->storage.refs = 0;
    *out = v;
    return LSV_OK;
}

/* ---- properties ---- */

/* A block's own storage: its handle made the memory, and is kept with it (though nobody may hold it any more). */
static bool in_a_block(const lsv_storage *s) {
    return s && (s->release == lsv_release_in_cell || s->release == release_in_buffer);
}

bool lsv_owns(const lsv_array *a) { return in_a_block(a->storage) && &block_of(a->storage)->array == a; }

lsv_array *lsv_base(const lsv_array *a) {
    if (!in_a_block(a->storage) || lsv_owns(a)) return NULL;
    lsv_array *owner = &block_of(a->storage)->array;
    if (owner->storage != a->storage) return NULL;
    if (owner->refs++ == 0) a->storage->refs++; /* it was let go of: held again, as a view would be */
    return owner;
}

bool lsv_is_contiguous(const lsv_array *a) {
    if (a->size <= 1) return true;
    ptrdiff_t step = 1;
    for (int i = a->ndim - 1; i >= 0; i--) {
        if (a->shape[i] == 1) continue;
        if (a->strides[i] != step) return false;
        step *= a->shape[i];
    }
    return true;
}

/* The first byte that a reaches and the one past the last. */
static void address_range(const lsv_array *a, const char **low, const char **high) {
    ptrdiff_t item = (ptrdiff_t)lsv_dtype_size(a->dtype), down = 0, up = item;
    for (int i = 0; i < a->ndim; i++) {
        ptrdiff_t reach = (a->shape[i] - 1) * a->strides[i] * item;
        if (reach < 0) down += reach;
        else up += reach;
    }
    *low = a->data + down;
    *high = a->data + up;
}

bool lsv_shares_memory(const lsv_array *a, const lsv_array *b) {
    if (a->size == 0 || b->size == 0) return false;
    const char *a_low, *a_high, *b_low, *b_high;
    address_range(a, &a_low, &a_high);
    address_range(b, &b_low, &b_high);
    return a_low < b_high && b_low < a_high;
}

lsv_scalar lsv_item(const lsv_array *a, const ptrdiff_t *index) {
    (void)lsv_host(a, NULL); /* a lost array reads as what the host has */
    ptrdiff_t at = 0;
    for (int i = 0; i < a->ndim; i++) at += index[i] * a->strides[i];
    return lsv_load(a->dtype, a->data + at * (ptrdiff_t)lsv_dtype_size(a->dtype));
}

static const char *shape_format(int ndim, const ptrdiff_t *shape, const char *open, const char *comma,
                                const char *one, const char *close, char *buf, size_t n) {
    size_t at = 0;
    int w = snprintf(buf, n, "%s", open);
    for (int i = 0; i < ndim && w >= 0 && (at += (size_t)w) < n; i++)
        w = snprintf(buf + at, n - at, "%s%td", i ? comma : "", shape[i]);
    if (w >= 0 && (!ndim || (at += (size_t)w) < n)) {
        if (!ndim) at = (size_t)w;
        if (at < n) snprintf(buf + at, n - at, "%s%s", ndim == 1 ? one : "", close);
    }
    return buf;
}

const char *lsv_shape_text_n(int ndim, const ptrdiff_t *shape, char *buf, size_t n) {
    return shape_format(ndim, shape, "(", ", ", ",", ")", buf, n);
}
const char *lsv_shape_text(const lsv_array *a, char *buf, size_t n) {
    return lsv_shape_text_n(a->ndim, a->shape, buf, n);
}
const char *lsv_shape_tight(int ndim, const ptrdiff_t *shape, char *buf, size_t n) {
    return shape_format(ndim, shape, "(", ",", ",", ")", buf, n);
}
const char *lsv_shape_list(int ndim, const ptrdiff_t *shape, char *buf, size_t n) {
    return shape_format(ndim, shape, "[", ", ", "", "]", buf, n);
}
