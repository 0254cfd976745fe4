/* Taking a snapshot: every variable's value, and the contents of what can change in place.

   Objects are visited once each, by address. The contents of arrays are copied only where the cell may
   reach them, small ones first, up to a budget; containers are copied up to a number of items. What does
   not fit is marked, so that undo can name it. */
#include <stdlib.h>
#include <string.h>

#include "array/mirror.h"
#include "base/alloc.h"
#include "lang/compile/code.h"
#include "lang/eval/function.h"
#include "repl/magic/undo.h"

enum { ITEMS_MOST = 2000000, ITEMS_IDLE = 20000, DEPTH = 2000 };
static const size_t copy_names = (size_t)256 << 20, copy_anything = (size_t)128 << 20;

static void drop_kept(kept *k) {
    for (ptrdiff_t i = 0; i < k->n; i++) ls_drop(k->values[i]);
    lsv_free(k->values);
    lsv_free(k->rng);
    lsv_release(k->copy);
    lsv_release(k->grad);
    if (k->tape && lsv_tape_release) lsv_tape_release(k->tape);
    ls_drop(k->object);
}

void undo_drop(snapshot *p) {
    if (!p) return;
    for (int i = 0; i < p->nkept; i++) drop_kept(&p->items[i]);
    for (int i = 0; i < p->nbindings; i++) ls_drop(p->bindings[i].value);
    for (int i = 0; i < 3; i++) ls_drop(p->last[i]);
    lsv_free(p->items);
    lsv_free(p->bindings);
    lsv_free(p);
}

/* ---- taking ---- */

typedef struct taking {
    session *s;
    snapshot *p;
    const void **seen; /* open addressing, by address */
    size_t seen_room, seen_n;
    ptrdiff_t items, most; /* items looked at, and how many at most */
    bool failed;
    lsv_storage **targets; /* storages that the cell may change; NULL with `all` */
    int ntargets, targets_room;
    bool all, marking;
    int depth;
} taking;

static bool grow(void *items, int n, int *room, size_t size) {
    if (n < *room) return true;
    int more = *room ? 2 * *room : 64;
    void **at = items, *bigger = lsv_realloc(*at, (size_t)more * size);
    if (!bigger) return false;
    *at = bigger;
    *room = more;
    return true;
}

/* false: it was there already, or there is no memory. */
static bool first_time(taking *t, const void *object) {
    if ((t->seen_n + 1) * 2 > t->seen_room) {
        size_t room = t->seen_room ? t->seen_room * 2 : 1024;
        const void **table = lsv_calloc(room, sizeof *table);
        if (!table) {
            t->failed = true;
            return false;
        }
        for (size_t i = 0; i < t->seen_room; i++) {
            if (!t->seen[i]) continue;
            size_t at = ((uintptr_t)t->seen[i] >> 4) * 0x9E3779B97F4A7C15u >> 20 & (room - 1);
            while (table[at]) at = (at + 1) & (room - 1);
            table[at] = t->seen[i];
        }
        lsv_free(t->seen);
        t->seen = table;
        t->seen_room = room;
    }
    size_t at = ((uintptr_t)object >> 4) * 0x9E3779B97F4A7C15u >> 20 & (t->seen_room - 1);
    while (t->seen[at]) {
        if (t->seen[at] == object) return false;
        at = (at + 1) & (t->seen_room - 1);
    }
    t->seen[at] = object;
    t->seen_n++;
    return true;
}

static kept *add_kept(taking *t, ls_value v) {
    if (!grow(&t->p->items, t->p->nkept, &t->p->kept_room, sizeof *t->p->items)) {
        t->failed = true;
        return NULL;
    }
    kept *k = &t->p->items[t->p->nkept++];
    *k = (kept){.object = ls_ref(v)};
    return k;
}

/* n values into k; each gets a reference. */
static bool keep_values(taking *t, kept *k, const ls_value *values, ptrdiff_t n) {
    k->values = lsv_malloc((size_t)(n ? n : 1) * sizeof *k->values);
    if (!k->values) {
        t->failed = true;
        return false;
    }
    for (ptrdiff_t i = 0; i < n; i++) k->values[i] = ls_ref(values[i]);
    k->n = n;
    return true;
}

static void take(taking *t, ls_value v);

static void take_all(taking *t, const ls_value *values, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n && !t->failed; i++)
        if (values[i].tag >= LS_HEAP) take(t, values[i]);
}

static void take_list(taking *t, ls_value v) {
    ls_list *list = v.list;
    t->items += list->n;
    kept *k = t->marking ? NULL : add_kept(t, v);
    if (k && t->items > t->most) {
        k->too_large = true;
        return;
    }
    if (k && !keep_values(t, k, list->items, list->n)) return;
    take_all(t, list->items, list->n);
}

static void take_dict(taking *t, ls_value v) {
    ls_dict *d = v.dict;
    t->items += 2 * d->n;
    kept *k = t->marking ? NULL : add_kept(t, v);
    if (k && t->items > t->most) {
        k->too_large = true;
        return;
    }
    if (k) {
        k->values = lsv_malloc((size_t)(d->n ? 2 * d->n : 1) * sizeof *k->values);
        t->failed = t->failed || !k->values;
        if (!k->values) return;
    }
    for (ptrdiff_t i = 0; i < d->used && !t->failed; i++) {
        const ls_dict_entry *e = &d->entries[i];
        if (e->key.tag == LS_UNSET) continue;
        if (k) k->values[k->n++] = ls_ref(e->key);
        if (k) k->values[k->n++] = ls_ref(e->value);
    }
    for (ptrdiff_t i = 0; i < d->used && !t->failed; i++)
        if (d->entries[i].key.tag != LS_UNSET) take_all(t, &d->entries[i].value, 1);
}

static void take_array(taking *t, ls_value v) {
    lsv_array *a = v.array;
    if (t->marking) {
        if (!a->storage) return;
        if (!grow(&t->targets, t->ntargets, &t->targets_room, sizeof *t->targets)) t->failed = true;
        else t->targets[t->ntargets++] = a->storage;
        return;
    }
    kept *k = add_kept(t, v);
    if (!k) return;
    k->ndim = a->ndim;
    k->flags = a->flags;
    memcpy(k->shape, a->shape, sizeof k->shape);
    memcpy(k->strides, a->strides, sizeof k->strides);
    if (!a->tape) return;
    k->tape = a->tape;
    k->tape->refs++;
    k->spent = k->tape->node && k->tape->node->spent;
    if (!k->tape->grad) return;
    k->grad = lsv_ref(k->tape->grad);
    take(t, ls_array(k->grad)); /* k may have moved */
}

static void take_function(taking *t, ls_value v) {
    const ls_function *f = v.function;
    kept *k;
    if (f->defaults) take_all(t, f->defaults, f->code->npositional + f->code->nkwonly);
    for (int i = 0; f->cells && i < f->code->ncaptures; i++) {
        ls_value cell = f->cells[i];
        if (cell.tag != LS_CELL || !first_time(t, cell.cell)) continue;
        if (!t->marking) {
            k = add_kept(t, cell);
            if (!k || !keep_values(t, k, &cell.cell->value, 1)) return;
        }
        take(t, cell.cell->value);
    }
}

static void take_iterator(taking *t, ls_value v) {
    if (!t->marking) {
        kept *k = add_kept(t, v);
        if (!k || !keep_values(t, k, v.iter->state, 4)) return;
        k->pos = v.iter->pos;
        k->len = v.iter->len;
    }
    take_all(t, v.iter->state, 4);
}

static void take_generator(taking *t, ls_value v) {
    if (t->marking) return;
    kept *k = add_kept(t, v);
    if (!k) return;
    k->rng = lsv_malloc(sizeof *k->rng);
    if (k->rng) *k->rng = v.rng->rng;
    else t->failed = true;
}

static void take_opaque(taking *t, ls_value v) {
    if (!t->marking) {
        kept *k = add_kept(t, v);
        if (!k || !keep_values(t, k, v.opaque->state, 2)) return;
        k->pos = v.opaque->number;
    }
    take_all(t, v.opaque->state, 2);
}

static void take(taking *t, ls_value v) {
    if (v.tag < LS_HEAP || v.tag == LS_STR || v.tag == LS_RANGE || v.tag == LS_SLICE || t->failed) return;
    if (!first_time(t, v.tag == LS_ARRAY ? (const void *)v.array : (const void *)v.o)) return;
    if (t->depth == DEPTH) {
        t->p->too_deep = true;
        return;
    }
    t->depth++;
    switch (v.tag) {
    case LS_TUPLE: take_all(t, v.tuple->items, v.tuple->n); break;
    case LS_LIST: take_list(t, v); break;
    case LS_DICT: take_dict(t, v); break;
    case LS_ARRAY: take_array(t, v); break;
    case LS_FUNCTION: take_function(t, v); break;
    case LS_METHOD: take(t, v.method->self); break;
    case LS_ITER: take_iterator(t, v); break;
    case LS_CELL: take(t, v.cell->value); break;
    case LS_RNG: take_generator(t, v); break;
    case LS_OPAQUE: take_opaque(t, v); break;
    default: break;
    }
    t->depth--;
}

/* ---- copying arrays ---- */

size_t undo_bytes(const lsv_array *a) {
    ptrdiff_t n = 1;
    for (int i = 0; i < a->ndim; i++) n *= a->strides[i] ? a->shape[i] : 1; /* a repeated element is one */
    return a->size ? (size_t)n * lsv_dtype_size((lsv_dtype)a->dtype) : 0;
}

/* The array without its repetitions (axes of stride 0 have one element), readable on the host. */
lsv_status undo_distinct(lsv_array *a, lsv_array **out) {
    ptrdiff_t shape[LSV_MAXDIM];
    for (int i = 0; i < a->ndim; i++) shape[i] = a->strides[i] || a->shape[i] == 0 ? a->shape[i] : 1;
    LSV_TRY(lsv_view_strided(a, a->ndim, shape, a->strides, 0, out, NULL));
    lsv_status status = lsv_put_on(*out, 0, NULL);
    if (status != LSV_OK) lsv_release(*out);
    return status;
}

static int by_bytes(const void *a, const void *b) {
    const kept *x = *(kept *const *)a, *y = *(kept *const *)b;
    size_t m = undo_bytes(x->object.array), n = undo_bytes(y->object.array);
    return m < n ? -1 : m > n;
}

static bool is_target(const taking *t, const lsv_array *a) {
    for (int i = 0; i < t->ntargets; i++)
        if (t->targets[i] == a->storage) return true;
    return t->all;
}

static void copy_arrays(taking *t, size_t budget) {
    snapshot *p = t->p;
    kept **order = lsv_malloc((size_t)(p->nkept + 1) * sizeof *order);
    int n = 0;
    t->failed = t->failed || !order;
    for (int i = 0; order && i < p->nkept; i++)
        if (p->items[i].object.tag == LS_ARRAY && p->items[i].object.array->size &&
            is_target(t, p->items[i].object.array))
            order[n++] = &p->items[i];
    if (n) qsort(order, (size_t)n, sizeof *order, by_bytes);
    for (int i = 0; i < n && !t->failed; i++) {
        lsv_array *a = order[i]->object.array, *view;
        size_t bytes = undo_bytes(a);
        order[i]->too_large = p->copied + bytes > budget;
        if (order[i]->too_large || a->flags & LSV_READONLY)
            continue; /* read-only: what it looks at changes through another */
        if (undo_distinct(a, &view) != LSV_OK) t->failed = true;
        else {
            if (lsv_copy(view, &order[i]->copy, NULL) != LSV_OK) order[i]->too_large = true;
            else p->copied += bytes;
            lsv_release(view);
        }
    }
    lsv_free(order);
}

bool undo_is_input(const session *s, const char *name, ls_value v) {
    return (name[0] == '_' && name[1] == 'i') ||
           (v.tag == LS_LIST && s->in_list.tag == LS_LIST && v.list == s->in_list.list);
}

static bool take_binding(void *ctx, const char *name, ls_value v) {
    taking *t = ctx;
    if (undo_is_input(t->s, name, v)) return true;
    if (!grow(&t->p->bindings, t->p->nbindings, &t->p->bindings_room, sizeof *t->p->bindings))
        t->failed = true;
    else t->p->bindings[t->p->nbindings++] = (binding){name, ls_ref(v)};
    return !t->failed;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

snapshot *undo_take(session *s, const ls_source *cell) {
    snapshot *p = lsv_calloc(1, sizeof *p);
    changes c;
    if (!p) return NULL;
    undo_analyse(s, cell, &c);
    taking t = {.s = s, .p = p, .all = c.reach == REACH_ANYTHING, .most = PTRDIFF_MAX};
    size_t share = s->options->max_mem ? s->options->max_mem / 8 : SIZE_MAX;
    p->number = s->number;
    p->numpy_rng = s->in->numpy_rng;
    p->torch_rng = s->in->torch_rng;
    p->numpy_seeded = s->in->numpy_seeded;
    p->torch_seeded = s->in->torch_seeded;
    for (int i = 0; i < 3; i++) p->last[i] = ls_ref(s->last[i]);
    t.marking = true; /* what the names that change lead to */
    for (int i = 0; c.reach == REACH_NAMES && i < c.n; i++) take(&t, ls_global_get(s->in, c.names[i]));
    lsv_free(t.seen);
    t.seen = NULL;
    t.seen_room = t.seen_n = 0;
    t.marking = false;
    t.items = 0;
    t.most = c.reach == REACH_NOTHING ? ITEMS_IDLE : ITEMS_MOST;
    ls_global_each(s->in, take_binding, &t);
    for (int i = 0; i < p->nbindings && !t.failed; i++) take(&t, p->bindings[i].value);
    if (c.reach != REACH_NOTHING && !t.failed)
        copy_arrays(&t, least(share, t.all ? copy_anything : copy_names));
    else
        for (int i = 0; i < p->nkept; i++) p->items[i].too_large = false; /* nothing changes in place */
    lsv_free(t.seen);
    lsv_free(t.targets);
    if (!t.failed) return p;
    undo_drop(p);
    return NULL;
}
