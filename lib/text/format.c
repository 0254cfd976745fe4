/* Python's format-spec mini-language: format(value, "[[fill]align][sign][z][#][0][width][,_][.p][type]").

   A spec is parsed once into a struct; every number is then taken apart into sign, prefix, digits
   that may be grouped, and the rest (point, fraction, exponent, percent sign, or the word "inf"),
   and one routine puts the parts together with padding. The fill character is any code point, and
   widths count code points. Errors carry Python's own text.

   Correctly rounded digits come from the C library's printf, which is exact for %e and %f; the
   shortest digits from lsv_shortest_double. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "text/text.h"

typedef struct format_spec {
    const char *fill; /* one code point, fill_bytes long */
    size_t fill_bytes;
    bool fill_given;
    char align; /* < > = ^ */
    char sign;  /* 0, '+', '-', ' ' */
    bool no_negative_zero, alternate;
    ptrdiff_t width;     /* -1: none */
    ptrdiff_t precision; /* -1: none */
    char grouping;       /* 0, ',', '_' */
    uint32_t type;       /* a code point; 0: none given and no default */
} format_spec;

/* ---- reading a spec ---- */

/* Bytes of the code point that starts at s; 1 for a stray byte. */
static size_t point_bytes(const char *s, const char *end) {
    unsigned char c = (unsigned char)*s;
    size_t n = c < 0x80 ? 1 : c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
    return n <= (size_t)(end - s) ? n : (size_t)(end - s);
}

static uint32_t point_value(const char *s, size_t bytes) {
    if (bytes == 1) return (unsigned char)*s;
    uint32_t c = (unsigned char)*s & (0xFFu >> (bytes + 1));
    for (size_t i = 1; i < bytes; i++) c = c << 6 | ((unsigned char)s[i] & 0x3Fu);
    return c;
}

static bool is_align(char c) { return c == '<' || c == '>' || c == '=' || c == '^'; }

/* Decimal digits at *at, which moves behind them; -1 when there are none. */
static lsv_status read_number(const char **at, const char *end, ptrdiff_t *out, lsv_error *err) {
    ptrdiff_t n = -1;
    for (; *at < end && **at >= '0' && **at <= '9'; (*at)++) {
        int digit = **at - '0';
        if (n < 0) n = 0;
        if (n > (PTRDIFF_MAX - digit) / 10)
            return lsv_fail(err, LSV_EVALUE, "Too many decimal digits in format string");
        n = n * 10 + digit;
    }
    *out = n;
    return LSV_OK;
}

/* Thousands separators fit some types only. */
static lsv_status check_grouping(const format_spec *f, lsv_error *err) {
    uint32_t t = f->type;
    if (!f->grouping || t == 0 || (t < 128 && strchr("defgEG%F", (int)t))) return LSV_OK;
    if (f->grouping == '_' && t < 128 && strchr("boxX", (int)t)) return LSV_OK;
    if (t > 32 && t < 128)
        return lsv_fail(err, LSV_EVALUE, "Cannot specify '%c' with '%c'.", f->grouping, (int)t);
    return lsv_fail(err, LSV_EVALUE, "Cannot specify '%c' with '\\x%x'.", f->grouping, (unsigned)t);
}

/* True when there was an alignment. */
static bool read_fill_and_align(format_spec *f, const char **at, const char *end) {
    const char *p = *at;
    size_t n = p < end ? point_bytes(p, end) : 0;
    if (n && p + n < end && is_align(p[n])) {
        f->fill = p, f->fill_bytes = n, f->fill_given = true;
        f->align = p[n];
        *at = p + n + 1;
        return true;
    }
    if (p < end && is_align(*p)) {
        f->align = *p;
        *at = p + 1;
        return true;
    }
    return false;
}

static lsv_status read_grouping(format_spec *f, const char **at, const char *end, lsv_error *err) {
    const char *p = *at;
    if (p < end && *p == ',') f->grouping = ',', p++;
    if (p < end && *p == '_') {
        if (f->grouping) return lsv_fail(err, LSV_EVALUE, "Cannot specify both ',' and '_'.");
        f->grouping = '_', p++;
    }
    if (p < end && *p == ',' && f->grouping == '_')
        return lsv_fail(err, LSV_EVALUE, "Cannot specify both ',' and '_'.");
    *at = p;
    return LSV_OK;
}

static lsv_status read_spec(format_spec *f, const char *spec, size_t n, char default_type, char default_align,
                            const char *object, lsv_error *err) {
    const char *p = spec, *end = spec + n;
    *f = (format_spec){.fill = " ",
                       .fill_bytes = 1,
                       .align = default_align,
                       .width = -1,
                       .precision = -1,
                       .type = (unsigned char)default_type};
    bool align_given = read_fill_and_align(f, &p, end);
    if (p < end && (*p == '+' || *p == '-' || *p == ' ')) f->sign = *p++;
    if (p < end && *p == 'z') f->no_negative_zero = true, p++;
    if (p < end && *p == '#') f->alternate = true, p++;
    if (!f->fill_given && p < end && *p == '0') {
        f->fill = "0";
        if (!align_given && default_align == '>') f->align = '=';
        p++;
    }
    LSV_TRY(read_number(&p, end, &f->width, err));
    LSV_TRY(read_grouping(f, &p, end, err));
    if (p < end && *p == '.') {
        p++;
        LSV_TRY(read_number(&p, end, &f->precision, err));
        if (f->precision < 0) return lsv_fail(err, LSV_EVALUE, "Format specifier missing precision");
    }
    if (p < end) {
        size_t bytes = point_bytes(p, end);
        if (p + bytes < end)
            return lsv_fail(err, LSV_EVALUE, "Invalid format specifier '%.*s' for object of type '%s'",
                            (int)n, spec, object);
        f->type = point_value(p, bytes);
    }
    return check_grouping(f, err);
}

static lsv_status unknown_type(const format_spec *f, const char *object, lsv_error *err) {
    if (f->type > 32 && f->type < 128)
        return lsv_fail(err, LSV_EVALUE, "Unknown format code '%c' for object of type '%s'", (int)f->type,
                        object);
    return lsv_fail(err, LSV_EVALUE, "Unknown format code '\\x%x' for object of type '%s'", (unsigned)f->type,
                    object);
}

/* ---- putting a value together ---- */

typedef struct number_parts {
    bool negative;
    const char *prefix;        /* "0x", … or "" */
    const char *digits, *rest; /* digits may be grouped */
    size_t ndigits, nrest, rest_points;
} number_parts;

static void fill_points(lsv_text *t, const format_spec *f, ptrdiff_t n) {
    if (n <= 0) return;
    if (f->fill_bytes == 1) lsv_text_fill(t, *f->fill, (size_t)n);
    else
        while (n-- > 0 && !t->failed) lsv_text_add(t, f->fill, f->fill_bytes);
}

/* How many leading zeros and separators the digits need to reach min_width: zeros count before
   separators, and a separator is never the first character. */
static void group_sizes(size_t ndigits, ptrdiff_t min_width, int group, ptrdiff_t *digits,
                        ptrdiff_t *length) {
    ptrdiff_t total = (ptrdiff_t)ndigits, separators;
    for (;;) {
        separators = group && total > 0 ? (total - 1) / group : 0;
        if (total + separators >= min_width) break;
        /* Near the goal one by one; far from it in a stride that cannot overshoot. */
        ptrdiff_t gap = min_width - total - separators;
        total += gap > 4 ? gap / 2 : 1;
    }
    *digits = total;
    *length = total + separators;
}

static void add_grouped(lsv_text *t, const char *digits, size_t ndigits, ptrdiff_t total, char separator,
                        int group) {
    if (!group) {
        lsv_text_fill(t, '0', (size_t)(total - (ptrdiff_t)ndigits));
        lsv_text_add(t, digits, ndigits);
        return;
    }
    for (ptrdiff_t left = total; left > 0 && !t->failed; left--) {
        lsv_text_putc(t, left > (ptrdiff_t)ndigits ? '0' : digits[(ptrdiff_t)ndigits - left]);
        if (left > 1 && (left - 1) % group == 0) lsv_text_putc(t, separator);
    }
}

static lsv_status out_of_memory(lsv_error *err, lsv_text *t) { return lsv_no_memory(err, t->capacity); }

static lsv_status put_number(lsv_text *t, const format_spec *f, const number_parts *p, lsv_error *err) {
    char sign = p->negative ? '-' : f->sign == '+' || f->sign == ' ' ? f->sign : 0;
    size_t nprefix = strlen(p->prefix);
    ptrdiff_t other = (sign != 0) + (ptrdiff_t)nprefix + (ptrdiff_t)p->rest_points;
    bool zeros = f->align == '=' && f->fill_bytes == 1 && *f->fill == '0' && p->ndigits > 0;
    int group = !f->grouping ? 0 : f->type < 128 && f->type && strchr("boxX", (int)f->type) ? 4 : 3;
    ptrdiff_t digits, length;
    group_sizes(p->ndigits, zeros ? f->width - other : 0, group, &digits, &length);

    ptrdiff_t padding = f->width - other - length;
    if (padding < 0) padding = 0;
    ptrdiff_t left = f->align == '>' ? padding : f->align == '^' ? padding / 2 : 0;
    ptrdiff_t middle = f->align == '=' ? padding : 0;
    fill_points(t, f, left);
    if (sign) lsv_text_putc(t, sign);
    lsv_text_add(t, p->prefix, nprefix);
    fill_points(t, f, middle);
    add_grouped(t, p->digits, p->ndigits, digits, f->grouping, group);
    lsv_text_add(t, p->rest, p->nrest);
    fill_points(t, f, padding - left - middle);
    return t->failed ? out_of_memory(err, t) : LSV_OK;
}

/* ---- integers ---- */

static size_t encode_point(uint32_t c, char out[4]) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6) out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)((0xF00 >> n & 0xF0) | c);
    return n;
}

static lsv_status format_character(lsv_text *t, int64_t x, const format_spec *f, lsv_error *err) {
    if (f->sign) return lsv_fail(err, LSV_EVALUE, "Sign not allowed with integer format specifier 'c'");
    if (f->alternate)
        return lsv_fail(err, LSV_EVALUE, "Alternate form (#) not allowed with integer format specifier 'c'");
    if (x < 0 || x > 0x10FFFF) return lsv_fail(err, LSV_EOVERFLOW, "%%c arg not in range(0x110000)");
    char bytes[4];
    number_parts p = {.prefix = "", .digits = "", .rest = bytes, .rest_points = 1};
    p.nrest = encode_point((uint32_t)x, bytes);
    return put_number(t, f, &p, err);
}

static lsv_status format_integer(lsv_text *t, int64_t x, const format_spec *f, lsv_error *err) {
    if (f->precision >= 0)
        return lsv_fail(err, LSV_EVALUE, "Precision not allowed in integer format specifier");
    if (f->no_negative_zero)
        return lsv_fail(err, LSV_EVALUE,
                        "Negative zero coercion (z) not allowed in integer format specifier");
    if (f->type == 'c') return format_character(t, x, f, err);
    static const struct {
        char type;
        unsigned base;
        const char *prefix, *digits;
    } kinds[] = {
        {'d', 10, "", "0123456789"}, {'n', 10, "", "0123456789"},         {'b', 2, "0b", "01"},
        {'o', 8, "0o", "01234567"},  {'x', 16, "0x", "0123456789abcdef"}, {'X', 16, "0X", "0123456789ABCDEF"},
    };
    int k = 0;
    while (kinds[k].type != (char)f->type) k++;
    char digits[64];
    char *p = digits + sizeof digits;
    uint64_t u = x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
    do *--p = kinds[k].digits[u % kinds[k].base];
    while (u /= kinds[k].base);
    number_parts parts = {.negative = x < 0,
                          .prefix = f->alternate ? kinds[k].prefix : "",
                          .digits = p,
                          .rest = "",
                          .ndigits = (size_t)(digits + sizeof digits - p)};
    return put_number(t, f, &parts, err);
}

/* ---- floats ---- */

/* `significant` digits of x >= 0, rounded correctly; x = 0.DIGITS * 10^*point. */
static void rounded_digits(lsv_text *digits, ptrdiff_t *point, double x, int significant) {
    lsv_text_printf(digits, "%.*e", significant - 1, x);
    if (digits->failed) return;
    char *e = strchr(digits->data, 'e');
    int exponent = 0;
    sscanf(e + 1, "%d", &exponent);
    size_t n = (size_t)(e - digits->data);
    if (n > 1) memmove(digits->data + 1, digits->data + 2, --n - 1);
    digits->data[n] = 0;
    digits->length = n;
    *point = exponent + 1;
}

/* Digits as 'g' and repr lay them out. Scientific when the point is at or below -4 or beyond
   `limit`; zeros: trailing zeros stay, up to `significant`. */
static void lay_out(lsv_text *out, const char *digits, size_t n, ptrdiff_t point, ptrdiff_t limit,
                    bool alternate, ptrdiff_t significant, bool add_dot_zero) {
    bool scientific = point <= -4 || point > limit;
    ptrdiff_t exponent = point - 1;
    if (scientific) point = 1;
    while (n > 0 && digits[n - 1] == '0' && !alternate) n--;
    ptrdiff_t last = alternate && significant > (ptrdiff_t)n
                         ? significant
                         : (ptrdiff_t)n; /* end of digits, zeros included */
    ptrdiff_t need = !scientific && add_dot_zero ? point + 1 : point;
    if (last < need) last = need;
    for (ptrdiff_t i = point <= 0 ? point - 1 : 0; i < last && !out->failed; i++) {
        if (i == point) lsv_text_putc(out, '.');
        lsv_text_putc(out, i >= 0 && i < (ptrdiff_t)n ? digits[i] : '0');
    }
    if (alternate && last == point) lsv_text_putc(out, '.');
    if (scientific)
        lsv_text_printf(out, "e%c%02td", exponent < 0 ? '-' : '+', exponent < 0 ? -exponent : exponent);
}

static void repr_text(lsv_text *out, double x, bool alternate) {
    char digits[20] = "0";
    int point = 1;
    int n = x > 0 ? lsv_shortest_double(x, digits, &point) : 1;
    lay_out(out, digits, (size_t)n, point, 16, alternate, n, true);
}

static void general_text(lsv_text *out, double x, int precision, bool alternate, bool add_dot_zero) {
    if (precision == 0) precision = 1;
    lsv_text digits = {0};
    ptrdiff_t point = 1;
    rounded_digits(&digits, &point, x, precision);
    /* One integer digit less fits when ".0" is to follow. */
    ptrdiff_t limit = precision - (add_dot_zero ? 1 : 0);
    if (digits.failed) out->failed = true;
    else lay_out(out, digits.data, digits.length, point, limit, alternate, precision, add_dot_zero);
    lsv_text_free(&digits);
}

/* The magnitude x as text for one of the types r (repr) e f g. */
static void magnitude_text(lsv_text *out, double x, char type, int precision, bool alternate,
                           bool add_dot_zero) {
    if (isnan(x)) lsv_text_puts(out, "nan");
    else if (isinf(x)) lsv_text_puts(out, "inf");
    else if (type == 'r') repr_text(out, x, alternate);
    else if (type == 'g') general_text(out, x, precision, alternate, add_dot_zero);
    else if (type == 'e') lsv_text_printf(out, alternate ? "%#.*e" : "%.*e", precision, x);
    else lsv_text_printf(out, alternate ? "%#.*f" : "%.*f", precision, x);
}

static bool all_zero(const char *s) {
    for (; *s && *s != 'e'; s++)
        if (*s != '0' && *s != '.') return false;
    return true;
}

static lsv_status format_double(lsv_text *t, double x, const format_spec *f, lsv_error *err) {
    if (f->precision > INT_MAX) return lsv_fail(err, LSV_EVALUE, "precision too big");
    char type = (char)f->type, kind = type;
    bool upper = type == 'E' || type == 'F' || type == 'G', percent = type == '%', add_dot_zero = type == 0;
    int precision = f->precision < 0 ? 6 : (int)f->precision;
    if (upper) kind = (char)(type + ('a' - 'A'));
    if (type == 'n') kind = 'g';
    if (percent) kind = 'f', x *= 100;
    if (type == 0) kind = f->precision < 0 ? 'r' : 'g';

    lsv_text body = {0};
    magnitude_text(&body, fabs(x), kind, precision, f->alternate, add_dot_zero);
    bool negative = signbit(x) && !isnan(x);
    if (!body.failed && negative && f->no_negative_zero && all_zero(body.data)) negative = false;
    if (!body.failed && upper)
        for (char *c = body.data; *c; c++)
            if (*c >= 'a' && *c <= 'z') *c = (char)(*c - ('a' - 'A'));
    if (percent) lsv_text_putc(&body, '%');
    lsv_status status = LSV_OK;
    if (body.failed) {
        status = out_of_memory(err, &body);
    } else {
        size_t n = 0;
        while (n < body.length && body.data[n] >= '0' && body.data[n] <= '9') n++;
        number_parts parts = {.negative = negative,
                              .prefix = "",
                              .digits = body.data,
                              .rest = body.data + n,
                              .ndigits = n,
                              .nrest = body.length - n,
                              .rest_points = body.length - n};
        status = put_number(t, f, &parts, err);
    }
    lsv_text_free(&body);
    return status;
}

/* ---- the three public functions ---- */

static bool is_one_of(uint32_t type, const char *types) {
    return type > 0 && type < 128 && strchr(types, (int)type);
}

lsv_status lsv_format_int(lsv_text *t, int64_t x, const char *spec, size_t n, lsv_error *err) {
    format_spec f;
    LSV_TRY(read_spec(&f, spec, n, 'd', '>', "int", err));
    if (is_one_of(f.type, "bcdnoxX")) return format_integer(t, x, &f, err);
    if (is_one_of(f.type, "eEfFgG%")) return format_double(t, (double)x, &f, err);
    return unknown_type(&f, "int", err);
}

lsv_status lsv_format_float(lsv_text *t, double x, const char *spec, size_t n, lsv_error *err) {
    format_spec f;
    LSV_TRY(read_spec(&f, spec, n, 0, '>', "float", err));
    if (f.type == 0 || is_one_of(f.type, "eEfFgGn%")) return format_double(t, x, &f, err);
    return unknown_type(&f, "float", err);
}

lsv_status lsv_format_str(lsv_text *t, const char *s, size_t len, const char *spec, size_t n,
                          lsv_error *err) {
    format_spec f;
    LSV_TRY(read_spec(&f, spec, n, 's', '<', "str", err));
    if (f.type != 's') return unknown_type(&f, "str", err);
    if (f.sign == ' ') return lsv_fail(err, LSV_EVALUE, "Space not allowed in string format specifier");
    if (f.sign) return lsv_fail(err, LSV_EVALUE, "Sign not allowed in string format specifier");
    if (f.no_negative_zero)
        return lsv_fail(err, LSV_EVALUE, "Negative zero coercion (z) not allowed in string format specifier");
    if (f.alternate)
        return lsv_fail(err, LSV_EVALUE, "Alternate form (#) not allowed in string format specifier");
    if (f.align == '=')
        return lsv_fail(err, LSV_EVALUE, "'=' alignment not allowed in string format specifier");

    const char *p = s, *end = s + len;
    ptrdiff_t points = 0;
    while (p < end && (f.precision < 0 || points < f.precision)) p += point_bytes(p, end), points++;
    ptrdiff_t padding = f.width > points ? f.width - points : 0;
    ptrdiff_t left = f.align == '>' ? padding : f.align == '^' ? padding / 2 : 0;
    fill_points(t, &f, left);
    lsv_text_add(t, s, (size_t)(p - s));
    fill_points(t, &f, padding - left);
    return t->failed ? out_of_memory(err, t) : LSV_OK;
}
