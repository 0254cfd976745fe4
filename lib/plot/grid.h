/* A frame of character cells, on its way to becoming text: what each cell shows and in which colour. */
#ifndef LSV_PLOT_GRID_H
#define LSV_PLOT_GRID_H

#include "plot/scale.h"

enum { LSV_GRID_PLAIN = -2 };  /* the terminal's own colour */

typedef struct lsv_grid_cell {
    unsigned char dots;        /* of a Braille cell                     */
    const char *mark;          /* UTF-8, instead of dots; NULL: none    */
    bool faint;                /* a guide: anything else replaces it    */
    int ink, paper;            /* colour numbers of series, or LSV_GRID_PLAIN */
} lsv_grid_cell;

typedef struct lsv_grid {
    int columns, rows;
    bool ascii;
    int colours;
    lsv_grid_cell *cells;
} lsv_grid;

static inline lsv_grid_cell *lsv_grid_at(lsv_grid *g, int column, int row) { return &g->cells[row * g->columns + column]; }

/* What marks the k-th series where colours cannot tell them apart; NULL: its line is drawn in dots. */
const char *lsv_grid_mark(const lsv_figure *f, const lsv_grid *g, int k);
lsv_status lsv_grid_series(const lsv_figure *f, lsv_grid *g, int k, const lsv_scale *x, const lsv_scale *y, lsv_error *err);
void lsv_grid_guide(lsv_grid *g, const lsv_guide *guide, const lsv_scale *x, const lsv_scale *y);
void lsv_grid_image(const lsv_figure *f, lsv_grid *g, const lsv_scale *x, const lsv_scale *y);
/* The steps of an image without colours, from low to high; *n of them. */
const char *const *lsv_grid_shades(bool ascii, int *n);

/* A colour as an escape sequence: 38 (ink) or 48 (paper). */
void lsv_grid_escape(const lsv_grid *g, int colour, int what, lsv_text *t);

#endif
