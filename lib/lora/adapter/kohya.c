/* Adapters in one file: kohya's names (lora_unet_down_blocks_0_… .lora_down.weight .lora_up.weight .alpha) and dotted
   ones as diffusers, ComfyUI and trainers of video models write them (transformer.blocks.0.attn.to_q.lora_A.weight).

   alpha is a tensor of its own; a module without one has scale 1, unless diffusers' metadata carry PEFT's
   configuration. A third factor (lora_mid, Tucker's form of a convolution) is multiplied into A. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "lora/adapter/inside.h"

typedef enum part { PART_A, PART_B, PART_MID, PART_ALPHA, PART_REFUSED } part;

static const struct { const char *end; part part; const char *why; } ends[] = {
    {".lora_down.weight", PART_A, NULL}, {".lora_up.weight", PART_B, NULL}, {".lora_mid.weight", PART_MID, NULL}, {".alpha", PART_ALPHA, NULL},
    {".lora_A.weight", PART_A, NULL}, {".lora_B.weight", PART_B, NULL}, {".lora_A.default.weight", PART_A, NULL}, {".lora_B.default.weight", PART_B, NULL},
    {".lora.down.weight", PART_A, NULL}, {".lora.up.weight", PART_B, NULL},
    {".lora_linear_layer.down.weight", PART_A, NULL}, {".lora_linear_layer.up.weight", PART_B, NULL},
    {".dora_scale", PART_REFUSED, "DoRA's scale, which no B @ A can hold"}, {".lora_magnitude_vector", PART_REFUSED, "DoRA's vector of magnitudes, which no B @ A can hold"},
    {".lora_magnitude_vector.weight", PART_REFUSED, "DoRA's vector of magnitudes, which no B @ A can hold"},
    {".diff", PART_REFUSED, "a full difference, not factors"}, {".diff_b", PART_REFUSED, "a difference of biases, not factors"},
    {".set_weight", PART_REFUSED, "a full weight, not factors"}, {".reshape_weight", PART_REFUSED, "a change of the base's shape"},
    {".lora_up.bias", PART_REFUSED, "a bias of the adapter's own"}, {".lora_B.bias", PART_REFUSED, "a bias of the adapter's own"},
    {".on_input", PART_REFUSED, "a part of IA3"}, {".oft_blocks", PART_REFUSED, "OFT's rotation"}, {".oft_diag", PART_REFUSED, "OFT's rotation"},
    {".w_norm", PART_REFUSED, "a full difference of a norm"}, {".b_norm", PART_REFUSED, "a full difference of a norm"},
    {".a1.weight", PART_REFUSED, "a part of GLoRA"}, {".a2.weight", PART_REFUSED, "a part of GLoRA"}, {".b1.weight", PART_REFUSED, "a part of GLoRA"},
    {".b2.weight", PART_REFUSED, "a part of GLoRA"}, {".ia3_l", PART_REFUSED, "a part of IA3"}};
static const struct { const char *word, *why; } within[] = {
    {".hada_", "LoHa's factors (a product entry by entry)"}, {".lokr_", "LoKr's factors (a Kronecker product)"}, {"bundle_emb.", "an embedding bundled with the adapter"}};

static bool begins(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

static part part_of(const char *key, size_t *length, const char **why) {
    size_t n = strlen(key);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t m = strlen(ends[i].end);
        if (n <= m || strcmp(key + n - m, ends[i].end) != 0) continue;
        *length = n - m, *why = ends[i].why;
        return ends[i].part;
    }
    *length = n, *why = "a tensor that is no part of a LoRA";
    for (size_t i = 0; i < sizeof within / sizeof *within; i++)
        if (strstr(key, within[i].word)) *why = within[i].why;
    return PART_REFUSED;
}

/* kohya's names: "lora_" and no dot. */
static bool is_flat(const char *name) { return begins(name, "lora_") && !strchr(name, '.'); }

/* ---- alpha ---- */

static lsv_status read_alpha(const lsv_adapter *a, const char *where, ptrdiff_t at, double *alpha, int *type, lsv_error *err) {
    const lsv_tensor_info *t = lsv_safetensors_info(a->file, at);
    lsv_array *x, *y;
    LSV_TRY(lsv_safetensors_get(a->file, at, LSV_NUMPY, &x, err));
    lsv_status status = lsv_as_dtype(x, LSV_FLOAT64, &y, err);
    *type = x->dtype;
    lsv_release(x);
    LSV_TRY(status);
    bool one = y->size == 1;
    *alpha = one ? ((const double *)(const void *)y->data)[0] : 0;
    lsv_release(y);
    if (!one) return lsv_adapter_bad(where, t->name, err, "alpha is one number, not %s", t->ndim ? "a list" : "none");
    return isfinite(*alpha) ? LSV_OK : lsv_adapter_bad(where, t->name, err, "alpha is not finite");
}

/* ---- modules ---- */

typedef struct reading {
    lsv_adapter *a;
    const char *where;
    const lsv_adapter_reading *o;
} reading;

static lsv_status refused(reading *r, const char *key, const char *why, lsv_error *err) {
    if (r->o && r->o->any) return lsv_adapter_add_note(r->a, err, "%s: %s", lsv_tail(key, 200), why);
    lsv_adapter_bad(r->where, key, err, "%s", why);
    lsv_hint(err, "only plain LoRA (two factors and an alpha) can be computed with; merge the file into its base with the tool it was made for, and extract");
    return LSV_EVALUE;
}

static lsv_status put(reading *r, ptrdiff_t at, lsv_error *err) {
    const char *key = lsv_safetensors_info(r->a->file, at)->name, *why;
    size_t n;
    part p = part_of(key, &n, &why);
    if (p == PART_REFUSED) return refused(r, key, why, err);
    char *name = lsv_malloc(n + 1);
    if (!name) return lsv_no_memory(err, n + 1);
    memcpy(name, key, n);
    name[n] = '\0';
    ptrdiff_t i = lsv_adapter_find(r->a, name);
    lsv_module_record *m = i < 0 ? NULL : &r->a->modules[i];
    lsv_status status = LSV_OK;
    if (!m) {
        lsv_adapter_module fresh = {.name = name, .alpha = (double)NAN, .flat = is_flat(name), .kohya = is_flat(name) ? name : NULL};
        status = lsv_adapter_record(r->a, r->where, &fresh, &m, err);
    }
    lsv_free(name);
    LSV_TRY(status);
    if (p == PART_ALPHA) return read_alpha(r->a, r->where, at, &m->m.alpha, &m->alpha_type, err);
    ptrdiff_t *place = p == PART_A ? &m->at_A : p == PART_B ? &m->at_B : &m->at_mid;
    if (*place >= 0) return lsv_adapter_bad(r->where, key, err, "the module has this factor twice");
    *place = at;
    return LSV_OK;
}

enum { TAPS_MOST = 125 }; /* of a kernel that is multiplied out: 5 x 5 x 5 */

/* rank x rank x kernel between factors of 1 x 1. */
static lsv_status check_mid(reading *r, lsv_module_record *m, lsv_error *err) {
    const lsv_tensor_info *t = lsv_safetensors_info(r->a->file, m->at_mid);
    char shape[96];
    ptrdiff_t in = m->m.in;
    bool fits = t->ndim == m->m.nkernel + 2 && t->ndim > 2 && t->shape[0] == m->m.rank && t->shape[1] == m->m.rank;
    ptrdiff_t taps = 1;
    for (int i = 0; fits && i < m->m.nkernel; i++) {
        fits = m->m.kernel[i] == 1 && t->shape[2 + i] > 0 && lsv_mul_size(in, t->shape[2 + i], &in);
        m->m.kernel[i] = t->shape[2 + i];
        fits = fits && lsv_mul_size(taps, t->shape[2 + i], &taps) && taps <= TAPS_MOST;
    }
    const lsv_element *e = lsv_element_named(t->type, strlen(t->type));
    if (!fits || !e || !e->readable || !lsv_dtype_is_float(e->dtype))
        return lsv_adapter_bad(r->where, t->name, err, "a third factor of shape %s, which does not go between the others", lsv_shape_text_n(t->ndim, t->shape, shape, sizeof shape));
    m->m.in = in;
    if (m->m.dtype_A != LSV_FLOAT64) m->m.dtype_A = LSV_FLOAT32;
    return lsv_adapter_add_note(r->a, err, "third factors (lora_mid) are multiplied into A, in float32");
}

static lsv_status complete(reading *r, lsv_module_record *m, lsv_error *err) {
    if (m->at_A < 0 || m->at_B < 0) {
        if (m->at_A < 0 && m->at_B < 0 && m->at_mid < 0) return lsv_adapter_bad(r->where, m->name, err, "an alpha without factors");
        return lsv_adapter_bad(r->where, m->name, err, "its factor %s (lora_%s) is not in the file", m->at_A < 0 ? "A" : "B", m->at_A < 0 ? "down" : "up");
    }
    LSV_TRY(lsv_factor_shapes(r->a, r->where, m->at_B, m->at_A, false, &m->m, err));
    if (m->at_mid >= 0) LSV_TRY(check_mid(r, m, err));
    return LSV_OK;
}

/* ---- diffusers' metadata: PEFT's configurations, each key after its part of the model ("transformer.lora_alpha") ---- */

typedef struct gathered {
    char *parts[8];  /* "transformer" */
    lsv_text texts[8]; /* its settings as an object */
    int n;
} gathered;

static lsv_status gather(void *ctx, lsv_json *j, const char *key, size_t n, lsv_span v, lsv_error *err) {
    gathered *g = ctx;
    const char *dot = strchr(key, '.');
    int i = 0;
    (void)n;
    if (!dot) return lsv_json_check(j, v, err);
    while (i < g->n && (strlen(g->parts[i]) != (size_t)(dot - key) || memcmp(g->parts[i], key, (size_t)(dot - key)) != 0)) i++;
    if (i == 8) return lsv_fail(err, LSV_EVALUE, "%s: byte %td: more parts of a model than there are", lsv_tail(j->name, 160), v.at - j->text);
    if (i == g->n) {
        if (!(g->parts[i] = lsv_malloc((size_t)(dot - key) + 1))) return lsv_no_memory(err, (size_t)(dot - key));
        memcpy(g->parts[i], key, (size_t)(dot - key));
        g->parts[i][dot - key] = '\0';
        g->n++;
    }
    lsv_text_puts(&g->texts[i], g->texts[i].length ? ",\n" : "{");
    lsv_json_quote(&g->texts[i], dot + 1);
    lsv_text_putc(&g->texts[i], ':');
    lsv_text_add(&g->texts[i], v.at, v.n);
    return LSV_OK;
}

/* alpha of the modules of one part that have none. */
static lsv_status by_config(reading *r, const char *of, const lsv_text *text, const char *name, lsv_error *err) {
    lsv_adapter *settings;
    lsv_lora_config c;
    size_t n = strlen(of);
    LSV_TRY(lsv_adapter_new(&settings, err));
    lsv_status status = lsv_lora_config_parse(settings, name, text->data, text->length, r->o && r->o->any, &c, err);
    for (ptrdiff_t i = 0; i < r->a->n && status == LSV_OK; i++) {
        lsv_module_record *m = &r->a->modules[i];
        if (!isnan(m->m.alpha) || !begins(m->name, of) || m->name[n] != '.') continue;
        double alpha;
        status = lsv_pattern_list_value(&c.alphas, m->name + n + 1, c.alpha, &alpha, err);
        if (status != LSV_OK || m->m.rank == 0) continue;
        m->m.alpha = c.rslora ? alpha * sqrt((double)m->m.rank) : alpha; /* of a scale alpha / rank */
    }
    if (settings->config) lsv_lora_config_free(&c);
    lsv_adapter_free(settings);
    return status;
}

static lsv_status metadata_alphas(reading *r, lsv_error *err) {
    const char *text = lsv_adapter_metadata_value(r->a, "lora_adapter_metadata");
    gathered g = {.n = 0};
    lsv_json j;
    char name[256];
    if (!text) return LSV_OK;
    snprintf(name, sizeof name, "%s: lora_adapter_metadata", lsv_tail(r->where, 200));
    lsv_status status = lsv_json_begin(&j, name, text, strlen(text), err);
    if (status == LSV_OK) status = lsv_json_members(&j, (lsv_span){text, strlen(text)}, gather, &g, err);
    lsv_json_end(&j);
    for (int i = 0; i < g.n; i++) {
        lsv_text_putc(&g.texts[i], '}');
        if (status == LSV_OK && g.texts[i].failed) status = lsv_no_memory(err, g.texts[i].length);
        if (status == LSV_OK) status = by_config(r, g.parts[i], &g.texts[i], name, err);
        lsv_text_free(&g.texts[i]);
        lsv_free(g.parts[i]);
    }
    return status;
}

/* A PEFT configuration that was written here: settings to carry along. What it says of modules is theirs to say. */
static lsv_status carried_settings(reading *r, lsv_error *err) {
    const char *text = lsv_adapter_metadata_value(r->a, "adapter_config");
    lsv_adapter *settings;
    lsv_lora_config c;
    char name[256];
    if (!text) return LSV_OK;
    snprintf(name, sizeof name, "%s: adapter_config", lsv_tail(r->where, 200));
    LSV_TRY(lsv_adapter_new(&settings, err));
    lsv_status status = lsv_lora_config_parse(settings, name, text, strlen(text), true, &c, err);
    if (status == LSV_OK) {
        lsv_lora_config_free(&c);
        status = lsv_adapter_copy_rest(r->a, settings, false, err);
    }
    lsv_adapter_free(settings);
    return status;
}

/* ---- all of it ---- */

static lsv_status read_all(reading *r, lsv_error *err) {
    lsv_adapter *a = r->a;
    for (ptrdiff_t i = 0; i < lsv_safetensors_count(a->file); i++) LSV_TRY(put(r, i, err));
    if (a->n == 0 && !(r->o && r->o->any)) return lsv_fail(err, LSV_EVALUE, "%s: no tensor of an adapter in it", lsv_tail(r->where, 200));
    for (ptrdiff_t i = 0; i < a->n; i++) LSV_TRY(complete(r, &a->modules[i], err));
    LSV_TRY(metadata_alphas(r, err));
    LSV_TRY(carried_settings(r, err));
    bool flat = false;
    for (ptrdiff_t i = 0; i < a->n; i++) {
        flat = flat || a->modules[i].m.flat;
        lsv_module_scale(&a->modules[i].m, false);
    }
    a->format = flat ? LSV_ADAPTER_KOHYA : LSV_ADAPTER_DIFFUSERS;
    return r->o && r->o->base.n > 0 ? lsv_adapter_resolve(a, &r->o->base, err) : LSV_OK;
}

lsv_status lsv_kohya_modules(lsv_adapter *a, const char *name, const lsv_adapter_reading *o, lsv_error *err) {
    reading r = {.a = a, .where = name, .o = o};
    for (ptrdiff_t i = 0; i < lsv_safetensors_count(a->file); i++) {
        const char *key = lsv_safetensors_info(a->file, i)->name;
        if (!begins(key, "base_model.model.")) continue;
        lsv_adapter_bad(name, key, err, "a tensor of a PEFT adapter, and no adapter_config.json is beside the file: its alpha is not known");
        lsv_hint(err, "put both files of the adapter into one folder");
        return LSV_EVALUE;
    }
    return read_all(&r, err);
}
