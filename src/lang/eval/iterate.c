/* Iteration: one LS_ITER for everything that can be iterated over. */
#include "base/interrupt.h"
#include "lang/autograd/autograd.h"
#include "lang/eval/interp.h"
#include "lang/eval/subscript.h"

#include <string.h>

/* state[0] is what is iterated over, pos where we are. */

static bool next_list(ls_interp *in, ls_iter *it, ls_value *out) {
    (void)in;
    const ls_list *l = it->state[0].list;
    if (it->pos >= l->n) return false;
    *out = ls_ref(l->items[it->pos++]);
    return true;
}

static bool next_tuple(ls_interp *in, ls_iter *it, ls_value *out) {
    (void)in;
    const ls_tuple *t = it->state[0].tuple;
    if (it->pos >= t->n) return false;
    *out = ls_ref(t->items[it->pos++]);
    return true;
}

static bool next_range(ls_interp *in, ls_iter *it, ls_value *out) {
    (void)in;
    const ls_range *r = it->state[0].range;
    if (it->pos >= r->n) return false;
    *out = ls_int(r->start + it->pos++ * r->step);
    return true;
}

static bool next_str(ls_interp *in, ls_iter *it, ls_value *out) {
    const ls_str *s = it->state[0].str;
    size_t from = (size_t)it->pos, to = from + 1;
    if (from >= s->length) return false;
    while (to < s->length && ((unsigned char)s->data[to] & 0xC0) == 0x80) to++;
    it->pos = (ptrdiff_t)to;
    *out = ls_str_new(s->data + from, to - from);
    return out->tag != LS_UNSET || ls_no_memory(in);
}

static bool next_key(ls_interp *in, ls_iter *it, ls_value *out) {
    const ls_dict *d = it->state[0].dict;
    if (d->n != it->len) return ls_raise(in, "RuntimeError", "dictionary changed size during iteration");
    while (it->pos < d->used && d->entries[it->pos].key.tag == LS_UNSET) it->pos++;
    if (it->pos >= d->used) return false;
    *out = ls_ref(d->entries[it->pos++].key);
    return true;
}

static bool next_row(ls_interp *in, ls_iter *it, ls_value *out) {
    lsv_array *a = it->state[0].array;
    if (it->pos >= a->shape[0]) return false;
    lsv_index item = {.type = LSV_IX_INT, .start = it->pos};
    lsv_array *row;
    lsv_error err;
    if (lsv_index_get(a, &item, 1, &row, &err) != LSV_OK) return ls_raise_lsv(in, &err);
    it->pos++;
    *out = ls_from_array(row);
    return !(in->grad_enabled && lsv_tracked(a)) || ls_grad_iterated(in, a, &item, out);
}

bool ls_iterate(ls_interp *in, ls_value v, ls_value *iter) {
    const char *type;
    ls_next_fn *next;
    ptrdiff_t len;
    switch ((ls_tag)v.tag) {
    case LS_LIST: type = "list_iterator", next = next_list, len = -1; break;
    case LS_TUPLE: type = "tuple_iterator", next = next_tuple, len = v.tuple->n; break;
    case LS_RANGE: type = "range_iterator", next = next_range, len = v.range->n; break;
    case LS_STR: type = "str_iterator", next = next_str, len = v.str->points; break;
    case LS_DICT: type = "dict_keyiterator", next = next_key, len = v.dict->n; break;
    case LS_ARRAY:
        if (v.array->ndim == 0)
            return ls_raise(in, "TypeError", v.array->kind == LSV_TORCH ? "iteration over a 0-d tensor" : "iteration over a 0-d array");
        type = "iterator", next = next_row, len = v.array->shape[0];
        break;
    case LS_ITER:
        if (strncmp(v.iter->type, "dict_", 5) == 0) { /* a view of a dictionary can be walked again and again */
            *iter = ls_iter_new(v.iter->type, v.iter->next, v.iter->len);
            if (iter->tag == LS_UNSET) return ls_no_memory(in);
            for (int i = 0; i < 4; i++) iter->iter->state[i] = ls_ref(v.iter->state[i]);
            if (v.iter->state[0].tag == LS_DICT) iter->iter->len = v.iter->state[0].dict->n;
            return true;
        }
        *iter = ls_ref(v);
        return true;
    case LS_OPAQUE:
        if (v.opaque->hooks && v.opaque->hooks->iterate) return v.opaque->hooks->iterate(in, v, iter);
        /* fall through */
    default: return ls_raise(in, "TypeError", "'%s' object is not iterable", ls_type_name(v));
    }
    *iter = ls_iter_new(type, next, len);
    if (iter->tag == LS_UNSET) return ls_no_memory(in);
    iter->iter->state[0] = ls_ref(v);
    return true;
}

bool ls_interrupted(ls_interp *in) {
    lsv_error err;
    return lsv_poll(&err) != LSV_OK && !ls_raise_lsv(in, &err);
}

bool ls_next(ls_interp *in, ls_value iter, ls_value *out) {
    if (__builtin_expect(lsv_interrupt_flag, 0) && ls_interrupted(in)) return false;
    return iter.iter->next(in, iter.iter, out);
}

static bool append_all(ls_interp *in, ls_value iterable, ls_list *list) {
    ls_value it, v;
    if (iterable.tag == LS_LIST || iterable.tag == LS_TUPLE) {
        const ls_value *items = iterable.tag == LS_LIST ? iterable.list->items : iterable.tuple->items;
        ptrdiff_t n = iterable.tag == LS_LIST ? iterable.list->n : iterable.tuple->n;
        for (ptrdiff_t i = 0; i < n; i++) {
            if (lsv_stop_at(i) && ls_interrupted(in)) return false;
            if (!ls_list_append(list, items[i])) return ls_no_memory(in);
        }
        return true;
    }
    if (!ls_iterate(in, iterable, &it)) return false;
    bool ok = true;
    while (ok && ls_next(in, it, &v)) {
        ok = ls_list_append(list, v) || ls_no_memory(in);
        ls_drop(v);
    }
    ls_drop(it);
    return ok && !in->error.set;
}

bool ls_to_list(ls_interp *in, ls_value iterable, ls_value *list) {
    *list = ls_list_new(0);
    if (list->tag == LS_UNSET) return ls_no_memory(in);
    if (append_all(in, iterable, list->list)) return true;
    ls_drop(*list);
    *list = ls_none();
    return false;
}

bool ls_length(ls_interp *in, ls_value v, ptrdiff_t *out) {
    switch ((ls_tag)v.tag) {
    case LS_STR: *out = v.str->points; return true;
    case LS_TUPLE: *out = v.tuple->n; return true;
    case LS_LIST: *out = v.list->n; return true;
    case LS_DICT: *out = v.dict->n; return true;
    case LS_RANGE: *out = v.range->n; return true;
    case LS_ARRAY:
        if (v.array->ndim == 0) return ls_raise(in, "TypeError", v.array->kind == LSV_TORCH ? "len() of a 0-d tensor" : "len() of unsized object");
        *out = v.array->shape[0];
        return true;
    case LS_ITER:
        if (v.iter->state[0].tag == LS_DICT && strncmp(v.iter->type, "dict_", 5) == 0) {
            *out = v.iter->state[0].dict->n;
            return true;
        }
        return ls_raise(in, "TypeError", "object of type '%s' has no len()", ls_type_name(v));
    case LS_OPAQUE:
        if (v.opaque->hooks && v.opaque->hooks->length) return v.opaque->hooks->length(in, v, out);
        /* fall through */
    default: return ls_raise(in, "TypeError", "object of type '%s' has no len()", ls_type_name(v));
    }
}
