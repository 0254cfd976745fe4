/* Norms, condition numbers and ranks: NumPy's own formulas in NumPy's order of operations, so that
   the digits are its digits. */
#include <math.h>
#include <string.h>
#include "array/elementwise.h"
#include "array/mirror.h"
#include "array/reduce.h"
#include "linalg/linalg.h"
#include "linalg/matrix.h"
#include "linalg/svd_inside.h"
#include "linalg/truncated.h"

/* ---- little steps; each releases what it was given and puts the result in its place ---- */

static lsv_status step_unary(lsv_unary_op op, lsv_array **x, lsv_error *err) {
    lsv_array *y;
    LSV_TRY(lsv_unary(op, *x, &y, err));
    lsv_release(*x);
    *x = y;
    return LSV_OK;
}

static lsv_status step_binary(lsv_binary_op op, lsv_array **x, double number, lsv_error *err) {
    char cell[8];
    lsv_array *y, scalar = lsv_scalar_array((lsv_kind)(*x)->kind, lsv_scalar_float(number), LSV_WEAK, cell);
    LSV_TRY(lsv_binary(op, *x, &scalar, &y, err));
    lsv_release(*x);
    *x = y;
    return LSV_OK;
}

static lsv_status step_square(lsv_array **x, lsv_error *err) {
    lsv_array *y;
    LSV_TRY(lsv_binary(LSV_OP_MUL, *x, *x, &y, err));
    lsv_release(*x);
    *x = y;
    return LSV_OK;
}

static lsv_status step_reduce(lsv_reduction op, lsv_array **x, int naxes, const int *axes, bool keepdims,
                              lsv_error *err) {
    lsv_reduce_options options = {.naxes = naxes, .keepdims = keepdims};
    lsv_array *y;
    for (int i = 0; i < naxes; i++) options.axes[i] = axes[i];
    LSV_TRY(lsv_reduce(op, *x, &options, &y, err));
    lsv_release(*x);
    *x = y;
    return LSV_OK;
}

/* Max over axes, where the maximum of nothing is 0. */
static lsv_status step_max(lsv_array **x, int naxes, const int *axes, bool keepdims, lsv_error *err) {
    return step_reduce((*x)->size == 0 ? LSV_SUM : LSV_MAX, x, naxes, axes, keepdims, err);
}

static lsv_status step_reshape(lsv_array **x, int ndim, const ptrdiff_t *shape, lsv_error *err) {
    lsv_array *y;
    LSV_TRY(lsv_reshape(*x, ndim, shape, false, &y, err));
    lsv_release(*x);
    *x = y;
    return LSV_OK;
}

/* x in a floating dtype, a new reference. */
static lsv_status floating(const lsv_array *a, const char *name, lsv_array **out, lsv_error *err) {
    if (lsv_dtype_is_float(a->dtype)) {
        *out = lsv_ref(lsv_borrow(a));
        return LSV_OK;
    }
    if (a->kind == LSV_NUMPY) return lsv_astype(a, LSV_FLOAT64, out, err);
    lsv_status status =
        lsv_fail(err, LSV_ENOTIMPL, "linalg.%s: Expected a floating point or complex tensor as input. Got %s",
                 name, lsv_mats_type_name((lsv_dtype)a->dtype));
    lsv_hint(err, "convert first: .float()");
    return status;
}

/* ---- vector norms, over any number of axes ---- */

static lsv_status vector_norm(lsv_array **x, lsv_norm_order ord, int naxes, const int *axes, bool keepdims,
                              lsv_error *err) {
    double p = ord.type == LSV_NORM_DEFAULT ? 2 : ord.p;
    if (ord.type == LSV_NORM_FRO || ord.type == LSV_NORM_NUC) {
        const char *text = ord.type == LSV_NORM_FRO ? "fro" : "nuc";
        if ((*x)->kind == LSV_TORCH)
            return lsv_fail(err, LSV_ERUNTIME,
                            "linalg.norm: ord '%s' is a matrix norm and needs two dimensions", text);
        return lsv_fail(err, LSV_EVALUE, "Invalid norm order '%s' for vectors", text);
    }
    if (ord.type == LSV_NORM_DEFAULT || (ord.type == LSV_NORM_P && p == 2)) {
        LSV_TRY(step_square(x, err));
        LSV_TRY(step_reduce(LSV_SUM, x, naxes, axes, keepdims, err));
        return step_unary(LSV_FN_SQRT, x, err);
    }
    if (ord.type == LSV_NORM_P && p == 0) {
        lsv_dtype t = (lsv_dtype)(*x)->dtype;
        lsv_array *ones;
        LSV_TRY(step_binary(LSV_OP_NE, x, 0, err));
        LSV_TRY(lsv_astype(*x, t, &ones, err));
        lsv_release(*x);
        *x = ones;
        return step_reduce(LSV_SUM, x, naxes, axes, keepdims, err);
    }
    LSV_TRY(step_unary(LSV_FN_ABS, x, err));
    if (ord.type == LSV_NORM_INF && (*x)->kind == LSV_NUMPY) return step_max(x, naxes, axes, keepdims, err);
    if (ord.type == LSV_NORM_INF) return step_reduce(LSV_MAX, x, naxes, axes, keepdims, err);
    if (ord.type == LSV_NORM_NEG_INF) return step_reduce(LSV_MIN, x, naxes, axes, keepdims, err);
    if (p == 1) return step_reduce(LSV_SUM, x, naxes, axes, keepdims, err);
    LSV_TRY(step_binary(LSV_OP_POW, x, p, err));
    LSV_TRY(step_reduce(LSV_SUM, x, naxes, axes, keepdims, err));
    return step_binary(LSV_OP_POW, x, 1 / p, err);
}

/* ---- matrix norms over (row, col) ---- */

static lsv_status singular_values(lsv_array **x, int row, int col, lsv_error *err) {
    lsv_array *moved, *s;
    LSV_TRY(lsv_moveaxis(*x, 2, (const int[]){row, col}, (const int[]){-2, -1}, &moved, err));
    lsv_status status = lsv_svd(moved, false, LSV_SVD_AUTO, NULL, &s, NULL, err);
    lsv_release(moved);
    if (status != LSV_OK) return status;
    lsv_release(*x);
    *x = s;
    return LSV_OK;
}

/* Sums of |x| along `along`, then the largest or smallest along `over`. */
static lsv_status sum_extreme(lsv_array **x, int along, int over, bool smallest, lsv_error *err) {
    if (over > along) over--;
    LSV_TRY(step_unary(LSV_FN_ABS, x, err));
    LSV_TRY(step_reduce(LSV_SUM, x, 1, &along, false, err));
    return smallest ? step_reduce(LSV_MIN, x, 1, &over, false, err) : step_max(x, 1, &over, false, err);
}

static lsv_status invalid_matrix_order(const lsv_array *x, double p, lsv_error *err) {
    lsv_status status = x->kind == LSV_TORCH
                            ? lsv_fail(err, LSV_ERUNTIME, "linalg.matrix_norm: Order %g not supported.", p)
                            : lsv_fail(err, LSV_EVALUE, "Invalid norm order for matrices.");
    lsv_hint(err, "a matrix norm is one of 1, -1, 2, -2, inf, -inf, 'fro', 'nuc'");
    return status;
}

static lsv_status matrix_norm(lsv_array **x, lsv_norm_order ord, int row, int col, lsv_error *err) {
    static const int last = -1;
    switch (ord.type) {
    case LSV_NORM_DEFAULT:
    case LSV_NORM_FRO:
        LSV_TRY(step_square(x, err));
        LSV_TRY(step_reduce(LSV_SUM, x, 2, (const int[]){row, col}, false, err));
        return step_unary(LSV_FN_SQRT, x, err);
    case LSV_NORM_NUC:
        LSV_TRY(singular_values(x, row, col, err));
        return step_reduce(LSV_SUM, x, 1, &last, false, err);
    case LSV_NORM_INF: return sum_extreme(x, col, row, false, err);
    case LSV_NORM_NEG_INF: return sum_extreme(x, col, row, true, err);
    case LSV_NORM_P: break;
    }
    if (ord.p == 1 || ord.p == -1) return sum_extreme(x, row, col, ord.p < 0, err);
    if (ord.p != 2 && ord.p != -2) return invalid_matrix_order(*x, ord.p, err);
    LSV_TRY(singular_values(x, row, col, err));
    return ord.p > 0 ? step_max(x, 1, &last, false, err) : step_reduce(LSV_MIN, x, 1, &last, false, err);
}

/* ---- norm ---- */

/* sqrt(x.x) of everything, in memory order. */
static lsv_status flat_norm(lsv_array **x, bool keepdims, lsv_error *err) {
    lsv_array *a = *x, *view = NULL, *flat = NULL, *dot = NULL;
    int ndim = a->ndim;
    bool columns = ndim == 2 && !lsv_is_contiguous(a) && a->strides[0] == 1;
    lsv_status status = columns ? lsv_transpose(a, NULL, &view, err) : lsv_view(a, &view, err);
    if (status == LSV_OK) status = lsv_ravel(view, false, &flat, err);
    if (status == LSV_OK) status = lsv_matmul(flat, flat, &dot, err);
    lsv_release(view);
    lsv_release(flat);
    if (status != LSV_OK) return status;
    lsv_release(a);
    *x = dot;
    LSV_TRY(step_unary(LSV_FN_SQRT, x, err));
    ptrdiff_t ones[LSV_MAXDIM] = {1, 1, 1, 1, 1, 1, 1, 1};
    return keepdims ? step_reshape(x, ndim, ones, err) : LSV_OK;
}

static lsv_status pair_norm(lsv_array **x, lsv_norm_order ord, const int *axes, bool keepdims,
                            lsv_error *err) {
    int row, col, ndim = (*x)->ndim;
    ptrdiff_t shape[LSV_MAXDIM];
    LSV_TRY(lsv_axis(*x, axes[0], &row, err));
    LSV_TRY(lsv_axis(*x, axes[1], &col, err));
    if (row == col)
        return lsv_fail(err, (*x)->kind == LSV_TORCH ? LSV_ERUNTIME : LSV_EVALUE, "Duplicate axes given.");
    memcpy(shape, (*x)->shape, (size_t)ndim * sizeof *shape);
    LSV_TRY(matrix_norm(x, ord, row, col, err));
    shape[row] = shape[col] = 1;
    return keepdims ? step_reshape(x, ndim, shape, err) : LSV_OK;
}

static lsv_status norm_of(lsv_array **x, lsv_norm_order ord, int naxes, const int *axes, bool keepdims,
                          lsv_error *err) {
    int ndim = (*x)->ndim;
    if (ord.type == LSV_NORM_P && isinf(ord.p)) ord.type = ord.p > 0 ? LSV_NORM_INF : LSV_NORM_NEG_INF;
    if (naxes < 0) {
        bool two = ord.type == LSV_NORM_P && ord.p == 2;
        if (ord.type == LSV_NORM_DEFAULT || (ord.type == LSV_NORM_FRO && ndim == 2) || (two && ndim == 1))
            return flat_norm(x, keepdims, err);
        if (ndim == 1) return vector_norm(x, ord, 1, (const int[]){0}, keepdims, err);
        if (ndim == 2) return pair_norm(x, ord, (const int[]){0, 1}, keepdims, err);
        if ((*x)->kind == LSV_TORCH)
            return lsv_fail(
                err, LSV_ERUNTIME,
                "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got %dD.",
                ndim);
        return lsv_fail(err, LSV_EVALUE, "Improper number of dimensions to norm.");
    }
    if (naxes == 1) return vector_norm(x, ord, 1, axes, keepdims, err);
    if (naxes == 2) return pair_norm(x, ord, axes, keepdims, err);
    if ((*x)->kind == LSV_TORCH)
        return lsv_fail(err, LSV_ERUNTIME,
                        "linalg.norm: If dim is specified, it must be of length 1 or 2. Got %d dims", naxes);
    return lsv_fail(err, LSV_EVALUE, "Improper number of dimensions to norm.");
}

lsv_status lsv_norm(const lsv_array *a, lsv_norm_order ord, int naxes, const int *axes, bool keepdims,
                    lsv_array **out, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    lsv_array *x;
    LSV_TRY(lsv_poll(err));
    LSV_TRY(floating(a, "vector_norm", &x, err));
    lsv_status status = norm_of(&x, ord, naxes, axes, keepdims, err);
    if (status == LSV_OK) *out = x;
    else lsv_release(x);
    return status;
}

/* ---- condition number ---- */

enum { COND_LARGEST, COND_SMALLEST, COND_SUMS }; /* s_1/s_k, s_k/s_1, (sum s)(sum 1/s) */

static double cond_from(lsv_dtype t, const lsv_array *s, ptrdiff_t at, ptrdiff_t k, int form) {
    double top = lsv_mats_get(t, s->data, at), low = lsv_mats_get(t, s->data, at + k - 1), sum = 0,
           inverse = 0;
    if (form == COND_LARGEST) return top / low;
    if (form == COND_SMALLEST) return low / top;
    for (ptrdiff_t j = 0; j < k; j++)
        sum += lsv_mats_get(t, s->data, at + j), inverse += 1 / lsv_mats_get(t, s->data, at + j);
    return sum * inverse;
}

/* From the singular values. 0/0 is infinitely ill-conditioned for NumPy, nan for PyTorch. */
static lsv_status cond_values(const lsv_array *a, int form, lsv_array **out, lsv_error *err) {
    lsv_array *s, *r = NULL;
    bool numpy = a->kind == LSV_NUMPY,
         empty = a->ndim >= 2 && (a->shape[a->ndim - 2] == 0 || a->shape[a->ndim - 1] == 0);
    if (empty && numpy) return lsv_fail(err, LSV_ELINALG, "cond is not defined on empty arrays");
    LSV_TRY(lsv_svd(a, false, LSV_SVD_AUTO, NULL, &s, NULL, err));
    lsv_dtype t = (lsv_dtype)s->dtype;
    ptrdiff_t k = s->shape[s->ndim - 1];
    lsv_status status = lsv_empty((lsv_kind)s->kind, t, s->ndim - 1, s->shape, &r, err);
    for (ptrdiff_t i = 0; status == LSV_OK && i < r->size; i++) {
        double x = empty ? 0 : cond_from(t, s, i * k, k, form);
        lsv_mats_put(t, r->data, i, numpy && isnan(x) ? (double)INFINITY : x);
    }
    lsv_release(s);
    if (status == LSV_OK) *out = r;
    return status;
}

/* |A| |A^-1| of one matrix; inf where it is singular. */
static lsv_status cond_one(const lsv_array *a, lsv_norm_order ord, double *out, lsv_error *err) {
    lsv_array *inverse = NULL, *n1 = NULL, *n2 = NULL;
    static const int axes[2] = {0, 1};
    lsv_status status = lsv_inv(a, &inverse, err);
    if (status == LSV_ELINALG) {
        *out = (double)INFINITY;
        return LSV_OK;
    }
    if (status == LSV_OK) status = lsv_norm(a, ord, 2, axes, false, &n1, err);
    if (status == LSV_OK) status = lsv_norm(inverse, ord, 2, axes, false, &n2, err);
    if (status == LSV_OK)
        *out = lsv_scalar_as_double(lsv_load((lsv_dtype)n1->dtype, n1->data)) *
               lsv_scalar_as_double(lsv_load((lsv_dtype)n2->dtype, n2->data));
    lsv_release(inverse);
    lsv_release(n1);
    lsv_release(n2);
    return status;
}

lsv_status lsv_cond(const lsv_array *a, lsv_norm_order ord, lsv_array **out, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    if (ord.type == LSV_NORM_DEFAULT || (ord.type == LSV_NORM_P && fabs(ord.p) == 2))
        return cond_values(a, ord.type == LSV_NORM_P && ord.p < 0 ? COND_SMALLEST : COND_LARGEST, out, err);
    if (ord.type == LSV_NORM_P && isinf(ord.p)) ord.type = ord.p > 0 ? LSV_NORM_INF : LSV_NORM_NEG_INF;
    if (ord.type == LSV_NORM_P && fabs(ord.p) != 1) {
        if (a->kind == LSV_TORCH)
            return lsv_fail(err, LSV_EVALUE, "linalg.cond got an invalid norm type: %g", ord.p);
        return invalid_matrix_order(a, ord.p, err);
    }
    lsv_mats mats;
    LSV_TRY(lsv_mats_open(a, "cond", LSV_MATS_SQUARE, &mats, err));
    if (ord.type == LSV_NORM_NUC && a->kind == LSV_TORCH) {
        lsv_mats_close(&mats);
        return cond_values(a, COND_SUMS, out, err);
    }
    lsv_array *r = NULL;
    lsv_status status = lsv_mats_result(&mats, 0, NULL, &r, err);
    for (ptrdiff_t i = 0; status == LSV_OK && i < mats.count; i++) {
        const lsv_array *x = mats.array;
        ptrdiff_t offset = 0, left = i;
        for (int d = x->ndim - 3; d >= 0; d--) {
            offset += left % x->shape[d] * x->strides[d];
            left /= x->shape[d];
        }
        lsv_array *one;
        double value = 0;
        status = lsv_view_strided(mats.array, 2, x->shape + x->ndim - 2, x->strides + x->ndim - 2, offset,
                                  &one, err);
        if (status != LSV_OK) break;
        status = cond_one(one, ord, &value, err);
        lsv_release(one);
        lsv_mats_put(mats.compute, r->data, i, value);
    }
    if (status == LSV_OK) status = lsv_mats_finish(&mats, &r, err);
    if (status == LSV_OK) *out = r, r = NULL;
    lsv_release(r);
    lsv_mats_close(&mats);
    return status;
}

/* ---- rank ---- */

static lsv_status rank_of_vector(const lsv_array *a, lsv_array **out, lsv_error *err) {
    if (a->kind == LSV_TORCH)
        return lsv_fail(err, LSV_ERUNTIME,
                        "torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions.");
    lsv_reduce_options all = {.naxes = -1};
    lsv_array *any;
    LSV_TRY(lsv_reduce(LSV_ANY, a, &all, &any, err));
    lsv_status status = lsv_astype(any, LSV_INT64, out, err);
    lsv_release(any);
    return status;
}

/* max(tol, rtol * S[0]) as the kind's library combines them. */
static double threshold(const lsv_array *a, lsv_dtype t, double top, double tol, double rtol) {
    bool torch = a->kind == LSV_TORCH;
    if (!isnan(tol) && !(torch && !isnan(rtol))) return tol;
    if (isnan(rtol))
        rtol = lsv_mats_eps(t) * (double)lsv_max_size(a->shape[a->ndim - 2], a->shape[a->ndim - 1]);
    double relative = t == LSV_FLOAT32 ? (double)((float)rtol * (float)top) : rtol * top;
    return isnan(tol) ? relative : fmax(tol, relative);
}

/* Large single matrices first try a proof (rank.c), very small ones a way of their own (jacobi.c): either costs a
   fraction of LAPACK's singular values, which decide where neither can. */
enum { PROOF_FROM = 256 };

static lsv_status rank_by_proof(const lsv_array *a, double tol, double rtol, lsv_array **out, lsv_error *err) {
    ptrdiff_t rank = -1;
    lsv_dtype t = (lsv_dtype)a->dtype;
    if (a->ndim != 2 || (t != LSV_FLOAT64 && t != LSV_FLOAT32)) return LSV_OK;
    ptrdiff_t small = lsv_min_size(a->shape[0], a->shape[1]), large = lsv_max_size(a->shape[0], a->shape[1]);
    bool tiny = small > 0 && small <= LSV_JACOBI_COLUMNS && large <= LSV_JACOBI_ROWS;
    if (!tiny && small < PROOF_FROM) return LSV_OK;
    double relative = threshold(a, t, 1, NAN, rtol);
    if (!isnan(tol) && !(a->kind == LSV_TORCH && !isnan(rtol))) relative = 0;
    double absolute = isnan(tol) ? 0 : tol;
    if (tiny) rank = lsv_jacobi_rank(a, absolute, relative);
    else LSV_TRY(lsv_rank_certified(a, absolute, relative, &rank, err));
    if (rank < 0) return LSV_OK;
    return lsv_from_scalar((lsv_kind)a->kind, lsv_scalar_int(rank), out, err);
}

lsv_status lsv_matrix_rank(const lsv_array *a, double tol, double rtol, bool hermitian, lsv_array **out,
                           lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    if (a->ndim < 2) return rank_of_vector(a, out, err);
    lsv_array *s, *r = NULL;
    if (!hermitian) LSV_TRY(rank_by_proof(a, tol, rtol, &r, err));
    if (r) {
        *out = r;
        return LSV_OK;
    }
    LSV_TRY(hermitian ? lsv_eigh(a, false, &s, NULL, err)
                      : lsv_svd(a, false, LSV_SVD_AUTO, NULL, &s, NULL, err));
    lsv_dtype t = (lsv_dtype)s->dtype;
    ptrdiff_t k = s->shape[s->ndim - 1];
    lsv_status status = lsv_empty((lsv_kind)s->kind, LSV_INT64, s->ndim - 1, s->shape, &r, err);
    for (ptrdiff_t i = 0; status == LSV_OK && i < r->size; i++) {
        double top = 0;
        int64_t rank = 0;
        for (ptrdiff_t j = 0; j < k; j++) top = fmax(top, fabs(lsv_mats_get(t, s->data, i * k + j)));
        double least = threshold(a, t, top, tol, rtol);
        for (ptrdiff_t j = 0; j < k; j++) rank += fabs(lsv_mats_get(t, s->data, i * k + j)) > least;
        ((int64_t *)(void *)r->data)[i] = rank;
    }
    lsv_release(s);
    if (status == LSV_OK) *out = r;
    return status;
}
