/* Names of a session, for clients: variables, what a name means, completion. */
#include "lang/builtins/builtin.h"
#include "lang/eval/globals.h"
#include "base/alloc.h"
#include <stdlib.h>
#include <string.h>

ls_value ls_global_get(ls_interp *in, const char *name) {
    int slot = ls_slot_find(in->slots, ls_intern_find(in->slots, name));
    return slot < 0 ? (ls_value){.tag = LS_UNSET} : in->slots->values[slot];
}

bool ls_global_set(ls_interp *in, const char *name, ls_value v) {
    const char *interned = ls_intern(in, name);
    int slot = interned ? ls_slot_of(in, interned) : -1;
    if (slot < 0) return false;
    ls_value old = in->slots->values[slot];
    in->slots->values[slot] = ls_ref(v);
    ls_drop(old);
    if (!in->slots->info[slot].order) in->slots->info[slot].order = ++in->slots->clock;
    return true;
}

bool ls_global_delete(ls_interp *in, const char *name) {
    int slot = ls_slot_find(in->slots, ls_intern_find(in->slots, name));
    if (slot < 0 || in->slots->values[slot].tag == LS_UNSET) return false;
    ls_value old = in->slots->values[slot];
    in->slots->values[slot] = (ls_value){.tag = LS_UNSET};
    in->slots->info[slot].order = 0;
    ls_drop(old);
    return true;
}

typedef struct defined { int64_t order; int slot; } defined;

static int by_order(const void *a, const void *b) {
    const defined *x = a, *y = b;
    return x->order < y->order ? -1 : x->order > y->order;
}

void ls_global_each(ls_interp *in, bool (*visit)(void *ctx, const char *name, ls_value v), void *ctx) {
    ls_globals *g = in->slots;
    ls_globals_note(g);
    defined *all = lsv_malloc((size_t)(g->n + 1) * sizeof *all);
    if (!all) return;
    int n = 0;
    for (int k = 0; k < g->n; k++)
        if (g->values[k].tag != LS_UNSET) all[n++] = (defined){g->info[k].order, k};
    qsort(all, (size_t)n, sizeof *all, by_order);
    for (int k = 0; k < n; k++) {
        ls_value v = g->values[all[k].slot];
        if (v.tag != LS_UNSET && !visit(ctx, g->info[all[k].slot].name, v)) break;
    }
    lsv_free(all);
}

ls_value ls_name_lookup(ls_interp *in, const char *name) {
    ls_value v = ls_global_get(in, name);
    if (v.tag != LS_UNSET) return ls_ref(v);
    return ls_builtin_name(name, &v) ? v : (ls_value){.tag = LS_UNSET};
}

/* ---- completion ---- */

typedef struct complete { const char *prefix; size_t n; bool (*visit)(void *ctx, const char *name); void *ctx; bool go_on; } complete;

static bool offer(complete *c, const char *name) {
    if (c->go_on && strncmp(name, c->prefix, c->n) == 0 && !strchr(name, '.')) c->go_on = c->visit(c->ctx, name);
    return c->go_on;
}

static bool offer_builtin(void *ctx, const char *qualified, const ls_builtin *b) {
    (void)b;
    const char *name = strncmp(qualified, "np.linalg.", 10) == 0 ? qualified + 10
                       : strncmp(qualified, "np.", 3) == 0       ? qualified + 3
                                                                 : qualified;
    return offer(ctx, name);
}

static bool offer_global(void *ctx, const char *name, ls_value v) {
    (void)v;
    return offer(ctx, name);
}

void ls_name_complete(ls_interp *in, const char *prefix, bool (*visit)(void *ctx, const char *name), void *ctx) {
    static const char *const keywords[] = {"and", "assert", "break", "continue", "def", "del", "elif", "else", "False", "for", "from",
        "global", "if", "import", "in", "is", "lambda", "None", "nonlocal", "not", "or", "pass", "return", "True", "while"};
    complete c = {prefix, strlen(prefix), visit, ctx, true};
    ls_global_each(in, offer_global, &c);
    ls_builtin_each(offer_builtin, &c);
    for (size_t k = 0; k < sizeof keywords / sizeof *keywords; k++) offer(&c, keywords[k]);
}
