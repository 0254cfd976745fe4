/* Calls, function definitions and comprehensions. */
#include "base/alloc.h"
#include "lang/compile/compiler.h"
#include <string.h>

enum { MANY = 64 }; /* beyond so many arguments a call goes through a list */

/* ---- calls ---- */

static bool is_simple(const ls_nodes *args) {
    bool keyword = false;
    for (int i = 0; i < args->n; i++) {
        ls_node_kind k = args->items[i]->kind;
        if (k == LS_N_STARRED || k == LS_N_DOUBLESTAR || (keyword && k != LS_N_KEYWORD)) return false;
        keyword = k == LS_N_KEYWORD;
    }
    return args->n <= MANY;
}

/* f(*xs, a, k=1, **kw): the callee, a list and a dictionary. */
static void general_call(ls_unit *u, const ls_node *n, int base, int dest) {
    const ls_nodes *args = &n->list;
    int list = ls_temp(u), dict = ls_temp(u);
    bool named = false;
    ls_emit(u, n->span, OP_LIST, 0, list, list, 0);
    for (int i = 0; i < args->n; i++) named |= args->items[i]->kind == LS_N_KEYWORD || args->items[i]->kind == LS_N_DOUBLESTAR;
    if (named) ls_emit(u, n->span, OP_DICT, 0, dict, 0, 0);
    else ls_emit(u, n->span, OP_DROP, 0, dict, 0, 0);
    for (int i = 0; i < args->n; i++) {
        const ls_node *arg = args->items[i];
        int top = u->top;
        if (arg->kind == LS_N_KEYWORD) {
            ls_operand key = ls_resident(u, arg->span, ls_str_from(arg->text)), v = ls_value_of(u, arg->a);
            ls_emit(u, arg->span, OP_DICTSET, ls_flags(key, v), dict, key.at, v.at);
        } else {
            ls_operand v = ls_value_of(u, arg->kind == LS_N_STARRED || arg->kind == LS_N_DOUBLESTAR ? arg->a : arg);
            int x = v.temp ? LS_X_TEMP_B : 0;
            if (arg->kind == LS_N_DOUBLESTAR) ls_emit(u, arg->span, OP_DICTUPDATE, x | LS_X_CALL, dict, v.at, 0);
            else if (arg->kind == LS_N_STARRED) ls_emit(u, arg->span, OP_EXTEND, x | LS_X_CALL, list, v.at, 0);
            else ls_emit(u, arg->span, OP_APPEND, x, list, v.at, 0);
        }
        u->top = top;
    }
    ls_emit(u, n->span, OP_CALLEX, 0, base, 0, dest);
}

void ls_call_into(ls_unit *u, const ls_node *n, int dest) {
    const ls_nodes *args = &n->list;
    int top = u->top, base = ls_temp(u), npositional = 0;
    bool simple = is_simple(args), method = simple && n->a->kind == LS_N_ATTRIBUTE;
    ls_into(u, method ? n->a->a : n->a, base);
    if (!simple) {
        general_call(u, n, base, dest);
        u->top = top;
        return;
    }
    ls_span spans[MANY + 1];
    const char *words[MANY + 1] = {0};
    int first = method ? 1 : 0;
    if (method) spans[0] = n->a->a->span;
    for (int i = 0; i < args->n; i++) {
        const ls_node *arg = args->items[i];
        bool keyword = arg->kind == LS_N_KEYWORD;
        spans[first + i] = keyword ? arg->a->span : arg->span;
        words[first + i] = keyword ? arg->text : NULL;
        for (int j = 0; keyword && j < i; j++)
            if (words[first + j] && strcmp(words[first + j], arg->text) == 0)
                ls_compile_fail(u, arg->span, "keyword argument repeated: %s", arg->text);
        if (!keyword) npositional++;
        ls_into_temp(u, keyword ? arg->a : arg);
    }
    int names = args->n > npositional ? ls_name_list(u, args->n - npositional, words + first + npositional) : -1;
    int at = method      ? ls_emit_words(u, n->span, OP_CALLM, 0, base, npositional, dest, ls_cache_of(u, n->a->text), names)
             : names < 0 ? ls_emit(u, n->span, OP_CALL, 0, base, npositional, dest)
                         : ls_emit_words(u, n->span, OP_CALLKW, 0, base, npositional, dest, names, 0);
    if (method) ls_name_span(u, at, n->a->op_span);
    ls_note_places(u, at, first + args->n, spans, words);
    u->top = top;
}

/* ---- functions ---- */

static int add_child(ls_unit *u, ls_code *child) {
    if (!child) return 0;
    ls_code *code = u->code;
    if (code->nchildren == u->room_children) {
        int more = u->room_children ? u->room_children * 2 : 4;
        struct ls_code **children = lsv_realloc(code->children, (size_t)more * sizeof(ls_code *));
        if (!children) {
            ls_code_release(child);
            if (!u->c->failed) ls_no_memory(u->c->in);
            u->c->failed = true;
            return 0;
        }
        code->children = children;
        u->room_children = more;
    }
    code->children[code->nchildren] = child;
    return code->nchildren++;
}

/* Register of the cell that the function being made captures, in this frame. */
static int cell_register(ls_unit *u, const ls_symbol *y) {
    int captured = ls_scope_capture(u->scope->frame, y);
    return captured >= 0 ? u->code->first_capture + captured : y->reg;
}

void ls_function_into(ls_unit *u, const ls_node *n, int dest) {
    const ls_function_node *f = n->function;
    int top = u->top, base = top, ndecorators = f->decorators.n;
    for (int i = 0; i < ndecorators; i++) { /* each waits as a callee, with room for its argument */
        int t = ls_temp(u);
        ls_into(u, f->decorators.items[i], t);
    }
    int defaults = u->top;
    for (int i = 0; i < f->nparams; i++)
        if (f->params[i].fallback) ls_into_temp(u, f->params[i].fallback);
    ls_code *child = u->c->failed ? NULL : ls_compile_function(u, f);
    if (!child) return;
    const ls_scope *scope = ls_scope_child(u->scope, f);
    if (child->ncaptures) {
        child->captures = lsv_malloc((size_t)child->ncaptures * sizeof *child->captures);
        if (!child->captures) {
            if (!u->c->failed) ls_no_memory(u->c->in);
            u->c->failed = true;
            ls_code_release(child);
            return;
        }
        for (const ls_capture *c = scope->captures; c; c = c->next) child->captures[c->number] = (int16_t)cell_register(u, c->symbol);
    }
    int k = add_child(u, child);
    u->top = defaults;
    ls_span head = {n->span.start, n->span.start + 3 < n->span.end ? n->span.start + 3 : n->span.end};
    int made = ndecorators ? ls_temp(u) : dest; /* right behind the innermost decorator */
    ls_emit_words(u, head, OP_FUNCTION, 0, made, defaults, 0, k, 0);
    for (int i = ndecorators - 1; i >= 0; i--)
        ls_emit(u, f->decorators.items[i]->span, OP_CALL, 0, base + i, 1, i ? base + i : dest);
    u->top = top;
}

/* ---- comprehensions ---- */

/* The loops from number i on, innermost: the element. */
static void clause(ls_unit *u, const ls_node *n, int i, int result, ls_scope *outer, ls_scope *inner) {
    if (u->c->failed) return;
    int top = u->top;
    if (i == n->list.n) {
        if (n->kind == LS_N_DICTCOMP) {
            ls_operand k = ls_stable(u, n->a->a, ls_may_assign(n->a->b)), v = ls_value_of(u, n->a->b);
            ls_emit(u, n->a->span, OP_DICTSET, ls_flags(k, v), result, k.at, v.at);
        } else {
            ls_operand v = ls_value_of(u, n->a);
            ls_emit(u, n->a->span, OP_APPEND, v.temp ? LS_X_TEMP_B : 0, result, v.at, 0);
        }
        u->top = top;
        return;
    }
    const ls_node *f = n->list.items[i];
    int h = ls_temp(u), next = -1, skip = -1;
    ls_temp(u);
    ls_temp(u);
    u->scope = i == 0 ? outer : inner;
    ls_loop_prepare(u, f->b, h);
    u->scope = inner;
    ls_jump_to(u, f->span, &next);
    int body = ls_here(u), item = ls_loop_item(u, f->a);
    if (item < 0) {
        item = ls_temp(u);
        ls_store(u, f->a, (ls_operand){(int16_t)item, true});
    }
    for (int j = 0; j < f->list.n; j++) ls_branch(u, f->list.items[j], false, &skip);
    clause(u, n, i + 1, result, outer, inner);
    ls_patch(u, next, ls_here(u));
    ls_patch(u, skip, ls_here(u));
    int at = ls_emit_words(u, f->b->span, OP_FOR, 0, h, item, 0, 0, 0);
    if (!u->c->failed) u->code->insns[at + 1].k = body - (at + 2);
    u->top = top;
}

void ls_comprehension_into(ls_unit *u, const ls_node *n, int dest) {
    int top = u->top, result = ls_temp(u), variables = u->top;
    ls_scope *outer = u->scope, *inner = ls_scope_child(outer, n);
    if (!inner) return;
    for (ls_symbol *y = inner->symbols; y; y = y->next) {
        if (!y->bound) continue;
        y->reg = ls_temp(u);
        ls_emit(u, n->span, y->captured ? OP_NEWCELL : OP_DROP, 0, y->reg, 0, 0);
    }
    int end = u->top;
    if (n->kind == LS_N_DICTCOMP) ls_emit(u, n->span, OP_DICT, 0, result, 0, 0);
    else ls_emit(u, n->span, OP_LIST, 0, result, result, 0);
    clause(u, n, 0, result, outer, inner);
    u->scope = outer;
    for (int r = variables; r < end; r++) ls_emit(u, n->span, OP_DROP, 0, r, 0, 0);
    ls_emit(u, n->span, n->kind == LS_N_GENEXP ? OP_TOITER : OP_MOVE, LS_X_TEMP_B, dest, result, 0);
    u->top = top;
}
