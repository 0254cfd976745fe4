/* plot, spectrum, heatmap, hist: each makes a Figure. savefig and show take the one made last. */
#include "lang/builtins/plot/plot.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "linalg/linalg.h"

/* ---- the value ---- */

static const ls_type figure_type = {"Figure", "Figure"}, axes_type = {"Axes", "Axes"};

static void release(void *payload) { lsv_figure_free(payload); }

lsv_figure *ls_figure_of(ls_value v) {
    if (v.tag != LS_OPAQUE) return NULL;
    if (v.opaque->type == &axes_type) { /* its panel, unless the figure has been divided anew */
        lsv_figure *whole = ls_figure_of(v.opaque->state[0]);
        int64_t panel = v.opaque->number;
        return whole->panels && panel < whole->panel_rows * whole->panel_columns ? whole->panels[panel] : whole;
    }
    return v.opaque->type == &figure_type ? v.opaque->payload : NULL;
}

bool ls_figure_new(ls_interp *in, lsv_figure *f, ls_value *out) {
    ls_value v = ls_opaque_new(&figure_type, "<Figure>");
    if (v.tag == LS_UNSET) {
        lsv_figure_free(f);
        return ls_no_memory(in);
    }
    v.opaque->payload = f;
    v.opaque->release = release;
    *out = v;
    return true;
}

bool ls_axes_new(ls_interp *in, ls_value figure, int panel, ls_value *out) {
    ls_value v = ls_opaque_new(&axes_type, "<Axes: >");
    if (v.tag == LS_UNSET) return ls_no_memory(in);
    v.opaque->state[0] = ls_ref(figure);
    v.opaque->number = panel;
    *out = v;
    return true;
}

void ls_figure_remember(ls_interp *in, ls_value figure) {
    ls_value before = in->figure;
    in->figure = ls_ref(figure);
    ls_drop(before);
}

bool ls_figure_show(ls_interp *in, ls_value figure) {
    const lsv_figure *f = ls_figure_of(figure);
    if (in->client.figure) return in->client.figure(in->client.ctx, in, f);
    lsv_text t = {0};
    lsv_error err = {0};
    bool ok = lsv_figure_text(f, (lsv_text_picture){.columns = 80}, &t, &err) == LSV_OK || ls_raise_lsv(in, &err);
    if (ok) ls_write(in, t.data, t.length);
    lsv_text_free(&t);
    return ok;
}

bool ls_figure_flush(ls_interp *in) {
    if (in->open_figure.tag == LS_UNSET) return true;
    ls_value v = in->open_figure;
    in->open_figure = (ls_value){.tag = LS_UNSET};
    ls_figure_remember(in, v);
    bool ok = lsv_figure_is_empty(ls_figure_of(v)) || ls_figure_show(in, v);
    ls_drop(v);
    return ok;
}

/* ---- making ---- */

/* Hands out the figure as a value where ok, else frees it. */
static bool give_figure(ls_work *w, lsv_figure *f, bool ok, ls_value *out) {
    if (!ok) {
        lsv_figure_free(f);
        return false;
    }
    if (!ls_figure_new(w->in, f, out)) return false;
    ls_figure_remember(w->in, *out);
    return true;
}

/* title, xlabel, ylabel, size: four arguments in this order, None for what is not wanted. */
static bool texts(ls_work *w, lsv_figure *f, const ls_value *args) {
    return ls_plot_text(w, args[0], "title", &f->title) && ls_plot_text(w, args[1], "xlabel", &f->x.label) &&
           ls_plot_text(w, args[2], "ylabel", &f->y.label) && ls_plot_size(w, args[3], "size", f);
}

static bool style_of(ls_work *w, ls_value v, lsv_series *s, bool *coloured) {
    static const struct { const char *name; lsv_plot_style style; } styles[] = {{"line", LSV_PLOT_LINE}, {"lines", LSV_PLOT_LINE}, {"points", LSV_PLOT_POINTS},
        {"both", LSV_PLOT_BOTH}, {"steps", LSV_PLOT_STEPS}, {"stems", LSV_PLOT_STEMS}};
    s->marker = 'o';
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++)
        if (ls_text_is(v, styles[i].name)) {
            s->style = styles[i].style;
            return true;
        }
    if (v.tag == LS_STR && v.str->length && v.str->length <= 4 && strspn(v.str->data, "bgrcmykw.ox+*sdDv^-:C0123456789") == v.str->length)
        return ls_plot_format(w, v.str->data, s, coloured);
    return ls_raise(w->in, "ValueError", "plot: style is \"line\", \"points\", \"both\", \"steps\" or \"stems\", or as \"r--\"");
}

/* A logarithmic axis with nothing to show on it. */
static bool positive(ls_work *w, const lsv_figure *f) {
    for (int axis = 0; axis < 2; axis++) {
        bool any = false;
        if (!(axis ? f->y.log : f->x.log)) continue;
        for (int k = 0; k < f->nseries && !any; k++) {
            const lsv_series *s = &f->series[k];
            any = s->n == 0;
            for (ptrdiff_t i = 0; i < s->n && !any; i++) any = (axis ? s->y[i] : s->x ? s->x[i] : (double)i) > 0;
        }
        if (any || !f->nseries) continue;
        ls_raise(w->in, "ValueError", "plot: a logarithmic %s axis shows positive numbers only, and there is none", axis ? "y" : "x");
        return false;
    }
    return true;
}

static bool fill_plot(ls_work *w, lsv_figure *f, const ls_value *args) {
    enum { ARGS, LABEL, LABELS, LEGEND, LOGX, LOGY, STYLE, COLOR, XLIM, YLIM, GRID, TITLE };
    const ls_tuple *data = args[ARGS].tuple;
    lsv_series like = {0};
    bool coloured = false;
    if (data->n < 1 || data->n > 3) return ls_raise(w->in, "TypeError", "plot takes y, or x and y, and %td arguments were given", data->n);
    ls_value x = data->n > 1 && data->items[1].tag != LS_STR ? data->items[0] : ls_none();
    ls_value y = data->n > 1 && data->items[1].tag != LS_STR ? data->items[1] : data->items[0];
    ls_value style = data->n > 1 && data->items[data->n - 1].tag == LS_STR ? data->items[data->n - 1] : args[STYLE];
    if (!style_of(w, style, &like, &coloured)) return false;
    if (!ls_is_none(args[COLOR])) {
        if (!ls_plot_colour(w, args[COLOR], &like.colour)) return false;
        coloured = true;
    }
    if (!ls_truth(w->in, args[LEGEND], &f->legend) || !ls_truth(w->in, args[LOGX], &f->x.log) || !ls_truth(w->in, args[LOGY], &f->y.log) ||
        !ls_truth(w->in, args[GRID], &f->grid) || !texts(w, f, args + TITLE))
        return false;
    if (!ls_plot_limits(w, args[XLIM], "xlim", &f->x) || !ls_plot_limits(w, args[YLIM], "ylim", &f->y)) return false;
    ls_value labels = ls_is_none(args[LABELS]) ? args[LABEL] : args[LABELS];
    f->x.integers = ls_is_none(x) && !f->x.log; /* the elements' numbers */
    return ls_plot_lines(w, f, x, y, labels, &like, coloured, false) && positive(w, f);
}

BUILTIN(plot_plot) {
    lsv_figure *f;
    return ls_ok(w, lsv_figure_new(&f, &w->err)) && give_figure(w, f, fill_plot(w, f, args), out);
}

/* ---- spectrum ---- */

typedef struct spectrum { lsv_array *s; ptrdiff_t n, rank, zeros; double tol; char what[96]; } spectrum;

/* Singular values of a matrix, or a vector of them, as doubles from the largest on; and the usual tolerance. */
static bool values_of(ls_work *w, ls_value v, spectrum *s) {
    lsv_array *a, *values = NULL;
    char shape[96];
    if (!ls_plot_array(w, v, "spectrum", &a)) return false;
    lsv_dtype d = (lsv_dtype)a->dtype;
    double eps = d == LSV_FLOAT32 ? FLT_EPSILON : d == LSV_FLOAT16 ? 0x1p-10 : d == LSV_BFLOAT16 ? 0x1p-7 : DBL_EPSILON;
    if (a->ndim != 1 && a->ndim != 2) return ls_raise(w->in, "ValueError", "spectrum: a matrix or a vector of singular values is needed, not an array of shape %s", lsv_shape_text(a, shape, sizeof shape));
    if (a->size == 0) return ls_raise(w->in, "ValueError", "spectrum: an array of shape %s has no singular values", lsv_shape_text(a, shape, sizeof shape));
    ptrdiff_t longest = a->shape[0] > a->shape[a->ndim - 1] ? a->shape[0] : a->shape[a->ndim - 1];
    if (!ls_ok(w, lsv_as_dtype(a, LSV_FLOAT64, &a, &w->err)) || !ls_keep(w, a)) return false;
    if (a->ndim == 2) {
        snprintf(s->what, sizeof s->what, "Singular values of a %td×%td matrix", a->shape[0], a->shape[1]);
        if (!ls_ok(w, lsv_svd(a, false, LSV_SVD_AUTO, NULL, &values, NULL, &w->err))) return false;
    } else {
        snprintf(s->what, sizeof s->what, a->size == 1 ? "%td singular value" : "%td singular values", a->size);
        if (!ls_ok(w, lsv_sort(a, 0, true, &values, NULL, &w->err))) return false;
    }
    if (!ls_keep(w, values) || !ls_ok(w, lsv_contiguous(values, &s->s, &w->err)) || !ls_keep(w, s->s)) return false;
    const double *sv = lsv_data(s->s);
    s->n = s->s->size;
    for (ptrdiff_t i = 0; i < s->n; i++)
        if (!(sv[i] >= 0) || isinf(sv[i])) return ls_raise(w->in, "ValueError", "spectrum: singular values are not negative, and %g is among them", sv[i]);
    s->tol = sv[0] * (double)longest * eps;
    return true;
}

static bool choose_rank(ls_work *w, ls_value rank, ls_value tol, spectrum *s, bool *given) {
    const double *sv = lsv_data(s->s);
    *given = !ls_is_none(rank);
    if (!ls_is_none(rank) && !ls_is_none(tol)) return ls_raise(w->in, "TypeError", "spectrum: rank or tol, not both");
    if (!ls_is_none(tol) && !ls_as_double(w->in, tol, "tol", &s->tol)) return false;
    for (ptrdiff_t i = 0; i < s->n; i++) {
        s->rank += sv[i] > s->tol;
        s->zeros += sv[i] == 0;
    }
    if (!*given) return true;
    if (!ls_count(w, rank, "rank", &s->rank)) return false;
    return (s->rank >= 0 && s->rank <= s->n) || ls_raise(w->in, "ValueError", "spectrum: rank must be 0 to %td, not %td", s->n, s->rank);
}

/* The values first … last - 1 as a line with points; numbered from 1. */
static bool add_values(ls_work *w, lsv_figure *f, const spectrum *s, ptrdiff_t first, ptrdiff_t last, const char *label, int colour) {
    lsv_array *x, *y;
    lsv_index part = {.type = LSV_IX_SLICE, .has_start = true, .has_stop = true, .start = first, .stop = last, .step = 1};
    lsv_series like = {.style = LSV_PLOT_BOTH, .marker = 'o', .colour = colour, .label = (char *)label, .width = 0.8};
    if (first >= last) return true;
    if (s->n > 300) like.style = LSV_PLOT_POINTS;
    if (!ls_ok(w, lsv_index_get(s->s, &part, 1, &y, &w->err)) || !ls_keep(w, y)) return false;
    if (!ls_ok(w, lsv_arange(LSV_NUMPY, LSV_FLOAT64, lsv_scalar_float((double)first + 1), lsv_scalar_float(1), last - first, &x, &w->err)) || !ls_keep(w, x)) return false;
    return ls_ok(w, lsv_figure_add(f, x, y, &like, &w->err));
}

static bool fill_spectrum(ls_work *w, lsv_figure *f, const ls_value *args) {
    enum { W, RANK, TOL, LOGY, TITLE };
    spectrum s = {0};
    bool given = false;
    char kept[96], left[96], mark[48];
    if (!values_of(w, args[W], &s) || !choose_rank(w, args[RANK], args[TOL], &s, &given) || !ls_truth(w->in, args[LOGY], &f->y.log)) return false;
    const double *sv = lsv_data(s.s);
    snprintf(kept, sizeof kept, s.rank == 1 ? "%td value kept" : "%td values kept", s.rank);
    if (given) snprintf(left, sizeof left, "%td left out", s.n - s.rank);
    else snprintf(left, sizeof left, "%td at most %.2g", s.n - s.rank, s.tol);
    if (s.zeros && f->y.log && s.zeros < 1000000000) snprintf(left + strlen(left), sizeof left - strlen(left), " (%td zero, not shown)", s.zeros);
    snprintf(mark, sizeof mark, "rank %td", s.rank);
    lsv_guide rank = {.at = (double)s.rank + 0.5, .upright = true, .label = mark, .colour = 1, .dash = LSV_PLOT_DASHED};
    lsv_guide level = {.at = s.tol, .colour = LSV_PLOT_GREY, .dash = LSV_PLOT_DOTTED};
    f->x.integers = true;
    double margin = fmax(0.7, 0.03 * (double)s.n);
    f->x.has_low = f->x.has_high = true;
    f->x.low = 1 - fmin(margin, 0.9);
    f->x.high = (double)s.n + margin;
    if (!ls_ok(w, lsv_figure_text_set(&f->title, s.what, &w->err)) || !ls_ok(w, lsv_figure_text_set(&f->x.label, "index", &w->err)) ||
        !ls_ok(w, lsv_figure_text_set(&f->y.label, "singular value", &w->err)) || !texts(w, f, args + TITLE))
        return false;
    if (!add_values(w, f, &s, 0, s.rank, kept, 0) || !add_values(w, f, &s, s.rank, s.n, left, LSV_PLOT_GREY)) return false;
    bool below = s.rank < s.n && (!f->y.log || sv[s.rank] > 0);
    if (!given && below && s.tol > 0 && !ls_ok(w, lsv_figure_guide(f, &level, &w->err))) return false;
    return ls_ok(w, lsv_figure_guide(f, &rank, &w->err));
}

BUILTIN(plot_spectrum) {
    lsv_figure *f;
    return ls_ok(w, lsv_figure_new(&f, &w->err)) && give_figure(w, f, fill_spectrum(w, f, args), out);
}

/* ---- heatmap, hist ---- */

static bool number_or_nan(ls_work *w, ls_value v, const char *what, double *x) {
    *x = NAN;
    return ls_is_none(v) || ls_as_double(w->in, v, what, x);
}

static bool fill_heatmap(ls_work *w, lsv_figure *f, const ls_value *args) {
    enum { W, CMAP, VMIN, VMAX, BAR, LABEL, TITLE };
    lsv_array *a;
    lsv_plot_map map = LSV_MAP_AUTO;
    double vmin, vmax;
    if (!ls_plot_array(w, args[W], "heatmap", &a) || !ls_plot_map(w, args[CMAP], &map) || !number_or_nan(w, args[VMIN], "vmin", &vmin) ||
        !number_or_nan(w, args[VMAX], "vmax", &vmax) || !ls_truth(w->in, args[BAR], &f->image.bar) || !texts(w, f, args + TITLE))
        return false;
    if (a->ndim == 1) {
        ls_raise(w->in, "ValueError", "heatmap: a matrix is needed, not a vector");
        ls_hint(w->in, "plot(v) draws a vector; v[None, :] is a matrix of one row");
        return false;
    }
    return ls_plot_text(w, args[LABEL], "label", &f->image.bar_label) && ls_ok(w, lsv_figure_image(f, a, map, vmin, vmax, &w->err));
}

BUILTIN(plot_heatmap) {
    lsv_figure *f;
    return ls_ok(w, lsv_figure_new(&f, &w->err)) && give_figure(w, f, fill_heatmap(w, f, args), out);
}

static bool fill_hist(ls_work *w, lsv_figure *f, const ls_value *args) {
    enum { X, BINS, RANGE, DENSITY, LABEL, LOGY, GRID, TITLE };
    lsv_series like = {.style = LSV_PLOT_BARS};
    const char *label = NULL;
    bool density;
    ls_value result;
    if (!ls_is_none(args[LABEL]) && !ls_as_text(w->in, args[LABEL], "label", &label)) return false;
    like.label = (char *)label;
    if (!ls_truth(w->in, args[LOGY], &f->y.log) || !ls_truth(w->in, args[GRID], &f->grid) || !ls_truth(w->in, args[DENSITY], &density)) return false;
    if (!ls_ok(w, lsv_figure_text_set(&f->y.label, density ? "density" : "count", &w->err)) || !texts(w, f, args + TITLE)) return false;
    if (!ls_plot_histogram(w, f, args[X], args[BINS], args[RANGE], args[DENSITY], &like, &result)) return false;
    ls_drop(result);
    return true;
}

BUILTIN(plot_hist) {
    lsv_figure *f;
    return ls_ok(w, lsv_figure_new(&f, &w->err)) && give_figure(w, f, fill_hist(w, f, args), out);
}

/* ---- the last figure ---- */

static lsv_figure *last_figure(ls_work *w, const char *what) {
    ls_value v = w->in->open_figure.tag != LS_UNSET ? w->in->open_figure : w->in->figure;
    if (v.tag != LS_UNSET) return ls_figure_of(v);
    ls_raise(w->in, "RuntimeError", "%s: there is no figure yet", what);
    ls_hint(w->in, "plot(y), spectrum(W) or heatmap(W) makes one");
    return NULL;
}

/* (path, *, size, dpi); op: a method, self first */
BUILTIN(plot_savefig) {
    const ls_value *a = args + w->self->op;
    lsv_figure *f = w->self->op ? ls_figure_of(args[0]) : last_figure(w, "savefig");
    return f && ls_plot_save(w, f, a[0], a[1], a[2]);
}

BUILTIN(plot_show) {
    ls_value v = args[0];
    if (!ls_is_none(v)) {
        if (!ls_figure_of(v)) return ls_raise(w->in, "TypeError", "show: a Figure is needed, not %s", ls_type_name(v));
        return ls_figure_show(w->in, v);
    }
    if (w->in->open_figure.tag != LS_UNSET) return ls_figure_flush(w->in);
    return last_figure(w, "show") && ls_figure_show(w->in, w->in->figure);
}

#define TEXTS "title=None, xlabel=None, ylabel=None, size=None"

const ls_builtin ls_family_plot[] = {
    {"plot",
     "(*args, label=None, labels=None, legend=True, logx=False, logy=False, style='line', color=None, xlim=None, ylim=None, grid=True, " TEXTS ")",
     "a figure of y over x as lines",
     "plot(y), plot(x, y), plot(x, [y1, y2]) of several vectors, or plot(x, Y) with a line for each column of a matrix. Without x the "
     "elements are numbered from 0. NaN and Inf leave gaps; on a logarithmic axis so does what is not positive.\n\n"
     "style is \"line\", \"points\", \"both\", \"steps\" or \"stems\", or a short form as \"r--\" or \"o\"; xlim and ylim are pairs of which either may "
     "be None; size is the width and height in inches for savefig.\n\n"
     "The value is a Figure: as the last expression of a cell it is drawn, in the terminal's graphics where it has them and in characters "
     "otherwise. A final `;` keeps it from being drawn.",
     ">>> plot([1, 4, 9, 16], title=\"squares\", size=(6, 1))\n"
     "                                      squares\n"
     "   ┌───────────────────────────────────────────────────────────────────────────┐\n"
     "15 ┤                                                            ⢀⣀⣀⣀⠤⠤⠤⠖⠒⠒⠚⠉   │\n"
     "10 ┤                                              ⢀⣀⣀⣀⡠⠤⠤⠤⠒⠒⠒⠊⠉⠉⠁              │\n"
     " 5 ┤                           ⢀⣀⣀⣀⣀⡠⠤⠤⠤⠤⠖⠒⠒⠒⠚⠉⠉⠉⠉⠁                            │\n"
     "   │   ⣀⣀⡠⠤⠤⠤⠤⠤⠤⠤⠔⠒⠒⠒⠒⠒⠒⠒⠉⠉⠉⠉⠉⠉⠉                                               │\n"
     "   └───┬──────────────────────┬─────────────────────┬──────────────────────┬───┘\n"
     "       0                      1                     2                      3\n"
     ">>> type(plot([0, 1], [[1, 2], [2, 1]], labels=[\"up\", \"down\"])).__name__\n'Figure'\n",
     plot_plot, 0, 0, NULL},
    {"spectrum", "(W, rank=None, tol=None, logy=True, " TEXTS ")", "the singular values of a matrix as a figure, with the rank marked",
     "W is a matrix, or a vector of singular values. The values that count towards the rank stand in colour, the rest in grey, with a line "
     "between them. The rank is the numerical one (NumPy's tolerance), or what tol or rank says.",
     ">>> spectrum([3., 1., 1e-17], size=(6, 2))\n"
     "                                  3 singular values\n"
     "       ⠤⠤ 2 values kept   × 1 at most 2e-15   ┊ rank 2\n"
     "singular value\n"
     "      ┌────────────────────────────────────────────────────────────────────────┐\n"
     "  10⁰ ┤              •⠒⠒⠒⠒⠒⠒⠒⠒⠢⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤•         ┊                         │\n"
     "      │                                              ┊                         │\n"
     " 10⁻⁵ ┤                                              ┊                         │\n"
     "      │                                              ┊                         │\n"
     "      │                                              ┊                         │\n"
     "10⁻¹⁰ ┤                                              ┊                         │\n"
     "      │                                              ┊                         │\n"
     "10⁻¹⁵ ┤┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┊┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄│\n"
     "      │                                              ┊          ×              │\n"
     "      └──────────────┬────────────────────┬─────────────────────┬──────────────┘\n"
     "                     1                    2                     3\n"
     "                                        index\n"
     ">>> type(spectrum([4, 0; 3, -5; 0, 2], rank=1)).__name__\n'Figure'\n",
     plot_spectrum, 0, 0, NULL},
    {"heatmap", "(W, cmap='auto', vmin=None, vmax=None, bar=True, label=None, " TEXTS ")", "a matrix as colours",
     "The first row is on top. Without cmap, signed data gets a diverging map with 0 in its middle, other data one from dark to light; "
     "vmin and vmax set its ends, label names the colour bar. Cells that are not finite are grey.",
     ">>> heatmap([0, 1, 2; 3, 4, 5])\n"
     "  ┌──────────────────┐\n"
     "  │      ░░░░░░▒▒▒▒▒▒│\n"
     "0 ┤      ░░░░░░▒▒▒▒▒▒│\n"
     "  │      ░░░░░░▒▒▒▒▒▒│\n"
     "  │▓▓▓▓▓▓████████████│\n"
     "1 ┤▓▓▓▓▓▓████████████│\n"
     "  │▓▓▓▓▓▓████████████│\n"
     "  └───┬─────┬─────┬──┘\n"
     "      0     1     2\n"
     "   0     ░░░░▒▒▒▒▓▓▓▓████ 5\n"
     ">>> type(heatmap([4, 0; 3, -5; 0, 2], title=\"W\")).__name__\n'Figure'\n",
     plot_heatmap, 0, 0, NULL},
    {"hist", "(x, bins=10, range=None, density=False, label=None, logy=False, grid=True, " TEXTS ")", "a figure of how often values occur",
     "The counts are np.histogram's, of all elements of x; bins is a number of equal bins or their edges.",
     ">>> hist([1, 2, 2, 3, 3, 3], bins=3, size=(6, 1))\n"
     "count\n"
     "  ┌────────────────────────────────────────────────────────────────────────────┐\n"
     "  │                                                  ▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆   │\n"
     "2 ┤                          ▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄███████████████████████   │\n"
     "  │   ▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂███████████████████████████████████████████████   │\n"
     "0 ┤   ██████████████████████████████████████████████████████████████████████   │\n"
     "  └───┬────────┬───────┬────────┬────────┬───────┬────────┬───────┬────────┬───┘\n"
     "     1.00     1.25    1.50     1.75     2.00    2.25     2.50    2.75     3.00\n"
     ">>> type(hist([1, 2, 2, 3], bins=[0, 2, 4])).__name__\n'Figure'\n",
     plot_hist, 0, 0, NULL},
    {"savefig", "(path, *, size=None, dpi=None, **kwargs)", "writes the figure made last to a .svg, .pdf or .png file",
     "The file is written whole or not at all, and holds the same bytes each time. size is the width and height in inches, dpi the pixels "
     "per inch of a .png (150). Needs Cairo.",
     ">>> plot([1, 2, 3]); savefig(\"/tmp/squares.svg\")\n"
     ">>> savefig(\"/tmp/squares.png\", size=(4, 3), dpi=300)\n",
     plot_savefig, 0, 0, NULL},
    {"Figure.savefig", "(self, path, *, size=None, dpi=None, **kwargs)", "writes the figure to a .svg, .pdf or .png file", NULL,
     ">>> plot([1, 2, 3]).savefig(\"/tmp/squares.svg\")\n>>> heatmap([[1, 2]]).savefig(\"/tmp/cells.png\", dpi=300)\n", plot_savefig, 1, 0, NULL},
    {"show", "(figure=None)", "draws a figure now, or the one made last", "In a loop or a function, where a value is not shown by itself.",
     ">>> for k in [1, 2]: show(heatmap([[0, k]], bar=False))\n"
     "  ┌────────────┐\n"
     "  │      ██████│\n"
     "0 ┤      ██████│\n"
     "  │      ██████│\n"
     "  └───┬─────┬──┘\n"
     "      0     1\n"
     "  ┌────────────┐\n"
     "  │      ██████│\n"
     "0 ┤      ██████│\n"
     "  │      ██████│\n"
     "  └───┬─────┬──┘\n"
     "      0     1\n"
     ">>> show(heatmap([[1, 0]], bar=False))\n"
     "  ┌────────────┐\n"
     "  │██████      │\n"
     "0 ┤██████      │\n"
     "  │██████      │\n"
     "  └───┬─────┬──┘\n"
     "      0     1\n",
     plot_show, 0, 0, NULL},
    {"Figure.show", "(self)", "draws the figure now", NULL,
     ">>> heatmap([[0, 1]], bar=False).show()\n"
     "  ┌────────────┐\n"
     "  │      ██████│\n"
     "0 ┤      ██████│\n"
     "  │      ██████│\n"
     "  └───┬─────┬──┘\n"
     "      0     1\n"
     ">>> for k in [1, 2]: heatmap([[0, k]], bar=False).show()\n"
     "  ┌────────────┐\n"
     "  │      ██████│\n"
     "0 ┤      ██████│\n"
     "  │      ██████│\n"
     "  └───┬─────┬──┘\n"
     "      0     1\n"
     "  ┌────────────┐\n"
     "  │      ██████│\n"
     "0 ┤      ██████│\n"
     "  │      ██████│\n"
     "  └───┬─────┬──┘\n"
     "      0     1\n", plot_show, 0, 0, NULL},
    {0}};
