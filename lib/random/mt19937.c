/* The Mersenne Twister MT19937 (Matsumoto and Nishimura 1998): seeding and the step that makes
   624 new words at once. Words lie untempered in the state, as NumPy and PyTorch keep them. */
#include "random/draw.h"

void lsv_mt_seed(lsv_rng *rng, uint32_t seed) {
    for (int i = 0; i < LSV_MT_WORDS; i++) {
        rng->mt.key[i] = seed;
        seed = 1812433253u * (seed ^ seed >> 30) + (uint32_t)i + 1;
    }
    rng->mt.pos = LSV_MT_WORDS;
    rng->mt.has_gauss = rng->mt.has_gauss_float = false;
    rng->mt.gauss = 0;
    rng->mt.gauss_float = 0;
}

/* init_by_array of the authors' 2002 version. */
void lsv_mt_seed_words(lsv_rng *rng, const uint32_t *words, int n) {
    lsv_mt_seed(rng, 19650218u);
    uint32_t *key = rng->mt.key;
    int i = 1, j = 0;
    for (int k = n > LSV_MT_WORDS ? n : LSV_MT_WORDS; k > 0; k--) {
        uint32_t word = n > 0 ? words[j] : 0;
        key[i] = (key[i] ^ (key[i - 1] ^ key[i - 1] >> 30) * 1664525u) + word + (uint32_t)j;
        if (++i == LSV_MT_WORDS) key[0] = key[LSV_MT_WORDS - 1], i = 1;
        if (++j >= n) j = 0;
    }
    for (int k = LSV_MT_WORDS - 1; k > 0; k--) {
        key[i] = (key[i] ^ (key[i - 1] ^ key[i - 1] >> 30) * 1566083941u) - (uint32_t)i;
        if (++i == LSV_MT_WORDS) key[0] = key[LSV_MT_WORDS - 1], i = 1;
    }
    key[0] = 0x80000000u;
}

static inline uint32_t twist(uint32_t upper, uint32_t lower) {
    uint32_t y = (upper & 0x80000000u) | (lower & 0x7fffffffu);
    return y >> 1 ^ ((0u - (y & 1u)) & 0x9908b0dfu);
}

/* Three loops, so that no index wraps around inside one. */
LSV_HOT void lsv_mt_refill(lsv_rng *rng) {
    enum { FAR = 397, NEAR = LSV_MT_WORDS - FAR };
    uint32_t *key = rng->mt.key;
    for (int i = 0; i < NEAR; i++) key[i] = key[i + FAR] ^ twist(key[i], key[i + 1]);
    for (int i = NEAR; i < LSV_MT_WORDS - 1; i++) key[i] = key[i - NEAR] ^ twist(key[i], key[i + 1]);
    key[LSV_MT_WORDS - 1] = key[FAR - 1] ^ twist(key[LSV_MT_WORDS - 1], key[0]);
    rng->mt.pos = 0;
}
