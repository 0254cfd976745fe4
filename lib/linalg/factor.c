/* QR, symmetric and general eigenproblems, Cholesky and LU. */
#include <stdio.h>
#include <string.h>
#include "linalg/linalg.h"
#include "linalg/matrix.h"

/* ---- QR: Householder, signs as LAPACK's geqrf leaves them ---- */

typedef struct {
    ptrdiff_t k, q, r; /* min(m, n), columns of Q, rows of R */
    ptrdiff_t ld, width;
    void *a, *tau;
} qr_scratch;

static lsv_status qr_one(const lsv_mats *mats, ptrdiff_t i, qr_scratch *w, lsv_array *Q, lsv_array *R,
                         lsv_error *err) {
    lsv_dtype t = mats->compute;
    ptrdiff_t m = mats->m, n = mats->n;
    int info = 0;
    lsv_mats_load(mats, i, w->a, w->ld);
    if (w->k > 0) {
        const lsv_backend *be = lsv_backend_for(LSV_BE_GEQRF, t, m, n, 0);
        LSV_TRY(be->geqrf(t, m, n, w->a, w->ld, w->tau, &info, err));
    }
    if (R) {
        size_t bytes = lsv_dtype_size(t);
        char *to = R->data + (size_t)(i * w->r * n) * bytes;
        lsv_mats_store(R, i, w->r, n, w->a, w->ld);
        for (ptrdiff_t row = 1; row < w->r; row++)
            memset(to + (size_t)(row * n) * bytes, 0, (size_t)lsv_min_size(row, n) * bytes);
    }
    if (!Q || w->q == 0) return LSV_OK;
    const lsv_backend *be = lsv_backend_for(LSV_BE_ORGQR, t, m, w->q, w->k);
    LSV_TRY(be->orgqr(t, m, w->q, w->k, w->a, w->ld, w->tau, &info, err));
    lsv_mats_store(Q, i, m, w->q, w->a, w->ld);
    return LSV_OK;
}

lsv_status lsv_qr(const lsv_array *a, lsv_qr_mode mode, lsv_array **Q, lsv_array **R, lsv_error *err) {
    lsv_mats mats;
    LSV_TRY(lsv_mats_open(a, "qr", LSV_MATS_FINITE, &mats, err));
    bool want_q = Q && mode != LSV_QR_R, complete = mode == LSV_QR_COMPLETE;
    qr_scratch w = {.k = lsv_min_size(mats.m, mats.n)};
    w.q = complete ? mats.m : w.k;
    w.r = complete ? mats.m : w.k;
    w.ld = lsv_mats_ld(mats.m, mats.compute);
    w.width = lsv_max_size(mats.n, w.q);
    lsv_array *q = NULL, *r = NULL;
    lsv_status status = lsv_mats_buffer(mats.compute, w.ld, w.width, &w.a, err);
    if (status == LSV_OK) status = lsv_mats_buffer(mats.compute, w.k, 1, &w.tau, err);
    if (status == LSV_OK && want_q) status = lsv_mats_result(&mats, 2, (ptrdiff_t[]){mats.m, w.q}, &q, err);
    if (status == LSV_OK && R) status = lsv_mats_result(&mats, 2, (ptrdiff_t[]){w.r, mats.n}, &r, err);
    for (ptrdiff_t i = 0; status == LSV_OK && i < mats.count; i++) {
        status = lsv_poll(err);
        if (status == LSV_OK) status = qr_one(&mats, i, &w, q, r, err);
    }
    if (status == LSV_OK) status = lsv_mats_finish(&mats, &q, err);
    if (status == LSV_OK) status = lsv_mats_finish(&mats, &r, err);
    if (status == LSV_OK) {
        if (Q) *Q = q, q = NULL;
        if (R) *R = r, r = NULL;
    }
    lsv_release(q);
    lsv_release(r);
    lsv_free(w.a);
    lsv_free(w.tau);
    lsv_mats_close(&mats);
    return status;
}

/* ---- eigenvalues ---- */

static lsv_status eigh_one(const lsv_mats *mats, ptrdiff_t i, bool upper, void *work, ptrdiff_t ld,
                           lsv_array *w, lsv_array *v, lsv_error *err) {
    lsv_dtype t = mats->compute;
    ptrdiff_t n = mats->n;
    int info = 0;
    lsv_mats_load(mats, i, work, ld);
    const lsv_backend *be = lsv_backend_for(LSV_BE_SYEVD, t, n, n, 0);
    LSV_TRY(be->syevd(t, v != NULL, upper, n, work, ld, w->data + (size_t)(i * n) * lsv_dtype_size(t), &info,
                      err));
    if (info != 0) {
        if (mats->kind == LSV_TORCH)
            return lsv_fail(err, LSV_ELINALG,
                            "linalg.eigh: The algorithm failed to converge (error code: %d)", info);
        return lsv_fail(err, LSV_ELINALG, "Eigenvalues did not converge");
    }
    if (v) lsv_mats_store(v, i, n, n, work, ld);
    return LSV_OK;
}

lsv_status lsv_eigh(const lsv_array *a, bool upper, lsv_array **w, lsv_array **v, lsv_error *err) {
    lsv_mats mats;
    LSV_TRY(lsv_mats_open(a, "eigh", LSV_MATS_SQUARE | LSV_MATS_FINITE, &mats, err));
    ptrdiff_t n = mats.n, ld = lsv_mats_ld(n, mats.compute);
    void *work = NULL;
    lsv_array *values = NULL, *vectors = NULL;
    lsv_status status = lsv_mats_buffer(mats.compute, ld, n, &work, err);
    if (status == LSV_OK) status = lsv_mats_result(&mats, 1, &n, &values, err);
    if (status == LSV_OK && v) status = lsv_mats_result(&mats, 2, (ptrdiff_t[]){n, n}, &vectors, err);
    for (ptrdiff_t i = 0; status == LSV_OK && n > 0 && i < mats.count; i++) {
        status = lsv_poll(err);
        if (status == LSV_OK) status = eigh_one(&mats, i, upper, work, ld, values, vectors, err);
    }
    if (status == LSV_OK) status = lsv_mats_finish(&mats, &values, err);
    if (status == LSV_OK) status = lsv_mats_finish(&mats, &vectors, err);
    if (status == LSV_OK) {
        if (w) *w = values, values = NULL;
        if (v) *v = vectors, vectors = NULL;
    }
    lsv_release(values);
    lsv_release(vectors);
    lsv_free(work);
    lsv_mats_close(&mats);
    return status;
}

typedef struct {
    ptrdiff_t ld;
    void *a, *wi, *vr;
} eig_scratch;

static lsv_status eig_one(const lsv_mats *mats, ptrdiff_t i, eig_scratch *s, lsv_array *w, lsv_array *v,
                          lsv_error *err) {
    lsv_dtype t = mats->compute;
    ptrdiff_t n = mats->n;
    int info = 0;
    lsv_mats_load(mats, i, s->a, s->ld);
    const lsv_backend *be = lsv_backend_for(LSV_BE_GEEV, t, n, n, 0);
    LSV_TRY(be->geev(t, n, s->a, s->ld, w->data + (size_t)(i * n) * lsv_dtype_size(t), s->wi,
                     v ? s->vr : NULL, s->ld, &info, err));
    if (info != 0) return lsv_fail(err, LSV_ELINALG, "Eigenvalues did not converge");
    for (ptrdiff_t j = 0; j < n; j++) {
        if (lsv_mats_get(t, s->wi, j) == 0) continue;
        lsv_status status = lsv_fail(
            err, LSV_ENOTIMPL,
            "eig: the matrix has complex eigenvalues (%.6g %+.6gi), and complex arrays are not offered",
            lsv_mats_get(t, w->data, i * n + j), lsv_mats_get(t, s->wi, j));
        lsv_hint(err, "a symmetric matrix has real ones only: eigh");
        return status;
    }
    if (v) lsv_mats_store(v, i, n, n, s->vr, s->ld);
    return LSV_OK;
}

lsv_status lsv_eig_real(const lsv_array *a, lsv_array **w, lsv_array **v, lsv_error *err) {
    lsv_mats mats;
    LSV_TRY(lsv_mats_open(a, "eig", LSV_MATS_SQUARE | LSV_MATS_FINITE, &mats, err));
    ptrdiff_t n = mats.n;
    eig_scratch s = {.ld = lsv_mats_ld(n, mats.compute)};
    lsv_array *values = NULL, *vectors = NULL;
    lsv_status status = lsv_mats_buffer(mats.compute, s.ld, n, &s.a, err);
    if (status == LSV_OK) status = lsv_mats_buffer(mats.compute, n, 1, &s.wi, err);
    if (status == LSV_OK) status = lsv_mats_result(&mats, 1, &n, &values, err);
    if (status == LSV_OK && v) status = lsv_mats_buffer(mats.compute, s.ld, n, &s.vr, err);
    if (status == LSV_OK && v) status = lsv_mats_result(&mats, 2, (ptrdiff_t[]){n, n}, &vectors, err);
    for (ptrdiff_t i = 0; status == LSV_OK && n > 0 && i < mats.count; i++) {
        status = lsv_poll(err);
        if (status == LSV_OK) status = eig_one(&mats, i, &s, values, vectors, err);
    }
    if (status == LSV_OK) status = lsv_mats_finish(&mats, &values, err);
    if (status == LSV_OK) status = lsv_mats_finish(&mats, &vectors, err);
    if (status == LSV_OK) {
        if (w) *w = values, values = NULL;
        if (v) *v = vectors, vectors = NULL;
    }
    lsv_release(values);
    lsv_release(vectors);
    lsv_free(s.a);
    lsv_free(s.wi);
    lsv_free(s.vr);
    lsv_mats_close(&mats);
    return status;
}

/* ---- Cholesky ---- */

static lsv_status cholesky_one(const lsv_mats *mats, ptrdiff_t i, bool upper, void *work, ptrdiff_t ld,
                               lsv_array *L, lsv_error *err) {
    lsv_dtype t = mats->compute;
    ptrdiff_t n = mats->n;
    int info = 0;
    lsv_mats_load(mats, i, work, ld);
    const lsv_backend *be = lsv_backend_for(LSV_BE_POTRF, t, n, n, 0);
    LSV_TRY(be->potrf(t, upper, n, work, ld, &info, err));
    if (info > 0) {
        char batch[64] = "";
        if (mats->kind == LSV_NUMPY)
            return lsv_fail(err, LSV_ELINALG,
                            "Matrix is not positive definite (its leading minor of order %d is not)", info);
        if (mats->batch_ndim) snprintf(batch, sizeof batch, "(Batch element %td): ", i);
        return lsv_fail(err, LSV_ELINALG,
                        "linalg.cholesky: %sThe factorization could not be completed because the input is "
                        "not positive-definite "
                        "(the leading minor of order %d is not positive-definite).",
                        batch, info);
    }
    for (ptrdiff_t j = 0; j < n; j++)
        for (ptrdiff_t row = upper ? j + 1 : 0; row < (upper ? n : j); row++)
            lsv_mats_put(t, work, j * ld + row, 0);
    lsv_mats_store(L, i, n, n, work, ld);
    return LSV_OK;
}

lsv_status lsv_cholesky(const lsv_array *a, bool upper, lsv_array **L, lsv_error *err) {
    lsv_mats mats;
    LSV_TRY(lsv_mats_open(a, "cholesky", LSV_MATS_SQUARE | LSV_MATS_FINITE, &mats, err));
    ptrdiff_t n = mats.n, ld = lsv_mats_ld(n, mats.compute);
    void *work = NULL;
    lsv_array *out = NULL;
    lsv_status status = lsv_mats_buffer(mats.compute, ld, n, &work, err);
    if (status == LSV_OK) status = lsv_mats_result(&mats, 2, (ptrdiff_t[]){n, n}, &out, err);
    for (ptrdiff_t i = 0; status == LSV_OK && n > 0 && i < mats.count; i++) {
        status = lsv_poll(err);
        if (status == LSV_OK) status = cholesky_one(&mats, i, upper, work, ld, out, err);
    }
    if (status == LSV_OK) status = lsv_mats_finish(&mats, &out, err);
    if (status == LSV_OK) *L = out, out = NULL;
    lsv_release(out);
    lsv_free(work);
    lsv_mats_close(&mats);
    return status;
}

/* ---- LU with partial pivoting, both factors in one matrix ---- */

lsv_status lsv_lu(const lsv_array *a, lsv_array **LU, lsv_array **pivots, lsv_error *err) {
    lsv_mats mats;
    LSV_TRY(lsv_mats_open(a, "lu_factor", LSV_MATS_FINITE, &mats, err));
    ptrdiff_t m = mats.m, n = mats.n, k = lsv_min_size(m, n), ld = lsv_mats_ld(m, mats.compute);
    ptrdiff_t shape[LSV_MAXDIM];
    void *work = NULL;
    lsv_array *lu = NULL, *piv = NULL;
    for (int d = 0; d < mats.batch_ndim; d++) shape[d] = mats.array->shape[d];
    shape[mats.batch_ndim] = k;
    lsv_status status = lsv_mats_buffer(mats.compute, ld, n, &work, err);
    if (status == LSV_OK) status = lsv_mats_result(&mats, 2, (ptrdiff_t[]){m, n}, &lu, err);
    if (status == LSV_OK) status = lsv_empty(mats.kind, LSV_INT32, mats.batch_ndim + 1, shape, &piv, err);
    for (ptrdiff_t i = 0; status == LSV_OK && k > 0 && i < mats.count; i++) {
        int info = 0;
        if ((status = lsv_poll(err)) != LSV_OK) break;
        lsv_mats_load(&mats, i, work, ld);
        const lsv_backend *be = lsv_backend_for(LSV_BE_GETRF, mats.compute, m, n, 0);
        status = be->getrf(mats.compute, m, n, work, ld, (int32_t *)piv->data + i * k, &info, err);
        if (status == LSV_OK) lsv_mats_store(lu, i, m, n, work, ld);
    }
    if (status == LSV_OK) status = lsv_mats_finish(&mats, &lu, err);
    if (status == LSV_OK) {
        if (LU) *LU = lu, lu = NULL;
        if (pivots) *pivots = piv, piv = NULL;
    }
    lsv_release(lu);
    lsv_release(piv);
    lsv_free(work);
    lsv_mats_close(&mats);
    return status;
}
