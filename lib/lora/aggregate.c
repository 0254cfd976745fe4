/* The weighted sum of many low-rank updates, as two factors, never formed densely.

   sum_i w_i B_i A_i = [w_1 B_1 ... w_n B_n] [A_1; ...; A_n] = L R with R_total inner columns. Thin QR
   of L and of R^T gives orthonormal bases of both sides, L = Q1 T1 and R^T = Q2 T2; the SVD of the small
   core T1 T2^T = U S V^T is then that of the sum: (Q1 U) S (Q2 V)^T. Cost O((m + n) R^2 + R^3), and nothing
   assumes R < min(m, n): the QRs are then as wide as the matrix itself. */
#include <math.h>
#include <string.h>
#include "array/elementwise.h"
#include "base/interrupt.h"
#include "linalg/linalg.h"
#include "linalg/matrix.h"
#include "lora/factors.h"

typedef struct {
    lsv_dtype t;
    lsv_kind kind;
    ptrdiff_t m, n, inner;
    lsv_array *left, *right; /* (m, R) and its partner transposed, (n, R) */
    lsv_array *q1, *t1, *q2, *t2;
    lsv_array *core, *U, *S, *Vh; /* of the core */
    lsv_array *bigU, *bigV;
} aggregation;

static void aggregation_free(aggregation *g) {
    lsv_array *all[] = {g->left, g->right, g->q1, g->t1, g->q2,   g->t2,
                        g->core, g->U,     g->S,  g->Vh, g->bigU, g->bigV};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) lsv_release(all[i]);
}

static lsv_status check_client(const lsv_array *B, const lsv_array *A, int i, aggregation *g,
                               lsv_error *err) {
    char tb[128], ta[128];
    lsv_shape_text(B, tb, sizeof tb), lsv_shape_text(A, ta, sizeof ta);
    if (B->ndim != 2 || A->ndim != 2 || B->shape[1] != A->shape[0])
        return lsv_fail(err, LSV_EVALUE, "aggregate: client %d has B %s and A %s, which do not multiply", i,
                        tb, ta);
    if (i > 0 && (B->shape[0] != g->m || A->shape[1] != g->n))
        return lsv_fail(err, LSV_EVALUE,
                        "aggregate: client %d has B %s and A %s, an update of another size than %td x %td", i,
                        tb, ta, g->m, g->n);
    g->m = B->shape[0];
    g->n = A->shape[1];
    g->inner += B->shape[1];
    return LSV_OK;
}

static lsv_status check(lsv_array *const *Bs, lsv_array *const *As, int n, aggregation *g, lsv_error *err) {
    lsv_dtype t = n > 0 ? (lsv_dtype)Bs[0]->dtype : LSV_FLOAT64;
    if (n < 1) return lsv_fail(err, LSV_EVALUE, "aggregate: no clients");
    for (int i = 0; i < n; i++) {
        LSV_TRY(check_client(Bs[i], As[i], i, g, err));
        if (Bs[i]->kind == LSV_TORCH || As[i]->kind == LSV_TORCH) g->kind = LSV_TORCH;
    }
    for (int i = 0; i < n; i++) {
        t = lsv_promote_types(g->kind, t, (lsv_dtype)Bs[i]->dtype);
        t = lsv_promote_types(g->kind, t, (lsv_dtype)As[i]->dtype);
    }
    if (t == LSV_FLOAT16 || t == LSV_BFLOAT16) t = LSV_FLOAT32;
    if (!lsv_dtype_is_float(t)) t = g->kind == LSV_TORCH ? LSV_FLOAT32 : LSV_FLOAT64;
    g->t = t;
    return LSV_OK;
}

/* Columns at.. of the (rows, R) stack become w * x, x being (rows, r) through its strides. */
static lsv_status put_block(lsv_array *stack, ptrdiff_t at, const lsv_array *x, bool transposed, double w,
                            lsv_error *err) {
    lsv_dtype t = (lsv_dtype)stack->dtype;
    lsv_array *y;
    LSV_TRY(lsv_as_dtype(lsv_borrow(x), t, &y, err));
    ptrdiff_t rows = stack->shape[0], R = stack->shape[1], r = y->shape[transposed ? 0 : 1];
    ptrdiff_t rs = y->strides[transposed ? 1 : 0], cs = y->strides[transposed ? 0 : 1];
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < r; j++)
            lsv_mats_put(t, stack->data, i * R + at + j, w * lsv_mats_get(t, y->data, i * rs + j * cs));
    lsv_release(y);
    return LSV_OK;
}

static lsv_status stack_factors(lsv_array *const *Bs, lsv_array *const *As, const double *weights, int n,
                                aggregation *g, lsv_error *err) {
    ptrdiff_t at = 0;
    LSV_TRY(lsv_empty(g->kind, g->t, 2, (ptrdiff_t[]){g->m, g->inner}, &g->left, err));
    LSV_TRY(lsv_empty(g->kind, g->t, 2, (ptrdiff_t[]){g->n, g->inner}, &g->right, err));
    for (int i = 0; i < n; i++) {
        double w = weights ? weights[i] : 1.0 / n;
        if (!isfinite(w))
            return lsv_fail(err, LSV_EVALUE, "aggregate: the weight of client %d is not finite", i);
        LSV_TRY(put_block(g->left, at, Bs[i], false, w, err));
        LSV_TRY(put_block(g->right, at, As[i], true, 1, err));
        at += Bs[i]->shape[1];
    }
    LSV_TRY(lsv_mats_finite(g->left, "aggregate", err));
    return lsv_mats_finite(g->right, "aggregate", err);
}

/* x @ y.T */
static lsv_status times_transposed(const lsv_array *x, lsv_array *y, lsv_array **out, lsv_error *err) {
    lsv_array *yt;
    LSV_TRY(lsv_transpose(y, NULL, &yt, err));
    lsv_status status = lsv_matmul(x, yt, out, err);
    lsv_release(yt);
    return status;
}

static lsv_status decompose(aggregation *g, lsv_error *err) {
    lsv_array *vt;
    LSV_TRY(lsv_qr(g->left, LSV_QR_REDUCED, &g->q1, &g->t1, err));
    LSV_TRY(lsv_qr(g->right, LSV_QR_REDUCED, &g->q2, &g->t2, err));
    LSV_TRY(times_transposed(g->t1, g->t2, &g->core, err));
    LSV_TRY(lsv_svd(g->core, false, LSV_SVD_AUTO, &g->U, &g->S, &g->Vh, err));
    LSV_TRY(lsv_matmul(g->q1, g->U, &g->bigU, err));
    LSV_TRY(times_transposed(g->Vh, g->q2, &vt, err));
    g->bigV = vt;
    return LSV_OK;
}

lsv_status lsv_aggregate(lsv_array *const *Bs, lsv_array *const *As, const double *weights, int n,
                         ptrdiff_t r, lsv_split split, lsv_array **B, lsv_array **A, lsv_lora_info *info,
                         lsv_error *err) {
    aggregation g = {.kind = LSV_NUMPY};
    lsv_rank_rule rule = {r, (double)NAN, (double)NAN};
    double error = 0;
    ptrdiff_t rank = 0;
    lsv_status status = check(Bs, As, n, &g, err);
    if (status == LSV_OK) status = lsv_poll(err);
    if (status == LSV_OK) status = stack_factors(Bs, As, weights, n, &g, err);
    if (status == LSV_OK) status = decompose(&g, err);
    if (status == LSV_OK) {
        if (rule.r > g.S->size) rule.r = g.S->size; /* the sum has no more than that */
        status = lsv_lora_choose(g.S, g.m, g.n, rule, "aggregate", &rank, &error, err);
    }
    if (status == LSV_OK) status = lsv_lora_split(g.bigU, g.S, g.bigV, rank, split, B, A, err);
    if (status == LSV_OK && info) *info = (lsv_lora_info){rank, error, "exact"};
    aggregation_free(&g);
    return status;
}
