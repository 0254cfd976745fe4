/* Whole models and adapters in files: what `lsv lora` does, as functions. Each works layer by layer over the library's
   jobs (lora/pipeline.h), goes on where an interrupted call left off, and gives its report as a dictionary. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lang/builtins/lsv/adapters.h"
#include "lora/pipeline.h"

/* ---- arguments ---- */

static bool path_arg(ls_work *w, ls_value v, const char *what, const char **path) {
    if (v.tag != LS_STR) return ls_raise(w->in, "TypeError", "%s: a path is needed (a str), not %s", what, ls_type_name(v));
    if (strlen(v.str->data) != v.str->length) return ls_raise(w->in, "ValueError", "embedded null byte");
    *path = v.str->data;
    return true;
}

static bool path_or_none(ls_work *w, ls_value v, const char *what, const char **path) {
    *path = NULL;
    return ls_is_none(v) || path_arg(w, v, what, path);
}

static bool flag(ls_work *w, ls_value v, bool *out) { return ls_truth(w->in, v, out); }

/* A str or a list of them; the texts are the list's. */
typedef struct texts { ls_value held; const char **items; int n; } texts;

static bool texts_arg(ls_work *w, ls_value v, const char *what, texts *t) {
    *t = (texts){.held = ls_none()};
    if (ls_is_none(v)) return true;
    if (v.tag == LS_STR) {
        t->held = ls_list_new(1);
        if (t->held.tag == LS_UNSET || !ls_list_append(t->held.list, v)) return ls_no_memory(w->in);
    } else if (!ls_to_list(w->in, v, &t->held)) return false;
    t->items = lsv_malloc(((size_t)t->held.list->n + 1) * sizeof *t->items);
    if (!t->items) return ls_no_memory(w->in);
    for (ptrdiff_t i = 0; i < t->held.list->n; i++)
        if (!path_arg(w, t->held.list->items[i], what, &t->items[t->n++])) return false;
    return true;
}

static void texts_free(texts *t) {
    lsv_free(t->items);
    ls_drop(t->held);
}

/* dtype=, format=, force=, restart=, in this order from args[at]; format or dtype may be absent (LS_UNSET in `skip`). */
static bool dtype_arg(ls_work *w, ls_value v, lsv_output *o) {
    lsv_dtype t = LSV_FLOAT32;
    o->dtype = -1;
    if (ls_is_none(v)) return true;
    if (!ls_dtype_or(w, v, t, &t)) return false;
    o->dtype = t;
    return lsv_dtype_is_float(t) || ls_raise(w->in, "ValueError", "dtype: factors are float32, float16, bfloat16 or float64, not %s", lsv_dtype_name(t));
}

static bool format_arg(ls_work *w, ls_value v, lsv_output *o) {
    return (v.tag == LS_STR && lsv_adapter_format_parse(v.str->data, &o->format)) || ls_raise(w->in, "ValueError", "format is \"peft\", \"kohya\" or \"diffusers\"");
}

static bool r_arg(ls_work *w, ls_value v, ptrdiff_t *r) {
    *r = -1;
    return ls_is_none(v) || (ls_count(w, v, "r", r) && (*r >= 0 || ls_raise(w->in, "ValueError", "r must not be negative")));
}

/* r, tol, energy, ratio, max_rank as they follow each other from args[at] on. Rules and a number: the number caps them. */
static bool rule_args(ls_work *w, const ls_value *args, int at, const char *who, lsv_rank_rule *rule) {
    ptrdiff_t r;
    *rule = LSV_RANK_RULE(-1);
    if (!r_arg(w, args[at], &r) || !ls_rule_args(w, args[at + 1], args[at + 2], args[at + 3], args[at + 4], who, rule)) return false;
    bool rules = !isnan(rule->tol) || !isnan(rule->energy) || !isnan(rule->ratio);
    if (!rules) rule->r = r;
    else if (r >= 0 && (rule->max_rank < 0 || r < rule->max_rank)) rule->max_rank = r;
    return true;
}

/* ---- the report ---- */

/* dict[key] = value; takes value. */
static bool note(ls_work *w, ls_value dict, const char *key, ls_value value) {
    bool ok = value.tag != LS_UNSET && ls_dict_set_text(dict.dict, key, value);
    ls_drop(value);
    return ok || ls_no_memory(w->in);
}

static bool note_number(ls_work *w, ls_value dict, const char *key, double x) { return isnan(x) || note(w, dict, key, ls_float(x)); }
static bool note_count(ls_work *w, ls_value dict, const char *key, int64_t x) { return x < 0 || note(w, dict, key, ls_int(x)); }

static bool layer_value(ls_work *w, const lsv_layer *l, ls_value *out) {
    ls_value d = ls_dict_new(), shape = ls_list_new(l->ndim);
    bool ok = (d.tag != LS_UNSET && shape.tag != LS_UNSET) || ls_no_memory(w->in);
    for (int i = 0; ok && i < l->ndim; i++) ok = ls_list_append(shape.list, ls_int(l->shape[i])) || ls_no_memory(w->in);
    ok = ok && note(w, d, "name", ls_str_from(l->name)) && note(w, d, "state", ls_str_from(lsv_layer_state_name(l->state)));
    if (ok) ok = ls_dict_set_text(d.dict, "shape", shape) || ls_no_memory(w->in);
    ls_drop(shape);
    ok = ok && note_count(w, d, "rank", l->rank) && note_count(w, d, "rank_before", l->before) && note_count(w, d, "output", l->output);
    ok = ok && note_number(w, d, "error", l->error) && note_number(w, d, "rounding", l->floor) && note_number(w, d, "norm", l->norm);
    ok = ok && note_number(w, d, "relative", l->relative) && note_number(w, d, "alpha", l->alpha) && note_number(w, d, "scale", l->scale);
    ok = ok && (!l->dtype || !*l->dtype || note(w, d, "dtype", ls_str_from(l->dtype)));
    if (ok) *out = d;
    else if (d.tag != LS_UNSET) ls_drop(d);
    return ok;
}

static bool layers_value(ls_work *w, const lsv_report *r, ls_value dict) {
    ls_value list = ls_list_new(r->n), item;
    bool ok = list.tag != LS_UNSET || ls_no_memory(w->in);
    for (ptrdiff_t i = 0; ok && i < r->n; i++) {
        ok = layer_value(w, &r->layers[i], &item);
        if (!ok) break;
        ok = ls_list_append(list.list, item) || ls_no_memory(w->in);
        ls_drop(item);
    }
    if (ok) return note(w, dict, "layers", list);
    ls_drop(list);
    return false;
}

/* The report as a dictionary where the job went well; it is freed in any case. */
static bool give_report(ls_work *w, lsv_status status, lsv_report *r, ls_value *out) {
    if (!ls_file_ok(w, status)) return false;
    ls_value d = ls_dict_new();
    bool ok = d.tag != LS_UNSET || ls_no_memory(w->in);
    ok = ok && layers_value(w, r, d) && note_number(w, d, "norm", r->norm) && note_number(w, d, "error", r->error);
    ok = ok && note_count(w, d, "bytes_read", r->bytes_read) && note_count(w, d, "bytes_written", r->bytes_written) && note_number(w, d, "seconds", r->seconds);
    lsv_report_free(r);
    if (ok) *out = d;
    else if (d.tag != LS_UNSET) ls_drop(d);
    return ok;
}

static void on_note(void *ctx, const char *text) {
    ls_interp *in = ctx;
    if (in->client.warn) in->client.warn(in->client.ctx, text);
}

#define CLIENT ((lsv_pipeline_client){.ctx = w->in, .note = on_note})

/* ---- the functions ---- */

enum { BASE, TUNED, OUT, R, TOL, ENERGY, RATIO, MAX_RANK, BUDGET, NOISE_FLOOR, TARGET, EXCLUDE, EMBEDDINGS, CONV, FAN_IN_FAN_OUT, SAVE_REST, DTYPE, SPLIT, FORMAT, ACCURACY, SEED, FORCE, RESTART };

static bool extract_flags(ls_work *w, const ls_value *args, lsv_extraction *x) {
    int64_t budget = 0, seed = 0;
    double accuracy = 0;
    bool ok = flag(w, args[NOISE_FLOOR], &x->noise_floor) && flag(w, args[EMBEDDINGS], &x->embeddings) && flag(w, args[CONV], &x->conv) &&
              flag(w, args[FAN_IN_FAN_OUT], &x->fan_in_fan_out) && flag(w, args[SAVE_REST], &x->save_rest) && flag(w, args[FORCE], &x->out.force) &&
              flag(w, args[RESTART], &x->out.restart) && ls_split_arg(w, args[SPLIT], &x->split) && dtype_arg(w, args[DTYPE], &x->out) &&
              format_arg(w, args[FORMAT], &x->out) && ls_as_int(w->in, args[SEED], "seed", &seed) &&
              (ls_is_none(args[BUDGET]) || ls_as_int(w->in, args[BUDGET], "budget", &budget)) &&
              (ls_is_none(args[ACCURACY]) || ls_as_double(w->in, args[ACCURACY], "accuracy", &accuracy));
    x->budget = budget, x->seed = (uint64_t)seed, x->accuracy = accuracy;
    return ok;
}

BUILTIN(lora_extract) {
    lsv_extraction x = LSV_EXTRACTION;
    texts targets = {.held = ls_none()}, excludes = {.held = ls_none()};
    lsv_report report = {0};
    lsv_pipeline_client client = CLIENT;
    if (!path_arg(w, args[BASE], "base", &x.base) || !path_arg(w, args[TUNED], "tuned", &x.tuned) || !path_arg(w, args[OUT], "out", &x.out.path)) return false;
    if (!rule_args(w, args, R, "lora_extract", &x.rule) || !extract_flags(w, args, &x)) return false;
    bool rules = x.rule.r >= 0 || x.rule.max_rank >= 0 || !isnan(x.rule.tol) || !isnan(x.rule.energy) || !isnan(x.rule.ratio) || x.noise_floor || x.budget > 0;
    if (!rules) x.rule.r = 64;
    bool ok = texts_arg(w, args[TARGET], "target", &targets) && texts_arg(w, args[EXCLUDE], "exclude", &excludes);
    x.targets = targets.items, x.ntargets = targets.n, x.excludes = excludes.items, x.nexcludes = excludes.n;
    ok = ok && give_report(w, lsv_lora_extract(&x, &client, &report, &w->err), &report, out);
    texts_free(&targets);
    texts_free(&excludes);
    return ok;
}

/* (adapter, out, r, tol, energy, ratio, max_rank, base, dtype, split, format, force, restart) */
BUILTIN(lora_resize) {
    lsv_resizing x = {.out = {.dtype = -1}};
    lsv_report report = {0};
    lsv_pipeline_client client = CLIENT;
    if (!path_arg(w, args[0], "adapter", &x.adapter) || !path_arg(w, args[1], "out", &x.out.path) || !rule_args(w, args, 2, "lora_resize", &x.rule) ||
        !path_or_none(w, args[7], "base", &x.base) || !dtype_arg(w, args[8], &x.out) || !ls_split_arg(w, args[9], &x.split) || !format_arg(w, args[10], &x.out) ||
        !flag(w, args[11], &x.out.force) || !flag(w, args[12], &x.out.restart))
        return false;
    return give_report(w, lsv_lora_resize(&x, &client, &report, &w->err), &report, out);
}

static bool method_arg(ls_work *w, ls_value v, lsv_aggregate_method *method) {
    static const char *const names[] = {"exact", "dense", "svd", "fedavg", "zeropad", "hetlora"};
    for (int i = 0; i < 6; i++)
        if (ls_text_is(v, names[i])) {
            *method = (lsv_aggregate_method)i;
            return true;
        }
    return ls_raise(w->in, "ValueError", "method is \"exact\", \"dense\", \"svd\", \"fedavg\", \"zeropad\" or \"hetlora\"");
}

/* One rule, or one for each rank of a list, with the names of their folders. */
typedef struct outputs { int n; lsv_rank_rule *rules; char (*names)[32]; const char **list; } outputs;

static bool outputs_arg(ls_work *w, const ls_value *args, outputs *o, lsv_merging *x) {
    ls_value list;
    bool several = args[3].tag == LS_LIST || args[3].tag == LS_TUPLE;
    ls_value copy[5] = {several ? ls_none() : args[3], args[4], args[5], args[6], args[7]};
    lsv_rank_rule rule;
    if (!rule_args(w, copy, 0, "lora_merge", &rule)) return false;
    if (several && !ls_to_list(w->in, args[3], &list)) return false;
    o->n = several ? (int)list.list->n : 1;
    o->rules = lsv_calloc((size_t)o->n + 1, sizeof *o->rules);
    o->names = lsv_calloc((size_t)o->n + 1, sizeof *o->names);
    o->list = lsv_calloc((size_t)o->n + 1, sizeof *o->list);
    bool ok = (o->rules && o->names && o->list) || ls_no_memory(w->in);
    int n = 0;
    for (int i = 0; ok && i < o->n; i++) {
        ptrdiff_t r = rule.r;
        ok = !several || r_arg(w, list.list->items[i], &r);
        int k = 0;
        while (several && k < n && o->rules[k].r != r) k++;
        if (several && k < n) continue;
        o->rules[n] = rule, o->rules[n].r = r;
        if (several) snprintf(o->names[n], sizeof o->names[n], "rank-%td", r);
        o->list[n] = o->names[n];
        n++;
    }
    if (several) ls_drop(list);
    x->rules = o->rules, x->count = n, x->names = several ? o->list : NULL;
    return ok && (n > 0 || ls_raise(w->in, "ValueError", "lora_merge: an empty list of ranks"));
}

/* (adapters, out, weights, r, tol, energy, ratio, max_rank, method, base, dtype, split, format, force, restart) */
BUILTIN(lora_merge) {
    lsv_merging x = {.out = {.dtype = -1}};
    texts adapters = {.held = ls_none()};
    outputs o = {0};
    double *weights = NULL;
    ls_value list = ls_none();
    lsv_report report = {0};
    lsv_pipeline_client client = CLIENT;
    bool ok = texts_arg(w, args[0], "adapters", &adapters) && path_arg(w, args[1], "out", &x.out.path) && outputs_arg(w, args, &o, &x) &&
              method_arg(w, args[8], &x.method) && path_or_none(w, args[9], "base", &x.base) && dtype_arg(w, args[10], &x.out) &&
              ls_split_arg(w, args[11], &x.split) && format_arg(w, args[12], &x.out) && flag(w, args[13], &x.out.force) && flag(w, args[14], &x.out.restart);
    if (ok && !ls_is_none(args[2])) {
        ok = ls_to_list(w->in, args[2], &list);
        if (ok && list.list->n != adapters.n) ok = ls_raise(w->in, "ValueError", "lora_merge: %td weights for %d adapters", list.list->n, adapters.n);
        if (ok) ok = (weights = lsv_calloc((size_t)adapters.n + 1, sizeof *weights)) || ls_no_memory(w->in);
        for (int i = 0; ok && i < adapters.n; i++) ok = ls_as_double(w->in, list.list->items[i], "weights", &weights[i]);
    }
    x.adapters = adapters.items, x.n = adapters.n, x.weights = weights;
    ok = ok && give_report(w, lsv_lora_merge(&x, &client, &report, &w->err), &report, out);
    texts_free(&adapters);
    ls_drop(list);
    lsv_free(weights);
    lsv_free(o.rules);
    lsv_free(o.names);
    lsv_free(o.list);
    return ok;
}

/* (base, adapter, out, weight, exact, force, restart) */
BUILTIN(lora_apply) {
    lsv_applying x = {.out = {.dtype = -1}};
    lsv_report report = {0};
    lsv_pipeline_client client = CLIENT;
    if (!path_arg(w, args[0], "base", &x.base) || !path_arg(w, args[1], "adapter", &x.adapter) || !path_arg(w, args[2], "out", &x.out.path) ||
        !ls_as_double(w->in, args[3], "weight", &x.weight) || !flag(w, args[4], &x.exact) || !flag(w, args[5], &x.out.force) || !flag(w, args[6], &x.out.restart))
        return false;
    return give_report(w, lsv_lora_apply(&x, &client, &report, &w->err), &report, out);
}

/* (adapter, out, format, base, prefix, dtype, force, restart) */
BUILTIN(lora_convert) {
    lsv_converting x = {.out = {.dtype = -1}};
    lsv_report report = {0};
    lsv_pipeline_client client = CLIENT;
    if (!path_arg(w, args[0], "adapter", &x.adapter) || !path_arg(w, args[1], "out", &x.out.path) || !format_arg(w, args[2], &x.out) ||
        !path_or_none(w, args[3], "base", &x.base) || (!ls_is_none(args[4]) && !ls_as_text(w->in, args[4], "prefix", &x.prefix)) || !dtype_arg(w, args[5], &x.out) ||
        !flag(w, args[6], &x.out.force) || !flag(w, args[7], &x.out.restart))
        return false;
    return give_report(w, lsv_lora_convert(&x, &client, &report, &w->err), &report, out);
}

BUILTIN(lora_verify) {
    const char *base, *tuned, *adapter;
    lsv_report report = {0};
    lsv_pipeline_client client = CLIENT;
    return path_arg(w, args[0], "base", &base) && path_arg(w, args[1], "tuned", &tuned) && path_arg(w, args[2], "adapter", &adapter) &&
           give_report(w, lsv_lora_verify(base, tuned, adapter, &client, &report, &w->err), &report, out);
}

BUILTIN(lora_diff) {
    const char *a, *b;
    lsv_report report = {0};
    lsv_pipeline_client client = CLIENT;
    return path_arg(w, args[0], "a", &a) && path_arg(w, args[1], "b", &b) &&
           give_report(w, lsv_lora_diff(a, b, &client, &report, &w->err), &report, out);
}

BUILTIN(lora_info) {
    const char *path, *base;
    lsv_report report = {0};
    lsv_pipeline_client client = CLIENT;
    return path_arg(w, args[0], "adapter", &path) && path_or_none(w, args[1], "base", &base) &&
           give_report(w, lsv_lora_look(path, base, &client, NULL, &report, &w->err), &report, out);
}

#define REPORT "The result is a dictionary: \"layers\" (a list with name, state, shape, rank, error, norm, … of each), \"norm\", \"error\" of the whole, bytes_read, bytes_written, seconds. "
#define RESUME "Finished layers lie in OUT.partial until the end: after an interruption the same call goes on from there; restart=True begins anew. An `out` that is there is an error unless force=True. "
#define MODELS "A model is a .safetensors file, its index of shards, or a folder with one of the two. "

const ls_builtin ls_family_lora_files[] = {
    {"lora_extract",
     "(base, tuned, out, r=None, *, tol=None, energy=None, ratio=None, max_rank=None, budget=None, noise_floor=False, target=None, exclude=None, embeddings=False, conv=False, "
     "fan_in_fan_out=False, save_rest=False, dtype=None, split=\"sqrt\", format=\"peft\", accuracy=None, seed=0, force=False, restart=False)",
     "The difference of two models in files as a LoRA adapter, layer by layer",
     MODELS "Memory is bounded by the largest layer. The rank is r (64 where no rule is given), or the least that satisfies every rule (as in lora), at most max_rank; noise_floor leaves out what the "
     "rounding of tuned's type would show by itself; budget is a number of bytes for all factors, spent where it removes most error. target and exclude are patterns of module names, as PEFT's "
     "target_modules. What differs and is no matrix, or no target, is reported, and kept whole with save_rest=True. dtype: of the factors; None: as tuned is stored.\n\n" REPORT RESUME,
     ">>> save(\"/tmp/lsv-example-base.safetensors\", {\"q.weight\": [1.0, 2.0; 3.0, 4.0]}); save(\"/tmp/lsv-example-tuned.safetensors\", {\"q.weight\": [2.0, 4.0; 5.0, 8.0]})\n>>> report = lora_extract(\"/tmp/lsv-example-base.safetensors\", \"/tmp/lsv-example-tuned.safetensors\", \"/tmp/lsv-example-adapter\", r=1, force=True)\n>>> report[\"layers\"][0][\"rank\"], round(report[\"error\"], 6)\n(1, 0.0)\n",
     lora_extract, 0, LS_CALLABLE, NULL},
    {"lora_resize", "(adapter, out, r=None, *, tol=None, energy=None, ratio=None, max_rank=None, base=None, dtype=None, split=\"sqrt\", format=\"peft\", force=False, restart=False)",
     "An adapter in files at another rank, from file to file",
     "As resize_adapter, module by module. base names the model that kohya's names are turned back by.\n\n" REPORT RESUME,
     ">>> save_adapter(adapter({\"q\": ([1.0, 1.0; 2.0, 2.0], [3.0, 4.0; 3.0, 4.0])}), \"/tmp/lsv-example-wide\")\n>>> lora_resize(\"/tmp/lsv-example-wide\", \"/tmp/lsv-example-narrow\", r=1, force=True)[\"layers\"][0][\"rank\"]\n1\n",
     lora_resize, 0, LS_CALLABLE, NULL},
    {"lora_merge",
     "(adapters, out, weights=None, r=None, *, tol=None, energy=None, ratio=None, max_rank=None, method=\"exact\", base=None, dtype=None, split=\"sqrt\", format=\"peft\", force=False, restart=False)",
     "The exact weighted sum of adapters in files, from files to files",
     "As aggregate, module by module; weights are 1/n each by default, of any sign. r may be a list: several outputs from one factorisation, each in out/rank-R.\n\n" REPORT RESUME,
     ">>> save_adapter(adapter({\"q\": ([[1.0], [2.0]], [[3.0, 4.0]])}), \"/tmp/lsv-example-one\"); save_adapter(adapter({\"q\": ([[1.0], [0.0]], [[0.0, 1.0]])}), \"/tmp/lsv-example-two\")\n>>> lora_merge([\"/tmp/lsv-example-one\", \"/tmp/lsv-example-two\"], \"/tmp/lsv-example-mean\", force=True)[\"layers\"][0][\"rank\"]\n2\n",
     lora_merge, 0, LS_CALLABLE, NULL},
    {"lora_apply", "(base, adapter, out, weight=1.0, *, exact=False, force=False, restart=False)", "A model in files with an adapter merged into it",
     MODELS "The result has the base's shards, order, types and metadata; what the adapter does not touch is copied byte for byte, and so are the other files of a folder. Sums are rounded once; exact=True forms "
     "them in float64 throughout.\n\n" REPORT RESUME,
     ">>> save(\"/tmp/lsv-example-base.safetensors\", {\"q.weight\": [1.0, 2.0; 3.0, 4.0]}); save_adapter(adapter({\"q\": ([[1.0], [2.0]], [[3.0, 4.0]])}), \"/tmp/lsv-example-one\")\n>>> report = lora_apply(\"/tmp/lsv-example-base.safetensors\", \"/tmp/lsv-example-one\", \"/tmp/lsv-example-merged.safetensors\", force=True)\n>>> load(\"/tmp/lsv-example-merged.safetensors\")[\"q.weight\"]\ntensor([[ 4.,  6.],\n        [ 9., 12.]], dtype=torch.float64)\n",
     lora_apply, 0, LS_CALLABLE, NULL},
    {"lora_convert", "(adapter, out, format, *, base=None, prefix=None, dtype=None, force=False, restart=False)", "An adapter in files in another format, \"peft\", \"kohya\" or \"diffusers\"",
     "What the format cannot hold is refused by name. base names the model that kohya's names are turned back by; prefix is put before names that do not say which part of the model they are of.\n\n" REPORT RESUME,
     ">>> save_adapter(adapter({\"q\": ([[1.0], [2.0]], [[3.0, 4.0]])}), \"/tmp/lsv-example-one\")\n>>> lora_convert(\"/tmp/lsv-example-one\", \"/tmp/lsv-example-one.safetensors\", \"kohya\", force=True)[\"layers\"][0][\"alpha\"]\n1.0\n",
     lora_convert, 0, LS_CALLABLE, NULL},
    {"lora_verify", "(base, tuned, adapter)", "How close a model with an adapter comes to another, recomputed from the files",
     MODELS "Each module's error is |tuned - base - scale B A| / |tuned - base|; what differs and the adapter does not have counts in full.\n\n" REPORT, ">>> save(\"/tmp/lsv-example-base.safetensors\", {\"q.weight\": [1.0, 2.0; 3.0, 4.0]}); save(\"/tmp/lsv-example-tuned.safetensors\", {\"q.weight\": [4.0, 6.0; 9.0, 12.0]})\n>>> save_adapter(adapter({\"q\": ([[1.0], [2.0]], [[3.0, 4.0]])}), \"/tmp/lsv-example-one\"); lora_verify(\"/tmp/lsv-example-base.safetensors\", \"/tmp/lsv-example-tuned.safetensors\", \"/tmp/lsv-example-one\")[\"error\"]\n0.0\n",
     lora_verify, 0, LS_CALLABLE, NULL},
    {"lora_diff", "(a, b)", "Two models, or two adapters, in files: the norm of the difference of each tensor or module",
     MODELS "Of adapters, the updates are compared, whatever their ranks and scales. \"norm\" is |b - a| and \"relative\" that over |a|.\n\n" REPORT,
     ">>> save_adapter(adapter({\"q\": ([[1.0], [2.0]], [[3.0, 4.0]])}), \"/tmp/lsv-example-one\"); save_adapter(adapter({\"q\": ([[2.0], [4.0]], [[3.0, 4.0]])}), \"/tmp/lsv-example-two\")\n>>> round(lora_diff(\"/tmp/lsv-example-one\", \"/tmp/lsv-example-two\")[\"layers\"][0][\"relative\"], 6)\n1.0\n",
     lora_diff, 0, LS_CALLABLE, NULL},
    {"lora_info", "(adapter, base=None)", "What an adapter's file holds: shape, rank, alpha, scale, type and |dW| of each module", REPORT,
     ">>> save_adapter(adapter({\"q\": ([[3.0], [4.0]], [[1.0, 0.0]])}), \"/tmp/lsv-example-one\")\n>>> round(lora_info(\"/tmp/lsv-example-one\")[\"layers\"][0][\"norm\"], 6)\n5.0\n",
     lora_info, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
