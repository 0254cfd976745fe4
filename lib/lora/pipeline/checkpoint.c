/* Checkpoints as a job's sources: found, opened, read ahead and let go of, and recognised again.

   Files are mapped and read once, in the order of the data. The kernel is told what is needed next while a layer is
   computed with, and the pages of a layer that is done are unmapped, so that what the process holds of the files is two
   layers; they stay in the page cache for as long as the kernel likes. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "file/inside.h"
#include "lora/pipeline/inside.h"

/* ---- names ---- */

char *lsv_path_join(const char *folder, const char *name) {
    size_t n = strlen(folder), room = n + strlen(name) + 2;
    char *path = lsv_malloc(room);
    if (path) snprintf(path, room, "%s%s%s", folder, n && folder[n - 1] != '/' ? "/" : "", name);
    return path;
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static bool is_file(const char *folder, const char *name) {
    struct stat st;
    char *path = lsv_path_join(folder, name);
    bool is = path && stat(path, &st) == 0 && S_ISREG(st.st_mode);
    lsv_free(path);
    return is;
}

/* The one file of a folder that ends so; NULL: none, or several (*several). For lsv_free. */
static char *only_one(const char *folder, const char *end, bool *several) {
    DIR *dir = opendir(folder);
    char *found = NULL;
    if (!dir) return NULL;
    for (struct dirent *e; (e = readdir(dir));) {
        if (e->d_name[0] == '.' || !ends_with(e->d_name, end)) continue;
        if (found) *several = true;
        else found = lsv_strdup(e->d_name);
    }
    closedir(dir);
    if (*several) lsv_free(found), found = NULL;
    return found;
}

/* Which file of a folder is the checkpoint: by its usual names, else the only index, else the only .safetensors. */
static lsv_status find_in_folder(const char *folder, char **name, lsv_error *err) {
    static const char *const usual[] = {"model.safetensors.index.json", "model.safetensors", "diffusion_pytorch_model.safetensors.index.json",
                                        "diffusion_pytorch_model.safetensors"};
    static const char *const pickles[] = {"pytorch_model.bin", "pytorch_model.bin.index.json", "consolidated.00.pth", "model.pt"};
    bool several = false;
    *name = NULL;
    for (size_t i = 0; i < sizeof usual / sizeof *usual && !*name; i++)
        if (is_file(folder, usual[i]) && !(*name = lsv_strdup(usual[i]))) return lsv_no_memory(err, 64);
    if (!*name) *name = only_one(folder, ".safetensors.index.json", &several);
    if (!*name && !several) *name = only_one(folder, ".safetensors", &several);
    if (*name) return LSV_OK;
    for (size_t i = 0; i < sizeof pickles / sizeof *pickles; i++)
        if (is_file(folder, pickles[i])) {
            lsv_fail(err, LSV_EVALUE, "%s: its weights are a pickle, %s, which only PyTorch can read", lsv_tail(folder, 200), pickles[i]);
            lsv_hint(err, "in Python: model.save_pretrained(folder, safe_serialization=True)");
            return LSV_EVALUE;
        }
    if (several) lsv_fail(err, LSV_EVALUE, "%s: several .safetensors files and no index", lsv_tail(folder, 200));
    else lsv_fail(err, LSV_EVALUE, "%s: no .safetensors file and no index of shards in this folder", lsv_tail(folder, 200));
    lsv_hint(err, several ? "name the file, or the ….safetensors.index.json" : "a checkpoint is model.safetensors, or shards with model.safetensors.index.json");
    return LSV_EVALUE;
}

/* ---- opening ---- */

/* The shards' names, in the order in which lsv_safetensors_open took them. */
static lsv_status shard_names(const char *path, lsv_checkpoint *c, lsv_error *err) {
    lsv_storage *bytes;
    lsv_shard_map map = {0};
    LSV_TRY(lsv_bytes_open(path, &bytes, err));
    lsv_status status = lsv_shard_map_parse(path, bytes->data, bytes->bytes, &map, err);
    lsv_bytes_release(bytes);
    LSV_TRY(status);
    int n = 0;
    for (ptrdiff_t i = 0; status == LSV_OK && i < map.n; i++) {
        int k = 0;
        while (k < n && strcmp(c->files[k], map.pairs[i].file) != 0) k++;
        if (k < n) continue;
        if (n == c->tensors->nfiles) status = lsv_fail(err, LSV_EVALUE, "%s: it changed while it was read", lsv_tail(path, 300));
        else if (!(c->files[n++] = lsv_strdup(map.pairs[i].file))) status = lsv_no_memory(err, 64);
    }
    lsv_shard_map_free(&map);
    return status;
}

lsv_status lsv_checkpoint_open(const char *path, lsv_checkpoint *out, lsv_error *err) {
    struct stat st;
    lsv_checkpoint c = {0};
    char *name = NULL, *full = NULL;
    if (stat(path, &st) != 0) return lsv_os_error(path, err);
    c.whole_folder = S_ISDIR(st.st_mode);
    lsv_status status = LSV_OK;
    if (c.whole_folder) {
        status = find_in_folder(path, &name, err);
        c.folder = lsv_path_join(path, "");
    } else {
        const char *slash = strrchr(path, '/');
        name = lsv_strdup(slash ? slash + 1 : path);
        c.folder = lsv_strdup(path);
        if (c.folder) c.folder[slash ? slash + 1 - path : 0] = '\0';
    }
    if (status == LSV_OK && (!name || !c.folder || !(full = lsv_path_join(c.folder, name)))) status = lsv_no_memory(err, strlen(path));
    if (status == LSV_OK) status = lsv_safetensors_open(full, &c.tensors, err);
    if (status == LSV_OK) {
        c.files = lsv_calloc((size_t)c.tensors->nfiles + 1, sizeof *c.files);
        if (!c.files) status = lsv_no_memory(err, 64);
        else if (ends_with(name, ".index.json")) {
            c.index = name, name = NULL;
            status = shard_names(full, &c, err);
        } else c.files[0] = name, name = NULL;
    }
    lsv_free(name);
    lsv_free(full);
    if (status == LSV_OK) *out = c;
    else lsv_checkpoint_close(&c);
    return status;
}

void lsv_checkpoint_close(lsv_checkpoint *c) {
    for (int i = 0; c->files && i < c->tensors->nfiles; i++) lsv_free(c->files[i]);
    lsv_safetensors_close(c->tensors);
    lsv_free(c->files);
    lsv_free(c->folder);
    lsv_free(c->index);
    *c = (lsv_checkpoint){0};
}

/* ---- tensors ---- */

char *lsv_checkpoint_place(const lsv_checkpoint *c, ptrdiff_t tensor) {
    const lsv_tensor_info *t = lsv_safetensors_info(c->tensors, tensor);
    lsv_text text = {0};
    lsv_text_printf(&text, "%s%s: tensor '%s'", c->folder, c->files[t->shard], t->name);
    return text.data;
}

const char *lsv_checkpoint_bytes(const lsv_checkpoint *c, ptrdiff_t tensor, size_t *n) {
    const lsv_tensor_info *t = lsv_safetensors_info(c->tensors, tensor);
    *n = t->bytes;
    return (const char *)c->tensors->files[t->shard]->data + t->begin;
}

/* The pages that a tensor has, whole ones only when they are to be dropped (its neighbours share the others). */
static void advise(const lsv_checkpoint *c, ptrdiff_t tensor, bool needed) {
    size_t n, page = (size_t)sysconf(_SC_PAGESIZE);
    uintptr_t at = (uintptr_t)lsv_checkpoint_bytes(c, tensor, &n), end = at + n;
    if (c->tensors->files[lsv_safetensors_info(c->tensors, tensor)->shard]->bytes < 2 * page) return; /* may be no mapping */
    at = needed ? at / page * page : (at + page - 1) / page * page;
    end = needed ? end : end / page * page;
    if (end > at) (void)madvise((void *)at, end - at, needed ? MADV_WILLNEED : MADV_DONTNEED);
}

void lsv_checkpoint_ahead(const lsv_checkpoint *c, ptrdiff_t tensor) { advise(c, tensor, true); }
void lsv_checkpoint_behind(const lsv_checkpoint *c, ptrdiff_t tensor) { advise(c, tensor, false); }

lsv_dtype lsv_checkpoint_dtype(const lsv_checkpoint *c, ptrdiff_t tensor, bool *floating) {
    const lsv_tensor_info *t = lsv_safetensors_info(c->tensors, tensor);
    const lsv_element *e = lsv_element_named(t->type, strlen(t->type));
    *floating = e && e->readable && !e->widen && lsv_dtype_is_float(e->dtype);
    return e ? e->dtype : LSV_FLOAT32;
}

/* ---- recognised again ---- */

/* Eight bytes at a time; guards against accidents, not against intent. */
uint64_t lsv_checksum(uint64_t h, const void *bytes, size_t n) {
    const unsigned char *p = bytes;
    h ^= 0x9e3779b97f4a7c15u + n;
    for (; n; p += n < 8 ? n : 8, n -= n < 8 ? n : 8) {
        uint64_t w = 0;
        memcpy(&w, p, n < 8 ? n : 8);
        h = (h ^ w) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    return h;
}

static void identity_line(lsv_text *t, const char *role, const char *name, const struct stat *st, uint64_t sum) {
    lsv_text_printf(t, "%s %s: %lld bytes, changed at %lld.%09ld, header %016llx\n", role, name, (long long)st->st_size,
                    (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec, (unsigned long long)sum);
}

lsv_status lsv_file_identity(const char *path, const char *role, lsv_text *t, lsv_error *err) {
    enum { HEAD = 1 << 16 };
    struct stat st;
    FILE *f = fopen(path, "rbe");
    char *head = lsv_malloc(HEAD);
    lsv_status status = head ? LSV_OK : lsv_no_memory(err, HEAD);
    if (status == LSV_OK && (!f || fstat(fileno(f), &st) != 0)) status = lsv_os_error(path, err);
    if (status == LSV_OK) {
        size_t n = fread(head, 1, HEAD, f);
        if (ferror(f)) status = lsv_os_error(path, err);
        else identity_line(t, role, path, &st, lsv_checksum(0, head, n));
    }
    if (f) fclose(f);
    lsv_free(head);
    return status;
}

lsv_status lsv_checkpoint_identity(const lsv_checkpoint *c, const char *role, lsv_text *t, lsv_error *err) {
    for (int i = 0; i < c->tensors->nfiles; i++) {
        struct stat st;
        char *path = lsv_path_join(c->folder, c->files[i]);
        if (!path) return lsv_no_memory(err, 64);
        lsv_status status = stat(path, &st) == 0 ? LSV_OK : lsv_os_error(path, err);
        const lsv_storage *s = c->tensors->files[i];
        uint64_t length = 0;
        memcpy(&length, s->data, sizeof length);
        if (status == LSV_OK) identity_line(t, role, path, &st, lsv_checksum(0, s->data, 8 + (size_t)length));
        lsv_free(path);
        LSV_TRY(status);
    }
    return t->failed ? lsv_no_memory(err, t->length) : LSV_OK;
}
