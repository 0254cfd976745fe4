/* Which rule belongs to which builtin, and how the rule's attributes are read off the call's arguments. */
#include "lang/eval/autograd.h"

#include "base/alloc.h"
#include "lang/eval/vm.h"
#include "lang/syntax/tree.h"
#include "linalg/linalg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef ls_grad_frame frame;

/* ---- arguments ---- */

/* The parameter with one of these names that was given; NULL: none was. */
static const ls_value *given(const frame *f, const char *names) {
    for (int k = 0; k < f->s->nparams; k++) {
        const char *name = f->s->params[k].name, *at = names;
        if (f->args[k].tag == LS_NONE) continue;
        while (*at) {
            size_t n = strcspn(at, " ");
            if (strlen(name) == n && strncmp(name, at, n) == 0) return &f->args[k];
            at += n + (at[n] == ' ');
        }
    }
    return NULL;
}

static lsv_kind kind_of(const frame *f) {
    for (int k = 0; k < f->s->nparams; k++)
        if (ls_is_tensor(f->args[k])) return LSV_TORCH;
    return LSV_NUMPY;
}

static bool own(frame *f, lsv_array *a) {
    if (f->nowned == (int)(sizeof f->owned / sizeof *f->owned)) {
        lsv_release(a);
        return ls_raise(f->in, "SystemError", "too many operands for one derivative");
    }
    f->owned[f->nowned++] = a;
    return true;
}

/* An argument as the array that the function computed with; numbers as weak scalars. */
static bool operand(frame *f, ls_value v, lsv_array **a) {
    lsv_error err;
    if (v.tag == LS_ARRAY) {
        *a = v.array;
        return true;
    }
    if (v.tag == LS_FLOAT || v.tag == LS_INT || v.tag == LS_BOOL) {
        lsv_scalar s = v.tag == LS_FLOAT ? lsv_scalar_float(v.f) : v.tag == LS_INT ? lsv_scalar_int(v.i) : lsv_scalar_bool(v.i);
        if (lsv_from_scalar(kind_of(f), s, a, &err) != LSV_OK) return ls_raise_lsv(f->in, &err);
        (*a)->flags |= LSV_WEAK;
    } else if (!ls_as_array(f->in, v, kind_of(f), -1, a)) return false;
    return own(f, *a);
}

static bool flag(const frame *f, const char *names) {
    const ls_value *v = given(f, names);
    bool yes = false;
    return v && ls_truth(f->in, *v, &yes) && yes;
}

static bool axes_of(frame *f, lsv_grad_attrs *o) {
    const ls_value *v = given(f, "dim axis");
    o->naxes = -1;
    if (v && !ls_as_axes(f->in, *v, &o->naxes, o->axes)) return false;
    if (o->naxes == 0 && f->args[0].tag == LS_ARRAY && f->args[0].array->kind == LSV_TORCH) o->naxes = -1; /* dim=() means all */
    o->keepdims = flag(f, "keepdim keepdims");
    return true;
}

static bool text_is(const ls_value *v, const char *text) { return v && v->tag == LS_STR && strcmp(v->str->data, text) == 0; }

/* "linalg.svd" of "torch.linalg.svd": for messages. */
static const char *function_name(const frame *f) { return ls_builtin_short_name(f->b); }

static bool record(frame *f, const char *shown, const lsv_grad_attrs *attrs, lsv_array *const *inputs, int nin) {
    return ls_grad_record(f->in, (lsv_grad_rule_id)f->row->rule, shown, attrs, inputs, nin, f->out);
}

/* ---- element-wise ---- */

bool ls_grad_op_unary(frame *f) {
    lsv_array *a;
    lsv_unary_op op = (lsv_unary_op)f->row->rule;
    if (!lsv_grad_unary_name(op)) return ls_grad_broken(f);
    return operand(f, f->args[0], &a) && ls_grad_unary(f->in, op, a, f->out);
}

static const int8_t language_op[LSV_NBINARY] = {
    [LSV_OP_ADD] = LS_OP_ADD, [LSV_OP_SUB] = LS_OP_SUB, [LSV_OP_MUL] = LS_OP_MUL, [LSV_OP_DIV] = LS_OP_DIV, [LSV_OP_POW] = LS_OP_POW};

bool ls_grad_op_binary(frame *f) {
    lsv_array *xy[2];
    lsv_binary_op op = (lsv_binary_op)f->row->rule;
    lsv_grad_attrs attrs = {.op = op, .p = 1};
    const ls_value *alpha = given(f, "alpha"), *mode = given(f, "rounding_mode");
    if (!operand(f, f->args[0], &xy[0]) || !operand(f, f->args[1], &xy[1])) return false;
    if (alpha && !ls_as_double(f->in, *alpha, "alpha", &attrs.p)) return false;
    if (mode) return ls_grad_record(f->in, LSV_GRAD_ZERO, "DivBackward1", NULL, xy, 2, f->out);
    if (op == LSV_OP_ADD || op == LSV_OP_SUB) return ls_grad_record(f->in, op == LSV_OP_ADD ? LSV_GRAD_ADD : LSV_GRAD_SUB, NULL, &attrs, xy, 2, f->out);
    if (op == LSV_OP_MUL || op == LSV_OP_DIV || op == LSV_OP_POW) return ls_grad_binary(f->in, language_op[op], xy[0], xy[1], f->out);
    if (!lsv_grad_binary_name(op)) return ls_grad_broken(f);
    return ls_grad_record(f->in, LSV_GRAD_BINARY, lsv_grad_binary_name(op), &attrs, xy, 2, f->out);
}

/* Arguments the other way round: torch.rsub(x, y) = y - x. */
static bool op_rsub(frame *f) {
    lsv_array *xy[2];
    lsv_grad_attrs attrs = {.p = 1};
    const ls_value *alpha = given(f, "alpha");
    if (alpha && !ls_as_double(f->in, *alpha, "alpha", &attrs.p)) return false;
    return operand(f, f->args[1], &xy[0]) && operand(f, f->args[0], &xy[1]) && ls_grad_record(f->in, LSV_GRAD_SUB, "RsubBackward1", &attrs, xy, 2, f->out);
}

/* Copies and conversions; op_zero: constant almost everywhere. */
static bool op_first(frame *f) {
    lsv_array *a;
    return operand(f, f->args[0], &a) && record(f, f->row->shown, NULL, &a, 1);
}

static bool op_convert(frame *f) { /* np.array(x), jnp.asarray([x, y]) */
    return f->args[0].tag == LS_ARRAY ? ls_grad_record(f->in, LSV_GRAD_COPY, "CloneBackward0", NULL, &f->args[0].array, 1, f->out) : ls_grad_moved(f);
}

static bool op_clamp(frame *f) {
    lsv_array *in[3];
    const ls_value *lo = given(f, "min a_min"), *hi = given(f, "max a_max");
    ls_value none = ls_float(NAN);
    bool arrays = (lo && lo->tag == LS_ARRAY) || (hi && hi->tag == LS_ARRAY);
    if (!operand(f, f->args[0], &in[0]) || !operand(f, lo ? *lo : none, &in[1]) || !operand(f, hi ? *hi : none, &in[2])) return false;
    return record(f, f->row->shown ? f->row->shown : arrays ? NULL : "ClampBackward1", NULL, in, 3);
}

/* ---- reductions ---- */

static bool op_reduce(frame *f) {
    lsv_array *a;
    lsv_grad_attrs o = {0};
    if (!operand(f, f->args[0], &a) || !axes_of(f, &o)) return false;
    const char *name = f->row->shown;
    bool some = given(f, "dim axis") != NULL;
    if (f->row->rule == LSV_GRAD_SUM) name = some ? "SumBackward1" : NULL;
    if (f->row->rule == LSV_GRAD_MEAN) name = some ? "MeanBackward1" : NULL;
    if (f->row->rule == LSV_GRAD_PROD) name = some ? "ProdBackward1" : NULL;
    const ls_value *ddof = given(f, "correction");
    if (!ddof) ddof = given(f, "ddof unbiased");
    o.p = 1;
    if (ddof && !ls_as_double(f->in, *ddof, "correction", &o.p)) return false;
    return record(f, name, &o, &a, 1);
}

/* Values chosen along an axis, with their indices beside them: max(dim), sort, topk, … */
static bool op_along(frame *f) {
    const ls_tuple *t = f->out->tag == LS_TUPLE ? f->out->tuple : NULL;
    lsv_array *in[2];
    lsv_grad_attrs o = {0};
    if (!t || t->n != 2 || t->items[0].tag != LS_ARRAY || t->items[1].tag != LS_ARRAY) return ls_grad_broken(f);
    if (!operand(f, f->args[0], &in[0]) || !axes_of(f, &o)) return false;
    if (o.naxes < 0) o.axes[0] = strcmp(function_name(f), "msort") == 0 ? 0 : -1;
    in[1] = t->items[1].array;
    o.flag = t->items[0].array->ndim < in[0]->ndim;
    ls_value values = ls_ref(t->items[0]);
    bool ok = ls_grad_record(f->in, LSV_GRAD_ALONG, f->row->shown, &o, in, 2, &values);
    ls_drop(values);
    return ok;
}

/* max, min, median: of everything, along a dim, or of two tensors. */
static bool op_extreme(frame *f) {
    lsv_array *xy[2];
    const ls_value *dim = given(f, "dim axis"), *other = given(f, "other");
    bool max = strcmp(function_name(f), "max") == 0;
    lsv_grad_attrs o = {.naxes = -1, .op = max ? LSV_OP_MAXIMUM : LSV_OP_MINIMUM};
    if (dim && dim->tag == LS_ARRAY) other = dim;
    if (other)
        return operand(f, f->args[0], &xy[0]) && operand(f, *other, &xy[1]) &&
               ls_grad_record(f->in, LSV_GRAD_BINARY, lsv_grad_binary_name((lsv_binary_op)o.op), &o, xy, 2, f->out);
    if (dim) return op_along(f);
    return operand(f, f->args[0], &xy[0]) && record(f, strcmp(function_name(f), "median") == 0 ? "MedianBackward0" : max ? "MaxBackward1" : "MinBackward1", &o, xy, 1);
}

/* np.sort: the indices have to be found again. */
static bool op_sort(frame *f) {
    lsv_array *in[2], *r = NULL;
    lsv_error err;
    int64_t axis = -1;
    const ls_value *v = given(f, "axis dim");
    lsv_grad_attrs o = {.naxes = 1};
    if (!v && strcmp(function_name(f), "msort") != 0) return ls_grad_broken(f); /* flattened */
    if (v && !ls_as_int(f->in, *v, "axis", &axis)) return false;
    if (!v) axis = 0;
    if (!operand(f, f->args[0], &in[0])) return false;
    if (lsv_sort(in[0], (int)axis, false, NULL, &r, &err) != LSV_OK) return ls_raise_lsv(f->in, &err);
    o.axes[0] = (int)axis;
    in[1] = r;
    return own(f, r) && ls_grad_record(f->in, LSV_GRAD_ALONG, f->row->shown, &o, in, 2, f->out);
}

static bool op_running(frame *f) {
    lsv_array *a;
    lsv_grad_attrs o = {.naxes = 1};
    const ls_value *v = given(f, "dim axis");
    int64_t axis = 0;
    if (!operand(f, f->args[0], &a)) return false;
    if (!v && a->ndim > 1) return ls_grad_broken(f); /* NumPy flattens */
    if (v && !ls_as_int(f->in, *v, "dim", &axis)) return false;
    o.axes[0] = (int)axis;
    return record(f, f->row->shown, &o, &a, 1);
}

static bool op_softmax(frame *f) {
    lsv_array *a;
    lsv_grad_attrs o = {.naxes = 1, .axes = {-1}};
    const ls_value *v = given(f, "dim");
    int64_t axis = -1;
    if (v && !ls_as_int(f->in, *v, "dim", &axis)) return false;
    o.axes[0] = (int)axis;
    return operand(f, f->args[0], &a) && record(f, f->row->shown, &o, &a, 1);
}

/* ---- compositions ---- a formula with torch, np and the function's own parameters in scope */

static bool formula(frame *f, const char *text, const ls_value *args, int n, ls_value *out) {
    enum { MOST = 20 };
    ls_value all[MOST], function;
    if (n + 2 > MOST || !ls_eval_text(f->in, text, &function)) return false;
    all[0] = (ls_value){.tag = LS_MODULE, .module = ls_module_find("torch")};
    all[1] = (ls_value){.tag = LS_MODULE, .module = ls_module_find("numpy")};
    memcpy(all + 2, args, (size_t)n * sizeof *args);
    bool ok = ls_call(f->in, function, all, n + 2, out);
    ls_drop(function);
    return ok;
}

/* to's elements stay; it takes from's place in the graph. */
static bool take_place(frame *f, ls_value *to, ls_value from, const char *shown) {
    lsv_error err;
    lsv_array *a;
    if (from.tag != LS_ARRAY || !from.array->tape || !(to->tag == LS_ARRAY || to->tag == LS_NPSCALAR)) return true;
    if (to->tag == LS_NPSCALAR) {
        if (lsv_from_scalar(LSV_NUMPY, ls_npscalar_get(*to), &a, &err) != LSV_OK) return ls_raise_lsv(f->in, &err);
        *to = ls_array(a);
    }
    lsv_tape *t = lsv_tape_take(from.array);
    t->version = to->array->storage->version;
    if (shown && t->node && t->node->nout == 1) t->node->name = shown;
    lsv_tape_give(to->array, t);
    return true;
}

static bool composed(frame *f, const char *text, const ls_value *args, int n) {
    ls_value v;
    if (!formula(f, text, args, n, &v)) return false;
    bool ok = true;
    if (v.tag == LS_TUPLE && f->out->tag == LS_TUPLE)
        for (ptrdiff_t k = 0; ok && k < v.tuple->n && k < f->out->tuple->n; k++) ok = take_place(f, &f->out->tuple->items[k], v.tuple->items[k], f->row->shown);
    else ok = take_place(f, f->out, v, f->row->shown);
    ls_drop(v);
    return ok;
}

static bool op_formula(frame *f) { return composed(f, f->row->text, f->args, f->s->nparams); }

/* ---- norms ---- */

static bool matrix_norm(frame *f, const ls_value *ord, ls_value dims) {
    static const char by_values[] = "lambda torch, np, A, p: (lambda s: s.sum(-1) if p == 'nuc' else s.max(-1).values if p == 2 else s.min(-1).values)(torch.linalg.svdvals(A))";
    static const char np_values[] = "lambda torch, np, A, p: (lambda s: s.sum(-1) if p == 'nuc' else s.max(-1) if p == 2 else s.min(-1))(np.linalg.svdvals(A))";
    static const char by_sums[] = "lambda torch, np, A, p: (lambda s: s.amax(-1) if p > 0 else s.amin(-1))(A.abs().sum(-2 if abs(p) == 1 else -1))";
    static const char np_sums[] = "lambda torch, np, A, p: (lambda s: s.max(-1) if p > 0 else s.min(-1))(np.abs(A).sum(-2 if abs(p) == 1 else -1))";
    bool torch = kind_of(f) == LSV_TORCH, nuc = text_is(ord, "nuc");
    double p = 0;
    if (!nuc && !ls_as_double(f->in, *ord, "ord", &p)) return false;
    bool last = dims.tag == LS_NONE;
    if (dims.tag == LS_TUPLE && dims.tuple->n == 2 && f->args[0].tag == LS_ARRAY) {
        int64_t i = 0, j = 0;
        if (!ls_as_int(f->in, dims.tuple->items[0], "dim", &i) || !ls_as_int(f->in, dims.tuple->items[1], "dim", &j)) return false;
        int nd = f->args[0].array->ndim;
        last = (i + nd) % nd == nd - 2 && (j + nd) % nd == nd - 1;
    }
    if (!last || flag(f, "keepdim keepdims")) return ls_grad_broken(f);
    bool values = nuc || fabs(p) == 2;
    return composed(f, values ? (torch ? by_values : np_values) : (torch ? by_sums : np_sums), (ls_value[]){f->args[0], *ord}, 2);
}

/* row->rule: 0 linalg.norm, 1 torch.norm, 2 vector_norm, 3 matrix_norm */
static bool op_norm(frame *f) {
    lsv_array *a;
    lsv_grad_attrs o = {.p = 2};
    int which = f->row->rule;
    const ls_value *ord = given(f, "ord p"), *dims = given(f, "dim axis");
    if (!operand(f, f->args[0], &a) || !axes_of(f, &o)) return false;
    bool number = ord && ord->tag != LS_STR, fro = !ord || text_is(ord, "fro");
    bool matrix = which == 3 || text_is(ord, "nuc") || (which == 0 && number && (dims ? o.naxes == 2 : a->ndim == 2));
    if (number && !ls_as_double(f->in, *ord, "ord", &o.p)) return false;
    if (which == 3 && o.naxes < 0) {
        o.naxes = 2;
        o.axes[0] = -2, o.axes[1] = -1;
    }
    if (matrix && !fro) return matrix_norm(f, ord, dims ? *dims : ls_none());
    return ls_grad_record(f->in, LSV_GRAD_NORM, which == 1 ? "NormBackward1" : NULL, &o, &a, 1, f->out);
}

/* ---- products ---- */

static bool op_matmul(frame *f) {
    lsv_array *xy[2];
    if (!operand(f, f->args[0], &xy[0]) || !operand(f, f->args[1], &xy[1])) return false;
    if (xy[0]->ndim == 0 || xy[1]->ndim == 0) return ls_grad_binary(f->in, LS_OP_MUL, xy[0], xy[1], f->out);
    bool numpy_dot = strcmp(function_name(f), "dot") == 0 && xy[0]->kind == LSV_NUMPY;
    if (numpy_dot && (xy[0]->ndim > 2 || xy[1]->ndim > 2)) return ls_grad_broken(f);
    if (f->row->shown) return ls_grad_record(f->in, LSV_GRAD_MATMUL, f->row->shown, NULL, xy, 2, f->out);
    return ls_grad_binary(f->in, LS_OP_MATMUL, xy[0], xy[1], f->out);
}

static bool op_two(frame *f) {
    lsv_array *xy[2];
    return operand(f, f->args[0], &xy[0]) && operand(f, f->args[1], &xy[1]) && record(f, f->row->shown, NULL, xy, 2);
}

static bool op_cross(frame *f) {
    lsv_array *xy[2];
    if (!operand(f, f->args[0], &xy[0]) || !operand(f, f->args[1], &xy[1])) return false;
    if (xy[0]->shape[xy[0]->ndim - 1] != 3 || xy[1]->shape[xy[1]->ndim - 1] != 3) return ls_grad_broken(f);
    return record(f, NULL, NULL, xy, 2);
}

static bool op_einsum(frame *f) {
    lsv_array *in[8];
    if (f->args[0].tag != LS_STR || f->args[1].tag != LS_TUPLE) return ls_grad_broken(f);
    ls_value list = f->args[1];
    if (list.tuple->n == 1 && (list.tuple->items[0].tag == LS_LIST || list.tuple->items[0].tag == LS_TUPLE)) list = list.tuple->items[0];
    const ls_value *items = list.tag == LS_LIST ? list.list->items : list.tuple->items;
    ptrdiff_t n = list.tag == LS_LIST ? list.list->n : list.tuple->n;
    if (n > 8) return ls_grad_broken(f);
    for (ptrdiff_t k = 0; k < n; k++)
        if (!operand(f, items[k], &in[k])) return false;
    lsv_grad_attrs o = {.text = f->args[0].str->data};
    return record(f, n == 1 ? "SumBackward1" : NULL, &o, in, (int)n);
}

/* tensordot(a, b, dims) as an einsum. */
static bool op_tensordot(frame *f) {
    lsv_array *xy[2];
    char a[LSV_MAXDIM + 1] = "", b[LSV_MAXDIM + 1] = "", out[2 * LSV_MAXDIM + 1] = "", text[64];
    int na = 0, nb = 0, pa[LSV_MAXDIM], pb[LSV_MAXDIM];
    const ls_value *dims = given(f, "dims axes");
    if (!operand(f, f->args[0], &xy[0]) || !operand(f, f->args[1], &xy[1])) return false;
    int64_t count = 2;
    if (dims && (dims->tag == LS_TUPLE || dims->tag == LS_LIST)) {
        const ls_value *two = dims->tag == LS_TUPLE ? dims->tuple->items : dims->list->items;
        if (!ls_as_axes(f->in, two[0], &na, pa) || !ls_as_axes(f->in, two[1], &nb, pb)) return false;
    } else {
        if (dims && !ls_as_int(f->in, *dims, "dims", &count)) return false;
        for (na = 0; na < count && na < LSV_MAXDIM; na++) pa[na] = xy[0]->ndim - (int)count + na, pb[na] = na;
    }
    for (int d = 0; d < xy[0]->ndim; d++) a[d] = (char)('a' + d);
    for (int d = 0; d < xy[1]->ndim; d++) b[d] = (char)('a' + LSV_MAXDIM + d);
    for (int k = 0; k < na; k++) b[pb[k] < 0 ? pb[k] + xy[1]->ndim : pb[k]] = a[pa[k] < 0 ? pa[k] + xy[0]->ndim : pa[k]];
    size_t used = 0;
    for (int d = 0; d < xy[0]->ndim; d++)
        if (!strchr(b, a[d])) out[used++] = a[d];
    for (int d = 0; d < xy[1]->ndim; d++)
        if (!strchr(a, b[d])) out[used++] = b[d];
    snprintf(text, sizeof text, "%s,%s->%s", a, b, out);
    lsv_grad_attrs o = {.text = text};
    return ls_grad_record(f->in, LSV_GRAD_EINSUM, NULL, &o, xy, 2, f->out);
}

/* Products of many, and powers: one recorded product after the other. */
static bool op_chain(frame *f) {
    ls_value total = ls_none(), next;
    bool ok = true, power = strcmp(function_name(f), "matrix_power") == 0;
    ls_value list = f->args[0];
    int64_t n = 0;
    if (power) {
        if (!ls_as_int(f->in, f->args[1], "n", &n)) return false;
        if (n < 1 || n > 1000) return ls_grad_broken(f);
    } else n = list.tag == LS_LIST ? list.list->n : list.tag == LS_TUPLE ? list.tuple->n : 0;
    for (int64_t k = 0; ok && k < n; k++) {
        ls_value x = power ? f->args[0] : list.tag == LS_LIST ? list.list->items[k] : list.tuple->items[k];
        if (k == 0) {
            total = ls_ref(x);
            continue;
        }
        ok = ls_binary(f->in, LS_OP_MATMUL, total, x, &next);
        ls_drop(total);
        total = ok ? next : ls_none();
    }
    if (ok && n == 1) ok = ls_grad_record(f->in, LSV_GRAD_COPY, NULL, NULL, &total.array, 1, f->out);
    else if (ok) ok = take_place(f, f->out, total, power ? "MmBackward0" : "ViewBackward0");
    ls_drop(total);
    return ok;
}

static bool op_trace(frame *f) {
    lsv_array *a;
    lsv_grad_attrs o = {0};
    const ls_value *k = given(f, "offset");
    int64_t offset = 0;
    if (!operand(f, f->args[0], &a) || (k && !ls_as_int(f->in, *k, "offset", &offset))) return false;
    if (a->ndim != 2) return ls_grad_broken(f);
    o.k = (ptrdiff_t)offset;
    return record(f, NULL, &o, &a, 1);
}

/* ---- systems and factorisations ---- */

static bool op_solve(frame *f) {
    lsv_array *ab[2];
    const ls_value *left = given(f, "left");
    bool on_left = true;
    if (left && !ls_truth(f->in, *left, &on_left)) return false;
    if (!on_left) return composed(f, "lambda torch, np, A, B: torch.linalg.solve(A.mT, B.mT).mT", f->args, 2);
    if (!operand(f, f->args[0], &ab[0]) || !operand(f, f->args[1], &ab[1])) return false;
    lsv_grad_attrs o = {.flag = ab[1]->ndim == 1 || ab[1]->ndim == ab[0]->ndim - 1};
    return record(f, NULL, &o, ab, 2);
}

static bool op_triangular(frame *f) {
    lsv_array *ab[2];
    const ls_value *left = given(f, "left");
    bool on_left = true;
    if (left && !ls_truth(f->in, *left, &on_left)) return false;
    if (!on_left) return ls_grad_broken(f);
    if (!operand(f, f->args[0], &ab[0]) || !operand(f, f->args[1], &ab[1])) return false;
    lsv_grad_attrs o = {.flag = flag(f, "upper"), .keepdims = flag(f, "unitriangular")};
    return record(f, NULL, &o, ab, 2);
}

static bool op_upper(frame *f) { /* cholesky, eigvalsh */
    lsv_array *a;
    const ls_value *uplo = given(f, "UPLO");
    lsv_grad_attrs o = {.flag = flag(f, "upper") || text_is(uplo, "U")};
    return operand(f, f->args[0], &a) && record(f, NULL, &o, &a, 1);
}

/* Several results of one node: the first `n` entries of the tuple, in the rule's order. */
static bool record_tuple(frame *f, const lsv_grad_attrs *attrs, lsv_array *const *in, int nin, int n) {
    lsv_error err;
    lsv_array *out[LSV_NODE_OUTPUTS] = {NULL};
    ls_tuple *t = f->out->tuple;
    if (f->out->tag != LS_TUPLE || t->n < n) return ls_grad_broken(f);
    for (int k = 0; k < n; k++) {
        if (t->items[k].tag == LS_NPSCALAR) { /* the sign of a determinant: a constant, boxed alike */
            if (lsv_from_scalar(LSV_NUMPY, ls_npscalar_get(t->items[k]), &out[k], &err) != LSV_OK) return ls_raise_lsv(f->in, &err);
            t->items[k] = ls_array(out[k]);
        }
        out[k] = t->items[k].tag == LS_ARRAY ? t->items[k].array : NULL;
    }
    return lsv_record(&lsv_grad_rules[f->row->rule], f->row->shown, attrs, in, nin, out, n, NULL, NULL, &err) == LSV_OK || ls_raise_lsv(f->in, &err);
}

static bool op_tuple(frame *f) { /* eigh, qr, slogdet: two results */
    lsv_array *a;
    if (f->row->rule == LSV_GRAD_QR && text_is(given(f, "mode"), "r"))
        return ls_raise(f->in, "RuntimeError", "linalg_qr_backward: The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use linalg.qr(A, mode='reduced') if you are going to require gradients");
    return operand(f, f->args[0], &a) && record_tuple(f, NULL, &a, 1, 2);
}

static bool op_lstsq(frame *f) {
    lsv_array *ab[2];
    return operand(f, f->args[0], &ab[0]) && operand(f, f->args[1], &ab[1]) && record_tuple(f, NULL, ab, 2, 1);
}

/* np.linalg.svd, torch.linalg.svd, torch.svd (V, not Vh) and lsv's own */
static bool op_svd(frame *f) {
    lsv_array *a;
    lsv_grad_attrs o = {.flag = strcmp(f->b->names, "torch.svd tensor.svd") == 0};
    if (!operand(f, f->args[0], &a)) return false;
    if (f->out->tag == LS_ARRAY) return ls_grad_record(f->in, LSV_GRAD_SVDVALS, NULL, NULL, &a, 1, f->out); /* compute_uv=False */
    const ls_value *uv = given(f, "compute_uv");
    bool both = true;
    if ((uv && !ls_truth(f->in, *uv, &both)) || !both) return ls_grad_broken(f);
    const lsv_array *s = f->out->tag == LS_TUPLE && f->out->tuple->n >= 3 && f->out->tuple->items[1].tag == LS_ARRAY ? f->out->tuple->items[1].array : NULL;
    ptrdiff_t m = a->shape[a->ndim - 2], n = a->shape[a->ndim - 1];
    if (!s || s->shape[s->ndim - 1] != (m < n ? m : n)) return ls_grad_broken(f); /* truncated */
    return record_tuple(f, &o, &a, 1, 3);
}

/* ---- no derivative ---- */

static bool broken_value(frame *f, ls_value *v, lsv_array *const *in, int nin) {
    lsv_grad_attrs o = {.text = function_name(f)};
    if (v->tag == LS_TUPLE || v->tag == LS_LIST) {
        ls_value *items = v->tag == LS_TUPLE ? v->tuple->items : v->list->items;
        ptrdiff_t n = v->tag == LS_TUPLE ? v->tuple->n : v->list->n;
        for (ptrdiff_t k = 0; k < n; k++)
            if (!broken_value(f, &items[k], in, nin)) return false;
        return true;
    }
    if (ls_tracked(*v)) return true;
    return ls_grad_record(f->in, LSV_GRAD_BROKEN, "NotImplemented", &o, in, nin, v);
}

static int collect(const ls_value *args, ptrdiff_t n, lsv_array **in, int have, int most) {
    for (ptrdiff_t k = 0; k < n; k++) {
        if (ls_tracked(args[k]) && have < most) in[have++] = args[k].array;
        else if (args[k].tag == LS_TUPLE) have = collect(args[k].tuple->items, args[k].tuple->n, in, have, most);
        else if (args[k].tag == LS_LIST) have = collect(args[k].list->items, args[k].list->n, in, have, most);
    }
    return have;
}

bool ls_grad_broken(frame *f) {
    enum { MOST = 16 };
    lsv_array *in[MOST];
    int n = collect(f->args, f->s->nparams, in, 0, MOST);
    return broken_value(f, f->out, in, n);
}

/* ---- the table ---- */

#define STRUCTURE(names_, shown_) {names_, ls_grad_moved, 0, shown_, NULL}
#define PLAIN(names_) {names_, NULL, 0, NULL, NULL}
#define REDUCE(names_, id, shown_) {names_, op_reduce, LSV_GRAD_##id, shown_, NULL}
#define FORMULA(names_, shown_, text_) {names_, op_formula, 0, shown_, "lambda torch, np, " text_}

const ls_grad_row ls_grad_rows[] = {
    /* results that do not depend on the argument, or are meant to be constants */
    PLAIN("np.zeros_like np.ones_like np.empty_like np.full_like torch.zeros_like torch.ones_like torch.empty_like torch.full_like torch.rand_like torch.randn_like"),
    PLAIN("tensor.new_zeros tensor.new_empty tensor.new_ones tensor.new_tensor tensor.detach tensor.data tensor.item tensor.tolist tensor.numpy tensor.grad"),
    PLAIN("torch.tensor torch.nn.Parameter torch.Parameter torch.autograd.grad jax.grad jax.value_and_grad jax.lax.stop_gradient"),
    {"torch.heaviside np.heaviside np.round torch.round", op_first, LSV_GRAD_ZERO, "RoundBackward0", NULL},

    /* element-wise beyond the lists of operations */
    {"torch.add", ls_grad_op_binary, LSV_OP_ADD, NULL, NULL},
    {"torch.sub", ls_grad_op_binary, LSV_OP_SUB, NULL, NULL},
    {"torch.div", ls_grad_op_binary, LSV_OP_DIV, NULL, NULL},
    {"torch.pow np.float_power torch.float_power pow", ls_grad_op_binary, LSV_OP_POW, NULL, NULL},
    {"torch.rsub", op_rsub, 0, NULL, NULL},
    {"abs np.fabs", ls_grad_op_unary, LSV_FN_ABS, NULL, NULL},
    {"np.clip torch.clamp", op_clamp, LSV_GRAD_CLAMP, NULL, NULL},
    {"torch.clamp_min", op_clamp, LSV_GRAD_CLAMP, "ClampMinBackward0", NULL},
    {"torch.clamp_max", op_clamp, LSV_GRAD_CLAMP, "ClampMaxBackward0", NULL},
    {"torch.clone ndarray.copy np.copy", op_first, LSV_GRAD_COPY, "CloneBackward0", NULL},
    {"tensor.contiguous np.ascontiguousarray", op_first, LSV_GRAD_COPY, "CloneBackward0", NULL},
    {"tensor.to tensor.float tensor.double tensor.half tensor.bfloat16 tensor.type ndarray.astype tensor.cpu", op_first, LSV_GRAD_COPY, "ToCopyBackward0", NULL},
    {"torch.frac", op_first, LSV_GRAD_COPY, "FracBackward0", NULL},
    {"np.array np.asarray torch.as_tensor", op_convert, 0, NULL, NULL},
    FORMULA("torch.nan_to_num", "NanToNumBackward0", "input, nan, posinf, neginf: torch.where(torch.isfinite(input), input, 0.0)"),
    FORMULA("np.nan_to_num", NULL, "x, copy, nan, posinf, neginf: np.where(np.isfinite(x), x, 0.0)"),
    FORMULA("torch.lerp", "LerpBackward0", "input, end, weight: input + weight * (end - input)"),
    FORMULA("torch.addcmul", "AddcmulBackward0", "input, a, b, value: input + value * a * b"),
    FORMULA("torch.addcdiv", "AddcdivBackward0", "input, a, b, value: input + value * a / b"),

    /* reductions */
    REDUCE("torch.sum np.sum", SUM, NULL), REDUCE("torch.nansum np.nansum", NANSUM, NULL), REDUCE("torch.mean np.mean", MEAN, NULL),
    REDUCE("torch.prod np.prod", PROD, NULL), REDUCE("torch.var np.var", VAR, NULL), REDUCE("torch.std np.std", STD, NULL),
    REDUCE("torch.amax np.max np.nanmax", EXTREME, "AmaxBackward0"), REDUCE("torch.amin np.min np.nanmin", EXTREME, "AminBackward0"),
    REDUCE("torch.logsumexp", LOGSUMEXP, NULL),
    {"torch.max torch.min torch.median", op_extreme, LSV_GRAD_EXTREME, NULL, NULL},
    {"torch.kthvalue", op_along, 0, "KthvalueBackward0", NULL},
    {"torch.cummax", op_along, 0, "CummaxBackward0", NULL},
    {"torch.cummin", op_along, 0, "CumminBackward0", NULL},
    {"torch.sort", op_along, 0, "SortBackward0", NULL},
    {"torch.topk", op_along, 0, "TopkBackward0", NULL},
    {"torch.msort np.sort", op_sort, 0, "SortBackward0", NULL},
    {"torch.cumsum np.cumsum", op_running, LSV_GRAD_CUMSUM, NULL, NULL},
    {"torch.cumprod np.cumprod", op_running, LSV_GRAD_CUMPROD, NULL, NULL},
    {"torch.softmax", op_softmax, LSV_GRAD_SOFTMAX, NULL, NULL},
    {"torch.log_softmax", op_softmax, LSV_GRAD_LOG_SOFTMAX, NULL, NULL},
    FORMULA("torch.var_mean", "VarMeanBackward0", "x, dim, unbiased, keepdim, correction, axis: (torch.var(x, dim, unbiased, keepdim, correction=correction), torch.mean(x, dim, keepdim))"),
    FORMULA("torch.std_mean", "StdMeanBackward0", "x, dim, unbiased, keepdim, correction, axis: (torch.std(x, dim, unbiased, keepdim, correction=correction), torch.mean(x, dim, keepdim))"),
    FORMULA("torch.aminmax", "AminmaxBackward0", "x, dim, keepdim: (torch.amin(x, dim, keepdim), torch.amax(x, dim, keepdim))"),
    FORMULA("np.ptp", NULL, "a, axis, out, keepdims, initial: np.max(a, axis) - np.min(a, axis)"),
    FORMULA("np.median", NULL, "a, axis, out, keepdims, initial: (lambda b, k: (lambda s, n: (np.take(s, (n - 1) // 2, k) + np.take(s, n // 2, k)) / 2)(np.sort(b, k), b.shape[k]))(a.reshape(-1) if axis is None else a, 0 if axis is None else axis)"),
    FORMULA("np.average", NULL, "a, axis, weights, returned, keepdims: np.mean(a, axis) if weights is None else (a * weights).sum(axis) / (weights + 0 * a).sum(axis)"),
    FORMULA("torch.diff", "SubBackward0", "x, n, dim: x[..., 1:] - x[..., :-1] if n == 1 and dim in (-1, x.ndim - 1) else torch.narrow(x, dim, 1, x.shape[dim] - 1) - torch.narrow(x, dim, 0, x.shape[dim] - 1) if n == 1 else torch.diff(torch.diff(x, 1, dim), n - 1, dim)"),
    FORMULA("np.diff", NULL, "a, n, axis: (lambda k, m: np.take(a, np.arange(1, m), k) - np.take(a, np.arange(m - 1), k))(axis, a.shape[axis]) if n == 1 else np.diff(np.diff(a, 1, axis), n - 1, axis)"),

    /* products */
    {"torch.matmul np.matmul torch.mm torch.mv torch.dot np.dot torch.vdot np.vdot", op_matmul, 0, NULL, NULL},
    {"torch.bmm", op_matmul, 0, "BmmBackward0", NULL},
    {"torch.outer np.outer", op_two, LSV_GRAD_OUTER, "MulBackward0", NULL},
    {"torch.cross np.cross", op_cross, LSV_GRAD_CROSS, NULL, NULL},
    {"torch.einsum np.einsum", op_einsum, LSV_GRAD_EINSUM, NULL, NULL},
    {"torch.tensordot np.tensordot", op_tensordot, 0, NULL, NULL},
    {"torch.trace np.trace", op_trace, LSV_GRAD_TRACE, NULL, NULL},
    {"torch.linalg.matrix_power np.linalg.matrix_power torch.linalg.multi_dot np.linalg.multi_dot torch.chain_matmul", op_chain, 0, NULL, NULL},
    FORMULA("torch.inner", "ViewBackward0", "a, b, out: torch.tensordot(a, b, ([-1], [-1])) if a.ndim and b.ndim else a * b"),
    FORMULA("np.inner", NULL, "a, b, out: np.tensordot(a, b, ([-1], [-1])) if np.ndim(a) and np.ndim(b) else a * b"),
    FORMULA("torch.kron", "UnsafeViewBackward0", "a, b, out: torch.outer(a, b).reshape(-1) if a.ndim == 1 and b.ndim == 1 else torch.einsum('ij,kl->ikjl', a, b).reshape(a.shape[0] * b.shape[0], a.shape[1] * b.shape[1])"),
    FORMULA("np.kron", NULL, "a, b, out: np.outer(a, b).reshape(-1) if a.ndim == 1 and b.ndim == 1 else np.einsum('ij,kl->ikjl', a, b).reshape(a.shape[0] * b.shape[0], a.shape[1] * b.shape[1])"),
    FORMULA("torch.addmm", "AddmmBackward0", "input, a, b, beta, alpha: beta * input + alpha * (a @ b)"),
    FORMULA("torch.addr", "AddrBackward0", "input, a, b, beta, alpha: beta * input + alpha * torch.outer(a, b)"),
    FORMULA("torch.linalg.vecdot", "SumBackward1", "x, y, dim: (x * y).sum(dim)"),
    FORMULA("np.vecdot", NULL, "x, y, axis: (x * y).sum(axis)"),
    FORMULA("torch.dist", "DistBackward0", "input, other, p: torch.linalg.vector_norm(input - other, p)"),
    FORMULA("torch.cdist", "CdistBackward0", "a, b, p: torch.linalg.vector_norm(a[..., :, None, :] - b[..., None, :, :], p, -1)"),
    FORMULA("torch.nn.functional.mse_loss", "MseLossBackward0", "x, y, reduction: (lambda d: d.mean() if reduction == 'mean' else d.sum() if reduction == 'sum' else d)((x - y) ** 2)"),
    FORMULA("torch.nn.functional.l1_loss", "MeanBackward0", "x, y, reduction: (lambda d: d.mean() if reduction == 'mean' else d.sum() if reduction == 'sum' else d)((x - y).abs())"),
    FORMULA("torch.nn.functional.normalize", "DivBackward0", "x, p, dim, eps: x / torch.linalg.vector_norm(x, p, dim, keepdim=True).clamp(min=eps)"),
    FORMULA("torch.nn.functional.cosine_similarity", "SumBackward1", "x, y, dim, eps: (x * y).sum(dim) / (torch.linalg.vector_norm(x, 2, dim).clamp(min=eps) * torch.linalg.vector_norm(y, 2, dim).clamp(min=eps))"),
    FORMULA("torch.nn.functional.linear", "AddmmBackward0", "x, w, b: x @ w.T if b is None else x @ w.T + b"),

    /* norms and numbers about a matrix */
    {"torch.linalg.norm np.linalg.norm", op_norm, 0, NULL, NULL},
    {"torch.norm", op_norm, 1, NULL, NULL},
    {"torch.linalg.vector_norm np.linalg.vector_norm", op_norm, 2, NULL, NULL},
    {"torch.linalg.matrix_norm np.linalg.matrix_norm", op_norm, 3, NULL, NULL},
    FORMULA("torch.linalg.cond", "SqueezeBackward1", "A, p: (lambda s: s[..., 0] / s[..., -1] if p != -2 else s[..., -1] / s[..., 0])(torch.linalg.svdvals(A)) if p is None or p == 2 or p == -2 else torch.linalg.matrix_norm(A, p) * torch.linalg.matrix_norm(torch.linalg.inv(A), p)"),
    FORMULA("np.linalg.cond", NULL, "A, p: (lambda s: s[..., 0] / s[..., -1] if p != -2 else s[..., -1] / s[..., 0])(np.linalg.svdvals(A)) if p is None or p == 2 or p == -2 else np.linalg.norm(A, p) * np.linalg.norm(np.linalg.inv(A), p)"),
    {"torch.linalg.det np.linalg.det", op_first, LSV_GRAD_DET, NULL, NULL},
    {"torch.linalg.slogdet torch.slogdet np.linalg.slogdet", op_tuple, LSV_GRAD_SLOGDET, NULL, NULL},
    FORMULA("torch.logdet", "WhereBackward0", "A: torch.linalg.slogdet(A)[1]"),

    /* systems and factorisations */
    {"torch.linalg.solve np.linalg.solve", op_solve, LSV_GRAD_SOLVE, NULL, NULL},
    {"torch.linalg.solve_triangular", op_triangular, LSV_GRAD_TRIANGULAR, NULL, NULL},
    {"torch.linalg.inv np.linalg.inv", op_first, LSV_GRAD_INV, NULL, NULL},
    {"torch.linalg.pinv torch.pinverse np.linalg.pinv", op_first, LSV_GRAD_PINV, NULL, NULL},
    {"torch.linalg.lstsq np.linalg.lstsq", op_lstsq, LSV_GRAD_LSTSQ, NULL, NULL},
    {"torch.linalg.cholesky torch.cholesky np.linalg.cholesky", op_upper, LSV_GRAD_CHOLESKY, NULL, NULL},
    {"torch.linalg.qr np.linalg.qr", op_tuple, LSV_GRAD_QR, NULL, NULL},
    {"torch.linalg.eigh np.linalg.eigh", op_tuple, LSV_GRAD_EIGH, NULL, NULL},
    {"torch.linalg.eigvalsh np.linalg.eigvalsh", op_upper, LSV_GRAD_EIGVALSH, NULL, NULL},
    {"torch.linalg.svd torch.svd np.linalg.svd svd", op_svd, LSV_GRAD_SVD, NULL, NULL},
    {"torch.linalg.svdvals np.linalg.svdvals", op_first, LSV_GRAD_SVDVALS, NULL, NULL},

    /* what moves elements */
    STRUCTURE("ndarray.T tensor.T np.transpose ndarray.transpose torch.permute tensor.permute torch.movedim np.moveaxis", "PermuteBackward0"),
    STRUCTURE("tensor.mT tensor.mH ndarray.mT torch.transpose np.swapaxes np.matrix_transpose torch.adjoint", "TransposeBackward0"),
    STRUCTURE("torch.t", "TBackward0"),
    STRUCTURE("torch.reshape tensor.reshape tensor.reshape_as np.reshape ndarray.reshape", "ReshapeAliasBackward0"),
    STRUCTURE("tensor.view tensor.view_as torch.flatten torch.ravel torch.unflatten np.ravel ndarray.flatten ndarray.flat", "ViewBackward0"),
    STRUCTURE("torch.squeeze np.squeeze", "SqueezeBackward0"),
    STRUCTURE("torch.unsqueeze np.expand_dims torch.atleast_1d torch.atleast_2d np.atleast_1d np.atleast_2d np.atleast_3d", "UnsqueezeBackward0"),
    STRUCTURE("tensor.expand tensor.expand_as torch.broadcast_to np.broadcast_to torch.meshgrid np.meshgrid", "ExpandBackward0"),
    STRUCTURE("torch.flip tensor.flip torch.flipud torch.fliplr np.flip np.flipud np.fliplr", "FlipBackward0"),
    STRUCTURE("torch.rot90 np.rot90", "Rot90Backward0"),
    STRUCTURE("torch.roll np.roll", "RollBackward0"),
    STRUCTURE("torch.diagonal torch.linalg.diagonal np.diagonal", "DiagonalBackward0"),
    STRUCTURE("torch.diag torch.diagflat torch.diag_embed np.diag np.diagflat", "DiagBackward0"),
    STRUCTURE("torch.tril np.tril", "TrilBackward0"),
    STRUCTURE("torch.triu np.triu", "TriuBackward0"),
    STRUCTURE("torch.cat torch.vstack torch.hstack torch.column_stack torch.dstack np.concatenate np.vstack np.hstack np.column_stack np.dstack np.append np.block", "CatBackward0"),
    STRUCTURE("torch.stack np.stack", "StackBackward0"),
    STRUCTURE("torch.split torch.chunk torch.tensor_split np.split np.array_split np.hsplit np.vsplit", "SplitBackward0"),
    STRUCTURE("torch.unbind", "UnbindBackward0"),
    STRUCTURE("torch.narrow", "SliceBackward0"),
    STRUCTURE("torch.select", "SelectBackward0"),
    STRUCTURE("torch.tile tensor.tile tensor.repeat np.tile", "RepeatBackward0"),
    STRUCTURE("torch.repeat_interleave np.repeat", "ViewBackward0"),
    STRUCTURE("np.pad np.delete np.insert", NULL),
    STRUCTURE("torch.where tensor.where np.where", "WhereBackward0"),
    STRUCTURE("torch.masked_fill", "MaskedFillBackward0"),
    STRUCTURE("torch.masked_select", "MaskedSelectBackward0"),
    STRUCTURE("torch.gather torch.take_along_dim np.take_along_axis", "GatherBackward0"),
    STRUCTURE("torch.index_select", "IndexSelectBackward0"),
    STRUCTURE("torch.take np.take", "TakeBackward0"),
    STRUCTURE("torch.scatter", "ScatterBackward0"),
    STRUCTURE("np.real torch.real", NULL),
    {.names = NULL}};
