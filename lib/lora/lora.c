/* The best rank-r approximation of a matrix as a product of two factors.

   By Eckart and Young the truncated singular value decomposition is optimal in every unitarily
   invariant norm, and the error it leaves is read off the singular values left out. */
#include <math.h>
#include <string.h>
#include "base/interrupt.h"
#include "linalg/linalg.h"
#include "linalg/matrix.h"
#include "lora/factors.h"

lsv_status lsv_lora_operand(const lsv_array *W, const char *name, lsv_array **out, lsv_error *err) {
    if (W->ndim != 2) {
        char text[128];
        return lsv_fail(err, LSV_EVALUE, "%s: a matrix is needed, and this has shape %s", name,
                        lsv_shape_text(W, text, sizeof text));
    }
    lsv_dtype t = (lsv_dtype)W->dtype;
    if (t == LSV_FLOAT16 || t == LSV_BFLOAT16) t = LSV_FLOAT32;
    else if (!lsv_dtype_is_float(t)) t = W->kind == LSV_TORCH ? LSV_FLOAT32 : LSV_FLOAT64;
    return lsv_as_dtype(lsv_borrow(W), t, out, err);
}

static double value(const lsv_array *S, ptrdiff_t i) { return lsv_mats_get((lsv_dtype)S->dtype, S->data, i); }

/* Sum of squares of s[from..k), smallest first, relative to s[0]^2 so that nothing overflows. */
static double tail(const lsv_array *S, ptrdiff_t from) {
    double top = S->size ? value(S, 0) : 0, sum = 0;
    if (top == 0) return 0;
    for (ptrdiff_t i = S->size - 1; i >= from; i--) sum += value(S, i) / top * (value(S, i) / top);
    return sum;
}

/* The fewest values to keep so that the squares of the others, relative to s[0]^2, sum to at most `limit`. */
static ptrdiff_t smallest_rank(const lsv_array *S, double limit) {
    double top = S->size ? value(S, 0) : 0, sum = 0;
    ptrdiff_t r = top > 0 ? S->size : 0;
    while (r > 0) {
        sum += value(S, r - 1) / top * (value(S, r - 1) / top);
        if (sum > limit) break;
        r--;
    }
    return r;
}

static ptrdiff_t numerical_rank(const lsv_array *S, ptrdiff_t m, ptrdiff_t n) {
    ptrdiff_t r = 0;
    double least = S->size ? value(S, 0) * (double)lsv_max_size(m, n) * lsv_mats_eps((lsv_dtype)S->dtype) : 0;
    while (r < S->size && value(S, r) > least) r++;
    return r;
}

lsv_status lsv_lora_choose(const lsv_array *S, ptrdiff_t m, ptrdiff_t n, lsv_rank_rule rule, const char *name,
                           ptrdiff_t *rank, double *error, lsv_error *err) {
    double total = tail(S, 0);
    ptrdiff_t k = S->size, r = 0;
    if (rule.r > k) {
        lsv_status status =
            lsv_fail(err, LSV_EVALUE, "%s: rank %td asked of a %td x %td matrix", name, rule.r, m, n);
        lsv_hint(err, "r is at most %td here", k);
        return status;
    }
    if (rule.r >= 0) {
        r = rule.r;
    } else if (!isnan(rule.tol) || !isnan(rule.energy)) {
        bool by_tol = !isnan(rule.tol);
        if (by_tol && rule.tol < 0) return lsv_fail(err, LSV_EVALUE, "%s: tol must not be negative", name);
        if (!by_tol && !(rule.energy >= 0 && rule.energy <= 1))
            return lsv_fail(err, LSV_EVALUE, "%s: energy is a share between 0 and 1", name);
        r = smallest_rank(S, (by_tol ? rule.tol * rule.tol : 1 - rule.energy) * total);
    } else {
        r = numerical_rank(S, m, n);
    }
    *rank = r;
    *error = total > 0 ? sqrt(tail(S, r) / total) : 0;
    return LSV_OK;
}

lsv_status lsv_lora_split(const lsv_array *U, const lsv_array *S, const lsv_array *Vh, ptrdiff_t r,
                          lsv_split split, lsv_array **B, lsv_array **A, lsv_error *err) {
    lsv_dtype t = (lsv_dtype)U->dtype;
    ptrdiff_t m = U->shape[0], k = U->shape[1], n = Vh->shape[1];
    lsv_array *b, *a;
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

lsv_status lsv_lora(const lsv_array *W, lsv_rank_rule rule, lsv_split split, lsv_array **B, lsv_array **A,
                    lsv_lora_info *info, lsv_error *err) {
    lsv_array *w, *U, *S, *Vh;
    LSV_TRY(lsv_lora_operand(W, "lora", &w, err));
    lsv_status status = lsv_svd(w, false, LSV_SVD_AUTO, &U, &S, &Vh, err);
    lsv_release(w);
    LSV_TRY(status);
    ptrdiff_t r = 0;
    double error = 0;
    status = lsv_lora_choose(S, W->shape[0], W->shape[1], rule, "lora", &r, &error, err);
    if (status == LSV_OK) status = lsv_lora_split(U, S, Vh, r, split, B, A, err);
    if (status == LSV_OK && info) *info = (lsv_lora_info){r, error, "svd"};
    lsv_release(U);
    lsv_release(S);
    lsv_release(Vh);
    return status;
}

/* A copy of the leading part of x: its first `count` entries along `axis`. */
static lsv_status leading(lsv_array *x, int axis, ptrdiff_t count, lsv_array **out, lsv_error *err) {
    ptrdiff_t shape[2] = {x->shape[0], x->ndim > 1 ? x->shape[1] : 1};
    lsv_array *view;
    shape[axis] = count;
    LSV_TRY(lsv_view_strided(x, x->ndim, shape, x->strides, 0, &view, err));
    lsv_status status = lsv_copy(view, out, err);
    lsv_release(view);
    return status;
}

lsv_status lsv_svd_leading(const lsv_array *W, ptrdiff_t k, lsv_array **U, lsv_array **S, lsv_array **Vh,
                           lsv_error *err) {
    lsv_array *w, *u, *s, *vh, *uk = NULL, *sk = NULL, *vk = NULL;
    LSV_TRY(lsv_lora_operand(W, "svd", &w, err));
    ptrdiff_t most = lsv_min_size(W->shape[0], W->shape[1]);
    lsv_status status =
        k < 0 || k > most
            ? lsv_fail(err, LSV_EVALUE, "svd: k = %td of a %td x %td matrix; it has %td singular values", k,
                       W->shape[0], W->shape[1], most)
            : lsv_svd(w, false, LSV_SVD_AUTO, &u, &s, &vh, err);
    lsv_release(w);
    LSV_TRY(status);
    status = leading(u, 1, k, &uk, err);
    if (status == LSV_OK) status = leading(s, 0, k, &sk, err);
    if (status == LSV_OK) status = leading(vh, 0, k, &vk, err);
    lsv_release(u);
    lsv_release(s);
    lsv_release(vh);
    if (status == LSV_OK) {
        *U = uk, *S = sk, *Vh = vk;
        return LSV_OK;
    }
    lsv_release(uk);
    lsv_release(sk);
    lsv_release(vk);
    return status;
}
