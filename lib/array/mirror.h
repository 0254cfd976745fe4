/* Mirrors: arrays that live on a device, on the host, or on both.

   An array with device 0 is on the host and never has a mirror of its own: it costs nothing here. An array with
   device 1 + n belongs to the n-th GPU, and its storage has a mirror: a device copy of the whole
   storage beside the host's, and a flag for each that says whether it is valid. At least one of the two is,
   unless the device failed with the only copy on it (`lost`). Nothing is copied that is not read:
   results of device operations stay on the device until the host looks.

   The host's memory is always there, so every view has an address; pages that were never touched cost
   nothing. A view's place on the device is found by its offset in the storage.

   Rules for code that reads or writes elements through array->data:

       LSV_TRY(lsv_host(a, err));        before reading
       LSV_TRY(lsv_host_write(a, err));  before writing (reads too: the rest of the storage stays)

   Both are one comparison for arrays of the host. Aware of devices are lsv_unary, lsv_binary, lsv_binary_into,
   lsv_reduce, lsv_astype and lsv_copy, lsv_matmul and lsv_svd: with an operand of a device their results are the device's,
   wherever they were computed. Everything else is given views of the host (lsv_host_view), makes host
   arrays, and lsv_put_on gives those the device's label (no copy until something reads them there).

   All of this runs on the session's thread. */
#ifndef LSV_ARRAY_MIRROR_H
#define LSV_ARRAY_MIRROR_H

#include "array/array.h"
#include "array/elementwise.h"
#include "array/reduce.h"

typedef struct lsv_mirror {
    lsv_storage *storage;
    void *host;               /* the storage's data: its address range finds the mirror     */
    size_t bytes;
    void *device;             /* the device copy; NULL: none yet, or given back              */
    bool host_valid, device_valid;
    bool lost;                /* the only copy was on a device that failed                   */
    bool borrowed;            /* over memory that no array owns (lsv_mirror_begin)           */
    bool temporary;           /* no variable's: its loss is the algorithm's affair alone     */
    bool scratch, set;        /* of lsv_scratch_begin; something has been written to it      */
    int pins;                 /* an operation uses the device copy: it may not be given back */
    unsigned long used;       /* when last, for giving back the oldest                       */
    int ordinal;
    void (*release)(lsv_storage *); /* what the storage had, called at its end               */
} lsv_mirror;

/* ---- what a device offers ----

   Filled in by the backend when a GPU comes up, NULL before and after it has failed. Routes over arrays return
   LSV_OK when done, LSV_EINTR when stopped, and LSV_ENOTIMPL for everything that the host
   should do instead (dtypes not offered, out of device memory, a failure: the backend has said so already). */
typedef struct lsv_device_table {
    lsv_status (*alloc)(size_t bytes, void **out, lsv_error *err);
    void (*free)(void *device);
    lsv_status (*upload)(void *device, const void *host, size_t bytes, lsv_error *err);
    lsv_status (*download)(void *host, const void *device, size_t bytes, lsv_error *err);
    /* routes: results are new arrays on the operands' device */
    lsv_status (*unary)(lsv_unary_op op, const lsv_array *a, lsv_dtype compute, lsv_dtype result, lsv_array **out,
                        lsv_error *err);
    lsv_status (*binary)(lsv_binary_op op, const lsv_array *a, const lsv_array *b, lsv_dtype compute, lsv_dtype result,
                         int ndim, const ptrdiff_t *shape, lsv_array **out, lsv_error *err);
    lsv_status (*binary_into)(lsv_binary_op op, lsv_array *a, const lsv_array *b, lsv_dtype compute, lsv_error *err);
    lsv_status (*convert)(const lsv_array *a, lsv_dtype dtype, lsv_array **out, lsv_error *err); /* a copy */
    /* over one axis, or over everything (axis < 0) */
    lsv_status (*reduce)(lsv_reduction op, const lsv_array *a, int axis, bool keepdims, lsv_array **out, lsv_error *err);
    /* the last two axes; `shape` is the result's. Operands may lie on the host. */
    lsv_status (*matmul)(const lsv_array *a, const lsv_array *b, lsv_dtype compute, int nbatch, int ndim,
                         const ptrdiff_t *shape, lsv_array **out, lsv_error *err);
    /* One matrix, on the host or on the device, where the results then are. U, Vh NULL: values only. */
    lsv_status (*svd)(const lsv_array *a, bool full, bool by_qr, lsv_array **U, lsv_array **S, lsv_array **Vh, lsv_error *err);
    /* Between device pointers, of float64: rows of `width` elements, `step` elements from one to the next. */
    lsv_status (*copy_rows)(void *to, ptrdiff_t to_step, const void *from, ptrdiff_t from_step, ptrdiff_t rows,
                            ptrdiff_t width, lsv_error *err);
    /* The sum of squares of each row of a dense rows x width matrix of float64, to the host. */
    lsv_status (*row_squares)(const void *device, ptrdiff_t rows, ptrdiff_t width, double *host, lsv_error *err);
} lsv_device_table;

extern const lsv_device_table *lsv_device;

/* ---- host access ---- */

lsv_status lsv_mirror_to_host(lsv_mirror *m, lsv_error *err);   /* LSV_ERUNTIME when lost, LSV_EINTR */
lsv_status lsv_mirror_write_host(lsv_mirror *m, lsv_error *err);

/* Make the host's elements valid. */
static inline lsv_status lsv_host(const lsv_array *a, lsv_error *err) {
    if (__builtin_expect(!a->storage || !a->storage->mirror, 1)) return LSV_OK;
    return lsv_mirror_to_host(a->storage->mirror, err);
}
/* The same, and the device copy becomes stale. */
static inline lsv_status lsv_host_write(const lsv_array *a, lsv_error *err) {
    if (__builtin_expect(!a->storage || !a->storage->mirror, 1)) return LSV_OK;
    return lsv_mirror_write_host(a->storage->mirror, err);
}
/* A view of the same storage, valid on the host and with the host's label, flags kept: what a function that knows
   nothing of devices is given, so that whatever it makes on its way stays on the host too. (Valid elements alone would not
   do: a product of labelled operands within it would go to the device, unread.) An array on the C stack gives a copy. */
lsv_status lsv_host_view(const lsv_array *a, lsv_array **out, lsv_error *err);
/* lsv_as_dtype of that; a itself, referenced, where it is the host's already. */
lsv_status lsv_host_as_dtype(const lsv_array *a, lsv_dtype dtype, lsv_array **out, lsv_error *err);
/* The host's elements were changed by code that had made them valid: the device copy is stale. */
static inline void lsv_host_changed(const lsv_array *a) {
    if (a->storage && a->storage->mirror) a->storage->mirror->device_valid = false;
}
/* The only copy was on a device that failed: reading it is an error. */
static inline bool lsv_is_lost(const lsv_array *a) {
    return a->storage && a->storage->mirror && a->storage->mirror->lost;
}

/* ---- moving between devices ---- */

/* A copy on device 1 + n (torch's .to(device), .cuda()); a itself, referenced, where it is there already.
   C-contiguous. When the device has no room the copy stays on the host until it has: only the label is the
   device's. LSV_ENOMEM: not even host memory. */
lsv_status lsv_to_device(const lsv_array *a, int device, lsv_array **out, lsv_error *err);
/* A copy on the host (.cpu()); a itself, referenced, when it is on the host. */
lsv_status lsv_to_host_array(const lsv_array *a, lsv_array **out, lsv_error *err);
/* Label an array as one of a device (0: of the host, which makes its host copy valid); copies nothing else.
   For results of operations that ran on the host; other views of the same storage keep their label. */
lsv_status lsv_put_on(lsv_array *a, int device, lsv_error *err);
/* The same for a result that was just made: released when that fails. */
static inline lsv_status lsv_follow(lsv_array **made, int device, lsv_error *err) {
    if (!device) return LSV_OK;
    lsv_status status = lsv_put_on(*made, device, err);
    if (status != LSV_OK) lsv_release(*made), *made = NULL;
    return status;
}
/* lsv_empty on a device: neither copy is set; the host's counts as valid until the device's is written. */
lsv_status lsv_empty_on(int device, lsv_kind kind, lsv_dtype dtype, int ndim, const ptrdiff_t *shape, lsv_array **out,
                        lsv_error *err);

/* ---- for the backend ---- */

/* The mirror whose host range holds [host, host + bytes); NULL: plain host memory. */
lsv_mirror *lsv_mirror_find(const void *host, size_t bytes);
/* The device copy allocated (valid: and up to date), used now. */
lsv_status lsv_mirror_on_device(lsv_mirror *m, bool valid, lsv_error *err);
/* The device copy was written and is now the only valid one. */
void lsv_mirror_device_written(lsv_mirror *m);
/* a's first element on the device. */
static inline void *lsv_device_data(const lsv_array *a) {
    lsv_mirror *m = a->storage->mirror;
    return (char *)m->device + (a->data - (const char *)m->host);
}

/* Between begin and end, the host range is not written by anyone and its device copy is kept: an algorithm that
   reads one matrix many times pays for one copy. NULL: not worth it, or no memory; end(NULL) does nothing. */
lsv_mirror *lsv_mirror_begin(const void *host, size_t bytes);
void lsv_mirror_end(lsv_mirror *m);

/* ---- scratch ----

   What an algorithm computes with on the way, and nobody else sees. Between begin and end the backend's operations
   on any part of the range run on the device, whatever their size, and leave their results there: the
   host's memory keeps its address and is not looked at. Undefined until something is written. The algorithm says when it
   looks (read) and when it has written (written); what the host does to it otherwise is not seen.

   There is no second copy, so an operation that the device fails at cannot be done by the host: it gives
   LSV_ENOTIMPL, as all of these do then, and the algorithm has to begin again without scratch. */

/* false: no device is up, or no memory. `host` was allocated by the caller, whose it stays; its end comes first. */
bool lsv_scratch_begin(void *host, size_t bytes);
void lsv_scratch_end(const void *host); /* nothing happens to memory that is no scratch, or NULL */
/* Does this thread have any? And is this it? */
int lsv_scratch_count(void);
bool lsv_scratch_is(const void *host);
/* The host's memory valid. Memory that is no scratch is. */
lsv_status lsv_scratch_read(const void *host, lsv_error *err);
/* The host has written all of it that matters. */
void lsv_scratch_written(const void *host);
/* to = from, rows of float64; both have a mirror. */
lsv_status lsv_scratch_copy(void *to, ptrdiff_t to_step, const void *from, ptrdiff_t from_step, ptrdiff_t rows,
                            ptrdiff_t width, lsv_error *err);
/* The sum of squares of each row of a dense matrix of float64 that has a mirror. */
lsv_status lsv_scratch_row_squares(const void *host, ptrdiff_t rows, ptrdiff_t width, double *sums, lsv_error *err);

/* Give device copies back until `bytes` are free: first those the host has too, oldest first, then (spill) the
   others after copying them to the host. Returns what was given back. */
size_t lsv_mirror_give_back(size_t bytes, bool spill);
/* The device is gone: host copies serve from here, the rest is lost. Returns how many are; `each` is called for
   the storage of every one. */
int lsv_mirror_device_failed(void (*each)(void *context, lsv_storage *storage), void *context);
int lsv_mirror_count(void); /* mirrors there are */

#endif
