/* Polynomials as vectors of coefficients, highest power first: values, fits, roots, and their arithmetic.

   Coefficients of integers stay integers where NumPy leaves them (polyadd, polymul, polyder). Sums are made in
   NumPy's order and rounded to the coefficients' dtype after each step, so that the last digit agrees. */
#include <math.h>
#include <string.h>

#include "array/elementwise.h"
#include "lang/builtins/support.h"
#include "linalg/linalg.h"

/* ---- coefficients ---- */

/* A number counts as a vector of one. */
static bool at_least_1d(ls_work *w, lsv_array **a) {
    return (*a)->ndim > 0 || (ls_ok(w, lsv_expand_dims(*a, 0, a, &w->err)) && ls_keep(w, *a));
}

static bool coefficients(ls_work *w, const ls_value *args, int i, lsv_array **a) {
    return ls_arg(w, args, i, a) && at_least_1d(w, a);
}

static bool converted(ls_work *w, lsv_array **a, lsv_dtype d) {
    return (*a)->dtype == d || (ls_ok(w, lsv_astype(*a, d, a, &w->err)) && ls_keep(w, *a));
}

/* a[from:to] of the first axis, a kept view. */
static bool part(ls_work *w, lsv_array *a, ptrdiff_t from, ptrdiff_t to, lsv_array **r) {
    lsv_index ix = {.type = LSV_IX_SLICE, .has_start = true, .has_stop = true, .start = from, .stop = to, .step = 1};
    return ls_ok(w, lsv_index_get(a, &ix, 1, r, &w->err)) && ls_keep(w, *r);
}

static bool is_zero(const lsv_array *a, ptrdiff_t i) { return lsv_scalar_as_double(lsv_item(a, &i)) == 0; }

/* Without leading zeros, but for the last coefficient. */
static bool trimmed(ls_work *w, lsv_array **p) {
    ptrdiff_t first = 0;
    if ((*p)->ndim > 1) return ls_raise(w->in, "ValueError", "Polynomial must be 1d only.");
    while (first < (*p)->size && is_zero(*p, first)) first++;
    if (first < (*p)->size) return first == 0 || part(w, *p, first, (*p)->size, p);
    ptrdiff_t one = 1;
    return ls_ok(w, lsv_zeros(LSV_NUMPY, (lsv_dtype)(*p)->dtype, 1, &one, p, &w->err)) && ls_keep(w, *p);
}

/* x as a value of the dtype, where the computation is in double. */
static double rounded(lsv_dtype d, double x) {
    if (d == LSV_FLOAT32) return (double)(float)x;
    if (d == LSV_FLOAT16) return (double)lsv_half_to_float(lsv_float_to_half((float)x));
    return x;
}

static void put(lsv_array *a, ptrdiff_t i, double x) {
    lsv_store((lsv_dtype)a->dtype, a->data + i * (ptrdiff_t)lsv_dtype_size((lsv_dtype)a->dtype), lsv_scalar_float(x));
}

/* ---- value and fit ---- */

/* np.polyval(p, x): Horner's rule */
BUILTIN(np_polyval) {
    lsv_array *p, *x, *r, *c;
    if (!ls_arg(w, args, 0, &p) || !ls_arg(w, args, 1, &x)) return false;
    if (p->ndim != 1) return ls_raise(w->in, "ValueError", "polyval: p must be a vector");
    if (!ls_ok(w, lsv_zeros(LSV_NUMPY, (lsv_dtype)x->dtype, x->ndim, x->shape, &r, &w->err)) || !ls_keep(w, r)) return false;
    for (ptrdiff_t i = 0; i < p->size; i++) {
        lsv_index ix = {.type = LSV_IX_INT, .start = i};
        if (!ls_binary_arrays(w, LSV_OP_MUL, r, x, &r) || !ls_ok(w, lsv_index_get(p, &ix, 1, &c, &w->err)) || !ls_keep(w, c)) return false;
        if (!ls_binary_arrays(w, LSV_OP_ADD, r, c, &r)) return false;
    }
    return ls_give_kept(w, out, r);
}

/* np.polyfit(x, y, deg): least squares on the scaled Vandermonde matrix, highest power first */
BUILTIN(np_polyfit) {
    lsv_array *x, *y, *V, *c, *res, *s;
    ptrdiff_t deg;
    int64_t rank;
    if (!ls_arg(w, args, 0, &x) || !ls_arg(w, args, 1, &y) || !ls_count(w, args[2], "deg", &deg)) return false;
    if (x->ndim != 1 || y->ndim != 1 || x->size != y->size || x->size == 0)
        return ls_raise(w->in, "TypeError", "expected x and y to have same length");
    if (deg < 0) return ls_raise(w->in, "ValueError", "expected deg >= 0");
    ptrdiff_t n = x->size, m = deg + 1, shape[2] = {n, m};
    if (!ls_new(w, LSV_FLOAT64, 2, shape, &V)) return false;
    double *v = lsv_data(V);
    for (ptrdiff_t i = 0; i < n; i++) {
        double at = lsv_scalar_as_double(lsv_item(x, &i));
        v[i * m + deg] = 1;
        for (ptrdiff_t j = deg - 1; j >= 0; j--) v[i * m + j] = v[i * m + j + 1] * at;
    }
    lsv_array *scale;
    if (!ls_new(w, LSV_FLOAT64, 1, &m, &scale)) return false;
    double *sc = lsv_data(scale);
    for (ptrdiff_t j = 0; j < m; j++) {
        double sum = 0;
        for (ptrdiff_t i = 0; i < n; i++) sum += v[i * m + j] * v[i * m + j];
        sc[j] = sqrt(sum);
        for (ptrdiff_t i = 0; i < n && sc[j] > 0; i++) v[i * m + j] /= sc[j];
    }
    if (!ls_ok(w, lsv_astype(y, LSV_FLOAT64, &y, &w->err)) || !ls_keep(w, y)) return false;
    if (!ls_ok(w, lsv_lstsq(V, y, (double)n * 0x1p-52, LSV_GELSD, &c, &res, &rank, &s, &w->err))) return false;
    lsv_release(res);
    lsv_release(s);
    if (!ls_keep(w, c)) return false;
    double *coefficients = lsv_data(c);
    for (ptrdiff_t j = 0; j < m; j++) coefficients[j] /= sc[j];
    return ls_give_kept(w, out, c);
}

#define SVD_DOC                                                                                                  \

/* ---- roots ---- */

/* np.poly(seq_of_zeros): (x - z1)(x - z2)… multiplied out; of a square matrix its eigenvalues are the zeros */
BUILTIN(np_poly) {
    lsv_array *z, *r;
    if (!coefficients(w, args, 0, &z)) return false;
    bool square = z->ndim == 2 && z->shape[0] == z->shape[1] && z->shape[0] > 0;
    if (!square && z->ndim != 1) return ls_raise(w->in, "ValueError", "input must be 1d or non-empty square 2d array.");
    if (square && (!ls_ok(w, lsv_eig_real(z, &z, NULL, &w->err)) || !ls_keep(w, z))) return false;
    lsv_dtype d = z->dtype == LSV_FLOAT32 ? LSV_FLOAT32 : LSV_FLOAT64;
    if (z->size == 0) {
        *out = ls_float(1);
        return true;
    }
    ptrdiff_t n = z->size + 1;
    if (!converted(w, &z, d) || !ls_ok(w, lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 1, &n, &r, &w->err)) || !ls_keep(w, r)) return false;
    double *c = lsv_data(r);
    c[0] = 1;
    for (ptrdiff_t k = 0; k < z->size; k++) {
        double zero = lsv_scalar_as_double(lsv_item(z, &k));
        if (ls_interrupted(w->in)) return false;
        for (ptrdiff_t i = k + 1; i > 0; i--) c[i] = rounded(d, c[i] + rounded(d, c[i - 1] * -zero));
    }
    return converted(w, &r, d) && ls_give_kept(w, out, r);
}

/* The companion matrix of p, whose first and last coefficients are not zero. */
static bool companion(ls_work *w, lsv_array *p, lsv_array **r) {
    lsv_dtype d = (lsv_dtype)p->dtype;
    ptrdiff_t n = p->size - 1, shape[2] = {n, n};
    if (!ls_ok(w, lsv_zeros(LSV_NUMPY, d, 2, shape, r, &w->err)) || !ls_keep(w, *r)) return false;
    for (ptrdiff_t j = 0, one; j < n; j++) {
        one = j + 1;
        put(*r, j, rounded(d, -lsv_scalar_as_double(lsv_item(p, &one)) / lsv_scalar_as_double(lsv_item(p, (ptrdiff_t[]){0}))));
        if (j + 1 < n) put(*r, (j + 1) * n + j, 1);
    }
    return true;
}

/* np.roots(p): eigenvalues of the companion matrix, and a zero for each coefficient missing at the end */
BUILTIN(np_roots) {
    lsv_array *p, *A, *parts[2], *r;
    if (!coefficients(w, args, 0, &p)) return false;
    if (p->ndim != 1) return ls_raise(w->in, "ValueError", "Input must be a rank-1 array.");
    ptrdiff_t first = 0, last = p->size, none = 0;
    while (last > 0 && is_zero(p, last - 1)) last--;
    while (first < last && is_zero(p, first)) first++;
    ptrdiff_t missing = last ? p->size - last : 0;
    if (last - first > 1) {
        if (!part(w, p, first, last, &p) || (!lsv_dtype_is_float((lsv_dtype)p->dtype) && !converted(w, &p, LSV_FLOAT64))) return false;
        if (!companion(w, p, &A)) return false;
        lsv_status status = lsv_eig_real(A, &parts[0], NULL, &w->err);
        if (status == LSV_ENOTIMPL)
            return ls_raise(w->in, "NotImplementedError", "roots: the polynomial has complex roots, and complex arrays are not offered");
        if (!ls_ok(w, status)) return false;
    } else if (!ls_ok(w, lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 1, &none, &parts[0], &w->err))) {
        return false;
    }
    if (!ls_keep(w, parts[0])) return false;
    if (!ls_ok(w, lsv_zeros(LSV_NUMPY, (lsv_dtype)parts[0]->dtype, 1, &missing, &parts[1], &w->err)) || !ls_keep(w, parts[1])) return false;
    return ls_give(w, out, lsv_concatenate(parts, 2, 0, &r, &w->err), &r);
}

/* ---- arithmetic ---- */

/* p with zeros before it, n coefficients in all. */
static bool lengthened(ls_work *w, lsv_array **p, ptrdiff_t n) {
    lsv_array *parts[2] = {NULL, *p};
    ptrdiff_t zeros = n - (*p)->shape[0];
    if (zeros <= 0) return true;
    if (!ls_ok(w, lsv_zeros(LSV_NUMPY, (lsv_dtype)(*p)->dtype, 1, &zeros, &parts[0], &w->err)) || !ls_keep(w, parts[0])) return false;
    return ls_ok(w, lsv_concatenate(parts, 2, 0, p, &w->err)) && ls_keep(w, *p);
}

/* np.polyadd(a1, a2), np.polysub: op is the operation */
BUILTIN(np_polyadd) {
    lsv_array *a, *b, *r;
    if (!coefficients(w, args, 0, &a) || !coefficients(w, args, 1, &b)) return false;
    ptrdiff_t n = a->shape[0] > b->shape[0] ? a->shape[0] : b->shape[0];
    if (!lengthened(w, &a, n) || !lengthened(w, &b, n)) return false;
    return ls_give(w, out, lsv_binary((lsv_binary_op)w->self->op, a, b, &r, &w->err), &r);
}

/* Coefficient k of a product whose coefficients are of dtype d. */
static lsv_scalar product_at(const lsv_array *a, const lsv_array *b, lsv_dtype d, ptrdiff_t k) {
    ptrdiff_t first = k < b->size ? 0 : k - b->size + 1, last = k < a->size ? k : a->size - 1;
    lsv_dtype sums = d == LSV_FLOAT16 ? LSV_FLOAT32 : d; /* halves are added up as floats */
    double sum = 0;
    uint64_t whole = 0; /* integers wrap */
    for (ptrdiff_t i = first, j = k - first; i <= last; i++, j--) {
        lsv_scalar x = lsv_item(a, &i), y = lsv_item(b, &j);
        if (lsv_dtype_is_float(d)) sum = rounded(sums, sum + rounded(sums, lsv_scalar_as_double(x) * lsv_scalar_as_double(y)));
        else whole += (uint64_t)x.i * (uint64_t)y.i;
    }
    return lsv_dtype_is_float(d) ? lsv_scalar_float(sum) : lsv_scalar_int((int64_t)whole);
}

/* np.polymul(a1, a2): a convolution */
BUILTIN(np_polymul) {
    lsv_array *a, *b, *r;
    if (!coefficients(w, args, 0, &a) || !coefficients(w, args, 1, &b) || !trimmed(w, &a) || !trimmed(w, &b)) return false;
    lsv_dtype d = lsv_promote(a, b);
    ptrdiff_t n = a->size + b->size - 1, size = (ptrdiff_t)lsv_dtype_size(d);
    if (b->size > a->size) {
        lsv_array *t = a;
        a = b;
        b = t;
    }
    if (!ls_new(w, d, 1, &n, &r)) return false;
    for (ptrdiff_t k = 0; k < n; k++) {
        if (ls_interrupted(w->in)) return false;
        lsv_store(d, r->data + k * size, product_at(a, b, d, k));
    }
    return ls_give_kept(w, out, r);
}

/* A vector of coefficients to divide: floats, at least one. */
static bool to_divide(ls_work *w, const ls_value *args, int i, lsv_array **a) {
    if (!coefficients(w, args, i, a) || (!lsv_dtype_is_float((lsv_dtype)(*a)->dtype) && !converted(w, a, LSV_FLOAT64))) return false;
    if ((*a)->ndim > 1) return ls_raise(w->in, "ValueError", "polydiv: %c must be a vector", i ? 'v' : 'u');
    return (*a)->size > 0 || ls_raise(w->in, "IndexError", "index 0 is out of bounds for axis 0 with size 0");
}

/* np.polydiv(u, v): quotient and remainder by long division */
BUILTIN(np_polydiv) {
    lsv_array *u, *v, *q, *r, *pair[2];
    if (!to_divide(w, args, 0, &u) || !to_divide(w, args, 1, &v)) return false;
    lsv_dtype d = lsv_promote(u, v), of_v = (lsv_dtype)v->dtype;
    ptrdiff_t n = v->size - 1, steps = u->size - n, length = steps > 1 ? steps : 1, first = 0;
    if (!ls_ok(w, lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 1, &length, &q, &w->err)) || !ls_keep(w, q)) return false;
    if (!ls_ok(w, lsv_astype(u, LSV_FLOAT64, &r, &w->err)) || !ls_keep(w, r) || !converted(w, &v, LSV_FLOAT64)) return false;
    if (!ls_ok(w, lsv_contiguous(v, &v, &w->err)) || !ls_keep(w, v)) return false;
    double *rest = lsv_data(r), *quotient = lsv_data(q);
    const double *by = lsv_data(v);
    double scale = rounded(of_v, 1 / by[0]);
    for (ptrdiff_t k = 0; k < steps; k++) {
        double c = rounded(d, scale * rest[k]);
        if (ls_interrupted(w->in)) return false;
        quotient[k] = c;
        for (ptrdiff_t j = 0; j <= n; j++) rest[k + j] = rounded(d, rest[k + j] - rounded(d, c * by[j]));
    }
    while (first < u->size - 1 && fabs(rest[first]) <= 1e-8) first++;
    if (!converted(w, &q, d) || !converted(w, &r, d) || !part(w, r, first, u->size, &r)) return false;
    pair[0] = lsv_ref(q);
    pair[1] = lsv_ref(r);
    return ls_give_arrays(w, out, LSV_OK, NULL, 2, pair);
}

/* ---- calculus ---- */

/* n, n - 1, … 1 */
static bool falling(ls_work *w, ptrdiff_t n, lsv_array **r) {
    return ls_ok(w, lsv_arange(LSV_NUMPY, LSV_INT64, lsv_scalar_int(n), lsv_scalar_int(-1), n > 0 ? n : 0, r, &w->err)) && ls_keep(w, *r);
}

static bool to_derive(ls_work *w, const ls_value *args, lsv_array **p, ptrdiff_t *m) {
    if (!ls_count(w, args[1], "m", m) || !ls_arg(w, args, 0, p)) return false;
    if (*m < 0)
        return ls_raise(w->in, "ValueError",
                        w->self->op ? "Order of integral must be positive (see polyder)" : "Order of derivative must be positive (see polyint)");
    return (*p)->ndim > 0 || ls_raise(w->in, "TypeError", "len() of unsized object");
}

/* np.polyder(p, m=1) */
BUILTIN(np_polyder) {
    lsv_array *p, *powers;
    ptrdiff_t m;
    if (!to_derive(w, args, &p, &m)) return false;
    for (; m > 0; m--) {
        ptrdiff_t n = p->shape[0] > 0 ? p->shape[0] - 1 : 0;
        if (n == 0) m = 1; /* nothing is left: further derivatives are the same */
        if (!part(w, p, 0, n, &p) || !falling(w, n, &powers) || !ls_binary_arrays(w, LSV_OP_MUL, p, powers, &p)) return false;
    }
    return ls_give_kept(w, out, p);
}

/* np.polyint(p, m=1, k=None): the constants k come in the order of integration */
BUILTIN(np_polyint) {
    lsv_array *p, *k = NULL, *powers, *parts[2];
    ptrdiff_t m, zero = 1;
    if (!to_derive(w, args, &p, &m)) return false;
    if (!ls_is_none(args[2]) && !coefficients(w, args, 2, &k)) return false;
    if (!k && (!ls_ok(w, lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 1, &zero, &k, &w->err)) || !ls_keep(w, k))) return false;
    bool same = k->ndim == 1 && k->size == 1;
    if (k->ndim != 1 || (k->size < m && !same)) return ls_raise(w->in, "ValueError", "k must be a scalar or a rank-1 array of length 1 or >m.");
    for (ptrdiff_t i = 0; i < m; i++) {
        if (ls_interrupted(w->in) || !falling(w, p->shape[0], &powers) || !ls_binary_arrays(w, LSV_OP_DIV, p, powers, &parts[0])) return false;
        if (!part(w, k, same ? 0 : i, same ? 1 : i + 1, &parts[1])) return false;
        if (!ls_ok(w, lsv_concatenate(parts, 2, 0, &p, &w->err)) || !ls_keep(w, p)) return false;
    }
    return ls_give_kept(w, out, p);
}

const ls_builtin ls_family_polynomial[] = {
    {"np.polyval", "(p, x)", "A polynomial's value, highest power first", NULL, NULL, np_polyval, 0, LS_CALLABLE, NULL},
    {"np.polyfit", "(x, y, deg)", "Coefficients of the least-squares polynomial, highest power first", NULL, NULL, np_polyfit, 0, LS_CALLABLE, NULL},
    {"np.poly", "(seq_of_zeros)", "The polynomial with these zeros, or a square matrix's characteristic polynomial",
     "Highest power first. The eigenvalues of a matrix must be real.", NULL, np_poly, 0, LS_CALLABLE, NULL},
    {"np.roots", "(p)", "The roots of a polynomial whose roots are real", "Coefficients are given highest power first. The roots are the eigenvalues of the companion matrix.",
     NULL, np_roots, 0, LS_CALLABLE, NULL},
    {"np.polyadd", "(a1, a2)", "Sum of two polynomials", NULL, NULL, np_polyadd, LSV_OP_ADD, LS_CALLABLE, NULL},
    {"np.polysub", "(a1, a2)", "Difference of two polynomials", NULL, NULL, np_polyadd, LSV_OP_SUB, LS_CALLABLE, NULL},
    {"np.polymul", "(a1, a2)", "Product of two polynomials", NULL, NULL, np_polymul, 0, LS_CALLABLE, NULL},
    {"np.polydiv", "(u, v)", "(quotient, remainder) of two polynomials", NULL, NULL, np_polydiv, 0, LS_CALLABLE, NULL},
    {"np.polyder", "(p, m=1)", "Derivative of a polynomial, m times", NULL, NULL, np_polyder, 0, LS_CALLABLE, NULL},
    {"np.polyint", "(p, m=1, k=None)", "Integral of a polynomial, m times, with constants k", NULL, NULL, np_polyint, 1, LS_CALLABLE, NULL},
    {.names = NULL}};
