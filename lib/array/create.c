/* Arrays by formula: arange, linspace, eye. The formulas are the libraries' own to the last
   bit, so that 0.1 * 3 falls where it does there: NumPy fills from the first value and the
   difference of the first two; PyTorch's linspace works from both ends. */
#include "array/array.h"

#include <math.h>
#include "array/convert.h"
#include "array/inside.h"
#include "base/interrupt.h"

/* Make an array of dtype from one of float64 (or of the dtype itself); consumes v. */
static lsv_status finish(lsv_array *v, lsv_dtype dtype, lsv_array **out, lsv_error *err) {
    lsv_status status = lsv_poll(err); /* the loops stop early when interrupted */
    if (status == LSV_OK && v->dtype == dtype) {
        *out = v;
        return LSV_OK;
    }
    if (status == LSV_OK) status = lsv_astype(v, dtype, out, err);
    lsv_release(v);
    return status;
}

static void fill_f64(double *v, double start, double step, ptrdiff_t n) {
    double delta = (start + step) - start;
    for (ptrdiff_t i = 0; i < n && !lsv_stop_at(i); i++) v[i] = start + (double)i * delta;
    if (n > 1) v[1] = start + step;
}

static void fill_f32(float *v, double start, double step, ptrdiff_t n) {
    float first = (float)start, second = (float)(start + step), delta = second - first;
    for (ptrdiff_t i = 0; i < n && !lsv_stop_at(i); i++) v[i] = first + (float)i * delta;
    if (n > 1) v[1] = second;
}

/* PyTorch computes in double, a vector (of 32 bytes) at a time from a base in the dtype, two
   vectors a turn; what is left over is computed one by one. */
#define FILL_TORCH(name, type, width)                                                      \
    static void name(type *v, double start, double step, ptrdiff_t n) {                    \
        ptrdiff_t i = 0;                                                                   \
        for (; (n - i >= 2 * (width) || (i / (width) % 2 == 1)) && !lsv_stop_at(i); i += (width)) { \
            type base = (type)fma(step, (double)i, start);                                 \
            for (int k = 0; k < (width); k++) v[i + k] = (type)fma(step, k, (double)base); \
        }                                                                                  \
        for (; i < n && !lsv_stop_at(i); i++) v[i] = (type)fma(step, (double)i, start);    \
    }
FILL_TORCH(fill_torch_f32, float, 8)
FILL_TORCH(fill_torch_f64, double, 4)

lsv_status lsv_arange(lsv_kind kind, lsv_dtype dtype, lsv_scalar start, lsv_scalar step, ptrdiff_t n,
                      lsv_array **out, lsv_error *err) {
    if (n < 0) n = 0;
    bool floats =
        lsv_dtype_is_float(dtype) || lsv_dtype_is_float(start.dtype) || lsv_dtype_is_float(step.dtype);
    lsv_dtype work = !floats ? LSV_INT64 : dtype == LSV_FLOAT32 ? LSV_FLOAT32 : LSV_FLOAT64;
    lsv_array *v;
    LSV_TRY(lsv_empty(kind, work, 1, &n, &v, err));
    double first = lsv_scalar_as_double(start), delta = lsv_scalar_as_double(step);
    if (work == LSV_INT64) {
        int64_t *at = lsv_data(v);
        for (ptrdiff_t i = 0; i < n && !lsv_stop_at(i); i++)
            at[i] = (int64_t)((uint64_t)start.i + (uint64_t)i * (uint64_t)step.i);
    } else if (work == LSV_FLOAT32) {
        if (kind == LSV_TORCH) fill_torch_f32(lsv_data(v), first, delta, n);
        else fill_f32(lsv_data(v), first, delta, n);
    } else {
        if (kind == LSV_TORCH) fill_torch_f64(lsv_data(v), first, delta, n);
        else fill_f64(lsv_data(v), first, delta, n);
    }
    return finish(v, dtype, out, err);
}

/* numpy.linspace: i * step + start, the last point exact. */
static void linspace_numpy(double *v, double start, double stop, ptrdiff_t n, bool endpoint) {
    double parts = (double)(endpoint ? n - 1 : n), delta = stop - start, step = delta / parts;
    for (ptrdiff_t i = 0; i < n && !lsv_stop_at(i); i++) {
        double x = (double)i;
        if (!(parts > 0)) x = x * delta;
        else if (step == 0) x = x / parts * delta;
        else x = x * step;
        v[i] = x + start;
    }
    if (endpoint && n > 1) v[n - 1] = stop;
}

/* torch.linspace: the second half counts back from the end; multiply and add round once. */
#define LINSPACE_TORCH(name, type, fma)                                                         \
    static void name(type *v, type start, type stop, ptrdiff_t n) {                             \
        type step = (stop - start) / (type)(n - 1);                                             \
        for (ptrdiff_t i = 0; i < n && !lsv_stop_at(i); i++)                                    \
            v[i] = i < n / 2 ? fma(step, (type)i, start) : fma(-step, (type)(n - i - 1), stop); \
        if (n == 1) v[0] = start;                                                               \
    }
LINSPACE_TORCH(linspace_torch_f32, float, fmaf)
LINSPACE_TORCH(linspace_torch_f64, double, fma)

lsv_status lsv_linspace(lsv_kind kind, lsv_dtype dtype, double start, double stop, ptrdiff_t n, bool endpoint,
                        lsv_array **out, lsv_error *err) {
    if (n < 0) {
        if (kind == LSV_TORCH) return lsv_fail(err, LSV_ERUNTIME, "number of steps must be non-negative");
        return lsv_fail(err, LSV_EVALUE, "Number of samples, %td, must be non-negative.", n);
    }
    bool single = kind == LSV_TORCH && dtype == LSV_FLOAT32;
    if (kind == LSV_TORCH && !lsv_dtype_is_float(dtype)) { /* the ends become integers first */
        start = trunc(start);
        stop = trunc(stop);
    }
    lsv_array *v;
    LSV_TRY(lsv_empty(kind, single ? LSV_FLOAT32 : LSV_FLOAT64, 1, &n, &v, err));
    if (single) linspace_torch_f32(lsv_data(v), (float)start, (float)stop, n);
    else if (kind == LSV_TORCH) linspace_torch_f64(lsv_data(v), start, stop, n);
    else linspace_numpy(lsv_data(v), start, stop, n, endpoint);
    if (kind == LSV_NUMPY && !lsv_dtype_is_float(dtype)) { /* NumPy floors to integers */
        double *at = lsv_data(v);
        for (ptrdiff_t i = 0; i < n && !lsv_stop_at(i); i++) at[i] = floor(at[i]);
    }
    return finish(v, dtype, out, err);
}

lsv_status lsv_eye(lsv_kind kind, lsv_dtype dtype, ptrdiff_t rows, ptrdiff_t cols, ptrdiff_t k,
                   lsv_array **out, lsv_error *err) {
    lsv_array *v;
    LSV_TRY(lsv_zeros(kind, dtype, 2, (ptrdiff_t[]){rows, cols}, &v, err));
    size_t item = lsv_dtype_size(dtype);
    if (k > -rows && k < cols) {
        for (ptrdiff_t i = k < 0 ? -k : 0; i < rows && i + k < cols && !lsv_interrupt_flag; i++)
            lsv_store(dtype, v->data + (size_t)(i * cols + i + k) * item, lsv_scalar_int(1));
    }
    lsv_status status = lsv_poll(err);
    if (status == LSV_OK) *out = v;
    else lsv_release(v);
    return status;
}
