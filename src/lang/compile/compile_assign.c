/* Assignment, its targets, subscripts and del. */
#include "lang/compile/compiler.h"
#include <string.h>

enum { NONE = LS_NO_OPERAND };

/* ---- subscripts ---- */

static int16_t part(ls_unit *u, const ls_node *n, bool risky) { return n ? ls_stable(u, n, risky).at : (int16_t)NONE; }

static void pattern_item(ls_unit *u, const ls_node *n, bool risky, ls_index_item *item) {
    if (n->kind == LS_N_SLICE) {
        item->kind = LS_ITEM_SLICE;
        item->operand = part(u, n->a, risky);
        item->stop = part(u, n->b, risky);
        item->step = part(u, n->c, risky);
    } else {
        item->kind = LS_ITEM_VALUE;
        item->operand = part(u, n, risky);
    }
}

static bool is_pattern(const ls_node *index) {
    if (index->kind == LS_N_SLICE) return true;
    if (index->kind != LS_N_TUPLE || index->list.n == 0) return false;
    for (int i = 0; i < index->list.n; i++)
        if (index->list.items[i]->kind == LS_N_STARRED) return false;
    return true;
}

/* Evaluates the object and the index. risky: what is evaluated afterwards, before they are used, may assign. */
void ls_subscript_of(ls_unit *u, const ls_node *n, bool risky, ls_subscript_code *s) {
    bool unsteady = risky || ls_may_assign(n->b);
    s->pattern = -1;
    s->object = ls_stable(u, n->a, unsteady);
    if (!is_pattern(n->b)) {
        s->index = ls_stable(u, n->b, risky);
        return;
    }
    bool tuple = n->b->kind == LS_N_TUPLE;
    int count = tuple ? n->b->list.n : 1, first = u->top, number = 0;
    ls_pattern *p = ls_pattern_new(u, count, &number);
    if (!p) return;
    p->tuple = tuple;
    for (int i = 0; i < count; i++) {
        ls_index_item item = {0};
        pattern_item(u, tuple ? n->b->list.items[i] : n->b, unsteady, &item);
        if (u->c->failed) return;
        u->code->patterns[number].items[i] = item; /* the table may have moved */
    }
    p = &u->code->patterns[number];
    p->first_temp = (int16_t)first;
    p->ntemps = (int16_t)(u->top - first);
    s->pattern = number;
}

/* keep: the object and the index are needed again (augmented assignment). */
void ls_subscript_read(ls_unit *u, const ls_node *n, const ls_subscript_code *s, int dest, bool keep) {
    int x = s->object.temp && !keep ? LS_X_TEMP_B : 0;
    if (s->pattern < 0) {
        if (s->index.temp && !keep) x |= LS_X_TEMP_C;
        ls_emit(u, n->span, OP_INDEX1, x, dest, s->object.at, s->index.at);
    } else {
        if (keep && !u->c->failed) u->code->patterns[s->pattern].ntemps = 0;
        ls_emit_words(u, n->span, OP_INDEX, x, dest, s->object.at, 0, s->pattern, 0);
    }
}

static void subscript_write(ls_unit *u, const ls_node *n, const ls_subscript_code *s, ls_operand v) {
    int x = (s->object.temp ? LS_X_TEMP_A : 0) | (v.temp ? LS_X_TEMP_C : 0);
    if (s->pattern < 0)
        ls_emit(u, n->span, OP_SETINDEX1, x | (s->index.temp ? LS_X_TEMP_B : 0), s->object.at, s->index.at, v.at);
    else ls_emit_words(u, n->span, OP_SETINDEX, x, s->object.at, 0, v.at, s->pattern, 0);
}

/* ---- storing ---- */

static void unpack(ls_unit *u, const ls_node *target, ls_operand v) {
    int top = u->top, n = target->list.n, star = -1;
    for (int i = 0; i < n; i++) {
        if (target->list.items[i]->kind != LS_N_STARRED) continue;
        if (star >= 0) ls_compile_fail(u, target->list.items[i]->span, "multiple starred expressions in assignment");
        star = i;
    }
    int base = u->top;
    for (int i = 0; i < n; i++) ls_temp(u);
    int x = v.temp ? LS_X_TEMP_B : 0;
    if (star < 0) ls_emit(u, target->span, OP_UNPACK, x, base, v.at, n);
    else ls_emit_words(u, target->span, OP_UNPACKEX, x, base, v.at, 0, star, n - star - 1);
    for (int i = 0; i < n; i++) {
        const ls_node *item = target->list.items[i];
        ls_store(u, item->kind == LS_N_STARRED ? item->a : item, (ls_operand){(int16_t)(base + i), true});
    }
    u->top = top;
}

void ls_store(ls_unit *u, const ls_node *target, ls_operand v) {
    int top = u->top;
    if (u->c->failed) return;
    switch (target->kind) {
    case LS_N_NAME: ls_store_name(u, target->span, target->text, v); break;
    case LS_N_TUPLE:
    case LS_N_LIST: unpack(u, target, v); break;
    case LS_N_SUBSCRIPT: {
        ls_subscript_code s;
        ls_subscript_of(u, target, false, &s);
        subscript_write(u, target, &s, v);
        break;
    }
    case LS_N_ATTRIBUTE: {
        ls_operand object = ls_value_of(u, target->a);
        int x = (object.temp ? LS_X_TEMP_A : 0) | (v.temp ? LS_X_TEMP_B : 0);
        ls_name_span(u, ls_emit_words(u, target->span, OP_SETATTR, x, object.at, v.at, 0, ls_cache_of(u, target->text), 0), target->op_span);
        break;
    }
    case LS_N_STARRED: ls_compile_fail(u, target->span, "starred assignment target must be in a list or tuple"); break;
    default: ls_compile_fail(u, target->span, "cannot assign to this expression");
    }
    u->top = top;
}

/* The register that is the variable itself, if it is one; else -1. */
static int variable_register(ls_unit *u, const ls_node *target) {
    if (target->kind != LS_N_NAME) return -1;
    ls_place p = ls_place_of(u, target->span, target->text);
    if (p.type == LS_AT_REGISTER) return p.at;
    return p.type == LS_AT_GLOBAL && u->direct ? LS_GLOBAL_BASE + p.at : -1;
}

int ls_loop_item(ls_unit *u, const ls_node *target) { return variable_register(u, target); }

static bool plain_tuple(const ls_node *n) {
    if (n->kind != LS_N_TUPLE) return false;
    for (int i = 0; i < n->list.n; i++)
        if (n->list.items[i]->kind == LS_N_STARRED) return false;
    return true;
}

void ls_assign(ls_unit *u, const ls_node *n) {
    int top = u->top;
    const ls_node *first = n->list.items[0];
    int r = n->list.n == 1 ? variable_register(u, first) : -1;
    if (r >= 0) ls_into(u, n->b, r);
    else if (n->list.n == 1 && plain_tuple(first) && plain_tuple(n->b) && first->list.n == n->b->list.n) {
        for (int i = 0; i < first->list.n; i++) ls_into_temp(u, n->b->list.items[i]); /* a, b = b, a */
        for (int i = 0; i < first->list.n; i++) ls_store(u, first->list.items[i], (ls_operand){(int16_t)(top + i), true});
    } else {
        bool risky = n->list.n > 1;
        for (int i = 0; i < n->list.n; i++) risky |= ls_may_assign(n->list.items[i]);
        ls_operand v = ls_stable(u, n->b, risky);
        for (int i = 0; i < n->list.n; i++) {
            bool last = i + 1 == n->list.n;
            ls_store(u, n->list.items[i], (ls_operand){v.at, v.temp && last});
        }
    }
    u->top = top;
}

void ls_augassign(ls_unit *u, const ls_node *n) {
    int top = u->top, op = OP_ADD + (int)n->op, r = variable_register(u, n->a);
    bool risky = ls_may_assign(n->b);
    if (n->a->kind == LS_N_NAME) {
        ls_operand old = ls_stable(u, n->a, risky), v = ls_value_of(u, n->b);
        int t = r >= 0 ? r : ls_temp(u);
        ls_emit(u, n->span, op, LS_X_INPLACE | ls_flags(old, v), t, old.at, v.at);
        if (r < 0) ls_store(u, n->a, (ls_operand){(int16_t)t, true});
    } else if (n->a->kind == LS_N_SUBSCRIPT) {
        ls_subscript_code s;
        ls_subscript_of(u, n->a, risky, &s);
        int t = ls_temp(u);
        ls_subscript_read(u, n->a, &s, t, true);
        ls_operand v = ls_value_of(u, n->b);
        ls_emit(u, n->span, op, LS_X_INPLACE | LS_X_TEMP_B | (v.temp ? LS_X_TEMP_C : 0), t, t, v.at);
        subscript_write(u, n->a, &s, (ls_operand){(int16_t)t, true});
    } else if (n->a->kind == LS_N_ATTRIBUTE) {
        ls_operand object = ls_stable(u, n->a->a, risky);
        int t = ls_temp(u), cache = ls_cache_of(u, n->a->text);
        ls_emit_words(u, n->a->span, OP_ATTR, 0, t, object.at, 0, cache, 0);
        ls_operand v = ls_value_of(u, n->b);
        ls_emit(u, n->span, op, LS_X_INPLACE | LS_X_TEMP_B | (v.temp ? LS_X_TEMP_C : 0), t, t, v.at);
        ls_emit_words(u, n->span, OP_SETATTR, LS_X_TEMP_B | (object.temp ? LS_X_TEMP_A : 0), object.at, t, 0, ls_cache_of(u, n->a->text), 0);
    } else ls_compile_fail(u, n->a->span, "illegal expression for augmented assignment");
    u->top = top;
}

void ls_delete(ls_unit *u, const ls_node *n) {
    int top = u->top;
    switch (n->kind) {
    case LS_N_NAME: {
        ls_place p = ls_place_of(u, n->span, n->text);
        if (p.type == LS_AT_GLOBAL) ls_emit_k(u, n->span, OP_DELG, 0, 0, p.at);
        else ls_emit(u, n->span, p.type == LS_AT_CELL ? OP_DELCELL : OP_DELLOCAL, 0, p.at, 0, 0);
        break;
    }
    case LS_N_TUPLE:
    case LS_N_LIST:
        for (int i = 0; i < n->list.n; i++) ls_delete(u, n->list.items[i]);
        break;
    case LS_N_SUBSCRIPT: {
        ls_subscript_code s;
        ls_subscript_of(u, n, false, &s);
        if (s.pattern < 0) { /* one index: a pattern of one item */
            ls_pattern *p = ls_pattern_new(u, 1, &s.pattern);
            if (!p) break;
            p->items[0] = (ls_index_item){.kind = LS_ITEM_VALUE, .operand = s.index.at};
            p->first_temp = s.index.at;
            p->ntemps = s.index.temp ? 1 : 0;
        }
        ls_emit_words(u, n->span, OP_DELINDEX, s.object.temp ? LS_X_TEMP_A : 0, s.object.at, 0, 0, s.pattern, 0);
        break;
    }
    case LS_N_ATTRIBUTE: ls_compile_fail(u, n->span, "attributes cannot be deleted"); break;
    default: ls_compile_fail(u, n->span, "cannot delete this expression");
    }
    u->top = top;
}
