/* Running the code cells of a notebook, as a session: numbered, labelled, one after the other. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "repl/session.h"

static int add_cell(void *ctx, size_t start, size_t length, int line) {
    struct {
        notebook *b;
        const char *text;
        bool ok;
    } *c = ctx;
    nb_cell *cell = notebook_add(c->b, NB_CODE, c->text + start, length);
    if (cell) cell->line = line;
    c->ok = cell != NULL;
    return c->ok;
}

/* A program's cells; it stores no outputs. */
static lsv_status read_program(const char *text, size_t n, notebook *out, lsv_error *err) {
    struct {
        notebook *b;
        const char *text;
        bool ok;
    } c = {out, text, true};
    *out = (notebook){0};
    ls_source_cells(text, n, add_cell, &c);
    if (c.ok) return LSV_OK;
    notebook_free(out);
    return lsv_no_memory(err, 0);
}

static bool is_program(const char *path) {
    size_t n = strlen(path);
    return n > 3 && (strcmp(path + n - 3, ".py") == 0 || (n > 4 && strcmp(path + n - 4, ".lsv") == 0));
}

bool session_read_notebook(const char *path, notebook *b) {
    size_t n;
    errno = 0;
    char *text = read_whole_file(path, &n);
    if (!text) {
        fprintf(stderr, "lsv: cannot read %s: %s\n", path, strerror(errno));
        return false;
    }
    lsv_error err = {0};
    size_t skip = n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    *b = (notebook){0};
    nb_form form = notebook_form(path);
    const char *body = text + skip;
    size_t length = n - skip;
    lsv_status status = form == NB_FORM_JUPYTER    ? notebook_read_jupyter(path, body, length, b, &err)
                        : form == NB_FORM_MARKDOWN ? notebook_read_markdown(path, body, length, b, &err)
                        : notebook_is_text_form(body, length)
                            ? notebook_read_text(path, body, length, b, &err)
                        : is_program(path) ? read_program(body, length, b, &err)
                                           : LSV_OK; /* prose: no cells */
    lsv_free(text);
    if (status == LSV_OK) return true;
    fprintf(stderr, "lsv: %s\n", err.message);
    if (err.hint[0]) fprintf(stderr, "hint: %s\n", err.hint);
    return false;
}

int session_run_notebook(session *s, const notebook *b, const char *name) {
    int result = EXIT_OK;
    bool labels = s->labels;
    if (!s->nested) s->labels = true;
    for (int i = 0, k = 0; i < b->n && !s->leave; i++) {
        const nb_cell *c = &b->cells[i];
        char title[512];
        if (c->kind != NB_CODE || !c->source.data || c->source.data[strspn(c->source.data, " \t\r\n")] == 0)
            continue;
        k++;
        if (c->line) snprintf(title, sizeof title, "%.400s", name);
        else snprintf(title, sizeof title, "%.400s, cell %d", name, k);
        int status = session_run(s, title, c->source.data, c->source.length, c->line ? c->line : 1);
        if (status != EXIT_OK) result = status;
        if (status == EXIT_INTERRUPTED || (status != EXIT_OK && !s->options->keep_going)) break;
    }
    s->labels = labels;
    session_flush(s);
    return s->leave ? s->exit_code : result;
}
