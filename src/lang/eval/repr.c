/* repr(v), str(v) and format(v, spec). */
#include "base/interrupt.h"
#include "lang/builtins/builtin.h"
#include "lang/eval/device.h"
#include "lang/eval/function.h"
#include "lang/eval/interp.h"
#include "lang/eval/repr.h"

#include <string.h>

/* ---- strings ---- */

/* Decodes one code point; -1 for a byte that is not UTF-8. */
static int32_t decode(const char *s, size_t n, size_t *length) {
    unsigned char c = (unsigned char)s[0];
    size_t need = c < 0x80 ? 1 : (c & 0xE0) == 0xC0 ? 2 : (c & 0xF0) == 0xE0 ? 3 : (c & 0xF8) == 0xF0 ? 4 : 0;
    *length = 1;
    if (need == 0 || need > n) return -1;
    int32_t p = need == 1 ? c : c & (0x7F >> need);
    for (size_t i = 1; i < need; i++) {
        if (((unsigned char)s[i] & 0xC0) != 0x80) return -1;
        p = (p << 6) | (s[i] & 0x3F);
    }
    *length = need;
    return p;
}

static bool not_printable(int32_t p) {
    return p < 0x20 || (p >= 0x7F && p <= 0xA0) || p == 0xAD || (p >= 0x2000 && p <= 0x200F) || (p >= 0x2028 && p <= 0x202F) ||
           (p >= 0x205F && p <= 0x206F) || p == 0x3000 || (p >= 0xD800 && p <= 0xF8FF) || p == 0xFEFF || p >= 0xE0000;
}

void ls_repr_text(lsv_text *t, const char *s, size_t n, bool ascii) {
    char quote = memchr(s, '\'', n) && !memchr(s, '"', n) ? '"' : '\'';
    lsv_text_putc(t, quote);
    for (size_t i = 0, step; i < n; i += step) {
        int32_t p = decode(s + i, n - i, &step);
        if (p == quote || p == '\\') lsv_text_printf(t, "\\%c", (char)p);
        else if (p == '\n') lsv_text_puts(t, "\\n");
        else if (p == '\r') lsv_text_puts(t, "\\r");
        else if (p == '\t') lsv_text_puts(t, "\\t");
        else if (p < 0) lsv_text_printf(t, "\\x%02x", (unsigned char)s[i]);
        else if (!not_printable(p) && !(ascii && p > 0x7E)) lsv_text_add(t, s + i, step);
        else if (p > 0xFFFF) lsv_text_printf(t, "\\U%08x", (unsigned)p);
        else if (p > 0xFF) lsv_text_printf(t, "\\u%04x", (unsigned)p);
        else lsv_text_printf(t, "\\x%02x", (unsigned)p);
    }
    lsv_text_putc(t, quote);
}

/* ---- containers ---- */

static bool items_repr(ls_interp *in, lsv_text *t, const ls_value *items, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) {
        if (lsv_stop_at(i) && ls_interrupted(in)) return false;
        if (i) lsv_text_puts(t, ", ");
        if (!ls_repr(in, t, items[i])) return false;
    }
    return true;
}

static bool list_repr(ls_interp *in, lsv_text *t, ls_list *l) {
    if (l->head.marked) {
        lsv_text_puts(t, "[...]");
        return true;
    }
    l->head.marked = 1;
    lsv_text_putc(t, '[');
    bool ok = true;
    for (ptrdiff_t i = 0; ok && i < l->n; i++) {
        if (i) lsv_text_puts(t, ", ");
        ok = !(lsv_stop_at(i) && ls_interrupted(in)) && ls_repr(in, t, l->items[i]);
    }
    lsv_text_putc(t, ']');
    l->head.marked = 0;
    return ok;
}

static bool dict_repr(ls_interp *in, lsv_text *t, ls_dict *d) {
    if (d->head.marked) {
        lsv_text_puts(t, "{...}");
        return true;
    }
    d->head.marked = 1;
    lsv_text_putc(t, '{');
    bool ok = true, first = true;
    for (ptrdiff_t i = 0; ok && i < d->used; i++) {
        if (d->entries[i].key.tag == LS_UNSET) continue;
        if (!first) lsv_text_puts(t, ", ");
        first = false;
        ok = !(lsv_stop_at(i) && ls_interrupted(in)) && ls_repr(in, t, d->entries[i].key);
        lsv_text_puts(t, ": ");
        ok = ok && ls_repr(in, t, d->entries[i].value);
    }
    lsv_text_putc(t, '}');
    d->head.marked = 0;
    return ok;
}

/* SVDResult(U=…, S=…, Vh=…); PyTorch puts every field on a line of its own. A first field without a name is the text
   that stands for the whole. */
static bool record_repr(ls_interp *in, lsv_text *t, const ls_tuple *v) {
    if (v->n && !v->record->fields[0][0]) return ls_str_text(in, t, v->items[0]);
    bool lines = strncmp(v->record->name, "torch.", 6) == 0;
    lsv_text_printf(t, "%s(%s", v->record->name, lines ? "\n" : "");
    for (int i = 0; i < v->n; i++) {
        lsv_text_printf(t, "%s%s=", i == 0 ? "" : lines ? ",\n" : ", ", v->record->fields[i]);
        if (!ls_repr(in, t, v->items[i])) return false;
    }
    lsv_text_putc(t, ')');
    return true;
}

static bool tuple_repr(ls_interp *in, lsv_text *t, const ls_tuple *v) {
    if (v->record) return record_repr(in, t, v);
    lsv_text_puts(t, v->is_size ? "torch.Size([" : "(");
    if (!items_repr(in, t, v->items, v->n)) return false;
    lsv_text_puts(t, v->is_size ? "])" : v->n == 1 ? ",)" : ")");
    return true;
}

static bool range_repr(lsv_text *t, const ls_range *r) {
    if (r->step == 1) lsv_text_printf(t, "range(%lld, %lld)", (long long)r->start, (long long)r->stop);
    else lsv_text_printf(t, "range(%lld, %lld, %lld)", (long long)r->start, (long long)r->stop, (long long)r->step);
    return true;
}

static bool iter_repr(ls_interp *in, lsv_text *t, ls_value v) {
    if (strncmp(v.iter->type, "dict_", 5) == 0 && v.iter->state[0].tag == LS_DICT && v.iter->pos == 0) {
        ls_value list;
        ls_value again;
        if (!ls_iterate(in, v, &again)) return false;
        bool ok = ls_to_list(in, again, &list);
        ls_drop(again);
        if (!ok) return false;
        lsv_text_printf(t, "%s(", v.iter->type);
        ok = ls_repr(in, t, list);
        lsv_text_putc(t, ')');
        ls_drop(list);
        return ok;
    }
    lsv_text_printf(t, "<%s object at %p>", v.iter->type, (void *)v.o);
    return true;
}

/* ---- arrays ---- */

static const char *(*grad_name)(const lsv_array *a);
void ls_repr_grad_names(const char *(*name)(const lsv_array *a)) { grad_name = name; }

static bool array_text(ls_interp *in, lsv_text *t, const lsv_array *a, bool repr) {
    lsv_error err;
    lsv_status status;
    if (!ls_readable(in, a)) return false;
    if (a->kind == LSV_TORCH) status = lsv_text_tensor(t, a, &in->torch_options, grad_name ? grad_name(a) : NULL, &err);
    else if (repr) status = lsv_text_ndarray_repr(t, a, &in->numpy_options, &err);
    else status = lsv_text_ndarray_str(t, a, &in->numpy_options, &err);
    return status == LSV_OK || ls_raise_lsv(in, &err);
}

/* ---- everything ---- */

static bool repr_value(ls_interp *in, lsv_text *t, ls_value v) {
    switch ((ls_tag)v.tag) {
    case LS_NONE: lsv_text_puts(t, "None"); break;
    case LS_BOOL: lsv_text_puts(t, v.i ? "True" : "False"); break;
    case LS_INT: lsv_text_int(t, v.i); break;
    case LS_FLOAT: lsv_text_float(t, v.f); break;
    case LS_NPSCALAR: lsv_text_scalar_repr(t, ls_npscalar_get(v)); break;
    case LS_ELLIPSIS: lsv_text_puts(t, "Ellipsis"); break;
    case LS_TYPE: lsv_text_printf(t, "<class '%s'>", v.type->shown); break;
    case LS_DTYPE:
        if (v.kind == LSV_TORCH) lsv_text_printf(t, "torch.%s", lsv_dtype_name((lsv_dtype)v.dtype));
        else lsv_text_printf(t, "dtype('%s')", lsv_dtype_name((lsv_dtype)v.dtype));
        break;
    case LS_BUILTIN:
        if (ls_is_ufunc(v.builtin)) lsv_text_printf(t, "<ufunc '%s'>", ls_builtin_own_name(v.builtin));
        else if (v.builtin->kind == LS_SUBSCRIPTED) lsv_text_printf(t, "<%s object at %p>", ls_type_of(v)->shown, (const void *)v.builtin);
        else lsv_text_printf(t, "<built-in function %s>", ls_builtin_short_name(v.builtin));
        break;
    case LS_MODULE: lsv_text_printf(t, "<module '%s'>", v.module->name); break;
    case LS_STR: ls_repr_text(t, v.str->data, v.str->length, false); break;
    case LS_TUPLE: return tuple_repr(in, t, v.tuple);
    case LS_LIST: return list_repr(in, t, v.list);
    case LS_DICT: return dict_repr(in, t, v.dict);
    case LS_RANGE: return range_repr(t, v.range);
    case LS_SLICE: {
        ls_value parts[3] = {v.slice->start, v.slice->stop, v.slice->step};
        lsv_text_puts(t, "slice(");
        if (!items_repr(in, t, parts, 3)) return false;
        lsv_text_putc(t, ')');
        break;
    }
    case LS_ARRAY: return array_text(in, t, v.array, true);
    case LS_FUNCTION: lsv_text_printf(t, "<function %s at %p>", ls_function_name(v.function), (void *)v.o); break;
    case LS_METHOD:
        if (v.method->function.tag == LS_BUILTIN)
            lsv_text_printf(t, "<built-in method %s of %s object at %p>", ls_builtin_short_name(v.method->function.builtin), ls_type_name(v.method->self), (void *)v.o);
        else lsv_text_puts(t, "<bound method>");
        break;
    case LS_ITER: return iter_repr(in, t, v);
    case LS_RNG:
        if (v.rng->rng.type == LSV_RNG_TORCH) lsv_text_printf(t, "<torch._C.Generator object at %p>", (void *)v.o);
        else lsv_text_printf(t, "%s(%s) at 0x%llX", ls_type_name(v), v.rng->rng.type == LSV_RNG_PCG64 ? "PCG64" : "MT19937", (unsigned long long)(uintptr_t)v.o);
        break;
    case LS_OPAQUE:
        if (v.opaque->hooks && v.opaque->hooks->repr) return v.opaque->hooks->repr(in, t, v);
        lsv_text_puts(t, v.opaque->text);
        break;
    default: lsv_text_puts(t, "<?>"); break;
    }
    return true;
}

bool ls_repr(ls_interp *in, lsv_text *t, ls_value v) {
    if (++in->depth > in->max_depth) {
        in->depth--;
        return ls_raise(in, "RecursionError", "maximum recursion depth exceeded while getting the repr of an object");
    }
    bool ok = repr_value(in, t, v);
    in->depth--;
    if (ok && t->failed) return ls_no_memory(in);
    return ok;
}

bool ls_str_text(ls_interp *in, lsv_text *t, ls_value v) {
    switch ((ls_tag)v.tag) {
    case LS_STR: lsv_text_add(t, v.str->data, v.str->length); break;
    case LS_NPSCALAR: lsv_text_scalar(t, ls_npscalar_get(v)); break;
    case LS_DTYPE:
        if (v.kind == LSV_TORCH) return ls_repr(in, t, v);
        lsv_text_puts(t, lsv_dtype_name((lsv_dtype)v.dtype));
        break;
    case LS_ARRAY: return array_text(in, t, v.array, false);
    case LS_OPAQUE:
        if (v.opaque->type == &ls_type_device && v.opaque->state[0].tag == LS_STR) return ls_str_text(in, t, v.opaque->state[0]);
        return ls_repr(in, t, v);
    default: return ls_repr(in, t, v);
    }
    return !t->failed || ls_no_memory(in);
}

bool ls_format(ls_interp *in, lsv_text *t, ls_value v, const char *spec, size_t n) {
    lsv_error err;
    lsv_status status;
    if (v.tag == LS_ARRAY && !ls_readable(in, v.array)) return false;
    if (v.tag == LS_ARRAY && v.array->kind == LSV_TORCH && v.array->ndim == 0 && n > 0) { /* as its item */
        lsv_scalar s = lsv_load((lsv_dtype)v.array->dtype, v.array->data);
        v = lsv_dtype_is_float(s.dtype) ? ls_float(s.f) : s.dtype == LSV_BOOL ? ls_bool(s.i) : ls_int(s.i);
    } else if (v.tag == LS_ARRAY && v.array->kind == LSV_TORCH && v.array->ndim == 0) {
        lsv_scalar s = lsv_load((lsv_dtype)v.array->dtype, v.array->data);
        v = lsv_dtype_is_float(s.dtype) ? ls_float(s.f) : s.dtype == LSV_BOOL ? ls_bool(s.i) : ls_int(s.i);
    }
    if (n == 0) return ls_str_text(in, t, v);
    switch ((ls_tag)v.tag) {
    case LS_BOOL:
    case LS_INT: status = lsv_format_int(t, v.i, spec, n, &err); break;
    case LS_FLOAT: status = lsv_format_float(t, v.f, spec, n, &err); break;
    case LS_NPSCALAR:
        if (lsv_dtype_is_float((lsv_dtype)v.dtype)) status = lsv_format_float(t, v.f, spec, n, &err);
        else status = lsv_format_int(t, v.i, spec, n, &err);
        break;
    case LS_STR: status = lsv_format_str(t, v.str->data, v.str->length, spec, n, &err); break;
    case LS_ARRAY:
        ls_raise(in, "TypeError", "unsupported format string passed to %s.__format__", v.array->kind == LSV_TORCH ? "Tensor" : "numpy.ndarray");
        ls_hint(in, "a format like %.*s is for one number: index one, or use np.round(a, 4)", (int)n, spec);
        return false;
    default: return ls_raise(in, "TypeError", "unsupported format string passed to %s.__format__", ls_type_name(v));
    }
    if (status != LSV_OK) return ls_raise_lsv(in, &err);
    return !t->failed || ls_no_memory(in);
}
