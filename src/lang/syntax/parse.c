/* The parser's entry points and what all rules use: tokens, nodes, lists, errors.

   The grammar is Python's, by recursive descent with one token of look-ahead: where Python's
   own grammar looks further ahead (targets, keyword arguments, comprehensions), an expression
   is read first and then checked for what it has to be. Left-associative chains are loops;
   everything that does recurse goes through ls_parser_enter, and every node knows its height, so
   that neither the parser nor those who walk the tree can run out of stack. */
#include "lang/syntax/parser.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/alloc.h"

/* ---- tokens ---- */

void ls_parser_advance(ls_parser *p) {
    p->last = p->tok.kind;
    if (p->tok.kind < T_NEWLINE || p->tok.kind > T_DEDENT)
        p->last_end = p->tok.span.end; /* nodes end at text */
    p->tok = ls_lex_next(&p->lex);
}

bool ls_parser_accept(ls_parser *p, ls_token_kind kind) {
    if (p->tok.kind != kind) return false;
    ls_parser_advance(p);
    return true;
}

bool ls_parser_expect(ls_parser *p, ls_token_kind kind) {
    if (ls_parser_accept(p, kind)) return true;
    ls_parser_unexpected(p);
    return false;
}

bool ls_parser_enter(ls_parser *p) {
    if (p->depth < LS_MAX_RULES) {
        p->depth++;
        return true;
    }
    ls_parser_fail_at(p, p->tok.span, "too deeply nested");
    return false;
}

char *ls_parser_token_copy(ls_parser *p, ls_token t) {
    char *text = ls_arena_text(p->arena, p->source->text + t.span.start, t.span.end - t.span.start);
    if (!text) ls_parser_no_room(p);
    return text;
}

/* ---- nodes ---- */

ls_node *ls_parser_node_new(ls_parser *p, ls_node_kind kind, uint32_t start) {
    ls_node *n = ls_arena_alloc(p->arena, sizeof *n);
    if (!n) return ls_parser_no_room(p);
    n->kind = kind;
    n->span = (ls_span){start, p->last_end};
    n->height = 1;
    return n;
}

static int higher(int height, const ls_nodes *list) {
    for (int i = 0; i < list->n; i++)
        if (list->items[i]->height > height) height = list->items[i]->height;
    return height;
}

ls_node *ls_parser_node_done(ls_parser *p, ls_node *n) {
    int height = 0;
    const ls_node *children[] = {n->a, n->b, n->c};
    for (int i = 0; i < 3; i++)
        if (children[i] && children[i]->height > height) height = children[i]->height;
    height = higher(higher(higher(height, &n->list), &n->body), &n->orelse);
    if (n->kind == LS_N_LAMBDA || n->kind == LS_N_DEF) {
        const ls_function_node *f = n->function;
        if (f->body->height > height) height = f->body->height;
        height = higher(height, &f->decorators);
        for (int i = 0; i < f->nparams; i++)
            if (f->params[i].fallback && f->params[i].fallback->height > height)
                height = f->params[i].fallback->height;
    }
    n->height = height + 1;
    n->span.end = p->last_end;
    if (n->height > LS_MAX_HEIGHT) {
        ls_parser_fail_at(p, (ls_span){n->span.end ? n->span.end - 1 : 0, n->span.end},
                          "too long: more than %d operators in a chain", LS_MAX_HEIGHT);
        ls_error_hint(p->error, "split it, or add up in a loop");
        return NULL;
    }
    return n;
}

bool ls_parser_push(ls_parser *p, ls_node *n) {
    if (!n) return false;
    if (p->nstack == p->capacity) {
        int capacity = p->capacity ? p->capacity * 2 : 64;
        ls_node **stack = lsv_realloc(p->stack, (size_t)capacity * sizeof *stack);
        if (!stack) {
            ls_parser_no_room(p);
            return false;
        }
        p->stack = stack;
        p->capacity = capacity;
    }
    p->stack[p->nstack++] = n;
    return true;
}

bool ls_parser_take(ls_parser *p, int base, ls_nodes *out) {
    int n = p->nstack - base;
    *out = (ls_nodes){0};
    p->nstack = base;
    if (n <= 0) return true;
    ls_node **items = ls_arena_alloc(p->arena, (size_t)n * sizeof *items);
    if (!items) {
        ls_parser_no_room(p);
        return false;
    }
    memcpy(items, p->stack + base, (size_t)n * sizeof *items);
    *out = (ls_nodes){items, n};
    return true;
}

#define LS_TEXT_(name, spelling) [LS_OP_##name] = spelling,
static const char *const operator_texts[LS_NOPERATORS] = {LS_BINARY_TOKENS(LS_TEXT_)
                                                              LS_COMPARE_TOKENS(LS_TEXT_)[LS_OP_NEG] = "-",
                                                          [LS_OP_POS] = "+", [LS_OP_INVERT] = "~"};
#undef LS_TEXT_
const char *ls_operator_text(ls_operator op) { return op < LS_NOPERATORS ? operator_texts[op] : "?"; }

/* ---- errors ---- */

void *ls_parser_no_room(ls_parser *p) {
    if (!p->error->set) ls_error_set(p->error, "MemoryError", "out of memory while parsing");
    return NULL;
}

void *ls_parser_fail_at(ls_parser *p, ls_span span, const char *format, ...) {
    if (p->error->set) return NULL;
    char message[sizeof p->error->message];
    va_list ap;
    va_start(ap, format);
    vsnprintf(message, sizeof message, format, ap);
    va_end(ap);
    ls_syntax_error(p->error, p->source, "SyntaxError", span, "%s", message);
    return NULL;
}

/* X(token, what to say after "KEYWORD is not part of lsv: ") */
#define NOT_OFFERED(X)                                                             \
    X(CLASS, "use functions, dictionaries and tuples")                             \
    X(TRY, "an error ends its cell, and the variables stay")                       \
    X(EXCEPT, "an error ends its cell, and the variables stay")                    \
    X(FINALLY, "an error ends its cell, and the variables stay")                   \
    X(RAISE, "use assert condition, message")                                      \
    X(YIELD, "build a list and return it")                                         \
    X(WITH, "leave the with line out and write its block without the indentation") \
    X(ASYNC, "everything runs in order")                                           \
    X(AWAIT, "everything runs in order")

bool ls_parser_is_not_offered(ls_token_kind kind) {
#define CASE(name, text) case T_##name:
    switch (kind) {
        NOT_OFFERED(CASE) return true;
    default: return false;
    }
#undef CASE
}

void *ls_parser_not_offered(ls_parser *p) {
    const char *why = "";
#define CASE(name, text) \
    case T_##name: why = text; break;
    switch (p->tok.kind) {
        NOT_OFFERED(CASE)
    default: break;
    }
#undef CASE
    return ls_parser_fail_at(p, p->tok.span, "%s is not part of lsv: %s", ls_token_text(p->tok.kind), why);
}

bool ls_parser_starts_expression(const ls_parser *p) {
    static const ls_token_kind starts[] = {T_NAME,   T_INT,      T_FLOAT,  T_STRING, T_FSTRING,
                                           T_NONE,   T_TRUE,     T_FALSE,  T_LPAR,   T_LBRACKET,
                                           T_LBRACE, T_ELLIPSIS, T_LAMBDA, T_TILDE,  T_NOT};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (p->tok.kind == starts[i]) return true;
    return false;
}

/* Reads on to the end, as Python does: an open bracket explains an error on a later line better than "invalid
   syntax" does, and so does what the lexer itself finds wrong further on. (Behind an f-string that is only
   half read, nothing is known.) */
bool ls_parser_never_closed(ls_parser *p) {
    ls_error scratch = {0};
    ls_lexer rest = p->lex;
    rest.error = &scratch;
    int here, there;
    ls_source_where(p->source, p->tok.span.start, &here, NULL);
    bool at_end = p->tok.kind == T_END;
    ls_token t = p->tok;
    bool known = t.kind != T_FSTRING;
    for (int i = 0; i < p->lex.depth; i++) known = known && !p->lex.brackets[i].field;
    for (int i = 0; t.kind != T_END && t.kind != T_ERROR; i++) {
        t = ls_lex_next(&rest);
        at_end |= i == 0 && t.kind == T_END;
        known = known && t.kind != T_FSTRING;
    }
    bool ended = t.kind == T_END;
    if (!ended && known && strcmp(scratch.type, "SyntaxError") == 0)
        ls_syntax_error(p->error, p->source, "SyntaxError", scratch.span, "%s", scratch.message);
    ls_error_clear(&scratch);
    if (p->error->set) return true;
    if (!ended || !rest.depth) return false;
    ls_bracket b = rest.brackets[rest.depth - 1];
    ls_source_where(p->source, b.at, &there, NULL);
    if (!at_end && here <= there) return false;
    ls_parser_fail_at(p, (ls_span){b.at, b.at + 1}, "'%c' was never closed", b.open);
    return true;
}

static void hint_for(ls_parser *p) {
    const char *text = p->source->text, *at = text + p->tok.span.start;
    bool follows = p->last_end == p->tok.span.start && p->tok.span.start > 0;
    if (strncmp(at, "&", 1) == 0 && follows && at[-1] == '&')
        ls_error_hint(p->error, "write and (of truth values), or one & (element by element)");
    else if (strncmp(at, "|", 1) == 0 && follows && at[-1] == '|')
        ls_error_hint(p->error, "write or (of truth values), or one | (element by element)");
    else if ((p->last == T_PLUS || p->last == T_MINUS) && follows && strchr("\n;)\r", *at))
        ls_error_hint(p->error, "to add one: x += 1");
    else if (p->tok.kind == T_STAR && p->last == T_DOT)
        ls_error_hint(p->error, "* is element by element already; @ is the matrix product");
    else if ((p->tok.kind == T_SLASH || p->tok.kind == T_POWER) && p->last == T_DOT)
        ls_error_hint(p->error, "operators on arrays are element by element already: no dot");
    else if (p->tok.kind == T_IF && p->last == T_ELSE) ls_error_hint(p->error, "write elif");
    else if (p->tok.kind == T_NAME && strncmp(at, "then", 4) == 0)
        ls_error_hint(p->error, "a condition ends in ':'");
    else if (p->tok.kind == T_NAME && strncmp(at, "end", 3) == 0)
        ls_error_hint(p->error, "a block ends where its indentation does");
}

void *ls_parser_unexpected(ls_parser *p) {
    if (p->error->set) return NULL;
    ls_token t = p->tok;
    if (t.kind == T_INDENT) {
        ls_syntax_error(p->error, p->source, "IndentationError", (ls_span){t.span.start, t.span.start + 1},
                        "unexpected indent");
        return NULL;
    }
    if (ls_parser_never_closed(p)) return NULL;
    if (ls_parser_is_not_offered(t.kind)) return ls_parser_not_offered(p);
    ls_span span = t.span;
    if (t.kind == T_IMAGINARY) {
        ls_parser_fail_at(p, span, "complex numbers are not part of lsv");
        return NULL;
    }
    if (span.end == span.start) span.end++;
    if (p->lex.depth && p->operand_end && p->operand_end == p->last_end && ls_parser_starts_expression(p) &&
        t.kind != T_TILDE && t.kind != T_NOT) {
        ls_parser_fail_at(p, span, "invalid syntax. Perhaps you forgot a comma?");
        if (p->lex.brackets[p->lex.depth - 1].open == '[')
            ls_error_hint(p->error, "entries are separated by ',', rows of a matrix by ';'");
        return NULL;
    }
    ls_parser_fail_at(p, span, "invalid syntax");
    hint_for(p);
    return NULL;
}

/* ---- entry points ---- */

static bool begin(ls_parser *p, ls_source *source, ls_tree *tree, ls_error *error) {
    *tree = (ls_tree){.source = ls_source_ref(source)};
    *p = (ls_parser){.arena = &tree->arena, .source = source, .error = error};
    ls_error_clear(error);
    if (source->length > UINT32_MAX / 2) {
        ls_error_set(error, "MemoryError", "the source is longer than 2 GiB");
        return false;
    }
    ls_lex_open(&p->lex, source, error);
    for (size_t i = 0; i < source->length;) {
        int bytes;
        uint32_t point = ls_utf8_read(source->text + i, source->length - i, &bytes);
        if (point == 0xFFFD && bytes == 1) {
            ls_parser_fail_at(p, (ls_span){(uint32_t)i, (uint32_t)i + 1}, "not UTF-8 text: byte 0x%02x",
                              (unsigned char)source->text[i]);
            return false;
        }
        i += (size_t)bytes;
    }
    p->tok = ls_lex_next(&p->lex);
    return true;
}

static bool finish(ls_parser *p, ls_tree *tree, bool ok) {
    lsv_free(p->stack);
    if (!ok) ls_tree_free(tree);
    return ok;
}

bool ls_parse(ls_source *source, ls_tree *tree, ls_error *error) {
    ls_parser p;
    if (!begin(&p, source, tree, error)) return finish(&p, tree, false);
    tree->block = ls_parse_statements(&p);
    if (tree->block && !ls_parser_at(&p, T_END)) {
        ls_parser_unexpected(&p);
        tree->block = NULL;
    }
    tree->quiet = p.quiet;
    return finish(&p, tree, tree->block != NULL);
}

bool ls_parse_signature(ls_source *source, ls_tree *tree, ls_function_node **out, ls_error *error) {
    ls_parser p;
    if (!begin(&p, source, tree, error)) return finish(&p, tree, false);
    ls_function_node *f = ls_arena_alloc(p.arena, sizeof *f);
    if (!f) return ls_parser_no_room(&p), finish(&p, tree, false);
    f->name = "";
    if (ls_parser_at(&p, T_NAME)) {
        f->name = ls_parser_token_copy(&p, p.tok);
        ls_parser_advance(&p);
    }
    bool ok = f->name && ls_parser_expect(&p, T_LPAR) && ls_parse_parameters(&p, T_RPAR, f) &&
              ls_parser_expect(&p, T_RPAR);
    f->span = (ls_span){0, p.last_end};
    if (ok) *out = f;
    return finish(&p, tree, ok);
}

void ls_tree_free(ls_tree *tree) {
    ls_arena_free(&tree->arena);
    ls_source_release(tree->source);
    *tree = (ls_tree){0};
}
