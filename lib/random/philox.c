/* Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers, as easy as 1, 2, 3) as CURAND's device functions
   and PyTorch's launches use it: see philox.h. */
#include "random/philox.h"

#include <math.h>

#include "base/interrupt.h"

enum { BLOCK = 256 };

/* The four words of a counter: `position` within a thread's subsequence. */
static void four_words(uint64_t seed, uint64_t subsequence, uint64_t position, uint32_t w[4]) {
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    w[0] = (uint32_t)position, w[1] = (uint32_t)(position >> 32);
    w[2] = (uint32_t)subsequence, w[3] = (uint32_t)(subsequence >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53u * w[0], b = (uint64_t)0xCD9E8D57u * w[2];
        uint32_t w1 = w[1], w3 = w[3];
        w[0] = (uint32_t)(b >> 32) ^ w1 ^ k0;
        w[1] = (uint32_t)b;
        w[2] = (uint32_t)(a >> 32) ^ w3 ^ k1;
        w[3] = (uint32_t)a;
        k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
}

/* ---- from words to numbers: none of them is 0, 1 may be among the uniforms ---- */

static float float_of(uint32_t x) { return fmaf((float)x, 0x1p-32f, 0x1p-33f); }
static double double_of(uint32_t x, uint32_t y) { return fma((double)((uint64_t)x ^ (uint64_t)y << 21), 0x1p-53, 0x1p-54); }

static void uniform_floats(const uint32_t w[4], double *v) {
    for (int i = 0; i < 4; i++) v[i] = (double)float_of(w[i]);
}

static void uniform_doubles(const uint32_t w[4], double *v) {
    v[0] = double_of(w[0], w[1]);
    v[1] = double_of(w[2], w[3]);
}

/* Box and Muller, the sine first. */
static void normal_floats(const uint32_t w[4], double *v) {
    const float turn = 2.3283064e-10f * 6.2831855f;
    for (int i = 0; i < 4; i += 2) {
        float s = sqrtf(-2.0f * logf(float_of(w[i]))), angle = fmaf((float)w[i + 1], turn, turn / 2);
        v[i] = (double)(s * sinf(angle));
        v[i + 1] = (double)(s * cosf(angle));
    }
}

static void normal_doubles(const uint32_t w[4], double *v) {
    const double pi = 3.14159265358979323846;
    double s = sqrt(-2 * log(double_of(w[0], w[1]))), angle = 2 * double_of(w[2], w[3]);
    v[0] = s * sin(pi * angle);
    v[1] = s * cos(pi * angle);
}

/* ---- launches ---- */

typedef struct launch {
    int per_thread;        /* elements that four words make */
    ptrdiff_t lanes, rounds;
} launch;

static launch plan(const lsv_philox *p, ptrdiff_t n, int per_thread) {
    ptrdiff_t blocks = (n - 1) / BLOCK + 1;
    if (p->blocks > 0 && blocks > p->blocks) blocks = p->blocks;
    launch l = {per_thread, blocks * BLOCK, 0};
    l.rounds = (n - 1) / (l.lanes * per_thread) + 1;
    return l;
}

/* The element that value i of a thread's round is. */
static ptrdiff_t element(const launch *l, ptrdiff_t lane, ptrdiff_t round, int i) {
    return lane + l->lanes * ((ptrdiff_t)l->per_thread * round + i);
}

typedef void draw_fn(const uint32_t w[4], double *v);
typedef void put_fn(lsv_array *a, ptrdiff_t at, double v, double x, double y);

static lsv_status fill(lsv_philox *p, lsv_array *a, draw_fn *draw, int per_thread, put_fn *put, double x, double y, lsv_error *err) {
    if (!a->size) return LSV_OK;
    launch l = plan(p, a->size, per_thread);
    for (ptrdiff_t lane = 0; lane < l.lanes; lane++) {
        if (lane % (1 << 16) == 0) LSV_TRY(lsv_poll(err));
        for (ptrdiff_t round = 0; round < l.rounds; round++) {
            uint32_t w[4];
            double v[4];
            if (element(&l, lane, round, 0) >= a->size) break;
            four_words(p->seed, (uint64_t)lane, p->offset / 4 + (uint64_t)round, w);
            draw(w, v);
            for (int i = 0; i < per_thread; i++) {
                ptrdiff_t at = element(&l, lane, round, i);
                if (at < a->size) put(a, at, v[i], x, y);
            }
        }
    }
    p->offset += 4 * (uint64_t)l.rounds;
    return LSV_OK;
}

static void store(lsv_array *a, ptrdiff_t at, double v) {
    if (a->dtype == LSV_FLOAT64) ((double *)(void *)a->data)[at] = v;
    else if (a->dtype == LSV_FLOAT32) ((float *)(void *)a->data)[at] = (float)v;
    else lsv_store((lsv_dtype)a->dtype, a->data + at * (ptrdiff_t)lsv_dtype_size((lsv_dtype)a->dtype), lsv_scalar_float(v));
}

/* low + (high - low) v in the precision of the draws; the upper end, which does not belong, becomes the lower. */
static void put_uniform(lsv_array *a, ptrdiff_t at, double v, double low, double high) {
    double r = a->dtype == LSV_FLOAT64 ? fma(v, high - low, low) : (double)fmaf((float)v, (float)high - (float)low, (float)low);
    store(a, at, r);
    lsv_scalar s = lsv_load((lsv_dtype)a->dtype, a->data + at * (ptrdiff_t)lsv_dtype_size((lsv_dtype)a->dtype));
    if (s.f == high) store(a, at, low);
}

static void put_normal(lsv_array *a, ptrdiff_t at, double v, double mean, double std) {
    store(a, at, a->dtype == LSV_FLOAT64 ? fma(v, std, mean) : (double)fmaf((float)v, (float)std, (float)mean));
}

/* ---- the three of them ---- */

static lsv_status made(lsv_status status, lsv_array *a, lsv_array **out) {
    if (status == LSV_OK) *out = a;
    else lsv_release(a);
    return status;
}

lsv_status lsv_philox_uniform(lsv_philox *p, lsv_dtype dtype, const lsv_shape *shape, double low, double high, lsv_array **out, lsv_error *err) {
    lsv_array *a;
    if (!(low <= high))
        return lsv_fail(err, LSV_ERUNTIME, "uniform_ expects to return a [from, to) range, but found from=%g > to=%g", low, high);
    if (!lsv_dtype_is_float(dtype)) return lsv_fail(err, LSV_ENOTIMPL, "uniform numbers are floats, not %s", lsv_dtype_name(dtype));
    LSV_TRY(lsv_empty(LSV_TORCH, dtype, shape->ndim, shape->dims, &a, err));
    bool wide = dtype == LSV_FLOAT64;
    return made(fill(p, a, wide ? uniform_doubles : uniform_floats, wide ? 2 : 4, put_uniform, low, high, err), a, out);
}

lsv_status lsv_philox_normal(lsv_philox *p, lsv_dtype dtype, const lsv_shape *shape, double mean, double std, lsv_array **out, lsv_error *err) {
    lsv_array *a;
    if (!(std >= 0)) return lsv_fail(err, LSV_ERUNTIME, "normal expects std >= 0.0, but found std %g", std);
    if (!lsv_dtype_is_float(dtype)) return lsv_fail(err, LSV_ENOTIMPL, "normal numbers are floats, not %s", lsv_dtype_name(dtype));
    LSV_TRY(lsv_empty(LSV_TORCH, dtype, shape->ndim, shape->dims, &a, err));
    bool wide = dtype == LSV_FLOAT64;
    return made(fill(p, a, wide ? normal_doubles : normal_floats, wide ? 2 : 4, put_normal, mean, std, err), a, out);
}

/* The remainder of one word, or of two from a range of 2^28 on. */
lsv_status lsv_philox_integers(lsv_philox *p, lsv_dtype dtype, const lsv_shape *shape, int64_t low, int64_t high, lsv_array **out, lsv_error *err) {
    lsv_array *a;
    if (low >= high)
        return lsv_fail(err, LSV_ERUNTIME, "random_ expects 'from' to be less than 'to', but got from=%lld >= to=%lld", (long long)low, (long long)high);
    LSV_TRY(lsv_empty(LSV_TORCH, dtype, shape->ndim, shape->dims, &a, err));
    if (!a->size) {
        *out = a;
        return LSV_OK;
    }
    uint64_t range = (uint64_t)high - (uint64_t)low;
    bool wide = range >= (uint64_t)1 << 28;
    launch l = plan(p, a->size, wide ? 2 : 4);
    ptrdiff_t item = (ptrdiff_t)lsv_dtype_size(dtype);
    for (ptrdiff_t lane = 0; lane < l.lanes; lane++)
        for (ptrdiff_t round = 0; round < l.rounds; round++) {
            uint32_t w[4];
            if (element(&l, lane, round, 0) >= a->size) break;
            four_words(p->seed, (uint64_t)lane, p->offset / 4 + (uint64_t)round, w);
            for (int i = 0; i < l.per_thread; i++) {
                ptrdiff_t at = element(&l, lane, round, i);
                uint64_t x = wide ? (uint64_t)w[2 * i] << 32 | w[2 * i + 1] : w[i];
                if (at < a->size) lsv_store(dtype, a->data + at * item, lsv_scalar_int((int64_t)(x % range + (uint64_t)low)));
            }
        }
    p->offset += 4 * (uint64_t)l.rounds;
    *out = a;
    return LSV_OK;
}
