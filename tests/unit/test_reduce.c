/* Reductions, running ones, order statistics and counts. The sums of the 60 x 50 table are what
   NumPy and PyTorch give for it, to the last bit. */
#include "arrays.h"
#include "array/elementwise.h"
#include "array/reduce.h"
#include "base/interrupt.h"

static lsv_error err;

static lsv_array *reduced(lsv_reduction op, const lsv_array *a, int axis) { /* axis 9: all */
    lsv_reduce_options options = {.naxes = axis == 9 ? -1 : 1, .axes = {axis}, .ddof = a->kind == LSV_TORCH};
    lsv_array *out = NULL;
    if (lsv_reduce(op, a, &options, &out, &err) != LSV_OK) printf("error: %s\n", err.message);
    return out;
}
static double number(lsv_reduction op, const lsv_array *a, int axis, ptrdiff_t at) {
    lsv_array *r = reduced(op, a, axis);
    double x = r ? lsv_scalar_as_double(lsv_item(r, &at)) : NAN;
    lsv_release(r);
    return x;
}

static lsv_array *table(lsv_kind kind, lsv_dtype dtype) {
    lsv_array *a = IOTA(kind, dtype, 60, 50);
    for (ptrdiff_t i = 0; i < a->size; i++)
        lsv_store(dtype, a->data + (size_t)i * lsv_dtype_size(dtype),
                  lsv_scalar_float((double)((i * 7919 + 13) % 1000) / 997.0));
    return a;
}
static lsv_array *every_other(lsv_array *a, int axis) {
    lsv_index items[2] = {{.type = LSV_IX_SLICE, .step = 1}, {.type = LSV_IX_SLICE, .step = 1}};
    lsv_array *v = NULL;
    items[axis].step = 2;
    if (lsv_index_get(a, items, 2, &v, &err) != LSV_OK) exit(99);
    return v;
}

#define SAME(got, want) CHECK((got) == (want))

static void test_last_digit(void) {
    lsv_array *a = table(LSV_NUMPY, LSV_FLOAT64), *f = table(LSV_NUMPY, LSV_FLOAT32), *t = NULL;
    lsv_array *rows = every_other(a, 0), *cols = every_other(a, 1), *b = table(LSV_TORCH, LSV_FLOAT64),
              *g = table(LSV_TORCH, LSV_FLOAT32);
    SAME(number(LSV_SUM, a, 9, 0), 1503.0090270812436);
    SAME(number(LSV_SUM, a, 0, 3), 29.789368104312938);
    SAME(number(LSV_MEAN, a, 9, 0), 0.50100300902708117);
    SAME(number(LSV_VAR, a, 9, 0), 0.083835508531612896);
    SAME(number(LSV_PROD, a, 1, 0), 1.8468959295601586e-23);
    SAME(number(LSV_MEDIAN, a, 9, 0), 0.50100300902708117);
    SAME(number(LSV_SUM, rows, 9, 0), 750.0);
    SAME(number(LSV_SUM, cols, 9, 0), 752.25677031093278);
    SAME(number(LSV_SUM, f, 9, 0), 1503.009033203125);
    SAME(number(LSV_SUM, f, 0, 3), 29.789369583129883);
    SAME(number(LSV_VAR, f, 9, 0), 0.083835512399673462);
    SAME(number(LSV_PROD, f, 1, 0), 1.8468966129771752e-23);
    CHECK(lsv_transpose(a, NULL, &t, &err) == LSV_OK);
    SAME(number(LSV_SUM, t, 1, 3), 29.789368104312938); /* the same memory, the same order */
    SAME(number(LSV_SUM, b, 0, 3), 29.789368104312935);
    SAME(number(LSV_STD, b, 0, 5), 0.2916220040980968);
    SAME(number(LSV_VAR, b, 9, 0), 0.0838634630192861);
    SAME(number(LSV_SUM, g, 0, 3), 29.78936767578125);
    SAME(number(LSV_STD, g, 0, 5), 0.29162201285362244);
    SAME(number(LSV_PROD, g, 1, 0), 1.8468966129771752e-23);
    SAME(number(LSV_MEDIAN, g, 9, 0), 0.50050151348114014);
    lsv_array *all[] = {a, f, t, rows, cols, b, g};
    for (int i = 0; i < 7; i++) lsv_release(all[i]);
}

static void test_kinds(void) {
    lsv_array *a = NP(2, 3), *i4 = IOTA(LSV_NUMPY, LSV_INT32, 2, 3), *b = IOTA(LSV_NUMPY, LSV_BOOL, 4),
              *t = IOTA(LSV_TORCH, LSV_INT64, 4);
    lsv_array *out = NULL;
    CHECK_ARRAY(reduced(LSV_SUM, a, 0), "[3 5 7]");
    CHECK_ARRAY(reduced(LSV_SUM, a, -1), "[3 12]");
    CHECK_ARRAY(reduced(LSV_MAX, a, 1), "[2 5]");
    CHECK_ARRAY(reduced(LSV_PTP, a, 9), "5");
    CHECK_ARRAY(reduced(LSV_ANY, a, 1), "[1 1]");
    CHECK_ARRAY(reduced(LSV_ALL, a, 1), "[0 1]");
    CHECK_ARRAY(reduced(LSV_COUNT_NONZERO, a, 0), "[1 2 2]");
    CHECK_ARRAY(reduced(LSV_LOGSUMEXP, a, 1), "[2.40760596 5.40760596]");
    out = reduced(LSV_SUM, i4, 9);
    CHECK(out->dtype == LSV_INT64);
    CHECK_ARRAY(out, "15");
    CHECK_ARRAY(reduced(LSV_SUM, b, 9), "3");
    out = reduced(LSV_MEAN, b, 9);
    CHECK(out->dtype == LSV_FLOAT64);
    CHECK_ARRAY(out, "0.75");
    CHECK_ARRAY(reduced(LSV_MEDIAN, t, 9), "1");
    CHECK_ARRAY(reduced(LSV_MEDIAN, a, 9), "2.5");
    lsv_reduce_options o = {
        .naxes = 2, .axes = {1, 0}, .keepdims = true, .has_dtype = true, .dtype = LSV_FLOAT32};
    CHECK(lsv_reduce(LSV_SUM, i4, &o, &out, &err) == LSV_OK && out->dtype == LSV_FLOAT32);
    CHECK_ARRAY(out, "[[15]]");
    lsv_reduce_options none = {.naxes = 0};
    CHECK(lsv_reduce(LSV_SUM, a, &none, &out, &err) == LSV_OK);
    CHECK_ARRAY(out, "[[0 1 2] [3 4 5]]");
    lsv_array *all[] = {a, i4, b, t};
    for (int i = 0; i < 4; i++) lsv_release(all[i]);
}

static void test_nan(void) {
    lsv_array *a = LINE(LSV_NUMPY, LSV_FLOAT64, 3, NAN, 1, 2), *n = LINE(LSV_NUMPY, LSV_FLOAT64, NAN, NAN),
              *out = NULL;
    CHECK_ARRAY(reduced(LSV_MAX, a, 9), "nan");
    CHECK_ARRAY(reduced(LSV_NANMAX, a, 9), "3");
    CHECK_ARRAY(reduced(LSV_NANMIN, a, 9), "1");
    CHECK_ARRAY(reduced(LSV_NANMIN, n, 9), "nan");
    CHECK_ARRAY(reduced(LSV_NANSUM, a, 9), "6");
    CHECK_ARRAY(reduced(LSV_NANMEAN, a, 9), "2");
    CHECK_ARRAY(reduced(LSV_MEDIAN, a, 9), "nan");
    CHECK(lsv_argreduce(true, a, 0, true, false, &out, &err) == LSV_OK);
    CHECK_ARRAY(out, "1");
    lsv_release(a);
    lsv_release(n);
}

static void fails(lsv_reduction op, const lsv_array *a, int axis, lsv_status status, const char *text) {
    lsv_reduce_options options = {.naxes = axis == 9 ? -1 : 1, .axes = {axis}};
    lsv_array *out = NULL;
    CHECK(lsv_reduce(op, a, &options, &out, &err) == status && out == NULL);
    CHECK_TEXT(err.message, text);
}

static void test_errors(void) {
    lsv_array *a = NP(2, 3), *e = NP(0, 3), *te = TH(0, 3), *t = IOTA(LSV_TORCH, LSV_INT64, 2), *out = NULL;
    fails(LSV_MAX, e, 9, LSV_EVALUE, "zero-size array to reduction operation maximum which has no identity");
    fails(LSV_MIN, e, 0, LSV_EVALUE, "zero-size array to reduction operation minimum which has no identity");
    fails(LSV_MAX, te, 0, LSV_EINDEX, "max(): Expected reduction dim 0 to have non-zero size.");
    fails(LSV_SUM, a, 2, LSV_EAXIS, "axis 2 is out of bounds for array of dimension 2");
    fails(LSV_MEAN, t, 9, LSV_ENOTIMPL,
          "mean(): could not infer output dtype. Input dtype must be either a floating point or complex "
          "dtype. Got: Long");
    fails(LSV_STD, t, 9, LSV_ENOTIMPL, "std and var only support floating point and complex dtypes");
    lsv_reduce_options twice = {.naxes = 2, .axes = {0, -2}};
    CHECK(lsv_reduce(LSV_SUM, a, &twice, &out, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "duplicate value in 'axis'");
    CHECK_ARRAY(reduced(LSV_SUM, e, 0), "[0 0 0]");
    out = reduced(LSV_MAX, e, 1);
    CHECK_TEXT(SH(out), "(0,)");
    lsv_release(out);
    CHECK(lsv_argreduce(true, e, 0, true, false, &out, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "attempt to get argmax of an empty sequence");
    lsv_array *all[] = {a, e, te, t};
    for (int i = 0; i < 4; i++) lsv_release(all[i]);
}

static void test_lanes(void) {
    lsv_array *a = NP(2, 3), *b = IOTA(LSV_NUMPY, LSV_BOOL, 4), *out = NULL, *t = NULL;
    CHECK(lsv_transpose(a, NULL, &t, &err) == LSV_OK);
    CHECK(lsv_cumulate(LSV_SUM, a, 1, false, &out, &err) == LSV_OK);
    CHECK_ARRAY(out, "[[0 1 3] [3 7 12]]");
    CHECK(lsv_cumulate(LSV_SUM, t, 0, false, &out, &err) == LSV_OK);
    CHECK_ARRAY(out, "[[0 3] [1 7] [3 12]]");
    CHECK(lsv_cumulate(LSV_PROD, a, 0, true, &out, &err) == LSV_OK);
    CHECK_ARRAY(out, "[0 0 0 0 0 0]");
    CHECK(lsv_cumulate(LSV_SUM, b, 0, true, &out, &err) == LSV_OK && out->dtype == LSV_INT64);
    CHECK_ARRAY(out, "[0 1 2 3]");
    CHECK(lsv_cumulate(LSV_MIN, t, 1, false, &out, &err) == LSV_OK);
    CHECK_ARRAY(out, "[[0 0] [1 1] [2 2]]");
    CHECK(lsv_argreduce(true, t, 0, false, true, &out, &err) == LSV_OK);
    CHECK_ARRAY(out, "[[2 2]]");
    CHECK(lsv_argreduce(false, t, 0, true, false, &out, &err) == LSV_OK);
    CHECK_ARRAY(out, "0");
    CHECK(lsv_diff(a, 1, -1, &out, &err) == LSV_OK);
    CHECK_ARRAY(out, "[[1 1] [1 1]]");
    CHECK(lsv_diff(b, 2, 0, &out, &err) == LSV_OK);
    CHECK_ARRAY(out, "[1 0]");
    CHECK(lsv_diff(a, -1, 0, &out, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "order must be non-negative but got -1");
    lsv_release(a);
    lsv_release(b);
    lsv_release(t);
}

static void test_counts(void) {
    lsv_array *x = LINE(LSV_NUMPY, LSV_INT64, 1, 3, 3), *i = IOTA(LSV_NUMPY, LSV_INT64, 3),
              *q = LINE(LSV_NUMPY, LSV_FLOAT64, 0.3, 0.5);
    lsv_array *bad = LINE(LSV_NUMPY, LSV_INT64, 1, -1), *out = NULL, *edges = NULL;
    CHECK(lsv_bincount(x, 5, &out, &err) == LSV_OK);
    CHECK_ARRAY(out, "[0 1 0 2 0]");
    CHECK(lsv_bincount(bad, 0, &out, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "'list' argument must have no negative elements");
    CHECK(lsv_histogram(i, 3, false, 0, 0, &out, &edges, &err) == LSV_OK);
    CHECK_ARRAY(out, "[1 1 1]");
    CHECK_ARRAY(edges, "[0 0.666666667 1.33333333 2]");
    CHECK(lsv_histogram(i, 0, false, 0, 0, &out, &edges, &err) == LSV_EVALUE);
    CHECK(lsv_quantile(i, q, 0, true, false, &out, &err) == LSV_OK);
    CHECK_ARRAY(out, "[0.6 1]");
    lsv_array *all[] = {x, i, q, bad};
    for (int k = 0; k < 4; k++) lsv_release(all[k]);
    ptrdiff_t where = -1;
    lsv_array *f = NP(10, 10);
    CHECK(lsv_all_finite(f, &where) && where == -1);
    ((double *)lsv_data(f))[37] = INFINITY;
    CHECK(!lsv_all_finite(f, &where) && where == 37);
    lsv_release(f);
}

/* Without memory: an error, nothing lost. An interrupt ends a long reduction. */
static void test_trouble(void) {
    lsv_array *a = IOTA(LSV_NUMPY, LSV_FLOAT32, 40, 50), *half = IOTA(LSV_NUMPY, LSV_FLOAT16, 40, 50),
              *q = LINE(LSV_NUMPY, LSV_FLOAT64, 0.5);
    long live = lsv_alloc_live();
    for (int op = 0; op < LSV_NREDUCTIONS; op++)
        for (long k = 1; k < 12; k++) {
            lsv_array *out = NULL, *other = NULL;
            lsv_reduce_options options = {.naxes = 1, .axes = {0}};
            lsv_alloc_fail_at(k);
            lsv_status s = lsv_reduce((lsv_reduction)op, op % 2 ? a : half, &options, &out, &err);
            if (s == LSV_OK) s = lsv_quantile(a, q, 0, false, false, &other, &err);
            lsv_alloc_fail_at(0);
            CHECK(s == LSV_OK || s == LSV_ENOMEM);
            lsv_release(out);
            lsv_release(other);
            CHECK(lsv_alloc_live() == live);
        }
    lsv_release(a);
    lsv_release(half);
    lsv_release(q);
    lsv_array *long_one = IOTA(LSV_NUMPY, LSV_INT64, 3000000), *out = NULL;
    lsv_interrupt();
    CHECK(lsv_reduce(LSV_MAX, long_one, NULL, &out, &err) == LSV_EINTR && out == NULL);
    CHECK(lsv_binary(LSV_OP_ADD, long_one, long_one, &out, &err) == LSV_EINTR && out == NULL);
    CHECK(lsv_interrupt_take());
    lsv_release(long_one);
}

int main(void) {
    test_last_digit();
    test_kinds();
    test_nan();
    test_errors();
    test_lanes();
    test_counts();
    test_trouble();
    return check_done();
}
