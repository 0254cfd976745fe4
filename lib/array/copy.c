/* Copies: one strided walk serves copy, astype, assignment and fill.

   The walk first simplifies the two sides together: dimensions of length 1 go, those that run
   backwards in dst are turned round, they are put in the order of dst's steps, and neighbours
   that step evenly on both sides are joined. What is left has a kernel along the dimension of
   dst's smallest step; where src's smallest step lies elsewhere (a transpose) the two
   dimensions are walked in tiles, so that both sides stay in cache lines that they use up. */
#include "array/array.h"

#include <string.h>
#include "array/inside.h"
#include "array/mirror.h"
#include "base/interrupt.h"

#define TILE 32
#define SLAB ((ptrdiff_t)1 << 20) /* elements copied between looks at the interrupt flag */

typedef struct walk {
    int ndim;
    ptrdiff_t shape[LSV_MAXDIM], d[LSV_MAXDIM], s[LSV_MAXDIM]; /* steps in bytes */
    char *dst;
    const char *src;
    lsv_copy_kernel kernel;
} walk;

static ptrdiff_t magnitude(ptrdiff_t x) { return x < 0 ? -x : x; }

/* Does dimension i belong outside of j? Large steps of dst first, then of src. */
static bool outside(const walk *w, int i, int j) {
    ptrdiff_t di = magnitude(w->d[i]), dj = magnitude(w->d[j]);
    if (di != dj) return di > dj;
    return magnitude(w->s[i]) > magnitude(w->s[j]);
}

static void swap_dims(walk *w, int i, int j) {
    ptrdiff_t shape = w->shape[i], d = w->d[i], s = w->s[i];
    w->shape[i] = w->shape[j], w->d[i] = w->d[j], w->s[i] = w->s[j];
    w->shape[j] = shape, w->d[j] = d, w->s[j] = s;
}

static void simplify(walk *w) {
    for (int i = 1; i < w->ndim; i++)
        for (int j = i; j > 0 && outside(w, j, j - 1); j--) swap_dims(w, j, j - 1);
    int n = 0;
    for (int i = 0; i < w->ndim; i++) {
        if (n && w->d[n - 1] == w->d[i] * w->shape[i] && w->s[n - 1] == w->s[i] * w->shape[i]) {
            w->shape[n - 1] *= w->shape[i];
            w->d[n - 1] = w->d[i];
            w->s[n - 1] = w->s[i];
        } else {
            swap_dims(w, n++, i);
        }
    }
    w->ndim = n;
}

/* Rows of the last dimension, for every place in the ones before `outer`. */
static void tiles(const walk *w, int p, int q, char *dst, const char *src) {
    for (ptrdiff_t i = 0; i < w->shape[p]; i += TILE) {
        ptrdiff_t rows = w->shape[p] - i < TILE ? w->shape[p] - i : TILE;
        for (ptrdiff_t j = 0; j < w->shape[q]; j += TILE) {
            ptrdiff_t cols = w->shape[q] - j < TILE ? w->shape[q] - j : TILE;
            char *to = dst + i * w->d[p] + j * w->d[q];
            const char *from = src + i * w->s[p] + j * w->s[q];
            for (ptrdiff_t r = 0; r < rows; r++, to += w->d[p], from += w->s[p])
                w->kernel(to, w->d[q], from, w->s[q], cols);
        }
    }
}

/* Is this a transpose worth tiling? Then src's smallest step is put at the last but one. */
static bool tiled(walk *w) {
    if (w->ndim < 2) return false;
    int q = w->ndim - 1, p = 0;
    for (int i = 1; i < q; i++)
        if (magnitude(w->s[i]) < magnitude(w->s[p])) p = i;
    if (w->s[p] == 0 || magnitude(w->s[p]) >= magnitude(w->s[q]) || w->shape[p] < 8 || w->shape[q] < 8)
        return false;
    for (; p < q - 1; p++) swap_dims(w, p, p + 1);
    return true;
}

static void run(walk *w) {
    simplify(w);
    if (w->ndim == 0) {
        w->kernel(w->dst, 0, w->src, 0, 1);
        return;
    }
    bool tile = tiled(w);
    int inner = w->ndim - 1 - tile;
    ptrdiff_t at[LSV_MAXDIM] = {0};
    char *dst = w->dst;
    const char *src = w->src;
    for (;;) {
        if (tile) tiles(w, inner, inner + 1, dst, src);
        else w->kernel(dst, w->d[inner], src, w->s[inner], w->shape[inner]);
        int i = inner - 1;
        for (; i >= 0; i--) {
            dst += w->d[i], src += w->s[i];
            if (++at[i] < w->shape[i]) break;
            dst -= w->d[i] * at[i], src -= w->s[i] * at[i];
            at[i] = 0;
        }
        if (i < 0) return;
    }
}

void lsv_copy_strided(int ndim, const ptrdiff_t *shape, lsv_dtype dst_type, char *dst,
                      const ptrdiff_t *dst_strides, lsv_dtype src_type, const char *src,
                      const ptrdiff_t *src_strides) {
    lsv_copy_kernel kernel = lsv_copy_kernel_for(dst_type, src_type);
    if (ndim == 0) {
        kernel(dst, 0, src, 0, 1);
        return;
    }
    if (ndim == 1) {
        kernel(dst, dst_strides[0], src, src_strides[0], shape[0]);
        return;
    }
    if (ndim == 2 && shape[0] <= 16 && shape[1] <= 16) { /* not worth preparing for */
        for (ptrdiff_t i = 0; i < shape[0]; i++)
            kernel(dst + i * dst_strides[0], dst_strides[1], src + i * src_strides[0], src_strides[1],
                   shape[1]);
        return;
    }
    walk w; /* not cleared: small copies would feel it */
    w.ndim = 0;
    w.dst = dst;
    w.src = src;
    w.kernel = kernel;
    for (int i = 0; i < ndim; i++) {
        if (shape[i] == 0) return;
        if (shape[i] == 1) continue;
        int n = w.ndim++;
        w.shape[n] = shape[i];
        w.d[n] = dst_strides[i];
        w.s[n] = src_strides[i];
        if (w.d[n] < 0) { /* from its other end */
            w.dst += (shape[i] - 1) * w.d[n];
            w.src += (shape[i] - 1) * w.s[n];
            w.d[n] = -w.d[n];
            w.s[n] = -w.s[n];
        }
    }
    run(&w);
}

/* The same into fresh memory, a slab of the outermost dimension at a time, so that an interrupt is noticed. */
static lsv_status copy_slabs(int ndim, const ptrdiff_t *shape, lsv_dtype dst_type, char *dst, const ptrdiff_t *d,
                             lsv_dtype src_type, const char *src, const ptrdiff_t *s, lsv_error *err) {
    ptrdiff_t row = 1, part[LSV_MAXDIM];
    for (int i = 1; i < ndim; i++) row *= shape[i];
    if (ndim == 0 || row == 0 || shape[0] <= SLAB / row) {
        lsv_copy_strided(ndim, shape, dst_type, dst, d, src_type, src, s);
        return LSV_OK;
    }
    ptrdiff_t step = SLAB / row < 8 ? 8 : SLAB / row; /* thinner slabs would waste cache lines in a transpose */
    memcpy(part, shape, (size_t)ndim * sizeof *part);
    for (ptrdiff_t i = 0; i < shape[0]; i += row > SLAB ? 1 : step) {
        LSV_TRY(lsv_poll(err));
        if (row > SLAB) {
            LSV_TRY(copy_slabs(ndim - 1, shape + 1, dst_type, dst + i * d[0], d + 1, src_type, src + i * s[0], s + 1, err));
            continue;
        }
        part[0] = shape[0] - i < step ? shape[0] - i : step;
        lsv_copy_strided(ndim, part, dst_type, dst + i * d[0], d, src_type, src + i * s[0], s);
    }
    return LSV_OK;
}

/* Byte steps of dst, and of src read with the given element strides. */
static void byte_steps(const lsv_array *dst, const lsv_array *src, const ptrdiff_t *strides, ptrdiff_t *d, ptrdiff_t *s) {
    ptrdiff_t d_item = (ptrdiff_t)lsv_dtype_size(dst->dtype), s_item = (ptrdiff_t)lsv_dtype_size(src->dtype);
    for (int i = 0; i < dst->ndim; i++) {
        d[i] = dst->strides[i] * d_item;
        s[i] = strides[i] * s_item;
    }
}

/* dst = src read with the given element strides; all of it: an interrupt does not leave dst half written. */
static void copy_elements(lsv_array *dst, const lsv_array *src, const ptrdiff_t *strides) {
    ptrdiff_t d[LSV_MAXDIM], s[LSV_MAXDIM];
    byte_steps(dst, src, strides, d, s);
    lsv_copy_strided(dst->ndim, dst->shape, dst->dtype, dst->data, d, src->dtype, src->data, s);
}

/* ---- new copies ---- */

static lsv_status copy_fresh(lsv_array *v, const lsv_array *a, lsv_error *err) {
    ptrdiff_t to = (ptrdiff_t)lsv_dtype_size(v->dtype), from = (ptrdiff_t)lsv_dtype_size(a->dtype);
    if (!lsv_is_contiguous(a)) {
        ptrdiff_t d[LSV_MAXDIM], s[LSV_MAXDIM];
        byte_steps(v, a, a->strides, d, s);
        return copy_slabs(v->ndim, v->shape, v->dtype, v->data, d, a->dtype, a->data, s, err);
    }
    for (ptrdiff_t i = 0; i < v->size; i += SLAB) {
        ptrdiff_t n = v->size - i < SLAB ? v->size - i : SLAB;
        if (i) LSV_TRY(lsv_poll(err));
        if (a->dtype == v->dtype) memcpy(v->data + i * to, a->data + i * from, (size_t)(n * to));
        else lsv_copy_kernel_for(v->dtype, a->dtype)(v->data + i * to, to, a->data + i * from, from, n);
    }
    return LSV_OK;
}

lsv_status lsv_astype(const lsv_array *a, lsv_dtype dtype, lsv_array **out, lsv_error *err) {
    lsv_array *v;
    if (__builtin_expect(a->device, 0) && lsv_device) {
        lsv_status there = lsv_device->convert(a, dtype, out, err);
        if (there != LSV_ENOTIMPL) return there;
    }
    LSV_TRY(lsv_host(a, err));
    LSV_TRY(lsv_empty(a->kind, dtype, a->ndim, a->shape, &v, err));
    lsv_status status = copy_fresh(v, a, err);
    if (status == LSV_OK) status = lsv_follow(&v, a->device, err);
    if (status == LSV_OK) *out = v;
    else lsv_release(v);
    return status;
}

lsv_status lsv_copy(const lsv_array *a, lsv_array **out, lsv_error *err) {
    return lsv_astype(a, a->dtype, out, err);
}

lsv_status lsv_contiguous(lsv_array *a, lsv_array **out, lsv_error *err) {
    if (!a->storage || !lsv_is_contiguous(a)) return lsv_copy(a, out, err);
    *out = lsv_ref(a);
    return LSV_OK;
}

lsv_status lsv_as_dtype(lsv_array *a, lsv_dtype dtype, lsv_array **out, lsv_error *err) {
    if (!a->storage || a->dtype != dtype) return lsv_astype(a, dtype, out, err);
    *out = lsv_ref(a);
    return LSV_OK;
}

lsv_status lsv_as_kind(lsv_array *a, lsv_kind kind, lsv_array **out, lsv_error *err) {
    if (kind == LSV_TORCH && a->kind == LSV_NUMPY) {
        for (int i = 0; i < a->ndim; i++)
            if (a->strides[i] < 0)
                return lsv_fail(
                    err, LSV_EVALUE,
                    "At least one stride in the given numpy array is negative, and tensors with negative "
                    "strides are not currently supported. (You can probably work around this by making a "
                    "copy "
                    "of your array  with array.copy().) ");
    }
    LSV_TRY(lsv_view(a, out, err));
    (*out)->kind = (uint8_t)kind;
    if (kind == LSV_TORCH) (*out)->flags &= (uint8_t)~LSV_READONLY;
    return LSV_OK;
}

/* ---- into existing memory ---- */

static lsv_status check_writable(const lsv_array *dst, lsv_error *err) {
    if (!(dst->flags & LSV_READONLY)) return LSV_OK;
    return lsv_fail(err, LSV_EVALUE, "assignment destination is read-only");
}

/* Every element read is the one written, in its own place. */
static bool same_places(const lsv_array *dst, const lsv_array *src, const ptrdiff_t *strides) {
    if (dst->data != src->data || lsv_dtype_size(dst->dtype) != lsv_dtype_size(src->dtype)) return false;
    for (int i = 0; i < dst->ndim; i++)
        if (dst->shape[i] > 1 && strides[i] != dst->strides[i]) return false;
    return true;
}

static bool same_shape(const lsv_array *a, const lsv_array *b) {
    if (a->ndim != b->ndim) return false;
    for (int i = 0; i < a->ndim; i++)
        if (a->shape[i] != b->shape[i]) return false;
    return true;
}

lsv_status lsv_assign(lsv_array *dst, const lsv_array *src, lsv_error *err) {
    LSV_TRY(lsv_host_write(dst, err));
    LSV_TRY(lsv_host(src, err));
    LSV_TRY(check_writable(dst, err));
    if (dst->size == 1 && src->size == 1 &&
        (src->ndim <= dst->ndim || dst->kind == LSV_NUMPY)) { /* a[i, j] = x */
        if (dst->dtype == src->dtype) lsv_move(dst->data, src->data, lsv_dtype_size(dst->dtype));
        else lsv_store(dst->dtype, dst->data, lsv_load(src->dtype, src->data));
        return LSV_OK;
    }
    if (dst->dtype == src->dtype && same_shape(dst, src) && lsv_is_contiguous(dst) &&
        lsv_is_contiguous(src)) {
        if (dst->size) memmove(dst->data, src->data, (size_t)dst->size * lsv_dtype_size(dst->dtype));
        return LSV_OK;
    }
    ptrdiff_t strides[LSV_MAXDIM];
    if (!lsv_broadcast_strides(src, dst->ndim, dst->shape, true, strides))
        return lsv_cannot_assign(src, dst, err);
    bool in_place = same_places(dst, src, strides);
    if (in_place && dst->dtype == src->dtype) return LSV_OK;
    if (in_place || !lsv_shares_memory(dst, src)) {
        copy_elements(dst, src, strides);
        return LSV_OK;
    }
    lsv_array *apart;
    LSV_TRY(lsv_copy(src, &apart, err));
    if (lsv_broadcast_strides(apart, dst->ndim, dst->shape, true, strides))
        copy_elements(dst, apart, strides);
    lsv_release(apart);
    return LSV_OK;
}

lsv_status lsv_fill(lsv_array *dst, lsv_scalar value, lsv_error *err) {
    LSV_TRY(lsv_host_write(dst, err));
    LSV_TRY(check_writable(dst, err));
    static const ptrdiff_t still[LSV_MAXDIM];
    double cell = 0;
    lsv_store(dst->dtype, &cell, value);
    lsv_array one = {.dtype = dst->dtype, .size = 1, .data = (char *)&cell};
    copy_elements(dst, &one, still);
    return LSV_OK;
}
