/* numpy.random: the legacy functions over the session's stream, RandomState and Generator objects over
   their own. One function serves np.random.f (op 0) and the method f of a stream (op 1: self comes first).
   Draws without size= are Python numbers, as NumPy gives them. */
#include "array/elementwise.h"
#include "lang/builtins/arrays/draws.h"

lsv_rng *ls_numpy_stream(ls_interp *in) {
    if (!in->numpy_seeded) lsv_rng_seed_entropy(&in->numpy_rng, LSV_RNG_LEGACY);
    in->numpy_seeded = true;
    return &in->numpy_rng;
}

lsv_rng *ls_torch_stream(ls_interp *in) {
    if (!in->torch_seeded) lsv_rng_seed_entropy(&in->torch_rng, LSV_RNG_TORCH);
    in->torch_seeded = true;
    return &in->torch_rng;
}

bool ls_seed(ls_work *w, ls_value v, uint64_t *seed) {
    int64_t i;
    if (!ls_as_int(w->in, v, "seed", &i)) return false;
    *seed = (uint64_t)i;
    return true;
}

lsv_rng *ls_draw_stream(ls_work *w, bool method, const ls_value **args) {
    if (!method) return ls_numpy_stream(w->in);
    lsv_rng *rng = &(*args)[0].rng->rng;
    ++*args;
    return rng;
}

bool ls_draw_size(ls_work *w, ls_value size, lsv_shape *s, bool *scalar) {
    *scalar = ls_is_none(size);
    s->ndim = 0;
    return *scalar || ls_as_shape(w->in, size, s);
}

bool ls_give_draw(ls_work *w, ls_value *out, lsv_status status, lsv_array **r, bool scalar, bool numpy) {
    if (!ls_ok(w, status)) return false;
    if (!scalar || numpy) return scalar ? ls_give(w, out, LSV_OK, r) : ls_give_array(w, out, LSV_OK, r);
    lsv_scalar x = lsv_item(*r, NULL);
    lsv_release(*r);
    *out = x.dtype == LSV_BOOL ? ls_bool(x.i != 0) : lsv_dtype_is_float(x.dtype) ? ls_float(x.f) : ls_int(x.i);
    return true;
}

/* ---- seeding and streams ---- */

/* Words of an array seed. */
static bool seed_words(ls_work *w, ls_value v, lsv_rng *rng, lsv_rng_type type) {
    lsv_array *a;
    enum { MOST = 624 };
    uint32_t words[MOST];
    if (!ls_array_like(w, v, LSV_NUMPY, LSV_INT64, &a) || !ls_ok(w, lsv_ravel(a, false, &a, &w->err)) || !ls_keep(w, a)) return false;
    if (a->size == 0 || a->size > MOST) return ls_raise(w->in, "ValueError", "a seed has 1 to %d words", MOST);
    for (ptrdiff_t i = 0; i < a->size; i++) {
        int64_t x = lsv_item(a, &i).i;
        if (x < 0 || x > UINT32_MAX) return ls_raise(w->in, "ValueError", "Seed must be between 0 and 2**32 - 1");
        words[i] = (uint32_t)x;
    }
    return ls_ok(w, lsv_rng_seed_words(rng, type, words, (int)a->size, &w->err));
}

static bool seeded(ls_work *w, ls_value v, lsv_rng *rng, lsv_rng_type type) {
    if (ls_is_none(v)) {
        lsv_rng_seed_entropy(rng, type);
        return true;
    }
    if (v.tag == LS_LIST || v.tag == LS_TUPLE || (v.tag == LS_ARRAY && v.array->ndim)) return seed_words(w, v, rng, type);
    uint64_t seed;
    if (!ls_seed(w, v, &seed)) return false;
    if ((int64_t)seed < 0 && type == LSV_RNG_PCG64) return ls_raise(w->in, "ValueError", "expected non-negative integer");
    if (type == LSV_RNG_LEGACY && seed > UINT32_MAX) return ls_raise(w->in, "ValueError", "Seed must be between 0 and 2**32 - 1");
    lsv_rng_seed(rng, type, seed);
    return true;
}

BUILTIN(np_seed) {
    bool ok;
    if (w->self->op) {
        ok = seeded(w, args[1], &args[0].rng->rng, LSV_RNG_LEGACY);
    } else {
        ok = seeded(w, args[0], &w->in->numpy_rng, LSV_RNG_LEGACY);
        w->in->numpy_seeded = w->in->numpy_seeded || ok;
    }
    return ok;
}

/* np.random.default_rng(seed) (op LSV_RNG_PCG64), RandomState(seed) */
BUILTIN(np_stream) {
    if (args[0].tag == LS_RNG) {
        *out = ls_ref(args[0]);
        return true;
    }
    lsv_rng rng;
    return seeded(w, args[0], &rng, (lsv_rng_type)w->self->op) && ls_give_value(w, out, ls_rng_new(&rng));
}

/* A state is a stream that nobody draws from. */
BUILTIN(np_get_state) { return ls_give_value(w, out, ls_rng_new(ls_numpy_stream(w->in))); }

BUILTIN(np_set_state) {
    if (args[0].tag != LS_RNG || args[0].rng->rng.type != LSV_RNG_LEGACY) return ls_raise(w->in, "TypeError", "state must be what get_state gave");
    w->in->numpy_rng = args[0].rng->rng;
    w->in->numpy_seeded = true;
    return true;
}

/* ---- uniform and normal ---- */

/* rand(*shape), randn(*shape): two functions, which */
static bool of_shape(ls_work *w, const ls_value *args, bool normal, ls_value *out) {
    const ls_value *v = args;
    lsv_rng *rng = ls_draw_stream(w, w->self->op, &v);
    lsv_shape s = {.ndim = 0};
    lsv_array *r;
    bool scalar = v[0].tuple->n == 0;
    if (!scalar && !ls_shape_args(w, v[0], &s)) return false;
    lsv_status status = normal ? lsv_random_normal(rng, LSV_FLOAT64, &s, 0, 1, &r, &w->err) : lsv_random_uniform(rng, LSV_FLOAT64, &s, 0, 1, &r, &w->err);
    return ls_give_draw(w, out, status, &r, scalar, false);
}

BUILTIN(np_rand) { return of_shape(w, args, false, out); }
BUILTIN(np_randn) { return of_shape(w, args, true, out); }

/* random(size=None, dtype), standard_normal */
static bool standard(ls_work *w, const ls_value *args, bool normal, ls_value *out) {
    const ls_value *v = args;
    lsv_rng *rng = ls_draw_stream(w, w->self->op, &v);
    lsv_shape s;
    lsv_array *r;
    lsv_dtype d = LSV_FLOAT64;
    bool scalar;
    if (!ls_draw_size(w, v[0], &s, &scalar)) return false;
    if (w->self->op && !ls_dtype_or(w, v[1], LSV_FLOAT64, &d)) return false;
    lsv_status status = normal ? lsv_random_normal(rng, d, &s, 0, 1, &r, &w->err) : lsv_random_uniform(rng, d, &s, 0, 1, &r, &w->err);
    return ls_give_draw(w, out, status, &r, scalar, false);
}

BUILTIN(np_random) { return standard(w, args, false, out); }
BUILTIN(np_standard_normal) { return standard(w, args, true, out); }

/* (a, b, size) with numbers: one library call; with arrays: standard draws, scaled. */
static bool two_parameters(ls_work *w, const ls_value *args, bool normal, ls_value *out) {
    const ls_value *v = args;
    lsv_rng *rng = ls_draw_stream(w, w->self->op, &v);
    lsv_shape s;
    lsv_array *a, *b, *r, *width;
    bool scalar;
    if (!ls_array_like(w, v[0], LSV_NUMPY, -1, &a) || !ls_array_like(w, v[1], LSV_NUMPY, -1, &b) || !ls_draw_size(w, v[2], &s, &scalar)) return false;
    if (a->ndim == 0 && b->ndim == 0) {
        double x = lsv_scalar_as_double(lsv_item(a, NULL)), y = lsv_scalar_as_double(lsv_item(b, NULL));
        if (normal && y < 0) return ls_raise(w->in, "ValueError", "scale < 0");
        lsv_status status = normal ? lsv_random_normal(rng, LSV_FLOAT64, &s, x, y, &r, &w->err) : lsv_random_uniform(rng, LSV_FLOAT64, &s, x, y, &r, &w->err);
        return ls_give_draw(w, out, status, &r, scalar, false);
    }
    if (scalar && !ls_ok(w, lsv_broadcast(a, b, &s.ndim, s.dims, &w->err))) return false;
    lsv_status status = normal ? lsv_random_normal(rng, LSV_FLOAT64, &s, 0, 1, &r, &w->err) : lsv_random_uniform(rng, LSV_FLOAT64, &s, 0, 1, &r, &w->err);
    if (!ls_ok(w, status) || !ls_keep(w, r)) return false;
    width = b;
    if (!normal && !ls_binary_arrays(w, LSV_OP_SUB, b, a, &width)) return false;
    return ls_binary_arrays(w, LSV_OP_MUL, r, width, &r) && ls_give(w, out, lsv_binary(LSV_OP_ADD, r, a, &r, &w->err), &r);
}

BUILTIN(np_normal) { return two_parameters(w, args, true, out); }
BUILTIN(np_uniform) { return two_parameters(w, args, false, out); }

/* ---- integers ---- */

static bool bounds(ls_work *w, ls_value low, ls_value high, int64_t *lo, int64_t *hi) {
    *lo = 0;
    if (ls_is_none(high)) return ls_as_int(w->in, low, "low", hi);
    return ls_as_int(w->in, low, "low", lo) && ls_as_int(w->in, high, "high", hi);
}

/* randint(low, high=None, size=None, dtype=int) */
BUILTIN(np_randint) {
    const ls_value *v = args;
    lsv_rng *rng = ls_draw_stream(w, w->self->op, &v);
    lsv_shape s;
    lsv_array *r;
    int64_t lo, hi;
    lsv_dtype d;
    bool scalar;
    if (!bounds(w, v[0], v[1], &lo, &hi) || !ls_draw_size(w, v[2], &s, &scalar) || !ls_dtype_or(w, v[3], LSV_INT64, &d)) return false;
    if (lo >= hi) return ls_raise(w->in, "ValueError", "low >= high");
    return ls_give_draw(w, out, lsv_random_integers(rng, d, &s, lo, hi, &r, &w->err), &r, scalar, !ls_is_none(v[3]) && d != LSV_INT64);
}

/* Generator.integers(low, high=None, size=None, dtype, endpoint=False) */
BUILTIN(generator_integers) {
    const ls_value *v = args;
    lsv_rng *rng = ls_draw_stream(w, w->self->op, &v);
    lsv_shape s;
    lsv_array *r;
    int64_t lo, hi;
    lsv_dtype d;
    bool scalar, endpoint;
    if (!bounds(w, v[0], v[1], &lo, &hi) || !ls_draw_size(w, v[2], &s, &scalar) || !ls_dtype_or(w, v[3], LSV_INT64, &d) || !ls_truth(w->in, v[4], &endpoint)) return false;
    if (endpoint && hi < INT64_MAX) hi++;
    if (lo >= hi) return ls_raise(w->in, "ValueError", "low >= high");
    return ls_give_draw(w, out, lsv_random_integers(rng, d, &s, lo, hi, &r, &w->err), &r, scalar, true);
}

/* ---- choosing and shuffling ---- */

/* Elements of a sequence of anything by index: one, or a list. */
static bool pick(ls_work *w, ls_value list, const lsv_array *ix, bool scalar, ls_value *out) {
    if (scalar) {
        *out = ls_ref(list.list->items[lsv_item(ix, NULL).i]);
        return true;
    }
    ls_value r = ls_list_new(ix->size);
    if (r.tag == LS_UNSET) return ls_no_memory(w->in);
    const int64_t *at = lsv_data(ix);
    for (ptrdiff_t i = 0; i < ix->size; i++)
        if (!ls_list_append(r.list, list.list->items[at[i]])) {
            ls_drop(r);
            return ls_no_memory(w->in);
        }
    *out = r;
    return true;
}

static bool has_text(ls_value v) {
    return (v.tag == LS_LIST && v.list->n > 0 && v.list->items[0].tag == LS_STR) || (v.tag == LS_TUPLE && v.tuple->n > 0 && v.tuple->items[0].tag == LS_STR);
}

static lsv_status choose(lsv_rng *rng, ptrdiff_t n, const lsv_shape *s, bool replace, bool shuffle, const lsv_array *p, lsv_array **ix, lsv_error *err) {
    if (rng->type != LSV_RNG_PCG64) return lsv_random_choice(rng, n, s, replace, p, ix, err);
    return lsv_random_choice_ordered(rng, n, s, replace, shuffle, p, ix, err);
}

/* choice(a, size=None, replace=True, p=None, axis=0, shuffle=True) */
BUILTIN(np_choice) {
    const ls_value *v = args;
    lsv_rng *rng = ls_draw_stream(w, w->self->op, &v);
    lsv_shape s;
    lsv_array *a = NULL, *p = NULL, *ix, *r;
    ptrdiff_t n;
    bool scalar, replace, shuffle = true, number = ls_is_int(v[0]) || (v[0].tag == LS_NPSCALAR && !lsv_dtype_is_float((lsv_dtype)v[0].dtype)), text = has_text(v[0]);
    if (!ls_draw_size(w, v[1], &s, &scalar) || !ls_truth(w->in, v[2], &replace) || !ls_truth(w->in, v[5], &shuffle)) return false;
    ls_value list = ls_none();
    if (number) {
        if (!ls_count(w, v[0], "a", &n)) return false;
        if (n <= 0) return ls_raise(w->in, "ValueError", "a must be greater than 0 unless no samples are taken");
    } else if (text) {
        if (!ls_to_list(w->in, v[0], &list)) return false;
        n = list.list->n;
    } else {
        if (!ls_array_like(w, v[0], LSV_NUMPY, -1, &a)) return false;
        if (a->ndim == 0 || (a->ndim != 1 && rng->type == LSV_RNG_LEGACY)) return ls_raise(w->in, "ValueError", "a must be 1-dimensional");
        n = a->shape[0];
        if (n == 0) return ls_raise(w->in, "ValueError", "'a' cannot be empty unless no samples are taken");
    }
    bool ok = ls_is_none(v[3]) || ls_array_like(w, v[3], LSV_NUMPY, LSV_FLOAT64, &p);
    ok = ok && ls_ok(w, choose(rng, n, &s, replace, shuffle, p, &ix, &w->err)) && ls_keep(w, ix);
    if (ok && text) ok = pick(w, list, ix, scalar, out);
    ls_drop(list);
    if (!ok || text) return ok;
    if (number) {
        lsv_ref(ix);
        return ls_give_draw(w, out, LSV_OK, &ix, scalar, rng->type != LSV_RNG_LEGACY);
    }
    return ls_give(w, out, lsv_take(a, ix, 0, false, &r, &w->err), &r);
}

/* permutation(x): of 0..x-1, or of the elements (slices) of a sequence */
BUILTIN(np_permutation) {
    const ls_value *v = args;
    lsv_rng *rng = ls_draw_stream(w, w->self->op, &v);
    lsv_array *a, *ix, *r;
    if (ls_is_int(v[0]) || v[0].tag == LS_NPSCALAR) {
        ptrdiff_t n;
        return ls_count(w, v[0], "x", &n) && ls_give(w, out, lsv_random_permutation(rng, n < 0 ? 0 : n, &r, &w->err), &r);
    }
    if (!ls_array_like(w, v[0], LSV_NUMPY, -1, &a)) return false;
    if (a->ndim == 0) return ls_raise(w->in, "IndexError", "x must be an integer or at least 1-dimensional");
    if (a->ndim == 1) {
        if (!ls_ok(w, lsv_copy(a, &r, &w->err)) || !ls_keep(w, r) || !ls_ok(w, lsv_random_shuffle(rng, r, &w->err))) return false;
        return ls_give_kept(w, out, r);
    }
    if (!ls_ok(w, lsv_random_permutation(rng, a->shape[0], &ix, &w->err)) || !ls_keep(w, ix)) return false;
    return ls_give(w, out, lsv_take(a, ix, 0, false, &r, &w->err), &r);
}

/* shuffle(x): an array or a list in place */
BUILTIN(np_shuffle) {
    const ls_value *v = args;
    lsv_rng *rng = ls_draw_stream(w, w->self->op, &v);
    if (v[0].tag == LS_ARRAY) return ls_ok(w, lsv_random_shuffle(rng, v[0].array, &w->err));
    if (v[0].tag != LS_LIST) return ls_raise(w->in, "TypeError", "shuffle changes an array or a list in place, not a %s", ls_type_of(v[0])->name);
    ls_list *list = v[0].list;
    lsv_array *ix;
    if (!ls_ok(w, lsv_random_permutation(rng, list->n, &ix, &w->err)) || !ls_keep(w, ix)) return false;
    ls_value *items = lsv_malloc((size_t)(list->n + 1) * sizeof *items);
    if (!items) return ls_no_memory(w->in);
    const int64_t *at = lsv_data(ix);
    for (ptrdiff_t i = 0; i < list->n; i++) items[i] = list->items[at[i]];
    for (ptrdiff_t i = 0; i < list->n; i++) list->items[i] = items[i];
    lsv_free(items);
    return true;
}

/* Each row is declared for np.random and, with self, for streams. "generator." serves RandomState too. */
#define BOTH(np, method, params, text, f)                                                          \
    {np, "(" params ")", text, NULL, NULL, f, 0, LS_CALLABLE, NULL}, {method, "(self, " params ")", text, NULL, NULL, f, 1, LS_CALLABLE, NULL}

const ls_builtin ls_family_random[] = {
    {"np.random.seed", "(seed=None)", "Seeds the session's NumPy stream", NULL, NULL, np_seed, 0, LS_CALLABLE, NULL},
    {"randomstate.seed", "(self, seed=None)", "Seeds the stream", NULL, NULL, np_seed, 1, LS_CALLABLE, NULL},
    {"np.random.default_rng np.random.Generator", "(seed=None)", "A new stream: PCG64 with NumPy's Generator methods",
     NULL, NULL, np_stream, LSV_RNG_PCG64, LS_CALLABLE, NULL},
    {"np.random.RandomState", "(seed=None)", "A new stream: MT19937 with the legacy methods", NULL, NULL, np_stream, LSV_RNG_LEGACY, LS_CALLABLE, NULL},
    {"np.random.get_state", "()", "The state of the session's stream", NULL, NULL, np_get_state, 0, LS_CALLABLE, NULL},
    {"np.random.set_state", "(state)", "Back to a state that get_state gave", NULL, NULL, np_set_state, 0, LS_CALLABLE, NULL},
    {"np.random.random np.random.random_sample np.random.ranf np.random.sample", "(size=None)", "Uniform numbers in [0, 1)", NULL, NULL, np_random, 0, LS_CALLABLE, NULL},
    {"generator.random randomstate.random_sample", "(self, size=None, dtype=None)", "Uniform numbers in [0, 1)", NULL, NULL, np_random, 1, LS_CALLABLE, NULL},
    {"np.random.standard_normal", "(size=None)", "Standard normal numbers", NULL, NULL, np_standard_normal, 0, LS_CALLABLE, NULL},
    {"generator.standard_normal", "(self, size=None, dtype=None)", "Standard normal numbers", NULL, NULL, np_standard_normal, 1, LS_CALLABLE, NULL},
    BOTH("np.random.rand", "randomstate.rand", "*shape", "Uniform numbers in [0, 1) of a shape", np_rand),
    BOTH("np.random.randn", "randomstate.randn", "*shape", "Standard normal numbers of a shape", np_randn),
    BOTH("np.random.normal", "generator.normal", "loc=0.0, scale=1.0, size=None", "Normal numbers with a mean and standard deviation", np_normal),
    BOTH("np.random.uniform", "generator.uniform", "low=0.0, high=1.0, size=None", "Uniform numbers in [low, high)", np_uniform),
    BOTH("np.random.randint", "randomstate.randint", "low, high=None, size=None, dtype=None", "Integers low … high - 1, or 0 … low - 1", np_randint),
    {"generator.integers", "(self, low, high=None, size=None, dtype=None, endpoint=False)", "Integers low … high - 1, or 0 … low - 1", NULL, NULL, generator_integers, 1, LS_CALLABLE, NULL},
    BOTH("np.random.choice", "generator.choice", "a, size=None, replace=True, p=None, axis=0, shuffle=True", "Elements of a, with or without replacement", np_choice),
    BOTH("np.random.permutation", "generator.permutation", "x, axis=0", "A random order of 0 … x - 1, or of the elements of x", np_permutation),
    BOTH("np.random.shuffle", "generator.shuffle", "x, axis=0", "The elements of x in random order, in place", np_shuffle),
    {.names = NULL}};
