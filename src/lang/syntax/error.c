/* Diagnostics: filling one, and its text with the line and the underline. */
#include "lang/syntax/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* vsnprintf into buf; a text cut short keeps whole characters. */
static void print_into(char *buf, size_t size, const char *format, va_list ap) {
    int n = vsnprintf(buf, size, format, ap);
    if (n < 0) buf[0] = 0;
    if (n < 0 || (size_t)n < size) return;
    size_t end = size - 1, start = end;
    while (start > 0 && ((unsigned char)buf[start - 1] & 0xC0) == 0x80) start--;
    if (start > 0) {
        unsigned char lead = (unsigned char)buf[start - 1];
        size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
        if (start - 1 + want > end) buf[start - 1] = 0;
    }
}

void ls_error_unplace(ls_error *e) {
    ls_source_release(e->source);
    for (int i = 0; i < e->nframes; i++) ls_source_release(e->frames[i].source);
    e->source = NULL;
    e->nframes = e->skipped = 0;
}

void ls_error_clear(ls_error *e) {
    ls_error_unplace(e);
    memset(e, 0, sizeof *e);
}

void ls_error_set(ls_error *e, const char *type, const char *format, ...) {
    ls_error_clear(e);
    e->set = true;
    snprintf(e->type, sizeof e->type, "%s", type);
    va_list ap;
    va_start(ap, format);
    print_into(e->message, sizeof e->message, format, ap);
    va_end(ap);
}

void ls_error_hint(ls_error *e, const char *format, ...) {
    if (!e->set) return;
    va_list ap;
    va_start(ap, format);
    print_into(e->hint, sizeof e->hint, format, ap);
    va_end(ap);
}

void ls_error_place(ls_error *e, ls_source *source, ls_span span) {
    if (!e->set || e->source || !source) return;
    e->source = ls_source_ref(source);
    e->span = span;
}

/* ---- text ---- */

static const char *const BOLD_RED = "\x1b[1;31m", *const DIM = "\x1b[2m", *const CYAN = "\x1b[36m",
                         *const PLAIN = "\x1b[0m";

static void colored(lsv_text *t, ls_error_style style, const char *color, const char *s, size_t n) {
    if (style.color) lsv_text_puts(t, color);
    lsv_text_add(t, s, n);
    if (style.color) lsv_text_puts(t, PLAIN);
}

/* The bytes of a character at s. */
static size_t char_bytes(const char *s, size_t n) {
    size_t i = 1;
    while (i < n && ((unsigned char)s[i] & 0xC0) == 0x80) i++;
    return i;
}

/* Control characters and tabs become one space, so that columns can be counted. */
static void plain_text(lsv_text *t, const char *s, size_t n) {
    for (size_t i = 0; i < n; i++) lsv_text_putc(t, (unsigned char)s[i] < 0x20 || s[i] == 0x7F ? ' ' : s[i]);
}

/* Display columns, where control characters count one. */
static size_t columns(const char *s, size_t n) {
    size_t total = 0;
    for (size_t i = 0; i < n;) {
        size_t k = char_bytes(s + i, n - i);
        total += (unsigned char)s[i] < 0x20 || s[i] == 0x7F ? 1 : lsv_text_width(s + i, k);
        i += k;
    }
    return total;
}

/* What of a long line is shown: start..end (bytes), around the span a..b. */
static void cut(const char *line, size_t n, size_t a, size_t b, size_t width, size_t *start, size_t *end) {
    *start = 0;
    *end = n;
    if (columns(line, n) <= width) return;
    size_t want = columns(line + a, b - a), lead = want >= width ? 0 : (width - want) / 2;
    size_t from = a;
    while (from > 0) { /* back over `lead` columns */
        size_t prev = from - 1;
        while (prev > 0 && ((unsigned char)line[prev] & 0xC0) == 0x80) prev--;
        if (columns(line + prev, a - prev) > lead) break;
        from = prev;
    }
    size_t to = from;
    while (to < n) {
        size_t k = char_bytes(line + to, n - to);
        if (columns(line + from, to + k - from) > width) break;
        to += k;
    }
    *start = from;
    *end = to;
}

static void underline(lsv_text *t, size_t width, ls_error_style style) {
    const char *dash = style.ascii ? "-" : "─";
    if (style.color) lsv_text_puts(t, BOLD_RED);
    size_t middle = width / 2;
    for (size_t i = 0; i < width; i++) lsv_text_puts(t, i == middle ? "^" : dash);
    if (style.color) lsv_text_puts(t, PLAIN);
    lsv_text_putc(t, '\n');
}

static bool several_lines(const ls_source *s) {
    const char *nl = memchr(s->text, '\n', s->length);
    return nl && strspn(nl, " \t\r\n") < s->length - (size_t)(nl - s->text);
}

/* A cell of one line stands on the screen as it was typed: the underline goes right below it. */
static bool below_typed_line(lsv_text *t, const ls_error *e, ls_error_style style) {
    size_t n;
    int column;
    if (style.typed <= 0 || several_lines(e->source)) return false;
    const char *line = ls_source_line(e->source, e->span.start, &n);
    ls_source_where(e->source, e->span.start, NULL, &column);
    size_t a = (size_t)column < n ? (size_t)column : n,
           b = e->span.end > e->span.start ? a + (e->span.end - e->span.start) : a;
    if (b > n) b = n;
    if (style.width > 0 && (size_t)style.typed + columns(line, n) > (size_t)style.width) return false;
    lsv_text_fill(t, ' ', (size_t)style.typed + columns(line, a));
    size_t span = columns(line + a, b - a);
    underline(t, span ? span : 1, style);
    return true;
}

static void source_line(lsv_text *t, const ls_error *e, ls_error_style style) {
    if (below_typed_line(t, e, style)) return;
    enum { INDENT = 4, LEAST_WIDTH = 20 };
    int column;
    size_t n;
    const char *line = ls_source_line(e->source, e->span.start, &n);
    ls_source_where(e->source, e->span.start, NULL, &column);
    size_t a = (size_t)column < n ? (size_t)column : n;
    size_t b = e->span.end > e->span.start ? a + (e->span.end - e->span.start) : a;
    if (b > n) b = n;
    size_t skip = 0;
    while (skip < n && (line[skip] == ' ' || line[skip] == '\t' || line[skip] == '\f') && skip < a) skip++;
    line += skip, n -= skip, a -= skip, b -= skip;
    size_t width = style.width > INDENT + LEAST_WIDTH ? (size_t)style.width - INDENT - 2 : LEAST_WIDTH;
    if (style.width <= 0) width = SIZE_MAX / 2;
    size_t from, to;
    cut(line, n, a, b, width, &from, &to);
    const char *dots = style.ascii ? "." : "…";
    if (b > to) b = to;
    lsv_text_fill(t, ' ', INDENT);
    if (from > 0) lsv_text_puts(t, dots);
    plain_text(t, line + from, to - from);
    if (to < n) lsv_text_puts(t, dots);
    lsv_text_putc(t, '\n');
    size_t span = columns(line + a, b - a);
    lsv_text_fill(t, ' ', INDENT + (from > 0) + columns(line + from, a - from));
    underline(t, span ? span : 1, style);
}

static void where(lsv_text *t, const ls_error *e, ls_error_style style) {
    int line;
    ls_source_where(e->source, e->span.start, &line, NULL);
    if (!style.show_file && !several_lines(e->source)) return;
    if (style.color) lsv_text_puts(t, DIM);
    if (style.show_file) lsv_text_printf(t, "%s:%d", e->source->name, line);
    else lsv_text_printf(t, "line %d", line);
    if (style.color) lsv_text_puts(t, PLAIN);
    lsv_text_putc(t, '\n');
}

static void frame(lsv_text *t, const ls_frame_note *f, ls_error_style style) {
    int line = 0;
    size_t n = 0;
    const char *text = "";
    if (f->source) {
        ls_source_where(f->source, f->span.start, &line, NULL);
        text = ls_source_line(f->source, f->span.start, &n);
    }
    while (n && (*text == ' ' || *text == '\t')) text++, n--;
    lsv_text_puts(t, "  in ");
    const char *name = f->function[0] ? f->function : "the cell";
    colored(t, style, CYAN, name, strlen(name));
    if (f->source) {
        lsv_text_printf(t, ", line %d: ", line);
        size_t start, end, width = style.width > 40 ? (size_t)style.width - 30 : 40;
        cut(text, n, 0, 0, style.width > 0 ? width : SIZE_MAX / 2, &start, &end);
        plain_text(t, text, end);
        if (end < n) lsv_text_puts(t, style.ascii ? "..." : "…");
    }
    lsv_text_putc(t, '\n');
}

static bool same_frame(const ls_frame_note *a, const ls_frame_note *b) {
    return a->source == b->source && a->span.start == b->span.start && strcmp(a->function, b->function) == 0;
}

/* The only caller is the cell itself, on the line that is shown already. */
static bool tells_nothing(const ls_error *e, const ls_frame_note *f) {
    if (e->nframes > 1 || f->function[0] || f->source != e->source || !e->source) return false;
    int here, there;
    ls_source_where(e->source, e->span.start, &here, NULL);
    ls_source_where(e->source, f->span.start, &there, NULL);
    return here == there;
}

void ls_error_text(lsv_text *t, const ls_error *e, ls_error_style style) {
    if (!e->set) return;
    if (e->source) {
        where(t, e, style);
        source_line(t, e, style);
    }
    for (int i = 0; i < e->nframes;) {
        int same = 1; /* a recursion's frames are one line */
        while (i + same < e->nframes && same_frame(&e->frames[i], &e->frames[i + same])) same++;
        if (!tells_nothing(e, &e->frames[i])) frame(t, &e->frames[i], style);
        if (same > 1)
            lsv_text_printf(t, "  %s the same %d more times\n", style.ascii ? "..." : "…", same - 1);
        i += same;
    }
    if (e->skipped) lsv_text_printf(t, "  %s %d more\n", style.ascii ? "..." : "…", e->skipped);
    colored(t, style, BOLD_RED, e->type, strlen(e->type));
    if (e->message[0]) lsv_text_printf(t, ": %s", e->message);
    lsv_text_putc(t, '\n');
    if (!e->hint[0]) return;
    colored(t, style, CYAN, "hint", 4);
    lsv_text_printf(t, ": %s\n", e->hint);
}
