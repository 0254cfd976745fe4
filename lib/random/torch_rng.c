/* PyTorch's CPU generator: MT19937 with PyTorch's own distributions.

   Normals have two ways. Fewer than 16 are drawn one by one: Box and Muller in double precision,
   the sine half kept for the next call. From 16 on the whole array is filled with uniforms and
   turned in place, 16 at a time (8 radii, 8 angles); an odd tail is drawn again as the last 16.
   In float32 that block's logarithm, sine and cosine are the single-precision polynomials of the
   Cephes library, with fused multiply-adds where PyTorch's AVX2 kernels have them: every bit is
   theirs, on any machine. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "random/draw.h"

#define PI 3.14159265358979323846

/* Into callers that were compiled for more than the plain machine, too. */
#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

/* ---- uniforms ---- */

LSV_HOT void lsv_torch_floats(lsv_rng *rng, float *out, ptrdiff_t n) {
    while (n > 0) {
        if (rng->mt.pos >= LSV_MT_WORDS) lsv_mt_refill(rng);
        ptrdiff_t m = LSV_MT_WORDS - rng->mt.pos;
        if (m > n) m = n;
        const uint32_t *words = rng->mt.key + rng->mt.pos;
        for (ptrdiff_t i = 0; i < m; i++)
            out[i] = (float)(int32_t)(lsv_mt_temper(words[i]) & 0xffffffu) * 0x1p-24f;
        rng->mt.pos += (int)m;
        out += m;
        n -= m;
    }
}

void lsv_torch_doubles(lsv_rng *rng, double *out, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) out[i] = lsv_next_double(rng);
}

/* ---- normals ---- */

double lsv_torch_normal(lsv_rng *rng) {
    if (rng->mt.has_gauss) {
        rng->mt.has_gauss = false;
        return rng->mt.gauss;
    }
    double u1 = lsv_next_double(rng), u2 = lsv_next_double(rng);
    double r = sqrt(-2 * log1p(-u2)), theta = 2 * PI * u1;
    rng->mt.gauss = r * sin(theta);
    rng->mt.has_gauss = true;
    return r * cos(theta);
}

static void block_double(double *x, double mean, double std) {
    for (int i = 0; i < 8; i++) {
        double r = sqrt(-2 * log(1 - x[i])), theta = 2 * PI * x[i + 8];
        x[i] = fma(r * cos(theta), std, mean);
        x[i + 8] = fma(r * sin(theta), std, mean);
    }
}

/* A float's bits and back: everything below selects by masks, so that the eight lanes of a block
   run without branches. */
INLINE uint32_t bits_of(float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

INLINE float float_of(uint32_t u) {
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* log of x in (0, 1], normal. */
INLINE float log_float(float x) {
    uint32_t u = bits_of(x), part = (u & 0x807fffffu) | 0x3f000000u;
    uint32_t low = 0u - (uint32_t)(part < 0x3f3504f3u); /* part < sqrt(1/2): double it, exponent one less */
    float e = (float)((int32_t)(u >> 23) - 126 + (int32_t)low);
    x = float_of(part) - 1 + float_of(part & low);
    float z = x * x, y = 7.0376836292E-2f;
    y = fmaf(y, x, -1.1514610310E-1f);
    y = fmaf(y, x, 1.1676998740E-1f);
    y = fmaf(y, x, -1.2420140846E-1f);
    y = fmaf(y, x, 1.4249322787E-1f);
    y = fmaf(y, x, -1.6668057665E-1f);
    y = fmaf(y, x, 2.0000714765E-1f);
    y = fmaf(y, x, -2.4999993993E-1f);
    y = fmaf(y, x, 3.3333331174E-1f);
    y = y * x;
    y = fmaf(y, z, e * -2.12194440e-4f);
    y = fmaf(z, -0.5f, y);
    x += y;
    return fmaf(e, 0.693359375f, x);
}

/* Both of x in [0, 2 pi). */
INLINE void sincos_float(float x, float *sine, float *cosine) {
    int32_t j = ((int32_t)(x * 1.27323954473516f) + 1) & ~1;
    float y = (float)j;
    x = fmaf(y, -0.78515625f, x);
    x = fmaf(y, -2.4187564849853515625e-4f, x);
    x = fmaf(y, -3.77489497744594108e-8f, x);
    float z = x * x, c = 2.443315711809948E-005f, s = -1.9515295891E-4f;
    c = fmaf(c, z, -1.388731625493765E-003f);
    c = fmaf(c, z, 4.166664568298827E-002f);
    c = c * z;
    c = fmaf(c, z, z * -0.5f) + 1;
    s = fmaf(s, z, 8.3321608736E-3f);
    s = fmaf(s, z, -1.6666654611E-1f);
    s = s * z;
    s = fmaf(s, x, x);
    uint32_t swap = 0u - (uint32_t)(j >> 1 & 1), sb = bits_of(s), cb = bits_of(c), mixed = (sb ^ cb) & swap;
    *sine = float_of(sb ^ mixed ^ (uint32_t)(j & 4) << 29);
    *cosine = float_of(cb ^ mixed ^ (uint32_t)(~(j - 2) & 4) << 29);
}

/* Eight radii and eight angles in x become sixteen normals. */
INLINE void block_float(float *x, float mean, float std) {
    float *second = x + 8;
    for (int i = 0; i < 8; i++) {
        float s, c, r = sqrtf(-2 * log_float(1 - x[i]));
        sincos_float((float)(2 * PI) * second[i], &s, &c);
        x[i] = fmaf(r * c, std, mean);
        second[i] = fmaf(r * s, std, mean);
    }
}

LSV_HOT static void blocks_float(float *x, ptrdiff_t n, float mean, float std) {
    for (ptrdiff_t i = 0; i + 16 <= n; i += 16) block_float(x + i, mean, std);
}

/* The same code with the machine's fused multiply-add instead of the library's: same bits. */
#if defined(__x86_64__) && defined(__GNUC__)
LSV_HOT __attribute__((target("avx2,fma"))) static void blocks_float_fma(float *x, ptrdiff_t n, float mean,
                                                                         float std) {
    for (ptrdiff_t i = 0; i + 16 <= n; i += 16) block_float(x + i, mean, std);
}
static bool has_fma(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#else
#define blocks_float_fma blocks_float
static bool has_fma(void) { return false; }
#endif

/* From 16 elements on: in place, the odd tail drawn again. */
static lsv_status fill_floats(lsv_rng *rng, float *x, ptrdiff_t n, float mean, float std, lsv_error *err) {
    void (*blocks)(float *, ptrdiff_t, float, float) = has_fma() ? blocks_float_fma : blocks_float;
    enum { CHUNK = 1 << 20 };
    lsv_torch_floats(rng, x, n);
    for (ptrdiff_t i = 0; i < n; i += CHUNK) {
        LSV_TRY(lsv_poll(err));
        blocks(x + i, n - i < CHUNK ? n - i : CHUNK, mean, std);
    }
    if (n % 16 != 0) {
        lsv_torch_floats(rng, x + n - 16, 16);
        blocks(x + n - 16, 16, mean, std);
    }
    return LSV_OK;
}

static lsv_status fill_doubles(lsv_rng *rng, double *x, ptrdiff_t n, double mean, double std,
                               lsv_error *err) {
    lsv_torch_doubles(rng, x, n);
    for (ptrdiff_t i = 0; i + 16 <= n; i += 16) {
        if ((i & 0xfffff) == 0) LSV_TRY(lsv_poll(err));
        block_double(x + i, mean, std);
    }
    if (n % 16 != 0) {
        lsv_torch_doubles(rng, x + n - 16, 16);
        block_double(x + n - 16, mean, std);
    }
    return LSV_OK;
}

/* 16-bit types are drawn in float32 and rounded once. */
static lsv_status fill_halves(lsv_rng *rng, lsv_array *out, double mean, double std, lsv_error *err) {
    float *x = lsv_malloc((size_t)out->size * sizeof *x);
    if (!x) return lsv_no_memory(err, (size_t)out->size * sizeof *x);
    lsv_status status = fill_floats(rng, x, out->size, (float)mean, (float)std, err);
    for (ptrdiff_t i = 0; status == LSV_OK && i < out->size && !lsv_stop_at(i); i++)
        lsv_store((lsv_dtype)out->dtype, out->data + 2 * i, lsv_scalar_float((double)x[i]));
    lsv_free(x);
    return status == LSV_OK ? lsv_poll(err) : status;
}

lsv_status lsv_torch_fill_normal(lsv_rng *rng, lsv_array *out, double mean, double std, lsv_error *err) {
    if (out->size >= 16) {
        if (out->dtype == LSV_FLOAT32)
            return fill_floats(rng, (float *)out->data, out->size, (float)mean, (float)std, err);
        if (out->dtype == LSV_FLOAT64)
            return fill_doubles(rng, (double *)out->data, out->size, mean, std, err);
        return fill_halves(rng, out, mean, std, err);
    }
    ptrdiff_t item = (ptrdiff_t)lsv_dtype_size((lsv_dtype)out->dtype);
    for (ptrdiff_t i = 0; i < out->size; i++)
        lsv_store((lsv_dtype)out->dtype, out->data + i * item,
                  lsv_scalar_float(fma(lsv_torch_normal(rng), std, mean)));
    return LSV_OK;
}

/* ---- integers ---- */

/* The remainder of one word, or of two from this range on. */
static const uint64_t WIDE_RANGE = (uint64_t)1 << 28;

lsv_status lsv_torch_integers(lsv_rng *rng, lsv_array *out, int64_t low, uint64_t range, lsv_error *err) {
    ptrdiff_t item = (ptrdiff_t)lsv_dtype_size((lsv_dtype)out->dtype);
    for (ptrdiff_t i = 0; i < out->size && !lsv_stop_at(i); i++) {
        uint64_t x = range >= WIDE_RANGE ? lsv_next64(rng) % range : lsv_mt_next(rng) % (uint32_t)range;
        lsv_store((lsv_dtype)out->dtype, out->data + i * item, lsv_scalar_int((int64_t)(x + (uint64_t)low)));
    }
    return lsv_poll(err);
}

void lsv_torch_permutation(lsv_rng *rng, int64_t *p, ptrdiff_t n) {
    bool wide = n >= (ptrdiff_t)(UINT32_MAX / 20);
    for (ptrdiff_t i = 0; i < n - 1 && !lsv_stop_at(i); i++) {
        ptrdiff_t left = n - i, j = i + (ptrdiff_t)(wide ? lsv_next64(rng) % (uint64_t)left
                                                         : lsv_mt_next(rng) % (uint32_t)left);
        int64_t kept = p[i];
        p[i] = p[j];
        p[j] = kept;
    }
}

/* ---- multinomial ---- */

/* In the chances' own precision, as the tensor's arithmetic would be. */
static double in_type(double x, bool narrow) { return narrow ? (double)(float)x : x; }

static lsv_status multinomial_replacing(lsv_rng *rng, const double *p, ptrdiff_t n, bool narrow, int64_t *out,
                                        ptrdiff_t count, lsv_error *err) {
    double *cdf = lsv_malloc((size_t)n * sizeof *cdf), sum = 0;
    if (!cdf) return lsv_no_memory(err, (size_t)n * sizeof *cdf);
    for (ptrdiff_t i = 0; i < n; i++) cdf[i] = sum = in_type(sum + p[i], narrow);
    for (ptrdiff_t i = 0; i < n; i++) cdf[i] = in_type(cdf[i] / sum, narrow);
    cdf[n - 1] = 1;
    for (ptrdiff_t i = 0; i < count; i++) {
        double u = lsv_next_double(rng);
        ptrdiff_t low = 0, high = n;
        while (low < high) {
            ptrdiff_t middle = low + (high - low) / 2;
            if (cdf[middle] < u) low = middle + 1;
            else high = middle;
        }
        out[i] = low;
    }
    lsv_free(cdf);
    return LSV_OK;
}

/* The `count` largest of p / q with q exponential. */
static lsv_status multinomial_distinct(lsv_rng *rng, const double *p, ptrdiff_t n, bool narrow, int64_t *out,
                                       ptrdiff_t count, lsv_error *err) {
    lsv_array *race, *order = NULL;
    LSV_TRY(lsv_empty(LSV_TORCH, LSV_FLOAT64, 1, &n, &race, err));
    double *x = (double *)race->data;
    for (ptrdiff_t i = 0; i < n; i++)
        x[i] = in_type(p[i] / in_type(-log1p(-lsv_next_double(rng)), narrow), narrow);
    lsv_status status = lsv_topk(race, count, 0, true, NULL, &order, err);
    lsv_release(race);
    if (status != LSV_OK) return status;
    memcpy(out, order->data, (size_t)count * sizeof *out);
    lsv_release(order);
    return LSV_OK;
}

lsv_status lsv_torch_multinomial(lsv_rng *rng, const double *p, ptrdiff_t n, bool narrow, bool replace,
                                 lsv_array *out, lsv_error *err) {
    int64_t *indices = (int64_t *)out->data;
    if (out->size == 0) return LSV_OK;
    if (replace && out->size > 1) return multinomial_replacing(rng, p, n, narrow, indices, out->size, err);
    return multinomial_distinct(rng, p, n, narrow, indices, out->size, err);
}

/* ---- the state as bytes ---- */

/* Offsets of PyTorch's record: seed, words left, seeded, next word, 624 words in 64 bits each, three
   doubles of which the second is the kept normal, its flag, a kept float normal and its flag. */
enum {
    AT_SEED = 0,
    AT_LEFT = 8,
    AT_SEEDED = 12,
    AT_NEXT = 16,
    AT_WORDS = 24,
    AT_NORMAL = 24 + 8 * LSV_MT_WORDS + 8,
    AT_HAS_NORMAL = AT_NORMAL + 16,
    AT_FLOAT = AT_HAS_NORMAL + 8,
    AT_HAS_FLOAT = AT_FLOAT + 4
};

void lsv_torch_get_state(const lsv_rng *rng, uint8_t bytes[LSV_TORCH_STATE_BYTES]) {
    /* A stream just seeded has its first step before it, and counts from 0. */
    bool fresh = rng->mt.pos >= LSV_MT_WORDS && rng->mt.key[0] == (uint32_t)rng->mt.seed;
    int32_t left = LSV_MT_WORDS - rng->mt.pos + 1, one = 1, normal = rng->mt.has_gauss;
    uint64_t next = fresh ? 0 : (uint64_t)rng->mt.pos;
    memset(bytes, 0, LSV_TORCH_STATE_BYTES);
    memcpy(bytes + AT_SEED, &rng->mt.seed, 8);
    memcpy(bytes + AT_LEFT, &left, 4);
    memcpy(bytes + AT_SEEDED, &one, 4);
    memcpy(bytes + AT_NEXT, &next, 8);
    for (int i = 0; i < LSV_MT_WORDS; i++) memcpy(bytes + AT_WORDS + 8 * i, &(uint64_t){rng->mt.key[i]}, 8);
    if (normal) memcpy(bytes + AT_NORMAL, &rng->mt.gauss, 8);
    memcpy(bytes + AT_HAS_NORMAL, &normal, 4);
    if (rng->mt.has_gauss_float) memcpy(bytes + AT_FLOAT, &rng->mt.gauss_float, 4);
    bytes[AT_HAS_FLOAT] = rng->mt.has_gauss_float;
}

lsv_status lsv_torch_set_state(lsv_rng *rng, const uint8_t *bytes, size_t n, lsv_error *err) {
    int32_t left, seeded, normal;
    uint64_t word;
    if (n != LSV_TORCH_STATE_BYTES)
        return lsv_fail(err, LSV_ERUNTIME,
                        "Expected either a CPUGeneratorImplStateLegacy of size 5048 or a "
                        "CPUGeneratorImplState of size 5056 but found the input RNG state size to be %zu",
                        n);
    memcpy(&left, bytes + AT_LEFT, 4);
    memcpy(&seeded, bytes + AT_SEEDED, 4);
    if (left < 1 || left > LSV_MT_WORDS || !seeded)
        return lsv_fail(err, LSV_ERUNTIME, "Invalid mt19937 state");
    rng->type = LSV_RNG_TORCH;
    memcpy(&rng->mt.seed, bytes + AT_SEED, 8);
    rng->mt.pos = LSV_MT_WORDS - left + 1;
    for (int i = 0; i < LSV_MT_WORDS; i++) {
        memcpy(&word, bytes + AT_WORDS + 8 * i, 8);
        rng->mt.key[i] = (uint32_t)word;
    }
    memcpy(&normal, bytes + AT_HAS_NORMAL, 4);
    memcpy(&rng->mt.gauss, bytes + AT_NORMAL, 8);
    rng->mt.has_gauss = normal != 0;
    memcpy(&rng->mt.gauss_float, bytes + AT_FLOAT, 4);
    rng->mt.has_gauss_float = bytes[AT_HAS_FLOAT] != 0;
    return LSV_OK;
}
