/* Sums of adapters. Module by module: the factors of those that have it go into one factored aggregate (aggregate.c)
   with their scales, whose values give every output rank at once. What is beside the modules is merged only where a
   meaning is certain. */
#include <math.h>
#include <string.h>

#include "base/interrupt.h"
#include "linalg/matrix.h"
#include "lora/adapter/inside.h"

static lsv_status check_merging(const lsv_adapter_merging *m, lsv_error *err) {
    if (m->n < 1) return lsv_fail(err, LSV_EVALUE, "no adapters to merge");
    for (int k = 0; k < m->n && m->weights; k++)
        if (!isfinite(m->weights[k])) return lsv_fail(err, LSV_EVALUE, "the weight of adapter %d is not finite", k);
    return LSV_OK;
}

static double weight(const lsv_adapter_merging *m, int k) { return m->weights ? m->weights[k] : 1.0 / m->n; }

/* How an adapter is called in messages. */
static const char *called(const lsv_adapter_merging *m, int k, char buffer[24]) {
    const char *path = lsv_adapter_path(m->adapters[k]);
    if (path) return lsv_tail(path, 80);
    size_t n = 0;
    for (const char *c = "adapter "; *c; c++) buffer[n++] = *c;
    char digits[12];
    int d = 0;
    do digits[d++] = (char)('0' + k % 10);
    while ((k /= 10) > 0);
    while (d > 0) buffer[n++] = digits[--d];
    buffer[n] = '\0';
    return buffer;
}

/* ---- which modules there are ---- */

static const char *difference(const lsv_adapter_module *x, const lsv_adapter_module *y) {
    if (x->kind != y->kind) return "kind";
    if (x->out != y->out || x->in != y->in) return "shape";
    bool same = x->nkernel == y->nkernel;
    for (int i = 0; same && i < x->nkernel; i++) same = x->kernel[i] == y->kernel[i];
    return !same ? "kernel" : x->transposed != y->transposed ? "layout (fan_in_fan_out)" : NULL;
}

static lsv_status differ(const lsv_adapter_merging *m, const lsv_adapter_module *x, int j, const lsv_adapter_module *y, int k, const char *what, lsv_error *err) {
    char one[24], other[24];
    return lsv_error_clean(lsv_fail(err, LSV_EVALUE, "'%s': of another %s in %s (%td x %td) than in %s (%td x %td)", lsv_tail(x->name, 120), what, called(m, k, other),
                                    y->out, y->in, called(m, j, one), x->out, x->in), err);
}

lsv_status lsv_adapter_union(const lsv_adapter_merging *m, lsv_adapter_module **modules, ptrdiff_t *count, lsv_error *err) {
    ptrdiff_t room = 0, n = 0;
    LSV_TRY(check_merging(m, err));
    for (int k = 0; k < m->n; k++)
        if (!lsv_add_size(room, lsv_adapter_count(m->adapters[k]), &room)) return lsv_no_memory(err, SIZE_MAX);
    lsv_adapter_module *all = lsv_malloc(((size_t)room + 1) * sizeof *all);
    int *first = lsv_malloc(((size_t)room + 1) * sizeof *first); /* whose it is */
    lsv_name_map seen = {0};
    lsv_status status = all && first ? LSV_OK : lsv_no_memory(err, (size_t)room * sizeof *all);
    for (int k = 0; k < m->n; k++)
        for (ptrdiff_t i = 0; status == LSV_OK && i < lsv_adapter_count(m->adapters[k]); i++) {
            const lsv_adapter_module *x = lsv_adapter_at(m->adapters[k], i);
            ptrdiff_t old;
            status = lsv_name_map_put(&seen, x->name, n, &old, err);
            if (status != LSV_OK) break;
            const char *what = old >= 0 ? difference(&all[old], x) : NULL;
            if (what) status = differ(m, &all[old], first[old], x, k, what, err);
            else if (old < 0) first[n] = k, all[n++] = *x;
        }
    lsv_name_map_free(&seen);
    lsv_free(first);
    if (status == LSV_OK) *modules = all, *count = n;
    else lsv_free(all);
    return status;
}

/* ---- one module ---- */

typedef struct gathered {
    int n;
    lsv_array **B, **A;
    double *weights, *alphas;
    int *whose;
} gathered;

static void gathered_free(gathered *g) {
    for (int k = 0; k < g->n; k++) lsv_release(g->B[k]), lsv_release(g->A[k]);
    void *blocks[] = {g->B, g->A, g->weights, g->alphas, g->whose};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) lsv_free(blocks[i]);
}

static lsv_status gather(const lsv_adapter_merging *m, const char *name, gathered *g, lsv_error *err) {
    size_t n = (size_t)m->n;
    *g = (gathered){0, lsv_malloc(n * sizeof *g->B), lsv_malloc(n * sizeof *g->A), lsv_malloc(n * sizeof *g->weights), lsv_malloc(n * sizeof *g->alphas), lsv_malloc(n * sizeof *g->whose)};
    if (!g->B || !g->A || !g->weights || !g->alphas || !g->whose) return lsv_no_memory(err, n * sizeof *g->B);
    const lsv_adapter_module *first = NULL;
    for (int k = 0; k < m->n; k++) {
        ptrdiff_t i = lsv_adapter_find(m->adapters[k], name);
        if (i < 0) continue;
        const lsv_adapter_module *x = lsv_adapter_at(m->adapters[k], i);
        const char *what = first ? difference(first, x) : NULL;
        if (what) return differ(m, first, g->whose[0], x, k, what, err);
        if (!first) first = x;
        LSV_TRY(lsv_adapter_factors(m->adapters[k], i, LSV_NUMPY, &g->B[g->n], &g->A[g->n], err));
        g->weights[g->n] = weight(m, k);
        g->alphas[g->n] = x->scale * (double)x->rank;
        g->whose[g->n++] = k;
    }
    return g->n ? LSV_OK : lsv_fail(err, LSV_EVALUE, "'%s': no adapter has this module", lsv_tail(name, 200));
}

/* An error of the sum under the module's name. */
static lsv_status named(const char *name, lsv_status status, const lsv_error *detail, lsv_error *err) {
    lsv_fail(err, status, "'%s': %s", lsv_tail(name, 120), detail->message);
    if (detail->hint[0]) lsv_hint(err, "%s", detail->hint);
    return status;
}

lsv_status lsv_adapter_merge_module(const lsv_adapter_merging *m, const char *name, const lsv_rank_rule *rules, int count, lsv_array **B, lsv_array **A, lsv_aggregate_info *infos, lsv_error *err) {
    gathered g;
    lsv_error detail = {.status = LSV_OK};
    LSV_TRY(check_merging(m, err));
    for (int j = 0; j < count; j++) B[j] = A[j] = NULL;
    lsv_status status = gather(m, name, &g, err);
    if (status != LSV_OK) {
        gathered_free(&g);
        return status;
    }
    lsv_federation f = {g.B, g.A, g.n, g.weights, g.alphas, false};
    status = lsv_aggregate_rules(&f, m->method, rules, count, m->split, B, A, infos, &detail);
    if (status != LSV_OK) named(name, status, &detail, err);
    gathered_free(&g);
    return status;
}

/* ---- whole tensors ---- */

static ptrdiff_t tensor_place(const lsv_adapter *a, const char *name) {
    for (ptrdiff_t i = 0; i < lsv_adapter_tensors(a); i++)
        if (strcmp(lsv_adapter_tensor_at(a, i)->name, name) == 0) return i;
    return -1;
}

static bool same_shape(const lsv_array *x, const lsv_array *y) {
    bool same = x->ndim == y->ndim;
    for (int i = 0; same && i < x->ndim; i++) same = x->shape[i] == y->shape[i];
    return same;
}

/* The tensor in adapter k, contiguous. */
static lsv_status tensor_in(const lsv_adapter_merging *m, int k, const char *name, lsv_array **out, lsv_error *err) {
    lsv_array *x;
    char buffer[24];
    ptrdiff_t at = tensor_place(m->adapters[k], name);
    if (at < 0) {
        lsv_fail(err, LSV_EVALUE, "'%s': a whole tensor that %s does not have: it has no sum with the others", lsv_tail(name, 120), called(m, k, buffer));
        lsv_hint(err, "modules_to_save and biases take the place of the base's tensors; leave them out of the adapters, or merge ones that all hold them");
        return LSV_EVALUE;
    }
    LSV_TRY(lsv_adapter_tensor_get(m->adapters[k], at, LSV_NUMPY, &x, err));
    lsv_status status = lsv_contiguous(x, out, err);
    lsv_release(x);
    return status;
}

static lsv_status add_share(double *sum, const lsv_array *x, double w, lsv_error *err) {
    lsv_array *y;
    LSV_TRY(lsv_as_dtype(lsv_borrow(x), LSV_FLOAT64, &y, err));
    for (ptrdiff_t i = 0; i < y->size; i++) sum[i] += w * ((const double *)(const void *)y->data)[i];
    lsv_release(y);
    return LSV_OK;
}

/* sum_k w_k T_k in the first one's type. */
static lsv_status mean(const lsv_adapter_merging *m, const char *name, const lsv_array *first, lsv_array **out, lsv_error *err) {
    lsv_array *sum;
    LSV_TRY(lsv_zeros(LSV_NUMPY, LSV_FLOAT64, first->ndim, first->shape, &sum, err));
    lsv_status status = LSV_OK;
    for (int k = 0; k < m->n && status == LSV_OK; k++) {
        lsv_array *x;
        status = tensor_in(m, k, name, &x, err);
        if (status != LSV_OK) break;
        status = add_share((double *)(void *)sum->data, x, weight(m, k), err);
        lsv_release(x);
    }
    if (status == LSV_OK) return lsv_narrow(sum, (lsv_dtype)first->dtype, name, out, err);
    lsv_release(sum);
    return status;
}

static lsv_status merge_tensor(const lsv_adapter_merging *m, const char *name, double total, lsv_adapter *out, lsv_error *err) {
    lsv_array *first, *merged = NULL;
    bool equal = true, shapes = true;
    LSV_TRY(tensor_in(m, 0, name, &first, err));
    lsv_status status = LSV_OK;
    for (int k = 1; k < m->n && status == LSV_OK; k++) {
        lsv_array *x;
        status = tensor_in(m, k, name, &x, err);
        if (status != LSV_OK) break;
        shapes = shapes && same_shape(first, x);
        equal = equal && shapes && x->dtype == first->dtype && memcmp(first->data, x->data, (size_t)x->size * lsv_dtype_size((lsv_dtype)x->dtype)) == 0;
        lsv_release(x);
    }
    if (status == LSV_OK && !shapes) status = lsv_fail(err, LSV_EVALUE, "'%s': a whole tensor of other shapes in other adapters", lsv_tail(name, 160));
    bool unit = fabs(total - 1) <= 1e-9 && lsv_dtype_is_float((lsv_dtype)first->dtype);
    if (status == LSV_OK && !equal && !unit) {
        status = lsv_fail(err, LSV_EVALUE, "'%s': a whole tensor that differs between the adapters, and the weights add up to %.6g, not 1: the base would be needed", lsv_tail(name, 120), total);
        lsv_hint(err, "with weights that add up to 1 it is their weighted mean");
    }
    if (status == LSV_OK && equal) merged = lsv_ref(first);
    else if (status == LSV_OK) status = mean(m, name, first, &merged, err);
    lsv_release(first);
    if (status == LSV_OK) status = lsv_adapter_tensor_add(out, name, merged, err);
    return status == LSV_OK && !equal ? lsv_adapter_add_note(out, err, "%s: a whole tensor, the weighted mean of the adapters'", lsv_tail(name, 160)) : status;
}

lsv_status lsv_adapter_merge_tensors(const lsv_adapter_merging *m, lsv_adapter *out, lsv_error *err) {
    double total = 0;
    LSV_TRY(check_merging(m, err));
    for (int k = 0; k < m->n; k++) total += weight(m, k);
    for (int k = 0; k < m->n; k++)
        for (ptrdiff_t i = 0; i < lsv_adapter_tensors(m->adapters[k]); i++) {
            const char *name = lsv_adapter_tensor_at(m->adapters[k], i)->name;
            if (tensor_place(out, name) >= 0) continue;
            LSV_TRY(lsv_poll(err));
            LSV_TRY(merge_tensor(m, name, total, out, err));
        }
    return LSV_OK;
}

/* ---- all of it ---- */

/* A union's module into output j. */
static lsv_status add_merged(lsv_adapter *out, const lsv_adapter_module *like, lsv_array *B, lsv_array *A, lsv_error *err) {
    lsv_adapter_module m = *like;
    m.alpha = (double)NAN;
    return lsv_adapter_add(out, &m, B, A, err);
}

static lsv_status merge_all(const lsv_adapter_merging *m, const lsv_adapter_module *modules, ptrdiff_t n, const lsv_rank_rule *rules, int count, lsv_adapter **out, lsv_aggregate_info *infos, lsv_error *err) {
    lsv_array **B = lsv_calloc(2 * (size_t)count, sizeof *B), **A = B + count;
    if (!B) return lsv_no_memory(err, (size_t)count * sizeof *B);
    lsv_status status = LSV_OK;
    for (ptrdiff_t i = 0; i < n && status == LSV_OK; i++) {
        status = lsv_poll(err);
        if (status == LSV_OK) status = lsv_adapter_merge_module(m, modules[i].name, rules, count, B, A, infos + i * count, err);
        for (int j = 0; j < count && B[j]; j++) {
            if (status == LSV_OK) status = add_merged(out[j], &modules[i], B[j], A[j], err);
            else lsv_release(B[j]), lsv_release(A[j]);
            B[j] = A[j] = NULL;
        }
    }
    lsv_free(B);
    return status;
}

static lsv_status fill_rest(const lsv_adapter_merging *m, lsv_adapter *out, lsv_error *err) {
    LSV_TRY(lsv_adapter_merge_tensors(m, out, err));
    for (int k = 0; k < m->n; k++)
        if (lsv_adapter_settings(m->adapters[k]) > 0) return lsv_adapter_copy_rest(out, m->adapters[k], false, err);
    return LSV_OK;
}

lsv_status lsv_adapter_merge(const lsv_adapter_merging *m, const lsv_rank_rule *rules, int count, lsv_adapter **out, lsv_aggregate_info **infos, lsv_error *err) {
    lsv_adapter_module *modules;
    ptrdiff_t n;
    LSV_TRY(lsv_adapter_union(m, &modules, &n, err));
    lsv_aggregate_info *said = lsv_malloc(((size_t)n * (size_t)count + 1) * sizeof *said);
    lsv_status status = said ? LSV_OK : lsv_no_memory(err, (size_t)n * (size_t)count * sizeof *said);
    for (int j = 0; j < count; j++) out[j] = NULL;
    for (int j = 0; j < count && status == LSV_OK; j++) status = lsv_adapter_new(&out[j], err);
    if (status == LSV_OK) status = merge_all(m, modules, n, rules, count, out, said, err);
    for (int j = 0; j < count && status == LSV_OK; j++) {
        out[j]->format = lsv_adapter_format_of(m->adapters[0]);
        status = fill_rest(m, out[j], err);
    }
    lsv_free(modules);
    if (status != LSV_OK)
        for (int j = 0; j < count; j++) {
            lsv_adapter_free(out[j]);
            out[j] = NULL;
        }
    if (status == LSV_OK && infos) *infos = said;
    else lsv_free(said);
    return status;
}

lsv_status lsv_adapter_resize(lsv_adapter *a, lsv_rank_rule rule, lsv_split split, lsv_adapter **out, lsv_aggregate_info **infos, lsv_error *err) {
    static const double one = 1;
    lsv_adapter_merging m = {&a, 1, &one, LSV_AGGREGATE_EXACT, split};
    lsv_adapter *resized;
    LSV_TRY(lsv_adapter_merge(&m, &rule, 1, &resized, infos, err));
    lsv_status status = lsv_adapter_copy_rest(resized, a, true, err);
    for (ptrdiff_t i = 0; i < a->nnotes && status == LSV_OK; i++) status = lsv_adapter_add_note(resized, err, "%s", a->notes[i]);
    if (status == LSV_OK) {
        *out = resized;
        return LSV_OK;
    }
    lsv_adapter_free(resized);
    if (infos) {
        lsv_free(*infos);
        *infos = NULL;
    }
    return status;
}
