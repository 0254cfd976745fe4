/* name? and name??: what a record, a function or a value has to say about itself. */
#include "repl/magic.h"

#include "lang/builtins/builtin.h"
#include "lang/eval/function.h"

#include <string.h>

static void show_builtin(session *s, const ls_builtin *b, bool more) {
    session_printf(s, "%s%s\n\n%s.\n", ls_builtin_short_name(b), b->signature, b->summary);
    if (b->doc) session_printf(s, "\n%s\n", b->doc);
    if (b->examples) session_printf(s, "\nExamples:\n%s\n", b->examples);
    if (more) session_printf(s, "\nAlso: %s\n", b->names);
}

static void show_function(session *s, const ls_function *f, bool more) {
    char signature[256];
    ls_function_signature(f, signature, sizeof signature);
    session_printf(s, "%s%s\n", ls_function_name(f), signature);
    if (ls_function_doc(f)) session_printf(s, "\n%s\n", ls_function_doc(f));
    if (!more) return;
    ls_span span;
    const ls_source *source = ls_function_source(f, &span);
    if (source) session_printf(s, "\n%.*s\n", (int)(span.end - span.start), source->text + span.start);
}

static bool show_value(session *s, ls_value v) {
    lsv_text t = {0};
    bool ok = ls_repr(s->in, &t, v);
    if (ok) session_printf(s, "Type:   %s\nValue:  %s\n", ls_type_name(v), t.data ? t.data : "");
    lsv_text_free(&t);
    return ok;
}

/* The value that a dotted name stands for; attributes of modules only, so nothing is computed. */
static bool look_up(session *s, char *name, ls_value *out) {
    char *dot = strchr(name, '.');
    if (dot) *dot = 0;
    *out = ls_name_lookup(s->in, name);
    while (dot && out->tag == LS_MODULE) {
        char *part = dot + 1;
        ls_value next;
        dot = strchr(part, '.');
        if (dot) *dot = 0;
        if (!ls_module_attribute(out->module, part, &next)) return false;
        ls_drop(*out);
        *out = next;
    }
    return out->tag != LS_UNSET && !dot;
}

bool magic_help(session *s, const char *line) {
    char name[128];
    const char *start = line + strspn(line, "? \t");
    size_t n = strcspn(start, "? \t");
    bool more = strstr(line, "??") != NULL;
    if (n == 0 || n >= sizeof name) return ls_raise(s->in, "UsageError", "write name? for help on a name");
    memcpy(name, start, n);
    name[n] = 0;
    ls_value v = {.tag = LS_UNSET};
    if (!look_up(s, name, &v)) {
        ls_drop(v);
        session_printf(s, "Object `%.*s` not found.\n", (int)n, start);
        return true;
    }
    bool ok = true;
    const ls_builtin *type = v.tag == LS_TYPE ? ls_builtin_find(v.type->name) : NULL;
    if (v.tag == LS_BUILTIN) show_builtin(s, v.builtin, more);
    else if (type) show_builtin(s, type, more);
    else if (v.tag == LS_FUNCTION) show_function(s, v.function, more);
    else ok = show_value(s, v);
    ls_drop(v);
    return ok;
}
