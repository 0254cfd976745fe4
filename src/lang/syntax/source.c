/* Source texts: lines are found when asked for (errors only), so nothing is indexed. */
#include "lang/syntax/source.h"

#include <stdbool.h>
#include <string.h>
#include "base/alloc.h"

ls_source *ls_source_new(const char *name, const char *text, size_t length, int first_line) {
    ls_source *s = lsv_malloc(sizeof *s);
    if (!s) return NULL;
    *s = (ls_source){.refs = 1, .length = length, .first_line = first_line};
    s->name = lsv_strdup(name ? name : "<text>");
    s->text = lsv_malloc(length + 1);
    if (!s->name || !s->text) {
        ls_source_release(s);
        return NULL;
    }
    if (length) memcpy(s->text, text, length);
    s->text[length] = 0;
    return s;
}

ls_source *ls_source_ref(ls_source *s) {
    if (s) s->refs++;
    return s;
}

void ls_source_release(ls_source *s) {
    if (!s || --s->refs) return;
    lsv_free(s->name);
    lsv_free(s->text);
    lsv_free(s);
}

static size_t line_start(const ls_source *s, uint32_t offset) {
    size_t at = offset < s->length ? offset : s->length;
    while (at > 0 && s->text[at - 1] != '\n') at--;
    return at;
}

void ls_source_where(const ls_source *s, uint32_t offset, int *line, int *column) {
    size_t start = line_start(s, offset);
    int n = s->first_line;
    for (size_t i = 0; i < start; i++) n += s->text[i] == '\n';
    if (line) *line = n;
    if (column) *column = (int)((offset < s->length ? offset : s->length) - start);
}

const char *ls_source_line(const ls_source *s, uint32_t offset, size_t *length) {
    size_t start = line_start(s, offset), end = start;
    while (end < s->length && s->text[end] != '\n') end++;
    if (end > start && s->text[end - 1] == '\r') end--;
    if (length) *length = end - start;
    return s->text + start;
}

/* ---- cells ---- */

static bool is_marker(const char *line, size_t n) {
    return n >= 3 && line[0] == '#' &&
           (memcmp(line + 1, "%%", 2) == 0 || (n >= 4 && memcmp(line + 1, " %%", 3) == 0));
}

static bool is_blank(const char *text, size_t n) {
    bool first = true;
    while (n) {
        const char *nl = memchr(text, '\n', n);
        size_t len = nl ? (size_t)(nl - text) + 1 : n;
        if (!(first && is_marker(text, len)))
            for (size_t i = 0; i < len; i++)
                if (!strchr(" \t\r\n\f", text[i])) return false;
        first = false;
        text += len;
        n -= len;
    }
    return true;
}

void ls_source_cells(const char *text, size_t length,
                     int (*visit)(void *ctx, size_t start, size_t length, int line), void *ctx) {
    size_t cell = 0, at = 0;
    int line = 1, cell_line = 1;
    while (at <= length) {
        bool marker = at == length || is_marker(text + at, length - at);
        if (marker && at > cell) {
            if (!is_blank(text + cell, at - cell) && !visit(ctx, cell, at - cell, cell_line)) return;
            cell = at;
            cell_line = line;
        }
        if (at == length) break;
        const char *nl = memchr(text + at, '\n', length - at);
        at = nl ? (size_t)(nl - text) + 1 : length;
        line++;
    }
}
