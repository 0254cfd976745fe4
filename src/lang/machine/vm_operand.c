/* Operations that the loop does not do itself: operands that may name builtins, operators on
   arrays and everything else, attributes. */
#include "array/elementwise.h"
#include "lang/eval/attributes.h"
#include "lang/eval/device.h"
#include "lang/eval/suggest.h"
#include "lang/machine/vm.h"
#include "linalg/linalg.h"
#include <stdio.h>
#include <string.h>

/* ---- variables without a value ---- */

static bool word_part(char c) { return c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || (unsigned char)c >= 0x80; }

/* The place of a name inside the instruction's span, which may be a larger expression. */
static void place_name(ls_vm *vm, const char *name) {
    const ls_vmframe *f = vm->frame;
    ls_span span = f->code->spans[f->at - f->code->insns];
    const char *text = f->code->source->text;
    size_t n = strlen(name);
    for (uint32_t at = span.start; at + n <= span.end && span.end <= f->code->source->length; at++) {
        if (memcmp(text + at, name, n) != 0 || (at > span.start && (word_part(text[at - 1]) || text[at - 1] == '.')) ||
            (at + n < span.end && word_part(text[at + n])))
            continue;
        ls_vm_place(vm, (ls_span){at, at + (uint32_t)n});
        return;
    }
}

bool ls_name_error(ls_vm *vm, int slot) {
    const char *name = vm->in->slots->info[slot].name;
    ls_raise(vm->in, "NameError", "name '%s' is not defined", name);
    place_name(vm, name);
    ls_suggest_name(vm->in, name);
    return false;
}

bool ls_unbound_error(ls_vm *vm, int reg) {
    const ls_code *code = vm->frame->code;
    if (reg < 0 || reg >= code->nlocals)
        return ls_raise(vm->in, "NameError", "a comprehension's variable has no value here yet");
    const char *name = code->locals[reg];
    if (reg >= code->first_capture)
        return ls_raise(vm->in, "NameError", "cannot access free variable '%s' where it is not associated with a value in enclosing scope", name);
    ls_raise(vm->in, "UnboundLocalError", "cannot access local variable '%s' where it is not associated with a value", name);
    place_name(vm, name);
    int slot = ls_slot_find(vm->in->slots, name);
    if (slot >= 0 && vm->in->slots->values[slot].tag != LS_UNSET)
        ls_hint(vm->in, "%s is assigned in %s, so it is local there; `global %s` makes it the session's", name, code->name, name);
    return false;
}

const ls_value *ls_operand_value(ls_vm *vm, int operand) {
    if (!vm->frame->code->module || operand < LS_GLOBAL_BASE) {
        ls_unbound_error(vm, operand);
        return NULL;
    }
    const ls_value *v = ls_slot_builtin(vm->in->slots, operand - LS_GLOBAL_BASE);
    if (!v) ls_name_error(vm, operand - LS_GLOBAL_BASE);
    return v;
}

/* ---- operators ---- */

enum { LARGE = 2048 }; /* elements, from which a temporary's memory is worth using again */

static const uint8_t array_op[LS_NOPERATORS] = {
    [LS_OP_ADD] = LSV_OP_ADD,       [LS_OP_SUB] = LSV_OP_SUB, [LS_OP_MUL] = LSV_OP_MUL, [LS_OP_DIV] = LSV_OP_DIV,
    [LS_OP_FLOORDIV] = LSV_OP_FLOORDIV, [LS_OP_MOD] = LSV_OP_MOD, [LS_OP_POW] = LSV_OP_POW, [LS_OP_AND] = LSV_OP_AND,
    [LS_OP_OR] = LSV_OP_OR,         [LS_OP_XOR] = LSV_OP_XOR, [LS_OP_LSHIFT] = LSV_OP_LSHIFT, [LS_OP_RSHIFT] = LSV_OP_RSHIFT,
    [LS_OP_LT] = LSV_OP_LT,         [LS_OP_LE] = LSV_OP_LE,   [LS_OP_GT] = LSV_OP_GT,   [LS_OP_GE] = LSV_OP_GE,
    [LS_OP_EQ] = LSV_OP_EQ,         [LS_OP_NE] = LSV_OP_NE,
};

/* No autograd: the library may be called directly. */
static inline bool untaped(const lsv_array *a) { return !a->tape && !(a->flags & LSV_REQUIRES_GRAD); }

static inline bool same_shape(const lsv_array *a, const lsv_array *b) {
    return a->ndim == b->ndim && memcmp(a->shape, b->shape, a->ndim * sizeof *a->shape) == 0;
}

/* a's memory may take the result of a op b: a large temporary that nobody else sees. */
static bool reusable(const lsv_array *a, const lsv_array *b) {
    return a->size >= LARGE && a->refs == 1 && a->storage && a->storage->refs == 1 && !a->storage->release && !a->flags &&
           a->device == 0 && a->dtype >= LSV_FLOAT32 && a->dtype == b->dtype && a->kind == b->kind && same_shape(a, b) &&
           lsv_is_contiguous(a);
}

static bool array_pair(ls_interp *in, int op, int x, lsv_array *a, lsv_array *b, ls_value *out) {
    lsv_error err;
    lsv_array *result;
    lsv_status status;
    int device = 0;
    if (in->devices && !ls_device_meet(in, op, a, b, &device)) return false;
    if (op == LS_OP_MATMUL) status = lsv_matmul(a, b, &result, &err);
    else if (op <= LS_OP_DIV && (x & LS_X_TEMP_B) && reusable(a, b)) {
        status = lsv_binary_into((lsv_binary_op)array_op[op], a, b, &err);
        result = lsv_ref(a);
        result->origin = 0;
    } else if ((op == LS_OP_ADD || op == LS_OP_MUL) && (x & LS_X_TEMP_C) && reusable(b, a)) {
        status = lsv_binary_into((lsv_binary_op)array_op[op], b, a, &err);
        result = lsv_ref(b);
        result->origin = 0;
    } else status = lsv_binary((lsv_binary_op)array_op[op], a, b, &result, &err);
    if (status != LSV_OK) return ls_raise_lsv(in, &err);
    *out = result->ndim == 0 ? ls_from_array(result) : ls_array(result);
    return !device || ls_device_adopt(in, device, out);
}

/* A float64 scalar of NumPy's with another or a Python number: what loops over arrays are made of. */
static inline bool float_of(const ls_value *v, double *f) {
    if (v->tag == LS_FLOAT || (v->tag == LS_NPSCALAR && v->dtype == LSV_FLOAT64)) *f = v->f;
    else if (v->tag == LS_INT && v->i > -(INT64_C(1) << 53) && v->i < INT64_C(1) << 53) *f = (double)v->i;
    else return false;
    return true;
}

static bool scalar_pair(int op, const ls_value *x, const ls_value *y, ls_value *out) {
    double a, b;
    if (!float_of(x, &a) || !float_of(y, &b)) return false;
    bool yes;
    switch (op) {
    case LS_OP_ADD: a += b; break;
    case LS_OP_SUB: a -= b; break;
    case LS_OP_MUL: a *= b; break;
    case LS_OP_DIV:
        if (b == 0) return false;
        a /= b;
        break;
    case LS_OP_LT: yes = a < b; goto logical;
    case LS_OP_LE: yes = a <= b; goto logical;
    case LS_OP_GT: yes = a > b; goto logical;
    case LS_OP_GE: yes = a >= b; goto logical;
    case LS_OP_EQ: yes = a == b; goto logical;
    case LS_OP_NE: yes = a != b; goto logical;
    default: return false;
    }
    *out = ls_npscalar(lsv_scalar_float(a));
    return true;
logical:
    *out = ls_npscalar(lsv_scalar_bool(yes));
    return true;
}

/* The source text of an operand where it is short enough to name it. */
static const char *operand_name(const ls_code *code, const ls_places *p, int k, const char *otherwise, char *buf, size_t n) {
    enum { SHORT = 24 };
    if (!p || k >= p->n) return otherwise;
    ls_span s = p->spans[k];
    if (s.end <= s.start || s.end - s.start > SHORT || s.end > code->source->length) return otherwise;
    const char *text = code->source->text + s.start;
    if (memchr(text, '\n', s.end - s.start)) return otherwise;
    snprintf(buf, n, "%.*s", (int)(s.end - s.start), text);
    return buf;
}

/* Is it one operand that .T can be put behind? */
static bool is_atom(const char *text) {
    int depth = 0;
    for (; *text; text++) {
        depth += strchr("([{", *text) != NULL;
        depth -= strchr(")]}", *text) != NULL;
        if (depth == 0 && strchr(" +-*/@%&|^~<>=", *text)) return false;
    }
    return true;
}

/* matmul's own message names the operands and the sizes that differ, and says which transpose would conform. */
static void explain_matmul(ls_vm *vm, const ls_insn *i, const lsv_array *a, const lsv_array *b) {
    ls_interp *in = vm->in;
    const ls_code *code = vm->frame->code;
    if (a->ndim < 1 || b->ndim < 1 || in->error.type[0] == 'M') return;
    ptrdiff_t k1 = a->shape[a->ndim - 1], k2 = b->shape[b->ndim > 1 ? b->ndim - 2 : 0];
    if (k1 == k2) return;
    char left[32], right[32], s1[96], s2[96], type[sizeof in->error.type];
    const ls_places *p = ls_vm_places(code, i);
    const char *l = operand_name(code, p, 0, "left", left, sizeof left);
    const char *r = operand_name(code, p, 1, "right", right, sizeof right);
    memcpy(type, in->error.type, sizeof type);
    ls_raise(in, type, "matmul: %s is %s and %s is %s: the inner sizes %td and %td differ", l, lsv_shape_text(a, s1, sizeof s1), r,
             lsv_shape_text(b, s2, sizeof s2), k1, k2);
    if (a->ndim != 2 || b->ndim != 2 || !is_atom(l) || !is_atom(r)) return;
    ptrdiff_t m = a->shape[0], n = b->shape[1];
    char first[96] = "", second[96] = "";
    if (k1 == n) snprintf(first, sizeof first, "%s @ %s.T is (%td, %td)", l, r, m, k2);
    if (m == k2) snprintf(second, sizeof second, "%s.T @ %s is (%td, %td)", l, r, k1, n);
    if (first[0] || second[0]) ls_hint(in, "%s%s%s", first, first[0] && second[0] ? ", " : "", second);
}

bool ls_vm_binary(ls_vm *vm, ls_value *R, const ls_insn *i, int op, ls_value *out) {
    ls_interp *in = vm->in;
    const ls_value *x = ls_operand_of(vm, R, i->b), *y = x ? ls_operand_of(vm, R, i->c) : NULL;
    if (!y) return false;
    bool ok, inplace = i->x & LS_X_INPLACE;
    bool noted = op == LS_OP_MATMUL && in->account; /* ls_binary keeps the record */
    if (x->tag == LS_ARRAY && y->tag == LS_ARRAY && !inplace && !noted && op <= LS_OP_NE && untaped(x->array) && untaped(y->array))
        ok = array_pair(in, op, i->x, x->array, y->array, out);
    else if ((x->tag == LS_NPSCALAR || y->tag == LS_NPSCALAR) && scalar_pair(op, x, y, out)) return true;
    else ok = inplace ? ls_binary_inplace(in, op, *x, *y, out) : ls_binary(in, op, *x, *y, out);
    if (!ok && op == LS_OP_MATMUL && x->tag == LS_ARRAY && y->tag == LS_ARRAY) explain_matmul(vm, i, x->array, y->array);
    if (i->x & LS_X_TEMP_B) ls_clear(&R[i->b]);
    if (i->x & LS_X_TEMP_C) ls_clear(&R[i->c]);
    return ok;
}

bool ls_vm_unary(ls_vm *vm, ls_value *R, const ls_insn *i, ls_value *out) {
    const ls_value *x = ls_operand_of(vm, R, i->b);
    if (!x || !ls_unary(vm->in, i->op - OP_NEG + LS_OP_NEG, *x, out)) return false;
    if (i->x & LS_X_TEMP_B) ls_clear(&R[i->b]);
    return true;
}

/* ---- attributes ---- */

/* Receivers whose methods depend on their tag (and kind) alone; 0: none of these. */
static inline uint16_t key_of(ls_value v) {
    switch ((ls_tag)v.tag) {
    case LS_ARRAY: return (uint16_t)(v.tag | (v.array->kind + 1) << 8);
    case LS_LIST:
    case LS_STR:
    case LS_DICT:
    case LS_NPSCALAR: return (uint16_t)(v.tag | 1 << 8);
    default: return 0;
    }
}

static bool module_attribute(ls_interp *in, ls_cache *cache, ls_value object, ls_value *out) {
    if (cache->module == object.module) {
        *out = cache->value;
        return true;
    }
    if (!ls_attribute(in, object, cache->name, out)) return false;
    if (out->tag < LS_HEAP && out->tag != LS_BOOL) { /* a setting may change */
        cache->module = object.module;
        cache->value = *out;
    }
    return true;
}

bool ls_vm_attribute(ls_vm *vm, ls_cache *cache, ls_value object, ls_value *out) {
    ls_interp *in = vm->in;
    if (object.tag == LS_MODULE) return module_attribute(in, cache, object, out);
    uint16_t key = key_of(object);
    if (key && cache->key != key) {
        const ls_builtin *b = ls_attribute_record(object, cache->name);
        cache->key = b && b->kind == LS_ATTRIBUTE ? key : 0;
        cache->builtin = b;
    }
    if (!key || !cache->key || (object.tag == LS_ARRAY && !untaped(object.array))) return ls_attribute(in, object, cache->name, out);
    *out = ls_none();
    return cache->builtin->function(in, cache->builtin, &object, out);
}

bool ls_vm_method(ls_vm *vm, ls_cache *cache, ls_value object, const ls_builtin **builtin, ls_value *out) {
    ls_interp *in = vm->in;
    if (object.tag == LS_MODULE) return module_attribute(in, cache, object, out);
    uint16_t key = key_of(object);
    if (key && cache->key != key) {
        const ls_builtin *b = ls_attribute_record(object, cache->name);
        cache->key = b && b->kind == LS_CALLABLE ? key : 0;
        cache->builtin = b;
    }
    if (!key || !cache->key) return ls_attribute(in, object, cache->name, out);
    *builtin = cache->builtin;
    return true;
}
