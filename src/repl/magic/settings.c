/* Settings: %config, %precision, %format, %device, and the lists of magics.

   A setting is a row: its name, what it is, how it is read and set. %config walks the rows. */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "base/alloc.h"
#include "lang/eval/suggest.h"
#include "repl/magic/magic.h"
#include "repl/device.h"

/* ---- the rows ---- */

typedef struct setting setting;
struct setting {
    const char *name, *summary;
    bool (*get)(session *s, const setting *me, lsv_text *t);
    bool (*set)(session *s, const setting *me, const char *value);
    size_t offset; /* within numpy_options or torch_options */
    long least, most;
};

static const char *const echo_names[] = {
    [LS_ECHO_LAST_EXPR] = "last_expr", [LS_ECHO_LAST_EXPR_OR_ASSIGN] = "last_expr_or_assign",
    [LS_ECHO_ALL] = "all", [LS_ECHO_NONE] = "none", [LS_ECHO_LAST] = "last",
};

static bool get_echo(session *s, const setting *me, lsv_text *t) {
    (void)me;
    lsv_text_printf(t, "'%s'", echo_names[s->in->echo]);
    return true;
}

static bool set_echo(session *s, const setting *me, const char *value) {
    (void)me;
    for (size_t i = 0; i < sizeof echo_names / sizeof *echo_names; i++)
        if (strcmp(echo_names[i], value) == 0) {
            s->in->echo = (ls_echo)i;
            return true;
        }
    ls_raise(s->in, "UsageError", "unknown mode '%s'", value);
    ls_hint(s->in, "one of last_expr, last_expr_or_assign, all, none");
    return false;
}

static bool truth_of(session *s, const char *name, const char *value, bool *out) {
    *out = strcmp(value, "True") == 0 || strcmp(value, "1") == 0;
    return *out || strcmp(value, "False") == 0 || strcmp(value, "0") == 0 || ls_raise(s->in, "UsageError", "%s is True or False, not '%s'", name, value);
}

static bool get_color(session *s, const setting *me, lsv_text *t) {
    (void)me;
    lsv_text_puts(t, s->color ? "True" : "False");
    return true;
}

static bool set_color(session *s, const setting *me, const char *value) {
    bool on;
    if (!truth_of(s, me->name, value, &on)) return false;
    s->color = s->color_errors = on;
    return true;
}

/* Print options lie in plain structs: a row knows where. */
static void *field_of(session *s, const setting *me) {
    char *base = strncmp(me->name, "torch.", 6) == 0 ? (char *)&s->in->torch_options : (char *)&s->in->numpy_options;
    return base + me->offset;
}

static bool get_int(session *s, const setting *me, lsv_text *t) {
    lsv_text_printf(t, "%d", *(int *)field_of(s, me));
    return true;
}
static bool get_size(session *s, const setting *me, lsv_text *t) {
    lsv_text_printf(t, "%td", *(ptrdiff_t *)field_of(s, me));
    return true;
}
static bool get_bool(session *s, const setting *me, lsv_text *t) {
    lsv_text_puts(t, *(bool *)field_of(s, me) ? "True" : "False");
    return true;
}

static bool number_of(session *s, const setting *me, const char *value, long *out) {
    char *end;
    *out = strtol(value, &end, 10);
    return (end != value && !*end && *out >= me->least && *out <= me->most) ||
           ls_raise(s->in, "UsageError", "%s is a number from %ld to %ld, not '%s'", me->name, me->least, me->most, value);
}
static bool set_int(session *s, const setting *me, const char *value) {
    long n;
    if (!number_of(s, me, value, &n)) return false;
    *(int *)field_of(s, me) = (int)n;
    return true;
}
static bool set_size(session *s, const setting *me, const char *value) {
    long n;
    if (!number_of(s, me, value, &n)) return false;
    *(ptrdiff_t *)field_of(s, me) = n;
    return true;
}
static bool set_bool(session *s, const setting *me, const char *value) { return truth_of(s, me->name, value, field_of(s, me)); }

static bool get_device(session *s, const setting *me, lsv_text *t) {
    (void)s;
    (void)me;
    lsv_text_printf(t, "'%s'", lsv_backend_get());
    return true;
}
static bool set_device(session *s, const setting *me, const char *value) {
    (void)me;
    lsv_error err = {0};
    return lsv_backend_set(value, &err) == LSV_OK || ls_raise_lsv(s->in, &err);
}

#define NUMPY(field) offsetof(lsv_numpy_options, field)
#define TORCH(field) offsetof(lsv_torch_options, field)
static const setting settings[] = {
    {"InteractiveShell.ast_node_interactivity", "which values a cell shows: last_expr, last_expr_or_assign, all, none", get_echo, set_echo, 0, 0, 0},
    {"lsv.color", "colour at the terminal", get_color, set_color, 0, 0, 0},
    {"lsv.device", "where linear algebra runs: auto, cpu, gpu", get_device, set_device, 0, 0, 0},
    {"numpy.precision", "digits of an ndarray's floats", get_int, set_int, NUMPY(precision), 0, 40},
    {"numpy.threshold", "elements from which on an ndarray is summarised", get_size, set_size, NUMPY(threshold), 0, LONG_MAX / 2},
    {"numpy.edgeitems", "elements at the edges of a summarised ndarray", get_size, set_size, NUMPY(edgeitems), 1, 1000000},
    {"numpy.linewidth", "characters in a line of an ndarray", get_int, set_int, NUMPY(linewidth), 10, 100000},
    {"numpy.suppress", "never e-notation for small numbers in an ndarray", get_bool, set_bool, NUMPY(suppress), 0, 0},
    {"torch.precision", "digits of a tensor's floats", get_int, set_int, TORCH(precision), 0, 40},
    {"torch.threshold", "elements from which on a tensor is summarised", get_size, set_size, TORCH(threshold), 0, LONG_MAX / 2},
    {"torch.edgeitems", "elements at the edges of a summarised tensor", get_size, set_size, TORCH(edgeitems), 1, 1000000},
    {"torch.linewidth", "characters in a line of a tensor", get_int, set_int, TORCH(linewidth), 10, 100000},
    {"torch.sci_mode", "e-notation in tensors: 1 always, 0 never, -1 by PyTorch's rule", get_int, set_int, TORCH(sci_mode), -1, 1},
};
enum { NSETTINGS = sizeof settings / sizeof *settings };

void magic_setting_each(bool (*visit)(void *ctx, const char *name, const char *summary), void *ctx) {
    for (int i = 0; i < NSETTINGS; i++)
        if (!visit(ctx, settings[i].name, settings[i].summary)) return;
}

/* ---- %config ---- */

static bool show_setting(session *s, const setting *me, bool summary) {
    lsv_text t = {0};
    bool ok = me->get(s, me, &t);
    if (ok && summary) session_printf(s, "%s=%s%*s  # %s\n", me->name, t.data, (int)(t.length + strlen(me->name) < 28 ? 28 - t.length - strlen(me->name) : 0), "", me->summary);
    else if (ok) session_printf(s, "%s=%s\n", me->name, t.data);
    lsv_text_free(&t);
    return ok;
}

static bool is_class(const char *name, size_t n) {
    for (int i = 0; i < NSETTINGS; i++)
        if (strncmp(settings[i].name, name, n) == 0 && settings[i].name[n] == '.') return true;
    return false;
}

static bool run_config(session *s, const char *arg, const char *body) {
    char value[128];
    (void)body;
    size_t n = strcspn(arg, " \t=#");
    bool all = n == 0 || is_class(arg, n);
    for (int i = 0; all && i < NSETTINGS; i++)
        if (n == 0 || (strncmp(settings[i].name, arg, n) == 0 && settings[i].name[n] == '.')) show_setting(s, &settings[i], true);
    if (all) return true;
    const setting *me = NULL;
    for (int i = 0; i < NSETTINGS; i++)
        if (strlen(settings[i].name) == n && memcmp(settings[i].name, arg, n) == 0) me = &settings[i];
    if (!me) {
        ls_suggestion near;
        char wanted[64];
        snprintf(wanted, sizeof wanted, "%.*s", (int)n, arg);
        ls_suggest_start(&near, wanted);
        for (int i = 0; i < NSETTINGS; i++) ls_suggest_offer(&near, settings[i].name);
        ls_raise(s->in, "UsageError", "%%config knows no setting '%s'", wanted);
        if (ls_suggest_best(&near)) ls_hint(s->in, "did you mean %s? %%config lists them", ls_suggest_best(&near));
        else ls_hint(s->in, "%%config lists them");
        return false;
    }
    const char *p = arg + n + strspn(arg + n, " \t");
    if (!*p || *p == '#') return show_setting(s, me, false);
    if (*p != '=') return ls_raise(s->in, "UsageError", "%%config %s=VALUE sets it", me->name);
    p += 1 + strspn(p + 1, " \t");
    char quote = *p == '\'' || *p == '"' ? *p++ : 0;
    size_t length = quote ? strcspn(p, "'\"") : strcspn(p, " \t#");
    if (length >= sizeof value) return ls_raise(s->in, "UsageError", "the value of %s is too long", me->name);
    memcpy(value, p, length);
    value[length] = 0;
    return me->set(s, me, value);
}

/* ---- %precision, %format ---- */

/* One conversion of a double, "%.3f" or "%10.2e", and nothing else: it goes to printf. */
static bool is_float_format(const char *f) {
    if (*f++ != '%') return false;
    f += strspn(f, "-+ #0");
    size_t width = strspn(f, "0123456789");
    if (width > 2) return false;
    f += width;
    if (*f == '.') {
        size_t digits = strspn(++f, "0123456789");
        if (digits > 2) return false;
        f += digits;
    }
    return *f && strchr("eEfFgG", *f) && f[1] == 0;
}

static bool run_precision(session *s, const char *arg, const char *body) {
    char *end;
    (void)body;
    if (!*arg) {
        s->float_format[0] = 0;
        s->in->numpy_options.precision = lsv_numpy_defaults.precision;
        return magic_give(s, ls_str_from("%r"));
    }
    if (strchr(arg, '%')) {
        if (!is_float_format(arg) || strlen(arg) >= sizeof s->float_format) return ls_raise(s->in, "ValueError", "Precision must be int or format string, not '%s'", arg);
        snprintf(s->float_format, sizeof s->float_format, "%s", arg);
    } else {
        long digits = strtol(arg, &end, 10);
        if (end == arg || *end) return ls_raise(s->in, "ValueError", "Precision must be int or format string, not '%s'", arg);
        if (digits < 0 || digits > 40) return ls_raise(s->in, "ValueError", "a precision from 0 to 40 is wanted, not %s", arg);
        snprintf(s->float_format, sizeof s->float_format, "%%.%ldf", digits);
        s->in->numpy_options.precision = (int)digits;
    }
    return magic_give(s, ls_str_from(s->float_format));
}

static void set_digits(session *s, int numpy, int torch, int scientific) {
    s->in->numpy_options.precision = numpy;
    s->in->numpy_options.suppress = scientific == 0;
    s->in->torch_options.precision = torch;
    s->in->torch_options.sci_mode = scientific;
}

static bool run_format(session *s, const char *arg, const char *body) {
    char format[sizeof s->float_format];
    (void)body;
    if (!*arg || strcmp(arg, "default") == 0) {
        s->float_format[0] = 0;
        set_digits(s, lsv_numpy_defaults.precision, lsv_torch_defaults.precision, lsv_torch_defaults.sci_mode);
        return true;
    }
    if (strcmp(arg, "short") == 0 || strcmp(arg, "long") == 0) {
        bool brief = *arg == 's';
        snprintf(s->float_format, sizeof s->float_format, "%s", brief ? "%.5g" : "");
        set_digits(s, brief ? 4 : 16, brief ? 4 : 16, lsv_torch_defaults.sci_mode);
        return true;
    }
    int used = snprintf(format, sizeof format, "%s%s", *arg == '%' ? "" : "%", arg);
    if (used < 0 || (size_t)used >= sizeof format || !is_float_format(format)) {
        ls_raise(s->in, "UsageError", "%%format: '%s' is no format for floats", arg);
        ls_hint(s->in, "%%format short, long, default, or one as in f-strings: .3f, .2e, .6g");
        return false;
    }
    const char *point = strchr(format, '.');
    int digits = point && isdigit((unsigned char)point[1]) ? atoi(point + 1) : 6;
    char kind = format[used - 1];
    snprintf(s->float_format, sizeof s->float_format, "%s", format);
    set_digits(s, digits, digits, kind == 'f' || kind == 'F' ? 0 : kind == 'e' || kind == 'E' ? 1 : -1);
    return true;
}

/* ---- %device ---- */

static bool run_device(session *s, const char *arg, const char *body) {
    (void)body;
    return device_magic(s, arg);
}

/* ---- %lsmagic, %magic ---- */

typedef struct listing { session *s; lsv_text line; int form; size_t columns; } listing;

static bool list_name(void *ctx, const magic *m) {
    listing *l = ctx;
    if (!(m->forms & l->form)) return true;
    for (const char *p = m->name; *p; p += strspn(p, " ")) {
        size_t n = strcspn(p, " "), width = n + 4;
        if (l->line.length && l->line.length + width > l->columns) {
            session_printf(l->s, "%s\n", l->line.data);
            l->line.length = 0;
        }
        lsv_text_printf(&l->line, "%s%s%.*s", l->line.length ? "  " : "", l->form == MAGIC_CELL ? "%%" : "%", (int)n, p);
        p += n;
    }
    return true;
}

/* Figures are always shown in their cell. */
static bool run_matplotlib(session *s, const char *arg, const char *body) {
    (void)s, (void)arg, (void)body;
    return true;
}

static bool run_lsmagic(session *s, const char *arg, const char *body) {
    (void)arg;
    (void)body;
    static const struct { int form; const char *title; } parts[] = {{MAGIC_LINE, "Available line magics:"}, {MAGIC_CELL, "Available cell magics:"}};
    for (int i = 0; i < 2; i++) {
        listing l = {.s = s, .form = parts[i].form, .columns = magic_columns()};
        session_printf(s, "%s%s\n", i ? "\n" : "", parts[i].title);
        magic_each(list_name, &l);
        if (l.line.length) session_printf(s, "%s\n", l.line.data);
        bool failed = l.line.failed;
        lsv_text_free(&l.line);
        if (failed) return ls_no_memory(s->in);
    }
    return true;
}

static bool describe_line(void *ctx, const magic *m) {
    session *s = ctx;
    session_printf(s, "%s\n    %s\n", m->usage, m->summary);
    return true;
}

static bool run_magic(session *s, const char *arg, const char *body) {
    (void)body;
    if (*arg) {
        size_t skip = strspn(arg, "%"), n = strcspn(arg + skip, " \t");
        const magic *m = magic_find(arg + skip, n);
        if (!m) return ls_raise(s->in, "UsageError", "there is no magic '%s': %%lsmagic lists them", arg);
        magic_describe(s, m);
        return true;
    }
    session_printf(s, "Magics are lines that begin with %%, or whole cells below a line that begins with %%%%.\n"
                      "%%magic NAME or %%NAME? tells more about one.\n\n");
    magic_each(describe_line, s);
    return true;
}

const magic magic_settings[] = {
    {"config", "%config [NAME[=VALUE]]", "lists, shows and sets settings", "%config alone lists all of them with what they are; %config numpy lists a part.", NULL,
     MAGIC_SETTING, MAGIC_LINE, run_config},
    {"device", "%device [auto|cpu|gpu|explain]", "where linear algebra runs",
     "auto     what is faster, from what each operation would take on either\n"
     "gpu      everything that the GPU can do\n"
     "cpu      everything on the CPU; torch's cuda is the CPU, too\n"
     "explain  the last operation: which one ran it, the estimates for both, what was copied\n\n"
     "Alone it says what is chosen and which GPU there is, or what is missing.",
     "auto cpu gpu explain", MAGIC_TEXT, MAGIC_LINE, run_device},
    {"format", "%format [short|long|default|FORMAT]", "how numbers are shown",
     "short    five digits: ndarrays and tensors with 4 decimals\n"
     "long     all digits\n"
     "default  as NumPy, PyTorch and Python show them; so does %format alone\n"
     "FORMAT   as in an f-string: .3f, .2e, .6g. Arrays take its number of digits; f and e also decide on e-notation.\n\n"
     "It changes what cells show, never what print and str give for single numbers.",
     NULL, MAGIC_TEXT, MAGIC_LINE, run_format},
    {"lsmagic", "%lsmagic", "the names of all magics", NULL, NULL, MAGIC_NOTHING, MAGIC_LINE, run_lsmagic},
    {"magic", "%magic [NAME]", "what each magic does", NULL, NULL, MAGIC_NAME, MAGIC_LINE, run_magic},
    {"matplotlib", "%matplotlib [inline]", "accepted: figures are shown in their cell anyway", NULL, NULL, MAGIC_TEXT, MAGIC_LINE, run_matplotlib},
    {"precision", "%precision [DIGITS|FORMAT]", "how a cell shows its floats, as in IPython",
     "%precision 3 shows three decimals and sets the precision of ndarrays too; %precision %.2e takes a format for floats\n"
     "alone; %precision goes back to all digits.",
     NULL, MAGIC_TEXT, MAGIC_LINE, run_precision},
    {0}};
