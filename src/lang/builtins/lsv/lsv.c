/* lsv's own: svd, rank, lora, aggregate (svdgrad has a file of its own). ndarrays give ndarrays, tensors tensors; lists
   count as ndarrays. With info=True a dictionary of what was achieved comes last. */
#include <math.h>
#include <string.h>

#include "array/elementwise.h"
#include "lang/builtins/lsv/adapters.h"
#include "lang/builtins/arrays/linear.h"
#include "linalg/truncated.h"
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

/* driver= by name */
static bool driver_of(ls_work *w, ls_value v, lsv_svd_driver *driver) {
    static const struct { const char *name; lsv_svd_driver driver; } drivers[] = {{"auto", LSV_SVD_AUTO}, {"gesdd", LSV_SVD_GESDD}, {"gesvd", LSV_SVD_GESVD}};
    for (int i = 0; i < 3; i++)
        if (ls_text_is(v, drivers[i].name)) {
            *driver = drivers[i].driver;
            return true;
        }
    return ls_raise(w->in, "ValueError", "svd: driver is \"auto\", \"gesdd\" or \"gesvd\"");
}

/* All triplets come from LAPACK, which promises and measures nothing more; the leading ones were measured. */
static bool note_svd(ls_work *w, ls_value dict, const lsv_svd_info *info, bool leading) {
    if (!leading) return note(w, dict, "method", ls_str_from(info->method)) && note(w, dict, "k", ls_int(info->k));
    return note(w, dict, "method", ls_str_from(info->method ? info->method : "full")) && note(w, dict, "k", ls_int(info->k)) &&
           note(w, dict, "iterations", ls_int(info->iterations)) && note(w, dict, "residual", ls_float(info->residual)) &&
           note(w, dict, "error", ls_float(info->error)) && note(w, dict, "bound", ls_float(info->bound));
}

/* svd(W, k, *, full_matrices, driver, tol, info) */
BUILTIN(lsv_builtin_svd) {
    lsv_array *a, *r[3];
    bool full;
    ptrdiff_t k = -1;
    lsv_svd_driver driver = LSV_SVD_AUTO;
    lsv_svd_options options = {0};
    if (!matrix(w, args[0], "svd", &a) || !ls_truth(w->in, args[2], &full) || !driver_of(w, args[3], &driver)) return false;
    if (!ls_is_none(args[4]) && !ls_as_double(w->in, args[4], "tol", &options.tol)) return false;
    if (!ls_is_none(args[1]) && !ls_count(w, args[1], "k", &k)) return false;
    ptrdiff_t least = a->shape[0] < a->shape[1] ? a->shape[0] : a->shape[1];
    if (!ls_is_none(args[1]) && (k < 0 || k > least)) return ls_raise(w->in, "ValueError", "svd: k must be 0 to %td, not %td", least, k);
    lsv_svd_info info = {.method = "full", .k = least};
    bool ok;
    if (k >= 0) ok = ls_ok(w, lsv_svd_truncated(a, k, &options, &r[0], &r[1], &r[2], &info, &w->err));
    else ok = ls_ok(w, lsv_svd(a, full, driver, &r[0], &r[1], &r[2], &w->err));
    if (!ok) return false;
    ls_value dict;
    ok = new_info(w, args[5], &dict) && (ls_is_none(dict) || note_svd(w, dict, &info, k >= 0));
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

/* One of a few names, by its place in the list; -1 and the message otherwise. */
static int choice(ls_work *w, ls_value v, int n, const char *const *names, const char *message) {
    for (int i = 0; i < n; i++)
        if (ls_text_is(v, names[i])) return i;
    ls_raise(w->in, "ValueError", "%s", message);
    return -1;
}

static bool split_of(ls_work *w, ls_value v, lsv_split *split) {
    static const char *const names[] = {"sqrt", "left", "right"};
    int i = choice(w, v, 3, names, "split is \"sqrt\", \"left\" or \"right\"");
    *split = i < 0 ? LSV_SPLIT_SQRT : (lsv_split)i;
    return i >= 0;
}

static bool rank_or_none(ls_work *w, ls_value v, const char *who, const char *what, ptrdiff_t *r) {
    *r = -1;
    if (ls_is_none(v)) return true;
    return ls_count(w, v, what, r) && (*r >= 0 || ls_raise(w->in, "ValueError", "%s: %s must not be negative", who, what));
}

static bool note_lora(ls_work *w, ls_value dict, const lsv_lora_info *info) {
    return note(w, dict, "method", ls_str_from(info->method ? info->method : "full")) && note(w, dict, "rank", ls_int(info->rank)) &&
           note(w, dict, "error", ls_float(info->error)) && note(w, dict, "bound", ls_float(info->bound)) &&
           note(w, dict, "noise_floor", ls_float(info->floor)) && note(w, dict, "norm", ls_float(info->norm)) &&
           note(w, dict, "residual", ls_float(info->residual)) && note(w, dict, "iterations", ls_int(info->iterations));
}

/* lora(W, tuned, r, *, split, tol, energy, ratio, max_rank, info); lora(W, r) and lora(base, tuned, r) */
BUILTIN(lsv_builtin_lora) {
    lsv_array *a, *tuned = NULL, *pair[2];
    lsv_rank_rule rule = LSV_RANK_RULE(-1);
    lsv_split split = LSV_SPLIT_SQRT;
    lsv_lora_info info = {0};
    ls_value second = args[1], rank = args[2], dict;
    if (ls_is_int(second) || second.tag == LS_NPSCALAR) {
        if (!ls_is_none(rank)) return ls_raise(w->in, "TypeError", "lora: r is given twice; it is lora(W, r) or lora(base, tuned, r)");
        rank = second;
    } else if (!ls_is_none(second) && !matrix(w, second, "lora", &tuned)) return false;
    if (!matrix(w, args[0], "lora", &a) || !split_of(w, args[3], &split) || !number_or_nan(w, args[4], "tol", &rule.tol) ||
        !number_or_nan(w, args[5], "energy", &rule.energy) || !number_or_nan(w, args[6], "ratio", &rule.ratio) ||
        !rank_or_none(w, args[7], "lora", "max_rank", &rule.max_rank) || !rank_or_none(w, rank, "lora", "r", &rule.r))
        return false;
    if (!new_info(w, args[8], &dict)) return false;
    lsv_lora_info *wanted = ls_is_none(dict) ? NULL : &info; /* the noise floor is a pass of its own over W */
    if (!ls_ok(w, tuned ? lsv_lora_difference(a, tuned, rule, split, &pair[0], &pair[1], wanted, &w->err)
                        : lsv_lora(a, rule, split, &pair[0], &pair[1], wanted, &w->err))) {
        ls_drop(dict);
        return false;
    }
    bool ok = !wanted || note_lora(w, dict, wanted);
    if (ok) return give_with_info(w, out, 2, pair, dict);
    ls_drop(dict);
    lsv_release(pair[0]);
    lsv_release(pair[1]);
    return false;
}

typedef struct clients { int n; lsv_array **B, **A; double *weights, *alphas; } clients;

static void clients_free(clients *c) {
    lsv_free(c->B);
    lsv_free(c->A);
    lsv_free(c->weights);
    lsv_free(c->alphas);
}

static bool clients_new(ls_work *w, ls_value list, clients *c) {
    ptrdiff_t n = list.list->n;
    *c = (clients){0};
    if (n == 0 || n > 1 << 20) return ls_raise(w->in, "ValueError", "aggregate: a list of (B, A) pairs is needed, at least one");
    c->n = (int)n;
    c->B = lsv_malloc((size_t)n * sizeof *c->B);
    c->A = lsv_malloc((size_t)n * sizeof *c->A);
    c->weights = lsv_malloc((size_t)n * sizeof *c->weights);
    c->alphas = lsv_malloc((size_t)n * sizeof *c->alphas);
    return (c->B && c->A && c->weights && c->alphas) || ls_no_memory(w->in);
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

/* One number per client; `one` number for all of them is taken too where that makes sense. */
static bool clients_numbers(ls_work *w, ls_value v, const char *what, bool one, int n, double *numbers) {
    lsv_array *a;
    if (!ls_array_like(w, v, LSV_NUMPY, LSV_FLOAT64, &a)) return false;
    if (a->ndim == 0 && one) {
        for (int i = 0; i < n; i++) numbers[i] = lsv_item(a, NULL).f;
        return true;
    }
    if (a->ndim != 1 || a->size != n) return ls_raise(w->in, "ValueError", "aggregate: %d clients and %td %s", n, a->size, what);
    for (ptrdiff_t i = 0; i < n; i++) numbers[i] = lsv_item(a, &i).f;
    return true;
}

enum { RANKS_MOST = 64 };

/* r: None, a number, or a list of them (*several). */
static bool output_ranks(ls_work *w, ls_value v, ptrdiff_t *r, int *count, bool *several) {
    *several = v.tag == LS_LIST || v.tag == LS_TUPLE;
    *count = 1;
    if (!*several) return rank_or_none(w, v, "aggregate", "r", &r[0]);
    ls_value list;
    if (!ls_to_list(w->in, v, &list)) return false;
    bool ok = (list.list->n > 0 && list.list->n <= RANKS_MOST) || ls_raise(w->in, "ValueError", "aggregate: r is a rank or a list of 1 to %d of them", RANKS_MOST);
    for (ptrdiff_t j = 0; ok && j < list.list->n; j++) ok = rank_or_none(w, list.list->items[j], "aggregate", "r", &r[j]);
    *count = (int)list.list->n;
    ls_drop(list);
    return ok;
}

static bool note_aggregate(ls_work *w, ls_value dict, const lsv_aggregate_info *info) {
    bool ok = note(w, dict, "method", ls_str_from(info->method)) && note(w, dict, "rank", ls_int(info->rank)) && note(w, dict, "inner", ls_int(info->inner)) &&
              note(w, dict, "error", ls_float(info->error)) && note(w, dict, "norm", ls_float(info->norm));
    if (ok && strcmp(info->method, "svd") == 0) ok = note(w, dict, "shared_bases", ls_bool(info->shared));
    return ok;
}

bool ls_aggregate_note(ls_work *w, const lsv_aggregate_info *info, ls_value *dict) {
    *dict = ls_dict_new();
    if (dict->tag == LS_UNSET) return ls_no_memory(w->in);
    if (note_aggregate(w, *dict, info)) return true;
    ls_drop(*dict);
    *dict = ls_none();
    return false;
}

/* What aggregate returns: a pair or a list of pairs, and with info a dictionary or a list of them. */
static bool give_pairs(ls_work *w, ls_value *out, int count, bool several, lsv_array **B, lsv_array **A, const lsv_aggregate_info *infos, bool informed) {
    ls_value pairs = several ? ls_list_new(count) : ls_none(), dicts = several && informed ? ls_list_new(count) : ls_none();
    bool ok = (pairs.tag != LS_UNSET && dicts.tag != LS_UNSET) || ls_no_memory(w->in);
    for (int j = 0; j < count; j++) {
        ls_value dict = ls_none(), pair = ls_none(), items[2] = {ls_from_array(B[j]), ls_from_array(A[j])};
        if (informed && ok) {
            dict = ls_dict_new();
            ok = (dict.tag != LS_UNSET || ls_no_memory(w->in)) && note_aggregate(w, dict, &infos[j]);
        }
        if (ok && !several) {
            ls_value all[3] = {items[0], items[1], dict};
            return ls_give_tuple(w, out, NULL, informed ? 3 : 2, all);
        }
        if (ok) pair = ls_tuple_of(2, items);
        ok = ok && ((pair.tag != LS_UNSET && ls_list_append(pairs.list, pair) && (!informed || ls_list_append(dicts.list, dict))) || ls_no_memory(w->in));
        ls_drop(pair);
        ls_drop(dict);
        ls_drop(items[0]);
        ls_drop(items[1]);
    }
    if (ok && informed) {
        ls_value both[2] = {pairs, dicts};
        return ls_give_tuple(w, out, NULL, 2, both);
    }
    ls_drop(dicts);
    if (ok) *out = pairs;
    else ls_drop(pairs);
    return ok;
}

/* Averaged singular values are the sum's only where the bases are shared: said to whoever has not asked for info. */
static bool assumption_holds(ls_work *w, const lsv_aggregate_info *info, bool informed) {
    if (informed || strcmp(info->method, "svd") != 0 || info->shared) return true;
    return ls_raise(w->in, "ValueError",
                    "aggregate: the clients do not share their bases, and averaged singular values miss the sum of their updates; "
                    "method=\"exact\" is right for any clients, info=True gives this one all the same and its error");
}

/* aggregate(clients, weights, *, method, r, alpha, rslora, split, info, tol, energy, ratio, max_rank) */
BUILTIN(lsv_builtin_aggregate) {
    static const char *const methods[] = {"exact", "dense", "svd", "fedavg", "zeropad", "hetlora"};
    ls_value list;
    clients c = {0};
    ptrdiff_t r[RANKS_MOST];
    lsv_rank_rule rule = LSV_RANK_RULE(-1), rules[RANKS_MOST];
    lsv_array *B[RANKS_MOST], *A[RANKS_MOST];
    lsv_aggregate_info infos[RANKS_MOST];
    lsv_split split = LSV_SPLIT_SQRT;
    int count;
    bool several, rslora, informed;
    int method = choice(w, args[2], 6, methods, "method is \"exact\", \"dense\", \"svd\", \"fedavg\", \"zeropad\" or \"hetlora\"");
    if (method < 0 || !output_ranks(w, args[3], r, &count, &several) || !ls_truth(w->in, args[5], &rslora) || !split_of(w, args[6], &split) ||
        !ls_truth(w->in, args[7], &informed) || !ls_rule_args(w, args[8], args[9], args[10], args[11], "aggregate", &rule) || !ls_to_list(w->in, args[0], &list))
        return false;
    for (int j = 0; j < count; j++) rules[j] = rule, rules[j].r = r[j];
    bool weighted = !ls_is_none(args[1]), scaled = !ls_is_none(args[4]), adapters = list.list->n > 0 && ls_adapter_of(list.list->items[0]);
    bool ok = clients_new(w, list, &c);
    ok = ok && (!weighted || clients_numbers(w, args[1], "weights", false, c.n, c.weights));
    if (ok && adapters) {
        if (scaled || rslora) ok = ls_raise(w->in, "ValueError", "aggregate: adapters have their own alpha and scale");
        ok = ok && ls_aggregate_adapters(w, list, weighted ? c.weights : NULL, (lsv_aggregate_method)method, rules, count, several, split, informed, out);
        clients_free(&c);
        ls_drop(list);
        return ok;
    }
    ok = ok && clients_fill(w, list, &c);
    ok = ok && (!scaled || clients_numbers(w, args[4], "alphas", true, c.n, c.alphas));
    if (ok && rslora && !scaled) ok = ls_raise(w->in, "ValueError", "aggregate: rslora scales by alpha / sqrt(r), and alpha is not given");
    lsv_federation f = {c.B, c.A, c.n, weighted ? c.weights : NULL, scaled ? c.alphas : NULL, rslora};
    ok = ok && ls_ok(w, lsv_aggregate_rules(&f, (lsv_aggregate_method)method, rules, count, split, B, A, infos, &w->err));
    clients_free(&c);
    ls_drop(list);
    if (!ok) return false;
    if (assumption_holds(w, &infos[0], informed)) return give_pairs(w, out, count, several, B, A, infos, informed);
    for (int j = 0; j < count; j++) lsv_release(B[j]), lsv_release(A[j]);
    return false;
}

const ls_builtin ls_family_lsv[] = {
    {"svd", "(W, k=None, *, full_matrices=False, driver=\"auto\", tol=None, info=False)", "Singular value decomposition: U, S, Vh, thin unless asked",
     "W = U @ diag(S) @ Vh, S falling. With k the leading k triplets only, for large W without the full decomposition; tol is the residual to reach, "
     "relative to the largest singular value. info=True adds what was achieved, with a bound on the error. NaN or Inf in W is a LinAlgError.",
     NULL, lsv_builtin_svd, 0, LS_CALLABLE, NULL},
    {"rank", "(W, tol=None)", "The numerical rank, an int",
     "How many singular values exceed tol (absolute; by default S.max() * max(m, n) * eps): NumPy's answer. For a large W a proof comes first, which needs no "
     "singular values: a sketch with an explicit bound on what it leaves, or a factorisation that only a matrix of full rank has. Where anything comes within "
     "a factor 4 of the tolerance the values decide.",
     NULL, lsv_builtin_rank, 0, LS_CALLABLE, NULL},
    {"lora", "(W, tuned=None, r=None, *, split=\"sqrt\", tol=None, energy=None, ratio=None, max_rank=None, info=False)",
     "B, A with B @ A the best approximation of rank r: lora(W, r), or lora(base, tuned, r) of tuned - base",
     "Eckart and Young: best in every unitarily invariant norm. split \"sqrt\" gives B = U sqrt(S), A = sqrt(S) Vh; \"left\" B = U S, A = Vh; \"right\" B = U, A = S Vh. "
     "Instead of r, the smallest rank that satisfies every rule given: tol, a relative Frobenius error; energy, a share of |W|^2; ratio, every singular value from "
     "ratio times the largest on; max_rank caps it. No rule: the numerical rank. Rank 0 is an answer, and nothing is clamped. The difference of two "
     "matrices is formed in float64. info=True adds the achieved error |W - BA| / |W| and a bound it certainly does not exceed, and noise_floor, what storing W in "
     "its type has already cost.",
     NULL, lsv_builtin_lora, 0, LS_CALLABLE, NULL},
    {"aggregate", "(clients, weights=None, *, method=\"exact\", r=None, alpha=None, rslora=False, split=\"sqrt\", info=False, tol=None, energy=None, ratio=None, max_rank=None)",
     "B, A with B @ A the weighted sum of the clients' updates",
     "clients is a list of (B, A) pairs, of different ranks; the sum is never formed densely unless that is smaller. weights are 1/n each by default, and may be "
     "negative. alpha (one, or one per client) scales update i by alpha / r_i, with rslora by alpha / sqrt(r_i). r truncates optimally; a list of "
     "ranks gives a list of pairs from one factorisation; tol, energy, ratio and max_rank choose the rank instead, as in lora. Of adapters (load_adapter, adapter) an adapter comes back, merged module by "
     "module with each one's own scale, where a module that an adapter lacks counts as zero. method \"exact\" and \"dense\" are the sum; \"svd\" averages singular values, which is the sum only where "
     "clients share their bases (checked: else a ValueError, unless info=True); \"fedavg\", \"zeropad\" and \"hetlora\" average the factors, baselines that are not the "
     "sum. info=True adds the error against the exact sum.",
     NULL, lsv_builtin_aggregate, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
