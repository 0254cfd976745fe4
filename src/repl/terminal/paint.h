/* Paints what is being edited: prompts, a cell of several lines, a matching pair of brackets, and
   a few lines of message below. */
#ifndef REPL_PAINT_H
#define REPL_PAINT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct paint_view {
    const char *prompt, *more; /* in front of the first line, and of the others; no escapes */
    const char *text;
    size_t length, point;      /* bytes; the cursor stands before text[point] */
    ptrdiff_t pair[2];         /* places of two characters to be marked; -1: none */
    const char *below;         /* a message under the text; \001 and \002 begin and end what is bold. NULL: none */
    bool color;                /* prompts are green */
    bool styled;               /* bold and underline may be used */
} paint_view;

void paint_start(int columns, int lines); /* the cursor is at the start of a free row */
void paint_update(const paint_view *v);
void paint_finish(const paint_view *v);   /* the whole text without its message; the cursor goes to the row after it */
void paint_clear_screen(void);            /* the next update begins at the top */
void paint_resize(int columns, int lines);
bool paint_utf8(void);                    /* does the terminal's locale speak UTF-8? */
void paint_free(void);

#endif
