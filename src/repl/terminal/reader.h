/* Readers of cells: readline where it is built in, and a plain one that is always there. */
#ifndef REPL_READER_H
#define REPL_READER_H

#include <stdio.h>

#include "repl/session.h"

typedef enum read_result { READ_LINE, READ_END, READ_INTERRUPTED, READ_NO_MEMORY } read_result;

typedef struct cell_reader {
    const char *name;
    /* One cell, several lines where it goes on, *cell to be freed with lsv_free. */
    read_result (*read)(session *s, char **cell);
    void (*remember)(const char *cell); /* a cell that runs, for the up arrow; NULL: no editing */
} cell_reader;

const cell_reader *reader_readline(void); /* NULL: not built in, or the terminal cannot move its cursor */
const cell_reader *reader_plain(void);

/* One line of any length by the plain reader, without its end (a pasted text may hold several), to be freed with lsv_free. */
read_result reader_plain_line(session *s, const char *prompt, char **line);

/* The descriptor that keys are read from, to poll; and up to so many bytes of them: 0 at the end, -1 when an interrupt
   was asked for, which is left to be taken. */
int reader_fd(void);
ptrdiff_t reader_bytes(char *bytes, size_t room);
/* One of them, for readline; a NUL, which edits nothing, when interrupted. */
int reader_key(FILE *unused);

/* "In [3]: ", or as wide "...: " for the lines that follow. */
void prompt_text(const session *s, bool more, char *out, size_t n);
/* Does the cell run as it stands, its last line just ended? Else *indent columns go in front of the next line.
   An indented block waits for a blank line, unless it came `whole`: pasted, or out of the history. */
bool cell_complete(const char *text, size_t n, bool whole, int *indent);

/* The history file ${XDG_STATE_HOME:-~/.local/state}/lsv/history: one cell a line, with line ends
   written \n and backslashes doubled; each cell is appended by one write, so that two
   sessions at once do not mix. load: the newest cells, oldest first, without repetitions in a row. */
void history_load(void (*visit)(const char *cell));
void history_append(const char *cell);

#endif
