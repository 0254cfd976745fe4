/* undo: the variables as they were before a cell.

   Before a cell of the prompt runs, a snapshot takes a reference to every variable's value, and the
   contents of what can change in place: items of lists and dictionaries, captured variables,
   iterators, random generators, and arrays as far as the cell's text may reach them (undo_reach.c,
   undo_take.c). Bringing it back puts contents back into the same objects, so
   that names that shared an object share it again. What did not fit the budget is remembered by
   name, and undo says so: it never pretends.

   Snapshots hold memory that a program has let go of; the oldest are given up, and even the newest
   if it alone keeps too much. */
#include <stdio.h>
#include <string.h>

#include "array/mirror.h"
#include "base/alloc.h"
#include "repl/magic/undo.h"

enum { SNAPSHOTS = 50 };
static const size_t copies_most = (size_t)512 << 20, retained_most = (size_t)1 << 30;

struct undo {
    snapshot *all[SNAPSHOTS];
    int n;
    char why_not[160];
};

/* ---- the stack ---- */

/* Drops the oldest n. */
static void forget(struct undo *u, int n) {
    for (int i = 0; i < n; i++) undo_drop(u->all[i]);
    memmove(u->all, u->all + n, (size_t)(u->n - n) * sizeof *u->all);
    u->n -= n;
}

void session_drop_undo(session *s) {
    if (!s->undo) return;
    forget(s->undo, s->undo->n);
    lsv_free(s->undo);
    s->undo = NULL;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Bytes that the snapshot's variables hold and the session's, under those names, do not any more. */
static size_t retained(session *s, const snapshot *p) {
    size_t bytes = 0;
    for (int i = 0; i < p->nbindings; i++) {
        ls_value v = p->bindings[i].value;
        if (v.tag == LS_ARRAY && !ls_same(v, ls_global_get(s->in, p->bindings[i].name)))
            bytes += undo_bytes(v.array);
    }
    return bytes;
}

static void prune(session *s) {
    struct undo *u = s->undo;
    size_t most = s->options->max_mem ? least(retained_most, s->options->max_mem / 4) : retained_most,
           copies = 0;
    for (int i = u->n - 1; i >= 0; i--) {
        copies += u->all[i]->copied;
        size_t held = retained(s, u->all[i]);
        if (held <= most && (copies <= copies_most || i == u->n - 1)) continue;
        if (i == u->n - 1)
            snprintf(u->why_not, sizeof u->why_not,
                     "undo: what cell %d replaced is too large to be kept (%zu MiB)", u->all[i]->number + 1,
                     held >> 20);
        forget(u, i + 1);
        break;
    }
}

void session_keep(session *s, const ls_source *cell) {
    if (!s->undo) s->undo = lsv_calloc(1, sizeof *s->undo);
    if (!s->undo) return;
    struct undo *u = s->undo;
    s->number--; /* the number of cells before this one */
    snapshot *p = undo_take(s, cell);
    s->number++;
    u->why_not[0] = 0;
    if (!p) { /* what came before is of no use either: the step between is missing */
        forget(u, u->n);
        snprintf(u->why_not, sizeof u->why_not,
                 "undo: there was no memory to keep the variables before the last cell");
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
        ok = undo_distinct(a, &view) == LSV_OK;
        if (ok) {
            ok = lsv_assign(view, k->copy, NULL) == LSV_OK;
            lsv_host_changed(a);
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

typedef struct difference {
    session *s;
    const snapshot *p;
    lsv_text names, gone;
    int n;
} difference;

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
    if (undo_is_input(d->s, name, v) || bound_before(d->p, name)) return true;
    lsv_text_add(&d->gone, name, strlen(name) + 1);
    if (name[0] != '_') add_name(&d->names, name);
    return true;
}

/* Was the array's or container's content different from what is kept? */
static bool content_differs(const kept *k) {
    if (k->object.tag == LS_LIST)
        return !k->too_large &&
               (k->object.list->n != k->n || !same_values(k->object.list->items, k->values, k->n));
    if (k->object.tag != LS_ARRAY || !k->copy) return false;
    lsv_array *now = NULL, *view;
    bool differs = true;
    if (k->object.array->ndim != k->ndim || undo_distinct(k->object.array, &view) != LSV_OK) return true;
    if (lsv_copy(view, &now, NULL) == LSV_OK) {
        differs = now->size != k->copy->size ||
                  memcmp(lsv_data(now), lsv_data(k->copy),
                         (size_t)now->size * lsv_dtype_size((lsv_dtype)now->dtype)) != 0;
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
        if (b->name[0] == '_' ||
            (b->value.tag == LS_DICT && s->out_dict.tag == LS_DICT && b->value.dict == s->out_dict.dict))
            continue;
        const kept *k = content_of(p, b->value);
        if (!ls_same(b->value, ls_global_get(s->in, b->name)) || (k && content_differs(k)))
            add_name(&d->names, b->name);
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
    if (t.length)
        snprintf(line, sizeof line,
                 "undo: too large to be kept, so what the cell changed inside stays changed: %s", t.data);
    else
        snprintf(line, sizeof line,
                 "undo: %d values inside others were too large to be kept: what the cell changed in them "
                 "stays changed",
                 others);
    if (others) session_warn(s, line);
    if (p->too_deep)
        session_warn(s, "undo: values nested more than 2000 deep were not kept: what the cell changed in "
                        "them stays changed");
    lsv_text_free(&t);
}

static bool bring_back(session *s, snapshot *p) {
    difference d = {.s = s, .p = p};
    bool ok = true, graph_lost = false;
    ls_global_each(s->in, find_new, &d);
    say_what_changed(s, p, &d);
    for (size_t i = 0; d.gone.data && i < d.gone.length; i += strlen(d.gone.data + i) + 1)
        ls_global_delete(s->in, d.gone.data + i);
    for (int i = 0; i < p->nkept; i++) ok = restore(&p->items[i], &graph_lost) && ok;
    for (int i = 0; i < p->nbindings; i++)
        if (!ls_same(p->bindings[i].value, ls_global_get(s->in, p->bindings[i].name)))
            ok = ls_global_set(s->in, p->bindings[i].name, p->bindings[i].value) && ok;
    s->in->numpy_rng = p->numpy_rng;
    s->in->torch_rng = p->torch_rng;
    s->in->numpy_seeded = p->numpy_seeded;
    s->in->torch_seeded = p->torch_seeded;
    for (int i = 0; i < 3; i++) {
        ls_drop(s->last[i]);
        s->last[i] = ls_ref(p->last[i]);
    }
    session_printf(s, "back to before cell %d%s%s\n", p->number + 1,
                   d.names.length ? ": " : ", which changed no variable", d.names.length ? d.names.data : "");
    say_what_is_lost(s, p);
    if (graph_lost)
        session_warn(s, "undo: a graph that backward() used up stays used up: compute its result again "
                        "before backward()");
    lsv_text_free(&d.names);
    lsv_text_free(&d.gone);
    return ok || ls_no_memory(s->in);
}

bool session_is_undo(session *s, const char *text, size_t n) {
    while (n && strchr(" \t\n;", text[n - 1])) n--;
    while (n && strchr(" \t\n", *text)) text++, n--;
    return (n == 4 && memcmp(text, "undo", 4) == 0 && ls_global_get(s->in, "undo").tag == LS_UNSET) ||
           (n == 5 && memcmp(text, "%undo", 5) == 0);
}

bool session_undo(session *s) {
    struct undo *u = s->undo;
    nb_cell *me = session_cell(s);
    if (me) me->undone = true;
    if (!s->prompt)
        return ls_raise(s->in, "UsageError", "undo works at the prompt: a file's cells are not kept");
    if (!u || !u->n) {
        if (u && u->why_not[0]) return ls_raise(s->in, "UsageError", "%s", u->why_not);
        return ls_raise(s->in, "UsageError", "undo: there is no cell to take back");
    }
    snapshot *p = u->all[--u->n];
    u->why_not[0] = 0;
    bool ok = bring_back(s, p);
    for (int i = 0; i < s->log.n; i++)
        if (s->log.cells[i].number == p->number + 1) s->log.cells[i].undone = true;
    undo_drop(p);
    return ok;
}
