/* Choosing indices, as RandomState.choice, Generator.choice and torch.multinomial do: with and
   without replacement, with equal and with given chances. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "random/draw.h"

static bool is_pcg(const lsv_rng *rng) { return rng->type == LSV_RNG_PCG64; }

/* ---- the chances ---- */

static double compensated_sum(const double *p, ptrdiff_t n) {
    double sum = p[0], carry = 0;
    for (ptrdiff_t i = 1; i < n; i++) {
        double y = p[i] - carry, t = sum + y;
        carry = (t - sum) - y;
        sum = t;
    }
    return sum;
}

static lsv_status check_chances(const lsv_rng *rng, const double *p, ptrdiff_t n, double tolerance,
                                lsv_error *err) {
    bool pcg = is_pcg(rng);
    double sum = n > 0 ? compensated_sum(p, n) : 0;
    if (isnan(sum))
        return lsv_fail(err, LSV_EVALUE, pcg ? "Probabilities contain NaN" : "probabilities contain NaN");
    for (ptrdiff_t i = 0; i < n; i++)
        if (p[i] < 0)
            return lsv_fail(err, LSV_EVALUE,
                            pcg ? "Probabilities are not non-negative"
                                : "probabilities are not non-negative");
    if (fabs(sum - 1) > tolerance)
        return lsv_fail(
            err, LSV_EVALUE,
            pcg ? "Probabilities do not sum to 1. See Notes section of docstring for more information."
                : "probabilities do not sum to 1");
    return LSV_OK;
}

/* A copy of the chances as doubles, the caller's to free. */
static lsv_status read_chances(const lsv_rng *rng, const lsv_array *p, ptrdiff_t n, double **out,
                               lsv_error *err) {
    bool pcg = is_pcg(rng);
    if (p->ndim != 1)
        return lsv_fail(err, LSV_EVALUE, pcg ? "p must be 1-dimensional" : "'p' must be 1-dimensional");
    if (p->size != n)
        return lsv_fail(err, LSV_EVALUE,
                        pcg ? "a and p must have same size" : "'a' and 'p' must have same size");
    double *copy = lsv_malloc((size_t)(n ? n : 1) * sizeof *copy);
    if (!copy) return lsv_no_memory(err, (size_t)n * sizeof *copy);
    size_t item = lsv_dtype_size((lsv_dtype)p->dtype);
    for (ptrdiff_t i = 0; i < n; i++)
        copy[i] = lsv_scalar_as_double(
            lsv_load((lsv_dtype)p->dtype, p->data + i * p->strides[0] * (ptrdiff_t)item));
    double tolerance = p->dtype == LSV_FLOAT32   ? sqrt(0x1p-23)
                       : p->dtype == LSV_FLOAT16 ? sqrt(0x1p-10)
                                                 : sqrt(0x1p-52);
    lsv_status status = rng->type == LSV_RNG_TORCH ? LSV_OK : check_chances(rng, copy, n, tolerance, err);
    if (status == LSV_OK) *out = copy;
    else lsv_free(copy);
    return status;
}

static void cumulate(const double *p, double *cdf, ptrdiff_t n) {
    double sum = 0;
    for (ptrdiff_t i = 0; i < n; i++) cdf[i] = sum = i ? sum + p[i] : p[i];
    for (ptrdiff_t i = 0; i < n; i++) cdf[i] /= sum;
}

/* The first index whose cdf is above x: searchsorted(side="right"). */
static ptrdiff_t find_right(const double *cdf, ptrdiff_t n, double x) {
    ptrdiff_t low = 0, high = n;
    while (low < high) {
        ptrdiff_t middle = low + (high - low) / 2;
        if (cdf[middle] <= x) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* ---- the four ways ---- */

static lsv_status weighted_replacing(lsv_rng *rng, const double *p, ptrdiff_t n, int64_t *out,
                                     ptrdiff_t count, lsv_error *err) {
    double *cdf = lsv_malloc((size_t)n * sizeof *cdf + 1);
    if (!cdf) return lsv_no_memory(err, (size_t)n * sizeof *cdf);
    cumulate(p, cdf, n);
    for (ptrdiff_t i = 0; i < count; i++) out[i] = find_right(cdf, n, lsv_next_double(rng));
    lsv_free(cdf);
    return LSV_OK;
}

/* Rounds: draw as many as are missing, keep each new index once, give what was found no chance. */
static lsv_status weighted_distinct(lsv_rng *rng, double *p, ptrdiff_t n, int64_t *out, ptrdiff_t count,
                                    lsv_error *err) {
    ptrdiff_t possible = 0, found = 0;
    for (ptrdiff_t i = 0; i < n; i++) possible += p[i] > 0;
    if (possible < count) return lsv_fail(err, LSV_EVALUE, "Fewer non-zero entries in p than size");
    double *cdf = lsv_malloc((size_t)n * sizeof *cdf + 1);
    if (!cdf) return lsv_no_memory(err, (size_t)n * sizeof *cdf);
    lsv_status status = LSV_OK;
    while (found < count && status == LSV_OK) {
        ptrdiff_t before = found;
        cumulate(p, cdf, n);
        for (ptrdiff_t draws = count - found; draws > 0; draws--) {
            ptrdiff_t index = find_right(cdf, n, lsv_next_double(rng));
            if (index >= n || signbit(p[index])) continue; /* a marked one was seen already */
            p[index] = -0.0;
            out[found++] = index;
        }
        if (found == before) status = lsv_poll(err);
    }
    lsv_free(cdf);
    return status;
}

static void shuffle_indices(lsv_rng *rng, int64_t *p, ptrdiff_t n, ptrdiff_t first) {
    for (ptrdiff_t i = n - 1; i >= first && !lsv_stop_at(i); i--) {
        ptrdiff_t j = (ptrdiff_t)lsv_lemire(rng, (uint64_t)i);
        int64_t kept = p[j];
        p[j] = p[i];
        p[i] = kept;
    }
}

/* Shuffle only the tail of 0..n-1 and take it: for large samples. */
static lsv_status tail_shuffle(lsv_rng *rng, ptrdiff_t n, int64_t *out, ptrdiff_t count, lsv_error *err) {
    int64_t *all = lsv_malloc((size_t)n * sizeof *all);
    if (!all) return lsv_no_memory(err, (size_t)n * sizeof *all);
    for (ptrdiff_t i = 0; i < n && !lsv_stop_at(i); i++) all[i] = i;
    shuffle_indices(rng, all, n, n - count > 1 ? n - count : 1);
    memcpy(out, all + (n - count), (size_t)count * sizeof *out);
    lsv_free(all);
    return lsv_poll(err);
}

/* The set's slot that holds value, or the free one it goes into. */
static uint64_t set_slot(const int64_t *set, uint64_t mask, int64_t value) {
    uint64_t at = (uint64_t)value & mask;
    while (set[at] != -1 && set[at] != value) at = (at + 1) & mask;
    return at;
}

/* Floyd's algorithm (Bentley and Floyd 1987), then a shuffle. */
static lsv_status floyd(lsv_rng *rng, ptrdiff_t n, int64_t *out, ptrdiff_t count, bool shuffle,
                        lsv_error *err) {
    uint64_t mask = (uint64_t)(1.2 * (double)count);
    for (int shift = 1; shift < 64; shift *= 2) mask |= mask >> shift;
    int64_t *set = lsv_malloc((size_t)(mask + 1) * sizeof *set);
    if (!set) return lsv_no_memory(err, (size_t)(mask + 1) * sizeof *set);
    memset(set, 0xff, (size_t)(mask + 1) * sizeof *set);
    for (ptrdiff_t j = n - count; j < n; j++) {
        int64_t value = (int64_t)lsv_lemire(rng, (uint64_t)j);
        uint64_t at = set_slot(set, mask, value);
        if (set[at] != -1) {
            value = j;
            at = set_slot(set, mask, value);
        }
        set[at] = out[j - (n - count)] = value;
    }
    lsv_free(set);
    if (shuffle) shuffle_indices(rng, out, count, 1);
    return LSV_OK;
}

static lsv_status permuted_head(lsv_rng *rng, ptrdiff_t n, int64_t *out, ptrdiff_t count, lsv_error *err) {
    lsv_array *all;
    LSV_TRY(lsv_random_permutation(rng, n, &all, err));
    memcpy(out, all->data, (size_t)count * sizeof *out);
    lsv_release(all);
    return LSV_OK;
}

static lsv_status distinct(lsv_rng *rng, ptrdiff_t n, int64_t *out, ptrdiff_t count, bool shuffle,
                           lsv_error *err) {
    if (!is_pcg(rng)) return permuted_head(rng, n, out, count, err);
    if (n > 10000 && count > n / (shuffle ? 50 : 20)) return tail_shuffle(rng, n, out, count, err);
    return floyd(rng, n, out, count, shuffle, err);
}

/* ---- the public functions ---- */

static lsv_status check_choice(const lsv_rng *rng, ptrdiff_t n, ptrdiff_t count, bool replace,
                               lsv_error *err) {
    bool pcg = is_pcg(rng);
    if (n <= 0 && count != 0)
        return lsv_fail(err, LSV_EVALUE,
                        pcg ? "a must be a positive integer unless no samples are taken"
                            : "a must be greater than 0 unless no samples are taken");
    if (!replace && count > n)
        return lsv_fail(err, LSV_EVALUE,
                        pcg ? "Cannot take a larger sample than population when replace is False"
                            : "Cannot take a larger sample than population when 'replace=False'");
    return LSV_OK;
}

static lsv_status check_multinomial(const double *p, ptrdiff_t n, ptrdiff_t count, bool replace,
                                    lsv_error *err) {
    double sum = 0;
    if (!replace && count > n)
        return lsv_fail(err, LSV_ERUNTIME,
                        "cannot sample n_sample > prob_dist.size(-1) samples without replacement");
    for (ptrdiff_t i = 0; i < n; sum += p[i++])
        if (!(p[i] >= 0) || isinf(p[i]))
            return lsv_fail(err, LSV_ERUNTIME,
                            "probability tensor contains either `inf`, `nan` or element < 0");
    if (!(sum > 0))
        return lsv_fail(err, LSV_ERUNTIME, "invalid multinomial distribution (sum of probabilities <= 0)");
    return LSV_OK;
}

static lsv_status choose(lsv_rng *rng, ptrdiff_t n, lsv_array *out, bool replace, bool shuffle, double *p,
                         bool narrow, lsv_error *err) {
    int64_t *indices = (int64_t *)out->data;
    ptrdiff_t count = out->size;
    if (rng->type == LSV_RNG_TORCH && p) {
        LSV_TRY(check_multinomial(p, n, count, replace, err));
        return lsv_torch_multinomial(rng, p, n, narrow, replace, out, err);
    }
    LSV_TRY(check_choice(rng, n, count, replace, err));
    if (replace && p) return weighted_replacing(rng, p, n, indices, count, err);
    if (p) return weighted_distinct(rng, p, n, indices, count, err);
    if (!replace) return distinct(rng, n, indices, count, shuffle, err);
    if (rng->type == LSV_RNG_TORCH) {
        return lsv_torch_integers(rng, out, 0, (uint64_t)n, err);
    }
    for (ptrdiff_t i = 0; i < count && !lsv_stop_at(i); i++)
        indices[i] =
            (int64_t)(is_pcg(rng) ? lsv_lemire(rng, (uint64_t)n - 1) : lsv_masked(rng, (uint64_t)n - 1));
    return lsv_poll(err);
}

lsv_status lsv_random_choice_ordered(lsv_rng *rng, ptrdiff_t n, const lsv_shape *shape, bool replace,
                                     bool shuffle, const lsv_array *p, lsv_array **out, lsv_error *err) {
    double *chances = NULL;
    lsv_array *a = NULL;
    lsv_status status = lsv_empty(rng->type == LSV_RNG_TORCH ? LSV_TORCH : LSV_NUMPY, LSV_INT64, shape->ndim,
                                  shape->dims, &a, err);
    if (status != LSV_OK) return status;
    if (n <= 0 && a->size && rng->type != LSV_RNG_TORCH) status = check_choice(rng, n, a->size, true, err);
    if (status == LSV_OK && p) status = read_chances(rng, p, n, &chances, err);
    if (status == LSV_OK)
        status = choose(rng, n, a, replace, shuffle, chances, p && p->dtype == LSV_FLOAT32, err);
    lsv_free(chances);
    if (status != LSV_OK) lsv_release(a);
    else *out = a;
    return status;
}

lsv_status lsv_random_choice(lsv_rng *rng, ptrdiff_t n, const lsv_shape *shape, bool replace,
                             const lsv_array *p, lsv_array **out, lsv_error *err) {
    return lsv_random_choice_ordered(rng, n, shape, replace, true, p, out, err);
}
