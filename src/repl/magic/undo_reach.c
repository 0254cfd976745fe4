/* What may a cell change in place? The tree tells.

   Changes in place are: augmented assignments, assignments and deletions with a subscript or an
   attribute, methods that change their object (append, sort, zero_, …), functions that change an
   argument (np.fill_diagonal, next, …), out=. At the cell's own level such a form names its target,
   the variable that the expression begins with. Calls of the program's own functions are followed into
   their text; there a form changes an argument or a variable from outside, so it may change anything,
   unless its target is a local name that only ever got something new. What cannot be followed (a
   function out of a list, a closure) may change anything as well. */
#include <stdio.h>
#include <string.h>

#include "lang/builtins/builtin.h"
#include "lang/eval/function.h"
#include "lang/syntax/parse.h"
#include "repl/magic/magic.h"
#include "repl/magic/undo.h"

enum { DEPTH = 12, HEIGHT = 400 };

typedef struct look {
    session *s;
    changes *out;
    const ls_function_node *inside; /* the function whose body this is; NULL: the cell's own level */
    const ls_node *body;
    int depth, height;
    const void *seen[64]; /* functions looked at */
    int nseen;
} look;

static void visit(look *l, const ls_node *n);

static void anything(look *l) { l->out->reach = REACH_ANYTHING; }

static void name_changes(look *l, const char *name) {
    changes *c = l->out;
    if (c->reach == REACH_ANYTHING) return;
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->names[i], name) == 0) return;
    if (c->n == REACH_NAMES_MOST || strlen(name) >= sizeof c->names[0]) {
        anything(l);
        return;
    }
    snprintf(c->names[c->n++], sizeof c->names[0], "%s", name);
    c->reach = REACH_NAMES;
}

/* ---- local names that hold something new ---- */

static const char *callee_name(const ls_node *f) {
    return f->kind == LS_N_NAME || f->kind == LS_N_ATTRIBUTE ? f->text : "";
}

static bool one_of(const char *name, const char *const *list) {
    for (; *list; list++)
        if (strcmp(name, *list) == 0) return true;
    return false;
}

/* Does the expression make an object that nobody else has? */
static bool is_new(const ls_node *e) {
    static const char *const makers[] = {
        "zeros",       "ones",       "empty",     "full",   "eye",      "identity", "zeros_like",
        "ones_like",   "empty_like", "full_like", "copy",   "clone",    "rand",     "randn",
        "randint",     "normal",     "uniform",   "arange", "linspace", "list",     "dict",
        "len",         "int",        "float",     "range",  "sum",      "diag",     "outer",
        "concatenate", "cat",        "stack",     "vstack", "hstack",   NULL};
    switch (e->kind) {
    case LS_N_INT:
    case LS_N_FLOAT:
    case LS_N_IMAGINARY:
    case LS_N_STR:
    case LS_N_NONE:
    case LS_N_TRUE:
    case LS_N_FALSE:
    case LS_N_BINARY:
    case LS_N_COMPARE:
    case LS_N_UNARY:
    case LS_N_FSTRING:
    case LS_N_LIST:
    case LS_N_DICT:
    case LS_N_LISTCOMP:
    case LS_N_DICTCOMP:
    case LS_N_MATRIX: return true;
    case LS_N_CALL: return one_of(callee_name(e->a), makers);
    default: return false;
    }
}

/* Every binding of the name below n gives it something new; *any: there is one. */
static bool only_new(const ls_node *n, const char *name, bool *any) {
    if (!n) return true;
    const ls_nodes *lists[] = {&n->list, &n->body, &n->orelse};
    if (n->kind == LS_N_NAME && strcmp(n->text, name) == 0) return true; /* a use */
    if (n->kind == LS_N_ASSIGN) {
        for (int i = 0; i < n->list.n; i++) {
            const ls_node *t = n->list.items[i];
            if (t->kind == LS_N_NAME && strcmp(t->text, name) == 0) {
                *any = true;
                if (!is_new(n->b)) return false;
            } else if (t->kind != LS_N_NAME && t->kind != LS_N_SUBSCRIPT && t->kind != LS_N_ATTRIBUTE) {
                for (int k = 0; k < t->list.n; k++) {
                    const ls_node *part = t->list.items[k];
                    if (part->kind == LS_N_STARRED) part = part->a;
                    if (part->kind == LS_N_NAME && strcmp(part->text, name) == 0) return false;
                }
            }
        }
        return true;
    }
    bool binds =
        n->kind == LS_N_FOR || n->kind == LS_N_COMPFOR || n->kind == LS_N_WALRUS || n->kind == LS_N_ANNASSIGN;
    if (binds && n->a->kind == LS_N_NAME && strcmp(n->a->text, name) == 0) return false;
    if (n->kind == LS_N_GLOBAL || n->kind == LS_N_NONLOCAL)
        for (int i = 0; i < n->list.n; i++)
            if (strcmp(n->list.items[i]->text, name) == 0) return false;
    if (n->kind == LS_N_AUGASSIGN) return true;
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < lists[k]->n; i++)
            if (!only_new(lists[k]->items[i], name, any)) return false;
    return true;
}

static bool is_local_and_new(const look *l, const char *name) {
    bool any = false;
    for (int i = 0; i < l->inside->nparams; i++)
        if (strcmp(l->inside->params[i].name, name) == 0) return false;
    return only_new(l->body, name, &any) && any;
}

/* ---- forms ---- */

/* The variable that an expression's object begins with: of W.T[0] it is W. */
static void target(look *l, const ls_node *e) {
    while (e && (e->kind == LS_N_SUBSCRIPT || e->kind == LS_N_ATTRIBUTE)) e = e->a;
    if (!e || e->kind != LS_N_NAME) {
        anything(l);
        return;
    }
    if (!l->inside) name_changes(l, e->text);
    else if (!is_local_and_new(l, e->text)) anything(l);
}

/* What is assigned to, or deleted. */
static void assigned(look *l, const ls_node *t) {
    if (t->kind == LS_N_SUBSCRIPT || t->kind == LS_N_ATTRIBUTE) target(l, t->a);
    else if (t->kind == LS_N_STARRED) assigned(l, t->a);
    else if (t->kind == LS_N_TUPLE || t->kind == LS_N_LIST)
        for (int i = 0; i < t->list.n; i++) assigned(l, t->list.items[i]);
}

static void into_function(look *l, const ls_function *f) {
    for (int i = 0; i < l->nseen; i++)
        if (l->seen[i] == f) return;
    ls_span span;
    const ls_source *source = ls_function_source(f, &span);
    if (!source || f->cells || l->depth >= DEPTH || l->nseen == 64) { /* a closure, or too far */
        anything(l);
        return;
    }
    l->seen[l->nseen++] = f;
    ls_error error = {0};
    ls_tree tree = {0};
    ls_source *text = ls_source_new("<function>", source->text + span.start, span.end - span.start, 1);
    if (text && ls_parse(text, &tree, &error)) {
        const ls_function_node *inside = l->inside;
        const ls_node *body = l->body;
        l->depth++;
        for (int i = 0; i < tree.block->list.n; i++) {
            const ls_node *def = tree.block->list.items[i];
            if (def->kind != LS_N_DEF) { /* a lambda within its line: look at all of it as a function */
                anything(l);
                continue;
            }
            l->inside = def->function;
            l->body = def->function->body;
            visit(l, def->function->body);
        }
        l->depth--;
        l->inside = inside;
        l->body = body;
        ls_tree_free(&tree);
    } else {
        anything(l);
    }
    ls_error_clear(&error);
    ls_source_release(text);
}

static void called_name(look *l, const char *name) {
    ls_value v = ls_global_get(l->s->in, name);
    if (v.tag == LS_FUNCTION) into_function(l, v.function);
    else if (v.tag == LS_METHOD || v.tag == LS_OPAQUE) anything(l);
}

static void call(look *l, const ls_node *n) {
    static const char *const methods[] = {"append",     "extend",   "insert",    "remove",  "pop",
                                          "popitem",    "clear",    "sort",      "reverse", "update",
                                          "setdefault", "fill",     "resize",    "put",     "itemset",
                                          "partition",  "setflags", "zero_grad", "step",    NULL};
    static const char *const functions[] = {"fill_diagonal",  "copyto",  "put",  "place",    "putmask",
                                            "put_along_axis", "shuffle", "next", "backward", "setattr",
                                            "exec",           "eval",    NULL};
    const ls_node *f = n->a;
    for (int i = 0; i < n->list.n; i++) {
        const ls_node *arg = n->list.items[i];
        if (arg->kind == LS_N_KEYWORD && strcmp(arg->text, "out") == 0) target(l, arg->a);
        if (arg->kind == LS_N_KEYWORD && strcmp(arg->text, "inplace") == 0) anything(l);
    }
    const char *name = callee_name(f);
    size_t length = strlen(name);
    if (one_of(name, functions)) anything(l);
    else if (f->kind == LS_N_ATTRIBUTE &&
             (one_of(name, methods) || (length > 1 && name[length - 1] == '_' && name[length - 2] != '_')))
        target(l, f->a);
    else if (f->kind != LS_N_NAME && f->kind != LS_N_ATTRIBUTE)
        anything(l); /* whatever that gives is called */
}

static void visit_list(look *l, const ls_nodes *list) {
    for (int i = 0; i < list->n; i++) visit(l, list->items[i]);
}

static void visit(look *l, const ls_node *n) {
    if (!n || l->out->reach == REACH_ANYTHING) return;
    if (++l->height > HEIGHT) anything(l);
    switch (n->kind) {
    case LS_N_AUGASSIGN: target(l, n->a->kind == LS_N_NAME ? n->a : n->a->a); break;
    case LS_N_ASSIGN:
        for (int i = 0; i < n->list.n; i++) assigned(l, n->list.items[i]);
        break;
    case LS_N_ANNASSIGN:
    case LS_N_FOR:
    case LS_N_COMPFOR: assigned(l, n->a); break;
    case LS_N_DEL:
        for (int i = 0; i < n->list.n; i++) assigned(l, n->list.items[i]);
        break;
    case LS_N_CALL: call(l, n); break;
    case LS_N_NAME: called_name(l, n->text); break; /* a function may be called wherever it is named */
    case LS_N_NONLOCAL: anything(l); break;
    case LS_N_DEF:
    case LS_N_LAMBDA: {
        const ls_function_node *inside = l->inside;
        const ls_node *body = l->body;
        l->inside = n->function;
        l->body = n->function->body;
        visit(l, n->function->body);
        for (int i = 0; i < n->function->nparams; i++) visit(l, n->function->params[i].fallback);
        visit_list(l, &n->function->decorators);
        l->inside = inside;
        l->body = body;
        l->height--;
        return;
    }
    default: break;
    }
    bool holds_text = n->kind == LS_N_ALIAS || n->kind == LS_N_IMPORT || n->kind == LS_N_FROMIMPORT;
    if (!holds_text) {
        visit(l, n->a);
        visit(l, n->b);
        visit(l, n->c);
        visit_list(l, &n->list);
        visit_list(l, &n->body);
        visit_list(l, &n->orelse);
    }
    l->height--;
}

/* Magics that run code may do anything; the others change no value in place. */
static void magic_changes(look *l, const char *line, size_t n) {
    static const char *const runners[] = {"%time", "%timeit", "%run", "%load", "%%time", "%%timeit"};
    for (size_t k = 0; k < sizeof runners / sizeof *runners; k++) {
        size_t w = strlen(runners[k]);
        if (n >= w && memcmp(line, runners[k], w) == 0 && (n == w || strchr(" \t\n", line[w]))) anything(l);
    }
    if (n && *line == '!') /* {expression} is evaluated */
        for (size_t i = 0; i < n; i++)
            if (line[i] == '{') anything(l);
}

static void part(look *l, const char *text, size_t n) {
    ls_error error = {0};
    ls_tree tree = {0};
    ls_source *source = ls_source_new("<cell>", text, n, 1);
    if (!source) anything(l);
    else if (ls_parse(source, &tree, &error)) {
        visit(l, tree.block);
        ls_tree_free(&tree);
    } /* else a syntax error: nothing of the cell will run */
    ls_error_clear(&error);
    ls_source_release(source);
}

void undo_analyse(session *s, const ls_source *cell, changes *out) {
    look l = {.s = s, .out = out};
    size_t at = 0, start, end, blank = strspn(cell->text, " \t\r\n");
    *out = (changes){0};
    if (strncmp(cell->text + blank, "%%", 2) == 0) {
        magic_changes(&l, cell->text + blank, cell->length - blank);
        return;
    }
    for (bool more = true; more;) {
        more = ls_next_magic(cell->text, cell->length, at, &start, &end);
        size_t stop = more ? start : cell->length;
        if (stop > at) part(&l, cell->text + at, stop - at);
        if (!more) break;
        magic_changes(&l, cell->text + start, end - start);
        at = end;
        while (at < cell->length && cell->text[at] != '\n') at++;
        if (at < cell->length) at++;
    }
}
