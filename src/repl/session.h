/* A session: one interpreter, the cells run so far, and how results are shown.

   All ways of using lsv are a session: a script runs cell after cell without labels, the prompt
   and a notebook number their cells and label what they give. The log keeps each cell's text and,
   where somebody will ask for it (%save, %history -o, a replay), what it showed. */
#ifndef REPL_SESSION_H
#define REPL_SESSION_H

#include "lang/eval/interp.h"
#include "plot/figure.h"
#include "repl/notebook/notebook.h"

typedef struct options {
    const char *file;       /* script, "-" for standard input, NULL for none */
    const char *code;       /* -e CODE */
    char **args;            /* what follows the script */
    int nargs;
    bool interactive;       /* -i: the prompt after the script */
    bool keep_going;        /* an error ends its cell, not the script */
    bool plain;             /* the plain line reader even where readline is built in */
    bool test;              /* nothing that depends on the terminal or the user: no colour, no history */
    bool no_color;
    bool no_history;
    const char *device;     /* --device cpu|gpu|auto; NULL: not given */
    bool calibrate;         /* --calibrate */
    bool safe;              /* no shell, no files outside the current folder */
    size_t max_mem;         /* bytes of memory for the session's values; 0: all there is */
    bool replay;            /* run a notebook and compare with its stored outputs */
    double tolerance;       /* of a replay: relative, and absolute below 1; negative: exact */
    bool verbose;           /* a replay lists every cell */
    bool max_mem_given, stop; /* while the command line is read: --max-mem was there; --help was all */
} options;

typedef struct session {
    ls_interp *in;
    const options *options;
    bool labels;            /* In [n] / Out[n] */
    bool names_cells;       /* _, Out, In are kept without labels too */
    bool color;             /* standard output is a terminal that wants it */
    bool color_errors;
    int number;             /* of the cell that runs now, from 1 */
    bool shown;             /* the running cell showed a value */
    bool leave;             /* exit() was asked for */
    int exit_code;
    bool edits;             /* the line reader lets a line be changed before it is run */
    char *next_input;       /* %load: what the next line begins with; owned; the reader takes it */
    bool prompt;            /* a person is asked for cells: there is somebody to answer questions */
    int nested;             /* %run and %time run cells inside a cell: those are not numbered */
    notebook log;           /* the cells so far: log.cells[0] is cell 1 */
    bool running;           /* a cell runs: what is written is its output */
    bool record;            /* the log keeps outputs too */
    bool quiet;             /* outputs go to the log only */
    size_t recorded;        /* bytes of outputs in the log */
    ls_value *held;         /* %time: a value to be shown goes here instead; owned there */
    char float_format[24];  /* %precision: a printf conversion for floats; empty: repr */
    ls_value in_list, out_dict, last[3]; /* In, Out, and what _, __, ___ were set to; LS_UNSET: not kept yet */
    size_t memory_lent;     /* beyond --max-mem, after MemoryErrors */
    struct undo *undo;      /* NULL: nothing kept yet */
    char *saved_as;         /* what %save wrote last: writing it again needs no question */
    char *folder_before;    /* %cd - */
} session;

enum { EXIT_OK = 0, EXIT_ERROR = 1, EXIT_SYNTAX = 2, EXIT_INTERRUPTED = 130 };

/* False: no memory. */
bool session_open(session *s, const options *o);
void session_close(session *s);

/* Run one cell's text; its name is what errors show ("script.lsv", "In [3]"). The error, if any, has
   been shown when it returns EXIT_ERROR, EXIT_SYNTAX or EXIT_INTERRUPTED. */
int session_run(session *s, const char *name, const char *text, size_t length, int first_line);

/* Run a whole program: cut into cells, checked before anything runs. */
int session_run_program(session *s, const char *name, const char *text, size_t length);
int session_run_file(session *s, const char *path); /* "-": standard input; .ipynb and .md: their code cells */
int session_run_notebook(session *s, const notebook *b, const char *name);
/* lsv --replay FILE: 0 the same, 1 different. */
int session_replay(session *s, const char *path);
/* A notebook from a file, by its ending or its looks; false: a message is on standard error. */
bool session_read_notebook(const char *path, notebook *b);

/* Show in->error and clear it; the exit status that goes with it. */
int session_report(session *s);

void session_write(session *s, const char *bytes, size_t n);
void session_printf(session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void session_flush(session *s);
/* One line for standard error, without its newline, after what was written so far. */
void session_warn(session *s, const char *line);
/* Show a value as a cell's own last expression is shown. */
bool session_show(session *s, ls_value v);

/* ---- the log: session_log.c ---- */

/* The cell that runs now; NULL: none, or there was no memory for it. */
nb_cell *session_cell(session *s);
void session_record(session *s, nb_output_kind kind, const char *bytes, size_t n);
void session_record_error(session *s, const ls_error *e, const char *shown, size_t n);
void session_record_figure(session *s, const lsv_figure *f);
/* The cell's text into the log, and In, _i and the _3 it mentions into the variables. */
void session_begin_cell(session *s, const char *text, size_t length);
/* Out[n], _, __, ___. */
bool session_remember(session *s, ls_value v);
bool session_speaks_of_cells(const char *text, size_t n);
void session_forget_outputs(session *s); /* %reset: Out and the underscores */

/* A whole file in memory (lsv_free it); NULL with errno set (EACCES also where --safe forbids it). */
char *read_whole_file(const char *path, size_t *length);

/* ---- undo: undo.c ---- */

/* Keeps what the variables are before the cell runs, so that undo can bring them back. */
void session_keep(session *s, const ls_source *cell);
void session_kept(session *s); /* after the cell: gives up what holds too much memory */
bool session_undo(session *s); /* false: error set */
bool session_is_undo(session *s, const char *text, size_t n); /* the line `undo`, where no variable has that name */
void session_drop_undo(session *s);

/* ---- --safe and --max-mem: safe.c ---- */

bool safe_begin(const options *o); /* before the session opens; false: a message is on standard error */
void safe_after_memory_error(session *s); /* the next cell shall have enough to give memory back */
/* Raises PermissionError for what --safe does not offer; true: go on. */
bool safe_allows(session *s, const char *what);
bool safe_path(session *s, const char *path); /* may this file be opened? false: error set */

/* client.magic: a line that starts with % or !, one that ends with ?, or a whole %% cell. */
bool session_magic(void *ctx, ls_interp *in, const char *line, size_t n);

/* The prompt: reads cells until the end of input or exit(); the exit status. */
int prompt_loop(session *s);

#endif
