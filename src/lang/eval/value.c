/* Values: making, dropping, naming their types.

   Dropping a container drops what it holds. To keep a million nested lists from overflowing
   the C stack, what dies beyond a depth of DEEP waits on a chain, and goes when the outermost
   call returns.

   Lists, dictionaries, cells, iterators and functions can hold themselves; they stand in one
   list, all_objects, and ls_clear_cycles empties whatever is still there at the end. */
#include "lang/eval/value.h"
#include "lang/builtins/builtin.h"
#include "lang/eval/function.h"

#include "base/alloc.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DEEP = 100 };

static ls_link all_objects = {&all_objects, &all_objects};

void ls_link_object(ls_link *l) {
    l->next = all_objects.next;
    l->prev = &all_objects;
    all_objects.next->prev = l;
    all_objects.next = l;
}

void ls_unlink_object(ls_link *l) {
    if (!l->next) return;
    l->prev->next = l->next;
    l->next->prev = l->prev;
    l->next = l->prev = NULL;
}

/* Every linked object starts with its head and its link. */
static ls_value value_of_link(ls_link *l) {
    static_assert(offsetof(ls_list, link) == offsetof(ls_dict, link) &&
                      offsetof(ls_list, link) == offsetof(ls_cell, link) &&
                      offsetof(ls_list, link) == offsetof(ls_iter, link) &&
                      offsetof(ls_list, link) == offsetof(ls_function, link),
                  "the link follows the head");
    ls_obj *o = (ls_obj *)(void *)((char *)l - offsetof(ls_list, link));
    return (ls_value){.tag = o->tag, .o = o};
}

static void *object(size_t bytes, ls_tag tag) {
    ls_obj *o = lsv_malloc(bytes);
    if (!o) return NULL;
    memset(o, 0, bytes);
    o->refs = 1;
    o->tag = (uint8_t)tag;
    return o;
}

static ls_value owned(ls_tag tag, void *o) {
    return o ? (ls_value){.tag = (uint8_t)tag, .o = o} : (ls_value){.tag = LS_UNSET};
}

/* ---- making ---- */

ls_value ls_str_new(const char *bytes, size_t n) {
    ls_str *s = lsv_malloc(sizeof *s + n + 1);
    if (!s) return (ls_value){.tag = LS_UNSET};
    s->head = (ls_obj){.refs = 1, .tag = LS_STR};
    s->hash = 0;
    s->length = n;
    if (n) memcpy(s->data, bytes, n);
    s->data[n] = 0;
    ptrdiff_t points = 0;
    for (size_t i = 0; i < n; i++) points += ((unsigned char)s->data[i] & 0xC0) != 0x80;
    s->points = points;
    return (ls_value){.tag = LS_STR, .str = s};
}

ls_value ls_str_from(const char *text) { return ls_str_new(text, strlen(text)); }

ls_value ls_tuple_new(ptrdiff_t n) {
    ls_tuple *t = object(sizeof *t + (size_t)n * sizeof(ls_value), LS_TUPLE);
    if (!t) return (ls_value){.tag = LS_UNSET};
    t->n = n;
    for (ptrdiff_t i = 0; i < n; i++) t->items[i] = ls_none();
    return (ls_value){.tag = LS_TUPLE, .tuple = t};
}

ls_value ls_tuple_of(ptrdiff_t n, const ls_value *items) {
    ls_value v = ls_tuple_new(n);
    if (v.tag != LS_UNSET)
        for (ptrdiff_t i = 0; i < n; i++) v.tuple->items[i] = ls_ref(items[i]);
    return v;
}

ls_value ls_size_new(int ndim, const ptrdiff_t *shape, bool torch) {
    ls_value v = ls_tuple_new(ndim);
    if (v.tag == LS_UNSET) return v;
    v.tuple->is_size = torch;
    for (int i = 0; i < ndim; i++) v.tuple->items[i] = ls_int(shape[i]);
    return v;
}

ls_value ls_list_new(ptrdiff_t capacity) {
    ls_list *l = object(sizeof *l, LS_LIST);
    if (!l) return (ls_value){.tag = LS_UNSET};
    if (capacity > 0) {
        l->items = lsv_malloc((size_t)capacity * sizeof(ls_value));
        if (!l->items) {
            lsv_free(l);
            return (ls_value){.tag = LS_UNSET};
        }
        l->capacity = capacity;
    }
    ls_link_object(&l->link);
    return (ls_value){.tag = LS_LIST, .list = l};
}

bool ls_list_append(ls_list *list, ls_value item) {
    if (list->n == list->capacity) {
        ptrdiff_t capacity = list->capacity < 4 ? 8 : list->capacity + list->capacity / 2;
        ls_value *items = lsv_realloc(list->items, (size_t)capacity * sizeof *items);
        if (!items) return false;
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->n++] = ls_ref(item);
    return true;
}

ls_value ls_range_new(int64_t start, int64_t stop, int64_t step) {
    ls_range *r = object(sizeof *r, LS_RANGE);
    if (!r) return (ls_value){.tag = LS_UNSET};
    r->start = start;
    r->stop = stop;
    r->step = step;
    if (step > 0 && start < stop) r->n = (int64_t)(((uint64_t)stop - (uint64_t)start - 1) / (uint64_t)step + 1);
    else if (step < 0 && start > stop)
        r->n = (int64_t)(((uint64_t)start - (uint64_t)stop - 1) / (0 - (uint64_t)step) + 1);
    return (ls_value){.tag = LS_RANGE, .range = r};
}

ls_value ls_slice_new(ls_value start, ls_value stop, ls_value step) {
    ls_slice *s = object(sizeof *s, LS_SLICE);
    if (!s) return (ls_value){.tag = LS_UNSET};
    s->start = ls_ref(start);
    s->stop = ls_ref(stop);
    s->step = ls_ref(step);
    return (ls_value){.tag = LS_SLICE, .slice = s};
}

ls_value ls_method_new(ls_value self, ls_value function) {
    ls_method *m = object(sizeof *m, LS_METHOD);
    if (!m) return (ls_value){.tag = LS_UNSET};
    m->self = ls_ref(self);
    m->function = ls_ref(function);
    return (ls_value){.tag = LS_METHOD, .method = m};
}

ls_value ls_cell_new(ls_value v) {
    ls_cell *c = object(sizeof *c, LS_CELL);
    if (!c) return (ls_value){.tag = LS_UNSET};
    c->value = ls_ref(v);
    ls_link_object(&c->link);
    return (ls_value){.tag = LS_CELL, .cell = c};
}

ls_value ls_iter_new(const char *type, ls_next_fn *next, ptrdiff_t len) {
    ls_iter *it = object(sizeof *it, LS_ITER);
    if (!it) return (ls_value){.tag = LS_UNSET};
    it->type = type;
    it->next = next;
    it->len = len;
    for (int i = 0; i < 4; i++) it->state[i] = ls_none();
    ls_link_object(&it->link);
    return (ls_value){.tag = LS_ITER, .iter = it};
}

ls_value ls_rng_new(const lsv_rng *rng) {
    ls_rng_obj *r = object(sizeof *r, LS_RNG);
    if (r) r->rng = *rng;
    return owned(LS_RNG, r);
}

ls_value ls_opaque_new(const ls_type *type, const char *text) {
    ls_opaque *o = object(sizeof *o, LS_OPAQUE);
    if (o) {
        o->type = type;
        snprintf(o->text, sizeof o->text, "%s", text);
        o->state[0] = o->state[1] = ls_none();
    }
    return owned(LS_OPAQUE, o);
}

ls_value ls_imaginary_new(double points) {
    lsv_text t = {0};
    if (points == floor(points) && points < 1e16) lsv_text_printf(&t, "%.0f", points);
    else lsv_text_float(&t, points);
    lsv_text_putc(&t, 'j');
    ls_value v = t.failed ? (ls_value){.tag = LS_UNSET} : ls_opaque_new(&ls_type_complex, t.data);
    if (v.tag != LS_UNSET) v.opaque->state[0] = ls_float(points);
    lsv_text_free(&t);
    return v;
}

/* ---- dropping ---- */

static void drop_all(ls_value *items, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) ls_drop(items[i]);
}

static void destroy_now(ls_value v) {
    switch ((ls_tag)v.tag) {
    case LS_TUPLE: drop_all(v.tuple->items, v.tuple->n); break;
    case LS_LIST:
        ls_unlink_object(&v.list->link);
        drop_all(v.list->items, v.list->n);
        lsv_free(v.list->items);
        break;
    case LS_DICT:
        ls_unlink_object(&v.dict->link);
        for (ptrdiff_t i = 0; i < v.dict->used; i++) {
            ls_drop(v.dict->entries[i].key);
            ls_drop(v.dict->entries[i].value);
        }
        lsv_free(v.dict->entries);
        lsv_free(v.dict->index);
        break;
    case LS_SLICE:
        ls_drop(v.slice->start);
        ls_drop(v.slice->stop);
        ls_drop(v.slice->step);
        break;
    case LS_METHOD:
        ls_drop(v.method->self);
        ls_drop(v.method->function);
        break;
    case LS_CELL:
        ls_unlink_object(&v.cell->link);
        ls_drop(v.cell->value);
        break;
    case LS_ITER:
        ls_unlink_object(&v.iter->link);
        drop_all(v.iter->state, 4);
        break;
    case LS_OPAQUE:
        drop_all(v.opaque->state, 2);
        if (v.opaque->release) v.opaque->release(v.opaque->payload);
        break;
    case LS_FUNCTION: ls_function_destroy(v.function); return;
    default: break;
    }
    lsv_free(v.o);
}

/* The chain of objects whose destruction waits goes through fields that a dying object no longer
   needs: its link, or a tuple's record. */
static ls_obj *waiting;
static int depth;

static ls_obj **chain_field(ls_value v) {
    ls_link *link;
    switch ((ls_tag)v.tag) {
    case LS_TUPLE: return (ls_obj **)(void *)&v.tuple->record;
    case LS_LIST: link = &v.list->link; break;
    case LS_DICT: link = &v.dict->link; break;
    case LS_CELL: link = &v.cell->link; break;
    case LS_ITER: link = &v.iter->link; break;
    default: return NULL;
    }
    ls_unlink_object(link);
    return (ls_obj **)(void *)&link->prev; /* next stays NULL: not linked any more */
}

void ls_destroy(ls_value v) {
    if (v.tag == LS_ARRAY) {
        lsv_release(v.array);
        return;
    }
    if (depth >= DEEP) {
        ls_obj **field = chain_field(v);
        if (field) {
            *field = waiting;
            waiting = v.o;
            return;
        }
    }
    depth++;
    destroy_now(v);
    depth--;
    while (depth == 0 && waiting) {
        ls_value next = {.tag = waiting->tag, .o = waiting};
        waiting = *chain_field(next);
        depth++;
        destroy_now(next);
        depth--;
    }
}

/* Empties everything that can hold itself, so that the counts of a cycle come down. */
void ls_clear_cycles(void) {
    while (all_objects.next != &all_objects) {
        ls_link *l = all_objects.next;
        ls_unlink_object(l);
        ls_value v = value_of_link(l);
        ls_ref(v); /* it must not die while it is being emptied */
        switch ((ls_tag)v.tag) {
        case LS_LIST: {
            ptrdiff_t n = v.list->n;
            v.list->n = 0;
            drop_all(v.list->items, n);
            break;
        }
        case LS_DICT: ls_dict_clear(v.dict); break;
        case LS_CELL: {
            ls_value held = v.cell->value;
            v.cell->value = ls_none();
            ls_drop(held);
            break;
        }
        case LS_ITER:
            for (int i = 0; i < 4; i++) {
                ls_value held = v.iter->state[i];
                v.iter->state[i] = ls_none();
                ls_drop(held);
            }
            break;
        case LS_FUNCTION: ls_function_clear(v.function); break;
        default: break;
        }
        ls_drop(v);
    }
}

/* ---- types ---- */

#define TYPE(id, name, shown) const ls_type ls_type_##id = {name, shown}
TYPE(none, "NoneType", "NoneType");
TYPE(bool, "bool", "bool");
TYPE(int, "int", "int");
TYPE(float, "float", "float");
TYPE(str, "str", "str");
TYPE(tuple, "tuple", "tuple");
TYPE(list, "list", "list");
TYPE(dict, "dict", "dict");
TYPE(range, "range", "range");
TYPE(slice, "slice", "slice");
TYPE(function, "function", "function");
TYPE(builtin, "builtin_function_or_method", "builtin_function_or_method");
TYPE(method, "method", "method");
TYPE(module, "module", "module");
TYPE(type, "type", "type");
TYPE(dtype, "dtype", "numpy.dtype");
TYPE(torch_dtype, "dtype", "torch.dtype");
TYPE(ellipsis, "ellipsis", "ellipsis");
TYPE(ndarray, "ndarray", "numpy.ndarray");
TYPE(tensor, "Tensor", "torch.Tensor");
TYPE(parameter, "Parameter", "torch.nn.parameter.Parameter");
TYPE(size, "Size", "torch.Size");
TYPE(iter, "iterator", "iterator");
TYPE(generator, "Generator", "numpy.random._generator.Generator");
TYPE(randomstate, "RandomState", "numpy.random.mtrand.RandomState");
TYPE(torchgenerator, "Generator", "torch._C.Generator");
TYPE(device, "device", "torch.device");
TYPE(npbool, "bool", "numpy.bool");
TYPE(npint32, "int32", "numpy.int32");
TYPE(npint64, "int64", "numpy.int64");
TYPE(npfloat16, "float16", "numpy.float16");
TYPE(npfloat32, "float32", "numpy.float32");
TYPE(npfloat64, "float64", "numpy.float64");
TYPE(npgeneric, "generic", "numpy.generic");
TYPE(npnumber, "number", "numpy.number");
TYPE(npinteger, "integer", "numpy.integer");
TYPE(npsignedinteger, "signedinteger", "numpy.signedinteger");
TYPE(npunsignedinteger, "unsignedinteger", "numpy.unsignedinteger");
TYPE(npinexact, "inexact", "numpy.inexact");
TYPE(npfloating, "floating", "numpy.floating");
TYPE(npcomplexfloating, "complexfloating", "numpy.complexfloating");
TYPE(object, "object", "object");
TYPE(complex, "complex", "complex");
TYPE(ufunc, "ufunc", "numpy.ufunc");

bool ls_type_derives(const ls_type *type, const ls_type *of) {
    static const ls_type *const bases[][2] = {
        {&ls_type_bool, &ls_type_int},
        {&ls_type_parameter, &ls_type_tensor},
        {&ls_type_size, &ls_type_tuple},
        {&ls_type_npfloat64, &ls_type_float},
        {&ls_type_npfloat64, &ls_type_npfloating},
        {&ls_type_npfloat32, &ls_type_npfloating},
        {&ls_type_npfloat16, &ls_type_npfloating},
        {&ls_type_npint64, &ls_type_npsignedinteger},
        {&ls_type_npint32, &ls_type_npsignedinteger},
        {&ls_type_npsignedinteger, &ls_type_npinteger},
        {&ls_type_npunsignedinteger, &ls_type_npinteger},
        {&ls_type_npinteger, &ls_type_npnumber},
        {&ls_type_npfloating, &ls_type_npinexact},
        {&ls_type_npcomplexfloating, &ls_type_npinexact},
        {&ls_type_npinexact, &ls_type_npnumber},
        {&ls_type_npnumber, &ls_type_npgeneric},
        {&ls_type_npbool, &ls_type_npgeneric},
    };
    if (type == of || of == &ls_type_object) return true;
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++)
        if (type == bases[i][0] && ls_type_derives(bases[i][1], of)) return true;
    return false;
}

const ls_type *ls_type_of(ls_value v) {
    static const ls_type *const scalar[LSV_NDTYPES] = {
        [LSV_BOOL] = &ls_type_npbool,       [LSV_INT32] = &ls_type_npint32,
        [LSV_INT64] = &ls_type_npint64,     [LSV_FLOAT16] = &ls_type_npfloat16,
        [LSV_BFLOAT16] = &ls_type_object,   [LSV_FLOAT32] = &ls_type_npfloat32,
        [LSV_FLOAT64] = &ls_type_npfloat64,
    };
    switch ((ls_tag)v.tag) {
    case LS_NONE: return &ls_type_none;
    case LS_BOOL: return &ls_type_bool;
    case LS_INT: return &ls_type_int;
    case LS_FLOAT: return &ls_type_float;
    case LS_NPSCALAR: return scalar[v.dtype];
    case LS_ELLIPSIS: return &ls_type_ellipsis;
    case LS_TYPE: return &ls_type_type;
    case LS_DTYPE: return v.kind == LSV_TORCH ? &ls_type_torch_dtype : &ls_type_type;
    case LS_BUILTIN: return ls_builtin_type(v.builtin);
    case LS_MODULE: return &ls_type_module;
    case LS_STR: return &ls_type_str;
    case LS_TUPLE: return v.tuple->is_size ? &ls_type_size : &ls_type_tuple;
    case LS_LIST: return &ls_type_list;
    case LS_DICT: return &ls_type_dict;
    case LS_RANGE: return &ls_type_range;
    case LS_SLICE: return &ls_type_slice;
    case LS_ARRAY:
        if (v.array->kind == LSV_NUMPY) return &ls_type_ndarray;
        return v.array->flags & LSV_PARAMETER ? &ls_type_parameter : &ls_type_tensor;
    case LS_FUNCTION: return &ls_type_function;
    case LS_METHOD: return v.method->function.tag == LS_BUILTIN ? &ls_type_builtin : &ls_type_method;
    case LS_RNG:
        if (v.rng->rng.type == LSV_RNG_LEGACY) return &ls_type_randomstate;
        return v.rng->rng.type == LSV_RNG_TORCH ? &ls_type_torchgenerator : &ls_type_generator;
    case LS_OPAQUE: return v.opaque->type;
    default: return &ls_type_iter;
    }
}

const char *ls_type_name(ls_value v) {
    if (v.tag == LS_ITER) return v.iter->type;
    if (v.tag == LS_TUPLE && v.tuple->record) return v.tuple->record->name;
    return ls_type_of(v)->name;
}

/* ---- identity, equality, hash ---- */

bool ls_same(ls_value a, ls_value b) {
    if (a.tag != b.tag) return false;
    switch ((ls_tag)a.tag) {
    case LS_UNSET:
    case LS_NONE:
    case LS_ELLIPSIS:
    case LS_NOTIMPL: return true;
    case LS_NPSCALAR: return a.dtype == b.dtype && a.i == b.i;
    case LS_DTYPE: return a.dtype == b.dtype && a.kind == b.kind;
    case LS_STR: return a.str == b.str || (a.str->length <= 1 && ls_equal_simple(a, b));
    default: return a.i == b.i;
    }
}

static bool number_equal(ls_value a, ls_value b) {
    bool fa = a.tag == LS_FLOAT || (a.tag == LS_NPSCALAR && lsv_dtype_is_float((lsv_dtype)a.dtype));
    bool fb = b.tag == LS_FLOAT || (b.tag == LS_NPSCALAR && lsv_dtype_is_float((lsv_dtype)b.dtype));
    if (fa && fb) return a.f == b.f;
    if (!fa && !fb) return a.i == b.i;
    double f = fa ? a.f : b.f;
    int64_t i = fa ? b.i : a.i;
    /* Exact: a double that is a 64-bit integer, compared as one. */
    return f >= -9223372036854775808.0 && f < 9223372036854775808.0 && f == (double)i && (int64_t)f == i;
}

bool ls_equal_simple(ls_value a, ls_value b) {
    if (ls_is_number(a) && ls_is_number(b)) return number_equal(a, b);
    if (a.tag == LS_STR && b.tag == LS_STR)
        return a.str == b.str ||
               (a.str->length == b.str->length && memcmp(a.str->data, b.str->data, a.str->length) == 0);
    if (a.tag == LS_TUPLE && b.tag == LS_TUPLE) {
        if (a.tuple->n != b.tuple->n) return false;
        for (ptrdiff_t i = 0; i < a.tuple->n; i++)
            if (!ls_equal_simple(a.tuple->items[i], b.tuple->items[i])) return false;
        return true;
    }
    return ls_same(a, b);
}

static uint32_t mix(uint64_t x) {
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdu;
    x ^= x >> 33;
    return (uint32_t)x | 1u;
}

static uint32_t hash_number(ls_value v) {
    bool is_float = v.tag == LS_FLOAT || (v.tag == LS_NPSCALAR && lsv_dtype_is_float((lsv_dtype)v.dtype));
    if (!is_float) return mix((uint64_t)v.i);
    if (v.f >= -9223372036854775808.0 && v.f < 9223372036854775808.0 && v.f == (double)(int64_t)v.f)
        return mix((uint64_t)(int64_t)v.f);
    uint64_t bits;
    memcpy(&bits, &v.f, sizeof bits);
    return mix(bits);
}

static uint32_t hash_bytes(const char *s, size_t n) {
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
    return mix(h);
}

uint32_t ls_hash(ls_value v) {
    if (ls_is_number(v)) return hash_number(v);
    switch ((ls_tag)v.tag) {
    case LS_STR:
        if (!v.str->hash) v.str->hash = hash_bytes(v.str->data, v.str->length);
        return v.str->hash;
    case LS_TUPLE: {
        uint64_t h = 0x345678u + (uint64_t)v.tuple->n;
        for (ptrdiff_t i = 0; i < v.tuple->n; i++) h = h * 1000003u + ls_hash(v.tuple->items[i]);
        return mix(h);
    }
    case LS_NONE:
    case LS_ELLIPSIS: return mix(v.tag);
    case LS_DTYPE: return mix(1000u + v.dtype * 2u + v.kind);
    default: return mix((uint64_t)v.i);
    }
}
