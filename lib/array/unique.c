/* Questions that a sort answers: distinct values, and where a value would go. */
#include "array/array.h"
#include "base/interrupt.h"

#include <string.h>
#include "array/inside.h"
#include "array/mirror.h"
#include "array/sorting.h"

/* ---- unique ---- */

typedef struct distinct {
    lsv_array *line;  /* a, dense, flat, in the dtype sorted in */
    lsv_array *order; /* positions that sort it                 */
    lsv_array *values, *index, *inverse, *counts;
    ptrdiff_t n;
} distinct;

/* Does b, which comes right after a, start a new group? NumPy takes all NaN for one. */
#define STARTS(TYPE, NAME)                                                                \
    static bool starts_##NAME(const void *values, int64_t i, int64_t j, bool nan_equal) { \
        TYPE a = ((const TYPE *)values)[i], b = ((const TYPE *)values)[j];                \
        if (nan_equal && a != a && b != b) return false;                                  \
        return a != b;                                                                    \
    }
STARTS(uint8_t, b1)
STARTS(int32_t, i4)
STARTS(int64_t, i8)
STARTS(float, f4)
STARTS(double, f8)

static bool (*const starts[LSV_NDTYPES])(const void *, int64_t, int64_t, bool) = {
    [LSV_BOOL] = starts_b1,    [LSV_INT32] = starts_i4,   [LSV_INT64] = starts_i8,
    [LSV_FLOAT32] = starts_f4, [LSV_FLOAT64] = starts_f8,
};

static lsv_status distinct_begin(distinct *u, const lsv_array *a, lsv_error *err) {
    lsv_array *flat;
    LSV_TRY(lsv_ravel((lsv_array *)a, false, &flat, err));
    lsv_status status = lsv_astype(flat, lsv_sorted_as((lsv_dtype)a->dtype), &u->line, err);
    lsv_release(flat);
    LSV_TRY(status);
    LSV_TRY(lsv_empty((lsv_kind)a->kind, LSV_INT64, 1, &a->size, &u->order, err));
    return lsv_argsort_rows((lsv_dtype)u->line->dtype, u->line->data, lsv_data(u->order), 1, a->size, false,
                            err);
}

static ptrdiff_t count_groups(const distinct *u, bool nan_equal) {
    const int64_t *order = lsv_data(u->order);
    ptrdiff_t n = u->line->size, groups = n > 0;
    for (ptrdiff_t i = 1; i < n && !lsv_stop_at(i); i++)
        groups += starts[u->line->dtype](u->line->data, order[i - 1], order[i], nan_equal);
    return groups;
}

static void fill_groups(distinct *u, bool nan_equal) {
    const int64_t *order = lsv_data(u->order);
    size_t item = lsv_dtype_size((lsv_dtype)u->line->dtype);
    int64_t *index = u->index ? lsv_data(u->index) : NULL,
            *inverse = u->inverse ? lsv_data(u->inverse) : NULL;
    int64_t *counts = u->counts ? lsv_data(u->counts) : NULL;
    ptrdiff_t g = -1;
    for (ptrdiff_t i = 0; i < u->line->size && !lsv_stop_at(i); i++) {
        if (i == 0 || starts[u->line->dtype](u->line->data, order[i - 1], order[i], nan_equal)) {
            g++;
            lsv_move(u->values->data + (size_t)g * item, u->line->data + (size_t)order[i] * item, item);
            if (index) index[g] = order[i];
            if (counts) counts[g] = 0;
        }
        if (counts) counts[g]++;
        if (inverse) inverse[order[i]] = g;
    }
}

static lsv_status distinct_run(distinct *u, const lsv_array *a, bool index, bool inverse, bool counts,
                               lsv_error *err) {
    lsv_kind kind = (lsv_kind)a->kind;
    LSV_TRY(distinct_begin(u, a, err));
    u->n = count_groups(u, kind == LSV_NUMPY);
    LSV_TRY(lsv_poll(err)); /* counting stops early when interrupted */
    LSV_TRY(lsv_empty(kind, (lsv_dtype)u->line->dtype, 1, &u->n, &u->values, err));
    if (index) LSV_TRY(lsv_empty(kind, LSV_INT64, 1, &u->n, &u->index, err));
    if (inverse) LSV_TRY(lsv_empty(kind, LSV_INT64, a->ndim, a->shape, &u->inverse, err));
    if (counts) LSV_TRY(lsv_empty(kind, LSV_INT64, 1, &u->n, &u->counts, err));
    fill_groups(u, kind == LSV_NUMPY);
    LSV_TRY(lsv_poll(err));
    if (u->values->dtype == a->dtype) return LSV_OK;
    lsv_array *narrow;
    LSV_TRY(lsv_astype(u->values, (lsv_dtype)a->dtype, &narrow, err));
    lsv_release(u->values);
    u->values = narrow;
    return LSV_OK;
}

lsv_status lsv_unique(const lsv_array *a, lsv_array **values, lsv_array **index, lsv_array **inverse,
                      lsv_array **counts, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    distinct u = {.n = 0};
    lsv_status status = distinct_run(&u, a, index != NULL, inverse != NULL, counts != NULL, err);
    lsv_release(u.line);
    lsv_release(u.order);
    lsv_array *made[4] = {u.values, u.index, u.inverse, u.counts},
              **asked[4] = {values, index, inverse, counts};
    for (int i = 0; i < 4; i++) {
        if (status == LSV_OK && asked[i]) *asked[i] = made[i];
        else lsv_release(made[i]);
    }
    return status;
}

/* ---- searchsorted ---- */

/* The number of elements of x that are before v (or not after it, on the right). */
#define SEARCH(TYPE, NAME, BEFORE)                                                                  \
    static void search_##NAME(const void *sorted, ptrdiff_t n, const void *wanted, ptrdiff_t count, \
                              bool right, int64_t *out) {                                           \
        const TYPE *x = sorted, *v = wanted;                                                        \
        for (ptrdiff_t k = 0; k < count; k++) {                                                     \
            ptrdiff_t low = 0, high = n;                                                            \
            while (low < high) {                                                                    \
                ptrdiff_t mid = low + (high - low) / 2;                                             \
                bool go_on = right ? !BEFORE(v[k], x[mid]) : BEFORE(x[mid], v[k]);                  \
                if (go_on) low = mid + 1;                                                           \
                else high = mid;                                                                    \
            }                                                                                       \
            out[k] = low;                                                                           \
        }                                                                                           \
    }
#define INT_BEFORE(a, b) ((a) < (b))
#define NAN_LAST(a, b) ((a) < (b) || ((b) != (b) && (a) == (a)))
SEARCH(int64_t, int, INT_BEFORE)
SEARCH(double, float, NAN_LAST)

static lsv_status check_sorted(const lsv_array *sorted, const lsv_array *v, lsv_error *err) {
    char one[LSV_SHAPE_TEXT], two[LSV_SHAPE_TEXT];
    if (sorted->ndim == 1) return LSV_OK;
    if (sorted->kind == LSV_NUMPY)
        return lsv_fail(err, LSV_EVALUE,
                        sorted->ndim ? "object too deep for desired array"
                                     : "object of too small depth for desired array");
    bool same = sorted->ndim > 0 && sorted->ndim == v->ndim;
    for (int d = 0; same && d < v->ndim - 1; d++) same = v->shape[d] == sorted->shape[d];
    if (same) return LSV_OK;
    return lsv_fail(
        err, LSV_ERUNTIME,
        "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of "
        "boundaries tensor and input value tensor must match, but we got boundaries tensor %s and input "
        "value "
        "tensor %s",
        lsv_shape_list(sorted->ndim, sorted->shape, one, sizeof one),
        lsv_shape_list(v->ndim, v->shape, two, sizeof two));
}

lsv_status lsv_searchsorted(const lsv_array *sorted, const lsv_array *v, bool right, lsv_array **out,
                            lsv_error *err) {
    LSV_TRY(lsv_host(sorted, err));
    LSV_TRY(lsv_host(v, err));
    LSV_TRY(check_sorted(sorted, v, err));
    bool floats = lsv_dtype_is_float((lsv_dtype)sorted->dtype) || lsv_dtype_is_float((lsv_dtype)v->dtype);
    lsv_dtype work = floats ? LSV_FLOAT64 : LSV_INT64;
    lsv_array *x = NULL, *w = NULL, *found = NULL;
    lsv_status status = lsv_astype(sorted, work, &x, err);
    if (status == LSV_OK) status = lsv_astype(v, work, &w, err);
    if (status == LSV_OK)
        status = lsv_empty(lsv_meet((lsv_kind)sorted->kind, (lsv_kind)v->kind), LSV_INT64, v->ndim, v->shape,
                           &found, err);
    if (status == LSV_OK) {
        ptrdiff_t n = x->shape[x->ndim - 1], rows = x->ndim == 1 ? 1 : n ? x->size / n : 0;
        ptrdiff_t count = rows ? w->size / rows : 0, item = (ptrdiff_t)lsv_dtype_size(work);
        if (x->ndim > 1 && !n) memset(found->data, 0, (size_t)found->size * sizeof(int64_t));
        for (ptrdiff_t r = 0; r < rows; r++)
            (floats ? search_float : search_int)(x->data + r * n * item, n, w->data + r * count * item, count,
                                                 right, (int64_t *)lsv_data(found) + r * count);
        *out = found;
    }
    lsv_release(x);
    lsv_release(w);
    return status;
}
