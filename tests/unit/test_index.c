/* Indexing: basic, with arrays, reading and writing; take, take_along, nonzero. The expected
   texts are NumPy's and PyTorch's. */
#include "arrays.h"

#include <stdint.h>

static lsv_error err;
static lsv_array *v;

#define I(i) \
    { .type = LSV_IX_INT, .start = (i) }
#define ALL \
    { .type = LSV_IX_SLICE, .step = 1 }
#define FROM(a) \
    { .type = LSV_IX_SLICE, .has_start = true, .start = (a), .step = 1 }
#define TO(b) \
    { .type = LSV_IX_SLICE, .has_stop = true, .stop = (b), .step = 1 }
#define SL(a, b, s) \
    { .type = LSV_IX_SLICE, .has_start = true, .has_stop = true, .start = (a), .stop = (b), .step = (s) }
#define STEP(s) \
    { .type = LSV_IX_SLICE, .step = (s) }
#define NEW \
    { .type = LSV_IX_NEWAXIS }
#define DOTS \
    { .type = LSV_IX_ELLIPSIS }
#define AR(x) \
    { .type = LSV_IX_ARRAY, .array = (x) }
#define ITEMS(...) (lsv_index[]){__VA_ARGS__}, (int)(sizeof((lsv_index[]){__VA_ARGS__}) / sizeof(lsv_index))

/* CHECK_GET(a, text, items…), CHECK_SHAPE(a, shape, items…), CHECK_BAD(a, status, text, items…) */
#define CHECK_GET(a, text, ...)                                          \
    do {                                                                 \
        v = NULL;                                                        \
        CHECK(lsv_index_get(a, ITEMS(__VA_ARGS__), &v, &err) == LSV_OK); \
        CHECK_TEXT(T(v), text);                                          \
        lsv_release(v);                                                  \
    } while (0)
#define CHECK_SHAPE(a, text, ...)                                        \
    do {                                                                 \
        v = NULL;                                                        \
        CHECK(lsv_index_get(a, ITEMS(__VA_ARGS__), &v, &err) == LSV_OK); \
        CHECK_TEXT(SH(v), text);                                         \
        lsv_release(v);                                                  \
    } while (0)
#define CHECK_BAD(a, status, text, ...)                                  \
    do {                                                                 \
        CHECK(lsv_index_get(a, ITEMS(__VA_ARGS__), &v, &err) == status); \
        CHECK_TEXT(err.message, text);                                   \
    } while (0)
#define CHECK_SET(a, value, text, ...)                                      \
    do {                                                                    \
        CHECK(lsv_index_set(a, ITEMS(__VA_ARGS__), value, &err) == LSV_OK); \
        CHECK_TEXT(T(a), text);                                             \
    } while (0)
#define CHECK_SET_BAD(a, value, status, text, ...)                          \
    do {                                                                    \
        CHECK(lsv_index_set(a, ITEMS(__VA_ARGS__), value, &err) == status); \
        CHECK_TEXT(err.message, text);                                      \
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
    CHECK_BAD(a, LSV_EINDEX, "too many indices for array: array is 2-dimensional, but 3 were indexed", I(0),
              I(0), I(0));
    CHECK_BAD(a, LSV_EINDEX, "too many indices for array: array is 2-dimensional, but 3 were indexed", ALL,
              ALL, DOTS, ALL);
    CHECK_BAD(a, LSV_EINDEX, "an index can only have a single ellipsis ('...')", DOTS, DOTS);
    CHECK_BAD(a, LSV_EVALUE, "slice step cannot be zero", STEP(0));
    CHECK_BAD(a, LSV_EINDEX, "number of dimensions must be within [0, 8]", NEW, NEW, NEW, NEW, NEW, NEW, NEW);
    long live = lsv_alloc_live();
    lsv_alloc_fail_at(1);
    CHECK(lsv_index_get(a, ITEMS(I(0)), &v, &err) == LSV_ENOMEM);
    CHECK(lsv_index_get(a, ITEMS(I(9)), &v, NULL) == LSV_EINDEX);
    CHECK(lsv_alloc_live() == live);
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
              "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ "
              "to convert a 0-dim "
              "tensor to a number",
              I(0));
    CHECK_GET(t, "3", DOTS);
    CHECK_GET(t, "[3]", NEW);
    t->kind = LSV_NUMPY;
    CHECK_BAD(t, LSV_EINDEX, "too many indices for array: array is 0-dimensional, but 1 were indexed", I(0));
    lsv_release(t);
}

static void test_arrays(void) {
    lsv_array *a = NP(3, 4), *b = NP(2, 3, 4), *four = NP(4), *k, *none;
    lsv_array *i = LINE(LSV_NUMPY, LSV_INT64, 2, 0, -1), *j = LINE(LSV_NUMPY, LSV_INT32, 1, 1, 3);
    lsv_array *line = LINE(LSV_NUMPY, LSV_INT64, 0, 1, 2, 3), *zero = LINE(LSV_NUMPY, LSV_INT64, 0);
    lsv_array *two = LINE(LSV_NUMPY, LSV_INT64, 0, 5), *floats = NP(2);
    lsv_reshape(line, 2, S(2, 2), false, &k, &err);
    lsv_index_get(line, ITEMS(TO(0)), &none, &err);
    CHECK_GET(a, "[[8 9 10 11] [0 1 2 3] [8 9 10 11]]", AR(i));
    CHECK_GET(a, "[9 1 11]", AR(i), AR(j));
    CHECK_GET(a, "[[1 1 3] [5 5 7] [9 9 11]]", ALL, AR(j));
    CHECK_GET(a, "[5 5 7]", I(1), AR(j));
    CHECK_GET(a, "[10 2 10]", AR(i), I(2));
    CHECK_GET(a, "[[8 10] [0 2] [8 10]]", AR(i), STEP(2));
    CHECK_GET(a, "[[11 10 9 8] [3 2 1 0] [11 10 9 8]]", AR(i), STEP(-1));
    CHECK_GET(four, "[[0 1] [2 3]]", AR(k));
    CHECK_GET(a, "[[[0 1] [2 3]] [[4 5] [6 7]] [[8 9] [10 11]]]", ALL, AR(k));
    CHECK_GET(a, "[0 1 2 3]", AR(zero), AR(line));
    CHECK_SHAPE(a, "(0, 4)", AR(none));
    CHECK_SHAPE(a, "(1, 3, 4)", NEW, AR(i));
    /* next to each other: in their place; apart: first. Integers count for NumPy only. */
    CHECK_SHAPE(b, "(2, 3)", ALL, AR(i), AR(j));
    CHECK_SHAPE(b, "(3, 4)", I(0), AR(i));
    CHECK_GET(b, "[[1 5 9] [1 5 9] [3 7 11]]", I(0), ALL, AR(j));
    CHECK_SHAPE(b, "(3, 1, 4)", AR(zero), NEW, AR(i));
    CHECK_SHAPE(b, "(3, 2)", ALL, I(0), DOTS, AR(j));
    CHECK_BAD(a, LSV_EINDEX, "index 5 is out of bounds for axis 1 with size 4", ALL, AR(two));
    CHECK_BAD(a, LSV_EINDEX,
              "shape mismatch: indexing arrays could not be broadcast together with shapes (2,) (3,) ",
              AR(two), AR(i));
    CHECK_BAD(a, LSV_EINDEX, "arrays used as indices must be of integer (or boolean) type", AR(floats));
    CHECK_BAD(four, LSV_EINDEX, "too many indices for array: array is 1-dimensional, but 2 were indexed",
              AR(i), AR(i));
    CHECK_FAULTS(lsv_index_get(b, ITEMS(ALL, AR(i), AR(j)), &v, &err), lsv_release(v));
    b->kind = a->kind = LSV_TORCH;
    CHECK_GET(b, "[[1 1 3] [5 5 7] [9 9 11]]", I(0), ALL, AR(j));
    CHECK_SHAPE(b, "(2, 3)", ALL, I(0), DOTS, AR(j));
    CHECK_BAD(b, LSV_EINDEX, "index 5 is out of bounds for dimension 0 with size 4", I(0), I(0), AR(two));
    CHECK_BAD(a, LSV_EINDEX,
              "shape mismatch: indexing tensors could not be broadcast together with shapes [2], [3]",
              AR(two), AR(i));
    CHECK_BAD(a, LSV_EINDEX, "tensors used as indices must be long, int, byte or bool tensors", AR(floats));
    lsv_array *drop[] = {a, b, four, k, none, i, j, line, zero, two, floats};
    for (size_t d = 0; d < sizeof drop / sizeof *drop; d++) lsv_release(drop[d]);
}

static void test_scalar_indices(void) {
    lsv_array *a = NP(3, 4), *t, *f, *n1;
    lsv_from_scalar(LSV_NUMPY, lsv_scalar_bool(true), &t, &err);
    lsv_from_scalar(LSV_NUMPY, lsv_scalar_bool(false), &f, &err);
    lsv_from_scalar(LSV_NUMPY, lsv_scalar_int(-1), &n1, &err);
    CHECK_SHAPE(a, "(1, 3, 4)", AR(t));
    CHECK_SHAPE(a, "(0, 3, 4)", AR(f));
    CHECK_SHAPE(a, "(3, 1, 4)", ALL, AR(t));
    CHECK_GET(a, "[8 9 10 11]", AR(n1));
    CHECK_GET(a, "11", AR(n1), AR(n1));
    lsv_array *i = LINE(LSV_NUMPY, LSV_INT64, 0, 1);
    CHECK_GET(a, "[8 9]", AR(n1), AR(i));
    CHECK_SHAPE(a, "(2, 4)", AR(t), AR(i));
    lsv_release(i), lsv_release(a), lsv_release(t), lsv_release(f), lsv_release(n1);
}

static void test_masks(void) {
    lsv_array *a = NP(2, 3), *rows = LINE(LSV_NUMPY, LSV_BOOL, 0, 1),
              *cols = LINE(LSV_NUMPY, LSV_BOOL, 1, 0, 1);
    lsv_array *flat = LINE(LSV_NUMPY, LSV_BOOL, 1, 0, 0, 0, 1, 1), *mask, *at, *b = NP(2, 3, 2);
    lsv_reshape(flat, 2, S(2, 3), false, &mask, &err);
    lsv_transpose(a, NULL, &at, &err);
    CHECK_GET(a, "[0 4 5]", AR(mask));
    CHECK_GET(a, "[[3 4 5]]", AR(rows));
    CHECK_GET(a, "[[0 2] [3 5]]", ALL, AR(cols));
    CHECK_GET(a, "[3 5]", I(1), AR(cols));
    CHECK_GET(a, "[3 5]", AR(rows), AR(cols));
    CHECK_GET(at, "[[3] [4] [5]]", ALL, AR(rows));
    CHECK_GET(b, "[[0 1] [8 9] [10 11]]", AR(mask));
    CHECK_GET(b, "[[0 8 10]]", NEW, AR(mask), I(0));
    CHECK_GET(b, "[[[0 1] [4 5]] [[6 7] [10 11]]]", ALL, AR(cols));
    CHECK_BAD(a, LSV_EINDEX,
              "boolean index did not match indexed array along axis 0; size of axis is 2 but size of "
              "corresponding boolean "
              "axis is 3",
              AR(cols));
    CHECK_BAD(a, LSV_EINDEX, "too many indices for array: array is 2-dimensional, but 3 were indexed", ALL,
              AR(mask));
    CHECK_FAULTS(lsv_index_get(a, ITEMS(AR(mask)), &v, &err), lsv_release(v));
    CHECK_FAULTS(lsv_index_get(a, ITEMS(AR(rows), AR(cols)), &v, &err), lsv_release(v));
    a->kind = LSV_TORCH;
    CHECK_BAD(a, LSV_EINDEX,
              "The shape of the mask [3] at index 0 does not match the shape of the indexed tensor [2, 3] at "
              "index 0",
              AR(cols));
    lsv_array *drop[] = {a, rows, cols, flat, mask, at, b};
    for (size_t d = 0; d < sizeof drop / sizeof *drop; d++) lsv_release(drop[d]);
}

static void test_set(void) {
    lsv_array *a = NP(2, 3), *x = LINE(LSV_NUMPY, LSV_INT64, 7, 8, 9),
              *one = LINE(LSV_NUMPY, LSV_FLOAT32, 1.5);
    lsv_array *i = LINE(LSV_NUMPY, LSV_INT64, 0, 2, 0), *mask = LINE(LSV_NUMPY, LSV_BOOL, 1, 0, 1),
              *two = NP(2), *sq = NP(3, 3);
    double cell;
    lsv_array s = lsv_scalar_array(LSV_NUMPY, lsv_scalar_float(-1), LSV_WEAK, &cell);
    CHECK_SET(a, &s, "[[0 1 2] [3 -1 5]]", I(1), I(1));
    CHECK_SET(a, x, "[[7 8 9] [3 -1 5]]", I(0));
    CHECK_SET(a, x, "[[9 8 7] [3 -1 5]]", I(0), STEP(-1));
    CHECK_SET(a, one, "[[9 1.5 7] [3 1.5 5]]", ALL, I(1));
    CHECK_SET(a, &s, "[[-1 -1 7] [-1 -1 5]]", DOTS, TO(2));
    CHECK_SET(a, x, "[[9 -1 8] [9 -1 8]]", ALL, AR(i)); /* the last one stays */
    CHECK_SET(a, &s, "[[-1 -1 -1] [9 -1 8]]", I(0), AR(mask));
    CHECK_SET(a, two, "[[0 -1 1] [9 -1 8]]", I(0), AR(mask));
    CHECK_SET(a, two, "[[0 -1 1] [0 -1 1]]", ALL, AR(mask));
    CHECK_SET_BAD(a, two, LSV_EVALUE, "setting an array element with a sequence.", I(0), I(0));
    CHECK_SET_BAD(a, two, LSV_EVALUE, "could not broadcast input array from shape (2,) into shape (3,)",
                  I(0));
    CHECK_SET_BAD(
        a, sq, LSV_EVALUE,
        "shape mismatch: value array of shape (3,3) could not be broadcast to indexing result of shape (2,3)",
        ALL, AR(i));
    CHECK_SET_BAD(a, &s, LSV_EINDEX, "index 2 is out of bounds for axis 0 with size 2", I(2));
    CHECK_FAULTS(lsv_index_set(a, ITEMS(ALL, AR(i)), x, &err), (void)0);
    lsv_array *line = NP(3);
    CHECK_SET_BAD(line, x, LSV_EVALUE,
                  "NumPy boolean array indexing assignment cannot assign 3 input values to the 2 output "
                  "values where the mask "
                  "is true",
                  AR(mask));
    CHECK_SET_BAD(
        line, sq, LSV_ETYPE,
        "NumPy boolean array indexing assignment requires a 0 or 1-dimensional input, input has 2 dimensions",
        AR(mask));
    CHECK_SET(line, line, "[2 1 1]", AR(i)); /* reads itself: places 0, 2, 0 get 0, 1, 2 */
    lsv_release(line);
    line = NP(3);
    line->flags |= LSV_READONLY;
    CHECK_SET_BAD(line, &s, LSV_EVALUE, "assignment destination is read-only", AR(i));
    CHECK_SET_BAD(line, &s, LSV_EVALUE, "assignment destination is read-only", I(0));
    line->flags = 0;
    line->kind = x->kind = two->kind = LSV_TORCH;
    CHECK_SET_BAD(line, x, LSV_ERUNTIME,
                  "Index put requires the source and destination dtypes match, got Double for the "
                  "destination and Long for the "
                  "source.",
                  AR(i));
    CHECK_SET_BAD(
        line, two, LSV_ERUNTIME,
        "shape mismatch: value tensor of shape [2] cannot be broadcast to indexing result of shape [3]",
        AR(i));
    CHECK_SET(line, &s, "[-1 1 -1]", AR(i));
    lsv_array *drop[] = {a, x, one, i, mask, two, sq, line};
    for (size_t d = 0; d < sizeof drop / sizeof *drop; d++) lsv_release(drop[d]);
}

static void test_take(void) {
    lsv_array *a = NP(2, 3), *i = LINE(LSV_NUMPY, LSV_INT64, -1, 0), *nine = LINE(LSV_NUMPY, LSV_INT64, 0, 9),
              *f = NP(2), *m1;
    lsv_from_scalar(LSV_NUMPY, lsv_scalar_int(-1), &m1, &err);
    lsv_take(a, i, 1, false, &v, &err);
    CHECK_ARRAY(v, "[[2 0] [5 3]]");
    lsv_take(a, i, -2, false, &v, &err);
    CHECK_ARRAY(v, "[[3 4 5] [0 1 2]]");
    lsv_take(a, i, 0, true, &v, &err);
    CHECK_ARRAY(v, "[5 0]");
    lsv_take(a, m1, 1, false, &v, &err);
    CHECK(!lsv_shares_memory(a, v));
    CHECK_ARRAY(v, "[2 5]");
    CHECK(lsv_take(a, nine, 1, false, &v, &err) == LSV_EINDEX);
    CHECK_TEXT(err.message, "index 9 is out of bounds for axis 1 with size 3");
    CHECK(lsv_take(a, f, 1, false, &v, &err) == LSV_ETYPE);
    CHECK(lsv_take(a, i, 2, false, &v, &err) == LSV_EAXIS);
    CHECK_FAULTS(lsv_take(a, i, 1, false, &v, &err), lsv_release(v));
    a->kind = LSV_TORCH;
    CHECK(lsv_take(a, i, 1, false, &v, &err) == LSV_EINDEX);
    CHECK_TEXT(err.message, "index out of range in self");
    CHECK(lsv_take(a, nine, 0, true, &v, &err) == LSV_EINDEX);
    CHECK_TEXT(err.message, "out of range: tried to access index 9 on a tensor of 6 elements.");
    a->kind = LSV_NUMPY;
    lsv_array *along = LINE(LSV_NUMPY, LSV_INT64, 2, 0), *col, *t;
    lsv_reshape(along, 2, S(2, 1), false, &col, &err);
    lsv_take_along(a, col, 1, &v, &err);
    CHECK_ARRAY(v, "[[2] [3]]");
    lsv_transpose(a, NULL, &t, &err);
    lsv_take_along(t, col, 0, &v, &err);
    CHECK_ARRAY(v, "[[2 5] [0 3]]");
    CHECK(lsv_take_along(a, along, 1, &v, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "`indices` and `arr` must have the same number of dimensions");
    CHECK(lsv_take_along(a, col, 0, &v, &err) == LSV_EINDEX);
    CHECK_TEXT(err.message, "index 2 is out of bounds for axis 0 with size 2");
    CHECK_FAULTS(lsv_take_along(t, col, 0, &v, &err), lsv_release(v));
    t->kind = col->kind = LSV_TORCH;
    lsv_take_along(t, col, 0, &v, &err);
    CHECK_ARRAY(v, "[[2] [0]]");
    CHECK(lsv_take_along(a, col, 0, &v, &err) == LSV_EINDEX);
    lsv_array *drop[] = {a, i, nine, f, m1, along, col, t};
    for (size_t d = 0; d < sizeof drop / sizeof *drop; d++) lsv_release(drop[d]);
}

static void test_nonzero(void) {
    lsv_array *x = LINE(LSV_NUMPY, LSV_FLOAT64, 0, 2, NAN, 0, -0.0, 1), *a, *found[8];
    lsv_reshape(x, 2, S(2, 3), false, &a, &err);
    CHECK(lsv_nonzero(a, found, &err) == LSV_OK && found[0]->dtype == LSV_INT64);
    CHECK_ARRAY(found[0], "[0 0 1]");
    CHECK_ARRAY(found[1], "[1 2 2]");
    CHECK_FAULTS(lsv_nonzero(a, found, &err), (lsv_release(found[0]), lsv_release(found[1])));
    lsv_release(a), lsv_release(x);
    lsv_from_scalar(LSV_NUMPY, lsv_scalar_int(3), &a, &err);
    CHECK(lsv_nonzero(a, found, &err) == LSV_EVALUE);
    lsv_release(a);
}

int main(void) {
    test_basic();
    test_basic_more();
    test_arrays();
    test_scalar_indices();
    test_masks();
    test_set();
    test_take();
    test_nonzero();
    CHECK(lsv_alloc_live() == 0);
    return check_done();
}
