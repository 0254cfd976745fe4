/* Conversions and strided copies. */
#include "arrays.h"

#include <stdint.h>

static lsv_error err;
static lsv_array *v, *w;

static void test_names(void) {
    lsv_dtype d;
    for (int i = 0; i < LSV_NDTYPES; i++)
        CHECK(lsv_dtype_parse(lsv_dtype_name((lsv_dtype)i), &d) && d == (lsv_dtype)i);
    CHECK(lsv_dtype_parse("<f8", &d) && d == LSV_FLOAT64);
    CHECK(lsv_dtype_parse("|b1", &d) && d == LSV_BOOL);
    CHECK(lsv_dtype_parse("half", &d) && d == LSV_FLOAT16);
    CHECK(lsv_dtype_parse("float", &d) && d == LSV_FLOAT64);
    CHECK(!lsv_dtype_parse(">f8", &d) && !lsv_dtype_parse("complex128", &d) && !lsv_dtype_parse("", &d));
    CHECK(lsv_dtype_size(LSV_BOOL) == 1 && lsv_dtype_size(LSV_BFLOAT16) == 2 &&
          lsv_dtype_size(LSV_INT64) == 8);
}

static void test_halves(void) {
    int wrong = 0;
    for (uint32_t h = 0; h < 0x10000; h++) { /* every half survives the way to float and back */
        float f = lsv_half_to_float((uint16_t)h);
        if (f == f) wrong += lsv_float_to_half(f) != h;
        else wrong += (h & 0x7c00) != 0x7c00 || (lsv_float_to_half(f) & 0x7fff) <= 0x7c00;
        float b = lsv_bfloat_to_float((uint16_t)h);
        if (b == b) wrong += lsv_float_to_bfloat(b) != h;
    }
    CHECK(wrong == 0);
    CHECK(lsv_half_to_float(0x3c00) == 1 && lsv_half_to_float(0x7bff) == 65504 &&
          lsv_half_to_float(1) == 0x1p-24f);
    CHECK(lsv_half_to_float(0xfc00) == -INFINITY && lsv_half_to_float(0x83ff) == -0x3ffp-24f);
    CHECK(lsv_float_to_half(65519.99f) == 0x7bff && lsv_float_to_half(65520) == 0x7c00);
    CHECK(lsv_float_to_half(0x1p-25f) == 0 && lsv_float_to_half(0x1.8p-25f) == 1 &&
          lsv_float_to_half(0x1.8p-24f) == 2);
    CHECK(lsv_float_to_half(1 + 0x1p-11f) == 0x3c00 && lsv_float_to_half(1 + 0x1.8p-10f) == 0x3c02);
    CHECK(lsv_float_to_half(-0.0f) == 0x8000 && lsv_float_to_half(1e30f) == 0x7c00);
    CHECK(lsv_float_to_bfloat(1 + 0x1p-8f) == 0x3f80 && lsv_float_to_bfloat(1 + 0x1.8p-7f) == 0x3f82);
    CHECK(lsv_float_to_bfloat(3.4e38f) == 0x7f80);
    uint16_t half; /* one rounding only, from double: just above a tie that float cannot see */
    lsv_store(LSV_FLOAT16, &half, lsv_scalar_float(1 + 0x1p-11 + 0x1p-40));
    CHECK(half == 0x3c01);
    lsv_store(LSV_FLOAT16, &half, lsv_scalar_float(-(1 + 0x1p-11 + 0x1p-40)));
    CHECK(half == 0xbc01);
    lsv_store(LSV_FLOAT16, &half, lsv_scalar_float(1 + 0x1.8p-10 - 0x1p-40));
    CHECK(half == 0x3c01);
    lsv_store(LSV_FLOAT16, &half, lsv_scalar_float(1e300));
    CHECK(half == 0x7c00);
}

static const char *cast_text(lsv_dtype from, lsv_dtype to, const double *x, int n) {
    lsv_array *a = line_n(LSV_NUMPY, from, n, x), *b = NULL;
    lsv_astype(a, to, &b, &err);
    const char *text = T(b);
    lsv_release(a);
    lsv_release(b);
    return text;
}
#define CAST(from, to, ...) \
    cast_text(from, to, (double[]){__VA_ARGS__}, (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)))

static void test_casts(void) {
    CHECK_TEXT(CAST(LSV_FLOAT64, LSV_INT64, 1.9, -1.9, INFINITY, NAN, -1e30, 9.3e18),
               "[1 -1 -9223372036854775808 -9223372036854775808 -9223372036854775808 -9223372036854775808]");
    CHECK_TEXT(CAST(LSV_FLOAT64, LSV_INT32, 3e9, -2147483648.5, NAN, 2147483647.9),
               "[-2147483648 -2147483648 -2147483648 2147483647]");
    CHECK_TEXT(CAST(LSV_FLOAT32, LSV_INT64, 2.5, -2.5), "[2 -2]");
    CHECK_TEXT(CAST(LSV_FLOAT64, LSV_BOOL, NAN, 0, 0.1, -0.0), "[1 0 1 0]");
    CHECK_TEXT(CAST(LSV_FLOAT16, LSV_BOOL, 0.5, 0), "[1 0]");
    CHECK_TEXT(CAST(LSV_INT64, LSV_INT32, 4294967297.0, -4294967297.0, 2147483648.0), "[1 -1 -2147483648]");
    CHECK_TEXT(CAST(LSV_INT64, LSV_FLOAT64, 9007199254740992.0), "[9.00719925e+15]");
    CHECK_TEXT(CAST(LSV_BOOL, LSV_FLOAT32, 0, 5), "[0 1]");
    CHECK_TEXT(CAST(LSV_FLOAT64, LSV_FLOAT32, 1e300, 0.1), "[inf 0.100000001]");
    CHECK_TEXT(CAST(LSV_FLOAT64, LSV_BFLOAT16, 1.00390625, 3), "[1 3]");
    /* every pair of types, dense and strided, agrees with one element at a time */
    for (int s = 0; s < LSV_NDTYPES; s++)
        for (int d = 0; d < LSV_NDTYPES; d++) {
            lsv_array *a = iota_n(LSV_NUMPY, (lsv_dtype)s, 2, S(5, 7)), *t;
            lsv_transpose(a, NULL, &t, &err);
            CHECK(lsv_astype(a, (lsv_dtype)d, &v, &err) == LSV_OK &&
                  lsv_astype(t, (lsv_dtype)d, &w, &err) == LSV_OK);
            int wrong = 0;
            for (ptrdiff_t i = 0; i < 5; i++)
                for (ptrdiff_t j = 0; j < 7; j++) {
                    double cell = 0;
                    lsv_store((lsv_dtype)d, &cell, lsv_item(a, S(i, j)));
                    double want = lsv_scalar_as_double(lsv_load((lsv_dtype)d, &cell));
                    wrong += lsv_scalar_as_double(lsv_item(v, S(i, j))) != want;
                    wrong += lsv_scalar_as_double(lsv_item(w, S(j, i))) != want;
                }
            CHECK(wrong == 0);
            lsv_release(a), lsv_release(t), lsv_release(v), lsv_release(w);
        }
}

static void test_copies(void) {
    lsv_array *a = NP(3, 4), *t;
    lsv_flip(a, 1, (int[]){0}, &t, &err);
    CHECK(lsv_copy(t, &v, &err) == LSV_OK && lsv_is_contiguous(v));
    CHECK_ARRAY(v, "[[8 9 10 11] [4 5 6 7] [0 1 2 3]]");
    CHECK(lsv_contiguous(a, &v, &err) == LSV_OK && v == a);
    lsv_release(v);
    CHECK(lsv_contiguous(t, &v, &err) == LSV_OK && v != t);
    lsv_release(v);
    CHECK(lsv_as_dtype(a, LSV_FLOAT64, &v, &err) == LSV_OK && v == a);
    lsv_release(v);
    CHECK(lsv_as_dtype(a, LSV_INT32, &v, &err) == LSV_OK && v->dtype == LSV_INT32);
    lsv_release(v);
    lsv_release(t);
    lsv_release(a);
    /* large transposes go by tiles */
    const ptrdiff_t sizes[][2] = {{67, 45}, {8, 8}, {33, 200}, {1, 50}};
    for (int i = 0; i < 4; i++) {
        a = iota_n(LSV_NUMPY, LSV_INT64, 2, sizes[i]);
        lsv_transpose(a, NULL, &t, &err);
        lsv_copy(t, &v, &err);
        int wrong = 0;
        for (ptrdiff_t r = 0; r < sizes[i][0]; r++)
            for (ptrdiff_t c = 0; c < sizes[i][1]; c++)
                wrong += lsv_item(v, S(c, r)).i != r * sizes[i][1] + c;
        CHECK(wrong == 0);
        lsv_release(a), lsv_release(t), lsv_release(v);
    }
    /* eight dimensions, in a strange order, some backwards */
    a = NP(2, 3, 1, 2, 2, 3, 2, 2);
    lsv_transpose(a, (int[]){6, 1, 7, 3, 0, 5, 4, 2}, &t, &err);
    lsv_flip(t, 3, (int[]){0, 3, 5}, &w, &err);
    lsv_copy(w, &v, &err);
    CHECK(lsv_item(v, S(1, 2, 0, 1, 1, 2, 1, 0)).f == lsv_item(a, S(1, 2, 0, 0, 1, 0, 0, 0)).f);
    ptrdiff_t at[8] = {0};
    int wrong = 0;
    for (ptrdiff_t k = 0; k < v->size; k++) {
        ptrdiff_t left = k;
        for (int d = 7; d >= 0; d--) at[d] = left % v->shape[d], left /= v->shape[d];
        wrong += lsv_item(v, at).f != lsv_item(w, at).f;
    }
    CHECK(wrong == 0);
    lsv_release(a), lsv_release(t), lsv_release(w), lsv_release(v);
    a = NP(2, 0, 3);
    CHECK(lsv_copy(a, &v, &err) == LSV_OK && v->size == 0);
    CHECK(lsv_assign(v, a, &err) == LSV_OK);
    lsv_release(a), lsv_release(v);
}

static void test_assign(void) {
    lsv_array *a = NP(2, 3), *b = LINE(LSV_NUMPY, LSV_INT64, 7, 8, 9),
              *c = LINE(LSV_NUMPY, LSV_FLOAT64, 1, 2);
    CHECK(lsv_assign(a, b, &err) == LSV_OK);
    CHECK_TEXT(T(a), "[[7 8 9] [7 8 9]]");
    CHECK(lsv_assign(a, c, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "could not broadcast input array from shape (2,) into shape (2,3)");
    a->kind = LSV_TORCH;
    CHECK(lsv_assign(a, c, &err) == LSV_ERUNTIME);
    CHECK_TEXT(
        err.message,
        "The expanded size of the tensor (3) must match the existing size (2) at non-singleton dimension "
        "1.  Target sizes: [2, 3].  Tensor sizes: [2]");
    a->kind = LSV_NUMPY;
    lsv_array *wide = NP(1, 1, 2, 3); /* leading ones do not count */
    CHECK(lsv_assign(a, wide, &err) == LSV_OK);
    CHECK_TEXT(T(a), "[[0 1 2] [3 4 5]]");
    CHECK(lsv_fill(a, lsv_scalar_float(2.5), &err) == LSV_OK);
    CHECK_TEXT(T(a), "[[2.5 2.5 2.5] [2.5 2.5 2.5]]");
    double cell;
    lsv_array s = lsv_scalar_array(LSV_NUMPY, lsv_scalar_int(3), LSV_WEAK, &cell);
    CHECK(lsv_assign(a, &s, &err) == LSV_OK);
    CHECK_TEXT(T(a), "[[3 3 3] [3 3 3]]");
    lsv_release(wide), lsv_release(a), lsv_release(b), lsv_release(c);
}

/* dst and src are windows on one line of 0…9: the source is read before it is written over. */
static const char *shifted(ptrdiff_t d_at, ptrdiff_t d_step, ptrdiff_t s_at, ptrdiff_t s_step, ptrdiff_t n,
                           lsv_dtype dtype) {
    lsv_array *a = iota_n(LSV_NUMPY, dtype, 1, S(10)), *dst, *src;
    lsv_view_strided(a, 1, S(n), S(d_step), d_at, &dst, &err);
    lsv_view_strided(a, 1, S(n), S(s_step), s_at, &src, &err);
    CHECK(lsv_assign(dst, src, &err) == LSV_OK);
    const char *text = T(a);
    lsv_release(dst), lsv_release(src), lsv_release(a);
    return text;
}

static void test_overlap(void) {
    CHECK_TEXT(shifted(1, 1, 0, 1, 9, LSV_FLOAT64), "[0 0 1 2 3 4 5 6 7 8]");
    CHECK_TEXT(shifted(0, 1, 1, 1, 9, LSV_INT32), "[1 2 3 4 5 6 7 8 9 9]");
    CHECK_TEXT(shifted(0, 1, 9, -1, 10, LSV_FLOAT32), "[9 8 7 6 5 4 3 2 1 0]");
    CHECK_TEXT(shifted(0, 2, 0, 1, 5, LSV_BOOL), "[0 1 1 1 1 1 1 1 1 1]");
    CHECK_TEXT(shifted(2, 1, 0, 2, 4, LSV_FLOAT16), "[0 1 0 2 4 6 6 7 8 9]");
    CHECK_TEXT(shifted(3, 2, 3, 2, 3, LSV_INT64), "[0 1 2 3 4 5 6 7 8 9]");
    lsv_array *a = NP(3, 3), *t;
    lsv_transpose(a, NULL, &t, &err);
    CHECK(lsv_assign(a, t, &err) == LSV_OK);
    CHECK_TEXT(T(a), "[[0 3 6] [1 4 7] [2 5 8]]");
    CHECK_FAULTS(lsv_assign(a, t, &err), (void)0);
    lsv_release(t), lsv_release(a);
    a = NP(2, 3);
    lsv_view_strided(a, 1, S(3), S(1), 3, &t, &err); /* its last row into all of it */
    CHECK(lsv_assign(a, t, &err) == LSV_OK);
    CHECK_TEXT(T(a), "[[3 4 5] [3 4 5]]");
    lsv_release(t), lsv_release(a);
}

int main(void) {
    test_names();
    test_halves();
    test_casts();
    test_copies();
    test_assign();
    test_overlap();
    return check_done();
}
