/* numpy.random's distributions beyond uniform and normal. One function serves np.random.f (op 0) and the method f
   of a stream (op 1: self comes first), as in random.c. */
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

/* ---- the table ---- */

#define MULTIVARIATE_NORMAL \
    "Each draw is a vector (n,), the result (*size, n). mean is (n,), cov (n, n), symmetric and positive semidefinite; " \
    "where it is not, check_valid says whether to warn, raise or ignore. As in NumPy, legacy streams draw with the SVD of " \
    "cov, Generators with the factor that method names: \"svd\", \"eigh\" or \"cholesky\"."

const ls_builtin ls_family_distributions[] = {
    {"np.random.multivariate_normal", "(mean, cov, size=None, check_valid=\"warn\", tol=1e-08)",
     "Normal vectors with a mean and a covariance matrix", MULTIVARIATE_NORMAL, NULL, np_multivariate_normal, 0, LS_CALLABLE, NULL},
    {"generator.multivariate_normal", "(self, mean, cov, size=None, check_valid=\"warn\", tol=1e-08, *, method=\"svd\")",
     "Normal vectors with a mean and a covariance matrix", MULTIVARIATE_NORMAL, NULL, np_multivariate_normal, 1, LS_CALLABLE, NULL},
    {.names = NULL}};
