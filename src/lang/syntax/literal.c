/* Numbers and strings: from their text to their value. */
#include "lang/syntax/parser.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

static int digit_value(char c) {
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* The value of digits in a base; false when it exceeds limit. */
static bool digits_value(const char *s, int base, uint64_t limit, uint64_t *out) {
    uint64_t v = 0;
    for (; *s; s++) {
        uint64_t d = (uint64_t)digit_value(*s);
        if (v > (limit - d) / (uint64_t)base) return false;
        v = v * (uint64_t)base + d;
    }
    *out = v;
    return true;
}

static void drop_underscores(char *s) {
    char *to = s;
    for (; *s; s++)
        if (*s != '_') *to++ = *s;
    *to = 0;
}

ls_node *ls_parse_number(ls_parser *p, bool negated) {
    ls_token t = p->tok;
    char *text = ls_parser_token_copy(p, t);
    ls_parser_advance(p);
    ls_node_kind kind = t.kind == T_INT ? LS_N_INT : t.kind == T_FLOAT ? LS_N_FLOAT : LS_N_IMAGINARY;
    ls_node *n = text ? ls_parser_node_new(p, kind, t.span.start) : NULL;
    if (!n) return NULL;
    drop_underscores(text);
    if (t.kind != T_INT) { /* strtod stops at the j */
        n->number = strtod(text, NULL);
        return n;
    }
    int base = 10;
    const char *s = text;
    if (s[0] == '0' && s[1] && strchr("xXoObB", s[1])) {
        base = strchr("xX", s[1]) ? 16 : strchr("oO", s[1]) ? 8 : 2;
        s += 2;
    }
    uint64_t value;
    if (!digits_value(s, base, (uint64_t)INT64_MAX + negated, &value)) {
        size_t len = strlen(text);
        ls_parser_fail_at(p, t.span, "int literal %.20s%s does not fit 64 bits", text, len > 20 ? "..." : "");
        if (base == 10 && len <= 30) ls_error_hint(p->error, "as a float: %s.0", text);
        return NULL;
    }
    n->integer = negated ? (int64_t)(0 - value) : (int64_t)value;
    return n;
}

/* ---- escapes ---- */

static int hex_digits(const char *s, size_t n, int want, uint32_t *out) {
    *out = 0;
    int i = 0;
    for (; i < want && (size_t)i < n && isxdigit((unsigned char)s[i]); i++)
        *out = *out * 16 + (uint32_t)digit_value(s[i]);
    return i;
}

/* \x41, \u03bb, \U0001d400 at s[i] (the backslash): bytes written, *i moved; -1: error. */
static int coded_character(ls_parser *p, uint32_t from, const char *s, size_t n, size_t *i, char out[4]) {
    char kind = s[*i + 1];
    int want = kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
    uint32_t point;
    int got = hex_digits(s + *i + 2, n - *i - 2, want, &point);
    ls_span span = {from + (uint32_t)*i, from + (uint32_t)*i + 2 + (uint32_t)got};
    if (got < want) {
        ls_parser_fail_at(
            p, span,
            "(unicode error) 'unicodeescape' codec can't decode bytes in position %zu-%zu: truncated "
            "\\%s escape",
            *i, *i + 1 + (size_t)got,
            kind == 'x'   ? "xXX"
            : kind == 'u' ? "uXXXX"
                          : "UXXXXXXXX");
        return -1;
    }
    if (point > 0x10FFFF) {
        ls_parser_fail_at(
            p, span,
            "(unicode error) 'unicodeescape' codec can't decode bytes in position %zu-%zu: illegal "
            "Unicode character",
            *i, *i + 9);
        return -1;
    }
    if (point >= 0xD800 && point < 0xE000) point = 0xFFFD; /* half of a pair has no UTF-8 form */
    *i += 2 + (size_t)want;
    return ls_utf8_write(out, point);
}

ptrdiff_t ls_parser_unescape(ls_parser *p, uint32_t from, size_t n, bool raw, char *out) {
    const char *s = p->source->text + from;
    static const char letters[] = "\\'\"abfnrtv", values[] = "\\'\"\a\b\f\n\r\t\v";
    char *to = out;
    for (size_t i = 0; i < n;) {
        char c = s[i], next = i + 1 < n ? s[i + 1] : 0;
        const char *known = next ? strchr(letters, next) : NULL;
        if (c == '\r') {
            *to++ = '\n';
            i += next == '\n' ? 2 : 1;
        } else if (c != '\\' || raw || i + 1 >= n) {
            *to++ = c;
            i++;
        } else if (known) {
            *to++ = values[known - letters];
            i += 2;
        } else if (next == '\n' || next == '\r') i += next == '\r' && i + 2 < n && s[i + 2] == '\n' ? 3 : 2;
        else if (next >= '0' && next <= '7') {
            uint32_t point = 0;
            int k = 0;
            for (i++; k < 3 && i < n && s[i] >= '0' && s[i] <= '7'; i++, k++)
                point = point * 8 + (uint32_t)(s[i] - '0');
            to += ls_utf8_write(to, point);
        } else if (next == 'x' || next == 'u' || next == 'U') {
            int wrote = coded_character(p, from, s, n, &i, to);
            if (wrote < 0) return -1;
            to += wrote;
        } else if (next == 'N') {
            ls_parser_fail_at(
                p, (ls_span){from + (uint32_t)i, from + (uint32_t)i + 2},
                "characters by name (\\N{...}) are not part of lsv: write the character itself, or "
                "\\u and its number");
            return -1;
        } else { /* Python keeps the backslash of an escape it does not know */
            *to++ = c;
            *to++ = next;
            i += 2;
        }
    }
    return to - out;
}

/* ---- strings ---- */

static ls_node *string(ls_parser *p) {
    ls_token t = p->tok;
    uint32_t from = t.span.start + t.prefix + t.quotes;
    size_t n = t.span.end - t.quotes - from;
    ls_parser_advance(p);
    char *text = ls_arena_alloc(p->arena, n + 4);
    ls_node *node = text ? ls_parser_node_new(p, LS_N_STR, t.span.start) : ls_parser_no_room(p);
    if (!node) return NULL;
    ptrdiff_t length = ls_parser_unescape(p, from, n, t.raw, text);
    if (length < 0) return NULL;
    text[length] = 0;
    node->text = text;
    node->length = (size_t)length;
    return node;
}

/* Joins neighbouring LS_N_STR parts in place. */
static bool join(ls_parser *p, ls_nodes *parts) {
    int kept = 0;
    int all = 0;
    for (int i = 0; i < parts->n; i++) /* empty pieces go, unless there is nothing else */
        if (parts->items[i]->kind != LS_N_STR || parts->items[i]->length || parts->n == 1)
            parts->items[all++] = parts->items[i];
    parts->n = all;
    for (int i = 0; i < parts->n;) {
        int end = i;
        size_t total = 0;
        while (end < parts->n && parts->items[end]->kind == LS_N_STR) total += parts->items[end++]->length;
        if (end - i < 2) {
            parts->items[kept++] = parts->items[i++];
            continue;
        }
        char *text = ls_arena_alloc(p->arena, total + 1), *to = text;
        if (!text) return ls_parser_no_room(p) != NULL;
        ls_node *first = parts->items[i];
        first->span.end = parts->items[end - 1]->span.end;
        for (; i < end; i++) {
            memcpy(to, parts->items[i]->text, parts->items[i]->length);
            to += parts->items[i]->length;
        }
        first->text = text;
        first->length = total;
        parts->items[kept++] = first;
    }
    parts->n = kept;
    return true;
}

/* strings: (STRING | FSTRING)+ */
ls_node *ls_parse_strings(ls_parser *p) {
    uint32_t start = p->tok.span.start;
    int base = p->nstack;
    bool format = false;
    while (ls_parser_at(p, T_STRING) || ls_parser_at(p, T_FSTRING)) {
        format |= ls_parser_at(p, T_FSTRING);
        if (ls_parser_at(p, T_FSTRING) ? !ls_parse_fstring(p) : !ls_parser_push(p, string(p))) return NULL;
    }
    if (p->tok.kind == T_ERROR) return NULL;
    ls_nodes parts;
    if (!ls_parser_take(p, base, &parts) || !join(p, &parts)) return NULL;
    if (parts.n == 1 && parts.items[0]->kind == LS_N_STR) {
        parts.items[0]->span = (ls_span){start, p->last_end};
        return parts.items[0];
    }
    ls_node *n = ls_parser_node_new(p, parts.n ? LS_N_FSTRING : LS_N_STR, start);
    if (!n) return NULL;
    n->list = parts;
    if (!parts.n) n->text = "";
    return ls_parser_node_done(p, n);
}
