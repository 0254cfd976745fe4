/* Adapters out. A plan first: which tensors, under which names, of which types and shapes; everything that a format
   cannot hold is found then, before a byte is written. The safetensors writer then asks for one tensor after the
   other, and factors are fetched as it does. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "lora/adapter/inside.h"

typedef enum what { WHAT_A, WHAT_B, WHAT_ALPHA, WHAT_TENSOR } what;
typedef struct entry { what what; ptrdiff_t i; } entry;

typedef struct writing {
    lsv_adapter *a;
    const lsv_adapter_writing *o;
    const char *path;
    bool two_text;
    ptrdiff_t n, room, entries_room;
    lsv_tensor_plan *plan; /* names owned */
    entry *entries;
    lsv_name_map names;
    lsv_text_pair *pairs;  /* of the file, owned */
    ptrdiff_t npairs, pairs_room;
} writing;

static void writing_free(writing *w) {
    for (ptrdiff_t i = 0; i < w->n; i++) lsv_free((char *)(uintptr_t)w->plan[i].name);
    for (ptrdiff_t i = 0; i < w->npairs; i++) lsv_free(w->pairs[i].key), lsv_free(w->pairs[i].value);
    lsv_free(w->plan);
    lsv_free(w->entries);
    lsv_free(w->pairs);
    lsv_name_map_free(&w->names);
}

/* ---- the plan ---- */

/* One tensor more; takes name (NULL: memory ran out). */
static lsv_status plan(writing *w, char *name, entry e, lsv_dtype dtype, int ndim, const ptrdiff_t *shape, lsv_error *err) {
    if (!name) return lsv_no_memory(err, 256);
    void *plans = w->plan, *entries = w->entries;
    ptrdiff_t old = -1;
    lsv_status status = lsv_grow(&plans, w->n, &w->room, sizeof *w->plan, err);
    w->plan = plans;
    if (status == LSV_OK) status = lsv_grow(&entries, w->n, &w->entries_room, sizeof *w->entries, err);
    w->entries = entries;
    if (status == LSV_OK) status = lsv_name_map_put(&w->names, name, w->n, &old, err);
    if (status == LSV_OK && old >= 0) status = lsv_adapter_bad(w->path, name, err, "two modules have this name in the %s format", lsv_adapter_format_name(w->o->format));
    if (status != LSV_OK) {
        lsv_free(name);
        return status;
    }
    lsv_tensor_plan p = {.name = name, .dtype = dtype, .ndim = ndim};
    for (int i = 0; i < ndim; i++) p.shape[i] = shape[i];
    w->plan[w->n] = p;
    w->entries[w->n++] = e;
    return LSV_OK;
}

static char *joined(const char *a, const char *b, const char *c) {
    size_t n = strlen(a), m = strlen(b), k = strlen(c);
    char *text = lsv_malloc(n + m + k + 1);
    if (!text) return NULL;
    memcpy(text, a, n);
    memcpy(text + n, b, m);
    memcpy(text + n + m, c, k + 1);
    return text;
}

static lsv_dtype out_type(const writing *w, lsv_dtype stored) { return w->o->dtype >= 0 ? (lsv_dtype)w->o->dtype : stored; }

/* Both factors under base + the two ends. */
static lsv_status plan_factors(writing *w, ptrdiff_t i, const char *prefix, const char *base, const char *end_A, const char *end_B, lsv_error *err) {
    const lsv_adapter_module *m = &w->a->modules[i].m;
    ptrdiff_t A[5] = {m->rank, m->in, 1, 1, 1}, B[5] = {m->out, m->rank, 1, 1, 1};
    int ndim = 2 + m->nkernel;
    for (int k = 0; k < m->nkernel; k++) A[2 + k] = m->kernel[k], A[1] /= m->kernel[k];
    LSV_TRY(plan(w, joined(prefix, base, end_A), (entry){WHAT_A, i}, out_type(w, m->dtype_A), ndim, A, err));
    return plan(w, joined(prefix, base, end_B), (entry){WHAT_B, i}, out_type(w, m->dtype_B), ndim, B, err);
}

/* The name with dots; flat ones need the base's. */
static lsv_status dotted(writing *w, ptrdiff_t i, const char **name, lsv_error *err) {
    const lsv_adapter_module *m = &w->a->modules[i].m;
    *name = m->name;
    if (!m->flat) return LSV_OK;
    lsv_adapter_bad(w->path, m->name, err, "a kohya name, whose underscores do not say which of them were dots");
    lsv_hint(err, "the names of the base model's modules are needed: give the base");
    return LSV_EVALUE;
}

/* ---- PEFT ---- */

/* The tensor's key: as it was read; else its name, where PEFT's wrapper of an adapted module ("base_layer") stands between
   the module and its bias. */
static char *tensor_key(const lsv_adapter *a, const lsv_tensor_record *t) {
    const char *dot = strrchr(t->name, '.');
    if (!dot || strcmp(t->key, t->name) != 0) return joined("base_model.model.", t->key, "");
    char *module = lsv_strdup(t->name), *key = NULL;
    if (!module) return NULL;
    module[dot - t->name] = '\0';
    ptrdiff_t i = lsv_adapter_find(a, module);
    if (i >= 0 && a->modules[i].m.rank > 0) {
        char *wrapped = joined(module, ".base_layer", dot);
        if (wrapped) key = joined("base_model.model.", wrapped, "");
        lsv_free(wrapped);
    } else key = joined("base_model.model.", t->name, "");
    lsv_free(module);
    return key;
}

static lsv_status plan_tensors(writing *w, lsv_error *err) {
    lsv_adapter *a = w->a;
    for (ptrdiff_t i = 0; i < a->ntensors + a->hidden; i++) {
        const lsv_tensor_record *t = &a->tensors[i];
        const lsv_element *e = lsv_element_named(t->t.type, strlen(t->t.type));
        if (!e || !e->readable || (lsv_element_of(e->dtype) != e))
            return lsv_adapter_bad(w->path, t->name, err, "a tensor of type %s, which is not written here", t->t.type);
        LSV_TRY(plan(w, a->same ? joined("base_model.model.", t->key, "") : tensor_key(a, t), (entry){WHAT_TENSOR, i}, e->dtype, t->t.ndim, t->t.shape, err));
    }
    return LSV_OK;
}

static lsv_status plan_peft(writing *w, lsv_error *err) {
    lsv_adapter *a = w->a;
    int turned = -1;
    for (ptrdiff_t i = 0; i < a->n; i++) {
        const lsv_adapter_module *m = &a->modules[i].m;
        const char *name;
        if (m->rank == 0) continue;
        LSV_TRY(dotted(w, i, &name, err));
        if (m->kind == LSV_MODULE_LINEAR && turned >= 0 && turned != m->transposed) {
            lsv_adapter_bad(w->path, m->name, err, "its base's layout (fan_in_fan_out) is another one than that of other modules, and PEFT knows one for all");
            return LSV_EVALUE;
        }
        if (m->kind == LSV_MODULE_LINEAR) turned = m->transposed;
        bool embedding = m->kind == LSV_MODULE_EMBEDDING;
        LSV_TRY(plan_factors(w, i, "base_model.model.", name, embedding ? ".lora_embedding_A" : ".lora_A.weight", embedding ? ".lora_embedding_B" : ".lora_B.weight", err));
    }
    return plan_tensors(w, err);
}

/* ---- kohya, diffusers ---- */

static bool begins(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

/* The narrowest of these types that holds x as it is. */
static lsv_dtype alpha_type(lsv_dtype factors, double x) {
    if (factors == LSV_FLOAT16 && (double)lsv_half_to_float(lsv_float_to_half((float)x)) == x) return LSV_FLOAT16;
    if (factors == LSV_BFLOAT16 && (double)lsv_bfloat_to_float(lsv_float_to_bfloat((float)x)) == x) return LSV_BFLOAT16;
    return (double)(float)x == x ? LSV_FLOAT32 : LSV_FLOAT64;
}

/* scale * rank, which is alpha itself but for rsLoRA's. */
static double alpha_of(const lsv_adapter_module *m) {
    double r = (double)m->rank;
    return m->alpha / r == m->scale ? m->alpha : m->scale * r;
}

static bool names_its_part(const char *name) {
    static const char *const parts[] = {"unet.", "transformer.", "text_encoder", "diffusion_model.", "model.diffusion_model.", "controlnet."};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (begins(name, parts[i])) return true;
    return false;
}

static lsv_status single_name(writing *w, ptrdiff_t i, char **out, lsv_error *err) {
    const lsv_module_record *r = &w->a->modules[i];
    const char *name;
    if (w->o->format == LSV_ADAPTER_KOHYA) {
        const char *known = r->kohya ? r->kohya : r->m.flat ? r->name : NULL;
        if (!known) return lsv_kohya_name(r->name, w->o->prefix, w->two_text, out, err);
        *out = lsv_strdup(known);
    } else {
        LSV_TRY(dotted(w, i, &name, err));
        bool as_is = names_its_part(name) || (w->a->format == LSV_ADAPTER_DIFFUSERS && w->a->same);
        *out = joined(as_is ? "" : w->o->prefix ? w->o->prefix : "diffusion_model.", name, "");
    }
    return *out ? LSV_OK : lsv_no_memory(err, strlen(r->name));
}

static lsv_status plan_single(writing *w, lsv_error *err) {
    lsv_adapter *a = w->a;
    bool kohya = w->o->format == LSV_ADAPTER_KOHYA;
    if (a->ntensors > 0) {
        lsv_adapter_bad(w->path, a->tensors[0].name, err, "a whole tensor, which the %s format cannot hold", lsv_adapter_format_name(w->o->format));
        lsv_hint(err, "PEFT's format holds it");
        return LSV_EVALUE;
    }
    bool by_metadata = a->same && lsv_adapter_metadata_value(a, "lora_adapter_metadata") && !kohya;
    for (ptrdiff_t i = 0; i < a->n; i++) {
        const lsv_module_record *r = &a->modules[i];
        char *base;
        if (r->m.rank == 0) continue;
        if (r->m.kind == LSV_MODULE_EMBEDDING) {
            lsv_adapter_bad(w->path, r->name, err, "an embedding, which the %s format cannot hold", lsv_adapter_format_name(w->o->format));
            lsv_hint(err, "PEFT's format holds it");
            return LSV_EVALUE;
        }
        LSV_TRY(single_name(w, i, &base, err));
        lsv_status status = plan_factors(w, i, "", base, kohya ? ".lora_down.weight" : ".lora_A.weight", kohya ? ".lora_up.weight" : ".lora_B.weight", err);
        bool alpha = r->alpha_type >= 0 || (kohya ? !a->same || a->format != LSV_ADAPTER_KOHYA : r->m.scale != 1 && !by_metadata);
        bool as_it_was = a->same && r->alpha_type >= 0 && w->o->dtype < 0;
        lsv_dtype t = as_it_was ? (lsv_dtype)r->alpha_type : alpha_type(out_type(w, r->m.dtype_A), alpha_of(&r->m));
        if (status == LSV_OK && alpha) status = plan(w, joined(base, ".alpha", ""), (entry){WHAT_ALPHA, i}, t, 0, NULL, err);
        lsv_free(base);
        LSV_TRY(status);
    }
    return LSV_OK;
}

/* ---- metadata ---- */

static lsv_status put_pair(writing *w, const char *key, const char *value, lsv_error *err) {
    char *text = lsv_strdup(value);
    if (!text) return lsv_no_memory(err, strlen(value));
    for (ptrdiff_t i = 0; i < w->npairs; i++)
        if (strcmp(w->pairs[i].key, key) == 0) {
            lsv_free(w->pairs[i].value);
            w->pairs[i].value = text;
            return LSV_OK;
        }
    void *block = w->pairs;
    lsv_status status = lsv_grow(&block, w->npairs, &w->pairs_room, sizeof *w->pairs, err);
    w->pairs = block;
    char *name = status == LSV_OK ? lsv_strdup(key) : NULL;
    if (!name) {
        lsv_free(text);
        return status != LSV_OK ? status : lsv_no_memory(err, strlen(key));
    }
    w->pairs[w->npairs++] = (lsv_text_pair){name, text};
    return LSV_OK;
}

/* ss_network_dim and ss_network_alpha: the value of all modules, or that they differ. */
static lsv_status kohya_pairs(writing *w, lsv_error *err) {
    char dim[40] = "", alpha[40] = "";
    bool dims = true, alphas = true;
    const lsv_adapter_module *first = NULL;
    for (ptrdiff_t i = 0; i < w->a->n; i++) {
        const lsv_adapter_module *m = &w->a->modules[i].m;
        if (m->rank == 0) continue;
        if (!first) first = m;
        dims = dims && m->rank == first->rank;
        alphas = alphas && alpha_of(m) == alpha_of(first);
    }
    if (!first) return LSV_OK;
    snprintf(dim, sizeof dim, "%td", first->rank);
    snprintf(alpha, sizeof alpha, "%.17g", alpha_of(first));
    LSV_TRY(put_pair(w, "ss_network_dim", dims ? dim : "Dynamic", err));
    LSV_TRY(put_pair(w, "ss_network_alpha", alphas ? alpha : "Dynamic", err));
    if (!lsv_adapter_metadata_value(w->a, "ss_network_module")) return put_pair(w, "ss_network_module", "networks.lora", err);
    return LSV_OK;
}

/* What PEFT's configuration says, carried along for the way back. */
static lsv_status config_pair(writing *w, lsv_error *err) {
    char *text;
    size_t n;
    LSV_TRY(lsv_lora_config_text(w->a, &text, &n, err));
    char *copy = lsv_malloc(n + 1);
    lsv_status status = copy ? LSV_OK : lsv_no_memory(err, n + 1);
    if (copy) {
        memcpy(copy, text, n);
        copy[n] = '\0';
        status = put_pair(w, "adapter_config", copy, err);
    }
    lsv_free(copy);
    lsv_free(text);
    return status;
}

static lsv_status plan_pairs(writing *w, lsv_error *err) {
    lsv_adapter *a = w->a;
    bool as_it_was = a->same && a->format == w->o->format, peft = w->o->format == LSV_ADAPTER_PEFT;
    for (ptrdiff_t i = 0; i < a->npairs; i++) {
        const char *key = a->pairs[i].key;
        if (!as_it_was && (strcmp(key, "lora_adapter_metadata") == 0 || strcmp(key, "adapter_config") == 0)) continue; /* said by other means now */
        LSV_TRY(put_pair(w, key, a->pairs[i].value, err));
    }
    if (as_it_was) return LSV_OK;
    LSV_TRY(put_pair(w, "format", "pt", err));
    if (w->o->format == LSV_ADAPTER_KOHYA) LSV_TRY(kohya_pairs(w, err));
    return !peft && a->nsettings > 0 ? config_pair(w, err) : LSV_OK;
}

/* ---- the tensors ---- */

static lsv_status alpha_array(const writing *w, ptrdiff_t i, lsv_dtype t, lsv_array **out, lsv_error *err) {
    lsv_array *x;
    LSV_TRY(lsv_from_scalar(LSV_NUMPY, lsv_scalar_float(alpha_of(&w->a->modules[i].m)), &x, err));
    lsv_status status = lsv_as_dtype(x, t, out, err);
    lsv_release(x);
    return status;
}

static lsv_status tensor(writing *w, ptrdiff_t at, lsv_array **out, lsv_error *err) {
    const lsv_tensor_plan *p = &w->plan[at];
    entry e = w->entries[at];
    lsv_array *B, *A, *x;
    if (e.what == WHAT_ALPHA) return alpha_array(w, e.i, p->dtype, out, err);
    if (e.what == WHAT_TENSOR) return lsv_adapter_tensor_get(w->a, e.i, LSV_NUMPY, out, err);
    LSV_TRY(lsv_adapter_factors(w->a, e.i, LSV_NUMPY, &B, &A, err));
    lsv_release(e.what == WHAT_A ? B : A);
    LSV_TRY(lsv_narrow(e.what == WHAT_A ? A : B, p->dtype, w->a->modules[e.i].name, &x, err));
    lsv_status status = lsv_reshape(x, p->ndim, p->shape, false, out, err);
    lsv_release(x);
    return status;
}

static lsv_status write_file(writing *w, const char *path, lsv_error *err) {
    lsv_safetensors_writer *f;
    LSV_TRY(lsv_safetensors_create(path, w->n, w->plan, w->npairs, (const char *const *)(void *)w->pairs, &f, err));
    lsv_status status = LSV_OK;
    for (ptrdiff_t at; status == LSV_OK && (at = lsv_safetensors_next(f)) >= 0;) {
        lsv_array *x;
        status = lsv_poll(err);
        if (status == LSV_OK) status = tensor(w, at, &x, err);
        if (status != LSV_OK) break;
        status = lsv_safetensors_put(f, x, err);
        lsv_release(x);
    }
    if (status == LSV_OK) return lsv_safetensors_finish(f, err);
    lsv_safetensors_abandon(f);
    return status;
}

/* ---- a PEFT folder ---- */

/* A folder of its own beside `path`: ".NAME.12345678". */
static lsv_status make_beside(const char *path, char **out, lsv_error *err) {
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    size_t room = strlen(path) + 32;
    char *name = lsv_malloc(room);
    if (!name) return lsv_no_memory(err, room);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    unsigned number = (unsigned)now.tv_nsec ^ (unsigned)getpid() << 8;
    for (int i = 0; i < 100; i++) {
        number = number * 1664525u + 1013904223u;
        snprintf(name, room, "%.*s.%.200s.%08x", (int)(base - path), path, base, number);
        if (mkdir(name, 0777) == 0) {
            *out = name;
            return LSV_OK;
        }
        if (errno != EEXIST) break;
    }
    lsv_free(name);
    return lsv_os_error(path, err);
}

static lsv_status write_config(const lsv_adapter *a, const char *path, lsv_error *err) {
    char *text;
    size_t n;
    lsv_writer *f;
    LSV_TRY(lsv_lora_config_text(a, &text, &n, err));
    lsv_status status = lsv_writer_open(path, &f, err);
    if (status == LSV_OK) {
        status = lsv_writer_put(f, text, n, err);
        if (status == LSV_OK) status = lsv_writer_commit(f, err);
        else lsv_writer_abandon(f);
    }
    lsv_free(text);
    return status;
}

/* The folders above it, as PEFT makes them too. */
static lsv_status make_parents(const char *path, lsv_error *err) {
    char *part = lsv_strdup(path);
    lsv_status status = part ? LSV_OK : lsv_no_memory(err, strlen(path));
    for (char *at = part ? strchr(part + 1, '/') : NULL; status == LSV_OK && at; at = strchr(at + 1, '/')) {
        *at = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST) status = lsv_os_error(part, err);
        *at = '/';
    }
    lsv_free(part);
    return status;
}

static lsv_status write_folder(writing *w, const char *path, lsv_error *err) {
    char *made = NULL, *tensors = NULL, *config = NULL;
    LSV_TRY(make_parents(path, err));
    LSV_TRY(make_beside(path, &made, err));
    tensors = joined(made, "/adapter_model.safetensors", "");
    config = joined(made, "/adapter_config.json", "");
    lsv_status status = tensors && config ? LSV_OK : lsv_no_memory(err, strlen(made));
    if (status == LSV_OK) status = write_file(w, tensors, err);
    if (status == LSV_OK) status = write_config(w->a, config, err);
    if (status == LSV_OK) status = lsv_folder_replace(made, path, err);
    if (status != LSV_OK) {
        if (tensors) unlink(tensors);
        if (config) unlink(config);
        rmdir(made);
    }
    lsv_free(made);
    lsv_free(tensors);
    lsv_free(config);
    return status;
}

/* A path without the slashes at its end, links resolved where it exists. */
static lsv_status plain_path(const char *path, char **out, lsv_error *err) {
    char *real = realpath(path, NULL), *copy = lsv_strdup(real ? real : path);
    free(real);
    if (!copy) return lsv_no_memory(err, strlen(path));
    for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--) copy[n - 1] = '\0';
    *out = copy;
    return LSV_OK;
}

/* ---- all of it ---- */

static lsv_status notes(writing *w, lsv_error *err) {
    lsv_adapter *a = w->a;
    ptrdiff_t empty = 0, turned = 0;
    const char *first = NULL;
    for (ptrdiff_t i = 0; i < a->n; i++) {
        if (a->modules[i].m.rank == 0 && empty++ == 0) first = a->modules[i].name;
        turned += a->modules[i].m.kind == LSV_MODULE_LINEAR && a->modules[i].m.transposed;
    }
    if (empty == a->n && a->ntensors == 0) {
        lsv_fail(err, LSV_EVALUE, "%s: no module has a rank above 0: there is nothing to write", lsv_tail(w->path, 200));
        return LSV_EVALUE;
    }
    if (empty > 0) LSV_TRY(lsv_adapter_add_note(a, err, "%td modules of rank 0 are left out (%s%s)", empty, lsv_tail(first, 120), empty > 1 ? ", …" : ""));
    if (turned > 0 && w->o->format != LSV_ADAPTER_PEFT)
        LSV_TRY(lsv_adapter_add_note(a, err, "the base of %td modules is stored input by output (fan_in_fan_out), which the %s format does not say", turned, lsv_adapter_format_name(w->o->format)));
    return LSV_OK;
}

static lsv_status check_type(int dtype, lsv_error *err) {
    if (dtype < 0 || (dtype < LSV_NDTYPES && lsv_dtype_is_float((lsv_dtype)dtype))) return LSV_OK;
    return lsv_fail(err, LSV_EVALUE, "an adapter is written in float32, float16, bfloat16 or float64");
}

lsv_status lsv_adapter_write(lsv_adapter *a, const char *path, const lsv_adapter_writing *options, lsv_error *err) {
    writing w = {.a = a, .o = options, .path = path};
    char *place = NULL;
    lsv_status status = lsv_file_allowed(path, true, err);
    if (status == LSV_OK) status = check_type(options->dtype, err);
    for (ptrdiff_t i = 0; i < a->n; i++) w.two_text = w.two_text || begins(a->modules[i].name, "text_encoder_2.");
    if (status == LSV_OK) status = notes(&w, err);
    if (status == LSV_OK && options->base.n > 0) status = lsv_adapter_resolve(a, &options->base, err);
    if (status == LSV_OK) status = options->format == LSV_ADAPTER_PEFT ? plan_peft(&w, err) : plan_single(&w, err);
    if (status == LSV_OK) status = plan_pairs(&w, err);
    if (status == LSV_OK && options->format != LSV_ADAPTER_PEFT) status = write_file(&w, path, err);
    else if (status == LSV_OK) {
        status = plain_path(path, &place, err);
        if (status == LSV_OK) status = write_folder(&w, place, err);
    }
    lsv_free(place);
    writing_free(&w);
    return status;
}
