/* The weighted sum of many low-rank updates, sum_i w_i s_i B_i A_i, as two factors.

   Factored: the core of the stacked factors (stack.c) has the sum's singular values; its SVD, turned back by the
   two bases, gives the best approximation of every rank at once. O((m + n) R^2 + R^3) for ranks adding up to
   R. Where R is no smaller than the matrix, the sum is formed instead, one client at a time into one
   matrix, and decomposed like any other (lora.c).

   The baselines, which are not the sum in general, measure how far they are from it by the same means: their
   factors join the stacks with coefficient -1, and the core's norm is their distance. */
#include <float.h>
#include <math.h>
#include <string.h>
#include "array/elementwise.h"
#include "base/interrupt.h"
#include "linalg/linalg.h"
#include "lora/factors.h"
#include "lora/stack.h"

typedef struct aggregation {
    const lsv_federation *f;
    lsv_dtype t; /* of the results */
    lsv_kind kind;
    ptrdiff_t m, n, inner, widest;
    double *c;   /* coefficient of each client: weight times scale */
    double size; /* of what goes into the sum: what cancels leaves rounding of this size */
} aggregation;

/* ---- what came in ---- */

static lsv_status check_client(const lsv_array *B, const lsv_array *A, int i, aggregation *g, lsv_error *err) {
    char tb[128], ta[128];
    lsv_shape_text(B, tb, sizeof tb), lsv_shape_text(A, ta, sizeof ta);
    if (B->ndim != 2 || A->ndim != 2 || B->shape[1] != A->shape[0])
        return lsv_fail(err, LSV_EVALUE, "aggregate: client %d has B %s and A %s, which do not multiply", i, tb, ta);
    if (i > 0 && (B->shape[0] != g->m || A->shape[1] != g->n))
        return lsv_fail(err, LSV_EVALUE,
                        "aggregate: client %d has B %s and A %s, an update of another size than %td x %td", i, tb, ta,
                        g->m, g->n);
    LSV_TRY(lsv_mats_finite(B, "aggregate", err));
    LSV_TRY(lsv_mats_finite(A, "aggregate", err));
    g->m = B->shape[0];
    g->n = A->shape[1];
    g->inner += B->shape[1];
    if (B->shape[1] > g->widest) g->widest = B->shape[1];
    return LSV_OK;
}

/* Adds |c_i| |B_i| |A_i| squared, an upper bound of the client's share of the sum. */
static lsv_status add_size(aggregation *g, int i, lsv_error *err) {
    double norm[2] = {0, 0};
    for (int side = 0; side < 2; side++) {
        lsv_array *x = NULL, *flat = NULL;
        LSV_TRY(lsv_as_dtype(side ? g->f->As[i] : g->f->Bs[i], LSV_FLOAT64, &x, err));
        lsv_status status = lsv_contiguous(x, &flat, err);
        lsv_release(x);
        LSV_TRY(status);
        const double *v = (const double *)(const void *)flat->data;
        for (ptrdiff_t k = 0; k < flat->size; k++) norm[side] += v[k] * v[k];
        lsv_release(flat);
    }
    g->size = hypot(g->size, fabs(g->c[i]) * sqrt(norm[0]) * sqrt(norm[1]));
    return LSV_OK;
}

static lsv_status open_all(const lsv_federation *f, aggregation *g, lsv_error *err) {
    *g = (aggregation){.f = f, .kind = LSV_NUMPY};
    if (f->n < 1) return lsv_fail(err, LSV_EVALUE, "aggregate: no clients");
    lsv_dtype t = (lsv_dtype)f->Bs[0]->dtype;
    for (int i = 0; i < f->n; i++) {
        LSV_TRY(check_client(f->Bs[i], f->As[i], i, g, err));
        if (f->Bs[i]->kind == LSV_TORCH || f->As[i]->kind == LSV_TORCH) g->kind = LSV_TORCH;
    }
    for (int i = 0; i < f->n; i++) {
        t = lsv_promote_types(g->kind, t, (lsv_dtype)f->Bs[i]->dtype);
        t = lsv_promote_types(g->kind, t, (lsv_dtype)f->As[i]->dtype);
    }
    if (t == LSV_FLOAT16 || t == LSV_BFLOAT16) t = LSV_FLOAT32;
    if (!lsv_dtype_is_float(t)) t = g->kind == LSV_TORCH ? LSV_FLOAT32 : LSV_FLOAT64;
    g->t = t;
    g->c = lsv_malloc((size_t)f->n * sizeof *g->c);
    if (!g->c) return lsv_no_memory(err, (size_t)f->n * sizeof *g->c);
    for (int i = 0; i < f->n; i++) {
        double w = f->weights ? f->weights[i] : 1.0 / f->n, r = (double)f->Bs[i]->shape[1];
        if (f->alphas && r > 0) w *= f->alphas[i] / (f->rslora ? sqrt(r) : r);
        if (!isfinite(w)) return lsv_fail(err, LSV_EVALUE, "aggregate: the weight or alpha of client %d is not finite", i);
        g->c[i] = w;
        LSV_TRY(add_size(g, i, err));
    }
    return LSV_OK;
}

/* All clients, and `more` empty columns. */
static lsv_status stack_clients(const aggregation *g, ptrdiff_t more, lsv_lora_stack *s, lsv_error *err) {
    ptrdiff_t at = 0;
    LSV_TRY(lsv_lora_stack_new(g->m, g->n, g->inner + more, s, err));
    lsv_status status = LSV_OK;
    for (int i = 0; i < g->f->n && status == LSV_OK; i++) {
        status = lsv_lora_stack_put(s->left, s->ld, at, g->f->Bs[i], false, 1, err);
        if (status == LSV_OK) status = lsv_lora_stack_put(s->right, s->ld, at, g->f->As[i], true, 1, err);
        for (ptrdiff_t j = 0; j < g->f->Bs[i]->shape[1]; j++) s->c[at + j] = g->c[i];
        at += g->f->Bs[i]->shape[1];
    }
    if (status != LSV_OK) lsv_lora_stack_free(s);
    return status;
}

/* x (rows x ld, float64) times `scale` by column, as a rows x r array (or its transpose) of the results' type. */
static lsv_status factor_array(const aggregation *g, ptrdiff_t rows, ptrdiff_t r, const double *x, ptrdiff_t ld,
                               bool transpose, lsv_array **out, lsv_error *err) {
    ptrdiff_t shape[2] = {transpose ? r : rows, transpose ? rows : r};
    LSV_TRY(lsv_empty(g->kind, g->t, 2, shape, out, err));
    char *to = (*out)->data;
    if (g->t == LSV_FLOAT64 && transpose) {
        lsv_mats_copy(g->t, rows, r, x, ld, 1, to, rows);
        return LSV_OK;
    }
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < r; j++)
            lsv_mats_put(g->t, to, transpose ? j * rows + i : i * r + j, x[i * ld + j]);
    return LSV_OK;
}

/* ---- the exact sum, factored ---- */

typedef struct core_svd {
    double *core, *s, *u, *vt;
} core_svd;

static lsv_status decompose_core(lsv_lora_stack *s, core_svd *d, lsv_error *err) {
    ptrdiff_t k = s->inner;
    void *block;
    LSV_TRY(lsv_mats_buffer(LSV_FLOAT64, 3 * k + 1, k, &block, err));
    d->core = block, d->u = d->core + k * k, d->vt = d->u + k * k, d->s = d->vt + k * k;
    LSV_TRY(lsv_lora_stack_core(s, d->core, err));
    return k > 0 ? lsv_small_svd(k, d->core, d->s, d->u, d->vt, err) : LSV_OK;
}

/* One side of the answer: Q times the r leading columns of the turn, each times its share of s. */
static lsv_status turn_back(const aggregation *g, ptrdiff_t rows, const lsv_lora_stack *s, const double *q, const core_svd *d,
                            bool right, ptrdiff_t r, lsv_split split, lsv_array **out, lsv_error *err) {
    ptrdiff_t k = s->inner, ld = lsv_pad8(r);
    double *x = NULL, *y = NULL;
    lsv_status status = lsv_thin_new(k, r, &x, err);
    if (status == LSV_OK) status = lsv_thin_new(rows, r, &y, err);
    for (ptrdiff_t j = 0; j < r && status == LSV_OK; j++) {
        double whole = split == (right ? LSV_SPLIT_RIGHT : LSV_SPLIT_LEFT) ? d->s[j] : 1;
        double f = split == LSV_SPLIT_SQRT ? sqrt(d->s[j]) : whole;
        for (ptrdiff_t i = 0; i < k; i++) x[i * ld + j] = f * (right ? d->vt[i * k + j] : d->u[j * k + i]);
    }
    if (status == LSV_OK && r > 0) status = lsv_thin_times(rows, k, ld, q, s->ld, x, ld, false, y, ld, err);
    if (status == LSV_OK) status = factor_array(g, rows, r, y, ld, right, out, err);
    lsv_free(x);
    lsv_free(y);
    return status;
}

static double norm_from(const double *s, ptrdiff_t from, ptrdiff_t k, double top) {
    double sum = 0;
    for (ptrdiff_t j = k; j-- > from && top > 0;) sum += s[j] / top * (s[j] / top);
    return top * sqrt(sum);
}

/* Cores up to this size are not worth a second thread of LAPACK's; the thin products have their own. */
enum { SERIAL_UP_TO = 256 };

static ptrdiff_t rank_of(const aggregation *g, const double *s, ptrdiff_t k, ptrdiff_t wanted) {
    ptrdiff_t most = lsv_min_size(k, lsv_min_size(g->m, g->n)), r = 0;
    if (wanted >= 0 || most == 0) return lsv_min_size(lsv_max_size(wanted, 0), most);
    double least = fmax(s[0] * (double)lsv_max_size(g->m, g->n), 8 * g->size) * DBL_EPSILON;
    while (r < most && s[r] > least) r++;
    return r;
}

static void release_pairs(lsv_array **B, lsv_array **A, int count) {
    for (int j = 0; j < count; j++) {
        lsv_release(B[j]);
        lsv_release(A[j]);
        B[j] = A[j] = NULL;
    }
}

static lsv_status exact(const aggregation *g, const ptrdiff_t *r, int count, lsv_split split, lsv_array **B,
                        lsv_array **A, lsv_aggregate_info *infos, lsv_error *err) {
    lsv_lora_stack s;
    core_svd d = {0};
    ptrdiff_t k = g->inner;
    LSV_TRY(stack_clients(g, 0, &s, err));
    int before = k <= SERIAL_UP_TO ? lsv_backend_serial() : 0;
    lsv_status status = decompose_core(&s, &d, err);
    double top = k > 0 && status == LSV_OK ? d.s[0] : 0;
    for (int j = 0; j < count && status == LSV_OK; j++) {
        ptrdiff_t rank = rank_of(g, d.s, k, r[j]);
        double all = norm_from(d.s, 0, k, top);
        infos[j] = (lsv_aggregate_info){"factored", rank, k, all > 0 ? norm_from(d.s, rank, k, top) / all : 0, all, false};
        status = turn_back(g, g->m, &s, s.left, &d, false, rank, split, &B[j], err);
        if (status == LSV_OK) status = turn_back(g, g->n, &s, s.right, &d, true, rank, split, &A[j], err);
    }
    lsv_backend_serial_done(before);
    lsv_free(d.core);
    lsv_lora_stack_free(&s);
    return status;
}

/* ---- the exact sum, formed ---- */

static lsv_status dense_sum(const aggregation *g, lsv_array **sum, lsv_error *err) {
    lsv_status status = lsv_zeros(g->kind, LSV_FLOAT64, 2, (ptrdiff_t[]){g->m, g->n}, sum, err);
    for (int i = 0; i < g->f->n && status == LSV_OK; i++) {
        lsv_array *b = NULL, *a = NULL, *b1 = NULL, *a1 = NULL;
        ptrdiff_t k = g->f->Bs[i]->shape[1];
        status = lsv_poll(err);
        if (status == LSV_OK) status = lsv_as_dtype(g->f->Bs[i], LSV_FLOAT64, &b1, err);
        if (status == LSV_OK) status = lsv_as_dtype(g->f->As[i], LSV_FLOAT64, &a1, err);
        if (status == LSV_OK) status = lsv_contiguous(b1, &b, err);
        if (status == LSV_OK) status = lsv_contiguous(a1, &a, err);
        if (status == LSV_OK && k > 0 && g->m > 0 && g->n > 0)
            status = lsv_backend_for(LSV_BE_GEMM, LSV_FLOAT64, g->m, g->n, k)
                         ->gemm(LSV_FLOAT64, false, false, g->m, g->n, k, g->c[i], b->data, k, a->data, g->n, 1,
                                (*sum)->data, g->n, err);
        lsv_release(b);
        lsv_release(a);
        lsv_release(b1);
        lsv_release(a1);
    }
    if (status != LSV_OK) {
        lsv_release(*sum);
        *sum = NULL;
    }
    return status;
}

/* *x rounded to the results' type. */
static lsv_status rounded(const aggregation *g, lsv_array **x, lsv_error *err) {
    lsv_array *y;
    LSV_TRY(lsv_as_dtype(*x, g->t, &y, err));
    lsv_release(*x);
    *x = y;
    return LSV_OK;
}

static lsv_status dense(const aggregation *g, const ptrdiff_t *r, int count, lsv_split split, lsv_array **B,
                        lsv_array **A, lsv_aggregate_info *infos, lsv_error *err) {
    lsv_array *sum = NULL, *U = NULL, *S = NULL, *Vh = NULL;
    lsv_svd_info found;
    ptrdiff_t small = lsv_min_size(g->m, g->n), most = 0;
    for (int j = 0; j < count; j++) most = lsv_max_size(most, r[j] < 0 ? small : lsv_min_size(r[j], small));
    LSV_TRY(dense_sum(g, &sum, err));
    lsv_status status = lsv_svd_truncated(sum, most, NULL, &U, &S, &Vh, &found, err);
    lsv_release(sum);
    for (int j = 0; j < count && status == LSV_OK; j++) {
        const double *s = (const double *)(const void *)S->data;
        ptrdiff_t rank = rank_of(g, s, most, r[j]);
        double dropped = found.norm > 0 ? norm_from(s, rank, most, most > 0 ? s[0] : 0) / found.norm : 0;
        infos[j] = (lsv_aggregate_info){"dense", rank, g->inner, hypot(found.error, dropped), found.norm, false};
        status = lsv_lora_split(U, S, Vh, rank, split, &B[j], &A[j], err);
        if (status == LSV_OK) status = rounded(g, &B[j], err);
        if (status == LSV_OK) status = rounded(g, &A[j], err);
    }
    lsv_release(U);
    lsv_release(S);
    lsv_release(Vh);
    return status;
}

/* ---- the baselines: a candidate's two factors first, then cut to each rank, and measured ---- */

/* Values averaged in a basis that all share miss the sum by rounding alone: that of float32 factors, say. */
static const double same_within = 1e-6;

typedef struct candidate {
    ptrdiff_t r, ld;
    double *b, *a; /* m x ld, n x ld */
    bool shared;
} candidate;

static lsv_status candidate_new(const aggregation *g, ptrdiff_t r, candidate *x, lsv_error *err) {
    *x = (candidate){.r = r, .ld = lsv_pad8(r)};
    LSV_TRY(lsv_thin_new(g->m, r, &x->b, err));
    return lsv_thin_new(g->n, r, &x->a, err);
}

/* |B_i A_i| of one client, through its core. */
static lsv_status client_svd(const aggregation *g, int i, lsv_lora_stack *s, core_svd *d, lsv_error *err) {
    ptrdiff_t r = g->f->Bs[i]->shape[1];
    LSV_TRY(lsv_lora_stack_new(g->m, g->n, r, s, err));
    LSV_TRY(lsv_lora_stack_put(s->left, s->ld, 0, g->f->Bs[i], false, 1, err));
    LSV_TRY(lsv_lora_stack_put(s->right, s->ld, 0, g->f->As[i], true, 1, err));
    for (ptrdiff_t j = 0; j < r; j++) s->c[j] = 1;
    return decompose_core(s, d, err);
}

/* Mean B and mean A, padded with zeros to the widest. The scale of each update is shared out between them. */
static lsv_status averaged(const aggregation *g, const double *weights, candidate *x, lsv_error *err) {
    LSV_TRY(candidate_new(g, g->widest, x, err));
    for (int i = 0; i < g->f->n; i++) {
        double r = (double)g->f->Bs[i]->shape[1], scale = 1;
        if (g->f->alphas && r > 0) scale = g->f->alphas[i] / (g->f->rslora ? sqrt(r) : r);
        double root = sqrt(fabs(scale));
        LSV_TRY(lsv_lora_stack_put(x->b, x->ld, 0, g->f->Bs[i], false, weights[i] * copysign(root, scale), err));
        LSV_TRY(lsv_lora_stack_put(x->a, x->ld, 0, g->f->As[i], true, weights[i] * root + 0.0, err));
    }
    return LSV_OK;
}

static lsv_status hetlora_weights(const aggregation *g, double *weights, lsv_error *err) {
    double sum = 0;
    for (int i = 0; i < g->f->n; i++) {
        lsv_lora_stack s = {0};
        core_svd d = {0};
        ptrdiff_t r = g->f->Bs[i]->shape[1];
        lsv_status status = client_svd(g, i, &s, &d, err);
        if (status == LSV_OK) weights[i] *= norm_from(d.s, 0, r, r > 0 ? d.s[0] : 0);
        lsv_free(d.core);
        lsv_lora_stack_free(&s);
        LSV_TRY(status);
        sum += weights[i];
    }
    for (int i = 0; i < g->f->n && sum != 0; i++) weights[i] /= sum;
    return LSV_OK;
}

static lsv_status by_averaging(const aggregation *g, lsv_aggregate_method method, candidate *x, lsv_error *err) {
    if (method == LSV_AGGREGATE_FEDAVG)
        for (int i = 0; i < g->f->n; i++)
            if (g->f->Bs[i]->shape[1] != g->widest)
                return lsv_fail(err, LSV_EVALUE,
                                "aggregate: fedavg averages the factors, which needs equal ranks; client %d has %td, another %td",
                                i, g->f->Bs[i]->shape[1], g->widest);
    double *weights = lsv_malloc((size_t)g->f->n * sizeof *weights);
    if (!weights) return lsv_no_memory(err, (size_t)g->f->n * sizeof *weights);
    for (int i = 0; i < g->f->n; i++) weights[i] = g->f->weights ? g->f->weights[i] : 1.0 / g->f->n;
    lsv_status status = method == LSV_AGGREGATE_HETLORA ? hetlora_weights(g, weights, err) : LSV_OK;
    if (status == LSV_OK) status = averaged(g, weights, x, err);
    lsv_free(weights);
    return status;
}

/* The singular vectors of one client, q (rows x k) times the turn of its core, into out (rows x ld). */
static lsv_status vectors(ptrdiff_t rows, const lsv_lora_stack *s, const double *q, const core_svd *d, bool right,
                          double *out, ptrdiff_t ld, lsv_error *err) {
    ptrdiff_t k = s->inner;
    double *turn;
    LSV_TRY(lsv_thin_new(k, k, &turn, err));
    for (ptrdiff_t i = 0; i < k; i++)
        for (ptrdiff_t j = 0; j < k; j++) turn[i * ld + j] = right ? d->vt[i * k + j] : d->u[j * k + i];
    lsv_status status = lsv_thin_times(rows, k, ld, q, s->ld, turn, ld, false, out, ld, err);
    lsv_free(turn);
    return status;
}

/* What client i adds to the mean values. Where its update is diagonal in the basis (b, a), each value at its
   direction's place; else, there being no such place, in falling order. */
static lsv_status add_values(const aggregation *g, int i, const candidate *basis, double *mean, lsv_error *err) {
    lsv_lora_stack s = {0};
    core_svd d = {0};
    ptrdiff_t k = basis->r, r = g->f->Bs[i]->shape[1], ld = lsv_pad8(r);
    double *u = NULL, *v = NULL, *left = NULL, *right = NULL, *placed = NULL, all = 0, diagonal = 0;
    lsv_status status = client_svd(g, i, &s, &d, err);
    if (status == LSV_OK) status = lsv_thin_new(g->m, r, &u, err);
    if (status == LSV_OK) status = lsv_thin_new(g->n, r, &v, err);
    if (status == LSV_OK) status = lsv_thin_new(k, r, &left, err);
    if (status == LSV_OK) status = lsv_thin_new(k, r, &right, err);
    if (status == LSV_OK) status = lsv_thin_new(1, k, &placed, err);
    if (status == LSV_OK && r > 0) {
        status = vectors(g->m, &s, s.left, &d, false, u, ld, err);
        if (status == LSV_OK) status = vectors(g->n, &s, s.right, &d, true, v, ld, err);
        if (status == LSV_OK) status = lsv_thin_transposed(g->m, k, ld, basis->b, basis->ld, u, ld, left, ld, err);
        if (status == LSV_OK) status = lsv_thin_transposed(g->n, k, ld, basis->a, basis->ld, v, ld, right, ld, err);
    }
    for (ptrdiff_t l = 0; l < r && status == LSV_OK; l++) {
        all += d.s[l] * d.s[l];
        for (ptrdiff_t j = 0; j < k; j++) placed[j] += d.s[l] * left[j * ld + l] * right[j * ld + l];
    }
    for (ptrdiff_t j = 0; j < k && status == LSV_OK; j++) diagonal += placed[j] * placed[j];
    for (ptrdiff_t j = 0; j < k && status == LSV_OK; j++) {
        if (fabs(all - diagonal) <= same_within * all) mean[j] += g->c[i] * placed[j];
        else if (j < r) mean[j] += g->c[i] * d.s[j];
    }
    double *owned[] = {u, v, left, right, placed, d.core};
    for (size_t o = 0; o < sizeof owned / sizeof *owned; o++) lsv_free(owned[o]);
    lsv_lora_stack_free(&s);
    return status;
}

/* Singular values averaged in the bases of the first of the widest clients. */
static lsv_status by_values(const aggregation *g, candidate *x, lsv_error *err) {
    lsv_lora_stack base = {0};
    core_svd d = {0};
    ptrdiff_t k = g->widest;
    double *mean = NULL;
    int first = 0;
    while (g->f->Bs[first]->shape[1] != k) first++;
    lsv_status status = lsv_thin_new(1, k, &mean, err);
    if (status == LSV_OK) status = candidate_new(g, k, x, err);
    if (status == LSV_OK) status = client_svd(g, first, &base, &d, err);
    if (status == LSV_OK && k > 0) status = vectors(g->m, &base, base.left, &d, false, x->b, x->ld, err);
    if (status == LSV_OK && k > 0) status = vectors(g->n, &base, base.right, &d, true, x->a, x->ld, err);
    for (int i = 0; i < g->f->n && status == LSV_OK; i++) status = add_values(g, i, x, mean, err);
    for (ptrdiff_t j = 0; j < k && status == LSV_OK; j++) {
        double root = sqrt(fabs(mean[j]));
        for (ptrdiff_t i = 0; i < g->m; i++) x->b[i * x->ld + j] *= copysign(root, mean[j]);
        for (ptrdiff_t i = 0; i < g->n; i++) x->a[i * x->ld + j] *= root;
    }
    lsv_free(mean);
    lsv_free(d.core);
    lsv_lora_stack_free(&base);
    return status;
}

static double norm_of(const double *x, ptrdiff_t n) {
    double sum = 0;
    for (ptrdiff_t i = 0; i < n; i++) sum += x[i] * x[i];
    return sqrt(sum);
}

/* |exact|, and |exact - b a^T|, both by the cores of stacks. */
static lsv_status distance(const aggregation *g, const double *b, const double *a, ptrdiff_t r, ptrdiff_t ld,
                           double *norm, double *off, lsv_error *err) {
    for (int with = 0; with < 2; with++) {
        lsv_lora_stack s;
        void *core = NULL;
        LSV_TRY(stack_clients(g, with ? r : 0, &s, err));
        for (ptrdiff_t j = 0; j < r && with; j++) {
            for (ptrdiff_t i = 0; i < g->m; i++) s.left[i * s.ld + g->inner + j] = b[i * ld + j];
            for (ptrdiff_t i = 0; i < g->n; i++) s.right[i * s.ld + g->inner + j] = a[i * ld + j];
            s.c[g->inner + j] = -1;
        }
        lsv_status status = lsv_mats_buffer(LSV_FLOAT64, s.inner, s.inner, &core, err);
        if (status == LSV_OK) status = lsv_lora_stack_core(&s, core, err);
        if (status == LSV_OK) *(with ? off : norm) = norm_of(core, s.inner * s.inner);
        lsv_free(core);
        lsv_lora_stack_free(&s);
        LSV_TRY(status);
    }
    return LSV_OK;
}

/* Where stacks are wider than the matrix: the same by forming both. */
static lsv_status distance_formed(const aggregation *g, const double *b, const double *a, ptrdiff_t r, ptrdiff_t ld,
                                  double *norm, double *off, lsv_error *err) {
    lsv_array *sum;
    LSV_TRY(dense_sum(g, &sum, err));
    double *x = (double *)(void *)sum->data;
    *norm = norm_of(x, sum->size);
    lsv_status status = LSV_OK;
    if (r > 0)
        status = lsv_backend_for(LSV_BE_GEMM, LSV_FLOAT64, g->m, g->n, r)
                     ->gemm(LSV_FLOAT64, false, true, g->m, g->n, r, -1, b, ld, a, ld, 1, x, g->n, err);
    *off = norm_of(x, sum->size);
    lsv_release(sum);
    return status;
}

/* The candidate cut to rank r by its own SVD, where it has more; else as it is. */
static lsv_status cut(const aggregation *g, const candidate *x, ptrdiff_t r, candidate *out, lsv_error *err) {
    lsv_lora_stack s;
    core_svd d = {0};
    LSV_TRY(candidate_new(g, r, out, err));
    LSV_TRY(lsv_lora_stack_new(g->m, g->n, x->r, &s, err));
    memcpy(s.left, x->b, (size_t)(g->m * x->ld) * sizeof *x->b);
    memcpy(s.right, x->a, (size_t)(g->n * x->ld) * sizeof *x->a);
    for (ptrdiff_t j = 0; j < x->r; j++) s.c[j] = 1;
    double *turn = NULL;
    lsv_status status = decompose_core(&s, &d, err);
    if (status == LSV_OK) status = lsv_thin_new(x->r, r, &turn, err);
    for (int right = 0; right < 2 && status == LSV_OK && r > 0; right++) {
        for (ptrdiff_t j = 0; j < r; j++)
            for (ptrdiff_t i = 0; i < x->r; i++)
                turn[i * out->ld + j] = sqrt(d.s[j]) * (right ? d.vt[i * x->r + j] : d.u[j * x->r + i]);
        status = lsv_thin_times(right ? g->n : g->m, x->r, out->ld, right ? s.right : s.left, s.ld, turn, out->ld, false,
                                right ? out->a : out->b, out->ld, err);
    }
    lsv_free(turn);
    lsv_free(d.core);
    lsv_lora_stack_free(&s);
    return status;
}

static lsv_status baseline(const aggregation *g, lsv_aggregate_method method, const ptrdiff_t *r, int count,
                           lsv_array **B, lsv_array **A, lsv_aggregate_info *infos, lsv_error *err) {
    static const char *const names[] = {"factored", "dense", "svd", "fedavg", "zeropad", "hetlora"};
    candidate whole = {0};
    double norm, off;
    bool shared = false;
    bool formed = g->inner + g->widest > lsv_min_size(g->m, g->n);
    lsv_status status = method == LSV_AGGREGATE_SVD ? by_values(g, &whole, err) : by_averaging(g, method, &whole, err);
    lsv_status (*measure)(const aggregation *, const double *, const double *, ptrdiff_t, ptrdiff_t, double *, double *,
                          lsv_error *) = formed ? distance_formed : distance;
    if (method == LSV_AGGREGATE_SVD && status == LSV_OK) {
        status = measure(g, whole.b, whole.a, whole.r, whole.ld, &norm, &off, err);
        shared = status == LSV_OK && off <= same_within * norm;
    }
    for (int j = 0; j < count && status == LSV_OK; j++) {
        candidate shorter = {0}, *x = &whole;
        if (r[j] >= 0 && r[j] < whole.r) {
            status = cut(g, &whole, r[j], &shorter, err);
            x = &shorter;
        }
        if (status == LSV_OK) status = measure(g, x->b, x->a, x->r, x->ld, &norm, &off, err);
        if (status == LSV_OK) {
            double error = norm > 0 ? off / norm : off > 0 ? INFINITY : 0;
            infos[j] = (lsv_aggregate_info){names[method], x->r, g->inner, error, norm, shared};
            status = factor_array(g, g->m, x->r, x->b, x->ld, false, &B[j], err);
        }
        if (status == LSV_OK) status = factor_array(g, g->n, x->r, x->a, x->ld, true, &A[j], err);
        lsv_free(shorter.b);
        lsv_free(shorter.a);
    }
    lsv_free(whole.b);
    lsv_free(whole.a);
    return status;
}

/* ---- all of it ---- */

lsv_status lsv_aggregate_many(const lsv_federation *f, lsv_aggregate_method method, const ptrdiff_t *r, int count,
                              lsv_split split, lsv_array **B, lsv_array **A, lsv_aggregate_info *infos,
                              lsv_error *err) {
    aggregation g;
    lsv_aggregate_info *said = infos ? infos : lsv_malloc((size_t)count * sizeof *said);
    if (!said) return lsv_no_memory(err, (size_t)count * sizeof *said);
    for (int j = 0; j < count; j++) B[j] = A[j] = NULL;
    lsv_status status = open_all(f, &g, err);
    if (status == LSV_OK) status = lsv_poll(err);
    if (status == LSV_OK) {
        bool too_wide = g.inner > lsv_min_size(g.m, g.n);
        if (method > LSV_AGGREGATE_DENSE) status = baseline(&g, method, r, count, B, A, said, err);
        else if (method == LSV_AGGREGATE_DENSE || too_wide) status = dense(&g, r, count, split, B, A, said, err);
        else status = exact(&g, r, count, split, B, A, said, err);
    }
    if (status != LSV_OK) release_pairs(B, A, count);
    lsv_free(g.c);
    if (!infos) lsv_free(said);
    return status;
}
