/* Operations on arrays that live on the device (array/mirror.h has their contract).

   A route brings its operands to the device, queues the work and leaves the result there, unread. What it
   does not offer, has no room for or fails at is LSV_ENOTIMPL: the host does it, whose copies it made no less
   valid. */
#include <math.h>
#include <string.h>
#include "array/mirror.h"
#include "array/reduce.h"
#include "backend/cuda/kernels.h"
#include "backend/dispatch.h"

/* An operand as the kernels take it: an address, or a number when there is only one. */
typedef struct {
    const lsv_array *array;
    lsv_array *converted; /* owned */
    lsv_mirror *pinned;
    const void *device;
    double number;
} operand;

enum { SMALL_BYTES = 16384 }; /* the host is done with it before a kernel has started */

static bool small_and_here(const lsv_array *a) {
    lsv_mirror *m = a->storage ? a->storage->mirror : NULL;
    return (!m || m->host_valid) && (size_t)a->size * lsv_dtype_size((lsv_dtype)a->dtype) <= SMALL_BYTES;
}

static bool worth(const lsv_array *a, const lsv_array *b) {
    if (strcmp(lsv_backend_get(), "cpu") == 0) return false;
    return strcmp(lsv_backend_get(), "gpu") == 0 || !small_and_here(a) || (b && !small_and_here(b));
}

static lsv_status finish(const char *what, lsv_status status, lsv_error *detail, lsv_error *err) {
    lsv_cu_look();
    if (status == LSV_OK || status == LSV_EINTR) {
        if (status != LSV_OK && err) *err = *detail;
        return status;
    }
    lsv_cu_fell_back(what, detail);
    return LSV_ENOTIMPL;
}

/* ---- shapes for the kernels ---- */

/* Strides of x as if it had the broadcast shape. */
static void stretch(const lsv_array *x, int ndim, long long *strides) {
    for (int d = 0; d < ndim; d++) {
        int at = d - (ndim - x->ndim);
        strides[d] = at >= 0 && x->shape[at] != 1 ? x->strides[at] : 0;
    }
}

static bool joins(const lsv_kernel_shape *s, int outer, int inner) {
    return s->a[outer] == s->a[inner] * s->shape[inner] && s->b[outer] == s->b[inner] * s->shape[inner] &&
           s->out[outer] == s->out[inner] * s->shape[inner];
}

/* Axes of length 1 go, and those that run on from each other become one. */
static lsv_kernel_shape kernel_shape(int ndim, const ptrdiff_t *shape, const lsv_array *a, const lsv_array *b,
                                     const lsv_array *out) {
    lsv_kernel_shape all = {.count = 1}, s = {.ndim = 0};
    if (a) stretch(a, ndim, all.a);
    if (b) stretch(b, ndim, all.b);
    stretch(out, ndim, all.out);
    for (int d = 0; d < ndim; d++) all.shape[d] = shape[d], all.count *= shape[d];
    for (int d = 0; d < ndim; d++) {
        if (shape[d] == 1) continue;
        int at = s.ndim++;
        s.shape[at] = all.shape[d], s.a[at] = all.a[d], s.b[at] = all.b[d], s.out[at] = all.out[d];
        if (at == 0 || !joins(&s, at - 1, at)) continue;
        s.shape[at - 1] *= s.shape[at];
        s.a[at - 1] = s.a[at], s.b[at - 1] = s.b[at], s.out[at - 1] = s.out[at];
        s.ndim--;
    }
    if (!s.ndim) s.ndim = 1, s.shape[0] = 1;
    s.count = all.count;
    return s;
}

/* ---- operands ---- */

static lsv_status convert(const lsv_array *a, lsv_dtype dtype, lsv_array **out, lsv_error *err);

static lsv_status pin(operand *o, const lsv_array *a, lsv_error *err) {
    lsv_mirror *m = a->storage ? a->storage->mirror : NULL;
    if (!m) return lsv_fail(err, LSV_ENOTIMPL, "an operand of the host");
    m->pins++;
    o->pinned = m;
    LSV_TRY(lsv_mirror_on_device(m, true, err));
    o->device = lsv_device_data(a);
    return LSV_OK;
}

static lsv_status take(operand *o, const lsv_array *a, lsv_dtype t, lsv_error *err) {
    lsv_mirror *m = a->storage ? a->storage->mirror : NULL;
    *o = (operand){.array = a};
    if (a->size == 1 && (!m || m->host_valid)) {
        o->number = lsv_scalar_as_double(lsv_load((lsv_dtype)a->dtype, a->data));
        return LSV_OK;
    }
    if (a->dtype != t) {
        LSV_TRY(convert(a, t, &o->converted, err));
        o->array = o->converted;
    }
    return pin(o, o->array, err);
}

static void drop(operand *o) {
    if (o->pinned) o->pinned->pins--;
    lsv_release(o->converted);
}

/* A new array on the device whose elements are about to be written there. */
static lsv_status result_of(const lsv_array *like, const lsv_array *other, lsv_dtype t, int ndim,
                            const ptrdiff_t *shape, lsv_array **out, lsv_error *err) {
    int device = like->device ? like->device : other ? other->device : 1;
    lsv_kind kind = like->kind == LSV_TORCH || (other && other->kind == LSV_TORCH) ? LSV_TORCH : LSV_NUMPY;
    lsv_array *a;
    LSV_TRY(lsv_empty_on(device, kind, t, ndim, shape, &a, err));
    lsv_status status = lsv_mirror_on_device(a->storage->mirror, false, err);
    if (status == LSV_OK) *out = a;
    else lsv_release(a);
    return status;
}

/* The result, when its work was queued; else nothing of it. */
static lsv_status deliver(lsv_status status, lsv_array *result, lsv_array **out) {
    if (status == LSV_OK) {
        lsv_mirror_device_written(result->storage->mirror);
        *out = result;
    } else {
        lsv_release(result);
    }
    return status;
}

/* ---- element-wise ---- */

static bool computed(lsv_dtype t) { return t == LSV_FLOAT32 || t == LSV_FLOAT64; }

static lsv_status unary(lsv_unary_op op, const lsv_array *a, lsv_dtype compute, lsv_dtype result,
                        lsv_array **out, lsv_error *err) {
    bool boolean;
    if (!computed(compute) || !lsv_cu_has_unary(op, &boolean) || result != (boolean ? LSV_BOOL : compute) ||
        !a->size || !worth(a, NULL))
        return LSV_ENOTIMPL;
    lsv_error detail = {0};
    operand o;
    lsv_array *made = NULL;
    lsv_status status = take(&o, a, compute, &detail);
    if (status == LSV_OK) status = result_of(a, NULL, result, a->ndim, a->shape, &made, &detail);
    if (status == LSV_OK) {
        lsv_kernel_shape s = kernel_shape(a->ndim, a->shape, o.array, NULL, made);
        status = lsv_cu_unary(op, compute, &s, o.device, o.number, lsv_device_data(made), &detail);
    }
    drop(&o);
    return finish("element-wise work", deliver(status, made, out), &detail, err);
}

static lsv_status binary(lsv_binary_op op, const lsv_array *a, const lsv_array *b, lsv_dtype compute,
                         lsv_dtype result, int ndim, const ptrdiff_t *shape, lsv_array **out,
                         lsv_error *err) {
    bool boolean;
    if (!computed(compute) || !lsv_cu_has_binary(op, &boolean) || result != (boolean ? LSV_BOOL : compute) ||
        !a->size || !b->size || !worth(a, b))
        return LSV_ENOTIMPL;
    lsv_error detail = {0};
    operand x = {0}, y = {0};
    lsv_array *made = NULL;
    lsv_status status = take(&x, a, compute, &detail);
    if (status == LSV_OK) status = take(&y, b, compute, &detail);
    if (status == LSV_OK) status = result_of(a, b, result, ndim, shape, &made, &detail);
    if (status == LSV_OK) {
        lsv_kernel_shape s = kernel_shape(ndim, shape, x.array, y.array, made);
        status = lsv_cu_binary(op, compute, &s, x.device, y.device, x.number, y.number, lsv_device_data(made),
                               &detail);
    }
    drop(&x);
    drop(&y);
    return finish("element-wise work", deliver(status, made, out), &detail, err);
}

/* a op= b, where every element of b is read before the one of a is written. */
static lsv_status binary_into(lsv_binary_op op, lsv_array *a, const lsv_array *b, lsv_dtype compute,
                              lsv_error *err) {
    bool boolean;
    if (!computed(compute) || a->dtype != compute || !a->storage || !a->storage->mirror || !a->size ||
        !worth(a, b) || !lsv_cu_has_binary(op, &boolean) || boolean)
        return LSV_ENOTIMPL;
    lsv_error detail = {0};
    operand x = {0}, y = {0};
    lsv_status status = pin(&x, a, &detail);
    if (status == LSV_OK) status = take(&y, b, compute, &detail);
    if (status == LSV_OK) {
        lsv_kernel_shape s = kernel_shape(a->ndim, a->shape, a, y.array, a);
        status = lsv_cu_binary(op, compute, &s, x.device, y.device, 0, y.number, lsv_device_data(a), &detail);
        if (status == LSV_OK) lsv_mirror_device_written(a->storage->mirror);
    }
    drop(&x);
    drop(&y);
    return finish("element-wise work", status, &detail, err);
}

static lsv_status convert(const lsv_array *a, lsv_dtype dtype, lsv_array **out, lsv_error *err) {
    lsv_error detail = {0};
    operand o = {0};
    lsv_array *made = NULL;
    if (!computed(dtype) || !a->size) return LSV_ENOTIMPL;
    lsv_status status = pin(&o, a, &detail);
    if (status == LSV_OK) status = result_of(a, NULL, dtype, a->ndim, a->shape, &made, &detail);
    if (status == LSV_OK) {
        lsv_kernel_shape s = kernel_shape(a->ndim, a->shape, a, NULL, made);
        status = lsv_cu_convert((lsv_dtype)a->dtype, dtype, &s, o.device, lsv_device_data(made), &detail);
    }
    drop(&o);
    return finish("a conversion", deliver(status, made, out), &detail, err);
}

static lsv_status convert_route(const lsv_array *a, lsv_dtype dtype, lsv_array **out, lsv_error *err) {
    return worth(a, NULL) ? convert(a, dtype, out, err) : LSV_ENOTIMPL;
}

/* ---- reductions ---- */

static lsv_status fold(lsv_cu_fold_op op, const lsv_array *a, int axis, bool keepdims, double scale,
                       lsv_array **out, lsv_error *err) {
    ptrdiff_t outer = 1, length = a->size, inner = 1, shape[LSV_MAXDIM];
    int ndim = 0;
    if (axis >= 0) {
        length = a->shape[axis];
        for (int d = 0; d < axis; d++) outer *= a->shape[d];
        for (int d = axis + 1; d < a->ndim; d++) inner *= a->shape[d];
    }
    for (int d = 0; d < a->ndim; d++)
        if (axis >= 0 && d != axis) shape[ndim++] = a->shape[d];
        else if (keepdims) shape[ndim++] = 1;
    operand o = {0};
    lsv_array *made = NULL;
    lsv_dtype t = (lsv_dtype)a->dtype;
    lsv_status status = LSV_OK;
    if (!lsv_is_contiguous(a)) {
        status = convert(a, t, &o.converted, err);
        if (status == LSV_OK) status = pin(&o, o.converted, err);
    } else {
        status = pin(&o, a, err);
    }
    if (status == LSV_OK) status = result_of(a, NULL, t, ndim, shape, &made, err);
    if (status == LSV_OK)
        status = lsv_cu_fold(op, t, outer, length, inner, o.device, lsv_device_data(made), err);
    if (status == LSV_OK && scale != 1) {
        lsv_kernel_shape s = kernel_shape(ndim, shape, made, NULL, made);
        status = lsv_cu_binary(LSV_OP_MUL, t, &s, lsv_device_data(made), NULL, 0, scale,
                               lsv_device_data(made), err);
    }
    drop(&o);
    return deliver(status, made, out);
}

static lsv_status reduce(lsv_reduction op, const lsv_array *a, int axis, bool keepdims, lsv_array **out,
                         lsv_error *err) {
    if (!computed((lsv_dtype)a->dtype) || !a->size || !a->storage || !a->storage->mirror || !worth(a, NULL))
        return LSV_ENOTIMPL;
    lsv_error detail = {0};
    ptrdiff_t length = axis < 0 ? a->size : a->shape[axis];
    lsv_status status = LSV_ENOTIMPL;
    if (op == LSV_SUM) status = fold(LSV_CU_SUM, a, axis, keepdims, 1, out, &detail);
    if (op == LSV_MEAN) status = fold(LSV_CU_SUM, a, axis, keepdims, 1 / (double)length, out, &detail);
    if (op == LSV_MAX) status = fold(LSV_CU_MAX, a, axis, keepdims, 1, out, &detail);
    if (op == LSV_MIN) status = fold(LSV_CU_MIN, a, axis, keepdims, 1, out, &detail);
    return status == LSV_ENOTIMPL ? status : finish("a reduction", status, &detail, err);
}

/* ---- products ---- */

typedef struct {
    ptrdiff_t rows, cols, rs, cs;
} layout;

static layout layout_of(const lsv_array *x, bool left) {
    if (x->ndim == 1 && left) return (layout){1, x->shape[0], x->shape[0], x->strides[0]};
    if (x->ndim == 1) return (layout){x->shape[0], 1, x->strides[0], 1};
    int d = x->ndim - 2;
    return (layout){x->shape[d], x->shape[d + 1], x->strides[d], x->strides[d + 1]};
}

/* How cuBLAS reads it: as it is, or transposed; false: it cannot. */
static bool readable(const layout *l, bool *transposed, ptrdiff_t *ld) {
    bool rows = (l->cs == 1 || l->cols == 1) && (l->rs >= l->cols || l->rows == 1);
    bool cols = (l->rs == 1 || l->rows == 1) && (l->cs >= l->rows || l->cols == 1);
    *transposed = !rows;
    ptrdiff_t wide = rows ? l->cols : l->rows,
              step = rows ? (l->rows == 1 ? wide : l->rs) : (l->cols == 1 ? wide : l->cs);
    *ld = step > wide ? step : wide > 0 ? wide : 1;
    return rows || cols;
}

static lsv_status factor(operand *o, const lsv_array *a, lsv_dtype t, bool left, lsv_error *err) {
    bool transposed;
    ptrdiff_t ld;
    layout l = layout_of(a, left);
    *o = (operand){.array = a};
    if (a->dtype != t || !readable(&l, &transposed, &ld)) {
        LSV_TRY(convert(a, t, &o->converted, err));
        o->array = o->converted;
    }
    return pin(o, o->array, err);
}

/* The offset of a matrix of the stack, in elements. */
static ptrdiff_t stacked(const lsv_array *x, int nbatch, const ptrdiff_t *shape, ptrdiff_t index) {
    int own = x->ndim > 2 ? x->ndim - 2 : 0;
    ptrdiff_t offset = 0;
    for (int d = nbatch - 1; d >= 0; d--) {
        int at = d - (nbatch - own);
        if (at >= 0 && x->shape[at] > 1) offset += index % shape[d] * x->strides[at];
        index /= shape[d];
    }
    return offset;
}

static lsv_status products(const operand *x, const operand *y, lsv_dtype t, int nbatch,
                           const ptrdiff_t *shape, lsv_array *c, lsv_error *err) {
    layout a = layout_of(x->array, true), b = layout_of(y->array, false);
    bool ta, tb;
    ptrdiff_t lda, ldb, count = 1, size = (ptrdiff_t)lsv_dtype_size(t), m = a.rows, n = b.cols, k = a.cols;
    readable(&a, &ta, &lda);
    readable(&b, &tb, &ldb);
    for (int d = 0; d < nbatch; d++) count *= shape[d];
    for (ptrdiff_t i = 0; i < count; i++) {
        const char *p = (const char *)x->device + stacked(x->array, nbatch, shape, i) * size;
        const char *q = (const char *)y->device + stacked(y->array, nbatch, shape, i) * size;
        char *to = (char *)lsv_device_data(c) + i * m * n * size;
        LSV_TRY(lsv_cu_gemm(t, tb, ta, n, m, k, 1, q, ldb, p, lda, 0, to, n, err));
    }
    return LSV_OK;
}

static lsv_status matmul(const lsv_array *a, const lsv_array *b, lsv_dtype compute, int nbatch, int ndim,
                         const ptrdiff_t *shape, lsv_array **out, lsv_error *err) {
    if (!computed(compute) || !a->size || !b->size || !worth(a, b)) return LSV_ENOTIMPL;
    lsv_error detail = {0};
    operand x = {0}, y = {0};
    lsv_array *made = NULL;
    double start = lsv_dispatch_clock();
    lsv_status status = factor(&x, a, compute, true, &detail);
    if (status == LSV_OK) status = factor(&y, b, compute, false, &detail);
    if (status == LSV_OK) status = result_of(a, b, compute, ndim, shape, &made, &detail);
    if (status == LSV_OK) status = products(&x, &y, compute, nbatch, shape, made, &detail);
    drop(&x);
    drop(&y);
    layout l = layout_of(a, true), r = layout_of(b, false);
    if (status == LSV_OK)
        lsv_dispatch_ran(LSV_BE_GEMM, compute, l.rows, r.cols, l.cols, true, lsv_dispatch_clock() - start,
                         (lsv_move_bytes){0}, "queued, the result stays there");
    return finish("matmul", deliver(status, made, out), &detail, err);
}

/* ---- the SVD ---- */

/* A row-major matrix is its transpose column-major, A^T = U' S V'^T: then Vh is U' as it lies there, and U^T
 * is V'. */
typedef struct {
    lsv_dtype t;
    ptrdiff_t m, n, k, mu, nv; /* of A */
    const void *a;
    ptrdiff_t lda;
    bool transposed; /* A lies column-major */
    char job;
    bool by_qr;
} decomposition;

static lsv_status factors(const decomposition *w, void *s, void *u, void *vh, const char **driver, int *info,
                          lsv_error *err) {
    size_t size = lsv_dtype_size(w->t);
    void *turned = NULL;
    ptrdiff_t rows = w->transposed ? w->m : w->n,
              cols = w->transposed ? w->n : w->m; /* of the column-major matrix */
    if (w->job == 'N')
        return lsv_cu_svd(w->t, 'N', w->by_qr, rows, cols, w->a, w->lda, s, NULL, rows, NULL, cols, info,
                          driver, err);
    /* the factor that has to be turned: U in either case */
    LSV_TRY(lsv_cu_alloc((size_t)w->m * (size_t)w->mu * size, &turned, err));
    lsv_status status;
    if (!w->transposed)
        status = lsv_cu_svd(w->t, w->job, w->by_qr, rows, cols, w->a, w->lda, s, vh, w->n, turned, w->m, info,
                            driver, err);
    else
        status = lsv_cu_svd(w->t, w->job, w->by_qr, rows, cols, w->a, w->lda, s, turned, w->m, vh, w->n, info,
                            driver, err);
    if (status == LSV_OK) status = lsv_cu_transpose(w->t, w->mu, w->m, turned, w->m, u, w->mu, err);
    lsv_cu_free(turned);
    return status;
}

/* NaN and Inf are the host's to report. */
static lsv_status all_finite(const decomposition *w, lsv_error *err) {
    double norm = 0;
    ptrdiff_t rows = w->transposed ? w->m : w->n, cols = w->transposed ? w->n : w->m;
    if (w->lda != rows) return LSV_OK; /* was made dense before */
    LSV_TRY(lsv_cu_nrm2(w->t, rows * cols, w->a, &norm, err));
    return isfinite(norm) ? LSV_OK : lsv_fail(err, LSV_ENOTIMPL, "not finite");
}

/* The matrix on the device, dense, in one of the two orders: where it is already, or copied there. */
static lsv_status bring(const lsv_array *a, decomposition *w, operand *o, void **scratch, lsv_error *err) {
    layout l = layout_of(a, true);
    size_t size = lsv_dtype_size(w->t);
    bool rows = l.cs == 1 && l.rs == l.cols, cols = l.rs == 1 && l.cs == l.rows;
    if (a->storage && a->storage->mirror) {
        if (!rows && !cols) LSV_TRY(convert(a, w->t, &o->converted, err));
        LSV_TRY(pin(o, o->converted ? o->converted : a, err));
        w->a = o->device;
        w->transposed = !rows && cols;
    } else {
        w->transposed = l.rs == 1 && l.cs >= l.rows && l.cs != 1;
        if (!w->transposed && (l.cs != 1 || l.rs < l.cols)) return lsv_fail(err, LSV_ENOTIMPL, "strides");
        ptrdiff_t width = w->transposed ? l.rows : l.cols, count = w->transposed ? l.cols : l.rows;
        ptrdiff_t step = w->transposed ? l.cs : l.rs;
        LSV_TRY(lsv_cu_alloc((size_t)a->size * size, scratch, err));
        LSV_TRY(lsv_cu_upload(*scratch, 0, a->data, (size_t)step * size, (size_t)width * size, (size_t)count,
                              err));
        w->a = *scratch;
    }
    w->lda = w->transposed ? w->m : w->n;
    return LSV_OK;
}

static lsv_status svd_there(const lsv_array *a, decomposition *w, operand *o, void **scratch, lsv_array **U,
                            lsv_array **S, lsv_array **Vh, const char **driver, lsv_error *err) {
    int info = 0;
    LSV_TRY(lsv_cu_start_solver(err));
    LSV_TRY(bring(a, w, o, scratch, err));
    LSV_TRY(all_finite(w, err));
    LSV_TRY(result_of(a, NULL, w->t, 1, &w->k, S, err));
    (*S)->storage->mirror->pins++;
    if (U) {
        LSV_TRY(result_of(a, NULL, w->t, 2, (ptrdiff_t[]){w->m, w->mu}, U, err));
        (*U)->storage->mirror->pins++;
        LSV_TRY(result_of(a, NULL, w->t, 2, (ptrdiff_t[]){w->nv, w->n}, Vh, err));
        (*Vh)->storage->mirror->pins++;
    }
    LSV_TRY(factors(w, lsv_device_data(*S), U ? lsv_device_data(*U) : NULL, U ? lsv_device_data(*Vh) : NULL,
                    driver, &info, err));
    return info == 0 ? LSV_OK : lsv_fail(err, LSV_ERUNTIME, "the SVD did not converge");
}

/* Results stay where the operand is. */
static lsv_status settle(const lsv_array *a, lsv_array **result, lsv_error *err) {
    if (!*result) return LSV_OK;
    (*result)->storage->mirror->pins--;
    lsv_mirror_device_written((*result)->storage->mirror);
    return a->device ? LSV_OK : lsv_put_on(*result, 0, err);
}

static lsv_status svd(const lsv_array *a, bool full, bool by_qr, lsv_array **U, lsv_array **S, lsv_array **Vh,
                      lsv_error *err) {
    lsv_error detail = {0};
    ptrdiff_t m = a->shape[0], n = a->shape[1], k = m < n ? m : n;
    decomposition w = {.t = (lsv_dtype)a->dtype,
                       .m = m,
                       .n = n,
                       .k = k,
                       .mu = full ? m : k,
                       .nv = full ? n : k,
                       .job = !U     ? 'N'
                              : full ? 'A'
                                     : 'S',
                       .by_qr = by_qr};
    double size = (double)lsv_dtype_size(w.t),
           out = (double)k + (U ? (double)m * (double)w.mu + (double)w.nv * (double)n : 0);
    lsv_mirror *mirror = a->storage ? a->storage->mirror : NULL;
    lsv_move_bytes move = {.up = mirror && mirror->device_valid ? 0 : size * (double)a->size,
                           .down = a->device ? 0 : size * out,
                           .home = mirror && !mirror->host_valid ? (double)mirror->bytes : 0};
    if (!computed(w.t) || !a->size || !lsv_cu_supports(LSV_BE_GESDD, w.t, m, n, 0) ||
        !lsv_dispatch_gpu(LSV_BE_GESDD, w.t, m, n, U ? 1 : 0, move))
        return LSV_ENOTIMPL;
    double start = lsv_dispatch_clock();
    operand o = {0};
    void *scratch = NULL;
    const char *driver = NULL;
    lsv_array *made[3] = {NULL};
    lsv_status status =
        svd_there(a, &w, &o, &scratch, U ? &made[0] : NULL, &made[1], U ? &made[2] : NULL, &driver, &detail);
    for (int i = 0; i < 3 && lsv_cu_now() != LSV_CU_DEAD; i++) {
        lsv_status settled = status == LSV_OK ? settle(a, &made[i], &detail) : LSV_OK;
        if (settled != LSV_OK) status = settled;
    }
    drop(&o);
    lsv_cu_free(scratch);
    lsv_cu_look();
    if (status == LSV_OK && lsv_cu_now() != LSV_CU_DEAD) {
        lsv_dispatch_ran(LSV_BE_GESDD, w.t, m, n, U ? 1 : 0, true, lsv_dispatch_clock() - start, move,
                         driver);
        if (U) *U = made[0], *Vh = made[2];
        *S = made[1];
        return LSV_OK;
    }
    for (int i = 0; i < 3; i++) lsv_release(made[i]);
    return finish("svd", status == LSV_OK ? LSV_ERUNTIME : status, &detail, err);
}

/* ---- for algorithms that keep their scratch here ---- */

static lsv_status copy_rows(void *to, ptrdiff_t to_step, const void *from, ptrdiff_t from_step, ptrdiff_t rows,
                            ptrdiff_t width, lsv_error *err) {
    lsv_error detail = {0};
    lsv_status status = lsv_cu_copy_matrix(LSV_FLOAT64, width, rows, from, from_step, to, to_step, &detail);
    return finish("a copy", status, &detail, err);
}

static lsv_status squares_of(const void *device, ptrdiff_t rows, ptrdiff_t width, double *host, lsv_error *err) {
    void *sums = NULL;
    size_t bytes = (size_t)rows * sizeof *host;
    LSV_TRY(lsv_cu_alloc(bytes, &sums, err));
    lsv_status status = lsv_cu_fold(LSV_CU_SQUARES, LSV_FLOAT64, rows, width, 1, device, sums, err);
    if (status == LSV_OK) status = lsv_cu_download(host, bytes, sums, 0, bytes, 1, err);
    lsv_cu_free(sums);
    return status;
}

static lsv_status row_squares(const void *device, ptrdiff_t rows, ptrdiff_t width, double *host, lsv_error *err) {
    lsv_error detail = {0};
    return finish("a norm", squares_of(device, rows, width, host, &detail), &detail, err);
}

/* ---- storage ---- */

static lsv_status upload(void *device, const void *host, size_t bytes, lsv_error *err) {
    return lsv_cu_upload(device, 0, host, bytes, bytes, 1, err);
}

static lsv_status download(void *host, const void *device, size_t bytes, lsv_error *err) {
    return lsv_cu_download(host, bytes, device, 0, bytes, 1, err);
}

const lsv_device_table lsv_cu_routes = {.alloc = lsv_cu_alloc,
                                        .free = lsv_cu_free,
                                        .upload = upload,
                                        .download = download,
                                        .unary = unary,
                                        .binary = binary,
                                        .binary_into = binary_into,
                                        .convert = convert_route,
                                        .reduce = reduce,
                                        .matmul = matmul,
                                        .svd = svd,
                                        .copy_rows = copy_rows,
                                        .row_squares = row_squares};
