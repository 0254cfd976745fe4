/* Which tensors of two checkpoints are factored, and which are only compared.

   A target is a matrix of floating numbers whose name ends in ".weight": the module is what stands before. Embeddings
   and the output head are targets only when they are asked for, as PEFT has it: a low rank is seldom what changes in them.
   Everything else is looked at too, so that nothing that differs goes unsaid. */
#include <string.h>
#include "base/alloc.h"
#include "file/inside.h"
#include "lora/adapter/pattern.h"
#include "lora/pipeline/inside.h"

static const char *const embedding_names[] = {"embed_tokens", "wte", "wpe", "word_embeddings", "position_embeddings", "token_type_embeddings",
                                              "embed_in", "tok_embeddings", "token_embedding", "position_embedding", "embed_positions",
                                              "embeddings", "embedding", "shared", NULL};
static const char *const head_names[] = {"lm_head", "embed_out", "output_layer", NULL};

static bool last_is(const char *module, const char *const *names) {
    const char *dot = strrchr(module, '.'), *last = dot ? dot + 1 : module;
    for (; *names; names++)
        if (strcmp(last, *names) == 0) return true;
    return false;
}

typedef struct patterns { int n; lsv_pattern **all; } patterns;

static void free_patterns(patterns *p) {
    for (int i = 0; i < p->n; i++) lsv_pattern_free(p->all[i]);
    lsv_free(p->all);
}

static lsv_status compile(const char *const *texts, int n, patterns *p, lsv_error *err) {
    *p = (patterns){0};
    p->all = lsv_calloc((size_t)n + 1, sizeof *p->all);
    if (!p->all) return lsv_no_memory(err, (size_t)n * sizeof *p->all);
    for (; p->n < n; p->n++) LSV_TRY(lsv_pattern_new(texts[p->n], LSV_PATTERN_SUFFIX, &p->all[p->n], err));
    return LSV_OK;
}

static lsv_status matches(const patterns *p, const char *name, bool *is, lsv_error *err) {
    *is = false;
    for (int i = 0; i < p->n && !*is; i++) LSV_TRY(lsv_pattern_match(p->all[i], name, is, err));
    return LSV_OK;
}

/* What the shape and the name make of a tensor that both have; t->name is the tensor's. */
static lsv_status classify(const lsv_extraction *x, const patterns *targets, const patterns *excludes, const lsv_tensor_info *info,
                           bool floating, lsv_target *t, lsv_error *err) {
    size_t n = strlen(info->name);
    bool is = false;
    if (!floating || info->ndim < 2 || info->ndim > 5 || n < 8 || strcmp(info->name + n - 7, ".weight") != 0) return LSV_OK;
    if (info->ndim > 2 && !x->conv) return LSV_OK;
    t->name[n - 7] = '\0';
    bool embedding = last_is(t->name, embedding_names), named = embedding || last_is(t->name, head_names);
    t->m = info->shape[0], t->n = 1;
    for (int i = 1; i < info->ndim; i++) t->n *= info->shape[i];
    for (int i = 2; i < info->ndim; i++) t->kernel[t->nkernel++] = info->shape[i];
    t->kind = info->ndim > 2 ? LSV_MODULE_CONV : embedding ? LSV_MODULE_EMBEDDING : LSV_MODULE_LINEAR;
    t->transposed = t->kind == LSV_MODULE_EMBEDDING || (t->kind == LSV_MODULE_LINEAR && x->fan_in_fan_out);
    lsv_status status = LSV_OK;
    t->factored = t->m > 0 && t->n > 0 && (!named || x->embeddings);
    if (t->factored && targets->n) {
        status = matches(targets, t->name, &is, err);
        t->factored = is;
    }
    if (status == LSV_OK && t->factored) {
        status = matches(excludes, t->name, &is, err);
        t->factored = !is;
    }
    if (!t->factored) t->name[n - 7] = '.';
    return status;
}

static lsv_status different(const lsv_checkpoint *base, const lsv_checkpoint *tuned, const lsv_target *t, lsv_error *err) {
    const lsv_tensor_info *b = lsv_safetensors_info(base->tensors, t->base), *u = lsv_safetensors_info(tuned->tensors, t->tuned);
    char sb[96], st[96];
    lsv_fail(err, LSV_EVALUE, "tensor '%s' has shape %s in %s%s and %s in %s%s", lsv_tail(b->name, 120), lsv_shape_text_n(b->ndim, b->shape, sb, sizeof sb),
             lsv_tail(base->folder, 60), base->files[b->shard], lsv_shape_text_n(u->ndim, u->shape, st, sizeof st), lsv_tail(tuned->folder, 60),
             tuned->files[u->shard]);
    lsv_hint(err, "are they of one model? Tensors that are no targets and kept whole (--save-rest) may differ in shape");
    return LSV_EVALUE;
}

static lsv_status one(const lsv_extraction *x, const lsv_checkpoint *base, const lsv_checkpoint *tuned, const patterns *targets,
                      const patterns *excludes, lsv_target *t, lsv_error *err) {
    const lsv_tensor_info *b = t->base >= 0 ? lsv_safetensors_info(base->tensors, t->base) : NULL,
                          *u = t->tuned >= 0 ? lsv_safetensors_info(tuned->tensors, t->tuned) : NULL;
    t->name = lsv_strdup(b ? b->name : u->name);
    if (!t->name) return lsv_no_memory(err, 64);
    t->bytes = (int64_t)((b ? b->bytes : 0) + (u ? u->bytes : 0));
    if (!b || !u) return LSV_OK;
    bool fb, fu;
    lsv_checkpoint_dtype(base, t->base, &fb);
    lsv_checkpoint_dtype(tuned, t->tuned, &fu);
    LSV_TRY(classify(x, targets, excludes, b, fb && fu, t, err));
    if (lsv_same_shape(b, u)) return LSV_OK;
    return t->factored || !x->save_rest ? different(base, tuned, t, err) : LSV_OK;
}

static lsv_status all(const lsv_extraction *x, const lsv_checkpoint *base, const lsv_checkpoint *tuned, const patterns *targets,
                      const patterns *excludes, lsv_targets *out, lsv_error *err) {
    ptrdiff_t nb = lsv_safetensors_count(base->tensors), nt = lsv_safetensors_count(tuned->tensors);
    out->items = lsv_calloc((size_t)(nb + nt) + 1, sizeof *out->items);
    if (!out->items) return lsv_no_memory(err, (size_t)(nb + nt) * sizeof *out->items);
    for (ptrdiff_t i = 0; i < nb + nt; i++) {
        lsv_target *t = &out->items[out->n];
        if (i < nb) *t = (lsv_target){.base = i, .tuned = lsv_safetensors_find(tuned->tensors, lsv_safetensors_info(base->tensors, i)->name)};
        else *t = (lsv_target){.base = lsv_safetensors_find(base->tensors, lsv_safetensors_info(tuned->tensors, i - nb)->name), .tuned = i - nb};
        if (i >= nb && t->base >= 0) continue;
        out->n++;
        LSV_TRY(one(x, base, tuned, targets, excludes, t, err));
        out->factored += t->factored;
        out->bytes += t->bytes;
    }
    return LSV_OK;
}

lsv_status lsv_targets_of(const lsv_extraction *x, const lsv_checkpoint *base, const lsv_checkpoint *tuned, lsv_targets *out, lsv_error *err) {
    patterns targets, excludes = {0};
    *out = (lsv_targets){0};
    lsv_status status = compile(x->targets, x->ntargets, &targets, err);
    if (status == LSV_OK) status = compile(x->excludes, x->nexcludes, &excludes, err);
    if (status == LSV_OK) status = all(x, base, tuned, &targets, &excludes, out, err);
    free_patterns(&targets);
    free_patterns(&excludes);
    if (status == LSV_OK && x->ntargets > 0 && out->factored == 0) {
        status = lsv_fail(err, LSV_EVALUE, "no weight of %s%s matches the targets", lsv_tail(base->folder, 200), base->index ? base->index : base->files[0]);
        lsv_hint(err, "lsv lora diff BASE TUNED lists the names");
    }
    if (status != LSV_OK) lsv_targets_free(out);
    return status;
}

void lsv_targets_free(lsv_targets *t) {
    for (ptrdiff_t i = 0; i < t->n; i++) lsv_free(t->items[i].name);
    lsv_free(t->items);
    *t = (lsv_targets){0};
}
