/* One figure drawn on a Cairo context, in points: inside of lib/plot, where Cairo is built in. */
#ifndef LSV_PLOT_PAGE_H
#define LSV_PLOT_PAGE_H

#include "plot/figure.h"

struct _cairo;

/* Opens Cairo; what_for is for the error's sentence. */
lsv_status lsv_page_open(const char *what_for, lsv_error *err);
/* pixels: of the device per point; 0: a device without pixels. */
lsv_status lsv_page_draw(const lsv_figure *f, struct _cairo *cr, double width, double height, double pixels, lsv_error *err);

#endif
