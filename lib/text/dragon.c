/* Digits laid out as NumPy's format_float_positional and format_float_scientific do,
   which are also the building stones of array printing and of scalars' str. */
#include <math.h>
#include <string.h>

#include "text/digits.h"

static char *put(char *p, const char *from, int n) {
    memcpy(p, from, (size_t)n);
    return p + n;
}

static char *fill(char *p, char c, int n) {
    if (n <= 0) return p;
    memset(p, c, (size_t)n);
    return p + n;
}

static bool not_finite(lsv_text *t, double x, bool sign) {
    if (isfinite(x)) return false;
    if (isnan(x)) lsv_text_puts(t, "nan"); /* never signed */
    else lsv_text_puts(t, x < 0 ? "-inf" : sign ? "+inf" : "inf");
    return true;
}

static bool zeros_are_loose(const lsv_dragon *o) {
    return o->trim != 'k' || (o->min_digits >= 0 && o->min_digits == o->precision);
}

/* Remove zeros at the end of a fraction; what stays of it depends on trim. */
static char *trim_zeros(char *p, char trim, int *fraction) {
    while (p[-1] == '0') p--, --*fraction;
    if (p[-1] == '.') {
        if (trim == '0') *p++ = '0', ++*fraction;
        else if (trim == '-') p--;
    }
    return p;
}

static size_t positive(int n) { return n > 0 ? (size_t)n : 0; }

void lsv_dragon_positional(lsv_text *t, double x, const lsv_dragon *o) {
    if (not_finite(t, x, o->sign)) return;
    lsv_decimal d;
    lsv_decimal_dragon(&d, x, o->format, o->unique, o->fractional, o->precision, o->min_digits,
                       zeros_are_loose(o));

    int has_sign = signbit(x) || o->sign;
    int whole = d.exponent >= 0 ? d.exponent + 1 : 1;
    int wanted = o->unique ? o->min_digits : o->precision;
    if (!o->fractional) wanted -= whole;
    if (o->trim != 'k' || wanted < 0) wanted = 0;
    size_t room = positive(whole) + positive(d.n) + positive(-d.exponent) + positive(wanted) +
                  positive(o->pad_left) + positive(o->pad_right) + 8;
    char *at = lsv_text_room(t, room), *p = at;
    if (!at) return;

    p = fill(p, ' ', o->pad_left - whole - has_sign);
    if (has_sign) *p++ = signbit(x) ? '-' : '+';
    int fraction = 0;
    if (d.exponent < 0) {
        *p++ = '0';
        *p++ = '.';
        p = fill(p, '0', -d.exponent - 1);
        p = put(p, d.digit, d.n);
        fraction = d.n - d.exponent - 1;
    } else if (d.n <= whole) {
        p = put(p, d.digit, d.n);
        p = fill(p, '0', whole - d.n);
        if (o->trim != '-') *p++ = '.';
    } else {
        p = put(p, d.digit, whole);
        *p++ = '.';
        fraction = d.n - whole;
        p = put(p, d.digit + whole, fraction);
    }
    if (o->trim == '0' && fraction == 0) *p++ = '0', fraction++;
    if (wanted > fraction) {
        p = fill(p, '0', wanted - fraction);
        fraction = wanted;
    }
    if (o->trim != 'k' && fraction > 0) p = trim_zeros(p, o->trim, &fraction);
    if (o->pad_right >= fraction) {
        if (o->trim == '-' && fraction == 0) *p++ = ' '; /* in the place of the point */
        p = fill(p, ' ', o->pad_right - fraction);
    }
    *p = 0;
    t->length += (size_t)(p - at);
}

void lsv_dragon_scientific(lsv_text *t, double x, const lsv_dragon *o) {
    if (not_finite(t, x, o->sign)) return;
    lsv_decimal d;
    int max = o->precision < 0 ? -1 : o->precision + 1, min = o->min_digits < 0 ? -1 : o->min_digits + 1;
    lsv_decimal_dragon(&d, x, o->format, o->unique, false, max, min, zeros_are_loose(o));

    int has_sign = signbit(x) || o->sign, fraction = d.n - 1;
    int wanted = o->trim == 'k' ? o->unique ? o->min_digits : o->precision : 0;
    char *at = lsv_text_room(t, positive(d.n) + positive(wanted) + positive(o->pad_left) + 24), *p = at;
    if (!at) return;

    p = fill(p, ' ', o->pad_left - 1 - has_sign);
    if (has_sign) *p++ = signbit(x) ? '-' : '+';
    *p++ = d.digit[0];
    if (fraction > 0) {
        *p++ = '.';
        p = put(p, d.digit + 1, fraction);
    } else if (o->trim != '-') *p++ = '.';
    if (o->trim == '0' && fraction == 0) *p++ = '0', fraction++;
    if (wanted > fraction) {
        p = fill(p, '0', wanted - fraction);
        fraction = wanted;
    }
    if (o->trim != 'k' && fraction > 0) p = trim_zeros(p, o->trim == '-' ? '.' : o->trim, &fraction);

    int e = x == 0 ? 0 : d.exponent, size = o->exp_digits < 0 ? 2 : o->exp_digits > 5 ? 5 : o->exp_digits;
    p += lsv_exponent_write(p, e, size);
    *p = 0;
    t->length += (size_t)(p - at);
}

void lsv_text_float_positional(lsv_text *t, double x, bool is_float32, int precision, bool unique,
                               bool fractional, char trim, bool sign, int pad_left, int pad_right) {
    lsv_dragon o = {is_float32 ? LSV_FLOAT32 : LSV_FLOAT64,
                    precision,
                    -1,
                    unique,
                    fractional,
                    trim,
                    sign,
                    pad_left,
                    pad_right,
                    -1};
    lsv_dragon_positional(t, x, &o);
}

void lsv_text_float_scientific(lsv_text *t, double x, bool is_float32, int precision, bool unique, char trim,
                               bool sign, int pad_left, int exp_digits) {
    lsv_dragon o = {is_float32 ? LSV_FLOAT32 : LSV_FLOAT64,
                    precision,
                    -1,
                    unique,
                    false,
                    trim,
                    sign,
                    pad_left,
                    -1,
                    exp_digits};
    lsv_dragon_scientific(t, x, &o);
}
