/* Expressions, from the loosest binding to the tightest. One function per rule of the grammar. */
#include "lang/syntax/parser.h"

#include <string.h>

/* X(token, operator) per level of left-associative operators */
typedef struct level {
    ls_token_kind token;
    ls_operator op;
} level;

static bool find_operator(const level *table, ls_token_kind kind, ls_operator *op) {
    for (; table->token; table++)
        if (table->token == kind) return *op = table->op, true;
    return false;
}

static ls_node *left_associative(ls_parser *p, ls_node *(*operand)(ls_parser *), const level *table) {
    uint32_t start = p->tok.span.start;
    ls_node *a = operand(p);
    ls_operator op;
    while (a && find_operator(table, p->tok.kind, &op)) {
        ls_span op_span = p->tok.span;
        ls_parser_advance(p);
        ls_node *b = operand(p);
        ls_node *n = b ? ls_parser_node_new(p, LS_N_BINARY, start) : NULL;
        if (!n) return NULL;
        n->op = op;
        n->op_span = op_span;
        n->a = a;
        n->b = b;
        a = ls_parser_node_done(p, n);
    }
    return a;
}

static ls_node *wrap(ls_parser *p, ls_node_kind kind, uint32_t start, ls_node *a) {
    ls_node *n = a ? ls_parser_node_new(p, kind, start) : NULL;
    if (!n) return NULL;
    n->a = a;
    return ls_parser_node_done(p, n);
}

/* ---- arithmetic ---- */

static ls_node *factor(ls_parser *p);

/* power: primary ['**' factor] */
static ls_node *power(ls_parser *p) {
    uint32_t start = p->tok.span.start;
    ls_node *a = ls_parse_primary(p);
    if (!a || !ls_parser_at(p, T_POWER)) return a;
    ls_span op_span = p->tok.span;
    ls_parser_advance(p);
    if (!ls_parser_enter(p)) return NULL;
    ls_node *b = factor(p);
    ls_parser_leave(p);
    ls_node *n = b ? ls_parser_node_new(p, LS_N_BINARY, start) : NULL;
    if (!n) return NULL;
    n->op = LS_OP_POW;
    n->op_span = op_span;
    n->a = a;
    n->b = b;
    return ls_parser_node_done(p, n);
}

/* factor: ('+' | '-' | '~') factor | power */
static ls_node *factor(ls_parser *p) {
    static const level signs[] = {{T_MINUS, LS_OP_NEG}, {T_PLUS, LS_OP_POS}, {T_TILDE, LS_OP_INVERT}, {0}};
    ls_operator op;
    if (!find_operator(signs, p->tok.kind, &op)) return power(p);
    if (!ls_parser_enter(p)) return NULL;
    ls_token sign = p->tok;
    ls_parser_advance(p);
    ls_node *n = NULL;
    static const char least[] = "9223372036854775808"; /* its negative is an int, itself is not */
    if (op == LS_OP_NEG && ls_parser_at(p, T_INT) &&
        p->tok.span.end - p->tok.span.start == sizeof least - 1 &&
        memcmp(p->source->text + p->tok.span.start, least, sizeof least - 1) == 0) {
        n = ls_parse_number(p, true);
        if (n) n->span.start = sign.span.start;
    } else {
        n = wrap(p, LS_N_UNARY, sign.span.start, factor(p));
        if (n) {
            n->op = op;
            n->op_span = sign.span;
        }
    }
    ls_parser_leave(p);
    return n;
}

static ls_node *term(ls_parser *p) {
    static const level ops[] = {{T_STAR, LS_OP_MUL},    {T_SLASH, LS_OP_DIV}, {T_FLOOR, LS_OP_FLOORDIV},
                                {T_PERCENT, LS_OP_MOD}, {T_AT, LS_OP_MATMUL}, {0}};
    return left_associative(p, factor, ops);
}

static ls_node *sum(ls_parser *p) {
    static const level ops[] = {{T_PLUS, LS_OP_ADD}, {T_MINUS, LS_OP_SUB}, {0}};
    return left_associative(p, term, ops);
}

static ls_node *shift_expr(ls_parser *p) {
    static const level ops[] = {{T_LSHIFT, LS_OP_LSHIFT}, {T_RSHIFT, LS_OP_RSHIFT}, {0}};
    return left_associative(p, sum, ops);
}

static ls_node *bitwise_and(ls_parser *p) {
    static const level ops[] = {{T_AMPER, LS_OP_AND}, {0}};
    return left_associative(p, shift_expr, ops);
}

static ls_node *bitwise_xor(ls_parser *p) {
    static const level ops[] = {{T_CARET, LS_OP_XOR}, {0}};
    return left_associative(p, bitwise_and, ops);
}

ls_node *ls_parse_bitwise_or(ls_parser *p) {
    static const level ops[] = {{T_VBAR, LS_OP_OR}, {0}};
    return left_associative(p, bitwise_xor, ops);
}

/* ---- comparison, logic ---- */

/* Consumes a comparison operator: one token, "not in" or "is not". */
static bool comparison_operator(ls_parser *p, ls_operator *op) {
    static const level ops[] = {{T_LESS, LS_OP_LT},        {T_LESS_EQ, LS_OP_LE},
                                {T_GREATER, LS_OP_GT},     {T_GREATER_EQ, LS_OP_GE},
                                {T_EQUAL_EQUAL, LS_OP_EQ}, {T_NOT_EQ, LS_OP_NE},
                                {T_IN, LS_OP_IN},          {T_IS, LS_OP_IS},
                                {T_NOT, LS_OP_NOT_IN},     {0}};
    if (!find_operator(ops, p->tok.kind, op)) return false;
    if (*op == LS_OP_NOT_IN) {
        ls_lexer ahead = p->lex; /* "a not b": the trouble is the "not" */
        ls_error scratch = {0};
        ahead.error = &scratch;
        bool in = ls_lex_next(&ahead).kind == T_IN;
        ls_error_clear(&scratch);
        if (!in) return false;
        ls_parser_advance(p);
    }
    ls_parser_advance(p);
    if (*op == LS_OP_IS && ls_parser_accept(p, T_NOT)) *op = LS_OP_IS_NOT;
    return true;
}

static ls_node *comparison(ls_parser *p) {
    uint32_t start = p->tok.span.start;
    ls_node *a = ls_parse_bitwise_or(p);
    if (!a) return NULL;
    enum { INLINE = 8 };
    ls_operator few[INLINE], *ops = few, op;
    int nops = 0, room = INLINE, base = p->nstack;
    ls_span op_span = p->tok.span, first = op_span;
    while (comparison_operator(p, &op)) {
        if (nops == 0) first = (ls_span){op_span.start, p->last_end};
        if (nops == room) {
            ls_operator *more = ls_arena_alloc(p->arena, (size_t)room * 2 * sizeof *more);
            if (!more) return ls_parser_no_room(p);
            memcpy(more, ops, (size_t)nops * sizeof *ops);
            ops = more;
            room *= 2;
        }
        ops[nops++] = op;
        if (nops == 1 && !ls_parser_push(p, a)) return NULL;
        if (!ls_parser_push(p, ls_parse_bitwise_or(p))) return NULL;
    }
    if (!nops) return a;
    ls_node *n = ls_parser_node_new(p, LS_N_COMPARE, start);
    if (!n || !ls_parser_take(p, base, &n->list)) return NULL;
    n->ops = ls_arena_alloc(p->arena, (size_t)nops * sizeof *ops);
    if (!n->ops) return ls_parser_no_room(p);
    memcpy(n->ops, ops, (size_t)nops * sizeof *ops);
    n->op_span = first;
    return ls_parser_node_done(p, n);
}

static ls_node *inversion(ls_parser *p) {
    if (!ls_parser_at(p, T_NOT)) return comparison(p);
    if (!ls_parser_enter(p)) return NULL;
    ls_token not = p->tok;
    ls_parser_advance(p);
    ls_node *n = wrap(p, LS_N_NOT, not .span.start, inversion(p));
    if (n) n->op_span = not .span;
    ls_parser_leave(p);
    return n;
}

static ls_node *logical(ls_parser *p, ls_node *(*operand)(ls_parser *), ls_token_kind token,
                        ls_node_kind kind) {
    uint32_t start = p->tok.span.start;
    ls_node *a = operand(p);
    while (a && ls_parser_at(p, token)) {
        ls_span op_span = p->tok.span;
        ls_parser_advance(p);
        ls_node *b = operand(p);
        ls_node *n = b ? ls_parser_node_new(p, kind, start) : NULL;
        if (!n) return NULL;
        n->op_span = op_span;
        n->a = a;
        n->b = b;
        a = ls_parser_node_done(p, n);
    }
    return a;
}

static ls_node *conjunction(ls_parser *p) { return logical(p, inversion, T_KW_AND, LS_N_AND); }

ls_node *ls_parse_disjunction(ls_parser *p) {
    ls_node *n = logical(p, conjunction, T_KW_OR, LS_N_OR);
    if (n) p->operand_end = p->last_end;
    return n;
}

/* ---- expression ---- */

/* expression: disjunction ['if' disjunction 'else' expression] | lambda */
ls_node *ls_parse_expression(ls_parser *p) {
    if (!ls_parser_enter(p)) return NULL;
    uint32_t start = p->tok.span.start;
    bool lambda = ls_parser_at(p, T_LAMBDA);
    ls_node *a = lambda ? ls_parse_lambda(p) : ls_parse_disjunction(p), *n = a;
    if (a && !lambda && ls_parser_at(p, T_IF)) {
        ls_parser_advance(p);
        ls_node *condition = ls_parse_disjunction(p);
        n = NULL;
        if (condition && !ls_parser_at(p, T_ELSE)) {
            if (ls_parser_at(p, T_COLON) || p->tok.kind == T_ERROR) ls_parser_unexpected(p);
            else ls_parser_fail_at(p, (ls_span){start, p->last_end}, "expected 'else' after 'if' expression");
        } else if (condition) {
            ls_parser_advance(p);
            ls_node *otherwise = ls_parse_expression(p);
            n = otherwise ? ls_parser_node_new(p, LS_N_IFEXP, start) : NULL;
            if (n) {
                n->a = a;
                n->b = condition;
                n->c = otherwise;
                n = ls_parser_node_done(p, n);
            }
        }
    }
    ls_parser_leave(p);
    return n;
}

ls_node *ls_parse_lambda(ls_parser *p) {
    uint32_t start = p->tok.span.start;
    ls_parser_advance(p);
    ls_function_node *f = ls_arena_alloc(p->arena, sizeof *f);
    if (!f) return ls_parser_no_room(p);
    f->name = "<lambda>";
    if (!ls_parse_parameters(p, T_COLON, f)) return NULL;
    if (!ls_parser_accept(p, T_COLON))
        return p->lex.depth && ls_parser_at(p, T_RBRACE) ? ls_parser_unexpected(p)
                                                         : ls_parser_fail_at(p, p->tok.span, "expected ':'");
    int loops = p->loops;
    p->loops = 0;
    f->body = ls_parse_expression(p);
    p->loops = loops;
    f->span = (ls_span){start, p->last_end};
    ls_node *n = f->body ? ls_parser_node_new(p, LS_N_LAMBDA, start) : NULL;
    if (!n) return NULL;
    n->function = f;
    return ls_parser_node_done(p, n);
}

/* named_expression: NAME ':=' expression | expression */
ls_node *ls_parse_named_expression(ls_parser *p) {
    ls_token first = p->tok;
    ls_node *a = ls_parse_expression(p);
    if (!a || !ls_parser_at(p, T_WALRUS)) return a;
    if (a->kind != LS_N_NAME || first.kind != T_NAME)
        return ls_parser_fail_at(p, a->span, "cannot use assignment expressions with %s",
                                 ls_parser_node_phrase(a));
    ls_parser_advance(p);
    ls_node *b = ls_parse_expression(p);
    ls_node *n = b ? ls_parser_node_new(p, LS_N_WALRUS, first.span.start) : NULL;
    if (!n) return NULL;
    n->a = a;
    n->b = b;
    return ls_parser_node_done(p, n);
}

ls_node *ls_parse_star_expression(ls_parser *p) {
    if (!ls_parser_at(p, T_STAR)) return ls_parse_expression(p);
    uint32_t start = p->tok.span.start;
    ls_parser_advance(p);
    return wrap(p, LS_N_STARRED, start, ls_parse_bitwise_or(p));
}

/* Can an expression of a list end here? */
static bool list_ends(const ls_parser *p) {
    return !ls_parser_starts_expression(p) && !ls_parser_at(p, T_STAR) && !ls_parser_at(p, T_MINUS) &&
           !ls_parser_at(p, T_PLUS);
}

ls_node *ls_parse_star_expressions(ls_parser *p) {
    uint32_t start = p->tok.span.start;
    ls_node *a = ls_parse_star_expression(p);
    if (!a || !ls_parser_at(p, T_COMMA)) return a;
    int base = p->nstack;
    if (!ls_parser_push(p, a)) return NULL;
    while (ls_parser_accept(p, T_COMMA)) {
        if (list_ends(p)) break;
        if (!ls_parser_push(p, ls_parse_star_expression(p))) return NULL;
    }
    ls_node *n = ls_parser_node_new(p, LS_N_TUPLE, start);
    if (!n || !ls_parser_take(p, base, &n->list)) return NULL;
    return ls_parser_node_done(p, n);
}

/* ---- primaries ---- */

/* A slice's step may count points (np.mgrid[0:1:5j]). */
static ls_node *slice_part(ls_parser *p, int i) {
    return i == 2 && ls_parser_at(p, T_IMAGINARY) ? ls_parse_number(p, false) : ls_parse_expression(p);
}

/* slice: [expression] ':' [expression] [':' [expression | IMAGINARY]] | named_expression | '*' … */
static ls_node *slice(ls_parser *p) {
    uint32_t start = p->tok.span.start;
    if (ls_parser_at(p, T_STAR)) return ls_parse_star_expression(p);
    ls_node *parts[3] = {0};
    if (!ls_parser_at(p, T_COLON)) {
        parts[0] = ls_parse_named_expression(p);
        if (!parts[0] || !ls_parser_at(p, T_COLON)) return parts[0];
    }
    for (int i = 1; i < 3 && ls_parser_accept(p, T_COLON); i++)
        if (!ls_parser_at(p, T_COLON) && !ls_parser_at(p, T_COMMA) && !ls_parser_at(p, T_RBRACKET) &&
            !(parts[i] = slice_part(p, i)))
            return NULL;
    ls_node *n = ls_parser_node_new(p, LS_N_SLICE, start);
    if (!n) return NULL;
    n->a = parts[0];
    n->b = parts[1];
    n->c = parts[2];
    return ls_parser_node_done(p, n);
}

static ls_node *slices(ls_parser *p) {
    uint32_t start = p->tok.span.start;
    ls_node *a = slice(p);
    if (!a || (!ls_parser_at(p, T_COMMA) && a->kind != LS_N_STARRED)) return a;
    int base = p->nstack;
    if (!ls_parser_push(p, a)) return NULL;
    while (ls_parser_accept(p, T_COMMA)) {
        if (ls_parser_at(p, T_RBRACKET)) break;
        if (!ls_parser_push(p, slice(p))) return NULL;
    }
    ls_node *n = ls_parser_node_new(p, LS_N_TUPLE, start);
    if (!n || !ls_parser_take(p, base, &n->list)) return NULL;
    return ls_parser_node_done(p, n);
}

/* primary: atom ('.' NAME | '(' arguments ')' | '[' slices ']')* */
ls_node *ls_parse_primary(ls_parser *p) {
    uint32_t start = p->tok.span.start;
    ls_node *a = ls_parse_atom(p);
    while (a) {
        ls_node *n;
        ls_token t = p->tok;
        if (ls_parser_accept(p, T_DOT)) {
            ls_token name = p->tok;
            if (!ls_parser_accept(p, T_NAME)) return ls_parser_unexpected(p);
            if (!(n = ls_parser_node_new(p, LS_N_ATTRIBUTE, start))) return NULL;
            n->op_span = name.span;
            n->a = a;
            if (!(n->text = ls_parser_token_copy(p, name))) return NULL;
            n->length = name.span.end - name.span.start;
        } else if (t.kind == T_LPAR) {
            if (!ls_parser_enter(p)) return NULL;
            ls_parser_advance(p);
            ls_nodes list;
            if (!ls_parse_arguments(p, &list) || !(n = ls_parser_node_new(p, LS_N_CALL, start))) return NULL;
            ls_parser_leave(p);
            n->op_span = (ls_span){t.span.start, p->last_end};
            n->a = a;
            n->list = list;
        } else if (t.kind == T_LBRACKET) {
            if (!ls_parser_enter(p)) return NULL;
            ls_parser_advance(p);
            ls_node *b = slices(p);
            if (!b || !ls_parser_expect(p, T_RBRACKET) || !(n = ls_parser_node_new(p, LS_N_SUBSCRIPT, start)))
                return NULL;
            ls_parser_leave(p);
            n->op_span = (ls_span){t.span.start, p->last_end};
            n->a = a;
            n->b = b;
        } else break;
        a = ls_parser_node_done(p, n);
    }
    if (a) p->operand_end = p->last_end;
    return a;
}
