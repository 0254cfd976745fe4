/* Calls: binding arguments to parameters by Python's rules, one binder for a program's functions and
   for builtins, and calling any value that can be called. */
#include "base/alloc.h"
#include "lang/eval/account.h"
#include "lang/autograd/autograd.h"
#include "lang/eval/device.h"
#include "lang/eval/suggest.h"
#include "lang/machine/vm.h"
#include <stdio.h>
#include <string.h>

/* The parameters of a callee, whichever kind it is: positional ones come first; *args and **kw
   stand somewhere behind them. */
typedef struct params {
    const char *name;               /* of the function */
    int n, npositional, star, doublestar;
    const ls_function *function;    /* one of these two */
    const ls_signature *signature;
    int skipped;                    /* a method's self is not counted in messages */
} params;

static const char *param_name(const params *p, int k) {
    return p->function ? p->function->code->locals[k] : p->signature->params[k].name;
}

static bool positional_only(const params *p, int k) {
    return p->function ? k < p->function->code->nposonly : p->signature->params[k].positional_only;
}

/* The default of parameter k, borrowed; NULL: it is required. */
static const ls_value *fallback(const params *p, int k) {
    if (p->function) return p->function->code->required[k] ? NULL : &p->function->defaults[k];
    return p->signature->params[k].required ? NULL : &p->signature->params[k].fallback;
}

static bool is_rest(const params *p, int k) { return k == p->star || k == p->doublestar; }

/* ---- messages, in Python's words ---- */

static bool too_many(ls_interp *in, const params *p, int given) {
    int most = p->npositional - p->skipped, least = 0;
    given -= p->skipped;
    for (int k = p->skipped; k < p->npositional; k++) least += !fallback(p, k);
    if (least == most)
        return ls_raise(in, "TypeError", "%s() takes %d positional argument%s but %d %s given", p->name, most, most == 1 ? "" : "s", given,
                        given == 1 ? "was" : "were");
    return ls_raise(in, "TypeError", "%s() takes from %d to %d positional arguments but %d %s given", p->name, least, most, given,
                    given == 1 ? "was" : "were");
}

static bool missing(ls_interp *in, const params *p, const ls_value *out, bool keyword_only) {
    char names[400];
    size_t used = 0;
    int count = 0, seen = 0;
    names[0] = 0;
    int from = keyword_only ? p->npositional : 0, to = keyword_only ? p->n : p->npositional;
    for (int k = from; k < to; k++) count += !is_rest(p, k) && out[k].tag == LS_UNSET && !fallback(p, k);
    if (!count) return true;
    for (int k = from; k < to && used < sizeof names; k++) {
        if (is_rest(p, k) || out[k].tag != LS_UNSET || fallback(p, k)) continue;
        const char *before = seen == 0 ? "" : seen + 1 < count ? ", " : count == 2 ? " and " : ", and ";
        used += (size_t)snprintf(names + used, sizeof names - used, "%s'%s'", before, param_name(p, k));
        seen++;
    }
    return ls_raise(in, "TypeError", "%s() missing %d required %s argument%s: %s", p->name, count, keyword_only ? "keyword-only" : "positional",
                    count == 1 ? "" : "s", names);
}

static bool unexpected(ls_interp *in, const params *p, const char *name) {
    ls_suggestion s;
    ls_suggest_start(&s, name);
    for (int k = 0; k < p->n; k++) {
        if (!is_rest(p, k) && positional_only(p, k) && strcmp(param_name(p, k), name) == 0)
            return ls_raise(in, "TypeError", "%s() got some positional-only arguments passed as keyword arguments: '%s'", p->name, name);
        if (!is_rest(p, k) && !positional_only(p, k)) ls_suggest_offer(&s, param_name(p, k));
    }
    ls_raise(in, "TypeError", "%s() got an unexpected keyword argument '%s'", p->name, name);
    if (ls_suggest_best(&s)) ls_hint(in, "did you mean `%s`?", s.best);
    return false;
}

/* ---- the binder ---- */

static int param_by_name(const params *p, const char *name) {
    for (int k = 0; k < p->n; k++) {
        if (is_rest(p, k) || positional_only(p, k)) continue;
        const char *have = param_name(p, k);
        if (have == name || strcmp(have, name) == 0) return k;
    }
    return -1;
}

static bool bind_keyword(ls_interp *in, const params *p, const char *name, ls_value v, ls_value *out) {
    int k = param_by_name(p, name);
    if (k >= 0) {
        if (out[k].tag != LS_UNSET) return ls_raise(in, "TypeError", "%s() got multiple values for argument '%s'", p->name, name);
        out[k] = v;
        return true;
    }
    if (p->doublestar < 0) return unexpected(in, p, name);
    ls_value key = ls_str_from(name);
    if (key.tag == LS_UNSET) return ls_no_memory(in);
    bool ok = ls_dict_set(out[p->doublestar].dict, key, v) || ls_no_memory(in);
    ls_drop(key);
    return ok;
}

/* out: p->n values, unset; filled with borrowed values, but for *args and **kw, which are owned (and are there,
   for the caller to drop, after a failure too). */
static bool bind(ls_interp *in, const params *p, const ls_value *args, int nargs, const char *const *names, int nkw, ls_value *out) {
    int taken = nargs < p->npositional ? nargs : p->npositional;
    for (int k = 0; k < taken; k++) out[k] = args[k];
    if (p->star >= 0) {
        out[p->star] = ls_tuple_of(nargs - taken, args + taken);
        if (out[p->star].tag == LS_UNSET) return ls_no_memory(in);
    }
    if (p->doublestar >= 0) {
        out[p->doublestar] = ls_dict_new();
        if (out[p->doublestar].tag == LS_UNSET) return ls_no_memory(in);
    }
    for (int k = 0; k < nkw; k++)
        if (!bind_keyword(in, p, names[k], args[nargs + k], out)) return false;
    if (nargs > taken && p->star < 0) return too_many(in, p, nargs);
    if (!missing(in, p, out, false) || !missing(in, p, out, true)) return false;
    for (int k = 0; k < p->n; k++)
        if (out[k].tag == LS_UNSET) out[k] = *fallback(p, k);
    return true;
}

bool ls_bind_function(ls_interp *in, ls_function *f, const ls_value *args, int nargs, const char *const *names, int nkw, ls_value *R) {
    const ls_code *c = f->code;
    int n = c->npositional + c->nkwonly + (c->star >= 0) + (c->doublestar >= 0);
    params p = {c->name, n, c->npositional, c->star, c->doublestar, f, NULL, 0};
    bool ok = bind(in, &p, args, nargs, names, nkw, R);
    for (int k = 0; k < n; k++) {
        if (is_rest(&p, k)) continue;
        if (ok) ls_ref(R[k]);
        else R[k] = (ls_value){.tag = LS_UNSET};
    }
    return ok;
}

/* ---- builtins ---- */

enum { MOST_PARAMS = 64 };

const ls_signature *ls_vm_signature(ls_interp *in, const ls_builtin *b) {
    ls_vm *vm = in->vm;
    size_t at = ((uintptr_t)b / sizeof *b) % LS_SIGNATURES;
    if (vm->signatures[at].builtin == b) return vm->signatures[at].signature;
    const ls_signature *s = ls_builtin_signature(in, b);
    if (s) {
        vm->signatures[at].builtin = b;
        vm->signatures[at].signature = s;
    }
    return s;
}

static bool is_method(const ls_builtin *b) {
    static const char *const kinds[] = {"ndarray.", "tensor.", "list.", "str.", "dict.", "tuple.", "int.", "float.", "generator.", "ufunc."};
    const char *space = strchr(b->names, ' ');
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (strncmp(b->names, kinds[k], strlen(kinds[k])) == 0 && (!space || strncmp(space + 1, "np.", 3) != 0)) return true;
    return false;
}

/* The function itself, and autograd's note of it. */
static inline bool apply(ls_interp *in, const ls_builtin *b, const ls_value *args, int n, ls_value *out) {
    bool ok = __builtin_expect(in->devices, 0) ? ls_device_call(in, b, args, n, out) : b->function(in, b, args, out);
    return ok && (!ls_grad_maybe(in, args, n) || ls_grad_call(in, b, args, n, out));
}

/* Autograd's changes in place, on the host's copies. */
static ls_grad_before inplace_on_device(ls_interp *in, const ls_builtin *b, const ls_value *args, int nargs, const char *const *names,
                                        int nkw, ls_value *out) {
    bool tracked = false;
    ls_hidden hidden;
    for (int k = 0; k < nargs + nkw; k++) tracked |= ls_tracked(args[k]);
    if (!tracked || !ls_device_any(args, nargs + nkw)) return ls_grad_inplace_call(in, b, args, nargs, names, nkw, out);
    if (!ls_device_hide(in, &hidden, args, nargs + nkw)) return LS_GRAD_FAILED;
    ls_grad_before before = ls_grad_inplace_call(in, b, args, nargs, names, nkw, out);
    if (before == LS_GRAD_DONE) lsv_host_changed(args[0].array);
    ls_device_show(&hidden);
    return before;
}

/* The same, with a record of it where somebody may ask for one. */
static inline bool accounted(ls_interp *in, const ls_builtin *b, const ls_value *args, int n, ls_value *out) {
    if (__builtin_expect(!in->account, 1)) return apply(in, b, args, n, out);
    ls_account_begin(in);
    bool ok = apply(in, b, args, n, out);
    ls_account_end(in, b, args, n, *out, ok);
    return ok;
}

bool ls_call_builtin(ls_interp *in, const ls_builtin *b, const ls_value *args, int nargs, const char *const *names, int nkw, ls_value *out) {
    const ls_signature *s = ls_vm_signature(in, b);
    if (!s) return false;
    if (__builtin_expect(b->kind == LS_SUBSCRIPTED, 0)) return ls_raise(in, "TypeError", "'%s' object is not callable", ls_builtin_type(b)->name);
    in->blame = -1;
    *out = ls_none();
    if (nargs && ls_is_tensor(args[0])) {
        ls_grad_before before = in->devices ? inplace_on_device(in, b, args, nargs, names, nkw, out)
                                            : ls_grad_inplace_call(in, b, args, nargs, names, nkw, out);
        if (before != LS_GRAD_GO_ON) return before == LS_GRAD_DONE;
    }
    if (nkw == 0 && nargs == s->nparams && s->npositional == nargs) return accounted(in, b, args, nargs, out);
    ls_value bound[MOST_PARAMS];
    if (s->nparams > MOST_PARAMS) return ls_raise(in, "SystemError", "%s has too many parameters", b->names);
    memset(bound, 0, (size_t)s->nparams * sizeof *bound);
    params p = {ls_builtin_short_name(b), s->nparams, s->npositional, s->star, s->doublestar, NULL, s, is_method(b)};
    bool ok = bind(in, &p, args, nargs, names, nkw, bound) && accounted(in, b, bound, s->nparams, out);
    if (s->star >= 0) ls_drop(bound[s->star]);
    if (s->doublestar >= 0) ls_drop(bound[s->doublestar]);
    return ok;
}

void ls_vm_blame(ls_vm *vm, const ls_insn *at, const ls_builtin *b, bool method) {
    ls_interp *in = vm->in;
    const ls_code *code = vm->frame->code;
    const ls_places *p = ls_vm_places(code, at);
    int blame = in->blame, found = -1;
    in->blame = -1;
    if (blame < 0 || !p || in->error.source) return;
    const ls_signature *s = ls_vm_signature(in, b);
    if (!s || blame >= s->nparams) return;
    int first = !method && at->op == OP_CALLM ? 1 : 0; /* the module is no argument */
    for (int k = 0; k < p->n && p->keywords; k++)
        if (p->keywords[k] && strcmp(p->keywords[k], s->params[blame].name) == 0) found = k;
    if (found < 0 && first + blame < p->n && !(p->keywords && p->keywords[first + blame])) found = first + blame;
    if (found >= 0) ls_vm_place(vm, p->spans[found]);
}

/* ---- calling anything ---- */

static bool call_function(ls_interp *in, ls_value f, const ls_value *args, int nargs, const char *const *names, int nkw, ls_value *out) {
    ls_vm *vm = in->vm;
    ls_code *code = f.function->code;
    if (!ls_vm_push(vm, code, ls_ref(f), 0, true)) {
        ls_drop(f);
        return false;
    }
    ls_value *R = vm->frame->R;
    bool ok = ls_bind_function(in, f.function, args, nargs, names, nkw, R);
    for (int k = 0; ok && k < code->nwrapped; k++) {
        ls_value cell = ls_cell_new(R[code->wrapped[k]]);
        ok = cell.tag != LS_UNSET || ls_no_memory(in);
        if (ok) ls_put(&R[code->wrapped[k]], cell);
    }
    if (!ok) {
        ls_vm_pop(vm);
        return false;
    }
    return ls_vm_run(vm, out);
}

static bool call_method(ls_interp *in, const ls_method *m, const ls_value *args, int nargs, const char *const *names, int nkw, ls_value *out) {
    enum { FEW = 16 };
    ls_value few[FEW], *all = few;
    if (nargs + nkw + 1 > FEW) all = lsv_malloc((size_t)(nargs + nkw + 1) * sizeof *all);
    if (!all) return ls_no_memory(in);
    all[0] = m->self;
    if (nargs + nkw) memcpy(all + 1, args, (size_t)(nargs + nkw) * sizeof *all);
    bool ok = ls_call_kw(in, m->function, all, nargs + 1, names, nkw, out);
    if (all != few) lsv_free(all);
    return ok;
}

/* np.float32(x): x as a scalar (or array) of that dtype. */
static bool call_dtype(ls_interp *in, ls_value f, const ls_value *args, int nargs, int nkw, ls_value *out) {
    if (f.kind == LSV_TORCH) return ls_raise(in, "TypeError", "'torch.dtype' object is not callable");
    if (nkw || nargs > 1) return ls_raise(in, "TypeError", "%s() takes one positional argument", lsv_dtype_name((lsv_dtype)f.dtype));
    lsv_array *a;
    lsv_error err;
    if (nargs == 1 && args[0].tag == LS_STR) {
        double x;
        if (!ls_as_double(in, args[0], "value", &x)) return false;
        return ls_call_kw(in, f, (ls_value[]){ls_float(x)}, 1, NULL, 0, out);
    }
    if (!ls_as_array(in, nargs ? args[0] : ls_int(0), LSV_NUMPY, f.dtype, &a)) return false;
    lsv_array *copy = a;
    if (a->ndim && lsv_copy(a, &copy, &err) != LSV_OK) {
        lsv_release(a);
        return ls_raise_lsv(in, &err);
    }
    if (copy != a) lsv_release(a);
    *out = ls_from_array(copy);
    return true;
}

/* int("3"), list(xs), …: a type's constructor is the builtin of its name. */
static const ls_builtin *constructor(const ls_type *type) {
    static const char *const prefixes[] = {"", "np.", "torch.", "torch.nn.", "np.random."};
    char name[96];
    for (size_t k = 0; k < sizeof prefixes / sizeof *prefixes; k++) {
        snprintf(name, sizeof name, "%s%s", prefixes[k], type->name);
        const ls_builtin *b = ls_builtin_find(name);
        if (b) return b;
    }
    return NULL;
}

bool ls_call_kw(ls_interp *in, ls_value f, const ls_value *args, int nargs, const char *const *names, int nkw, ls_value *out) {
    const ls_builtin *b;
    switch ((ls_tag)f.tag) {
    case LS_FUNCTION: return call_function(in, f, args, nargs, names, nkw, out);
    case LS_BUILTIN: return ls_call_builtin(in, f.builtin, args, nargs, names, nkw, out);
    case LS_METHOD: return call_method(in, f.method, args, nargs, names, nkw, out);
    case LS_DTYPE: return call_dtype(in, f, args, nargs, nkw, out);
    case LS_TYPE:
        b = constructor(f.type);
        if (b) return ls_call_builtin(in, b, args, nargs, names, nkw, out);
        return ls_raise(in, "TypeError", "cannot create '%s' instances", f.type->name);
    case LS_MODULE: /* tqdm is a module and a function */
        b = NULL;
        {
            ls_value v;
            if (ls_module_attribute(f.module, f.module->name, &v)) {
                bool ok = v.tag == LS_BUILTIN && ls_call_builtin(in, v.builtin, args, nargs, names, nkw, out);
                ls_drop(v);
                if (ok || in->error.set) return ok;
            }
        }
        ls_raise(in, "TypeError", "'module' object is not callable");
        return false;
    case LS_OPAQUE: {
        b = NULL;
        char name[96];
        snprintf(name, sizeof name, "%s.__call__", f.opaque->type->name);
        b = ls_builtin_find(name);
        if (b) {
            ls_value self = f;
            ls_method m = {.self = self, .function = {.tag = LS_BUILTIN, .builtin = b}};
            return call_method(in, &m, args, nargs, names, nkw, out);
        }
        if (nargs == 1 && nkw == 0 && args[0].tag == LS_FUNCTION) { /* a decorator: @torch.no_grad() */
            *out = ls_ref(args[0]);
            return true;
        }
    }
    /* fall through */
    default: break;
    }
    ls_raise(in, "TypeError", "'%s' object is not callable", ls_type_name(f));
    if (ls_is_number(f)) ls_hint(in, "is an operator missing in front of the bracket?");
    else if (f.tag == LS_ARRAY || f.tag == LS_LIST || f.tag == LS_TUPLE || f.tag == LS_DICT) ls_hint(in, "elements are taken with square brackets, as in x[0]");
    return false;
}

bool ls_call(ls_interp *in, ls_value f, const ls_value *args, int nargs, ls_value *out) {
    return ls_call_kw(in, f, args, nargs, NULL, 0, out);
}

/* f(*xs, **kw): at[0] with list at[1] and dictionary at[2] (or unset) spread out; all three are dropped. */
bool ls_call_spread(ls_vm *vm, ls_value *at, ls_value *out) {
    const ls_list *list = at[1].list;
    const ls_dict *dict = at[2].tag == LS_DICT ? at[2].dict : NULL;
    ptrdiff_t n = list->n + (dict ? dict->n : 0), k = list->n;
    ls_value *args = lsv_malloc((size_t)(n + 1) * sizeof *args);
    const char **names = lsv_malloc((size_t)(n + 1) * sizeof *names);
    bool ok = args && names && n < INT32_MAX;
    if (ok) {
        for (ptrdiff_t j = 0; j < list->n; j++) args[j] = list->items[j];
        for (ptrdiff_t e = 0; dict && e < dict->used; e++) {
            if (dict->entries[e].key.tag == LS_UNSET) continue;
            names[k - list->n] = dict->entries[e].key.str->data;
            args[k++] = dict->entries[e].value;
        }
        ok = ls_call_kw(vm->in, at[0], args, (int)list->n, names, (int)(k - list->n), out);
    } else ls_no_memory(vm->in);
    lsv_free(args);
    lsv_free(names);
    ls_drop_arguments(at, 2);
    return ok;
}
