/* What the parser's files share. A rule is a function named after it that returns a node, or
   NULL with the error set. `tok` is the token looked at, not consumed yet; a lexical error
   makes it T_ERROR, which no rule accepts, so that the first error wins. */
#ifndef LANG_SYNTAX_PARSER_H
#define LANG_SYNTAX_PARSER_H

#include "lang/syntax/lex.h"
#include "lang/syntax/parse.h"

typedef struct ls_parser {
    ls_lexer lex;
    ls_token tok;
    ls_token_kind last;      /* kind of the token consumed last */
    uint32_t last_end;       /* where it ended */
    ls_arena *arena;
    ls_source *source;
    ls_error *error;
    int depth;               /* nested rules; bounded by LS_MAX_RULES */
    int loops, functions;    /* enclosing ones */
    bool quiet;              /* the last simple statement ended in ';' */
    ls_node **stack;         /* lists under construction */
    int nstack, capacity;
    uint32_t operand_end;    /* where the last complete operand ended: for "forgot a comma" */
} ls_parser;

/* ---- parse.c: tokens, nodes, errors ---- */
void ls_parser_advance(ls_parser *p);
bool ls_parser_accept(ls_parser *p, ls_token_kind kind);
bool ls_parser_expect(ls_parser *p, ls_token_kind kind);       /* else "expected ':'" */
bool ls_parser_enter(ls_parser *p);                            /* one level deeper, or the error */
static inline void ls_parser_leave(ls_parser *p) { p->depth--; }
ls_node *ls_parser_node_new(ls_parser *p, ls_node_kind kind, uint32_t start); /* ends at last_end */
/* To be called when the children are in place: sets the end and the height. */
ls_node *ls_parser_node_done(ls_parser *p, ls_node *n);
bool ls_parser_push(ls_parser *p, ls_node *n);                 /* false when n is NULL too */
bool ls_parser_take(ls_parser *p, int base, ls_nodes *out);    /* the nodes pushed since base */
char *ls_parser_token_copy(ls_parser *p, ls_token t);
/* Each returns NULL. unexpected: "invalid syntax" at the present token, or what it more likely is. */
void *ls_parser_fail_at(ls_parser *p, ls_span span, const char *format, ...) __attribute__((format(printf, 3, 4)));
void *ls_parser_unexpected(ls_parser *p);
bool ls_parser_never_closed(ls_parser *p);                     /* the error is an open bracket of an earlier line: set, true */
void *ls_parser_no_room(ls_parser *p);
void *ls_parser_not_offered(ls_parser *p);                     /* the keyword looked at is no part of lsv */
bool ls_parser_is_not_offered(ls_token_kind kind);
static inline bool ls_parser_at(const ls_parser *p, ls_token_kind kind) { return p->tok.kind == kind; }
bool ls_parser_starts_expression(const ls_parser *p);

/* ---- parse_expr.c ---- */
ls_node *ls_parse_expression(ls_parser *p);
ls_node *ls_parse_named_expression(ls_parser *p);
ls_node *ls_parse_disjunction(ls_parser *p);
ls_node *ls_parse_bitwise_or(ls_parser *p);
ls_node *ls_parse_star_expression(ls_parser *p);              /* expression or *bitwise_or */
ls_node *ls_parse_star_expressions(ls_parser *p);             /* one, or a tuple without brackets */
ls_node *ls_parse_primary(ls_parser *p);
ls_node *ls_parse_lambda(ls_parser *p);

/* ---- parse_atom.c ---- */
ls_node *ls_parse_atom(ls_parser *p);
/* The "for … in … if …" parts after an element; the node gets kind, element and list. */
ls_node *ls_parse_comprehension(ls_parser *p, ls_node_kind kind, ls_node *element, uint32_t start);

/* ---- parse_call.c ---- */
bool ls_parse_arguments(ls_parser *p, ls_nodes *out);         /* after "(", through ")" */
bool ls_parse_parameters(ls_parser *p, ls_token_kind end, ls_function_node *f); /* up to end, not consumed */

/* ---- targets.c ---- */
bool ls_parser_check_target(ls_parser *p, ls_node *n, bool alone); /* alone: the whole left side of "=" */
bool ls_parser_check_augmented(ls_parser *p, ls_node *n);
bool ls_parser_check_deletable(ls_parser *p, ls_node *n);
ls_node *ls_parse_for_targets(ls_parser *p);                  /* star_targets before "in" */
const char *ls_parser_node_phrase(const ls_node *n);           /* "literal", "function call", … */

/* ---- literal.c, fstring.c ---- */
ls_node *ls_parse_number(ls_parser *p, bool negated);         /* the number looked at */
ls_node *ls_parse_strings(ls_parser *p);                      /* adjacent literals */
/* Bytes of a literal's inside, escapes resolved, at out (room for n); the count, or -1 with the error set. */
ptrdiff_t ls_parser_unescape(ls_parser *p, uint32_t from, size_t n, bool raw, char *out);
bool ls_parse_fstring(ls_parser *p);                          /* pushes its parts; the token after it is looked at */

/* ---- parse_stmt.c ---- */
ls_node *ls_parse_statements(ls_parser *p);                   /* up to T_END or T_DEDENT, not consumed */

#endif
