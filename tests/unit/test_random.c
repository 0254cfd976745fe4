/* Random streams: recorded draws of NumPy and PyTorch in mixed order from one seed, array seeds, states,
   errors, and no leak or lost stream when an allocation fails. (tests/random/differential.py
   compares at length where NumPy and PyTorch are installed.) */
#include "check.h"

#include "base/alloc.h"
#include "random/random.h"

static lsv_rng rng;
static lsv_error err;

static lsv_shape one_dim(ptrdiff_t n) { return (lsv_shape){1, {n}}; }

/* The array must have exactly these first elements; it is released. */
static void same(lsv_status status, lsv_array *a, const double *want, int n) {
    CHECK(status == LSV_OK);
    if (status != LSV_OK) {
        printf("   %s\n", err.message);
        return;
    }
    size_t item = lsv_dtype_size((lsv_dtype)a->dtype);
    CHECK(a->size >= n);
    for (int i = 0; i < n && i < a->size; i++) {
        double got = lsv_scalar_as_double(lsv_load((lsv_dtype)a->dtype, a->data + (size_t)i * item));
        if (got != want[i]) printf("   element %d: %.17g, want %.17g\n", i, got, want[i]);
        CHECK(got == want[i]);
    }
    lsv_release(a);
}

#define WANT(...) (const double[]){__VA_ARGS__}, (int)(sizeof((const double[]){__VA_ARGS__}) / sizeof(double))
#define SAME(call, ...)                      \
    do {                                     \
        lsv_array *a = NULL;                 \
        lsv_status status_ = call;           \
        same(status_, a, WANT(__VA_ARGS__)); \
    } while (0)

static lsv_status uniform(lsv_dtype d, double low, double high, ptrdiff_t n, lsv_array **a) {
    lsv_shape s = one_dim(n);
    return lsv_random_uniform(&rng, d, &s, low, high, a, &err);
}
static lsv_status normal(lsv_dtype d, double mean, double std, ptrdiff_t n, lsv_array **a) {
    lsv_shape s = one_dim(n);
    return lsv_random_normal(&rng, d, &s, mean, std, a, &err);
}
static lsv_status integers(lsv_dtype d, int64_t low, int64_t high, ptrdiff_t n, lsv_array **a) {
    lsv_shape s = one_dim(n);
    return lsv_random_integers(&rng, d, &s, low, high, a, &err);
}
static lsv_status exponential(double scale, ptrdiff_t n, lsv_array **a) {
    lsv_shape s = one_dim(n);
    return lsv_random_exponential(&rng, &s, scale, a, &err);
}
static lsv_status choice(ptrdiff_t n, ptrdiff_t count, bool replace, bool weighted, lsv_array **a) {
    static const double p[4] = {0.1, 0.2, 0.3, 0.4};
    lsv_shape s = one_dim(count);
    lsv_array *chances = NULL;
    if (weighted) {
        LSV_TRY(lsv_empty(LSV_NUMPY, LSV_FLOAT64, 1, &(ptrdiff_t){4}, &chances, &err));
        memcpy(chances->data, p, sizeof p);
    }
    lsv_status status = lsv_random_choice(&rng, n, &s, replace, chances, a, &err);
    lsv_release(chances);
    return status;
}

static void legacy(void) {
    lsv_rng_seed(&rng, LSV_RNG_LEGACY, 42);
    SAME(uniform(LSV_FLOAT64, 0, 1, 3, &a), 0.3745401188473625, 0.9507143064099162, 0.7319939418114051);
    SAME(normal(LSV_FLOAT64, 0, 1, 3, &a), -1.1118801180469204, 0.31890218468938336, 0.2790412922001377);
    SAME(integers(LSV_INT64, 0, 10, 6, &a), 7, 2, 5, 4, 1, 7);
    SAME(normal(LSV_FLOAT64, 5, 2, 2, &a), 7.021030569613053, 4.061051228130096);
    SAME(lsv_random_permutation(&rng, 8, &a, &err), 5, 2, 1, 6, 0, 4, 3, 7);
    SAME(exponential(2, 2, &a), 0.01418277958893968, 0.046665047196646776);
    SAME(choice(10, 4, false, false, &a), 1, 5, 4, 8);
    SAME(choice(4, 6, true, true, &a), 3, 2, 0, 3, 2, 2);
    SAME(uniform(LSV_FLOAT64, -1, 1, 2, &a), -0.9680674955595716, -0.538212348755702);
    SAME(integers(LSV_INT64, 0, 1000000000000, 2, &a), 392732464494, 803683034566);
    CHECK(lsv_rng_seed_words(&rng, LSV_RNG_LEGACY, (const uint32_t[]){1, 2, 3}, 3, &err) == LSV_OK);
    SAME(uniform(LSV_FLOAT64, 0, 1, 2, &a), 0.6098612722867289, 0.8866970434146851);
}

static void pcg(void) {
    lsv_rng_seed(&rng, LSV_RNG_PCG64, 42);
    SAME(uniform(LSV_FLOAT64, 0, 1, 3, &a), 0.7739560485559633, 0.4388784397520523, 0.8585979199113825);
    SAME(normal(LSV_FLOAT64, 0, 1, 3, &a), 0.9405647163912139, -1.9510351886538364, -1.302179506862318);
    SAME(integers(LSV_INT64, 0, 10, 7, &a), 7, 7, 7, 7, 5, 1, 8);
    SAME(normal(LSV_FLOAT64, 5, 2, 2, &a), 6.758795949725657, 6.555583870857896);
    SAME(lsv_random_permutation(&rng, 8, &a, &err), 5, 0, 4, 2, 3, 7, 6, 1);
    SAME(exponential(2, 2, &a), 0.18315453478038307, 0.6303584042647857);
    SAME(choice(10, 4, false, false, &a), 9, 7, 2, 6);
    SAME(choice(4, 6, true, true, &a), 3, 3, 3, 1, 2, 0);
    SAME(uniform(LSV_FLOAT64, -1, 1, 2, &a), -0.6914210158649043, 0.36609790648490925);
    SAME(integers(LSV_INT64, 0, 1000000000000, 2, &a), 744762155907, 967509732434);
    SAME(uniform(LSV_FLOAT32, 0, 1, 2, &a), 0.35452592372894287, 0.4108503460884094);
    SAME(normal(LSV_FLOAT32, 0, 1, 2, &a), 0.44997626543045044, -0.7646750211715698);
    SAME(choice(20000, 1000, false, false, &a), 17588, 7369, 14310);
    CHECK(lsv_rng_seed_words(&rng, LSV_RNG_PCG64, (const uint32_t[]){1, 2, 3}, 3, &err) == LSV_OK);
    SAME(uniform(LSV_FLOAT64, 0, 1, 2, &a), 0.6704722626516632, 0.1110146366693816);
    lsv_rng_seed(&rng, LSV_RNG_PCG64, 9223372036854775813u);
    SAME(uniform(LSV_FLOAT64, 0, 1, 2, &a), 0.48023310532329777, 0.9041733770137489);
}

static void torch(void) {
    lsv_rng_seed(&rng, LSV_RNG_TORCH, 42);
    SAME(uniform(LSV_FLOAT32, 0, 1, 3, &a), 0.8822692632675171, 0.9150039553642273, 0.38286375999450684);
    SAME(normal(LSV_FLOAT32, 0, 1, 3, &a), -0.829319179058075, -1.6137069463729858, -0.21470452845096588);
    SAME(normal(LSV_FLOAT32, 0, 1, 17, &a), -0.9341631531715393, -1.1109038591384888, 0.09154565632343292,
         -2.316922664642334, -0.21680472791194916, -1.3846737146377563, -0.8712361454963684,
         -0.223365917801857, 1.7173614501953125, -0.5920005440711975, -0.06307438015937805,
         -0.8285542726516724, 0.3308984339237213, -1.5575724840164185, 0.9956361055374146,
         -0.8797858357429504, -0.6011420488357544);
    SAME(integers(LSV_INT64, 0, 10, 6, &a), 7, 3, 3, 4, 3, 7);
    SAME(lsv_random_permutation(&rng, 6, &a, &err), 0, 5, 4, 3, 2, 1);
    SAME(uniform(LSV_FLOAT64, 0, 1, 2, &a), 0.6568544351647246, 0.9304161293270143);
    SAME(normal(LSV_FLOAT64, 0, 1, 2, &a), 0.29893549051188345, 0.4335620109703795);
    SAME(normal(LSV_FLOAT64, 0, 1, 16, &a), -0.6234750395872724, -0.08752729745762633, -1.045895432778748);
    SAME(integers(LSV_INT64, 0, (int64_t)1 << 40, 2, &a), 229981369449, 13678845749);
    SAME(choice(4, 3, false, true, &a), 2, 3, 0);
    SAME(choice(4, 5, true, true, &a), 3, 2, 3, 1, 3);
}

static void states(void) {
    uint8_t bytes[LSV_TORCH_STATE_BYTES];
    lsv_rng other;
    lsv_rng_seed(&rng, LSV_RNG_TORCH, 7);
    lsv_random_gauss(&rng);
    lsv_torch_get_state(&rng, bytes);
    CHECK(lsv_torch_set_state(&other, bytes, sizeof bytes, &err) == LSV_OK);
    for (int i = 0; i < 2000; i++) CHECK(lsv_random_gauss(&rng) == lsv_random_gauss(&other));
    CHECK(lsv_torch_set_state(&other, bytes, 5, &err) == LSV_ERUNTIME);
    /* A copied struct is a copied stream. */
    for (int type = LSV_RNG_LEGACY; type <= LSV_RNG_TORCH; type++) {
        lsv_rng_seed_entropy(&rng, (lsv_rng_type)type);
        other = rng;
        double x = lsv_random_double(&rng);
        CHECK(x == lsv_random_double(&other) && x >= 0 && x < 1);
        lsv_rng_seed_entropy(&other, (lsv_rng_type)type);
        CHECK(lsv_random_double(&rng) != lsv_random_double(&other));
    }
}

static void shuffles(void) {
    lsv_array *a, *rows;
    CHECK(lsv_arange(LSV_NUMPY, LSV_INT64, lsv_scalar_int(0), lsv_scalar_int(1), 12, &a, &err) == LSV_OK);
    CHECK(lsv_reshape(a, 2, (const ptrdiff_t[]){4, 3}, false, &rows, &err) == LSV_OK);
    lsv_rng_seed(&rng, LSV_RNG_LEGACY, 10);
    CHECK(lsv_random_shuffle(&rng, rows, &err) == LSV_OK);
    const int64_t *x = (const int64_t *)a->data;
    int64_t sum = 0;
    for (int i = 0; i < 12; i++) sum += x[i];
    for (int i = 0; i < 12; i += 3) CHECK(x[i] % 3 == 0 && x[i + 1] == x[i] + 1 && x[i + 2] == x[i] + 2);
    CHECK(sum == 66);
    a->flags |= LSV_READONLY;
    CHECK(lsv_random_shuffle(&rng, a, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "array is read-only");
    lsv_release(rows);
    lsv_release(a);
}

static void errors(void) {
    lsv_array *a = NULL;
    lsv_rng_seed(&rng, LSV_RNG_LEGACY, 0);
    CHECK(integers(LSV_INT64, 5, 5, 3, &a) == LSV_EVALUE);
    CHECK_TEXT(err.message, "low >= high");
    CHECK(integers(LSV_INT64, 0, 0, 3, &a) == LSV_EVALUE);
    CHECK_TEXT(err.message, "high <= 0");
    CHECK(normal(LSV_FLOAT64, 0, -1, 3, &a) == LSV_EVALUE);
    CHECK_TEXT(err.message, "scale < 0");
    CHECK(uniform(LSV_FLOAT64, 0, INFINITY, 3, &a) == LSV_EOVERFLOW);
    CHECK(choice(3, 5, false, false, &a) == LSV_EVALUE);
    CHECK(choice(5, 5, true, true, &a) == LSV_EVALUE);
    CHECK_TEXT(err.message, "'a' and 'p' must have same size");
    lsv_rng_seed(&rng, LSV_RNG_TORCH, 0);
    CHECK(integers(LSV_INT64, 5, 5, 3, &a) == LSV_ERUNTIME);
    CHECK(uniform(LSV_INT64, 0, 1, 3, &a) == LSV_ENOTIMPL);
    CHECK(normal(LSV_FLOAT32, 0, -2, 3, &a) == LSV_ERUNTIME);
    CHECK_TEXT(err.message, "normal expects std >= 0.0, but found std -2");
    CHECK(a == NULL);
}

/* Each allocation of every function failed once: LSV_ENOMEM, no result, nothing left behind. */
static void failing(void) {
    for (int type = LSV_RNG_LEGACY; type <= LSV_RNG_TORCH; type++)
        for (int which = 0; which < 7; which++)
            for (long k = 1; k < 20; k++) {
                lsv_array *a = NULL;
                long live = lsv_alloc_live();
                lsv_status status = LSV_OK;
                lsv_rng_seed(&rng, (lsv_rng_type)type, 1);
                lsv_alloc_fail_at(k);
                switch (which) {
                case 0: status = uniform(LSV_FLOAT64, 0, 1, 100, &a); break;
                case 1: status = normal(LSV_FLOAT64, 0, 1, 100, &a); break;
                case 2: status = integers(LSV_INT64, 0, 9, 100, &a); break;
                case 3: status = lsv_random_permutation(&rng, 100, &a, &err); break;
                case 4: status = choice(4, 3, false, true, &a); break;
                case 5: status = choice(4, 30, true, true, &a); break;
                case 6: status = choice(20000, 2000, false, type != LSV_RNG_LEGACY && k > 100, &a); break;
                }
                lsv_alloc_fail_at(0);
                CHECK(status == LSV_OK || (status == LSV_ENOMEM && a == NULL));
                bool done = status == LSV_OK;
                lsv_release(a);
                CHECK(lsv_alloc_live() == live);
                if (done) break;
            }
}

int main(void) {
    legacy();
    pcg();
    torch();
    states();
    shuffles();
    errors();
    failing();
    return check_done();
}
