/* Life, storage, properties, creation and views. */
#include "arrays.h"

#include <stdint.h>

static lsv_error err;
static lsv_array *v, *w;

static void test_life(void) {
    long live = lsv_alloc_live();
    lsv_array *a = NP(3, 2);
    CHECK(a->refs == 1 && a->size == 6 && a->ndim == 2 && a->strides[0] == 2 && a->strides[1] == 1);
    CHECK((char *)a->data > (char *)a && (char *)a->data < (char *)a + 512); /* within its block */
    CHECK(lsv_ref(a) == a && a->refs == 2);
    lsv_release(a);
    lsv_release(NULL);
    /* a view keeps a small array's elements alive, and is kept by nothing */
    CHECK(lsv_transpose(a, NULL, &v, &err) == LSV_OK);
    CHECK(v->storage == a->storage && v->storage->refs == 2);
    lsv_release(a);
    lsv_array *other = NP(3, 3); /* must not reuse the block that v reads */
    CHECK_TEXT(T(v), "[[0 2 4] [1 3 5]]");
    lsv_release(other);
    CHECK(lsv_view(v, &w, &err) == LSV_OK);
    lsv_release(v);
    CHECK_TEXT(T(w), "[[0 2 4] [1 3 5]]");
    lsv_release(w);
    CHECK(lsv_alloc_live() == live);
    /* the same with elements in a buffer, and in a large one */
    const ptrdiff_t sizes[] = {17, 100, 5000, 300000};
    for (int i = 0; i < 4; i++) {
        a = NP(sizes[i]);
        CHECK(lsv_view_strided(a, 1, S(2), S(1), sizes[i] - 2, &v, &err) == LSV_OK);
        lsv_release(a);
        CHECK(lsv_item(v, S(1)).f == (double)(sizes[i] - 1));
        lsv_release(v);
    }
    CHECK(lsv_alloc_live() == live);
}

static int tapes, storages;
static void drop_tape(struct lsv_tape *tape) { tapes += tape == (struct lsv_tape *)&tapes; }
static void drop_storage(lsv_storage *s) {
    storages++;
    lsv_free(s);
}

static void test_hooks(void) {
    lsv_tape_release = drop_tape;
    lsv_array *a = TH(2);
    a->tape = (struct lsv_tape *)&tapes;
    lsv_release(a);
    CHECK(tapes == 1);
    lsv_tape_release = NULL;

    static double numbers[] = {1, 2, 3, 4, 5, 6};
    lsv_storage *s = lsv_malloc(sizeof *s);
    *s = (lsv_storage){.refs = 1, .data = numbers, .bytes = sizeof numbers, .release = drop_storage};
    CHECK(lsv_from_storage(LSV_NUMPY, LSV_FLOAT64, 2, S(2, 2), s, numbers + 1, &a, &err) == LSV_OK);
    CHECK_TEXT(T(a), "[[2 3] [4 5]]");
    CHECK(lsv_transpose(a, NULL, &v, &err) == LSV_OK);
    lsv_release(a);
    CHECK(storages == 0);
    lsv_release(v);
    CHECK(storages == 1);

    s = lsv_malloc(sizeof *s); /* release NULL: both from lsv_malloc */
    *s = (lsv_storage){.refs = 1, .data = lsv_calloc(2, 8), .bytes = 16};
    CHECK(lsv_from_storage(LSV_NUMPY, LSV_INT64, 1, S(2), s, s->data, &a, &err) == LSV_OK);
    CHECK_ARRAY(a, "[0 0]");
}

static void test_shapes(void) {
    lsv_array *a;
    CHECK(lsv_empty(LSV_NUMPY, LSV_FLOAT64, 2, S(3, -1), &a, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "negative dimensions are not allowed");
    CHECK(lsv_empty(LSV_TORCH, LSV_FLOAT64, 2, S(3, -1), &a, &err) == LSV_ERUNTIME);
    CHECK_TEXT(err.message, "Trying to create tensor with negative dimension -1: [3, -1]");
    CHECK(lsv_empty(LSV_NUMPY, LSV_FLOAT64, 2, S((ptrdiff_t)1 << 40, (ptrdiff_t)1 << 40), &a, &err) ==
          LSV_EVALUE);
    CHECK(lsv_empty(LSV_NUMPY, LSV_FLOAT64, 9, S(1, 1, 1, 1, 1, 1, 1, 1, 1), &a, &err) == LSV_EVALUE);
    CHECK(lsv_empty(LSV_NUMPY, LSV_FLOAT64, 1, S((ptrdiff_t)1 << 45), &a, &err) == LSV_ENOMEM);
    CHECK_TEXT(err.message,
               "Unable to allocate 256. TiB for an array with shape (35184372088832,) and data type float64");
    CHECK(lsv_zeros(LSV_NUMPY, LSV_BOOL, 8, S(1, 2, 1, 2, 1, 2, 1, 2), &a, &err) == LSV_OK && a->size == 16);
    CHECK(a->strides[1] == 8 && lsv_is_contiguous(a));
    lsv_release(a);
    CHECK(lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 3, S(2, 0, 3), &a, &err) == LSV_OK && a->size == 0);
    CHECK(a->strides[0] == 3 && lsv_is_contiguous(a));
    CHECK_TEXT(SH(a), "(2, 0, 3)");
    lsv_release(a);
    CHECK(lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 0, NULL, &a, &err) == LSV_OK && a->size == 1);
    CHECK_TEXT(SH(a), "()");
    CHECK_ARRAY(a, "0");
    a = NP(7);
    CHECK_TEXT(SH(a), "(7,)");
    char small[5];
    CHECK_TEXT(lsv_shape_text_n(3, S(10, 20, 30), small, sizeof small), "(10,");
    lsv_release(a);
    CHECK_FAULTS(lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 2, S(9, 9), &a, &err), lsv_release(a));
    CHECK_FAULTS(lsv_full(LSV_NUMPY, LSV_FLOAT64, 2, S(900, 900), lsv_scalar_int(1), &a, &err),
                 lsv_release(a));
}

static void test_create(void) {
    lsv_array *a;
    lsv_full(LSV_TORCH, LSV_FLOAT16, 2, S(2, 2), lsv_scalar_float(1.5), &a, &err);
    CHECK_ARRAY(a, "[[1.5 1.5] [1.5 1.5]]");
    lsv_from_scalar(LSV_NUMPY, lsv_scalar_bool(true), &a, &err);
    CHECK(a->dtype == LSV_BOOL && a->ndim == 0);
    CHECK_ARRAY(a, "1");
    lsv_arange(LSV_NUMPY, LSV_INT64, lsv_scalar_int(5), lsv_scalar_int(-2), 4, &a, &err);
    CHECK_ARRAY(a, "[5 3 1 -1]");
    lsv_arange(LSV_NUMPY, LSV_FLOAT64, lsv_scalar_float(0), lsv_scalar_float(0.1), 4, &a, &err);
    CHECK(lsv_item(a, S(3)).f == 3 * 0.1);
    lsv_release(a);
    lsv_arange(LSV_NUMPY, LSV_FLOAT64, lsv_scalar_float(1), lsv_scalar_float(0.1), 4, &a, &err);
    CHECK(lsv_item(a, S(3)).f == 1 + 3 * (1.1 - 1)); /* from the difference of the first two */
    lsv_release(a);
    lsv_arange(LSV_NUMPY, LSV_FLOAT64, lsv_scalar_int(0), lsv_scalar_int(1), -3, &a, &err);
    CHECK_ARRAY(a, "[]");
    lsv_linspace(LSV_NUMPY, LSV_FLOAT64, 0, 1, 5, true, &a, &err);
    CHECK_ARRAY(a, "[0 0.25 0.5 0.75 1]");
    lsv_linspace(LSV_NUMPY, LSV_FLOAT64, 0, 1, 4, false, &a, &err);
    CHECK_ARRAY(a, "[0 0.25 0.5 0.75]");
    lsv_linspace(LSV_NUMPY, LSV_INT64, -2.5, 2, 4, true, &a, &err);
    CHECK_ARRAY(a, "[-3 -1 0 2]");
    lsv_linspace(LSV_NUMPY, LSV_FLOAT64, 3, 4, 1, true, &a, &err);
    CHECK_ARRAY(a, "[3]");
    lsv_linspace(LSV_TORCH, LSV_FLOAT32, 3, 4, 1, true, &a, &err);
    CHECK_ARRAY(a, "[3]");
    CHECK(lsv_linspace(LSV_NUMPY, LSV_FLOAT64, 0, 1, -1, true, &a, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "Number of samples, -1, must be non-negative.");
    /* to PyTorch's last bit */
    lsv_arange(LSV_TORCH, LSV_FLOAT32, lsv_scalar_float(0.1), lsv_scalar_float(0.1), 20, &a, &err);
    CHECK(lsv_item(a, S(11)).f == 0x1.333332p+0 && lsv_item(a, S(19)).f == 2);
    lsv_release(a);
    lsv_linspace(LSV_TORCH, LSV_FLOAT32, -3.3, 2.2, 10, true, &a, &err);
    CHECK(lsv_item(a, S(3)).f == -0x1.777778p+0 && lsv_item(a, S(6)).f == 0x1.77777cp-2);
    lsv_release(a);
    lsv_linspace(LSV_TORCH, LSV_INT64, -7.5, 9, 6, true, &a, &err);
    CHECK_ARRAY(a, "[-7 -3 0 2 5 9]");
    lsv_eye(LSV_NUMPY, LSV_INT64, 2, 3, 1, &a, &err);
    CHECK_ARRAY(a, "[[0 1 0] [0 0 1]]");
    lsv_eye(LSV_NUMPY, LSV_FLOAT32, 3, 2, -2, &a, &err);
    CHECK_ARRAY(a, "[[0 0] [0 0] [1 0]]");
    lsv_eye(LSV_NUMPY, LSV_BFLOAT16, 2, 2, 7, &a, &err);
    CHECK_ARRAY(a, "[[0 0] [0 0]]");
    CHECK(lsv_eye(LSV_NUMPY, LSV_INT64, -1, 3, 0, &a, &err) == LSV_EVALUE);
}

static void test_scalar_array(void) {
    double cell;
    lsv_array s = lsv_scalar_array(LSV_TORCH, lsv_scalar_int(7), LSV_WEAK, &cell);
    CHECK(s.ndim == 0 && s.size == 1 && s.flags == LSV_WEAK && s.dtype == LSV_INT64);
    CHECK(lsv_item(&s, NULL).i == 7);
    /* whatever must outlive it owns its element */
    CHECK(lsv_expand_dims(&s, 0, &v, &err) == LSV_OK && v->storage && v->flags == 0);
    CHECK(lsv_contiguous(&s, &w, &err) == LSV_OK && w != &s);
    cell = 0;
    CHECK_ARRAY(v, "[7]");
    CHECK_ARRAY(w, "7");
}

static void test_transpose(void) {
    lsv_array *a = NP(2, 3, 4);
    lsv_transpose(a, NULL, &v, &err);
    CHECK_TEXT(SH(v), "(4, 3, 2)");
    CHECK(!lsv_is_contiguous(v) && lsv_shares_memory(a, v));
    CHECK(lsv_item(v, S(3, 2, 1)).f == 23);
    lsv_release(v);
    lsv_transpose(a, (int[]){1, -1, 0}, &v, &err);
    CHECK_TEXT(SH(v), "(3, 4, 2)");
    lsv_release(v);
    CHECK(lsv_transpose(a, (int[]){0, 0, 1}, &v, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "repeated axis in transpose");
    CHECK(lsv_transpose(a, (int[]){0, 1, 3}, &v, &err) == LSV_EAXIS);
    CHECK_TEXT(err.message, "axis 3 is out of bounds for array of dimension 3");
    lsv_swapaxes(a, 0, -1, &v, &err);
    CHECK_TEXT(SH(v), "(4, 3, 2)");
    lsv_release(v);
    CHECK(lsv_swapaxes(a, 0, 5, &v, &err) == LSV_EAXIS);
    CHECK_TEXT(err.message, "axis2: axis 5 is out of bounds for array of dimension 3");
    lsv_moveaxis(a, 1, (int[]){0}, (int[]){-1}, &v, &err);
    CHECK_TEXT(SH(v), "(3, 4, 2)");
    lsv_release(v);
    lsv_moveaxis(a, 2, (int[]){2, 0}, (int[]){0, 1}, &v, &err);
    CHECK_TEXT(SH(v), "(4, 2, 3)");
    lsv_release(v);
    CHECK(lsv_moveaxis(a, 2, (int[]){0, 0}, (int[]){0, 1}, &v, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "repeated axis in `source` argument");
    CHECK(lsv_moveaxis(a, 1, (int[]){0}, (int[]){5}, &v, &err) == LSV_EAXIS);
    CHECK_TEXT(err.message, "destination: axis 5 is out of bounds for array of dimension 3");
    a->kind = LSV_TORCH;
    int at;
    CHECK(lsv_axis(a, -4, &at, &err) == LSV_EINDEX);
    CHECK_TEXT(err.message, "Dimension out of range (expected to be in range of [-3, 2], but got -4)");
    CHECK(lsv_axis(a, -1, &at, &err) == LSV_OK && at == 2);
    lsv_release(a);
}

static void test_broadcast(void) {
    lsv_array *a = NP(3, 1);
    lsv_broadcast_to(a, 3, S(2, 3, 2), &v, &err);
    CHECK(v->flags & LSV_READONLY);
    CHECK_TEXT(T(v), "[[[0 0] [1 1] [2 2]] [[0 0] [1 1] [2 2]]]");
    CHECK(lsv_fill(v, lsv_scalar_int(0), &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "assignment destination is read-only");
    lsv_transpose(v, NULL, &w, &err);
    CHECK(w->flags & LSV_READONLY);
    lsv_release(w);
    lsv_release(v);
    CHECK(lsv_broadcast_to(a, 2, S(4, 3), &v, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message,
               "operands could not be broadcast together with remapped shapes [original->remapped]: (3,1)  "
               "and requested shape (4,3)");
    CHECK(lsv_broadcast_to(a, 1, S(3), &v, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "input operand has more dimensions than allowed by the axis remapping");
    CHECK(lsv_broadcast_to(a, 2, S(3, -1), &v, &err) == LSV_EVALUE);
    lsv_broadcast_to(a, 2, S(3, 0), &v, &err);
    CHECK_ARRAY(v, "[[] [] []]");
    lsv_release(a);
    a = TH(3, 1);
    CHECK(lsv_broadcast_to(a, 3, S(2, -1, 2), &v, &err) == LSV_OK && !(v->flags & LSV_READONLY));
    CHECK_ARRAY(v, "[[[0 0] [1 1] [2 2]] [[0 0] [1 1] [2 2]]]");
    CHECK(lsv_broadcast_to(a, 2, S(4, 3), &v, &err) == LSV_ERUNTIME);
    CHECK_TEXT(
        err.message,
        "The expanded size of the tensor (4) must match the existing size (3) at non-singleton dimension "
        "0.  Target sizes: [4, 3].  Tensor sizes: [3, 1]");
    CHECK(lsv_broadcast_to(a, 1, S(3), &v, &err) == LSV_ERUNTIME);
    CHECK_TEXT(
        err.message,
        "expand(torch.FloatTensor{[3, 1]}, size=[3]): the number of sizes provided (1) must be greater or "
        "equal to the number of dimensions in the tensor (2)");
    CHECK(lsv_broadcast_to(a, 3, S(-1, 3, 1), &v, &err) == LSV_ERUNTIME);
    lsv_release(a);
}

static void test_axes(void) {
    lsv_array *a = NP(2, 1, 3, 1);
    lsv_squeeze(a, -1, NULL, &v, &err);
    CHECK_TEXT(SH(v), "(2, 3)");
    lsv_release(v);
    lsv_squeeze(a, 1, (int[]){-1}, &v, &err);
    CHECK_TEXT(SH(v), "(2, 1, 3)");
    lsv_release(v);
    CHECK(lsv_squeeze(a, 1, (int[]){0}, &v, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "cannot select an axis to squeeze out which has size not equal to one");
    CHECK(lsv_squeeze(a, 2, (int[]){1, 1}, &v, &err) == LSV_EVALUE);
    a->kind = LSV_TORCH;
    lsv_squeeze(a, 2, (int[]){0, 1}, &v, &err);
    CHECK_TEXT(SH(v), "(2, 3, 1)");
    lsv_release(v);
    lsv_release(a);
    a = NP(2, 3);
    lsv_expand_dims(a, -1, &v, &err);
    CHECK_TEXT(SH(v), "(2, 3, 1)");
    lsv_release(v);
    lsv_expand_dims(a, 1, &v, &err);
    CHECK_ARRAY(v, "[[[0 1 2]] [[3 4 5]]]");
    CHECK(lsv_expand_dims(a, 3, &v, &err) == LSV_EAXIS);
    CHECK_TEXT(err.message, "axis 3 is out of bounds for array of dimension 3");
    lsv_diagonal(a, 0, 0, 1, &v, &err);
    CHECK(v->flags & LSV_READONLY);
    CHECK_ARRAY(v, "[0 4]");
    lsv_diagonal(a, 1, 0, 1, &v, &err);
    CHECK_ARRAY(v, "[1 5]");
    lsv_diagonal(a, -1, 0, 1, &v, &err);
    CHECK_ARRAY(v, "[3]");
    lsv_diagonal(a, 9, 0, 1, &v, &err);
    CHECK_ARRAY(v, "[]");
    lsv_diagonal(a, 1, 1, 0, &v, &err);
    CHECK_ARRAY(v, "[3]");
    CHECK(lsv_diagonal(a, 0, 1, 1, &v, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "axis1 and axis2 cannot be the same");
    lsv_flip(a, -1, NULL, &v, &err);
    CHECK(lsv_shares_memory(a, v));
    CHECK_ARRAY(v, "[[5 4 3] [2 1 0]]");
    lsv_flip(a, 1, (int[]){-1}, &v, &err);
    CHECK_ARRAY(v, "[[2 1 0] [5 4 3]]");
    CHECK(lsv_flip(a, 2, (int[]){0, -2}, &v, &err) == LSV_EVALUE);
    lsv_release(a);
    a = TH(2, 3);
    lsv_flip(a, 1, (int[]){0}, &v, &err);
    CHECK(!lsv_shares_memory(a, v) && lsv_is_contiguous(v));
    CHECK_ARRAY(v, "[[3 4 5] [0 1 2]]");
    CHECK(lsv_flip(a, 2, (int[]){0, 0}, &v, &err) == LSV_ERUNTIME);
    CHECK_TEXT(err.message, "dim 0 appears multiple times in the list of dims");
    CHECK_FAULTS(lsv_flip(a, -1, NULL, &v, &err), lsv_release(v));
    lsv_release(a);
    a = NP(2, 3, 2);
    lsv_diagonal(a, 0, 0, 2, &v, &err);
    CHECK_ARRAY(v, "[[0 7] [2 9] [4 11]]");
    lsv_release(a);
}

static void test_reshape(void) {
    lsv_array *a = NP(2, 3), *t;
    CHECK(lsv_reshape(a, 2, S(3, -1), false, &v, &err) == LSV_OK && lsv_shares_memory(a, v));
    CHECK_ARRAY(v, "[[0 1] [2 3] [4 5]]");
    lsv_transpose(a, NULL, &t, &err);
    CHECK(lsv_reshape(t, 1, S(6), false, &v, &err) == LSV_OK && !lsv_shares_memory(a, v));
    CHECK_ARRAY(v, "[0 3 1 4 2 5]");
    CHECK(lsv_reshape(t, 3, S(3, 1, 2), true, &v, &err) == LSV_OK && lsv_shares_memory(a, v));
    CHECK_ARRAY(v, "[[[0 3]] [[1 4]] [[2 5]]]");
    CHECK(lsv_reshape(t, 1, S(6), true, &v, &err) == LSV_ERUNTIME);
    CHECK_FAULTS(lsv_reshape(t, 1, S(6), false, &v, &err), lsv_release(v));
    lsv_ravel(t, false, &v, &err);
    CHECK_ARRAY(v, "[0 3 1 4 2 5]");
    lsv_ravel(a, true, &v, &err);
    CHECK(!lsv_shares_memory(a, v));
    CHECK_ARRAY(v, "[0 1 2 3 4 5]");
    const struct {
        int n;
        ptrdiff_t shape[3];
        const char *numpy, *torch;
    } bad[] = {
        {2,
         {4, 2},
         "cannot reshape array of size 6 into shape (4,2)",
         "shape '[4, 2]' is invalid for input of size 6"},
        {2,
         {-1, 4},
         "cannot reshape array of size 6 into shape (4)",
         "shape '[-1, 4]' is invalid for input of size 6"},
        {2,
         {4, -1},
         "cannot reshape array of size 6 into shape (4,newaxis)",
         "shape '[4, -1]' is invalid for input of size 6"},
        {1,
         {4},
         "cannot reshape array of size 6 into shape (4,)",
         "shape '[4]' is invalid for input of size 6"},
        {0, {0}, "cannot reshape array of size 6 into shape ()", "shape '[]' is invalid for input of size 6"},
        {2, {-1, -1}, "can only specify one unknown dimension", "only one dimension can be inferred"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        a->kind = LSV_NUMPY;
        CHECK(lsv_reshape(a, bad[i].n, bad[i].shape, false, &v, &err) == LSV_EVALUE);
        CHECK_TEXT(err.message, bad[i].numpy);
        a->kind = LSV_TORCH;
        CHECK(lsv_reshape(a, bad[i].n, bad[i].shape, false, &v, &err) == LSV_ERUNTIME);
        CHECK_TEXT(err.message, bad[i].torch);
    }
    CHECK(lsv_reshape(a, 2, S(-2, 3), false, &v, &err) == LSV_ERUNTIME);
    CHECK_TEXT(err.message, "invalid shape dimension -2 at index 0 of shape [-2, 3]");
    lsv_release(t);
    lsv_release(a);
    a = NP(4, 6); /* every second row and third column */
    lsv_view_strided(a, 2, S(2, 2), S(12, 3), 0, &t, &err);
    CHECK(lsv_reshape(t, 2, S(1, 4), true, &v, &err) == LSV_ERUNTIME);
    lsv_release(t);
    lsv_view_strided(a, 2, S(4, 2), S(6, 3), 0, &t, &err); /* steps evenly */
    CHECK(lsv_reshape(t, 3, S(2, 1, 4), true, &v, &err) == LSV_OK);
    CHECK_ARRAY(v, "[[[0 3 6 9]] [[12 15 18 21]]]");
    lsv_release(t);
    lsv_release(a);
    a = TH(0, 3);
    CHECK(lsv_reshape(a, 2, S(-1, 0), false, &v, &err) == LSV_ERUNTIME);
    CHECK(lsv_reshape(a, 3, S(5, 0, 2), false, &v, &err) == LSV_OK);
    lsv_release(v);
    lsv_release(a);
}

static void test_kinds(void) {
    lsv_array *a = NP(2, 2);
    CHECK(lsv_as_kind(a, LSV_TORCH, &v, &err) == LSV_OK && v->kind == LSV_TORCH && lsv_shares_memory(a, v));
    lsv_release(v);
    lsv_flip(a, -1, NULL, &v, &err);
    CHECK(lsv_as_kind(v, LSV_TORCH, &w, &err) == LSV_EVALUE);
    lsv_release(v);
    v = NP(2);
    CHECK(!lsv_shares_memory(a, v));
    lsv_release(v);
    lsv_release(a);
}

int main(void) {
    test_life();
    test_hooks();
    test_shapes();
    test_create();
    test_scalar_array();
    test_transpose();
    test_broadcast();
    test_axes();
    test_reshape();
    test_kinds();
    return check_done();
}
