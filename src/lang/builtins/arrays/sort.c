/* Ordering, searching and picking: sort, argsort, unique, sets, topk, nonzero, take, gather, delete,
   … (counting into bins is in histogram.c) */
#include <math.h>
#include <string.h>

#include "array/elementwise.h"
#include "array/reduce.h"
#include "lang/builtins/support.h"

static const char *const values_indices[] = {"values", "indices"};
static const ls_record sort_record = {"torch.return_types.sort", values_indices, 2}, topk_record = {"torch.return_types.topk", values_indices, 2};

/* ---- sorting ---- */

/* axis=None ravels */
static bool along(ls_work *w, ls_value v, lsv_array **a, int *axis) {
    bool given;
    if (!ls_axis_or_none(w, v, "axis", &given, axis)) return false;
    if (given) return true;
    return ls_ok(w, lsv_ravel(*a, false, a, &w->err)) && ls_keep(w, *a);
}

/* np.sort(a, axis=-1, kind, order, *, stable), argsort: op 1 */
BUILTIN(np_sort) {
    lsv_array *a, *r;
    int axis;
    if (!ls_arg(w, args, 0, &a) || !along(w, args[1], &a, &axis)) return false;
    lsv_status s = w->self->op ? lsv_sort(a, axis, false, NULL, &r, &w->err) : lsv_sort(a, axis, false, &r, NULL, &w->err);
    return ls_give(w, out, s, &r);
}

/* a.sort(axis=-1): in place */
BUILTIN(ndarray_sort) {
    lsv_array *a, *r;
    int axis;
    if (!ls_arg(w, args, 0, &a) || !ls_axis(w, args[1], "axis", &axis)) return false;
    if (!ls_ok(w, lsv_sort(a, axis, false, &r, NULL, &w->err)) || !ls_keep(w, r)) return false;
    return ls_ok(w, lsv_assign(a, r, &w->err));
}

/* torch.sort(input, dim=-1, descending=False, stable=False), argsort: op 1 */
BUILTIN(torch_sort) {
    lsv_array *a, *pair[2];
    int axis;
    bool down;
    if (!ls_arg(w, args, 0, &a) || !ls_axis(w, args[1], "dim", &axis) || !ls_truth(w->in, args[2], &down)) return false;
    if (w->self->op) return ls_give(w, out, lsv_sort(a, axis, down, NULL, &pair[1], &w->err), &pair[1]);
    return ls_give_arrays(w, out, lsv_sort(a, axis, down, &pair[0], &pair[1], &w->err), &sort_record, 2, pair);
}

/* torch.msort: along the first dim */
BUILTIN(torch_msort) {
    lsv_array *a, *r;
    return ls_arg(w, args, 0, &a) && ls_give(w, out, lsv_sort(a, 0, false, &r, NULL, &w->err), &r);
}

/* torch.topk(input, k, dim=-1, largest=True, sorted=True) */
BUILTIN(torch_topk) {
    lsv_array *a, *pair[2];
    ptrdiff_t k;
    int axis;
    bool largest;
    if (!ls_arg(w, args, 0, &a) || !ls_count(w, args[1], "k", &k) || !ls_axis(w, args[2], "dim", &axis) || !ls_truth(w->in, args[3], &largest)) return false;
    return ls_give_arrays(w, out, lsv_topk(a, k, axis, largest, &pair[0], &pair[1], &w->err), &topk_record, 2, pair);
}

/* np.lexsort: the last key first */
BUILTIN(np_lexsort) {
    lsv_array **keys, *order, *k, *o;
    int n;
    if (!ls_parts(w, args, 0, &keys, &n)) return false;
    if (n == 0) return ls_raise(w->in, "TypeError", "need sequence of keys with len > 0 in lexsort");
    if (!ls_ok(w, lsv_arange(LSV_NUMPY, LSV_INT64, lsv_scalar_int(0), lsv_scalar_int(1), keys[0]->size, &order, &w->err)) || !ls_keep(w, order)) return false;
    for (int i = 0; i < n; i++) {
        if (!ls_ok(w, lsv_take(keys[i], order, 0, false, &k, &w->err)) || !ls_keep(w, k)) return false;
        if (!ls_ok(w, lsv_sort(k, 0, false, NULL, &o, &w->err)) || !ls_keep(w, o)) return false;
        if (!ls_ok(w, lsv_take(order, o, 0, false, &order, &w->err)) || !ls_keep(w, order)) return false;
    }
    return ls_give_kept(w, out, order);
}

/* ---- unique, membership ---- */

/* Places in `parts` of what was asked for, in order; the others are NULL. */
static bool give_unique(ls_work *w, lsv_array **parts, ls_value *out) {
    lsv_array *given[4];
    int n = 0;
    for (int i = 0; i < 4; i++)
        if (parts[i]) given[n++] = parts[i];
    return n == 1 ? ls_give(w, out, LSV_OK, &given[0]) : ls_give_arrays(w, out, LSV_OK, NULL, n, given);
}

/* The distinct rows of a matrix, sorted: lexicographically from the first column. */
static bool unique_rows(ls_work *w, lsv_array *a, lsv_array **r) {
    lsv_array *order, *o, *rows;
    ptrdiff_t n = a->shape[0];
    if (!ls_ok(w, lsv_arange(w->kind, LSV_INT64, lsv_scalar_int(0), lsv_scalar_int(1), n, &order, &w->err)) || !ls_keep(w, order)) return false;
    for (ptrdiff_t j = a->shape[1] - 1; j >= 0; j--) {
        lsv_index ix[2] = {{.type = LSV_IX_ARRAY, .array = order}, {.type = LSV_IX_INT, .start = j}};
        lsv_array *col;
        if (!ls_ok(w, lsv_index_get(a, ix, 2, &col, &w->err)) || !ls_keep(w, col)) return false;
        if (!ls_ok(w, lsv_sort(col, 0, false, NULL, &o, &w->err)) || !ls_keep(w, o)) return false;
        if (!ls_ok(w, lsv_take(order, o, 0, false, &order, &w->err)) || !ls_keep(w, order)) return false;
    }
    if (!ls_ok(w, lsv_take(a, order, 0, false, &rows, &w->err)) || !ls_keep(w, rows)) return false;
    lsv_array *keep;
    if (!ls_new(w, LSV_BOOL, 1, &n, &keep)) return false;
    for (ptrdiff_t i = 0; i < n; i++) {
        bool fresh = i == 0;
        for (ptrdiff_t j = 0; !fresh && j < a->shape[1]; j++)
            fresh = lsv_scalar_as_double(lsv_item(rows, (ptrdiff_t[]){i, j})) != lsv_scalar_as_double(lsv_item(rows, (ptrdiff_t[]){i - 1, j}));
        ((uint8_t *)lsv_data(keep))[i] = fresh;
    }
    lsv_index mask = {.type = LSV_IX_ARRAY, .array = keep};
    return ls_ok(w, lsv_index_get(rows, &mask, 1, r, &w->err));
}

/* np.unique(ar, return_index, return_inverse, return_counts, axis);
   torch.unique(input, sorted, return_inverse, return_counts, dim) */
BUILTIN(unique) {
    lsv_array *a, *parts[4] = {NULL};
    bool index = false, inverse, counts, given;
    int axis;
    if (!ls_arg(w, args, 0, &a) || (w->kind == LSV_NUMPY && !ls_truth(w->in, args[1], &index)) || !ls_truth(w->in, args[2], &inverse) ||
        !ls_truth(w->in, args[3], &counts) || !ls_axis_or_none(w, args[4], "axis", &given, &axis))
        return false;
    if (given && a->ndim == 2 && !index && !inverse && !counts) {
        bool columns = axis == 1 || axis == -1;
        if (columns && (!ls_ok(w, lsv_swapaxes(a, 0, 1, &a, &w->err)) || !ls_keep(w, a))) return false;
        if (!unique_rows(w, a, &parts[0])) return false;
        if (!columns) return ls_give(w, out, LSV_OK, &parts[0]);
        return ls_keep(w, parts[0]) && ls_give(w, out, lsv_swapaxes(parts[0], 0, 1, &parts[1], &w->err), &parts[1]);
    }
    if (given && a->ndim != 1) return ls_raise(w->in, "NotImplementedError", "unique along an axis is offered for matrices, without further results");
    lsv_status s = lsv_unique(a, &parts[0], index ? &parts[1] : NULL, inverse ? &parts[2] : NULL, counts ? &parts[3] : NULL, &w->err);
    return ls_ok(w, s) && give_unique(w, parts, out);
}

/* Which elements of a occur in the sorted, distinct b. */
static bool member(ls_work *w, const lsv_array *a, const lsv_array *b, bool invert, lsv_array **r) {
    lsv_array *u, *at, *hi, *found;
    if (b->size == 0)
        return ls_ok(w, lsv_full(w->kind, LSV_BOOL, a->ndim, a->shape, lsv_scalar_bool(invert), r, &w->err)) && ls_keep(w, *r);
    if (!ls_ok(w, lsv_unique(b, &u, NULL, NULL, NULL, &w->err)) || !ls_keep(w, u)) return false;
    if (!ls_ok(w, lsv_searchsorted(u, a, false, &at, &w->err)) || !ls_keep(w, at)) return false;
    double cell;
    lsv_array last = lsv_scalar_array(w->kind, lsv_scalar_int(u->size - 1), LSV_WEAK, &cell);
    if (!ls_binary_arrays(w, LSV_OP_MINIMUM, at, &last, &hi)) return false;
    if (!ls_ok(w, lsv_take(u, hi, 0, false, &found, &w->err)) || !ls_keep(w, found)) return false;
    return ls_binary_arrays(w, invert ? LSV_OP_NE : LSV_OP_EQ, a, found, r);
}

BUILTIN(isin) {
    lsv_array *a, *b, *r;
    bool invert;
    if (!ls_operand(w, args, 0, &a) || !ls_arg(w, args, 1, &b) || !ls_truth(w->in, args[3], &invert)) return false;
    return member(w, a, b, invert, &r) && ls_give_kept(w, out, r);
}

/* intersect1d (op 0), setdiff1d (1), union1d (2) */
BUILTIN(np_sets) {
    lsv_array *a, *b, *u, *mask, *r;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b)) return false;
    if (w->self->op == 2) {
        lsv_array *p[2];
        if (!ls_ok(w, lsv_ravel(a, false, &p[0], &w->err)) || !ls_keep(w, p[0])) return false;
        if (!ls_ok(w, lsv_ravel(b, false, &p[1], &w->err)) || !ls_keep(w, p[1])) return false;
        if (!ls_ok(w, lsv_concatenate(p, 2, 0, &a, &w->err)) || !ls_keep(w, a)) return false;
        return ls_give(w, out, lsv_unique(a, &r, NULL, NULL, NULL, &w->err), &r);
    }
    if (!ls_ok(w, lsv_unique(a, &u, NULL, NULL, NULL, &w->err)) || !ls_keep(w, u) || !member(w, u, b, w->self->op == 1, &mask)) return false;
    lsv_index ix = {.type = LSV_IX_ARRAY, .array = mask};
    return ls_give(w, out, lsv_index_get(u, &ix, 1, &r, &w->err), &r);
}

/* Is element i of a vector another one than that before it? NaN always is. */
static bool differs(const lsv_array *a, ptrdiff_t i) {
    ptrdiff_t before = i - 1;
    if (i == 0) return true;
    lsv_scalar x = lsv_item(a, &i), y = lsv_item(a, &before);
    return lsv_dtype_is_float((lsv_dtype)a->dtype) ? x.f != y.f : x.i != y.i;
}

/* The four parts of numpy.unique_all: values, where each is first, the number of each element's value, counts. */
static bool distinct(ls_work *w, lsv_array *a, lsv_array *parts[4]) {
    lsv_array *flat, *order, *sorted;
    if (!ls_ok(w, lsv_ravel(a, false, &flat, &w->err)) || !ls_keep(w, flat)) return false;
    if (!ls_ok(w, lsv_sort(flat, 0, false, NULL, &order, &w->err)) || !ls_keep(w, order)) return false;
    if (!ls_ok(w, lsv_take(flat, order, 0, false, &sorted, &w->err)) || !ls_keep(w, sorted)) return false;
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < flat->size; i++) n += differs(sorted, i);
    if (!ls_new(w, LSV_INT64, 1, &n, &parts[1]) || !ls_new(w, LSV_INT64, a->ndim, a->shape, &parts[2])) return false;
    if (!ls_ok(w, lsv_zeros(LSV_NUMPY, LSV_INT64, 1, &n, &parts[3], &w->err)) || !ls_keep(w, parts[3])) return false;
    int64_t *index = lsv_data(parts[1]), *inverse = lsv_data(parts[2]), *counts = lsv_data(parts[3]);
    const int64_t *at = lsv_data(order);
    for (ptrdiff_t i = 0, k = -1; i < flat->size; i++) {
        if (differs(sorted, i)) index[++k] = at[i]; /* the sort is stable: the first of equals */
        inverse[at[i]] = k;
        counts[k]++;
    }
    return ls_ok(w, lsv_take(flat, parts[1], 0, false, &parts[0], &w->err)) && ls_keep(w, parts[0]);
}

static const char *const all_fields[] = {"values", "indices", "inverse_indices", "counts"}, *const count_fields[] = {"values", "counts"},
                  *const inverse_fields[] = {"values", "inverse_indices"};
static const ls_record all_record = {"UniqueAllResult", all_fields, 4}, counts_record = {"UniqueCountsResult", count_fields, 2},
                       inverse_record = {"UniqueInverseResult", inverse_fields, 2};

enum { VALUES, COUNTS, INVERSE, EVERYTHING };
/* np.unique_values, unique_counts, unique_inverse, unique_all: NaN differ from one another */
BUILTIN(np_unique_parts) {
    lsv_array *a, *parts[4];
    if (!ls_arg(w, args, 0, &a) || !distinct(w, a, parts)) return false;
    if (w->self->op == VALUES) return ls_give_kept(w, out, parts[0]);
    if (w->self->op == COUNTS) parts[1] = parts[3];
    if (w->self->op == INVERSE) parts[1] = parts[2];
    int n = w->self->op == EVERYTHING ? 4 : 2;
    for (int i = 0; i < n; i++) lsv_ref(parts[i]);
    return ls_give_arrays(w, out, LSV_OK, n == 4 ? &all_record : w->self->op == COUNTS ? &counts_record : &inverse_record, n, parts);
}

/* np.setxor1d(ar1, ar2, assume_unique=False): what stands alone among the sorted elements of both */
BUILTIN(np_setxor1d) {
    lsv_array *p[2], *all, *alone, *r;
    bool distinct_already;
    if (!ls_truth(w->in, args[2], &distinct_already)) return false;
    for (int i = 0; i < 2; i++) {
        if (!ls_arg(w, args, i, &p[i])) return false;
        lsv_status s = distinct_already ? lsv_ravel(p[i], false, &p[i], &w->err) : lsv_unique(p[i], &p[i], NULL, NULL, NULL, &w->err);
        if (!ls_ok(w, s) || !ls_keep(w, p[i])) return false;
    }
    if (!ls_ok(w, lsv_concatenate(p, 2, 0, &all, &w->err)) || !ls_keep(w, all) || !ls_ok(w, lsv_sort(all, 0, false, &all, NULL, &w->err)) ||
        !ls_keep(w, all))
        return false;
    if (!ls_new(w, LSV_BOOL, 1, &all->size, &alone)) return false;
    for (ptrdiff_t i = 0; i < all->size; i++) ((uint8_t *)lsv_data(alone))[i] = differs(all, i) && (i + 1 == all->size || differs(all, i + 1));
    lsv_index ix = {.type = LSV_IX_ARRAY, .array = alone};
    return ls_give(w, out, lsv_index_get(all, &ix, 1, &r, &w->err), &r);
}

/* np.searchsorted(a, v, side), torch.searchsorted(sorted_sequence, input, *, right, side) */
BUILTIN(searchsorted) {
    lsv_array *a, *v, *r;
    bool right = ls_text_is(args[2], "right");
    if (!ls_arg(w, args, 0, &a) || !ls_operand(w, args, 1, &v)) return false;
    if (w->kind == LSV_TORCH && !right && !ls_truth(w->in, args[3], &right)) return false;
    if (!ls_text_is(args[2], "left") && !ls_text_is(args[2], "right")) return ls_raise(w->in, "ValueError", "search side must be 'left' or 'right'");
    return ls_give(w, out, lsv_searchsorted(a, v, right, &r, &w->err), &r);
}

/* np.digitize(x, bins, right=False) of increasing bins; torch.bucketize has the sides the other way round */
BUILTIN(digitize) {
    lsv_array *x, *bins, *r;
    bool right;
    if (!ls_operand(w, args, 0, &x) || !ls_arg(w, args, 1, &bins) || !ls_truth(w->in, args[2], &right)) return false;
    return ls_give(w, out, lsv_searchsorted(bins, x, w->kind == LSV_NUMPY ? !right : right, &r, &w->err), &r);
}

/* ---- nonzero ---- */

/* np.nonzero: a tuple (op 0); argwhere and torch.nonzero: a matrix (1); flatnonzero (2) */
BUILTIN(nonzero) {
    lsv_array *a, *parts[LSV_MAXDIM], *r;
    bool tuple = w->self->op == 0;
    if (!ls_arg(w, args, 0, &a)) return false;
    if (w->kind == LSV_TORCH && !ls_truth(w->in, args[1], &tuple)) return false;
    if (w->self->op == 2 && (!ls_ok(w, lsv_ravel(a, false, &a, &w->err)) || !ls_keep(w, a))) return false;
    if (tuple && w->kind == LSV_NUMPY && a->ndim == 0)
        return ls_raise(w->in, "ValueError", "Calling nonzero on 0d arrays is not allowed. Use np.atleast_1d(scalar).nonzero() instead.");
    if (a->ndim == 0) {
        ptrdiff_t shape[2] = {lsv_scalar_as_double(lsv_item(a, NULL)) != 0, 0};
        return ls_give(w, out, lsv_zeros(w->kind, LSV_INT64, 2, shape, &r, &w->err), &r);
    }
    if (!ls_ok(w, lsv_nonzero(a, parts, &w->err))) return false;
    if (tuple) return ls_give_arrays(w, out, LSV_OK, NULL, a->ndim, parts);
    if (w->self->op == 2) return ls_give(w, out, LSV_OK, &parts[0]);
    bool ok = true;
    for (int i = 0; i < a->ndim; i++) ok = ls_keep(w, parts[i]) && ok;
    return ok && ls_give(w, out, lsv_stack(parts, a->ndim, -1, &r, &w->err), &r);
}

/* ---- picking ---- */

/* np.take(a, indices, axis=None, out, mode) */
BUILTIN(np_take) {
    lsv_array *a, *ix, *r;
    int axis;
    bool given;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &ix) || !ls_axis_or_none(w, args[2], "axis", &given, &axis)) return false;
    return ls_give_into(w, out, w->kind == LSV_NUMPY ? args[3] : ls_none(), lsv_take(a, ix, axis, !given, &r, &w->err), &r);
}

/* np.take_along_axis(arr, indices, axis) */
BUILTIN(take_along) {
    lsv_array *a, *ix, *r;
    int axis;
    bool given;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &ix) || !ls_axis_or_none(w, args[2], "axis", &given, &axis)) return false;
    if (!given && (!ls_ok(w, lsv_ravel(a, false, &a, &w->err)) || !ls_keep(w, a))) return false;
    return ls_give(w, out, lsv_take_along(a, ix, axis, &r, &w->err), &r);
}

/* torch.gather(input, dim, index); index_select: op 1 */
BUILTIN(torch_gather) {
    lsv_array *a, *ix, *r;
    int axis;
    if (!ls_arg(w, args, 0, &a) || !ls_axis(w, args[1], "dim", &axis) || !ls_arg(w, args, 2, &ix)) return false;
    return ls_give(w, out, w->self->op ? lsv_take(a, ix, axis, false, &r, &w->err) : lsv_take_along(a, ix, axis, &r, &w->err), &r);
}

/* np.delete(arr, obj, axis=None), np.insert(arr, obj, values, axis=None) of one place */
BUILTIN(np_delete) {
    lsv_array *a, *keep, *r;
    int axis;
    if (!ls_arg(w, args, 0, &a) || !along(w, args[2], &a, &axis) || !ls_ok(w, lsv_axis(a, axis, &axis, &w->err))) return false;
    ptrdiff_t n = a->shape[axis];
    if (!ls_ok(w, lsv_full(LSV_NUMPY, LSV_BOOL, 1, &n, lsv_scalar_int(1), &keep, &w->err)) || !ls_keep(w, keep)) return false;
    ls_value marks = ls_array(keep);
    if (!ls_subscript_set(w->in, marks, args[1], ls_bool(false))) return false;
    lsv_index ix[LSV_MAXDIM];
    for (int d = 0; d < axis; d++) ix[d] = (lsv_index){.type = LSV_IX_SLICE, .step = 1};
    ix[axis] = (lsv_index){.type = LSV_IX_ARRAY, .array = keep};
    return ls_give(w, out, lsv_index_get(a, ix, axis + 1, &r, &w->err), &r);
}

BUILTIN(np_insert) {
    lsv_array *a, *v, *parts[3], *r;
    int axis;
    ptrdiff_t at;
    if (!ls_arg(w, args, 0, &a) || !ls_count(w, args[1], "obj", &at) || !ls_arg(w, args, 2, &v) || !along(w, args[3], &a, &axis)) return false;
    if (!ls_ok(w, lsv_axis(a, axis, &axis, &w->err))) return false;
    if (at < 0) at += a->shape[axis];
    if (at < 0 || at > a->shape[axis]) return ls_raise(w->in, "IndexError", "index %td is out of bounds for axis %d with size %td", at, axis, a->shape[axis]);
    ptrdiff_t shape[LSV_MAXDIM];
    memcpy(shape, a->shape, sizeof shape);
    shape[axis] = a->ndim == 1 ? v->size : v->ndim == a->ndim ? v->shape[axis] : 1;
    if (v->ndim < a->ndim && v->ndim > 0 && a->ndim > 1 && (!ls_ok(w, lsv_expand_dims(v, axis, &v, &w->err)) || !ls_keep(w, v))) return false;
    if (!ls_new(w, (lsv_dtype)a->dtype, a->ndim, shape, &parts[1]) || !ls_ok(w, lsv_assign(parts[1], v, &w->err))) return false;
    lsv_index ix[LSV_MAXDIM];
    for (int d = 0; d < axis; d++) ix[d] = (lsv_index){.type = LSV_IX_SLICE, .step = 1};
    ix[axis] = (lsv_index){.type = LSV_IX_SLICE, .has_stop = true, .stop = at, .step = 1};
    if (!ls_ok(w, lsv_index_get(a, ix, axis + 1, &parts[0], &w->err)) || !ls_keep(w, parts[0])) return false;
    ix[axis] = (lsv_index){.type = LSV_IX_SLICE, .has_start = true, .start = at, .step = 1};
    if (!ls_ok(w, lsv_index_get(a, ix, axis + 1, &parts[2], &w->err)) || !ls_keep(w, parts[2])) return false;
    return ls_give(w, out, lsv_concatenate(parts, 3, axis, &r, &w->err), &r);
}

/* np.put_along_axis(arr, indices, values, axis) of a matrix or vector, in place; x.scatter_(dim, index, src) */
BUILTIN(scatter) {
    bool torch = w->kind == LSV_TORCH;
    lsv_array *a, *ix, *v;
    int axis;
    if (!ls_arg(w, args, 0, &a) || !ls_axis(w, args[torch ? 1 : 3], "axis", &axis) || !ls_arg(w, args, torch ? 2 : 1, &ix) ||
        !ls_operand(w, args, torch ? 3 : 2, &v) || !ls_ok(w, lsv_axis(a, axis, &axis, &w->err)))
        return false;
    if (w->self->op == 1 && (!ls_ok(w, lsv_copy(a, &a, &w->err)) || !ls_keep(w, a))) return false;
    if (ix->ndim != a->ndim) return ls_raise(w->in, "ValueError", "`indices` and `arr` must have the same number of dimensions");
    if (!ls_ok(w, lsv_broadcast_to(v, ix->ndim, ix->shape, &v, &w->err)) || !ls_keep(w, v)) return false;
    ptrdiff_t at[LSV_MAXDIM] = {0};
    for (ptrdiff_t k = 0; k < ix->size; k++) {
        ptrdiff_t rest = k, to = 0;
        for (int d = ix->ndim - 1; d >= 0; d--) {
            at[d] = rest % ix->shape[d];
            rest /= ix->shape[d];
        }
        for (int d = 0; d < a->ndim; d++) {
            ptrdiff_t i = d == axis ? (ptrdiff_t)lsv_item(ix, at).i : at[d];
            if (i < 0) i += a->shape[d];
            if (i < 0 || i >= a->shape[d]) return ls_raise(w->in, "IndexError", "index %td is out of bounds for dimension %d with size %td", i, d, a->shape[d]);
            to += i * a->strides[d];
        }
        char *cell = a->data + to * (ptrdiff_t)lsv_dtype_size((lsv_dtype)a->dtype);
        lsv_scalar x = lsv_item(v, at);
        lsv_store((lsv_dtype)a->dtype, cell, x);
    }
    if (torch) return ls_give_kept(w, out, a);
    return true;
}

const ls_builtin ls_family_sort[] = {
    {"np.sort jnp.sort", "(a, axis=-1, kind=None, order=None, *, stable=None)", "A sorted copy; NaN last", NULL, NULL, np_sort, 0, LS_CALLABLE, NULL},
    {"np.argsort ndarray.argsort jnp.argsort", "(a, axis=-1, kind=None, order=None, *, stable=None)", "The indices that sort", NULL, NULL, np_sort, 1, LS_CALLABLE, NULL},
    {"ndarray.sort", "(self, axis=-1, kind=None)", "Sorted in place", NULL, NULL, ndarray_sort, 0, LS_CALLABLE, NULL},
    {"torch.sort tensor.sort", "(input, dim=-1, descending=False, stable=False)", "(values, indices), sorted along a dim", NULL, NULL, torch_sort, 0, LS_CALLABLE, NULL},
    {"torch.argsort tensor.argsort", "(input, dim=-1, descending=False, stable=False)", "The indices that sort", NULL, NULL, torch_sort, 1, LS_CALLABLE, NULL},
    {"torch.msort tensor.msort", "(input)", "Sorted along the first dim", NULL, NULL, torch_msort, 0, LS_CALLABLE, NULL},
    {"torch.topk tensor.topk", "(input, k, dim=-1, largest=True, sorted=True)", "The k largest (values, indices) along a dim", NULL, NULL, torch_topk, 0, LS_CALLABLE, NULL},
    {"np.lexsort", "(keys)", "The indices that sort by the last key, then the one before, …", NULL, NULL, np_lexsort, 0, LS_CALLABLE, NULL},
    {"np.unique jnp.unique", "(ar, return_index=False, return_inverse=False, return_counts=False, axis=None, *, equal_nan=True, sorted=True)", "The distinct elements, sorted", NULL, NULL, unique, 0, LS_CALLABLE, NULL},
    {"torch.unique tensor.unique", "(input, sorted=True, return_inverse=False, return_counts=False, dim=None)", "The distinct elements, sorted", NULL, NULL, unique, 0, LS_CALLABLE, NULL},
    {"np.isin np.in1d jnp.isin", "(element, test_elements, assume_unique=False, invert=False, *, kind=None)", "Which elements occur among the test elements", NULL, NULL, isin, 0, LS_CALLABLE, NULL},
    {"torch.isin", "(elements, test_elements, assume_unique=False, invert=False)", "Which elements occur among the test elements", NULL, NULL, isin, 0, LS_CALLABLE, NULL},
    {"np.intersect1d", "(ar1, ar2, assume_unique=False)", "The distinct elements of both, sorted", NULL, NULL, np_sets, 0, LS_CALLABLE, NULL},
    {"np.setdiff1d", "(ar1, ar2, assume_unique=False)", "The distinct elements of the first that are not in the second", NULL, NULL, np_sets, 1, LS_CALLABLE, NULL},
    {"np.union1d", "(ar1, ar2)", "The distinct elements of either, sorted", NULL, NULL, np_sets, 2, LS_CALLABLE, NULL},
    {"np.setxor1d", "(ar1, ar2, assume_unique=False)", "The distinct elements of one or the other, not both, sorted", NULL, NULL, np_setxor1d, 0, LS_CALLABLE, NULL},
    {"np.unique_values", "(x, /)", "The distinct elements, sorted; NaN differ from one another", NULL, NULL, np_unique_parts, VALUES, LS_CALLABLE, NULL},
    {"np.unique_counts", "(x, /)", "(values, counts): the distinct elements and how often each occurs", NULL, NULL, np_unique_parts, COUNTS, LS_CALLABLE, NULL},
    {"np.unique_inverse", "(x, /)", "(values, inverse_indices): the distinct elements and which of them each element is", NULL, NULL, np_unique_parts, INVERSE, LS_CALLABLE, NULL},
    {"np.unique_all", "(x, /)", "(values, indices, inverse_indices, counts) of the distinct elements", NULL, NULL, np_unique_parts, EVERYTHING, LS_CALLABLE, NULL},
    {"np.searchsorted ndarray.searchsorted jnp.searchsorted", "(a, v, side=\"left\")", "Where elements go in a sorted vector", NULL, NULL, searchsorted, 0, LS_CALLABLE, NULL},
    {"torch.searchsorted", "(sorted_sequence, input, *, side=\"left\", right=False)", "Where elements go in a sorted vector", NULL, NULL, searchsorted, 0, LS_CALLABLE, NULL},
    {"np.digitize", "(x, bins, right=False)", "The number of the bin of each element", NULL, NULL, digitize, 0, LS_CALLABLE, NULL},
    {"torch.bucketize", "(input, boundaries, *, right=False)", "The number of the bin of each element", NULL, NULL, digitize, 0, LS_CALLABLE, NULL},
    {"np.nonzero ndarray.nonzero jnp.nonzero", "(a)", "The indices of nonzero elements, an array per axis", NULL, NULL, nonzero, 0, LS_CALLABLE, NULL},
    {"np.argwhere jnp.argwhere", "(a)", "The indices of nonzero elements, a row for each", NULL, NULL, nonzero, 1, LS_CALLABLE, NULL},
    {"np.flatnonzero", "(a)", "The flat positions of nonzero elements", NULL, NULL, nonzero, 2, LS_CALLABLE, NULL},
    {"torch.nonzero tensor.nonzero", "(input, *, as_tuple=False)", "The indices of nonzero elements, a row for each", NULL, NULL, nonzero, 1, LS_CALLABLE, NULL},
    {"torch.argwhere tensor.argwhere", "(input, *, as_tuple=False)", "The indices of nonzero elements, a row for each", NULL, NULL, nonzero, 1, LS_CALLABLE, NULL},
    {"np.take ndarray.take jnp.take", "(a, indices, axis=None, out=None, mode=\"raise\")", "Elements, or slices of an axis, by index", NULL, NULL, np_take, 0, LS_CALLABLE, NULL},
    {"torch.take tensor.take", "(input, index, dim=None)", "Elements by flat index", NULL, NULL, np_take, 0, LS_CALLABLE, NULL},
    {"np.take_along_axis jnp.take_along_axis", "(arr, indices, axis=-1)", "Elements by an index along an axis", NULL, NULL, take_along, 0, LS_CALLABLE, NULL},
    {"torch.gather tensor.gather", "(input, dim, index)", "Elements by an index along a dim", NULL, NULL, torch_gather, 0, LS_CALLABLE, NULL},
    {"torch.index_select tensor.index_select", "(input, dim, index)", "Slices of a dim by index", NULL, NULL, torch_gather, 1, LS_CALLABLE, NULL},
    {"np.put_along_axis", "(arr, indices, values, axis)", "Values into elements by an index along an axis", NULL, NULL, scatter, 0, LS_CALLABLE, NULL},
    {"tensor.scatter_", "(self, dim, index, src)", "Values into elements by an index along a dim", NULL, NULL, scatter, 0, LS_CALLABLE, NULL},
    {"torch.scatter tensor.scatter", "(input, dim, index, src)", "A copy with values at an index along a dim", NULL, NULL, scatter, 1, LS_CALLABLE, NULL},
    {"np.delete", "(arr, obj, axis=None)", "A copy without some elements or slices", NULL, NULL, np_delete, 0, LS_CALLABLE, NULL},
    {"np.insert", "(arr, obj, values, axis=None)", "A copy with values put in before a place", NULL, NULL, np_insert, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
