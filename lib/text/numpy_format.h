/* One layout for all elements of an ndarray: NumPy's FloatingFormat, IntegerFormat, BoolFormat. */
#ifndef LSV_TEXT_NUMPY_FORMAT_H
#define LSV_TEXT_NUMPY_FORMAT_H

#include "text/digits.h"
#include "text/rows.h"

typedef struct lsv_numpy_format {
    lsv_dtype dtype;
    const lsv_numpy_options *o;
    char sign; /* '-', '+' or ' ' as the options and the data make it */
    /* floats */
    bool exp_format;
    lsv_dragon dragon;
    int quick;            /* digits after the point that the quick way writes; -1: not to be gone */
    uint64_t quick_limit; /* … for numbers of fewer units of the last digit          */
    int special_width;    /* of nan and inf */
    size_t nan_points, inf_points;
    /* integers: the width; bool: of "True" */
    int width;
    /* a caller's function instead */
    lsv_text_formatter *formatter;
    void *ctx;
} lsv_numpy_format;

/* Legacy modes as one number that compares: INT_MAX for none. */
int lsv_numpy_legacy(const lsv_numpy_options *o);
/* edge: the shown edges as in lsv_each_row. */
lsv_status lsv_numpy_format_init(lsv_numpy_format *f, const lsv_array *a, ptrdiff_t edge,
                                 const lsv_numpy_options *o, lsv_error *err);
/* Appends n elements' texts one by one through `word`, a scratch buffer the callback looks at. */
lsv_status lsv_numpy_format_one(const lsv_numpy_format *f, lsv_text *t, const char *at, lsv_error *err);

#endif
