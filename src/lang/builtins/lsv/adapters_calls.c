/* Functions of adapters: load, make, save, aggregate, resize, apply. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "file/inside.h"
#include "lang/builtins/lsv/adapters.h"

static bool path_of(ls_work *w, ls_value v, const char *who, const char **path) {
    if (v.tag != LS_STR) return ls_raise(w->in, "TypeError", "%s: the name of a file or folder is needed (a str), not %s", who, ls_type_name(v));
    if (strlen(v.str->data) != v.str->length) return ls_raise(w->in, "ValueError", "embedded null byte");
    *path = v.str->data;
    return true;
}

static bool adapter_arg(ls_work *w, ls_value v, const char *who, lsv_adapter **a) {
    *a = ls_adapter_of(v);
    return *a || ls_raise(w->in, "TypeError", "%s: an adapter is needed (load_adapter, adapter), not %s", who, ls_type_name(v));
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* ---- the base's names: a checkpoint's path, a dictionary or a list of names ---- */

typedef struct base_names { lsv_base_names names; void *block; const char **list; } base_names;

static void base_free(base_names *b) {
    lsv_free(b->block);
    lsv_free(b->list);
}

static bool base_arg(ls_work *w, ls_value v, base_names *b, ls_value *held) {
    *b = (base_names){.block = NULL};
    *held = ls_none();
    if (ls_is_none(v)) return true;
    if (v.tag == LS_STR) {
        const char *path;
        return path_of(w, v, "base", &path) && ls_file_ok(w, lsv_base_names_of(path, &b->names, &b->block, &w->err));
    }
    if (!ls_to_list(w->in, v, held)) return false;
    b->list = lsv_malloc(((size_t)held->list->n + 1) * sizeof *b->list);
    if (!b->list) return ls_no_memory(w->in);
    for (ptrdiff_t i = 0; i < held->list->n; i++) {
        ls_value name = held->list->items[i];
        if (name.tag != LS_STR) return ls_raise(w->in, "TypeError", "base: names of modules are strings, not %s", ls_type_name(name));
        b->list[i] = name.str->data;
    }
    b->names = (lsv_base_names){held->list->n, b->list};
    return true;
}

/* ---- load, save ---- */

/* load_adapter(path, base=None, kind="torch") */
BUILTIN(load_adapter) {
    const char *path;
    base_names base;
    ls_value held;
    lsv_adapter *a = NULL;
    bool numpy = ls_text_is(args[2], "numpy");
    if (!numpy && !ls_text_is(args[2], "torch")) return ls_raise(w->in, "ValueError", "load_adapter: kind is \"torch\" or \"numpy\"");
    if (!path_of(w, args[0], "load_adapter", &path)) return false;
    bool ok = base_arg(w, args[1], &base, &held);
    if (ok) {
        lsv_adapter_reading o = {.base = base.names};
        ok = ls_file_ok(w, lsv_adapter_read(path, &o, &a, &w->err));
    }
    base_free(&base);
    ls_drop(held);
    if (!ok) return false;
    ls_adapter_warn(w, a, 0);
    return ls_give_adapter(w, out, a, numpy ? LSV_NUMPY : LSV_TORCH);
}

static bool format_arg(ls_work *w, ls_value v, const lsv_adapter *a, const char *path, lsv_adapter_format *format) {
    *format = lsv_adapter_format_of(a);
    if (!ls_is_none(v) && (v.tag != LS_STR || !lsv_adapter_format_parse(v.str->data, format)))
        return ls_raise(w->in, "ValueError", "save_adapter: format is \"peft\", \"kohya\" or \"diffusers\"");
    if (*format != LSV_ADAPTER_PEFT || !ends_with(path, ".safetensors")) return true;
    ls_raise(w->in, "ValueError", "save_adapter: '%s': PEFT's format is a folder, not a file", path);
    ls_hint(w->in, "format=\"kohya\" and format=\"diffusers\" are files");
    return false;
}

/* save_adapter(adapter, path, format=None, dtype=None, base=None, prefix=None) */
BUILTIN(save_adapter) {
    const char *path, *prefix = NULL;
    base_names base;
    ls_value held;
    lsv_adapter *a;
    lsv_adapter_writing o = LSV_ADAPTER_WRITING(LSV_ADAPTER_PEFT);
    lsv_dtype t = LSV_FLOAT32;
    if (!adapter_arg(w, args[0], "save_adapter", &a) || !path_of(w, args[1], "save_adapter", &path) || !format_arg(w, args[2], a, path, &o.format)) return false;
    if (!ls_dtype_or(w, args[3], t, &t) || (!ls_is_none(args[5]) && !ls_as_text(w->in, args[5], "prefix", &prefix))) return false;
    if (!ls_is_none(args[3])) o.dtype = t;
    o.prefix = prefix;
    bool ok = base_arg(w, args[4], &base, &held);
    o.base = base.names;
    ptrdiff_t notes = 0;
    while (lsv_adapter_note(a, notes)) notes++;
    ok = ok && ls_file_ok(w, lsv_adapter_write(a, path, &o, &w->err));
    if (ok) ls_adapter_warn(w, a, notes);
    base_free(&base);
    ls_drop(held);
    return ok;
}

/* ---- made from arrays ---- */

/* A factor as a matrix; a convolution's has its kernel in the further axes. */
static bool factor_arg(ls_work *w, ls_value v, const char *name, lsv_array **a) {
    if (v.tag == LS_ARRAY) *a = v.array;
    else if (!ls_array_like(w, v, LSV_NUMPY, -1, a)) return false;
    if ((*a)->ndim < 2 || (*a)->ndim > 5) {
        char shape[96];
        return ls_raise(w->in, "ValueError", "adapter: '%.120s': a factor is a matrix, or has a kernel's axes besides; this has shape %s", name, lsv_shape_text(*a, shape, sizeof shape));
    }
    if (lsv_dtype_is_float((lsv_dtype)(*a)->dtype)) return true;
    return ls_ok(w, lsv_astype(*a, (*a)->kind == LSV_TORCH ? w->in->torch_default : LSV_FLOAT64, a, &w->err)) && ls_keep(w, *a);
}

static bool as_matrix(ls_work *w, lsv_array *x, lsv_array **out) {
    ptrdiff_t shape[2] = {x->shape[0], -1};
    if (x->ndim == 2) {
        *out = lsv_ref(x);
        return true;
    }
    shape[1] = 1;
    for (int i = 1; i < x->ndim; i++) shape[1] *= x->shape[i];
    return ls_ok(w, lsv_reshape(x, 2, shape, false, out, &w->err));
}

static bool alpha_arg(ls_work *w, ls_value v, ls_value name, double *alpha) {
    *alpha = (double)NAN;
    if (ls_is_none(v)) return true;
    if (v.tag == LS_DICT) {
        ls_value *slot = ls_dict_find(v.dict, name);
        return !slot || ls_as_double(w->in, *slot, "alpha", alpha);
    }
    return ls_as_double(w->in, v, "alpha", alpha);
}

static bool add_module(ls_work *w, lsv_adapter *a, ls_value name, ls_value pair, ls_value alpha, bool transposed, lsv_kind *kind) {
    ls_value list;
    lsv_array *B = NULL, *A = NULL, *b, *x;
    if (name.tag != LS_STR) return ls_raise(w->in, "TypeError", "adapter: names of modules are strings, not %s", ls_type_name(name));
    lsv_adapter_module m = {.name = name.str->data};
    if (!alpha_arg(w, alpha, name, &m.alpha) || !ls_to_list(w->in, pair, &list)) return false;
    bool ok = list.list->n == 2 || ls_raise(w->in, "ValueError", "adapter: '%.160s': a pair (B, A) is needed", m.name);
    ok = ok && factor_arg(w, list.list->items[0], m.name, &B) && ls_keep(w, lsv_ref(B)) && factor_arg(w, list.list->items[1], m.name, &A) && ls_keep(w, lsv_ref(A));
    ls_drop(list);
    if (!ok) return false;
    if (B->ndim != A->ndim) return ls_raise(w->in, "ValueError", "adapter: '%.160s': B has %d axes and A %d", m.name, B->ndim, A->ndim);
    for (int i = 2; i < B->ndim; i++)
        if (B->shape[i] != 1) return ls_raise(w->in, "ValueError", "adapter: '%.160s': the kernel is A's; B's further axes have length 1", m.name);
    m.kind = A->ndim > 2 ? LSV_MODULE_CONV : LSV_MODULE_LINEAR;
    m.transposed = transposed && m.kind == LSV_MODULE_LINEAR;
    m.nkernel = A->ndim - 2;
    for (int i = 0; i < m.nkernel; i++) m.kernel[i] = A->shape[2 + i];
    if (B->kind == LSV_TORCH || A->kind == LSV_TORCH) *kind = LSV_TORCH;
    if (!as_matrix(w, B, &b)) return false;
    if (!as_matrix(w, A, &x)) {
        lsv_release(b);
        return false;
    }
    return ls_ok(w, lsv_adapter_add(a, &m, b, x, &w->err));
}

static bool add_tensors(ls_work *w, lsv_adapter *a, ls_value tensors) {
    if (ls_is_none(tensors)) return true;
    if (tensors.tag != LS_DICT) return ls_raise(w->in, "TypeError", "adapter: tensors is a dictionary of arrays, not %s", ls_type_name(tensors));
    for (ptrdiff_t i = 0; i < tensors.dict->used; i++) {
        const ls_dict_entry *e = &tensors.dict->entries[i];
        lsv_array *x;
        if (e->key.tag == LS_UNSET) continue;
        if (e->key.tag != LS_STR) return ls_raise(w->in, "TypeError", "adapter: names of tensors are strings, not %s", ls_type_name(e->key));
        if (e->value.tag == LS_ARRAY) x = e->value.array;
        else if (!ls_array_like(w, e->value, LSV_NUMPY, -1, &x)) return false;
        if (!ls_ok(w, lsv_adapter_tensor_add(a, e->key.str->data, lsv_ref(x), &w->err))) return false;
    }
    return true;
}

/* A plain value as JSON. */
static bool json_text(ls_work *w, lsv_text *t, ls_value v, int depth) {
    if (v.tag == LS_NONE) lsv_text_puts(t, "null");
    else if (v.tag == LS_BOOL) lsv_text_puts(t, v.i ? "true" : "false");
    else if (v.tag == LS_INT) lsv_text_int(t, v.i);
    else if (v.tag == LS_FLOAT && isfinite(v.f)) lsv_text_float(t, v.f);
    else if (v.tag == LS_STR) lsv_json_quote(t, v.str->data);
    else if ((v.tag == LS_LIST || v.tag == LS_TUPLE) && depth < 8) {
        ls_value list;
        if (!ls_to_list(w->in, v, &list)) return false;
        bool ok = true;
        lsv_text_putc(t, '[');
        for (ptrdiff_t i = 0; ok && i < list.list->n; i++) {
            if (i) lsv_text_puts(t, ", ");
            ok = json_text(w, t, list.list->items[i], depth + 1);
        }
        lsv_text_putc(t, ']');
        ls_drop(list);
        return ok;
    } else return ls_raise(w->in, "TypeError", "adapter: config holds None, bools, numbers, strings and lists of them, not %s", ls_type_name(v));
    return !t->failed || ls_no_memory(w->in);
}

static bool set_config(ls_work *w, lsv_adapter *a, ls_value config) {
    if (ls_is_none(config)) return true;
    if (config.tag != LS_DICT) return ls_raise(w->in, "TypeError", "adapter: config is a dictionary, not %s", ls_type_name(config));
    for (ptrdiff_t i = 0; i < config.dict->used; i++) {
        const ls_dict_entry *e = &config.dict->entries[i];
        lsv_text t = {0};
        if (e->key.tag == LS_UNSET) continue;
        if (e->key.tag != LS_STR) return ls_raise(w->in, "TypeError", "adapter: keys of config are strings, not %s", ls_type_name(e->key));
        bool ok = json_text(w, &t, e->value, 0) && ls_ok(w, lsv_adapter_set(a, e->key.str->data, t.data, &w->err));
        lsv_text_free(&t);
        if (!ok) return false;
    }
    return true;
}

/* adapter(modules, alpha=None, *, tensors=None, transposed=False, config=None) */
BUILTIN(make_adapter) {
    lsv_adapter *a;
    lsv_kind kind = LSV_NUMPY;
    bool transposed;
    if (args[0].tag != LS_DICT) return ls_raise(w->in, "TypeError", "adapter: a dictionary of names and pairs (B, A) is needed, not %s", ls_type_name(args[0]));
    if (!ls_truth(w->in, args[3], &transposed) || !ls_ok(w, lsv_adapter_new(&a, &w->err))) return false;
    bool ok = true;
    for (ptrdiff_t i = 0; ok && i < args[0].dict->used; i++) {
        const ls_dict_entry *e = &args[0].dict->entries[i];
        if (e->key.tag != LS_UNSET) ok = add_module(w, a, e->key, e->value, args[1], transposed, &kind);
    }
    ok = ok && add_tensors(w, a, args[2]) && set_config(w, a, args[4]);
    if (ok) return ls_give_adapter(w, out, a, kind);
    lsv_adapter_free(a);
    return false;
}

/* ---- aggregate, resize ---- */

/* {module: info} of output j, or infos of modules one after the other. */
static bool notes_of(ls_work *w, const lsv_adapter *a, const lsv_aggregate_info *infos, int count, int j, ls_value *out) {
    ls_value all = ls_dict_new();
    bool ok = all.tag != LS_UNSET || ls_no_memory(w->in);
    for (ptrdiff_t i = 0; ok && i < lsv_adapter_count(a); i++) {
        ls_value one = ls_none();
        ok = ls_aggregate_note(w, &infos[i * count + j], &one) && (ls_dict_set_text(all.dict, lsv_adapter_at(a, i)->name, one) || ls_no_memory(w->in));
        ls_drop(one);
    }
    if (ok) *out = all;
    else ls_drop(all);
    return ok;
}

/* The adapters and, where asked for, their infos: alone or as lists. out[] are taken. */
static bool give_all(ls_work *w, ls_value *out, lsv_adapter **made, const lsv_aggregate_info *infos, int count, bool several, bool informed, lsv_kind kind) {
    ls_value adapters = ls_list_new(count), dicts = ls_list_new(count);
    bool ok = (adapters.tag != LS_UNSET && dicts.tag != LS_UNSET) || ls_no_memory(w->in);
    for (int j = 0; j < count; j++) {
        ls_value v = ls_none(), d = ls_none();
        if (ok && informed) ok = notes_of(w, made[j], infos, count, j, &d);
        if (ok) {
            ls_adapter_warn(w, made[j], 0);
            ok = ls_give_adapter(w, &v, made[j], kind);
        } else lsv_adapter_free(made[j]);
        ok = ok && ((ls_list_append(adapters.list, v) && ls_list_append(dicts.list, d)) || ls_no_memory(w->in));
        ls_drop(v);
        ls_drop(d);
    }
    if (ok) {
        ls_value both[2] = {several ? ls_ref(adapters) : ls_ref(adapters.list->items[0]), several ? ls_ref(dicts) : ls_ref(dicts.list->items[0])};
        if (informed) ok = ls_give_tuple(w, out, NULL, 2, both);
        else {
            *out = both[0];
            ls_drop(both[1]);
        }
    }
    ls_drop(adapters);
    ls_drop(dicts);
    return ok;
}

bool ls_aggregate_adapters(ls_work *w, ls_value list, const double *weights, lsv_aggregate_method method, const lsv_rank_rule *rules, int count, bool several,
                           lsv_split split, bool informed, ls_value *out) {
    int n = (int)list.list->n;
    lsv_adapter **all = lsv_malloc((size_t)n * sizeof *all), **made = lsv_malloc((size_t)count * sizeof *made);
    lsv_aggregate_info *infos = NULL;
    bool ok = (all && made) || ls_no_memory(w->in);
    for (int k = 0; ok && k < n; k++) {
        all[k] = ls_adapter_of(list.list->items[k]);
        if (!all[k]) ok = ls_raise(w->in, "TypeError", "aggregate: client %d is no adapter, and others are", k);
    }
    if (ok) {
        lsv_adapter_merging m = {all, n, weights, method, split};
        ok = ls_ok(w, lsv_adapter_merge(&m, rules, count, made, &infos, &w->err));
        ok = ok && give_all(w, out, made, infos, count, several, informed, ls_adapter_kind(list.list->items[0]));
    }
    lsv_free(infos);
    lsv_free(all);
    lsv_free(made);
    return ok;
}

static bool number_or_nan(ls_work *w, ls_value v, const char *what, double *x) {
    *x = (double)NAN;
    return ls_is_none(v) || ls_as_double(w->in, v, what, x);
}

bool ls_rule_args(ls_work *w, ls_value tol, ls_value energy, ls_value ratio, ls_value max_rank, const char *who, lsv_rank_rule *rule) {
    if (!number_or_nan(w, tol, "tol", &rule->tol) || !number_or_nan(w, energy, "energy", &rule->energy) || !number_or_nan(w, ratio, "ratio", &rule->ratio)) return false;
    rule->max_rank = -1;
    if (ls_is_none(max_rank)) return true;
    return ls_count(w, max_rank, "max_rank", &rule->max_rank) && (rule->max_rank >= 0 || ls_raise(w->in, "ValueError", "%s: max_rank must not be negative", who));
}

bool ls_split_arg(ls_work *w, ls_value v, lsv_split *split) {
    static const char *const names[] = {"sqrt", "left", "right"};
    for (int i = 0; i < 3; i++)
        if (ls_text_is(v, names[i])) {
            *split = (lsv_split)i;
            return true;
        }
    return ls_raise(w->in, "ValueError", "split is \"sqrt\", \"left\" or \"right\"");
}

/* resize_adapter(adapter, r=None, *, tol, energy, ratio, max_rank, split="sqrt", info=False) */
BUILTIN(resize_adapter) {
    lsv_adapter *a, *made;
    lsv_rank_rule rule = LSV_RANK_RULE(-1);
    lsv_split split;
    lsv_aggregate_info *infos = NULL;
    bool informed;
    if (!adapter_arg(w, args[0], "resize_adapter", &a) || !ls_rule_args(w, args[2], args[3], args[4], args[5], "resize_adapter", &rule) ||
        !ls_split_arg(w, args[6], &split) || !ls_truth(w->in, args[7], &informed))
        return false;
    if (!ls_is_none(args[1]) && (!ls_count(w, args[1], "r", &rule.r) || (rule.r < 0 && !ls_raise(w->in, "ValueError", "resize_adapter: r must not be negative")))) return false;
    if (!ls_ok(w, lsv_adapter_resize(a, rule, split, &made, &infos, &w->err))) return false;
    bool ok = give_all(w, out, &made, infos, 1, false, informed, ls_adapter_kind(args[0]));
    lsv_free(infos);
    return ok;
}

/* ---- apply ---- */

static bool apply_one(ls_work *w, lsv_adapter *a, ptrdiff_t i, double weight, ls_value W, ls_value *out) {
    lsv_array *x, *r;
    if (W.tag == LS_ARRAY) x = W.array;
    else if (!ls_array_like(w, W, LSV_NUMPY, -1, &x)) return false;
    lsv_status status = lsv_adapter_apply(a, i, weight, LSV_FLOAT64, x, &r, &w->err);
    return ls_give_array(w, out, status, &r);
}

/* The base's weight of a module: under its name with ".weight", or its name. */
static ls_value *weight_of(const ls_dict *d, const char *name, lsv_text *key) {
    lsv_text_puts(key, name);
    lsv_text_puts(key, ".weight");
    ls_value *slot = key->failed ? NULL : ls_dict_find_text(d, key->data);
    return slot ? slot : ls_dict_find_text(d, name);
}

static bool apply_module(ls_work *w, lsv_adapter *a, ptrdiff_t i, double weight, ls_dict *d) {
    lsv_text key = {0};
    const char *name = lsv_adapter_at(a, i)->name;
    ls_value *slot = weight_of(d, name, &key), sum;
    bool ok = slot != NULL;
    if (!ok) {
        ls_raise(w->in, "KeyError", "'%.200s'", key.data ? key.data : name);
        ls_hint(w->in, "the adapter has a module '%.120s', and the base no weight of it", name);
    }
    ok = ok && apply_one(w, a, i, weight, *slot, &sum);
    if (ok) {
        ls_drop(*slot);
        *slot = sum;
    }
    lsv_text_free(&key);
    return ok;
}

static bool apply_tensor(ls_work *w, lsv_adapter *a, ptrdiff_t i, double weight, lsv_kind kind, ls_dict *d) {
    const char *name = lsv_adapter_tensor_at(a, i)->name;
    lsv_array *x;
    if (weight != 1) return ls_raise(w->in, "ValueError", "apply_adapter: '%.160s' is a whole tensor that takes the place of the base's: that has no weight %g", name, weight);
    if (!ls_ok(w, lsv_adapter_tensor_get(a, i, kind, &x, &w->err))) return false;
    ls_value v = ls_array(x);
    bool ok = ls_dict_set_text(d, name, v) || ls_no_memory(w->in);
    ls_drop(v);
    return ok;
}

static bool apply_all(ls_work *w, lsv_adapter *a, double weight, ls_value base, lsv_kind kind, ls_value *out) {
    ls_value d = ls_dict_new();
    bool ok = d.tag != LS_UNSET || ls_no_memory(w->in);
    for (ptrdiff_t i = 0; ok && i < base.dict->used; i++) {
        const ls_dict_entry *e = &base.dict->entries[i];
        if (e->key.tag != LS_UNSET) ok = ls_dict_set(d.dict, e->key, e->value) || ls_no_memory(w->in);
    }
    for (ptrdiff_t i = 0; ok && i < lsv_adapter_count(a); i++) ok = apply_module(w, a, i, weight, d.dict);
    for (ptrdiff_t i = 0; ok && i < lsv_adapter_tensors(a); i++) ok = apply_tensor(w, a, i, weight, kind, d.dict);
    if (ok) *out = d;
    else if (d.tag != LS_UNSET) ls_drop(d);
    return ok;
}

/* apply_adapter(W, adapter, module=None, weight=1.0) */
BUILTIN(apply_adapter) {
    lsv_adapter *a;
    double weight;
    ptrdiff_t i;
    if (!adapter_arg(w, args[1], "apply_adapter", &a) || !ls_as_double(w->in, args[3], "weight", &weight)) return false;
    if (args[0].tag == LS_DICT && ls_is_none(args[2])) return apply_all(w, a, weight, args[0], ls_adapter_kind(args[1]), out);
    if (ls_is_none(args[2])) {
        if (lsv_adapter_count(a) != 1) return ls_raise(w->in, "ValueError", "apply_adapter: the adapter has %td modules; which one is the matrix's? module=\"…\"", lsv_adapter_count(a));
        i = 0;
    } else if (!ls_adapter_module_arg(w, a, args[2], &i)) return false;
    return apply_one(w, a, i, weight, args[0], out);
}

const ls_builtin ls_family_adapters[] = {
    {"load_adapter", "(path, base=None, kind=\"torch\")", "A LoRA adapter from a PEFT folder or a .safetensors file (kohya's, diffusers')",
     "An adapter maps names of modules to pairs (B, A) as they are stored; adapter.delta(name) is the update itself, scale * B @ A in the base's shape. Rank and alpha are each "
     "module's own: the rank is the tensors', alpha comes from the configuration with its patterns (the first that matches), the scale is alpha / rank or, with rsLoRA, alpha / sqrt(rank). "
     "Factors stay in the file until they are used.\n\n"
     "base (the path of a checkpoint, or a list of the base's module names) turns kohya's names with their underscores back. What plain factors cannot say (DoRA, biases of the adapter's own, "
     "LoHa, LoKr and others, a pickle) is an error that names it; what was noticed is a warning and in adapter.notes.",
     ">>> save_adapter(adapter({\"layers.0.q\": (ones((2, 1)), ones((1, 2)))}, alpha=4), \"/tmp/lsv-example-loaded\")\n"
     ">>> a = load_adapter(\"/tmp/lsv-example-loaded\")\n"
     ">>> a\n"
     "Adapter of 1 module, rank 1\n"
     "  module      kind       shape  rank  alpha  scale\n"
     "  layers.0.q  linear     2 x 2     1      4  4\n"
     ">>> a.config[\"r\"], a.config[\"lora_alpha\"]\n"
     "(1, 4)\n", load_adapter, 0, LS_CALLABLE, NULL},
    {"adapter", "(modules, alpha=None, *, tensors=None, transposed=False, config=None)", "A LoRA adapter from a dictionary of pairs (B, A)",
     "alpha is one number or a dictionary by module; None is each module's rank, so that the update is B @ A. Factors with further axes are a convolution's (A rank x in x kernel, B out x rank x 1 …). "
     "tensors: whole tensors of the base that the adapter replaces. transposed: the base stores its weights input by output (fan_in_fan_out). config: settings for adapter_config.json.",
     ">>> a = adapter({\"q\": (ones((2, 1)), ones((1, 2))), \"k\": (ones((4, 2)), ones((2, 3)))}, alpha=4)\n"
     ">>> a\n"
     "Adapter of 2 modules, ranks 1 to 2\n"
     "  module  kind       shape  rank  alpha  scale\n"
     "  q       linear     2 x 2     1      4  4\n"
     "  k       linear     4 x 3     2      4  2\n"
     ">>> list(a), \"q\" in a\n"
     "(['q', 'k'], True)\n", make_adapter, 0, LS_CALLABLE, NULL},
    {"save_adapter", "(adapter, path, format=None, dtype=None, base=None, prefix=None)", "An adapter to a PEFT folder (format=\"peft\") or a file (\"kohya\", \"diffusers\")",
     "None: the format it was read in, PEFT's for one made here. dtype (float32, float16, bfloat16) rounds the factors to nearest even. Whole or not at all: a folder is made beside its place and exchanged "
     "with it in one step. Modules of rank 0 are left out. base gives the names that kohya's flat ones stand for; prefix is put before names that do not say their part of the model "
     "(\"lora_unet_\", \"diffusion_model.\").",
     ">>> a = adapter({\"layers.0.q\": (ones((2, 1)), ones((1, 2)))}, alpha=4)\n"
     ">>> save_adapter(a, \"/tmp/lsv-example-adapter\")\n"
     ">>> load_adapter(\"/tmp/lsv-example-adapter\").scale(\"layers.0.q\")\n"
     "4.0\n"
     ">>> save_adapter(a, \"/tmp/lsv-example-adapter.safetensors\", format=\"kohya\", dtype=\"float16\")\n"
     ">>> list(load_adapter(\"/tmp/lsv-example-adapter.safetensors\"))\n"
     "['lora_unet_layers_0_q']\n", save_adapter, 0, LS_CALLABLE, NULL},
    {"resize_adapter", "(adapter, r=None, *, tol=None, energy=None, ratio=None, max_rank=None, split=\"sqrt\", info=False)", "The adapter with each module's best approximation of another rank",
     "The update is never formed: QR of both factors and a small SVD. r, or the smallest rank that satisfies every rule given (as in lora). Scales become 1. info=True adds a dictionary of what each module "
     "achieved.",
     ">>> a = adapter({\"q\": ([1.0, 1.0; 2.0, 2.0], [3.0, 4.0; 3.0, 4.0])})\n"
     ">>> r = resize_adapter(a)\n"
     ">>> a.rank(\"q\"), r.rank(\"q\")\n"
     "(2, 1)\n"
     ">>> np.round(a.delta(\"q\") - r.delta(\"q\"), 12) + 0.0\n"
     "array([[0., 0.],\n"
     "       [0., 0.]])\n", resize_adapter, 0, LS_CALLABLE, NULL},
    {"apply_adapter", "(W, adapter, module=None, weight=1.0)", "The base with the update: one weight, or a dictionary of them",
     "W + weight * adapter.delta(module), formed in float64 and rounded once to W's own type, to nearest even. A dictionary (of a checkpoint, under names with \".weight\" or without) comes back as a new one with every "
     "module's weight changed and the adapter's whole tensors in their places.",
     ">>> a = adapter({\"q\": ([[1.0], [2.0]], [[3.0, 4.0]])})\n"
     ">>> apply_adapter(zeros((2, 2)), a)\n"
     "array([[3., 4.],\n"
     "       [6., 8.]])\n"
     ">>> apply_adapter({\"q.weight\": ones((2, 2)), \"q.bias\": zeros(2)}, a, weight=0.5)\n"
     "{'q.weight': array([[2.5, 3. ],\n"
     "       [4. , 5. ]]), 'q.bias': array([0., 0.])}\n", apply_adapter, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
