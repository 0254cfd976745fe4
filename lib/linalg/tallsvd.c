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

/* The long matrix, k columns of `rows` entries, row-major, and what is made of it. */
typedef struct scratch {
    ptrdiff_t rows, k, ld, lda;
    const double *a;
    double *copy;                         /* rows x ld: a, where it is not read as it lies    */
    double *tall, *turned;                /* rows x ld: of Q, and Q times the small vectors   */
    double *r, *u, *vt, *last, *x, *both; /* the first three k x k, the others ld x ld        */
    void *block;
} scratch;

static lsv_status tall_new(const scratch *w, double **out, lsv_error *err) {
    void *x;
    LSV_TRY(lsv_mats_buffer(LSV_FLOAT64, w->rows, w->ld, &x, err));
    *out = x;
    return LSV_OK;
}

static lsv_status scratch_new(ptrdiff_t rows, ptrdiff_t k, scratch *w, lsv_error *err) {
    *w = (scratch){.rows = rows, .k = k, .ld = lsv_pad8(k)};
    ptrdiff_t square = w->ld * w->ld;
    LSV_TRY(tall_new(w, &w->tall, err));
    LSV_TRY(lsv_mats_buffer(LSV_FLOAT64, 6 * w->ld, w->ld, &w->block, err));
    w->r = w->block, w->u = w->r + square, w->vt = w->u + square;
    w->last = w->vt + square, w->x = w->last + square, w->both = w->x + square;
    return LSV_OK;
}

static void scratch_free(scratch *w) {
    lsv_free(w->copy);
    lsv_free(w->tall);
    lsv_free(w->turned);
    lsv_free(w->block);
}

/* a, whose entries are `unit` apart within a row and whose rows are `step` apart: as it lies where its rows have
   no need of padding. */
static lsv_status take(scratch *w, const double *a, ptrdiff_t unit, ptrdiff_t step, lsv_error *err) {
    w->a = a, w->lda = step;
    if (unit == 1 && step >= w->k && w->ld == w->k) return LSV_OK;
    LSV_TRY(tall_new(w, &w->copy, err));
    for (ptrdiff_t i = 0; i < w->rows && w->ld > w->k; i++)
        memset(w->copy + i * w->ld + w->k, 0, (size_t)(w->ld - w->k) * sizeof *w->copy);
    lsv_mats_copy(LSV_FLOAT64, w->k, w->rows, a, unit, step, w->copy, w->ld);
    w->a = w->copy, w->lda = w->ld;
    return LSV_OK;
}

/* Q times the small vectors (columns of `small`, k x k column-major, or its rows): row-major into `out`, rows x ld. */
static lsv_status turn(const scratch *w, const double *small, bool rows_of_it, double *out, lsv_error *err) {
    ptrdiff_t k = w->k, ld = w->ld;
    memset(w->x, 0, (size_t)ld * (size_t)ld * sizeof *w->x);
    for (ptrdiff_t i = 0; i < k; i++)
        for (ptrdiff_t j = 0; j < k; j++) w->x[i * ld + j] = rows_of_it ? small[i * k + j] : small[j * k + i];
    LSV_TRY(lsv_thin_times(ld, ld, ld, w->last, ld, w->x, ld, false, w->both, ld, err));
    return lsv_thin_times(w->rows, ld, ld, w->tall, ld, w->both, ld, false, out, ld, err);
}

/* u, row-major with k columns */
static lsv_status long_u(scratch *w, double *u, lsv_error *err) {
    if (w->ld == w->k) return turn(w, w->u, false, u, err);
    LSV_TRY(tall_new(w, &w->turned, err));
    LSV_TRY(turn(w, w->u, false, w->turned, err));
    lsv_mats_copy(LSV_FLOAT64, w->k, w->rows, w->turned, 1, w->ld, u, w->k);
    return LSV_OK;
}

/* vt, row-major with k rows */
static lsv_status long_vt(scratch *w, double *vt, lsv_error *err) {
    LSV_TRY(tall_new(w, &w->turned, err));
    LSV_TRY(turn(w, w->vt, true, w->turned, err));
    lsv_mats_copy(LSV_FLOAT64, w->rows, w->k, w->turned, w->ld, 1, vt, w->rows);
    return LSV_OK;
}

lsv_status lsv_tall_svd(ptrdiff_t m, ptrdiff_t n, const double *a, ptrdiff_t rs, ptrdiff_t cs, double *u, double *s,
                        double *vt, lsv_error *err) {
    bool wide = n > m;
    ptrdiff_t k = wide ? m : n;
    scratch w;
    int before = k <= 256 ? lsv_backend_serial() : 0; /* LAPACK's part is small; the thin products have their own threads */
    lsv_status status = scratch_new(wide ? n : m, k, &w, err);
    if (status == LSV_OK) status = take(&w, a, wide ? rs : cs, wide ? cs : rs, err);
    if (status == LSV_OK) status = lsv_poll(err);
    if (status == LSV_OK) status = lsv_thin_qr_factors(w.rows, k, w.a, w.lda, w.tall, w.last, w.r, err);
    if (status == LSV_OK && wide)
        for (ptrdiff_t j = 0; j < k; j++)
            for (ptrdiff_t i = 0; i < j; i++) w.r[i * k + j] = w.r[j * k + i], w.r[j * k + i] = 0;
    if (status == LSV_OK) status = lsv_small_svd(k, w.r, s, u || vt ? w.u : NULL, w.vt, err);
    if (status == LSV_OK && wide && vt) status = long_vt(&w, vt, err);
    if (status == LSV_OK && !wide && u) status = long_u(&w, u, err);
    if (status == LSV_OK && wide && u) lsv_mats_copy(LSV_FLOAT64, k, k, w.u, k, 1, u, k);
    if (status == LSV_OK && !wide && vt) lsv_mats_copy(LSV_FLOAT64, k, k, w.vt, k, 1, vt, k);
    scratch_free(&w);
    lsv_backend_serial_done(before);
    return status;
}
