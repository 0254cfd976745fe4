/* Counting into bins: bincount, histogram, histogram_bin_edges, histogram2d. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "array/elementwise.h"
#include "array/reduce.h"
#include "base/interrupt.h"
#include "lang/builtins/support.h"

/* np.bincount(x, weights, minlength) */
BUILTIN(bincount) {
    lsv_array *a, *r;
    ptrdiff_t least;
    if (!ls_arg(w, args, 0, &a) || !ls_count(w, args[2], "minlength", &least)) return false;
    if (ls_is_none(args[1])) return ls_give(w, out, lsv_bincount(a, least, &r, &w->err), &r);
    lsv_array *wt, *sums;
    if (!ls_arg(w, args, 1, &wt) || !ls_ok(w, lsv_bincount(a, least, &r, &w->err)) || !ls_keep(w, r)) return false;
    if (wt->ndim != 1 || wt->size != a->size) return ls_raise(w->in, "ValueError", "The weights and list don't have the same length.");
    if (!ls_ok(w, lsv_zeros(w->kind, LSV_FLOAT64, 1, &r->size, &sums, &w->err)) || !ls_keep(w, sums)) return false;
    double *s = lsv_data(sums);
    for (ptrdiff_t i = 0; i < a->size; i++) {
        if (lsv_stop_at(i) && ls_interrupted(w->in)) return false;
        s[lsv_item(a, &i).i] += lsv_scalar_as_double(lsv_item(wt, &i));
    }
    return ls_give_kept(w, out, sums);
}

/* ---- bins ---- */

typedef struct bin_range { bool given; double lo, hi; } bin_range;

static bool range_of(ls_work *w, ls_value v, bin_range *r) {
    ls_value list;
    *r = (bin_range){.given = !ls_is_none(v)};
    if (!r->given) return true;
    if (!ls_to_list(w->in, v, &list)) return false;
    bool ok = list.list->n == 2 || ls_raise(w->in, "ValueError", "range must be (lo, hi)");
    ok = ok && ls_as_double(w->in, list.list->items[0], "range", &r->lo) && ls_as_double(w->in, list.list->items[1], "range", &r->hi);
    ls_drop(list);
    return ok;
}

/* One number about all of x, a float64 vector. */
static bool statistic(ls_work *w, lsv_reduction op, const lsv_array *x, double *r) {
    lsv_array *a;
    lsv_reduce_options o = {.naxes = -1};
    if (!ls_ok(w, lsv_reduce(op, x, &o, &a, &w->err)) || !ls_keep(w, a)) return false;
    *r = lsv_item(a, NULL).f;
    return true;
}

static bool quartile(ls_work *w, const lsv_array *x, double share, double *r) {
    double at;
    lsv_array *a, q = lsv_scalar_array(LSV_NUMPY, lsv_scalar_float(share), 0, &at);
    if (!ls_ok(w, lsv_quantile(x, &q, 0, true, false, &a, &w->err)) || !ls_keep(w, a)) return false;
    *r = lsv_item(a, NULL).f;
    return true;
}

/* |third moment| / sigma^3, by which Doane widens the range of bins */
static bool skewness(ls_work *w, const lsv_array *x, double sigma, double *r) {
    double mean;
    lsv_array *t;
    if (!statistic(w, LSV_MEAN, x, &mean) || !ls_binary_number(w, LSV_OP_SUB, x, mean, &t)) return false;
    if (!ls_binary_number(w, LSV_OP_DIV, t, sigma, &t) || !ls_binary_number(w, LSV_OP_POW, t, 3, &t) || !statistic(w, LSV_MEAN, t, r)) return false;
    *r = fabs(*r);
    return true;
}

/* The rules for the width of a bin that numpy.histogram_bin_edges knows by name; 0: one bin. */
static bool bin_width(ls_work *w, const char *rule, const lsv_array *x, double *width) {
    double n = (double)x->size, spread, sigma, q1, q3, skew;
    if (!statistic(w, LSV_PTP, x, &spread)) return false;
    double by_root = spread / sqrt(n), by_log = spread / (log2(n) + 1);
    if (strcmp(rule, "sqrt") == 0) *width = by_root;
    else if (strcmp(rule, "sturges") == 0) *width = by_log;
    else if (strcmp(rule, "rice") == 0) *width = spread / (2 * pow(n, 1.0 / 3));
    else if (strcmp(rule, "scott") == 0) {
        if (!statistic(w, LSV_STD, x, &sigma)) return false;
        *width = pow(24 * sqrt(3.141592653589793) / n, 1.0 / 3) * sigma;
    } else if (strcmp(rule, "doane") == 0) {
        *width = 0;
        if (n <= 2) return true;
        if (!statistic(w, LSV_STD, x, &sigma)) return false;
        if (!(sigma > 0)) return true;
        if (!skewness(w, x, sigma, &skew)) return false;
        *width = spread / (1 + log2(n) + log2(1 + skew / sqrt(6 * (n - 2) / ((n + 1) * (n + 3)))));
    } else if (strcmp(rule, "fd") == 0 || strcmp(rule, "auto") == 0) {
        if (!quartile(w, x, 0.75, &q3) || !quartile(w, x, 0.25, &q1)) return false;
        *width = 2 * (q3 - q1) * pow(n, -1.0 / 3);
        if (rule[0] == 'a') *width = fmin(fmax(*width, by_root / 2), by_log);
    } else if (strcmp(rule, "stone") == 0) {
        return ls_raise(w->in, "NotImplementedError", "bins=\"stone\" is not offered; there are auto, fd, doane, scott, rice, sturges and sqrt");
    } else {
        return ls_raise(w->in, "ValueError", "'%s' is not a valid estimator for `bins`", rule);
    }
    return true;
}

/* How many bins a rule makes of a's elements in the range. */
static bool bins_by_rule(ls_work *w, lsv_array *a, const char *rule, bin_range range, ptrdiff_t *bins) {
    lsv_array *x, *in, *below;
    double width = 0, lo = range.lo, hi = range.hi;
    if (!ls_ok(w, lsv_astype(a, LSV_FLOAT64, &x, &w->err)) || !ls_keep(w, x) || !ls_ok(w, lsv_ravel(x, false, &x, &w->err)) || !ls_keep(w, x))
        return false;
    if (range.given) {
        if (!ls_binary_number(w, LSV_OP_GE, x, lo, &in) || !ls_binary_number(w, LSV_OP_LE, x, hi, &below) ||
            !ls_binary_arrays(w, LSV_OP_AND, in, below, &in))
            return false;
        lsv_index ix = {.type = LSV_IX_ARRAY, .array = in};
        if (!ls_ok(w, lsv_index_get(x, &ix, 1, &x, &w->err)) || !ls_keep(w, x)) return false;
    }
    *bins = 1;
    if (x->size == 0) return true;
    if (!range.given && (!statistic(w, LSV_MIN, x, &lo) || !statistic(w, LSV_MAX, x, &hi))) return false;
    if (!isfinite(lo) || !isfinite(hi)) return true; /* the range is refused later */
    if (!bin_width(w, rule, x, &width)) return false;
    if (!(width > 0)) return true;
    if (lo == hi) hi = lo + 1;
    if (lsv_dtype_is_int((lsv_dtype)a->dtype) && width < 1) width = 1;
    double n = ceil((hi - lo) / width);
    if (!(n < 1e15)) return ls_no_memory(w->in);
    *bins = n < 1 ? 1 : (ptrdiff_t)n;
    return true;
}

/* bins= as a number or a rule; *given false: the edges themselves are in it. */
static bool bin_number(ls_work *w, lsv_array *a, ls_value v, bin_range range, bool *given, ptrdiff_t *bins) {
    *given = true;
    if (v.tag == LS_STR) return bins_by_rule(w, a, v.str->data, range, bins);
    if (v.tag == LS_FLOAT || (v.tag == LS_NPSCALAR && lsv_dtype_is_float((lsv_dtype)v.dtype)))
        return ls_raise(w->in, "TypeError", "`bins` must be an integer, a string, or an array");
    *given = ls_is_int(v) || v.tag == LS_NPSCALAR;
    return !*given || ls_count(w, v, "bins", bins);
}

/* Edges that were given: a vector that does not fall. which: "`bins`" or "`bins[0]`". */
static bool given_edges(ls_work *w, ls_value v, const char *falls, const char *shape, lsv_array **edges) {
    if (!ls_array_like(w, v, LSV_NUMPY, -1, edges)) return false;
    if ((*edges)->ndim != 1) return ls_raise(w->in, "ValueError", "%s", shape);
    for (ptrdiff_t i = 1; i < (*edges)->size; i++) {
        ptrdiff_t j = i - 1;
        if (lsv_scalar_as_double(lsv_item(*edges, &j)) > lsv_scalar_as_double(lsv_item(*edges, &i)))
            return ls_raise(w->in, "ValueError", "%s", falls);
    }
    return true;
}

#define FALLING "`bins` must increase monotonically, when an array"
#define NOT_A_VECTOR "`bins` must be 1d, when an array"

/* Even bins: counts and edges, kept. */
static bool even_bins(ls_work *w, lsv_array *a, ptrdiff_t bins, bin_range range, lsv_array **counts, lsv_array **edges) {
    if (bins > (ptrdiff_t)1 << 40) return ls_no_memory(w->in);
    if (!ls_ok(w, lsv_histogram(a, bins, range.given, range.lo, range.hi, counts, edges, &w->err))) return false;
    bool ok = ls_keep(w, *counts);
    return ls_keep(w, *edges) && ok;
}

/* ---- histograms ---- */

/* np.histogram(a, bins=10, range=None, density=None, weights=None) */
BUILTIN(np_histogram) {
    lsv_array *a, *pair[2], *edges;
    bin_range range;
    bool density, even;
    ptrdiff_t bins;
    if (!ls_arg(w, args, 0, &a) || !ls_truth(w->in, args[3], &density) || !range_of(w, args[2], &range) ||
        !bin_number(w, a, args[1], range, &even, &bins))
        return false;
    if (even) {
        if (!even_bins(w, a, bins, range, &pair[0], &pair[1])) return false;
    } else { /* the edges themselves; the last bin holds its right edge */
        if (!given_edges(w, args[1], FALLING, NOT_A_VECTOR, &edges)) return false;
        if (edges->size == 0) return ls_raise(w->in, "ValueError", NOT_A_VECTOR);
        lsv_array *flat, *at;
        ptrdiff_t n = edges->size - 1;
        if (!ls_ok(w, lsv_ravel(a, false, &flat, &w->err)) || !ls_keep(w, flat)) return false;
        if (!ls_ok(w, lsv_searchsorted(edges, flat, true, &at, &w->err)) || !ls_keep(w, at)) return false;
        if (!ls_ok(w, lsv_zeros(LSV_NUMPY, LSV_INT64, 1, &n, &pair[0], &w->err)) || !ls_keep(w, pair[0])) return false;
        int64_t *c = lsv_data(pair[0]);
        double last = lsv_scalar_as_double(lsv_item(edges, &n));
        for (ptrdiff_t i = 0; i < flat->size; i++) {
            int64_t k = lsv_item(at, &i).i;
            if (k == n + 1 && lsv_scalar_as_double(lsv_item(flat, &i)) == last) k = n;
            if (k >= 1 && k <= n) c[k - 1]++;
        }
        pair[1] = edges;
    }
    if (density) {
        lsv_array *widths, *total;
        lsv_reduce_options o = {.naxes = -1};
        if (!ls_ok(w, lsv_diff(pair[1], 1, -1, &widths, &w->err)) || !ls_keep(w, widths)) return false;
        if (!ls_ok(w, lsv_reduce(LSV_SUM, pair[0], &o, &total, &w->err)) || !ls_keep(w, total)) return false;
        if (!ls_binary_arrays(w, LSV_OP_DIV, pair[0], widths, &pair[0]) || !ls_binary_arrays(w, LSV_OP_DIV, pair[0], total, &pair[0])) return false;
    }
    lsv_ref(pair[0]);
    lsv_ref(pair[1]);
    return ls_give_arrays(w, out, LSV_OK, NULL, 2, pair);
}

/* np.histogram_bin_edges(a, bins=10, range=None, weights=None) */
BUILTIN(np_histogram_bin_edges) {
    lsv_array *a, *counts, *edges;
    bin_range range;
    bool even;
    ptrdiff_t bins;
    if (!ls_arg(w, args, 0, &a) || !range_of(w, args[2], &range)) return false;
    if (args[1].tag == LS_STR && !ls_is_none(args[3]))
        return ls_raise(w->in, "TypeError", "Automated estimation of the number of bins is not supported for weighted data");
    if (!bin_number(w, a, args[1], range, &even, &bins)) return false;
    if (!even) return given_edges(w, args[1], FALLING, NOT_A_VECTOR, &edges) && ls_give_kept(w, out, edges);
    return even_bins(w, a, bins, range, &counts, &edges) && ls_give_kept(w, out, edges);
}

/* ---- two dimensions ---- */

/* Two items of bins= or range=; a number goes for both. */
static bool one_for_each(ls_work *w, ls_value v, bool edges_too, ls_value pair[2]) {
    ls_value list = {.tag = LS_UNSET};
    bool one = ls_is_none(v) || ls_is_number(v) || (v.tag == LS_ARRAY && v.array->ndim == 0);
    pair[0] = pair[1] = v;
    if (!one && !ls_to_list(w->in, v, &list)) return false;
    bool two = !one && list.list->n == 2, ok = true;
    if (!one && !two && !edges_too) ok = ls_raise(w->in, "ValueError", "range argument must have one entry per dimension");
    if (!one && !two && edges_too && list.list->n == 1)
        ok = ls_raise(w->in, "ValueError", "The dimension of bins must be equal to the dimension of the sample x.");
    for (int i = 0; i < 2; i++) pair[i] = ls_ref(two ? list.list->items[i] : v);
    ls_drop(list);
    if (!ok)
        for (int i = 0; i < 2; i++) ls_drop(pair[i]);
    return ok;
}

static bool edges_along(ls_work *w, lsv_array *x, int i, ls_value bins, ls_value range, lsv_array **edges) {
    char falls[80], shape[60];
    lsv_array *counts;
    bin_range r;
    ptrdiff_t n;
    snprintf(falls, sizeof falls, "`bins[%d]` must be monotonically increasing, when an array", i);
    snprintf(shape, sizeof shape, "`bins[%d]` must be a scalar or 1d array", i);
    if (!ls_is_number(bins)) return given_edges(w, bins, falls, shape, edges);
    if (bins.tag == LS_FLOAT) return ls_raise(w->in, "TypeError", "`bins[%d]` must be an integer, when a scalar", i);
    if (!range_of(w, range, &r) || !ls_count(w, bins, "bins", &n)) return false;
    if (n < 1) return ls_raise(w->in, "ValueError", "`bins[%d]` must be positive, when an integer", i);
    return even_bins(w, x, n, r, &counts, edges);
}

/* The bin of x, or -1; the last one holds its right edge. */
static ptrdiff_t bin_of(const double *edges, ptrdiff_t n, double x) {
    ptrdiff_t lo = 0, hi = n; /* how many edges are not above x */
    if (n == 0 || !(x <= edges[n - 1])) return -1;
    if (x == edges[n - 1]) return n - 2;
    while (lo < hi) {
        ptrdiff_t mid = lo + (hi - lo) / 2;
        if (edges[mid] <= x) lo = mid + 1;
        else hi = mid;
    }
    return lo - 1;
}

static bool as_doubles(ls_work *w, const lsv_array *a, lsv_array **r) {
    return ls_ok(w, lsv_astype(a, LSV_FLOAT64, r, &w->err)) && ls_keep(w, *r) && ls_ok(w, lsv_contiguous(*r, r, &w->err)) && ls_keep(w, *r);
}

/* counts (m - 1 x n - 1) of the points, each with its weight (NULL: 1). */
static bool count_points(ls_work *w, lsv_array *const points[2], lsv_array *const edges[2], const lsv_array *weights, bool density,
                         lsv_array *counts) {
    lsv_array *x[2], *e[2], *wt = NULL;
    for (int i = 0; i < 2; i++)
        if (!as_doubles(w, points[i], &x[i]) || !as_doubles(w, edges[i], &e[i])) return false;
    if (weights && !as_doubles(w, weights, &wt)) return false;
    double *c = lsv_data(counts), total = 0;
    const double *px = lsv_data(x[0]), *py = lsv_data(x[1]), *ex = lsv_data(e[0]), *ey = lsv_data(e[1]);
    ptrdiff_t rows = counts->shape[0], columns = counts->shape[1];
    for (ptrdiff_t k = 0; k < x[0]->size; k++) {
        if (lsv_stop_at(k) && ls_interrupted(w->in)) return false;
        ptrdiff_t i = bin_of(ex, rows + 1, px[k]), j = bin_of(ey, columns + 1, py[k]);
        if (i >= 0 && j >= 0) c[i * columns + j] += wt ? ((double *)lsv_data(wt))[k] : 1;
    }
    if (!density) return true;
    if (!statistic(w, LSV_SUM, counts, &total)) return false;
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < columns; j++) c[i * columns + j] = c[i * columns + j] / (ex[i + 1] - ex[i]) / (ey[j + 1] - ey[j]) / total;
    return true;
}

/* np.histogram2d(x, y, bins=10, range=None, density=None, weights=None) */
BUILTIN(np_histogram2d) {
    lsv_array *points[2], *edges[2], *weights = NULL, *counts;
    ls_value bins[2], ranges[2];
    bool density;
    for (int i = 0; i < 2; i++) {
        if (!ls_arg(w, args, i, &points[i])) return false;
        if (points[i]->ndim != 1) return ls_raise(w->in, "ValueError", "histogram2d takes vectors x and y");
    }
    if (points[0]->size != points[1]->size) return ls_raise(w->in, "ValueError", "x and y must have the same length.");
    if (!ls_truth(w->in, args[4], &density) || (!ls_is_none(args[5]) && !ls_arg(w, args, 5, &weights))) return false;
    if (weights && (weights->ndim != 1 || weights->size != points[0]->size))
        return ls_raise(w->in, "ValueError", "The weights and list don't have the same length.");
    if (!one_for_each(w, args[2], true, bins)) return false;
    bool ok = one_for_each(w, args[3], false, ranges), both = ok;
    for (int i = 0; ok && i < 2; i++) ok = edges_along(w, points[i], i, bins[i], ranges[i], &edges[i]) && ls_keep(w, lsv_ref(edges[i]));
    for (int i = 0; i < 2; i++) {
        ls_drop(bins[i]);
        if (both) ls_drop(ranges[i]);
    }
    if (!ok) return false;
    ptrdiff_t shape[2];
    for (int i = 0; i < 2; i++) shape[i] = edges[i]->size > 1 ? edges[i]->size - 1 : 0;
    if (!ls_ok(w, lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 2, shape, &counts, &w->err)) || !ls_keep(w, counts)) return false;
    if (counts->size > 0 && !count_points(w, points, edges, weights, density, counts)) return false;
    lsv_array *parts[3] = {lsv_ref(counts), lsv_ref(edges[0]), lsv_ref(edges[1])};
    return ls_give_arrays(w, out, LSV_OK, NULL, 3, parts);
}

const ls_builtin ls_family_histogram[] = {
    {"np.bincount", "(x, weights=None, minlength=0)", "How often each small integer occurs", NULL, NULL, bincount, 0, LS_CALLABLE, NULL},
    {"torch.bincount tensor.bincount", "(input, weights=None, minlength=0)", "How often each small integer occurs", NULL, NULL, bincount, 0, LS_CALLABLE, NULL},
    {"np.histogram", "(a, bins=10, range=None, density=False)", "(counts, bin edges)",
     "bins is a number of even bins, their edges, or a rule: \"auto\", \"fd\", \"doane\", \"scott\", \"rice\", \"sturges\", \"sqrt\".", NULL, np_histogram, 0, LS_CALLABLE, NULL},
    {"np.histogram_bin_edges", "(a, bins=10, range=None, weights=None)", "The edges of np.histogram's bins", NULL, NULL, np_histogram_bin_edges, 0, LS_CALLABLE, NULL},
    {"np.histogram2d", "(x, y, bins=10, range=None, density=None, weights=None)", "(counts, edges of x, edges of y) of points in a plane", "bins and range are given once or for each axis.",
     NULL, np_histogram2d, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
