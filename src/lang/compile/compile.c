/* Statements, and the compiler's way in. */
#include "lang/compile/compile.h"
#include "base/alloc.h"
#include "lang/compile/compiler.h"
#include <string.h>

static void statement(ls_unit *u, const ls_node *n);

void ls_compile_statements(ls_unit *u, const ls_nodes *list) {
    for (int i = 0; i < list->n && !u->c->failed; i++) statement(u, list->items[i]);
}

/* ---- loops ---- */

void ls_loop_prepare(ls_unit *u, const ls_node *source, int h) {
    int top = u->top;
    const ls_nodes *args = &source->list;
    if (source->kind == LS_N_CALL && source->a->kind == LS_N_NAME && strcmp(source->a->text, "range") == 0 &&
        args->n >= 1 && args->n <= 3) {
        ls_place p = ls_place_of(u, source->a->span, "range");
        bool plain = p.type == LS_AT_GLOBAL;
        for (int i = 0; i < args->n; i++) {
            ls_node_kind k = args->items[i]->kind;
            plain &= k != LS_N_STARRED && k != LS_N_DOUBLESTAR && k != LS_N_KEYWORD;
        }
        if (plain) {
            for (int i = 0; i < args->n; i++) ls_into_temp(u, args->items[i]);
            int at = ls_emit_words(u, source->span, OP_RANGEPREP, 0, h, top, args->n, p.at, 0);
            ls_span spans[3];
            for (int i = 0; i < args->n; i++) spans[i] = args->items[i]->span;
            ls_note_places(u, at, args->n, spans, NULL);
            u->top = top;
            return;
        }
    }
    ls_operand v = ls_value_of(u, source);
    ls_emit(u, source->span, OP_FORPREP, v.temp ? LS_X_TEMP_B : 0, h, v.at, 0);
    u->top = top;
}

static void for_statement(ls_unit *u, const ls_node *n) {
    int top = u->top, h = ls_temp(u), next = -1;
    ls_temp(u);
    ls_temp(u);
    ls_loop_prepare(u, n->b, h);
    ls_jump_to(u, n->span, &next);
    ls_loop loop = {u->loop, -1, -1, h};
    u->loop = &loop;
    int body = ls_here(u), item = ls_loop_item(u, n->a);
    bool variable = item >= 0;
    if (!variable) {
        item = ls_temp(u);
        ls_store(u, n->a, (ls_operand){(int16_t)item, true});
    }
    ls_compile_statements(u, &n->body);
    ls_patch(u, next, ls_here(u));
    ls_patch(u, loop.continues, ls_here(u));
    int at = ls_emit_words(u, n->b->span, OP_FOR, 0, h, item, 0, 0, 0);
    if (!u->c->failed) u->code->insns[at + 1].k = body - (at + 2);
    u->loop = loop.outer;
    ls_compile_statements(u, &n->orelse);
    ls_patch(u, loop.breaks, ls_here(u));
    u->top = top;
}

static void while_statement(ls_unit *u, const ls_node *n) {
    int test = -1, again = -1;
    ls_jump_to(u, n->span, &test);
    ls_loop loop = {u->loop, -1, -1, -1};
    u->loop = &loop;
    int body = ls_here(u);
    ls_compile_statements(u, &n->body);
    ls_patch(u, test, ls_here(u));
    ls_patch(u, loop.continues, ls_here(u));
    ls_branch(u, n->a, true, &again);
    ls_patch(u, again, body);
    u->loop = loop.outer;
    ls_compile_statements(u, &n->orelse);
    ls_patch(u, loop.breaks, ls_here(u));
}

static void leave_loop(ls_unit *u, const ls_node *n) {
    bool leave = n->kind == LS_N_BREAK;
    if (!u->loop) {
        if (leave) ls_compile_fail(u, n->span, "'break' outside loop");
        else ls_compile_fail(u, n->span, "'continue' not properly in loop");
        return;
    }
    if (leave && u->loop->iterator >= 0) ls_emit(u, n->span, OP_DROP, 0, u->loop->iterator, 0, 0);
    ls_jump_to(u, n->span, leave ? &u->loop->breaks : &u->loop->continues);
}

static void if_statement(ls_unit *u, const ls_node *n) {
    int otherwise = -1, done = -1;
    ls_branch(u, n->a, false, &otherwise);
    ls_compile_statements(u, &n->body);
    if (n->orelse.n) ls_jump_to(u, n->span, &done);
    ls_patch(u, otherwise, ls_here(u));
    ls_compile_statements(u, &n->orelse);
    ls_patch(u, done, ls_here(u));
}

/* ---- imports ---- */

static void import_statement(ls_unit *u, const ls_node *n) {
    for (int i = 0; i < n->list.n; i++) {
        const ls_node *alias = n->list.items[i];
        int top = u->top, t = ls_temp(u);
        const char *dot = strchr(alias->text, '.');
        bool package = !alias->text2 && dot; /* import a.b binds a */
        ls_emit_k(u, alias->span, OP_IMPORT, package ? 16 : 0, t, ls_name_list(u, 1, (const char *[]){alias->text}));
        const char *name = alias->text2;
        if (!name) name = package ? ls_arena_text(&u->c->arena, alias->text, (size_t)(dot - alias->text)) : alias->text;
        if (name) ls_store_name(u, alias->span, name, (ls_operand){(int16_t)t, true});
        u->top = top;
    }
}

static void from_statement(ls_unit *u, const ls_node *n) {
    int top = u->top, module = ls_temp(u);
    ls_emit_k(u, n->span, OP_IMPORT, 0, module, ls_name_list(u, 1, (const char *[]){n->text}));
    for (int i = 0; i < n->list.n; i++) {
        const ls_node *alias = n->list.items[i];
        if (strcmp(alias->text, "*") == 0) {
            if (!u->cell) ls_compile_fail(u, n->span, "import * only allowed at module level");
            ls_emit(u, n->span, OP_IMPORTSTAR, 0, module, 0, 0);
            continue;
        }
        int t = ls_temp(u);
        ls_emit_words(u, alias->span, OP_IMPORTFROM, 0, t, module, 0, ls_name_list(u, 1, (const char *[]){alias->text}), 0);
        ls_store_name(u, alias->span, alias->text2 ? alias->text2 : alias->text, (ls_operand){(int16_t)t, true});
    }
    u->top = top;
}

/* ---- statements ---- */

static void assert_statement(ls_unit *u, const ls_node *n) {
    int fine = -1;
    ls_branch(u, n->a, true, &fine);
    if (n->b) {
        ls_operand v = ls_value_of(u, n->b);
        ls_emit(u, n->a->span, OP_ASSERT, v.temp ? LS_X_TEMP_A : 0, v.at, 1, 0);
    } else ls_emit(u, n->a->span, OP_ASSERT, 0, 0, 0, 0);
    ls_patch(u, fine, ls_here(u));
}

static void return_statement(ls_unit *u, const ls_node *n) {
    if (u->cell) ls_compile_fail(u, n->span, "'return' outside function");
    if (!n->a) {
        ls_emit(u, n->span, OP_RETNONE, 0, 0, 0, 0);
        return;
    }
    ls_operand v = ls_value_of(u, n->a);
    ls_emit(u, n->a->span, OP_RETURN, v.temp ? LS_X_TEMP_A : 0, v.at, 0, 0);
}

static void expression_statement(ls_unit *u, const ls_node *n) {
    if (n->kind == LS_N_STR) return; /* a docstring, a comment of a kind */
    ls_operand v = ls_value_of(u, n);
    if (v.temp) ls_emit(u, n->span, OP_DROP, 0, v.at, 0, 0);
    else if (v.at >= 0) { /* a bare name must have a value */
        int t = ls_temp(u);
        ls_emit(u, n->span, OP_MOVE, 0, t, v.at, 0);
        ls_emit(u, n->span, OP_DROP, 0, t, 0, 0);
    }
}

static void statement(ls_unit *u, const ls_node *n) {
    int top = u->top;
    switch (n->kind) {
    case LS_N_EXPR: expression_statement(u, n->a); break;
    case LS_N_ASSIGN: ls_assign(u, n); break;
    case LS_N_AUGASSIGN: ls_augassign(u, n); break;
    case LS_N_ANNASSIGN:
        if (n->b) {
            int r = ls_loop_item(u, n->a);
            if (r >= 0) ls_into(u, n->b, r);
            else ls_store(u, n->a, ls_stable(u, n->b, ls_may_assign(n->a)));
        }
        break;
    case LS_N_IF: if_statement(u, n); break;
    case LS_N_FOR: for_statement(u, n); break;
    case LS_N_WHILE: while_statement(u, n); break;
    case LS_N_BREAK:
    case LS_N_CONTINUE: leave_loop(u, n); break;
    case LS_N_PASS:
    case LS_N_GLOBAL:
    case LS_N_NONLOCAL: break;
    case LS_N_DEF: {
        int t = ls_temp(u);
        ls_function_into(u, n, t);
        ls_store_name(u, n->span, n->function->name, (ls_operand){(int16_t)t, true});
        break;
    }
    case LS_N_RETURN: return_statement(u, n); break;
    case LS_N_ASSERT: assert_statement(u, n); break;
    case LS_N_DEL:
        for (int i = 0; i < n->list.n; i++) ls_delete(u, n->list.items[i]);
        break;
    case LS_N_IMPORT: import_statement(u, n); break;
    case LS_N_FROMIMPORT: from_statement(u, n); break;
    case LS_N_BLOCK: ls_compile_statements(u, n->list.n ? &n->list : &n->body); break;
    default: ls_compile_fail(u, n->span, "invalid syntax");
    }
    u->top = top;
}

/* A cell's statements: the value of expressions, and of the last assignment, may be echoed. */
static void cell_statements(ls_unit *u, const ls_nodes *list, bool last, bool quiet) {
    for (int i = 0; i < list->n && !u->c->failed; i++) {
        const ls_node *n = list->items[i];
        int top = u->top, x = (last && i + 1 == list->n ? LS_X_LAST : 0) | (quiet ? LS_X_QUIET : 0);
        if (n->kind == LS_N_EXPR) {
            int t = ls_into_temp(u, n->a);
            ls_emit(u, n->a->span, OP_SHOW, x | LS_X_TEMP_A, t, 0, 0);
            u->top = top;
            continue;
        }
        statement(u, n);
        const ls_node *target = n->kind == LS_N_ASSIGN && n->list.n == 1 ? n->list.items[0]
                                : n->kind == LS_N_AUGASSIGN || (n->kind == LS_N_ANNASSIGN && n->b) ? n->a
                                                                                                   : NULL;
        if (!(x & LS_X_LAST) || !target || target->kind != LS_N_NAME) continue;
        int t = ls_into_temp(u, target);
        ls_emit(u, target->span, OP_SHOW, x | LS_X_TEMP_A | LS_X_ASSIGNED, t, 0, 0);
        u->top = top;
    }
}

/* ---- functions ---- */

static void *table(ls_unit *u, int n, size_t size) {
    void *at = lsv_calloc((size_t)(n ? n : 1), size);
    if (!at) {
        if (!u->c->failed) ls_no_memory(u->c->in);
        u->c->failed = true;
    }
    return at;
}

static ls_symbol *symbol_of(const ls_scope *s, const char *name) {
    for (ls_symbol *y = s->symbols; y; y = y->next)
        if (strcmp(y->name, name) == 0) return y;
    return NULL;
}

/* Parameters get the first registers (positional, keyword-only, *args, **kw), then the other locals,
   then the cells captured from outside. */
static void lay_out(ls_unit *u, const ls_function_node *f) {
    ls_code *code = u->code;
    ls_scope *s = u->scope;
    int count = s->ncaptures, next = 0, numbered = 0;
    for (ls_symbol *y = s->symbols; y; y = y->next) count++;
    code->locals = table(u, count, sizeof *code->locals);
    code->required = table(u, f->nparams, sizeof *code->required);
    code->default_params = table(u, f->nparams, sizeof *code->default_params);
    code->wrapped = table(u, f->nparams, sizeof *code->wrapped);
    if (u->c->failed) return;
    static const ls_param_kind order[] = {LS_PARAM_PLAIN, LS_PARAM_KWONLY, LS_PARAM_STAR, LS_PARAM_DOUBLESTAR};
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < f->nparams; i++) {
            const ls_param *p = &f->params[i];
            if (p->kind != order[k] || !p->name) continue;
            ls_symbol *y = symbol_of(s, p->name);
            if (!y) continue;
            if (k == 0) code->npositional++, code->nposonly += p->positional_only;
            if (k == 1) code->nkwonly++;
            if (k == 2) code->star = next;
            if (k == 3) code->doublestar = next;
            if (k < 2) code->required[next] = !p->fallback;
            if (y->captured) code->wrapped[code->nwrapped++] = next;
            code->locals[next] = y->name;
            y->reg = next++;
        }
    for (int i = 0; i < f->nparams; i++) { /* defaults are evaluated in the order of the text */
        const ls_param *p = &f->params[i];
        if (p->fallback) code->default_params[numbered++] = symbol_of(s, p->name)->reg;
    }
    code->ndefaults = numbered;
    for (ls_symbol *y = s->symbols; y; y = y->next) {
        if (!y->bound || y->param || y->global || y->nonlocal) continue;
        code->locals[next] = y->name;
        y->reg = next++;
        if (y->captured) ls_emit(u, f->span, OP_NEWCELL, 0, y->reg, 0, 0);
    }
    code->first_capture = next;
    code->ncaptures = s->ncaptures;
    for (const ls_capture *c = s->captures; c; c = c->next) code->locals[next + c->number] = c->symbol->name;
    next += s->ncaptures;
    code->nlocals = next;
    u->top = u->first_temp = code->nregs = next;
    if (next >= LS_TEMP_ROOM / 2) ls_compile_fail(u, f->span, "too many local variables");
}

ls_code *ls_compile_function(ls_unit *outer, const ls_function_node *f) {
    ls_unit unit, *u = &unit;
    ls_scope *s = ls_scope_child(outer->scope, f);
    if (!s || !ls_unit_open(u, outer->c, outer, s, f->name ? f->name : "<lambda>")) {
        outer->c->failed = true;
        return NULL;
    }
    u->code->span = f->span;
    if (f->doc) {
        u->code->doc = lsv_strdup(f->doc);
        if (!u->code->doc) {
            ls_no_memory(u->c->in);
            u->c->failed = true;
        }
    }
    if (!u->c->failed) lay_out(u, f);
    if (u->c->failed) return ls_unit_close(u);
    if (f->body->kind == LS_N_BLOCK) {
        statement(u, f->body);
        ls_emit(u, f->span, OP_RETNONE, 0, 0, 0, 0);
    } else {
        ls_operand v = ls_value_of(u, f->body);
        ls_emit(u, f->body->span, OP_RETURN, v.temp ? LS_X_TEMP_A : 0, v.at, 0, 0);
    }
    return ls_unit_close(u);
}

ls_code *ls_compile(ls_interp *in, const ls_tree *tree, ls_compile_mode mode, bool last) {
    ls_compiler c = {.in = in, .source = tree->source};
    ls_unit unit, *u = &unit;
    ls_code *code = NULL;
    const ls_nodes *list = tree->block->list.n ? &tree->block->list : &tree->block->body;
    ls_scope *s = ls_scope_build(in, &c.arena, tree->source, tree->block);
    if (s && ls_unit_open(u, &c, NULL, s, "<cell>")) {
        u->direct = mode == LS_COMPILE_CELL;
        u->cell = true;
        u->code->module = u->direct;
        if (mode == LS_COMPILE_EXPRESSION) {
            if (list->n != 1 || list->items[0]->kind != LS_N_EXPR) ls_compile_fail(u, tree->block->span, "an expression is needed here");
            else {
                int t = ls_into_temp(u, list->items[0]->a);
                ls_emit(u, list->items[0]->span, OP_RETURN, LS_X_TEMP_A, t, 0, 0);
            }
        } else {
            cell_statements(u, list, last, tree->quiet);
            ls_emit(u, tree->block->span, OP_RETNONE, 0, 0, 0, 0);
        }
        code = ls_unit_close(u);
    }
    ls_arena_free(&c.arena);
    return code;
}
