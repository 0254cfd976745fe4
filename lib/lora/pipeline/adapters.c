/* resize, merge, convert and info: adapters in, adapters out, module by module.

   Resizing is merging one adapter of weight 1 by a rule, so the two are one job. A module is one record for each output; all
   outputs come from one factorisation. The error that a record states is that of the factors as they are stored, in
   their type, against the exact sum. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/interrupt.h"
#include "file/inside.h"
#include "linalg/matrix.h"
#include "lora/adapter/inside.h"
#include "lora/pipeline/inside.h"
#include "lora/stack.h"

/* ---- opening ---- */

lsv_status lsv_adapter_open(const char *path, const char *base, bool any, lsv_adapter **out, lsv_base_names *base_names, void **names,
                            lsv_error *err) {
    lsv_adapter_reading reading = {.any = any};
    *names = NULL;
    if (base) {
        lsv_checkpoint c;
        LSV_TRY(lsv_checkpoint_open(base, &c, err));
        char *file = lsv_path_join(c.folder, c.index ? c.index : c.files[0]);
        lsv_status status = file ? lsv_base_names_of(file, &reading.base, names, err) : lsv_no_memory(err, 64);
        lsv_free(file);
        lsv_checkpoint_close(&c);
        LSV_TRY(status);
    }
    lsv_status status = lsv_adapter_read(path, &reading, out, err);
    if (status != LSV_OK) {
        lsv_free(*names);
        *names = NULL;
    } else if (base_names) *base_names = reading.base;
    return status;
}

lsv_status lsv_adapter_identity(const lsv_adapter *a, const char *role, lsv_text *t, lsv_error *err) {
    static const char *const files[] = {"adapter_model.safetensors", "adapter_config.json"};
    struct stat st;
    const char *path = lsv_adapter_path(a);
    if (stat(path, &st) != 0) return lsv_os_error(path, err);
    if (!S_ISDIR(st.st_mode)) return lsv_file_identity(path, role, t, err);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *file = lsv_path_join(path, files[i]);
        lsv_status status = file ? lsv_file_identity(file, role, t, err) : lsv_no_memory(err, 64);
        lsv_free(file);
        LSV_TRY(status);
    }
    return LSV_OK;
}

static bool has_factors(const lsv_safetensors *s) {
    static const char *const parts[] = {".lora_A", ".lora_B", ".lora_down", ".lora_up"};
    for (ptrdiff_t i = 0; i < lsv_safetensors_count(s); i++)
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
            if (strstr(lsv_safetensors_info(s, i)->name, parts[k])) return true;
    return false;
}

lsv_status lsv_adapter_is_at(const char *path, bool *is, lsv_error *err) {
    struct stat st;
    lsv_safetensors *s;
    size_t n = strlen(path);
    *is = false;
    if (stat(path, &st) != 0 || (n > 11 && strcmp(path + n - 11, ".index.json") == 0)) return LSV_OK;
    if (S_ISDIR(st.st_mode)) {
        char *config = lsv_path_join(path, "adapter_config.json");
        if (!config) return lsv_no_memory(err, n);
        *is = stat(config, &st) == 0;
        lsv_free(config);
        return LSV_OK;
    }
    lsv_status status = lsv_safetensors_open(path, &s, err);
    if (status == LSV_ENOMEM) return status;
    if (status != LSV_OK) return LSV_OK; /* whoever reads it says what is wrong */
    *is = has_factors(s);
    lsv_safetensors_close(s);
    return LSV_OK;
}

bool lsv_lora_is_adapter(const char *path) {
    bool is;
    return lsv_adapter_is_at(path, &is, NULL) == LSV_OK && is;
}

void lsv_layer_of_module(const lsv_adapter_module *m, lsv_layer *l) {
    ptrdiff_t in = m->in;
    l->name = (char *)(uintptr_t)m->name; /* borrowed until it is copied */
    for (int i = 0; i < m->nkernel; i++) in /= m->kernel[i];
    l->ndim = 2 + m->nkernel;
    l->shape[0] = m->transposed ? in : m->out, l->shape[1] = m->transposed ? m->out : in;
    for (int i = 0; i < m->nkernel; i++) l->shape[2 + i] = m->kernel[i];
}

lsv_status lsv_lora_rank(const char *path, const char *base, ptrdiff_t *rank, lsv_error *err) {
    lsv_adapter *a;
    void *names;
    LSV_TRY(lsv_adapter_open(path, base, false, &a, NULL, &names, err));
    *rank = 0;
    for (ptrdiff_t i = 0; i < lsv_adapter_count(a); i++)
        if (lsv_adapter_at(a, i)->rank > *rank) *rank = lsv_adapter_at(a, i)->rank;
    lsv_adapter_free(a);
    lsv_free(names);
    return LSV_OK;
}

/* ---- how far two updates are from each other ---- */

/* The norm of a stack: of its core. */
static lsv_status stack_norm(lsv_lora_stack *s, double *norm, lsv_error *err) {
    ptrdiff_t k = s->inner;
    void *core;
    double sum = 0;
    LSV_TRY(lsv_mats_buffer(LSV_FLOAT64, k, k, &core, err));
    lsv_status status = lsv_lora_stack_core(s, core, err);
    for (ptrdiff_t i = 0; status == LSV_OK && i < k * k; i++) sum += ((double *)core)[i] * ((double *)core)[i];
    lsv_free(core);
    *norm = sqrt(sum);
    return status;
}

static lsv_status difference_norm(double s1, const lsv_array *B1, const lsv_array *A1, double s2, const lsv_array *B2, const lsv_array *A2,
                                  double *norm, lsv_error *err) {
    lsv_lora_stack s;
    ptrdiff_t r1 = A1->shape[0], r2 = B2 ? A2->shape[0] : 0;
    *norm = 0;
    if (r1 + r2 == 0) return LSV_OK;
    LSV_TRY(lsv_lora_stack_new(B1->shape[0], A1->shape[1], r1 + r2, &s, err));
    lsv_status status = lsv_lora_stack_put(s.left, s.ld, 0, B1, false, 1, err);
    if (status == LSV_OK) status = lsv_lora_stack_put(s.right, s.ld, 0, A1, true, 1, err);
    if (status == LSV_OK && r2) status = lsv_lora_stack_put(s.left, s.ld, r1, B2, false, 1, err);
    if (status == LSV_OK && r2) status = lsv_lora_stack_put(s.right, s.ld, r1, A2, true, 1, err);
    for (ptrdiff_t j = 0; j < r1 + r2; j++) s.c[j] = j < r1 ? s1 : -s2;
    if (status == LSV_OK) status = stack_norm(&s, norm, err);
    lsv_lora_stack_free(&s);
    return status;
}

lsv_status lsv_factored_distance(double s1, const lsv_array *B1, const lsv_array *A1, double s2, const lsv_array *B2, const lsv_array *A2,
                                 double *distance, double *norm, lsv_error *err) {
    LSV_TRY(difference_norm(s1, B1, A1, 0, NULL, NULL, norm, err));
    return difference_norm(s1, B1, A1, s2, B2, A2, distance, err);
}

/* ---- resize and merge ---- */

typedef struct job {
    const char *what;          /* "resize", "merge" */
    const lsv_merging *x;
    const lsv_pipeline_client *client;
    lsv_report *report;
    lsv_adapter **adapters;
    void **names;              /* the base's, one block for each adapter */
    lsv_base_names base;
    lsv_adapter_merging merging;
    lsv_adapter_module *modules;
    ptrdiff_t n;
    int count;
    lsv_rank_rule rule;        /* where none was given */
    const lsv_rank_rule *rules;
    lsv_partial *partial;
} job;

static void close_job(job *j) {
    lsv_partial_close(j->partial);
    lsv_free(j->modules);
    for (int k = 0; j->adapters && k < j->x->n; k++) lsv_adapter_free(j->adapters[k]);
    for (int k = 0; j->names && k < j->x->n; k++) lsv_free(j->names[k]);
    lsv_free(j->adapters);
    lsv_free(j->names);
}

static lsv_status open_job(job *j, lsv_error *err) {
    const lsv_merging *x = j->x;
    if (x->n < 1) return lsv_fail(err, LSV_EVALUE, "%s: no adapter is given", j->what);
    j->adapters = lsv_calloc((size_t)x->n, sizeof *j->adapters);
    j->names = lsv_calloc((size_t)x->n, sizeof *j->names);
    if (!j->adapters || !j->names) return lsv_no_memory(err, (size_t)x->n * sizeof *j->adapters);
    for (int k = 0; k < x->n; k++) {
        LSV_TRY(lsv_adapter_open(x->adapters[k], x->base, false, &j->adapters[k], &j->base, &j->names[k], err));
        for (ptrdiff_t i = 0; lsv_adapter_note(j->adapters[k], i); i++) lsv_tell(j->client, "%s: %s", lsv_tail(x->adapters[k], 120), lsv_adapter_note(j->adapters[k], i));
    }
    j->rule = LSV_RANK_RULE(-1);
    j->rules = x->count > 0 ? x->rules : &j->rule;
    j->count = x->count > 0 ? x->count : 1;
    j->merging = (lsv_adapter_merging){j->adapters, x->n, x->weights, x->method, x->split};
    return lsv_adapter_union(&j->merging, &j->modules, &j->n, err);
}

static lsv_status describe(const job *j, lsv_text *t, lsv_error *err) {
    const lsv_merging *x = j->x;
    lsv_text_printf(t, "lsv lora %s, format 1\n", j->what);
    for (int i = 0; i < j->count; i++) {
        const lsv_rank_rule *r = &j->rules[i];
        lsv_text_printf(t, "rank %td tol %a energy %a ratio %a max %td%s%s\n", r->r, r->tol, r->energy, r->ratio, r->max_rank, x->names ? " as " : "", x->names ? x->names[i] : "");
    }
    lsv_text_printf(t, "method %d split %d\nformat %d dtype %d\n", (int)x->method, (int)x->split, (int)x->out.format, x->out.dtype);
    for (int k = 0; k < x->n; k++) {
        lsv_text_printf(t, "weight %a\n", x->weights ? x->weights[k] : 1.0 / x->n);
        LSV_TRY(lsv_adapter_identity(j->adapters[k], "adapter", t, err));
    }
    return t->failed ? lsv_no_memory(err, t->length) : LSV_OK;
}

/* The factors in the type that is stored. */
static lsv_status round_factors(const job *j, const char *name, lsv_array **B, lsv_array **A, lsv_layer *l, lsv_error *err) {
    lsv_array **f[2] = {B, A};
    lsv_dtype type = j->x->out.dtype >= 0 ? (lsv_dtype)j->x->out.dtype : (*B)->dtype == LSV_FLOAT64 ? LSV_FLOAT64 : LSV_FLOAT32;
    l->dtype = lsv_dtype_name(type);
    for (int i = 0; i < 2; i++) {
        lsv_array *rounded;
        if (type == (lsv_dtype)(*f[i])->dtype) continue;
        LSV_TRY(lsv_narrow(lsv_ref(*f[i]), type, name, &rounded, err));
        lsv_release(*f[i]);
        *f[i] = rounded;
    }
    return LSV_OK;
}

/* One more pair of factors at *at of the stack, with the coefficient c. */
static lsv_status stack_add(lsv_lora_stack *s, ptrdiff_t *at, double c, const lsv_array *B, const lsv_array *A, lsv_error *err) {
    LSV_TRY(lsv_lora_stack_put(s->left, s->ld, *at, B, false, 1, err));
    LSV_TRY(lsv_lora_stack_put(s->right, s->ld, *at, A, true, 1, err));
    for (ptrdiff_t end = *at + A->shape[0]; *at < end; (*at)++) s->c[*at] = c;
    return LSV_OK;
}

/* |exact sum - B A| of a module, with the factors as they are. */
static lsv_status measure(const job *j, const lsv_adapter_module *m, ptrdiff_t inner, const lsv_array *B, const lsv_array *A, double *left, lsv_error *err) {
    lsv_lora_stack s;
    ptrdiff_t at = 0, r = A->shape[0];
    *left = 0;
    if (inner + r == 0) return LSV_OK;
    LSV_TRY(lsv_lora_stack_new(m->out, m->in, inner + r, &s, err));
    lsv_status status = LSV_OK;
    for (int k = 0; status == LSV_OK && k < j->x->n; k++) {
        lsv_array *b, *a;
        ptrdiff_t i = lsv_adapter_find(j->adapters[k], m->name);
        if (i < 0) continue;
        status = lsv_adapter_factors(j->adapters[k], i, LSV_NUMPY, &b, &a, err);
        if (status != LSV_OK) break;
        status = stack_add(&s, &at, (j->x->weights ? j->x->weights[k] : 1.0 / j->x->n) * lsv_adapter_at(j->adapters[k], i)->scale, b, a, err);
        lsv_release(b);
        lsv_release(a);
    }
    if (status == LSV_OK && r) status = stack_add(&s, &at, -1, B, A, err);
    if (status == LSV_OK) status = stack_norm(&s, left, err);
    lsv_lora_stack_free(&s);
    return status;
}

static lsv_status record(job *j, ptrdiff_t i, int k, lsv_array **B, lsv_array **A, const lsv_aggregate_info *info, double seconds, lsv_layer *l, lsv_error *err) {
    l->rank = info->rank, l->before = info->inner, l->norm = info->norm, l->error = info->error, l->seconds = seconds;
    l->alpha = (double)info->rank, l->scale = 1, l->output = j->count > 1 ? k : -1;
    l->state = info->rank > 0 ? LSV_LAYER_DONE : LSV_LAYER_BELOW;
    double left;
    LSV_TRY(round_factors(j, j->modules[i].name, B, A, l, err));
    LSV_TRY(measure(j, &j->modules[i], info->inner, *B, *A, &left, err));
    l->error = l->norm > 0 ? left / l->norm : 0;
    return lsv_partial_put(j->partial, (int)i * j->count + k, l, 2, (lsv_array *[]){*B, *A}, err);
}

static int64_t bytes_of(const job *j, const char *name) {
    int64_t bytes = 0;
    for (int k = 0; k < j->x->n; k++) {
        ptrdiff_t at = lsv_adapter_find(j->adapters[k], name);
        if (at < 0) continue;
        const lsv_adapter_module *m = lsv_adapter_at(j->adapters[k], at);
        bytes += (int64_t)m->rank * ((int64_t)m->out * (int64_t)lsv_dtype_size(m->dtype_B) + (int64_t)m->in * (int64_t)lsv_dtype_size(m->dtype_A));
    }
    return bytes;
}

static lsv_status one_module(job *j, ptrdiff_t i, lsv_layer *layers, lsv_error *err) {
    size_t n = (size_t)j->count;
    bool known = true;
    for (int k = 0; k < j->count; k++) known = lsv_partial_get(j->partial, (int)i * j->count + k, &layers[k]) && known;
    if (known) return LSV_OK;
    lsv_array **B = lsv_calloc(2 * n, sizeof *B), **A = B ? B + n : NULL;
    lsv_aggregate_info *infos = lsv_calloc(n, sizeof *infos);
    lsv_status status = B && infos ? LSV_OK : lsv_no_memory(err, n * sizeof *infos);
    double start = lsv_seconds();
    if (status == LSV_OK) status = lsv_adapter_merge_module(&j->merging, j->modules[i].name, j->rules, j->count, B, A, infos, err);
    for (int k = 0; status == LSV_OK && k < j->count; k++)
        status = record(j, i, k, &B[k], &A[k], &infos[k], lsv_seconds() - start, &layers[k], err);
    for (int k = 0; B && k < j->count; k++) lsv_release(B[k]), lsv_release(A[k]);
    lsv_free(B);
    lsv_free(infos);
    return status;
}

static lsv_status run_modules(job *j, lsv_error *err) {
    int64_t all = 0;
    lsv_layer *layers = lsv_malloc((size_t)j->count * sizeof *layers);
    if (!layers) return lsv_no_memory(err, (size_t)j->count * sizeof *layers);
    for (ptrdiff_t i = 0; i < j->n; i++) all += bytes_of(j, j->modules[i].name);
    lsv_tell_phase(j->client, j->what, j->n * j->count, all);
    lsv_status status = LSV_OK;
    for (ptrdiff_t i = 0; i < j->n && status == LSV_OK; i++) {
        status = lsv_poll(err);
        lsv_tell_begin(j->client, j->modules[i].name);
        for (int k = 0; k < j->count; k++) {
            layers[k] = LSV_LAYER;
            lsv_layer_of_module(&j->modules[i], &layers[k]);
        }
        if (status == LSV_OK) status = one_module(j, i, layers, err);
        for (int k = 0; k < j->count && status == LSV_OK; k++)
            status = lsv_report_add(j->report, j->client, &layers[k], k == 0 ? bytes_of(j, j->modules[i].name) : 0, err);
    }
    lsv_free(layers);
    return status == LSV_OK ? lsv_partial_sync(j->partial, err) : status;
}

/* ---- the outputs ---- */

static lsv_status fill(const job *j, int output, lsv_adapter *a, lsv_assembly *s, lsv_error *err) {
    for (ptrdiff_t i = 0; i < j->n; i++) {
        lsv_adapter_module m = j->modules[i];
        lsv_layer l = LSV_LAYER;
        s[i] = (lsv_assembly){j->partial, (int)i * j->count + output};
        if (!lsv_partial_get(j->partial, s[i].key, &l)) continue;
        m.rank = l.rank, m.alpha = (double)NAN;
        lsv_dtype type;
        if (!lsv_dtype_parse(l.dtype, &type)) type = LSV_FLOAT32;
        m.dtype_A = m.dtype_B = type;
        LSV_TRY(lsv_adapter_add_later(a, &m, lsv_assembly_fetch, &s[i], err));
    }
    LSV_TRY(lsv_adapter_merge_tensors(&j->merging, a, err));
    for (int k = 0; k < j->x->n; k++)
        if (lsv_adapter_settings(j->adapters[k]) > 0 || j->x->n == 1) return lsv_adapter_copy_rest(a, j->adapters[k], j->x->n == 1, err);
    return LSV_OK;
}

static lsv_status write_output(job *j, int output, const char *path, lsv_error *err) {
    lsv_adapter *a;
    lsv_adapter_writing w = LSV_ADAPTER_WRITING(j->x->out.format);
    w.base = j->base;
    lsv_assembly *s = lsv_malloc(((size_t)j->n + 1) * sizeof *s);
    if (!s) return lsv_no_memory(err, (size_t)j->n * sizeof *s);
    lsv_status status = lsv_adapter_new(&a, err);
    if (status == LSV_OK) {
        status = fill(j, output, a, s, err);
        for (ptrdiff_t i = 0; output == 0 && lsv_adapter_note(a, i); i++) lsv_tell(j->client, "%s", lsv_adapter_note(a, i));
        if (status == LSV_OK) status = lsv_assembly_write(a, path, &w, j->client, j->report, err);
        lsv_adapter_free(a);
    }
    lsv_free(s);
    return status;
}

static lsv_status write_outputs(job *j, lsv_error *err) {
    char *out = lsv_partial_path(j->partial, "out");
    lsv_status status = out ? LSV_OK : lsv_no_memory(err, 64);
    if (status == LSV_OK && !j->x->names) status = write_output(j, 0, out, err);
    else if (status == LSV_OK) {
        status = lsv_remove_all(out, err);
        if (status == LSV_OK && mkdir(out, 0777) != 0) status = lsv_os_error(out, err);
        for (int k = 0; k < j->count && status == LSV_OK; k++) {
            lsv_text name = {0};
            lsv_text_printf(&name, "%s/%s%s", out, j->x->names[k], j->x->out.format == LSV_ADAPTER_PEFT ? "" : ".safetensors");
            status = name.failed ? lsv_no_memory(err, 64) : write_output(j, k, name.data, err);
            lsv_text_free(&name);
        }
    }
    lsv_free(out);
    return status == LSV_OK ? lsv_partial_finish(j->partial, "out", err) : status;
}

static lsv_status run(const char *what, const lsv_merging *x, const lsv_pipeline_client *client, lsv_report *report, lsv_error *err) {
    job j = {.what = what, .x = x, .client = client, .report = report};
    lsv_text t = {0};
    double start = lsv_seconds();
    *report = (lsv_report){0};
    lsv_status status = open_job(&j, err);
    if (status == LSV_OK) status = describe(&j, &t, err);
    if (status == LSV_OK) status = lsv_partial_open(&x->out, &t, &j.partial, &report->finished, err);
    lsv_text_free(&t);
    if (status == LSV_OK && !report->finished) {
        status = run_modules(&j, err);
        if (status == LSV_OK) status = write_outputs(&j, err);
    }
    close_job(&j);
    report->seconds = lsv_seconds() - start;
    lsv_report_total(report);
    if (status != LSV_OK) lsv_report_free(report);
    if (status == LSV_EOS && err && strstr(err->message, "[Errno 28]")) lsv_hint(err, "the modules that are finished are kept: make room and run it again, and it goes on");
    return lsv_error_clean(status, err);
}

lsv_status lsv_lora_merge(const lsv_merging *x, const lsv_pipeline_client *client, lsv_report *report, lsv_error *err) {
    return run("merge", x, client, report, err);
}

static lsv_merging as_merging(const lsv_resizing *x) {
    static const double one = 1;
    return (lsv_merging){.adapters = &x->adapter, .n = 1, .base = x->base, .weights = &one, .method = LSV_AGGREGATE_EXACT, .rules = &x->rule,
                         .count = 1, .split = x->split, .out = x->out};
}

lsv_status lsv_lora_resize(const lsv_resizing *x, const lsv_pipeline_client *client, lsv_report *report, lsv_error *err) {
    lsv_merging m = as_merging(x);
    return run("resize", &m, client, report, err);
}

/* ---- estimates ---- */

static void estimate_module(const job *j, ptrdiff_t i, lsv_estimate *e) {
    const lsv_adapter_module *m = &j->modules[i];
    double inner = 0, side = (double)(m->out + m->in);
    for (int k = 0; k < j->x->n; k++) {
        ptrdiff_t at = lsv_adapter_find(j->adapters[k], m->name);
        if (at >= 0) inner += (double)lsv_adapter_at(j->adapters[k], at)->rank;
    }
    e->layers++;
    e->parameters += (int64_t)(inner * side);
    e->flops += 10 * side * inner * inner + 20 * inner * inner * inner; /* two QRs, the core and its SVD, both factors */
    for (int k = 0; k < j->count; k++) {
        double most = j->rules[k].r >= 0 ? (double)j->rules[k].r : j->rules[k].max_rank >= 0 ? (double)j->rules[k].max_rank : inner;
        e->factor_bytes += (int64_t)(fmin(most, inner) * side * (double)(j->x->out.dtype >= 0 ? lsv_dtype_size((lsv_dtype)j->x->out.dtype) : sizeof(float)));
    }
    int64_t memory = (int64_t)(8 * (3 * side * inner + 8 * inner * inner));
    if (memory > e->memory) {
        e->memory = memory;
        snprintf(e->largest, sizeof e->largest, "%s", lsv_tail(m->name, sizeof e->largest - 1));
    }
}

lsv_status lsv_lora_merge_estimate(const lsv_merging *x, lsv_estimate *out, lsv_error *err) {
    job j = {.what = "merge", .x = x};
    lsv_estimate e = {0};
    lsv_status status = open_job(&j, err);
    for (ptrdiff_t i = 0; status == LSV_OK && i < j.n; i++) {
        e.bytes += bytes_of(&j, j.modules[i].name);
        estimate_module(&j, i, &e);
    }
    for (int k = 0; status == LSV_OK && k < x->n; k++) e.others += lsv_adapter_tensors(j.adapters[k]);
    close_job(&j);
    LSV_TRY(status);
    LSV_TRY(lsv_measure_rates(LSV_FLOAT64, &e, err));
    e.seconds = e.flops / e.rate + (double)e.bytes / e.read_rate;
    *out = e;
    return LSV_OK;
}

lsv_status lsv_lora_resize_estimate(const lsv_resizing *x, lsv_estimate *out, lsv_error *err) {
    lsv_merging m = as_merging(x);
    return lsv_lora_merge_estimate(&m, out, err);
}

/* ---- convert ---- */

static lsv_status convert(lsv_adapter *a, const lsv_converting *x, const lsv_base_names *base, const lsv_pipeline_client *client, lsv_report *report, lsv_error *err) {
    lsv_text t = {0};
    lsv_partial *p = NULL;
    lsv_adapter_writing w = {.format = x->out.format, .dtype = x->out.dtype, .base = *base, .prefix = x->prefix};
    lsv_text_printf(&t, "lsv lora convert, format 1\nto %s dtype %d prefix %s\n", lsv_adapter_format_name(x->out.format), x->out.dtype, x->prefix ? x->prefix : "");
    lsv_status status = lsv_adapter_identity(a, "adapter", &t, err);
    if (status == LSV_OK) status = lsv_partial_open(&x->out, &t, &p, &report->finished, err);
    lsv_text_free(&t);
    LSV_TRY(status);
    char *out = p ? lsv_partial_path(p, "out") : NULL;
    if (!report->finished && !out) status = lsv_no_memory(err, 64);
    for (ptrdiff_t i = 0; status == LSV_OK && !report->finished && i < lsv_adapter_count(a); i++) {
        const lsv_adapter_module *m = lsv_adapter_at(a, i);
        lsv_layer l = LSV_LAYER;
        lsv_layer_of_module(m, &l);
        l.rank = m->rank, l.alpha = m->alpha, l.scale = m->scale;
        l.dtype = lsv_dtype_name(x->out.dtype >= 0 ? (lsv_dtype)x->out.dtype : m->dtype_B);
        status = lsv_report_add(report, client, &l, 0, err);
    }
    if (status == LSV_OK && out) status = lsv_assembly_write(a, out, &w, client, report, err);
    if (status == LSV_OK && out) status = lsv_partial_finish(p, "out", err);
    lsv_free(out);
    lsv_partial_close(p);
    return status;
}

lsv_status lsv_lora_convert(const lsv_converting *x, const lsv_pipeline_client *client, lsv_report *report, lsv_error *err) {
    lsv_adapter *a;
    lsv_base_names base = {0};
    void *names;
    double start = lsv_seconds();
    *report = (lsv_report){0};
    LSV_TRY(lsv_adapter_open(x->adapter, x->base, false, &a, &base, &names, err));
    lsv_status status = convert(a, x, &base, client, report, err);
    for (ptrdiff_t i = 0; lsv_adapter_note(a, i); i++) lsv_tell(client, "%s", lsv_adapter_note(a, i));
    lsv_adapter_free(a);
    lsv_free(names);
    report->seconds = lsv_seconds() - start;
    if (status != LSV_OK) lsv_report_free(report);
    return lsv_error_clean(status, err);
}

lsv_status lsv_lora_convert_estimate(const lsv_converting *x, lsv_estimate *out, lsv_error *err) {
    lsv_adapter *a;
    void *names;
    ptrdiff_t bytes = 0;
    lsv_estimate e = {0};
    LSV_TRY(lsv_adapter_open(x->adapter, x->base, false, &a, NULL, &names, err));
    lsv_status status = lsv_adapter_bytes(a, x->out.dtype, &bytes, err);
    e.layers = lsv_adapter_count(a), e.others = lsv_adapter_tensors(a), e.factor_bytes = bytes;
    if (status == LSV_OK) status = lsv_adapter_bytes(a, -1, &bytes, err);
    e.bytes = bytes;
    for (ptrdiff_t i = 0; i < e.layers; i++) {
        const lsv_adapter_module *m = lsv_adapter_at(a, i);
        int64_t memory = (int64_t)(m->out + m->in) * (int64_t)m->rank * 8;
        e.parameters += (int64_t)(m->out + m->in) * (int64_t)m->rank;
        if (memory > e.memory) {
            e.memory = memory;
            snprintf(e.largest, sizeof e.largest, "%s", lsv_tail(m->name, sizeof e.largest - 1));
        }
    }
    lsv_adapter_free(a);
    lsv_free(names);
    LSV_TRY(status);
    LSV_TRY(lsv_measure_rates(LSV_FLOAT32, &e, err));
    e.seconds = (double)e.bytes / e.read_rate;
    *out = e;
    return LSV_OK;
}

/* ---- info ---- */

static lsv_status look(lsv_adapter *a, ptrdiff_t i, lsv_layer *l, lsv_error *err) {
    const lsv_adapter_module *m = lsv_adapter_at(a, i);
    lsv_array *B, *A;
    lsv_layer_of_module(m, l);
    l->rank = m->rank, l->alpha = m->alpha, l->scale = m->scale, l->dtype = lsv_dtype_name(m->dtype_B);
    LSV_TRY(lsv_adapter_factors(a, i, LSV_TORCH, &B, &A, err));
    double distance;
    lsv_status status = difference_norm(m->scale, B, A, 0, NULL, NULL, &distance, err);
    l->norm = distance;
    lsv_release(B);
    lsv_release(A);
    return status;
}

lsv_status lsv_lora_look(const char *path, const char *base, const lsv_pipeline_client *client, lsv_adapter **adapter, lsv_report *report,
                         lsv_error *err) {
    lsv_adapter *a;
    void *names;
    *report = (lsv_report){0};
    LSV_TRY(lsv_adapter_open(path, base, true, &a, NULL, &names, err));
    lsv_tell_phase(client, "read", lsv_adapter_count(a), 0);
    lsv_status status = LSV_OK;
    for (ptrdiff_t i = 0; status == LSV_OK && i < lsv_adapter_count(a); i++) {
        lsv_layer l = LSV_LAYER;
        status = lsv_poll(err);
        if (status == LSV_OK) status = look(a, i, &l, err);
        if (status == LSV_OK) status = lsv_report_add(report, client, &l, 0, err);
    }
    lsv_report_total(report);
    lsv_free(names); /* an adapter's names are its own */
    if (status == LSV_OK && adapter) *adapter = a;
    else lsv_adapter_free(a);
    if (status != LSV_OK) lsv_report_free(report);
    return lsv_error_clean(status, err);
}
