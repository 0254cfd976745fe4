/* verify and diff: what two checkpoints, or two adapters, have in common and what not. */
#include <math.h>
#include <string.h>
#include "array/elementwise.h"
#include "base/alloc.h"
#include "base/interrupt.h"
#include "file/inside.h"
#include "linalg/matrix.h"
#include "lora/pipeline/inside.h"

/* ---- a pair of tensors ---- */

bool lsv_same_shape(const lsv_tensor_info *a, const lsv_tensor_info *b) {
    bool same = a->ndim == b->ndim;
    for (int i = 0; same && i < a->ndim; i++) same = a->shape[i] == b->shape[i];
    return same;
}

void lsv_layer_of_tensor(const lsv_tensor_info *t, lsv_layer *l) {
    l->ndim = t->ndim;
    memcpy(l->shape, t->shape, sizeof l->shape);
    l->dtype = t->type;
}

static lsv_status both(const lsv_checkpoint *a, ptrdiff_t i, const lsv_checkpoint *b, ptrdiff_t j, lsv_array **x, lsv_array **y, lsv_error *err) {
    LSV_TRY(lsv_safetensors_get(a->tensors, i, LSV_TORCH, x, err));
    lsv_status status = lsv_safetensors_get(b->tensors, j, LSV_TORCH, y, err);
    if (status != LSV_OK) lsv_release(*x);
    return status;
}

lsv_status lsv_tensors_equal(const lsv_checkpoint *a, ptrdiff_t i, const lsv_checkpoint *b, ptrdiff_t j, bool *equal, lsv_error *err) {
    enum { PIECE = 1 << 24 };
    const lsv_tensor_info *ia = lsv_safetensors_info(a->tensors, i), *ib = lsv_safetensors_info(b->tensors, j);
    size_t n, nb;
    const char *x = lsv_checkpoint_bytes(a, i, &n), *y = lsv_checkpoint_bytes(b, j, &nb);
    *equal = lsv_same_shape(ia, ib);
    if (!*equal || strcmp(ia->type, ib->type) == 0) {
        for (size_t at = 0; *equal && at < n; at += PIECE) {
            *equal = memcmp(x + at, y + at, n - at < PIECE ? n - at : PIECE) == 0;
            LSV_TRY(lsv_poll(err));
        }
        return LSV_OK;
    }
    lsv_array *u, *v;
    LSV_TRY(both(a, i, b, j, &u, &v, err));
    size_t su = lsv_dtype_size((lsv_dtype)u->dtype), sv = lsv_dtype_size((lsv_dtype)v->dtype);
    for (ptrdiff_t k = 0; *equal && k < u->size; k++)
        *equal = lsv_scalar_as_double(lsv_load((lsv_dtype)u->dtype, u->data + (size_t)k * su)) ==
                 lsv_scalar_as_double(lsv_load((lsv_dtype)v->dtype, v->data + (size_t)k * sv));
    lsv_release(u);
    lsv_release(v);
    return LSV_OK;
}

lsv_status lsv_tensors_delta(const lsv_checkpoint *a, ptrdiff_t i, const lsv_checkpoint *b, ptrdiff_t j, ptrdiff_t m, ptrdiff_t n,
                             lsv_dtype *stored, lsv_delta *d, lsv_error *err) {
    lsv_array *x, *y;
    char *places[2] = {lsv_checkpoint_place(a, i), lsv_checkpoint_place(b, j)};
    lsv_status status = places[0] && places[1] ? LSV_OK : lsv_no_memory(err, 64);
    if (status == LSV_OK) status = both(a, i, b, j, &x, &y, err);
    if (status == LSV_OK) {
        *stored = (lsv_dtype)y->dtype;
        status = lsv_delta_new(x, y, m, n, (const char *const *)places, d, err);
        lsv_release(x);
        lsv_release(y);
    }
    lsv_free(places[0]);
    lsv_free(places[1]);
    return status;
}

static bool as_matrix(const lsv_checkpoint *a, ptrdiff_t i, const lsv_checkpoint *b, ptrdiff_t j, ptrdiff_t *m, ptrdiff_t *n) {
    const lsv_tensor_info *t = lsv_safetensors_info(a->tensors, i);
    bool fa, fb;
    lsv_checkpoint_dtype(a, i, &fa);
    lsv_checkpoint_dtype(b, j, &fb);
    *m = t->ndim > 1 ? t->shape[0] : 1, *n = 1;
    for (int k = t->ndim > 1; k < t->ndim; k++) *n *= t->shape[k];
    return fa && fb && *m > 0 && *n > 0 && lsv_same_shape(t, lsv_safetensors_info(b->tensors, j));
}

lsv_status lsv_tensors_norms(const lsv_checkpoint *a, ptrdiff_t i, const lsv_checkpoint *b, ptrdiff_t j, lsv_layer *l, lsv_error *err) {
    ptrdiff_t m, n;
    lsv_dtype stored;
    lsv_delta d;
    if (!as_matrix(a, i, b, j, &m, &n)) return LSV_OK;
    lsv_status status = lsv_tensors_delta(a, i, b, j, m, n, &stored, &d, err);
    if (status == LSV_EVALUE) return LSV_OK; /* NaN or Inf: there is no norm */
    LSV_TRY(status);
    l->norm = d.norm;
    l->relative = d.base > 0 ? d.norm / d.base : (double)NAN;
    lsv_delta_free(&d);
    return LSV_OK;
}

/* ---- two checkpoints ---- */

typedef struct job {
    const lsv_pipeline_client *client;
    lsv_report *report;
    lsv_checkpoint base, tuned;
    lsv_adapter *adapter;
} job;

/* The place in the adapter of the tensor NAME: of the module where it is NAME.weight, of a whole tensor; -1. */
static ptrdiff_t module_of(lsv_adapter *a, const char *tensor) {
    size_t n = strlen(tensor);
    char name[512];
    if (n < 8 || n - 7 >= sizeof name || strcmp(tensor + n - 7, ".weight") != 0) return -1;
    memcpy(name, tensor, n - 7);
    name[n - 7] = '\0';
    return lsv_adapter_find(a, name);
}

static ptrdiff_t whole_of(const lsv_adapter *a, const char *tensor) {
    for (ptrdiff_t i = 0; i < lsv_adapter_tensors(a); i++)
        if (strcmp(lsv_adapter_tensor_at(a, i)->name, tensor) == 0) return i;
    return -1;
}

/* |tuned - base - update| against |tuned - base|. */
static lsv_status check_module(const job *j, ptrdiff_t b, ptrdiff_t t, ptrdiff_t at, lsv_layer *l, lsv_error *err) {
    const lsv_adapter_module *m = lsv_adapter_at(j->adapter, at);
    lsv_delta d;
    lsv_dtype stored;
    lsv_array *update;
    ptrdiff_t rows, cols;
    l->rank = m->rank, l->alpha = m->alpha, l->scale = m->scale;
    if (!as_matrix(&j->base, b, &j->tuned, t, &rows, &cols)) return lsv_fail(err, LSV_EVALUE, "'%s': an adapter of a tensor that is no matrix of floating numbers", lsv_tail(m->name, 200));
    if (rows * cols != m->out * m->in) {
        char shape[96];
        return lsv_fail(err, LSV_EVALUE, "'%s': the adapter's update has %td x %td entries, and the base's tensor shape %s", lsv_tail(m->name, 200), m->out, m->in,
                        lsv_shape_text_n(l->ndim, l->shape, shape, sizeof shape));
    }
    LSV_TRY(lsv_tensors_delta(&j->base, b, &j->tuned, t, rows, cols, &stored, &d, err));
    l->norm = d.norm, l->relative = d.base > 0 ? d.norm / d.base : (double)NAN, l->floor = d.norm > 0 ? d.noise / d.norm : 0;
    lsv_status status = lsv_adapter_delta(j->adapter, at, LSV_TORCH, LSV_FLOAT32, &update, err);
    if (status == LSV_OK) {
        const float *u = (const float *)(const void *)update->data;
        double left = 0;
        if (d.x) {
            for (ptrdiff_t i = 0; i < rows * cols; i++) d.x[i] -= u[i];
            left = lsv_delta_norm(&d);
        } else {
            for (ptrdiff_t i = 0; i < rows * cols; i++) left += (double)u[i] * (double)u[i];
            left = sqrt(left);
        }
        l->error = d.norm > 0 ? left / d.norm : left > 0 ? INFINITY : 0;
        l->state = LSV_LAYER_DONE;
        lsv_release(update);
    }
    lsv_delta_free(&d);
    return status;
}

/* A whole tensor: is it tuned's? */
static lsv_status check_whole(const job *j, ptrdiff_t b, ptrdiff_t t, ptrdiff_t at, lsv_layer *l, lsv_error *err) {
    lsv_array *x, *y, *d = NULL, *f = NULL;
    if (b >= 0) LSV_TRY(lsv_tensors_norms(&j->base, b, &j->tuned, t, l, err));
    LSV_TRY(lsv_safetensors_get(j->tuned.tensors, t, LSV_TORCH, &x, err));
    lsv_status status = lsv_adapter_tensor_get(j->adapter, at, LSV_TORCH, &y, err);
    double left = 0;
    if (status == LSV_OK) {
        status = lsv_binary(LSV_OP_SUB, x, y, &d, err);
        if (status == LSV_OK) status = lsv_astype(d, LSV_FLOAT64, &f, err);
        for (ptrdiff_t i = 0; status == LSV_OK && i < f->size; i++) left += ((double *)(void *)f->data)[i] * ((double *)(void *)f->data)[i];
        lsv_release(y);
    }
    l->state = LSV_LAYER_KEPT;
    if (left > 0) l->state = LSV_LAYER_DONE, l->error = l->norm > 0 ? sqrt(left) / l->norm : INFINITY;
    lsv_release(x);
    lsv_release(d);
    lsv_release(f);
    return status;
}

static lsv_status other_shapes(const job *j, ptrdiff_t b, ptrdiff_t t, lsv_error *err) {
    const lsv_tensor_info *x = lsv_safetensors_info(j->base.tensors, b), *y = lsv_safetensors_info(j->tuned.tensors, t);
    char sx[96], sy[96];
    return lsv_fail(err, LSV_EVALUE, "tensor '%s' has shape %s in %s%s and %s in %s%s", lsv_tail(x->name, 120), lsv_shape_text_n(x->ndim, x->shape, sx, sizeof sx),
                    lsv_tail(j->base.folder, 60), j->base.files[x->shard], lsv_shape_text_n(y->ndim, y->shape, sy, sizeof sy), lsv_tail(j->tuned.folder, 60),
                    j->tuned.files[y->shard]);
}

/* One tensor of either; b or t is -1 where it is not there. */
static lsv_status one(const job *j, ptrdiff_t b, ptrdiff_t t, lsv_layer *l, lsv_error *err) {
    bool equal = false;
    const lsv_tensor_info *info = b >= 0 ? lsv_safetensors_info(j->base.tensors, b) : lsv_safetensors_info(j->tuned.tensors, t);
    lsv_layer_of_tensor(info, l);
    ptrdiff_t module = j->adapter ? module_of(j->adapter, info->name) : -1, whole = j->adapter ? whole_of(j->adapter, info->name) : -1;
    l->state = LSV_LAYER_MISSING;
    if (t >= 0 && whole >= 0) return check_whole(j, b, t, whole, l, err);
    if (b < 0 || t < 0) return LSV_OK;
    if (!lsv_same_shape(info, lsv_safetensors_info(j->tuned.tensors, t))) {
        l->state = LSV_LAYER_SHAPE;
        return j->adapter ? other_shapes(j, b, t, err) : LSV_OK;
    }
    if (module >= 0) return check_module(j, b, t, module, l, err);
    LSV_TRY(lsv_tensors_equal(&j->base, b, &j->tuned, t, &equal, err));
    l->state = equal ? LSV_LAYER_UNCHANGED : j->adapter ? LSV_LAYER_DROPPED : LSV_LAYER_DONE;
    return equal ? LSV_OK : lsv_tensors_norms(&j->base, b, &j->tuned, t, l, err);
}

static lsv_status all(job *j, const char *what, lsv_error *err) {
    ptrdiff_t nb = lsv_safetensors_count(j->base.tensors), nt = lsv_safetensors_count(j->tuned.tensors);
    int64_t bytes = 0;
    for (ptrdiff_t i = 0; i < nb; i++) bytes += (int64_t)lsv_safetensors_info(j->base.tensors, i)->bytes;
    for (ptrdiff_t i = 0; i < nt; i++) bytes += (int64_t)lsv_safetensors_info(j->tuned.tensors, i)->bytes;
    lsv_tell_phase(j->client, what, nb, bytes);
    for (ptrdiff_t i = 0; i < nb + nt; i++) {
        const lsv_tensor_info *info = i < nb ? lsv_safetensors_info(j->base.tensors, i) : lsv_safetensors_info(j->tuned.tensors, i - nb);
        ptrdiff_t b = i < nb ? i : lsv_safetensors_find(j->base.tensors, info->name), t = i < nb ? lsv_safetensors_find(j->tuned.tensors, info->name) : i - nb;
        lsv_layer l = LSV_LAYER;
        if (i >= nb && b >= 0) continue;
        l.name = (char *)(uintptr_t)info->name;
        LSV_TRY(lsv_poll(err));
        lsv_tell_begin(j->client, info->name);
        double start = lsv_seconds();
        LSV_TRY(one(j, b, t, &l, err));
        l.seconds = lsv_seconds() - start;
        LSV_TRY(lsv_report_add(j->report, j->client, &l, (int64_t)info->bytes * (b >= 0 && t >= 0 ? 2 : 1), err));
        if (b >= 0) lsv_checkpoint_behind(&j->base, b);
        if (t >= 0) lsv_checkpoint_behind(&j->tuned, t);
    }
    return LSV_OK;
}

/* Every module of the adapter must have had its tensor. */
static lsv_status all_found(const job *j, lsv_error *err) {
    for (ptrdiff_t i = 0; i < lsv_adapter_count(j->adapter); i++) {
        const char *name = lsv_adapter_at(j->adapter, i)->name;
        lsv_text t = {0};
        lsv_text_printf(&t, "%s.weight", name);
        bool failed = t.failed, found = !failed && lsv_safetensors_find(j->base.tensors, t.data) >= 0;
        lsv_text_free(&t);
        if (failed) return lsv_no_memory(err, strlen(name));
        if (found) continue;
        lsv_fail(err, LSV_EVALUE, "the adapter's module '%s' is not in %s", lsv_tail(name, 200), lsv_tail(j->base.folder, 120));
        lsv_hint(err, "is it an adapter of this model?");
        return LSV_EVALUE;
    }
    return LSV_OK;
}

static lsv_status end(job *j, lsv_status status, double start, lsv_error *err) {
    lsv_checkpoint_close(&j->base);
    lsv_checkpoint_close(&j->tuned);
    j->report->seconds = lsv_seconds() - start;
    lsv_report_total(j->report);
    if (status != LSV_OK) lsv_report_free(j->report);
    return lsv_error_clean(status, err);
}

lsv_status lsv_lora_verify(const char *base, const char *tuned, const char *adapter, const lsv_pipeline_client *client, lsv_report *report, lsv_error *err) {
    job j = {.client = client, .report = report};
    void *names;
    double start = lsv_seconds();
    *report = (lsv_report){0};
    LSV_TRY(lsv_adapter_open(adapter, base, false, &j.adapter, NULL, &names, err));
    lsv_status status = lsv_checkpoint_open(base, &j.base, err);
    if (status == LSV_OK) status = lsv_checkpoint_open(tuned, &j.tuned, err);
    if (status == LSV_OK) status = all_found(&j, err);
    if (status == LSV_OK) status = all(&j, "verify", err);
    lsv_adapter_free(j.adapter);
    lsv_free(names);
    return end(&j, status, start, err);
}

/* ---- two adapters ---- */

static lsv_status compare_modules(lsv_adapter *a, lsv_adapter *b, const lsv_adapter_module *m, lsv_layer *l, lsv_error *err) {
    lsv_adapter *from[2] = {a, b};
    lsv_array *B[2] = {0}, *A[2] = {0};
    double scale[2] = {0}, norm = 0;
    lsv_status status = LSV_OK;
    for (int k = 0; k < 2 && status == LSV_OK; k++) {
        ptrdiff_t i = lsv_adapter_find(from[k], m->name);
        if (i < 0) continue;
        scale[k] = lsv_adapter_at(from[k], i)->scale;
        status = lsv_adapter_factors(from[k], i, LSV_TORCH, &B[k], &A[k], err);
    }
    lsv_layer_of_module(m, l);
    int first = B[0] ? 0 : 1, second = B[0] && B[1] ? 1 : -1;
    l->state = second < 0 ? LSV_LAYER_MISSING : LSV_LAYER_DONE;
    l->before = A[0] ? A[0]->shape[0] : 0, l->rank = A[1] ? A[1]->shape[0] : 0;
    if (status == LSV_OK)
        status = lsv_factored_distance(scale[first], B[first], A[first], second < 0 ? 0 : scale[1], second < 0 ? NULL : B[1], second < 0 ? NULL : A[1], &l->norm, &norm, err);
    l->relative = norm > 0 && second >= 0 ? l->norm / norm : (double)NAN;
    if (second >= 0 && l->norm <= 1e-14 * norm) l->state = LSV_LAYER_UNCHANGED;
    for (int k = 0; k < 2; k++) lsv_release(B[k]), lsv_release(A[k]);
    return status;
}

static lsv_status diff_adapters(const char *a, const char *b, const lsv_pipeline_client *client, lsv_report *report, lsv_error *err) {
    lsv_adapter *both_of[2] = {0};
    void *names[2] = {0};
    lsv_adapter_module *modules = NULL;
    ptrdiff_t n = 0;
    lsv_status status = lsv_adapter_open(a, NULL, false, &both_of[0], NULL, &names[0], err);
    if (status == LSV_OK) status = lsv_adapter_open(b, NULL, false, &both_of[1], NULL, &names[1], err);
    lsv_adapter_merging m = {both_of, 2, NULL, LSV_AGGREGATE_EXACT, LSV_SPLIT_SQRT};
    if (status == LSV_OK) status = lsv_adapter_union(&m, &modules, &n, err);
    lsv_tell_phase(client, "compare", n, 0);
    for (ptrdiff_t i = 0; i < n && status == LSV_OK; i++) {
        lsv_layer l = LSV_LAYER;
        l.name = (char *)(uintptr_t)modules[i].name;
        status = lsv_poll(err);
        if (status == LSV_OK) status = compare_modules(both_of[0], both_of[1], &modules[i], &l, err);
        if (status == LSV_OK) status = lsv_report_add(report, client, &l, 0, err);
    }
    lsv_free(modules);
    for (int k = 0; k < 2; k++) lsv_adapter_free(both_of[k]), lsv_free(names[k]);
    return status;
}

lsv_status lsv_lora_diff(const char *a, const char *b, const lsv_pipeline_client *client, lsv_report *report, lsv_error *err) {
    job j = {.client = client, .report = report};
    double start = lsv_seconds();
    *report = (lsv_report){0};
    bool first = false, second = false;
    lsv_status status = lsv_adapter_is_at(a, &first, err);
    if (status == LSV_OK) status = lsv_adapter_is_at(b, &second, err);
    if (status != LSV_OK) return end(&j, status, start, err);
    if (first != second) status = lsv_fail(err, LSV_EVALUE, "%s is an adapter, and %s is not", lsv_tail(first ? a : b, 200), lsv_tail(first ? b : a, 200));
    else if (first) status = diff_adapters(a, b, client, report, err);
    else {
        status = lsv_checkpoint_open(a, &j.base, err);
        if (status == LSV_OK) status = lsv_checkpoint_open(b, &j.tuned, err);
        if (status == LSV_OK) status = all(&j, "compare", err);
    }
    return end(&j, status, start, err);
}
