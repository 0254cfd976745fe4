/* Finding and running magics. The records stand with their functions, in one table per topic. */
#include "repl/magic/magic.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "lang/eval/suggest.h"
#include "repl/terminal/reader.h"

static const magic *const families[] = {magic_timing, magic_variables, magic_cells, magic_files, magic_shell, magic_settings};
enum { NFAMILIES = sizeof families / sizeof *families };

static const char *skip_space(const char *s) { return s + strspn(s, " \t"); }

/* ---- the table ---- */

void magic_each(bool (*visit)(void *ctx, const magic *m), void *ctx) {
    for (int f = 0; f < NFAMILIES; f++)
        for (const magic *m = families[f]; m->name; m++)
            if (!visit(ctx, m)) return;
}

typedef struct wanted { const char *name; size_t n; const magic *found; } wanted;

static bool has_name(void *ctx, const magic *m) {
    wanted *w = ctx;
    for (const char *p = m->name; *p && !w->found; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");
        if (n == w->n && memcmp(p, w->name, n) == 0) w->found = m;
        p += n;
    }
    return !w->found;
}

const magic *magic_find(const char *name, size_t n) {
    wanted w = {name, n, NULL};
    magic_each(has_name, &w);
    return w.found;
}

void magic_describe(session *s, const magic *m) {
    session_printf(s, "%s\n\n%s.\n", m->usage, m->summary);
    if (m->doc) session_printf(s, "\n%s\n", m->doc);
}

/* ---- what the magics share ---- */

static magic_option *option_of(magic_option *list, int n, char letter) {
    for (int i = 0; i < n; i++)
        if (list[i].letter == letter) return &list[i];
    return NULL;
}

bool magic_options(session *s, const char *name, const char **arg, magic_option *list, int n) {
    const char *p = skip_space(*arg);
    while (p[0] == '-' && p[1] && !strchr(" \t", p[1])) {
        if (p[1] == '-' && (p[2] == 0 || p[2] == ' ')) { /* -- ends the options */
            p = skip_space(p + 2);
            break;
        }
        for (p++; *p && *p != ' ' && *p != '\t';) {
            magic_option *o = option_of(list, n, *p);
            if (!o && isdigit((unsigned char)*p)) { /* a negative number is the statement's */
                *arg = p - 1;
                return true;
            }
            if (!o) return ls_raise(s->in, "UsageError", "%%%s: option -%c not recognized", name, *p);
            o->given = true;
            p++;
            if (!o->wants) continue;
            p = skip_space(p);
            size_t length = strcspn(p, " \t");
            if (!length) return ls_raise(s->in, "UsageError", "%%%s: option -%c requires argument", name, o->letter);
            if (length >= sizeof o->text) return ls_raise(s->in, "UsageError", "%%%s: the argument of -%c is too long", name, o->letter);
            memcpy(o->text, p, length);
            o->text[length] = 0;
            p += length;
        }
        p = skip_space(p);
    }
    *arg = p;
    return true;
}

const char *magic_word(session *s, const char *arg, char *word, size_t n) {
    const char *p = skip_space(arg);
    char quote = *p == '\'' || *p == '"' ? *p++ : 0;
    size_t used = 0;
    for (; *p && (quote ? *p != quote : !strchr(" \t", *p)); p++) {
        if (!quote && *p == '\\' && p[1]) p++; /* "my\ file" */
        if (used + 1 < n) word[used] = *p;
        used++;
    }
    if (used >= n) {
        ls_raise(s->in, "UsageError", "a name of %zu characters is too long", used);
        return NULL;
    }
    word[used] = 0;
    if (quote && *p != quote) {
        ls_raise(s->in, "UsageError", "the quote %c is not closed", quote);
        return NULL;
    }
    return skip_space(quote ? p + 1 : p);
}

bool magic_give(session *s, ls_value v) {
    if (v.tag == LS_UNSET) return ls_no_memory(s->in);
    bool ok = true;
    if (s->held) {
        ls_drop(*s->held);
        *s->held = ls_ref(v);
    } else {
        ok = session_show(s, v);
    }
    ls_drop(v);
    return ok;
}

size_t magic_columns(void) {
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    long n = columns ? strtol(columns, NULL, 10) : 0;
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col) n = size.ws_col;
    return n >= 20 && n <= 1000 ? (size_t)n : 80;
}

bool magic_ask(session *s, const char *question) {
    if (!s->prompt) return true;
    char *line = NULL;
    if (reader_plain_line(s, question, &line) != READ_LINE) {
        session_printf(s, "\n");
        return false;
    }
    const char *p = skip_space(line);
    bool yes = (*p == 'y' || *p == 'Y') && (p[1] == 0 || strchr(" \t", p[1]) || strncmp(p + 1, "es", 2) == 0);
    lsv_free(line);
    return yes;
}

bool magic_ranges(session *s, const char *name, const char *text, bool (*visit)(void *ctx, int index), void *ctx) {
    int last = s->log.n - (session_cell(s) ? 1 : 0);
    const char *p = skip_space(text);
    if (!*p) {
        for (int i = 0; i < last; i++)
            if (!visit(ctx, i)) return true;
        return true;
    }
    while (*p) {
        char *end;
        long from = strtol(p, &end, 10), to = from;
        bool good = end != p && isdigit((unsigned char)*p);
        if (good && (*end == '-' || *end == ':')) {
            bool open = *end == ':'; /* 2:4 leaves out 4, as a slice does */
            p = end + 1;
            to = isdigit((unsigned char)*p) ? strtol(p, &end, 10) : last;
            if (end < p) end = (char *)(uintptr_t)p;
            else if (open) to--;
        }
        if (!good || (*end && !strchr(" \t,", *end))) return ls_raise(s->in, "UsageError", "%%%s: '%s' is no range of cells: write 3, 2-5 or 4-", name, text);
        for (int i = 0; i < last; i++)
            if (s->log.cells[i].number >= from && s->log.cells[i].number <= to && !visit(ctx, i)) return true;
        p = end + strspn(end, " \t,");
    }
    return true;
}

/* ---- dispatch ---- */

typedef struct nearest { ls_suggestion near; const char *prefix; size_t n; char begins[64]; bool cell; } nearest;

static bool offer(void *ctx, const magic *m) {
    nearest *w = ctx;
    if (!(m->forms & (w->cell ? MAGIC_CELL : MAGIC_LINE))) return true;
    for (const char *p = m->name; *p; p += strspn(p, " ")) {
        char name[64];
        size_t n = strcspn(p, " ");
        snprintf(name, sizeof name, "%.*s", (int)n, p);
        ls_suggest_offer(&w->near, name);
        if (w->n >= 2 && !w->begins[0] && strncmp(name, w->prefix, w->n) == 0) memcpy(w->begins, name, sizeof name);
        p += n;
    }
    return true;
}

/* The nearest name, by an abbreviation or by a slip of the finger. */
static bool unknown(session *s, const char *name, size_t n, bool cell) {
    char typed[64];
    snprintf(typed, sizeof typed, "%.*s", (int)n, name);
    nearest w = {.prefix = typed, .n = strlen(typed), .cell = cell};
    ls_suggest_start(&w.near, typed);
    magic_each(offer, &w);
    const char *percent = cell ? "%%" : "%", *best = ls_suggest_best(&w.near);
    if (!best && w.begins[0]) best = w.begins;
    ls_raise(s->in, "UsageError", "%s magic `%s%.*s` not found", cell ? "cell" : "line", percent, (int)n, name);
    if (best) ls_hint(s->in, "did you mean %s%s?", percent, best);
    else ls_hint(s->in, "%%lsmagic lists them all");
    return false;
}

static bool run_magic(session *s, const char *line, const char *body) {
    size_t n = strcspn(line, " \t\r");
    const magic *m = magic_find(line, n);
    if (m && m->forms & (body ? MAGIC_CELL : MAGIC_LINE)) return m->run(s, skip_space(line + n), body);
    if (!m) return unknown(s, line, n, body != NULL);
    ls_raise(s->in, "UsageError", body ? "`%%%%%.*s` is no cell magic" : "`%%%.*s` is no line magic", (int)n, line);
    ls_hint(s->in, body ? "%%%.*s, alone on its line, works" : "%%%%%.*s in a cell's first line works", (int)n, line);
    return false;
}

/* Trimmed, as a text of its own; NULL: no memory, the error is set. */
static char *trimmed(session *s, const char *text, size_t n) {
    while (n && isspace((unsigned char)text[n - 1])) n--;
    while (n && isspace((unsigned char)*text)) text++, n--;
    char *copy = lsv_malloc(n + 1);
    if (!copy) {
        ls_no_memory(s->in);
        return NULL;
    }
    memcpy(copy, text, n);
    copy[n] = 0;
    return copy;
}

static bool run_cell_magic(session *s, const char *text, size_t n) {
    const char *end = memchr(text, '\n', n);
    size_t first = end ? (size_t)(end - text) : n, rest = end ? n - first - 1 : 0;
    char *line = trimmed(s, text + 2, first - 2), *body = line ? lsv_malloc(rest + 1) : NULL;
    bool ok = body != NULL;
    if (ok) {
        if (rest) memcpy(body, end + 1, rest);
        body[rest] = 0;
        ok = run_magic(s, line, body);
    } else if (line) {
        ls_no_memory(s->in);
    }
    lsv_free(line);
    lsv_free(body);
    return ok;
}

bool session_magic(void *ctx, ls_interp *in, const char *line, size_t n) {
    session *s = ctx;
    (void)in;
    size_t from = 0;
    while (from < n && isspace((unsigned char)line[from])) from++;
    if (n - from >= 2 && line[from] == '%' && line[from + 1] == '%') return run_cell_magic(s, line + from, n - from);
    char *text = trimmed(s, line + from, n - from);
    if (!text) return false;
    size_t length = strlen(text);
    bool ok;
    if (text[0] == '?' || (length && text[length - 1] == '?' && text[0] != '!')) ok = magic_help(s, text);
    else if (text[0] == '!') ok = magic_shell->run(s, text + 1, NULL);
    else ok = run_magic(s, text + 1, NULL);
    lsv_free(text);
    return ok;
}
