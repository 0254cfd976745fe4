/* Laying out a page: the margins follow from what has to be written in them, the frame takes the rest, the
   number of ticks follows from the room that their labels have, and the legend stands in the corner where
   it hides the least. */
#include "plot/layout.h"

#include <math.h>
#include <string.h>

enum { PAD = 6, BAR_WIDTH = 13, BAR_GAP = 12 };
static const lsv_plot_axis bar_axis; /* of the colour bar: nothing asked for */

const char *lsv_legend_entry(const lsv_figure *f, int i, const lsv_series **series, const lsv_guide **guide) {
    *series = NULL;
    *guide = NULL;
    for (int k = 0; k < f->nseries; k++)
        if (f->series[k].label && i-- == 0) {
            *series = &f->series[k];
            return f->series[k].label;
        }
    for (int k = 0; k < f->nguides; k++)
        if (f->guides[k].label && i-- == 0) {
            *guide = &f->guides[k];
            return f->guides[k].label;
        }
    return NULL;
}

const char *lsv_typeset(const char *ascii, char *out, size_t room) {
    size_t n = 0;
    for (; *ascii && n + 4 < room; ascii++) {
        const char *sign = *ascii == '-' ? "\xe2\x88\x92" : *ascii == 'x' ? "\xc3\x97" : NULL;
        if (sign) n += (size_t)(stpcpy(out + n, sign) - (out + n));
        else out[n++] = *ascii;
    }
    out[n] = 0;
    return out;
}

double lsv_tick_width(const lsv_tick *t, lsv_measure *measure, void *ctx) {
    char text[64], power[32];
    double w = measure(ctx, t->named ? t->text : lsv_typeset(t->text, text, sizeof text), LSV_TICK_SIZE);
    return t->power[0]
               ? w + measure(ctx, lsv_typeset(t->power, power, sizeof power), LSV_TICK_SIZE * LSV_POWER_SIZE)
               : w;
}

static double widest_tick(const lsv_ticks *t, lsv_measure *measure, void *ctx) {
    double most = 0;
    for (int i = 0; i < t->n; i++)
        if (t->ticks[i].major) most = fmax(most, lsv_tick_width(&t->ticks[i], measure, ctx));
    return most;
}

static int majors(const lsv_ticks *t) {
    int n = 0;
    for (int i = 0; i < t->n; i++) n += t->ticks[i].major;
    return n;
}

/* As many ticks along `length` as have room for their labels. */
static void ticks_along(const lsv_plot_axis *axis, const lsv_scale *s, double length, bool integers, lsv_measure *measure,
                        void *ctx, lsv_ticks *out) {
    for (int most = (int)fmax(2, fmin(9, length / 28)); most >= 2; most--) {
        lsv_axis_ticks(axis, s, most, integers, out);
        if (majors(out) * (widest_tick(out, measure, ctx) + 10) <= length) return;
    }
}

static void ticks_upright(const lsv_plot_axis *axis, const lsv_scale *s, double length, bool integers, lsv_ticks *out) {
    lsv_axis_ticks(axis, s, (int)fmax(2, fmin(9, length / 26)), integers, out);
}

static bool has_note(const lsv_ticks *t) { return t->power != 0 || t->offset != 0; }

static int lines_of(const char *text) {
    int n = 1;
    for (; *text; text++) n += *text == '\n';
    return n;
}

/* ---- the legend ---- */

/* How much of the data lies in the box, in places 0 … 1 of the frame. */
static long hidden(const lsv_path *paths, int n, double x0, double y0, double x1, double y1) {
    long count = 0;
    for (int k = 0; k < n; k++) {
        ptrdiff_t step = paths[k].n / 4000 + 1;
        for (ptrdiff_t i = 0; i < paths[k].n; i += step) {
            const lsv_path_point *b = &paths[k].at[i], *a = i && !b->move ? b - 1 : b;
            for (int t = 1; t <= 8; t++) { /* along the piece of line, too */
                double part = t / 8.0, x = a->x + part * (b->x - a->x), y = a->y + part * (b->y - a->y);
                count += x >= x0 && x <= x1 && y >= y0 && y <= y1;
            }
        }
    }
    return count;
}

static lsv_status place_legend(const lsv_figure *f, lsv_measure *measure, void *ctx, lsv_layout *l,
                               lsv_error *err) {
    const lsv_series *s;
    const lsv_guide *g;
    int n = 0;
    double wide = 0;
    const char *label;
    for (; (label = lsv_legend_entry(f, n, &s, &g)); n++)
        wide = fmax(wide, measure(ctx, label, LSV_LEGEND_SIZE));
    if (!f->legend || n == 0) return LSV_OK;
    l->legend_line = LSV_LEGEND_SIZE * 1.5;
    double w = wide + 42, h = n * l->legend_line + 7, away = 7;
    if (w > l->frame.w || h > l->frame.h) away = 0;
    lsv_path paths[8] = {{0}};
    int npaths = f->nseries < 8 ? f->nseries : 8;
    lsv_status status = LSV_OK;
    for (int i = 0; status == LSV_OK && i < npaths; i++)
        status = lsv_series_path(&f->series[i], f->series[i].style == LSV_PLOT_POINTS, &l->x, &l->y, 200, 150,
                                 &paths[i], err);
    long least = -1;
    for (int corner = 0; status == LSV_OK && corner < 4; corner++) { /* upper right first */
        double x = corner == 0 || corner == 2 ? l->frame.w - w - away : away,
               y = corner < 2 ? away : l->frame.h - h - away;
        long count = hidden(paths, npaths, x / l->frame.w, 1 - (y + h) / l->frame.h, (x + w) / l->frame.w,
                            1 - y / l->frame.h);
        if (least >= 0 && count >= least) continue;
        least = count;
        l->legend = (lsv_box){l->frame.x + x, l->frame.y + y, w, h};
    }
    for (int i = 0; i < npaths; i++) lsv_path_free(&paths[i]);
    return status;
}

/* ---- the page ---- */

/* Square cells where the matrix is not too long a strip; the bar goes along. */
static void fit_image(const lsv_figure *f, lsv_layout *l) {
    double rows = (double)f->image.rows, cols = (double)f->image.cols, extra = l->frame.w;
    if (f->image.stretch || rows > 5 * cols || cols > 5 * rows) return;
    double cell = fmin(l->frame.w / cols, l->frame.h / rows);
    extra -= cell * cols;
    l->frame.x += extra / 2;
    l->frame.w = cell * cols;
    l->frame.y += (l->frame.h - cell * rows) / 2;
    l->frame.h = cell * rows;
}

static double snap(double v, double pixel) { return pixel > 0 ? (floor(v / pixel) + 0.5) * pixel : v; }

static void snap_box(lsv_box *b, double pixel) {
    double right = snap(b->x + b->w, pixel), bottom = snap(b->y + b->h, pixel);
    b->x = snap(b->x, pixel);
    b->y = snap(b->y, pixel);
    b->w = right - b->x;
    b->h = bottom - b->y;
}

static void title_room(const lsv_figure *f, double width, lsv_measure *measure, void *ctx, lsv_layout *l,
                       double *top) {
    if (!f->title) return;
    l->title_size = LSV_TITLE_SIZE;
    double wide = measure(ctx, f->title, LSV_TITLE_SIZE);
    if (wide > width - 2 * PAD) l->title_size = fmax(7, LSV_TITLE_SIZE * (width - 2 * PAD) / wide);
    *top += l->title_size * 1.25 * lines_of(f->title) + 3;
}

lsv_status lsv_layout_make(const lsv_figure *f, double width, double height, double pixel,
                           lsv_measure *measure, void *ctx, lsv_layout *out, lsv_error *err) {
    lsv_layout l = {.tick = 3.5, .gap = 3};
    bool bar = f->image.cells && f->image.bar;
    lsv_figure_scales(f, &l.x, &l.y);
    double top = PAD, right = PAD + 4, bottom = PAD + l.tick + l.gap + LSV_TICK_SIZE,
           left = PAD + l.tick + l.gap;
    title_room(f, width, measure, ctx, &l, &top);
    if (f->x.label) bottom += LSV_LABEL_SIZE * 1.35;
    ticks_upright(&f->y, &l.y, height - top - bottom, f->y.integers || f->image.cells, &l.y_ticks);
    if (has_note(&l.y_ticks)) top += LSV_TICK_SIZE + 2;
    left += widest_tick(&l.y_ticks, measure, ctx);
    if (f->y.label) left += LSV_LABEL_SIZE * 1.4;
    if (bar) {
        l.bar_scale = lsv_scale_make(f->image.low, f->image.high, false);
        ticks_upright(&bar_axis, &l.bar_scale, height - top - bottom, false, &l.bar_ticks);
        if (has_note(&l.bar_ticks) && !has_note(&l.y_ticks)) top += LSV_TICK_SIZE + 2;
        right += BAR_GAP + BAR_WIDTH + l.tick + l.gap + widest_tick(&l.bar_ticks, measure, ctx);
        if (f->image.bar_label) right += LSV_LABEL_SIZE * 1.6;
    }
    l.frame = (lsv_box){left, top, width - left - right, height - top - bottom};
    if (!(l.frame.w >= 20 && l.frame.h >= 20))
        return lsv_fail(err, LSV_EVALUE, "a picture of %g by %g inches has no room for its axes", width / 72,
                        height / 72);
    if (f->image.cells) fit_image(f, &l);
    ticks_along(&f->x, &l.x, l.frame.w, f->x.integers || f->image.cells, measure, ctx, &l.x_ticks);
    ticks_upright(&f->y, &l.y, l.frame.h, f->y.integers || f->image.cells, &l.y_ticks);
    const lsv_tick *last = NULL; /* its label may reach beyond the frame */
    for (int i = 0; i < l.x_ticks.n; i++)
        if (l.x_ticks.ticks[i].major && (!last || l.x_ticks.ticks[i].place > last->place))
            last = &l.x_ticks.ticks[i];
    if (last && !bar) {
        double reach =
            l.frame.x + last->place * l.frame.w + lsv_tick_width(last, measure, ctx) / 2 + 3 - width;
        if (reach > 0) l.frame.w -= reach;
    }
    if (bar) {
        l.bar = (lsv_box){l.frame.x + l.frame.w + BAR_GAP, l.frame.y, BAR_WIDTH, l.frame.h};
        ticks_upright(&bar_axis, &l.bar_scale, l.bar.h, false, &l.bar_ticks);
        l.bar_label_x = l.bar.x + l.bar.w + l.tick + l.gap + widest_tick(&l.bar_ticks, measure, ctx) +
                        LSV_LABEL_SIZE * 1.25;
    }
    snap_box(&l.frame, pixel);
    if (bar) snap_box(&l.bar, pixel);
    l.title_y =
        l.frame.y - 6 - (has_note(&l.y_ticks) || (bar && has_note(&l.bar_ticks)) ? LSV_TICK_SIZE + 2 : 0);
    l.x_label_y = l.frame.y + l.frame.h + l.tick + l.gap + LSV_TICK_SIZE + LSV_LABEL_SIZE * 1.2;
    l.y_label_x = l.frame.x - l.tick - l.gap - widest_tick(&l.y_ticks, measure, ctx) - LSV_LABEL_SIZE * 0.5;
    LSV_TRY(place_legend(f, measure, ctx, &l, err));
    *out = l;
    return LSV_OK;
}
