/* Functions of torch that are formulas over its other operations (composed.h): splitting, combining, integrating,
   distances, norms, polynomials' matrices, systems over several dims. */
#include <math.h>
#include <string.h>

#include "array/elementwise.h"
#include "base/interrupt.h"
#include "lang/autograd/autograd.h"
#include "lang/builtins/arrays/composed.h"

enum { CARTESIAN, COMBINATIONS, TAKE_ALONG, VANDER, LINALG_VANDER, TRAPEZOID, CUMULATIVE, FROBENIUS, NUCLEAR, PDIST, TENSORINV, TENSORSOLVE, NANQUANTILE,
       NANMEDIAN, LOGIT, XLOGY, EMBEDDING, DROPOUT };

/* Distances along a dim of length n, of x (a vector, or of y's shape) or of steps dx; and the means between neighbours. */
#define STEPS "(lambda n: (lambda h: (torch.narrow(y, dim, 1, n) + torch.narrow(y, dim, 0, n) if n > 0 else torch.narrow(y, dim, 0, 0)) * h / 2.0)" \
    "(dx if x is None else (lambda d: d.reshape([-1] + [1] * (y.ndim - 1 - dim)) if x.ndim == 1 else d)(torch.diff(x, 1, -1 if x.ndim == 1 else dim))))" \
    "(max(y.shape[dim] - 1, 0))"

static const struct formula { int n; const char *shown, *text; } formulas[] = {
    [CARTESIAN] = {1, "StackBackward0", "ts: ts[0] if len(ts) == 1 else torch.stack([g.reshape(-1) for g in torch.meshgrid(*ts, indexing='ij')], 1)"},
    [COMBINATIONS] = {3, "IndexBackward0",
                      "x, r, again: (lambda g: torch.stack([x[at[torch.stack([g[i] <= g[i + 1] if again else g[i] < g[i + 1] for i in range(r - 1)] or "
                      "[g[0] == g[0]]).all(0)]] for at in g], 1))(torch.meshgrid(*[torch.arange(len(x)) for i in range(r)], indexing='ij'))"},
    [TAKE_ALONG] = {3, "GatherBackward0",
                    "x, at, dim: (lambda x, at, dim: torch.gather(torch.broadcast_to(x, [n if d == dim % x.ndim else max(n, m) if min(n, m) else 0 for d, (n, m) in "
                    "enumerate(zip(x.shape, at.shape))]), dim, torch.broadcast_to(at, [m if d == dim % x.ndim else max(n, m) if min(n, m) else 0 for d, (n, m) in "
                    "enumerate(zip(x.shape, at.shape))])))(*((x.reshape(-1), at.reshape(-1), 0) if dim is None else (x, at, dim)))"},
    [VANDER] = {3, NULL, "x, n, up: (lambda p: p if up else p.flip(1))(torch.stack([x ** k if k else torch.ones_like(x) for k in range(len(x) if n is None else n)], 1))"},
    [LINALG_VANDER] = {2, NULL, "x, n: torch.stack([x ** k if k else torch.ones_like(x) for k in range(x.shape[-1] if n is None else n)], -1)"},
    [TRAPEZOID] = {4, NULL, "y, x, dx, dim: (" STEPS ").sum(dim)"},
    [CUMULATIVE] = {4, NULL, "y, x, dx, dim: (0.0 + " STEPS ").cumsum(dim)"},
    [FROBENIUS] = {3, "NormBackward1", "x, dim, keep: torch.linalg.vector_norm(x, 2, dim, keep)"},
    [NUCLEAR] = {3, NULL, "x, dim, keep: torch.linalg.matrix_norm(x, 'nuc', (-2, -1) if dim is None else dim, keep)"},
    [PDIST] = {2, "PdistBackward0",
               "x, p: (lambda n: (lambda i, j: torch.linalg.vector_norm(x[i] - x[j], p, -1))(torch.tensor([i for i in range(n) for j in range(i + 1, n)], dtype=torch.int64), "
               "torch.tensor([j for i in range(n) for j in range(i + 1, n)], dtype=torch.int64)))(x.shape[0])"},
    [TENSORINV] = {2, NULL, "x, k: (lambda n: torch.linalg.inv(x.reshape(n, n)).reshape(tuple(x.shape[k:]) + tuple(x.shape[:k])))(np.prod(x.shape[k:], dtype=int).item())"},
    [TENSORSOLVE] = {3, "ViewBackward0",
                     "A, b, dims: (lambda A: torch.linalg.solve(A.reshape(b.numel(), b.numel()), b.reshape(-1)).reshape(A.shape[b.ndim:]))"
                     "(A if dims is None else torch.movedim(A, dims, [A.ndim - len(dims) + k for k in range(len(dims))]))"},
    [NANQUANTILE] = {4, NULL,
                     "x, q, dim, keep: (lambda r: torch.tensor(r, dtype=x.dtype))(np.nanquantile(x.double().numpy(), np.array(q), axis=dim, keepdims=keep))"},
    [NANMEDIAN] = {3, NULL,
                   "x, dim, keep: (lambda s, k: [g if keep else g.squeeze(dim) for g in (torch.gather(s[0], dim, k), torch.gather(s[1], dim, k))])"
                   "(torch.sort(x, dim), ((~x.isnan()).sum(dim, keepdim=True) - 1).clamp(min=0) // 2)"},
    [LOGIT] = {2, "LogitBackward0", "x, eps: (lambda z: torch.log(z / (1 - z)))(x if eps is None else x.clamp(eps, 1 - eps))"},
    [XLOGY] = {2, "XlogyBackward0",
               "x, y: (lambda x, y: torch.where(y.isnan(), y + x, torch.where(x == 0, 0.0, x * y.log())))"
               "(x if torch.is_tensor(x) else torch.tensor(x), y if torch.is_tensor(y) else torch.tensor(y))"},
    [EMBEDDING] = {3, NULL, "w, at, padding: torch.nn.functional.embedding(at, w, None if padding < 0 else padding)"},
    [DROPOUT] = {3, NULL, "x, p, train: torch.nn.functional.dropout(x, p, train)"},
};

static bool formula(ls_work *w, int which, const ls_value *args, ls_value *out) {
    return ls_compose(w, out, formulas[which].text, args, formulas[which].n, formulas[which].shown);
}

/* The first argument is a tensor; nothing else to check. */
BUILTIN(composed) {
    lsv_array *a;
    return ls_arg(w, args, 0, &a) && formula(w, w->self->op, args, out);
}

static bool not_a_vector(ls_work *w, const lsv_array *a) {
    char text[128];
    return ls_raise(w->in, "RuntimeError", "Expect a 1D vector, but got shape %s", ls_sizes_text(a->ndim, a->shape, text, sizeof text));
}

/* ---- splitting and combining ---- */

/* hsplit, vsplit, dsplit(input, indices_or_sections): op says which */
BUILTIN(split_along) {
    lsv_array *a;
    int dim = w->self->op, least = dim ? dim + 1 : 2;
    char name[32];
    if (!ls_arg(w, args, 0, &a)) return false;
    if (dim == 1) least = 1;
    if (a->ndim < least)
        return ls_raise(w->in, "RuntimeError", "torch.%s requires a tensor with at least %d dimension, but got a tensor with %d dimensions!",
                        ls_torch_name(w->self, name, sizeof name), least, a->ndim);
    if (dim == 1 && a->ndim == 1) dim = 0;
    if (args[1].tag == LS_INT && (args[1].i <= 0 || a->shape[dim] % args[1].i))
        return ls_raise(w->in, "RuntimeError", "torch.%s attempted to split along dimension %d, but the size of the dimension %td is not divisible by the split_size %lld!",
                        ls_torch_name(w->self, name, sizeof name), dim, a->shape[dim], (long long)args[1].i);
    if (!ls_compose(w, out, "x, at, dim: torch.tensor_split(x, at, dim)", (ls_value[]){args[0], args[1], ls_int(dim)}, 3, NULL)) return false;
    for (ptrdiff_t k = 0; out->tag == LS_TUPLE && k < out->tuple->n; k++) ls_grad_show(out->tuple->items[k], "SliceBackward0");
    return true;
}

/* cartesian_prod(*tensors) */
BUILTIN(cartesian_prod) {
    lsv_array **parts;
    int n;
    if (!ls_parts(w, args, 0, &parts, &n)) return false;
    if (n == 0) return ls_raise(w->in, "RuntimeError", "meshgrid expects a non-empty TensorList");
    for (int i = 0; i < n; i++) {
        if (parts[i]->ndim != 1) return not_a_vector(w, parts[i]);
        if (parts[i]->dtype != parts[0]->dtype) return ls_raise(w->in, "RuntimeError", "meshgrid expects all tensors to have the same dtype");
    }
    return formula(w, CARTESIAN, args, out);
}

/* combinations(input, r=2, with_replacement=False) */
BUILTIN(combinations) {
    lsv_array *a;
    int64_t r;
    ptrdiff_t none = 0;
    if (!ls_arg(w, args, 0, &a) || !ls_as_int(w->in, args[1], "r", &r)) return false;
    if (a->ndim != 1) return not_a_vector(w, a);
    if (r < 0) return ls_raise(w->in, "RuntimeError", "Expect a non-negative number, but got %lld", (long long)r);
    if (r > LSV_MAXDIM) return ls_raise(w->in, "NotImplementedError", "combinations of more than %d elements", LSV_MAXDIM);
    if (r > 0) return formula(w, COMBINATIONS, args, out);
    lsv_array *empty;
    return ls_give(w, out, lsv_zeros(LSV_TORCH, (lsv_dtype)a->dtype, 1, &none, &empty, &w->err), &empty);
}

/* unique_consecutive(input, return_inverse=False, return_counts=False, dim=None) */
BUILTIN(unique_consecutive) {
    static const char text[] =
        "x, inverse, counts, dim: (lambda m: (lambda new: (lambda v, at: (v,) + ((at.reshape(x.shape) if dim is None else at,) if inverse else ()) + "
        "((torch.bincount(at),) if counts else ()) if inverse or counts else v)"
        "(m[new] if dim is None else x.movedim(dim, 0)[new].movedim(0, dim), new.long().cumsum(0) - 1))"
        "(torch.cat([torch.ones(min(len(m), 1), dtype=torch.bool), m[1:] != m[:-1] if dim is None else (m[1:] != m[:-1]).any(1)])))"
        "(x.reshape(-1) if dim is None else x.movedim(dim, 0).reshape(x.shape[dim], -1))";
    lsv_array *a;
    return ls_arg(w, args, 0, &a) && ls_compose(w, out, text, args, 4, NULL);
}

/* take_along_dim(input, indices, dim=None): the other dims broadcast */
BUILTIN(take_along_dim) {
    lsv_array *a, *ix;
    bool given;
    int dim;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &ix) || !ls_axis_or_none(w, args[2], "dim", &given, &dim)) return false;
    if (ix->dtype != LSV_INT64) return ls_raise(w->in, "RuntimeError", "torch.take_along_dim(): dtype of indices should be Long but got %s", ls_torch_type(ix));
    if (given && a->ndim != ix->ndim)
        return ls_raise(w->in, "RuntimeError",
                        "torch.take_along_dim(): input and indices should have the same number of dimensions, but got %d dimensions for input, and %d dimensions for indices",
                        a->ndim, ix->ndim);
    return (!given || ls_ok(w, lsv_axis(a, dim, &dim, &w->err))) && formula(w, TAKE_ALONG, args, out);
}

/* ---- polynomials, integrals, counts ---- */

BUILTIN(vander) {
    lsv_array *a;
    int64_t n = 1;
    if (!ls_arg(w, args, 0, &a) || (!ls_is_none(args[1]) && !ls_as_int(w->in, args[1], "N", &n))) return false;
    if (w->self->op == VANDER && a->ndim != 1) return ls_raise(w->in, "RuntimeError", "x must be a one-dimensional tensor.");
    if (w->self->op == VANDER && n < 0) return ls_raise(w->in, "RuntimeError", "N must be non-negative.");
    if (w->self->op == LINALG_VANDER && n < 1) return ls_raise(w->in, "RuntimeError", "N must be greater than 1.");
    if (w->self->op == VANDER && (n == 0 || a->size == 0)) {
        lsv_array *r;
        ptrdiff_t shape[2] = {a->size, ls_is_none(args[1]) ? a->size : (ptrdiff_t)n};
        return ls_give(w, out, lsv_full(LSV_TORCH, (lsv_dtype)a->dtype, 2, shape, lsv_scalar_int(0), &r, &w->err), &r);
    }
    return formula(w, w->self->op, args, out);
}

/* trapezoid, cumulative_trapezoid(y, x=None, *, dx=1, dim=-1) */
BUILTIN(trapezoid) {
    lsv_array *y, *x;
    int dim;
    bool whole = w->self->op == TRAPEZOID;
    if (!ls_arg(w, args, 0, &y) || !ls_axis(w, args[3], "dim", &dim) || !ls_ok(w, lsv_axis(y, dim, &dim, &w->err))) return false;
    if (!ls_is_none(args[1])) {
        if (!ls_arg(w, args, 1, &x)) return false;
        if (y->ndim && x->ndim && x->shape[x->ndim == y->ndim ? dim : x->ndim - 1] != y->shape[dim])
            return ls_raise(w->in, "RuntimeError", "%s: There must be one `x` value for each sample point", whole ? "trapezoid" : "cumulative_trapezoid");
    }
    if (y->ndim == 0) return ls_raise(w->in, "IndexError", "Dimension specified as %d but tensor has no dimensions", dim);
    if (!formula(w, w->self->op, (ls_value[]){args[0], args[1], args[2], ls_int(dim)}, out)) return false;
    ls_grad_show(*out, !ls_is_none(args[1]) ? "DivBackward1" : whole ? "MulBackward1" : NULL);
    return true;
}

/* histc(input, bins=100, min=0, max=0): equal limits are the data's own */
BUILTIN(histc) {
    lsv_array *a, *x, *r;
    double lo, hi;
    int64_t n;
    if (!ls_floats(w, args, 0, "histogram_cpu", &a) || !ls_as_int(w->in, args[1], "bins", &n) || !ls_as_double(w->in, args[2], "min", &lo) ||
        !ls_as_double(w->in, args[3], "max", &hi))
        return false;
    if (n <= 0) return ls_raise(w->in, "RuntimeError", "torch.histogram(): bins must be > 0, but got %lld for dimension 0", (long long)n);
    if (!ls_ok(w, lsv_contiguous(a, &x, &w->err)) || !ls_keep(w, x)) return false;
    const ptrdiff_t bins = (ptrdiff_t)n;
    if (lo > hi) return ls_raise(w->in, "RuntimeError", "torch.histc: max must be larger than min");
    const size_t step = lsv_dtype_size((lsv_dtype)x->dtype);
    if (lo == hi && x->size) {
        lo = INFINITY, hi = -INFINITY;
        for (ptrdiff_t i = 0; i < x->size; i++) {
            double v = lsv_load((lsv_dtype)x->dtype, x->data + i * (ptrdiff_t)step).f;
            if (!(v >= lo)) lo = v;
            if (!(v <= hi)) hi = v;
        }
    }
    if (!isfinite(lo) || !isfinite(hi)) return ls_raise(w->in, "RuntimeError", "torch.histc: range of [%g, %g] is not finite", lo, hi);
    if (lo == hi) lo -= 1, hi += 1;
    if (!ls_ok(w, lsv_zeros(LSV_TORCH, (lsv_dtype)a->dtype, 1, &bins, &r, &w->err)) || !ls_keep(w, r)) return false;
    for (ptrdiff_t i = 0; i < x->size; i++) {
        if (lsv_stop_at(i) && ls_interrupted(w->in)) return false;
        double v = lsv_load((lsv_dtype)x->dtype, x->data + i * (ptrdiff_t)step).f;
        if (!(v >= lo && v <= hi)) continue;
        /* in float32 for float32, as the places where rounding decides are those of PyTorch */
        double at = x->dtype == LSV_FLOAT64 ? (v - lo) * (double)bins / (hi - lo) : (double)((float)(v - lo) * (float)bins / (float)(hi - lo));
        ptrdiff_t k = at < (double)bins ? (ptrdiff_t)at : bins - 1;
        char *cell = r->data + k * (ptrdiff_t)step;
        lsv_store((lsv_dtype)r->dtype, cell, lsv_scalar_float(lsv_load((lsv_dtype)r->dtype, cell).f + 1));
    }
    return ls_give_kept(w, out, r);
}

static const char *const values_indices[] = {"values", "indices"};
static const ls_record nanmedian_record = {"torch.return_types.nanmedian", values_indices, 2};

/* nanmedian(input, dim=None, keepdim=False): the lower of the two middle ones */
BUILTIN(nanmedian) {
    lsv_array *a, *pair[2];
    bool given;
    int dim;
    ls_value r = ls_none();
    if (!ls_arg(w, args, 0, &a) || !ls_axis_or_none(w, args[1], "dim", &given, &dim)) return false;
    if (!given && a->size == 0) return ls_compose(w, out, "x: torch.tensor(np.nan, dtype=x.dtype)", args, 1, NULL);
    if (!given) return ls_compose(w, out, "x: torch.nanmedian(x.reshape(-1), 0)[0]", args, 1, "NanmedianBackward0");
    if (!formula(w, NANMEDIAN, args, &r)) return false;
    for (int i = 0; i < 2; i++) {
        pair[i] = lsv_ref(r.list->items[i].array);
        ls_grad_show(r.list->items[i], "NanmedianBackward1");
    }
    ls_drop(r);
    return ls_give_arrays(w, out, LSV_OK, &nanmedian_record, 2, pair);
}

/* ---- distances, systems ---- */

/* pdist(input, p=2.0) */
BUILTIN(pdist) {
    lsv_array *a;
    double p;
    if (!ls_arg(w, args, 0, &a) || !ls_as_double(w->in, args[1], "p", &p)) return false;
    if (a->ndim != 2) return ls_raise(w->in, "RuntimeError", "pdist only supports 2D tensors, got: %dD", a->ndim);
    if (!ls_floats(w, args, 0, "pdist", &a)) return ls_raise(w->in, "RuntimeError", "pdist only supports floating-point dtypes");
    if (p < 0) return ls_raise(w->in, "RuntimeError", "pdist only supports non-negative p values");
    return formula(w, PDIST, args, out);
}

/* tensorinv(A, ind=2) */
BUILTIN(tensorinv) {
    lsv_array *a;
    int64_t k, before = 1, after = 1;
    if (!ls_arg(w, args, 0, &a) || !ls_as_int(w->in, args[1], "ind", &k)) return false;
    if (k <= 0) return ls_raise(w->in, "RuntimeError", "Expected a strictly positive integer for 'ind', but got %lld", (long long)k);
    for (int d = 0; d < a->ndim; d++) *(d < k ? &before : &after) *= a->shape[d];
    if (before != after)
        return ls_raise(w->in, "RuntimeError", "Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got %lld != %lld",
                        (long long)after, (long long)before);
    return formula(w, TENSORINV, args, out);
}

/* tensorsolve(A, B, dims=None) */
BUILTIN(tensorsolve) {
    lsv_array *a, *b;
    int64_t rest = 1;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b)) return false;
    for (int d = b->ndim; d < a->ndim; d++) rest *= a->shape[d];
    if (ls_is_none(args[2]) && (rest != b->size || a->size != rest * b->size))
        return ls_raise(w->in, "RuntimeError", "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), but got %lld != %td",
                        (long long)rest, b->size);
    return formula(w, TENSORSOLVE, args, out);
}

BUILTIN(imag) { return ls_raise(w->in, "TypeError", "imag is not implemented for tensors with non-complex dtypes."); }

/* ---- element by element ---- */

/* The logarithmic derivative of the gamma function: reflected for x < 0, moved up to where its asymptotic series holds. */
static double digamma(double x) {
    static const double series[] = {1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132, -691.0 / 32760, 1.0 / 12};
    double shift = 0, tail = 0;
    if (x == 0) return copysign(INFINITY, -x);
    if (isinf(x)) return x > 0 ? x : NAN;
    if (x < 0) {
        double whole, rest = modf(x, &whole);
        return rest == 0 ? NAN : digamma(1 - x) - M_PI / tan(M_PI * rest);
    }
    for (; x < 10; x++) shift += 1 / x;
    double z = 1 / (x * x);
    for (int k = 6; k >= 0; k--) tail = z * (series[k] + tail);
    return log(x) - 0.5 / x - tail - shift;
}

/* Winitzki's approximation, then Newton's steps on erf: on erfc near the ends, where 1 - |y| is exact and erf is flat. */
static double erfinv(double y) {
    double a = fabs(y);
    if (!(a < 1)) return a == 1 ? copysign(INFINITY, y) : NAN;
    double l = log1p(-a * a), t = 2 / (M_PI * 0.147) + l / 2, x = sqrt(sqrt(t * t - l / 0.147) - t);
    for (int k = 0; k < 4; k++) {
        double e = a < 0.5 ? erf(x) - a : (1 - a) - erfc(x), d = e / (1.1283791670955126 * exp(-x * x));
        x -= d / (1 + x * d);
    }
    return copysign(x, y);
}

/* erfc, lgamma, digamma, erfinv of each element; integers give float32 */
BUILTIN(special_function) {
    static double (*const functions[])(double) = {erfc, lgamma, digamma, erfinv};
    lsv_array *a, *r;
    if (!ls_arg(w, args, 0, &a)) return false;
    lsv_dtype t = lsv_dtype_is_float((lsv_dtype)a->dtype) ? (lsv_dtype)a->dtype : LSV_FLOAT32;
    if (!ls_ok(w, lsv_astype(a, t, &r, &w->err)) || !ls_keep(w, r)) return false;
    const ptrdiff_t step = (ptrdiff_t)lsv_dtype_size(t);
    for (ptrdiff_t i = 0; i < r->size; i++) {
        if (lsv_stop_at(i) && ls_interrupted(w->in)) return false;
        lsv_store(t, r->data + i * step, lsv_scalar_float(functions[w->self->op](lsv_load(t, r->data + i * step).f)));
    }
    return ls_give_kept(w, out, r);
}

/* Integers are float32 first; op: which formula */
BUILTIN(special) {
    lsv_array *a;
    ls_value v[2] = {args[0], formulas[w->self->op].n > 1 ? args[1] : ls_none()};
    if (!ls_arg(w, args, 0, &a)) return false;
    if (!lsv_dtype_is_float((lsv_dtype)a->dtype)) {
        if (!ls_ok(w, lsv_astype(a, LSV_FLOAT32, &a, &w->err)) || !ls_keep(w, a)) return false;
        v[0] = ls_array(a);
    }
    return ls_compose_wide(w, out, formulas[w->self->op].text, v, formulas[w->self->op].n, formulas[w->self->op].shown);
}

BUILTIN(xlogy) {
    lsv_array *a, *b;
    return ls_operand(w, args, 0, &a) && ls_operand(w, args, 1, &b) && formula(w, XLOGY, args, out);
}

/* ---- draws ---- */

/* random_(low=None, high=None, *, generator=None): the draws of randint; without limits, up to where floats have gaps */
BUILTIN(random_into) {
    lsv_array *a;
    int64_t lo = 0, hi;
    if (!ls_arg(w, args, 0, &a)) return false;
    if (ls_is_none(args[1]) && ls_is_none(args[2])) {
        if (a->dtype != LSV_FLOAT32 && a->dtype != LSV_FLOAT64) return ls_raise(w->in, "NotImplementedError", "random_() of this dtype without limits");
        hi = (int64_t)1 << (a->dtype == LSV_FLOAT32 ? 24 : 53);
        hi++;
    } else if (ls_is_none(args[2])) {
        if (!ls_as_int(w->in, args[1], "to", &hi)) return false;
    } else if ((!ls_is_none(args[1]) && !ls_as_int(w->in, args[1], "from", &lo)) || !ls_as_int(w->in, args[2], "to", &hi)) return false;
    if (lo >= hi) return ls_raise(w->in, "RuntimeError", "random_ expects 'from' to be less than 'to', but got from=%lld >= to=%lld", (long long)lo, (long long)hi);
    return ls_compose(w, out, "x, lo, hi, g: x.copy_(torch.randint(lo, hi, x.shape, generator=g))", (ls_value[]){args[0], ls_int(lo), ls_int(hi), args[3]}, 4, NULL);
}

#define SPLIT "Views. A number cuts into that many equal parts, a tuple of ints at those places."

const ls_builtin ls_family_formulas[] = {
    {"torch.hsplit tensor.hsplit", "(input, indices_or_sections)", "Parts side by side", SPLIT, NULL, split_along, 1, LS_CALLABLE, NULL},
    {"torch.vsplit tensor.vsplit", "(input, indices_or_sections)", "Parts below one another", SPLIT, NULL, split_along, 0, LS_CALLABLE, NULL},
    {"torch.dsplit tensor.dsplit", "(input, indices_or_sections)", "Parts along the third dim", SPLIT, NULL, split_along, 2, LS_CALLABLE, NULL},
    {"torch.cartesian_prod", "(*tensors)", "All rows with one element of each vector", "n vectors give a matrix of n columns; one vector gives itself.", NULL, cartesian_prod, 0,
     LS_CALLABLE, NULL},
    {"torch.combinations", "(input, r=2, with_replacement=False)", "All choices of r elements of a vector, a row for each", NULL, NULL, combinations, 0, LS_CALLABLE, NULL},
    {"torch.unique_consecutive tensor.unique_consecutive", "(input, return_inverse=False, return_counts=False, dim=None)",
     "The elements without those that equal the one before", "With dim, whole slices are compared. The inverse says which of the results each element is.", NULL, unique_consecutive,
     0, LS_CALLABLE, NULL},
    {"torch.take_along_dim tensor.take_along_dim", "(input, indices, dim=None)", "Elements by an index along a dim", "The other dims broadcast; dim=None takes from the elements in a row.",
     NULL, take_along_dim, 0, LS_CALLABLE, NULL},
    {"torch.vander", "(x, N=None, increasing=False)", "Powers of a vector as columns, the highest first", NULL, NULL, vander, VANDER, LS_CALLABLE, NULL},
    {"torch.linalg.vander", "(x, *, N=None)", "Powers of vectors as columns, the 0th first", "x is (…, n), the result (…, n, N); N=None is n.", NULL, vander, LINALG_VANDER, LS_CALLABLE, NULL},
    {"torch.trapezoid torch.trapz", "(y, x=None, *, dx=1, dim=-1)", "Integral along a dim by the trapezoidal rule", "x are the places of the samples, dx their distance without x.", NULL,
     trapezoid, TRAPEZOID, LS_CALLABLE, NULL},
    {"torch.cumulative_trapezoid", "(y, x=None, *, dx=1, dim=-1)", "Running integral along a dim by the trapezoidal rule", "One element less than y along dim.", NULL, trapezoid,
     CUMULATIVE, LS_CALLABLE, NULL},
    {"torch.histc tensor.histc", "(input, bins=100, min=0, max=0)", "How many elements fall into each of equal bins",
     "Between min and max; where they are equal, between the least and the greatest element.", NULL, histc, 0, LS_CALLABLE, NULL},
    {"torch.frobenius_norm", "(input, dim, keepdim=False)", "Root of the sum of squares over dims", NULL, NULL, composed, FROBENIUS, LS_CALLABLE, NULL},
    {"torch.nuclear_norm", "(input, dim=None, keepdim=False)", "Sum of the singular values", NULL, NULL, composed, NUCLEAR, LS_CALLABLE, NULL},
    {"torch.pdist torch.nn.functional.pdist", "(input, p=2.0)", "p-norm distances between all rows, each pair once", "input is (n, d), the result n (n - 1) / 2 in the order of the pairs.",
     NULL, pdist, 0, LS_CALLABLE, NULL},
    {"torch.linalg.tensorinv", "(A, ind=2)", "Inverse of a tensor as a map between its first ind dims and the others", NULL, NULL, tensorinv, 0, LS_CALLABLE, NULL},
    {"torch.linalg.tensorsolve", "(A, B, dims=None)", "X with tensordot(A, X) = B", "dims of A go to its end first.", NULL, tensorsolve, 0, LS_CALLABLE, NULL},
    {"torch.nanquantile tensor.nanquantile", "(input, q, dim=None, keepdim=False)", "The value below which a share q of what is not NaN lies", NULL, NULL, composed, NANQUANTILE,
     LS_CALLABLE, NULL},
    {"tensor.random_", "(self, low=None, high=None, *, generator=None)", "Random integers from low (or 0) to below high, in place",
     "One number is high. Without any, float32 gives up to 2 ** 24 and float64 up to 2 ** 53.", NULL, random_into, 0, LS_CALLABLE, NULL},
    {"torch.imag", "(input)", "The imaginary part, which real tensors have not", "TypeError for every tensor there is here.", NULL, imag, 0, LS_CALLABLE, NULL},
    {"torch.logit torch.special.logit tensor.logit", "(input, eps=None)", "log(x / (1 - x))", "With eps, x is limited to [eps, 1 - eps] first.", NULL, special, LOGIT, LS_CALLABLE, NULL},
    {"torch.xlogy torch.special.xlogy tensor.xlogy", "(input, other)", "input * log(other), 0 where input is 0", NULL, NULL, xlogy, 0, LS_CALLABLE, NULL},
    {"torch.erfc torch.special.erfc tensor.erfc", "(input)", "1 - erf(x), exact far out", NULL, NULL, special_function, 0, LS_CALLABLE, NULL},
    {"torch.lgamma torch.special.gammaln tensor.lgamma", "(input)", "Logarithm of the absolute value of the gamma function", NULL, NULL, special_function, 1, LS_CALLABLE, NULL},
    {"torch.digamma torch.special.digamma torch.special.psi tensor.digamma", "(input)", "Derivative of the logarithm of the gamma function", NULL, NULL, special_function, 2,
     LS_CALLABLE, NULL},
    {"torch.erfinv torch.special.erfinv tensor.erfinv", "(input)", "The x with erf(x) = input", NULL, NULL, special_function, 3, LS_CALLABLE, NULL},
    {"torch.nanmedian tensor.nanmedian", "(input, dim=None, keepdim=False)", "Median of what is not NaN, the lower of two middle ones; along a dim with indices", NULL, NULL, nanmedian,
     0, LS_CALLABLE, NULL},
    {"torch.embedding", "(weight, indices, padding_idx=-1)", "Rows of weight by index", "As torch.nn.functional.embedding, with weight first.", NULL, composed, EMBEDDING, LS_CALLABLE,
     NULL},
    {"torch.dropout", "(input, p, train)", "input itself, when train is False or p is 0", "As torch.nn.functional.dropout.", NULL, composed, DROPOUT, LS_CALLABLE, NULL},
    {.names = NULL}};
