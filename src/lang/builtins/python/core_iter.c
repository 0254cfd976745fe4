/* What walks over iterables: range, enumerate, zip, …, which give elements one by one as they are
   asked for, and sum, any, max, sorted, list, …, which walk through at once. */
#include "base/interrupt.h"
#include "lang/builtins/python/python.h"

#include <string.h>
#include "base/alloc.h"
#include "lang/eval/operators.h"
#include "lang/syntax/tree.h"

/* A new iterator with its state (new references). */
static bool make_iter(ls_interp *in, const char *type, ls_next_fn *next, ptrdiff_t len, int n,
                      const ls_value *state, ls_value *out) {
    ls_value v = ls_iter_new(type, next, len);
    if (v.tag == LS_UNSET) return ls_no_memory(in);
    for (int i = 0; i < n; i++) v.iter->state[i] = ls_ref(state[i]);
    *out = v;
    return true;
}

static ptrdiff_t known_length(ls_value iter) {
    return iter.iter->len < 0 ? -1 : iter.iter->len - iter.iter->pos;
}

/* ---- range, iter, next ---- */

LS_PY(ls_py_range) {
    int64_t start = 0, stop, step = 1;
    if (!ls_given(args[1])) {
        if (!ls_index_arg(in, args[0], &stop)) return false;
    } else if (!ls_index_arg(in, args[0], &start) || !ls_index_arg(in, args[1], &stop) ||
               !ls_index_arg(in, args[2], &step))
        return false;
    if (step == 0) return ls_raise(in, "ValueError", "range() arg 3 must not be zero");
    return ls_put_value(in, ls_range_new(start, stop, step), out);
}

LS_PY(ls_py_iter) { return ls_iterate(in, args[0], out); }

LS_PY(ls_py_next) {
    if (args[0].tag != LS_ITER)
        return ls_raise(in, "TypeError", "'%s' object is not an iterator", ls_type_name(args[0]));
    if (ls_next(in, args[0], out)) return true;
    if (in->error.set) return false;
    if (!ls_given(args[1])) return ls_raise(in, "StopIteration", "%s", "");
    *out = ls_ref(args[1]);
    return true;
}

/* ---- enumerate, zip, map, filter, reversed ---- */

static bool next_enumerate(ls_interp *in, ls_iter *it, ls_value *out) {
    ls_value pair[2] = {it->state[1]};
    if (!ls_next(in, it->state[0], &pair[1])) return false;
    it->state[1].i++;
    bool ok = ls_put_value(in, ls_tuple_of(2, pair), out);
    ls_drop(pair[1]);
    return ok;
}

LS_PY(ls_py_enumerate) {
    ls_value state[2];
    int64_t start;
    if (!ls_index_arg(in, args[1], &start) || !ls_iterate(in, args[0], &state[0])) return false;
    state[1] = ls_int(start);
    bool ok = make_iter(in, "enumerate", next_enumerate, known_length(state[0]), 2, state, out);
    ls_drop(state[0]);
    return ok;
}

/* A tuple of iterators over the given iterables; len: of the shortest, -1 where one is not known. */
static bool iterators(ls_interp *in, const ls_tuple *of, ls_value *out, ptrdiff_t *len) {
    ls_value t = ls_tuple_new(of->n);
    if (t.tag == LS_UNSET) return ls_no_memory(in);
    *len = of->n ? PTRDIFF_MAX : -1;
    for (ptrdiff_t i = 0; i < of->n; i++) {
        if (!ls_iterate(in, of->items[i], &t.tuple->items[i])) {
            t.tuple->items[i] = ls_none();
            ls_drop(t);
            return false;
        }
        ptrdiff_t n = known_length(t.tuple->items[i]);
        if (n < *len) *len = n;
    }
    *out = t;
    return true;
}

/* The next element of every iterator, as a tuple; *stopped: which one had none, or -1. */
static bool next_of_all(ls_interp *in, const ls_tuple *iters, ls_value *out, ptrdiff_t *stopped) {
    ls_value t = ls_tuple_new(iters->n);
    *stopped = -1;
    if (t.tag == LS_UNSET) return ls_no_memory(in);
    for (ptrdiff_t i = 0; i < iters->n; i++) {
        ls_value v;
        if (!ls_next(in, iters->items[i], &v)) {
            *stopped = i;
            ls_drop(t);
            return false;
        }
        t.tuple->items[i] = v;
    }
    *out = t;
    return true;
}

static bool next_zip(ls_interp *in, ls_iter *it, ls_value *out) {
    const ls_tuple *iters = it->state[0].tuple;
    ptrdiff_t stopped;
    if (iters->n == 0) return false;
    if (next_of_all(in, iters, out, &stopped)) return true;
    if (in->error.set || !it->state[1].i) return false;
    const char *many = stopped > 1 ? "s 1-" : " ";
    if (stopped > 0)
        return ls_raise(in, "ValueError", "zip() argument %td is shorter than argument%s%td", stopped + 1,
                        many, stopped);
    for (ptrdiff_t i = 1; i < iters->n; i++) {
        ls_value v;
        if (ls_next(in, iters->items[i], &v)) {
            ls_drop(v);
            return ls_raise(in, "ValueError", "zip() argument %td is longer than argument%s%td", i + 1,
                            i > 1 ? "s 1-" : " ", i);
        }
        if (in->error.set) return false;
    }
    return false;
}

LS_PY(ls_py_zip) {
    ls_value state[2];
    ptrdiff_t len;
    bool strict;
    if (!ls_truth(in, args[1], &strict) || !iterators(in, args[0].tuple, &state[0], &len)) return false;
    state[1] = ls_bool(strict);
    bool ok = make_iter(in, "zip", next_zip, len, 2, state, out);
    ls_drop(state[0]);
    return ok;
}

static bool next_map(ls_interp *in, ls_iter *it, ls_value *out) {
    ls_value t;
    ptrdiff_t stopped;
    if (!next_of_all(in, it->state[1].tuple, &t, &stopped)) return false;
    bool ok = ls_call(in, it->state[0], t.tuple->items, (int)t.tuple->n, out);
    ls_drop(t);
    return ok;
}

LS_PY(ls_py_map) {
    if (!ls_given(args[0]) || args[1].tuple->n == 0)
        return ls_raise(in, "TypeError", "map() must have at least two arguments.");
    ls_value state[2] = {args[0]};
    ptrdiff_t len;
    if (!iterators(in, args[1].tuple, &state[1], &len)) return false;
    bool ok = make_iter(in, "map", next_map, len, 2, state, out);
    ls_drop(state[1]);
    return ok;
}

static bool next_filter(ls_interp *in, ls_iter *it, ls_value *out) {
    ls_value v, verdict;
    while (ls_next(in, it->state[1], &v)) {
        bool yes = false, ok;
        if (it->state[0].tag == LS_NONE) ok = ls_truth(in, v, &yes);
        else {
            ok = ls_call(in, it->state[0], &v, 1, &verdict);
            if (ok) {
                ok = ls_truth(in, verdict, &yes);
                ls_drop(verdict);
            }
        }
        if (ok && yes) {
            *out = v;
            return true;
        }
        ls_drop(v);
        if (!ok) return false;
    }
    return false;
}

LS_PY(ls_py_filter) {
    ls_value state[2] = {args[0]};
    if (!ls_iterate(in, args[1], &state[1])) return false;
    bool ok = make_iter(in, "filter", next_filter, -1, 2, state, out);
    ls_drop(state[1]);
    return ok;
}

/* state[0]: what is walked, pos: elements given, len: all of them */
static bool next_reversed(ls_interp *in, ls_iter *it, ls_value *out) {
    if (it->pos >= it->len) return false;
    if (it->state[0].tag == LS_LIST && it->len - 1 - it->pos >= it->state[0].list->n)
        return false; /* it shrank */
    ls_value at = ls_int(it->len - 1 - it->pos);
    it->pos++;
    return ls_subscript(in, it->state[0], at, out);
}

LS_PY(ls_py_reversed) {
    static const struct {
        ls_tag tag;
        const char *type;
    } types[] = {{LS_LIST, "list_reverseiterator"},
                 {LS_RANGE, "range_iterator"},
                 {LS_TUPLE, "reversed"},
                 {LS_STR, "reversed"},
                 {LS_ARRAY, "reversed"}};
    ls_value of = args[0];
    if (ls_is_tensor(of)) {
        const ls_builtin *flip = ls_builtin_find("torch.flip");
        if (flip)
            return ls_call(in, (ls_value){.tag = LS_BUILTIN, .builtin = flip}, (ls_value[]){of, ls_int(0)}, 2,
                           out);
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (of.tag != types[i].tag) continue;
        ptrdiff_t n;
        return ls_length(in, of, &n) && make_iter(in, types[i].type, next_reversed, n, 1, &of, out);
    }
    bool view =
        of.tag == LS_ITER && of.iter->state[0].tag == LS_DICT && strncmp(of.iter->type, "dict_", 5) == 0;
    if (of.tag != LS_DICT && !view)
        return ls_raise(in, "TypeError", "'%s' object is not reversible", ls_type_name(of));
    ls_value list;
    if (!ls_to_list(in, of, &list)) return false;
    bool ok = make_iter(in, "reversed", next_reversed, list.list->n, 1, &list, out);
    ls_drop(list);
    return ok;
}

/* ---- sum ---- */

/* A one-dimensional ndarray from left to right, as adding its elements one by one as scalars would. */
static bool sum_vector(const lsv_array *a, ls_value *out) {
    lsv_dtype d = (lsv_dtype)a->dtype;
    const char *at = lsv_data(a);
    ptrdiff_t step = a->strides[0] * (ptrdiff_t)lsv_dtype_size(d), n = a->shape[0];
    lsv_scalar s = {.dtype = d == LSV_BOOL ? LSV_INT64 : d};
    if (d == LSV_FLOAT64) {
        double x = 0;
        for (ptrdiff_t i = 0; i < n; i++, at += step) x += *(const double *)at;
        s.f = x;
    } else if (d == LSV_FLOAT32) {
        float x = 0;
        for (ptrdiff_t i = 0; i < n; i++, at += step) x += *(const float *)at;
        s.f = x;
    } else if (d == LSV_INT64 || d == LSV_BOOL) {
        uint64_t x = 0;
        for (ptrdiff_t i = 0; i < n; i++, at += step) x += (uint64_t)lsv_load(d, at).i;
        s.i = (int64_t)x;
    } else return false;
    *out = ls_npscalar(s);
    return true;
}

/* Adds v to *total in place of it. */
static bool add_to(ls_interp *in, ls_value *total, ls_value v) {
    if (total->tag == LS_FLOAT && v.tag == LS_FLOAT) {
        total->f += v.f;
        return true;
    }
    ls_value sum;
    if (!ls_binary(in, LS_OP_ADD, *total, v, &sum)) return false;
    ls_drop(*total);
    *total = sum;
    return true;
}

LS_PY(ls_py_sum) {
    ls_value v, it, total = args[1];
    if (total.tag == LS_STR)
        return ls_raise(in, "TypeError", "sum() can't sum strings [use ''.join(seq) instead]");
    bool vector = args[0].tag == LS_ARRAY && args[0].array->kind == LSV_NUMPY && args[0].array->ndim == 1 &&
                  args[0].array->size > 0;
    if (vector && total.tag == LS_INT && total.i == 0 && sum_vector(args[0].array, out)) return true;
    if (!ls_iterate(in, args[0], &it)) return false;
    ls_ref(total);
    bool ok = true;
    while (ok && ls_next(in, it, &v)) {
        ok = add_to(in, &total, v);
        ls_drop(v);
    }
    ls_drop(it);
    if (ok && !in->error.set) {
        *out = total;
        return true;
    }
    ls_drop(total);
    return false;
}

/* ---- any, all, min, max ---- */

/* op: the truth value that settles it (any: 1, all: 0) */
LS_PY(ls_py_any) {
    ls_value v, it;
    if (!ls_iterate(in, args[0], &it)) return false;
    bool settled = false, ok = true;
    while (ok && !settled && ls_next(in, it, &v)) {
        bool yes = false;
        ok = ls_truth(in, v, &yes);
        settled = yes == (self->op != 0);
        ls_drop(v);
    }
    ls_drop(it);
    if (!ok || in->error.set) return false;
    *out = ls_bool(settled == (self->op != 0));
    return true;
}

static bool key_of(ls_interp *in, ls_value key, ls_value v, ls_value *out) {
    if (key.tag != LS_NONE) return ls_call(in, key, &v, 1, out);
    *out = ls_ref(v);
    return true;
}

/* (*args, key, default); op: 1 for max */
LS_PY(ls_py_extreme) {
    const char *name = self->op ? "max" : "min";
    const ls_tuple *given = args[0].tuple;
    ls_value it, v, best = {.tag = LS_UNSET}, best_key = {.tag = LS_UNSET};
    if (given->n == 0) return ls_raise(in, "TypeError", "%s expected at least 1 argument, got 0", name);
    if (given->n > 1 && ls_given(args[2]))
        return ls_raise(in, "TypeError",
                        "Cannot specify a default for %s() with multiple positional arguments", name);
    if (!ls_iterate(in, given->n == 1 ? given->items[0] : args[0], &it)) return false;
    bool ok = true;
    while (ok && ls_next(in, it, &v)) {
        ls_value k;
        bool better = true;
        ok = key_of(in, args[1], v, &k);
        if (!ok) {
            ls_drop(v);
            break;
        }
        if (best.tag != LS_UNSET) {
            ls_value verdict;
            ok = ls_binary(in, self->op ? LS_OP_GT : LS_OP_LT, k, best_key, &verdict);
            if (ok) {
                ok = ls_truth(in, verdict, &better);
                ls_drop(verdict);
            }
        }
        bool take = ok && better;
        ls_drop(take ? best : v);
        ls_drop(take ? best_key : k);
        if (take) best = v, best_key = k;
    }
    ls_drop(it);
    ls_drop(best_key);
    if (!ok || in->error.set) {
        ls_drop(best);
        return false;
    }
    if (best.tag != LS_UNSET) *out = best;
    else if (ls_given(args[2])) *out = ls_ref(args[2]);
    else return ls_raise(in, "ValueError", "%s() arg is an empty sequence", name);
    return true;
}

/* ---- sorting ---- */

typedef struct sorter {
    ls_interp *in;
    const ls_value *keys;
    ptrdiff_t *order, *spare;
    bool failed;
} sorter;

static bool less(sorter *s, ptrdiff_t a, ptrdiff_t b) {
    ls_value x = s->keys[a], y = s->keys[b];
    if (x.tag == LS_FLOAT && y.tag == LS_FLOAT) return x.f < y.f;
    if (x.tag == LS_INT && y.tag == LS_INT) return x.i < y.i;
    bool yes = false;
    if (!s->failed && !ls_compare_less(s->in, x, y, &yes)) s->failed = true;
    return !s->failed && yes;
}

/* Stable merge sort of order[0..n), short pieces by insertion. */
static void merge_sort(sorter *s, ptrdiff_t *order, ptrdiff_t *spare, ptrdiff_t n) {
    if (n <= 8) {
        for (ptrdiff_t i = 1; i < n; i++) {
            ptrdiff_t x = order[i], j = i;
            for (; j > 0 && less(s, x, order[j - 1]); j--) order[j] = order[j - 1];
            order[j] = x;
        }
        return;
    }
    ptrdiff_t half = n / 2, i = 0, j = half, k = 0;
    merge_sort(s, order, spare, half);
    merge_sort(s, order + half, spare, n - half);
    if (n > 4096 && !s->failed && __builtin_expect(lsv_interrupt_flag, 0)) s->failed = ls_interrupted(s->in);
    if (s->failed || !less(s, order[half], order[half - 1])) return; /* in order already */
    memcpy(spare, order, (size_t)half * sizeof *spare);
    while (i < half && j < n) {
        if (k && lsv_stop_at(k)) s->failed = s->failed || ls_interrupted(s->in);
        if (s->failed) return;
        order[k++] = less(s, order[j], spare[i]) ? order[j++] : spare[i++];
    }
    while (i < half) order[k++] = spare[i++];
}

static bool sort_keys(ls_interp *in, ls_value *items, ptrdiff_t n, ls_value key, ls_value **keys) {
    *keys = items;
    if (key.tag == LS_NONE) return true;
    *keys = lsv_calloc((size_t)n + 1, sizeof **keys);
    if (!*keys) return ls_no_memory(in);
    for (ptrdiff_t i = 0; i < n; i++)
        if (!ls_call(in, key, &items[i], 1, &(*keys)[i])) {
            (*keys)[i] = (ls_value){.tag = LS_UNSET};
            return false;
        }
    return true;
}

static void turn(ptrdiff_t *order, ptrdiff_t n) {
    for (ptrdiff_t i = 0, j = n - 1; i < j; i++, j--) {
        ptrdiff_t x = order[i];
        order[i] = order[j];
        order[j] = x;
    }
}

bool ls_sort_values(ls_interp *in, ls_value *items, ptrdiff_t n, ls_value key, bool reverse) {
    ls_value *keys = NULL, *sorted = NULL;
    ptrdiff_t *order = NULL;
    bool ok = sort_keys(in, items, n, key, &keys);
    if (!ok || n < 2) goto done;
    order = lsv_malloc((size_t)n * 2 * sizeof *order);
    sorted = lsv_malloc((size_t)n * sizeof *sorted);
    if (!order || !sorted) {
        ok = ls_no_memory(in);
        goto done;
    }
    for (ptrdiff_t i = 0; i < n; i++) order[i] = i;
    if (reverse) turn(order, n); /* so that equal ones keep their order once all is turned back */
    sorter s = {in, keys, order, order + n, false};
    merge_sort(&s, order, order + n, n);
    if (reverse) turn(order, n);
    ok = !s.failed;
    for (ptrdiff_t i = 0; ok && i < n; i++) sorted[i] = items[order[i]];
    if (ok) memcpy(items, sorted, (size_t)n * sizeof *sorted);
done:
    if (keys && keys != items) {
        for (ptrdiff_t i = 0; i < n; i++) ls_drop(keys[i]);
        lsv_free(keys);
    }
    lsv_free(order);
    lsv_free(sorted);
    return ok;
}

LS_PY(ls_py_sorted) {
    int64_t reverse;
    ls_value list;
    if (!ls_index_arg(in, args[2], &reverse) || !ls_to_list(in, args[0], &list)) return false;
    if (ls_sort_values(in, list.list->items, list.list->n, args[1], reverse != 0)) {
        *out = list;
        return true;
    }
    ls_drop(list);
    return false;
}

/* ---- containers ---- */

LS_PY(ls_py_list) { return ls_to_list(in, args[0], out); }

LS_PY(ls_py_tuple) {
    if (args[0].tag == LS_TUPLE && !args[0].tuple->record && !args[0].tuple->is_size) {
        *out = ls_ref(args[0]);
        return true;
    }
    ls_value list;
    if (!ls_to_list(in, args[0], &list)) return false;
    bool ok = ls_put_value(in, ls_tuple_of(list.list->n, list.list->items), out);
    ls_drop(list);
    return ok;
}

static bool merge_pair(ls_interp *in, ls_dict *d, ls_value pair, ptrdiff_t i) {
    ls_value list;
    if (pair.tag != LS_TUPLE && pair.tag != LS_LIST && pair.tag != LS_STR && pair.tag != LS_ARRAY &&
        pair.tag != LS_ITER)
        return ls_raise(in, "TypeError",
                        "cannot convert dictionary update sequence element #%td to a sequence", i);
    if (!ls_to_list(in, pair, &list)) return false;
    bool ok = true;
    if (list.list->n != 2)
        ok = ls_raise(in, "ValueError",
                      "dictionary update sequence element #%td has length %td; 2 is required", i,
                      list.list->n);
    else if (!ls_hashable(list.list->items[0]))
        ok = ls_raise(in, "TypeError", "unhashable type: '%s'", ls_type_name(list.list->items[0]));
    else ok = ls_dict_set(d, list.list->items[0], list.list->items[1]) || ls_no_memory(in);
    ls_drop(list);
    return ok;
}

bool ls_dict_merge(ls_interp *in, ls_dict *d, ls_value from) {
    if (from.tag == LS_DICT) {
        if (from.dict == d) return true;
        for (ptrdiff_t i = 0; i < from.dict->used; i++) {
            const ls_dict_entry *e = &from.dict->entries[i];
            if (e->key.tag != LS_UNSET && !ls_dict_set(d, e->key, e->value)) return ls_no_memory(in);
        }
        return true;
    }
    ls_value it, v;
    if (!ls_iterate(in, from, &it)) return false;
    bool ok = true;
    for (ptrdiff_t i = 0; ok && ls_next(in, it, &v); i++) {
        ok = merge_pair(in, d, v, i);
        ls_drop(v);
    }
    ls_drop(it);
    return ok && !in->error.set;
}

LS_PY(ls_py_dict) {
    ls_value d = ls_dict_new();
    if (d.tag == LS_UNSET) return ls_no_memory(in);
    if (ls_dict_merge(in, d.dict, args[0]) && ls_dict_merge(in, d.dict, args[1])) {
        *out = d;
        return true;
    }
    ls_drop(d);
    return false;
}
