/* Methods of dictionaries, and their views. A view keeps its dictionary and starts again whenever it
   is iterated over (see iterate.c); its len is the number of entries it began with. */
#include "lang/builtins/python/python.h"

#include <string.h>

static bool hashable(ls_interp *in, ls_value key) {
    return ls_hashable(key) || ls_raise(in, "TypeError", "unhashable type: '%s'", ls_type_name(key));
}

static LS_PY(dict_get) {
    if (!hashable(in, args[1])) return false;
    const ls_value *v = ls_dict_find(args[0].dict, args[1]);
    *out = ls_ref(v ? *v : args[2]);
    return true;
}

static LS_PY(dict_pop) {
    if (!hashable(in, args[1])) return false;
    const ls_value *v = ls_dict_find(args[0].dict, args[1]);
    if (!v && !ls_given(args[2])) return ls_key_error(in, args[1]);
    *out = ls_ref(v ? *v : args[2]);
    if (v) ls_dict_delete(args[0].dict, args[1]);
    return true;
}

static LS_PY(dict_popitem) {
    ls_dict *d = args[0].dict;
    ptrdiff_t i = d->used - 1;
    while (i >= 0 && d->entries[i].key.tag == LS_UNSET) i--;
    if (i < 0) return ls_raise(in, "KeyError", "'popitem(): dictionary is empty'");
    ls_value pair[2] = {d->entries[i].key, d->entries[i].value};
    if (!ls_put_value(in, ls_tuple_of(2, pair), out)) return false;
    ls_dict_delete(d, out->tuple->items[0]);
    return true;
}

static LS_PY(dict_setdefault) {
    if (!hashable(in, args[1])) return false;
    const ls_value *v = ls_dict_find(args[0].dict, args[1]);
    *out = ls_ref(v ? *v : args[2]);
    if (v || ls_dict_set(args[0].dict, args[1], args[2])) return true;
    ls_drop(*out);
    *out = ls_none();
    return ls_no_memory(in);
}

static LS_PY(dict_update) {
    return ls_dict_merge(in, args[0].dict, args[1]) && ls_dict_merge(in, args[0].dict, args[2]);
}

static LS_PY(dict_clear) {
    ls_dict_clear(args[0].dict);
    return true;
}

static LS_PY(dict_copy) {
    ls_value d = ls_dict_new();
    if (d.tag == LS_UNSET) return ls_no_memory(in);
    if (ls_dict_merge(in, d.dict, args[0])) {
        *out = d;
        return true;
    }
    ls_drop(d);
    return false;
}

/* dict.fromkeys(keys, value=None), a function of the type: there is no self */
static LS_PY(dict_fromkeys) {
    ls_value it, key, d, value = args[1];
    if (!ls_iterate(in, args[0], &it)) return false;
    d = ls_dict_new();
    bool ok = d.tag != LS_UNSET || ls_no_memory(in);
    while (ok && ls_next(in, it, &key)) {
        ok = hashable(in, key) && (ls_dict_set(d.dict, key, value) || ls_no_memory(in));
        ls_drop(key);
    }
    ls_drop(it);
    if (ok && !in->error.set) {
        *out = d;
        return true;
    }
    if (d.tag != LS_UNSET) ls_drop(d);
    return false;
}

/* ---- views ---- */

static const ls_dict_entry *next_entry(ls_interp *in, ls_iter *it) {
    const ls_dict *d = it->state[0].dict;
    if (d->n != it->len) {
        ls_raise(in, "RuntimeError", "dictionary changed size during iteration");
        return NULL;
    }
    while (it->pos < d->used && d->entries[it->pos].key.tag == LS_UNSET) it->pos++;
    return it->pos < d->used ? &d->entries[it->pos++] : NULL;
}

static bool next_key(ls_interp *in, ls_iter *it, ls_value *out) {
    const ls_dict_entry *e = next_entry(in, it);
    if (e) *out = ls_ref(e->key);
    return e != NULL;
}

static bool next_value(ls_interp *in, ls_iter *it, ls_value *out) {
    const ls_dict_entry *e = next_entry(in, it);
    if (e) *out = ls_ref(e->value);
    return e != NULL;
}

static bool next_item(ls_interp *in, ls_iter *it, ls_value *out) {
    const ls_dict_entry *e = next_entry(in, it);
    return e && ls_put_value(in, ls_tuple_of(2, (ls_value[]){e->key, e->value}), out);
}

static LS_PY(dict_view) {
    static const struct {
        const char *type;
        ls_next_fn *next;
    } views[] = {{"dict_keys", next_key}, {"dict_values", next_value}, {"dict_items", next_item}};
    ls_value v = ls_iter_new(views[self->op].type, views[self->op].next, args[0].dict->n);
    if (v.tag == LS_UNSET) return ls_no_memory(in);
    v.iter->state[0] = ls_ref(args[0]);
    *out = v;
    return true;
}

const ls_builtin ls_family_dict[] = {
    {"dict.get", "(self, key, default=None, /)", "the value of a key, or the default", NULL,
     NULL, dict_get, 0, 0, NULL},
    {"dict.keys", "(self, /)", "a view of the keys", NULL, NULL, dict_view,
     0, 0, NULL},
    {"dict.values", "(self, /)", "a view of the values", NULL, NULL,
     dict_view, 1, 0, NULL},
    {"dict.items", "(self, /)", "a view of the pairs of key and value", NULL,
     NULL, dict_view, 2, 0, NULL},
    {"dict.pop", "(self, key, default=..., /)", "takes out a key and gives its value back", NULL,
     NULL, dict_pop, 0, 0, NULL},
    {"dict.popitem", "(self, /)", "takes out the last pair and gives it back", NULL,
     NULL, dict_popitem, 0, 0, NULL},
    {"dict.setdefault", "(self, key, default=None, /)",
     "the value of a key, which is set where it is missing", NULL,
     NULL, dict_setdefault, 0, 0, NULL},
    {"dict.update", "(self, other=(), /, **kwargs)", "sets the pairs of another dictionary", NULL,
     NULL, dict_update, 0, 0, NULL},
    {"dict.clear", "(self, /)", "takes out all pairs", NULL, NULL, dict_clear, 0, 0, NULL},
    {"dict.copy", "(self, /)", "a new dictionary of the same pairs", NULL, NULL,
     dict_copy, 0, 0, NULL},
    {"dict.fromkeys", "(iterable, value=None, /)", "a dictionary with these keys and one value", NULL,
     NULL, dict_fromkeys, 0, 0, NULL},
    {0}};
