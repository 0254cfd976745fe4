/* Python's own functions without a module: the table, and those that look at values and print them.
   Numbers are in core_number.c, what walks over iterables in core_iter.c. */
#include "lang/builtins/python/python.h"

#include <math.h>
#include <string.h>
#include "base/alloc.h"
#include "lang/eval/attributes.h"
#include "lang/eval/repr.h"
#include "lang/eval/subscript.h"

/* ---- helpers of all these files ---- */

bool ls_put_value(ls_interp *in, ls_value v, ls_value *out) {
    if (v.tag == LS_UNSET) return ls_no_memory(in);
    *out = v;
    return true;
}

bool ls_put_text(ls_interp *in, lsv_text *t, ls_value *out) {
    bool ok = !t->failed && ls_put_value(in, ls_str_new(t->data ? t->data : "", t->length), out);
    lsv_text_free(t);
    return ok || ls_no_memory(in);
}

bool ls_index_arg(ls_interp *in, ls_value v, int64_t *out) {
    if (ls_is_int(v) || (v.tag == LS_NPSCALAR && lsv_dtype_is_int((lsv_dtype)v.dtype))) {
        *out = v.i;
        return true;
    }
    if (v.tag == LS_ARRAY && v.array->size == 1 && !lsv_dtype_is_float((lsv_dtype)v.array->dtype)) {
        *out = lsv_load((lsv_dtype)v.array->dtype, v.array->data).i;
        return true;
    }
    const char *type = v.tag == LS_NPSCALAR ? ls_type_of(v)->shown : ls_type_name(v);
    ls_raise(in, "TypeError", "'%s' object cannot be interpreted as an integer", type);
    if (v.tag == LS_FLOAT || v.tag == LS_NPSCALAR)
        ls_hint(in, "int(x) makes it one; // divides without a remainder");
    return false;
}

bool ls_clamp_arg(ls_interp *in, ls_value v, ptrdiff_t n, ptrdiff_t fallback, ptrdiff_t *out) {
    int64_t i = fallback;
    if (v.tag != LS_NONE && !ls_index_arg(in, v, &i)) return false;
    if (i < 0) i = i < -n ? 0 : i + n;
    *out = i > n ? n : i;
    return true;
}

bool ls_key_error(ls_interp *in, ls_value key) {
    lsv_text t = {0};
    bool ok = ls_repr(in, &t, key);
    if (ok) ls_raise(in, "KeyError", "%s", t.data);
    lsv_text_free(&t);
    return false;
}

/* ---- print ---- */

static bool separator(ls_interp *in, ls_value v, const char *name, const char *fallback, const char **s,
                      size_t *n) {
    *s = fallback;
    *n = strlen(fallback);
    if (v.tag == LS_STR) {
        *s = v.str->data;
        *n = v.str->length;
    } else if (v.tag != LS_NONE)
        return ls_raise(in, "TypeError", "%s must be None or a string, not %s", name, ls_type_name(v));
    return true;
}

/* (*args, sep, end, file, flush) */
static LS_PY(py_print) {
    const char *sep, *end;
    size_t nsep, nend;
    if (!separator(in, args[1], "sep", " ", &sep, &nsep) || !separator(in, args[2], "end", "\n", &end, &nend))
        return false;
    const ls_tuple *values = args[0].tuple;
    lsv_text t = {0};
    bool ok = true;
    for (ptrdiff_t i = 0; ok && i < values->n; i++) {
        if (i) lsv_text_add(&t, sep, nsep);
        ok = ls_str_text(in, &t, values->items[i]);
    }
    lsv_text_add(&t, end, nend);
    if (ok && t.failed) ok = ls_no_memory(in);
    ok = ok && (t.length == 0 || ls_write(in, t.data, t.length));
    lsv_text_free(&t);
    bool flush = false;
    ok = ok && ls_truth(in, args[4], &flush);
    if (ok && flush && in->client.flush) in->client.flush(in->client.ctx);
    return ok;
}

/* ---- text of values ---- */

static LS_PY(py_repr) {
    lsv_text t = {0};
    if (ls_repr(in, &t, args[0])) return ls_put_text(in, &t, out);
    lsv_text_free(&t);
    return false;
}

static LS_PY(py_ascii) {
    lsv_text t = {0}, a = {0};
    if (!ls_repr(in, &t, args[0])) {
        lsv_text_free(&t);
        return false;
    }
    for (size_t i = 0; i < t.length;) {
        unsigned char c = (unsigned char)t.data[i];
        size_t n = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
        uint32_t point = n == 1 ? c : c & (0x7Fu >> n);
        for (size_t k = 1; k < n && i + k < t.length; k++)
            point = point << 6 | ((unsigned char)t.data[i + k] & 0x3Fu);
        lsv_text_printf(&a,
                        n == 1            ? "%c"
                        : point < 0x100   ? "\\x%02x"
                        : point < 0x10000 ? "\\u%04x"
                                          : "\\U%08x",
                        (unsigned)point);
        i += n;
    }
    lsv_text_free(&t);
    return ls_put_text(in, &a, out);
}

static LS_PY(py_str) {
    lsv_text t = {0};
    if (args[0].tag == LS_STR) {
        *out = ls_ref(args[0]);
        return true;
    }
    if (ls_str_text(in, &t, args[0])) return ls_put_text(in, &t, out);
    lsv_text_free(&t);
    return false;
}

static LS_PY(py_format) {
    if (args[1].tag != LS_STR)
        return ls_raise(in, "TypeError", "format() argument 2 must be str, not %s", ls_type_name(args[1]));
    lsv_text t = {0};
    if (ls_format(in, &t, args[0], args[1].str->data, args[1].str->length)) return ls_put_text(in, &t, out);
    lsv_text_free(&t);
    return false;
}

/* ---- looking at values ---- */

static LS_PY(py_len) {
    ptrdiff_t n;
    if (!ls_length(in, args[0], &n)) return false;
    *out = ls_int(n);
    return true;
}

static LS_PY(py_bool) {
    bool yes;
    if (!ls_truth(in, args[0], &yes)) return false;
    *out = ls_bool(yes);
    return true;
}

static LS_PY(py_type) {
    if (args[1].tag == LS_TUPLE && args[1].tuple->n)
        return ls_raise(in, "TypeError",
                        "type() with three arguments makes a class, and classes are not part of lsv");
    *out = (ls_value){.tag = LS_TYPE, .type = ls_type_of(args[0])};
    return true;
}

/* Functions here that are classes in Python. */
static bool is_class(const char *name) {
    static const char *const classes[] = {"enumerate", "zip",       "map",     "filter", "reversed",
                                          "set",       "frozenset", "complex", "bytes"};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strcmp(classes[i], name) == 0) return true;
    return false;
}

/* One type, or a tuple of them at any depth. */
static bool matches(ls_interp *in, const ls_type *type, ls_value of, const char *who, bool *yes) {
    if (of.tag == LS_TUPLE) {
        for (ptrdiff_t i = 0; i < of.tuple->n && !*yes; i++)
            if (!matches(in, type, of.tuple->items[i], who, yes)) return false;
        return true;
    }
    if (of.tag == LS_TYPE) *yes = ls_type_derives(type, of.type);
    else if (of.tag == LS_DTYPE && of.kind == LSV_NUMPY)
        *yes = type == ls_type_of((ls_value){.tag = LS_NPSCALAR, .dtype = of.dtype});
    else if (of.tag == LS_BUILTIN && is_class(ls_builtin_short_name(of.builtin)))
        *yes = strcmp(type->name, ls_builtin_short_name(of.builtin)) == 0;
    else return ls_raise(in, "TypeError", "%s() arg 2 must be a type, a tuple of types, or a union", who);
    return true;
}

static LS_PY(py_isinstance) {
    bool yes = false;
    if (!matches(in, ls_type_of(args[0]), args[1], "isinstance", &yes)) return false;
    *out = ls_bool(yes);
    return true;
}

static LS_PY(py_issubclass) {
    bool yes = false;
    if (args[0].tag != LS_TYPE) return ls_raise(in, "TypeError", "issubclass() arg 1 must be a class");
    if (!matches(in, args[0].type, args[1], "issubclass", &yes)) return false;
    *out = ls_bool(yes);
    return true;
}

static LS_PY(py_callable) {
    ls_tag tag = (ls_tag)args[0].tag;
    *out = ls_bool(tag == LS_FUNCTION || tag == LS_METHOD || (tag == LS_BUILTIN && ls_is_called(args[0].builtin)) || tag == LS_TYPE ||
                   (tag == LS_DTYPE && args[0].kind == LSV_NUMPY));
    return true;
}

static LS_PY(py_hash) {
    if (!ls_hashable(args[0]))
        return ls_raise(in, "TypeError", "unhashable type: '%s'", ls_type_name(args[0]));
    ls_value v = args[0];
    bool real = v.tag == LS_FLOAT || (v.tag == LS_NPSCALAR && lsv_dtype_is_float((lsv_dtype)v.dtype));
    bool whole =
        real ? fabs(v.f) < 0x1p60 && floor(v.f) == v.f : ls_is_number(v); /* equal numbers, equal hashes */
    int64_t i = real && whole ? (int64_t)v.f : v.i;
    *out = ls_int(whole ? (i == -1 ? -2 : i) : (int64_t)ls_hash(v));
    return true;
}

static LS_PY(py_id) {
    *out = ls_int(args[0].tag >= LS_HEAP ? (int64_t)(intptr_t)args[0].o
                                         : (int64_t)ls_hash(args[0]) * 32 + args[0].tag);
    return true;
}

/* ---- attributes by name ---- */

static bool name_arg(ls_interp *in, ls_value v, const char *who, const char **name) {
    if (v.tag != LS_STR) return ls_raise(in, "TypeError", "%s(): attribute name must be string", who);
    *name = v.str->data;
    return true;
}

static LS_PY(py_getattr) {
    const char *name = NULL;
    if (!name_arg(in, args[1], "getattr", &name)) return false;
    if (ls_attribute(in, args[0], name, out)) return true;
    if (!ls_given(args[2]) || strcmp(in->error.type, "AttributeError") != 0) return false;
    ls_error_clear(&in->error);
    *out = ls_ref(args[2]);
    return true;
}

static LS_PY(py_hasattr) {
    const char *name = NULL;
    ls_value v = ls_none();
    if (!name_arg(in, args[1], "hasattr", &name)) return false;
    bool has = ls_attribute(in, args[0], name, &v);
    if (!has && strcmp(in->error.type, "AttributeError") != 0) return false;
    if (has) ls_drop(v);
    else ls_error_clear(&in->error);
    *out = ls_bool(has);
    return true;
}

static LS_PY(py_setattr) {
    const char *name = NULL;
    return name_arg(in, args[1], "setattr", &name) && ls_attribute_set(in, args[0], name, args[2]);
}

/* ---- names ---- */

typedef struct names {
    ls_interp *in;
    ls_value list;
    const char *prefix;
    bool ok;
} names;

static bool add_name(names *c, const char *name, size_t n) {
    ls_value s = ls_str_new(name, n);
    c->ok = s.tag != LS_UNSET && ls_list_append(c->list.list, s);
    if (s.tag != LS_UNSET) ls_drop(s);
    return c->ok;
}

static bool add_global(void *ctx, const char *name, ls_value v) {
    (void)v;
    return add_name(ctx, name, strlen(name));
}

static bool add_member(void *ctx, const char *qualified, const ls_builtin *b) {
    (void)b;
    names *c = ctx;
    size_t n = strlen(c->prefix);
    if (strncmp(qualified, c->prefix, n) != 0 || qualified[n] != '.' || strchr(qualified + n + 1, '.'))
        return true;
    return add_name(c, qualified + n + 1, strlen(qualified + n + 1));
}

static LS_PY(py_dir) {
    names c = {in, ls_list_new(0), "", true};
    if (c.list.tag == LS_UNSET) return ls_no_memory(in);
    if (!ls_given(args[0])) ls_global_each(in, add_global, &c);
    else {
        c.prefix = args[0].tag == LS_MODULE ? args[0].module->prefix : ls_attribute_prefix(args[0]);
        ls_builtin_each(add_member, &c);
    }
    if ((c.ok || ls_no_memory(in)) &&
        ls_sort_values(in, c.list.list->items, c.list.list->n, ls_none(), false)) {
        *out = c.list;
        return true;
    }
    ls_drop(c.list);
    return false;
}

typedef struct pairs {
    ls_value dict;
    bool ok;
} pairs;

static bool add_pair(void *ctx, const char *name, ls_value v) {
    pairs *p = ctx;
    return p->ok = ls_dict_set_text(p->dict.dict, name, v);
}

static LS_PY(py_globals) {
    pairs p = {ls_dict_new(), true};
    if (p.dict.tag == LS_UNSET) return ls_no_memory(in);
    ls_global_each(in, add_pair, &p);
    if (p.ok) {
        *out = p.dict;
        return true;
    }
    ls_drop(p.dict);
    return ls_no_memory(in);
}

static LS_PY(py_slice) {
    bool one = !ls_given(args[1]);
    return ls_put_value(in, ls_slice_new(one ? ls_none() : args[0], one ? args[0] : args[1], args[2]), out);
}

/* eval: an expression among the session's variables */
static LS_PY(py_eval) {
    const char *text;
    return ls_as_text(in, args[0], "eval() arg 1", &text) && ls_eval_text(in, text, out);
}

/* What Python has and lsv has not: better said than an unknown name. op: which reason */
static LS_PY(not_offered) {
    static const char *const reasons[] = {
        "a list, or dict.fromkeys(xs) for its keys, does most of what a set does", "numbers are real here",
        "strings are all there is of text", "np.load, np.loadtxt and their like read files",
        "values are assigned in the program"};
    return ls_raise(in, "NotImplementedError", "%s is not part of lsv: %s", ls_builtin_short_name(self),
                    reasons[self->op]);
}

/* float.is_integer and its like: numbers' own methods */
static LS_PY(float_is_integer) {
    double x;
    if (!ls_as_double(in, args[0], "self", &x)) return false;
    *out = ls_bool(isfinite(x) && floor(x) == x);
    return true;
}

static LS_PY(number_itself) {
    *out = args[0].tag == LS_BOOL ? ls_int(args[0].i) : ls_ref(args[0]);
    return true;
}

static LS_PY(number_imag) {
    *out = args[0].tag == LS_FLOAT ? ls_float(0) : ls_int(0);
    return true;
}

static uint64_t magnitude(int64_t i) { return i < 0 ? 0 - (uint64_t)i : (uint64_t)i; }

static LS_PY(int_bit_length) {
    *out = ls_int(args[0].i ? 64 - __builtin_clzll(magnitude(args[0].i)) : 0);
    return true;
}

static LS_PY(int_bit_count) {
    *out = ls_int(__builtin_popcountll(magnitude(args[0].i)));
    return true;
}

/* The fraction that the number is exactly, as far as both its parts fit an int. */
static LS_PY(float_ratio) {
    double x;
    int e = 0;
    int64_t over = 1, under = 1;
    if (ls_is_int(args[0])) over = args[0].i;
    else {
        if (!ls_as_double(in, args[0], "self", &x)) return false;
        if (!isfinite(x))
            return ls_raise(in, isnan(x) ? "ValueError" : "OverflowError",
                            "cannot convert %s to integer ratio", isnan(x) ? "NaN" : "Infinity");
        double m = frexp(x, &e);
        for (int k = 0; k < 60 && floor(m) != m; k++) m *= 2, e--;
        bool fits = e >= -62 && ldexp(fabs(m), e > 0 ? e : 0) < 0x1p63;
        if (!fits) return ls_raise(in, "OverflowError", "the ratio does not fit 64 bits");
        over = (int64_t)ldexp(m, e > 0 ? e : 0);
        under = (int64_t)1 << (e < 0 ? -e : 0);
    }
    return ls_put_value(in, ls_tuple_of(2, (ls_value[]){ls_int(over), ls_int(under)}), out);
}

static LS_PY(range_index) { /* op: 1 counts */
    const ls_range *r = args[0].range;
    bool there = false;
    if (!ls_contains(in, args[0], args[1], &there)) return false;
    if (self->op) *out = ls_int(there);
    else if (there && ls_is_int(args[1])) *out = ls_int((args[1].i - r->start) / r->step);
    else {
        lsv_text t = {0};
        if (ls_repr(in, &t, args[1])) ls_raise(in, "ValueError", "%s is not in range", t.data);
        lsv_text_free(&t);
        return false;
    }
    return true;
}

static LS_PY(slice_indices) {
    int64_t n;
    ptrdiff_t start, step, count;
    if (!ls_index_arg(in, args[1], &n)) return false;
    if (n < 0) return ls_raise(in, "ValueError", "length should not be negative");
    if (!ls_slice_bounds(in, args[0].slice, n, &start, &step, &count)) return false;
    int64_t stop = n;
    if (args[0].slice->stop.tag == LS_NONE) stop = step > 0 ? n : -1;
    else if (!ls_index_arg(in, args[0].slice->stop, &stop)) return false;
    else {
        if (stop < 0) stop += n;
        if (stop < 0) stop = step > 0 ? 0 : -1;
        if (stop >= n) stop = step > 0 ? n : n - 1;
    }
    return ls_put_value(in, ls_tuple_of(3, (ls_value[]){ls_int(start), ls_int(stop), ls_int(step)}), out);
}

const ls_builtin ls_family_core[] = {
    {"print", "(*args, sep=' ', end='\\n', file=None, flush=False)", "writes its arguments", NULL,
     NULL, py_print, 0, 0, NULL},
    {"len", "(obj, /)", "the number of elements", NULL, NULL, py_len,
     0, 0, NULL},
    {"range", "(start, stop=..., step=1, /)", "the integers from start up to stop, without stop", NULL,
     NULL, ls_py_range, 0, 0, NULL},
    {"abs", "(x, /)", "the absolute value", NULL, NULL,
     ls_py_abs, 0, 0, NULL},
    {"min", "(*args, key=None, default=...)", "the smallest argument, or element of an iterable", NULL,
     NULL, ls_py_extreme, 0, 0, NULL},
    {"max", "(*args, key=None, default=...)", "the largest argument, or element of an iterable", NULL,
     NULL, ls_py_extreme, 1, 0, NULL},
    {"sum", "(iterable, /, start=0)", "the sum of the elements, from left to right", NULL,
     NULL, ls_py_sum, 0, 0, NULL},
    {"any", "(iterable, /)", "is an element true?", NULL, NULL, ls_py_any, 1,
     0, NULL},
    {"all", "(iterable, /)", "are all elements true?", NULL, NULL, ls_py_any,
     0, 0, NULL},
    {"sorted", "(iterable, /, *, key=None, reverse=False)", "a new list of the elements in order", NULL,
     NULL, ls_py_sorted, 0, 0,
     NULL},
    {"reversed", "(sequence, /)", "an iterator from the last element to the first", NULL,
     NULL, ls_py_reversed, 0, 0, NULL},
    {"enumerate", "(iterable, start=0)", "pairs of a count and an element", NULL,
     NULL, ls_py_enumerate, 0, 0, NULL},
    {"zip", "(*iterables, strict=False)", "tuples of elements at the same place", NULL,
     NULL, ls_py_zip, 0, 0, NULL},
    {"map", "(func=..., /, *iterables)", "the function of every element", NULL,
     NULL, ls_py_map, 0, 0, NULL},
    {"filter", "(function, iterable, /)", "the elements for which the function is true", NULL,
     NULL, ls_py_filter, 0, 0, NULL},
    {"iter", "(iterable, /)", "an iterator over the elements", NULL, NULL, ls_py_iter, 0,
     0, NULL},
    {"next", "(iterator, default=..., /)", "the next element of an iterator", NULL,
     NULL, ls_py_next, 0, 0, NULL},
    {"list", "(iterable=(), /)", "a list of the elements", NULL, NULL, ls_py_list, 0, 0,
     NULL},
    {"tuple", "(iterable=(), /)", "a tuple of the elements", NULL, NULL, ls_py_tuple, 0,
     0, NULL},
    {"dict", "(iterable=(), /, **kwargs)", "a dictionary of pairs and keywords", NULL,
     NULL, ls_py_dict, 0, 0, NULL},
    {"str", "(object='', /)", "the text of a value", NULL, NULL, py_str, 0, 0, NULL},
    {"int", "(x=0, /, base=...)", "an integer from a number or a string", NULL,
     NULL, ls_py_int, 0, 0, NULL},
    {"float", "(x=0.0, /)", "a float from a number or a string", NULL, NULL, ls_py_float,
     0, 0, NULL},
    {"bool", "(x=False, /)", "is the value true?", NULL, NULL, py_bool, 0, 0, NULL},
    {"type", "(object, /, *more)", "the type of a value", NULL, NULL, py_type, 0, 0,
     NULL},
    {"isinstance", "(obj, class_or_tuple, /)", "is the value of this type, or of one of these?", NULL,
     NULL, py_isinstance, 0, 0, NULL},
    {"issubclass", "(cls, class_or_tuple, /)", "is the type one of these, or derived from it?", NULL,
     NULL, py_issubclass, 0, 0, NULL},
    {"callable", "(obj, /)", "can the value be called?", NULL, NULL,
     py_callable, 0, 0, NULL},
    {"repr", "(obj, /)", "the text of a value as a program would write it", NULL, NULL,
     py_repr, 0, 0, NULL},
    {"ascii", "(obj, /)", "as repr, with everything but ASCII escaped", NULL, NULL,
     py_ascii, 0, 0, NULL},
    {"format", "(value, format_spec='', /)", "the value's text by a format specification", NULL,
     NULL, py_format, 0, 0, NULL},
    {"round", "(number, ndigits=None)", "rounded to a number of decimals, half to even", NULL,
     NULL, ls_py_round, 0, 0, NULL},
    {"pow", "(base, exp, mod=None)", "base ** exp, or that modulo mod", NULL,
     NULL, ls_py_pow, 0, 0, NULL},
    {"divmod", "(x, y, /)", "the pair of x // y and x % y", NULL, NULL, ls_py_divmod, 0,
     0, NULL},
    {"hash", "(obj, /)", "the hash of a value", NULL, NULL, py_hash, 0, 0, NULL},
    {"id", "(obj, /)", "a number that tells objects apart", NULL, NULL, py_id, 0, 0, NULL},
    {"hex", "(number, /)", "the integer in base 16", NULL, NULL, ls_py_radix, 16, 0, NULL},
    {"oct", "(number, /)", "the integer in base 8", NULL, NULL, ls_py_radix, 8, 0, NULL},
    {"bin", "(number, /)", "the integer in base 2", NULL, NULL, ls_py_radix, 2, 0, NULL},
    {"chr", "(i, /)", "the character of a code point", NULL, NULL, ls_py_chr, 0, 0, NULL},
    {"ord", "(c, /)", "the code point of a character", NULL, NULL, ls_py_ord, 0, 0, NULL},
    {"getattr", "(object, name, default=..., /)", "an attribute by its name", NULL, NULL,
     py_getattr, 0, 0, NULL},
    {"hasattr", "(obj, name, /)", "is there such an attribute?", NULL, NULL,
     py_hasattr, 0, 0, NULL},
    {"setattr", "(obj, name, value, /)", "sets an attribute by its name", NULL, NULL, py_setattr, 0, 0, NULL},
    {"dir", "(object=..., /)", "the names of the session, or of a value's attributes", NULL, NULL, py_dir, 0,
     0, NULL},
    {"globals vars locals", "()", "a dictionary of the session's variables", NULL, NULL, py_globals, 0, 0,
     NULL},
    {"slice", "(start, stop=..., step=None, /)", "what a[start:stop:step] indexes with", NULL,
     NULL, py_slice, 0, 0, NULL},
    {"eval", "(source, /)", "the value of an expression given as text", NULL, NULL, py_eval,
     0, 0, NULL},
    {"set", "(iterable=(), /)", "not offered", NULL, NULL, not_offered, 0, 0, NULL},
    {"frozenset", "(iterable=(), /)", "not offered", NULL, NULL, not_offered, 0, 0, NULL},
    {"complex", "(real=0, imag=0)", "not offered", NULL, NULL, not_offered, 1, 0, NULL},
    {"bytes", "(*args)", "not offered", NULL, NULL, not_offered, 2, 0, NULL},
    {"bytearray", "(*args)", "not offered", NULL, NULL, not_offered, 2, 0, NULL},
    {"open", "(*args, **kwargs)", "not offered", NULL, NULL, not_offered, 3, 0, NULL},
    {"input", "(prompt='', /)", "not offered", NULL, NULL, not_offered, 4, 0, NULL},
    {"float.is_integer", "(self, /)", "has the number no fraction?", NULL, NULL,
     float_is_integer, 0, 0, NULL},
    {"float.real int.numerator", "(self, /)", "the number itself", NULL, NULL, number_itself, 0, LS_ATTRIBUTE,
     NULL},
    {"float.conjugate", "(self, /)", "the number itself", NULL, NULL, number_itself, 0, 0,
     NULL},
    {"float.imag", "(self, /)", "zero", NULL, NULL, number_imag, 0, LS_ATTRIBUTE, NULL},
    {"int.bit_length", "(self, /)", "binary digits of the magnitude", NULL, NULL,
     int_bit_length, 0, 0, NULL},
    {"int.bit_count", "(self, /)", "ones among the binary digits of the magnitude", NULL,
     NULL, int_bit_count, 0, 0, NULL},
    {"float.as_integer_ratio", "(self, /)", "the fraction that the number is exactly", NULL,
     NULL, float_ratio, 0, 0, NULL},
    {"range.index", "(self, value, /)", "the place of a value", NULL, NULL,
     range_index, 0, 0, NULL},
    {"range.count", "(self, value, /)", "how often a value is there", NULL, NULL, range_index, 1, 0, NULL},
    {"slice.indices", "(self, len, /)", "start, stop and step for a sequence of that length", NULL,
     NULL, slice_indices, 0, 0, NULL},
    {0}};
