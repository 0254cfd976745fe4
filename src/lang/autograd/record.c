/* Putting results on the tape: operators, subscripts, changes in place, builtins. */
#include "lang/autograd/autograd.h"

#include "base/alloc.h"
#include "lang/eval/repr.h"
#include "lang/machine/vm.h"
#include "lang/syntax/tree.h"
#include "linalg/linalg.h"

#include <stdio.h>
#include <string.h>

/* ---- one result ---- */

static bool failed(ls_interp *in, const lsv_error *err, ls_value *out) {
    ls_drop(*out);
    *out = ls_none();
    return in->error.set ? false : ls_raise_lsv(in, err);
}

/* A view made before its memory was changed through another array does not know what it holds. */
bool ls_grad_stale(ls_interp *in, const lsv_array *a) {
    const lsv_tape *t = a->tape;
    if (!t || !t->node || !a->storage || t->version == a->storage->version) return false;
    ls_raise(in, "NotImplementedError",
             "a tensor was changed in place through another tensor that shares its memory; its gradient is "
             "not known any more");
    ls_hint(in, "change the tensor itself (y[0] += 1), or work on a copy (y.clone())");
    return true;
}

/* NumPy scalars go back to 0-d arrays: a number cannot be on a tape. */
static bool boxed(ls_interp *in, ls_value *out) {
    if (out->tag != LS_NPSCALAR) return true;
    lsv_array *a;
    lsv_error err;
    if (lsv_from_scalar(LSV_NUMPY, ls_npscalar_get(*out), &a, &err) != LSV_OK) return failed(in, &err, out);
    *out = ls_array(a);
    return true;
}

static bool is_float(ls_value v) {
    return (v.tag == LS_ARRAY && lsv_dtype_is_float((lsv_dtype)v.array->dtype)) ||
           (v.tag == LS_NPSCALAR && lsv_dtype_is_float((lsv_dtype)v.dtype));
}

bool ls_grad_record(ls_interp *in, lsv_grad_rule_id rule, const char *name, const lsv_grad_attrs *attrs,
                    lsv_array *const *inputs, int nin, ls_value *out) {
    lsv_error err;
    if (!is_float(*out)) return true;
    ls_repr_grad_names(lsv_grad_name);
    for (int k = 0; k < nin; k++) {
        if (out->tag == LS_ARRAY && inputs[k] == out->array) return true; /* the operand itself came back */
        if (ls_grad_stale(in, inputs[k])) return failed(in, NULL, out);
    }
    if (!boxed(in, out)) return false;
    if (lsv_record(&lsv_grad_rules[rule], name, attrs, inputs, nin, &out->array, 1, NULL, NULL, &err) !=
        LSV_OK)
        return failed(in, &err, out);
    return true;
}

/* ---- operators ---- */

static const char *matmul_name(const lsv_array *x, const lsv_array *y) {
    if (x->ndim == 1 && y->ndim == 1) return "DotBackward0";
    if (x->ndim == 2 && y->ndim == 1) return "MvBackward0";
    if (x->ndim == 1 && y->ndim == 2) return "SqueezeBackward4";
    return x->ndim == 2 && y->ndim == 2 ? "MmBackward0" : "UnsafeViewBackward0";
}

bool ls_grad_binary(ls_interp *in, int op, lsv_array *x, lsv_array *y, ls_value *out) {
    lsv_array *inputs[] = {x, y};
    lsv_grad_attrs attrs = {.p = 1};
    switch (op) {
    case LS_OP_ADD: return ls_grad_record(in, LSV_GRAD_ADD, NULL, &attrs, inputs, 2, out);
    case LS_OP_SUB:
        return ls_grad_record(in, LSV_GRAD_SUB, x->flags & LSV_WEAK ? "RsubBackward1" : NULL, &attrs, inputs,
                              2, out);
    case LS_OP_MUL: return ls_grad_record(in, LSV_GRAD_MUL, NULL, NULL, inputs, 2, out);
    case LS_OP_DIV:
        return ls_grad_record(in, LSV_GRAD_DIV, x->flags & LSV_WEAK ? "MulBackward0" : NULL, NULL, inputs, 2,
                              out);
    case LS_OP_POW:
        return ls_grad_record(in, LSV_GRAD_POW,
                              y->flags & LSV_WEAK   ? NULL
                              : x->flags & LSV_WEAK ? "PowBackward2"
                                                    : "PowBackward1",
                              NULL, inputs, 2, out);
    case LS_OP_MATMUL: return ls_grad_record(in, LSV_GRAD_MATMUL, matmul_name(x, y), NULL, inputs, 2, out);
    case LS_OP_MOD:
        attrs.op = LSV_OP_MOD;
        return ls_grad_record(in, LSV_GRAD_BINARY, lsv_grad_binary_name(LSV_OP_MOD), &attrs, inputs, 2, out);
    default:
        attrs.text = op == LS_OP_FLOORDIV ? "floor_divide" : ls_operator_text((ls_operator)op);
        return ls_grad_record(in, LSV_GRAD_BROKEN, NULL, &attrs, inputs, 2, out);
    }
}

bool ls_grad_unary(ls_interp *in, lsv_unary_op op, lsv_array *x, ls_value *out) {
    lsv_grad_attrs attrs = {.op = op};
    const char *name = lsv_grad_unary_name(op);
    if (name) return ls_grad_record(in, lsv_grad_unary_rule(op), name, &attrs, &x, 1, out);
    attrs.text = "this function";
    return ls_grad_record(in, LSV_GRAD_BROKEN, NULL, &attrs, &x, 1, out);
}

/* ---- changes in place ---- */

/* Views have leaves behind them that may not change either. */
static bool writable(ls_interp *in, const lsv_array *a, bool part) {
    if (!lsv_tracked(a)) return true;
    const lsv_tape *t = a->tape;
    bool view = part;
    while (t && t->node &&
           (t->node->rule == &lsv_grad_rules[LSV_GRAD_VIEW] ||
            (t->node->rule == &lsv_grad_rules[LSV_GRAD_INDEX] && t->node->attrs.flag))) {
        t = t->node->in[0];
        view = true;
    }
    if (t && t->node) return true;
    ls_raise(in, "RuntimeError",
             "%sa leaf Variable that requires grad is being used in an in-place operation.",
             view ? "a view of " : "");
    ls_hint(in, "a plain copy is x.detach().clone(); x.data is the memory without gradients");
    return false;
}

/* An expanded tensor keeps several elements in one place: what changes there is not what the graph says. */
static bool overlaps(ls_interp *in, const lsv_array *a) {
    bool twice = false;
    for (int d = 0; d < a->ndim; d++) twice |= a->strides[d] == 0 && a->shape[d] > 1;
    if (!twice) return false;
    ls_raise(in, "RuntimeError",
             "unsupported operation: more than one element of the written-to tensor refers to a single "
             "memory location. Please clone() the tensor before performing the operation.");
    return true;
}

/* What a was before it changes: the same value of the graph, with elements of its own if `copy`. */
static bool former(ls_interp *in, lsv_array *a, bool copy, lsv_array **old) {
    lsv_error err;
    if ((copy ? lsv_copy(a, old, &err) : lsv_view(a, old, &err)) != LSV_OK) return ls_raise_lsv(in, &err);
    if (lsv_tracked(a)) {
        lsv_tape *t;
        if (lsv_tape_of(a, &t, &err) != LSV_OK) {
            lsv_release(*old);
            return ls_raise_lsv(in, &err);
        }
        t->refs++;
        lsv_tape_give(*old, t);
    }
    return true;
}

/* a's elements become result's, and so does its place in the graph. */
static bool become(ls_interp *in, lsv_array *a, lsv_array *result) {
    lsv_error err;
    if (lsv_assign(a, result, &err) != LSV_OK) return ls_raise_lsv(in, &err);
    lsv_changed(a);
    if (!lsv_dtype_is_float((lsv_dtype)a->dtype)) return true;
    lsv_tape *t = lsv_tape_take(result);
    if (t) {
        t->version = a->storage->version;
        lsv_tape_give(a, t);
    }
    return true;
}

bool ls_grad_binary_inplace(ls_interp *in, int op, ls_value a, ls_value b, ls_value *out) {
    lsv_array *old;
    if (!writable(in, a.array, false) || overlaps(in, a.array) || ls_grad_stale(in, a.array) ||
        !former(in, a.array, true, &old))
        return false;
    ls_value result, first = ls_array(old);
    if (a.array->storage && old->tape && old->tape->node) old->tape->version = old->storage->version;
    bool ok = ls_binary(in, op, first, b, &result);
    lsv_release(old);
    if (!ok) return false;
    const lsv_array *r = result.array;
    if (r->ndim != a.array->ndim || memcmp(r->shape, a.array->shape, r->ndim * sizeof *r->shape) != 0) {
        char want[96], have[96];
        ls_raise(in, "RuntimeError", "output with shape %s doesn't match the broadcast shape %s",
                 lsv_shape_text(a.array, want, sizeof want), lsv_shape_text(r, have, sizeof have));
        ok = false;
    } else ok = become(in, a.array, result.array);
    ls_drop(result);
    if (ok) *out = ls_ref(a);
    return ok;
}

/* ---- subscripts ---- */

/* As PyTorch applies the items one after the other, the last one that does anything gives the name. */
static const char *index_name(const lsv_array *a, const lsv_index *items, int n) {
    const char *name = "AliasBackward0";
    int dim = 0, used = 0;
    for (int k = 0; k < n; k++) used += items[k].type == LSV_IX_INT || items[k].type == LSV_IX_SLICE;
    for (int k = 0; k < n; k++) {
        const lsv_index *x = &items[k];
        if (x->type == LSV_IX_ARRAY) return "IndexBackward0";
        if (x->type == LSV_IX_ELLIPSIS) dim += a->ndim - used;
        else if (x->type == LSV_IX_NEWAXIS) name = "UnsqueezeBackward0";
        else if (x->type == LSV_IX_INT) name = "SelectBackward0", dim++;
        else {
            bool whole = x->step == 1 && (!x->has_start || x->start == 0) &&
                         (!x->has_stop || (dim < a->ndim && x->stop >= a->shape[dim]));
            if (!whole || n == 1) name = "SliceBackward0";
            dim++;
        }
    }
    return name;
}

static bool has_arrays(const lsv_index *items, int n) {
    for (int k = 0; k < n; k++)
        if (items[k].type == LSV_IX_ARRAY) return true;
    return false;
}

/* Index arrays may change later; slices say the same thing for ever. */
static bool own_items(ls_interp *in, const lsv_index *items, int n, lsv_index *own) {
    lsv_error err;
    memcpy(own, items, (size_t)n * sizeof *own);
    for (int k = 0; k < n; k++)
        if (own[k].type == LSV_IX_ARRAY && lsv_copy(items[k].array, &own[k].array, &err) != LSV_OK) {
            while (k-- > 0)
                if (own[k].type == LSV_IX_ARRAY) lsv_release(own[k].array);
            return ls_raise_lsv(in, &err);
        }
    return true;
}

static void drop_items(lsv_index *own, int n) {
    for (int k = 0; k < n; k++)
        if (own[k].type == LSV_IX_ARRAY) lsv_release(own[k].array);
}

bool ls_grad_index(ls_interp *in, lsv_array *a, const lsv_index *items, int n, ls_value *out) {
    lsv_index own[2 * LSV_MAXDIM + 1];
    if (!own_items(in, items, n, own)) return failed(in, NULL, out);
    lsv_grad_attrs attrs = {.items = own, .nitems = n, .flag = !has_arrays(items, n)};
    bool ok = ls_grad_record(in, LSV_GRAD_INDEX, index_name(a, items, n), &attrs, &a, 1, out);
    drop_items(own, n);
    return ok;
}

bool ls_grad_iterated(ls_interp *in, lsv_array *a, const lsv_index *item, ls_value *out) {
    lsv_grad_attrs attrs = {.items = item, .nitems = 1, .flag = true};
    return ls_grad_record(in, LSV_GRAD_INDEX, "UnbindBackward0", &attrs, &a, 1, out);
}

/* Is v the very memory that a[items] stands for? Then it has been changed in place, as in y[0] += 1. */
static bool same_place(ls_interp *in, lsv_array *a, const lsv_index *items, int n, const lsv_array *v,
                       bool *same) {
    lsv_array *view;
    lsv_error err;
    *same = false;
    if (has_arrays(items, n) || v->storage != a->storage) return true;
    if (lsv_index_get(a, items, n, &view, &err) != LSV_OK) return ls_raise_lsv(in, &err);
    *same = view->data == v->data && view->ndim == v->ndim && view->storage == v->storage &&
            memcmp(view->shape, v->shape, v->ndim * sizeof *v->shape) == 0 &&
            memcmp(view->strides, v->strides, v->ndim * sizeof *v->strides) == 0;
    lsv_release(view);
    return true;
}

bool ls_grad_index_set(ls_interp *in, lsv_array *a, const lsv_index *items, int n, ls_value v) {
    lsv_error err;
    lsv_array *value, *old;
    if (a->kind == LSV_NUMPY && lsv_tracked(a)) {
        ls_raise(in, "TypeError",
                 "'JAX' array object does not support item assignment. JAX arrays are immutable.");
        return false;
    }
    if (!writable(in, a, n > 0) || overlaps(in, a) || !ls_as_array(in, v, (lsv_kind)a->kind, -1, &value))
        return false;
    lsv_index own[2 * LSV_MAXDIM + 1];
    bool here;
    if (!same_place(in, a, items, n, value, &here)) {
        lsv_release(value);
        return false;
    }
    bool fine = here && a->tape && a->tape->node && value->tape &&
                value->tape->version == a->storage->version && a->tape->version + 1 == a->storage->version;
    if ((!fine && ls_grad_stale(in, a)) || !own_items(in, items, n, own)) {
        lsv_release(value);
        return false;
    }
    bool ok = former(in, a, false, &old);
    if (ok) {
        if (!here && lsv_index_set(a, items, n, value, &err) != LSV_OK) ok = ls_raise_lsv(in, &err);
        else {
            lsv_changed(a);
            lsv_grad_attrs attrs = {.items = own, .nitems = n};
            lsv_array *inputs[] = {old, value};
            ls_repr_grad_names(lsv_grad_name);
            bool on = lsv_dtype_is_float((lsv_dtype)a->dtype) && (lsv_tracked(old) || lsv_tracked(value));
            if (on && lsv_record(&lsv_grad_rules[LSV_GRAD_SETITEM], "CopySlices", &attrs, inputs, 2, &a, 1,
                                 NULL, NULL, &err) != LSV_OK)
                ok = ls_raise_lsv(in, &err);
        }
        lsv_release(old);
    }
    drop_items(own, n);
    lsv_release(value);
    return ok;
}

/* ---- which builtin has which row ---- */

typedef enum family { OTHER, ARRAYS, INPLACE } family;
typedef struct known {
    const ls_builtin *b;
    const ls_grad_row *row;
    uint8_t family;
    bool numpy;
} known;
enum { SLOTS = 4096 };
static known table[SLOTS];
static bool filled;

static known *slot_of(const ls_builtin *b) {
    size_t at = ((uintptr_t)b / sizeof *b * 2654435761u) % SLOTS;
    while (table[at].b && table[at].b != b) at = (at + 1) % SLOTS;
    return &table[at];
}

static bool starts(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

static bool note_family(void *ctx, const char *qualified, const ls_builtin *b) {
    (void)ctx;
    known *k = slot_of(b);
    k->b = b;
    size_t n = strlen(qualified);
    bool method = starts(qualified, "tensor.") || starts(qualified, "ndarray.");
    if (k->family == OTHER &&
        (method || starts(qualified, "np.") || starts(qualified, "torch.") || starts(qualified, "jnp.")))
        k->family = ARRAYS;
    if (starts(qualified, "tensor.") && qualified[n - 1] == '_' && qualified[n - 2] != '_' &&
        b->names[n - 1] == '_' && strncmp(b->names, qualified, n) == 0)
        k->family = INPLACE; /* its first name says what it is: detach is detach_, too */
    if (starts(b->names, "np.")) k->numpy = true;
    return true;
}

static void give_row(const char *name, const ls_grad_row *row) {
    const ls_builtin *b = ls_builtin_find(name);
    known *k = b ? slot_of(b) : NULL;
    if (k && k->b && !k->row) k->row = row;
}

static void give_rows(const char *names, const ls_grad_row *row) {
    char name[96];
    while (*names) {
        size_t n = strcspn(names, " ");
        snprintf(name, sizeof name, "%.*s", (int)n, names);
        give_row(name, row);
        names += n + (names[n] == ' ');
    }
}

/* Rows for the element-wise operations, one per operation. */
static const ls_grad_row unary_rows[LSV_NUNARY] = {
#define X(OP, numpy, torch) \
    [LSV_FN_##OP] = {"np." numpy " torch." torch, ls_grad_op_unary, LSV_FN_##OP, NULL, NULL},
    LSV_UNARY_OPS(X)
#undef X
};
static const ls_grad_row binary_rows[LSV_NBINARY] = {
#define X(OP, numpy, torch) \
    [LSV_OP_##OP] = {"np." numpy " torch." torch, ls_grad_op_binary, LSV_OP_##OP, NULL, NULL},
    LSV_BINARY_OPS(X)
#undef X
};

static known *know(const ls_builtin *b) {
    if (!filled) {
        filled = true;
        ls_builtin_each(note_family, NULL);
        for (const ls_grad_row *r = ls_grad_rows; r->names; r++) give_rows(r->names, r);
        for (int k = 0; k < LSV_NUNARY; k++) give_rows(unary_rows[k].names, &unary_rows[k]);
        for (int k = 0; k < LSV_NBINARY; k++) give_rows(binary_rows[k].names, &binary_rows[k]);
    }
    return slot_of(b);
}

const ls_grad_row *ls_grad_row_of(const ls_builtin *b) { return know(b)->row; }

/* ---- builtins ---- */

static bool tracked_inside(ls_value v, int depth) {
    if (v.tag == LS_ARRAY) return lsv_tracked(v.array);
    if (depth > 4 || (v.tag != LS_TUPLE && v.tag != LS_LIST)) return false;
    const ls_value *items = v.tag == LS_TUPLE ? v.tuple->items : v.list->items;
    ptrdiff_t n = v.tag == LS_TUPLE ? v.tuple->n : v.list->n;
    for (ptrdiff_t k = 0; k < n; k++)
        if (items[k].tag >= LS_HEAP && tracked_inside(items[k], depth + 1)) return true;
    return false;
}

/* Some float array that is not on the tape by itself. */
static bool new_floats(ls_value v, const ls_value *args, int n) {
    if (v.tag == LS_TUPLE || v.tag == LS_LIST) {
        const ls_value *items = v.tag == LS_TUPLE ? v.tuple->items : v.list->items;
        ptrdiff_t count = v.tag == LS_TUPLE ? v.tuple->n : v.list->n;
        for (ptrdiff_t k = 0; k < count; k++)
            if (new_floats(items[k], args, n)) return true;
        return false;
    }
    if (!is_float(v) || ls_tracked(v)) return false;
    for (int k = 0; k < n; k++)
        if (v.tag == LS_ARRAY && args[k].tag == LS_ARRAY && args[k].array == v.array) return false;
    return true;
}

static bool has_out(const ls_grad_frame *f) {
    for (int k = 0; k < f->s->nparams; k++)
        if (strcmp(f->s->params[k].name, "out") == 0) return f->args[k].tag != LS_NONE;
    return false;
}

static const lsv_array *one_tracked(const ls_value *args, int n) {
    for (int k = 0; k < n; k++) {
        if (ls_tracked(args[k])) return args[k].array;
        const ls_value *items = args[k].tag == LS_TUPLE  ? args[k].tuple->items
                                : args[k].tag == LS_LIST ? args[k].list->items
                                                         : NULL;
        ptrdiff_t count = args[k].tag == LS_TUPLE  ? args[k].tuple->n
                          : args[k].tag == LS_LIST ? args[k].list->n
                                                   : 0;
        const lsv_array *a = count && count < INT32_MAX ? one_tracked(items, (int)count) : NULL;
        if (a) return a;
    }
    return NULL;
}

bool ls_grad_call(ls_interp *in, const ls_builtin *b, const ls_value *args, int nargs, ls_value *out) {
    if (out->tag == LS_NONE || out->tag == LS_BOOL || out->tag == LS_INT || out->tag == LS_STR) return true;
    bool direct = false, inside = false;
    for (int k = 0; k < nargs; k++) direct |= ls_tracked(args[k]);
    known *k = know(b);
    if (!direct && (k->family != OTHER || k->row))
        for (int i = 0; i < nargs && !inside; i++) inside = tracked_inside(args[i], 0);
    if (!direct && !inside) return true;
    if (k->row && !k->row->record) return true;
    const lsv_array *first = one_tracked(args, nargs);
    if (out->tag == LS_FLOAT && first && first->kind == LSV_NUMPY) {
        ls_raise(in, "TypeError",
                 "Abstract tracer value encountered where concrete value is expected: %s() made a Python "
                 "number of it, which has no gradient",
                 ls_builtin_short_name(b));
        ls_hint(in, "use jnp's functions on what jax.grad differentiates by");
        return failed(in, NULL, out);
    }
    ls_grad_frame f = {
        .in = in, .b = b, .s = ls_vm_signature(in, b), .args = args, .out = out, .row = k->row};
    if (!f.s) return failed(in, NULL, out);
    if (has_out(&f) && is_float(*out)) {
        ls_raise(in, "RuntimeError",
                 "%s(): functions with out=... arguments don't support automatic differentiation, but one of "
                 "the arguments requires grad.",
                 ls_builtin_short_name(b));
        return failed(in, NULL, out);
    }
    if (!new_floats(*out, args, nargs)) return true;
    if (k->numpy && first && first->kind == LSV_TORCH) {
        ls_raise(in, "RuntimeError",
                 "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.");
        return failed(in, NULL, out);
    }
    bool ok = k->row ? k->row->record(&f) : ls_grad_broken(&f);
    for (int i = 0; i < f.nowned; i++) lsv_release(f.owned[i]);
    if (!ok && out->tag != LS_NONE) return failed(in, NULL, out);
    return ok;
}

/* ---- methods in place ---- */

/* These end in an underscore, but leave the elements alone. */
static bool keeps_elements(const char *name) {
    static const char *const names[] = {"requires_grad_", "detach_", "squeeze_",    "unsqueeze_", "t_",
                                        "transpose_",     "resize_", "retain_grad_"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (strcmp(name, names[k]) == 0) return true;
    return false;
}

static bool fills(const char *name) {
    static const char *const names[] = {"fill_", "copy_", "zero_"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (strcmp(name, names[k]) == 0) return true;
    return false;
}

static bool inplace(ls_interp *in, const ls_builtin *b, const char *name, const ls_value *args, int nargs,
                    const char *const *names, int nkw, ls_value *out) {
    lsv_array *a = args[0].array, *old;
    char plain[96];
    if (!writable(in, a, false) || overlaps(in, a) || ls_grad_stale(in, a)) return false;
    if (fills(name)) {
        lsv_index all = {.type = LSV_IX_ELLIPSIS};
        if (!ls_grad_index_set(in, a, &all, 1, nargs > 1 ? args[1] : ls_int(0))) return false;
        *out = ls_ref(args[0]);
        return true;
    }
    snprintf(plain, sizeof plain, "tensor.%.*s", (int)strlen(name) - 1, name);
    const ls_builtin *other = ls_builtin_find(plain);
    if (!other)
        return ls_raise(in, "NotImplementedError", "%s() on a tensor that requires grad",
                        ls_builtin_short_name(b));
    enum { FEW = 16 };
    ls_value all[FEW], result;
    if (nargs + nkw > FEW || !former(in, a, true, &old))
        return nargs + nkw <= FEW ? false : ls_raise(in, "TypeError", "too many arguments");
    if (old->tape && old->tape->node) old->tape->version = old->storage->version;
    memcpy(all, args, (size_t)(nargs + nkw) * sizeof *all);
    all[0] = ls_array(old);
    bool ok = ls_call_builtin(in, other, all, nargs, names, nkw, &result);
    lsv_release(old);
    if (!ok) return false;
    ok = result.tag == LS_ARRAY && become(in, a, result.array);
    ls_drop(result);
    if (ok) *out = ls_ref(args[0]);
    return ok || in->error.set ? ok
                               : ls_raise(in, "NotImplementedError", "%s() on a tensor that requires grad",
                                          ls_builtin_short_name(b));
}

ls_grad_before ls_grad_inplace_call(ls_interp *in, const ls_builtin *b, const ls_value *args, int nargs,
                                    const char *const *names, int nkw, ls_value *out) {
    if (know(b)->family != INPLACE) return LS_GRAD_GO_ON;
    const char *dot = strchr(b->names, '.');
    char name[64];
    if (!dot) return LS_GRAD_GO_ON;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(dot + 1, " "), dot + 1);
    if (keeps_elements(name)) return LS_GRAD_GO_ON;
    bool concerned = false;
    for (int k = 0; k < nargs + nkw; k++) concerned |= ls_tracked(args[k]);
    if (concerned && in->grad_enabled)
        return inplace(in, b, name, args, nargs, names, nkw, out) ? LS_GRAD_DONE : LS_GRAD_FAILED;
    lsv_changed(args[0].array);
    return LS_GRAD_GO_ON;
}
