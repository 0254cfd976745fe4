/* Imports: a module is a view of the builtins' records, so importing only gives it a name. */
#include "lang/eval/suggest.h"
#include "lang/machine/vm.h"
#include <stdio.h>
#include <string.h>

static bool no_module(ls_interp *in, const char *name) {
    ls_suggestion s;
    static const char *const known[] = {"numpy", "torch", "jax", "math", "itertools", "tqdm", "time", "numpy.linalg", "torch.linalg", "numpy.random", "matplotlib", "matplotlib.pyplot"};
    ls_raise(in, "ModuleNotFoundError", "No module named '%s'", name);
    ls_suggest_start(&s, name);
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) ls_suggest_offer(&s, known[k]);
    if (ls_suggest_best(&s)) ls_hint(in, "did you mean `%s`?", s.best);
    else ls_hint(in, "lsv knows %s", ls_module_names());
    return false;
}

static bool import_module(ls_interp *in, const char *name, bool top, ls_value *out) {
    const ls_module *m = ls_module_find(name);
    if (!m) return no_module(in, name);
    if (top) {
        char package[64];
        snprintf(package, sizeof package, "%.*s", (int)strcspn(name, "."), name);
        const ls_module *p = ls_module_find(package);
        if (!p) return no_module(in, package);
        m = p;
    }
    *out = (ls_value){.tag = LS_MODULE, .module = m};
    return true;
}

typedef struct names { ls_interp *in; const ls_module *module; char prefix[64]; size_t n; ls_suggestion s; bool failed; } names;

static bool offer(void *ctx, const char *qualified, const ls_builtin *b) {
    (void)b;
    names *w = ctx;
    if (strncmp(qualified, w->prefix, w->n) == 0 && !strchr(qualified + w->n, '.')) ls_suggest_offer(&w->s, qualified + w->n);
    return true;
}

static bool import_name(ls_interp *in, ls_value module, const char *name, ls_value *out) {
    if (ls_module_attribute(module.module, name, out)) return true;
    ls_raise(in, "ImportError", "cannot import name '%s' from '%s'", name, module.module->name);
    names w = {.in = in, .module = module.module};
    w.n = (size_t)snprintf(w.prefix, sizeof w.prefix, "%s.", module.module->prefix);
    ls_suggest_start(&w.s, name);
    ls_builtin_each(offer, &w);
    if (ls_suggest_best(&w.s)) ls_hint(in, "did you mean `%s`?", w.s.best);
    return false;
}

/* from m import *: the names that are not there without a prefix anyway. */
static bool define(names *w, const char *qualified) {
    const char *name = qualified + w->n;
    if (strncmp(qualified, w->prefix, w->n) != 0 || strchr(name, '.') || name[0] == '_') return true;
    ls_value v;
    if (!ls_module_attribute(w->module, name, &v)) return true;
    bool ok = ls_global_set(w->in, name, v);
    ls_drop(v);
    w->failed = !ok;
    return ok;
}

static bool define_builtin(void *ctx, const char *qualified, const ls_builtin *b) {
    (void)b;
    return define(ctx, qualified);
}

static bool import_star(ls_interp *in, ls_value module) {
    names w = {.in = in, .module = module.module};
    w.n = (size_t)snprintf(w.prefix, sizeof w.prefix, "%s.", module.module->prefix);
    ls_builtin_each(define_builtin, &w);
    for (int k = 0; !w.failed && ls_constant_families[k]; k++)
        for (const ls_constant *c = ls_constant_families[k]; !w.failed && c->names; c++)
            for (const char *at = c->names; *at && !w.failed;) {
                char one[96];
                size_t n = strcspn(at, " ");
                snprintf(one, sizeof one, "%.*s", (int)n, at);
                define(&w, one);
                at += n;
                while (*at == ' ') at++;
            }
    return !w.failed;
}

bool ls_vm_import(ls_vm *vm, ls_value *R, const ls_insn *i) {
    const ls_code *code = vm->frame->code;
    ls_value v;
    if (i->op == OP_IMPORTSTAR) return import_star(vm->in, R[i->a]);
    bool ok = i->op == OP_IMPORT ? import_module(vm->in, code->name_lists[i->k].names[0], i->x & 16, &v)
                                 : import_name(vm->in, R[i->b], code->name_lists[i[1].word.k1].names[0], &v);
    if (ok) ls_put(&R[i->a], v);
    return ok;
}
