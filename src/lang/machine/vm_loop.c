/* Loops and unpacking.

   A loop keeps its state in registers: R[h] says over what it runs, R[h+1] and R[h+2] where it is. Ranges are
   three integers, lists and tuples are walked by an index, arrays give their rows; all else goes through an iterator. */
#include "lang/machine/vm.h"

static bool plain_array(const lsv_array *a) { return !a->tape && !(a->flags & LSV_REQUIRES_GRAD) && a->device == 0; }

/* ---- starting ---- */

static void start_range(ls_value *h, int64_t start, int64_t step, int64_t n) {
    ls_put(&h[0], ls_int(start));
    ls_put(&h[1], ls_int(n));
    ls_put(&h[2], ls_int(step));
}

static bool start(ls_vm *vm, ls_value *h, ls_value v) {
    ls_value it;
    switch ((ls_tag)v.tag) {
    case LS_RANGE: start_range(h, v.range->start, v.range->step, v.range->n); return true;
    case LS_ARRAY:
        if (v.array->ndim == 0 || !plain_array(v.array)) break;
        /* fall through */
    case LS_LIST:
    case LS_TUPLE:
        ls_put(&h[0], ls_ref(v));
        ls_put(&h[1], ls_int(0));
        return true;
    default: break;
    }
    if (!ls_iterate(vm->in, v, &it)) return false;
    ls_put(&h[0], it);
    return true;
}

bool ls_vm_for_prepare(ls_vm *vm, ls_value *R, const ls_insn *i) {
    const ls_value *v = ls_operand_of(vm, R, i->b);
    if (!v || !start(vm, &R[i->a], *v)) return false;
    if (i->x & LS_X_TEMP_B) ls_clear(&R[i->b]);
    return true;
}

/* Number of steps from start towards stop, step != 0. */
static int64_t range_length(int64_t from, int64_t to, int64_t step) {
    if (step > 0 ? from >= to : from <= to) return 0;
    uint64_t gap = step > 0 ? (uint64_t)to - (uint64_t)from : (uint64_t)from - (uint64_t)to;
    uint64_t stride = step > 0 ? (uint64_t)step : 0 - (uint64_t)step, n = (gap - 1) / stride + 1;
    return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

bool ls_vm_range_prepare(ls_vm *vm, ls_value *R, const ls_insn *i) {
    ls_globals *g = vm->in->slots;
    int slot = i[1].word.k1, n = i->c;
    ls_value *args = &R[i->b], callee;
    bool plain = g->values[slot].tag == LS_UNSET;
    for (int k = 0; k < n; k++) plain &= args[k].tag == LS_INT;
    if (plain && (n < 3 || args[2].i != 0)) {
        int64_t from = n > 1 ? args[0].i : 0, to = args[n > 1].i, step = n > 2 ? args[2].i : 1;
        for (int k = 0; k < n; k++) args[k].tag = LS_UNSET;
        start_range(&R[i->a], from, step, range_length(from, to, step));
        return true;
    }
    const ls_value *f = g->values[slot].tag != LS_UNSET ? &g->values[slot] : ls_slot_builtin(g, slot);
    if (!f) return ls_name_error(vm, slot);
    callee = ls_ref(*f);
    ls_value v = ls_none();
    bool ok = ls_call(vm->in, callee, args, n, &v);
    ls_drop(callee);
    if (!ok) return false;
    for (int k = 0; k < n; k++) ls_clear(&args[k]);
    ok = start(vm, &R[i->a], v);
    ls_drop(v);
    return ok;
}

/* ---- going on ---- */

static int row(ls_vm *vm, lsv_array *a, ptrdiff_t k, ls_value *out) {
    if (a->ndim == 1 && a->kind == LSV_NUMPY) {
        const char *at = a->data + k * a->strides[0] * (ptrdiff_t)lsv_dtype_size((lsv_dtype)a->dtype);
        *out = ls_npscalar(lsv_load((lsv_dtype)a->dtype, at));
        return 1;
    }
    lsv_error err;
    lsv_array *view;
    lsv_status status = lsv_view_strided(a, a->ndim - 1, a->shape + 1, a->strides + 1, k * a->strides[0], &view, &err);
    if (status != LSV_OK) return ls_raise_lsv(vm->in, &err) - 1;
    *out = ls_array(view);
    return 1;
}

int ls_vm_for_next(ls_vm *vm, ls_value *h, ls_value *out) {
    switch ((ls_tag)h->tag) {
    case LS_LIST:
        if (h[1].i >= h->list->n) return 0;
        *out = ls_ref(h->list->items[h[1].i++]);
        return 1;
    case LS_TUPLE:
        if (h[1].i >= h->tuple->n) return 0;
        *out = ls_ref(h->tuple->items[h[1].i++]);
        return 1;
    case LS_ARRAY:
        if (h[1].i >= h->array->shape[0]) return 0;
        return row(vm, h->array, (ptrdiff_t)h[1].i++, out);
    default:
        if (ls_next(vm->in, *h, out)) return 1;
        return vm->in->error.set ? -1 : 0;
    }
}

/* ---- unpacking ---- */

static bool too_many(ls_vm *vm, int n) { return ls_raise(vm->in, "ValueError", "too many values to unpack (expected %d)", n); }

static bool too_few(ls_vm *vm, int n, ptrdiff_t got, bool star) {
    return ls_raise(vm->in, "ValueError", "not enough values to unpack (expected %s%d, got %td)", star ? "at least " : "", n, got);
}

/* The items of v as an array of values; *list owns them where they had to be made. */
static bool items_of(ls_vm *vm, ls_value v, const ls_value **items, ptrdiff_t *n, ls_value *list, int enough) {
    *list = ls_none();
    if (v.tag == LS_TUPLE) {
        *items = v.tuple->items;
        *n = v.tuple->n;
        return true;
    }
    if (v.tag != LS_LIST) {
        ls_value it, item;
        bool walks = v.tag == LS_OPAQUE && v.opaque->hooks && v.opaque->hooks->iterate;
        if (!walks && v.tag != LS_ITER && v.tag != LS_STR && v.tag != LS_DICT && v.tag != LS_RANGE && v.tag != LS_ARRAY)
            return ls_raise(vm->in, "TypeError", "cannot unpack non-iterable %s object", ls_type_name(v));
        if (!ls_iterate(vm->in, v, &it)) return false;
        *list = ls_list_new(4);
        bool ok = list->tag != LS_UNSET || ls_no_memory(vm->in);
        while (ok && list->list->n < enough && ls_next(vm->in, it, &item)) {
            ok = ls_list_append(list->list, item) || ls_no_memory(vm->in);
            ls_drop(item);
        }
        ls_drop(it);
        if (!ok || vm->in->error.set) {
            ls_drop(*list);
            return false;
        }
        v = *list;
    }
    *items = v.list->items;
    *n = v.list->n;
    return true;
}

bool ls_vm_unpack(ls_vm *vm, ls_value *R, const ls_insn *i) {
    bool star = i->op == OP_UNPACKEX;
    int before = star ? i[1].word.k1 : i->c, after = star ? i[1].word.k2 : 0, need = before + after;
    const ls_value *v = ls_operand_of(vm, R, i->b), *items = NULL;
    ls_value list, middle;
    ptrdiff_t n = 0;
    if (!v || !items_of(vm, *v, &items, &n, &list, star ? INT32_MAX : need + 1)) return false;
    bool ok = n < need ? too_few(vm, need, n, star) : star || n == need || too_many(vm, need);
    if (ok && star) {
        middle = ls_list_new(n - need);
        ok = middle.tag != LS_UNSET || ls_no_memory(vm->in);
        for (ptrdiff_t k = before; ok && k < n - after; k++) ok = ls_list_append(middle.list, items[k]) || ls_no_memory(vm->in);
        if (ok) ls_put(&R[i->a + before], middle);
        else if (middle.tag != LS_UNSET) ls_drop(middle);
    }
    for (int k = 0; ok && k < before; k++) ls_put(&R[i->a + k], ls_ref(items[k]));
    for (int k = 0; ok && k < after; k++) ls_put(&R[i->a + before + 1 + k], ls_ref(items[n - after + k]));
    ls_drop(list);
    if (ok && (i->x & LS_X_TEMP_B)) ls_clear(&R[i->b]);
    return ok;
}
