/* Indexing: basic, with arrays, reading and writing; take, take_along, nonzero. The expected
   texts are NumPy's and PyTorch's. */
#include "arrays.h"

#include <stdint.h>

static lsv_error err;
static lsv_array *v;

#define I(i) {.type = LSV_IX_INT, .start = (i)}
#define ALL {.type = LSV_IX_SLICE, .step = 1}
#define FROM(a) {.type = LSV_IX_SLICE, .has_start = true, .start = (a), .step = 1}
#define TO(b) {.type = LSV_IX_SLICE, .has_stop = true, .stop = (b), .step = 1}
#define SL(a, b, s) {.type = LSV_IX_SLICE, .has_start = true, .has_stop = true, .start = (a), .stop = (b), .step = (s)}
#define STEP(s) {.type = LSV_IX_SLICE, .step = (s)}
#define NEW {.type = LSV_IX_NEWAXIS}
#define DOTS {.type = LSV_IX_ELLIPSIS}
#define AR(x) {.type = LSV_IX_ARRAY, .array = (x)}
#define ITEMS(...) (lsv_index[]){__VA_ARGS__}, (int)(sizeof((lsv_index[]){__VA_ARGS__}) / sizeof(lsv_index))

/* CHECK_GET(a, text, items…), CHECK_SHAPE(a, shape, items…), CHECK_BAD(a, status, text, items…) */
#define CHECK_GET(a, text, ...)                                         \
    do {                                                                \
        v = NULL;                                                       \
        CHECK(lsv_index_get(a, ITEMS(__VA_ARGS__), &v, &err) == LSV_OK); \
        CHECK_TEXT(T(v), text);                                         \
        lsv_release(v);                                                 \
    } while (0)
#define CHECK_SHAPE(a, text, ...)                                       \
    do {                                                                \
        v = NULL;                                                       \
        CHECK(lsv_index_get(a, ITEMS(__VA_ARGS__), &v, &err) == LSV_OK); \
        CHECK_TEXT(SH(v), text);                                        \
        lsv_release(v);                                                 \
    } while (0)
#define CHECK_BAD(a, status, text, ...)                                 \
    do {                                                                \
        CHECK(lsv_index_get(a, ITEMS(__VA_ARGS__), &v, &err) == status); \
        CHECK_TEXT(err.message, text);                                  \
    } while (0)
#define CHECK_SET(a, value, text, ...)                                        \
    do {                                                                      \
        CHECK(lsv_index_set(a, ITEMS(__VA_ARGS__), value, &err) == LSV_OK);    \
        CHECK_TEXT(T(a), text);                                               \
    } while (0)
#define CHECK_SET_BAD(a, value, status, text, ...)                            \
    do {                                                                      \
        CHECK(lsv_index_set(a, ITEMS(__VA_ARGS__), value, &err) == status);    \
        CHECK_TEXT(err.message, text);                                        \
    } while (0)

static void test_basic(void) {
    lsv_array *a = NP(3, 4);
    CHECK_GET(a, "[4 5 6 7]", I(1));
    CHECK_GET(a, "11", I(-1), I(-1));
    CHECK_GET(a, "[1 5]", TO(2), I(1));
    CHECK_GET(a, "[[4 5 6 7] [8 9 10 11]]", FROM(1));
    CHECK_GET(a, "[[8 9 10 11] [4 5 6 7] [0 1 2 3]]", STEP(-1));
    CHECK_GET(a, "[[0 2] [4 6] [8 10]]", DOTS, STEP(2));
    CHECK_GET(a, "[[3 1] [7 5] [11 9]]", ALL, STEP(-2));
    CHECK_GET(a, "[[2 1]]", SL(0, 1, 1), SL(2, 0, -1));
    CHECK_GET(a, "[[] [] []]", ALL, SL(3, 1, 1));
    CHECK_GET(a, "[]", SL(7, 9, 1));
    CHECK_GET(a, "[[0 1 2 3] [4 5 6 7] [8 9 10 11]]", SL(-100, 100, 1));
    CHECK_GET(a, "[[8 9 10 11]]", SL(100, 1, -5));
    CHECK_GET(a, "[[11 10 9 8]]", SL(-1, -2, -1), SL(-1, -100, -1));
    CHECK_GET(a, "[[[0 1 2 3]] [[4 5 6 7]] [[8 9 10 11]]]", ALL, NEW);
    CHECK_GET(a, "[[4 5 6 7]]", NEW, I(1), DOTS, NEW, I(0), NEW) ;
    lsv_release(a);
}

static void test_basic_more(void) {
    lsv_array *a = NP(3, 4);
    CHECK_SHAPE(a, "(1, 3, 1, 4, 1)", NEW, ALL, NEW, ALL, NEW);
    CHECK_SHAPE(a, "(3, 4, 1)", DOTS, NEW);
    CHECK_SHAPE(a, "(4,)", I(0), DOTS);
    CHECK_SHAPE(a, "(3,)", DOTS, I(0));
    CHECK_SHAPE(a, "()", I(0), I(0), DOTS);
    CHECK(lsv_index_get(a, NULL, 0, &v, &err) == LSV_OK);
    CHECK_TEXT(SH(v), "(3, 4)");
    CHECK(lsv_shares_memory(a, v));
    lsv_release(v);
    CHECK_BAD(a, LSV_EINDEX, "index 3 is out of bounds for axis 0 with size 3", I(3));
    CHECK_BAD(a, LSV_EINDEX, "index -5 is out of bounds for axis 1 with size 4", I(0), I(-5));
    CHECK_BAD(a, LSV_EINDEX, "index 4 is out of bounds for axis 1 with size 4", DOTS, I(4));
    CHECK_BAD(a, LSV_EINDEX, "too many indices for array: array is 2-dimensional, but 3 were indexed", I(0), I(0), I(0));
    CHECK_BAD(a, LSV_EINDEX, "too many indices for array: array is 2-dimensional, but 3 were indexed", ALL, ALL, DOTS, ALL);
    CHECK_BAD(a, LSV_EINDEX, "an index can only have a single ellipsis ('...')", DOTS, DOTS);
    CHECK_BAD(a, LSV_EVALUE, "slice step cannot be zero", STEP(0));
    CHECK_BAD(a, LSV_EINDEX, "number of dimensions must be within [0, 8]", NEW, NEW, NEW, NEW, NEW, NEW, NEW);
    long live = lsv_alloc_live();
    lsv_alloc_fail_at(1);
    CHECK(lsv_index_get(a, ITEMS(I(0)), &v, &err) == LSV_ENOMEM);
    CHECK(lsv_index_get(a, ITEMS(I(9)), &v, NULL) == LSV_EINDEX);
    CHECK(lsv_alloc_live() == live);
    lsv_release(a);
    a = NP();
    lsv_release(a);
    lsv_array *t = TH(2, 3);
    CHECK_BAD(t, LSV_EINDEX, "index 2 is out of bounds for dimension 0 with size 2", I(2));
    CHECK_BAD(t, LSV_EINDEX, "too many indices for tensor of dimension 2", I(0), I(0), I(0));
    CHECK_BAD(t, LSV_EVALUE, "step must be greater than zero", STEP(-1));
    CHECK_BAD(t, LSV_EVALUE, "slice step cannot be zero", STEP(0));
    CHECK_SHAPE(t, "(2, 3)", DOTS, DOTS);
    lsv_release(t);
    lsv_from_scalar(LSV_TORCH, lsv_scalar_int(3), &t, &err);
    CHECK_BAD(t, LSV_EINDEX,
              "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a 0-dim "
              "tensor to a number",
              I(0));
    CHECK_GET(t, "3", DOTS);
    CHECK_GET(t, "[3]", NEW);
    t->kind = LSV_NUMPY;
    CHECK_BAD(t, LSV_EINDEX, "too many indices for array: array is 0-dimensional, but 1 were indexed", I(0));
    lsv_release(t);
}

static void test_arrays(void) {
    lsv_array *a = NP(3, 4), *i = LINE(LSV_NUMPY, LSV_INT64, 2, 0, -1), *j = LINE(LSV_NUMPY, LSV_INT32, 1, 1, 3);
    CHECK_GET(a, "[[8 9 10 11] [0 1 2 3] [8 9 10 11]]", AR(i));
    CHECK_GET(a, "[9 1 11]", AR(i), AR(j));
    CHECK_GET(a, "[[1 1 3] [5 5 7] [9 9 11]]", ALL, AR(j));
    CHECK_GET(a, "[5 5 7]", I(1), AR(j));
    CHECK_GET(a, "[10 2 10]", AR(i), I(2));
    CHECK_GET(a, "[[8 10] [0 2] [8 10]]", AR(i), STEP(2));
    CHECK_GET(a, "[[3 1] [3 1] [1 3]]", AR(NP(1)), AR(j)) ;
    lsv_release(a), lsv_release(i), lsv_release(j);
}

int main(void) {
    test_basic();
    test_basic_more();
    test_arrays();
    return check_done();
}
