/* Dictionaries: insertion-ordered, as Python's.

   Entries stand in an array in the order of insertion; a table of indices, open addressing with linear
   probing, finds them by hash. A deleted entry keeps its place with an LS_UNSET key, and both arrays
   are rebuilt when they fill. Eight entries and fewer are searched without a table. */
#include "base/alloc.h"
#include "lang/eval/value.h"

#include <string.h>

enum { EMPTY = -1, DELETED = -2, SMALL = 8 };

ls_value ls_dict_new(void) {
    ls_dict *d = lsv_calloc(1, sizeof *d);
    if (!d) return (ls_value){.tag = LS_UNSET};
    d->head = (ls_obj){.refs = 1, .tag = LS_DICT};
    ls_link_object(&d->link);
    return (ls_value){.tag = LS_DICT, .dict = d};
}

bool ls_hashable(ls_value key) {
    switch ((ls_tag)key.tag) {
    case LS_LIST:
    case LS_DICT:
    case LS_SLICE:
    case LS_UNSET: return false;
    case LS_ARRAY: return key.array->kind == LSV_TORCH; /* by identity, as PyTorch */
    case LS_TUPLE:
        for (ptrdiff_t i = 0; i < key.tuple->n; i++)
            if (!ls_hashable(key.tuple->items[i])) return false;
        return true;
    default: return true;
    }
}

static bool same_key(const ls_dict_entry *e, uint32_t hash, ls_value key) {
    return e->hash == hash && e->key.tag != LS_UNSET && (ls_same(e->key, key) || ls_equal_simple(e->key, key));
}

/* Position of the entry in d->entries, or -1; *slot: its place in the table (where there is one). */
static ptrdiff_t find(const ls_dict *d, uint32_t hash, ls_value key, ptrdiff_t *slot) {
    if (!d->slots) {
        for (ptrdiff_t i = 0; i < d->used; i++)
            if (same_key(&d->entries[i], hash, key)) return i;
        return -1;
    }
    ptrdiff_t mask = d->slots - 1;
    for (ptrdiff_t s = hash & mask;; s = (s + 1) & mask) {
        int32_t i = d->index[s];
        if (i == EMPTY) return -1;
        if (i >= 0 && same_key(&d->entries[i], hash, key)) {
            if (slot) *slot = s;
            return i;
        }
    }
}

ls_value *ls_dict_find(const ls_dict *d, ls_value key) {
    if (!d->n) return NULL;
    ptrdiff_t i = find(d, ls_hash(key), key, NULL);
    return i < 0 ? NULL : &d->entries[i].value;
}

static void place(ls_dict *d, ptrdiff_t i) {
    ptrdiff_t mask = d->slots - 1, s = d->entries[i].hash & mask;
    while (d->index[s] >= 0) s = (s + 1) & mask;
    d->index[s] = (int32_t)i;
}

/* Room for one more entry: squeezes deleted ones out, grows, rebuilds the table. */
static bool make_room(ls_dict *d) {
    if (d->used < d->capacity && (!d->slots || (d->used + 1) * 3 < d->slots * 2)) return true;
    ptrdiff_t capacity = d->n < SMALL ? SMALL : d->n * 2;
    if (capacity > INT32_MAX / 2) return false;
    ls_dict_entry *entries = lsv_malloc((size_t)capacity * sizeof *entries);
    if (!entries) return false;
    ptrdiff_t slots = 0;
    int32_t *index = NULL;
    if (capacity > SMALL) {
        for (slots = 16; slots < capacity * 2; slots *= 2) {}
        index = lsv_malloc((size_t)slots * sizeof *index);
        if (!index) {
            lsv_free(entries);
            return false;
        }
        memset(index, 0xFF, (size_t)slots * sizeof *index); /* EMPTY */
    }
    ptrdiff_t used = 0;
    for (ptrdiff_t i = 0; i < d->used; i++)
        if (d->entries[i].key.tag != LS_UNSET) entries[used++] = d->entries[i];
    lsv_free(d->entries);
    lsv_free(d->index);
    d->entries = entries;
    d->index = index;
    d->used = used;
    d->capacity = capacity;
    d->slots = slots;
    for (ptrdiff_t i = 0; slots && i < used; i++) place(d, i);
    return true;
}

bool ls_dict_set(ls_dict *d, ls_value key, ls_value value) {
    uint32_t hash = ls_hash(key);
    ptrdiff_t i = d->n ? find(d, hash, key, NULL) : -1;
    if (i >= 0) {
        ls_value old = d->entries[i].value;
        d->entries[i].value = ls_ref(value);
        ls_drop(old);
        return true;
    }
    if (!make_room(d)) return false;
    d->entries[d->used] = (ls_dict_entry){hash, ls_ref(key), ls_ref(value)};
    if (d->slots) place(d, d->used);
    d->used++;
    d->n++;
    return true;
}

bool ls_dict_delete(ls_dict *d, ls_value key) {
    ptrdiff_t slot = 0, i = d->n ? find(d, ls_hash(key), key, &slot) : -1;
    if (i < 0) return false;
    ls_dict_entry gone = d->entries[i];
    if (d->slots) d->index[slot] = DELETED;
    d->entries[i] = (ls_dict_entry){0, {.tag = LS_UNSET}, {.tag = LS_NONE}};
    d->n--;
    if (i == d->used - 1 && !d->slots) d->used--;
    ls_drop(gone.key);
    ls_drop(gone.value);
    return true;
}

void ls_dict_clear(ls_dict *d) {
    ls_dict_entry *entries = d->entries;
    ptrdiff_t used = d->used;
    lsv_free(d->index);
    d->entries = NULL;
    d->index = NULL;
    d->n = d->used = d->capacity = d->slots = 0;
    for (ptrdiff_t i = 0; i < used; i++) {
        ls_drop(entries[i].key);
        ls_drop(entries[i].value);
    }
    lsv_free(entries);
}

/* A key on the C side: a string value made for the search only. */
ls_value *ls_dict_find_text(const ls_dict *d, const char *key) {
    size_t length = strlen(key);
    for (ptrdiff_t i = 0; d->used <= SMALL && i < d->used; i++) {
        ls_value k = d->entries[i].key;
        if (k.tag == LS_STR && k.str->length == length && memcmp(k.str->data, key, length) == 0)
            return &d->entries[i].value;
    }
    if (d->used <= SMALL) return NULL;
    ls_value k = ls_str_new(key, length);
    if (k.tag == LS_UNSET) return NULL;
    ls_value *slot = ls_dict_find(d, k);
    ls_drop(k);
    return slot;
}

bool ls_dict_set_text(ls_dict *d, const char *key, ls_value value) {
    ls_value k = ls_str_from(key);
    if (k.tag == LS_UNSET) return false;
    bool ok = ls_dict_set(d, k, value);
    ls_drop(k);
    return ok;
}
