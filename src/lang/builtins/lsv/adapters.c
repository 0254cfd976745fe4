/* An adapter as a value: an ordered mapping from names of modules to their factors. adapter[name] is the pair (B, A) as
   it is stored; what is done with it (scale, layout, kernel) is in adapter.delta(name), the update itself. It holds
   the library's adapter, so factors stay in the mapped file until they are asked for. */
#include "lang/builtins/lsv/adapters.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "file/inside.h"

static const ls_type adapter_type = {"Adapter", "lsv.Adapter"};

static void drop(void *payload) { lsv_adapter_free(payload); }

lsv_adapter *ls_adapter_of(ls_value v) { return v.tag == LS_OPAQUE && v.opaque->type == &adapter_type ? v.opaque->payload : NULL; }
lsv_kind ls_adapter_kind(ls_value v) { return (lsv_kind)v.opaque->number; }

/* ---- what it shows ---- */

static const char *const kinds[] = {"linear", "conv", "embedding"};

static void shape_text(const lsv_adapter_module *m, char *buf, size_t n) {
    ptrdiff_t in = m->in;
    size_t at;
    for (int k = 0; k < m->nkernel; k++) in /= m->kernel[k];
    at = (size_t)snprintf(buf, n, "%td x %td", m->transposed ? in : m->out, m->transposed ? m->out : in);
    for (int k = 0; k < m->nkernel && at < n; k++) at += (size_t)snprintf(buf + at, n - at, " x %td", m->kernel[k]);
}

static void row(lsv_text *t, const lsv_adapter *a, ptrdiff_t i, int name, int shape) {
    const lsv_adapter_module *m = lsv_adapter_at(a, i);
    char sizes[120];
    shape_text(m, sizes, sizeof sizes);
    lsv_text_printf(t, "\n  %-*s  %-9s  %-*s  %4td  %5.5g  %.6g", name, m->name, kinds[m->kind], shape, sizes, m->rank, m->alpha, m->scale);
}

static bool adapter_repr(ls_interp *in, lsv_text *t, ls_value v) {
    const lsv_adapter *a = v.opaque->payload;
    ptrdiff_t n = lsv_adapter_count(a), least = 0, most = 0;
    int name = 6, shape = 5;
    char sizes[120];
    (void)in;
    for (ptrdiff_t i = 0; i < n; i++) {
        const lsv_adapter_module *m = lsv_adapter_at(a, i);
        shape_text(m, sizes, sizeof sizes);
        if (i == 0 || m->rank < least) least = m->rank;
        if (m->rank > most) most = m->rank;
        name = (int)strlen(m->name) > name ? (int)strlen(m->name) : name;
        shape = (int)strlen(sizes) > shape ? (int)strlen(sizes) : shape;
    }
    lsv_text_printf(t, "Adapter of %td module%s", n, n == 1 ? "" : "s");
    if (n > 0) lsv_text_printf(t, least == most ? ", rank %td" : ", ranks %td to %td", least, most);
    if (lsv_adapter_tensors(a) > 0) lsv_text_printf(t, ", and %td whole tensor%s", lsv_adapter_tensors(a), lsv_adapter_tensors(a) == 1 ? "" : "s");
    if (n > 0) lsv_text_printf(t, "\n  %-*s  %-9s  %-*s  rank  alpha  scale", name, "module", "kind", shape, "shape");
    for (ptrdiff_t i = 0; i < n; i++) {
        if (n > 30 && i == 20) {
            lsv_text_printf(t, "\n  … %td more", n - 25);
            i = n - 5;
        }
        row(t, a, i, name, shape);
    }
    return !t->failed || ls_no_memory(in);
}

/* ---- as a mapping ---- */

static bool adapter_length(ls_interp *in, ls_value v, ptrdiff_t *n) {
    (void)in;
    *n = lsv_adapter_count(v.opaque->payload);
    return true;
}

static bool adapter_contains(ls_interp *in, ls_value v, ls_value item, bool *yes) {
    (void)in;
    *yes = item.tag == LS_STR && lsv_adapter_find(v.opaque->payload, item.str->data) >= 0;
    return true;
}

static bool next_name(ls_interp *in, ls_iter *it, ls_value *out) {
    const lsv_adapter *a = it->state[0].opaque->payload;
    if (it->pos >= lsv_adapter_count(a)) return false;
    *out = ls_str_from(lsv_adapter_at(a, it->pos++)->name);
    return out->tag != LS_UNSET || ls_no_memory(in);
}

static bool adapter_iterate(ls_interp *in, ls_value v, ls_value *iter) {
    *iter = ls_iter_new("adapter_iterator", next_name, lsv_adapter_count(v.opaque->payload));
    if (iter->tag == LS_UNSET) return ls_no_memory(in);
    iter->iter->state[0] = ls_ref(v);
    return true;
}

static bool name_of(ls_interp *in, const lsv_adapter *a, ls_value name, ptrdiff_t *i) {
    if (name.tag != LS_STR) return ls_raise(in, "TypeError", "the modules of an adapter go by their names (str), not by %s", ls_type_name(name));
    *i = lsv_adapter_find(a, name.str->data);
    if (*i >= 0) return true;
    ls_raise(in, "KeyError", "'%.200s'", name.str->data);
    for (ptrdiff_t k = 0; k < lsv_adapter_count(a); k++) {
        const char *full = lsv_adapter_at(a, k)->name;
        size_t n = strlen(full), m = name.str->length;
        if (n > m && full[n - m - 1] == '.' && strcmp(full + n - m, name.str->data) == 0) {
            ls_hint(in, "a module is called '%.160s'; list(adapter) gives all names", full);
            return false;
        }
    }
    ls_hint(in, "list(adapter) gives the names of its modules");
    return false;
}

static bool pair_of(ls_interp *in, lsv_adapter *a, ptrdiff_t i, lsv_kind kind, ls_value *out) {
    lsv_error err = {.status = LSV_OK};
    lsv_array *B, *A;
    if (lsv_adapter_factors(a, i, kind, &B, &A, &err) != LSV_OK) return ls_raise_lsv(in, &err);
    ls_value items[2] = {ls_array(B), ls_array(A)};
    *out = ls_tuple_of(2, items);
    ls_drop(items[0]);
    ls_drop(items[1]);
    return out->tag != LS_UNSET || ls_no_memory(in);
}

static bool adapter_get(ls_interp *in, ls_value v, ls_value index, ls_value *out) {
    ptrdiff_t i;
    return name_of(in, v.opaque->payload, index, &i) && pair_of(in, v.opaque->payload, i, ls_adapter_kind(v), out);
}

static const ls_hooks hooks = {.repr = adapter_repr, .length = adapter_length, .get = adapter_get, .contains = adapter_contains, .iterate = adapter_iterate};

bool ls_give_adapter(ls_work *w, ls_value *out, lsv_adapter *a, lsv_kind kind) {
    ls_value v = ls_opaque_new(&adapter_type, "Adapter");
    if (v.tag == LS_UNSET) {
        lsv_adapter_free(a);
        return ls_no_memory(w->in);
    }
    v.opaque->hooks = &hooks;
    v.opaque->release = drop;
    v.opaque->payload = a;
    v.opaque->number = kind;
    *out = v;
    return true;
}

void ls_adapter_warn(ls_work *w, const lsv_adapter *a, ptrdiff_t from) {
    const char *line;
    for (ptrdiff_t i = from; w->in->client.warn && (line = lsv_adapter_note(a, i)); i++) w->in->client.warn(w->in->client.ctx, line);
}

bool ls_adapter_module_arg(ls_work *w, lsv_adapter *a, ls_value name, ptrdiff_t *i) { return name_of(w->in, a, name, i); }

/* ---- methods ---- */

static lsv_adapter *self_of(const ls_value *args) { return args[0].opaque->payload; }

BUILTIN(adapter_keys) {
    ls_value list;
    if (!ls_to_list(w->in, args[0], &list)) return false;
    *out = list;
    return true;
}

/* values(), items(): op 1 with the names */
BUILTIN(adapter_items) {
    lsv_adapter *a = self_of(args);
    ls_value list = ls_list_new(lsv_adapter_count(a));
    bool ok = list.tag != LS_UNSET || ls_no_memory(w->in);
    for (ptrdiff_t i = 0; ok && i < lsv_adapter_count(a); i++) {
        ls_value pair = ls_none(), item;
        ok = pair_of(w->in, a, i, ls_adapter_kind(args[0]), &pair);
        if (!ok) break;
        if (w->self->op == 1) {
            ls_value two[2] = {ls_str_from(lsv_adapter_at(a, i)->name), pair};
            item = two[0].tag == LS_UNSET ? two[0] : ls_tuple_of(2, two);
            ls_drop(two[0]);
        } else item = ls_ref(pair);
        ok = (item.tag != LS_UNSET && ls_list_append(list.list, item)) || ls_no_memory(w->in);
        ls_drop(item);
        ls_drop(pair);
    }
    if (ok) *out = list;
    else if (list.tag != LS_UNSET) ls_drop(list);
    return ok;
}

BUILTIN(adapter_delta) {
    lsv_adapter *a = self_of(args);
    lsv_array *r;
    ptrdiff_t i;
    if (!ls_adapter_module_arg(w, a, args[1], &i)) return false;
    const lsv_adapter_module *m = lsv_adapter_at(a, i);
    lsv_dtype t = m->dtype_A == LSV_FLOAT64 || m->dtype_B == LSV_FLOAT64 ? LSV_FLOAT64 : LSV_FLOAT32;
    if (!ls_dtype_or(w, args[2], t, &t)) return false;
    lsv_status status = lsv_adapter_delta(a, i, ls_adapter_kind(args[0]), t, &r, &w->err);
    return ls_give_array(w, out, status, &r);
}

/* rank, alpha, scale of a module, by op */
BUILTIN(adapter_number) {
    ptrdiff_t i;
    if (!ls_adapter_module_arg(w, self_of(args), args[1], &i)) return false;
    const lsv_adapter_module *m = lsv_adapter_at(self_of(args), i);
    *out = w->self->op == 0 ? ls_int(m->rank) : ls_float(w->self->op == 1 ? m->alpha : m->scale);
    return true;
}

/* format, path */
BUILTIN(adapter_text) {
    const char *text = w->self->op ? lsv_adapter_path(self_of(args)) : lsv_adapter_format_name(lsv_adapter_format_of(self_of(args)));
    return text ? ls_give_value(w, out, ls_str_from(text)) : true;
}

BUILTIN(adapter_notes) {
    ls_value list = ls_list_new(0);
    const char *line;
    bool ok = list.tag != LS_UNSET || ls_no_memory(w->in);
    for (ptrdiff_t i = 0; ok && (line = lsv_adapter_note(self_of(args), i)); i++) {
        ls_value s = ls_str_from(line);
        ok = (s.tag != LS_UNSET && ls_list_append(list.list, s)) || ls_no_memory(w->in);
        if (s.tag != LS_UNSET) ls_drop(s);
    }
    if (ok) *out = list;
    else if (list.tag != LS_UNSET) ls_drop(list);
    return ok;
}

/* d[key] = value; takes value (LS_UNSET: no memory) */
static bool put(ls_work *w, ls_value d, const char *key, ls_value value) {
    bool ok = value.tag != LS_UNSET && ls_dict_set_text(d.dict, key, value);
    if (value.tag != LS_UNSET) ls_drop(value);
    return ok || ls_no_memory(w->in);
}

BUILTIN(adapter_metadata) {
    const char *key, *value;
    ls_value d = ls_dict_new();
    bool ok = d.tag != LS_UNSET || ls_no_memory(w->in);
    for (ptrdiff_t i = 0; ok && lsv_adapter_metadata(self_of(args), i, &key, &value); i++) ok = put(w, d, key, ls_str_from(value));
    if (ok) *out = d;
    else if (d.tag != LS_UNSET) ls_drop(d);
    return ok;
}

BUILTIN(adapter_tensors) {
    lsv_adapter *a = self_of(args);
    ls_value d = ls_dict_new();
    bool ok = d.tag != LS_UNSET || ls_no_memory(w->in);
    for (ptrdiff_t i = 0; ok && i < lsv_adapter_tensors(a); i++) {
        lsv_array *x;
        ok = ls_ok(w, lsv_adapter_tensor_get(a, i, ls_adapter_kind(args[0]), &x, &w->err));
        if (ok) ok = put(w, d, lsv_adapter_tensor_at(a, i)->name, ls_array(x));
    }
    if (ok) *out = d;
    else if (d.tag != LS_UNSET) ls_drop(d);
    return ok;
}

/* ---- settings: JSON as values ---- */

typedef struct json_reading { ls_work *w; ls_value into; int depth; } json_reading;

static bool json_value(json_reading *r, lsv_json *j, lsv_span v, ls_value *out, lsv_error *err);

static lsv_status json_element(void *ctx, lsv_json *j, lsv_span v, lsv_error *err) {
    json_reading *r = ctx;
    ls_value x;
    if (!json_value(r, j, v, &x, err)) return LSV_EVALUE;
    bool ok = ls_list_append(r->into.list, x);
    ls_drop(x);
    return ok ? LSV_OK : lsv_no_memory(err, 16);
}

static lsv_status json_member(void *ctx, lsv_json *j, const char *key, size_t n, lsv_span v, lsv_error *err) {
    json_reading *r = ctx;
    ls_value x;
    (void)n;
    if (!json_value(r, j, v, &x, err)) return LSV_EVALUE;
    bool ok = ls_dict_set_text(r->into.dict, key, x);
    ls_drop(x);
    return ok ? LSV_OK : lsv_no_memory(err, n);
}

static bool json_container(json_reading *r, lsv_json *j, lsv_span v, ls_value *out, lsv_error *err) {
    bool list = *v.at == '[';
    json_reading inner = {r->w, list ? ls_list_new(0) : ls_dict_new(), r->depth + 1};
    if (inner.into.tag == LS_UNSET) return false;
    lsv_status status = r->depth > 16 ? LSV_EVALUE : list ? lsv_json_elements(j, v, json_element, &inner, err) : lsv_json_members(j, v, json_member, &inner, err);
    if (status == LSV_OK) *out = inner.into;
    else ls_drop(inner.into);
    return status == LSV_OK;
}

static bool json_value(json_reading *r, lsv_json *j, lsv_span v, ls_value *out, lsv_error *err) {
    char *text;
    double x;
    if (*v.at == '[' || *v.at == '{') return json_container(r, j, v, out, err);
    if (*v.at == '"') {
        if (lsv_json_string(j, v, &text, err) != LSV_OK) return false;
        *out = ls_str_from(text);
        lsv_free(text);
        return out->tag != LS_UNSET;
    }
    *out = *v.at == 't' ? ls_bool(true) : *v.at == 'f' ? ls_bool(false) : ls_none();
    if (strchr("tfn", *v.at)) return true;
    if (lsv_json_number(j, v, "a setting", &x, err) != LSV_OK) return false;
    bool whole = !memchr(v.at, '.', v.n) && !memchr(v.at, 'e', v.n) && !memchr(v.at, 'E', v.n) && fabs(x) < 9e15;
    *out = whole ? ls_int((int64_t)x) : ls_float(x);
    return true;
}

BUILTIN(adapter_config) {
    lsv_adapter *a = self_of(args);
    ls_value d = ls_dict_new();
    bool ok = d.tag != LS_UNSET || ls_no_memory(w->in);
    for (ptrdiff_t i = 0; ok && i < lsv_adapter_settings(a); i++) {
        const char *json, *key = lsv_adapter_setting_at(a, i, &json);
        json_reading r = {w, d, 0};
        lsv_json j;
        ls_value x = ls_none();
        ok = ls_ok(w, lsv_json_begin(&j, key, json, strlen(json), &w->err));
        if (ok && !json_value(&r, &j, (lsv_span){json, strlen(json)}, &x, &w->err)) ok = w->err.status == LSV_OK ? ls_no_memory(w->in) : ls_ok(w, LSV_EVALUE);
        if (ok) ok = put(w, d, key, x);
        lsv_json_end(&j);
    }
    if (ok) *out = d;
    else if (d.tag != LS_UNSET) ls_drop(d);
    return ok;
}

const ls_builtin ls_family_adapter_value[] = {
    {"Adapter.keys", "(self)", "The names of its modules, a list", NULL,
     ">>> a = adapter({\"q\": ([[1.0], [2.0]], [[3.0, 4.0]])}, alpha=2)\n"
     ">>> a.keys()\n"
     "['q']\n"
     ">>> [name for name in a]\n"
     "['q']\n", adapter_keys, 0, LS_CALLABLE, NULL},
    {"Adapter.values", "(self)", "The pairs (B, A) of its modules, a list", NULL,
     ">>> a = adapter({\"q\": ([[1.0], [2.0]], [[3.0, 4.0]])}, alpha=2)\n"
     ">>> B, A = a.values()[0]\n"
     ">>> B @ A\n"
     "array([[3., 4.],\n"
     "       [6., 8.]])\n", adapter_items, 0, LS_CALLABLE, NULL},
    {"Adapter.items", "(self)", "Names with their pairs (B, A), a list", NULL,
     ">>> a = adapter({\"q\": ([[1.0], [2.0]], [[3.0, 4.0]])}, alpha=2)\n"
     ">>> for name, (B, A) in a.items():\n"
     "...     print(name, B.shape, A.shape)\n"
     "q (2, 1) (1, 2)\n", adapter_items, 1, LS_CALLABLE, NULL},
    {"Adapter.delta", "(self, name, dtype=None)", "The module's update, scale * B @ A, in the shape of the base's weight",
     "Transposed where the base stores its weights input by output (fan_in_fan_out, embeddings), and with a convolution's kernel. float32, or float64 where a factor is.",
     ">>> a = adapter({\"q\": ([[1.0], [2.0]], [[3.0, 4.0]])}, alpha=2)\n"
     ">>> a.delta(\"q\")\n"
     "array([[ 6.,  8.],\n"
     "       [12., 16.]])\n", adapter_delta, 0, LS_CALLABLE, NULL},
    {"Adapter.rank", "(self, name)", "The module's rank", NULL,
     ">>> a = adapter({\"q\": ([[1.0], [2.0]], [[3.0, 4.0]])}, alpha=2)\n"
     ">>> a.rank(\"q\")\n"
     "1\n", adapter_number, 0, LS_CALLABLE, NULL},
    {"Adapter.alpha", "(self, name)", "The module's alpha", NULL,
     ">>> a = adapter({\"q\": ([[1.0], [2.0]], [[3.0, 4.0]])}, alpha=2)\n"
     ">>> a.alpha(\"q\")\n"
     "2.0\n", adapter_number, 1, LS_CALLABLE, NULL},
    {"Adapter.scale", "(self, name)", "What the module's B @ A is multiplied by: alpha / rank, with rsLoRA alpha / sqrt(rank)", NULL,
     ">>> a = adapter({\"q\": ([[1.0], [2.0]], [[3.0, 4.0]])}, alpha=2)\n"
     ">>> a.scale(\"q\")\n"
     "2.0\n", adapter_number, 2, LS_CALLABLE, NULL},
    {"Adapter.format", "(self)", "The format of its file: \"peft\", \"kohya\" or \"diffusers\"", NULL,
     ">>> a = adapter({\"q\": ([[1.0], [2.0]], [[3.0, 4.0]])}, alpha=2)\n"
     ">>> a.format\n"
     "'peft'\n", adapter_text, 0, LS_ATTRIBUTE, NULL},
    {"Adapter.path", "(self)", "Where it was read from, or None", NULL,
     ">>> a = adapter({\"q\": ([[1.0], [2.0]], [[3.0, 4.0]])}, alpha=2)\n"
     ">>> a.path is None\n"
     "True\n", adapter_text, 1, LS_ATTRIBUTE, NULL},
    {"Adapter.config", "(self)", "Its configuration (adapter_config.json), a dictionary", NULL,
     ">>> a = adapter({\"q\": ([[1.0], [2.0]], [[3.0, 4.0]])}, config={\"task_type\": \"CAUSAL_LM\"})\n"
     ">>> a.config\n"
     "{'task_type': 'CAUSAL_LM'}\n", adapter_config, 0, LS_ATTRIBUTE, NULL},
    {"Adapter.metadata", "(self)", "The metadata of its file, a dictionary of strings", NULL,
     ">>> a = adapter({\"q\": ([[1.0], [2.0]], [[3.0, 4.0]])}, alpha=2)\n"
     ">>> a.metadata\n"
     "{}\n", adapter_metadata, 0, LS_ATTRIBUTE, NULL},
    {"Adapter.tensors", "(self)", "Whole tensors that take the place of the base's (modules_to_save, biases), a dictionary", NULL,
     ">>> a = adapter({\"q\": ([[1.0], [2.0]], [[3.0, 4.0]])}, tensors={\"score.bias\": zeros(2)})\n"
     ">>> a.tensors\n"
     "{'score.bias': array([0., 0.])}\n", adapter_tensors, 0, LS_ATTRIBUTE, NULL},
    {"Adapter.notes", "(self)", "What was noticed when it was read or made, a list of lines", NULL,
     ">>> a = adapter({\"q\": ([[1.0], [2.0]], [[3.0, 4.0]])}, alpha=2)\n"
     ">>> a.notes\n"
     "[]\n", adapter_notes, 0, LS_ATTRIBUTE, NULL},
    {.names = NULL}};
