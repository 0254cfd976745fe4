/* Sorting along an axis. The axis is brought to the end of a dense copy, rows are sorted there
   and the result is brought back. The 16-bit floats are sorted as floats. NaN counts as the
   largest value: last when sorting up, first when sorting down, as in NumPy and PyTorch. */
#include "array/array.h"

#include <string.h>
#include "array/inside.h"
#include "array/mirror.h"
#include "array/sorting.h"
#include "base/interrupt.h"

#define RUN 16
#define PIECE ((ptrdiff_t)1 << 18) /* elements merged between looks at the interrupt flag */
#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define NUMBER_BEFORE(a, b) ((a) < (b))
#define FLOAT_BEFORE(a, b) ((a) < (b) || ((b) != (b) && (a) == (a)))

#define TYPE uint8_t
#define NAME b1
#define BEFORE NUMBER_BEFORE
#include "array/sort_kernel.inc"
#define TYPE int32_t
#define NAME i4
#define BEFORE NUMBER_BEFORE
#include "array/sort_kernel.inc"
#define TYPE int64_t
#define NAME i8
#define BEFORE NUMBER_BEFORE
#include "array/sort_kernel.inc"
#define TYPE float
#define NAME f4
#define BEFORE FLOAT_BEFORE
#include "array/sort_kernel.inc"
#define TYPE double
#define NAME f8
#define BEFORE FLOAT_BEFORE
#include "array/sort_kernel.inc"

static const struct {
    bool (*values)(void *values, void *spare, ptrdiff_t n);
    bool (*positions)(const void *values, int64_t *index, int64_t *spare, ptrdiff_t n, bool down);
} sorters[LSV_NDTYPES] = {
    [LSV_BOOL] = {sort_values_b1, sort_positions_b1},    [LSV_INT32] = {sort_values_i4, sort_positions_i4},
    [LSV_INT64] = {sort_values_i8, sort_positions_i8},   [LSV_FLOAT32] = {sort_values_f4, sort_positions_f4},
    [LSV_FLOAT64] = {sort_values_f8, sort_positions_f8},
};

lsv_dtype lsv_sorted_as(lsv_dtype dtype) {
    return dtype == LSV_FLOAT16 || dtype == LSV_BFLOAT16 ? LSV_FLOAT32 : dtype;
}

lsv_status lsv_sort_rows(lsv_dtype dtype, void *values, ptrdiff_t rows, ptrdiff_t n, lsv_error *err) {
    size_t item = lsv_dtype_size(dtype);
    if (n <= RUN) {
        for (ptrdiff_t r = 0; r < rows; r++)
            sorters[dtype].values((char *)values + (size_t)(r * n) * item, NULL, n);
        return LSV_OK;
    }
    void *spare = lsv_malloc((size_t)n * item);
    if (!spare) return lsv_no_memory(err, (size_t)n * item);
    bool done = true;
    for (ptrdiff_t r = 0; r < rows && done; r++)
        done = sorters[dtype].values((char *)values + (size_t)(r * n) * item, spare, n);
    lsv_free(spare);
    return done ? LSV_OK : lsv_poll(err);
}

lsv_status lsv_argsort_rows(lsv_dtype dtype, const void *values, int64_t *index, ptrdiff_t rows, ptrdiff_t n,
                            bool down, lsv_error *err) {
    size_t item = lsv_dtype_size(dtype), bytes = (size_t)n * sizeof(int64_t);
    int64_t *spare = n > RUN ? lsv_malloc(bytes) : NULL;
    if (n > RUN && !spare) return lsv_no_memory(err, bytes);
    bool done = true;
    for (ptrdiff_t r = 0; r < rows && done; r++, index += n) {
        for (ptrdiff_t i = 0; i < n && !lsv_stop_at(i); i++) index[i] = i;
        done = sorters[dtype].positions((const char *)values + (size_t)(r * n) * item, index, spare, n, down);
    }
    lsv_free(spare);
    return done ? LSV_OK : lsv_poll(err);
}

/* ---- along an axis ---- */

/* A dense copy of a in `dtype` with the axis last. */
static lsv_status rows_of(const lsv_array *a, int axis, lsv_dtype dtype, lsv_array **out, lsv_error *err) {
    lsv_array *moved;
    if (a->ndim == 0) return lsv_astype(a, dtype, out, err);
    LSV_TRY(lsv_moveaxis((lsv_array *)a, 1, &axis, (int[]){-1}, &moved, err));
    lsv_status status = lsv_astype(moved, dtype, out, err);
    lsv_release(moved);
    return status;
}

/* The way back; consumes rows. */
static lsv_status rows_back(lsv_array *rows, int axis, lsv_dtype dtype, lsv_array **out, lsv_error *err) {
    lsv_status status;
    lsv_array *moved;
    if (axis >= rows->ndim - 1) {
        if (rows->dtype == dtype) {
            *out = rows;
            return LSV_OK;
        }
        status = lsv_astype(rows, dtype, out, err);
        lsv_release(rows);
        return status;
    }
    status = lsv_moveaxis(rows, 1, (int[]){-1}, &axis, &moved, err);
    lsv_release(rows);
    LSV_TRY(status);
    status = lsv_astype(moved, dtype, out, err);
    lsv_release(moved);
    return status;
}

static void reverse_rows(char *v, ptrdiff_t rows, ptrdiff_t n, size_t item) {
    char t[8];
    for (ptrdiff_t r = 0; r < rows; r++, v += (size_t)n * item) {
        for (ptrdiff_t i = 0, j = n - 1; i < j && !lsv_stop_at(i); i++, j--) {
            lsv_move(t, v + (size_t)i * item, item);
            lsv_move(v + (size_t)i * item, v + (size_t)j * item, item);
            lsv_move(v + (size_t)j * item, t, item);
        }
    }
}

/* Values alone need no positions. */
static lsv_status sort_values(const lsv_array *a, int axis, bool down, lsv_array **out, lsv_error *err) {
    lsv_array *rows;
    LSV_TRY(rows_of(a, axis, lsv_sorted_as((lsv_dtype)a->dtype), &rows, err));
    ptrdiff_t n = rows->ndim ? rows->shape[rows->ndim - 1] : 1, count = n ? rows->size / n : 0;
    lsv_status status = lsv_sort_rows((lsv_dtype)rows->dtype, rows->data, count, n, err);
    if (status != LSV_OK) {
        lsv_release(rows);
        return status;
    }
    if (down) reverse_rows(rows->data, count, n, lsv_dtype_size((lsv_dtype)rows->dtype));
    if ((status = lsv_poll(err)) != LSV_OK) {
        lsv_release(rows);
        return status;
    }
    return rows_back(rows, axis, (lsv_dtype)a->dtype, out, err);
}

/* The first k of each row by position; the rows' values in that order if asked for. */
static lsv_status sort_both(const lsv_array *a, int axis, bool down, ptrdiff_t k, lsv_array **values,
                            lsv_array **indices, lsv_error *err) {
    lsv_array *rows = NULL, *order = NULL, *kept = NULL, *sorted = NULL, *first = NULL, *second = NULL;
    lsv_status status = rows_of(a, axis, lsv_sorted_as((lsv_dtype)a->dtype), &rows, err);
    if (status != LSV_OK) return status;
    int nd = rows->ndim;
    ptrdiff_t n = nd ? rows->shape[nd - 1] : 1, count = n ? rows->size / n : 0, shape[LSV_MAXDIM];
    memcpy(shape, rows->shape, sizeof shape);
    if (nd) shape[nd - 1] = k;
    status = lsv_empty((lsv_kind)a->kind, LSV_INT64, nd, rows->shape, &order, err);
    if (status == LSV_OK)
        status = lsv_argsort_rows((lsv_dtype)rows->dtype, rows->data, lsv_data(order), count, n, down, err);
    if (status == LSV_OK) status = lsv_empty((lsv_kind)a->kind, LSV_INT64, nd, shape, &kept, err);
    if (status == LSV_OK && values)
        status = lsv_empty((lsv_kind)a->kind, (lsv_dtype)rows->dtype, nd, shape, &sorted, err);
    if (status == LSV_OK) {
        size_t item = lsv_dtype_size((lsv_dtype)rows->dtype);
        const int64_t *from = lsv_data(order);
        int64_t *to = lsv_data(kept);
        for (ptrdiff_t r = 0; r < count; r++)
            for (ptrdiff_t i = 0; i < k && !lsv_stop_at(i); i++) {
                int64_t at = to[r * k + i] = from[r * n + i];
                if (values)
                    lsv_move(sorted->data + (size_t)(r * k + i) * item,
                             rows->data + (size_t)(r * n + at) * item, item);
            }
    }
    lsv_release(rows);
    lsv_release(order);
    if (status == LSV_OK) status = lsv_poll(err);
    if (status == LSV_OK && values) {
        status = rows_back(sorted, axis, (lsv_dtype)a->dtype, &first, err);
        sorted = NULL;
    }
    if (status == LSV_OK && indices) {
        status = rows_back(kept, axis, LSV_INT64, &second, err);
        kept = NULL;
    }
    lsv_release(kept);
    lsv_release(sorted);
    if (status != LSV_OK) {
        lsv_release(first);
        lsv_release(second);
        return status;
    }
    if (values) *values = first;
    if (indices) *indices = second;
    return LSV_OK;
}

/* A 0-d tensor has one row of one. */
static lsv_status sort_axis(const lsv_array *a, int *axis, lsv_error *err) {
    if (a->ndim == 0 && a->kind == LSV_TORCH && (*axis == 0 || *axis == -1)) {
        *axis = 0;
        return LSV_OK;
    }
    return lsv_axis(a, *axis, axis, err);
}

lsv_status lsv_sort(const lsv_array *a, int axis, bool descending, lsv_array **values, lsv_array **indices,
                    lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    if (a->ndim == 0 && a->kind == LSV_NUMPY && !values) /* argsort makes it a line, sort does not */
        return lsv_zeros(LSV_NUMPY, LSV_INT64, 1, (ptrdiff_t[]){1}, indices, err);
    LSV_TRY(sort_axis(a, &axis, err));
    if (!indices) return values ? sort_values(a, axis, descending, values, err) : LSV_OK;
    return sort_both(a, axis, descending, a->ndim ? a->shape[axis] : 1, values, indices, err);
}

lsv_status lsv_topk(const lsv_array *a, ptrdiff_t k, int axis, bool largest, lsv_array **values,
                    lsv_array **indices, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    LSV_TRY(sort_axis(a, &axis, err));
    if (k < 0 || k > (a->ndim ? a->shape[axis] : 1))
        return lsv_fail(err, LSV_ERUNTIME, "selected index k out of range");
    return sort_both(a, axis, largest, a->ndim ? k : 1, values, indices, err);
}
