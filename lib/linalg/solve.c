/* Linear systems: solve, triangular solve, inverse, determinants. All by LU with partial pivoting;
   NaN passes through, as in NumPy and PyTorch (no iteration here could hang on it). */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "array/mirror.h"
#include "backend/ledger.h"
#include "linalg/condition.h"
#include "linalg/linalg.h"
#include "linalg/matrix.h"

/* A and B of A X = B, their stacks broadcast against each other. */
typedef struct {
    lsv_mats a, b;
    lsv_array *a_wide, *b_wide; /* owned broadcast views behind a and b */
    bool vector;                /* B holds vectors: X loses its last axis again */
} system_pair;

static void system_close(system_pair *s) {
    lsv_mats_close(&s->a);
    lsv_mats_close(&s->b);
    lsv_release(s->a_wide);
    lsv_release(s->b_wide);
}

/* NumPy 2: b is a vector exactly when it is 1-D. PyTorch: also when its shape is that of A without
   the last axis. */
static bool is_vector(const lsv_array *a, const lsv_array *b) {
    if (b->ndim == 1) return true;
    if (a->kind == LSV_NUMPY && b->kind == LSV_NUMPY) return false;
    return b->ndim == a->ndim - 1 && memcmp(a->shape, b->shape, (size_t)b->ndim * sizeof *b->shape) == 0;
}

static lsv_status inner_mismatch(const lsv_array *a, const lsv_array *b, const char *name, bool vector,
                                 bool left, lsv_error *err) {
    ptrdiff_t n = a->shape[a->ndim - 1], m = b->shape[vector ? b->ndim - 1 : b->ndim - 2];
    ptrdiff_t nrhs = vector ? 1 : b->shape[b->ndim - 1];
    lsv_status status;
    if (a->kind == LSV_TORCH || b->kind == LSV_TORCH)
        status = lsv_fail(
            err, LSV_ERUNTIME,
            "linalg.%s: Incompatible shapes of A and B for the equation %s = B (%tdx%td and %tdx%td)", name,
            left ? "AX" : "XA", n, n, m, nrhs);
    else
        status = lsv_fail(err, LSV_EVALUE,
                          "%s: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature "
                          "%s (size %td is different from %td)",
                          vector ? "solve1" : name, vector ? "(m,m),(m)->(m)" : "(m,m),(m,n)->(m,n)", m, n);
    lsv_blame(err, 1);
    return status;
}

/* Broadcast the stack dimensions of `x` to `ndim` of them; the last two stay. */
static lsv_status widen(lsv_array *x, int ndim, const ptrdiff_t *stack, lsv_array **out, lsv_error *err) {
    ptrdiff_t shape[LSV_MAXDIM];
    if (ndim + 2 > LSV_MAXDIM) return lsv_fail(err, LSV_EVALUE, "more than %d dimensions", LSV_MAXDIM);
    for (int d = 0; d < ndim; d++) shape[d] = stack[d];
    shape[ndim] = x->shape[x->ndim - 2];
    shape[ndim + 1] = x->shape[x->ndim - 1];
    return lsv_broadcast_to(x, ndim + 2, shape, out, err);
}

static lsv_status broadcast_stacks(const lsv_array *a, const lsv_array *b, int *ndim, ptrdiff_t *stack,
                                   lsv_error *err) {
    int na = a->ndim - 2, nb = b->ndim - 2, n = na > nb ? na : nb;
    for (int d = 0; d < n; d++) {
        ptrdiff_t x = d < n - na ? 1 : a->shape[d - (n - na)], y = d < n - nb ? 1 : b->shape[d - (n - nb)];
        if (x != y && x != 1 && y != 1) {
            char ta[128], tb[128];
            return lsv_fail(err, a->kind == LSV_TORCH ? LSV_ERUNTIME : LSV_EVALUE,
                            "the stacks of matrices %s and %s do not broadcast together",
                            lsv_shape_text(a, ta, sizeof ta), lsv_shape_text(b, tb, sizeof tb));
        }
        stack[d] = x == 1 ? y : x;
    }
    *ndim = n;
    return LSV_OK;
}

static lsv_status check_system(const lsv_array *a, const lsv_array *b, const char *name, bool left,
                               lsv_error *err) {
    if (b->ndim == 0 || (b->ndim < 2 && !left)) {
        lsv_status status =
            lsv_fail(err, LSV_ELINALG, "%d-dimensional array given. Array must be at least %s-dimensional",
                     b->ndim, left ? "one" : "two");
        lsv_blame(err, 1);
        return status;
    }
    if (a->kind == LSV_TORCH && b->kind == LSV_TORCH && a->dtype != b->dtype)
        return lsv_fail(err, LSV_ERUNTIME,
                        "linalg.%s: Expected A and B to have the same dtype, but found A of type %s and B of "
                        "type %s instead",
                        name, lsv_mats_type_name(a->dtype), lsv_mats_type_name(b->dtype));
    return LSV_OK;
}

static lsv_status system_open(const lsv_array *a, const lsv_array *b, const char *name, bool left,
                              system_pair *s, lsv_error *err) {
    LSV_TRY(check_system(a, b, name, left, err));
    LSV_TRY(lsv_mats_open(a, name, LSV_MATS_SQUARE, &s->a, err));
    s->vector = left && is_vector(a, b);
    ptrdiff_t inner = s->vector ? b->shape[b->ndim - 1] : b->shape[b->ndim - (left ? 2 : 1)];
    if (inner != s->a.n) return inner_mismatch(a, b, name, s->vector, left, err);
    ptrdiff_t stack[LSV_MAXDIM];
    int ndim = 0;
    lsv_array *column = NULL;
    if (s->vector) LSV_TRY(lsv_expand_dims(lsv_borrow(b), -1, &column, err));
    else column = lsv_ref(lsv_borrow(b));
    lsv_status status = broadcast_stacks(a, column, &ndim, stack, err);
    if (status == LSV_OK) status = widen(lsv_borrow(a), ndim, stack, &s->a_wide, err);
    if (status == LSV_OK) status = widen(column, ndim, stack, &s->b_wide, err);
    lsv_release(column);
    if (status != LSV_OK) return status;
    lsv_mats_close(&s->a);
    s->a = (lsv_mats){0};
    LSV_TRY(lsv_mats_open(s->a_wide, name, LSV_MATS_SQUARE, &s->a, err));
    status = lsv_mats_open(s->b_wide, name, 0, &s->b, err);
    if (status != LSV_OK) {
        lsv_blame(err, 1);
        return status;
    }
    if (a->kind == LSV_TORCH || b->kind == LSV_TORCH) s->a.kind = s->b.kind = LSV_TORCH;
    /* float32 meets float64: both as float64 */
    if (s->a.compute != s->b.compute) {
        lsv_mats *narrow = s->a.compute == LSV_FLOAT32 ? &s->a : &s->b;
        lsv_array *wide;
        LSV_TRY(lsv_as_dtype(narrow->array, LSV_FLOAT64, &wide, err));
        lsv_release(narrow->array);
        narrow->array = wide;
        narrow->compute = LSV_FLOAT64;
    }
    if (s->a.result != s->b.result) s->a.result = s->b.result = LSV_FLOAT64;
    return LSV_OK;
}

/* Take away the last axis of length 1 that a vector was given. */
static lsv_status drop_column(bool vector, lsv_array **x, lsv_error *err) {
    if (!vector) return LSV_OK;
    lsv_array *flat;
    lsv_array *full = *x;
    LSV_TRY(lsv_reshape(full, full->ndim - 1, full->shape, false, &flat, err));
    lsv_release(full);
    *x = flat;
    return LSV_OK;
}

static lsv_status singular(const lsv_mats *mats, ptrdiff_t i, const char *name, int info, lsv_error *err) {
    char batch[64] = "";
    if (mats->kind == LSV_NUMPY) return lsv_fail(err, LSV_ELINALG, "Singular matrix");
    if (mats->batch_ndim) snprintf(batch, sizeof batch, "(Batch element %td): ", i);
    if (strcmp(name, "inv") == 0)
        return lsv_fail(err, LSV_ELINALG,
                        "linalg.inv: %sThe diagonal element %d is zero, the inversion could not be completed "
                        "because the input matrix is singular.",
                        batch, info);
    return lsv_fail(err, LSV_ELINALG,
                    "torch.linalg.%s: %sThe solver failed because the input matrix is singular.", name,
                    batch);
}

typedef struct {
    ptrdiff_t ld, ldb;
    void *a, *b;
    int32_t *piv;
} lu_scratch;

static lsv_status lu_scratch_new(lsv_dtype t, ptrdiff_t n, ptrdiff_t nrhs, lu_scratch *w, lsv_error *err) {
    w->ld = w->ldb = lsv_mats_ld(n, t);
    LSV_TRY(lsv_mats_buffer(t, w->ld, n, &w->a, err));
    if (nrhs >= 0) LSV_TRY(lsv_mats_buffer(t, w->ldb, nrhs, &w->b, err));
    w->piv = lsv_malloc((size_t)lsv_max_size(n, 1) * sizeof *w->piv);
    return w->piv ? LSV_OK : lsv_no_memory(err, (size_t)n * sizeof *w->piv);
}

static void lu_scratch_free(lu_scratch *w) {
    lsv_free(w->a);
    lsv_free(w->b);
    lsv_free(w->piv);
}

static lsv_status solve_stack(system_pair *s, lu_scratch *w, lsv_array *x, lsv_error *err) {
    ptrdiff_t n = s->a.n, nrhs = s->b.n;
    lsv_dtype t = s->a.compute;
    for (ptrdiff_t i = 0; n > 0 && i < s->a.count; i++) {
        int info = 0;
        LSV_TRY(lsv_poll(err));
        lsv_mats_load(&s->a, i, w->a, w->ld);
        lsv_mats_load(&s->b, i, w->b, w->ldb);
        double norm = lsv_ledger_on && i == 0 ? lsv_norm_one(t, n, w->a, w->ld) : 0;
        const lsv_backend *be = lsv_backend_for(LSV_BE_GESV, t, n, nrhs, 0);
        LSV_TRY(be->gesv(t, n, nrhs, w->a, w->ld, w->piv, w->b, w->ldb, &info, err));
        if (norm > 0 && info == 0) lsv_condition_note(t, n, w->a, w->ld, w->piv, norm);
        if (info > 0) {
            lsv_status status = singular(&s->a, i, "solve", info, err);
            lsv_blame(err, 0);
            return status;
        }
        lsv_mats_store(x, i, n, nrhs, w->b, w->ldb);
    }
    return LSV_OK;
}

lsv_status lsv_solve(const lsv_array *a, const lsv_array *b, lsv_array **x, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    LSV_TRY(lsv_host(b, err));
    system_pair s = {0};
    lu_scratch w = {0};
    lsv_array *out = NULL;
    lsv_status status = system_open(a, b, "solve", true, &s, err);
    if (status == LSV_OK) status = lu_scratch_new(s.a.compute, s.a.n, s.b.n, &w, err);
    if (status == LSV_OK) status = lsv_mats_result(&s.b, 2, (ptrdiff_t[]){s.b.m, s.b.n}, &out, err);
    if (status == LSV_OK) status = solve_stack(&s, &w, out, err);
    if (status == LSV_OK) status = lsv_mats_finish(&s.b, &out, err);
    if (status == LSV_OK) status = drop_column(s.vector, &out, err);
    if (status == LSV_OK) *x = out, out = NULL;
    lsv_release(out);
    lu_scratch_free(&w);
    system_close(&s);
    return status;
}

lsv_status lsv_solve_triangular(const lsv_array *a, const lsv_array *b, bool upper, bool left, bool unit,
                                lsv_array **x, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    LSV_TRY(lsv_host(b, err));
    system_pair s = {0};
    void *wa = NULL, *wb = NULL;
    lsv_array *out = NULL;
    lsv_status status = system_open(a, b, "solve_triangular", left, &s, err);
    lsv_dtype t = s.a.compute;
    ptrdiff_t n = s.a.n, m = s.b.m, nrhs = s.b.n, ld = lsv_mats_ld(n, t), ldb = lsv_mats_ld(m, t);
    if (status == LSV_OK) status = lsv_mats_buffer(t, ld, n, &wa, err);
    if (status == LSV_OK) status = lsv_mats_buffer(t, ldb, nrhs, &wb, err);
    if (status == LSV_OK) status = lsv_mats_result(&s.b, 2, (ptrdiff_t[]){m, nrhs}, &out, err);
    for (ptrdiff_t i = 0; status == LSV_OK && n > 0 && i < s.a.count; i++) {
        if ((status = lsv_poll(err)) != LSV_OK) break;
        lsv_mats_load(&s.a, i, wa, ld);
        lsv_mats_load(&s.b, i, wb, ldb);
        const lsv_backend *be = lsv_backend_for(LSV_BE_TRSM, t, m, nrhs, 0);
        status = be->trsm(t, left, upper, false, unit, m, nrhs, wa, ld, wb, ldb, err);
        if (status == LSV_OK) lsv_mats_store(out, i, m, nrhs, wb, ldb);
    }
    if (status == LSV_OK) status = lsv_mats_finish(&s.b, &out, err);
    if (status == LSV_OK) status = drop_column(s.vector, &out, err);
    if (status == LSV_OK) *x = out, out = NULL;
    lsv_release(out);
    lsv_free(wa);
    lsv_free(wb);
    system_close(&s);
    return status;
}

/* As NumPy and PyTorch do it: solve A X = I. */
static lsv_status inv_one(const lsv_mats *mats, ptrdiff_t i, lu_scratch *w, lsv_array *out, lsv_error *err) {
    lsv_dtype t = mats->compute;
    ptrdiff_t n = mats->n;
    int info = 0;
    lsv_mats_load(mats, i, w->a, w->ld);
    memset(w->b, 0, (size_t)(w->ldb * n) * lsv_dtype_size(t));
    for (ptrdiff_t j = 0; j < n; j++) lsv_mats_put(t, w->b, j * w->ldb + j, 1);
    double norm = lsv_ledger_on && i == 0 ? lsv_norm_one(t, n, w->a, w->ld) : 0;
    const lsv_backend *be = lsv_backend_for(LSV_BE_GESV, t, n, n, 0);
    LSV_TRY(be->gesv(t, n, n, w->a, w->ld, w->piv, w->b, w->ldb, &info, err));
    if (info > 0) return singular(mats, i, "inv", info, err);
    if (norm > 0) lsv_condition_note(t, n, w->a, w->ld, w->piv, norm);
    lsv_mats_store(out, i, n, n, w->b, w->ldb);
    return LSV_OK;
}

lsv_status lsv_inv(const lsv_array *a, lsv_array **out, lsv_error *err) {
    lsv_mats mats;
    LSV_TRY(lsv_mats_open(a, "inv", LSV_MATS_SQUARE, &mats, err));
    lu_scratch w = {0};
    lsv_array *x = NULL;
    lsv_status status = lu_scratch_new(mats.compute, mats.n, mats.n, &w, err);
    if (status == LSV_OK) status = lsv_mats_result(&mats, 2, (ptrdiff_t[]){mats.n, mats.n}, &x, err);
    for (ptrdiff_t i = 0; status == LSV_OK && mats.n > 0 && i < mats.count; i++) {
        status = lsv_poll(err);
        if (status == LSV_OK) status = inv_one(&mats, i, &w, x, err);
    }
    if (status == LSV_OK) status = lsv_mats_finish(&mats, &x, err);
    if (status == LSV_OK) *out = x, x = NULL;
    lsv_release(x);
    lu_scratch_free(&w);
    lsv_mats_close(&mats);
    return status;
}

/* sign, log|det| and the plain product of U's diagonal of one matrix. */
typedef struct {
    double sign, log_abs, product;
} determinant;

static lsv_status det_one(const lsv_mats *mats, ptrdiff_t i, lu_scratch *w, determinant *d, lsv_error *err) {
    lsv_dtype t = mats->compute;
    ptrdiff_t n = mats->n;
    int info = 0;
    *d = (determinant){1, 0, 1};
    if (n == 0) return LSV_OK;
    lsv_mats_load(mats, i, w->a, w->ld);
    const lsv_backend *be = lsv_backend_for(LSV_BE_GETRF, t, n, n, 0);
    LSV_TRY(be->getrf(t, n, n, w->a, w->ld, w->piv, &info, err));
    if (info > 0) {
        *d = (determinant){0, -INFINITY, 0};
        return LSV_OK;
    }
    bool single = t == LSV_FLOAT32;
    for (ptrdiff_t j = 0; j < n; j++) {
        double x = lsv_mats_get(t, w->a, j * w->ld + j);
        if (w->piv[j] != j + 1) d->sign = -d->sign, d->product = -d->product;
        d->product = single ? (double)(float)(d->product * x) : d->product * x;
        if (x < 0) d->sign = -d->sign;
        d->log_abs += single ? (double)logf((float)fabs(x)) : log(fabs(x));
        if (single) d->log_abs = (double)(float)d->log_abs;
    }
    return LSV_OK;
}

/* The determinants of a stack: into det, or into sign and logdet. NumPy's det is
   sign * exp(log|det|), to the last digit; PyTorch multiplies the diagonal. */
static lsv_status determinants(const lsv_array *a, const char *name, lsv_array **det, lsv_array **sign,
                               lsv_array **logdet, lsv_error *err) {
    lsv_mats mats;
    LSV_TRY(lsv_mats_open(a, name, LSV_MATS_SQUARE, &mats, err));
    lu_scratch w = {0};
    lsv_array *first = NULL, *second = NULL;
    lsv_status status = lu_scratch_new(mats.compute, mats.n, -1, &w, err);
    if (status == LSV_OK) status = lsv_mats_result(&mats, 0, NULL, &first, err);
    if (status == LSV_OK && !det) status = lsv_mats_result(&mats, 0, NULL, &second, err);
    for (ptrdiff_t i = 0; status == LSV_OK && i < mats.count; i++) {
        determinant d;
        if ((status = lsv_poll(err)) != LSV_OK || (status = det_one(&mats, i, &w, &d, err)) != LSV_OK) break;
        if (det)
            lsv_mats_put(mats.compute, first->data, i,
                         mats.kind == LSV_NUMPY ? d.sign * exp(d.log_abs) : d.product);
        else
            lsv_mats_put(mats.compute, first->data, i, d.sign),
                lsv_mats_put(mats.compute, second->data, i, d.log_abs);
    }
    if (status == LSV_OK) status = lsv_mats_finish(&mats, &first, err);
    if (status == LSV_OK) status = lsv_mats_finish(&mats, &second, err);
    if (status == LSV_OK) {
        if (det) *det = first, first = NULL;
        if (sign) *sign = first, first = NULL;
        if (logdet) *logdet = second, second = NULL;
    }
    lsv_release(first);
    lsv_release(second);
    lu_scratch_free(&w);
    lsv_mats_close(&mats);
    return status;
}

lsv_status lsv_det(const lsv_array *a, lsv_array **out, lsv_error *err) {
    return determinants(a, "det", out, NULL, NULL, err);
}

lsv_status lsv_slogdet(const lsv_array *a, lsv_array **sign, lsv_array **logdet, lsv_error *err) {
    return determinants(a, "slogdet", NULL, sign, logdet, err);
}
