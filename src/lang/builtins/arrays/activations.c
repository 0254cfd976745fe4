/* Activation functions of torch.nn.functional, element by element but for glu and softmin, as formulas (composed.h). */
#include "grad/tape.h"
#include "lang/builtins/arrays/composed.h"

/* log(1 + exp(x)) without overflow; its derivative is a sigmoid everywhere, 0 included. */
#define SOFTPLUS(x) "torch.logaddexp(" x ", torch.zeros_like(" x "))"
/* exp(x) - 1 for x <= 0 with the derivative exp(x), which exp(x) - 1 + 1 would lose far out. */
#define EXPM1 "(lambda z: (lambda e: torch.expm1(z).detach() - (e.detach() - e))(torch.exp(z)))(x.clamp(max=0))"
#define SCALE "1.0507009873554805"
#define SCALE_ALPHA "1.7580993408473766"

enum { LEAKY_RELU, ELU, SELU, LOGSIGMOID, MISH, SILU, GELU, GELU_TANH, SOFTPLUS_, SOFTSIGN, GLU };
/* kernel: what PyTorch calls it in messages; NULL: it is composed there, too, and takes integers. */
static const struct activation { const char *kernel, *shown, *formula; } activations[] = {
    [LEAKY_RELU] = {"leaky_relu_cpu", "LeakyReluBackward0", "x, slope: torch.where(x > 0, x, x * slope)"},
    [ELU] = {"elu_cpu", "EluBackward0", "x, alpha: torch.where(x > 0, x, alpha * " EXPM1 ")"},
    [SELU] = {"elu_cpu", "EluBackward0", "x: torch.where(x > 0, x * " SCALE ", " SCALE_ALPHA " * " EXPM1 ")"},
    [LOGSIGMOID] = {"log_sigmoid_cpu", "LogSigmoidBackward0", "x: 0.0 - " SOFTPLUS("-x")},
    [MISH] = {"mish_cpu", "MishBackward0", "x: x * torch.tanh(" SOFTPLUS("x") ")"},
    [SILU] = {"silu_cpu", "SiluBackward0", "x: x * torch.sigmoid(x)"},
    [GELU] = {"GeluKernelImpl", "GeluBackward0", "x: 0.5 * x * (1 + torch.erf(x * 0.7071067811865476))"},
    [GELU_TANH] = {"GeluKernelImpl", "GeluBackward0", "x: 0.5 * x * (1 + torch.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))"},
    [SOFTPLUS_] = {"softplus_cpu", "SoftplusBackward0",
                   "x, beta, threshold: (lambda z: torch.where(z > threshold, x, " SOFTPLUS("z") " / beta))(x * beta)"},
    [SOFTSIGN] = {NULL, NULL, "x: x / (x.abs() + 1)"},
    [GLU] = {"glu_cpu", "GluBackward0",
             "x, dim: (lambda n: torch.narrow(x, dim, 0, n) * torch.sigmoid(torch.narrow(x, dim, n, n)))(x.shape[dim] // 2)"},
};

static bool activate(ls_work *w, int which, const ls_value *args, int n, ls_value *out) {
    const struct activation *f = &activations[which];
    lsv_array *a;
    if (f->kernel ? !ls_floats(w, args, 0, f->kernel, &a) : !ls_arg(w, args, 0, &a)) return false;
    return f->kernel ? ls_compose_wide(w, out, f->formula, args, n, f->shown) : ls_compose(w, out, f->formula, args, n, f->shown);
}

/* inplace=True: the result into the tensor itself. */
static bool into(ls_work *w, lsv_array *a, const lsv_array *result) {
    if (lsv_tracked(a)) return ls_raise(w->in, "NotImplementedError", "inplace=True on a tensor that requires grad");
    if (!ls_ok(w, lsv_assign(a, result, &w->err))) return false;
    lsv_changed(a);
    return true;
}

static bool in_place(ls_work *w, ls_value tensor, ls_value inplace, ls_value *out) {
    bool on = false, ok = ls_truth(w->in, inplace, &on);
    if (ok && !on) return true;
    ok = ok && into(w, tensor.array, out->array);
    ls_drop(*out);
    *out = ok ? ls_ref(tensor) : ls_none();
    return ok;
}

/* (input, …, inplace=False) with `n` arguments before inplace */
static bool activate_in(ls_work *w, const ls_value *args, int n, ls_value *out) {
    return activate(w, w->self->op, args, n, out) && in_place(w, args[0], args[n], out);
}

BUILTIN(nn_activation) { return activate(w, w->self->op, args, 1, out); }
BUILTIN(nn_activation_in) { return activate_in(w, args, 1, out); }
BUILTIN(nn_activation_parameter) { return activate_in(w, args, 2, out); } /* (input, parameter, inplace=False) */
BUILTIN(nn_softplus) { return activate(w, w->self->op, args, 3, out); }

/* gelu(input, approximate="none") */
BUILTIN(nn_gelu) {
    bool tanh = ls_text_is(args[1], "tanh");
    if (!tanh && !ls_text_is(args[1], "none")) return ls_raise(w->in, "RuntimeError", "approximate argument must be either none or tanh.");
    return activate(w, tanh ? GELU_TANH : GELU, args, 1, out);
}

/* hardtanh(input, min_val, max_val): no slope at the limits themselves, unlike clamp. */
static bool hardtanh(ls_work *w, const ls_value *args, double lo, double hi, ls_value *out) {
    static const char formula[] = "x, lo, hi: torch.where((x > lo) & (x < hi), x, x.detach().clamp(lo, hi))";
    lsv_array *a;
    if (!ls_arg(w, args, 0, &a)) return false;
    if (a->dtype == LSV_BOOL) return ls_raise(w->in, "RuntimeError", "\"hardtanh\" not implemented for 'Bool'");
    bool whole = !lsv_dtype_is_float((lsv_dtype)a->dtype);
    ls_value all[] = {args[0], whole ? ls_int((int64_t)lo) : ls_float(lo), whole ? ls_int((int64_t)hi) : ls_float(hi)};
    return ls_compose(w, out, formula, all, 3, "HardtanhBackward0");
}

/* hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False) */
BUILTIN(nn_hardtanh) {
    double lo, hi;
    if (!ls_as_double(w->in, args[1], "min_val", &lo) || !ls_as_double(w->in, args[2], "max_val", &hi)) return false;
    if (lo > hi) return ls_raise(w->in, "ValueError", "min_val cannot be greater than max_val");
    return hardtanh(w, args, lo, hi, out) && in_place(w, args[0], args[3], out);
}

BUILTIN(nn_relu6) { return hardtanh(w, args, 0, 6, out) && in_place(w, args[0], args[1], out); }

/* glu(input, dim=-1) */
BUILTIN(nn_glu) {
    lsv_array *a;
    int dim;
    if (!ls_floats(w, args, 0, "glu_cpu", &a) || !ls_axis(w, args[1], "dim", &dim)) return false;
    if (a->ndim == 0) return ls_raise(w->in, "RuntimeError", "glu does not support scalars because halving size must be even");
    if (!ls_ok(w, lsv_axis(a, dim, &dim, &w->err))) return false;
    if (a->shape[dim] % 2)
        return ls_raise(w->in, "RuntimeError", "Halving dimension must be even, but dimension %d is size %td", dim, a->shape[dim]);
    return activate(w, GLU, (ls_value[]){args[0], ls_int(dim)}, 2, out);
}

/* softmin(input, dim=None, _stacklevel=3, dtype=None) */
BUILTIN(nn_softmin) {
    lsv_array *a;
    if (!ls_arg(w, args, 0, &a)) return false;
    return ls_compose(w, out, "x, dim, dtype: torch.nn.functional.softmax(-x, dim, dtype=dtype)", (ls_value[]){args[0], args[1], args[3]}, 3, NULL);
}

#define F "torch.nn.functional."
#define PLACE "The result has the shape and dtype of input; inplace=True puts it there."

const ls_builtin ls_family_activations[] = {
    {F "leaky_relu", "(input, negative_slope=0.01, inplace=False)", "x where it is positive, else negative_slope * x", PLACE, NULL,
     nn_activation_parameter, LEAKY_RELU, LS_CALLABLE, NULL},
    {F "elu", "(input, alpha=1.0, inplace=False)", "x where it is positive, else alpha * (exp(x) - 1)", PLACE, NULL, nn_activation_parameter, ELU, LS_CALLABLE, NULL},
    {F "selu", "(input, inplace=False)", "elu with the scale and alpha of self-normalizing networks", PLACE, NULL, nn_activation_in, SELU, LS_CALLABLE, NULL},
    {F "relu6", "(input, inplace=False)", "min(max(x, 0), 6)", PLACE, NULL, nn_relu6, 0, LS_CALLABLE, NULL},
    {F "hardtanh", "(input, min_val=-1.0, max_val=1.0, inplace=False)", "x limited to a range", PLACE, NULL, nn_hardtanh, 0, LS_CALLABLE, NULL},
    {F "logsigmoid", "(input)", "log(1 / (1 + exp(-x)))", "Element by element, for tensors of any shape.", NULL, nn_activation, LOGSIGMOID, LS_CALLABLE, NULL},
    {F "softsign", "(input)", "x / (1 + |x|)", "Element by element, for tensors of any shape.", NULL, nn_activation, SOFTSIGN, LS_CALLABLE, NULL},
    {F "softmin", "(input, dim=None, _stacklevel=3, dtype=None)", "softmax(-x) along a dim", "The result has the shape of input, and sums to 1 along dim.", NULL,
     nn_softmin, 0, LS_CALLABLE, NULL},
    {F "mish", "(input, inplace=False)", "x * tanh(softplus(x))", PLACE, NULL, nn_activation_in, MISH, LS_CALLABLE, NULL},
    {F "silu", "(input, inplace=False)", "x * sigmoid(x)", PLACE, NULL, nn_activation_in, SILU, LS_CALLABLE, NULL},
    {F "gelu", "(input, approximate=\"none\")", "x times the normal distribution function of x",
     "Element by element. approximate=\"tanh\" takes a hyperbolic tangent for the distribution function.", NULL, nn_gelu, 0, LS_CALLABLE, NULL},
    {F "softplus", "(input, beta=1, threshold=20)", "log(1 + exp(beta * x)) / beta", "Element by element; x itself where beta * x exceeds the threshold.", NULL,
     nn_softplus, SOFTPLUS_, LS_CALLABLE, NULL},
    {F "glu", "(input, dim=-1)", "The first half along a dim times the sigmoid of the second",
     "input has an even length n along dim, the result n / 2; the other lengths stay.", NULL, nn_glu, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
