/* .safetensors, read: eight bytes with the length of the header, the header (JSON: for each tensor
   its type, shape and place in the data), the data. The rules are strict, so that a file has just
   one meaning: no key twice, the tensors fill the data without a gap or an overlap, and the data
   ends where the file does.

   The file is mapped and tensors lie over the mapping. Old files are not aligned; a tensor that its
   type could not be read from in place is copied. */
#include "file/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { HEADER_MOST = 100000000 };

static lsv_status bad(const char *name, size_t at, const char *reason, lsv_error *err) {
    return lsv_fail(err, LSV_EVALUE, "%s: byte %zu: %s", lsv_tail(name, 200), at, reason);
}

static lsv_status bad_tensor(const char *name, const char *tensor, const char *reason, lsv_error *err) {
    return lsv_fail(err, LSV_EVALUE, "%s: tensor '%s': %s", lsv_tail(name, 160), lsv_tail(tensor, 120),
                    reason);
}

/* ---- the header ---- */

typedef struct header {
    lsv_safetensors *s;
    int shard;
    const char *file;    /* its name              */
    size_t data, length; /* where the data begins, and its bytes */
    bool metadata;       /* __metadata__ was seen */
    ptrdiff_t room, pairs_room;
} header;

typedef struct entry { /* one tensor's object as it is read */
    bool type, shape, place;
    const lsv_element *element;
    int ndim;
    int64_t dims[LSV_MAXDIM], range[2];
    const char *tensor;
} entry;

static lsv_status entry_member(void *ctx, lsv_json *j, const char *key, size_t n, lsv_span v,
                               lsv_error *err) {
    entry *e = ctx;
    bool *seen = strcmp(key, "dtype") == 0          ? &e->type
                 : strcmp(key, "shape") == 0        ? &e->shape
                 : strcmp(key, "data_offsets") == 0 ? &e->place
                                                    : NULL;
    (void)n;
    if (!seen) return lsv_json_check(j, v, err); /* as the format's own reader does: it must be JSON */
    if (*seen) return bad(j->name, (size_t)(v.at - j->text), "a key twice", err);
    *seen = true;
    if (seen == &e->type) {
        if (v.n < 2 || *v.at != '"') return bad(j->name, (size_t)(v.at - j->text), "dtype is no string", err);
        e->element = lsv_element_named(v.at + 1, v.n - 2);
        return e->element ? LSV_OK
                          : lsv_fail(err, LSV_EVALUE, "%s: tensor '%s': the element type %.*s is not known",
                                     lsv_tail(j->name, 160), lsv_tail(e->tensor, 120),
                                     (int)(v.n < 40 ? v.n : 40), v.at);
    }
    if (seen == &e->shape) return lsv_json_sizes(j, v, "shape", LSV_MAXDIM, e->dims, &e->ndim, err);
    int count = 0;
    LSV_TRY(lsv_json_sizes(j, v, "data_offsets", 2, e->range, &count, err));
    return count == 2 ? LSV_OK : bad(j->name, (size_t)(v.at - j->text), "data_offsets are not two", err);
}

static lsv_status metadata_member(void *ctx, lsv_json *j, const char *key, size_t n, lsv_span v,
                                  lsv_error *err) {
    header *h = ctx;
    lsv_safetensors *s = h->s;
    char *value;
    (void)n;
    if (v.n && *v.at != '"')
        return bad(j->name, (size_t)(v.at - j->text), "__metadata__ holds something other than a string",
                   err);
    if (h->shard > 0) return lsv_json_check(j, v, err); /* the first shard's are kept */
    LSV_TRY(lsv_json_string(j, v, &value, err));
    if (s->npairs == h->pairs_room) {
        ptrdiff_t room = h->pairs_room ? h->pairs_room * 2 : 4;
        lsv_pair *more = lsv_realloc(s->pairs, (size_t)room * sizeof *more);
        if (!more) {
            lsv_free(value);
            return lsv_no_memory(err, (size_t)room * sizeof *more);
        }
        s->pairs = more;
        h->pairs_room = room;
    }
    char *copy = lsv_strdup(key);
    if (!copy) {
        lsv_free(value);
        return lsv_no_memory(err, v.n);
    }
    s->pairs[s->npairs++] = (lsv_pair){copy, value};
    return LSV_OK;
}

static int by_name(const void *a, const void *b) {
    const lsv_named_place *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static lsv_status check_metadata(const header *h, lsv_error *err) {
    const lsv_safetensors *s = h->s;
    lsv_named_place *keys = lsv_malloc(((size_t)s->npairs + 1) * sizeof *keys);
    if (!keys) return lsv_no_memory(err, ((size_t)s->npairs + 1) * sizeof *keys);
    for (ptrdiff_t i = 0; i < s->npairs; i++) keys[i] = (lsv_named_place){s->pairs[i].key, i};
    if (s->npairs) qsort(keys, (size_t)s->npairs, sizeof *keys, by_name);
    lsv_status status = LSV_OK;
    for (ptrdiff_t i = 1; status == LSV_OK && i < s->npairs; i++)
        if (strcmp(keys[i - 1].name, keys[i].name) == 0)
            status = lsv_fail(err, LSV_EVALUE, "%s: __metadata__: the key '%s' comes twice",
                              lsv_tail(h->file, 160), lsv_tail(keys[i].name, 120));
    lsv_free(keys);
    return status;
}

/* Does the tensor's size follow from its shape, and lie within the data? */
static lsv_status check_entry(const header *h, const entry *e, lsv_tensor_info *t, lsv_error *err) {
    const char *why = !e->type    ? "it has no dtype"
                      : !e->shape ? "it has no shape"
                      : !e->place ? "it has no data_offsets"
                                  : NULL;
    if (why) return bad_tensor(h->file, e->tensor, why, err);
    ptrdiff_t size = 1, bits = 0;
    bool empty = false, fits = true;
    for (int i = 0; i < e->ndim; i++) empty = empty || e->dims[i] == 0;
    for (int i = 0; i < e->ndim && !empty; i++) fits = fits && lsv_mul_size(size, e->dims[i], &size);
    if (empty) size = 0;
    if (!fits || !lsv_mul_size(size, e->element->bits, &bits))
        return bad_tensor(h->file, e->tensor, "its size is beyond 64 bits", err);
    if (bits % 8) return bad_tensor(h->file, e->tensor, "its elements do not fill whole bytes", err);
    if (e->range[0] > e->range[1]) return bad_tensor(h->file, e->tensor, "it ends before it begins", err);
    if (e->range[1] - e->range[0] != bits / 8)
        return lsv_fail(err, LSV_EVALUE,
                        "%s: tensor '%s': its shape needs %td bytes, its data_offsets hold %lld",
                        lsv_tail(h->file, 160), lsv_tail(e->tensor, 120), bits / 8,
                        (long long)(e->range[1] - e->range[0]));
    if ((uint64_t)e->range[1] > h->length)
        return lsv_fail(err, LSV_EVALUE,
                        "%s: tensor '%s': it ends at byte %llu of the data, which has %zu: the file has %zu "
                        "bytes and would need %llu (cut short on the way?)",
                        lsv_tail(h->file, 160), lsv_tail(e->tensor, 100), (unsigned long long)e->range[1],
                        h->length, h->data + h->length, (unsigned long long)e->range[1] + h->data);
    t->type = e->element->name;
    t->ndim = e->ndim;
    for (int i = 0; i < e->ndim; i++) t->shape[i] = (ptrdiff_t)e->dims[i];
    t->begin = h->data + (size_t)e->range[0];
    t->bytes = (size_t)(bits / 8);
    t->shard = h->shard;
    return LSV_OK;
}

static lsv_status tensor_member(void *ctx, lsv_json *j, const char *key, size_t n, lsv_span v,
                                lsv_error *err) {
    header *h = ctx;
    lsv_safetensors *s = h->s;
    if (strcmp(key, "__metadata__") == 0) {
        if (h->metadata) return bad(j->name, (size_t)(v.at - j->text), "__metadata__ twice", err);
        h->metadata = true;
        LSV_TRY(lsv_json_members(j, v, metadata_member, h, err));
        return check_metadata(h, err);
    }
    entry e = {.tensor = key};
    lsv_tensor_info t = {0};
    LSV_TRY(lsv_json_members(j, v, entry_member, &e, err));
    LSV_TRY(check_entry(h, &e, &t, err));
    if (s->n == h->room) {
        ptrdiff_t room = h->room + h->room / 2 + 16;
        lsv_tensor_info *more = lsv_realloc(s->tensors, (size_t)room * sizeof *more);
        if (!more) return lsv_no_memory(err, (size_t)room * sizeof *more);
        s->tensors = more;
        h->room = room;
    }
    char *name = lsv_malloc(n + 1);
    if (!name) return lsv_no_memory(err, n + 1);
    memcpy(name, key, n + 1);
    t.name = name;
    s->tensors[s->n++] = t;
    return LSV_OK;
}

/* ---- order ---- */

static int by_place(const void *a, const void *b) {
    const lsv_tensor_info *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* The tensors of one file, from `first` on, must tile its data. */
static lsv_status check_tiling(const header *h, ptrdiff_t first, lsv_error *err) {
    const lsv_safetensors *s = h->s;
    size_t at = h->data;
    for (ptrdiff_t i = first; i < s->n; i++) {
        const lsv_tensor_info *t = &s->tensors[i];
        if (t->begin != at)
            return bad_tensor(h->file, t->name,
                              t->begin > at ? "there is a gap before it in the data"
                                            : "it overlaps another tensor in the data",
                              err);
        at += t->bytes;
    }
    if (at == h->data + h->length) return LSV_OK;
    return lsv_fail(err, LSV_EVALUE, "%s: byte %zu: %zu bytes after the last tensor, which no tensor owns",
                    lsv_tail(h->file, 200), at, h->data + h->length - at);
}

/* A sorted list of names, for finding them and for finding one that comes twice. */
lsv_status lsv_safetensors_index(lsv_safetensors *s, const char *file, lsv_error *err) {
    lsv_named_place *all = lsv_realloc(s->names, ((size_t)s->n + 1) * sizeof *all);
    if (!all) return lsv_no_memory(err, ((size_t)s->n + 1) * sizeof *all);
    s->names = all;
    for (ptrdiff_t i = 0; i < s->n; i++) all[i] = (lsv_named_place){s->tensors[i].name, i};
    if (s->n) qsort(all, (size_t)s->n, sizeof *all, by_name);
    for (ptrdiff_t i = 1; i < s->n; i++)
        if (strcmp(all[i - 1].name, all[i].name) == 0)
            return bad_tensor(file, all[i].name, "the name comes twice", err);
    return LSV_OK;
}

/* One more file's tensors into s; takes a reference to the bytes. */
lsv_status lsv_safetensors_add(lsv_safetensors *s, const char *name, lsv_storage *bytes, lsv_error *err) {
    const unsigned char *p = bytes->data;
    size_t n = bytes->bytes;
    if (n < 8)
        return bad(name, n, "the file ends before the length of its header does (cut short on the way?)",
                   err);
    uint64_t length;
    memcpy(&length, p, 8);
    if (length > HEADER_MOST)
        return lsv_fail(err, LSV_EVALUE,
                        "%s: byte 0: a header of %llu bytes; at most 100000000 are allowed (is this a "
                        ".safetensors file?)",
                        lsv_tail(name, 200), (unsigned long long)length);
    if (length > n - 8)
        return lsv_fail(err, LSV_EVALUE,
                        "%s: byte %zu: the file ends in its header: it has %zu bytes and would need at least "
                        "%llu (cut short on the way?)",
                        lsv_tail(name, 200), n, n, (unsigned long long)length + 8);
    if (length == 0 || p[8] != '{') return bad(name, 8, "the header does not begin with '{'", err);
    lsv_storage **files = lsv_realloc(s->files, ((size_t)s->nfiles + 1) * sizeof *files);
    if (!files) return lsv_no_memory(err, sizeof *files);
    s->files = files;
    s->files[s->nfiles++] = bytes;
    bytes->refs++;
    header h = {.s = s,
                .shard = s->nfiles - 1,
                .file = name,
                .data = 8 + (size_t)length,
                .length = n - 8 - (size_t)length,
                .room = s->n};
    ptrdiff_t first = s->n;
    size_t text = (size_t)length;
    while (text > 1 && p[8 + text - 1] == ' ') text--; /* padding */
    lsv_json j;
    lsv_status status = lsv_json_begin(&j, name, (const char *)p + 8, text, err);
    if (status != LSV_OK) return status;
    j.text = (const char *)p; /* places count from the file's start */
    status = lsv_json_members(&j, (lsv_span){(const char *)p + 8, text}, tensor_member, &h, err);
    lsv_json_end(&j);
    if (status != LSV_OK) return status;
    if (s->n > first) qsort(s->tensors + first, (size_t)(s->n - first), sizeof *s->tensors, by_place);
    return check_tiling(&h, first, err);
}

/* ---- opening ---- */

lsv_status lsv_safetensors_new(lsv_safetensors **out, lsv_error *err) {
    *out = lsv_calloc(1, sizeof **out);
    return *out ? LSV_OK : lsv_no_memory(err, sizeof **out);
}

void lsv_safetensors_close(lsv_safetensors *s) {
    if (!s) return;
    for (ptrdiff_t i = 0; i < s->n; i++) lsv_free((char *)s->tensors[i].name);
    for (int i = 0; i < s->nfiles; i++) lsv_bytes_release(s->files[i]);
    for (ptrdiff_t i = 0; i < s->npairs; i++) {
        lsv_free(s->pairs[i].key);
        lsv_free(s->pairs[i].value);
    }
    lsv_free(s->tensors);
    lsv_free(s->files);
    lsv_free(s->pairs);
    lsv_free(s->names);
    lsv_free(s);
}

lsv_status lsv_safetensors_parse(const char *name, lsv_storage *bytes, lsv_safetensors **out,
                                 lsv_error *err) {
    lsv_safetensors *s;
    LSV_TRY(lsv_safetensors_new(&s, err));
    lsv_status status = lsv_safetensors_add(s, name, bytes, err);
    if (status == LSV_OK) status = lsv_safetensors_index(s, name, err);
    if (status == LSV_OK) *out = s;
    else lsv_safetensors_close(s);
    return lsv_error_clean(status, err);
}

lsv_status lsv_safetensors_open(const char *path, lsv_safetensors **out, lsv_error *err) {
    static const char index[] = ".index.json";
    size_t n = strlen(path);
    if (n >= sizeof index - 1 && strcmp(path + n - (sizeof index - 1), index) == 0)
        return lsv_shards_open(path, out, err);
    lsv_storage *bytes;
    LSV_TRY(lsv_bytes_open(path, &bytes, err));
    lsv_status status = lsv_safetensors_parse(path, bytes, out, err);
    lsv_bytes_release(bytes);
    return status;
}

/* ---- looking ---- */

ptrdiff_t lsv_safetensors_count(const lsv_safetensors *s) { return s->n; }
const lsv_tensor_info *lsv_safetensors_info(const lsv_safetensors *s, ptrdiff_t i) { return &s->tensors[i]; }

ptrdiff_t lsv_safetensors_find(const lsv_safetensors *s, const char *name) {
    lsv_named_place key = {name, 0};
    const lsv_named_place *found = s->n ? bsearch(&key, s->names, (size_t)s->n, sizeof key, by_name) : NULL;
    return found ? found->i : -1;
}

bool lsv_safetensors_metadata(const lsv_safetensors *s, ptrdiff_t i, const char **key, const char **value) {
    if (i < 0 || i >= s->npairs) return false;
    *key = s->pairs[i].key;
    *value = s->pairs[i].value;
    return true;
}

lsv_status lsv_safetensors_get(const lsv_safetensors *s, ptrdiff_t i, lsv_kind kind, lsv_array **out,
                               lsv_error *err) {
    const lsv_tensor_info *t = &s->tensors[i];
    const lsv_element *e = lsv_element_named(t->type, strlen(t->type));
    if (!e->readable) {
        lsv_fail(err, LSV_ENOTIMPL, "tensor '%s': elements of type %s are not supported",
                 lsv_tail(t->name, 200), t->type);
        lsv_hint(err, "in Python: convert it, tensor.to(torch.float32), and save_file again");
        return LSV_ENOTIMPL;
    }
    lsv_storage *file = s->files[t->shard];
    char *data = (char *)file->data + t->begin;
    ptrdiff_t size = (ptrdiff_t)(t->bytes / (e->bits / 8u));
    lsv_array *a;
    if (lsv_element_fits(e, data, size)) {
        LSV_TRY(lsv_from_storage(kind, e->dtype, t->ndim, t->shape, file, data, &a, err));
        file->refs++;
    } else {
        LSV_TRY(lsv_empty(kind, e->dtype, t->ndim, t->shape, &a, err));
        if (!lsv_element_read(e, data, size, false, lsv_data(a))) {
            lsv_release(a);
            return lsv_fail(err, LSV_EVALUE, "tensor '%s': an integer of type U64 is beyond int64",
                            lsv_tail(t->name, 200));
        }
    }
    *out = a;
    return LSV_OK;
}

lsv_status lsv_safetensors_load(const char *path, lsv_kind kind, lsv_arrays *out, lsv_error *err) {
    lsv_safetensors *s;
    ptrdiff_t before = out->n;
    lsv_error detail = {.status = LSV_OK};
    LSV_TRY(lsv_safetensors_open(path, &s, err));
    lsv_status status = LSV_OK;
    for (ptrdiff_t i = 0; status == LSV_OK && i < s->n; i++) {
        lsv_array *a;
        status = lsv_safetensors_get(s, i, kind, &a, &detail);
        if (status == LSV_OK) status = lsv_arrays_add(out, s->tensors[i].name, a, &detail);
    }
    if (status == LSV_ENOMEM) {
        lsv_fail(err, status, "%s", detail.message);
    } else if (status != LSV_OK) {
        lsv_fail(err, status, "%s: %s", lsv_tail(path, 160), detail.message);
        if (detail.hint[0]) lsv_hint(err, "%s", detail.hint);
    }
    if (status != LSV_OK) lsv_arrays_cut(out, before);
    lsv_safetensors_close(s);
    return lsv_error_clean(status, err);
}
