/* Recording builtins: how a rule's attributes are read off the arguments of element-wise functions and
   reductions, and compositions. Linear algebra is in autograd_linalg.c, the table in autograd_table.c. */
#include "lang/autograd/rows.h"

#include "base/alloc.h"
#include "lang/machine/vm.h"
#include "lang/syntax/tree.h"
#include "linalg/linalg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- arguments ---- */

/* The parameter with one of these names that was given; NULL: none was. */
const ls_value *ls_grad_given(const ls_grad_frame *f, const char *names) {
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

lsv_kind ls_grad_kind(const ls_grad_frame *f) {
    for (int k = 0; k < f->s->nparams; k++)
        if (ls_is_tensor(f->args[k])) return LSV_TORCH;
    return LSV_NUMPY;
}

bool ls_grad_own(ls_grad_frame *f, lsv_array *a) {
    if (f->nowned == (int)(sizeof f->owned / sizeof *f->owned)) {
        lsv_release(a);
        return ls_raise(f->in, "SystemError", "too many operands for one derivative");
    }
    f->owned[f->nowned++] = a;
    return true;
}

/* An argument as the array that the function computed with; numbers as weak scalars. */
bool ls_grad_operand(ls_grad_frame *f, ls_value v, lsv_array **a) {
    lsv_error err;
    if (v.tag == LS_ARRAY) {
        *a = v.array;
        return true;
    }
    if (v.tag == LS_FLOAT || v.tag == LS_INT || v.tag == LS_BOOL) {
        lsv_scalar s = v.tag == LS_FLOAT ? lsv_scalar_float(v.f)
                       : v.tag == LS_INT ? lsv_scalar_int(v.i)
                                         : lsv_scalar_bool(v.i);
        if (lsv_from_scalar(ls_grad_kind(f), s, a, &err) != LSV_OK) return ls_raise_lsv(f->in, &err);
        (*a)->flags |= LSV_WEAK;
    } else if (!ls_as_array(f->in, v, ls_grad_kind(f), -1, a)) return false;
    return ls_grad_own(f, *a);
}

bool ls_grad_flag(const ls_grad_frame *f, const char *names) {
    const ls_value *v = ls_grad_given(f, names);
    bool yes = false;
    return v && ls_truth(f->in, *v, &yes) && yes;
}

bool ls_grad_axes(ls_grad_frame *f, lsv_grad_attrs *o) {
    const ls_value *v = ls_grad_given(f, "dim axis");
    o->naxes = -1;
    if (v && !ls_as_axes(f->in, *v, &o->naxes, o->axes)) return false;
    if (o->naxes == 0 && f->args[0].tag == LS_ARRAY && f->args[0].array->kind == LSV_TORCH)
        o->naxes = -1; /* dim=() means all */
    o->keepdims = ls_grad_flag(f, "keepdim keepdims");
    return true;
}

bool ls_grad_text_is(const ls_value *v, const char *text) {
    return v && v->tag == LS_STR && strcmp(v->str->data, text) == 0;
}

/* "linalg.svd" of "torch.linalg.svd": for messages. */
const char *ls_grad_function_name(const ls_grad_frame *f) { return ls_builtin_short_name(f->b); }

bool ls_grad_record_row(ls_grad_frame *f, const char *shown, const lsv_grad_attrs *attrs,
                        lsv_array *const *inputs, int nin) {
    return ls_grad_record(f->in, (lsv_grad_rule_id)f->row->rule, shown, attrs, inputs, nin, f->out);
}

/* ---- element-wise ---- */

bool ls_grad_op_unary(ls_grad_frame *f) {
    lsv_array *a;
    lsv_unary_op op = (lsv_unary_op)f->row->rule;
    if (!lsv_grad_unary_name(op)) return ls_grad_broken(f);
    return ls_grad_operand(f, f->args[0], &a) && ls_grad_unary(f->in, op, a, f->out);
}

static const int8_t language_op[LSV_NBINARY] = {[LSV_OP_ADD] = LS_OP_ADD,
                                                [LSV_OP_SUB] = LS_OP_SUB,
                                                [LSV_OP_MUL] = LS_OP_MUL,
                                                [LSV_OP_DIV] = LS_OP_DIV,
                                                [LSV_OP_POW] = LS_OP_POW};

bool ls_grad_op_binary(ls_grad_frame *f) {
    lsv_array *xy[2];
    lsv_binary_op op = (lsv_binary_op)f->row->rule;
    lsv_grad_attrs attrs = {.op = op, .p = 1};
    const ls_value *alpha = ls_grad_given(f, "alpha"), *mode = ls_grad_given(f, "rounding_mode");
    if (!ls_grad_operand(f, f->args[0], &xy[0]) || !ls_grad_operand(f, f->args[1], &xy[1])) return false;
    if (alpha && !ls_as_double(f->in, *alpha, "alpha", &attrs.p)) return false;
    if (mode) return ls_grad_record(f->in, LSV_GRAD_ZERO, "DivBackward1", NULL, xy, 2, f->out);
    if (op == LSV_OP_ADD || op == LSV_OP_SUB)
        return ls_grad_record(f->in, op == LSV_OP_ADD ? LSV_GRAD_ADD : LSV_GRAD_SUB, NULL, &attrs, xy, 2,
                              f->out);
    if (op == LSV_OP_MUL || op == LSV_OP_DIV || op == LSV_OP_POW)
        return ls_grad_binary(f->in, language_op[op], xy[0], xy[1], f->out);
    if (!lsv_grad_binary_name(op)) return ls_grad_broken(f);
    return ls_grad_record(f->in, LSV_GRAD_BINARY, lsv_grad_binary_name(op), &attrs, xy, 2, f->out);
}

/* Arguments the other way round: torch.rsub(x, y) = y - x. */
bool ls_grad_op_rsub(ls_grad_frame *f) {
    lsv_array *xy[2];
    lsv_grad_attrs attrs = {.p = 1};
    const ls_value *alpha = ls_grad_given(f, "alpha");
    if (alpha && !ls_as_double(f->in, *alpha, "alpha", &attrs.p)) return false;
    return ls_grad_operand(f, f->args[1], &xy[0]) && ls_grad_operand(f, f->args[0], &xy[1]) &&
           ls_grad_record(f->in, LSV_GRAD_SUB, "RsubBackward1", &attrs, xy, 2, f->out);
}

/* Copies and conversions; op_zero: constant almost everywhere. */
bool ls_grad_op_first(ls_grad_frame *f) {
    lsv_array *a;
    return ls_grad_operand(f, f->args[0], &a) && ls_grad_record_row(f, f->row->shown, NULL, &a, 1);
}

bool ls_grad_op_convert(ls_grad_frame *f) { /* np.array(x), jnp.asarray([x, y]) */
    return f->args[0].tag == LS_ARRAY
               ? ls_grad_record(f->in, LSV_GRAD_COPY, "CloneBackward0", NULL, &f->args[0].array, 1, f->out)
               : ls_grad_moved(f);
}

bool ls_grad_op_clamp(ls_grad_frame *f) {
    lsv_array *in[3];
    const ls_value *lo = ls_grad_given(f, "min a_min"), *hi = ls_grad_given(f, "max a_max");
    ls_value none = ls_float(NAN);
    bool arrays = (lo && lo->tag == LS_ARRAY) || (hi && hi->tag == LS_ARRAY);
    if (!ls_grad_operand(f, f->args[0], &in[0]) || !ls_grad_operand(f, lo ? *lo : none, &in[1]) ||
        !ls_grad_operand(f, hi ? *hi : none, &in[2]))
        return false;
    return ls_grad_record_row(f,
                              f->row->shown ? f->row->shown
                              : arrays      ? NULL
                                            : "ClampBackward1",
                              NULL, in, 3);
}

/* ---- reductions ---- */

bool ls_grad_op_reduce(ls_grad_frame *f) {
    lsv_array *a;
    lsv_grad_attrs o = {0};
    if (!ls_grad_operand(f, f->args[0], &a) || !ls_grad_axes(f, &o)) return false;
    const char *name = f->row->shown;
    bool some = ls_grad_given(f, "dim axis") != NULL;
    if (f->row->rule == LSV_GRAD_SUM) name = some ? "SumBackward1" : NULL;
    if (f->row->rule == LSV_GRAD_MEAN) name = some ? "MeanBackward1" : NULL;
    if (f->row->rule == LSV_GRAD_PROD) name = some ? "ProdBackward1" : NULL;
    const ls_value *ddof = ls_grad_given(f, "correction");
    if (!ddof) ddof = ls_grad_given(f, "ddof unbiased");
    o.p = 1;
    if (ddof && !ls_as_double(f->in, *ddof, "correction", &o.p)) return false;
    return ls_grad_record_row(f, name, &o, &a, 1);
}

/* Values chosen along an axis, with their indices beside them: max(dim), sort, topk, … */
static bool along(ls_grad_frame *f, const char *shown) {
    const ls_tuple *t = f->out->tag == LS_TUPLE ? f->out->tuple : NULL;
    lsv_array *in[2];
    lsv_grad_attrs o = {0};
    if (!t || t->n != 2 || t->items[0].tag != LS_ARRAY || t->items[1].tag != LS_ARRAY)
        return ls_grad_broken(f);
    if (!ls_grad_operand(f, f->args[0], &in[0]) || !ls_grad_axes(f, &o)) return false;
    if (o.naxes < 0) o.axes[0] = strcmp(ls_grad_function_name(f), "msort") == 0 ? 0 : -1;
    in[1] = t->items[1].array;
    o.flag = t->items[0].array->ndim < in[0]->ndim;
    ls_value values = ls_ref(t->items[0]);
    bool ok = ls_grad_record(f->in, LSV_GRAD_ALONG, shown, &o, in, 2, &values);
    ls_drop(values);
    return ok;
}

bool ls_grad_op_along(ls_grad_frame *f) { return along(f, f->row->shown); }

/* max, min, median: of everything, along a dim, or of two tensors. */
bool ls_grad_op_extreme(ls_grad_frame *f) {
    lsv_array *xy[2];
    const ls_value *dim = ls_grad_given(f, "dim axis"), *other = ls_grad_given(f, "other");
    bool max = strcmp(ls_grad_function_name(f), "max") == 0,
         median = strcmp(ls_grad_function_name(f), "median") == 0;
    lsv_grad_attrs o = {.naxes = -1, .op = max ? LSV_OP_MAXIMUM : LSV_OP_MINIMUM};
    if (dim && dim->tag == LS_ARRAY) other = dim;
    if (other)
        return ls_grad_operand(f, f->args[0], &xy[0]) && ls_grad_operand(f, *other, &xy[1]) &&
               ls_grad_record(f->in, LSV_GRAD_BINARY, lsv_grad_binary_name((lsv_binary_op)o.op), &o, xy, 2,
                              f->out);
    if (dim) return along(f, median ? "MedianBackward1" : max ? "MaxBackward0" : "MinBackward0");
    return ls_grad_operand(f, f->args[0], &xy[0]) && ls_grad_record_row(f,
                                                                        median ? "MedianBackward0"
                                                                        : max  ? "MaxBackward1"
                                                                               : "MinBackward1",
                                                                        &o, xy, 1);
}

/* np.sort: the indices have to be found again. */
bool ls_grad_op_sort(ls_grad_frame *f) {
    lsv_array *in[2], *r = NULL;
    lsv_error err;
    int64_t axis = -1;
    const ls_value *v = ls_grad_given(f, "axis dim");
    lsv_grad_attrs o = {.naxes = 1};
    if (!v && strcmp(ls_grad_function_name(f), "msort") != 0) return ls_grad_broken(f); /* flattened */
    if (v && !ls_as_int(f->in, *v, "axis", &axis)) return false;
    if (!v) axis = 0;
    if (!ls_grad_operand(f, f->args[0], &in[0])) return false;
    if (lsv_sort(in[0], (int)axis, false, NULL, &r, &err) != LSV_OK) return ls_raise_lsv(f->in, &err);
    o.axes[0] = (int)axis;
    in[1] = r;
    return ls_grad_own(f, r) && ls_grad_record(f->in, LSV_GRAD_ALONG, f->row->shown, &o, in, 2, f->out);
}

bool ls_grad_op_running(ls_grad_frame *f) {
    lsv_array *a;
    lsv_grad_attrs o = {.naxes = 1};
    const ls_value *v = ls_grad_given(f, "dim axis");
    int64_t axis = 0;
    if (!ls_grad_operand(f, f->args[0], &a)) return false;
    if (!v && a->ndim > 1) return ls_grad_broken(f); /* NumPy flattens */
    if (v && !ls_as_int(f->in, *v, "dim", &axis)) return false;
    o.axes[0] = (int)axis;
    return ls_grad_record_row(f, f->row->shown, &o, &a, 1);
}

bool ls_grad_op_softmax(ls_grad_frame *f) {
    lsv_array *a;
    lsv_grad_attrs o = {.naxes = 1, .axes = {-1}};
    const ls_value *v = ls_grad_given(f, "dim");
    int64_t axis = -1;
    if (v && !ls_as_int(f->in, *v, "dim", &axis)) return false;
    o.axes[0] = (int)axis;
    return ls_grad_operand(f, f->args[0], &a) && ls_grad_record_row(f, f->row->shown, &o, &a, 1);
}

/* ---- compositions ---- a formula with torch, np and the function's own parameters in scope */

bool ls_grad_formula(ls_interp *in, const char *text, const ls_value *args, int n, ls_value *out) {
    enum { MOST = 20 };
    ls_value all[MOST], function;
    if (n + 2 > MOST || !ls_eval_text(in, text, &function)) return false;
    all[0] = (ls_value){.tag = LS_MODULE, .module = ls_module_find("torch")};
    all[1] = (ls_value){.tag = LS_MODULE, .module = ls_module_find("numpy")};
    memcpy(all + 2, args, (size_t)n * sizeof *args);
    bool ok = ls_call(in, function, all, n + 2, out);
    ls_drop(function);
    if (!ok && in->error.source && strcmp(in->error.source->text, text) == 0) ls_error_unplace(&in->error);
    return ok;
}

void ls_grad_show(ls_value v, const char *shown) {
    const lsv_tape *t = v.tag == LS_ARRAY ? v.array->tape : NULL;
    if (shown && t && t->node && t->node->nout == 1) t->node->name = shown;
}

/* to's elements stay; it takes from's place in the graph. */
bool ls_grad_take_place(ls_grad_frame *f, ls_value *to, ls_value from, const char *shown) {
    lsv_error err;
    lsv_array *a;
    if (from.tag != LS_ARRAY || !from.array->tape || !(to->tag == LS_ARRAY || to->tag == LS_NPSCALAR))
        return true;
    if (to->tag == LS_NPSCALAR) {
        if (lsv_from_scalar(LSV_NUMPY, ls_npscalar_get(*to), &a, &err) != LSV_OK)
            return ls_raise_lsv(f->in, &err);
        *to = ls_array(a);
    }
    lsv_tape *t = lsv_tape_take(from.array);
    t->version = to->array->storage->version;
    if (shown && t->node && t->node->nout == 1) t->node->name = shown;
    lsv_tape_give(to->array, t);
    return true;
}

bool ls_grad_composed(ls_grad_frame *f, const char *text, const ls_value *args, int n) {
    ls_value v;
    if (!ls_grad_formula(f->in, text, args, n, &v)) return false;
    bool ok = true;
    if (v.tag == LS_TUPLE && f->out->tag == LS_TUPLE)
        for (ptrdiff_t k = 0; ok && k < v.tuple->n && k < f->out->tuple->n; k++)
            ok = ls_grad_take_place(f, &f->out->tuple->items[k], v.tuple->items[k], f->row->shown);
    else ok = ls_grad_take_place(f, f->out, v, f->row->shown);
    ls_drop(v);
    return ok;
}

bool ls_grad_op_formula(ls_grad_frame *f) {
    return ls_grad_composed(f, f->row->text, f->args, f->s->nparams);
}

/* ---- no derivative ---- */

static bool broken_value(ls_grad_frame *f, ls_value *v, lsv_array *const *in, int nin) {
    lsv_grad_attrs o = {.text = ls_grad_function_name(f)};
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
        else if (args[k].tag == LS_TUPLE)
            have = collect(args[k].tuple->items, args[k].tuple->n, in, have, most);
        else if (args[k].tag == LS_LIST) have = collect(args[k].list->items, args[k].list->n, in, have, most);
    }
    return have;
}

bool ls_grad_broken(ls_grad_frame *f) {
    enum { MOST = 16 };
    lsv_array *in[MOST];
    int n = collect(f->args, f->s->nparams, in, 0, MOST);
    return broken_value(f, f->out, in, n);
}
