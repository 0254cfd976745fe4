/* The element-wise kernels, expanded per type computed in, and the tables that find them.
   int32 and float32 have kernels of their own: widening would not give the same bits. */
#include "array/kernel.h"

#include <math.h>

#define NAME(op) op##_b1
#define T uint8_t
#define IS_BOOL 1
#define IS_INT 0
#define IS_FLOAT 0
#include "array/kernels/binary.inc"
#include "array/kernels/unary.inc"
#undef NAME
#undef T
#undef IS_BOOL
#undef IS_INT
#define IS_BOOL 0
#define IS_INT 1

#define NAME(op) op##_i4
#define T int32_t
#define U uint32_t
#include "array/kernels/binary.inc"
#include "array/kernels/unary.inc"
#undef NAME
#undef T
#undef U

#define NAME(op) op##_i8
#define T int64_t
#define U uint64_t
#include "array/kernels/binary.inc"
#include "array/kernels/unary.inc"
#undef NAME
#undef T
#undef U
#undef IS_INT
#undef IS_FLOAT
#define IS_INT 0
#define IS_FLOAT 1

#define NAME(op) op##_f4
#define T float
#define M(function) function##f
#include "array/kernels/binary.inc"
#include "array/kernels/unary.inc"
#undef NAME
#undef T
#undef M

#define NAME(op) op##_f8
#define T double
#define M(function) function
#include "array/kernels/binary.inc"
#include "array/kernels/unary.inc"

/* Rows: bool, int32, int64, float32, float64. */
#define INTS(op) [LSV_C_INT32] = op##_i4, [LSV_C_INT64] = op##_i8
#define FLOATS(op) [LSV_C_FLOAT32] = op##_f4, [LSV_C_FLOAT64] = op##_f8
#define NUMBERS(op) INTS(op), FLOATS(op)

lsv_loop2 *const lsv_loops2[LSV_NBINARY][LSV_NCOMPUTE] = {
    [LSV_OP_ADD] = {ADD_b1, NUMBERS(ADD)},
    [LSV_OP_SUB] = {NUMBERS(SUB)},
    [LSV_OP_MUL] = {MUL_b1, NUMBERS(MUL)},
    [LSV_OP_DIV] = {FLOATS(DIV)},
    [LSV_OP_FLOORDIV] = {NUMBERS(FLOORDIV)},
    [LSV_OP_MOD] = {NUMBERS(MOD)},
    [LSV_OP_FMOD] = {NUMBERS(FMOD)},
    [LSV_OP_POW] = {POW_b1, NUMBERS(POW)},
    [LSV_OP_ATAN2] = {FLOATS(ATAN2)},
    [LSV_OP_HYPOT] = {FLOATS(HYPOT)},
    [LSV_OP_COPYSIGN] = {FLOATS(COPYSIGN)},
    [LSV_OP_MAXIMUM] = {ADD_b1, NUMBERS(MAXIMUM)},
    [LSV_OP_MINIMUM] = {MUL_b1, NUMBERS(MINIMUM)},
    [LSV_OP_FMAX] = {ADD_b1, INTS(MAXIMUM), FLOATS(FMAX)},
    [LSV_OP_FMIN] = {MUL_b1, INTS(MINIMUM), FLOATS(FMIN)},
    [LSV_OP_LOGADDEXP] = {FLOATS(LOGADDEXP)},
    [LSV_OP_GCD] = {INTS(GCD)},
    [LSV_OP_LCM] = {INTS(LCM)},
    [LSV_OP_AND] = {MUL_b1, INTS(AND)},
    [LSV_OP_OR] = {ADD_b1, INTS(OR)},
    [LSV_OP_XOR] = {XOR_b1, INTS(XOR)},
    [LSV_OP_LSHIFT] = {INTS(LSHIFT)},
    [LSV_OP_RSHIFT] = {INTS(RSHIFT)},
    [LSV_OP_LT] = {LT_b1, NUMBERS(LT)},
    [LSV_OP_LE] = {LE_b1, NUMBERS(LE)},
    [LSV_OP_GT] = {FLOATS(GT)}, /* the others swap LT, LE: binary.c */
    [LSV_OP_GE] = {FLOATS(GE)},
    [LSV_OP_EQ] = {EQ_b1, NUMBERS(EQ)},
    [LSV_OP_NE] = {XOR_b1, NUMBERS(NE)},
    [LSV_OP_LOGICAL_AND] = {MUL_b1},
    [LSV_OP_LOGICAL_OR] = {ADD_b1},
    [LSV_OP_LOGICAL_XOR] = {XOR_b1},
};

#define BOOL(op) [LSV_C_BOOL] = op##_b1
#define ZERO_BELOW_FLOAT BOOL(ZERO), INTS(ZERO)
static lsv_loop1 *const loops1[LSV_NUNARY][LSV_NCOMPUTE] = {
    [LSV_FN_NEG] = {NUMBERS(NEG)},
    [LSV_FN_POS] = {BOOL(POS), NUMBERS(POS)},
    [LSV_FN_ABS] = {BOOL(POS), NUMBERS(ABS)},
    [LSV_FN_INVERT] = {BOOL(LOGICAL_NOT), INTS(INVERT)},
    [LSV_FN_LOGICAL_NOT] = {BOOL(LOGICAL_NOT), NUMBERS(LOGICAL_NOT)},
    [LSV_FN_SIGN] = {BOOL(POS), NUMBERS(SIGN)},
    [LSV_FN_SQRT] = {FLOATS(SQRT)},
    [LSV_FN_RSQRT] = {FLOATS(RSQRT)},
    [LSV_FN_CBRT] = {FLOATS(CBRT)},
    [LSV_FN_SQUARE] = {NUMBERS(SQUARE)},
    [LSV_FN_RECIPROCAL] = {NUMBERS(RECIPROCAL)},
    [LSV_FN_EXP] = {FLOATS(EXP)},
    [LSV_FN_EXP2] = {FLOATS(EXP2)},
    [LSV_FN_EXPM1] = {FLOATS(EXPM1)},
    [LSV_FN_LOG] = {FLOATS(LOG)},
    [LSV_FN_LOG2] = {FLOATS(LOG2)},
    [LSV_FN_LOG10] = {FLOATS(LOG10)},
    [LSV_FN_LOG1P] = {FLOATS(LOG1P)},
    [LSV_FN_SIN] = {FLOATS(SIN)},
    [LSV_FN_COS] = {FLOATS(COS)},
    [LSV_FN_TAN] = {FLOATS(TAN)},
    [LSV_FN_ARCSIN] = {FLOATS(ARCSIN)},
    [LSV_FN_ARCCOS] = {FLOATS(ARCCOS)},
    [LSV_FN_ARCTAN] = {FLOATS(ARCTAN)},
    [LSV_FN_SINH] = {FLOATS(SINH)},
    [LSV_FN_COSH] = {FLOATS(COSH)},
    [LSV_FN_TANH] = {FLOATS(TANH)},
    [LSV_FN_ARCSINH] = {FLOATS(ARCSINH)},
    [LSV_FN_ARCCOSH] = {FLOATS(ARCCOSH)},
    [LSV_FN_ARCTANH] = {FLOATS(ARCTANH)},
    [LSV_FN_FLOOR] = {BOOL(POS), INTS(POS), FLOATS(FLOOR)},
    [LSV_FN_CEIL] = {BOOL(POS), INTS(POS), FLOATS(CEIL)},
    [LSV_FN_TRUNC] = {BOOL(POS), INTS(POS), FLOATS(TRUNC)},
    [LSV_FN_RINT] = {BOOL(POS), INTS(POS), FLOATS(RINT)},
    [LSV_FN_SIGMOID] = {FLOATS(SIGMOID)},
    [LSV_FN_RELU] = {BOOL(POS), NUMBERS(RELU)},
    [LSV_FN_ERF] = {FLOATS(ERF)},
    [LSV_FN_DEG2RAD] = {FLOATS(DEG2RAD)},
    [LSV_FN_RAD2DEG] = {FLOATS(RAD2DEG)},
    [LSV_FN_ISNAN] = {ZERO_BELOW_FLOAT, FLOATS(ISNAN)},
    [LSV_FN_ISINF] = {ZERO_BELOW_FLOAT, FLOATS(ISINF)},
    [LSV_FN_ISFINITE] = {BOOL(ONE), INTS(ONE), FLOATS(ISFINITE)},
    [LSV_FN_SIGNBIT] = {BOOL(ZERO), INTS(SIGNBIT), FLOATS(SIGNBIT)},
};

/* Where torch's answer is not NumPy's. */
static lsv_loop2 *const torch_mod[LSV_NCOMPUTE] = {INTS(MOD), FLOATS(TORCH_MOD)};
static lsv_loop1 *const torch_sign[LSV_NCOMPUTE] = {BOOL(POS), INTS(SIGN), FLOATS(TORCH_SIGN)};
static lsv_loop1 *const torch_rad2deg[LSV_NCOMPUTE] = {FLOATS(TORCH_RAD2DEG)};

lsv_loop2 *lsv_loop2_of(lsv_binary_op op, lsv_kind kind, lsv_compute compute) {
    if (op == LSV_OP_MOD && kind == LSV_TORCH) return torch_mod[compute];
    return lsv_loops2[op][compute];
}

lsv_loop1 *lsv_loop1_of(lsv_unary_op op, lsv_kind kind, lsv_compute compute) {
    if (op == LSV_FN_SIGN && kind == LSV_TORCH) return torch_sign[compute];
    if (op == LSV_FN_RAD2DEG && kind == LSV_TORCH) return torch_rad2deg[compute];
    return loops1[op][compute];
}
