/* Sorting and what follows from it. */
#include "arrays.h"
#include "base/interrupt.h"

static lsv_error err;
static lsv_array *v, *w;

static void test_small(void) {
    lsv_array *a = LINE(LSV_NUMPY, LSV_FLOAT64, 3, NAN, 1, 2, NAN, 1),
              *b = LINE(LSV_NUMPY, LSV_INT64, 3, 1, 2, 1);
    CHECK(lsv_sort(a, 0, false, &v, &w, &err) == LSV_OK);
    CHECK_ARRAY(v, "[1 1 2 3 nan nan]");
    CHECK_ARRAY(w, "[2 5 3 0 1 4]");
    CHECK(lsv_sort(a, -1, true, &v, &w, &err) == LSV_OK); /* down: NaN first, equal ones keep their order */
    CHECK_ARRAY(v, "[nan nan 3 2 1 1]");
    CHECK_ARRAY(w, "[1 4 0 3 2 5]");
    CHECK(lsv_sort(a, 0, false, &v, NULL, &err) == LSV_OK);
    CHECK_ARRAY(v, "[1 1 2 3 nan nan]");
    CHECK(lsv_sort(b, 0, true, &v, NULL, &err) == LSV_OK);
    CHECK_ARRAY(v, "[3 2 1 1]");
    CHECK(lsv_sort(b, 0, false, NULL, &w, &err) == LSV_OK);
    CHECK_ARRAY(w, "[1 3 2 0]");
    CHECK(lsv_sort(b, 1, false, &v, NULL, &err) == LSV_EAXIS);
    CHECK_TEXT(err.message, "axis 1 is out of bounds for array of dimension 1");
    CHECK_FAULTS(lsv_sort(a, 0, false, &v, &w, &err), (lsv_release(v), lsv_release(w)));
    CHECK_FAULTS(lsv_sort(a, 0, false, &v, NULL, &err), lsv_release(v));
    lsv_release(a), lsv_release(b);
}

static void test_axes(void) {
    lsv_array *x = LINE(LSV_NUMPY, LSV_FLOAT32, 5, 1, 4, 2, 6, 0), *a, *t;
    lsv_reshape(x, 2, S(2, 3), false, &a, &err);
    CHECK(lsv_sort(a, 0, false, &v, &w, &err) == LSV_OK);
    CHECK_ARRAY(v, "[[2 1 0] [5 6 4]]");
    CHECK_ARRAY(w, "[[1 0 1] [0 1 0]]");
    CHECK(lsv_sort(a, 1, true, &v, NULL, &err) == LSV_OK);
    CHECK_ARRAY(v, "[[5 4 1] [6 2 0]]");
    lsv_transpose(a, NULL, &t, &err);
    CHECK(lsv_sort(t, 0, false, &v, NULL, &err) == LSV_OK);
    CHECK_ARRAY(v, "[[1 0] [4 2] [5 6]]");
    lsv_release(t), lsv_release(a), lsv_release(x);
    a = NP(2, 0);
    CHECK(lsv_sort(a, 1, false, &v, &w, &err) == LSV_OK);
    CHECK_ARRAY(v, "[[] []]");
    CHECK_ARRAY(w, "[[] []]");
    lsv_release(a);
    lsv_from_scalar(LSV_TORCH, lsv_scalar_float(2), &a, &err);
    CHECK(lsv_sort(a, -1, false, &v, &w, &err) == LSV_OK);
    CHECK_ARRAY(v, "2");
    CHECK_ARRAY(w, "0");
    a->kind = LSV_NUMPY;
    CHECK(lsv_sort(a, -1, false, &v, NULL, &err) == LSV_EAXIS);
    CHECK(lsv_sort(a, -1, false, NULL, &w, &err) == LSV_OK);
    CHECK_ARRAY(w, "[0]");
    lsv_release(a);
}

/* Many of each type, many equal: sorted, stable, a permutation. */
static void test_large(void) {
    const ptrdiff_t sizes[] = {16, 17, 100, 1000, 20011};
    for (int d = 0; d < LSV_NDTYPES; d++)
        for (int s = 0; s < 5; s++) {
            ptrdiff_t n = sizes[s];
            lsv_array *a;
            lsv_empty(LSV_NUMPY, (lsv_dtype)d, 1, &n, &a, &err);
            unsigned x = 7;
            for (ptrdiff_t i = 0; i < n; i++) {
                x = x * 1664525u + 1013904223u;
                lsv_scalar value = lsv_scalar_float((double)(x >> 16 & 1023) / 4 - 128);
                if (lsv_dtype_is_float((lsv_dtype)d) && x >> 28 == 0) value.f = x & 0x100000 ? NAN : -0.0;
                lsv_store((lsv_dtype)d, a->data + (size_t)i * lsv_dtype_size((lsv_dtype)d), value);
            }
            for (int down = 0; down < 2; down++) {
                lsv_array *alone;
                CHECK(lsv_sort(a, 0, down, &v, &w, &err) == LSV_OK &&
                      lsv_sort(a, 0, down, &alone, NULL, &err) == LSV_OK);
                int wrong = 0;
                const int64_t *at = lsv_data(w);
                for (ptrdiff_t i = 0; i < n; i++) {
                    double this = lsv_scalar_as_double(lsv_item(v, S(i)));
                    double from = lsv_scalar_as_double(lsv_item(a, S((ptrdiff_t)at[i])));
                    double only = lsv_scalar_as_double(lsv_item(alone, S(i)));
                    wrong += !(this == from || (this != this && from != from));
                    wrong += !(this == only || (this != this && only != only));
                    if (i == 0) continue;
                    double before = lsv_scalar_as_double(lsv_item(v, S(i - 1)));
                    bool same = this == before || (this != this && before != before);
                    bool ordered = down ? before > this || before != before : before < this || this != this;
                    wrong += same ? at[i - 1] >= at[i] : !ordered;
                }
                CHECK(wrong == 0);
                lsv_release(v), lsv_release(w), lsv_release(alone);
            }
            lsv_release(a);
        }
}

static void test_interrupted(void) {
    long live = lsv_alloc_live();
    lsv_array *a = NP(5000);
    lsv_interrupt();
    CHECK(lsv_sort(a, 0, true, &v, &w, &err) == LSV_EINTR);
    CHECK(lsv_interrupt_take());
    lsv_release(a);
    CHECK(lsv_alloc_live() == live);
}

static void test_unique(void) {
    lsv_array *x = LINE(LSV_NUMPY, LSV_FLOAT64, 3, NAN, 1, 3, 1, NAN), *a, *index, *inverse, *counts;
    lsv_reshape(x, 2, S(2, 3), false, &a, &err);
    CHECK(lsv_unique(a, &v, &index, &inverse, &counts, &err) == LSV_OK);
    CHECK_ARRAY(v, "[1 3 nan]");
    CHECK_ARRAY(index, "[2 0 1]");
    CHECK_ARRAY(inverse, "[[1 2 0] [1 0 2]]");
    CHECK_ARRAY(counts, "[2 2 2]");
    CHECK(lsv_unique(a, &v, NULL, NULL, NULL, &err) == LSV_OK);
    CHECK_ARRAY(v, "[1 3 nan]");
    CHECK_FAULTS(lsv_unique(a, &v, &index, &inverse, &counts, &err),
                 (lsv_release(v), lsv_release(index), lsv_release(inverse), lsv_release(counts)));
    a->kind = LSV_TORCH; /* where no NaN is another */
    CHECK(lsv_unique(a, &v, NULL, NULL, &counts, &err) == LSV_OK);
    CHECK_ARRAY(v, "[1 3 nan nan]");
    CHECK_ARRAY(counts, "[2 2 1 1]");
    lsv_release(a), lsv_release(x);
    a = NP(0);
    CHECK(lsv_unique(a, &v, NULL, NULL, &counts, &err) == LSV_OK);
    CHECK_ARRAY(v, "[]");
    CHECK_ARRAY(counts, "[]");
    lsv_release(a);
    a = LINE(LSV_TORCH, LSV_BFLOAT16, 2, 1, 2);
    CHECK(lsv_unique(a, &v, NULL, NULL, NULL, &err) == LSV_OK && v->dtype == LSV_BFLOAT16);
    CHECK_ARRAY(v, "[1 2]");
    lsv_release(a);
}

static void test_searchsorted(void) {
    lsv_array *x = LINE(LSV_NUMPY, LSV_FLOAT64, 1, 2, 2, 3, NAN),
              *v1 = LINE(LSV_NUMPY, LSV_FLOAT64, 0, 2, 2.5, 9, NAN), *s;
    lsv_array *ints = LINE(LSV_NUMPY, LSV_INT64, 1, 2, 3), *a = NP(2, 2);
    lsv_searchsorted(x, v1, false, &v, &err);
    CHECK_ARRAY(v, "[0 1 3 4 4]");
    lsv_searchsorted(x, v1, true, &v, &err);
    CHECK_ARRAY(v, "[0 3 3 4 5]");
    lsv_searchsorted(ints, a, false, &v, &err);
    CHECK_ARRAY(v, "[[0 0] [1 2]]");
    lsv_from_scalar(LSV_NUMPY, lsv_scalar_int(3), &s, &err);
    lsv_searchsorted(ints, s, true, &v, &err);
    CHECK_ARRAY(v, "3");
    CHECK(lsv_searchsorted(a, s, false, &v, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "object too deep for desired array");
    CHECK_FAULTS(lsv_searchsorted(x, v1, false, &v, &err), lsv_release(v));
    a->kind = LSV_TORCH;
    CHECK(lsv_searchsorted(a, a, true, &v, &err) == LSV_OK); /* row by row */
    CHECK_ARRAY(v, "[[1 2] [1 2]]");
    lsv_release(x), lsv_release(v1), lsv_release(ints), lsv_release(a), lsv_release(s);
}

static void test_topk(void) {
    lsv_array *x = LINE(LSV_TORCH, LSV_FLOAT32, 1, 5, 3, 4, 0, 9), *a;
    lsv_reshape(x, 2, S(2, 3), false, &a, &err);
    CHECK(lsv_topk(x, 2, 0, true, &v, &w, &err) == LSV_OK);
    CHECK_ARRAY(v, "[9 5]");
    CHECK_ARRAY(w, "[5 1]");
    CHECK(lsv_topk(a, 2, 1, false, &v, &w, &err) == LSV_OK);
    CHECK_ARRAY(v, "[[1 3] [0 4]]");
    CHECK_ARRAY(w, "[[0 2] [1 0]]");
    CHECK(lsv_topk(a, 1, 0, true, &v, &w, &err) == LSV_OK);
    CHECK_ARRAY(v, "[[4 5 9]]");
    CHECK_ARRAY(w, "[[1 0 1]]");
    CHECK(lsv_topk(a, 0, 0, true, &v, &w, &err) == LSV_OK);
    CHECK_ARRAY(v, "[]");
    CHECK_ARRAY(w, "[]");
    CHECK(lsv_topk(a, 4, 1, true, &v, &w, &err) == LSV_ERUNTIME);
    CHECK_TEXT(err.message, "selected index k out of range");
    CHECK_FAULTS(lsv_topk(a, 1, 0, true, &v, &w, &err), (lsv_release(v), lsv_release(w)));
    lsv_release(a), lsv_release(x);
}

int main(void) {
    test_small();
    test_axes();
    test_large();
    test_interrupted();
    test_unique();
    test_searchsorted();
    test_topk();
    CHECK(lsv_alloc_live() == 0);
    return check_done();
}
