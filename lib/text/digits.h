/* Binary floating point to decimal digits, shared by the files of lib/text.

   A value's format is named by its dtype (LSV_FLOAT16, _BFLOAT16, _FLOAT32, _FLOAT64); the
   value itself always travels as a double, which holds all four exactly. */
#ifndef LSV_TEXT_DIGITS_H
#define LSV_TEXT_DIGITS_H

#include <string.h>

#include "text/text.h"

/* Decimal digits d0 d1 … with d0 standing for d0 * 10^exponent. No binary64 needs more
   than 767 digits; whoever asks for more pads with zeros. */
#define LSV_DECIMAL_MAX 800
typedef struct lsv_decimal {
    int n, exponent;
    char digit[LSV_DECIMAL_MAX];
} lsv_decimal;

typedef struct lsv_u128 {
    uint64_t hi, lo;
} lsv_u128;

#define LSV_POW10_FIRST (-324)
#define LSV_POW10_LAST 342
extern const lsv_u128 lsv_pow10_table[LSV_POW10_LAST - LSV_POW10_FIRST + 1];

/* floor(log2(10^k)) and floor(log10(2^q)), exact for every k and q that a double leads to. */
static inline int lsv_log2_pow10(int k) { return (k * 1741647) >> 19; }
static inline int lsv_log10_pow2(int q) { return (q * 1262611) >> 22; }

/* x = c * 2^q in the given format (x finite, > 0); *closer: the neighbour below is nearer
   than the one above. */
void lsv_float_parts(double x, lsv_dtype format, uint64_t *c, int *q, bool *closer);

/* Shortest digits in the given format, the closest among them: x ~ result * 10^*exponent,
   no trailing zeros. */
uint64_t lsv_shortest(double x, lsv_dtype format, int *exponent);

/* The exact value of x (finite, > 0) rounded half to even at the digit of weight 10^place.
   Trailing zeros are kept as a digit-by-digit generator would leave them: dropped where
   rounding up carried, and with `stop` also where the expansion came out even. */
void lsv_decimal_at(lsv_decimal *d, double x, int place, bool stop);

/* floor(log10(x)). */
int lsv_first_exponent(double x);

/* What Dragon4 yields for its arguments: unique or exact digits of |x| (finite; 0 too),
   at most `max` and at least `min` of them (-1: no limit), counted after the point
   (`fractional`) or from the first digit on. `loose`: the caller trims or pads zeros
   anyway, so that trailing zeros may be left out. */
void lsv_decimal_dragon(lsv_decimal *d, double x, lsv_dtype format, bool unique, bool fractional, int max,
                        int min, bool loose);

/* round(x * 10^p), half to even on the exact value, for finite x >= 0; false where that
   takes more than 63 bits or the quick arithmetic cannot decide. */
bool lsv_scaled(double x, int p, uint64_t *n, bool *up, bool *even);

extern const uint64_t lsv_u64_pow10[20];
extern const char lsv_digit_pairs[201]; /* "00" "01" … "99" */

/* How many decimal digits u has; 1 for 0. */
static inline int lsv_u64_length(uint64_t u) {
    int guess =
        (64 - __builtin_clzll(u | 1)) * 1233 >> 12; /* log10(2) * bits, never too large by more than one */
    return guess + (u >= lsv_u64_pow10[guess]) + (u == 0 && guess == 0 ? 1 : 0);
}

/* Eight digits of u < 10^8. */
static inline void lsv_u32_write8(char *to, uint32_t u) {
    uint32_t high = u / 10000, low = u % 10000;
    memcpy(to, lsv_digit_pairs + high / 100 * 2, 2);
    memcpy(to + 2, lsv_digit_pairs + high % 100 * 2, 2);
    memcpy(to + 4, lsv_digit_pairs + low / 100 * 2, 2);
    memcpy(to + 6, lsv_digit_pairs + low % 100 * 2, 2);
}

/* The last n digits of u, with leading zeros, to `to`. */
static inline void lsv_u64_write(char *to, uint64_t u, int n) {
    for (; n >= 8; n -= 8, u /= 100000000) lsv_u32_write8(to + n - 8, (uint32_t)(u % 100000000));
    uint32_t rest = (uint32_t)(u % 100000000);
    for (; n >= 2; n -= 2, rest /= 100) memcpy(to + n - 2, lsv_digit_pairs + rest % 100 * 2, 2);
    if (n) to[0] = (char)('0' + rest % 10);
}

/* n as "12.345" with `places` digits behind the point (none: "12."); returns its length. */
static inline int lsv_u64_write_point(char *to, uint64_t n, int places) {
    int digits = lsv_u64_length(n);
    if (digits <= places) digits = places + 1;
    lsv_u64_write(to + 1, n, digits);
    for (int i = 0; i < digits - places; i++) to[i] = to[i + 1];
    to[digits - places] = '.';
    return digits + 1;
}

/* Decimal digits of u into `to` (at most 20, no NUL); returns their number. */
static inline int lsv_u64_digits(char *to, uint64_t u) {
    int n = lsv_u64_length(u);
    lsv_u64_write(to, u, n);
    return n;
}

/* printf's %.*f and %.*e for any double; nan and inf as Python writes them. */
void lsv_text_fixed(lsv_text *t, double x, int precision);
void lsv_text_exponent(lsv_text *t, double x, int precision);

/* "e+05" with at least `size` digits (at most 5) into `to`; returns its length. */
static inline int lsv_exponent_write(char *to, int exponent, int size) {
    uint64_t e = (uint64_t)(exponent < 0 ? -exponent : exponent);
    to[0] = 'e';
    to[1] = exponent < 0 ? '-' : '+';
    if (e < 100 && size == 2) {
        memcpy(to + 2, lsv_digit_pairs + e * 2, 2);
        return 4;
    }
    int n = e ? lsv_u64_length(e) : 0;
    if (n < size) n = size;
    lsv_u64_write(to + 2, e, n);
    return n + 2;
}

/* The n >= 1 significant digits of finite x > 0 by the quick arithmetic, correctly rounded:
   x ~ *digits * 10^(*exponent - n + 1). False where lsv_scaled is. */
bool lsv_significant(double x, int n, uint64_t *digits, int *exponent);

/* lsv_text_scalar under a legacy print mode (INT_MAX: none; 113: as a Python number). */
void lsv_text_scalar_as(lsv_text *t, lsv_scalar x, int legacy);

/* Dragon4's two layouts with all their arguments. -1: not given. */
typedef struct lsv_dragon {
    lsv_dtype format;
    int precision, min_digits;
    bool unique, fractional;
    char trim; /* 'k' '.' '0' '-' */
    bool sign; /* '+' for positive values */
    int pad_left, pad_right, exp_digits;
} lsv_dragon;
void lsv_dragon_positional(lsv_text *t, double x, const lsv_dragon *o);
void lsv_dragon_scientific(lsv_text *t, double x, const lsv_dragon *o);

#endif
