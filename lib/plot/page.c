/* Drawing a laid-out figure: background, grid, data clipped to the frame, frame, ticks, text, legend. */
#include "plot/page.h"

#ifdef LSV_CAIRO

#include <cairo.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/library.h"
#include "plot/layout.h"

#define CALLS(X)                                                                                             \
    X(cairo_save)                                                                                            \
    X(cairo_restore) X(cairo_translate) X(cairo_rotate) X(cairo_rectangle) X(cairo_clip) X(cairo_fill) X(    \
        cairo_paint) X(cairo_stroke) X(cairo_new_path) X(cairo_move_to) X(cairo_line_to) X(cairo_close_path) \
        X(cairo_arc) X(cairo_set_line_width) X(cairo_set_line_cap) X(cairo_set_line_join) X(cairo_set_dash)  \
            X(cairo_set_source_rgb) X(cairo_set_source_rgba) X(cairo_set_antialias)                          \
                X(cairo_select_font_face) X(cairo_set_font_size) X(cairo_text_extents) X(cairo_show_text)    \
                    X(cairo_image_surface_create) X(cairo_image_surface_get_data)                            \
                        X(cairo_image_surface_get_stride) X(cairo_surface_mark_dirty)                        \
                            X(cairo_surface_destroy) X(cairo_surface_status) X(cairo_set_source_surface)     \
                                X(cairo_get_source) X(cairo_pattern_set_filter) X(cairo_scale)               \
                                    X(cairo_font_options_create) X(cairo_font_options_set_hint_metrics)      \
                                        X(cairo_font_options_set_hint_style) X(cairo_set_font_options)       \
                                            X(cairo_font_options_destroy)
LSV_LIBRARY(lib, CALLS, "Cairo", "libcairo2", "libcairo.so.2")

lsv_status lsv_page_open(const char *what_for, lsv_error *err) { return lib_open(what_for, err); }

typedef struct page {
    cairo_t *cr;
    const lsv_figure *f;
    lsv_layout l;
    double pixels;
} page;

/* ---- text ---- */

static double measure(void *ctx, const char *text, double size) {
    page *p = ctx;
    double most = 0;
    for (const char *line = text;;) {
        char piece[512];
        size_t n = strcspn(line, "\n"), kept = n < sizeof piece - 1 ? n : sizeof piece - 1;
        cairo_text_extents_t e;
        memcpy(piece, line, kept);
        piece[kept] = 0;
        lib.cairo_set_font_size(p->cr, size);
        lib.cairo_text_extents(p->cr, piece, &e);
        most = fmax(most, e.x_advance);
        if (!line[n]) return most;
        line += n + 1;
    }
}

/* One line of text from x on, its baseline at y; align: 0 begins at x, 0.5 is centred, 1 ends there. */
static void write_at(page *p, double x, double y, const char *text, double size, double align) {
    double w = align > 0 ? measure(p, text, size) : 0;
    lib.cairo_set_font_size(p->cr, size);
    lib.cairo_move_to(p->cr, x - align * w, y);
    lib.cairo_show_text(p->cr, text);
}

static void write_upright(page *p, double x, double y, const char *text, double size) {
    lib.cairo_save(p->cr);
    lib.cairo_translate(p->cr, x, y);
    lib.cairo_rotate(p->cr, -acos(-1) / 2);
    write_at(p, 0, 0, text, size, 0.5);
    lib.cairo_restore(p->cr);
}

static void write_tick(page *p, double x, double y, const lsv_tick *t, double align) {
    char text[64], power[32];
    if (t->named) strcpy(text, t->text);
    else lsv_typeset(t->text, text, sizeof text);
    lsv_typeset(t->power, power, sizeof power);
    double w = measure(p, text, LSV_TICK_SIZE), small = LSV_TICK_SIZE * LSV_POWER_SIZE;
    if (*power) w += measure(p, power, small);
    x -= align * w;
    write_at(p, x, y, text, LSV_TICK_SIZE, 0);
    if (*power) write_at(p, x + measure(p, text, LSV_TICK_SIZE), y - LSV_TICK_SIZE * 0.38, power, small, 0);
}

/* ×10⁶ and the like, at the end of an axis. */
static void write_note(page *p, double x, double y, const lsv_ticks *t, double align) {
    lsv_text note = {0};
    lsv_ticks_note(t, false, &note);
    if (note.data && !note.failed) write_at(p, x, y, note.data, LSV_TICK_SIZE, align);
    lsv_text_free(&note);
}

/* ---- pens ---- */

static void ink(page *p, lsv_rgb c) {
    lib.cairo_set_source_rgb(p->cr, c.r / 255.0, c.g / 255.0, c.b / 255.0);
}

static void dash(page *p, lsv_plot_dash d, double width) {
    static const struct {
        int n;
        double at[4];
    } dashes[] = {{0, {0}}, {2, {4.2, 2.2}}, {2, {1, 1.8}}, {4, {5, 1.9, 1, 1.9}}};
    double at[4];
    for (int i = 0; i < dashes[d].n; i++) at[i] = dashes[d].at[i] * fmax(width, 0.8);
    lib.cairo_set_dash(p->cr, at, dashes[d].n, 0);
}

static void segment(page *p, double x0, double y0, double x1, double y1) {
    lib.cairo_move_to(p->cr, x0, y0);
    lib.cairo_line_to(p->cr, x1, y1);
}

/* Lines of the frame and its ticks stand on whole pixels. */
static double on_pixel(const page *p, double v) {
    return p->pixels > 0 ? (floor(v * p->pixels) + 0.5) / p->pixels : v;
}

static double at_x(const page *p, double place) { return p->l.frame.x + place * p->l.frame.w; }
static double at_y(const page *p, double place) { return p->l.frame.y + (1 - place) * p->l.frame.h; }

/* ---- data ---- */

static void marker(page *p, char kind, double x, double y, double r) {
    switch (kind) {
    case 'x':
        segment(p, x - r, y - r, x + r, y + r);
        segment(p, x - r, y + r, x + r, y - r);
        break;
    case '+':
    case '*':
        segment(p, x - 1.2 * r, y, x + 1.2 * r, y);
        segment(p, x, y - 1.2 * r, x, y + 1.2 * r);
        if (kind == '*')
            segment(p, x - r * 0.85, y - r * 0.85, x + r * 0.85, y + r * 0.85),
                segment(p, x - r * 0.85, y + r * 0.85, x + r * 0.85, y - r * 0.85);
        break;
    case 's': lib.cairo_rectangle(p->cr, x - r, y - r, 2 * r, 2 * r); break;
    case '^':
    case 'v': {
        double up = kind == '^' ? 1 : -1;
        lib.cairo_move_to(p->cr, x, y - up * 1.2 * r);
        lib.cairo_line_to(p->cr, x + 1.1 * r, y + up * 0.8 * r);
        lib.cairo_line_to(p->cr, x - 1.1 * r, y + up * 0.8 * r);
        lib.cairo_close_path(p->cr);
        break;
    }
    case 'd':
    case 'D':
        lib.cairo_move_to(p->cr, x, y - 1.3 * r);
        lib.cairo_line_to(p->cr, x + 1.1 * r, y);
        lib.cairo_line_to(p->cr, x, y + 1.3 * r);
        lib.cairo_line_to(p->cr, x - 1.1 * r, y);
        lib.cairo_close_path(p->cr);
        break;
    default: segment(p, x, y, x, y); /* a round cap of the pen is the dot */
    }
}

static void finish_markers(page *p, char kind, double r) {
    bool strokes = kind == 'x' || kind == '+' || kind == '*', shape = kind && strchr("s^vdD", kind);
    dash(p, LSV_PLOT_SOLID, 1);
    lib.cairo_set_line_cap(p->cr, CAIRO_LINE_CAP_ROUND);
    lib.cairo_set_line_width(p->cr, strokes ? fmax(0.5, r * 0.45) : 2 * r);
    if (shape) lib.cairo_fill(p->cr);
    else lib.cairo_stroke(p->cr);
    lib.cairo_set_line_cap(p->cr, CAIRO_LINE_CAP_BUTT);
}

static double marker_radius(char kind, ptrdiff_t n) {
    if (kind == '.') return n > 5000 ? 0.5 : 1.2;
    return n <= 60 ? 2.6 : n <= 300 ? 2 : n <= 3000 ? 1.3 : 0.7;
}

static lsv_status draw_points(page *p, const lsv_series *s, lsv_error *err) {
    lsv_path path = {0};
    double fine = s->n > 20000 ? 1.2 : 2; /* cells to the point */
    int columns = (int)(p->l.frame.w * fine), rows = (int)(p->l.frame.h * fine);
    lsv_status status = lsv_series_path(s, true, &p->l.x, &p->l.y, columns, rows, &path, err);
    double r = marker_radius(s->marker, path.n);
    for (ptrdiff_t i = 0; i < path.n; i++) {
        marker(p, s->marker, at_x(p, path.at[i].x), at_y(p, path.at[i].y), r);
        if (i % 256 == 255) finish_markers(p, s->marker, r);
    }
    finish_markers(p, s->marker, r);
    lsv_path_free(&path);
    return status;
}

static lsv_status draw_line(page *p, const lsv_series *s, lsv_error *err) {
    lsv_path path = {0};
    double columns = p->l.frame.w * (p->pixels > 0 ? p->pixels : 4), width = s->width > 0 ? s->width : 1.5;
    lsv_status status = lsv_series_path(s, false, &p->l.x, &p->l.y, (int)fmin(columns, 8000), 1, &path, err);
    ptrdiff_t piece = path.n > 12000 ? 16 : 1024;
    lib.cairo_set_line_width(p->cr, path.n > 12000 ? fmin(width, 0.7) : width);
    lib.cairo_set_line_join(p->cr, CAIRO_LINE_JOIN_ROUND);
    lib.cairo_set_line_cap(p->cr, s->dash == LSV_PLOT_SOLID ? CAIRO_LINE_CAP_ROUND : CAIRO_LINE_CAP_BUTT);
    dash(p, s->dash, width);
    for (ptrdiff_t i = 0; i < path.n; i++) {
        double x = at_x(p, path.at[i].x), y = at_y(p, path.at[i].y);
        if (path.at[i].move) lib.cairo_move_to(p->cr, x, y);
        else lib.cairo_line_to(p->cr, x, y);
        if (path.at[i].move && (i + 1 == path.n || path.at[i + 1].move))
            lib.cairo_line_to(p->cr, x, y); /* alone: a dot */
        if (i % piece == piece - 1) {       /* a path that crosses itself often is slow to stroke at once */
            lib.cairo_stroke(p->cr);
            lib.cairo_move_to(p->cr, x, y);
        }
    }
    lib.cairo_stroke(p->cr);
    lib.cairo_set_line_cap(p->cr, CAIRO_LINE_CAP_BUTT);
    lsv_path_free(&path);
    return status;
}

static double inside(double place) { return place < -0.02 ? -0.02 : place > 1.02 ? 1.02 : place; }

static void draw_bars(page *p, const lsv_series *s) {
    double base = lsv_scale_place(&p->l.y, 0);
    if (isnan(base)) base = -0.02;
    for (ptrdiff_t i = 0; i < s->n; i++) {
        double x0 = lsv_scale_place(&p->l.x, s->x ? s->x[i] : (double)i - 0.4),
               x1 = lsv_scale_place(&p->l.x, s->x ? s->x[i + 1] : (double)i + 0.4);
        double y = lsv_scale_place(&p->l.y, s->y[i]);
        if (isnan(x0) || isnan(x1) || isnan(y)) continue;
        x0 = at_x(p, inside(x0));
        x1 = at_x(p, inside(x1));
        double top = at_y(p, inside(y)), bottom = at_y(p, inside(base)), gap = x1 - x0 > 4 ? 0.4 : 0;
        lib.cairo_rectangle(p->cr, x0 + gap, top, x1 - x0 - 2 * gap, bottom - top);
        if (i % 4096 == 4095) lib.cairo_fill(p->cr);
    }
    lib.cairo_fill(p->cr);
}

static void draw_stems(page *p, const lsv_series *s) {
    double base = lsv_scale_place(&p->l.y, 0);
    lib.cairo_set_line_width(p->cr, 1);
    for (ptrdiff_t i = 0; i < s->n; i++) {
        double x = lsv_scale_place(&p->l.x, s->x ? s->x[i] : (double)i),
               y = lsv_scale_place(&p->l.y, s->y[i]);
        if (!isnan(x) && !isnan(y))
            segment(p, at_x(p, inside(x)), at_y(p, inside(isnan(base) ? 0 : base)), at_x(p, inside(x)),
                    at_y(p, inside(y)));
    }
    lib.cairo_stroke(p->cr);
}

static lsv_status draw_series(page *p, const lsv_series *s, lsv_error *err) {
    ink(p, lsv_plot_colour(s->colour));
    lib.cairo_new_path(p->cr);
    if (s->style == LSV_PLOT_BARS) draw_bars(p, s);
    if (s->style == LSV_PLOT_STEMS) draw_stems(p, s);
    if (s->style == LSV_PLOT_LINE || s->style == LSV_PLOT_STEPS || s->style == LSV_PLOT_BOTH)
        LSV_TRY(draw_line(p, s, err));
    if (s->style == LSV_PLOT_POINTS || s->style == LSV_PLOT_BOTH || s->style == LSV_PLOT_STEMS)
        LSV_TRY(draw_points(p, s, err));
    return LSV_OK;
}

static void draw_guide(page *p, const lsv_guide *g) {
    double place = lsv_scale_place(g->upright ? &p->l.x : &p->l.y, g->at);
    if (!(place >= 0 && place <= 1)) return;
    ink(p, lsv_plot_colour(g->colour));
    lib.cairo_set_line_width(p->cr, 1);
    dash(p, g->dash, 1);
    if (g->upright) segment(p, at_x(p, place), p->l.frame.y, at_x(p, place), p->l.frame.y + p->l.frame.h);
    else segment(p, p->l.frame.x, at_y(p, place), p->l.frame.x + p->l.frame.w, at_y(p, place));
    lib.cairo_stroke(p->cr);
    dash(p, LSV_PLOT_SOLID, 1);
}

/* ---- images ---- */

/* width x height cells, painted into the box with sharp edges whatever the viewer makes of small images: each
   cell is blown up to several pixels of the image. */
static lsv_status paint_cells(page *p, lsv_box box, int width, int height, lsv_plot_map map,
                              double (*place)(void *, int, int), void *ctx, lsv_error *err) {
    int bx = 800 / width + 1, by = 800 / height + 1;
    cairo_surface_t *s = lib.cairo_image_surface_create(CAIRO_FORMAT_RGB24, width * bx, height * by);
    unsigned char *data = lib.cairo_image_surface_get_data(s);
    int stride = lib.cairo_image_surface_get_stride(s);
    if (lib.cairo_surface_status(s) != CAIRO_STATUS_SUCCESS || !data) {
        lib.cairo_surface_destroy(s);
        return lsv_no_memory(err, (size_t)width * (size_t)height * 4);
    }
    uint32_t colours[1025]; /* the map in fine steps, and what has no colour */
    for (int i = 0; i <= 1024; i++) {
        lsv_rgb c = lsv_map_colour(map, i < 1024 ? i / 1023.0 : NAN);
        colours[i] = (uint32_t)c.r << 16 | (uint32_t)c.g << 8 | c.b;
    }
    for (int i = 0; i < height; i++) {
        unsigned char *row = data + (size_t)i * (size_t)by * (size_t)stride;
        for (int j = 0; j < width; j++) {
            double t = place(ctx, i, j);
            uint32_t pixel = colours[isnan(t) ? 1024 : t <= 0 ? 0 : t >= 1 ? 1023 : (int)lround(t * 1023)];
            for (int k = 0; k < bx; k++) memcpy(row + ((size_t)j * (size_t)bx + (size_t)k) * 4, &pixel, 4);
        }
        for (int k = 1; k < by; k++) memcpy(row + (size_t)k * (size_t)stride, row, (size_t)stride);
    }
    lib.cairo_surface_mark_dirty(s);
    lib.cairo_save(p->cr);
    lib.cairo_translate(p->cr, box.x, box.y);
    lib.cairo_scale(p->cr, box.w / (width * bx), box.h / (height * by));
    lib.cairo_set_source_surface(p->cr, s, 0, 0);
    lib.cairo_pattern_set_filter(lib.cairo_get_source(p->cr),
                                 p->pixels > 0 ? CAIRO_FILTER_GOOD : CAIRO_FILTER_NEAREST);
    lib.cairo_paint(p->cr);
    lib.cairo_restore(p->cr);
    lib.cairo_surface_destroy(s);
    return LSV_OK;
}

static double image_place(void *ctx, int i, int j) {
    const page *p = ctx;
    const lsv_plot_image *m = &p->f->image;
    lsv_scale s = lsv_scale_make(m->low, m->high, false);
    return lsv_scale_place(&s, m->cells[i * m->width + j]);
}

static double bar_place(void *ctx, int i, int j) {
    (void)ctx, (void)j;
    return 1 - i / 255.0;
}

/* The image lies where its rows and columns are on the axes, which may show only a part of it. */
static lsv_status draw_image(page *p, lsv_error *err) {
    const lsv_plot_image *m = &p->f->image;
    double x0 = lsv_scale_place(&p->l.x, -0.5), x1 = lsv_scale_place(&p->l.x, (double)m->cols - 0.5);
    double y0 = lsv_scale_place(&p->l.y, -0.5), y1 = lsv_scale_place(&p->l.y, (double)m->rows - 0.5);
    lsv_box box = {at_x(p, x0), at_y(p, y0), (x1 - x0) * p->l.frame.w, (y0 - y1) * p->l.frame.h};
    return paint_cells(p, box, m->width, m->height, m->map, image_place, p, err);
}

/* ---- axes ---- */

static void draw_grid(page *p) {
    if (!p->f->grid || p->f->image.cells) return;
    ink(p, (lsv_rgb){228, 228, 228});
    lib.cairo_set_line_width(p->cr, 0.6);
    for (int i = 0; i < p->l.x_ticks.n; i++) {
        const lsv_tick *t = &p->l.x_ticks.ticks[i];
        if (t->major)
            segment(p, on_pixel(p, at_x(p, t->place)), p->l.frame.y, on_pixel(p, at_x(p, t->place)),
                    p->l.frame.y + p->l.frame.h);
    }
    for (int i = 0; i < p->l.y_ticks.n; i++) {
        const lsv_tick *t = &p->l.y_ticks.ticks[i];
        if (t->major)
            segment(p, p->l.frame.x, on_pixel(p, at_y(p, t->place)), p->l.frame.x + p->l.frame.w,
                    on_pixel(p, at_y(p, t->place)));
    }
    lib.cairo_stroke(p->cr);
}

static void draw_x_axis(page *p) {
    double y = p->l.frame.y + p->l.frame.h;
    for (int i = 0; i < p->l.x_ticks.n; i++) {
        const lsv_tick *t = &p->l.x_ticks.ticks[i];
        double x = on_pixel(p, at_x(p, t->place));
        segment(p, x, y, x, y + (t->major ? p->l.tick : p->l.tick * 0.55));
        lib.cairo_stroke(p->cr);
        if (t->major)
            write_tick(p, at_x(p, t->place), y + p->l.tick + p->l.gap + LSV_TICK_SIZE * 0.8, t, 0.5);
    }
    double note_y = p->f->x.label ? p->l.x_label_y : y + p->l.tick + p->l.gap + LSV_TICK_SIZE * 1.9;
    write_note(p, p->l.frame.x + p->l.frame.w, note_y, &p->l.x_ticks, 1);
    if (p->f->x.label)
        write_at(p, p->l.frame.x + p->l.frame.w / 2, p->l.x_label_y, p->f->x.label, LSV_LABEL_SIZE, 0.5);
}

/* Ticks to the left (side -1) or the right (1) of x. */
static void draw_upright_axis(page *p, double x, int side, lsv_box box, const lsv_ticks *ticks) {
    for (int i = 0; i < ticks->n; i++) {
        const lsv_tick *t = &ticks->ticks[i];
        double y = on_pixel(p, box.y + (1 - t->place) * box.h);
        segment(p, x, y, x + side * (t->major ? p->l.tick : p->l.tick * 0.55), y);
        lib.cairo_stroke(p->cr);
        if (t->major)
            write_tick(p, x + side * (p->l.tick + p->l.gap),
                       box.y + (1 - t->place) * box.h + LSV_TICK_SIZE * 0.36, t, side < 0 ? 1 : 0);
    }
    write_note(p, box.x, box.y - 4, ticks, 0);
}

static void frame(page *p, lsv_box b) {
    lib.cairo_set_line_width(p->cr, p->pixels > 0 ? fmax(0.8, 1 / p->pixels) : 0.8);
    lib.cairo_rectangle(p->cr, b.x, b.y, b.w, b.h);
    lib.cairo_stroke(p->cr);
}

static void draw_axes(page *p) {
    ink(p, (lsv_rgb){0, 0, 0});
    dash(p, LSV_PLOT_SOLID, 1);
    frame(p, p->l.frame);
    draw_x_axis(p);
    draw_upright_axis(p, p->l.frame.x, -1, p->l.frame, &p->l.y_ticks);
    if (p->f->y.label)
        write_upright(p, p->l.y_label_x, p->l.frame.y + p->l.frame.h / 2, p->f->y.label, LSV_LABEL_SIZE);
    if (!p->f->title) return;
    const char *line = p->f->title;
    int left = 0;
    for (const char *c = line; *c; c++) left += *c == '\n';
    for (;; left--) {
        char piece[512];
        size_t n = strcspn(line, "\n"), kept = n < sizeof piece - 1 ? n : sizeof piece - 1;
        memcpy(piece, line, kept);
        piece[kept] = 0;
        write_at(p, p->l.frame.x + p->l.frame.w / 2, p->l.title_y - left * p->l.title_size * 1.25, piece,
                 p->l.title_size, 0.5);
        if (!line[n]) return;
        line += n + 1;
    }
}

static lsv_status draw_bar(page *p, lsv_error *err) {
    if (p->l.bar.w <= 0) return LSV_OK;
    lsv_status status = paint_cells(p, p->l.bar, 1, 256, p->f->image.map, bar_place, p, err);
    ink(p, (lsv_rgb){0, 0, 0});
    frame(p, p->l.bar);
    draw_upright_axis(p, p->l.bar.x + p->l.bar.w, 1, p->l.bar, &p->l.bar_ticks);
    if (p->f->image.bar_label)
        write_upright(p, p->l.bar_label_x, p->l.bar.y + p->l.bar.h / 2, p->f->image.bar_label,
                      LSV_LABEL_SIZE);
    return status;
}

/* ---- the legend ---- */

static void legend_sample(page *p, const lsv_series *s, const lsv_guide *g, double x, double y) {
    ink(p, lsv_plot_colour(s ? s->colour : g->colour));
    lib.cairo_set_line_width(p->cr, s ? (s->width > 0 ? s->width : 1.5) : 1);
    if (s && s->style == LSV_PLOT_BARS) {
        lib.cairo_rectangle(p->cr, x, y - 3.5, 22, 7);
        lib.cairo_fill(p->cr);
        return;
    }
    if (!s || s->style != LSV_PLOT_POINTS) {
        dash(p, s ? s->dash : g->dash, s ? 1.5 : 1);
        segment(p, x, y, x + 22, y);
        lib.cairo_stroke(p->cr);
        dash(p, LSV_PLOT_SOLID, 1);
    }
    if (s && (s->style == LSV_PLOT_POINTS || s->style == LSV_PLOT_BOTH || s->style == LSV_PLOT_STEMS)) {
        double r = fmax(1.3, marker_radius(s->marker, s->n));
        marker(p, s->marker, x + 11, y, r);
        finish_markers(p, s->marker, r);
    }
}

static void draw_legend(page *p) {
    const lsv_series *s;
    const lsv_guide *g;
    const lsv_box *b = &p->l.legend;
    if (b->w <= 0) return;
    lib.cairo_set_source_rgba(p->cr, 1, 1, 1, 0.88);
    lib.cairo_rectangle(p->cr, b->x, b->y, b->w, b->h);
    lib.cairo_fill(p->cr);
    ink(p, (lsv_rgb){200, 200, 200});
    frame(p, *b);
    const char *label;
    for (int i = 0; (label = lsv_legend_entry(p->f, i, &s, &g)); i++) {
        double y = b->y + 3.5 + (i + 0.5) * p->l.legend_line;
        legend_sample(p, s, g, b->x + 6, y);
        ink(p, (lsv_rgb){0, 0, 0});
        write_at(p, b->x + 34, y + LSV_LEGEND_SIZE * 0.36, label, LSV_LEGEND_SIZE, 0);
    }
}

/* ---- the page ---- */

static lsv_status draw_data(page *p, lsv_error *err) {
    lsv_status status = LSV_OK;
    lib.cairo_save(p->cr);
    lib.cairo_rectangle(p->cr, p->l.frame.x, p->l.frame.y, p->l.frame.w, p->l.frame.h);
    lib.cairo_clip(p->cr);
    if (p->f->image.cells) status = draw_image(p, err);
    for (int i = 0; status == LSV_OK && i < p->f->nseries; i++)
        status = draw_series(p, &p->f->series[i], err);
    for (int i = 0; i < p->f->nguides; i++) draw_guide(p, &p->f->guides[i]);
    lib.cairo_restore(p->cr);
    return status;
}

static lsv_status draw_plot(page *p, double width, double height, lsv_error *err) {
    LSV_TRY(lsv_layout_make(p->f, width, height, p->pixels > 0 ? 1 / p->pixels : 0, measure, p, &p->l, err));
    draw_grid(p);
    LSV_TRY(draw_data(p, err));
    draw_axes(p);
    LSV_TRY(draw_bar(p, err));
    draw_legend(p);
    return LSV_OK;
}

/* A grid of plots, each on a page of its own, below the title that they share. */
static lsv_status draw_panels(page *p, double width, double height, lsv_error *err) {
    const lsv_figure *f = p->f;
    double top = 0, step = p->pixels > 0 ? 1 / p->pixels : 0.01;
    if (f->title) {
        top = LSV_TITLE_SIZE * 1.7;
        ink(p, (lsv_rgb){0, 0, 0});
        write_at(p, width / 2, LSV_TITLE_SIZE * 1.3, f->title, LSV_TITLE_SIZE + 1, 0.5);
    }
    double w = width / f->panel_columns, h = (height - top) / f->panel_rows;
    lsv_status status = LSV_OK;
    for (int i = 0; status == LSV_OK && i < f->panel_rows * f->panel_columns; i++) {
        page q = {.cr = p->cr, .f = f->panels[i], .pixels = p->pixels};
        lib.cairo_save(p->cr);
        lib.cairo_translate(p->cr, floor(i % f->panel_columns * w / step) * step,
                            floor((top + i / f->panel_columns * h) / step) * step);
        status = draw_plot(&q, w, h, err);
        lib.cairo_restore(p->cr);
    }
    return status;
}

lsv_status lsv_page_draw(const lsv_figure *f, cairo_t *cr, double width, double height, double pixels,
                         lsv_error *err) {
    page p = {.cr = cr, .f = f, .pixels = pixels};
    cairo_font_options_t *options = lib.cairo_font_options_create();
    lib.cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    lib.cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    lib.cairo_set_font_options(cr, options);
    lib.cairo_font_options_destroy(options);
    lib.cairo_select_font_face(cr, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    ink(&p, (lsv_rgb){255, 255, 255});
    lib.cairo_paint(cr);
    return f->panels ? draw_panels(&p, width, height, err) : draw_plot(&p, width, height, err);
}

#else
typedef int lsv_page_needs_cairo; /* a translation unit is not empty */
#endif
