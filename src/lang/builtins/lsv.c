/* lsv's own five: svd, rank, lora, aggregate, svdgrad. ndarrays give ndarrays, tensors tensors; lists
   count as ndarrays. With info=True a dictionary of what was achieved comes last. */
#include <math.h>
#include <string.h>

#include "array/elementwise.h"
#include "grad/svdgrad.h"
#include "lang/builtins/linear.h"
#include "lora/lora.h"

/* A matrix of either kind, integers widened to floats; kept or borrowed. */
static bool matrix(ls_work *w, ls_value v, const char *what, lsv_array **a) {
    if (v.tag == LS_ARRAY) *a = v.array;
    else if (!ls_array_like(w, v, LSV_NUMPY, -1, a)) return false;
    if ((*a)->ndim != 2) {
        char shape[96];
        return ls_raise(w->in, "ValueError", "%s: a matrix is needed, not an array of shape %s", what, lsv_shape_text(*a, shape, sizeof shape));
    }
    if (lsv_dtype_is_float((lsv_dtype)(*a)->dtype)) return true;
    lsv_dtype d = (*a)->kind == LSV_TORCH ? w->in->torch_default : LSV_FLOAT64;
    return ls_ok(w, lsv_astype(*a, d, a, &w->err)) && ls_keep(w, *a);
}

static bool number_or_nan(ls_work *w, ls_value v, const char *what, double *x) {
    *x = NAN;
    return ls_is_none(v) || ls_as_double(w->in, v, what, x);
}

/* ---- info dictionaries ---- */

/* dict[key] = value; takes value. */
static bool note(ls_work *w, ls_value dict, const char *key, ls_value value) {
    ls_value k = ls_str_from(key);
    bool ok = k.tag != LS_UNSET && value.tag != LS_UNSET && ls_dict_set(dict.dict, k, value);
    ls_drop(k);
    ls_drop(value);
    return ok || ls_no_memory(w->in);
}

/* The arrays (owned) and, where `dict` is not None, it (owned) as the last element. */
static bool give_with_info(ls_work *w, ls_value *out, int n, lsv_array **parts, ls_value dict) {
    ls_value items[4];
    for (int i = 0; i < n; i++) items[i] = ls_from_array(parts[i]);
    if (!ls_is_none(dict)) items[n++] = dict;
    return ls_give_tuple(w, out, NULL, n, items);
}

static bool new_info(ls_work *w, ls_value wanted, ls_value *dict) {
    bool on;
    *dict = ls_none();
    if (!ls_truth(w->in, wanted, &on)) return false;
    if (on) *dict = ls_dict_new();
    return dict->tag != LS_UNSET || ls_no_memory(w->in);
}

/* ---- svd, rank ---- */

/* |A - U S Vh| / |A|, Frobenius, of the leading k triplets: from the singular values, all of them. */
static bool tail_error(ls_work *w, const lsv_array *a, ptrdiff_t k, double *error) {
    lsv_array *s;
    if (!ls_ok(w, lsv_svd(a, false, LSV_SVD_AUTO, NULL, &s, NULL, &w->err)) || !ls_keep(w, s)) return false;
    double top = s->size ? lsv_scalar_as_double(lsv_item(s, (ptrdiff_t[]){0})) : 0, all = 0, rest = 0;
    for (ptrdiff_t i = 0; i < s->size && top > 0; i++) {
        double x = lsv_scalar_as_double(lsv_item(s, &i)) / top;
        all += x * x;
        if (i >= k) rest += x * x;
    }
    *error = all > 0 ? sqrt(rest / all) : 0;
    return true;
}

/* svd(W, k, *, full_matrices, driver, tol, info) */
BUILTIN(lsv_builtin_svd) {
    lsv_array *a, *r[3];
    bool full;
    double tol;
    ptrdiff_t k = -1;
    if (!matrix(w, args[0], "svd", &a) || !ls_truth(w->in, args[2], &full) || !number_or_nan(w, args[4], "tol", &tol)) return false;
    if (!ls_is_none(args[1]) && !ls_count(w, args[1], "k", &k)) return false;
    ptrdiff_t least = a->shape[0] < a->shape[1] ? a->shape[0] : a->shape[1];
    if (!ls_is_none(args[1]) && (k < 0 || k > least)) return ls_raise(w->in, "ValueError", "svd: k must be 0 to %td, not %td", least, k);
    static const struct { const char *name; lsv_svd_driver driver; } drivers[] = {{"auto", LSV_SVD_AUTO}, {"gesdd", LSV_SVD_GESDD}, {"gesvd", LSV_SVD_GESVD}};
    int found = -1;
    for (int i = 0; i < 3; i++)
        if (ls_text_is(args[3], drivers[i].name)) found = i;
    if (found < 0) return ls_raise(w->in, "ValueError", "svd: driver is \"auto\", \"gesdd\" or \"gesvd\"");
    ls_value dict;
    if (!new_info(w, args[5], &dict)) return false;
    double error = 0;
    bool ok = true;
    if (k >= 0) ok = ls_ok(w, lsv_svd_leading(a, k, &r[0], &r[1], &r[2], &w->err));
    else ok = ls_ok(w, lsv_svd(a, full, drivers[found].driver, &r[0], &r[1], &r[2], &w->err));
    if (!ok) {
        ls_drop(dict);
        return false;
    }
    if (!ls_is_none(dict)) {
        ok = k < 0 || tail_error(w, a, k, &error);
        ok = ok && note(w, dict, "method", ls_str_from(k >= 0 ? "full decomposition, leading triplets" : drivers[found].name));
        ok = ok && note(w, dict, "k", ls_int(k >= 0 ? k : least)) && note(w, dict, "error", ls_float(error));
    }
    if (ok) return give_with_info(w, out, 3, r, dict);
    ls_drop(dict);
    for (int i = 0; i < 3; i++) lsv_release(r[i]);
    return false;
}

/* rank(W, tol): an int */
BUILTIN(lsv_builtin_rank) {
    lsv_array *a, *r;
    double tol;
    ls_value v = args[0];
    if (v.tag == LS_ARRAY) a = v.array;
    else if (!ls_array_like(w, v, LSV_NUMPY, -1, &a)) return false;
    if (!number_or_nan(w, args[1], "tol", &tol)) return false;
    if (a->kind == LSV_TORCH && !lsv_dtype_is_float((lsv_dtype)a->dtype) && (!ls_ok(w, lsv_astype(a, w->in->torch_default, &a, &w->err)) || !ls_keep(w, a))) return false;
    if (!ls_ok(w, lsv_matrix_rank(a, tol, NAN, false, &r, &w->err))) return false;
    if (r->ndim > 0) return ls_give(w, out, LSV_OK, &r);
    *out = ls_int(lsv_item(r, NULL).i);
    lsv_release(r);
    return true;
}

/* ---- lora, aggregate ---- */

static bool split_of(ls_work *w, ls_value v, lsv_split *split) {
    static const struct { const char *name; lsv_split split; } splits[] = {{"sqrt", LSV_SPLIT_SQRT}, {"left", LSV_SPLIT_LEFT}, {"right", LSV_SPLIT_RIGHT}};
    for (int i = 0; i < 3; i++)
        if (ls_text_is(v, splits[i].name)) {
            *split = splits[i].split;
            return true;
        }
    return ls_raise(w->in, "ValueError", "split is \"sqrt\", \"left\" or \"right\"");
}

static bool give_factors(ls_work *w, ls_value *out, lsv_array **pair, const lsv_lora_info *info, ls_value wanted) {
    ls_value dict;
    bool ok = new_info(w, wanted, &dict);
    if (ok && !ls_is_none(dict))
        ok = note(w, dict, "method", ls_str_from(info->method ? info->method : "svd")) && note(w, dict, "rank", ls_int(info->rank)) &&
             note(w, dict, "error", ls_float(info->error));
    if (ok) return give_with_info(w, out, 2, pair, dict);
    ls_drop(dict);
    lsv_release(pair[0]);
    lsv_release(pair[1]);
    return false;
}

/* lora(W, r, *, split, tol, energy, info) */
BUILTIN(lsv_builtin_lora) {
    lsv_array *a, *pair[2];
    lsv_rank_rule rule = {.r = -1};
    lsv_split split = LSV_SPLIT_SQRT;
    lsv_lora_info info = {0};
    if (!matrix(w, args[0], "lora", &a) || !split_of(w, args[2], &split) || !number_or_nan(w, args[3], "tol", &rule.tol) || !number_or_nan(w, args[4], "energy", &rule.energy))
        return false;
    if (!ls_is_none(args[1])) {
        if (!ls_count(w, args[1], "r", &rule.r)) return false;
        if (rule.r < 0) return ls_raise(w->in, "ValueError", "lora: r must not be negative");
    }
    if (!ls_ok(w, lsv_lora(a, rule, split, &pair[0], &pair[1], &info, &w->err))) return false;
    return give_factors(w, out, pair, &info, args[5]);
}

typedef struct clients { int n; lsv_array **B, **A; double *weights; } clients;

static void clients_free(clients *c) {
    lsv_free(c->B);
    lsv_free(c->A);
    lsv_free(c->weights);
}

static bool clients_new(ls_work *w, ls_value list, clients *c) {
    ptrdiff_t n = list.list->n;
    *c = (clients){0};
    if (n == 0 || n > 1 << 20) return ls_raise(w->in, "ValueError", "aggregate: a list of (B, A) pairs is needed, at least one");
    c->n = (int)n;
    c->B = lsv_malloc((size_t)n * sizeof *c->B);
    c->A = lsv_malloc((size_t)n * sizeof *c->A);
    c->weights = lsv_malloc((size_t)n * sizeof *c->weights);
    return (c->B && c->A && c->weights) || ls_no_memory(w->in);
}

static bool clients_fill(ls_work *w, ls_value list, clients *c) {
    for (int i = 0; i < c->n; i++) {
        ls_value pair;
        if (!ls_to_list(w->in, list.list->items[i], &pair)) return false;
        bool ok = pair.list->n == 2 || ls_raise(w->in, "ValueError", "aggregate: client %d is not a (B, A) pair", i);
        ok = ok && matrix(w, pair.list->items[0], "aggregate", &c->B[i]) && ls_keep(w, lsv_ref(c->B[i]));
        ok = ok && matrix(w, pair.list->items[1], "aggregate", &c->A[i]) && ls_keep(w, lsv_ref(c->A[i]));
        ls_drop(pair);
        if (!ok) return false;
    }
    return true;
}

static bool clients_weights(ls_work *w, ls_value v, clients *c) {
    lsv_array *a;
    if (!ls_array_like(w, v, LSV_NUMPY, LSV_FLOAT64, &a)) return false;
    if (a->ndim != 1 || a->size != c->n) return ls_raise(w->in, "ValueError", "aggregate: %d clients and %td weights", c->n, a->size);
    for (ptrdiff_t i = 0; i < c->n; i++) c->weights[i] = lsv_item(a, &i).f;
    return true;
}

/* aggregate(clients, weights, *, method, r, info) */
BUILTIN(lsv_builtin_aggregate) {
    ls_value list;
    clients c = {0};
    ptrdiff_t r = -1;
    lsv_array *pair[2];
    lsv_lora_info info = {0};
    if (!ls_text_is(args[2], "exact")) return ls_raise(w->in, "ValueError", "aggregate: method is \"exact\"");
    if (!ls_is_none(args[3]) && !ls_count(w, args[3], "r", &r)) return false;
    if (!ls_is_none(args[3]) && r < 0) return ls_raise(w->in, "ValueError", "aggregate: r must not be negative");
    if (!ls_to_list(w->in, args[0], &list)) return false;
    bool weighted = !ls_is_none(args[1]);
    bool ok = clients_new(w, list, &c) && clients_fill(w, list, &c) && (!weighted || clients_weights(w, args[1], &c));
    ok = ok && ls_ok(w, lsv_aggregate(c.B, c.A, weighted ? c.weights : NULL, c.n, r, LSV_SPLIT_SQRT, &pair[0], &pair[1], &info, &w->err));
    clients_free(&c);
    ls_drop(list);
    return ok && give_factors(w, out, pair, &info, args[4]);
}

/* ---- svdgrad ---- */

/* phi and psi: None, a vector, or a 1-column (1-row) matrix, in A's kind and dtype */
static bool direction(ls_work *w, ls_value v, const lsv_array *a, lsv_array **r) {
    *r = NULL;
    if (ls_is_none(v)) return true;
    if (!ls_array_like(w, v, (lsv_kind)a->kind, a->dtype, r)) return false;
    return (*r)->ndim == 1 || (ls_ok(w, lsv_ravel(*r, false, r, &w->err)) && ls_keep(w, *r));
}

/* svdgrad(A, xi, phi, psi, *, method, index, info) */
BUILTIN(lsv_builtin_svdgrad) {
    lsv_array *a, *phi, *psi, *g;
    double xi;
    ptrdiff_t index;
    lsv_svdgrad_info info = {0};
    if (!matrix(w, args[0], "svdgrad", &a) || !ls_as_double(w->in, args[1], "xi", &xi) || !direction(w, args[2], a, &phi) || !direction(w, args[3], a, &psi) ||
        !ls_count(w, args[5], "index", &index))
        return false;
    if (!ls_text_is(args[4], "auto") && !ls_text_is(args[4], "svd")) return ls_raise(w->in, "ValueError", "svdgrad: method is \"auto\" or \"svd\"");
    if (!ls_ok(w, lsv_svdgrad(a, xi, phi, psi, index, &g, &info, &w->err))) return false;
    ls_value dict;
    bool ok = new_info(w, args[6], &dict);
    if (ok && ls_is_none(dict)) return ls_give_array(w, out, LSV_OK, &g);
    ok = ok && note(w, dict, "method", ls_str_from(info.method ? info.method : "svd")) && note(w, dict, "sigma", ls_float(info.sigma)) &&
         note(w, dict, "gap", ls_float(info.gap)) && note(w, dict, "error", ls_float(info.error));
    if (ok) return give_with_info(w, out, 1, &g, dict);
    ls_drop(dict);
    lsv_release(g);
    return false;
}

const ls_builtin ls_family_lsv[] = {
    {"svd", "(W, k=None, *, full_matrices=False, driver=\"auto\", tol=None, info=False)", "Singular value decomposition: U, S, Vh, thin unless asked",
     "W = U @ diag(S) @ Vh, S falling. With k the leading k triplets only. NaN or Inf in W is a LinAlgError.",
     "U, S, Vh = svd([3, 0; 0, 4])\nS\narray([4., 3.])", lsv_builtin_svd, 0, LS_CALLABLE, NULL},
    {"rank", "(W, tol=None)", "The numerical rank, an int", "How many singular values exceed tol (absolute; by default S.max() * max(m, n) * eps).",
     "rank([4, 0; 3, -5; 0, 2])\n2", lsv_builtin_rank, 0, LS_CALLABLE, NULL},
    {"lora", "(W, r=None, *, split=\"sqrt\", tol=None, energy=None, info=False)", "B, A with B @ A the best approximation of rank r",
     "Eckart and Young: best in every unitarily invariant norm. split \"sqrt\" gives B = U sqrt(S), A = sqrt(S) Vh; \"left\" B = U S, A = Vh; \"right\" B = U, A = S Vh. "
     "Instead of r: tol, the smallest rank with that relative Frobenius error, or energy, the smallest rank with that share of |W|^2.",
     "B, A = lora([4, 0; 3, -5; 0, 2], 1)\nB.shape, A.shape\n((3, 1), (1, 2))", lsv_builtin_lora, 0, LS_CALLABLE, NULL},
    {"aggregate", "(clients, weights=None, *, method=\"exact\", r=None, info=False)", "B, A with B @ A the weighted sum of the clients' updates",
     "clients is a list of (B, A) pairs, of different ranks; the sum is never formed densely. weights are 1/n each by default. r truncates optimally.",
     NULL, lsv_builtin_aggregate, 0, LS_CALLABLE, NULL},
    {"svdgrad", "(A, xi, phi=None, psi=None, *, method=\"auto\", index=0, info=False)", "The gradient of xi*sigma + phi.u + psi.v with respect to A",
     "(sigma, u, v) is the index-th singular triplet. Signs of u and v: the largest |u_j| is positive. Rank-deficient A is no special case; a repeated sigma "
     "with phi or psi not zero is a LinAlgError.",
     NULL, lsv_builtin_svdgrad, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
