/* The readline reader. readline gives the keys, the editing commands, the search through the history
   and the user's own bindings; what a cell needs beyond one line is here: a cell is one buffer, in which Enter
   breaks the line until the cell is complete, the arrows walk between its lines, and the history holds whole
   cells. The screen is painted by paint.c, through readline's redisplay hook.

   The callback interface is used: our own loop waits for input, so Ctrl-C needs no jump out of
   readline's code, and the screen is painted once for all the keys that came at once. */
#include "repl/terminal/reader.h"

#ifndef LSV_READLINE

const cell_reader *reader_readline(void) { return NULL; }

#else

#include "base/alloc.h"
#include "base/interrupt.h"
#include "repl/terminal/edit.h"
#include "repl/terminal/pager.h"
#include "repl/terminal/paint.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

static volatile sig_atomic_t resized, continued;
static bool ended, dirty;

static void on_signal(int signal) {
    if (signal == SIGWINCH) resized = 1;
    else continued = 1;
}

/* readline's own end of a line: Ctrl-D, or a command that accepts without asking edit.c. */
static void on_line(char *line) {
    if (line) edit_accept(line);
    else ended = true;
    free(line);
}

static void on_display(void) { dirty = true; }

static bool screen_moves(void) {
    const char *term = getenv("TERM");
    return term && *term && strcmp(term, "dumb") != 0;
}

static void set_up(session *s) {
    static bool done;
    if (done) return;
    done = true;
    rl_readline_name = "lsv";
    rl_catch_signals = 0; /* SIGINT is ours */
    rl_getc_function = reader_key;
    rl_catch_sigwinch = 0;
    rl_change_environment = 0;
    rl_redisplay_function = on_display;
    rl_initialize(); /* reads the user's inputrc; what follows must hold whatever it says */
    rl_variable_bind("enable-bracketed-paste", "on");
    rl_variable_bind("blink-matching-paren", "off");   /* paint.c marks the pair */
    rl_variable_bind("bind-tty-special-chars", "off"); /* ^U and ^? are ours */
    edit_bind_keys();
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGWINCH, &action, NULL);
    sigaction(SIGCONT, &action, NULL);
    if (!s->options->test && !s->options->no_history) history_load(edit_remember);
}

static void view_of(session *s, paint_view *v, char *prompt, char *more, size_t n) {
    prompt_text(s, false, prompt, n);
    prompt_text(s, true, more, n);
    bool ours = !rl_display_prompt || strcmp(rl_display_prompt, prompt) == 0; /* else a search's */
    *v = (paint_view){.prompt = ours ? prompt : rl_display_prompt, .more = more, .text = rl_line_buffer, .length = (size_t)rl_end,
                      .point = (size_t)rl_point, .pair = {-1, -1}, .below = edit_message(), .color = s->color, .styled = true};
    edit_pair(v->text, v->length, v->point, v->pair);
}

static void paint(session *s, bool last) {
    char prompt[40], more[40];
    paint_view v;
    view_of(s, &v, prompt, more, sizeof prompt);
    dirty = false;
    if (!last) {
        paint_update(&v);
        return;
    }
    v.pair[0] = v.pair[1] = -1;
    v.prompt = prompt;
    v.point = v.length;
    paint_finish(&v);
}

static bool more_to_read(void) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&input, 1, 0) > 0;
}

/* Waits for keys and lets readline have them. READ_LINE: there are some. */
static read_result wait_for_keys(void) {
    struct pollfd input[2] = {{.fd = reader_fd(), .events = POLLIN}, {.fd = lsv_interrupt_fd(), .events = POLLIN}};
    int ready = poll(input, 2, -1), columns, lines; /* an interrupt a moment before the sleep ends it too */
    if (resized) {
        resized = 0;
        terminal_size(&columns, &lines);
        paint_resize(columns, lines);
        dirty = true;
    }
    if (continued) {
        continued = 0;
        rl_deprep_terminal();
        rl_prep_terminal(1);
        terminal_size(&columns, &lines);
        fputs("\r\n", stdout);
        paint_start(columns, lines);
        dirty = true;
    }
    if (ready < 0 && errno != EINTR) return READ_END;
    if (ready < 0 || input[1].revents) return lsv_interrupt_take() ? READ_INTERRUPTED : READ_LINE;
    edit_before_key();
    rl_callback_read_char();
    edit_after_key();
    return READ_LINE;
}

static read_result take_cell(session *s, char **cell) {
    read_result got = READ_LINE;
    ended = false;
    dirty = true;
    while (got == READ_LINE && !ended && !edit_accepted()) {
        if (dirty && !more_to_read()) paint(s, false);
        got = wait_for_keys();
    }
    if (ended) got = READ_END;
    if (got == READ_LINE) got = edit_take(cell);
    return got;
}

static read_result read_cell(session *s, char **cell) {
    char prompt[40];
    int columns, lines;
    set_up(s);
    session_flush(s);
    prompt_text(s, false, prompt, sizeof prompt);
    edit_begin(s);
    rl_callback_handler_install(prompt, on_line);
    if (s->next_input) rl_insert_text(s->next_input); /* %load */
    lsv_free(s->next_input);
    s->next_input = NULL;
    terminal_size(&columns, &lines);
    paint_start(columns, lines);
    read_result got = take_cell(s, cell);
    edit_say(NULL);
    if (got == READ_INTERRUPTED) {
        rl_point = rl_end;
        rl_insert_text("^C");
    }
    if (got != READ_END) paint(s, true);
    rl_callback_sigcleanup();
    rl_callback_handler_remove();
    edit_end();
    paint_free();
    return got;
}

const cell_reader *reader_readline(void) {
    static const cell_reader reader = {"readline", read_cell, edit_remember};
    return screen_moves() ? &reader : NULL;
}

#endif
