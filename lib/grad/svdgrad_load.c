/* The operands of svdgrad: shapes, dtypes, NaN and Inf, and the scaling by powers of two.

   A is read where it lies when it is float64, contiguous and of ordinary size; one dot product of its entries
   tells, since NaN, Inf and extreme entries all show in the sum of squares. */
#include <stdlib.h>
#include <string.h>
#include "grad/svdgrad_call.h"

typedef lsv_sg_call call;

static lsv_status shape_error(const lsv_array *x, const char *name, int operand, ptrdiff_t want,
                              ptrdiff_t count, lsv_error *err) {
    char text[128];
    lsv_shape_text(x, text, sizeof text);
    lsv_status status =
        count > 1 ? lsv_fail(err, LSV_EVALUE,
                             "svdgrad: %s must have shape (%td, %td) for %td triplets, and it has shape %s",
                             name, want, count, count, text)
                  : lsv_fail(err, LSV_EVALUE, "svdgrad: %s must have %td entries, and it has shape %s", name,
                             want, text);
    lsv_blame(err, operand);
    return status;
}

/* x, of shape (rows, count) (or rows entries where count is 1), into out[count][rows]. */
static lsv_status load(const lsv_array *x, const char *name, int operand, ptrdiff_t rows, ptrdiff_t count,
                       double *out, bool *nonzero, lsv_error *err) {
    if (!x) return LSV_OK;
    bool vector = count == 1 && x->size == rows &&
                  (x->ndim == 1 || (x->ndim == 0 && rows == 1) ||
                   (x->ndim == 2 && (x->shape[0] == 1 || x->shape[1] == 1)));
    bool matrix = x->ndim == 2 && x->shape[0] == rows && x->shape[1] == count;
    bool list = rows == 1 && x->ndim == 1 && x->size == count; /* xi */
    if (!vector && !matrix && !list) return shape_error(x, name, operand, rows, count, err);
    lsv_array *wide, *flat;
    LSV_TRY(lsv_as_dtype(lsv_borrow(x), LSV_FLOAT64, &wide, err));
    lsv_status status = lsv_contiguous(wide, &flat, err);
    lsv_release(wide);
    LSV_TRY(status);
    for (ptrdiff_t i = 0; i < rows * count; i++) {
        double value = ((const double *)(const void *)flat->data)[i];
        out[i % count * rows + i / count] = value;
        if (value != 0) *nonzero = true;
        if (!isfinite(value) && status == LSV_OK) {
            status = lsv_fail(err, LSV_ELINALG, "svdgrad: %s contains nan or inf at [%td]", name, i / count);
            lsv_blame(err, operand);
        }
    }
    lsv_release(flat);
    return status;
}

/* How many triplets the cotangents are for. */
static ptrdiff_t count_of(const lsv_array *xi, const lsv_array *phi, const lsv_array *psi, ptrdiff_t m,
                          ptrdiff_t n) {
    const lsv_array *parts[] = {phi, psi};
    ptrdiff_t rows[] = {m, n};
    for (int i = 0; i < 2; i++)
        if (parts[i] && parts[i]->ndim == 2 && parts[i]->shape[0] == rows[i]) return parts[i]->shape[1];
    return xi && xi->ndim == 1 ? xi->size : 1;
}

static lsv_status load_cotangents(call *c, const lsv_array *xi, const lsv_array *phi, const lsv_array *psi,
                                  lsv_error *err) {
    ptrdiff_t m = c->w.m, n = c->w.n;
    bool ignored = false;
    c->count = count_of(xi, phi, psi, m, n);
    c->block = c->count != 1;
    if (c->count < 1 || c->count > c->w.k)
        return lsv_fail(err, LSV_EVALUE,
                        "svdgrad: cotangents of %td triplets, and a (%td, %td) matrix has %td", c->count, m,
                        n, c->w.k);
    if (c->block && c->o.index != 0)
        return lsv_fail(err, LSV_EVALUE,
                        "svdgrad: matrices phi and psi are for the first triplets; index must be 0");
    c->xi = lsv_sg_vector(c->count, m + n + 1, err);
    if (!c->xi) return LSV_ENOMEM;
    c->phi = c->xi + c->count;
    c->psi = c->phi + c->count * m;
    LSV_TRY(load(xi, "xi", 1, 1, c->count, c->xi, &ignored, err));
    LSV_TRY(load(phi, "phi", 2, m, c->count, c->phi, &c->w.uv, err));
    LSV_TRY(load(psi, "psi", 3, n, c->count, c->psi, &c->w.uv, err));
    if (!c->o.u0) return LSV_OK;
    c->u0 = lsv_sg_vector(m, 1, err);
    if (!c->u0) return LSV_ENOMEM;
    return load(c->o.u0, "u0", -1, m, 1, c->u0, &ignored, err);
}

/* Entries near 1, by a power of two; left alone where they are within 2^+-64 of it already. */
static int exponent_of(ptrdiff_t n, const double *x) {
    double top[4] = {0, 0, 0, 0};
    for (ptrdiff_t i = 0; i < n; i++) {
        double a = fabs(x[i]);
        if (a > top[i & 3]) top[i & 3] = a;
    }
    int e;
    frexp(fmax(fmax(top[0], top[1]), fmax(top[2], top[3])), &e);
    return abs(e) <= 64 ? 0 : e;
}

/* A as doubles: its own memory where that is what is wanted, else a copy. */
static lsv_status load_matrix(lsv_sg *w, const lsv_array *A, lsv_array **held, lsv_error *err) {
    lsv_array *wide;
    LSV_TRY(lsv_as_dtype(lsv_borrow(A), LSV_FLOAT64, &wide, err));
    lsv_status status = lsv_contiguous(wide, held, err);
    lsv_release(wide);
    LSV_TRY(status);
    w->A = (const double *)(const void *)(*held)->data;
    ptrdiff_t size = w->m * w->n, i = 0;
    double square = lsv_backend_square(w->m, w->n, w->A, w->n); /* one quick pass tells that nothing is out of the ordinary */
    if (square > 0x1p-100 && square < 0x1p+100) return LSV_OK;
    status = lsv_mats_finite(A, "svdgrad", err);
    if (status != LSV_OK) lsv_blame(err, 0);
    LSV_TRY(status);
    while (i < size && w->A[i] == 0) i++;
    if (i == size) return lsv_fail(err, LSV_ELINALG, "svdgrad: A = 0: no singular vector is defined");
    w->exponent = exponent_of(size, w->A);
    if (w->exponent == 0) return LSV_OK;
    w->owned = lsv_sg_vector(w->m, w->n, err);
    if (!w->owned) return LSV_ENOMEM;
    for (i = 0; i < size; i++) w->owned[i] = ldexp(w->A[i], -w->exponent);
    w->A = w->owned;
    return LSV_OK;
}

static lsv_status make_room(call *c, lsv_error *err) {
    lsv_sg *w = &c->w;
    w->block = lsv_sg_vector(4, w->m + w->n, err);
    if (!w->block) return LSV_ENOMEM;
    w->u = w->block, w->p = w->u + w->m, w->f = w->p + w->m, w->phi = w->f + w->m;
    w->v = w->phi + w->m, w->q = w->v + w->n, w->g = w->q + w->n, w->psi = w->g + w->n;
    ptrdiff_t entries = c->count * (w->m + w->n);
    w->cotangent = w->uv ? exponent_of(entries, c->phi) : 0;
    for (ptrdiff_t i = 0; w->cotangent && i < entries; i++) c->phi[i] = ldexp(c->phi[i], -w->cotangent);
    return LSV_OK;
}

lsv_status lsv_sg_open(lsv_sg_call *c, const lsv_array *A, const lsv_array *xi, const lsv_array *phi,
                       const lsv_array *psi, lsv_array **held, lsv_error *err) {
    char text[128];
    lsv_sg *w = &c->w;
    lsv_shape_text(A, text, sizeof text);
    if (A->ndim != 2)
        return lsv_fail(err, LSV_EVALUE, "svdgrad: A must be a matrix, and it has shape %s", text);
    w->m = A->shape[0], w->n = A->shape[1], w->k = lsv_min_size(w->m, w->n), w->i = c->o.index;
    if (c->o.index < 0 || c->o.index >= w->k)
        return lsv_fail(err, LSV_EINDEX, "svdgrad: triplet %td of a %s matrix: it has %td", c->o.index, text,
                        w->k);
    c->kind = (lsv_kind)A->kind;
    c->out = lsv_dtype_is_float((lsv_dtype)A->dtype) ? (lsv_dtype)A->dtype
             : A->kind == LSV_TORCH                  ? LSV_FLOAT32
                                                     : LSV_FLOAT64;
    w->eps = lsv_mats_eps(c->out == LSV_FLOAT64 ? LSV_FLOAT64 : LSV_FLOAT32);
    w->tol = c->o.tol;
    w->unit = 0x1p-52;
    if (c->o.as_written && c->o.method != LSV_SVDGRAD_BLOCK && c->o.method != LSV_SVDGRAD_MIXED &&
        c->o.method != LSV_SVDGRAD_BACKWARD && c->o.method != LSV_SVDGRAD_FORWARD)
        return lsv_fail(err, LSV_EVALUE,
                        "svdgrad: as_written is for block, mixed, backward and forward, not for \"%s\"",
                        lsv_svdgrad_name(c->o.method));
    LSV_TRY(load_matrix(w, A, held, err));
    LSV_TRY(load_cotangents(c, xi, phi, psi, err));
    return make_room(c, err);
}

void lsv_sg_close(lsv_sg_call *c) {
    lsv_free(c->w.owned);
    lsv_free(c->w.block);
    lsv_release(c->w.aU);
    lsv_release(c->w.aS);
    lsv_release(c->w.aVh);
    lsv_free(c->xi);
    lsv_free(c->u0);
}
