/* The lexer: one token at a time from a source, with Python's indentation rules. Private to
   the parser. A lexer is a plain struct: copying it saves the place. */
#ifndef LANG_SYNTAX_LEX_H
#define LANG_SYNTAX_LEX_H

#include "lang/syntax/error.h"
#include "lang/syntax/source.h"

/* X(ENUM, spelling); longer spellings stand before their prefixes. */
#define LS_OPERATOR_TOKENS(X)                                                                      \
    X(POWER_EQ, "**=") X(FLOOR_EQ, "//=") X(LSHIFT_EQ, "<<=") X(RSHIFT_EQ, ">>=")                  \
    X(ELLIPSIS, "...") X(NOT_EQ, "!=") X(MOD_EQ, "%=") X(AND_EQ, "&=") X(POWER, "**")              \
    X(STAR_EQ, "*=") X(PLUS_EQ, "+=") X(MINUS_EQ, "-=") X(ARROW, "->") X(FLOOR, "//")              \
    X(SLASH_EQ, "/=") X(WALRUS, ":=") X(LSHIFT, "<<") X(LESS_EQ, "<=") X(EQUAL_EQUAL, "==")        \
    X(GREATER_EQ, ">=") X(RSHIFT, ">>") X(AT_EQ, "@=") X(OR_EQ, "|=") X(XOR_EQ, "^=")              \
    X(LPAR, "(") X(RPAR, ")") X(LBRACKET, "[") X(RBRACKET, "]") X(LBRACE, "{") X(RBRACE, "}")      \
    X(COLON, ":") X(COMMA, ",") X(SEMI, ";") X(PLUS, "+") X(MINUS, "-") X(STAR, "*")               \
    X(SLASH, "/") X(VBAR, "|") X(AMPER, "&") X(LESS, "<") X(GREATER, ">") X(EQUAL, "=")            \
    X(DOT, ".") X(PERCENT, "%") X(TILDE, "~") X(CARET, "^") X(AT, "@") X(BANG, "!")

#define LS_KEYWORD_TOKENS(X)                                                                       \
    X(FALSE, "False") X(NONE, "None") X(TRUE, "True") X(KW_AND, "and") X(AS, "as")                 \
    X(ASSERT, "assert") X(ASYNC, "async") X(AWAIT, "await") X(BREAK, "break") X(CLASS, "class")    \
    X(CONTINUE, "continue") X(DEF, "def") X(DEL, "del") X(ELIF, "elif") X(ELSE, "else")            \
    X(EXCEPT, "except") X(FINALLY, "finally") X(FOR, "for") X(FROM, "from") X(GLOBAL, "global")    \
    X(IF, "if") X(IMPORT, "import") X(IN, "in") X(IS, "is") X(LAMBDA, "lambda")                    \
    X(NONLOCAL, "nonlocal") X(NOT, "not") X(KW_OR, "or") X(PASS, "pass") X(RAISE, "raise")         \
    X(RETURN, "return") X(TRY, "try") X(WHILE, "while") X(WITH, "with") X(YIELD, "yield")

#define LS_ENUM_(name, spelling) T_##name,
typedef enum ls_token_kind {
    T_END, T_ERROR, T_NEWLINE, T_INDENT, T_DEDENT, T_NAME, T_INT, T_FLOAT,
    T_IMAGINARY, /* 5j: only a slice's step may be one, see parse_expr.c */
    T_STRING,   /* a whole literal, prefix and quotes included */
    T_FSTRING,  /* the opening of an f-string only: prefix and quotes (fstring.c reads on) */
    LS_OPERATOR_TOKENS(LS_ENUM_) T_LAST_OPERATOR, LS_KEYWORD_TOKENS(LS_ENUM_) T_NKINDS
} ls_token_kind;
#undef LS_ENUM_

typedef struct ls_token {
    ls_token_kind kind;
    ls_span span;
    uint8_t quotes;  /* strings: 1 or 3 */
    uint8_t prefix;  /* strings: bytes before the quotes */
    bool raw;        /* strings: r */
} ls_token;

/* Open brackets and indented blocks are bounded by the first, the parser's own recursion (a bracket takes up to three
   levels of it) by the last. */
enum { LS_MAX_NESTING = 200, LS_MAX_RULES = 3 * LS_MAX_NESTING, LS_MAX_INDENTS = LS_MAX_NESTING + 1 };

typedef struct ls_bracket {
    char open;    /* ( [ { */
    bool field;   /* the { of a replacement field: ':' and '!' end its expression */
    uint32_t at;
} ls_bracket;

typedef struct ls_lexer {
    ls_source *source;
    const char *text;
    uint32_t length, pos;
    int depth;                          /* open brackets */
    int nindents, pending;              /* pending: dedents still to be given */
    bool line_start;                    /* the next token opens a logical line */
    bool fresh;                         /* no token since the last NEWLINE */
    bool started;                       /* the first line's indentation is known: it is that of the whole cell */
    bool continued;                     /* the text ended right after a backslash */
    uint32_t string_start;              /* an unterminated string starts here */
    bool in_string;
    ls_bracket brackets[LS_MAX_NESTING];
    int indents[LS_MAX_INDENTS], alternate[LS_MAX_INDENTS]; /* columns with tabs to 8, and to 1 */
    ls_error *error;
} ls_lexer;

void ls_lex_open(ls_lexer *lex, ls_source *source, ls_error *error);
/* T_ERROR: lex->error is set (unless it was set before: the first error stays). */
ls_token ls_lex_next(ls_lexer *lex);
const char *ls_token_text(ls_token_kind kind); /* operators and keywords: spelling; else NULL */
/* An error at a place; keeps the first one. Returns T_ERROR's token for the lexer's own use. */
void ls_syntax_error(ls_error *error, ls_source *source, const char *type, ls_span span, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* UTF-8: the code point at s (n > 0 bytes left), its length in *bytes; 0xFFFD with *bytes = 1 when malformed. */
uint32_t ls_utf8_read(const char *s, size_t n, int *bytes);
int ls_utf8_write(char out[4], uint32_t point);
/* 0: not part of a name, 1: may start one, 2: may only go on. Points beyond ASCII. */
int ls_name_class(uint32_t point);

#endif
