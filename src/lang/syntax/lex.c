/* The lexer. A logical line ends with NEWLINE; its indentation, compared with a stack of open
   ones, gives INDENT and DEDENT. Inside brackets line ends are white space. An f-string is
   handed over at its opening quotes: what stands inside is not a token sequence, and the
   parser reads it with this same lexer field by field.

   An error is recorded once, with its place, and T_ERROR is given from there on. */
#include "lang/syntax/lex.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LS_TEXT_(name, spelling) spelling,
static const char *const operators[] = {LS_OPERATOR_TOKENS(LS_TEXT_)};
static const char *const keywords[] = {LS_KEYWORD_TOKENS(LS_TEXT_)};
#undef LS_TEXT_
#define FIRST_OPERATOR (T_FSTRING + 1)
#define FIRST_KEYWORD (T_LAST_OPERATOR + 1)

const char *ls_token_text(ls_token_kind kind) {
    if (kind >= FIRST_KEYWORD && kind < T_NKINDS) return keywords[kind - FIRST_KEYWORD];
    if (kind >= FIRST_OPERATOR && kind < T_LAST_OPERATOR) return operators[kind - FIRST_OPERATOR];
    return NULL;
}

void ls_syntax_error(ls_error *error, ls_source *source, const char *type, ls_span span, const char *format,
                     ...) {
    if (error->set) return;
    char message[sizeof error->message];
    va_list ap;
    va_start(ap, format);
    vsnprintf(message, sizeof message, format, ap);
    va_end(ap);
    ls_error_set(error, type, "%s", message);
    ls_error_place(error, source, span);
}

void ls_lex_open(ls_lexer *lex, ls_source *source, ls_error *error) {
    memset(lex, 0, sizeof *lex);
    lex->source = source;
    lex->text = source->text;
    lex->length = (uint32_t)source->length;
    lex->error = error;
    lex->nindents = 1;
    lex->line_start = lex->fresh = true;
    if (lex->length >= 3 && memcmp(lex->text, "\xEF\xBB\xBF", 3) == 0) lex->pos = 3;
}

static char at(const ls_lexer *lex, uint32_t pos) { return pos < lex->length ? lex->text[pos] : 0; }

static ls_token token(const ls_lexer *lex, ls_token_kind kind, uint32_t start) {
    return (ls_token){.kind = kind, .span = {start, lex->pos}};
}

#define FAIL(start, end, ...)                                                                     \
    (ls_syntax_error(lex->error, lex->source, "SyntaxError", (ls_span){start, end}, __VA_ARGS__), \
     token(lex, T_ERROR, start))

static int line_of(const ls_lexer *lex, uint32_t offset) {
    int line;
    ls_source_where(lex->source, offset, &line, NULL);
    return line;
}

/* ---- white space, line ends, indentation ---- */

static bool line_end(const ls_lexer *lex, uint32_t pos) {
    char c = at(lex, pos);
    return pos >= lex->length || c == '\n' || c == '\r';
}

static void skip_line_end(ls_lexer *lex) {
    if (at(lex, lex->pos) == '\r') lex->pos++;
    if (at(lex, lex->pos) == '\n' && (lex->pos == 0 || lex->text[lex->pos - 1] != '\n')) lex->pos++;
}

static void skip_comment(ls_lexer *lex) {
    if (at(lex, lex->pos) != '#') return;
    while (!line_end(lex, lex->pos)) lex->pos++;
}

/* Measures the indentation of the first line that is not blank; the position is left at its text. */
static void indentation(ls_lexer *lex, int *column, int *alternate) {
    for (;;) {
        int col = 0, alt = 0;
        for (;; lex->pos++) {
            char c = at(lex, lex->pos);
            if (c == ' ') col++, alt++;
            else if (c == '\t') col = (col / 8 + 1) * 8, alt++;
            else if (c == '\f') col = alt = 0;
            else break;
        }
        *column = col;
        *alternate = alt;
        skip_comment(lex);
        if (lex->pos >= lex->length) { /* the end closes every block */
            *column = lex->indents[0];
            *alternate = lex->alternate[0];
            return;
        }
        if (!line_end(lex, lex->pos)) return;
        if (at(lex, lex->pos) == '\r') lex->pos++;
        if (at(lex, lex->pos) == '\n') lex->pos++;
    }
}

static ls_token bad_indent(ls_lexer *lex, const char *type, const char *message) {
    uint32_t end = lex->pos;
    while (!line_end(lex, end)) end++;
    ls_syntax_error(lex->error, lex->source, type, (ls_span){lex->pos, end}, "%s", message);
    return token(lex, T_ERROR, lex->pos);
}

/* At the start of a logical line: INDENT, DEDENT (the others stay pending) or false for neither. */
static bool indent_token(ls_lexer *lex, ls_token *out) {
    int col, alt;
    indentation(lex, &col, &alt);
    lex->line_start = false;
    if (!lex->started) { /* a cell pasted from inside a block keeps its indentation, as in a notebook */
        lex->started = true;
        lex->indents[0] = col;
        lex->alternate[0] = alt;
    }
    int top = lex->nindents - 1;
    bool clash = col == lex->indents[top]  ? alt != lex->alternate[top]
                 : col > lex->indents[top] ? alt <= lex->alternate[top]
                                           : false;
    if (col > lex->indents[top] && !clash) {
        if (lex->nindents == LS_MAX_INDENTS) {
            *out = bad_indent(lex, "IndentationError", "too many levels of indentation (at most 200)");
            return true;
        }
        lex->indents[lex->nindents] = col;
        lex->alternate[lex->nindents++] = alt;
        *out = token(lex, T_INDENT, lex->pos);
        return true;
    }
    while (lex->nindents > 1 && col < lex->indents[lex->nindents - 1]) {
        lex->nindents--;
        lex->pending++;
    }
    top = lex->nindents - 1;
    if (col != lex->indents[top] && !clash) {
        *out = bad_indent(lex, "IndentationError", "unindent does not match any outer indentation level");
        return true;
    }
    if (clash || alt != lex->alternate[top]) {
        *out = bad_indent(lex, "TabError", "inconsistent use of tabs and spaces in indentation");
        return true;
    }
    return false;
}

/* ---- numbers ---- */

static bool name_char(const ls_lexer *lex, uint32_t pos) {
    unsigned char c = (unsigned char)at(lex, pos);
    return isalnum(c) || c == '_' || c >= 0x80;
}

/* Digits of a base with single underscores between them; false for a misplaced underscore. */
static bool digits(ls_lexer *lex, int base, bool leading_underscore) {
    bool any = false;
    for (;;) {
        if (at(lex, lex->pos) == '_') {
            if (!any && !leading_underscore) return false;
            lex->pos++;
        }
        int c = tolower((unsigned char)at(lex, lex->pos));
        int value = isdigit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
        if (value >= base) return any && lex->text[lex->pos - 1] != '_';
        any = true;
        lex->pos++;
        if (at(lex, lex->pos) != '_' && !isxdigit((unsigned char)at(lex, lex->pos))) return true;
    }
}

/* After a number nothing that could be part of a name may follow but a keyword operator ("1if x else y"). */
static ls_token number_end(ls_lexer *lex, ls_token_kind kind, uint32_t start, const char *what) {
    char c = at(lex, lex->pos);
    if (c == 'j' || c == 'J') {
        lex->pos++;
        if (*what == 'd' && !name_char(lex, lex->pos)) return token(lex, T_IMAGINARY, start);
        return FAIL(start, lex->pos, "complex numbers are not part of lsv");
    }
    if (!name_char(lex, lex->pos)) return token(lex, kind, start);
    static const char *const may_follow[] = {"and", "else", "for", "if", "in", "is", "not", "or"};
    for (size_t i = 0; i < sizeof may_follow / sizeof *may_follow; i++) {
        size_t n = strlen(may_follow[i]);
        if (lex->length - lex->pos >= n && memcmp(lex->text + lex->pos, may_follow[i], n) == 0)
            return token(lex, kind, start);
    }
    if ((unsigned char)c >= 0x80) { /* "2∞": the character itself is the trouble */
        int bytes;
        uint32_t point = ls_utf8_read(lex->text + lex->pos, lex->length - lex->pos, &bytes);
        if (!ls_name_class(point)) return token(lex, kind, start);
    }
    if (isdigit((unsigned char)c) && *what != 'd')
        return FAIL(lex->pos, lex->pos + 1, "invalid digit '%c' in %s literal", c, what);
    ls_token t = FAIL(start, lex->pos, "invalid %s literal", what);
    if (isalpha((unsigned char)c) && *what == 'd')
        ls_error_hint(lex->error, "a product needs its sign, 2 * x; a name cannot start with a digit");
    return t;
}

static ls_token based_number(ls_lexer *lex, uint32_t start) {
    static const struct {
        char letter;
        int base;
        const char *name;
    } bases[] = {{'x', 16, "hexadecimal"}, {'o', 8, "octal"}, {'b', 2, "binary"}};
    char letter = (char)tolower((unsigned char)at(lex, start + 1));
    for (size_t i = 0; i < 3; i++) {
        if (bases[i].letter != letter) continue;
        lex->pos = start + 2;
        if (!digits(lex, bases[i].base, true)) {
            if (isdigit((unsigned char)at(lex, lex->pos)))
                return FAIL(lex->pos, lex->pos + 1, "invalid digit '%c' in %s literal", at(lex, lex->pos),
                            bases[i].name);
            return FAIL(start, lex->pos, "invalid %s literal", bases[i].name);
        }
        return number_end(lex, T_INT, start, bases[i].name);
    }
    return token(lex, T_NAME, start); /* not reached: the caller looked at the letter */
}

static ls_token number(ls_lexer *lex) {
    uint32_t start = lex->pos;
    char letter = at(lex, start + 1);
    if (at(lex, start) == '0' && letter && strchr("xXoObB", letter)) return based_number(lex, start);
    bool is_float = false;
    if (at(lex, lex->pos) != '.' && !digits(lex, 10, false))
        return FAIL(start, lex->pos, "invalid decimal literal");
    uint32_t whole_end = lex->pos;
    if (at(lex, lex->pos) == '.') {
        is_float = true;
        lex->pos++;
        if (isdigit((unsigned char)at(lex, lex->pos)) && !digits(lex, 10, false))
            return FAIL(start, lex->pos, "invalid decimal literal");
    }
    char e = at(lex, lex->pos), sign = at(lex, lex->pos + 1);
    if ((e == 'e' || e == 'E') &&
        (isdigit((unsigned char)sign) ||
         ((sign == '+' || sign == '-') && isdigit((unsigned char)at(lex, lex->pos + 2))))) {
        is_float = true;
        lex->pos += isdigit((unsigned char)sign) ? 1 : 2;
        if (!digits(lex, 10, false)) return FAIL(start, lex->pos, "invalid decimal literal");
    }
    if (!is_float && at(lex, start) == '0' && at(lex, lex->pos) != 'j')
        for (uint32_t i = start; i < whole_end; i++)
            if (lex->text[i] >= '1' && lex->text[i] <= '9')
                return FAIL(start, lex->pos,
                            "leading zeros in decimal integer literals are not permitted; use an 0o prefix "
                            "for octal integers");
    return number_end(lex, is_float ? T_FLOAT : T_INT, start, "decimal");
}

/* ---- strings ---- */

/* A tail "'" as MATLAB writes a transpose: the quote follows an operand directly. */
static bool looks_like_transpose(const ls_lexer *lex, uint32_t start) {
    return at(lex, start) == '\'' && start > 0 &&
           (name_char(lex, start - 1) || strchr(")]", lex->text[start - 1]));
}

static ls_token unterminated(ls_lexer *lex, uint32_t start, bool triple, uint32_t stopped) {
    lex->in_string = triple;
    lex->string_start = start;
    ls_token t = FAIL(start, stopped, "unterminated %sstring literal (detected at line %d)",
                      triple ? "triple-quoted " : "",
                      line_of(lex, triple && stopped ? stopped - (lex->text[stopped - 1] == '\n') : stopped));
    if (looks_like_transpose(lex, start)) ls_error_hint(lex->error, "the transpose of A is A.T");
    return t;
}

/* start is where the prefix begins, quote where the quotes do. */
static ls_token string(ls_lexer *lex, uint32_t start, uint32_t quote) {
    bool raw = false, format = false, bytes = false;
    for (uint32_t i = start; i < quote; i++) {
        char c = (char)tolower((unsigned char)lex->text[i]);
        raw |= c == 'r';
        format |= c == 'f';
        bytes |= c == 'b';
    }
    char q = lex->text[quote];
    bool triple = at(lex, quote + 1) == q && at(lex, quote + 2) == q;
    ls_token t = {.kind = format ? T_FSTRING : T_STRING,
                  .span = {start, 0},
                  .quotes = triple ? 3 : 1,
                  .prefix = (uint8_t)(quote - start),
                  .raw = raw};
    lex->pos = quote + t.quotes;
    if (bytes) return FAIL(start, lex->pos, "bytes are not part of lsv: write a plain string");
    t.span.end = lex->pos;
    if (format) return t;
    for (;; lex->pos++) {
        if (lex->pos >= lex->length || (!triple && line_end(lex, lex->pos)))
            return unterminated(lex, start, triple, lex->pos);
        char c = lex->text[lex->pos];
        if (c == '\\') {
            if (at(lex, lex->pos + 1) == '\r' && at(lex, lex->pos + 2) == '\n') lex->pos++;
            if (lex->pos + 1 < lex->length) lex->pos++;
        } else if (c == q && (!triple || (at(lex, lex->pos + 1) == q && at(lex, lex->pos + 2) == q))) {
            lex->pos += t.quotes;
            t.span.end = lex->pos;
            return t;
        }
    }
}

/* ---- names, operators ---- */

static ls_token bad_character(ls_lexer *lex, uint32_t point, int bytes) {
    uint32_t start = lex->pos;
    bool hidden = point < 0xA1 || point == 0xAD || (point >= 0x2000 && point <= 0x200F) ||
                  (point >= 0x2028 && point <= 0x202F) || (point >= 0x205F && point <= 0x206F) ||
                  point == 0x3000 || point == 0xFEFF;
    ls_token t = hidden ? FAIL(start, start + (uint32_t)bytes, "invalid non-printable character U+%04X",
                               (unsigned)point)
                        : FAIL(start, start + (uint32_t)bytes, "invalid character '%.*s' (U+%04X)", bytes,
                               lex->text + start, (unsigned)point);
    static const struct {
        uint32_t point;
        const char *hint;
    } known[] = {{0x2018, "write straight quotes: ' or \""},
                 {0x2019, "write straight quotes: ' or \""},
                 {0x201C, "write straight quotes: ' or \""},
                 {0x201D, "write straight quotes: ' or \""},
                 {0xD7, "the product is * (element by element) or @ (of matrices)"},
                 {0x22C5, "the product is * or @"},
                 {0x2212, "the minus sign is -"},
                 {0x2013, "the minus sign is -"},
                 {0x2264, "write <="},
                 {0x2265, "write >="},
                 {0x2260, "write !="},
                 {0x221E, "infinity is inf"},
                 {0xF7, "the quotient is /"},
                 {0xA0, "write an ordinary space"},
                 {0xB2, "the square of x is x**2"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].point == point) ls_error_hint(lex->error, "%s", known[i].hint);
    return t;
}

static ls_token name(ls_lexer *lex) {
    uint32_t start = lex->pos;
    while (lex->pos < lex->length) {
        unsigned char c = (unsigned char)lex->text[lex->pos];
        if (isalnum(c) || c == '_') {
            lex->pos++;
            continue;
        }
        if (c < 0x80) break;
        int bytes;
        uint32_t point = ls_utf8_read(lex->text + lex->pos, lex->length - lex->pos, &bytes);
        int cls = ls_name_class(point);
        if (!cls || (cls == 2 && lex->pos == start)) return bad_character(lex, point, bytes);
        lex->pos += (uint32_t)bytes;
    }
    uint32_t n = lex->pos - start;
    char next = at(lex, lex->pos);
    if (n <= 2 && (next == '"' || next == '\'')) {
        static const char *const prefixes[] = {"r", "f", "b", "u", "rf", "fr", "rb", "br"};
        for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
            if (strlen(prefixes[i]) == n && strncasecmp(prefixes[i], lex->text + start, n) == 0)
                return string(lex, start, lex->pos);
    }
    for (int i = 0; i < T_NKINDS - FIRST_KEYWORD; i++)
        if (strncmp(keywords[i], lex->text + start, n) == 0 && !keywords[i][n])
            return token(lex, (ls_token_kind)(FIRST_KEYWORD + i), start);
    return token(lex, T_NAME, start);
}

static ls_token open_bracket(ls_lexer *lex, ls_token t) {
    if (lex->depth == LS_MAX_NESTING)
        return FAIL(t.span.start, t.span.end, "too deeply nested (more than %d open brackets)",
                    LS_MAX_NESTING);
    lex->brackets[lex->depth++] = (ls_bracket){lex->text[t.span.start], false, t.span.start};
    return t;
}

static ls_token close_bracket(ls_lexer *lex, ls_token t, char open) {
    char c = lex->text[t.span.start];
    if (!lex->depth) return FAIL(t.span.start, t.span.end, "unmatched '%c'", c);
    ls_bracket b = lex->brackets[lex->depth - 1];
    if (b.open != open) {
        int here = line_of(lex, t.span.start), there = line_of(lex, b.at);
        if (here == there)
            return FAIL(t.span.start, t.span.end,
                        "closing parenthesis '%c' does not match opening parenthesis '%c'", c, b.open);
        return FAIL(t.span.start, t.span.end,
                    "closing parenthesis '%c' does not match opening parenthesis '%c' on line %d", c, b.open,
                    there);
    }
    lex->depth--;
    return t;
}

static ls_token operator(ls_lexer *lex) {
    uint32_t start = lex->pos;
    bool field = lex->depth && lex->brackets[lex->depth - 1].field;
    for (int i = 0; i < T_LAST_OPERATOR - FIRST_OPERATOR; i++) {
        size_t n = strlen(operators[i]);
        ls_token_kind kind = (ls_token_kind)(FIRST_OPERATOR + i);
        if (lex->text[start] != operators[i][0] || lex->length - start < n ||
            memcmp(operators[i], lex->text + start, n) != 0)
            continue;
        if (kind == T_WALRUS && field) continue; /* {x:=5}: a format spec "=5" */
        if (kind == T_BANG && !field) break;
        lex->pos += (uint32_t)n;
        ls_token t = token(lex, kind, start);
        switch (kind) {
        case T_LPAR:
        case T_LBRACKET:
        case T_LBRACE: return open_bracket(lex, t);
        case T_RPAR: return close_bracket(lex, t, '(');
        case T_RBRACKET: return close_bracket(lex, t, '[');
        case T_RBRACE: return close_bracket(lex, t, '{');
        default: return t;
        }
    }
    lex->pos++;
    ls_token t = FAIL(start, start + 1, "invalid syntax");
    char c = lex->text[start];
    if (c == '!') ls_error_hint(lex->error, "not is written out: not x");
    if (c == '?') ls_error_hint(lex->error, "name? stands alone on its line");
    if (c == '$' || c == '`') ls_error_hint(lex->error, "'%c' has no meaning here", c);
    return t;
}

/* Spaces, comments, continued lines, and line ends inside brackets. False: a bad continuation. */
static bool skip_space(ls_lexer *lex) {
    for (;;) {
        char c = at(lex, lex->pos);
        if (lex->pos >= lex->length) return true;
        if (c == ' ' || c == '\t' || c == '\f') lex->pos++;
        else if (c == '#') skip_comment(lex);
        else if (lex->depth && (c == '\n' || c == '\r')) lex->pos++;
        else if (c == '\\') {
            uint32_t start = lex->pos++;
            if (!line_end(lex, lex->pos)) {
                (void)FAIL(start, start + 1, "unexpected character after line continuation character");
                ls_error_hint(lex->error, "to solve A x = b: np.linalg.solve(A, b)");
                return false;
            }
            if (lex->pos >= lex->length) {
                lex->continued = true;
                (void)FAIL(start, start + 1, "unexpected EOF while parsing");
                return false;
            }
            skip_line_end(lex);
            if (lex->pos >= lex->length) {
                lex->continued = true;
                (void)FAIL(start, start + 1, "unexpected EOF while parsing");
                return false;
            }
        } else return true;
    }
}

ls_token ls_lex_next(ls_lexer *lex) {
    ls_token t;
    if (lex->error->set) return token(lex, T_ERROR, lex->pos);
    if (lex->line_start && lex->depth == 0 && indent_token(lex, &t)) return t;
    if (lex->pending) {
        lex->pending--;
        return token(lex, T_DEDENT, lex->pos);
    }
    if (!skip_space(lex)) return token(lex, T_ERROR, lex->pos);
    uint32_t start = lex->pos;
    if (start >= lex->length) {
        if (!lex->fresh && !lex->depth) {
            lex->fresh = lex->line_start = true;
            return token(lex, T_NEWLINE, start);
        }
        return token(lex, T_END, start);
    }
    char c = lex->text[start];
    if (c == '\n' || c == '\r') {
        lex->pos++;
        if (c == '\r' && at(lex, lex->pos) == '\n') lex->pos++;
        lex->fresh = lex->line_start = true;
        return (ls_token){.kind = T_NEWLINE, .span = {start, start}};
    }
    lex->fresh = false;
    if (isdigit((unsigned char)c) || (c == '.' && isdigit((unsigned char)at(lex, start + 1))))
        return number(lex);
    if (isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80) return name(lex);
    if (c == '"' || c == '\'') return string(lex, start, start);
    if (c == 0) return FAIL(start, start + 1, "source code cannot contain null bytes");
    return operator(lex);
}
