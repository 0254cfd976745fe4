/* In which dtype operands meet, how shapes broadcast, and the errors of both libraries. */
#include "arrays.h"
#include "array/elementwise.h"

static lsv_error err;

#define B LSV_BOOL
#define I4 LSV_INT32
#define I8 LSV_INT64
#define F2 LSV_FLOAT16
#define BF LSV_BFLOAT16
#define F4 LSV_FLOAT32
#define F8 LSV_FLOAT64

static void test_types(void) {
    static const struct {
        lsv_dtype a, b, numpy, torch;
    } cases[] = {
        {B, B, B, B},     {B, I4, I4, I4},  {B, I8, I8, I8},  {B, F2, F2, F2},  {B, F4, F4, F4},
        {I4, I8, I8, I8}, {I4, F2, F8, F2}, {I4, F4, F8, F4}, {I8, F2, F8, F2}, {I8, F4, F8, F4},
        {I8, F8, F8, F8}, {F2, F4, F4, F4}, {F4, F8, F8, F8}, {F2, BF, F4, F4}, {BF, F4, F4, F4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(lsv_promote_types(LSV_NUMPY, cases[i].a, cases[i].b) == cases[i].numpy);
        CHECK(lsv_promote_types(LSV_NUMPY, cases[i].b, cases[i].a) == cases[i].numpy);
        CHECK(lsv_promote_types(LSV_TORCH, cases[i].a, cases[i].b) == cases[i].torch);
        CHECK(lsv_promote_types(LSV_TORCH, cases[i].b, cases[i].a) == cases[i].torch);
    }
}

/* An array of one dtype meets a Python number. */
static lsv_dtype meets(lsv_kind kind, lsv_dtype dtype, lsv_scalar number) {
    double cell;
    lsv_array *a = IOTA(kind, dtype, 3);
    lsv_array w = lsv_scalar_array(kind, number, LSV_WEAK, &cell);
    lsv_dtype d = lsv_promote(a, &w);
    CHECK(d == lsv_promote(&w, a));
    lsv_release(a);
    return d;
}

static void test_weak(void) {
    lsv_scalar yes = lsv_scalar_bool(true), two = lsv_scalar_int(2), half = lsv_scalar_float(0.5);
    CHECK(meets(LSV_NUMPY, B, yes) == B && meets(LSV_NUMPY, B, two) == I8 && meets(LSV_NUMPY, B, half) == F8);
    CHECK(meets(LSV_NUMPY, I4, two) == I4 && meets(LSV_NUMPY, I4, half) == F8 &&
          meets(LSV_NUMPY, I8, half) == F8);
    CHECK(meets(LSV_NUMPY, F2, half) == F2 && meets(LSV_NUMPY, F4, half) == F4 &&
          meets(LSV_NUMPY, F4, two) == F4);
    CHECK(meets(LSV_TORCH, B, two) == I8 && meets(LSV_TORCH, B, half) == F4 &&
          meets(LSV_TORCH, I8, half) == F4);
    CHECK(meets(LSV_TORCH, I4, two) == I4 && meets(LSV_TORCH, BF, half) == BF &&
          meets(LSV_TORCH, F8, half) == F8);
}

static lsv_array *scalar(lsv_kind kind, lsv_dtype dtype, double x) {
    lsv_array *a = NULL;
    if (lsv_full(kind, dtype, 0, NULL, lsv_scalar_float(x), &a, NULL) != LSV_OK) exit(99);
    return a;
}

static void test_zero_dim(void) {
    lsv_array *f4 = IOTA(LSV_TORCH, F4, 2), *i8 = IOTA(LSV_TORCH, I8, 2), *i4 = IOTA(LSV_TORCH, I4, 2);
    lsv_array *d0 = scalar(LSV_TORCH, F8, 1), *i0 = scalar(LSV_TORCH, I8, 1);
    lsv_array *n4 = IOTA(LSV_NUMPY, F4, 2), *n0 = scalar(LSV_NUMPY, F8, 1), *n8 = IOTA(LSV_NUMPY, F8, 2);
    CHECK(lsv_promote(f4, d0) == F4 && lsv_promote(i8, d0) == F8 && lsv_promote(i4, i0) == I4);
    CHECK(lsv_promote(d0, i0) == F8);
    CHECK(lsv_promote(n4, n0) == F8); /* a NumPy scalar is not weak among ndarrays … */
    CHECK(lsv_promote(f4, n0) == F4); /* … but torch takes it for a number */
    CHECK(lsv_promote(f4, n8) == F8);
    lsv_array *all[] = {f4, i8, i4, d0, i0, n4, n0, n8};
    for (int i = 0; i < 8; i++) lsv_release(all[i]);
}

static void test_shapes(void) {
    lsv_array *a = NP(2, 3), *b = NP(2), *c = NP(4, 1, 3), *t = TH(2, 3), *u = TH(2);
    ptrdiff_t shape[LSV_MAXDIM];
    int ndim;
    CHECK(lsv_broadcast(a, c, &ndim, shape, &err) == LSV_OK && ndim == 3 && shape[0] == 4 && shape[1] == 2 &&
          shape[2] == 3);
    CHECK(lsv_broadcast(a, b, &ndim, shape, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "operands could not be broadcast together with shapes (2,3) (2,)");
    CHECK_TEXT(err.hint, "the second operand indexed with [..., None] has shape (2, 1), which conforms");
    CHECK(lsv_broadcast(t, u, &ndim, shape, &err) == LSV_ERUNTIME);
    CHECK_TEXT(err.message,
               "The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 1");
    CHECK(lsv_broadcast(b, c, &ndim, shape, NULL) == LSV_EVALUE);
    lsv_array *all[] = {a, b, c, t, u};
    for (int i = 0; i < 5; i++) lsv_release(all[i]);
}

/* The error of an operation on two lines of three. */
static void refuses(lsv_binary_op op, lsv_kind kind, lsv_dtype a, lsv_dtype b, lsv_status status,
                    const char *text) {
    lsv_array *x = IOTA(kind, a, 3), *y = IOTA(kind, b, 3), *out = NULL;
    CHECK(lsv_binary(op, x, y, &out, &err) == status);
    CHECK_TEXT(err.message, text);
    CHECK(out == NULL);
    lsv_release(x);
    lsv_release(y);
}

static void test_refusals(void) {
    refuses(LSV_OP_SUB, LSV_NUMPY, B, B, LSV_ETYPE,
            "numpy boolean subtract, the `-` operator, is not supported, use the bitwise_xor, the `^` "
            "operator, or the "
            "logical_xor function instead.");
    refuses(LSV_OP_SUB, LSV_TORCH, B, B, LSV_ENOTIMPL,
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
            "`logical_xor()` operator "
            "instead.");
    refuses(LSV_OP_AND, LSV_NUMPY, F8, I8, LSV_ETYPE,
            "ufunc 'bitwise_and' not supported for the input types, and the inputs could not be safely "
            "coerced to any "
            "supported types according to the casting rule ''safe''");
    refuses(LSV_OP_AND, LSV_TORCH, F4, F4, LSV_ENOTIMPL, "\"bitwise_and_cpu\" not implemented for 'Float'");
    refuses(LSV_OP_GCD, LSV_NUMPY, F8, F8, LSV_ETYPE,
            "ufunc 'gcd' did not contain a loop with signature matching types (<class "
            "'numpy.dtypes.Float64DType'>, <class "
            "'numpy.dtypes.Float64DType'>) -> None");
    refuses(LSV_OP_MOD, LSV_TORCH, B, B, LSV_ENOTIMPL, "\"remainder_cpu\" not implemented for 'Bool'");
    refuses(LSV_OP_FLOORDIV, LSV_TORCH, I8, I8, LSV_ERUNTIME, "ZeroDivisionError");
}

static void test_overflow(void) {
    double cell;
    lsv_array *a = IOTA(LSV_NUMPY, I4, 3), *t = IOTA(LSV_TORCH, I4, 3), *out = NULL;
    lsv_array w = lsv_scalar_array(LSV_NUMPY, lsv_scalar_int((int64_t)1 << 40), LSV_WEAK, &cell);
    CHECK(lsv_binary(LSV_OP_ADD, a, &w, &out, &err) == LSV_EOVERFLOW);
    CHECK_TEXT(err.message, "Python integer 1099511627776 out of bounds for int32");
    CHECK(lsv_binary(LSV_OP_LT, a, &w, &out, &err) == LSV_OK);
    CHECK_ARRAY(out, "[1 1 1]");
    CHECK(lsv_binary(LSV_OP_ADD, t, &w, &out, &err) == LSV_OK && out->dtype == I4);
    CHECK_ARRAY(out, "[0 1 2]");
    lsv_release(a);
    lsv_release(t);
}

int main(void) {
    test_types();
    test_weak();
    test_zero_dim();
    test_shapes();
    test_refusals();
    test_overflow();
    return check_done();
}
