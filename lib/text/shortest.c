/* Shortest digits that read back as the same number.

   The method is Schubfach (R. Giulietti, "The Schubfach way to render doubles", 2020): the
   decimals of the two finest grids whose spacing can fall inside the rounding interval of
   x = c * 2^q are compared with the interval's ends, all scaled to 4 * x / 10^k and rounded
   to odd, which keeps every comparison exact with one 126-bit power of ten. One routine
   serves all formats, since a narrower format only means a smaller c and a coarser interval.

   Among the shortest candidates the closest is taken, an even last digit on a tie: the same
   choice that Python and NumPy make. */
#include <string.h>

#include "text/digits.h"

__extension__ typedef unsigned __int128 u128;

const lsv_u128 lsv_pow10_table[LSV_POW10_LAST - LSV_POW10_FIRST + 1] = {
#include "text/pow10.inc"
};

static const struct {
    int bits, qmin;
} formats[LSV_NDTYPES] = {
    [LSV_FLOAT16] = {11, -24},
    [LSV_BFLOAT16] = {8, -133},
    [LSV_FLOAT32] = {24, -149},
    [LSV_FLOAT64] = {53, -1074},
};

void lsv_float_parts(double x, lsv_dtype format, uint64_t *c, int *q, bool *closer) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint64_t m = bits & ((1ull << 52) - 1);
    int e = (int)(bits >> 52 & 0x7ff);
    if (e) m |= 1ull << 52;
    else e = 1;
    e -= 1075;
    int width = formats[format].bits, qmin = formats[format].qmin;
    if (format != LSV_FLOAT64) { /* the double is normal, its low bits are zero */
        int to = e + 53 - width;
        if (to < qmin) to = qmin;
        m = to - e < 64 ? m >> (to - e) : 0;
        e = to;
    }
    *c = m;
    *q = e;
    *closer = m == 1ull << (width - 1) && e > qmin;
}

/* g * cp / 2^128, rounded to odd. */
static uint64_t scaled_to_odd(lsv_u128 g, uint64_t cp) {
    uint64_t low = (uint64_t)((u128)g.lo * cp >> 64);
    u128 y = (u128)g.hi * cp + low;
    return (uint64_t)(y >> 64) | ((uint64_t)y > 1);
}

static uint64_t strip_zeros(uint64_t n, int *exponent) {
    if (n % 100000000 == 0) n /= 100000000, *exponent += 8;
    while (n % 10 == 0) n /= 10, ++*exponent;
    return n;
}

uint64_t lsv_shortest(double x, lsv_dtype format, int *exponent) {
    uint64_t c;
    int q;
    bool closer;
    lsv_float_parts(x, format, &c, &q, &closer);
    /* with the nearer neighbour below, the interval is 3/4 as long */
    int k = closer ? (q * 1262611 - 524031) >> 22 : lsv_log10_pow2(q);
    int h = q + lsv_log2_pow10(-k) + 1;
    lsv_u128 g = lsv_pow10_table[-k - LSV_POW10_FIRST];
    uint64_t odd = c & 1;
    uint64_t low = scaled_to_odd(g, (4 * c - 2 + closer) << h) + odd;
    uint64_t v = scaled_to_odd(g, (4 * c) << h);
    uint64_t high = scaled_to_odd(g, (4 * c + 2) << h) - odd;
    uint64_t s = v / 4;
    if (s >= 10) {
        uint64_t coarse = s / 10;
        bool down = low <= 40 * coarse, up = 40 * coarse + 40 <= high;
        if (down != up) {
            *exponent = k + 1;
            return strip_zeros(coarse + up, exponent);
        }
    }
    bool down = low <= 4 * s, up = 4 * s + 4 <= high;
    if (down == up) {
        uint64_t middle = 4 * s + 2;
        up = v > middle || (v == middle && (s & 1));
    }
    *exponent = k;
    return strip_zeros(s + up, exponent);
}

const char lsv_digit_pairs[201] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

const uint64_t lsv_u64_pow10[20] = {
    1u,
    10u,
    100u,
    1000u,
    10000u,
    100000u,
    1000000u,
    10000000u,
    100000000u,
    1000000000u,
    10000000000u,
    100000000000u,
    1000000000000u,
    10000000000000u,
    100000000000000u,
    1000000000000000u,
    10000000000000000u,
    100000000000000000u,
    1000000000000000000u,
    10000000000000000000u,
};

static int shortest_text(double x, lsv_dtype format, char digits[20], int *exponent) {
    int n = lsv_u64_digits(digits, lsv_shortest(x, format, exponent));
    digits[n] = 0;
    *exponent += n;
    return n;
}

int lsv_shortest_double(double x, char digits[20], int *exponent) {
    return shortest_text(x, LSV_FLOAT64, digits, exponent);
}

int lsv_shortest_float(float x, char digits[20], int *exponent) {
    return shortest_text((double)x, LSV_FLOAT32, digits, exponent);
}
