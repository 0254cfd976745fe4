/* Statements and blocks. */
#include "lang/syntax/parser.h"

#include <string.h>

static ls_node *statement(ls_parser *p);

static ls_node *leaf(ls_parser *p, ls_node_kind kind) {
    uint32_t start = p->tok.span.start;
    ls_parser_advance(p);
    return ls_parser_node_new(p, kind, start);
}

/* A star expression is no value by itself. */
static bool is_value(ls_parser *p, const ls_node *n) {
    if (!n) return false;
    if (n->kind != LS_N_STARRED) return true;
    ls_parser_fail_at(p, n->span, "can't use starred expression here");
    return false;
}

static ls_node *value(ls_parser *p) {
    ls_node *n = ls_parse_star_expressions(p);
    return is_value(p, n) ? n : NULL;
}

/* ---- assignment and expression statements ---- */

static ls_node *annotated(ls_parser *p, ls_node *target, uint32_t start) {
    if (target->kind == LS_N_TUPLE || target->kind == LS_N_LIST)
        return ls_parser_fail_at(p, target->span, "only single target (not %s) can be annotated",
                                 ls_parser_node_phrase(target));
    if (target->kind != LS_N_NAME && target->kind != LS_N_ATTRIBUTE && target->kind != LS_N_SUBSCRIPT)
        return ls_parser_fail_at(p, target->span, "illegal target for annotation");
    ls_parser_advance(p);
    if (!ls_parse_expression(p)) return NULL; /* the annotation: parsed and dropped */
    ls_node *b = NULL;
    if (ls_parser_accept(p, T_EQUAL) && !(b = value(p))) return NULL;
    ls_node *n = ls_parser_node_new(p, LS_N_ANNASSIGN, start);
    if (!n) return NULL;
    n->a = target;
    n->b = b;
    return ls_parser_node_done(p, n);
}

static ls_node *augmented(ls_parser *p, ls_node *target, ls_operator op, uint32_t start) {
    if (!ls_parser_check_augmented(p, target)) return NULL;
    ls_span op_span = p->tok.span;
    ls_parser_advance(p);
    ls_node *b = value(p);
    ls_node *n = b ? ls_parser_node_new(p, LS_N_AUGASSIGN, start) : NULL;
    if (!n) return NULL;
    n->op = op;
    n->op_span = op_span;
    n->a = target;
    n->b = b;
    return ls_parser_node_done(p, n);
}

/* (star_targets '=')+ star_expressions; the first target is given */
static ls_node *assignment(ls_parser *p, ls_node *first, uint32_t start) {
    int base = p->nstack;
    ls_node *last = first;
    ls_span op_span = p->tok.span;
    while (ls_parser_at(p, T_EQUAL)) {
        ls_parser_advance(p);
        ls_node *next = ls_parse_star_expressions(p);
        if (!next) return NULL;
        bool alone = p->nstack == base && !ls_parser_at(p, T_EQUAL);
        if (!ls_parser_check_target(p, last, alone) || !ls_parser_push(p, last)) return NULL;
        last = next;
    }
    ls_node *n = is_value(p, last) ? ls_parser_node_new(p, LS_N_ASSIGN, start) : NULL;
    if (!n || !ls_parser_take(p, base, &n->list)) return NULL;
    n->b = last;
    n->op_span = op_span;
    return ls_parser_node_done(p, n);
}

static bool is_word(const ls_node *n, const char *word) {
    return n->kind == LS_N_NAME && strcmp(n->text, word) == 0;
}

/* "print x", "match x:": statements of other languages, or of this one's relatives. Always NULL. */
static ls_node *no_statement(ls_parser *p, ls_node *n) {
    bool operand = p->last_end == n->span.end && (ls_parser_starts_expression(p) || ls_parser_at(p, T_MINUS));
    if (operand && is_word(n, "print"))
        return ls_parser_fail_at(p, (ls_span){n->span.start, p->tok.span.end},
                                 "Missing parentheses in call to 'print'. Did you mean print(...)?");
    if (operand && is_word(n, "match"))
        return ls_parser_fail_at(p, n->span, "match is not part of lsv: use if and elif");
    if (ls_parser_at(p, T_NAME) && is_word(n, "function")) {
        ls_parser_fail_at(p, p->tok.span, "invalid syntax");
        ls_error_hint(p->error, "a function is def name(arguments):");
        return NULL;
    }
    if (ls_parser_at(p, T_WALRUS)) {
        ls_parser_fail_at(p, p->tok.span, "invalid syntax");
        ls_error_hint(p->error, "a statement assigns with '='; inside an expression := needs parentheses");
        return NULL;
    }
    return ls_parser_unexpected(p);
}

static const struct {
    ls_token_kind token;
    ls_operator op;
} augmented_operators[] = {
    {T_PLUS_EQ, LS_OP_ADD},     {T_MINUS_EQ, LS_OP_SUB},      {T_STAR_EQ, LS_OP_MUL},
    {T_SLASH_EQ, LS_OP_DIV},    {T_FLOOR_EQ, LS_OP_FLOORDIV}, {T_MOD_EQ, LS_OP_MOD},
    {T_POWER_EQ, LS_OP_POW},    {T_AT_EQ, LS_OP_MATMUL},      {T_AND_EQ, LS_OP_AND},
    {T_OR_EQ, LS_OP_OR},        {T_XOR_EQ, LS_OP_XOR},        {T_LSHIFT_EQ, LS_OP_LSHIFT},
    {T_RSHIFT_EQ, LS_OP_RSHIFT}};

static ls_node *expression_statement(ls_parser *p) {
    uint32_t start = p->tok.span.start;
    ls_node *a = ls_parse_star_expressions(p);
    if (!a) return NULL;
    if (ls_parser_at(p, T_EQUAL)) return assignment(p, a, start);
    if (ls_parser_at(p, T_COLON)) {
        if (a->kind == LS_N_NAME || a->kind == LS_N_ATTRIBUTE || a->kind == LS_N_SUBSCRIPT ||
            a->kind == LS_N_TUPLE || a->kind == LS_N_LIST)
            return annotated(p, a, start);
        return ls_parser_fail_at(p, a->span, "illegal target for annotation");
    }
    for (size_t i = 0; i < sizeof augmented_operators / sizeof *augmented_operators; i++)
        if (ls_parser_at(p, augmented_operators[i].token))
            return augmented(p, a, augmented_operators[i].op, start);
    if (!ls_parser_at(p, T_NEWLINE) && !ls_parser_at(p, T_SEMI) && !ls_parser_at(p, T_END))
        return no_statement(p, a);
    ls_node *n = is_value(p, a) ? ls_parser_node_new(p, LS_N_EXPR, start) : NULL;
    if (!n) return NULL;
    n->a = a;
    return ls_parser_node_done(p, n);
}

/* ---- small statements ---- */

static ls_node *return_stmt(ls_parser *p) {
    if (!p->functions) return ls_parser_fail_at(p, p->tok.span, "'return' outside function");
    ls_node *n = leaf(p, LS_N_RETURN);
    if (!n || ls_parser_at(p, T_NEWLINE) || ls_parser_at(p, T_SEMI) || ls_parser_at(p, T_END)) return n;
    return (n->a = value(p)) ? ls_parser_node_done(p, n) : NULL;
}

static ls_node *break_stmt(ls_parser *p) {
    return p->loops ? leaf(p, LS_N_BREAK) : ls_parser_fail_at(p, p->tok.span, "'break' outside loop");
}

static ls_node *continue_stmt(ls_parser *p) {
    return p->loops ? leaf(p, LS_N_CONTINUE)
                    : ls_parser_fail_at(p, p->tok.span, "'continue' not properly in loop");
}

static ls_node *pass_stmt(ls_parser *p) { return leaf(p, LS_N_PASS); }

static ls_node *assert_stmt(ls_parser *p) {
    ls_node *n = leaf(p, LS_N_ASSERT);
    if (!n || !(n->a = ls_parse_expression(p))) return NULL;
    if (ls_parser_accept(p, T_COMMA) && !(n->b = ls_parse_expression(p))) return NULL;
    return ls_parser_node_done(p, n);
}

static bool push_flat(ls_parser *p, ls_node *n) {
    if (n->kind != LS_N_TUPLE && n->kind != LS_N_LIST) return ls_parser_push(p, n);
    for (int i = 0; i < n->list.n; i++)
        if (!push_flat(p, n->list.items[i])) return false;
    return true;
}

static ls_node *del_stmt(ls_parser *p) {
    ls_node *n = leaf(p, LS_N_DEL);
    int base = p->nstack;
    ls_node *targets = n ? ls_parse_star_expressions(p) : NULL;
    if (!targets || !ls_parser_check_deletable(p, targets) || !push_flat(p, targets) ||
        !ls_parser_take(p, base, &n->list))
        return NULL;
    return ls_parser_node_done(p, n);
}

static ls_node *names_stmt(ls_parser *p, ls_node_kind kind) {
    ls_node *n = leaf(p, kind);
    int base = p->nstack;
    if (!n) return NULL;
    do {
        if (!ls_parser_at(p, T_NAME)) return ls_parser_unexpected(p);
        if (!ls_parser_push(p, ls_parse_atom(p))) return NULL;
    } while (ls_parser_accept(p, T_COMMA));
    return ls_parser_take(p, base, &n->list) ? ls_parser_node_done(p, n) : NULL;
}

static ls_node *global_stmt(ls_parser *p) { return names_stmt(p, LS_N_GLOBAL); }

static ls_node *nonlocal_stmt(ls_parser *p) {
    if (!p->functions)
        return ls_parser_fail_at(p, p->tok.span, "nonlocal declaration not allowed at module level");
    return names_stmt(p, LS_N_NONLOCAL);
}

/* ---- import ---- */

/* NAME ('.' NAME)*, as written but without spaces */
static const char *dotted_name(ls_parser *p, size_t *length) {
    ls_token t = p->tok;
    if (!ls_parser_accept(p, T_NAME)) return ls_parser_unexpected(p);
    char *text = ls_parser_token_copy(p, t);
    size_t n = t.span.end - t.span.start;
    while (text && ls_parser_accept(p, T_DOT)) {
        t = p->tok;
        if (!ls_parser_accept(p, T_NAME)) return ls_parser_unexpected(p);
        size_t more = t.span.end - t.span.start;
        char *joined = ls_arena_alloc(p->arena, n + more + 2);
        if (!joined) return ls_parser_no_room(p);
        memcpy(joined, text, n);
        joined[n] = '.';
        memcpy(joined + n + 1, p->source->text + t.span.start, more);
        text = joined;
        n += more + 1;
    }
    *length = n;
    return text;
}

static ls_node *alias(ls_parser *p, bool dotted) {
    ls_node *n = ls_parser_node_new(p, LS_N_ALIAS, p->tok.span.start);
    if (!n) return NULL;
    ls_token t = p->tok;
    if (dotted) n->text = dotted_name(p, &n->length);
    else if (ls_parser_accept(p, T_NAME))
        n->text = ls_parser_token_copy(p, t), n->length = t.span.end - t.span.start;
    else ls_parser_unexpected(p);
    if (!n->text) return NULL;
    if (ls_parser_accept(p, T_AS)) {
        t = p->tok;
        if (!ls_parser_accept(p, T_NAME)) return ls_parser_unexpected(p);
        if (!(n->text2 = ls_parser_token_copy(p, t))) return NULL;
    }
    return ls_parser_node_done(p, n);
}

static ls_node *import_name(ls_parser *p) {
    ls_node *n = leaf(p, LS_N_IMPORT);
    int base = p->nstack;
    if (!n) return NULL;
    do
        if (!ls_parser_push(p, alias(p, true))) return NULL;
    while (ls_parser_accept(p, T_COMMA));
    return ls_parser_take(p, base, &n->list) ? ls_parser_node_done(p, n) : NULL;
}

static ls_node *import_star(ls_parser *p) {
    if (p->functions) return ls_parser_fail_at(p, p->tok.span, "import * only allowed at module level");
    ls_node *n = leaf(p, LS_N_ALIAS);
    if (n) n->text = "*", n->length = 1;
    return n;
}

static ls_node *import_from(ls_parser *p) {
    ls_node *n = leaf(p, LS_N_FROMIMPORT);
    int base = p->nstack;
    if (!n) return NULL;
    if (ls_parser_at(p, T_DOT) || ls_parser_at(p, T_ELLIPSIS))
        return ls_parser_fail_at(p, p->tok.span, "relative imports are not part of lsv");
    n->text = dotted_name(p, &n->length);
    if (!n->text || !ls_parser_expect(p, T_IMPORT)) return NULL;
    if (ls_parser_at(p, T_STAR)) {
        if (!ls_parser_push(p, import_star(p))) return NULL;
    } else {
        bool brackets = ls_parser_accept(p, T_LPAR);
        do {
            if (brackets && ls_parser_at(p, T_RPAR) && p->nstack > base) break;
            if (!brackets && p->nstack > base && ls_parser_at(p, T_NEWLINE))
                return ls_parser_fail_at(p, (ls_span){p->last_end - 1, p->last_end},
                                         "trailing comma not allowed without surrounding parentheses");
            if (!ls_parser_push(p, alias(p, false))) return NULL;
        } while (ls_parser_accept(p, T_COMMA));
        if (brackets && !ls_parser_expect(p, T_RPAR)) return NULL;
    }
    return ls_parser_take(p, base, &n->list) ? ls_parser_node_done(p, n) : NULL;
}

/* ---- simple statements ---- */

static ls_node *simple_stmt(ls_parser *p) {
    static const struct {
        ls_token_kind token;
        ls_node *(*rule)(ls_parser *);
    } rules[] = {{T_RETURN, return_stmt}, {T_BREAK, break_stmt},       {T_CONTINUE, continue_stmt},
                 {T_PASS, pass_stmt},     {T_ASSERT, assert_stmt},     {T_DEL, del_stmt},
                 {T_GLOBAL, global_stmt}, {T_NONLOCAL, nonlocal_stmt}, {T_IMPORT, import_name},
                 {T_FROM, import_from}};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (ls_parser_at(p, rules[i].token)) return rules[i].rule(p);
    return expression_statement(p);
}

/* simple_stmt (';' simple_stmt)* [';'] NEWLINE: pushes them */
static bool simple_stmts(ls_parser *p) {
    do {
        if (!ls_parser_push(p, simple_stmt(p))) return false;
        p->quiet = ls_parser_at(p, T_SEMI);
    } while (ls_parser_accept(p, T_SEMI) && !ls_parser_at(p, T_NEWLINE) && !ls_parser_at(p, T_END));
    if (ls_parser_at(p, T_END) || ls_parser_accept(p, T_NEWLINE)) return true;
    ls_parser_unexpected(p);
    return false;
}

/* ---- blocks ---- */

static ls_node *block_of(ls_parser *p, int base, uint32_t start) {
    ls_node *n = ls_parser_node_new(p, LS_N_BLOCK, start);
    return n && ls_parser_take(p, base, &n->list) ? ls_parser_node_done(p, n) : NULL;
}

static bool indented(ls_parser *p, const char *after, uint32_t opener) {
    if (!ls_parser_at(p, T_INDENT)) {
        if (p->error->set) return false;
        int line;
        ls_source_where(p->source, opener, &line, NULL);
        ls_span span =
            ls_parser_at(p, T_END) ? (ls_span){p->last_end ? p->last_end - 1 : 0, p->last_end} : p->tok.span;
        ls_syntax_error(p->error, p->source, "IndentationError", span,
                        "expected an indented block after %s on line %d", after, line);
        return false;
    }
    ls_parser_advance(p);
    while (!ls_parser_at(p, T_DEDENT) && !ls_parser_at(p, T_END))
        if (!ls_parser_push(p, statement(p))) return false;
    return ls_parser_at(p, T_END) || ls_parser_accept(p, T_DEDENT);
}

/* ':' block. forced: nothing but ':' can stand here, so its lack is what to speak of. */
static bool block(ls_parser *p, const char *after, uint32_t opener, bool forced, ls_nodes *out) {
    if (!ls_parser_at(p, T_COLON)) {
        if (p->error->set) return false;
        if (forced || ls_parser_at(p, T_NEWLINE)) {
            ls_span here = {p->tok.span.start, p->tok.span.start + 1};
            bool open = p->lex.depth > 0;
            if (open || ls_parser_is_not_offered(p->tok.kind)) return ls_parser_unexpected(p) != NULL;
            ls_parser_fail_at(p, here, "expected ':'");
            if (ls_parser_at(p, T_IF) && p->last == T_ELSE) ls_error_hint(p->error, "write elif");
            return false;
        }
        ls_parser_unexpected(p);
        return false;
    }
    ls_parser_advance(p);
    if (!ls_parser_enter(p)) return false;
    int base = p->nstack;
    bool ok = ls_parser_accept(p, T_NEWLINE) ? indented(p, after, opener) : simple_stmts(p);
    ls_parser_leave(p);
    return ok && ls_parser_take(p, base, out);
}

/* The condition of if, elif and while; "x = 3" there means "==". */
static ls_node *condition(ls_parser *p) {
    ls_node *n = ls_parse_named_expression(p);
    if (!n || !ls_parser_at(p, T_EQUAL)) return n;
    if (n->kind == LS_N_NAME)
        return ls_parser_fail_at(p, (ls_span){n->span.start, p->tok.span.end},
                                 "invalid syntax. Maybe you meant '==' or ':=' instead of '='?");
    if (n->kind == LS_N_TUPLE || n->kind == LS_N_LIST || n->kind == LS_N_TRUE || n->kind == LS_N_FALSE ||
        n->kind == LS_N_NONE)
        return ls_parser_unexpected(p);
    return ls_parser_fail_at(p, n->span, "cannot assign to %s here. Maybe you meant '==' instead of '='?",
                             ls_parser_node_phrase(n));
}

static bool else_block(ls_parser *p, ls_nodes *out) {
    uint32_t start = p->tok.span.start;
    if (!ls_parser_accept(p, T_ELSE)) return true;
    return block(p, "'else' statement", start, true, out);
}

/* if_stmt: 'if' condition block ('elif' condition block)* [else_block]. Read in a loop, then linked and
   measured from the last one up. */
static ls_node *if_stmt(ls_parser *p) {
    int base = p->nstack;
    do {
        uint32_t start = p->tok.span.start;
        bool elif = ls_parser_at(p, T_ELIF);
        ls_parser_advance(p);
        ls_node *n = ls_parser_node_new(p, LS_N_IF, start);
        if (!n || !(n->a = condition(p)) ||
            !block(p, elif ? "'elif' statement" : "'if' statement", start, false, &n->body))
            return NULL;
        if (!ls_parser_push(p, n)) return NULL;
    } while (ls_parser_at(p, T_ELIF));
    ls_nodes branches;
    if (!ls_parser_take(p, base, &branches) || !else_block(p, &branches.items[branches.n - 1]->orelse))
        return NULL;
    for (int i = branches.n - 1; i >= 0; i--) {
        ls_node *n = branches.items[i];
        if (i + 1 < branches.n) n->orelse = (ls_nodes){&branches.items[i + 1], 1};
        if (!ls_parser_node_done(p, n)) return NULL;
    }
    return branches.items[0];
}

static ls_node *for_stmt(ls_parser *p) {
    uint32_t start = p->tok.span.start;
    ls_node *n = leaf(p, LS_N_FOR);
    if (!n || !(n->a = ls_parse_for_targets(p)) || !(n->b = value(p))) return NULL;
    p->loops++;
    bool ok = block(p, "'for' statement", start, true, &n->body);
    p->loops--;
    return ok && else_block(p, &n->orelse) ? ls_parser_node_done(p, n) : NULL;
}

static ls_node *while_stmt(ls_parser *p) {
    uint32_t start = p->tok.span.start;
    ls_node *n = leaf(p, LS_N_WHILE);
    if (!n || !(n->a = condition(p))) return NULL;
    p->loops++;
    bool ok = block(p, "'while' statement", start, false, &n->body);
    p->loops--;
    return ok && else_block(p, &n->orelse) ? ls_parser_node_done(p, n) : NULL;
}

/* ---- functions ---- */

static const char *docstring(const ls_nodes *body) {
    if (!body->n || body->items[0]->kind != LS_N_EXPR || body->items[0]->a->kind != LS_N_STR) return NULL;
    return body->items[0]->a->text;
}

static bool function_body(ls_parser *p, ls_function_node *f, uint32_t start) {
    int loops = p->loops;
    p->loops = 0;
    p->functions++;
    uint32_t body_start = p->tok.span.start;
    ls_nodes body;
    bool ok = block(p, "function definition", start, true, &body);
    p->functions--;
    p->loops = loops;
    if (!ok || !(f->body = ls_parser_node_new(p, LS_N_BLOCK, body_start))) return false;
    f->body->list = body;
    if (body.n) f->body->span.start = body.items[0]->span.start;
    f->doc = docstring(&body);
    return ls_parser_node_done(p, f->body) != NULL;
}

/* function_def: 'def' NAME '(' parameters ')' ['->' expression] block */
static ls_node *function_def(ls_parser *p, ls_nodes decorators) {
    uint32_t start = p->tok.span.start;
    ls_node *n = leaf(p, LS_N_DEF);
    ls_function_node *f = ls_arena_alloc(p->arena, sizeof *f);
    if (!n || !f) return ls_parser_no_room(p);
    n->function = f;
    f->decorators = decorators;
    n->op_span = p->tok.span;
    ls_token t = p->tok;
    if (!ls_parser_accept(p, T_NAME)) return ls_parser_unexpected(p);
    if (!(f->name = ls_parser_token_copy(p, t))) return NULL;
    if (!ls_parser_at(p, T_LPAR))
        return p->error->set ? NULL
                             : ls_parser_fail_at(p, (ls_span){p->tok.span.start, p->tok.span.start + 1},
                                                 "expected '('");
    ls_parser_advance(p);
    if (!ls_parse_parameters(p, T_RPAR, f) || !ls_parser_expect(p, T_RPAR)) return NULL;
    if (ls_parser_accept(p, T_ARROW) && !ls_parse_expression(p)) return NULL;
    if (!function_body(p, f, start)) return NULL;
    f->span = (ls_span){start, p->last_end};
    return ls_parser_node_done(p, n);
}

/* ('@' named_expression NEWLINE)+ function_def */
static ls_node *decorated(ls_parser *p) {
    int base = p->nstack;
    while (ls_parser_accept(p, T_AT)) {
        if (!ls_parser_push(p, ls_parse_named_expression(p))) return NULL;
        if (!ls_parser_expect(p, T_NEWLINE)) return NULL;
    }
    ls_nodes decorators;
    if (!ls_parser_take(p, base, &decorators)) return NULL;
    return ls_parser_at(p, T_DEF) ? function_def(p, decorators) : ls_parser_unexpected(p);
}

/* ---- statements ---- */

static ls_node *compound_stmt(ls_parser *p) {
    switch (p->tok.kind) {
    case T_IF: return if_stmt(p);
    case T_FOR: return for_stmt(p);
    case T_WHILE: return while_stmt(p);
    case T_DEF: return function_def(p, (ls_nodes){0});
    case T_AT: return decorated(p);
    default: return NULL;
    }
}

static bool is_compound(ls_token_kind kind) {
    return kind == T_IF || kind == T_FOR || kind == T_WHILE || kind == T_DEF || kind == T_AT;
}

/* Pushes all but the last statement of the line, and returns that. */
static ls_node *statement(ls_parser *p) {
    if (is_compound(p->tok.kind)) return compound_stmt(p);
    if (ls_parser_is_not_offered(p->tok.kind)) return ls_parser_not_offered(p);
    return simple_stmts(p) ? p->stack[--p->nstack] : NULL;
}

ls_node *ls_parse_statements(ls_parser *p) {
    uint32_t start = p->tok.span.start;
    int base = p->nstack;
    while (!ls_parser_at(p, T_END)) {
        if (ls_parser_accept(p, T_NEWLINE)) continue; /* a lone "\" line */
        if (!ls_parser_push(p, statement(p))) return NULL;
    }
    return block_of(p, base, start);
}
