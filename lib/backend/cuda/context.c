/* The device: brought up in stages, waited for, and given up when it fails.

   Stage 1 loads the runtime and asks for a device (about 2 ms); stage 2 makes the context, the stream and the
   cuBLAS handle; stage 3 cuSOLVER's. Each runs once, under a mutex, since a prompt warms the device on a
   thread of its own; what the stages leave behind is read-only. An error that poisons the context ends the
   device for the life of the process: the host's copies serve from there on. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "array/mirror.h"
#include "backend/cuda/inside.h"
#include "backend/estimate.h"
#include "base/interrupt.h"
#include "base/job.h"

lsv_cu_device lsv_cu_dev;
atomic_int lsv_cu_busy;

static pthread_mutex_t stage_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int state;       /* lsv_cu_state */
static atomic_int fatal;       /* the code that poisoned the context, seen on a worker */
static atomic_long warm_since; /* ns; 0: not warming */
static atomic_bool math_up, solver_up, math_failed, solver_failed;
static char no_gpu[400], no_math[400], no_solver[400];
static _Thread_local bool on_worker;

/* ---- notices ---- */

static void (*say)(void *, const char *);
static void *say_context;
static void (*on_lost)(void *, struct lsv_storage *);
static void *lost_context;

void lsv_backend_on_notice(void (*f)(void *, const char *), void *context) { say = f, say_context = context; }
void lsv_backend_on_lost(void (*f)(void *, struct lsv_storage *), void *context) {
    on_lost = f, lost_context = context;
}

void lsv_cu_notice(const char *format, ...) {
    char line[600];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (say && !on_worker) say(say_context, line);
}

/* The same complaint about the same operation is made once: a loop would repeat it a thousand times. */
void lsv_cu_fell_back(const char *operation, const lsv_error *err) {
    enum { KEPT = 16 };
    static char said[KEPT][200];
    static int next;
    char line[200];
    if (atomic_load(&state) == LSV_CU_DEAD || err->status == LSV_EINTR || err->status == LSV_ENOTIMPL) return;
    snprintf(line, sizeof line, "%s on the GPU: %.140s", operation, err->message);
    for (int i = 0; i < KEPT; i++)
        if (strcmp(said[i], line) == 0) return;
    memcpy(said[next++ % KEPT], line, sizeof line);
    lsv_cu_notice("%s; running on the CPU", line);
}

/* ---- the end of the device ---- */

void lsv_cu_die(const char *reason) {
    if (atomic_exchange(&state, LSV_CU_DEAD) == LSV_CU_DEAD) return;
    snprintf(no_gpu, sizeof no_gpu, "the GPU failed earlier (%.200s)", reason);
    lsv_cu_memory_forget();
    lsv_cu_kernels_forget();
    lsv_backend_register_gpu(NULL, NULL);
    int lost = lsv_mirror_device_failed(on_lost, lost_context);
    char what[80] = "";
    if (lost)
        snprintf(what, sizeof what, "; %d array%s that had the only copy there %s lost", lost,
                 lost == 1 ? "" : "s", lost == 1 ? "is" : "are");
    lsv_cu_notice("the GPU failed (%s) and is not used any more%s", reason, what);
}

/* After these the context is gone: illegal address, timeout, assertion, the hardware's exceptions (714 to 718), a failed
   launch, memory that cannot be corrected. Others of the same range (no resources, not supported) leave it whole. */
static bool poisons(cu_error code) {
    int n = (int)code;
    return n == CU_ILLEGAL_ADDRESS || n == 702 || n == CU_ASSERT || (n >= 714 && n <= CU_LAUNCH_FAILURE) || n == CU_ECC;
}

static void failed_for_good(cu_error code) {
    char reason[200];
    if (on_worker) {
        atomic_store(&fatal, (int)code);
        return;
    }
    snprintf(reason, sizeof reason, "%s", lsv_cu.cudaGetErrorString(code));
    lsv_cu_die(reason);
}

/* ---- status codes ---- */

lsv_status lsv_cu_rt(cu_error code, const char *what, lsv_error *err) {
    if (!code) return LSV_OK;
    lsv_cu.cudaGetLastError(); /* an error that does not poison stays until it is taken */
    lsv_status status = lsv_fail(err, code == CU_OUT_OF_MEMORY ? LSV_ENOMEM : LSV_ERUNTIME, "%s: %s", what,
                                 lsv_cu.cudaGetErrorString(code));
    if (poisons(code)) failed_for_good(code);
    return status;
}

/* A product or factorisation that fails may be the messenger of an earlier fault. */
static void look_for_fault(void) {
    cu_error code = lsv_cu.cudaStreamSynchronize(lsv_cu_dev.stream);
    lsv_cu.cudaGetLastError();
    if (poisons(code)) failed_for_good(code);
}

lsv_status lsv_cu_bl(cu_blas_status code, const char *what, lsv_error *err) {
    if (!code) return LSV_OK;
    lsv_status status = lsv_fail(err, code == CU_BLAS_ALLOC_FAILED ? LSV_ENOMEM : LSV_ERUNTIME, "%s: %s",
                                 what, lsv_cu.cublasGetStatusName(code));
    look_for_fault();
    return status;
}

lsv_status lsv_cu_so(cu_solver_status code, const char *what, lsv_error *err) {
    static const char *const names[] = {"fine",
                                        "not initialized",
                                        "out of memory",
                                        "invalid value",
                                        "architecture mismatch",
                                        "mapping error",
                                        "execution failed",
                                        "internal error",
                                        "matrix type not supported",
                                        "not supported"};
    if (!code) return LSV_OK;
    bool known = (unsigned)code < sizeof names / sizeof *names;
    lsv_status status = lsv_fail(err, code == CU_SOLVER_ALLOC_FAILED ? LSV_ENOMEM : LSV_ERUNTIME,
                                 "%s: %s (status %d)", what, known ? names[code] : "failed", (int)code);
    look_for_fault();
    return status;
}

/* ---- stages ---- */

static bool accept(char *why, size_t n) {
    int driver = 0, runtime = 0, count = 0;
    lsv_cu.cudaRuntimeGetVersion(&runtime);
    lsv_cu.cudaDriverGetVersion(&driver);
    cu_error code = lsv_cu.cudaGetDeviceCount(&count);
    lsv_cu.cudaGetLastError();
    lsv_cu_dev.info.runtime = runtime, lsv_cu_dev.info.driver = driver;
    if (!code && count > 0) {
        lsv_gpu_info *info = &lsv_cu_dev.info;
        lsv_cu.cudaDeviceGetAttribute(&info->cc_major, CU_CC_MAJOR, 0);
        lsv_cu.cudaDeviceGetAttribute(&info->cc_minor, CU_CC_MINOR, 0);
        lsv_cu.cudaDeviceGetAttribute(&info->multiprocessors, CU_MULTIPROCESSORS, 0);
        lsv_cu.cudaGetLastError();
        lsv_cu_device_name(info->name, sizeof info->name, info->cc_major, info->cc_minor);
        return true;
    }
    if (code == CU_OLD_DRIVER && !driver) snprintf(why, n, "no NVIDIA driver on this machine");
    else if (code == CU_OLD_DRIVER)
        snprintf(why, n,
                 "the NVIDIA driver is too old: it serves CUDA up to %d.%d, and CUDA %d.%d is installed",
                 driver / 1000, driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
    else if (!code || code == CU_NO_DEVICE)
        snprintf(why, n, "no GPU is visible (CUDA_VISIBLE_DEVICES chooses)");
    else snprintf(why, n, "%s", lsv_cu.cudaGetErrorString(code));
    return false;
}

static bool probe_locked(void) {
    if (atomic_load(&state) == LSV_CU_UNKNOWN) {
        bool there = lsv_cu_load_runtime(accept, no_gpu, sizeof no_gpu);
        atomic_store(&state, there ? LSV_CU_FOUND : LSV_CU_NONE);
    }
    int now = atomic_load(&state);
    return now == LSV_CU_FOUND || now == LSV_CU_UP;
}

static void math_down(void) {
    if (lsv_cu_dev.blas) lsv_cu.cublasDestroy_v2(lsv_cu_dev.blas);
    if (lsv_cu_dev.event) lsv_cu.cudaEventDestroy(lsv_cu_dev.event);
    if (lsv_cu_dev.stream) lsv_cu.cudaStreamDestroy(lsv_cu_dev.stream);
    lsv_cu_dev.blas = NULL, lsv_cu_dev.event = NULL, lsv_cu_dev.stream = NULL;
}

static lsv_status math_make(lsv_error *err) {
    lsv_cu_device *d = &lsv_cu_dev;
    CU_RT(cudaSetDevice, (0));
    CU_RT(cudaMemGetInfo, (&d->info.bytes_free, &d->info.bytes_total));
    CU_RT(cudaStreamCreateWithFlags, (&d->stream, CU_NON_BLOCKING));
    CU_RT(cudaEventCreateWithFlags, (&d->event, CU_NO_TIMING));
    LSV_TRY(lsv_cu_memory_start(err));
    CU_BL(cublasCreate_v2, (&d->blas));
    CU_BL(cublasSetStream_v2, (d->blas, d->stream));
    CU_BL(cublasGetVersion_v2, (d->blas, &d->cublas_version));
    return LSV_OK;
}

static lsv_status no(lsv_error *err, const char *why) {
    return lsv_fail(err, LSV_ERUNTIME, "no GPU: %s", why);
}

static lsv_status start_locked(lsv_error *err) {
    if (!probe_locked()) return no(err, no_gpu);
    if (math_failed) return no(err, no_math);
    if (math_up) return LSV_OK;
    lsv_error detail = {0};
    bool good = lsv_cu_load(LSV_CU_BL, no_math, sizeof no_math);
    if (good && math_make(&detail) != LSV_OK) {
        math_down();
        snprintf(no_math, sizeof no_math, "%.380s", detail.message);
        good = false;
    }
    math_failed = !good;
    if (!good) {
        int found = LSV_CU_FOUND;
        snprintf(no_gpu, sizeof no_gpu, "%s", no_math); /* before the state that lets others read it */
        atomic_compare_exchange_strong(&state, &found, LSV_CU_NONE);
        return no(err, no_math);
    }
    math_up = true;
    atomic_store(&state, LSV_CU_UP);
    return LSV_OK;
}

static lsv_status solver_make(lsv_error *err) {
    lsv_cu_device *d = &lsv_cu_dev;
    CU_SO(cusolverDnCreate, (&d->solver));
    CU_SO(cusolverDnSetStream, (d->solver, d->stream));
    CU_SO(cusolverDnCreateParams, (&d->params));
    CU_SO(cusolverGetVersion, (&d->cusolver_version));
    return LSV_OK;
}

static lsv_status start_solver_locked(lsv_error *err) {
    LSV_TRY(start_locked(err));
    if (solver_failed) return lsv_fail(err, LSV_ENOTIMPL, "%s", no_solver);
    if (solver_up) return LSV_OK;
    lsv_error detail = {0};
    bool good = lsv_cu_load(LSV_CU_SO, no_solver, sizeof no_solver);
    if (good && solver_make(&detail) != LSV_OK) {
        if (lsv_cu_dev.params) lsv_cu.cusolverDnDestroyParams(lsv_cu_dev.params);
        if (lsv_cu_dev.solver) lsv_cu.cusolverDnDestroy(lsv_cu_dev.solver);
        lsv_cu_dev.params = NULL, lsv_cu_dev.solver = NULL;
        snprintf(no_solver, sizeof no_solver, "%.380s", detail.message);
        good = false;
    }
    solver_up = good;
    solver_failed = !good;
    return good ? LSV_OK : lsv_fail(err, LSV_ENOTIMPL, "%s", no_solver);
}

/* ---- the stages as others see them ---- */

lsv_cu_state lsv_cu_now(void) { return (lsv_cu_state)atomic_load(&state); }

const char *lsv_cu_why(void) { return no_gpu; }

bool lsv_cu_probe(void) {
    int now = atomic_load(&state);
    if (now != LSV_CU_UNKNOWN) return now == LSV_CU_FOUND || now == LSV_CU_UP;
    pthread_mutex_lock(&stage_lock);
    bool there = probe_locked();
    pthread_mutex_unlock(&stage_lock);
    return there;
}

/* The session's thread alone makes the device known to the others' tables. */
static void adopt(void) {
    if (on_worker || lsv_device || atomic_load(&state) != LSV_CU_UP) return;
    lsv_device = &lsv_cu_routes;
    lsv_backend_register_gpu(&lsv_backend_cuda, NULL);
    lsv_estimate_load();
}

bool lsv_cu_on_worker(bool worker) {
    bool before = on_worker;
    on_worker = worker;
    return before;
}

void lsv_cu_look(void) {
    if (!on_worker && atomic_load(&fatal)) failed_for_good((cu_error)atomic_exchange(&fatal, 0));
}

typedef struct {
    lsv_status (*stage)(lsv_error *);
} stage_call;

static lsv_status run_stage(void *arguments, lsv_error *err) {
    bool before = lsv_cu_on_worker(true);
    pthread_mutex_lock(&stage_lock);
    lsv_status status = ((stage_call *)arguments)->stage(err);
    pthread_mutex_unlock(&stage_lock);
    lsv_cu_on_worker(before);
    return status;
}

/* A stage takes up to a second, here or on the thread that warms the device: as a job, so that it can be
 * walked away from. */
static lsv_status staged(lsv_status (*stage)(lsv_error *), lsv_error *err) {
    lsv_cu_look();
    stage_call c = {stage};
    lsv_job_call job = {
        .run = run_stage, .arguments = &c, .size = sizeof c, .what = "starting the GPU", .guess = 1};
    lsv_status status = on_worker ? run_stage(&c, err) : lsv_job_run(&job, err);
    lsv_cu_look();
    adopt();
    return status;
}

lsv_status lsv_cu_start(lsv_error *err) {
    if (lsv_device && math_up && !atomic_load(&fatal)) return LSV_OK;
    return staged(start_locked, err);
}

lsv_status lsv_cu_start_solver(lsv_error *err) {
    if (lsv_device && solver_up && !atomic_load(&fatal)) return LSV_OK;
    bool said = solver_failed;
    lsv_status status = staged(start_solver_locked, err);
    if (status == LSV_ENOTIMPL && !said) lsv_cu_notice("%s: the GPU does products only", no_solver);
    return status;
}

static long clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long)t.tv_sec * 1000000000L + t.tv_nsec;
}

bool lsv_cu_warming(double *seconds) {
    long since = atomic_load(&warm_since);
    if (!since || atomic_load(&state) >= LSV_CU_UP) return false;
    *seconds = (double)(clock_ns() - since) * 1e-9;
    return true;
}

static void *warm(void *unused) {
    (void)unused;
    on_worker = true;
    lsv_error err;
    if (lsv_cu_probe()) staged(start_solver_locked, &err);
    atomic_store(&warm_since, 0);
    return NULL;
}

void lsv_backend_warm(void) {
    long none = 0;
    int now = atomic_load(&state);
    if (now != LSV_CU_UNKNOWN && now != LSV_CU_FOUND) return;
    if (!atomic_compare_exchange_strong(&warm_since, &none, clock_ns())) return;
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attributes, warm, NULL) != 0) atomic_store(&warm_since, 0);
    pthread_attr_destroy(&attributes);
}

/* ---- waiting ---- */

/* A wait that the user can end: the event is asked for, first without pause, then every tenth of a
 * millisecond. */
lsv_status lsv_cu_wait(lsv_error *err) {
    CU_RT(cudaEventRecord, (lsv_cu_dev.event, lsv_cu_dev.stream));
    for (long turn = 0;; turn++) {
        cu_error code = lsv_cu.cudaEventQuery(lsv_cu_dev.event);
        if (!code) return LSV_OK;
        if (code != CU_NOT_READY) return lsv_cu_rt(code, "waiting for the GPU", err);
        lsv_cu.cudaGetLastError();
        if (turn < 200) continue;
        if (!on_worker) LSV_TRY(lsv_poll(err));
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    }
}

/* ---- what the client asks ---- */

int lsv_gpu_count(const char **why) {
    bool there = lsv_cu_probe();
    if (why) *why = there ? "" : no_gpu;
    return there; /* the first visible device alone is worked on */
}

lsv_status lsv_gpu_open(lsv_error *err) { return lsv_cu_start(err); }

lsv_status lsv_gpu_describe(lsv_gpu_info *out, lsv_error *err) {
    LSV_TRY(lsv_cu_start(err));
    *out = lsv_cu_dev.info;
    CU_RT(cudaMemGetInfo, (&out->bytes_free, &out->bytes_total));
    return LSV_OK;
}

lsv_status lsv_gpu_synchronize(lsv_error *err) {
    if (atomic_load(&state) == LSV_CU_DEAD) return no(err, no_gpu);
    return lsv_device ? lsv_cu_wait(err) : LSV_OK;
}
