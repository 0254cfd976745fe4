/* Source texts: name, bytes, lines. Spans are byte offsets into one of them; code, functions
   and diagnostics keep a reference to their source, so that a traceback can show the line
   long after the cell ran. */
#ifndef LANG_SYNTAX_SOURCE_H
#define LANG_SYNTAX_SOURCE_H

#include <stddef.h>
#include <stdint.h>

typedef struct ls_span { uint32_t start, end; } ls_span; /* end is exclusive */

typedef struct ls_source {
    int refs;
    char *name;          /* "script.lsv", "<stdin>", "In [3]" */
    char *text;          /* NUL-terminated; may hold NUL bytes inside too */
    size_t length;
    int first_line;      /* line number of the first line (cells of a file keep the file's) */
} ls_source;

/* Copies name and text; NULL: no memory. */
ls_source *ls_source_new(const char *name, const char *text, size_t length, int first_line);
ls_source *ls_source_ref(ls_source *s);
void ls_source_release(ls_source *s);

/* 1-based line (first_line added) and 0-based byte column of an offset; the line's bytes. */
void ls_source_where(const ls_source *s, uint32_t offset, int *line, int *column);
const char *ls_source_line(const ls_source *s, uint32_t offset, size_t *length);

/* The cells of a program: text is cut before every line that starts with "# %%" or "#%%" (`^# ?%%`).
   Calls visit(ctx, start offset, length, line number of its first line) for each cell that is not
   blank; stops when visit returns false. */
void ls_source_cells(const char *text, size_t length,
                     int (*visit)(void *ctx, size_t start, size_t length, int line), void *ctx);

#endif
