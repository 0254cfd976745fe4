/* The plain line reader: no editing beyond the terminal's own, no limit on the length of a line.
   It asks the terminal to mark pasted text, so that a pasted cell of several lines is one. */
#include "repl/terminal/reader.h"
#include "repl/terminal/progress.h"

#include "base/alloc.h"
#include "base/interrupt.h"
#include "lang/syntax/transcript.h"

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
        ptrdiff_t n = reader_bytes(buffer, sizeof buffer);
        if (n <= 0) return n < 0 ? -2 : -1;
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

read_result reader_plain_line(session *s, const char *prompt, char **line) {
    lsv_text t = {0};
    bool inside = false, marks = terminal_marks_paste();
    progress_hold(); /* questions are asked from inside a cell too */
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
    progress_release();
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

/* ---- cells ---- */

static char *kept; /* the first line of the next cell: its ">>> " ended the cell before */

static read_result next_line(session *s, bool more, char **line) {
    char prompt[40], shown[64];
    if (kept) {
        *line = kept;
        kept = NULL;
        return READ_LINE;
    }
    prompt_text(s, more, prompt, sizeof prompt);
    snprintf(shown, sizeof shown, "%s%s%s", s->color ? "\033[32m" : "", prompt, s->color ? "\033[0m" : "");
    return reader_plain_line(s, shown, line);
}

/* Takes the prompt off a line that was pasted without marks. True: the line starts a cell of its own. */
static bool take_prompt_off(char *line, bool more) {
    ls_prompt_kind kind;
    bool python;
    size_t n = strlen(line), skip = ls_prompt_length(line, n, &kind, &python);
    if (kind == LS_PROMPT_NONE || (kind == LS_PROMPT_MORE && !more)) return false;
    if (kind == LS_PROMPT_FIRST && more) return true;
    memmove(line, line + skip, n - skip + 1);
    return false;
}

/* A pasted text of several lines, without its prompts. */
static read_result without_prompts(char **line) {
    lsv_text t = {0};
    ls_strip_prompts(*line, strlen(*line), &t);
    lsv_text_puts(&t, "");
    lsv_free(*line);
    *line = t.data ? t.data : lsv_strdup("");
    if (*line && !t.failed) return READ_LINE;
    lsv_text_free(&t);
    return READ_NO_MEMORY;
}

static read_result read_plain(session *s, char **cell) {
    lsv_text t = {0};
    read_result got;
    bool pasted = false, more = false;
    do {
        char *line;
        got = next_line(s, more, &line);
        if (got == READ_END && more) got = READ_LINE; /* run what is there; the next read ends */
        else if (got == READ_LINE) {
            pasted = strchr(line, '\n') != NULL;
            if (pasted) got = without_prompts(&line);
            else if (take_prompt_off(line, more)) {
                kept = line;
                break;
            }
            if (got != READ_LINE) break;
            if (more) lsv_text_putc(&t, '\n');
            lsv_text_puts(&t, line);
            lsv_free(line);
            more = !t.failed && !cell_complete(t.data ? t.data : "", t.length, pasted, NULL);
            continue;
        }
        break;
    } while (more);
    if (got == READ_LINE && !t.data) lsv_text_puts(&t, "");
    if (got == READ_LINE && (t.failed || !t.data)) got = READ_NO_MEMORY;
    if (got == READ_LINE) *cell = t.data;
    else lsv_text_free(&t);
    return got;
}

const cell_reader *reader_plain(void) {
    static const cell_reader reader = {"plain", read_plain, NULL};
    return &reader;
}
