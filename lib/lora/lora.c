/* The best rank-r approximation of a matrix as a product of two factors.

   By Eckart and Young the truncated singular value decomposition is optimal in every unitarily
   invariant norm, and the error it leaves is |W|^2 less the squares of the values kept, under the root. A rule for
   the rank needs only as many values as the rank it leads to: they are asked for in growing numbers until
   the rule can tell. */
#include "lora/lora.h"
#include <float.h>
#include <math.h>
#include <string.h>
#include "array/elementwise.h"
#include "array/mirror.h"
#include "array/reduce.h"
#include "base/interrupt.h"
#include "linalg/linalg.h"
#include "linalg/matrix.h"
#include "lora/factors.h"

/* Factors multiply to W within this of the exact triplets', relative to s_1; values and error are far closer, for
   they depend on its square. */
static const double factor_tol = 1e-10;

/* ---- the rank ---- */

lsv_status lsv_lora_check_rule(lsv_rank_rule rule, ptrdiff_t m, ptrdiff_t n, const char *name, lsv_error *err) {
    ptrdiff_t most = lsv_min_size(m, n);
    if (rule.r > most) {
        lsv_status status = lsv_fail(err, LSV_EVALUE, "%s: rank %td asked of a %td x %td matrix", name, rule.r, m, n);
        lsv_hint(err, "r is at most %td here", most);
        return status;
    }
    if (rule.tol < 0) return lsv_fail(err, LSV_EVALUE, "%s: tol must not be negative", name);
    if (rule.energy < 0 || rule.energy > 1)
        return lsv_fail(err, LSV_EVALUE, "%s: energy is a share between 0 and 1", name);
    if (rule.ratio < 0 || rule.ratio > 1)
        return lsv_fail(err, LSV_EVALUE, "%s: ratio is between 0 and 1: the smallest value kept, over the largest", name);
    return LSV_OK;
}

/* The fewest leading values that leave at most the share `limit` of the squares, where all k leave the share `left`; -1
   when that is too much already. Added up from the small end. */
static ptrdiff_t fewest(const double *s, ptrdiff_t k, double left, double norm, double limit) {
    ptrdiff_t r = k;
    double rest = left;
    if (norm == 0 || limit >= 1) return 0; /* all may be left: no rounding of the sum shall say otherwise */
    if (left > limit) return -1;
    while (r > 0 && rest + s[r - 1] / norm * (s[r - 1] / norm) <= limit) r--, rest += s[r] / norm * (s[r] / norm);
    return r;
}

static ptrdiff_t above(const double *s, ptrdiff_t k, bool complete, double least) {
    ptrdiff_t r = 0;
    while (r < k && s[r] >= least && s[r] > 0) r++;
    return r < k || complete ? r : -1;
}

ptrdiff_t lsv_lora_choose(const double *s, ptrdiff_t k, double error, double norm, double numerical,
                          lsv_rank_rule rule) {
    ptrdiff_t r = 0, cap = rule.max_rank >= 0 ? rule.max_rank : PTRDIFF_MAX, asked[4];
    bool complete = error < 0;
    double left = complete ? 0 : error * error;
    int n = 0;
    double top = k > 0 ? s[0] : 0;
    if (rule.r >= 0) asked[n++] = rule.r;
    else {
        if (!isnan(rule.tol)) asked[n++] = fewest(s, k, left, norm, rule.tol * rule.tol);
        if (!isnan(rule.energy)) asked[n++] = fewest(s, k, left, norm, 1 - rule.energy);
        if (!isnan(rule.ratio)) asked[n++] = above(s, k, complete, rule.ratio * top);
        if (n == 0) asked[n++] = above(s, k, complete, nextafter(numerical * top, INFINITY));
    }
    for (int i = 0; i < n; i++) {
        if (asked[i] < 0) return k >= cap ? cap : -1;
        if (asked[i] > r) r = asked[i];
    }
    return r < cap ? r : cap;
}

/* ---- the split ---- */

static double value(const lsv_array *S, ptrdiff_t i) { return lsv_mats_get((lsv_dtype)S->dtype, S->data, i); }

/* x diag(w), or diag(w) x, of the first r columns, or rows, where x is. */
static lsv_status scaled(const lsv_array *x, bool columns, ptrdiff_t r, const lsv_array *w, lsv_array **out, lsv_error *err) {
    lsv_array *part, *line;
    ptrdiff_t shape[2] = {columns ? 1 : r, columns ? r : 1};
    LSV_TRY(lsv_view_strided(lsv_borrow(x), 2, (ptrdiff_t[]){columns ? x->shape[0] : r, columns ? r : x->shape[1]},
                             x->strides, 0, &part, err));
    lsv_status status = lsv_empty((lsv_kind)x->kind, LSV_FLOAT64, 2, shape, &line, err);
    if (status == LSV_OK) {
        memcpy(line->data, w->data, (size_t)r * sizeof(double));
        status = lsv_put_on(line, x->device, err);
        if (status == LSV_OK) status = lsv_binary(LSV_OP_MUL, part, line, out, err);
        lsv_release(line);
    }
    lsv_release(part);
    return status;
}

/* Factors of float64 that are on a device. */
static lsv_status split_there(const lsv_array *U, const lsv_array *S, const lsv_array *Vh, ptrdiff_t r, lsv_split split,
                              lsv_array **B, lsv_array **A, lsv_error *err) {
    lsv_array *left, *right, *b = NULL, *a = NULL;
    LSV_TRY(lsv_empty(LSV_NUMPY, LSV_FLOAT64, 1, &r, &left, err));
    lsv_status status = lsv_empty(LSV_NUMPY, LSV_FLOAT64, 1, &r, &right, err);
    if (status == LSV_OK) {
        for (ptrdiff_t j = 0; j < r; j++) {
            double s = value(S, j), root = sqrt(s);
            ((double *)(void *)left->data)[j] = split == LSV_SPLIT_SQRT ? root : split == LSV_SPLIT_LEFT ? s : 1;
            ((double *)(void *)right->data)[j] = split == LSV_SPLIT_SQRT ? root : split == LSV_SPLIT_RIGHT ? s : 1;
        }
        status = scaled(U, true, r, left, &b, err);
        if (status == LSV_OK) status = scaled(Vh, false, r, right, &a, err);
        lsv_release(right);
    }
    lsv_release(left);
    if (status == LSV_OK) *B = b, *A = a;
    else lsv_release(b);
    return status;
}

lsv_status lsv_lora_split(const lsv_array *U, const lsv_array *S, const lsv_array *Vh, ptrdiff_t r, lsv_split split,
                          lsv_array **B, lsv_array **A, lsv_error *err) {
    lsv_dtype t = (lsv_dtype)U->dtype;
    ptrdiff_t m = U->shape[0], k = U->shape[1], n = Vh->shape[1];
    lsv_array *b, *a;
    if (U->device && t == LSV_FLOAT64) return split_there(U, S, Vh, r, split, B, A, err);
    LSV_TRY(lsv_host(U, err));
    LSV_TRY(lsv_host(Vh, err));
    LSV_TRY(lsv_empty((lsv_kind)U->kind, t, 2, (ptrdiff_t[]){m, r}, &b, err));
    lsv_status status = lsv_empty((lsv_kind)U->kind, t, 2, (ptrdiff_t[]){r, n}, &a, err);
    if (status != LSV_OK) {
        lsv_release(b);
        return status;
    }
    for (ptrdiff_t j = 0; j < r; j++) {
        double s = value(S, j), root = t == LSV_FLOAT32 ? (double)sqrtf((float)s) : sqrt(s);
        double left = split == LSV_SPLIT_SQRT ? root : split == LSV_SPLIT_LEFT ? s : 1;
        double right = split == LSV_SPLIT_SQRT ? root : split == LSV_SPLIT_RIGHT ? s : 1;
        for (ptrdiff_t i = 0; i < m; i++)
            lsv_mats_put(t, b->data, i * r + j, lsv_mats_get(t, U->data, i * k + j) * left);
        for (ptrdiff_t i = 0; i < n; i++)
            lsv_mats_put(t, a->data, j * n + i, lsv_mats_get(t, Vh->data, j * n + i) * right);
    }
    *B = b;
    *A = a;
    return LSV_OK;
}

/* ---- the noise floor ---- */

/* 2^e for a number in [2^e, 2^(e + 1)), 0 for 0 and subnormals. */
static inline double power_below(double x) {
    union { double d; uint64_t u; } bits = {.d = x};
    bits.u &= UINT64_C(0x7ff0000000000000);
    return bits.d;
}

double lsv_lora_rounding(const lsv_array *W, int exponent) {
    static const struct { lsv_dtype t; int bits, lowest; } types[] = {
        {LSV_FLOAT64, 53, -1074}, {LSV_FLOAT32, 24, -149}, {LSV_FLOAT16, 11, -24}, {LSV_BFLOAT16, 8, -133}};
    lsv_array *x = NULL;
    double sum = 0;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (types[i].t != (lsv_dtype)W->dtype) continue;
        if (lsv_host_as_dtype(W, LSV_FLOAT64, &x, NULL) != LSV_OK) return 0;
        /* an ulp is 2^(1 - bits) of the power below, and never less than the least number */
        double half = ldexp(1, -(exponent / 2)), rest = ldexp(1, -(exponent - exponent / 2)); /* one factor could overflow */
        double least = ldexp(1, types[i].lowest + types[i].bits - 1);
        for (ptrdiff_t r = 0; r < x->shape[0]; r++) {
            const double *row = (const double *)(const void *)x->data + r * x->strides[0];
            double part[4] = {0};
            for (ptrdiff_t c = 0; c < x->shape[1]; c++) {
                double v = row[c * x->strides[1]], p = power_below(v);
                p = (v == 0 ? 0 : p < least ? least : p) * half * rest;
                part[c & 3] += p * p;
            }
            sum += (part[0] + part[1]) + (part[2] + part[3]);
        }
        sum *= ldexp(1, 2 * (1 - types[i].bits));
        lsv_release(x);
    }
    return sum / 12;
}

/* ---- lora ---- */

/* More triplets of X until the rule can tell the rank: U, S, Vh with at least that many. */
static lsv_status enough(const lsv_array *X, lsv_dtype stored, lsv_rank_rule rule, lsv_array **U, lsv_array **S,
                         lsv_array **Vh, ptrdiff_t *rank, lsv_svd_info *info, lsv_error *err) {
    ptrdiff_t m = X->shape[0], n = X->shape[1], most = lsv_min_size(m, n), cap = most;
    double numerical = (double)lsv_max_size(m, n) * lsv_mats_eps(stored == LSV_FLOAT64 ? LSV_FLOAT64 : LSV_FLOAT32);
    lsv_svd_options options = {.tol = factor_tol, .wide = true};
    if (rule.max_rank >= 0 && rule.max_rank < cap) cap = rule.max_rank;
    ptrdiff_t k = rule.r >= 0 ? lsv_min_size(rule.r, cap) : most <= LSV_TRUNCATED_FROM ? most : 16;
    for (;;) {
        if (rule.r < 0 && k > most / 8) k = most;
        if (rule.max_rank >= 0 && most > LSV_TRUNCATED_FROM && k > cap) k = cap;
        LSV_TRY(lsv_svd_truncated(X, k, &options, U, S, Vh, info, err));
        const double *s = (const double *)(const void *)(*S)->data;
        *rank = lsv_lora_choose(s, k, k == most ? -1 : info->error, info->norm, numerical, rule);
        if (*rank >= 0) return LSV_OK;
        lsv_release(*U);
        lsv_release(*S);
        lsv_release(*Vh);
        k *= 3;
    }
}

/* The error of keeping r of the values that were found. */
static void achieved(const lsv_array *S, ptrdiff_t r, const lsv_svd_info *found, lsv_lora_info *info) {
    double dropped = 0, top = found->norm;
    for (ptrdiff_t j = S->size; j-- > r && top > 0;) dropped += value(S, j) / top * (value(S, j) / top);
    info->rank = r;
    info->error = sqrt(found->error * found->error + dropped);
    info->bound = sqrt(found->bound * found->bound + dropped * (1 + 1e-12)) + (dropped > 0 ? 4 * DBL_EPSILON : 0);
    info->norm = found->norm;
    info->residual = found->residual;
    info->iterations = found->iterations;
    info->method = found->method;
}

/* The factors are rounded to `out`. */
static lsv_status factor(const lsv_array *X, lsv_dtype out, lsv_rank_rule rule, lsv_split split, lsv_array **B,
                         lsv_array **A, lsv_lora_info *info, lsv_error *err) {
    lsv_array *U, *S, *Vh, *b = NULL, *a = NULL;
    lsv_svd_info found;
    ptrdiff_t r;
    LSV_TRY(lsv_lora_check_rule(rule, X->shape[0], X->shape[1], "lora", err));
    LSV_TRY(enough(X, out, rule, &U, &S, &Vh, &r, &found, err));
    achieved(S, r, &found, info);
    lsv_status status = lsv_lora_split(U, S, Vh, r, split, &b, &a, err);
    lsv_release(U);
    lsv_release(S);
    lsv_release(Vh);
    LSV_TRY(status);
    if (out != LSV_FLOAT64) {
        lsv_array *rounded = NULL, *other = NULL;
        status = lsv_as_dtype(b, out, &rounded, err);
        if (status == LSV_OK) status = lsv_as_dtype(a, out, &other, err);
        lsv_release(b);
        lsv_release(a);
        b = rounded, a = other;
        info->bound += 2.5 * 0x1p-24; /* each factor rounded once */
    } else info->bound += 4 * DBL_EPSILON;
    if (status == LSV_OK) status = lsv_put_on(b, X->device, err);
    if (status == LSV_OK) status = lsv_put_on(a, X->device, err);
    if (status != LSV_OK) {
        lsv_release(b);
        lsv_release(a);
        return status;
    }
    *B = b, *A = a;
    return LSV_OK;
}

/* A GPU that failed took along what was made on the way, but maybe not what it was made of. */
static bool took_along(lsv_status status, int device) { return status == LSV_ERUNTIME && device && !lsv_device; }

/* From an array of the host, which is released; results have that device's label. */
static lsv_status on_host(lsv_array *X, int device, lsv_dtype out, lsv_rank_rule rule, lsv_split split, lsv_array **B,
                          lsv_array **A, lsv_lora_info *info, lsv_error *err) {
    lsv_array *b, *a;
    lsv_status status = factor(X, out, rule, split, &b, &a, info, err);
    lsv_release(X);
    LSV_TRY(status);
    status = lsv_put_on(b, device, err);
    if (status == LSV_OK) status = lsv_put_on(a, device, err);
    if (status == LSV_OK) *B = b, *A = a;
    else lsv_release(b), lsv_release(a);
    return status;
}

static lsv_status check_matrix(const lsv_array *W, lsv_error *err) {
    char text[128];
    if (W->ndim == 2) return LSV_OK;
    return lsv_fail(err, LSV_EVALUE, "lora: a matrix is needed, and this has shape %s", lsv_shape_text(W, text, sizeof text));
}

/* Results are float32 unless something in float64 (or an ndarray of integers) came in. */
static lsv_dtype result_type(const lsv_array *W) {
    lsv_dtype t = (lsv_dtype)W->dtype;
    if (lsv_dtype_is_float(t)) return t == LSV_FLOAT64 ? LSV_FLOAT64 : LSV_FLOAT32;
    return W->kind == LSV_TORCH ? LSV_FLOAT32 : LSV_FLOAT64;
}

lsv_status lsv_lora(const lsv_array *W, lsv_rank_rule rule, lsv_split split, lsv_array **B, lsv_array **A,
                    lsv_lora_info *info, lsv_error *err) {
    lsv_array *x;
    lsv_lora_info said = {0};
    LSV_TRY(check_matrix(W, err));
    if (W->device) x = lsv_ref(lsv_borrow(W)); /* widened there */
    else LSV_TRY(lsv_as_dtype(lsv_borrow(W), LSV_FLOAT64, &x, err));
    lsv_status status = factor(x, result_type(W), rule, split, B, A, &said, err);
    lsv_release(x);
    if (took_along(status, W->device)) {
        LSV_TRY(lsv_host_as_dtype(W, LSV_FLOAT64, &x, err));
        status = on_host(x, W->device, result_type(W), rule, split, B, A, &said, err);
    }
    if (status != LSV_OK || !info) return status;
    int e = 0;
    double norm = isfinite(said.norm) ? frexp(said.norm, &e) : said.norm;
    if (norm > 0) said.floor = sqrt(lsv_lora_rounding(W, e)) / norm;
    *info = said;
    return LSV_OK;
}

/* tuned - base in float64, where they are, or on the host. */
static lsv_status difference(const lsv_array *base, const lsv_array *tuned, bool there, lsv_array **out, lsv_error *err) {
    lsv_array *x = NULL, *y = NULL, *d = NULL;
    lsv_status status = there ? lsv_as_dtype(lsv_borrow(base), LSV_FLOAT64, &x, err)
                              : lsv_host_as_dtype(base, LSV_FLOAT64, &x, err);
    if (status == LSV_OK)
        status = there ? lsv_as_dtype(lsv_borrow(tuned), LSV_FLOAT64, &y, err)
                       : lsv_host_as_dtype(tuned, LSV_FLOAT64, &y, err);
    if (status == LSV_OK) status = lsv_binary(LSV_OP_SUB, y, x, &d, err);
    lsv_release(x);
    lsv_release(y);
    LSV_TRY(status);
    if (d->storage && d->storage->mirror) d->storage->mirror->temporary = true;
    *out = d;
    return LSV_OK;
}

lsv_status lsv_lora_difference(const lsv_array *base, const lsv_array *tuned, lsv_rank_rule rule, lsv_split split,
                               lsv_array **B, lsv_array **A, lsv_lora_info *info, lsv_error *err) {
    lsv_array *d = NULL;
    lsv_lora_info said = {0};
    char tb[128], tt[128];
    LSV_TRY(check_matrix(base, err));
    LSV_TRY(check_matrix(tuned, err));
    if (base->shape[0] != tuned->shape[0] || base->shape[1] != tuned->shape[1])
        return lsv_fail(err, LSV_EVALUE, "lora: base is %s and tuned %s", lsv_shape_text(base, tb, sizeof tb),
                        lsv_shape_text(tuned, tt, sizeof tt));
    lsv_dtype out = result_type(base) == LSV_FLOAT64 ? LSV_FLOAT64 : result_type(tuned);
    int device = base->device;
    lsv_status status = difference(base, tuned, true, &d, err);
    if (status == LSV_OK) status = factor(d, out, rule, split, B, A, &said, err);
    lsv_release(d);
    if (took_along(status, device)) {
        LSV_TRY(difference(base, tuned, false, &d, err));
        status = on_host(d, device, out, rule, split, B, A, &said, err);
    }
    if (status != LSV_OK || !info) return status;
    int e = 0;
    double norm = isfinite(said.norm) ? frexp(said.norm, &e) : said.norm;
    if (norm > 0) said.floor = sqrt(lsv_lora_rounding(base, e) + lsv_lora_rounding(tuned, e)) / norm;
    *info = said;
    return LSV_OK;
}
