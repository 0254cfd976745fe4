/* Expressions. */
#include "lang/compile/compiler.h"
#include <string.h>

enum { CHUNK = 32 }; /* temporaries that a display fills at a time */

/* ---- literals ---- */

static bool literal_tuple(const ls_node *n, ls_value *out) {
    for (int i = 0; i < n->list.n; i++) {
        ls_value probe;
        if (!ls_literal(n->list.items[i], &probe)) return false;
        ls_drop(probe);
    }
    *out = ls_tuple_new(n->list.n);
    for (int i = 0; out->tag != LS_UNSET && i < n->list.n; i++) {
        ls_value item;
        ls_literal(n->list.items[i], &item);
        if (item.tag == LS_UNSET) {
            ls_drop(*out);
            *out = item;
        } else out->tuple->items[i] = item;
    }
    return true;
}

bool ls_literal(const ls_node *n, ls_value *out) {
    switch (n->kind) {
    case LS_N_NONE: *out = ls_none(); return true;
    case LS_N_TRUE: *out = ls_bool(true); return true;
    case LS_N_FALSE: *out = ls_bool(false); return true;
    case LS_N_ELLIPSIS: *out = (ls_value){.tag = LS_ELLIPSIS}; return true;
    case LS_N_INT: *out = ls_int(n->integer); return true;
    case LS_N_FLOAT: *out = ls_float(n->number); return true;
    case LS_N_IMAGINARY: *out = ls_imaginary_new(n->number); return true;
    case LS_N_STR: *out = ls_str_new(n->text, n->length); return true;
    case LS_N_TUPLE: return literal_tuple(n, out);
    case LS_N_UNARY:
        if (n->op != LS_OP_NEG) return false;
        if (n->a->kind == LS_N_INT && n->a->integer != INT64_MIN) *out = ls_int(-n->a->integer);
        else if (n->a->kind == LS_N_FLOAT) *out = ls_float(-n->a->number);
        else return false;
        return true;
    default: return false;
    }
}

/* ---- operands ---- */

static bool place_is_operand(const ls_unit *u, ls_place p, int *at) {
    *at = p.type == LS_AT_GLOBAL ? LS_GLOBAL_BASE + p.at : p.at;
    return p.type == LS_AT_REGISTER || (p.type == LS_AT_GLOBAL && u->direct);
}

int ls_into_temp(ls_unit *u, const ls_node *n) {
    int t = ls_temp(u);
    ls_into(u, n, t);
    return t;
}

ls_operand ls_stable(ls_unit *u, const ls_node *n, bool risky) {
    ls_value v;
    int at;
    if (ls_literal(n, &v)) return ls_resident(u, n->span, v);
    if (n->kind == LS_N_NAME && !risky && place_is_operand(u, ls_place_of(u, n->span, n->text), &at))
        return (ls_operand){(int16_t)at, false};
    return (ls_operand){(int16_t)ls_into_temp(u, n), true};
}

ls_operand ls_value_of(ls_unit *u, const ls_node *n) { return ls_stable(u, n, false); }

static void name_into(ls_unit *u, const ls_node *n, int dest) {
    ls_place p = ls_place_of(u, n->span, n->text);
    int at;
    if (p.type == LS_AT_CELL) ls_emit(u, n->span, OP_GETCELL, 0, dest, p.at, 0);
    else if (p.type == LS_AT_REGISTER) ls_emit(u, n->span, OP_MOVE, 0, dest, p.at, 0);
    else if (place_is_operand(u, p, &at) && dest >= LS_GLOBAL_BASE) ls_emit(u, n->span, OP_MOVE, 0, dest, at, 0);
    else ls_emit_k(u, n->span, OP_GETG, 0, dest, p.at);
}

/* ---- operators ---- */

static void binary_into(ls_unit *u, const ls_node *n, int dest) {
    int top = u->top;
    ls_operand l;
    if (n->a->kind == LS_N_BINARY && dest == top - 1 && dest >= u->first_temp) { /* a + b + c …: one temporary does */
        ls_into(u, n->a, dest);
        l = (ls_operand){(int16_t)dest, true};
    } else l = ls_stable(u, n->a, ls_may_assign(n->b));
    ls_operand r = ls_value_of(u, n->b);
    int at = ls_emit(u, n->span, OP_ADD + (int)n->op, ls_flags(l, r), dest, l.at, r.at);
    if (n->op == LS_OP_MATMUL) ls_note_places(u, at, 2, (ls_span[]){n->a->span, n->b->span}, NULL);
    u->top = top;
}

static int compare_op(ls_operator op) { return OP_LT + (int)(op - LS_OP_LT); }

/* The fused form, or -1. */
static int jump_op(ls_operator op) { return op <= LS_OP_NE ? OP_JLT + (int)(op - LS_OP_LT) : -1; }

static void compare_into(ls_unit *u, const ls_node *n, int dest) {
    int top = u->top, links = n->list.n - 1, done = -1;
    if (links == 1) {
        const ls_node *a = n->list.items[0], *b = n->list.items[1];
        ls_operand l = ls_stable(u, a, ls_may_assign(b)), r = ls_value_of(u, b);
        ls_emit(u, n->span, compare_op(n->ops[0]), ls_flags(l, r), dest, l.at, r.at);
        u->top = top;
        return;
    }
    /* a < b < c: every middle operand is evaluated once, and the first false link is the result. */
    int result = ls_temp(u), left = ls_into_temp(u, n->list.items[0]);
    for (int i = 0; i < links; i++) {
        const ls_node *b = n->list.items[i + 1];
        int right = ls_into_temp(u, b);
        ls_span span = {n->list.items[i]->span.start, b->span.end};
        ls_emit(u, span, compare_op(n->ops[i]), LS_X_TEMP_B | (i + 1 == links ? LS_X_TEMP_C : 0), result, left, right);
        if (i + 1 < links) ls_jump_add(u, &done, ls_emit_k(u, span, OP_JF, 0, result, 0));
        left = right;
    }
    ls_patch(u, done, ls_here(u));
    ls_emit(u, n->span, OP_MOVE, LS_X_TEMP_B, dest, result, 0);
    u->top = top;
}

/* a and b, a or b: dest is written once, at the end, since it may be a variable that b uses. */
static void and_or_into(ls_unit *u, const ls_node *n, int dest) {
    int top = u->top, done = -1, t = ls_temp(u);
    ls_into(u, n->a, t);
    ls_jump_add(u, &done, ls_emit_k(u, n->a->span, n->kind == LS_N_AND ? OP_JF : OP_JT, 0, t, 0));
    ls_into(u, n->b, t);
    ls_patch(u, done, ls_here(u));
    ls_emit(u, n->span, OP_MOVE, LS_X_TEMP_B, dest, t, 0);
    u->top = top;
}

static void ifexp_into(ls_unit *u, const ls_node *n, int dest) {
    int otherwise = -1, done = -1;
    ls_branch(u, n->b, false, &otherwise);
    ls_into(u, n->a, dest);
    ls_jump_to(u, n->span, &done);
    ls_patch(u, otherwise, ls_here(u));
    ls_into(u, n->c, dest);
    ls_patch(u, done, ls_here(u));
}

void ls_branch(ls_unit *u, const ls_node *n, bool sense, int *list) {
    int top = u->top, skip = -1;
    if (n->kind == LS_N_NOT) ls_branch(u, n->a, !sense, list);
    else if (n->kind == LS_N_AND || n->kind == LS_N_OR) {
        if ((n->kind == LS_N_AND) != sense) ls_branch(u, n->a, sense, list); /* either decides */
        else ls_branch(u, n->a, !sense, &skip);
        ls_branch(u, n->b, sense, list);
        ls_patch(u, skip, ls_here(u));
    } else if (n->kind == LS_N_TRUE || n->kind == LS_N_FALSE) {
        if ((n->kind == LS_N_TRUE) == sense) ls_jump_to(u, n->span, list);
    } else if (n->kind == LS_N_COMPARE && n->list.n == 2 && jump_op(n->ops[0]) >= 0) {
        const ls_node *a = n->list.items[0], *b = n->list.items[1];
        ls_operand l = ls_stable(u, a, ls_may_assign(b)), r = ls_value_of(u, b);
        int at = ls_emit_words(u, n->span, jump_op(n->ops[0]), ls_flags(l, r) | (sense ? LS_X_SENSE : 0), 0, l.at, r.at, 0, 0);
        ls_jump_add(u, list, at + 1);
    } else {
        ls_operand v = ls_value_of(u, n);
        ls_jump_add(u, list, ls_emit_k(u, n->span, sense ? OP_JT : OP_JF, v.temp ? LS_X_TEMP_A : 0, v.at, 0));
    }
    u->top = top;
}

static void unary_into(ls_unit *u, const ls_node *n, int op, int dest) {
    int top = u->top;
    ls_operand v = ls_value_of(u, n->a);
    ls_emit(u, n->span, op, v.temp ? LS_X_TEMP_B : 0, dest, v.at, 0);
    u->top = top;
}

/* ---- displays ---- */

static void collect(ls_unit *u, const ls_node *n, int list) {
    int top = u->top, base = top, pending = 0;
    for (int i = 0; i < n->list.n; i++) {
        const ls_node *item = n->list.items[i];
        bool starred = item->kind == LS_N_STARRED;
        if (pending && (starred || pending == CHUNK)) {
            ls_emit(u, n->span, OP_APPENDN, 0, list, base, pending);
            u->top = top;
            pending = 0;
        }
        if (starred) {
            ls_operand v = ls_value_of(u, item->a);
            ls_emit(u, item->span, OP_EXTEND, v.temp ? LS_X_TEMP_B : 0, list, v.at, 0);
            u->top = top;
        } else {
            ls_into_temp(u, item);
            pending++;
        }
    }
    if (pending) ls_emit(u, n->span, OP_APPENDN, 0, list, base, pending);
    u->top = top;
}

static bool has_starred(const ls_nodes *list) {
    for (int i = 0; i < list->n; i++)
        if (list->items[i]->kind == LS_N_STARRED) return true;
    return false;
}

static void sequence_into(ls_unit *u, const ls_node *n, int dest) {
    int top = u->top, base = top;
    ls_value v;
    if (n->kind == LS_N_LIST && n->list.n > 2 && literal_tuple(n, &v)) {
        ls_emit_k(u, n->span, OP_LISTK, 0, dest, ls_constant(u, v));
    } else if (n->list.n <= CHUNK && !has_starred(&n->list)) {
        for (int i = 0; i < n->list.n; i++) ls_into_temp(u, n->list.items[i]);
        ls_emit(u, n->span, n->kind == LS_N_LIST ? OP_LIST : OP_TUPLE, 0, dest, base, n->list.n);
    } else {
        int list = ls_temp(u);
        ls_emit(u, n->span, OP_LIST, 0, list, list, 0);
        collect(u, n, list);
        ls_emit(u, n->span, n->kind == LS_N_LIST ? OP_MOVE : OP_TOTUPLE, LS_X_TEMP_B, dest, list, 0);
    }
    u->top = top;
}

static void dict_into(ls_unit *u, const ls_node *n, int dest) {
    int top = u->top, d = ls_temp(u);
    ls_emit(u, n->span, OP_DICT, 0, d, 0, 0);
    for (int i = 0; i < n->list.n; i++) {
        const ls_node *item = n->list.items[i];
        int inner = u->top;
        if (item->kind == LS_N_DOUBLESTAR) {
            ls_operand v = ls_value_of(u, item->a);
            ls_emit(u, item->span, OP_DICTUPDATE, v.temp ? LS_X_TEMP_B : 0, d, v.at, 0);
        } else {
            ls_operand k = ls_stable(u, item->a, ls_may_assign(item->b)), v = ls_value_of(u, item->b);
            ls_emit(u, item->span, OP_DICTSET, ls_flags(k, v), d, k.at, v.at);
        }
        u->top = inner;
    }
    ls_emit(u, n->span, OP_MOVE, LS_X_TEMP_B, dest, d, 0);
    u->top = top;
}

static void matrix_into(ls_unit *u, const ls_node *n, int dest) {
    int top = u->top, rows = ls_temp(u);
    ls_emit(u, n->span, OP_LIST, 0, rows, rows, 0);
    collect(u, n, rows);
    ls_emit(u, n->span, OP_MATRIX, LS_X_TEMP_B, dest, rows, 0);
    u->top = top;
}

void ls_display_into(ls_unit *u, const ls_node *n, int dest) {
    if (n->kind == LS_N_DICT) dict_into(u, n, dest);
    else if (n->kind == LS_N_MATRIX) matrix_into(u, n, dest);
    else sequence_into(u, n, dest);
}

/* ---- formatted strings ---- */

static void field_into(ls_unit *u, const ls_node *n, int dest) {
    int top = u->top, spec = LS_NO_OPERAND;
    int conversion = n->conversion ? n->conversion : n->text && !n->b ? 'r' : 0;
    ls_operand v = ls_stable(u, n->a, n->b && ls_may_assign(n->b));
    int flags = v.temp ? LS_X_TEMP_B : 0;
    if (n->b) {
        spec = ls_temp(u);
        ls_into(u, n->b, spec);
        flags |= LS_X_TEMP_C;
    }
    flags |= conversion == 'r' ? 16 : conversion == 's' ? 32 : conversion == 'a' ? 48 : 0;
    ls_emit(u, n->span, OP_FORMAT, flags, dest, v.at, spec);
    u->top = top;
}

void ls_fstring_into(ls_unit *u, const ls_node *n, int dest) {
    int top = u->top, base = top, parts = 0;
    for (int i = 0; i < n->list.n; i++) {
        const ls_node *part = n->list.items[i];
        if (part->kind == LS_N_FIELD && part->text) { /* {x=} */
            int k = ls_constant(u, ls_str_from(part->text));
            ls_emit_k(u, part->span, OP_LOADK, 0, ls_temp(u), k);
            parts++;
        }
        int t = ls_temp(u);
        if (part->kind == LS_N_FIELD) field_into(u, part, t);
        else ls_into(u, part, t);
        parts++;
        if (parts >= CHUNK) {
            ls_emit(u, n->span, OP_JOIN, 0, base, base, parts);
            u->top = base + 1;
            parts = 1;
        }
    }
    ls_emit(u, n->span, OP_JOIN, 0, dest, base, parts);
    u->top = top;
}

/* ---- attributes, subscripts, walrus ---- */

static void attribute_into(ls_unit *u, const ls_node *n, int dest) {
    int top = u->top;
    ls_operand v = ls_value_of(u, n->a);
    int at = ls_emit_words(u, n->span, OP_ATTR, v.temp ? LS_X_TEMP_B : 0, dest, v.at, 0, ls_cache_of(u, n->text), 0);
    ls_name_span(u, at, n->op_span);
    u->top = top;
}

static void subscript_into(ls_unit *u, const ls_node *n, int dest) {
    int top = u->top;
    ls_subscript_code s;
    ls_subscript_of(u, n, false, &s);
    ls_subscript_read(u, n, &s, dest, false);
    u->top = top;
}

static void walrus_into(ls_unit *u, const ls_node *n, int dest) {
    int top = u->top, t = ls_into_temp(u, n->b);
    ls_scope *inner = u->scope;
    while (u->scope->kind == LS_SCOPE_COMPREHENSION) u->scope = u->scope->parent;
    ls_store_name(u, n->span, n->a->text, (ls_operand){(int16_t)t, false});
    u->scope = inner;
    ls_emit(u, n->span, OP_MOVE, LS_X_TEMP_B, dest, t, 0);
    u->top = top;
}

/* ---- all kinds ---- */

void ls_into(ls_unit *u, const ls_node *n, int dest) {
    ls_value v;
    if (u->c->failed) return;
    if (ls_literal(n, &v)) {
        int top = u->top;
        ls_operand k = ls_resident(u, n->span, v);
        ls_emit(u, n->span, OP_MOVE, k.temp ? LS_X_TEMP_B : 0, dest, k.at, 0);
        u->top = top;
        return;
    }
    switch (n->kind) {
    case LS_N_NAME: name_into(u, n, dest); return;
    case LS_N_FSTRING: ls_fstring_into(u, n, dest); return;
    case LS_N_TUPLE:
    case LS_N_LIST:
    case LS_N_DICT:
    case LS_N_MATRIX: ls_display_into(u, n, dest); return;
    case LS_N_PRINTED: ls_emit_k(u, n->span, OP_PRINTED, 0, dest, ls_constant(u, ls_str_new(n->text, n->length))); return;
    case LS_N_UNARY: unary_into(u, n, OP_NEG + (int)(n->op - LS_OP_NEG), dest); return;
    case LS_N_NOT: unary_into(u, n, OP_NOT, dest); return;
    case LS_N_BINARY: binary_into(u, n, dest); return;
    case LS_N_COMPARE: compare_into(u, n, dest); return;
    case LS_N_AND:
    case LS_N_OR: and_or_into(u, n, dest); return;
    case LS_N_IFEXP: ifexp_into(u, n, dest); return;
    case LS_N_LAMBDA: ls_function_into(u, n, dest); return;
    case LS_N_WALRUS: walrus_into(u, n, dest); return;
    case LS_N_CALL: ls_call_into(u, n, dest); return;
    case LS_N_ATTRIBUTE: attribute_into(u, n, dest); return;
    case LS_N_SUBSCRIPT: subscript_into(u, n, dest); return;
    case LS_N_LISTCOMP:
    case LS_N_GENEXP:
    case LS_N_DICTCOMP: ls_comprehension_into(u, n, dest); return;
    case LS_N_STARRED: ls_compile_fail(u, n->span, "can't use starred expression here"); return;
    default: ls_compile_fail(u, n->span, "invalid syntax"); return;
    }
}
