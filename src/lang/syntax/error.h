/* A diagnostic: Python's class name, a message, a place, a hint. One type for syntax errors
   and for errors of running programs. */
#ifndef LANG_SYNTAX_ERROR_H
#define LANG_SYNTAX_ERROR_H

#include <stdbool.h>
#include "lang/syntax/source.h"
#include "text/text.h"

typedef struct ls_frame_note { ls_source *source; ls_span span; char function[64]; } ls_frame_note;

typedef struct ls_error {
    bool set;
    char type[48];            /* "ValueError" */
    char message[768];
    char hint[256];           /* empty: none */
    ls_source *source;        /* owned reference, or NULL: no place known */
    ls_span span;             /* the operand at fault */
    ls_frame_note frames[8];  /* callers, innermost first; sources owned */
    int nframes, skipped;     /* skipped: frames beyond the table */
} ls_error;

void ls_error_clear(ls_error *e);
void ls_error_set(ls_error *e, const char *type, const char *format, ...) __attribute__((format(printf, 3, 4)));
void ls_error_hint(ls_error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ls_error_place(ls_error *e, ls_source *source, ls_span span); /* keeps the first place given */
void ls_error_unplace(ls_error *e); /* forgets the place and the callers: it was in code that the user has not written */

/* The diagnostic as shown to the user, with a trailing newline:

     script.lsv:4            (where; for a prompt cell only when the cell has several lines: "line 2")
         W @ W
         ──^──
     ValueError: matmul: …
     hint: …

   The source line is cut to `width` columns around the span; the underline is computed in display columns (UTF-8 and wide
   characters; tabs); ascii: '-' and '^' in place of '─'. Called functions get a line each ("  in f, line 2: …").
   color: ANSI escapes. SyntaxError of an unfinished string etc. points at where it began. */
typedef struct ls_error_style {
    bool color, ascii, show_file;
    int width;
    int typed; /* > 0: a cell of one line stands on the screen behind a prompt of so many columns */
} ls_error_style;
void ls_error_text(lsv_text *t, const ls_error *e, ls_error_style style);

#endif
