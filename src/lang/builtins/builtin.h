/* A builtin is declared once. One record holds its names, its signature in the language's own
   syntax, a summary, documentation, examples and its function; argument binding, defaults, call
   tips, completion, help, the reference page and the doctests all come from it.

   Names are space-separated qualified names that all mean this record:
     "len"                       a plain name (Python's builtins and lsv's own)
     "np.linalg.svd"             a module's function; every "np." and "np.linalg." name is also
                                 there without a prefix unless a plain record has that name
     "torch.svd" "math.sqrt"     other modules: only under their module
     "ndarray.sum" "tensor.sum"  methods and attributes of a kind of value: the first parameter is self
     "list.append" "str.join" "dict.get" "tuple.index" "float.is_integer" "int.…"
   A record whose `kind` is LS_ATTRIBUTE is read without a call (x.T, x.shape); LS_SUBSCRIPTED ones are not called but
   subscripted (np.r_[1:4, 0]): what stands in the brackets is the one argument. NumPy's element-wise functions are called
   as any, and have the attributes and methods of the records "ufunc.…" besides (np.add.reduce). */
#ifndef LANG_BUILTINS_BUILTIN_H
#define LANG_BUILTINS_BUILTIN_H

#include "lang/eval/interp.h"

typedef struct ls_builtin ls_builtin;

/* args: one value per parameter of the signature, in its order, bound and with defaults filled in
   (borrowed); a *args parameter is a tuple, **kw a dict. *out: an owned result (LS_NONE preset). */
typedef bool ls_builtin_fn(ls_interp *in, const ls_builtin *self, const ls_value *args, ls_value *out);

typedef enum ls_builtin_kind { LS_CALLABLE, LS_ATTRIBUTE, LS_SUBSCRIPTED, LS_UNARY_UFUNC, LS_BINARY_UFUNC } ls_builtin_kind;

struct ls_builtin {
    const char *names;
    const char *signature;  /* "(a, axis=None, *, keepdims=False)": no name; defaults are literals */
    const char *summary;    /* one line, no full stop */
    const char *doc;        /* paragraphs: shapes, dtypes, errors, source; NULL: the summary says it all */
    const char *examples;   /* ">>> rank([4, 0; 3, -5; 0, 2])\n2\n…", as at Python's prompt; NULL: in examples_*.inc */
    ls_builtin_fn *function;
    int op;                 /* for functions that serve a family: an lsv_unary_op, a reduction, … (of ufuncs: what they compute) */
    ls_builtin_kind kind;
    bool (*set)(ls_interp *in, ls_value self, ls_value v); /* LS_ATTRIBUTE that can be assigned */
};

/* A family: a static table that ends with names == NULL. Families are listed in families.h. */
extern const ls_builtin *const ls_families[];   /* ends with NULL */

/* Constants: "np.pi", "math.inf", "torch.float32", "np.newaxis". */
typedef struct ls_constant { const char *names; const char *summary; ls_value value; } ls_constant;
extern const ls_constant *const ls_constant_families[]; /* each ends with names == NULL; the list with NULL */

/* Modules: numpy (np), numpy.linalg, …; prefix is what records use ("np.linalg"). */
typedef struct ls_module { const char *name; const char *prefix; } ls_module; /* "numpy.linalg", "np.linalg" */
const ls_module *ls_module_find(const char *name);      /* by import name; NULL: unknown */
const ls_module *ls_module_at(int i);                   /* all of them, from 0; NULL: no more */
const char *ls_module_names(void);                      /* "numpy, torch, …" for the ImportError */

/* Tables built at start-up (registry.c). All lookups are by exact qualified name. */
typedef struct ls_signature {     /* parsed once, at first use */
    int nparams, npositional;     /* npositional: how many may be given by position (without *args) */
    int star, doublestar;         /* index of the *args / **kw parameter or -1 */
    struct ls_sig_param { const char *name; ls_value fallback; bool required; bool positional_only; } *params;
} ls_signature;
const ls_signature *ls_builtin_signature(ls_interp *in, const ls_builtin *b); /* NULL: error set */
const ls_builtin *ls_builtin_find(const char *qualified);                 /* "np.linalg.svd", "ndarray.sum" */
bool ls_module_attribute(const ls_module *m, const char *name, ls_value *out); /* function, constant or submodule; false: none. Owned */
bool ls_builtin_name(const char *name, ls_value *out);                     /* an unprefixed name. Owned */
/* Every record, for help, completion and the reference; stop by returning false. */
void ls_builtin_each(bool (*visit)(void *ctx, const char *qualified, const ls_builtin *b), void *ctx);
void ls_constant_each(bool (*visit)(void *ctx, const char *qualified, const ls_constant *c), void *ctx);
void ls_registry_free(void); /* gives everything back; for the end of a process */
const char *ls_builtin_examples(const ls_builtin *b);                     /* the record's, or those kept for it; NULL: none */
const char *ls_builtin_short_name(const ls_builtin *b);                   /* "svd" of "np.linalg.svd torch.svd" */
const char *ls_builtin_own_name(const ls_builtin *b);                     /* its __name__: the short one; a ufunc's is NumPy's ("absolute" of "np.abs") */
const struct ls_type *ls_builtin_type(const ls_builtin *b);               /* type(f) */
static inline bool ls_is_ufunc(const ls_builtin *b) { return b->kind == LS_UNARY_UFUNC || b->kind == LS_BINARY_UFUNC; }
static inline bool ls_is_called(const ls_builtin *b) { return b->kind != LS_ATTRIBUTE && b->kind != LS_SUBSCRIPTED; }

#endif
