/* One number: Python's repr of a float, NumPy's str and repr of a scalar.

   All three write the shortest digits, in positional layout from 1e-4 up to a bound that
   goes with the format and in scientific layout outside. A NumPy scalar takes the shortest
   digits of its own format. */
#include <limits.h>
#include <math.h>

#include "text/digits.h"

/* Positional below this; up to NumPy 2.2 it was 1e16 for all. */
static const double bounds[LSV_NDTYPES] = {
    [LSV_FLOAT16] = 1e3, [LSV_BFLOAT16] = 1e3, [LSV_FLOAT32] = 1e6, [LSV_FLOAT64] = 1e16};

static void shortest_layout(lsv_text *t, double x, lsv_dtype format, double bound) {
    double size = fabs(x);
    lsv_dragon o = {format, -1, -1, true, true, '0', false, -1, -1, -1};
    if (size == 0 || (size >= 1e-4 && size < bound)) lsv_dragon_positional(t, x, &o);
    else {
        o.trim = '-';
        lsv_dragon_scientific(t, x, &o);
    }
}

void lsv_text_float(lsv_text *t, double x) { shortest_layout(t, x, LSV_FLOAT64, 1e16); }

void lsv_text_scalar_as(lsv_text *t, lsv_scalar x, int legacy) {
    if (x.dtype == LSV_BOOL) lsv_text_puts(t, x.i ? "True" : "False");
    else if (lsv_dtype_is_int(x.dtype)) lsv_text_int(t, x.i);
    else if (legacy <= 113) lsv_text_float(t, x.f);
    else shortest_layout(t, x.f, x.dtype, legacy <= 202 ? 1e16 : bounds[x.dtype]);
}

void lsv_text_scalar(lsv_text *t, lsv_scalar x) { lsv_text_scalar_as(t, x, lsv_numpy_defaults.legacy); }

void lsv_text_scalar_repr(lsv_text *t, lsv_scalar x) {
    if (x.dtype == LSV_BOOL) {
        lsv_text_puts(t, x.i ? "np.True_" : "np.False_");
        return;
    }
    lsv_text_printf(t, "np.%s(", lsv_dtype_name(x.dtype));
    lsv_text_scalar(t, x);
    lsv_text_putc(t, ')');
}
