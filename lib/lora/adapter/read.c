/* Opening an adapter: which format it is shows in what is there. A folder, or one of the two files of a PEFT folder,
   is PEFT's; any other .safetensors file is kohya's or diffusers'. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "lora/adapter/inside.h"

static const char tensors_name[] = "adapter_model.safetensors", config_name[] = "adapter_config.json", pickle_name[] = "adapter_model.bin";

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static bool is_folder(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_there(const char *folder, const char *file) {
    char path[4096];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/%s", folder, file);
    return n > 0 && n < (int)sizeof path && stat(path, &st) == 0;
}

static lsv_status join(const char *folder, const char *file, char **out, lsv_error *err) {
    size_t n = strlen(folder), m = strlen(file);
    char *path = lsv_malloc(n + m + 2);
    if (!path) return lsv_no_memory(err, n + m + 2);
    memcpy(path, folder, n);
    path[n] = '/';
    memcpy(path + n + 1, file, m + 1);
    *out = path;
    return LSV_OK;
}

/* ---- from open parts ---- */

static lsv_status fill(lsv_adapter *a, const char *config_path, const lsv_storage *config, const char *name, const lsv_adapter_reading *o, lsv_error *err) {
    const char *key, *value;
    bool any = o && o->any;
    for (ptrdiff_t i = 0; lsv_safetensors_metadata(a->file, i, &key, &value); i++) LSV_TRY(lsv_adapter_set_metadata(a, key, value, err));
    if (!config) {
        LSV_TRY(lsv_kohya_modules(a, name, o, err));
    } else {
        lsv_lora_config c;
        LSV_TRY(lsv_lora_config_parse(a, config_path, config->data, config->bytes, any, &c, err));
        lsv_status status = lsv_peft_modules(a, name, &c, any, err);
        lsv_lora_config_free(&c);
        LSV_TRY(status);
    }
    a->same = true;
    return lsv_adapter_sort(a, err);
}

lsv_status lsv_adapter_parse(const char *config_path, const lsv_storage *config, const char *name, lsv_storage *bytes, const lsv_adapter_reading *o, lsv_adapter **out, lsv_error *err) {
    lsv_adapter *a;
    LSV_TRY(lsv_adapter_new(&a, err));
    lsv_status status = lsv_safetensors_parse(name, bytes, &a->file, err);
    if (status == LSV_OK && !(a->path = lsv_strdup(name))) status = lsv_no_memory(err, strlen(name));
    if (status == LSV_OK) status = fill(a, config_path, config, name, o, err);
    if (status == LSV_OK) *out = a;
    else lsv_adapter_free(a);
    return lsv_error_clean(status, err);
}

/* ---- from a path ---- */

static lsv_status pickle(const char *folder, lsv_error *err) {
    lsv_fail(err, LSV_EVALUE, "%s: adapter_model.bin is a Python pickle, which is not read here", lsv_tail(folder, 200));
    lsv_hint(err, "in Python: safetensors.torch.save_file(torch.load(\"adapter_model.bin\", weights_only=True), \"adapter_model.safetensors\")");
    return LSV_EVALUE;
}

static lsv_status read_folder(const char *folder, const lsv_adapter_reading *o, lsv_adapter **out, lsv_error *err) {
    char *tensors_path = NULL, *config_path = NULL;
    lsv_storage *config = NULL, *bytes = NULL;
    if (!is_there(folder, tensors_name) && is_there(folder, pickle_name)) return pickle(folder, err);
    lsv_status status = join(folder, tensors_name, &tensors_path, err);
    if (status == LSV_OK) status = join(folder, config_name, &config_path, err);
    if (status == LSV_OK) status = lsv_bytes_open(config_path, &config, err);
    if (status == LSV_EOS) lsv_hint(err, "a PEFT adapter is a folder with %s and %s", config_name, tensors_name);
    if (status == LSV_OK) {
        status = lsv_bytes_open(tensors_path, &bytes, err);
        if (status == LSV_EOS) lsv_hint(err, "a PEFT adapter is a folder with %s and %s", config_name, tensors_name);
    }
    if (status == LSV_OK) status = lsv_adapter_parse(config_path, config, tensors_path, bytes, o, out, err);
    if (status == LSV_OK) {
        lsv_free((*out)->path);
        (*out)->path = lsv_strdup(folder);
        if (!(*out)->path) {
            lsv_adapter_free(*out);
            *out = NULL;
            status = lsv_no_memory(err, strlen(folder));
        }
    }
    lsv_bytes_release(bytes);
    lsv_bytes_release(config);
    lsv_free(tensors_path);
    lsv_free(config_path);
    return status;
}

/* The folder of one of a PEFT adapter's two files; NULL where the file is none of those. */
static lsv_status folder_of(const char *path, char **out, lsv_error *err) {
    const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
    *out = NULL;
    if (strcmp(file, tensors_name) != 0 && strcmp(file, config_name) != 0) return LSV_OK;
    size_t n = slash ? (size_t)(slash - path) : 1;
    char *folder = lsv_malloc(n + 2);
    if (!folder) return lsv_no_memory(err, n + 2);
    memcpy(folder, slash ? path : ".", n);
    if (slash == path) folder[n++] = '/';
    folder[n] = '\0';
    if (!is_there(folder, config_name)) {
        lsv_free(folder);
        return LSV_OK;
    }
    *out = folder;
    return LSV_OK;
}

lsv_status lsv_adapter_read(const char *path, const lsv_adapter_reading *o, lsv_adapter **out, lsv_error *err) {
    char *folder;
    if (is_folder(path)) return read_folder(path, o, out, err);
    LSV_TRY(folder_of(path, &folder, err));
    if (folder) {
        lsv_status status = read_folder(folder, o, out, err);
        lsv_free(folder);
        return status;
    }
    if (ends_with(path, ".bin") || ends_with(path, ".pt") || ends_with(path, ".pth") || ends_with(path, ".ckpt")) {
        lsv_fail(err, LSV_EVALUE, "%s: a Python pickle, which is not read here", lsv_tail(path, 200));
        lsv_hint(err, "in Python: safetensors.torch.save_file(torch.load(\"%s\", weights_only=True), \"….safetensors\")", lsv_tail(path, 60));
        return LSV_EVALUE;
    }
    lsv_storage *bytes;
    LSV_TRY(lsv_bytes_open(path, &bytes, err));
    lsv_status status = lsv_adapter_parse(NULL, NULL, path, bytes, o, out, err);
    lsv_bytes_release(bytes);
    return status;
}
