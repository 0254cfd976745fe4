/* Notebooks: cells and what they showed.

   One model serves all of it: the session's own log (what %history lists, %save writes and undo
   looks at), a Jupyter file that is run or replayed, and the text form of a notebook. Texts are
   UTF-8 with lines ended by \n; whoever adds a text hands in a copy's worth of bytes, the
   notebook owns what it keeps. */
#ifndef REPL_NOTEBOOK_H
#define REPL_NOTEBOOK_H

#include "base/status.h"
#include "text/text.h"

typedef enum nb_kind { NB_CODE, NB_MARKDOWN, NB_RAW } nb_kind;

/* What a cell gave. text holds: what was written (streams); the value's text (NB_RESULT); the plain text of
   a picture or another rich output, perhaps empty (NB_DISPLAY); the error's message (NB_ERROR). */
typedef enum nb_output_kind { NB_STDOUT, NB_STDERR, NB_RESULT, NB_DISPLAY, NB_ERROR } nb_output_kind;

typedef struct nb_output {
    nb_output_kind kind;
    lsv_text text;
    char *name; /* NB_ERROR: the class; NB_DISPLAY: the first type that is no text ("image/png"); else NULL */
    char *detail; /* NB_ERROR: the whole diagnostic; else NULL */
    bool cut;     /* text is the beginning of what there was */
} nb_output;

typedef struct nb_cell {
    nb_kind kind;
    lsv_text source;
    int number;    /* as in In [n]; 0: none */
    int line;      /* where it stands in its file, from 1; 0: nowhere */
    bool recorded; /* its outputs say what it gave; false: it was stored without having been run */
    bool undone;   /* undo took it back, or it is an undo or a %save itself: not saved */
    int noutputs, room;
    nb_output *outputs;
} nb_cell;

typedef struct notebook {
    int n, room;
    nb_cell *cells;
    bool loose; /* read from a text form, which keeps no count of blank lines and cuts long outputs */
} notebook;

void notebook_free(notebook *b);
/* A new last cell or output, empty; NULL: no memory. The pointers hold until the next addition. */
nb_cell *notebook_add(notebook *b, nb_kind kind, const char *source, size_t n);
nb_output *nb_add_output(nb_cell *c, nb_output_kind kind);
/* Appends to the last output if it is of this kind (streams come in pieces), else to a new one. false: no
 * memory. */
bool nb_stream(nb_cell *c, nb_output_kind kind, const char *bytes, size_t n);
void nb_clear_outputs(nb_cell *c);

/* ---- files ---- what a path's ending says */

typedef enum nb_form { NB_FORM_PROGRAM, NB_FORM_JUPYTER, NB_FORM_MARKDOWN } nb_form;
nb_form notebook_form(const char *path); /* .ipynb; .md; anything else */

/* Jupyter's JSON, nbformat 4 (and 3): json.c. LSV_EVALUE names the place. */
lsv_status notebook_read_jupyter(const char *name, const char *text, size_t n, notebook *out, lsv_error *err);
/* ```python and ```lsv blocks are the code cells; ``` blocks without a language right behind one, its output.
 */
lsv_status notebook_read_markdown(const char *name, const char *text, size_t n, notebook *out,
                                  lsv_error *err);
/* `In [n]:` cells with outputs, as notebooks are pasted into text files and as the prompt shows them:
 * text.c. */
lsv_status notebook_read_text(const char *name, const char *text, size_t n, notebook *out, lsv_error *err);
bool notebook_is_text_form(const char *text, size_t n); /* has it a line that begins with In [n]: ? */

/* Append the cells from..to-1 that were not undone: nbformat 4.5; Markdown; a program with # %% between its
 * cells. */
void notebook_write_jupyter(lsv_text *t, const notebook *b, int from, int to);
void notebook_write_markdown(lsv_text *t, const notebook *b, int from, int to);
void notebook_write_program(lsv_text *t, const notebook *b, int from, int to);

#endif
