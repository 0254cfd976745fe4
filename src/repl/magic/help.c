/* name?, name??, ?words and %magic?: help at the prompt, paged where it is longer than the screen. */
#include "repl/magic/magic.h"

#include "lang/assist/assist.h"
#include "lang/assist/help.h"
#include "lang/eval/suggest.h"
#include "lang/teach/lesson.h"
#include "repl/terminal/pager.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool suggest_builtin(void *ctx, const char *qualified, const ls_builtin *b) {
    (void)b;
    const char *dot = strrchr(qualified, '.');
    ls_suggest_offer(ctx, dot ? dot + 1 : qualified);
    return true;
}

static bool suggest_global(void *ctx, const char *name, ls_value v) {
    (void)v;
    ls_suggest_offer(ctx, name);
    return true;
}

static void not_found(session *s, const char *name, size_t n, lsv_text *t) {
    char wanted[64];
    ls_suggestion near;
    lsv_text_printf(t, "Object `%.*s` not found.\n", (int)n, name);
    if (n >= sizeof wanted) return;
    memcpy(wanted, name, n);
    wanted[n] = 0;
    ls_suggest_start(&near, wanted);
    ls_global_each(s->in, suggest_global, &near);
    ls_builtin_each(suggest_builtin, &near);
    if (ls_suggest_best(&near)) lsv_text_printf(t, "Did you mean `%s`?  ?%s searches names and summaries.\n", near.best, wanted);
}

/* Takes blanks and question marks off both ends; how many of the latter there were. */
static int trim(const char **line, size_t *n) {
    int marks = 0;
    while (*n && strchr(" \t?", **line)) marks += **line == '?', (*line)++, (*n)--;
    while (*n && strchr(" \t?;", (*line)[*n - 1])) marks += (*line)[*n - 1] == '?', (*n)--;
    return marks;
}

static bool is_name(const char *s, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)s[i]) && s[i] != '_' && s[i] != '.' && (unsigned char)s[i] < 0x80) return false;
    return n > 0;
}

static void find(session *s, const char *what, size_t n, bool more, bool searching, int width, lsv_text *t) {
    char pattern[256];
    if (ls_help_on(s->in, what, n, more, width, t)) return;
    snprintf(pattern, sizeof pattern, "%.*s", (int)n, what);
    bool wild = strpbrk(pattern, "*?[") && !strpbrk(pattern, "()\"'");
    if ((searching || wild) && ls_help_search(s->in, pattern, width, t) > 0) return;
    if (wild || (searching && !is_name(what, n))) lsv_text_printf(t, "Nothing fits `%s`.\n", pattern);
    else not_found(s, what, n, t);
}

bool magic_help(session *s, const char *line) {
    const char *what = line;
    size_t n = strlen(line);
    bool searching = line[strspn(line, " \t")] == '?';
    int marks = trim(&what, &n), width = pager_width();
    if (n && *what == '%') {
        size_t skip = strspn(what, "%");
        const magic *m = magic_find(what + skip, n - skip);
        if (m) {
            magic_describe(s, m);
            return true;
        }
        session_printf(s, "There is no magic `%.*s`; %%lsmagic lists those there are.\n", (int)n, what);
        return true;
    }
    lsv_text t = {0};
    if (n) find(s, what, n, marks > 1, searching, width, &t);
    else ls_help_overview(width, &t);
    bool ok = !t.failed || ls_no_memory(s->in);
    if (ok) session_page(s, &t);
    lsv_text_free(&t);
    return ok;
}
