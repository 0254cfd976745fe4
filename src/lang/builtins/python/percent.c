/* format % values. A conversion is %[(key)][flags][width][.precision]type; floats are handed on to the
   formatter of numbers as a specification, the rest is laid out here. */
#include <ctype.h>
#include <string.h>

#include "lang/builtins/python/python.h"
#include "lang/builtins/python/strings.h"
#include "lang/eval/repr.h"

typedef struct conversion {
    bool left, plus, space, alternate, zero;
    int64_t width, precision; /* -1: none */
    char type;
} conversion;

typedef struct job {
    ls_interp *in;
    const char *at, *start, *end;
    ls_value values;   /* what stands right of % */
    ptrdiff_t next, n; /* of a tuple's items */
    bool mapped;       /* %(key)s was seen */
    lsv_text text;
} job;

static bool take(job *j, ls_value *v) {
    if (j->next >= j->n) return ls_raise(j->in, "TypeError", "not enough arguments for format string");
    *v = j->values.tag == LS_TUPLE ? j->values.tuple->items[j->next] : j->values;
    j->next++;
    return true;
}

/* A number of digits, or * for a value. */
static bool number(job *j, int64_t *out) {
    ls_value v = ls_none();
    if (j->at < j->end && *j->at == '*') {
        j->at++;
        if (!take(j, &v)) return false;
        if (!ls_is_int(v)) return ls_raise(j->in, "TypeError", "* wants int");
        *out = v.i;
        return true;
    }
    for (*out = 0; j->at < j->end && isdigit((unsigned char)*j->at); j->at++)
        if (*out < 1 << 28) *out = *out * 10 + (*j->at - '0');
    return true;
}

static bool key_value(job *j, ls_value *v) {
    const char *from = ++j->at;
    int depth = 1;
    for (; j->at < j->end && depth; j->at++) depth += *j->at == '(' ? 1 : *j->at == ')' ? -1 : 0;
    if (depth) return ls_raise(j->in, "ValueError", "incomplete format key");
    if (j->values.tag != LS_DICT) return ls_raise(j->in, "TypeError", "format requires a mapping");
    ls_value key = ls_str_new(from, (size_t)(j->at - 1 - from));
    if (key.tag == LS_UNSET) return ls_no_memory(j->in);
    const ls_value *found = ls_dict_find(j->values.dict, key);
    bool ok = found || ls_key_error(j->in, key);
    ls_drop(key);
    if (ok) *v = *found;
    j->mapped = true;
    return ok;
}

/* body (after a sign or prefix of `head` bytes, where zeros go) filled up to the width */
static void padded(lsv_text *t, const conversion *c, const char *s, size_t n, size_t head, bool zero) {
    size_t points = lsv_text_points(s, n), room = c->width > (int64_t)points ? (size_t)c->width - points : 0;
    if (c->left) {
        lsv_text_add(t, s, n);
        lsv_text_fill(t, ' ', room);
    } else if (zero) {
        lsv_text_add(t, s, head);
        lsv_text_fill(t, '0', room);
        lsv_text_add(t, s + head, n - head);
    } else {
        lsv_text_fill(t, ' ', room);
        lsv_text_add(t, s, n);
    }
}

static bool text_value(job *j, const conversion *c, ls_value v) {
    lsv_text t = {0};
    bool ok = c->type == 's' ? ls_str_text(j->in, &t, v) : ls_repr(j->in, &t, v);
    if (ok && c->type == 'a' && v.tag == LS_STR) {
        lsv_text_free(&t);
        ls_repr_text(&t, v.str->data, v.str->length, true);
    }
    size_t n = t.length;
    if (c->precision >= 0 && (int64_t)lsv_text_points(t.data ? t.data : "", n) > c->precision) {
        int64_t left = c->precision;
        for (n = 0; n < t.length; n++)
            if (((unsigned char)t.data[n] & 0xC0) != 0x80 && left-- == 0) break;
    }
    if (ok) padded(&j->text, c, t.data ? t.data : "", n, 0, false);
    ok = ok && (!t.failed || ls_no_memory(j->in));
    lsv_text_free(&t);
    return ok;
}

static bool char_value(job *j, const conversion *c, ls_value v) {
    if (v.tag == LS_STR && v.str->points == 1) {
        padded(&j->text, c, v.str->data, v.str->length, 0, false);
        return true;
    }
    ls_value s;
    if (!ls_is_int(v)) return ls_raise(j->in, "TypeError", "%%c requires int or char");
    if (v.i < 0 || v.i > 0x10FFFF) return ls_raise(j->in, "OverflowError", "%%c arg not in range(0x110000)");
    if (!ls_py_chr(j->in, NULL, &v, &s)) return false;
    padded(&j->text, c, s.str->data, s.str->length, 0, false);
    ls_drop(s);
    return true;
}

static bool int_value(job *j, const conversion *c, ls_value v) {
    int64_t i;
    bool hex = strchr("xXo", c->type) != NULL,
         real = v.tag == LS_FLOAT || v.tag == LS_NPSCALAR || v.tag == LS_ARRAY;
    if (!ls_is_number(v) && v.tag != LS_ARRAY)
        return ls_raise(j->in, "TypeError",
                        hex ? "%%%c format: an integer is required, not %s"
                            : "%%%c format: a real number is required, not %s",
                        c->type, ls_type_name(v));
    if (hex && v.tag == LS_FLOAT)
        return ls_raise(j->in, "TypeError", "%%%c format: an integer is required, not float", c->type);
    ls_value whole, arguments[2] = {v, {.tag = LS_ELLIPSIS}};
    if (!real) i = v.i;
    else {
        if (!ls_py_int(j->in, NULL, arguments, &whole)) return false;
        i = whole.i;
    }
    uint64_t u = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
    char digits[96], *to = digits + sizeof digits, text[512];
    uint64_t base = c->type == 'o' ? 8 : hex ? 16 : 10;
    int count = 0;
    do *--to = (c->type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef")[u % base], count++;
    while (u /= base);
    size_t head = 0;
    if (i < 0 || c->plus || c->space) text[head++] = i < 0 ? '-' : c->plus ? '+' : ' ';
    if (c->alternate && hex) {
        text[head++] = '0';
        text[head++] = c->type;
    }
    size_t n = head;
    int64_t zeros = c->precision > count ? c->precision - count : 0;
    if (zeros > 300) return ls_raise(j->in, "ValueError", "precision too large");
    for (; zeros > 0; zeros--) text[n++] = '0';
    memcpy(text + n, to, (size_t)count);
    padded(&j->text, c, text, n + (size_t)count, head, c->zero && !c->left);
    return true;
}

static bool float_value(job *j, const conversion *c, ls_value v) {
    double x;
    if (!ls_is_number(v) && v.tag != LS_ARRAY)
        return ls_raise(j->in, "TypeError", "must be real number, not %s", ls_type_name(v));
    if (!ls_as_double(j->in, v, "value", &x)) return false;
    char spec[32], *to = spec + sizeof spec;
    *--to = c->type;
    int64_t precision = c->precision < 0 ? 6 : c->precision;
    do *--to = (char)('0' + precision % 10);
    while (precision /= 10);
    *--to = '.';
    if (c->alternate) *--to = '#';
    if (c->plus || c->space) *--to = c->plus ? '+' : ' ';
    lsv_text t = {0};
    lsv_error err;
    if (lsv_format_float(&t, x, to, (size_t)(spec + sizeof spec - to), &err) != LSV_OK) {
        lsv_text_free(&t);
        return ls_raise_lsv(j->in, &err);
    }
    size_t head = t.length && strchr("+- ", t.data[0]);
    padded(&j->text, c, t.data, t.length, head, c->zero && !c->left);
    lsv_text_free(&t);
    return true;
}

/* One conversion; the % is behind us. */
static bool convert(job *j) {
    conversion c = {.width = 0, .precision = -1};
    ls_value v = {.tag = LS_UNSET};
    if (j->at < j->end && *j->at == '(' && !key_value(j, &v)) return false;
    for (; j->at < j->end && strchr("-+ #0", *j->at) && *j->at; j->at++) {
        c.left |= *j->at == '-';
        c.plus |= *j->at == '+';
        c.space |= *j->at == ' ';
        c.alternate |= *j->at == '#';
        c.zero |= *j->at == '0';
    }
    if (!number(j, &c.width)) return false;
    if (c.width < 0) {
        c.left = true;
        c.width = -c.width;
    }
    if (j->at < j->end && *j->at == '.') {
        j->at++;
        if (!number(j, &c.precision)) return false;
        if (c.precision < 0) c.precision = 0;
    }
    while (j->at < j->end && strchr("hlL", *j->at) && *j->at) j->at++;
    if (j->at >= j->end) return ls_raise(j->in, "ValueError", "incomplete format");
    c.type = *j->at++;
    if (c.width > (int64_t)1 << 30 || c.precision > (int64_t)1 << 20)
        return ls_raise(j->in, "ValueError", "width or precision too large");
    if (c.type == '%') {
        lsv_text_putc(&j->text, '%');
        return true;
    }
    if (!strchr("sradiouxXcfFeEgG", c.type) || !c.type)
        return ls_raise(j->in, "ValueError", "unsupported format character '%c' (0x%x) at index %td", c.type,
                        (unsigned char)c.type,
                        (ptrdiff_t)lsv_text_points(j->start, (size_t)(j->at - 1 - j->start)));
    if (v.tag == LS_UNSET && !take(j, &v)) return false;
    if (strchr("sra", c.type)) return text_value(j, &c, v);
    if (c.type == 'c') return char_value(j, &c, v);
    if (c.type == 'i' || c.type == 'u') c.type = 'd';
    return strchr("doxX", c.type) ? int_value(j, &c, v) : float_value(j, &c, v);
}

bool ls_percent_format(ls_interp *in, ls_value format, ls_value values, ls_value *out) {
    job j = {.in = in,
             .at = format.str->data,
             .start = format.str->data,
             .end = format.str->data + format.str->length,
             .values = values};
    j.n = values.tag == LS_TUPLE ? values.tuple->n : 1;
    bool ok = true;
    while (ok && j.at < j.end) {
        const char *percent = memchr(j.at, '%', (size_t)(j.end - j.at));
        lsv_text_add(&j.text, j.at, (size_t)((percent ? percent : j.end) - j.at));
        j.at = percent ? percent + 1 : j.end;
        if (percent) ok = convert(&j);
    }
    bool unused = j.next < j.n && !j.mapped && values.tag != LS_DICT &&
                  !(values.tag == LS_LIST && j.next == 0) && !(values.tag == LS_ARRAY && j.next == 0);
    if (ok && unused) ok = ls_raise(in, "TypeError", "not all arguments converted during string formatting");
    if (ok) return ls_put_text(in, &j.text, out);
    lsv_text_free(&j.text);
    return false;
}
