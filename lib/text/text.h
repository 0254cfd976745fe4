/* Numbers and arrays to text: NumPy's, PyTorch's and Python's own, byte for byte.

   Functions append to an lsv_text, a growing buffer that remembers running out of memory:
   callers append freely and look once at the end. */
#ifndef LSV_TEXT_TEXT_H
#define LSV_TEXT_TEXT_H

#include "array/array.h"

typedef struct lsv_text {
    char *data;      /* NUL-terminated once something was appended; NULL before */
    size_t length, capacity;
    bool failed;     /* memory ran out: data is what fitted */
} lsv_text;

void lsv_text_free(lsv_text *t);
void lsv_text_add(lsv_text *t, const char *bytes, size_t n);
void lsv_text_puts(lsv_text *t, const char *s);
void lsv_text_putc(lsv_text *t, char c);
void lsv_text_fill(lsv_text *t, char c, size_t n);
/* Room for n bytes (and a NUL) at the end, or NULL; whoever writes there adds to length. */
char *lsv_text_room(lsv_text *t, size_t n);
void lsv_text_printf(lsv_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- numbers ---- */

/* The shortest decimal digits that read back as x (finite, > 0): digits without a point into
   `digits` (at most 17, NUL-terminated), value = 0.DIGITS * 10^*exponent; returns the count. */
int lsv_shortest_double(double x, char digits[20], int *exponent);
int lsv_shortest_float(float x, char digits[20], int *exponent);

void lsv_text_int(lsv_text *t, int64_t x);
void lsv_text_float(lsv_text *t, double x);   /* Python's repr(float): "0.1", "1e+16", "inf" */
/* str() of a NumPy scalar: "2.5", "1e-05", "0.1" for float32's own digits, "True". */
void lsv_text_scalar(lsv_text *t, lsv_scalar x);
/* repr() of a NumPy scalar by NumPy 2's rule: "np.float64(2.5)", "np.True_", "np.int64(3)". */
void lsv_text_scalar_repr(lsv_text *t, lsv_scalar x);

/* Python's format(value, spec) mini-language, and printf-style % of one conversion.
   Return false, with Python's message in err, for a spec that does not fit the type. */
lsv_status lsv_format_int(lsv_text *t, int64_t x, const char *spec, size_t n, lsv_error *err);
lsv_status lsv_format_float(lsv_text *t, double x, const char *spec, size_t n, lsv_error *err);
lsv_status lsv_format_str(lsv_text *t, const char *s, size_t len, const char *spec, size_t n, lsv_error *err); /* counts code points */

/* Display columns of UTF-8 text (wide and combining characters counted as a terminal does),
   and its number of code points. */
size_t lsv_text_width(const char *s, size_t n);
size_t lsv_text_points(const char *s, size_t n);

/* ---- print options ---- */

typedef struct lsv_numpy_options {     /* np.get_printoptions() */
    int precision;                     /* 8; -1 with floatmode "unique": as many as needed (None) */
    ptrdiff_t threshold, edgeitems;    /* 1000, 3 */
    int linewidth;                     /* 75 */
    bool suppress;
    char nanstr[32], infstr[32];
    char sign;                         /* '-', '+', ' ' */
    enum { LSV_FLOAT_MAXPREC, LSV_FLOAT_MAXPREC_EQUAL, LSV_FLOAT_UNIQUE, LSV_FLOAT_FIXED } floatmode;
    int legacy;                        /* 0 (False), or 113, 121, 125, 201, 202 as in legacy="1.13" …; setting
                                          "1.13" sets sign to '-' as well (the caller's matter) */
} lsv_numpy_options;

typedef struct lsv_torch_options {     /* torch.set_printoptions */
    int precision;                     /* 4 */
    ptrdiff_t threshold, edgeitems;    /* 1000, 3 */
    int linewidth;                     /* 80 */
    int sci_mode;                      /* -1 by rule, 0 off, 1 on */
} lsv_torch_options;

extern const lsv_numpy_options lsv_numpy_defaults;
extern const lsv_torch_options lsv_torch_defaults;

/* ---- arrays ---- */

/* str(a) of an ndarray; options NULL: the defaults. */
lsv_status lsv_text_ndarray_str(lsv_text *t, const lsv_array *a, const lsv_numpy_options *o, lsv_error *err);
/* repr(a): "array([…])", with dtype= and shape= where NumPy 2 gives them. */
lsv_status lsv_text_ndarray_repr(lsv_text *t, const lsv_array *a, const lsv_numpy_options *o, lsv_error *err);
/* np.array2string(a, separator=…, prefix=…, suffix=…). A formatter (per element, for the
   formatter= argument) may be NULL. */
typedef lsv_status lsv_text_formatter(void *ctx, lsv_text *t, lsv_scalar x, lsv_error *err);
lsv_status lsv_text_array2string(lsv_text *t, const lsv_array *a, const lsv_numpy_options *o, const char *separator, const char *prefix, const char *suffix, lsv_text_formatter *formatter, void *ctx, lsv_error *err);
/* repr(a) with such a formatter in the print options. */
lsv_status lsv_text_ndarray_repr_with(lsv_text *t, const lsv_array *a, const lsv_numpy_options *o,
                                      lsv_text_formatter *formatter, void *ctx, lsv_error *err);
/* np.format_float_positional / _scientific as far as Dragon4's arguments go. */
void lsv_text_float_positional(lsv_text *t, double x, bool is_float32, int precision, bool unique, bool fractional, char trim, bool sign, int pad_left, int pad_right);
void lsv_text_float_scientific(lsv_text *t, double x, bool is_float32, int precision, bool unique, char trim, bool sign, int pad_left, int exp_digits);

/* str(a) and repr(a) of a tensor (they are equal). grad_fn: "AddBackward0" or NULL; the
   suffixes dtype=, device=, requires_grad=True, grad_fn=<…>, size= are PyTorch's, and so is
   the line "Parameter containing:" in front of an LSV_PARAMETER. */
lsv_status lsv_text_tensor(lsv_text *t, const lsv_array *a, const lsv_torch_options *o, const char *grad_fn, lsv_error *err);

/* ---- reading back ---- */

/* A printed array back into an array: "[[1. 2.]\n [3. 4.]]", "array([[1., 2.], …], dtype=float32)",
   "tensor([…], dtype=…, requires_grad=True)"; entries separated by white space or commas, nan,
   inf, True and False included. Integers give int64, anything with a point or an exponent the
   library's default float (float64; float32 for a tensor), unless dtype= says otherwise.
   LSV_EVALUE for rows of different lengths, for text that was abbreviated with "..." and for
   what is no number. */
lsv_status lsv_text_read_array(const char *text, size_t n, lsv_array **out, lsv_error *err);

#endif
