/* Joining, repeating, triangles, diagonals, grids. */
#include "arrays.h"

static lsv_error err;
static lsv_array *v;

#define PARTS(...) \
    (lsv_array *[]){__VA_ARGS__}, (int)(sizeof((lsv_array *[]){__VA_ARGS__}) / sizeof(lsv_array *))

static void test_concatenate(void) {
    lsv_array *a = NP(2, 2), *b = IOTA(LSV_NUMPY, LSV_INT64, 1, 2), *t, *line = NP(3), *wide = NP(2, 3),
              *z = NP(0, 2);
    lsv_transpose(a, NULL, &t, &err);
    CHECK(lsv_concatenate(PARTS(a, b, t), 0, &v, &err) == LSV_OK && v->dtype == LSV_FLOAT64);
    CHECK_ARRAY(v, "[[0 1] [2 3] [0 1] [0 2] [1 3]]");
    CHECK(lsv_concatenate(PARTS(b, b), 0, &v, &err) == LSV_OK && v->dtype == LSV_INT64);
    CHECK_ARRAY(v, "[[0 1] [0 1]]");
    lsv_concatenate(PARTS(a, t, wide), -1, &v, &err);
    CHECK_ARRAY(v, "[[0 1 0 2 0 1 2] [2 3 1 3 3 4 5]]");
    lsv_concatenate(PARTS(z, a, z), 0, &v, &err);
    CHECK_ARRAY(v, "[[0 1] [2 3]]");
    CHECK(lsv_concatenate(PARTS(a, wide), 0, &v, &err) == LSV_EVALUE);
    CHECK_TEXT(
        err.message,
        "all the input array dimensions except for the concatenation axis must match exactly, but along "
        "dimension 1, the array at index 0 has size 2 and the array at index 1 has size 3");
    CHECK(lsv_concatenate(PARTS(a, line), 0, &v, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message,
               "all the input arrays must have same number of dimensions, but the array at index 0 has 2 "
               "dimension(s) and the array at index 1 has 1 dimension(s)");
    CHECK(lsv_concatenate(PARTS(a, a), 2, &v, &err) == LSV_EAXIS);
    CHECK_TEXT(err.message, "axis 2 is out of bounds for array of dimension 2");
    CHECK(lsv_concatenate(NULL, 0, 0, &v, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "need at least one array to concatenate");
    CHECK_FAULTS(lsv_concatenate(PARTS(a, t), 0, &v, &err), lsv_release(v));
    wide->kind = LSV_TORCH; /* a tensor among them */
    CHECK(lsv_concatenate(PARTS(a, wide), 0, &v, &err) == LSV_ERUNTIME);
    CHECK_TEXT(
        err.message,
        "Sizes of tensors must match except in dimension 0. Expected size 2 but got size 3 for tensor number "
        "1 in the list.");
    lsv_array *nothing = TH(0), *scalar = NULL;
    CHECK(lsv_concatenate(PARTS(nothing, a), 0, &v, &err) == LSV_OK && v->kind == LSV_TORCH);
    CHECK_ARRAY(v, "[[0 1] [2 3]]");
    lsv_from_scalar(LSV_TORCH, lsv_scalar_int(1), &scalar, &err);
    CHECK(lsv_concatenate(PARTS(scalar, scalar), 0, &v, &err) == LSV_ERUNTIME);
    CHECK_TEXT(err.message, "zero-dimensional tensor (at position 0) cannot be concatenated");
    lsv_array *drop[] = {a, b, t, line, wide, z, nothing, scalar};
    for (size_t d = 0; d < sizeof drop / sizeof *drop; d++) lsv_release(drop[d]);
}

static void test_stack(void) {
    lsv_array *a = NP(2), *b = IOTA(LSV_NUMPY, LSV_BOOL, 2), *c = NP(3), *s = NULL;
    lsv_stack(PARTS(a, b, a), 0, &v, &err);
    CHECK_ARRAY(v, "[[0 1] [0 1] [0 1]]");
    lsv_stack(PARTS(a, b, a), -1, &v, &err);
    CHECK_ARRAY(v, "[[0 0 0] [1 1 1]]");
    lsv_from_scalar(LSV_NUMPY, lsv_scalar_int(5), &s, &err);
    lsv_stack(PARTS(s, s), 0, &v, &err);
    CHECK_ARRAY(v, "[5 5]");
    CHECK(lsv_stack(PARTS(a, c), 0, &v, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "all input arrays must have the same shape");
    CHECK(lsv_stack(PARTS(a, b), 2, &v, &err) == LSV_EAXIS);
    CHECK_TEXT(err.message, "axis 2 is out of bounds for array of dimension 2");
    CHECK_FAULTS(lsv_stack(PARTS(a, b), 0, &v, &err), lsv_release(v));
    c->kind = LSV_TORCH;
    CHECK(lsv_stack(PARTS(a, c), 0, &v, &err) == LSV_ERUNTIME);
    CHECK_TEXT(err.message,
               "stack expects each tensor to be equal size, but got [2] at entry 0 and [3] at entry 1");
    lsv_release(a), lsv_release(b), lsv_release(c), lsv_release(s);
}

static void test_repeat(void) {
    lsv_array *a = NP(2, 3), *two = LINE(LSV_NUMPY, LSV_INT64, 2),
              *some = LINE(LSV_NUMPY, LSV_INT64, 1, 0, 2);
    lsv_array *bad = LINE(LSV_NUMPY, LSV_INT64, 1, -1, 2), *minus = LINE(LSV_NUMPY, LSV_INT64, -1), *t;
    lsv_repeat(a, two, 0, false, &v, &err);
    CHECK_ARRAY(v, "[[0 1 2] [0 1 2] [3 4 5] [3 4 5]]");
    lsv_repeat(a, some, -1, false, &v, &err);
    CHECK_ARRAY(v, "[[0 2 2] [3 5 5]]");
    lsv_repeat(a, two, 0, true, &v, &err);
    CHECK_ARRAY(v, "[0 0 1 1 2 2 3 3 4 4 5 5]");
    lsv_transpose(a, NULL, &t, &err);
    lsv_repeat(t, some, 0, false, &v, &err);
    CHECK_ARRAY(v, "[[0 3] [2 5] [2 5]]");
    CHECK(lsv_repeat(a, some, 0, false, &v, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "operands could not be broadcast together with shape (2,) (3,)");
    CHECK(lsv_repeat(a, bad, 1, false, &v, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "repeats may not contain negative values.");
    CHECK(lsv_repeat(a, minus, 1, false, &v, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "negative dimensions are not allowed");
    CHECK_FAULTS(lsv_repeat(t, two, 0, true, &v, &err), lsv_release(v));
    lsv_array *drop[] = {a, two, some, bad, minus, t};
    for (size_t d = 0; d < sizeof drop / sizeof *drop; d++) lsv_release(drop[d]);
}

static void test_tile_roll(void) {
    lsv_array *a = NP(2, 2), *line = NP(3), *t;
    lsv_tile(a, 2, S(2, 3), &v, &err);
    CHECK_ARRAY(v, "[[0 1 0 1 0 1] [2 3 2 3 2 3] [0 1 0 1 0 1] [2 3 2 3 2 3]]");
    lsv_tile(line, 2, S(2, 1), &v, &err);
    CHECK_ARRAY(v, "[[0 1 2] [0 1 2]]");
    lsv_tile(a, 1, S(2), &v, &err);
    CHECK_ARRAY(v, "[[0 1 0 1] [2 3 2 3]]");
    lsv_tile(a, 0, NULL, &v, &err);
    CHECK_ARRAY(v, "[[0 1] [2 3]]");
    lsv_tile(line, 1, S(0), &v, &err);
    CHECK_ARRAY(v, "[]");
    CHECK(lsv_tile(line, 1, S(-2), &v, &err) == LSV_EVALUE);
    CHECK_FAULTS(lsv_tile(a, 2, S(2, 3), &v, &err), lsv_release(v));
    lsv_transpose(a, NULL, &t, &err);
    lsv_roll(t, 1, 0, true, &v, &err);
    CHECK_ARRAY(v, "[[3 0] [2 1]]");
    lsv_roll(a, -3, 1, false, &v, &err);
    CHECK_ARRAY(v, "[[1 0] [3 2]]");
    lsv_roll(line, 4, -1, false, &v, &err);
    CHECK_ARRAY(v, "[2 0 1]");
    CHECK(lsv_roll(a, 1, 4, false, &v, &err) == LSV_EAXIS);
    CHECK_FAULTS(lsv_roll(t, 1, 0, true, &v, &err), lsv_release(v));
    lsv_release(a), lsv_release(line), lsv_release(t);
}

static void test_triangles(void) {
    lsv_array *a = NP(3, 3), *line = NP(3), *b = NP(2, 2, 2), *s;
    lsv_tri(a, 0, false, &v, &err);
    CHECK_ARRAY(v, "[[0 0 0] [3 4 0] [6 7 8]]");
    lsv_tri(a, 1, true, &v, &err);
    CHECK_ARRAY(v, "[[0 1 2] [0 0 5] [0 0 0]]");
    lsv_tri(a, -1, true, &v, &err);
    CHECK_ARRAY(v, "[[0 1 2] [3 4 5] [0 7 8]]");
    lsv_tri(a, -99, false, &v, &err);
    CHECK_ARRAY(v, "[[0 0 0] [0 0 0] [0 0 0]]");
    lsv_tri(a, PTRDIFF_MAX, false, &v, &err);
    CHECK_ARRAY(v, "[[0 1 2] [3 4 5] [6 7 8]]");
    lsv_tri(line, 0, false, &v, &err);
    CHECK_ARRAY(v, "[[0 0 0] [0 1 0] [0 1 2]]");
    lsv_tri(b, 0, true, &v, &err);
    CHECK_ARRAY(v, "[[[0 1] [0 3]] [[4 5] [0 7]]]");
    line->kind = LSV_TORCH;
    CHECK(lsv_tri(line, 0, true, &v, &err) == LSV_ERUNTIME);
    CHECK_TEXT(err.message, "triu: input tensor must have at least 2 dimensions");
    line->kind = LSV_NUMPY;
    lsv_diag_build(line, 0, &v, &err);
    CHECK_ARRAY(v, "[[0 0 0] [0 1 0] [0 0 2]]");
    lsv_index_get(line, (lsv_index[]){{.type = LSV_IX_SLICE, .has_start = true, .start = 1, .step = 1}}, 1,
                  &s, &err);
    lsv_diag_build(s, 1, &v, &err);
    CHECK_ARRAY(v, "[[0 1 0] [0 0 2] [0 0 0]]");
    lsv_diag_build(s, -1, &v, &err);
    CHECK_ARRAY(v, "[[0 0 0] [1 0 0] [0 2 0]]");
    CHECK(lsv_diag_build(b, 0, &v, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "Input must be 1- or 2-d.");
    CHECK_FAULTS(lsv_tri(line, 0, false, &v, &err), lsv_release(v));
    CHECK_FAULTS(lsv_diag_build(line, 0, &v, &err), lsv_release(v));
    lsv_release(a), lsv_release(line), lsv_release(b), lsv_release(s);
}

static void test_meshgrid(void) {
    lsv_array *x = NP(2), *y = NP(3), *grid[2];
    CHECK(lsv_meshgrid(PARTS(x, y), false, grid, &err) == LSV_OK);
    CHECK_ARRAY(grid[0], "[[0 1] [0 1] [0 1]]");
    CHECK_ARRAY(grid[1], "[[0 0] [1 1] [2 2]]");
    CHECK(lsv_meshgrid(PARTS(x, y), true, grid, &err) == LSV_OK);
    CHECK_ARRAY(grid[0], "[[0 0 0] [1 1 1]]");
    CHECK_ARRAY(grid[1], "[[0 1 2] [0 1 2]]");
    CHECK(lsv_meshgrid(PARTS(x), false, grid, &err) == LSV_OK);
    CHECK_ARRAY(grid[0], "[0 1]");
    CHECK_FAULTS(lsv_meshgrid(PARTS(x, y), false, grid, &err), (lsv_release(grid[0]), lsv_release(grid[1])));
    lsv_release(x), lsv_release(y);
}

int main(void) {
    test_concatenate();
    test_stack();
    test_repeat();
    test_tile_roll();
    test_triangles();
    test_meshgrid();
    CHECK(lsv_alloc_live() == 0);
    return check_done();
}
