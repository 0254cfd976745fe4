/* The session's variables: %who, %who_ls, %whos, %reset, and undo's magic form. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array/mirror.h"
#include "base/alloc.h"
#include "lang/eval/function.h"
#include "lang/teach/lesson.h"
#include "repl/magic/magic.h"

/* ---- which variables ---- */

/* Names with an underscore in front, In and Out are the prompt's. */
static bool is_hidden(const session *s, const char *name, ls_value v) {
    return name[0] == '_' || (v.tag == LS_LIST && s->in_list.tag == LS_LIST && v.list == s->in_list.list) ||
           (v.tag == LS_DICT && s->out_dict.tag == LS_DICT && v.dict == s->out_dict.dict);
}

typedef struct variable {
    const char *name;
    ls_value value;
} variable; /* borrowed */
typedef struct variables {
    session *s;
    const char *types;
    variable *items;
    int n, room;
    bool failed;
} variables;

/* Is the value's type among the words of `types`? */
static bool has_type(const char *types, const char *type) {
    size_t n = strlen(type);
    for (const char *p = types; *p; p += strspn(p, " \t")) {
        size_t word = strcspn(p, " \t");
        if (word == n && memcmp(p, type, n) == 0) return true;
        p += word;
    }
    return *types == 0;
}

static bool collect(void *ctx, const char *name, ls_value v) {
    variables *all = ctx;
    if (is_hidden(all->s, name, v) || !has_type(all->types, ls_type_name(v))) return true;
    if (all->n == all->room) {
        int room = all->room ? 2 * all->room : 64;
        variable *items = lsv_realloc(all->items, (size_t)room * sizeof *items);
        all->failed = !items;
        if (!items) return false;
        all->items = items;
        all->room = room;
    }
    all->items[all->n++] = (variable){name, v};
    return true;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const variable *)a)->name, ((const variable *)b)->name);
}

/* The variables by name; the values are borrowed from the session. */
static bool list_variables(session *s, const char *types, variables *all) {
    *all = (variables){.s = s, .types = types};
    ls_global_each(s->in, collect, all);
    if (all->failed) {
        lsv_free(all->items);
        return ls_no_memory(s->in);
    }
    if (all->n) qsort(all->items, (size_t)all->n, sizeof *all->items, by_name);
    return true;
}

static bool run_who(session *s, const char *arg, const char *body) {
    (void)body;
    variables all;
    if (!list_variables(s, arg, &all)) return false;
    if (!all.n && *arg) session_printf(s, "No variables match your requested type.\n");
    else if (!all.n) session_printf(s, "Interactive namespace is empty.\n");
    for (int i = 0; i < all.n; i++)
        session_printf(s, "%s%s", all.items[i].name, (i + 1) % 10 || i + 1 == all.n ? "\t " : "\n");
    if (all.n) session_printf(s, "\n");
    lsv_free(all.items);
    return true;
}

static bool run_who_ls(session *s, const char *arg, const char *body) {
    (void)body;
    variables all;
    if (!list_variables(s, arg, &all)) return false;
    ls_value list = ls_list_new(all.n);
    bool ok = list.tag == LS_LIST;
    for (int i = 0; ok && i < all.n; i++) {
        ls_value name = ls_str_from(all.items[i].name);
        ok = name.tag != LS_UNSET && ls_list_append(list.list, name);
        ls_drop(name);
    }
    lsv_free(all.items);
    if (ok) return magic_give(s, list);
    ls_drop(list);
    return ls_no_memory(s->in);
}

/* ---- %whos ---- */

enum { COLUMNS = 7, SUMMARY = 6, LOOKED_AT_MOST = 4 << 20 };
typedef struct row {
    lsv_text cell[COLUMNS];
} row;

static void bytes_text(lsv_text *t, double bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    int u = 0;
    while (bytes >= 1024 && u < 4) bytes /= 1024, u++;
    lsv_text_printf(t, u && bytes < 9.95 ? "%.1f %s" : "%.0f %s", bytes, units[u]);
}

/* One line, of at most `most` columns. */
static void flatten(lsv_text *t, const char *text, size_t length, size_t most) {
    const char *dots = ls_teach_ascii() ? "..." : "…";
    size_t start = t->length, room = lsv_text_width(dots, strlen(dots));
    bool space = false;
    for (size_t i = 0; i < length;) {
        size_t n = 1;
        while (i + n < length && ((unsigned char)text[i + n] & 0xC0) == 0x80) n++;
        if (isspace((unsigned char)text[i])) {
            space = t->length > start;
        } else {
            size_t width = lsv_text_width(t->data ? t->data + start : "", t->length - start) + space +
                           lsv_text_width(text + i, n);
            if (width + room > most && i + n < length) {
                lsv_text_puts(t, dots);
                return;
            }
            if (space) lsv_text_putc(t, ' ');
            lsv_text_add(t, text + i, n);
            space = false;
        }
        i += n;
    }
}

/* "-1.3 … 4.2, 2 nan": the range of a larger array of numbers. */
static bool range_of(lsv_text *t, lsv_array *a) {
    lsv_array *host, *flat;
    if (lsv_as_dtype(a, LSV_FLOAT64, &host, NULL) != LSV_OK) return false;
    bool ok = lsv_ravel(host, false, &flat, NULL) == LSV_OK;
    lsv_release(host);
    if (!ok) return false;
    if (lsv_host(flat, NULL) != LSV_OK) {
        lsv_release(flat);
        return false;
    }
    const double *x = lsv_data(flat);
    double least = INFINITY, most = -INFINITY;
    ptrdiff_t nan = 0, stride = flat->strides[0];
    for (ptrdiff_t i = 0; i < flat->size; i++) {
        double v = x[i * stride];
        if (isnan(v)) nan++;
        if (v < least) least = v;
        if (v > most) most = v;
    }
    lsv_release(flat);
    const char *to = ls_teach_ascii() ? ".." : "…";
    if (nan < a->size) lsv_text_printf(t, "%.4g %s %.4g%s", least, to, most, nan ? ", " : "");
    if (nan) lsv_text_printf(t, "%td nan", nan);
    return true;
}

static void summarise(session *s, lsv_text *t, ls_value v, size_t most) {
    lsv_text text = {0};
    bool large = v.tag == LS_ARRAY && v.array->size > 12;
    if (large && v.array->size <= LOOKED_AT_MOST && v.array->dtype != LSV_BOOL && range_of(t, v.array))
        return;
    if (v.tag == LS_FUNCTION) {
        char signature[256];
        ls_function_signature(v.function, signature, sizeof signature);
        lsv_text_printf(&text, "%s%s", ls_function_name(v.function), signature);
    } else if ((v.tag == LS_LIST && v.list->n > 100) || (v.tag == LS_DICT && v.dict->n > 100)) {
        lsv_text_printf(&text, "%td items", v.tag == LS_LIST ? v.list->n : v.dict->n);
    } else if (!(v.tag == LS_ARRAY ? ls_str_text(s->in, &text, v) : ls_repr(s->in, &text, v))) {
        ls_error_clear(&s->in->error);
    }
    flatten(t, text.data ? text.data : "", text.length, most);
    lsv_text_free(&text);
}

static void fill_row(session *s, row *r, const variable *var, size_t most) {
    char shape[128];
    ls_value v = var->value;
    lsv_text_puts(&r->cell[0], var->name);
    lsv_text_puts(&r->cell[1], ls_type_name(v));
    if (v.tag == LS_ARRAY) {
        const lsv_array *a = v.array;
        lsv_text_puts(&r->cell[2], lsv_shape_text(a, shape, sizeof shape));
        lsv_text_puts(&r->cell[3], lsv_dtype_name((lsv_dtype)a->dtype));
        bytes_text(&r->cell[4], (double)a->size * (double)lsv_dtype_size((lsv_dtype)a->dtype));
        if (a->device == 0) lsv_text_puts(&r->cell[5], "cpu");
        else lsv_text_printf(&r->cell[5], "cuda:%d", a->device - 1);
    } else if (v.tag == LS_LIST || v.tag == LS_TUPLE || v.tag == LS_DICT || v.tag == LS_STR) {
        ptrdiff_t n = v.tag == LS_LIST    ? v.list->n
                      : v.tag == LS_TUPLE ? v.tuple->n
                      : v.tag == LS_DICT  ? v.dict->n
                                          : v.str->points;
        lsv_text_printf(&r->cell[2], "%td", n);
    } else if (v.tag == LS_NPSCALAR) {
        lsv_text_puts(&r->cell[3], lsv_dtype_name((lsv_dtype)v.dtype));
    }
    summarise(s, &r->cell[SUMMARY], v, most);
}

static size_t width_of(const lsv_text *t) { return t->data ? lsv_text_width(t->data, t->length) : 0; }

/* Columns that are empty everywhere are left out; on a narrow screen the summary, the device and the bytes go
 * first. */
static void print_table(session *s, row *rows, int n, size_t columns) {
    size_t width[COLUMNS] = {0}, total = 0;
    bool shown[COLUMNS];
    for (int c = 0; c < COLUMNS; c++) {
        bool any = false;
        for (int i = 0; i < n; i++) {
            size_t w = width_of(&rows[i].cell[c]);
            if (w > width[c]) width[c] = w;
            any = any || (i > 0 && w > 0);
        }
        shown[c] = any;
        if (shown[c] && c != SUMMARY) total += width[c] + 2;
    }
    static const int dropped_first[] = {5, 4, 3};
    for (int k = 0; k < 3 && total + 12 > columns; k++) {
        int c = dropped_first[k];
        if (shown[c]) total -= width[c] + 2;
        shown[c] = false;
    }
    shown[SUMMARY] = total + 6 <= columns;
    for (int i = 0; i < n; i++) {
        lsv_text line = {0};
        for (int c = 0; c < COLUMNS; c++) {
            const lsv_text *t = &rows[i].cell[c];
            if (!shown[c]) continue;
            size_t pad = width[c] - width_of(t);
            if (c == SUMMARY) {
                flatten(&line, t->data ? t->data : "", t->length, columns - total);
            } else {
                if (c == 4) lsv_text_fill(&line, ' ', pad);
                lsv_text_add(&line, t->data ? t->data : "", t->length);
                lsv_text_fill(&line, ' ', (c == 4 ? 0 : pad) + 2);
            }
        }
        while (line.length && line.data[line.length - 1] == ' ') line.length--;
        lsv_text_putc(&line, '\n');
        if (!line.failed) session_write(s, line.data, line.length);
        lsv_text_free(&line);
    }
}

static bool run_whos(session *s, const char *arg, const char *body) {
    static const char *const heads[COLUMNS] = {"Name", "Kind", "Shape", "Dtype", "Bytes", "Device", "Value"};
    (void)body;
    variables all;
    size_t columns = magic_columns();
    if (!list_variables(s, arg, &all)) return false;
    row *rows = all.n ? lsv_calloc((size_t)all.n + 1, sizeof *rows) : NULL;
    if (!all.n)
        session_printf(s, *arg ? "No variables match your requested type.\n"
                               : "Interactive namespace is empty.\n");
    bool ok = !all.n || rows || ls_no_memory(s->in);
    for (int c = 0; rows && c < COLUMNS; c++) lsv_text_puts(&rows[0].cell[c], heads[c]);
    for (int i = 0; rows && i < all.n; i++) fill_row(s, &rows[i + 1], &all.items[i], columns);
    if (rows) print_table(s, rows, all.n + 1, columns - 1);
    for (int i = 0; rows && i <= all.n; i++)
        for (int c = 0; c < COLUMNS; c++) lsv_text_free(&rows[i].cell[c]);
    lsv_free(rows);
    lsv_free(all.items);
    return ok;
}

/* ---- %reset, %undo ---- */

static bool collect_name(void *ctx, const char *name, ls_value v) {
    (void)v;
    lsv_text *names = ctx;
    lsv_text_add(names, name, strlen(name) + 1);
    return true;
}

static bool run_reset(session *s, const char *arg, const char *body) {
    (void)body;
    magic_option o[] = {{.letter = 'f'}, {.letter = 's'}};
    if (!magic_options(s, "reset", &arg, o, 2)) return false;
    if (*arg) return ls_raise(s->in, "UsageError", "%%reset takes -f and -s only, not '%s'", arg);
    if (!o[0].given && !magic_ask(s, "Delete all variables (undo brings them back)? Proceed (y/[n])? ")) {
        session_printf(s, "Nothing done.\n");
        return true;
    }
    lsv_text names = {0};
    ls_global_each(s->in, collect_name, &names);
    bool ok = !names.failed || ls_no_memory(s->in);
    for (size_t i = 0; ok && i < names.length; i += strlen(names.data + i) + 1) {
        const char *name = names.data + i;
        ls_value v = ls_global_get(s->in, name);
        if (!o[1].given || !is_hidden(s, name, v)) ls_global_delete(s->in, name);
    }
    lsv_text_free(&names);
    if (ok && !o[1].given && s->labels) session_forget_outputs(s);
    return ok;
}

static bool run_undo(session *s, const char *arg, const char *body) {
    (void)body;
    if (*arg)
        return ls_raise(s->in, "UsageError", "%%undo takes no argument: once more goes back one more cell");
    return session_undo(s);
}

const magic magic_variables[] = {
    {"reset", "%reset [-f] [-s]", "deletes all variables",
     "-f  without asking\n-s  keeps Out, In and the underscores\n\nThe cells stay in %history, and undo "
     "brings the variables back.",
     "-f -s", MAGIC_NOTHING, MAGIC_LINE, run_reset},
    {"undo", "undo", "brings the variables back to what they were before the last cell",
     "Lists, dictionaries, arrays changed in place and the random generators' states come back too; what "
     "could not be kept\n"
     "because it was too large is named. Once more goes back one more cell. Files that a cell wrote stay, "
     "and so do settings.\n"
     "The word alone on a line does it, or %undo where a variable has that name.",
     NULL, MAGIC_NOTHING, MAGIC_LINE, run_undo},
    {"who", "%who [TYPE …]", "the names of the variables",
     "%who ndarray list names those of these types only.", NULL, MAGIC_TEXT, MAGIC_LINE, run_who},
    {"who_ls", "%who_ls [TYPE …]", "the names of the variables, as a list", NULL, NULL, MAGIC_TEXT,
     MAGIC_LINE, run_who_ls},
    {"whos", "%whos [TYPE …]", "the variables with kind, shape, dtype, bytes, device and value",
     "A larger array is summed up by its range and the number of its NaNs. The table fits the width of the "
     "terminal.\n"
     "%whos tensor lists those of this type only.",
     NULL, MAGIC_TEXT, MAGIC_LINE, run_whos},
    {0}};
