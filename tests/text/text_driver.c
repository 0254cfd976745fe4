/* Writes texts on demand for differential.py: requests on standard input, answers on standard
   output, both binary and little-endian, until the input ends.

   request: command byte, then its fields (see `serve`); answer: status byte, u32 length, text.
   An array travels as kind, dtype, ndim, flags, device, layout (bytes), shape (i64 each) and its
   elements in C order; `layout` asks for it to be held in another memory order, so that
   strides are tested too: 0 C order, 1 Fortran order, 2 every axis reversed, 3 every second
   element of a longer last axis. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/text.h"

static bool get(void *to, size_t n) { return fread(to, 1, n, stdin) == n; }

static int byte(void) {
    uint8_t b;
    return get(&b, 1) ? b : -1;
}

static int64_t i64(void) {
    int64_t x = 0;
    get(&x, 8);
    return x;
}

static void string(char *to, size_t room) {
    size_t n = (size_t)byte();
    if (n >= room || !get(to, n)) exit(2);
    to[n] = 0;
}

/* The elements of `c` in another memory order: `view` of `whole`. */
static lsv_status arrange(const lsv_array *c, int layout, lsv_array **out) {
    lsv_array *whole = NULL;
    ptrdiff_t shape[LSV_MAXDIM], strides[LSV_MAXDIM], offset = 0, step = 1;
    int n = c->ndim;
    for (int i = 0; i < n; i++) shape[i] = c->shape[i];
    if (n && layout == 3) shape[n - 1] = shape[n - 1] * 2;
    LSV_TRY(lsv_empty((lsv_kind)c->kind, (lsv_dtype)c->dtype, n, shape, &whole, NULL));
    memset(whole->data, 0x55, (size_t)whole->size * lsv_dtype_size((lsv_dtype)c->dtype));
    for (int i = 0; i < n; i++) {
        int axis = layout == 1 ? i : n - 1 - i;
        strides[axis] = layout == 3 && axis == n - 1 ? 2 : step;
        step *= shape[axis];
        if (layout == 2 && c->size)
            offset += (c->shape[axis] - 1) * strides[axis], strides[axis] = -strides[axis];
    }
    lsv_status status = lsv_view_strided(whole, n, c->shape, strides, offset, out, NULL);
    if (status == LSV_OK) {
        status = lsv_assign(*out, c, NULL);
        (*out)->flags = c->flags;
        (*out)->device = c->device;
    }
    lsv_release(whole);
    return status;
}

static lsv_array *array(void) {
    uint8_t h[6];
    ptrdiff_t shape[LSV_MAXDIM];
    if (!get(h, 6) || h[1] >= LSV_NDTYPES || h[2] > LSV_MAXDIM) exit(2);
    for (int i = 0; i < h[2]; i++) shape[i] = (ptrdiff_t)i64();
    lsv_array *a, *b;
    if (lsv_empty((lsv_kind)h[0], (lsv_dtype)h[1], h[2], shape, &a, NULL) != LSV_OK) exit(3);
    if (!get(a->data, (size_t)a->size * lsv_dtype_size((lsv_dtype)a->dtype))) exit(2);
    a->flags = h[3];
    a->device = h[4];
    if (h[5] == 0) return a;
    if (arrange(a, h[5], &b) != LSV_OK) exit(3);
    lsv_release(a);
    return b;
}

static lsv_numpy_options numpy_options(void) {
    lsv_numpy_options o = lsv_numpy_defaults;
    o.precision = (int)i64();
    o.threshold = (ptrdiff_t)i64();
    o.edgeitems = (ptrdiff_t)i64();
    o.linewidth = (int)i64();
    o.suppress = byte();
    string(o.nanstr, sizeof o.nanstr);
    string(o.infstr, sizeof o.infstr);
    o.sign = (char)byte();
    o.floatmode = (unsigned)byte();
    o.legacy = (int)i64();
    return o;
}

static lsv_torch_options torch_options(void) {
    lsv_torch_options o;
    o.precision = (int)i64();
    o.threshold = (ptrdiff_t)i64();
    o.edgeitems = (ptrdiff_t)i64();
    o.linewidth = (int)i64();
    o.sci_mode = (int)i64();
    return o;
}

static lsv_status dragon(lsv_text *t, bool positional) {
    double x;
    if (!get(&x, 8)) exit(2);
    bool f32 = byte(), unique = byte(), fractional = byte(), sign = byte();
    char trim = (char)byte();
    int precision = (int)i64(), left = (int)i64(), right = (int)i64();
    if (positional)
        lsv_text_float_positional(t, x, f32, precision, unique, fractional, trim, sign, left, right);
    else lsv_text_float_scientific(t, x, f32, precision, unique, trim, sign, left, right);
    return LSV_OK;
}

/* One word for a formatter=: several lines where the value asks for it. */
static lsv_status formatter(void *ctx, lsv_text *t, lsv_scalar x, lsv_error *err) {
    (void)ctx, (void)err;
    double v = lsv_scalar_as_double(x);
    if (v > 2) lsv_text_printf(t, "<%.2f\n %.1f>", v, v);
    else lsv_text_printf(t, "%.3f", v);
    return LSV_OK;
}

static lsv_status array_text(lsv_text *t, int command, lsv_error *err) {
    lsv_array *a = array();
    lsv_status status = LSV_OK;
    char separator[256], prefix[256], suffix[256], grad[256];
    if (command == 't') {
        lsv_torch_options o = torch_options();
        string(grad, sizeof grad);
        status = lsv_text_tensor(t, a, &o, *grad ? grad : NULL, err);
    } else if (command == 'c' || command == 'q') {
        lsv_scalar x = lsv_load((lsv_dtype)a->dtype, a->data);
        if (command == 'c') lsv_text_scalar(t, x);
        else lsv_text_scalar_repr(t, x);
    } else {
        lsv_numpy_options o = numpy_options();
        if (command == 's') status = lsv_text_ndarray_str(t, a, &o, err);
        else if (command == 'r') status = lsv_text_ndarray_repr(t, a, &o, err);
        else {
            string(separator, sizeof separator);
            string(prefix, sizeof prefix);
            string(suffix, sizeof suffix);
            status = lsv_text_array2string(t, a, &o, separator, prefix, suffix,
                                           command == 'F' ? formatter : NULL, NULL, err);
        }
    }
    lsv_release(a);
    return status;
}

/* Reads a printed array and answers with kind, dtype, ndim, flags, shape, elements. */
static lsv_status read_back(lsv_text *t, lsv_error *err) {
    size_t n = (size_t)i64();
    char *text = malloc(n + 1);
    if (!text || !get(text, n)) exit(2);
    lsv_array *a = NULL;
    lsv_status status = lsv_text_read_array(text, n, &a, err);
    free(text);
    if (status != LSV_OK) return status;
    char h[4] = {(char)a->kind, (char)a->dtype, (char)a->ndim, (char)a->flags};
    lsv_text_add(t, h, 4);
    for (int i = 0; i < a->ndim; i++) {
        int64_t size = a->shape[i];
        lsv_text_add(t, (char *)&size, 8);
    }
    lsv_text_add(t, a->data, (size_t)a->size * lsv_dtype_size((lsv_dtype)a->dtype));
    lsv_release(a);
    return LSV_OK;
}

/* s str, r repr, a array2string, F with a formatter: array, numpy options(, separator, prefix,
   suffix); t tensor: array, torch options, grad_fn; c, q scalar's str, repr: 0-d array;
   p, e positional, scientific; f Python float; b read back: i64 length, text. */
static lsv_status serve(int command, lsv_text *t, lsv_error *err) {
    double x;
    switch (command) {
    case 'p': return dragon(t, true);
    case 'e': return dragon(t, false);
    case 'f':
        if (!get(&x, 8)) exit(2);
        lsv_text_float(t, x);
        return LSV_OK;
    case 'b': return read_back(t, err);
    default: return array_text(t, command, err);
    }
}

int main(void) {
    for (int command; (command = byte()) >= 0;) {
        lsv_text t = {0};
        lsv_error err = {0};
        uint8_t status = (uint8_t)serve(command, &t, &err);
        if (status) {
            t.length = 0;
            lsv_text_puts(&t, err.message);
        }
        uint32_t n = (uint32_t)t.length;
        fwrite(&status, 1, 1, stdout);
        fwrite(&n, 4, 1, stdout);
        fwrite(t.data, 1, n, stdout);
        fflush(stdout);
        lsv_text_free(&t);
    }
    return 0;
}
