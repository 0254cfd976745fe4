/* An adapter in memory: its modules, whole tensors, settings, metadata and notes.

   A module's factors are arrays, or tensors of the open file, or made by a function when they are asked for; whoever
   computes asks lsv_adapter_factors and need not know. Every list keeps its order. */
#include "lora/adapter.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "linalg/matrix.h"
#include "lora/adapter/inside.h"

static const char *const format_names[] = {"peft", "kohya", "diffusers"};

const char *lsv_adapter_format_name(lsv_adapter_format f) { return format_names[f]; }

bool lsv_adapter_format_parse(const char *name, lsv_adapter_format *out) {
    for (int i = 0; i < 3; i++)
        if (strcmp(name, format_names[i]) == 0) {
            *out = (lsv_adapter_format)i;
            return true;
        }
    return false;
}

lsv_status lsv_adapter_bad(const char *where, const char *tensor, lsv_error *err, const char *format, ...) {
    char reason[300];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    lsv_fail(err, LSV_EVALUE, "%s: '%s': %s", lsv_tail(where, 100), lsv_tail(tensor, 100), reason);
    return lsv_error_clean(LSV_EVALUE, err);
}

lsv_status lsv_grow(void **block, ptrdiff_t n, ptrdiff_t *room, size_t size, lsv_error *err) {
    if (n < *room) return LSV_OK;
    ptrdiff_t more = *room + *room / 2 + 8;
    void *wider = lsv_realloc(*block, (size_t)more * size);
    if (!wider) return lsv_no_memory(err, (size_t)more * size);
    *block = wider;
    *room = more;
    return LSV_OK;
}

/* ---- life ---- */

lsv_status lsv_adapter_new(lsv_adapter **out, lsv_error *err) {
    lsv_adapter *a = lsv_calloc(1, sizeof *a);
    if (!a) return lsv_no_memory(err, sizeof *a);
    a->refs = 1;
    a->last = -1;
    *out = a;
    return LSV_OK;
}

lsv_adapter *lsv_adapter_ref(lsv_adapter *a) {
    a->refs++;
    return a;
}

static void free_module(lsv_module_record *r) {
    lsv_free(r->name);
    lsv_free(r->kohya);
    lsv_release(r->B);
    lsv_release(r->A);
}

static void free_tensor(lsv_tensor_record *t) {
    lsv_free(t->name);
    lsv_free(t->key);
    lsv_release(t->x);
}

void lsv_adapter_free(lsv_adapter *a) {
    if (!a || --a->refs > 0) return;
    for (ptrdiff_t i = 0; i < a->n; i++) free_module(&a->modules[i]);
    for (ptrdiff_t i = 0; i < a->ntensors + a->hidden; i++) free_tensor(&a->tensors[i]);
    for (ptrdiff_t i = 0; i < a->nsettings; i++) lsv_free(a->settings[i].key), lsv_free(a->settings[i].json);
    for (ptrdiff_t i = 0; i < a->npairs; i++) lsv_free(a->pairs[i].key), lsv_free(a->pairs[i].value);
    for (ptrdiff_t i = 0; i < a->nnotes; i++) lsv_free(a->notes[i]);
    lsv_release(a->last_B);
    lsv_release(a->last_A);
    lsv_name_map_free(&a->names);
    lsv_safetensors_close(a->file);
    void *blocks[] = {a->modules, a->tensors, a->settings, a->pairs, a->notes, a->config, a->path, a};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) lsv_free(blocks[i]);
}

/* ---- modules ---- */

void lsv_module_scale(lsv_adapter_module *m, bool rslora) {
    double r = (double)m->rank;
    if (isnan(m->alpha)) m->alpha = rslora ? sqrt(r) : r;
    m->scale = m->rank == 0 ? 1 : m->alpha / (rslora ? sqrt(r) : r);
}

lsv_status lsv_adapter_record(lsv_adapter *a, const char *where, const lsv_adapter_module *m, lsv_module_record **out, lsv_error *err) {
    void *block = a->modules;
    ptrdiff_t old;
    lsv_status status = lsv_grow(&block, a->n, &a->room, sizeof *a->modules, err);
    a->modules = block;
    LSV_TRY(status);
    lsv_module_record *r = &a->modules[a->n];
    *r = (lsv_module_record){.m = *m, .name = lsv_strdup(m->name), .alpha_type = -1, .at_B = -1, .at_A = -1, .at_mid = -1};
    if (!r->name) return lsv_no_memory(err, strlen(m->name));
    r->m.name = r->name;
    if (m->kohya && !(r->kohya = lsv_strdup(m->kohya))) status = lsv_no_memory(err, strlen(m->kohya));
    r->m.kohya = r->kohya;
    if (status == LSV_OK) status = lsv_name_map_put(&a->names, r->name, a->n, &old, err);
    if (status == LSV_OK && old >= 0) status = lsv_adapter_bad(where, m->name, err, "the module comes twice");
    if (status != LSV_OK) {
        free_module(r);
        return status;
    }
    a->n++;
    *out = r;
    return LSV_OK;
}

static lsv_status check_added(const lsv_adapter_module *m, lsv_error *err) {
    ptrdiff_t taps = 1;
    if (!lsv_dtype_is_float(m->dtype_B) || !lsv_dtype_is_float(m->dtype_A))
        return lsv_adapter_bad("adapter", m->name, err, "factors are of a floating type, not of %s and %s", lsv_dtype_name(m->dtype_B), lsv_dtype_name(m->dtype_A));
    if (m->nkernel < 0 || m->nkernel > 3 || (m->nkernel > 0) != (m->kind == LSV_MODULE_CONV))
        return lsv_adapter_bad("adapter", m->name, err, "%d axes of a kernel do not go with its kind", m->nkernel);
    for (int i = 0; i < m->nkernel; i++)
        if (m->kernel[i] <= 0 || !lsv_mul_size(taps, m->kernel[i], &taps)) return lsv_adapter_bad("adapter", m->name, err, "a kernel of length %td", m->kernel[i]);
    if (m->in % taps) return lsv_adapter_bad("adapter", m->name, err, "a kernel of %td entries does not divide %td columns", taps, m->in);
    if (m->alpha == m->alpha && !isfinite(m->alpha)) return lsv_adapter_bad("adapter", m->name, err, "alpha is infinite");
    return LSV_OK;
}

static lsv_status add_arrays(lsv_adapter *a, const lsv_adapter_module *m, lsv_array *B, lsv_array *A, lsv_error *err) {
    char tb[96], ta[96];
    lsv_module_record *r;
    lsv_adapter_module with = *m;
    if (B->ndim != 2 || A->ndim != 2 || B->shape[1] != A->shape[0])
        return lsv_adapter_bad("adapter", m->name, err, "B is %s and A %s, which do not multiply", lsv_shape_text(B, tb, sizeof tb), lsv_shape_text(A, ta, sizeof ta));
    with.out = B->shape[0], with.in = A->shape[1], with.rank = A->shape[0];
    with.dtype_B = (lsv_dtype)B->dtype, with.dtype_A = (lsv_dtype)A->dtype;
    if (m->kind == LSV_MODULE_EMBEDDING) with.transposed = true;
    LSV_TRY(check_added(&with, err));
    lsv_module_scale(&with, false);
    LSV_TRY(lsv_adapter_record(a, "adapter", &with, &r, err));
    r->B = lsv_ref(B), r->A = lsv_ref(A);
    return LSV_OK;
}

/* What the text of a read configuration says no longer holds. */
static void changed(lsv_adapter *a) {
    lsv_free(a->config);
    a->config = NULL;
    a->same = false;
}

lsv_status lsv_adapter_add(lsv_adapter *a, const lsv_adapter_module *m, lsv_array *B, lsv_array *A, lsv_error *err) {
    lsv_status status = add_arrays(a, m, B, A, err);
    lsv_release(B);
    lsv_release(A);
    changed(a);
    return status;
}

lsv_status lsv_adapter_add_later(lsv_adapter *a, const lsv_adapter_module *m, lsv_adapter_fetch *fetch, void *ctx, lsv_error *err) {
    lsv_module_record *r;
    lsv_adapter_module with = *m;
    if (m->out < 0 || m->in < 0 || m->rank < 0) return lsv_adapter_bad("adapter", m->name, err, "a size below 0");
    if (m->kind == LSV_MODULE_EMBEDDING) with.transposed = true;
    LSV_TRY(check_added(&with, err));
    lsv_module_scale(&with, false);
    LSV_TRY(lsv_adapter_record(a, "adapter", &with, &r, err));
    r->fetch = fetch, r->ctx = ctx;
    changed(a);
    return LSV_OK;
}

ptrdiff_t lsv_adapter_count(const lsv_adapter *a) { return a->n; }
const lsv_adapter_module *lsv_adapter_at(const lsv_adapter *a, ptrdiff_t i) { return &a->modules[i].m; }
ptrdiff_t lsv_adapter_find(const lsv_adapter *a, const char *name) { return lsv_name_map_get(&a->names, name); }
lsv_adapter_format lsv_adapter_format_of(const lsv_adapter *a) { return a->format; }
const char *lsv_adapter_path(const lsv_adapter *a) { return a->path; }

static int by_module(const void *a, const void *b) { return lsv_name_order(((const lsv_module_record *)a)->name, ((const lsv_module_record *)b)->name); }
static int by_tensor(const void *a, const void *b) { return lsv_name_order(((const lsv_tensor_record *)a)->name, ((const lsv_tensor_record *)b)->name); }

lsv_status lsv_adapter_sort(lsv_adapter *a, lsv_error *err) {
    if (a->n) qsort(a->modules, (size_t)a->n, sizeof *a->modules, by_module);
    if (a->ntensors) qsort(a->tensors, (size_t)a->ntensors, sizeof *a->tensors, by_tensor);
    lsv_name_map_free(&a->names);
    for (ptrdiff_t i = 0; i < a->n; i++) {
        ptrdiff_t old;
        LSV_TRY(lsv_name_map_put(&a->names, a->modules[i].name, i, &old, err));
        if (old < 0) continue;
        lsv_adapter_bad(a->path ? a->path : "adapter", a->modules[i].name, err, "two modules of the file are this one");
        lsv_hint(err, "name the base's modules with the part they are of (\"text_encoder.…\", \"text_encoder_2.…\", \"unet.…\")");
        return LSV_EVALUE;
    }
    return LSV_OK;
}

lsv_status lsv_adapter_resolve(lsv_adapter *a, const lsv_base_names *base, lsv_error *err) {
    lsv_flat_names flat;
    char **names = lsv_calloc((size_t)a->n + 1, sizeof *names);
    if (!names) return lsv_no_memory(err, (size_t)a->n * sizeof *names);
    lsv_status status = lsv_flat_names_of(base, &flat, err);
    for (ptrdiff_t i = 0; i < a->n && status == LSV_OK; i++) {
        const char *name;
        if (!a->modules[i].m.flat) continue;
        status = lsv_flat_names_find(&flat, a->path ? a->path : "adapter", a->modules[i].name, &name, err);
        if (status == LSV_OK && !(names[i] = lsv_strdup(name))) status = lsv_no_memory(err, strlen(name));
    }
    lsv_flat_names_free(&flat);
    for (ptrdiff_t i = 0; i < a->n; i++) {
        if (status == LSV_OK && names[i]) { /* the old name goes where the new one was */
            lsv_module_record *r = &a->modules[i];
            char *old = r->name;
            r->name = names[i], names[i] = NULL;
            r->m.name = r->name, r->m.flat = false;
            lsv_free(old);
        }
        lsv_free(names[i]);
    }
    lsv_free(names);
    return status == LSV_OK ? lsv_adapter_sort(a, err) : status;
}

/* ---- factors ---- */

/* Tensor `at` of the file as a matrix of rows x the rest. */
static lsv_status matrix_of(const lsv_adapter *a, ptrdiff_t at, lsv_kind kind, lsv_array **out, lsv_error *err) {
    lsv_array *x;
    LSV_TRY(lsv_safetensors_get(a->file, at, kind, &x, err));
    ptrdiff_t shape[2] = {x->shape[0], 1};
    for (int i = 1; i < x->ndim; i++) shape[1] *= x->shape[i]; /* sizes were checked when the file was opened */
    lsv_status status = x->ndim == 2 ? LSV_OK : lsv_reshape(x, 2, shape, false, out, err);
    if (x->ndim == 2) *out = x;
    else lsv_release(x);
    return status;
}

/* A factored kernel (Tucker): rows of `mid` (rank x rank x kernel) over A (rank x in) are one A of rank x in * kernel. */
static lsv_status fold_mid(const lsv_adapter *a, const lsv_module_record *r, lsv_kind kind, lsv_array *down, lsv_array **out, lsv_error *err) {
    lsv_array *mid = NULL, *m = NULL, *d = NULL, *folded = NULL;
    ptrdiff_t k = r->m.rank, taps = 1;
    for (int i = 0; i < r->m.nkernel; i++) taps *= r->m.kernel[i];
    ptrdiff_t channels = r->m.in / taps;
    lsv_status status = lsv_safetensors_get(a->file, r->at_mid, kind, &mid, err);
    if (status == LSV_OK) status = lsv_as_dtype(mid, LSV_FLOAT64, &m, err);
    if (status == LSV_OK) status = lsv_as_dtype(down, LSV_FLOAT64, &d, err);
    if (status == LSV_OK) status = lsv_zeros(kind, LSV_FLOAT64, 2, (ptrdiff_t[]){k, r->m.in}, &folded, err);
    if (status == LSV_OK) {
        const double *mv = (const double *)(const void *)m->data, *dv = (const double *)(const void *)d->data;
        double *f = (double *)(void *)folded->data;
        for (ptrdiff_t p = 0; p < k; p++)
            for (ptrdiff_t q = 0; q < k; q++)
                for (ptrdiff_t c = 0; c < channels; c++)
                    for (ptrdiff_t t = 0; t < taps; t++) f[p * r->m.in + c * taps + t] += mv[(p * k + q) * taps + t] * dv[q * channels + c];
        status = lsv_as_dtype(folded, r->m.dtype_A, out, err);
    }
    lsv_array *owned[] = {mid, m, d, folded};
    for (size_t i = 0; i < 4; i++) lsv_release(owned[i]);
    return status;
}

static lsv_status from_file(const lsv_adapter *a, const lsv_module_record *r, lsv_kind kind, lsv_array **B, lsv_array **A, lsv_error *err) {
    lsv_array *b, *x;
    LSV_TRY(matrix_of(a, r->at_B, kind, &b, err));
    lsv_status status = matrix_of(a, r->at_A, kind, &x, err);
    if (status == LSV_OK && r->at_mid >= 0) {
        lsv_array *down = x;
        status = fold_mid(a, r, kind, down, &x, err);
        lsv_release(down);
    }
    if (status != LSV_OK) {
        lsv_release(b);
        return status;
    }
    *B = b, *A = x;
    return LSV_OK;
}

/* Made pairs must be what was announced. */
static lsv_status fetched(lsv_adapter *a, ptrdiff_t i, lsv_error *err) {
    const lsv_module_record *r = &a->modules[i];
    lsv_array *B, *A;
    char tb[96], ta[96];
    if (a->last == i) return LSV_OK;
    LSV_TRY(r->fetch(r->ctx, i, &B, &A, err));
    lsv_release(a->last_B);
    lsv_release(a->last_A);
    a->last_B = B, a->last_A = A, a->last = -1;
    bool fits = B->ndim == 2 && A->ndim == 2 && B->shape[0] == r->m.out && B->shape[1] == r->m.rank && A->shape[0] == r->m.rank &&
                A->shape[1] == r->m.in && B->dtype == r->m.dtype_B && A->dtype == r->m.dtype_A;
    if (!fits)
        return lsv_adapter_bad("adapter", r->name, err, "its factors came as %s and %s, not as they were announced", lsv_shape_text(B, tb, sizeof tb), lsv_shape_text(A, ta, sizeof ta));
    a->last = i;
    return LSV_OK;
}

lsv_status lsv_adapter_factors(lsv_adapter *a, ptrdiff_t i, lsv_kind kind, lsv_array **B, lsv_array **A, lsv_error *err) {
    const lsv_module_record *r = &a->modules[i];
    lsv_array *b, *x, *kind_b;
    if (!r->B && !r->fetch) return from_file(a, r, kind, B, A, err);
    if (r->fetch) LSV_TRY(fetched(a, i, err));
    b = r->fetch ? a->last_B : r->B, x = r->fetch ? a->last_A : r->A;
    LSV_TRY(lsv_as_kind(b, kind, &kind_b, err));
    lsv_status status = lsv_as_kind(x, kind, A, err);
    if (status == LSV_OK) *B = kind_b;
    else lsv_release(kind_b);
    return status;
}

lsv_status lsv_adapter_bytes(const lsv_adapter *a, int dtype, ptrdiff_t *bytes, lsv_error *err) {
    ptrdiff_t sum = 0;
    for (ptrdiff_t i = 0; i < a->n; i++) {
        const lsv_adapter_module *m = &a->modules[i].m;
        ptrdiff_t side[2] = {m->out, m->in};
        for (int k = 0; k < 2; k++) {
            lsv_dtype t = dtype >= 0 ? (lsv_dtype)dtype : k ? m->dtype_A : m->dtype_B;
            ptrdiff_t n;
            if (!lsv_mul_size(side[k], m->rank, &n) || !lsv_mul_size(n, (ptrdiff_t)lsv_dtype_size(t), &n) || !lsv_add_size(sum, n, &sum)) return lsv_no_memory(err, SIZE_MAX);
        }
    }
    *bytes = sum;
    return LSV_OK;
}

/* ---- whole tensors ---- */

static lsv_status describe(const lsv_adapter *a, ptrdiff_t at, const lsv_array *x, lsv_adapter_tensor *t) {
    if (at >= 0) {
        const lsv_tensor_info *info = lsv_safetensors_info(a->file, at);
        t->type = info->type, t->ndim = info->ndim;
        memcpy(t->shape, info->shape, sizeof t->shape);
    } else {
        t->type = lsv_element_of((lsv_dtype)x->dtype)->name, t->ndim = x->ndim;
        memcpy(t->shape, x->shape, sizeof t->shape);
    }
    return LSV_OK;
}

lsv_status lsv_adapter_keep(lsv_adapter *a, const char *name, const char *key, ptrdiff_t at, lsv_array *x, bool hidden, lsv_error *err) {
    void *block = a->tensors;
    ptrdiff_t all = a->ntensors + a->hidden;
    lsv_status status = lsv_grow(&block, all, &a->tensors_room, sizeof *a->tensors, err);
    a->tensors = block;
    lsv_tensor_record t = {.at = at, .x = x};
    if (status == LSV_OK && !((t.name = lsv_strdup(name)) && (t.key = lsv_strdup(key ? key : name)))) status = lsv_no_memory(err, strlen(name));
    if (status == LSV_OK) status = describe(a, at, x, &t.t);
    if (status != LSV_OK) {
        free_tensor(&t);
        return status;
    }
    t.t.name = t.name;
    if (hidden) {
        a->tensors[all] = t;
        a->hidden++;
    } else {
        memmove(a->tensors + a->ntensors + 1, a->tensors + a->ntensors, (size_t)a->hidden * sizeof *a->tensors);
        a->tensors[a->ntensors++] = t;
    }
    return LSV_OK;
}

ptrdiff_t lsv_adapter_tensors(const lsv_adapter *a) { return a->ntensors; }
const lsv_adapter_tensor *lsv_adapter_tensor_at(const lsv_adapter *a, ptrdiff_t i) { return &a->tensors[i].t; }

lsv_status lsv_adapter_tensor_get(lsv_adapter *a, ptrdiff_t i, lsv_kind kind, lsv_array **out, lsv_error *err) {
    const lsv_tensor_record *t = &a->tensors[i];
    return t->at >= 0 ? lsv_safetensors_get(a->file, t->at, kind, out, err) : lsv_as_kind(t->x, kind, out, err);
}

lsv_status lsv_adapter_tensor_add(lsv_adapter *a, const char *name, lsv_array *x, lsv_error *err) {
    for (ptrdiff_t i = 0; i < a->ntensors; i++)
        if (strcmp(a->tensors[i].name, name) == 0) {
            lsv_release(x);
            return lsv_adapter_bad("adapter", name, err, "the tensor comes twice");
        }
    changed(a);
    return lsv_adapter_keep(a, name, NULL, -1, x, false, err);
}

/* ---- settings ---- */

ptrdiff_t lsv_adapter_settings(const lsv_adapter *a) { return a->nsettings; }

const char *lsv_adapter_setting_at(const lsv_adapter *a, ptrdiff_t i, const char **json) {
    if (json) *json = a->settings[i].json;
    return a->settings[i].key;
}

static ptrdiff_t setting_place(const lsv_adapter *a, const char *key) {
    for (ptrdiff_t i = 0; i < a->nsettings; i++)
        if (strcmp(a->settings[i].key, key) == 0) return i;
    return -1;
}

const char *lsv_adapter_setting(const lsv_adapter *a, const char *key) {
    ptrdiff_t i = setting_place(a, key);
    return i < 0 ? NULL : a->settings[i].json;
}

lsv_status lsv_adapter_put_setting(lsv_adapter *a, const char *key, const char *json, size_t n, lsv_error *err) {
    ptrdiff_t i = setting_place(a, key);
    char *text = lsv_malloc(n + 1);
    if (!text) return lsv_no_memory(err, n + 1);
    memcpy(text, json, n);
    text[n] = '\0';
    if (i >= 0) {
        lsv_free(a->settings[i].json);
        a->settings[i].json = text;
        return LSV_OK;
    }
    void *block = a->settings;
    lsv_status status = lsv_grow(&block, a->nsettings, &a->settings_room, sizeof *a->settings, err);
    a->settings = block;
    char *name = status == LSV_OK ? lsv_strdup(key) : NULL;
    if (!name) {
        lsv_free(text);
        return status != LSV_OK ? status : lsv_no_memory(err, strlen(key));
    }
    a->settings[a->nsettings++] = (lsv_setting){name, text};
    return LSV_OK;
}

lsv_status lsv_adapter_set(lsv_adapter *a, const char *key, const char *json, lsv_error *err) {
    changed(a);
    if (!json) {
        ptrdiff_t i = setting_place(a, key);
        if (i < 0) return LSV_OK;
        lsv_free(a->settings[i].key);
        lsv_free(a->settings[i].json);
        memmove(a->settings + i, a->settings + i + 1, (size_t)(--a->nsettings - i) * sizeof *a->settings);
        return LSV_OK;
    }
    lsv_json j;
    size_t n = strlen(json);
    LSV_TRY(lsv_json_begin(&j, key, json, n, err));
    lsv_status status = n ? lsv_json_check(&j, (lsv_span){json, n}, err) : lsv_fail(err, LSV_EVALUE, "%s: an empty text is no JSON value", key);
    lsv_json_end(&j);
    return status == LSV_OK ? lsv_adapter_put_setting(a, key, json, n, err) : status;
}

lsv_status lsv_adapter_set_text(lsv_adapter *a, const char *key, const char *text, lsv_error *err) {
    lsv_text t = {0};
    lsv_json_quote(&t, text);
    lsv_status status = t.failed ? lsv_no_memory(err, t.length) : lsv_adapter_put_setting(a, key, t.data, t.length, err);
    lsv_text_free(&t);
    changed(a);
    return status;
}

/* ---- metadata, notes ---- */

bool lsv_adapter_metadata(const lsv_adapter *a, ptrdiff_t i, const char **key, const char **value) {
    if (i < 0 || i >= a->npairs) return false;
    *key = a->pairs[i].key;
    *value = a->pairs[i].value;
    return true;
}

const char *lsv_adapter_metadata_value(const lsv_adapter *a, const char *key) {
    for (ptrdiff_t i = 0; i < a->npairs; i++)
        if (strcmp(a->pairs[i].key, key) == 0) return a->pairs[i].value;
    return NULL;
}

lsv_status lsv_adapter_set_metadata(lsv_adapter *a, const char *key, const char *value, lsv_error *err) {
    char *text = lsv_strdup(value);
    if (!text) return lsv_no_memory(err, strlen(value));
    for (ptrdiff_t i = 0; i < a->npairs; i++)
        if (strcmp(a->pairs[i].key, key) == 0) {
            lsv_free(a->pairs[i].value);
            a->pairs[i].value = text;
            return LSV_OK;
        }
    void *block = a->pairs;
    lsv_status status = lsv_grow(&block, a->npairs, &a->pairs_room, sizeof *a->pairs, err);
    a->pairs = block;
    char *name = status == LSV_OK ? lsv_strdup(key) : NULL;
    if (!name) {
        lsv_free(text);
        return status != LSV_OK ? status : lsv_no_memory(err, strlen(key));
    }
    a->pairs[a->npairs++] = (lsv_text_pair){name, text};
    return LSV_OK;
}

enum { NOTES_MOST = 100 };

/* The last one says how many there were besides. */
static lsv_status count_notes(lsv_adapter *a, lsv_error *err) {
    char line[64];
    snprintf(line, sizeof line, "and %td more of the kind", ++a->notes_more);
    char *text = lsv_strdup(line);
    if (!text) return lsv_no_memory(err, sizeof line);
    if (a->notes_more > 1) lsv_free(a->notes[NOTES_MOST]);
    a->notes[NOTES_MOST] = text;
    a->nnotes = NOTES_MOST + 1;
    return LSV_OK;
}

lsv_status lsv_adapter_add_note(lsv_adapter *a, lsv_error *err, const char *format, ...) {
    lsv_error line = {.status = LSV_OK};
    va_list args;
    void *block = a->notes;
    lsv_status status = lsv_grow(&block, a->nnotes, &a->notes_room, sizeof *a->notes, err);
    a->notes = block;
    LSV_TRY(status);
    if (a->nnotes >= NOTES_MOST) return count_notes(a, err);
    va_start(args, format);
    vsnprintf(line.message, sizeof line.message, format, args);
    va_end(args);
    lsv_error_clean(LSV_EVALUE, &line);
    for (ptrdiff_t i = 0; i < a->nnotes; i++)
        if (strcmp(a->notes[i], line.message) == 0) return LSV_OK;
    char *text = lsv_strdup(line.message);
    if (!text) return lsv_no_memory(err, sizeof line.message);
    a->notes[a->nnotes++] = text;
    return LSV_OK;
}

const char *lsv_adapter_note(const lsv_adapter *a, ptrdiff_t i) { return i >= 0 && i < a->nnotes ? a->notes[i] : NULL; }

/* ---- what goes over to another adapter ---- */

lsv_status lsv_adapter_copy_rest(lsv_adapter *to, const lsv_adapter *from, bool metadata, lsv_error *err) {
    for (ptrdiff_t i = 0; i < from->nsettings; i++)
        LSV_TRY(lsv_adapter_put_setting(to, from->settings[i].key, from->settings[i].json, strlen(from->settings[i].json), err));
    for (ptrdiff_t i = 0; metadata && i < from->npairs; i++) LSV_TRY(lsv_adapter_set_metadata(to, from->pairs[i].key, from->pairs[i].value, err));
    return LSV_OK;
}
