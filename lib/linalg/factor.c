/* QR, symmetric and general eigenproblems, Cholesky and LU.

   Each is a function of one matrix, and a driver that makes workspace and results and hands both to `run`, which goes through
   the stack and delivers the results together or not at all. */
#include <stdio.h>
#include <string.h>
#include "array/mirror.h"
#include "linalg/linalg.h"
#include "linalg/matrix.h"

typedef struct factoring {
    lsv_mats mats;
    ptrdiff_t ld;
    void *a, *b, *c;          /* workspace: the matrix (ld rows), and what else the routine wants */
    lsv_array *first, *second; /* the results; NULL for one that is not wanted                      */
    ptrdiff_t k, q, r;        /* QR: min(m, n), columns of Q, rows of R                             */
    bool upper;
} factoring;

typedef lsv_status one_matrix(factoring *f, ptrdiff_t i, lsv_error *err);

static lsv_status begin(const lsv_array *a, const char *name, int flags, factoring *f, lsv_error *err) {
    LSV_TRY(lsv_mats_open(a, name, flags, &f->mats, err));
    f->ld = lsv_mats_ld(f->mats.m, f->mats.compute);
    return LSV_OK;
}

static lsv_status round_off(factoring *f, lsv_array **result, lsv_error *err) {
    return *result && (*result)->dtype == f->mats.compute ? lsv_mats_finish(&f->mats, result, err) : LSV_OK;
}

/* `status` is that of the preparations; the end of every driver, it frees what `f` holds. */
static lsv_status run(factoring *f, lsv_status status, bool any, one_matrix *one, lsv_array **first, lsv_array **second,
                      lsv_error *err) {
    for (ptrdiff_t i = 0; status == LSV_OK && any && i < f->mats.count; i++) {
        status = lsv_poll(err);
        if (status == LSV_OK) status = one(f, i, err);
    }
    if (status == LSV_OK) status = round_off(f, &f->first, err);
    if (status == LSV_OK) status = round_off(f, &f->second, err);
    if (status == LSV_OK && first) *first = f->first, f->first = NULL;
    if (status == LSV_OK && second) *second = f->second, f->second = NULL;
    lsv_release(f->first);
    lsv_release(f->second);
    lsv_free(f->a);
    lsv_free(f->b);
    lsv_free(f->c);
    lsv_mats_close(&f->mats);
    return status;
}

static lsv_status work(const factoring *f, ptrdiff_t rows, ptrdiff_t columns, void **out, lsv_error *err) {
    return lsv_mats_buffer(f->mats.compute, rows, columns, out, err);
}

static lsv_status result(const factoring *f, ptrdiff_t rows, ptrdiff_t columns, lsv_array **out, lsv_error *err) {
    return lsv_mats_result(&f->mats, 2, (ptrdiff_t[]){rows, columns}, out, err);
}

/* ---- QR: Householder, signs as LAPACK's geqrf leaves them ---- */

static lsv_status qr_one(factoring *f, ptrdiff_t i, lsv_error *err) {
    lsv_dtype t = f->mats.compute;
    ptrdiff_t m = f->mats.m, n = f->mats.n;
    lsv_array *Q = f->first, *R = f->second;
    int info = 0;
    lsv_mats_load(&f->mats, i, f->a, f->ld);
    if (f->k > 0) {
        const lsv_backend *be = lsv_backend_for(LSV_BE_GEQRF, t, m, n, 0);
        LSV_TRY(be->geqrf(t, m, n, f->a, f->ld, f->b, &info, err));
    }
    if (R) {
        size_t bytes = lsv_dtype_size(t);
        char *to = R->data + (size_t)(i * f->r * n) * bytes;
        lsv_mats_store(R, i, f->r, n, f->a, f->ld);
        for (ptrdiff_t row = 1; row < f->r; row++)
            memset(to + (size_t)(row * n) * bytes, 0, (size_t)lsv_min_size(row, n) * bytes);
    }
    if (!Q || f->q == 0) return LSV_OK;
    const lsv_backend *be = lsv_backend_for(LSV_BE_ORGQR, t, m, f->q, f->k);
    LSV_TRY(be->orgqr(t, m, f->q, f->k, f->a, f->ld, f->b, &info, err));
    lsv_mats_store(Q, i, m, f->q, f->a, f->ld);
    return LSV_OK;
}

lsv_status lsv_qr(const lsv_array *a, lsv_qr_mode mode, lsv_array **Q, lsv_array **R, lsv_error *err) {
    factoring f = {0};
    LSV_TRY(begin(a, "qr", LSV_MATS_FINITE, &f, err));
    ptrdiff_t m = f.mats.m, n = f.mats.n;
    f.k = lsv_min_size(m, n);
    f.q = f.r = mode == LSV_QR_COMPLETE ? m : f.k;
    lsv_status status = work(&f, f.ld, lsv_max_size(n, f.q), &f.a, err);
    if (status == LSV_OK) status = work(&f, f.k, 1, &f.b, err);
    if (status == LSV_OK && Q && mode != LSV_QR_R) status = result(&f, m, f.q, &f.first, err);
    if (status == LSV_OK && R) status = result(&f, f.r, n, &f.second, err);
    return run(&f, status, true, qr_one, Q, R, err);
}

/* ---- eigenvalues ---- */

static char *values_of(const factoring *f, ptrdiff_t i) {
    return f->first->data + (size_t)(i * f->mats.n) * lsv_dtype_size(f->mats.compute);
}

static lsv_status eigh_one(factoring *f, ptrdiff_t i, lsv_error *err) {
    lsv_dtype t = f->mats.compute;
    ptrdiff_t n = f->mats.n;
    int info = 0;
    lsv_mats_load(&f->mats, i, f->a, f->ld);
    const lsv_backend *be = lsv_backend_for(LSV_BE_SYEVD, t, n, n, 0);
    LSV_TRY(be->syevd(t, f->second != NULL, f->upper, n, f->a, f->ld, values_of(f, i), &info, err));
    if (info != 0) {
        if (f->mats.kind == LSV_TORCH)
            return lsv_fail(err, LSV_ELINALG, "linalg.eigh: The algorithm failed to converge (error code: %d)", info);
        return lsv_fail(err, LSV_ELINALG, "Eigenvalues did not converge");
    }
    if (f->second) lsv_mats_store(f->second, i, n, n, f->a, f->ld);
    return LSV_OK;
}

lsv_status lsv_eigh(const lsv_array *a, bool upper, lsv_array **w, lsv_array **v, lsv_error *err) {
    factoring f = {.upper = upper};
    LSV_TRY(begin(a, "eigh", LSV_MATS_SQUARE | LSV_MATS_FINITE, &f, err));
    ptrdiff_t n = f.mats.n;
    lsv_status status = work(&f, f.ld, n, &f.a, err);
    if (status == LSV_OK) status = lsv_mats_result(&f.mats, 1, &n, &f.first, err);
    if (status == LSV_OK && v) status = result(&f, n, n, &f.second, err);
    return run(&f, status, n > 0, eigh_one, w, v, err);
}

static lsv_status eig_one(factoring *f, ptrdiff_t i, lsv_error *err) {
    lsv_dtype t = f->mats.compute;
    ptrdiff_t n = f->mats.n;
    int info = 0;
    lsv_mats_load(&f->mats, i, f->a, f->ld);
    const lsv_backend *be = lsv_backend_for(LSV_BE_GEEV, t, n, n, 0);
    LSV_TRY(be->geev(t, n, f->a, f->ld, values_of(f, i), f->b, f->c, f->ld, &info, err));
    if (info != 0) return lsv_fail(err, LSV_ELINALG, "Eigenvalues did not converge");
    for (ptrdiff_t j = 0; j < n; j++) {
        if (lsv_mats_get(t, f->b, j) == 0) continue;
        lsv_status status = lsv_fail(
            err, LSV_ENOTIMPL,
            "eig: the matrix has complex eigenvalues (%.6g %+.6gi), and complex arrays are not offered",
            lsv_mats_get(t, values_of(f, i), j), lsv_mats_get(t, f->b, j));
        lsv_hint(err, "a symmetric matrix has real ones only: eigh");
        return status;
    }
    if (f->second) lsv_mats_store(f->second, i, n, n, f->c, f->ld);
    return LSV_OK;
}

lsv_status lsv_eig_real(const lsv_array *a, lsv_array **w, lsv_array **v, lsv_error *err) {
    factoring f = {0};
    LSV_TRY(begin(a, "eig", LSV_MATS_SQUARE | LSV_MATS_FINITE, &f, err));
    ptrdiff_t n = f.mats.n;
    lsv_status status = work(&f, f.ld, n, &f.a, err);
    if (status == LSV_OK) status = work(&f, n, 1, &f.b, err);
    if (status == LSV_OK) status = lsv_mats_result(&f.mats, 1, &n, &f.first, err);
    if (status == LSV_OK && v) status = work(&f, f.ld, n, &f.c, err);
    if (status == LSV_OK && v) status = result(&f, n, n, &f.second, err);
    return run(&f, status, n > 0, eig_one, w, v, err);
}

/* ---- Cholesky ---- */

static lsv_status cholesky_one(factoring *f, ptrdiff_t i, lsv_error *err) {
    lsv_dtype t = f->mats.compute;
    ptrdiff_t n = f->mats.n;
    int info = 0;
    lsv_mats_load(&f->mats, i, f->a, f->ld);
    const lsv_backend *be = lsv_backend_for(LSV_BE_POTRF, t, n, n, 0);
    LSV_TRY(be->potrf(t, f->upper, n, f->a, f->ld, &info, err));
    if (info > 0) {
        char batch[64] = "";
        if (f->mats.kind == LSV_NUMPY)
            return lsv_fail(err, LSV_ELINALG,
                            "Matrix is not positive definite (its leading minor of order %d is not)", info);
        if (f->mats.batch_ndim) snprintf(batch, sizeof batch, "(Batch element %td): ", i);
        return lsv_fail(err, LSV_ELINALG,
                        "linalg.cholesky: %sThe factorization could not be completed because the input is "
                        "not positive-definite "
                        "(the leading minor of order %d is not positive-definite).",
                        batch, info);
    }
    for (ptrdiff_t j = 0; j < n; j++)
        for (ptrdiff_t row = f->upper ? j + 1 : 0; row < (f->upper ? n : j); row++)
            lsv_mats_put(t, f->a, j * f->ld + row, 0);
    lsv_mats_store(f->first, i, n, n, f->a, f->ld);
    return LSV_OK;
}

lsv_status lsv_cholesky(const lsv_array *a, bool upper, lsv_array **L, lsv_error *err) {
    factoring f = {.upper = upper};
    LSV_TRY(begin(a, "cholesky", LSV_MATS_SQUARE | LSV_MATS_FINITE, &f, err));
    ptrdiff_t n = f.mats.n;
    lsv_status status = work(&f, f.ld, n, &f.a, err);
    if (status == LSV_OK) status = result(&f, n, n, &f.first, err);
    return run(&f, status, n > 0, cholesky_one, L, NULL, err);
}

/* ---- LU with partial pivoting, both factors in one matrix ---- */

static lsv_status lu_one(factoring *f, ptrdiff_t i, lsv_error *err) {
    lsv_dtype t = f->mats.compute;
    ptrdiff_t m = f->mats.m, n = f->mats.n;
    int info = 0;
    lsv_mats_load(&f->mats, i, f->a, f->ld);
    const lsv_backend *be = lsv_backend_for(LSV_BE_GETRF, t, m, n, 0);
    LSV_TRY(be->getrf(t, m, n, f->a, f->ld, (int32_t *)(void *)f->second->data + i * f->k, &info, err));
    lsv_mats_store(f->first, i, m, n, f->a, f->ld);
    return LSV_OK;
}

lsv_status lsv_lu(const lsv_array *a, lsv_array **LU, lsv_array **pivots, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    factoring f = {0};
    LSV_TRY(begin(a, "lu_factor", LSV_MATS_FINITE, &f, err));
    ptrdiff_t m = f.mats.m, n = f.mats.n, shape[LSV_MAXDIM];
    int batch = f.mats.batch_ndim;
    f.k = lsv_min_size(m, n);
    for (int d = 0; d < batch; d++) shape[d] = f.mats.array->shape[d];
    shape[batch] = f.k;
    lsv_status status = work(&f, f.ld, n, &f.a, err);
    if (status == LSV_OK) status = result(&f, m, n, &f.first, err);
    if (status == LSV_OK) status = lsv_empty(f.mats.kind, LSV_INT32, batch + 1, shape, &f.second, err);
    return run(&f, status, f.k > 0, lu_one, LU, pivots, err);
}
