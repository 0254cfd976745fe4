/* Rounding the exact value of a double at a decimal place.

   x * 10^p is one 64 x 128 bit product with a rounded-up power of ten, so the product is
   too large by less than 2^64 of its 192 bits. Unless the fraction lies that close to 0
   or 1/2, the rounding is decided; for 0 <= p <= 55 the power is exact and so is everything.
   The rest (large numbers rounded to tens and beyond, more than 18 digits) takes the
   C library's exact expansion and rounds its digits. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text/digits.h"

__extension__ typedef unsigned __int128 u128;

/* An integer below 2^63 divided by 10^places. */
static bool scaled_integer(uint64_t x, int places, uint64_t *n, bool *up, bool *even) {
    if (places > 18) return false;
    uint64_t d = lsv_u64_pow10[places], f = x / d, r = x % d;
    *even = r == 0;
    *up = r > d - r || (r == d - r && (f & 1));
    *n = f + *up;
    return true;
}

/* x = c * 2^q with the top bit of c set. */
static inline uint64_t normalised(double x, int *q) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint64_t c = bits & ((1ull << 52) - 1);
    int e = (int)(bits >> 52 & 0x7ff);
    if (e) {
        *q = e - 1075 - 11;
        return (c | 1ull << 52) << 11;
    }
    int lz = __builtin_clzll(c);
    *q = -1074 - lz;
    return c << lz;
}

bool lsv_scaled(double x, int p, uint64_t *n, bool *up, bool *even) {
    if (x == 0) {
        *n = 0, *up = false, *even = true;
        return true;
    }
    if (p < 0 && x < 0x1p63 && x == trunc(x)) return scaled_integer((uint64_t)x, -p, n, up, even);
    if (p < LSV_POW10_FIRST || p > LSV_POW10_LAST) return false;
    int q;
    uint64_t c = normalised(x, &q);
    lsv_u128 g = lsv_pow10_table[p - LSV_POW10_FIRST];
    /* hi:mid:lo = c * g; value = hi:mid:lo / 2^shift */
    u128 a = (u128)c * g.lo, b = (u128)c * g.hi + (uint64_t)(a >> 64);
    uint64_t hi = (uint64_t)(b >> 64), mid = (uint64_t)b, lo = (uint64_t)a;
    int shift = 127 - q - lsv_log2_pow10(p);
    if (shift < 130) return false;
    if (shift > 192) { /* below one half */
        *n = 0, *up = false, *even = false;
        return true;
    }
    int in_hi = shift - 128;
    uint64_t whole = in_hi == 64 ? 0 : hi >> in_hi;
    uint64_t fraction = in_hi == 64 ? hi : hi & ((1ull << in_hi) - 1);
    uint64_t half = 1ull << (in_hi - 1);
    if (p >= 0 && p <= 55) {
        bool rest = mid | lo;
        *even = !fraction && !rest;
        *up = fraction > half || (fraction == half && (rest || (whole & 1)));
    } else {
        if (mid == 0 && (fraction == 0 || fraction == half)) return false;
        *even = false;
        *up = fraction >= half;
    }
    *n = whole + *up;
    return true;
}

int lsv_first_exponent(double x) {
    int q;
    uint64_t c = normalised(x, &q);
    q += 63; /* x = c/2^63 * 2^q */
    int k = lsv_log10_pow2(q) + 1;
    if (k > LSV_POW10_LAST) return k - 1;
    lsv_u128 g = lsv_pow10_table[k - LSV_POW10_FIRST];
    int log2 = lsv_log2_pow10(k);
    bool reached = q != log2 ? q > log2 : c != g.hi ? c > g.hi : g.lo == 0;
    return reached ? k : k - 1;
}

bool lsv_significant(double x, int n, uint64_t *digits, int *exponent) {
    bool up, even;
    if (n > 18) return false;
    int e = lsv_first_exponent(x);
    if (!lsv_scaled(x, n - 1 - e, digits, &up, &even)) return false;
    if (*digits == lsv_u64_pow10[n]) { /* rounded up to the next power of ten */
        *digits /= 10;
        e++;
    }
    *exponent = e;
    return true;
}

/* All digits of x, by the C library. */
static void expand(lsv_decimal *d, double x) {
    char s[LSV_DECIMAL_MAX + 40];
    int length = snprintf(s, sizeof s, "%.*e", 780, x), n = 0, i = 0;
    for (; i < length && s[i] != 'e'; i++)
        if (s[i] >= '0' && s[i] <= '9') d->digit[n++] = s[i];
    d->exponent = 0;
    bool negative = s[i + 1] == '-';
    for (i += 2; i < length; i++) d->exponent = d->exponent * 10 + (s[i] - '0');
    if (negative) d->exponent = -d->exponent;
    while (n > 1 && d->digit[n - 1] == '0') n--;
    d->n = n;
}

/* Adds one to the last digit; what carries is dropped. */
static void round_up(lsv_decimal *d) {
    while (d->n && d->digit[d->n - 1] == '9') d->n--;
    if (d->n) d->digit[d->n - 1]++;
    else {
        d->digit[0] = '1';
        d->n = 1;
        d->exponent++;
    }
}

static void round_expanded(lsv_decimal *d, double x, int place, bool stop) {
    expand(d, x);
    int keep = d->exponent - place + 1; /* digits that stay */
    if (keep >= d->n) {
        if (!stop) {
            if (keep > LSV_DECIMAL_MAX) keep = LSV_DECIMAL_MAX;
            memset(d->digit + d->n, '0', (size_t)(keep - d->n));
            d->n = keep;
        }
        return;
    }
    if (keep <= 0) { /* one digit, in front of the first */
        bool up = keep == 0 && (d->digit[0] > '5' || (d->digit[0] == '5' && d->n > 1));
        d->digit[0] = up ? '1' : '0';
        d->n = 1;
        d->exponent = place;
        return;
    }
    char next = d->digit[keep];
    bool more = d->n > keep + 1;
    bool up = next > '5' || (next == '5' && (more || (d->digit[keep - 1] & 1)));
    d->n = keep;
    if (up) round_up(d);
}

static void drop_zeros(lsv_decimal *d) {
    while (d->n > 1 && d->digit[d->n - 1] == '0') d->n--;
}

void lsv_decimal_at(lsv_decimal *d, double x, int place, bool stop) {
    uint64_t n;
    bool up, even;
    if (!lsv_scaled(x, -place, &n, &up, &even)) {
        round_expanded(d, x, place, stop);
        return;
    }
    d->n = lsv_u64_digits(d->digit, n);
    d->exponent = d->n - 1 + place;
    if (up || (stop && even)) drop_zeros(d);
}

static bool power_of_two(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (bits & ((1ull << 52) - 1)) == 0;
}

/* Below this many units of the last place a decimal grid is coarser than the format's own
   spacing, so that rounding to the grid gives the shortest digits wherever these fit. */
static const uint64_t grid_limit[LSV_NDTYPES] = {[LSV_FLOAT32] = 1000000u, [LSV_FLOAT64] = 1000000000000000u};

static void from_integer(lsv_decimal *d, uint64_t n, int exponent) {
    d->n = lsv_u64_digits(d->digit, n);
    d->exponent = d->n - 1 + exponent;
}

void lsv_decimal_dragon(lsv_decimal *d, double x, lsv_dtype format, bool unique, bool fractional, int max,
                        int min, bool loose) {
    x = fabs(x);
    if (x == 0) {
        d->digit[0] = '0';
        d->n = 1, d->exponent = 0;
        return;
    }
    uint64_t n;
    bool up, even;
    if (unique && loose && fractional && max >= 0 && max <= 18 && min <= max &&
        lsv_scaled(x, max, &n, &up, &even) && n < grid_limit[format]) {
        from_integer(d, n, -max);
        drop_zeros(d);
        return;
    }
    /* digit places of the two limits */
    int first = fractional ? -1 : lsv_first_exponent(x);
    int last = first + 1 - max, least = first + 1 - min;
    if (!unique) {
        lsv_decimal_at(d, x, max < 0 ? -LSV_DECIMAL_MAX * 2 : last, true);
        return;
    }
    /* The shortest digits are the closest of their length (but next to a power of two, where the
       interval is lopsided), so with a fixed length it does not matter which they are. */
    if (loose && max >= 0 && max == min && !power_of_two(x)) {
        lsv_decimal_at(d, x, last, false);
        return;
    }
    int exponent;
    n = lsv_shortest(x, format, &exponent);
    if (max >= 0 && exponent < last) lsv_decimal_at(d, x, last, false);
    else if (min >= 0 && exponent > least)
        lsv_decimal_at(d, x, max >= 0 && last > least ? last : least, false);
    else from_integer(d, n, exponent);
}

/* ---- printf's two conversions ---- */

static bool not_finite(lsv_text *t, double x) {
    if (isfinite(x)) return false;
    lsv_text_puts(t, isnan(x) ? "nan" : x < 0 ? "-inf" : "inf");
    return true;
}

void lsv_text_fixed(lsv_text *t, double x, int precision) {
    if (not_finite(t, x)) return;
    uint64_t n;
    bool up, even;
    if (precision < 0 || precision > 18 || !lsv_scaled(fabs(x), precision, &n, &up, &even)) {
        lsv_text_printf(t, "%.*f", precision, x);
        return;
    }
    char *at = lsv_text_room(t, 48), *p = at;
    if (!at) return;
    if (signbit(x)) *p++ = '-';
    p += lsv_u64_write_point(p, n, precision) - (precision == 0);
    *p = 0;
    t->length += (size_t)(p - at);
}

void lsv_text_exponent(lsv_text *t, double x, int precision) {
    if (not_finite(t, x)) return;
    uint64_t n = 0;
    int exponent = 0;
    if (precision < 0 || precision > 17 ||
        (x != 0 && !lsv_significant(fabs(x), precision + 1, &n, &exponent))) {
        lsv_text_printf(t, "%.*e", precision, x);
        return;
    }
    char *at = lsv_text_room(t, 48), *p = at;
    if (!at) return;
    if (signbit(x)) *p++ = '-';
    p += lsv_u64_write_point(p, n, precision) - (precision == 0);
    p += lsv_exponent_write(p, exponent, 2);
    *p = 0;
    t->length += (size_t)(p - at);
}
