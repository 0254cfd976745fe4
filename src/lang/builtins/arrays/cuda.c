/* torch.cuda: what can be asked of the GPU, and torch.backends.cuda. Without one the answers and errors are PyTorch's. */
#include "lang/builtins/support.h"

#include "backend/backend.h"
#include "lang/builtins/arrays/draws.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- is there one ---- */

BUILTIN(is_available) {
    *out = ls_bool(ls_gpu_usable(w->in, NULL));
    return true;
}

BUILTIN(device_count) {
    *out = ls_int(ls_gpu_usable(w->in, NULL) ? 1 : 0);
    return true;
}

BUILTIN(is_initialized) {
    *out = ls_bool(lsv_device != NULL);
    return true;
}

/* device= names cuda:0, or nothing; on = false: cuda is the CPU here (--device cpu) and there is nothing to ask. */
static bool this_gpu(ls_work *w, ls_value v, bool *on) {
    int device;
    if (ls_is_none(v)) v = ls_int(0);
    if (!ls_device_of(w->in, ls_builtin_short_name(w->self), v, &device)) return false;
    *on = device > 0;
    return true;
}

static bool describe(ls_work *w, ls_value v, lsv_gpu_info *info) {
    bool on;
    if (!this_gpu(w, v, &on)) return false;
    *info = (lsv_gpu_info){.name = "CPU"};
    return !on || ls_ok(w, lsv_gpu_describe(info, &w->err));
}

BUILTIN(current_device) {
    bool on;
    *out = ls_int(0);
    return this_gpu(w, ls_none(), &on);
}

BUILTIN(get_device_name) {
    lsv_gpu_info info;
    return describe(w, args[0], &info) && ls_give_value(w, out, ls_str_from(info.name));
}

BUILTIN(get_device_capability) {
    lsv_gpu_info info;
    if (!describe(w, args[0], &info)) return false;
    ls_value pair[2] = {ls_int(info.cc_major), ls_int(info.cc_minor)};
    return ls_give_tuple(w, out, NULL, 2, pair);
}

/* The fields lie in a dictionary. */
static const ls_type properties_type = {"_CudaDeviceProperties", "torch._C._CudaDeviceProperties"};

BUILTIN(get_device_properties) {
    lsv_gpu_info info;
    char text[64];
    if (!describe(w, args[0], &info)) return false;
    snprintf(text, sizeof text, "_CudaDeviceProperties(name='%.32s')", info.name);
    ls_value v = ls_opaque_new(&properties_type, text);
    if (v.tag == LS_UNSET) return ls_no_memory(w->in);
    ls_value d = ls_dict_new(), name = ls_str_from(info.name);
    bool ok = d.tag != LS_UNSET && name.tag != LS_UNSET && ls_dict_set_text(d.dict, "name", name) &&
              ls_dict_set_text(d.dict, "major", ls_int(info.cc_major)) && ls_dict_set_text(d.dict, "minor", ls_int(info.cc_minor)) &&
              ls_dict_set_text(d.dict, "total_memory", ls_int((int64_t)info.bytes_total)) &&
              ls_dict_set_text(d.dict, "multi_processor_count", ls_int(info.multiprocessors));
    ls_drop(name);
    v.opaque->state[0] = d.tag == LS_UNSET ? ls_none() : d;
    if (!ok) {
        ls_drop(v);
        return ls_no_memory(w->in);
    }
    *out = v;
    return true;
}

BUILTIN(property) {
    const ls_value *found = ls_dict_find_text(args[0].opaque->state[0].dict, ls_builtin_short_name(w->self));
    if (found) *out = ls_ref(*found);
    return found != NULL;
}

/* torch.cuda.set_device(device) (op 0), torch.cuda.init() (op 1), torch.cuda.synchronize(device) (op 2) */
BUILTIN(use_device) {
    bool on;
    if (!this_gpu(w, w->self->op == 1 ? ls_none() : args[0], &on)) return false;
    if (!on || w->self->op == 0) return true;
    return ls_ok(w, w->self->op == 1 ? lsv_gpu_open(&w->err) : lsv_gpu_synchronize(&w->err));
}

/* ---- memory ---- */

BUILTIN(empty_cache) {
    lsv_gpu_trim();
    return true;
}

enum { USED, KEPT, MOST };
BUILTIN(memory) {
    size_t n[3] = {0, 0, 0};
    lsv_gpu_memory(&n[USED], &n[KEPT], &n[MOST]);
    *out = ls_int((int64_t)n[w->self->op]);
    return true;
}

BUILTIN(mem_get_info) {
    lsv_gpu_info info;
    if (!describe(w, args[0], &info)) return false;
    ls_value pair[2] = {ls_int((int64_t)info.bytes_free), ls_int((int64_t)info.bytes_total)};
    return ls_give_tuple(w, out, NULL, 2, pair);
}

/* ---- random numbers ---- */

void ls_cuda_seed(ls_interp *in, uint64_t seed) {
    in->cuda_rng.seed = seed;
    in->cuda_rng.offset = 0;
    in->cuda_seeded = true;
}

/* Threads that a multiprocessor holds, by its generation. */
static ptrdiff_t threads_of(const lsv_gpu_info *info) {
    int cc = 10 * info->cc_major + info->cc_minor;
    return cc == 75 ? 1024 : cc == 86 || cc == 87 || cc == 89 || cc >= 120 ? 1536 : 2048;
}

lsv_philox *ls_cuda_stream(ls_work *w) {
    lsv_philox *p = &w->in->cuda_rng;
    if (!w->in->cuda_seeded) {
        lsv_rng entropy;
        lsv_rng_seed_entropy(&entropy, LSV_RNG_TORCH);
        ls_cuda_seed(w->in, entropy.mt.seed);
    }
    if (!p->blocks) {
        lsv_gpu_info info;
        if (!ls_ok(w, lsv_gpu_describe(&info, &w->err))) return NULL;
        p->blocks = info.multiprocessors * (threads_of(&info) / 256);
    }
    return p;
}

/* torch.cuda.manual_seed(seed), manual_seed_all */
BUILTIN(manual_seed) {
    uint64_t seed;
    if (!ls_seed(w, args[0], &seed)) return false;
    ls_cuda_seed(w->in, seed);
    return true;
}

/* ---- events: times between two points of a program ---- */

static const ls_type event_type = {"Event", "torch.cuda.streams.Event"};

BUILTIN(event) {
    ls_value v = ls_opaque_new(&event_type, "<torch.cuda.Event uninitialized>");
    if (v.tag == LS_UNSET) return ls_no_memory(w->in);
    *out = v;
    return true;
}

/* number: when everything before it was done, in nanoseconds; 0: not recorded */
BUILTIN(event_record) {
    bool on;
    struct timespec now;
    if (!this_gpu(w, ls_none(), &on) || (on && !ls_ok(w, lsv_gpu_synchronize(&w->err)))) return false;
    clock_gettime(CLOCK_MONOTONIC, &now);
    args[0].opaque->number = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    snprintf(args[0].opaque->text, sizeof args[0].opaque->text, "<torch.cuda.Event>");
    return true;
}

BUILTIN(event_done) {
    *out = w->self->op ? ls_bool(true) : ls_none();
    return true;
}

BUILTIN(event_elapsed) {
    if (args[1].tag != LS_OPAQUE || args[1].opaque->type != &event_type) return ls_raise(w->in, "TypeError", "elapsed_time() wants another Event");
    int64_t from = args[0].opaque->number, to = args[1].opaque->number;
    if (!from || !to) return ls_raise(w->in, "ValueError", "Both events must be recorded before calculating elapsed time.");
    *out = ls_float((double)(to - from) / 1e6);
    return true;
}

/* ---- precision ---- */

static bool tf32(void) {
    bool was = lsv_gpu_tf32(false);
    lsv_gpu_tf32(was);
    return was;
}

BUILTIN(allow_tf32) {
    *out = ls_bool(tf32());
    return true;
}

static bool set_tf32(ls_interp *in, ls_value self, ls_value v) {
    bool on;
    (void)self;
    if (!ls_truth(in, v, &on)) return false;
    lsv_gpu_tf32(on);
    return true;
}

BUILTIN(set_precision) {
    static const char *const names[] = {"highest", "high", "medium"};
    for (int k = 0; k < 3; k++)
        if (ls_text_is(args[0], names[k])) {
            lsv_gpu_tf32(k > 0);
            return true;
        }
    return ls_raise(w->in, "ValueError", "the precision is one of 'highest', 'high', 'medium'");
}

BUILTIN(get_precision) { return ls_give_value(w, out, ls_str_from(tf32() ? "high" : "highest")); }

/* Settings that are remembered and change nothing: there are no convolutions. */
static bool switches[] = {false, false, true};

BUILTIN(switched) {
    *out = ls_bool(switches[w->self->op]);
    return true;
}

#define SWITCH(name, k)                                                \
    static bool set_##name(ls_interp *in, ls_value self, ls_value v) { \
        (void)self;                                                    \
        return ls_truth(in, v, &switches[k]);                          \
    }
SWITCH(benchmark, 0)
SWITCH(deterministic, 1)
SWITCH(enabled, 2)

#define CALL(names_, signature_, text, doc_, examples_, f, op_) \
    {.names = names_, .signature = signature_, .summary = text, .doc = doc_, .examples = examples_, .function = f, .op = op_}
#define FIELD(name, text)                                                                                        \
    {.names = "_CudaDeviceProperties." name, .signature = "(self)", .summary = text,                              \
     .examples = ">>> gpu = torch.cuda.get_device_properties(0) if torch.cuda.is_available() else None\n"         \
                 ">>> gpu is None or gpu." name " is not None\nTrue\n",                                                  \
     .function = property, .kind = LS_ATTRIBUTE}
#define SETTING(name, k, value)                                                                                  \
    {.names = "torch.backends.cudnn." #name, .signature = "()", .summary = "Accepted, without effect",            \
     .examples = ">>> torch.backends.cudnn." #name "\n" value "\n>>> torch.backends.cudnn." #name " = " value "\n", \
     .function = switched, .op = k, .kind = LS_ATTRIBUTE, .set = set_##name}

const ls_builtin ls_family_cuda[] = {
    CALL("torch.cuda.is_available", "()", "Whether there is an NVIDIA GPU that can be used", "False with `--device cpu`. `%device` says what is missing.",
         ">>> torch.cuda.is_available() in (True, False)\nTrue\n>>> device = torch.device(\"cuda\" if torch.cuda.is_available() else \"cpu\")\n", is_available, 0),
    CALL("torch.cuda.device_count", "()", "The number of GPUs used: 1 or 0", "lsv computes on the first visible GPU; CUDA_VISIBLE_DEVICES chooses which one that is.",
         ">>> torch.cuda.device_count() <= 1\nTrue\n>>> (torch.cuda.device_count() > 0) == torch.cuda.is_available()\nTrue\n", device_count, 0),
    CALL("torch.cuda.is_initialized", "()", "Whether the GPU has been used in this session", NULL, ">>> torch.cuda.is_initialized() in (True, False)\nTrue\n>>> torch.cuda.is_available() or not torch.cuda.is_initialized()\nTrue\n", is_initialized, 0),
    CALL("torch.cuda.current_device", "()", "The number of the GPU: 0", "An error without a GPU.", ">>> torch.cuda.current_device() if torch.cuda.is_available() else 0\n0\n>>> callable(torch.cuda.current_device)\nTrue\n", current_device, 0),
    CALL("torch.cuda.get_device_name", "(device=None)", "The GPU's name", "An error without a GPU.", ">>> len(torch.cuda.get_device_name()) > 0 if torch.cuda.is_available() else True\nTrue\n>>> callable(torch.cuda.get_device_name)\nTrue\n", get_device_name, 0),
    CALL("torch.cuda.get_device_capability", "(device=None)", "The GPU's compute capability, as in (9, 0)", "An error without a GPU.", ">>> len(torch.cuda.get_device_capability()) if torch.cuda.is_available() else 2\n2\n>>> callable(torch.cuda.get_device_capability)\nTrue\n", get_device_capability, 0),
    CALL("torch.cuda.get_device_properties", "(device=None)", "The GPU's name, major, minor, total_memory and multi_processor_count", "An error without a GPU.", ">>> torch.cuda.get_device_properties(0).total_memory > 0 if torch.cuda.is_available() else True\nTrue\n>>> callable(torch.cuda.get_device_properties)\nTrue\n", get_device_properties, 0),
    FIELD("name", "The GPU's name"), FIELD("major", "The first part of the compute capability"), FIELD("minor", "The second part of the compute capability"),
    FIELD("total_memory", "Bytes of device memory"), FIELD("multi_processor_count", "The number of multiprocessors"),
    CALL("torch.cuda.set_device", "(device)", "Chooses the GPU, of which one is used", "An error without a GPU.", ">>> torch.cuda.set_device(0) if torch.cuda.is_available() else None\n>>> callable(torch.cuda.set_device)\nTrue\n", use_device, 0),
    CALL("torch.cuda.init", "()", "Brings the GPU up now", "An error without a GPU.", ">>> torch.cuda.init() if torch.cuda.is_available() else None\n>>> callable(torch.cuda.init)\nTrue\n", use_device, 1),
    CALL("torch.cuda.synchronize", "(device=None)", "Waits for everything the GPU was given to do", "An error without a GPU.", ">>> torch.cuda.synchronize() if torch.cuda.is_available() else None\n>>> callable(torch.cuda.synchronize)\nTrue\n", use_device, 2),
    CALL("torch.cuda.empty_cache", "()", "Gives the pool's free device memory back", NULL, ">>> torch.cuda.empty_cache()\n>>> torch.cuda.memory_reserved() >= torch.cuda.memory_allocated()\nTrue\n", empty_cache, 0),
    CALL("torch.cuda.memory_allocated", "(device=None)", "Bytes of device memory in use", NULL, ">>> torch.cuda.memory_allocated() >= 0\nTrue\n>>> torch.cuda.memory_allocated() <= torch.cuda.max_memory_allocated()\nTrue\n", memory, USED),
    CALL("torch.cuda.memory_reserved torch.cuda.max_memory_reserved", "(device=None)", "Bytes of device memory that the pool keeps", NULL, ">>> torch.cuda.memory_reserved() >= 0\nTrue\n>>> torch.cuda.memory_reserved() >= torch.cuda.memory_allocated()\nTrue\n", memory, KEPT),
    CALL("torch.cuda.max_memory_allocated", "(device=None)", "The most bytes of device memory ever in use", NULL, ">>> torch.cuda.max_memory_allocated() >= 0\nTrue\n>>> torch.cuda.max_memory_allocated() >= torch.cuda.memory_allocated()\nTrue\n", memory, MOST),
    CALL("torch.cuda.mem_get_info", "(device=None)", "Free and total bytes of device memory", "An error without a GPU.", ">>> torch.cuda.mem_get_info()[0] > 0 if torch.cuda.is_available() else True\nTrue\n>>> callable(torch.cuda.mem_get_info)\nTrue\n", mem_get_info, 0),
    CALL("torch.cuda.manual_seed torch.cuda.manual_seed_all", "(seed)", "Seeds the random numbers of GPU tensors",
         "torch.manual_seed seeds them, too. Without a GPU nothing happens.",
         ">>> torch.cuda.manual_seed(0)\n>>> torch.cuda.manual_seed_all(0)\n", manual_seed, 0),
    CALL("torch.cuda.Event", "(enable_timing=False, blocking=False, interprocess=False)", "A point in time on the GPU", "start.record(), …, end.record(), then start.elapsed_time(end) in milliseconds.", ">>> start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)\n>>> start.query()\nTrue\n", event, 0),
    CALL("Event.record", "(self, stream=None)", "Notes the time when everything before it is done", "An error without a GPU.", ">>> start, end = torch.cuda.Event(), torch.cuda.Event()\n>>> if torch.cuda.is_available(): start.record(); end.record()\n>>> (not torch.cuda.is_available()) or start.elapsed_time(end) >= 0\nTrue\n", event_record, 0),
    CALL("Event.synchronize", "(self)", "Waits until the event is there", NULL, ">>> event = torch.cuda.Event()\n>>> event.synchronize()\n", event_done, 0),
    CALL("Event.query", "(self)", "Whether the event is there", NULL, ">>> event = torch.cuda.Event()\n>>> event.query()\nTrue\n", event_done, 1),
    CALL("Event.elapsed_time", "(self, end_event)", "Milliseconds from this event to another", NULL, ">>> start, end = torch.cuda.Event(), torch.cuda.Event()\n>>> if torch.cuda.is_available(): start.record(); end.record()\n>>> (not torch.cuda.is_available()) or start.elapsed_time(end) >= 0\nTrue\n", event_elapsed, 0),
    {.names = "torch.backends.cuda.matmul.allow_tf32", .signature = "()", .summary = "Whether float32 products on the GPU may use TF32",
     .doc = "Three decimal digits instead of seven, several times the speed; off unless set to True.",
     .examples = ">>> torch.backends.cuda.matmul.allow_tf32\nFalse\n>>> torch.backends.cuda.matmul.allow_tf32 = False\n", .function = allow_tf32, .kind = LS_ATTRIBUTE, .set = set_tf32},
    SETTING(benchmark, 0, "False"), SETTING(deterministic, 1, "False"), SETTING(enabled, 2, "True"),
    CALL("torch.set_float32_matmul_precision", "(precision)", "\"highest\", or \"high\" and \"medium\", which allow TF32 on the GPU", "Products on the CPU always have float32's own precision.",
         ">>> torch.set_float32_matmul_precision(\"highest\")\n>>> torch.get_float32_matmul_precision()\n'highest'\n", set_precision, 0),
    CALL("torch.get_float32_matmul_precision", "()", "\"highest\", or \"high\" where TF32 is allowed", NULL, ">>> torch.get_float32_matmul_precision()\n'highest'\n>>> torch.get_float32_matmul_precision() in (\"highest\", \"high\")\nTrue\n", get_precision, 0),
    {.names = NULL}};
