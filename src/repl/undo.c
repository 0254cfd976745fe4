/* undo: the variables as they were before a cell.

   Before a cell of the prompt runs, a snapshot takes a reference to every variable's value, and the
   contents of what can change in place: items of lists and dictionaries, captured variables,
   iterators, random generators, and of arrays what the cell's text may reach (undo_reach.c), copied
   up to a budget, small ones first. Bringing it back puts contents back into the same objects, so
   that names that shared an object share it again. What did not fit the budget is remembered by
   name, and undo says so: it never pretends.

   Snapshots hold memory that a program has let go of; the oldest are given up, and even the newest
   if it alone keeps too much. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "grad/tape.h"
#include "lang/eval/code.h"
#include "lang/eval/function.h"
#include "repl/undo.h"

enum { SNAPSHOTS = 50, ITEMS_MOST = 2000000, ITEMS_IDLE = 20000, DEPTH = 2000 };
static const size_t copy_names = (size_t)256 << 20, copy_anything = (size_t)128 << 20, copies_most = (size_t)512 << 20,
                    retained_most = (size_t)1 << 30;

typedef struct binding { const char *name; ls_value value; } binding; /* names are interned: they stay */

/* One object's contents. values: items; pairs of a dictionary; the cell's value; an iterator's state. */
typedef struct kept {
    ls_value object;
    ptrdiff_t n;
    ls_value *values;
    lsv_rng *rng;
    ptrdiff_t pos, len;      /* of an iterator */
    lsv_array *copy;         /* of an array: its elements; NULL: not copied */
    bool too_large;          /* may have changed and is not kept */
    uint8_t ndim, flags;
    ptrdiff_t shape[LSV_MAXDIM], strides[LSV_MAXDIM];
    lsv_tape *tape;          /* a reference */
    lsv_array *grad;         /* a reference */
    bool spent;              /* the graph behind it was used up already */
} kept;

typedef struct snapshot {
    int number;              /* of the cell it was taken before */
    int nbindings, nkept, bindings_room, kept_room;
    binding *bindings;
    kept *items;
    ls_value last[3];
    lsv_rng numpy_rng, torch_rng;
    bool numpy_seeded, torch_seeded;
    size_t copied;
    bool too_deep;           /* values nested so deeply that they were not looked at */
} snapshot;

struct undo { snapshot *all[SNAPSHOTS]; int n; char why_not[160]; };

/* ---- giving up ---- */

static void drop_kept(kept *k) {
    for (ptrdiff_t i = 0; i < k->n; i++) ls_drop(k->values[i]);
    lsv_free(k->values);
    lsv_free(k->rng);
    lsv_release(k->copy);
    lsv_release(k->grad);
    if (k->tape && lsv_tape_release) lsv_tape_release(k->tape);
    ls_drop(k->object);
}

static void drop_snapshot(snapshot *p) {
    if (!p) return;
    for (int i = 0; i < p->nkept; i++) drop_kept(&p->items[i]);
    for (int i = 0; i < p->nbindings; i++) ls_drop(p->bindings[i].value);
    for (int i = 0; i < 3; i++) ls_drop(p->last[i]);
    lsv_free(p->items);
    lsv_free(p->bindings);
    lsv_free(p);
}

/* Drops the oldest n. */
static void forget(struct undo *u, int n) {
    for (int i = 0; i < n; i++) drop_snapshot(u->all[i]);
    memmove(u->all, u->all + n, (size_t)(u->n - n) * sizeof *u->all);
    u->n -= n;
}

void session_drop_undo(session *s) {
    if (!s->undo) return;
    forget(s->undo, s->undo->n);
    lsv_free(s->undo);
    s->undo = NULL;
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

static size_t bytes_of(const lsv_array *a) {
    ptrdiff_t n = 1;
    for (int i = 0; i < a->ndim; i++) n *= a->strides[i] ? a->shape[i] : 1; /* a repeated element is one */
    return a->size ? (size_t)n * lsv_dtype_size((lsv_dtype)a->dtype) : 0;
}

/* The array without its repetitions: axes of stride 0 have one element. */
static lsv_status distinct(lsv_array *a, lsv_array **out) {
    ptrdiff_t shape[LSV_MAXDIM];
    for (int i = 0; i < a->ndim; i++) shape[i] = a->strides[i] || a->shape[i] == 0 ? a->shape[i] : 1;
    return lsv_view_strided(a, a->ndim, shape, a->strides, 0, out, NULL);
}

static int by_bytes(const void *a, const void *b) {
    const kept *x = *(kept *const *)a, *y = *(kept *const *)b;
    size_t m = bytes_of(x->object.array), n = bytes_of(y->object.array);
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
        if (p->items[i].object.tag == LS_ARRAY && p->items[i].object.array->size && is_target(t, p->items[i].object.array)) order[n++] = &p->items[i];
    if (n) qsort(order, (size_t)n, sizeof *order, by_bytes);
    for (int i = 0; i < n && !t->failed; i++) {
        lsv_array *a = order[i]->object.array, *view;
        size_t bytes = bytes_of(a);
        order[i]->too_large = p->copied + bytes > budget;
        if (order[i]->too_large || a->flags & LSV_READONLY) continue; /* read-only: what it looks at changes through another */
        if (distinct(a, &view) != LSV_OK) t->failed = true;
        else {
            if (lsv_copy(view, &order[i]->copy, NULL) != LSV_OK) order[i]->too_large = true;
            else p->copied += bytes;
            lsv_release(view);
        }
    }
    lsv_free(order);
}

static bool is_input(const session *s, const char *name, ls_value v) {
    return (name[0] == '_' && name[1] == 'i') || (v.tag == LS_LIST && s->in_list.tag == LS_LIST && v.list == s->in_list.list);
}

static bool take_binding(void *ctx, const char *name, ls_value v) {
    taking *t = ctx;
    if (is_input(t->s, name, v)) return true;
    if (!grow(&t->p->bindings, t->p->nbindings, &t->p->bindings_room, sizeof *t->p->bindings)) t->failed = true;
    else t->p->bindings[t->p->nbindings++] = (binding){name, ls_ref(v)};
    return !t->failed;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static snapshot *take_snapshot(session *s, const ls_source *cell) {
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
    if (c.reach != REACH_NOTHING && !t.failed) copy_arrays(&t, least(share, t.all ? copy_anything : copy_names));
    else
        for (int i = 0; i < p->nkept; i++) p->items[i].too_large = false; /* nothing changes in place */
    lsv_free(t.seen);
    lsv_free(t.targets);
    if (!t.failed) return p;
    drop_snapshot(p);
    return NULL;
}

/* Bytes that the snapshot's variables hold and the session's, under those names, do not any more. */
static size_t retained(session *s, const snapshot *p) {
    size_t bytes = 0;
    for (int i = 0; i < p->nbindings; i++) {
        ls_value v = p->bindings[i].value;
        if (v.tag == LS_ARRAY && !ls_same(v, ls_global_get(s->in, p->bindings[i].name))) bytes += bytes_of(v.array);
    }
    return bytes;
}

static void prune(session *s) {
    struct undo *u = s->undo;
    size_t most = s->options->max_mem ? least(retained_most, s->options->max_mem / 4) : retained_most, copies = 0;
    for (int i = u->n - 1; i >= 0; i--) {
        copies += u->all[i]->copied;
        size_t held = retained(s, u->all[i]);
        if (held <= most && (copies <= copies_most || i == u->n - 1)) continue;
        if (i == u->n - 1)
            snprintf(u->why_not, sizeof u->why_not, "undo: what the cell In [%d] replaced is too large to be kept (%zu MiB)", u->all[i]->number + 1, held >> 20);
        forget(u, i + 1);
        break;
    }
}

void session_keep(session *s, const ls_source *cell) {
    if (!s->undo) s->undo = lsv_calloc(1, sizeof *s->undo);
    if (!s->undo) return;
    struct undo *u = s->undo;
    s->number--; /* the number of cells before this one */
    snapshot *p = take_snapshot(s, cell);
    s->number++;
    u->why_not[0] = 0;
    if (!p) { /* what came before is of no use either: the step between is missing */
        forget(u, u->n);
        snprintf(u->why_not, sizeof u->why_not, "undo: there was no memory to keep the variables before the last cell");
        return;
    }
    if (u->n == SNAPSHOTS) forget(u, 1);
    u->all[u->n++] = p;
}

void session_kept(session *s) {
    if (s->undo && s->undo->n) prune(s);
}

/* ---- bringing back ---- */

static bool same_values(const ls_value *a, const ls_value *b, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++)
        if (!ls_same(a[i], b[i])) return false;
    return true;
}

static bool restore_list(const kept *k) {
    ls_list *list = k->object.list;
    if (list->n == k->n && same_values(list->items, k->values, k->n)) return true;
    if (list->capacity < k->n) {
        ls_value *items = lsv_realloc(list->items, (size_t)k->n * sizeof *items);
        if (!items) return false;
        list->items = items;
        list->capacity = k->n;
    }
    for (ptrdiff_t i = 0; i < k->n; i++) ls_ref(k->values[i]);
    ptrdiff_t old = list->n;
    ls_value *dropped = old ? lsv_malloc((size_t)old * sizeof *dropped) : NULL;
    if (old && !dropped) { /* drop in place: slower to reason about, but nothing of ours runs in between */
        for (ptrdiff_t i = 0; i < old; i++) ls_drop(list->items[i]);
        old = 0;
    }
    if (dropped) memcpy(dropped, list->items, (size_t)old * sizeof *dropped);
    if (k->n) memcpy(list->items, k->values, (size_t)k->n * sizeof *k->values);
    list->n = k->n;
    for (ptrdiff_t i = 0; i < old; i++) ls_drop(dropped[i]);
    lsv_free(dropped);
    return true;
}

static bool restore_dict(const kept *k) {
    ls_dict *d = k->object.dict;
    ptrdiff_t at = 0;
    bool same = 2 * d->n == k->n;
    for (ptrdiff_t i = 0; same && i < d->used; i++) {
        if (d->entries[i].key.tag == LS_UNSET) continue;
        same = ls_same(d->entries[i].key, k->values[at]) && ls_same(d->entries[i].value, k->values[at + 1]);
        at += 2;
    }
    if (same) return true;
    ls_dict_clear(d);
    for (ptrdiff_t i = 0; i + 1 < k->n; i += 2)
        if (!ls_dict_set(d, k->values[i], k->values[i + 1])) return false;
    return true;
}

static void put_values(ls_value *to, const ls_value *from, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) {
        ls_value old = to[i];
        to[i] = ls_ref(from[i]);
        ls_drop(old);
    }
}

static bool restore_array(const kept *k, bool *graph_lost) {
    lsv_array *a = k->object.array;
    a->ndim = k->ndim;
    memcpy(a->shape, k->shape, sizeof a->shape);
    memcpy(a->strides, k->strides, sizeof a->strides);
    a->flags = k->flags;
    bool ok = true;
    lsv_array *view;
    if (k->copy) {
        ok = distinct(a, &view) == LSV_OK;
        if (ok) {
            ok = lsv_assign(view, k->copy, NULL) == LSV_OK;
            lsv_release(view);
        }
    }
    if (a->tape != k->tape) {
        lsv_tape *now = lsv_tape_take(a);
        if (now && lsv_tape_release) lsv_tape_release(now);
        if (k->tape) {
            k->tape->refs++;
            lsv_tape_give(a, k->tape);
        }
        a->flags = k->flags;
    }
    if (k->tape && k->tape->grad != k->grad) {
        lsv_release(k->tape->grad);
        k->tape->grad = k->grad ? lsv_ref(k->grad) : NULL;
    }
    if (k->tape && k->tape->node && k->tape->node->spent && !k->spent) *graph_lost = true;
    return ok;
}

static bool restore(const kept *k, bool *graph_lost) {
    if (k->too_large && k->object.tag != LS_ARRAY) return true; /* said elsewhere */
    switch (k->object.tag) {
    case LS_LIST: return restore_list(k);
    case LS_DICT: return restore_dict(k);
    case LS_ARRAY: return restore_array(k, graph_lost);
    case LS_CELL: put_values(&k->object.cell->value, k->values, 1); return true;
    case LS_RNG: k->object.rng->rng = *k->rng; return true;
    case LS_ITER:
        put_values(k->object.iter->state, k->values, 4);
        k->object.iter->pos = k->pos;
        k->object.iter->len = k->len;
        return true;
    case LS_OPAQUE:
        put_values(k->object.opaque->state, k->values, 2);
        k->object.opaque->number = k->pos;
        return true;
    default: return true;
    }
}

/* ---- what changed, in words ---- */

typedef struct difference { session *s; const snapshot *p; lsv_text names, gone; int n; } difference;

static const binding *bound_before(const snapshot *p, const char *name) {
    for (int i = 0; i < p->nbindings; i++)
        if (strcmp(p->bindings[i].name, name) == 0) return &p->bindings[i];
    return NULL;
}

static void add_name(lsv_text *t, const char *name) {
    if (t->length > 400) {
        if (t->data[t->length - 1] != '.') lsv_text_puts(t, ", ...");
        return;
    }
    if (t->length) lsv_text_puts(t, ", ");
    lsv_text_puts(t, name);
}

/* Names that the cell made; they go. */
static bool find_new(void *ctx, const char *name, ls_value v) {
    difference *d = ctx;
    if (is_input(d->s, name, v) || bound_before(d->p, name)) return true;
    lsv_text_add(&d->gone, name, strlen(name) + 1);
    if (name[0] != '_') add_name(&d->names, name);
    return true;
}

/* Was the array's or container's content different from what is kept? */
static bool content_differs(const kept *k) {
    if (k->object.tag == LS_LIST) return !k->too_large && (k->object.list->n != k->n || !same_values(k->object.list->items, k->values, k->n));
    if (k->object.tag != LS_ARRAY || !k->copy) return false;
    lsv_array *now = NULL, *view;
    bool differs = true;
    if (k->object.array->ndim != k->ndim || distinct(k->object.array, &view) != LSV_OK) return true;
    if (lsv_copy(view, &now, NULL) == LSV_OK) {
        differs = now->size != k->copy->size || memcmp(lsv_data(now), lsv_data(k->copy), (size_t)now->size * lsv_dtype_size((lsv_dtype)now->dtype)) != 0;
        lsv_release(now);
    }
    lsv_release(view);
    return differs;
}

static const kept *content_of(const snapshot *p, ls_value v) {
    for (int i = 0; v.tag >= LS_HEAP && i < p->nkept; i++)
        if (p->items[i].object.tag == v.tag && ls_same(p->items[i].object, v)) return &p->items[i];
    return NULL;
}

static void say_what_changed(session *s, const snapshot *p, difference *d) {
    for (int i = 0; i < p->nbindings; i++) {
        const binding *b = &p->bindings[i];
        if (b->name[0] == '_' || (b->value.tag == LS_DICT && s->out_dict.tag == LS_DICT && b->value.dict == s->out_dict.dict)) continue;
        const kept *k = content_of(p, b->value);
        if (!ls_same(b->value, ls_global_get(s->in, b->name)) || (k && content_differs(k))) add_name(&d->names, b->name);
    }
}

/* Variables whose contents could not be kept and may have changed. */
static void say_what_is_lost(session *s, const snapshot *p) {
    lsv_text t = {0};
    char line[640];
    for (int i = 0; i < p->nbindings; i++) {
        const kept *k = content_of(p, p->bindings[i].value);
        if (k && k->too_large && p->bindings[i].name[0] != '_') add_name(&t, p->bindings[i].name);
    }
    int others = 0;
    for (int i = 0; i < p->nkept; i++) others += p->items[i].too_large;
    if (t.length) snprintf(line, sizeof line, "undo: too large to be kept, so what the cell changed inside stays changed: %s", t.data);
    else snprintf(line, sizeof line, "undo: %d values inside others were too large to be kept: what the cell changed in them stays changed", others);
    if (others) session_warn(s, line);
    if (p->too_deep) session_warn(s, "undo: values nested more than 2000 deep were not kept: what the cell changed in them stays changed");
    lsv_text_free(&t);
}

static bool bring_back(session *s, snapshot *p) {
    difference d = {.s = s, .p = p};
    bool ok = true, graph_lost = false;
    ls_global_each(s->in, find_new, &d);
    say_what_changed(s, p, &d);
    for (size_t i = 0; d.gone.data && i < d.gone.length; i += strlen(d.gone.data + i) + 1) ls_global_delete(s->in, d.gone.data + i);
    for (int i = 0; i < p->nkept; i++) ok = restore(&p->items[i], &graph_lost) && ok;
    for (int i = 0; i < p->nbindings; i++)
        if (!ls_same(p->bindings[i].value, ls_global_get(s->in, p->bindings[i].name))) ok = ls_global_set(s->in, p->bindings[i].name, p->bindings[i].value) && ok;
    s->in->numpy_rng = p->numpy_rng;
    s->in->torch_rng = p->torch_rng;
    s->in->numpy_seeded = p->numpy_seeded;
    s->in->torch_seeded = p->torch_seeded;
    for (int i = 0; i < 3; i++) {
        ls_drop(s->last[i]);
        s->last[i] = ls_ref(p->last[i]);
    }
    session_printf(s, "back to before In [%d]%s%s\n", p->number + 1, d.names.length ? ": " : ", which changed no variable", d.names.length ? d.names.data : "");
    say_what_is_lost(s, p);
    if (graph_lost) session_warn(s, "undo: a graph that backward() used up stays used up: compute its result again before backward()");
    lsv_text_free(&d.names);
    lsv_text_free(&d.gone);
    return ok || ls_no_memory(s->in);
}

bool session_is_undo(session *s, const char *text, size_t n) {
    while (n && strchr(" \t\n;", text[n - 1])) n--;
    while (n && strchr(" \t\n", *text)) text++, n--;
    return (n == 4 && memcmp(text, "undo", 4) == 0 && ls_global_get(s->in, "undo").tag == LS_UNSET) || (n == 5 && memcmp(text, "%undo", 5) == 0);
}

bool session_undo(session *s) {
    struct undo *u = s->undo;
    nb_cell *me = session_cell(s);
    if (me) me->undone = true;
    if (!s->prompt) return ls_raise(s->in, "UsageError", "undo works at the prompt: a file's cells are not kept");
    if (!u || !u->n) {
        if (u && u->why_not[0]) return ls_raise(s->in, "UsageError", "%s", u->why_not);
        return ls_raise(s->in, "UsageError", "undo: there is no cell to take back");
    }
    snapshot *p = u->all[--u->n];
    u->why_not[0] = 0;
    bool ok = bring_back(s, p);
    for (int i = 0; i < s->log.n; i++)
        if (s->log.cells[i].number == p->number + 1) s->log.cells[i].undone = true;
    drop_snapshot(p);
    return ok;
}
