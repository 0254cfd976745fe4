/* torch's random functions over the session's torch stream, or over generator=. */
#include "array/elementwise.h"
#include "lang/builtins/arrays/draws.h"

/* PyTorch's default seed of a new Generator. */
static const uint64_t first_seed = 67280421310721u;

static lsv_rng *stream(ls_work *w, ls_value generator) {
    if (generator.tag == LS_RNG && generator.rng->rng.type == LSV_RNG_TORCH) return &generator.rng->rng;
    return ls_torch_stream(w->in);
}

/* ---- seeding ---- */

BUILTIN(torch_manual_seed) {
    uint64_t seed;
    if (!ls_seed(w, args[0], &seed)) return false;
    lsv_rng_seed(&w->in->torch_rng, LSV_RNG_TORCH, seed);
    w->in->torch_seeded = true;
    ls_cuda_seed(w->in, seed);
    return true;
}

BUILTIN(torch_seed) {
    lsv_rng_seed_entropy(&w->in->torch_rng, LSV_RNG_TORCH);
    uint64_t seed = w->in->torch_rng.mt.seed >> 1; /* an integer of the language has 63 bits */
    lsv_rng_seed(&w->in->torch_rng, LSV_RNG_TORCH, seed);
    w->in->torch_seeded = true;
    *out = ls_int((int64_t)seed);
    return true;
}

BUILTIN(torch_initial_seed) {
    *out = ls_int((int64_t)ls_torch_stream(w->in)->mt.seed);
    return true;
}

BUILTIN(torch_generator) {
    lsv_rng rng;
    int device;
    if (!ls_device_of(w->in, "Generator", args[0], &device)) return false;
    if (device > 0) {
        ls_raise(w->in, "NotImplementedError", "a Generator of the GPU's own is not offered");
        ls_hint(w->in, "torch.manual_seed and torch.cuda.manual_seed seed the GPU's stream");
        return false;
    }
    lsv_rng_seed(&rng, LSV_RNG_TORCH, first_seed);
    return ls_give_value(w, out, ls_rng_new(&rng));
}

BUILTIN(generator_manual_seed) {
    uint64_t seed;
    if (!ls_seed(w, args[1], &seed)) return false;
    lsv_rng_seed(&args[0].rng->rng, LSV_RNG_TORCH, seed);
    *out = ls_ref(args[0]);
    return true;
}

BUILTIN(generator_seed) {
    if (w->self->op) lsv_rng_seed_entropy(&args[0].rng->rng, LSV_RNG_TORCH);
    *out = ls_int((int64_t)args[0].rng->rng.mt.seed);
    return true;
}

BUILTIN(torch_get_state) { return ls_give_value(w, out, ls_rng_new(stream(w, args[0]))); }

BUILTIN(torch_set_state) {
    ls_value state = args[w->self->op];
    if (state.tag != LS_RNG || state.rng->rng.type != LSV_RNG_TORCH) return ls_raise(w->in, "TypeError", "expected a state that get_rng_state gave");
    *(w->self->op ? &args[0].rng->rng : ls_torch_stream(w->in)) = state.rng->rng;
    return true;
}

/* ---- drawing ---- */

/* Where numbers come from: the stream of the GPU for tensors there, else the host's. */
typedef struct source { lsv_rng *host; lsv_philox *gpu; } source;

static bool source_of(ls_work *w, ls_value generator, int place, source *s) {
    *s = (source){stream(w, generator), NULL};
    if (place <= 0) return true;
    if (!ls_is_none(generator)) return ls_raise(w->in, "RuntimeError", "Expected a 'cuda' device type for generator but found 'cpu'");
    s->gpu = ls_cuda_stream(w);
    return s->gpu != NULL;
}

/* The same for a tensor that device= may place; None: `otherwise`, or torch's default device. */
static bool source_at(ls_work *w, ls_value generator, ls_value device, int otherwise, source *s) {
    int place;
    char name[64];
    if (!ls_device_of(w->in, ls_torch_name(w->self, name, sizeof name), device, &place)) return false;
    if (place == LS_ANYWHERE) place = otherwise;
    return (place != LS_ANYWHERE || ls_device_default(w->in, &place)) && source_of(w, generator, place, s);
}

static lsv_status uniform(ls_work *w, const source *s, lsv_dtype d, const lsv_shape *shape, double low, double high, lsv_array **r) {
    return s->gpu ? lsv_philox_uniform(s->gpu, d, shape, low, high, r, &w->err) : lsv_random_uniform(s->host, d, shape, low, high, r, &w->err);
}

static lsv_status normal(ls_work *w, const source *s, lsv_dtype d, const lsv_shape *shape, double mean, double std, lsv_array **r) {
    return s->gpu ? lsv_philox_normal(s->gpu, d, shape, mean, std, r, &w->err) : lsv_random_normal(s->host, d, shape, mean, std, r, &w->err);
}

static lsv_status integers(ls_work *w, const source *s, lsv_dtype d, const lsv_shape *shape, int64_t low, int64_t high, lsv_array **r) {
    return s->gpu ? lsv_philox_integers(s->gpu, d, shape, low, high, r, &w->err) : lsv_random_integers(s->host, d, shape, low, high, r, &w->err);
}

/* op 0: uniform, 1: normal */
static lsv_status draw(ls_work *w, const source *from, lsv_dtype d, const lsv_shape *s, lsv_array **r) {
    return w->self->op ? normal(w, from, d, s, 0, 1, r) : uniform(w, from, d, s, 0, 1, r);
}

/* torch.rand(*size, generator, dtype, device, requires_grad), randn */
BUILTIN(torch_rand) {
    lsv_shape s;
    lsv_dtype d;
    lsv_array *r;
    bool ok = ls_is_none(args[1]) ? ls_shape_args(w, args[0], &s) : ls_as_shape(w->in, args[1], &s);
    if (!ok || !ls_dtype_or(w, args[3], w->in->torch_default, &d)) return false;
    if (!lsv_dtype_is_float(d)) return ls_raise(w->in, "NotImplementedError", "rand and randn draw floats, not %s", lsv_dtype_name(d));
    source from;
    return source_at(w, args[2], args[4], LS_ANYWHERE, &from) && ls_give_new(w, out, args[4], LS_ANYWHERE, args[5], draw(w, &from, d, &s, &r), &r);
}

static lsv_shape shape_like(const lsv_array *a) {
    lsv_shape s = {.ndim = a->ndim};
    for (int i = 0; i < a->ndim; i++) s.dims[i] = a->shape[i];
    return s;
}

/* torch.rand_like(input, *, dtype, device, requires_grad, generator), randn_like */
BUILTIN(torch_rand_like) {
    lsv_array *a, *r;
    lsv_dtype d;
    if (!ls_arg(w, args, 0, &a) || !ls_dtype_or(w, args[1], (lsv_dtype)a->dtype, &d)) return false;
    if (!lsv_dtype_is_float(d)) return ls_raise(w->in, "NotImplementedError", "rand_like and randn_like draw floats, not %s", lsv_dtype_name(d));
    lsv_shape s = shape_like(a);
    source from;
    return source_at(w, args[4], args[2], a->device, &from) && ls_give_new(w, out, args[2], a->device, args[3], draw(w, &from, d, &s, &r), &r);
}

/* torch.randint(high, size) or (low, high, size), *, generator, dtype, device, requires_grad */
BUILTIN(torch_randint) {
    ls_value low = args[0], high = args[1], size = args[2];
    if (ls_is_none(size) && (high.tag == LS_TUPLE || high.tag == LS_LIST)) {
        size = high;
        high = ls_none();
    }
    int64_t lo = 0, hi;
    lsv_shape s;
    lsv_dtype d;
    lsv_array *r;
    if (ls_is_none(size)) return ls_raise(w->in, "TypeError", "randint() missing the argument \"size\"");
    bool ok = ls_is_none(high) ? ls_as_int(w->in, low, "high", &hi) : ls_as_int(w->in, low, "low", &lo) && ls_as_int(w->in, high, "high", &hi);
    if (!ok || !ls_as_shape(w->in, size, &s) || !ls_dtype_or(w, args[4], LSV_INT64, &d)) return false;
    if (lo >= hi) return ls_raise(w->in, "RuntimeError", "random_ expects 'from' to be less than 'to', but got from=%lld >= to=%lld", (long long)lo, (long long)hi);
    source from;
    return source_at(w, args[3], args[5], LS_ANYWHERE, &from) && ls_give_new(w, out, args[5], LS_ANYWHERE, args[6], integers(w, &from, d, &s, lo, hi, &r), &r);
}

BUILTIN(torch_randint_like) {
    lsv_array *a, *r;
    int64_t lo = 0, hi;
    if (!ls_arg(w, args, 0, &a)) return false;
    bool ok = ls_is_none(args[2]) ? ls_as_int(w->in, args[1], "high", &hi) : ls_as_int(w->in, args[1], "low", &lo) && ls_as_int(w->in, args[2], "high", &hi);
    if (!ok) return false;
    lsv_shape s = shape_like(a);
    lsv_dtype d;
    if (!ls_dtype_or(w, args[3], (lsv_dtype)a->dtype, &d)) return false;
    source from;
    return source_at(w, ls_none(), args[4], a->device, &from) && ls_give_new(w, out, args[4], a->device, args[5], integers(w, &from, d, &s, lo, hi, &r), &r);
}

/* torch.randperm(n, *, generator, dtype, device) */
BUILTIN(torch_randperm) {
    ptrdiff_t n;
    lsv_dtype d;
    lsv_array *r;
    if (!ls_count(w, args[0], "n", &n) || !ls_dtype_or(w, args[2], LSV_INT64, &d)) return false;
    if (n < 0) return ls_raise(w->in, "RuntimeError", "n must be non-negative, got %td", n);
    if (!ls_ok(w, lsv_random_permutation(stream(w, args[1]), n, &r, &w->err)) || !ls_keep(w, r)) return false;
    return ls_give_new(w, out, args[3], LS_ANYWHERE, args[4], lsv_astype(r, d, &r, &w->err), &r);
}

/* torch.normal(mean, std, size=None, *, generator): tensors for mean or std give their shape */
BUILTIN(torch_normal) {
    lsv_array *m, *s, *r;
    lsv_shape shape;
    source from;
    if (!ls_operand(w, args, 0, &m) || !ls_operand(w, args, 1, &s)) return false;
    if (!ls_is_tensor(args[0]) && !ls_is_tensor(args[1])) {
        if (ls_is_none(args[2])) return ls_raise(w->in, "TypeError", "normal() missing the argument \"size\"");
        double mean = lsv_scalar_as_double(lsv_item(m, NULL)), std = lsv_scalar_as_double(lsv_item(s, NULL));
        lsv_dtype d;
        if (!ls_as_shape(w->in, args[2], &shape) || !ls_dtype_or(w, args[4], w->in->torch_default, &d)) return false;
        return source_at(w, args[3], args[5], LS_ANYWHERE, &from) && ls_give_new(w, out, args[5], LS_ANYWHERE, args[6], normal(w, &from, d, &shape, mean, std, &r), &r);
    }
    if (!ls_ok(w, lsv_broadcast(m, s, &shape.ndim, shape.dims, &w->err))) return false;
    lsv_dtype d = ls_is_tensor(args[0]) ? (lsv_dtype)m->dtype : (lsv_dtype)s->dtype;
    int place = ls_is_tensor(args[0]) ? m->device : s->device;
    if (!source_at(w, args[3], args[5], place, &from) || !ls_ok(w, normal(w, &from, d, &shape, 0, 1, &r)) || !ls_keep(w, r)) return false;
    return ls_binary_arrays(w, LSV_OP_MUL, r, s, &r) &&
           ls_give_new(w, out, args[5], place, args[6], lsv_binary(LSV_OP_ADD, r, m, &r, &w->err), &r);
}

/* torch.bernoulli(input): 1 with the element's probability */
BUILTIN(torch_bernoulli) {
    lsv_array *p, *u, *r;
    if (!ls_arg(w, args, 0, &p)) return false;
    lsv_shape s = shape_like(p);
    if (!ls_ok(w, lsv_random_uniform(stream(w, args[1]), p->dtype == LSV_FLOAT64 ? LSV_FLOAT64 : LSV_FLOAT32, &s, 0, 1, &u, &w->err)) || !ls_keep(w, u)) return false;
    return ls_binary_arrays(w, LSV_OP_LT, u, p, &r) && ls_give(w, out, lsv_astype(r, (lsv_dtype)p->dtype, &r, &w->err), &r);
}

/* torch.multinomial(input, num_samples, replacement=False, *, generator) of one row of weights */
BUILTIN(torch_multinomial) {
    lsv_array *p, *r;
    lsv_shape s = {.ndim = 1};
    bool replace;
    if (!ls_arg(w, args, 0, &p) || !ls_count(w, args[1], "num_samples", &s.dims[0]) || !ls_truth(w->in, args[2], &replace)) return false;
    if (p->ndim != 1) return ls_raise(w->in, "NotImplementedError", "multinomial takes one row of weights here");
    if (!lsv_dtype_is_float((lsv_dtype)p->dtype)) return ls_raise(w->in, "RuntimeError", "multinomial only supports floating-point dtypes for input, got: %s", lsv_dtype_name((lsv_dtype)p->dtype));
    if (s.dims[0] <= 0) return ls_raise(w->in, "RuntimeError", "cannot sample n_sample <= 0 samples");
    if (!replace && s.dims[0] > p->size) return ls_raise(w->in, "RuntimeError", "cannot sample n_sample > prob_dist.size(-1) samples without replacement");
    if (!ls_ok(w, lsv_contiguous(p, &p, &w->err)) || !ls_keep(w, p)) return false;
    return ls_give(w, out, lsv_random_choice_ordered(stream(w, args[3]), p->size, &s, replace, true, p, &r, &w->err), &r);
}

/* x.uniform_(low=0, high=1) (op 0), x.normal_(mean=0, std=1) (op 1) */
BUILTIN(tensor_fill_random) {
    lsv_array *a, *r;
    double x, y;
    if (!ls_arg(w, args, 0, &a) || !ls_as_double(w->in, args[1], "first", &x) || !ls_as_double(w->in, args[2], "second", &y)) return false;
    lsv_shape s = shape_like(a);
    lsv_dtype d = (lsv_dtype)a->dtype;
    source from;
    if (!source_of(w, args[3], a->device, &from)) return false;
    if (!ls_ok(w, w->self->op ? normal(w, &from, d, &s, x, y, &r) : uniform(w, &from, d, &s, x, y, &r)) || !ls_keep(w, r)) return false;
    if (!ls_device_assign(w->in, a, r)) return false;
    *out = ls_ref(args[0]);
    return true;
}

#define SIZED "(*sizes, size=None, generator=None, dtype=None, device=None, requires_grad=False)"
#define LIKE "(input, *, dtype=None, device=None, requires_grad=False, generator=None)"

const ls_builtin ls_family_random_torch[] = {
    {"torch.manual_seed torch.random.manual_seed", "(seed)", "Seeds the session's torch stream", NULL, NULL, torch_manual_seed, 0, LS_CALLABLE, NULL},
    {"torch.seed torch.random.seed", "()", "Seeds the torch stream from the system's entropy", NULL, NULL, torch_seed, 0, LS_CALLABLE, NULL},
    {"torch.initial_seed torch.random.initial_seed", "()", "The seed the torch stream started from", NULL, NULL, torch_initial_seed, 0, LS_CALLABLE, NULL},
    {"torch.Generator", "(device=None)", "A torch stream of its own", NULL, NULL, torch_generator, 0, LS_CALLABLE, NULL},
    {"torchgenerator.manual_seed", "(self, seed)", "Seeds the stream and gives it back", NULL, NULL, generator_manual_seed, 0, LS_CALLABLE, NULL},
    {"torchgenerator.initial_seed", "(self)", "The seed the stream started from", NULL, NULL, generator_seed, 0, LS_CALLABLE, NULL},
    {"torchgenerator.seed", "(self)", "Seeds the stream from the system's entropy", NULL, NULL, generator_seed, 1, LS_CALLABLE, NULL},
    {"torchgenerator.get_state", "(self)", "The state of the stream", NULL, NULL, torch_get_state, 0, LS_CALLABLE, NULL},
    {"torchgenerator.set_state", "(self, new_state)", "Back to a state that get_state gave", NULL, NULL, torch_set_state, 1, LS_CALLABLE, NULL},
    {"torch.get_rng_state torch.random.get_rng_state", "(generator=None)", "The state of the torch stream", NULL, NULL, torch_get_state, 0, LS_CALLABLE, NULL},
    {"torch.set_rng_state torch.random.set_rng_state", "(new_state)", "Back to a state that get_rng_state gave", NULL, NULL, torch_set_state, 0, LS_CALLABLE, NULL},
    {"torch.rand", SIZED, "Uniform numbers in [0, 1)", NULL, NULL, torch_rand, 0, LS_CALLABLE, NULL},
    {"torch.randn", SIZED, "Standard normal numbers", NULL, NULL, torch_rand, 1, LS_CALLABLE, NULL},
    {"torch.rand_like", LIKE, "Uniform numbers in the shape of input", NULL, NULL, torch_rand_like, 0, LS_CALLABLE, NULL},
    {"torch.randn_like", LIKE, "Standard normal numbers in the shape of input", NULL, NULL, torch_rand_like, 1, LS_CALLABLE, NULL},
    {"torch.randint", "(low, high=None, size=None, *, generator=None, dtype=None, device=None, requires_grad=False)", "Integers low … high - 1; randint(high, size) starts at 0", NULL, NULL, torch_randint, 0, LS_CALLABLE, NULL},
    {"torch.randint_like", "(input, low, high=None, *, dtype=None, device=None, requires_grad=False)", "Integers in the shape of input", NULL, NULL, torch_randint_like, 0, LS_CALLABLE, NULL},
    {"torch.randperm", "(n, *, generator=None, dtype=None, device=None, requires_grad=False)", "A random order of 0 … n - 1", NULL, NULL, torch_randperm, 0, LS_CALLABLE, NULL},
    {"torch.normal", "(mean=0.0, std=1.0, size=None, *, generator=None, dtype=None, device=None, requires_grad=False)", "Normal numbers with a mean and standard deviation", NULL, NULL, torch_normal, 0, LS_CALLABLE, NULL},
    {"torch.bernoulli tensor.bernoulli", "(input, *, generator=None)", "Ones with the elements' probabilities", NULL, NULL, torch_bernoulli, 0, LS_CALLABLE, NULL},
    {"torch.multinomial tensor.multinomial", "(input, num_samples, replacement=False, *, generator=None)", "Indices drawn with the weights in input", NULL, NULL, torch_multinomial, 0, LS_CALLABLE, NULL},
    {"tensor.uniform_ torch.nn.init.uniform_", "(self, a=0.0, b=1.0, *, generator=None)", "Uniform numbers in [a, b) into the tensor", NULL, NULL, tensor_fill_random, 0, LS_CALLABLE, NULL},
    {"tensor.normal_ torch.nn.init.normal_", "(self, mean=0.0, std=1.0, *, generator=None)", "Normal numbers into the tensor", NULL, NULL, tensor_fill_random, 1, LS_CALLABLE, NULL},
    {.names = NULL}};
