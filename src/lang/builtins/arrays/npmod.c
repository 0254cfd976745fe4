/* What NumPy has beside operations: print options, arrays to text, dtype objects, kinds of
   types, vectorize and apply_along_axis; and NumPy's constants. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "array/elementwise.h"
#include "lang/builtins/support.h"
#include "text/text.h"

/* ---- print options ---- */

static bool set_int(ls_work *w, ls_value v, const char *what, int *at) {
    if (ls_is_none(v)) return true;
    double x;
    if (!ls_as_double(w->in, v, what, &x)) return false;
    *at = x > 1e9 ? 1000000000 : x < 0 ? 0 : (int)x;
    return true;
}

static bool set_size(ls_work *w, ls_value v, const char *what, ptrdiff_t *at) {
    if (ls_is_none(v)) return true;
    double x; /* np.inf and sys.maxsize are allowed */
    if (!ls_as_double(w->in, v, what, &x)) return false;
    if (isnan(x)) return ls_raise(w->in, "ValueError", "%s must be non-NAN, try sys.maxsize for untruncated representation", what);
    *at = x > 1e18 ? PTRDIFF_MAX : x < 0 ? 0 : (ptrdiff_t)x;
    return true;
}

static bool set_text(ls_work *w, ls_value v, const char *what, char at[32]) {
    const char *text;
    if (ls_is_none(v)) return true;
    if (!ls_as_text(w->in, v, what, &text)) return false;
    if (strlen(text) >= 32) return ls_raise(w->in, "ValueError", "%s is limited to 31 bytes here", what);
    strcpy(at, text);
    return true;
}

static bool set_sign(ls_work *w, ls_value v, char *sign) {
    if (ls_is_none(v)) return true;
    if (v.tag != LS_STR || v.str->length != 1 || !strchr(" +-", v.str->data[0]))
        return ls_raise(w->in, "ValueError", "sign option must be one of ' ', '+', or '-'");
    *sign = v.str->data[0];
    return true;
}

static const char *const floatmodes[] = {"maxprec", "maxprec_equal", "unique", "fixed"};

static bool set_floatmode(ls_work *w, ls_value v, lsv_numpy_options *o) {
    if (ls_is_none(v)) return true;
    for (int i = 0; i < 4; i++)
        if (ls_text_is(v, floatmodes[i])) {
            const int modes[] = {LSV_FLOAT_MAXPREC, LSV_FLOAT_MAXPREC_EQUAL, LSV_FLOAT_UNIQUE, LSV_FLOAT_FIXED};
            o->floatmode = modes[i];
            return true;
        }
    return ls_raise(w->in, "ValueError", "floatmode option must be one of \"maxprec\", \"maxprec_equal\", \"unique\", \"fixed\"");
}

static bool set_legacy(ls_work *w, ls_value v, lsv_numpy_options *o) {
    if (ls_is_none(v)) return true;
    if (v.tag == LS_BOOL) {
        o->legacy = 0;
        return true;
    }
    const struct { const char *name; int number; } known[] = {{"1.13", 113}, {"1.21", 121}, {"1.25", 125}};
    for (int i = 0; i < 3; i++)
        if (ls_text_is(v, known[i].name)) {
            o->legacy = known[i].number;
            return true;
        }
    return ls_raise(w->in, "ValueError", "legacy printing option can currently only be '1.13', '1.21', '1.25', or `False`");
}

/* (precision, threshold, edgeitems, linewidth, suppress, nanstr, infstr, formatter, sign, floatmode, *, legacy) */
BUILTIN(np_set_printoptions) {
    lsv_numpy_options o = w->in->numpy_options;
    if (!ls_is_none(args[7])) return ls_raise(w->in, "NotImplementedError", "set_printoptions(formatter=) is not offered; np.array2string takes formatter=");
    if (!set_int(w, args[0], "precision", &o.precision) || !set_size(w, args[1], "threshold", &o.threshold) || !set_size(w, args[2], "edgeitems", &o.edgeitems) ||
        !set_int(w, args[3], "linewidth", &o.linewidth) || (!ls_is_none(args[4]) && !ls_truth(w->in, args[4], &o.suppress)) || !set_text(w, args[5], "nanstr", o.nanstr) ||
        !set_text(w, args[6], "infstr", o.infstr) || !set_sign(w, args[8], &o.sign) || !set_floatmode(w, args[9], &o) || !set_legacy(w, args[10], &o))
        return false;
    w->in->numpy_options = o;
    return true;
}

static bool entry(ls_value dict, const char *key, ls_value value) {
    ls_value k = ls_str_from(key);
    bool ok = k.tag != LS_UNSET && value.tag != LS_UNSET && ls_dict_set(dict.dict, k, value);
    ls_drop(k);
    ls_drop(value);
    return ok;
}

BUILTIN(np_get_printoptions) {
    const lsv_numpy_options *o = &w->in->numpy_options;
    ls_value d = ls_dict_new();
    if (d.tag == LS_UNSET) return ls_no_memory(w->in);
    bool ok = entry(d, "edgeitems", ls_int(o->edgeitems)) && entry(d, "threshold", ls_int(o->threshold)) && entry(d, "floatmode", ls_str_from(floatmodes[o->floatmode])) &&
              entry(d, "precision", ls_int(o->precision)) && entry(d, "suppress", ls_bool(o->suppress)) && entry(d, "linewidth", ls_int(o->linewidth)) &&
              entry(d, "nanstr", ls_str_from(o->nanstr)) && entry(d, "infstr", ls_str_from(o->infstr)) && entry(d, "sign", ls_str_new(&o->sign, 1)) &&
              entry(d, "formatter", ls_none()) && entry(d, "legacy", ls_bool(o->legacy != 0 && o->legacy != lsv_numpy_defaults.legacy)) && entry(d, "override_repr", ls_none());
    if (!ok) {
        ls_drop(d);
        return ls_no_memory(w->in);
    }
    *out = d;
    return true;
}

/* ---- arrays to text ---- */

static bool give_text(ls_work *w, ls_value *out, bool ok, lsv_text *t) {
    ok = ok && (!t->failed || ls_no_memory(w->in)) && ls_give_value(w, out, ls_str_new(t->data ? t->data : "", t->length));
    lsv_text_free(t);
    return ok;
}

typedef struct formatter { ls_work *w; ls_value floats, ints, bools; bool raised; } formatter;

/* One element through the program's function. */
static lsv_status format_element(void *ctx, lsv_text *t, lsv_scalar x, lsv_error *err) {
    formatter *f = ctx;
    ls_value function = x.dtype == LSV_BOOL ? f->bools : lsv_dtype_is_float(x.dtype) ? f->floats : f->ints, arg = ls_npscalar(x), r;
    bool ok;
    if (ls_is_none(function)) {
        lsv_text_scalar(t, x);
        return LSV_OK;
    }
    ok = ls_call(f->w->in, function, &arg, 1, &r);
    if (ok) {
        ok = ls_str_text(f->w->in, t, r);
        ls_drop(r);
    }
    f->raised = !ok;
    return ok ? LSV_OK : lsv_fail(err, LSV_ERUNTIME, "formatter");
}

static void formatter_key(ls_value dict, const char *key, ls_value *to) {
    ls_value *v = ls_dict_find_text(dict.dict, key);
    if (v) *to = *v;
}

/* Options of array2string and its kin over the session's. */
static bool options(ls_work *w, ls_value width, ls_value precision, ls_value suppress, lsv_numpy_options *o) {
    *o = w->in->numpy_options;
    return set_int(w, width, "max_line_width", &o->linewidth) && set_int(w, precision, "precision", &o->precision) &&
           (ls_is_none(suppress) || ls_truth(w->in, suppress, &o->suppress));
}

/* (a, max_line_width, precision, suppress_small, separator, prefix, *, formatter, threshold, edgeitems, sign, floatmode, suffix, legacy) */
BUILTIN(np_array2string) {
    lsv_array *a;
    lsv_numpy_options o;
    const char *separator, *prefix, *suffix;
    if (!ls_arg(w, args, 0, &a) || !options(w, args[1], args[2], args[3], &o) || !ls_as_text(w->in, args[4], "separator", &separator) ||
        !ls_as_text(w->in, args[5], "prefix", &prefix) || !ls_as_text(w->in, args[11], "suffix", &suffix) || !set_size(w, args[7], "threshold", &o.threshold) ||
        !set_size(w, args[8], "edgeitems", &o.edgeitems) || !set_sign(w, args[9], &o.sign) || !set_floatmode(w, args[10], &o) || !set_legacy(w, args[12], &o))
        return false;
    formatter f = {.w = w, .floats = ls_none(), .ints = ls_none(), .bools = ls_none()};
    bool has = args[6].tag == LS_DICT;
    if (has) {
        static const char *const float_keys[] = {"all", "float_kind", "float"}, *const int_keys[] = {"all", "int_kind", "int"}, *const bool_keys[] = {"all", "bool"};
        for (int i = 0; i < 3; i++) formatter_key(args[6], float_keys[i], &f.floats);
        for (int i = 0; i < 3; i++) formatter_key(args[6], int_keys[i], &f.ints);
        for (int i = 0; i < 2; i++) formatter_key(args[6], bool_keys[i], &f.bools);
        ls_value mine = a->dtype == LSV_BOOL ? f.bools : lsv_dtype_is_float((lsv_dtype)a->dtype) ? f.floats : f.ints;
        has = !ls_is_none(mine);
    }
    lsv_text t = {0};
    lsv_status s = lsv_text_array2string(&t, a, &o, separator, prefix, suffix, has ? format_element : NULL, &f, &w->err);
    return give_text(w, out, f.raised ? false : ls_ok(w, s), &t);
}

/* np.array_repr(arr, max_line_width, precision, suppress_small), array_str: op 1 */
BUILTIN(np_array_repr) {
    lsv_array *a;
    lsv_numpy_options o;
    if (!ls_arg(w, args, 0, &a) || !options(w, args[1], args[2], args[3], &o)) return false;
    lsv_text t = {0};
    lsv_status s = w->self->op ? lsv_text_ndarray_str(&t, a, &o, &w->err) : lsv_text_ndarray_repr(&t, a, &o, &w->err);
    return give_text(w, out, ls_ok(w, s), &t);
}

/* One number of any kind, and whether it is a float32. */
static bool one_number(ls_work *w, ls_value v, double *x, bool *single) {
    *single = (v.tag == LS_NPSCALAR && v.dtype == LSV_FLOAT32) || (v.tag == LS_ARRAY && v.array->dtype == LSV_FLOAT32);
    return ls_as_double(w->in, v, "x", x);
}

static bool int_or(ls_work *w, ls_value v, const char *what, int fallback, int *x) {
    int64_t i = fallback;
    if (!ls_is_none(v) && !ls_as_int(w->in, v, what, &i)) return false;
    *x = (int)i;
    return true;
}

/* (x, precision, unique, fractional, trim, sign, pad_left, pad_right) */
BUILTIN(np_format_positional) {
    double x;
    bool single, unique, fractional, sign;
    int precision, left, right;
    const char *trim;
    if (!one_number(w, args[0], &x, &single) || !int_or(w, args[1], "precision", -1, &precision) || !ls_truth(w->in, args[2], &unique) ||
        !ls_truth(w->in, args[3], &fractional) || !ls_as_text(w->in, args[4], "trim", &trim) || !ls_truth(w->in, args[5], &sign) || !int_or(w, args[6], "pad_left", 0, &left) ||
        !int_or(w, args[7], "pad_right", 0, &right))
        return false;
    lsv_text t = {0};
    lsv_text_float_positional(&t, x, single, precision, unique, fractional, trim[0], sign, left, right);
    return give_text(w, out, true, &t);
}

/* (x, precision, unique, trim, sign, pad_left, exp_digits) */
BUILTIN(np_format_scientific) {
    double x;
    bool single, unique, sign;
    int precision, left, digits;
    const char *trim;
    if (!one_number(w, args[0], &x, &single) || !int_or(w, args[1], "precision", -1, &precision) || !ls_truth(w->in, args[2], &unique) ||
        !ls_as_text(w->in, args[3], "trim", &trim) || !ls_truth(w->in, args[4], &sign) || !int_or(w, args[5], "pad_left", 0, &left) || !int_or(w, args[6], "exp_digits", -1, &digits))
        return false;
    lsv_text t = {0};
    lsv_text_float_scientific(&t, x, single, precision, unique, trim[0], sign, left, digits);
    return give_text(w, out, true, &t);
}

/* ---- dtypes ---- */

BUILTIN(np_dtype) {
    lsv_dtype d;
    if (!ls_dtype_or(w, args[0], LSV_FLOAT64, &d)) return false;
    *out = ls_dtype_value(LSV_NUMPY, d);
    return true;
}

enum { NAME, ITEMSIZE, KIND, CHAR, IS_FLOAT };
BUILTIN(dtype_field) {
    lsv_dtype d = (lsv_dtype)args[0].dtype;
    static const char *const kinds[LSV_NDTYPES] = {"b", "i", "i", "f", "V", "f", "f"}, *const chars[LSV_NDTYPES] = {"?", "i", "l", "e", "E", "f", "d"};
    switch (w->self->op) {
    case ITEMSIZE: *out = ls_int((int64_t)lsv_dtype_size(d)); return true;
    case IS_FLOAT: *out = ls_bool(lsv_dtype_is_float(d)); return true;
    case KIND: return ls_give_value(w, out, ls_str_from(kinds[d]));
    case CHAR: return ls_give_value(w, out, ls_str_from(chars[d]));
    default: return ls_give_value(w, out, ls_str_from(lsv_dtype_name(d)));
    }
}

BUILTIN(np_result_type) {
    const ls_tuple *star = args[0].tuple;
    lsv_array *a = NULL;
    lsv_dtype d = LSV_BOOL;
    bool any = false, firm = false; /* a Python number gives way to whatever has a type of its own */
    for (ptrdiff_t i = 0; i < star->n; i++) firm = firm || (!ls_is_number(star->items[i]) || star->items[i].tag == LS_NPSCALAR);
    for (ptrdiff_t i = 0; i < star->n; i++) {
        ls_value v = star->items[i];
        lsv_dtype next;
        if (firm && ls_is_number(v) && v.tag != LS_NPSCALAR) continue;
        if (v.tag == LS_DTYPE || v.tag == LS_TYPE || v.tag == LS_STR) {
            if (!ls_dtype_or(w, v, LSV_FLOAT64, &next)) return false;
        } else {
            if (!ls_array_like(w, v, LSV_NUMPY, -1, &a)) return false;
            next = (lsv_dtype)a->dtype;
        }
        d = any ? lsv_promote_types(LSV_NUMPY, d, next) : next;
        any = true;
    }
    if (!any) return ls_raise(w->in, "ValueError", "at least one array or dtype is required");
    for (ptrdiff_t i = 0; firm && i < star->n; i++) /* … but for its kind */
        if (star->items[i].tag == LS_FLOAT && !lsv_dtype_is_float(d)) d = LSV_FLOAT64;
    *out = ls_dtype_value(LSV_NUMPY, d);
    return true;
}

/* The scalar type that a type, dtype or name stands for; np.floating and the like stand for themselves. */
static bool scalar_type(ls_work *w, ls_value v, const ls_type **type) {
    lsv_dtype d;
    bool abstract = v.tag == LS_TYPE && ls_type_derives(v.type, &ls_type_npgeneric);
    if (!abstract && !ls_dtype_or(w, v, LSV_FLOAT64, &d)) return false;
    *type = abstract ? v.type : ls_type_of((ls_value){.tag = LS_NPSCALAR, .dtype = (uint8_t)d});
    return true;
}

BUILTIN(np_issubdtype) {
    const ls_type *a, *b;
    if (!scalar_type(w, args[0], &a) || !scalar_type(w, args[1], &b)) return false;
    *out = ls_bool(ls_type_derives(a, b));
    return true;
}

BUILTIN(np_iterable) {
    ls_value iter;
    bool yes = ls_iterate(w->in, args[0], &iter);
    if (yes) ls_drop(iter);
    else if (strcmp(w->in->error.type, "TypeError") != 0) return false; /* no memory */
    else ls_error_clear(&w->in->error);
    *out = ls_bool(yes);
    return true;
}

BUILTIN(np_isscalar) {
    *out = ls_bool(ls_is_number(args[0]) || args[0].tag == LS_STR);
    return true;
}

BUILTIN(np_isrealobj) {
    *out = ls_bool(!w->self->op);
    return true;
}

/* np.imag: zeros of the same kind; a number's is a number */
BUILTIN(np_imag) {
    lsv_array *a, *r;
    ls_value v = args[0];
    if (ls_is_int(v) || v.tag == LS_FLOAT) {
        *out = v.tag == LS_FLOAT ? ls_float(0) : ls_int(0);
        return true;
    }
    return ls_arg(w, args, 0, &a) && ls_give(w, out, lsv_zeros(LSV_NUMPY, (lsv_dtype)a->dtype, a->ndim, a->shape, &r, &w->err), &r);
}

/* np.angle(z, deg=False): 0, or pi for negative numbers */
BUILTIN(np_angle) {
    lsv_array *a, *r;
    bool degrees;
    double cell;
    lsv_array zero = lsv_scalar_array(LSV_NUMPY, lsv_scalar_int(0), LSV_WEAK, &cell);
    if (!ls_arg(w, args, 0, &a) || !ls_truth(w->in, args[1], &degrees) || !ls_binary_arrays(w, LSV_OP_ATAN2, &zero, a, &r)) return false;
    if (degrees && !ls_binary_number(w, LSV_OP_MUL, r, 180 / 3.141592653589793, &r)) return false;
    return ls_give_kept(w, out, r);
}

BUILTIN(np_real_if_close) {
    lsv_array *a, *r;
    return ls_arg(w, args, 0, &a) && ls_give_array(w, out, LSV_OK, (r = lsv_ref(a), &r));
}

/* np.real, np.conj: elements are real */
BUILTIN(np_real) {
    lsv_array *a;
    return ls_arg(w, args, 0, &a) && ls_give_kept(w, out, a);
}

BUILTIN(np_iscomplex) {
    lsv_array *a, *r;
    return ls_arg(w, args, 0, &a) && ls_give(w, out, lsv_full(LSV_NUMPY, LSV_BOOL, a->ndim, a->shape, lsv_scalar_bool(w->self->op), &r, &w->err), &r);
}

/* np.seterr: what NumPy's defaults are, for code that puts back what it found */
BUILTIN(np_seterr) {
    static const char *const settings[][2] = {{"divide", "warn"}, {"over", "warn"}, {"under", "ignore"}, {"invalid", "warn"}};
    ls_value d = ls_dict_new();
    bool ok = d.tag != LS_UNSET;
    for (int i = 0; ok && i < 4; i++) {
        ls_value value = ls_str_from(settings[i][1]);
        ok = value.tag != LS_UNSET && ls_dict_set_text(d.dict, settings[i][0], value);
        ls_drop(value);
    }
    if (!ok) {
        ls_drop(d);
        return ls_no_memory(w->in);
    }
    *out = d;
    return true;
}

/* ---- functions over arrays ---- */

/* The list of results as an array of that shape (times the results' own). */
static bool shaped(ls_work *w, ls_value list, int ndim, const ptrdiff_t *shape, lsv_array **r) {
    if (!ls_array_like(w, list, LSV_NUMPY, -1, r)) return false;
    ptrdiff_t full[LSV_MAXDIM];
    int n = ndim + (*r)->ndim - 1;
    if (n > LSV_MAXDIM) return ls_raise(w->in, "ValueError", "more than %d dimensions", LSV_MAXDIM);
    for (int i = 0; i < ndim; i++) full[i] = shape[i];
    for (int i = 1; i < (*r)->ndim; i++) full[ndim + i - 1] = (*r)->shape[i];
    return ls_ok(w, lsv_reshape(*r, n, full, false, r, &w->err)) && ls_keep(w, *r);
}

static const ls_type vectorize_type = {"vectorize", "numpy.vectorize"};

BUILTIN(np_vectorize) {
    ls_value v = ls_opaque_new(&vectorize_type, "<numpy.vectorize object>");
    if (v.tag == LS_UNSET) return ls_no_memory(w->in);
    v.opaque->state[0] = ls_ref(args[0]);
    *out = v;
    return true;
}

/* The function once per element of the arguments, broadcast against one another. */
BUILTIN(vectorize_call) {
    lsv_array **parts;
    int n;
    if (!ls_parts(w, args, 1, &parts, &n)) return false;
    if (n == 0 || n > LSV_MAXDIM) return ls_raise(w->in, "ValueError", "vectorize: 1 to %d arguments", LSV_MAXDIM);
    int ndim = parts[0]->ndim;
    ptrdiff_t shape[LSV_MAXDIM], size = 1;
    memcpy(shape, parts[0]->shape, sizeof shape);
    for (int i = 1; i < n; i++) {
        lsv_array *whole;
        if (!ls_ok(w, lsv_broadcast_to(parts[0], ndim, shape, &whole, &w->err)) || !ls_keep(w, whole)) return false;
        if (!ls_ok(w, lsv_broadcast(whole, parts[i], &ndim, shape, &w->err))) return false;
    }
    for (int i = 0; i < n; i++)
        if (!ls_ok(w, lsv_broadcast_to(parts[i], ndim, shape, &parts[i], &w->err)) || !ls_keep(w, parts[i])) return false;
    for (int d = 0; d < ndim; d++) size *= shape[d];
    ls_value list = ls_list_new(size);
    bool ok = list.tag != LS_UNSET || ls_no_memory(w->in);
    for (ptrdiff_t k = 0; ok && k < size; k++) {
        ptrdiff_t at[LSV_MAXDIM], rest = k;
        ls_value given[LSV_MAXDIM], r;
        for (int d = ndim - 1; d >= 0; d--) {
            at[d] = rest % shape[d];
            rest /= shape[d];
        }
        for (int i = 0; i < n; i++) given[i] = ls_npscalar(lsv_item(parts[i], at));
        ok = ls_call(w->in, args[0].opaque->state[0], given, n, &r);
        if (!ok) break;
        ok = ls_list_append(list.list, r) || ls_no_memory(w->in);
        ls_drop(r);
    }
    lsv_array *r;
    ok = ok && shaped(w, list, ndim, shape, &r) && ls_give_array(w, out, LSV_OK, (lsv_ref(r), &r));
    ls_drop(list);
    return ok;
}

/* np.apply_along_axis(func1d, axis, arr) */
BUILTIN(np_apply_along_axis) {
    lsv_array *a, *t, *r;
    int axis, last = -1;
    if (!ls_arg(w, args, 2, &a) || !ls_axis(w, args[1], "axis", &axis) || !ls_ok(w, lsv_axis(a, axis, &axis, &w->err))) return false;
    if (!ls_ok(w, lsv_moveaxis(a, 1, &axis, &last, &t, &w->err)) || !ls_keep(w, t)) return false;
    ptrdiff_t n = t->shape[t->ndim - 1], rows = n ? t->size / n : 0, two[2] = {rows, n};
    lsv_array *m;
    if (!ls_ok(w, lsv_reshape(t, 2, two, false, &m, &w->err)) || !ls_keep(w, m)) return false;
    ls_value list = ls_list_new(rows);
    bool ok = list.tag != LS_UNSET || ls_no_memory(w->in);
    for (ptrdiff_t i = 0; ok && i < rows; i++) {
        lsv_index ix = {.type = LSV_IX_INT, .start = i};
        lsv_array *row;
        ok = ls_ok(w, lsv_index_get(m, &ix, 1, &row, &w->err));
        if (!ok) break;
        ls_value given = ls_array(row), v;
        ok = ls_call(w->in, args[0], &given, 1, &v);
        lsv_release(row);
        if (!ok) break;
        ok = ls_list_append(list.list, v) || ls_no_memory(w->in);
        ls_drop(v);
    }
    ok = ok && shaped(w, list, t->ndim - 1, t->shape, &r);
    ls_drop(list);
    if (!ok) return false;
    if (r->ndim == t->ndim) { /* a vector from each row: its axis goes back where the row's was */
        if (!ls_ok(w, lsv_moveaxis(r, 1, &last, &axis, &r, &w->err)) || !ls_keep(w, r)) return false;
    }
    return ls_give_kept(w, out, r);
}

#define DTYPE_FIELD(name, text, op_) {"dtype." name, "(self)", text, NULL, NULL, dtype_field, op_, LS_ATTRIBUTE, NULL}

const ls_builtin ls_family_numpy[] = {
    {"np.set_printoptions jnp.set_printoptions", "(precision=None, threshold=None, edgeitems=None, linewidth=None, suppress=None, nanstr=None, infstr=None, formatter=None, sign=None, floatmode=None, *, legacy=None)",
     "How ndarrays print; what is not given stays", NULL, NULL, np_set_printoptions, 0, LS_CALLABLE, NULL},
    {"np.get_printoptions", "()", "The print options, a dict", NULL, NULL, np_get_printoptions, 0, LS_CALLABLE, NULL},
    {"np.array2string", "(a, max_line_width=None, precision=None, suppress_small=None, separator=\" \", prefix=\"\", *, formatter=None, threshold=None, edgeitems=None, sign=None, floatmode=None, suffix=\"\", legacy=None)",
     "The text of an array", NULL, NULL, np_array2string, 0, LS_CALLABLE, NULL},
    {"np.array_repr", "(arr, max_line_width=None, precision=None, suppress_small=None)", "repr of an array", NULL, NULL, np_array_repr, 0, LS_CALLABLE, NULL},
    {"np.array_str", "(a, max_line_width=None, precision=None, suppress_small=None)", "str of an array", NULL, NULL, np_array_repr, 1, LS_CALLABLE, NULL},
    {"np.format_float_positional", "(x, precision=None, unique=True, fractional=True, trim=\"k\", sign=False, pad_left=None, pad_right=None)", "A number without an exponent", NULL, NULL, np_format_positional, 0, LS_CALLABLE, NULL},
    {"np.format_float_scientific", "(x, precision=None, unique=True, trim=\"k\", sign=False, pad_left=None, exp_digits=None)", "A number with an exponent", NULL, NULL, np_format_scientific, 0, LS_CALLABLE, NULL},
    {"np.dtype", "(dtype)", "An element type by name or type", NULL, NULL, np_dtype, 0, LS_CALLABLE, NULL},
    DTYPE_FIELD("name", "The type's name", NAME), DTYPE_FIELD("itemsize", "Bytes of an element", ITEMSIZE), DTYPE_FIELD("kind", "b, i or f", KIND),
    DTYPE_FIELD("char", "The type's one-letter code", CHAR), DTYPE_FIELD("is_floating_point", "Whether it is a floating type", IS_FLOAT),
    {"np.result_type", "(*arrays_and_dtypes)", "The dtype in which all meet", NULL, NULL, np_result_type, 0, LS_CALLABLE, NULL},
    {"np.issubdtype", "(arg1, arg2)", "Whether a dtype is, or is a kind of, another: np.issubdtype(a.dtype, np.floating)", NULL, NULL, np_issubdtype, 0, LS_CALLABLE, NULL},
    {"np.iterable", "(y)", "Whether it can be iterated over", NULL, NULL, np_iterable, 0, LS_CALLABLE, NULL},
    {"np.isscalar", "(element)", "Whether it is a number or a text, not an array", NULL, NULL, np_isscalar, 0, LS_CALLABLE, NULL},
    {"np.isrealobj", "(x)", "True: arrays here are real", NULL, NULL, np_isrealobj, 0, LS_CALLABLE, NULL},
    {"np.iscomplexobj", "(x)", "False: arrays here are real", NULL, NULL, np_isrealobj, 1, LS_CALLABLE, NULL},
    {"np.real np.conj np.conjugate ndarray.conj ndarray.conjugate", "(val)", "The array itself: elements are real", NULL, NULL, np_real, 0, LS_CALLABLE, NULL},
    {"torch.real torch.conj tensor.conj", "(input)", "The tensor itself: elements are real", NULL, NULL, np_real, 0, LS_CALLABLE, NULL},
    {"np.imag", "(val)", "Zeros: elements are real", NULL, NULL, np_imag, 0, LS_CALLABLE, NULL},
    {"np.angle", "(z, deg=False)", "The angle of each element in the plane: 0, or pi where it is negative", NULL, NULL, np_angle, 0, LS_CALLABLE, NULL},
    {"np.real_if_close", "(a, tol=100)", "The array itself: elements are real", NULL, NULL, np_real_if_close, 0, LS_CALLABLE, NULL},
    {"np.isreal", "(x)", "Which elements are real: all", NULL, NULL, np_iscomplex, 1, LS_CALLABLE, NULL},
    {"np.iscomplex", "(x)", "Which elements are complex: none", NULL, NULL, np_iscomplex, 0, LS_CALLABLE, NULL},
    {"np.seterr np.seterrcall", "(all=None, divide=None, over=None, under=None, invalid=None)", "Accepted, without effect; the settings as NumPy has them to begin with", NULL, NULL, np_seterr, 0, LS_CALLABLE, NULL},
    {"np.vectorize", "(pyfunc)", "A function applied to every element", NULL, NULL, np_vectorize, 0, LS_CALLABLE, NULL},
    {"vectorize.__call__", "(self, *args)", "The function of every element", NULL, NULL, vectorize_call, 0, LS_CALLABLE, NULL},
    {"np.apply_along_axis", "(func1d, axis, arr)", "A function applied to the vectors along an axis", NULL, NULL, np_apply_along_axis, 0, LS_CALLABLE, NULL},
    {.names = NULL}};

/* ---- constants ---- */

#define DTYPE_VALUE(d) {.tag = LS_DTYPE, .dtype = d, .kind = LSV_NUMPY, .i = 0}
#define KIND_OF_TYPE(name, summary, type_) {"np." name, summary, {.tag = LS_TYPE, .type = &ls_type_np##type_}}
#define NUMBER(x) {.tag = LS_FLOAT, .f = x}

const ls_constant ls_constants_numpy[] = {
    {"np.pi jnp.pi", "The circle's circumference over its diameter", NUMBER(3.141592653589793)},
    {"np.e jnp.e", "Euler's number", NUMBER(2.718281828459045)},
    {"np.euler_gamma", "The Euler-Mascheroni constant", NUMBER(0.5772156649015329)},
    {"np.inf np.Inf np.infty np.PINF jnp.inf", "Infinity", NUMBER(INFINITY)},
    {"np.nan np.NaN np.NAN jnp.nan", "Not a number", NUMBER(NAN)},
    {"np.newaxis jnp.newaxis", "A new axis in a subscript", {.tag = LS_NONE, .i = 0}},
    {"np.float64 np.double jnp.float64", "64-bit floats", DTYPE_VALUE(LSV_FLOAT64)},
    {"np.float32 np.single jnp.float32", "32-bit floats", DTYPE_VALUE(LSV_FLOAT32)},
    {"np.float16 np.half jnp.float16", "16-bit floats (storage)", DTYPE_VALUE(LSV_FLOAT16)},
    {"jnp.bfloat16", "16-bit floats with float32's range (storage)", DTYPE_VALUE(LSV_BFLOAT16)},
    {"np.int64 np.int_ np.intp np.longlong jnp.int64", "64-bit integers", DTYPE_VALUE(LSV_INT64)},
    {"np.int32 np.intc jnp.int32", "32-bit integers (storage)", DTYPE_VALUE(LSV_INT32)},
    {"np.bool_ np.bool jnp.bool_", "True and False", DTYPE_VALUE(LSV_BOOL)},
    KIND_OF_TYPE("generic", "Any NumPy scalar, for isinstance and np.issubdtype", generic),
    KIND_OF_TYPE("number", "Any number, for isinstance and np.issubdtype", number),
    KIND_OF_TYPE("integer", "Any integer, for isinstance and np.issubdtype", integer),
    KIND_OF_TYPE("signedinteger", "Any signed integer, for isinstance and np.issubdtype", signedinteger),
    KIND_OF_TYPE("unsignedinteger", "Any unsigned integer: no dtype here", unsignedinteger),
    KIND_OF_TYPE("inexact", "Any number that may be rounded, for isinstance and np.issubdtype", inexact),
    KIND_OF_TYPE("floating", "Any float, for isinstance and np.issubdtype", floating),
    KIND_OF_TYPE("complexfloating", "Any complex number: no dtype here", complexfloating),
    {"np.True_", "NumPy's True", {.tag = LS_NPSCALAR, .dtype = LSV_BOOL, .i = 1}},
    {"np.False_", "NumPy's False", {.tag = LS_NPSCALAR, .dtype = LSV_BOOL, .i = 0}},
    {"np.ndarray jnp.ndarray", "The type of NumPy's arrays", {.tag = LS_TYPE, .type = &ls_type_ndarray}},
    {"np.ufunc", "The type of NumPy's element-wise functions", {.tag = LS_TYPE, .type = &ls_type_ufunc}},
    {.names = NULL}};
