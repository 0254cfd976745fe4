/* A matrix as the iterative methods want it (dense.h), and small tools over the backend table. */
#include "linalg/dense.h"
#include <float.h>
#include <math.h>
#include <string.h>
#include "array/elementwise.h"
#include "array/mirror.h"
#include "array/reduce.h"
#include "linalg/linalg.h"

/* Squares and their sums stay far from both ends of the exponent range within these. */
enum { EXPONENT_MOST = 200 };

static double largest(const lsv_dense *d) {
    double most = 0;
    for (ptrdiff_t i = 0; i < d->m; i++) {
        const double *row = d->a + i * d->lda;
        double m0 = 0, m1 = 0, m2 = 0, m3 = 0;
        ptrdiff_t j = 0;
        for (; j + 4 <= d->n; j += 4) {
            double x0 = fabs(row[j]), x1 = fabs(row[j + 1]), x2 = fabs(row[j + 2]), x3 = fabs(row[j + 3]);
            m0 = x0 > m0 ? x0 : m0, m1 = x1 > m1 ? x1 : m1, m2 = x2 > m2 ? x2 : m2, m3 = x3 > m3 ? x3 : m3;
        }
        for (; j < d->n; j++) m0 = fabs(row[j]) > m0 ? fabs(row[j]) : m0;
        m0 = m0 > m1 ? m0 : m1, m2 = m2 > m3 ? m2 : m3, m0 = m0 > m2 ? m0 : m2;
        if (m0 > most) most = m0;
    }
    return most;
}

/* The norm, and whether it shows that no entry is NaN, Inf or of an extreme size. */
static bool measure(lsv_dense *d) {
    int e = 0;
    d->norm = sqrt(lsv_backend_square(d->m, d->n, d->a, d->lda));
    d->slack = ((double)d->n / 8 + (double)d->m + 10) * (DBL_EPSILON / 2);
    if (isfinite(d->norm)) frexp(d->norm, &e);
    return isfinite(d->norm) && d->norm > 0 && e < EXPONENT_MOST && e > -EXPONENT_MOST;
}

/* A copy of W in float64: row-major, or the transpose of it. */
static lsv_status copy_in(lsv_dense *d, const lsv_array *x, lsv_error *err) {
    void *copy;
    d->lda = lsv_mats_ld(d->n, LSV_FLOAT64);
    LSV_TRY(lsv_mats_buffer(LSV_FLOAT64, d->m, d->lda, &copy, err));
    ptrdiff_t rs = x->strides[d->transposed ? 1 : 0], cs = x->strides[d->transposed ? 0 : 1];
    /* row-major here is column-major of the transpose there */
    lsv_mats_copy(LSV_FLOAT64, d->n, d->m, x->data, cs, rs, copy, d->lda);
    d->a = d->owned = copy;
    return LSV_OK;
}

static lsv_status rescale(lsv_dense *d, const lsv_array *x, lsv_error *err) {
    double most = largest(d);
    int e = 0;
    frexp(most, &e);
    if (most == 0 || (e < EXPONENT_MOST && e > -EXPONENT_MOST)) return LSV_OK;
    if (!d->owned) LSV_TRY(copy_in(d, x, err));
    for (ptrdiff_t i = 0; i < d->m; i++)
        for (ptrdiff_t j = 0; j < d->n; j++) d->owned[i * d->lda + j] = ldexp(d->owned[i * d->lda + j], -e);
    d->exponent = e;
    return LSV_OK;
}

/* Shape and orientation of x as it is held. true: x can be read as it lies. */
static bool orient(lsv_dense *d, const lsv_array *x) {
    d->m = x->shape[0], d->n = x->shape[1];
    bool rows = x->strides[1] == 1 && x->strides[0] >= d->n, cols = x->strides[0] == 1 && x->strides[1] >= d->m;
    d->transposed = d->n > 2 * d->m || (cols && !rows && d->m <= 2 * d->n);
    if (d->transposed) d->m = x->shape[1], d->n = x->shape[0];
    return d->transposed ? cols : rows;
}

static void as_it_lies(lsv_dense *d, const lsv_array *x, bool transposed) {
    d->a = (const double *)(const void *)x->data;
    d->lda = x->strides[transposed ? 1 : 0];
}

/* Bytes from the first element to the last. */
static size_t reach(const lsv_dense *d) {
    return ((size_t)lsv_max_size(d->m - 1, 0) * (size_t)d->lda + (size_t)d->n) * sizeof *d->a;
}

/* Would `bytes` to copy there pay? Steps take 16 vectors at a time, and a score of them is usual. */
static bool worth_keeping(const lsv_dense *d, size_t bytes) {
    return lsv_backend_keep(LSV_BE_PANEL_GRAM, LSV_FLOAT64, d->m, d->n, 16, 20, bytes);
}

lsv_status lsv_dense_open(const lsv_array *W, const char *name, lsv_dense *d, lsv_error *err) {
    LSV_TRY(lsv_host(W, err));
    *d = (lsv_dense){0};
    LSV_TRY(lsv_host_as_dtype(W, LSV_FLOAT64, &d->array, err));
    const lsv_array *x = d->array;
    lsv_status status = LSV_OK;
    if (orient(d, x)) as_it_lies(d, x, d->transposed);
    else status = copy_in(d, x, err);
    if (status == LSV_OK && !measure(d)) { /* rarely: then with care */
        status = lsv_mats_finite(W, name, err);
        if (status == LSV_OK) status = rescale(d, x, err);
        if (status == LSV_OK) (void)measure(d);
    }
    if (status == LSV_OK && worth_keeping(d, reach(d))) {
        d->mirror = lsv_mirror_begin(d->a, reach(d)); /* read by every step: copied once */
        if (d->mirror && lsv_mirror_on_device(d->mirror, true, err) == LSV_EINTR) status = LSV_EINTR;
    }
    if (status != LSV_OK) lsv_dense_close(d);
    return status;
}

/* ---- on a device ---- */

/* A new array of the device: x, widened, its elements in C order. */
static lsv_status widened(const lsv_array *x, lsv_array **out, lsv_error *err) {
    LSV_TRY(lsv_device->convert(x, LSV_FLOAT64, out, err));
    (*out)->storage->mirror->temporary = true;
    return LSV_OK;
}

/* `array` and `a` of a matrix whose elements are on the device. LSV_ENOTIMPL: not to be had there. */
static lsv_status bring_there(const lsv_array *W, lsv_dense *d, lsv_error *err) {
    if (W->dtype == LSV_FLOAT64) d->array = lsv_ref(lsv_borrow(W));
    else LSV_TRY(widened(W, &d->array, err));
    const lsv_array *x = d->array;
    bool fits = orient(d, x);
    if (fits) as_it_lies(d, x, d->transposed);
    if (fits && d->lda == d->n) return LSV_OK;
    lsv_array *v; /* gaps between rows, or the other way round: once more, dense */
    LSV_TRY(lsv_view((lsv_array *)(uintptr_t)x, &v, err));
    if (d->transposed) {
        v->shape[0] = x->shape[1], v->shape[1] = x->shape[0];
        v->strides[0] = x->strides[1], v->strides[1] = x->strides[0];
    }
    lsv_status status = widened(v, &d->turned, err);
    lsv_release(v);
    if (status == LSV_OK) as_it_lies(d, d->turned, false);
    return status;
}

/* Each row's sum in whatever order, and theirs one by one. */
static lsv_status measure_there(lsv_dense *d, lsv_error *err) {
    double *sums, all = 0;
    int e = 0;
    LSV_TRY(lsv_thin_new(1, d->m, &sums, err));
    lsv_status status = lsv_scratch_row_squares(d->a, d->m, d->n, sums, err);
    for (ptrdiff_t i = 0; i < d->m; i++) all += sums[i];
    lsv_free(sums);
    LSV_TRY(status);
    d->norm = sqrt(all);
    d->slack = ((double)d->n + (double)d->m + 10) * (DBL_EPSILON / 2);
    if (isfinite(d->norm)) frexp(d->norm, &e);
    bool fine = isfinite(d->norm) && d->norm > 0 && e < EXPONENT_MOST && e > -EXPONENT_MOST;
    return fine ? LSV_OK : LSV_ENOTIMPL; /* NaN, zeros and extreme sizes are the host's */
}

static lsv_status open_on_device(const lsv_array *W, lsv_dense *d, lsv_error *err) {
    LSV_TRY(bring_there(W, d, err));
    d->mirror = lsv_mirror_begin(d->a, reach(d));
    if (!d->mirror) return LSV_ENOTIMPL;
    LSV_TRY(measure_there(d, err));
    d->resident = true;
    return LSV_OK;
}

/* Its elements are on the device now, and nothing speaks against their staying there. */
static bool is_there(const lsv_array *W) {
    lsv_mirror *m = W->storage ? W->storage->mirror : NULL;
    return lsv_device && m && m->device_valid && W->size > 0;
}

lsv_status lsv_dense_open_there(const lsv_array *W, const char *name, lsv_dense *d, lsv_error *err) {
    *d = (lsv_dense){.m = W->shape[0], .n = W->shape[1]};
    if (is_there(W) && worth_keeping(d, 0)) {
        lsv_status status = open_on_device(W, d, err);
        if (status == LSV_OK) return LSV_OK;
        lsv_dense_close(d);
        if (status == LSV_EINTR) return status;
    }
    LSV_TRY(lsv_dense_open(W, name, d, err));
    d->resident = d->mirror && d->mirror->device_valid;
    return LSV_OK;
}

lsv_status lsv_dense_leave(lsv_dense *d, lsv_error *err) {
    if (d->mirror) LSV_TRY(lsv_mirror_to_host(d->mirror, err));
    LSV_TRY(lsv_host(d->array, err));
    d->resident = false;
    return LSV_OK;
}

lsv_status lsv_dense_room(const lsv_dense *d, ptrdiff_t rows, ptrdiff_t cols, double **out, lsv_error *err) {
    void *x;
    LSV_TRY(lsv_mats_buffer(LSV_FLOAT64, rows, cols, &x, err));
    size_t bytes = (size_t)lsv_max_size(rows, 1) * (size_t)lsv_max_size(cols, 1) * sizeof(double);
    if (d->resident && !lsv_scratch_begin(x, bytes)) {
        lsv_free(x);
        return lsv_fail(err, LSV_ENOTIMPL, "no scratch on the GPU");
    }
    *out = x;
    return LSV_OK;
}

void lsv_dense_give(double *x) {
    lsv_scratch_end(x);
    lsv_free(x);
}

lsv_status lsv_thin_copy(ptrdiff_t rows, ptrdiff_t cols, const double *from, ptrdiff_t step, double *to,
                         ptrdiff_t to_step, lsv_error *err) {
    if (lsv_scratch_is(to)) return lsv_scratch_copy(to, to_step, from, step, rows, cols, err);
    for (ptrdiff_t i = 0; i < rows; i++) memcpy(to + i * to_step, from + i * step, (size_t)cols * sizeof *to);
    return LSV_OK;
}

void lsv_dense_close(lsv_dense *d) {
    lsv_mirror_end(d->mirror);
    lsv_free(d->owned);
    lsv_release(d->turned);
    lsv_release(d->array);
    *d = (lsv_dense){0};
}

lsv_status lsv_thin_new(ptrdiff_t rows, ptrdiff_t cols, double **out, lsv_error *err) {
    void *x;
    LSV_TRY(lsv_mats_buffer(LSV_FLOAT64, rows, lsv_pad8(cols), &x, err));
    memset(x, 0, (size_t)lsv_max_size(rows, 1) * (size_t)lsv_max_size(lsv_pad8(cols), 1) * sizeof(double));
    *out = x;
    return LSV_OK;
}

lsv_status lsv_thin_times(ptrdiff_t m, ptrdiff_t n, ptrdiff_t b, const double *v, ptrdiff_t ldv, const double *x,
                          ptrdiff_t ldx, bool add, double *y, ptrdiff_t ldy, lsv_error *err) {
    return lsv_backend_for(LSV_BE_PANEL, LSV_FLOAT64, m, n, b)
        ->panel(LSV_FLOAT64, m, n, b, v, ldv, x, ldx, add, y, ldy, err);
}

lsv_status lsv_thin_transposed(ptrdiff_t m, ptrdiff_t n, ptrdiff_t b, const double *v, ptrdiff_t ldv,
                               const double *y, ptrdiff_t ldy, double *z, ptrdiff_t ldz, lsv_error *err) {
    return lsv_backend_for(LSV_BE_PANEL_T, LSV_FLOAT64, m, n, b)
        ->panel_t(LSV_FLOAT64, m, n, b, v, ldv, y, ldy, z, ldz, err);
}

lsv_status lsv_dense_times(const lsv_dense *d, ptrdiff_t b, const double *x, ptrdiff_t ldx, double *y,
                           ptrdiff_t ldy, lsv_error *err) {
    return lsv_thin_times(d->m, d->n, b, d->a, d->lda, x, ldx, false, y, ldy, err);
}

lsv_status lsv_dense_transposed(const lsv_dense *d, ptrdiff_t b, const double *y, ptrdiff_t ldy, double *z,
                                ptrdiff_t ldz, lsv_error *err) {
    return lsv_thin_transposed(d->m, d->n, b, d->a, d->lda, y, ldy, z, ldz, err);
}

lsv_status lsv_dense_gram(const lsv_dense *d, ptrdiff_t b, const double *x, ptrdiff_t ldx, double *z,
                          ptrdiff_t ldz, lsv_error *err) {
    return lsv_backend_for(LSV_BE_PANEL_GRAM, LSV_FLOAT64, d->m, d->n, b)
        ->panel_gram(LSV_FLOAT64, d->m, d->n, b, d->a, d->lda, x, ldx, z, ldz, err);
}

lsv_status lsv_small_svd(ptrdiff_t k, double *a, double *s, double *u, double *vt, lsv_error *err) {
    int info = 0;
    const lsv_backend *be = lsv_backend_for(LSV_BE_GESDD, LSV_FLOAT64, k, k, 0);
    LSV_TRY(be->gesdd(LSV_FLOAT64, u ? 'S' : 'N', k, k, a, k, s, u, k, vt, k, &info, err));
    return info == 0 ? LSV_OK : lsv_fail(err, LSV_ELINALG, "SVD did not converge");
}

/* splitmix64, then the polar method's cousin of Box and Muller. */
static double next_uniform(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return ((double)(z >> 11) + 0.5) * 0x1p-53;
}

void lsv_gauss_fill(uint64_t *state, double *x, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i += 2) {
        double r = sqrt(-2 * log(next_uniform(state))), t = 6.283185307179586 * next_uniform(state);
        x[i] = r * cos(t);
        if (i + 1 < n) x[i + 1] = r * sin(t);
    }
}

void lsv_even_fill(uint64_t *state, double *x, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) x[i] = 2 * next_uniform(state) - 1;
}
