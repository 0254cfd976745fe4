/* numpy.random's distributions beyond uniform and normal. One function serves np.random.f (op 0) and the method f
   of a stream (op 1: self comes first), as in random.c. */
#include <string.h>

#include "array/elementwise.h"
#include "array/reduce.h"
#include "lang/builtins/arrays/draws.h"
#include "linalg/linalg.h"

/* ---- multivariate normal ---- */

/* The arguments of one call, checked. */
typedef struct multivariate {
    lsv_rng *rng;
    lsv_array *mean, *cov; /* (n,), (n, n); float64 */
    lsv_shape shape;       /* of the result: (…, n) */
    bool warn, raise;      /* where cov is no covariance */
    double tol;
    char method; /* of "svd", "eigh", "cholesky" the first letter */
} multivariate;

static bool validity(ls_work *w, ls_value v, multivariate *m) {
    m->warn = ls_text_is(v, "warn");
    m->raise = ls_text_is(v, "raise");
    return m->warn || m->raise || ls_text_is(v, "ignore") ||
           ls_raise(w->in, "ValueError", "check_valid must equal 'warn', 'raise', or 'ignore'");
}

static bool method_of(ls_work *w, ls_value v, char *method) {
    const char *text;
    if (!ls_as_text(w->in, v, "method", &text)) return false;
    *method = text[0];
    return ls_text_is(v, "svd") || ls_text_is(v, "eigh") || ls_text_is(v, "cholesky") ||
           ls_raise(w->in, "ValueError", "method must be one of {'eigh', 'svd', 'cholesky'}");
}

/* v: mean, cov, size, check_valid, tol, method */
static bool multivariate_args(ls_work *w, const ls_value *v, multivariate *m) {
    bool scalar;
    m->method = 's';
    if (m->rng->type == LSV_RNG_PCG64 && !method_of(w, v[5], &m->method)) return false;
    if (!ls_array_like(w, v[0], LSV_NUMPY, LSV_FLOAT64, &m->mean) || !ls_array_like(w, v[1], LSV_NUMPY, LSV_FLOAT64, &m->cov)) return false;
    if (m->mean->ndim != 1) return ls_raise(w->in, "ValueError", "mean must be 1 dimensional");
    if (m->cov->ndim != 2 || m->cov->shape[0] != m->cov->shape[1])
        return ls_raise(w->in, "ValueError", "cov must be 2 dimensional and square");
    if (m->mean->shape[0] != m->cov->shape[0]) return ls_raise(w->in, "ValueError", "mean and cov must have same length");
    if (!ls_draw_size(w, v[2], &m->shape, &scalar) || !ls_as_double(w->in, v[4], "tol", &m->tol)) return false;
    if (m->shape.ndim == LSV_MAXDIM) return ls_raise(w->in, "ValueError", "arrays have at most %d dimensions", LSV_MAXDIM);
    m->shape.dims[m->shape.ndim++] = m->mean->shape[0];
    return validity(w, v[3], m);
}

static bool not_semidefinite(ls_work *w, const multivariate *m) {
    static const char text[] = "covariance is not symmetric positive-semidefinite.";
    if (m->raise) return ls_raise(w->in, "ValueError", "%s", text);
    if (w->in->client.warn) w->in->client.warn(w->in->client.ctx, "RuntimeWarning: covariance is not symmetric positive-semidefinite.");
    return true;
}

/* a * row, where row is a vector that scales a's columns. */
static bool scaled(ls_work *w, const lsv_array *a, const lsv_array *row, lsv_array **r) { return ls_binary_arrays(w, LSV_OP_MUL, a, row, r); }

static bool transposed(ls_work *w, lsv_array *a, lsv_array **r) { return ls_ok(w, lsv_transpose(a, NULL, r, &w->err)) && ls_keep(w, *r); }

static bool product(ls_work *w, const lsv_array *a, const lsv_array *b, lsv_array **r) { return ls_ok(w, lsv_matmul(a, b, r, &w->err)) && ls_keep(w, *r); }

/* cov = U diag(s) Vh. What the standard draws are multiplied by: sqrt(s) Vh on legacy streams, (U sqrt(s)).T on others,
   which is the same but for signs and rounding. */
static bool by_svd(ls_work *w, const multivariate *m, lsv_array **factor) {
    lsv_array *u, *s, *vh, *t;
    bool same;
    if (!ls_ok(w, lsv_svd(m->cov, true, LSV_SVD_AUTO, &u, &s, &vh, &w->err))) return false;
    bool kept = ls_keep(w, u);
    kept = ls_keep(w, s) && kept;
    if (!ls_keep(w, vh) || !kept) return false;
    if (m->warn || m->raise) {
        if (!transposed(w, vh, &t) || !scaled(w, t, s, &t) || !product(w, t, vh, &t)) return false;
        if (!ls_ok(w, lsv_allclose(t, m->cov, m->tol, m->tol, false, &same, &w->err)) || (!same && !not_semidefinite(w, m))) return false;
    }
    if (!ls_unary_array(w, LSV_FN_SQRT, s, &s)) return false;
    if (m->rng->type == LSV_RNG_PCG64) return scaled(w, u, s, factor) && transposed(w, *factor, factor);
    return ls_ok(w, lsv_expand_dims(s, 1, &s, &w->err)) && ls_keep(w, s) && scaled(w, vh, s, factor);
}

static bool by_eigh(ls_work *w, const multivariate *m, lsv_array **factor) {
    lsv_array *s, *u, *low;
    const lsv_reduce_options all = {.naxes = -1};
    if (!ls_ok(w, lsv_eigh(m->cov, false, &s, &u, &w->err))) return false;
    bool kept = ls_keep(w, s);
    if (!ls_keep(w, u) || !kept) return false;
    if ((m->warn || m->raise) && s->size) {
        if (!ls_ok(w, lsv_reduce(LSV_MIN, s, &all, &low, &w->err)) || !ls_keep(w, low)) return false;
        if (lsv_item(low, NULL).f < -m->tol && !not_semidefinite(w, m)) return false;
    }
    return ls_unary_array(w, LSV_FN_ABS, s, &s) && ls_unary_array(w, LSV_FN_SQRT, s, &s) && scaled(w, u, s, factor) &&
           transposed(w, *factor, factor);
}

static bool by_cholesky(ls_work *w, const multivariate *m, lsv_array **factor) {
    return ls_ok(w, lsv_cholesky(m->cov, false, factor, &w->err)) && ls_keep(w, *factor) && transposed(w, *factor, factor);
}

/* multivariate_normal(mean, cov, size=None, check_valid="warn", tol=1e-8, *, method="svd") */
BUILTIN(np_multivariate_normal) {
    multivariate m;
    lsv_array *x, *factor, *r;
    const ls_value *v = args;
    m.rng = ls_draw_stream(w, w->self->op, &v);
    if (!multivariate_args(w, v, &m)) return false;
    const ptrdiff_t rows[] = {-1, m.mean->shape[0]};
    if (m.mean->shape[0] == 0) return ls_raise(w->in, "ValueError", "cannot reshape array of size 0 into shape (0)");
    if (!ls_ok(w, lsv_random_normal(m.rng, LSV_FLOAT64, &m.shape, 0, 1, &x, &w->err)) || !ls_keep(w, x)) return false;
    bool (*const factored)(ls_work *, const multivariate *, lsv_array **) = m.method == 's' ? by_svd : m.method == 'e' ? by_eigh : by_cholesky;
    if (!factored(w, &m, &factor)) return false;
    if (!ls_ok(w, lsv_reshape(x, 2, rows, false, &x, &w->err)) || !ls_keep(w, x) || !product(w, x, factor, &x)) return false;
    return ls_binary_arrays(w, LSV_OP_ADD, x, m.mean, &x) &&
           ls_give_array(w, out, lsv_reshape(x, m.shape.ndim, m.shape.dims, false, &r, &w->err), &r);
}

/* ---- one number a draw ---- op: twice the lsv_distribution, one more for the method */

static bool same_shape(const lsv_shape *a, int ndim, const ptrdiff_t *dims) {
    return a->ndim == ndim && memcmp(a->dims, dims, (size_t)ndim * sizeof *dims) == 0;
}

/* Do the parameters, of the shape `inputs`, fill a result of shape s? */
static bool fits(ls_work *w, const lsv_shape *s, const lsv_shape *inputs) {
    char have[128], want[128];
    ptrdiff_t all[LSV_MAXDIM];
    int ndim = s->ndim > inputs->ndim ? s->ndim : inputs->ndim;
    for (int d = 1; d <= ndim; d++) {
        ptrdiff_t a = d <= s->ndim ? s->dims[s->ndim - d] : 1, b = d <= inputs->ndim ? inputs->dims[inputs->ndim - d] : 1;
        if (a != b && a != 1 && b != 1)
            return ls_raise(w->in, "ValueError", "shape mismatch: objects cannot be broadcast to a single shape: size is %s, the parameters are %s",
                            lsv_shape_text_n(s->ndim, s->dims, have, sizeof have), lsv_shape_text_n(inputs->ndim, inputs->dims, want, sizeof want));
        all[ndim - d] = a == 1 ? b : a;
    }
    return same_shape(s, ndim, all) || ls_raise(w->in, "ValueError", "Output size %s is not compatible with broadcast dimensions of inputs %s.",
                                                lsv_shape_text_n(s->ndim, s->dims, have, sizeof have), lsv_shape_text_n(ndim, all, want, sizeof want));
}

/* Parameter k as contiguous float64; whole: as an integer first. */
static bool parameter(ls_work *w, ls_value v, bool whole, lsv_array **a) {
    if (!ls_array_like(w, v, LSV_NUMPY, whole ? LSV_INT64 : LSV_FLOAT64, a)) return false;
    if (whole && (!ls_ok(w, lsv_astype(*a, LSV_FLOAT64, a, &w->err)) || !ls_keep(w, *a))) return false;
    return ls_ok(w, lsv_contiguous(*a, a, &w->err)) && ls_keep(w, *a);
}

BUILTIN(np_draw) {
    lsv_distribution d = (lsv_distribution)(w->self->op / 2);
    int n = lsv_distribution_parameters(d);
    const ls_value *v = args;
    lsv_rng *rng = ls_draw_stream(w, w->self->op % 2, &v);
    lsv_array *params[LSV_MOST_PARAMETERS], *r;
    lsv_shape s, inputs = {.ndim = 0};
    bool scalar;
    for (int k = 0; k < n; k++) {
        lsv_array shaped = {.kind = LSV_NUMPY, .ndim = (uint8_t)inputs.ndim};
        memcpy(shaped.shape, inputs.dims, sizeof shaped.shape);
        if (!parameter(w, v[k], d == LSV_BINOMIAL && k == 0, &params[k]) || !ls_ok(w, lsv_broadcast(&shaped, params[k], &inputs.ndim, inputs.dims, &w->err))) return false;
    }
    if (!ls_draw_size(w, v[n], &s, &scalar)) return false;
    if (scalar) s = inputs;
    else if (inputs.ndim && !fits(w, &s, &inputs)) return false;
    lsv_status status = lsv_random_draws(rng, d, params, &s, &r, &w->err);
    return ls_give_draw(w, out, status, &r, scalar && inputs.ndim == 0, false);
}

/* ---- other vectors ---- */

/* The shape (*size, n). */
static bool rows_of(ls_work *w, ls_value size, ptrdiff_t n, lsv_shape *s) {
    bool scalar;
    if (!ls_draw_size(w, size, s, &scalar)) return false;
    if (s->ndim == LSV_MAXDIM) return ls_raise(w->in, "ValueError", "arrays have at most %d dimensions", LSV_MAXDIM);
    s->dims[s->ndim++] = n;
    return true;
}

/* The sum of n numbers, with what each addition lost given back (Kahan). */
static double kahan_sum(const double *x, ptrdiff_t n) {
    double sum = n > 0 ? x[0] : 0, lost = 0;
    for (ptrdiff_t i = 1; i < n; i++) {
        double y = x[i] - lost, t = sum + y;
        lost = t - sum - y;
        sum = t;
    }
    return sum;
}

/* multinomial(n, pvals, size=None) */
BUILTIN(np_multinomial) {
    const ls_value *v = args;
    lsv_rng *rng = ls_draw_stream(w, w->self->op, &v);
    lsv_array *p, *r;
    lsv_shape s;
    int64_t n;
    if (v[0].tag == LS_LIST || v[0].tag == LS_TUPLE || (v[0].tag == LS_ARRAY && v[0].array->ndim))
        return ls_raise(w->in, "NotImplementedError", "multinomial of several n is not implemented: n has to be an int");
    if (!ls_as_int(w->in, v[0], "n", &n) || !parameter(w, v[1], false, &p)) return false;
    if (p->ndim == 0) return ls_raise(w->in, "TypeError", "pvals must be a 1-d sequence");
    if (p->ndim > 1) return ls_raise(w->in, "NotImplementedError", "multinomial of several pvals is not implemented: pvals has to be 1-D");
    if (p->size == 0 && rng->type == LSV_RNG_PCG64)
        return ls_raise(w->in, "ValueError", "pvals must have at least 1 dimension and the last dimension of pvals must be greater than 0.");
    const double *x = lsv_data(p);
    for (ptrdiff_t i = 0; i < p->size; i++)
        if (!(x[i] >= 0 && x[i] <= 1)) return ls_raise(w->in, "ValueError", "pvals < 0, pvals > 1 or pvals contains NaNs");
    if (kahan_sum(x, p->size - 1) > 1 + 1e-12) return ls_raise(w->in, "ValueError", "sum(pvals[:-1]) > 1.0");
    if (!rows_of(w, v[2], p->size, &s)) return false;
    if (n < 0) return ls_raise(w->in, "ValueError", "n < 0");
    if (n > (int64_t)1 << 53) return ls_raise(w->in, "NotImplementedError", "n above 2**53 is not implemented");
    return ls_give_array(w, out, lsv_random_multinomial(rng, n, p, &s, &r, &w->err), &r);
}

/* dirichlet(alpha, size=None) */
BUILTIN(np_dirichlet) {
    const ls_value *v = args;
    lsv_rng *rng = ls_draw_stream(w, w->self->op, &v);
    bool legacy = rng->type == LSV_RNG_LEGACY;
    lsv_array *alpha, *r;
    lsv_shape s;
    if (!parameter(w, v[0], false, &alpha)) return false;
    if (alpha->ndim == 0) return ls_raise(w->in, "TypeError", "object of type '%s' has no len()", ls_type_of(v[0])->name);
    if (alpha->ndim > 1) return ls_raise(w->in, "ValueError", "object too deep for desired array");
    const double *x = lsv_data(alpha);
    for (ptrdiff_t i = 0; i < alpha->size; i++)
        if (legacy ? x[i] <= 0 : x[i] < 0) return ls_raise(w->in, "ValueError", legacy ? "alpha <= 0" : "alpha < 0");
    return rows_of(w, v[1], alpha->size, &s) && ls_give_array(w, out, lsv_random_dirichlet(rng, alpha, &s, &r, &w->err), &r);
}

/* ---- the table ---- */

/* A function and the method of the same name. */
#define DRAW(name, params, d, text, doc)                                                                      \
    {"np.random." name, "(" params "size=None)", text, doc NUMBERS, NULL, np_draw, 2 * d, LS_CALLABLE, NULL},  \
        {"generator." name, "(self, " params "size=None)", text, doc NUMBERS, NULL, np_draw, 2 * d + 1, LS_CALLABLE, NULL}
#define VECTORS(name, params, text, doc, f)                                                                   \
    {"np.random." name, "(" params ", size=None)", text, doc, NULL, f, 0, LS_CALLABLE, NULL},                  \
        {"generator." name, "(self, " params ", size=None)", text, doc, NULL, f, 1, LS_CALLABLE, NULL}
#define NUMBERS "size=None gives a number, or an array of the parameters' shape where they are arrays, which broadcast to size otherwise."

#define MULTIVARIATE_NORMAL \
    "Each draw is a vector (n,), the result (*size, n). mean is (n,), cov (n, n), symmetric and positive semidefinite; " \
    "where it is not, check_valid says whether to warn, raise or ignore. As in NumPy, legacy streams draw with the SVD of " \
    "cov, Generators with the factor that method names: \"svd\", \"eigh\" or \"cholesky\"."

const ls_builtin ls_family_distributions[] = {
    {"np.random.multivariate_normal", "(mean, cov, size=None, check_valid=\"warn\", tol=1e-08)",
     "Normal vectors with a mean and a covariance matrix", MULTIVARIATE_NORMAL, NULL, np_multivariate_normal, 0, LS_CALLABLE, NULL},
    {"generator.multivariate_normal", "(self, mean, cov, size=None, check_valid=\"warn\", tol=1e-08, *, method=\"svd\")",
     "Normal vectors with a mean and a covariance matrix", MULTIVARIATE_NORMAL, NULL, np_multivariate_normal, 1, LS_CALLABLE, NULL},
    DRAW("standard_exponential", "", LSV_STANDARD_EXPONENTIAL, "Exponential numbers with mean 1", ""),
    DRAW("exponential", "scale=1.0, ", LSV_EXPONENTIAL, "Exponential numbers with a mean", ""),
    DRAW("lognormal", "mean=0.0, sigma=1.0, ", LSV_LOGNORMAL, "Numbers whose logarithms are normal", "mean and sigma are those of the logarithms. "),
    DRAW("laplace", "loc=0.0, scale=1.0, ", LSV_LAPLACE, "Laplace numbers: exponential on both sides of loc", ""),
    DRAW("gumbel", "loc=0.0, scale=1.0, ", LSV_GUMBEL, "Gumbel numbers: the largest of many", ""),
    DRAW("logistic", "loc=0.0, scale=1.0, ", LSV_LOGISTIC, "Logistic numbers with a mean and scale", ""),
    DRAW("rayleigh", "scale=1.0, ", LSV_RAYLEIGH, "Rayleigh numbers: the lengths of normal vectors in the plane", ""),
    DRAW("weibull", "a, ", LSV_WEIBULL, "Weibull numbers with a shape", ""),
    DRAW("pareto", "a, ", LSV_PARETO, "Pareto II (Lomax) numbers with a shape", ""),
    DRAW("power", "a, ", LSV_POWER, "Numbers in [0, 1] with the density a * x**(a - 1)", ""),
    DRAW("triangular", "left, mode, right, ", LSV_TRIANGULAR, "Numbers with a triangle for a density", "left <= mode <= right. "),
    DRAW("standard_cauchy", "", LSV_STANDARD_CAUCHY, "Cauchy numbers: the ratio of two normal ones", ""),
    DRAW("standard_gamma", "shape, ", LSV_STANDARD_GAMMA, "Gamma numbers with a shape", ""),
    DRAW("gamma", "shape, scale=1.0, ", LSV_GAMMA, "Gamma numbers with a shape and scale", ""),
    DRAW("beta", "a, b, ", LSV_BETA, "Beta numbers in [0, 1]", ""),
    DRAW("chisquare", "df, ", LSV_CHISQUARE, "Chi-square numbers: the sum of df squared normal ones", ""),
    DRAW("standard_t", "df, ", LSV_STANDARD_T, "Student's t with df degrees of freedom", ""),
    DRAW("geometric", "p, ", LSV_GEOMETRIC, "How many trials of chance p the first success takes", ""),
    DRAW("poisson", "lam=1.0, ", LSV_POISSON, "Counts with a mean", ""),
    DRAW("binomial", "n, p, ", LSV_BINOMIAL, "How many of n trials of chance p succeed", ""),
    VECTORS("multinomial", "n, pvals", "How often each of some outcomes comes in n trials", "n is an int, pvals (k,) the chances of the outcomes; the result is (*size, k).", np_multinomial),
    VECTORS("dirichlet", "alpha", "Vectors of chances that add up to 1", "alpha is (k,), the result (*size, k).", np_dirichlet),
    {.names = NULL}};
