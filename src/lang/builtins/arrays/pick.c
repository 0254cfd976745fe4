/* Picking elements out of one array or several (select, choose, compress, trim_zeros, fromiter, resize), and putting
   values into an array in place (put, place, putmask). Flat positions count in C order, whatever the strides. */
#include <string.h>

#include "array/elementwise.h"
#include "base/interrupt.h"
#include "lang/builtins/support.h"

/* The address of the element at flat position k. */
static char *cell(const lsv_array *a, ptrdiff_t k) {
    ptrdiff_t offset = 0;
    for (int d = a->ndim - 1; d >= 0; d--) {
        offset += k % a->shape[d] * a->strides[d];
        k /= a->shape[d];
    }
    return a->data + offset * (ptrdiff_t)lsv_dtype_size((lsv_dtype)a->dtype);
}

static lsv_scalar item(const lsv_array *a, ptrdiff_t k) { return lsv_load((lsv_dtype)a->dtype, cell(a, k)); }

/* ---- among several arrays ---- */

/* The dtype in which all meet; Python's numbers give way to what has a type of its own. */
static lsv_dtype common_dtype(lsv_array *const *parts, ptrdiff_t n) {
    bool firm = false;
    lsv_dtype d = LSV_BOOL;
    for (ptrdiff_t i = 0; i < n; i++) {
        if (parts[i]->flags & LSV_WEAK) continue;
        d = firm ? lsv_promote_types(LSV_NUMPY, d, (lsv_dtype)parts[i]->dtype) : (lsv_dtype)parts[i]->dtype;
        firm = true;
    }
    for (ptrdiff_t i = 0; i < n; i++) {
        if (!(parts[i]->flags & LSV_WEAK)) continue;
        if (lsv_dtype_is_float((lsv_dtype)parts[i]->dtype)) d = lsv_dtype_is_float(d) ? d : LSV_FLOAT64;
        else if (d == LSV_BOOL) d = LSV_INT64;
    }
    return d;
}

/* The items of a sequence, of any array-like kind, Python's numbers weak; *parts is the caller's to free. extra: room for more. */
static bool operands(ls_work *w, ls_value sequence, ptrdiff_t extra, lsv_array ***parts, ptrdiff_t *n) {
    ls_value list;
    if (!ls_to_list(w->in, sequence, &list)) return false;
    *n = list.list->n;
    *parts = *n < 1 << 20 ? lsv_malloc((size_t)(*n + extra + 1) * sizeof **parts) : NULL;
    bool ok = *parts || ls_no_memory(w->in);
    for (ptrdiff_t i = 0; ok && i < *n; i++) {
        ls_value v = list.list->items[i];
        ok = v.tag == LS_ARRAY ? ls_arg(w, &v, 0, &(*parts)[i]) : ls_operand(w, &v, 0, &(*parts)[i]);
        ok = ok && ls_keep(w, lsv_ref((*parts)[i])); /* the list goes */
    }
    ls_drop(list);
    if (ok) return true;
    lsv_free(*parts);
    *parts = NULL;
    return false;
}

/* The shape to which all broadcast. */
static bool common_shape(ls_work *w, lsv_array *const *parts, ptrdiff_t n, int *ndim, ptrdiff_t *shape) {
    *ndim = parts[0]->ndim;
    memcpy(shape, parts[0]->shape, (size_t)*ndim * sizeof *shape);
    for (ptrdiff_t i = 1; i < n; i++) {
        lsv_array *whole;
        if (!ls_ok(w, lsv_broadcast_to(parts[0], *ndim, shape, &whole, &w->err)) || !ls_keep(w, whole)) return false;
        if (lsv_broadcast(whole, parts[i], ndim, shape, NULL) == LSV_OK) continue;
        ptrdiff_t j = 0, apart[LSV_MAXDIM];
        int d;
        char a[96], b[96];
        while (j < i - 1 && lsv_broadcast(parts[j], parts[i], &d, apart, NULL) == LSV_OK) j++;
        return ls_raise(w->in, "ValueError",
                        "shape mismatch: objects cannot be broadcast to a single shape.  Mismatch is between arg %td with shape %s and arg %td with shape %s.",
                        j, lsv_shape_text(parts[j], a, sizeof a), i, lsv_shape_text(parts[i], b, sizeof b));
    }
    return true;
}

/* From the last condition to the first, so that the first that holds decides. */
static bool selected(ls_work *w, lsv_array *const *conditions, lsv_array *const *choices, ptrdiff_t n, lsv_array **r) {
    lsv_dtype d = common_dtype(choices, n + 1);
    int ndim;
    ptrdiff_t shape[LSV_MAXDIM];
    if (!common_shape(w, conditions, n, &ndim, shape) || !common_shape(w, choices, n + 1, &ndim, shape)) return false;
    if (!ls_ok(w, lsv_astype(choices[n], d, r, &w->err)) || !ls_keep(w, *r)) return false;
    for (ptrdiff_t i = 0; i < n; i++)
        if (conditions[i]->dtype != LSV_BOOL) return ls_raise(w->in, "TypeError", "invalid entry %td in condlist: should be boolean ndarray", i);
    for (ptrdiff_t i = n - 1; i >= 0; i--) {
        lsv_array *choice;
        if (!ls_ok(w, lsv_astype(choices[i], d, &choice, &w->err)) || !ls_keep(w, choice)) return false;
        if (!ls_ok(w, lsv_where(conditions[i], choice, *r, r, &w->err)) || !ls_keep(w, *r)) return false;
    }
    return true;
}

/* np.select(condlist, choicelist, default=0) */
BUILTIN(np_select) {
    lsv_array **conditions = NULL, **choices = NULL, *r;
    ptrdiff_t n, m;
    bool ok = operands(w, args[0], 0, &conditions, &n) && operands(w, args[1], 1, &choices, &m);
    if (ok && n != m) ok = ls_raise(w->in, "ValueError", "list of cases must be same length as list of conditions");
    if (ok && n == 0) ok = ls_raise(w->in, "ValueError", "select with an empty condition list is not possible");
    ok = ok && ls_operand(w, args, 2, &choices[n]) && selected(w, conditions, choices, n, &r);
    lsv_free(conditions);
    lsv_free(choices);
    return ok && ls_give_array(w, out, LSV_OK, (lsv_ref(r), &r));
}

enum { RAISE, WRAP, CLIP };
static bool index_mode(ls_work *w, ls_value v, int *mode) {
    const char *text;
    if (!ls_as_text(w->in, v, "mode", &text)) return false;
    *mode = strcmp(text, "wrap") == 0 ? WRAP : strcmp(text, "clip") == 0 ? CLIP : RAISE;
    return *mode || strcmp(text, "raise") == 0 ||
           ls_raise(w->in, "ValueError", "clipmode must be one of 'clip', 'raise', or 'wrap' (got '%s')", text);
}

/* i as a position below n; false: out of range. */
static bool in_range(int mode, int64_t i, ptrdiff_t n, ptrdiff_t *at) {
    if (mode == WRAP) i = (i % n + n) % n;
    if (mode == CLIP) i = i < 0 ? 0 : i < n ? i : n - 1;
    *at = (ptrdiff_t)i;
    return i >= 0 && i < n;
}

/* parts[0] holds numbers of the others, 1 … n; all are broadcast. */
static bool chosen(ls_work *w, lsv_array **parts, ptrdiff_t n, int mode, lsv_array **r) {
    int ndim;
    ptrdiff_t shape[LSV_MAXDIM], at;
    if (!common_shape(w, parts, n + 1, &ndim, shape)) return false;
    lsv_dtype d = common_dtype(parts + 1, n);
    ptrdiff_t size = (ptrdiff_t)lsv_dtype_size(d);
    for (ptrdiff_t i = 0; i <= n; i++)
        if (!ls_ok(w, lsv_broadcast_to(parts[i], ndim, shape, &parts[i], &w->err)) || !ls_keep(w, parts[i])) return false;
    if (!ls_new(w, d, ndim, shape, r)) return false;
    for (ptrdiff_t k = 0; k < (*r)->size; k++) {
        if (lsv_stop_at(k) && ls_interrupted(w->in)) return false;
        if (!in_range(mode, item(parts[0], k).i, n, &at)) return ls_raise(w->in, "ValueError", "invalid entry in choice array");
        lsv_store(d, (*r)->data + k * size, item(parts[at + 1], k));
    }
    return true;
}

/* np.choose(a, choices, out=None, mode="raise") */
BUILTIN(np_choose) {
    lsv_array *a, *r, **parts = NULL;
    int mode;
    ptrdiff_t n;
    if (!ls_arg(w, args, 0, &a) || !index_mode(w, args[3], &mode)) return false;
    if (lsv_dtype_is_float((lsv_dtype)a->dtype))
        return ls_raise(w->in, "TypeError", "Cannot cast array data from dtype('%s') to dtype('int64') according to the rule 'safe'",
                        lsv_dtype_name((lsv_dtype)a->dtype));
    bool ok = operands(w, args[1], 1, &parts, &n);
    if (ok && n == 0) ok = ls_raise(w->in, "ValueError", "0-length sequence.");
    if (ok) {
        memmove(parts + 1, parts, (size_t)n * sizeof *parts);
        parts[0] = a;
        ok = chosen(w, parts, n, mode, &r);
    }
    lsv_free(parts);
    return ok && ls_give_into(w, out, args[2], LSV_OK, (lsv_ref(r), &r));
}

/* ---- out of one ---- */

/* np.compress(condition, a, axis, out), ndarray.compress(self, condition, axis, out): op is the condition's place */
BUILTIN(np_compress) {
    lsv_array *a, *c, *places[LSV_MAXDIM], *r;
    int axis;
    bool given;
    if (!ls_arg(w, args, w->self->op, &c) || !ls_arg(w, args, 1 - w->self->op, &a) || !ls_axis_or_none(w, args[2], "axis", &given, &axis))
        return false;
    if (c->ndim != 1) return ls_raise(w->in, "ValueError", "condition must be a 1-d array");
    if (!ls_ok(w, lsv_nonzero(c, places, &w->err)) || !ls_keep(w, places[0])) return false;
    return ls_give_into(w, out, args[3], lsv_take(a, places[0], axis, !given, &r, &w->err), &r);
}

/* First and last place along each axis of what is not zero; false: all is. */
static bool extent(const lsv_array *a, ptrdiff_t *first, ptrdiff_t *last) {
    bool any = false;
    for (ptrdiff_t k = 0; k < a->size; k++) {
        if (lsv_scalar_as_double(item(a, k)) == 0) continue;
        ptrdiff_t rest = k;
        for (int d = a->ndim - 1; d >= 0; d--) {
            ptrdiff_t i = rest % a->shape[d];
            rest /= a->shape[d];
            if (!any || i < first[d]) first[d] = i;
            if (!any || i > last[d]) last[d] = i;
        }
        any = true;
    }
    return any;
}

/* Lists and tuples stay what they are. */
static bool trim_sequence(ls_work *w, ls_value v, const lsv_index *ix, ls_value *out) {
    ls_value s = ls_slice_new(ix->has_start ? ls_int(ix->start) : ls_none(), ix->has_stop ? ls_int(ix->stop) : ls_none(), ls_none());
    if (s.tag == LS_UNSET) return ls_no_memory(w->in);
    bool ok = ls_subscript(w->in, v, s, out);
    ls_drop(s);
    return ok;
}

/* np.trim_zeros(filt, trim="fb", axis=None) */
BUILTIN(np_trim_zeros) {
    lsv_array *a, *r;
    const char *trim;
    int n, axes[LSV_MAXDIM];
    ptrdiff_t first[LSV_MAXDIM] = {0}, last[LSV_MAXDIM] = {0};
    lsv_index ix[LSV_MAXDIM];
    if (!ls_arg(w, args, 0, &a) || !ls_as_text(w->in, args[1], "trim", &trim) || !ls_as_axes(w->in, args[2], &n, axes)) return false;
    bool front = strpbrk(trim, "fF") != NULL, back = strpbrk(trim, "bB") != NULL;
    if (trim[strspn(trim, "fFbB")] || strlen(trim) != (size_t)(front + back) || !(front || back))
        return ls_raise(w->in, "ValueError", "unexpected character(s) in `trim`: '%s'", trim);
    if (a->ndim == 0 || n == 0) {
        *out = ls_ref(args[0]);
        return true;
    }
    bool any = extent(a, first, last), sequence = args[0].tag == LS_LIST || args[0].tag == LS_TUPLE;
    for (int d = 0; d < a->ndim; d++) {
        ix[d] = (lsv_index){.type = LSV_IX_SLICE, .step = 1, .has_start = n < 0, .has_stop = n < 0};
        for (int i = 0, at; i < n; i++) {
            if (!ls_ok(w, lsv_axis(a, axes[i], &at, &w->err))) return false;
            if (at == d) ix[d].has_start = ix[d].has_stop = true;
        }
        if (any) { /* where all is zero nothing stays, whichever end is named */
            ix[d].has_start = ix[d].has_start && front;
            ix[d].has_stop = ix[d].has_stop && back;
        }
        ix[d].start = first[d];
        ix[d].stop = any ? last[d] + 1 : 0;
    }
    if (sequence && a->ndim == 1) return trim_sequence(w, args[0], ix, out);
    if (sequence) return ls_raise(w->in, "TypeError", "%s indices must be integers or slices, not tuple", ls_type_of(args[0])->name);
    return ls_give_array(w, out, lsv_index_get(a, ix, a->ndim, &r, &w->err), &r);
}

/* np.resize(a, new_shape): the elements over and over */
BUILTIN(np_resize) {
    lsv_array *a, *r;
    lsv_shape s;
    if (!ls_arg(w, args, 0, &a) || !ls_as_shape(w->in, args[1], &s)) return false;
    for (int d = 0; d < s.ndim; d++)
        if (s.dims[d] < 0) return ls_raise(w->in, "ValueError", "all elements of `new_shape` must be non-negative");
    lsv_dtype dtype = (lsv_dtype)a->dtype;
    size_t size = lsv_dtype_size(dtype);
    if (!ls_ok(w, lsv_zeros(LSV_NUMPY, dtype, s.ndim, s.dims, &r, &w->err)) || !ls_keep(w, r)) return false;
    if (a->size > 0 && r->size > 0) {
        if (!ls_ok(w, lsv_contiguous(a, &a, &w->err)) || !ls_keep(w, a)) return false;
        for (ptrdiff_t k = 0, piece = 0; k < r->size; k += a->size, piece++) {
            if (lsv_stop_at(piece) && ls_interrupted(w->in)) return false;
            ptrdiff_t n = r->size - k < a->size ? r->size - k : a->size;
            memcpy(r->data + k * (ptrdiff_t)size, a->data, (size_t)n * size);
        }
    }
    return ls_give_array(w, out, LSV_OK, (lsv_ref(r), &r));
}

/* np.fromiter(iter, dtype, count=-1) */
BUILTIN(np_fromiter) {
    lsv_dtype d;
    ptrdiff_t count;
    ls_value iter, v;
    lsv_array *r;
    if (!ls_dtype_or(w, args[1], LSV_FLOAT64, &d) || !ls_count(w, args[2], "count", &count) || !ls_iterate(w->in, args[0], &iter)) return false;
    ls_value list = ls_list_new(0);
    bool ok = list.tag != LS_UNSET || ls_no_memory(w->in);
    while (ok && (count < 0 || list.list->n < count) && ls_next(w->in, iter, &v)) {
        bool number = ls_is_number(v) || (v.tag == LS_ARRAY && v.array->ndim == 0);
        if (!number) ok = ls_raise(w->in, "ValueError", "setting an array element with a sequence.");
        else ok = ls_list_append(list.list, v) || ls_no_memory(w->in);
        ls_drop(v);
        ok = ok && !ls_interrupted(w->in);
    }
    ls_drop(iter);
    ok = ok && !w->in->error.set;
    if (ok && list.list->n < count)
        ok = ls_raise(w->in, "ValueError", "iterator too short: Expected %td but iterator had only %td items.", count, list.list->n);
    ok = ok && ls_array_like(w, list, LSV_NUMPY, (int)d, &r);
    ls_drop(list);
    return ok && ls_give_array(w, out, LSV_OK, (lsv_ref(r), &r));
}

/* ---- into one, in place ---- */

/* Argument 0 as the array to change: nothing else can be. */
static bool target(ls_work *w, const ls_value *args, lsv_array **a) {
    const char *name = ls_builtin_short_name(w->self);
    if (args[0].tag != LS_ARRAY) {
        const char *type = ls_type_name(args[0]);
        if (strcmp(name, "putmask") == 0) return ls_raise(w->in, "TypeError", "putmask: first argument must be an array");
        if (strcmp(name, "place") == 0) return ls_raise(w->in, "TypeError", "place() argument 1 must be numpy.ndarray, not %s", type);
        return ls_raise(w->in, "TypeError", "argument 1 must be numpy.ndarray, not <class '%s'>", type);
    }
    if (!ls_arg(w, args, 0, a)) return false;
    return !((*a)->flags & LSV_READONLY) || ls_raise(w->in, "ValueError", "%s: output array is read-only", name);
}

/* Argument i as a run of its own (it may lie in the array that changes) in dtype d. Numbers in lists are converted whatever they
   are, arrays where nothing can be lost, unless they are to be forced. */
static bool run_of(ls_work *w, const ls_value *args, int i, lsv_dtype d, bool force, lsv_array **v) {
    if (!ls_arg(w, args, i, v)) return false;
    lsv_dtype from = (lsv_dtype)(*v)->dtype;
    if (!force && args[i].tag == LS_ARRAY && lsv_promote_types(LSV_NUMPY, from, d) != d)
        return ls_raise(w->in, "TypeError", "Cannot cast array data from dtype('%s') to dtype('%s') according to the rule 'safe'",
                        lsv_dtype_name(from), lsv_dtype_name(d));
    return ls_ok(w, lsv_astype(*v, d, v, &w->err)) && ls_keep(w, *v);
}

/* np.put(a, ind, v, mode="raise"): v over and over */
BUILTIN(np_put) {
    lsv_array *a, *ix, *v;
    int mode;
    ptrdiff_t at;
    if (!target(w, args, &a) || !run_of(w, args, 1, LSV_INT64, false, &ix) || !run_of(w, args, 2, (lsv_dtype)a->dtype, true, &v) ||
        !index_mode(w, args[3], &mode))
        return false;
    if (v->size == 0 || ix->size == 0) return true;
    if (a->size == 0) return ls_raise(w->in, "IndexError", "cannot replace elements of an empty array");
    for (ptrdiff_t k = 0; k < ix->size; k++) {
        if (lsv_stop_at(k) && ls_interrupted(w->in)) return false;
        int64_t i = item(ix, k).i, from_end = mode == RAISE && i < 0 ? i + a->size : i;
        if (!in_range(mode, from_end, a->size, &at))
            return ls_raise(w->in, "IndexError", "index %lld is out of bounds for axis 0 with size %td", (long long)i, a->size);
        lsv_store((lsv_dtype)a->dtype, cell(a, at), item(v, k % v->size));
    }
    return true;
}

enum { PLACE, PUTMASK };
/* np.place(arr, mask, vals): the values one after another; np.putmask(a, mask, values): each value at its own place */
BUILTIN(np_place) {
    bool place = w->self->op == PLACE;
    lsv_array *a, *mask, *v;
    if (!target(w, args, &a) || !ls_arg(w, args, 1, &mask) || !run_of(w, args, 2, (lsv_dtype)a->dtype, false, &v)) return false;
    if (mask->size != a->size) return ls_raise(w->in, "ValueError", "%s: mask and data must be the same size", place ? "place" : "putmask");
    if (mask->dtype != LSV_BOOL || lsv_shares_memory(mask, a)) {
        if (!ls_ok(w, lsv_astype(mask, LSV_BOOL, &mask, &w->err)) || !ls_keep(w, mask)) return false;
    }
    for (ptrdiff_t k = 0, next = 0; k < a->size; k++) {
        if (lsv_stop_at(k) && ls_interrupted(w->in)) return false;
        if (!item(mask, k).i) continue;
        if (v->size == 0) return place ? ls_raise(w->in, "ValueError", "Cannot insert from an empty array!") : true;
        lsv_store((lsv_dtype)a->dtype, cell(a, k), item(v, (place ? next++ : k) % v->size));
    }
    return true;
}

const ls_builtin ls_family_pick[] = {
    {"np.select", "(condlist, choicelist, default=0)", "Elements of the first choice whose condition holds", NULL, NULL, np_select, 0, LS_CALLABLE, NULL},
    {"np.choose ndarray.choose", "(a, choices, out=None, mode=\"raise\")", "Elements of the choices whose numbers a holds", "mode \"wrap\" or \"clip\" brings numbers out of range into it.",
     NULL, np_choose, 0, LS_CALLABLE, NULL},
    {"np.compress", "(condition, a, axis=None, out=None)", "Slices of an axis, or elements, where the condition holds", NULL, NULL, np_compress, 0, LS_CALLABLE, NULL},
    {"ndarray.compress", "(self, condition, axis=None, out=None)", "Slices of an axis, or elements, where the condition holds", NULL, NULL, np_compress, 1, LS_CALLABLE, NULL},
    {"np.trim_zeros", "(filt, trim=\"fb\", axis=None)", "Without the zeros at the front (f) and the back (b)", NULL, NULL, np_trim_zeros, 0, LS_CALLABLE, NULL},
    {"np.resize", "(a, new_shape)", "The elements in another shape, repeated as often as needed", NULL, NULL, np_resize, 0, LS_CALLABLE, NULL},
    {"np.fromiter", "(iter, dtype, count=-1)", "A vector of what an iterator gives", NULL, NULL, np_fromiter, 0, LS_CALLABLE, NULL},
    {"np.put", "(a, ind, v, mode=\"raise\")", "Values into flat positions, in place", NULL, NULL, np_put, 0, LS_CALLABLE, NULL},
    {"ndarray.put", "(self, indices, values, mode=\"raise\")", "Values into flat positions, in place", NULL, NULL, np_put, 0, LS_CALLABLE, NULL},
    {"np.place", "(arr, mask, vals)", "Values, one after another, into where the mask holds, in place", NULL, NULL, np_place, PLACE, LS_CALLABLE, NULL},
    {"np.putmask", "(a, mask, values)", "Values into where the mask holds, each from its own position, in place", NULL, NULL, np_place, PUTMASK, LS_CALLABLE, NULL},
    {.names = NULL}};
