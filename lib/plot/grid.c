/* Drawing into character cells. A Braille cell has two by four dots, which is what lines are drawn in; where
   a terminal has no colours (or no Unicode) lines are told apart by a mark in every cell they cross. */
#include "plot/grid.h"

#include <math.h>

static int nearest(double place, int n) {
    int k = (int)floor(place * n);
    return k < 0 ? 0 : k >= n ? n - 1 : k;
}

static bool alone(const lsv_figure *f) { return f->nseries <= 1; }

const char *lsv_grid_mark(const lsv_figure *f, const lsv_grid *g, int k) {
    static const char *const plain[] = {"*", "x", "+", "o", "#", "@", "%"};
    static const char *const pretty[] = {"•", "×", "+", "○", "▪", "△", "◇"};
    enum { N = sizeof plain / sizeof *plain };
    const lsv_series *s = &f->series[k];
    bool points = s->style == LSV_PLOT_POINTS || s->style == LSV_PLOT_STEMS;
    if (s->style == LSV_PLOT_BARS) return g->ascii ? "#" : "█";
    if (g->ascii) return plain[k % N];
    if (points && s->n <= 400) return pretty[(g->colours ? 0 : k) % N];
    if (g->colours || alone(f) || k == 0) return NULL;
    return pretty[k % N];
}

static void put_mark(lsv_grid *g, int column, int row, const char *mark, int colour) {
    if (column < 0 || row < 0 || column >= g->columns || row >= g->rows) return;
    *lsv_grid_at(g, column, row) = (lsv_grid_cell){.mark = mark, .ink = colour, .paper = LSV_GRID_PLAIN};
}

/* A dot at column x (two per cell), row y (four per cell, downwards). */
static void put_dot(lsv_grid *g, int x, int y, int colour) {
    static const unsigned char bit[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    if (x < 0 || y < 0 || x >= 2 * g->columns || y >= 4 * g->rows) return;
    lsv_grid_cell *c = lsv_grid_at(g, x / 2, y / 4);
    if (c->mark && !c->faint) return;
    if (c->faint) *c = (lsv_grid_cell){.paper = LSV_GRID_PLAIN};
    c->dots |= bit[y % 4][x % 2];
    c->ink = colour;
}

/* ---- lines and points ---- */

static void put(lsv_grid *g, int x, int y, const char *mark, int colour) {
    if (mark) put_mark(g, x, y, mark, colour);
    else put_dot(g, x, y, colour);
}

/* From a to b on a lattice of wide x high; the first place only where the piece begins. */
static void trace(lsv_grid *g, const lsv_path_point *a, const lsv_path_point *b, int wide, int high,
                  const char *mark, int colour) {
    double x0 = a->x * (double)wide, y0 = (1 - (double)a->y) * high, x1 = b->x * (double)wide,
           y1 = (1 - (double)b->y) * high;
    int n = (int)ceil(fmax(fabs(x1 - x0), fabs(y1 - y0)) * 2) + 1;
    for (int i = 0; i <= n; i++) {
        double x = x0 + (x1 - x0) * i / n, y = y0 + (y1 - y0) * i / n;
        int cx = (int)floor(x), cy = (int)floor(y);
        if (cx == wide && x <= wide) cx--;
        if (cy == high && y <= high) cy--;
        put(g, cx, cy, mark, colour);
    }
}

static lsv_status draw_path(lsv_grid *g, const lsv_series *s, bool points, const char *mark,
                            const lsv_scale *x, const lsv_scale *y, lsv_error *err) {
    int wide = mark ? g->columns : 2 * g->columns, high = mark ? g->rows : 4 * g->rows;
    lsv_path p = {0};
    lsv_status status = lsv_series_path(s, points, x, y, wide, high, &p, err);
    for (ptrdiff_t i = 0; status == LSV_OK && i < p.n; i++)
        trace(g, p.at[i].move || i == 0 ? &p.at[i] : &p.at[i - 1], &p.at[i], wide, high, mark, s->colour);
    lsv_path_free(&p);
    return status;
}

/* ---- bars ---- */

static void draw_bars(lsv_grid *g, const lsv_series *s, const lsv_scale *x, const lsv_scale *y) {
    static const char *const eighths[] = {"", "▁", "▂", "▃", "▄", "▅", "▆", "▇"};
    double base = lsv_scale_place(y, 0);
    if (isnan(base)) base = 0;
    for (ptrdiff_t i = 0; i < s->n; i++) {
        double x0 = lsv_scale_place(x, s->x ? s->x[i] : (double)i - 0.4),
               x1 = lsv_scale_place(x, s->x ? s->x[i + 1] : (double)i + 0.4);
        double top = lsv_scale_place(y, s->y[i]), low = base;
        if (isnan(x0) || isnan(x1) || isnan(top) || x1 < 0 || x0 > 1) continue;
        if (top < low) {
            low = top;
            top = base;
        }
        int c0 = (int)fmax(0, round(x0 * g->columns)),
            c1 = (int)fmin(g->columns - 1, round(x1 * g->columns) - 1);
        if (c1 < c0) c1 = c0 = nearest(x0, g->columns);
        double high = fmin(1, top) * g->rows;
        for (int r = (int)floor(fmax(0, low) * g->rows + 0.5); r < g->rows && r < high; r++) {
            int part = (int)lround(8 * (high - r));
            const char *mark = part >= 8  ? (g->ascii ? "#" : "█")
                               : g->ascii ? (part >= 4 ? "#" : NULL)
                               : part > 0 ? eighths[part]
                                          : NULL;
            for (int c = c0; mark && c <= c1; c++) put_mark(g, c, g->rows - 1 - r, mark, s->colour);
        }
    }
}

static void draw_stems(lsv_grid *g, const lsv_series *s, const lsv_scale *x, const lsv_scale *y) {
    double base = lsv_scale_place(y, 0);
    if (isnan(base)) base = 0;
    for (ptrdiff_t i = 0; i < s->n; i++) {
        double at = lsv_scale_place(x, s->x ? s->x[i] : (double)i), top = lsv_scale_place(y, s->y[i]);
        if (!(at >= 0 && at <= 1) || isnan(top)) continue;
        int r0 = nearest(1 - fmax(base, top), g->rows), r1 = nearest(1 - fmin(base, top), g->rows);
        for (int r = r0; r <= r1; r++)
            put_mark(g, nearest(at, g->columns), r, g->ascii ? "|" : "│", s->colour);
    }
}

lsv_status lsv_grid_series(const lsv_figure *f, lsv_grid *g, int k, const lsv_scale *x, const lsv_scale *y,
                           lsv_error *err) {
    const lsv_series *s = &f->series[k];
    const char *mark = lsv_grid_mark(f, g, k);
    if (s->style == LSV_PLOT_BARS) {
        draw_bars(g, s, x, y);
        return LSV_OK;
    }
    if (s->style == LSV_PLOT_STEMS) draw_stems(g, s, x, y);
    bool points = s->style == LSV_PLOT_POINTS || s->style == LSV_PLOT_STEMS;
    LSV_TRY(draw_path(g, s, points, mark, x, y, err));
    if (s->style == LSV_PLOT_BOTH && s->n <= 60 && !mark)
        return draw_path(g, s, true, g->ascii ? "*" : "•", x, y, err);
    return LSV_OK;
}

void lsv_grid_guide(lsv_grid *g, const lsv_guide *guide, const lsv_scale *x, const lsv_scale *y) {
    double place = lsv_scale_place(guide->upright ? x : y, guide->at);
    if (!(place >= 0 && place <= 1)) return;
    int n = guide->upright ? g->rows : g->columns,
        at = guide->upright ? nearest(place, g->columns) : nearest(1 - place, g->rows);
    const char *mark = guide->upright ? (g->ascii ? ":" : "┊") : (g->ascii ? "-" : "┄");
    for (int i = 0; i < n; i++) {
        put_mark(g, guide->upright ? at : i, guide->upright ? i : at, mark, guide->colour);
        lsv_grid_at(g, guide->upright ? at : i, guide->upright ? i : at)->faint = true;
    }
}

/* ---- images ---- */

const char *const *lsv_grid_shades(bool ascii, int *n) {
    static const char *const plain[] = {" ", ".", ":", "-", "=", "+", "*", "#", "%", "@"};
    static const char *const pretty[] = {" ", "░", "▒", "▓", "█"};
    *n = ascii ? (int)(sizeof plain / sizeof *plain) : (int)(sizeof pretty / sizeof *pretty);
    return ascii ? plain : pretty;
}

/* The mean of the kept cells that a piece of the frame shows; places run to the right and downwards. */
static double shown(const lsv_plot_image *m, const lsv_scale *colour, double x0, double x1, double y0,
                    double y1) {
    int j0 = nearest(x0, m->width), j1 = nearest(x1 - 1e-9, m->width), i0 = nearest(y0, m->height),
        i1 = nearest(y1 - 1e-9, m->height);
    double sum = 0;
    int n = 0;
    for (int i = i0; i <= i1; i++)
        for (int j = j0; j <= j1; j++) {
            double place = lsv_scale_place(colour, m->cells[i * m->width + j]);
            if (isnan(place)) continue;
            sum += place;
            n++;
        }
    return n ? fmin(1, fmax(0, sum / n)) : NAN;
}

static int image_colour(const lsv_plot_image *m, double place) {
    lsv_rgb c = lsv_map_colour(m->map, place);
    return LSV_PLOT_RGB | c.r << 16 | c.g << 8 | c.b;
}

void lsv_grid_image(const lsv_figure *f, lsv_grid *g, const lsv_scale *x, const lsv_scale *y) {
    const lsv_plot_image *m = &f->image;
    lsv_scale colour = lsv_scale_make(m->low, m->high, false);
    int nshades;
    const char *const *shades = lsv_grid_shades(g->ascii, &nshades);
    double left = (x->low + 0.5) / (double)m->cols, wide = (x->high - x->low) / (double)m->cols;
    double top = (y->high + 0.5) / (double)m->rows, high = (y->low - y->high) / (double)m->rows;
    for (int r = 0; r < g->rows; r++)
        for (int c = 0; c < g->columns; c++) {
            double x0 = left + wide * c / g->columns, x1 = left + wide * (c + 1) / g->columns;
            double y0 = top + high * r / g->rows, y1 = top + high * (r + 1) / g->rows, middle = (y0 + y1) / 2;
            lsv_grid_cell *cell = lsv_grid_at(g, c, r);
            *cell = (lsv_grid_cell){.ink = LSV_GRID_PLAIN, .paper = LSV_GRID_PLAIN};
            if (g->colours && !g->ascii) {
                cell->mark = "▀";
                cell->ink = image_colour(m, shown(m, &colour, x0, x1, y0, middle));
                cell->paper = image_colour(m, shown(m, &colour, x0, x1, middle, y1));
            } else {
                double place = shown(m, &colour, x0, x1, y0, y1);
                cell->mark = isnan(place) ? "?" : shades[nearest(place, nshades)];
            }
        }
}

/* ---- colours ---- */

static int of_256(lsv_rgb c) {
    int r = (c.r * 5 + 127) / 255, g = (c.g * 5 + 127) / 255, b = (c.b * 5 + 127) / 255;
    return 16 + 36 * r + 6 * g + b;
}

void lsv_grid_escape(const lsv_grid *g, int colour, int what, lsv_text *t) {
    lsv_rgb c = lsv_plot_colour(colour);
    if (colour == LSV_GRID_PLAIN || (what == 38 && c.r + c.g + c.b == 0))
        lsv_text_printf(t, "\033[%dm", what + 1);
    else if (g->colours > 256) lsv_text_printf(t, "\033[%d;2;%d;%d;%dm", what, c.r, c.g, c.b);
    else lsv_text_printf(t, "\033[%d;5;%dm", what, of_256(c));
}
