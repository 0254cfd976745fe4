/* Functions that only move elements: transpose, reshape, cat, where, gather, tril, pad, …

   Their derivative needs no formula of its own. When the backward pass comes by, the function is
   called once more with the same arguments, but with the numbers 1, 2, 3, … in place of the elements
   that gradients are wanted for and 0 in place of all other elements; what it gives says where each
   element of the result came from. Views of contiguous arrays do without: their strides say it. */
#include "lang/autograd/autograd.h"

#include "array/mirror.h"
#include "base/alloc.h"

#include <string.h>

/* What a call is remembered as: the arguments with its arrays of the graph taken out (LS_NOTIMPL, i: which
   input), so that the graph is not kept alive, or released by recursion, through here. */
typedef struct move {
    ls_interp *in;
    const ls_builtin *b;
    int which; /* result of a tuple or list; -1: the result itself */
    int nargs, refs;
    ls_value args[];
} move;

static void drop_move(void *context) {
    move *m = context;
    if (--m->refs) return;
    for (int k = 0; k < m->nargs; k++) ls_drop(m->args[k]);
    lsv_free(m);
}

/* ---- taking the arguments down ---- */

enum { MOST_INPUTS = 4096 };
typedef struct inputs {
    lsv_array **arrays;
    int n;
} inputs;

/* Arrays under these names say where, not what. */
static bool says_where(const char *name) {
    static const char *const names[] = {"index", "indices", "condition", "mask",  "repeats", "dim",
                                        "dims",  "axes",    "obj",       "sizes", "shape"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (strcmp(name, names[k]) == 0) return true;
    return false;
}

/* Numbers under these names are elements of the result. */
static bool says_what(const char *name) {
    static const char *const names[] = {
        "input",  "other",   "x",      "y",    "value",           "values", "src", "arr",
        "arrays", "tensors", "object", "data", "constant_values", "a",      "tup"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (strcmp(name, names[k]) == 0) return true;
    return false;
}

static bool zero_array(ls_interp *in, const lsv_array *like, ls_value *out) {
    lsv_array *one, *r;
    lsv_error err;
    if (lsv_from_scalar((lsv_kind)like->kind, lsv_scalar_int(0), &one, &err) != LSV_OK)
        return ls_raise_lsv(in, &err);
    lsv_status status = lsv_broadcast_to(one, like->ndim, like->shape, &r, &err);
    lsv_release(one);
    if (status != LSV_OK) return ls_raise_lsv(in, &err);
    *out = ls_array(r);
    return true;
}

static ls_value *items_of(ls_value v, ptrdiff_t *n) {
    *n = v.tag == LS_TUPLE ? v.tuple->n : v.list->n;
    return v.tag == LS_TUPLE ? v.tuple->items : v.list->items;
}

/* A tuple or list like v, of Nones to be filled. */
static bool like(ls_interp *in, ls_value v, ls_value *out, ls_value **items) {
    ptrdiff_t n;
    items_of(v, &n);
    *out = v.tag == LS_TUPLE ? ls_tuple_new(n) : ls_list_new(n);
    if (out->tag == LS_UNSET) return ls_no_memory(in);
    for (ptrdiff_t k = 0; out->tag == LS_LIST && k < n; k++)
        if (!ls_list_append(out->list, ls_none())) {
            ls_drop(*out);
            return ls_no_memory(in);
        }
    *items = items_of(*out, &n);
    return true;
}

static bool take_down(ls_interp *in, inputs *found, const char *name, ls_value v, ls_value *out) {
    if (v.tag == LS_ARRAY) {
        if (lsv_tracked(v.array)) {
            if (found->n == MOST_INPUTS)
                return ls_raise(in, "NotImplementedError",
                                "more than %d tensors in one call that requires grad", MOST_INPUTS);
            *out = (ls_value){.tag = LS_NOTIMPL, .i = found->n};
            found->arrays[found->n++] = v.array;
            return true;
        }
        if (!says_where(name)) return zero_array(in, v.array, out);
        lsv_array *copy; /* it may be changed later */
        lsv_error err;
        if (lsv_copy(v.array, &copy, &err) != LSV_OK) return ls_raise_lsv(in, &err);
        *out = ls_array(copy);
        if (lsv_put_on(copy, 0, &err) == LSV_OK) return true; /* the backward pass reads it on the host */
        ls_drop(*out);
        return ls_raise_lsv(in, &err);
    }
    if (v.tag == LS_TUPLE || v.tag == LS_LIST) {
        ptrdiff_t n;
        ls_value *to, *items = items_of(v, &n);
        if (!like(in, v, out, &to)) return false;
        for (ptrdiff_t k = 0; k < n; k++)
            if (!take_down(in, found, name, items[k], &to[k])) {
                to[k] = ls_none();
                ls_drop(*out);
                return false;
            }
        return true;
    }
    if (strcmp(name, "dtype") == 0) *out = ls_none();
    else if (ls_is_number(v) && says_what(name)) *out = ls_int(0);
    else *out = ls_ref(v);
    return true;
}

/* ---- the derivative ---- */

static bool numbers(ls_interp *in, const lsv_tape *t, ptrdiff_t before, ls_value *out) {
    ptrdiff_t n = 1;
    lsv_array *flat, *r;
    lsv_error err;
    for (int d = 0; d < t->ndim; d++) n *= t->shape[d];
    if (lsv_arange((lsv_kind)t->kind, LSV_INT64, lsv_scalar_int(before + 1), lsv_scalar_int(1), n, &flat,
                   &err) != LSV_OK)
        return ls_raise_lsv(in, &err);
    lsv_status status = lsv_reshape(flat, t->ndim, t->shape, false, &r, &err);
    lsv_release(flat);
    if (status != LSV_OK) return ls_raise_lsv(in, &err);
    *out = ls_array(r);
    return true;
}

static bool put_back(ls_interp *in, const lsv_node *n, ls_value v, ls_value *out) {
    if (v.tag == LS_NOTIMPL) {
        ptrdiff_t before = 0;
        for (int k = 0; k < v.i; k++) {
            ptrdiff_t count = 1;
            for (int d = 0; d < n->in[k]->ndim; d++) count *= n->in[k]->shape[d];
            before += count;
        }
        return numbers(in, n->in[v.i], before, out);
    }
    if (v.tag != LS_TUPLE && v.tag != LS_LIST) {
        *out = ls_ref(v);
        return true;
    }
    ptrdiff_t count;
    ls_value *to, *items = items_of(v, &count);
    if (!like(in, v, out, &to)) return false;
    for (ptrdiff_t k = 0; k < count; k++)
        if (!put_back(in, n, items[k], &to[k])) {
            to[k] = ls_none();
            ls_drop(*out);
            return false;
        }
    return true;
}

static bool result_of(ls_interp *in, const move *m, const lsv_node *n, ls_value *out) {
    enum { MOST = 64 };
    ls_value args[MOST], all = ls_none();
    int k = 0;
    bool ok = m->nargs <= MOST;
    for (; ok && k < m->nargs; k++) ok = put_back(in, n, m->args[k], &args[k]);
    if (!ok && k) k--; /* the last one was not made */
    ok = ok && m->b->function(in, m->b, args, &all);
    for (int j = 0; j < k; j++) ls_drop(args[j]);
    if (!ok) return false;
    if (m->which < 0) *out = all;
    else {
        *out = ls_ref(all.tag == LS_TUPLE ? all.tuple->items[m->which] : all.list->items[m->which]);
        ls_drop(all);
    }
    return true;
}

static lsv_status moved_back(const lsv_node *n, lsv_array *const *g, lsv_array **gin, lsv_error *err) {
    const move *m = n->context;
    ls_value map;
    lsv_array *a;
    bool was = m->in->grad_enabled;
    m->in->grad_enabled = false;
    bool ok = result_of(m->in, m, n, &map);
    m->in->grad_enabled = was;
    if (!ok) return lsv_fail(err, LSV_ERUNTIME, "the derivative of %s failed", ls_builtin_short_name(m->b));
    lsv_status status;
    if (map.tag == LS_NPSCALAR) {
        status = lsv_from_scalar(LSV_NUMPY, ls_npscalar_get(map), &a, err);
        map = status == LSV_OK ? ls_array(a) : ls_none();
    } else
        status = map.tag == LS_ARRAY ? LSV_OK
                                     : lsv_fail(err, LSV_ERUNTIME, "the derivative of %s failed",
                                                ls_builtin_short_name(m->b));
    if (status == LSV_OK) status = lsv_scatter_map(n, map.array, g[0], gin, err);
    ls_drop(map);
    return status;
}

static const lsv_grad_rule moved_rule = {"MovedBackward", moved_back, LSV_SAVE_NONE};

/* ---- recording ---- */

/* A view that its strides describe: of one contiguous tracked array, no element twice. */
static bool plain_view(const ls_grad_frame *f, const inputs *found, lsv_grad_attrs *o) {
    if (found->n != 1 || f->out->tag != LS_ARRAY) return false;
    const lsv_array *a = found->arrays[0], *v = f->out->array;
    if (v->storage != a->storage || !lsv_is_contiguous(a) || v->dtype != a->dtype || !a->size) return false;
    for (int d = 0; d < v->ndim; d++) {
        if (v->strides[d] == 0 && v->shape[d] > 1) return false;
        o->shape[d] = v->shape[d];
        o->strides[d] = v->strides[d];
    }
    o->ndim = v->ndim;
    o->offset = (v->data - a->data) / (ptrdiff_t)lsv_dtype_size((lsv_dtype)a->dtype);
    return true;
}

/* What PyTorch calls it depends on what it had to do. */
static const char *shown_name(const ls_grad_frame *f, const inputs *found) {
    const char *name = f->row->shown;
    if (!name || !found->n || f->out->tag != LS_ARRAY || found->arrays[0]->kind == LSV_NUMPY) return name;
    const lsv_array *a = found->arrays[0];
    bool copied = f->out->array->storage != a->storage;
    if (copied && (strcmp(name, "ViewBackward0") == 0 || strcmp(name, "ReshapeAliasBackward0") == 0) &&
        found->n == 1 && f->out->array->size == a->size)
        return "UnsafeViewBackward0";
    if (strcmp(name, "DiagBackward0") == 0)
        return a->ndim == 2 && f->out->array->ndim == 1 ? "DiagonalBackward0_copy" : "DiagEmbedBackward0";
    if (strcmp(name, "SqueezeBackward0") == 0 && f->s->nparams > 1 && f->args[1].tag != LS_NONE)
        return "SqueezeBackward1";
    return name;
}

static bool record_one(ls_grad_frame *f, const inputs *found, move *m, int which, ls_value *v) {
    lsv_error err;
    lsv_array *a;
    if (!((v->tag == LS_ARRAY && lsv_dtype_is_float((lsv_dtype)v->array->dtype)) ||
          (v->tag == LS_NPSCALAR && lsv_dtype_is_float((lsv_dtype)v->dtype))) ||
        ls_tracked(*v))
        return true;
    if (v->tag == LS_NPSCALAR) {
        if (lsv_from_scalar(LSV_NUMPY, ls_npscalar_get(*v), &a, &err) != LSV_OK)
            return ls_raise_lsv(f->in, &err);
        *v = ls_array(a);
    }
    for (int k = 0; k < found->n; k++)
        if (ls_grad_stale(f->in, found->arrays[k])) return false;
    move *own = m;
    if (which >= 0) { /* a copy that knows which result it is about */
        size_t bytes = sizeof *own + (size_t)m->nargs * sizeof *own->args;
        own = lsv_malloc(bytes);
        if (!own) return ls_no_memory(f->in);
        memcpy(own, m, bytes);
        own->which = which;
        own->refs = 0;
        for (int k = 0; k < own->nargs; k++) ls_ref(own->args[k]);
    }
    own->refs++;
    if (lsv_record(&moved_rule, shown_name(f, found), NULL, found->arrays, found->n, &v->array, 1, own,
                   drop_move, &err) == LSV_OK)
        return true;
    drop_move(own);
    return ls_raise_lsv(f->in, &err);
}

static bool record_all(ls_grad_frame *f, const inputs *found, move *m) {
    if (f->out->tag != LS_TUPLE && f->out->tag != LS_LIST) return record_one(f, found, m, -1, f->out);
    ls_value *items = f->out->tag == LS_TUPLE ? f->out->tuple->items : f->out->list->items;
    ptrdiff_t n = f->out->tag == LS_TUPLE ? f->out->tuple->n : f->out->list->n;
    for (ptrdiff_t k = 0; k < n; k++)
        if (!record_one(f, found, m, (int)k, &items[k])) return false;
    return true;
}

bool ls_grad_moved(ls_grad_frame *f) {
    int n = f->s->nparams;
    inputs found = {lsv_malloc(MOST_INPUTS * sizeof(lsv_array *)), 0};
    move *m = lsv_malloc(sizeof *m + (size_t)n * sizeof *m->args);
    if (!found.arrays || !m) {
        lsv_free(found.arrays);
        lsv_free(m);
        return ls_no_memory(f->in);
    }
    *m = (move){.in = f->in, .b = f->b, .which = -1, .refs = 1};
    bool ok = true;
    while (ok && m->nargs < n) {
        ok = take_down(f->in, &found, f->s->params[m->nargs].name, f->args[m->nargs], &m->args[m->nargs]);
        m->nargs += ok;
    }
    lsv_grad_attrs o = {0};
    if (ok && plain_view(f, &found, &o))
        ok = ls_grad_record(f->in, LSV_GRAD_VIEW, shown_name(f, &found), &o, found.arrays, 1, f->out);
    else if (ok) ok = record_all(f, &found, m);
    drop_move(m);
    lsv_free(found.arrays);
    return ok;
}
