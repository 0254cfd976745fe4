/* Scopes: one walk notes what every scope binds and uses, a second one resolves the uses and
   marks the variables that inner functions capture.

   A comprehension has a scope of its own for its loop variables, but no function: it runs in
   the registers of the function (or cell) around it. An assignment expression inside it binds in that
   function, as in Python. */
#include "lang/compile/scope.h"
#include "lang/eval/globals.h"
#include <stdio.h>
#include <string.h>

typedef struct walk {
    ls_interp *in;
    ls_arena *arena;
    ls_source *source;
    bool failed;
    int depth;
    int iterables; /* inside so many iterable expressions of comprehensions */
} walk;

static void fail(walk *w, ls_span span, const char *format, const char *name) {
    if (w->failed) return;
    w->failed = true;
    ls_error_clear(&w->in->error);
    ls_error_set(&w->in->error, "SyntaxError", format, name);
    ls_error_place(&w->in->error, w->source, span);
}

static void *room(walk *w, size_t bytes) {
    void *at = ls_arena_alloc(w->arena, bytes);
    if (!at && !w->failed) {
        w->failed = true;
        ls_no_memory(w->in);
    }
    return at;
}

static ls_symbol *find(const ls_scope *s, const char *name) {
    for (ls_symbol *y = s->symbols; y; y = y->next)
        if (y->name == name) return y;
    return NULL;
}

static ls_symbol *symbol(walk *w, ls_scope *s, const char *text) {
    const char *name = ls_intern(w->in, text);
    if (!name) w->failed = true;
    if (w->failed) return NULL;
    ls_symbol *y = find(s, name);
    if (y) return y;
    y = room(w, sizeof *y);
    if (!y) return NULL;
    y->name = name;
    y->scope = s;
    if (s->last_symbol) s->last_symbol->next = y;
    else s->symbols = y;
    s->last_symbol = y;
    return y;
}

static ls_scope *enter(walk *w, ls_scope *parent, ls_scope_kind kind, const void *node) {
    ls_scope *s = room(w, sizeof *s);
    if (!s) return NULL;
    s->kind = kind;
    s->node = node;
    s->parent = parent;
    s->frame = kind == LS_SCOPE_COMPREHENSION ? parent->frame : s;
    if (!parent) return s;
    if (parent->last) parent->last->next = s;
    else parent->first = s;
    parent->last = s;
    return s;
}

static void visit(walk *w, ls_scope *s, const ls_node *n);

static void visit_list(walk *w, ls_scope *s, const ls_nodes *list) {
    for (int i = 0; i < list->n; i++) visit(w, s, list->items[i]);
}

static void bind(walk *w, ls_scope *s, const char *name) {
    if (s->kind == LS_SCOPE_CELL) return; /* global */
    ls_symbol *y = symbol(w, s, name);
    if (y) y->bound = true;
}

static void visit_target(walk *w, ls_scope *s, const ls_node *n) {
    if (!n || w->failed) return;
    switch (n->kind) {
    case LS_N_NAME: bind(w, s, n->text); break;
    case LS_N_STARRED: visit_target(w, s, n->a); break;
    case LS_N_TUPLE:
    case LS_N_LIST:
        for (int i = 0; i < n->list.n; i++) visit_target(w, s, n->list.items[i]);
        break;
    default: visit(w, s, n);
    }
}

static void visit_function(walk *w, ls_scope *s, const ls_function_node *f) {
    visit_list(w, s, &f->decorators);
    for (int i = 0; i < f->nparams; i++) visit(w, s, f->params[i].fallback);
    ls_scope *inner = enter(w, s, LS_SCOPE_FUNCTION, f);
    if (!inner) return;
    for (int i = 0; i < f->nparams; i++) {
        if (!f->params[i].name) continue; /* a lone "*" */
        ls_symbol *y = symbol(w, inner, f->params[i].name);
        if (!y) return;
        if (y->param) fail(w, f->params[i].span, "duplicate argument '%s' in function definition", y->name);
        y->bound = y->param = true;
    }
    int iterables = w->iterables;
    w->iterables = 0; /* a lambda's body is a place of its own */
    visit(w, inner, f->body);
    w->iterables = iterables;
}

static void visit_comprehension(walk *w, ls_scope *s, const ls_node *n) {
    ls_scope *inner = enter(w, s, LS_SCOPE_COMPREHENSION, n);
    if (!inner) return;
    for (int i = 0; i < n->list.n; i++) {
        const ls_node *f = n->list.items[i];
        w->iterables++;
        visit(w, i == 0 ? s : inner, f->b);
        w->iterables--;
        visit_target(w, inner, f->a);
        visit_list(w, inner, &f->list);
    }
    visit(w, inner, n->a);
}

static void declare(walk *w, ls_scope *s, const ls_node *n) {
    bool global = n->kind == LS_N_GLOBAL;
    const char *word = global ? "global" : "nonlocal";
    if (s->kind == LS_SCOPE_CELL) {
        if (!global) fail(w, n->span, "nonlocal declaration not allowed at module level%s", "");
        return;
    }
    for (int i = 0; i < n->list.n; i++) {
        const char *name = ls_intern(w->in, n->list.items[i]->text);
        ls_symbol *y = name ? find(s, name) : NULL;
        char text[96];
        snprintf(text, sizeof text, "name '%%s' is %s %s declaration",
                 !y ? "" : y->param ? "parameter and" : y->bound ? "assigned to before" : "used prior to", word);
        if (y && y->param) snprintf(text, sizeof text, "name '%%s' is parameter and %s", word);
        if (y && !(global ? y->global : y->nonlocal)) {
            fail(w, n->list.items[i]->span, text, name);
            return;
        }
        y = symbol(w, s, n->list.items[i]->text);
        if (!y) return;
        if (global) y->global = true;
        else y->nonlocal = true;
        y->declared = n->list.items[i]->span;
    }
}

static void visit_import(walk *w, ls_scope *s, const ls_node *n) {
    for (int i = 0; i < n->list.n; i++) {
        const ls_node *alias = n->list.items[i];
        char name[128];
        snprintf(name, sizeof name, "%s", alias->text2 ? alias->text2 : alias->text);
        if (n->kind == LS_N_IMPORT) name[strcspn(name, ".")] = 0;
        if (strcmp(name, "*") == 0) {
            if (s->kind != LS_SCOPE_CELL) fail(w, n->span, "import * only allowed at module level%s", "");
        } else bind(w, s, name);
    }
}

static void visit_node(walk *w, ls_scope *s, const ls_node *n);

/* The compiler recurses as deep as this walk, which comes first. */
static void visit(walk *w, ls_scope *s, const ls_node *n) {
    enum { DEEPEST = 3000 };
    if (!n || w->failed) return;
    if (++w->depth > DEEPEST) fail(w, n->span, "too deeply nested%s", "");
    else visit_node(w, s, n);
    w->depth--;
}

static void visit_node(walk *w, ls_scope *s, const ls_node *n) {
    switch (n->kind) {
    case LS_N_NAME:
        if (s->kind != LS_SCOPE_CELL) symbol(w, s, n->text);
        return;
    case LS_N_LAMBDA:
        visit_function(w, s, n->function);
        return;
    case LS_N_DEF:
        visit_function(w, s, n->function);
        bind(w, s, n->function->name);
        return;
    case LS_N_LISTCOMP:
    case LS_N_GENEXP:
    case LS_N_DICTCOMP: visit_comprehension(w, s, n); return;
    case LS_N_WALRUS:
        visit(w, s, n->b);
        if (w->iterables) fail(w, n->span, "assignment expression cannot be used in a comprehension iterable expression%s", "");
        for (ls_scope *c = s; c->kind == LS_SCOPE_COMPREHENSION; c = c->parent) {
            const char *name = ls_intern(w->in, n->a->text);
            ls_symbol *y = name ? find(c, name) : NULL;
            if (y && y->bound) fail(w, n->span, "assignment expression cannot rebind comprehension iteration variable '%s'", name);
        }
        while (s->kind == LS_SCOPE_COMPREHENSION) s = s->parent;
        bind(w, s, n->a->text);
        return;
    case LS_N_ASSIGN:
        visit(w, s, n->b);
        for (int i = 0; i < n->list.n; i++) visit_target(w, s, n->list.items[i]);
        return;
    case LS_N_AUGASSIGN:
    case LS_N_ANNASSIGN:
        visit(w, s, n->b);
        visit_target(w, s, n->a);
        return;
    case LS_N_FOR:
        visit(w, s, n->b);
        visit_target(w, s, n->a);
        visit_list(w, s, &n->body);
        visit_list(w, s, &n->orelse);
        return;
    case LS_N_DEL:
        for (int i = 0; i < n->list.n; i++) visit_target(w, s, n->list.items[i]);
        return;
    case LS_N_GLOBAL:
    case LS_N_NONLOCAL: declare(w, s, n); return;
    case LS_N_IMPORT:
    case LS_N_FROMIMPORT: visit_import(w, s, n); return;
    case LS_N_INT:
    case LS_N_FLOAT:
    case LS_N_IMAGINARY:
    case LS_N_STR: return;
    default:
        visit(w, s, n->a);
        visit(w, s, n->b);
        visit(w, s, n->c);
        visit_list(w, s, &n->list);
        visit_list(w, s, &n->body);
        visit_list(w, s, &n->orelse);
    }
}

/* ---- resolving ---- */

static bool owns(const ls_symbol *y) { return y->bound && !y->nonlocal && !y->global; }

ls_symbol *ls_scope_resolve(ls_scope *s, const char *name) {
    for (; s && s->kind != LS_SCOPE_CELL; s = s->parent) {
        ls_symbol *y = find(s, name);
        if (!y) continue;
        if (y->global) return NULL;
        if (owns(y)) return y;
    }
    return NULL;
}

int ls_scope_capture(const ls_scope *frame, const ls_symbol *y) {
    for (const ls_capture *c = frame->captures; c; c = c->next)
        if (c->symbol == y) return c->number;
    return -1;
}

static void capture(walk *w, ls_scope *frame, ls_symbol *y) {
    y->captured = true;
    for (; frame != y->scope->frame; frame = frame->parent->frame) {
        if (ls_scope_capture(frame, y) >= 0) continue;
        ls_capture *c = room(w, sizeof *c);
        if (!c) return;
        c->symbol = y;
        c->number = frame->ncaptures++;
        ls_capture **end = &frame->captures;
        while (*end) end = &(*end)->next;
        *end = c;
    }
}

static void resolve_all(walk *w, ls_scope *s) {
    for (ls_symbol *y = s->symbols; y && !w->failed; y = y->next) {
        if (s->kind == LS_SCOPE_CELL) break;
        if (owns(y) || y->global) continue;
        ls_symbol *found = ls_scope_resolve(s, y->name);
        if (y->nonlocal && !found) fail(w, y->declared, "no binding for nonlocal '%s' found", y->name);
        if (found && found->scope->frame != s->frame) capture(w, s->frame, found);
    }
    for (ls_scope *c = s->first; c && !w->failed; c = c->next) resolve_all(w, c);
}

ls_scope *ls_scope_child(ls_scope *s, const void *node) {
    for (ls_scope *c = s->first; c; c = c->next)
        if (c->node == node) return c;
    return NULL;
}

ls_scope *ls_scope_build(ls_interp *in, ls_arena *arena, ls_source *source, const ls_node *block) {
    walk w = {in, arena, source, false, 0, 0};
    ls_scope *s = enter(&w, NULL, LS_SCOPE_CELL, NULL);
    if (s) visit(&w, s, block);
    if (!w.failed) resolve_all(&w, s);
    return w.failed ? NULL : s;
}
