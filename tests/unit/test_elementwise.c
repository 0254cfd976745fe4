/* Unary and binary operations, their dtypes, corner cases and layouts, out of place and in place. */
#include "arrays.h"
#include "array/elementwise.h"

static lsv_error err;
#define BIN(op, a, b) binary_of(LSV_OP_##op, a, b)
#define UN(fn, a) unary_of(LSV_FN_##fn, a)

static lsv_array *binary_of(lsv_binary_op op, const lsv_array *a, const lsv_array *b) {
    lsv_array *out = NULL;
    if (lsv_binary(op, a, b, &out, &err) != LSV_OK) printf("error: %s\n", err.message);
    return out;
}
static lsv_array *unary_of(lsv_unary_op op, const lsv_array *a) {
    lsv_array *out = NULL;
    if (lsv_unary(op, a, &out, &err) != LSV_OK) printf("error: %s\n", err.message);
    return out;
}
/* op applied to an array and a Python number */
static lsv_array *with(lsv_binary_op op, const lsv_array *a, lsv_scalar number) {
    double cell;
    lsv_array w = lsv_scalar_array((lsv_kind)a->kind, number, LSV_WEAK, &cell);
    return binary_of(op, a, &w);
}

static void test_plain(void) {
    lsv_array *a = NP(2, 3), *b = NP(3), *t = NULL;
    CHECK_ARRAY(BIN(ADD, a, a), "[[0 2 4] [6 8 10]]");
    CHECK_ARRAY(BIN(MUL, a, b), "[[0 1 4] [0 4 10]]");
    CHECK_ARRAY(BIN(SUB, b, a), "[[0 0 0] [-3 -3 -3]]");
    CHECK_ARRAY(BIN(GT, a, b), "[[0 0 0] [1 1 1]]");
    CHECK_ARRAY(with(LSV_OP_DIV, a, lsv_scalar_int(2)), "[[0 0.5 1] [1.5 2 2.5]]");
    CHECK(lsv_transpose(a, NULL, &t, &err) == LSV_OK);
    lsv_array *sum = BIN(ADD, t, t); /* memory of the result runs as the operands' */
    CHECK(sum->strides[0] == 1 && sum->strides[1] == 3);
    CHECK_ARRAY(sum, "[[0 6] [2 8] [4 10]]");
    lsv_array *empty = NP(0, 3), *row = NP(1, 3);
    sum = BIN(ADD, empty, row);
    CHECK_TEXT(SH(sum), "(0, 3)");
    lsv_release(sum);
    lsv_release(empty);
    lsv_release(row);
    lsv_release(a);
    lsv_release(b);
    lsv_release(t);
}

static void test_integers(void) {
    lsv_array *x = LINE(LSV_NUMPY, LSV_INT64, 7, -7, 7, -7, 5),
              *y = LINE(LSV_NUMPY, LSV_INT64, 2, 2, -2, -2, 0);
    CHECK_ARRAY(BIN(FLOORDIV, x, y), "[3 -4 -4 3 0]");
    CHECK_ARRAY(BIN(MOD, x, y), "[1 1 -1 -1 0]");
    CHECK_ARRAY(BIN(FMOD, x, y), "[1 -1 1 -1 0]");
    CHECK_ARRAY(BIN(GCD, x, y), "[1 1 1 1 5]");
    CHECK_ARRAY(BIN(LCM, x, y), "[14 14 14 14 0]");
    CHECK_ARRAY(with(LSV_OP_POW, x, lsv_scalar_int(3)), "[343 -343 343 -343 125]");
    lsv_array *out = NULL;
    CHECK(lsv_binary(LSV_OP_POW, x, y, &out, &err) == LSV_EVALUE && err.operand == 1);
    CHECK_TEXT(err.message, "Integers to negative integer powers are not allowed.");
    lsv_array *least = NULL, *one = LINE(LSV_NUMPY, LSV_INT64, -1);
    ptrdiff_t n = 1;
    CHECK(lsv_full(LSV_NUMPY, LSV_INT64, 1, &n, lsv_scalar_int(INT64_MIN), &least, &err) == LSV_OK);
    CHECK_ARRAY(BIN(ADD, least, one), "[9223372036854775807]");
    CHECK_ARRAY(BIN(FLOORDIV, least, one), "[-9223372036854775808]");
    CHECK_ARRAY(UN(ABS, least), "[-9223372036854775808]");
    CHECK_ARRAY(with(LSV_OP_LSHIFT, x, lsv_scalar_int(64)), "[0 0 0 0 0]");
    CHECK_ARRAY(with(LSV_OP_RSHIFT, x, lsv_scalar_int(64)), "[0 -1 0 -1 0]");
    lsv_array *t = LINE(LSV_TORCH, LSV_INT64, 2, 1, -1), *minus = LINE(LSV_TORCH, LSV_INT64, -3, -2, -1);
    CHECK_ARRAY(BIN(POW, t, minus), "[0 1 -1]"); /* among tensors, but not by a number */
    CHECK(lsv_binary(LSV_OP_POW, t, one, &out, &err) == LSV_OK);
    lsv_release(out);
    lsv_array *all[] = {x, y, least, one, t, minus};
    for (int i = 0; i < 6; i++) lsv_release(all[i]);
}

static void test_floats(void) {
    lsv_array *x = LINE(LSV_NUMPY, LSV_FLOAT64, 7.5, -7.5, 1, NAN, INFINITY),
              *y = LINE(LSV_NUMPY, LSV_FLOAT64, 2, 2, 0, 1, 1);
    lsv_array *n = LINE(LSV_NUMPY, LSV_FLOAT64, 7.5, -7.5, 1, -4, 4),
              *d = LINE(LSV_NUMPY, LSV_FLOAT64, 2, 2, -INFINITY, 2, -2);
    CHECK_ARRAY(BIN(FLOORDIV, n, d), "[3 -4 -1 -2 -2]");
    CHECK_ARRAY(BIN(MOD, n, d), "[1.5 0.5 -inf 0 -0]");
    lsv_release(n);
    lsv_release(d);
    CHECK_ARRAY(BIN(MAXIMUM, x, y), "[7.5 2 1 nan inf]");
    CHECK_ARRAY(BIN(FMAX, x, y), "[7.5 2 1 1 inf]");
    CHECK_ARRAY(BIN(MINIMUM, y, x), "[2 -7.5 0 nan 1]");
    CHECK_ARRAY(BIN(EQ, x, x), "[1 1 1 0 1]");
    CHECK_ARRAY(UN(ISNAN, x), "[0 0 0 1 0]");
    CHECK_ARRAY(UN(ISINF, x), "[0 0 0 0 1]");
    CHECK_ARRAY(UN(ISFINITE, x), "[1 1 1 0 0]");
    CHECK_ARRAY(UN(SIGN, x), "[1 -1 1 nan 1]");
    CHECK_ARRAY(with(LSV_OP_POW, y, lsv_scalar_float(0.5)), "[1.41421356 1.41421356 0 1 1]");
    CHECK_ARRAY(with(LSV_OP_POW, y, lsv_scalar_int(-1)), "[0.5 0.5 inf 1 1]");
    lsv_array *t = LINE(LSV_TORCH, LSV_FLOAT32, NAN, 4, -4), *u = LINE(LSV_TORCH, LSV_FLOAT32, 1, -2, 2);
    CHECK_ARRAY(UN(SIGN, t), "[0 1 -1]");
    CHECK_ARRAY(BIN(MOD, t, u), "[nan 0 -0]"); /* fmod's sign of zero, where NumPy has the divisor's */
    CHECK_ARRAY(with(LSV_OP_POW, u, lsv_scalar_int(3)), "[1 -8 8]");
    lsv_array *all[] = {x, y, t, u};
    for (int i = 0; i < 4; i++) lsv_release(all[i]);
}

static void test_half(void) {
    lsv_array *h = LINE(LSV_NUMPY, LSV_FLOAT16, 1, 2049, 60000), *t = LINE(LSV_TORCH, LSV_FLOAT16, 1, 3),
              *out;
    out = BIN(ADD, h, h);
    CHECK(out->dtype == LSV_FLOAT16);
    CHECK_ARRAY(out, "[2 4096 inf]"); /* 2049 was rounded on the way in */
    CHECK_ARRAY(with(LSV_OP_MUL, h, lsv_scalar_float(0.1)),
                "[0.0999755859 204.75 6000]"); /* 0.1 in float16 first */
    CHECK_ARRAY(with(LSV_OP_MUL, t, lsv_scalar_float(0.1)),
                "[0.0999755859 0.300048828]"); /* 0.1 in float32 */
    lsv_release(h);
    lsv_release(t);
}

static void test_unary_types(void) {
    static const struct {
        lsv_unary_op op;
        lsv_kind kind;
        lsv_dtype in, out;
    } cases[] = {
        {LSV_FN_SQRT, LSV_NUMPY, LSV_BOOL, LSV_FLOAT16},
        {LSV_FN_SQRT, LSV_NUMPY, LSV_INT32, LSV_FLOAT64},
        {LSV_FN_EXP, LSV_TORCH, LSV_INT64, LSV_FLOAT32},
        {LSV_FN_FLOOR, LSV_NUMPY, LSV_INT64, LSV_INT64},
        {LSV_FN_RINT, LSV_NUMPY, LSV_INT64, LSV_FLOAT64},
        {LSV_FN_RINT, LSV_TORCH, LSV_INT64, LSV_INT64},
        {LSV_FN_ISNAN, LSV_NUMPY, LSV_INT64, LSV_BOOL},
        {LSV_FN_RECIPROCAL, LSV_TORCH, LSV_INT64, LSV_FLOAT32},
        {LSV_FN_SQUARE, LSV_TORCH, LSV_BOOL, LSV_INT64},
        {LSV_FN_ABS, LSV_NUMPY, LSV_BOOL, LSV_BOOL},
        {LSV_FN_INVERT, LSV_NUMPY, LSV_BOOL, LSV_BOOL},
        {LSV_FN_LOGICAL_NOT, LSV_TORCH, LSV_FLOAT32, LSV_BOOL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lsv_array *a = IOTA(cases[i].kind, cases[i].in, 2), *out = unary_of(cases[i].op, a);
        CHECK(out && out->dtype == cases[i].out);
        lsv_release(out);
        lsv_release(a);
    }
    lsv_array *b = IOTA(LSV_NUMPY, LSV_BOOL, 2), *f = NP(2), *t = IOTA(LSV_TORCH, LSV_BOOL, 2), *out = NULL;
    CHECK(lsv_unary(LSV_FN_NEG, b, &out, &err) == LSV_ETYPE);
    CHECK(lsv_unary(LSV_FN_INVERT, f, &out, &err) == LSV_ETYPE);
    CHECK(lsv_unary(LSV_FN_FLOOR, t, &out, &err) == LSV_ENOTIMPL);
    CHECK_TEXT(err.message, "\"floor_vml_cpu\" not implemented for 'Bool'");
    lsv_release(b);
    lsv_release(f);
    lsv_release(t);
}

static void test_in_place(void) {
    lsv_array *a = NP(3, 3), *t = NULL, *i = IOTA(LSV_NUMPY, LSV_INT64, 3), *line = NP(3), *tail = NULL,
              *head = NULL;
    CHECK(lsv_transpose(a, NULL, &t, &err) == LSV_OK);
    CHECK(lsv_binary_into(LSV_OP_ADD, a, t, &err) == LSV_OK);
    CHECK_TEXT(T(a), "[[0 4 8] [4 8 12] [8 12 16]]");
    lsv_index from1 = {.type = LSV_IX_SLICE, .has_start = true, .start = 1, .step = 1};
    lsv_index to2 = {.type = LSV_IX_SLICE, .has_stop = true, .stop = 2, .step = 1};
    CHECK(lsv_index_get(line, &from1, 1, &tail, &err) == LSV_OK &&
          lsv_index_get(line, &to2, 1, &head, &err) == LSV_OK);
    CHECK(lsv_binary_into(LSV_OP_ADD, tail, head, &err) == LSV_OK);
    CHECK_TEXT(T(line), "[0 1 3]");
    CHECK(lsv_binary_into(LSV_OP_DIV, i, i, &err) == LSV_ETYPE);
    CHECK_TEXT(err.message, "Cannot cast ufunc 'divide' output from dtype('float64') to dtype('int64') with "
                            "casting rule 'same_kind'");
    CHECK(lsv_binary_into(LSV_OP_ADD, line, a, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message,
               "non-broadcastable output operand with shape (3,) doesn't match the broadcast shape (3,3)");
    lsv_array *ti = IOTA(LSV_TORCH, LSV_INT64, 3), *tf = TH(3), *wide = NULL;
    CHECK(lsv_binary_into(LSV_OP_ADD, ti, tf, &err) == LSV_ERUNTIME);
    CHECK_TEXT(err.message, "result type Float can't be cast to the desired output type Long");
    CHECK(lsv_binary_into(LSV_OP_MUL, tf, ti, &err) == LSV_OK);
    CHECK_TEXT(T(tf), "[0 1 4]");
    CHECK(lsv_broadcast_to(line, 2, S(2, 3), &wide, &err) == LSV_OK);
    CHECK(lsv_binary_into(LSV_OP_ADD, wide, line, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "output array is read-only");
    lsv_array *all[] = {a, t, i, line, tail, head, ti, tf, wide};
    for (int k = 0; k < 9; k++) lsv_release(all[k]);
}

/* Every operation, every pair of types, big enough for the vector loops: as one by one. */
static void test_against_single(void) {
    for (int op = 0; op < LSV_NBINARY; op++)
        for (int d = 0; d < LSV_NDTYPES; d++) {
            lsv_array *a = IOTA(LSV_NUMPY, (lsv_dtype)d, 41), *b = NULL, *all = NULL;
            if (lsv_flip(a, -1, NULL, &b, &err) != LSV_OK) exit(99);
            if (lsv_binary((lsv_binary_op)op, a, b, &all, &err) == LSV_OK)
                for (ptrdiff_t i = 0; i < 41; i += 8) {
                    lsv_index at = {.type = LSV_IX_INT, .start = i};
                    lsv_array *x = NULL, *y = NULL, *one = NULL;
                    CHECK(lsv_index_get(a, &at, 1, &x, &err) == LSV_OK &&
                          lsv_index_get(b, &at, 1, &y, &err) == LSV_OK);
                    CHECK(lsv_binary((lsv_binary_op)op, x, y, &one, &err) == LSV_OK &&
                          one->dtype == all->dtype);
                    lsv_scalar want = lsv_item(one, NULL), got = lsv_item(all, &i);
                    CHECK(want.i == got.i ||
                          (want.dtype >= LSV_FLOAT16 && want.f != want.f && got.f != got.f));
                    lsv_release(x);
                    lsv_release(y);
                    lsv_release(one);
                }
            lsv_release(all);
            lsv_release(a);
            lsv_release(b);
        }
}

/* Without memory: an error, nothing lost. */
static void test_no_memory(void) {
    ptrdiff_t n = 3000;
    lsv_array *a = iota_n(LSV_NUMPY, LSV_FLOAT64, 1, &n), *b = iota_n(LSV_NUMPY, LSV_INT64, 1, &n);
    long live = lsv_alloc_live();
    for (long k = 1; k < 20; k++) {
        lsv_array *out = NULL;
        lsv_alloc_fail_at(k);
        lsv_status status = lsv_binary(LSV_OP_ADD, a, b, &out, &err);
        if (status == LSV_OK) status = lsv_binary_into(LSV_OP_MUL, out, a, &err);
        lsv_alloc_fail_at(0);
        CHECK(status == LSV_OK || status == LSV_ENOMEM);
        lsv_release(out);
        CHECK(lsv_alloc_live() == live);
    }
    lsv_release(a);
    lsv_release(b);
}

int main(void) {
    test_plain();
    test_integers();
    test_floats();
    test_half();
    test_unary_types();
    test_in_place();
    test_against_single();
    test_no_memory();
    return check_done();
}
