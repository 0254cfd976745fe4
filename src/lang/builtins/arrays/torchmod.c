/* What torch has beside operations: gradient modes, print options, default dtypes, finfo, a few
   functions of torch.nn; and the constants of torch. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array/elementwise.h"
#include "array/reduce.h"
#include "lang/builtins/arrays/linear.h"

/* Functions with a fixed answer: op 0 False, 1 True, 2 the int 0, 3 None, 4 the int 1 */
BUILTIN(fixed) {
    const ls_value answers[] = {ls_bool(false), ls_bool(true), ls_int(0), ls_none(), ls_int(1)};
    *out = answers[w->self->op];
    return true;
}

/* The argument itself: decorators that only make things faster. */
BUILTIN(identity) {
    *out = ls_ref(args[0]);
    return true;
}

/* ---- gradient modes ---- */

BUILTIN(torch_set_grad_enabled) { return ls_truth(w->in, args[0], &w->in->grad_enabled); }

BUILTIN(torch_is_grad_enabled) {
    *out = ls_bool(w->in->grad_enabled);
    return true;
}

/* torch.nn.Parameter(data, requires_grad=True) */
BUILTIN(torch_parameter) {
    lsv_array *a, *r;
    bool on;
    if (!ls_arg(w, args, 0, &a) || !ls_truth(w->in, args[1], &on)) return false;
    if (on && !lsv_dtype_is_float((lsv_dtype)a->dtype))
        return ls_raise(w->in, "RuntimeError", "Only Tensors of floating point and complex dtype can require gradients");
    if (!ls_ok(w, lsv_view(a, &r, &w->err))) return false;
    r->flags = (uint8_t)((r->flags & ~LSV_REQUIRES_GRAD) | LSV_PARAMETER | (on ? LSV_REQUIRES_GRAD : 0));
    *out = ls_array(r);
    return true;
}

/* ---- options ---- */

static bool set_int(ls_work *w, ls_value v, const char *what, int *at) {
    if (ls_is_none(v)) return true;
    double x; /* inf and sys.maxsize are allowed */
    if (!ls_as_double(w->in, v, what, &x)) return false;
    *at = x > 1e9 ? 1000000000 : x < 0 ? 0 : (int)x;
    return true;
}

static bool set_size(ls_work *w, ls_value v, const char *what, ptrdiff_t *at) {
    if (ls_is_none(v)) return true;
    double x;
    if (!ls_as_double(w->in, v, what, &x)) return false;
    *at = x > 1e18 ? PTRDIFF_MAX : x < 0 ? 0 : (ptrdiff_t)x;
    return true;
}

/* torch.set_printoptions(precision, threshold, edgeitems, linewidth, profile, sci_mode) */
BUILTIN(torch_set_printoptions) {
    lsv_torch_options o = w->in->torch_options;
    if (!ls_is_none(args[4])) {
        int linewidth = o.linewidth;
        o = lsv_torch_defaults;
        o.linewidth = linewidth;
        if (ls_text_is(args[4], "short")) { o.precision = 2; o.edgeitems = 2; }
        else if (ls_text_is(args[4], "full")) o.threshold = PTRDIFF_MAX;
        o.linewidth = 80;
    }
    if (!set_int(w, args[0], "precision", &o.precision) || !set_size(w, args[1], "threshold", &o.threshold) || !set_size(w, args[2], "edgeitems", &o.edgeitems) ||
        !set_int(w, args[3], "linewidth", &o.linewidth))
        return false;
    bool sci = false;
    if (!ls_is_none(args[5]) && !ls_truth(w->in, args[5], &sci)) return false;
    o.sci_mode = ls_is_none(args[5]) ? -1 : sci;
    w->in->torch_options = o;
    return true;
}

BUILTIN(torch_set_default_dtype) {
    lsv_dtype d;
    if (ls_text_is(args[0], "torch.DoubleTensor")) d = LSV_FLOAT64;
    else if (ls_text_is(args[0], "torch.FloatTensor")) d = LSV_FLOAT32;
    else if (!ls_dtype_or(w, args[0], LSV_FLOAT32, &d)) return false;
    if (!lsv_dtype_is_float(d)) return ls_raise(w->in, "TypeError", "only floating-point types are supported as the default type");
    w->in->torch_default = d;
    return true;
}

BUILTIN(torch_get_default_dtype) {
    *out = ls_dtype_value(LSV_TORCH, w->in->torch_default);
    return true;
}

/* ---- types ---- */

BUILTIN(torch_is_tensor) {
    *out = ls_bool(ls_is_tensor(args[0]));
    return true;
}

BUILTIN(torch_size) {
    lsv_shape s = {.ndim = 0};
    return (ls_is_none(args[0]) || ls_as_shape(w->in, args[0], &s)) && ls_give_value(w, out, ls_size_new(s.ndim, s.dims, true));
}

BUILTIN(size_numel) {
    int64_t n = 1;
    for (ptrdiff_t i = 0; i < args[0].tuple->n; i++) n *= args[0].tuple->items[i].i;
    *out = ls_int(n);
    return true;
}

/* torch.promote_types, np.promote_types */
BUILTIN(promote_types) {
    lsv_dtype a, b;
    if (!ls_dtype_or(w, args[0], LSV_FLOAT64, &a) || !ls_dtype_or(w, args[1], LSV_FLOAT64, &b)) return false;
    *out = ls_dtype_value(w->kind, lsv_promote_types(w->kind, a, b));
    return true;
}

BUILTIN(torch_result_type) {
    lsv_array *a, *b;
    if (!ls_operand(w, args, 0, &a) || !ls_operand(w, args, 1, &b)) return false;
    *out = ls_dtype_value(LSV_TORCH, lsv_promote(a, b));
    return true;
}

/* ---- finfo, iinfo ---- */

typedef struct limits { double eps, max, tiny, resolution; int bits; } limits;
static const limits float_limits[LSV_NDTYPES] = {
    [LSV_FLOAT16] = {0x1p-10, 65504.0, 0x1p-14, 1e-3, 16},
    [LSV_BFLOAT16] = {0x1p-7, 0x1.fep127, 0x1p-126, 1e-2, 16},
    [LSV_FLOAT32] = {0x1p-23, 0x1.fffffep127, 0x1p-126, 1e-6, 32},
    [LSV_FLOAT64] = {0x1p-52, 0x1.fffffffffffffp1023, 0x1p-1022, 1e-15, 64},
};

static const ls_type finfo_type = {"finfo", "numpy.finfo"}, iinfo_type = {"iinfo", "numpy.iinfo"},
                     torch_finfo_type = {"finfo", "torch.finfo"}, torch_iinfo_type = {"iinfo", "torch.iinfo"};

/* The dtype lies in state[0]; its kind says whose finfo it is. */
static bool give_info(ls_work *w, const ls_type *type, lsv_dtype d, const char *text, ls_value *out) {
    ls_value v = ls_opaque_new(type, "");
    if (v.tag == LS_UNSET) return ls_no_memory(w->in);
    snprintf(v.opaque->text, sizeof v.opaque->text, "%s", text);
    v.opaque->state[0] = ls_dtype_value(w->kind, d);
    *out = v;
    return true;
}

BUILTIN(finfo) {
    lsv_dtype d;
    char text[128], digits[32];
    if (!ls_dtype_or(w, args[0], w->kind == LSV_TORCH ? w->in->torch_default : LSV_FLOAT64, &d)) return false;
    if (!lsv_dtype_is_float(d)) return ls_raise(w->in, w->kind == LSV_TORCH ? "TypeError" : "ValueError", "data type %s not inexact", lsv_dtype_name(d));
    snprintf(digits, sizeof digits, "%.*g", d == LSV_FLOAT64 ? 17 : 8, float_limits[d].max);
    snprintf(text, sizeof text, "finfo(resolution=%g, max=%s, dtype=%s)", float_limits[d].resolution, digits, lsv_dtype_name(d));
    return give_info(w, w->kind == LSV_TORCH ? &torch_finfo_type : &finfo_type, d, text, out);
}

BUILTIN(iinfo) {
    lsv_dtype d;
    char text[96];
    if (!ls_dtype_or(w, args[0], LSV_INT64, &d)) return false;
    if (!lsv_dtype_is_int(d)) return ls_raise(w->in, w->kind == LSV_TORCH ? "TypeError" : "ValueError", "Invalid integer data type '%s'.", lsv_dtype_name(d));
    if (d == LSV_INT64) snprintf(text, sizeof text, "iinfo(min=%lld, max=%lld, dtype=int64)", (long long)INT64_MIN, (long long)INT64_MAX);
    else snprintf(text, sizeof text, "iinfo(min=-2147483648, max=2147483647, dtype=int32)");
    text[63] = '\0';
    return give_info(w, w->kind == LSV_TORCH ? &torch_iinfo_type : &iinfo_type, d, text, out);
}

enum { EPS, MAX, MIN, TINY, BITS, RESOLUTION, DTYPE };
BUILTIN(info_field) {
    ls_value type = args[0].opaque->state[0];
    lsv_dtype d = (lsv_dtype)type.dtype;
    const limits *l = &float_limits[d];
    if (lsv_dtype_is_int(d)) {
        int64_t max = d == LSV_INT64 ? INT64_MAX : INT32_MAX;
        const int64_t answers[] = {[MAX] = max, [MIN] = -max - 1, [BITS] = d == LSV_INT64 ? 64 : 32};
        if (w->self->op == DTYPE) *out = type;
        else *out = ls_int(answers[w->self->op]);
        return true;
    }
    const double answers[] = {[EPS] = l->eps, [MAX] = l->max, [MIN] = -l->max, [TINY] = l->tiny, [BITS] = l->bits, [RESOLUTION] = l->resolution};
    if (w->self->op == DTYPE) *out = type.kind == LSV_TORCH ? ls_none() : type;
    else if (w->self->op == BITS) *out = ls_int(l->bits);
    else if (type.kind == LSV_TORCH) *out = ls_float(answers[w->self->op]);
    else *out = ls_npscalar((lsv_scalar){.dtype = d, .f = d == LSV_FLOAT32 ? (double)(float)answers[w->self->op] : answers[w->self->op]});
    return true;
}

/* ---- torch.nn.functional ---- */

/* one_hot(tensor, num_classes=-1) */
BUILTIN(nn_one_hot) {
    lsv_array *a, *classes, *col, *r;
    ptrdiff_t n;
    if (!ls_arg(w, args, 0, &a) || !ls_count(w, args[1], "num_classes", &n)) return false;
    if (lsv_dtype_is_float((lsv_dtype)a->dtype)) return ls_raise(w->in, "RuntimeError", "one_hot is only applicable to index tensor of type LongTensor.");
    if (n < 0) {
        lsv_array *m;
        lsv_reduce_options o = {.naxes = -1};
        if (!ls_ok(w, lsv_reduce(LSV_MAX, a, &o, &m, &w->err)) || !ls_keep(w, m)) return false;
        n = (ptrdiff_t)lsv_item(m, NULL).i + 1;
    }
    if (!ls_ok(w, lsv_arange(LSV_TORCH, LSV_INT64, lsv_scalar_int(0), lsv_scalar_int(1), n, &classes, &w->err)) || !ls_keep(w, classes)) return false;
    if (!ls_ok(w, lsv_expand_dims(a, -1, &col, &w->err)) || !ls_keep(w, col) || !ls_binary_arrays(w, LSV_OP_EQ, col, classes, &r)) return false;
    return ls_give(w, out, lsv_astype(r, LSV_INT64, &r, &w->err), &r);
}

BUILTIN(torch_typename) {
    return ls_give_value(w, out, ls_is_tensor(args[0]) ? ls_tensor_typename(args[0].array) : ls_str_from(ls_type_of(args[0])->shown));
}

/* normalize(input, p=2.0, dim=1, eps=1e-12) */
BUILTIN(nn_normalize) {
    lsv_array *a, *n, *r;
    lsv_norm_order ord;
    int dim;
    double eps;
    if (!ls_arg(w, args, 0, &a) || !ls_norm_order(w, args[1], &ord) || !ls_axis(w, args[2], "dim", &dim) || !ls_as_double(w->in, args[3], "eps", &eps)) return false;
    if (!ls_vector_norm(w, a, ord, 1, &dim, true, &n) || !ls_binary_number(w, LSV_OP_MAXIMUM, n, eps, &n)) return false;
    return ls_give(w, out, lsv_binary(LSV_OP_DIV, a, n, &r, &w->err), &r);
}

/* cosine_similarity(x1, x2, dim=1, eps=1e-8) */
BUILTIN(nn_cosine) {
    lsv_array *a, *b, *na, *nb, *p, *r;
    int dim;
    double eps;
    const lsv_norm_order two = {.type = LSV_NORM_P, .p = 2};
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b) || !ls_axis(w, args[2], "dim", &dim) || !ls_as_double(w->in, args[3], "eps", &eps)) return false;
    if (!ls_vector_norm(w, a, two, 1, &dim, true, &na) || !ls_binary_number(w, LSV_OP_MAXIMUM, na, eps, &na) || !ls_binary_arrays(w, LSV_OP_DIV, a, na, &a)) return false;
    if (!ls_vector_norm(w, b, two, 1, &dim, true, &nb) || !ls_binary_number(w, LSV_OP_MAXIMUM, nb, eps, &nb) || !ls_binary_arrays(w, LSV_OP_DIV, b, nb, &b)) return false;
    if (!ls_binary_arrays(w, LSV_OP_MUL, a, b, &p)) return false;
    lsv_reduce_options o = {.naxes = 1, .axes = {dim}};
    return ls_give(w, out, lsv_reduce(LSV_SUM, p, &o, &r, &w->err), &r);
}

/* linear(input, weight, bias=None): input @ weight.T + bias */
BUILTIN(nn_linear) {
    lsv_array *x, *a, *t, *p, *b, *r;
    if (!ls_arg(w, args, 0, &x) || !ls_arg(w, args, 1, &a)) return false;
    if (!ls_ok(w, lsv_transpose(a, NULL, &t, &w->err)) || !ls_keep(w, t)) return false;
    if (ls_is_none(args[2])) return ls_give(w, out, lsv_matmul(x, t, &r, &w->err), &r);
    if (!ls_arg(w, args, 2, &b) || !ls_ok(w, lsv_matmul(x, t, &p, &w->err)) || !ls_keep(w, p)) return false;
    return ls_give(w, out, lsv_binary(LSV_OP_ADD, p, b, &r, &w->err), &r);
}

#define FIELD(name, text, op_) {"finfo." name " iinfo." name, "(self)", text, NULL, NULL, info_field, op_, LS_ATTRIBUTE, NULL}

const ls_builtin ls_family_torch[] = {
    {"torch.backends.mps.is_available torch.is_complex tensor.is_complex", "(obj=None)", "False: tensors here are real, and Apple's GPUs are not used", NULL,
     ">>> torch.backends.mps.is_available()\nFalse\n>>> torch.is_complex(torch.ones(2))\nFalse\n", fixed, 0, LS_CALLABLE, NULL},
    {"torch.set_num_threads torch.use_deterministic_algorithms", "(mode=None)", "Accepted, without effect", NULL,
     ">>> torch.set_num_threads(1)\n>>> torch.use_deterministic_algorithms(True)\n", fixed, 3, LS_CALLABLE, NULL},
    {"torch.get_num_threads", "()", "The number of threads: 1", NULL, NULL, fixed, 4, LS_CALLABLE, NULL},
    {"torch.set_grad_enabled", "(mode)", "Turns the recording of gradients on or off", NULL, NULL, torch_set_grad_enabled, 0, LS_CALLABLE, NULL},
    {"torch.is_grad_enabled", "()", "Whether gradients are recorded", NULL, NULL, torch_is_grad_enabled, 0, LS_CALLABLE, NULL},
    {"torch.jit.script torch.jit.trace torch.compile", "(obj, example_inputs=None)", "The function itself", NULL, NULL, identity, 0, LS_CALLABLE, NULL},
    {"torch.Parameter", "(data, requires_grad=True)", "A tensor that collects gradients, printed as a Parameter", NULL, NULL, torch_parameter, 0, LS_CALLABLE, NULL},
    {"torch.set_printoptions", "(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None, sci_mode=None)", "How tensors print", NULL, NULL, torch_set_printoptions, 0, LS_CALLABLE, NULL},
    {"torch.set_default_dtype torch.set_default_tensor_type", "(d)", "The dtype of new float tensors", NULL, NULL, torch_set_default_dtype, 0, LS_CALLABLE, NULL},
    {"torch.get_default_dtype", "()", "The dtype of new float tensors", NULL, NULL, torch_get_default_dtype, 0, LS_CALLABLE, NULL},
    {"torch.is_tensor", "(obj)", "Whether obj is a tensor", NULL, NULL, torch_is_tensor, 0, LS_CALLABLE, NULL},
    {"torch.nn.Size", "(iterable=None)", "A torch.Size of lengths", NULL, NULL, torch_size, 0, LS_CALLABLE, NULL},
    {"size.numel", "(self)", "The number of elements of a shape", NULL, NULL, size_numel, 0, LS_CALLABLE, NULL},
    {"torch.promote_types", "(type1, type2)", "The dtype in which two meet", NULL, NULL, promote_types, 0, LS_CALLABLE, NULL},
    {"np.promote_types", "(type1, type2)", "The dtype in which two meet", NULL, NULL, promote_types, 0, LS_CALLABLE, NULL},
    {"torch.result_type", "(tensor1, tensor2)", "The dtype of an operation on two operands", NULL, NULL, torch_result_type, 0, LS_CALLABLE, NULL},
    {"torch.finfo", "(type=None)", "Limits of a floating type", NULL, NULL, finfo, 0, LS_CALLABLE, NULL},
    {"np.finfo jnp.finfo", "(dtype)", "Limits of a floating type", NULL, NULL, finfo, 0, LS_CALLABLE, NULL},
    {"torch.iinfo", "(type)", "Limits of an integer type", NULL, NULL, iinfo, 0, LS_CALLABLE, NULL},
    {"np.iinfo jnp.iinfo", "(type)", "Limits of an integer type", NULL, NULL, iinfo, 0, LS_CALLABLE, NULL},
    FIELD("max", "The largest number", MAX), FIELD("min", "The smallest number", MIN), FIELD("bits", "Bits of a number", BITS), FIELD("dtype", "The type", DTYPE),
    {"finfo.eps", "(self)", "The distance from 1 to the next number", NULL, NULL, info_field, EPS, LS_ATTRIBUTE, NULL},
    {"finfo.tiny finfo.smallest_normal", "(self)", "The smallest normal positive number", NULL, NULL, info_field, TINY, LS_ATTRIBUTE, NULL},
    {"finfo.resolution", "(self)", "The decimal resolution", NULL, NULL, info_field, RESOLUTION, LS_ATTRIBUTE, NULL},
    {"torch.nn.functional.normalize", "(input, p=2.0, dim=1, eps=1e-12)", "Divided by norms along a dim", NULL, NULL, nn_normalize, 0, LS_CALLABLE, NULL},
    {"torch.nn.functional.cosine_similarity torch.cosine_similarity", "(x1, x2, dim=1, eps=1e-08)", "Cosines of angles along a dim", NULL, NULL, nn_cosine, 0, LS_CALLABLE, NULL},
    {"torch.nn.functional.one_hot", "(tensor, num_classes=-1)", "Classes as rows with a single 1", NULL, NULL, nn_one_hot, 0, LS_CALLABLE, NULL},
    {"torch.typename", "(obj)", "The name of obj's type", NULL, NULL, torch_typename, 0, LS_CALLABLE, NULL},
    {"torch.nn.functional.linear", "(input, weight, bias=None)", "input @ weight.T + bias", NULL, NULL, nn_linear, 0, LS_CALLABLE, NULL},
    {.names = NULL}};

/* ---- constants ---- */

#define DTYPE_VALUE(d) {.tag = LS_DTYPE, .dtype = d, .kind = LSV_TORCH, .i = 0}

const ls_constant ls_constants_torch[] = {
    {"torch.float32 torch.float", "32-bit floats", DTYPE_VALUE(LSV_FLOAT32)},
    {"torch.float64 torch.double", "64-bit floats", DTYPE_VALUE(LSV_FLOAT64)},
    {"torch.float16 torch.half", "16-bit floats (storage)", DTYPE_VALUE(LSV_FLOAT16)},
    {"torch.bfloat16", "16-bit floats with float32's range (storage)", DTYPE_VALUE(LSV_BFLOAT16)},
    {"torch.int64 torch.long", "64-bit integers", DTYPE_VALUE(LSV_INT64)},
    {"torch.int32 torch.int", "32-bit integers (storage)", DTYPE_VALUE(LSV_INT32)},
    {"torch.bool", "True and False", DTYPE_VALUE(LSV_BOOL)},
    {"torch.Tensor", "The type of tensors", {.tag = LS_TYPE, .type = &ls_type_tensor}},
    {"torch.Size", "The type of tensors' shapes", {.tag = LS_TYPE, .type = &ls_type_size}},
    {"torch.device", "The type of devices; torch.device(\"cuda\"), torch.device(\"cuda\", 1), torch.device(\"cpu\") make one", {.tag = LS_TYPE, .type = &ls_type_device}},
    {"torch.dtype", "The type of tensors' element types", {.tag = LS_TYPE, .type = &ls_type_torch_dtype}},
    {"torch.nn.Parameter torch.nn.parameter.Parameter", "The type of parameters", {.tag = LS_TYPE, .type = &ls_type_parameter}},
    {"torch.pi", "The circle's circumference over its diameter", {.tag = LS_FLOAT, .f = 3.141592653589793}},
    {"torch.inf", "Infinity", {.tag = LS_FLOAT, .f = INFINITY}},
    {"torch.nan", "Not a number", {.tag = LS_FLOAT, .f = NAN}},
    {"torch.e", "Euler's number", {.tag = LS_FLOAT, .f = 2.718281828459045}},
    {.names = NULL}};
