/* The math module: C's library with Python's errors. A function of one number is a line in a table. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "lang/builtins/python/python.h"
#include "lang/syntax/tree.h"

static bool domain(ls_interp *in) { return ls_raise(in, "ValueError", "math domain error"); }
static bool range(ls_interp *in) { return ls_raise(in, "OverflowError", "math range error"); }

static bool real(ls_interp *in, ls_value v, double *x) {
    if (!ls_is_number(v) && v.tag != LS_ARRAY)
        return ls_raise(in, "TypeError", "must be real number, not %s", ls_type_name(v));
    if (v.tag == LS_ARRAY && v.array->size != 1) {
        ls_raise(in, "TypeError", "only 0-dimensional arrays can be converted to Python scalars");
        ls_hint(in, "the np. and torch. functions of the same name take whole arrays");
        return false;
    }
    return ls_as_double(in, v, "x", x);
}

/* ---- functions of one number ---- */

static double degrees(double x) { return x * (180 / M_PI); }
static double radians(double x) { return x * (M_PI / 180); }

static double (*const unary[])(double) = {sqrt,   exp,    expm1, sin,   cos,   tan,   asin, acos,    atan,
                                          sinh,   cosh,   tanh,  asinh, acosh, atanh, fabs, erf,     erfc,
                                          tgamma, lgamma, log1p, log2,  log10, cbrt,  exp2, degrees, radians};
enum {
    SQRT,
    EXP,
    EXPM1,
    SIN,
    COS,
    TAN,
    ASIN,
    ACOS,
    ATAN,
    SINH,
    COSH,
    TANH,
    ASINH,
    ACOSH,
    ATANH,
    FABS,
    ERF,
    ERFC,
    GAMMA,
    LGAMMA,
    LOG1P,
    LOG2,
    LOG10,
    CBRT,
    EXP2,
    DEGREES,
    RADIANS
};

static bool checked(ls_interp *in, double x, double r, ls_value *out) {
    if (isnan(r) && !isnan(x)) return domain(in);
    if (isinf(r) && isfinite(x)) return range(in);
    *out = ls_float(r);
    return true;
}

static LS_PY(math_unary) {
    double x;
    if (!real(in, args[0], &x)) return false;
    bool pole = (self->op == LOG2 || self->op == LOG10)     ? x <= 0
                : self->op == LOG1P                         ? x <= -1
                : self->op == ATANH                         ? fabs(x) >= 1
                : (self->op == GAMMA || self->op == LGAMMA) ? x <= 0 && floor(x) == x && isfinite(x)
                                                            : false;
    if (pole) return domain(in);
    return checked(in, x, unary[self->op](x), out);
}

/* ---- rounding and tests ---- */

static LS_PY(math_round) { /* op: 0 floor, 1 ceil, 2 trunc */
    double x;
    if (ls_is_int(args[0])) {
        *out = ls_int(args[0].i);
        return true;
    }
    if (!real(in, args[0], &x)) return false;
    x = self->op == 0 ? floor(x) : self->op == 1 ? ceil(x) : trunc(x);
    if (isnan(x)) return ls_raise(in, "ValueError", "cannot convert float NaN to integer");
    if (isinf(x)) return ls_raise(in, "OverflowError", "cannot convert float infinity to integer");
    if (x < -9223372036854775808.0 || x >= 9223372036854775808.0)
        return ls_raise(in, "OverflowError", "int does not fit 64 bits");
    *out = ls_int((int64_t)x);
    return true;
}

static LS_PY(math_test) { /* op: 0 isnan, 1 isinf, 2 isfinite */
    double x;
    if (!real(in, args[0], &x)) return false;
    *out = ls_bool(self->op == 0 ? isnan(x) : self->op == 1 ? isinf(x) != 0 : isfinite(x));
    return true;
}

static LS_PY(math_isclose) {
    double a, b, rtol, atol;
    if (!real(in, args[0], &a) || !real(in, args[1], &b) || !real(in, args[2], &rtol) ||
        !real(in, args[3], &atol))
        return false;
    if (rtol < 0 || atol < 0) return ls_raise(in, "ValueError", "tolerances must be non-negative");
    double off = fabs(a - b);
    *out = ls_bool(a == b || (isfinite(a) && isfinite(b) &&
                              (off <= rtol * fabs(a) || off <= rtol * fabs(b) || off <= atol)));
    return true;
}

/* ---- functions of two numbers ---- */

enum { ATAN2, COPYSIGN, FMOD, REMAINDER, POW, NEXTAFTER };

static LS_PY(math_binary) {
    static double (*const functions[])(double, double) = {atan2, copysign, fmod, remainder, pow, nextafter};
    double x, y;
    if (!real(in, args[0], &x) || !real(in, args[1], &y)) return false;
    if (self->op == POW && x == 0 && y < 0 && isfinite(y)) return domain(in);
    double r = functions[self->op](x, y);
    if (isnan(r) && !isnan(x) && !isnan(y)) return domain(in);
    if (self->op == POW && isinf(r) && isfinite(x) && isfinite(y)) return range(in);
    *out = ls_float(r);
    return true;
}

static LS_PY(math_log) {
    double x, base;
    if (!real(in, args[0], &x)) return false;
    if (x <= 0) return domain(in);
    double r = log(x);
    if (args[1].tag != LS_NONE) {
        if (!real(in, args[1], &base)) return false;
        if (base <= 0) return domain(in);
        if (log(base) == 0) return ls_raise(in, "ZeroDivisionError", "float division by zero");
        r /= log(base);
    }
    *out = ls_float(r);
    return true;
}

static LS_PY(math_ulp) {
    double x;
    if (!real(in, args[0], &x)) return false;
    x = fabs(x);
    *out = ls_float(!isfinite(x) ? x : x == DBL_MAX ? x - nextafter(x, 0) : nextafter(x, INFINITY) - x);
    return true;
}

static LS_PY(math_ldexp) {
    double x;
    int64_t e;
    if (!real(in, args[0], &x) || !ls_index_arg(in, args[1], &e)) return false;
    double r = ldexp(x, e > 100000 ? 100000 : e < -100000 ? -100000 : (int)e);
    if (isinf(r) && isfinite(x)) return range(in);
    *out = ls_float(r);
    return true;
}

static bool give_pair(ls_interp *in, ls_value a, ls_value b, ls_value *out) {
    return ls_put_value(in, ls_tuple_of(2, (ls_value[]){a, b}), out);
}

static LS_PY(math_frexp) {
    double x;
    int e = 0;
    if (!real(in, args[0], &x)) return false;
    double m = frexp(x, &e);
    return give_pair(in, ls_float(m), ls_int(isfinite(x) ? e : 0), out);
}

static LS_PY(math_modf) {
    double x, whole;
    if (!real(in, args[0], &x)) return false;
    double part = modf(x, &whole);
    return give_pair(in, ls_float(part), ls_float(whole), out);
}

/* ---- sums and products of several ---- */

/* The Euclidean norm of n numbers: scaled by a power of two, and summed with its rounding errors. */
static double norm(const double *x, ptrdiff_t n) {
    double most = 0;
    bool nan = false;
    for (ptrdiff_t i = 0; i < n; i++) {
        if (isinf(x[i])) return INFINITY;
        nan |= isnan(x[i]);
        if (fabs(x[i]) > most) most = fabs(x[i]);
    }
    if (nan || most == 0) return nan ? NAN : 0;
    int e;
    frexp(most, &e);
    double sum = 0, rest = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        double v = ldexp(x[i], -e), p = v * v, s = sum + p;
        rest += (sum >= p ? (sum - s) + p : (p - s) + sum) + fma(v, v, -p);
        sum = s;
    }
    double root = sqrt(sum + rest);
    root +=
        (fma(-root, root, sum) + rest) / (2 * root); /* one step of Newton's, with what sqrt rounded away */
    return ldexp(root, e);
}

static bool numbers(ls_interp *in, const ls_value *items, ptrdiff_t n, double *x) {
    for (ptrdiff_t i = 0; i < n; i++)
        if (!real(in, items[i], &x[i])) return false;
    return true;
}

static LS_PY(math_hypot) {
    enum { FEW = 64 };
    double x[FEW];
    const ls_tuple *t = args[0].tuple;
    if (t->n > FEW)
        return ls_raise(in, "NotImplementedError", "math.hypot takes at most %d numbers here", FEW);
    if (!numbers(in, t->items, t->n, x)) return false;
    *out = ls_float(norm(x, t->n));
    return true;
}

static LS_PY(math_dist) {
    enum { FEW = 64 };
    double x[FEW], y[FEW];
    ls_value p, q;
    if (!ls_to_list(in, args[0], &p)) return false;
    if (!ls_to_list(in, args[1], &q)) {
        ls_drop(p);
        return false;
    }
    bool ok = true;
    if (p.list->n != q.list->n)
        ok = ls_raise(in, "ValueError", "both points must have the same number of dimensions");
    if (ok && p.list->n > FEW)
        ok = ls_raise(in, "NotImplementedError", "math.dist takes points of at most %d dimensions here", FEW);
    ok = ok && numbers(in, p.list->items, p.list->n, x) && numbers(in, q.list->items, q.list->n, y);
    if (ok) {
        for (ptrdiff_t i = 0; i < p.list->n; i++) x[i] -= y[i];
        *out = ls_float(norm(x, p.list->n));
    }
    ls_drop(p);
    ls_drop(q);
    return ok;
}

/* The exactly rounded sum: partial sums that do not overlap (Shewchuk 1997), rounded once at the end. */
typedef struct partials {
    double p[64];
    int n;
    double special;
} partials;

static void add_exactly(partials *s, double x) {
    if (!isfinite(x)) {
        s->special += x;
        return;
    }
    int kept = 0;
    for (int i = 0; i < s->n; i++) {
        double y = s->p[i];
        if (fabs(x) < fabs(y)) {
            double t = x;
            x = y;
            y = t;
        }
        double hi = x + y, lo = y - (hi - x);
        if (lo != 0) s->p[kept++] = lo;
        x = hi;
    }
    s->p[kept] = x;
    s->n = kept + 1;
}

static double rounded(const partials *s) {
    if (s->n == 0) return 0;
    int i = s->n - 1;
    double hi = s->p[i], lo = 0;
    while (i > 0) {
        double x = hi, y = s->p[--i];
        hi = x + y;
        lo = y - (hi - x);
        if (lo != 0) break;
    }
    if (i > 0 &&
        ((lo < 0 && s->p[i - 1] < 0) || (lo > 0 && s->p[i - 1] > 0))) { /* a tie that the rest breaks */
        double y = lo * 2, x = hi + y;
        if (y == x - hi) hi = x;
    }
    return hi;
}

static LS_PY(math_fsum) {
    ls_value it, v;
    partials s = {.n = 0};
    if (!ls_iterate(in, args[0], &it)) return false;
    bool ok = true;
    while (ok && ls_next(in, it, &v)) {
        double x;
        ok = real(in, v, &x);
        if (ok) add_exactly(&s, x);
        ls_drop(v);
    }
    ls_drop(it);
    if (!ok || in->error.set) return false;
    *out = ls_float(s.special != 0 || isnan(s.special) ? s.special : rounded(&s));
    return true;
}

static LS_PY(math_prod) {
    ls_value it, v, total = ls_ref(args[1]);
    if (!ls_iterate(in, args[0], &it)) {
        ls_drop(total);
        return false;
    }
    bool ok = true;
    while (ok && ls_next(in, it, &v)) {
        ls_value product;
        ok = ls_binary(in, LS_OP_MUL, total, v, &product);
        ls_drop(v);
        if (!ok) break;
        ls_drop(total);
        total = product;
    }
    ls_drop(it);
    if (ok && !in->error.set) {
        *out = total;
        return true;
    }
    ls_drop(total);
    return false;
}

/* ---- integers ---- */

static bool too_large(ls_interp *in, const char *what) {
    return ls_raise(in, "OverflowError", "%s does not fit 64 bits", what);
}

static LS_PY(math_factorial) {
    int64_t n, r = 1;
    if (!ls_index_arg(in, args[0], &n)) return false;
    if (n < 0) return ls_raise(in, "ValueError", "factorial() not defined for negative values");
    if (n > 20) return too_large(in, "the factorial");
    for (int64_t k = 2; k <= n; k++) r *= k;
    *out = ls_int(r);
    return true;
}

__extension__ typedef unsigned __int128 wide; /* a product before it is divided */

static LS_PY(math_choose) { /* op: 0 comb, 1 perm */
    int64_t n, k;
    if (!ls_index_arg(in, args[0], &n)) return false;
    if (args[1].tag == LS_NONE) k = n;
    else if (!ls_index_arg(in, args[1], &k)) return false;
    if (n < 0) return ls_raise(in, "ValueError", "n must be a non-negative integer");
    if (k < 0) return ls_raise(in, "ValueError", "k must be a non-negative integer");
    *out = ls_int(0);
    if (k > n) return true;
    if (self->op == 0 && k > n - k) k = n - k;
    wide r = 1;
    for (int64_t i = 0; i < k; i++) {
        r *= (uint64_t)(n - i);
        if (self->op == 0) r /= (uint64_t)(i + 1);
        if (r > INT64_MAX)
            return too_large(in, self->op ? "the number of arrangements" : "the binomial coefficient");
    }
    *out = ls_int((int64_t)r);
    return true;
}

static uint64_t gcd(uint64_t a, uint64_t b) {
    while (b) {
        uint64_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}

static LS_PY(math_gcd) { /* op: 1 lcm */
    uint64_t r = self->op ? 1 : 0;
    for (ptrdiff_t i = 0; i < args[0].tuple->n; i++) {
        int64_t x;
        if (!ls_index_arg(in, args[0].tuple->items[i], &x)) return false;
        uint64_t u = x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
        if (!self->op) r = gcd(r, u);
        else if (r == 0 || u == 0) r = 0;
        else if (__builtin_mul_overflow(r / gcd(r, u), u, &r))
            return too_large(in, "the least common multiple");
    }
    if (r > INT64_MAX) return too_large(in, "the result");
    *out = ls_int((int64_t)r);
    return true;
}

static LS_PY(math_isqrt) {
    int64_t n;
    if (!ls_index_arg(in, args[0], &n)) return false;
    if (n < 0) return ls_raise(in, "ValueError", "isqrt() argument must be nonnegative");
    uint64_t u = (uint64_t)n, r = (uint64_t)sqrt((double)n);
    while (r * r > u) r--;
    while ((r + 1) * (r + 1) <= u) r++;
    *out = ls_int((int64_t)r);
    return true;
}

#define UNARY(name, op, what) \
    { "math." name, "(x, /)", what, NULL, NULL, math_unary, op, 0, NULL }

const ls_builtin ls_family_math[] = {
    {"math.sqrt", "(x, /)", "the square root", NULL, NULL, math_unary, SQRT, 0,
     NULL},
    UNARY("exp", EXP, "e to the power of x"),
    UNARY("expm1", EXPM1, "exp(x) - 1, accurate near 0"),
    UNARY("exp2", EXP2, "2 to the power of x"),
    UNARY("sin", SIN, "the sine"),
    UNARY("cos", COS, "the cosine"),
    UNARY("tan", TAN, "the tangent"),
    UNARY("asin", ASIN, "the inverse sine"),
    UNARY("acos", ACOS, "the inverse cosine"),
    UNARY("atan", ATAN, "the inverse tangent"),
    UNARY("sinh", SINH, "the hyperbolic sine"),
    UNARY("cosh", COSH, "the hyperbolic cosine"),
    UNARY("tanh", TANH, "the hyperbolic tangent"),
    UNARY("asinh", ASINH, "the inverse hyperbolic sine"),
    UNARY("acosh", ACOSH, "the inverse hyperbolic cosine"),
    UNARY("atanh", ATANH, "the inverse hyperbolic tangent"),
    UNARY("fabs", FABS, "the absolute value as a float"),
    UNARY("erf", ERF, "the error function"),
    UNARY("erfc", ERFC, "1 - erf(x)"),
    UNARY("gamma", GAMMA, "the gamma function"),
    UNARY("lgamma", LGAMMA, "the logarithm of the gamma function's magnitude"),
    UNARY("log1p", LOG1P, "log(1 + x), accurate near 0"),
    UNARY("log2", LOG2, "the logarithm to base 2"),
    UNARY("log10", LOG10, "the logarithm to base 10"),
    UNARY("cbrt", CBRT, "the cube root"),
    UNARY("degrees", DEGREES, "from radians to degrees"),
    UNARY("radians", RADIANS, "from degrees to radians"),
    {"math.log", "(x, base=None, /)", "the natural logarithm, or that to a base", NULL,
     NULL, math_log, 0, 0, NULL},
    {"math.floor", "(x, /)", "the largest int that is not above x", NULL,
     NULL, math_round, 0, 0, NULL},
    {"math.ceil", "(x, /)", "the smallest int that is not below x", NULL, NULL,
     math_round, 1, 0, NULL},
    {"math.trunc", "(x, /)", "the int towards zero", NULL, NULL, math_round, 2, 0, NULL},
    {"math.isnan", "(x, /)", "is it not a number?", NULL, NULL, math_test, 0, 0, NULL},
    {"math.isinf", "(x, /)", "is it infinite?", NULL, NULL, math_test, 1, 0, NULL},
    {"math.isfinite", "(x, /)", "is it a finite number?", NULL, NULL, math_test, 2, 0, NULL},
    {"math.isclose", "(a, b, *, rel_tol=1e-09, abs_tol=0.0)", "are two numbers close?", NULL,
     NULL, math_isclose, 0, 0, NULL},
    {"math.atan2", "(y, x, /)", "the angle of the point (x, y)", NULL, NULL, math_binary, ATAN2, 0, NULL},
    {"math.copysign", "(x, y, /)", "the magnitude of x with the sign of y", NULL, NULL, math_binary, COPYSIGN,
     0, NULL},
    {"math.fmod", "(x, y, /)", "the remainder with the sign of x", NULL, NULL, math_binary, FMOD, 0, NULL},
    {"math.remainder", "(x, y, /)", "the remainder nearest to zero", NULL, NULL, math_binary, REMAINDER, 0,
     NULL},
    {"math.pow", "(x, y, /)", "x to the power of y as a float", NULL, NULL, math_binary, POW, 0, NULL},
    {"math.nextafter", "(x, y, /)", "the next float after x towards y", NULL, NULL, math_binary, NEXTAFTER, 0,
     NULL},
    {"math.ulp", "(x, /)", "the value of the last binary digit of x", NULL, NULL, math_ulp, 0, 0, NULL},
    {"math.ldexp", "(x, i, /)", "x * 2**i", NULL, NULL, math_ldexp, 0, 0, NULL},
    {"math.frexp", "(x, /)", "the mantissa and exponent of x", NULL,
     NULL, math_frexp, 0, 0, NULL},
    {"math.modf", "(x, /)", "the fraction and the whole part", NULL, NULL, math_modf, 0, 0, NULL},
    {"math.hypot", "(*coordinates)", "the Euclidean norm of the numbers", NULL,
     NULL, math_hypot, 0, 0, NULL},
    {"math.dist", "(p, q, /)", "the distance of two points", NULL,
     NULL, math_dist, 0, 0, NULL},
    {"math.fsum", "(seq, /)", "the exactly rounded sum", NULL, NULL,
     math_fsum, 0, 0, NULL},
    {"math.prod", "(iterable, /, *, start=1)", "the product of the elements", NULL,
     NULL, math_prod, 0, 0, NULL},
    {"math.factorial", "(x, /)", "the product of 1 to x", NULL, NULL,
     math_factorial, 0, 0, NULL},
    {"math.comb", "(n, k, /)", "ways to choose k of n", NULL, NULL,
     math_choose, 0, 0, NULL},
    {"math.perm", "(n, k=None, /)", "ways to arrange k of n", NULL, NULL,
     math_choose, 1, 0, NULL},
    {"math.gcd", "(*integers)", "the greatest common divisor", NULL, NULL,
     math_gcd, 0, 0, NULL},
    {"math.lcm", "(*integers)", "the least common multiple", NULL, NULL, math_gcd, 1, 0, NULL},
    {"math.isqrt", "(n, /)", "the integer square root", NULL, NULL, math_isqrt,
     0, 0, NULL},
    {0}};

const ls_constant ls_constants_math[] = {
    {"math.pi", "the ratio of a circle's circumference to its diameter", {.tag = LS_FLOAT, .f = M_PI}},
    {"math.e", "the base of the natural logarithm", {.tag = LS_FLOAT, .f = M_E}},
    {"math.tau", "2 pi", {.tag = LS_FLOAT, .f = 2 * M_PI}},
    {"math.inf", "infinity", {.tag = LS_FLOAT, .f = INFINITY}},
    {"math.nan", "not a number", {.tag = LS_FLOAT, .f = NAN}},
    {0}};
