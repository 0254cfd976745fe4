/* What is computed with one module: its update, the base with it, the same update at another rank.

   Sums are formed in strips of rows, so that beside the matrix and its result only the factors and a strip are
   held. A result of 16 bits is rounded once: the float64 sum goes to float32 by rounding to odd, from which the
   second rounding, to nearest even, is that of the sum itself. */
#include <math.h>
#include <string.h>

#include "backend/backend.h"
#include "base/interrupt.h"
#include "linalg/matrix.h"
#include "lora/adapter/inside.h"
#include "lora/factors.h"

enum { STRIP = 1 << 21 }; /* entries */

/* ---- rounding ---- */

/* To float32 with the last bit set where anything was lost: no halfway case of a shorter type arises that was none. */
static float to_odd(double x) {
    float f = (float)x;
    if ((double)f == x || isnan(x) || isinf(f)) return f;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    if (fabs((double)f) > fabs(x)) bits--; /* toward zero */
    bits |= 1;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static void store(lsv_dtype t, void *to, ptrdiff_t i, double x) {
    if (t == LSV_FLOAT64) ((double *)to)[i] = x;
    else if (t == LSV_FLOAT32) ((float *)to)[i] = (float)x;
    else if (t == LSV_FLOAT16) ((uint16_t *)to)[i] = isinf((float)x) ? lsv_float_to_half((float)x) : lsv_float_to_half(to_odd(x));
    else ((uint16_t *)to)[i] = isinf((float)x) ? lsv_float_to_bfloat((float)x) : lsv_float_to_bfloat(to_odd(x));
}

/* The same for a whole strip: W + d of float64 sums into bfloat16, which is what most checkpoints are. */
static void add_bfloat(const uint16_t *W, const double *d, ptrdiff_t n, uint16_t *out) {
    for (ptrdiff_t i = 0; i < n; i++) {
        uint32_t wide = (uint32_t)W[i] << 16, bits;
        float w, f;
        memcpy(&w, &wide, sizeof w);
        f = to_odd((double)w + d[i]);
        memcpy(&bits, &f, sizeof bits);
        out[i] = f == f ? (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16) : lsv_float_to_bfloat(f);
    }
}

static void add_single(const float *W, const double *d, ptrdiff_t n, float *out) {
    for (ptrdiff_t i = 0; i < n; i++) out[i] = (float)((double)W[i] + d[i]);
}

static double load(lsv_dtype t, const void *from, ptrdiff_t i) {
    if (t == LSV_FLOAT64) return ((const double *)from)[i];
    if (t == LSV_FLOAT32) return (double)((const float *)from)[i];
    uint16_t bits = ((const uint16_t *)from)[i];
    return (double)(t == LSV_FLOAT16 ? lsv_half_to_float(bits) : lsv_bfloat_to_float(bits));
}

static lsv_status narrow(const lsv_array *x, lsv_dtype dtype, const char *what, lsv_array **out, lsv_error *err) {
    lsv_array *flat, *y;
    LSV_TRY(lsv_contiguous(lsv_borrow(x), &flat, err));
    lsv_status status = lsv_empty((lsv_kind)x->kind, dtype, x->ndim, x->shape, &y, err);
    bool over = false;
    for (ptrdiff_t i = 0; i < x->size && status == LSV_OK; i++) {
        double v = load((lsv_dtype)x->dtype, flat->data, i);
        store(dtype, y->data, i, v);
        over = over || (isfinite(v) && isinf(load(dtype, y->data, i)));
    }
    lsv_release(flat);
    if (status == LSV_OK && over) {
        lsv_release(y);
        lsv_adapter_bad("adapter", what, err, "entries beyond the range of %s", lsv_dtype_name(dtype));
        lsv_hint(err, "bfloat16 and float32 reach further");
        return LSV_EVALUE;
    }
    if (status == LSV_OK) *out = y;
    return status;
}

lsv_status lsv_narrow(lsv_array *x, lsv_dtype dtype, const char *what, lsv_array **out, lsv_error *err) {
    if ((lsv_dtype)x->dtype == dtype) {
        *out = x;
        return LSV_OK;
    }
    lsv_status status = narrow(x, dtype, what, out, err);
    lsv_release(x);
    return status;
}

/* ---- factors in the precision of the computation ---- */

typedef struct product {
    const lsv_adapter_module *m;
    lsv_dtype t;
    lsv_array *B, *A; /* contiguous, of type t */
} product;

static void product_free(product *p) {
    lsv_release(p->B);
    lsv_release(p->A);
    *p = (product){0};
}

static lsv_status wide(lsv_array *x, lsv_dtype t, const char *module, char which, lsv_array **out, lsv_error *err) {
    lsv_error detail = {.status = LSV_OK};
    lsv_array *y = NULL;
    lsv_status status = lsv_mats_finite(x, "factor", &detail);
    if (status != LSV_OK) status = lsv_adapter_bad("adapter", module, err, "%c: %s", which, detail.message);
    else status = lsv_as_dtype(x, t, &y, err);
    if (status == LSV_OK) status = lsv_contiguous(y, out, err);
    lsv_release(y);
    lsv_release(x);
    return status;
}

static lsv_status product_of(lsv_adapter *a, ptrdiff_t i, lsv_dtype t, product *p, lsv_error *err) {
    lsv_array *B, *A;
    *p = (product){.m = lsv_adapter_at(a, i), .t = t};
    if (t != LSV_FLOAT64 && t != LSV_FLOAT32) return lsv_fail(err, LSV_EVALUE, "an update is computed in float64 or float32");
    if (!isfinite(p->m->scale)) return lsv_adapter_bad("adapter", p->m->name, err, "its scale is not finite");
    LSV_TRY(lsv_adapter_factors(a, i, LSV_NUMPY, &B, &A, err));
    lsv_status status = wide(B, t, p->m->name, 'B', &p->B, err);
    if (status == LSV_OK) status = wide(A, t, p->m->name, 'A', &p->A, err);
    else lsv_release(A);
    if (status != LSV_OK) product_free(p);
    return status;
}

static const char *row(const lsv_array *x, ptrdiff_t i) { return x->data + (size_t)(i * x->shape[1]) * lsv_dtype_size((lsv_dtype)x->dtype); }

/* Rows from.. (count of them) of scale * B @ A, or of its transpose, times weight. */
static lsv_status strip(const product *p, bool turned, ptrdiff_t from, ptrdiff_t count, double weight, void *out, lsv_error *err) {
    ptrdiff_t r = p->m->rank, columns = turned ? p->m->out : p->m->in;
    size_t bytes = (size_t)(count * columns) * lsv_dtype_size(p->t);
    if (r == 0 || columns == 0 || count == 0) {
        if (bytes) memset(out, 0, bytes);
        return LSV_OK;
    }
    double s = p->m->scale * weight;
    if (!turned) return lsv_backend_for(LSV_BE_GEMM, p->t, count, columns, r)->gemm(p->t, false, false, count, columns, r, s, row(p->B, from), r, p->A->data, p->m->in, 0, out, columns, err);
    const char *A = p->A->data + (size_t)from * lsv_dtype_size(p->t);
    return lsv_backend_for(LSV_BE_GEMM, p->t, count, columns, r)->gemm(p->t, true, true, count, columns, r, s, A, p->m->in, p->B->data, r, 0, out, columns, err);
}

/* The shape that the update has in the base. */
static int base_shape(const lsv_adapter_module *m, bool turned, ptrdiff_t shape[5]) {
    ptrdiff_t in = m->in;
    shape[0] = turned ? m->in : m->out;
    shape[1] = turned ? m->out : m->in;
    for (int k = 0; k < m->nkernel; k++) in /= m->kernel[k], shape[2 + k] = m->kernel[k];
    if (m->nkernel) shape[1] = in;
    return 2 + m->nkernel;
}

lsv_status lsv_adapter_delta(lsv_adapter *a, ptrdiff_t i, lsv_kind kind, lsv_dtype dtype, lsv_array **out, lsv_error *err) {
    product p;
    ptrdiff_t shape[5];
    lsv_array *x = NULL;
    LSV_TRY(product_of(a, i, dtype, &p, err));
    bool turned = p.m->transposed;
    int ndim = base_shape(p.m, turned, shape);
    lsv_status status = lsv_empty(kind, dtype, ndim, shape, &x, err);
    if (status == LSV_OK) status = strip(&p, turned, 0, shape[0], 1, x->data, err);
    product_free(&p);
    if (status == LSV_OK) *out = x;
    else lsv_release(x);
    return status;
}

/* ---- W + dW ---- */

/* Does W have the module's shape, in this layout? A kernel of ones may be missing or be there besides. */
static bool fits(const lsv_adapter_module *m, const lsv_array *W, bool turned) {
    ptrdiff_t shape[5];
    int ndim = base_shape(m, turned, shape), at = 2;
    if (W->ndim < 2 || W->shape[0] != shape[0] || W->shape[1] != shape[1]) return false;
    for (; at < ndim && at < W->ndim; at++)
        if (W->shape[at] != shape[at]) return false;
    for (int k = at; k < ndim; k++)
        if (shape[k] != 1) return false;
    for (int k = at; k < W->ndim; k++)
        if (W->shape[k] != 1) return false;
    return true;
}

static lsv_status layout(const lsv_adapter_module *m, const lsv_array *W, bool *turned, lsv_error *err) {
    char tw[96], tm[96];
    ptrdiff_t shape[5];
    *turned = m->transposed;
    if (fits(m, W, *turned)) return LSV_OK;
    if (m->kind == LSV_MODULE_LINEAR && fits(m, W, !*turned)) {
        *turned = !*turned;
        return LSV_OK;
    }
    int ndim = base_shape(m, m->transposed, shape);
    lsv_adapter_bad("adapter", m->name, err, "the update is %s and the base's weight %s", lsv_shape_text_n(ndim, shape, tm, sizeof tm), lsv_shape_text(W, tw, sizeof tw));
    lsv_hint(err, "is it the base that the adapter was made for?");
    return LSV_EVALUE;
}

static lsv_status add_strips(const product *p, const lsv_array *W, bool turned, double weight, lsv_array *out, lsv_error *err) {
    ptrdiff_t rows = W->shape[0], columns = turned ? p->m->out : p->m->in;
    ptrdiff_t step = lsv_max_size(1, STRIP / lsv_max_size(1, columns));
    void *buffer;
    LSV_TRY(lsv_mats_buffer(p->t, lsv_min_size(step, lsv_max_size(1, rows)), lsv_max_size(1, columns), &buffer, err));
    lsv_status status = LSV_OK;
    lsv_dtype t = (lsv_dtype)W->dtype;
    const char *flat_W = W->data;
    for (ptrdiff_t from = 0; from < rows && columns > 0 && status == LSV_OK; from += step) {
        ptrdiff_t count = lsv_min_size(step, rows - from), at = from * columns, n = count * columns;
        status = lsv_poll(err);
        if (status == LSV_OK) status = strip(p, turned, from, count, weight, buffer, err);
        if (status != LSV_OK) break;
        if (p->t == LSV_FLOAT32) {
            const float *d = buffer;
            for (ptrdiff_t k = 0; k < n; k++) store(t, out->data, at + k, (double)((float)load(t, W->data, at + k) + d[k]));
        } else if (t == LSV_BFLOAT16) {
            add_bfloat((const uint16_t *)(const void *)flat_W + at, buffer, n, (uint16_t *)(void *)out->data + at);
        } else if (t == LSV_FLOAT32) {
            add_single((const float *)(const void *)flat_W + at, buffer, n, (float *)(void *)out->data + at);
        } else {
            const double *d = buffer;
            for (ptrdiff_t k = 0; k < n; k++) store(t, out->data, at + k, load(t, W->data, at + k) + d[k]);
        }
    }
    lsv_free(buffer);
    return status;
}

lsv_status lsv_adapter_apply(lsv_adapter *a, ptrdiff_t i, double weight, lsv_dtype dtype, const lsv_array *W, lsv_array **out, lsv_error *err) {
    const lsv_adapter_module *m = lsv_adapter_at(a, i);
    product p = {0};
    bool turned;
    lsv_array *flat, *x = NULL;
    if (!lsv_dtype_is_float((lsv_dtype)W->dtype)) return lsv_adapter_bad("adapter", m->name, err, "the base's weight is of %s, to which no update is added", lsv_dtype_name((lsv_dtype)W->dtype));
    if (!isfinite(weight)) return lsv_fail(err, LSV_EVALUE, "the weight of an adapter is not finite");
    LSV_TRY(layout(m, W, &turned, err));
    if (W->dtype == LSV_FLOAT64 || m->dtype_A == LSV_FLOAT64 || m->dtype_B == LSV_FLOAT64) dtype = LSV_FLOAT64;
    LSV_TRY(lsv_contiguous(lsv_borrow(W), &flat, err));
    lsv_status status = product_of(a, i, dtype, &p, err);
    if (status == LSV_OK) status = lsv_empty((lsv_kind)W->kind, (lsv_dtype)W->dtype, W->ndim, W->shape, &x, err);
    if (status == LSV_OK) status = add_strips(&p, flat, turned, weight, x, err);
    product_free(&p);
    lsv_release(flat);
    if (status == LSV_OK) *out = x;
    else lsv_release(x);
    return status;
}

/* ---- another rank ---- */

lsv_status lsv_adapter_resize_module(lsv_adapter *a, ptrdiff_t i, lsv_rank_rule rule, lsv_split split, lsv_array **B, lsv_array **A, lsv_aggregate_info *info, lsv_error *err) {
    static const double one = 1;
    lsv_adapter_merging m = {&a, 1, &one, LSV_AGGREGATE_EXACT, split};
    return lsv_adapter_merge_module(&m, lsv_adapter_at(a, i)->name, &rule, 1, B, A, info, err);
}
