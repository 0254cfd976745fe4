/* The Generator's normals and exponentials: 256-level ziggurats (Marsaglia and Tsang 2000; the
   tables are described by ziggurat_tables.py). A draw takes layer, sign and position from one
   word; about one in a hundred has to look at the layer's wedge, or at the tail. */
#include <math.h>

#include "random/draw.h"
#include "random/ziggurat_tables.inc"

/* Beyond NORMAL_R, by Marsaglia's method; `word` gives the sign. */
static double normal_tail(lsv_rng *rng, uint64_t word) {
    for (;;) {
        double x = -NORMAL_R_INVERSE * log1p(-lsv_next_double(rng));
        double y = -log1p(-lsv_next_double(rng));
        if (y + y > x * x) return (word >> 8 & 1) ? -(NORMAL_R + x) : NORMAL_R + x;
    }
}

/* The rare part of a draw whose word was not accepted at once: true with the value in *x. */
static bool normal_edge(lsv_rng *rng, uint64_t position, unsigned layer, double *x) {
    if (layer == 0) {
        *x = normal_tail(rng, position);
        return true;
    }
    double step = normal_f_double[layer - 1] - normal_f_double[layer];
    return step * lsv_next_double(rng) + normal_f_double[layer] < exp(-0.5 * *x * *x);
}

/* One word as candidate: true when it is accepted as it stands. */
static inline bool normal_inside(uint64_t word, uint64_t *position, unsigned *layer, double *x) {
    *layer = word & 0xff;
    *position = word >> 9 & 0x000fffffffffffffu;
    *x = (double)(int64_t)*position * normal_w_double[*layer];
    if (word >> 8 & 1) *x = -*x;
    return *position < normal_k_double[*layer];
}

double lsv_ziggurat_normal(lsv_rng *rng) {
    uint64_t position;
    unsigned layer;
    double x;
    while (!normal_inside(lsv_next64(rng), &position, &layer, &x))
        if (normal_edge(rng, position, layer, &x)) break;
    return x;
}

void lsv_ziggurat_normals(lsv_rng *rng, double *out, ptrdiff_t n) {
    lsv_rng own = *rng; /* in registers but for the rare part */
    for (ptrdiff_t i = 0; i < n; i++) {
        uint64_t position;
        unsigned layer;
        double x;
        while (!normal_inside(lsv_pcg_next(&own), &position, &layer, &x)) {
            *rng = own;
            bool done = normal_edge(rng, position, layer, &x);
            own = *rng;
            if (done) break;
        }
        out[i] = x;
    }
    *rng = own;
}

static float normal_tail_float(lsv_rng *rng, uint32_t word) {
    const float r = (float)NORMAL_R, inverse = (float)NORMAL_R_INVERSE;
    for (;;) {
        float x = -inverse * log1pf(-lsv_next_float(rng));
        float y = -log1pf(-lsv_next_float(rng));
        if (y + y > x * x) return (word >> 8 & 1) ? -(r + x) : r + x;
    }
}

float lsv_ziggurat_normal_float(lsv_rng *rng) {
    for (;;) {
        uint32_t word = lsv_next32(rng);
        unsigned layer = word & 0xff;
        uint32_t position = word >> 9;
        float x = (float)(int32_t)position * normal_w_float[layer];
        if (word >> 8 & 1) x = -x;
        if (position < normal_k_float[layer]) return x;
        if (layer == 0) return normal_tail_float(rng, position);
        float step = normal_f_float[layer - 1] - normal_f_float[layer];
        /* The comparison is with a double, as NumPy's is. */
        if ((double)(step * lsv_next_float(rng) + normal_f_float[layer]) < exp(-0.5 * (double)x * (double)x))
            return x;
    }
}

double lsv_ziggurat_exponential(lsv_rng *rng) {
    for (;;) {
        uint64_t word = lsv_next64(rng) >> 3;
        unsigned layer = word & 0xff;
        uint64_t position = word >> 8;
        double x = (double)(int64_t)position * exponential_w_double[layer];
        if (position < exponential_k_double[layer]) return x;
        if (layer == 0) return EXPONENTIAL_R - log1p(-lsv_next_double(rng));
        double step = exponential_f_double[layer - 1] - exponential_f_double[layer];
        if (step * lsv_next_double(rng) + exponential_f_double[layer] < exp(-x)) return x;
    }
}
