/* Operators on values.

   Python's own types mean what they mean in Python, with 64-bit integers that raise instead of
   wrapping. As soon as an array or a NumPy scalar takes part, lib does the work; Python numbers
   go along as weak scalars. What Python has no meaning for but a numeric list could have, the
   list acts as an array: [1, 2] / 2. */
#include "base/interrupt.h"
#include "lang/eval/operators.h"

#include "array/elementwise.h"
#include "lang/eval/account.h"
#include "lang/autograd/autograd.h"
#include "lang/eval/device.h"
#include "linalg/linalg.h"
#include "lang/builtins/python/strings.h"
#include "lang/syntax/tree.h"

#include <math.h>
#include <string.h>

/* ---- integers ---- */

static bool overflow(ls_interp *in, const char *op) {
    ls_raise(in, "OverflowError", "integer result of %s leaves 64 bits", op);
    ls_hint(in, "use floats (2.0 ** 100), or an array of float64");
    return false;
}

static int64_t floor_div(int64_t a, int64_t b) {
    int64_t q = a / b;
    return q - ((a % b != 0) && ((a < 0) != (b < 0)));
}

static int64_t floor_mod(int64_t a, int64_t b) {
    if (b == -1) return 0;
    int64_t r = a % b;
    return r && ((r < 0) != (b < 0)) ? r + b : r;
}

bool ls_int_power(int64_t base, int64_t exponent, int64_t *out) {
    int64_t result = 1;
    while (exponent > 0) {
        if ((exponent & 1) && __builtin_mul_overflow(result, base, &result)) return false;
        exponent >>= 1;
        if (exponent && __builtin_mul_overflow(base, base, &base)) return false;
    }
    *out = result;
    return true;
}

static bool float_binary(ls_interp *in, int op, double a, double b, ls_value *out);

static bool int_binary(ls_interp *in, int op, int64_t a, int64_t b, ls_value *out) {
    int64_t r = 0;
    switch (op) {
    case LS_OP_ADD:
        if (__builtin_add_overflow(a, b, &r)) return overflow(in, "+");
        break;
    case LS_OP_SUB:
        if (__builtin_sub_overflow(a, b, &r)) return overflow(in, "-");
        break;
    case LS_OP_MUL:
        if (__builtin_mul_overflow(a, b, &r)) return overflow(in, "*");
        break;
    case LS_OP_DIV:
        if (b == 0) return ls_raise(in, "ZeroDivisionError", "division by zero");
        *out = ls_float((double)a / (double)b);
        return true;
    case LS_OP_FLOORDIV:
        if (b == 0) return ls_raise(in, "ZeroDivisionError", "integer division or modulo by zero");
        if (a == INT64_MIN && b == -1) return overflow(in, "//");
        r = floor_div(a, b);
        break;
    case LS_OP_MOD:
        if (b == 0) return ls_raise(in, "ZeroDivisionError", "integer division or modulo by zero");
        r = floor_mod(a, b);
        break;
    case LS_OP_POW:
        if (b < 0) return float_binary(in, op, (double)a, (double)b, out);
        if (!ls_int_power(a, b, &r)) return overflow(in, "**");
        break;
    case LS_OP_AND: r = a & b; break;
    case LS_OP_OR: r = a | b; break;
    case LS_OP_XOR: r = a ^ b; break;
    case LS_OP_LSHIFT:
        if (b < 0) return ls_raise(in, "ValueError", "negative shift count");
        if (a != 0 && (b > 62 || (a << b) >> b != a)) return overflow(in, "<<");
        r = a == 0 ? 0 : (int64_t)((uint64_t)a << b);
        break;
    case LS_OP_RSHIFT:
        if (b < 0) return ls_raise(in, "ValueError", "negative shift count");
        r = a >> (b > 63 ? 63 : b);
        break;
    default: return false;
    }
    *out = ls_int(r);
    return true;
}

/* ---- floats ---- */

static double python_mod(double a, double b) {
    double m = fmod(a, b);
    if (m != 0) return (b < 0) != (m < 0) ? m + b : m;
    return copysign(0.0, b);
}

static double python_floordiv(double a, double b) {
    double m = fmod(a, b), d = (a - m) / b;
    if (m != 0 && (b < 0) != (m < 0)) d -= 1.0;
    if (d == 0) return copysign(0.0, a / b);
    double f = floor(d);
    return d - f > 0.5 ? f + 1.0 : f;
}

static bool float_power(ls_interp *in, double a, double b, ls_value *out) {
    if (a == 0 && b < 0)
        return ls_raise(in, "ZeroDivisionError", "0.0 cannot be raised to a negative power");
    if (a < 0 && isfinite(a) && isfinite(b) && b != floor(b))
        return ls_raise(in, "ValueError", "%g ** %g is complex, and lsv has real numbers only", a, b);
    double r = pow(a, b);
    if (isinf(r) && isfinite(a) && isfinite(b))
        return ls_raise(in, "OverflowError", "(34, 'Numerical result out of range')");
    *out = ls_float(r);
    return true;
}

static bool float_binary(ls_interp *in, int op, double a, double b, ls_value *out) {
    switch (op) {
    case LS_OP_ADD: *out = ls_float(a + b); return true;
    case LS_OP_SUB: *out = ls_float(a - b); return true;
    case LS_OP_MUL: *out = ls_float(a * b); return true;
    case LS_OP_DIV:
        if (b == 0) return ls_raise(in, "ZeroDivisionError", "float division by zero");
        *out = ls_float(a / b);
        return true;
    case LS_OP_FLOORDIV:
        if (b == 0) return ls_raise(in, "ZeroDivisionError", "float floor division by zero");
        *out = ls_float(python_floordiv(a, b));
        return true;
    case LS_OP_MOD:
        if (b == 0) return ls_raise(in, "ZeroDivisionError", "float modulo by zero");
        *out = ls_float(python_mod(a, b));
        return true;
    case LS_OP_POW: return float_power(in, a, b, out);
    default: return false;
    }
}

/* Python's numbers: none of them a NumPy scalar. *known is false for an operator they lack. */
static bool number_binary(ls_interp *in, int op, ls_value a, ls_value b, ls_value *out, bool *known) {
    *known = true;
    if (a.tag != LS_FLOAT && b.tag != LS_FLOAT) {
        if (op == LS_OP_MATMUL) return *known = false;
        if (!int_binary(in, op, a.i, b.i, out)) return false;
        if (a.tag == LS_BOOL && b.tag == LS_BOOL && (op == LS_OP_AND || op == LS_OP_OR || op == LS_OP_XOR))
            *out = ls_bool(out->i != 0);
        return true;
    }
    if (op > LS_OP_POW) return *known = false;
    return float_binary(in, op, a.tag == LS_FLOAT ? a.f : (double)a.i, b.tag == LS_FLOAT ? b.f : (double)b.i, out);
}

/* -1, 0, 1, or 2 for unordered (NaN); exact between integers and floats. */
static int number_order(ls_value a, ls_value b) {
    if (a.tag != LS_FLOAT && b.tag != LS_FLOAT) return (a.i > b.i) - (a.i < b.i);
    if (a.tag == LS_FLOAT && b.tag == LS_FLOAT) {
        if (isnan(a.f) || isnan(b.f)) return 2;
        return (a.f > b.f) - (a.f < b.f);
    }
    if (a.tag != LS_FLOAT) {
        int o = number_order(b, a);
        return o == 2 ? 2 : -o;
    }
    double f = a.f;
    if (isnan(f)) return 2;
    if (f >= 9223372036854775808.0) return 1;
    if (f < -9223372036854775808.0) return -1;
    int64_t i = (int64_t)f;
    if (i != b.i) return i > b.i ? 1 : -1;
    double rest = f - (double)i;
    return (rest > 0) - (rest < 0);
}

static ls_value from_order(int op, int order) {
    if (order == 2) return ls_bool(op == LS_OP_NE);
    switch (op) {
    case LS_OP_LT: return ls_bool(order < 0);
    case LS_OP_LE: return ls_bool(order <= 0);
    case LS_OP_GT: return ls_bool(order > 0);
    case LS_OP_GE: return ls_bool(order >= 0);
    case LS_OP_EQ: return ls_bool(order == 0);
    default: return ls_bool(order != 0);
    }
}

/* ---- arrays ---- */

static const int8_t array_op[LS_NOPERATORS] = {
    [LS_OP_ADD] = LSV_OP_ADD, [LS_OP_SUB] = LSV_OP_SUB, [LS_OP_MUL] = LSV_OP_MUL,
    [LS_OP_DIV] = LSV_OP_DIV, [LS_OP_FLOORDIV] = LSV_OP_FLOORDIV, [LS_OP_MOD] = LSV_OP_MOD,
    [LS_OP_POW] = LSV_OP_POW, [LS_OP_AND] = LSV_OP_AND, [LS_OP_OR] = LSV_OP_OR,
    [LS_OP_XOR] = LSV_OP_XOR, [LS_OP_LSHIFT] = LSV_OP_LSHIFT, [LS_OP_RSHIFT] = LSV_OP_RSHIFT,
    [LS_OP_LT] = LSV_OP_LT, [LS_OP_LE] = LSV_OP_LE, [LS_OP_GT] = LSV_OP_GT,
    [LS_OP_GE] = LSV_OP_GE, [LS_OP_EQ] = LSV_OP_EQ, [LS_OP_NE] = LSV_OP_NE,
};

static bool is_arrayish(ls_value v) { return v.tag == LS_ARRAY || v.tag == LS_NPSCALAR; }

/* A value as an operand for lib: an array as it is, a number on the C stack, a sequence as a new array
   (then *made holds the reference). */
typedef struct operand { lsv_array scalar; char cell[8]; lsv_array *array, *made; } operand;

static bool operand_of(ls_interp *in, ls_value v, lsv_kind kind, operand *o) {
    o->made = NULL;
    if (v.tag == LS_ARRAY) {
        o->array = v.array;
        return true;
    }
    if (v.tag == LS_NPSCALAR) {
        o->scalar = lsv_scalar_array(LSV_NUMPY, ls_npscalar_get(v), 0, o->cell);
    } else if (ls_is_number(v)) {
        lsv_scalar s = v.tag == LS_FLOAT ? lsv_scalar_float(v.f) : v.tag == LS_BOOL ? lsv_scalar_bool(v.i) : lsv_scalar_int(v.i);
        o->scalar = lsv_scalar_array(kind, s, LSV_WEAK, o->cell);
    } else {
        if (!ls_as_array(in, v, kind, -1, &o->made)) return false;
        o->array = o->made;
        return true;
    }
    o->array = &o->scalar;
    return true;
}

static bool array_binary(ls_interp *in, int op, ls_value a, ls_value b, ls_value *out) {
    lsv_kind kind = ls_is_tensor(a) || ls_is_tensor(b) ? LSV_TORCH : LSV_NUMPY;
    operand x, y;
    if (!operand_of(in, a, kind, &x)) return false;
    if (!operand_of(in, b, kind, &y)) {
        lsv_release(x.made);
        return false;
    }
    lsv_error err;
    lsv_array *result;
    int device = 0;
    bool ok = !in->devices || ls_device_meet(in, op, x.array, y.array, &device);
    if (ok) {
        lsv_status status = op == LS_OP_MATMUL ? lsv_matmul(x.array, y.array, &result, &err)
                                               : lsv_binary((lsv_binary_op)array_op[op], x.array, y.array, &result, &err);
        ok = status == LSV_OK || ls_raise_lsv(in, &err);
    }
    if (ok) *out = ls_from_array(result);
    if (ok && device) ok = ls_device_adopt(in, device, out);
    if (ok) {
        if (in->grad_enabled && (lsv_tracked(x.array) || lsv_tracked(y.array))) ok = ls_grad_binary(in, op, x.array, y.array, out);
    }
    lsv_release(x.made);
    lsv_release(y.made);
    return ok;
}

/* ---- sequences ---- */

static bool concatenate(ls_interp *in, ls_value a, ls_value b, ls_value *out) {
    if (a.tag == LS_STR) {
        size_t n = a.str->length, m = b.str->length;
        lsv_text t = {0};
        lsv_text_add(&t, a.str->data, n);
        lsv_text_add(&t, b.str->data, m);
        *out = t.failed ? (ls_value){.tag = LS_UNSET} : ls_str_new(t.data ? t.data : "", n + m);
        lsv_text_free(&t);
    } else if (a.tag == LS_TUPLE) {
        *out = ls_tuple_new(a.tuple->n + b.tuple->n);
        if (out->tag != LS_UNSET) {
            for (ptrdiff_t i = 0; i < a.tuple->n; i++) out->tuple->items[i] = ls_ref(a.tuple->items[i]);
            for (ptrdiff_t i = 0; i < b.tuple->n; i++) out->tuple->items[a.tuple->n + i] = ls_ref(b.tuple->items[i]);
            out->tuple->is_size = a.tuple->is_size && b.tuple->is_size;
        }
    } else {
        *out = ls_list_new(a.list->n + b.list->n);
        if (out->tag != LS_UNSET) {
            for (ptrdiff_t i = 0; i < a.list->n && !lsv_stop_at(i); i++) ls_list_append(out->list, a.list->items[i]);
            for (ptrdiff_t i = 0; i < b.list->n && !lsv_stop_at(i); i++) ls_list_append(out->list, b.list->items[i]);
            if (ls_interrupted(in)) {
                ls_drop(*out);
                return false;
            }
        }
    }
    return out->tag != LS_UNSET || ls_no_memory(in);
}

static bool repeat(ls_interp *in, ls_value a, int64_t times, ls_value *out) {
    ptrdiff_t n = a.tag == LS_STR ? (ptrdiff_t)a.str->length : a.tag == LS_TUPLE ? a.tuple->n : a.list->n, total;
    if (times < 0) times = 0;
    if (__builtin_mul_overflow(n, times, &total) || total > PTRDIFF_MAX / 32) return ls_no_memory(in);
    if (a.tag == LS_STR) {
        lsv_text t = {0};
        for (int64_t i = 0; n > 0 && i < times && !t.failed; i++) {
            if ((lsv_stop_at(i) || n > 1 << 16) && ls_interrupted(in)) {
                lsv_text_free(&t);
                return false;
            }
            lsv_text_add(&t, a.str->data, a.str->length);
        }
        *out = t.failed ? (ls_value){.tag = LS_UNSET} : ls_str_new(t.data ? t.data : "", t.length);
        lsv_text_free(&t);
    } else {
        const ls_value *items = a.tag == LS_TUPLE ? a.tuple->items : a.list->items;
        *out = a.tag == LS_TUPLE ? ls_tuple_new(total) : ls_list_new(total);
        if (out->tag == LS_UNSET) return ls_no_memory(in);
        ls_value *to = a.tag == LS_TUPLE ? out->tuple->items : out->list->items;
        for (ptrdiff_t done = 0; done < total; done += n) {
            for (ptrdiff_t i = 0; i < n; i++) to[done + i] = ls_ref(items[i]);
            if (a.tag == LS_LIST) out->list->n = done + n;
            if (__builtin_expect(lsv_interrupt_flag, 0) && ls_interrupted(in)) {
                ls_drop(*out);
                return false;
            }
        }
    }
    return out->tag != LS_UNSET || ls_no_memory(in);
}

static bool is_sequence(ls_value v) { return v.tag == LS_STR || v.tag == LS_TUPLE || v.tag == LS_LIST; }

/* Only numbers, arrays and lists of them, not empty: may act as an array. */
bool ls_numeric_list(ls_value v) {
    if (v.tag != LS_LIST || v.list->n == 0) return false;
    for (ptrdiff_t i = 0; i < v.list->n; i++) {
        ls_value x = v.list->items[i];
        if (!ls_is_number(x) && x.tag != LS_ARRAY && !ls_numeric_list(x)) return false;
    }
    return true;
}

static bool unsupported(ls_interp *in, int op, ls_value a, ls_value b) {
    if (op == LS_OP_ADD && is_sequence(a))
        return ls_raise(in, "TypeError", "can only concatenate %s (not \"%s\") to %s", ls_type_name(a), ls_type_name(b), ls_type_name(a));
    if (op == LS_OP_MUL && (is_sequence(a) || is_sequence(b)))
        return ls_raise(in, "TypeError", "can't multiply sequence by non-int of type '%s'", ls_type_name(is_sequence(a) ? b : a));
    const char *sign = op == LS_OP_POW ? "** or pow()" : ls_operator_text((ls_operator)op);
    return ls_raise(in, "TypeError", "unsupported operand type(s) for %s: '%s' and '%s'", sign, ls_type_name(a), ls_type_name(b));
}

static bool index_like(ls_value v, int64_t *out) {
    if (ls_is_int(v)) *out = v.i;
    else if (v.tag == LS_NPSCALAR && lsv_dtype_is_int((lsv_dtype)v.dtype)) *out = v.i;
    else return false;
    return true;
}

static bool dict_union(ls_interp *in, ls_value a, ls_value b, ls_value *out) {
    *out = ls_dict_new();
    if (out->tag == LS_UNSET) return ls_no_memory(in);
    const ls_dict *parts[2] = {a.dict, b.dict};
    for (int p = 0; p < 2; p++)
        for (ptrdiff_t i = 0; i < parts[p]->used; i++) {
            const ls_dict_entry *e = &parts[p]->entries[i];
            if (e->key.tag != LS_UNSET && !ls_dict_set(out->dict, e->key, e->value)) {
                ls_drop(*out);
                return ls_no_memory(in);
            }
        }
    return true;
}

static bool arithmetic(ls_interp *in, int op, ls_value a, ls_value b, ls_value *out) {
    bool an = ls_is_number(a), bn = ls_is_number(b);
    if (an && bn && a.tag != LS_NPSCALAR && b.tag != LS_NPSCALAR) {
        bool known;
        bool ok = number_binary(in, op, a, b, out, &known);
        return known ? ok : unsupported(in, op, a, b);
    }
    if (op == LS_OP_MOD && a.tag == LS_STR) return ls_percent_format(in, a, b, out);
    int64_t times;
    if (op == LS_OP_ADD && is_sequence(a) && a.tag == b.tag) return concatenate(in, a, b, out);
    if (op == LS_OP_MUL && is_sequence(a) && index_like(b, &times)) return repeat(in, a, times, out);
    if (op == LS_OP_MUL && is_sequence(b) && index_like(a, &times)) return repeat(in, b, times, out);
    if (op == LS_OP_OR && a.tag == LS_DICT && b.tag == LS_DICT) return dict_union(in, a, b, out);
    bool a_ok = an || a.tag == LS_ARRAY, b_ok = bn || b.tag == LS_ARRAY;
    if ((a_ok || ls_numeric_list(a) || (a.tag == LS_TUPLE && is_arrayish(b))) &&
        (b_ok || ls_numeric_list(b) || (b.tag == LS_TUPLE && is_arrayish(a))))
        return array_binary(in, op, a, b, out);
    return unsupported(in, op, a, b);
}

/* ---- comparison ---- */

static bool sequence_order(ls_interp *in, int op, ls_value a, ls_value b, ls_value *out) {
    const ls_value *x = a.tag == LS_TUPLE ? a.tuple->items : a.list->items;
    const ls_value *y = b.tag == LS_TUPLE ? b.tuple->items : b.list->items;
    ptrdiff_t n = a.tag == LS_TUPLE ? a.tuple->n : a.list->n, m = b.tag == LS_TUPLE ? b.tuple->n : b.list->n;
    if ((op == LS_OP_EQ || op == LS_OP_NE) && n != m) {
        *out = ls_bool(op == LS_OP_NE);
        return true;
    }
    if (++in->depth > in->max_depth) {
        in->depth--;
        return ls_raise(in, "RecursionError", "maximum recursion depth exceeded in comparison");
    }
    bool ok = true, equal = true;
    ptrdiff_t i;
    for (i = 0; i < n && i < m; i++) {
        if (lsv_stop_at(i) && !(ok = !ls_interrupted(in))) break;
        if (!(ok = ls_equal(in, x[i], y[i], &equal)) || !equal) break;
    }
    if (ok) {
        if (i < n && i < m) {
            if (op == LS_OP_EQ || op == LS_OP_NE) *out = ls_bool(op == LS_OP_NE);
            else ok = ls_binary(in, op, x[i], y[i], out);
        } else *out = from_order(op, (n > m) - (n < m));
    }
    in->depth--;
    return ok;
}

static bool dict_equal(ls_interp *in, ls_value a, ls_value b, bool *out) {
    *out = a.dict->n == b.dict->n;
    for (ptrdiff_t i = 0; *out && i < a.dict->used; i++) {
        const ls_dict_entry *e = &a.dict->entries[i];
        if (e->key.tag == LS_UNSET) continue;
        ls_value *other = ls_dict_find(b.dict, e->key);
        if (!other) *out = false;
        else if (!ls_equal(in, e->value, *other, out)) return false;
    }
    return true;
}

/* dtype('float64') == np.float64 == 'float64' == float, and type(np.float64(1)) == np.float64. */
static bool dtype_equal(ls_value a, ls_value b) {
    if (b.tag == LS_DTYPE) return a.dtype == b.dtype && a.kind == b.kind;
    lsv_dtype d;
    if (a.kind != LSV_NUMPY) return false;
    if (b.tag == LS_STR) return lsv_dtype_parse(b.str->data, &d) && d == a.dtype;
    if (b.tag == LS_TYPE)
        return b.type == ls_type_of((ls_value){.tag = LS_NPSCALAR, .dtype = a.dtype}) ||
               (b.type == &ls_type_float && a.dtype == LSV_FLOAT64) || (b.type == &ls_type_int && a.dtype == LSV_INT64) ||
               (b.type == &ls_type_bool && a.dtype == LSV_BOOL);
    return false;
}

static bool compare(ls_interp *in, int op, ls_value a, ls_value b, ls_value *out) {
    if (ls_is_number(a) && ls_is_number(b) && a.tag != LS_NPSCALAR && b.tag != LS_NPSCALAR) {
        *out = from_order(op, number_order(a, b));
        return true;
    }
    if (a.tag == LS_STR && b.tag == LS_STR) {
        size_t n = a.str->length < b.str->length ? a.str->length : b.str->length;
        int o = memcmp(a.str->data, b.str->data, n); /* UTF-8 keeps the order of code points */
        if (o == 0) o = (a.str->length > b.str->length) - (a.str->length < b.str->length);
        *out = from_order(op, (o > 0) - (o < 0));
        return true;
    }
    bool equality = op == LS_OP_EQ || op == LS_OP_NE;
    if (is_arrayish(a) || is_arrayish(b)) {
        ls_value other = is_arrayish(a) ? b : a;
        if (is_arrayish(other) || ls_is_number(other) || ls_numeric_list(other) || other.tag == LS_TUPLE)
            return array_binary(in, op, a, b, out);
    } else if ((a.tag == LS_LIST && b.tag == LS_LIST) || (a.tag == LS_TUPLE && b.tag == LS_TUPLE)) {
        return sequence_order(in, op, a, b, out);
    } else if (!equality && ((ls_numeric_list(a) && ls_is_number(b)) || (ls_numeric_list(b) && ls_is_number(a)))) {
        return array_binary(in, op, a, b, out);
    }
    if (!equality)
        return ls_raise(in, "TypeError", "'%s' not supported between instances of '%s' and '%s'", ls_operator_text((ls_operator)op), ls_type_name(a), ls_type_name(b));
    bool equal;
    if (a.tag == LS_DICT && b.tag == LS_DICT) {
        if (!dict_equal(in, a, b, &equal)) return false;
    } else if (a.tag == LS_DTYPE || b.tag == LS_DTYPE) {
        equal = a.tag == LS_DTYPE ? dtype_equal(a, b) : dtype_equal(b, a);
    } else if (a.tag == LS_RANGE && b.tag == LS_RANGE) {
        equal = a.range->n == b.range->n && (a.range->n == 0 || (a.range->start == b.range->start && (a.range->n == 1 || a.range->step == b.range->step)));
    } else if (a.tag == LS_OPAQUE && b.tag == LS_OPAQUE) {
        equal = a.opaque->payload ? a.opaque == b.opaque : a.opaque->type == b.opaque->type && strcmp(a.opaque->text, b.opaque->text) == 0;
    } else if (a.tag == LS_SLICE && b.tag == LS_SLICE) {
        equal = ls_equal_simple(a.slice->start, b.slice->start) && ls_equal_simple(a.slice->stop, b.slice->stop) && ls_equal_simple(a.slice->step, b.slice->step);
    } else equal = ls_same(a, b);
    *out = ls_bool(equal == (op == LS_OP_EQ));
    return true;
}

/* @ with a record of what it did. */
static bool accounted_product(ls_interp *in, ls_value a, ls_value b, ls_value *out) {
    ls_account_begin(in);
    bool ok = arithmetic(in, LS_OP_MATMUL, a, b, out);
    ls_account_end(in, NULL, (ls_value[]){a, b}, 2, *out, ok);
    return ok;
}

bool ls_binary(ls_interp *in, int op, ls_value a, ls_value b, ls_value *out) {
    if (__builtin_expect(in->account && op == LS_OP_MATMUL, 0)) return accounted_product(in, a, b, out);
    if (op < LS_OP_LT) return arithmetic(in, op, a, b, out);
    if (op <= LS_OP_NE) return compare(in, op, a, b, out);
    bool yes = false;
    switch (op) {
    case LS_OP_IS:
    case LS_OP_IS_NOT: yes = ls_same(a, b); break;
    default:
        if (!ls_contains(in, b, a, &yes)) return false;
    }
    *out = ls_bool(yes != (op == LS_OP_IS_NOT || op == LS_OP_NOT_IN));
    return true;
}

bool ls_binary_inplace(ls_interp *in, int op, ls_value a, ls_value b, ls_value *out) {
    if (a.tag == LS_LIST && op == LS_OP_ADD && b.tag != LS_ARRAY) { /* extend */
        ls_value more = {.tag = LS_UNSET};
        if (!ls_to_list(in, b, &more)) return false;
        bool ok = true;
        for (ptrdiff_t i = 0; ok && i < more.list->n; i++) ok = ls_list_append(a.list, more.list->items[i]);
        ls_drop(more);
        if (!ok) return ls_no_memory(in);
        *out = ls_ref(a);
        return true;
    }
    bool fits = is_arrayish(b) || ls_is_number(b) || ls_numeric_list(b) || b.tag == LS_TUPLE;
    if (a.tag != LS_ARRAY || op == LS_OP_MATMUL || !fits || !ls_may_write(a)) return ls_binary(in, op, a, b, out);
    if (in->grad_enabled && (ls_tracked(a) || ls_tracked(b)))
        return a.array->kind == LSV_NUMPY ? ls_binary(in, op, a, b, out) : ls_grad_binary_inplace(in, op, a, b, out);
    lsv_changed(a.array);
    operand y;
    lsv_error err;
    int device;
    if (!operand_of(in, b, (lsv_kind)a.array->kind, &y)) return false;
    if (in->devices && !ls_device_meet(in, op, a.array, y.array, &device)) {
        lsv_release(y.made);
        return false;
    }
    lsv_status status = lsv_binary_into((lsv_binary_op)array_op[op], a.array, y.array, &err);
    lsv_release(y.made);
    if (status != LSV_OK) return ls_raise_lsv(in, &err);
    *out = ls_ref(a);
    return true;
}

/* ---- unary ---- */

bool ls_unary(ls_interp *in, int op, ls_value a, ls_value *out) {
    if (a.tag == LS_INT || a.tag == LS_BOOL) {
        if (op == LS_OP_NEG && a.i == INT64_MIN) return overflow(in, "-");
        *out = ls_int(op == LS_OP_NEG ? -a.i : op == LS_OP_INVERT ? ~a.i : a.i);
        return true;
    }
    if (a.tag == LS_FLOAT && op != LS_OP_INVERT) {
        *out = ls_float(op == LS_OP_NEG ? -a.f : a.f);
        return true;
    }
    if (is_arrayish(a) || ls_numeric_list(a)) {
        static const lsv_unary_op ops[] = {LSV_FN_NEG, LSV_FN_POS, LSV_FN_INVERT};
        operand x;
        lsv_error err;
        lsv_array *result;
        if (!operand_of(in, a, LSV_NUMPY, &x)) return false;
        lsv_status status = lsv_unary(ops[op - LS_OP_NEG], x.array, &result, &err);
        bool ok = status == LSV_OK || ls_raise_lsv(in, &err);
        if (ok) {
            *out = ls_from_array(result);
            if (x.array->device) ok = ls_device_adopt(in, x.array->device, out);
            if (ok && in->grad_enabled && lsv_tracked(x.array)) ok = ls_grad_unary(in, ops[op - LS_OP_NEG], x.array, out);
        }
        lsv_release(x.made);
        return ok;
    }
    return ls_raise(in, "TypeError", "bad operand type for unary %s: '%s'", ls_operator_text((ls_operator)op), ls_type_name(a));
}

/* ---- truth, equality ---- */

static bool array_truth(ls_interp *in, const lsv_array *a, bool *out) {
    if (a->size == 1) {
        if (!ls_readable(in, a)) return false;
        *out = lsv_scalar_as_double(lsv_load((lsv_dtype)a->dtype, a->data)) != 0;
        return true;
    }
    if (a->kind == LSV_TORCH)
        return ls_raise(in, "RuntimeError", a->size ? "Boolean value of Tensor with more than one value is ambiguous" : "Boolean value of Tensor with no values is ambiguous");
    ls_raise(in, "ValueError", a->size ? "The truth value of an array with more than one element is ambiguous. Use a.any() or a.all()" : "The truth value of an empty array is ambiguous. Use `array.size > 0` to check that an array is not empty.");
    return false;
}

bool ls_truth(ls_interp *in, ls_value v, bool *out) {
    switch ((ls_tag)v.tag) {
    case LS_NONE: *out = false; return true;
    case LS_BOOL:
    case LS_INT: *out = v.i != 0; return true;
    case LS_FLOAT: *out = v.f != 0; return true;
    case LS_NPSCALAR: *out = lsv_scalar_as_double(ls_npscalar_get(v)) != 0; return true;
    case LS_STR: *out = v.str->length != 0; return true;
    case LS_TUPLE: *out = v.tuple->n != 0; return true;
    case LS_LIST: *out = v.list->n != 0; return true;
    case LS_DICT: *out = v.dict->n != 0; return true;
    case LS_RANGE: *out = v.range->n != 0; return true;
    case LS_ARRAY: return array_truth(in, v.array, out);
    default: *out = true; return true;
    }
}

bool ls_equal(ls_interp *in, ls_value a, ls_value b, bool *out) {
    if (ls_same(a, b) && !(a.tag == LS_FLOAT && isnan(a.f))) {
        *out = true;
        return true;
    }
    ls_value v;
    if (!compare(in, LS_OP_EQ, a, b, &v)) return false;
    bool ok = ls_truth(in, v, out);
    ls_drop(v);
    return ok;
}

bool ls_compare_less(ls_interp *in, ls_value a, ls_value b, bool *out) {
    ls_value v;
    if (!compare(in, LS_OP_LT, a, b, &v)) return false;
    bool ok = ls_truth(in, v, out);
    ls_drop(v);
    return ok;
}

bool ls_contains(ls_interp *in, ls_value c, ls_value item, bool *out) {
    *out = false;
    switch ((ls_tag)c.tag) {
    case LS_STR:
        if (item.tag != LS_STR) return ls_raise(in, "TypeError", "'in <string>' requires string as left operand, not %s", ls_type_name(item));
        *out = item.str->length == 0 || memmem(c.str->data, c.str->length, item.str->data, item.str->length) != NULL;
        return true;
    case LS_DICT:
        if (!ls_hashable(item)) return ls_raise(in, "TypeError", "unhashable type: '%s'", ls_type_name(item));
        *out = ls_dict_find(c.dict, item) != NULL;
        return true;
    case LS_OPAQUE:
        if (c.opaque->hooks && c.opaque->hooks->contains) return c.opaque->hooks->contains(in, c, item, out);
        break;
    case LS_RANGE:
        if (ls_is_int(item)) {
            int64_t off = item.i - c.range->start;
            *out = c.range->n > 0 && off % c.range->step == 0 && off / c.range->step >= 0 && off / c.range->step < c.range->n;
            return true;
        }
        break;
    case LS_ARRAY: {
        ls_value eq;
        if (!compare(in, LS_OP_EQ, c, item, &eq)) return false;
        if (eq.tag == LS_ARRAY && !ls_readable(in, eq.array)) {
            ls_drop(eq);
            return false;
        }
        if (eq.tag == LS_ARRAY) {
            lsv_scalar yes = lsv_scalar_bool(false);
            ptrdiff_t n = eq.array->size;
            for (ptrdiff_t i = 0; i < n && !yes.i; i++) yes.i = ((const uint8_t *)lsv_data(eq.array))[i];
            *out = yes.i != 0;
        } else *out = eq.i != 0;
        ls_drop(eq);
        return true;
    }
    case LS_NONE:
    case LS_BOOL:
    case LS_INT:
    case LS_FLOAT:
    case LS_NPSCALAR:
    case LS_FUNCTION:
    case LS_BUILTIN:
    case LS_METHOD: return ls_raise(in, "TypeError", "argument of type '%s' is not iterable", ls_type_name(c));
    default: break;
    }
    ls_value it, v;
    if (!ls_iterate(in, c, &it)) return false;
    bool ok = true;
    while (ok && !*out && ls_next(in, it, &v)) {
        ok = ls_equal(in, v, item, out);
        ls_drop(v);
    }
    ls_drop(it);
    return ok && !in->error.set;
}
