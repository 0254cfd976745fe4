/* `lsv lora`: from options to the library's jobs, and from what they report to an exit status. */
#include "repl/lora/lora.h"
#include "repl/lora/inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "base/alloc.h"

typedef struct call {
    const lora_options *o;
    lsv_report report;
    lsv_estimate estimate;
    lsv_adapter *adapter;
} call;

static lsv_rank_rule rule_of(const lora_options *o, ptrdiff_t usual) {
    bool rules = !isnan(o->tol) || !isnan(o->energy) || !isnan(o->ratio) || o->noise_floor || o->budget > 0 || o->max_rank >= 0;
    lsv_rank_rule r = {.r = o->rank >= 0 ? o->rank : rules ? -1 : usual, .tol = o->tol, .energy = o->energy, .ratio = o->ratio, .max_rank = o->max_rank};
    bool by_rule = !isnan(o->tol) || !isnan(o->energy) || !isnan(o->ratio);
    if (by_rule && r.r >= 0) { /* both given: the number caps the rule */
        r.max_rank = r.max_rank >= 0 && r.max_rank < r.r ? r.max_rank : r.r;
        r.r = -1;
    }
    return r;
}

static lsv_output output_of(const lora_options *o) {
    static const int dtypes[] = {LSV_FLOAT32, LSV_FLOAT16, LSV_BFLOAT16, LSV_FLOAT64};
    return (lsv_output){.path = o->output ? o->output : "", .format = o->format >= 0 ? (lsv_adapter_format)o->format : LSV_ADAPTER_PEFT,
                        .dtype = o->dtype >= 0 ? dtypes[o->dtype] : -1, .force = o->force, .restart = o->restart};
}

static lsv_split split_of(const lora_options *o) { return o->split >= 0 ? (lsv_split)o->split : LSV_SPLIT_SQRT; }

/* ---- the jobs ---- */

static lsv_status extract(call *c, const lsv_pipeline_client *client, lsv_error *err) {
    const lora_options *o = c->o;
    lsv_extraction x = {.base = o->operands.items[0], .tuned = o->operands.items[1], .rule = rule_of(o, 64), .budget = o->budget,
                        .noise_floor = o->noise_floor, .targets = o->target.items, .ntargets = o->target.n, .excludes = o->exclude.items,
                        .nexcludes = o->exclude.n, .embeddings = o->embeddings, .conv = o->conv, .fan_in_fan_out = o->fan_in_fan_out,
                        .save_rest = o->save_rest, .split = split_of(o), .accuracy = o->accuracy, .seed = (uint64_t)o->seed, .out = output_of(o)};
    return o->dry_run ? lsv_lora_extract_estimate(&x, &c->estimate, err) : lsv_lora_extract(&x, client, &c->report, err);
}

static lsv_status resize(call *c, const lsv_pipeline_client *client, lsv_error *err) {
    const lora_options *o = c->o;
    lsv_resizing x = {.adapter = o->operands.items[0], .base = o->base, .rule = rule_of(o, -1), .split = split_of(o), .out = output_of(o)};
    return o->dry_run ? lsv_lora_resize_estimate(&x, &c->estimate, err) : lsv_lora_resize(&x, client, &c->report, err);
}

/* "1,2,-0.5": as many numbers as there are adapters. */
static lsv_status numbers(const char *what, const char *text, int n, double *out, lsv_error *err) {
    for (int i = 0; i < n; i++) {
        char *end;
        out[i] = strtod(text, &end);
        if (end == text || !isfinite(out[i]) || (*end && *end != ','))
            return lsv_fail(err, LSV_EVALUE, "--%s: a number is needed at \"%.40s\" (%d of %d)", what, text, i + 1, n);
        if ((*end == ',') != (i + 1 < n))
            return lsv_fail(err, LSV_EVALUE, "--%s: %s numbers than the %d adapters", what, *end ? "more" : "fewer", n);
        text = end + 1;
    }
    return LSV_OK;
}

/* The ranks asked for, each once; "same": those that the adapters have. */
static lsv_status wanted_ranks(const lora_options *o, ptrdiff_t **ranks, int *count, lsv_error *err) {
    int n = 0, most = o->operands.n + 1;
    bool same = strcmp(o->ranks, "same") == 0;
    for (const char *p = o->ranks; *p; p++) most += *p == ',';
    ptrdiff_t *r = calloc((size_t)most + 1, sizeof *r);
    lsv_status status = r ? LSV_OK : lsv_no_memory(err, 64);
    const char *p = o->ranks;
    for (int i = 0; status == LSV_OK && (same ? i < o->operands.n : *p != '\0'); i++) {
        ptrdiff_t rank = -1;
        if (same) {
            status = lsv_lora_rank(o->operands.items[i], o->base, &rank, err);
        } else {
            char *end;
            long x = strtol(p, &end, 10);
            if (end == p || x < 0 || (*end && *end != ',') || (*end && !end[1])) status = lsv_fail(err, LSV_EVALUE, "--ranks: a whole number is needed at \"%.40s\"", p);
            rank = x;
            p = *end ? end + 1 : end;
        }
        int k = 0;
        while (k < n && r[k] != rank) k++;
        if (k == n) r[n++] = rank;
    }
    if (status == LSV_OK) *ranks = r, *count = n;
    else free(r);
    return status;
}

static lsv_status merge(call *c, const lsv_pipeline_client *client, lsv_error *err) {
    const lora_options *o = c->o;
    enum { NAME = 40 };
    ptrdiff_t *ranks = NULL;
    int count = 1;
    double *weights = NULL;
    lsv_status status = LSV_OK;
    if (o->weights) {
        weights = calloc((size_t)o->operands.n + 1, sizeof *weights);
        status = weights ? numbers("weights", o->weights, o->operands.n, weights, err) : lsv_no_memory(err, 64);
    }
    if (status == LSV_OK && o->ranks) status = wanted_ranks(o, &ranks, &count, err);
    lsv_rank_rule *rules = calloc((size_t)count, sizeof *rules);
    char (*names)[NAME] = calloc((size_t)count, sizeof *names);
    const char **list = calloc((size_t)count, sizeof *list);
    if (status == LSV_OK && (!rules || !names || !list)) status = lsv_no_memory(err, 64);
    for (int i = 0; status == LSV_OK && i < count; i++) {
        rules[i] = rule_of(o, -1);
        if (ranks) rules[i].r = ranks[i];
        if (ranks) snprintf(names[i], NAME, "rank-%td", ranks[i]);
        list[i] = names[i];
    }
    lsv_merging x = {.adapters = o->operands.items, .n = o->operands.n, .base = o->base, .weights = weights,
                     .method = o->method >= 0 ? (lsv_aggregate_method)o->method : LSV_AGGREGATE_EXACT, .rules = rules, .names = ranks ? list : NULL,
                     .count = count, .split = split_of(o), .out = output_of(o)};
    if (status == LSV_OK) status = o->dry_run ? lsv_lora_merge_estimate(&x, &c->estimate, err) : lsv_lora_merge(&x, client, &c->report, err);
    free(ranks), free(weights), free(rules), free(names), free(list);
    return status;
}

static lsv_status apply(call *c, const lsv_pipeline_client *client, lsv_error *err) {
    const lora_options *o = c->o;
    lsv_applying x = {.base = o->operands.items[0], .adapter = o->operands.items[1], .weight = o->weight, .exact = o->exact, .out = output_of(o)};
    return o->dry_run ? lsv_lora_apply_estimate(&x, &c->estimate, err) : lsv_lora_apply(&x, client, &c->report, err);
}

static lsv_status info(call *c, const lsv_pipeline_client *client, lsv_error *err) {
    return lsv_lora_look(c->o->operands.items[0], c->o->base, client, &c->adapter, &c->report, err);
}

static lsv_status verify(call *c, const lsv_pipeline_client *client, lsv_error *err) {
    const char **f = c->o->operands.items;
    return lsv_lora_verify(f[0], f[1], f[2], client, &c->report, err);
}

static lsv_status diff(call *c, const lsv_pipeline_client *client, lsv_error *err) {
    return lsv_lora_diff(c->o->operands.items[0], c->o->operands.items[1], client, &c->report, err);
}

static lsv_status convert(call *c, const lsv_pipeline_client *client, lsv_error *err) {
    const lora_options *o = c->o;
    lsv_converting x = {.adapter = o->operands.items[0], .base = o->base, .prefix = o->prefix, .out = output_of(o)};
    return o->dry_run ? lsv_lora_convert_estimate(&x, &c->estimate, err) : lsv_lora_convert(&x, client, &c->report, err);
}

static lsv_status job(void *ctx, const lsv_pipeline_client *client, lsv_error *err) {
    static lsv_status (*const jobs[LORA_SUBCOMMANDS])(call *, const lsv_pipeline_client *, lsv_error *) = {
        [LORA_EXTRACT] = extract, [LORA_RESIZE] = resize, [LORA_MERGE] = merge, [LORA_APPLY] = apply,
        [LORA_INFO] = info,       [LORA_VERIFY] = verify, [LORA_DIFF] = diff,   [LORA_CONVERT] = convert};
    call *c = ctx;
    return jobs[c->o->command](c, client, err);
}

/* ---- the command ---- */

static int run(const lora_options *o) {
    static const char *const devices[] = {"auto", "cpu", "gpu"};
    call c = {.o = o};
    lsv_error err = {0};
    lsv_status status = LSV_OK;
    if (o->threads > 0) lsv_backend_threads((int)(o->threads < 1024 ? o->threads : 1024));
    if (o->device >= 0) status = lsv_backend_set(devices[o->device], &err);
    if (status == LSV_OK) status = lora_run(o, job, &c, &err);
    int code = LORA_OK;
    if (status != LSV_OK) code = lora_print_error(o, status, &err);
    else if (o->dry_run) lora_print_estimate(o, &c.estimate);
    else lora_print_report(o, &c.report, c.adapter);
    if (status == LSV_OK && o->command == LORA_VERIFY && c.report.error > o->max_error) {
        fprintf(stderr, "lsv lora verify: the error of the whole is %.6g, and at most %.6g was wanted\n", c.report.error, o->max_error);
        code = LORA_WORSE;
    }
    lsv_report_free(&c.report);
    lsv_adapter_free(c.adapter);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("lsv lora: standard output");
        if (code == LORA_OK) code = LORA_ERROR;
    }
    return code;
}

int lora_command(int argc, char **argv) {
    lora_options o;
    bool leave;
    if (argc < 2) {
        lora_overview();
        return LORA_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--man") == 0) {
        if (strcmp(argv[1], "--man") == 0) lora_man(NULL);
        else lora_overview();
        return LORA_OK;
    }
    int status = lora_parse(argc - 1, argv + 1, &o, &leave);
    if (!leave) status = run(&o);
    lora_options_free(&o);
    return status;
}
