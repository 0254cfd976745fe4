/* Derivatives of element-wise operations. A row of a table says what an operation is called in print
   and gives its derivative from g, the input x and the result y. */
#include "grad/rules.h"

#include <math.h>
#include <string.h>

typedef lsv_array *A;

/* ---- unary ---- */

static A d_neg(gwork *w, A g, A x, A y) {
    (void)x, (void)y;
    return gw_neg(w, g);
}
static A d_pos(gwork *w, A g, A x, A y) {
    (void)w, (void)x, (void)y;
    return g;
}
static A d_abs(gwork *w, A g, A x, A y) {
    (void)y;
    return gw_mul(w, g, gw_un(w, LSV_FN_SIGN, x));
}
static A d_zero(gwork *w, A g, A x, A y) {
    (void)x, (void)y;
    return gw_zeros(w, g);
}
static A d_sqrt(gwork *w, A g, A x, A y) {
    (void)x;
    return gw_div(w, g, gw_scale(w, y, 2));
}
static A d_rsqrt(gwork *w, A g, A x, A y) {
    (void)x;
    return gw_mul(w, gw_scale(w, g, -0.5), gw_num(w, LSV_OP_POW, y, 3));
}
static A d_cbrt(gwork *w, A g, A x, A y) {
    (void)x;
    return gw_div(w, g, gw_scale(w, gw_mul(w, y, y), 3));
}
static A d_square(gwork *w, A g, A x, A y) {
    (void)y;
    return gw_mul(w, g, gw_scale(w, x, 2));
}
static A d_reciprocal(gwork *w, A g, A x, A y) {
    (void)x;
    return gw_mul(w, gw_neg(w, g), gw_mul(w, y, y));
}
static A d_exp(gwork *w, A g, A x, A y) {
    (void)x;
    return gw_mul(w, g, y);
}
static A d_exp2(gwork *w, A g, A x, A y) {
    (void)x;
    return gw_scale(w, gw_mul(w, g, y), log(2.0));
}
static A d_expm1(gwork *w, A g, A x, A y) {
    (void)x;
    return gw_mul(w, g, gw_num(w, LSV_OP_ADD, y, 1));
}
static A d_log(gwork *w, A g, A x, A y) {
    (void)y;
    return gw_div(w, g, x);
}
static A d_log2(gwork *w, A g, A x, A y) {
    (void)y;
    return gw_div(w, g, gw_scale(w, x, log(2.0)));
}
static A d_log10(gwork *w, A g, A x, A y) {
    (void)y;
    return gw_div(w, g, gw_scale(w, x, log(10.0)));
}
static A d_log1p(gwork *w, A g, A x, A y) {
    (void)y;
    return gw_div(w, g, gw_num(w, LSV_OP_ADD, x, 1));
}
static A d_sin(gwork *w, A g, A x, A y) {
    (void)y;
    return gw_mul(w, g, gw_un(w, LSV_FN_COS, x));
}
static A d_cos(gwork *w, A g, A x, A y) {
    (void)y;
    return gw_mul(w, g, gw_neg(w, gw_un(w, LSV_FN_SIN, x)));
}
static A d_tan(gwork *w, A g, A x, A y) {
    (void)x;
    return gw_mul(w, g, gw_num(w, LSV_OP_ADD, gw_mul(w, y, y), 1));
}
static A one_minus_square(gwork *w, A x) { return gw_rnum(w, LSV_OP_SUB, 1, gw_mul(w, x, x)); }
static A d_asin(gwork *w, A g, A x, A y) {
    (void)y;
    return gw_div(w, g, gw_un(w, LSV_FN_SQRT, one_minus_square(w, x)));
}
static A d_acos(gwork *w, A g, A x, A y) { return gw_neg(w, d_asin(w, g, x, y)); }
static A d_atan(gwork *w, A g, A x, A y) {
    (void)y;
    return gw_div(w, g, gw_num(w, LSV_OP_ADD, gw_mul(w, x, x), 1));
}
static A d_sinh(gwork *w, A g, A x, A y) {
    (void)y;
    return gw_mul(w, g, gw_un(w, LSV_FN_COSH, x));
}
static A d_cosh(gwork *w, A g, A x, A y) {
    (void)y;
    return gw_mul(w, g, gw_un(w, LSV_FN_SINH, x));
}
static A d_tanh(gwork *w, A g, A x, A y) {
    (void)x;
    return gw_mul(w, g, one_minus_square(w, y));
}
static A d_asinh(gwork *w, A g, A x, A y) {
    (void)y;
    return gw_div(w, g, gw_un(w, LSV_FN_SQRT, gw_num(w, LSV_OP_ADD, gw_mul(w, x, x), 1)));
}
static A d_acosh(gwork *w, A g, A x, A y) {
    (void)y;
    return gw_div(w, g, gw_un(w, LSV_FN_SQRT, gw_num(w, LSV_OP_SUB, gw_mul(w, x, x), 1)));
}
static A d_atanh(gwork *w, A g, A x, A y) {
    (void)y;
    return gw_div(w, g, one_minus_square(w, x));
}
static A d_sigmoid(gwork *w, A g, A x, A y) {
    (void)x;
    return gw_mul(w, g, gw_mul(w, gw_rnum(w, LSV_OP_SUB, 1, y), y));
}
static A d_relu(gwork *w, A g, A x, A y) {
    (void)x;
    return gw_where(w, gw_num(w, LSV_OP_GT, y, 0), g, 0);
}
static A d_erf(gwork *w, A g, A x, A y) {
    (void)y;
    return gw_mul(w, gw_scale(w, gw_un(w, LSV_FN_EXP, gw_neg(w, gw_mul(w, x, x))), 1.1283791670955126), g);
}
static A d_deg2rad(gwork *w, A g, A x, A y) {
    (void)x, (void)y;
    return gw_scale(w, g, 0.017453292519943295);
}
static A d_rad2deg(gwork *w, A g, A x, A y) {
    (void)x, (void)y;
    return gw_scale(w, g, 57.29577951308232);
}

/* X(operation, as printed, derivative, which rule: made of the input, _OUT: of the result, _FREE: of
   neither). What is not here has no derivative. */
/* clang-format off */
#define UNARY(X) \
    X(NEG, "Neg", neg, _FREE) X(POS, "Add", pos, _FREE) X(ABS, "Abs", abs, ) \
    X(SIGN, "Sign", zero, _FREE) X(SQRT, "Sqrt", sqrt, _OUT) X(RSQRT, "Rsqrt", rsqrt, _OUT) \
    X(CBRT, "Cbrt", cbrt, _OUT) X(SQUARE, "Pow", square, ) X(RECIPROCAL, "Reciprocal", reciprocal, _OUT) \
    X(EXP, "Exp", exp, _OUT) X(EXP2, "Exp2", exp2, _OUT) X(EXPM1, "Expm1", expm1, _OUT) \
    X(LOG, "Log", log, ) X(LOG2, "Log2", log2, ) X(LOG10, "Log10", log10, ) X(LOG1P, "Log1P", log1p, ) \
    X(SIN, "Sin", sin, ) X(COS, "Cos", cos, ) X(TAN, "Tan", tan, _OUT) X(ARCSIN, "Asin", asin, ) \
    X(ARCCOS, "Acos", acos, ) X(ARCTAN, "Atan", atan, ) X(SINH, "Sinh", sinh, ) X(COSH, "Cosh", cosh, ) \
    X(TANH, "Tanh", tanh, _OUT) X(ARCSINH, "Asinh", asinh, ) X(ARCCOSH, "Acosh", acosh, ) \
    X(ARCTANH, "Atanh", atanh, ) X(FLOOR, "Floor", zero, _FREE) X(CEIL, "Ceil", zero, _FREE) \
    X(TRUNC, "Trunc", zero, _FREE) X(RINT, "Round", zero, _FREE) X(SIGMOID, "Sigmoid", sigmoid, _OUT) \
    X(RELU, "Relu", relu, _OUT) X(ERF, "Erf", erf, ) X(DEG2RAD, "Deg2Rad", deg2rad, _FREE) \
    X(RAD2DEG, "Rad2Deg", rad2deg, _FREE)
/* clang-format on */

typedef struct {
    const char *name;
    A (*derivative)(gwork *, A g, A x, A y);
    lsv_grad_rule_id rule;
} unary_row;
static const unary_row unary_rows[LSV_NUNARY] = {
#define X(OP, name, derivative, which) \
    [LSV_FN_##OP] = {name "Backward0", d_##derivative, LSV_GRAD_UNARY##which},
    UNARY(X)
#undef X
};

const char *lsv_grad_unary_name(lsv_unary_op op) { return unary_rows[op].name; }

lsv_grad_rule_id lsv_grad_unary_rule(lsv_unary_op op) { return unary_rows[op].rule; }

RULE(lsv_vjp_UNARY) { gw_give(w, gin, 0, unary_rows[w->n->attrs.op].derivative(w, g[0], gw_x(w, 0), NULL)); }
RULE(lsv_vjp_UNARY_OUT) {
    gw_give(w, gin, 0, unary_rows[w->n->attrs.op].derivative(w, g[0], NULL, gw_y(w, 0)));
}
RULE(lsv_vjp_UNARY_FREE) { gw_give(w, gin, 0, unary_rows[w->n->attrs.op].derivative(w, g[0], NULL, NULL)); }

/* ---- binary ---- */

RULE(lsv_vjp_ADD) {
    double p = w->n->attrs.p;
    gw_give(w, gin, 0, g[0]);
    if (gw_needs(w, 1)) gw_give(w, gin, 1, p == 1 ? g[0] : gw_scale(w, g[0], p));
}

RULE(lsv_vjp_SUB) {
    double p = w->n->attrs.p;
    gw_give(w, gin, 0, g[0]);
    if (gw_needs(w, 1)) gw_give(w, gin, 1, p == 1 ? gw_neg(w, g[0]) : gw_scale(w, g[0], -p));
}

RULE(lsv_vjp_MUL) {
    if (gw_needs(w, 0)) gw_give(w, gin, 0, gw_mul(w, g[0], gw_x(w, 1)));
    if (gw_needs(w, 1)) gw_give(w, gin, 1, gw_mul(w, g[0], gw_x(w, 0)));
}

RULE(lsv_vjp_DIV) {
    A y = gw_x(w, 1);
    if (gw_needs(w, 0)) gw_give(w, gin, 0, gw_div(w, g[0], y));
    if (gw_needs(w, 1))
        gw_give(w, gin, 1, gw_mul(w, gw_neg(w, g[0]), gw_div(w, gw_div(w, gw_x(w, 0), y), y)));
}

/* x^0 does not depend on x, not even at 0; 0^y does not depend on y >= 0. */
RULE(lsv_vjp_POW) {
    A x = gw_x(w, 0), y = gw_x(w, 1);
    if (gw_needs(w, 0) && y) {
        A slope = gw_mul(w, y, gw_bin(w, LSV_OP_POW, x, gw_num(w, LSV_OP_SUB, y, 1)));
        gw_give(w, gin, 0, gw_where(w, gw_num(w, LSV_OP_NE, y, 0), gw_mul(w, g[0], slope), 0));
    }
    if (gw_needs(w, 1)) {
        A flat = gw_bin(w, LSV_OP_LOGICAL_AND, gw_num(w, LSV_OP_EQ, x, 0), gw_num(w, LSV_OP_GE, y, 0));
        gw_give(w, gin, 1,
                gw_where(w, gw_un(w, LSV_FN_LOGICAL_NOT, flat),
                         gw_mul(w, g[0], gw_mul(w, gw_y(w, 0), gw_un(w, LSV_FN_LOG, x))), 0));
    }
}

typedef void binary_fn(gwork *w, A g, A x, A y, A *gx, A *gy);

/* The one that is chosen gets the cotangent; equals share it. */
static void chosen(gwork *w, A g, A x, A y, bool larger, A *gx, A *gy) {
    A half = gw_scale(w, g, 0.5), same = gw_bin(w, LSV_OP_EQ, x, y);
    A wins = gw_bin(w, larger ? LSV_OP_GT : LSV_OP_LT, x, y),
      loses = gw_bin(w, larger ? LSV_OP_LT : LSV_OP_GT, x, y);
    A tie = gw_where(w, same, half, 0);
    *gx = gw_add(w, gw_where(w, wins, g, 0), tie);
    *gy = gw_add(w, gw_where(w, loses, g, 0), tie);
}
static void b_maximum(gwork *w, A g, A x, A y, A *gx, A *gy) { chosen(w, g, x, y, true, gx, gy); }
static void b_minimum(gwork *w, A g, A x, A y, A *gx, A *gy) { chosen(w, g, x, y, false, gx, gy); }
static void b_fmax(gwork *w, A g, A x, A y, A *gx, A *gy) {
    A first = gw_bin(w, LSV_OP_LOGICAL_OR, gw_bin(w, LSV_OP_GE, x, y), gw_un(w, LSV_FN_ISNAN, y));
    *gx = gw_where(w, first, g, 0);
    *gy = gw_where(w, gw_un(w, LSV_FN_LOGICAL_NOT, first), g, 0);
}
static void b_fmin(gwork *w, A g, A x, A y, A *gx, A *gy) {
    A first = gw_bin(w, LSV_OP_LOGICAL_OR, gw_bin(w, LSV_OP_LE, x, y), gw_un(w, LSV_FN_ISNAN, y));
    *gx = gw_where(w, first, g, 0);
    *gy = gw_where(w, gw_un(w, LSV_FN_LOGICAL_NOT, first), g, 0);
}
static void b_atan2(gwork *w, A g, A x, A y, A *gx, A *gy) {
    A r = gw_div(w, g, gw_add(w, gw_mul(w, x, x), gw_mul(w, y, y)));
    *gx = gw_mul(w, r, y);
    *gy = gw_mul(w, r, gw_neg(w, x));
}
static void b_hypot(gwork *w, A g, A x, A y, A *gx, A *gy) {
    A z = gw_y(w, 0);
    *gx = gw_mul(w, g, gw_div(w, x, z));
    *gy = gw_mul(w, g, gw_div(w, y, z));
}
static void b_logaddexp(gwork *w, A g, A x, A y, A *gx, A *gy) {
    A z = gw_y(w, 0);
    *gx = gw_mul(w, g, gw_un(w, LSV_FN_EXP, gw_sub(w, x, z)));
    *gy = gw_mul(w, g, gw_un(w, LSV_FN_EXP, gw_sub(w, y, z)));
}
static void b_mod(gwork *w, A g, A x, A y, A *gx, A *gy) {
    *gx = g;
    *gy = gw_mul(w, gw_neg(w, g), gw_un(w, LSV_FN_FLOOR, gw_div(w, x, y)));
}
static void b_fmod(gwork *w, A g, A x, A y, A *gx, A *gy) {
    *gx = g;
    *gy = gw_mul(w, gw_neg(w, g), gw_un(w, LSV_FN_TRUNC, gw_div(w, x, y)));
}
static void b_copysign(gwork *w, A g, A x, A y, A *gx, A *gy) {
    A z = gw_y(w, 0);
    (void)y;
    A sign = gw_div(w, z, x);
    *gx = gw_where(w, gw_num(w, LSV_OP_NE, x, 0), gw_mul(w, g, sign), 0);
    *gy = gw_zeros(w, g);
}

#define BINARY(X)                                                                                 \
    X(MAXIMUM, "Maximum", maximum)                                                                \
    X(MINIMUM, "Minimum", minimum)                                                                \
    X(FMAX, "Fmax", fmax) X(FMIN, "Fmin", fmin) X(ATAN2, "Atan2", atan2) X(HYPOT, "Hypot", hypot) \
        X(LOGADDEXP, "Logaddexp", logaddexp) X(MOD, "Remainder", mod) X(FMOD, "Fmod", fmod)       \
            X(COPYSIGN, "Copysign", copysign)

typedef struct {
    const char *name;
    binary_fn *derivative;
} binary_row;
static const binary_row binary_rows[LSV_NBINARY] = {
#define X(OP, name, derivative) [LSV_OP_##OP] = {name "Backward0", b_##derivative},
    BINARY(X)
#undef X
};

const char *lsv_grad_binary_name(lsv_binary_op op) { return binary_rows[op].name; }

RULE(lsv_vjp_BINARY) {
    A gx = NULL, gy = NULL, x = gw_x(w, 0), y = gw_x(w, 1);
    if (!x || !y) return;
    binary_rows[w->n->attrs.op].derivative(w, g[0], x, y, &gx, &gy);
    gw_give(w, gin, 0, gx);
    gw_give(w, gin, 1, gy);
}

/* ---- the rest ---- */

RULE(lsv_vjp_CLAMP) {
    A x = gw_x(w, 0), lo = gw_x(w, 1), hi = gw_x(w, 2);
    if (!x || !lo || !hi) return;
    A below = gw_bin(w, LSV_OP_LT, x, lo),
      above = gw_bin(w, LSV_OP_GT, x, hi); /* false where there is no bound */
    A over = gw_bin(w, LSV_OP_LT, hi, lo); /* then hi wins */
    gw_give(w, gin, 0,
            gw_where(w, gw_un(w, LSV_FN_LOGICAL_NOT, gw_bin(w, LSV_OP_LOGICAL_OR, below, above)), g[0], 0));
    if (gw_needs(w, 1))
        gw_give(
            w, gin, 1,
            gw_where(w, gw_bin(w, LSV_OP_LOGICAL_AND, below, gw_un(w, LSV_FN_LOGICAL_NOT, over)), g[0], 0));
    if (gw_needs(w, 2)) gw_give(w, gin, 2, gw_where(w, gw_bin(w, LSV_OP_LOGICAL_OR, above, over), g[0], 0));
}

RULE(lsv_vjp_COPY) { gw_give(w, gin, 0, g[0]); }

RULE(lsv_vjp_ZERO) {
    for (int k = 0; k < w->n->nin; k++)
        if (gw_needs(w, k)) gw_give(w, gin, k, gw_zeros_for(w, k));
}

lsv_status lsv_vjp_BROKEN(const lsv_node *n, lsv_array *const *g, lsv_array **gin, lsv_error *err) {
    (void)g, (void)gin;
    return lsv_fail(err, LSV_ENOTIMPL, "the derivative for '%s' is not implemented.",
                    n->attrs.text ? n->attrs.text : n->name);
}
