/* A checkpoint in shards: model.safetensors.index.json says which file holds which tensor. The map
   and the files' own headers must agree on every tensor; what the index says of sizes is not looked
   at, since it is wrong in many files that are otherwise good. */
#include "file/safetensors.h"

#include <string.h>
#include <stdlib.h>

#include "base/alloc.h"

enum { INDEX_MOST = 100000000 };

static lsv_status bad(lsv_json *j, lsv_span v, const char *reason, lsv_error *err) {
    return lsv_fail(err, LSV_EVALUE, "%s: byte %td: %s", lsv_tail(j->name, 200), v.at - j->text, reason);
}

/* ---- the index ---- */

typedef struct reading {
    lsv_shard_map *map;
    bool seen;
} reading;

static lsv_status map_member(void *ctx, lsv_json *j, const char *key, size_t n, lsv_span v, lsv_error *err) {
    lsv_shard_map *m = ((reading *)ctx)->map;
    char *file, *tensor;
    (void)n;
    LSV_TRY(lsv_json_string(j, v, &file, err));
    if (!*file || strchr(file, '/') || strstr(file, "..")) {
        lsv_free(file);
        return bad(j, v, "a shard's name is no plain file name (it may hold neither '/' nor \"..\")", err);
    }
    if (m->n == m->room) {
        ptrdiff_t room = m->room + m->room / 2 + 16;
        struct lsv_shard_pair *more = lsv_realloc(m->pairs, (size_t)room * sizeof *more);
        if (!more) {
            lsv_free(file);
            return lsv_no_memory(err, (size_t)room * sizeof *more);
        }
        m->pairs = more;
        m->room = room;
    }
    if (!(tensor = lsv_strdup(key))) {
        lsv_free(file);
        return lsv_no_memory(err, n);
    }
    m->pairs[m->n++] = (struct lsv_shard_pair){tensor, file};
    return LSV_OK;
}

static lsv_status index_member(void *ctx, lsv_json *j, const char *key, size_t n, lsv_span v,
                               lsv_error *err) {
    reading *r = ctx;
    (void)n;
    if (strcmp(key, "weight_map") != 0) return lsv_json_check(j, v, err); /* not used, but JSON it must be */
    if (r->seen) return bad(j, v, "weight_map twice", err);
    r->seen = true;
    return lsv_json_members(j, v, map_member, r, err);
}

static int by_tensor(const void *a, const void *b) {
    const struct lsv_shard_pair *x = *(struct lsv_shard_pair *const *)a,
                                *y = *(struct lsv_shard_pair *const *)b;
    return strcmp(x->tensor, y->tensor);
}

/* Pointers to the pairs, sorted by tensor; a tensor twice is an error. */
static lsv_status sorted_pairs(const char *name, const lsv_shard_map *m, struct lsv_shard_pair ***out,
                               lsv_error *err) {
    struct lsv_shard_pair **all = lsv_malloc(((size_t)m->n + 1) * sizeof *all);
    if (!all) return lsv_no_memory(err, ((size_t)m->n + 1) * sizeof *all);
    for (ptrdiff_t i = 0; i < m->n; i++) all[i] = &m->pairs[i];
    if (m->n) qsort(all, (size_t)m->n, sizeof *all, by_tensor);
    for (ptrdiff_t i = 1; i < m->n; i++)
        if (strcmp(all[i - 1]->tensor, all[i]->tensor) == 0) {
            lsv_fail(err, LSV_EVALUE, "%s: weight_map: tensor '%s' comes twice", lsv_tail(name, 200),
                     lsv_tail(all[i]->tensor, 120));
            lsv_free(all);
            return LSV_EVALUE;
        }
    *out = all;
    return LSV_OK;
}

void lsv_shard_map_free(lsv_shard_map *m) {
    for (ptrdiff_t i = 0; i < m->n; i++) {
        lsv_free(m->pairs[i].tensor);
        lsv_free(m->pairs[i].file);
    }
    lsv_free(m->pairs);
    *m = (lsv_shard_map){0};
}

lsv_status lsv_shard_map_parse(const char *name, const void *bytes, size_t n, lsv_shard_map *out,
                               lsv_error *err) {
    const char *text = bytes;
    size_t start = 0;
    if (n > INDEX_MOST)
        return lsv_fail(err, LSV_EVALUE, "%s: byte 0: an index of %zu bytes; at most 100000000 are allowed",
                        lsv_tail(name, 200), n);
    while (start < n && strchr(" \t\r\n", text[start]) && text[start]) start++;
    lsv_json j;
    lsv_shard_map map = {0};
    reading r = {&map, false};
    struct lsv_shard_pair **sorted = NULL;
    LSV_TRY(lsv_json_begin(&j, name, text, n, err));
    lsv_status status = lsv_json_members(&j, (lsv_span){text + start, n - start}, index_member, &r, err);
    lsv_json_end(&j);
    if (status == LSV_OK && !r.seen)
        status = lsv_fail(err, LSV_EVALUE, "%s: byte 0: an index without weight_map", lsv_tail(name, 200));
    if (status == LSV_OK) status = sorted_pairs(name, &map, &sorted, err);
    lsv_free(sorted);
    if (status != LSV_OK) lsv_shard_map_free(&map);
    else *out = map;
    return lsv_error_clean(status, err);
}

/* ---- the files ---- */

static lsv_status open_shard(lsv_safetensors *s, const char *index, const char *file, lsv_error *err) {
    const char *slash = strrchr(index, '/');
    size_t folder = slash ? (size_t)(slash - index) + 1 : 0, n = strlen(file);
    char *path = lsv_malloc(folder + n + 1);
    if (!path) return lsv_no_memory(err, folder + n + 1);
    memcpy(path, index, folder);
    memcpy(path + folder, file, n + 1);
    lsv_storage *bytes = NULL;
    lsv_status status = lsv_bytes_open(path, &bytes, err);
    if (status == LSV_EOS) lsv_hint(err, "the shard is named by %s", lsv_tail(index, 120));
    if (status == LSV_OK) status = lsv_safetensors_add(s, path, bytes, err);
    lsv_bytes_release(bytes);
    lsv_free(path);
    return status;
}

/* Each pair's tensor is in its file, and the files hold no others. files[i] names shard i. */
static lsv_status agree(const char *index, const lsv_safetensors *s, const lsv_shard_map *m,
                        const char *const *files, lsv_error *err) {
    for (ptrdiff_t i = 0; i < m->n; i++) {
        ptrdiff_t at = lsv_safetensors_find(s, m->pairs[i].tensor);
        if (at < 0 || strcmp(files[s->tensors[at].shard], m->pairs[i].file) != 0)
            return lsv_fail(err, LSV_EVALUE, "%s: tensor '%s': not in '%s', where the index says it is",
                            lsv_tail(index, 160), lsv_tail(m->pairs[i].tensor, 120),
                            lsv_tail(m->pairs[i].file, 80));
    }
    if (s->n == m->n) return LSV_OK;
    struct lsv_shard_pair **sorted, key, *wanted = &key;
    LSV_TRY(sorted_pairs(index, m, &sorted, err));
    lsv_status status = LSV_OK;
    for (ptrdiff_t i = 0; status == LSV_OK && i < s->n; i++) {
        key.tensor = (char *)s->tensors[i].name;
        if (!m->n || !bsearch(&wanted, sorted, (size_t)m->n, sizeof *sorted, by_tensor))
            status = lsv_fail(err, LSV_EVALUE, "%s: tensor '%s': in '%s', but not in the index",
                              lsv_tail(index, 160), lsv_tail(s->tensors[i].name, 120),
                              lsv_tail(files[s->tensors[i].shard], 80));
    }
    lsv_free(sorted);
    return status;
}

static lsv_status open_all(const char *path, lsv_safetensors *s, const lsv_shard_map *m, lsv_error *err) {
    const char **files = lsv_malloc(((size_t)m->n + 1) * sizeof *files);
    if (!files) return lsv_no_memory(err, ((size_t)m->n + 1) * sizeof *files);
    lsv_status status = LSV_OK;
    const char *last = "";
    for (ptrdiff_t i = 0; status == LSV_OK && i < m->n; i++) {
        const char *file = m->pairs[i].file;
        int known = 0;
        if (strcmp(file, last) == 0) continue; /* most follow one of the same file */
        last = file;
        while (known < s->nfiles && strcmp(files[known], file) != 0) known++;
        if (known < s->nfiles) continue;
        files[s->nfiles] = file;
        status = open_shard(s, path, file, err);
    }
    if (status == LSV_OK) status = lsv_safetensors_index(s, path, err);
    if (status == LSV_OK) status = agree(path, s, m, files, err);
    lsv_free(files);
    return status;
}

lsv_status lsv_shards_open(const char *path, lsv_safetensors **out, lsv_error *err) {
    lsv_storage *bytes;
    lsv_shard_map map = {0};
    lsv_safetensors *s = NULL;
    LSV_TRY(lsv_bytes_open(path, &bytes, err));
    lsv_status status = lsv_shard_map_parse(path, bytes->data, bytes->bytes, &map, err);
    lsv_bytes_release(bytes);
    if (status == LSV_OK) status = lsv_safetensors_new(&s, err);
    if (status == LSV_OK) status = open_all(path, s, &map, err);
    lsv_shard_map_free(&map);
    if (status == LSV_OK) *out = s;
    else lsv_safetensors_close(s);
    return lsv_error_clean(status, err);
}
