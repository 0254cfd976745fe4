/* The working frame of the array builtins: see support.h. */
#include <stdio.h>
#include <string.h>

#include "array/elementwise.h"
#include "lang/builtins/support.h"

void ls_work_begin(ls_work *w, ls_interp *in, const ls_builtin *self) {
    w->in = in;
    w->self = self;
    w->kind = self->names[0] == 't' ? LSV_TORCH : LSV_NUMPY;
    w->wrap = w->tensor = false;
    w->err.status = LSV_OK;
    w->err.operand = -1;
    w->err.message[0] = w->err.hint[0] = '\0';
    w->nheld = 0;
    w->room = (int)(sizeof w->first / sizeof w->first[0]);
    w->held = w->first;
    w->parts = NULL;
}

bool ls_work_end(ls_work *w, bool ok) {
    while (w->nheld > 0) lsv_release(w->held[--w->nheld]);
    if (w->held != w->first) lsv_free(w->held);
    lsv_free(w->parts);
    return ok;
}

bool ls_ok(ls_work *w, lsv_status status) {
    if (status == LSV_OK) return true;
    if (w->err.status == LSV_OK) w->err.status = status;
    return ls_raise_lsv(w->in, &w->err);
}

/* Doubles the room for kept arrays. */
static bool grow(ls_work *w) {
    int room = w->room * 2;
    lsv_array **held = lsv_malloc((size_t)room * sizeof *held);
    if (!held) return false;
    memcpy(held, w->held, (size_t)w->nheld * sizeof *held);
    if (w->held != w->first) lsv_free(w->held);
    w->held = held;
    w->room = room;
    return true;
}

bool ls_keep(ls_work *w, lsv_array *a) {
    if (w->nheld == w->room && !grow(w)) {
        lsv_release(a);
        return ls_no_memory(w->in);
    }
    w->held[w->nheld++] = a;
    return true;
}

/* np.f(tensor) of a function that wraps: the ndarray result as a tensor. Takes and gives a reference. */
static bool wrapped(ls_work *w, lsv_array **r) {
    if (!(w->wrap && w->tensor && (*r)->kind == LSV_NUMPY)) return true;
    lsv_array *t;
    bool ok = ls_ok(w, lsv_as_kind(*r, LSV_TORCH, &t, &w->err));
    lsv_release(*r);
    if (ok) *r = t;
    return ok;
}

bool ls_give(ls_work *w, ls_value *out, lsv_status status, lsv_array **r) {
    if (!ls_ok(w, status) || !wrapped(w, r)) return false;
    *out = ls_from_array(*r);
    return true;
}

bool ls_give_array(ls_work *w, ls_value *out, lsv_status status, lsv_array **r) {
    if (!ls_ok(w, status) || !wrapped(w, r)) return false;
    *out = ls_array(*r);
    return true;
}

bool ls_give_kept(ls_work *w, ls_value *out, lsv_array *a) {
    lsv_array *r = lsv_ref(a);
    return ls_give(w, out, LSV_OK, &r);
}

bool ls_give_value(ls_work *w, ls_value *out, ls_value v) {
    if (v.tag == LS_UNSET) return ls_no_memory(w->in);
    *out = v;
    return true;
}

bool ls_give_into(ls_work *w, ls_value *out, ls_value into, lsv_status status, lsv_array **r) {
    if (!ls_ok(w, status)) return false;
    if (ls_is_none(into)) return ls_give(w, out, LSV_OK, r);
    if (!ls_keep(w, *r)) return false;
    if (into.tag == LS_TUPLE && into.tuple->n == 1) into = into.tuple->items[0];
    if (into.tag != LS_ARRAY) return ls_raise(w->in, "TypeError", "return arrays must be of ArrayType");
    lsv_array *to = into.array, *from = *r;
    bool same = to->ndim == from->ndim && memcmp(to->shape, from->shape, (size_t)to->ndim * sizeof to->shape[0]) == 0;
    if (!same && to->kind == LSV_NUMPY) {
        char a[96], b[96];
        return ls_raise(w->in, "ValueError", "out= has the shape %s, the result %s",
                        lsv_shape_text(to, a, sizeof a), lsv_shape_text(from, b, sizeof b));
    }
    if (!ls_ok(w, lsv_assign(to, from, &w->err))) return false;
    *out = ls_ref(into);
    return true;
}

bool ls_give_tuple(ls_work *w, ls_value *out, const ls_record *record, int n, ls_value *items) {
    bool ok = true;
    for (int i = 0; i < n; i++) ok = ok && items[i].tag != LS_UNSET;
    ls_value t = ok ? ls_tuple_new(n) : (ls_value){.tag = LS_UNSET};
    if (t.tag == LS_UNSET) {
        for (int i = 0; i < n; i++) ls_drop(items[i]);
        return ls_no_memory(w->in);
    }
    t.tuple->record = record;
    for (int i = 0; i < n; i++) t.tuple->items[i] = items[i];
    *out = t;
    return true;
}

bool ls_give_arrays(ls_work *w, ls_value *out, lsv_status status, const ls_record *record, int n, lsv_array **parts) {
    if (!ls_ok(w, status)) return false;
    ls_value items[LSV_MAXDIM + 2];
    bool ok = true;
    for (int i = 0; i < n; i++) {
        if (parts[i] && ok && !wrapped(w, &parts[i])) { ok = false; parts[i] = NULL; }
        items[i] = parts[i] ? ls_from_array(parts[i]) : ls_none();
    }
    if (ok) return ls_give_tuple(w, out, record, n, items);
    for (int i = 0; i < n; i++) ls_drop(items[i]);
    return false;
}

bool ls_give_list(ls_work *w, ls_value *out, int n, lsv_array **parts) {
    ls_value list = ls_list_new(n);
    bool ok = list.tag != LS_UNSET;
    for (int i = 0; i < n; i++) {
        ok = ok && ls_list_append(list.list, ls_array(parts[i]));
        lsv_release(parts[i]);
    }
    if (!ok) {
        ls_drop(list);
        return ls_no_memory(w->in);
    }
    *out = list;
    return true;
}

const char *ls_torch_name(const ls_builtin *self, char *buf, size_t n) {
    const char *name = self->names, *end = name + strcspn(name, " ");
    const char *dot = memchr(name, '.', (size_t)(end - name));
    if (dot) name = dot + 1;
    if (strncmp(name, "nn.functional.", 14) == 0) name += 14;
    snprintf(buf, n, "%.*s", (int)(end - name), name);
    for (char *p = buf; *p; p++)
        if (*p == '.') *p = '_';
    return buf;
}

static bool not_a_tensor(ls_work *w, ls_value v, int i) {
    char name[64];
    const ls_signature *s = ls_builtin_signature(w->in, w->self);
    if (!s) return false;
    ls_blame(w->in, i);
    ls_raise(w->in, "TypeError", "%s(): argument '%s' (position %d) must be Tensor, not %s",
             ls_torch_name(w->self, name, sizeof name), i < s->nparams ? s->params[i].name : "input", i + 1,
             ls_type_of(v)->shown);
    if (v.tag == LS_ARRAY) ls_hint(w->in, "torch.from_numpy(x) shares the array's memory, torch.tensor(x) copies it");
    return false;
}

/* The tensor's memory as an ndarray, kept. */
static bool as_numpy(ls_work *w, lsv_array *t, lsv_array **a) {
    if (!ls_ok(w, lsv_as_kind(t, LSV_NUMPY, a, &w->err))) return false;
    (*a)->flags &= (uint8_t)~(LSV_REQUIRES_GRAD | LSV_PARAMETER);
    w->tensor = true;
    return ls_keep(w, *a);
}

bool ls_array_like(ls_work *w, ls_value v, lsv_kind kind, int dtype, lsv_array **a) {
    lsv_array *r;
    if (!ls_as_array(w->in, v, kind, dtype, &r)) return false;
    if (!ls_keep(w, r)) return false;
    if (v.tag == LS_ARRAY && v.array->kind == LSV_TORCH && kind == LSV_NUMPY) w->tensor = true;
    if (r->kind == kind) {
        *a = r;
        return true;
    }
    if (kind == LSV_NUMPY) return as_numpy(w, r, a);
    return ls_ok(w, lsv_as_kind(r, kind, a, &w->err)) && ls_keep(w, *a);
}

bool ls_arg(ls_work *w, const ls_value *args, int i, lsv_array **a) {
    ls_value v = args[i];
    if (v.tag == LS_ARRAY && v.array->kind == w->kind) { /* borrowed: the caller holds it */
        *a = v.array;
        return true;
    }
    if (w->kind == LSV_TORCH) return not_a_tensor(w, v, i);
    if (v.tag == LS_ARRAY) return as_numpy(w, v.array, a);
    if (!ls_array_like(w, v, LSV_NUMPY, -1, a)) {
        ls_blame(w->in, i);
        return false;
    }
    return true;
}

bool ls_operand(ls_work *w, const ls_value *args, int i, lsv_array **a) {
    ls_value v = args[i];
    if (v.tag == LS_ARRAY && (v.array->kind == w->kind || w->kind == LSV_NUMPY)) {
        *a = v.array;
        return true;
    }
    if (v.tag == LS_BOOL || v.tag == LS_INT || v.tag == LS_FLOAT) {
        lsv_scalar s = v.tag == LS_FLOAT ? lsv_scalar_float(v.f) : v.tag == LS_INT ? lsv_scalar_int(v.i) : lsv_scalar_bool(v.b);
        if (!ls_ok(w, lsv_from_scalar(w->kind, s, a, &w->err))) return false;
        if (w->kind == LSV_TORCH || v.tag != LS_BOOL) (*a)->flags |= LSV_WEAK;
        return ls_keep(w, *a);
    }
    if (v.tag == LS_NPSCALAR && w->kind == LSV_TORCH)
        return ls_array_like(w, v, LSV_TORCH, -1, a) && ((*a)->flags |= LSV_WEAK, true);
    return ls_arg(w, args, i, a);
}

bool ls_parts(ls_work *w, const ls_value *args, int i, lsv_array ***parts, int *n) {
    ls_value list;
    if (!ls_to_list(w->in, args[i], &list)) return false;
    ptrdiff_t count = list.list->n;
    lsv_free(w->parts);
    w->parts = count < 1 << 20 ? lsv_malloc((size_t)(count + 1) * sizeof *w->parts) : NULL;
    bool ok = w->parts || ls_no_memory(w->in);
    for (ptrdiff_t k = 0; ok && k < count; k++) {
        ls_value v = list.list->items[k];
        if (v.tag == LS_ARRAY && v.array->kind == w->kind) {
            w->parts[k] = v.array;
            ok = ls_keep(w, lsv_ref(v.array));
        } else if (w->kind == LSV_TORCH) {
            ok = ls_raise(w->in, "TypeError", "expected Tensor as element %td in argument %d, but got %s", k, i,
                          ls_type_of(v)->shown);
        } else if (v.tag == LS_ARRAY) {
            ok = as_numpy(w, v.array, &w->parts[k]);
        } else {
            ok = ls_array_like(w, v, LSV_NUMPY, -1, &w->parts[k]);
        }
    }
    ls_drop(list);
    *parts = w->parts;
    *n = (int)count;
    return ok;
}

bool ls_shape_args(ls_work *w, ls_value star, lsv_shape *shape) {
    ls_value v = star;
    if (star.tag == LS_TUPLE && star.tuple->n == 1) {
        ls_value only = star.tuple->items[0];
        if (only.tag == LS_TUPLE || only.tag == LS_LIST) v = only;
    }
    return ls_as_shape(w->in, v, shape);
}

bool ls_axes_args(ls_work *w, ls_value star, int *n, int axes[LSV_MAXDIM]) {
    ls_value v = star;
    if (star.tag == LS_TUPLE && star.tuple->n == 1) {
        ls_value only = star.tuple->items[0];
        if (only.tag == LS_TUPLE || only.tag == LS_LIST || only.tag == LS_NONE) v = only;
    }
    if (v.tag == LS_TUPLE && v.tuple->n == 0) {
        *n = -1;
        return true;
    }
    return ls_as_axes(w->in, v, n, axes);
}

bool ls_axis(ls_work *w, ls_value v, const char *what, int *axis) {
    int64_t i;
    if (!ls_as_int(w->in, v, what, &i)) return false;
    *axis = i > 1000 ? 1000 : i < -1000 ? -1000 : (int)i;
    return true;
}

bool ls_axis_or_none(ls_work *w, ls_value v, const char *what, bool *given, int *axis) {
    *given = !ls_is_none(v);
    *axis = 0;
    return !*given || ls_axis(w, v, what, axis);
}

bool ls_dtype_or(ls_work *w, ls_value v, lsv_dtype fallback, lsv_dtype *dtype) {
    int d;
    if (!ls_as_dtype(w->in, v, &d)) return false;
    *dtype = d < 0 ? fallback : (lsv_dtype)d;
    return true;
}

bool ls_count(ls_work *w, ls_value v, const char *what, ptrdiff_t *n) {
    int64_t i;
    if (!ls_as_int(w->in, v, what, &i)) return false;
    *n = (ptrdiff_t)i;
    return true;
}

bool ls_order_of(ls_work *w, ls_value v, lsv_order fallback, lsv_order *order) {
    static const char letters[] = "CFAK";
    *order = fallback;
    if (ls_is_none(v)) return true;
    if (v.tag != LS_STR) return ls_raise(w->in, "TypeError", "order must be str, not %s", ls_type_name(v));
    const char *at = v.str->length == 1 ? strchr(letters, v.str->data[0] & ~0x20) : NULL;
    if (!at || !*at) return ls_raise(w->in, "ValueError", "order must be one of 'C', 'F', 'A', or 'K' (got '%s')", v.str->data);
    *order = (lsv_order)(at - letters);
    return true;
}

bool ls_text_is(ls_value v, const char *text) { return v.tag == LS_STR && strcmp(v.str->data, text) == 0; }

bool ls_give_new(ls_work *w, ls_value *out, ls_value device, int otherwise, ls_value requires_grad, lsv_status status, lsv_array **r) {
    bool grad;
    int place;
    char name[64];
    if (!ls_ok(w, status)) return false;
    bool ok = ls_truth(w->in, requires_grad, &grad) && ls_device_of(w->in, ls_torch_name(w->self, name, sizeof name), device, &place);
    if (ok && place == LS_ANYWHERE) {
        place = otherwise;
        ok = otherwise != LS_ANYWHERE || ls_device_default(w->in, &place);
    }
    if (ok && grad && !lsv_dtype_is_float((lsv_dtype)(*r)->dtype))
        ok = ls_raise(w->in, "RuntimeError", "only Tensors of floating point and complex dtype can require gradients");
    if (!ok || !ls_device_place(w->in, r, place)) {
        lsv_release(*r);
        return false;
    }
    if (grad) (*r)->flags |= LSV_REQUIRES_GRAD;
    *out = ls_array(*r);
    return true;
}

bool ls_new(ls_work *w, lsv_dtype dtype, int ndim, const ptrdiff_t *shape, lsv_array **a) {
    return ls_ok(w, lsv_empty(w->kind, dtype, ndim, shape, a, &w->err)) && ls_keep(w, *a);
}

bool ls_binary_number(ls_work *w, int op, const lsv_array *a, double x, lsv_array **r) {
    double cell;
    lsv_array s = lsv_scalar_array((lsv_kind)a->kind, lsv_scalar_float(x), LSV_WEAK, &cell);
    return ls_ok(w, lsv_binary((lsv_binary_op)op, a, &s, r, &w->err)) && ls_keep(w, *r);
}

bool ls_binary_arrays(ls_work *w, int op, const lsv_array *a, const lsv_array *b, lsv_array **r) {
    return ls_ok(w, lsv_binary((lsv_binary_op)op, a, b, r, &w->err)) && ls_keep(w, *r);
}

bool ls_unary_array(ls_work *w, int op, const lsv_array *a, lsv_array **r) {
    return ls_ok(w, lsv_unary((lsv_unary_op)op, a, r, &w->err)) && ls_keep(w, *r);
}
