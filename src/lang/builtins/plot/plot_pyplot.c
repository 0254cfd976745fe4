/* matplotlib.pyplot, as far as notebooks use it for lines, images and histograms: plt.plot, plt.title, … draw
   into the interpreter's open figure; fig, ax = plt.subplots() gives the same figure as objects. What only
   changes how a picture looks in matplotlib (alpha, tight_layout, …) is accepted and does nothing.

   One record serves the module's function and the method of Axes: op is 1 for the method, whose first
   argument is the Axes. */
#include "lang/builtins/plot/plot.h"

#include <math.h>
#include <string.h>

/* ---- the open figure ---- */

static bool open_figure(ls_work *w, lsv_figure **f) {
    ls_interp *in = w->in;
    if (in->open_figure.tag != LS_UNSET) {
        *f = ls_figure_of(in->open_figure);
        return true;
    }
    if (!ls_ok(w, lsv_figure_new(f, &w->err))) return false;
    (*f)->legend = (*f)->grid = false;
    if (ls_plot_heed_settings(w, *f)) return ls_figure_new(in, *f, &in->open_figure);
    lsv_figure_free(*f);
    return false;
}

/* The plot of a figure that functions without an Axes draw into. */
static lsv_figure *current(lsv_figure *f) { return f->panels ? f->panels[f->panel] : f; }

/* The plot a call draws into: the Axes' own, or that of the open figure. */
static bool target(ls_work *w, const ls_value *args, lsv_figure **f) {
    if (!w->self->op) {
        if (!open_figure(w, f)) return false;
        *f = current(*f);
        return true;
    }
    *f = ls_figure_of(args[0]);
    return *f || ls_raise(w->in, "TypeError", "an Axes is needed, not %s", ls_type_name(args[0]));
}

#define PYPLOT(name)                                                                               \
    static bool name##_drawn(ls_work *w, lsv_figure *f, const ls_value *args, ls_value *out);      \
    BUILTIN(name) {                                                                                \
        lsv_figure *f;                                                                             \
        return target(w, args, &f) && name##_drawn(w, f, args + w->self->op, out);                 \
    }                                                                                              \
    static bool name##_drawn(ls_work *w __attribute__((unused)), lsv_figure *f __attribute__((unused)), \
                             const ls_value *args __attribute__((unused)), ls_value *out __attribute__((unused)))

/* ---- lines ---- */

/* The keywords of a line; what has no place in lsv's drawing is accepted. */
static bool line_keywords(ls_work *w, ls_value keywords, lsv_series *s, bool *coloured, ls_value *label) {
    static const char *const accepted[] = {"alpha", "markersize", "ms", "zorder", "markerfacecolor", "mfc", "markeredgecolor", "mec", "markeredgewidth", "mew",
                                           "drawstyle", "rasterized", "clip_on", "antialiased", "fillstyle", "markevery", "edgecolors", "edgecolor", "s", "linewidths", "data"};
    const ls_dict *d = keywords.dict;
    bool line = false, marker = false;
    for (ptrdiff_t i = 0; i < d->used; i++) {
        ls_value key = d->entries[i].key, v = d->entries[i].value;
        if (key.tag != LS_STR) continue;
        const char *k = key.str->data;
        double width;
        if (strcmp(k, "label") == 0) {
            *label = v;
        } else if (strcmp(k, "color") == 0 || strcmp(k, "c") == 0) {
            if (ls_is_none(v)) continue;
            if (!ls_plot_colour(w, v, &s->colour)) return false;
            *coloured = true;
        } else if (strcmp(k, "linestyle") == 0 || strcmp(k, "ls") == 0) {
            lsv_plot_style before = s->style;
            if (!ls_plot_line(w, v, s)) return false;
            line = s->style == before || s->style != LSV_PLOT_POINTS;
        } else if (strcmp(k, "marker") == 0) {
            if (ls_is_none(v) || ls_text_is(v, "None") || ls_text_is(v, "")) continue;
            if (v.tag != LS_STR || !strchr(".ox+*sdDv^,<>pPhHX|_", v.str->data[0])) return ls_raise(w->in, "ValueError", "Unrecognized marker style");
            s->marker = v.str->data[0];
            marker = true;
        } else if (strcmp(k, "linewidth") == 0 || strcmp(k, "lw") == 0) {
            if (ls_is_none(v)) continue;
            if (!ls_as_double(w->in, v, "linewidth", &width)) return false;
            s->width = fmin(20, fmax(0.1, width));
        } else {
            size_t n = 0;
            while (n < sizeof accepted / sizeof *accepted && strcmp(accepted[n], k) != 0) n++;
            if (n == sizeof accepted / sizeof *accepted) return ls_raise(w->in, "AttributeError", "Line2D.set() got an unexpected keyword argument '%s'", k);
        }
    }
    if (marker && s->style == LSV_PLOT_LINE) s->style = LSV_PLOT_BOTH;
    if (marker && s->style == LSV_PLOT_POINTS && line) s->style = LSV_PLOT_BOTH;
    return true;
}

/* (*args, **kwargs): y | x, y, each with a format, any number of times */
static bool draw_lines(ls_work *w, lsv_figure *f, const ls_value *args, lsv_series like) {
    const ls_tuple *t = args[0].tuple;
    for (ptrdiff_t i = 0; i < t->n;) {
        ls_value x = ls_none(), y = t->items[i++], label = ls_none();
        lsv_series s = like;
        bool coloured = false;
        if (y.tag == LS_STR) return ls_raise(w->in, "ValueError", "plot: a format string stands behind its data");
        if (i < t->n && t->items[i].tag != LS_STR) {
            x = y;
            y = t->items[i++];
        }
        if (i < t->n && t->items[i].tag == LS_STR && !ls_plot_format(w, t->items[i++].str->data, &s, &coloured)) return false;
        if (like.style == LSV_PLOT_STEPS && s.style == LSV_PLOT_LINE) s.style = LSV_PLOT_STEPS;
        if (!line_keywords(w, args[1], &s, &coloured, &label)) return false;
        if (!s.marker) s.marker = 'o';
        if (!ls_plot_lines(w, f, x, y, label, &s, coloured, true)) return false;
    }
    return true;
}

PYPLOT(py_plot) { return draw_lines(w, f, args, (lsv_series){0}); }
PYPLOT(py_step) { return draw_lines(w, f, args, (lsv_series){.style = LSV_PLOT_STEPS}); }
PYPLOT(py_semilogy) { f->y.log = true; return draw_lines(w, f, args, (lsv_series){0}); }
PYPLOT(py_semilogx) { f->x.log = true; return draw_lines(w, f, args, (lsv_series){0}); }
PYPLOT(py_loglog) { f->x.log = f->y.log = true; return draw_lines(w, f, args, (lsv_series){0}); }

/* (x, y, **kwargs) */
static bool with_keywords(ls_work *w, lsv_figure *f, const ls_value *args, lsv_series s) {
    bool coloured = false;
    ls_value label = ls_none();
    lsv_plot_style style = s.style;
    if (!line_keywords(w, args[2], &s, &coloured, &label)) return false;
    s.style = style;
    return ls_plot_lines(w, f, args[0], args[1], label, &s, coloured, true);
}

PYPLOT(py_scatter) {
    ls_value flat[3] = {args[0], args[1], args[2]};
    lsv_array *x, *y;
    ptrdiff_t all = -1;
    for (int i = 0; i < 2; i++) { /* scatter takes arrays of any shape, element by element */
        lsv_array **a = i ? &y : &x;
        if (!ls_plot_array(w, args[i], i ? "y" : "x", a) || !ls_ok(w, lsv_reshape(*a, 1, &all, false, a, &w->err)) || !ls_keep(w, *a)) return false;
        flat[i] = ls_array(*a);
    }
    if (x->size != y->size) return ls_raise(w->in, "ValueError", "x and y must be the same size");
    return with_keywords(w, f, flat, (lsv_series){.style = LSV_PLOT_POINTS, .marker = 'o'});
}

/* (*args, **kwargs): heads, or locations and heads */
PYPLOT(py_stem) {
    const ls_tuple *t = args[0].tuple;
    if (t->n < 1 || t->n > 2) return ls_raise(w->in, "TypeError", "stem expected between 1 or 2 positional arguments, got %td", t->n);
    ls_value three[3] = {t->n == 2 ? t->items[0] : ls_none(), t->items[t->n - 1], args[1]};
    return with_keywords(w, f, three, (lsv_series){.style = LSV_PLOT_STEMS, .marker = 'o'});
}

/* (x, height, width=0.8, **kwargs): one bar around each x */
PYPLOT(py_bar) {
    lsv_array *x, *y;
    double width;
    lsv_series s = {.style = LSV_PLOT_BARS, .colour = f->nseries};
    bool coloured = false;
    ls_value label = ls_none();
    const char *text = NULL;
    if (!ls_plot_places(w, args[0], "x", &f->x, &x) || !ls_plot_array(w, args[1], "height", &y) || !ls_as_double(w->in, args[2], "width", &width)) return false;
    if (!line_keywords(w, args[3], &s, &coloured, &label) || (!ls_is_none(label) && !ls_as_text(w->in, label, "label", &text))) return false;
    s.style = LSV_PLOT_BARS;
    if (x->ndim != 1 || y->ndim != 1 || x->size != y->size) return ls_raise(w->in, "ValueError", "bar: x and height must be vectors of one length");
    lsv_array *edges, *heights;
    ptrdiff_t n = y->size, gaps = 2 * n - (n > 0), ends = gaps + 1; /* the gaps are bars of height NaN */
    if (!ls_new(w, LSV_FLOAT64, 1, &ends, &edges) || !ls_new(w, LSV_FLOAT64, 1, &gaps, &heights)) return false;
    double *e = lsv_data(edges), *h = lsv_data(heights);
    e[0] = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        double at = lsv_scalar_as_double(lsv_item(x, &i));
        e[2 * i] = at - width / 2;
        e[2 * i + 1] = at + width / 2;
        h[2 * i] = lsv_scalar_as_double(lsv_item(y, &i));
        if (i + 1 < n) h[2 * i + 1] = NAN;
    }
    s.label = (char *)text;
    return ls_ok(w, lsv_figure_add(f, edges, heights, &s, &w->err));
}

/* (x, bins, range, density, **kwargs): counts, edges, None */
PYPLOT(py_hist) {
    lsv_series s = {.style = LSV_PLOT_BARS, .colour = f->nseries};
    bool coloured = false;
    ls_value label = ls_none(), two;
    const char *text = NULL;
    if (!line_keywords(w, args[4], &s, &coloured, &label) || (!ls_is_none(label) && !ls_as_text(w->in, label, "label", &text))) return false;
    s.style = LSV_PLOT_BARS;
    s.label = (char *)text;
    if (!ls_plot_histogram(w, f, args[0], args[1], args[2], args[3], &s, &two)) return false;
    ls_value three[3] = {ls_ref(two.tuple->items[0]), ls_ref(two.tuple->items[1]), ls_none()};
    ls_drop(two);
    return ls_give_tuple(w, out, NULL, 3, three);
}

/* (X, cmap, vmin, vmax, aspect, …) */
PYPLOT(py_imshow) {
    lsv_array *a;
    lsv_plot_map map = LSV_MAP_SEQUENTIAL;
    double vmin = NAN, vmax = NAN;
    if (!ls_plot_array(w, args[0], "imshow", &a)) return false;
    if (a->ndim != 2) return ls_raise(w->in, "TypeError", "Invalid shape for image data: lsv shows matrices of numbers as colours");
    if (!ls_is_none(args[1]) && !ls_plot_map(w, args[1], &map)) return false;
    if (!ls_is_none(args[2]) && !ls_as_double(w->in, args[2], "vmin", &vmin)) return false;
    if (!ls_is_none(args[3]) && !ls_as_double(w->in, args[3], "vmax", &vmax)) return false;
    f->image.stretch = ls_text_is(args[4], "auto");
    bool stretch = f->image.stretch;
    if (!ls_ok(w, lsv_figure_image(f, a, map, vmin, vmax, &w->err))) return false;
    f->image.stretch = stretch;
    return true;
}

/* (x, color, linestyle, …): a line across; op of the record tells nothing, the name does */
static bool across(ls_work *w, lsv_figure *f, const ls_value *args, bool upright) {
    lsv_guide g = {.upright = upright, .colour = f->nseries};
    lsv_series s = {0};
    bool coloured = false;
    ls_value label = ls_none();
    const char *text = NULL;
    if (!ls_as_double(w->in, args[0], upright ? "x" : "y", &g.at) || !line_keywords(w, args[1], &s, &coloured, &label)) return false;
    if (!ls_is_none(label) && !ls_as_text(w->in, label, "label", &text)) return false;
    if (coloured) g.colour = s.colour;
    g.dash = s.dash;
    g.label = (char *)text;
    return ls_ok(w, lsv_figure_guide(f, &g, &w->err));
}

PYPLOT(py_axvline) { return across(w, f, args, true); }
PYPLOT(py_axhline) { return across(w, f, args, false); }

/* ---- texts, axes ---- */

/* Above all plots of the figure. */
BUILTIN(py_suptitle) {
    lsv_figure *f = w->self->op ? ls_figure_of(args[0]) : NULL;
    return (f || open_figure(w, &f)) && ls_plot_text(w, args[w->self->op], "suptitle", &f->title);
}

PYPLOT(py_title) { return ls_plot_text(w, args[0], "title", &f->title); }
PYPLOT(py_xlabel) { return ls_plot_text(w, args[0], "xlabel", &f->x.label); }
PYPLOT(py_ylabel) { return ls_plot_text(w, args[0], "ylabel", &f->y.label); }

static bool scale(ls_work *w, ls_value v, lsv_plot_axis *axis) {
    if (!ls_text_is(v, "log") && !ls_text_is(v, "linear")) return ls_raise(w->in, "ValueError", "'%s' is not a valid value for scale; supported values are 'linear', 'log'", v.tag == LS_STR ? v.str->data : ls_type_name(v));
    axis->log = ls_text_is(v, "log");
    return true;
}

PYPLOT(py_xscale) { return scale(w, args[0], &f->x); }
PYPLOT(py_yscale) { return scale(w, args[0], &f->y); }

/* (left, right): a pair, or two numbers */
static bool limits(ls_work *w, const ls_value *args, const char *what, lsv_plot_axis *axis) {
    ls_value two[2] = {args[0], args[1]};
    if (args[0].tag == LS_TUPLE || args[0].tag == LS_LIST) return ls_plot_limits(w, args[0], what, axis);
    ls_value t = ls_tuple_of(2, two);
    if (t.tag == LS_UNSET) return ls_no_memory(w->in);
    bool ok = ls_plot_limits(w, t, what, axis);
    ls_drop(t);
    return ok;
}

PYPLOT(py_xlim) { return limits(w, args, "xlim", &f->x); }
PYPLOT(py_ylim) { return limits(w, args, "ylim", &f->y); }

/* (ticks, labels, …) */
PYPLOT(py_xticks) { return ls_plot_ticks(w, args[0], args[1], &f->x); }
PYPLOT(py_yticks) { return ls_plot_ticks(w, args[0], args[1], &f->y); }
/* (labels, …) */
PYPLOT(py_xticklabels) { return ls_plot_tick_labels(w, args[0], &f->x); }
PYPLOT(py_yticklabels) { return ls_plot_tick_labels(w, args[0], &f->y); }

PYPLOT(py_grid) {
    if (ls_is_none(args[0])) f->grid = true;
    else return ls_truth(w->in, args[0], &f->grid);
    return true;
}

/* (labels, …): names for the lines there are */
PYPLOT(py_legend) {
    f->legend = true;
    if (ls_is_none(args[0])) return true;
    ls_value list;
    if (!ls_to_list(w->in, args[0], &list)) return false;
    bool ok = true;
    for (ptrdiff_t i = 0; ok && i < list.list->n && i < f->nseries; i++) ok = ls_plot_text(w, list.list->items[i], "labels", &f->series[i].label);
    ls_drop(list);
    return ok;
}

/* (mappable, label, ax, …) */
PYPLOT(py_colorbar) {
    if (ls_figure_of(args[2])) f = ls_figure_of(args[2]);
    f = current(f);
    if (!f->image.cells) return ls_raise(w->in, "RuntimeError", "No mappable was found to use for colorbar creation. First define a mappable such as an image (with imshow).");
    f->image.bar = true;
    return ls_plot_text(w, args[1], "label", &f->image.bar_label);
}

/* Accepted: how a picture looks is lsv's own. */
BUILTIN(py_nothing) { return true; }

/* ---- figures ---- */

/* (num, figsize, …): a new one; what was open is shown first */
static bool fresh(ls_work *w, ls_value figsize, lsv_figure **f) {
    return ls_figure_flush(w->in) && open_figure(w, f) && ls_plot_size(w, figsize, "figsize", *f);
}

BUILTIN(py_figure) {
    lsv_figure *f;
    if (!fresh(w, args[1], &f)) return false;
    *out = ls_ref(w->in->open_figure);
    return true;
}

static bool divide(ls_work *w, lsv_figure *f, int64_t rows, int64_t columns) {
    int r = rows < 0 || rows > 99 ? 99 : (int)rows, c = columns < 0 || columns > 99 ? 99 : (int)columns;
    if (r == 1 && c == 1 && !f->panels) return true;
    return ls_ok(w, lsv_figure_panels(f, r, c, &w->err));
}

/* (nrows, ncols, squeeze, figsize, …): the figure and its axes */
BUILTIN(py_subplots) {
    lsv_figure *f;
    int64_t rows, columns;
    bool squeeze;
    ls_value two[2];
    if (!ls_as_int(w->in, args[0], "nrows", &rows) || !ls_as_int(w->in, args[1], "ncols", &columns) || !ls_truth(w->in, args[2], &squeeze)) return false;
    if (!fresh(w, args[3], &f) || !divide(w, f, rows, columns)) return false;
    if (!ls_axes_array(w->in, w->in->open_figure, (int)rows, (int)columns, squeeze, &two[1])) return false;
    two[0] = ls_ref(w->in->open_figure);
    return ls_give_tuple(w, out, NULL, 2, two);
}

/* (*args): rows, columns, which; or one number of three digits. The open figure's plot that is drawn into next. */
BUILTIN(py_subplot) {
    const ls_tuple *t = args[0].tuple;
    int64_t part[3] = {1, 1, 1};
    lsv_figure *f;
    if (t->n != 0 && t->n != 1 && t->n != 3) return ls_raise(w->in, "TypeError", "subplot() takes 1 or 3 positional arguments but %td were given", t->n);
    for (ptrdiff_t i = 0; i < t->n; i++)
        if (!ls_as_int(w->in, t->items[i], "subplot", &part[i])) return false;
    if (t->n == 1) {
        if (part[0] < 111 || part[0] > 999) return ls_raise(w->in, "ValueError", "Integer subplot specification must be a three-digit number, not %lld", (long long)part[0]);
        part[2] = part[0] % 10;
        part[1] = part[0] / 10 % 10;
        part[0] /= 100;
    }
    if (!open_figure(w, &f) || !divide(w, f, part[0], part[1])) return false;
    if (part[2] < 1 || part[2] > part[0] * part[1])
        return ls_raise(w->in, "ValueError", "num must be an integer with 1 <= num <= %lld, not %lld", (long long)(part[0] * part[1]), (long long)part[2]);
    f->panel = (int)part[2] - 1;
    return ls_axes_new(w->in, w->in->open_figure, f->panel, out);
}

BUILTIN(py_gca) {
    lsv_figure *f;
    return open_figure(w, &f) && ls_axes_new(w->in, w->in->open_figure, f->panel, out);
}

BUILTIN(py_gcf) {
    lsv_figure *f;
    if (!open_figure(w, &f)) return false;
    *out = ls_ref(w->in->open_figure);
    return true;
}

BUILTIN(py_show) { return ls_figure_flush(w->in); }

BUILTIN(py_close) {
    ls_drop(w->in->open_figure);
    w->in->open_figure = (ls_value){.tag = LS_UNSET};
    return true;
}

/* (fname, dpi, …) */
BUILTIN(py_savefig) {
    ls_value v = w->in->open_figure.tag != LS_UNSET ? w->in->open_figure : w->in->figure;
    if (v.tag == LS_UNSET) return ls_raise(w->in, "RuntimeError", "savefig: there is no figure yet");
    return ls_plot_save(w, ls_figure_of(v), args[0], ls_none(), args[1]);
}

#define LINE "*args, **kwargs"
/* The function of the module, and the method of Axes that does the same under its own name. */
#define BOTH(name, method, signature, summary, function, call, other)                              \
    {"plt." name, "(" signature ")", summary, NULL, ON_MODULE(name, call, other), function, 0, 0, NULL}, \
    {"Axes." method, "(self, " signature ")", summary, NULL, ON_AXES(method, call, other), function, 1, 0, NULL}
/* The examples of such a pair: two calls, by their arguments. */
#define ON_MODULE(name, call, other)                                                               \
    ">>> import matplotlib.pyplot as plt; plt." name "(" call "); plt.close()\n>>> plt." name "(" other "); plt.close()\n"
#define ON_AXES(name, call, other)                                                                 \
    ">>> import matplotlib.pyplot as plt; fig, ax = plt.subplots(); ax." name "(" call "); plt.close()\n" \
    ">>> fig, ax = plt.subplots(); ax." name "(" other "); plt.close()\n"
#define ON_FIGURE(before, call, other)                                                             \
    ">>> import matplotlib.pyplot as plt; fig, ax = plt.subplots(); " before "fig." call "; plt.close()\n" \
    ">>> fig, ax = plt.subplots(); " before "fig." other "; plt.close()\n"
#define TWO(one, other) ">>> import matplotlib.pyplot as plt; " one "\n>>> " other "\n"

const ls_builtin ls_family_pyplot[] = {
    {"plt.plot", "(" LINE ")", "draws lines into the open figure",
     "As matplotlib's: y, or x and y, each with a format as \"r--o\", and the keywords label, color, linestyle, marker and linewidth. The figure is "
     "shown by plt.show(), or when the cell ends.",
     ">>> import matplotlib.pyplot as plt; plt.figure(figsize=(6, 1)); plt.plot([1, 2, 3], \"o\"); plt.show()\n"
     "  ┌────────────────────────────────────────────────────────────────────────────┐\n"
     "3 ┤                                                                        •   │\n"
     "  │                                                                            │\n"
     "2 ┤                                      •                                     │\n"
     "1 ┤   •                                                                        │\n"
     "  └───┬────────┬───────┬────────┬────────┬───────┬────────┬───────┬────────┬───┘\n"
     "     0.00     0.25    0.50     0.75     1.00    1.25     1.50    1.75     2.00\n"
     ">>> plt.plot([1, 2], [3, 4], \"r--\", label=\"up\"); plt.close()\n",
     py_plot, 0, 0, NULL},
    {"Axes.plot", "(self, " LINE ")", "draws lines", NULL,
     ON_AXES("plot", "[1, 2], \"o-\"", "[0, 1], [2, 3], label=\"a\""), py_plot, 1, 0, NULL},
    BOTH("step", "step", LINE, "draws lines as steps", py_step,
         "[1, 3, 2]", "[0, 1, 2], [1, 3, 2], label=\"a\""),
    BOTH("semilogy", "semilogy", LINE, "draws lines, with a logarithmic y axis", py_semilogy,
         "[1, 10, 100]", "[0, 1], [1, 1e-9], \"r--\""),
    BOTH("semilogx", "semilogx", LINE, "draws lines, with a logarithmic x axis", py_semilogx,
         "[1, 10, 100], [1, 2, 3]", "[1, 1e6], [0, 1], \"o\""),
    BOTH("loglog", "loglog", LINE, "draws lines, with logarithmic axes", py_loglog,
         "[1, 10], [1, 100]", "[1, 10], [10, 1], \"k:\""),
    BOTH("scatter", "scatter", "x, y, **kwargs", "draws points", py_scatter,
         "[1, 2], [3, 4]", "[1, 2], [3, 4], color=\"red\", label=\"a\""),
    BOTH("stem", "stem", LINE, "draws a point on a stem for each element", py_stem,
         "[1, -2, 3]", "[0, 5], [1, 2]"),
    BOTH("bar", "bar", "x, height, width=0.8, **kwargs", "draws bars", py_bar,
         "[0, 1, 2], [3, 1, 2]", "[0, 1], [3, 1], width=0.5"),
    BOTH("hist", "hist", "x, bins=None, range=None, density=False, **kwargs", "draws a histogram; the counts, the edges and None", py_hist,
         "[1, 2, 2, 3], bins=3", "[1., 2., 2.5], bins=[0, 2, 4]"),
    BOTH("imshow", "imshow", "X, cmap=None, vmin=None, vmax=None, aspect=None, **kwargs", "shows a matrix as colours", py_imshow,
         "[[0, 1], [2, 3]]", "[[0, -1], [2, 3]], cmap=\"coolwarm\", vmin=-3, vmax=3"),
    BOTH("matshow", "matshow", "X, cmap=None, vmin=None, vmax=None, aspect=None, **kwargs", "shows a matrix as colours", py_imshow,
         "[[0, 1], [2, 3]]", "[[0, 1, 2]], cmap=\"gray\""),
    BOTH("axvline", "axvline", "x=0, **kwargs", "an upright line across the plot", py_axvline,
         "2", "2, color=\"red\", linestyle=\"--\""),
    BOTH("axhline", "axhline", "y=0, **kwargs", "a level line across the plot", py_axhline,
         "0.5", "0.5, ls=\":\", label=\"level\""),
    BOTH("title", "set_title", "label, **kwargs", "the text above the plot", py_title,
         "\"waves\"", "r\"$\\\\sigma_i$ of W\""),
    {"plt.suptitle", "(t, **kwargs)", "the text above all plots of the figure", NULL,
     ON_MODULE("suptitle", "\"all\"", "r\"$W = U \\\\Sigma V^T$\""), py_suptitle, 0, 0, NULL},
    {"Figure.suptitle", "(self, t, **kwargs)", "the text above all plots of the figure", NULL,
     ON_FIGURE("", "suptitle(\"all\")", "suptitle(r\"$W = U \\\\Sigma V^T$\")"), py_suptitle, 1, 0, NULL},
    BOTH("xlabel", "set_xlabel", "xlabel, **kwargs", "the text below the x axis", py_xlabel,
         "\"t\"", "r\"$\\\\lambda$\""),
    BOTH("ylabel", "set_ylabel", "ylabel, **kwargs", "the text beside the y axis", py_ylabel,
         "\"amplitude\"", "r\"$10^{-3}$ m\""),
    BOTH("xscale", "set_xscale", "value, **kwargs", "\"log\" or \"linear\"", py_xscale,
         "\"log\"", "\"linear\""),
    BOTH("yscale", "set_yscale", "value, **kwargs", "\"log\" or \"linear\"", py_yscale,
         "\"log\"", "\"linear\""),
    BOTH("xlim", "set_xlim", "left=None, right=None, **kwargs", "the ends of the x axis", py_xlim,
         "0, 10", "[0, 10]"),
    BOTH("ylim", "set_ylim", "bottom=None, top=None, **kwargs", "the ends of the y axis", py_ylim,
         "-1, 1", "bottom=0"),
    BOTH("grid", "grid", "visible=None, which='major', axis='both', **kwargs", "lines at the ticks", py_grid,
         "", "False"),
    BOTH("legend", "legend", "labels=None, **kwargs", "a legend of the labels; or labels for the lines, and a legend", py_legend,
         "", "[\"one\", \"two\"]"),
    {"plt.colorbar", "(mappable=None, label=None, ax=None, **kwargs)", "a scale of the image's colours", NULL,
     TWO("plt.imshow([[0, 1]]); plt.colorbar(); plt.close()", "im = plt.imshow([[0, 1]]); plt.colorbar(im, label=\"weight\"); plt.close()"), py_colorbar, 0, 0, NULL},
    {"Axes.colorbar", "(self, mappable=None, label=None, ax=None, **kwargs)", "a scale of the image's colours", NULL,
     TWO("fig, ax = plt.subplots(); ax.imshow([[0, 1]]); ax.colorbar(); plt.close()", "fig, ax = plt.subplots(); ax.imshow([[0, 1]]); ax.colorbar(label=\"w\"); plt.close()"), py_colorbar, 1, 0, NULL},
    {"Figure.colorbar", "(self, mappable=None, label=None, ax=None, **kwargs)", "a scale of the image's colours", NULL,
     ON_FIGURE("ax.imshow([[0, 1]]); ", "colorbar(None, ax=ax)", "colorbar(None, ax=ax, label=\"weight\")"), py_colorbar, 1, 0, NULL},
    BOTH("tight_layout", "tight_layout", LINE, "accepted", py_nothing,
         "", "pad=2"),
    BOTH("xticks", "set_xticks", "ticks=None, labels=None, **kwargs", "places the ticks of the x axis; labels= says what stands there", py_xticks,
         "[0, 1, 2]", "[0, 1], [\"A\", \"B\"]"),
    BOTH("yticks", "set_yticks", "ticks=None, labels=None, **kwargs", "places the ticks of the y axis; labels= says what stands there", py_yticks,
         "[0, 1, 2]", "[]"),
    {"Axes.set_xticklabels", "(self, labels, **kwargs)", "what stands at the ticks that set_xticks placed", NULL,
     ON_AXES("set_xticks([0, 1]); ax.set_xticklabels", "[\"A\", \"B\"]", "[0, 1]"), py_xticklabels, 1, 0, NULL},
    {"Axes.set_yticklabels", "(self, labels, **kwargs)", "what stands at the ticks that set_yticks placed", NULL,
     ON_AXES("set_yticks([0, 1]); ax.set_yticklabels", "[\"A\", \"B\"]", "[0, 1]"), py_yticklabels, 1, 0, NULL},
    {"Figure.tight_layout Axes.set_aspect", "(self, " LINE ")", "accepted", NULL,
     ON_FIGURE("", "tight_layout()", "tight_layout(pad=1)"), py_nothing, 1, 0, NULL},
    {"plt.ion plt.ioff plt.style.use matplotlib.use", "(" LINE ")", "accepted", NULL,
     TWO("plt.ion()", "plt.style.use(\"ggplot\")"), py_nothing, 0, 0, NULL},
    {"plt.figure", "(num=None, figsize=None, dpi=None, **kwargs)", "begins a figure; the one that was open is shown", NULL,
     TWO("fig = plt.figure(figsize=(6, 3)); plt.close()", "plt.figure(); plt.close()"), py_figure, 0, 0, NULL},
    {"plt.subplots", "(nrows=1, ncols=1, *, squeeze=True, figsize=None, dpi=None, **kwargs)", "begins a figure of plots in rows and columns: the figure and its axes",
     "The axes are one Axes, or an array of them: axs[1] where nrows or ncols is 1, axs[0, 1] otherwise; of two axes in any case with squeeze=False.",
     TWO("fig, ax = plt.subplots(); plt.close()", "fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3)); plt.close()"), py_subplots, 0, 0, NULL},
    {"plt.subplot", "(*args, **kwargs)", "the plot of the open figure that is drawn into next: subplot(rows, columns, which), or subplot(121)", NULL,
     TWO("plt.subplot(1, 2, 1); plt.subplot(1, 2, 2); plt.close()", "plt.subplot(121); plt.title(\"left\"); plt.close()"), py_subplot, 0, 0, NULL},
    {"plt.gca", "()", "the axes of the open figure", NULL,
     TWO("ax = plt.gca(); ax.plot([1, 2]); plt.close()", "plt.gca().set_title(\"t\"); plt.close()"), py_gca, 0, 0, NULL},
    {"plt.gcf", "()", "the open figure", NULL,
     TWO("fig = plt.gcf(); plt.close()", "plt.gcf().suptitle(\"t\"); plt.close()"), py_gcf, 0, 0, NULL},
    {"plt.show", "(**kwargs)", "shows the open figure and closes it", NULL,
     ">>> import matplotlib.pyplot as plt; plt.figure(figsize=(6, 1)); plt.plot([2, 1], \"o\"); plt.show()\n"
     "    ┌──────────────────────────────────────────────────────────────────────────┐\n"
     "2.0 ┤   •                                                                      │\n"
     "1.5 ┤                                                                          │\n"
     "    │                                                                          │\n"
     "1.0 ┤                                                                      •   │\n"
     "    └───┬────────────┬─────────────┬────────────┬─────────────┬────────────┬───┘\n"
     "       0.0          0.2           0.4          0.6           0.8          1.0\n"
     ">>> plt.imshow([[0, 1]]); plt.show()\n"
     "  ┌────────────┐\n"
     "  │      ██████│\n"
     "0 ┤      ██████│\n"
     "  │      ██████│\n"
     "  └───┬─────┬──┘\n"
     "      0     1\n", py_show, 0, 0, NULL},
    {"plt.close plt.clf plt.cla", "(fig=None)", "closes the open figure without showing it", NULL,
     TWO("plt.plot([1, 2]); plt.close()", "plt.plot([1, 2]); plt.clf()"), py_close, 0, 0, NULL},
    {"plt.savefig", "(fname, *, dpi=None, **kwargs)", "writes the open figure to a .svg, .pdf or .png file", NULL,
     TWO("plt.plot([1, 2]); plt.savefig(\"/tmp/line.svg\"); plt.close()", "plt.plot([1, 2]); plt.savefig(\"/tmp/line.png\", dpi=300); plt.close()"), py_savefig, 0, 0, NULL},
    {0}};
