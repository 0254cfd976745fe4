/* Subscripts: a[i], a[i] = v, del a[i], for sequences, dictionaries and arrays. */
#include "lang/eval/operators.h"
#include "lang/eval/subscript.h"

#include "base/alloc.h"
#include "lang/autograd/autograd.h"
#include "lang/builtins/builtin.h"
#include "lang/eval/device.h"
#include "lang/eval/interp.h"

#include <string.h>

/* ---- integers and slices of sequences ---- */

static bool as_index(ls_value v, int64_t *out) {
    if (ls_is_int(v) || (v.tag == LS_NPSCALAR && lsv_dtype_is_int((lsv_dtype)v.dtype))) {
        *out = v.i;
        return true;
    }
    lsv_error err;
    if (v.tag == LS_ARRAY && v.array->size == 1 && v.array->ndim == 0 && !lsv_dtype_is_float((lsv_dtype)v.array->dtype) &&
        lsv_host(v.array, &err) == LSV_OK) {
        *out = lsv_load((lsv_dtype)v.array->dtype, v.array->data).i;
        return true;
    }
    return false;
}

static bool slice_part(ls_interp *in, ls_value v, bool *has, ptrdiff_t *out) {
    int64_t i;
    *has = v.tag != LS_NONE;
    if (!*has) return true;
    if (!as_index(v, &i)) return ls_raise(in, "TypeError", "slice indices must be integers or None, not %s", ls_type_name(v));
    *out = i;
    return true;
}

/* Python's slice.indices: start, step and count for a sequence of n. */
bool ls_slice_bounds(ls_interp *in, const ls_slice *s, ptrdiff_t n, ptrdiff_t *start, ptrdiff_t *step, ptrdiff_t *count) {
    bool has_start, has_stop, has_step;
    ptrdiff_t from = 0, to = 0, by = 1;
    if (!slice_part(in, s->start, &has_start, &from) || !slice_part(in, s->stop, &has_stop, &to) || !slice_part(in, s->step, &has_step, &by)) return false;
    if (by == 0) return ls_raise(in, "ValueError", "slice step cannot be zero");
    ptrdiff_t low = by < 0 ? -1 : 0, high = by < 0 ? n - 1 : n;
    if (!has_start) from = by < 0 ? high : low;
    else if (from < 0) from = from + n < low ? low : from + n;
    else if (from > high) from = high;
    if (!has_stop) to = by < 0 ? low : high;
    else if (to < 0) to = to + n < low ? low : to + n;
    else if (to > high) to = high;
    *start = from;
    *step = by;
    if (by > 0) *count = from < to ? (to - from - 1) / by + 1 : 0;
    else *count = from > to ? (from - to - 1) / -by + 1 : 0;
    return true;
}

static bool position(ls_interp *in, ls_value index, ptrdiff_t n, const char *what, ptrdiff_t *out) {
    int64_t i;
    if (!as_index(index, &i)) return ls_raise(in, "TypeError", "%s indices must be integers or slices, not %s", what, ls_type_name(index));
    if (i < -n || i >= n) {
        ls_raise(in, "IndexError", "%s index out of range", what);
        if (n > 0) ls_hint(in, "the index is %lld, and the %s has %td entries: 0 to %td", (long long)i, what, n, n - 1);
        else ls_hint(in, "the %s is empty", what);
        return false;
    }
    *out = i < 0 ? i + n : i;
    return true;
}

/* ---- strings ---- */

/* Byte offset of the i-th code point. */
static size_t point_offset(const ls_str *s, ptrdiff_t i) {
    if ((size_t)s->points == s->length) return (size_t)i;
    size_t at = 0;
    while (i > 0) {
        at++;
        while (at < s->length && ((unsigned char)s->data[at] & 0xC0) == 0x80) at++;
        i--;
    }
    return at;
}

static bool str_get(ls_interp *in, const ls_str *s, ls_value index, ls_value *out) {
    if (index.tag != LS_SLICE) {
        ptrdiff_t i;
        if (!position(in, index, s->points, "string", &i)) return false;
        size_t from = point_offset(s, i), to = point_offset(s, i + 1);
        *out = ls_str_new(s->data + from, to - from);
    } else {
        ptrdiff_t start, step, count;
        if (!ls_slice_bounds(in, index.slice, s->points, &start, &step, &count)) return false;
        if (step == 1 || count == 0) {
            size_t from = point_offset(s, count ? start : 0), to = point_offset(s, count ? start + count : 0);
            *out = ls_str_new(s->data + from, to - from);
        } else {
            lsv_text t = {0};
            for (ptrdiff_t k = 0; k < count; k++) {
                size_t from = point_offset(s, start + k * step), to = point_offset(s, start + k * step + 1);
                lsv_text_add(&t, s->data + from, to - from);
            }
            *out = t.failed ? (ls_value){.tag = LS_UNSET} : ls_str_new(t.data, t.length);
            lsv_text_free(&t);
        }
    }
    return out->tag != LS_UNSET || ls_no_memory(in);
}

/* ---- lists and tuples ---- */

static bool items_get(ls_interp *in, const ls_value *items, ptrdiff_t n, bool list, ls_value index, ls_value *out) {
    if (index.tag != LS_SLICE) {
        ptrdiff_t i;
        if (!position(in, index, n, list ? "list" : "tuple", &i)) return false;
        *out = ls_ref(items[i]);
        return true;
    }
    ptrdiff_t start, step, count;
    if (!ls_slice_bounds(in, index.slice, n, &start, &step, &count)) return false;
    *out = list ? ls_list_new(count) : ls_tuple_new(count);
    if (out->tag == LS_UNSET) return ls_no_memory(in);
    ls_value *to = list ? out->list->items : out->tuple->items;
    for (ptrdiff_t k = 0; k < count; k++) to[k] = ls_ref(items[start + k * step]);
    if (list) out->list->n = count;
    return true;
}

static bool range_get(ls_interp *in, const ls_range *r, ls_value index, ls_value *out) {
    if (index.tag != LS_SLICE) {
        ptrdiff_t i;
        if (!position(in, index, r->n, "range object", &i)) return false;
        *out = ls_int(r->start + i * r->step);
        return true;
    }
    ptrdiff_t start, step, count;
    if (!ls_slice_bounds(in, index.slice, r->n, &start, &step, &count)) return false;
    int64_t first = r->start + start * r->step, by = r->step * step;
    *out = ls_range_new(first, first + count * by, by);
    return out->tag != LS_UNSET || ls_no_memory(in);
}

/* a[start:stop:step] = values; with step 1 the list may grow or shrink. */
static bool list_set_slice(ls_interp *in, ls_list *l, const ls_slice *s, ls_value v) {
    ptrdiff_t start, step, count;
    ls_value more;
    if (!ls_slice_bounds(in, s, l->n, &start, &step, &count)) return false;
    if (!ls_to_list(in, v, &more)) return false;
    ptrdiff_t n = more.list->n;
    if (step != 1 && n != count) {
        ls_drop(more);
        return ls_raise(in, "ValueError", "attempt to assign sequence of size %td to extended slice of size %td", n, count);
    }
    for (ptrdiff_t extra = n - count; extra > 0; extra--)
        if (!ls_list_append(l, ls_none())) {
            l->n -= n - count - extra;
            ls_drop(more);
            return ls_no_memory(in);
        }
    /* From here on nothing fails. l->n now counts the larger of the two lengths. */
    ptrdiff_t old_n = l->n - (n > count ? n - count : 0), tail = old_n - (start + count);
    ls_value *at = l->items + start;
    if (step == 1) {
        for (ptrdiff_t k = n; k < count; k++) ls_drop(at[k]);
        for (ptrdiff_t k = 0; k < count && k < n; k++) ls_drop(at[k]);
        memmove(at + n, at + count, (size_t)tail * sizeof *at);
        l->n = old_n + n - count;
    } else {
        for (ptrdiff_t k = 0; k < count; k++) ls_drop(at[k * step]);
    }
    for (ptrdiff_t k = 0; k < n; k++) at[k * step] = ls_ref(more.list->items[k]);
    ls_drop(more);
    return true;
}

static bool list_delete(ls_interp *in, ls_list *l, ls_value index) {
    ptrdiff_t start, step = 1, count = 1;
    if (index.tag == LS_SLICE) {
        if (!ls_slice_bounds(in, index.slice, l->n, &start, &step, &count)) return false;
        if (step < 0) { /* the same entries, forwards */
            start += (count - 1) * step;
            step = -step;
        }
    } else if (!position(in, index, l->n, "list", &start)) return false;
    ptrdiff_t to = start;
    for (ptrdiff_t i = start, gone = 0; i < l->n; i++) {
        if (gone < count && i == start + gone * step) {
            ls_drop(l->items[i]);
            gone++;
        } else l->items[to++] = l->items[i];
    }
    l->n = count ? to : l->n;
    return true;
}

/* ---- arrays ---- */

void ls_index_items_free(ls_index_items *x) {
    for (int i = 0; i < x->n_owned; i++) lsv_release(x->owned[i]);
    x->n_owned = 0;
}

static bool add_array(ls_interp *in, ls_index_items *x, ls_value v, lsv_kind kind) {
    lsv_array *a;
    if (!ls_as_array(in, v, kind, -1, &a)) return false;
    x->owned[x->n_owned++] = a;
    if (lsv_dtype_is_float((lsv_dtype)a->dtype) && a->size > 0) {
        if (kind == LSV_TORCH) return ls_raise(in, "IndexError", "tensors used as indices must be long, int, byte or bool tensors");
        return ls_raise(in, "IndexError", "arrays used as indices must be of integer (or boolean) type");
    }
    if (lsv_dtype_is_float((lsv_dtype)a->dtype)) { /* an empty list: no index at all */
        lsv_error err;
        if (lsv_as_dtype(a, LSV_INT64, &x->owned[x->n_owned - 1], &err) != LSV_OK) {
            x->owned[x->n_owned - 1] = a;
            return ls_raise_lsv(in, &err);
        }
        lsv_release(a);
        a = x->owned[x->n_owned - 1];
    }
    x->items[x->n++] = (lsv_index){.type = LSV_IX_ARRAY, .array = a};
    return true;
}

static bool add_item(ls_interp *in, ls_index_items *x, ls_value v, lsv_kind kind) {
    if (x->n == LS_MAX_INDEX) return ls_raise(in, "IndexError", "too many indices: at most %d", LS_MAX_INDEX);
    lsv_index *item = &x->items[x->n];
    int64_t i;
    switch ((ls_tag)v.tag) {
    case LS_NONE: *item = (lsv_index){.type = LSV_IX_NEWAXIS}; break;
    case LS_ELLIPSIS: *item = (lsv_index){.type = LSV_IX_ELLIPSIS}; break;
    case LS_SLICE: {
        bool has_step;
        *item = (lsv_index){.type = LSV_IX_SLICE, .step = 1};
        if (!slice_part(in, v.slice->start, &item->has_start, &item->start) || !slice_part(in, v.slice->stop, &item->has_stop, &item->stop) || !slice_part(in, v.slice->step, &has_step, &item->step)) return false;
        break;
    }
    case LS_BOOL:
    case LS_LIST: return add_array(in, x, v, kind);
    case LS_TUPLE: return add_array(in, x, v, kind);
    case LS_RANGE: return add_array(in, x, v, kind);
    case LS_ARRAY:
        if (v.array->ndim > 0 || !lsv_dtype_is_int((lsv_dtype)v.array->dtype)) return add_array(in, x, v, kind);
        /* fall through */
    default:
        if (v.tag == LS_NPSCALAR && v.dtype == LSV_BOOL) return add_array(in, x, v, kind);
        if (!as_index(v, &i)) {
            if (kind == LSV_TORCH && v.tag != LS_STR)
                return ls_raise(in, "IndexError", "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got %s)", ls_type_name(v));
            return ls_raise(in, "IndexError", "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or boolean arrays are valid indices");
        }
        *item = (lsv_index){.type = LSV_IX_INT, .start = i};
    }
    x->n++;
    return true;
}

bool ls_index_items_from(ls_interp *in, ls_value index, lsv_kind kind, ls_index_items *x) {
    x->n = x->n_owned = 0;
    bool ok = true;
    if (index.tag == LS_TUPLE) {
        for (ptrdiff_t i = 0; ok && i < index.tuple->n; i++) ok = add_item(in, x, index.tuple->items[i], kind);
    } else ok = add_item(in, x, index, kind);
    if (!ok) ls_index_items_free(x);
    return ok;
}

static bool array_get(ls_interp *in, lsv_array *a, ls_value index, ls_value *out) {
    ls_index_items x;
    lsv_error err;
    lsv_array *result;
    if (!ls_index_items_from(in, index, (lsv_kind)a->kind, &x)) return false;
    lsv_status status = lsv_index_get(a, x.items, x.n, &result, &err);
    bool keep = false; /* a[...] of a 0-d array stays an array */
    for (int i = 0; i < x.n; i++) keep |= x.items[i].type == LSV_IX_ELLIPSIS;
    bool ok = status == LSV_OK || ls_raise_lsv(in, &err);
    if (ok) {
        *out = keep ? ls_array(result) : ls_from_array(result);
        if (in->grad_enabled && lsv_tracked(a)) ok = ls_grad_index(in, a, x.items, x.n, out);
    }
    ls_index_items_free(&x);
    return ok;
}

static bool array_set(ls_interp *in, lsv_array *a, ls_value index, ls_value v) {
    ls_index_items x;
    lsv_error err;
    lsv_array *value;
    if (!ls_index_items_from(in, index, (lsv_kind)a->kind, &x)) return false;
    lsv_status status = LSV_OK;
    bool ok;
    if (in->grad_enabled && (lsv_tracked(a) || ls_tracked(v))) {
        ok = ls_grad_index_set(in, a, x.items, x.n, v);
        ls_index_items_free(&x);
        return ok;
    }
    lsv_changed(a);
    if (v.tag != LS_ARRAY && ls_is_number(v)) { /* a scalar needs no array of its own */
        char cell[8];
        lsv_scalar s = v.tag == LS_NPSCALAR ? ls_npscalar_get(v) : v.tag == LS_FLOAT ? lsv_scalar_float(v.f) : v.tag == LS_BOOL ? lsv_scalar_bool(v.i) : lsv_scalar_int(v.i);
        lsv_array scalar = lsv_scalar_array((lsv_kind)a->kind, s, LSV_WEAK, cell);
        status = lsv_index_set(a, x.items, x.n, &scalar, &err);
        ok = true;
    } else {
        ok = ls_as_array(in, v, (lsv_kind)a->kind, -1, &value);
        if (ok) {
            status = lsv_index_set(a, x.items, x.n, value, &err);
            lsv_release(value);
        }
    }
    ls_index_items_free(&x);
    if (ok && status != LSV_OK) return ls_raise_lsv(in, &err);
    return ok;
}

/* ---- arrays on a device ---- */

/* Does the index pick elements one by one? Else it makes a view, and nothing is read. */
static bool picks(ls_value index) {
    if (index.tag != LS_TUPLE) return index.tag == LS_ARRAY || index.tag == LS_LIST || index.tag == LS_RANGE || index.tag == LS_BOOL;
    for (ptrdiff_t i = 0; i < index.tuple->n; i++) {
        ls_value v = index.tuple->items[i];
        if (v.tag == LS_TUPLE || picks(v)) return true;
    }
    return false;
}

/* Index tensors lie on the host or where the indexed tensor does. */
static bool indices_fit(ls_interp *in, const lsv_array *a, ls_value index) {
    const ls_value *items = index.tag == LS_TUPLE ? index.tuple->items : &index;
    ptrdiff_t n = index.tag == LS_TUPLE ? index.tuple->n : 1;
    char place[16];
    for (ptrdiff_t i = 0; i < n; i++)
        if (ls_is_tensor(items[i]) && items[i].array->ndim && items[i].array->device && items[i].array->device != a->device)
            return ls_raise(in, "RuntimeError", "indices should be either on cpu or on the same device as the indexed tensor (%s)",
                            ls_device_text(a->device, place));
    return true;
}

static bool device_get(ls_interp *in, lsv_array *a, ls_value index, ls_value *out) {
    ls_value both[2] = {{.tag = LS_ARRAY, .array = a}, index};
    if (!picks(index) || !ls_device_any(both, 2)) return array_get(in, a, index, out);
    ls_hidden hidden;
    if (!indices_fit(in, a, index) || !ls_device_hide(in, &hidden, both, 2)) return false;
    bool ok = array_get(in, a, index, out);
    ls_device_show(&hidden);
    return ok && (!a->device || ls_device_adopt(in, a->device, out));
}

static bool device_set(ls_interp *in, lsv_array *a, ls_value index, ls_value v) {
    ls_value all[3] = {{.tag = LS_ARRAY, .array = a}, index, v};
    if (!ls_device_any(all, 3)) return array_set(in, a, index, v);
    ls_hidden hidden;
    if (picks(index) && ls_is_tensor(v) && v.array->ndim && v.array->device != a->device) {
        char place[16];
        return ls_raise(in, "RuntimeError", "Expected all tensors to be on the same device, but found at least two devices, %s and cpu!",
                        ls_device_text(a->device ? a->device : v.array->device, place));
    }
    if (!indices_fit(in, a, index) || !ls_device_hide(in, &hidden, all, 3)) return false;
    bool ok = array_set(in, a, index, v);
    lsv_host_changed(a);
    ls_device_show(&hidden);
    return ok;
}

/* ---- all of them ---- */

static bool key_error(ls_interp *in, ls_value key) {
    lsv_text t = {0};
    bool ok = ls_repr(in, &t, key);
    if (ok) ls_raise(in, "KeyError", "%s", t.data ? t.data : "");
    lsv_text_free(&t);
    return false;
}

/* A numeric list with an index that only an array understands: m[0, 1], m[:, 0]. */
static bool list_as_array(ls_value a, ls_value index) { return index.tag == LS_TUPLE && ls_numeric_list(a); }

bool ls_subscript(ls_interp *in, ls_value a, ls_value index, ls_value *out) {
    switch ((ls_tag)a.tag) {
    case LS_ARRAY: return in->devices ? device_get(in, a.array, index, out) : array_get(in, a.array, index, out);
    case LS_LIST:
        if (list_as_array(a, index)) {
            lsv_array *m;
            if (!ls_as_array(in, a, LSV_NUMPY, -1, &m)) return false;
            bool ok = array_get(in, m, index, out);
            lsv_release(m);
            return ok;
        }
        return items_get(in, a.list->items, a.list->n, true, index, out);
    case LS_TUPLE: {
        bool ok = items_get(in, a.tuple->items, a.tuple->n, false, index, out);
        if (ok && out->tag == LS_TUPLE && index.tag == LS_SLICE) out->tuple->is_size = a.tuple->is_size;
        return ok;
    }
    case LS_STR: return str_get(in, a.str, index, out);
    case LS_RANGE: return range_get(in, a.range, index, out);
    case LS_DICT: {
        if (!ls_hashable(index)) return ls_raise(in, "TypeError", "unhashable type: '%s'", ls_type_name(index));
        ls_value *slot = ls_dict_find(a.dict, index);
        if (!slot) return key_error(in, index);
        *out = ls_ref(*slot);
        return true;
    }
    case LS_OPAQUE:
        if (a.opaque->hooks && a.opaque->hooks->get) return a.opaque->hooks->get(in, a, index, out);
        return ls_raise(in, "TypeError", "'%s' object is not subscriptable", ls_type_name(a));
    case LS_BUILTIN:
        if (a.builtin->kind != LS_SUBSCRIPTED) return ls_raise(in, "TypeError", "'%s' object is not subscriptable", ls_type_name(a));
        *out = ls_none();
        return in->devices ? ls_device_call(in, a.builtin, &index, 1, out) : a.builtin->function(in, a.builtin, &index, out);
    case LS_TYPE: *out = a; return true; /* list[int] in an annotation */
    case LS_NPSCALAR: return ls_raise(in, "IndexError", "invalid index to scalar variable.");
    default: return ls_raise(in, "TypeError", "'%s' object is not subscriptable", ls_type_name(a));
    }
}

bool ls_subscript_set(ls_interp *in, ls_value a, ls_value index, ls_value v) {
    switch ((ls_tag)a.tag) {
    case LS_ARRAY: return in->devices ? device_set(in, a.array, index, v) : array_set(in, a.array, index, v);
    case LS_LIST: {
        ptrdiff_t i;
        if (index.tag == LS_SLICE) return list_set_slice(in, a.list, index.slice, v);
        if (!position(in, index, a.list->n, "list", &i)) return false;
        ls_value old = a.list->items[i];
        a.list->items[i] = ls_ref(v);
        ls_drop(old);
        return true;
    }
    case LS_DICT:
        if (!ls_hashable(index)) return ls_raise(in, "TypeError", "unhashable type: '%s'", ls_type_name(index));
        return ls_dict_set(a.dict, index, v) || ls_no_memory(in);
    case LS_OPAQUE:
        if (a.opaque->hooks && a.opaque->hooks->set) return a.opaque->hooks->set(in, a, index, v);
        /* fall through */
    default: return ls_raise(in, "TypeError", "'%s' object does not support item assignment", ls_type_name(a));
    }
}

bool ls_subscript_delete(ls_interp *in, ls_value a, ls_value index) {
    if (a.tag == LS_LIST) return list_delete(in, a.list, index);
    if (a.tag == LS_DICT && !ls_hashable(index)) return ls_raise(in, "TypeError", "unhashable type: '%s'", ls_type_name(index));
    if (a.tag == LS_DICT) return ls_dict_delete(a.dict, index) || key_error(in, index);
    return ls_raise(in, "TypeError", "'%s' object doesn't support item deletion", ls_type_name(a));
}
