/* Places: torch.device values, what names a device, and tensors that move. */
#include "lang/eval/device.h"

#include "backend/backend.h"
#include "grad/tape.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* PyTorch's list; lsv has the first two. */
static const char *const types[] = {"cpu", "cuda", "ipu", "xpu", "mkldnn", "opengl", "opencl", "ideep", "hip", "ve", "fpga",
                                    "maia", "xla", "lazy", "vulkan", "mps", "meta", "hpu", "mtia", "privateuseone"};
enum { NTYPES = sizeof types / sizeof *types, MOST_INDEX = 127 };

static const char no_driver[] = "Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU and installed a "
                                "driver from http://www.nvidia.com/Download/index.aspx";

/* ---- values ---- */

bool ls_device_make(ls_interp *in, const char *type, int64_t index, ls_value *out) {
    char repr[64], text[32];
    if (index < 0) {
        snprintf(repr, sizeof repr, "device(type='%s')", type);
        snprintf(text, sizeof text, "%s", type);
    } else {
        snprintf(repr, sizeof repr, "device(type='%s', index=%lld)", type, (long long)index);
        snprintf(text, sizeof text, "%s:%lld", type, (long long)index);
    }
    ls_value v = ls_opaque_new(&ls_type_device, repr);
    if (v.tag == LS_UNSET) return ls_no_memory(in);
    v.opaque->number = index;
    for (int k = 0; k < 2; k++) {
        ls_value s = ls_str_from(k ? type : text);
        if (s.tag == LS_UNSET) {
            ls_drop(v);
            return ls_no_memory(in);
        }
        v.opaque->state[k] = s;
    }
    *out = v;
    return true;
}

/* "cuda:1" in its two parts; index -1: none. */
static bool split(ls_interp *in, const char *text, const char **type, int64_t *index) {
    size_t n = strcspn(text, ":");
    if (!*text) return ls_raise(in, "RuntimeError", "Device string must not be empty");
    *index = -1;
    if (text[n]) {
        const char *digits = text + n + 1, *end = digits;
        while (isdigit((unsigned char)*end)) end++;
        bool fine = n > 0 && end > digits && end - digits <= 3 && !*end && !(digits[0] == '0' && digits[1]);
        if (fine) *index = strtol(digits, NULL, 10);
        if (!fine || *index > MOST_INDEX) return ls_raise(in, "RuntimeError", "Invalid device string: '%s'", text);
    }
    for (int k = 0; k < NTYPES; k++)
        if (strlen(types[k]) == n && memcmp(types[k], text, n) == 0) {
            *type = types[k];
            return true;
        }
    char list[256] = "";
    for (int k = 0; k < NTYPES; k++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", k ? ", " : "", types[k]);
    }
    return ls_raise(in, "RuntimeError", "Expected one of %s device type at start of device string: %.*s", list, (int)n, text);
}

bool ls_device_parse(ls_interp *in, const char *text, ls_value *out) {
    const char *type;
    int64_t index;
    return split(in, text, &type, &index) && ls_device_make(in, type, index, out);
}

bool ls_device_value(ls_interp *in, int device, ls_value *out) {
    return device <= 0 ? ls_device_make(in, "cpu", -1, out) : ls_device_make(in, "cuda", device - 1, out);
}

const char *ls_device_text(int device, char buf[16]) {
    if (device <= 0) snprintf(buf, 16, "cpu");
    else snprintf(buf, 16, "cuda:%d", (device - 1) & MOST_INDEX);
    return buf;
}

/* ---- the GPU ---- */

/* --device cpu: cuda is the host. */
static bool mapped(void) { return strcmp(lsv_backend_get(), "cpu") == 0; }

bool ls_gpu_usable(ls_interp *in, const char **why) {
    (void)in;
    if (why) *why = "the device is forced to be the CPU";
    return !mapped() && lsv_gpu_count(why) > 0;
}

bool ls_no_gpu(ls_interp *in) {
    const char *why = NULL;
    ls_gpu_usable(in, &why);
    ls_raise(in, "RuntimeError", "%s", no_driver);
    ls_hint(in, "%s%s`--device cpu` (LSV_DEVICE=cpu, %%device cpu) runs cuda lines on the CPU; "
                "torch.device('cuda' if torch.cuda.is_available() else 'cpu') runs anywhere", why ? why : "", why ? "; " : "");
    return false;
}

/* The first tensor on the GPU brings it up. Where it has failed later, tensors keep their place by name and the host
   does the work; that has been said. */
static bool bring_up(ls_interp *in) {
    lsv_error err = {0};
    if (lsv_device || in->devices || lsv_gpu_open(&err) == LSV_OK) return true;
    ls_raise_lsv(in, &err);
    if (err.status != LSV_EINTR) ls_hint(in, "`--device cpu` (LSV_DEVICE=cpu, %%device cpu) runs cuda lines on the CPU");
    return false;
}

static bool cuda_place(ls_interp *in, int64_t index, int *device) {
    if (mapped()) {
        if (!in->cuda_mapped && in->client.warn)
            in->client.warn(in->client.ctx, "lsv: cuda is mapped to the CPU here (--device cpu): the tensors are plain CPU tensors");
        in->cuda_mapped = true;
        *device = 0;
        return true;
    }
    int count = lsv_gpu_count(NULL);
    if (count <= 0 && !in->devices) return ls_no_gpu(in); /* else it has failed since: see bring_up */
    if (index > 0) { /* one is used: the first visible */
        ls_raise(in, "RuntimeError", "CUDA error: invalid device ordinal");
        ls_hint(in, "lsv computes on one GPU, cuda:0; CUDA_VISIBLE_DEVICES chooses which one that is");
        return false;
    }
    *device = 1;
    return bring_up(in);
}

static bool elsewhere(ls_interp *in, const char *type) {
    char upper[24];
    size_t n = 0;
    for (; type[n] && n < sizeof upper - 1; n++) upper[n] = (char)toupper((unsigned char)type[n]);
    upper[n] = 0;
    ls_raise(in, "NotImplementedError", "Could not run 'aten::empty.memory_format' with arguments from the '%s' backend.", upper);
    ls_hint(in, "lsv has the devices cpu and cuda");
    return false;
}

bool ls_device_of(ls_interp *in, const char *who, ls_value v, int *device) {
    const char *type = "cuda";
    int64_t index = -1;
    if (v.tag == LS_NONE) {
        *device = LS_ANYWHERE;
        return true;
    }
    if (v.tag == LS_STR) {
        if (!split(in, v.str->data, &type, &index)) return false;
    } else if (v.tag == LS_INT) {
        index = v.i;
        if (index < 0) return ls_raise(in, "RuntimeError", "Device index must not be negative");
    } else if (v.tag == LS_OPAQUE && v.opaque->type == &ls_type_device) {
        type = v.opaque->state[1].str->data;
        index = v.opaque->number;
    } else return ls_raise(in, "TypeError", "%s(): argument 'device' must be torch.device, not %s", who, ls_type_of(v)->shown);
    *device = 0;
    if (strcmp(type, "cpu") == 0) return true;
    return strcmp(type, "cuda") == 0 ? cuda_place(in, index, device) : elsewhere(in, type);
}

bool ls_device_default(ls_interp *in, int *device) {
    *device = 0;
    return in->torch_device <= 0 || cuda_place(in, in->torch_device - 1, device);
}

/* ---- moving ---- */

bool ls_device_move(ls_interp *in, lsv_array *a, int device, lsv_array **out) {
    lsv_error err;
    if (device > 0) in->devices = true;
    if (a->device == device) *out = lsv_ref(a);
    else if ((device > 0 ? lsv_to_device(a, device, out, &err) : lsv_to_host_array(a, out, &err)) != LSV_OK) return ls_raise_lsv(in, &err);
    return true;
}

/* A tensor just made, or one that others hold, too. */
static bool fresh(const lsv_array *a) { return a->device == 0 && a->refs == 1 && a->storage && a->storage->refs == 1; }

bool ls_device_place(ls_interp *in, lsv_array **a, int device) {
    lsv_array *moved;
    if ((*a)->device == device) return true;
    if (fresh(*a)) return ls_device_label(in, *a, device);
    if (!ls_device_move(in, *a, device, &moved)) return false;
    lsv_release(*a);
    *a = moved;
    return true;
}

bool ls_device_label(ls_interp *in, lsv_array *a, int device) {
    lsv_error err;
    if (a->device == device) return true;
    if (device > 0) in->devices = true;
    if (lsv_put_on(a, device, &err) != LSV_OK) return ls_raise_lsv(in, &err);
    if (a->tape) ((lsv_tape *)a->tape)->device = a->device;
    return true;
}

/* ---- a GPU that failed ---- */

typedef struct lost { lsv_text names; int n; } lost;

static bool is_lost(ls_value v, int depth) {
    if (v.tag == LS_ARRAY) return lsv_is_lost(v.array);
    const ls_value *items = v.tag == LS_TUPLE ? v.tuple->items : v.tag == LS_LIST ? v.list->items : NULL;
    ptrdiff_t n = v.tag == LS_TUPLE ? v.tuple->n : v.tag == LS_LIST ? v.list->n : 0;
    if (depth > 4) return false;
    for (ptrdiff_t k = 0; k < n; k++)
        if (is_lost(items[k], depth + 1)) return true;
    for (ptrdiff_t k = 0; v.tag == LS_DICT && k < v.dict->used; k++)
        if (v.dict->entries[k].key.tag != LS_UNSET && is_lost(v.dict->entries[k].value, depth + 1)) return true;
    return false;
}

static bool note(void *ctx, const char *name, ls_value v) {
    lost *l = ctx;
    if (name[0] == '_' || !is_lost(v, 0)) return true;
    lsv_text_printf(&l->names, "%s%s", l->n++ ? ", " : "", name);
    return true;
}

void ls_device_lost(ls_interp *in) {
    lost l = {{0}, 0};
    ls_global_each(in, note, &l);
    if (l.n && !l.names.failed && in->client.warn) {
        lsv_text line = {0};
        lsv_text_printf(&line, "lsv: the GPU failed and %s lost: %s", l.n == 1 ? "this variable is" : "these variables are", l.names.data);
        if (!line.failed) in->client.warn(in->client.ctx, line.data);
        lsv_text_free(&line);
    }
    lsv_text_free(&l.names);
}
