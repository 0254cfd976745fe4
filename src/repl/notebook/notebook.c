/* The model of a notebook: cells and outputs in growing arrays, each text owned by its record. */
#include "repl/notebook/notebook.h"

#include <string.h>

#include "base/alloc.h"

void nb_clear_outputs(nb_cell *c) {
    for (int i = 0; i < c->noutputs; i++) {
        lsv_text_free(&c->outputs[i].text);
        lsv_free(c->outputs[i].name);
        lsv_free(c->outputs[i].detail);
    }
    lsv_free(c->outputs);
    c->outputs = NULL;
    c->noutputs = c->room = 0;
}

void notebook_free(notebook *b) {
    for (int i = 0; i < b->n; i++) {
        nb_clear_outputs(&b->cells[i]);
        lsv_text_free(&b->cells[i].source);
    }
    lsv_free(b->cells);
    *b = (notebook){0};
}

/* Room for one more record of `size` bytes; false: no memory, and all is as it was. */
static bool grow(void *items, int n, int *room, size_t size) {
    if (n < *room) return true;
    int more = *room ? 2 * *room : 8;
    void **at = items, *bigger = lsv_realloc(*at, (size_t)more * size);
    if (!bigger) return false;
    *at = bigger;
    *room = more;
    return true;
}

nb_cell *notebook_add(notebook *b, nb_kind kind, const char *source, size_t n) {
    nb_cell cell = {.kind = kind};
    lsv_text_add(&cell.source, source, n);
    lsv_text_puts(&cell.source, "");
    if (cell.source.failed || !grow(&b->cells, b->n, &b->room, sizeof *b->cells)) {
        lsv_text_free(&cell.source);
        return NULL;
    }
    b->cells[b->n] = cell;
    return &b->cells[b->n++];
}

nb_output *nb_add_output(nb_cell *c, nb_output_kind kind) {
    if (!grow(&c->outputs, c->noutputs, &c->room, sizeof *c->outputs)) return NULL;
    c->outputs[c->noutputs] = (nb_output){.kind = kind};
    return &c->outputs[c->noutputs++];
}

bool nb_stream(nb_cell *c, nb_output_kind kind, const char *bytes, size_t n) {
    nb_output *o = c->noutputs ? &c->outputs[c->noutputs - 1] : NULL;
    if (!o || o->kind != kind) o = nb_add_output(c, kind);
    if (!o) return false;
    lsv_text_add(&o->text, bytes, n);
    return !o->text.failed;
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n > m && strcmp(text + n - m, end) == 0;
}

nb_form notebook_form(const char *path) {
    return ends_with(path, ".ipynb") ? NB_FORM_JUPYTER
           : ends_with(path, ".md")  ? NB_FORM_MARKDOWN
                                     : NB_FORM_PROGRAM;
}
