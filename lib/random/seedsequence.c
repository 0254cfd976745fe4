/* NumPy's SeedSequence: any number of 32-bit words is hashed into a pool of four, from which any
   number of words is drawn (after M. E. O'Neill's seed_seq for PCG); and PCG64's own seeding. */
#include "random/draw.h"

enum { POOL = 4 };

static uint32_t hash_in(uint32_t value, uint32_t *hash) {
    value ^= *hash;
    *hash *= 0x931e8875u;
    value *= *hash;
    return value ^ value >> 16;
}

static uint32_t mix(uint32_t x, uint32_t y) {
    uint32_t z = 0xca01f9ddu * x - 0x4973f715u * y;
    return z ^ z >> 16;
}

static void mix_entropy(uint32_t pool[POOL], const uint32_t *words, int n) {
    uint32_t hash = 0x43b0d7e5u;
    for (int i = 0; i < POOL; i++) pool[i] = hash_in(i < n ? words[i] : 0, &hash);
    for (int from = 0; from < POOL; from++)
        for (int to = 0; to < POOL; to++)
            if (from != to) pool[to] = mix(pool[to], hash_in(pool[from], &hash));
    for (int from = POOL; from < n; from++)
        for (int to = 0; to < POOL; to++) pool[to] = mix(pool[to], hash_in(words[from], &hash));
}

void lsv_seed_sequence(const uint32_t *words, int n, uint32_t *out, int count) {
    uint32_t pool[POOL], hash = 0x8b51f9ddu;
    mix_entropy(pool, words, n);
    for (int i = 0; i < count; i++) {
        uint32_t value = pool[i % POOL] ^ hash;
        hash *= 0x58f38dedu;
        value *= hash;
        out[i] = value ^ value >> 16;
    }
}

/* Four 64-bit words: initial state (high, low) and sequence (high, low). */
void lsv_pcg_seed_words(lsv_rng *rng, const uint32_t *words, int n) {
    uint32_t raw[8];
    uint64_t w[4];
    lsv_seed_sequence(words, n, raw, 8);
    for (int i = 0; i < 4; i++) w[i] = (uint64_t)raw[2 * i + 1] << 32 | raw[2 * i];
    rng->pcg.inc[1] = w[2] << 1 | w[3] >> 63;
    rng->pcg.inc[0] = w[3] << 1 | 1;
    rng->pcg.state[0] = rng->pcg.state[1] = 0;
    rng->pcg.has_uint32 = false;
    rng->pcg.uinteger = 0;
    lsv_pcg_next(rng);
    lsv_u128 state = ((lsv_u128)rng->pcg.state[1] << 64 | rng->pcg.state[0]) + ((lsv_u128)w[0] << 64 | w[1]);
    rng->pcg.state[0] = (uint64_t)state;
    rng->pcg.state[1] = (uint64_t)(state >> 64);
    lsv_pcg_next(rng);
}
