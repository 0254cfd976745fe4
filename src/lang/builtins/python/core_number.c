/* Numbers: abs, round, pow, divmod, and the conversions int, float, hex, chr, … */
#include "lang/builtins/python/python.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"
#include "lang/eval/operators.h"
#include "lang/syntax/tree.h"

/* Arrays, NumPy's scalars and numeric lists: the function of that name of the value's own library. */
static bool array_function(ls_interp *in, const char *numpy, const char *torch, const ls_value *args,
                           int nargs, ls_value *out) {
    const ls_builtin *b = ls_builtin_find(ls_is_tensor(args[0]) ? torch : numpy);
    if (!b) return ls_raise(in, "TypeError", "%s is not there for arrays", numpy);
    return ls_call(in, (ls_value){.tag = LS_BUILTIN, .builtin = b}, args, nargs, out);
}

static bool is_array_like(ls_value v) {
    return v.tag == LS_ARRAY || v.tag == LS_NPSCALAR || ls_numeric_list(v);
}

static bool too_large(ls_interp *in) { return ls_raise(in, "OverflowError", "int does not fit 64 bits"); }

LS_PY(ls_py_abs) {
    ls_value v = args[0];
    if (is_array_like(v)) return array_function(in, "np.abs", "torch.abs", args, 1, out);
    if (v.tag == LS_FLOAT) *out = ls_float(fabs(v.f));
    else if (!ls_is_int(v))
        return ls_raise(in, "TypeError", "bad operand type for abs(): '%s'", ls_type_name(v));
    else if (v.i == INT64_MIN) return too_large(in);
    else *out = ls_int(v.i < 0 ? -v.i : v.i);
    return true;
}

/* ---- round ---- */

static bool float_to_int(ls_interp *in, double x, ls_value *out) {
    if (isnan(x)) return ls_raise(in, "ValueError", "cannot convert float NaN to integer");
    if (isinf(x)) return ls_raise(in, "OverflowError", "cannot convert float infinity to integer");
    if (x < -9223372036854775808.0 || x >= 9223372036854775808.0) return too_large(in);
    *out = ls_int((int64_t)x);
    return true;
}

/* x to n decimals, correctly rounded from its exact value as Python does: printf is exact. */
static double round_decimals(double x, int64_t n) {
    char text[400];
    if (!isfinite(x) || x == 0 || n > 323) return x;
    if (n >= 0) {
        snprintf(text, sizeof text, "%.*f", (int)n, x);
        return strtod(text, NULL);
    }
    if (n < -308) return copysign(0, x);
    int exponent;
    snprintf(text, sizeof text, "%.17e", x);
    exponent = atoi(strchr(text, 'e') + 1);
    int64_t digits = exponent + n;
    if (digits < -1) return copysign(0, x);
    if (digits == -1)
        return fabs(x) > 0.5 * pow(10, (double)-n) ? copysign(pow(10, (double)-n), x) : copysign(0, x);
    snprintf(text, sizeof text, "%.*e", (int)digits, x);
    return strtod(text, NULL);
}

/* An int to a negative number of decimals, half to even. */
static bool round_int(ls_interp *in, int64_t i, int64_t n, ls_value *out) {
    int64_t unit = 1;
    for (int64_t k = 0; k > n; k--)
        if (__builtin_mul_overflow(unit, 10, &unit)) {
            *out = ls_int(0);
            return true;
        }
    int64_t rest = i % unit, base = i - rest;
    uint64_t off = rest < 0 ? 0 - (uint64_t)rest : (uint64_t)rest, half = (uint64_t)unit / 2;
    bool up = off > half || (off == half && unit > 1 && (base / unit) % 2 != 0);
    if (up && __builtin_add_overflow(base, i < 0 ? -unit : unit, &base)) return too_large(in);
    *out = ls_int(base);
    return true;
}

LS_PY(ls_py_round) {
    ls_value v = args[0];
    int64_t n = 0;
    bool whole = args[1].tag == LS_NONE;
    if (!whole && !ls_index_arg(in, args[1], &n)) return false;
    if (v.tag == LS_NPSCALAR && whole) {
        lsv_scalar s = ls_npscalar_get(v);
        v = lsv_dtype_is_float(s.dtype) ? ls_float(s.f) : ls_int(s.i);
    }
    if (v.tag == LS_FLOAT && whole) return float_to_int(in, rint(v.f), out);
    if (v.tag == LS_FLOAT) {
        double r = round_decimals(v.f, n);
        if (isinf(r) && isfinite(v.f))
            return ls_raise(in, "OverflowError", "rounded value too large to represent");
        *out = ls_float(r);
        return true;
    }
    if (ls_is_int(v)) return round_int(in, v.i, n, out);
    if (ls_is_tensor(v)) {
        const ls_builtin *b = ls_builtin_find("torch.round");
        const char *const names[] = {"decimals"};
        if (b)
            return ls_call_kw(in, (ls_value){.tag = LS_BUILTIN, .builtin = b}, (ls_value[]){v, ls_int(n)}, 1,
                              names, 1, out);
    }
    if (is_array_like(v))
        return array_function(in, "np.round", "torch.round", (ls_value[]){v, ls_int(n)}, 2, out);
    return ls_raise(in, "TypeError", "type %s doesn't define __round__ method", ls_type_name(v));
}

/* ---- pow, divmod ---- */

__extension__ typedef __int128 wide; /* products of two 64-bit numbers */

/* The inverse of a modulo m > 1; 0: there is none. */
static int64_t inverse(int64_t a, int64_t m) {
    wide r0 = m, r1 = a % m, t0 = 0, t1 = 1;
    if (r1 < 0) r1 += m;
    while (r1) {
        wide q = r0 / r1, r = r0 - q * r1, t = t0 - q * t1;
        r0 = r1, r1 = r;
        t0 = t1, t1 = t;
    }
    if (r0 != 1) return 0;
    return (int64_t)(t0 < 0 ? t0 + m : t0);
}

LS_PY(ls_py_pow) {
    if (args[2].tag == LS_NONE) return ls_binary(in, LS_OP_POW, args[0], args[1], out);
    if (!ls_is_int(args[0]) || !ls_is_int(args[1]) || !ls_is_int(args[2]))
        return ls_raise(in, "TypeError", "pow() 3rd argument not allowed unless all arguments are integers");
    int64_t base = args[0].i, e = args[1].i, m = args[2].i;
    if (m == 0) return ls_raise(in, "ValueError", "pow() 3rd argument cannot be 0");
    if (m == INT64_MIN) return too_large(in);
    int64_t size = m < 0 ? -m : m;
    if (e < 0) {
        if (e == INT64_MIN) return too_large(in);
        e = -e;
        base = size == 1 ? 0 : inverse(base, size);
        if (!base && size != 1)
            return ls_raise(in, "ValueError", "base is not invertible for the given modulus");
    }
    wide power = base % size, r = 1 % size;
    if (power < 0) power += size;
    for (; e; e >>= 1) {
        if (e & 1) r = r * power % size;
        power = power * power % size;
    }
    *out = ls_int((int64_t)(m < 0 && r ? r + m : r));
    return true;
}

LS_PY(ls_py_divmod) {
    bool known = (ls_is_number(args[0]) || is_array_like(args[0])) &&
                 (ls_is_number(args[1]) || is_array_like(args[1]));
    if (!known)
        return ls_raise(in, "TypeError", "unsupported operand type(s) for divmod(): '%s' and '%s'",
                        ls_type_name(args[0]), ls_type_name(args[1]));
    ls_value pair[2];
    if (!ls_binary(in, LS_OP_FLOORDIV, args[0], args[1], &pair[0])) return false;
    if (!ls_binary(in, LS_OP_MOD, args[0], args[1], &pair[1])) {
        ls_drop(pair[0]);
        return false;
    }
    bool ok = ls_put_value(in, ls_tuple_of(2, pair), out);
    ls_drop(pair[0]);
    ls_drop(pair[1]);
    return ok;
}

/* ---- int ---- */

static bool bad_int(ls_interp *in, ls_value text, int64_t base) {
    lsv_text t = {0};
    if (ls_repr(in, &t, text))
        ls_raise(in, "ValueError", "invalid literal for int() with base %d: %.200s", (int)base, t.data);
    lsv_text_free(&t);
    return false;
}

static int digit(char c) {
    return isdigit((unsigned char)c)   ? c - '0'
           : isalpha((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                       : 99;
}

static bool int_from_text(ls_interp *in, ls_value v, int64_t base, ls_value *out) {
    const char *s = v.str->data, *end = s + v.str->length;
    while (s < end && isspace((unsigned char)*s)) s++;
    while (end > s && isspace((unsigned char)end[-1])) end--;
    bool negative = s < end && *s == '-', overflow = false;
    if (s < end && (*s == '-' || *s == '+')) s++;
    int prefix = end - s > 2 && *s == '0' ? (tolower((unsigned char)s[1]) == 'x'   ? 16
                                             : tolower((unsigned char)s[1]) == 'o' ? 8
                                             : tolower((unsigned char)s[1]) == 'b' ? 2
                                                                                   : 0)
                                          : 0;
    int64_t shown = base;
    bool free_base = base == 0;
    if (prefix && (free_base || base == prefix)) {
        base = prefix;
        s += 2;
        if (s < end && *s == '_') s++;
    } else if (free_base) {
        base = 10;
        if (end - s > 1 && *s == '0' && strspn(s, "0_") < (size_t)(end - s)) return bad_int(in, v, shown);
    }
    if (s == end || *s == '_' || end[-1] == '_') return bad_int(in, v, shown);
    uint64_t value = 0, limit = (uint64_t)INT64_MAX + negative;
    for (; s < end; s++) {
        if (*s == '_' && s[1] != '_') continue;
        uint64_t d = (uint64_t)digit(*s);
        if (d >= (uint64_t)base) return bad_int(in, v, shown);
        overflow |= value > (limit - d) / (uint64_t)base;
        value = overflow ? value : value * (uint64_t)base + d;
    }
    if (overflow)
        return ls_raise(in, "OverflowError", "int('%.40s'): the number does not fit 64 bits", v.str->data);
    *out = ls_int(negative ? (int64_t)(0 - value) : (int64_t)value);
    return true;
}

LS_PY(ls_py_int) {
    ls_value v = args[0];
    if (ls_given(args[1])) {
        int64_t base;
        if (!ls_index_arg(in, args[1], &base)) return false;
        if (v.tag != LS_STR)
            return ls_raise(in, "TypeError", "int() can't convert non-string with explicit base");
        if (base != 0 && (base < 2 || base > 36))
            return ls_raise(in, "ValueError", "int() base must be >= 2 and <= 36, or 0");
        return int_from_text(in, v, base, out);
    }
    if (v.tag == LS_STR) return int_from_text(in, v, 10, out);
    if (ls_is_int(v)) {
        *out = ls_int(v.i);
        return true;
    }
    if (v.tag == LS_FLOAT) return float_to_int(in, trunc(v.f), out);
    if (v.tag == LS_ARRAY && v.array->size != 1) {
        if (v.array->kind == LSV_TORCH)
            return ls_raise(in, "ValueError", "only one element tensors can be converted to Python scalars");
        return ls_raise(in, "TypeError", "only 0-dimensional arrays can be converted to Python scalars");
    }
    if (v.tag == LS_ARRAY || v.tag == LS_NPSCALAR) {
        lsv_scalar s =
            v.tag == LS_ARRAY ? lsv_load((lsv_dtype)v.array->dtype, v.array->data) : ls_npscalar_get(v);
        if (lsv_dtype_is_float(s.dtype)) return float_to_int(in, trunc(s.f), out);
        *out = ls_int(s.i);
        return true;
    }
    return ls_raise(in, "TypeError",
                    "int() argument must be a string, a bytes-like object or a real number, not '%s'",
                    ls_type_name(v));
}

/* ---- float ---- */

static bool bad_float(ls_interp *in, ls_value text) {
    lsv_text t = {0};
    if (ls_repr(in, &t, text))
        ls_raise(in, "ValueError", "could not convert string to float: %.200s", t.data);
    lsv_text_free(&t);
    return false;
}

/* The letters strtod would take and Python does not (hexadecimal), and single underscores between digits. */
static bool float_from_text(ls_interp *in, ls_value v, ls_value *out) {
    const char *s = v.str->data, *end = s + v.str->length;
    while (s < end && isspace((unsigned char)*s)) s++;
    while (end > s && isspace((unsigned char)end[-1])) end--;
    char *plain = lsv_malloc((size_t)(end - s) + 1), *to = plain, *stop;
    if (!plain) return ls_no_memory(in);
    bool ok = s < end;
    for (; s < end && ok; s++) {
        bool between =
            *s == '_' && to > plain && isdigit((unsigned char)s[-1]) && isdigit((unsigned char)s[1]);
        if (between) continue;
        ok = *s && *s != '_' && !strchr("xXpP(", *s);
        *to++ = *s;
    }
    *to = 0;
    double x = strtod(plain, &stop);
    ok = ok && stop == to && to > plain;
    lsv_free(plain);
    if (!ok) return bad_float(in, v);
    *out = ls_float(x);
    return true;
}

LS_PY(ls_py_float) {
    ls_value v = args[0];
    if (v.tag == LS_STR) return float_from_text(in, v, out);
    if (v.tag == LS_ARRAY && v.array->size != 1) {
        if (v.array->kind == LSV_TORCH)
            return ls_raise(in, "ValueError", "only one element tensors can be converted to Python scalars");
        return ls_raise(in, "TypeError", "only 0-dimensional arrays can be converted to Python scalars");
    }
    double x;
    if (!ls_is_number(v) && v.tag != LS_ARRAY)
        return ls_raise(in, "TypeError", "float() argument must be a string or a real number, not '%s'",
                        ls_type_name(v));
    if (!ls_as_double(in, v, "x", &x)) return false;
    *out = ls_float(x);
    return true;
}

/* ---- hex, oct, bin, chr, ord ---- */

LS_PY(ls_py_radix) {
    int64_t i;
    if (!ls_index_arg(in, args[0], &i)) return false;
    uint64_t u = i < 0 ? 0 - (uint64_t)i : (uint64_t)i, base = (uint64_t)self->op;
    char text[72], *to = text + sizeof text;
    *--to = 0;
    do *--to = "0123456789abcdef"[u % base];
    while (u /= base);
    *--to = base == 16 ? 'x' : base == 8 ? 'o' : 'b';
    *--to = '0';
    if (i < 0) *--to = '-';
    return ls_put_value(in, ls_str_from(to), out);
}

LS_PY(ls_py_chr) {
    int64_t p;
    if (!ls_index_arg(in, args[0], &p)) return false;
    if (p < 0 || p > 0x10FFFF) return ls_raise(in, "ValueError", "chr() arg not in range(0x110000)");
    if (p >= 0xD800 && p < 0xE000) p = 0xFFFD;
    char text[4];
    size_t n = p < 0x80 ? 1 : p < 0x800 ? 2 : p < 0x10000 ? 3 : 4;
    if (n == 1) text[0] = (char)p;
    else {
        for (size_t k = n - 1; k > 0; k--, p >>= 6) text[k] = (char)(0x80 | (p & 0x3F));
        text[0] = (char)((0xF00 >> n & 0xF0) | p);
    }
    return ls_put_value(in, ls_str_new(text, n), out);
}

LS_PY(ls_py_ord) {
    if (args[0].tag != LS_STR)
        return ls_raise(in, "TypeError", "ord() expected string of length 1, but %s found",
                        ls_type_name(args[0]));
    const ls_str *s = args[0].str;
    if (s->points != 1)
        return ls_raise(in, "TypeError", "ord() expected a character, but string of length %td found",
                        s->points);
    const unsigned char *u = (const unsigned char *)s->data;
    int64_t p = s->length == 1 ? u[0] : u[0] & (0x7F >> s->length);
    for (size_t k = 1; k < s->length; k++) p = p << 6 | (u[k] & 0x3F);
    *out = ls_int(p);
    return true;
}
