/* Completion at the prompt: what is a magic's business is looked at first, then LaTeX names, file names inside
   strings that are likely to hold one, and then the language. */
#include "repl/terminal/complete.h"

#include "repl/magic/magic.h"
#include "repl/terminal/paint.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- LaTeX ---- */

typedef struct latex { ls_completions *found; const char *typed; size_t n; } latex;

static bool offer_latex(void *ctx, const char *name, const char *character) {
    latex *l = ctx;
    char shown[64];
    (void)character;
    int n = snprintf(shown, sizeof shown, "\\%s", name);
    return strncmp(name, l->typed, l->n) != 0 || ls_completions_add(l->found, shown, (size_t)n);
}

/* \lambda before the cursor: the letter; \lam: the names that begin so. */
static bool complete_latex(const char *text, size_t cursor, ls_completions *found) {
    size_t start = cursor;
    while (start && isalpha((unsigned char)text[start - 1])) start--;
    if (!start || text[start - 1] != '\\') return false;
    const char *character = ls_latex_character(text + start, cursor - start);
    found->start = start - 1;
    if (character && (paint_utf8() || (unsigned char)*character < 0x80)) {
        ls_completions_add(found, character, strlen(character));
    } else if (!character && cursor > start) {
        latex l = {found, text + start, cursor - start};
        ls_latex_each(offer_latex, &l);
        ls_completions_sort(found, 0);
    }
    return found->n > 0;
}

/* ---- files ---- */

/* `folder` as opendir wants it: ~ is the home, nothing is here. */
static void real_folder(const char *folder, size_t n, char *out, size_t room) {
    const char *home = getenv("HOME");
    if (n && folder[0] == '~' && (n == 1 || folder[1] == '/') && home) snprintf(out, room, "%s%.*s", home, (int)n - 1, folder + 1);
    else snprintf(out, room, "%.*s", (int)n, n ? folder : ".");
    if (!*out) snprintf(out, room, ".");
}

/* Adds the entries of typed's folder that begin with its last part. Folders end in '/'. */
static void add_files(ls_completions *found, const char *typed, size_t n, bool folders_only) {
    size_t name = n, i = 0;
    char folder[4096], path[4600];
    while (name && typed[name - 1] != '/') name--;
    real_folder(typed, name, folder, sizeof folder);
    DIR *d = opendir(folder);
    if (!d) return;
    found->start += name;
    for (const struct dirent *e; (e = readdir(d)) != NULL && i < 10000; i++) {
        struct stat info;
        size_t length = strlen(e->d_name);
        if (strncmp(e->d_name, typed + name, n - name) != 0 || (e->d_name[0] == '.' && n == name) || strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        bool is_folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
        if (folders_only && !is_folder) continue;
        char shown[300];
        snprintf(shown, sizeof shown, "%s%s", e->d_name, is_folder ? "/" : "");
        ls_completions_add(found, shown, length + is_folder);
    }
    closedir(d);
    ls_completions_sort(found, 0);
}

/* Functions whose first argument is a file, by the last part of their names. */
static bool opens_file(const char *name, size_t n) {
    static const char *const names[] = {"load", "load_file", "save_file", "save", "savez", "savez_compressed", "loadtxt", "savetxt", "genfromtxt", "fromfile",
                                        "tofile", "safe_open", "savefig", "load_adapter", "save_adapter", "load_model", "open"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == n && memcmp(names[i], name, n) == 0) return true;
    return false;
}

static bool complete_file(const char *text, size_t cursor, ls_completions *found) {
    ls_cursor c;
    ls_cursor_find(&c, text, cursor);
    if (!c.quote || c.triple) return false;
    const char *typed = text + c.string;
    size_t n = cursor - c.string;
    bool path = memchr(typed, '/', n) || (n && (*typed == '~' || *typed == '.'));
    int call = ls_cursor_call(&c);
    if (!path && call >= 0 && call == c.depth - 1) {
        size_t end = c.open[call].at, start = end;
        while (start && (isalnum((unsigned char)text[start - 1]) || text[start - 1] == '_')) start--;
        path = opens_file(text + start, end - start);
    }
    if (!path) return false;
    found->start = c.string;
    add_files(found, typed, n, false);
    bool folder = found->n == 1 && found->names.data[found->names.length - 2] == '/';
    found->tail = folder ? "" : c.quote == '"' ? "\"" : "'";
    return found->n > 0;
}

/* ---- magics ---- */

typedef struct magics { ls_completions *found; const char *typed; size_t n; int form; } magics;

static bool offer_magic(void *ctx, const magic *m) {
    magics *o = ctx;
    char shown[64];
    if (!(m->forms & o->form)) return true;
    for (const char *p = m->name; *p; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");
        int k = snprintf(shown, sizeof shown, "%s%.*s", o->form == MAGIC_CELL ? "%%" : "%", (int)n, p);
        if (k >= (int)o->n && memcmp(shown, o->typed, o->n) == 0) ls_completions_add(o->found, shown, (size_t)k);
        p += n;
    }
    return true;
}

static bool offer_setting(void *ctx, const char *name, const char *summary) {
    magics *o = ctx;
    (void)summary;
    if (strncmp(name, o->typed, o->n) == 0) ls_completions_add(o->found, name, strlen(name));
    return true;
}

static bool offer_variable(void *ctx, const char *name, ls_value v) {
    (void)v;
    return name[0] == '_' || offer_setting(ctx, name, NULL);
}

static void offer_options(const magic *m, magics *o) {
    for (const char *p = m->options ? m->options : ""; *p; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");
        if (n >= o->n && memcmp(p, o->typed, o->n) == 0) ls_completions_add(o->found, p, n);
        p += n;
    }
}

/* The argument of a magic, from its table. False: it is code, for the language to complete. */
static bool complete_argument(session *s, const magic *m, const char *text, size_t start, size_t cursor, ls_completions *found) {
    size_t word = cursor;
    while (word > start && text[word - 1] != ' ') word--;
    magics o = {found, text + word, cursor - word, MAGIC_LINE};
    found->start = word;
    if (o.n && o.typed[0] == '-' && m->options) offer_options(m, &o);
    else if (m->takes == MAGIC_FILE || m->takes == MAGIC_FOLDER) add_files(found, text + word, cursor - word, m->takes == MAGIC_FOLDER);
    else if (m->takes == MAGIC_VARIABLE) ls_global_each(s->in, offer_variable, &o);
    else if (m->takes == MAGIC_SETTING) magic_setting_each(offer_setting, &o);
    else if (m->takes == MAGIC_CODE) return false;
    ls_completions_sort(found, 0);
    return true;
}

/* A line that starts with %, or a cell that starts with %%. *code: where the language goes on. */
static bool complete_magic(session *s, const char *text, size_t cursor, ls_completions *found, size_t *code) {
    size_t start = cursor, end;
    *code = 0;
    while (start && text[start - 1] != '\n') start--;
    while (start < cursor && text[start] == ' ') start++;
    if (start == cursor || text[start] != '%') return false;
    bool cell = start + 1 < cursor && text[start + 1] == '%';
    for (end = start; end < cursor && text[end] != ' ';) end++;
    if (end == cursor) {
        found->start = start;
        magics o = {found, text + start, cursor - start, MAGIC_LINE};
        if (!cell) magic_each(offer_magic, &o);
        o.form = MAGIC_CELL;
        if (start == 0 && (cell || cursor == start + 1)) magic_each(offer_magic, &o);
        ls_completions_sort(found, 0);
        return true;
    }
    size_t name = start + (cell ? 2 : 1);
    const magic *m = magic_find(text + name, end - name);
    if (!m) return true;
    if (complete_argument(s, m, text, end, cursor, found)) return true;
    *code = end;
    return false;
}

/* ---- all of it ---- */

bool session_complete(session *s, const char *text, size_t cursor, ls_completions *found) {
    size_t code;
    *found = (ls_completions){.tail = ""};
    if (complete_latex(text, cursor, found)) return true;
    if (complete_magic(s, text, cursor, found, &code)) {
        if (found->n && !found->names.failed) return true;
        ls_completions_free(found);
        return false;
    }
    if (complete_file(text, cursor, found)) return true;
    ls_completions_free(found);
    if (!ls_complete(s->in, text + code, cursor - code, found)) return false;
    found->start += code;
    return true;
}

bool session_call_tip(session *s, const char *text, size_t cursor, bool marks, lsv_text *tip) {
    static const char *const bold[] = {"\001", "\002"}, *const signs[] = {"»", "«"}, *const ascii[] = {">", "<"};
    return ls_call_tip(s->in, text, cursor, !marks ? bold : paint_utf8() ? signs : ascii, tip);
}

void session_list(const ls_completions *found, int columns, int lines, lsv_text *out) {
    size_t widest = 1;
    const char *p = found->names.data;
    for (int i = 0; i < found->n; i++, p += strlen(p) + 1) {
        size_t width = lsv_text_width(p, strlen(p));
        if (width > widest) widest = width;
    }
    int across = (columns + 1) / ((int)widest + 2), down;
    if (across < 1) across = 1;
    down = (found->n + across - 1) / across;
    int shown = down > lines ? (lines - 1) * across : found->n, rows = down > lines ? lines - 1 : down;
    for (int r = 0; r < rows; r++) {
        p = found->names.data;
        for (int i = 0, column = 0; i < shown; i++, p += strlen(p) + 1) {
            if (i % rows != r) continue;
            size_t width = lsv_text_width(p, strlen(p));
            if (column) lsv_text_fill(out, ' ', 2);
            lsv_text_puts(out, p);
            if (i + rows < shown) lsv_text_fill(out, ' ', widest - width);
            column++;
        }
        if (r + 1 < rows) lsv_text_putc(out, '\n');
    }
    if (shown < found->n) lsv_text_printf(out, "%s(%d more: type on)", rows ? "\n" : "", found->n - shown);
}
