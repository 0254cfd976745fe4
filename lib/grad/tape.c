/* Recording, releasing and the backward pass.

   Nodes carry the serial number of their recording. Every reader of a value was recorded after the
   step that made it, so walking the reachable nodes by falling serial number is a topological order,
   and it is the order in which PyTorch adds up cotangents, too. Releasing goes through a worklist
   that is threaded through the values themselves, so that neither needs a stack. */
#include "grad/tape.h"

#include "array/elementwise.h"
#include "array/mirror.h"
#include "array/reduce.h"
#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t serials;
static unsigned marks;

/* ---- releasing ---- */

static void drop_saved(lsv_node *n) {
    for (int k = 0; k < n->nin; k++) {
        lsv_release(n->saved_in[k].array);
        n->saved_in[k].array = NULL;
    }
    for (int k = 0; k < LSV_NODE_OUTPUTS; k++) {
        lsv_release(n->saved_out[k].array);
        n->saved_out[k].array = NULL;
    }
    if (n->drop) n->drop(n->context);
    n->drop = NULL;
    n->context = NULL;
}

static void free_attrs(lsv_grad_attrs *x) {
    for (int k = 0; k < x->nitems; k++)
        if (x->items[k].type == LSV_IX_ARRAY) lsv_release(x->items[k].array);
    lsv_free((void *)(uintptr_t)x->items);
    lsv_free((void *)(uintptr_t)x->text);
}

/* The last reference to a value went: it, and what only it kept, goes; values whose turn comes
   stand in one list. */
static void release_value(lsv_tape *t) {
    t->next = NULL;
    while (t) {
        lsv_tape *rest = t->next;
        lsv_node *n = t->node;
        lsv_release(t->grad);
        lsv_release(t->sum);
        if (n) {
            n->out[t->output] = NULL;
            if (--n->refs == 0) {
                drop_saved(n);
                free_attrs(&n->attrs);
                for (int k = 0; k < n->nin; k++) {
                    lsv_tape *x = n->in[k];
                    if (x && --x->refs == 0) {
                        x->next = rest;
                        rest = x;
                    }
                }
                lsv_free(n);
            }
        }
        lsv_free(t);
        t = rest;
    }
}

static void drop_value(lsv_tape *t) {
    if (t && --t->refs == 0) release_value(t);
}

static void release_hook(struct lsv_tape *t) { drop_value(t); }

/* ---- values ---- */

static lsv_tape *new_value(const lsv_array *a) {
    lsv_tape *t = lsv_calloc(1, sizeof *t);
    if (!t) return NULL;
    lsv_tape_release = release_hook;
    t->refs = 1;
    t->dtype = a->dtype;
    t->kind = a->kind;
    t->ndim = a->ndim;
    t->device = a->device;
    t->version = a->storage ? a->storage->version : 0;
    memcpy(t->shape, a->shape, a->ndim * sizeof *a->shape);
    return t;
}

lsv_status lsv_tape_of(lsv_array *a, lsv_tape **t, lsv_error *err) {
    if (!a->tape) {
        a->tape = new_value(a);
        if (!a->tape) return lsv_no_memory(err, sizeof **t);
    }
    *t = a->tape;
    return LSV_OK;
}

lsv_tape *lsv_tape_take(lsv_array *a) {
    lsv_tape *t = a->tape;
    a->tape = NULL;
    a->flags &= (uint8_t)~LSV_REQUIRES_GRAD;
    return t;
}

void lsv_tape_give(lsv_array *a, lsv_tape *t) {
    lsv_tape *old = a->tape;
    a->tape = t;
    if (t) a->flags |= LSV_REQUIRES_GRAD;
    drop_value(old);
}

const char *lsv_grad_name(const lsv_array *a) {
    const lsv_tape *t = a->tape;
    return t && t->node ? t->node->name : NULL;
}

/* ---- recording ---- */

/* A handle of its own, without a tape: to remember elements by. */
static lsv_status save(lsv_array *a, lsv_saved *s, lsv_error *err) {
    if (a->storage) {
        LSV_TRY(lsv_view(a, &s->array, err));
        s->version = a->storage->version;
    } else { /* a scalar on the C stack */
        LSV_TRY(lsv_from_scalar((lsv_kind)a->kind, lsv_load((lsv_dtype)a->dtype, a->data), &s->array, err));
        s->version = s->array->storage->version;
    }
    s->array->flags |= a->flags & LSV_WEAK;
    return LSV_OK;
}

static lsv_status copy_attrs(const lsv_grad_attrs *from, lsv_grad_attrs *to, lsv_error *err) {
    *to = *from;
    to->text = NULL;
    to->items = NULL;
    to->nitems = 0;
    if (from->text && !(to->text = lsv_strdup(from->text))) return lsv_no_memory(err, strlen(from->text));
    if (from->nitems) {
        lsv_index *items = lsv_malloc((size_t)from->nitems * sizeof *items);
        if (!items) return lsv_no_memory(err, (size_t)from->nitems * sizeof *items);
        for (int k = 0; k < from->nitems; k++) {
            items[k] = from->items[k];
            if (items[k].type == LSV_IX_ARRAY) lsv_ref(items[k].array);
        }
        to->items = items;
        to->nitems = from->nitems;
    }
    return LSV_OK;
}

static bool wants_input(int saves, lsv_array *const *inputs, int nin, int k) {
    if (saves & LSV_SAVE_INPUTS) return true;
    if (!(saves & LSV_SAVE_OTHERS)) return false;
    for (int j = 0; j < nin; j++)
        if (j != k && lsv_tracked(inputs[j])) return true;
    return false;
}

static lsv_status fill(lsv_node *n, const lsv_grad_attrs *attrs, lsv_array *const *inputs,
                       lsv_array *const *outputs, lsv_error *err) {
    static const lsv_grad_attrs none = {0};
    LSV_TRY(copy_attrs(attrs ? attrs : &none, &n->attrs, err));
    for (int k = 0; k < n->nin; k++) {
        if (lsv_tracked(inputs[k])) {
            LSV_TRY(lsv_tape_of(inputs[k], &n->in[k], err));
            n->in[k]->refs++;
        }
        if (wants_input(n->rule->saves, inputs, n->nin, k)) LSV_TRY(save(inputs[k], &n->saved_in[k], err));
    }
    for (int k = 0; k < n->nout && (n->rule->saves & LSV_SAVE_OUTPUTS); k++)
        if (outputs[k]) LSV_TRY(save(outputs[k], &n->saved_out[k], err));
    return LSV_OK;
}

static void drop_node(lsv_node *n) { /* never recorded: no value hangs on it */
    n->drop = NULL;
    drop_saved(n);
    free_attrs(&n->attrs);
    for (int k = 0; k < n->nin; k++) drop_value(n->in[k]);
    lsv_free(n);
}

/* Names with a 0 behind them live as long as the program: one per rule. */
static const char *printed_name(const lsv_grad_rule *rule) {
    enum { ROOM = 512 };
    static struct {
        const lsv_grad_rule *rule;
        char name[48];
    } names[ROOM];
    size_t at = ((uintptr_t)rule / sizeof *rule) % ROOM;
    for (size_t i = 0; i < ROOM; i++, at = (at + 1) % ROOM) {
        if (!names[at].rule) {
            size_t n = strlen(rule->name);
            if (n > sizeof names[at].name - 2) n = sizeof names[at].name - 2;
            memcpy(names[at].name, rule->name, n);
            names[at].name[n] = '0';
            names[at].rule = rule;
        }
        if (names[at].rule == rule) return names[at].name;
    }
    return rule->name;
}

lsv_status lsv_record(const lsv_grad_rule *rule, const char *name, const lsv_grad_attrs *attrs,
                      lsv_array *const *inputs, int nin, lsv_array *const *outputs, int nout, void *context,
                      void (*drop)(void *), lsv_error *err) {
    size_t bytes = sizeof(lsv_node) + (size_t)nin * (sizeof(lsv_tape *) + sizeof(lsv_saved));
    lsv_node *n = lsv_calloc(1, bytes);
    if (!n) return lsv_no_memory(err, bytes);
    n->saved_in = (lsv_saved *)(n + 1);
    n->in = (lsv_tape **)(n->saved_in + nin);
    n->rule = rule;
    n->name = name ? name : printed_name(rule);
    n->nin = nin;
    n->nout = nout;
    n->serial = ++serials;
    lsv_tape *values[LSV_NODE_OUTPUTS] = {NULL};
    lsv_status status = fill(n, attrs, inputs, outputs, err);
    for (int k = 0; status == LSV_OK && k < nout; k++) {
        if (!outputs[k]) continue;
        values[k] = new_value(outputs[k]);
        if (!values[k]) status = lsv_no_memory(err, sizeof *values[k]);
    }
    if (status != LSV_OK) {
        for (int k = 0; k < nout; k++) lsv_free(values[k]);
        drop_node(n);
        return status;
    }
    n->context = context;
    n->drop = drop;
    for (int k = 0; k < nout; k++) {
        if (!outputs[k]) continue;
        values[k]->node = n;
        values[k]->output = k;
        n->out[k] = values[k];
        n->refs++;
        lsv_tape_give(outputs[k], values[k]);
    }
    return LSV_OK;
}

/* maker, output: where the array came from; NULL for a leaf or a constant. */
static lsv_status saved(const lsv_saved *s, const lsv_node *maker, int output, lsv_array **a,
                        lsv_error *err) {
    static const char *const types[LSV_NDTYPES] = {"Bool",     "Int",   "Long",  "Half",
                                                   "BFloat16", "Float", "Double"};
    if (s->array->storage->version == s->version) {
        *a = s->array;
        return LSV_OK;
    }
    char shape[128] = "", from[96] = "";
    size_t used = 0;
    for (int d = 0; d < s->array->ndim; d++)
        used +=
            (size_t)snprintf(shape + used, sizeof shape - used, "%s%td", d ? ", " : "", s->array->shape[d]);
    if (maker) snprintf(from, sizeof from, ", which is output %d of %s,", output, maker->name);
    return lsv_fail(
        err, LSV_ERUNTIME,
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        "[torch.%sTensor [%s]]%s is at version %u; expected version %u instead.",
        types[s->array->dtype], shape, from, s->array->storage->version, s->version);
}

lsv_status lsv_saved_input(const lsv_node *n, int k, lsv_array **a, lsv_error *err) {
    const lsv_tape *t = n->in[k];
    return saved(&n->saved_in[k], t ? t->node : NULL, t ? t->output : 0, a, err);
}

lsv_status lsv_saved_output(const lsv_node *n, int k, lsv_array **a, lsv_error *err) {
    return saved(&n->saved_out[k], n, k, a, err);
}

/* ---- shapes ---- */

lsv_status lsv_sum_to(lsv_array *g, lsv_kind kind, lsv_dtype dtype, int ndim, const ptrdiff_t *shape,
                      lsv_array **out, lsv_error *err) {
    lsv_array *r = lsv_ref(g), *next;
    lsv_status status = LSV_OK;
    lsv_reduce_options o = {.keepdims = true};
    int extra = g->ndim - ndim;
    for (int d = 0; d < g->ndim; d++)
        if (d < extra || (shape[d - extra] == 1 && g->shape[d] != 1)) o.axes[o.naxes++] = d;
    if (o.naxes) {
        status = lsv_reduce(LSV_SUM, r, &o, &next, err);
        if (status == LSV_OK) {
            lsv_release(r);
            r = next;
        }
    }
    bool same = r->ndim == ndim && memcmp(r->shape, shape, (size_t)ndim * sizeof *shape) == 0;
    if (status == LSV_OK && !same) { /* also from (n) to (n, 1), as vectors among matrices come back */
        status = lsv_reshape(r, ndim, shape, false, &next, err);
        if (status == LSV_OK) {
            lsv_release(r);
            r = next;
        }
    }
    if (status == LSV_OK && r->dtype != dtype) {
        status = lsv_astype(r, dtype, &next, err);
        if (status == LSV_OK) {
            lsv_release(r);
            r = next;
        }
    }
    if (status == LSV_OK && r->kind != kind) {
        status = lsv_as_kind(r, kind, &next, err);
        if (status == LSV_OK) {
            lsv_release(r);
            r = next;
        }
    }
    if (status != LSV_OK) {
        lsv_release(r);
        return status;
    }
    *out = r;
    return LSV_OK;
}

/* ---- the backward pass ---- */

typedef struct pass {
    lsv_node **nodes;
    ptrdiff_t n, room;
    lsv_tape *touched; /* list of values that may hold a sum */
    lsv_error *err;
} pass;

static lsv_status reach(pass *p, lsv_node *n) {
    if (n->mark == marks) return LSV_OK;
    if (p->n == p->room) {
        ptrdiff_t room = p->room ? 2 * p->room : 64;
        lsv_node **more = lsv_realloc(p->nodes, (size_t)room * sizeof *more);
        if (!more) return lsv_no_memory(p->err, (size_t)room * sizeof *more);
        p->nodes = more;
        p->room = room;
    }
    n->mark = marks;
    p->nodes[p->n++] = n;
    return LSV_OK;
}

/* All nodes behind the roots; the list is its own queue. */
static lsv_status collect(pass *p, lsv_array *const *roots, int nroots) {
    marks++;
    for (int i = 0; i < nroots; i++) {
        lsv_tape *t = roots[i]->tape;
        if (t && t->node) LSV_TRY(reach(p, t->node));
    }
    for (ptrdiff_t i = 0; i < p->n; i++)
        for (int k = 0; k < p->nodes[i]->nin; k++) {
            lsv_tape *t = p->nodes[i]->in[k];
            if (t && t->node) LSV_TRY(reach(p, t->node));
        }
    return LSV_OK;
}

/* What the nodes saved becomes readable on the host; rules know nothing of devices. */
static lsv_status fetch(const pass *p) {
    for (ptrdiff_t i = 0; i < p->n; i++) {
        const lsv_node *n = p->nodes[i];
        for (int k = 0; k < n->nin; k++)
            if (n->saved_in[k].array) LSV_TRY(lsv_put_on(n->saved_in[k].array, 0, p->err));
        for (int k = 0; k < LSV_NODE_OUTPUTS; k++)
            if (n->saved_out[k].array) LSV_TRY(lsv_put_on(n->saved_out[k].array, 0, p->err));
        for (int k = 0; k < n->attrs.nitems; k++)
            if (n->attrs.items[k].type == LSV_IX_ARRAY) LSV_TRY(lsv_put_on(n->attrs.items[k].array, 0, p->err));
    }
    return LSV_OK;
}

static int later_first(const void *x, const void *y) {
    const lsv_node *a = *(lsv_node *const *)x, *b = *(lsv_node *const *)y;
    return (a->serial < b->serial) - (a->serial > b->serial);
}

static bool alone(const lsv_array *a) {
    return a->refs == 1 && a->storage && a->storage->refs == 1 && lsv_is_contiguous(a) && !a->tape;
}

/* Adds g (its reference is taken) to what has reached t. */
static lsv_status add(pass *p, lsv_tape *t, lsv_array *g) {
    lsv_array *r;
    lsv_status status = lsv_sum_to(g, (lsv_kind)t->kind, (lsv_dtype)t->dtype, t->ndim, t->shape, &r, p->err);
    lsv_release(g);
    if (status != LSV_OK) return status;
    if (!t->sum) {
        t->sum = r;
        t->refs++; /* it must not go while its sum waits */
        t->next = p->touched;
        p->touched = t;
        return LSV_OK;
    }
    if (alone(t->sum)) status = lsv_binary_into(LSV_OP_ADD, t->sum, r, p->err);
    else {
        lsv_array *both;
        status = lsv_binary(LSV_OP_ADD, t->sum, r, &both, p->err);
        if (status == LSV_OK) {
            lsv_release(t->sum);
            t->sum = both;
        }
    }
    lsv_release(r);
    return status;
}

/* The sum on the host goes to a gradient that may be a device's. */
static lsv_status add_to_grad(lsv_tape *t, lsv_error *err) {
    uint8_t device = t->grad->device;
    LSV_TRY(lsv_host_write(t->grad, err));
    t->grad->device = 0;
    lsv_status status = lsv_binary_into(LSV_OP_ADD, t->grad, t->sum, err);
    t->grad->device = device;
    if (status == LSV_OK) lsv_changed(t->grad);
    return status;
}

/* .grad: the first one is kept, later ones are added to it in place. */
static lsv_status collect_grad(lsv_tape *t, lsv_error *err) {
    lsv_array *g;
    if (t->grad) return add_to_grad(t, err);
    if (alone(t->sum)) g = lsv_ref(t->sum);
    else LSV_TRY(lsv_copy(t->sum, &g, err));
    lsv_status status = t->device ? lsv_put_on(g, t->device, err) : LSV_OK;
    if (status == LSV_OK) t->grad = g;
    else lsv_release(g);
    return status;
}

static bool has_saved(const lsv_node *n) {
    for (int k = 0; k < n->nin; k++)
        if (n->saved_in[k].array) return true;
    for (int k = 0; k < LSV_NODE_OUTPUTS; k++)
        if (n->saved_out[k].array) return true;
    return n->context != NULL;
}

static lsv_status step(pass *p, lsv_node *n, bool retain, bool into_leaves) {
    lsv_array *gout[LSV_NODE_OUTPUTS] = {NULL}, *few[8] = {NULL}, **gin = few;
    bool any = false;
    for (int k = 0; k < n->nout; k++) {
        if (!n->out[k] || !n->out[k]->sum) continue;
        gout[k] = n->out[k]->sum;
        any = true;
        if (n->out[k]->retain && into_leaves) LSV_TRY(collect_grad(n->out[k], p->err));
    }
    if (!any) return LSV_OK;
    if (n->spent)
        return lsv_fail(p->err, LSV_ERUNTIME,
                        "Trying to backward through the graph a second time (or directly access saved "
                        "tensors after they have already been freed). "
                        "Saved intermediate values of the graph are freed when you call .backward() or "
                        "autograd.grad(). Specify retain_graph=True if "
                        "you need to backward through the graph a second time or if you need to access saved "
                        "tensors after calling backward.");
    if (n->nin > 8 && !(gin = lsv_calloc((size_t)n->nin, sizeof *gin)))
        return lsv_no_memory(p->err, (size_t)n->nin * sizeof *gin);
    lsv_status status = n->rule->vjp(n, gout, gin, p->err);
    for (int k = 0; k < n->nin; k++) {
        if (!gin[k]) continue;
        if (status == LSV_OK && n->in[k]) status = add(p, n->in[k], gin[k]);
        else lsv_release(gin[k]);
    }
    if (gin != few) lsv_free(gin);
    for (int k = 0; into_leaves && k < n->nout; k++) { /* all readers have been here: the memory can go */
        if (!gout[k]) continue;
        lsv_release(n->out[k]->sum);
        n->out[k]->sum = NULL;
    }
    if (status == LSV_OK && !retain && has_saved(n)) {
        drop_saved(n);
        n->spent = true;
    }
    return status;
}

static lsv_status seed(pass *p, lsv_array *root, lsv_array *given) {
    lsv_tape *t = NULL;
    lsv_array *g;
    LSV_TRY(lsv_tape_of(root, &t, p->err));
    if (given) {
        char want[96], have[96];
        if (given->ndim != root->ndim ||
            memcmp(given->shape, root->shape, root->ndim * sizeof *root->shape) != 0)
            return lsv_fail(p->err, LSV_ERUNTIME,
                            "Mismatch in shape: grad_output[0] has a shape of torch.Size(%s) and output[0] "
                            "has a shape of torch.Size(%s).",
                            lsv_shape_text(given, have, sizeof have),
                            lsv_shape_text(root, want, sizeof want));
        LSV_TRY(lsv_view(given, &g, p->err));
        lsv_status status = lsv_put_on(g, 0, p->err);
        if (status != LSV_OK) {
            lsv_release(g);
            return status;
        }
    } else {
        if (root->size != 1)
            return lsv_fail(p->err, LSV_ERUNTIME, "grad can be implicitly created only for scalar outputs");
        LSV_TRY(lsv_full((lsv_kind)root->kind, (lsv_dtype)root->dtype, root->ndim, root->shape,
                         lsv_scalar_int(1), &g, p->err));
    }
    return add(p, t, g);
}

static lsv_status run(pass *p, lsv_array *const *roots, lsv_array *const *seeds, int nroots, bool retain,
                      lsv_array *const *wanted, int nwanted, lsv_array **grads) {
    for (int i = 0; i < nroots; i++)
        if (!lsv_tracked(roots[i]))
            return lsv_fail(p->err, LSV_ERUNTIME,
                            "element %d of tensors does not require grad and does not have a grad_fn", i);
    LSV_TRY(collect(p, roots, nroots));
    LSV_TRY(fetch(p));
    qsort(p->nodes, (size_t)p->n, sizeof *p->nodes, later_first);
    for (int i = 0; i < nroots; i++) LSV_TRY(seed(p, roots[i], seeds ? seeds[i] : NULL));
    for (ptrdiff_t i = 0; i < p->n; i++) LSV_TRY(step(p, p->nodes[i], retain, !wanted));
    if (!wanted) {
        for (lsv_tape *t = p->touched; t; t = t->next)
            if (!t->node) LSV_TRY(collect_grad(t, p->err));
        return LSV_OK;
    }
    for (int i = 0; i < nwanted; i++) {
        const lsv_tape *t = wanted[i]->tape;
        grads[i] = NULL;
        if (t && t->sum) {
            lsv_status status = lsv_copy(t->sum, &grads[i], p->err);
            if (status == LSV_OK && t->device && (status = lsv_put_on(grads[i], t->device, p->err)) != LSV_OK)
                lsv_release(grads[i]);
            if (status != LSV_OK) {
                while (i-- > 0) lsv_release(grads[i]);
                return status;
            }
        }
    }
    return LSV_OK;
}

lsv_status lsv_backward(lsv_array *const *roots, lsv_array *const *seeds, int nroots, bool retain,
                        lsv_array *const *wanted, int nwanted, lsv_array **grads, lsv_error *err) {
    pass p = {.err = err};
    lsv_status status = run(&p, roots, seeds, nroots, retain, wanted, nwanted, grads);
    lsv_free(p.nodes);
    for (lsv_tape *t = p.touched; t;) { /* on failure too: no sum stays behind */
        lsv_tape *next = t->next;
        lsv_release(t->sum);
        t->sum = NULL;
        drop_value(t);
        t = next;
    }
    return status;
}
