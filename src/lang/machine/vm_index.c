/* Subscripts: items go straight from registers into the library's index, without a tuple or a slice being made. What
   is not a plain number, slice, None or "..." takes the general way through ls_subscript. */
#include "lang/machine/vm.h"
#include <math.h>

enum { MAX_ITEMS = LSV_MAXDIM * 2 };

static inline bool plain_array(const ls_value *v) {
    return v->tag == LS_ARRAY && !v->array->tape && !(v->array->flags & LSV_REQUIRES_GRAD) && v->array->device == 0;
}

static inline bool integer(const ls_value *v, ptrdiff_t *out) {
    if (v->tag == LS_INT || (v->tag == LS_NPSCALAR && lsv_dtype_is_int((lsv_dtype)v->dtype))) {
        *out = (ptrdiff_t)v->i;
        return true;
    }
    return false;
}

static inline bool slice_part(const ls_value *R, int16_t operand, bool *has, ptrdiff_t *out) {
    *has = false;
    if (operand == LS_NO_OPERAND || R[operand].tag == LS_NONE) return true;
    *has = true;
    return integer(&R[operand], out);
}

/* The pattern's items for the library; false: not of the plain kind. */
static bool plain_items(const ls_value *R, const ls_pattern *p, lsv_index *items, bool *all_integers) {
    if (p->n > MAX_ITEMS) return false;
    *all_integers = true;
    for (int k = 0; k < p->n; k++) {
        const ls_index_item *x = &p->items[k];
        lsv_index *item = &items[k];
        if (x->kind == LS_ITEM_SLICE) {
            bool has_step;
            item->type = LSV_IX_SLICE;
            item->step = 1;
            *all_integers = false;
            if (!slice_part(R, x->operand, &item->has_start, &item->start) || !slice_part(R, x->stop, &item->has_stop, &item->stop) ||
                !slice_part(R, x->step, &has_step, &item->step) || item->step == 0)
                return false;
        } else if (integer(&R[x->operand], &item->start)) item->type = LSV_IX_INT;
        else if (R[x->operand].tag == LS_NONE) {
            item->type = LSV_IX_NEWAXIS;
            *all_integers = false;
        } else return false; /* "..." too: a[..., 0] may be a 0-d array that stays one */
    }
    return true;
}

/* Offset of one element in a; false: out of range. */
static inline bool element(const lsv_array *a, const lsv_index *items, ptrdiff_t *offset) {
    ptrdiff_t at = 0;
    for (int d = 0; d < a->ndim; d++) {
        ptrdiff_t k = items[d].start < 0 ? items[d].start + a->shape[d] : items[d].start;
        if (k < 0 || k >= a->shape[d]) return false;
        at += k * a->strides[d];
    }
    *offset = at;
    return true;
}

static inline ls_value load(const lsv_array *a, ptrdiff_t offset) {
    if (a->dtype == LSV_FLOAT64) return ls_npscalar(lsv_scalar_float(((const double *)(const void *)a->data)[offset]));
    return ls_npscalar(lsv_load((lsv_dtype)a->dtype, a->data + offset * (ptrdiff_t)lsv_dtype_size((lsv_dtype)a->dtype)));
}

/* A number that goes into an element as it is; false: the general way converts or complains. */
static inline bool store(const lsv_array *a, ptrdiff_t offset, const ls_value *v) {
    char *at = a->data + offset * (ptrdiff_t)lsv_dtype_size((lsv_dtype)a->dtype);
    bool real = v->tag == LS_FLOAT || (v->tag == LS_NPSCALAR && lsv_dtype_is_float((lsv_dtype)v->dtype));
    bool whole = v->tag == LS_INT || v->tag == LS_BOOL || (v->tag == LS_NPSCALAR && !real);
    if (a->dtype == LSV_FLOAT64 && (real || whole)) *(double *)(void *)at = real ? v->f : (double)v->i;
    else if (a->dtype == LSV_INT64 && whole) *(int64_t *)(void *)at = v->i;
    else if (a->dtype == LSV_FLOAT32 && real && isfinite(v->f) && fabs(v->f) < 1e38) *(float *)(void *)at = (float)v->f;
    else return false;
    return true;
}

/* ---- the general way ---- */

static bool part_value(ls_vm *vm, const ls_value *R, int16_t operand, ls_value *out) {
    *out = ls_none();
    if (operand == LS_NO_OPERAND) return true;
    const ls_value *v = ls_operand_of(vm, R, operand);
    if (v) *out = *v;
    return v != NULL;
}

static bool item_value(ls_vm *vm, const ls_value *R, const ls_index_item *x, ls_value *out) {
    if (x->kind == LS_ITEM_VALUE) {
        if (!part_value(vm, R, x->operand, out)) return false;
        ls_ref(*out);
        return true;
    }
    ls_value start, stop, step;
    if (!part_value(vm, R, x->operand, &start) || !part_value(vm, R, x->stop, &stop) || !part_value(vm, R, x->step, &step)) return false;
    *out = ls_slice_new(start, stop, step);
    return out->tag != LS_UNSET || ls_no_memory(vm->in);
}

static bool pattern_value(ls_vm *vm, const ls_value *R, const ls_pattern *p, ls_value *out) {
    if (!p->tuple) return item_value(vm, R, &p->items[0], out);
    ls_value t = ls_tuple_new(p->n);
    if (t.tag == LS_UNSET) return ls_no_memory(vm->in);
    for (int k = 0; k < p->n; k++)
        if (!item_value(vm, R, &p->items[k], &t.tuple->items[k])) {
            t.tuple->items[k] = ls_none();
            ls_drop(t);
            return false;
        }
    *out = t;
    return true;
}

static void drop_items(ls_value *R, const ls_pattern *p) {
    for (int k = 0; k < p->ntemps; k++) ls_clear(&R[p->first_temp + k]);
}

static const ls_pattern *pattern_of(const ls_vm *vm, const ls_insn *i) { return &vm->frame->code->patterns[i[1].word.k1]; }

/* ---- reading ---- */

static void finish(ls_value *R, const ls_insn *i, ls_value v) {
    if (i->x & LS_X_TEMP_B) ls_clear(&R[i->b]);
    ls_put(&R[i->a], v);
}

static bool array_item(ls_vm *vm, lsv_array *a, const lsv_index *items, int n, bool all_integers, ls_value *out) {
    ptrdiff_t offset;
    if (all_integers && n == a->ndim && a->kind == LSV_NUMPY && element(a, items, &offset)) {
        *out = load(a, offset);
        return true;
    }
    lsv_error err;
    lsv_array *view;
    if (lsv_index_get(a, items, n, &view, &err) != LSV_OK) return ls_raise_lsv(vm->in, &err);
    *out = view->ndim == 0 ? ls_from_array(view) : ls_array(view);
    return true;
}

bool ls_vm_index(ls_vm *vm, ls_value *R, const ls_insn *i) {
    const ls_pattern *p = pattern_of(vm, i);
    const ls_value *x = ls_operand_of(vm, R, i->b);
    lsv_index items[MAX_ITEMS];
    bool all_integers;
    ls_value v, index;
    if (!x) return false;
    if (plain_array(x) && plain_items(R, p, items, &all_integers)) {
        if (!array_item(vm, x->array, items, p->n, all_integers, &v)) return false;
    } else {
        if (!pattern_value(vm, R, p, &index)) return false;
        bool ok = ls_subscript(vm->in, *x, index, &v);
        ls_drop(index);
        if (!ok) return false;
    }
    drop_items(R, p);
    finish(R, i, v);
    return true;
}

bool ls_vm_index1(ls_vm *vm, ls_value *R, const ls_insn *i) {
    const ls_value *x = ls_operand_of(vm, R, i->b), *k = x ? ls_operand_of(vm, R, i->c) : NULL;
    lsv_index item = {.type = LSV_IX_INT};
    ls_value v;
    if (!k) return false;
    if (plain_array(x) && integer(k, &item.start)) {
        if (!array_item(vm, x->array, &item, 1, true, &v)) return false;
    } else if (x->tag == LS_DICT && k->tag == LS_STR) {
        const ls_value *found = ls_dict_find(x->dict, *k);
        if (found) v = ls_ref(*found);
        else return ls_subscript(vm->in, *x, *k, &v); /* raises */
    } else if (!ls_subscript(vm->in, *x, *k, &v)) return false;
    if (i->x & LS_X_TEMP_C) ls_clear(&R[i->c]);
    finish(R, i, v);
    return true;
}

/* ---- writing ---- */

static bool array_set(ls_vm *vm, lsv_array *a, const lsv_index *items, int n, bool all_integers, const ls_value *v, bool *done) {
    ptrdiff_t offset;
    *done = true;
    a->storage->version++; /* autograd's saved tensors notice */
    if (all_integers && n == a->ndim && element(a, items, &offset) && store(a, offset, v)) return true;
    *done = v->tag == LS_ARRAY && plain_array(v) && v->array->kind == a->kind;
    if (!*done) return true;
    lsv_error err;
    return lsv_index_set(a, items, n, v->array, &err) == LSV_OK || ls_raise_lsv(vm->in, &err);
}

bool ls_vm_set_index(ls_vm *vm, ls_value *R, const ls_insn *i) {
    const ls_pattern *p = pattern_of(vm, i);
    const ls_value *x = ls_operand_of(vm, R, i->a), *v = x ? ls_operand_of(vm, R, i->c) : NULL;
    lsv_index items[MAX_ITEMS];
    bool all_integers, done = false;
    if (!v) return false;
    if (plain_array(x) && !(x->array->flags & LSV_READONLY) && plain_items(R, p, items, &all_integers) &&
        !array_set(vm, x->array, items, p->n, all_integers, v, &done))
        return false;
    if (!done) {
        ls_value index;
        if (!pattern_value(vm, R, p, &index)) return false;
        bool ok = ls_subscript_set(vm->in, *x, index, *v);
        ls_drop(index);
        if (!ok) return false;
    }
    drop_items(R, p);
    if (i->x & LS_X_TEMP_A) ls_clear(&R[i->a]);
    if (i->x & LS_X_TEMP_C) ls_clear(&R[i->c]);
    return true;
}

bool ls_vm_set_index1(ls_vm *vm, ls_value *R, const ls_insn *i) {
    const ls_value *x = ls_operand_of(vm, R, i->a), *k = x ? ls_operand_of(vm, R, i->b) : NULL, *v = k ? ls_operand_of(vm, R, i->c) : NULL;
    lsv_index item = {.type = LSV_IX_INT};
    bool done = false;
    if (!v) return false;
    if (plain_array(x) && !(x->array->flags & LSV_READONLY) && integer(k, &item.start) && !array_set(vm, x->array, &item, 1, true, v, &done))
        return false;
    if (!done && !ls_subscript_set(vm->in, *x, *k, *v)) return false;
    if (i->x & LS_X_TEMP_A) ls_clear(&R[i->a]);
    if (i->x & LS_X_TEMP_B) ls_clear(&R[i->b]);
    if (i->x & LS_X_TEMP_C) ls_clear(&R[i->c]);
    return true;
}

bool ls_vm_delete_index(ls_vm *vm, ls_value *R, const ls_insn *i) {
    const ls_pattern *p = pattern_of(vm, i);
    const ls_value *x = ls_operand_of(vm, R, i->a);
    ls_value index;
    if (!x || !pattern_value(vm, R, p, &index)) return false;
    bool ok = ls_subscript_delete(vm->in, *x, index);
    ls_drop(index);
    if (!ok) return false;
    drop_items(R, p);
    if (i->x & LS_X_TEMP_A) ls_clear(&R[i->a]);
    return true;
}
