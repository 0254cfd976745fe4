/* Ranges and scales. A range is the data's with a margin of a twentieth on either side, counted in decades on
   a logarithmic axis; bars stand on 0 without one below. A range without extent is opened around its value.
 */
#include "plot/scale.h"

#include <math.h>

static const double MARGIN = 0.05;

lsv_scale lsv_scale_make(double low, double high, bool log) {
    lsv_scale s = {.log = log, .low = low, .high = high};
    s.from = log ? log10l((long double)low) : (long double)low;
    s.span = (log ? log10l((long double)high) : (long double)high) - s.from;
    return s;
}

double lsv_scale_place(const lsv_scale *s, double value) {
    if (!isfinite(value) || (s->log && value <= 0)) return NAN;
    return (double)(((s->log ? log10l((long double)value) : (long double)value) - s->from) / s->span);
}

typedef struct range {
    double low, high;
} range;

static void take(range *r, double v, bool log) {
    if (!isfinite(v) || (log && v <= 0)) return;
    if (v < r->low) r->low = v;
    if (v > r->high) r->high = v;
}

static void take_series(range *rx, range *ry, const lsv_figure *f, const lsv_series *s) {
    bool bars = s->style == LSV_PLOT_BARS;
    for (ptrdiff_t i = 0; i < s->n; i++) {
        double x = s->x ? s->x[i] : (double)i, y = s->y[i];
        bool shown = isfinite(x) && isfinite(y) && (!f->x.log || x > 0) && (!f->y.log || y > 0);
        if (!shown && !bars) continue;
        take(rx, x, f->x.log);
        take(ry, y, f->y.log);
    }
    if (bars && s->n && s->x) take(rx, s->x[s->n], f->x.log);
    if ((bars || s->style == LSV_PLOT_STEMS) && s->n) take(ry, 0, f->y.log);
}

static double clamp(long double v) {
    const long double most = 1.7976931348623157e308L;
    return (double)(v > most ? most : v < -most ? -most : v);
}

/* Opens a range without extent, then adds the margins. */
static lsv_scale finish(range r, const lsv_plot_axis *a, bool low_margin, bool high_margin) {
    if (r.low > r.high) r = a->log ? (range){1, 10} : (range){0, 1};
    bool asked_low = a->has_low && isfinite(a->low) && (!a->log || a->low > 0);
    bool asked_high = a->has_high && isfinite(a->high) && (!a->log || a->high > 0);
    if (asked_low) r.low = a->low;
    if (asked_high) r.high = a->high;
    if (asked_low && asked_high && r.low > r.high) return lsv_scale_make(r.low, r.high, a->log);
    long double low = a->log ? log10l((long double)r.low) : (long double)r.low,
                high = a->log ? log10l((long double)r.high) : (long double)r.high;
    if (high < low) { /* a limit beyond all the data */
        if (asked_low) high = low + 1;
        else low = high - 1;
    }
    long double size = fmaxl(fabsl(low), fabsl(high)), span = high - low;
    if (span <= size * 1e-13L || span == 0) {
        long double open = a->log ? 0.5L : size > 0 ? size * 0.05L : 0.5L;
        if (!asked_low) low -= open;
        if (!asked_high || asked_low) high += open;
        span = high - low;
    } else {
        if (!asked_low && low_margin) low -= MARGIN * span;
        if (!asked_high && high_margin) high += MARGIN * span;
    }
    if (!a->log) return lsv_scale_make(clamp(low), clamp(high), false);
    if (low < -323) low = -323;
    if (high > 308.25L) high = 308.25L;
    return lsv_scale_make((double)powl(10, low), (double)powl(10, high), true);
}

void lsv_figure_scales(const lsv_figure *f, lsv_scale *x, lsv_scale *y) {
    range rx = {INFINITY, -INFINITY}, ry = rx;
    bool bars = false, stands = false;
    if (f->image.cells) {
        double right = (double)f->image.cols - 0.5, bottom = (double)f->image.rows - 0.5;
        *x = lsv_scale_make(f->x.has_low ? f->x.low : -0.5, f->x.has_high ? f->x.high : right, false);
        *y = lsv_scale_make(f->y.has_low ? f->y.low : bottom, f->y.has_high ? f->y.high : -0.5, false);
        return;
    }
    for (int i = 0; i < f->nseries; i++) {
        take_series(&rx, &ry, f, &f->series[i]);
        bars |= f->series[i].style == LSV_PLOT_BARS;
    }
    for (int i = 0; i < f->nguides; i++)
        take(f->guides[i].upright ? &rx : &ry, f->guides[i].at, f->guides[i].upright ? f->x.log : f->y.log);
    stands = bars && ry.low >= 0;
    *x = finish(rx, &f->x, true, true);
    *y = finish(ry, &f->y, !stands, true);
}
