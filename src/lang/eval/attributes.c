/* Attributes: x.name is looked up in the records whose names start with the kind of x
   ("ndarray.", "list.", …); a callable one becomes a bound method, an attribute is read at once. */
#include "lang/eval/attributes.h"

#include "lang/builtins/builtin.h"
#include "lang/autograd/autograd.h"
#include "lang/eval/function.h"
#include "lang/eval/operators.h"
#include "lang/eval/suggest.h"

#include <stdio.h>
#include <string.h>

const char *ls_attribute_prefix(ls_value v) {
    switch ((ls_tag)v.tag) {
    case LS_BOOL:
    case LS_INT: return "int";
    case LS_FLOAT: return "float";
    case LS_NPSCALAR: return "ndarray";
    case LS_ARRAY: return v.array->kind == LSV_TORCH ? "tensor" : "ndarray";
    case LS_STR: return "str";
    case LS_TUPLE: return v.tuple->is_size ? "size" : "tuple";
    case LS_LIST: return "list";
    case LS_DICT: return "dict";
    case LS_RANGE: return "range";
    case LS_SLICE: return "slice";
    case LS_DTYPE: return "dtype";
    case LS_RNG: return v.rng->rng.type == LSV_RNG_TORCH ? "torchgenerator" : v.rng->rng.type == LSV_RNG_LEGACY ? "randomstate" : "generator";
    case LS_OPAQUE: return v.opaque->type->name;
    case LS_ITER: return v.iter->type;
    case LS_FUNCTION: return "function";
    case LS_TYPE: return v.type->name;
    case LS_BUILTIN: return ls_is_ufunc(v.builtin) ? "ufunc" : "";
    default: return "";
    }
}

/* The general kind a special one falls back to. */
const char *ls_kind_fallback(const char *prefix) {
    static const char *const pairs[][2] = {
        {"size", "tuple"}, {"randomstate", "generator"}, {"torchgenerator", "generator"}, {"int", "float"}, {"bool", "int"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (strcmp(pairs[i][0], prefix) == 0) return pairs[i][1];
    return NULL;
}

const ls_builtin *ls_kind_record(const char *kind, const char *name) {
    char qualified[128];
    for (const char *prefix = kind; prefix && *prefix; prefix = ls_kind_fallback(prefix)) {
        snprintf(qualified, sizeof qualified, "%s.%s", prefix, name);
        const ls_builtin *b = ls_builtin_find(qualified);
        if (b) return b;
    }
    return NULL;
}

const ls_builtin *ls_attribute_record(ls_value v, const char *name) {
    const ls_builtin *b = ls_kind_record(ls_attribute_prefix(v), name);
    if (b) return b;
    if (v.tag == LS_NPSCALAR && lsv_dtype_is_float((lsv_dtype)v.dtype)) /* np.float64 is a float too */
        return ls_attribute_record(ls_float(0), name);
    return NULL;
}

/* itertools.chain.from_iterable, tqdm.write: a function's own functions are records below its names. */
const ls_builtin *ls_builtin_below(const ls_builtin *f, const char *name) {
    for (const char *p = f->names; *p;) {
        char qualified[160];
        size_t n = strcspn(p, " ");
        snprintf(qualified, sizeof qualified, "%.*s.%s", (int)n, p, name);
        const ls_builtin *b = n ? ls_builtin_find(qualified) : NULL;
        if (b) return b;
        p += n;
        while (*p == ' ') p++;
    }
    return NULL;
}

static bool text(ls_interp *in, const char *s, ls_value *out) {
    *out = s ? ls_str_from(s) : ls_none();
    return out->tag != LS_UNSET || ls_no_memory(in);
}

/* What the objects of the language itself have; false: not one of these. */
static bool own_attribute(ls_interp *in, ls_value v, const char *name, ls_value *out, bool *ok) {
    *ok = true;
    bool is_name = strcmp(name, "__name__") == 0, is_doc = strcmp(name, "__doc__") == 0;
    switch ((ls_tag)v.tag) {
    case LS_TUPLE:
        for (int i = 0; v.tuple->record && i < v.tuple->n; i++)
            if (strcmp(v.tuple->record->fields[i], name) == 0) {
                *out = ls_ref(v.tuple->items[i]);
                return true;
            }
        return false;
    case LS_SLICE:
    case LS_RANGE: {
        static const char *const names[] = {"start", "stop", "step"};
        for (int i = 0; i < 3; i++)
            if (strcmp(name, names[i]) == 0) {
                *out = v.tag == LS_SLICE ? ls_ref(i == 0 ? v.slice->start : i == 1 ? v.slice->stop : v.slice->step)
                                         : ls_int(i == 0 ? v.range->start : i == 1 ? v.range->stop : v.range->step);
                return true;
            }
        return false;
    }
    case LS_FUNCTION:
        if (is_name || is_doc) *ok = text(in, is_name ? ls_function_name(v.function) : ls_function_doc(v.function), out);
        return is_name || is_doc;
    case LS_BUILTIN:
        if (is_name || is_doc) *ok = text(in, is_name ? ls_builtin_own_name(v.builtin) : v.builtin->summary, out);
        return is_name || is_doc;
    case LS_TYPE:
        if (is_name) *ok = text(in, v.type->name, out);
        return is_name;
    case LS_MODULE:
        if (is_name) *ok = text(in, v.module->name, out);
        return is_name;
    default: return false;
    }
}

static bool missing(ls_interp *in, ls_value v, const char *name) {
    if (v.tag == LS_MODULE) ls_raise(in, "AttributeError", "module '%s' has no attribute '%s'", v.module->name, name);
    else if (v.tag == LS_ARRAY && v.array->kind == LSV_NUMPY) ls_raise(in, "AttributeError", "'numpy.ndarray' object has no attribute '%s'", name);
    else if (v.tag == LS_TYPE) ls_raise(in, "AttributeError", "type object '%s' has no attribute '%s'", v.type->name, name);
    else ls_raise(in, "AttributeError", "'%s' object has no attribute '%s'", v.tag == LS_NPSCALAR || (v.tag == LS_BUILTIN && ls_is_ufunc(v.builtin)) ? ls_type_of(v)->shown : ls_type_name(v), name);
    ls_suggest_attribute(in, v, name);
    return false;
}

/* A module's function or constant; a setting (torch.backends.cuda.matmul.allow_tf32) is read at once. */
static bool module_attribute(ls_interp *in, ls_value v, const char *name, ls_value *out) {
    if (!ls_module_attribute(v.module, name, out)) return missing(in, v, name);
    if (out->tag != LS_BUILTIN || out->builtin->kind != LS_ATTRIBUTE) return true;
    const ls_builtin *b = out->builtin;
    *out = ls_none();
    return b->function(in, b, &v, out);
}

/* The record of a module's setting; NULL: none. */
static const ls_builtin *setting(ls_value module, const char *name) {
    ls_value v;
    if (!ls_module_attribute(module.module, name, &v)) return NULL;
    bool found = v.tag == LS_BUILTIN && v.builtin->kind == LS_ATTRIBUTE;
    ls_drop(v); /* a record is static */
    return found ? v.builtin : NULL;
}

bool ls_attribute(ls_interp *in, ls_value v, const char *name, ls_value *out) {
    if (v.tag == LS_MODULE) return module_attribute(in, v, name, out);
    bool ok;
    if (own_attribute(in, v, name, out, &ok)) return ok;
    const ls_builtin *below = v.tag == LS_BUILTIN ? ls_builtin_below(v.builtin, name) : NULL;
    if (below) {
        *out = (ls_value){.tag = LS_BUILTIN, .builtin = below};
        return true;
    }
    const ls_builtin *b = ls_attribute_record(v, name);
    if (!b && ls_numeric_list(v)) { /* [[1, 2]].T: a numeric list acts as an array */
        lsv_array *a;
        if (!ls_as_array(in, v, LSV_NUMPY, -1, &a)) return false;
        ls_value array = ls_array(a);
        ok = ls_attribute_record(array, name) ? ls_attribute(in, array, name, out) : missing(in, v, name);
        ls_drop(array);
        return ok;
    }
    if (!b) return missing(in, v, name);
    if (v.tag == LS_TYPE) { /* str.upper: the method itself */
        *out = (ls_value){.tag = LS_BUILTIN, .builtin = b};
        return true;
    }
    if (b->kind == LS_ATTRIBUTE) {
        *out = ls_none();
        return b->function(in, b, &v, out) && (!(in->grad_enabled && ls_tracked(v)) || ls_grad_call(in, b, &v, 1, out));
    }
    *out = ls_method_new(v, (ls_value){.tag = LS_BUILTIN, .builtin = b});
    return out->tag != LS_UNSET || ls_no_memory(in);
}

bool ls_attribute_set(ls_interp *in, ls_value v, const char *name, ls_value value) {
    const ls_builtin *b = v.tag == LS_MODULE ? setting(v, name) : ls_attribute_record(v, name);
    if (b && b->set) return b->set(in, v, value);
    if (!b) return missing(in, v, name);
    return ls_raise(in, "AttributeError", "attribute '%s' of '%s' objects is not writable", name, ls_type_name(v));
}
