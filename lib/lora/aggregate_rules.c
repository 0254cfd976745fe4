/* Output ranks by rule. The exact sum is factored once; its values are the norms of the factors' columns and rows, whatever
   the split, and every rule's answer is a leading part of those factors. */
#include <math.h>

#include "linalg/matrix.h"
#include "lora/factors.h"
#include "lora/lora.h"

/* The first r columns of B and rows of A. */
static lsv_status cut(const lsv_array *B, const lsv_array *A, ptrdiff_t r, lsv_array **b, lsv_array **a, lsv_error *err) {
    lsv_array *left, *right = NULL, *x = NULL;
    LSV_TRY(lsv_view_strided(lsv_borrow(B), 2, (ptrdiff_t[]){B->shape[0], r}, B->strides, 0, &left, err));
    lsv_status status = lsv_view_strided(lsv_borrow(A), 2, (ptrdiff_t[]){r, A->shape[1]}, A->strides, 0, &right, err);
    if (status == LSV_OK) status = lsv_copy(left, &x, err);
    lsv_release(left);
    if (status == LSV_OK) {
        status = lsv_copy(right, a, err);
        if (status == LSV_OK) *b = x;
        else lsv_release(x);
    }
    lsv_release(right);
    return status;
}

/* Value j: the norms of column j of B and row j of A, whatever the split. */
static double value(const lsv_array *B, const lsv_array *A, ptrdiff_t j) {
    lsv_dtype t = (lsv_dtype)B->dtype;
    ptrdiff_t r = B->shape[1], n = A->shape[1];
    double b = 0, a = 0;
    for (ptrdiff_t i = 0; i < B->shape[0]; i++) b = hypot(b, lsv_mats_get(t, B->data, i * r + j));
    for (ptrdiff_t i = 0; i < n; i++) a = hypot(a, lsv_mats_get(t, A->data, j * n + i));
    return b * a;
}

static bool by_number(const lsv_rank_rule *rule) { return isnan(rule->tol) && isnan(rule->energy) && isnan(rule->ratio) && (rule->r >= 0 || rule->max_rank < 0); }

/* Ranks by rule: the whole sum first, then its leading part for each. */
static lsv_status by_rules(const lsv_federation *f, lsv_aggregate_method method, const lsv_rank_rule *rules, int count, lsv_split split, lsv_array **B,
                           lsv_array **A, lsv_aggregate_info *infos, lsv_error *err) {
    lsv_array *b = NULL, *a = NULL;
    lsv_aggregate_info whole;
    ptrdiff_t all = -1;
    LSV_TRY(lsv_aggregate_many(f, method, &all, 1, split, &b, &a, &whole, err));
    ptrdiff_t k = b->shape[1];
    double *s = lsv_malloc(((size_t)k + 1) * sizeof *s), eps = lsv_mats_eps((lsv_dtype)b->dtype) * (double)lsv_max_size(b->shape[0], a->shape[1]);
    lsv_status status = s ? LSV_OK : lsv_no_memory(err, (size_t)k * sizeof *s);
    for (ptrdiff_t j = 0; j < k && s; j++) s[j] = value(b, a, j);
    for (int i = 0; i < count && status == LSV_OK; i++) {
        double dropped = 0;
        status = lsv_lora_check_rule(rules[i], b->shape[0], a->shape[1], "aggregate", err);
        ptrdiff_t r = status == LSV_OK ? lsv_lora_choose(s, k, -1, whole.norm, eps, rules[i]) : 0;
        if (r > k) r = k;
        for (ptrdiff_t j = r; j < k; j++) dropped = hypot(dropped, s[j]);
        infos[i] = whole;
        infos[i].rank = r;
        infos[i].error = hypot(whole.error, whole.norm > 0 ? dropped / whole.norm : 0);
        if (status == LSV_OK) status = cut(b, a, r, &B[i], &A[i], err);
    }
    lsv_free(s);
    lsv_release(b);
    lsv_release(a);
    return status;
}

lsv_status lsv_aggregate_rules(const lsv_federation *f, lsv_aggregate_method method, const lsv_rank_rule *rules, int count, lsv_split split, lsv_array **B,
                               lsv_array **A, lsv_aggregate_info *infos, lsv_error *err) {
    lsv_aggregate_info *said = infos ? infos : lsv_malloc((size_t)count * sizeof *said);
    ptrdiff_t *r = lsv_malloc((size_t)count * sizeof *r);
    lsv_status status = said && r ? LSV_OK : lsv_no_memory(err, (size_t)count * sizeof *said);
    bool numbers = true;
    for (int j = 0; j < count; j++) {
        B[j] = A[j] = NULL;
        numbers = numbers && by_number(&rules[j]);
        if (r) r[j] = rules[j].max_rank >= 0 ? lsv_min_size(rules[j].r, rules[j].max_rank) : rules[j].r;
    }
    if (status == LSV_OK)
        status = numbers ? lsv_aggregate_many(f, method, r, count, split, B, A, said, err) : by_rules(f, method, rules, count, split, B, A, said, err);
    for (int j = 0; j < count && status != LSV_OK; j++) {
        lsv_release(B[j]);
        lsv_release(A[j]);
        B[j] = A[j] = NULL;
    }
    if (!infos) lsv_free(said);
    lsv_free(r);
    return status;
}
