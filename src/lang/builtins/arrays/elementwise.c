/* Element-wise functions: np.exp, torch.exp, tensor.exp, tensor.exp_ and so on are rows of two lists,
   each row one operation of array/elementwise.h under all its names. Three functions serve every
   unary row, three every binary one. What takes more than operands is in select.c.

   np.f(tensor) works on the tensor and gives a tensor, as NumPy's ufuncs do through __array_wrap__. */
#include "array/elementwise.h"
#include "lang/builtins/support.h"

/* ---- unary ---- */

/* X(operation, NumPy names, torch names, in-place methods, summary) */
#define UNARY_ROWS(X)                                                                                                  \
    X(NEG, "np.negative jnp.negative", "torch.neg torch.negative tensor.neg tensor.negative", "tensor.neg_", "-x, element by element") \
    X(POS, "np.positive jnp.positive", "torch.positive tensor.positive", "", "+x, element by element")                 \
    X(ABS, "np.abs np.absolute jnp.abs jnp.absolute", "torch.abs torch.absolute tensor.abs tensor.absolute", "tensor.abs_", "Absolute value, element by element") \
    X(INVERT, "np.invert np.bitwise_not np.bitwise_invert jnp.invert", "torch.bitwise_not tensor.bitwise_not", "", "~x: bits inverted, or logical not of bools") \
    X(LOGICAL_NOT, "np.logical_not jnp.logical_not", "torch.logical_not tensor.logical_not", "tensor.logical_not_", "not x, element by element") \
    X(SIGN, "np.sign jnp.sign", "torch.sign torch.sgn tensor.sign tensor.sgn", "tensor.sign_", "-1, 0 or 1 by the sign of each element") \
    X(SQRT, "np.sqrt jnp.sqrt", "torch.sqrt tensor.sqrt", "tensor.sqrt_", "Square root, element by element")           \
    X(RSQRT, "", "torch.rsqrt tensor.rsqrt", "tensor.rsqrt_", "1 / sqrt(x), element by element")                       \
    X(CBRT, "np.cbrt jnp.cbrt", "", "", "Cube root, element by element")                                               \
    X(SQUARE, "np.square jnp.square", "torch.square tensor.square", "tensor.square_", "x * x, element by element")     \
    X(RECIPROCAL, "np.reciprocal jnp.reciprocal", "torch.reciprocal tensor.reciprocal", "tensor.reciprocal_", "1 / x, element by element") \
    X(EXP, "np.exp jnp.exp", "torch.exp tensor.exp", "tensor.exp_", "e to the power x, element by element")            \
    X(EXP2, "np.exp2 jnp.exp2", "torch.exp2 tensor.exp2 torch.special.exp2", "tensor.exp2_", "2 to the power x, element by element") \
    X(EXPM1, "np.expm1 jnp.expm1", "torch.expm1 torch.special.expm1 tensor.expm1", "tensor.expm1_", "exp(x) - 1, exact for small x")       \
    X(LOG, "np.log jnp.log", "torch.log tensor.log", "tensor.log_", "Natural logarithm, element by element")           \
    X(LOG2, "np.log2 jnp.log2", "torch.log2 tensor.log2", "tensor.log2_", "Logarithm to base 2, element by element")   \
    X(LOG10, "np.log10 jnp.log10", "torch.log10 tensor.log10", "tensor.log10_", "Logarithm to base 10, element by element") \
    X(LOG1P, "np.log1p jnp.log1p", "torch.log1p torch.special.log1p tensor.log1p", "tensor.log1p_", "log(1 + x), exact for small x")       \
    X(SIN, "np.sin jnp.sin", "torch.sin tensor.sin", "tensor.sin_", "Sine, element by element")                        \
    X(COS, "np.cos jnp.cos", "torch.cos tensor.cos", "tensor.cos_", "Cosine, element by element")                      \
    X(TAN, "np.tan jnp.tan", "torch.tan tensor.tan", "tensor.tan_", "Tangent, element by element")                     \
    X(ARCSIN, "np.arcsin np.asin jnp.arcsin", "torch.asin torch.arcsin tensor.asin tensor.arcsin", "tensor.asin_", "Inverse sine, element by element") \
    X(ARCCOS, "np.arccos np.acos jnp.arccos", "torch.acos torch.arccos tensor.acos tensor.arccos", "tensor.acos_", "Inverse cosine, element by element") \
    X(ARCTAN, "np.arctan np.atan jnp.arctan", "torch.atan torch.arctan tensor.atan tensor.arctan", "tensor.atan_", "Inverse tangent, element by element") \
    X(SINH, "np.sinh jnp.sinh", "torch.sinh tensor.sinh", "tensor.sinh_", "Hyperbolic sine, element by element")       \
    X(COSH, "np.cosh jnp.cosh", "torch.cosh tensor.cosh", "tensor.cosh_", "Hyperbolic cosine, element by element")     \
    X(TANH, "np.tanh jnp.tanh", "torch.tanh tensor.tanh torch.nn.functional.tanh", "tensor.tanh_", "Hyperbolic tangent, element by element") \
    X(ARCSINH, "np.arcsinh np.asinh jnp.arcsinh", "torch.asinh torch.arcsinh tensor.asinh tensor.arcsinh", "tensor.asinh_", "Inverse hyperbolic sine, element by element") \
    X(ARCCOSH, "np.arccosh np.acosh jnp.arccosh", "torch.acosh torch.arccosh tensor.acosh tensor.arccosh", "tensor.acosh_", "Inverse hyperbolic cosine, element by element") \
    X(ARCTANH, "np.arctanh np.atanh jnp.arctanh", "torch.atanh torch.arctanh tensor.atanh tensor.arctanh", "tensor.atanh_", "Inverse hyperbolic tangent, element by element") \
    X(FLOOR, "np.floor jnp.floor", "torch.floor tensor.floor", "tensor.floor_", "Largest integer not above x, as a float")  \
    X(CEIL, "np.ceil jnp.ceil", "torch.ceil tensor.ceil", "tensor.ceil_", "Smallest integer not below x, as a float")  \
    X(TRUNC, "np.trunc np.fix jnp.trunc", "torch.trunc torch.fix tensor.trunc tensor.fix", "tensor.trunc_", "x without its fraction") \
    X(RINT, "np.rint jnp.rint", "", "", "Nearest integer, ties to even")                                               \
    X(SIGMOID, "", "torch.sigmoid torch.special.expit torch.nn.functional.sigmoid tensor.sigmoid", "tensor.sigmoid_", "1 / (1 + exp(-x)), element by element") \
    X(RELU, "", "torch.relu torch.nn.functional.relu tensor.relu", "tensor.relu_ torch.relu_", "max(x, 0), element by element") \
    X(ERF, "", "torch.erf torch.special.erf tensor.erf", "tensor.erf_", "Error function, element by element")          \
    X(DEG2RAD, "np.deg2rad np.radians jnp.deg2rad jnp.radians", "torch.deg2rad tensor.deg2rad", "tensor.deg2rad_", "Degrees to radians") \
    X(RAD2DEG, "np.rad2deg np.degrees jnp.rad2deg jnp.degrees", "torch.rad2deg tensor.rad2deg", "tensor.rad2deg_", "Radians to degrees") \
    X(ISNAN, "np.isnan jnp.isnan", "torch.isnan tensor.isnan", "", "Which elements are NaN")                           \
    X(ISINF, "np.isinf jnp.isinf", "torch.isinf tensor.isinf", "", "Which elements are infinite")                      \
    X(ISFINITE, "np.isfinite jnp.isfinite", "torch.isfinite tensor.isfinite", "", "Which elements are neither NaN nor infinite") \
    X(SIGNBIT, "np.signbit jnp.signbit", "torch.signbit tensor.signbit", "", "Which elements have their sign bit set")

/* dtype= of a ufunc: compute in that type. */
static bool in_dtype(ls_work *w, ls_value dtype, lsv_array **a) {
    if (ls_is_none(dtype)) return true;
    lsv_dtype d;
    lsv_array *r;
    return ls_dtype_or(w, dtype, LSV_FLOAT64, &d) && ls_ok(w, lsv_as_dtype(*a, d, &r, &w->err)) && ls_keep(w, r) &&
           (*a = r, true);
}

BUILTIN(np_unary) {
    lsv_array *a, *r;
    if (!ls_operand(w, args, 0, &a) || !in_dtype(w, args[2], &a)) return false;
    return ls_give_into(w, out, args[1], lsv_unary((lsv_unary_op)w->self->op, a, &r, &w->err), &r);
}

BUILTIN(torch_unary) {
    lsv_array *a, *r;
    if (!ls_arg(w, args, 0, &a)) return false;
    return ls_give_into(w, out, args[1], lsv_unary((lsv_unary_op)w->self->op, a, &r, &w->err), &r);
}

/* An in-place method may not change a leaf that autograd watches. */
static bool writable(ls_work *w, const lsv_array *a) {
    if (!(w->in->grad_enabled && (a->flags & LSV_REQUIRES_GRAD) && !a->tape)) return true;
    ls_raise(w->in, "RuntimeError", "a leaf Variable that requires grad is being used in an in-place operation.");
    ls_hint(w->in, "a plain copy is x.detach().clone()");
    return false;
}

BUILTIN(torch_unary_) {
    lsv_array *a, *r;
    if (!ls_arg(w, args, 0, &a) || !writable(w, a) || !ls_unary_array(w, w->self->op, a, &r)) return false;
    if (lsv_dtype_is_float((lsv_dtype)r->dtype) && !lsv_dtype_is_float((lsv_dtype)a->dtype))
        return ls_raise(w->in, "RuntimeError", "result type Float can't be cast to the desired output type %s",
                        a->dtype == LSV_BOOL ? "Bool" : a->dtype == LSV_INT32 ? "Int" : "Long");
    if (!ls_ok(w, lsv_assign(a, r, &w->err))) return false;
    *out = ls_ref(args[0]);
    return true;
}

#define NP_ROW(op_, np, torch, inplace, text) \
    {.names = np, .signature = "(x, out=None, *, dtype=None)", .summary = text, .function = np_unary, .op = LSV_FN_##op_, .kind = LS_UNARY_UFUNC},
#define TORCH_ROW(op_, np, torch, inplace, text) \
    {.names = torch, .signature = "(input, *, out=None)", .summary = text, .function = torch_unary, .op = LSV_FN_##op_},
#define INPLACE_ROW(op_, np, torch, inplace, text) \
    {.names = inplace, .signature = "(self)", .summary = text ", in place", .function = torch_unary_, .op = LSV_FN_##op_},

const ls_builtin ls_family_unary[] = {UNARY_ROWS(NP_ROW) UNARY_ROWS(TORCH_ROW) UNARY_ROWS(INPLACE_ROW){.names = NULL}};

/* ---- binary ---- */

/* X(operation, NumPy names, torch names, in-place methods, summary) */
#define BINARY_ROWS(X)                                                                                                 \
    X(DIV, "np.divide np.true_divide jnp.divide jnp.true_divide", "", "", "x1 / x2, element by element")               \
    X(FLOORDIV, "np.floor_divide jnp.floor_divide", "torch.floor_divide tensor.floor_divide", "tensor.floor_divide_", "Largest integer not above x1 / x2") \
    X(MOD, "np.remainder np.mod jnp.remainder jnp.mod", "torch.remainder tensor.remainder", "tensor.remainder_", "Remainder with the divisor's sign, as Python's %") \
    X(FMOD, "np.fmod jnp.fmod", "torch.fmod tensor.fmod", "tensor.fmod_", "Remainder with the dividend's sign, as C's") \
    X(POW, "np.power np.pow jnp.power", "", "tensor.pow_", "x1 to the power x2, element by element")                   \
    X(ATAN2, "np.arctan2 np.atan2 jnp.arctan2", "torch.atan2 torch.arctan2 tensor.atan2 tensor.arctan2", "tensor.atan2_", "Angle of the point (x2, x1)") \
    X(HYPOT, "np.hypot jnp.hypot", "torch.hypot tensor.hypot", "tensor.hypot_", "sqrt(x1**2 + x2**2) without overflow") \
    X(COPYSIGN, "np.copysign jnp.copysign", "torch.copysign tensor.copysign", "tensor.copysign_", "x1 with the sign of x2") \
    X(MAXIMUM, "np.maximum jnp.maximum", "torch.maximum tensor.maximum", "", "The larger of two, element by element; NaN wins") \
    X(MINIMUM, "np.minimum jnp.minimum", "torch.minimum tensor.minimum", "", "The smaller of two, element by element; NaN wins") \
    X(FMAX, "np.fmax jnp.fmax", "torch.fmax tensor.fmax", "", "The larger of two, element by element; NaN loses")      \
    X(FMIN, "np.fmin jnp.fmin", "torch.fmin tensor.fmin", "", "The smaller of two, element by element; NaN loses")     \
    X(LOGADDEXP, "np.logaddexp jnp.logaddexp", "torch.logaddexp tensor.logaddexp", "", "log(exp(x1) + exp(x2)) without overflow") \
    X(GCD, "np.gcd jnp.gcd", "torch.gcd tensor.gcd", "", "Greatest common divisor, element by element")                \
    X(LCM, "np.lcm jnp.lcm", "torch.lcm tensor.lcm", "", "Least common multiple, element by element")                  \
    X(AND, "np.bitwise_and jnp.bitwise_and", "torch.bitwise_and tensor.bitwise_and", "tensor.bitwise_and_", "x1 & x2, element by element") \
    X(OR, "np.bitwise_or jnp.bitwise_or", "torch.bitwise_or tensor.bitwise_or", "tensor.bitwise_or_", "x1 | x2, element by element") \
    X(XOR, "np.bitwise_xor jnp.bitwise_xor", "torch.bitwise_xor tensor.bitwise_xor", "tensor.bitwise_xor_", "x1 ^ x2, element by element") \
    X(LSHIFT, "np.left_shift np.bitwise_left_shift jnp.left_shift", "torch.bitwise_left_shift tensor.bitwise_left_shift", "", "x1 << x2, element by element") \
    X(RSHIFT, "np.right_shift np.bitwise_right_shift jnp.right_shift", "torch.bitwise_right_shift tensor.bitwise_right_shift", "", "x1 >> x2, element by element") \
    X(LT, "np.less jnp.less", "torch.lt torch.less tensor.lt tensor.less", "", "x1 < x2, element by element")          \
    X(LE, "np.less_equal jnp.less_equal", "torch.le torch.less_equal tensor.le tensor.less_equal", "", "x1 <= x2, element by element") \
    X(GT, "np.greater jnp.greater", "torch.gt torch.greater tensor.gt tensor.greater", "", "x1 > x2, element by element") \
    X(GE, "np.greater_equal jnp.greater_equal", "torch.ge torch.greater_equal tensor.ge tensor.greater_equal", "", "x1 >= x2, element by element") \
    X(EQ, "np.equal jnp.equal", "torch.eq tensor.eq", "", "x1 == x2, element by element")                              \
    X(NE, "np.not_equal jnp.not_equal", "torch.ne torch.not_equal tensor.ne tensor.not_equal", "", "x1 != x2, element by element") \
    X(LOGICAL_AND, "np.logical_and jnp.logical_and", "torch.logical_and tensor.logical_and", "tensor.logical_and_", "x1 and x2, element by element") \
    X(LOGICAL_OR, "np.logical_or jnp.logical_or", "torch.logical_or tensor.logical_or", "tensor.logical_or_", "x1 or x2, element by element") \
    X(LOGICAL_XOR, "np.logical_xor jnp.logical_xor", "torch.logical_xor tensor.logical_xor", "tensor.logical_xor_", "Exactly one of x1 and x2, element by element") \
    X(ADD, "np.add jnp.add", "", "", "x1 + x2, element by element")                                                    \
    X(SUB, "np.subtract jnp.subtract", "", "", "x1 - x2, element by element")                                          \
    X(MUL, "np.multiply jnp.multiply", "torch.mul torch.multiply tensor.mul tensor.multiply", "tensor.mul_ tensor.multiply_", "x1 * x2, element by element")

BUILTIN(np_binary) {
    lsv_array *a, *b, *r;
    if (!ls_operand(w, args, 0, &a) || !ls_operand(w, args, 1, &b)) return false;
    if (!in_dtype(w, args[3], &a) || !in_dtype(w, args[3], &b)) return false;
    return ls_give_into(w, out, args[2], lsv_binary((lsv_binary_op)w->self->op, a, b, &r, &w->err), &r);
}

BUILTIN(torch_binary) {
    lsv_array *a, *b, *r;
    if (!ls_operand(w, args, 0, &a) || !ls_operand(w, args, 1, &b)) return false;
    return ls_give_into(w, out, args[2], lsv_binary((lsv_binary_op)w->self->op, a, b, &r, &w->err), &r);
}

BUILTIN(torch_binary_) {
    lsv_array *a, *b;
    if (!ls_arg(w, args, 0, &a) || !ls_operand(w, args, 1, &b) || !writable(w, a)) return false;
    if (!ls_ok(w, lsv_binary_into((lsv_binary_op)w->self->op, a, b, &w->err))) return false;
    *out = ls_ref(args[0]);
    return true;
}

/* other * alpha for add and sub; alpha 1 costs nothing. */
static bool scaled(ls_work *w, const ls_value *args, int alpha, lsv_array **b) {
    ls_value v = args[alpha];
    if (v.tag == LS_INT && v.i == 1) return true;
    lsv_array *s;
    return ls_operand(w, args, alpha, &s) && ls_binary_arrays(w, LSV_OP_MUL, *b, s, b);
}

/* torch.add(input, other, *, alpha=1, out=None), sub */
BUILTIN(torch_add) {
    lsv_array *a, *b, *r;
    if (!ls_operand(w, args, 0, &a) || !ls_operand(w, args, 1, &b) || !scaled(w, args, 2, &b)) return false;
    return ls_give_into(w, out, args[3], lsv_binary((lsv_binary_op)w->self->op, a, b, &r, &w->err), &r);
}

BUILTIN(torch_add_) {
    lsv_array *a, *b;
    if (!ls_arg(w, args, 0, &a) || !ls_operand(w, args, 1, &b) || !writable(w, a) || !scaled(w, args, 2, &b)) return false;
    if (!ls_ok(w, lsv_binary_into((lsv_binary_op)w->self->op, a, b, &w->err))) return false;
    *out = ls_ref(args[0]);
    return true;
}

/* other - alpha * input */
BUILTIN(torch_rsub) {
    lsv_array *a, *b, *r;
    if (!ls_arg(w, args, 0, &a) || !ls_operand(w, args, 1, &b) || !scaled(w, args, 2, &a)) return false;
    return ls_give(w, out, lsv_binary(LSV_OP_SUB, b, a, &r, &w->err), &r);
}

static bool rounding(ls_work *w, ls_value mode, int *op, bool *trunc) {
    *trunc = ls_text_is(mode, "trunc");
    *op = ls_text_is(mode, "floor") ? LSV_OP_FLOORDIV : LSV_OP_DIV;
    if (ls_is_none(mode) || *trunc || *op == LSV_OP_FLOORDIV) return true;
    return ls_raise(w->in, "RuntimeError", "div expected rounding_mode to be one of None, 'trunc', or 'floor'");
}

BUILTIN(torch_div) {
    lsv_array *a, *b, *r;
    int op;
    bool trunc;
    if (!ls_operand(w, args, 0, &a) || !ls_operand(w, args, 1, &b) || !rounding(w, args[2], &op, &trunc)) return false;
    if (!trunc) return ls_give_into(w, out, args[3], lsv_binary((lsv_binary_op)op, a, b, &r, &w->err), &r);
    lsv_array *q;
    if (!ls_binary_arrays(w, op, a, b, &q) || !ls_unary_array(w, LSV_FN_TRUNC, q, &r)) return false;
    return ls_give(w, out, lsv_astype(r, lsv_promote(a, b), &q, &w->err), &q);
}

BUILTIN(torch_div_) {
    lsv_array *a, *b;
    int op;
    bool trunc;
    if (!ls_arg(w, args, 0, &a) || !ls_operand(w, args, 1, &b) || !writable(w, a)) return false;
    if (!rounding(w, args[2], &op, &trunc) || !ls_ok(w, lsv_binary_into((lsv_binary_op)op, a, b, &w->err))) return false;
    if (trunc) {
        lsv_array *r;
        if (!ls_unary_array(w, LSV_FN_TRUNC, a, &r) || !ls_ok(w, lsv_assign(a, r, &w->err))) return false;
    }
    *out = ls_ref(args[0]);
    return true;
}

#define NP2_ROW(op_, np, torch, inplace, text) \
    {.names = np, .signature = "(x1, x2, out=None, *, dtype=None)", .summary = text, .function = np_binary, .op = LSV_OP_##op_, .kind = LS_BINARY_UFUNC},
#define TORCH2_ROW(op_, np, torch, inplace, text) \
    {.names = torch, .signature = "(input, other, *, out=None)", .summary = text, .function = torch_binary, .op = LSV_OP_##op_},
#define INPLACE2_ROW(op_, np, torch, inplace, text) \
    {.names = inplace, .signature = "(self, other)", .summary = text ", in place", .function = torch_binary_, .op = LSV_OP_##op_},

const ls_builtin ls_family_binary[] = {
    BINARY_ROWS(NP2_ROW) BINARY_ROWS(TORCH2_ROW) BINARY_ROWS(INPLACE2_ROW)
    {"torch.pow tensor.pow", "(input, exponent, *, out=None)", "input to the power exponent, element by element", NULL, NULL, torch_binary, LSV_OP_POW, LS_CALLABLE, NULL},
    {"torch.add tensor.add", "(input, other, *, alpha=1, out=None)", "input + alpha * other", NULL, NULL, torch_add, LSV_OP_ADD, LS_CALLABLE, NULL},
    {"torch.sub torch.subtract tensor.sub tensor.subtract", "(input, other, *, alpha=1, out=None)", "input - alpha * other", NULL, NULL, torch_add, LSV_OP_SUB, LS_CALLABLE, NULL},
    {"torch.rsub", "(input, other, *, alpha=1)", "other - alpha * input", NULL, NULL, torch_rsub, 0, LS_CALLABLE, NULL},
    {"tensor.add_", "(self, other, *, alpha=1)", "self += alpha * other", NULL, NULL, torch_add_, LSV_OP_ADD, LS_CALLABLE, NULL},
    {"tensor.sub_ tensor.subtract_", "(self, other, *, alpha=1)", "self -= alpha * other", NULL, NULL, torch_add_, LSV_OP_SUB, LS_CALLABLE, NULL},
    {"torch.div torch.divide torch.true_divide tensor.div tensor.divide tensor.true_divide", "(input, other, *, rounding_mode=None, out=None)",
     "input / other; rounding_mode \"floor\" or \"trunc\" rounds the quotient", NULL, NULL, torch_div, 0, LS_CALLABLE, NULL},
    {"tensor.div_ tensor.divide_", "(self, other, *, rounding_mode=None)", "self /= other", NULL, NULL, torch_div_, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
