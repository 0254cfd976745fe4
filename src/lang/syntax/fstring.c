/* f-strings: text and replacement fields, read by turns. In the text the parser looks at bytes;
   in a field it uses the lexer, which knows by the field's bracket that ':' and '!' end the
   expression. So quotes of any kind may stand in a field, and a format spec can hold fields. */
#include "lang/syntax/parser.h"

#include <string.h>

static bool parts(ls_parser *p, ls_token open, bool spec);

static bool push_text(ls_parser *p, uint32_t from, uint32_t to, bool raw) {
    if (from == to) return true;
    char *text = ls_arena_alloc(p->arena, to - from + 4);
    if (!text) return ls_parser_no_room(p) != NULL;
    ptrdiff_t length = ls_parser_unescape(p, from, to - from, raw, text);
    ls_node *n = length < 0 ? NULL : ls_parser_node_new(p, LS_N_STR, from);
    if (!n) return false;
    text[length] = 0;
    n->text = text;
    n->length = (size_t)length;
    n->span.end = to;
    return ls_parser_push(p, n);
}

static bool open_field(ls_parser *p, uint32_t at) {
    if (p->lex.depth == LS_MAX_NESTING)
        return ls_parser_fail_at(p, (ls_span){at, at + 1}, "too deeply nested (more than %d open brackets)",
                                 LS_MAX_NESTING) != NULL;
    p->lex.brackets[p->lex.depth++] = (ls_bracket){'{', true, at};
    p->lex.pos = at + 1;
    ls_parser_advance(p);
    static const ls_token_kind empty[] = {T_RBRACE, T_BANG, T_COLON, T_EQUAL};
    for (int i = 0; i < 4; i++)
        if (ls_parser_at(p, empty[i]))
            return ls_parser_fail_at(p, (ls_span){at, p->tok.span.end},
                                     "f-string: valid expression required before '%s'",
                                     ls_token_text(empty[i])) != NULL;
    return true;
}

/* '!' and 's', 'r' or 'a' */
static bool conversion(ls_parser *p, ls_node *n) {
    if (!ls_parser_at(p, T_BANG)) return true;
    uint32_t bang = p->tok.span.start;
    ls_parser_advance(p);
    char c = p->source->text[p->tok.span.start];
    if (!ls_parser_at(p, T_NAME))
        return ls_parser_fail_at(p, (ls_span){bang, bang + 1}, "f-string: missing conversion character") !=
               NULL;
    if (p->tok.span.end - p->tok.span.start != 1 || !strchr("sra", c))
        return ls_parser_fail_at(
                   p, p->tok.span, "f-string: invalid conversion character '%.*s': expected 's', 'r', or 'a'",
                   (int)(p->tok.span.end - p->tok.span.start), p->source->text + p->tok.span.start) != NULL;
    n->conversion = c;
    ls_parser_advance(p);
    return true;
}

/* ':' and its parts, up to the '}' */
static bool format_spec(ls_parser *p, ls_token open, ls_node *n) {
    if (!ls_parser_at(p, T_COLON)) return true;
    uint32_t start = p->tok.span.end;
    int base = p->nstack;
    p->lex.pos = start;
    if (!parts(p, open, true)) return false;
    uint32_t end = p->lex.pos;
    n->b = ls_parser_node_new(p, LS_N_FSTRING, start);
    if (!n->b || !ls_parser_take(p, base, &n->b->list)) return false;
    if (!ls_parser_node_done(p, n->b)) return false;
    n->b->span.end = end;
    ls_parser_advance(p);
    return true;
}

/* A quote of the string's own kind inside a field began a string that never ended: the field did not end. */
static void explain(ls_parser *p, ls_token open, uint32_t brace) {
    ls_error *e = p->error;
    if (!e->set || strncmp(e->message, "unterminated string", 19) != 0) return;
    const char *text = p->source->text;
    if (text[e->span.start] != text[open.span.start + open.prefix]) return;
    ls_error_clear(e);
    ls_parser_fail_at(p, (ls_span){brace, brace + 1}, "f-string: expecting '}'");
}

static bool field_inside(ls_parser *p, ls_token open, uint32_t brace) {
    if (!open_field(p, brace)) return false;
    ls_node *value = ls_parse_star_expressions(p);
    if (value && value->kind == LS_N_STARRED)
        return ls_parser_fail_at(p, value->span, "cannot use starred expression here") != NULL;
    ls_node *n = value ? ls_parser_node_new(p, LS_N_FIELD, brace) : NULL;
    if (!n) return false;
    n->a = value;
    bool shown = ls_parser_accept(p, T_EQUAL);
    if (shown) {
        size_t length = p->tok.span.start - brace - 1;
        if (!(n->text = ls_arena_text(p->arena, p->source->text + brace + 1, length)))
            return ls_parser_no_room(p) != NULL;
        n->length = length;
    }
    if (!conversion(p, n) || !format_spec(p, open, n)) return false;
    if (shown && !n->conversion && !n->b) n->conversion = 'r';
    if (!ls_parser_at(p, T_RBRACE)) {
        if (ls_parser_at(p, T_END) || p->tok.kind == T_ERROR) return ls_parser_unexpected(p) != NULL;
        return ls_parser_fail_at(p, p->tok.span, "f-string: expecting '}'") != NULL;
    }
    p->last_end = p->tok.span.end; /* the '}' stays looked at: text follows, not a token */
    if (!ls_parser_node_done(p, n)) return false;
    return ls_parser_push(p, n);
}

static bool field(ls_parser *p, ls_token open, uint32_t brace) {
    if (!ls_parser_enter(p)) return false;
    bool ok = field_inside(p, open, brace);
    if (!ok) explain(p, open, brace);
    ls_parser_leave(p);
    return ok;
}

/* Does the string's closing quote stand here? */
static bool closes(const ls_parser *p, ls_token open, uint32_t at) {
    const char *text = p->source->text;
    char q = text[open.span.start + open.prefix];
    if (text[at] != q) return false;
    return open.quotes == 1 || (text[at + 1] == q && text[at + 2] == q); /* the text ends in NUL */
}

static bool ends_early(ls_parser *p, ls_token open, uint32_t at, bool spec) {
    if (spec) return ls_parser_fail_at(p, (ls_span){at, at + 1}, "f-string: expecting '}'") != NULL;
    int line;
    ls_source_where(p->source, at ? at - (at == p->source->length && p->source->text[at - 1] == '\n') : 0,
                    &line, NULL);
    p->lex.in_string = open.quotes == 3;
    p->lex.string_start = open.span.start;
    return ls_parser_fail_at(p, (ls_span){open.span.start, at},
                             "unterminated %sf-string literal (detected at line %d)",
                             open.quotes == 3 ? "triple-quoted " : "", line) != NULL;
}

/* Text and fields from lex.pos on: to the closing quotes, or in a format spec to the '}'; lex.pos is left
 * there. */
static bool parts(ls_parser *p, ls_token open, bool spec) {
    const char *text = p->source->text;
    uint32_t length = (uint32_t)p->source->length, from = p->lex.pos, at = from;
    for (;;) {
        char c = text[at];
        bool line_end = c == '\n' || c == '\r';
        if (at >= length || (line_end && open.quotes == 1) || (spec && closes(p, open, at)))
            return ends_early(p, open, at, spec);
        if (spec ? c == '}' : closes(p, open, at)) break;
        if (c == '\\' && at + 1 < length) {
            bool brace = text[at + 1] == '{' || text[at + 1] == '}';
            if (text[at + 1] == '\r' && text[at + 2] == '\n') at++;
            at += brace ? 1 : 2;
        } else if ((c == '{' || c == '}') && text[at + 1] == c && !spec) {
            if (!push_text(p, from, at + 1, open.raw)) return false;
            from = at += 2;
        } else if (c == '{') {
            if (!push_text(p, from, at, open.raw) || !field(p, open, at)) return false;
            from = at = p->lex.pos;
        } else if (c == '}')
            return ls_parser_fail_at(p, (ls_span){at, at + 1}, "f-string: single '}' is not allowed") != NULL;
        else at++;
    }
    p->lex.pos = at;
    return push_text(p, from, at, open.raw);
}

bool ls_parse_fstring(ls_parser *p) {
    ls_token open = p->tok;
    if (!parts(p, open, false)) return false;
    p->lex.pos += open.quotes;
    p->tok = (ls_token){.kind = T_STRING, .span = {open.span.start, p->lex.pos}};
    ls_parser_advance(p);
    return true;
}
