/* The last step of a job that makes an adapter: from the log of records to the files, and back again to be sure. */
#include <string.h>
#include "base/alloc.h"
#include "base/interrupt.h"
#include "file/inside.h"
#include "lora/pipeline/inside.h"

lsv_status lsv_assembly_fetch(void *assembly, ptrdiff_t i, lsv_array **B, lsv_array **A, lsv_error *err) {
    const lsv_assembly *s = assembly;
    lsv_array *b, *a;
    (void)i; /* the adapter's order is its own */
    LSV_TRY(lsv_partial_array(s->partial, s->key, 0, &b, err));
    lsv_status status = lsv_partial_array(s->partial, s->key, 1, &a, err);
    if (status != LSV_OK) {
        lsv_release(b);
        return status;
    }
    *B = b, *A = a;
    return LSV_OK;
}

static bool same(const lsv_array *x, const lsv_array *y) {
    bool is = x->dtype == y->dtype && x->size == y->size && x->ndim == y->ndim;
    for (int i = 0; is && i < x->ndim; i++) is = x->shape[i] == y->shape[i];
    return is && memcmp(x->data, y->data, (size_t)x->size * lsv_dtype_size((lsv_dtype)x->dtype)) == 0;
}

static lsv_status is_other(const char *path, const char *name, lsv_error *err) {
    lsv_fail(err, LSV_EOS, "%s: '%s' reads back as something else than was written", lsv_tail(path, 200), lsv_tail(name, 120));
    lsv_hint(err, "the disk or its file system is at fault; what was finished is kept");
    return LSV_EOS;
}

/* Both in the type that was written, in one piece. */
static lsv_status compare(lsv_array *written, lsv_array *back, const char *path, const char *name, lsv_error *err) {
    lsv_array *x = NULL, *y = NULL, *z = NULL;
    lsv_status status = lsv_as_dtype(written, (lsv_dtype)back->dtype, &x, err);
    if (status == LSV_OK) status = lsv_contiguous(x, &y, err);
    if (status == LSV_OK) status = lsv_contiguous(back, &z, err);
    if (status == LSV_OK && !same(y, z)) status = is_other(path, name, err);
    lsv_release(x);
    lsv_release(y);
    lsv_release(z);
    return status;
}

/* The module under its name, or under the prefix that the format puts before it. */
static ptrdiff_t find_again(lsv_adapter *back, const char *name, const char *prefix) {
    ptrdiff_t at = lsv_adapter_find(back, name);
    lsv_text t = {0};
    if (at >= 0) return at;
    lsv_text_printf(&t, "%s%s", prefix ? prefix : "diffusion_model.", name);
    if (!t.failed) at = lsv_adapter_find(back, t.data);
    lsv_text_free(&t);
    return at;
}

static lsv_status compare_module(lsv_adapter *a, ptrdiff_t i, lsv_adapter *back, const char *prefix, const char *path, int64_t *bytes, lsv_error *err) {
    const lsv_adapter_module *m = lsv_adapter_at(a, i), *now;
    ptrdiff_t at = find_again(back, m->name, prefix);
    lsv_array *f[4] = {0};
    if (at < 0) return m->rank == 0 ? LSV_OK : is_other(path, m->name, err);
    now = lsv_adapter_at(back, at);
    if (now->scale != m->scale || now->rank != m->rank || now->kind != m->kind) return is_other(path, m->name, err);
    lsv_status status = lsv_adapter_factors(a, i, LSV_TORCH, &f[0], &f[1], err);
    if (status == LSV_OK) status = lsv_adapter_factors(back, at, LSV_TORCH, &f[2], &f[3], err);
    for (int k = 0; k < 2 && status == LSV_OK; k++) {
        status = compare(f[k], f[k + 2], path, m->name, err);
        *bytes += (int64_t)f[k + 2]->size * (int64_t)lsv_dtype_size((lsv_dtype)f[k + 2]->dtype);
    }
    for (int k = 0; k < 4; k++) lsv_release(f[k]);
    return status;
}

static lsv_status compare_tensor(lsv_adapter *a, ptrdiff_t i, lsv_adapter *back, const char *path, int64_t *bytes, lsv_error *err) {
    const lsv_adapter_tensor *t = lsv_adapter_tensor_at(a, i);
    lsv_array *x = NULL, *y = NULL;
    ptrdiff_t at = 0, n = lsv_adapter_tensors(back);
    while (at < n && strcmp(lsv_adapter_tensor_at(back, at)->name, t->name) != 0) at++;
    if (at == n) return is_other(path, t->name, err);
    lsv_status status = lsv_adapter_tensor_get(a, i, LSV_TORCH, &x, err);
    if (status == LSV_OK) status = lsv_adapter_tensor_get(back, at, LSV_TORCH, &y, err);
    if (status == LSV_OK) status = compare(x, y, path, t->name, err);
    if (status == LSV_OK) *bytes += (int64_t)y->size * (int64_t)lsv_dtype_size((lsv_dtype)y->dtype);
    lsv_release(x);
    lsv_release(y);
    return status;
}

/* The adapter's own names, for turning kohya's back. */
static lsv_status own_names(const lsv_adapter *a, lsv_base_names *names, lsv_error *err) {
    const char **list = lsv_malloc(((size_t)lsv_adapter_count(a) + 1) * sizeof *list);
    if (!list) return lsv_no_memory(err, (size_t)lsv_adapter_count(a) * sizeof *list);
    *names = (lsv_base_names){lsv_adapter_count(a), list};
    for (ptrdiff_t i = 0; i < names->n; i++) list[i] = lsv_adapter_at(a, i)->name;
    return LSV_OK;
}

lsv_status lsv_assembly_write(lsv_adapter *a, const char *path, const lsv_adapter_writing *w, const lsv_pipeline_client *client,
                              lsv_report *report, lsv_error *err) {
    lsv_adapter *back = NULL;
    lsv_adapter_reading reading = {0};
    lsv_tell_phase(client, "write", 0, 0);
    LSV_TRY(lsv_remove_all(path, err)); /* of a run that was stopped here */
    LSV_TRY(lsv_adapter_write(a, path, w, err));
    lsv_tell_phase(client, "verify", 0, 0);
    LSV_TRY(own_names(a, &reading.base, err));
    lsv_status status = lsv_adapter_read(path, &reading, &back, err);
    for (ptrdiff_t i = 0; status == LSV_OK && i < lsv_adapter_count(a); i++) {
        status = compare_module(a, i, back, w->prefix, path, &report->bytes_written, err);
        if (status == LSV_OK) status = lsv_poll(err);
    }
    for (ptrdiff_t i = 0; status == LSV_OK && i < lsv_adapter_tensors(a); i++) status = compare_tensor(a, i, back, path, &report->bytes_written, err);
    lsv_adapter_free(back);
    lsv_free((void *)reading.base.names);
    return status;
}
