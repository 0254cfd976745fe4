/* Random streams, draw for draw as NumPy and PyTorch draw them.

   lsv_mt19937 with NumPy's legacy distributions (numpy.random.seed, RandomState), lsv_pcg64
   with the Generator's (numpy.random.default_rng), and PyTorch's CPU generator (MT19937 with
   its own distributions). A stream is plain data: copying the struct copies the stream. */
#ifndef LSV_RANDOM_RANDOM_H
#define LSV_RANDOM_RANDOM_H

#include "array/array.h"

typedef enum lsv_rng_type { LSV_RNG_LEGACY, LSV_RNG_PCG64, LSV_RNG_TORCH } lsv_rng_type;

typedef struct lsv_rng {
    lsv_rng_type type;
    union {
        struct {
            uint32_t key[624];
            int pos;             /* next word; 624: refill first */
            bool has_gauss;      /* legacy: a second normal kept; torch: next_double_normal */
            double gauss;
            bool has_gauss_float; /* torch: next_float_normal */
            float gauss_float;
            uint64_t seed;       /* torch: initial_seed() */
        } mt;
        struct {
            uint64_t state[2], inc[2]; /* low word first */
            bool has_uint32;
            uint32_t uinteger;
        } pcg;
    };
} lsv_rng;

/* Seeding. Legacy: seed in 0..2^32-1. PCG64: any seed through SeedSequence. Torch: any. */
void lsv_rng_seed(lsv_rng *rng, lsv_rng_type type, uint64_t seed);
/* Array seeds: RandomState([…]) and default_rng([…]); words as NumPy takes them. */
lsv_status lsv_rng_seed_words(lsv_rng *rng, lsv_rng_type type, const uint32_t *words, int n, lsv_error *err);
/* From the system's entropy. */
void lsv_rng_seed_entropy(lsv_rng *rng, lsv_rng_type type);

/* Every filling function takes the stream its type says, and fills a new C-contiguous array in
   the library's order (torch draws normals in blocks of 16 from 16 elements on).
   Results are of the torch kind for LSV_RNG_TORCH and of the NumPy kind otherwise. */
typedef struct lsv_shape { int ndim; ptrdiff_t dims[LSV_MAXDIM]; } lsv_shape;

lsv_status lsv_random_uniform(lsv_rng *rng, lsv_dtype dtype, const lsv_shape *shape, double low, double high, lsv_array **out, lsv_error *err);   /* [low, high) */
lsv_status lsv_random_normal(lsv_rng *rng, lsv_dtype dtype, const lsv_shape *shape, double mean, double std, lsv_array **out, lsv_error *err);
/* Integers low..high-1. masked: legacy randint; PCG64: Lemire; torch: randint. */
lsv_status lsv_random_integers(lsv_rng *rng, lsv_dtype dtype, const lsv_shape *shape, int64_t low, int64_t high, lsv_array **out, lsv_error *err);
lsv_status lsv_random_permutation(lsv_rng *rng, ptrdiff_t n, lsv_array **out, lsv_error *err); /* torch: randperm */
/* Shuffle along the first axis, in place. */
lsv_status lsv_random_shuffle(lsv_rng *rng, lsv_array *a, lsv_error *err);
/* `count` indices out of n; p NULL for equal chances (else float64, 1-D, n long, checked). */
lsv_status lsv_random_choice(lsv_rng *rng, ptrdiff_t n, const lsv_shape *shape, bool replace, const lsv_array *p, lsv_array **out, lsv_error *err);
/* The same with Generator.choice's shuffle argument: false leaves a sample without replacement
   in the order in which it was found (PCG64 only). On a torch stream p need not sum
   to one, and the draws are torch.multinomial's (in float32 when p is). */
lsv_status lsv_random_choice_ordered(lsv_rng *rng, ptrdiff_t n, const lsv_shape *shape, bool replace, bool shuffle, const lsv_array *p, lsv_array **out, lsv_error *err);
/* Other distributions that notebooks use. */
lsv_status lsv_random_exponential(lsv_rng *rng, const lsv_shape *shape, double scale, lsv_array **out, lsv_error *err);

/* numpy.random's distributions (distributions.c), on legacy and PCG64 streams. Parameters, as many as the distribution
   has, are contiguous float64 arrays that broadcast to the shape; draws are float64, or int64 for the last three. LSV_EVALUE
   with NumPy's text ("scale < 0") where a parameter is out of its range. */
typedef enum lsv_distribution {
    LSV_STANDARD_EXPONENTIAL, LSV_EXPONENTIAL, LSV_LOGNORMAL, LSV_LAPLACE, LSV_GUMBEL, LSV_LOGISTIC, LSV_RAYLEIGH, LSV_WEIBULL, LSV_PARETO,
    LSV_POWER, LSV_TRIANGULAR, LSV_STANDARD_CAUCHY, LSV_STANDARD_GAMMA, LSV_GAMMA, LSV_BETA, LSV_CHISQUARE, LSV_STANDARD_T,
    LSV_GEOMETRIC, LSV_POISSON, LSV_BINOMIAL
} lsv_distribution;
enum { LSV_MOST_PARAMETERS = 3 };
int lsv_distribution_parameters(lsv_distribution d);
lsv_status lsv_random_draws(lsv_rng *rng, lsv_distribution d, lsv_array *const *params, const lsv_shape *shape, lsv_array **out, lsv_error *err);
/* Vectors along the last axis of the shape, which is as long as p (probabilities, n >= 0 trials) or alpha (not negative);
   both 1-D, contiguous float64, checked by the caller. */
lsv_status lsv_random_multinomial(lsv_rng *rng, int64_t n, const lsv_array *p, const lsv_shape *shape, lsv_array **out, lsv_error *err);
lsv_status lsv_random_dirichlet(lsv_rng *rng, const lsv_array *alpha, const lsv_shape *shape, lsv_array **out, lsv_error *err);

double lsv_random_double(lsv_rng *rng);   /* one draw from [0, 1) */
double lsv_random_gauss(lsv_rng *rng);    /* one standard normal  */

/* torch.get_rng_state() and torch.set_rng_state(): the bytes of PyTorch's CPU generator, on a
   64-bit little-endian machine. Setting fails with LSV_ERUNTIME for bytes that are no such state. */
enum { LSV_TORCH_STATE_BYTES = 5056 };
void lsv_torch_get_state(const lsv_rng *rng, uint8_t bytes[LSV_TORCH_STATE_BYTES]);
lsv_status lsv_torch_set_state(lsv_rng *rng, const uint8_t *bytes, size_t n, lsv_error *err);

#endif
