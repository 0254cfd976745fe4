/* Singular value decomposition.

   The matrix is copied column-major and handed to LAPACK as it stands, never as its transpose:
   the signs of U and Vh, which are free, are then those NumPy and PyTorch get from the same call. Large
   matrices many times as long as wide go another way to the same answer (tallsvd.c). */
#include <string.h>
#include "array/mirror.h"
#include "linalg/linalg.h"
#include "linalg/matrix.h"
#include "linalg/svd_inside.h"

typedef struct {
    char job;            /* 'N', 'S' or 'A' */
    ptrdiff_t k, mu, nv; /* min(m, n), columns of U, rows of Vh */
    ptrdiff_t lda, ldu, ldv;
    void *a, *u, *vt, *s;
} scratch;

static lsv_status scratch_new(const lsv_mats *mats, char job, bool full, scratch *w, lsv_error *err) {
    lsv_dtype t = mats->compute;
    w->job = job;
    w->k = lsv_min_size(mats->m, mats->n);
    w->mu = full ? mats->m : w->k;
    w->nv = full ? mats->n : w->k;
    w->lda = lsv_mats_ld(mats->m, t);
    w->ldu = lsv_mats_ld(mats->m, t);
    w->ldv = lsv_mats_ld(w->nv, t);
    LSV_TRY(lsv_mats_buffer(t, w->lda, mats->n, &w->a, err));
    LSV_TRY(lsv_mats_buffer(t, w->k, 1, &w->s, err));
    if (job == 'N') return LSV_OK;
    LSV_TRY(lsv_mats_buffer(t, w->ldu, w->mu, &w->u, err));
    return lsv_mats_buffer(t, w->ldv, mats->n, &w->vt, err);
}

static void scratch_free(scratch *w) {
    lsv_free(w->a);
    lsv_free(w->s);
    lsv_free(w->u);
    lsv_free(w->vt);
}

/* One matrix: divide and conquer, and QR iteration where that was asked for or the first did not converge. */
static lsv_status factor(const lsv_mats *mats, ptrdiff_t i, lsv_svd_driver driver, scratch *w,
                         lsv_error *err) {
    lsv_dtype t = mats->compute;
    int info = 1;
    if (driver != LSV_SVD_GESVD) {
        const lsv_backend *be = lsv_backend_for(LSV_BE_GESDD, t, mats->m, mats->n, 0);
        lsv_mats_load(mats, i, w->a, w->lda);
        LSV_TRY(be->gesdd(t, w->job, mats->m, mats->n, w->a, w->lda, w->s, w->u, w->ldu, w->vt, w->ldv, &info,
                          err));
    }
    if (info != 0 && driver != LSV_SVD_GESDD) {
        const lsv_backend *be = lsv_backend_for(LSV_BE_GESVD, t, mats->m, mats->n, 0);
        lsv_mats_load(mats, i, w->a, w->lda);
        LSV_TRY(be->gesvd(t, w->job, mats->m, mats->n, w->a, w->lda, w->s, w->u, w->ldu, w->vt, w->ldv, &info,
                          err));
    }
    if (info == 0) return LSV_OK;
    if (mats->kind == LSV_TORCH)
        return lsv_fail(err, LSV_ELINALG, "linalg.svd: The algorithm failed to converge (error code: %d)",
                        info);
    return lsv_fail(err, LSV_ELINALG, "SVD did not converge");
}

/* Of an empty matrix: no singular values, identities of the sizes asked for. */
static void identity(lsv_array *out, ptrdiff_t count, ptrdiff_t n) {
    memset(out->data, 0, (size_t)out->size * lsv_dtype_size(out->dtype));
    for (ptrdiff_t c = 0; c < count; c++)
        for (ptrdiff_t i = 0; i < n; i++) lsv_mats_put(out->dtype, out->data, c * n * n + i * (n + 1), 1);
}

/* One long matrix, straight from the operand into the results. */
static lsv_status factor_long(const lsv_mats *mats, lsv_array *U, lsv_array *S, lsv_array *Vh, lsv_error *err) {
    const lsv_array *a = mats->array;
    return lsv_tall_svd(mats->m, mats->n, (const double *)(const void *)a->data, a->strides[a->ndim - 2],
                        a->strides[a->ndim - 1], U ? (double *)(void *)U->data : NULL, (double *)(void *)S->data,
                        Vh ? (double *)(void *)Vh->data : NULL, err);
}

static lsv_status decompose(const lsv_mats *mats, scratch *w, lsv_svd_driver driver, lsv_array *U,
                            lsv_array *S, lsv_array *Vh, lsv_error *err) {
    size_t width = lsv_dtype_size(mats->compute);
    if (w->k == 0) {
        if (U) identity(U, mats->count, w->mu);
        if (Vh) identity(Vh, mats->count, w->nv);
        return LSV_OK;
    }
    for (ptrdiff_t i = 0; i < mats->count; i++) {
        LSV_TRY(lsv_poll(err));
        LSV_TRY(factor(mats, i, driver, w, err));
        memcpy(S->data + (size_t)(i * w->k) * width, w->s, (size_t)w->k * width);
        if (U) lsv_mats_store(U, i, mats->m, w->mu, w->u, w->ldu);
        if (Vh) lsv_mats_store(Vh, i, w->nv, mats->n, w->vt, w->ldv);
    }
    return LSV_OK;
}

/* A matrix that a GPU is asked about: one that it would compute in the dtype it has. */
static bool there(const lsv_array *a) {
    bool plain = a->ndim == 2 && (a->dtype == LSV_FLOAT64 || (a->dtype == LSV_FLOAT32 && a->kind == LSV_TORCH));
    if (!plain || (!a->device && !a->storage)) return false;
    if (lsv_backend_for(LSV_BE_GESDD, (lsv_dtype)a->dtype, a->shape[0], a->shape[1], 0) == &lsv_backend_cpu && !a->device) return false;
    return lsv_device != NULL;
}

lsv_status lsv_svd(const lsv_array *a, bool full, lsv_svd_driver driver, lsv_array **U, lsv_array **S,
                   lsv_array **Vh, lsv_error *err) {
    lsv_mats mats;
    if (there(a)) { /* straight from where it is, without a column-major copy */
        lsv_status status = lsv_device->svd(a, full, driver == LSV_SVD_GESVD, U, S, Vh, err);
        if (status != LSV_ENOTIMPL) return status;
    }
    LSV_TRY(lsv_mats_open(a, "svd", LSV_MATS_FINITE, &mats, err));
    scratch w = {0};
    lsv_array *u = NULL, *s = NULL, *vh = NULL;
    bool by_qr = mats.count == 1 && mats.compute == LSV_FLOAT64 && driver == LSV_SVD_AUTO && (!full || (!U && !Vh)) &&
                 lsv_tall_svd_suits(mats.m, mats.n);
    lsv_status status = LSV_OK;
    if (by_qr) w.k = w.mu = w.nv = lsv_min_size(mats.m, mats.n);
    else status = scratch_new(&mats, U || Vh ? (full ? 'A' : 'S') : 'N', full, &w, err);
    if (status == LSV_OK) status = lsv_mats_result(&mats, 1, (ptrdiff_t[]){w.k}, &s, err);
    if (status == LSV_OK && U) status = lsv_mats_result(&mats, 2, (ptrdiff_t[]){mats.m, w.mu}, &u, err);
    if (status == LSV_OK && Vh) status = lsv_mats_result(&mats, 2, (ptrdiff_t[]){w.nv, mats.n}, &vh, err);
    if (status == LSV_OK)
        status = by_qr ? factor_long(&mats, u, s, vh, err) : decompose(&mats, &w, driver, u, s, vh, err);
    if (status == LSV_OK) status = lsv_mats_finish(&mats, &u, err);
    if (status == LSV_OK) status = lsv_mats_finish(&mats, &s, err);
    if (status == LSV_OK) status = lsv_mats_finish(&mats, &vh, err);
    if (status == LSV_OK && u) status = lsv_follow(&u, a->device, err);
    if (status == LSV_OK) status = lsv_follow(&s, a->device, err);
    if (status == LSV_OK && vh) status = lsv_follow(&vh, a->device, err);
    if (status == LSV_OK) {
        if (U) *U = u, u = NULL;
        if (S) *S = s, s = NULL;
        if (Vh) *Vh = vh, vh = NULL;
    }
    lsv_release(u);
    lsv_release(s);
    lsv_release(vh);
    scratch_free(&w);
    lsv_mats_close(&mats);
    return status;
}
