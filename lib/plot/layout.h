/* Where the parts of a figure stand on a page, in points from its upper left corner. The page's device only
   measures text. */
#ifndef LSV_PLOT_LAYOUT_H
#define LSV_PLOT_LAYOUT_H

#include "plot/scale.h"

typedef struct lsv_box { double x, y, w, h; } lsv_box;

enum { LSV_TICK_SIZE = 9, LSV_LABEL_SIZE = 10, LSV_TITLE_SIZE = 12, LSV_LEGEND_SIZE = 9 }; /* type sizes */
#define LSV_POWER_SIZE 0.7 /* of a raised exponent, as a part of its label's */

typedef double lsv_measure(void *ctx, const char *text, double size); /* width */

typedef struct lsv_layout {
    lsv_box frame;         /* of the axes                          */
    lsv_box bar;           /* the colour bar; w 0: none            */
    lsv_scale x, y, bar_scale;
    lsv_ticks x_ticks, y_ticks, bar_ticks;
    double title_size, title_y;          /* baseline of its last line         */
    double x_label_y, y_label_x;         /* baselines; the second one upright */
    double bar_label_x;
    double tick, gap;      /* length of a tick, distance to its label */
    lsv_box legend;        /* w 0: none                            */
    double legend_line;    /* from one entry to the next           */
} lsv_layout;

/* pixel: snap the frame to multiples of this (0: nothing to snap to). */
lsv_status lsv_layout_make(const lsv_figure *f, double width, double height, double pixel, lsv_measure *measure, void *ctx, lsv_layout *out, lsv_error *err);

/* A tick's text as print has it: real minus and multiplication signs. Gives `out` back. */
const char *lsv_typeset(const char *ascii, char *out, size_t room);
/* The width of a tick's label, its raised part included. */
double lsv_tick_width(const lsv_tick *t, lsv_measure *measure, void *ctx);

/* The i-th entry of the legend: a series or (*guide) a guide; NULL beyond the last. */
const char *lsv_legend_entry(const lsv_figure *f, int i, const lsv_series **series, const lsv_guide **guide);

#endif
