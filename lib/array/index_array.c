/* Indexing with integer and boolean arrays.

   The basic items are applied first, as in index.c, with every array standing for the full
   slices it takes up; that gives a view some of whose dimensions are indexed. The index arrays
   broadcast together to one shape B, and every place in B has an offset into the view: the sum
   of index times step. The result has the view's other dimensions around B:

       before (P)  x  B  x  after (Q)

   B stands where the indexed dimensions stood when they were next to each other, else first.
   NumPy counts integers among the index arrays when it asks that; PyTorch has applied them
   already. Reading copies a block of Q for each place of P and B into a dense result; writing
   is the same walk the other way. */
#include "array/array.h"

#include <string.h>
#include "array/inside.h"
#include "array/mirror.h"
#include "base/interrupt.h"

#define MAX_ITEMS 24

typedef struct gather {
    lsv_array view;               /* a under the basic items                              */
    lsv_array *index[LSV_MAXDIM]; /* of the view's dimensions: int64, owned; or NULL      */
    const lsv_array *mask;        /* the only array is a mask: no need for int64 arrays   */
    int axis[LSV_MAXDIM];         /* for messages: NumPy's axis, PyTorch's indexed dimension */
    bool indexed[LSV_MAXDIM];
    int first;  /* the view's dimension before which B stands                        */
    bool apart; /* indexed dimensions are not neighbours: B comes first              */
    int nb;     /* B */
    ptrdiff_t b[LSV_MAXDIM], count;
    ptrdiff_t *offsets; /* count of them, in bytes */
    int np, nq;
    ptrdiff_t p[LSV_MAXDIM], p_step[LSV_MAXDIM], q[LSV_MAXDIM], q_step[LSV_MAXDIM]; /* bytes */
    ptrdiff_t q_size;
    bool q_dense; /* a block of Q is one run of bytes */
} gather;

static void gather_end(gather *g) {
    for (int i = 0; i < LSV_MAXDIM; i++) lsv_release(g->index[i]);
    lsv_free(g->offsets);
}

/* ---- the index arrays ---- */

/* Integers and 0-d integer arrays are the same thing. */
static lsv_status plain_items(const lsv_array *a, const lsv_index *items, int n, lsv_index *plain,
                              lsv_error *err) {
    if (n > MAX_ITEMS) return lsv_fail(err, LSV_EINDEX, "too many indices");
    for (int k = 0; k < n; k++) {
        plain[k] = items[k];
        if (items[k].type != LSV_IX_ARRAY) continue;
        const lsv_array *x = items[k].array;
        if (x->dtype != LSV_BOOL && !lsv_dtype_is_int((lsv_dtype)x->dtype)) {
            bool empty = x->size == 0 && x->ndim == 1 && a->kind == LSV_TORCH; /* t[[]] */
            if (empty) continue;
            return lsv_fail(err, LSV_EINDEX,
                            a->kind == LSV_TORCH
                                ? "tensors used as indices must be long, int, byte or bool tensors"
                                : "arrays used as indices must be of integer (or boolean) type");
        }
        if (x->ndim == 0 && x->dtype != LSV_BOOL)
            plain[k] =
                (lsv_index){.type = LSV_IX_INT, .start = (ptrdiff_t)lsv_load((lsv_dtype)x->dtype, x->data).i};
    }
    return LSV_OK;
}

static bool any_array(const lsv_index *items, int n) {
    for (int k = 0; k < n; k++)
        if (items[k].type == LSV_IX_ARRAY) return true;
    return false;
}

static lsv_status mask_mismatch(const gather *g, const lsv_array *a, const lsv_array *mask, int dim, int k,
                                lsv_error *err) {
    char one[LSV_SHAPE_TEXT], two[LSV_SHAPE_TEXT];
    if (a->kind == LSV_NUMPY)
        return lsv_fail(
            err, LSV_EINDEX,
            "boolean index did not match indexed array along axis %d; size of axis is %td but size of "
            "corresponding boolean axis is %td",
            g->axis[dim + k], g->view.shape[dim + k], mask->shape[k]);
    return lsv_fail(
        err, LSV_EINDEX,
        "The shape of the mask %s at index %d does not match the shape of the indexed tensor %s at index %d",
        lsv_shape_list(mask->ndim, mask->shape, one, sizeof one), k,
        lsv_shape_list(g->view.ndim, g->view.shape, two, sizeof two), dim + k);
}

/* An index array takes its place at the view's dimension `dim`. */
static lsv_status place_array(gather *g, const lsv_array *a, lsv_array *x, int dim, bool only,
                              lsv_error *err) {
    if (x->dtype != LSV_BOOL) {
        g->indexed[dim] = true;
        return lsv_as_dtype(x, LSV_INT64, &g->index[dim], err);
    }
    if (x->ndim == 0) { /* a new dimension of length 1 that is taken once or not at all */
        ptrdiff_t n = lsv_load(LSV_BOOL, x->data).i;
        g->indexed[dim] = true;
        return lsv_zeros(LSV_NUMPY, LSV_INT64, 1, &n, &g->index[dim], err);
    }
    for (int k = 0; k < x->ndim; k++) {
        if (x->shape[k] != g->view.shape[dim + k]) return mask_mismatch(g, a, x, dim, k, err);
        g->indexed[dim + k] = true;
    }
    if (only) {
        g->mask = x;
        return LSV_OK;
    }
    return lsv_nonzero(x, &g->index[dim], err);
}

/* The view under the basic items, and the arrays' places in it. */
static lsv_status place_items(gather *g, lsv_array *a, const lsv_index *items, int n, lsv_error *err) {
    lsv_index basic[MAX_ITEMS + LSV_MAXDIM];
    int m = 0, arrays = 0, used = lsv_index_dims(items, n);
    if (used > a->ndim) return lsv_too_many_indices(a, items, n, err);
    for (int k = 0; k < n; k++) {
        if (items[k].type != LSV_IX_ARRAY) {
            basic[m++] = items[k];
            continue;
        }
        arrays++;
        const lsv_array *x = items[k].array;
        int dims = x->dtype == LSV_BOOL ? x->ndim : 1;
        if (dims == 0) basic[m++] = (lsv_index){.type = LSV_IX_NEWAXIS};
        for (int i = 0; i < dims; i++) basic[m++] = (lsv_index){.type = LSV_IX_SLICE, .step = 1};
    }
    LSV_TRY(lsv_index_resolve(a, basic, m, &g->view, err));

    int dim = 0, axis = 0, ordinal = 0, state = 0; /* state: 0 none yet, 1 among indices, 2 past them */
    for (int k = 0; k < n; k++) {
        bool array = items[k].type == LSV_IX_ARRAY;
        if (array || (items[k].type == LSV_IX_INT && a->kind == LSV_NUMPY)) {
            if (state == 0) g->first = dim;
            if (state == 2) g->apart = true;
            state = 1;
        } else if (items[k].type != LSV_IX_INT && state == 1) {
            state = 2;
        }
        if (items[k].type == LSV_IX_INT) {
            axis++;
        } else if (items[k].type == LSV_IX_ELLIPSIS) {
            dim += a->ndim - used;
            axis += a->ndim - used;
        } else if (!array) {
            dim++;
            axis += items[k].type == LSV_IX_SLICE;
        } else {
            lsv_array *x = items[k].array;
            int dims = x->dtype == LSV_BOOL ? x->ndim : 1;
            for (int i = 0; i < dims; i++) g->axis[dim + i] = a->kind == LSV_NUMPY ? axis + i : ordinal++;
            LSV_TRY(place_array(g, a, x, dim, arrays == 1, err));
            dim += dims ? dims : 1;
            axis += dims;
        }
    }
    return LSV_OK;
}

/* ---- offsets ---- */

static lsv_status cannot_broadcast(const gather *g, lsv_error *err) {
    char text[400], one[LSV_SHAPE_TEXT];
    bool torch = g->view.kind == LSV_TORCH, any = false;
    text[0] = '\0';
    for (int i = 0; i < g->view.ndim; i++) {
        const lsv_array *x = g->index[i];
        if (!x) continue;
        if (torch) lsv_shape_list(x->ndim, x->shape, one, sizeof one);
        else lsv_shape_tight(x->ndim, x->shape, one, sizeof one);
        if (strlen(text) + strlen(one) + 4 > sizeof text) break;
        if (torch && any) strcat(text, ", ");
        strcat(text, one);
        if (!torch) strcat(text, " ");
        any = true;
    }
    return lsv_fail(err, LSV_EINDEX,
                    "shape mismatch: indexing %s could not be broadcast together with shapes %s",
                    torch ? "tensors" : "arrays", text);
}

static lsv_status broadcast_indices(gather *g, lsv_error *err) {
    for (int i = 0; i < g->view.ndim; i++)
        if (g->index[i] && g->index[i]->ndim > g->nb) g->nb = g->index[i]->ndim;
    for (int d = 0; d < g->nb; d++) g->b[d] = 1;
    for (int i = 0; i < g->view.ndim; i++) {
        const lsv_array *x = g->index[i];
        for (int d = 0; x && d < x->ndim; d++) {
            ptrdiff_t *at = &g->b[g->nb - x->ndim + d];
            if (x->shape[d] == 1 || x->shape[d] == *at) continue;
            if (*at != 1) return cannot_broadcast(g, err);
            *at = x->shape[d];
        }
    }
    g->count = 1;
    for (int d = 0; d < g->nb; d++)
        if (__builtin_mul_overflow(g->count, g->b[d], &g->count)) return lsv_no_memory(err, 0);
    return LSV_OK;
}

/* Add index times step for one indexed dimension. */
static lsv_status add_offsets(gather *g, int dim, lsv_error *err) {
    lsv_array *wide, *dense;
    LSV_TRY(lsv_broadcast_to(g->index[dim], g->nb, g->b, &wide, err));
    lsv_status status = lsv_contiguous(wide, &dense, err);
    lsv_release(wide);
    LSV_TRY(status);
    const int64_t *x = lsv_data(dense);
    ptrdiff_t length = g->view.shape[dim],
              step = g->view.strides[dim] * (ptrdiff_t)lsv_dtype_size(g->view.dtype);
    for (ptrdiff_t i = 0; i < g->count; i++) {
        if (lsv_stop_at(i) && (status = lsv_poll(err)) != LSV_OK) break;
        ptrdiff_t at = (ptrdiff_t)x[i];
        if (at < 0) at += length;
        if ((size_t)at >= (size_t)length) {
            status = lsv_out_of_bounds((lsv_kind)g->view.kind, (ptrdiff_t)x[i], g->axis[dim], length, err);
            break;
        }
        g->offsets[i] += at * step;
    }
    lsv_release(dense);
    return status;
}

static ptrdiff_t count_true(const uint8_t *x, ptrdiff_t n) {
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0; i < n; i++) count += x[i] != 0;
    return count;
}

/* Where a mask is true, straight to offsets. */
static lsv_status mask_offsets(gather *g, lsv_error *err) {
    lsv_array *mask;
    LSV_TRY(lsv_contiguous((lsv_array *)g->mask, &mask, err));
    const uint8_t *x = lsv_data(mask);
    int dim = 0, nd = mask->ndim;
    while (!g->indexed[dim]) dim++;
    g->nb = 1;
    g->count = g->b[0] = count_true(x, mask->size);
    g->offsets = lsv_malloc((size_t)g->count * sizeof *g->offsets);
    if (!g->offsets) {
        lsv_release(mask);
        return lsv_no_memory(err, (size_t)g->count * sizeof *g->offsets);
    }
    ptrdiff_t item = (ptrdiff_t)lsv_dtype_size(g->view.dtype), at[LSV_MAXDIM] = {0}, base = 0, k = 0;
    ptrdiff_t n = mask->shape[nd - 1], step = g->view.strides[dim + nd - 1] * item;
    for (ptrdiff_t done = 0; done < mask->size && !lsv_interrupt_flag; done += n, x += n) {
        for (ptrdiff_t i = 0; i < n && !lsv_stop_at(i); i++)
            if (x[i]) g->offsets[k++] = base + i * step;
        for (int d = nd - 2; d >= 0; d--) {
            base += g->view.strides[dim + d] * item;
            if (++at[d] < mask->shape[d]) break;
            base -= g->view.strides[dim + d] * item * at[d];
            at[d] = 0;
        }
    }
    lsv_release(mask);
    return lsv_poll(err);
}

static lsv_status make_offsets(gather *g, lsv_error *err) {
    if (g->mask) return mask_offsets(g, err);
    LSV_TRY(broadcast_indices(g, err));
    g->offsets = lsv_calloc((size_t)g->count, sizeof *g->offsets);
    if (!g->offsets) return lsv_no_memory(err, (size_t)g->count * sizeof *g->offsets);
    for (int i = 0; i < g->view.ndim; i++)
        if (g->index[i]) LSV_TRY(add_offsets(g, i, err));
    return LSV_OK;
}

/* ---- P and Q ---- */

static void split_dims(gather *g) {
    ptrdiff_t item = (ptrdiff_t)lsv_dtype_size(g->view.dtype);
    for (int i = 0; i < g->view.ndim; i++) {
        if (g->indexed[i]) continue;
        if (!g->apart && i < g->first) {
            g->p[g->np] = g->view.shape[i];
            g->p_step[g->np++] = g->view.strides[i] * item;
        } else {
            g->q[g->nq] = g->view.shape[i];
            g->q_step[g->nq++] = g->view.strides[i] * item;
        }
    }
    g->q_size = 1;
    g->q_dense = true;
    for (int i = g->nq - 1; i >= 0; i--) {
        if (g->q[i] != 1 && g->q_step[i] != g->q_size * item) g->q_dense = false;
        g->q_size *= g->q[i];
    }
}

static lsv_status gather_begin(gather *g, lsv_array *a, const lsv_index *items, int n, lsv_error *err) {
    g->view.dtype = a->dtype;
    g->view.kind = a->kind;
    LSV_TRY(place_items(g, a, items, n, err));
    LSV_TRY(make_offsets(g, err));
    split_dims(g);
    return LSV_OK;
}

static lsv_status result_shape(const gather *g, int *ndim, ptrdiff_t *shape, lsv_error *err) {
    int n = 0;
    if (g->np + g->nb + g->nq > LSV_MAXDIM)
        return lsv_fail(err, LSV_EINDEX,
                        "number of dimensions must be within [0, %d], indexing result would have %d",
                        LSV_MAXDIM, g->np + g->nb + g->nq);
    for (int i = 0; i < g->np; i++) shape[n++] = g->p[i];
    for (int i = 0; i < g->nb; i++) shape[n++] = g->b[i];
    for (int i = 0; i < g->nq; i++) shape[n++] = g->q[i];
    *ndim = n;
    return LSV_OK;
}

/* ---- moving ---- */

/* Single elements of one size, to (or from) a dense row. Reading stops when interrupted, and is then
   given up; writing goes on to its end, so that what is written to is never half new. */
#define ELEMENTS(bytes)                                                                \
    static void elements_##bytes(const gather *g, char *base, char *dense, bool set) { \
        if (set)                                                                       \
            for (ptrdiff_t i = 0; i < g->count; i++)                                   \
                memcpy(base + g->offsets[i], dense + i * (bytes), bytes);              \
        else                                                                           \
            for (ptrdiff_t i = 0; i < g->count && !lsv_stop_at(i); i++)                \
                memcpy(dense + i * (bytes), base + g->offsets[i], bytes);              \
    }
ELEMENTS(1)
ELEMENTS(2)
ELEMENTS(4)
ELEMENTS(8)

/* Blocks of Q for every place of B. */
static void blocks(const gather *g, char *base, char *dense, bool set) {
    lsv_dtype dtype = (lsv_dtype)g->view.dtype;
    ptrdiff_t item = (ptrdiff_t)lsv_dtype_size(dtype), bytes = g->q_size * item, dense_step[LSV_MAXDIM];
    if (g->q_size == 1) {
        if (item == 8) elements_8(g, base, dense, set);
        else if (item == 4) elements_4(g, base, dense, set);
        else if (item == 2) elements_2(g, base, dense, set);
        else elements_1(g, base, dense, set);
        return;
    }
    for (int i = g->nq - 1; i >= 0; i--) {
        dense_step[i] = item;
        item *= g->q[i];
    }
    for (ptrdiff_t i = 0; i < g->count; i++, dense += bytes) {
        if (!set && lsv_interrupt_flag) return;
        char *at = base + g->offsets[i];
        if (g->q_dense) memcpy(set ? at : dense, set ? dense : at, (size_t)bytes);
        else if (set) lsv_copy_strided(g->nq, g->q, dtype, at, g->q_step, dtype, dense, dense_step);
        else lsv_copy_strided(g->nq, g->q, dtype, dense, dense_step, dtype, at, g->q_step);
    }
}

static void transfer(const gather *g, char *dense, bool set) {
    ptrdiff_t at[LSV_MAXDIM] = {0}, row = g->count * g->q_size * (ptrdiff_t)lsv_dtype_size(g->view.dtype);
    char *base = g->view.data;
    if (row == 0) return;
    for (int i = 0; i < g->np; i++)
        if (g->p[i] == 0) return;
    for (;;) {
        blocks(g, base, dense, set);
        dense += row;
        int i = g->np - 1;
        for (; i >= 0; i--) {
            base += g->p_step[i];
            if (++at[i] < g->p[i]) break;
            base -= g->p_step[i] * at[i];
            at[i] = 0;
        }
        if (i < 0) return;
    }
}

/* ---- reading ---- */

lsv_status lsv_index_array_get(lsv_array *a, const lsv_index *items, int n, lsv_array **out, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    for (int i = 0; i < n; i++)
        if (items[i].type == LSV_IX_ARRAY) LSV_TRY(lsv_host(items[i].array, err));
    lsv_index plain[MAX_ITEMS];
    LSV_TRY(plain_items(a, items, n, plain, err));
    if (!any_array(plain, n)) return lsv_index_get(a, plain, n, out, err);
    gather g = {.count = 0};
    int ndim;
    ptrdiff_t shape[LSV_MAXDIM];
    lsv_array *v = NULL;
    lsv_status status = gather_begin(&g, a, plain, n, err);
    if (status == LSV_OK) status = result_shape(&g, &ndim, shape, err);
    if (status == LSV_OK) status = lsv_empty((lsv_kind)a->kind, (lsv_dtype)a->dtype, ndim, shape, &v, err);
    if (status == LSV_OK) {
        transfer(&g, v->data, false);
        status = lsv_poll(err);
    }
    if (status == LSV_OK) *out = v;
    else lsv_release(v);
    gather_end(&g);
    return status;
}

/* ---- writing ---- */

static lsv_status value_mismatch(const gather *g, const lsv_array *value, int ndim, const ptrdiff_t *shape,
                                 lsv_error *err) {
    char one[LSV_SHAPE_TEXT], two[LSV_SHAPE_TEXT];
    if (g->view.kind == LSV_TORCH) {
        int ones = 0; /* which the message leaves out */
        while (ones < value->ndim && value->shape[ones] == 1) ones++;
        return lsv_fail(
            err, LSV_ERUNTIME,
            "shape mismatch: value tensor of shape %s cannot be broadcast to indexing result of shape %s",
            lsv_shape_list(value->ndim - ones, value->shape + ones, one, sizeof one),
            lsv_shape_list(ndim, shape, two, sizeof two));
    }
    if (g->mask && g->np + g->nq == 0 && value->ndim == 1)
        return lsv_fail(
            err, LSV_EVALUE,
            "NumPy boolean array indexing assignment cannot assign %td input values to the %td output values "
            "where the mask is true",
            value->size, g->count);
    return lsv_fail(
        err, LSV_EVALUE,
        "shape mismatch: value array of shape %s could not be broadcast to indexing result of shape %s",
        lsv_shape_tight(value->ndim, value->shape, one, sizeof one),
        lsv_shape_tight(ndim, shape, two, sizeof two));
}

/* What the libraries refuse before they look at shapes. */
static lsv_status check_value(const gather *g, const lsv_array *value, bool lone_mask, lsv_error *err) {
    static const char *const types[LSV_NDTYPES] = {
        [LSV_BOOL] = "Bool",         [LSV_INT32] = "Int",     [LSV_INT64] = "Long",    [LSV_FLOAT16] = "Half",
        [LSV_BFLOAT16] = "BFloat16", [LSV_FLOAT32] = "Float", [LSV_FLOAT64] = "Double"};
    if (g->view.kind == LSV_NUMPY) {
        if (lone_mask && g->np + g->nq == 0 && value->ndim > 1)
            return lsv_fail(
                err, LSV_ETYPE,
                "NumPy boolean array indexing assignment requires a 0 or 1-dimensional input, input has %d "
                "dimensions",
                (int)value->ndim);
        return LSV_OK;
    }
    bool fills = lone_mask && value->size == 1;
    if (value->dtype != g->view.dtype && !fills && !(value->flags & LSV_WEAK) && value->kind == LSV_TORCH)
        return lsv_fail(
            err, LSV_ERUNTIME,
            "Index put requires the source and destination dtypes match, got %s for the destination and %s "
            "for the source.",
            types[g->view.dtype], types[value->dtype]);
    return LSV_OK;
}

static void fill_elements(const gather *g, const char *cell) {
    size_t item = lsv_dtype_size(g->view.dtype);
    for (ptrdiff_t i = 0; i < g->count; i++) lsv_move(g->view.data + g->offsets[i], cell, item);
}

/* The value, dense, in the dtype and shape of what it goes into; a itself may be read. */
static lsv_status dense_value(const gather *g, const lsv_array *a, const lsv_array *value, int ndim,
                              const ptrdiff_t *shape, lsv_array **out, lsv_error *err) {
    ptrdiff_t strides[LSV_MAXDIM];
    if (!lsv_broadcast_strides(value, ndim, shape, true, strides))
        return value_mismatch(g, value, ndim, shape, err);
    bool dense = value->storage && value->dtype == a->dtype && lsv_is_contiguous(value) &&
                 !lsv_shares_memory(a, value);
    ptrdiff_t total = 1;
    for (int i = 0; i < ndim; i++) total *= shape[i];
    if (dense && value->size == total) {
        *out = lsv_ref((lsv_array *)value);
        return LSV_OK;
    }
    lsv_array *v;
    LSV_TRY(lsv_empty(LSV_NUMPY, (lsv_dtype)a->dtype, ndim, shape, &v, err));
    lsv_status status = lsv_assign(v, value, err);
    if (status != LSV_OK) lsv_release(v);
    else *out = v;
    return status;
}

static lsv_status write_value(gather *g, lsv_array *a, const lsv_array *value, bool lone_mask,
                              lsv_error *err) {
    int ndim;
    ptrdiff_t shape[LSV_MAXDIM];
    LSV_TRY(check_value(g, value, lone_mask, err));
    LSV_TRY(result_shape(g, &ndim, shape, err));
    if (value->size == 1 && value->ndim <= 1 && g->np + g->nq == 0) {
        double cell = 0;
        lsv_store((lsv_dtype)a->dtype, &cell, lsv_load((lsv_dtype)value->dtype, value->data));
        fill_elements(g, (const char *)&cell);
        return LSV_OK;
    }
    lsv_array *dense = NULL;
    LSV_TRY(dense_value(g, a, value, ndim, shape, &dense, err));
    transfer(g, dense->data, true);
    lsv_release(dense);
    return LSV_OK;
}

lsv_status lsv_index_array_set(lsv_array *a, const lsv_index *items, int n, const lsv_array *value,
                               lsv_error *err) {
    LSV_TRY(lsv_host_write(a, err));
    LSV_TRY(lsv_host(value, err));
    for (int i = 0; i < n; i++)
        if (items[i].type == LSV_IX_ARRAY) LSV_TRY(lsv_host(items[i].array, err));
    lsv_index plain[MAX_ITEMS];
    if (a->flags & LSV_READONLY) return lsv_fail(err, LSV_EVALUE, "assignment destination is read-only");
    LSV_TRY(plain_items(a, items, n, plain, err));
    if (!any_array(plain, n)) return lsv_index_set(a, plain, n, value, err);
    gather g = {.count = 0};
    lsv_status status = gather_begin(&g, a, plain, n, err);
    bool lone_mask = n == 1 && plain[0].array->dtype == LSV_BOOL;
    if (status == LSV_OK) status = write_value(&g, a, value, lone_mask, err);
    gather_end(&g);
    return status;
}
