/* Single draws from a stream, inline, for the files of this folder.

   The three kinds differ in how words become larger things:
     legacy  64 bits: high word first; double: 27 + 26 bits of two words
     PCG64   32 bits: the low half first, the high half kept; double: top 53 bits of 64
     torch   64 bits: high word first; double: low 53 bits of 64; float: low 24 bits of 32 */
#ifndef LSV_RANDOM_DRAW_H
#define LSV_RANDOM_DRAW_H

#include "random/random.h"

enum { LSV_MT_WORDS = 624 };

/* Loops that pay for wider code than the rest gets. */
#if defined(__GNUC__) && !defined(__clang__)
#define LSV_HOT __attribute__((optimize("O3")))
#else
#define LSV_HOT
#endif

__extension__ typedef unsigned __int128 lsv_u128;

void lsv_mt_refill(lsv_rng *rng);
void lsv_mt_seed(lsv_rng *rng, uint32_t seed);
void lsv_mt_seed_words(lsv_rng *rng, const uint32_t *words, int n);
void lsv_pcg_seed_words(lsv_rng *rng, const uint32_t *words, int n);
/* `count` uint32 words of NumPy's SeedSequence(words). */
void lsv_seed_sequence(const uint32_t *words, int n, uint32_t *out, int count);

static inline uint32_t lsv_mt_temper(uint32_t y) {
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

static inline uint32_t lsv_mt_next(lsv_rng *rng) {
    if (rng->mt.pos >= LSV_MT_WORDS) lsv_mt_refill(rng);
    return lsv_mt_temper(rng->mt.key[rng->mt.pos++]);
}

/* A legacy double: 53 bits of two words. */
static inline double lsv_mt_double(uint32_t a, uint32_t b) {
    return ((double)(int32_t)(a >> 5) * 0x1p26 + (double)(int32_t)(b >> 6)) * 0x1p-53;
}

static inline uint64_t lsv_pcg_next(lsv_rng *rng) {
    const lsv_u128 multiplier = (lsv_u128)0x2360ed051fc65da4u << 64 | 0x4385df649fccf645u;
    lsv_u128 state = (lsv_u128)rng->pcg.state[1] << 64 | rng->pcg.state[0];
    state = state * multiplier + ((lsv_u128)rng->pcg.inc[1] << 64 | rng->pcg.inc[0]);
    uint64_t high = (uint64_t)(state >> 64), low = (uint64_t)state, x = high ^ low;
    unsigned turn = (unsigned)(high >> 58);
    rng->pcg.state[0] = low;
    rng->pcg.state[1] = high;
    return x >> turn | x << (-turn & 63u);
}

static inline uint32_t lsv_next32(lsv_rng *rng) {
    if (rng->type != LSV_RNG_PCG64) return lsv_mt_next(rng);
    if (rng->pcg.has_uint32) {
        rng->pcg.has_uint32 = false;
        return rng->pcg.uinteger;
    }
    uint64_t x = lsv_pcg_next(rng);
    rng->pcg.has_uint32 = true;
    rng->pcg.uinteger = (uint32_t)(x >> 32);
    return (uint32_t)x;
}

static inline uint64_t lsv_next64(lsv_rng *rng) {
    if (rng->type == LSV_RNG_PCG64) return lsv_pcg_next(rng);
    uint64_t high = lsv_mt_next(rng);
    return high << 32 | lsv_mt_next(rng);
}

static inline double lsv_next_double(lsv_rng *rng) {
    if (rng->type == LSV_RNG_PCG64) return (double)(lsv_pcg_next(rng) >> 11) * 0x1p-53;
    if (rng->type == LSV_RNG_TORCH) return (double)(lsv_next64(rng) & 0x1fffffffffffffu) * 0x1p-53;
    uint32_t a = lsv_mt_next(rng), b = lsv_mt_next(rng);
    return lsv_mt_double(a, b);
}

static inline float lsv_next_float(lsv_rng *rng) {
    uint32_t x = lsv_next32(rng);
    return (float)(rng->type == LSV_RNG_TORCH ? x & 0xffffffu : x >> 8) * 0x1p-24f;
}

/* ---- the Generator's ziggurats (ziggurat.c) ---- */
double lsv_ziggurat_normal(lsv_rng *rng);
void lsv_ziggurat_normals(lsv_rng *rng, double *out, ptrdiff_t n); /* PCG64 only */
float lsv_ziggurat_normal_float(lsv_rng *rng);
double lsv_ziggurat_exponential(lsv_rng *rng);

/* ---- runs of draws: n values into out (legacy.c, torch_rng.c) ---- */
void lsv_legacy_doubles(lsv_rng *rng, double *out, ptrdiff_t n);
void lsv_legacy_normals(lsv_rng *rng, double *out, ptrdiff_t n);
double lsv_torch_normal(lsv_rng *rng);
void lsv_torch_floats(lsv_rng *rng, float *out, ptrdiff_t n);
void lsv_torch_doubles(lsv_rng *rng, double *out, ptrdiff_t n);
lsv_status lsv_torch_fill_normal(lsv_rng *rng, lsv_array *out, double mean, double std, lsv_error *err);
lsv_status lsv_torch_integers(lsv_rng *rng, lsv_array *out, int64_t low, uint64_t range, lsv_error *err);
void lsv_torch_permutation(lsv_rng *rng, int64_t *out, ptrdiff_t n);
lsv_status lsv_torch_multinomial(lsv_rng *rng, const double *p, ptrdiff_t n, bool narrow, bool replace,
                                 lsv_array *out, lsv_error *err);

/* ---- bounded integers (integers.c) ---- */

/* 0..max by masking and rejecting (legacy, and every shuffle), and by Lemire's multiplication. */
uint64_t lsv_masked(lsv_rng *rng, uint64_t max);
uint64_t lsv_lemire(lsv_rng *rng, uint64_t max);

#endif
