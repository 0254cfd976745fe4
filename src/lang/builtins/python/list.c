/* Methods of lists. */
#include "base/interrupt.h"
#include "lang/builtins/python/python.h"

#include <string.h>
#include "base/alloc.h"

static LS_PY(list_append) { return ls_list_append(args[0].list, args[1]) || ls_no_memory(in); }

static LS_PY(list_extend) {
    ls_value more;
    if (!ls_to_list(in, args[1], &more)) return false;
    bool ok = true;
    for (ptrdiff_t i = 0; ok && i < more.list->n; i++)
        ok = ls_list_append(args[0].list, more.list->items[i]) || ls_no_memory(in);
    ls_drop(more);
    return ok;
}

static LS_PY(list_insert) {
    ls_list *l = args[0].list;
    ptrdiff_t at;
    if (!ls_clamp_arg(in, args[1], l->n, 0, &at)) return false;
    if (!ls_list_append(l, args[2])) return ls_no_memory(in);
    ls_value last = l->items[l->n - 1];
    memmove(l->items + at + 1, l->items + at, (size_t)(l->n - 1 - at) * sizeof *l->items);
    l->items[at] = last;
    return true;
}

/* Takes out element i; the caller owns what it held. */
static ls_value take_out(ls_list *l, ptrdiff_t i) {
    ls_value v = l->items[i];
    memmove(l->items + i, l->items + i + 1, (size_t)(l->n - 1 - i) * sizeof *l->items);
    l->n--;
    return v;
}

static LS_PY(list_pop) {
    ls_list *l = args[0].list;
    int64_t i;
    if (!ls_index_arg(in, args[1], &i)) return false;
    if (l->n == 0) return ls_raise(in, "IndexError", "pop from empty list");
    if (i < 0) i += l->n;
    if (i < 0 || i >= l->n) return ls_raise(in, "IndexError", "pop index out of range");
    *out = take_out(l, i);
    return true;
}

/* The first place of v in items[from..to), or -1; -2: an error. */
static ptrdiff_t find(ls_interp *in, const ls_value *items, ptrdiff_t from, ptrdiff_t to, ls_value v) {
    for (ptrdiff_t i = from; i < to; i++) {
        bool equal;
        if ((lsv_stop_at(i) && ls_interrupted(in)) || !ls_equal(in, items[i], v, &equal)) return -2;
        if (equal) return i;
    }
    return -1;
}

static LS_PY(list_remove) {
    ls_list *l = args[0].list;
    ptrdiff_t i = find(in, l->items, 0, l->n, args[1]);
    if (i == -2) return false;
    if (i < 0) return ls_raise(in, "ValueError", "list.remove(x): x not in list");
    ls_drop(take_out(l, i));
    return true;
}

static LS_PY(list_clear) {
    ls_list *l = args[0].list;
    while (l->n) ls_drop(l->items[--l->n]);
    return true;
}

static LS_PY(list_copy) { return ls_to_list(in, args[0], out); }

static LS_PY(list_reverse) {
    ls_list *l = args[0].list;
    for (ptrdiff_t i = 0, j = l->n - 1; i < j; i++, j--) {
        ls_value v = l->items[i];
        l->items[i] = l->items[j];
        l->items[j] = v;
    }
    return true;
}

/* The list is empty while its elements are compared, so that a key function cannot pull it from under the
 * sort. */
static LS_PY(list_sort) {
    ls_list *l = args[0].list;
    int64_t reverse;
    if (!ls_index_arg(in, args[2], &reverse)) return false;
    ls_value *items = l->items;
    ptrdiff_t n = l->n, capacity = l->capacity;
    l->items = NULL;
    l->n = l->capacity = 0;
    bool ok = ls_sort_values(in, items, n, args[1], reverse != 0);
    ls_value *meanwhile = l->items;
    ptrdiff_t more = l->n;
    if (meanwhile) { /* somebody appended: keep those instead of losing the elements */
        l->items = items, l->n = n, l->capacity = capacity;
        for (ptrdiff_t i = 0; i < more; i++) {
            ok = ls_list_append(l, meanwhile[i]) && ok;
            ls_drop(meanwhile[i]);
        }
        lsv_free(meanwhile);
        return ok ? ls_raise(in, "ValueError", "list modified during sort") : false;
    }
    l->items = items, l->n = n, l->capacity = capacity;
    return ok;
}

/* ---- what lists and tuples share ---- */

static const ls_value *items_of(ls_value v, ptrdiff_t *n) {
    *n = v.tag == LS_LIST ? v.list->n : v.tuple->n;
    return v.tag == LS_LIST ? v.list->items : v.tuple->items;
}

static LS_PY(sequence_index) {
    ptrdiff_t n, from, to;
    const ls_value *items = items_of(args[0], &n);
    if (!ls_clamp_arg(in, args[2], n, 0, &from) || !ls_clamp_arg(in, args[3], n, n, &to)) return false;
    ptrdiff_t i = find(in, items, from, to, args[1]);
    if (i == -2) return false;
    *out = ls_int(i);
    if (i >= 0) return true;
    if (args[0].tag == LS_TUPLE) return ls_raise(in, "ValueError", "tuple.index(x): x not in tuple");
    lsv_text t = {0};
    if (ls_repr(in, &t, args[1])) ls_raise(in, "ValueError", "%s is not in list", t.data);
    lsv_text_free(&t);
    return false;
}

static LS_PY(sequence_count) {
    ptrdiff_t n, count = 0;
    const ls_value *items = items_of(args[0], &n);
    for (ptrdiff_t i = 0; i < n; i++) {
        bool equal;
        if (!ls_equal(in, items[i], args[1], &equal)) return false;
        count += equal;
    }
    *out = ls_int(count);
    return true;
}

const ls_builtin ls_family_list[] = {
    {"list.append", "(self, object, /)", "adds an element at the end", NULL,
     NULL, list_append, 0, 0, NULL},
    {"list.extend", "(self, iterable, /)", "adds the elements of an iterable at the end", NULL,
     NULL, list_extend, 0, 0, NULL},
    {"list.insert", "(self, index, object, /)", "puts an element before a place", NULL,
     NULL, list_insert, 0, 0, NULL},
    {"list.pop", "(self, index=-1, /)", "takes out the element at a place and gives it back", NULL,
     NULL, list_pop, 0, 0, NULL},
    {"list.remove", "(self, value, /)", "takes out the first such element", NULL,
     NULL, list_remove, 0, 0, NULL},
    {"list.clear", "(self, /)", "takes out all elements", NULL, NULL, list_clear, 0, 0, NULL},
    {"list.copy", "(self, /)", "a new list of the same elements", NULL, NULL, list_copy,
     0, 0, NULL},
    {"list.reverse", "(self, /)", "turns the order round", NULL, NULL,
     list_reverse, 0, 0, NULL},
    {"list.sort", "(self, /, *, key=None, reverse=False)", "puts the elements in order, stably", NULL,
     NULL, list_sort,
     0, 0, NULL},
    {"list.index", "(self, value, start=None, stop=None, /)", "the first place of a value", NULL,
     NULL, sequence_index, 0, 0, NULL},
    {"list.count", "(self, value, /)", "how often a value is there", NULL, NULL,
     sequence_count, 0, 0, NULL},
    {0}};

const ls_builtin ls_family_tuple[] = {{"tuple.index", "(self, value, start=None, stop=None, /)",
                                       "the first place of a value", NULL, NULL,
                                       sequence_index, 0, 0, NULL},
                                      {"tuple.count", "(self, value, /)", "how often a value is there", NULL,
                                       NULL, sequence_count, 0, 0, NULL},
                                      {0}};
