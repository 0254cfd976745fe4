/* Thin SVD of a matrix that is many times as long as wide: QR first, then the SVD of the small triangle.

   LAPACK does the same, with Householder reflections that read the matrix once per column; thinqr.c reads it a
   few times in all. R is given the signs of Householder's, and the triangle then goes through the very
   call it would have gone through inside LAPACK: the signs of U and Vh are LAPACK's, and NumPy's. A wide
   matrix is the transpose of a long one, its triangle lower. */
#include <string.h>
#include "linalg/dense.h"
#include "linalg/svd_inside.h"

enum { TIMES_AS_LONG = 8, NARROWEST = 16, WIDEST = 512, LEAST = 1 << 16 };

bool lsv_tall_svd_suits(ptrdiff_t m, ptrdiff_t n) {
    ptrdiff_t large = lsv_max_size(m, n), small = lsv_min_size(m, n);
    return small >= NARROWEST && small <= WIDEST && large / TIMES_AS_LONG >= small && large >= LEAST / small;
}

typedef struct scratch {
    ptrdiff_t rows, k, ld;
    double *q, *turned;           /* rows x ld  */
    double *r, *u, *vt, *x;       /* k x k; x: ld x ld, row-major */
    void *block;
} scratch;

static lsv_status scratch_new(ptrdiff_t rows, ptrdiff_t k, bool vectors, scratch *w, lsv_error *err) {
    *w = (scratch){.rows = rows, .k = k, .ld = lsv_pad8(k)};
    void *q = NULL, *turned = NULL;
    lsv_status status = lsv_mats_buffer(LSV_FLOAT64, rows, w->ld, &q, err);
    if (status == LSV_OK && vectors) status = lsv_mats_buffer(LSV_FLOAT64, rows, w->ld, &turned, err);
    w->q = q, w->turned = turned;
    for (ptrdiff_t i = 0; status == LSV_OK && i < rows && w->ld > k; i++)
        memset(w->q + i * w->ld + k, 0, (size_t)(w->ld - k) * sizeof *w->q);
    if (status == LSV_OK) status = lsv_mats_buffer(LSV_FLOAT64, 4 * w->ld, w->ld, &w->block, err);
    if (status == LSV_OK) {
        w->r = w->block;
        w->u = w->r + k * k, w->vt = w->u + k * k, w->x = w->vt + k * k;
    }
    return status;
}

static void scratch_free(scratch *w) {
    lsv_free(w->q);
    lsv_free(w->turned);
    lsv_free(w->block);
}

/* The long side: Q times the small vectors (columns of `small`, k x k column-major). */
static lsv_status turn(scratch *w, const double *small, bool rows_of_it, lsv_error *err) {
    memset(w->x, 0, (size_t)w->ld * (size_t)w->ld * sizeof *w->x);
    for (ptrdiff_t i = 0; i < w->k; i++)
        for (ptrdiff_t j = 0; j < w->k; j++) w->x[i * w->ld + j] = rows_of_it ? small[i * w->k + j] : small[j * w->k + i];
    return lsv_thin_times(w->rows, w->ld, w->ld, w->q, w->ld, w->x, w->ld, false, w->turned, w->ld, err);
}

lsv_status lsv_tall_svd(ptrdiff_t m, ptrdiff_t n, const double *a, ptrdiff_t rs, ptrdiff_t cs, double *u, double *s,
                        double *vt, lsv_error *err) {
    bool wide = n > m;
    ptrdiff_t rows = wide ? n : m, k = wide ? m : n;
    scratch w;
    int before = k <= 256 ? lsv_backend_serial() : 0; /* LAPACK's part is small; the thin products have their own threads */
    lsv_status status = scratch_new(rows, k, u || vt, &w, err);
    if (status == LSV_OK) {
        lsv_mats_copy(LSV_FLOAT64, k, rows, a, wide ? rs : cs, wide ? cs : rs, w.q, w.ld);
        status = lsv_poll(err);
    }
    if (status == LSV_OK) status = lsv_thin_qr(rows, k, w.q, w.r, u || vt, err);
    if (status == LSV_OK && wide)
        for (ptrdiff_t j = 0; j < k; j++)
            for (ptrdiff_t i = 0; i < j; i++) w.r[i * k + j] = w.r[j * k + i], w.r[j * k + i] = 0;
    if (status == LSV_OK) status = lsv_small_svd(k, w.r, s, u || vt ? w.u : NULL, w.vt, err);
    if (status == LSV_OK && (u || vt)) status = turn(&w, wide ? w.vt : w.u, wide, err);
    if (status == LSV_OK && u) {
        if (wide) lsv_mats_copy(LSV_FLOAT64, k, k, w.u, k, 1, u, k);
        else lsv_mats_copy(LSV_FLOAT64, k, rows, w.turned, 1, w.ld, u, k);
    }
    if (status == LSV_OK && vt) {
        if (wide) lsv_mats_copy(LSV_FLOAT64, rows, k, w.turned, w.ld, 1, vt, rows);
        else lsv_mats_copy(LSV_FLOAT64, k, k, w.vt, k, 1, vt, k);
    }
    scratch_free(&w);
    lsv_backend_serial_done(before);
    return status;
}
