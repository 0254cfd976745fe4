/* What signal processing takes from NumPy: windows (hanning, hamming, blackman, bartlett, kaiser), the Bessel
   function i0, and phases made continuous (unwrap). */
#include <math.h>

#include "array/elementwise.h"
#include "array/reduce.h"
#include "lang/builtins/support.h"

#define PI 3.141592653589793

/* ---- i0 ----

   exp(-x) I0(x) on [0, 8] and exp(-x) sqrt(x) I0(x) beyond, as Chebyshev series, highest order first (C. W. Clenshaw, Chebyshev
   series for mathematical functions, NPL 1962; the coefficients in double precision are those of Cephes). */

static const double near_zero[] = {
    -4.4153416464793395e-18, 3.3307945188222384e-17, -2.431279846547955e-16, 1.715391285555133e-15,  -1.1685332877993451e-14, 7.676185498604936e-14,
    -4.856446783111929e-13,  2.95505266312964e-12,   -1.726826291441556e-11, 9.675809035373237e-11,  -5.189795601635263e-10,  2.6598237246823866e-09,
    -1.300025009986248e-08,  6.046995022541919e-08,  -2.670793853940612e-07, 1.1173875391201037e-06, -4.4167383584587505e-06, 1.6448448070728896e-05,
    -5.754195010082104e-05,  0.00018850288509584165, -0.0005763755745385824, 0.0016394756169413357,  -0.004324309995050576,   0.010546460394594998,
    -0.02373741480589947,    0.04930528423967071,    -0.09490109704804764,   0.17162090152220877,    -0.3046826723431984,     0.6767952744094761};
static const double beyond_8[] = {
    -7.233180487874754e-18,  -4.830504485944182e-18, 4.46562142029676e-17,   3.461222867697461e-17,   -2.8276239805165836e-16, -3.425485619677219e-16, 1.7725601330565263e-15,
    3.8116806693526224e-15,  -9.554846698828307e-15, -4.150569347287222e-14, 1.54008621752141e-14,    3.8527783827421426e-13,  7.180124451383666e-13,  -1.7941785315068062e-12,
    -1.3215811840447713e-11, -3.1499165279632416e-11, 1.1889147107846439e-11, 4.94060238822497e-10,   3.3962320257083865e-09,  2.266668990498178e-08,  2.0489185894690638e-07,
    2.8913705208347567e-06,  6.889758346916825e-05,  0.0033691164782556943,  0.8044904110141088};

/* Clenshaw's recurrence; the series' last term counts half. */
static double chebyshev(double x, const double *c, int n) {
    double b0 = c[0], b1 = 0, b2 = 0;
    for (int i = 1; i < n; i++) {
        b2 = b1;
        b1 = b0;
        b0 = x * b1 - b2 + c[i];
    }
    return 0.5 * (b0 - b2);
}

static float chebyshev_single(float x, const double *c, int n) {
    float b0 = (float)c[0], b1 = 0, b2 = 0;
    for (int i = 1; i < n; i++) {
        b2 = b1;
        b1 = b0;
        b0 = x * b1 - b2 + (float)c[i];
    }
    return 0.5f * (b0 - b2);
}

#define N_NEAR ((int)(sizeof near_zero / sizeof *near_zero))
#define N_BEYOND ((int)(sizeof beyond_8 / sizeof *beyond_8))

/* I0 where e is exp(x), x >= 0 or NaN. */
static double i0_of(double x, double e) {
    return x <= 8 ? e * chebyshev(x / 2 - 2, near_zero, N_NEAR) : e * chebyshev(32 / x - 2, beyond_8, N_BEYOND) / sqrt(x);
}
static float i0_single(float x, float e) {
    return x <= 8 ? e * chebyshev_single(x / 2 - 2, near_zero, N_NEAR) : e * chebyshev_single(32 / x - 2, beyond_8, N_BEYOND) / sqrtf(x);
}

/* I0 of all elements; *r keeps float32 and float64, float16 is computed as float32. */
static bool bessel(ls_work *w, lsv_array *a, lsv_array **r) {
    lsv_array *x, *e;
    lsv_dtype d = lsv_dtype_is_float((lsv_dtype)a->dtype) ? (lsv_dtype)a->dtype : LSV_FLOAT64, in = d == LSV_FLOAT64 ? d : LSV_FLOAT32;
    if (!ls_ok(w, lsv_astype(a, in, &x, &w->err)) || !ls_keep(w, x) || !ls_ok(w, lsv_contiguous(x, &x, &w->err)) || !ls_keep(w, x)) return false;
    if (!ls_unary_array(w, LSV_FN_ABS, x, &x) || !ls_unary_array(w, LSV_FN_EXP, x, &e) || !ls_new(w, in, a->ndim, a->shape, r)) return false;
    for (ptrdiff_t k = 0; k < x->size; k++) {
        if (in == LSV_FLOAT64) ((double *)lsv_data(*r))[k] = i0_of(((double *)lsv_data(x))[k], ((double *)lsv_data(e))[k]);
        else ((float *)lsv_data(*r))[k] = i0_single(((float *)lsv_data(x))[k], ((float *)lsv_data(e))[k]);
    }
    return d == in || (ls_ok(w, lsv_astype(*r, d, r, &w->err)) && ls_keep(w, *r));
}

BUILTIN(np_i0) {
    lsv_array *a, *r;
    return ls_arg(w, args, 0, &a) && bessel(w, a, &r) && ls_give_array(w, out, LSV_OK, (lsv_ref(r), &r));
}

/* ---- windows ---- */

/* start, start + step, … below M, float64. */
static bool positions(ls_work *w, double start, double step, double M, lsv_array **r) {
    double n = ceil((M - start) / step);
    if (isnan(n)) return ls_raise(w->in, "ValueError", "arange: cannot compute length");
    if (!(n < 1e15)) return ls_no_memory(w->in);
    return ls_ok(w, lsv_arange(LSV_NUMPY, LSV_FLOAT64, lsv_scalar_float(start), lsv_scalar_float(step), n > 0 ? (ptrdiff_t)n : 0, r, &w->err)) &&
           ls_keep(w, *r);
}

static bool give_ones(ls_work *w, ls_value *out, ptrdiff_t n) {
    lsv_array *r;
    return ls_give_array(w, out, lsv_full(LSV_NUMPY, LSV_FLOAT64, 1, &n, lsv_scalar_float(1), &r, &w->err), &r);
}

/* factor * cos(pi * times * n / (M - 1)), kept */
static bool wave(ls_work *w, const lsv_array *n, double M, double times, double factor, lsv_array **r) {
    return ls_binary_number(w, LSV_OP_MUL, n, PI * times, r) && ls_binary_number(w, LSV_OP_DIV, *r, M - 1, r) &&
           ls_unary_array(w, LSV_FN_COS, *r, r) && ls_binary_number(w, LSV_OP_MUL, *r, factor, r);
}

enum { HANNING, HAMMING, BLACKMAN, BARTLETT };
BUILTIN(np_window) {
    static const double constant[] = {0.5, 0.54, 0.42}, first[] = {0.5, 0.46, 0.5};
    int op = w->self->op;
    double M;
    lsv_array *n, *r, *second;
    if (!ls_as_double(w->in, args[0], "M", &M)) return false;
    if (M < 1) return give_ones(w, out, 0);
    if (M == 1) return give_ones(w, out, 1);
    if (!positions(w, 1 - M, 2, M, &n)) return false;
    if (op == BARTLETT) { /* 1 - |n| / (M - 1) */
        if (!ls_unary_array(w, LSV_FN_ABS, n, &r) || !ls_binary_number(w, LSV_OP_DIV, r, M - 1, &r) || !ls_unary_array(w, LSV_FN_NEG, r, &r))
            return false;
        return ls_binary_number(w, LSV_OP_ADD, r, 1, &r) && ls_give_kept(w, out, r);
    }
    if (!wave(w, n, M, 1, first[op], &r) || !ls_binary_number(w, LSV_OP_ADD, r, constant[op], &r)) return false;
    if (op == BLACKMAN && (!wave(w, n, M, 2, 0.08, &second) || !ls_binary_arrays(w, LSV_OP_ADD, r, second, &r))) return false;
    return ls_give_kept(w, out, r);
}

/* np.kaiser(M, beta): i0(beta sqrt(1 - t^2)) / i0(beta), t from -1 to 1 */
BUILTIN(np_kaiser) {
    double M, beta;
    lsv_array *n, *r, *most;
    if (!ls_as_double(w->in, args[0], "M", &M) || !ls_as_double(w->in, args[1], "beta", &beta)) return false;
    if (M == 1) return give_ones(w, out, 1);
    double alpha = (M - 1) / 2;
    if (!positions(w, 0, 1, M, &n) || !ls_binary_number(w, LSV_OP_SUB, n, alpha, &r) || !ls_binary_number(w, LSV_OP_DIV, r, alpha, &r)) return false;
    if (!ls_unary_array(w, LSV_FN_SQUARE, r, &r) || !ls_unary_array(w, LSV_FN_NEG, r, &r) || !ls_binary_number(w, LSV_OP_ADD, r, 1, &r)) return false;
    if (!ls_unary_array(w, LSV_FN_SQRT, r, &r) || !ls_binary_number(w, LSV_OP_MUL, r, beta, &r) || !bessel(w, r, &r)) return false;
    if (!ls_array_like(w, ls_float(beta), LSV_NUMPY, -1, &most) || !bessel(w, most, &most)) return false;
    return ls_give(w, out, lsv_binary(LSV_OP_DIV, r, most, &r, &w->err), &r);
}

/* ---- phases ---- */

/* dd with whole turns taken out, so that it is at most half a turn long: less dd itself, and 0 where |dd| < discont. */
static bool corrections(ls_work *w, const lsv_array *dd, const lsv_array *period, const lsv_array *high, const lsv_array *discont, bool ambiguous,
                        lsv_array **r) {
    lsv_array *low, *m, *edge, *up, *size, *small;
    double cell;
    lsv_array zero = lsv_scalar_array(LSV_NUMPY, lsv_scalar_int(0), LSV_WEAK, &cell);
    if (!ls_unary_array(w, LSV_FN_NEG, high, &low)) return false;
    low->flags |= high->flags & LSV_WEAK;
    if (!ls_binary_arrays(w, LSV_OP_SUB, dd, low, &m) || !ls_binary_arrays(w, LSV_OP_MOD, m, period, &m) ||
        !ls_binary_arrays(w, LSV_OP_ADD, m, low, &m))
        return false;
    if (ambiguous) { /* half a turn either way: the way dd goes */
        if (!ls_binary_arrays(w, LSV_OP_EQ, m, low, &edge) || !ls_binary_arrays(w, LSV_OP_GT, dd, &zero, &up) ||
            !ls_binary_arrays(w, LSV_OP_AND, edge, up, &edge))
            return false;
        if (!ls_ok(w, lsv_where(edge, high, m, &m, &w->err)) || !ls_keep(w, m)) return false;
    }
    if (!ls_binary_arrays(w, LSV_OP_SUB, m, dd, &m) || !ls_unary_array(w, LSV_FN_ABS, dd, &size) ||
        !ls_binary_arrays(w, LSV_OP_LT, size, discont, &small))
        return false;
    return ls_ok(w, lsv_where(small, &zero, m, r, &w->err)) && ls_keep(w, *r);
}

/* np.unwrap(p, discont=None, axis=-1, *, period=2*pi) */
BUILTIN(np_unwrap) {
    lsv_array *p, *dd, *period, *high, *discont, *ph, *r, *first, *rest, *to;
    int axis;
    if (!ls_arg(w, args, 0, &p) || !ls_axis(w, args[2], "axis", &axis) || !ls_operand(w, args, 3, &period)) return false;
    if (p->ndim == 0) return ls_raise(w->in, "ValueError", "diff requires input that is at least one dimensional");
    if (period->ndim) return ls_raise(w->in, "NotImplementedError", "unwrap: period must be one number");
    if (!ls_ok(w, lsv_axis(p, axis, &axis, &w->err)) || !ls_ok(w, lsv_diff(p, 1, axis, &dd, &w->err)) || !ls_keep(w, dd)) return false;
    lsv_dtype d = lsv_promote(dd, period);
    double whole = lsv_scalar_as_double(lsv_item(period, NULL));
    bool integers = !lsv_dtype_is_float(d), ambiguous = !integers || fmod(whole, 2) == 0;
    if (!ls_binary_number(w, LSV_OP_DIV, period, 2, &high)) return false;
    discont = high;
    if (!ls_is_none(args[1]) && !ls_operand(w, args, 1, &discont)) return false;
    if (integers) { /* half a turn, rounded down */
        if (!ls_unary_array(w, LSV_FN_FLOOR, high, &high) || !ls_ok(w, lsv_astype(high, LSV_INT64, &high, &w->err)) || !ls_keep(w, high))
            return false;
    }
    high->flags |= period->flags & LSV_WEAK;
    if (!corrections(w, dd, period, high, discont, ambiguous, &ph) || !ls_ok(w, lsv_cumulate(LSV_SUM, ph, axis, false, &ph, &w->err)) ||
        !ls_keep(w, ph))
        return false;
    if (!ls_ok(w, lsv_astype(p, d, &r, &w->err)) || !ls_keep(w, r)) return false;
    lsv_index ix[LSV_MAXDIM];
    for (int i = 0; i < axis; i++) ix[i] = (lsv_index){.type = LSV_IX_SLICE, .step = 1};
    ix[axis] = (lsv_index){.type = LSV_IX_SLICE, .has_start = true, .start = 1, .step = 1};
    if (!ls_ok(w, lsv_index_get(p, ix, axis + 1, &rest, &w->err)) || !ls_keep(w, rest) || !ls_binary_arrays(w, LSV_OP_ADD, rest, ph, &first))
        return false;
    if (!ls_ok(w, lsv_index_get(r, ix, axis + 1, &to, &w->err)) || !ls_keep(w, to) || !ls_ok(w, lsv_assign(to, first, &w->err))) return false;
    return ls_give_kept(w, out, r);
}

const ls_builtin ls_family_signal[] = {
    {"np.hanning", "(M)", "The Hann window of M points: a raised cosine", NULL, NULL, np_window, HANNING, LS_CALLABLE, NULL},
    {"np.hamming", "(M)", "The Hamming window of M points: a raised cosine that does not reach zero", NULL, NULL, np_window, HAMMING, LS_CALLABLE, NULL},
    {"np.blackman", "(M)", "The Blackman window of M points: three terms of cosines", NULL, NULL, np_window, BLACKMAN, LS_CALLABLE, NULL},
    {"np.bartlett", "(M)", "The Bartlett window of M points: a triangle", NULL, NULL, np_window, BARTLETT, LS_CALLABLE, NULL},
    {"np.kaiser", "(M, beta)", "The Kaiser window of M points; beta 0 is a rectangle", NULL, NULL, np_kaiser, 0, LS_CALLABLE, NULL},
    {"np.i0", "(x)", "The modified Bessel function of the first kind, order 0", NULL, NULL, np_i0, 0, LS_CALLABLE, NULL},
    {"np.unwrap", "(p, discont=None, axis=-1, *, period=6.283185307179586)", "Phases without jumps: whole turns added where neighbours differ by more than half of one", NULL, NULL, np_unwrap, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
