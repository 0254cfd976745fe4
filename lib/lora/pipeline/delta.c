/* The difference of two layers, formed in one pass over both files.

   The rows are split among the workers; each widens a stretch of both operands to float32 in its cache, subtracts,
   and adds up three sums on the way: |difference|^2, |base|^2 and the variance of tuned's rounding. The numbers are
   sums over stretches, so every thread count adds them in its own order; the matrix itself is the same always.

   Rounding to a type with p bits moves a number by at most half of its last place, 2^(e - p + 1), and by that
   over sqrt(12) on the average; 2^e is the number with its fraction cleared. A matrix of such errors, independent, shows
   singular values up to about the root of the largest sum of variances in a row, plus the same of a column. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "array/kernel.h"
#include "backend/cpu/workers.h"
#include "base/interrupt.h"
#include "file/inside.h"
#include "linalg/matrix.h"
#include "lora/pipeline/inside.h"

enum { STRETCH = 2048, PARTS = 64 };

/* ---- widening ---- */

LSV_VECTOR static void widen_bfloat(const uint16_t *restrict from, ptrdiff_t n, float *restrict to) {
    uint32_t *bits = (uint32_t *)(void *)to;
    for (ptrdiff_t i = 0; i < n; i++) bits[i] = (uint32_t)from[i] << 16;
}

/* The exponent moves by multiplication, which gets subnormals right; Inf and NaN become numbers beyond 65504, and are
   put right afterwards. */
LSV_VECTOR static void widen_half(const uint16_t *restrict from, ptrdiff_t n, float *restrict to) {
    for (ptrdiff_t i = 0; i < n; i++) {
        union { uint32_t u; float f; } x = {.u = (uint32_t)(from[i] & 0x7fff) << 13};
        x.f *= 0x1p112f;
        uint32_t special = x.f >= 65536.0f ? 0x7f800000u : 0u;
        x.u |= special | (uint32_t)(from[i] & 0x8000) << 16;
        to[i] = x.f;
    }
}

/* n elements from `at` on, as floats: in place where they are, else in `room`. */
static const float *widened(const lsv_array *a, ptrdiff_t at, ptrdiff_t n, float *room) {
    if (a->dtype == LSV_FLOAT32) return (const float *)(const void *)a->data + at;
    const uint16_t *from = (const uint16_t *)(const void *)a->data + at;
    if (a->dtype == LSV_BFLOAT16) widen_bfloat(from, n, room);
    else widen_half(from, n, room);
    return room;
}

static double number(const lsv_array *a, ptrdiff_t i) {
    return lsv_load((lsv_dtype)a->dtype, a->data + (size_t)i * lsv_dtype_size((lsv_dtype)a->dtype)).f;
}

/* ---- the pass ---- */

typedef struct sums { double difference, base, noise; } sums;

/* Eight running sums each, in float over a stretch and in double beyond. */
LSV_VECTOR static void subtract(const float *restrict b, const float *restrict t, ptrdiff_t n, float least,
                                float *restrict x, float *restrict columns, sums *s) {
    float d[16] = {0}, q[16] = {0}, v[16] = {0};
    ptrdiff_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int j = 0; j < 16; j++) {
            union { float f; uint32_t u; } power = {.f = t[i + j]};
            power.u &= 0x7f800000u;
            float p = power.f > least ? power.f : least, e = t[i + j] - b[i + j];
            p = t[i + j] != 0 ? p * p : 0;
            x[i + j] = e;
            d[j] += e * e;
            q[j] += b[i + j] * b[i + j];
            v[j] += p;
            columns[i + j] += p;
        }
    for (; i < n; i++) {
        union { float f; uint32_t u; } power = {.f = t[i]};
        power.u &= 0x7f800000u;
        float p = power.f > least ? power.f : least, e = t[i] - b[i];
        p = t[i] != 0 ? p * p : 0;
        x[i] = e;
        d[0] += e * e;
        q[0] += b[i] * b[i];
        v[0] += p;
        columns[i] += p;
    }
    for (int j = 0; j < 16; j++) s->difference += (double)d[j], s->base += (double)q[j], s->noise += (double)v[j];
}

/* The same where one of the two is float64, without haste. */
static void subtract_double(const lsv_array *b, const lsv_array *t, ptrdiff_t at, ptrdiff_t n, float least, float *x, float *columns, sums *s) {
    for (ptrdiff_t i = 0; i < n; i++) {
        double u = number(b, at + i), v = number(t, at + i), p = 0;
        int e;
        if (v != 0 && isfinite(v)) frexp(v, &e), p = fmax(ldexp(1, e - 1), (double)least);
        x[i] = (float)(v - u);
        columns[i] += (float)(p * p);
        s->difference += (v - u) * (v - u);
        s->base += u * u;
        s->noise += p * p;
    }
}

typedef struct pass {
    const lsv_array *base, *tuned;
    ptrdiff_t m, n;
    float *x;
    float *columns; /* parts x n sums of squared powers of two */
    float least;    /* of the power, for numbers below the type's normal range */
    struct part { sums all; double row; } part[PARTS];
} pass;

static void one_part(void *context, int id, int parts) {
    pass *p = context;
    float b[STRETCH], t[STRETCH];
    struct part *mine = &p->part[id];
    float *columns = p->columns + (size_t)id * (size_t)p->n;
    for (ptrdiff_t i = p->m * id / parts, end = p->m * (id + 1) / parts; i < end; i++) {
        sums row = {0};
        for (ptrdiff_t j = 0; j < p->n; j += STRETCH) {
            ptrdiff_t n = lsv_min_size(STRETCH, p->n - j), at = i * p->n + j;
            if (p->base->dtype == LSV_FLOAT64 || p->tuned->dtype == LSV_FLOAT64)
                subtract_double(p->base, p->tuned, at, n, p->least, p->x + at, columns + j, &row);
            else
                subtract(widened(p->base, at, n, b), widened(p->tuned, at, n, t), n, p->least, p->x + at, columns + j, &row);
        }
        mine->all.difference += row.difference;
        mine->all.base += row.base;
        mine->all.noise += row.noise;
        if (row.noise > mine->row) mine->row = row.noise;
        if ((i & 63) == 63 && lsv_interrupt_flag) return;
    }
}

/* Relative size of half-open last places, and the smallest power that a type's last place goes down to. */
static void precision(lsv_dtype t, double *place, float *least) {
    *place = t == LSV_BFLOAT16 ? 0x1p-7 : t == LSV_FLOAT16 ? 0x1p-10 : t == LSV_FLOAT32 ? 0x1p-23 : 0x1p-52;
    *least = t == LSV_FLOAT16 ? 0x1p-14f : 0;
}

static void finish(pass *p, int parts, lsv_delta *d) {
    sums all = {0};
    double place, row = 0, column = 0;
    float least;
    precision((lsv_dtype)p->tuned->dtype, &place, &least);
    for (int i = 0; i < parts; i++) {
        all.difference += p->part[i].all.difference;
        all.base += p->part[i].all.base;
        all.noise += p->part[i].all.noise;
        row = fmax(row, p->part[i].row);
    }
    for (ptrdiff_t j = 0; j < p->n; j++) {
        double sum = 0;
        for (int i = 0; i < parts; i++) sum += (double)p->columns[(size_t)i * (size_t)p->n + (size_t)j];
        column = fmax(column, sum);
    }
    d->norm = sqrt(all.difference);
    d->base = sqrt(all.base);
    d->noise = place * sqrt(all.noise / 12);
    d->edge = place * (sqrt(row / 12) + sqrt(column / 12));
}

/* ---- what is wrong ---- */

static lsv_status not_finite(const lsv_array *a, const char *name, lsv_error *err) {
    for (ptrdiff_t i = 0; i < a->size; i++) {
        double x = number(a, i);
        if (isfinite(x)) continue;
        char at[128] = "[";
        ptrdiff_t rest = i, step = a->size;
        for (int k = 0; k < a->ndim; k++) {
            step /= a->shape[k];
            size_t used = strlen(at);
            snprintf(at + used, sizeof at - used, k ? ", %td" : "%td", rest / step);
            rest %= step;
        }
        return lsv_fail(err, LSV_EVALUE, "%s: %s at %s]", lsv_tail(name, 300), isnan(x) ? "nan" : x > 0 ? "inf" : "-inf", at);
    }
    return LSV_OK;
}

lsv_status lsv_delta_new(const lsv_array *base, const lsv_array *tuned, ptrdiff_t m, ptrdiff_t n, const char *const names[2],
                         lsv_delta *out, lsv_error *err) {
    pass p = {.base = base, .tuned = tuned, .m = m, .n = n};
    int parts = lsv_workers();
    ptrdiff_t size, bytes;
    double place;
    *out = (lsv_delta){.m = m, .n = n};
    if (parts > PARTS) parts = 1;
    if (!lsv_mul_size(m, n, &size) || !lsv_mul_size(size, (ptrdiff_t)sizeof(float), &bytes)) return lsv_no_memory(err, SIZE_MAX);
    precision((lsv_dtype)tuned->dtype, &place, &p.least);
    p.x = lsv_malloc((size_t)bytes + 64);
    p.columns = lsv_calloc((size_t)n + 1, (size_t)parts * sizeof(float));
    lsv_status status = p.x && p.columns ? LSV_OK : lsv_no_memory(err, (size_t)bytes);
    if (status == LSV_OK) {
        lsv_workers_run(parts, one_part, &p);
        status = lsv_poll(err);
    }
    if (status == LSV_OK) {
        finish(&p, parts, out);
        if (!isfinite(out->norm) || !isfinite(out->base)) {
            status = not_finite(base, names[0], err);
            if (status == LSV_OK) status = not_finite(tuned, names[1], err);
            if (status == LSV_OK) /* finite entries whose squares are not */
                status = lsv_fail(err, LSV_EVALUE, "%s: entries so large that their squares leave the range of float32", lsv_tail(names[1], 300));
        }
    }
    lsv_free(p.columns);
    if (status == LSV_OK && out->norm > 0) out->x = p.x;
    else lsv_free(p.x);
    return status;
}

void lsv_delta_free(lsv_delta *d) {
    lsv_free(d->x);
    *d = (lsv_delta){0};
}

/* ---- the residual ---- */

static lsv_status as_float(const lsv_array *a, lsv_array **out, lsv_error *err) {
    lsv_array *x;
    LSV_TRY(lsv_as_dtype(lsv_borrow(a), LSV_FLOAT32, &x, err));
    lsv_status status = lsv_contiguous(x, out, err);
    lsv_release(x);
    return status;
}

LSV_VECTOR static double squares(const float *x, ptrdiff_t n) {
    double sum = 0;
    for (ptrdiff_t i = 0; i < n; i += STRETCH) {
        float s[16] = {0};
        ptrdiff_t end = i + STRETCH < n ? i + STRETCH : n, k = i;
        for (; k + 16 <= end; k += 16)
            for (int j = 0; j < 16; j++) s[j] += x[k + j] * x[k + j];
        for (; k < end; k++) s[0] += x[k] * x[k];
        for (int j = 0; j < 16; j++) sum += (double)s[j];
    }
    return sum;
}

double lsv_delta_norm(const lsv_delta *d) { return sqrt(squares(d->x, d->m * d->n)); }

lsv_status lsv_delta_residual(lsv_delta *d, const lsv_array *B, const lsv_array *A, double *norm, lsv_error *err) {
    lsv_array *b = NULL, *a = NULL;
    ptrdiff_t r = A->shape[0];
    double sum = 0;
    *norm = d->norm;
    if (r == 0 || !d->x) return LSV_OK;
    lsv_status status = as_float(B, &b, err);
    if (status == LSV_OK) status = as_float(A, &a, err);
    ptrdiff_t rows = lsv_max_size(16, 500000000 / lsv_max_size(r * d->n, 1));
    for (ptrdiff_t i = 0; status == LSV_OK && i < d->m; i += rows) {
        ptrdiff_t count = lsv_min_size(rows, d->m - i);
        float *x = d->x + i * d->n;
        status = lsv_backend_for(LSV_BE_GEMM, LSV_FLOAT32, count, d->n, r)
                     ->gemm(LSV_FLOAT32, false, false, count, d->n, r, -1, (const float *)(const void *)b->data + i * r, r, a->data,
                            d->n, 1, x, d->n, err);
        sum += squares(x, count * d->n);
        if (status == LSV_OK) status = lsv_poll(err);
    }
    lsv_release(b);
    lsv_release(a);
    if (status == LSV_OK) *norm = sqrt(sum);
    return status;
}
