/* Losses of torch.nn.functional, as formulas (composed.h) behind the checks that PyTorch makes. */
#include "array/elementwise.h"
#include "array/reduce.h"
#include "grad/tape.h"
#include "lang/builtins/arrays/composed.h"

/* ---- what they share ---- */

enum { NONE, MEAN, SUM, BATCHMEAN };

/* d reduced as r says. */
#define REDUCED(d) "(lambda d: d.mean() if r == 1 else d.sum() if r == 2 else d)(" d ")"

/* reduction=, and the size_average= and reduce= of old, as a number for the formulas. */
static bool reduction_of(ls_work *w, ls_value size_average, ls_value reduce, ls_value reduction, int *r) {
    static const char *const names[] = {"none", "mean", "sum"};
    const char *text = "None";
    bool average = true, reduced = true;
    if (!ls_is_none(size_average) || !ls_is_none(reduce)) {
        if ((!ls_is_none(size_average) && !ls_truth(w->in, size_average, &average)) || (!ls_is_none(reduce) && !ls_truth(w->in, reduce, &reduced)))
            return false;
        *r = !reduced ? NONE : average ? MEAN : SUM;
        return true;
    }
    for (*r = NONE; *r <= SUM; ++*r)
        if (ls_text_is(reduction, names[*r])) return true;
    if (!ls_is_none(reduction) && !ls_as_text(w->in, reduction, "reduction", &text)) return false;
    return ls_raise(w->in, "ValueError", "%s is not a valid value for reduction", text);
}

/* The two tensors of a loss between numbers. */
static bool pair_of(ls_work *w, const ls_value *args, const char *kernel) {
    lsv_array *x, *y;
    return ls_floats(w, args, 0, kernel, &x) && ls_arg(w, args, 1, &y);
}

/* ---- between numbers ---- */

/* mse_loss(input, target, size_average, reduce, reduction) (op 0), l1_loss (op 1) */
BUILTIN(nn_difference) {
    lsv_array *x, *y;
    int r;
    if (!ls_arg(w, args, 0, &x) || !ls_arg(w, args, 1, &y) || !reduction_of(w, args[2], args[3], args[4], &r)) return false;
    ls_value all[] = {args[0], args[1], ls_int(r)};
    return w->self->op ? ls_compose(w, out, "x, y, r: " REDUCED("(x - y).abs()"), all, 3, NULL)
                       : ls_compose(w, out, "x, y, r: " REDUCED("(x - y) ** 2"), all, 3, "MseLossBackward0");
}

/* kl_div(input, target, size_average, reduce, reduction, log_target) */
BUILTIN(nn_kl_div) {
    static const char formula[] =
        "x, y, r, log: (lambda d: d.mean() if r == 1 else d.sum() if r == 2 else d.sum() / (x.shape[0] if x.ndim else 1) if r == 3 else d)"
        "(y.exp() * (y - x) if log else torch.where(y == 0, 0.0, y * y.log()) - y * x)";
    lsv_array *x, *y;
    int r = BATCHMEAN;
    bool log;
    if (!ls_arg(w, args, 0, &x) || !ls_arg(w, args, 1, &y) || !ls_truth(w->in, args[5], &log)) return false;
    if (!ls_text_is(args[4], "batchmean") && !reduction_of(w, args[2], args[3], args[4], &r)) return false;
    if (!lsv_dtype_is_float((lsv_dtype)x->dtype) || !lsv_dtype_is_float((lsv_dtype)y->dtype))
        return ls_raise(w->in, "RuntimeError", "kl_div: Integral inputs not supported.");
    return ls_compose(w, out, formula, (ls_value[]){args[0], args[1], ls_int(r), ls_bool(log)}, 4, NULL);
}

/* smooth_l1_loss(input, target, size_average, reduce, reduction, beta) */
BUILTIN(nn_smooth_l1) {
    static const char formula[] =
        "x, y, r, beta: " REDUCED("(lambda a: torch.where(a < beta, 0.5 * a * a / beta, a - 0.5 * beta))((x - y).abs())");
    int r;
    double beta;
    if (!pair_of(w, args, "smooth_l1_cpu") || !reduction_of(w, args[2], args[3], args[4], &r) || !ls_as_double(w->in, args[5], "beta", &beta)) return false;
    if (beta < 0) return ls_raise(w->in, "RuntimeError", "smooth_l1_loss does not support negative values for beta.");
    ls_value all[] = {args[0], args[1], ls_int(r), ls_float(beta)};
    return beta == 0 ? ls_compose(w, out, "x, y, r, beta: " REDUCED("(x - y).abs()"), all, 4, NULL)
                     : ls_compose(w, out, formula, all, 4, "SmoothL1LossBackward0");
}

/* huber_loss(input, target, reduction, delta) */
BUILTIN(nn_huber) {
    static const char formula[] =
        "x, y, r, delta: " REDUCED("(lambda a: torch.where(a <= delta, 0.5 * a * a, delta * (a - 0.5 * delta)))((x - y).abs())");
    int r;
    double delta;
    if (!pair_of(w, args, "huber_cpu") || !reduction_of(w, ls_none(), ls_none(), args[2], &r) || !ls_as_double(w->in, args[3], "delta", &delta)) return false;
    if (!(delta > 0)) return ls_raise(w->in, "RuntimeError", "huber_loss does not support non-positive values for delta.");
    return ls_compose(w, out, formula, (ls_value[]){args[0], args[1], ls_int(r), ls_float(delta)}, 4, "HuberLossBackward0");
}

/* ---- between probabilities of two classes ---- */

/* Are all elements in [0, 1]? NaN is not. */
static bool probabilities(ls_work *w, const lsv_array *a, const char *which) {
    lsv_array *ge, *le, *both, *all;
    const lsv_reduce_options whole = {.naxes = -1};
    if (!ls_binary_number(w, LSV_OP_GE, a, 0, &ge) || !ls_binary_number(w, LSV_OP_LE, a, 1, &le) || !ls_binary_arrays(w, LSV_OP_LOGICAL_AND, ge, le, &both) ||
        !ls_ok(w, lsv_reduce(LSV_ALL, both, &whole, &all, &w->err)) || !ls_keep(w, all))
        return false;
    return lsv_item(all, NULL).i || ls_raise(w->in, "RuntimeError", "all elements of %s should be between 0 and 1", which);
}

static bool optional_tensor(ls_work *w, const ls_value *args, int i) {
    lsv_array *a;
    return ls_is_none(args[i]) || ls_arg(w, args, i, &a);
}

/* The arguments of both: input, target, weight, size_average, reduce, reduction. */
static bool binary_args(ls_work *w, const ls_value *args, lsv_array **x, lsv_array **y, int *r) {
    return ls_arg(w, args, 0, x) && ls_arg(w, args, 1, y) && optional_tensor(w, args, 2) && reduction_of(w, args[3], args[4], args[5], r);
}

/* Both have a term that is zero and brings PyTorch's derivative: (x - y) / (x (1 - x)) with the divisor kept from zero, and
   sigmoid(x) - y. */
BUILTIN(nn_binary_cross_entropy) {
    static const char formula[] =
        "x, y, w, r: (lambda z: (lambda s: (lambda v: " REDUCED("v if w is None else v * w") ")"
        "((y - 1) * torch.log1p(-z).clamp(min=-100) - y * torch.log(z).clamp(min=-100) - (s * z - s * x)))"
        "(((z - y) / ((1 - z) * z).clamp(min=1e-12)).detach()))(x.detach())";
    lsv_array *x, *y;
    char a[128], b[128];
    int r;
    if (!binary_args(w, args, &x, &y, &r)) return false;
    if (!ls_same_shape(x, y))
        return ls_raise(w->in, "ValueError",
                        "Using a target size (torch.Size(%s)) that is different to the input size (torch.Size(%s)) is deprecated. "
                        "Please ensure they have the same size.",
                        ls_sizes_text(y->ndim, y->shape, a, sizeof a), ls_sizes_text(x->ndim, x->shape, b, sizeof b));
    if (x->dtype != y->dtype) return ls_raise(w->in, "RuntimeError", "Found dtype %s but expected %s", ls_torch_type(y), ls_torch_type(x));
    if (!ls_floats(w, args, 0, "binary_cross_entropy", &x) || !probabilities(w, x, "input") || !probabilities(w, y, "target")) return false;
    return ls_compose(w, out, formula, (ls_value[]){args[0], args[1], args[2], ls_int(r)}, 4, "BinaryCrossEntropyBackward0");
}

/* …, pos_weight */
BUILTIN(nn_binary_cross_entropy_with_logits) {
    static const char formula[] =
        "x, y, w, r, p: (lambda z: (lambda s: (lambda v: " REDUCED("v if w is None else v * w") ")"
        "((1 - y) * z + (1 if p is None else (p - 1) * y + 1) * torch.logaddexp(-z, torch.zeros_like(z)) + s * (x - z).nan_to_num()))"
        "((torch.sigmoid(z) - y if p is None else (p * y + 1 - y) * torch.sigmoid(z) - p * y).detach()))(x.detach())";
    lsv_array *x, *y;
    char a[128], b[128];
    int r;
    if (!binary_args(w, args, &x, &y, &r) || !optional_tensor(w, args, 6)) return false;
    if (!ls_same_shape(x, y))
        return ls_raise(w->in, "ValueError", "Target size (torch.Size(%s)) must be the same as input size (torch.Size(%s))",
                        ls_sizes_text(y->ndim, y->shape, a, sizeof a), ls_sizes_text(x->ndim, x->shape, b, sizeof b));
    if (!ls_floats(w, args, 0, "log_sigmoid_cpu", &x)) return false;
    if (!lsv_dtype_is_float((lsv_dtype)y->dtype))
        return ls_raise(w->in, "RuntimeError", "result type %s can't be cast to the desired output type %s", ls_torch_type(x), ls_torch_type(y));
    return ls_compose(w, out, formula, (ls_value[]){args[0], args[1], args[2], ls_int(r), args[6]}, 5, "BinaryCrossEntropyWithLogitsBackward0");
}

/* ---- between classes ---- input (C), (N, C) or (N, C, d1, …), target without the C */

static bool sizes_differ(ls_work *w, const lsv_array *x, const lsv_array *y) {
    char a[128], b[128];
    ptrdiff_t want[LSV_MAXDIM] = {x->shape[0]};
    if (x->ndim < 3) return ls_raise(w->in, "RuntimeError", "0D or 1D target tensor expected, multi-target not supported");
    if (x->ndim == 4 && y->ndim != 3)
        return ls_raise(w->in, "RuntimeError", "only batches of spatial targets supported (3D tensors) but got targets of dimension: %d", y->ndim);
    if (x->ndim == 4)
        return ls_raise(w->in, "RuntimeError", "size mismatch (got input: %s , target: %s", ls_sizes_text(x->ndim, x->shape, a, sizeof a),
                        ls_sizes_text(y->ndim, y->shape, b, sizeof b));
    for (int d = 2; d < x->ndim; d++) want[d - 1] = x->shape[d];
    return ls_raise(w->in, "RuntimeError", "Expected target size %s, got %s", ls_sizes_text(x->ndim - 1, want, a, sizeof a),
                    ls_sizes_text(y->ndim, y->shape, b, sizeof b));
}

/* target's shape against input's; one of shape (1,) goes with an input (C). */
static bool target_fits(ls_work *w, const lsv_array *x, const lsv_array *y) {
    if (x->ndim == 0) return ls_raise(w->in, "ValueError", "Expected 1 or more dimensions (got 0)");
    if (x->ndim == 1) return y->ndim == 0 || (y->ndim == 1 && y->shape[0] == 1) || sizes_differ(w, x, y);
    ptrdiff_t batch = y->ndim ? y->shape[0] : 0;
    if (x->shape[0] != batch)
        return ls_raise(w->in, "ValueError", "Expected input batch_size (%td) to match target batch_size (%td).", x->shape[0], batch);
    bool fits = y->ndim == x->ndim - 1;
    for (int d = 1; fits && d < y->ndim; d++) fits = y->shape[d] == x->shape[d + 1];
    return fits || sizes_differ(w, x, y);
}

static bool targets_in_bounds(ls_work *w, lsv_array *y, ptrdiff_t classes, int64_t ignore) {
    lsv_array *flat;
    if (!ls_ok(w, lsv_contiguous(y, &flat, &w->err)) || !ls_keep(w, flat)) return false;
    const int64_t *at = lsv_data(flat);
    for (ptrdiff_t i = 0; i < flat->size; i++)
        if (at[i] != ignore && (at[i] < 0 || at[i] >= classes)) return ls_raise(w->in, "IndexError", "Target %lld is out of bounds.", (long long)at[i]);
    return true;
}

/* weight as a tensor of one number per class, or None. */
static bool class_weight(ls_work *w, const ls_value *args, const lsv_array *x, ptrdiff_t classes) {
    lsv_array *a;
    char text[128];
    if (ls_is_none(args[2])) return true;
    if (!ls_arg(w, args, 2, &a)) return false;
    if (a->ndim == 1 && a->shape[0] == classes) return true;
    if (x->ndim > 2) return ls_raise(w->in, "RuntimeError", "weight tensor should be defined either for all or no classes");
    return ls_raise(w->in, "RuntimeError", "weight tensor should be defined either for all %td classes or no classes but got weight tensor of shape: %s",
                    classes, ls_sizes_text(a->ndim, a->shape, text, sizeof text));
}

/* A target of shape (1,) as the one class that it stands for. */
static bool one_class(ls_work *w, const lsv_array *x, ls_value *target) {
    lsv_array *one;
    if (x->ndim != 1 || target->array->ndim != 1 || ls_same_shape(x, target->array)) return true;
    if (!ls_ok(w, lsv_reshape(target->array, 0, NULL, false, &one, &w->err)) || !ls_keep(w, one)) return false;
    *target = ls_array(one);
    return true;
}

/* What the formulas for class indices are given: lp, y, w, ignore, r, dim. `lp` are log-probabilities. */
enum { LP, Y, W, IGNORE, R, DIM, NCLASSES_ARGS };

static bool class_checks(ls_work *w, const ls_value *args, const lsv_array *x, int64_t ignore) {
    lsv_array *y;
    if (!ls_arg(w, args, 1, &y)) return false;
    ptrdiff_t classes = x->ndim == 0 ? 0 : x->shape[x->ndim > 1];
    if (!target_fits(w, x, y)) return false;
    if (y->dtype != LSV_INT64) return ls_raise(w->in, "RuntimeError", "expected target dtype to be Long or Byte, but got %s", ls_torch_type(y));
    return class_weight(w, args, x, classes) && targets_in_bounds(w, y, classes, ignore);
}

/* -w[y] lp[y], its mean over the sum of weights; targets that are ignored count for nothing. */
static bool nll(ls_work *w, const ls_value *all, ls_value *out) {
    static const char formula[] =
        "lp, y, w, ignore, r, dim: (lambda keep: (lambda at: (lambda v: (lambda d: d.sum() / v.sum() if r == 1 else d.sum() if r == 2 else d)"
        "(torch.where(keep, -torch.gather(lp, dim, at.unsqueeze(dim)).squeeze(dim) * v, 0.0)))"
        "(keep.to(lp.dtype) if w is None else torch.where(keep, w[at], 0.0)))"
        "(torch.where(keep, y, 0)))(y != ignore)";
    int ndim = all[LP].array->ndim; /* PyTorch has a kernel for (N, C), one for (N, C, h, w), and views for the others */
    const char *shown = ndim < 3 ? "NllLossBackward0" : ndim == 4 || all[R].i != NONE ? "NllLoss2DBackward0" : "ViewBackward0";
    return ls_compose(w, out, formula, all, NCLASSES_ARGS, shown);
}

/* nll with weight 1 - s, and with weight s the mean over all classes. */
static bool smoothed(ls_work *w, const ls_value *all, double s, ls_value *out) {
    static const char formula[] =
        "lp, y, w, ignore, r, dim, s, loss: (lambda keep: (lambda d: loss * (1 - s) + (d.sum() / "
        "(keep.sum() if w is None else torch.where(keep, w[torch.where(keep, y, 0)], 0.0).sum()) if r == 1 else d.sum() if r == 2 else d) * (s / lp.shape[dim]))"
        "(torch.where(keep, -(lp if w is None else lp * w.reshape([-1] + [1] * (lp.ndim - 1 - dim))).sum(dim), 0.0)))(y != ignore)";
    ls_value more[NCLASSES_ARGS + 2];
    for (int k = 0; k < NCLASSES_ARGS; k++) more[k] = all[k];
    more[NCLASSES_ARGS] = ls_float(s);
    if (!nll(w, all, &more[NCLASSES_ARGS + 1])) return false;
    bool ok = ls_compose(w, out, formula, more, NCLASSES_ARGS + 2, NULL);
    ls_drop(more[NCLASSES_ARGS + 1]);
    return ok;
}

/* -w y lp, summed over the classes; the mean is over everything else. */
static bool soft_targets(ls_work *w, const ls_value *all, double s, ls_value *out) {
    static const char formula[] =
        "lp, y, w, n, r, dim, s: (lambda d: -d.sum() / n if r == 1 else -d.sum() if r == 2 else -d.sum(dim))"
        "((lambda p: p if w is None else p * w.reshape([-1] + [1] * (lp.ndim - 1 - dim)))(lp * (y if s == 0 else y * (1 - s) + s / lp.shape[dim])))";
    const lsv_array *lp = all[LP].array;
    ptrdiff_t classes = lp->shape[all[DIM].i];
    ls_value more[] = {all[LP], all[Y], all[W], ls_float(classes ? (double)(lp->size / classes) : 0), all[R], all[DIM], ls_float(s)};
    return ls_compose(w, out, formula, more, 7, all[R].i == MEAN ? "DivBackward1" : "NegBackward0");
}

/* nll_loss(input, target, weight, size_average, ignore_index, reduce, reduction) */
BUILTIN(nn_nll_loss) {
    lsv_array *x;
    int r;
    int64_t ignore;
    if (!ls_floats(w, args, 0, "nll_loss_out_frame", &x) || !reduction_of(w, args[3], args[5], args[6], &r) || !ls_as_int(w->in, args[4], "ignore_index", &ignore) ||
        !class_checks(w, args, x, ignore))
        return false;
    ls_value all[] = {args[0], args[1], args[2], ls_int(ignore), ls_int(r), ls_int(x->ndim > 1)};
    return one_class(w, x, &all[Y]) && nll(w, all, out);
}

static bool cross_entropy_checks(ls_work *w, const ls_value *args, const lsv_array *x, const lsv_array *y, int64_t ignore) {
    if (!ls_same_shape(x, y)) return class_checks(w, args, x, ignore);
    if (!lsv_dtype_is_float((lsv_dtype)y->dtype))
        return ls_raise(w->in, "RuntimeError", "Expected floating point type for target with class probabilities, got %s", ls_torch_type(y));
    if (ignore >= 0) return ls_raise(w->in, "RuntimeError", "ignore_index is not supported for floating point target");
    return class_weight(w, args, x, x->ndim == 0 ? 0 : x->shape[x->ndim > 1]);
}

/* cross_entropy(input, target, weight, size_average, ignore_index, reduce, reduction, label_smoothing) */
BUILTIN(nn_cross_entropy) {
    lsv_array *x, *y;
    int r;
    int64_t ignore;
    double s;
    if (!ls_floats(w, args, 0, "log_softmax_lastdim_kernel_impl", &x) || !ls_arg(w, args, 1, &y) || !reduction_of(w, args[3], args[5], args[6], &r) ||
        !ls_as_int(w->in, args[4], "ignore_index", &ignore) || !ls_as_double(w->in, args[7], "label_smoothing", &s))
        return false;
    if (!(s >= 0 && s <= 1)) return ls_raise(w->in, "RuntimeError", "label_smoothing must be between 0.0 and 1.0. Got: %g", s);
    if (!cross_entropy_checks(w, args, x, y, ignore)) return false;
    ls_value all[] = {args[0], args[1], args[2], ls_int(ignore), ls_int(r), ls_int(x->ndim > 1)}, lp;
    if (!one_class(w, x, &all[Y]) || !ls_compose(w, &lp, "x, dim: torch.log_softmax(x, dim)", (ls_value[]){args[0], all[DIM]}, 2, NULL)) return false;
    all[LP] = lp;
    bool ok = ls_same_shape(x, y) ? soft_targets(w, all, s, out) : s > 0 ? smoothed(w, all, s, out) : nll(w, all, out);
    ls_drop(lp);
    return ok;
}

/* ---- the table ---- */

#define F "torch.nn.functional."
#define OLD "size_average=None, reduce=None, "
#define PAIR "input and target have one shape, or shapes that broadcast. reduction is \"mean\", \"sum\" or \"none\", which gives that shape. "
#define CLASSES "input is (C), (N, C) or (N, C, d1, …), "
#define INDICES "the target's classes (), (N) or (N, d1, …) of int64; those equal to ignore_index count for nothing. weight is (C). " \
                "reduction is \"mean\", weighted, or \"sum\", or \"none\", which gives the target's shape."

const ls_builtin ls_family_losses[] = {
    {F "cross_entropy", "(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction=\"mean\", label_smoothing=0.0)",
     "The cross entropy of log_softmax(input) and target classes", CLASSES "target as input, the probabilities of classes, or " INDICES, NULL, nn_cross_entropy, 0, LS_CALLABLE, NULL},
    {F "nll_loss", "(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction=\"mean\")",
     "The negative log-likelihood of target classes", CLASSES "log-probabilities; " INDICES, NULL, nn_nll_loss, 0, LS_CALLABLE, NULL},
    {F "mse_loss", "(input, target, " OLD "reduction=\"mean\")", "Mean of squared differences", PAIR, NULL, nn_difference, 0, LS_CALLABLE, NULL},
    {F "l1_loss", "(input, target, " OLD "reduction=\"mean\")", "Mean of absolute differences", PAIR, NULL, nn_difference, 1, LS_CALLABLE, NULL},
    {F "kl_div", "(input, target, " OLD "reduction=\"mean\", log_target=False)", "target * (log(target) - input): the Kullback-Leibler divergence",
     PAIR "\"batchmean\" divides the sum by input's first length. input holds log-probabilities, target probabilities or, with log_target, their logarithms.",
     NULL, nn_kl_div, 0, LS_CALLABLE, NULL},
    {F "smooth_l1_loss", "(input, target, " OLD "reduction=\"mean\", beta=1.0)", "Mean of absolute differences, squared below beta", PAIR, NULL, nn_smooth_l1, 0, LS_CALLABLE, NULL},
    {F "huber_loss", "(input, target, reduction=\"mean\", delta=1.0)", "Mean of half the squared differences, linear beyond delta", PAIR, NULL, nn_huber, 0, LS_CALLABLE, NULL},
    {F "binary_cross_entropy", "(input, target, weight=None, " OLD "reduction=\"mean\")", "The cross entropy of probabilities and targets of two classes",
     "input and target have one shape and elements in [0, 1]; weight broadcasts to it. reduction is \"mean\", \"sum\" or \"none\".", NULL, nn_binary_cross_entropy, 0, LS_CALLABLE, NULL},
    {F "binary_cross_entropy_with_logits", "(input, target, weight=None, " OLD "reduction=\"mean\", pos_weight=None)",
     "The cross entropy of sigmoid(input) and targets of two classes",
     "input and target have one shape; weight and pos_weight broadcast to it. reduction is \"mean\", \"sum\" or \"none\".", NULL, nn_binary_cross_entropy_with_logits, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
