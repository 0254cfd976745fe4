/* What plotting functions are given: vectors and matrices, colours, limits, format strings. */
#include "lang/builtins/plot/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool ls_plot_array(ls_work *w, ls_value v, const char *what, lsv_array **a) {
    if (v.tag == LS_STR || v.tag == LS_DICT || v.tag == LS_NONE)
        return ls_raise(w->in, "TypeError", "%s: numbers are needed, not %s", what, ls_type_name(v));
    if (v.tag == LS_ITER) {
        ls_value list;
        if (!ls_to_list(w->in, v, &list)) return false;
        bool ok = ls_array_like(w, list, LSV_NUMPY, -1, a);
        ls_drop(list);
        return ok;
    }
    return ls_array_like(w, v, LSV_NUMPY, -1, a);
}

bool ls_plot_text(ls_work *w, ls_value v, const char *what, char **to) {
    const char *text;
    if (ls_is_none(v)) return true;
    if (!ls_as_text(w->in, v, what, &text)) return false;
    return ls_ok(w, lsv_figure_text_set(to, text, &w->err));
}

/* Two things out of a tuple or list; either may be None. */
static bool pair(ls_work *w, ls_value v, const char *what, ls_value out[2]) {
    const ls_value *items = v.tag == LS_TUPLE ? v.tuple->items : v.tag == LS_LIST ? v.list->items : NULL;
    ptrdiff_t n = v.tag == LS_TUPLE ? v.tuple->n : v.tag == LS_LIST ? v.list->n : 0;
    if (n != 2) return ls_raise(w->in, "ValueError", "%s is a pair of numbers", what);
    out[0] = items[0];
    out[1] = items[1];
    return true;
}

static bool limit(ls_work *w, ls_value v, const char *what, bool log, bool *has, double *to) {
    if (ls_is_none(v)) return true;
    double x;
    if (!ls_as_double(w->in, v, what, &x)) return false;
    if (!isfinite(x)) return ls_raise(w->in, "ValueError", "%s: Axis limits cannot be NaN or Inf", what);
    if (log && x <= 0)
        return ls_raise(w->in, "ValueError", "%s: a logarithmic axis has no place for %g", what, x);
    *has = true;
    *to = x;
    return true;
}

bool ls_plot_limits(ls_work *w, ls_value v, const char *what, lsv_plot_axis *axis) {
    ls_value two[2];
    if (ls_is_none(v)) return true;
    if (!pair(w, v, what, two)) return false;
    if (!limit(w, two[0], what, axis->log, &axis->has_low, &axis->low) ||
        !limit(w, two[1], what, axis->log, &axis->has_high, &axis->high))
        return false;
    if (axis->has_low && axis->has_high && axis->low == axis->high)
        return ls_raise(w->in, "ValueError", "%s: the two ends are equal", what);
    return true;
}

bool ls_plot_size(ls_work *w, ls_value v, const char *what, lsv_figure *f) {
    ls_value two[2];
    double width, height;
    if (ls_is_none(v)) return true;
    if (!pair(w, v, what, two) || !ls_as_double(w->in, two[0], what, &width) ||
        !ls_as_double(w->in, two[1], what, &height))
        return false;
    if (!(width >= 1 && height >= 1 && width <= 100 && height <= 100))
        return ls_raise(w->in, "ValueError", "%s is a width and a height in inches, 1 to 100, not (%g, %g)",
                        what, width, height);
    f->width = width;
    f->height = height;
    return true;
}

/* ---- colours, maps ---- */

static const struct {
    const char *name;
    int colour;
} colours[] = {
    {"b", 0x0000ff},          {"g", 0x007f00},          {"r", 0xff0000},         {"c", 0x00bfbf},
    {"m", 0xbf00bf},          {"y", 0xbfbf00},          {"k", 0x000000},         {"w", 0xffffff},
    {"blue", 0x0000ff},       {"green", 0x008000},      {"red", 0xff0000},       {"cyan", 0x00ffff},
    {"magenta", 0xff00ff},    {"yellow", 0xffff00},     {"black", 0x000000},     {"white", 0xffffff},
    {"gray", 0x808080},       {"grey", 0x808080},       {"orange", 0xffa500},    {"purple", 0x800080},
    {"brown", 0xa52a2a},      {"pink", 0xffc0cb},       {"olive", 0x808000},     {"navy", 0x000080},
    {"teal", 0x008080},       {"gold", 0xffd700},       {"crimson", 0xdc143c},   {"darkblue", 0x00008b},
    {"darkgreen", 0x006400},  {"darkred", 0x8b0000},    {"steelblue", 0x4682b4}, {"lightgray", 0xd3d3d3},
    {"lightgrey", 0xd3d3d3},  {"darkorange", 0xff8c00}, {"lightblue", 0xadd8e6}, {"violet", 0xee82ee},
    {"tab:blue", 0x1f77b4},   {"tab:orange", 0xff7f0e}, {"tab:green", 0x2ca02c}, {"tab:red", 0xd62728},
    {"tab:purple", 0x9467bd}, {"tab:brown", 0x8c564b},  {"tab:pink", 0xe377c2},  {"tab:gray", 0x7f7f7f},
    {"tab:olive", 0xbcbd22},  {"tab:cyan", 0x17becf},
};

bool ls_plot_colour(ls_work *w, ls_value v, int *colour) {
    if (v.tag == LS_STR) {
        const char *name = v.str->data;
        char *end;
        if (name[0] == 'C' && name[1] >= '0' && name[1] <= '9' && !name[2]) {
            *colour = name[1] - '0';
            return true;
        }
        if (name[0] == '#' && strlen(name) == 7) {
            long rgb = strtol(name + 1, &end, 16);
            *colour = LSV_PLOT_RGB | (int)rgb;
            if (!*end) return true;
        }
        for (size_t i = 0; i < sizeof colours / sizeof *colours; i++)
            if (strcmp(colours[i].name, name) == 0) {
                *colour = LSV_PLOT_RGB | colours[i].colour;
                return true;
            }
        ls_raise(w->in, "ValueError", "'%s' is not a color lsv knows", name);
        ls_hint(w->in, "a name as \"red\", \"C0\" to \"C9\", or \"#rrggbb\"");
        return false;
    }
    ls_value list;
    double part[3];
    if (v.tag != LS_TUPLE && v.tag != LS_LIST && v.tag != LS_ARRAY)
        return ls_raise(w->in, "TypeError", "a color is a str or three numbers, not %s", ls_type_name(v));
    if (!ls_to_list(w->in, v, &list)) return false;
    bool ok = (list.list->n == 3 || list.list->n == 4) ||
              ls_raise(w->in, "ValueError", "a color is a str or three numbers from 0 to 1");
    for (int i = 0; ok && i < 3; i++) {
        ok = ls_as_double(w->in, list.list->items[i], "color", &part[i]);
        if (ok && !(part[i] >= 0 && part[i] <= 1))
            ok = ls_raise(w->in, "ValueError", "RGBA values should be within 0-1 range");
    }
    ls_drop(list);
    if (ok)
        *colour = LSV_PLOT_RGB | (int)lround(part[0] * 255) << 16 | (int)lround(part[1] * 255) << 8 |
                  (int)lround(part[2] * 255);
    return ok;
}

bool ls_plot_map(ls_work *w, ls_value v, lsv_plot_map *map) {
    static const struct {
        const char *name;
        lsv_plot_map map;
    } maps[] = {
        {"auto", LSV_MAP_AUTO},           {"sequential", LSV_MAP_SEQUENTIAL},
        {"viridis", LSV_MAP_SEQUENTIAL},  {"plasma", LSV_MAP_SEQUENTIAL},
        {"inferno", LSV_MAP_SEQUENTIAL},  {"magma", LSV_MAP_SEQUENTIAL},
        {"cividis", LSV_MAP_SEQUENTIAL},  {"hot", LSV_MAP_SEQUENTIAL},
        {"jet", LSV_MAP_SEQUENTIAL},      {"Blues", LSV_MAP_SEQUENTIAL},
        {"diverging", LSV_MAP_DIVERGING}, {"RdBu", LSV_MAP_DIVERGING},
        {"RdBu_r", LSV_MAP_DIVERGING},    {"coolwarm", LSV_MAP_DIVERGING},
        {"bwr", LSV_MAP_DIVERGING},       {"seismic", LSV_MAP_DIVERGING},
        {"gray", LSV_MAP_GREY},           {"grey", LSV_MAP_GREY},
        {"Greys_r", LSV_MAP_GREY},
    };
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        if (ls_text_is(v, maps[i].name)) {
            *map = maps[i].map;
            return true;
        }
    if (v.tag != LS_STR) return ls_raise(w->in, "TypeError", "cmap is a str, not %s", ls_type_name(v));
    ls_raise(w->in, "ValueError", "'%s' is not a colormap lsv knows", v.str->data);
    ls_hint(w->in, "\"viridis\" for magnitudes, \"coolwarm\" for signed data, \"gray\"");
    return false;
}

/* ---- styles ---- */

static bool line_at(const char **p, lsv_plot_dash *dash) {
    static const struct {
        const char *text;
        lsv_plot_dash dash;
    } lines[] = {
        {"--", LSV_PLOT_DASHED}, {"-.", LSV_PLOT_DASHDOT}, {"-", LSV_PLOT_SOLID}, {":", LSV_PLOT_DOTTED}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (strncmp(*p, lines[i].text, strlen(lines[i].text)) == 0) {
            *p += strlen(lines[i].text);
            *dash = lines[i].dash;
            return true;
        }
    return false;
}

bool ls_plot_format(ls_work *w, const char *format, lsv_series *s, bool *coloured) {
    bool line = false, marker = false;
    for (const char *p = format; *p;) {
        if (line_at(&p, &s->dash)) {
            line = true;
        } else if (*p == 'C' && p[1] >= '0' && p[1] <= '9') {
            s->colour = p[1] - '0';
            *coloured = true;
            p += 2;
        } else if (strchr("bgrcmykw", *p)) {
            for (size_t i = 0; i < 8; i++)
                if (colours[i].name[0] == *p) s->colour = LSV_PLOT_RGB | colours[i].colour;
            *coloured = true;
            p++;
        } else if (strchr(".ox+*sdDv^", *p)) {
            s->marker = *p++;
            marker = true;
        } else {
            return ls_raise(w->in, "ValueError",
                            "'%s' is not a valid format string (unrecognized character '%c')", format, *p);
        }
    }
    s->style = marker ? (line ? LSV_PLOT_BOTH : LSV_PLOT_POINTS) : LSV_PLOT_LINE;
    return true;
}

bool ls_plot_line(ls_work *w, ls_value v, lsv_series *s) {
    static const struct {
        const char *name;
        int dash;
    } names[] = {{"solid", LSV_PLOT_SOLID},
                 {"dashed", LSV_PLOT_DASHED},
                 {"dotted", LSV_PLOT_DOTTED},
                 {"dashdot", LSV_PLOT_DASHDOT},
                 {"-", LSV_PLOT_SOLID},
                 {"--", LSV_PLOT_DASHED},
                 {":", LSV_PLOT_DOTTED},
                 {"-.", LSV_PLOT_DASHDOT},
                 {"None", -1},
                 {"none", -1},
                 {"", -1},
                 {" ", -1}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (ls_text_is(v, names[i].name)) {
            if (names[i].dash < 0) s->style = LSV_PLOT_POINTS;
            else s->dash = (lsv_plot_dash)names[i].dash;
            return true;
        }
    return ls_raise(w->in, "ValueError",
                    "'%s' is not a valid value for ls; supported values are '-', '--', '-.', ':', 'None'",
                    v.tag == LS_STR ? v.str->data : ls_type_name(v));
}

/* ---- lines ---- */

typedef struct lines {
    ls_work *w;
    lsv_figure *f;
    ls_value labels;
    const lsv_series *like;
    bool coloured;
    int n; /* of lines so far in this call */
} lines;

/* The next line's label: the only str, or its own of a list; *label is borrowed. */
static bool next_label(lines *l, const char **label) {
    ls_value v = l->labels;
    *label = NULL;
    if (v.tag == LS_TUPLE || v.tag == LS_LIST) {
        ptrdiff_t n = v.tag == LS_TUPLE ? v.tuple->n : v.list->n;
        if (l->n >= n)
            return ls_raise(l->w->in, "ValueError", "there are only %td labels, and more lines", n);
        v = v.tag == LS_TUPLE ? v.tuple->items[l->n] : v.list->items[l->n];
    } else if (v.tag == LS_STR && l->n > 0 && l->coloured == false) {
        return true; /* one label for several lines names the first */
    }
    return ls_is_none(v) || ls_as_text(l->w->in, v, "label", label);
}

static bool one_line(lines *l, const lsv_array *x, const lsv_array *y) {
    lsv_series s = *l->like;
    const char *label;
    if (!next_label(l, &label)) return false;
    s.label = (char *)label; /* copied by lsv_figure_add */
    if (!l->coloured) s.colour = l->f->nseries;
    l->n++;
    return ls_ok(l->w, lsv_figure_add(l->f, x, y, &s, &l->w->err));
}

static bool column(lines *l, lsv_array *a, ptrdiff_t j, lsv_array **out) {
    lsv_index at[2] = {{.type = LSV_IX_SLICE, .step = 1}, {.type = LSV_IX_INT, .start = j}};
    return ls_ok(l->w, lsv_index_get(a, at, 2, out, &l->w->err)) && ls_keep(l->w, *out);
}

/* Vectors, or matrices by their columns; a number is one point. */
static bool arrays(lines *l, lsv_array *x, lsv_array *y) {
    ls_work *w = l->w;
    char shape[96];
    if (y->ndim == 0) {
        ptrdiff_t one = 1;
        if (!ls_ok(w, lsv_reshape(y, 1, &one, false, &y, &w->err)) || !ls_keep(w, y)) return false;
        if (x && x->ndim == 0 && (!ls_ok(w, lsv_reshape(x, 1, &one, false, &x, &w->err)) || !ls_keep(w, x)))
            return false;
    }
    if (y->ndim == 1 && x && x->ndim == 2 && x->shape[1] == 1)
        return column(l, x, 0, &x) && one_line(l, x, y);
    if (y->ndim == 1) return one_line(l, x, y);
    if (y->ndim != 2)
        return ls_raise(w->in, "ValueError",
                        "a vector or a matrix (its columns are the lines) is drawn, not an array of shape %s",
                        lsv_shape_text(y, shape, sizeof shape));
    if (y->shape[1] > 200)
        return ls_raise(w->in, "ValueError",
                        "the columns of a matrix are drawn as lines, and %td are too many; heatmap(W) shows "
                        "it as colours",
                        y->shape[1]);
    for (ptrdiff_t j = 0; j < y->shape[1]; j++) {
        lsv_array *yj, *xj = x;
        if (!column(l, y, j, &yj)) return false;
        if (x && x->ndim == 2 && !column(l, x, x->shape[1] == 1 ? 0 : j, &xj)) return false;
        if (!one_line(l, xj, yj)) return false;
    }
    return true;
}

/* A list whose first element is a vector itself: several lines. */
static bool is_vectors(ls_value v) {
    if (v.tag != LS_LIST && v.tag != LS_TUPLE) return false;
    ptrdiff_t n = v.tag == LS_LIST ? v.list->n : v.tuple->n;
    if (!n) return false;
    ls_value first = v.tag == LS_LIST ? v.list->items[0] : v.tuple->items[0];
    return first.tag == LS_LIST || first.tag == LS_TUPLE || first.tag == LS_RANGE ||
           (first.tag == LS_ARRAY && first.array->ndim >= 1);
}

bool ls_plot_lines(ls_work *w, lsv_figure *f, ls_value x, ls_value y, ls_value labels, const lsv_series *like,
                   bool coloured, bool matrices) {
    lines l = {w, f, labels, like, coloured, 0};
    lsv_array *ax = NULL, *ay;
    bool pairs = is_vectors(x) && is_vectors(y) && !matrices;
    if (!ls_is_none(x) && !pairs && !ls_plot_array(w, x, "x", &ax)) return false;
    if (!is_vectors(y) || matrices) return ls_plot_array(w, y, "y", &ay) && arrays(&l, ax, ay);
    ptrdiff_t n = y.tag == LS_LIST ? y.list->n : y.tuple->n;
    if (pairs && n != (x.tag == LS_LIST ? x.list->n : x.tuple->n))
        return ls_raise(w->in, "ValueError", "x and y hold different numbers of lines");
    for (ptrdiff_t i = 0; i < n; i++) {
        if (pairs && !ls_plot_array(w, x.tag == LS_LIST ? x.list->items[i] : x.tuple->items[i], "x", &ax))
            return false;
        if (!ls_plot_array(w, y.tag == LS_LIST ? y.list->items[i] : y.tuple->items[i], "y", &ay) ||
            !arrays(&l, ax, ay))
            return false;
    }
    return true;
}

/* ---- histograms, files ---- */

bool ls_plot_histogram(ls_work *w, lsv_figure *f, ls_value x, ls_value bins, ls_value range, ls_value density,
                       const lsv_series *like, ls_value *result) {
    static const char *const names[] = {"bins", "range", "density"};
    const ls_builtin *b = ls_builtin_find("np.histogram");
    lsv_array *a, *counts, *edges;
    if (!b) return ls_raise(w->in, "SystemError", "np.histogram is missing");
    if (!ls_plot_array(w, x, "x", &a)) return false;
    ls_value args[4] = {ls_array(a), ls_is_none(bins) ? ls_int(10) : bins, range, density};
    if (!ls_call_kw(w->in, (ls_value){.tag = LS_BUILTIN, .builtin = b}, args, 1, names, 3, result))
        return false;
    bool ok = ls_array_like(w, result->tuple->items[0], LSV_NUMPY, -1, &counts) &&
              ls_array_like(w, result->tuple->items[1], LSV_NUMPY, -1, &edges) &&
              ls_ok(w, lsv_figure_add(f, edges, counts, like, &w->err));
    if (!ok) ls_drop(*result);
    return ok;
}

bool ls_plot_save(ls_work *w, lsv_figure *f, ls_value path, ls_value size, ls_value dpi) {
    double width = f->width, height = f->height, dots = 0;
    if (path.tag != LS_STR)
        return ls_raise(w->in, "TypeError", "savefig: the name of a file is needed (a str), not %s",
                        ls_type_name(path));
    if (strlen(path.str->data) != path.str->length)
        return ls_raise(w->in, "ValueError", "embedded null byte");
    if (!ls_is_none(dpi) && !ls_text_is(dpi, "figure") && !ls_as_double(w->in, dpi, "dpi", &dots))
        return false;
    if (!ls_plot_size(w, size, "size", f)) return false;
    lsv_status status = lsv_figure_save(f, path.str->data, dots, &w->err);
    f->width = width;
    f->height = height;
    return ls_file_ok(w, status);
}
