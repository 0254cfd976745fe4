/* Where the cursor is: one pass over the text in front of it, which may be wrong and is certainly not
   complete. Brackets are kept in a stack; a replacement field of an f-string is a bracket that remembers the string
   around it. */
#include "lang/assist/assist.h"

#include <ctype.h>
#include <string.h>

static bool name_byte(char c) { return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80; }

static bool word_is(const char *text, size_t start, size_t end, const char *const *words) {
    for (; *words; words++)
        if (strlen(*words) == end - start && memcmp(text + start, *words, end - start) == 0) return true;
    return false;
}

/* Can what ends at `end` be called or subscripted: is it a name that is no keyword, a string or a closed bracket? */
static bool callable_before(const char *text, size_t end) {
    static const char *const keywords[] = {"and", "assert", "del", "elif", "else", "for", "from", "if", "import", "in", "is", "lambda",
                                           "not", "or", "return", "while", NULL};
    static const char *const defining[] = {"def", NULL};
    while (end && text[end - 1] == ' ') end--;
    if (!end) return false;
    if (text[end - 1] == ')' || text[end - 1] == ']') return true;
    size_t start = end;
    while (start && name_byte(text[start - 1])) start--;
    if (start == end || isdigit((unsigned char)text[start]) || word_is(text, start, end, keywords)) return false;
    size_t before = start;
    while (before && text[before - 1] == ' ') before--;
    size_t word = before;
    while (word && name_byte(text[word - 1])) word--;
    return !word_is(text, word, before, defining);
}

static bool formatted_before(const char *text, size_t quote) {
    for (size_t i = quote; i > 0 && quote - i < 2 && isalpha((unsigned char)text[i - 1]); i--)
        if (text[i - 1] == 'f' || text[i - 1] == 'F') return true;
    return false;
}

static void open_bracket(ls_cursor *c, size_t i, char bracket) {
    if (c->depth < LS_CURSOR_DEPTH)
        c->open[c->depth] = (ls_open_bracket){.at = i, .open = bracket, .argument = i + 1, .call = bracket == '(' && callable_before(c->text, i)};
    c->depth++;
}

static ls_open_bracket *innermost(ls_cursor *c) { return c->depth > 0 && c->depth <= LS_CURSOR_DEPTH ? &c->open[c->depth - 1] : NULL; }

static size_t in_string(ls_cursor *c, size_t i) {
    const char *s = c->text + i;
    if (*s == '\\' && i + 1 < c->at) return 2;
    if (*s == '\n' && !c->triple) c->quote = 0;
    if (*s == c->quote) {
        bool three = i + 2 < c->at && s[1] == *s && s[2] == *s;
        if (c->triple && !three) return 1;
        c->quote = 0;
        return c->triple ? 3 : 1;
    }
    if (c->formatted && *s == '{') {
        if (i + 1 < c->at && s[1] == '{') return 2;
        if (c->depth < LS_CURSOR_DEPTH)
            c->open[c->depth] = (ls_open_bracket){.at = i, .open = '{', .argument = i + 1, .quote = c->quote, .triple = c->triple};
        c->depth++;
        c->quote = 0;
    }
    return 1;
}

static size_t in_code(ls_cursor *c, size_t i) {
    char ch = c->text[i];
    ls_open_bracket *in = innermost(c);
    switch (ch) {
    case '#':
        c->comment = true;
        return 1;
    case '"':
    case '\'':
        c->quote = ch;
        c->triple = i + 2 < c->at && c->text[i + 1] == ch && c->text[i + 2] == ch;
        c->formatted = formatted_before(c->text, i);
        c->string = i + (c->triple ? 3 : 1);
        return c->triple ? 3 : 1;
    case '(':
    case '[':
    case '{': open_bracket(c, i, ch); return 1;
    case ')':
    case ']':
    case '}':
        if (c->depth) c->depth--;
        if (in && in->quote && ch == '}') { /* back in the f-string */
            c->quote = in->quote;
            c->triple = in->triple;
            c->formatted = true;
        }
        return 1;
    case ',':
        if (in) in->commas++, in->argument = i + 1;
        return 1;
    case '\n':
        if (!c->depth && !(i && c->text[i - 1] == '\\')) c->line = i + 1;
        return 1;
    default: return 1;
    }
}

static size_t step(ls_cursor *c, size_t i) {
    if (c->comment && c->text[i] != '\n') return 1;
    c->comment = false;
    return c->quote ? in_string(c, i) : in_code(c, i);
}

void ls_cursor_find(ls_cursor *c, const char *text, size_t at) {
    *c = (ls_cursor){.text = text, .at = at};
    for (size_t i = 0; i < at;) i += step(c, i);
    c->word = at;
    while (c->word > 0 && name_byte(text[c->word - 1])) c->word--;
    c->number = c->word < at && isdigit((unsigned char)text[c->word]);
}

int ls_cursor_call(const ls_cursor *c) {
    int i = c->depth > LS_CURSOR_DEPTH ? LS_CURSOR_DEPTH : c->depth;
    while (--i >= 0)
        if (c->open[i].call) return i;
    return -1;
}

/* The bracket or quote that opens what the one at `close` closes; false: none. */
static bool opening(const char *text, size_t close, size_t *open) {
    ls_cursor c;
    ls_cursor_find(&c, text, close);
    if (text[close] == '"' || text[close] == '\'') {
        if (c.quote != text[close]) return false;
        *open = c.string - (c.triple ? 3 : 1);
        return true;
    }
    if (c.quote || c.comment || c.depth < 1 || c.depth > LS_CURSOR_DEPTH) return false;
    *open = c.open[c.depth - 1].at;
    char want = text[close] == ')' ? '(' : text[close] == ']' ? '[' : '{';
    return text[*open] == want;
}

size_t ls_expression_start(const char *text, size_t end) {
    for (size_t at = end;;) {
        size_t start = at;
        while (start && name_byte(text[start - 1])) start--;
        if (start < at) {
            if (isdigit((unsigned char)text[start])) return end;
            size_t dot = start;
            while (dot && text[dot - 1] == ' ') dot--;
            if (!dot || text[dot - 1] != '.') return start;
            at = dot - 1;
            continue;
        }
        if (!at || !strchr(")]}\"'", text[at - 1]) || !opening(text, at - 1, &start)) return end;
        bool literal = strchr("}\"'", text[at - 1]) != NULL;
        if (strchr("\"'", text[at - 1]))
            while (start && isalpha((unsigned char)text[start - 1])) start--; /* r"…", f"…" */
        if (literal || !callable_before(text, start)) return start;
        at = start;
    }
}

bool ls_bracket_pair(const char *text, size_t n, size_t at, size_t *other) {
    ls_cursor c;
    if (strchr(")]}", text[at])) return opening(text, at, other);
    ls_cursor_find(&c, text, at);
    if (c.quote || c.comment) return false;
    int depth = c.depth;
    c.at = n;
    for (size_t i = at; i < n;) {
        *other = i;
        i += step(&c, i);
        if (c.depth <= depth) return !c.quote;
    }
    return false;
}
