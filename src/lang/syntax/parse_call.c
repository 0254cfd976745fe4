/* Arguments of calls, parameters of functions. */
#include "lang/syntax/parser.h"

#include <string.h>

/* ---- arguments ---- */

static ls_node *starred(ls_parser *p, ls_node_kind kind) {
    uint32_t start = p->tok.span.start;
    ls_parser_advance(p);
    ls_node *a = ls_parse_expression(p);
    ls_node *n = a ? ls_parser_node_new(p, kind, start) : NULL;
    if (!n) return NULL;
    n->a = a;
    return ls_parser_node_done(p, n);
}

/* The rest of "name=value". */
static ls_node *keyword(ls_parser *p, ls_token first, ls_node *name) {
    bool constant = name->kind == LS_N_NONE || name->kind == LS_N_TRUE || name->kind == LS_N_FALSE;
    if (constant) return ls_parser_fail_at(p, name->span, "cannot assign to %s", ls_parser_node_phrase(name));
    if (name->kind != LS_N_NAME || first.kind != T_NAME)
        return ls_parser_fail_at(p, (ls_span){name->span.start, p->tok.span.end},
                                 "expression cannot contain assignment, perhaps you meant \"==\"?");
    ls_parser_advance(p);
    if (ls_parser_at(p, T_COMMA) || ls_parser_at(p, T_RPAR))
        return ls_parser_fail_at(p, (ls_span){first.span.start, p->last_end},
                                 "expected argument value expression");
    ls_node *a = ls_parse_expression(p);
    ls_node *n = a ? ls_parser_node_new(p, LS_N_KEYWORD, first.span.start) : NULL;
    if (!n) return NULL;
    n->text = name->text;
    n->length = name->length;
    n->op_span = name->span;
    n->a = a;
    return ls_parser_node_done(p, n);
}

static ls_node *argument(ls_parser *p, int base) {
    if (ls_parser_at(p, T_STAR)) return starred(p, LS_N_STARRED);
    if (ls_parser_at(p, T_POWER)) return starred(p, LS_N_DOUBLESTAR);
    ls_token first = p->tok;
    ls_node *n = ls_parse_named_expression(p);
    if (n && ls_parser_at(p, T_EQUAL)) return keyword(p, first, n);
    if (n && ls_parser_at(p, T_FOR)) {
        n = ls_parse_comprehension(p, LS_N_GENEXP, n, first.span.start);
        if (n && (p->nstack > base || ls_parser_at(p, T_COMMA))) {
            ls_parser_advance(p);
            if (p->nstack == base && ls_parser_at(p, T_RPAR)) return n;
            return ls_parser_fail_at(p, n->span, "Generator expression must be parenthesized");
        }
    }
    return n;
}

/* Python's rules of order. */
static bool check_order(ls_parser *p, const ls_nodes *list) {
    bool keywords = false, double_star = false;
    for (int i = 0; i < list->n; i++) {
        const ls_node *n = list->items[i];
        if (n->kind == LS_N_KEYWORD) {
            keywords = true;
            for (int j = 0; j < i; j++)
                if (list->items[j]->kind == LS_N_KEYWORD && strcmp(list->items[j]->text, n->text) == 0)
                    return ls_parser_fail_at(p, n->span, "keyword argument repeated: %s", n->text) != NULL;
        } else if (n->kind == LS_N_DOUBLESTAR) double_star = true;
        else if (n->kind == LS_N_STARRED) {
            if (double_star)
                return ls_parser_fail_at(p, n->span,
                                         "iterable argument unpacking follows keyword argument unpacking") !=
                       NULL;
        } else if (double_star)
            return ls_parser_fail_at(p, n->span, "positional argument follows keyword argument unpacking") !=
                   NULL;
        else if (keywords)
            return ls_parser_fail_at(p, n->span, "positional argument follows keyword argument") != NULL;
    }
    return true;
}

bool ls_parse_arguments(ls_parser *p, ls_nodes *out) {
    int base = p->nstack;
    while (!ls_parser_at(p, T_RPAR)) {
        if (!ls_parser_push(p, argument(p, base))) return false;
        if (!ls_parser_accept(p, T_COMMA)) break;
    }
    return ls_parser_expect(p, T_RPAR) && ls_parser_take(p, base, out) && check_order(p, out);
}

/* ---- parameters ---- */

static ls_param *add_parameter(ls_parser *p, ls_function_node *f, int *room) {
    if (f->nparams == *room) {
        int more = *room ? *room * 2 : 4;
        ls_param *params = ls_arena_alloc(p->arena, (size_t)more * sizeof *params);
        if (!params) return ls_parser_no_room(p);
        if (f->nparams) memcpy(params, f->params, (size_t)f->nparams * sizeof *params);
        f->params = params;
        *room = more;
    }
    return &f->params[f->nparams++];
}

/* NAME [':' annotation] ['=' default] */
static bool parameter(ls_parser *p, ls_function_node *f, int *room, ls_param_kind kind, bool annotated) {
    ls_token t = p->tok;
    if (!ls_parser_accept(p, T_NAME)) return ls_parser_unexpected(p) != NULL;
    ls_param *q = add_parameter(p, f, room);
    if (!q || !(q->name = ls_parser_token_copy(p, t))) return false;
    q->kind = kind;
    q->span = t.span;
    for (int i = 0; i < f->nparams - 1; i++)
        if (strcmp(f->params[i].name, q->name) == 0)
            return ls_parser_fail_at(p, t.span, "duplicate argument '%s' in function definition", q->name) !=
                   NULL;
    if (annotated && ls_parser_accept(p, T_COLON)) {
        bool ok = ls_parser_at(p, T_STAR) && kind == LS_PARAM_STAR ? ls_parse_star_expression(p) != NULL
                                                                   : ls_parse_expression(p) != NULL;
        if (!ok) return false;
    }
    if (!ls_parser_at(p, T_EQUAL)) return true;
    if (kind == LS_PARAM_STAR)
        return ls_parser_fail_at(p, p->tok.span, "var-positional argument cannot have default value") != NULL;
    if (kind == LS_PARAM_DOUBLESTAR)
        return ls_parser_fail_at(p, p->tok.span, "var-keyword argument cannot have default value") != NULL;
    ls_parser_advance(p);
    if (ls_parser_at(p, T_COMMA) || ls_parser_at(p, T_RPAR) || (!annotated && ls_parser_at(p, T_COLON)))
        return ls_parser_fail_at(p, (ls_span){p->last_end - 1, p->last_end},
                                 "expected default value expression") != NULL;
    ls_node *fallback = ls_parse_expression(p);
    if (!fallback) return false;
    f->params[f->nparams - 1].fallback = fallback;
    return true;
}

bool ls_parse_parameters(ls_parser *p, ls_token_kind end, ls_function_node *f) {
    bool annotated = end == T_RPAR, star = false, slash = false, bare = false, optional = false;
    int room = 0, at_star = 0;
    ls_span bare_span = {0};
    while (!ls_parser_at(p, end)) {
        if (f->nparams && f->params[f->nparams - 1].kind == LS_PARAM_DOUBLESTAR)
            return ls_parser_fail_at(p, p->tok.span, "arguments cannot follow var-keyword argument") != NULL;
        ls_span here = p->tok.span;
        if (ls_parser_accept(p, T_SLASH)) {
            if (slash) return ls_parser_fail_at(p, here, "/ may appear only once") != NULL;
            if (star) return ls_parser_fail_at(p, here, "/ must be ahead of *") != NULL;
            if (!f->nparams)
                return ls_parser_fail_at(p, here, "at least one argument must precede /") != NULL;
            for (int i = 0; i < f->nparams; i++) f->params[i].positional_only = true;
            slash = true;
        } else if (ls_parser_accept(p, T_STAR)) {
            if (star) return ls_parser_fail_at(p, here, "* argument may appear only once") != NULL;
            star = true;
            if (ls_parser_at(p, T_NAME)) {
                if (!parameter(p, f, &room, LS_PARAM_STAR, annotated)) return false;
            } else {
                bare = true;
                bare_span = here;
                at_star = f->nparams;
            }
        } else if (ls_parser_accept(p, T_POWER)) {
            if (bare && f->nparams == at_star)
                return ls_parser_fail_at(p, bare_span, "named arguments must follow bare *") != NULL;
            if (!parameter(p, f, &room, LS_PARAM_DOUBLESTAR, annotated)) return false;
        } else {
            if (!parameter(p, f, &room, star ? LS_PARAM_KWONLY : LS_PARAM_PLAIN, annotated)) return false;
            const ls_param *q = &f->params[f->nparams - 1];
            if (!star && optional && !q->fallback)
                return ls_parser_fail_at(p, q->span,
                                         "parameter without a default follows parameter with a default") !=
                       NULL;
            optional |= q->fallback != NULL;
        }
        if (!ls_parser_accept(p, T_COMMA)) break;
    }
    if (bare && f->nparams == at_star)
        return ls_parser_fail_at(p, bare_span, "named arguments must follow bare *") != NULL;
    if (!ls_parser_at(p, end) && end == T_RPAR) return ls_parser_unexpected(p) != NULL;
    return true;
}
