/* Running cells and showing what they give. */
#include "repl/session.h"

#include "base/alloc.h"
#include "base/interrupt.h"
#include "lang/teach/lesson.h"
#include "lang/teach/teach.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- output ---- */

void session_write(session *s, const char *bytes, size_t n) {
    (void)s;
    fwrite(bytes, 1, n, stdout);
}

void session_printf(session *s, const char *format, ...) {
    (void)s;
    va_list ap;
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
}

void session_flush(session *s) {
    (void)s;
    fflush(stdout);
}

static void client_write(void *ctx, const char *bytes, size_t n) { session_write(ctx, bytes, n); }
static void client_flush(void *ctx) { session_flush(ctx); }

/* _ is the last value, _3 that of cell 3, as at IPython's prompt. */
static bool remember(session *s, ls_value v) {
    char name[24];
    ls_value last = ls_ref(ls_global_get(s->in, "_")), before = ls_ref(ls_global_get(s->in, "__"));
    bool ok = true;
    if (before.tag != LS_UNSET) ok = ls_global_set(s->in, "___", before);
    if (last.tag != LS_UNSET) ok = ok && ls_global_set(s->in, "__", last);
    ls_drop(last);
    ls_drop(before);
    snprintf(name, sizeof name, "_%d", s->number);
    return ok && ls_global_set(s->in, "_", v) && ls_global_set(s->in, name, v);
}

static bool client_show(void *ctx, ls_interp *in, ls_value v) {
    session *s = ctx;
    if (ls_teach_was_shown(v)) return true; /* the walk has just been on the screen */
    lsv_text t = {0};
    bool ok = ls_repr(in, &t, v);
    if (ok && s->labels) {
        const char *red = s->color ? "\033[31m" : "", *off = s->color ? "\033[0m" : "";
        bool lines = memchr(t.data, '\n', t.length) != NULL;
        session_printf(s, "%sOut[%d]:%s%s", red, s->number, off, lines ? "\n" : " ");
        ok = remember(s, v);
    }
    if (ok) {
        session_write(s, t.data, t.length);
        session_write(s, "\n", 1);
        s->shown = true;
    }
    lsv_text_free(&t);
    return ok;
}

/* A progress line for tqdm: only where a person looks at standard error. */
static void client_progress(void *ctx, const char *what, int64_t done, int64_t total) {
    session *s = ctx;
    if (!s->color_errors || s->options->test) return;
    const char *colon = what && *what ? ": " : "";
    if (total > 0) fprintf(stderr, "\r%s%s%3d%% %lld/%lld", what ? what : "", colon, (int)(100 * done / total), (long long)done, (long long)total);
    else fprintf(stderr, "\r%s%s%lldit", what ? what : "", colon, (long long)done);
    if (total > 0 && done >= total) fputc('\n', stderr);
}

static void client_warn(void *ctx, const char *line) {
    (void)ctx;
    fflush(stdout);
    fprintf(stderr, "%s\n", line);
}

/* ---- life ---- */

/* Colour obeys the terminal, then NO_COLOR, then the flag. */
static bool wants_color(int fd, const options *o) {
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(fd) && !(no && *no) && term && strcmp(term, "dumb") != 0 && !o->no_color && !o->test;
}

bool session_open(session *s, const options *o) {
    *s = (session){.options = o, .color = wants_color(STDOUT_FILENO, o), .color_errors = wants_color(STDERR_FILENO, o)};
    ls_client client = {.ctx = s, .write = client_write, .flush = client_flush, .show = client_show, .magic = session_magic, .progress = client_progress, .warn = client_warn};
    s->in = ls_interp_new(&client);
    if (!s->in) return false;
    s->in->session = s;
    ls_value args = ls_list_new(o->nargs);
    bool ok = args.tag != LS_UNSET;
    for (int i = 0; ok && i < o->nargs; i++) {
        ls_value a = ls_str_from(o->args[i]);
        ok = a.tag != LS_UNSET && ls_list_append(args.list, a);
        ls_drop(a);
    }
    if (ok && o->nargs) ok = ls_global_set(s->in, "argv", args);
    ls_drop(args);
    if (!ok) session_close(s);
    return ok;
}

void session_close(session *s) {
    ls_interp_free(s->in);
    ls_teach_forget();
    s->in = NULL;
    for (int i = 0; i < s->ncells; i++) lsv_free(s->cells[i]);
    lsv_free(s->cells);
    s->cells = NULL;
    s->ncells = 0;
}

/* ---- errors ---- */

int session_report(session *s) {
    ls_error *e = &s->in->error;
    bool syntax = strcmp(e->type, "SyntaxError") == 0 || strcmp(e->type, "IndentationError") == 0 || strcmp(e->type, "TabError") == 0;
    bool stopped = strcmp(e->type, "KeyboardInterrupt") == 0;
    char name[32];
    int typed = s->labels ? snprintf(name, sizeof name, "In [%d]", s->number) + 2 : 0;
    if (typed && e->source && strcmp(e->source->name, name) != 0) typed = 0; /* in a function of another cell */
    ls_error_style style = {.color = s->color_errors, .ascii = ls_teach_ascii(), .show_file = !s->labels, .width = 80, .typed = typed};
    lsv_text t = {0};
    ls_error_text(&t, e, style);
    session_flush(s);
    if (t.data) fwrite(t.data, 1, t.length, stderr);
    lsv_text_free(&t);
    ls_error_clear(e);
    return stopped ? EXIT_INTERRUPTED : syntax ? EXIT_SYNTAX : EXIT_ERROR;
}

/* ---- cells ---- */

/* Keeps the text for %history; running out of memory here only loses the history. */
static void keep_cell(session *s, const char *text, size_t length) {
    if (s->ncells == s->room) {
        int room = s->room ? 2 * s->room : 64;
        char **cells = lsv_realloc(s->cells, (size_t)room * sizeof *cells);
        if (!cells) return;
        s->cells = cells;
        s->room = room;
    }
    char *copy = lsv_malloc(length + 1);
    if (!copy) return;
    memcpy(copy, text, length);
    copy[length] = 0;
    s->cells[s->ncells++] = copy;
}

int session_run(session *s, const char *name, const char *text, size_t length, int first_line) {
    ls_source *source = ls_source_new(name, text, length, first_line);
    if (!source) {
        fprintf(stderr, "MemoryError: no memory for the cell's text\n");
        return EXIT_ERROR;
    }
    s->number++;
    s->shown = false;
    keep_cell(s, text, length);
    bool ok = ls_run_cell(s->in, source);
    ls_source_release(source);
    lsv_interrupt_take();
    return ok ? EXIT_OK : session_report(s);
}

typedef struct program { session *s; const char *name, *text; int status; bool checking; } program;

static int program_cell(void *ctx, size_t start, size_t length, int line) {
    program *p = ctx;
    session *s = p->s;
    if (!p->checking) {
        int status = session_run(s, p->name, p->text + start, length, line);
        if (status != EXIT_OK) p->status = status;
        return !s->leave && (status == EXIT_OK || (s->options->keep_going && status == EXIT_ERROR));
    }
    ls_source *source = ls_source_new(p->name, p->text + start, length, line);
    if (!source || !ls_check_cell(s->in, source)) p->status = session_report(s);
    ls_source_release(source);
    return p->status == EXIT_OK;
}

int session_run_program(session *s, const char *name, const char *text, size_t length) {
    program p = {s, name, text, EXIT_OK, true};
    ls_source_cells(text, length, program_cell, &p);
    if (p.status != EXIT_OK) return p.status;
    p.checking = false;
    ls_source_cells(text, length, program_cell, &p);
    session_flush(s);
    return s->leave ? s->exit_code : p.status;
}

/* ---- files ---- */

static char *read_stream(FILE *f, size_t *length) {
    size_t room = 1 << 16, n = 0, got;
    char *text = lsv_malloc(room + 1);
    while (text && (got = fread(text + n, 1, room - n, f)) > 0) {
        n += got;
        if (n < room) continue;
        char *bigger = lsv_realloc(text, 2 * room + 1);
        if (!bigger) {
            lsv_free(text);
            text = NULL;
        } else {
            text = bigger;
            room *= 2;
        }
    }
    if (!text) {
        errno = ENOMEM;
        return NULL;
    }
    text[n] = 0;
    *length = n;
    return text;
}

char *read_whole_file(const char *path, size_t *length) {
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (!f) return NULL;
    char *text = read_stream(f, length);
    int failed = ferror(f) ? (errno ? errno : EIO) : 0;
    if (f != stdin) fclose(f);
    if (text && failed) {
        lsv_free(text);
        text = NULL;
    }
    if (failed) errno = failed;
    return text;
}

int session_run_file(session *s, const char *path) {
    size_t length;
    errno = 0;
    char *text = read_whole_file(path, &length);
    if (!text) {
        fprintf(stderr, "lsv: cannot read %s: %s\n", path, strerror(errno));
        return EXIT_SYNTAX;
    }
    size_t skip = length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; /* a byte order mark */
    int status = session_run_program(s, strcmp(path, "-") == 0 ? "<stdin>" : path, text + skip, length - skip);
    lsv_free(text);
    return status;
}
