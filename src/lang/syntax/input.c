/* Questions about text that is still being typed, or not for the parser at all: is it complete,
   and where are its magics? Both look at logical lines with a small scanner of their own, that
   takes any text: half-written and wrong ones are what it mostly sees. */
#include "lang/syntax/parse.h"

#include <ctype.h>
#include <string.h>

typedef struct scan {
    const char *text;
    size_t length;
    int depth;  /* open brackets */
    char quote; /* inside a string: its quote */
    bool triple, raw;
    bool backslash; /* the last line ended in one */
    bool question;  /* the last thing on the line outside of strings and comments was '?' */
    bool comment;
    char last; /* last character outside of strings, comments and white space */
} scan;

static char at(const scan *s, size_t i) { return i < s->length ? s->text[i] : 0; }

static size_t end_of_line(const scan *s, size_t i) {
    const char *nl = i < s->length ? memchr(s->text + i, '\n', s->length - i) : NULL;
    return nl ? (size_t)(nl - s->text) : s->length;
}

static bool triple_at(const scan *s, size_t i) {
    return at(s, i + 1) == s->text[i] && at(s, i + 2) == s->text[i];
}

/* One character (or quote mark) inside a string; returns how far it went. */
static size_t in_string(scan *s, size_t i) {
    char c = s->text[i];
    if (c == '\\') return i + 1 < s->length ? 2 : 1;
    if (c == '\n' && !s->triple) s->quote = 0; /* unterminated: a syntax error later */
    if (c != s->quote) return 1;
    if (s->triple && !triple_at(s, i)) return 1;
    s->quote = 0;
    s->last = '"';
    return s->triple ? 3 : 1;
}

/* Scans one physical line from i (newline included); returns where the next one starts. */
static size_t scan_line(scan *s, size_t i) {
    s->backslash = s->comment = false;
    while (i < s->length) {
        char c = s->text[i];
        if (s->quote) {
            i += in_string(s, i);
            if (i > 0 && i <= s->length && s->text[i - 1] == '\n') return i;
            continue;
        }
        if (c == '\n') return i + 1;
        if (c == '#') {
            s->comment = true;
            i = end_of_line(s, i);
            continue;
        }
        if (c == '"' || c == '\'') {
            s->quote = c;
            s->triple = triple_at(s, i);
            i += s->triple ? 3 : 1;
            s->last = '"';
            continue;
        }
        if (strchr("([{", c)) s->depth++;
        if (strchr(")]}", c) && s->depth) s->depth--;
        if (c == '\\' && (at(s, i + 1) == '\n' || at(s, i + 1) == '\r' || i + 1 == s->length))
            s->backslash = true;
        if (!isspace((unsigned char)c)) s->last = c;
        i++;
    }
    return i;
}

static bool goes_on(const scan *s) { return s->depth || (s->quote && s->triple) || s->backslash; }

bool ls_is_magic_line(const char *line, size_t n) {
    size_t i = 0;
    while (i < n && isspace((unsigned char)line[i])) i++;
    if (i == n) return false;
    if (strchr("%!?", line[i])) return true;
    scan s = {.text = line, .length = n};
    scan_line(&s, 0);
    return s.last == '?' && !s.quote && !s.comment;
}

bool ls_next_magic(const char *text, size_t length, size_t from, size_t *start, size_t *end) {
    scan s = {.text = text, .length = length};
    while (from < length) {
        size_t stop = end_of_line(&s, from), n = stop - from;
        if (n && text[stop - 1] == '\r') n--;
        if (!goes_on(&s) && ls_is_magic_line(text + from, n)) {
            size_t i = from;
            while (text[i] == ' ' || text[i] == '\t') i++;
            *start = i;
            *end = from + n;
            return true;
        }
        if (!goes_on(&s)) s = (scan){.text = text, .length = length};
        from = scan_line(&s, from);
    }
    return false;
}

/* ---- is it complete? ---- */

static bool starts_with_word(const char *line, size_t n, const char *const *words) {
    for (; *words; words++) {
        size_t len = strlen(*words);
        if (n >= len && memcmp(line, *words, len) == 0 &&
            (n == len || !(isalnum((unsigned char)line[len]) || line[len] == '_')))
            return true;
    }
    return false;
}

static const char *const openers[] = {"if",    "for", "while", "def",   "elif", "else",
                                      "class", "try", "with",  "async", "@",    NULL};
static const char *const closers[] = {"return", "break", "continue", "pass", NULL};

static int indent_of(const char *line, size_t n, size_t *text_at) {
    int column = 0;
    size_t i = 0;
    for (; i < n && (line[i] == ' ' || line[i] == '\t'); i++)
        column = line[i] == '\t' ? (column / 8 + 1) * 8 : column + 1;
    *text_at = i;
    return column;
}

ls_completeness ls_input_state(const char *text, size_t length, int *indent) {
    scan s = {.text = text, .length = length};
    int column = 0, next = 0;
    bool block = false, blank = false, first = true;
    for (size_t i = 0; i < length;) {
        size_t stop = end_of_line(&s, i), skip;
        bool fresh = !goes_on(&s);
        int here = indent_of(text + i, stop - i, &skip);
        const char *line = text + i + skip;
        size_t n = stop - i - skip;
        while (n && isspace((unsigned char)line[n - 1])) n--;
        blank = fresh && n == 0;
        if (first && n >= 2 && line[0] == '%' && line[1] == '%') { /* a cell magic: until a blank line */
            size_t last = length;
            while (last > i && text[last - 1] != '\n') last--;
            if (indent) *indent = 0;
            return length >= 2 && memcmp(text + length - 2, "\n\n", 2) == 0 ? LS_COMPLETE : LS_BLOCK;
        }
        if (fresh && n && ls_is_magic_line(line, n)) {
            i = stop + 1;
            first = false;
            continue;
        }
        if (fresh) {
            s.last = 0;
            if (n && *line != '#') column = here;
        }
        size_t end = scan_line(&s, i);
        if (blank) block = block && end > length; /* closed by a blank line */
        else if (n && fresh && *line != '#') {
            bool opens = starts_with_word(line, n, openers) || *line == '@';
            block = block ? block : opens;
            next = starts_with_word(line, n, closers) ? (column >= 4 ? column - 4 : 0) : column;
        }
        if (!goes_on(&s) && !blank && s.last == ':') next = column + 4;
        else if (goes_on(&s) && fresh) next = column + 4;
        else if (!goes_on(&s) && !fresh && s.last != ':') next = column;
        if (n) first = false;
        i = end;
    }
    ls_completeness state = goes_on(&s) ? LS_MORE : block ? LS_BLOCK : LS_COMPLETE;
    if (s.backslash && blank) state = LS_COMPLETE;
    if (indent) *indent = state == LS_COMPLETE ? 0 : s.quote ? 0 : next;
    return state;
}
