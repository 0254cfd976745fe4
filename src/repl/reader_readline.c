/* The readline line reader, by readline's callback interface: our own loop waits for input, so
   Ctrl-C needs no jump out of readline's code. */
#include "repl/reader.h"

#ifndef LSV_READLINE

const line_reader *reader_readline(void) { return NULL; }

#else

#include "base/alloc.h"
#include "base/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

static session *current;
static char *line_read;
static bool line_done;
static volatile sig_atomic_t resized;

static void on_resize(int signal) {
    (void)signal;
    resized = 1;
}

static void on_line(char *line) {
    line_read = line;
    line_done = true;
    rl_callback_handler_remove();
}

/* ---- completion: names only, never evaluated ---- */

static lsv_text names; /* NUL-separated */

static bool add_name(void *ctx, const char *name) {
    (void)ctx;
    lsv_text_add(&names, name, strlen(name) + 1);
    return true;
}

static char *next_name(const char *text, int state) {
    static size_t position;
    if (state == 0) {
        lsv_text_free(&names);
        position = 0;
        if (!strchr(text, '.')) ls_name_complete(current->in, text, add_name, NULL);
    }
    if (position >= names.length || names.failed) return NULL;
    const char *name = names.data + position;
    position += strlen(name) + 1;
    return strdup(name);
}

static char **complete(const char *text, int start, int end) {
    (void)start;
    (void)end;
    rl_attempted_completion_over = 1;
    return rl_completion_matches(text, next_name);
}

/* Tab after nothing but white space indents. */
static int tab_key(int count, int key) {
    for (int i = 0; i < rl_point; i++)
        if (rl_line_buffer[i] != ' ') return rl_complete(count, key);
    return rl_insert_text("    ");
}

static void add_entry(const char *cell) { add_history(cell); }

static void set_up(session *s) {
    static bool done;
    current = s;
    if (done) return;
    done = true;
    rl_readline_name = "lsv";
    rl_catch_signals = 0; /* SIGINT is ours */
    rl_catch_sigwinch = 0;
    rl_completion_append_character = 0;
    rl_attempted_completion_function = complete;
    rl_basic_word_break_characters = " \t\n\"\\'`@$><=;|&{(,[+-*/%^~:";
    rl_variable_bind("enable-bracketed-paste", "on");
    rl_variable_bind("blink-matching-paren", "on");
    rl_bind_key('\t', tab_key);
    struct sigaction action = {.sa_handler = on_resize};
    sigemptyset(&action.sa_mask);
    sigaction(SIGWINCH, &action, NULL);
    if (!s->options->test && !s->options->no_history) history_load(add_entry);
}

static read_result read_line(session *s, const char *prompt, int indent, char **line) {
    set_up(s);
    line_done = false;
    line_read = NULL;
    session_flush(s);
    rl_callback_handler_install(prompt, on_line);
    for (int i = 0; i < indent; i++) rl_insert_text(" ");
    rl_redisplay();
    while (!line_done) {
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        int ready = poll(&input, 1, -1);
        if (resized) {
            resized = 0;
            rl_resize_terminal();
        }
        if (ready < 0 && errno == EINTR) {
            if (!lsv_interrupt_take()) continue;
            fputs("^C\n", stdout);
            rl_callback_sigcleanup();
            rl_callback_handler_remove();
            return READ_INTERRUPTED;
        }
        if (ready < 0) return READ_END;
        rl_callback_read_char();
    }
    if (!line_read) return READ_END;
    *line = lsv_strdup(line_read);
    free(line_read);
    line_read = NULL;
    return *line ? READ_LINE : READ_NO_MEMORY;
}

const line_reader *reader_readline(void) {
    static const line_reader reader = {"readline", read_line, add_entry};
    return &reader;
}

#endif
