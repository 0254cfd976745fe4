/* A session: one interpreter, the cells run so far, and how results are shown.

   Both ways of using lsv are a session: a script runs cell after cell without labels, the
   prompt numbers its cells and labels what they give. */
#ifndef REPL_SESSION_H
#define REPL_SESSION_H

#include "lang/eval/interp.h"

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
} options;

typedef struct session {
    ls_interp *in;
    const options *options;
    bool labels;            /* In [n] / Out[n] */
    bool color;             /* standard output is a terminal that wants it */
    bool color_errors;
    int number;             /* of the cell that runs now, from 1 */
    bool shown;             /* the running cell showed a value */
    bool leave;             /* exit() was asked for */
    int exit_code;
    char **cells;           /* texts of the cells, for %history and In[n]; cells[0] is cell 1 */
    int ncells, room;
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
int session_run_file(session *s, const char *path); /* "-": standard input */

/* Show in->error and clear it; the exit status that goes with it. */
int session_report(session *s);

void session_write(session *s, const char *bytes, size_t n);
void session_printf(session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void session_flush(session *s);

/* A whole file in memory (lsv_free it); NULL with errno set. */
char *read_whole_file(const char *path, size_t *length);

/* client.magic: a line that starts with % or !, one that ends with ?, or a whole %% cell. */
bool session_magic(void *ctx, ls_interp *in, const char *line, size_t n);

/* The prompt: reads cells until the end of input or exit(); the exit status. */
int prompt_loop(session *s);

#endif
