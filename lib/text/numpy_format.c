/* The layout that all elements of a printed ndarray share.

   NumPy finds it by writing every element once and measuring. Here the measures come from
   the extremes wherever they must: how many characters stand before the point grows with
   the magnitude, exponents are longest at an end of the range, and the search for the
   longest fraction stops as soon as it is as long as the precision allows. */
#include "text/numpy_format.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/interrupt.h"

const lsv_numpy_options lsv_numpy_defaults = {
    .precision = 8,
    .threshold = 1000,
    .edgeitems = 3,
    .linewidth = 75,
    .suppress = false,
    .nanstr = "nan",
    .infstr = "inf",
    .sign = '-',
    .floatmode = LSV_FLOAT_MAXPREC,
    .legacy = 202,
};

int lsv_numpy_legacy(const lsv_numpy_options *o) { return o->legacy > 0 ? o->legacy : INT_MAX; }

static int max_int(int a, int b) { return a > b ? a : b; }

/* ---- floats ---- */

/* The two comparisons and the quotient are made in the array's own type, as NumPy 2 does. */
static double in_format(lsv_dtype dtype, double x) {
    switch (dtype) {
    case LSV_FLOAT16: return (double)lsv_half_to_float(lsv_float_to_half((float)x));
    case LSV_BFLOAT16: return (double)lsv_bfloat_to_float(lsv_float_to_bfloat((float)x));
    case LSV_FLOAT32: return (double)(float)x;
    default: return x;
    }
}

static bool wants_exponent(const lsv_float_stats *s, const lsv_numpy_options *o) {
    static const double cutoffs[LSV_NDTYPES] = {
        [LSV_FLOAT16] = 1e3, [LSV_BFLOAT16] = 1e2, [LSV_FLOAT32] = 1e6, [LSV_FLOAT64] = 1e8};
    if (!s->nonzero) return false;
    double cutoff = lsv_numpy_legacy(o) <= 202 ? 1e8 : cutoffs[s->dtype];
    if (s->most >= cutoff) return true;
    if (o->suppress) return false;
    return s->least < in_format(s->dtype, 1e-4) || in_format(s->dtype, s->most / s->least) > 1000;
}

/* The longest fraction among the elements, looked for until `limit` (< 0: none) is reached. */
typedef struct fraction_walk {
    lsv_dtype dtype;
    lsv_dragon dragon;
    bool exponent, done;
    int limit, longest;
    lsv_text scratch;
} fraction_walk;

static int fraction_length(fraction_walk *w, double x) {
    if (w->dragon.unique && x != 0) { /* the shortest digits, where the precision does not cut them */
        int e;
        int digits = lsv_u64_length(lsv_shortest(fabs(x), w->dtype, &e));
        int length = w->exponent ? digits - 1 : max_int(-e, 0);
        if (w->limit < 0 || length <= w->limit) return length;
    }
    lsv_text *t = &w->scratch;
    t->length = 0;
    if (w->exponent) lsv_dragon_scientific(t, x, &w->dragon);
    else lsv_dragon_positional(t, x, &w->dragon);
    if (!t->data) return 0;
    const char *point = memchr(t->data, '.', t->length), *e = memchr(t->data, 'e', t->length);
    if (!point) return 0;
    return (int)((e ? e : t->data + t->length) - point - 1);
}

static lsv_status fraction_row(void *ctx, const char *data, ptrdiff_t step, ptrdiff_t n, lsv_error *err) {
    fraction_walk *w = ctx;
    enum { CHUNK = 64 };
    double x[CHUNK];
    for (ptrdiff_t done = 0; done < n && !w->done; done += CHUNK) {
        ptrdiff_t m = n - done < CHUNK ? n - done : CHUNK;
        LSV_TRY(lsv_poll(err));
        lsv_read_doubles(w->dtype, data + done * step, step, m, x);
        for (ptrdiff_t i = 0; i < m && !w->done; i++) {
            if (!isfinite(x[i])) continue;
            int length = fraction_length(w, x[i]);
            if (length > w->longest) w->longest = length;
            w->done = w->limit >= 0 && w->longest >= w->limit;
        }
        if (w->scratch.failed) return LSV_ENOMEM;
    }
    return LSV_OK;
}

/* Characters before the point, or of the exponent's text behind "e", of one value. */
static int measure(lsv_text *t, const lsv_dragon *dragon, double x, bool exponent, bool tail) {
    t->length = 0;
    if (exponent) lsv_dragon_scientific(t, x, dragon);
    else lsv_dragon_positional(t, x, dragon);
    const char *at = t->data ? memchr(t->data, tail ? 'e' : '.', t->length) : NULL;
    if (!at) return 0;
    return (int)(tail ? t->data + t->length - at - 1 : at - t->data);
}

/* The extremes between which widths lie: both ends of both signs, and zero. */
static int candidates(const lsv_float_stats *s, double x[5]) {
    int n = 0;
    if (s->pos_most > 0) x[n++] = s->pos_most, x[n++] = s->pos_least;
    if (s->neg_most > 0) x[n++] = -s->neg_most, x[n++] = -s->neg_least;
    if (s->finite > s->nonzero) x[n++] = s->minus ? -0. : 0.;
    return n;
}

static lsv_status measure_floats(lsv_numpy_format *f, const lsv_array *a, ptrdiff_t edge,
                                 const lsv_float_stats *s, lsv_error *err) {
    bool old = lsv_numpy_legacy(f->o) <= 113, fixed = f->o->floatmode == LSV_FLOAT_FIXED, exact;
    lsv_dragon *d = &f->dragon;
    exact = fixed || (f->exp_format && old);
    d->unique = !exact;
    d->trim = exact ? 'k' : '.';

    fraction_walk w = {.dtype = f->dtype, .dragon = *d, .exponent = f->exp_format, .limit = d->precision};
    lsv_status status = LSV_OK;
    if (exact && d->precision >= 0) w.longest = d->precision;
    else if (f->exp_format || !s->whole) status = lsv_each_row(a, edge, fraction_row, &w, err);

    double x[5];
    int n = candidates(s, x), left = 0, digits_left = 0, tail = 0;
    for (int i = 0; i < n; i++) {
        int before = measure(&w.scratch, d, x[i], f->exp_format, false);
        left = max_int(left, before);
        digits_left = max_int(digits_left, before - (signbit(x[i]) || d->sign));
        if (f->exp_format) tail = max_int(tail, measure(&w.scratch, d, x[i], true, true));
    }
    if (w.scratch.failed) status = lsv_fail(err, LSV_ENOMEM, "out of memory");
    lsv_text_free(&w.scratch);
    if (status != LSV_OK) return status;
    if (f->exp_format) {
        d->exp_digits = tail - 1;
        d->trim = 'k';
        d->precision = d->min_digits = w.longest;
        d->pad_left = old ? 3 : left;
        d->pad_right = d->exp_digits + 2 + d->precision; /* for the width of nan only */
    } else {
        d->pad_left = old ? 1 + digits_left : left;
        d->pad_right = w.longest;
        if (fixed || f->o->floatmode == LSV_FLOAT_MAXPREC_EQUAL) {
            d->precision = d->min_digits = d->pad_right;
            d->trim = 'k';
        } else {
            d->trim = '.';
            d->min_digits = 0;
        }
    }
    return LSV_OK;
}

/* Digits after the point below which rounding the exact value gives what Dragon4 gives (see
   lsv_decimal_dragon), so that an element is one multiplication and two writes. */
static void allow_quick(lsv_numpy_format *f) {
    const lsv_dragon *d = &f->dragon;
    bool narrow = f->dtype == LSV_FLOAT16 || f->dtype == LSV_BFLOAT16;
    f->quick = -1;
    if (d->sign || narrow) return;
    if (f->exp_format) {
        if (d->trim == 'k' && d->precision == d->min_digits && d->precision <= 17) f->quick = d->precision;
        return;
    }
    if (d->pad_right > 15) return;
    f->quick = d->pad_right;
    f->quick_limit = d->trim == 'k' && !d->unique ? UINT64_MAX
                     : f->dtype == LSV_FLOAT32    ? 1000000u
                                                  : 1000000000000000u;
}

static lsv_status init_floats(lsv_numpy_format *f, const lsv_array *a, ptrdiff_t edge, lsv_error *err) {
    const lsv_numpy_options *o = f->o;
    int legacy = lsv_numpy_legacy(o);
    f->sign = legacy <= 113 && a->ndim && o->sign == '-' ? ' ' : o->sign;
    f->nan_points = lsv_points(o->nanstr, strlen(o->nanstr));
    f->inf_points = lsv_points(o->infstr, strlen(o->infstr));

    lsv_float_stats s;
    LSV_TRY(lsv_float_stats_of(a, edge, &s, err));
    f->exp_format = wants_exponent(&s, o);
    lsv_dragon *d = &f->dragon;
    *d = (lsv_dragon){.format = f->dtype,
                      .precision = o->floatmode == LSV_FLOAT_UNIQUE || o->precision < 0 ? -1 : o->precision,
                      .min_digits = -1,
                      .unique = true,
                      .fractional = true,
                      .trim = '.',
                      .sign = f->sign == '+',
                      .pad_left = 0,
                      .pad_right = 0,
                      .exp_digits = -1};
    if (s.finite) {
        d->pad_left = d->pad_right = -1;
        LSV_TRY(measure_floats(f, a, edge, &s, err));
    }
    if (legacy > 113 && f->sign == ' ' && !s.minus) d->pad_left++;
    if (s.finite < s.count) {
        bool signed_inf = f->sign != '-' || s.neg_inf;
        int offset = d->pad_right + 1;
        d->pad_left = max_int(d->pad_left,
                              max_int((int)f->nan_points - offset, (int)f->inf_points + signed_inf - offset));
    }
    f->special_width = d->pad_left + d->pad_right + 1;
    if (f->exp_format) d->pad_right = -1;
    if (s.finite) allow_quick(f);
    else f->quick = -1;
    return LSV_OK;
}

static bool power_of_two(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (bits & ((1ull << 52) - 1)) == 0;
}

static bool quick_positional(const lsv_numpy_format *f, lsv_text *t, double x) {
    uint64_t n;
    bool up, even;
    int places = f->quick;
    if (!lsv_scaled(fabs(x), places, &n, &up, &even) || n >= f->quick_limit) return false;
    char *at = lsv_text_room(t, (size_t)max_int(f->dragon.pad_left, 0) + 64), *p = at;
    if (!at) return true;
    bool minus = signbit(x);
    int whole = lsv_u64_length(n) - places;
    for (int pad = f->dragon.pad_left - (whole > 0 ? whole : 1) - minus; pad > 0; pad--) *p++ = ' ';
    if (minus) *p++ = '-';
    p += lsv_u64_write_point(p, n, places);
    if (f->dragon.trim == '.')
        for (char *q = p; q[-1] == '0'; q--) q[-1] = ' ';
    *p = 0;
    t->length += (size_t)(p - at);
    return true;
}

static bool quick_scientific(const lsv_numpy_format *f, lsv_text *t, double x) {
    uint64_t n = 0;
    int places = f->quick, exponent = 0;
    if (x != 0 &&
        ((f->dragon.unique && power_of_two(x)) || !lsv_significant(fabs(x), places + 1, &n, &exponent)))
        return false;
    char *at = lsv_text_room(t, (size_t)max_int(f->dragon.pad_left, 0) + 64), *p = at;
    if (!at) return true;
    bool minus = signbit(x);
    for (int pad = f->dragon.pad_left - 1 - minus; pad > 0; pad--) *p++ = ' ';
    if (minus) *p++ = '-';
    p += lsv_u64_write_point(p, n, places);
    p += lsv_exponent_write(p, exponent, f->dragon.exp_digits);
    *p = 0;
    t->length += (size_t)(p - at);
    return true;
}

static void one_float(const lsv_numpy_format *f, lsv_text *t, double x) {
    if (isfinite(x)) {
        if (f->quick >= 0 && (f->exp_format ? quick_scientific(f, t, x) : quick_positional(f, t, x))) return;
        if (f->exp_format) lsv_dragon_scientific(t, x, &f->dragon);
        else lsv_dragon_positional(t, x, &f->dragon);
        return;
    }
    const char *text = isnan(x) ? f->o->nanstr : f->o->infstr;
    char sign = x < 0 ? '-' : f->sign == '+' ? '+' : 0;
    int length = (int)(isnan(x) ? f->nan_points : f->inf_points) + (sign != 0);
    if (length < f->special_width) lsv_text_fill(t, ' ', (size_t)(f->special_width - length));
    if (sign) lsv_text_putc(t, sign);
    lsv_text_puts(t, text);
}

/* ---- integers ---- */

static int int_length(int64_t x) {
    char s[20];
    return lsv_u64_digits(s, x < 0 ? 0 - (uint64_t)x : (uint64_t)x) + (x < 0);
}

static lsv_status init_ints(lsv_numpy_format *f, const lsv_array *a, ptrdiff_t edge, lsv_error *err) {
    lsv_int_stats s;
    f->sign = f->o->sign;
    f->width = 0;
    LSV_TRY(lsv_int_stats_of(a, edge, &s, err));
    if (!s.count) return LSV_OK;
    int longest = int_length(s.max);
    if (f->sign == ' ' && s.min < 0) f->sign = '-';
    if (s.max >= 0 && f->sign != '-') longest++;
    f->width = max_int(longest, int_length(s.min));
    return LSV_OK;
}

static void one_int(const lsv_numpy_format *f, lsv_text *t, int64_t x) {
    int n = int_length(x) + (x >= 0 && f->sign != '-');
    if (n < f->width) lsv_text_fill(t, ' ', (size_t)(f->width - n));
    if (x >= 0 && f->sign != '-') lsv_text_putc(t, f->sign);
    lsv_text_int(t, x);
}

/* ---- all ---- */

lsv_status lsv_numpy_format_init(lsv_numpy_format *f, const lsv_array *a, ptrdiff_t edge,
                                 const lsv_numpy_options *o, lsv_error *err) {
    *f = (lsv_numpy_format){.dtype = (lsv_dtype)a->dtype, .o = o};
    if (f->dtype == LSV_BOOL) {
        f->width = a->ndim ? 5 : 4;
        return LSV_OK;
    }
    return lsv_dtype_is_int(f->dtype) ? init_ints(f, a, edge, err) : init_floats(f, a, edge, err);
}

lsv_status lsv_numpy_format_one(const lsv_numpy_format *f, lsv_text *t, const char *at, lsv_error *err) {
    if (f->formatter) return f->formatter(f->ctx, t, lsv_load(f->dtype, at), err);
    if (lsv_dtype_is_float(f->dtype)) {
        double x;
        lsv_read_doubles(f->dtype, at, 0, 1, &x);
        one_float(f, t, x);
        return LSV_OK;
    }
    int64_t i;
    lsv_read_ints(f->dtype, at, 0, 1, &i);
    if (f->dtype != LSV_BOOL) one_int(f, t, i);
    else lsv_text_puts(t, !i ? "False" : f->width == 5 ? " True" : "True");
    return LSV_OK;
}
