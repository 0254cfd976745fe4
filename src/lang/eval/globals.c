/* Slots of global variables and interned names. */
#include "lang/eval/globals.h"
#include "base/alloc.h"
#include "lang/builtins/builtin.h"
#include <string.h>

enum { REGION = LS_CONST_ROOM + LS_TEMP_ROOM + LS_GLOBAL_ROOM, FIRST_ROOM = 256 };

ls_globals *ls_globals_new(void) {
    ls_globals *g = lsv_calloc(1, sizeof *g);
    if (!g) return NULL;
    /* From 1 MiB on memory comes fresh from the system: pages that are never used cost nothing. */
    size_t bytes = REGION * sizeof(ls_value);
    if (bytes < (1u << 20)) bytes = 1u << 20;
    g->region = lsv_calloc(1, bytes);
    g->names = lsv_calloc(FIRST_ROOM, sizeof *g->names);
    g->index = lsv_malloc(FIRST_ROOM * sizeof *g->index);
    g->info = lsv_calloc(FIRST_ROOM / 2, sizeof *g->info);
    if (!g->region || !g->names || !g->index || !g->info) {
        ls_globals_free(g);
        return NULL;
    }
    g->base = g->region + LS_CONST_ROOM;
    g->values = g->base + LS_GLOBAL_BASE;
    g->names_room = g->nindex = FIRST_ROOM;
    g->room = FIRST_ROOM / 2;
    for (int i = 0; i < g->nindex; i++) g->index[i] = -1;
    return g;
}

void ls_globals_clear(ls_globals *g) {
    for (int i = 0; i < g->n; i++) {
        ls_value old = g->values[i];
        g->values[i] = (ls_value){.tag = LS_UNSET};
        ls_drop(old);
        old = g->info[i].builtin;
        g->info[i] = (ls_slot_info){.name = g->info[i].name};
        ls_drop(old);
    }
}

void ls_globals_free(ls_globals *g) {
    if (!g) return;
    for (int i = 0; i < g->names_room; i++) lsv_free((void *)(uintptr_t)g->names[i]);
    lsv_free(g->names);
    lsv_free(g->index);
    lsv_free(g->info);
    lsv_free(g->region);
    lsv_free(g);
}

/* ---- names ---- */

static uint32_t hash_text(const char *s) {
    uint32_t h = 2166136261u;
    for (; *s; s++) h = (h ^ (unsigned char)*s) * 16777619u;
    return h ^ h >> 15;
}

static int name_place(const char *const *names, int room, const char *text) {
    int i = (int)(hash_text(text) & (uint32_t)(room - 1));
    while (names[i] && strcmp(names[i], text) != 0) i = (i + 1) & (room - 1);
    return i;
}

const char *ls_intern_find(const ls_globals *g, const char *text) {
    return g->names[name_place(g->names, g->names_room, text)];
}

static bool names_grow(ls_globals *g) {
    int room = g->names_room * 2;
    const char **names = lsv_calloc((size_t)room, sizeof *names);
    if (!names) return false;
    for (int i = 0; i < g->names_room; i++)
        if (g->names[i]) names[name_place(names, room, g->names[i])] = g->names[i];
    lsv_free(g->names);
    g->names = names;
    g->names_room = room;
    return true;
}

const char *ls_intern(ls_interp *in, const char *text) {
    ls_globals *g = in->slots;
    const char *known = ls_intern_find(g, text);
    if (known) return known;
    char *copy = (g->nnames + 1) * 2 > g->names_room && !names_grow(g) ? NULL : lsv_strdup(text);
    if (!copy) {
        ls_no_memory(in);
        return NULL;
    }
    g->names[name_place(g->names, g->names_room, copy)] = copy;
    g->nnames++;
    return copy;
}

/* ---- slots ---- */

static int index_place(const ls_globals *g, const int *index, int n, const char *name) {
    int i = (int)(((uintptr_t)name >> 4) * 0x9E3779B1u >> 8 & (uint32_t)(n - 1));
    while (index[i] >= 0 && g->info[index[i]].name != name) i = (i + 1) & (n - 1);
    return i;
}

int ls_slot_find(const ls_globals *g, const char *interned) {
    return interned ? g->index[index_place(g, g->index, g->nindex, interned)] : -1;
}

static bool slots_grow(ls_globals *g) {
    int room = g->room * 2, n = g->nindex * 2;
    ls_slot_info *info = lsv_realloc(g->info, (size_t)room * sizeof *info);
    if (!info) return false;
    memset(info + g->room, 0, (size_t)(room - g->room) * sizeof *info);
    g->info = info;
    g->room = room;
    int *index = lsv_malloc((size_t)n * sizeof *index);
    if (!index) return false;
    for (int i = 0; i < n; i++) index[i] = -1;
    for (int s = 0; s < g->n; s++) index[index_place(g, index, n, info[s].name)] = s;
    lsv_free(g->index);
    g->index = index;
    g->nindex = n;
    return true;
}

int ls_slot_of(ls_interp *in, const char *interned) {
    ls_globals *g = in->slots;
    int slot = ls_slot_find(g, interned);
    if (slot >= 0) return slot;
    if (g->n == LS_GLOBAL_ROOM) {
        ls_raise(in, "MemoryError", "too many different global names (%d)", g->n);
        return -1;
    }
    if ((g->n == g->room || g->n * 2 >= g->nindex) && !slots_grow(g)) {
        ls_no_memory(in);
        return -1;
    }
    slot = g->n;
    g->info[slot] = (ls_slot_info){.name = interned};
    g->index[index_place(g, g->index, g->nindex, interned)] = slot;
    g->n++;
    return slot;
}

const ls_value *ls_slot_builtin(ls_globals *g, int slot) {
    ls_slot_info *s = &g->info[slot];
    if (!s->looked_up) {
        s->looked_up = true;
        if (!ls_builtin_name(s->name, &s->builtin)) s->builtin = (ls_value){.tag = LS_UNSET};
    }
    return s->builtin.tag == LS_UNSET ? NULL : &s->builtin;
}

void ls_globals_note(ls_globals *g) {
    for (int i = 0; i < g->n; i++) {
        bool set = g->values[i].tag != LS_UNSET;
        if (!set) g->info[i].order = 0;
        else if (!g->info[i].order) g->info[i].order = ++g->clock;
    }
}
