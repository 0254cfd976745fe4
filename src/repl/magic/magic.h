/* Magics: lines that start with %, whole cells that start with %%, !commands.

   A magic is declared once, as a record beside its function; dispatch, help, completion and the list that
   %lsmagic prints all read the records. Each gets its argument text, trimmed, and raises in s->in. */
#ifndef REPL_MAGIC_H
#define REPL_MAGIC_H

#include "repl/session.h"

/* What stands where the argument is: for completion. */
typedef enum magic_takes {
    MAGIC_NOTHING,
    MAGIC_CODE,
    MAGIC_FILE,
    MAGIC_FOLDER,
    MAGIC_VARIABLE,
    MAGIC_SETTING,
    MAGIC_NAME,
    MAGIC_TEXT
} magic_takes;

enum { MAGIC_LINE = 1, MAGIC_CELL = 2 };

typedef struct magic magic;
struct magic {
    const char *name;    /* without %; other names follow it, separated by blanks: "history hist" */
    const char *usage;   /* "%timeit [-n LOOPS] [-r RUNS] [-q] [-o] STATEMENT" */
    const char *summary; /* one line, no full stop */
    const char *doc;     /* what each option does, and an example; NULL: the summary says it all */
    const char *options; /* "-n -r -q -o", for completion; NULL: none */
    magic_takes takes;
    int forms; /* MAGIC_LINE | MAGIC_CELL */
    /* body: the text below a %% line, NULL for the line form */
    bool (*run)(session *s, const char *arg, const char *body);
};

/* Every magic, by name, in alphabetical order within its family; stop by returning false. */
void magic_each(bool (*visit)(void *ctx, const magic *m), void *ctx);
const magic *magic_find(const char *name, size_t n); /* any of its names, without the %; NULL: none */
/* The settings that %config knows: "InteractiveShell.ast_node_interactivity", … */
void magic_setting_each(bool (*visit)(void *ctx, const char *name, const char *summary), void *ctx);
void magic_describe(session *s, const magic *m); /* what %name? shows */

bool magic_help(session *s, const char *line); /* "name?", "name??", "?name" */

/* ---- for the files of magics ---- */

/* The families, each ended by a record without a name. */
extern const magic magic_timing[], magic_variables[], magic_files[], magic_shell[], magic_cells[],
    magic_settings[];

/* Leading options of an argument text: "-n 10 -q x" or "-n10". Each is looked for by its letter; `text` gets
   the value of one that wants it. *arg goes on to what follows. false: error set. */
typedef struct magic_option {
    char letter;
    bool wants;
    bool given;
    char text[256];
} magic_option;
bool magic_options(session *s, const char *name, const char **arg, magic_option *list, int n);
/* One word, or a 'quoted one', into `word`; gives what follows it, without blanks before it. NULL: error set.
 */
const char *magic_word(session *s, const char *arg, char *word, size_t n);
/* A value as the result of the cell: shown with its label, and remembered as _. Takes v. */
bool magic_give(session *s, ls_value v);
size_t magic_columns(void); /* of the terminal, or COLUMNS; 80 where nothing says */
/* "y" or "yes", asked of the person at the prompt; without one the answer is yes. */
bool magic_ask(session *s, const char *question);
/* The cells that "3", "2-5", "4-", "7 9" name: visits their indexes in the log; "" names all before the
   running one. false: error set. */
bool magic_ranges(session *s, const char *name, const char *text, bool (*visit)(void *ctx, int index),
                  void *ctx);

#endif
