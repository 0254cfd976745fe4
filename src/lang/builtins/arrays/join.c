/* Putting arrays together and taking them apart: concatenate, stack, split, tile, repeat, roll, flip, … */
#include "array/elementwise.h"
#include "lang/builtins/support.h"

/* ---- together ---- */

static bool need_parts(ls_work *w, int n, const char *what) {
    if (n > 0) return true;
    if (w->kind == LSV_TORCH) return ls_raise(w->in, "RuntimeError", "%s expects a non-empty list of Tensors", what);
    return ls_raise(w->in, "ValueError", "need at least one array to %s", what);
}

/* np.concatenate(arrays, axis=0, out=None, *, dtype=None); axis None ravels */
BUILTIN(np_concatenate) {
    lsv_array **parts, *r;
    int n, axis;
    bool given;
    if (!ls_parts(w, args, 0, &parts, &n) || !need_parts(w, n, "concatenate") || !ls_axis_or_none(w, args[1], "axis", &given, &axis)) return false;
    for (int i = 0; i < n; i++) {
        if (!given && (!ls_ok(w, lsv_ravel(parts[i], false, &parts[i], &w->err)) || !ls_keep(w, parts[i]))) return false;
        if (parts[i]->ndim == 0) return ls_raise(w->in, "ValueError", "zero-dimensional arrays cannot be concatenated");
    }
    lsv_dtype d;
    if (!ls_ok(w, lsv_concatenate(parts, n, axis, &r, &w->err))) return false;
    if (!ls_is_none(args[3])) {
        if (!ls_keep(w, r) || !ls_dtype_or(w, args[3], LSV_FLOAT64, &d) || !ls_ok(w, lsv_astype(r, d, &r, &w->err))) return false;
    }
    return ls_give_into(w, out, args[2], LSV_OK, &r);
}

/* torch.cat(tensors, dim=0): empty 1-D tensors are left out, as torch does */
BUILTIN(torch_cat) {
    lsv_array **parts, *r;
    int n, axis, kept = 0;
    if (!ls_parts(w, args, 0, &parts, &n) || !ls_axis(w, ls_is_none(args[2]) ? args[1] : args[2], "dim", &axis)) return false;
    if (n == 0) return ls_raise(w->in, "ValueError", "torch.cat(): expected a non-empty list of Tensors");
    for (int i = 0; i < n; i++) {
        if (parts[i]->ndim == 0) return ls_raise(w->in, "RuntimeError", "zero-dimensional tensor (at position %d) cannot be concatenated", i);
        if (!(parts[i]->ndim == 1 && parts[i]->size == 0)) parts[kept++] = parts[i];
    }
    return ls_give(w, out, lsv_concatenate(parts, kept ? kept : 1, axis, &r, &w->err), &r);
}

/* np.stack(arrays, axis=0), torch.stack(tensors, dim=0) */
BUILTIN(stack) {
    lsv_array **parts, *r;
    int n, axis;
    if (!ls_parts(w, args, 0, &parts, &n) || !need_parts(w, n, "stack") || !ls_axis(w, args[1], "axis", &axis)) return false;
    return ls_give(w, out, lsv_stack(parts, n, axis, &r, &w->err), &r);
}

/* A part with at least two axes: a row for vstack, a column for column_stack. */
static bool two_axes(ls_work *w, lsv_array **a, bool column) {
    while ((*a)->ndim < 2) {
        int at = column && (*a)->ndim == 1 ? 1 : 0;
        if (!ls_ok(w, lsv_expand_dims(*a, at, a, &w->err)) || !ls_keep(w, *a)) return false;
    }
    return true;
}

enum { ROWS, COLUMNS, COLUMN_VECTORS, DEPTH };
/* vstack, hstack, column_stack, dstack */
BUILTIN(stack_along) {
    lsv_array **parts, *r;
    int n, axis = 0;
    if (!ls_parts(w, args, 0, &parts, &n) || !need_parts(w, n, w->kind == LSV_TORCH ? "stack" : "concatenate")) return false;
    for (int i = 0; i < n; i++) {
        lsv_array **a = &parts[i];
        if (w->self->op == COLUMNS) {
            if ((*a)->ndim == 0 && (!ls_ok(w, lsv_expand_dims(*a, 0, a, &w->err)) || !ls_keep(w, *a))) return false;
        } else if (!two_axes(w, a, w->self->op == COLUMN_VECTORS)) {
            return false;
        }
        if (w->self->op == DEPTH && (*a)->ndim == 2 && (!ls_ok(w, lsv_expand_dims(*a, 2, a, &w->err)) || !ls_keep(w, *a))) return false;
    }
    if (w->self->op == COLUMNS) axis = parts[0]->ndim == 1 ? 0 : 1;
    if (w->self->op == COLUMN_VECTORS) axis = 1;
    if (w->self->op == DEPTH) axis = 2;
    return ls_give(w, out, lsv_concatenate(parts, n, axis, &r, &w->err), &r);
}

static int list_depth(ls_value v) { return v.tag == LS_LIST && v.list->n > 0 ? 1 + list_depth(v.list->items[0]) : v.tag == LS_LIST; }

/* np.block: the innermost lists join along the last axis, their results along the one before, … */
static bool block(ls_work *w, ls_value v, int depth, int ndim, lsv_array **r) {
    if (v.tag != LS_LIST) {
        if (!ls_array_like(w, v, LSV_NUMPY, -1, r)) return false;
        while ((*r)->ndim < ndim)
            if (!ls_ok(w, lsv_expand_dims(*r, 0, r, &w->err)) || !ls_keep(w, *r)) return false;
        return true;
    }
    ptrdiff_t n = v.list->n;
    if (n == 0 || n > 1 << 20) return ls_raise(w->in, "ValueError", "List at arrays cannot be empty");
    lsv_array **parts = lsv_malloc((size_t)n * sizeof *parts);
    if (!parts) return ls_no_memory(w->in);
    bool ok = true;
    int most = ndim;
    for (ptrdiff_t i = 0; ok && i < n; i++) {
        ok = block(w, v.list->items[i], depth - 1, ndim, &parts[i]);
        if (ok && parts[i]->ndim > most) most = parts[i]->ndim;
    }
    ok = ok && ls_ok(w, lsv_concatenate(parts, (int)n, most - depth, r, &w->err)) && ls_keep(w, *r);
    lsv_free(parts);
    return ok;
}

BUILTIN(np_block) {
    lsv_array *r;
    int depth = list_depth(args[0]);
    return block(w, args[0], depth, depth, &r) && ls_give_kept(w, out, r);
}

/* np.append(arr, values, axis=None) */
BUILTIN(np_append) {
    lsv_array *p[2], *r;
    int axis;
    bool given;
    if (!ls_arg(w, args, 0, &p[0]) || !ls_arg(w, args, 1, &p[1]) || !ls_axis_or_none(w, args[2], "axis", &given, &axis)) return false;
    for (int i = 0; !given && i < 2; i++)
        if (!ls_ok(w, lsv_ravel(p[i], false, &p[i], &w->err)) || !ls_keep(w, p[i])) return false;
    return ls_give(w, out, lsv_concatenate(p, 2, axis, &r, &w->err), &r);
}

/* ---- apart ---- */

/* a[start:stop] along one axis; a view */
static bool piece(ls_work *w, lsv_array *a, int axis, ptrdiff_t start, ptrdiff_t stop, lsv_array **r) {
    lsv_index ix[LSV_MAXDIM];
    for (int i = 0; i < axis; i++) ix[i] = (lsv_index){.type = LSV_IX_SLICE, .step = 1};
    ix[axis] = (lsv_index){.type = LSV_IX_SLICE, .has_start = true, .has_stop = true, .start = start, .stop = stop, .step = 1};
    return ls_ok(w, lsv_index_get(a, ix, axis + 1, r, &w->err));
}

/* The pieces between the bounds (n + 1 of them) as a list (NumPy) or a tuple (torch). */
static bool pieces(ls_work *w, lsv_array *a, int axis, const ptrdiff_t *bounds, ptrdiff_t n, ls_value *out) {
    ls_value t = w->kind == LSV_TORCH ? ls_tuple_new(n) : ls_list_new(n);
    if (t.tag == LS_UNSET) return ls_no_memory(w->in);
    for (ptrdiff_t i = 0; i < n; i++) {
        lsv_array *r;
        if (!piece(w, a, axis, bounds[i], bounds[i + 1], &r)) {
            ls_drop(t);
            return false;
        }
        if (t.tag == LS_TUPLE) {
            t.tuple->items[i] = ls_array(r);
        } else {
            bool ok = ls_list_append(t.list, ls_array(r));
            lsv_release(r);
            if (!ok) {
                ls_drop(t);
                return ls_no_memory(w->in);
            }
        }
    }
    *out = t;
    return true;
}

/* Where to cut: a number of parts, or the places themselves. */
typedef struct cuts { ptrdiff_t n, *bounds; } cuts;

static bool cuts_new(ls_work *w, ptrdiff_t n, cuts *c) {
    if (n < 0 || n > 1 << 24) return ls_raise(w->in, "ValueError", "number sections must be larger than 0.");
    c->n = n;
    c->bounds = lsv_malloc((size_t)(n + 1) * sizeof *c->bounds);
    return c->bounds || ls_no_memory(w->in);
}

/* n parts of `length`, the first ones longer by one where it does not divide */
static bool cut_even(ls_work *w, ptrdiff_t length, ptrdiff_t n, cuts *c) {
    if (n <= 0) return ls_raise(w->in, "ValueError", "number sections must be larger than 0.");
    if (!cuts_new(w, n, c)) return false;
    c->bounds[0] = 0;
    for (ptrdiff_t i = 0; i < n; i++) c->bounds[i + 1] = c->bounds[i] + length / n + (i < length % n);
    return true;
}

/* pieces of `step`, the last one shorter */
static bool cut_steps(ls_work *w, ptrdiff_t length, ptrdiff_t step, cuts *c) {
    if (step <= 0) return ls_raise(w->in, "RuntimeError", "split expects split_size be non-negative, but got split_size=%td", step);
    ptrdiff_t n = length == 0 ? 1 : (length + step - 1) / step;
    if (!cuts_new(w, n, c)) return false;
    for (ptrdiff_t i = 0; i <= n; i++) c->bounds[i] = i * step < length ? i * step : length;
    return true;
}

/* The values of a sequence of ints as bounds: places to cut, or (sums) lengths one after another. */
static bool cut_places(ls_work *w, ls_value v, ptrdiff_t length, bool sums, cuts *c) {
    ls_value list;
    if (!ls_to_list(w->in, v, &list)) return false;
    ptrdiff_t n = list.list->n, at = 0;
    bool ok = cuts_new(w, sums ? n : n + 1, c);
    if (ok) c->bounds[0] = 0;
    for (ptrdiff_t i = 0; ok && i < n; i++) {
        ptrdiff_t x;
        ok = ls_count(w, list.list->items[i], "split", &x);
        if (!ok) break;
        at = sums ? at + x : x < 0 ? x + length : x;
        c->bounds[i + 1] = at > length ? length : at;
    }
    if (ok && !sums) {
        c->bounds[n + 1] = length;
    } else if (ok && at != length) {
        ok = ls_raise(w->in, "RuntimeError", "split_with_sizes expects split_sizes to sum exactly to %td, but they sum to %td", length, at);
    }
    if (!ok) {
        lsv_free(c->bounds);
        c->bounds = NULL;
    }
    ls_drop(list);
    return ok;
}

static bool give_cuts(ls_work *w, lsv_array *a, int axis, bool ok, cuts *c, ls_value *out) {
    if (!ok) return false;
    ok = pieces(w, a, axis, c->bounds, c->n, out);
    lsv_free(c->bounds);
    return ok;
}

/* np.split (op 0: must divide), np.array_split (op 1), hsplit (2), vsplit (3), dsplit (4) */
BUILTIN(np_split) {
    static const int axes[] = {0, 0, 1, 0, 2};
    lsv_array *a;
    int axis = axes[w->self->op];
    cuts c = {0, NULL};
    ptrdiff_t n;
    if (!ls_arg(w, args, 0, &a)) return false;
    if (w->self->op < 2 && !ls_axis(w, args[2], "axis", &axis)) return false;
    if (w->self->op >= 2 && a->ndim < w->self->op - 1)
        return ls_raise(w->in, "ValueError", "%s only works on arrays of %d or more dimensions", ls_builtin_short_name(w->self), w->self->op - 1);
    if (w->self->op == 2 && a->ndim == 1) axis = 0;
    if (!ls_ok(w, lsv_axis(a, axis, &axis, &w->err))) return false;
    ls_value v = args[1];
    if (v.tag != LS_INT && v.tag != LS_NPSCALAR) return give_cuts(w, a, axis, cut_places(w, v, a->shape[axis], false, &c), &c, out);
    if (!ls_count(w, v, "sections", &n)) return false;
    if (w->self->op != 1 && n > 0 && a->shape[axis] % n != 0)
        return ls_raise(w->in, "ValueError", "array split does not result in an equal division");
    return give_cuts(w, a, axis, cut_even(w, a->shape[axis], n, &c), &c, out);
}

/* torch.split(tensor, split_size_or_sections, dim=0) */
BUILTIN(torch_split) {
    lsv_array *a;
    int axis;
    cuts c = {0, NULL};
    ptrdiff_t n;
    if (!ls_arg(w, args, 0, &a) || !ls_axis(w, args[2], "dim", &axis) || !ls_ok(w, lsv_axis(a, axis, &axis, &w->err))) return false;
    if (args[1].tag != LS_INT) return give_cuts(w, a, axis, cut_places(w, args[1], a->shape[axis], true, &c), &c, out);
    return ls_count(w, args[1], "split_size", &n) && give_cuts(w, a, axis, cut_steps(w, a->shape[axis], n, &c), &c, out);
}

/* torch.chunk(input, chunks, dim=0): pieces of ceil(length / chunks); op 1: tensor_split, even parts */
BUILTIN(torch_chunk) {
    lsv_array *a;
    int axis;
    cuts c = {0, NULL};
    ptrdiff_t n;
    if (!ls_arg(w, args, 0, &a) || !ls_axis(w, args[2], "dim", &axis) || !ls_ok(w, lsv_axis(a, axis, &axis, &w->err))) return false;
    ptrdiff_t length = a->shape[axis];
    if (args[1].tag != LS_INT) return give_cuts(w, a, axis, cut_places(w, args[1], length, false, &c), &c, out);
    if (!ls_count(w, args[1], "chunks", &n)) return false;
    if (n <= 0) return ls_raise(w->in, "RuntimeError", "chunk expects `chunks` to be greater than 0, got: %td", n);
    if (w->self->op) return give_cuts(w, a, axis, cut_even(w, length, n, &c), &c, out);
    ptrdiff_t step = (length + n - 1) / n;
    return give_cuts(w, a, axis, cut_steps(w, length, step > 0 ? step : 1, &c), &c, out);
}

/* torch.unbind(input, dim=0), np.unstack(x, /, *, axis=0): the slices along an axis */
BUILTIN(unbind) {
    lsv_array *a;
    int axis;
    if (!ls_arg(w, args, 0, &a) || !ls_axis(w, args[1], "dim", &axis)) return false;
    if (a->ndim == 0 && w->kind == LSV_NUMPY) return ls_raise(w->in, "ValueError", "Input array must be at least 1-d.");
    if (!ls_ok(w, lsv_axis(a, axis, &axis, &w->err))) return false;
    ls_value t = ls_tuple_new(a->shape[axis]);
    if (t.tag == LS_UNSET) return ls_no_memory(w->in);
    for (ptrdiff_t i = 0; i < a->shape[axis]; i++) {
        lsv_index ix[LSV_MAXDIM];
        lsv_array *r;
        for (int d = 0; d < axis; d++) ix[d] = (lsv_index){.type = LSV_IX_SLICE, .step = 1};
        ix[axis] = (lsv_index){.type = LSV_IX_INT, .start = i};
        if (!ls_ok(w, lsv_index_get(a, ix, axis + 1, &r, &w->err))) {
            ls_drop(t);
            return false;
        }
        t.tuple->items[i] = w->kind == LSV_NUMPY ? ls_from_array(r) : ls_array(r);
    }
    *out = t;
    return true;
}

/* torch.narrow(input, dim, start, length), torch.select(input, dim, index): op 1 */
BUILTIN(torch_narrow) {
    lsv_array *a, *r;
    int axis;
    ptrdiff_t start, length = 0;
    if (!ls_arg(w, args, 0, &a) || !ls_axis(w, args[1], "dim", &axis) || !ls_ok(w, lsv_axis(a, axis, &axis, &w->err))) return false;
    if (!ls_count(w, args[2], "start", &start) || (!w->self->op && !ls_count(w, args[3], "length", &length))) return false;
    if (w->self->op) {
        lsv_index ix[LSV_MAXDIM];
        for (int d = 0; d < axis; d++) ix[d] = (lsv_index){.type = LSV_IX_SLICE, .step = 1};
        ix[axis] = (lsv_index){.type = LSV_IX_INT, .start = start};
        return ls_give(w, out, lsv_index_get(a, ix, axis + 1, &r, &w->err), &r);
    }
    if (start < 0) start += a->shape[axis];
    if (start < 0 || length < 0 || start + length > a->shape[axis])
        return ls_raise(w->in, "RuntimeError", "start (%td) + length (%td) exceeds dimension size (%td).", start, length, a->shape[axis]);
    return piece(w, a, axis, start, start + length, &r) && ls_give(w, out, LSV_OK, &r);
}

/* ---- repeating and turning ---- */

/* np.tile(A, reps), torch.tile(input, dims), x.repeat(*sizes) through shape_args */
BUILTIN(tile) {
    lsv_array *a, *r;
    lsv_shape s;
    if (!ls_arg(w, args, 0, &a)) return false;
    bool ok = args[1].tag == LS_TUPLE && w->self->op ? ls_shape_args(w, args[1], &s) : ls_as_shape(w->in, args[1], &s);
    if (!ok) return false;
    if (w->self->op == 2 && s.ndim < a->ndim)
        return ls_raise(w->in, "RuntimeError", "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor");
    return ls_give(w, out, lsv_tile(a, s.ndim, s.dims, &r, &w->err), &r);
}

/* np.repeat(a, repeats, axis=None), torch.repeat_interleave(input, repeats, dim=None) */
BUILTIN(repeat) {
    lsv_array *a, *counts, *r;
    int axis;
    bool given;
    if (!ls_arg(w, args, 0, &a) || !ls_operand(w, args, 1, &counts) || !ls_axis_or_none(w, args[2], "axis", &given, &axis)) return false;
    return ls_give(w, out, lsv_repeat(a, counts, axis, !given, &r, &w->err), &r);
}

/* roll: several shifts go with several axes, one after another */
BUILTIN(roll) {
    lsv_array *a, *r;
    lsv_shape shifts;
    int n, axes[LSV_MAXDIM];
    if (!ls_arg(w, args, 0, &a) || !ls_as_shape(w->in, args[1], &shifts) || !ls_as_axes(w->in, args[2], &n, axes)) return false;
    if (n < 0) return ls_give(w, out, lsv_roll(a, shifts.ndim ? shifts.dims[0] : 0, 0, true, &r, &w->err), &r);
    if (shifts.ndim != n && shifts.ndim != 1)
        return ls_raise(w->in, "ValueError", "roll: %d shifts and %d axes", shifts.ndim, n);
    r = lsv_ref(a);
    if (!ls_keep(w, r)) return false;
    for (int i = 0; i < n; i++)
        if (!ls_ok(w, lsv_roll(r, shifts.dims[shifts.ndim == 1 ? 0 : i], axes[i], false, &r, &w->err)) || !ls_keep(w, r)) return false;
    return ls_give_kept(w, out, r);
}

/* flip(m, axis=None); fliplr and flipud have their axis in op - 10 */
BUILTIN(flip) {
    lsv_array *a, *r;
    int n = 1, axes[LSV_MAXDIM] = {w->self->op - 10};
    if (!ls_arg(w, args, 0, &a) || (w->self->op < 10 && !ls_as_axes(w->in, args[1], &n, axes))) return false;
    return ls_give(w, out, lsv_flip(a, n, axes, &r, &w->err), &r);
}

BUILTIN(tensor_flip) {
    lsv_array *a, *r;
    int n, axes[LSV_MAXDIM];
    if (!ls_arg(w, args, 0, &a) || !ls_axes_args(w, args[1], &n, axes)) return false;
    return ls_give(w, out, lsv_flip(a, n, axes, &r, &w->err), &r);
}

/* rot90(m, k=1, axes=(0, 1)): quarter turns as flips and a transpose */
BUILTIN(rot90) {
    lsv_array *a, *r;
    ptrdiff_t k;
    int n, axes[LSV_MAXDIM];
    if (!ls_arg(w, args, 0, &a) || !ls_count(w, args[1], "k", &k) || !ls_as_axes(w->in, args[2], &n, axes)) return false;
    if (n != 2) return ls_raise(w->in, "ValueError", "len(axes) must be 2.");
    k = ((k % 4) + 4) % 4;
    if (k == 0) return ls_give_kept(w, out, a);
    if (k == 2) return ls_give(w, out, lsv_flip(a, 2, axes, &r, &w->err), &r);
    if (k == 1) {
        if (!ls_ok(w, lsv_flip(a, 1, &axes[1], &r, &w->err)) || !ls_keep(w, r)) return false;
        return ls_give(w, out, lsv_swapaxes(r, axes[0], axes[1], &r, &w->err), &r);
    }
    if (!ls_ok(w, lsv_swapaxes(a, axes[0], axes[1], &r, &w->err)) || !ls_keep(w, r)) return false;
    return ls_give(w, out, lsv_flip(r, 1, &axes[1], &r, &w->err), &r);
}

/* np.pad(array, pad_width, mode="constant", constant_values=0) */
/* Where entry i of an axis of n entries comes from, for i outside 0..n-1: the modes of np.pad but "constant". */
static ptrdiff_t pad_from_edge(ptrdiff_t i, ptrdiff_t n) { return i < 0 ? 0 : i < n ? i : n - 1; }
static ptrdiff_t pad_around(ptrdiff_t i, ptrdiff_t n) { return (i % n + n) % n; }
static ptrdiff_t pad_mirrored(ptrdiff_t i, ptrdiff_t n) {
    ptrdiff_t j = pad_around(i, 2 * n);
    return j < n ? j : 2 * n - 1 - j;
}
static ptrdiff_t pad_reflected(ptrdiff_t i, ptrdiff_t n) {
    if (n == 1) return 0;
    ptrdiff_t j = pad_around(i, 2 * n - 2);
    return j < n ? j : 2 * n - 2 - j;
}

static const struct { const char *mode; ptrdiff_t (*from)(ptrdiff_t i, ptrdiff_t n); } pad_modes[] = {
    {"edge", pad_from_edge}, {"wrap", pad_around}, {"symmetric", pad_mirrored}, {"reflect", pad_reflected},
};

/* a with entries of its own around it, `widths` (ndim x 2) of them */
static bool pad_with_own(ls_work *w, lsv_array *a, const lsv_array *widths, ptrdiff_t (*from)(ptrdiff_t, ptrdiff_t), ls_value *out) {
    for (int d = 0; d < a->ndim; d++) {
        ptrdiff_t before = (ptrdiff_t)lsv_item(widths, (ptrdiff_t[]){d, 0}).i, after = (ptrdiff_t)lsv_item(widths, (ptrdiff_t[]){d, 1}).i;
        ptrdiff_t n = a->shape[d], total;
        lsv_array *places;
        if (before < 0 || after < 0) return ls_raise(w->in, "ValueError", "index can't contain negative values");
        if (n == 0 && before + after > 0)
            return ls_raise(w->in, "ValueError", "can't extend empty axis %d using modes other than 'constant' or 'empty'", d);
        if (!lsv_add_size(n, before, &total) || !lsv_add_size(total, after, &total)) return ls_no_memory(w->in);
        if (!ls_ok(w, lsv_empty(LSV_NUMPY, LSV_INT64, 1, &total, &places, &w->err)) || !ls_keep(w, places)) return false;
        int64_t *place = (int64_t *)(void *)places->data;
        for (ptrdiff_t i = 0; i < total; i++) place[i] = from(i - before, n);
        if (!ls_ok(w, lsv_take(a, places, d, false, &a, &w->err)) || !ls_keep(w, a)) return false;
    }
    return ls_give_kept(w, out, a);
}

BUILTIN(np_pad) {
    lsv_array *a, *p, *v, *full, *inner, *r;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &p) || !ls_arg(w, args, 3, &v)) return false;
    ptrdiff_t want[2] = {a->ndim, 2}, shape[LSV_MAXDIM], before[LSV_MAXDIM];
    if (a->ndim == 0) return ls_give_kept(w, out, a);
    if (!ls_ok(w, lsv_broadcast_to(p, 2, want, &p, &w->err)) || !ls_keep(w, p)) return false;
    for (size_t i = 0; i < sizeof pad_modes / sizeof *pad_modes; i++)
        if (ls_text_is(args[2], pad_modes[i].mode)) return pad_with_own(w, a, p, pad_modes[i].from, out);
    if (!ls_text_is(args[2], "constant"))
        return ls_raise(w->in, "NotImplementedError", "pad: the modes offered are \"constant\", \"edge\", \"wrap\", \"symmetric\" and \"reflect\"");
    lsv_index ix[LSV_MAXDIM];
    for (int d = 0; d < a->ndim; d++) {
        before[d] = (ptrdiff_t)lsv_item(p, (ptrdiff_t[]){d, 0}).i;
        shape[d] = before[d] + a->shape[d] + (ptrdiff_t)lsv_item(p, (ptrdiff_t[]){d, 1}).i;
        ix[d] = (lsv_index){.type = LSV_IX_SLICE, .has_start = true, .has_stop = true, .start = before[d], .stop = before[d] + a->shape[d], .step = 1};
    }
    if (v->ndim) return ls_raise(w->in, "NotImplementedError", "pad: constant_values must be one number");
    if (!ls_ok(w, lsv_full(LSV_NUMPY, (lsv_dtype)a->dtype, a->ndim, shape, lsv_item(v, NULL), &full, &w->err)) || !ls_keep(w, full)) return false;
    if (!ls_ok(w, lsv_index_get(full, ix, a->ndim, &inner, &w->err)) || !ls_keep(w, inner) || !ls_ok(w, lsv_assign(inner, a, &w->err))) return false;
    r = lsv_ref(full);
    return ls_give(w, out, LSV_OK, &r);
}

/* torch.block_diag(*tensors): matrices along the diagonal */
BUILTIN(torch_block_diag) {
    lsv_array **parts, *r;
    int n;
    ptrdiff_t shape[2] = {0, 0};
    if (!ls_parts(w, args, 0, &parts, &n)) return false;
    lsv_dtype d = n ? (lsv_dtype)parts[0]->dtype : w->in->torch_default;
    for (int i = 0; i < n; i++) {
        if (parts[i]->ndim > 2) return ls_raise(w->in, "RuntimeError", "torch.block_diag: Input tensors must have 2 or fewer dimensions.");
        if (!two_axes(w, &parts[i], false)) return false;
        shape[0] += parts[i]->shape[0];
        shape[1] += parts[i]->shape[1];
        d = lsv_promote_types(LSV_TORCH, d, (lsv_dtype)parts[i]->dtype);
    }
    if (!ls_ok(w, lsv_zeros(LSV_TORCH, d, 2, shape, &r, &w->err)) || !ls_keep(w, r)) return false;
    for (ptrdiff_t i = 0, row = 0, col = 0; i < n; i++) {
        lsv_array *place;
        lsv_index ix[2] = {{.type = LSV_IX_SLICE, .has_start = true, .has_stop = true, .start = row, .stop = row + parts[i]->shape[0], .step = 1},
                           {.type = LSV_IX_SLICE, .has_start = true, .has_stop = true, .start = col, .stop = col + parts[i]->shape[1], .step = 1}};
        if (!ls_ok(w, lsv_index_get(r, ix, 2, &place, &w->err)) || !ls_keep(w, place) || !ls_ok(w, lsv_assign(place, parts[i], &w->err))) return false;
        row += parts[i]->shape[0];
        col += parts[i]->shape[1];
    }
    return ls_give_kept(w, out, r);
}

const ls_builtin ls_family_join[] = {
    {"np.concatenate np.concat jnp.concatenate", "(arrays, axis=0, out=None, *, dtype=None)", "Arrays one after another along an axis",
     NULL, NULL, np_concatenate, 0, LS_CALLABLE, NULL},
    {"torch.cat torch.concat torch.concatenate", "(tensors, dim=0, axis=None)", "Tensors one after another along an axis", NULL, NULL, torch_cat, 0, LS_CALLABLE, NULL},
    {"np.stack jnp.stack", "(arrays, axis=0)", "Arrays of one shape along a new axis", NULL, NULL, stack, 0, LS_CALLABLE, NULL},
    {"torch.stack", "(tensors, dim=0)", "Tensors of one shape along a new axis", NULL, NULL, stack, 0, LS_CALLABLE, NULL},
    {"np.vstack np.row_stack jnp.vstack", "(tup)", "Arrays as rows below one another", NULL, NULL, stack_along, ROWS, LS_CALLABLE, NULL},
    {"np.hstack jnp.hstack", "(tup)", "Arrays side by side", NULL, NULL, stack_along, COLUMNS, LS_CALLABLE, NULL},
    {"np.column_stack jnp.column_stack", "(tup)", "Vectors as the columns of a matrix", NULL, NULL, stack_along, COLUMN_VECTORS, LS_CALLABLE, NULL},
    {"np.dstack", "(tup)", "Arrays along a third axis", NULL, NULL, stack_along, DEPTH, LS_CALLABLE, NULL},
    {"torch.vstack torch.row_stack", "(tensors)", "Tensors as rows below one another", NULL, NULL, stack_along, ROWS, LS_CALLABLE, NULL},
    {"torch.hstack", "(tensors)", "Tensors side by side", NULL, NULL, stack_along, COLUMNS, LS_CALLABLE, NULL},
    {"torch.column_stack", "(tensors)", "Vectors as the columns of a matrix", NULL, NULL, stack_along, COLUMN_VECTORS, LS_CALLABLE, NULL},
    {"torch.dstack", "(tensors)", "Tensors along a third axis", NULL, NULL, stack_along, DEPTH, LS_CALLABLE, NULL},
    {"np.block jnp.block", "(arrays)", "A matrix from nested lists of blocks", NULL, NULL, np_block, 0, LS_CALLABLE, NULL},
    {"torch.block_diag", "(*tensors)", "Matrices along the diagonal of a larger one", NULL, NULL, torch_block_diag, 0, LS_CALLABLE, NULL},
    {"np.append jnp.append", "(arr, values, axis=None)", "values after arr, in a row or along an axis", NULL, NULL, np_append, 0, LS_CALLABLE, NULL},
    {"np.split jnp.split", "(ary, indices_or_sections, axis=0)", "Equal parts, or parts cut at indices; views", NULL, NULL, np_split, 0, LS_CALLABLE, NULL},
    {"np.array_split", "(ary, indices_or_sections, axis=0)", "Nearly equal parts, or parts cut at indices; views", NULL, NULL, np_split, 1, LS_CALLABLE, NULL},
    {"np.hsplit", "(ary, indices_or_sections)", "Parts side by side; views", NULL, NULL, np_split, 2, LS_CALLABLE, NULL},
    {"np.vsplit", "(ary, indices_or_sections)", "Parts below one another; views", NULL, NULL, np_split, 3, LS_CALLABLE, NULL},
    {"np.dsplit", "(ary, indices_or_sections)", "Parts along the third axis; views", NULL, NULL, np_split, 4, LS_CALLABLE, NULL},
    {"np.unstack", "(x, /, *, axis=0)", "The slices along an axis, a tuple of views", NULL, NULL, unbind, 0, LS_CALLABLE, NULL},
    {"torch.split tensor.split", "(tensor, split_size_or_sections, dim=0)", "Parts of a length, or of several lengths; views", NULL, NULL, torch_split, 0, LS_CALLABLE, NULL},
    {"torch.chunk tensor.chunk", "(input, chunks, dim=0)", "At most that many parts; views", NULL, NULL, torch_chunk, 0, LS_CALLABLE, NULL},
    {"torch.tensor_split tensor.tensor_split", "(input, indices_or_sections, dim=0)", "Nearly equal parts, or parts cut at indices; views", NULL, NULL, torch_chunk, 1, LS_CALLABLE, NULL},
    {"torch.unbind tensor.unbind", "(input, dim=0)", "The slices along an axis, a tuple of views", NULL, NULL, unbind, 0, LS_CALLABLE, NULL},
    {"torch.narrow tensor.narrow", "(input, dim, start, length)", "A range of an axis; a view", NULL, NULL, torch_narrow, 0, LS_CALLABLE, NULL},
    {"torch.select tensor.select", "(input, dim, index)", "One slice of an axis; a view", NULL, NULL, torch_narrow, 1, LS_CALLABLE, NULL},
    {"np.tile jnp.tile", "(A, reps)", "The array repeated along its axes", NULL, NULL, tile, 0, LS_CALLABLE, NULL},
    {"torch.tile", "(input, dims)", "The tensor repeated along its axes", NULL, NULL, tile, 0, LS_CALLABLE, NULL},
    {"tensor.tile", "(self, *dims)", "The tensor repeated along its axes", NULL, NULL, tile, 1, LS_CALLABLE, NULL},
    {"tensor.repeat", "(self, *sizes)", "The tensor repeated along its axes", NULL, NULL, tile, 2, LS_CALLABLE, NULL},
    {"np.repeat ndarray.repeat jnp.repeat", "(a, repeats, axis=None)", "Each element repeated", NULL, NULL, repeat, 0, LS_CALLABLE, NULL},
    {"torch.repeat_interleave tensor.repeat_interleave", "(input, repeats, dim=None)", "Each element repeated", NULL, NULL, repeat, 0, LS_CALLABLE, NULL},
    {"np.roll jnp.roll", "(a, shift, axis=None)", "Elements shifted, the last ones to the front", NULL, NULL, roll, 0, LS_CALLABLE, NULL},
    {"torch.roll tensor.roll", "(input, shifts, dims=None)", "Elements shifted, the last ones to the front", NULL, NULL, roll, 0, LS_CALLABLE, NULL},
    {"np.flip jnp.flip", "(m, axis=None)", "The order of elements reversed", NULL, NULL, flip, 0, LS_CALLABLE, NULL},
    {"np.flipud", "(m)", "Rows in reverse order", NULL, NULL, flip, 10, LS_CALLABLE, NULL},
    {"np.fliplr", "(m)", "Columns in reverse order", NULL, NULL, flip, 11, LS_CALLABLE, NULL},
    {"torch.flip", "(input, dims)", "The order of elements reversed along axes", NULL, NULL, flip, 0, LS_CALLABLE, NULL},
    {"tensor.flip", "(self, *dims)", "The order of elements reversed along axes", NULL, NULL, tensor_flip, 0, LS_CALLABLE, NULL},
    {"torch.flipud tensor.flipud", "(input)", "Rows in reverse order", NULL, NULL, flip, 10, LS_CALLABLE, NULL},
    {"torch.fliplr tensor.fliplr", "(input)", "Columns in reverse order", NULL, NULL, flip, 11, LS_CALLABLE, NULL},
    {"np.rot90", "(m, k=1, axes=(0, 1))", "Quarter turns of a matrix", NULL, NULL, rot90, 0, LS_CALLABLE, NULL},
    {"torch.rot90 tensor.rot90", "(input, k=1, dims=(0, 1))", "Quarter turns of a matrix", NULL, NULL, rot90, 0, LS_CALLABLE, NULL},
    {"np.pad", "(array, pad_width, mode=\"constant\", constant_values=0)", "The array with a border: of one value, or of its own entries", NULL, NULL, np_pad, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
