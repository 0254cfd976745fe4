/* The plain line reader: no editing beyond the terminal's own, no limit on the length of a line.
   It asks the terminal to mark pasted text, so that a pasted cell of several lines is one. */
#include "repl/reader.h"

#include "base/alloc.h"
#include "base/interrupt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char paste_on[] = "\033[?2004h", paste_off[] = "\033[?2004l";
static const char paste_begin[] = "\033[200~", paste_end[] = "\033[201~";

static char buffer[4096]; /* read ahead */
static size_t at, filled;

static int next_byte(void) { /* -1: end; -2: interrupted */
    if (at == filled) {
        ssize_t n = read(STDIN_FILENO, buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) return -2;
        if (n <= 0) return -1;
        at = 0;
        filled = (size_t)n;
    }
    return (unsigned char)buffer[at++];
}

/* Takes the paste marks out of t; *inside tells whether a paste goes on. */
static void strip_marks(lsv_text *t, bool *inside) {
    char *p;
    while (t->data && (p = strstr(t->data, paste_begin)) != NULL) {
        memmove(p, p + sizeof paste_begin - 1, strlen(p + sizeof paste_begin - 1) + 1);
        *inside = true;
    }
    while (t->data && (p = strstr(t->data, paste_end)) != NULL) {
        memmove(p, p + sizeof paste_end - 1, strlen(p + sizeof paste_end - 1) + 1);
        *inside = false;
    }
    t->length = t->data ? strlen(t->data) : 0;
}

static bool terminal_marks_paste(void) {
    const char *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
}

static read_result read_plain(session *s, const char *prompt, int indent, char **line) {
    (void)indent;
    lsv_text t = {0};
    bool inside = false, marks = terminal_marks_paste();
    if (marks) session_printf(s, "%s", paste_on);
    session_printf(s, "%s", prompt);
    session_flush(s);
    read_result result = READ_LINE;
    for (;;) {
        int c = next_byte();
        if (c == -2) {
            if (!lsv_interrupt_take()) continue;
            result = READ_INTERRUPTED;
            break;
        }
        if (c == -1 && t.length == 0) {
            result = READ_END;
            break;
        }
        if (c == '\n' || c == -1) {
            strip_marks(&t, &inside);
            if (!inside || c == -1) break;
        }
        if (c != 0) lsv_text_putc(&t, (char)c);
    }
    if (marks) session_printf(s, "%s", paste_off);
    session_flush(s);
    if (result == READ_LINE) {
        lsv_text_puts(&t, "");
        if (t.length && t.data[t.length - 1] == '\r') t.data[--t.length] = 0;
        *line = t.data ? t.data : lsv_strdup("");
        if (*line && !t.failed) return READ_LINE;
        result = READ_NO_MEMORY;
    }
    lsv_text_free(&t);
    return result;
}

const line_reader *reader_plain(void) {
    static const line_reader reader = {"plain", read_plain, NULL};
    return &reader;
}
