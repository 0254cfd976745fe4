/* Bounded integers, permutations and shuffles.

   Legacy streams draw as many bits as the bound has and reject what is too large; the Generator
   multiplies (Lemire 2019), but shuffles by the legacy method; PyTorch takes the remainder. One
   32-bit word serves a bound below 2^32, a 64-bit one any other. */
#include <string.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "random/draw.h"

static uint64_t mask_of(uint64_t max) {
    for (int shift = 1; shift < 64; shift *= 2) max |= max >> shift;
    return max;
}

uint64_t lsv_masked(lsv_rng *rng, uint64_t max) {
    uint64_t mask = mask_of(max), x;
    if (max == 0) return 0;
    do x = (max <= UINT32_MAX ? lsv_next32(rng) : lsv_next64(rng)) & mask;
    while (x > max);
    return x;
}

static uint32_t lemire32(lsv_rng *rng, uint32_t max) {
    uint32_t bound = max + 1;
    uint64_t m = (uint64_t)lsv_next32(rng) * bound;
    if ((uint32_t)m < bound) {
        uint32_t threshold = (UINT32_MAX - max) % bound;
        while ((uint32_t)m < threshold) m = (uint64_t)lsv_next32(rng) * bound;
    }
    return (uint32_t)(m >> 32);
}

static uint64_t lemire64(lsv_rng *rng, uint64_t max) {
    uint64_t bound = max + 1;
    lsv_u128 m = (lsv_u128)lsv_next64(rng) * bound;
    if ((uint64_t)m < bound) {
        uint64_t threshold = (UINT64_MAX - max) % bound;
        while ((uint64_t)m < threshold) m = (lsv_u128)lsv_next64(rng) * bound;
    }
    return (uint64_t)(m >> 64);
}

uint64_t lsv_lemire(lsv_rng *rng, uint64_t max) {
    if (max == 0) return 0;
    if (max == UINT32_MAX) return lsv_next32(rng);
    if (max < UINT32_MAX) return lemire32(rng, (uint32_t)max);
    return max == UINT64_MAX ? lsv_next64(rng) : lemire64(rng, max);
}

/* ---- integers ---- */

static lsv_status check_numpy(lsv_dtype dtype, int64_t low, int64_t high, lsv_error *err) {
    if (dtype != LSV_BOOL && dtype != LSV_INT32 && dtype != LSV_INT64)
        return lsv_fail(err, LSV_ETYPE, "Unsupported dtype dtype('%s') for integers", lsv_dtype_name(dtype));
    int64_t least = dtype == LSV_BOOL ? 0 : dtype == LSV_INT32 ? INT32_MIN : INT64_MIN;
    int64_t most = dtype == LSV_BOOL ? 1 : dtype == LSV_INT32 ? INT32_MAX : INT64_MAX;
    if (low < least) return lsv_fail(err, LSV_EVALUE, "low is out of bounds for %s", lsv_dtype_name(dtype));
    if (high > most && high - 1 > most)
        return lsv_fail(err, LSV_EVALUE, "high is out of bounds for %s", lsv_dtype_name(dtype));
    if (low >= high) return lsv_fail(err, LSV_EVALUE, low ? "low >= high" : "high <= 0");
    return LSV_OK;
}

static lsv_status check_torch(lsv_dtype dtype, int64_t low, int64_t high, lsv_error *err) {
    if (low >= high)
        return lsv_fail(err, LSV_ERUNTIME,
                        "random_ expects 'from' to be less than 'to', but got from=%lld >= to=%lld",
                        (long long)low, (long long)high);
    int64_t least = dtype == LSV_BOOL ? 0 : INT32_MIN, most = dtype == LSV_BOOL ? 1 : INT32_MAX;
    const char *name = dtype == LSV_BOOL ? "bool" : "int";
    if (dtype != LSV_BOOL && dtype != LSV_INT32) return LSV_OK;
    if (low < least || low > most) return lsv_fail(err, LSV_ERUNTIME, "from is out of bounds for %s", name);
    if (high - 1 < least || high - 1 > most)
        return lsv_fail(err, LSV_ERUNTIME, "to - 1 is out of bounds for %s", name);
    return LSV_OK;
}

/* One bit per element, 32 from each word. */
static void fill_bool(lsv_rng *rng, uint8_t *out, ptrdiff_t n, uint64_t low, uint64_t max) {
    uint32_t word = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        word = max && i % 32 == 0 ? lsv_next32(rng) : word >> 1;
        out[i] = (uint8_t)(low + (word & max));
    }
}

/* n values below 2^32 - 1, the stream and what depends on the bound kept in registers. */
static void run_masked(lsv_rng *rng, int64_t *out, ptrdiff_t n, uint64_t low, uint32_t max) {
    uint32_t mask = (uint32_t)mask_of(max), x;
    for (ptrdiff_t i = 0; i < n; i++) {
        do x = lsv_mt_next(rng) & mask;
        while (x > max);
        out[i] = (int64_t)(low + x);
    }
}

static void run_lemire(lsv_rng *rng, int64_t *out, ptrdiff_t n, uint64_t low, uint32_t max) {
    lsv_rng own = *rng;
    uint32_t bound = max + 1, threshold = (UINT32_MAX - max) % bound;
    for (ptrdiff_t i = 0; i < n; i++) {
        uint64_t m;
        do m = (uint64_t)lsv_next32(&own) * bound;
        while ((uint32_t)m < threshold);
        out[i] = (int64_t)(low + (m >> 32));
    }
    *rng = own;
}

static void run_general(lsv_rng *rng, int64_t *out, ptrdiff_t n, uint64_t low, uint64_t max) {
    for (ptrdiff_t i = 0; i < n; i++)
        out[i] = (int64_t)(low + (rng->type == LSV_RNG_PCG64 ? lsv_lemire : lsv_masked)(rng, max));
}

static lsv_status fill_integers(lsv_rng *rng, lsv_array *out, uint64_t low, uint64_t max, lsv_error *err) {
    enum { RUN = 1024 };
    int64_t wide[RUN];
    bool small = max > 0 && max < UINT32_MAX;
    for (ptrdiff_t i = 0; i < out->size; i += RUN) {
        ptrdiff_t n = out->size - i < RUN ? out->size - i : RUN;
        int64_t *run = out->dtype == LSV_INT64 ? (int64_t *)out->data + i : wide;
        if (i % (1024 * RUN) == 0) LSV_TRY(lsv_poll(err));
        if (!small) run_general(rng, run, n, low, max);
        else (rng->type == LSV_RNG_PCG64 ? run_lemire : run_masked)(rng, run, n, low, (uint32_t)max);
        if (run == wide)
            for (ptrdiff_t k = 0; k < n; k++) ((int32_t *)out->data)[i + k] = (int32_t)wide[k];
    }
    return LSV_OK;
}

lsv_status lsv_random_integers(lsv_rng *rng, lsv_dtype dtype, const lsv_shape *shape, int64_t low,
                               int64_t high, lsv_array **out, lsv_error *err) {
    bool torch = rng->type == LSV_RNG_TORCH;
    LSV_TRY(torch ? check_torch(dtype, low, high, err) : check_numpy(dtype, low, high, err));
    lsv_array *a;
    LSV_TRY(lsv_empty(torch ? LSV_TORCH : LSV_NUMPY, dtype, shape->ndim, shape->dims, &a, err));
    uint64_t range = (uint64_t)high - (uint64_t)low;
    lsv_status status = LSV_OK;
    if (torch) status = lsv_torch_integers(rng, a, low, range, err);
    else if (dtype == LSV_BOOL) fill_bool(rng, (uint8_t *)a->data, a->size, (uint64_t)low, range - 1);
    else status = fill_integers(rng, a, (uint64_t)low, range - 1, err);
    if (status != LSV_OK) {
        lsv_release(a);
        return status;
    }
    *out = a;
    return LSV_OK;
}

/* ---- permutations ---- */

lsv_status lsv_random_permutation(lsv_rng *rng, ptrdiff_t n, lsv_array **out, lsv_error *err) {
    bool torch = rng->type == LSV_RNG_TORCH;
    if (n < 0 && torch)
        return lsv_fail(err, LSV_ERUNTIME, "Trying to create tensor with negative dimension %td: [%td]", n,
                        n);
    ptrdiff_t size = n < 0 ? 0 : n;
    lsv_array *a;
    LSV_TRY(lsv_empty(torch ? LSV_TORCH : LSV_NUMPY, LSV_INT64, 1, &size, &a, err));
    int64_t *p = (int64_t *)a->data;
    for (ptrdiff_t i = 0; i < size && !lsv_stop_at(i); i++) p[i] = i;
    if (torch) {
        lsv_torch_permutation(rng, p, size);
    } else {
        for (ptrdiff_t i = size - 1; i > 0 && !lsv_stop_at(i); i--) {
            ptrdiff_t j = (ptrdiff_t)lsv_masked(rng, (uint64_t)i);
            int64_t kept = p[j];
            p[j] = p[i];
            p[i] = kept;
        }
    }
    lsv_status status = lsv_poll(err);
    if (status == LSV_OK) *out = a;
    else lsv_release(a);
    return status;
}

static void swap_bytes(char *a, char *b, size_t n) {
    char kept[256];
    for (size_t step; n > 0; n -= step, a += step, b += step) {
        step = n < sizeof kept ? n : sizeof kept;
        memcpy(kept, a, step);
        memcpy(a, b, step);
        memcpy(b, kept, step);
    }
}

/* Swap two equal-shaped blocks that begin at p and q and run over the axes `axis`, … of a. */
static void swap_blocks(const lsv_array *a, int axis, char *p, char *q) {
    size_t item = lsv_dtype_size((lsv_dtype)a->dtype);
    if (axis == a->ndim) {
        swap_bytes(p, q, item);
        return;
    }
    ptrdiff_t step = a->strides[axis] * (ptrdiff_t)item;
    if (axis == a->ndim - 1 && a->strides[axis] == 1) {
        swap_bytes(p, q, item * (size_t)a->shape[axis]);
        return;
    }
    for (ptrdiff_t i = 0; i < a->shape[axis]; i++) swap_blocks(a, axis + 1, p + i * step, q + i * step);
}

lsv_status lsv_random_shuffle(lsv_rng *rng, lsv_array *a, lsv_error *err) {
    if (a->flags & LSV_READONLY) return lsv_fail(err, LSV_EVALUE, "array is read-only");
    if (a->ndim == 0) return lsv_fail(err, LSV_ETYPE, "len() of unsized object");
    if (a->size == 0) return LSV_OK;
    ptrdiff_t step = a->strides[0] * (ptrdiff_t)lsv_dtype_size((lsv_dtype)a->dtype);
    for (ptrdiff_t i = a->shape[0] - 1; i > 0; i--) {
        if ((i & 0xffff) == 0) LSV_TRY(lsv_poll(err));
        ptrdiff_t j = (ptrdiff_t)lsv_masked(rng, (uint64_t)i);
        if (i != j) swap_blocks(a, 1, a->data + j * step, a->data + i * step);
    }
    return LSV_OK;
}
