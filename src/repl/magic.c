/* Magics: lines that start with %, whole cells that start with %%, and name? for help. */
#include "repl/magic.h"

#include "base/alloc.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* A magic's argument text: what follows its name, trimmed. */
typedef struct magic { const char *name; const char *usage; bool (*run)(session *s, const char *arg); } magic;

static const char *skip_space(const char *s) { return s + strspn(s, " \t"); }

static const char *const echo_names[] = {
    [LS_ECHO_LAST_EXPR] = "last_expr", [LS_ECHO_LAST_EXPR_OR_ASSIGN] = "last_expr_or_assign",
    [LS_ECHO_ALL] = "all", [LS_ECHO_NONE] = "none", [LS_ECHO_LAST] = "last",
};

static bool run_config(session *s, const char *arg) {
    static const char setting[] = "InteractiveShell.ast_node_interactivity";
    if (*arg == 0) {
        session_printf(s, "%s='%s'\n", setting, echo_names[s->in->echo]);
        return true;
    }
    if (strncmp(arg, setting, sizeof setting - 1) != 0) {
        ls_raise(s->in, "UsageError", "%%config knows %s only", setting);
        return false;
    }
    const char *p = skip_space(arg + sizeof setting - 1);
    if (*p != '=') return ls_raise(s->in, "UsageError", "%%config %s='last_expr' sets it", setting);
    p = skip_space(p + 1);
    char quote = *p == '\'' || *p == '"' ? *p++ : 0;
    size_t n = quote ? strcspn(p, "'\"") : strcspn(p, " \t#");
    for (size_t i = 0; i < sizeof echo_names / sizeof *echo_names; i++)
        if (strlen(echo_names[i]) == n && memcmp(echo_names[i], p, n) == 0) {
            s->in->echo = (ls_echo)i;
            return true;
        }
    ls_raise(s->in, "UsageError", "unknown mode '%.*s'", (int)n, p);
    ls_hint(s->in, "one of last_expr, last_expr_or_assign, all, none");
    return false;
}

static bool run_file(session *s, const char *arg) {
    char path[4096];
    size_t length;
    snprintf(path, sizeof path, "%s", arg);
    if (!*path) return ls_raise(s->in, "UsageError", "%%run wants a file");
    char *text = read_whole_file(path, &length);
    if (!text) return ls_raise(s->in, "OSError", "%%run: cannot read '%s'", path);
    bool labels = s->labels;
    s->labels = false;
    session_run_program(s, path, text, length);
    s->labels = labels;
    lsv_free(text);
    return true;
}

static bool list_name(void *ctx, const char *name, ls_value v) {
    session *s = ctx;
    (void)v;
    if (name[0] != '_') session_printf(s, "%s\t", name);
    return true;
}

static bool run_who(session *s, const char *arg) {
    (void)arg;
    ls_global_each(s->in, list_name, s);
    session_printf(s, "\n");
    return true;
}

/* One line on a value: shape and dtype of an array, else the start of its repr. */
static bool describe(void *ctx, const char *name, ls_value v) {
    session *s = ctx;
    if (name[0] == '_') return true;
    lsv_text t = {0};
    char shape[96];
    if (v.tag == LS_ARRAY) {
        lsv_text_printf(&t, "%s %s, %zu bytes", lsv_shape_text(v.array, shape, sizeof shape), lsv_dtype_name((lsv_dtype)v.array->dtype),
                        (size_t)v.array->size * lsv_dtype_size((lsv_dtype)v.array->dtype));
    } else if (!ls_repr(s->in, &t, v)) {
        ls_error_clear(&s->in->error);
    }
    for (size_t i = 0; i < t.length; i++)
        if (t.data[i] == '\n') t.data[i] = ' ';
    session_printf(s, "%-15s %-12s %.50s\n", name, ls_type_name(v), t.data ? t.data : "");
    lsv_text_free(&t);
    return true;
}

static bool run_whos(session *s, const char *arg) {
    (void)arg;
    session_printf(s, "%-15s %-12s %s\n%s\n", "Variable", "Type", "Data/Info", "---------------------------------------");
    ls_global_each(s->in, describe, s);
    return true;
}

static bool run_history(session *s, const char *arg) {
    (void)arg;
    for (int i = 0; i + 1 < s->ncells; i++) session_printf(s, "%s\n", s->cells[i]);
    return true;
}

typedef struct name_list { lsv_text names; } name_list;

static bool collect_name(void *ctx, const char *name, ls_value v) {
    (void)v;
    lsv_text_add(&((name_list *)ctx)->names, name, strlen(name) + 1);
    return true;
}

static bool run_reset(session *s, const char *arg) {
    (void)arg;
    name_list list = {{0}};
    ls_global_each(s->in, collect_name, &list);
    bool ok = !list.names.failed || ls_no_memory(s->in);
    for (size_t i = 0; ok && i < list.names.length; i += strlen(list.names.data + i) + 1) ls_global_delete(s->in, list.names.data + i);
    lsv_text_free(&list.names);
    return ok;
}

static const magic magics[] = {
    {"config", "%config InteractiveShell.ast_node_interactivity='last_expr_or_assign'", run_config},
    {"run", "%run FILE", run_file},
    {"who", "%who", run_who},
    {"whos", "%whos", run_whos},
    {"time", "%time STATEMENT", magic_time},
    {"timeit", "%timeit STATEMENT", magic_timeit},
    {"history", "%history", run_history},
    {"hist", "%hist", run_history},
    {"reset", "%reset", run_reset},
};
enum { NMAGICS = sizeof magics / sizeof *magics };

/* %%script echo TEXT: prints TEXT and skips the cell. */
static bool run_script_cell(session *s, const char *arg) {
    if (strncmp(arg, "echo", 4) != 0 || (arg[4] && !isspace((unsigned char)arg[4]))) {
        ls_raise(s->in, "UsageError", "only `%%%%script echo …` is offered: lsv starts no other programs from a cell");
        return false;
    }
    session_printf(s, "%s\n", skip_space(arg + 4));
    return true;
}

/* %%time and %%timeit: the whole cell is the statement. */
static bool run_cell_magic(session *s, const char *text, size_t n) {
    const char *end = memchr(text, '\n', n);
    size_t first = end ? (size_t)(end - text) : n;
    lsv_text line = {0}, body = {0};
    lsv_text_add(&line, text + 2, first - 2);
    if (end) lsv_text_add(&body, end + 1, n - first - 1);
    lsv_text_puts(&line, "");
    lsv_text_puts(&body, "");
    bool ok = !line.failed && !body.failed;
    if (!ok) ls_no_memory(s->in);
    else {
        const char *l = line.data ? line.data : "", *b = body.data ? body.data : "";
        size_t word = strcspn(l, " \t\r");
        if (word == 6 && memcmp(l, "script", 6) == 0) ok = run_script_cell(s, skip_space(l + word));
        else if (word == 4 && memcmp(l, "time", 4) == 0) ok = magic_time(s, b);
        else if (word == 6 && memcmp(l, "timeit", 6) == 0) ok = magic_timeit(s, b);
        else ok = ls_raise(s->in, "UsageError", "cell magic `%%%%%.*s` not found", (int)word, l);
    }
    lsv_text_free(&line);
    lsv_text_free(&body);
    return ok;
}

static bool run_line_magic(session *s, const char *l) {
    size_t word = strcspn(l, " \t\r");
    for (int i = 0; i < NMAGICS; i++)
        if (strlen(magics[i].name) == word && memcmp(magics[i].name, l, word) == 0) return magics[i].run(s, skip_space(l + word));
    ls_raise(s->in, "UsageError", "line magic `%%%.*s` not found", (int)word, l);
    ls_hint(s->in, "there are %%config, %%run, %%who, %%whos, %%time, %%timeit, %%history and %%reset");
    return false;
}

bool session_magic(void *ctx, ls_interp *in, const char *line, size_t n) {
    session *s = ctx;
    (void)in;
    size_t from = 0;
    while (from < n && isspace((unsigned char)line[from])) from++;
    if (n - from >= 2 && line[from] == '%' && line[from + 1] == '%') return run_cell_magic(s, line + from, n - from);
    while (n > from && isspace((unsigned char)line[n - 1])) n--;
    lsv_text t = {0};
    lsv_text_add(&t, line + from, n - from);
    lsv_text_puts(&t, "");
    bool ok = !t.failed || ls_no_memory(s->in);
    if (ok) {
        if (t.data[0] == '%') ok = run_line_magic(s, t.data + 1);
        else if (t.data[0] == '?' || (t.length && t.data[t.length - 1] == '?')) ok = magic_help(s, t.data);
        else ok = ls_raise(s->in, "SyntaxError", "`!` commands are not offered here");
    }
    lsv_text_free(&t);
    return ok;
}
