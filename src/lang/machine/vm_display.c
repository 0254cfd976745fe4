/* Making tuples, lists, dictionaries, matrices and formatted strings. */
#include "base/alloc.h"
#include "lang/machine/vm.h"
#include <string.h>

static bool made(ls_vm *vm, ls_value v) { return v.tag != LS_UNSET || ls_no_memory(vm->in); }

/* A list or tuple that takes n temporaries over. */
static bool take_list(ls_vm *vm, ls_value *from, int n, ls_value *out) {
    *out = ls_list_new(n);
    if (!made(vm, *out)) return false;
    for (int k = 0; k < n; k++) {
        if (!ls_list_append(out->list, from[k])) {
            ls_drop(*out);
            return ls_no_memory(vm->in);
        }
        ls_clear(&from[k]);
    }
    return true;
}

static bool take_tuple(ls_vm *vm, ls_value *from, int n, ls_value *out) {
    *out = ls_tuple_new(n);
    if (!made(vm, *out)) return false;
    for (int k = 0; k < n; k++) {
        out->tuple->items[k] = from[k];
        from[k].tag = LS_UNSET;
    }
    return true;
}

static bool list_from(ls_vm *vm, const ls_value *items, ptrdiff_t n, ls_value *out) {
    *out = ls_list_new(n);
    if (!made(vm, *out)) return false;
    for (ptrdiff_t k = 0; k < n; k++)
        if (!ls_list_append(out->list, items[k])) {
            ls_drop(*out);
            return ls_no_memory(vm->in);
        }
    return true;
}

static bool append_many(ls_vm *vm, ls_list *list, ls_value *from, int n) {
    for (int k = 0; k < n; k++) {
        if (!ls_list_append(list, from[k])) return ls_no_memory(vm->in);
        ls_clear(&from[k]);
    }
    return true;
}

/* "f()" for messages about a call's arguments. */
static const char *callee_name(ls_value callee) {
    switch ((ls_tag)callee.tag) {
    case LS_FUNCTION: return ls_function_name(callee.function);
    case LS_BUILTIN: return ls_builtin_short_name(callee.builtin);
    case LS_METHOD: return callee_name(callee.method->function);
    default: return ls_type_name(callee);
    }
}

/* callee: of the call whose arguments these are; NULL: the items of a display. */
static bool extend(ls_vm *vm, ls_list *list, ls_value v, const ls_value *callee) {
    ls_value all;
    bool never = v.tag < LS_HEAP || v.tag == LS_FUNCTION || v.tag == LS_METHOD;
    if (never && callee)
        return ls_raise(vm->in, "TypeError", "%s() argument after * must be an iterable, not %s", callee_name(*callee), ls_type_name(v));
    if (never) return ls_raise(vm->in, "TypeError", "Value after * must be an iterable, not %s", ls_type_name(v));
    if (!ls_to_list(vm->in, v, &all)) return false;
    bool ok = true;
    for (ptrdiff_t k = 0; ok && k < all.list->n; k++) ok = ls_list_append(list, all.list->items[k]);
    ls_drop(all);
    return ok || ls_no_memory(vm->in);
}

static bool next_item(ls_interp *in, ls_iter *it, ls_value *out) {
    (void)in;
    const ls_list *list = it->state[0].list;
    if (it->pos >= list->n) return false;
    *out = ls_ref(list->items[it->pos++]);
    return true;
}

/* ---- dictionaries ---- */

static bool dict_set(ls_vm *vm, ls_dict *d, ls_value key, ls_value v) {
    if (!ls_hashable(key)) return ls_raise(vm->in, "TypeError", "unhashable type: '%s'", ls_type_name(key));
    return ls_dict_set(d, key, v) || ls_no_memory(vm->in);
}

static bool dict_update(ls_vm *vm, ls_dict *d, ls_value v, const ls_value *call) {
    if (v.tag != LS_DICT) {
        if (call) return ls_raise(vm->in, "TypeError", "%s() argument after ** must be a mapping, not %s", callee_name(*call), ls_type_name(v));
        return ls_raise(vm->in, "TypeError", "'%s' object is not a mapping", ls_type_name(v));
    }
    for (ptrdiff_t e = 0; e < v.dict->used; e++) {
        ls_value key = v.dict->entries[e].key;
        if (key.tag == LS_UNSET) continue;
        if (call && key.tag != LS_STR) return ls_raise(vm->in, "TypeError", "keywords must be strings");
        if (call && ls_dict_find(d, key)) return ls_raise(vm->in, "TypeError", "%s() got multiple values for keyword argument '%s'", callee_name(*call), key.str->data);
        if (!dict_set(vm, d, key, v.dict->entries[e].value)) return false;
    }
    return true;
}

/* ---- matrices ---- */

static bool is_number(ls_value v) { return ls_is_number(v); }

static bool number_matrix(ls_vm *vm, const ls_list *rows, ptrdiff_t columns, ls_value *out) {
    lsv_dtype dtype = LSV_INT64;
    for (ptrdiff_t r = 0; r < rows->n; r++)
        for (ptrdiff_t c = 0; c < columns; c++) {
            ls_value v = rows->items[r].list->items[c];
            if (v.tag == LS_FLOAT || (v.tag == LS_NPSCALAR && lsv_dtype_is_float((lsv_dtype)v.dtype))) dtype = LSV_FLOAT64;
        }
    lsv_array *a;
    lsv_error err;
    ptrdiff_t shape[2] = {rows->n, columns};
    if (lsv_empty(LSV_NUMPY, dtype, 2, shape, &a, &err) != LSV_OK) return ls_raise_lsv(vm->in, &err);
    for (ptrdiff_t r = 0; r < rows->n; r++)
        for (ptrdiff_t c = 0; c < columns; c++) {
            ls_value v = rows->items[r].list->items[c];
            bool real = v.tag == LS_FLOAT || (v.tag == LS_NPSCALAR && lsv_dtype_is_float((lsv_dtype)v.dtype));
            if (dtype == LSV_INT64) ((int64_t *)(void *)a->data)[r * columns + c] = v.i;
            else ((double *)(void *)a->data)[r * columns + c] = real ? v.f : (double)v.i;
        }
    *out = ls_array(a);
    return true;
}

/* An entry as a two-dimensional block: a number is 1 by 1, a vector is a row. */
static bool block(ls_vm *vm, ls_value v, lsv_array **out) {
    lsv_array *a;
    lsv_error err;
    if (!ls_as_array(vm->in, v, v.tag == LS_ARRAY ? (lsv_kind)v.array->kind : LSV_NUMPY, -1, &a)) return false;
    if (a->ndim > 2) {
        lsv_release(a);
        return ls_raise(vm->in, "ValueError", "matrix literal: an entry has more than two dimensions");
    }
    ptrdiff_t shape[2] = {a->ndim == 2 ? a->shape[0] : 1, a->ndim ? a->shape[a->ndim - 1] : 1};
    lsv_status status = lsv_reshape(a, 2, shape, false, out, &err);
    lsv_release(a);
    return status == LSV_OK || ls_raise_lsv(vm->in, &err);
}

static bool join(ls_vm *vm, lsv_array **parts, int n, int axis, lsv_array **out) {
    lsv_error err;
    bool ok = lsv_concatenate(parts, n, axis, out, &err) == LSV_OK || ls_raise_lsv(vm->in, &err);
    for (int k = 0; k < n; k++) lsv_release(parts[k]);
    return ok;
}

static bool block_row(ls_vm *vm, const ls_list *row, lsv_array **out) {
    lsv_array **parts = lsv_calloc((size_t)row->n, sizeof *parts);
    if (!parts) return ls_no_memory(vm->in);
    int n = 0;
    bool ok = true;
    while (ok && n < row->n) {
        ok = block(vm, row->items[n], &parts[n]);
        if (ok) n++;
    }
    if (ok) ok = join(vm, parts, n, 1, out);
    else
        for (int k = 0; k < n; k++) lsv_release(parts[k]);
    lsv_free(parts);
    return ok;
}

static bool block_matrix(ls_vm *vm, const ls_list *rows, ls_value *out) {
    lsv_array **parts = lsv_calloc((size_t)rows->n, sizeof *parts), *a;
    if (!parts) return ls_no_memory(vm->in);
    int n = 0;
    bool ok = true;
    while (ok && n < rows->n) {
        ok = block_row(vm, rows->items[n].list, &parts[n]);
        if (ok) n++;
    }
    if (ok) {
        ok = join(vm, parts, n, 0, &a);
        if (ok) *out = ls_array(a);
    } else
        for (int k = 0; k < n; k++) lsv_release(parts[k]);
    lsv_free(parts);
    return ok;
}

static bool matrix(ls_vm *vm, const ls_list *rows, ls_value *out) {
    bool numbers = true;
    ptrdiff_t columns = rows->n ? rows->items[0].list->n : 0;
    for (ptrdiff_t r = 0; r < rows->n; r++)
        for (ptrdiff_t c = 0; c < rows->items[r].list->n; c++) numbers &= is_number(rows->items[r].list->items[c]);
    if (!numbers) return block_matrix(vm, rows, out);
    for (ptrdiff_t r = 1; r < rows->n; r++)
        if (rows->items[r].list->n != columns)
            return ls_raise(vm->in, "ValueError", "matrix literal: row %td has %td entries, row 1 has %td", r + 1, rows->items[r].list->n, columns);
    return number_matrix(vm, rows, columns, out);
}

/* ---- text ---- */

static bool text_value(ls_vm *vm, lsv_text *t, ls_value *out) {
    bool ok = !t->failed;
    if (ok) *out = ls_str_new(t->data ? t->data : "", t->length);
    lsv_text_free(t);
    return ok ? made(vm, *out) : ls_no_memory(vm->in);
}

static void escape(lsv_text *t, const char *s, size_t n) {
    for (size_t k = 0; k < n;) {
        unsigned char c = (unsigned char)s[k];
        if (c < 0x80) {
            lsv_text_putc(t, s[k++]);
            continue;
        }
        int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
        uint32_t point = c & (0x3Fu >> more);
        for (k++; more-- > 0 && k < n; k++) point = point << 6 | ((unsigned char)s[k] & 0x3F);
        lsv_text_printf(t, point < 0x100 ? "\\x%02x" : point < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)point);
    }
}

static bool format(ls_vm *vm, ls_value v, int conversion, ls_value spec, ls_value *out) {
    lsv_text t = {0}, raw = {0};
    const char *s = spec.tag == LS_STR ? spec.str->data : "";
    size_t n = spec.tag == LS_STR ? spec.str->length : 0;
    if (!conversion) {
        if (!ls_format(vm->in, &t, v, s, n)) {
            lsv_text_free(&t);
            return false;
        }
        return text_value(vm, &t, out);
    }
    bool ok = conversion == 32 ? ls_str_text(vm->in, &raw, v) : ls_repr(vm->in, &raw, v);
    if (ok && conversion == 48) {
        escape(&t, raw.data ? raw.data : "", raw.length);
        lsv_text_free(&raw);
        raw = t;
        t = (lsv_text){0};
    }
    lsv_error err;
    if (ok && n && lsv_format_str(&t, raw.data ? raw.data : "", raw.length, s, n, &err) != LSV_OK) ok = ls_raise_lsv(vm->in, &err);
    if (!ok || n) lsv_text_free(&raw);
    if (!ok) {
        lsv_text_free(&t);
        return false;
    }
    return text_value(vm, n ? &t : &raw, out);
}

static bool join_text(ls_vm *vm, ls_value *from, int n, ls_value *out) {
    if (n == 1) {
        *out = from[0];
        from[0].tag = LS_UNSET;
        return true;
    }
    lsv_text t = {0};
    for (int k = 0; k < n; k++) {
        lsv_text_add(&t, from[k].str->data, from[k].str->length);
        ls_clear(&from[k]);
    }
    return text_value(vm, &t, out);
}

static bool printed(ls_vm *vm, const ls_str *text, ls_value *out) {
    lsv_array *a;
    lsv_error err;
    if (lsv_text_read_array(text->data, text->length, &a, &err) != LSV_OK) return ls_raise_lsv(vm->in, &err);
    *out = ls_array(a);
    return true;
}

/* ---- all of them ---- */

bool ls_vm_display(ls_vm *vm, ls_value *R, const ls_insn *i) {
    const ls_code *code = vm->frame->code;
    ls_value v;
    const ls_value *x = NULL, *y = NULL;
    switch (i->op) { /* those that read operands which may be unset */
    case OP_EXTEND:
    case OP_DICTUPDATE:
    case OP_FORMAT: x = ls_operand_of(vm, R, i->b); break;
    case OP_DICTSET:
        x = ls_operand_of(vm, R, i->b);
        y = x ? ls_operand_of(vm, R, i->c) : NULL;
        if (!y) return false;
        break;
    default: x = &R[i->a];
    }
    if (!x) return false;
    bool ok, result = true, call = i->x & LS_X_CALL; /* then the callee, a list and a dictionary stand in a row */
    switch (i->op) {
    case OP_TUPLE: ok = take_tuple(vm, &R[i->b], i->c, &v); break;
    case OP_LIST: ok = take_list(vm, &R[i->b], i->c, &v); break;
    case OP_LISTK: ok = list_from(vm, code->pool[i->k].tuple->items, code->pool[i->k].tuple->n, &v); break;
    case OP_TOTUPLE:
        v = ls_tuple_of(R[i->b].list->n, R[i->b].list->items);
        ok = made(vm, v);
        break;
    case OP_TOITER:
        v = ls_iter_new("generator", next_item, -1);
        ok = made(vm, v);
        if (ok) v.iter->state[0] = ls_ref(R[i->b]);
        break;
    case OP_DICT:
        v = ls_dict_new();
        ok = made(vm, v);
        break;
    case OP_MATRIX: ok = matrix(vm, R[i->b].list, &v); break;
    case OP_PRINTED: ok = printed(vm, code->pool[i->k].str, &v); break;
    case OP_FORMAT: ok = format(vm, *x, i->x & 48, i->c == LS_NO_OPERAND ? ls_none() : R[i->c], &v); break;
    case OP_JOIN: ok = join_text(vm, &R[i->b], i->c, &v); break;
    default:
        result = false;
        ok = i->op == OP_APPENDN   ? append_many(vm, R[i->a].list, &R[i->b], i->c)
             : i->op == OP_EXTEND  ? extend(vm, R[i->a].list, *x, call ? &R[i->a - 1] : NULL)
             : i->op == OP_DICTSET ? dict_set(vm, R[i->a].dict, *x, *y)
                                   : dict_update(vm, R[i->a].dict, *x, call ? &R[i->a - 2] : NULL);
    }
    if (!ok) return false;
    if (i->x & LS_X_TEMP_B) ls_clear(&R[i->b]);
    if ((i->x & LS_X_TEMP_C) && i->op != OP_LIST) ls_clear(&R[i->c]);
    if (result) ls_put(&R[i->a], v);
    return true;
}
