/* Which backend does an operation. The choice is a pure function of the operation, its sizes
   and the forced mode; it is remembered per thread as numbers and put into words only when asked. */
#include <stdio.h>
#include <string.h>
#include "backend/backend.h"

typedef enum { MODE_AUTO, MODE_CPU, MODE_GPU, NMODES } mode;

static const char *const mode_names[NMODES] = {"auto", "cpu", "gpu"};
static const char *const op_names[LSV_NOPS] = {
#define X(ENUM, entry, parameters) #entry,
    LSV_BACKEND_OPS(X)
#undef X
};

static const lsv_backend *gpu_backend;
static mode forced = MODE_AUTO;

/* Below this many multiplications a copy to a device costs more than it saves. */
static const double gpu_work_floor = 1e9;

typedef struct {
    lsv_op op;
    lsv_dtype t;
    ptrdiff_t m, n, k;
    const lsv_backend *chosen;
    const char *why;
} choice;

static _Thread_local choice last;
static _Thread_local char last_text[160];

static bool offers(const lsv_backend *b, lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k) {
    switch (op) {
#define X(ENUM, entry, parameters)   \
    case LSV_BE_##ENUM:              \
        if (!b->entry) return false; \
        break;
        LSV_BACKEND_OPS(X)
#undef X
    case LSV_NOPS: return false;
    }
    return b->supports(op, t, m, n, k);
}

static double work(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k) {
    double w = (double)(m > 0 ? m : 1) * (double)(n > 0 ? n : 1);
    return w * (double)(k > 0 ? k : m < n ? m : n);
}

const lsv_backend *lsv_backend_for(lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k) {
    choice c = {op, t, m, n, k, &lsv_backend_cpu, "the only backend"};
    if (gpu_backend) {
        if (forced == MODE_CPU) c.why = "forced";
        else if (!offers(gpu_backend, op, t, m, n, k)) c.why = "not offered by the gpu";
        else if (forced == MODE_GPU) c.chosen = gpu_backend, c.why = "forced";
        else if (work(m, n, k) < gpu_work_floor) c.why = "too small for the gpu";
        else c.chosen = gpu_backend, c.why = "large enough";
    }
    last = c;
    return c.chosen;
}

lsv_status lsv_backend_set(const char *name, lsv_error *err) {
    for (int i = 0; i < NMODES; i++) {
        if (strcmp(name, mode_names[i]) != 0) continue;
        if (i == MODE_GPU && !gpu_backend) {
            lsv_status status = lsv_fail(err, LSV_EVALUE, "device: no gpu is available here");
            lsv_hint(err, "the devices here are \"cpu\" and \"auto\"");
            return status;
        }
        forced = (mode)i;
        return LSV_OK;
    }
    return lsv_fail(err, LSV_EVALUE, "device: \"%.40s\" is none of \"cpu\", \"gpu\", \"auto\"", name);
}

const char *lsv_backend_get(void) { return mode_names[forced]; }

const char *lsv_backend_last(void) {
    if (!last.chosen) return "nothing computed yet";
    snprintf(last_text, sizeof last_text, "%s %s %tdx%tdx%td: %s (%s)", op_names[last.op],
             lsv_dtype_name(last.t), last.m, last.n, last.k, last.chosen->name, last.why);
    return last_text;
}

lsv_status lsv_backend_register_gpu(const lsv_backend *gpu, lsv_error *err) {
    if (gpu && (gpu->abi != LSV_BACKEND_ABI || gpu->size < sizeof(lsv_backend)))
        return lsv_fail(err, LSV_EVALUE, "device: the gpu backend has ABI %d, wanted %d", gpu->abi,
                        LSV_BACKEND_ABI);
    gpu_backend = gpu;
    if (!gpu && forced == MODE_GPU) forced = MODE_AUTO;
    return LSV_OK;
}
