/* apply: a checkpoint with an adapter's updates added, file by file.

   A shard of the result is the base's shard with other bytes in some places: the header goes over as it is, so that names,
   order, types and metadata are the base's, and every tensor keeps its place. A shard that is written is read again, against
   the base where nothing was to change and against checksums where something was. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "base/alloc.h"
#include "base/interrupt.h"
#include "file/inside.h"
#include "linalg/matrix.h"
#include "lora/adapter/inside.h"
#include "lora/pipeline/inside.h"

typedef struct job {
    const lsv_applying *x;
    const lsv_pipeline_client *client;
    lsv_report *report;
    lsv_checkpoint base;
    lsv_adapter *adapter;
    void *names;
    ptrdiff_t *module, *whole; /* of the adapter, by base's tensor; -1 */
    lsv_partial *partial;
    char *out;                 /* in OUT.partial */
    bool folder;
} job;

/* ---- whose tensor is whose ---- */

static bool has_suffix(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n > m && strcmp(text + n - m, end) == 0 && text[n - m - 1] == '.';
}

/* The base's tensor of that name, or the only one that it is but for leading parts ("transformer.h.0.x" for "h.0.x" or the
   other way round: models save themselves with and without). -1: none, -2: several. */
static ptrdiff_t find_tensor(const lsv_safetensors *s, const char *name) {
    ptrdiff_t at = lsv_safetensors_find(s, name), found = -1;
    if (at >= 0) return at;
    for (const char *p = strchr(name, '.'); p && found < 0; p = strchr(p + 1, '.')) {
        if (strchr(p + 1, '.') == NULL) break; /* "weight" alone says nothing */
        found = lsv_safetensors_find(s, p + 1);
    }
    if (found >= 0) return found;
    for (ptrdiff_t i = 0; i < lsv_safetensors_count(s); i++)
        if (has_suffix(lsv_safetensors_info(s, i)->name, name)) found = found == -1 ? i : -2;
    return found;
}

static lsv_status claim(job *j, ptrdiff_t *places, ptrdiff_t i, const char *what, const char *tensor, lsv_error *err) {
    ptrdiff_t at = find_tensor(j->base.tensors, tensor);
    if (at < 0) {
        lsv_fail(err, LSV_EVALUE, "the adapter's %s '%s' is %s %s", what, lsv_tail(tensor, 160), at == -1 ? "not in" : "more than one tensor in", lsv_tail(j->x->base, 160));
        lsv_hint(err, "is it an adapter of this model?");
        return LSV_EVALUE;
    }
    if (j->module[at] >= 0 || j->whole[at] >= 0) return lsv_fail(err, LSV_EVALUE, "two parts of the adapter are for tensor '%s'", lsv_tail(lsv_safetensors_info(j->base.tensors, at)->name, 200));
    places[at] = i;
    return LSV_OK;
}

static lsv_status match(job *j, lsv_error *err) {
    ptrdiff_t n = lsv_safetensors_count(j->base.tensors);
    j->module = lsv_malloc(((size_t)n + 1) * 2 * sizeof *j->module);
    if (!j->module) return lsv_no_memory(err, (size_t)n * sizeof *j->module);
    j->whole = j->module + n;
    for (ptrdiff_t i = 0; i < n; i++) j->module[i] = j->whole[i] = -1;
    for (ptrdiff_t i = 0; i < lsv_adapter_count(j->adapter); i++) {
        lsv_text t = {0};
        lsv_text_printf(&t, "%s.weight", lsv_adapter_at(j->adapter, i)->name);
        lsv_status status = t.failed ? lsv_no_memory(err, 64) : claim(j, j->module, i, "module", t.data, err);
        lsv_text_free(&t);
        LSV_TRY(status);
    }
    for (ptrdiff_t i = 0; i < lsv_adapter_tensors(j->adapter); i++) LSV_TRY(claim(j, j->whole, i, "tensor", lsv_adapter_tensor_at(j->adapter, i)->name, err));
    return LSV_OK;
}

/* ---- a tensor ---- */

static lsv_status updated(const job *j, ptrdiff_t i, lsv_array *W, lsv_layer *l, lsv_array **out, lsv_error *err) {
    const lsv_adapter_module *m = lsv_adapter_at(j->adapter, j->module[i]);
    lsv_array *x;
    lsv_delta d;
    const char *const names[2] = {lsv_safetensors_info(j->base.tensors, i)->name, lsv_safetensors_info(j->base.tensors, i)->name};
    l->rank = m->rank, l->alpha = m->alpha, l->scale = m->scale;
    LSV_TRY(lsv_adapter_apply(j->adapter, j->module[i], j->x->weight, j->x->exact ? LSV_FLOAT64 : LSV_FLOAT32, W, &x, err));
    lsv_status status = lsv_contiguous(x, out, err);
    lsv_release(x);
    LSV_TRY(status);
    ptrdiff_t rows = W->ndim > 1 ? W->shape[0] : 1;
    if (W->size > 0) status = lsv_delta_new(W, *out, rows, W->size / rows, names, &d, err);
    if (status == LSV_OK && W->size > 0) {
        l->norm = d.norm, l->relative = d.base > 0 ? d.norm / d.base : (double)NAN;
        lsv_delta_free(&d);
    }
    if (status != LSV_OK) {
        if (err) lsv_hint(err, "the sum of base and adapter, or one of them, is not finite there");
        lsv_release(*out);
    }
    return status;
}

static lsv_status replaced(const job *j, ptrdiff_t i, lsv_dtype dtype, lsv_layer *l, lsv_array **out, lsv_error *err) {
    const lsv_tensor_info *info = lsv_safetensors_info(j->base.tensors, i);
    const lsv_adapter_tensor *t = lsv_adapter_tensor_at(j->adapter, j->whole[i]);
    bool same = info->ndim == t->ndim;
    lsv_array *x, *y;
    for (int k = 0; same && k < t->ndim; k++) same = info->shape[k] == t->shape[k];
    if (!same) {
        char a[96], b[96];
        return lsv_fail(err, LSV_EVALUE, "'%s': the adapter has a whole tensor of shape %s for the base's of %s", lsv_tail(info->name, 160),
                        lsv_shape_text_n(t->ndim, t->shape, a, sizeof a), lsv_shape_text_n(info->ndim, info->shape, b, sizeof b));
    }
    l->state = LSV_LAYER_KEPT;
    LSV_TRY(lsv_adapter_tensor_get(j->adapter, j->whole[i], LSV_TORCH, &x, err));
    lsv_status status = lsv_contiguous(x, &y, err);
    lsv_release(x);
    return status == LSV_OK ? lsv_narrow(y, dtype, info->name, out, err) : status;
}

/* The tensor's new value, in the base's type; *out NULL: as it was. */
static lsv_status new_value(const job *j, ptrdiff_t i, lsv_layer *l, lsv_array **out, lsv_error *err) {
    const lsv_tensor_info *info = lsv_safetensors_info(j->base.tensors, i);
    bool floating;
    lsv_dtype dtype = lsv_checkpoint_dtype(&j->base, i, &floating);
    lsv_array *W;
    *out = NULL;
    l->state = LSV_LAYER_COPIED;
    if (j->module[i] < 0 && j->whole[i] < 0) return LSV_OK;
    if (!floating) {
        lsv_fail(err, LSV_ENOTIMPL, "'%s': nothing can be added to elements of type %s", lsv_tail(info->name, 200), info->type);
        lsv_hint(err, "a quantised model: apply the adapter to the one that it was made from");
        return LSV_ENOTIMPL;
    }
    if (j->whole[i] >= 0) return replaced(j, i, dtype, l, out, err);
    LSV_TRY(lsv_safetensors_get(j->base.tensors, i, LSV_TORCH, &W, err));
    l->state = LSV_LAYER_DONE;
    lsv_status status = updated(j, i, W, l, out, err);
    lsv_release(W);
    return status;
}

static lsv_status put_all(lsv_writer *w, const char *bytes, size_t n, lsv_error *err) {
    enum { PIECE = 1 << 22 };
    for (size_t at = 0; at < n; at += PIECE) {
        LSV_TRY(lsv_writer_put(w, bytes + at, n - at < PIECE ? n - at : PIECE, err));
        LSV_TRY(lsv_poll(err));
    }
    return LSV_OK;
}

/* ---- a shard ---- */

static int tensor_key(const job *j, ptrdiff_t i) { return j->base.tensors->nfiles + (int)i; }

/* Writes tensor i; its record holds the checksum of its new bytes. */
static lsv_status one_tensor(job *j, ptrdiff_t i, lsv_writer *w, lsv_layer *l, lsv_error *err) {
    size_t n;
    const char *bytes = lsv_checkpoint_bytes(&j->base, i, &n);
    lsv_array *x;
    double start = lsv_seconds();
    LSV_TRY(new_value(j, i, l, &x, err));
    if (!x) return put_all(w, bytes, n, err);
    lsv_array *sum = NULL;
    int64_t value = (int64_t)lsv_checksum(0, x->data, n);
    l->seconds = lsv_seconds() - start;
    lsv_status status = put_all(w, x->data, n, err);
    if (status == LSV_OK) status = lsv_from_scalar(LSV_NUMPY, lsv_scalar_int(value), &sum, err);
    if (status == LSV_OK) status = lsv_partial_put(j->partial, tensor_key(j, i), l, 1, &sum, err);
    lsv_release(sum);
    lsv_release(x);
    return status;
}

static ptrdiff_t first_of(const job *j, int shard) {
    ptrdiff_t i = 0, n = lsv_safetensors_count(j->base.tensors);
    while (i < n && lsv_safetensors_info(j->base.tensors, i)->shard != shard) i++;
    return i;
}

static bool in_shard(const job *j, ptrdiff_t i, int shard) {
    return i < lsv_safetensors_count(j->base.tensors) && lsv_safetensors_info(j->base.tensors, i)->shard == shard;
}

static lsv_status report_tensor(job *j, ptrdiff_t i, lsv_layer *l, lsv_error *err) {
    const lsv_tensor_info *info = lsv_safetensors_info(j->base.tensors, i);
    l->name = (char *)(uintptr_t)info->name;
    lsv_layer_of_tensor(info, l);
    j->report->bytes_written += (int64_t)info->bytes;
    return lsv_report_add(j->report, j->client, l, (int64_t)info->bytes, err);
}

static lsv_status write_shard(job *j, int shard, const char *path, lsv_error *err) {
    lsv_writer *w;
    const lsv_storage *file = j->base.tensors->files[shard];
    uint64_t header;
    memcpy(&header, file->data, sizeof header);
    LSV_TRY(lsv_writer_open(path, &w, err));
    lsv_status status = put_all(w, file->data, 8 + (size_t)header, err);
    for (ptrdiff_t i = first_of(j, shard); status == LSV_OK && in_shard(j, i, shard); i++) {
        lsv_layer l = LSV_LAYER;
        lsv_tell_begin(j->client, lsv_safetensors_info(j->base.tensors, i)->name);
        if (in_shard(j, i + 1, shard)) lsv_checkpoint_ahead(&j->base, i + 1);
        status = one_tensor(j, i, w, &l, err);
        if (status == LSV_OK) status = report_tensor(j, i, &l, err);
        lsv_checkpoint_behind(&j->base, i);
    }
    if (status == LSV_OK) return lsv_writer_commit(w, err);
    lsv_writer_abandon(w);
    return status;
}

/* Does the file hold what it should? *right false: no (of an earlier run: it is made anew). */
static lsv_status check_shard(const job *j, int shard, const char *path, bool *right, lsv_error *err) {
    lsv_storage *bytes;
    const lsv_storage *file = j->base.tensors->files[shard];
    lsv_status status = lsv_bytes_open(path, &bytes, err);
    uint64_t header;
    memcpy(&header, file->data, sizeof header);
    *right = false;
    if (status != LSV_OK) return status;
    *right = bytes->bytes == file->bytes && memcmp(bytes->data, file->data, 8 + (size_t)header) == 0;
    for (ptrdiff_t i = first_of(j, shard); status == LSV_OK && *right && in_shard(j, i, shard); i++) {
        const lsv_tensor_info *info = lsv_safetensors_info(j->base.tensors, i);
        const char *now = (const char *)bytes->data + info->begin, *then = (const char *)file->data + info->begin;
        lsv_array *sum;
        lsv_layer l;
        if (j->module[i] < 0 && j->whole[i] < 0) *right = memcmp(now, then, info->bytes) == 0;
        else if (!lsv_partial_get(j->partial, tensor_key(j, i), &l)) *right = false;
        else {
            status = lsv_partial_array(j->partial, tensor_key(j, i), 0, &sum, err);
            if (status != LSV_OK) break;
            *right = lsv_load(LSV_INT64, sum->data).i == (int64_t)lsv_checksum(0, now, info->bytes);
            lsv_release(sum);
        }
        lsv_checkpoint_behind(&j->base, i);
        if (status == LSV_OK) status = lsv_poll(err);
    }
    lsv_bytes_release(bytes);
    return status;
}

static lsv_status report_shard(job *j, int shard, lsv_error *err) {
    for (ptrdiff_t i = first_of(j, shard); in_shard(j, i, shard); i++) {
        lsv_layer l = LSV_LAYER;
        if (!lsv_partial_get(j->partial, tensor_key(j, i), &l)) l.state = LSV_LAYER_COPIED, l.resumed = true;
        LSV_TRY(report_tensor(j, i, &l, err));
    }
    return LSV_OK;
}

static lsv_status one_shard(job *j, int shard, lsv_error *err) {
    struct stat st;
    bool right = false;
    lsv_layer l = LSV_LAYER;
    char *path = j->folder ? lsv_path_join(j->out, j->base.files[shard]) : lsv_strdup(j->out);
    if (!path) return lsv_no_memory(err, 64);
    lsv_status status = LSV_OK;
    if (lsv_partial_get(j->partial, shard, &l) && stat(path, &st) == 0) status = check_shard(j, shard, path, &right, err);
    if (status == LSV_OK && right) status = report_shard(j, shard, err);
    else if (status == LSV_OK) {
        status = write_shard(j, shard, path, err);
        if (status == LSV_OK) status = check_shard(j, shard, path, &right, err);
        if (status == LSV_OK && !right) {
            status = lsv_fail(err, LSV_EOS, "%s reads back as something else than was written", lsv_tail(path, 300));
            lsv_hint(err, "the disk or its file system is at fault");
        }
        if (status == LSV_OK) status = lsv_partial_put(j->partial, shard, &l, 0, NULL, err);
    }
    lsv_free(path);
    return status;
}

/* ---- the other files of a folder ---- */

static bool is_weights(const char *name) {
    static const char *const ends[] = {".safetensors", ".bin", ".pt", ".pth", ".h5", ".msgpack", ".gguf", ".onnx", ".bin.index.json", ".ckpt"};
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (n >= strlen(ends[i]) && strcmp(name + n - strlen(ends[i]), ends[i]) == 0) return true;
    return false;
}

static lsv_status copy_file(const char *from, const char *to, lsv_error *err) {
    lsv_storage *bytes;
    lsv_writer *w;
    LSV_TRY(lsv_bytes_open(from, &bytes, err));
    lsv_status status = lsv_writer_open(to, &w, err);
    if (status == LSV_OK) {
        status = put_all(w, bytes->data, bytes->bytes, err);
        if (status == LSV_OK) status = lsv_writer_commit(w, err);
        else lsv_writer_abandon(w);
    }
    lsv_bytes_release(bytes);
    return status;
}

static lsv_status copy_one(const job *j, const char *name, lsv_error *err) {
    struct stat st;
    char *from = lsv_path_join(j->base.folder, name), *to = lsv_path_join(j->out, name);
    lsv_status status = from && to ? LSV_OK : lsv_no_memory(err, 64);
    if (status == LSV_OK && stat(from, &st) == 0) {
        if (S_ISREG(st.st_mode) && (!is_weights(name) || (j->base.index && strcmp(name, j->base.index) == 0))) status = copy_file(from, to, err);
        else if (S_ISDIR(st.st_mode)) lsv_tell(j->client, "the folder %s is not copied", lsv_tail(from, 300));
    }
    lsv_free(from);
    lsv_free(to);
    return status;
}

static lsv_status copy_others(const job *j, lsv_error *err) {
    if (!j->folder) return LSV_OK;
    if (!j->base.whole_folder) return j->base.index ? copy_one(j, j->base.index, err) : LSV_OK;
    DIR *dir = opendir(j->base.folder);
    if (!dir) return lsv_os_error(j->base.folder, err);
    lsv_status status = LSV_OK;
    for (struct dirent *e; status == LSV_OK && (e = readdir(dir));)
        if (e->d_name[0] != '.') status = copy_one(j, e->d_name, err);
    closedir(dir);
    return status;
}

/* ---- all of it ---- */

static lsv_status describe(const job *j, lsv_text *t, lsv_error *err) {
    lsv_text_printf(t, "lsv lora apply, format 1\nweight %a exact %d\n", j->x->weight, j->x->exact);
    LSV_TRY(lsv_checkpoint_identity(&j->base, "base", t, err));
    LSV_TRY(lsv_adapter_identity(j->adapter, "adapter", t, err));
    return t->failed ? lsv_no_memory(err, t->length) : LSV_OK;
}

/* What a writer that was killed has left. */
static lsv_status remove_leftovers(const char *folder, lsv_error *err) {
    DIR *dir = opendir(folder);
    if (!dir) return lsv_os_error(folder, err);
    lsv_status status = LSV_OK;
    for (struct dirent *e; status == LSV_OK && (e = readdir(dir));) {
        if (e->d_name[0] != '.' || strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        char *path = lsv_path_join(folder, e->d_name);
        status = path ? lsv_remove_all(path, err) : lsv_no_memory(err, 64);
        lsv_free(path);
    }
    closedir(dir);
    return status;
}

static lsv_status run(job *j, lsv_error *err) {
    int64_t bytes = 0;
    ptrdiff_t n = lsv_safetensors_count(j->base.tensors);
    for (ptrdiff_t i = 0; i < n; i++) bytes += (int64_t)lsv_safetensors_info(j->base.tensors, i)->bytes;
    j->out = lsv_partial_path(j->partial, "out");
    if (!j->out) return lsv_no_memory(err, 64);
    j->folder = j->base.whole_folder || j->base.index;
    if (j->folder && mkdir(j->out, 0777) != 0 && errno != EEXIST) return lsv_os_error(j->out, err);
    if (j->folder) LSV_TRY(remove_leftovers(j->out, err));
    lsv_tell_phase(j->client, "apply", n, bytes);
    for (int i = 0; i < j->base.tensors->nfiles; i++) LSV_TRY(one_shard(j, i, err));
    LSV_TRY(copy_others(j, err));
    return lsv_partial_finish(j->partial, "out", err);
}

static void close_job(job *j) {
    lsv_partial_close(j->partial);
    lsv_checkpoint_close(&j->base);
    lsv_adapter_free(j->adapter);
    lsv_free(j->names);
    lsv_free(j->module);
    lsv_free(j->out);
}

static lsv_status open_job(job *j, lsv_error *err) {
    if (!isfinite(j->x->weight)) return lsv_fail(err, LSV_EVALUE, "the weight must be finite");
    LSV_TRY(lsv_checkpoint_open(j->x->base, &j->base, err));
    LSV_TRY(lsv_adapter_open(j->x->adapter, j->x->base, false, &j->adapter, NULL, &j->names, err));
    for (ptrdiff_t i = 0; lsv_adapter_note(j->adapter, i); i++) lsv_tell(j->client, "%s", lsv_adapter_note(j->adapter, i));
    return match(j, err);
}

lsv_status lsv_lora_apply(const lsv_applying *x, const lsv_pipeline_client *client, lsv_report *report, lsv_error *err) {
    job j = {.x = x, .client = client, .report = report};
    lsv_text t = {0};
    double start = lsv_seconds();
    *report = (lsv_report){0};
    lsv_status status = open_job(&j, err);
    if (status == LSV_OK) status = describe(&j, &t, err);
    if (status == LSV_OK) status = lsv_partial_open(&x->out, &t, &j.partial, &report->finished, err);
    lsv_text_free(&t);
    if (status == LSV_OK && !report->finished) status = run(&j, err);
    close_job(&j);
    report->seconds = lsv_seconds() - start;
    lsv_report_total(report);
    if (status != LSV_OK) lsv_report_free(report);
    if (status == LSV_EOS && err && strstr(err->message, "[Errno 28]")) lsv_hint(err, "the files that are finished are kept: make room and run it again, and it goes on");
    return lsv_error_clean(status, err);
}

lsv_status lsv_lora_apply_estimate(const lsv_applying *x, lsv_estimate *out, lsv_error *err) {
    job j = {.x = x};
    lsv_estimate e = {0};
    lsv_status status = open_job(&j, err);
    for (ptrdiff_t i = 0; status == LSV_OK && i < lsv_safetensors_count(j.base.tensors); i++) {
        const lsv_tensor_info *info = lsv_safetensors_info(j.base.tensors, i);
        e.bytes += (int64_t)info->bytes, e.factor_bytes += (int64_t)info->bytes;
        if (j.module[i] < 0) {
            e.others++;
            continue;
        }
        const lsv_adapter_module *m = lsv_adapter_at(j.adapter, j.module[i]);
        double size = (double)m->out * (double)m->in;
        e.layers++;
        e.parameters += (int64_t)size;
        e.flops += 2 * size * (double)m->rank;
        if ((int64_t)(size * (x->exact ? 20 : 12)) > e.memory) {
            e.memory = (int64_t)(size * (x->exact ? 20 : 12));
            snprintf(e.largest, sizeof e.largest, "%s", lsv_tail(m->name, sizeof e.largest - 1));
        }
    }
    close_job(&j);
    LSV_TRY(status);
    LSV_TRY(lsv_measure_rates(LSV_FLOAT32, &e, err));
    e.seconds = e.flops / e.rate + 3 * (double)e.bytes / e.read_rate;
    *out = e;
    return LSV_OK;
}
