/* Binary operations. Three ways through:

   - the short way: operands of one dtype and shape in C order, or one of them a Python number
     of no higher category, go straight to a kernel; a 3x3 sum costs little more than its
     allocation;
   - the general way: a nest over the broadcast shape, with conversions in blocks around a kernel
     that knows only its compute type;
   - in place, the general way with the left operand for a result. */
#include "array/kernel.h"

#include <stdio.h>
#include <string.h>
#include "array/inside.h"
#include "array/mirror.h"
#include "array/nest.h"

/* ---- the short way ---- */

enum { SHORT_FLOAT = 1, SHORT_INT = 2 };

/* Operations whose types need no looking up when both operands have the same dtype. */
static const uint8_t shorts[LSV_NBINARY] = {
    [LSV_OP_ADD] = 3,     [LSV_OP_SUB] = 3, [LSV_OP_MUL] = 3,   [LSV_OP_DIV] = 1,   [LSV_OP_MAXIMUM] = 3,
    [LSV_OP_MINIMUM] = 3, [LSV_OP_LT] = 3,  [LSV_OP_LE] = 3,    [LSV_OP_GT] = 1,    [LSV_OP_GE] = 1,
    [LSV_OP_EQ] = 3,      [LSV_OP_NE] = 3,  [LSV_OP_ATAN2] = 1, [LSV_OP_HYPOT] = 1, [LSV_OP_FLOORDIV] = 1,
};
static const uint8_t short_types[LSV_NDTYPES] = {
    [LSV_INT64] = SHORT_INT, [LSV_FLOAT32] = SHORT_FLOAT, [LSV_FLOAT64] = SHORT_FLOAT};

static inline bool same_shape(const lsv_array *a, const lsv_array *b) {
    if (a->ndim != b->ndim) return false;
    for (int i = 0; i < a->ndim; i++)
        if (a->shape[i] != b->shape[i]) return false;
    return true;
}

/* Operands that need no promotion and no broadcasting but a lone element's: their addresses and
   steps in bytes, and which of them has the result's shape. */
typedef struct ready {
    const char *a, *b;
    ptrdiff_t sa, sb;
    const lsv_array *shape;
    double cell;
} ready;

/* The number in a's dtype, where that is what promotion would do with it. */
static inline bool weak_cell(const lsv_array *w, lsv_dtype dtype, void *cell) {
    if (w->dtype == LSV_INT64 && dtype == LSV_INT64) {
        *(int64_t *)cell = *(const int64_t *)(const void *)w->data;
        return true;
    }
    double x;
    if (w->dtype == LSV_FLOAT64) x = *(const double *)(const void *)w->data;
    else if (w->dtype == LSV_INT64) x = (double)*(const int64_t *)(const void *)w->data;
    else return false;
    if (dtype == LSV_FLOAT64) *(double *)cell = x;
    else if (dtype == LSV_FLOAT32) *(float *)cell = (float)x;
    else return false;
    return true;
}

static inline bool is_ready(lsv_binary_op op, const lsv_array *a, const lsv_array *b, ready *r) {
    const bool number_left = a->flags & LSV_WEAK;
    const lsv_array *array = number_left ? b : a; /* its dtype is the one computed in */
    const lsv_dtype d = (lsv_dtype)array->dtype;
    const ptrdiff_t item = d == LSV_FLOAT32 ? 4 : 8;
    if (!(shorts[op] & short_types[d]) || array->flags & LSV_WEAK || !lsv_nest_plain(array)) return false;
    r->shape = array;
    r->a = a->data;
    r->b = b->data;
    r->sa = r->sb = item;
    if (number_left) {
        r->a = (const char *)&r->cell;
        r->sa = 0;
        return weak_cell(a, d, &r->cell);
    }
    if (b->flags & LSV_WEAK) {
        r->b = (const char *)&r->cell;
        r->sb = 0;
        return weak_cell(b, d, &r->cell);
    }
    if (a->dtype != b->dtype || a->kind != b->kind) return false;
    if (same_shape(a, b)) return lsv_nest_plain(b);
    if (b->ndim == 0) {
        r->sb = 0;
        return true;
    }
    if (a->ndim != 0) return false;
    r->sa = 0;
    r->shape = b;
    return lsv_nest_plain(b);
}

/* The most frequent case in one pass: dtype, kind, rank and flags are the same, shapes too, and
   both are in C order. */
static inline bool twins(const lsv_array *a, const lsv_array *b) {
    uint32_t x, y;
    _Static_assert(offsetof(lsv_array, flags) == offsetof(lsv_array, dtype) + 3,
                   "dtype, kind, ndim, flags in one word");
    memcpy(&x, &a->dtype, sizeof x);
    memcpy(&y, &b->dtype, sizeof y);
    if (x != y || a->flags & LSV_WEAK || a->size != b->size) return false;
    ptrdiff_t expected = 1;
    for (int i = a->ndim - 1; i >= 0; i--) {
        ptrdiff_t n = a->shape[i];
        if (n != b->shape[i] || ((a->strides[i] != expected || b->strides[i] != expected) && n != 1))
            return false;
        expected *= n;
    }
    return true;
}

static inline bool short_way(lsv_binary_op op, const lsv_array *a, const lsv_array *b, lsv_array **out,
                             lsv_status *status, lsv_error *err) {
    ready r;
    if (a->size > LSV_NEST_POLL || b->size > LSV_NEST_POLL) return false;
    if (shorts[op] & short_types[a->dtype] && twins(a, b))
        r = (ready){.a = a->data,
                    .b = b->data,
                    .sa = a->dtype == LSV_FLOAT32 ? 4 : 8,
                    .sb = a->dtype == LSV_FLOAT32 ? 4 : 8,
                    .shape = a};
    else if (!is_ready(op, a, b, &r)) return false;
    const lsv_array *s = r.shape;
    bool compares = lsv_is_comparison(op);
    const lsv_dtype dtype = compares ? LSV_BOOL : (lsv_dtype)s->dtype;
    lsv_array *result = lsv_like_in_cell(s, dtype);
    *status = result ? LSV_OK : lsv_empty((lsv_kind)s->kind, dtype, s->ndim, s->shape, &result, err);
    if (*status != LSV_OK) return true;
    const ptrdiff_t step[3] = {compares ? 1 : r.sa | r.sb, r.sa, r.sb};
    lsv_loops2[op][lsv_compute_of((lsv_dtype)s->dtype)](result->data, r.a, r.b, step, s->size);
    *out = result;
    return true;
}

/* ---- the general way ---- */

typedef struct side {
    lsv_dtype from;
    bool convert;
} side;

typedef struct binary_work {
    lsv_loop2 *loop;
    lsv_dtype in, compute, kernel_out, out;
    side a, b;
    bool convert_out;
} binary_work;

static const char *widen(const binary_work *w, const side *s, const char *at, ptrdiff_t *step, ptrdiff_t n,
                         void *buffer, void *narrow) {
    const ptrdiff_t si = (ptrdiff_t)lsv_dtype_size(w->in), sc = (ptrdiff_t)lsv_dtype_size(w->compute);
    if (!s->convert) return at;
    if (s->from != w->in && w->in != w->compute) { /* rounds to a 16-bit type on the way */
        lsv_convert_run(w->in, narrow, si, s->from, at, *step, n);
        lsv_convert_run(w->compute, buffer, sc, w->in, narrow, si, n);
    } else {
        lsv_convert_run(w->compute, buffer, sc, s->from, at, *step, n);
    }
    *step = sc;
    return buffer;
}

/* Operands 0: a, 1: b, 2: out. */
static lsv_status binary_run(void *context, char *const *at, const ptrdiff_t *step, ptrdiff_t n) {
    const binary_work *w = context;
    if (!w->a.convert && !w->b.convert && !w->convert_out) {
        w->loop(at[2], at[0], at[1], (ptrdiff_t[]){step[2], step[0], step[1]}, n);
        return LSV_OK;
    }
    double narrow[LSV_BLOCK], wide_a[LSV_BLOCK], wide_b[LSV_BLOCK], wide_out[LSV_BLOCK];
    const ptrdiff_t so = (ptrdiff_t)lsv_dtype_size(w->kernel_out);
    for (ptrdiff_t done = 0; done < n; done += LSV_BLOCK) {
        ptrdiff_t m = n - done < LSV_BLOCK ? n - done : LSV_BLOCK;
        ptrdiff_t steps[3] = {w->convert_out ? so : step[2], step[0], step[1]};
        const char *a = widen(w, &w->a, at[0] + done * step[0], &steps[1], m, wide_a, narrow);
        const char *b = widen(w, &w->b, at[1] + done * step[1], &steps[2], m, wide_b, narrow);
        char *o = at[2] + done * step[2];
        w->loop(w->convert_out ? (char *)wide_out : o, a, b, steps, m);
        if (w->convert_out) lsv_convert_run(w->out, o, step[2], w->kernel_out, (char *)wide_out, so, m);
    }
    return LSV_OK;
}

void lsv_scalar_operand(const lsv_array *a, const lsv_types *t, void *cell) {
    double narrow;
    lsv_dtype compute = lsv_compute_dtype(t->compute), from = (lsv_dtype)a->dtype;
    /* torch keeps a Python number in the wider type; everything else is rounded to `in` first */
    if (from != t->in && !(a->flags & LSV_WEAK && t->kind == LSV_TORCH)) {
        lsv_convert_run(t->in, (char *)&narrow, 8, from, a->data, 8, 1);
        lsv_convert_run(compute, cell, 8, t->in, (const char *)&narrow, 8, 1);
    } else {
        lsv_convert_run(compute, cell, 8, from, a->data, 8, 1);
    }
}

static void prepare(binary_work *w, const lsv_types *t, lsv_binary_op *op, const lsv_array **a,
                    const lsv_array **b) {
    w->loop = lsv_loop2_of(*op, t->kind, t->compute);
    if (!w->loop) { /* x > y is y < x where the kernels have no NaN to fear */
        *op = *op == LSV_OP_GT ? LSV_OP_LT : LSV_OP_LE;
        const lsv_array *swap = *a;
        *a = *b;
        *b = swap;
        w->loop = lsv_loops2[*op][t->compute];
    }
    w->in = t->in;
    w->compute = lsv_compute_dtype(t->compute);
    w->kernel_out = t->out == LSV_BOOL ? LSV_BOOL : w->compute;
    w->out = t->out;
    w->a = (side){(lsv_dtype)(*a)->dtype, (*a)->dtype != w->compute};
    w->b = (side){(lsv_dtype)(*b)->dtype, (*b)->dtype != w->compute};
    w->convert_out = w->out != w->kernel_out;
}

/* Adds both operands; a lone element is converted once, into its cell. */
static void add_operands(lsv_nest *nest, binary_work *w, const lsv_types *t, const lsv_array *a,
                         const lsv_array *b, double cells[2]) {
    lsv_nest_add(nest, a);
    lsv_nest_add(nest, b);
    if (w->a.convert && a->size == 1) {
        lsv_scalar_operand(a, t, &cells[0]);
        nest->base[0] = (char *)&cells[0];
        w->a.convert = false;
    }
    if (w->b.convert && b->size == 1) {
        lsv_scalar_operand(b, t, &cells[1]);
        nest->base[1] = (char *)&cells[1];
        w->b.convert = false;
    }
}

/* Is there a zero (a negative number) among the elements of an integer array? */
typedef struct looking {
    lsv_dtype dtype;
    bool negative, found;
} looking;

static lsv_status look(void *context, char *const *at, const ptrdiff_t *step, ptrdiff_t n) {
    looking *l = context;
    const char *p = at[0];
    for (ptrdiff_t i = 0; i < n && !l->found; i++, p += step[0]) {
        int64_t x = l->dtype == LSV_INT64   ? *(const int64_t *)(const void *)p
                    : l->dtype == LSV_INT32 ? *(const int32_t *)(const void *)p
                                            : *(const uint8_t *)p;
        l->found = l->negative ? x < 0 : x == 0;
    }
    return LSV_OK;
}

static bool any_such(const lsv_array *a, bool negative) {
    lsv_nest nest;
    looking l = {(lsv_dtype)a->dtype, negative, false};
    lsv_nest_init(&nest, a->ndim, a->shape);
    lsv_nest_add(&nest, a);
    lsv_nest_join(&nest);
    (void)lsv_nest_run(&nest, look, &l, NULL);
    return l.found;
}

/* Integer divisors and exponents that have no answer. */
static lsv_status check_integers(lsv_binary_op op, const lsv_types *t, bool any, const lsv_array *b,
                                 lsv_error *err) {
    if (t->compute != LSV_C_INT32 && t->compute != LSV_C_INT64) return LSV_OK;
    bool torch = t->kind == LSV_TORCH;
    /* torch looks at the number it is given, NumPy at the elements it meets */
    if (op == LSV_OP_POW && (torch ? b->flags & LSV_WEAK : any) && any_such(b, true)) {
        lsv_fail(err, torch ? LSV_ERUNTIME : LSV_EVALUE,
                 "Integers to negative integer powers are not allowed.");
        lsv_hint(err, torch ? "convert the base with .float() first"
                            : "convert the base with .astype(float) first");
        lsv_blame(err, 1);
        return torch ? LSV_ERUNTIME : LSV_EVALUE;
    }
    if (torch && any && (op == LSV_OP_FLOORDIV || op == LSV_OP_MOD || op == LSV_OP_FMOD) &&
        any_such(b, false)) {
        lsv_fail(err, LSV_ERUNTIME, "ZeroDivisionError");
        lsv_blame(err, 1);
        return LSV_ERUNTIME;
    }
    return LSV_OK;
}

/* Powers by a single number that both libraries compute otherwise than by pow: squares, roots,
   reciprocals. False: pow it is. */
static bool special_power(const lsv_types *t, const lsv_array *a, const lsv_array *b, lsv_array **out,
                          lsv_status *status, lsv_error *err) {
    if (b->ndim != 0 || b->size != 1 || t->compute == LSV_C_BOOL) return false;
    double e = lsv_scalar_as_double(lsv_load((lsv_dtype)b->dtype, b->data));
    bool real = t->compute >= LSV_C_FLOAT32, torch = t->kind == LSV_TORCH;
    lsv_unary_op fn;
    if (e == 2 || (torch && real && (e == 3 || e == -2))) fn = LSV_FN_SQUARE;
    else if (real && e == 0.5) fn = LSV_FN_SQRT;
    else if (real && e == -1) fn = LSV_FN_RECIPROCAL;
    else if (real && torch && e == -0.5) fn = LSV_FN_RSQRT;
    else return false;
    lsv_array *first = NULL;
    *status = lsv_apply1(t, lsv_loop1_of(fn, t->kind, t->compute), a, &first, err);
    if (*status != LSV_OK) return true;
    if (e == 3 || e == -2) {
        lsv_array *square = first;
        *status = e == 3 ? lsv_binary(LSV_OP_MUL, square, a, &first, err)
                         : lsv_unary(LSV_FN_RECIPROCAL, square, &first, err);
        lsv_release(square);
        if (*status != LSV_OK) return true;
    }
    *out = first;
    return true;
}

static lsv_status general_way(lsv_binary_op op, const lsv_array *a, const lsv_array *b, lsv_array **out,
                              lsv_error *err) {
    int ndim;
    ptrdiff_t shape[LSV_MAXDIM];
    lsv_types t;
    lsv_status status;
    status = lsv_binary_types(op, a, b, &t, err);
    if (status == LSV_ENOTIMPL && op != LSV_OP_SUB)
        LSV_TRY(lsv_broadcast(a, b, &ndim, shape, err)); /* shapes come first */
    if (status != LSV_OK) return lsv_binary_types(op, a, b, &t, err);
    LSV_TRY(lsv_broadcast(a, b, &ndim, shape, err));
    if ((a->size && b->size) || b->flags & LSV_WEAK) LSV_TRY(check_integers(op, &t, a->size != 0, b, err));
    if (op == LSV_OP_POW && special_power(&t, a, b, out, &status, err)) return status;

    binary_work w;
    lsv_nest nest;
    double cells[2];
    lsv_array *result = NULL;
    prepare(&w, &t, &op, &a, &b);
    lsv_nest_init(&nest, ndim, shape);
    add_operands(&nest, &w, &t, a, b, cells);
    lsv_nest_sort(&nest);
    LSV_TRY(lsv_nest_result(&nest, t.kind, t.out, &result, err));
    lsv_nest_join(&nest);
    status = lsv_nest_run(&nest, binary_run, &w, err);
    if (status != LSV_OK) {
        lsv_release(result);
        return status;
    }
    *out = result;
    return LSV_OK;
}

/* Where an operand is a device's: there if it can be, else here, and the result goes back. */
static lsv_status on_device(lsv_binary_op op, const lsv_array *a, const lsv_array *b, lsv_array **out, lsv_error *err) {
    lsv_types t;
    int ndim;
    ptrdiff_t shape[LSV_MAXDIM];
    lsv_status status = LSV_ENOTIMPL;
    if (lsv_device && lsv_binary_types(op, a, b, &t, NULL) == LSV_OK && lsv_broadcast(a, b, &ndim, shape, NULL) == LSV_OK &&
        t.in == lsv_compute_dtype(t.compute))
        status = lsv_device->binary(op, a, b, t.in, t.out, ndim, shape, out, err);
    if (status != LSV_ENOTIMPL) return status;
    lsv_array *x = NULL, *y = NULL;
    int device = a->device ? a->device : b->device;
    status = lsv_host_view(a, &x, err);
    if (status == LSV_OK) status = lsv_host_view(b, &y, err);
    if (status == LSV_OK) status = general_way(op, x, y, out, err);
    lsv_release(x);
    lsv_release(y);
    return status == LSV_OK ? lsv_follow(out, device, err) : status;
}

lsv_status lsv_binary(lsv_binary_op op, const lsv_array *a, const lsv_array *b, lsv_array **out,
                      lsv_error *err) {
    lsv_status status;
    if (__builtin_expect(a->device | b->device, 0)) return on_device(op, a, b, out, err);
    if (short_way(op, a, b, out, &status, err)) return status;
    return general_way(op, a, b, out, err);
}

/* ---- in place ---- */

static lsv_status check_target(lsv_binary_op op, const lsv_types *t, const lsv_array *a, lsv_error *err) {
    bool torch = a->kind == LSV_TORCH;
    if (a->flags & LSV_READONLY && !torch) {
        lsv_fail(err, LSV_EVALUE, "output array is read-only");
        lsv_hint(err, "a broadcast array shares elements; take a .copy() first");
        return LSV_EVALUE;
    }
    for (int i = 0; torch && a->size > 0 && i < a->ndim; i++)
        if (a->strides[i] == 0 && a->shape[i] > 1)
            return lsv_fail(
                err, LSV_ERUNTIME,
                "unsupported operation: more than one element of the written-to tensor refers to a single "
                "memory location. Please clone() the tensor before performing the operation.");
    if (lsv_can_cast((lsv_kind)a->kind, t->out, (lsv_dtype)a->dtype)) return LSV_OK;
    if (torch)
        return lsv_fail(err, LSV_ERUNTIME, "result type %s can't be cast to the desired output type %s",
                        lsv_torch_type_name(t->out), lsv_torch_type_name((lsv_dtype)a->dtype));
    lsv_fail(err, LSV_ETYPE,
             "Cannot cast ufunc '%s' output from dtype('%s') to dtype('%s') with casting rule 'same_kind'",
             lsv_binary_name(op, LSV_NUMPY), lsv_dtype_name(t->out), lsv_dtype_name((lsv_dtype)a->dtype));
    lsv_hint(err, "the array keeps its dtype; convert it with .astype(%s) first",
             lsv_dtype_is_float(t->out) ? "float" : "int");
    return LSV_ETYPE;
}

static lsv_status check_target_shape(const lsv_array *a, const lsv_array *b, lsv_error *err) {
    int ndim;
    ptrdiff_t shape[LSV_MAXDIM];
    char have[LSV_SHAPE_TEXT], want[LSV_SHAPE_TEXT];
    lsv_status status = lsv_broadcast(a, b, &ndim, shape, err);
    if (status == LSV_EVALUE && err) { /* NumPy counts the result among the operands */
        size_t at = strlen(err->message);
        snprintf(err->message + at, sizeof err->message - at, " %s",
                 lsv_shape_tight(a->ndim, a->shape, have, sizeof have));
    }
    if (status != LSV_OK) return status;
    bool same = ndim == a->ndim;
    for (int i = 0; same && i < ndim; i++) same = shape[i] == a->shape[i];
    if (same) return LSV_OK;
    if (a->kind == LSV_TORCH)
        return lsv_fail(err, LSV_ERUNTIME, "output with shape %s doesn't match the broadcast shape %s",
                        lsv_shape_list(a->ndim, a->shape, have, sizeof have),
                        lsv_shape_list(ndim, shape, want, sizeof want));
    return lsv_fail(err, LSV_EVALUE,
                    "non-broadcastable output operand with shape %s doesn't match the broadcast shape %s",
                    lsv_shape_tight(a->ndim, a->shape, have, sizeof have),
                    lsv_shape_tight(ndim, shape, want, sizeof want));
}

/* Element i of b is read before element i of a is written, and at no other time? */
static bool reads_in_step(const lsv_array *a, const lsv_array *b) {
    if (b->size == 1 && b->data != a->data && !lsv_shares_memory(a, b)) return true;
    if (!lsv_shares_memory(a, b)) return true;
    if (a->data != b->data || a->dtype != b->dtype || !same_shape(a, b)) return false;
    for (int i = 0; i < a->ndim; i++)
        if (a->shape[i] > 1 && a->strides[i] != b->strides[i]) return false;
    return true;
}

static lsv_status into(lsv_binary_op op, lsv_array *a, const lsv_array *b, lsv_types *t, lsv_error *err) {
    binary_work w;
    lsv_nest nest;
    double cells[2];
    const lsv_array *left = a, *right = b;
    prepare(&w, t, &op, &left, &right);
    w.out = (lsv_dtype)a->dtype;
    w.convert_out = w.out != w.kernel_out;
    lsv_nest_init(&nest, a->ndim, a->shape);
    add_operands(&nest, &w, t, left, right, cells);
    lsv_nest_add(&nest, a);
    lsv_nest_sort(&nest);
    lsv_nest_join(&nest);
    nest.whole = true;
    return lsv_nest_run(&nest, binary_run, &w, err);
}

/* Too long to go through without looking at the interrupt flag? Then the result is worked out apart and
   copied: an interrupt leaves the target as it was. */
static bool long_work(lsv_binary_op op, const lsv_array *a) {
    bool quick = op <= LSV_OP_DIV || op == LSV_OP_MAXIMUM || op == LSV_OP_MINIMUM || lsv_is_comparison(op);
    return a->size > (quick ? 64 : 2) * LSV_NEST_POLL;
}

static lsv_status into_host(lsv_binary_op op, lsv_array *a, const lsv_array *b, lsv_error *err) {
    lsv_types t;
    ready r;
    if (a->size <= LSV_NEST_POLL && !lsv_is_comparison(op) && !(a->flags & (LSV_WEAK | LSV_READONLY)) &&
        is_ready(op, a, b, &r) && r.shape == a &&
        ((r.sb && b->data == a->data) || !lsv_shares_memory(a, b))) {
        const ptrdiff_t step[3] = {r.sa, r.sa, r.sb}; /* the short way */
        lsv_loops2[op][lsv_compute_of((lsv_dtype)a->dtype)](a->data, r.a, r.b, step, a->size);
        return LSV_OK;
    }
    lsv_status refused = lsv_binary_types(op, a, b, &t, err);
    if (refused == LSV_ENOTIMPL && t.kind == LSV_TORCH &&
        op != LSV_OP_SUB) { /* a kernel's refusal comes last */
        t.out = t.in;
        LSV_TRY(check_target(op, &t, a, err));
        LSV_TRY(check_target_shape(a, b, err));
    }
    if (refused != LSV_OK) return lsv_binary_types(op, a, b, &t, err);
    int ndim;
    ptrdiff_t shape[LSV_MAXDIM];
    if (a->kind == LSV_TORCH)
        LSV_TRY(lsv_broadcast(a, b, &ndim, shape, err)); /* torch looks at shapes first */
    LSV_TRY(check_target(op, &t, a, err));
    LSV_TRY(check_target_shape(a, b, err));
    if (a->size || b->flags & LSV_WEAK) LSV_TRY(check_integers(op, &t, a->size != 0, b, err));
    bool special = (op == LSV_OP_POW && b->ndim == 0) || long_work(op, a); /* squares and roots: as they are out of place */
    if (!special && a->size > 0 && !(b->flags & LSV_WEAK) && !reads_in_step(a, b)) {
        lsv_array *copy = NULL;
        LSV_TRY(lsv_copy(b, &copy, err));
        lsv_status status = into(op, a, copy, &t, err);
        lsv_release(copy);
        return status;
    }
    if (!special) return into(op, a, b, &t, err);
    lsv_array *power = NULL;
    LSV_TRY(lsv_binary(op, a, b, &power, err));
    lsv_status status = lsv_assign(a, power, err);
    lsv_release(power);
    return status;
}

/* In place on a device, where b is read in step with what is written. */
static lsv_status into_device(lsv_binary_op op, lsv_array *a, const lsv_array *b, lsv_error *err) {
    lsv_types t;
    lsv_status status = LSV_ENOTIMPL;
    if (lsv_device && lsv_binary_types(op, a, b, &t, NULL) == LSV_OK && t.in == lsv_compute_dtype(t.compute) &&
        check_target(op, &t, a, NULL) == LSV_OK && check_target_shape(a, b, NULL) == LSV_OK && reads_in_step(a, b))
        status = lsv_device->binary_into(op, a, b, t.in, err);
    if (status != LSV_ENOTIMPL) return status;
    LSV_TRY(lsv_host_write(a, err));
    LSV_TRY(lsv_host(b, err));
    return into_host(op, a, b, err);
}

lsv_status lsv_binary_into(lsv_binary_op op, lsv_array *a, const lsv_array *b, lsv_error *err) {
    return __builtin_expect(a->device | b->device, 0) ? into_device(op, a, b, err) : into_host(op, a, b, err);
}
