/* lib/text: buffers, digits, scalars, arrays and tensors to text, and back. The wide net is
   tests/text/differential.py; here are the cases that must hold without Python. */
#include <float.h>
#include <stdlib.h>

#include "array/array.h"
#include "base/alloc.h"
#include "check.h"
#include "text/digits.h"

/* Checks what `call`, appending to t, wrote. */
#define CHECK_WRITES(call, want)  \
    do {                          \
        lsv_text t = {0};         \
        call;                     \
        CHECK_TEXT(t.data, want); \
        lsv_text_free(&t);        \
    } while (0)

static lsv_array *floats(lsv_kind kind, lsv_dtype dtype, int ndim, const ptrdiff_t *shape, const double *x) {
    lsv_array *a = NULL;
    CHECK(lsv_empty(kind, dtype, ndim, shape, &a, NULL) == LSV_OK);
    for (ptrdiff_t i = 0; i < a->size; i++)
        lsv_store(dtype, a->data + (size_t)i * lsv_dtype_size(dtype), lsv_scalar_float(x[i]));
    return a;
}

static void buffers(void) {
    lsv_text t = {0};
    lsv_text_puts(&t, "");
    CHECK_TEXT(t.data, "");
    lsv_text_fill(&t, 'x', 3);
    lsv_text_putc(&t, '-');
    lsv_text_int(&t, INT64_MIN);
    lsv_text_printf(&t, "%s|%0300d", "q", 7);
    CHECK(t.length == 3 + 1 + 20 + 302 && !t.failed);
    CHECK(strncmp(t.data, "xxx--9223372036854775808q|000", 29) == 0);
    lsv_text_free(&t);
    CHECK(!t.data && !t.length);

    lsv_text_puts(&t, "kept");
    lsv_alloc_fail_at(1);
    lsv_text_fill(&t, ' ', 100000);
    lsv_alloc_fail_at(0);
    lsv_text_puts(&t, "lost");
    CHECK(t.failed);
    CHECK_TEXT(t.data, "kept");
    lsv_text_free(&t);
}

static void shortest(void) {
    char digits[20];
    int e, n = lsv_shortest_double(0.1, digits, &e);
    CHECK_TEXT(digits, "1");
    CHECK(n == 1 && e == 0);
    lsv_shortest_double(DBL_MAX, digits, &e);
    CHECK_TEXT(digits, "17976931348623157");
    CHECK(e == 309);
    lsv_shortest_double(5e-324, digits, &e);
    CHECK_TEXT(digits, "5");
    CHECK(e == -323);
    lsv_shortest_float(16777216.f, digits, &e);
    CHECK_TEXT(digits, "16777216");
    lsv_shortest_float(0.3f, digits, &e);
    CHECK_TEXT(digits, "3");

    /* random bit patterns read back, and no shorter text does */
    uint64_t seed = 1, bad = 0;
    for (int i = 0; i < 200000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint64_t bits = (seed ^ seed >> 29) & 0x7fffffffffffffff;
        double x;
        memcpy(&x, &bits, 8);
        if (!isfinite(x) || x == 0) continue;
        char text[40];
        n = lsv_shortest_double(x, digits, &e);
        snprintf(text, sizeof text, "0.%se%d", digits, e);
        if (strtod(text, NULL) != x) bad++;
        snprintf(text, sizeof text, "%.*e", n - 2 > 0 ? n - 2 : 0, x);
        if (n > 1 && strtod(text, NULL) == x) bad++;
    }
    CHECK(bad == 0);
}

/* Against the C library, which rounds the exact value. */
static void exact_digits(void) {
    uint64_t seed = 7;
    int bad = 0;
    for (int i = 0; i < 200000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        double x;
        if (i % 3 == 0) {
            uint64_t bits = seed ^ seed >> 29;
            memcpy(&x, &bits, 8);
        } else if (i % 3 == 1) x = (double)(int64_t)(seed >> 44) / (double)(1 << (seed & 15)); /* many ties */
        else x = (double)(int64_t)(seed >> 20) / 1e6;
        int precision = (int)(seed >> 33) % 22;
        char want[400];
        lsv_text t = {0};
        snprintf(want, sizeof want, "%.*e", precision, x);
        lsv_text_exponent(&t, x, precision);
        if (isfinite(x) && strcmp(want, t.data) != 0) bad++;
        t.length = 0;
        snprintf(want, sizeof want, "%.*f", precision, x);
        lsv_text_fixed(&t, x, precision);
        if (isfinite(x) && strcmp(want, t.data) != 0) bad++;
        lsv_text_free(&t);
    }
    CHECK(bad == 0);
}

static void scalars(void) {
    CHECK_WRITES(lsv_text_float(&t, 0.1), "0.1");
    CHECK_WRITES(lsv_text_float(&t, 1e16), "1e+16");
    CHECK_WRITES(lsv_text_float(&t, 9007199254740992.), "9007199254740992.0");
    CHECK_WRITES(lsv_text_float(&t, 1e-5), "1e-05");
    CHECK_WRITES(lsv_text_float(&t, 0.0001), "0.0001");
    CHECK_WRITES(lsv_text_float(&t, -0.), "-0.0");
    CHECK_WRITES(lsv_text_float(&t, -INFINITY), "-inf");
    CHECK_WRITES(lsv_text_float(&t, NAN), "nan");
    CHECK_WRITES(lsv_text_float(&t, 1.5e300), "1.5e+300");
    lsv_scalar single = {.dtype = LSV_FLOAT32, .f = (double)0.1f}, half = {.dtype = LSV_FLOAT16, .f = 1000};
    CHECK_WRITES(lsv_text_scalar(&t, single), "0.1");
    CHECK_WRITES(lsv_text_scalar(&t, half), "1000.0");
    CHECK_WRITES(lsv_text_scalar_repr(&t, single), "np.float32(0.1)");
    CHECK_WRITES(lsv_text_scalar_repr(&t, lsv_scalar_bool(true)), "np.True_");
    CHECK_WRITES(lsv_text_scalar_repr(&t, lsv_scalar_int(-3)), "np.int64(-3)");
    CHECK_WRITES(lsv_text_scalar_repr(&t, lsv_scalar_float(2.5)), "np.float64(2.5)");
}

static void dragon(void) {
    CHECK_WRITES(lsv_text_float_positional(&t, 3.14159, false, 2, true, true, 'k', false, -1, -1), "3.14");
    CHECK_WRITES(lsv_text_float_positional(&t, 0.1, false, 20, false, true, 'k', false, -1, -1),
                 "0.10000000000000000555");
    CHECK_WRITES(lsv_text_float_positional(&t, 1.9999999, false, 3, true, true, 'k', false, -1, -1), "2.");
    CHECK_WRITES(lsv_text_float_positional(&t, 1.0000000001, false, 3, true, true, 'k', false, -1, -1),
                 "1.000");
    CHECK_WRITES(lsv_text_float_positional(&t, 1e23, false, -1, true, true, '0', true, 30, 3),
                 "     +100000000000000000000000.0  ");
    CHECK_WRITES(lsv_text_float_positional(&t, 12345.678, false, 3, true, false, '-', false, -1, -1),
                 "12300");
    CHECK_WRITES(lsv_text_float_scientific(&t, 123456, false, 2, true, 'k', false, 3, 4), "  1.23e+0005");
    CHECK_WRITES(lsv_text_float_scientific(&t, 3.1415927410125732, true, -1, true, 'k', false, -1, -1),
                 "3.1415927e+00");
}

static void numpy(void) {
    const double x[6] = {1, 2.5, NAN, -INFINITY, 0.1, 100}, wide[2] = {1e-10, 1e10};
    lsv_array *a = floats(LSV_NUMPY, LSV_FLOAT64, 2, (ptrdiff_t[]){2, 3}, x), *b;
    CHECK_WRITES(lsv_text_ndarray_str(&t, a, NULL, NULL), "[[  1.    2.5   nan]\n [ -inf   0.1 100. ]]");
    CHECK_WRITES(lsv_text_ndarray_repr(&t, a, NULL, NULL),
                 "array([[  1. ,   2.5,   nan],\n       [ -inf,   0.1, 100. ]])");
    CHECK(lsv_transpose(a, NULL, &b, NULL) == LSV_OK);
    CHECK_WRITES(lsv_text_ndarray_str(&t, b, NULL, NULL), "[[  1.   -inf]\n [  2.5   0.1]\n [  nan 100. ]]");
    lsv_release(b);
    lsv_release(a);
    a = floats(LSV_NUMPY, LSV_FLOAT32, 1, (ptrdiff_t[]){2}, wide);
    CHECK_WRITES(lsv_text_ndarray_repr(&t, a, NULL, NULL), "array([1.e-10, 1.e+10], dtype=float32)");
    lsv_release(a);
    a = floats(LSV_NUMPY, LSV_FLOAT64, 2, (ptrdiff_t[]){0, 3}, NULL);
    CHECK_WRITES(lsv_text_ndarray_repr(&t, a, NULL, NULL), "array([], shape=(0, 3), dtype=float64)");
    lsv_release(a);
    CHECK(lsv_arange(LSV_NUMPY, LSV_INT64, lsv_scalar_int(0), lsv_scalar_int(1), 2000, &a, NULL) == LSV_OK);
    CHECK_WRITES(lsv_text_ndarray_repr(&t, a, NULL, NULL),
                 "array([   0,    1,    2, ..., 1997, 1998, 1999])");
    lsv_numpy_options o = lsv_numpy_defaults;
    o.legacy = 0; /* the newest NumPy: with the shape of what was left out */
    CHECK_WRITES(lsv_text_ndarray_repr(&t, a, &o, NULL),
                 "array([   0,    1,    2, ..., 1997, 1998, 1999], shape=(2000,))");
    o = lsv_numpy_defaults;
    o.legacy = 125;
    CHECK_WRITES(lsv_text_ndarray_repr(&t, a, &o, NULL), "array([   0,    1,    2, ..., 1997, 1998, 1999])");
    lsv_release(a);
}

static void torch(void) {
    const double x[4] = {1, 2.5, -0.1, 0}, whole[3] = {1, 20, INFINITY}, wide[2] = {1e-5, 3};
    lsv_array *a = floats(LSV_TORCH, LSV_FLOAT32, 2, (ptrdiff_t[]){2, 2}, x);
    CHECK_WRITES(lsv_text_tensor(&t, a, NULL, NULL, NULL),
                 "tensor([[ 1.0000,  2.5000],\n        [-0.1000,  0.0000]])");
    CHECK_WRITES(lsv_text_tensor(&t, a, NULL, "MulBackward0", NULL),
                 "tensor([[ 1.0000,  2.5000],\n        [-0.1000,  0.0000]], grad_fn=<MulBackward0>)");
    a->device = 1;
    a->flags |= LSV_REQUIRES_GRAD | LSV_PARAMETER;
    CHECK_WRITES(lsv_text_tensor(&t, a, NULL, NULL, NULL),
                 "Parameter containing:\ntensor([[ 1.0000,  2.5000],\n        [-0.1000,  0.0000]], "
                 "device='cuda:0', requires_grad=True)");
    a->device = 0;
    lsv_release(a);
    a = floats(LSV_TORCH, LSV_FLOAT64, 1, (ptrdiff_t[]){3}, whole);
    CHECK_WRITES(lsv_text_tensor(&t, a, NULL, NULL, NULL), "tensor([ 1., 20., inf], dtype=torch.float64)");
    lsv_release(a);
    a = floats(LSV_TORCH, LSV_FLOAT32, 1, (ptrdiff_t[]){2}, wide);
    CHECK_WRITES(lsv_text_tensor(&t, a, NULL, NULL, NULL), "tensor([1.0000e-05, 3.0000e+00])");
    lsv_release(a);
    a = floats(LSV_TORCH, LSV_FLOAT16, 2, (ptrdiff_t[]){0, 2}, NULL);
    CHECK_WRITES(lsv_text_tensor(&t, a, NULL, NULL, NULL), "tensor([], size=(0, 2), dtype=torch.float16)");
    lsv_release(a);
}

static void reads(const char *text, lsv_kind kind, lsv_dtype dtype, const char *again) {
    lsv_array *a = NULL;
    lsv_error err = {0};
    if (lsv_text_read_array(text, strlen(text), &a, &err) != LSV_OK) {
        CHECK_TEXT(err.message, "");
        return;
    }
    CHECK(a->kind == kind && a->dtype == dtype);
    CHECK_WRITES(kind == LSV_TORCH ? lsv_text_tensor(&t, a, NULL, NULL, NULL)
                                   : lsv_text_ndarray_str(&t, a, NULL, NULL),
                 again);
    lsv_release(a);
}

static void refuses(const char *text, lsv_status status, const char *message) {
    lsv_array *a = NULL;
    lsv_error err = {0};
    CHECK(lsv_text_read_array(text, strlen(text), &a, &err) == status);
    CHECK_TEXT(err.message, message);
    if (a) lsv_release(a);
}

static void reader(void) {
    reads("[[1. 2.]\n [3. 4.]]", LSV_NUMPY, LSV_FLOAT64, "[[1. 2.]\n [3. 4.]]");
    reads("array([[1., 2.],\n       [nan, -inf]], dtype=float32)", LSV_NUMPY, LSV_FLOAT32,
          "[[  1.   2.]\n [ nan -inf]]");
    reads("tensor([1, -2])", LSV_TORCH, LSV_INT64, "tensor([ 1, -2])");
    reads("tensor([[0.1000]], dtype=torch.float64, requires_grad=True)", LSV_TORCH, LSV_FLOAT64,
          "tensor([[0.1000]], dtype=torch.float64, requires_grad=True)");
    reads("tensor([1.5000], device='cuda:0', grad_fn=<AddBackward0>)", LSV_TORCH, LSV_FLOAT32,
          "tensor([1.5000])");
    reads("Parameter containing:\ntensor([2.], requires_grad=True)", LSV_TORCH, LSV_FLOAT32,
          "Parameter containing:\ntensor([2.], requires_grad=True)");
    reads("[True False]", LSV_NUMPY, LSV_BOOL, "[ True False]");
    reads("[-9223372036854775808, 9223372036854775807,]", LSV_NUMPY, LSV_INT64,
          "[-9223372036854775808  9223372036854775807]");
    reads("[1 2.5e3 +3]", LSV_NUMPY, LSV_FLOAT64, "[1.0e+00 2.5e+03 3.0e+00]");
    reads("array(5)", LSV_NUMPY, LSV_INT64, "5");
    reads("array([], shape=(2, 0), dtype=int32)", LSV_NUMPY, LSV_INT32, "[]");
    reads("[1e400 4.9406564584124654e-324]", LSV_NUMPY, LSV_FLOAT64, "[    inf 5.e-324]");
    reads("[0.1000000000000000055511151231257827021181583404541015625]", LSV_NUMPY, LSV_FLOAT64, "[0.1]");

    refuses("[[1 2]\n [3]]", LSV_EVALUE, "row 1 has 1 entry, the rows before it have 2");
    refuses("[[[1] [2]] [[1] [2 3]]]", LSV_EVALUE, "row [1, 1] has 2 entries, the rows before it have 1");
    refuses("[1 2 ... 8 9]", LSV_EVALUE,
            "the array was abbreviated with \"...\" when it was printed; its entries are not in the text");
    refuses("[1 2", LSV_EVALUE, "not a printed array: expected a number, but the text ends");
    refuses("[1,,2]", LSV_EVALUE, "not a printed array: expected a number, got \",2]\"");
    refuses("[1 2] 3", LSV_EVALUE, "not a printed array: expected nothing more, got \"3\"");
    refuses("[1 [2]]", LSV_EVALUE, "row 1 is nested to another depth than what stands before it");
    refuses("", LSV_EVALUE, "not a printed array: expected a number, but the text ends");
    refuses("[1.2.3]", LSV_EVALUE, "not a printed array: expected a number, got \"1.2.3]\"");
    refuses("[9223372036854775808]", LSV_EOVERFLOW, "the integer at entry 0 does not fit 64 bits");
    refuses("[[[[[[[[[1]]]]]]]]]", LSV_EVALUE, "more than 8 dimensions");
    refuses("array([1], dtype=complex64)", LSV_EVALUE, "unknown dtype \"complex64\"");
    refuses("array([], shape=(2, 3))", LSV_EVALUE, "the shape does not go with the entries");
}

/* Every allocation failed in turn: LSV_ENOMEM each time, and nothing left behind. */
static void memory(void) {
    double x[300];
    for (int i = 0; i < 300; i++) x[i] = i * 0.37 - (i == 7 ? NAN : 3);
    lsv_array *a = floats(LSV_NUMPY, LSV_FLOAT64, 2, (ptrdiff_t[]){100, 3}, x);
    lsv_text full = {0};
    CHECK(lsv_text_ndarray_repr(&full, a, NULL, NULL) == LSV_OK);
    long before = lsv_alloc_live();
    for (int what = 0; what < 4; what++) {
        lsv_status status = LSV_ENOMEM;
        for (long k = 1; status != LSV_OK && k < 1000; k++) {
            lsv_text t = {0};
            lsv_array *b = NULL;
            a->flags = what == 2 ? LSV_REQUIRES_GRAD : 0;
            lsv_alloc_fail_at(k);
            if (what == 0) status = lsv_text_ndarray_repr(&t, a, NULL, NULL);
            else if (what == 1) status = lsv_text_ndarray_str(&t, a, NULL, NULL);
            else if (what == 2) status = lsv_text_tensor(&t, a, NULL, NULL, NULL);
            else status = lsv_text_read_array(full.data, full.length, &b, NULL);
            lsv_alloc_fail_at(0);
            CHECK(status == LSV_OK || status == LSV_ENOMEM);
            if (what == 0 && status == LSV_OK) CHECK_TEXT(t.data, full.data);
            lsv_release(b);
            lsv_text_free(&t);
            CHECK(lsv_alloc_live() == before);
        }
        CHECK(status == LSV_OK);
    }
    lsv_text_free(&full);
    lsv_release(a);
}

int main(void) {
    buffers();
    shortest();
    exact_digits();
    scalars();
    dragon();
    numpy();
    torch();
    reader();
    memory();
    return check_done();
}
