/* itertools: iterators over combinations of elements, and over parts of other iterators. Each is a
   next function and a state: in state[0] what is drawn from, in state[1] and on where it stands. */
#include <string.h>

#include "lang/builtins/python/python.h"
#include "lang/syntax/tree.h"

/* The state values are taken, also when that fails. */
static bool make(ls_interp *in, const char *type, ls_next_fn *next, int n, const ls_value *state,
                 ls_value *out) {
    bool there = true;
    for (int i = 0; i < n; i++) there = there && state[i].tag != LS_UNSET;
    ls_value v = there ? ls_iter_new(type, next, -1) : (ls_value){.tag = LS_UNSET};
    for (int i = 0; i < n; i++) {
        if (v.tag != LS_UNSET) v.iter->state[i] = state[i];
        else if (state[i].tag != LS_UNSET) ls_drop(state[i]);
    }
    return ls_put_value(in, v, out);
}

/* ---- choices of places: product, combinations, permutations ---- */

/* A list of n ints, from 0 on by `step`. */
static ls_value places(ptrdiff_t n, int step) {
    ls_value v = ls_list_new(n);
    for (ptrdiff_t i = 0; v.tag != LS_UNSET && i < n; i++)
        if (!ls_list_append(v.list, ls_int(i * step))) {
            ls_drop(v);
            return (ls_value){.tag = LS_UNSET};
        }
    return v;
}

/* The elements of the pools at the places; one pool for all where there is but one. */
static bool chosen(ls_interp *in, const ls_value *pools, ptrdiff_t npools, const ls_list *at, ptrdiff_t r,
                   ls_value *out) {
    ls_value t = ls_tuple_new(r);
    if (t.tag == LS_UNSET) return ls_no_memory(in);
    for (ptrdiff_t i = 0; i < r; i++)
        t.tuple->items[i] = ls_ref(pools[npools > 1 ? i % npools : 0].list->items[at->items[i].i]);
    *out = t;
    return true;
}

/* state: tuple of pools, places (one per factor); pos: 0 at the start, -1 at the end */
static bool next_product(ls_interp *in, ls_iter *it, ls_value *out) {
    const ls_tuple *pools = it->state[0].tuple;
    ls_list *at = it->state[1].list;
    if (it->pos < 0) return false;
    if (it->pos == 0) {
        for (ptrdiff_t i = 0; i < pools->n; i++)
            if (pools->items[i].list->n == 0) return false;
        it->pos = 1;
        return chosen(in, pools->items, pools->n, at, at->n, out);
    }
    ptrdiff_t i = at->n - 1;
    for (; i >= 0; i--) {
        if (++at->items[i].i < pools->items[i % pools->n].list->n) break;
        at->items[i].i = 0;
    }
    if (i < 0) {
        it->pos = -1;
        return false;
    }
    return chosen(in, pools->items, pools->n, at, at->n, out);
}

/* (*iterables, repeat) */
static LS_PY(py_product) {
    int64_t repeat;
    const ls_tuple *of = args[0].tuple;
    if (!ls_index_arg(in, args[1], &repeat)) return false;
    if (repeat < 0) return ls_raise(in, "ValueError", "repeat argument cannot be negative");
    if (repeat > 1 << 20) return ls_no_memory(in);
    ls_value pools = ls_tuple_new(of->n);
    if (pools.tag == LS_UNSET) return ls_no_memory(in);
    for (ptrdiff_t i = 0; i < of->n; i++) {
        ls_value list;
        if (!ls_to_list(in, of->items[i], &list)) {
            ls_drop(pools);
            return false;
        }
        pools.tuple->items[i] = list;
    }
    return make(in, "itertools.product", next_product, 2, (ls_value[]){pools, places(of->n * repeat, 0)},
                out);
}

/* state: the pool, places; the next places in lexicographic order, repeated ones allowed or not */
static bool next_combination(ls_interp *in, ls_iter *it, ls_value *out) {
    ls_list *at = it->state[1].list;
    ptrdiff_t n = it->state[0].list->n, r = at->n;
    bool again = it->state[2].i != 0;
    if (it->pos == 0) {
        it->pos = 1;
        if (again ? n == 0 && r > 0 : r > n) it->pos = -1;
        return it->pos > 0 && chosen(in, &it->state[0], 1, at, r, out);
    }
    ptrdiff_t i = r - 1;
    while (i >= 0 && at->items[i].i == (again ? n - 1 : n - r + i)) i--;
    if (i < 0 || it->pos < 0) {
        it->pos = -1;
        return false;
    }
    int64_t v = at->items[i].i + 1;
    for (ptrdiff_t j = i; j < r; j++) at->items[j].i = again ? v : v + (j - i);
    return chosen(in, &it->state[0], 1, at, r, out);
}

static bool count_arg(ls_interp *in, ls_value v, int64_t *r) {
    if (!ls_index_arg(in, v, r)) return false;
    if (*r > 1 << 20) return ls_no_memory(in);
    return *r >= 0 || ls_raise(in, "ValueError", "r must be non-negative");
}

/* (iterable, r); op: 1 with replacement */
static LS_PY(py_combinations) {
    int64_t r;
    ls_value pool;
    if (!count_arg(in, args[1], &r) || !ls_to_list(in, args[0], &pool)) return false;
    const char *type = self->op ? "itertools.combinations_with_replacement" : "itertools.combinations";
    return make(in, type, next_combination, 3,
                (ls_value[]){pool, places(r, self->op ? 0 : 1), ls_int(self->op)}, out);
}

/* state: the pool, its places in the present order, turns left per place */
static bool next_permutation(ls_interp *in, ls_iter *it, ls_value *out) {
    ls_list *at = it->state[1].list, *turns = it->state[2].list;
    ptrdiff_t n = at->n, r = turns->n;
    if (it->pos == 0) {
        it->pos = r > n ? -1 : 1;
        return it->pos > 0 && chosen(in, &it->state[0], 1, at, r, out);
    }
    for (ptrdiff_t i = r - 1; i >= 0 && it->pos > 0; i--) {
        if (--turns->items[i].i == 0) { /* all tried here: the element goes to the end */
            ls_value first = at->items[i];
            memmove(at->items + i, at->items + i + 1, (size_t)(n - 1 - i) * sizeof first);
            at->items[n - 1] = first;
            turns->items[i].i = n - i;
            continue;
        }
        ptrdiff_t j = n - turns->items[i].i;
        ls_value v = at->items[i];
        at->items[i] = at->items[j];
        at->items[j] = v;
        return chosen(in, &it->state[0], 1, at, r, out);
    }
    it->pos = -1;
    return false;
}

static LS_PY(py_permutations) {
    int64_t r = 0;
    ls_value pool;
    if (args[1].tag != LS_NONE && !count_arg(in, args[1], &r)) return false;
    if (!ls_to_list(in, args[0], &pool)) return false;
    if (args[1].tag == LS_NONE) r = pool.list->n;
    ls_value turns = places(r, 0);
    for (ptrdiff_t i = 0; turns.tag != LS_UNSET && i < r; i++) turns.list->items[i].i = pool.list->n - i;
    return make(in, "itertools.permutations", next_permutation, 3,
                (ls_value[]){pool, places(pool.list->n, 1), turns}, out);
}

/* ---- one after the other: chain, cycle, repeat, count ---- */

/* state: iterator over iterables, the present one's iterator or None */
static bool next_chain(ls_interp *in, ls_iter *it, ls_value *out) {
    for (;;) {
        if (it->state[1].tag == LS_ITER) {
            if (ls_next(in, it->state[1], out)) return true;
            if (in->error.set) return false;
            ls_drop(it->state[1]);
            it->state[1] = ls_none();
        }
        ls_value next;
        if (!ls_next(in, it->state[0], &next)) return false;
        bool ok = ls_iterate(in, next, &it->state[1]);
        ls_drop(next);
        if (!ok) {
            it->state[1] = ls_none();
            return false;
        }
    }
}

/* op: 1 from_iterable */
static LS_PY(py_chain) {
    ls_value of;
    return ls_iterate(in, args[0], &of) &&
           make(in, "itertools.chain", next_chain, 2, (ls_value[]){of, ls_none()}, out);
}

/* state: iterator or None, list of what it gave */
static bool next_cycle(ls_interp *in, ls_iter *it, ls_value *out) {
    ls_list *seen = it->state[1].list;
    if (it->state[0].tag == LS_ITER) {
        if (ls_next(in, it->state[0], out)) {
            if (ls_list_append(seen, *out)) return true;
            ls_drop(*out);
            return ls_no_memory(in);
        }
        if (in->error.set) return false;
        ls_drop(it->state[0]);
        it->state[0] = ls_none();
    }
    if (seen->n == 0) return false;
    *out = ls_ref(seen->items[it->pos]);
    it->pos = (it->pos + 1) % seen->n;
    return true;
}

static LS_PY(py_cycle) {
    ls_value of;
    return ls_iterate(in, args[0], &of) &&
           make(in, "itertools.cycle", next_cycle, 2, (ls_value[]){of, ls_list_new(0)}, out);
}

static bool next_repeat(ls_interp *in, ls_iter *it, ls_value *out) {
    (void)in;
    if (it->state[1].tag == LS_INT && it->state[1].i-- <= 0) return false;
    *out = ls_ref(it->state[0]);
    return true;
}

static LS_PY(py_repeat) {
    int64_t times = 0;
    if (ls_given(args[1]) && !ls_index_arg(in, args[1], &times)) return false;
    return make(in, "itertools.repeat", next_repeat, 2,
                (ls_value[]){ls_ref(args[0]), ls_given(args[1]) ? ls_int(times) : ls_none()}, out);
}

static bool next_count(ls_interp *in, ls_iter *it, ls_value *out) {
    ls_value next;
    if (!ls_binary(in, LS_OP_ADD, it->state[0], it->state[1], &next)) return false;
    *out = it->state[0];
    it->state[0] = next;
    return true;
}

static LS_PY(py_count) {
    if (!ls_is_number(args[0]) || !ls_is_number(args[1]))
        return ls_raise(in, "TypeError", "a number is required");
    return make(in, "itertools.count", next_count, 2, (ls_value[]){ls_ref(args[0]), ls_ref(args[1])}, out);
}

/* ---- parts: islice, takewhile, dropwhile, filterfalse, compress ---- */

/* state: iterator, next place wanted, stop (None: no end), step; pos: places gone by */
static bool next_islice(ls_interp *in, ls_iter *it, ls_value *out) {
    int64_t want = it->state[1].i;
    if (it->state[2].tag == LS_INT && want >= it->state[2].i) want = it->state[2].i;
    bool stop = it->state[2].tag == LS_INT && it->state[1].i >= it->state[2].i;
    while (it->pos < want || (it->pos == want && !stop)) {
        ls_value v;
        if (!ls_next(in, it->state[0], &v)) return false;
        if (it->pos++ == it->state[1].i) {
            it->state[1].i += it->state[3].i;
            *out = v;
            return true;
        }
        ls_drop(v);
    }
    return false;
}

static LS_PY(py_islice) {
    const ls_tuple *t = args[1].tuple;
    int64_t parts[3] = {0, 0, 1};
    if (t->n < 1 || t->n > 3)
        return ls_raise(in, "TypeError", "islice expected at %s arguments, got %td",
                        t->n ? "most 4" : "least 2", t->n + 1);
    for (int i = 0; i < t->n; i++) {
        ls_value v = t->items[i];
        int k = t->n == 1 ? 1 : i;
        bool integer = ls_is_int(v) || (v.tag == LS_NPSCALAR && lsv_dtype_is_int((lsv_dtype)v.dtype));
        if (v.tag != LS_NONE && !integer)
            return ls_raise(in, "ValueError",
                            "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.");
        if (v.tag != LS_NONE) parts[k] = v.i;
        if (parts[k] < (k == 2))
            return ls_raise(in, "ValueError",
                            k == 2
                                ? "Step for islice() must be a positive integer or None."
                                : "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.");
    }
    ls_value stop = t->items[t->n == 1 ? 0 : 1], of;
    if (!ls_iterate(in, args[0], &of)) return false;
    return make(in, "itertools.islice", next_islice, 4,
                (ls_value[]){of, ls_int(parts[0]), stop.tag == LS_NONE ? ls_none() : ls_int(parts[1]),
                             ls_int(parts[2])},
                out);
}

static bool holds(ls_interp *in, ls_value f, ls_value v, bool *yes) {
    if (f.tag == LS_NONE) return ls_truth(in, v, yes);
    ls_value verdict;
    if (!ls_call(in, f, &v, 1, &verdict)) return false;
    bool ok = ls_truth(in, verdict, yes);
    ls_drop(verdict);
    return ok;
}

enum { TAKE, DROP, FALSE_ONES };

/* state: function, iterator, which of the three; pos: 1 once it turned */
static bool next_while(ls_interp *in, ls_iter *it, ls_value *out) {
    int kind = (int)it->state[2].i;
    if (kind == TAKE && it->pos) return false;
    while (ls_next(in, it->state[1], out)) {
        bool yes = false;
        if (kind == DROP && it->pos) return true;
        if (!holds(in, it->state[0], *out, &yes)) {
            ls_drop(*out);
            return false;
        }
        if (yes == (kind == TAKE)) {
            it->pos = kind == DROP;
            return true;
        }
        ls_drop(*out);
        if (kind == TAKE) {
            it->pos = 1;
            return false;
        }
    }
    return false;
}

static LS_PY(py_while) {
    static const char *const types[] = {"itertools.takewhile", "itertools.dropwhile",
                                        "itertools.filterfalse"};
    ls_value of;
    return ls_iterate(in, args[1], &of) &&
           make(in, types[self->op], next_while, 3, (ls_value[]){ls_ref(args[0]), of, ls_int(self->op)}, out);
}

/* state: data, selectors */
static bool next_compress(ls_interp *in, ls_iter *it, ls_value *out) {
    ls_value selector;
    while (ls_next(in, it->state[0], out)) {
        bool yes = false, ok = ls_next(in, it->state[1], &selector);
        if (ok) {
            ok = ls_truth(in, selector, &yes);
            ls_drop(selector);
        }
        if (ok && yes) return true;
        ls_drop(*out);
        if (!ok) return false;
    }
    return false;
}

static LS_PY(py_compress) {
    ls_value a, b;
    if (!ls_iterate(in, args[0], &a)) return false;
    if (!ls_iterate(in, args[1], &b)) {
        ls_drop(a);
        return false;
    }
    return make(in, "itertools.compress", next_compress, 2, (ls_value[]){a, b}, out);
}

/* ---- running results: accumulate, starmap, pairwise, zip_longest ---- */

/* state: iterator, function or None, the result so far ("..." while there is none) */
static bool next_accumulate(ls_interp *in, ls_iter *it, ls_value *out) {
    ls_value v;
    if (it->pos == 0) { /* the first: initial=, or the first element */
        it->pos = 1;
        if (ls_given(it->state[2])) {
            *out = ls_ref(it->state[2]);
            return true;
        }
        if (!ls_next(in, it->state[0], &v)) return false;
        it->state[2] = ls_ref(v);
        *out = v;
        return true;
    }
    if (!ls_given(it->state[2]) || !ls_next(in, it->state[0], &v)) return false;
    ls_value next;
    bool ok = it->state[1].tag == LS_NONE
                  ? ls_binary(in, LS_OP_ADD, it->state[2], v, &next)
                  : ls_call(in, it->state[1], (ls_value[]){it->state[2], v}, 2, &next);
    ls_drop(v);
    if (!ok) return false;
    ls_drop(it->state[2]);
    it->state[2] = ls_ref(next);
    *out = next;
    return true;
}

static LS_PY(py_accumulate) {
    ls_value of, initial = args[2].tag == LS_NONE ? (ls_value){.tag = LS_ELLIPSIS} : ls_ref(args[2]);
    if (!ls_iterate(in, args[0], &of)) {
        ls_drop(initial);
        return false;
    }
    return make(in, "itertools.accumulate", next_accumulate, 3, (ls_value[]){of, ls_ref(args[1]), initial},
                out);
}

static bool next_starmap(ls_interp *in, ls_iter *it, ls_value *out) {
    ls_value v, list;
    if (!ls_next(in, it->state[1], &v)) return false;
    bool ok = ls_to_list(in, v, &list);
    ls_drop(v);
    if (!ok) return false;
    ok = ls_call(in, it->state[0], list.list->items, (int)list.list->n, out);
    ls_drop(list);
    return ok;
}

static LS_PY(py_starmap) {
    ls_value of;
    return ls_iterate(in, args[1], &of) &&
           make(in, "itertools.starmap", next_starmap, 2, (ls_value[]){ls_ref(args[0]), of}, out);
}

static bool next_pairwise(ls_interp *in, ls_iter *it, ls_value *out) {
    ls_value pair[2];
    if (it->pos == 0) {
        if (!ls_next(in, it->state[0], &pair[0])) return false;
        it->state[1] = pair[0];
        it->pos = 1;
    }
    pair[0] = it->state[1];
    if (!ls_next(in, it->state[0], &pair[1])) return false;
    bool ok = ls_put_value(in, ls_tuple_of(2, pair), out);
    ls_drop(pair[0]);
    it->state[1] = pair[1];
    return ok;
}

static LS_PY(py_pairwise) {
    ls_value of;
    return ls_iterate(in, args[0], &of) &&
           make(in, "itertools.pairwise", next_pairwise, 2, (ls_value[]){of, ls_none()}, out);
}

/* state: tuple of iterators (None: at its end), what fills in */
static bool next_longest(ls_interp *in, ls_iter *it, ls_value *out) {
    ls_tuple *iters = it->state[0].tuple;
    ls_value t = ls_tuple_new(iters->n);
    if (t.tag == LS_UNSET) return ls_no_memory(in);
    bool any = false;
    for (ptrdiff_t i = 0; i < iters->n && !in->error.set; i++) {
        ls_value v = {.tag = LS_UNSET};
        bool got = iters->items[i].tag == LS_ITER && ls_next(in, iters->items[i], &v);
        if (!got && iters->items[i].tag == LS_ITER) {
            ls_drop(iters->items[i]);
            iters->items[i] = ls_none();
        }
        any |= got;
        t.tuple->items[i] = got ? v : ls_ref(it->state[1]);
    }
    if (any && !in->error.set) {
        *out = t;
        return true;
    }
    ls_drop(t);
    return false;
}

static LS_PY(py_zip_longest) {
    const ls_tuple *of = args[0].tuple;
    ls_value iters = ls_tuple_new(of->n);
    if (iters.tag == LS_UNSET) return ls_no_memory(in);
    for (ptrdiff_t i = 0; i < of->n; i++)
        if (!ls_iterate(in, of->items[i], &iters.tuple->items[i])) {
            iters.tuple->items[i] = ls_none();
            ls_drop(iters);
            return false;
        }
    return make(in, "itertools.zip_longest", next_longest, 2, (ls_value[]){iters, ls_ref(args[1])}, out);
}

const ls_builtin ls_family_itertools[] = {
    {"itertools.product", "(*iterables, repeat=1)", "all tuples of one element of each", NULL,
     NULL,
     py_product, 0, 0, NULL},
    {"itertools.combinations", "(iterable, r)", "all choices of r elements, in order", NULL,
     NULL,
     py_combinations, 0, 0, NULL},
    {"itertools.combinations_with_replacement", "(iterable, r)", "all choices of r elements, repeats allowed",
     NULL, NULL, py_combinations, 1, 0, NULL},
    {"itertools.permutations", "(iterable, r=None)", "all arrangements of r elements", NULL,
     NULL, py_permutations, 0,
     0, NULL},
    {"itertools.chain", "(*iterables)", "the elements of one iterable after the other", NULL,
     NULL, py_chain, 0, 0, NULL},
    {"itertools.chain.from_iterable", "(iterable, /)", "the elements of the iterables in an iterable", NULL,
     NULL, py_chain, 1, 0, NULL},
    {"itertools.cycle", "(iterable, /)", "the elements again and again", NULL, NULL, py_cycle, 0, 0, NULL},
    {"itertools.repeat", "(object, times=...)", "one value again and again, or so many times", NULL,
     NULL, py_repeat, 0, 0, NULL},
    {"itertools.count", "(start=0, step=1)", "start, start + step, and so on without end", NULL, NULL,
     py_count, 0, 0, NULL},
    {"itertools.islice", "(iterable, /, *args)", "a slice of an iterable: stop, or start, stop, step", NULL,
     NULL, py_islice, 0, 0, NULL},
    {"itertools.takewhile", "(predicate, iterable, /)", "the elements up to the first that fails", NULL, NULL,
     py_while, TAKE, 0, NULL},
    {"itertools.dropwhile", "(predicate, iterable, /)", "the elements from the first that fails on", NULL,
     NULL, py_while, DROP, 0, NULL},
    {"itertools.filterfalse", "(function, iterable, /)", "the elements for which the function is false", NULL,
     NULL, py_while, FALSE_ONES, 0, NULL},
    {"itertools.compress", "(data, selectors)", "the elements whose selector is true", NULL, NULL,
     py_compress, 0, 0, NULL},
    {"itertools.accumulate", "(iterable, func=None, *, initial=None)",
     "running sums, or results of a function", NULL,
     NULL, py_accumulate, 0, 0, NULL},
    {"itertools.starmap", "(function, iterable, /)", "the function of every tuple's elements", NULL, NULL,
     py_starmap, 0, 0, NULL},
    {"itertools.pairwise", "(iterable, /)", "every element with the one after it", NULL,
     NULL, py_pairwise, 0, 0,
     NULL},
    {"itertools.zip_longest", "(*iterables, fillvalue=None)",
     "tuples of elements at the same place, up to the longest", NULL, NULL, py_zip_longest, 0, 0, NULL},
    {0}};
