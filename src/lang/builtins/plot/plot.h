/* Figures in the language: what the files of the plotting builtins share.

   A Figure is a value: its echo draws it, so that `plot(y)` at the end of a cell shows a picture and
   `plot(y);` makes one for savefig without showing it. matplotlib's functions draw into the interpreter's
   open figure, which is shown by plt.show() or when its cell ends, as a notebook does. */
#ifndef LANG_BUILTINS_PLOT_H
#define LANG_BUILTINS_PLOT_H

#include "lang/builtins/support.h"
#include "plot/figure.h"

/* The figure in a Figure (or in its Axes); NULL: v is neither. Borrowed. */
lsv_figure *ls_figure_of(ls_value v);
/* A Figure over f, which it takes in any case. */
bool ls_figure_new(ls_interp *in, lsv_figure *f, ls_value *out);
bool ls_axes_new(ls_interp *in, ls_value figure, int panel, ls_value *out); /* the panel-th plot of it */
/* All plots of a figure of rows x columns as matplotlib gives them: one Axes, or an array of them (plot_axes.c). */
bool ls_axes_array(ls_interp *in, ls_value figure, int rows, int columns, bool squeeze, ls_value *out);
/* What plt.rcParams says of a new figure (plot_settings.c). */
bool ls_plot_heed_settings(ls_work *w, lsv_figure *f);
/* Draw through the client, or as text through write where it has no way of its own. */
bool ls_figure_show(ls_interp *in, ls_value figure);
/* Show and close what matplotlib's functions have open. */
bool ls_figure_flush(ls_interp *in);
/* The figure made last is what savefig writes. */
void ls_figure_remember(ls_interp *in, ls_value figure);

/* ---- ticks (plot_ticks.c) ---- */

/* Ticks at these places, with these labels; None: left as they are. */
bool ls_plot_ticks(ls_work *w, ls_value ticks, ls_value labels, lsv_plot_axis *axis);
/* Labels for the ticks that were placed; without effect where none were. */
bool ls_plot_tick_labels(ls_work *w, ls_value labels, lsv_plot_axis *axis);
/* Places along an axis: numbers, or names, each of which has a place of its own: 0, 1, … in the order of their first appearance. */
bool ls_plot_places(ls_work *w, ls_value v, const char *what, lsv_plot_axis *axis, lsv_array **a);

/* ---- arguments (plot_args.c) ---- */

/* An array-like of numbers as an ndarray, kept; `what` for the message. */
bool ls_plot_array(ls_work *w, ls_value v, const char *what, lsv_array **a);
/* *to = a str; None leaves it. */
bool ls_plot_text(ls_work *w, ls_value v, const char *what, char **to);
/* (low, high), either of them None; the logarithmic axis has no place for what is not positive. */
bool ls_plot_limits(ls_work *w, ls_value v, const char *what, lsv_plot_axis *axis);
bool ls_plot_colour(ls_work *w, ls_value v, int *colour);
bool ls_plot_size(ls_work *w, ls_value v, const char *what, lsv_figure *f);
bool ls_plot_map(ls_work *w, ls_value v, lsv_plot_map *map);
/* "r--o": colour, line and marker of a series. */
bool ls_plot_format(ls_work *w, const char *format, lsv_series *s, bool *coloured);
bool ls_plot_line(ls_work *w, ls_value v, lsv_series *s);
/* Lines from y, or x and y: vectors; the columns of matrices; lists of vectors (a list of lists of numbers is a
   matrix where `matrices`). labels: a str for the first, or one for each; None. like: their style. */
bool ls_plot_lines(ls_work *w, lsv_figure *f, ls_value x, ls_value y, ls_value labels, const lsv_series *like, bool coloured, bool matrices);
/* Counts and edges of a histogram as bars. */
bool ls_plot_histogram(ls_work *w, lsv_figure *f, ls_value x, ls_value bins, ls_value range, ls_value density, const lsv_series *like, ls_value *result);
bool ls_plot_save(ls_work *w, lsv_figure *f, ls_value path, ls_value size, ls_value dpi);

#endif
