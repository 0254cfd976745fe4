/* where, clip, round, nan_to_num, isclose and their kin. */
#include "arrays.h"
#include "array/elementwise.h"

static lsv_error err;

static lsv_array weak(lsv_kind kind, lsv_scalar x, double *cell) {
    return lsv_scalar_array(kind, x, LSV_WEAK, cell);
}

static void test_where(void) {
    double c1, c2;
    lsv_array *cond = LINE(LSV_NUMPY, LSV_BOOL, 1, 0, 1), *i = IOTA(LSV_NUMPY, LSV_INT64, 3),
              *f4 = IOTA(LSV_NUMPY, LSV_FLOAT32, 3);
    lsv_array *tc = LINE(LSV_TORCH, LSV_BOOL, 1, 0, 1), *tf = TH(3), *two = NP(2), *out = NULL;
    CHECK(lsv_where(cond, i, f4, &out, &err) == LSV_OK && out->dtype == LSV_FLOAT64);
    CHECK_ARRAY(out, "[0 1 2]");
    lsv_array one = weak(LSV_NUMPY, lsv_scalar_int(1), &c1),
              half = weak(LSV_NUMPY, lsv_scalar_float(2.5), &c2);
    CHECK(lsv_where(cond, &one, &half, &out, &err) == LSV_OK && out->dtype == LSV_FLOAT64);
    CHECK_ARRAY(out, "[1 2.5 1]");
    CHECK(lsv_where(cond, f4, &half, &out, &err) == LSV_OK && out->dtype == LSV_FLOAT32);
    CHECK_ARRAY(out, "[0 2.5 2]");
    CHECK(lsv_where(tc, &one, &half, &out, &err) == LSV_OK && out->kind == LSV_TORCH &&
          out->dtype == LSV_FLOAT32);
    lsv_release(out);
    CHECK(lsv_where(tf, tf, tf, &out, &err) == LSV_ERUNTIME);
    CHECK_TEXT(err.message,
               "where expected condition to be a boolean tensor, but got a tensor with dtype Float");
    CHECK(lsv_where(cond, two, f4, &out, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "operands could not be broadcast together with shapes (3,) (2,) (3,)");
    CHECK(lsv_where(f4, i, i, &out, &err) == LSV_OK); /* any dtype is a condition to NumPy */
    CHECK_ARRAY(out, "[0 1 2]");
    lsv_array *all[] = {cond, i, f4, tc, tf, two};
    for (int k = 0; k < 6; k++) lsv_release(all[k]);
}

static void test_clip(void) {
    double c1, c2;
    lsv_array *a = LINE(LSV_NUMPY, LSV_FLOAT64, 1, NAN, 5), *i = IOTA(LSV_NUMPY, LSV_INT64, 4), *t = TH(3),
              *out = NULL;
    lsv_array lo = weak(LSV_NUMPY, lsv_scalar_int(2), &c1), hi = weak(LSV_NUMPY, lsv_scalar_float(2.5), &c2);
    CHECK(lsv_clip(a, &lo, &hi, &out, &err) == LSV_OK);
    CHECK_ARRAY(out, "[2 nan 2.5]");
    CHECK(lsv_clip(i, NULL, &lo, &out, &err) == LSV_OK && out->dtype == LSV_INT64);
    CHECK_ARRAY(out, "[0 1 2 2]");
    CHECK(lsv_clip(i, &lo, &hi, &out, &err) == LSV_OK && out->dtype == LSV_FLOAT64);
    CHECK_ARRAY(out, "[2 2 2 2.5]");
    CHECK(lsv_clip(a, NULL, NULL, &out, &err) == LSV_OK);
    CHECK_ARRAY(out, "[1 nan 5]");
    CHECK(lsv_clip(t, NULL, NULL, &out, &err) == LSV_ERUNTIME);
    CHECK_TEXT(err.message, "torch.clamp: At least one of 'min' or 'max' must not be None");
    lsv_release(a);
    lsv_release(i);
    lsv_release(t);
}

static void test_round(void) {
    lsv_array *a = LINE(LSV_NUMPY, LSV_FLOAT64, 0.5, 1.5, -2.5, 2.675, 12345.678),
              *i = LINE(LSV_NUMPY, LSV_INT64, 15, 25, -15, 149);
    lsv_array *b = IOTA(LSV_NUMPY, LSV_BOOL, 2), *t = IOTA(LSV_TORCH, LSV_INT64, 2), *out = NULL;
    CHECK(lsv_round(a, 0, &out, &err) == LSV_OK);
    CHECK_ARRAY(out, "[0 2 -2 3 12346]");
    CHECK(lsv_round(a, 2, &out, &err) == LSV_OK);
    CHECK_ARRAY(out, "[0.5 1.5 -2.5 2.68 12345.68]");
    CHECK(lsv_round(a, -2, &out, &err) == LSV_OK);
    CHECK_ARRAY(out, "[0 0 -0 0 12300]");
    CHECK(lsv_round(i, -1, &out, &err) == LSV_OK && out->dtype == LSV_INT64);
    CHECK_ARRAY(out, "[20 20 -20 150]");
    CHECK(lsv_round(b, 1, &out, &err) == LSV_ETYPE);
    CHECK(lsv_round(b, 0, &out, &err) == LSV_OK && out->dtype == LSV_FLOAT16);
    lsv_release(out);
    CHECK(lsv_round(t, 1, &out, &err) == LSV_ENOTIMPL);
    lsv_array *all[] = {a, i, b, t};
    for (int k = 0; k < 4; k++) lsv_release(all[k]);
}

static void test_nan_to_num(void) {
    lsv_array *a = LINE(LSV_NUMPY, LSV_FLOAT32, NAN, INFINITY, -INFINITY, 1), *out = NULL;
    CHECK(lsv_nan_to_num(a, NAN, NAN, NAN, &out, &err) == LSV_OK && out->dtype == LSV_FLOAT32);
    CHECK_ARRAY(out, "[0 3.40282347e+38 -3.40282347e+38 1]");
    CHECK(lsv_nan_to_num(a, 7, 8, 9, &out, &err) == LSV_OK);
    CHECK_ARRAY(out, "[7 8 9 1]");
    lsv_release(a);
}

static void test_close(void) {
    lsv_array *a = LINE(LSV_NUMPY, LSV_FLOAT64, 1, INFINITY, NAN, 1, INFINITY);
    lsv_array *b = LINE(LSV_NUMPY, LSV_FLOAT64, 1.000001, INFINITY, NAN, 1.1, -INFINITY), *out = NULL;
    lsv_array *t = TH(2), *d = IOTA(LSV_TORCH, LSV_FLOAT64, 2);
    bool yes = true;
    CHECK(lsv_isclose(a, b, 1e-5, 1e-8, false, &out, &err) == LSV_OK);
    CHECK_ARRAY(out, "[1 1 0 0 0]");
    CHECK(lsv_isclose(a, b, 1e-5, 1e-8, true, &out, &err) == LSV_OK);
    CHECK_ARRAY(out, "[1 1 1 0 0]");
    CHECK(lsv_allclose(a, a, 1e-5, 1e-8, true, &yes, &err) == LSV_OK && yes);
    CHECK(lsv_allclose(a, b, 1e-5, 1e-8, true, &yes, &err) == LSV_OK && !yes);
    CHECK(lsv_allclose(t, d, 1e-5, 1e-8, true, &yes, &err) == LSV_ERUNTIME);
    CHECK_TEXT(err.message, "Float did not match Double");
    CHECK(!lsv_array_equal(a, a) && lsv_array_equal(t, d) && !lsv_array_equal(t, a));
    lsv_array *all[] = {a, b, t, d};
    for (int k = 0; k < 4; k++) lsv_release(all[k]);
}

int main(void) {
    test_where();
    test_clip();
    test_round();
    test_nan_to_num();
    test_close();
    return check_done();
}
