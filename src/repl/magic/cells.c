/* The cells so far: %history shows them, %save writes them. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "file/file.h"
#include "repl/magic/magic.h"
#include "repl/terminal/reader.h"

/* ---- %history ---- */

typedef struct view {
    session *s;
    bool numbers, outputs;
    const char *pattern;
} view;

/* * and ? as in file names, anywhere in the text. */
static bool matches_here(const char *p, const char *text) {
    for (; *p; p++, text++) {
        if (*p == '*') {
            for (const char *t = text;; t++) {
                if (matches_here(p + 1, t)) return true;
                if (!*t) return false;
            }
        }
        if (!*text || (*p != '?' && *p != *text)) return false;
    }
    return true;
}

static bool matches(const char *pattern, const char *text) {
    for (;; text++) {
        if (matches_here(pattern, text)) return true;
        if (!*text) return false;
    }
}

static void show_input(session *s, const char *text, int number) {
    if (number < 0) {
        session_printf(s, "%s\n", text);
        return;
    }
    session_printf(s, "%4d:%s", number, strchr(text, '\n') ? "\n" : " ");
    session_printf(s, "%s\n", text);
}

static bool show_cell(void *ctx, int index) {
    view *v = ctx;
    const nb_cell *c = &v->s->log.cells[index];
    if (v->pattern && !matches(v->pattern, c->source.data)) return true;
    show_input(v->s, c->source.data, v->numbers ? c->number : -1);
    for (int i = 0; v->outputs && i < c->noutputs; i++) {
        const nb_output *o = &c->outputs[i];
        if (o->kind != NB_RESULT || !o->text.data) continue;
        session_printf(v->s, "%s\n", o->text.data);
    }
    return true;
}

/* -g looks through the history file too, which holds the sessions before this one. */
static view *searching;
static int searched;

static void show_older(const char *cell) {
    searched++;
    if (matches(searching->pattern, cell)) show_input(searching->s, cell, searching->numbers ? searched : -1);
}

static bool run_history(session *s, const char *arg, const char *body) {
    (void)body;
    magic_option o[] = {{.letter = 'n'}, {.letter = 'o'}, {.letter = 'g'}, {.letter = 'l', .wants = true}};
    if (!magic_options(s, "history", &arg, o, 4)) return false;
    view v = {.s = s, .numbers = o[0].given, .outputs = o[1].given};
    if (o[2].given) {
        v.pattern = *arg ? arg : "*";
        searching = &v;
        searched = 0;
        if (s->prompt && !s->options->test && !s->options->no_history && !s->options->safe) {
            history_load(show_older);
            return true;
        }
        return magic_ranges(s, "history", "", show_cell, &v);
    }
    if (o[3].given) {
        int last = s->log.n - (session_cell(s) ? 1 : 0), n = 0;
        if (sscanf(o[3].text, "%d", &n) != 1 || n < 0)
            return ls_raise(s->in, "UsageError", "%%history: -l wants a count, not '%s'", o[3].text);
        for (int i = n < last ? last - n : 0; i < last; i++) show_cell(&v, i);
        return true;
    }
    return magic_ranges(s, "history", arg, show_cell, &v);
}

/* ---- %save ---- */

static bool choose(void *ctx, int index) {
    int *chosen = ctx;
    chosen[index] = 1;
    return true;
}

static bool write_file(session *s, const char *path, const lsv_text *t) {
    lsv_error err = {0};
    lsv_writer *w = NULL;
    lsv_status status = lsv_writer_open(path, &w, &err);
    if (status == LSV_OK) {
        status = lsv_writer_put(w, t->data ? t->data : "", t->length, &err);
        if (status == LSV_OK) status = lsv_writer_commit(w, &err);
        else lsv_writer_abandon(w);
    }
    return status == LSV_OK || ls_raise_lsv(s->in, &err);
}

/* The chosen cells as a notebook that borrows them, in the file's form. */
static void write_cells(const session *s, nb_form form, const int *chosen, int last, lsv_text *t) {
    notebook picked = {0};
    nb_cell *cells = lsv_malloc((size_t)(last + 1) * sizeof *cells);
    if (!cells) {
        t->failed = true;
        return;
    }
    for (int i = 0; i < last; i++)
        if (chosen[i]) cells[picked.n++] = s->log.cells[i]; /* borrowed: the copy is only read */
    picked.cells = cells;
    if (form == NB_FORM_JUPYTER) notebook_write_jupyter(t, &picked, 0, picked.n);
    else if (form == NB_FORM_MARKDOWN) notebook_write_markdown(t, &picked, 0, picked.n);
    else notebook_write_program(t, &picked, 0, picked.n);
    lsv_free(cells);
}

static bool may_write(session *s, const char *path, bool force) {
    char question[PATH_MAX + 64];
    if (force || access(path, F_OK) != 0 || (s->saved_as && strcmp(s->saved_as, path) == 0)) return true;
    if (!s->prompt)
        return ls_raise(s->in, "FileExistsError", "%%save: '%s' is there already: %%save -f writes over it",
                        path);
    snprintf(question, sizeof question, "File `%s` exists. Overwrite (y/[N])? ", path);
    if (magic_ask(s, question)) return true;
    session_printf(s, "Nothing written.\n");
    return false;
}

static bool run_save(session *s, const char *arg, const char *body) {
    char path[PATH_MAX];
    magic_option o[] = {{.letter = 'f'}};
    (void)body;
    if (!magic_options(s, "save", &arg, o, 1)) return false;
    const char *ranges = magic_word(s, arg, path, sizeof path);
    if (!ranges) return false;
    if (!*path)
        return ls_raise(s->in, "UsageError", "%%save wants a file: %%save session.ipynb, .md or .lsv");
    if (!safe_path(s, path)) return false;
    if (!may_write(s, path, o[0].given)) return !s->in->error.set;
    int last = s->log.n - (session_cell(s) ? 1 : 0), count = 0;
    int *chosen = lsv_calloc((size_t)last + 1, sizeof *chosen);
    if (!chosen) return ls_no_memory(s->in);
    lsv_text t = {0};
    bool ok = magic_ranges(s, "save", ranges, choose, chosen);
    for (int i = 0; i < last; i++) {
        if (!*ranges && s->log.cells[i].undone) chosen[i] = 0; /* a whole session: what still holds */
        count += chosen[i];
    }
    if (ok) write_cells(s, notebook_form(path), chosen, last, &t);
    ok = ok && (!t.failed || ls_no_memory(s->in)) && write_file(s, path, &t);
    if (ok) {
        char *copy = lsv_strdup(path);
        lsv_free(s->saved_as);
        s->saved_as = copy;
        nb_cell *me = session_cell(s);
        if (me) me->undone = true; /* a program that is read back shall not write itself */
        session_printf(s, "%d cell%s written to %s\n", count, count == 1 ? "" : "s", path);
    }
    lsv_text_free(&t);
    lsv_free(chosen);
    return ok;
}

const magic magic_cells[] = {{"history hist", "%history [-n] [-o] [-l COUNT] [-g PATTERN] [RANGES]",
                              "the cells so far",
                              "-n          with their numbers\n-o          with the values they gave\n-l "
                              "COUNT    the last COUNT cells\n"
                              "-g PATTERN  those that hold the pattern (* and ? as in file names), also of "
                              "the sessions before this one\n\n"
                              "RANGES are numbers of cells: 3, 2-5, 4-, several with blanks between them.",
                              "-n -o -l -g", MAGIC_TEXT, MAGIC_LINE, run_history},
                             {"save", "%save [-f] FILE [RANGES]", "writes the session to a file",
                              "FILE.ipynb  a Jupyter notebook, with what the cells showed\n"
                              "FILE.md     Markdown, with what the cells showed\n"
                              "FILE.lsv    the cells alone, as a program (any other ending too)\n\n"
                              "What undo took back and %save itself are left out. -f writes over a file "
                              "without asking. The file is written whole or not at all.",
                              "-f", MAGIC_FILE, MAGIC_LINE, run_save},
                             {0}};
