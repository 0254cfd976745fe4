/* Paging. The text goes to $PAGER, else to `less -FRX`; the own pager below is for where no other program is to be had. */
#include "repl/terminal/pager.h"
#include "repl/terminal/progress.h"

#include "base/interrupt.h"
#include "lang/assist/help.h"
#include "lang/teach/lesson.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

void terminal_size(int *columns, int *lines) {
    struct winsize w;
    *columns = 80;
    *lines = 24;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0) return;
    if (w.ws_col > 0) *columns = w.ws_col;
    if (w.ws_row > 0) *lines = w.ws_row;
}

int pager_width(void) {
    int columns, lines;
    terminal_size(&columns, &lines);
    return columns < 20 ? 20 : columns > 100 ? 100 : columns;
}

/* Rows that the line from p to its end takes on the screen. */
static int rows_of(const char *p, size_t n, int columns) {
    size_t width = 0;
    for (size_t i = 0; i < n;) {
        if (p[i] == '\033') { /* a style: up to its letter */
            while (i < n && p[i] != 'm') i++;
            i++;
            continue;
        }
        size_t next = i + strcspn(p + i, "\033\n");
        if (next > n) next = n;
        width += lsv_text_width(p + i, next - i);
        i = next;
    }
    return width == 0 ? 1 : (int)((width + (size_t)columns - 1) / (size_t)columns);
}

static int rows(const char *text, int columns) {
    int count = 0;
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");
        count += rows_of(p, n, columns);
        p += n + (p[n] == '\n');
    }
    return count;
}

/* Is there a program of that name on the path? */
static bool have(const char *program) {
    const char *path = getenv("PATH");
    char file[1024];
    for (const char *p = path ? path : ""; *p;) {
        size_t n = strcspn(p, ":");
        snprintf(file, sizeof file, "%.*s/%s", (int)n, p, program);
        if (n && access(file, X_OK) == 0) return true;
        p += n + (p[n] == ':');
    }
    return false;
}

static bool by_program(const char *text, size_t n) {
    const char *command = getenv("PAGER");
    if (!command || !*command) command = have("less") ? "less -FRX" : NULL;
    if (!command) return false;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    fflush(stdout);
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, &before); /* the person may leave before the end */
    progress_hold();
    FILE *f = popen(command, "w");
    if (f) fwrite(text, 1, n, f);
    int status = f ? pclose(f) : -1;
    progress_release();
    sigaction(SIGPIPE, &before, NULL);
    lsv_interrupt_take(); /* a Ctrl-C was the pager's */
    return status != -1 && !(WIFEXITED(status) && WEXITSTATUS(status) == 127);
}

/* One key, unbuffered; 'q' at the end of input and for Ctrl-C. */
static char ask_key(void) {
    struct termios before, raw;
    char key = 'q';
    if (tcgetattr(STDIN_FILENO, &before) != 0) return 'q';
    raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    if (read(STDIN_FILENO, &key, 1) != 1) key = 'q';
    tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    return lsv_interrupt_take() ? 'q' : key;
}

/* A screenful, then: Space a screenful more, Enter a line, q or Ctrl-C the end. */
static void by_hand(const char *text, int columns, int lines) {
    int room = lines - 1;
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");
        int height = rows_of(p, n, columns);
        if (room < height) {
            fputs("-- more: Space, Enter, q --", stdout);
            fflush(stdout);
            char key = ask_key();
            fputs("\r\033[K", stdout);
            if (key == 'q' || key == 3 || key == 4) return;
            room = key == '\r' || key == '\n' ? height : lines - 1;
        }
        fwrite(p, 1, n, stdout);
        fputc('\n', stdout);
        room -= height;
        p += n + (p[n] == '\n');
    }
}

void session_page(session *s, const lsv_text *marked) {
    lsv_text t = {0};
    int columns, lines;
    ls_help_render(marked, s->color, ls_teach_ascii(), &t);
    terminal_size(&columns, &lines);
    bool person = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !s->options->test && s->labels;
    if (!t.data) return;
    session_flush(s);
    if (!person || rows(t.data, columns) < lines) session_write(s, t.data, t.length);
    else if (s->options->safe || !by_program(t.data, t.length)) by_hand(t.data, columns, lines);
    lsv_text_free(&t);
}
