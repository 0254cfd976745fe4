/* Figures: what a plot shows, and how it becomes a picture.

   A figure is data and wishes only (series of points, or one image of a matrix, with labels, limits and
   logarithmic axes). Pictures are made from it by renderers that share ranges, ticks and thinning:

       lsv_figure_text     characters: Braille dots and boxes, or plain ASCII; needs nothing
       lsv_figure_save     .svg, .pdf and .png; through Cairo, opened at first use
       lsv_figure_pixels   an image in memory, for a terminal with graphics; through Cairo

   The same figure gives the same bytes each time: no dates, no counters. A figure owns copies of its
   data. Values that are not finite break a line and never take part in a range; on a logarithmic axis
   this goes for what is not positive. */
#ifndef LSV_PLOT_FIGURE_H
#define LSV_PLOT_FIGURE_H

#include "array/array.h"
#include "text/text.h"

typedef enum lsv_plot_style { LSV_PLOT_LINE, LSV_PLOT_POINTS, LSV_PLOT_BOTH, LSV_PLOT_STEPS, LSV_PLOT_BARS, LSV_PLOT_STEMS } lsv_plot_style;
typedef enum lsv_plot_dash { LSV_PLOT_SOLID, LSV_PLOT_DASHED, LSV_PLOT_DOTTED, LSV_PLOT_DASHDOT } lsv_plot_dash;
enum { LSV_PLOT_GREY = -1, LSV_PLOT_RGB = 1 << 24 }; /* colours: a place in the cycle, grey, or LSV_PLOT_RGB | 0xrrggbb */

typedef struct lsv_series {
    ptrdiff_t n;
    double *x;             /* n of them, n + 1 edges for bars; NULL: 0, 1, 2, … */
    double *y;
    char *label;           /* in the legend; NULL: not there                    */
    lsv_plot_style style;
    lsv_plot_dash dash;
    int colour;
    char marker;           /* of points: 'o' 'x' '+' '*' 's' '^' 'd' '.'        */
    double width;          /* of the line, points; 0: as usual                  */
} lsv_series;

/* A line across the whole plot: x = at (upright) or y = at. */
typedef struct lsv_guide { double at; bool upright; char *label; int colour; lsv_plot_dash dash; } lsv_guide;

typedef struct lsv_plot_axis {
    char *label;           /* NULL: none                      */
    bool log;
    bool integers;         /* ticks at integers only          */
    bool has_low, has_high;/* limits that were asked for      */
    double low, high;      /* low > high: the axis is reversed */
    bool placed;           /* ticks where they were asked for: nticks of them, perhaps none */
    int nticks;
    double *at;
    char **names;          /* what stands at each, NULL: nothing; NULL: the numbers */
} lsv_plot_axis;

typedef enum lsv_plot_map { LSV_MAP_AUTO, LSV_MAP_SEQUENTIAL, LSV_MAP_DIVERGING, LSV_MAP_GREY } lsv_plot_map;

/* A matrix as colours; its first row is on top. Large ones are kept as means of blocks. */
typedef struct lsv_plot_image {
    ptrdiff_t rows, cols;  /* of the matrix          */
    int height, width;     /* of the cells kept      */
    double *cells;         /* NULL: no image         */
    double low, high;      /* the ends of the colours */
    bool flat;             /* all one value          */
    lsv_plot_map map;
    bool bar;              /* draw the colour bar    */
    bool stretch;          /* fill the frame instead of square cells */
    char *bar_label;
} lsv_plot_image;

typedef struct lsv_figure {
    char *title;
    lsv_plot_axis x, y;
    int nseries, series_room;
    lsv_series *series;
    int nguides, guides_room;
    lsv_guide *guides;
    lsv_plot_image image;
    bool legend;           /* where there are labels         */
    bool grid;
    double width, height;  /* inches                         */
    int panel_rows, panel_columns, panel; /* panels, row by row, and the one drawn into now */
    struct lsv_figure **panels; /* NULL: the figure is one plot; else only its title and size count */
} lsv_figure;

/* ---- making ---- every function leaves the figure as it was when it fails */

lsv_status lsv_figure_new(lsv_figure **out, lsv_error *err);
void lsv_figure_free(lsv_figure *f); /* NULL is allowed */
/* *to = a copy of text, the mathematics between dollar signs in it as Unicode (NULL clears). */
lsv_status lsv_figure_text_set(char **to, const char *text, lsv_error *err);

/* A series over y (1-D, any real dtype) and x (as long; one longer for bars; NULL: 0, 1, …); the arrays are copied.
   `like` gives label, style, dash, colour, marker and width; its arrays are not looked at. */
lsv_status lsv_figure_add(lsv_figure *f, const lsv_array *x, const lsv_array *y, const lsv_series *like, lsv_error *err);
lsv_status lsv_figure_guide(lsv_figure *f, const lsv_guide *like, lsv_error *err);
/* The image of a matrix (2-D, not empty); NaN for vmin and vmax: from the data. */
lsv_status lsv_figure_image(lsv_figure *f, const lsv_array *a, lsv_plot_map map, double vmin, double vmax, lsv_error *err);

/* Make f a grid of rows by columns plots (at most 8 each way) and select the first; what it held is dropped but its
   title. A grid of that shape stays as it is. */
lsv_status lsv_figure_panels(lsv_figure *f, int rows, int columns, lsv_error *err);
/* Ticks of one axis at these places (at most LSV_PLACED_MOST), with names, or (names NULL) the numbers. All are copied. */
enum { LSV_PLACED_MOST = 96 };
lsv_status lsv_figure_ticks(lsv_plot_axis *axis, int n, const double *at, const char *const *names, lsv_error *err);
/* Is there anything to show? */
bool lsv_figure_is_empty(const lsv_figure *f);

/* ---- pictures ---- */

typedef struct lsv_text_picture {
    int columns, rows;     /* at most; rows 0: by the figure's proportions */
    bool ascii;
    int colours;           /* 0: none, 256, or 1 << 24       */
} lsv_text_picture;
lsv_status lsv_figure_text(const lsv_figure *f, lsv_text_picture how, lsv_text *t, lsv_error *err);

/* By the name's ending: .svg, .pdf, .png (dpi: pixels per inch; 0: 150). LSV_EVALUE: another ending;
   LSV_ENOTIMPL: without Cairo. The file is written whole or not at all. */
lsv_status lsv_figure_save(const lsv_figure *f, const char *path, double dpi, lsv_error *err);

/* width x height pixels, 4 bytes each: red, green, blue, 255; lsv_free the result. scale: pixels per point. */
lsv_status lsv_figure_pixels(const lsv_figure *f, int width, int height, double scale, unsigned char **out, lsv_error *err);

#endif
