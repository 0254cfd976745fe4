/* Choosing and comparing: where, clip, rounding, nan_to_num, isclose and its kin. Most are
   compositions of binary operations; the choosing ones walk a nest of their own. */
#include "array/kernel.h"
#include "array/mirror.h"

#include <math.h>
#include <string.h>
#include "array/nest.h"

/* ---- where ---- */

typedef struct chooser {
    lsv_dtype cond;
    size_t item;
} chooser;

#define CHOOSE(T)                                                               \
    for (ptrdiff_t i = 0; i < m; i++, a += step[1], b += step[2], o += step[3]) \
        *(T *)(void *)o = *(const T *)(const void *)(truth[i] ? a : b);

/* Operands 0: condition, 1: a, 2: b, 3: out; a, b and out of one dtype. */
static lsv_status choose(void *context, char *const *at, const ptrdiff_t *step, ptrdiff_t n) {
    const chooser *c = context;
    uint8_t truth[LSV_BLOCK];
    const char *a = at[1], *b = at[2];
    char *o = at[3];
    for (ptrdiff_t done = 0; done < n; done += LSV_BLOCK) {
        ptrdiff_t m = n - done < LSV_BLOCK ? n - done : LSV_BLOCK;
        lsv_convert_run(LSV_BOOL, (char *)truth, 1, c->cond, at[0] + done * step[0], step[0], m);
        switch (c->item) {
        case 8: CHOOSE(uint64_t) break;
        case 4: CHOOSE(uint32_t) break;
        case 2: CHOOSE(uint16_t) break;
        default: CHOOSE(uint8_t) break;
        }
    }
    return LSV_OK;
}

/* In the order in which the function takes them. */
static lsv_status three_shapes(const lsv_array *a, const lsv_array *b, const lsv_array *c, lsv_error *err) {
    char x[LSV_SHAPE_TEXT], y[LSV_SHAPE_TEXT], z[LSV_SHAPE_TEXT];
    return lsv_fail(err, LSV_EVALUE, "operands could not be broadcast together with shapes %s %s %s",
                    lsv_shape_tight(a->ndim, a->shape, x, sizeof x),
                    lsv_shape_tight(b->ndim, b->shape, y, sizeof y),
                    lsv_shape_tight(c->ndim, c->shape, z, sizeof z));
}

static lsv_status where_shape(const lsv_array *cond, const lsv_array *a, const lsv_array *b, bool torch,
                              int *ndim, ptrdiff_t *shape, lsv_error *err) {
    lsv_array first = *a, second = *b, condition = *cond;
    first.kind = second.kind = condition.kind = torch ? LSV_TORCH : LSV_NUMPY;
    first.flags = second.flags = condition.flags = 0;
    lsv_status status = lsv_broadcast(&condition, &first, ndim, shape, err);
    if (status == LSV_OK) {
        first.ndim = (uint8_t)*ndim;
        memcpy(first.shape, shape, (size_t)*ndim * sizeof *shape);
        status = lsv_broadcast(&first, &second, ndim, shape, err);
    }
    if (status == LSV_OK || status == LSV_ENOMEM || torch) return status;
    return three_shapes(cond, a, b, err);
}

static lsv_status where_run(const lsv_array *cond, const lsv_array *a, const lsv_array *b, lsv_kind kind,
                            int ndim, const ptrdiff_t *shape, lsv_array **out, lsv_error *err) {
    lsv_nest nest;
    lsv_array *result = NULL;
    chooser c = {(lsv_dtype)cond->dtype, lsv_dtype_size((lsv_dtype)a->dtype)};
    lsv_nest_init(&nest, ndim, shape);
    lsv_nest_add(&nest, cond);
    lsv_nest_add(&nest, a);
    lsv_nest_add(&nest, b);
    lsv_nest_sort(&nest);
    LSV_TRY(lsv_nest_result(&nest, kind, (lsv_dtype)a->dtype, &result, err));
    lsv_nest_join(&nest);
    lsv_status status = lsv_nest_run(&nest, choose, &c, err);
    if (status == LSV_OK) *out = result;
    else lsv_release(result);
    return status;
}

lsv_status lsv_where(const lsv_array *cond, const lsv_array *a, const lsv_array *b, lsv_array **out,
                     lsv_error *err) {
    LSV_TRY(lsv_host(cond, err));
    LSV_TRY(lsv_host(a, err));
    LSV_TRY(lsv_host(b, err));
    lsv_kind kind = lsv_result_kind(a, b);
    if (a->flags & b->flags & LSV_WEAK) kind = (lsv_kind)cond->kind;
    else if (cond->kind == LSV_TORCH) kind = LSV_TORCH;
    if (kind == LSV_TORCH && cond->kind == LSV_TORCH && cond->dtype != LSV_BOOL)
        return lsv_fail(err, LSV_ERUNTIME,
                        "where expected condition to be a boolean tensor, but got a tensor with dtype %s",
                        lsv_torch_type_name((lsv_dtype)cond->dtype));
    lsv_array left = *a, right = *b;
    if (left.flags & LSV_WEAK) left.kind = (uint8_t)kind;
    if (right.flags & LSV_WEAK) right.kind = (uint8_t)kind;
    lsv_dtype dtype = lsv_promote(&left, &right);
    int ndim;
    ptrdiff_t shape[LSV_MAXDIM];
    LSV_TRY(where_shape(cond, a, b, kind == LSV_TORCH, &ndim, shape, err));
    const lsv_array *x, *y;
    lsv_array *own_x, *own_y = NULL;
    LSV_TRY(lsv_borrow_as(a, dtype, &x, &own_x, err));
    lsv_status status = lsv_borrow_as(b, dtype, &y, &own_y, err);
    if (status == LSV_OK) status = where_run(cond, x, y, kind, ndim, shape, out, err);
    lsv_release(own_x);
    lsv_release(own_y);
    return status;
}

/* ---- clip, round ---- */

/* A Python integer that no int32 element reaches is no bound at all. */
static bool beyond_int32(const lsv_array *a, const lsv_array *bound, bool above) {
    if (a->dtype != LSV_INT32 || bound->dtype != LSV_INT64 || !(bound->flags & LSV_WEAK)) return false;
    int64_t x = *(const int64_t *)(const void *)bound->data;
    return above ? x > INT32_MAX : x < INT32_MIN;
}

lsv_status lsv_clip(const lsv_array *a, const lsv_array *lo, const lsv_array *hi, lsv_array **out,
                    lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    if (lo) LSV_TRY(lsv_host(lo, err));
    if (hi) LSV_TRY(lsv_host(hi, err));
    if (!lo && !hi)
        return a->kind == LSV_TORCH ? lsv_fail(err, LSV_ERUNTIME,
                                               "torch.clamp: At least one of 'min' or 'max' must not be None")
                                    : lsv_copy(a, out, err);
    if (lo && beyond_int32(a, lo, false)) lo = NULL;
    if (hi && beyond_int32(a, hi, true)) hi = NULL;
    if (!lo && !hi) return lsv_copy(a, out, err);
    if (!lo) return lsv_binary(LSV_OP_MINIMUM, a, hi, out, err);
    if (!hi) return lsv_binary(LSV_OP_MAXIMUM, a, lo, out, err);
    lsv_array *raised = NULL;
    lsv_status status = lsv_binary(LSV_OP_MAXIMUM, a, lo, &raised, err);
    if (status == LSV_OK) status = lsv_binary(LSV_OP_MINIMUM, raised, hi, out, err);
    lsv_release(raised);
    return status == LSV_EVALUE && a->kind == LSV_NUMPY ? three_shapes(a, lo, hi, err) : status;
}

/* first(a, number), rounded, second(…, number) */
static lsv_status scaled_round(const lsv_array *a, lsv_binary_op first, lsv_binary_op second, double power,
                               lsv_array **out, lsv_error *err) {
    double cell;
    lsv_array number = lsv_scalar_array((lsv_kind)a->kind, lsv_scalar_float(power), LSV_WEAK, &cell);
    lsv_array *scaled = NULL, *whole = NULL, *back = NULL;
    LSV_TRY(lsv_binary(first, a, &number, &scaled, err));
    lsv_status status = lsv_unary(LSV_FN_RINT, scaled, &whole, err);
    lsv_release(scaled);
    if (status != LSV_OK) return status;
    status = lsv_binary(second, whole, &number, &back, err);
    lsv_release(whole);
    if (status != LSV_OK) return status;
    if (back->dtype == a->dtype) {
        *out = back;
        return LSV_OK;
    }
    status = lsv_astype(back, (lsv_dtype)a->dtype, out, err); /* integers rounded to tens */
    lsv_release(back);
    return status;
}

lsv_status lsv_round(const lsv_array *a, int decimals, lsv_array **out, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    if (decimals == 0) {
        if (a->kind == LSV_TORCH && a->dtype == LSV_BOOL)
            return lsv_fail(err, LSV_ENOTIMPL, "\"round_vml_cpu\" not implemented for 'Bool'");
        return lsv_dtype_is_int((lsv_dtype)a->dtype) ? lsv_copy(a, out, err)
                                                     : lsv_unary(LSV_FN_RINT, a, out, err);
    }
    if (!lsv_dtype_is_float((lsv_dtype)a->dtype) && a->kind == LSV_TORCH)
        return lsv_fail(err, LSV_ENOTIMPL, "\"round_cpu\" not implemented for '%s'",
                        lsv_torch_type_name((lsv_dtype)a->dtype));
    if (a->dtype == LSV_BOOL)
        return lsv_fail(err, LSV_ETYPE,
                        "Cannot cast ufunc '%s' output from dtype('float64') to dtype('bool') with "
                        "casting rule 'same_kind'",
                        decimals > 0 ? "multiply" : "divide");
    if (lsv_dtype_is_int((lsv_dtype)a->dtype) && decimals > 0) return lsv_copy(a, out, err);
    static const double tens[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
    int places = decimals < 0 ? -decimals : decimals;
    double power = places < 9 ? tens[places] : pow(10, places);
    return decimals > 0 ? scaled_round(a, LSV_OP_MUL, LSV_OP_DIV, power, out, err)
                        : scaled_round(a, LSV_OP_DIV, LSV_OP_MUL, power, out, err);
}

/* ---- nan_to_num ---- */

typedef struct replacing {
    lsv_dtype dtype;
    double nan, high, low;
} replacing;

#define REPLACE(T)                                                                              \
    for (ptrdiff_t i = 0; i < n; i++, a += step[0], o += step[1]) {                             \
        T x = *(const T *)(const void *)a;                                                      \
        *(T *)(void *)o = x != x ? (T)r->nan : isinf(x) ? (x > 0 ? (T)r->high : (T)r->low) : x; \
    }

static lsv_status replace(void *context, char *const *at, const ptrdiff_t *step, ptrdiff_t n) {
    const replacing *r = context;
    const char *a = at[0];
    char *o = at[1];
    if (r->dtype == LSV_FLOAT64) {
        REPLACE(double)
    } else if (r->dtype == LSV_FLOAT32) {
        REPLACE(float)
    } else {
        for (ptrdiff_t i = 0; i < n; i++, a += step[0], o += step[1]) {
            lsv_scalar x = lsv_load(r->dtype, a);
            if (isnan(x.f)) x.f = r->nan;
            else if (isinf(x.f)) x.f = x.f > 0 ? r->high : r->low;
            lsv_store(r->dtype, o, x);
        }
    }
    return LSV_OK;
}

lsv_status lsv_nan_to_num(const lsv_array *a, double nan, double posinf, double neginf, lsv_array **out,
                          lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    static const double largest[LSV_NDTYPES] = {[LSV_FLOAT16] = 65504,
                                                [LSV_BFLOAT16] = 0x1.FEp127,
                                                [LSV_FLOAT32] = 0x1.FFFFFEp127,
                                                [LSV_FLOAT64] = 0x1.FFFFFFFFFFFFFp1023};
    if (!lsv_dtype_is_float((lsv_dtype)a->dtype)) return lsv_copy(a, out, err);
    replacing r = {(lsv_dtype)a->dtype, isnan(nan) ? 0 : nan, isnan(posinf) ? largest[a->dtype] : posinf,
                   isnan(neginf) ? -largest[a->dtype] : neginf};
    lsv_nest nest;
    lsv_array *result = NULL;
    lsv_nest_init(&nest, a->ndim, a->shape);
    lsv_nest_add(&nest, a);
    lsv_nest_sort(&nest);
    LSV_TRY(lsv_nest_result(&nest, (lsv_kind)a->kind, r.dtype, &result, err));
    lsv_nest_join(&nest);
    lsv_status status = lsv_nest_run(&nest, replace, &r, err);
    if (status == LSV_OK) *out = result;
    else lsv_release(result);
    return status;
}

/* ---- nearly equal ---- */

typedef struct closeness {
    lsv_dtype from_a, from_b, compute;
    double rtol, atol;
    bool equal_nan, all_only, all;
} closeness;

/* the tolerances too are numbers of the array's type */
#define CLOSE(T, ABS)                                                                              \
    {                                                                                              \
        const T *x = (const T *)(const void *)a, *y = (const T *)(const void *)b;                  \
        const T rtol = (T)c->rtol, atol = (T)c->atol;                                              \
        for (ptrdiff_t i = 0; i < m; i++)                                                          \
            result[i] = x[i] == y[i] ||                                                            \
                        (ABS(y[i]) <= LIMIT_##T && ABS(x[i] - y[i]) <= atol + rtol * ABS(y[i])) || \
                        (c->equal_nan && x[i] != x[i] && y[i] != y[i]);                            \
    }
#define LIMIT_float 0x1.FFFFFEp127f
#define LIMIT_double 0x1.FFFFFFFFFFFFFp1023

/* Operands 0: a, 1: b, 2: out unless only the verdict is wanted. */
static lsv_status compare(void *context, char *const *at, const ptrdiff_t *step, ptrdiff_t n) {
    closeness *c = context;
    double a[LSV_BLOCK], b[LSV_BLOCK];
    uint8_t result[LSV_BLOCK];
    const ptrdiff_t item = (ptrdiff_t)lsv_dtype_size(c->compute);
    for (ptrdiff_t done = 0; done < n && (c->all || !c->all_only); done += LSV_BLOCK) {
        ptrdiff_t m = n - done < LSV_BLOCK ? n - done : LSV_BLOCK;
        lsv_convert_run(c->compute, (char *)a, item, c->from_a, at[0] + done * step[0], step[0], m);
        lsv_convert_run(c->compute, (char *)b, item, c->from_b, at[1] + done * step[1], step[1], m);
        if (c->compute == LSV_FLOAT32) CLOSE(float, fabsf)
        else CLOSE(double, fabs)
        if (c->all_only)
            for (ptrdiff_t i = 0; i < m; i++) c->all &= result[i];
        else
            for (ptrdiff_t i = 0; i < m; i++) at[2][(done + i) * step[2]] = (char)result[i];
    }
    return LSV_OK;
}

static lsv_status nearly(const lsv_array *a, const lsv_array *b, closeness *c, lsv_array **out,
                         lsv_error *err) {
    int ndim;
    ptrdiff_t shape[LSV_MAXDIM];
    lsv_kind kind = lsv_result_kind(a, b);
    if (kind == LSV_TORCH && a->kind == b->kind && a->dtype != b->dtype &&
        !((a->flags | b->flags) & LSV_WEAK))
        return lsv_fail(err, LSV_ERUNTIME, "%s did not match %s", lsv_torch_type_name((lsv_dtype)a->dtype),
                        lsv_torch_type_name((lsv_dtype)b->dtype));
    LSV_TRY(lsv_broadcast(a, b, &ndim, shape, err));
    lsv_dtype d = lsv_promote(a, b);
    c->from_a = (lsv_dtype)a->dtype;
    c->from_b = (lsv_dtype)b->dtype;
    c->compute = lsv_dtype_is_float(d) && d != LSV_FLOAT64 ? LSV_FLOAT32 : LSV_FLOAT64;
    c->all = true;
    lsv_nest nest;
    lsv_array *result = NULL;
    lsv_nest_init(&nest, ndim, shape);
    lsv_nest_add(&nest, a);
    lsv_nest_add(&nest, b);
    lsv_nest_sort(&nest);
    if (out) LSV_TRY(lsv_nest_result(&nest, kind, LSV_BOOL, &result, err));
    lsv_nest_join(&nest);
    lsv_status status = lsv_nest_run(&nest, compare, c, err);
    if (status == LSV_OK && out) *out = result;
    else lsv_release(result);
    return status;
}

lsv_status lsv_isclose(const lsv_array *a, const lsv_array *b, double rtol, double atol, bool equal_nan,
                       lsv_array **out, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    LSV_TRY(lsv_host(b, err));
    closeness c = {.rtol = rtol, .atol = atol, .equal_nan = equal_nan};
    return nearly(a, b, &c, out, err);
}

lsv_status lsv_allclose(const lsv_array *a, const lsv_array *b, double rtol, double atol, bool equal_nan,
                        bool *out, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    LSV_TRY(lsv_host(b, err));
    closeness c = {.rtol = rtol, .atol = atol, .equal_nan = equal_nan, .all_only = true};
    LSV_TRY(nearly(a, b, &c, NULL, err));
    *out = c.all;
    return LSV_OK;
}

/* ---- equal ---- */

typedef struct equality {
    lsv_dtype from_a, from_b, compute;
    lsv_loop2 *loop;
    bool equal;
} equality;

static lsv_status equal_run(void *context, char *const *at, const ptrdiff_t *step, ptrdiff_t n) {
    equality *e = context;
    double a[LSV_BLOCK], b[LSV_BLOCK];
    uint8_t same[LSV_BLOCK];
    const ptrdiff_t item = (ptrdiff_t)lsv_dtype_size(e->compute);
    for (ptrdiff_t done = 0; done < n && e->equal; done += LSV_BLOCK) {
        ptrdiff_t m = n - done < LSV_BLOCK ? n - done : LSV_BLOCK;
        lsv_convert_run(e->compute, (char *)a, item, e->from_a, at[0] + done * step[0], step[0], m);
        lsv_convert_run(e->compute, (char *)b, item, e->from_b, at[1] + done * step[1], step[1], m);
        e->loop((char *)same, (const char *)a, (const char *)b, (ptrdiff_t[]){1, item, item}, m);
        e->equal = memchr(same, 0, (size_t)m) == NULL;
    }
    return LSV_OK;
}

bool lsv_array_equal(const lsv_array *a, const lsv_array *b) {
    if (lsv_host(a, NULL) != LSV_OK || lsv_host(b, NULL) != LSV_OK) return false;
    if (a->ndim != b->ndim) return false;
    for (int i = 0; i < a->ndim; i++)
        if (a->shape[i] != b->shape[i]) return false;
    lsv_compute compute =
        lsv_compute_of(lsv_promote_types(LSV_NUMPY, (lsv_dtype)a->dtype, (lsv_dtype)b->dtype));
    equality e = {(lsv_dtype)a->dtype, (lsv_dtype)b->dtype, lsv_compute_dtype(compute),
                  lsv_loops2[LSV_OP_EQ][compute], true};
    lsv_nest nest;
    lsv_nest_init(&nest, a->ndim, a->shape);
    lsv_nest_add(&nest, a);
    lsv_nest_add(&nest, b);
    lsv_nest_sort(&nest);
    lsv_nest_join(&nest);
    return lsv_nest_run(&nest, equal_run, &e, NULL) == LSV_OK && e.equal;
}
