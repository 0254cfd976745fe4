/* What an expression stands for, found without computing it. Variables, modules, items of containers
   and attributes of modules are looked up; what a call or an attribute would give is known by its kind
   only, from a table of the records' results. */
#include "lang/assist/assist.h"

#include <string.h>

#include "lang/eval/attributes.h"
#include "lang/syntax/parse.h"

/* The kind of what records give that give no array of their module's kind, by their names without the prefix. */
static const struct { const char *kind, *names; } results[] = {
    {"tuple", " shape svd eigh eig qr slogdet lstsq unravel_index divmod meshgrid strides lora aggregate nonzero histogram lu_factor partition rpartition "},
    {"list", " tolist split hsplit vsplit array_split sorted splitlines rsplit list chunk tensor_split "},
    {"str", " str repr chr hex bin oct format d"},
    {"int", " len ndim size itemsize nbytes rank matrix_rank numel dim element_size count find rfind index ord hash id nelement bit_length get_device "},
    {"float", " item float time perf_counter "},
    {"bool", " allclose array_equal isinstance callable is_contiguous requires_grad is_leaf is_cuda equal startswith endswith isdigit isalpha isspace isupper islower is_available "},
    {"dict", " dict load_file state_dict "},
    {"dtype", " dtype "},
    {"range", " range "},
    {"device", " device "},
    {"generator", " default_rng "},
    {"ndarray", " numpy "},
    {"tensor", " from_numpy as_tensor "},
};

static bool listed(const char *names, const char *name) {
    size_t n = strlen(name);
    for (const char *p = strstr(names, name); p; p = strstr(p + 1, name))
        if (p[-1] == ' ' && p[n] == ' ') return true;
    return false;
}

/* The kind that a record gives for a `self` of some kind (NULL: a function); NULL: not known. */
static const char *result_kind(const ls_builtin *b, const char *self) {
    const char *name = ls_builtin_short_name(b);
    if (self && strcmp(name, "shape") == 0) return strcmp(self, "tensor") == 0 ? "size" : "tuple";
    if (self && strcmp(name, "size") == 0 && strcmp(self, "tensor") == 0) return "size";
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        if (listed(results[i].names, name)) return results[i].kind;
    if (self && (strcmp(self, "ndarray") == 0 || strcmp(self, "tensor") == 0 || strcmp(self, "str") == 0)) return self;
    if (self) return strcmp(name, "copy") == 0 ? self : strcmp(self, "generator") == 0 ? "ndarray" : NULL;
    if (strncmp(b->names, "np.", 3) == 0 || strncmp(b->names, "jnp.", 4) == 0) return "ndarray";
    return strncmp(b->names, "torch.", 6) == 0 ? "tensor" : NULL;
}

void ls_meaning_drop(ls_meaning *m) {
    ls_drop(m->value);
    *m = (ls_meaning){.value = {.tag = LS_UNSET}};
}

static void of_value(ls_meaning *m, ls_value v) { /* takes v */
    ls_drop(m->value);
    const char *kind = v.tag == LS_UNSET ? NULL : ls_attribute_prefix(v);
    *m = (ls_meaning){.value = v, .kind = kind && *kind ? kind : NULL};
}

static void of_kind(ls_meaning *m, const char *kind) {
    ls_drop(m->value);
    *m = (ls_meaning){.value = {.tag = LS_UNSET}, .kind = kind};
}

static bool resolve(ls_interp *in, const ls_node *n, ls_meaning *m);

static bool literal_key(const ls_node *n, ls_value *key) {
    if (n->kind == LS_N_INT) *key = ls_int(n->integer);
    else if (n->kind == LS_N_STR) *key = ls_str_new(n->text, n->length);
    else if (n->kind == LS_N_UNARY && n->op == LS_OP_NEG && n->a->kind == LS_N_INT) *key = ls_int(-n->a->integer);
    else return false;
    return key->tag != LS_UNSET;
}

/* An item of a list, tuple or dictionary at a literal index. */
static bool item_of(ls_value container, const ls_node *index, ls_value *item) {
    ls_value key;
    bool found = false;
    if (!literal_key(index, &key)) return false;
    if (container.tag == LS_DICT) {
        const ls_value *at = ls_dict_find(container.dict, key);
        if (at) *item = *at;
        found = at != NULL;
    } else if (key.tag == LS_INT && (container.tag == LS_LIST || container.tag == LS_TUPLE)) {
        ptrdiff_t n = container.tag == LS_LIST ? container.list->n : container.tuple->n;
        ptrdiff_t i = (ptrdiff_t)(key.i < 0 ? key.i + n : key.i);
        found = i >= 0 && i < n;
        if (found) *item = container.tag == LS_LIST ? container.list->items[i] : container.tuple->items[i];
    }
    ls_drop(key);
    return found;
}

static bool subscript(ls_interp *in, const ls_node *n, ls_meaning *m) {
    ls_value item;
    if (!resolve(in, n->a, m)) return false;
    if (m->value.tag != LS_UNSET && item_of(m->value, n->b, &item)) {
        of_value(m, ls_ref(item));
        return true;
    }
    bool slice = n->b->kind == LS_N_SLICE, array = m->kind && (strcmp(m->kind, "ndarray") == 0 || strcmp(m->kind, "tensor") == 0);
    bool text = m->kind && strcmp(m->kind, "str") == 0, size = m->kind && (strcmp(m->kind, "size") == 0);
    of_kind(m, array || text || (slice && m->kind) ? m->kind : size ? "int" : NULL);
    return m->kind != NULL;
}

static bool attribute(ls_interp *in, const ls_node *n, ls_meaning *m) {
    ls_value v;
    if (!resolve(in, n->a, m)) return false;
    if (m->value.tag == LS_MODULE) {
        bool found = ls_module_attribute(m->value.module, n->text, &v);
        if (found) of_value(m, v);
        return found;
    }
    if (m->value.tag == LS_TUPLE && m->value.tuple->record)
        for (int i = 0; i < m->value.tuple->record->n; i++)
            if (strcmp(m->value.tuple->record->fields[i], n->text) == 0) {
                of_value(m, ls_ref(m->value.tuple->items[i]));
                return true;
            }
    const ls_builtin *below = m->value.tag == LS_BUILTIN ? ls_builtin_below(m->value.builtin, n->text) : NULL;
    const ls_builtin *b = below                        ? below
                          : m->value.tag != LS_UNSET ? ls_attribute_record(m->value, n->text)
                          : m->kind                  ? ls_kind_record(m->kind, n->text)
                                                     : NULL;
    if (!b) return false;
    if (below || m->value.tag == LS_TYPE) {
        of_value(m, (ls_value){.tag = LS_BUILTIN, .builtin = b});
        return true;
    }
    const char *self = m->kind;
    of_kind(m, b->kind == LS_ATTRIBUTE ? result_kind(b, self) : NULL);
    m->record = b;
    m->self = self;
    return true;
}

static bool call(ls_interp *in, const ls_node *n, ls_meaning *m) {
    if (!resolve(in, n->a, m)) return false;
    if (m->value.tag == LS_TYPE) of_kind(m, m->value.type->name);
    else if (m->value.tag == LS_DTYPE) of_kind(m, "ndarray");
    else if (m->value.tag == LS_BUILTIN) of_kind(m, result_kind(m->value.builtin, NULL));
    else if (m->record && m->record->kind == LS_CALLABLE) of_kind(m, result_kind(m->record, m->self));
    else of_kind(m, NULL);
    return m->kind != NULL;
}

/* An operation's kind: that of its array, else of its first operand. */
static bool operation(ls_interp *in, const ls_node *n, ls_meaning *m) {
    ls_meaning other = {.value = {.tag = LS_UNSET}};
    const char *a = resolve(in, n->a, m) ? m->kind : NULL, *b = n->b && resolve(in, n->b, &other) ? other.kind : NULL;
    bool first = a && (strcmp(a, "ndarray") == 0 || strcmp(a, "tensor") == 0);
    bool second = b && (strcmp(b, "ndarray") == 0 || strcmp(b, "tensor") == 0);
    of_kind(m, second && !first ? b : a);
    ls_meaning_drop(&other);
    return m->kind != NULL;
}

static bool resolve(ls_interp *in, const ls_node *n, ls_meaning *m) {
    *m = (ls_meaning){.value = {.tag = LS_UNSET}};
    switch (n->kind) {
    case LS_N_NAME: of_value(m, ls_name_lookup(in, n->text)); return m->value.tag != LS_UNSET;
    case LS_N_ATTRIBUTE: return attribute(in, n, m);
    case LS_N_SUBSCRIPT: return subscript(in, n, m);
    case LS_N_CALL: return call(in, n, m);
    case LS_N_UNARY:
    case LS_N_BINARY: return operation(in, n, m);
    case LS_N_STR:
    case LS_N_FSTRING: of_kind(m, "str"); return true;
    case LS_N_INT: of_kind(m, "int"); return true;
    case LS_N_FLOAT: of_kind(m, "float"); return true;
    case LS_N_LIST:
    case LS_N_LISTCOMP: of_kind(m, "list"); return true;
    case LS_N_TUPLE: of_kind(m, "tuple"); return true;
    case LS_N_DICT:
    case LS_N_DICTCOMP: of_kind(m, "dict"); return true;
    case LS_N_MATRIX:
    case LS_N_PRINTED: of_kind(m, "ndarray"); return true;
    default: return false;
    }
}

bool ls_resolve(ls_interp *in, const char *expression, size_t n, ls_meaning *m) {
    *m = (ls_meaning){.value = {.tag = LS_UNSET}};
    ls_source *source = ls_source_new("<name>", expression, n, 1);
    if (!source) return false;
    ls_tree tree = {0};
    ls_error error = {0};
    bool ok = ls_parse(source, &tree, &error);
    if (ok) {
        const ls_nodes *list = &tree.block->list;
        ok = list->n == 1 && list->items[0]->kind == LS_N_EXPR && resolve(in, list->items[0]->a, m);
        if (!ok) ls_meaning_drop(m);
        ls_tree_free(&tree);
    }
    ls_error_clear(&error);
    ls_source_release(source);
    return ok;
}
