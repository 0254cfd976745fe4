/* Figures: making them and giving them data. */
#include "plot/figure.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "plot/label.h"

enum { IMAGE_MOST = 1024, SERIES_MOST = 1000 };

lsv_status lsv_figure_new(lsv_figure **out, lsv_error *err) {
    lsv_figure *f = lsv_calloc(1, sizeof *f);
    if (!f) return lsv_no_memory(err, sizeof *f);
    f->legend = f->grid = true;
    f->width = 6.4;
    f->height = 4;
    *out = f;
    return LSV_OK;
}

static void series_free(lsv_series *s) {
    lsv_free(s->x);
    lsv_free(s->y);
    lsv_free(s->label);
}

static void free_panels(lsv_figure **panels, int n) {
    for (int i = 0; panels && i < n; i++) lsv_figure_free(panels[i]);
    lsv_free(panels);
}

static void ticks_free(int n, double *at, char **names) {
    for (int i = 0; names && i < n; i++) lsv_free(names[i]);
    lsv_free(names);
    lsv_free(at);
}

static void axis_free(lsv_plot_axis *axis) {
    lsv_free(axis->label);
    ticks_free(axis->nticks, axis->at, axis->names);
}

void lsv_figure_free(lsv_figure *f) {
    if (!f) return;
    for (int i = 0; i < f->nseries; i++) series_free(&f->series[i]);
    for (int i = 0; i < f->nguides; i++) lsv_free(f->guides[i].label);
    lsv_free(f->series);
    lsv_free(f->guides);
    lsv_free(f->image.cells);
    lsv_free(f->image.bar_label);
    lsv_free(f->title);
    axis_free(&f->x);
    axis_free(&f->y);
    free_panels(f->panels, f->panel_rows * f->panel_columns);
    lsv_free(f);
}

lsv_status lsv_figure_panels(lsv_figure *f, int rows, int columns, lsv_error *err) {
    if (rows < 1 || columns < 1 || rows > 8 || columns > 8)
        return lsv_fail(err, LSV_EVALUE, "a figure has 1 to 8 rows and columns of plots, not %d by %d", rows,
                        columns);
    if (f->panels && f->panel_rows == rows && f->panel_columns == columns) return LSV_OK;
    int n = rows * columns;
    lsv_figure **panels = lsv_calloc((size_t)n, sizeof *panels);
    if (!panels) return lsv_no_memory(err, (size_t)n * sizeof *panels);
    lsv_status status = LSV_OK;
    for (int i = 0; status == LSV_OK && i < n; i++) {
        status = lsv_figure_new(&panels[i], err);
        if (status != LSV_OK) break;
        panels[i]->legend = f->legend;
        panels[i]->grid = f->grid;
        panels[i]->width = f->width / columns;
        panels[i]->height = f->height / rows;
    }
    if (status != LSV_OK) {
        free_panels(panels, n);
        return status;
    }
    free_panels(f->panels, f->panel_rows * f->panel_columns);
    f->panels = panels;
    f->panel_rows = rows;
    f->panel_columns = columns;
    f->panel = 0;
    return LSV_OK;
}

bool lsv_figure_is_empty(const lsv_figure *f) {
    for (int i = 0; f->panels && i < f->panel_rows * f->panel_columns; i++)
        if (!lsv_figure_is_empty(f->panels[i])) return false;
    return !f->nseries && !f->image.cells && !f->nguides && !f->title;
}

lsv_status lsv_figure_text_set(char **to, const char *text, lsv_error *err) {
    lsv_text t = {0};
    if (text) lsv_label_take(text, &t);
    char *copy = t.data && t.length && !t.failed ? lsv_strdup(t.data) : NULL;
    bool ok = !t.failed && (copy || !t.length);
    lsv_text_free(&t);
    if (!ok) return lsv_no_memory(err, strlen(text));
    lsv_free(*to);
    *to = copy;
    return LSV_OK;
}

lsv_status lsv_figure_ticks(lsv_plot_axis *axis, int n, const double *at, const char *const *names, lsv_error *err) {
    if (n > LSV_PLACED_MOST) return lsv_fail(err, LSV_EVALUE, "an axis has at most %d ticks, not %d", LSV_PLACED_MOST, n);
    size_t room = (size_t)(n ? n : 1);
    double *places = lsv_malloc(room * sizeof *places);
    char **texts = names ? lsv_calloc(room, sizeof *texts) : NULL;
    lsv_status status = places && (texts || !names) ? LSV_OK : lsv_no_memory(err, room * sizeof *texts);
    for (int i = 0; status == LSV_OK && i < n; i++) {
        places[i] = at[i];
        if (names && names[i]) status = lsv_figure_text_set(&texts[i], names[i], err);
    }
    if (status != LSV_OK) {
        ticks_free(n, places, texts);
        return status;
    }
    ticks_free(axis->nticks, axis->at, axis->names);
    axis->placed = true;
    axis->nticks = n, axis->at = places, axis->names = texts;
    return LSV_OK;
}

/* A 1-D array's elements as doubles of the figure's own. */
static lsv_status doubles(const lsv_array *a, double **out, lsv_error *err) {
    double *v = lsv_malloc((size_t)(a->size ? a->size : 1) * sizeof *v);
    if (!v) return lsv_no_memory(err, (size_t)a->size * sizeof *v);
    if (a->dtype == LSV_FLOAT64 && (a->strides[0] == 1 || a->size < 2)) {
        if (a->size) memcpy(v, a->data, (size_t)a->size * sizeof *v);
    } else {
        const char *at = a->data;
        const ptrdiff_t step = a->strides[0] * (ptrdiff_t)lsv_dtype_size((lsv_dtype)a->dtype);
        for (ptrdiff_t i = 0; i < a->size; i++, at += step)
            v[i] = lsv_scalar_as_double(lsv_load((lsv_dtype)a->dtype, at));
    }
    *out = v;
    return LSV_OK;
}

/* Room for one more item of `size` bytes in a growing vector. */
static lsv_status one_more(void **items, int n, int *room, size_t size, lsv_error *err) {
    if (n < *room) return LSV_OK;
    int more = *room ? 2 * *room : 4;
    void *bigger = lsv_realloc(*items, (size_t)more * size);
    if (!bigger) return lsv_no_memory(err, (size_t)more * size);
    *items = bigger;
    *room = more;
    return LSV_OK;
}

static lsv_status check_series(const lsv_figure *f, const lsv_array *x, const lsv_array *y,
                               const lsv_series *like, lsv_error *err) {
    const char *what[2] = {"x", "y"};
    const lsv_array *both[2] = {x, y};
    for (int i = 0; i < 2; i++)
        if (both[i] && both[i]->ndim != 1) {
            char shape[96];
            return lsv_fail(err, LSV_EVALUE, "a line is drawn from vectors, and %s has shape %s", what[i],
                            lsv_shape_text(both[i], shape, sizeof shape));
        }
    ptrdiff_t extra = like->style == LSV_PLOT_BARS;
    if (x && x->size != y->size + extra)
        return lsv_fail(err, LSV_EVALUE,
                        "x and y must have the same length, but x has %td and y has %td elements",
                        x->size - extra, y->size);
    if (f->nseries >= SERIES_MOST)
        return lsv_fail(err, LSV_EVALUE, "a figure shows %d lines at most", SERIES_MOST);
    return LSV_OK;
}

lsv_status lsv_figure_add(lsv_figure *f, const lsv_array *x, const lsv_array *y, const lsv_series *like,
                          lsv_error *err) {
    LSV_TRY(check_series(f, x, y, like, err));
    LSV_TRY(one_more((void **)&f->series, f->nseries, &f->series_room, sizeof *f->series, err));
    lsv_series s = *like;
    s.n = y->size;
    s.x = s.y = NULL;
    s.label = NULL;
    lsv_status status = lsv_figure_text_set(&s.label, like->label, err);
    if (status == LSV_OK) status = doubles(y, &s.y, err);
    if (status == LSV_OK && x) status = doubles(x, &s.x, err);
    if (status == LSV_OK) f->series[f->nseries++] = s;
    else series_free(&s);
    return status;
}

lsv_status lsv_figure_guide(lsv_figure *f, const lsv_guide *like, lsv_error *err) {
    LSV_TRY(one_more((void **)&f->guides, f->nguides, &f->guides_room, sizeof *f->guides, err));
    lsv_guide g = *like;
    g.label = NULL;
    LSV_TRY(lsv_figure_text_set(&g.label, like->label, err));
    f->guides[f->nguides++] = g;
    return LSV_OK;
}

/* ---- images ---- */

/* The mean of the finite elements of rows r0 … r1 and columns c0 … c1; the extremes are noted on the way. */
static double block_mean(const lsv_array *a, ptrdiff_t r0, ptrdiff_t r1, ptrdiff_t c0, ptrdiff_t c1,
                         double *low, double *high) {
    const lsv_dtype d = (lsv_dtype)a->dtype;
    const ptrdiff_t item = (ptrdiff_t)lsv_dtype_size(d);
    long double sum = 0; /* which does not overflow */
    ptrdiff_t n = 0;
    for (ptrdiff_t r = r0; r < r1; r++) {
        const char *at = a->data + (r * a->strides[0] + c0 * a->strides[1]) * item;
        for (ptrdiff_t c = c0; c < c1; c++, at += a->strides[1] * item) {
            double v = d == LSV_FLOAT64   ? *(const double *)at
                       : d == LSV_FLOAT32 ? (double)*(const float *)at
                                          : lsv_scalar_as_double(lsv_load(d, at));
            if (!isfinite(v)) continue;
            if (v < *low) *low = v;
            if (v > *high) *high = v;
            n++;
            sum += v;
        }
    }
    return n ? (double)(sum / n) : NAN;
}

/* Ends of the colours: what was asked for, else the data's; signed data lies evenly around 0. */
static void image_range(lsv_plot_image *m, double vmin, double vmax) {
    if (m->low > m->high) m->low = 0, m->high = 1; /* nothing finite */
    m->flat = m->low == m->high;
    if (m->map == LSV_MAP_AUTO) m->map = m->low < 0 && m->high > 0 ? LSV_MAP_DIVERGING : LSV_MAP_SEQUENTIAL;
    if (m->map == LSV_MAP_DIVERGING && isnan(vmin) && isnan(vmax)) {
        double most = fmax(fabs(m->low), fabs(m->high));
        m->low = -most;
        m->high = most;
    }
    if (!isnan(vmin)) m->low = vmin;
    if (!isnan(vmax)) m->high = vmax;
    if (m->low == m->high) {
        double d = m->low != 0 ? fabs(m->low) * 0.05 : 0.5;
        m->low -= d;
        m->high += d;
    }
}

lsv_status lsv_figure_image(lsv_figure *f, const lsv_array *a, lsv_plot_map map, double vmin, double vmax,
                            lsv_error *err) {
    char shape[96];
    if (a->ndim != 2)
        return lsv_fail(err, LSV_EVALUE, "a matrix is needed, not an array of shape %s",
                        lsv_shape_text(a, shape, sizeof shape));
    if (a->size == 0)
        return lsv_fail(err, LSV_EVALUE, "a matrix of shape %s has nothing to show",
                        lsv_shape_text(a, shape, sizeof shape));
    if (vmin > vmax)
        return lsv_fail(err, LSV_EVALUE, "vmin must not be larger than vmax, and %g is larger than %g", vmin,
                        vmax);
    lsv_plot_image m = {.rows = a->shape[0],
                        .cols = a->shape[1],
                        .low = INFINITY,
                        .high = -INFINITY,
                        .map = map,
                        .bar = f->image.bar};
    m.height = (int)(m.rows < IMAGE_MOST ? m.rows : IMAGE_MOST);
    m.width = (int)(m.cols < IMAGE_MOST ? m.cols : IMAGE_MOST);
    m.cells = lsv_malloc((size_t)m.height * (size_t)m.width * sizeof *m.cells);
    if (!m.cells) return lsv_no_memory(err, (size_t)m.height * (size_t)m.width * sizeof *m.cells);
    for (int i = 0; i < m.height; i++) {
        ptrdiff_t r0 = (ptrdiff_t)((double)m.rows * i / m.height),
                  r1 = (ptrdiff_t)((double)m.rows * (i + 1) / m.height);
        for (int j = 0; j < m.width; j++) {
            ptrdiff_t c0 = (ptrdiff_t)((double)m.cols * j / m.width),
                      c1 = (ptrdiff_t)((double)m.cols * (j + 1) / m.width);
            m.cells[i * m.width + j] = block_mean(a, r0, r1, c0, c1, &m.low, &m.high);
        }
        lsv_status status = lsv_poll(err);
        if (status != LSV_OK) {
            lsv_free(m.cells);
            return status;
        }
    }
    image_range(&m, vmin, vmax);
    lsv_free(f->image.cells);
    m.bar_label = f->image.bar_label;
    f->image = m;
    return LSV_OK;
}
