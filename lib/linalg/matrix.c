/* Operands as stacks of matrices; see matrix.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "array/mirror.h"
#include "array/reduce.h"
#include "base/interrupt.h"
#include "linalg/matrix.h"

#define STRIP ((ptrdiff_t)1 << 20) /* elements copied between looks at the interrupt flag */

#define T double
#define NAME(x) x##_f64
#include "linalg/matrix.inc"
#define T float
#define NAME(x) x##_f32
#include "linalg/matrix.inc"

const char *lsv_mats_type_name(lsv_dtype t) {
    static const char *const names[LSV_NDTYPES] = {"Bool",     "Int",   "Long",  "Half",
                                                   "BFloat16", "Float", "Double"};
    return names[t];
}

void lsv_mats_copy(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, const void *src, ptrdiff_t rs, ptrdiff_t cs,
                   void *dst, ptrdiff_t ld) {
    if (t == LSV_FLOAT64) copy_f64(m, n, src, rs, cs, dst, ld);
    else copy_f32(m, n, src, rs, cs, dst, ld);
}

ptrdiff_t lsv_mats_ld(ptrdiff_t rows, lsv_dtype t) {
    if (rows < 1) return 1;
    return (size_t)rows * lsv_dtype_size(t) % 4096 == 0 ? rows + 8 : rows;
}

lsv_status lsv_mats_buffer(lsv_dtype t, ptrdiff_t rows, ptrdiff_t cols, void **out, lsv_error *err) {
    ptrdiff_t count, bytes;
    if (!lsv_mul_size(lsv_max_size(rows, 1), lsv_max_size(cols, 1), &count) ||
        !lsv_mul_size(count, (ptrdiff_t)lsv_dtype_size(t), &bytes))
        return lsv_no_memory(err, PTRDIFF_MAX);
    *out = lsv_malloc((size_t)bytes);
    return *out ? LSV_OK : lsv_no_memory(err, (size_t)bytes);
}

lsv_status lsv_mats_dtype(const lsv_array *a, const char *name, lsv_dtype *compute, lsv_dtype *result,
                          lsv_error *err) {
    lsv_dtype t = a->dtype;
    bool half = t == LSV_FLOAT16 || t == LSV_BFLOAT16;
    if (a->kind == LSV_NUMPY) {
        if (half) {
            lsv_status status =
                lsv_fail(err, LSV_ETYPE, "array type %s is unsupported in linalg", lsv_dtype_name(t));
            lsv_hint(err, "convert first: .astype(np.float32)");
            return status;
        }
        *compute = LSV_FLOAT64;
        *result = t == LSV_FLOAT32 ? LSV_FLOAT32 : LSV_FLOAT64;
        return LSV_OK;
    }
    if (half) {
        lsv_status status =
            lsv_fail(err, LSV_ENOTIMPL, "linalg.%s: Low precision dtypes not supported. Got %s", name,
                     lsv_mats_type_name(t));
        lsv_hint(err, "convert first: .float()");
        return status;
    }
    if (!lsv_dtype_is_float(t)) {
        lsv_status status = lsv_fail(
            err, LSV_ENOTIMPL, "linalg.%s: Expected a floating point or complex tensor as input. Got %s",
            name, lsv_mats_type_name(t));
        lsv_hint(err, "convert first: .float()");
        return status;
    }
    *compute = *result = t;
    return LSV_OK;
}

lsv_status lsv_mats_finite(const lsv_array *a, const char *name, lsv_error *err) {
    ptrdiff_t where = 0, index[LSV_MAXDIM];
    if (!lsv_dtype_is_float(a->dtype) || lsv_all_finite(a, &where)) return LSV_OK;
    for (int d = a->ndim - 1; d >= 0; d--) {
        index[d] = where % a->shape[d];
        where /= a->shape[d];
    }
    char text[128] = "";
    int used = 0;
    for (int d = 0; d < a->ndim; d++)
        used += snprintf(text + used, sizeof text - (size_t)used, d ? ", %td" : "%td", index[d]);
    double x = lsv_scalar_as_double(lsv_item(a, index));
    return lsv_fail(err, LSV_ELINALG, "%s: the matrix contains %s at [%s]", name,
                    isnan(x) ? "nan"
                    : x > 0  ? "inf"
                             : "-inf",
                    text);
}

static lsv_status check_shape(const lsv_array *a, const char *name, int flags, lsv_error *err) {
    if (a->ndim < 2) {
        if (a->kind == LSV_TORCH)
            return lsv_fail(err, LSV_ERUNTIME,
                            "linalg.%s: The input tensor A must have at least 2 dimensions.", name);
        return lsv_fail(err, LSV_ELINALG,
                        "%d-dimensional array given. Array must be at least two-dimensional", a->ndim);
    }
    ptrdiff_t m = a->shape[a->ndim - 2], n = a->shape[a->ndim - 1];
    if (!(flags & LSV_MATS_SQUARE) || m == n) return LSV_OK;
    if (a->kind == LSV_TORCH)
        return lsv_fail(err, LSV_ERUNTIME,
                        "linalg.%s: A must be batches of square matrices, but they are %td by %td matrices",
                        name, m, n);
    char text[128];
    return lsv_fail(err, LSV_ELINALG, "Last 2 dimensions of the array must be square, and this one is %s",
                    lsv_shape_text(a, text, sizeof text));
}

lsv_status lsv_mats_open(const lsv_array *a, const char *name, int flags, lsv_mats *out, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    lsv_mats mats = {.kind = a->kind, .count = 1};
    lsv_status status = check_shape(a, name, flags, err);
    if (status == LSV_OK) status = lsv_mats_dtype(a, name, &mats.compute, &mats.result, err);
    if (status == LSV_OK && (flags & LSV_MATS_FINITE)) status = lsv_mats_finite(a, name, err);
    if (status == LSV_OK) status = lsv_poll(err);
    if (status != LSV_OK) {
        lsv_blame(err, 0);
        return status;
    }
    LSV_TRY(lsv_host_as_dtype(a, mats.compute, &mats.array, err));
    mats.batch_ndim = a->ndim - 2;
    mats.m = a->shape[a->ndim - 2];
    mats.n = a->shape[a->ndim - 1];
    for (int d = 0; d < mats.batch_ndim; d++) mats.count *= a->shape[d];
    *out = mats;
    return LSV_OK;
}

void lsv_mats_close(lsv_mats *mats) {
    lsv_release(mats->array);
    mats->array = NULL;
}

/* The same in strips. Interrupted, it fills with zeros what is left (LAPACK is at ease with them, and not with what
   fresh memory holds): the result is dropped then, since every way on from here looks at the interrupt
   flag, at the next long call or in lsv_mats_finish. */
static void copy_strips(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, const char *src, ptrdiff_t rs, ptrdiff_t cs, char *dst,
                        ptrdiff_t ld) {
    ptrdiff_t strip = STRIP / lsv_max_size(m, 1) / 32 * 32, item = (ptrdiff_t)lsv_dtype_size(t);
    if (strip < 32) strip = 32;
    for (ptrdiff_t j = 0; j < n && m > 0; j += strip) {
        if (j && lsv_interrupt_flag) {
            memset(dst + j * ld * item, 0, (size_t)(((n - j - 1) * ld + m) * item));
            return;
        }
        lsv_mats_copy(t, m, lsv_min_size(strip, n - j), src + j * cs * item, rs, cs, dst + j * ld * item, ld);
    }
}

void lsv_mats_load(const lsv_mats *mats, ptrdiff_t index, void *dst, ptrdiff_t ld) {
    const lsv_array *a = mats->array;
    ptrdiff_t offset = 0;
    for (int d = mats->batch_ndim - 1; d >= 0; d--) {
        offset += index % a->shape[d] * a->strides[d];
        index /= a->shape[d];
    }
    const char *from = a->data + offset * (ptrdiff_t)lsv_dtype_size(mats->compute);
    copy_strips(mats->compute, mats->m, mats->n, from, a->strides[a->ndim - 2], a->strides[a->ndim - 1],
                  dst, ld);
}

lsv_status lsv_mats_result(const lsv_mats *mats, int ncore, const ptrdiff_t *core, lsv_array **out,
                           lsv_error *err) {
    ptrdiff_t shape[LSV_MAXDIM];
    for (int d = 0; d < mats->batch_ndim; d++) shape[d] = mats->array->shape[d];
    for (int d = 0; d < ncore; d++) shape[mats->batch_ndim + d] = core[d];
    return lsv_empty(mats->kind, mats->compute, mats->batch_ndim + ncore, shape, out, err);
}

void lsv_mats_store(lsv_array *out, ptrdiff_t index, ptrdiff_t m, ptrdiff_t n, const void *src,
                    ptrdiff_t ld) {
    char *to = out->data + index * m * n * (ptrdiff_t)lsv_dtype_size(out->dtype);
    copy_strips(out->dtype, n, m, src, ld, 1, to, n);
}

lsv_status lsv_mats_finish(const lsv_mats *mats, lsv_array **out, lsv_error *err) {
    if (*out) LSV_TRY(lsv_poll(err)); /* storing stops early when interrupted */
    if (!*out || mats->compute == mats->result) return LSV_OK;
    lsv_array *rounded;
    LSV_TRY(lsv_astype(*out, mats->result, &rounded, err));
    lsv_release(*out);
    *out = rounded;
    return LSV_OK;
}
