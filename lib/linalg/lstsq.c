/* Least squares, and what follows from a decomposition: the pseudo-inverse. */
#include <math.h>
#include <string.h>
#include "array/mirror.h"
#include "linalg/linalg.h"
#include "linalg/matrix.h"

typedef struct {
    lsv_mats a, b;
    bool vector; /* b was 1-D: x and the residuals' input lose the column axis */
    ptrdiff_t m, n, nrhs, k, lda, ldb;
    void *wa, *wb, *s;
    int rank;
} problem;

static void problem_close(problem *p) {
    lsv_mats_close(&p->a);
    lsv_mats_close(&p->b);
    lsv_free(p->wa);
    lsv_free(p->wb);
    lsv_free(p->s);
}

static lsv_status check_pair(const lsv_array *a, const lsv_array *b, lsv_error *err) {
    bool torch = a->kind == LSV_TORCH || b->kind == LSV_TORCH;
    if (torch && a->kind == b->kind && a->dtype != b->dtype)
        return lsv_fail(err, LSV_ERUNTIME,
                        "torch.linalg.lstsq: Expected input and other to have the same dtype, but got "
                        "input's dtype %s and other's dtype %s",
                        lsv_mats_type_name(a->dtype), lsv_mats_type_name(b->dtype));
    if (a->ndim > 2 || b->ndim > 2) {
        if (torch)
            return lsv_fail(err, LSV_ENOTIMPL,
                            "lstsq: stacks of matrices are not offered; solve them one by one");
        return lsv_fail(err, LSV_ELINALG, "%d-dimensional array given. Array must be two-dimensional",
                        a->ndim > 2 ? a->ndim : b->ndim);
    }
    if (a->ndim < 2 && !torch)
        return lsv_fail(err, LSV_ELINALG, "%d-dimensional array given. Array must be two-dimensional",
                        a->ndim);
    if (a->ndim < 2)
        return lsv_fail(err, LSV_ERUNTIME, "torch.linalg.lstsq: input must have at least 2 dimensions.");
    if (b->ndim < 1)
        return lsv_fail(err, torch ? LSV_ERUNTIME : LSV_ELINALG, "lstsq: b must have at least 1 dimension");
    if (a->shape[0] == b->shape[0]) return LSV_OK;
    char ta[64], tb[64];
    lsv_shape_text(a, ta, sizeof ta), lsv_shape_text(b, tb, sizeof tb);
    if (torch)
        return lsv_fail(
            err, LSV_ERUNTIME,
            "torch.linalg.lstsq: input.size(-2) should match other.size(-2), and they are %s and %s", ta, tb);
    return lsv_fail(err, LSV_ELINALG, "Incompatible dimensions: a is %s and b is %s", ta, tb);
}

static lsv_status as_double(lsv_mats *mats, lsv_error *err) {
    lsv_array *wide;
    if (mats->compute == LSV_FLOAT64) return LSV_OK;
    LSV_TRY(lsv_as_dtype(mats->array, LSV_FLOAT64, &wide, err));
    lsv_release(mats->array);
    mats->array = wide;
    mats->compute = LSV_FLOAT64;
    return LSV_OK;
}

static lsv_status problem_open(const lsv_array *a, const lsv_array *b, problem *p, lsv_error *err) {
    LSV_TRY(check_pair(a, b, err));
    LSV_TRY(lsv_mats_open(a, "lstsq", LSV_MATS_FINITE, &p->a, err));
    lsv_array *column;
    p->vector = b->ndim == 1;
    if (p->vector) LSV_TRY(lsv_expand_dims(lsv_borrow(b), 1, &column, err));
    else column = lsv_ref(lsv_borrow(b));
    lsv_status status = lsv_mats_open(column, "lstsq", LSV_MATS_FINITE, &p->b, err);
    lsv_release(column);
    if (status != LSV_OK) {
        lsv_blame(err, 1);
        return status;
    }
    if (p->a.compute != p->b.compute) {
        LSV_TRY(as_double(&p->a, err));
        LSV_TRY(as_double(&p->b, err));
    }
    if (p->a.result != p->b.result) p->a.result = p->b.result = LSV_FLOAT64;
    if (a->kind == LSV_TORCH || b->kind == LSV_TORCH) p->a.kind = p->b.kind = LSV_TORCH;
    lsv_dtype t = p->a.compute;
    p->m = p->a.m, p->n = p->a.n, p->nrhs = p->b.n;
    p->k = lsv_min_size(p->m, p->n);
    p->lda = lsv_mats_ld(p->m, t);
    p->ldb = lsv_mats_ld(lsv_max_size(p->m, p->n), t);
    LSV_TRY(lsv_mats_buffer(t, p->lda, p->n, &p->wa, err));
    LSV_TRY(lsv_mats_buffer(t, p->ldb, p->nrhs, &p->wb, err));
    LSV_TRY(lsv_mats_buffer(t, p->k, 1, &p->s, err));
    memset(p->wb, 0, (size_t)(p->ldb * p->nrhs) * lsv_dtype_size(t));
    lsv_mats_load(&p->a, 0, p->wa, p->lda);
    lsv_mats_load(&p->b, 0, p->wb, p->ldb);
    return LSV_OK;
}

static lsv_status run_driver(problem *p, double rcond, lsv_lstsq_driver driver, lsv_error *err) {
    static const lsv_op ops[] = {[LSV_GELSD] = LSV_BE_GELSD,
                                 [LSV_GELSY] = LSV_BE_GELSY,
                                 [LSV_GELSS] = LSV_BE_GELSS,
                                 [LSV_GELS] = LSV_BE_GELS};
    lsv_dtype t = p->a.compute;
    int info = 0;
    if (p->k == 0) return LSV_OK; /* x = 0; b's rows stay for the residuals */
    const lsv_backend *be = lsv_backend_for(ops[driver], t, p->m, p->n, p->nrhs);
    switch (driver) {
    case LSV_GELSD:
        LSV_TRY(be->gelsd(t, p->m, p->n, p->nrhs, p->wa, p->lda, p->wb, p->ldb, p->s, rcond, &p->rank, &info,
                          err));
        break;
    case LSV_GELSS:
        LSV_TRY(be->gelss(t, p->m, p->n, p->nrhs, p->wa, p->lda, p->wb, p->ldb, p->s, rcond, &p->rank, &info,
                          err));
        break;
    case LSV_GELSY:
        LSV_TRY(be->gelsy(t, p->m, p->n, p->nrhs, p->wa, p->lda, p->wb, p->ldb, rcond, &p->rank, &info, err));
        break;
    case LSV_GELS:
        LSV_TRY(be->gels(t, p->m, p->n, p->nrhs, p->wa, p->lda, p->wb, p->ldb, &info, err));
        p->rank = (int)p->k;
        break;
    }
    if (info == 0) return LSV_OK;
    if (p->a.kind == LSV_NUMPY)
        return lsv_fail(err, LSV_ELINALG, "SVD did not converge in Linear Least Squares");
    return lsv_fail(err, LSV_ELINALG,
                    "torch.linalg.lstsq: The least squares solution could not be computed because the input "
                    "matrix does not have full rank (error code: %d).",
                    info);
}

/* Sums of squares of what is left of each column of b. Rows n.. of the solved b hold them, rotated. */
static lsv_status residual_sums(const problem *p, lsv_lstsq_driver driver, lsv_array **out, lsv_error *err) {
    bool numpy = p->a.kind == LSV_NUMPY;
    bool given = p->m > p->n && (driver == LSV_GELS || p->rank == p->n) && (numpy || driver != LSV_GELSY);
    ptrdiff_t count = given ? p->nrhs : 0;
    lsv_dtype t = p->a.compute;
    LSV_TRY(lsv_empty(p->a.kind, t, 1, &count, out, err));
    for (ptrdiff_t j = 0; j < count; j++) {
        double sum = 0;
        for (ptrdiff_t i = p->n; i < p->m; i++) {
            double x = lsv_mats_get(t, p->wb, j * p->ldb + i);
            sum += x * x;
        }
        lsv_mats_put(t, (*out)->data, j, sum);
    }
    return lsv_mats_finish(&p->a, out, err);
}

static lsv_status collect(problem *p, lsv_lstsq_driver driver, lsv_array **x, lsv_array **r, lsv_array **S,
                          lsv_error *err) {
    lsv_dtype t = p->a.compute;
    bool valued = driver == LSV_GELSD || driver == LSV_GELSS;
    LSV_TRY(lsv_empty(p->a.kind, t, p->vector ? 1 : 2, (ptrdiff_t[]){p->n, p->nrhs}, x, err));
    if (p->k == 0) memset((*x)->data, 0, (size_t)(*x)->size * lsv_dtype_size(t));
    else lsv_mats_store(*x, 0, p->n, p->nrhs, p->wb, p->ldb);
    LSV_TRY(lsv_mats_finish(&p->a, x, err));
    if (r) LSV_TRY(residual_sums(p, driver, r, err));
    if (!S) return LSV_OK;
    ptrdiff_t count = valued ? p->k : 0;
    LSV_TRY(lsv_empty(p->a.kind, t, 1, &count, S, err));
    memcpy((*S)->data, p->s, (size_t)count * lsv_dtype_size(t));
    return lsv_mats_finish(&p->a, S, err);
}

lsv_status lsv_lstsq(const lsv_array *a, const lsv_array *b, double rcond, lsv_lstsq_driver driver,
                     lsv_array **x, lsv_array **residuals, int64_t *rank, lsv_array **S, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    LSV_TRY(lsv_host(b, err));
    problem p = {0};
    lsv_array *solution = NULL, *sums = NULL, *values = NULL;
    lsv_status status = problem_open(a, b, &p, err);
    if (rcond < 0 || isnan(rcond)) rcond = lsv_mats_eps(p.a.compute) * (double)lsv_max_size(p.m, p.n);
    if (status == LSV_OK) status = run_driver(&p, rcond, driver, err);
    if (status == LSV_OK)
        status = collect(&p, driver, &solution, residuals ? &sums : NULL, S ? &values : NULL, err);
    if (status == LSV_OK) {
        *x = solution, solution = NULL;
        if (residuals) *residuals = sums, sums = NULL;
        if (S) *S = values, values = NULL;
        if (rank) *rank = p.rank;
    }
    lsv_release(solution);
    lsv_release(sums);
    lsv_release(values);
    problem_close(&p);
    return status;
}

/* ---- pseudo-inverse ---- */

/* U, S, Vh of a stack, by eigh where the matrices are symmetric: S = |w| and the signs go into Vh. */
static lsv_status spectral(const lsv_array *a, bool hermitian, lsv_array **U, lsv_array **S, lsv_array **Vh,
                           lsv_error *err) {
    if (!hermitian) return lsv_svd(a, false, LSV_SVD_AUTO, U, S, Vh, err);
    lsv_array *w, *v, *vt = NULL;
    LSV_TRY(lsv_eigh(a, false, &w, &v, err));
    lsv_array *swapped = NULL;
    lsv_status status = lsv_swapaxes(v, -1, -2, &swapped, err);
    if (status == LSV_OK) status = lsv_copy(swapped, &vt, err);
    lsv_release(swapped);
    if (status != LSV_OK) {
        lsv_release(w);
        lsv_release(v);
        return status;
    }
    ptrdiff_t n = vt->shape[vt->ndim - 1];
    for (ptrdiff_t i = 0; i < w->size; i++) {
        double x = lsv_mats_get(w->dtype, w->data, i);
        if (x >= 0) continue;
        lsv_mats_put(w->dtype, w->data, i, -x);
        for (ptrdiff_t j = 0; j < n; j++)
            lsv_mats_put(vt->dtype, vt->data, i * n + j, -lsv_mats_get(vt->dtype, vt->data, i * n + j));
    }
    *U = v, *S = w, *Vh = vt;
    return LSV_OK;
}

/* S becomes 1/S where it exceeds rtol * max(S) of its matrix, else 0. */
static void invert_values(lsv_array *S, ptrdiff_t k, double rtol) {
    lsv_dtype t = S->dtype;
    for (ptrdiff_t at = 0; at < S->size; at += k) {
        double top = 0;
        for (ptrdiff_t i = 0; i < k; i++) top = fmax(top, lsv_mats_get(t, S->data, at + i));
        double cutoff = t == LSV_FLOAT32 ? (double)(float)((float)rtol * (float)top) : rtol * top;
        for (ptrdiff_t i = 0; i < k; i++) {
            double s = lsv_mats_get(t, S->data, at + i);
            lsv_mats_put(t, S->data, at + i, s > cutoff ? 1 / s : 0);
        }
    }
}

/* Rows of Vh (k x n) and of U^T times the inverted values; NumPy scales U, PyTorch scales V. */
static void scale_rows(lsv_array *x, const lsv_array *s, bool columns, ptrdiff_t k) {
    lsv_dtype t = x->dtype;
    ptrdiff_t n = x->shape[x->ndim - 1], m = x->shape[x->ndim - 2], stack = k ? s->size / k : 0;
    for (ptrdiff_t c = 0; c < stack; c++)
        for (ptrdiff_t i = 0; i < m; i++)
            for (ptrdiff_t j = 0; j < n; j++) {
                ptrdiff_t at = (c * m + i) * n + j;
                lsv_mats_put(t, x->data, at,
                             lsv_mats_get(t, x->data, at) *
                                 lsv_mats_get(t, s->data, c * k + (columns ? j : i)));
            }
}

static lsv_status empty_pinv(const lsv_array *a, lsv_dtype t, lsv_array **out, lsv_error *err) {
    ptrdiff_t shape[LSV_MAXDIM];
    for (int d = 0; d < a->ndim; d++) shape[d] = a->shape[d];
    shape[a->ndim - 2] = a->shape[a->ndim - 1];
    shape[a->ndim - 1] = a->shape[a->ndim - 2];
    return lsv_zeros(a->kind, t, a->ndim, shape, out, err);
}

lsv_status lsv_pinv(const lsv_array *a, double rtol, bool hermitian, lsv_array **out, lsv_error *err) {
    lsv_mats mats;
    LSV_TRY(lsv_mats_open(a, "pinv", LSV_MATS_FINITE | (hermitian ? LSV_MATS_SQUARE : 0), &mats, err));
    ptrdiff_t k = lsv_min_size(mats.m, mats.n);
    if (rtol < 0 || isnan(rtol))
        rtol = mats.kind == LSV_NUMPY ? 1e-15
                                      : lsv_mats_eps(mats.compute) * (double)lsv_max_size(mats.m, mats.n);
    lsv_array *U = NULL, *S = NULL, *Vh = NULL, *Ut = NULL, *V = NULL, *result = NULL;
    lsv_status status;
    if (k == 0 || mats.count == 0) {
        status = empty_pinv(a, mats.result, &result, err);
    } else {
        status = spectral(mats.array, hermitian, &U, &S, &Vh, err);
        if (status == LSV_OK) {
            invert_values(S, k, rtol);
            if (mats.kind == LSV_NUMPY) scale_rows(U, S, true, k);
            else scale_rows(Vh, S, false, k);
            status = lsv_swapaxes(Vh, -1, -2, &V, err);
        }
        if (status == LSV_OK) status = lsv_swapaxes(U, -1, -2, &Ut, err);
        if (status == LSV_OK) status = lsv_matmul(V, Ut, &result, err);
        if (status == LSV_OK) status = lsv_mats_finish(&mats, &result, err);
    }
    if (status == LSV_OK) *out = result, result = NULL;
    lsv_release(result);
    lsv_release(Ut);
    lsv_release(V);
    lsv_release(U);
    lsv_release(S);
    lsv_release(Vh);
    lsv_mats_close(&mats);
    return status;
}
