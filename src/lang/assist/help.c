/* Help on one thing: a record's documentation, a function's signature, docstring and source, a value's kind,
   shape and first lines, a module's names. */
#include "lang/assist/help.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lang/assist/parameters.h"
#include "lang/eval/attributes.h"
#include "lang/eval/function.h"
#include "lang/teach/teach.h"

/* ---- layout ---- */

void ls_help_wrap(lsv_text *t, const char *text, size_t n, int indent, int hang, int width) {
    int column = indent;
    bool fresh = true;
    lsv_text_fill(t, ' ', (size_t)indent);
    for (size_t i = 0; i < n;) {
        size_t blanks = 0, word = 0;
        while (i + blanks < n && text[i + blanks] == ' ') blanks++;
        while (i + blanks + word < n && text[i + blanks + word] != ' ') word++;
        int columns = (int)lsv_text_width(text + i + blanks, word);
        if (!fresh && column + (int)blanks + columns > width) {
            lsv_text_putc(t, '\n');
            lsv_text_fill(t, ' ', (size_t)(indent + hang));
            column = indent + hang;
            blanks -= blanks > 0 ? blanks : 0;
            while (i < n && text[i] == ' ') i++;
        } else {
            lsv_text_fill(t, ' ', blanks);
            column += (int)blanks;
            i += blanks;
        }
        lsv_text_add(t, text + i, word);
        column += columns;
        i += word;
        fresh = false;
    }
    lsv_text_putc(t, '\n');
}

/* Paragraphs: each line is wrapped by itself, but for those that are laid out already. */
static void paragraphs(lsv_text *t, const char *text, int indent, int width) {
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");
        if (!n) lsv_text_putc(t, '\n');
        else if (*p == ' ') {
            lsv_text_fill(t, ' ', (size_t)indent);
            lsv_text_add(t, p, n);
            lsv_text_putc(t, '\n');
        } else ls_help_wrap(t, p, n, indent, 0, width);
        p += n + (p[n] == '\n');
    }
}

void ls_help_render(const lsv_text *marked, bool bold, bool ascii, lsv_text *out) {
    lsv_text plain = {0};
    const lsv_text *from = marked;
    if (ascii && marked->data) {
        ls_render_ascii(&plain, marked->data);
        from = &plain;
    }
    for (size_t i = 0; i < from->length; i++) {
        char c = from->data[i];
        if (c == '\001') lsv_text_puts(out, bold ? "\033[1m" : "");
        else if (c == '\002') lsv_text_puts(out, bold ? "\033[0m" : "");
        else lsv_text_putc(out, c);
    }
    if (plain.failed) out->failed = true;
    lsv_text_free(&plain);
}

static void heading(lsv_text *t, const char *text) { lsv_text_printf(t, "\n\001%s\002\n", text); }

/* "name(…)", in bold, broken between its parameters. */
static void signature(lsv_text *t, const char *name, const char *parameters, int width) {
    lsv_text line = {0};
    lsv_text_printf(&line, "%s%s", name, parameters);
    lsv_text_putc(t, '\001');
    if (line.data) ls_help_wrap(t, line.data, line.length, 0, 4, width);
    if (t->length && t->data[t->length - 1] == '\n') t->data[--t->length] = 0;
    lsv_text_puts(t, "\002\n");
    if (line.failed) t->failed = true;
    lsv_text_free(&line);
}

static void summary_line(lsv_text *t, const char *summary, int width) {
    size_t n = strlen(summary);
    lsv_text line = {0};
    lsv_text_putc(&line, (char)toupper((unsigned char)summary[0]));
    lsv_text_puts(&line, summary + (n > 0));
    if (n && !strchr(".?!", summary[n - 1])) lsv_text_putc(&line, '.');
    if (line.data) ls_help_wrap(t, line.data, line.length, 0, 0, width);
    lsv_text_free(&line);
}

/* ---- records ---- */

static void on_record(lsv_text *t, const ls_builtin *b, const char *name, bool method, bool more, int width) {
    lsv_text parameters = {0};
    if (ls_is_called(b)) ls_builtin_signature_text(b, method, &parameters);
    else if (b->kind == LS_SUBSCRIPTED) lsv_text_printf(&parameters, "[%.*s]", (int)strlen(b->signature) - 2, b->signature + 1);
    signature(t, name ? name : ls_builtin_short_name(b), parameters.data ? parameters.data : "", width);
    lsv_text_free(&parameters);
    lsv_text_putc(t, '\n');
    summary_line(t, b->summary, width);
    if (b->doc) {
        lsv_text_putc(t, '\n');
        paragraphs(t, b->doc, 0, width);
    }
    const char *examples = ls_builtin_examples(b);
    if (examples) {
        heading(t, "Examples");
        for (const char *p = examples; *p;) { /* as they are: results must not be broken */
            size_t n = strcspn(p, "\n");
            lsv_text_printf(t, "    %.*s\n", (int)n, p);
            p += n + (p[n] == '\n');
        }
    }
    if (more) {
        heading(t, "Names");
        ls_help_wrap(t, b->names, strlen(b->names), 4, 0, width);
    }
}

/* ---- functions ---- */

/* A docstring without the indentation that its lines share, the first one aside. */
static void docstring(lsv_text *t, const char *doc, int width) {
    size_t least = 1000;
    lsv_text clean = {0};
    const char *first = doc + strspn(doc, " \n"), *rest = strchr(first, '\n');
    for (const char *p = rest; p && *p; p = strchr(p + 1, '\n')) {
        size_t blanks = strspn(p + 1, " ");
        if (p[1 + blanks] && p[1 + blanks] != '\n' && blanks < least) least = blanks;
    }
    lsv_text_add(&clean, first, rest ? (size_t)(rest - first) : strlen(first));
    for (const char *p = rest; p && *p;) {
        size_t n = strcspn(p + 1, "\n"), skip = strspn(p + 1, " ");
        if (skip > least) skip = least;
        if (skip > n) skip = n;
        lsv_text_putc(&clean, '\n');
        lsv_text_add(&clean, p + 1 + skip, n - skip);
        p = p[1 + n] ? p + 1 + n : NULL;
    }
    while (clean.length && strchr(" \n", clean.data[clean.length - 1])) clean.data[--clean.length] = 0;
    if (clean.data) paragraphs(t, clean.data, 0, width);
    if (t->length && t->data[t->length - 1] != '\n') lsv_text_putc(t, '\n');
    lsv_text_free(&clean);
}

static bool on_function(ls_interp *in, lsv_text *t, const ls_function *f, bool more, int width) {
    lsv_text parameters = {0};
    ls_span span;
    if (!ls_function_signature_text(in, f, &parameters)) return false;
    signature(t, ls_function_name(f), parameters.data, width);
    lsv_text_free(&parameters);
    const ls_source *source = ls_function_source(f, &span);
    if (ls_function_doc(f)) {
        lsv_text_putc(t, '\n');
        docstring(t, ls_function_doc(f), width);
    }
    if (source) {
        int line = source->first_line;
        for (size_t i = 0; i < span.start; i++) line += source->text[i] == '\n';
        lsv_text_printf(t, "\nA function of this session, from %s, line %d.\n", source->name, line);
    }
    if (more && source) {
        heading(t, "Source");
        lsv_text_add(t, source->text + span.start, span.end - span.start);
        if (t->data[t->length - 1] != '\n') lsv_text_putc(t, '\n');
    }
    return true;
}

/* ---- modules ---- */

typedef struct names_of { lsv_text *t; const char *prefix; int width, count; const ls_builtin *last; } names_of;

static bool list_record(void *ctx, const char *qualified, const ls_builtin *b) {
    names_of *l = ctx;
    size_t n = strlen(l->prefix);
    if (strncmp(qualified, l->prefix, n) != 0 || strchr(qualified + n, '.')) return true;
    lsv_text line = {0};
    lsv_text_printf(&line, "%-18s ", qualified + n);
    lsv_text_puts(&line, b->summary);
    if (line.data) ls_help_wrap(l->t, line.data, line.length, 2, 19, l->width);
    lsv_text_free(&line);
    l->count++;
    return true;
}

static void on_module(lsv_text *t, const ls_module *m, int width) {
    char prefix[80];
    names_of l = {.t = t, .prefix = prefix, .width = width};
    snprintf(prefix, sizeof prefix, "%s.", m->prefix);
    signature(t, "module ", m->name, width);
    lsv_text_putc(t, '\n');
    size_t n = strlen(m->name), modules = 0;
    for (int i = 0; ls_module_at(i); i++) {
        const char *name = ls_module_at(i)->name;
        if (strncmp(name, m->name, n) != 0 || name[n] != '.') continue;
        lsv_text_printf(t, "%s%s", modules++ ? ", " : "Modules in it: ", name);
    }
    if (modules) lsv_text_puts(t, "\n\n");
    ls_builtin_each(list_record, &l);
}

/* ---- values ---- */

static void field(lsv_text *t, const char *name, const char *text) { lsv_text_printf(t, "\001%-9s\002 %s\n", name, text); }

/* The first lines of the repr; arrays print their ends only when they are long, so this takes no time. */
static bool first_lines(ls_interp *in, lsv_text *t, ls_value v) {
    lsv_text shown = {0};
    int lines = 0;
    bool large = (v.tag == LS_LIST && v.list->n > 200) || (v.tag == LS_DICT && v.dict->n > 200) || (v.tag == LS_TUPLE && v.tuple->n > 200) ||
                 (v.tag == LS_STR && v.str->length > 5000);
    if (large) {
        ptrdiff_t n = v.tag == LS_LIST ? v.list->n : v.tag == LS_DICT ? v.dict->n : v.tag == LS_TUPLE ? v.tuple->n : v.str->points;
        lsv_text_printf(t, "\001%-9s\002 %td\n", "Length", n);
        return true;
    }
    if (!ls_repr(in, &shown, v)) {
        lsv_text_free(&shown);
        return false;
    }
    bool many = shown.data && strchr(shown.data, '\n');
    lsv_text_printf(t, "\001%-9s\002%s", "Value", many ? "\n" : " ");
    for (const char *p = shown.data ? shown.data : ""; *p && lines < 12; lines++) {
        size_t n = strcspn(p, "\n");
        lsv_text_add(t, p, n < 2000 ? n : 2000);
        lsv_text_putc(t, '\n');
        p += n + (p[n] == '\n');
        if (*p && lines == 11) lsv_text_puts(t, "…\n");
    }
    if (shown.failed) t->failed = true;
    lsv_text_free(&shown);
    return true;
}

static bool on_plain_value(ls_interp *in, lsv_text *t, ls_value v) {
    char shape[128], bytes[64];
    const ls_type *type = ls_type_of(v);
    field(t, "Type", type->shown ? type->shown : type->name);
    if (v.tag == LS_ARRAY) {
        const lsv_array *a = v.array;
        field(t, "Shape", lsv_shape_text(a, shape, sizeof shape));
        field(t, "Dtype", lsv_dtype_name((lsv_dtype)a->dtype));
        snprintf(bytes, sizeof bytes, "%zu", (size_t)a->size * lsv_dtype_size((lsv_dtype)a->dtype));
        field(t, "Bytes", bytes);
    }
    if (!first_lines(in, t, v)) return false;
    const ls_builtin *b = ls_builtin_find(type->name);
    if (b && v.tag != LS_ARRAY) lsv_text_printf(t, "\n%s? tells about its type.\n", type->name);
    return true;
}

/* What a name that is `written` so stands for, in the way it was written. */
static bool on_meaning(ls_interp *in, const ls_meaning *m, const char *written, size_t n, bool more, int width, lsv_text *t) {
    char name[160];
    snprintf(name, sizeof name, "%.*s", (int)n, written);
    ls_value v = m->value;
    if (m->record) {
        const ls_builtin *b = m->record;
        on_record(t, b, name, true, more, width);
        if (m->self) lsv_text_printf(t, "\n%s of a value of kind %s.\n", b->kind == LS_ATTRIBUTE ? "An attribute" : "A method", m->self);
        return true;
    }
    return v.tag != LS_UNSET && ls_help_on_value(in, v, strchr(name, '(') ? NULL : name, more, width, t);
}

bool ls_help_on_value(ls_interp *in, ls_value v, const char *name, bool more, int width, lsv_text *t) {
    size_t start = t->length;
    bool ok = true;
    const ls_builtin *type = v.tag == LS_TYPE ? ls_builtin_find(v.type->name) : NULL;
    if (v.tag == LS_METHOD && v.method->function.tag == LS_BUILTIN) on_record(t, v.method->function.builtin, name, true, more, width);
    else if (v.tag == LS_BUILTIN) on_record(t, v.builtin, name, false, more, width);
    else if (type) on_record(t, type, name, false, more, width);
    else if (v.tag == LS_FUNCTION) ok = on_function(in, t, v.function, more, width);
    else if (v.tag == LS_MODULE) on_module(t, v.module, width);
    else ok = on_plain_value(in, t, v);
    if (ok && !t->failed) return true;
    if (in->error.set) ls_error_clear(&in->error);
    t->length = start;
    return false;
}

bool ls_help_on(ls_interp *in, const char *expression, size_t n, bool more, int width, lsv_text *t) {
    ls_meaning m;
    char name[160];
    snprintf(name, sizeof name, "%.*s", (int)n, expression);
    if (ls_resolve(in, expression, n, &m)) {
        bool ok = on_meaning(in, &m, expression, n, more, width, t);
        ls_meaning_drop(&m);
        return ok;
    }
    const ls_builtin *b = ls_builtin_find(name); /* "ndarray.sum", "np.sum" without the import, "str.join" */
    const ls_module *module = b ? NULL : ls_module_find(name);
    if (!b && !module && strncmp(name, "numpy.", 6) == 0) {
        char short_name[160];
        snprintf(short_name, sizeof short_name, "np.%s", name + 6);
        b = ls_builtin_find(short_name);
    }
    for (int i = 0; !b && !module && ls_module_at(i); i++)
        if (strcmp(ls_module_at(i)->prefix, name) == 0) module = ls_module_at(i);
    if (b) on_record(t, b, name, false, more, width);
    else if (module) on_module(t, module, width);
    return (b || module) && !t->failed;
}
