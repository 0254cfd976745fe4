/* Promotion: in which dtype two operands meet, what an operation makes of it, and the errors
   that NumPy and PyTorch raise where it makes nothing.

   Two rule books. NumPy 2 (NEP 50): Python numbers are weak, they only raise the category
   (bool, int, float) and then take the category's default type; everything else promotes by
   dtype alone. PyTorch: dimensioned tensors first, then 0-d ones, then Python numbers, a later
   group counting only when its category is higher. Each operation then belongs to a class that
   says which types it computes in; a table names the classes. */
#include "array/kernel.h"
#include "array/inside.h"

#include <stdio.h>
#include <string.h>

/* ---- names ---- */

#define NAMES_(name, numpy, torch) {numpy, torch},
static const char *const binary_names[LSV_NBINARY][2] = {LSV_BINARY_OPS(NAMES_)};
static const char *const unary_names[LSV_NUNARY][2] = {LSV_UNARY_OPS(NAMES_)};
#undef NAMES_

const char *lsv_binary_name(lsv_binary_op op, lsv_kind kind) { return binary_names[op][kind == LSV_TORCH]; }
const char *lsv_unary_name(lsv_unary_op op, lsv_kind kind) { return unary_names[op][kind == LSV_TORCH]; }

const char *lsv_torch_type_name(lsv_dtype dtype) {
    static const char *const name[LSV_NDTYPES] = {
        [LSV_BOOL] = "Bool",      [LSV_INT32] = "Int",         [LSV_INT64] = "Long",
        [LSV_FLOAT16] = "Half",   [LSV_BFLOAT16] = "BFloat16", [LSV_FLOAT32] = "Float",
        [LSV_FLOAT64] = "Double",
    };
    return name[dtype];
}

/* NumPy's name of an operand's type in "did not contain a loop" messages. */
static const char *numpy_class(const lsv_array *a) {
    static const char *const name[LSV_NDTYPES] = {
        [LSV_BOOL] = "BoolDType",       [LSV_INT32] = "Int32DType",       [LSV_INT64] = "Int64DType",
        [LSV_FLOAT16] = "Float16DType", [LSV_BFLOAT16] = "BFloat16DType", [LSV_FLOAT32] = "Float32DType",
        [LSV_FLOAT64] = "Float64DType",
    };
    if (a->flags & LSV_WEAK && a->dtype != LSV_BOOL)
        return lsv_dtype_is_float(a->dtype) ? "_PyFloatDType" : "_PyLongDType";
    return name[a->dtype];
}

/* ---- dtypes ---- */

static int category(lsv_dtype d) { return d == LSV_BOOL ? 0 : lsv_dtype_is_float(d) ? 2 : 1; }

lsv_dtype lsv_promote_types(lsv_kind kind, lsv_dtype a, lsv_dtype b) {
    if (a == b) return a;
    if (a > b) {
        lsv_dtype t = a;
        a = b;
        b = t;
    }
    int ca = category(a), cb = category(b);
    if (ca == 2) return a == LSV_FLOAT16 && b == LSV_BFLOAT16 ? LSV_FLOAT32 : b;
    /* NumPy: no float type below float64 holds an int32 */
    if (ca == 1 && cb == 2 && kind == LSV_NUMPY && b != LSV_BFLOAT16) return LSV_FLOAT64;
    return b;
}

bool lsv_can_cast(lsv_kind kind, lsv_dtype from, lsv_dtype to) {
    (void)kind; /* NumPy's "same_kind" and torch's can_cast agree on these dtypes */
    return category(from) <= category(to);
}

/* A Python number, or what torch treats as one: a NumPy scalar (0-d ndarray) next to a tensor. */
static bool is_weak(const lsv_array *a, lsv_kind result) {
    if (a->flags & LSV_WEAK) return true;
    return result == LSV_TORCH && a->kind == LSV_NUMPY && a->ndim == 0;
}

lsv_kind lsv_result_kind(const lsv_array *a, const lsv_array *b) {
    if (a->flags & LSV_WEAK && !(b->flags & LSV_WEAK)) return (lsv_kind)b->kind;
    if (b->flags & LSV_WEAK && !(a->flags & LSV_WEAK)) return (lsv_kind)a->kind;
    return a->kind == LSV_TORCH || b->kind == LSV_TORCH ? LSV_TORCH : LSV_NUMPY;
}

static lsv_dtype weak_default(lsv_kind kind, lsv_dtype d) {
    if (lsv_dtype_is_float(d)) return kind == LSV_TORCH ? LSV_FLOAT32 : LSV_FLOAT64;
    return d == LSV_BOOL ? LSV_BOOL : LSV_INT64;
}

/* Torch's rule for a group of higher rank (dimensioned) and one of lower rank (0-d, number). */
static lsv_dtype combine(lsv_dtype high, lsv_dtype low) {
    return category(low) > category(high) ? lsv_promote_types(LSV_TORCH, high, low) : high;
}

lsv_dtype lsv_promote(const lsv_array *a, const lsv_array *b) {
    lsv_kind kind = lsv_result_kind(a, b);
    bool wa = is_weak(a, kind), wb = is_weak(b, kind);
    lsv_dtype da = (lsv_dtype)a->dtype, db = (lsv_dtype)b->dtype;
    if (wa && wb) return lsv_promote_types(kind, weak_default(kind, da), weak_default(kind, db));
    if (wa) return combine(db, weak_default(kind, da));
    if (wb) return combine(da, weak_default(kind, db));
    if (da == db) return da;
    if (kind == LSV_TORCH && a->kind == LSV_TORCH && b->kind == LSV_TORCH && (a->ndim == 0) != (b->ndim == 0))
        return a->ndim ? combine(da, db) : combine(db, da);
    /* an ndarray among tensors goes by NumPy's table, which is what torch ends up calling */
    return lsv_promote_types(a->kind == b->kind ? kind : LSV_NUMPY, da, db);
}

/* ---- shapes ---- */

/* When one operand has an axis less and matches the other's leading axes, a new last axis is
   the likely fix. */
static void hint_new_axis(const lsv_array *a, const lsv_array *b, lsv_error *err) {
    const lsv_array *small = a->ndim < b->ndim ? a : b, *large = small == a ? b : a;
    char text[128];
    ptrdiff_t shape[LSV_MAXDIM];
    if (large->ndim != small->ndim + 1 || small->ndim == 0) return;
    for (int i = 0; i < small->ndim; i++) {
        if (small->shape[i] != large->shape[i] && small->shape[i] != 1) return;
        shape[i] = small->shape[i];
    }
    shape[small->ndim] = 1;
    lsv_shape_text_n(large->ndim, shape, text, sizeof text);
    lsv_hint(err, "the %s operand indexed with [..., None] has shape %s, which conforms",
             small == a ? "first" : "second", text);
}

static lsv_status cannot_broadcast(const lsv_array *a, const lsv_array *b, int from_end, lsv_error *err) {
    if (lsv_result_kind(a, b) == LSV_TORCH) {
        int ndim = a->ndim > b->ndim ? a->ndim : b->ndim;
        lsv_fail(
            err, LSV_ERUNTIME,
            "The size of tensor a (%td) must match the size of tensor b (%td) at non-singleton dimension %d",
            a->shape[a->ndim - 1 - from_end], b->shape[b->ndim - 1 - from_end], ndim - 1 - from_end);
        hint_new_axis(a, b, err);
        return LSV_ERUNTIME;
    }
    char sa[LSV_SHAPE_TEXT], sb[LSV_SHAPE_TEXT];
    lsv_fail(err, LSV_EVALUE, "operands could not be broadcast together with shapes %s %s",
             lsv_shape_tight(a->ndim, a->shape, sa, sizeof sa),
             lsv_shape_tight(b->ndim, b->shape, sb, sizeof sb));
    hint_new_axis(a, b, err);
    return LSV_EVALUE;
}

lsv_status lsv_broadcast(const lsv_array *a, const lsv_array *b, int *ndim, ptrdiff_t *shape,
                         lsv_error *err) {
    int n = a->ndim > b->ndim ? a->ndim : b->ndim;
    ptrdiff_t merged[LSV_MAXDIM], size = 1;
    for (int i = 0; i < n; i++) { /* i counts from the last axis */
        ptrdiff_t na = i < a->ndim ? a->shape[a->ndim - 1 - i] : 1;
        ptrdiff_t nb = i < b->ndim ? b->shape[b->ndim - 1 - i] : 1;
        if (na != nb && na != 1 && nb != 1) return cannot_broadcast(a, b, i, err);
        merged[n - 1 - i] = na == 1 ? nb : na;
    }
    for (int i = 0; i < n; i++)
        if (__builtin_mul_overflow(size, merged[i] ? merged[i] : 1, &size))
            return lsv_fail(err, LSV_ENOMEM, "the broadcast shape has more elements than memory can hold");
    *ndim = n;
    memcpy(shape, merged, (size_t)n * sizeof *shape);
    return LSV_OK;
}

/* ---- binary operations ---- */

typedef enum binary_class {
    ARITH,        /* any type, result as promoted                        */
    SUBTRACT,     /* no bool                                             */
    DIVIDE,       /* integers and bool become floats                     */
    WHOLE,        /* no bool: NumPy would make it int8, torch refuses     */
    FLOATING,     /* as DIVIDE, but NumPy's bool becomes float16          */
    FLOATONLY,    /* as FLOATING; torch refuses integers                */
    NUMBERTHEORY, /* integers only                                   */
    BITS,         /* bool and integers                                   */
    SHIFT,        /* integers                                            */
    COMPARE,      /* any type, result bool                               */
    LOGICAL       /* operands to bool first                              */
} binary_class;

static const uint8_t classes[LSV_NBINARY] = {
    [LSV_OP_ADD] = ARITH,          [LSV_OP_SUB] = SUBTRACT,
    [LSV_OP_MUL] = ARITH,          [LSV_OP_DIV] = DIVIDE,
    [LSV_OP_FLOORDIV] = WHOLE,     [LSV_OP_MOD] = WHOLE,
    [LSV_OP_FMOD] = WHOLE,         [LSV_OP_POW] = WHOLE,
    [LSV_OP_ATAN2] = FLOATING,     [LSV_OP_HYPOT] = FLOATONLY,
    [LSV_OP_COPYSIGN] = FLOATING,  [LSV_OP_MAXIMUM] = ARITH,
    [LSV_OP_MINIMUM] = ARITH,      [LSV_OP_FMAX] = ARITH,
    [LSV_OP_FMIN] = ARITH,         [LSV_OP_LOGADDEXP] = FLOATONLY,
    [LSV_OP_GCD] = NUMBERTHEORY,   [LSV_OP_LCM] = NUMBERTHEORY,
    [LSV_OP_AND] = BITS,           [LSV_OP_OR] = BITS,
    [LSV_OP_XOR] = BITS,           [LSV_OP_LSHIFT] = SHIFT,
    [LSV_OP_RSHIFT] = SHIFT,       [LSV_OP_LT] = COMPARE,
    [LSV_OP_LE] = COMPARE,         [LSV_OP_GT] = COMPARE,
    [LSV_OP_GE] = COMPARE,         [LSV_OP_EQ] = COMPARE,
    [LSV_OP_NE] = COMPARE,         [LSV_OP_LOGICAL_AND] = LOGICAL,
    [LSV_OP_LOGICAL_OR] = LOGICAL, [LSV_OP_LOGICAL_XOR] = LOGICAL,
};

/* Torch's name of the kernel that refuses a type. */
static const char *torch_kernel(lsv_binary_op op) {
    switch (op) {
    case LSV_OP_FLOORDIV: return "div_floor_cpu";
    case LSV_OP_MOD: return "remainder_cpu";
    case LSV_OP_FMOD: return "fmod_cpu";
    case LSV_OP_POW: return "pow";
    case LSV_OP_HYPOT: return "hypot_cpu";
    case LSV_OP_LOGADDEXP: return "logaddexp_cpu";
    case LSV_OP_GCD: return "gcd_cpu";
    case LSV_OP_LCM: return "lcm_cpu";
    case LSV_OP_AND: return "bitwise_and_cpu";
    case LSV_OP_OR: return "bitwise_or_cpu";
    case LSV_OP_XOR: return "bitwise_xor_cpu";
    case LSV_OP_LSHIFT: return "lshift_cpu";
    default: return "rshift_cpu";
    }
}

static lsv_status refused(const char *kernel, lsv_dtype dtype, lsv_error *err) {
    return lsv_fail(err, LSV_ENOTIMPL, "\"%s\" not implemented for '%s'", kernel, lsv_torch_type_name(dtype));
}

static lsv_status no_int8(const char *name, lsv_error *err) {
    lsv_fail(err, LSV_ENOTIMPL, "%s of bool arrays gives int8, a dtype that is not offered", name);
    lsv_hint(err, "convert with .astype(int) first");
    return LSV_ENOTIMPL;
}

static lsv_status bool_subtract(lsv_kind kind, const lsv_array *a, const lsv_array *b, lsv_error *err) {
    if (kind == LSV_NUMPY)
        return lsv_fail(err, LSV_ETYPE,
                        "numpy boolean subtract, the `-` operator, is not supported, use the "
                        "bitwise_xor, the `^` operator, or the logical_xor function instead.");
    if (a->dtype == LSV_BOOL && b->dtype == LSV_BOOL)
        return lsv_fail(err, LSV_ENOTIMPL,
                        "Subtraction, the `-` operator, with two bool tensors is not supported. "
                        "Use the `^` or `logical_xor()` operator instead.");
    return lsv_fail(
        err, LSV_ENOTIMPL,
        "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert "
        "a mask, use the `~` or `logical_not()` operator instead.");
}

static lsv_status unsupported_inputs(const char *name, lsv_error *err) {
    return lsv_fail(
        err, LSV_ETYPE,
        "ufunc '%s' not supported for the input types, and the inputs could not be safely coerced to any "
        "supported types according to the casting rule ''safe''",
        name);
}

static lsv_status no_loop(const char *name, const lsv_array *a, const lsv_array *b, lsv_error *err) {
    return lsv_fail(
        err, LSV_ETYPE,
        "ufunc '%s' did not contain a loop with signature matching types (<class 'numpy.dtypes.%s'>, "
        "<class 'numpy.dtypes.%s'>) -> None",
        name, numpy_class(a), numpy_class(b));
}

/* Bool and integer operands of a function of real numbers. */
static lsv_dtype float_of(lsv_kind kind, lsv_dtype d, bool bool_is_half) {
    if (lsv_dtype_is_float(d)) return d;
    if (kind == LSV_TORCH) return LSV_FLOAT32;
    return d == LSV_BOOL && bool_is_half ? LSV_FLOAT16 : LSV_FLOAT64;
}

/* A Python integer must fit the int32 array it meets (NumPy; torch wraps it). Comparisons are
   exact at any size, so they meet in int64. */
static lsv_status fit_weak_int(const lsv_array *w, const lsv_array *other, bool compares, lsv_types *t,
                               lsv_error *err) {
    if (!(w->flags & LSV_WEAK) || other->flags & LSV_WEAK || w->dtype != LSV_INT64 || t->in != LSV_INT32 ||
        t->kind == LSV_TORCH)
        return LSV_OK;
    int64_t value = *(const int64_t *)(const void *)w->data;
    if (value >= INT32_MIN && value <= INT32_MAX) return LSV_OK;
    if (!compares)
        return lsv_fail(err, LSV_EOVERFLOW, "Python integer %lld out of bounds for int32", (long long)value);
    t->in = LSV_INT64;
    return LSV_OK;
}

lsv_status lsv_binary_types(lsv_binary_op op, const lsv_array *a, const lsv_array *b, lsv_types *t,
                            lsv_error *err) {
    lsv_dtype d = lsv_promote(a, b);
    bool numpy;
    t->kind = lsv_result_kind(a, b);
    t->in = d;
    numpy = t->kind == LSV_NUMPY;
    const char *name = lsv_binary_name(op, t->kind);
    switch ((binary_class)classes[op]) {
    case ARITH:
    case COMPARE: break;
    case LOGICAL: t->in = LSV_BOOL; break;
    case SUBTRACT:
        if (d == LSV_BOOL || (!numpy && (a->dtype == LSV_BOOL || b->dtype == LSV_BOOL)))
            return bool_subtract(t->kind, a, b, err);
        break;
    case DIVIDE: t->in = float_of(t->kind, d, false); break;
    case WHOLE:
        if (numpy && op == LSV_OP_POW && a->dtype == LSV_BOOL && is_weak(b, t->kind) &&
            b->dtype == LSV_INT64 && *(const int64_t *)(const void *)b->data == 2)
            return no_int8("square", err); /* x ** 2 is square(x), whose result is the type's own */
        if (d != LSV_BOOL) break;
        if (numpy) return no_int8(name, err);
        if (op != LSV_OP_POW || !is_weak(b, LSV_TORCH)) return refused(torch_kernel(op), d, err);
        break;
    case FLOATING: t->in = float_of(t->kind, d, true); break;
    case FLOATONLY:
        if (!numpy && !lsv_dtype_is_float(d)) return refused(torch_kernel(op), d, err);
        t->in = float_of(t->kind, d, true);
        break;
    case NUMBERTHEORY:
        if (lsv_dtype_is_int(d)) break;
        return numpy ? no_loop(name, a, b, err) : refused(torch_kernel(op), d, err);
    case BITS:
        if (!lsv_dtype_is_float(d)) break;
        return numpy ? unsupported_inputs(name, err) : refused(torch_kernel(op), d, err);
    case SHIFT:
        if (lsv_dtype_is_int(d)) break;
        if (!numpy) return refused(torch_kernel(op), d, err);
        return d == LSV_BOOL ? no_int8(name, err) : unsupported_inputs(name, err);
    }
    bool compares = lsv_is_comparison(op);
    LSV_TRY(fit_weak_int(a, b, compares, t, err));
    LSV_TRY(fit_weak_int(b, a, compares, t, err));
    t->compute = lsv_compute_of(t->in);
    t->out = compares ? LSV_BOOL : t->in;
    return LSV_OK;
}

/* ---- unary operations ---- */

typedef enum unary_class {
    U_REAL, /* a function of real numbers                        */
    U_SAME, /* any type, result the same                         */
    U_NEG,
    U_POS,
    U_ABS,
    U_INVERT,
    U_SIGN,
    U_SQUARE,
    U_RECIPROCAL,
    U_ROUND, /* floor, ceil, trunc: integers stay as they are      */
    U_RINT,
    U_RELU,
    U_TEST /* result bool                                       */
} unary_class;

static const uint8_t unary_classes[LSV_NUNARY] = {
    [LSV_FN_NEG] = U_NEG,          [LSV_FN_POS] = U_POS,
    [LSV_FN_ABS] = U_ABS,          [LSV_FN_INVERT] = U_INVERT,
    [LSV_FN_LOGICAL_NOT] = U_TEST, [LSV_FN_SIGN] = U_SIGN,
    [LSV_FN_SQUARE] = U_SQUARE,    [LSV_FN_RECIPROCAL] = U_RECIPROCAL,
    [LSV_FN_FLOOR] = U_ROUND,      [LSV_FN_CEIL] = U_ROUND,
    [LSV_FN_TRUNC] = U_ROUND,      [LSV_FN_RINT] = U_RINT,
    [LSV_FN_RELU] = U_RELU,        [LSV_FN_ISNAN] = U_TEST,
    [LSV_FN_ISINF] = U_TEST,       [LSV_FN_ISFINITE] = U_TEST,
    [LSV_FN_SIGNBIT] = U_TEST,
}; /* the rest: U_REAL, 0 */

static lsv_status no_unary_loop(const char *name, lsv_error *err) {
    return lsv_fail(err, LSV_ETYPE,
                    "ufunc '%s' did not contain a loop with signature matching types "
                    "<class 'numpy.dtypes.BoolDType'> -> None",
                    name);
}

/* What NumPy and torch say to a bool operand; LSV_OK where they take it. */
static lsv_status check_bool(lsv_unary_op op, lsv_kind kind, lsv_error *err) {
    bool numpy = kind == LSV_NUMPY;
    const char *name = lsv_unary_name(op, kind);
    switch ((unary_class)unary_classes[op]) {
    case U_NEG:
        return numpy ? lsv_fail(err, LSV_ETYPE,
                                "The numpy boolean negative, the `-` operator, is not supported, use the "
                                "`~` operator or the logical_not function instead.")
                     : lsv_fail(err, LSV_ENOTIMPL,
                                "Negation, the `-` operator, on a bool tensor is not supported. If you "
                                "are trying to invert a mask, use the `~` or `logical_not()` operator "
                                "instead.");
    case U_POS:
        return numpy ? no_unary_loop(name, err)
                     : lsv_fail(err, LSV_ENOTIMPL, "The `+` operator, on a bool tensor is not supported.");
    case U_ABS: return numpy ? LSV_OK : refused("abs_cpu", LSV_BOOL, err);
    case U_SIGN: return numpy ? no_unary_loop(name, err) : LSV_OK;
    case U_SQUARE: return numpy ? no_int8(name, err) : LSV_OK;
    case U_RECIPROCAL: return numpy ? no_int8(name, err) : LSV_OK;
    case U_RELU: return numpy ? LSV_OK : lsv_fail(err, LSV_ENOTIMPL, "Boolean inputs not supported for relu");
    case U_ROUND: {
        char kernel[32];
        snprintf(kernel, sizeof kernel, "%s_vml_cpu", name);
        return numpy ? LSV_OK : refused(kernel, LSV_BOOL, err);
    }
    default: return LSV_OK;
    }
}

lsv_status lsv_unary_types(lsv_unary_op op, const lsv_array *a, lsv_types *t, lsv_error *err) {
    lsv_kind kind = (lsv_kind)a->kind;
    lsv_dtype d = (lsv_dtype)a->dtype;
    t->kind = kind;
    t->in = d;
    if (d == LSV_BOOL) LSV_TRY(check_bool(op, kind, err));
    switch ((unary_class)unary_classes[op]) {
    case U_REAL: t->in = float_of(kind, d, true); break;
    case U_RINT:
        if (kind == LSV_NUMPY) t->in = float_of(kind, d, true);
        break;
    case U_RECIPROCAL:
        if (kind == LSV_TORCH) t->in = float_of(kind, d, true);
        break;
    case U_SQUARE:
        if (d == LSV_BOOL) t->in = LSV_INT64;
        break;
    case U_INVERT:
        if (!lsv_dtype_is_float(d)) break;
        return kind == LSV_NUMPY
                   ? unsupported_inputs("invert", err)
                   : lsv_fail(err, LSV_ETYPE,
                              "~ (operator.invert) is only implemented on integer and Boolean-type tensors");
    default: break;
    }
    t->compute = lsv_compute_of(t->in);
    t->out = unary_classes[op] == U_TEST ? LSV_BOOL : t->in;
    return LSV_OK;
}
