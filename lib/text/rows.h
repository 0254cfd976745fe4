/* Walking over the elements that a printed array shows, for NumPy's and PyTorch's texts. */
#ifndef LSV_TEXT_ROWS_H
#define LSV_TEXT_ROWS_H

#include "text/text.h"

/* n elements, `step` bytes apart. */
typedef lsv_status lsv_row_fn(void *ctx, const char *data, ptrdiff_t step, ptrdiff_t n, lsv_error *err);

/* Calls fn with runs of elements in C order: all of them (edge < 0), or of every axis longer
   than 2 * edge only the first and the last `edge` (edge > 0). */
lsv_status lsv_each_row(const lsv_array *a, ptrdiff_t edge, lsv_row_fn *fn, void *ctx, lsv_error *err);

/* Elements as double or as int64 (bool and integer dtypes). */
void lsv_read_doubles(lsv_dtype dtype, const char *data, ptrdiff_t step, ptrdiff_t n, double *out);
void lsv_read_ints(lsv_dtype dtype, const char *data, ptrdiff_t step, ptrdiff_t n, int64_t *out);

/* What float layouts depend on. Extremes are of the finite values; 0 where there are none. */
typedef struct lsv_float_stats {
    lsv_dtype dtype;
    ptrdiff_t count, finite, nonzero; /* all, finite, finite and not zero            */
    bool neg_inf, minus;              /* some -inf; some finite value with its sign set */
    bool whole;                       /* all finite values are integers              */
    double most, least;               /* largest and smallest finite magnitude but 0 */
    /* the same per sign: of the positive and of the negative values; 0 when none    */
    double pos_most, pos_least, neg_most, neg_least;
} lsv_float_stats;
lsv_status lsv_float_stats_of(const lsv_array *a, ptrdiff_t edge, lsv_float_stats *out, lsv_error *err);

typedef struct lsv_int_stats {
    ptrdiff_t count;
    int64_t min, max;
} lsv_int_stats;
lsv_status lsv_int_stats_of(const lsv_array *a, ptrdiff_t edge, lsv_int_stats *out, lsv_error *err);

/* Code points of UTF-8 text: what Python's len counts. */
static inline size_t lsv_points(const char *s, size_t n) {
    size_t k = 0;
    for (size_t i = 0; i < n; i++) k += ((unsigned char)s[i] & 0xc0) != 0x80;
    return k;
}

#endif
