/* Line readers: readline where it is built in, and a plain one that is always there. */
#ifndef REPL_READER_H
#define REPL_READER_H

#include "repl/session.h"

typedef enum read_result { READ_LINE, READ_END, READ_INTERRUPTED, READ_NO_MEMORY } read_result;

typedef struct line_reader {
    const char *name;
    /* One line (a pasted text may hold several) without its end, *line to be freed with lsv_free. `indent` columns
       are put in front for the user to keep or delete. */
    read_result (*read)(session *s, const char *prompt, int indent, char **line);
    void (*remember)(const char *cell); /* a whole cell, for the up arrow; NULL: no editing */
} line_reader;

const line_reader *reader_readline(void); /* NULL: not built in */
const line_reader *reader_plain(void);

/* The history file ${XDG_STATE_HOME:-~/.local/state}/lsv/history: one cell a line, with line ends
   written \n and backslashes doubled; each cell is appended by one write, so that two
   sessions at once do not mix. */
void history_load(void (*visit)(const char *cell));
void history_append(const char *cell);

#endif
