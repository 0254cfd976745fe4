/* Products of more than matrices: tensordot, kron, cross, trace, matrix powers. */
#include <string.h>
#include "array/elementwise.h"
#include "array/mirror.h"
#include "array/reduce.h"
#include "linalg/linalg.h"
#include "linalg/matrix.h"

/* ---- tensordot: permute, reshape to two matrices, multiply ---- */

typedef struct {
    int nfree;
    int order[LSV_MAXDIM];      /* the permutation: free axes and the n contracted ones */
    ptrdiff_t free[LSV_MAXDIM]; /* sizes of the free axes */
    ptrdiff_t rows, inner;
} side;

/* Free axes first when `first`, else last. */
static lsv_status side_of(const lsv_array *a, int n, const int *axes, bool first, side *s, lsv_error *err) {
    bool used[LSV_MAXDIM] = {false};
    int at = first ? a->ndim - n : 0;
    s->nfree = 0, s->rows = s->inner = 1;
    if (n > a->ndim)
        return lsv_fail(err, LSV_EVALUE, "tensordot: %d axes of an array with %d dimensions", n, a->ndim);
    for (int i = 0; i < n; i++) {
        int axis;
        LSV_TRY(lsv_axis(a, axes[i], &axis, err));
        if (used[axis]) return lsv_fail(err, LSV_EVALUE, "tensordot: axis %d is named twice", axis);
        used[axis] = true;
        s->order[at + i] = axis;
        s->inner *= a->shape[axis];
    }
    at = first ? 0 : n;
    for (int d = 0; d < a->ndim; d++) {
        if (used[d]) continue;
        s->order[at++] = d;
        s->free[s->nfree++] = a->shape[d];
        s->rows *= a->shape[d];
    }
    return LSV_OK;
}

static lsv_status as_matrix(const lsv_array *a, const side *s, bool first, lsv_array **out, lsv_error *err) {
    lsv_array *permuted;
    ptrdiff_t shape[2] = {first ? s->rows : s->inner, first ? s->inner : s->rows};
    LSV_TRY(lsv_transpose(lsv_borrow(a), s->order, &permuted, err));
    lsv_status status = lsv_reshape(permuted, 2, shape, false, out, err);
    lsv_release(permuted);
    return status;
}

lsv_status lsv_tensordot(const lsv_array *a, const lsv_array *b, int n, const int *axes_a, const int *axes_b,
                         lsv_array **out, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    LSV_TRY(lsv_host(b, err));
    side sa, sb;
    LSV_TRY(side_of(a, n, axes_a, true, &sa, err));
    LSV_TRY(side_of(b, n, axes_b, false, &sb, err));
    bool torch = a->kind == LSV_TORCH || b->kind == LSV_TORCH;
    for (int i = 0; i < n; i++) {
        ptrdiff_t x = a->shape[sa.order[sa.nfree + i]], y = b->shape[sb.order[i]];
        if (x == y) continue;
        if (torch)
            return lsv_fail(err, LSV_ERUNTIME,
                            "contracted dimensions need to match, but first has size %td in dim %d and "
                            "second has size %td in dim %d",
                            x, sa.order[sa.nfree + i], y, sb.order[i]);
        return lsv_fail(
            err, LSV_EVALUE,
            "shape-mismatch for sum: axis %d of the first has size %td, axis %d of the second %td",
            sa.order[sa.nfree + i], x, sb.order[i], y);
    }
    if (sa.nfree + sb.nfree > LSV_MAXDIM)
        return lsv_fail(err, LSV_EVALUE, "tensordot: the result would have more than %d dimensions",
                        LSV_MAXDIM);
    ptrdiff_t shape[2 * LSV_MAXDIM];
    memcpy(shape, sa.free, (size_t)sa.nfree * sizeof *shape);
    memcpy(shape + sa.nfree, sb.free, (size_t)sb.nfree * sizeof *shape);
    lsv_array *x = NULL, *y = NULL, *flat = NULL;
    lsv_status status = as_matrix(a, &sa, true, &x, err);
    if (status == LSV_OK) status = as_matrix(b, &sb, false, &y, err);
    if (status == LSV_OK) status = lsv_matmul(x, y, &flat, err);
    if (status == LSV_OK) status = lsv_reshape(flat, sa.nfree + sb.nfree, shape, false, out, err);
    lsv_release(x);
    lsv_release(y);
    lsv_release(flat);
    return status;
}

/* ---- kron: interleave axes of length 1, multiply, reshape ---- */

lsv_status lsv_kron(const lsv_array *a, const lsv_array *b, lsv_array **out, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    LSV_TRY(lsv_host(b, err));
    int n = a->ndim > b->ndim ? a->ndim : b->ndim;
    if (2 * n > LSV_MAXDIM)
        return lsv_fail(err, LSV_ENOTIMPL, "kron: offered for up to %d dimensions", LSV_MAXDIM / 2);
    ptrdiff_t sa[LSV_MAXDIM], sb[LSV_MAXDIM], shape[LSV_MAXDIM];
    for (int d = 0; d < n; d++) {
        ptrdiff_t x = d < n - a->ndim ? 1 : a->shape[d - (n - a->ndim)],
                  y = d < n - b->ndim ? 1 : b->shape[d - (n - b->ndim)];
        sa[2 * d] = x, sa[2 * d + 1] = 1;
        sb[2 * d] = 1, sb[2 * d + 1] = y;
        if (!lsv_mul_size(x, y, &shape[d])) return lsv_no_memory(err, PTRDIFF_MAX);
    }
    lsv_array *x = NULL, *y = NULL, *wide = NULL;
    lsv_status status = lsv_reshape(lsv_borrow(a), 2 * n, sa, false, &x, err);
    if (status == LSV_OK) status = lsv_reshape(lsv_borrow(b), 2 * n, sb, false, &y, err);
    if (status == LSV_OK) status = lsv_binary(LSV_OP_MUL, x, y, &wide, err);
    if (status == LSV_OK) status = lsv_reshape(wide, n, shape, false, out, err);
    lsv_release(x);
    lsv_release(y);
    lsv_release(wide);
    return status;
}

/* ---- cross ---- */

/* x_i y_j - x_j y_i over the last axes. */
static lsv_status minor(const lsv_array *a, const lsv_array *b, int i, int j, lsv_array **out,
                        lsv_error *err) {
    lsv_array *v[4] = {NULL}, *p = NULL, *q = NULL;
    const lsv_array *from[4] = {a, b, a, b};
    int at[4] = {i, j, j, i};
    lsv_status status = LSV_OK;
    for (int k = 0; k < 4 && status == LSV_OK; k++)
        status = lsv_view_strided(lsv_borrow(from[k]), from[k]->ndim - 1, from[k]->shape, from[k]->strides,
                                  at[k] * from[k]->strides[from[k]->ndim - 1], &v[k], err);
    if (status == LSV_OK) status = lsv_binary(LSV_OP_MUL, v[0], v[1], &p, err);
    if (status == LSV_OK) status = lsv_binary(LSV_OP_MUL, v[2], v[3], &q, err);
    if (status == LSV_OK) status = lsv_binary(LSV_OP_SUB, p, q, out, err);
    for (int k = 0; k < 4; k++) lsv_release(v[k]);
    lsv_release(p);
    lsv_release(q);
    return status;
}

/* A 2-vector with a zero for its third component. */
static lsv_status pad3(const lsv_array *a, lsv_array **out, lsv_error *err) {
    ptrdiff_t shape[LSV_MAXDIM];
    memcpy(shape, a->shape, (size_t)a->ndim * sizeof *shape);
    shape[a->ndim - 1] = 3;
    lsv_array *wide, *view = NULL;
    LSV_TRY(lsv_zeros((lsv_kind)a->kind, a->dtype, a->ndim, shape, &wide, err));
    lsv_status status = lsv_view_strided(wide, a->ndim, a->shape, wide->strides, 0, &view, err);
    if (status == LSV_OK) status = lsv_assign(view, a, err);
    lsv_release(view);
    if (status == LSV_OK) *out = wide;
    else lsv_release(wide);
    return status;
}

static lsv_status cross3(const lsv_array *a, const lsv_array *b, lsv_array **out, lsv_error *err) {
    lsv_array *part[3] = {NULL};
    lsv_status status = minor(a, b, 1, 2, &part[0], err);
    if (status == LSV_OK) status = minor(a, b, 2, 0, &part[1], err);
    if (status == LSV_OK) status = minor(a, b, 0, 1, &part[2], err);
    if (status == LSV_OK) status = lsv_stack(part, 3, -1, out, err);
    for (int i = 0; i < 3; i++) lsv_release(part[i]);
    return status;
}

lsv_status lsv_cross(const lsv_array *a, const lsv_array *b, lsv_array **out, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    LSV_TRY(lsv_host(b, err));
    ptrdiff_t na = a->ndim ? a->shape[a->ndim - 1] : 0, nb = b->ndim ? b->shape[b->ndim - 1] : 0;
    if (a->kind == LSV_TORCH || b->kind == LSV_TORCH) {
        if (na != 3 || nb != 3)
            return lsv_fail(err, LSV_ERUNTIME,
                            "linalg.cross: inputs dimension -1 must have length 3. Got %td and %td", na, nb);
        return cross3(a, b, out, err);
    }
    if (na < 2 || na > 3 || nb < 2 || nb > 3)
        return lsv_fail(err, LSV_EVALUE,
                        "incompatible dimensions for cross product\n(dimension must be 2 or 3)");
    if (na == 2 && nb == 2) return minor(a, b, 0, 1, out, err);
    lsv_array *x = NULL, *y = NULL;
    lsv_status status = na == 2 ? pad3(a, &x, err) : LSV_OK;
    if (status == LSV_OK && nb == 2) status = pad3(b, &y, err);
    if (status == LSV_OK) status = cross3(x ? x : a, y ? y : b, out, err);
    lsv_release(x);
    lsv_release(y);
    return status;
}

/* ---- trace ---- */

lsv_status lsv_trace(const lsv_array *a, ptrdiff_t k, lsv_array **out, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    if (a->kind == LSV_TORCH) {
        if (a->ndim != 2)
            return lsv_fail(err, LSV_ERUNTIME, "trace: expected a matrix, but got tensor with dim %d",
                            a->ndim);
        if (a->dtype == LSV_BOOL) return lsv_fail(err, LSV_ENOTIMPL, "\"trace\" not implemented for 'Bool'");
    } else if (a->ndim < 2) {
        return lsv_fail(err, LSV_EVALUE, "diag requires an array of at least two dimensions");
    }
    lsv_array *diagonal;
    lsv_reduce_options last = {.naxes = 1, .axes = {-1}};
    LSV_TRY(lsv_diagonal(lsv_borrow(a), k, 0, 1, &diagonal, err));
    lsv_status status = lsv_reduce(LSV_SUM, diagonal, &last, out, err);
    lsv_release(diagonal);
    return status;
}

/* ---- matrix powers: NumPy's order of products, by repeated squaring ---- */

static lsv_status identity_like(const lsv_array *a, lsv_array **out, lsv_error *err) {
    ptrdiff_t n = a->shape[a->ndim - 1];
    lsv_array *eye, *wide = NULL;
    LSV_TRY(lsv_eye((lsv_kind)a->kind, a->dtype, n, n, 0, &eye, err));
    lsv_status status = lsv_broadcast_to(eye, a->ndim, a->shape, &wide, err);
    if (status == LSV_OK) status = lsv_copy(wide, out, err);
    lsv_release(wide);
    lsv_release(eye);
    return status;
}

static lsv_status positive_power(lsv_array *a, uint64_t n, lsv_array **out, lsv_error *err) {
    lsv_array *z, *result = NULL, *next = NULL;
    lsv_status status = LSV_OK;
    if (n == 3) { /* NumPy's shortcut: (a a) a */
        LSV_TRY(lsv_matmul(a, a, &z, err));
        status = lsv_matmul(z, a, out, err);
        lsv_release(z);
        return status;
    }
    z = lsv_ref(a);
    for (; n > 0 && status == LSV_OK; n >>= 1) {
        if (n & 1) {
            status = result ? lsv_matmul(result, z, &next, err) : (next = lsv_ref(z), LSV_OK);
            if (status == LSV_OK) lsv_release(result), result = next;
        }
        if (n > 1 && status == LSV_OK && (status = lsv_matmul(z, z, &next, err)) == LSV_OK)
            lsv_release(z), z = next;
    }
    lsv_release(z);
    if (status == LSV_OK) *out = result;
    else lsv_release(result);
    return status;
}

lsv_status lsv_matrix_power(const lsv_array *a, int64_t n, lsv_array **out, lsv_error *err) {
    bool torch = a->kind == LSV_TORCH;
    if (a->ndim < 2)
        return torch
                   ? lsv_fail(err, LSV_ERUNTIME,
                              "linalg.matrix_power: The input tensor A must have at least 2 dimensions.")
                   : lsv_fail(err, LSV_ELINALG,
                              "%d-dimensional array given. Array must be at least two-dimensional", a->ndim);
    ptrdiff_t rows = a->shape[a->ndim - 2], cols = a->shape[a->ndim - 1];
    char text[128];
    if (rows != cols)
        return torch ? lsv_fail(err, LSV_ERUNTIME,
                                "linalg.matrix_power: A must be batches of square matrices, but they are %td "
                                "by %td matrices",
                                rows, cols)
                     : lsv_fail(err, LSV_ELINALG,
                                "Last 2 dimensions of the array must be square, and this one is %s",
                                lsv_shape_text(a, text, sizeof text));
    if (n == 0) return identity_like(a, out, err);
    lsv_array *base;
    if (n < 0) LSV_TRY(lsv_inv(a, &base, err));
    else base = lsv_ref(lsv_borrow(a));
    lsv_status status = n == 1 ? lsv_copy(base, out, err)
                               : positive_power(base, n < 0 ? -(uint64_t)n : (uint64_t)n, out, err);
    lsv_release(base);
    return status;
}
