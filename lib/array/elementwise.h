/* Element-wise operations: broadcasting and promotion as NumPy 2 (NEP 50) and as PyTorch do
   it, chosen by the operands' kinds. Where an ndarray and a tensor meet the result is a
   tensor. Arguments are borrowed, results are new. */
#ifndef LSV_ARRAY_ELEMENTWISE_H
#define LSV_ARRAY_ELEMENTWISE_H

#include "array/array.h"

/* X(ENUM, numpy name, torch name) */
#define LSV_BINARY_OPS(X)                                                                          \
    X(ADD, "add", "add")                                                                           \
    X(SUB, "subtract", "sub")                                                                      \
    X(MUL, "multiply", "mul")                                                                      \
    X(DIV, "divide", "div")                /* true division */                                     \
    X(FLOORDIV, "floor_divide", "floor_divide")                                                    \
    X(MOD, "remainder", "remainder")       /* Python's sign */                                     \
    X(FMOD, "fmod", "fmod")                                                                        \
    X(POW, "power", "pow")                                                                         \
    X(ATAN2, "arctan2", "atan2")                                                                   \
    X(HYPOT, "hypot", "hypot")                                                                     \
    X(COPYSIGN, "copysign", "copysign")                                                            \
    X(MAXIMUM, "maximum", "maximum")       /* NaN propagates */                                    \
    X(MINIMUM, "minimum", "minimum")                                                               \
    X(FMAX, "fmax", "fmax")                                                                        \
    X(FMIN, "fmin", "fmin")                                                                        \
    X(LOGADDEXP, "logaddexp", "logaddexp")                                                         \
    X(GCD, "gcd", "gcd")                                                                           \
    X(LCM, "lcm", "lcm")                                                                           \
    X(AND, "bitwise_and", "bitwise_and")                                                           \
    X(OR, "bitwise_or", "bitwise_or")                                                              \
    X(XOR, "bitwise_xor", "bitwise_xor")                                                           \
    X(LSHIFT, "left_shift", "bitwise_left_shift")                                                  \
    X(RSHIFT, "right_shift", "bitwise_right_shift")                                                \
    X(LT, "less", "lt")                                                                            \
    X(LE, "less_equal", "le")                                                                      \
    X(GT, "greater", "gt")                                                                         \
    X(GE, "greater_equal", "ge")                                                                   \
    X(EQ, "equal", "eq")                                                                           \
    X(NE, "not_equal", "ne")                                                                       \
    X(LOGICAL_AND, "logical_and", "logical_and")                                                   \
    X(LOGICAL_OR, "logical_or", "logical_or")                                                      \
    X(LOGICAL_XOR, "logical_xor", "logical_xor")

#define LSV_UNARY_OPS(X)                                                                           \
    X(NEG, "negative", "neg")                                                                      \
    X(POS, "positive", "positive")                                                                 \
    X(ABS, "absolute", "abs")                                                                      \
    X(INVERT, "invert", "bitwise_not")                                                             \
    X(LOGICAL_NOT, "logical_not", "logical_not")                                                   \
    X(SIGN, "sign", "sign")                                                                        \
    X(SQRT, "sqrt", "sqrt")                                                                        \
    X(RSQRT, "", "rsqrt")                                                                          \
    X(CBRT, "cbrt", "")                                                                            \
    X(SQUARE, "square", "square")                                                                  \
    X(RECIPROCAL, "reciprocal", "reciprocal")                                                      \
    X(EXP, "exp", "exp")                                                                           \
    X(EXP2, "exp2", "exp2")                                                                        \
    X(EXPM1, "expm1", "expm1")                                                                     \
    X(LOG, "log", "log")                                                                           \
    X(LOG2, "log2", "log2")                                                                        \
    X(LOG10, "log10", "log10")                                                                     \
    X(LOG1P, "log1p", "log1p")                                                                     \
    X(SIN, "sin", "sin")                                                                           \
    X(COS, "cos", "cos")                                                                           \
    X(TAN, "tan", "tan")                                                                           \
    X(ARCSIN, "arcsin", "asin")                                                                    \
    X(ARCCOS, "arccos", "acos")                                                                    \
    X(ARCTAN, "arctan", "atan")                                                                    \
    X(SINH, "sinh", "sinh")                                                                        \
    X(COSH, "cosh", "cosh")                                                                        \
    X(TANH, "tanh", "tanh")                                                                        \
    X(ARCSINH, "arcsinh", "asinh")                                                                 \
    X(ARCCOSH, "arccosh", "acosh")                                                                 \
    X(ARCTANH, "arctanh", "atanh")                                                                 \
    X(FLOOR, "floor", "floor")                                                                     \
    X(CEIL, "ceil", "ceil")                                                                        \
    X(TRUNC, "trunc", "trunc")                                                                     \
    X(RINT, "rint", "")                                                                            \
    X(SIGMOID, "", "sigmoid")                                                                      \
    X(RELU, "", "relu")                                                                            \
    X(ERF, "", "erf")                                                                              \
    X(DEG2RAD, "deg2rad", "deg2rad")                                                               \
    X(RAD2DEG, "rad2deg", "rad2deg")                                                               \
    X(ISNAN, "isnan", "isnan")                                                                     \
    X(ISINF, "isinf", "isinf")                                                                     \
    X(ISFINITE, "isfinite", "isfinite")                                                            \
    X(SIGNBIT, "signbit", "signbit")

#define LSV_ENUM_(name, numpy, torch) LSV_OP_##name,
typedef enum lsv_binary_op { LSV_BINARY_OPS(LSV_ENUM_) LSV_NBINARY } lsv_binary_op;
#undef LSV_ENUM_
#define LSV_ENUM_(name, numpy, torch) LSV_FN_##name,
typedef enum lsv_unary_op { LSV_UNARY_OPS(LSV_ENUM_) LSV_NUNARY } lsv_unary_op;
#undef LSV_ENUM_

/* Names, "" where the library has none; kind chooses the column. */
const char *lsv_binary_name(lsv_binary_op op, lsv_kind kind);
const char *lsv_unary_name(lsv_unary_op op, lsv_kind kind);

/* The broadcast shape; LSV_EVALUE with both shapes in the text (LSV_ERUNTIME for tensors). */
lsv_status lsv_broadcast(const lsv_array *a, const lsv_array *b, int *ndim, ptrdiff_t *shape, lsv_error *err);
/* The dtype in which two operands meet (weak scalars counted as such; tensors: 0-d ones do not
   raise the category of dimensioned ones). */
lsv_dtype lsv_promote(const lsv_array *a, const lsv_array *b);
lsv_dtype lsv_promote_types(lsv_kind kind, lsv_dtype a, lsv_dtype b);

lsv_status lsv_unary(lsv_unary_op op, const lsv_array *a, lsv_array **out, lsv_error *err);
lsv_status lsv_binary(lsv_binary_op op, const lsv_array *a, const lsv_array *b, lsv_array **out, lsv_error *err);
/* In place, a op= b: the dtype and shape of a stay; NumPy's "same_kind" rule decides what is
   allowed (UFuncTypeError is a TypeError), torch's can-cast rule for tensors. */
lsv_status lsv_binary_into(lsv_binary_op op, lsv_array *a, const lsv_array *b, lsv_error *err);

/* numpy.round / torch.round(decimals=): half to even, NumPy's scaling by powers of ten. */
lsv_status lsv_round(const lsv_array *a, int decimals, lsv_array **out, lsv_error *err);
/* numpy.clip / torch.clamp; lo or hi may be NULL. */
lsv_status lsv_clip(const lsv_array *a, const lsv_array *lo, const lsv_array *hi, lsv_array **out, lsv_error *err);
lsv_status lsv_where(const lsv_array *cond, const lsv_array *a, const lsv_array *b, lsv_array **out, lsv_error *err);
lsv_status lsv_nan_to_num(const lsv_array *a, double nan, double posinf, double neginf, lsv_array **out, lsv_error *err); /* NAN for a replacement: the default */
/* numpy.isclose: |a-b| <= atol + rtol*|b|; and all() of it. */
lsv_status lsv_isclose(const lsv_array *a, const lsv_array *b, double rtol, double atol, bool equal_nan, lsv_array **out, lsv_error *err);
lsv_status lsv_allclose(const lsv_array *a, const lsv_array *b, double rtol, double atol, bool equal_nan, bool *out, lsv_error *err);
bool lsv_array_equal(const lsv_array *a, const lsv_array *b); /* same shape, all elements equal */

#endif
