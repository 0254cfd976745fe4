/* The registry: qualified names to records and constants, built once at start-up, and the
   records' signatures, parsed by lsv's own parser at first use. */
#include "lang/builtins/builtin.h"

#include "array/elementwise.h"
#include "base/alloc.h"
#include "lang/syntax/parse.h"

#include <stdio.h>
#include <string.h>

/* ---- modules ---- */

static const ls_module modules[] = {
    {"numpy", "np"}, {"numpy.linalg", "np.linalg"}, {"numpy.random", "np.random"},
    {"torch", "torch"}, {"torch.linalg", "torch.linalg"}, {"torch.nn", "torch.nn"},
    {"torch.nn.functional", "torch.nn.functional"}, {"torch.autograd", "torch.autograd"},
    {"torch.autograd.functional", "torch.autograd.functional"}, {"torch.cuda", "torch.cuda"},
    {"torch.special", "torch.special"}, {"torch.jit", "torch.jit"}, {"torch.random", "torch.random"}, {"torch.backends", "torch.backends"},
    {"torch.backends.cuda", "torch.backends.cuda"}, {"torch.backends.cuda.matmul", "torch.backends.cuda.matmul"},
    {"torch.backends.cudnn", "torch.backends.cudnn"}, {"torch.backends.mps", "torch.backends.mps"},
    {"jax", "jax"}, {"jax.numpy", "jnp"}, {"jax.numpy.linalg", "jnp.linalg"}, {"jax.random", "jax.random"}, {"jax.lax", "jax.lax"},
    {"safetensors", "safetensors"}, {"safetensors.torch", "safetensors.torch"}, {"safetensors.numpy", "safetensors.numpy"},
    {"matplotlib", "matplotlib"}, {"matplotlib.pyplot", "plt"}, {"matplotlib.pyplot.style", "plt.style"},
    {"math", "math"}, {"itertools", "itertools"}, {"time", "time"},
    {"tqdm", "tqdm"}, {"tqdm.auto", "tqdm.auto"}, {"tqdm.autonotebook", "tqdm.autonotebook"}, {"tqdm.notebook", "tqdm.notebook"},
};
enum { NMODULES = sizeof modules / sizeof *modules };

const ls_module *ls_module_find(const char *name) {
    for (int i = 0; i < NMODULES; i++)
        if (strcmp(modules[i].name, name) == 0) return &modules[i];
    return NULL;
}

const ls_module *ls_module_at(int i) { return i >= 0 && i < NMODULES ? &modules[i] : NULL; }

const char *ls_module_names(void) { return "numpy, torch, jax, safetensors, matplotlib.pyplot, math, itertools, tqdm and time, with their submodules that linear algebra needs"; }

/* ---- the table: open addressing over (name, length) ---- */

typedef struct entry {
    const char *name;
    uint32_t length, hash;
    const ls_builtin *builtin; /* or NULL: a constant */
    const ls_constant *constant;
} entry;

static entry *table;
static uint32_t slots;

static uint32_t hash_text(const char *s, size_t n) {
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)s[i]) * 16777619u;
    return h ? h : 1;
}

static entry *find_slot(const char *name, size_t n) {
    uint32_t h = hash_text(name, n), i = h & (slots - 1);
    while (table[i].name && !(table[i].hash == h && table[i].length == n && memcmp(table[i].name, name, n) == 0)) i = (i + 1) & (slots - 1);
    return &table[i];
}

/* Calls visit for each space-separated name of `names`. */
static uint32_t each_name(const char *names, void (*visit)(const char *, size_t, void *), void *ctx) {
    uint32_t count = 0;
    for (const char *p = names; *p;) {
        size_t n = strcspn(p, " ");
        if (n) {
            count++;
            if (visit) visit(p, n, ctx);
        }
        p += n;
        while (*p == ' ') p++;
    }
    return count;
}

static void add(const char *name, size_t n, void *ctx) {
    entry *e = find_slot(name, n), *what = ctx;
    if (e->name) return; /* the first record wins; a test looks for names declared twice */
    *e = (entry){name, (uint32_t)n, hash_text(name, n), what->builtin, what->constant};
}

static bool build_table(void) {
    if (table) return true;
    uint32_t n = 0;
    for (int f = 0; ls_families[f]; f++)
        for (const ls_builtin *b = ls_families[f]; b->names; b++) n += each_name(b->names, NULL, NULL);
    for (int f = 0; ls_constant_families[f]; f++)
        for (const ls_constant *c = ls_constant_families[f]; c->names; c++) n += each_name(c->names, NULL, NULL);
    uint32_t want = 64;
    while (want < 2 * n) want *= 2;
    table = lsv_calloc(want, sizeof *table);
    if (!table) return false;
    slots = want;
    for (int f = 0; ls_families[f]; f++)
        for (const ls_builtin *b = ls_families[f]; b->names; b++) each_name(b->names, add, &(entry){.builtin = b});
    for (int f = 0; ls_constant_families[f]; f++)
        for (const ls_constant *c = ls_constant_families[f]; c->names; c++) each_name(c->names, add, &(entry){.constant = c});
    return true;
}

const ls_builtin *ls_builtin_find(const char *qualified) {
    return build_table() ? find_slot(qualified, strlen(qualified))->builtin : NULL;
}

/* ---- names ---- */

static const struct { const char *name; const ls_type *type; } types[] = {
    {"int", &ls_type_int},     {"float", &ls_type_float}, {"bool", &ls_type_bool},   {"str", &ls_type_str},
    {"list", &ls_type_list},   {"tuple", &ls_type_tuple}, {"dict", &ls_type_dict},   {"range", &ls_type_range},
    {"slice", &ls_type_slice}, {"type", &ls_type_type},   {"object", &ls_type_object},
};

static bool from_entry(const char *qualified, ls_value *out) {
    if (!build_table()) return false;
    const entry *e = find_slot(qualified, strlen(qualified));
    if (e->builtin) *out = (ls_value){.tag = LS_BUILTIN, .builtin = e->builtin};
    else if (e->constant) *out = ls_ref(e->constant->value);
    else return false;
    return true;
}

bool ls_module_attribute(const ls_module *m, const char *name, ls_value *out) {
    char qualified[160];
    snprintf(qualified, sizeof qualified, "%s.%s", m->prefix, name);
    if (from_entry(qualified, out)) {
        return true;
    }
    snprintf(qualified, sizeof qualified, "%s.%s", m->name, name);
    const ls_module *sub = ls_module_find(qualified);
    if (!sub) return false;
    *out = (ls_value){.tag = LS_MODULE, .module = sub};
    return true;
}

bool ls_builtin_name(const char *name, ls_value *out) {
    static const char *const prefixes[] = {"np.", "np.linalg."};
    char qualified[160];
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0) {
            *out = (ls_value){.tag = LS_TYPE, .type = types[i].type};
            return true;
        }
    if (!strchr(name, '.') && from_entry(name, out)) return true;
    for (int i = 0; i < 2 && !strchr(name, '.'); i++) {
        snprintf(qualified, sizeof qualified, "%s%s", prefixes[i], name);
        if (from_entry(qualified, out)) return true;
    }
    for (int i = 0; i < 3; i++) /* from numpy import *: its submodules too */
        if (strncmp(modules[i].prefix, "np.", 3) == 0 && strcmp(modules[i].prefix + 3, name) == 0) {
            *out = (ls_value){.tag = LS_MODULE, .module = &modules[i]};
            return true;
        }
    return false;
}

typedef struct visitor { bool (*visit)(void *, const char *, const ls_builtin *); void *ctx; const ls_builtin *b; bool go_on; } visitor;

static void visit_name(const char *name, size_t n, void *ctx) {
    visitor *v = ctx;
    char qualified[128];
    snprintf(qualified, sizeof qualified, "%.*s", (int)n, name);
    if (v->go_on) v->go_on = v->visit(v->ctx, qualified, v->b);
}

void ls_builtin_each(bool (*visit)(void *ctx, const char *qualified, const ls_builtin *b), void *ctx) {
    visitor v = {visit, ctx, NULL, true};
    for (int f = 0; ls_families[f]; f++)
        for (const ls_builtin *b = ls_families[f]; b->names && v.go_on; b++) {
            v.b = b;
            each_name(b->names, visit_name, &v);
        }
}

void ls_constant_each(bool (*visit)(void *ctx, const char *qualified, const ls_constant *c), void *ctx) {
    for (int f = 0; ls_constant_families[f]; f++)
        for (const ls_constant *c = ls_constant_families[f]; c->names; c++)
            for (const char *p = c->names; *p;) {
                char qualified[128];
                size_t n = strcspn(p, " ");
                snprintf(qualified, sizeof qualified, "%.*s", (int)n, p);
                if (n && !visit(ctx, qualified, c)) return;
                p += n + (p[n] == ' ');
            }
}

const char *ls_builtin_short_name(const ls_builtin *b) {
    static _Thread_local char name[64];
    size_t n = strcspn(b->names, " "), start = n;
    while (start > 0 && b->names[start - 1] != '.') start--;
    snprintf(name, sizeof name, "%.*s", (int)(n - start), b->names + start);
    return name;
}

const char *ls_builtin_own_name(const ls_builtin *b) {
    if (b->kind == LS_UNARY_UFUNC) return lsv_unary_name((lsv_unary_op)b->op, LSV_NUMPY);
    if (b->kind == LS_BINARY_UFUNC) return lsv_binary_name((lsv_binary_op)b->op, LSV_NUMPY);
    return ls_builtin_short_name(b);
}

const ls_type *ls_builtin_type(const ls_builtin *b) {
#define TRICK(name) {name, "numpy.lib._index_tricks_impl." name}
    static const struct { const char *name; ls_type type; } tricks[] = {
        {"r_", TRICK("RClass")}, {"c_", TRICK("CClass")}, {"mgrid", TRICK("MGridClass")}, {"ogrid", TRICK("OGridClass")}, {"", TRICK("IndexExpression")}};
    if (ls_is_ufunc(b)) return &ls_type_ufunc;
    if (b->kind != LS_SUBSCRIPTED) return &ls_type_builtin;
    size_t i = 0;
    while (tricks[i].name[0] && strcmp(tricks[i].name, ls_builtin_short_name(b)) != 0) i++;
    return &tricks[i].type;
}

/* ---- signatures ---- */

typedef struct parsed { const ls_builtin *builtin; ls_signature signature; ls_tree tree; } parsed;

static parsed **signatures; /* open addressing by the record's address */
static uint32_t nsignatures, signature_slots;

static uint32_t pointer_hash(const void *p) { return (uint32_t)((uintptr_t)p >> 4) * 2654435761u; }

static parsed **signature_slot(parsed **at, uint32_t size, const ls_builtin *b) {
    uint32_t i = pointer_hash(b) & (size - 1);
    while (at[i] && at[i]->builtin != b) i = (i + 1) & (size - 1);
    return &at[i];
}

static bool signature_room(void) {
    if ((nsignatures + 1) * 2 <= signature_slots) return true;
    uint32_t size = signature_slots ? signature_slots * 2 : 256;
    parsed **bigger = lsv_calloc(size, sizeof *bigger);
    if (!bigger) return false;
    for (uint32_t i = 0; i < signature_slots; i++)
        if (signatures[i]) *signature_slot(bigger, size, signatures[i]->builtin) = signatures[i];
    lsv_free(signatures);
    signatures = bigger;
    signature_slots = size;
    return true;
}

/* Defaults are literals: None, True, numbers, strings, a tuple of such. */
static bool literal(const ls_node *n, ls_value *out) {
    switch (n->kind) {
    case LS_N_NONE: *out = ls_none(); return true;
    case LS_N_TRUE: *out = ls_bool(true); return true;
    case LS_N_FALSE: *out = ls_bool(false); return true;
    case LS_N_ELLIPSIS: *out = (ls_value){.tag = LS_ELLIPSIS}; return true;
    case LS_N_INT: *out = ls_int(n->integer); return true;
    case LS_N_FLOAT: *out = ls_float(n->number); return true;
    case LS_N_STR: *out = ls_str_new(n->text, n->length); return out->tag != LS_UNSET;
    case LS_N_UNARY:
        if (n->op != LS_OP_NEG || !literal(n->a, out)) return false;
        *out = out->tag == LS_FLOAT ? ls_float(-out->f) : ls_int(-out->i);
        return true;
    case LS_N_TUPLE:
        *out = ls_tuple_new(n->list.n);
        for (int i = 0; out->tag != LS_UNSET && i < n->list.n; i++)
            if (!literal(n->list.items[i], &out->tuple->items[i])) return false;
        return out->tag != LS_UNSET;
    default: return false;
    }
}

static bool fill_signature(ls_signature *s, const ls_function_node *f) {
    s->nparams = f->nparams;
    s->star = s->doublestar = -1;
    s->params = lsv_calloc((size_t)f->nparams + 1, sizeof *s->params);
    if (!s->params) return false;
    for (int i = 0; i < f->nparams; i++) {
        const ls_param *p = &f->params[i];
        s->params[i].name = p->name;
        s->params[i].positional_only = p->positional_only;
        s->params[i].fallback = ls_none();
        s->params[i].required = !p->fallback && (p->kind == LS_PARAM_PLAIN || p->kind == LS_PARAM_KWONLY);
        if (p->kind == LS_PARAM_STAR) s->star = i;
        else if (p->kind == LS_PARAM_DOUBLESTAR) s->doublestar = i;
        else if (p->kind == LS_PARAM_PLAIN) s->npositional = i + 1;
        if (p->fallback && !literal(p->fallback, &s->params[i].fallback)) return false;
    }
    return true;
}

static void parsed_free(parsed *p) {
    for (int i = 0; p->signature.params && i < p->signature.nparams; i++) ls_drop(p->signature.params[i].fallback);
    lsv_free(p->signature.params);
    ls_tree_free(&p->tree);
    lsv_free(p);
}

const ls_signature *ls_builtin_signature(ls_interp *in, const ls_builtin *b) {
    if (signature_slots) {
        parsed *known = *signature_slot(signatures, signature_slots, b);
        if (known) return &known->signature;
    }
    char text[512];
    snprintf(text, sizeof text, "%s%s", "f", b->signature);
    parsed *p = lsv_calloc(1, sizeof *p);
    ls_source *source = p && signature_room() ? ls_source_new(b->names, text, strlen(text), 1) : NULL;
    if (!source) {
        lsv_free(p);
        ls_no_memory(in);
        return NULL;
    }
    p->builtin = b;
    ls_function_node *f;
    ls_error error = {0};
    bool ok = ls_parse_signature(source, &p->tree, &f, &error) && fill_signature(&p->signature, f);
    ls_source_release(source);
    if (!ok) {
        bool memory = !error.set || strcmp(error.type, "MemoryError") == 0;
        if (memory) ls_no_memory(in);
        else ls_raise(in, "SystemError", "the signature of %s does not parse: %s", b->names, error.message);
        ls_error_clear(&error);
        parsed_free(p);
        return NULL;
    }
    *signature_slot(signatures, signature_slots, b) = p;
    nsignatures++;
    return &p->signature;
}

/* Everything the registry holds; the next use builds it anew. */
void ls_registry_free(void) {
    for (uint32_t i = 0; i < signature_slots; i++)
        if (signatures[i]) parsed_free(signatures[i]);
    lsv_free(signatures);
    lsv_free(table);
    signatures = NULL;
    table = NULL;
    nsignatures = signature_slots = slots = 0;
}
