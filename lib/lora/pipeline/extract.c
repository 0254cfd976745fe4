/* extract: the difference of two checkpoints as an adapter, one layer after the other.

   Each layer is one record of the log: its factors as they will be stored and the error that they leave, measured against
   the difference itself before that is let go of. With a budget, the rank of one layer depends on the values of all: a first
   pass keeps generous factors in float32 with all their values, the ranks are chosen, and a second pass cuts, rounds and
   measures. Everything that depends on chance is seeded by the layer's name, so that it does not matter which run does it. */
#include <math.h>
#include <string.h>
#include "base/alloc.h"
#include "base/interrupt.h"
#include "file/inside.h"
#include "linalg/dense.h"
#include "lora/pipeline/inside.h"

typedef struct job {
    const lsv_extraction *x;
    const lsv_pipeline_client *client;
    lsv_report *report;
    lsv_checkpoint base, tuned;
    lsv_targets targets;
    lsv_partial *partial;
    ptrdiff_t *ranks;       /* with a budget: chosen; by target */
} job;

/* ---- what is being done, in words ---- */

static void describe_rule(lsv_text *t, lsv_rank_rule r) {
    lsv_text_printf(t, "rank %td tol %a energy %a ratio %a max %td\n", r.r, r.tol, r.energy, r.ratio, r.max_rank);
}

static void describe_list(lsv_text *t, const char *what, const char *const *items, int n) {
    for (int i = 0; i < n; i++) lsv_text_printf(t, "%s %s\n", what, items[i]);
}

static lsv_status describe(const job *j, lsv_text *t, lsv_error *err) {
    const lsv_extraction *x = j->x;
    lsv_text_puts(t, "lsv lora extract, format 1\n");
    describe_rule(t, x->rule);
    lsv_text_printf(t, "budget %lld\nnoise floor %d\n", (long long)x->budget, x->noise_floor);
    describe_list(t, "target", x->targets, x->ntargets);
    describe_list(t, "exclude", x->excludes, x->nexcludes);
    lsv_text_printf(t, "embeddings %d conv %d fan_in_fan_out %d rest %d\n", x->embeddings, x->conv, x->fan_in_fan_out, x->save_rest);
    lsv_text_printf(t, "split %d accuracy %a seed %llu\nformat %d dtype %d\n", (int)x->split, x->accuracy, (unsigned long long)x->seed,
                    (int)x->out.format, x->out.dtype);
    LSV_TRY(lsv_checkpoint_identity(&j->base, "base", t, err));
    LSV_TRY(lsv_checkpoint_identity(&j->tuned, "tuned", t, err));
    return t->failed ? lsv_no_memory(err, t->length) : LSV_OK;
}

/* ---- tensors that are not factored ---- */

/* Can tuned's tensor be kept? Types without an array here would change on the way. */
static lsv_status can_keep(const job *j, const lsv_target *t, lsv_error *err) {
    const lsv_tensor_info *info = lsv_safetensors_info(j->tuned.tensors, t->tuned);
    const lsv_element *e = lsv_element_named(info->type, strlen(info->type));
    if (e && e->readable && !e->widen) return LSV_OK;
    return lsv_fail(err, LSV_ENOTIMPL, "%s%s: tensor '%s': it differs, and elements of type %s cannot be kept", lsv_tail(j->tuned.folder, 100),
                    j->tuned.files[info->shard], lsv_tail(info->name, 120), info->type);
}

static lsv_status rest(job *j, const lsv_target *t, lsv_layer *l, lsv_error *err) {
    bool is = false;
    ptrdiff_t tensor = t->base >= 0 ? t->base : t->tuned;
    const lsv_tensor_info *info = lsv_safetensors_info(t->base >= 0 ? j->base.tensors : j->tuned.tensors, tensor);
    lsv_layer_of_tensor(info, l);
    if (t->tuned < 0) {
        l->state = LSV_LAYER_MISSING;
        return LSV_OK;
    }
    if (t->base >= 0) LSV_TRY(lsv_tensors_equal(&j->base, t->base, &j->tuned, t->tuned, &is, err));
    l->state = is ? LSV_LAYER_UNCHANGED : j->x->save_rest ? LSV_LAYER_KEPT : LSV_LAYER_DROPPED;
    if (is) return LSV_OK;
    if (j->x->save_rest) LSV_TRY(can_keep(j, t, err));
    return t->base >= 0 ? lsv_tensors_norms(&j->base, t->base, &j->tuned, t->tuned, l, err) : LSV_OK;
}

/* ---- a layer ---- */

static lsv_status open_delta(const job *j, const lsv_target *t, lsv_dtype *stored, lsv_delta *d, lsv_error *err) {
    return lsv_tensors_delta(&j->base, t->base, &j->tuned, t->tuned, t->m, t->n, stored, d, err);
}

static lsv_dtype factor_type(const job *j, lsv_dtype stored) {
    return j->x->out.dtype >= 0 ? (lsv_dtype)j->x->out.dtype : stored == LSV_FLOAT64 ? LSV_FLOAT32 : stored;
}

static void describe_delta(const lsv_target *t, const lsv_delta *d, lsv_layer *l) {
    l->ndim = 2 + t->nkernel;
    l->shape[0] = t->m, l->shape[1] = t->n;
    for (int i = 0; i < t->nkernel; i++) l->shape[1] /= t->kernel[i], l->shape[2 + i] = t->kernel[i];
    l->norm = d->norm;
    l->relative = d->base > 0 ? d->norm / d->base : (double)NAN;
    l->floor = d->norm > 0 ? d->noise / d->norm : 0;
    l->state = LSV_LAYER_UNCHANGED;
}

/* The factors at rank r in the type that is stored, and what they leave. */
static lsv_status settle(job *j, int key, const lsv_target *t, lsv_delta *d, const lsv_leading *lead, ptrdiff_t r, lsv_dtype stored,
                         lsv_layer *l, lsv_error *err) {
    lsv_array *f[2], *v[2] = {0};
    double left;
    lsv_dtype type = factor_type(j, stored);
    LSV_TRY(lsv_leading_split(lead, r, j->x->split, t->transposed, type, &f[0], &f[1], err));
    lsv_status status = LSV_OK;
    for (int i = 0; i < 2 && status == LSV_OK; i++) /* (B A)^T = A^T B^T */
        status = t->transposed ? lsv_transpose(f[1 - i], NULL, &v[i], err) : lsv_view(f[i], &v[i], err);
    if (status == LSV_OK) status = lsv_delta_residual(d, v[0], v[1], &left, err);
    if (status == LSV_OK) {
        l->state = LSV_LAYER_DONE, l->rank = r, l->alpha = (double)r, l->scale = 1;
        l->error = d->norm > 0 ? left / d->norm : 0;
        l->dtype = lsv_dtype_name(type);
        status = lsv_partial_put(j->partial, key, l, 2, f, err);
    }
    for (int i = 0; i < 2; i++) lsv_release(f[i]), lsv_release(v[i]);
    return status;
}

static lsv_factor_options options_for(const job *j, const lsv_target *t) {
    return (lsv_factor_options){.rule = j->x->rule, .above_noise = j->x->noise_floor, .accuracy = j->x->accuracy,
                                .seed = lsv_checksum(j->x->seed, t->name, strlen(t->name))};
}

static lsv_status factored(job *j, int key, const lsv_target *t, lsv_layer *l, lsv_error *err) {
    lsv_delta d;
    lsv_leading lead;
    lsv_dtype stored;
    ptrdiff_t r;
    double start = lsv_seconds();
    lsv_factor_options o = options_for(j, t);
    LSV_TRY(open_delta(j, t, &stored, &d, err));
    describe_delta(t, &d, l);
    lsv_status status = LSV_OK;
    if (!d.x) status = lsv_partial_put(j->partial, key, l, 0, NULL, err);
    else {
        status = lsv_delta_factor(&d, &o, &lead, &r, err);
        if (status == LSV_OK) {
            l->products = lead.products;
            l->seconds = lsv_seconds() - start;
            j->report->flops += lead.flops;
            if (r > 0) status = settle(j, key, t, &d, &lead, r, stored, l, err);
            else {
                l->state = LSV_LAYER_BELOW, l->rank = 0, l->error = 1;
                status = lsv_partial_put(j->partial, key, l, 0, NULL, err);
            }
            lsv_leading_free(&lead);
        }
    }
    lsv_delta_free(&d);
    return status;
}

/* ---- with a budget ---- */

static int64_t bytes_per_rank(const job *j, const lsv_target *t) {
    bool floating;
    lsv_dtype stored = lsv_checkpoint_dtype(&j->tuned, t->tuned, &floating);
    return (int64_t)(t->m + t->n) * (int64_t)lsv_dtype_size(factor_type(j, stored));
}

/* The most that one layer may be given: four times what it would get if all got the same. */
static ptrdiff_t cap_of(const job *j, const lsv_target *t) {
    int64_t all = 0;
    for (ptrdiff_t i = 0; i < j->targets.n; i++)
        if (j->targets.items[i].factored) all += bytes_per_rank(j, &j->targets.items[i]);
    ptrdiff_t even = (ptrdiff_t)(j->x->budget / (all > 0 ? all : 1)), cap = 4 * even > 16 ? 4 * even : 16;
    if (j->x->rule.r >= 0 && j->x->rule.r < cap) cap = j->x->rule.r;
    if (j->x->rule.max_rank >= 0) cap = j->x->rule.max_rank;
    return lsv_min_size(cap, lsv_min_size(t->m, t->n));
}

/* First pass: factors and values of more triplets than will be kept. Array 0 and 1: U and V; 2: the values. */
static lsv_status values(job *j, int key, const lsv_target *t, lsv_layer *l, lsv_error *err) {
    lsv_delta d;
    lsv_leading lead;
    lsv_dtype stored;
    ptrdiff_t r, cap = cap_of(j, t);
    lsv_array *f[3] = {0};
    lsv_factor_options o = options_for(j, t);
    if (isnan(o.rule.tol) && isnan(o.rule.energy) && isnan(o.rule.ratio)) o.rule = LSV_RANK_RULE(cap);
    o.rule.max_rank = cap;
    LSV_TRY(open_delta(j, t, &stored, &d, err));
    describe_delta(t, &d, l);
    if (!d.x) return lsv_partial_put(j->partial, key, l, 0, NULL, err);
    double start = lsv_seconds();
    lsv_status status = lsv_delta_factor(&d, &o, &lead, &r, err);
    lsv_delta_free(&d);
    LSV_TRY(status);
    l->products = lead.products, l->seconds = lsv_seconds() - start;
    l->state = r > 0 ? LSV_LAYER_DONE : LSV_LAYER_BELOW, l->rank = r, l->error = lead.error;
    j->report->flops += lead.flops;
    status = lsv_leading_split(&lead, r, LSV_SPLIT_RIGHT, false, LSV_FLOAT32, &f[0], &f[1], err);
    if (status == LSV_OK) status = lsv_empty(LSV_TORCH, LSV_FLOAT64, 1, &r, &f[2], err);
    if (status == LSV_OK) {
        if (r) memcpy(f[2]->data, lead.s, (size_t)r * sizeof(double));
        status = lsv_partial_put(j->partial, key, l, 3, f, err);
    }
    for (int i = 0; i < 3; i++) lsv_release(f[i]);
    lsv_leading_free(&lead);
    return status;
}

typedef struct candidate { lsv_array *s; int64_t each; ptrdiff_t taken; bool closed; } candidate;

/* The value that removes most error per byte, again and again, as long as it fits. */
static void spend(candidate *all, ptrdiff_t n, int64_t budget) {
    for (;;) {
        ptrdiff_t best = -1;
        double most = 0;
        for (ptrdiff_t i = 0; i < n; i++) {
            candidate *c = &all[i];
            if (c->closed || !c->s || c->taken >= c->s->size) continue;
            if (c->each > budget) {
                c->closed = true; /* and so for its smaller ones */
                continue;
            }
            double s = ((const double *)(const void *)c->s->data)[c->taken], gain = s * s / (double)c->each;
            if (gain > most) most = gain, best = i;
        }
        if (best < 0) return;
        all[best].taken++;
        budget -= all[best].each;
    }
}

static lsv_status choose(job *j, lsv_error *err) {
    ptrdiff_t n = j->targets.n, full = 0;
    candidate *all = lsv_calloc((size_t)n + 1, sizeof *all);
    j->ranks = lsv_calloc((size_t)n + 1, sizeof *j->ranks);
    lsv_status status = all && j->ranks ? LSV_OK : lsv_no_memory(err, (size_t)n * sizeof *all);
    for (ptrdiff_t i = 0; status == LSV_OK && i < n; i++) {
        lsv_layer l = LSV_LAYER;
        if (!j->targets.items[i].factored || !lsv_partial_get(j->partial, (int)i, &l) || l.rank <= 0) continue;
        all[i].each = bytes_per_rank(j, &j->targets.items[i]);
        status = lsv_partial_array(j->partial, (int)i, 2, &all[i].s, err);
    }
    if (status == LSV_OK) spend(all, n, j->x->budget);
    for (ptrdiff_t i = 0; all && i < n; i++) {
        if (status == LSV_OK && all[i].s) {
            j->ranks[i] = all[i].taken;
            full += all[i].taken == all[i].s->size && all[i].taken == cap_of(j, &j->targets.items[i]) &&
                    all[i].taken < lsv_min_size(j->targets.items[i].m, j->targets.items[i].n);
        }
        lsv_release(all[i].s);
    }
    lsv_free(all);
    if (full && j->x->rule.max_rank < 0) lsv_tell(j->client, "%td layers took all the singular values that were computed for them; --max-rank allows more", full);
    return status;
}

/* A record of the first pass as triplets. */
static lsv_status recall(const job *j, int key, const lsv_target *t, lsv_leading *lead, lsv_error *err) {
    lsv_array *f[3] = {0}, *wide[2] = {0};
    lsv_status status = LSV_OK;
    for (int i = 0; i < 3 && status == LSV_OK; i++) status = lsv_partial_array(j->partial, key, i, &f[i], err);
    ptrdiff_t k = status == LSV_OK ? f[2]->size : 0;
    *lead = (lsv_leading){.m = t->m, .n = t->n, .k = k, .ld = lsv_pad8(k)};
    if (status == LSV_OK) status = lsv_thin_new(t->m, k, &lead->u, err);
    if (status == LSV_OK) status = lsv_thin_new(t->n, k, &lead->v, err);
    if (status == LSV_OK) status = lsv_mats_buffer(LSV_FLOAT64, k, 1, (void **)&lead->s, err);
    if (status == LSV_OK) {
        const float *u = (const float *)(const void *)f[0]->data, *sv = (const float *)(const void *)f[1]->data;
        memcpy(lead->s, f[2]->data, (size_t)k * sizeof(double));
        for (ptrdiff_t i = 0; i < t->m; i++)
            for (ptrdiff_t c = 0; c < k; c++) lead->u[i * lead->ld + c] = (double)u[i * k + c];
        for (ptrdiff_t c = 0; c < k; c++)
            for (ptrdiff_t i = 0; i < t->n; i++) lead->v[i * lead->ld + c] = (double)sv[c * t->n + i] / lead->s[c];
    }
    for (int i = 0; i < 3; i++) lsv_release(f[i]);
    for (int i = 0; i < 2; i++) lsv_release(wide[i]);
    if (status != LSV_OK) lsv_leading_free(lead);
    return status;
}

/* Second pass: the factors at the chosen rank, measured against the difference. */
static lsv_status chosen(job *j, ptrdiff_t i, int key, const lsv_target *t, lsv_layer *l, lsv_error *err) {
    lsv_delta d;
    lsv_leading lead;
    lsv_dtype stored;
    if (!lsv_partial_get(j->partial, (int)i, l) || l->state != LSV_LAYER_DONE || j->ranks[i] == 0) {
        if (l->state == LSV_LAYER_DONE) l->state = LSV_LAYER_BELOW;
        l->rank = l->state == LSV_LAYER_BELOW ? 0 : -1, l->error = l->state == LSV_LAYER_BELOW ? 1 : (double)NAN;
        return lsv_partial_put(j->partial, key, l, 0, NULL, err);
    }
    LSV_TRY(open_delta(j, t, &stored, &d, err));
    lsv_status status = recall(j, (int)i, t, &lead, err);
    describe_delta(t, &d, l);
    if (status == LSV_OK) {
        status = settle(j, key, t, &d, &lead, j->ranks[i], stored, l, err);
        lsv_leading_free(&lead);
    }
    lsv_delta_free(&d);
    return status;
}

/* ---- all of them ---- */

typedef enum pass { ONLY, FIRST, SECOND } pass;

static lsv_status one(job *j, ptrdiff_t i, int key, pass p, lsv_layer *l, lsv_error *err) {
    const lsv_target *t = &j->targets.items[i];
    bool known = lsv_partial_get(j->partial, key, l);
    if (known && t->factored) { /* shape and names are not in the record */
        lsv_delta none = {.norm = l->norm, .base = l->norm / l->relative, .noise = l->floor * l->norm};
        lsv_layer_state state = l->state;
        double floor = l->floor, relative = l->relative;
        describe_delta(t, &none, l);
        l->state = state, l->floor = floor, l->relative = relative;
        return LSV_OK;
    }
    if (!t->factored) return rest(j, t, l, err);
    return p == ONLY ? factored(j, key, t, l, err) : p == FIRST ? values(j, key, t, l, err) : chosen(j, i, key, t, l, err);
}

static void read_ahead(const job *j, ptrdiff_t i, int offset) {
    lsv_layer l;
    for (i++; i < j->targets.n && (!j->targets.items[i].factored || lsv_partial_get(j->partial, (int)i + offset, &l)); i++) {}
    if (i >= j->targets.n) return;
    lsv_checkpoint_ahead(&j->base, j->targets.items[i].base);
    lsv_checkpoint_ahead(&j->tuned, j->targets.items[i].tuned);
}

static lsv_status with_name(lsv_status status, const char *name, lsv_error *err) {
    if (status == LSV_ELINALG && err) {
        char text[sizeof err->message];
        memcpy(text, err->message, sizeof text);
        lsv_fail(err, status, "%s: %.300s", lsv_tail(name, 160), text);
    }
    if (status == LSV_EOS && err && strstr(err->message, "[Errno 28]"))
        lsv_hint(err, "the layers that are finished are kept: make room and run it again, and it goes on");
    return status;
}

static lsv_status run_pass(job *j, pass p, lsv_error *err) {
    int offset = p == SECOND ? (int)j->targets.n : 0;
    lsv_tell_phase(j->client, p == ONLY ? "extract" : p == FIRST ? "values" : "factors", j->targets.n, j->targets.bytes);
    for (ptrdiff_t i = 0; i < j->targets.n; i++) {
        const lsv_target *t = &j->targets.items[i];
        lsv_layer l = LSV_LAYER;
        l.name = t->name;
        LSV_TRY(lsv_poll(err));
        lsv_tell_begin(j->client, t->name);
        if (t->factored) read_ahead(j, i, offset);
        LSV_TRY(with_name(one(j, i, (int)i + offset, p, &l, err), t->name, err));
        if (p == FIRST) {
            if (j->client && j->client->layer) j->client->layer(j->client->ctx, &l, t->bytes);
        } else LSV_TRY(lsv_report_add(j->report, j->client, &l, t->bytes, err));
        if (t->base >= 0) lsv_checkpoint_behind(&j->base, t->base);
        if (t->tuned >= 0) lsv_checkpoint_behind(&j->tuned, t->tuned);
    }
    return lsv_partial_sync(j->partial, err);
}

/* ---- the adapter ---- */

static lsv_status fill(const job *j, lsv_adapter *a, lsv_assembly *s, int offset, lsv_error *err) {
    for (ptrdiff_t i = 0, k = 0; i < j->targets.n; i++) {
        const lsv_target *t = &j->targets.items[i];
        const lsv_layer *l = &j->report->layers[i];
        if (l->state == LSV_LAYER_KEPT) {
            lsv_array *x;
            LSV_TRY(lsv_safetensors_get(j->tuned.tensors, t->tuned, LSV_TORCH, &x, err));
            LSV_TRY(lsv_adapter_tensor_add(a, t->name, x, err));
        }
        if (!t->factored || l->state != LSV_LAYER_DONE) continue;
        lsv_adapter_module m = {.name = t->name, .kind = t->kind, .transposed = t->transposed, .rank = l->rank, .alpha = (double)NAN, .nkernel = t->nkernel};
        memcpy(m.kernel, t->kernel, sizeof m.kernel);
        m.out = t->transposed ? t->n : t->m, m.in = t->transposed ? t->m : t->n;
        lsv_dtype type;
        if (!lsv_dtype_parse(l->dtype, &type)) type = LSV_FLOAT32;
        m.dtype_A = m.dtype_B = type;
        s[k] = (lsv_assembly){j->partial, (int)i + offset};
        LSV_TRY(lsv_adapter_add_later(a, &m, lsv_assembly_fetch, &s[k++], err));
    }
    return LSV_OK;
}

/* The names of base's modules, for kohya's. */
static lsv_status base_names(const job *j, lsv_base_names *names, lsv_error *err) {
    const char **list = lsv_malloc(((size_t)j->targets.n + 1) * sizeof *list);
    if (!list) return lsv_no_memory(err, (size_t)j->targets.n * sizeof *list);
    *names = (lsv_base_names){0, list};
    for (ptrdiff_t i = 0; i < j->targets.n; i++)
        if (j->targets.items[i].factored) list[names->n++] = j->targets.items[i].name;
    return LSV_OK;
}

static lsv_status assemble(job *j, lsv_error *err) {
    lsv_adapter *a;
    lsv_adapter_writing w = LSV_ADAPTER_WRITING(j->x->out.format);
    int offset = j->x->budget > 0 ? (int)j->targets.n : 0;
    char *path = lsv_partial_path(j->partial, "out");
    lsv_assembly *s = lsv_malloc(((size_t)j->targets.n + 1) * sizeof *s);
    lsv_status status = s && path ? LSV_OK : lsv_no_memory(err, 64);
    if (status == LSV_OK) status = lsv_adapter_new(&a, err);
    if (status == LSV_OK) {
        status = fill(j, a, s, offset, err);
        if (status == LSV_OK) status = lsv_adapter_set_text(a, "base_model_name_or_path", j->x->base, err);
        if (status == LSV_OK) status = base_names(j, &w.base, err);
        if (status == LSV_OK && lsv_adapter_count(a) == 0 && lsv_adapter_tensors(a) == 0) {
            status = lsv_fail(err, LSV_EVALUE, "there is nothing to write: no target differs between %s and %s", lsv_tail(j->x->base, 120), lsv_tail(j->x->tuned, 120));
            lsv_hint(err, "lsv lora diff shows what does; --save-rest keeps tensors that are no targets");
            lsv_partial_discard(j->partial);
        }
        if (status == LSV_OK) status = lsv_assembly_write(a, path, &w, j->client, j->report, err);
        lsv_adapter_free(a);
    }
    lsv_free((void *)w.base.names);
    if (status == LSV_OK) status = lsv_partial_finish(j->partial, "out", err);
    lsv_free(s);
    lsv_free(path);
    return status;
}

static void summarise(const job *j) {
    ptrdiff_t dropped = 0, missing = 0;
    const char *first = "", *absent = "";
    for (ptrdiff_t i = 0; i < j->report->n; i++) {
        const lsv_layer *l = &j->report->layers[i];
        if (l->state == LSV_LAYER_DROPPED && !dropped++) first = l->name;
        if (l->state == LSV_LAYER_MISSING && !missing++) absent = l->name;
    }
    if (dropped == 1) lsv_tell(j->client, "'%s' differs and is not in the adapter (--save-rest keeps it whole)", lsv_tail(first, 200));
    if (dropped > 1) lsv_tell(j->client, "%td tensors differ and are not in the adapter, '%s' first (--save-rest keeps them whole)", dropped, lsv_tail(first, 200));
    if (missing) lsv_tell(j->client, "%s has no '%s'%s", lsv_tail(j->x->tuned, 160), lsv_tail(absent, 160), missing > 1 ? " and others of base's" : " (tied to another?)");
}

static lsv_status check(const lsv_extraction *x, lsv_error *err) {
    const lsv_rank_rule *r = &x->rule;
    if (r->tol < 0) return lsv_fail(err, LSV_EVALUE, "tol must not be negative");
    if (r->energy < 0 || r->energy > 1) return lsv_fail(err, LSV_EVALUE, "energy is a share between 0 and 1");
    if (r->ratio < 0 || r->ratio > 1) return lsv_fail(err, LSV_EVALUE, "ratio is between 0 and 1: the smallest value kept, over the largest");
    if (x->budget < 0) return lsv_fail(err, LSV_EVALUE, "the budget must not be negative");
    return LSV_OK;
}

static lsv_status run(job *j, lsv_error *err) {
    lsv_text t = {0};
    bool finished = false;
    lsv_status status = describe(j, &t, err);
    if (status == LSV_OK) status = lsv_partial_open(&j->x->out, &t, &j->partial, &finished, err);
    lsv_text_free(&t);
    LSV_TRY(status);
    if (finished) {
        j->report->finished = true;
        return LSV_OK;
    }
    if (j->x->budget > 0) {
        LSV_TRY(run_pass(j, FIRST, err));
        LSV_TRY(choose(j, err));
        LSV_TRY(run_pass(j, SECOND, err));
    } else LSV_TRY(run_pass(j, ONLY, err));
    summarise(j);
    return with_name(assemble(j, err), "", err);
}

lsv_status lsv_lora_extract(const lsv_extraction *x, const lsv_pipeline_client *client, lsv_report *report, lsv_error *err) {
    job j = {.x = x, .client = client, .report = report};
    double start = lsv_seconds();
    *report = (lsv_report){0};
    LSV_TRY(check(x, err));
    lsv_status status = lsv_checkpoint_open(x->base, &j.base, err);
    if (status == LSV_OK) status = lsv_checkpoint_open(x->tuned, &j.tuned, err);
    if (status == LSV_OK) status = lsv_targets_of(x, &j.base, &j.tuned, &j.targets, err);
    if (status == LSV_OK) status = run(&j, err);
    lsv_partial_close(j.partial);
    lsv_targets_free(&j.targets);
    lsv_checkpoint_close(&j.base);
    lsv_checkpoint_close(&j.tuned);
    lsv_free(j.ranks);
    report->seconds = lsv_seconds() - start;
    lsv_report_total(report);
    if (status != LSV_OK) lsv_report_free(report);
    return lsv_error_clean(status, err);
}
