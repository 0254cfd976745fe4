/* Functions and the code they share. Code is counted: a function outlives the cell that defined
   it, and so does its source, which tracebacks and name?? show. */
#include "lang/eval/function.h"
#include "base/alloc.h"
#include "lang/compile/code.h"
#include <stdio.h>
#include <string.h>

ls_value ls_function_new(ls_code *code) {
    ls_value unset = {.tag = LS_UNSET};
    ls_function *f = lsv_calloc(1, sizeof *f);
    if (!f) return unset;
    f->head = (ls_obj){.refs = 1, .tag = LS_FUNCTION};
    if (code->ndefaults) f->defaults = lsv_calloc((size_t)(code->npositional + code->nkwonly), sizeof *f->defaults);
    if (code->ncaptures) f->cells = lsv_calloc((size_t)code->ncaptures, sizeof *f->cells);
    if ((code->ndefaults && !f->defaults) || (code->ncaptures && !f->cells)) {
        lsv_free(f->defaults);
        lsv_free(f->cells);
        lsv_free(f);
        return unset;
    }
    code->refs++;
    f->code = code;
    ls_link_object(&f->link);
    return (ls_value){.tag = LS_FUNCTION, .function = f};
}

void ls_function_clear(ls_function *f) {
    int ndefaults = f->defaults ? f->code->npositional + f->code->nkwonly : 0;
    for (int i = 0; i < ndefaults; i++) {
        ls_value old = f->defaults[i];
        f->defaults[i] = (ls_value){.tag = LS_UNSET};
        ls_drop(old);
    }
    for (int i = 0; f->cells && i < f->code->ncaptures; i++) {
        ls_value old = f->cells[i];
        f->cells[i] = (ls_value){.tag = LS_UNSET};
        ls_drop(old);
    }
}

void ls_function_destroy(ls_function *f) {
    ls_unlink_object(&f->link);
    ls_function_clear(f);
    lsv_free(f->defaults);
    lsv_free(f->cells);
    ls_code_release(f->code);
    lsv_free(f);
}

void ls_code_release(ls_code *code) {
    if (!code || --code->refs > 0) return;
    for (int i = 0; i < code->nconsts; i++) ls_drop(code->consts[i]);
    for (int i = 0; i < code->npool; i++) ls_drop(code->pool[i]);
    for (int i = 0; i < code->npatterns; i++) lsv_free(code->patterns[i].items);
    for (int i = 0; i < code->nname_lists; i++) lsv_free(code->name_lists[i].names);
    for (int i = 0; i < code->nplaces; i++) {
        lsv_free(code->places[i].spans);
        lsv_free(code->places[i].keywords);
    }
    for (int i = 0; i < code->nchildren; i++) ls_code_release(code->children[i]);
    void *blocks[] = {code->insns, code->spans, code->consts, code->pool, code->locals, code->patterns, code->caches,
                      code->name_lists, code->places, code->children, code->required, code->default_params,
                      code->wrapped, code->captures, code->doc};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) lsv_free(blocks[i]);
    if (code->source) ls_source_release(code->source);
    lsv_free(code);
}

const char *ls_function_name(const ls_function *f) { return f->code->name; }
const char *ls_function_doc(const ls_function *f) { return f->code->doc; }

ls_source *ls_function_source(const ls_function *f, ls_span *span) {
    *span = f->code->span;
    return f->code->source;
}

void ls_function_signature(const ls_function *f, char *buf, size_t n) {
    const ls_code *c = f->code;
    size_t used = 0;
#define ADD(...)                                                                                   \
    do {                                                                                           \
        if (used < n) used += (size_t)snprintf(buf + used, n - used, __VA_ARGS__);                 \
    } while (0)
    const char *comma = "";
    ADD("(");
    for (int i = 0; i < c->npositional + c->nkwonly; i++) {
        if (i == c->npositional) {
            if (c->star >= 0) ADD("%s*%s", comma, c->locals[c->star]);
            else ADD("%s*", comma);
            comma = ", ";
        }
        ADD("%s%s%s", comma, c->locals[i], c->required[i] ? "" : "=…");
        comma = ", ";
        if (i + 1 == c->nposonly) ADD(", /");
    }
    if (!c->nkwonly && c->star >= 0) {
        ADD("%s*%s", comma, c->locals[c->star]);
        comma = ", ";
    }
    if (c->doublestar >= 0) ADD("%s**%s", comma, c->locals[c->doublestar]);
    ADD(")");
#undef ADD
}
