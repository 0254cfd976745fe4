/* Reductions with torch's names and parameters (dim, keepdim; axis and keepdims are taken too). max, min
   and median along a dimension give (values, indices). */
#include <math.h>
#include <string.h>

#include "array/elementwise.h"
#include "array/reduce.h"
#include "lang/builtins/support.h"

static const char *const values_indices[] = {"values", "indices"};
static const char *const min_max[] = {"min", "max"};
static const ls_record max_record = {"torch.return_types.max", values_indices, 2}, min_record = {"torch.return_types.min", values_indices, 2},
                       median_record = {"torch.return_types.median", values_indices, 2}, kth_record = {"torch.return_types.kthvalue", values_indices, 2},
                       cummax_record = {"torch.return_types.cummax", values_indices, 2}, cummin_record = {"torch.return_types.cummin", values_indices, 2},
                       mode_record = {"torch.return_types.mode", values_indices, 2}, aminmax_record = {"torch.return_types.aminmax", min_max, 2};

static bool options(ls_work *w, ls_value dim, ls_value keepdim, ls_value dtype, lsv_reduce_options *o) {
    *o = (lsv_reduce_options){.naxes = -1};
    int d;
    if (!ls_as_axes(w->in, dim, &o->naxes, o->axes) || !ls_truth(w->in, keepdim, &o->keepdims) || !ls_as_dtype(w->in, dtype, &d)) return false;
    if (o->naxes == 0) o->naxes = -1; /* dim=() is everything */
    o->has_dtype = d >= 0;
    if (o->has_dtype) o->dtype = (lsv_dtype)d;
    return true;
}

/* (input, dim, keepdim, *, dtype, axis, keepdims, out) */
BUILTIN(torch_reduce) {
    lsv_array *a, *r;
    lsv_reduce_options o;
    if (!ls_arg(w, args, 0, &a) || !options(w, ls_either(args[1], args[4]), ls_is_none(args[5]) ? args[2] : args[5], args[3], &o)) return false;
    return ls_give_into(w, out, args[6], lsv_reduce((lsv_reduction)w->self->op, a, &o, &r, &w->err), &r);
}

static bool spread(ls_work *w, const ls_value *args, lsv_reduction op, lsv_array **r) {
    lsv_array *a;
    lsv_reduce_options o;
    ls_value dim = ls_either(args[1], args[5]), unbiased = args[2];
    bool on;
    if (dim.tag == LS_BOOL) { /* torch.std(x, False) */
        unbiased = dim;
        dim = ls_none();
    }
    if (!ls_arg(w, args, 0, &a) || !options(w, dim, args[3], ls_none(), &o) || !ls_truth(w->in, unbiased, &on)) return false;
    o.ddof = on ? 1 : 0;
    if (!ls_is_none(args[4]) && !ls_as_double(w->in, args[4], "correction", &o.ddof)) return false;
    if (!lsv_dtype_is_float((lsv_dtype)a->dtype))
        return ls_raise(w->in, "RuntimeError", "std and var only support floating point and complex dtypes");
    return ls_ok(w, lsv_reduce(op, a, &o, r, &w->err)) && ls_keep(w, *r);
}

/* (input, dim, unbiased, keepdim, *, correction, axis) */
BUILTIN(torch_var) {
    lsv_array *r;
    return spread(w, args, (lsv_reduction)w->self->op, &r) && ls_give_kept(w, out, r);
}

BUILTIN(torch_var_mean) {
    lsv_array *pair[2];
    if (!spread(w, args, (lsv_reduction)w->self->op, &pair[0]) || !spread(w, args, LSV_MEAN, &pair[1])) return false;
    lsv_ref(pair[0]);
    lsv_ref(pair[1]);
    return ls_give_arrays(w, out, LSV_OK, NULL, 2, pair);
}

/* max(input), max(input, other), max(input, dim, keepdim); (input, dim, keepdim, *, other, axis): op is `max` */
BUILTIN(torch_max) {
    lsv_array *a, *b, *pair[2];
    bool max = w->self->op, keep;
    ls_value dim = ls_either(args[1], args[4]), other = ls_is_tensor(dim) ? dim : args[3];
    lsv_reduce_options o;
    if (!ls_arg(w, args, 0, &a)) return false;
    if (ls_is_tensor(other)) {
        b = other.array;
        return ls_give(w, out, lsv_binary(max ? LSV_OP_MAXIMUM : LSV_OP_MINIMUM, a, b, &pair[0], &w->err), &pair[0]);
    }
    if (!ls_truth(w->in, args[2], &keep) || !options(w, dim, args[2], ls_none(), &o)) return false;
    lsv_reduction op = max ? LSV_MAX : LSV_MIN;
    if (o.naxes < 0) {
        if (a->size == 0) {
            char name[64];
            return ls_raise(w->in, "RuntimeError", "%s(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument.",
                            ls_torch_name(w->self, name, sizeof name));
        }
        return ls_give(w, out, lsv_reduce(op, a, &o, &pair[0], &w->err), &pair[0]);
    }
    if (!ls_ok(w, lsv_reduce(op, a, &o, &pair[0], &w->err)) || !ls_keep(w, pair[0])) return false;
    if (!ls_ok(w, lsv_argreduce(max, a, o.axes[0], false, keep, &pair[1], &w->err))) return false;
    lsv_ref(pair[0]);
    return ls_give_arrays(w, out, LSV_OK, max ? &max_record : &min_record, 2, pair);
}

/* The k-th smallest along an axis with its index, from a stable sort. */
static bool kth(ls_work *w, lsv_array *a, ptrdiff_t k, int axis, bool keep, const ls_record *record, ls_value *out) {
    lsv_array *sorted[2], *pair[2];
    if (a->ndim == 0) {
        if (!ls_ok(w, lsv_from_scalar(LSV_TORCH, lsv_scalar_int(0), &pair[1], &w->err))) return false;
        pair[0] = lsv_ref(a);
        return ls_give_arrays(w, out, LSV_OK, record, 2, pair);
    }
    if (!ls_ok(w, lsv_axis(a, axis, &axis, &w->err))) return false;
    if (k < 1 || k > a->shape[axis]) return ls_raise(w->in, "RuntimeError", "kthvalue(): selected number k out of range for dimension %d", axis);
    if (!ls_ok(w, lsv_sort(a, axis, false, &sorted[0], &sorted[1], &w->err))) return false;
    bool ok = ls_keep(w, sorted[0]);
    ok = ls_keep(w, sorted[1]) && ok;
    for (int i = 0; ok && i < 2; i++) {
        lsv_index ix[LSV_MAXDIM];
        lsv_array *part;
        for (int d = 0; d < axis; d++) ix[d] = (lsv_index){.type = LSV_IX_SLICE, .step = 1};
        ix[axis] = (lsv_index){.type = LSV_IX_SLICE, .has_start = true, .has_stop = true, .start = k - 1, .stop = k, .step = 1};
        if (!keep) ix[axis] = (lsv_index){.type = LSV_IX_INT, .start = k - 1};
        ok = ls_ok(w, lsv_index_get(sorted[i], ix, axis + 1, &part, &w->err)) && ls_keep(w, part) && ls_ok(w, lsv_copy(part, &pair[i], &w->err)) &&
             ls_keep(w, pair[i]);
    }
    if (!ok) return false;
    lsv_ref(pair[0]);
    lsv_ref(pair[1]);
    return ls_give_arrays(w, out, LSV_OK, record, 2, pair);
}

/* (input, dim, keepdim): the lower of the two middle ones */
BUILTIN(torch_median) {
    lsv_array *a, *r;
    int axis;
    bool given, keep;
    lsv_reduce_options o = {.naxes = -1};
    if (!ls_arg(w, args, 0, &a) || !ls_axis_or_none(w, args[1], "dim", &given, &axis) || !ls_truth(w->in, args[2], &keep)) return false;
    if (!given) return ls_give(w, out, lsv_reduce(LSV_MEDIAN, a, &o, &r, &w->err), &r);
    int at;
    if (!ls_ok(w, lsv_axis(a, axis, &at, &w->err))) return false;
    return kth(w, a, a->ndim ? (a->shape[at] + 1) / 2 : 1, axis, keep, &median_record, out);
}

/* (input, k, dim, keepdim) */
BUILTIN(torch_kthvalue) {
    lsv_array *a;
    ptrdiff_t k;
    int axis;
    bool keep;
    if (!ls_arg(w, args, 0, &a) || !ls_count(w, args[1], "k", &k) || !ls_axis(w, args[2], "dim", &axis) || !ls_truth(w->in, args[3], &keep)) return false;
    return kth(w, a, k, axis, keep, &kth_record, out);
}

/* torch.mode of a vector: the most frequent value (the smallest of several) and its last index */
BUILTIN(torch_mode) {
    lsv_array *a, *pair[2];
    if (!ls_arg(w, args, 0, &a)) return false;
    if (a->ndim != 1 || a->size == 0) return ls_raise(w->in, "NotImplementedError", "mode takes vectors here");
    lsv_array *values, *counts;
    if (!ls_ok(w, lsv_unique(a, &values, NULL, NULL, &counts, &w->err))) return false;
    bool ok = ls_keep(w, values);
    if (!(ls_keep(w, counts) && ok)) return false;
    ptrdiff_t best = 0, last = 0;
    for (ptrdiff_t i = 1; i < counts->size; i++)
        if (lsv_item(counts, &i).i > lsv_item(counts, &best).i) best = i;
    lsv_scalar value = lsv_item(values, &best);
    for (ptrdiff_t i = 0; i < a->size; i++)
        if (lsv_scalar_as_double(lsv_item(a, &i)) == lsv_scalar_as_double(value)) last = i;
    if (!ls_ok(w, lsv_from_scalar(LSV_TORCH, value, &pair[0], &w->err)) || !ls_keep(w, pair[0])) return false;
    if (!ls_ok(w, lsv_from_scalar(LSV_TORCH, lsv_scalar_int(last), &pair[1], &w->err))) return false;
    lsv_ref(pair[0]);
    return ls_give_arrays(w, out, LSV_OK, &mode_record, 2, pair);
}

/* (input, dim, keepdim): op is `max` */
BUILTIN(torch_argreduce) {
    lsv_array *a, *r;
    int axis;
    bool given, keep;
    if (!ls_arg(w, args, 0, &a) || !ls_axis_or_none(w, ls_either(args[1], args[3]), "dim", &given, &axis) || !ls_truth(w->in, args[2], &keep)) return false;
    return ls_give(w, out, lsv_argreduce(w->self->op, a, axis, !given, keep, &r, &w->err), &r);
}

/* (input, dim, *, dtype, axis) */
BUILTIN(torch_cumulate) {
    lsv_array *a, *r;
    int axis;
    ls_value dim = ls_either(args[1], args[3]);
    if (!ls_arg(w, args, 0, &a)) return false;
    if (ls_is_none(dim)) {
        char name[64];
        return ls_raise(w->in, "TypeError", "%s() missing 1 required positional arguments: \"dim\"", ls_torch_name(w->self, name, sizeof name));
    }
    if (!ls_axis(w, dim, "dim", &axis)) return false;
    lsv_dtype d;
    if (!ls_is_none(args[2]) && (!ls_dtype_or(w, args[2], LSV_FLOAT32, &d) || !ls_ok(w, lsv_as_dtype(a, d, &a, &w->err)) || !ls_keep(w, a))) return false;
    return ls_give(w, out, lsv_cumulate((lsv_reduction)w->self->op, a, axis, false, &r, &w->err), &r);
}

/* cummax, cummin of (input, dim): indices are the last place the running extreme was met */
BUILTIN(torch_cummax) {
    lsv_array *a, *pair[2], *hit, *at, *places;
    int axis;
    bool max = w->self->op == LSV_MAX;
    if (!ls_arg(w, args, 0, &a) || !ls_axis(w, args[1], "dim", &axis)) return false;
    if (!ls_ok(w, lsv_cumulate(max ? LSV_MAX : LSV_MIN, a, axis, false, &pair[0], &w->err)) || !ls_keep(w, pair[0])) return false;
    if (!ls_ok(w, lsv_axis(a, axis, &axis, &w->err))) return false;
    ptrdiff_t n = a->ndim ? a->shape[axis] : 1, shape[LSV_MAXDIM];
    for (int d = 0; d < a->ndim; d++) shape[d] = d == axis ? n : 1;
    if (!ls_ok(w, lsv_arange(LSV_TORCH, LSV_INT64, lsv_scalar_int(0), lsv_scalar_int(1), n, &at, &w->err)) || !ls_keep(w, at)) return false;
    if (!ls_ok(w, lsv_reshape(at, a->ndim, shape, false, &at, &w->err)) || !ls_keep(w, at)) return false;
    if (!ls_binary_arrays(w, LSV_OP_EQ, a, pair[0], &hit)) return false;
    if (!ls_binary_arrays(w, LSV_OP_MUL, hit, at, &places)) return false;
    if (!ls_ok(w, lsv_cumulate(LSV_MAX, places, axis, false, &pair[1], &w->err))) return false;
    lsv_ref(pair[0]);
    return ls_give_arrays(w, out, LSV_OK, max ? &cummax_record : &cummin_record, 2, pair);
}

/* torch.aminmax(input, *, dim, keepdim) */
BUILTIN(torch_aminmax) {
    lsv_array *a, *pair[2];
    lsv_reduce_options o;
    if (!ls_arg(w, args, 0, &a) || !options(w, args[1], args[2], ls_none(), &o)) return false;
    if (!ls_ok(w, lsv_reduce(LSV_MIN, a, &o, &pair[0], &w->err)) || !ls_keep(w, pair[0])) return false;
    if (!ls_ok(w, lsv_reduce(LSV_MAX, a, &o, &pair[1], &w->err))) return false;
    lsv_ref(pair[0]);
    return ls_give_arrays(w, out, LSV_OK, &aminmax_record, 2, pair);
}

/* torch.softmax(input, dim, dtype): exp(x - max) over its sum; op 1: log_softmax */
BUILTIN(torch_softmax) {
    lsv_array *a, *m, *e, *s, *r;
    lsv_reduce_options o;
    lsv_dtype d;
    if (!ls_arg(w, args, 0, &a) || !options(w, args[1], ls_bool(true), ls_none(), &o)) return false;
    if (o.naxes != 1) { /* nn.functional's implicit choice */
        o.naxes = 1;
        o.axes[0] = a->ndim == 0 || a->ndim == 1 || a->ndim == 3 ? 0 : 1;
    }
    if (!ls_dtype_or(w, args[2], (lsv_dtype)a->dtype, &d)) return false;
    if (!lsv_dtype_is_float(d)) return ls_raise(w->in, "NotImplementedError", "\"softmax_lastdim_kernel_impl\" not implemented for 'Long'");
    if (!ls_ok(w, lsv_as_dtype(a, d, &a, &w->err)) || !ls_keep(w, a)) return false;
    if (!ls_ok(w, lsv_reduce(LSV_MAX, a, &o, &m, &w->err)) || !ls_keep(w, m)) return false;
    if (!ls_binary_arrays(w, LSV_OP_SUB, a, m, &m) || !ls_unary_array(w, LSV_FN_EXP, m, &e)) return false;
    if (!ls_ok(w, lsv_reduce(LSV_SUM, e, &o, &s, &w->err)) || !ls_keep(w, s)) return false;
    if (!w->self->op) return ls_give(w, out, lsv_binary(LSV_OP_DIV, e, s, &r, &w->err), &r);
    return ls_unary_array(w, LSV_FN_LOG, s, &s) && ls_give(w, out, lsv_binary(LSV_OP_SUB, m, s, &r, &w->err), &r);
}

#define REDUCE "(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=None, out=None)"
#define SPREAD "(input, dim=None, unbiased=True, keepdim=False, *, correction=None, axis=None)"

const ls_builtin ls_family_reduce_torch[] = {
    {"torch.sum tensor.sum", REDUCE, "Sum of elements, over everything or along dims", NULL, "torch.tensor([[1., 2.], [3., 4.]]).sum(0)\ntensor([4., 6.])", torch_reduce, LSV_SUM, LS_CALLABLE, NULL},
    {"torch.prod tensor.prod", REDUCE, "Product of elements", NULL, NULL, torch_reduce, LSV_PROD, LS_CALLABLE, NULL},
    {"torch.mean tensor.mean", REDUCE, "Arithmetic mean", NULL, NULL, torch_reduce, LSV_MEAN, LS_CALLABLE, NULL},
    {"torch.nansum tensor.nansum", REDUCE, "Sum, NaN counted as zero", NULL, NULL, torch_reduce, LSV_NANSUM, LS_CALLABLE, NULL},
    {"torch.nanmean tensor.nanmean", REDUCE, "Mean of what is not NaN", NULL, NULL, torch_reduce, LSV_NANMEAN, LS_CALLABLE, NULL},
    {"torch.any tensor.any", REDUCE, "Whether any element is true", NULL, NULL, torch_reduce, LSV_ANY, LS_CALLABLE, NULL},
    {"torch.all tensor.all", REDUCE, "Whether all elements are true", NULL, NULL, torch_reduce, LSV_ALL, LS_CALLABLE, NULL},
    {"torch.amax tensor.amax", REDUCE, "Largest element along dims", NULL, NULL, torch_reduce, LSV_MAX, LS_CALLABLE, NULL},
    {"torch.amin tensor.amin", REDUCE, "Smallest element along dims", NULL, NULL, torch_reduce, LSV_MIN, LS_CALLABLE, NULL},
    {"torch.logsumexp tensor.logsumexp", REDUCE, "log(sum(exp(x))) without overflow", NULL, NULL, torch_reduce, LSV_LOGSUMEXP, LS_CALLABLE, NULL},
    {"torch.count_nonzero tensor.count_nonzero", REDUCE, "How many elements are not zero", NULL, NULL, torch_reduce, LSV_COUNT_NONZERO, LS_CALLABLE, NULL},
    {"torch.var tensor.var", SPREAD, "Variance, divided by n - 1 unless told otherwise", NULL, NULL, torch_var, LSV_VAR, LS_CALLABLE, NULL},
    {"torch.std tensor.std", SPREAD, "Standard deviation, by n - 1 unless told otherwise", NULL, NULL, torch_var, LSV_STD, LS_CALLABLE, NULL},
    {"torch.var_mean", SPREAD, "(variance, mean)", NULL, NULL, torch_var_mean, LSV_VAR, LS_CALLABLE, NULL},
    {"torch.std_mean", SPREAD, "(standard deviation, mean)", NULL, NULL, torch_var_mean, LSV_STD, LS_CALLABLE, NULL},
    {"torch.max tensor.max", "(input, dim=None, keepdim=False, *, other=None, axis=None)", "Largest element; along a dim its (values, indices); of two tensors the larger elements",
     NULL, NULL, torch_max, 1, LS_CALLABLE, NULL},
    {"torch.min tensor.min", "(input, dim=None, keepdim=False, *, other=None, axis=None)", "Smallest element; along a dim its (values, indices); of two tensors the smaller elements",
     NULL, NULL, torch_max, 0, LS_CALLABLE, NULL},
    {"torch.median tensor.median", "(input, dim=None, keepdim=False)", "Median, the lower of two middle ones; along a dim with indices", NULL, NULL, torch_median, 0, LS_CALLABLE, NULL},
    {"torch.kthvalue tensor.kthvalue", "(input, k, dim=-1, keepdim=False)", "The k-th smallest along a dim, with indices", NULL, NULL, torch_kthvalue, 0, LS_CALLABLE, NULL},
    {"torch.mode tensor.mode", "(input)", "The most frequent value of a vector", NULL, NULL, torch_mode, 0, LS_CALLABLE, NULL},
    {"torch.argmax tensor.argmax", "(input, dim=None, keepdim=False, *, axis=None)", "Where the largest element is", NULL, NULL, torch_argreduce, 1, LS_CALLABLE, NULL},
    {"torch.argmin tensor.argmin", "(input, dim=None, keepdim=False, *, axis=None)", "Where the smallest element is", NULL, NULL, torch_argreduce, 0, LS_CALLABLE, NULL},
    {"torch.cumsum tensor.cumsum", "(input, dim=None, *, dtype=None, axis=None)", "Running sum along a dim", NULL, NULL, torch_cumulate, LSV_SUM, LS_CALLABLE, NULL},
    {"torch.cumprod tensor.cumprod", "(input, dim=None, *, dtype=None, axis=None)", "Running product along a dim", NULL, NULL, torch_cumulate, LSV_PROD, LS_CALLABLE, NULL},
    {"torch.cummax tensor.cummax", "(input, dim)", "Running maximum with indices", NULL, NULL, torch_cummax, LSV_MAX, LS_CALLABLE, NULL},
    {"torch.cummin tensor.cummin", "(input, dim)", "Running minimum with indices", NULL, NULL, torch_cummax, LSV_MIN, LS_CALLABLE, NULL},
    {"torch.aminmax tensor.aminmax", "(input, *, dim=None, keepdim=False)", "(min, max)", NULL, NULL, torch_aminmax, 0, LS_CALLABLE, NULL},
    {"torch.softmax torch.nn.functional.softmax tensor.softmax", "(input, dim=None, dtype=None)", "exp(x) over its sum along a dim", NULL, NULL, torch_softmax, 0, LS_CALLABLE, NULL},
    {"torch.log_softmax torch.nn.functional.log_softmax tensor.log_softmax", "(input, dim=None, dtype=None)", "log(softmax(x))", NULL, NULL, torch_softmax, 1, LS_CALLABLE, NULL},
    {.names = NULL}};
