/* What may stand left of "=", after "for" and after "del": checked on the expression read. */
#include "lang/syntax/parser.h"

const char *ls_parser_node_phrase(const ls_node *n) {
    static const char *const phrases[LS_N_NKINDS] = {[LS_N_NONE] = "None",
                                                     [LS_N_TRUE] = "True",
                                                     [LS_N_FALSE] = "False",
                                                     [LS_N_ELLIPSIS] = "ellipsis",
                                                     [LS_N_INT] = "literal",
                                                     [LS_N_FLOAT] = "literal",
                                                     [LS_N_STR] = "literal",
                                                     [LS_N_FSTRING] = "f-string expression",
                                                     [LS_N_NAME] = "name",
                                                     [LS_N_TUPLE] = "tuple",
                                                     [LS_N_LIST] = "list",
                                                     [LS_N_DICT] = "dict literal",
                                                     [LS_N_MATRIX] = "matrix literal",
                                                     [LS_N_PRINTED] = "array",
                                                     [LS_N_UNARY] = "expression",
                                                     [LS_N_BINARY] = "expression",
                                                     [LS_N_COMPARE] = "comparison",
                                                     [LS_N_AND] = "expression",
                                                     [LS_N_OR] = "expression",
                                                     [LS_N_NOT] = "expression",
                                                     [LS_N_IFEXP] = "conditional expression",
                                                     [LS_N_LAMBDA] = "lambda",
                                                     [LS_N_WALRUS] = "named expression",
                                                     [LS_N_CALL] = "function call",
                                                     [LS_N_STARRED] = "starred",
                                                     [LS_N_ATTRIBUTE] = "attribute",
                                                     [LS_N_SUBSCRIPT] = "subscript",
                                                     [LS_N_LISTCOMP] = "list comprehension",
                                                     [LS_N_GENEXP] = "generator expression",
                                                     [LS_N_DICTCOMP] = "dict comprehension"};
    return phrases[n->kind] ? phrases[n->kind] : "expression";
}

static bool fails(ls_parser *p, ls_span span, const char *verb, const ls_node *n, const char *tail) {
    ls_parser_fail_at(p, span, "cannot %s %s%s", verb, ls_parser_node_phrase(n), tail);
    return false;
}

static bool is_place(const ls_node *n) {
    return n->kind == LS_N_NAME || n->kind == LS_N_ATTRIBUTE || n->kind == LS_N_SUBSCRIPT;
}

static bool check_items(ls_parser *p, ls_node *n) {
    int stars = 0;
    for (int i = 0; i < n->list.n; i++) {
        ls_node *item = n->list.items[i];
        if (item->kind == LS_N_STARRED) {
            if (++stars > 1)
                return ls_parser_fail_at(p, item->span, "multiple starred expressions in assignment") != NULL;
            item = item->a;
        }
        if (!ls_parser_check_target(p, item, false)) return false;
    }
    return true;
}

bool ls_parser_check_target(ls_parser *p, ls_node *n, bool alone) {
    switch (n->kind) {
    case LS_N_NAME:
    case LS_N_ATTRIBUTE:
    case LS_N_SUBSCRIPT: return true;
    case LS_N_TUPLE:
    case LS_N_LIST: return check_items(p, n);
    case LS_N_STARRED:
        if (!is_place(n->a) && n->a->kind != LS_N_TUPLE && n->a->kind != LS_N_LIST)
            return ls_parser_check_target(p, n->a, false);
        return ls_parser_fail_at(p, n->span, "starred assignment target must be in a list or tuple") != NULL;
    case LS_N_NONE:
    case LS_N_TRUE:
    case LS_N_FALSE:
    case LS_N_GENEXP: return fails(p, n->span, "assign to", n, "");
    case LS_N_COMPARE:
    case LS_N_AND:
    case LS_N_OR:
    case LS_N_NOT:
    case LS_N_IFEXP:
    case LS_N_LAMBDA: return fails(p, n->span, "assign to", n, "");
    default:
        return fails(p, n->span, "assign to", n, alone ? " here. Maybe you meant '==' instead of '='?" : "");
    }
}

bool ls_parser_check_augmented(ls_parser *p, ls_node *n) {
    if (is_place(n)) return true;
    return ls_parser_fail_at(p, n->span, "'%s' is an illegal expression for augmented assignment",
                             ls_parser_node_phrase(n)) != NULL;
}

bool ls_parser_check_deletable(ls_parser *p, ls_node *n) {
    if (is_place(n)) return true;
    if (n->kind != LS_N_TUPLE && n->kind != LS_N_LIST) return fails(p, n->span, "delete", n, "");
    for (int i = 0; i < n->list.n; i++)
        if (!ls_parser_check_deletable(p, n->list.items[i])) return false;
    return true;
}

static ls_node *star_target(ls_parser *p) {
    if (!ls_parser_at(p, T_STAR)) return ls_parse_bitwise_or(p);
    uint32_t start = p->tok.span.start;
    ls_parser_advance(p);
    ls_node *a = ls_parse_bitwise_or(p);
    ls_node *n = a ? ls_parser_node_new(p, LS_N_STARRED, start) : NULL;
    if (!n) return NULL;
    n->a = a;
    return ls_parser_node_done(p, n);
}

/* star_targets 'in': the "in" is consumed. */
ls_node *ls_parse_for_targets(ls_parser *p) {
    uint32_t start = p->tok.span.start;
    int base = p->nstack;
    ls_node *n = star_target(p);
    if (!n) return NULL;
    if (ls_parser_at(p, T_COMMA)) {
        if (!ls_parser_push(p, n)) return NULL;
        while (ls_parser_accept(p, T_COMMA) && !ls_parser_at(p, T_IN))
            if (!ls_parser_push(p, star_target(p))) return NULL;
        n = ls_parser_node_new(p, LS_N_TUPLE, start);
        if (!n || !ls_parser_take(p, base, &n->list) || !ls_parser_node_done(p, n)) return NULL;
    }
    if (!ls_parser_check_target(p, n, false)) return NULL;
    return ls_parser_expect(p, T_IN) ? n : NULL;
}
