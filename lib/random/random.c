/* The public face of the streams: seeding, and the distributions that all kinds have. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "random/draw.h"

/* ---- seeding ---- */

void lsv_rng_seed(lsv_rng *rng, lsv_rng_type type, uint64_t seed) {
    memset(rng, 0, sizeof *rng);
    rng->type = type;
    if (type == LSV_RNG_PCG64) {
        uint32_t words[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
        lsv_pcg_seed_words(rng, words, words[1] ? 2 : 1);
        return;
    }
    lsv_mt_seed(rng, (uint32_t)seed);
    rng->mt.seed = seed;
}

lsv_status lsv_rng_seed_words(lsv_rng *rng, lsv_rng_type type, const uint32_t *words, int n, lsv_error *err) {
    if (n == 0 && type == LSV_RNG_LEGACY) return lsv_fail(err, LSV_EVALUE, "Seed must be non-empty");
    if (type == LSV_RNG_TORCH) {
        lsv_rng_seed(rng, type, (n > 0 ? words[0] : 0) | (uint64_t)(n > 1 ? words[1] : 0) << 32);
        return LSV_OK;
    }
    memset(rng, 0, sizeof *rng);
    rng->type = type;
    if (type == LSV_RNG_PCG64) lsv_pcg_seed_words(rng, words, n);
    else lsv_mt_seed_words(rng, words, n);
    return LSV_OK;
}

/* Eight words of the system's entropy; of the clock where there is none. */
static void system_words(uint32_t words[8]) {
    ssize_t got;
    do got = getrandom(words, 8 * sizeof *words, 0);
    while (got < 0 && errno == EINTR);
    if (got == (ssize_t)(8 * sizeof *words)) return;
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    for (int i = 0; i < 8; i++)
        words[i] = (uint32_t)now.tv_nsec + (uint32_t)now.tv_sec * (uint32_t)(2 * i + 1);
}

void lsv_rng_seed_entropy(lsv_rng *rng, lsv_rng_type type) {
    uint32_t words[8];
    system_words(words);
    lsv_rng_seed_words(rng, type, words, 8, NULL);
}

/* ---- single draws ---- */

double lsv_random_double(lsv_rng *rng) { return lsv_next_double(rng); }

double lsv_random_gauss(lsv_rng *rng) {
    double x;
    if (rng->type == LSV_RNG_PCG64) return lsv_ziggurat_normal(rng);
    if (rng->type == LSV_RNG_TORCH) return lsv_torch_normal(rng);
    lsv_legacy_normals(rng, &x, 1);
    return x;
}

/* ---- filling arrays ---- */

enum { CHUNK = 1 << 20 }; /* elements between two looks for an interrupt */

static lsv_kind kind_of(const lsv_rng *rng) { return rng->type == LSV_RNG_TORCH ? LSV_TORCH : LSV_NUMPY; }

/* A filler writes n elements of its type: a + b * draw. */
typedef void filler(lsv_rng *rng, void *out, ptrdiff_t n, double a, double b);

static lsv_status fill(lsv_rng *rng, lsv_array *out, filler *f, double a, double b, lsv_error *err) {
    ptrdiff_t item = (ptrdiff_t)lsv_dtype_size((lsv_dtype)out->dtype);
    for (ptrdiff_t i = 0; i < out->size; i += CHUNK) {
        LSV_TRY(lsv_poll(err));
        f(rng, out->data + i * item, out->size - i < CHUNK ? out->size - i : CHUNK, a, b);
    }
    return LSV_OK;
}

/* Make the array, fill it, and hand it out or drop it. */
static lsv_status make(lsv_rng *rng, lsv_dtype dtype, const lsv_shape *shape, filler *f, double a, double b,
                       lsv_array **out, lsv_error *err) {
    lsv_array *made;
    LSV_TRY(lsv_empty(kind_of(rng), dtype, shape->ndim, shape->dims, &made, err));
    lsv_status status = fill(rng, made, f, a, b, err);
    if (status == LSV_OK) *out = made;
    else lsv_release(made);
    return status;
}

static void affine(double *x, ptrdiff_t n, double a, double b) {
    if (a == 0 && b == 1) return;
    for (ptrdiff_t i = 0; i < n; i++) x[i] = a + b * x[i];
}

/* ---- uniform ---- */

static void uniform_legacy(lsv_rng *rng, void *out, ptrdiff_t n, double low, double range) {
    lsv_legacy_doubles(rng, out, n);
    affine(out, n, low, range);
}

static void uniform_pcg(lsv_rng *rng, void *out, ptrdiff_t n, double low, double range) {
    double *x = out;
    lsv_rng own = *rng;
    for (ptrdiff_t i = 0; i < n; i++) x[i] = (double)(int64_t)(lsv_pcg_next(&own) >> 11) * 0x1p-53;
    *rng = own;
    affine(out, n, low, range);
}

static void uniform_pcg_float(lsv_rng *rng, void *out, ptrdiff_t n, double low, double range) {
    float *x = out;
    for (ptrdiff_t i = 0; i < n; i++) x[i] = (float)low + (float)range * lsv_next_float(rng);
}

static void uniform_legacy_float(lsv_rng *rng, void *out, ptrdiff_t n, double low, double range) {
    float *x = out;
    for (ptrdiff_t i = 0; i < n; i++) x[i] = (float)(low + range * lsv_next_double(rng));
}

static void uniform_torch(lsv_rng *rng, void *out, ptrdiff_t n, double low, double range) {
    double *x = out;
    lsv_torch_doubles(rng, x, n);
    if (low != 0 || range != 1)
        for (ptrdiff_t i = 0; i < n; i++) x[i] = fma(x[i], range, low);
}

static void uniform_torch_float(lsv_rng *rng, void *out, ptrdiff_t n, double low, double range) {
    float *x = out, from = (float)low, width = (float)range;
    lsv_torch_floats(rng, x, n);
    if (from != 0 || width != 1)
        for (ptrdiff_t i = 0; i < n; i++) x[i] = fmaf(x[i], width, from);
}

static void uniform_torch_half(lsv_rng *rng, void *out, ptrdiff_t n, double low, double range) {
    uint16_t *x = out;
    for (ptrdiff_t i = 0; i < n; i++)
        lsv_store(LSV_FLOAT16, x + i,
                  lsv_scalar_float((double)fmaf(lsv_next_float(rng), (float)range, (float)low)));
}

static void uniform_torch_bfloat(lsv_rng *rng, void *out, ptrdiff_t n, double low, double range) {
    uint16_t *x = out;
    for (ptrdiff_t i = 0; i < n; i++)
        lsv_store(LSV_BFLOAT16, x + i,
                  lsv_scalar_float((double)fmaf(lsv_next_float(rng), (float)range, (float)low)));
}

static void normal_legacy(lsv_rng *rng, void *out, ptrdiff_t n, double mean, double std) {
    lsv_legacy_normals(rng, out, n);
    affine(out, n, mean, std);
}

static void normal_legacy_float(lsv_rng *rng, void *out, ptrdiff_t n, double mean, double std) {
    float *x = out;
    for (ptrdiff_t i = 0; i < n; i++) x[i] = (float)(mean + std * lsv_random_gauss(rng));
}

static void normal_pcg(lsv_rng *rng, void *out, ptrdiff_t n, double mean, double std) {
    lsv_ziggurat_normals(rng, out, n);
    affine(out, n, mean, std);
}

static void normal_pcg_float(lsv_rng *rng, void *out, ptrdiff_t n, double mean, double std) {
    float *x = out;
    for (ptrdiff_t i = 0; i < n; i++) x[i] = (float)mean + (float)std * lsv_ziggurat_normal_float(rng);
}

/* [stream][dtype]; NULL: not offered. */
static filler *const uniform_fillers[][LSV_NDTYPES] = {
    [LSV_RNG_LEGACY] = {[LSV_FLOAT32] = uniform_legacy_float, [LSV_FLOAT64] = uniform_legacy},
    [LSV_RNG_PCG64] = {[LSV_FLOAT32] = uniform_pcg_float, [LSV_FLOAT64] = uniform_pcg},
    [LSV_RNG_TORCH] = {[LSV_FLOAT16] = uniform_torch_half,
                       [LSV_BFLOAT16] = uniform_torch_bfloat,
                       [LSV_FLOAT32] = uniform_torch_float,
                       [LSV_FLOAT64] = uniform_torch},
};

static filler *const normal_fillers[][LSV_NDTYPES] = {
    [LSV_RNG_LEGACY] = {[LSV_FLOAT32] = normal_legacy_float, [LSV_FLOAT64] = normal_legacy},
    [LSV_RNG_PCG64] = {[LSV_FLOAT32] = normal_pcg_float, [LSV_FLOAT64] = normal_pcg},
};

/* PyTorch's names of element types, for its messages. */
static const char *const torch_names[LSV_NDTYPES] = {
    [LSV_BOOL] = "Bool",         [LSV_INT32] = "Int",     [LSV_INT64] = "Long",     [LSV_FLOAT16] = "Half",
    [LSV_BFLOAT16] = "BFloat16", [LSV_FLOAT32] = "Float", [LSV_FLOAT64] = "Double",
};

static lsv_status check_uniform(const lsv_rng *rng, double low, double high, lsv_error *err) {
    if (rng->type == LSV_RNG_TORCH) {
        if (low <= high) return LSV_OK;
        return lsv_fail(err, LSV_ERUNTIME,
                        "uniform_ expects to return a [from, to) range, but found from=%g > to=%g", low,
                        high);
    }
    bool pcg = rng->type == LSV_RNG_PCG64;
    if (!isfinite(high - low))
        return lsv_fail(err, LSV_EOVERFLOW,
                        pcg ? "high - low range exceeds valid bounds" : "Range exceeds valid bounds");
    if (pcg && signbit(high - low)) return lsv_fail(err, LSV_EVALUE, "high - low < 0");
    return LSV_OK;
}

static lsv_status unsupported(const lsv_rng *rng, lsv_dtype dtype, const char *numpy_name,
                              const char *torch_kernel, lsv_error *err) {
    if (rng->type == LSV_RNG_TORCH)
        return lsv_fail(err, LSV_ENOTIMPL, "\"%s\" not implemented for '%s'", torch_kernel,
                        torch_names[dtype]);
    return lsv_fail(err, LSV_ETYPE, "Unsupported dtype dtype('%s') for %s", lsv_dtype_name(dtype),
                    numpy_name);
}

lsv_status lsv_random_uniform(lsv_rng *rng, lsv_dtype dtype, const lsv_shape *shape, double low, double high,
                              lsv_array **out, lsv_error *err) {
    filler *f = uniform_fillers[rng->type][dtype];
    if (!f) return unsupported(rng, dtype, "random", "check_uniform_bounds", err);
    LSV_TRY(check_uniform(rng, low, high, err));
    double range = high - low;
    if (rng->type == LSV_RNG_TORCH && dtype != LSV_FLOAT64) range = (double)((float)high - (float)low);
    return make(rng, dtype, shape, f, low, range, out, err);
}

/* ---- normal ---- */

lsv_status lsv_random_normal(lsv_rng *rng, lsv_dtype dtype, const lsv_shape *shape, double mean, double std,
                             lsv_array **out, lsv_error *err) {
    if (rng->type != LSV_RNG_TORCH) {
        filler *f = normal_fillers[rng->type][dtype];
        if (!f) return unsupported(rng, dtype, "standard_normal", "", err);
        if (signbit(std) && !isnan(std)) return lsv_fail(err, LSV_EVALUE, "scale < 0");
        return make(rng, dtype, shape, f, mean, std, out, err);
    }
    if (!lsv_dtype_is_float(dtype)) return unsupported(rng, dtype, "", "normal_kernel_cpu", err);
    if (!(std >= 0)) return lsv_fail(err, LSV_ERUNTIME, "normal expects std >= 0.0, but found std %g", std);
    lsv_array *made;
    LSV_TRY(lsv_empty(LSV_TORCH, dtype, shape->ndim, shape->dims, &made, err));
    lsv_status status = lsv_torch_fill_normal(rng, made, mean, std, err);
    if (status == LSV_OK) *out = made;
    else lsv_release(made);
    return status;
}

/* ---- exponential ---- */

static void exponentials(lsv_rng *rng, void *out, ptrdiff_t n, double unused, double scale) {
    double *x = out;
    (void)unused;
    for (ptrdiff_t i = 0; i < n; i++) {
        if (rng->type == LSV_RNG_PCG64) x[i] = scale * lsv_ziggurat_exponential(rng);
        else if (rng->type == LSV_RNG_TORCH) x[i] = -scale * log1p(-lsv_next_double(rng));
        else x[i] = scale * -log(1 - lsv_next_double(rng));
    }
}

lsv_status lsv_random_exponential(lsv_rng *rng, const lsv_shape *shape, double scale, lsv_array **out,
                                  lsv_error *err) {
    if (signbit(scale) && !isnan(scale)) return lsv_fail(err, LSV_EVALUE, "scale < 0");
    return make(rng, LSV_FLOAT64, shape, exponentials, 0, scale, out, err);
}
