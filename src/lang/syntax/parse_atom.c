/* Atoms: names, literals, and everything in brackets, with lsv's two additions: matrix
   literals, and printed arrays pasted back. */
#include "lang/syntax/parser.h"

#include <ctype.h>
#include <string.h>

static ls_node *simple(ls_parser *p, ls_node_kind kind) {
    uint32_t start = p->tok.span.start;
    ls_parser_advance(p);
    return ls_parser_node_new(p, kind, start);
}

static ls_node *name(ls_parser *p) {
    ls_token t = p->tok;
    ls_node *n = simple(p, LS_N_NAME);
    if (!n || !(n->text = ls_parser_token_copy(p, t))) return NULL;
    n->length = t.span.end - t.span.start;
    return n;
}

/* "x = 3" where a condition or an element stands: "==" was meant. Always NULL. */
static ls_node *assignment_inside(ls_parser *p, ls_node *left) {
    if (ls_parser_never_closed(p)) return NULL;
    switch (left->kind) {
    case LS_N_NAME:
        return ls_parser_fail_at(p, (ls_span){left->span.start, p->tok.span.end},
                                 "invalid syntax. Maybe you meant '==' or ':=' instead of '='?");
    case LS_N_LIST:
    case LS_N_TUPLE:
    case LS_N_GENEXP:
    case LS_N_TRUE:
    case LS_N_FALSE:
    case LS_N_NONE: return ls_parser_unexpected(p);
    default:
        return ls_parser_fail_at(p, left->span,
                                 "cannot assign to %s here. Maybe you meant '==' instead of '='?",
                                 ls_parser_node_phrase(left));
    }
}

/* star_named_expression, an element of a bracket */
static ls_node *element(ls_parser *p) {
    ls_node *n = ls_parser_at(p, T_STAR) ? ls_parse_star_expression(p) : ls_parse_named_expression(p);
    if (n && ls_parser_at(p, T_EQUAL) && !(p->lex.depth && p->lex.brackets[p->lex.depth - 1].field))
        return assignment_inside(p, n);
    return n;
}

/* ---- comprehensions ---- */

static ls_node *for_if_clause(ls_parser *p) {
    uint32_t start = p->tok.span.start;
    ls_parser_advance(p);
    ls_node *target = ls_parse_for_targets(p);
    if (!target) return NULL;
    ls_node *iterable = ls_parse_disjunction(p);
    int base = p->nstack;
    while (iterable && ls_parser_accept(p, T_IF))
        if (!ls_parser_push(p, ls_parse_disjunction(p))) return NULL;
    ls_node *n = iterable ? ls_parser_node_new(p, LS_N_COMPFOR, start) : NULL;
    if (!n || !ls_parser_take(p, base, &n->list)) return NULL;
    n->a = target;
    n->b = iterable;
    return ls_parser_node_done(p, n);
}

ls_node *ls_parse_comprehension(ls_parser *p, ls_node_kind kind, ls_node *item, uint32_t start) {
    if (item->kind == LS_N_STARRED)
        return ls_parser_fail_at(p, item->span, "iterable unpacking cannot be used in comprehension");
    int base = p->nstack;
    while (ls_parser_at(p, T_FOR))
        if (!ls_parser_push(p, for_if_clause(p))) return NULL;
    ls_node *n = ls_parser_node_new(p, kind, start);
    if (!n || !ls_parser_take(p, base, &n->list)) return NULL;
    n->a = item;
    return ls_parser_node_done(p, n);
}

/* ---- ( … ) ---- */

/* group, tuple or generator expression */
static ls_node *parentheses(ls_parser *p) {
    uint32_t start = p->tok.span.start;
    int base = p->nstack;
    ls_parser_advance(p);
    ls_node *first = NULL, *n;
    if (!ls_parser_at(p, T_RPAR)) {
        if (!(first = element(p))) return NULL;
        if (ls_parser_at(p, T_FOR)) {
            n = ls_parse_comprehension(p, LS_N_GENEXP, first, start);
            if (!n || !ls_parser_expect(p, T_RPAR)) return NULL;
            n->span.end = p->last_end;
            return n;
        }
        if (!ls_parser_at(p, T_COMMA)) {
            if (!ls_parser_expect(p, T_RPAR)) return NULL;
            if (first->kind == LS_N_STARRED)
                return ls_parser_fail_at(p, first->span, "cannot use starred expression here");
            return first;
        }
        if (!ls_parser_push(p, first)) return NULL;
    }
    while (ls_parser_accept(p, T_COMMA) && !ls_parser_at(p, T_RPAR))
        if (!ls_parser_push(p, element(p))) return NULL;
    if (!ls_parser_expect(p, T_RPAR) || !(n = ls_parser_node_new(p, LS_N_TUPLE, start)) ||
        !ls_parser_take(p, base, &n->list))
        return NULL;
    return ls_parser_node_done(p, n);
}

/* ---- [ … ] ---- */

/* A word of a printed array: a number, nan, inf, True or False, with white space or a bracket after it. */
static size_t printed_word(const char *s, size_t n, bool *is_float) {
    size_t i = 0;
    static const char *const words[] = {"nan", "inf", "True", "False"};
    if (i < n && (s[i] == '-' || s[i] == '+')) i++;
    size_t from = i;
    for (size_t w = 0; w < sizeof words / sizeof *words; w++)
        if (n - from >= strlen(words[w]) && memcmp(s + from, words[w], strlen(words[w])) == 0)
            i = from + strlen(words[w]);
    if (i == from) {
        while (i < n && isdigit((unsigned char)s[i])) i++;
        bool point = i < n && s[i] == '.';
        if (point)
            for (i++; i < n && isdigit((unsigned char)s[i]);) i++;
        if (i - from == (point ? 1 : 0)) return 0;
        if (i < n && (s[i] == 'e' || s[i] == 'E')) {
            point = true;
            i++;
            if (i < n && (s[i] == '-' || s[i] == '+')) i++;
            while (i < n && isdigit((unsigned char)s[i])) i++;
        }
        *is_float |= point;
    }
    return i < n && strchr(" \t\r\n[]", s[i]) ? i : 0;
}

/* Is the bracket that opens here a printed array: words without commas, that Python could not read? "[1 2]"
   is; "[1 -2]" is a list of one difference and stays one. The end of its text, or 0. */
static uint32_t printed_array(const ls_parser *p, bool *shortened) {
    const char *text = p->source->text;
    uint32_t i = p->tok.span.start, length = (uint32_t)p->source->length;
    int depth = 0;
    bool beside = false, rows = false, is_float = false;
    char last = 0; /* 'w' after a word */
    while (i < length) {
        char c = text[i];
        if (c == '[') {
            rows |= last == ']';
            depth++;
            last = c;
            i++;
        } else if (c == ']') {
            last = c;
            i++;
            if (--depth == 0) return beside || (rows && is_float) ? i : 0;
        } else if (strchr(" \t\r\n", c)) i++;
        else {
            size_t n = printed_word(text + i, length - i, &is_float);
            if (!n && length - i > 3 && memcmp(text + i, "...", 3) == 0 && strchr(" \t\r\n]", text[i + 3])) {
                *shortened = true;
                n = 3;
                if (last == ']') last = 'w';
            }
            if (!n || last == ']') return 0;
            beside |= last == 'w' && c != '-' && c != '+';
            last = 'w';
            i += (uint32_t)n;
        }
    }
    return 0;
}

static ls_node *printed(ls_parser *p, uint32_t end) {
    p->tok.span.end = end;
    p->lex.pos = end;
    p->lex.depth--; /* its own bracket, closed by the skipped text */
    ls_token t = p->tok;
    ls_node *n = simple(p, LS_N_PRINTED);
    if (!n || !(n->text = ls_parser_token_copy(p, t))) return NULL;
    n->length = end - t.span.start;
    return n;
}

static ls_node *row(ls_parser *p, int base, uint32_t start) {
    ls_node *n = ls_parser_node_new(p, LS_N_LIST, start);
    return n && ls_parser_take(p, base, &n->list) ? ls_parser_node_done(p, n) : NULL;
}

/* matrix: row (';' row)* [';'], each row elements with commas; the first row is given */
static ls_node *matrix(ls_parser *p, ls_node *first, uint32_t start) {
    int rows = p->nstack;
    if (!ls_parser_push(p, first)) return NULL;
    while (ls_parser_accept(p, T_SEMI) && !ls_parser_at(p, T_RBRACKET)) {
        uint32_t row_start = p->tok.span.start;
        int base = p->nstack;
        do {
            if (ls_parser_at(p, T_SEMI) || ls_parser_at(p, T_RBRACKET)) break;
            if (!ls_parser_push(p, element(p))) return NULL;
        } while (ls_parser_accept(p, T_COMMA));
        if (p->nstack == base) return ls_parser_fail_at(p, p->tok.span, "an empty row in a matrix");
        if (!ls_parser_push(p, row(p, base, row_start))) return NULL;
    }
    ls_node *n = ls_parser_node_new(p, LS_N_MATRIX, start);
    if (!n || !ls_parser_take(p, rows, &n->list) || !ls_parser_expect(p, T_RBRACKET)) return NULL;
    return ls_parser_node_done(p, n);
}

/* list, list comprehension, matrix literal or printed array */
static ls_node *brackets(ls_parser *p) {
    bool shortened = false;
    uint32_t start = p->tok.span.start, end = printed_array(p, &shortened);
    if (end && shortened) {
        ls_parser_fail_at(p, (ls_span){start, end}, "a shortened array cannot be read back");
        ls_error_hint(p->error, "np.set_printoptions(threshold=10**9) prints all of one");
        return NULL;
    }
    if (end) return printed(p, end);
    int base = p->nstack;
    ls_parser_advance(p);
    uint32_t row_start = p->tok.span.start;
    ls_node *n;
    while (!ls_parser_at(p, T_RBRACKET)) {
        ls_node *item = element(p);
        if (!item) return NULL;
        if (ls_parser_at(p, T_FOR) && p->nstack == base) {
            n = ls_parse_comprehension(p, LS_N_LISTCOMP, item, start);
            if (!n || !ls_parser_expect(p, T_RBRACKET)) return NULL;
            n->span.end = p->last_end;
            return n;
        }
        if (ls_parser_at(p, T_FOR))
            return ls_parser_fail_at(p, p->tok.span,
                                     "did you forget parentheses around the comprehension target?");
        if (!ls_parser_push(p, item)) return NULL;
        if (!ls_parser_accept(p, T_COMMA)) break;
    }
    if (ls_parser_at(p, T_SEMI) && p->nstack > base) {
        ls_node *first = row(p, base, row_start);
        return first ? matrix(p, first, start) : NULL;
    }
    if (!ls_parser_expect(p, T_RBRACKET) || !(n = ls_parser_node_new(p, LS_N_LIST, start)) ||
        !ls_parser_take(p, base, &n->list))
        return NULL;
    return ls_parser_node_done(p, n);
}

/* ---- { … } ---- */

/* double_starred_kvpair: '**' bitwise_or | expression ':' expression */
static ls_node *pair(ls_parser *p) {
    uint32_t start = p->tok.span.start;
    bool double_star = ls_parser_accept(p, T_POWER);
    if (ls_parser_at(p, T_STAR))
        return ls_parser_fail_at(p, p->tok.span, "sets are not part of lsv: use a list");
    ls_node *key = double_star ? ls_parse_bitwise_or(p) : ls_parse_named_expression(p), *value = NULL;
    if (!key) return NULL;
    if (!double_star) {
        if (!ls_parser_at(p, T_COLON)) {
            if (p->tok.kind == T_COMMA || p->tok.kind == T_RBRACE || p->tok.kind == T_FOR)
                return key; /* a set: said by the caller */
            return ls_parser_unexpected(p);
        }
        ls_parser_advance(p);
        if (ls_parser_at(p, T_RBRACE) || ls_parser_at(p, T_COMMA))
            return ls_parser_fail_at(p, p->tok.span, "expression expected after dictionary key and ':'");
        if (ls_parser_at(p, T_STAR))
            return ls_parser_fail_at(p, p->tok.span, "cannot use a starred expression in a dictionary value");
        if (!(value = ls_parse_expression(p))) return NULL;
    }
    ls_node *n = ls_parser_node_new(p, double_star ? LS_N_DOUBLESTAR : LS_N_PAIR, start);
    if (!n) return NULL;
    n->a = key;
    n->b = value;
    return ls_parser_node_done(p, n);
}

static ls_node *braces(ls_parser *p) {
    uint32_t start = p->tok.span.start;
    int base = p->nstack;
    ls_parser_advance(p);
    ls_node *n;
    while (!ls_parser_at(p, T_RBRACE)) {
        ls_node *item = pair(p);
        if (!item) return NULL;
        if (item->kind != LS_N_PAIR && item->kind != LS_N_DOUBLESTAR) {
            if (p->nstack > base)
                return ls_parser_fail_at(p, item->span, "':' expected after dictionary key");
            ls_parser_fail_at(p, (ls_span){start, item->span.end}, "sets are not part of lsv: use a list");
            ls_error_hint(p->error, "a dictionary is {key: value}");
            return NULL;
        }
        if (ls_parser_at(p, T_FOR)) {
            if (item->kind == LS_N_DOUBLESTAR)
                return ls_parser_fail_at(p, item->span,
                                         "dict unpacking cannot be used in dict comprehension");
            n = ls_parse_comprehension(p, LS_N_DICTCOMP, item, start);
            if (!n || !ls_parser_expect(p, T_RBRACE)) return NULL;
            n->span.end = p->last_end;
            return n;
        }
        if (!ls_parser_push(p, item)) return NULL;
        if (!ls_parser_accept(p, T_COMMA)) break;
    }
    if (!ls_parser_expect(p, T_RBRACE) || !(n = ls_parser_node_new(p, LS_N_DICT, start)) ||
        !ls_parser_take(p, base, &n->list))
        return NULL;
    return ls_parser_node_done(p, n);
}

/* ---- atom ---- */

static ls_node *nested(ls_parser *p, ls_node *(*rule)(ls_parser *)) {
    if (!ls_parser_enter(p)) return NULL;
    ls_node *n = rule(p);
    ls_parser_leave(p);
    return n;
}

ls_node *ls_parse_atom(ls_parser *p) {
    switch (p->tok.kind) {
    case T_NAME: return name(p);
    case T_INT:
    case T_FLOAT: return ls_parse_number(p, false);
    case T_STRING:
    case T_FSTRING: return ls_parse_strings(p);
    case T_NONE: return simple(p, LS_N_NONE);
    case T_TRUE: return simple(p, LS_N_TRUE);
    case T_FALSE: return simple(p, LS_N_FALSE);
    case T_ELLIPSIS: return simple(p, LS_N_ELLIPSIS);
    case T_LPAR: return nested(p, parentheses);
    case T_LBRACKET: return nested(p, brackets);
    case T_LBRACE: return nested(p, braces);
    default: return ls_parser_unexpected(p);
    }
}
