/* PEFT's tensors: "base_model.model.<module>.lora_A.weight" and its like.

   Every name is taken apart from its end. A name with no word of LoRA's is a whole tensor, kept for its module
   (modules_to_save, a bias); a word that is not known is refused, for it changes what the factors mean. The rank is the
   tensors', whatever the configuration says. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "lora/adapter/inside.h"

/* ---- shapes, for every format ---- */

static bool floating(const lsv_tensor_info *t, lsv_dtype *dtype) {
    const lsv_element *e = lsv_element_named(t->type, strlen(t->type));
    *dtype = e ? e->dtype : LSV_FLOAT32;
    return e && e->readable && lsv_dtype_is_float(e->dtype);
}

static lsv_status check_axes(const char *where, const lsv_tensor_info *t, bool first, lsv_error *err) {
    if (t->ndim < 2) {
        lsv_adapter_bad(where, t->name, err, "a factor with %d ax%s", t->ndim, t->ndim == 1 ? "is" : "es");
        lsv_hint(err, "the shards of a run (DeepSpeed ZeRO-3, FSDP) were not gathered before it was saved");
        return LSV_EVALUE;
    }
    if (t->ndim > 5) return lsv_adapter_bad(where, t->name, err, "a factor with %d axes; a convolution has at most 5", t->ndim);
    for (int i = 0; i < t->ndim; i++)
        if (t->shape[i] == 0 && i != (first ? 0 : 1)) {
            lsv_adapter_bad(where, t->name, err, "an axis of length 0");
            lsv_hint(err, "the shards of a run (DeepSpeed ZeRO-3, FSDP) were not gathered before it was saved");
            return LSV_EVALUE;
        }
    return LSV_OK;
}

lsv_status lsv_factor_shapes(const lsv_adapter *a, const char *where, ptrdiff_t at_B, ptrdiff_t at_A, bool embedding, lsv_adapter_module *m, lsv_error *err) {
    const lsv_tensor_info *B = lsv_safetensors_info(a->file, at_B), *A = lsv_safetensors_info(a->file, at_A);
    char tb[96], ta[96];
    LSV_TRY(check_axes(where, B, false, err));
    LSV_TRY(check_axes(where, A, true, err));
    if (!floating(B, &m->dtype_B)) return lsv_adapter_bad(where, B->name, err, "a factor of %s, which is no floating type that can be read", B->type);
    if (!floating(A, &m->dtype_A)) return lsv_adapter_bad(where, A->name, err, "a factor of %s, which is no floating type that can be read", A->type);
    lsv_shape_text_n(B->ndim, B->shape, tb, sizeof tb), lsv_shape_text_n(A->ndim, A->shape, ta, sizeof ta);
    bool fits = B->ndim == A->ndim && (!embedding || A->ndim == 2);
    for (int i = 2; fits && i < B->ndim; i++) fits = B->shape[i] == 1;
    if (fits && B->shape[1] != A->shape[0] && B->shape[1] > 0 && A->ndim > 2 && A->shape[0] % B->shape[1] == 0)
        return lsv_adapter_bad(where, A->name, err, "A is %s and B %s: factors of a grouped convolution, which are not supported", ta, tb);
    if (!fits || B->shape[1] != A->shape[0]) return lsv_adapter_bad(where, A->name, err, "A is %s and B %s, which do not multiply", ta, tb);
    m->kind = embedding ? LSV_MODULE_EMBEDDING : A->ndim > 2 ? LSV_MODULE_CONV : LSV_MODULE_LINEAR;
    m->out = B->shape[0], m->rank = A->shape[0], m->in = A->shape[1];
    m->nkernel = A->ndim - 2;
    for (int i = 0; i < m->nkernel; i++) m->kernel[i] = A->shape[2 + i], m->in *= A->shape[2 + i];
    return LSV_OK;
}

/* ---- names ---- */

typedef enum part { PART_TENSOR, PART_A, PART_B, PART_EMBEDDING_A, PART_EMBEDDING_B, PART_REFUSED } part;

static const struct { const char *word; part part; const char *why; } words[] = {
    {".lora_A", PART_A, NULL}, {".lora_B", PART_B, NULL},
    {".lora_embedding_A", PART_EMBEDDING_A, NULL}, {".lora_embedding_B", PART_EMBEDDING_B, NULL},
    {".lora_magnitude_vector", PART_REFUSED, "DoRA's vector of magnitudes, which no B @ A can hold"},
    {".lora_E", PART_REFUSED, "AdaLoRA's singular values"}, {".lora_ranknum", PART_REFUSED, "AdaLoRA's rank"},
    {".lora_diag", PART_REFUSED, "KaSA's diagonal"},
    {".token_adapter.", PART_REFUSED, "rows of the embedding (trainable tokens)"},
    {".trainable_tokens_", PART_REFUSED, "rows of the embedding (trainable tokens)"},
    {".lora_", PART_REFUSED, "a part of a LoRA that is not known here"},
    {".hada_", PART_REFUSED, "LoHa's factors"}, {".lokr_", PART_REFUSED, "LoKr's factors"}, {".ia3_", PART_REFUSED, "IA3's vector"}, {".oft_", PART_REFUSED, "OFT's rotation"},
    {".vera_", PART_REFUSED, "VeRA's vectors"}};

typedef struct piece {
    part part;
    size_t name, length;  /* the module (or the tensor) within the key */
    const char *why;
    const char *run;      /* the adapter's own name in the key ("default"), run_length bytes; NULL: none */
    size_t run_length;
} piece;

static bool begins(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

static const char *last_of(const char *text, const char *word) {
    const char *found = NULL;
    for (const char *p = text; (p = strstr(p, word)); p++) found = p;
    return found;
}

/* What stands after ".lora_A": "", ".weight", or with the adapter's name ".default.weight", ".default". */
static bool tail_is_factor(const char *tail, bool embedding, piece *out) {
    size_t n = strlen(tail);
    if (!embedding) {
        if (n < 7 || strcmp(tail + n - 7, ".weight") != 0) return false;
        n -= 7;
    }
    if (n == 0) return true;
    if (tail[0] != '.' || n < 2 || memchr(tail + 1, '.', n - 1)) return false;
    out->run = tail + 1;
    out->run_length = n - 1;
    return true;
}

static piece take_apart(const char *key) {
    piece p = {.part = PART_TENSOR, .name = begins(key, "base_model.model.") ? 17 : 0};
    p.length = strlen(key) - p.name;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *at = last_of(key + p.name, words[i].word);
        if (!at || at == key + p.name) continue;
        const char *tail = at + strlen(words[i].word);
        if (words[i].part != PART_REFUSED && *tail && *tail != '.') continue; /* "lora_Answer" */
        p.part = words[i].part, p.why = words[i].why;
        p.length = (size_t)(at - key) - p.name;
        bool embedding = p.part == PART_EMBEDDING_A || p.part == PART_EMBEDDING_B;
        if (p.part != PART_REFUSED && !tail_is_factor(tail, embedding, &p)) {
            p.part = PART_REFUSED;
            p.why = strstr(tail, "bias") ? "a bias of the adapter's own (lora_bias)" : "a part of a LoRA that is not known here";
        }
        break;
    }
    return p;
}

/* ---- modules ---- */

typedef struct reading {
    lsv_adapter *a;
    const char *where;
    bool any;
    const char *run; /* the adapter's name within keys, where they hold it: one for all */
    size_t run_length;
    bool prefixed, bare;
} reading;

static lsv_status one_run(reading *r, const char *key, const piece *p, lsv_error *err) {
    if (!p->run) return LSV_OK;
    if (r->run && (r->run_length != p->run_length || memcmp(r->run, p->run, p->run_length) != 0))
        return lsv_adapter_bad(r->where, key, err, "of an adapter '%.*s', where others are of '%.*s': one at a time", (int)p->run_length, p->run, (int)r->run_length, r->run);
    r->run = p->run, r->run_length = p->run_length;
    return LSV_OK;
}

static lsv_status put_factor(reading *r, ptrdiff_t at, const char *key, const piece *p, const char *module, lsv_error *err) {
    bool embedding = p->part == PART_EMBEDDING_A || p->part == PART_EMBEDDING_B;
    bool right = p->part == PART_A || p->part == PART_EMBEDDING_A;
    ptrdiff_t i = lsv_adapter_find(r->a, module);
    lsv_module_record *m;
    LSV_TRY(one_run(r, key, p, err));
    if (i < 0) {
        lsv_adapter_module fresh = {.name = module, .kind = embedding ? LSV_MODULE_EMBEDDING : LSV_MODULE_LINEAR};
        LSV_TRY(lsv_adapter_record(r->a, r->where, &fresh, &m, err));
    } else m = &r->a->modules[i];
    if ((m->m.kind == LSV_MODULE_EMBEDDING) != embedding) return lsv_adapter_bad(r->where, key, err, "the module has factors of an embedding and others");
    ptrdiff_t *place = right ? &m->at_A : &m->at_B;
    if (*place >= 0) return lsv_adapter_bad(r->where, key, err, "the module has this factor twice");
    *place = at;
    return LSV_OK;
}

/* The base's name of a whole tensor: PEFT's wrappers are not part of it. */
static void unwrap(char *name) {
    static const char *const wrappers[] = {"modules_to_save.", "original_module.", "base_layer."};
    for (int i = 0; i < 3; i++) {
        char *at = strstr(name, wrappers[i]);
        if (at && (at == name || at[-1] == '.')) memmove(at, at + strlen(wrappers[i]), strlen(at + strlen(wrappers[i])) + 1);
    }
}

static lsv_status put_tensor(reading *r, ptrdiff_t at, const char *key, const piece *p, lsv_error *err) {
    const char *short_key = key + p->name;
    char *name = lsv_strdup(short_key);
    if (!name) return lsv_no_memory(err, strlen(short_key));
    unwrap(name);
    /* A copy that PEFT makes besides: of the base's own ("original_module"), or of what stands there without a wrapper. */
    bool hidden = strstr(short_key, "original_module.") != NULL;
    if (!hidden && strstr(short_key, "modules_to_save.")) {
        lsv_text t = {0};
        lsv_text_add(&t, key, p->name);
        lsv_text_puts(&t, name);
        hidden = !t.failed && lsv_safetensors_find(r->a->file, t.data) >= 0;
        lsv_text_free(&t);
    }
    lsv_status status = lsv_adapter_keep(r->a, name, short_key, at, NULL, hidden, err);
    lsv_free(name);
    return status;
}

static lsv_status put(reading *r, ptrdiff_t at, lsv_error *err) {
    const char *key = lsv_safetensors_info(r->a->file, at)->name;
    piece p = take_apart(key);
    if (p.name) r->prefixed = true;
    else r->bare = true;
    if (p.part == PART_TENSOR) return put_tensor(r, at, key, &p, err);
    if (p.part == PART_REFUSED) {
        if (r->any) return lsv_adapter_add_note(r->a, err, "%s: %s", lsv_tail(key, 200), p.why);
        lsv_adapter_bad(r->where, key, err, "%s", p.why);
        lsv_hint(err, "in Python: PeftModel.from_pretrained(…).merge_and_unload() makes a full model; lsv extracts an adapter from it");
        return LSV_EVALUE;
    }
    char *module = lsv_malloc(p.length + 1);
    if (!module) return lsv_no_memory(err, p.length + 1);
    memcpy(module, key + p.name, p.length);
    module[p.length] = '\0';
    lsv_status status = put_factor(r, at, key, &p, module, err);
    lsv_free(module);
    return status;
}

/* The configuration's rank and alpha for one module. */
static lsv_status complete(reading *r, lsv_module_record *m, const lsv_lora_config *c, lsv_error *err) {
    double rank, alpha;
    if (m->at_A < 0 || m->at_B < 0) {
        const char *there = lsv_safetensors_info(r->a->file, m->at_A < 0 ? m->at_B : m->at_A)->name;
        return lsv_adapter_bad(r->where, there, err, "its other factor, %s, is not in the file", m->at_A < 0 ? "A" : "B");
    }
    LSV_TRY(lsv_factor_shapes(r->a, r->where, m->at_B, m->at_A, m->m.kind == LSV_MODULE_EMBEDDING, &m->m, err));
    LSV_TRY(lsv_pattern_list_value(&c->ranks, m->name, c->r, &rank, err));
    LSV_TRY(lsv_pattern_list_value(&c->alphas, m->name, c->alpha, &alpha, err));
    m->m.transposed = m->m.kind == LSV_MODULE_EMBEDDING || (m->m.kind == LSV_MODULE_LINEAR && c->fan_in_fan_out);
    m->m.alpha = alpha;
    lsv_module_scale(&m->m, c->rslora);
    if (rank == (double)m->m.rank) return LSV_OK;
    return lsv_adapter_add_note(r->a, err, "%s: adapter_config.json says rank %.0f, the tensors have %td, which is used for the scale too", lsv_tail(m->name, 160), rank, m->m.rank);
}

lsv_status lsv_peft_modules(lsv_adapter *a, const char *name, const lsv_lora_config *c, bool any, lsv_error *err) {
    reading r = {.a = a, .where = name, .any = any};
    for (ptrdiff_t i = 0; i < lsv_safetensors_count(a->file); i++) LSV_TRY(put(&r, i, err));
    for (ptrdiff_t i = 0; i < a->n; i++) {
        if (i % 256 == 0) LSV_TRY(lsv_poll(err));
        LSV_TRY(complete(&r, &a->modules[i], c, err));
    }
    if (a->n == 0 && a->ntensors == 0 && !any)
        return lsv_fail(err, LSV_EVALUE, "%s: no tensor of an adapter in it", lsv_tail(name, 200));
    if (r.bare && a->n > 0)
        LSV_TRY(lsv_adapter_add_note(a, err, "%snames without \"base_model.model.\", which PEFT's own files begin with", r.prefixed ? "some " : ""));
    if (r.run) LSV_TRY(lsv_adapter_add_note(a, err, "the name '%.*s' of the adapter within the names of tensors is taken out", (int)(r.run_length < 60 ? r.run_length : 60), r.run));
    return LSV_OK;
}
