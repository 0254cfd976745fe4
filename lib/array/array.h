/* Arrays: n-dimensional strided views over reference-counted storage.

   An lsv_array is a view: dtype, shape, strides and the address of its first element.
   Several views share one lsv_storage. A small array carries its storage inside itself
   (one allocation, recycled through a free list), so that 3x3 arithmetic costs tens of
   nanoseconds.

   Invariants: 0 <= ndim <= LSV_MAXDIM; shape[i] >= 0; size is the product of the shape and
   the byte size fits ptrdiff_t; strides count elements (not bytes) and may be zero or
   negative; entries at and beyond ndim are unspecified. Reference counts are not atomic:
   all handles are taken and dropped on the session's thread.

   Arguments are borrowed; every lsv_array ** result is a new reference, the caller's to
   release. Results are written only on LSV_OK. */
#ifndef LSV_ARRAY_ARRAY_H
#define LSV_ARRAY_ARRAY_H

#include "array/dtype.h"
#include "base/status.h"

#define LSV_MAXDIM 8

typedef enum lsv_kind { LSV_NUMPY, LSV_TORCH } lsv_kind; /* ndarray or tensor */

enum {                  /* lsv_array.flags */
    LSV_WEAK = 1,       /* a Python scalar: promotes weakly (NEP 50, torch's scalar rule) */
    LSV_READONLY = 2,   /* a broadcast view: writing is an error                          */
    LSV_REQUIRES_GRAD = 4, /* tensor: a leaf that collects .grad, or a result on the tape */
    LSV_PARAMETER = 8   /* tensor: prints as torch.nn.Parameter                           */
};

typedef struct lsv_storage {
    int refs;
    unsigned version; /* changes in place so far, as far as whoever makes them counts (autograd looks at it) */
    void *data;
    size_t bytes;
    /* Called when refs falls to 0; gives back the data and the record itself. NULL: both came
       from lsv_malloc. Who puts another function here must end by calling the one that was. */
    void (*release)(struct lsv_storage *);
    void *owner; /* for release: a file mapping, … */
    struct lsv_mirror *mirror; /* its copy on a device (mirror.h); NULL for arrays of the host */
} lsv_storage;

typedef struct lsv_array {
    int refs;
    uint8_t dtype;  /* lsv_dtype */
    uint8_t kind;   /* lsv_kind  */
    uint8_t ndim;
    uint8_t flags;
    uint8_t device; /* 0 host, 1 + n the n-th GPU */
    uint32_t origin; /* a number by which a client knows the array again; 0: none. Views and copies do not inherit it */
    ptrdiff_t size; /* number of elements */
    ptrdiff_t shape[LSV_MAXDIM];
    ptrdiff_t strides[LSV_MAXDIM];
    char *data;
    lsv_storage *storage;  /* NULL for a scalar on the C stack (lsv_scalar_array) */
    struct lsv_tape *tape; /* autograd's record, NULL for most; owned (lib/grad) */
} lsv_array;

/* ---- life ---- */

/* New C-contiguous array, elements not set / zero / all `value` (converted). */
lsv_status lsv_empty(lsv_kind kind, lsv_dtype dtype, int ndim, const ptrdiff_t *shape, lsv_array **out, lsv_error *err);
lsv_status lsv_zeros(lsv_kind kind, lsv_dtype dtype, int ndim, const ptrdiff_t *shape, lsv_array **out, lsv_error *err);
lsv_status lsv_full(lsv_kind kind, lsv_dtype dtype, int ndim, const ptrdiff_t *shape, lsv_scalar value, lsv_array **out, lsv_error *err);
/* A 0-d array. */
lsv_status lsv_from_scalar(lsv_kind kind, lsv_scalar value, lsv_array **out, lsv_error *err);
/* A borrowed 0-d array on the C stack over `cell`, for handing scalars to operations: weak
   scalars take LSV_WEAK in flags. Never release it, never keep it. */
lsv_array lsv_scalar_array(lsv_kind kind, lsv_scalar value, int flags, void *cell8);
/* start, start+step, … (n elements); and n points from start to stop as numpy.linspace. */
lsv_status lsv_arange(lsv_kind kind, lsv_dtype dtype, lsv_scalar start, lsv_scalar step, ptrdiff_t n, lsv_array **out, lsv_error *err);
lsv_status lsv_linspace(lsv_kind kind, lsv_dtype dtype, double start, double stop, ptrdiff_t n, bool endpoint, lsv_array **out, lsv_error *err);
lsv_status lsv_eye(lsv_kind kind, lsv_dtype dtype, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t k, lsv_array **out, lsv_error *err);

/* A C-contiguous array over storage that the caller made (a file mapping, …), at `data` within
   it. On LSV_OK the array has taken over the caller's reference to storage. */
lsv_status lsv_from_storage(lsv_kind kind, lsv_dtype dtype, int ndim, const ptrdiff_t *shape, lsv_storage *storage, void *data, lsv_array **out, lsv_error *err);

static inline lsv_array *lsv_ref(lsv_array *a) { a->refs++; return a; }
void lsv_release(lsv_array *a); /* NULL is allowed */
/* Drops array->tape when its array goes; NULL until lib/grad sets it. */
extern void (*lsv_tape_release)(struct lsv_tape *);

/* ---- properties ---- */

bool lsv_is_contiguous(const lsv_array *a);           /* C order; true for size 0 and 1   */
bool lsv_shares_memory(const lsv_array *a, const lsv_array *b); /* may overlap: by address range */
bool lsv_owns(const lsv_array *a);                    /* its memory is not another array's */
lsv_array *lsv_base(const lsv_array *a);              /* the array whose memory a view shows, a new reference; NULL: a owns it, or no array does */
static inline void *lsv_data(const lsv_array *a) { return a->data; }
lsv_scalar lsv_item(const lsv_array *a, const ptrdiff_t *index); /* index has ndim entries, in range */
/* "(3, 2)" or "(3,)" into buf; for messages. */
const char *lsv_shape_text(const lsv_array *a, char *buf, size_t n);
const char *lsv_shape_text_n(int ndim, const ptrdiff_t *shape, char *buf, size_t n);

/* ---- views: share memory with a; of the flags only LSV_READONLY passes on ---- */

lsv_status lsv_view(lsv_array *a, lsv_array **out, lsv_error *err);       /* same everything, new handle */
lsv_status lsv_view_strided(lsv_array *a, int ndim, const ptrdiff_t *shape, const ptrdiff_t *strides, ptrdiff_t offset, lsv_array **out, lsv_error *err); /* unchecked; offset in elements from a->data */
lsv_status lsv_transpose(lsv_array *a, const int *axes, lsv_array **out, lsv_error *err); /* axes NULL: reverse */
lsv_status lsv_swapaxes(lsv_array *a, int i, int j, lsv_array **out, lsv_error *err);
lsv_status lsv_moveaxis(lsv_array *a, int n, const int *from, const int *to, lsv_array **out, lsv_error *err);
lsv_status lsv_broadcast_to(lsv_array *a, int ndim, const ptrdiff_t *shape, lsv_array **out, lsv_error *err); /* NumPy kind: LSV_READONLY; torch: expand, where -1 keeps */
lsv_status lsv_expand_dims(lsv_array *a, int axis, lsv_array **out, lsv_error *err);
lsv_status lsv_squeeze(lsv_array *a, int naxes, const int *axes, lsv_array **out, lsv_error *err); /* naxes < 0: all of length 1; torch ignores axes that are longer, NumPy raises */
lsv_status lsv_diagonal(lsv_array *a, ptrdiff_t k, int axis1, int axis2, lsv_array **out, lsv_error *err); /* NumPy kind: LSV_READONLY */
lsv_status lsv_flip(lsv_array *a, int naxes, const int *axes, lsv_array **out, lsv_error *err); /* torch copies, NumPy views */

/* A view where strides allow it, a copy otherwise; one entry of shape may be -1.
   must_view: torch's .view, an error where a copy would be needed. */
lsv_status lsv_reshape(lsv_array *a, int ndim, const ptrdiff_t *shape, bool must_view, lsv_array **out, lsv_error *err);
lsv_status lsv_ravel(lsv_array *a, bool copy, lsv_array **out, lsv_error *err);

/* Axis in -ndim..ndim-1 to 0..ndim-1, else LSV_EAXIS (torch: LSV_EINDEX with torch's text). */
lsv_status lsv_axis(const lsv_array *a, int axis, int *out, lsv_error *err);

/* ---- order in memory ---- */

/* C: the last axis closest together; F: the first; K: as it lies; A: F where it lies so, else C. */
typedef enum lsv_order { LSV_ORDER_C, LSV_ORDER_F, LSV_ORDER_A, LSV_ORDER_K } lsv_order;
bool lsv_is_fortran(const lsv_array *a); /* F order; true for size 0 and 1 and for vectors without gaps */
bool lsv_lies_in(const lsv_array *a, lsv_order order);
void lsv_order_axes(const lsv_array *a, lsv_order order, int axes[LSV_MAXDIM]); /* from the slowest to the fastest when elements are read in that order */
/* New arrays that own their memory; like: whose order K and A mean (NULL: C). */
lsv_status lsv_empty_in(lsv_order order, const lsv_array *like, lsv_kind kind, lsv_dtype dtype, int ndim, const ptrdiff_t *shape, lsv_array **out, lsv_error *err);
lsv_status lsv_copy_in(lsv_order order, const lsv_array *a, lsv_dtype dtype, lsv_array **out, lsv_error *err);

/* ---- copies ---- */

lsv_status lsv_copy(const lsv_array *a, lsv_array **out, lsv_error *err);   /* C-contiguous, same kind and dtype */
lsv_status lsv_astype(const lsv_array *a, lsv_dtype dtype, lsv_array **out, lsv_error *err); /* always copies */
lsv_status lsv_contiguous(lsv_array *a, lsv_array **out, lsv_error *err);   /* a itself where it is already */
lsv_status lsv_as_dtype(lsv_array *a, lsv_dtype dtype, lsv_array **out, lsv_error *err); /* a itself where it is already */
/* dst[...] = src, broadcasting and converting; safe when they overlap. */
lsv_status lsv_assign(lsv_array *dst, const lsv_array *src, lsv_error *err);
lsv_status lsv_fill(lsv_array *dst, lsv_scalar value, lsv_error *err);
/* Same memory as the other kind (torch.from_numpy, .numpy()). */
lsv_status lsv_as_kind(lsv_array *a, lsv_kind kind, lsv_array **out, lsv_error *err);

/* ---- indexing ---- */

typedef struct lsv_index {
    enum { LSV_IX_INT, LSV_IX_SLICE, LSV_IX_NEWAXIS, LSV_IX_ELLIPSIS, LSV_IX_ARRAY } type;
    bool has_start, has_stop;      /* slice parts present                               */
    ptrdiff_t start, stop, step;   /* LSV_IX_INT keeps its integer in start; step 1 if absent */
    lsv_array *array;              /* LSV_IX_ARRAY: integer or bool, borrowed           */
} lsv_index;

/* a[items]: a view for basic indices, a copy as soon as an array takes part (NumPy's rules for
   where the broadcast index dimensions go, bool masks of several dimensions included).
   All-integer indexing gives a 0-d view. */
lsv_status lsv_index_get(lsv_array *a, const lsv_index *items, int n, lsv_array **out, lsv_error *err);
lsv_status lsv_index_set(lsv_array *a, const lsv_index *items, int n, const lsv_array *value, lsv_error *err);
/* numpy.take, numpy.put_along_axis's sibling take_along_axis / torch.gather. */
lsv_status lsv_take(const lsv_array *a, const lsv_array *indices, int axis, bool flat, lsv_array **out, lsv_error *err);
lsv_status lsv_take_along(const lsv_array *a, const lsv_array *indices, int axis, lsv_array **out, lsv_error *err);
/* One int64 array per dimension, as numpy.nonzero; out has a->ndim slots. */
lsv_status lsv_nonzero(const lsv_array *a, lsv_array **out, lsv_error *err);

/* ---- joining, repeating ---- */

lsv_status lsv_concatenate(lsv_array *const *parts, int n, int axis, lsv_array **out, lsv_error *err); /* promotes */
lsv_status lsv_stack(lsv_array *const *parts, int n, int axis, lsv_array **out, lsv_error *err);
lsv_status lsv_repeat(const lsv_array *a, const lsv_array *counts, int axis, bool flat, lsv_array **out, lsv_error *err);
lsv_status lsv_tile(const lsv_array *a, int n, const ptrdiff_t *reps, lsv_array **out, lsv_error *err);
lsv_status lsv_roll(const lsv_array *a, ptrdiff_t shift, int axis, bool flat, lsv_array **out, lsv_error *err);
lsv_status lsv_tri(const lsv_array *a, ptrdiff_t k, bool upper, lsv_array **out, lsv_error *err); /* tril, triu of the last two axes */
lsv_status lsv_diag_build(const lsv_array *v, ptrdiff_t k, lsv_array **out, lsv_error *err);      /* 1-D to 2-D */
lsv_status lsv_meshgrid(lsv_array *const *axes, int n, bool ij, lsv_array **out, lsv_error *err);  /* n results  */

/* ---- ordering (NaN sorts last, as NumPy) ---- */

lsv_status lsv_sort(const lsv_array *a, int axis, bool descending, lsv_array **values, lsv_array **indices, lsv_error *err); /* stable; values or indices may be NULL */
lsv_status lsv_unique(const lsv_array *a, lsv_array **values, lsv_array **index, lsv_array **inverse, lsv_array **counts, lsv_error *err); /* sorted; NULL for what is not wanted */
lsv_status lsv_searchsorted(const lsv_array *sorted, const lsv_array *v, bool right, lsv_array **out, lsv_error *err);
lsv_status lsv_topk(const lsv_array *a, ptrdiff_t k, int axis, bool largest, lsv_array **values, lsv_array **indices, lsv_error *err);

#endif
