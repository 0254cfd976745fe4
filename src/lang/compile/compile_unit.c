/* The unit of code: growing tables, instructions, jumps, constants, names. */
#include "base/alloc.h"
#include "lang/compile/compiler.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ls_compile_fail(ls_unit *u, ls_span span, const char *format, ...) {
    if (u->c->failed) return;
    u->c->failed = true;
    char text[300];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ls_error_clear(&u->c->in->error);
    ls_error_set(&u->c->in->error, "SyntaxError", "%s", text);
    ls_error_place(&u->c->in->error, u->c->source, span);
}

static void *no_room(ls_unit *u) {
    if (!u->c->failed) ls_no_memory(u->c->in);
    u->c->failed = true;
    return NULL;
}

/* One more element at the end of a growing table; NULL: no memory. */
static void *grow(ls_unit *u, void *table, int *n, int *room, size_t size) {
    char **at = table;
    if (*n == *room) {
        int more = *room ? *room * 2 : 8;
        char *bigger = lsv_realloc(*at, (size_t)more * size);
        if (!bigger) return no_room(u);
        *at = bigger;
        *room = more;
    }
    void *slot = *at + (size_t)(*n)++ * size;
    memset(slot, 0, size);
    return slot;
}
#define GROW(u, table, count, room) grow(u, (void *)&(u)->code->table, &(u)->code->count, &(u)->room, sizeof *(u)->code->table)

bool ls_unit_open(ls_unit *u, ls_compiler *c, ls_unit *outer, ls_scope *scope, const char *name) {
    *u = (ls_unit){.c = c, .outer = outer, .scope = scope};
    u->code = lsv_calloc(1, sizeof *u->code);
    if (!u->code) {
        no_room(u);
        return false;
    }
    u->code->refs = 1;
    u->code->star = u->code->doublestar = -1;
    u->code->source = ls_source_ref(c->source);
    u->code->name = ls_intern(c->in, name);
    if (!u->code->name) c->failed = true;
    return true;
}

ls_code *ls_unit_close(ls_unit *u) {
    if (!u->c->failed) return u->code;
    ls_code_release(u->code);
    return NULL;
}

/* ---- instructions ---- */

static int emit(ls_unit *u, ls_span span, ls_insn insn) {
    ls_code *code = u->code;
    if (u->c->failed) return 0;
    if (code->ninsns == u->room_insns) {
        int more = u->room_insns ? u->room_insns * 2 : 32;
        ls_insn *insns = lsv_realloc(code->insns, (size_t)more * sizeof *insns);
        if (insns) code->insns = insns;
        ls_span *spans = insns ? lsv_realloc(code->spans, (size_t)more * sizeof *spans) : NULL;
        if (!spans) {
            no_room(u);
            return 0;
        }
        code->spans = spans;
        u->room_insns = more;
    }
    code->insns[code->ninsns] = insn;
    code->spans[code->ninsns] = span;
    return code->ninsns++;
}

int ls_emit(ls_unit *u, ls_span span, int op, int x, int a, int b, int c) {
    ls_insn insn = {0};
    insn.op = (uint8_t)op;
    insn.x = (uint8_t)x;
    insn.a = (int16_t)a;
    insn.b = (int16_t)b;
    insn.c = (int16_t)c;
    return emit(u, span, insn);
}

int ls_emit_k(ls_unit *u, ls_span span, int op, int x, int a, int k) {
    ls_insn insn = {0};
    insn.op = (uint8_t)op;
    insn.x = (uint8_t)x;
    insn.a = (int16_t)a;
    insn.k = k;
    return emit(u, span, insn);
}

int ls_emit_words(ls_unit *u, ls_span span, int op, int x, int a, int b, int c, int k1, int k2) {
    int at = ls_emit(u, span, op, x, a, b, c);
    ls_insn insn = {.word = {k1, k2}};
    emit(u, span, insn);
    return at;
}

void ls_name_span(ls_unit *u, int at, ls_span span) {
    if (!u->c->failed && span.end > span.start) u->code->spans[at + 1] = span;
}

void ls_jump_add(ls_unit *u, int *list, int word) {
    if (u->c->failed) return;
    u->code->insns[word].k = *list;
    *list = word;
}

void ls_jump_to(ls_unit *u, ls_span span, int *list) { ls_jump_add(u, list, ls_emit_k(u, span, OP_JUMP, 0, 0, 0)); }

void ls_patch(ls_unit *u, int list, int target) {
    while (list >= 0 && !u->c->failed) {
        int next = u->code->insns[list].k;
        u->code->insns[list].k = target - (list + 1);
        list = next;
    }
}

int ls_temp(ls_unit *u) {
    if (u->top >= LS_TEMP_ROOM - 2) {
        ls_compile_fail(u, (ls_span){0, 0}, "too many values at once in one statement");
        return 0;
    }
    int at = u->top++;
    if (u->top > u->code->nregs) u->code->nregs = u->top;
    return at;
}

/* ---- tables ---- */

int ls_constant(ls_unit *u, ls_value v) {
    if (v.tag == LS_UNSET) no_room(u);
    ls_value *slot = u->c->failed ? NULL : GROW(u, pool, npool, room_pool);
    if (!slot) {
        ls_drop(v);
        return 0;
    }
    *slot = v;
    return u->code->npool - 1;
}

static bool same_constant(ls_value a, ls_value b) {
    if (a.tag != b.tag) return false;
    switch (a.tag) {
    case LS_BOOL:
    case LS_INT:
    case LS_FLOAT: return a.i == b.i; /* -0.0 is not 0.0 */
    case LS_STR: return a.str->length == b.str->length && memcmp(a.str->data, b.str->data, a.str->length) == 0;
    case LS_NONE:
    case LS_ELLIPSIS: return true;
    default: return false;
    }
}

/* A frame of a function copies its constants at every call, so only a few of them are resident. */
ls_operand ls_resident(ls_unit *u, ls_span span, ls_value v) {
    enum { SEARCHED = 64, ROOM = LS_CONST_ROOM - 8, FUNCTION_ROOM = 48 };
    ls_code *code = u->code;
    for (int i = 0; i < code->nconsts && i < SEARCHED; i++)
        if (same_constant(code->consts[i], v)) {
            ls_drop(v);
            return (ls_operand){(int16_t)(-1 - i), false};
        }
    if (v.tag != LS_UNSET && code->nconsts < (u->direct ? ROOM : FUNCTION_ROOM)) {
        ls_value *slot = u->c->failed ? NULL : GROW(u, consts, nconsts, room_consts);
        if (slot) *slot = v;
        else ls_drop(v);
        return (ls_operand){(int16_t)-code->nconsts, false};
    }
    int k = ls_constant(u, v), t = ls_temp(u);
    ls_emit_k(u, span, OP_LOADK, 0, t, k);
    return (ls_operand){(int16_t)t, true};
}

int ls_name_list(ls_unit *u, int n, const char *const *names) {
    ls_names *list = u->c->failed ? NULL : GROW(u, name_lists, nname_lists, room_lists);
    if (!list) return 0;
    list->names = lsv_malloc((size_t)(n ? n : 1) * sizeof *list->names);
    if (!list->names) {
        no_room(u);
        return 0;
    }
    for (int i = 0; i < n; i++) {
        list->names[i] = ls_intern(u->c->in, names[i]);
        if (!list->names[i]) u->c->failed = true;
    }
    list->n = n;
    return u->code->nname_lists - 1;
}

int ls_cache_of(ls_unit *u, const char *name) {
    ls_cache *cache = u->c->failed ? NULL : GROW(u, caches, ncaches, room_caches);
    if (!cache) return 0;
    cache->name = ls_intern(u->c->in, name);
    if (!cache->name) u->c->failed = true;
    return u->code->ncaches - 1;
}

void ls_note_places(ls_unit *u, int at, int n, const ls_span *spans, const char *const *keywords) {
    if (!n) return;
    ls_places *p = u->c->failed ? NULL : GROW(u, places, nplaces, room_places);
    if (!p) return;
    p->at = at;
    p->n = n;
    p->spans = lsv_malloc((size_t)n * sizeof *p->spans);
    if (keywords) p->keywords = lsv_malloc((size_t)n * sizeof *p->keywords);
    if (!p->spans || (keywords && !p->keywords)) {
        no_room(u);
        return;
    }
    memcpy(p->spans, spans, (size_t)n * sizeof *spans);
    for (int i = 0; keywords && i < n; i++) p->keywords[i] = keywords[i] ? ls_intern(u->c->in, keywords[i]) : NULL;
}

ls_pattern *ls_pattern_new(ls_unit *u, int n, int *number) {
    ls_pattern *p = u->c->failed ? NULL : GROW(u, patterns, npatterns, room_patterns);
    if (!p) return NULL;
    p->items = lsv_calloc((size_t)n, sizeof *p->items);
    if (!p->items) return no_room(u);
    p->n = n;
    *number = u->code->npatterns - 1;
    return p;
}

/* ---- names ---- */

ls_place ls_place_of(ls_unit *u, ls_span span, const char *text) {
    ls_place none = {LS_AT_REGISTER, 0};
    const char *name = ls_intern(u->c->in, text);
    if (!name) u->c->failed = true;
    if (u->c->failed) return none;
    const ls_symbol *y = ls_scope_resolve(u->scope, name);
    if (!y) {
        int slot = ls_slot_of(u->c->in, name);
        if (slot < 0) {
            u->c->failed = true;
            ls_error_place(&u->c->in->error, u->c->source, span);
            return none;
        }
        return (ls_place){LS_AT_GLOBAL, slot};
    }
    int captured = ls_scope_capture(u->scope->frame, y);
    if (captured >= 0) return (ls_place){LS_AT_CELL, u->code->first_capture + captured};
    return (ls_place){y->captured ? LS_AT_CELL : LS_AT_REGISTER, y->reg};
}

void ls_store_name(ls_unit *u, ls_span span, const char *name, ls_operand v) {
    ls_place p = ls_place_of(u, span, name);
    if (p.type == LS_AT_CELL) ls_emit(u, span, OP_SETCELL, v.temp ? LS_X_TEMP_B : 0, p.at, v.at, 0);
    else if (p.type == LS_AT_REGISTER) ls_emit(u, span, OP_MOVE, v.temp ? LS_X_TEMP_B : 0, p.at, v.at, 0);
    else if (u->direct) ls_emit(u, span, OP_MOVE, v.temp ? LS_X_TEMP_B : 0, LS_GLOBAL_BASE + p.at, v.at, 0);
    else ls_emit_k(u, span, OP_SETG, v.temp ? LS_X_TEMP_A : 0, v.at, p.at);
}

bool ls_may_assign(const ls_node *n) {
    if (!n) return false;
    switch (n->kind) {
    case LS_N_NAME:
    case LS_N_INT:
    case LS_N_FLOAT:
    case LS_N_IMAGINARY:
    case LS_N_STR:
    case LS_N_LAMBDA:
    case LS_N_NONE:
    case LS_N_TRUE:
    case LS_N_FALSE:
    case LS_N_ELLIPSIS: return false;
    case LS_N_CALL:
    case LS_N_WALRUS: return true;
    default: break;
    }
    if (ls_may_assign(n->a) || ls_may_assign(n->b) || ls_may_assign(n->c)) return true;
    for (int i = 0; i < n->list.n; i++)
        if (ls_may_assign(n->list.items[i])) return true;
    return false;
}
