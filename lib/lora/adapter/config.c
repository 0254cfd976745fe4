/* adapter_config.json, in and out.

   Read: every member is kept as the text it is, in its order, so that what is not known here goes out as it came
   in; what decides the numbers is looked at besides. Settings that make an adapter something else than the sum
   W + scale * B @ A (DoRA, a bias of its own, factors relative to a base that PEFT changes when it loads) are in one table with
   what to do about them.

   Written: a configuration that nothing has changed goes out byte by byte. Else its members do, the ones that
   describe modules made anew from them: the commonest rank and scale as r and lora_alpha, the others in the patterns. A
   pattern of a module's plain name may match other modules too; the patterns are tried on all modules, and where one
   reaches too far all are written as exact expressions. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "lora/adapter/inside.h"

enum { CONFIG_MOST = 1 << 20, PATTERNS_MOST = 1 << 16, COMPILED_MOST = 1 << 24 };

/* ---- settings that are not W + scale * B @ A ---- */

static const struct { const char *key, *why, *what; } others[] = {
    {"use_dora", "DoRA scales the sum's columns by a vector of its own, which no B @ A can hold",
     "in Python: PeftModel.from_pretrained(…).merge_and_unload() makes a full model; lsv extracts an adapter from it"},
    {"lora_bias", "the adapter has biases of its own (lora_B.bias)",
     "in Python: PeftModel.from_pretrained(…).merge_and_unload() makes a full model; lsv extracts an adapter from it"},
    {"use_qalora", "QALoRA averages groups of inputs before A", "in Python: merge_and_unload() makes a full model"},
    {"use_bdlora", "BD-LoRA's factors are block-diagonal", "in Python: merge_and_unload() makes a full model"},
    {"kasa_config", "KaSA cuts the base's weights and has a diagonal between B and A", "in Python: merge_and_unload() makes a full model"},
    {"arrow_config", "an Arrow router's update depends on its input", "its experts' own adapters can be read"},
    {"alora_invocation_tokens", "an activated LoRA acts only after its invocation tokens: it is no sum with the weights", NULL},
    {"target_parameters", "the adapter is of parameters of several experts (target_parameters)", "in Python: merge_and_unload() makes a full model"},
    {"trainable_token_indices", "the adapter holds rows of the embedding (trainable tokens)", "in Python: merge_and_unload() makes a full model"},
};

/* Ways to begin training that change the base's weights. */
static const char *const moving[] = {"pissa", "olora", "corda", "lora_ga"};

/* null, false, 0, "", [] and {} say nothing. */
static bool says_nothing(lsv_span v) {
    if (v.n == 0 || (v.n == 4 && memcmp(v.at, "null", 4) == 0) || (v.n == 5 && memcmp(v.at, "false", 5) == 0)) return true;
    if (v.n == 1 && *v.at == '0') return true;
    if (*v.at == '"') return v.n == 2;
    if (*v.at != '[' && *v.at != '{') return false;
    for (size_t i = 1; i + 1 < v.n; i++)
        if (!strchr(" \t\r\n", v.at[i])) return false;
    return true;
}

typedef struct parsing {
    lsv_adapter *a;
    lsv_lora_config *c;
    bool any;
    size_t compiled;        /* bytes of all expressions */
    lsv_pattern_list *list; /* that is being read */
    const char *list_name;
} parsing;

static lsv_status bad(const lsv_json *j, lsv_span v, lsv_error *err, const char *key, const char *reason) {
    return lsv_fail(err, LSV_EVALUE, "%s: byte %td: %s: %s", lsv_tail(j->name, 160), v.at - j->text, key, reason);
}

static lsv_status refuse(parsing *p, const lsv_json *j, lsv_span v, const char *key, const char *why, const char *what, lsv_error *err) {
    if (p->any) return lsv_adapter_add_note(p->a, err, "%s: %s", key, why);
    lsv_status status = bad(j, v, err, key, why);
    if (what) lsv_hint(err, "%s", what);
    return status;
}

/* ---- patterns ---- */

static lsv_status pattern_member(void *ctx, lsv_json *j, const char *key, size_t n, lsv_span v, lsv_error *err) {
    parsing *p = ctx;
    lsv_pattern_list *l = p->list;
    lsv_pattern_value e = {0};
    void *block = l->at;
    if (l->n >= PATTERNS_MOST || p->compiled > COMPILED_MOST) return bad(j, v, err, p->list_name, "more patterns than any model has modules");
    LSV_TRY(lsv_json_number(j, v, p->list_name, &e.value, err));
    lsv_status status = lsv_grow(&block, l->n, &l->room, sizeof *l->at, err);
    l->at = block;
    LSV_TRY(status);
    e.key = lsv_strdup(key);
    if (!e.key) return lsv_no_memory(err, n);
    lsv_error detail = {.status = LSV_OK};
    status = lsv_pattern_new(key, LSV_PATTERN_SUFFIX, &e.pattern, &detail);
    if (status != LSV_OK) {
        lsv_free(e.key);
        if (status == LSV_EVALUE) return bad(j, v, err, p->list_name, detail.message);
        if (err) *err = detail;
        return status;
    }
    p->compiled += lsv_pattern_bytes(e.pattern);
    l->at[l->n++] = e;
    return LSV_OK;
}

static lsv_status patterns(parsing *p, lsv_json *j, const char *name, lsv_span v, lsv_pattern_list *list, lsv_error *err) {
    if (says_nothing(v)) return LSV_OK;
    p->list = list;
    p->list_name = name;
    return lsv_json_members(j, v, pattern_member, p, err);
}

/* A plain key says the same whatever else matches; the first of the file wins. */
lsv_status lsv_pattern_list_value(const lsv_pattern_list *l, const char *name, double fallback, double *value, lsv_error *err) {
    for (ptrdiff_t i = 0; i < l->n; i++) {
        bool matches;
        if (i % 64 == 0) LSV_TRY(lsv_poll(err));
        LSV_TRY(lsv_pattern_match(l->at[i].pattern, name, &matches, err));
        if (!matches) continue;
        *value = l->at[i].value;
        return LSV_OK;
    }
    for (ptrdiff_t i = 0; i < l->n; i++) /* the name itself, where as an expression it does not match itself */
        if (strcmp(l->at[i].key, name) == 0) {
            *value = l->at[i].value;
            return LSV_OK;
        }
    *value = fallback;
    return LSV_OK;
}

static void free_patterns(lsv_pattern_list *l) {
    for (ptrdiff_t i = 0; i < l->n; i++) {
        lsv_free(l->at[i].key);
        lsv_pattern_free(l->at[i].pattern);
    }
    lsv_free(l->at);
    *l = (lsv_pattern_list){0};
}

void lsv_lora_config_free(lsv_lora_config *c) {
    free_patterns(&c->ranks);
    free_patterns(&c->alphas);
}

/* ---- members ---- */

static lsv_status peft_type(parsing *p, lsv_json *j, const char *key, lsv_span v, lsv_error *err) {
    char *type, why[200];
    LSV_TRY(lsv_json_string(j, v, &type, err));
    bool lora = strcmp(type, "LORA") == 0;
    if (!lora) snprintf(why, sizeof why, "an adapter of type %.40s; only LORA is read here", type);
    lsv_free(type);
    if (lora) return LSV_OK;
    (void)p;
    lsv_status status = bad(j, v, err, key, why);
    lsv_hint(err, "in Python: merge_and_unload() makes a full model, from which lsv extracts an adapter");
    return lsv_error_clean(status, err);
}

static lsv_status beginning(parsing *p, lsv_json *j, const char *key, lsv_span v, lsv_error *err) {
    char *how;
    if (says_nothing(v) || *v.at != '"') return LSV_OK;
    LSV_TRY(lsv_json_string(j, v, &how, err));
    bool moves = false;
    for (size_t i = 0; i < sizeof moving / sizeof *moving; i++) moves = moves || strncmp(how, moving[i], strlen(moving[i])) == 0;
    lsv_free(how);
    if (!moves) return LSV_OK;
    return refuse(p, j, v, key, "the factors are relative to a base that PEFT changes when it loads them, not to the model's own weights",
                  "in Python: save_pretrained(…, path_initial_model_for_weight_conversion=…) writes an adapter of the unchanged base", err);
}

static lsv_status rank_setting(parsing *p, lsv_json *j, const char *key, lsv_span v, lsv_error *err) {
    LSV_TRY(lsv_json_number(j, v, key, &p->c->r, err));
    return p->c->r >= 0 && p->c->r <= 9007199254740992.0 && p->c->r == floor(p->c->r) ? LSV_OK : bad(j, v, err, key, "no rank");
}

static lsv_status alpha_setting(parsing *p, lsv_json *j, const char *key, lsv_span v, lsv_error *err) { return lsv_json_number(j, v, key, &p->c->alpha, err); }
static lsv_status rslora(parsing *p, lsv_json *j, const char *key, lsv_span v, lsv_error *err) { return says_nothing(v) ? LSV_OK : lsv_json_bool(j, v, key, &p->c->rslora, err); }
static lsv_status fan_in(parsing *p, lsv_json *j, const char *key, lsv_span v, lsv_error *err) { return says_nothing(v) ? LSV_OK : lsv_json_bool(j, v, key, &p->c->fan_in_fan_out, err); }
static lsv_status rank_pattern(parsing *p, lsv_json *j, const char *key, lsv_span v, lsv_error *err) { return patterns(p, j, key, v, &p->c->ranks, err); }
static lsv_status alpha_pattern(parsing *p, lsv_json *j, const char *key, lsv_span v, lsv_error *err) { return patterns(p, j, key, v, &p->c->alphas, err); }

static const struct { const char *key; lsv_status (*read)(parsing *p, lsv_json *j, const char *key, lsv_span v, lsv_error *err); } known[] = {
    {"peft_type", peft_type}, {"init_lora_weights", beginning}, {"r", rank_setting}, {"lora_alpha", alpha_setting}, {"use_rslora", rslora},
    {"fan_in_fan_out", fan_in}, {"rank_pattern", rank_pattern}, {"alpha_pattern", alpha_pattern}};

static lsv_status check_member(void *ctx, lsv_json *j, const char *key, size_t n, lsv_span v, lsv_error *err) {
    (void)ctx, (void)key, (void)n;
    return lsv_json_check(j, v, err);
}

static lsv_status check_element(void *ctx, lsv_json *j, lsv_span v, lsv_error *err) {
    (void)ctx;
    return lsv_json_check(j, v, err);
}

/* Well-formed, long lists and objects of short values too. */
static lsv_status check(lsv_json *j, lsv_span v, lsv_error *err) {
    if (v.n && *v.at == '{') return lsv_json_members(j, v, check_member, NULL, err);
    if (v.n && *v.at == '[') return lsv_json_elements(j, v, check_element, NULL, err);
    return lsv_json_check(j, v, err);
}

static lsv_status member(void *ctx, lsv_json *j, const char *key, size_t n, lsv_span v, lsv_error *err) {
    parsing *p = ctx;
    (void)n;
    for (ptrdiff_t i = 0; i < p->a->nsettings; i++)
        if (strcmp(p->a->settings[i].key, key) == 0) return bad(j, v, err, lsv_tail(key, 80), "the key comes twice");
    if (p->a->nsettings >= 4096) return bad(j, v, err, lsv_tail(key, 80), "more than 4096 settings");
    LSV_TRY(check(j, v, err));
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(key, known[i].key) == 0) LSV_TRY(known[i].read(p, j, key, v, err));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(key, others[i].key) == 0 && !says_nothing(v)) LSV_TRY(refuse(p, j, v, key, others[i].why, others[i].what, err));
    return lsv_adapter_put_setting(p->a, key, v.at, v.n, err);
}

lsv_status lsv_lora_config_parse(lsv_adapter *a, const char *name, const void *bytes, size_t n, bool any, lsv_lora_config *c, lsv_error *err) {
    const char *text = bytes;
    size_t start = 0, end = n;
    *c = (lsv_lora_config){.r = 8, .alpha = 8};
    if (n > CONFIG_MOST) return lsv_fail(err, LSV_EVALUE, "%s: byte 0: a configuration of %zu bytes; at most %d are allowed", lsv_tail(name, 200), n, CONFIG_MOST);
    while (start < n && strchr(" \t\r\n", text[start]) && text[start]) start++;
    while (end > start && strchr(" \t\r\n", text[end - 1]) && text[end - 1]) end--;
    if (memchr(bytes, 0, n)) return lsv_fail(err, LSV_EVALUE, "%s: a byte 0 in a configuration", lsv_tail(name, 200));
    lsv_json j;
    parsing p = {.a = a, .c = c, .any = any};
    LSV_TRY(lsv_json_begin(&j, name, text, n, err));
    lsv_status status = lsv_json_members(&j, (lsv_span){text + start, end - start}, member, &p, err);
    lsv_json_end(&j);
    if (status == LSV_OK && !(a->config = lsv_malloc(n ? n : 1))) status = lsv_no_memory(err, n);
    if (status == LSV_OK) {
        memcpy(a->config, bytes, n);
        a->config_bytes = n;
        a->rslora = c->rslora;
    } else lsv_lora_config_free(c);
    return lsv_error_clean(status, err);
}

/* ---- out ---- */

/* What a module goes out with: alpha by the adapter's rule of scales. */
static double alpha_out(const lsv_adapter *a, const lsv_adapter_module *m) {
    double r = (double)m->rank;
    return a->rslora || m->alpha / r == m->scale ? m->alpha : m->scale * r;
}

/* The commonest value above 0 of one per module. */
static double commonest(const double *values, ptrdiff_t n) {
    double best = 0;
    ptrdiff_t most = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        ptrdiff_t count = 0;
        if (values[i] == best || isnan(values[i])) continue;
        for (ptrdiff_t k = i; k < n; k++) count += values[k] == values[i];
        if (count > most) most = count, best = values[i];
        if (most > n / 2) break;
    }
    return best;
}

static void number(lsv_text *t, double x) {
    if (x == floor(x) && fabs(x) < 1e15) lsv_text_int(t, (int64_t)x);
    else lsv_text_float(t, x);
}

static lsv_status pattern_text(lsv_text *t, const char *name, bool exact, lsv_error *err) {
    char *key = NULL;
    if (exact) LSV_TRY(lsv_pattern_exactly(name, &key, err));
    lsv_json_quote(t, exact ? key : name);
    lsv_free(key);
    return LSV_OK;
}

/* {"name": value, …} of the modules whose value is not the usual one. */
static lsv_status pattern_object(const lsv_adapter *a, lsv_text *t, const double *values, double usual, bool exact, lsv_error *err) {
    bool first = true;
    lsv_text_putc(t, '{');
    for (ptrdiff_t i = 0; i < a->n; i++) {
        if (values[i] == usual || isnan(values[i])) continue;
        lsv_text_puts(t, first ? "\n    " : ",\n    ");
        first = false;
        LSV_TRY(pattern_text(t, a->modules[i].name, exact, err));
        lsv_text_puts(t, ": ");
        number(t, values[i]);
    }
    lsv_text_puts(t, first ? "}" : "\n  }");
    return t->failed ? lsv_no_memory(err, t->length) : LSV_OK;
}

/* Do plain names, as patterns, give every module its own value? Only a name that is the end of another can reach too
   far (or one with characters that mean something), so the ends of every name are looked up. */
static bool plain_serves(const lsv_adapter *a) {
    for (ptrdiff_t i = 0; i < a->n; i++) {
        const char *name = a->modules[i].name;
        if (!lsv_pattern_is_plain(name)) return false;
        for (const char *end = strchr(name, '.'); end; end = strchr(end + 1, '.'))
            if (lsv_name_map_get(&a->names, end + 1) >= 0) return false;
    }
    return true;
}

static lsv_status set_text(lsv_adapter *work, const char *key, lsv_text *t, lsv_error *err) {
    lsv_status status = t->failed ? lsv_no_memory(err, t->length) : lsv_adapter_put_setting(work, key, t->data, t->length, err);
    lsv_text_free(t);
    return status;
}

static lsv_status set_number(lsv_adapter *work, const char *key, double x, lsv_error *err) {
    lsv_text t = {0};
    number(&t, x);
    return set_text(work, key, &t, err);
}

static lsv_status set_ranks(const lsv_adapter *a, lsv_adapter *work, lsv_error *err) {
    double *r = lsv_malloc(2 * ((size_t)a->n + 1) * sizeof *r), *alpha = r + a->n;
    lsv_text ranks = {0}, alphas = {0};
    bool plain = plain_serves(a);
    if (!r) return lsv_no_memory(err, (size_t)a->n * sizeof *r);
    for (ptrdiff_t i = 0; i < a->n; i++) {
        r[i] = (double)a->modules[i].m.rank;
        alpha[i] = a->modules[i].m.rank ? alpha_out(a, &a->modules[i].m) : (double)NAN;
    }
    double usual_r = commonest(r, a->n), usual_alpha = commonest(alpha, a->n);
    lsv_status status = pattern_object(a, &ranks, r, usual_r, !plain, err);
    if (status == LSV_OK) status = pattern_object(a, &alphas, alpha, usual_alpha, !plain, err);
    lsv_free(r);
    if (status == LSV_OK) status = set_number(work, "r", usual_r, err);
    if (status == LSV_OK) status = set_number(work, "lora_alpha", usual_alpha, err);
    if (status == LSV_OK) status = set_text(work, "rank_pattern", &ranks, err);
    if (status == LSV_OK) status = set_text(work, "alpha_pattern", &alphas, err);
    lsv_text_free(&ranks);
    lsv_text_free(&alphas);
    return status;
}

static lsv_status set_targets(const lsv_adapter *a, lsv_adapter *work, lsv_error *err) {
    lsv_text t = {0};
    bool first = true;
    lsv_text_putc(&t, '[');
    for (ptrdiff_t i = 0; i < a->n; i++) {
        if (a->modules[i].m.rank == 0) continue;
        lsv_text_puts(&t, first ? "\n    " : ",\n    ");
        first = false;
        lsv_json_quote(&t, a->modules[i].name);
    }
    lsv_text_puts(&t, first ? "]" : "\n  ]");
    return set_text(work, "target_modules", &t, err);
}

/* Modules of the whole tensors, unless a setting names them already; a bias of an adapted module is PEFT's `bias`. */
static lsv_status set_kept(const lsv_adapter *a, lsv_adapter *work, lsv_error *err) {
    const char *said = lsv_adapter_setting(a, "modules_to_save");
    lsv_text t = {0};
    lsv_status status = LSV_OK;
    bool first = true, biases = false;
    if (a->ntensors == 0 || (said && strcmp(said, "null") != 0)) return LSV_OK;
    lsv_text_putc(&t, '[');
    for (ptrdiff_t i = 0; i < a->ntensors && status == LSV_OK; i++) {
        char *module = lsv_strdup(a->tensors[i].name), *dot = module ? strrchr(module, '.') : NULL;
        ptrdiff_t old = -1;
        if (!module) status = lsv_no_memory(err, strlen(a->tensors[i].name));
        if (dot) *dot = '\0';
        if (module && lsv_name_map_get(&a->names, module) >= 0) biases = true;
        else if (module && status == LSV_OK) {
            for (ptrdiff_t k = 0; k < i && old < 0; k++) { /* tensors are sorted: those of a module stand together */
                size_t n = strlen(module);
                if (strncmp(a->tensors[k].name, module, n) == 0 && a->tensors[k].name[n] == '.' && !strchr(a->tensors[k].name + n + 1, '.')) old = k;
            }
            if (old < 0) {
                lsv_text_puts(&t, first ? "\n    " : ",\n    ");
                lsv_json_quote(&t, module);
                first = false;
            }
        }
        lsv_free(module);
    }
    lsv_text_puts(&t, first ? "]" : "\n  ]");
    if (status == LSV_OK && !first) status = set_text(work, "modules_to_save", &t, err);
    lsv_text_free(&t);
    said = lsv_adapter_setting(a, "bias");
    if (status == LSV_OK && biases && (!said || strcmp(said, "\"none\"") == 0)) status = lsv_adapter_put_setting(work, "bias", "\"lora_only\"", 11, err);
    return status;
}

static int by_key(const void *a, const void *b) { return strcmp(((const lsv_setting *)a)->key, ((const lsv_setting *)b)->key); }

/* What PEFT needs, where nothing was said; the choices of the modules, always. */
static const struct { const char *key, *json; bool always; } usual[] = {
    {"peft_type", "\"LORA\"", true},       {"auto_mapping", "null", false},      {"base_model_name_or_path", "null", false}, {"bias", "\"none\"", false},
    {"inference_mode", "true", false},     {"init_lora_weights", "true", true},  {"lora_dropout", "0.0", false},             {"modules_to_save", "null", false},
    {"revision", "null", false},           {"task_type", "null", false},         {"use_dora", "false", true},                {"exclude_modules", "null", true},
    {"layers_pattern", "null", true},      {"layers_to_transform", "null", true}, {"lora_bias", "false", true}};

static lsv_status settle(const lsv_adapter *a, lsv_adapter *work, lsv_error *err) {
    bool turned = false;
    LSV_TRY(lsv_adapter_copy_rest(work, a, false, err));
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (usual[i].always || !lsv_adapter_setting(work, usual[i].key))
            LSV_TRY(lsv_adapter_put_setting(work, usual[i].key, usual[i].json, strlen(usual[i].json), err));
    for (ptrdiff_t i = 0; i < a->n; i++) turned = turned || (a->modules[i].m.transposed && a->modules[i].m.kind == LSV_MODULE_LINEAR);
    LSV_TRY(lsv_adapter_put_setting(work, "fan_in_fan_out", turned ? "true" : "false", turned ? 4 : 5, err));
    LSV_TRY(lsv_adapter_put_setting(work, "use_rslora", a->rslora ? "true" : "false", a->rslora ? 4 : 5, err));
    LSV_TRY(set_ranks(a, work, err));
    LSV_TRY(set_targets(a, work, err));
    return set_kept(a, work, err);
}

lsv_status lsv_lora_config_text(const lsv_adapter *a, char **out, size_t *n, lsv_error *err) {
    if (a->config) {
        char *copy = lsv_malloc(a->config_bytes + 1);
        if (!copy) return lsv_no_memory(err, a->config_bytes);
        memcpy(copy, a->config, a->config_bytes);
        *out = copy, *n = a->config_bytes;
        return LSV_OK;
    }
    lsv_adapter *work;
    lsv_text t = {0};
    LSV_TRY(lsv_adapter_new(&work, err));
    lsv_status status = settle(a, work, err);
    if (status == LSV_OK) {
        qsort(work->settings, (size_t)work->nsettings, sizeof *work->settings, by_key);
        lsv_text_putc(&t, '{');
        for (ptrdiff_t i = 0; i < work->nsettings; i++) {
            lsv_text_puts(&t, i ? ",\n  " : "\n  ");
            lsv_json_quote(&t, work->settings[i].key);
            lsv_text_puts(&t, ": ");
            lsv_text_puts(&t, work->settings[i].json);
        }
        lsv_text_puts(&t, "\n}");
        if (t.failed) status = lsv_no_memory(err, t.length);
    }
    lsv_adapter_free(work);
    if (status == LSV_OK) {
        *n = t.length;
        *out = lsv_strdup(t.data); /* the text's own block is not the caller's to free */
        if (!*out) status = lsv_no_memory(err, t.length);
    }
    lsv_text_free(&t);
    return status;
}
