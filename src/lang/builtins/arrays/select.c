/* Element-wise functions that choose, compare or round: where, clip, round, isclose, and the ones that
   are two or three library operations in a row. */
#include <math.h>

#include "array/elementwise.h"
#include "array/reduce.h"
#include "lang/builtins/support.h"

/* ---- where ---- */

static bool give_nonzero(ls_work *w, lsv_array *a, ls_value *out) {
    lsv_array *parts[LSV_MAXDIM];
    return ls_give_arrays(w, out, lsv_nonzero(a, parts, &w->err), NULL, a->ndim, parts);
}

BUILTIN(np_where) {
    lsv_array *c, *a, *b, *r;
    if (!ls_arg(w, args, 0, &c)) return false;
    if (ls_is_none(args[1]) != ls_is_none(args[2]))
        return ls_raise(w->in, "ValueError", "either both or neither of x and y should be given");
    if (ls_is_none(args[1])) return give_nonzero(w, c, out);
    if (!ls_operand(w, args, 1, &a) || !ls_operand(w, args, 2, &b)) return false;
    return ls_give_array(w, out, lsv_where(c, a, b, &r, &w->err), &r);
}

BUILTIN(torch_where) {
    lsv_array *c, *a, *b, *r;
    if (!ls_arg(w, args, 0, &c)) return false;
    if (ls_is_none(args[1]) && ls_is_none(args[2])) return give_nonzero(w, c, out);
    if (!ls_operand(w, args, 1, &a) || !ls_operand(w, args, 2, &b)) return false;
    return ls_give(w, out, lsv_where(c, a, b, &r, &w->err), &r);
}

/* self.where(condition, other): the condition comes second. */
BUILTIN(tensor_where) {
    lsv_array *c, *a, *b, *r;
    if (!ls_arg(w, args, 1, &c) || !ls_operand(w, args, 0, &a) || !ls_operand(w, args, 2, &b)) return false;
    return ls_give(w, out, lsv_where(c, a, b, &r, &w->err), &r);
}

BUILTIN(torch_masked_fill) {
    lsv_array *a, *mask, *v, *r;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &mask) || !ls_operand(w, args, 2, &v)) return false;
    if (!ls_ok(w, lsv_where(mask, v, a, &r, &w->err))) return false;
    if (!w->self->op) return ls_give(w, out, LSV_OK, &r);
    if (!ls_keep(w, r) || !ls_ok(w, lsv_assign(a, r, &w->err))) return false;
    *out = ls_ref(args[0]);
    return true;
}

BUILTIN(torch_masked_select) {
    lsv_array *a, *mask, *r;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &mask)) return false;
    lsv_index ix = {.type = LSV_IX_ARRAY, .array = mask};
    return ls_give(w, out, lsv_index_get(a, &ix, 1, &r, &w->err), &r);
}

/* ---- clip ---- */

static bool bound(ls_work *w, const ls_value *args, int i, lsv_array **a) {
    *a = NULL;
    return ls_is_none(args[i]) || ls_operand(w, args, i, a);
}

/* np.clip(a, a_min, a_max, out, *, min, max) */
BUILTIN(np_clip) {
    lsv_array *a, *lo, *hi, *r;
    int at_lo = ls_is_none(args[1]) ? 4 : 1, at_hi = ls_is_none(args[2]) ? 5 : 2;
    if (!ls_operand(w, args, 0, &a) || !bound(w, args, at_lo, &lo) || !bound(w, args, at_hi, &hi)) return false;
    return ls_give_into(w, out, args[3], lsv_clip(a, lo, hi, &r, &w->err), &r);
}

/* torch.clamp(input, min=None, max=None, *, out=None); op 1: in place */
BUILTIN(torch_clamp) {
    lsv_array *a, *lo, *hi, *r;
    if (!ls_arg(w, args, 0, &a) || !bound(w, args, 1, &lo) || !bound(w, args, 2, &hi)) return false;
    if (!lo && !hi) return ls_raise(w->in, "RuntimeError", "torch.clamp: At least one of 'min' or 'max' must not be None");
    if (!ls_ok(w, lsv_clip(a, lo, hi, &r, &w->err))) return false;
    if (w->self->op != 1) return ls_give_into(w, out, args[3], LSV_OK, &r);
    if (!ls_keep(w, r) || !ls_ok(w, lsv_assign(a, r, &w->err))) return false;
    *out = ls_ref(args[0]);
    return true;
}

/* clamp_min, clamp_max: op 0 and 1 */
BUILTIN(torch_clamp_one) {
    lsv_array *a, *b, *r;
    if (!ls_arg(w, args, 0, &a) || !ls_operand(w, args, 1, &b)) return false;
    return ls_give(w, out, lsv_clip(a, w->self->op ? NULL : b, w->self->op ? b : NULL, &r, &w->err), &r);
}

/* ---- rounding ---- */

BUILTIN(np_round) {
    lsv_array *a, *r;
    int64_t decimals;
    if (!ls_operand(w, args, 0, &a) || !ls_as_int(w->in, args[1], "decimals", &decimals)) return false;
    return ls_give_into(w, out, args[2], lsv_round(a, (int)decimals, &r, &w->err), &r);
}

BUILTIN(torch_round) {
    lsv_array *a, *r;
    int64_t decimals;
    if (!ls_arg(w, args, 0, &a) || !ls_as_int(w->in, args[1], "decimals", &decimals)) return false;
    if (!ls_ok(w, lsv_round(a, (int)decimals, &r, &w->err))) return false;
    if (!w->self->op) return ls_give(w, out, LSV_OK, &r);
    if (!ls_keep(w, r) || !ls_ok(w, lsv_assign(a, r, &w->err))) return false;
    *out = ls_ref(args[0]);
    return true;
}

/* ---- closeness and equality ---- */

typedef struct tolerance { double rtol, atol; bool equal_nan; } tolerance;

static bool tolerances(ls_work *w, const ls_value *args, tolerance *t) {
    return ls_as_double(w->in, args[2], "rtol", &t->rtol) && ls_as_double(w->in, args[3], "atol", &t->atol) &&
           ls_truth(w->in, args[4], &t->equal_nan);
}

/* np.isclose, np.allclose, torch.isclose, torch.allclose: op 1 for the whole. */
BUILTIN(close_to) {
    lsv_array *a, *b, *r;
    tolerance t;
    bool all;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b) || !tolerances(w, args, &t)) return false;
    if (w->kind == LSV_TORCH && a->dtype != b->dtype) {
        ls_raise(w->in, "RuntimeError", "allclose: the tensors have the dtypes %s and %s", lsv_dtype_name((lsv_dtype)a->dtype),
                 lsv_dtype_name((lsv_dtype)b->dtype));
        ls_hint(w->in, "x.double() or x.to(y.dtype) converts");
        return false;
    }
    if (!w->self->op) return ls_give(w, out, lsv_isclose(a, b, t.rtol, t.atol, t.equal_nan, &r, &w->err), &r);
    if (!ls_ok(w, lsv_allclose(a, b, t.rtol, t.atol, t.equal_nan, &all, &w->err))) return false;
    *out = ls_bool(all);
    return true;
}

/* x with its NaN replaced by zero, kept. */
static bool without_nan(ls_work *w, lsv_array **a) {
    lsv_array *r;
    if (!ls_ok(w, lsv_nan_to_num(*a, 0.0, INFINITY, -INFINITY, &r, &w->err)) || !ls_keep(w, r)) return false;
    *a = r;
    return true;
}

/* op 1: np.array_equiv, which broadcasts */
BUILTIN(np_array_equal) {
    lsv_array *a, *b;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b)) return false;
    if (w->self->op == 1) {
        bool all = false;
        lsv_array *r;
        int nd;
        ptrdiff_t shape[LSV_MAXDIM];
        if (lsv_broadcast(a, b, &nd, shape, &w->err) == LSV_OK) {
            lsv_reduce_options o = {.naxes = -1};
            if (!ls_binary_arrays(w, LSV_OP_EQ, a, b, &r) || !ls_ok(w, lsv_reduce(LSV_ALL, r, &o, &r, &w->err)) || !ls_keep(w, r))
                return false;
            all = lsv_item(r, NULL).i != 0;
        }
        *out = ls_bool(all);
        return true;
    }
    bool nan;
    if (!ls_truth(w->in, args[2], &nan)) return false;
    bool same = true;
    if (nan && lsv_dtype_is_float((lsv_dtype)a->dtype) && lsv_dtype_is_float((lsv_dtype)b->dtype)) {
        lsv_array *na, *nb;
        if (!ls_unary_array(w, LSV_FN_ISNAN, a, &na) || !ls_unary_array(w, LSV_FN_ISNAN, b, &nb)) return false;
        same = lsv_array_equal(na, nb);
        if (!without_nan(w, &a) || !without_nan(w, &b)) return false;
    }
    *out = ls_bool(same && lsv_array_equal(a, b));
    return true;
}

BUILTIN(torch_equal) {
    lsv_array *a, *b;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b)) return false;
    *out = ls_bool(lsv_array_equal(a, b));
    return true;
}

/* ---- odds and ends ---- */

static bool number_or_nan(ls_work *w, ls_value v, const char *what, double *x) {
    *x = NAN;
    return ls_is_none(v) || ls_as_double(w->in, v, what, x);
}

/* np.nan_to_num(x, copy, nan, posinf, neginf); torch.nan_to_num(input, nan, posinf, neginf) */
BUILTIN(nan_to_num) {
    lsv_array *a, *r;
    double nan, pos, neg;
    const ls_value *v = args + (w->kind == LSV_NUMPY ? 2 : 1);
    if (!ls_arg(w, args, 0, &a) || !number_or_nan(w, v[0], "nan", &nan) || !number_or_nan(w, v[1], "posinf", &pos) ||
        !number_or_nan(w, v[2], "neginf", &neg))
        return false;
    if (!ls_ok(w, lsv_nan_to_num(a, nan, pos, neg, &r, &w->err))) return false;
    if (w->kind == LSV_TORCH || args[1].tag != LS_BOOL || args[1].b) return ls_give(w, out, LSV_OK, &r);
    if (!ls_keep(w, r) || !ls_ok(w, lsv_assign(a, r, &w->err))) return false;
    return ls_give_kept(w, out, a);
}

/* np.isposinf, np.isneginf: op is the sign */
BUILTIN(is_signed_inf) {
    lsv_array *a, *r;
    if (!ls_operand(w, args, 0, &a)) return false;
    double cell;
    lsv_array inf = lsv_scalar_array((lsv_kind)a->kind, lsv_scalar_float(w->self->op > 0 ? INFINITY : -INFINITY), LSV_WEAK, &cell);
    return ls_give(w, out, lsv_binary(LSV_OP_EQ, a, &inf, &r, &w->err), &r);
}

BUILTIN(heaviside) {
    lsv_array *a, *b, *pos, *zero, *r;
    if (!ls_operand(w, args, 0, &a) || !ls_operand(w, args, 1, &b)) return false;
    if (!ls_binary_number(w, LSV_OP_GT, a, 0, &pos) || !ls_binary_number(w, LSV_OP_EQ, a, 0, &zero)) return false;
    if (!ls_ok(w, lsv_where(zero, b, pos, &r, &w->err))) return false;
    if (!ls_keep(w, r)) return false;
    return ls_give(w, out, lsv_astype(r, lsv_promote(a, b), &r, &w->err), &r);
}

/* np.divmod */
BUILTIN(np_divmod) {
    lsv_array *a, *b, *r[2];
    if (!ls_operand(w, args, 0, &a) || !ls_operand(w, args, 1, &b)) return false;
    if (!ls_binary_arrays(w, LSV_OP_FLOORDIV, a, b, &r[0]) || !ls_binary_arrays(w, LSV_OP_MOD, a, b, &r[1])) return false;
    lsv_ref(r[0]);
    lsv_ref(r[1]);
    return ls_give_arrays(w, out, LSV_OK, NULL, 2, r);
}

/* torch.frac, np.modf's first part: x - trunc(x) */
BUILTIN(frac) {
    lsv_array *a, *t, *r;
    if (!ls_operand(w, args, 0, &a) || !ls_unary_array(w, LSV_FN_TRUNC, a, &t)) return false;
    if (w->kind == LSV_TORCH) return ls_give(w, out, lsv_binary(LSV_OP_SUB, a, t, &r, &w->err), &r);
    if (!ls_binary_arrays(w, LSV_OP_SUB, a, t, &r)) return false;
    lsv_array *pair[2] = {lsv_ref(r), lsv_ref(t)};
    return ls_give_arrays(w, out, LSV_OK, NULL, 2, pair);
}

/* np.fabs: a float in any case */
BUILTIN(np_fabs) {
    lsv_array *a, *r;
    if (!ls_operand(w, args, 0, &a)) return false;
    if (!lsv_dtype_is_float((lsv_dtype)a->dtype) && (!ls_ok(w, lsv_astype(a, LSV_FLOAT64, &a, &w->err)) || !ls_keep(w, a))) return false;
    return ls_give(w, out, lsv_unary(LSV_FN_ABS, a, &r, &w->err), &r);
}

/* np.copyto(dst, src) */
BUILTIN(np_copyto) {
    lsv_array *src;
    if (args[0].tag != LS_ARRAY) return ls_raise(w->in, "TypeError", "copyto() argument 1 must be numpy.ndarray, not %s", ls_type_of(args[0])->name);
    return ls_operand(w, args, 1, &src) && ls_ok(w, lsv_assign(args[0].array, src, &w->err));
}

BUILTIN(float_power) {
    lsv_array *a, *b, *r, *da, *db;
    if (!ls_operand(w, args, 0, &a) || !ls_operand(w, args, 1, &b)) return false;
    if (!ls_ok(w, lsv_astype(a, LSV_FLOAT64, &da, &w->err)) || !ls_keep(w, da)) return false;
    if (!ls_ok(w, lsv_astype(b, LSV_FLOAT64, &db, &w->err)) || !ls_keep(w, db)) return false;
    return ls_give(w, out, lsv_binary(LSV_OP_POW, da, db, &r, &w->err), &r);
}

/* start + weight * (end - start) */
BUILTIN(torch_lerp) {
    lsv_array *a, *b, *t, *d, *r;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b) || !ls_operand(w, args, 2, &t)) return false;
    if (!ls_binary_arrays(w, LSV_OP_SUB, b, a, &d) || !ls_binary_arrays(w, LSV_OP_MUL, d, t, &d)) return false;
    return ls_give(w, out, lsv_binary(LSV_OP_ADD, a, d, &r, &w->err), &r);
}

/* input + value * t1 * t2 (or / t2): op is the operation */
BUILTIN(torch_addcmul) {
    lsv_array *a, *x, *y, *s, *r;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &x) || !ls_arg(w, args, 2, &y) || !ls_operand(w, args, 3, &s)) return false;
    if (!ls_binary_arrays(w, w->self->op, x, y, &r) || !ls_binary_arrays(w, LSV_OP_MUL, r, s, &r)) return false;
    return ls_give(w, out, lsv_binary(LSV_OP_ADD, a, r, &r, &w->err), &r);
}

/* np.extract(condition, arr): the elements where the condition holds */
BUILTIN(np_extract) {
    lsv_array *c, *a, *r;
    if (!ls_arg(w, args, 0, &c) || !ls_arg(w, args, 1, &a)) return false;
    if (!ls_ok(w, lsv_ravel(c, false, &c, &w->err)) || !ls_keep(w, c) || !ls_ok(w, lsv_ravel(a, false, &a, &w->err)) || !ls_keep(w, a)) return false;
    if (c->dtype != LSV_BOOL && (!ls_ok(w, lsv_astype(c, LSV_BOOL, &c, &w->err)) || !ls_keep(w, c))) return false;
    lsv_index ix = {.type = LSV_IX_ARRAY, .array = c};
    return ls_give(w, out, lsv_index_get(a, &ix, 1, &r, &w->err), &r);
}

/* np.sinc, torch.sinc: sin(pi x) / (pi x), 1 at zero */
BUILTIN(sinc) {
    lsv_array *a, *x, *s, *zero, *r;
    if (!ls_operand(w, args, 0, &a) || !ls_binary_number(w, LSV_OP_MUL, a, 3.141592653589793, &x)) return false;
    if (!ls_binary_number(w, LSV_OP_EQ, x, 0, &zero) || !ls_unary_array(w, LSV_FN_SIN, x, &s) || !ls_binary_arrays(w, LSV_OP_DIV, s, x, &s)) return false;
    double cell;
    lsv_array one = lsv_scalar_array((lsv_kind)a->kind, lsv_scalar_float(1), LSV_WEAK, &cell);
    return ls_give(w, out, lsv_where(zero, &one, s, &r, &w->err), &r);
}

#define CLOSE "(a, b, rtol=1e-05, atol=1e-08, equal_nan=False)"
#define TCLOSE "(input, other, rtol=1e-05, atol=1e-08, equal_nan=False)"

const ls_builtin ls_family_select[] = {
    {"np.where jnp.where", "(condition, x=None, y=None)", "x where the condition holds, y elsewhere; with the condition alone, its nonzero indices",
     NULL, NULL, np_where, 0, LS_CALLABLE, NULL},
    {"torch.where", "(condition, input=None, other=None)", "input where the condition holds, other elsewhere", NULL, NULL, torch_where, 0, LS_CALLABLE, NULL},
    {"tensor.where", "(self, condition, other)", "self where the condition holds, other elsewhere", NULL, NULL, tensor_where, 0, LS_CALLABLE, NULL},
    {"torch.masked_fill tensor.masked_fill", "(input, mask, value)", "A copy with value where the mask holds", NULL, NULL, torch_masked_fill, 0, LS_CALLABLE, NULL},
    {"tensor.masked_fill_", "(self, mask, value)", "value into the places where the mask holds", NULL, NULL, torch_masked_fill, 1, LS_CALLABLE, NULL},
    {"torch.masked_select tensor.masked_select", "(input, mask)", "The elements where the mask holds, in a row", NULL, NULL, torch_masked_select, 0, LS_CALLABLE, NULL},
    {"np.clip ndarray.clip jnp.clip", "(a, a_min=None, a_max=None, out=None, *, min=None, max=None)", "Values limited to a range",
     NULL, NULL, np_clip, 0, LS_CALLABLE, NULL},
    {"torch.clamp torch.clip tensor.clamp tensor.clip", "(input, min=None, max=None, *, out=None)", "Values limited to a range", NULL, NULL, torch_clamp, 0, LS_CALLABLE, NULL},
    {"tensor.clamp_ tensor.clip_", "(self, min=None, max=None)", "Values limited to a range, in place", NULL, NULL, torch_clamp, 1, LS_CALLABLE, NULL},
    {"torch.clamp_min tensor.clamp_min", "(input, min)", "Values not below min", NULL, NULL, torch_clamp_one, 0, LS_CALLABLE, NULL},
    {"torch.clamp_max tensor.clamp_max", "(input, max)", "Values not above max", NULL, NULL, torch_clamp_one, 1, LS_CALLABLE, NULL},
    {"np.round np.around ndarray.round jnp.round", "(a, decimals=0, out=None)", "Rounded to decimals, halves to even",
     NULL, NULL, np_round, 0, LS_CALLABLE, NULL},
    {"torch.round tensor.round", "(input, *, decimals=0, out=None)", "Rounded to decimals, halves to even", NULL, NULL, torch_round, 0, LS_CALLABLE, NULL},
    {"tensor.round_", "(self, *, decimals=0)", "Rounded in place", NULL, NULL, torch_round, 1, LS_CALLABLE, NULL},
    {"np.isclose jnp.isclose", CLOSE, "Where |a - b| <= atol + rtol * |b|", NULL, NULL, close_to, 0, LS_CALLABLE, NULL},
    {"np.allclose jnp.allclose", CLOSE, "Whether |a - b| <= atol + rtol * |b| everywhere", NULL, "np.allclose([1.0, 2.0], [1.0, 2.0 + 1e-9])\nTrue", close_to, 1, LS_CALLABLE, NULL},
    {"torch.isclose tensor.isclose", TCLOSE, "Where |input - other| <= atol + rtol * |other|", NULL, NULL, close_to, 0, LS_CALLABLE, NULL},
    {"torch.allclose tensor.allclose", TCLOSE, "Whether |input - other| <= atol + rtol * |other| everywhere", NULL, NULL, close_to, 1, LS_CALLABLE, NULL},
    {"np.array_equal jnp.array_equal", "(a1, a2, equal_nan=False)", "Whether shapes and all elements are equal", NULL, NULL, np_array_equal, 0, LS_CALLABLE, NULL},
    {"np.array_equiv", "(a1, a2)", "Whether all elements are equal after broadcasting", NULL, NULL, np_array_equal, 1, LS_CALLABLE, NULL},
    {"torch.equal tensor.equal", "(input, other)", "Whether shapes and all elements are equal", NULL, NULL, torch_equal, 0, LS_CALLABLE, NULL},
    {"np.nan_to_num jnp.nan_to_num", "(x, copy=True, nan=0.0, posinf=None, neginf=None)", "NaN and infinities replaced by finite numbers", NULL, NULL, nan_to_num, 0, LS_CALLABLE, NULL},
    {"torch.nan_to_num tensor.nan_to_num", "(input, nan=0.0, posinf=None, neginf=None)", "NaN and infinities replaced by finite numbers", NULL, NULL, nan_to_num, 0, LS_CALLABLE, NULL},
    {"np.isposinf", "(x)", "Which elements are +infinity", NULL, NULL, is_signed_inf, 1, LS_CALLABLE, NULL},
    {"np.isneginf", "(x)", "Which elements are -infinity", NULL, NULL, is_signed_inf, -1, LS_CALLABLE, NULL},
    {"torch.isposinf tensor.isposinf", "(input)", "Which elements are +infinity", NULL, NULL, is_signed_inf, 1, LS_CALLABLE, NULL},
    {"torch.isneginf tensor.isneginf", "(input)", "Which elements are -infinity", NULL, NULL, is_signed_inf, -1, LS_CALLABLE, NULL},
    {"np.heaviside", "(x1, x2)", "0 below zero, 1 above, x2 at zero", NULL, NULL, heaviside, 0, LS_CALLABLE, NULL},
    {"torch.heaviside tensor.heaviside", "(input, values)", "0 below zero, 1 above, values at zero", NULL, NULL, heaviside, 0, LS_CALLABLE, NULL},
    {"np.extract", "(condition, arr)", "The elements where the condition holds, in a row", NULL, NULL, np_extract, 0, LS_CALLABLE, NULL},
    {"np.sinc", "(x)", "sin(pi x) / (pi x)", NULL, NULL, sinc, 0, LS_CALLABLE, NULL},
    {"torch.sinc tensor.sinc", "(input)", "sin(pi x) / (pi x)", NULL, NULL, sinc, 0, LS_CALLABLE, NULL},
    {"np.divmod", "(x1, x2)", "(x1 // x2, x1 % x2)", NULL, NULL, np_divmod, 0, LS_CALLABLE, NULL},
    {"np.modf", "(x)", "(fraction, whole part) of each element", NULL, NULL, frac, 0, LS_CALLABLE, NULL},
    {"torch.frac tensor.frac", "(input)", "x - trunc(x), element by element", NULL, NULL, frac, 0, LS_CALLABLE, NULL},
    {"np.fabs", "(x)", "Absolute value as a float", NULL, NULL, np_fabs, 0, LS_CALLABLE, NULL},
    {"np.copyto", "(dst, src)", "The elements of src into dst", NULL, NULL, np_copyto, 0, LS_CALLABLE, NULL},
    {"np.float_power", "(x1, x2)", "x1 to the power x2 in float64", NULL, NULL, float_power, 0, LS_CALLABLE, NULL},
    {"torch.float_power tensor.float_power", "(input, exponent)", "input to the power exponent in float64", NULL, NULL, float_power, 0, LS_CALLABLE, NULL},
    {"torch.lerp tensor.lerp", "(input, end, weight)", "input + weight * (end - input)", NULL, NULL, torch_lerp, 0, LS_CALLABLE, NULL},
    {"torch.addcmul tensor.addcmul", "(input, tensor1, tensor2, *, value=1)", "input + value * tensor1 * tensor2", NULL, NULL, torch_addcmul, LSV_OP_MUL, LS_CALLABLE, NULL},
    {"torch.addcdiv tensor.addcdiv", "(input, tensor1, tensor2, *, value=1)", "input + value * tensor1 / tensor2", NULL, NULL, torch_addcmul, LSV_OP_DIV, LS_CALLABLE, NULL},
    {.names = NULL}};
