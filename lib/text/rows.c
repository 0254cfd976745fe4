/* Runs of elements, and the extremes that a common layout is made from. */
#include "text/rows.h"

#include <math.h>
#include <string.h>

#include "base/interrupt.h"

typedef struct walk {
    const lsv_array *a;
    ptrdiff_t edge, item;
    lsv_row_fn *fn;
    void *ctx;
    lsv_error *err;
} walk;

static lsv_status walk_axis(const walk *w, int axis, const char *at) {
    const lsv_array *a = w->a;
    if (axis == a->ndim) return w->fn(w->ctx, at, 0, 1, w->err);
    ptrdiff_t n = a->shape[axis], step = a->strides[axis] * w->item, edge = w->edge;
    bool cut = edge >= 0 && n / 2 >= edge && n > 2 * edge;
    if (axis == a->ndim - 1) {
        if (!cut) return n ? w->fn(w->ctx, at, step, n, w->err) : LSV_OK;
        if (!edge) return LSV_OK;
        LSV_TRY(w->fn(w->ctx, at, step, edge, w->err));
        return w->fn(w->ctx, at + (n - edge) * step, step, edge, w->err);
    }
    for (ptrdiff_t i = 0; i < n; i++) {
        if (cut && i == edge) i = n - edge;
        if (i >= n) break;
        LSV_TRY(walk_axis(w, axis + 1, at + i * step));
    }
    return LSV_OK;
}

lsv_status lsv_each_row(const lsv_array *a, ptrdiff_t edge, lsv_row_fn *fn, void *ctx, lsv_error *err) {
    ptrdiff_t item = (ptrdiff_t)lsv_dtype_size((lsv_dtype)a->dtype);
    if (a->size == 0) return LSV_OK;
    if (edge < 0 && a->ndim > 1 && lsv_is_contiguous(a)) return fn(ctx, a->data, item, a->size, err);
    walk w = {a, edge, item, fn, ctx, err};
    return walk_axis(&w, 0, a->data);
}

#define READ(CTYPE, EXPR)                             \
    for (ptrdiff_t i = 0; i < n; i++, data += step) { \
        CTYPE v;                                      \
        memcpy(&v, data, sizeof v);                   \
        out[i] = EXPR;                                \
    }                                                 \
    break

void lsv_read_doubles(lsv_dtype dtype, const char *data, ptrdiff_t step, ptrdiff_t n, double *out) {
    switch (dtype) {
    case LSV_FLOAT64: READ(double, v);
    case LSV_FLOAT32: READ(float, (double)v);
    case LSV_FLOAT16: READ(uint16_t, (double)lsv_half_to_float(v));
    case LSV_BFLOAT16: READ(uint16_t, (double)lsv_bfloat_to_float(v));
    default: break;
    }
}

void lsv_read_ints(lsv_dtype dtype, const char *data, ptrdiff_t step, ptrdiff_t n, int64_t *out) {
    switch (dtype) {
    case LSV_INT64: READ(int64_t, v);
    case LSV_INT32: READ(int32_t, v);
    case LSV_BOOL: READ(uint8_t, v != 0);
    default: break;
    }
}

enum { CHUNK = 256 };

static lsv_status float_row(void *ctx, const char *data, ptrdiff_t step, ptrdiff_t n, lsv_error *err) {
    lsv_float_stats *s = ctx;
    double x[CHUNK];
    for (ptrdiff_t done = 0; done < n; done += CHUNK) {
        ptrdiff_t m = n - done < CHUNK ? n - done : CHUNK;
        LSV_TRY(lsv_poll(err));
        lsv_read_doubles(s->dtype, data + done * step, step, m, x);
        for (ptrdiff_t i = 0; i < m; i++) {
            s->count++;
            if (!isfinite(x[i])) {
                if (x[i] < 0) s->neg_inf = true;
                continue;
            }
            s->finite++;
            if (x[i] != trunc(x[i])) s->whole = false;
            if (x[i] > 0) {
                s->nonzero++;
                if (x[i] > s->pos_most) s->pos_most = x[i];
                if (x[i] < s->pos_least) s->pos_least = x[i];
            } else if (x[i] < 0) {
                s->nonzero++;
                s->minus = true;
                if (-x[i] > s->neg_most) s->neg_most = -x[i];
                if (-x[i] < s->neg_least) s->neg_least = -x[i];
            } else if (signbit(x[i])) s->minus = true;
        }
    }
    return LSV_OK;
}

lsv_status lsv_float_stats_of(const lsv_array *a, ptrdiff_t edge, lsv_float_stats *out, lsv_error *err) {
    lsv_float_stats s = {
        .dtype = (lsv_dtype)a->dtype, .whole = true, .pos_least = INFINITY, .neg_least = INFINITY};
    LSV_TRY(lsv_each_row(a, edge, float_row, &s, err));
    if (s.nonzero) {
        s.most = fmax(s.pos_most, s.neg_most);
        s.least = fmin(s.pos_least, s.neg_least);
    }
    if (isinf(s.pos_least)) s.pos_least = 0;
    if (isinf(s.neg_least)) s.neg_least = 0;
    *out = s;
    return LSV_OK;
}

typedef struct int_walk {
    lsv_int_stats s;
    lsv_dtype dtype;
} int_walk;

static lsv_status int_row(void *ctx, const char *data, ptrdiff_t step, ptrdiff_t n, lsv_error *err) {
    int_walk *w = ctx;
    int64_t x[CHUNK];
    for (ptrdiff_t done = 0; done < n; done += CHUNK) {
        ptrdiff_t m = n - done < CHUNK ? n - done : CHUNK;
        LSV_TRY(lsv_poll(err));
        lsv_read_ints(w->dtype, data + done * step, step, m, x);
        for (ptrdiff_t i = 0; i < m; i++) {
            if (x[i] < w->s.min) w->s.min = x[i];
            if (x[i] > w->s.max) w->s.max = x[i];
        }
        w->s.count += m;
    }
    return LSV_OK;
}

lsv_status lsv_int_stats_of(const lsv_array *a, ptrdiff_t edge, lsv_int_stats *out, lsv_error *err) {
    int_walk w = {{0, INT64_MAX, INT64_MIN}, (lsv_dtype)a->dtype};
    LSV_TRY(lsv_each_row(a, edge, int_row, &w, err));
    if (!w.s.count) w.s.min = w.s.max = 0;
    *out = w.s;
    return LSV_OK;
}
