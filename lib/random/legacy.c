/* NumPy's RandomState: runs of doubles and of normals by the polar method.

   The polar method makes two normals at a time; the first of a pair is handed out last, and kept
   in the stream when the run ends between the two. */
#include <math.h>

#include "random/draw.h"

LSV_HOT void lsv_legacy_doubles(lsv_rng *rng, double *out, ptrdiff_t n) {
    while (n > 0) {
        if (rng->mt.pos >= LSV_MT_WORDS) lsv_mt_refill(rng);
        ptrdiff_t pairs = (LSV_MT_WORDS - rng->mt.pos) / 2;
        if (pairs == 0) { /* one word left: the pair reaches into the next block */
            *out++ = lsv_next_double(rng);
            n--;
            continue;
        }
        if (pairs > n) pairs = n;
        const uint32_t *words = rng->mt.key + rng->mt.pos;
        for (ptrdiff_t i = 0; i < pairs; i++)
            out[i] = lsv_mt_double(lsv_mt_temper(words[2 * i]), lsv_mt_temper(words[2 * i + 1]));
        rng->mt.pos += (int)(2 * pairs);
        out += pairs;
        n -= pairs;
    }
}

/* A point in the unit disk without its centre, and the factor that makes two normals of it. */
static inline double polar(lsv_rng *rng, double *x1, double *x2) {
    double r2;
    do {
        *x1 = 2 * lsv_next_double(rng) - 1;
        *x2 = 2 * lsv_next_double(rng) - 1;
        r2 = *x1 * *x1 + *x2 * *x2;
    } while (r2 >= 1 || r2 == 0);
    return sqrt(-2 * log(r2) / r2);
}

void lsv_legacy_normals(lsv_rng *rng, double *out, ptrdiff_t n) {
    ptrdiff_t i = 0;
    double x1, x2;
    if (n > 0 && rng->mt.has_gauss) {
        out[i++] = rng->mt.gauss;
        rng->mt.has_gauss = false;
        rng->mt.gauss = 0;
    }
    for (; i + 1 < n; i += 2) {
        double f = polar(rng, &x1, &x2);
        out[i] = f * x2;
        out[i + 1] = f * x1;
    }
    if (i < n) {
        double f = polar(rng, &x1, &x2);
        out[i] = f * x2;
        rng->mt.gauss = f * x1;
        rng->mt.has_gauss = true;
    }
}
