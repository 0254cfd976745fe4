/* What floating-point numbers are made of: frexp, ldexp, nextafter, spacing. Integers count as float64, bool as
   float16; results keep the float dtype. */
#include <limits.h>
#include <math.h>

#include "array/elementwise.h"
#include "base/interrupt.h"
#include "lang/builtins/support.h"

static lsv_dtype float_of(lsv_dtype d) { return lsv_dtype_is_float(d) ? d : d == LSV_BOOL ? LSV_FLOAT16 : LSV_FLOAT64; }

/* A run of elements of that shape and dtype, which stays as it is. */
static bool spread(ls_work *w, lsv_array *a, lsv_dtype d, int ndim, const ptrdiff_t *shape, lsv_array **r) {
    if (!ls_ok(w, lsv_broadcast_to(a, ndim, shape, r, &w->err)) || !ls_keep(w, *r)) return false;
    if (!ls_ok(w, lsv_as_dtype(*r, d, r, &w->err)) || !ls_keep(w, *r)) return false;
    return ls_ok(w, lsv_contiguous(*r, r, &w->err)) && ls_keep(w, *r);
}

static char *cell(const lsv_array *a, ptrdiff_t k) { return a->data + k * (ptrdiff_t)lsv_dtype_size((lsv_dtype)a->dtype); }
static lsv_scalar at(const lsv_array *a, ptrdiff_t k) { return lsv_load((lsv_dtype)a->dtype, cell(a, k)); }
static void put(lsv_array *a, ptrdiff_t k, double x) { lsv_store((lsv_dtype)a->dtype, cell(a, k), lsv_scalar_float(x)); }

/* ---- mantissa and exponent ---- */

/* np.frexp(x): x = mantissa * 2**exponent with 0.5 <= |mantissa| < 1 */
BUILTIN(np_frexp) {
    lsv_array *a, *pair[2];
    if (!ls_arg(w, args, 0, &a)) return false;
    lsv_dtype d = float_of((lsv_dtype)a->dtype);
    if (!spread(w, a, d, a->ndim, a->shape, &a) || !ls_new(w, d, a->ndim, a->shape, &pair[0]) || !ls_new(w, LSV_INT32, a->ndim, a->shape, &pair[1]))
        return false;
    int32_t *exponents = lsv_data(pair[1]);
    for (ptrdiff_t k = 0; k < a->size; k++) {
        if (lsv_stop_at(k) && ls_interrupted(w->in)) return false;
        int e = 0;
        double x = at(a, k).f;
        put(pair[0], k, isfinite(x) ? frexp(x, &e) : x);
        exponents[k] = e;
    }
    for (int i = 0; i < 2; i++) lsv_ref(pair[i]);
    return ls_give_arrays(w, out, LSV_OK, NULL, 2, pair);
}

/* np.ldexp(x1, x2): x1 * 2**x2 */
BUILTIN(np_ldexp) {
    lsv_array *a, *e, *r;
    int ndim;
    ptrdiff_t shape[LSV_MAXDIM];
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &e)) return false;
    if (lsv_dtype_is_float((lsv_dtype)e->dtype))
        return ls_raise(w->in, "TypeError",
                        "ufunc 'ldexp' not supported for the input types, and the inputs could not be safely coerced to any supported types according to the casting rule ''safe''");
    if (!ls_ok(w, lsv_broadcast(a, e, &ndim, shape, &w->err))) return false;
    lsv_dtype d = float_of((lsv_dtype)a->dtype);
    if (!spread(w, a, d, ndim, shape, &a) || !spread(w, e, LSV_INT64, ndim, shape, &e) || !ls_new(w, d, ndim, shape, &r)) return false;
    for (ptrdiff_t k = 0; k < r->size; k++) {
        if (lsv_stop_at(k) && ls_interrupted(w->in)) return false;
        int64_t n = at(e, k).i;
        int by = n > INT_MAX ? INT_MAX : n < INT_MIN ? INT_MIN : (int)n;
        double x = at(a, k).f;
        /* rounded once, in the precision it is kept in */
        put(r, k, d == LSV_FLOAT64 ? ldexp(x, by) : (double)ldexpf((float)x, by));
    }
    return ls_give_into(w, out, args[2], LSV_OK, (lsv_ref(r), &r));
}

/* ---- neighbours ---- */

static double half_after(double x, double to) {
    if (isnan(x) || isnan(to)) return NAN;
    if (x == to) return to;
    if (x == 0) return to > 0 ? 0x1p-24 : -0x1p-24;
    uint16_t bits = lsv_float_to_half((float)x); /* magnitudes rise with their bits */
    return (double)lsv_half_to_float((uint16_t)((x < to) == (x > 0) ? bits + 1 : bits - 1));
}

static double after(lsv_dtype d, double x, double to) {
    return d == LSV_FLOAT64 ? nextafter(x, to) : d == LSV_FLOAT32 ? (double)nextafterf((float)x, (float)to) : half_after(x, to);
}

/* The distance to the next number, away from zero; of half floats upwards, as NumPy has it. */
static double spacing(lsv_dtype d, double x) {
    if (isinf(x)) return NAN;
    bool down = d != LSV_FLOAT16 && x < 0;
    return after(d, x, down ? -INFINITY : INFINITY) - x;
}

/* np.nextafter(x1, x2) */
BUILTIN(np_nextafter) {
    lsv_array *a, *b, *r;
    int ndim;
    ptrdiff_t shape[LSV_MAXDIM];
    if (!ls_operand(w, args, 0, &a) || !ls_operand(w, args, 1, &b) || !ls_ok(w, lsv_broadcast(a, b, &ndim, shape, &w->err))) return false;
    lsv_dtype d = float_of(lsv_promote(a, b));
    if (!spread(w, a, d, ndim, shape, &a) || !spread(w, b, d, ndim, shape, &b) || !ls_new(w, d, ndim, shape, &r)) return false;
    for (ptrdiff_t k = 0; k < r->size; k++) {
        if (lsv_stop_at(k) && ls_interrupted(w->in)) return false;
        put(r, k, after(d, at(a, k).f, at(b, k).f));
    }
    return ls_give_into(w, out, args[2], LSV_OK, (lsv_ref(r), &r));
}

/* np.spacing(x) */
BUILTIN(np_spacing) {
    lsv_array *a, *r;
    if (!ls_arg(w, args, 0, &a)) return false;
    lsv_dtype d = float_of((lsv_dtype)a->dtype);
    if (!spread(w, a, d, a->ndim, a->shape, &a) || !ls_new(w, d, a->ndim, a->shape, &r)) return false;
    for (ptrdiff_t k = 0; k < r->size; k++) {
        if (lsv_stop_at(k) && ls_interrupted(w->in)) return false;
        put(r, k, spacing(d, at(a, k).f));
    }
    return ls_give_into(w, out, args[1], LSV_OK, (lsv_ref(r), &r));
}

const ls_builtin ls_family_floats[] = {
    {"np.frexp", "(x, /)", "(mantissa, exponent) with x = mantissa * 2**exponent", NULL, NULL, np_frexp, 0, LS_CALLABLE, NULL},
    {"np.ldexp", "(x1, x2, /, out=None)", "x1 * 2**x2, element by element", NULL, NULL, np_ldexp, 0, LS_CALLABLE, NULL},
    {"np.nextafter", "(x1, x2, /, out=None)", "The next number from x1 towards x2, element by element", NULL, NULL, np_nextafter, 0, LS_CALLABLE, NULL},
    {"np.spacing", "(x, /, out=None)", "The distance from x to the next number", NULL, NULL, np_spacing, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
