/* Running cells and showing what they give. */
#include "repl/device.h"
#include "repl/session.h"

#include "repl/terminal/picture.h"
#include "repl/terminal/progress.h"

#include "base/alloc.h"
#include "base/interrupt.h"
#include "file/file.h"
#include "lang/builtins/plot/plot.h"
#include "lang/eval/account.h"
#include "lang/teach/lesson.h"
#include "lang/teach/teach.h"
#include "repl/terminal/pager.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- output ---- */

void session_write(session *s, const char *bytes, size_t n) {
    session_record(s, NB_STDOUT, bytes, n);
    if (!s->quiet) progress_write(stdout, bytes, n);
}

void session_printf(session *s, const char *format, ...) {
    char line[512];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(line, sizeof line, format, ap);
    va_end(ap);
    if (n < 0) return;
    if ((size_t)n < sizeof line) {
        session_write(s, line, (size_t)n);
        return;
    }
    char *text = lsv_malloc((size_t)n + 1);
    if (!text) {
        session_write(s, line, sizeof line - 1);
        return;
    }
    va_start(ap, format);
    vsnprintf(text, (size_t)n + 1, format, ap);
    va_end(ap);
    session_write(s, text, (size_t)n);
    lsv_free(text);
}

void session_flush(session *s) {
    (void)s;
    progress_flush();
}

void session_warn(session *s, const char *line) {
    session_record(s, NB_STDERR, line, strlen(line));
    session_record(s, NB_STDERR, "\n", 1);
    if (s->quiet) return;
    progress_flush();
    progress_write(stderr, line, strlen(line));
    progress_write(stderr, "\n", 1);
}

static void client_write(void *ctx, const char *bytes, size_t n) { session_write(ctx, bytes, n); }
static void client_flush(void *ctx) { session_flush(ctx); }
static void client_warn(void *ctx, const char *line) { session_warn(ctx, line); }

/* repr, with the floats as %precision wants them: also those in lists, tuples and dictionaries. */
static bool show_text(session *s, lsv_text *t, ls_value v, int depth) {
    bool number = v.tag == LS_FLOAT || (v.tag == LS_NPSCALAR && v.dtype == LSV_FLOAT64);
    if (!s->float_format[0] || depth > 20) return ls_repr(s->in, t, v);
    if (number) {
        char text[400]; /* %.30f of the largest double has 340 characters */
        snprintf(text, sizeof text, s->float_format, v.f);
        lsv_text_puts(t, text);
        return !t->failed || ls_no_memory(s->in);
    }
    bool plain_tuple = v.tag == LS_TUPLE && !v.tuple->record && !v.tuple->is_size;
    if (v.tag != LS_LIST && !plain_tuple) return ls_repr(s->in, t, v);
    ptrdiff_t n = v.tag == LS_LIST ? v.list->n : v.tuple->n;
    bool ok = true;
    lsv_text_putc(t, v.tag == LS_LIST ? '[' : '(');
    for (ptrdiff_t i = 0; ok && i < n; i++) {
        if (i) lsv_text_puts(t, ", ");
        ok = show_text(s, t, v.tag == LS_LIST ? v.list->items[i] : v.tuple->items[i], depth + 1);
    }
    if (v.tag == LS_TUPLE && n == 1) lsv_text_putc(t, ',');
    lsv_text_putc(t, v.tag == LS_LIST ? ']' : ')');
    return ok;
}

static void show_label(session *s, bool lines) {
    const char *red = s->color ? "\033[31m" : "", *off = s->color ? "\033[0m" : "";
    char label[64];
    int n = snprintf(label, sizeof label, "%sOut[%d]:%s%s", red, s->number, off, lines ? "\n" : " ");
    if (s->labels && !s->quiet) progress_write(stdout, label, (size_t)n);
}

/* A figure is its picture. */
static bool show_figure(session *s, ls_value v) {
    if ((s->labels || s->names_cells) && !session_remember(s, v)) return false;
    show_label(s, true);
    s->shown = true;
    return ls_figure_show(s->in, v);
}

/* The log keeps the picture itself, not what the terminal was told. */
static bool client_figure(void *ctx, ls_interp *in, const lsv_figure *f) {
    session *s = ctx;
    bool record = s->record;
    s->record = false;
    bool ok = s->quiet || picture_show(s, in, f);
    s->record = record;
    if (ok && record) session_record_figure(s, f);
    return ok;
}

bool session_show(session *s, ls_value v) {
    if (ls_teach_was_shown(v)) return true; /* the walk has just been on the screen */
    if (ls_figure_of(v)) return show_figure(s, v);
    lsv_text t = {0};
    bool ok = show_text(s, &t, v, 0);
    if (ok && (s->labels || s->names_cells)) ok = session_remember(s, v);
    if (ok) {
        show_label(s, memchr(t.data, '\n', t.length) != NULL);
        session_record(s, NB_RESULT, t.data, t.length);
        if (!s->quiet) {
            progress_write(stdout, t.data, t.length);
            progress_write(stdout, "\n", 1);
        }
        s->shown = true;
    }
    lsv_text_free(&t);
    return ok;
}

static bool client_show(void *ctx, ls_interp *in, ls_value v) {
    session *s = ctx;
    if (!s->held) return session_show(s, v) && !ls_interrupted(in); /* long output is cut short */
    ls_drop(*s->held);
    *s->held = ls_ref(v);
    return true;
}

static void client_progress(void *ctx, const ls_bar *bar) {
    (void)ctx;
    progress_bar(bar);
}

static void client_page(void *ctx, const lsv_text *marked) { session_page(ctx, marked); }

/* ---- life ---- */

/* Colour obeys the terminal, then NO_COLOR, then the flag. */
static bool wants_color(int fd, const options *o) {
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(fd) && !(no && *no) && term && strcmp(term, "dumb") != 0 && !o->no_color && !o->test;
}

bool session_open(session *s, const options *o) {
    const char *term = getenv("TERM");
    *s = (session){.options = o, .color = wants_color(STDOUT_FILENO, o), .color_errors = wants_color(STDERR_FILENO, o)};
    ls_client client = {.ctx = s, .write = client_write, .flush = client_flush, .show = client_show, .magic = session_magic, .progress = client_progress, .warn = client_warn, .page = client_page, .figure = client_figure};
    s->in = ls_interp_new(&client);
    if (!s->in) return false;
    s->in->session = s;
    progress_open(isatty(STDERR_FILENO) && !o->test && term && strcmp(term, "dumb") != 0);
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
    progress_close();
    session_drop_undo(s);
    ls_drop(s->in_list);
    ls_drop(s->out_dict);
    for (int i = 0; i < 3; i++) ls_drop(s->last[i]);
    ls_interp_free(s->in);
    ls_teach_forget();
    notebook_free(&s->log);
    lsv_free(s->saved_as);
    lsv_free(s->next_input);
    lsv_free(s->folder_before);
    *s = (session){.options = s->options};
}

/* ---- errors ---- */

int session_report(session *s) {
    ls_error *e = &s->in->error;
    bool syntax = strcmp(e->type, "SyntaxError") == 0 || strcmp(e->type, "IndentationError") == 0 || strcmp(e->type, "TabError") == 0;
    bool stopped = strcmp(e->type, "KeyboardInterrupt") == 0;
    char name[32];
    int typed = s->prompt && s->labels ? snprintf(name, sizeof name, "In [%d]", s->number) + 2 : 0;
    if (typed && e->source && strcmp(e->source->name, name) != 0) typed = 0; /* in a function of another cell */
    bool cell = e->source && (strncmp(e->source->name, "In [", 4) == 0 || e->source->name[0] == '<');
    bool shows_file = !s->prompt || (e->source && !cell); /* at the prompt: where it is not in a cell */
    ls_error_style style = {.color = s->color_errors, .ascii = ls_teach_ascii(), .show_file = shows_file, .width = 80, .typed = typed};
    lsv_text t = {0};
    ls_error_text(&t, e, style);
    session_flush(s);
    session_record_error(s, e, t.data ? t.data : "", t.length);
    if (t.data && !s->quiet) progress_write(stderr, t.data, t.length);
    lsv_text_free(&t);
    if (strcmp(e->type, "MemoryError") == 0) safe_after_memory_error(s);
    ls_error_clear(e);
    return stopped ? EXIT_INTERRUPTED : syntax ? EXIT_SYNTAX : EXIT_ERROR;
}

/* ---- cells ---- */

/* Inside another cell the error is left for that cell to end with. */
static int failed(session *s) { return s->nested ? EXIT_ERROR : session_report(s); }

static int run_nested(session *s, ls_source *source) { return ls_run_cell(s->in, source) ? EXIT_OK : failed(s); }

static int run_numbered(session *s, ls_source *source) {
    bool undo = s->prompt && session_is_undo(s, source->text, source->length);
    s->number++;
    s->shown = false;
    if (s->prompt && !undo) session_keep(s, source);
    session_begin_cell(s, source->text, source->length);
    s->running = true;
    bool ok = undo ? session_undo(s) : ls_run_cell(s->in, source);
    int status = ok ? EXIT_OK : failed(s);
    s->running = false;
    if (s->prompt && !undo) session_kept(s);
    return status;
}

int session_run(session *s, const char *name, const char *text, size_t length, int first_line) {
    ls_source *source = ls_source_new(name, text, length, first_line);
    if (!source) {
        fprintf(stderr, "MemoryError: no memory for the cell's text\n");
        return EXIT_ERROR;
    }
    progress_begin();
    int status = s->nested ? run_nested(s, source) : run_numbered(s, source);
    progress_end(s->prompt);
    ls_source_release(source);
    lsv_interrupt_take();
    device_after_cell(s);
    return status;
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
    if (!source || !ls_check_cell(s->in, source)) p->status = failed(s);
    ls_source_release(source);
    return p->status == EXIT_OK;
}

int session_run_program(session *s, const char *name, const char *text, size_t length) {
    program p = {s, name, text, EXIT_OK, true};
    if (strstr(text, "why(") && !ls_account_watch(s->in)) return EXIT_ERROR;
    ls_source_cells(text, length, program_cell, &p);
    if (p.status != EXIT_OK) return p.status;
    p.checking = false;
    if (!s->nested && session_speaks_of_cells(text, length)) s->names_cells = true;
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
    if (strcmp(path, "-") != 0 && lsv_file_allowed(path, false, NULL) != LSV_OK) {
        errno = EACCES;
        return NULL;
    }
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
    if (notebook_form(path) != NB_FORM_PROGRAM) {
        notebook b;
        if (!session_read_notebook(path, &b)) return EXIT_SYNTAX;
        int status = session_run_notebook(s, &b, path);
        notebook_free(&b);
        return status;
    }
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
