/* Looking for a name, and where to begin. */
#include "lang/assist/help.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "lang/eval/function.h"

typedef struct hit { char name[80]; const char *summary; int rank; } hit;

typedef struct search {
    const char *pattern;
    bool wild;
    hit *hits;
    int n, room;
    bool failed;
    const ls_builtin *last;  /* a record's names come one after the other: one of them is enough */
} search;

static bool has_word(const char *text, const char *word, size_t n) {
    for (; *text; text++)
        if (strncasecmp(text, word, n) == 0) return true;
    return false;
}

/* 0: no; the smaller the better. */
static int rank_of(const search *s, const char *qualified, const char *summary) {
    const char *name = strrchr(qualified, '.');
    name = name ? name + 1 : qualified;
    if (s->wild) return fnmatch(s->pattern, strchr(s->pattern, '.') ? qualified : name, 0) == 0;
    int rank = 1;
    for (const char *p = s->pattern; *p; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");
        bool in_name = has_word(qualified, p, n), in_summary = has_word(summary, p, n);
        if (!in_name && !in_summary) return 0;
        if (strlen(name) != n || strncasecmp(name, p, n) != 0) rank += in_name ? 1 : 100;
        p += n;
    }
    return rank;
}

static void keep(search *s, const char *name, const char *summary, int rank) {
    if (s->n == s->room) {
        int room = s->room ? 2 * s->room : 64;
        hit *hits = lsv_realloc(s->hits, (size_t)room * sizeof *hits);
        if (!hits) {
            s->failed = true;
            return;
        }
        s->hits = hits;
        s->room = room;
    }
    s->hits[s->n].summary = summary;
    s->hits[s->n].rank = rank;
    snprintf(s->hits[s->n++].name, sizeof s->hits->name, "%s", name);
}

static bool visit_record(void *ctx, const char *qualified, const ls_builtin *b) {
    search *s = ctx;
    int rank = b == s->last && !s->wild ? 0 : rank_of(s, qualified, b->summary);
    if (!rank) return true;
    s->last = b;
    keep(s, qualified, b->summary, rank);
    return !s->failed;
}

static bool visit_constant(void *ctx, const char *qualified, const ls_constant *c) {
    search *s = ctx;
    const char *summary = c->summary ? c->summary : "";
    int rank = rank_of(s, qualified, summary);
    if (rank) keep(s, qualified, summary, rank);
    return !s->failed;
}

static bool visit_global(void *ctx, const char *name, ls_value v) {
    search *s = ctx;
    const char *doc = v.tag == LS_FUNCTION ? ls_function_doc(v.function) : NULL, *summary = doc ? doc : ls_type_name(v);
    int rank = name[0] == '_' ? 0 : rank_of(s, name, summary);
    if (rank) keep(s, name, summary, rank > 1 ? rank - 1 : rank);
    return !s->failed;
}

static int by_rank(const void *a, const void *b) {
    const hit *x = a, *y = b;
    return x->rank != y->rank ? x->rank - y->rank : strcmp(x->name, y->name);
}

int ls_help_search(ls_interp *in, const char *pattern, int width, lsv_text *t) {
    search s = {.pattern = pattern, .wild = strpbrk(pattern, "*?[") != NULL};
    ls_global_each(in, visit_global, &s);
    ls_builtin_each(visit_record, &s);
    ls_constant_each(visit_constant, &s);
    if (s.n) qsort(s.hits, (size_t)s.n, sizeof *s.hits, by_rank);
    int name_width = width < 60 ? 20 : 28;
    for (int i = 0; i < s.n; i++) {
        if (i && strcmp(s.hits[i].name, s.hits[i - 1].name) == 0) continue;
        lsv_text line = {0};
        lsv_text_printf(&line, "%-*s ", name_width, s.hits[i].name);
        lsv_text_add(&line, s.hits[i].summary, strcspn(s.hits[i].summary, "\n"));
        if (line.data) ls_help_wrap(t, line.data, line.length, 0, name_width + 1, width);
        lsv_text_free(&line);
    }
    int n = s.n;
    lsv_free(s.hits);
    return t->failed || s.failed ? 0 : n;
}

void ls_help_overview(int width, lsv_text *t) {
    static const char *const lines[][2] = {
        {"name?", "help on a name: svd?  np.linalg.norm?  W.T?  %timeit?"},
        {"name??", "more of it: all its names, the source of a function of yours"},
        {"?words", "search in names and summaries: ?least squares"},
        {"?*svd*", "names that fit a pattern"},
        {"help(x)", "the same as x?, from a program too"},
        {"why", "what stood behind the last result: driver, precision, conditioning; why x for a variable"},
        {"Tab", "completes names, attributes, arguments, keys, files; \\lambda and Tab is the letter"},
        {"Tab Tab", "inside a call: its signature; Shift-Tab shows it at once"},
        {"Ctrl-R", "searches the history, by whole cells"},
        {"%lsmagic", "the commands that start with %"},
        {"np? torch?", "the names of a module, with a line on each"},
    };
    static const char opening[] = "lsv reads what a NumPy or PyTorch notebook cell says, and means the same. "
                                  "svd, rank, lora, aggregate and svdgrad are its own.";
    ls_help_wrap(t, opening, sizeof opening - 1, 0, 0, width);
    lsv_text_putc(t, '\n');
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        lsv_text line = {0};
        lsv_text_printf(&line, "%-11s %s", lines[i][0], lines[i][1]);
        if (line.data) ls_help_wrap(t, line.data, line.length, 2, 12, width);
        lsv_text_free(&line);
    }
}
