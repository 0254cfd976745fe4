/* Commands of the system: !command, !!command, %sx, and %%script echo.

   $name and {expression} are the session's where they mean something, as in IPython; what is left is
   the shell's. The command talks to the terminal itself, unless its output has to be kept. */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "repl/magic/magic.h"
#include "repl/terminal/progress.h"

/* ---- $name, {expression} ---- */

static bool add_value(session *s, lsv_text *t, ls_value v) {
    bool ok = ls_str_text(s->in, t, v);
    return ok;
}

/* {…} that evaluates; otherwise the braces are the shell's. */
static size_t expand_braces(session *s, lsv_text *t, const char *p) {
    const char *end = strchr(p, '}');
    if (!end || end == p + 1) return 0;
    char *code = lsv_malloc((size_t)(end - p));
    ls_value v = ls_none();
    if (!code) return 0;
    memcpy(code, p + 1, (size_t)(end - p) - 1);
    code[end - p - 1] = 0;
    bool ok = ls_eval_text(s->in, code, &v);
    lsv_free(code);
    if (ok) ok = add_value(s, t, v);
    else ls_error_clear(&s->in->error);
    ls_drop(v);
    return ok ? (size_t)(end - p) + 1 : 0;
}

static size_t expand_name(session *s, lsv_text *t, const char *p) {
    char name[128];
    size_t n = 1;
    if (p[1] == '$') {
        lsv_text_putc(t, '$');
        return 2;
    }
    while (isalnum((unsigned char)p[n]) || p[n] == '_') n++;
    if (n == 1 || n >= sizeof name || isdigit((unsigned char)p[1])) return 0;
    memcpy(name, p + 1, n - 1);
    name[n - 1] = 0;
    ls_value v = ls_global_get(s->in, name);
    return v.tag != LS_UNSET && add_value(s, t, v) ? n : 0;
}

static bool expand(session *s, const char *command, lsv_text *t) {
    for (const char *p = command; *p;) {
        size_t n = *p == '{' ? expand_braces(s, t, p) : *p == '$' ? expand_name(s, t, p) : 0;
        if (!n) lsv_text_putc(t, *p++);
        p += n;
    }
    lsv_text_puts(t, "");
    return !t->failed || ls_no_memory(s->in);
}

/* ---- running ---- */

typedef struct child {
    pid_t pid;
    int out;
} child;

static bool start(session *s, const char *command, bool capture, child *c) {
    int pipe_ends[2] = {-1, -1};
    if (capture && pipe(pipe_ends) != 0)
        return ls_raise(s->in, "OSError", "no pipe for the command: %s", strerror(errno));
    session_flush(s);
    c->pid = fork();
    if (c->pid == 0) {
        signal(SIGINT, SIG_DFL);
        if (capture) {
            dup2(pipe_ends[1], STDOUT_FILENO);
            dup2(pipe_ends[1], STDERR_FILENO);
            close(pipe_ends[0]);
            close(pipe_ends[1]);
        }
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    if (capture) close(pipe_ends[1]);
    c->out = pipe_ends[0];
    if (c->pid > 0) return true;
    if (capture) close(pipe_ends[0]);
    return ls_raise(s->in, "OSError", "the command does not start: %s", strerror(errno));
}

/* What the command writes, to its end; Ctrl-C reaches the command too and is not ours. */
static void collect(session *s, child *c, lsv_text *kept) {
    char piece[4096];
    for (;;) {
        ssize_t n = read(c->out, piece, sizeof piece);
        if (n < 0 && errno == EINTR) {
            if (lsv_interrupt_take()) kill(c->pid, SIGINT);
            continue;
        }
        if (n <= 0) break;
        if (kept) lsv_text_add(kept, piece, (size_t)n);
        else session_write(s, piece, (size_t)n);
    }
    close(c->out);
}

/* kept: where the output goes, NULL: to the session. */
static bool run_command(session *s, const char *command, lsv_text *kept) {
    if (!safe_allows(s, "a shell command")) return false;
    lsv_text t = {0};
    child c = {-1, -1};
    int status = 0;
    bool capture = kept || (s->record && !(s->prompt && isatty(STDOUT_FILENO)));
    bool ok = expand(s, command, &t) && start(s, t.data, capture, &c);
    lsv_text_free(&t);
    if (!ok) return false;
    progress_hold();
    if (capture) collect(s, &c, kept);
    while (waitpid(c.pid, &status, 0) < 0 && errno == EINTR)
        if (lsv_interrupt_take()) kill(c.pid, SIGINT);
    lsv_interrupt_take();
    progress_release();
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return ls_global_set(s->in, "_exit_code", ls_int(code));
}

/* The lines of a command's output, as a list. */
static bool give_lines(session *s, const char *command) {
    lsv_text t = {0};
    bool ok = run_command(s, command, &t) && (!t.failed || ls_no_memory(s->in));
    ls_value list = ok ? ls_list_new(16) : ls_none();
    for (const char *p = t.data, *end = t.data + t.length; ok && t.data && p < end;) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        size_t n = stop ? (size_t)(stop - p) : (size_t)(end - p);
        ls_value line = ls_str_new(p, n);
        ok = list.tag == LS_LIST && line.tag != LS_UNSET && ls_list_append(list.list, line);
        ls_drop(line);
        if (!ok) ls_no_memory(s->in);
        p += n + 1;
    }
    lsv_text_free(&t);
    if (ok) return magic_give(s, list);
    ls_drop(list);
    return false;
}

static bool run_system(session *s, const char *arg, const char *body) {
    (void)body;
    if (*arg == '!') return give_lines(s, arg + 1);
    if (arg[strspn(arg, " \t")] == 0) return ls_raise(s->in, "UsageError", "! wants a command: !ls");
    return run_command(s, arg, NULL);
}

static bool run_sx(session *s, const char *arg, const char *body) {
    (void)body;
    return give_lines(s, arg);
}

/* %%script echo TEXT: prints TEXT and skips the cell, which is how notebooks switch a cell off. */
static bool run_script(session *s, const char *arg, const char *body) {
    (void)body;
    if (strncmp(arg, "echo", 4) != 0 || (arg[4] && !isspace((unsigned char)arg[4]))) {
        ls_raise(s->in, "UsageError",
                 "only `%%%%script echo …` is offered: a cell is not fed to another program");
        return false;
    }
    session_printf(s, "%s\n", arg + 4 + strspn(arg + 4, " \t"));
    return true;
}

const magic magic_shell[] = {
    {"system", "!COMMAND", "runs a command of the system's shell",
     "$name and {expression} stand for the session's values; $$ is a dollar sign. The exit status is in "
     "_exit_code.\n"
     "!!COMMAND gives the lines of the output as a list. Off under --safe.",
     NULL, MAGIC_TEXT, MAGIC_LINE, run_system},
    {"script", "%%script echo TEXT", "prints TEXT and skips the cell",
     "How a notebook switches a cell off without losing it.", NULL, MAGIC_TEXT, MAGIC_CELL, run_script},
    {"sx", "%sx COMMAND", "the lines of a command's output, as a list",
     "!!COMMAND is the same. Off under --safe.", NULL, MAGIC_TEXT, MAGIC_LINE, run_sx},
    {0}};
