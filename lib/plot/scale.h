/* From values to places: ranges, scales and ticks, the same for every renderer. */
#ifndef LSV_PLOT_SCALE_H
#define LSV_PLOT_SCALE_H

#include "plot/figure.h"

/* A value's place between 0 (low end) and 1; computed in long double, so that ±1e308 have a distance. */
typedef struct lsv_scale {
    bool log;
    double low, high;      /* low > high: reversed              */
    long double from, span;/* of the value or of its logarithm  */
} lsv_scale;

lsv_scale lsv_scale_make(double low, double high, bool log);
double lsv_scale_place(const lsv_scale *s, double value); /* NaN: not on this axis */

/* The figure's scales: limits asked for, else the data and a margin. */
void lsv_figure_scales(const lsv_figure *f, lsv_scale *x, lsv_scale *y);

/* ---- ticks ---- */

enum { LSV_TICKS_MOST = LSV_PLACED_MOST };
typedef struct lsv_tick {
    double value, place;
    bool major;            /* has a label                                                    */
    bool named;            /* the label is somebody's text, shown as it is                   */
    char text[32];         /* "0.25", "10", "2x10"; plain ASCII                              */
    char power[8];         /* what stands raised behind it: "-5"; or empty                   */
} lsv_tick;
typedef struct lsv_ticks {
    int n;
    int power;             /* every label counts in units of 10^power                        */
    double offset;         /* … and from here                                                */
    lsv_tick ticks[LSV_TICKS_MOST];
} lsv_ticks;

/* At most `most` (2 or more) labelled ticks at round numbers: steps of 1, 2, 2.5 and 5; decades, and what
   lies between them, on a logarithmic scale. */
void lsv_ticks_make(const lsv_scale *s, int most, bool integers, lsv_ticks *out);
/* Those of an axis: where and with what names they were asked for, else as above. */
void lsv_axis_ticks(const lsv_plot_axis *axis, const lsv_scale *s, int most, bool integers, lsv_ticks *out);
/* "10^6", "+1000", or both: what the labels leave out, as ASCII or with ×, superscripts; empty for nothing. */
void lsv_ticks_note(const lsv_ticks *t, bool ascii, lsv_text *out);
/* One label as plain text: "0.25", "1e-05"; ascii: no superscripts. */
void lsv_tick_text(const lsv_tick *t, bool ascii, lsv_text *out);
/* Digits and signs as superscripts. */
void lsv_superscript(const char *digits, lsv_text *out);

/* ---- thinning ---- */

typedef struct lsv_path_point { float x, y; bool move; } lsv_path_point; /* 0 … 1, upwards; move: a new piece begins */
typedef struct lsv_path { ptrdiff_t n, room; lsv_path_point *at; } lsv_path; /* begin with {0} */

/* A series as pieces of line (or, for points, as single places) inside the frame. Neighbours that fall into
   one of `columns` columns become their extremes, points that fall into one cell of columns x rows become
   one: 10^7 points cost a pass over them. */
lsv_status lsv_series_path(const lsv_series *s, bool points, const lsv_scale *x, const lsv_scale *y, int columns, int rows, lsv_path *out, lsv_error *err);
void lsv_path_free(lsv_path *p);

/* ---- colours ---- */

typedef struct lsv_rgb { unsigned char r, g, b; } lsv_rgb;
lsv_rgb lsv_plot_colour(int colour);                       /* of a series */
lsv_rgb lsv_map_colour(lsv_plot_map map, double place);    /* 0 … 1; NaN: a light grey */

#endif
