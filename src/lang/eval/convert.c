/* Values to what C functions take: arrays from nested lists, numbers, text, shapes, axes. */
#include "base/interrupt.h"
#include "array/elementwise.h"
#include "base/alloc.h"
#include "lang/eval/device.h"
#include "lang/eval/interp.h"

#include <math.h>
#include <string.h>

/* ---- nested sequences to arrays ---- */

typedef struct shape_of {
    lsv_kind kind;
    int ndim;
    ptrdiff_t dims[LSV_MAXDIM];
    int dtype;         /* of all leaves so far, promoted; -1: none yet */
    bool weak_float;   /* a Python float was among them: torch takes its default dtype for those */
} shape_of;

static bool is_sequence(ls_value v) { return v.tag == LS_LIST || v.tag == LS_TUPLE || v.tag == LS_RANGE; }

static ptrdiff_t sequence_length(ls_value v) {
    return v.tag == LS_LIST ? v.list->n : v.tag == LS_TUPLE ? v.tuple->n : v.range->n;
}

static ls_value sequence_item(ls_value v, ptrdiff_t i) { /* borrowed: ranges hold unboxed ints */
    if (v.tag == LS_LIST) return v.list->items[i];
    if (v.tag == LS_TUPLE) return v.tuple->items[i];
    return ls_int(v.range->start + i * v.range->step);
}

static bool ragged(ls_interp *in, const shape_of *s, int depth, ptrdiff_t got) {
    if (s->kind == LSV_TORCH)
        return got < 0 ? ls_raise(in, "TypeError", "not a sequence")
                       : ls_raise(in, "ValueError", "expected sequence of length %td at dim %d (got %td)", s->dims[depth], depth, got);
    char text[96];
    ls_raise(in, "ValueError", "setting an array element with a sequence. The requested array has an inhomogeneous shape after %d dimensions. The detected shape was %s + inhomogeneous part.",
             depth, lsv_shape_text_n(depth, s->dims, text, sizeof text));
    if (got >= 0) ls_hint(in, "the rows differ in length: one has %td entries, another %td", s->dims[depth], got);
    return false;
}

/* The dimensions, read along the first entries. */
static bool find_shape(ls_interp *in, ls_value v, shape_of *s) {
    while (is_sequence(v)) {
        if (s->ndim == LSV_MAXDIM) return ls_raise(in, "ValueError", "nested too deeply: arrays have at most %d dimensions", LSV_MAXDIM);
        s->dims[s->ndim++] = sequence_length(v);
        if (sequence_length(v) == 0) return true;
        v = sequence_item(v, 0);
    }
    if (v.tag != LS_ARRAY) return true;
    if (s->ndim + v.array->ndim > LSV_MAXDIM) return ls_raise(in, "ValueError", "arrays have at most %d dimensions", LSV_MAXDIM);
    for (int i = 0; i < v.array->ndim; i++) s->dims[s->ndim++] = v.array->shape[i];
    return true;
}

static bool leaf_dtype(ls_interp *in, ls_value v, lsv_dtype *out, bool *weak_float) {
    switch ((ls_tag)v.tag) {
    case LS_BOOL: *out = LSV_BOOL; return true;
    case LS_INT: *out = LSV_INT64; return true;
    case LS_FLOAT: *out = LSV_FLOAT64, *weak_float = true; return true;
    case LS_NPSCALAR: *out = (lsv_dtype)v.dtype; return true;
    case LS_ARRAY: *out = (lsv_dtype)v.array->dtype; return true;
    default:
        ls_raise(in, "TypeError", "arrays hold numbers, and '%s' is not one", ls_type_name(v));
        return false;
    }
}

/* Checks that every row has the detected shape, and finds the common dtype. */
static bool check_rows(ls_interp *in, ls_value v, int depth, shape_of *s) {
    if (is_sequence(v)) {
        ptrdiff_t n = sequence_length(v);
        if (depth >= s->ndim) return ragged(in, s, s->ndim, -1);
        if (n != s->dims[depth]) return ragged(in, s, depth, n);
        if (v.tag == LS_RANGE) {
            if (depth + 1 != s->ndim) return ragged(in, s, depth + 1, -1);
            s->dtype = s->dtype < 0 ? LSV_INT64 : (int)lsv_promote_types(s->kind, (lsv_dtype)s->dtype, LSV_INT64);
            return true;
        }
        for (ptrdiff_t i = 0; i < n; i++)
            if ((lsv_stop_at(i) && ls_interrupted(in)) || !check_rows(in, sequence_item(v, i), depth + 1, s)) return false;
        return true;
    }
    lsv_dtype d;
    bool weak = false;
    if (!leaf_dtype(in, v, &d, &weak)) return false;
    if (v.tag == LS_ARRAY) {
        if (depth + v.array->ndim != s->ndim || memcmp(v.array->shape, s->dims + depth, (size_t)v.array->ndim * sizeof *s->dims) != 0)
            return ragged(in, s, depth, -1);
    } else if (depth != s->ndim) return ragged(in, s, depth, -1);
    if (weak && s->kind == LSV_TORCH) s->weak_float = true;
    else s->dtype = s->dtype < 0 ? (int)d : (int)lsv_promote_types(s->kind, (lsv_dtype)s->dtype, d);
    return true;
}

static lsv_scalar leaf_scalar(ls_value v) {
    if (v.tag == LS_NPSCALAR) return ls_npscalar_get(v);
    return v.tag == LS_FLOAT ? lsv_scalar_float(v.f) : v.tag == LS_BOOL ? lsv_scalar_bool(v.i) : lsv_scalar_int(v.i);
}

/* Writes the leaves of v in order, from element *at of the contiguous array a. */
static lsv_status fill_rows(ls_value v, lsv_array *a, ptrdiff_t *at, lsv_error *err) {
    size_t size = lsv_dtype_size((lsv_dtype)a->dtype);
    if (is_sequence(v)) {
        ptrdiff_t n = sequence_length(v);
        for (ptrdiff_t i = 0; i < n; i++) {
            if (lsv_stop_at(i)) LSV_TRY(lsv_poll(err));
            LSV_TRY(fill_rows(sequence_item(v, i), a, at, err));
        }
        return LSV_OK;
    }
    if (v.tag != LS_ARRAY) {
        lsv_store((lsv_dtype)a->dtype, a->data + (size_t)*at * size, leaf_scalar(v));
        ++*at;
        return LSV_OK;
    }
    ptrdiff_t strides[LSV_MAXDIM], step = 1;
    for (int i = v.array->ndim - 1; i >= 0; i--) {
        strides[i] = step;
        step *= v.array->shape[i];
    }
    lsv_array *part;
    LSV_TRY(lsv_view_strided(a, v.array->ndim, v.array->shape, strides, *at, &part, err));
    lsv_status status = lsv_assign(part, v.array, err);
    lsv_release(part);
    *at += v.array->size;
    return status;
}

static bool from_rows(ls_interp *in, ls_value v, lsv_kind kind, int dtype, lsv_array **out) {
    shape_of s = {.kind = kind, .dtype = -1};
    lsv_error err;
    if (!find_shape(in, v, &s) || !check_rows(in, v, 0, &s)) return false;
    if (s.weak_float)
        s.dtype = s.dtype < 0 || !lsv_dtype_is_float((lsv_dtype)s.dtype) ? (int)in->torch_default
                : (int)lsv_promote_types(kind, (lsv_dtype)s.dtype, in->torch_default);
    if (dtype >= 0) s.dtype = dtype;
    else if (s.dtype < 0) s.dtype = kind == LSV_TORCH ? (int)in->torch_default : LSV_FLOAT64; /* no leaf at all */
    lsv_array *a;
    if (lsv_empty(kind, (lsv_dtype)s.dtype, s.ndim, s.dims, &a, &err) != LSV_OK) return ls_raise_lsv(in, &err);
    ptrdiff_t at = 0;
    if (fill_rows(v, a, &at, &err) != LSV_OK) {
        lsv_release(a);
        return ls_raise_lsv(in, &err);
    }
    *out = a;
    return true;
}

static bool with_dtype(ls_interp *in, lsv_array *a, int dtype, lsv_array **out) {
    lsv_error err;
    if (dtype < 0 || a->dtype == dtype) *out = lsv_ref(a);
    else if (lsv_astype(a, (lsv_dtype)dtype, out, &err) != LSV_OK) return ls_raise_lsv(in, &err);
    return true;
}

bool ls_as_array(ls_interp *in, ls_value v, lsv_kind kind, int dtype, lsv_array **out) {
    lsv_error err;
    if (v.tag == LS_ARRAY) {
        if (v.array->kind == kind) return with_dtype(in, v.array, dtype, out);
        lsv_array *same;
        if (lsv_as_kind(v.array, kind, &same, &err) != LSV_OK) return ls_raise_lsv(in, &err);
        bool ok = with_dtype(in, same, dtype, out);
        lsv_release(same);
        return ok;
    }
    if (ls_is_number(v)) {
        lsv_scalar s = leaf_scalar(v);
        lsv_dtype d = dtype >= 0 ? (lsv_dtype)dtype : v.tag == LS_FLOAT && kind == LSV_TORCH ? in->torch_default : s.dtype;
        if (lsv_full(kind, d, 0, NULL, s, out, &err) != LSV_OK) return ls_raise_lsv(in, &err);
        return true;
    }
    if (v.tag == LS_ITER) {
        ls_value list;
        if (!ls_to_list(in, v, &list)) return false;
        bool ok = from_rows(in, list, kind, dtype, out);
        ls_drop(list);
        return ok;
    }
    if (is_sequence(v)) return from_rows(in, v, kind, dtype, out);
    return ls_raise(in, "TypeError", "expected an array or numbers, not '%s'", ls_type_name(v));
}

ls_value ls_from_array(lsv_array *a) {
    if (a->ndim != 0 || a->kind != LSV_NUMPY) return ls_array(a);
    ls_value v = ls_npscalar(lsv_load((lsv_dtype)a->dtype, a->data));
    lsv_release(a);
    return v;
}

/* ---- numbers ---- */

bool ls_as_int(ls_interp *in, ls_value v, const char *what, int64_t *out) {
    if (ls_is_int(v) || (v.tag == LS_NPSCALAR && !lsv_dtype_is_float((lsv_dtype)v.dtype))) {
        *out = v.i;
        return true;
    }
    if (v.tag == LS_ARRAY && v.array->size == 1 && !lsv_dtype_is_float((lsv_dtype)v.array->dtype)) {
        if (!ls_readable(in, v.array)) return false;
        *out = lsv_load((lsv_dtype)v.array->dtype, v.array->data).i;
        return true;
    }
    bool is_float = v.tag == LS_FLOAT || v.tag == LS_NPSCALAR;
    ls_raise(in, "TypeError", "%s must be an integer, not '%s'", what, ls_type_name(v));
    if (is_float) ls_hint(in, "write int(%s)", what);
    return false;
}

bool ls_as_double(ls_interp *in, ls_value v, const char *what, double *out) {
    if (v.tag == LS_FLOAT) *out = v.f;
    else if (ls_is_int(v)) *out = (double)v.i;
    else if (v.tag == LS_NPSCALAR) *out = lsv_scalar_as_double(ls_npscalar_get(v));
    else if (v.tag == LS_ARRAY && v.array->size == 1) {
        if (!ls_readable(in, v.array)) return false;
        *out = lsv_scalar_as_double(lsv_load((lsv_dtype)v.array->dtype, v.array->data));
    } else return ls_raise(in, "TypeError", "%s must be a number, not '%s'", what, ls_type_name(v));
    return true;
}

bool ls_as_text(ls_interp *in, ls_value v, const char *what, const char **out) {
    if (v.tag != LS_STR) return ls_raise(in, "TypeError", "%s must be a string, not '%s'", what, ls_type_name(v));
    if (strlen(v.str->data) != v.str->length) return ls_raise(in, "ValueError", "%s: embedded null character", what);
    *out = v.str->data;
    return true;
}

/* ---- shapes, axes, dtypes ---- */

bool ls_as_shape(ls_interp *in, ls_value v, lsv_shape *out) {
    int64_t n;
    if (is_sequence(v)) {
        ptrdiff_t length = sequence_length(v);
        if (length > LSV_MAXDIM) return ls_raise(in, "ValueError", "arrays have at most %d dimensions, and the shape has %td", LSV_MAXDIM, length);
        out->ndim = (int)length;
        for (ptrdiff_t i = 0; i < length; i++) {
            if (!ls_as_int(in, sequence_item(v, i), "a size in the shape", &n)) return false;
            out->dims[i] = n;
        }
        return true;
    }
    if (v.tag == LS_ARRAY && v.array->ndim == 1) {
        ls_value list;
        if (!ls_to_list(in, v, &list)) return false;
        bool ok = ls_as_shape(in, list, out);
        ls_drop(list);
        return ok;
    }
    if (!ls_as_int(in, v, "shape", &n)) return false;
    out->ndim = 1;
    out->dims[0] = n;
    return true;
}

bool ls_as_axes(ls_interp *in, ls_value v, int *n, int axes[LSV_MAXDIM]) {
    int64_t axis;
    *n = -1;
    if (v.tag == LS_NONE) return true;
    ptrdiff_t count = is_sequence(v) ? sequence_length(v) : 1;
    if (count > LSV_MAXDIM) return ls_raise(in, "ValueError", "too many axes: %td", count);
    for (ptrdiff_t i = 0; i < count; i++) {
        if (!ls_as_int(in, is_sequence(v) ? sequence_item(v, i) : v, "axis", &axis)) return false;
        axes[i] = axis > 127 ? 127 : axis < -127 ? -127 : (int)axis; /* out of range either way */
    }
    *n = (int)count;
    return true;
}

bool ls_as_dtype(ls_interp *in, ls_value v, int *out) {
    lsv_dtype d;
    *out = -1;
    switch ((ls_tag)v.tag) {
    case LS_NONE: return true;
    case LS_DTYPE: *out = v.dtype; return true;
    case LS_TYPE:
        if (v.type == &ls_type_float) *out = LSV_FLOAT64;
        else if (v.type == &ls_type_int) *out = LSV_INT64;
        else if (v.type == &ls_type_bool) *out = LSV_BOOL;
        if (*out >= 0) return true;
        break;
    case LS_STR:
        if (lsv_dtype_parse(v.str->data, &d)) {
            *out = (int)d;
            return true;
        }
        ls_raise(in, "TypeError", "data type '%s' not understood", v.str->data);
        ls_hint(in, "lsv has bool, int32, int64, float16, bfloat16, float32 and float64");
        return false;
    default: break;
    }
    return ls_raise(in, "TypeError", "Cannot interpret '%s' as a data type", ls_type_name(v));
}
