/* Figures as text: a frame of cells with the title above, numbers at the left and below, the legend under the
   title. Width is kept to; nothing here knows a terminal. */
#include "plot/grid.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "plot/label.h"

typedef struct sheet {
    const lsv_figure *f;
    lsv_text_picture how;
    lsv_scale x, y;
    lsv_ticks tx, ty;
    lsv_grid grid;
    int margin; /* columns left of the frame */
    lsv_text *t;
} sheet;

/* ---- lines of text ---- */

static void end_line(sheet *s) {
    lsv_text *t = s->t;
    while (t->length && t->data[t->length - 1] == ' ') t->data[--t->length] = 0;
    lsv_text_putc(t, '\n');
}

/* The longest beginning of text[0 … n) that is not wider than `columns`, cut between words where it can be.
 */
static size_t fitting(const char *text, size_t n, int columns) {
    if (lsv_text_width(text, n) <= (size_t)columns) return n;
    size_t last = 0, space = 0;
    for (size_t i = 1; i <= n; i++) {
        if (i < n && (text[i] & 0xc0) == 0x80) continue;
        if (lsv_text_width(text, i) > (size_t)columns) break;
        last = i;
        if (i < n && text[i] == ' ') space = i;
    }
    return space ? space : last ? last : 1;
}

/* Text in lines, each centred over columns from … from + room. */
static void centred(sheet *s, const char *text, int from, int room) {
    for (const char *line = text; *line;) {
        size_t whole = strcspn(line, "\n"), n = fitting(line, whole, s->how.columns);
        int wide = (int)lsv_text_width(line, n), at = from + (room - wide) / 2;
        if (at + wide > s->how.columns) at = s->how.columns - wide;
        lsv_text_fill(s->t, ' ', at > 0 ? (size_t)at : 0);
        lsv_text_add(s->t, line, n);
        end_line(s);
        line += n;
        while (*line == ' ') line++;
        if (n == whole && *line == '\n') line++;
    }
}

/* A label's copy; in a locale without Unicode what can be said in ASCII. */
static char *plain(const sheet *s, const char *text) {
    if (!s->how.ascii) return lsv_strdup(text);
    lsv_text t = {0};
    lsv_label_ascii(text, &t);
    char *copy = t.failed ? NULL : lsv_strdup(t.data ? t.data : "");
    lsv_text_free(&t);
    return copy;
}

static lsv_status centred_label(sheet *s, const char *text, int from, int room, lsv_error *err) {
    if (!text) return LSV_OK;
    char *shown = plain(s, text);
    if (!shown) return lsv_no_memory(err, strlen(text));
    centred(s, shown, from, room);
    lsv_free(shown);
    return LSV_OK;
}

/* ---- the frame's size ---- */

static int label_width(const sheet *s, const lsv_ticks *ticks) {
    size_t most = 0;
    for (int i = 0; i < ticks->n; i++) {
        lsv_text t = {0};
        if (!ticks->ticks[i].major) continue;
        lsv_tick_text(&ticks->ticks[i], s->how.ascii, &t);
        size_t w = t.data ? lsv_text_width(t.data, t.length) : 0;
        if (w > most) most = w;
        lsv_text_free(&t);
    }
    return (int)most;
}

/* The frame of an image: square cells (a character is twice as high as wide), whole numbers of characters
   for each where there is room, the given frame where the matrix is a long strip. */
static void image_frame(const sheet *s, int *columns, int *rows) {
    const lsv_plot_image *m = &s->f->image;
    double r = (double)m->rows, c = (double)m->cols, k = fmin(*columns / (2 * c), *rows / r);
    if (c > 8 * r || r > 8 * c) {
        double wide = floor(*columns / c), high = floor(*rows / r);
        if (wide >= 1) *columns = (int)(fmin(wide, 6) * c);
        if (high >= 1) *rows = (int)(fmin(high, 3) * r);
        return;
    }
    if (k >= 1) k = fmin(floor(k), 3);
    *columns = (int)fmax(1, round(2 * c * k));
    *rows = (int)fmax(1, round(r * k));
}

static void choose_frame(sheet *s) {
    const lsv_figure *f = s->f;
    bool image = f->image.cells != NULL;
    int rows = s->how.rows > 0
                   ? s->how.rows
                   : (int)fmin(24, fmax(4, round(s->how.columns * (f->height / f->width) * 0.32)));
    int columns = s->how.columns;
    for (int pass = 0; pass < 2; pass++) { /* the numbers' width depends on the ticks, they on the height */
        lsv_axis_ticks(&f->y, &s->y, (int)fmax(2, rows / 3.0 + 1), f->y.integers || image, &s->ty);
        s->margin = label_width(s, &s->ty) + 1;
        columns = s->how.columns - s->margin - 2;
        if (columns < 8) columns = 8;
        if (pass == 0 && image) image_frame(s, &columns, &rows);
    }
    if (image) {
        int most = s->how.rows > 0 ? s->how.rows : (int)fmin(24, fmax(8, s->how.columns / 4));
        rows = most;
        image_frame(s, &columns, &rows);
        lsv_axis_ticks(&f->y, &s->y, (int)fmax(2, rows / 2.0 + 1), true, &s->ty);
        s->margin = label_width(s, &s->ty) + 1;
    }
    for (int most = (int)fmax(2, columns / 8.0 + 1); most >= 2; most--) {
        lsv_axis_ticks(&f->x, &s->x, most, f->x.integers || image, &s->tx);
        int n = 0;
        for (int i = 0; i < s->tx.n; i++) n += s->tx.ticks[i].major;
        if (n * (label_width(s, &s->tx) + 2) <= columns + 2) break;
    }
    s->grid.columns = columns;
    s->grid.rows = rows;
}

/* ---- emitting ---- */

static int cell_of(double place, int n) {
    int k = (int)floor(place * n);
    return k < 0 ? 0 : k >= n ? n - 1 : k;
}

static void emit_cell(sheet *s, const lsv_grid_cell *c, int *ink, int *paper) {
    bool blank = !c->mark && !c->dots;
    if (s->how.colours) {
        if (!blank && c->ink != *ink) lsv_grid_escape(&s->grid, *ink = c->ink, 38, s->t);
        int behind = blank ? LSV_GRID_PLAIN : c->paper;
        if (behind != *paper) lsv_grid_escape(&s->grid, *paper = behind, 48, s->t);
    }
    if (c->mark) {
        lsv_text_puts(s->t, c->mark);
    } else if (c->dots) {
        char braille[4] = {(char)0xe2, (char)(0xa0 + (c->dots >> 6)), (char)(0x80 + (c->dots & 0x3f)), 0};
        lsv_text_puts(s->t, braille);
    } else {
        lsv_text_putc(s->t, ' ');
    }
}

/* The label of the tick that stands in this row, right-aligned before the frame. */
static const char *row_edge(sheet *s, int row) {
    lsv_text label = {0};
    bool tick = false;
    for (int i = 0; i < s->ty.n && !tick; i++) {
        const lsv_tick *k = &s->ty.ticks[i];
        if (!k->major || cell_of(1 - k->place, s->grid.rows) != row) continue;
        lsv_tick_text(k, s->how.ascii, &label);
        tick = true;
    }
    int wide = label.data ? (int)lsv_text_width(label.data, label.length) : 0;
    if (wide < s->margin) lsv_text_fill(s->t, ' ', (size_t)(s->margin - 1 - wide));
    if (label.data) lsv_text_puts(s->t, label.data);
    lsv_text_putc(s->t, ' ');
    s->t->failed |= label.failed;
    lsv_text_free(&label);
    return s->how.ascii ? (tick ? "+" : "|") : tick ? "┤" : "│";
}

static void edge(sheet *s, const char *left, const char *right, bool ticks) {
    const char *line = s->how.ascii ? "-" : "─", *mark = s->how.ascii ? "+" : "┬";
    lsv_text_fill(s->t, ' ', (size_t)s->margin);
    lsv_text_puts(s->t, s->how.ascii ? "+" : left);
    for (int c = 0; c < s->grid.columns; c++) {
        bool here = false;
        for (int i = 0; ticks && i < s->tx.n; i++)
            here |= s->tx.ticks[i].major && cell_of(s->tx.ticks[i].place, s->grid.columns) == c;
        lsv_text_puts(s->t, here ? mark : line);
    }
    lsv_text_puts(s->t, s->how.ascii ? "+" : right);
    end_line(s);
}

static void emit_frame(sheet *s) {
    edge(s, "┌", "┐", false);
    for (int r = 0; r < s->grid.rows; r++) {
        int ink = LSV_GRID_PLAIN, paper = LSV_GRID_PLAIN;
        lsv_text_puts(s->t, row_edge(s, r));
        for (int c = 0; c < s->grid.columns; c++) emit_cell(s, lsv_grid_at(&s->grid, c, r), &ink, &paper);
        if (ink != LSV_GRID_PLAIN || paper != LSV_GRID_PLAIN) lsv_text_puts(s->t, "\033[0m");
        lsv_text_puts(s->t, s->how.ascii ? "|" : "│");
        end_line(s);
    }
    edge(s, "└", "┘", true);
}

/* The numbers below the frame; one that would run into its neighbour is left out. */
static void emit_x_labels(sheet *s) {
    int at = 0;
    bool reversed = s->x.low > s->x.high;
    for (int n = 0; n < s->tx.n; n++) {
        const lsv_tick *k = &s->tx.ticks[reversed ? s->tx.n - 1 - n : n];
        lsv_text label = {0};
        if (!k->major) continue;
        lsv_tick_text(k, s->how.ascii, &label);
        int wide = label.data ? (int)lsv_text_width(label.data, label.length) : 0;
        int from = s->margin + 1 + cell_of(k->place, s->grid.columns) - (wide - 1) / 2;
        if (from + wide > s->how.columns) from = s->how.columns - wide;
        if (from >= at && label.data && (at == 0 || from > at)) {
            lsv_text_fill(s->t, ' ', (size_t)(from - at));
            lsv_text_puts(s->t, label.data);
            at = from + wide;
        }
        s->t->failed |= label.failed;
        lsv_text_free(&label);
    }
    end_line(s);
}

/* ---- legend and notes ---- */

static void sample(sheet *s, int k) {
    const char *mark = lsv_grid_mark(s->f, &s->grid, k);
    if (s->how.colours) lsv_grid_escape(&s->grid, s->f->series[k].colour, 38, s->t);
    lsv_text_puts(s->t, mark ? mark : "⠤⠤");
    if (s->how.colours) lsv_text_puts(s->t, "\033[0m");
    lsv_text_putc(s->t, ' ');
}

/* One entry; a line is begun anew where it would not fit. */
static lsv_status entry(sheet *s, const char *label, int series, const lsv_guide *guide, int *used,
                        lsv_error *err) {
    char *shown = plain(s, label);
    if (!shown) return lsv_no_memory(err, strlen(label));
    size_t n = fitting(shown, strlen(shown), s->how.columns - s->margin - 4);
    int wide = (int)lsv_text_width(shown, n) + 6;
    if (*used && *used + wide > s->how.columns) {
        end_line(s);
        *used = 0;
    }
    if (!*used) lsv_text_fill(s->t, ' ', (size_t)(*used = s->margin + 1));
    if (guide)
        lsv_text_puts(s->t, guide->upright ? (s->how.ascii ? ": " : "┊ ") : (s->how.ascii ? "- " : "┄ "));
    else sample(s, series);
    lsv_text_add(s->t, shown, n);
    lsv_text_puts(s->t, "   ");
    *used += wide;
    lsv_free(shown);
    return LSV_OK;
}

static lsv_status emit_legend(sheet *s, lsv_error *err) {
    int used = 0;
    if (!s->f->legend) return LSV_OK;
    for (int k = 0; k < s->f->nseries; k++)
        if (s->f->series[k].label) LSV_TRY(entry(s, s->f->series[k].label, k, NULL, &used, err));
    for (int k = 0; k < s->f->nguides; k++)
        if (s->f->guides[k].label) LSV_TRY(entry(s, s->f->guides[k].label, 0, &s->f->guides[k], &used, err));
    if (used) end_line(s);
    return LSV_OK;
}

/* Above the frame at the left: the label of the y axis, and what its numbers leave out. */
static lsv_status emit_y_label(sheet *s, lsv_error *err) {
    lsv_text note = {0}, line = {0};
    lsv_ticks_note(&s->ty, s->how.ascii, &note);
    char *label = s->f->y.label ? plain(s, s->f->y.label) : NULL;
    bool ok = !s->f->y.label || label;
    if (label) lsv_text_puts(&line, label);
    if (label && note.data) lsv_text_puts(&line, ", ");
    if (note.data) lsv_text_puts(&line, note.data);
    ok = ok && !line.failed && !note.failed;
    if (ok && line.data) {
        size_t n = fitting(line.data, line.length, s->how.columns), wide = lsv_text_width(line.data, n);
        if (wide < (size_t)s->margin) lsv_text_fill(s->t, ' ', (size_t)s->margin - wide);
        lsv_text_add(s->t, line.data, n);
        end_line(s);
    }
    lsv_free(label);
    lsv_text_free(&note);
    lsv_text_free(&line);
    return ok ? LSV_OK : lsv_no_memory(err, 0);
}

static lsv_status emit_x_label(sheet *s, lsv_error *err) {
    lsv_text line = {0};
    if (s->f->x.label) lsv_text_puts(&line, s->f->x.label);
    if (s->f->x.label && (s->tx.power || s->tx.offset != 0)) lsv_text_puts(&line, ", ");
    lsv_ticks_note(&s->tx, s->how.ascii, &line);
    lsv_status status = line.failed ? lsv_no_memory(err, 0)
                                    : centred_label(s, line.data, s->margin + 1, s->grid.columns, err);
    lsv_text_free(&line);
    return status;
}

/* From low to high in the image's shades or colours, with the numbers at the ends. */
static void emit_bar(sheet *s) {
    const lsv_plot_image *m = &s->f->image;
    int n, steps = 24;
    const char *const *shades = lsv_grid_shades(s->how.ascii, &n);
    if (!s->how.colours) steps = n * (s->how.ascii ? 2 : 4);
    char low[32], high[32];
    snprintf(low, sizeof low, "%.4g", m->low);
    snprintf(high, sizeof high, "%.4g", m->high);
    lsv_text_fill(s->t, ' ', (size_t)s->margin + 1);
    lsv_text_printf(s->t, "%s ", low);
    for (int i = 0; i < steps; i++) {
        if (!s->how.colours) {
            lsv_text_puts(s->t, shades[i * n / steps]);
            continue;
        }
        lsv_rgb c = lsv_map_colour(m->map, i / (steps - 1.0));
        lsv_grid_escape(&s->grid, LSV_PLOT_RGB | c.r << 16 | c.g << 8 | c.b, 48, s->t);
        lsv_text_putc(s->t, ' ');
    }
    if (s->how.colours) lsv_text_puts(s->t, "\033[0m");
    lsv_text_printf(s->t, " %s", high);
    end_line(s);
}

/* ---- the whole ---- */

static lsv_status fill(sheet *s, lsv_error *err) {
    const lsv_figure *f = s->f;
    lsv_grid *g = &s->grid;
    size_t cells = (size_t)g->columns * (size_t)g->rows;
    g->cells = lsv_malloc(cells * sizeof *g->cells);
    if (!g->cells) return lsv_no_memory(err, cells * sizeof *g->cells);
    for (size_t i = 0; i < cells; i++)
        g->cells[i] = (lsv_grid_cell){.ink = LSV_GRID_PLAIN, .paper = LSV_GRID_PLAIN};
    if (f->image.cells) lsv_grid_image(f, g, &s->x, &s->y);
    for (int k = 0; k < f->nguides; k++) lsv_grid_guide(g, &f->guides[k], &s->x, &s->y);
    for (int k = f->nseries - 1; k >= 0; k--) LSV_TRY(lsv_grid_series(f, g, k, &s->x, &s->y, err));
    return LSV_OK;
}

static lsv_status emit(sheet *s, lsv_error *err) {
    LSV_TRY(centred_label(s, s->f->title, s->margin + 1, s->grid.columns, err));
    LSV_TRY(emit_legend(s, err));
    LSV_TRY(emit_y_label(s, err));
    emit_frame(s);
    emit_x_labels(s);
    LSV_TRY(emit_x_label(s, err));
    if (s->f->image.cells && s->f->image.bar) emit_bar(s);
    return s->t->failed ? lsv_no_memory(err, 0) : LSV_OK;
}

lsv_status lsv_figure_text(const lsv_figure *f, lsv_text_picture how, lsv_text *t, lsv_error *err) {
    sheet s = {.f = f, .how = how, .t = t};
    if (f->panels) { /* one below the other */
        LSV_TRY(centred_label(&s, f->title, 0, how.columns, err));
        for (int i = 0; i < f->panel_rows * f->panel_columns; i++)
            if (!lsv_figure_is_empty(f->panels[i])) LSV_TRY(lsv_figure_text(f->panels[i], how, t, err));
        return LSV_OK;
    }
    if (s.how.columns < 20) s.how.columns = 20;
    if (s.how.columns > 400) s.how.columns = 400;
    if (s.how.rows > 200) s.how.rows = 200;
    s.grid.ascii = how.ascii;
    s.grid.colours = how.colours;
    lsv_figure_scales(f, &s.x, &s.y);
    choose_frame(&s);
    lsv_status status = fill(&s, err);
    if (status == LSV_OK) status = emit(&s, err);
    lsv_free(s.grid.cells);
    return status;
}
