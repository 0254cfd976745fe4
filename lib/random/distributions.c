/* numpy.random's distributions beyond uniform and normal, draw for draw: of one formula of the stream's doubles, normals
   and exponentials, by rejection, and counts.

   A Generator's draws differ from a legacy stream's in those normals and exponentials, and where NumPy has improved a
   formula since: legacy streams keep the old one. */
#include <math.h>

#include "array/convert.h"
#include "base/interrupt.h"
#include "random/draw.h"

static bool modern(const lsv_rng *rng) { return rng->type == LSV_RNG_PCG64; }

static double uniform(lsv_rng *rng) { return lsv_next_double(rng); }
static double normal(lsv_rng *rng) { return lsv_random_gauss(rng); }
static double exponential(lsv_rng *rng) { return modern(rng) ? lsv_ziggurat_exponential(rng) : -log(1 - uniform(rng)); }

/* A uniform number that is not 0. */
static double positive(lsv_rng *rng) {
    double u;
    do u = uniform(rng);
    while (u == 0);
    return u;
}

/* ---- one formula ---- p: the parameters */

static double standard_exponential(lsv_rng *rng, const double *p) {
    (void)p;
    return exponential(rng);
}

static double scaled_exponential(lsv_rng *rng, const double *p) { return p[0] * exponential(rng); }
static double lognormal(lsv_rng *rng, const double *p) { return exp(p[0] + p[1] * normal(rng)); }

static double laplace(lsv_rng *rng, const double *p) {
    double u = positive(rng);
    return u >= 0.5 ? p[0] - p[1] * log(2 - u - u) : p[0] + p[1] * log(u + u);
}

static double gumbel(lsv_rng *rng, const double *p) { return p[0] - p[1] * log(-log(1 - positive(rng))); }

static double logistic(lsv_rng *rng, const double *p) {
    double u = positive(rng);
    return p[0] + p[1] * log(u / (1 - u));
}

static double rayleigh(lsv_rng *rng, const double *p) {
    return p[0] * sqrt(modern(rng) ? 2 * exponential(rng) : -2 * log1p(-uniform(rng)));
}

static double weibull(lsv_rng *rng, const double *p) { return p[0] == 0 ? 0 : pow(exponential(rng), 1 / p[0]); }

static double pareto(lsv_rng *rng, const double *p) {
    double x = exponential(rng) / p[0];
    return modern(rng) ? expm1(x) : exp(x) - 1;
}

static double power(lsv_rng *rng, const double *p) {
    double x = exponential(rng);
    return pow(modern(rng) ? -expm1(-x) : 1 - exp(-x), 1 / p[0]);
}

/* left, mode, right */
static double triangular(lsv_rng *rng, const double *p) {
    double base = p[2] - p[0], left = p[1] - p[0], u = uniform(rng);
    return u <= left / base ? p[0] + sqrt(u * (left * base)) : p[2] - sqrt((1 - u) * ((p[2] - p[1]) * base));
}

static double standard_cauchy(lsv_rng *rng, const double *p) {
    (void)p;
    double x = normal(rng);
    return x / normal(rng);
}

/* ---- gammas ---- */

/* Marsaglia and Tsang (2000): of a normal x, shape' (1 + c x)^3, accepted nearly always. */
static double gamma_above_one(lsv_rng *rng, double shape) {
    double b = shape - 1. / 3, c = 1 / sqrt(9 * b);
    for (;;) {
        double x, v;
        do {
            x = normal(rng);
            v = 1 + c * x;
        } while (v <= 0);
        v = v * v * v;
        double u = uniform(rng);
        if (u < 1 - 0.0331 * (x * x) * (x * x) || log(u) < 0.5 * x * x + b * (1 - v + log(v))) return b * v;
    }
}

/* By rejection from a power below 1 - shape, and an exponential above it (Ahrens and Dieter's GS). */
static double gamma_below_one(lsv_rng *rng, double shape) {
    for (;;) {
        double u = uniform(rng), v = exponential(rng), x;
        if (u <= 1 - shape) {
            x = pow(u, 1 / shape);
            if (x <= v) return x;
        } else {
            double y = -log((1 - u) / shape);
            x = pow(1 - shape + shape * y, 1 / shape);
            if (x <= v + y) return x;
        }
    }
}

static double gamma_of(lsv_rng *rng, double shape) {
    if (isnan(shape)) return shape;
    if (shape == 0) return 0;
    return shape == 1 ? exponential(rng) : shape < 1 ? gamma_below_one(rng, shape) : gamma_above_one(rng, shape);
}

static double standard_gamma(lsv_rng *rng, const double *p) { return gamma_of(rng, p[0]); }
static double scaled_gamma(lsv_rng *rng, const double *p) { return p[1] * gamma_of(rng, p[0]); }
static double chisquare(lsv_rng *rng, const double *p) { return 2 * gamma_of(rng, p[0] / 2); }

static double standard_t(lsv_rng *rng, const double *p) {
    double x = normal(rng), g = gamma_of(rng, p[0] / 2);
    return sqrt(p[0] / 2) * x / sqrt(g);
}

/* x / (x + y) where x = u^(1/a) and y = v^(1/b) vanish. */
static double beta_by_logarithms(const lsv_rng *rng, double x, double y) {
    if (modern(rng)) return x > y ? exp(-log1p(exp(y - x))) : exp(x - y - log1p(exp(x - y)));
    double most = x > y ? x : y;
    return exp(x - most - log(exp(x - most) + exp(y - most)));
}

/* Jöhnk's method for small parameters. */
static double small_beta(lsv_rng *rng, double a, double b) {
    const double tiny = 3e-103; /* the result is 0 or 1 */
    if (modern(rng) && a < tiny && b < tiny) return (a + b) * uniform(rng) < a;
    for (;;) {
        double u = uniform(rng), v = uniform(rng), x = pow(u, 1 / a), y = pow(v, 1 / b);
        if (x + y > 1 || (modern(rng) && u + v == 0)) continue;
        bool there = modern(rng) ? x > 0 && y > 0 : x + y > 0;
        return there ? x / (x + y) : beta_by_logarithms(rng, log(u) / a, log(v) / b);
    }
}

static double beta_of(lsv_rng *rng, double a, double b) {
    if (isnan(a) || isnan(b)) return NAN;
    if (a <= 1 && b <= 1) return small_beta(rng, a, b);
    double x = gamma_of(rng, a), y = gamma_of(rng, b);
    return x / (x + y);
}

static double beta(lsv_rng *rng, const double *p) { return beta_of(rng, p[0], p[1]); }

/* ---- counts ---- */

static double geometric(lsv_rng *rng, const double *p) {
    if (p[0] < 1. / 3) {
        if (modern(rng)) return ceil(-exponential(rng) / log1p(-p[0]));
        return ceil(log1p(-uniform(rng)) / log(1 - p[0]));
    }
    double k = 1, chance = p[0], sum = p[0], u = uniform(rng);
    for (; u > sum; k++) {
        chance *= 1 - p[0];
        sum += chance;
    }
    return k;
}

/* log(gamma(x)), x > 0, by Stirling's series from 7 on. */
static double log_gamma(double x) {
    static const double series[] = {8.333333333333333e-02, -2.777777777777778e-03, 7.936507936507937e-04, -5.952380952380952e-04, 8.417508417508418e-04,
                                    -1.917526917526918e-03, 6.410256410256410e-03, -2.955065359477124e-02, 1.796443723688307e-01, -1.39243221690590e+00};
    if (x == 1 || x == 2) return 0;
    int steps = x < 7 ? (int)(7 - x) : 0;
    double y = x + steps, square = (1 / y) * (1 / y), sum = series[9];
    for (int k = 8; k >= 0; k--) sum = sum * square + series[k];
    sum = sum / y + 0.5 * 1.8378770664093453 + (y - 0.5) * log(y) - y;
    for (int k = 0; k < steps; k++, y--) sum -= log(y - 1);
    return sum;
}

/* Hörmann's transformed rejection (PTRS, 1993), for means from 10 on. */
static double poisson_by_rejection(lsv_rng *rng, double mean) {
    double b = 0.931 + 2.53 * sqrt(mean), a = -0.059 + 0.02483 * b, log_mean = log(mean);
    double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), at_once = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
        double u = uniform(rng) - 0.5, v = uniform(rng), side = 0.5 - fabs(u);
        double k = floor((2 * a / side + b) * u + mean + 0.43);
        if (side >= 0.07 && v <= at_once) return k;
        if (k < 0 || (side < 0.013 && v > side)) continue;
        if (log(v) + log(inverse_alpha) - log(a / (side * side) + b) <= -mean + k * log_mean - log_gamma(k + 1)) return k;
    }
}

static double poisson(lsv_rng *rng, const double *p) {
    if (p[0] >= 10) return poisson_by_rejection(rng, p[0]);
    if (p[0] == 0) return 0;
    double k = 0, least = exp(-p[0]), product = uniform(rng);
    for (; product > least; k++) product *= uniform(rng);
    return k;
}

/* ---- binomial ---- */

/* Along the probabilities of 0, 1, 2, …, for means up to 30. */
static double binomial_by_inversion(lsv_rng *rng, double n, double p) {
    double q = 1 - p, none = exp(n * log1p(-p)), mean = n * p, bound = floor(fmin(n, mean + 10 * sqrt(mean * q + 1)));
    double k = 0, chance = none, u = uniform(rng);
    while (u > chance) {
        k++;
        if (k > bound) {
            k = 0;
            chance = none;
            u = uniform(rng);
        } else {
            u -= chance;
            chance = ((n - k + 1) * p * chance) / (k * q);
        }
    }
    return k;
}

/* Kachitvichyanukul and Schmeiser's BTPE (1988): a triangle, two parallelograms beside it, exponential tails. */
typedef struct btpe { double n, r, q, m, p1, p2, p3, p4, xm, xl, xr, c, left, right; } btpe;

static btpe btpe_of(double n, double p) {
    btpe b = {.n = n, .r = fmin(p, 1 - p)};
    b.q = 1 - b.r;
    double fm = n * b.r + b.r;
    b.m = floor(fm);
    b.p1 = floor(2.195 * sqrt(n * b.r * b.q) - 4.6 * b.q) + 0.5;
    b.xm = b.m + 0.5;
    b.xl = b.xm - b.p1;
    b.xr = b.xm + b.p1;
    b.c = 0.134 + 20.5 / (15.3 + b.m);
    double a = (fm - b.xl) / (fm - b.xl * b.r);
    b.left = a * (1 + a / 2);
    a = (b.xr - fm) / (b.xr * b.q);
    b.right = a * (1 + a / 2);
    b.p2 = b.p1 * (1 + 2 * b.c);
    b.p3 = b.p2 + b.c / b.left;
    b.p4 = b.p3 + b.c / b.right;
    return b;
}

/* The correction of Stirling's formula, with 13680 where the paper has 13860: NumPy 2.4's draws hang on it. */
static double stirling(double x) {
    double s = x * x;
    return (13680. - (462. - (132. - (99. - 140. / s) / s) / s) / s) / x / 166320.;
}

/* Is v below the ratio of the probabilities of y and of the mode? */
static bool btpe_accepts(const btpe *b, double y, double v) {
    double k = fabs(y - b->m), npq = b->n * b->r * b->q;
    if (k <= 20 || k >= npq / 2 - 1) {
        double s = b->r / b->q, a = s * (b->n + 1), ratio = 1;
        for (double i = b->m + 1; i <= y; i++) ratio *= a / i - s;
        for (double i = y + 1; i <= b->m; i++) ratio /= a / i - s;
        return v <= ratio;
    }
    double rho = (k / npq) * ((k * (k / 3 + 0.625) + 0.16666666666666666) / npq + 0.5), t = -k * k / (2 * npq), level = log(v);
    if (level < t - rho) return true;
    if (level > t + rho) return false;
    double x1 = y + 1, f1 = b->m + 1, z = b->n + 1 - b->m, w = b->n - y + 1;
    return level <= b->xm * log(f1 / x1) + (b->n - b->m + 0.5) * log(z / w) + (y - b->m) * log(w * b->r / (x1 * b->q)) + stirling(f1) + stirling(z) +
                        stirling(x1) + stirling(w);
}

static double binomial_by_rejection(lsv_rng *rng, double n, double p) {
    const btpe b = btpe_of(n, p);
    for (;;) {
        double u = uniform(rng) * b.p4, v = uniform(rng), y;
        if (u <= b.p1) return floor(b.xm - b.p1 * v + u);
        if (u <= b.p2) {
            double x = b.xl + (u - b.p1) / b.c;
            v = v * b.c + 1 - fabs(b.m - x + 0.5) / b.p1;
            if (v > 1) continue;
            y = floor(x);
        } else if (v == 0) {
            continue;
        } else if (u <= b.p3) {
            y = floor(b.xl + log(v) / b.left);
            if (y < 0) continue;
            v = v * (u - b.p2) * b.left;
        } else {
            y = floor(b.xr - log(v) / b.right);
            if (y > n) continue;
            v = v * (u - b.p3) * b.right;
        }
        if (btpe_accepts(&b, y, v)) return y;
    }
}

static double binomial_of(lsv_rng *rng, double n, double p) {
    if (isnan(p) || (modern(rng) && (n == 0 || p == 0))) return 0;
    double q = p <= 0.5 ? p : 1 - p;
    double k = q * n <= 30 ? binomial_by_inversion(rng, n, q) : binomial_by_rejection(rng, n, q);
    return p <= 0.5 ? k : n - k;
}

static double binomial(lsv_rng *rng, const double *p) { return binomial_of(rng, p[0], p[1]); }

/* ---- the table ---- */

typedef enum constraint { ANY, NON_NEGATIVE, POSITIVE, PROBABILITY, POSITIVE_PROBABILITY, MEAN_COUNT, TRIALS } constraint;

typedef struct distribution {
    double (*draw)(lsv_rng *rng, const double *p);
    int nparams;
    bool counts; /* draws are int64 */
    struct { const char *name; constraint in; } params[LSV_MOST_PARAMETERS];
} distribution;

static const distribution distributions[] = {
    [LSV_STANDARD_EXPONENTIAL] = {standard_exponential, 0, false, {{0}}},
    [LSV_EXPONENTIAL] = {scaled_exponential, 1, false, {{"scale", NON_NEGATIVE}}},
    [LSV_LOGNORMAL] = {lognormal, 2, false, {{"mean", ANY}, {"sigma", NON_NEGATIVE}}},
    [LSV_LAPLACE] = {laplace, 2, false, {{"loc", ANY}, {"scale", NON_NEGATIVE}}},
    [LSV_GUMBEL] = {gumbel, 2, false, {{"loc", ANY}, {"scale", NON_NEGATIVE}}},
    [LSV_LOGISTIC] = {logistic, 2, false, {{"loc", ANY}, {"scale", NON_NEGATIVE}}},
    [LSV_RAYLEIGH] = {rayleigh, 1, false, {{"scale", NON_NEGATIVE}}},
    [LSV_WEIBULL] = {weibull, 1, false, {{"a", NON_NEGATIVE}}},
    [LSV_PARETO] = {pareto, 1, false, {{"a", POSITIVE}}},
    [LSV_POWER] = {power, 1, false, {{"a", POSITIVE}}},
    [LSV_TRIANGULAR] = {triangular, 3, false, {{"left", ANY}, {"mode", ANY}, {"right", ANY}}},
    [LSV_STANDARD_CAUCHY] = {standard_cauchy, 0, false, {{0}}},
    [LSV_STANDARD_GAMMA] = {standard_gamma, 1, false, {{"shape", NON_NEGATIVE}}},
    [LSV_GAMMA] = {scaled_gamma, 2, false, {{"shape", NON_NEGATIVE}, {"scale", NON_NEGATIVE}}},
    [LSV_BETA] = {beta, 2, false, {{"a", POSITIVE}, {"b", POSITIVE}}},
    [LSV_CHISQUARE] = {chisquare, 1, false, {{"df", POSITIVE}}},
    [LSV_STANDARD_T] = {standard_t, 1, false, {{"df", POSITIVE}}},
    [LSV_GEOMETRIC] = {geometric, 1, true, {{"p", POSITIVE_PROBABILITY}}},
    [LSV_POISSON] = {poisson, 1, true, {{"lam", MEAN_COUNT}}},
    [LSV_BINOMIAL] = {binomial, 2, true, {{"n", TRIALS}, {"p", PROBABILITY}}},
};

int lsv_distribution_parameters(lsv_distribution d) { return distributions[d].nparams; }

/* ---- checks ---- */

static lsv_status check_one(const char *name, constraint in, double x, bool single, lsv_error *err) {
    const double most = 0x1p63 - 10 * sqrt(0x1p63); /* of a mean: ten standard deviations below what fits */
    const char *nan = single ? "is NaN" : "contains NaNs";
    switch (in) {
    case ANY: return LSV_OK;
    case NON_NEGATIVE: return isnan(x) || !signbit(x) ? LSV_OK : lsv_fail(err, LSV_EVALUE, "%s < 0", name);
    case POSITIVE: return !(x <= 0) ? LSV_OK : lsv_fail(err, LSV_EVALUE, "%s <= 0", name);
    case PROBABILITY: return x >= 0 && x <= 1 ? LSV_OK : lsv_fail(err, LSV_EVALUE, "%s < 0, %s > 1 or %s %s", name, name, name, nan);
    case POSITIVE_PROBABILITY: return x > 0 && x <= 1 ? LSV_OK : lsv_fail(err, LSV_EVALUE, "%s <= 0, %s > 1 or %s contains NaNs", name, name, name);
    case TRIALS: /* counted in doubles */
        if (x > 0x1p53) return lsv_fail(err, LSV_ENOTIMPL, "%s above 2**53 is not implemented", name);
        return x >= 0 ? LSV_OK : lsv_fail(err, LSV_EVALUE, "%s < 0", name);
    case MEAN_COUNT:
        if (!(x >= 0)) return lsv_fail(err, LSV_EVALUE, "%s < 0 or %s %s", name, name, nan);
        return x <= most ? LSV_OK : lsv_fail(err, LSV_EVALUE, "%s value too large", name);
    }
    return LSV_OK;
}

/* A parameter's elements: n of them, or one for all. */
typedef struct elements { const double *at; ptrdiff_t step; } elements;

static lsv_status check_triangle(const elements *p, ptrdiff_t n, lsv_error *err) {
    for (ptrdiff_t i = 0; i < n; i++) {
        double left = p[0].at[i * p[0].step], mode = p[1].at[i * p[1].step], right = p[2].at[i * p[2].step];
        if (left > mode) return lsv_fail(err, LSV_EVALUE, "left > mode");
        if (mode > right) return lsv_fail(err, LSV_EVALUE, "mode > right");
        if (left == right) return lsv_fail(err, LSV_EVALUE, "left == right");
    }
    return LSV_OK;
}

static lsv_status check_all(lsv_distribution d, lsv_array *const *params, lsv_error *err) {
    for (int k = distributions[d].nparams - 1; k >= 0; k--) { /* binomial's p before n */
        int at = d == LSV_BINOMIAL ? k : distributions[d].nparams - 1 - k;
        const double *x = lsv_data(params[at]);
        for (ptrdiff_t i = 0; i < params[at]->size; i++)
            LSV_TRY(check_one(distributions[d].params[at].name, distributions[d].params[at].in, x[i], params[at]->ndim == 0, err));
    }
    return LSV_OK;
}

/* ---- filling ---- */

static lsv_status fill(lsv_rng *rng, const distribution *f, const elements *p, lsv_array *out, lsv_error *err) {
    enum { BETWEEN = 1 << 14 }; /* draws between two looks for an interrupt */
    double values[LSV_MOST_PARAMETERS];
    for (ptrdiff_t i = 0; i < out->size; i++) {
        if (i % BETWEEN == 0) LSV_TRY(lsv_poll(err));
        for (int k = 0; k < f->nparams; k++) values[k] = p[k].at[i * p[k].step];
        double x = f->draw(rng, values);
        if (f->counts) ((int64_t *)lsv_data(out))[i] = x >= 0x1p63 ? INT64_MAX : lsv_int64_from_double(x);
        else ((double *)lsv_data(out))[i] = x;
    }
    return LSV_OK;
}

/* params[k] spread over the shape, as `wide`, which the caller releases; one number stays one. */
static lsv_status spread(lsv_array *a, const lsv_shape *shape, lsv_array **wide, elements *e, lsv_error *err) {
    lsv_array *view;
    *wide = NULL;
    *e = (elements){lsv_data(a), 0};
    if (a->size == 1) return LSV_OK;
    LSV_TRY(lsv_broadcast_to(a, shape->ndim, shape->dims, &view, err));
    lsv_status status = lsv_contiguous(view, wide, err);
    lsv_release(view);
    if (status == LSV_OK) *e = (elements){lsv_data(*wide), 1};
    return status;
}

lsv_status lsv_random_draws(lsv_rng *rng, lsv_distribution d, lsv_array *const *params, const lsv_shape *shape, lsv_array **out, lsv_error *err) {
    const distribution *f = &distributions[d];
    lsv_array *wide[LSV_MOST_PARAMETERS] = {NULL}, *made;
    elements p[LSV_MOST_PARAMETERS];
    LSV_TRY(check_all(d, params, err));
    LSV_TRY(lsv_empty(LSV_NUMPY, f->counts ? LSV_INT64 : LSV_FLOAT64, shape->ndim, shape->dims, &made, err));
    lsv_status status = LSV_OK;
    for (int k = 0; k < f->nparams && status == LSV_OK; k++) status = spread(params[k], shape, &wide[k], &p[k], err);
    if (status == LSV_OK && d == LSV_TRIANGULAR) status = check_triangle(p, made->size, err);
    if (status == LSV_OK) status = fill(rng, f, p, made, err);
    for (int k = 0; k < f->nparams; k++) lsv_release(wide[k]);
    if (status == LSV_OK) *out = made;
    else lsv_release(made);
    return status;
}

/* ---- vectors ---- */

lsv_status lsv_random_multinomial(lsv_rng *rng, int64_t n, const lsv_array *p, const lsv_shape *shape, lsv_array **out, lsv_error *err) {
    ptrdiff_t d = p->size;
    const double *chance = lsv_data(p);
    lsv_array *made;
    LSV_TRY(lsv_zeros(LSV_NUMPY, LSV_INT64, shape->ndim, shape->dims, &made, err));
    int64_t *count = lsv_data(made);
    for (ptrdiff_t row = 0; d && row < made->size / d; row++, count += d) {
        if (lsv_interrupt_flag && lsv_poll(err) != LSV_OK) {
            lsv_release(made);
            return LSV_EINTR;
        }
        double left = 1;
        int64_t rest = n;
        for (ptrdiff_t j = 0; j < d - 1 && rest > 0; j++) {
            count[j] = (int64_t)binomial_of(rng, (double)rest, chance[j] / left);
            rest -= count[j];
            left -= chance[j];
        }
        if (rest > 0) count[d - 1] = rest;
    }
    *out = made;
    return LSV_OK;
}

/* Sticks broken off by betas, where gammas of so small shapes might all be 0. */
static void broken_sticks(lsv_rng *rng, const double *alpha, const double *beyond, ptrdiff_t k, double *out) {
    double rest = 1;
    for (ptrdiff_t j = 0; j < k - 1; j++) {
        double v = beta_of(rng, alpha[j], beyond[j + 1]);
        out[j] = rest * v;
        rest *= 1 - v;
        if (beyond[j + 1] == 0) break;
    }
    out[k - 1] = rest;
}

static void divided_gammas(lsv_rng *rng, const double *alpha, ptrdiff_t k, double *out) {
    double sum = 0;
    for (ptrdiff_t j = 0; j < k; j++) sum += out[j] = gamma_of(rng, alpha[j]);
    for (ptrdiff_t j = 0; j < k; j++) out[j] *= 1 / sum;
}

lsv_status lsv_random_dirichlet(lsv_rng *rng, const lsv_array *alpha, const lsv_shape *shape, lsv_array **out, lsv_error *err) {
    ptrdiff_t k = alpha->size;
    const double *a = lsv_data(alpha);
    lsv_array *made, *sums;
    LSV_TRY(lsv_empty(LSV_NUMPY, LSV_FLOAT64, 1, &k, &sums, err)); /* sums[j]: of a from j on */
    lsv_status status = lsv_zeros(LSV_NUMPY, LSV_FLOAT64, shape->ndim, shape->dims, &made, err);
    double *x = status == LSV_OK ? lsv_data(made) : NULL, *beyond = lsv_data(sums), sum = 0, most = 0;
    for (ptrdiff_t j = k - 1; j >= 0; j--) {
        beyond[j] = sum += a[j];
        if (a[j] > most) most = a[j];
    }
    bool small = modern(rng) && most < 0.1;
    for (ptrdiff_t row = 0; status == LSV_OK && k && row < made->size / k && (!small || sum > 0); row++, x += k) {
        if (lsv_interrupt_flag && (status = lsv_poll(err)) != LSV_OK) break;
        if (small) broken_sticks(rng, a, beyond, k, x);
        else divided_gammas(rng, a, k, x);
    }
    lsv_release(sums);
    if (status == LSV_OK) *out = made;
    else if (x) lsv_release(made);
    return status;
}
