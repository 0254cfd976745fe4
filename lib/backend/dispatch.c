/* Which backend does an operation.

   Without a GPU that is up, the answer is the CPU after two comparisons. With one, it is asked twice:
   lsv_backend_for knows sizes only and excludes what could not pay even if nothing had to be moved; the GPU's
   entry then knows where its operands are (lsv_dispatch_gpu) and may still pass the call on. A GPU that
   nobody has asked for yet is looked for when the CPU would take longer than bringing one up.

   What was decided is remembered per thread as numbers and put into words only when asked. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "array/mirror.h"
#include "backend/backend.h"
#include "backend/ledger.h"
#include "backend/cuda/inside.h"
#include "backend/estimate.h"

typedef enum { MODE_AUTO, MODE_CPU, MODE_GPU, NMODES } mode;

static const char *const mode_names[NMODES] = {"auto", "cpu", "gpu"};
static const char *const op_names[LSV_NOPS] = {
#define X(ENUM, entry, parameters) #entry,
    LSV_BACKEND_OPS(X)
#undef X
};

static const lsv_backend *gpu_backend;
static mode forced = MODE_AUTO;

static const double cold_seconds = 1.0; /* context and libraries                        */
static const double look_from = 2.0;    /* on the CPU, before a GPU is looked for        */
static const double reluctance = 1.2;   /* the GPU must be that much faster than the CPU */

typedef struct {
    lsv_op op;
    lsv_dtype t;
    ptrdiff_t m, n, k;
    const lsv_backend *chosen;
    const char *why;
    double cpu, gpu, copies; /* estimates in seconds; 0: none was needed */
    bool cpu_known, gpu_known;
    bool ran, ran_gpu; /* what happened in the end */
    double seconds;
    lsv_move_bytes moved;
    const char *how;
} choice;

static _Thread_local choice last;
static _Thread_local bool host_only;
static _Thread_local char last_text[240], explain_text[900];

double lsv_dispatch_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

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

/* ---- a GPU nobody has asked for ---- */

/* Seconds until the device could begin: 0 when it is up. */
static double until_up(void) {
    double since;
    if (lsv_cu_now() == LSV_CU_UP) return 0;
    if (!lsv_cu_warming(&since)) return cold_seconds;
    return since < cold_seconds ? cold_seconds - since : 0.05;
}

/* Worth bringing up for this? Looks for it at most once. */
static bool wake_for(double cpu_seconds, lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k) {
    lsv_cu_state now = lsv_cu_now();
    if (now == LSV_CU_NONE || now == LSV_CU_DEAD) return false;
    if (now == LSV_CU_UNKNOWN && (cpu_seconds < look_from || !lsv_cu_probe())) return false;
    double gpu = lsv_estimate(true, op, t, m, n, k, NULL) + until_up();
    return gpu * reluctance < cpu_seconds && lsv_cu_start(NULL) == LSV_OK;
}

/* ---- choosing ---- */

/* Where nothing would have to be moved. */
static void choose(choice *c) {
    c->cpu = lsv_estimate(false, c->op, c->t, c->m, c->n, c->k, &c->cpu_known);
    c->gpu = lsv_estimate(true, c->op, c->t, c->m, c->n, c->k, &c->gpu_known);
    if (c->gpu * reluctance < c->cpu) c->chosen = gpu_backend, c->why = "expected to be faster there";
    else c->why = "the CPU is expected to be faster";
}

/* Operations that may be on an algorithm's scratch: the GPU's entry sees whether they are. */
static bool on_scratch(lsv_op op) {
    return lsv_scratch_count() &&
           (op == LSV_BE_PANEL || op == LSV_BE_PANEL_T || op == LSV_BE_PANEL_GRAM || op == LSV_BE_GEMM);
}

bool lsv_backend_host_only(bool on) {
    bool before = host_only;
    host_only = on;
    return before;
}

const lsv_backend *lsv_backend_for(lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k) {
    choice c = {
        .op = op, .t = t, .m = m, .n = n, .k = k, .chosen = &lsv_backend_cpu, .why = "the only backend"};
    if (__builtin_expect(!gpu_backend && forced == MODE_AUTO, 1) && lsv_cu_now() <= LSV_CU_UP &&
        lsv_cu_now() != LSV_CU_NONE) {
        /* a cheap bound first: most calls are far too small to wake anything */
        if ((double)m * (double)(n > 0 ? n : 1) > 1e5) {
            double seconds = lsv_estimate(false, op, t, m, n, k, NULL);
            bool offered = lsv_cu_supports(op, t, m, n, k) && seconds > 0.01;
            if (offered && lsv_cu_now() == LSV_CU_UP)
                (void)lsv_cu_start(NULL); /* warmed meanwhile: now it is known */
            else if (offered) (void)wake_for(seconds, op, t, m, n, k);
        }
    }
    if (gpu_backend) {
        if (forced == MODE_CPU) c.why = "forced";
        else if (host_only) c.why = "the GPU stopped half way";
        else if (!offers(gpu_backend, op, t, m, n, k)) c.why = "not offered by the gpu";
        else if (forced == MODE_GPU) c.chosen = gpu_backend, c.why = "forced";
        else if (on_scratch(op)) c.chosen = gpu_backend, c.why = "its operands are there";
        else choose(&c);
    } else if (lsv_cu_now() == LSV_CU_DEAD) {
        c.why = "the GPU failed earlier";
    }
    last = c;
    lsv_ledger_note(op_names[op], c.chosen->name, t, m, n, k);
    return c.chosen;
}

bool lsv_backend_keep(lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, int times,
                      size_t bytes) {
    if (m < 1 || n < 1 || host_only) return false;
    if (!gpu_backend && forced == MODE_AUTO && (double)m * (double)n > 1e6) {
        double seconds = times * lsv_estimate(false, op, t, m, n, k, NULL);
        if (seconds > 0.01) (void)wake_for(seconds, op, t, m, n, k);
    }
    if (!gpu_backend || forced == MODE_CPU || !offers(gpu_backend, op, t, m, n, k)) return false;
    if (forced == MODE_GPU) return true;
    double gpu = times * lsv_estimate(true, op, t, m, n, k, NULL) + lsv_estimate_copy((double)bytes, true);
    return gpu * reluctance < times * lsv_estimate(false, op, t, m, n, k, NULL);
}

bool lsv_dispatch_gpu(lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, lsv_move_bytes move) {
    choice c = {.op = op, .t = t, .m = m, .n = n, .k = k, .chosen = &lsv_backend_cpu, .why = "forced"};
    c.cpu = lsv_estimate(false, op, t, m, n, k, &c.cpu_known) + lsv_estimate_copy(move.home, false);
    c.copies = lsv_estimate_copy(move.up, true) + lsv_estimate_copy(move.down, false);
    c.gpu = lsv_estimate(true, op, t, m, n, k, &c.gpu_known) + c.copies;
    bool gpu = gpu_backend && forced == MODE_GPU;
    if (gpu_backend && forced == MODE_AUTO) {
        gpu = c.gpu * (move.home > 0 ? 1 / reluctance : reluctance) < c.cpu;
        c.why = gpu ? "expected to be faster there" : "the CPU is expected to be faster";
    }
    if (gpu) c.chosen = gpu_backend;
    last = c;
    return gpu;
}

void lsv_dispatch_ran(lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, bool gpu, double seconds,
                      lsv_move_bytes moved, const char *how) {
    if (last.op != op || last.m != m || last.n != n || last.k != k || last.t != t)
        last = (choice){
            .op = op, .t = t, .m = m, .n = n, .k = k, .why = gpu ? "its operands are there" : "forced"};
    last.ran = true, last.ran_gpu = gpu, last.seconds = seconds, last.moved = moved, last.how = how;
    last.chosen = gpu && gpu_backend ? gpu_backend : &lsv_backend_cpu;
    double copies = gpu ? lsv_estimate_copy(moved.up, true) + lsv_estimate_copy(moved.down, false) : 0;
    if (seconds > copies) lsv_estimate_learn(gpu, op, t, m, n, k, seconds - copies);
}

/* ---- forcing ---- */

lsv_status lsv_backend_set(const char *name, lsv_error *err) {
    for (int i = 0; i < NMODES; i++) {
        if (strcmp(name, mode_names[i]) != 0) continue;
        if (i == MODE_GPU && !gpu_backend && lsv_cu_start(NULL) != LSV_OK) {
            lsv_status status =
                lsv_fail(err, LSV_EVALUE, "device: no gpu is available here: %s", lsv_cu_why());
            lsv_hint(err, "the devices here are \"cpu\" and \"auto\"");
            return status;
        }
        forced = (mode)i;
        return LSV_OK;
    }
    return lsv_fail(err, LSV_EVALUE, "device: \"%.40s\" is none of \"cpu\", \"gpu\", \"auto\"", name);
}

const char *lsv_backend_get(void) { return mode_names[forced]; }

lsv_status lsv_backend_register_gpu(const lsv_backend *gpu, lsv_error *err) {
    if (gpu && (gpu->abi != LSV_BACKEND_ABI || gpu->size < sizeof(lsv_backend)))
        return lsv_fail(err, LSV_EVALUE, "device: the gpu backend has ABI %d, wanted %d", gpu->abi,
                        LSV_BACKEND_ABI);
    gpu_backend = gpu;
    if (!gpu && forced == MODE_GPU) forced = MODE_AUTO;
    return LSV_OK;
}

/* ---- explaining ---- */

static const char *sizes(const choice *c, char *text, size_t n) {
    snprintf(text, n, "%s %s %tdx%tdx%td", op_names[c->op], lsv_dtype_name(c->t), c->m, c->n, c->k);
    return text;
}

const char *lsv_backend_last(void) {
    char what[100];
    if (!last.chosen) return "nothing computed yet";
    snprintf(last_text, sizeof last_text, "%s: %s (%s)", sizes(&last, what, sizeof what), last.chosen->name,
             last.why);
    return last_text;
}

static const char *duration(double s, char *text, size_t n) {
    if (s < 1e-3) snprintf(text, n, "%.3g us", s * 1e6);
    else if (s < 1) snprintf(text, n, "%.3g ms", s * 1e3);
    else snprintf(text, n, "%.3g s", s);
    return text;
}

static int estimate_line(char *to, size_t room, const char *side, double seconds, bool known, double copies) {
    char a[32], b[32];
    if (copies > 0)
        return snprintf(to, room, "\n  estimate %s: %s, of it %s for copies [%s]", side,
                        duration(seconds, a, sizeof a), duration(copies, b, sizeof b),
                        known ? "measured here" : "built in");
    return snprintf(to, room, "\n  estimate %s: %s [%s]", side, duration(seconds, a, sizeof a),
                    known ? "measured here" : "built in");
}

const char *lsv_backend_explain(void) {
    char what[100], time[32];
    size_t room = sizeof explain_text;
    if (!last.chosen) return "nothing computed yet";
    int used = snprintf(explain_text, room, "%s: %s (%s)", sizes(&last, what, sizeof what), last.chosen->name,
                        last.why);
    if (last.ran)
        used += snprintf(explain_text + used, room - (size_t)used, "\n  took %s%s%s",
                         duration(last.seconds, time, sizeof time), last.how ? ", " : "",
                         last.how ? last.how : "");
    if (last.cpu > 0)
        used += estimate_line(explain_text + used, room - (size_t)used, "cpu", last.cpu, last.cpu_known, 0);
    if (last.gpu > 0)
        used += estimate_line(explain_text + used, room - (size_t)used, "gpu", last.gpu, last.gpu_known,
                              last.copies);
    if (last.ran && last.ran_gpu)
        used +=
            snprintf(explain_text + used, room - (size_t)used, "\n  copied %.1f MB to the GPU, %.1f MB back",
                     last.moved.up * 1e-6, last.moved.down * 1e-6);
    const char *why = "";
    if (!gpu_backend && lsv_cu_now() == LSV_CU_UNKNOWN) why = "no GPU has been looked for yet";
    else if (!gpu_backend && lsv_cu_now() != LSV_CU_FOUND) why = lsv_cu_why();
    if (*why)
        snprintf(explain_text + used, room - (size_t)used, "\n  %s%.200s",
                 lsv_cu_now() == LSV_CU_NONE ? "no GPU: " : "", why);
    return explain_text;
}
