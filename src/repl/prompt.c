/* The prompt: reads a cell, runs it, goes on.

   An open bracket or string goes on by itself; an indented block goes on until a blank line;
   a pasted text of several lines is one cell. Ctrl-C drops what is being typed, Ctrl-D leaves. */
#include "repl/device.h"
#include "repl/terminal/reader.h"

#include "base/alloc.h"
#include "lang/eval/account.h"
#include "lang/syntax/parse.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool blank(const char *s) { return s[strspn(s, " \t\r\n")] == 0; }

void prompt_text(const session *s, bool more, char *out, size_t n) {
    int width = snprintf(out, n, "In [%d]: ", s->number + 1);
    if (more) snprintf(out, n, "%*s", width, "...: ");
}

bool cell_complete(const char *text, size_t n, bool whole, int *indent) {
    size_t line = n;
    while (line && text[line - 1] != '\n') line--;
    ls_completeness state = ls_input_state(text, n, indent);
    return state == LS_COMPLETE || (state == LS_BLOCK && (whole || (line > 0 && blank(text + line))));
}

static bool is_exit(const char *text) {
    static const char *const words[] = {"exit", "quit", "exit()", "quit()"};
    size_t from = strspn(text, " \t\n"), n = strcspn(text + from, " \t\n;");
    if (!blank(text + from + n + strspn(text + from + n, ";"))) return false;
    for (int i = 0; i < 4; i++)
        if (strlen(words[i]) == n && memcmp(text + from, words[i], n) == 0) return true;
    return false;
}

/* `why` and `why x`, where no variable has that name, are calls of why. */
static bool is_why(const session *s, const char *text, lsv_text *call) {
    static const char *const operators[] = {"is ", "in ", "and ", "or ", "not ", "if ", "for "};
    size_t n = strlen(text);
    if (strncmp(text, "why", 3) != 0 || (text[3] && text[3] != ' ') || memchr(text, '\n', n)) return false;
    if (ls_global_get(s->in, "why").tag != LS_UNSET) return false;
    const char *what = text + 3 + strspn(text + 3, " ");
    if (*what && !isalpha((unsigned char)*what) && *what != '_' && (unsigned char)*what < 0x80) return false;
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (strncmp(what, operators[i], strlen(operators[i])) == 0) return false;
    lsv_text_printf(call, "why(%s)", what);
    return !call->failed;
}

static void run_cell(session *s, const cell_reader *reader, char *text) {
    char name[32];
    size_t n = strlen(text);
    while (n && strchr(" \t\r\n", text[n - 1])) n--;
    text[n] = 0;
    if (!s->options->test && !s->options->no_history) {
        if (reader->remember) reader->remember(text);
        history_append(text);
    }
    snprintf(name, sizeof name, "In [%d]", s->number + 1);
    lsv_text call = {0};
    if (is_why(s, text, &call)) session_run(s, name, call.data, call.length, 1);
    else session_run(s, name, text, n, 1);
    lsv_text_free(&call);
    session_printf(s, "\n");
    session_flush(s);
}

int prompt_loop(session *s) {
    const cell_reader *reader = s->options->plain || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ? NULL : reader_readline();
    if (!reader) reader = reader_plain();
    s->labels = true;
    s->edits = reader->remember != NULL;
    if (isatty(STDIN_FILENO)) device_warm();
    if (!ls_account_watch(s->in)) fputs("MemoryError: no memory for the records of why\n", stderr);
    if (!s->options->test) session_printf(s, "lsv %s  (name? for help on a name, Ctrl-D leaves)\n\n", LSV_VERSION);
    while (!s->leave) {
        char *text = NULL;
        read_result got = reader->read(s, &text);
        if (got == READ_LINE && is_exit(text)) s->leave = true;
        else if (got == READ_LINE && !blank(text)) run_cell(s, reader, text);
        else if (got == READ_INTERRUPTED) session_printf(s, "\n");
        else if (got == READ_NO_MEMORY) fputs("MemoryError: the input does not fit in memory\n", stderr);
        lsv_free(text);
        if (got == READ_END) {
            session_printf(s, "\n");
            break;
        }
    }
    session_flush(s);
    return s->leave ? s->exit_code : EXIT_OK;
}
