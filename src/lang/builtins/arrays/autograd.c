/* Gradients: tensor.backward, .grad and their like, torch.no_grad, torch.autograd.grad; jax.grad and
   jax.value_and_grad, which put ndarrays on the same tape for the time of one call. */
#include "lang/builtins/support.h"

#include "grad/svd_derivative.h"
#include "lang/autograd/autograd.h"

#include <stdio.h>
#include <string.h>

/* ---- running backwards ---- */

/* A list, tuple or single array; *n of them, borrowed, kept by the frame. */
static bool several(ls_work *w, ls_value v, lsv_array ***arrays, int *n) {
    const ls_value *items = v.tag == LS_TUPLE ? v.tuple->items : v.tag == LS_LIST ? v.list->items : &v;
    ptrdiff_t count = v.tag == LS_TUPLE ? v.tuple->n : v.tag == LS_LIST ? v.list->n : 1;
    lsv_free(w->parts);
    w->parts = count < 1 << 20 ? lsv_malloc((size_t)(count + 1) * sizeof *w->parts) : NULL;
    if (!w->parts) return ls_no_memory(w->in);
    for (ptrdiff_t k = 0; k < count; k++) {
        if (items[k].tag == LS_NONE) w->parts[k] = NULL;
        else if (items[k].tag == LS_ARRAY) w->parts[k] = items[k].array;
        else return ls_raise(w->in, "TypeError", "expected a Tensor, got %s", ls_type_of(items[k])->shown);
    }
    *arrays = w->parts;
    *n = (int)count;
    return true;
}

static bool run(ls_work *w, lsv_array *const *roots, lsv_array *const *seeds, int n, bool retain,
                lsv_array *const *wanted, int nwanted, lsv_array **grads) {
    for (int k = 0; k < n; k++)
        if (roots[k] && ls_grad_stale(w->in, roots[k])) return false;
    lsv_status status = lsv_backward(roots, seeds, n, retain, wanted, nwanted, grads, &w->err);
    if (status == LSV_OK) return true;
    return w->in->error.set ? false : ls_raise_lsv(w->in, &w->err);
}

static bool no_create_graph(ls_work *w, ls_value v) {
    bool on = false;
    if (!ls_truth(w->in, v, &on)) return false;
    return !on || ls_raise(w->in, "NotImplementedError",
                           "create_graph=True: derivatives of derivatives are not implemented");
}

/* tensor.backward(gradient, retain_graph, create_graph) */
BUILTIN(tensor_backward) {
    lsv_array *a = args[0].array, *seed = NULL;
    bool retain = false;
    if (!ls_is_none(args[1]) && !ls_array_like(w, args[1], (lsv_kind)a->kind, a->dtype, &seed)) return false;
    if (!ls_is_none(args[2]) && !ls_truth(w->in, args[2], &retain)) return false;
    return no_create_graph(w, args[3]) && run(w, &a, &seed, 1, retain, NULL, 0, NULL);
}

/* torch.autograd.backward(tensors, grad_tensors, retain_graph, create_graph) */
BUILTIN(autograd_backward) {
    lsv_array **roots, *copy[64], **seeds = NULL;
    int n, m = 0;
    bool retain = false;
    if (!several(w, args[0], &roots, &n) || !no_create_graph(w, args[3])) return false;
    if (n > 64) return ls_raise(w->in, "ValueError", "at most 64 tensors");
    memcpy(copy, roots, (size_t)n * sizeof *copy);
    if (!ls_is_none(args[1]) && !several(w, args[1], &seeds, &m)) return false;
    if (seeds && m != n) return ls_raise(w->in, "RuntimeError", "got %d tensors and %d gradients", n, m);
    if (!ls_is_none(args[2]) && !ls_truth(w->in, args[2], &retain)) return false;
    return run(w, copy, seeds, n, retain, NULL, 0, NULL);
}

/* torch.autograd.grad(outputs, inputs, grad_outputs, retain_graph, create_graph, allow_unused) */
BUILTIN(autograd_grad) {
    enum { MOST = 64 };
    lsv_array **found, *roots[MOST], *seeds[MOST] = {NULL}, *wanted[MOST], *grads[MOST] = {NULL};
    ls_value items[MOST];
    int n, m, nseeds;
    bool retain = false, unused = false;
    if (!several(w, args[0], &found, &n)) return false;
    if (n > MOST) return ls_raise(w->in, "ValueError", "at most %d tensors", MOST);
    memcpy(roots, found, (size_t)n * sizeof *roots);
    if (!several(w, args[1], &found, &m)) return false;
    if (m > MOST) return ls_raise(w->in, "ValueError", "at most %d tensors", MOST);
    memcpy(wanted, found, (size_t)m * sizeof *wanted);
    if (!ls_is_none(args[2])) {
        if (!several(w, args[2], &found, &nseeds)) return false;
        if (nseeds != n) return ls_raise(w->in, "RuntimeError", "got %d tensors and %d gradients", n, nseeds);
        memcpy(seeds, found, (size_t)n * sizeof *seeds);
    }
    if ((!ls_is_none(args[3]) && !ls_truth(w->in, args[3], &retain)) || !no_create_graph(w, args[4]) ||
        (!ls_is_none(args[5]) && !ls_truth(w->in, args[5], &unused)))
        return false;
    for (int k = 0; k < m; k++)
        if (!wanted[k] || !lsv_tracked(wanted[k]))
            return ls_raise(w->in, "RuntimeError", "One of the differentiated Tensors does not require grad");
    if (!run(w, roots, seeds, n, retain, wanted, m, grads)) return false;
    bool ok = true;
    for (int k = 0; k < m; k++) {
        if (!grads[k] && !unused && ok)
            ok = ls_raise(w->in, "RuntimeError",
                          "The differentiated Tensor at index %d appears to not have been used in the graph. "
                          "Set allow_unused=True if this is the desired behavior.",
                          k);
        items[k] = grads[k] ? ls_array(grads[k]) : ls_none();
    }
    if (ok) return ls_give_tuple(w, out, NULL, m, items);
    for (int k = 0; k < m; k++) ls_drop(items[k]);
    return false;
}

/* ---- attributes ---- */

BUILTIN(tensor_grad) {
    const lsv_tape *t = args[0].array->tape;
    *out = t && t->grad ? ls_array(lsv_ref(t->grad)) : ls_none();
    return true;
}

static const char *bracketed(const lsv_array *a, char *buf, size_t n) { /* "[2, 3]" */
    size_t used = 0;
    for (int d = 0; d < a->ndim && used < n; d++)
        used += (size_t)snprintf(buf + used, n - used, "%s%td", d ? ", " : "[", a->shape[d]);
    if (used < n) snprintf(buf + used, n - used, used ? "]" : "[]");
    return buf;
}

static bool set_grad(ls_interp *in, ls_value self, ls_value v) {
    lsv_array *a = self.array, *g = NULL;
    lsv_tape *t;
    lsv_error err;
    if (v.tag == LS_NONE && !a->tape) return true;
    if (v.tag != LS_NONE) {
        if (!ls_is_tensor(v))
            return ls_raise(in, "TypeError",
                            "assigned grad expected to be a Tensor or None but got grad of type %s",
                            ls_type_of(v)->shown);
        const lsv_array *x = v.array;
        if (x->ndim != a->ndim || memcmp(x->shape, a->shape, x->ndim * sizeof *x->shape) != 0) {
            char want[128], have[128];
            return ls_raise(in, "RuntimeError",
                            "attempting to assign a gradient of size '%s' to a tensor of size '%s'. Please "
                            "ensure that the gradient and the tensor are the same size",
                            bracketed(x, have, sizeof have), bracketed(a, want, sizeof want));
        }
        if (x->dtype != a->dtype)
            return ls_raise(in, "RuntimeError", "assigned grad has data of a different type");
        if (x->device != a->device)
            return ls_raise(in, "RuntimeError",
                            "attempting to assign a gradient with device type '%s' to a tensor with device type '%s'. Please "
                            "ensure that the gradient and the tensor are on the same device",
                            x->device ? "cuda" : "cpu", a->device ? "cuda" : "cpu");
        /* a handle of its own where the tensor is on the tape: no cycles */
        if (x->tape ? lsv_view(v.array, &g, &err) != LSV_OK : (g = lsv_ref(v.array), false))
            return ls_raise_lsv(in, &err);
    }
    if (lsv_tape_of(a, &t, &err) != LSV_OK) {
        lsv_release(g);
        return ls_raise_lsv(in, &err);
    }
    lsv_release(t->grad);
    t->grad = g;
    return true;
}

static const ls_type node_type = {"Node", "Node"};

BUILTIN(tensor_grad_fn) {
    const char *name = lsv_grad_name(args[0].array);
    char text[64];
    if (!name) return true;
    snprintf(text, sizeof text, "<%s object>", name);
    ls_value v = ls_opaque_new(&node_type, text);
    if (v.tag == LS_UNSET) return ls_no_memory(w->in);
    v.opaque->state[0] = ls_str_from(name);
    if (v.opaque->state[0].tag == LS_UNSET) {
        v.opaque->state[0] = ls_none();
        ls_drop(v);
        return ls_no_memory(w->in);
    }
    *out = v;
    return true;
}

BUILTIN(node_name) {
    *out = ls_ref(args[0].opaque->state[0]);
    return true;
}

BUILTIN(tensor_is_leaf) {
    *out = ls_bool(lsv_is_leaf(args[0].array));
    return true;
}

BUILTIN(tensor_retain_grad) {
    lsv_array *a = args[0].array;
    lsv_tape *t;
    if (!lsv_tracked(a))
        return ls_raise(w->in, "RuntimeError", "can't retain_grad on Tensor that has requires_grad=False");
    if (!ls_ok(w, lsv_tape_of(a, &t, &w->err))) return false;
    t->retain = t->node != NULL;
    return true;
}

BUILTIN(tensor_requires_grad) {
    *out = ls_bool(lsv_tracked(args[0].array));
    return true;
}

static bool set_requires_grad(ls_interp *in, ls_value self, ls_value v) {
    bool on;
    lsv_array *a = self.array;
    if (!ls_truth(in, v, &on)) return false;
    if (on && !lsv_dtype_is_float((lsv_dtype)a->dtype))
        return ls_raise(in, "RuntimeError", "only Tensors of floating point dtype can require gradients");
    if (!on && !lsv_is_leaf(a)) {
        ls_raise(in, "RuntimeError",
                 "you can only change requires_grad flags of leaf variables. If you want to use a computed "
                 "variable in a subgraph that doesn't require "
                 "differentiation use var_no_grad = var.detach().");
        return false;
    }
    if (on) a->flags |= LSV_REQUIRES_GRAD;
    else a->flags &= (uint8_t)~LSV_REQUIRES_GRAD;
    return true;
}

BUILTIN(tensor_requires_grad_) {
    if (!set_requires_grad(w->in, args[0], args[1])) return false;
    *out = ls_ref(args[0]);
    return true;
}

/* ---- modes ---- */

/* op: the mode. torch.no_grad() is something to decorate with, no_grad()(f) and no_grad(f) are f in that
 * mode. */
static const ls_type mode_type = {"no_grad", "torch.autograd.grad_mode.no_grad"};
static const ls_type moded_type = {"no_grad_function", "function"};

static bool in_mode(ls_work *w, ls_value f, bool on, ls_value *out) {
    ls_value v = ls_opaque_new(&moded_type, "<function>");
    if (v.tag == LS_UNSET) return ls_no_memory(w->in);
    v.opaque->state[0] = ls_ref(f);
    v.opaque->number = on;
    *out = v;
    return true;
}

BUILTIN(grad_mode) {
    bool on = w->self->op;
    if (!ls_is_none(args[0]) && args[0].tag != LS_BOOL) return in_mode(w, args[0], on, out);
    ls_value v = ls_opaque_new(&mode_type, on ? "<torch.autograd.grad_mode.enable_grad object>"
                                              : "<torch.autograd.grad_mode.no_grad object>");
    if (v.tag == LS_UNSET) return ls_no_memory(w->in);
    v.opaque->number = on;
    *out = v;
    return true;
}

BUILTIN(mode_call) { return in_mode(w, args[1], args[0].opaque->number != 0, out); }

BUILTIN(moded_call) {
    enum { MOST = 32 };
    const char *names[MOST];
    ls_value all[2 * MOST];
    const ls_tuple *star = args[1].tuple;
    const ls_dict *kw = args[2].dict;
    int n = 0, nkw = 0;
    if (star->n > MOST || kw->n > MOST) return ls_raise(w->in, "TypeError", "too many arguments");
    for (; n < star->n; n++) all[n] = star->items[n];
    for (ptrdiff_t k = 0; k < kw->used; k++) {
        if (kw->entries[k].key.tag != LS_STR) continue;
        names[nkw] = kw->entries[k].key.str->data;
        all[n + nkw++] = kw->entries[k].value;
    }
    bool was = w->in->grad_enabled;
    w->in->grad_enabled = args[0].opaque->number != 0;
    bool ok = ls_call_kw(w->in, args[0].opaque->state[0], all, n, names, nkw, out);
    w->in->grad_enabled = was;
    return ok;
}

/* ---- jax ---- */

static const ls_type jax_type = {"jax_grad", "function"};

/* jax.grad(f, argnums): state f, argnums; number: 1 gives the value, too. */
BUILTIN(jax_grad) {
    bool aux = false;
    if (!ls_truth(w->in, args[2], &aux)) return false;
    ls_value v = ls_opaque_new(&jax_type, w->self->op ? "<function value_and_grad>" : "<function grad>");
    if (v.tag == LS_UNSET) return ls_no_memory(w->in);
    v.opaque->state[0] = ls_ref(args[0]);
    v.opaque->state[1] = ls_ref(args[1]);
    v.opaque->number = w->self->op | (aux ? 2 : 0);
    *out = v;
    return true;
}

/* Leaves for an argument: arrays of floats, or tuples and lists of them (as many as there is room for). */
typedef struct leaves {
    lsv_array *arrays[64];
    int n;
} leaves;

static bool make_leaves(ls_work *w, ls_value v, leaves *all, ls_value *out) {
    if (v.tag == LS_TUPLE || v.tag == LS_LIST) {
        ptrdiff_t n = v.tag == LS_TUPLE ? v.tuple->n : v.list->n;
        const ls_value *items = v.tag == LS_TUPLE ? v.tuple->items : v.list->items;
        ls_value t = v.tag == LS_TUPLE ? ls_tuple_new(n) : ls_list_new(n);
        bool ok = t.tag != LS_UNSET || ls_no_memory(w->in);
        if (!ok) return false;
        for (ptrdiff_t k = 0; ok && k < n; k++) {
            ls_value item;
            ok = make_leaves(w, items[k], all, &item);
            if (ok && t.tag == LS_TUPLE) t.tuple->items[k] = item;
            else if (ok) {
                ok = ls_list_append(t.list, item) || ls_no_memory(w->in);
                ls_drop(item);
            }
        }
        if (ok) *out = t;
        else ls_drop(t);
        return ok;
    }
    lsv_array *a, *own;
    if (ls_tracked(v))
        return ls_raise(w->in, "NotImplementedError",
                        "jax.grad inside jax.grad: derivatives of derivatives are not implemented");
    if (!ls_as_array(w->in, v, LSV_NUMPY, -1, &a)) return false;
    if (!lsv_dtype_is_float((lsv_dtype)a->dtype)) {
        ls_raise(w->in, "TypeError",
                 "grad requires real- or complex-valued inputs (input dtype that is a sub-dtype of "
                 "np.inexact), but got %s.",
                 lsv_dtype_name((lsv_dtype)a->dtype));
        lsv_release(a);
        return false;
    }
    lsv_status status = lsv_view(a, &own, &w->err);
    lsv_release(a);
    if (!ls_ok(w, status)) return false;
    if (own->kind != LSV_NUMPY) own->kind = LSV_NUMPY;
    own->flags |= LSV_REQUIRES_GRAD;
    *out = ls_array(own);
    if (all->n == (int)(sizeof all->arrays / sizeof *all->arrays)) {
        ls_drop(*out);
        return ls_raise(w->in, "ValueError", "jax.grad: too many arrays in its arguments");
    }
    all->arrays[all->n++] = own;
    return true;
}

/* The gradients in the structure of the argument; takes them one after the other. */
static bool structured(ls_work *w, ls_value v, lsv_array **grads, int *at, ls_value *out) {
    if (v.tag == LS_TUPLE || v.tag == LS_LIST) {
        ptrdiff_t n = v.tag == LS_TUPLE ? v.tuple->n : v.list->n;
        const ls_value *items = v.tag == LS_TUPLE ? v.tuple->items : v.list->items;
        ls_value t = v.tag == LS_TUPLE ? ls_tuple_new(n) : ls_list_new(n);
        bool ok = t.tag != LS_UNSET || ls_no_memory(w->in);
        if (!ok) return false;
        for (ptrdiff_t k = 0; ok && k < n; k++) {
            ls_value item;
            ok = structured(w, items[k], grads, at, &item);
            if (ok && t.tag == LS_TUPLE) t.tuple->items[k] = item;
            else if (ok) {
                ok = ls_list_append(t.list, item) || ls_no_memory(w->in);
                ls_drop(item);
            }
        }
        if (ok) *out = t;
        else ls_drop(t);
        return ok;
    }
    lsv_array *g = grads[*at];
    grads[(*at)++] = NULL;
    if (!g && !ls_ok(w, lsv_zeros(LSV_NUMPY, (lsv_dtype)v.array->dtype, v.array->ndim, v.array->shape, &g,
                                  &w->err)))
        return false;
    *out = ls_from_array(g);
    return true;
}

/* What f gave, without its tape. */
static bool plain(ls_work *w, ls_value v, ls_value *out) {
    lsv_array *r;
    if (!ls_tracked(v)) {
        *out = ls_ref(v);
        return true;
    }
    if (!ls_ok(w, lsv_view(v.array, &r, &w->err))) return false;
    *out = ls_from_array(r);
    return true;
}

static bool differentiate(ls_work *w, ls_opaque *self, const ls_value *args, int n, const int *nums,
                          int count, bool several_nums, ls_value *out) {
    leaves all = {.n = 0};
    lsv_array *grads[64] = {NULL};
    ls_value inputs[32], result = ls_none(), value = ls_none(), gradient = ls_none();
    memcpy(inputs, args, (size_t)n * sizeof *inputs);
    bool ok = true;
    int made = 0;
    for (; ok && made < count; made++) ok = make_leaves(w, args[nums[made]], &all, &inputs[nums[made]]);
    if (!ok) made--;
    bool was = w->in->grad_enabled;
    w->in->grad_enabled = true;
    ok = ok && ls_call(w->in, self->state[0], inputs, n, &result);
    w->in->grad_enabled = was;
    if (ok) {
        bool aux = self->number & 2;
        ls_value scalar =
            aux && result.tag == LS_TUPLE && result.tuple->n == 2 ? result.tuple->items[0] : result;
        if (scalar.tag == LS_ARRAY && scalar.array->ndim > 0) {
            char shape[96];
            ok = ls_raise(w->in, "TypeError",
                          "Gradient only defined for scalar-output functions. Output had shape: %s.",
                          lsv_shape_text(scalar.array, shape, sizeof shape));
        } else if (scalar.tag != LS_ARRAY && !ls_is_number(scalar))
            ok = ls_raise(w->in, "TypeError",
                          "Gradient only defined for scalar-output functions. Output was: %s.",
                          ls_type_name(scalar));
        if (ok && ls_tracked(scalar)) ok = run(w, &scalar.array, NULL, 1, false, all.arrays, all.n, grads);
        ls_value items[2];
        int at = 0;
        if (ok && several_nums) {
            gradient = ls_tuple_new(count);
            ok = gradient.tag != LS_UNSET || ls_no_memory(w->in);
            for (int k = 0; ok && k < count; k++)
                ok = structured(w, inputs[nums[k]], grads, &at, &gradient.tuple->items[k]);
        } else if (ok) ok = structured(w, inputs[nums[0]], grads, &at, &gradient);
        for (int k = 0; k < all.n; k++) lsv_release(grads[k]);
        if (ok && aux && result.tag == LS_TUPLE) {
            ls_value v, extra;
            ok = plain(w, result.tuple->items[0], &v) && plain(w, result.tuple->items[1], &extra);
            if (ok && self->number & 1) ok = ls_give_tuple(w, &value, NULL, 2, (ls_value[]){v, extra});
            else if (ok) value = extra;
        } else if (ok) ok = plain(w, result, &value);
        items[0] = self->number & 1 ? value : gradient;
        items[1] = self->number & 1 ? gradient : value;
        if (ok && self->number) {
            ok = ls_give_tuple(w, out, NULL, 2, items);
            value = gradient = ls_none();
        } else if (ok) {
            *out = gradient;
            gradient = ls_none();
        }
    }
    ls_drop(value);
    if (gradient.tag != LS_UNSET) ls_drop(gradient);
    ls_drop(result);
    for (int k = 0; k < made; k++) ls_drop(inputs[nums[k]]);
    return ok;
}

BUILTIN(jax_call) {
    ls_opaque *self = args[0].opaque;
    const ls_tuple *star = args[1].tuple;
    int nums[LSV_MAXDIM * 4], count;
    ls_value argnums = self->state[1];
    bool tuple = argnums.tag == LS_TUPLE || argnums.tag == LS_LIST;
    const ls_value *items = argnums.tag == LS_TUPLE  ? argnums.tuple->items
                            : argnums.tag == LS_LIST ? argnums.list->items
                                                     : &argnums;
    count = argnums.tag == LS_TUPLE  ? (int)argnums.tuple->n
            : argnums.tag == LS_LIST ? (int)argnums.list->n
                                     : 1;
    if (star->n > 32 || count > (int)(sizeof nums / sizeof *nums))
        return ls_raise(w->in, "TypeError", "too many arguments");
    for (int k = 0; k < count; k++) {
        int64_t i;
        if (!ls_as_int(w->in, items[k], "argnums", &i)) return false;
        if (i < 0) i += star->n;
        if (i < 0 || i >= star->n)
            return ls_raise(w->in, "TypeError",
                            "differentiating with respect to argnums=%lld requires at least %lld positional "
                            "arguments to be passed by the caller, but got only %td positional arguments.",
                            (long long)i, (long long)i + 1, star->n);
        nums[k] = (int)i;
    }
    return differentiate(w, self, star->items, (int)star->n, nums, count, tuple, out);
}

BUILTIN(identity) {
    *out = ls_ref(args[0]);
    return true;
}

BUILTIN(stop_gradient) { return plain(w, args[0], out); }

/* ---- the SVD's derivative, norms ---- */

static bool cluster_of(ls_work *w, ls_value v, lsv_svd_cluster *c) {
    if (ls_text_is(v, "error")) *c = LSV_CLUSTER_ERROR;
    else if (ls_text_is(v, "subspace")) *c = LSV_CLUSTER_SUBSPACE;
    else return ls_raise(w->in, "ValueError", "cluster is \"error\" or \"subspace\"");
    return true;
}

static bool any_array(ls_work *w, ls_value v, lsv_kind kind, lsv_array **a) {
    *a = NULL;
    return ls_is_none(v) || ls_array_like(w, v, kind, -1, a);
}

/* Integers and the like as float64. */
static bool real_array(ls_work *w, ls_value v, lsv_kind kind, lsv_array **a) {
    lsv_array *r;
    if (!any_array(w, v, kind, a) || !*a || lsv_dtype_is_float((lsv_dtype)(*a)->dtype))
        return !w->in->error.set;
    if (!ls_ok(w, lsv_astype(*a, LSV_FLOAT64, &r, &w->err)) || !ls_keep(w, r)) return false;
    *a = r;
    return true;
}

static lsv_kind same_kind(const ls_value *args, int n) {
    for (int k = 0; k < n; k++)
        if (ls_is_tensor(args[k])) return LSV_TORCH;
    return LSV_NUMPY;
}

/* svd_vjp(U, S, Vh, gU, gS, gVh, *, A, cluster) */
BUILTIN(svd_vjp) {
    lsv_array *x[7], *r;
    lsv_svd_cluster c = LSV_CLUSTER_ERROR;
    lsv_kind kind = same_kind(args, 7);
    for (int k = 0; k < 7; k++)
        if (!real_array(w, args[k], kind, &x[k])) return false;
    for (int k = 0; k < 3; k++)
        if (!x[k]) return ls_raise(w->in, "TypeError", "svd_vjp: U, S and Vh have to be arrays");
    return cluster_of(w, args[7], &c) &&
           ls_give_array(w, out, lsv_svd_vjp(x[6], x[0], x[1], x[2], x[3], x[4], x[5], c, &r, &w->err), &r);
}

/* svd_jvp(U, S, Vh, dA, *, cluster) */
BUILTIN(svd_jvp) {
    lsv_array *x[4], *r[3];
    lsv_svd_cluster c = LSV_CLUSTER_ERROR;
    lsv_kind kind = same_kind(args, 4);
    for (int k = 0; k < 4; k++) {
        if (!real_array(w, args[k], kind, &x[k])) return false;
        if (!x[k]) return ls_raise(w->in, "TypeError", "svd_jvp takes four arrays");
    }
    return cluster_of(w, args[4], &c) &&
           ls_give_arrays(w, out, lsv_svd_jvp(x[0], x[1], x[2], x[3], c, &r[0], &r[1], &r[2], &w->err), NULL,
                          3, r);
}

/* normgrad(A, kind) */
BUILTIN(normgrad) {
    lsv_array *a, *r;
    const char *kind;
    char number[32];
    bool unique;
    if (!real_array(w, args[0], same_kind(args, 1), &a)) return false;
    if (!a) return ls_raise(w->in, "TypeError", "normgrad takes a matrix");
    if (args[1].tag == LS_INT) {
        snprintf(number, sizeof number, "%lld", (long long)args[1].i);
        kind = number;
    } else if (!ls_as_text(w->in, args[1], "kind", &kind)) return false;
    if (!ls_ok(w, lsv_normgrad(a, kind, &r, &unique, &w->err))) return false;
    if (!unique && w->in->client.warn)
        w->in->client.warn(
            w->in->client.ctx,
            "normgrad: warning: the norm is not differentiable here; this is one of many subgradients");
    *out = ls_array(r);
    return true;
}

/* ---- the table ---- */

const ls_builtin ls_family_autograd[] = {
    {"tensor.backward", "(self, gradient=None, retain_graph=None, create_graph=False)",
     "Gradients of this tensor, added to .grad of the leaves",
     "Goes back through everything the tensor was computed from. A tensor of one element needs no gradient=. "
     "What the pass needs is given back behind it, unless retain_graph=True.",
     NULL,
     tensor_backward, 0, LS_CALLABLE, NULL},
    {"torch.autograd.backward", "(tensors, grad_tensors=None, retain_graph=None, create_graph=False)",
     "Gradients of some tensors, added to .grad of the leaves", NULL, NULL, autograd_backward, 0, LS_CALLABLE,
     NULL},
    {"torch.autograd.grad",
     "(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, allow_unused=None)",
     "Gradients of outputs by inputs, as a tuple", NULL, NULL, autograd_grad, 0, LS_CALLABLE, NULL},
    {"tensor.grad", "(self)", "The gradient collected by backward passes, or None", NULL, NULL, tensor_grad,
     0, LS_ATTRIBUTE, set_grad},
    {"tensor.grad_fn", "(self)", "The step that made this tensor, or None for a leaf", NULL, NULL,
     tensor_grad_fn, 0, LS_ATTRIBUTE, NULL},
    {"Node.name", "(self)", "The step's name", NULL, NULL, node_name, 0, LS_CALLABLE, NULL},
    {"tensor.is_leaf", "(self)", "Whether the tensor was made by no recorded step", NULL, NULL,
     tensor_is_leaf, 0, LS_ATTRIBUTE, NULL},
    {"tensor.retain_grad", "(self)", "Lets a result keep its .grad, too", NULL, NULL, tensor_retain_grad, 0,
     LS_CALLABLE, NULL},
    {"tensor.requires_grad", "(self)", "Whether gradients are collected for this tensor", NULL, NULL,
     tensor_requires_grad, 0, LS_ATTRIBUTE, set_requires_grad},
    {"tensor.requires_grad_", "(self, requires_grad=True)", "Sets requires_grad and gives the tensor back",
     NULL, NULL, tensor_requires_grad_, 0, LS_CALLABLE, NULL},
    {"torch.no_grad torch.inference_mode", "(func=None)",
     "A decorator: the function without recording gradients", NULL, NULL, grad_mode, 0, LS_CALLABLE, NULL},
    {"torch.enable_grad", "(func=None)", "A decorator: the function with gradients recorded", NULL, NULL,
     grad_mode, 1, LS_CALLABLE, NULL},
    {"no_grad.__call__", "(self, func)", "The function in this mode", NULL, NULL, mode_call, 0, LS_CALLABLE,
     NULL},
    {"no_grad_function.__call__", "(self, *args, **kwargs)", "Calls the function in its mode", NULL, NULL,
     moded_call, 0, LS_CALLABLE, NULL},
    {"jax.grad", "(fun, argnums=0, has_aux=False)", "The function that gives the gradient of fun",
     "fun has to give one number. argnums says by which arguments; a tuple of numbers gives a tuple of "
     "gradients.",
     NULL, jax_grad, 0, LS_CALLABLE, NULL},
    {"jax.value_and_grad", "(fun, argnums=0, has_aux=False)",
     "The function that gives fun's value and its gradient", NULL, NULL, jax_grad, 1, LS_CALLABLE, NULL},
    {"jax_grad.__call__", "(self, *args)", "Value and gradient at these arguments", NULL, NULL, jax_call, 0,
     LS_CALLABLE, NULL},
    {"jax.jit jax.block_until_ready", "(fun, static_argnums=None, static_argnames=None)",
     "The function itself", NULL, NULL, identity, 0, LS_CALLABLE, NULL},
    {"jax.lax.stop_gradient", "(x)", "x as a constant", NULL, NULL, stop_gradient, 0, LS_CALLABLE, NULL},
    {"svd_vjp", "(U, S, Vh, gU=None, gS=None, gVh=None, A=None, *, cluster=\"error\")",
     "The gradient by A from gradients by the factors of its SVD",
     "Thin or full factors; with A, also the leading triplets alone. Equal singular values whose vectors "
     "carry a gradient are an error; cluster=\"subspace\" is for a loss that depends "
     "on their subspace only.",
     NULL, svd_vjp, 0, LS_CALLABLE, NULL},
    {"svd_jvp", "(U, S, Vh, dA, *, cluster=\"error\")", "(dU, dS, dVh): how the factors change with A", NULL,
     NULL, svd_jvp, 0, LS_CALLABLE, NULL},
    {"normgrad", "(A, kind=\"fro\")", "The gradient of a norm of a matrix",
     "kind: \"2\" (spectral), \"nuc\", \"fro\", \"kyfan2\" (sum of the 2 largest singular values), "
     "\"schatten3\". Where the norm has a kink, one of its subgradients and a warning.",
     NULL, normgrad, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
