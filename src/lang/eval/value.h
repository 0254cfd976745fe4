/* Values of the language: 16 bytes, a tag and a payload. None, bool, int, float and NumPy
   scalars are unboxed; everything else is a reference-counted object.

   Ownership: a function's ls_value arguments are borrowed, its results are owned. ls_ref takes
   a reference, ls_drop gives one back. Reference counts are plain ints: one thread. Objects
   that can form cycles (list, dict, function, cell) are linked, and the interpreter
   clears them when it ends. */
#ifndef LANG_EVAL_VALUE_H
#define LANG_EVAL_VALUE_H

#include "array/array.h"
#include "random/random.h"
#include "text/text.h"

typedef enum ls_tag {
    LS_UNSET,      /* a variable without a value; never seen by a program */
    LS_NONE, LS_BOOL, LS_INT, LS_FLOAT,
    LS_NPSCALAR,   /* np.float64(2.5), np.int64(3), np.True_: v.dtype, and f or i */
    LS_ELLIPSIS,
    LS_NOTIMPL,    /* internal: operator not defined here */
    LS_TYPE,       /* v.type: int, float, np.ndarray, …; static, not counted */
    LS_DTYPE,      /* v.dtype, v.kind: np.float64 / torch.float32; static */
    LS_BUILTIN,    /* v.builtin: static */
    LS_MODULE,     /* v.module: static */
    LS_HEAP,       /* tags beyond this one are references */
    LS_STR = LS_HEAP, LS_TUPLE, LS_LIST, LS_DICT, LS_RANGE, LS_SLICE, LS_ARRAY, LS_FUNCTION, LS_METHOD,
    LS_ITER,       /* enumerate, zip, map, filter, reversed, product, dict views, … : evaluated lazily, one pass */
    LS_CELL,       /* a captured variable */
    LS_RNG,        /* np.random.default_rng(), RandomState, torch.Generator */
    LS_OPAQUE,     /* anything else with a type and a few fields: torch.device, … */
    LS_NTAGS
} ls_tag;

typedef struct ls_obj { int refs; uint8_t tag; uint8_t marked; } ls_obj;

typedef struct ls_value {
    uint8_t tag;   /* ls_tag */
    uint8_t dtype; /* LS_NPSCALAR, LS_DTYPE: lsv_dtype */
    uint8_t kind;  /* LS_DTYPE: lsv_kind */
    union {
        bool b;
        int64_t i;
        double f;
        const struct ls_type *type;
        const struct ls_builtin *builtin;
        const struct ls_module *module;
        ls_obj *o;
        struct ls_str *str;
        struct ls_tuple *tuple;
        struct ls_list *list;
        struct ls_dict *dict;
        struct ls_range *range;
        struct ls_slice *slice;
        struct ls_function *function;
        struct ls_method *method;
        struct ls_iter *iter;
        struct ls_cell *cell;
        struct ls_rng_obj *rng;
        struct ls_opaque *opaque;
        lsv_array *array; /* counted by the array's own refs */
    };
} ls_value;

/* ---- objects ---- */

typedef struct ls_str {
    ls_obj head;
    uint32_t hash;       /* 0: not computed */
    ptrdiff_t points;    /* code points */
    size_t length;       /* bytes; points == length: ASCII, indexed directly */
    char data[];         /* NUL-terminated */
} ls_str;

/* A tuple; with fields a named tuple (torch.return_types.max, SVDResult); size: torch.Size. */
typedef struct ls_record { const char *name; const char *const *fields; int n; } ls_record; /* static */
typedef struct ls_tuple {
    ls_obj head;
    bool is_size;
    const ls_record *record;
    ptrdiff_t n;
    ls_value items[];
} ls_tuple;

typedef struct ls_link { struct ls_link *prev, *next; } ls_link; /* cycle-capable objects: right after the head */

typedef struct ls_list { ls_obj head; ls_link link; ptrdiff_t n, capacity; ls_value *items; } ls_list;

/* Insertion-ordered hash table. Deleted entries keep their place with key LS_UNSET. */
typedef struct ls_dict_entry { uint32_t hash; ls_value key, value; } ls_dict_entry;
typedef struct ls_dict {
    ls_obj head;
    ls_link link;
    ptrdiff_t n, used, capacity; /* live entries, entries in use, room */
    ls_dict_entry *entries;
    int32_t *index;              /* open addressing, -1 empty, -2 deleted */
    ptrdiff_t slots;             /* power of two */
} ls_dict;

typedef struct ls_range { ls_obj head; int64_t start, stop, step, n; } ls_range;
typedef struct ls_slice { ls_obj head; ls_value start, stop, step; } ls_slice;
typedef struct ls_method { ls_obj head; ls_value self, function; } ls_method; /* bound method */
typedef struct ls_cell { ls_obj head; ls_link link; ls_value value; } ls_cell;
typedef struct ls_rng_obj { ls_obj head; lsv_rng rng; } ls_rng_obj;

struct ls_interp;

/* A lazy iterator: next gives the following value (owned) in *out and true; false at the end
   or on error (in->error.set tells). `state` values are dropped with it. */
typedef bool ls_next_fn(struct ls_interp *in, struct ls_iter *it, ls_value *out);
typedef struct ls_iter {
    ls_obj head;
    ls_link link;
    const char *type;   /* "enumerate", "zip", "dict_keys", … */
    ls_next_fn *next;
    ptrdiff_t pos, len; /* len: known length or -1 */
    ls_value state[4];
} ls_iter;

/* What an opaque value that is a container of its own does; each may be NULL: not offered. */
typedef struct ls_hooks {
    bool (*repr)(struct ls_interp *in, lsv_text *t, ls_value v);
    bool (*length)(struct ls_interp *in, ls_value v, ptrdiff_t *n);
    bool (*get)(struct ls_interp *in, ls_value v, ls_value index, ls_value *out); /* v[index] */
    bool (*set)(struct ls_interp *in, ls_value v, ls_value index, ls_value item); /* v[index] = item */
    bool (*contains)(struct ls_interp *in, ls_value v, ls_value item, bool *yes);
    bool (*iterate)(struct ls_interp *in, ls_value v, ls_value *iter);
} ls_hooks;

typedef struct ls_opaque {
    ls_obj head;
    const struct ls_type *type;
    char text[64];      /* its repr, e.g. device(type='cpu') */
    ls_value state[2];
    int64_t number;
    void *payload;                    /* a C object of its own … */
    void (*release)(void *payload);   /* … given back with it; NULL: none */
    const ls_hooks *hooks;            /* NULL: none */
} ls_opaque;

/* ---- counting ---- */

void ls_destroy(ls_value v); /* the last reference went */

static inline ls_value ls_ref(ls_value v) {
    if (v.tag >= LS_HEAP) {
        if (v.tag == LS_ARRAY) v.array->refs++;
        else v.o->refs++;
    }
    return v;
}
static inline void ls_drop(ls_value v) {
    if (v.tag >= LS_HEAP) {
        if (v.tag == LS_ARRAY) { if (v.array->refs > 1) v.array->refs--; else lsv_release(v.array); }
        else if (--v.o->refs == 0) ls_destroy(v);
    }
}

/* ---- making ---- unboxed ones never fail; the others give LS_UNSET when memory runs out (the caller raises
   MemoryError through ls_no_memory, see interp.h) */

static inline ls_value ls_none(void) { return (ls_value){.tag = LS_NONE}; }
static inline ls_value ls_bool(bool b) { return (ls_value){.tag = LS_BOOL, .i = b}; } /* i is valid for bools too */
static inline ls_value ls_int(int64_t i) { return (ls_value){.tag = LS_INT, .i = i}; }
static inline ls_value ls_float(double f) { return (ls_value){.tag = LS_FLOAT, .f = f}; }
static inline ls_value ls_npscalar(lsv_scalar s) { return (ls_value){.tag = LS_NPSCALAR, .dtype = (uint8_t)s.dtype, .i = s.i}; } /* i and f share their bits */
static inline lsv_scalar ls_npscalar_get(ls_value v) { return (lsv_scalar){.dtype = (lsv_dtype)v.dtype, .i = v.i}; }
static inline ls_value ls_array(lsv_array *a) { return (ls_value){.tag = LS_ARRAY, .array = a}; } /* takes the reference */
static inline ls_value ls_dtype_value(lsv_kind kind, lsv_dtype d) { return (ls_value){.tag = LS_DTYPE, .dtype = (uint8_t)d, .kind = (uint8_t)kind}; }

ls_value ls_str_new(const char *bytes, size_t n);
ls_value ls_str_from(const char *text);              /* NUL-terminated */
ls_value ls_tuple_new(ptrdiff_t n);                  /* items LS_NONE; fill items[] */
ls_value ls_tuple_of(ptrdiff_t n, const ls_value *items); /* takes new references */
ls_value ls_size_new(int ndim, const ptrdiff_t *shape, bool torch); /* tuple, or torch.Size */
ls_value ls_list_new(ptrdiff_t capacity);
bool ls_list_append(ls_list *list, ls_value item);   /* takes a new reference; false: no memory */
ls_value ls_dict_new(void);
ls_value ls_range_new(int64_t start, int64_t stop, int64_t step);
ls_value ls_slice_new(ls_value start, ls_value stop, ls_value step);
ls_value ls_method_new(ls_value self, ls_value function);
ls_value ls_iter_new(const char *type, ls_next_fn *next, ptrdiff_t len);
ls_value ls_rng_new(const lsv_rng *rng);
ls_value ls_opaque_new(const struct ls_type *type, const char *text);
ls_value ls_imaginary_new(double points);             /* the step of np.mgrid[0:1:5j]: of type complex, state[0] the float */
ls_value ls_cell_new(ls_value v);

/* Objects that can hold themselves stand in one list; at the end of the last interpreter
   ls_clear_cycles empties those that are left. */
void ls_link_object(ls_link *l);
void ls_unlink_object(ls_link *l);
void ls_clear_cycles(void);

/* ---- dictionaries ---- keys: None, bool, int, float, str, tuples of these, dtype, type, functions (by identity) */

bool ls_hashable(ls_value key);
ls_value *ls_dict_find(const ls_dict *d, ls_value key);           /* borrowed slot or NULL */
bool ls_dict_set(ls_dict *d, ls_value key, ls_value value);       /* new references; false: no memory */
bool ls_dict_delete(ls_dict *d, ls_value key);                    /* false: not there */
ls_value *ls_dict_find_text(const ls_dict *d, const char *key);
bool ls_dict_set_text(ls_dict *d, const char *key, ls_value value);
void ls_dict_clear(ls_dict *d);

/* ---- looking at values ---- */

/* A type object, static. name as type(x).__name__; shown is what repr(type) prints inside <class '…'>. */
typedef struct ls_type { const char *name; const char *shown; } ls_type;
const ls_type *ls_type_of(ls_value v);               /* ls_type_int, … below */
extern const ls_type ls_type_none, ls_type_bool, ls_type_int, ls_type_float, ls_type_str, ls_type_tuple,
    ls_type_list, ls_type_dict, ls_type_range, ls_type_slice, ls_type_function, ls_type_builtin,
    ls_type_method, ls_type_module, ls_type_type, ls_type_dtype, ls_type_torch_dtype, ls_type_ellipsis,
    ls_type_ndarray, ls_type_tensor, ls_type_parameter, ls_type_size, ls_type_iter, ls_type_generator,
    ls_type_device, ls_type_npbool, ls_type_npint32, ls_type_npint64, ls_type_npfloat16,
    ls_type_npfloat32, ls_type_npfloat64, ls_type_object,
    ls_type_randomstate, ls_type_torchgenerator, ls_type_complex, ls_type_ufunc,
    /* NumPy's kinds of scalars; no value is of them alone */
    ls_type_npgeneric, ls_type_npnumber, ls_type_npinteger, ls_type_npsignedinteger, ls_type_npunsignedinteger,
    ls_type_npinexact, ls_type_npfloating, ls_type_npcomplexfloating;
bool ls_type_derives(const ls_type *type, const ls_type *of); /* the same type, or derived from it */
const char *ls_type_name(ls_value v);                /* as Python's messages name it: "int", "enumerate", … */

static inline bool ls_is_number(ls_value v) { return v.tag >= LS_BOOL && v.tag <= LS_NPSCALAR; }
static inline bool ls_is_int(ls_value v) { return v.tag == LS_INT || v.tag == LS_BOOL; }
static inline bool ls_is_tensor(ls_value v) { return v.tag == LS_ARRAY && v.array->kind == LSV_TORCH; }

/* Identity (`is`), and Python's == for what never raises (arrays: identity). */
bool ls_same(ls_value a, ls_value b);
bool ls_equal_simple(ls_value a, ls_value b);
uint32_t ls_hash(ls_value v);

#endif
