/* The prompt: collects lines until they make a cell, runs it, goes on.

   An open bracket or string goes on by itself; an indented block goes on until a blank line;
   a pasted text of several lines is one cell. Ctrl-C drops what is being typed, Ctrl-D leaves. */
#include "repl/reader.h"

#include "base/alloc.h"
#include "lang/syntax/parse.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool blank(const char *s) { return s[strspn(s, " \t\r\n")] == 0; }

static void make_prompt(const session *s, const line_reader *reader, bool more, char *out, size_t n) {
    char text[40];
    int width = snprintf(text, sizeof text, "In [%d]: ", s->number + 1);
    if (more) snprintf(text, sizeof text, "%*s", width, "...: ");
    bool edits = reader->remember != NULL; /* readline must know which bytes take no room */
    if (s->color) snprintf(out, n, "%s\033[32m%s%s%s\033[0m%s", edits ? "\001" : "", edits ? "\002" : "", text, edits ? "\001" : "", edits ? "\002" : "");
    else snprintf(out, n, "%s", text);
}

/* One cell's text into *cell. READ_LINE: there is one (perhaps blank). */
static read_result read_cell(session *s, const line_reader *reader, lsv_text *cell) {
    int indent = 0;
    for (bool more = false;; more = true) {
        char prompt[96], *line;
        make_prompt(s, reader, more, prompt, sizeof prompt);
        read_result got = reader->read(s, prompt, indent, &line);
        if (got == READ_END && more) return READ_LINE; /* run what is there; the next read ends */
        if (got != READ_LINE) return got;
        bool is_blank = blank(line), pasted = strchr(line, '\n') != NULL;
        if (more) lsv_text_putc(cell, '\n');
        lsv_text_puts(cell, line);
        lsv_free(line);
        if (cell->failed) return READ_NO_MEMORY;
        ls_completeness state = ls_input_state(cell->data ? cell->data : "", cell->length, &indent);
        if (state == LS_COMPLETE || (state == LS_BLOCK && ((is_blank && more) || pasted))) return READ_LINE;
    }
}

static bool is_exit(const char *text) {
    static const char *const words[] = {"exit", "quit", "exit()", "quit()"};
    size_t from = strspn(text, " \t\n"), n = strcspn(text + from, " \t\n;");
    if (!blank(text + from + n + strspn(text + from + n, ";"))) return false;
    for (int i = 0; i < 4; i++)
        if (strlen(words[i]) == n && memcmp(text + from, words[i], n) == 0) return true;
    return false;
}

static void run_cell(session *s, const line_reader *reader, const lsv_text *cell, const char *text) {
    char name[32];
    size_t n = cell->length;
    while (n && strchr(" \t\n", text[n - 1])) n--;
    lsv_text kept = {0};
    lsv_text_add(&kept, text, n);
    if (!s->options->test && !s->options->no_history && !kept.failed) {
        if (reader->remember) reader->remember(kept.data);
        history_append(kept.data);
    }
    snprintf(name, sizeof name, "In [%d]", s->number + 1);
    session_run(s, name, kept.failed ? text : kept.data, n, 1);
    session_printf(s, "\n");
    session_flush(s);
    lsv_text_free(&kept);
}

int prompt_loop(session *s) {
    const line_reader *reader = s->options->plain ? NULL : reader_readline();
    if (!reader || !isatty(STDIN_FILENO)) reader = reader_plain();
    s->labels = true;
    if (!s->options->test) session_printf(s, "lsv %s  (name? for help on a name, Ctrl-D leaves)\n\n", LSV_VERSION);
    while (!s->leave) {
        lsv_text cell = {0};
        read_result got = read_cell(s, reader, &cell);
        const char *text = cell.data ? cell.data : "";
        if (got == READ_LINE && is_exit(text)) s->leave = true;
        else if (got == READ_LINE && !blank(text)) run_cell(s, reader, &cell, text);
        else if (got == READ_INTERRUPTED) session_printf(s, "\n");
        else if (got == READ_NO_MEMORY) fputs("MemoryError: the input does not fit in memory\n", stderr);
        lsv_text_free(&cell);
        if (got == READ_END) {
            session_printf(s, "\n");
            break;
        }
    }
    session_flush(s);
    return s->leave ? s->exit_code : EXIT_OK;
}
