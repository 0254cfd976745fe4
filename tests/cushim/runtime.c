/* The runtime: memory behind two mappings, the queue, events, faults. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "cushim.h"

enum { BLOCKS = 4096, GAP = 4096, PINNED = 256 };

static pthread_mutex_t lock;
static char *device_base, *alias_base;
static size_t device_bytes, used_bytes;
static struct {
    size_t from, bytes;
} blocks[BLOCKS]; /* ascending */
static struct {
    char *at;
    size_t bytes;
} pinned[PINNED];
long shim_handles, shim_blocks;
static long calls, operations, pinned_count;
static int sticky, last_error;
static shim_op *first, *last;
static long pushed, executed;

long shim_setting(const char *name, long otherwise) {
    const char *text = getenv(name);
    return text && *text ? strtol(text, NULL, 0) : otherwise;
}

double shim_factor(const char *name, double otherwise) {
    const char *text = getenv(name);
    return text && *text ? strtod(text, NULL) : otherwise;
}

__attribute__((constructor)) static void begin(void) {
    pthread_mutexattr_t recursive;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&lock, &recursive);
    device_bytes = (size_t)shim_setting("CUSHIM_MEM", 1L << 30);
    size_t room = device_bytes * 2 + ((size_t)64 << 20); /* addresses for gaps and holes */
    int file = memfd_create("device", 0);
    if (file < 0 || ftruncate(file, (off_t)room) != 0) abort();
    device_base = mmap(NULL, room, PROT_NONE, MAP_SHARED, file, 0);
    alias_base = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
    close(file);
    if (device_base == MAP_FAILED || alias_base == MAP_FAILED) abort();
}

__attribute__((destructor)) static void end(void) {
    if (!shim_setting("CUSHIM_REPORT", 0)) return;
    shim_run_all();
    fprintf(stderr, "cushim: %ld calls, %ld operations, %ld blocks live, %ld handles live\n", calls, operations, shim_blocks,
            shim_handles);
}

/* ---- faults ---- */

int shim_sticky(void) { return sticky; }

int shim_enter(const char *name, int failure) {
    static long seen_name;
    const char *plan = getenv("CUSHIM_FAIL"), *colon = plan ? strchr(plan, ':') : NULL;
    pthread_mutex_lock(&lock);
    calls++;
    int code = sticky ? failure : 0;
    if (colon) {
        size_t n = (size_t)(colon - plan);
        bool any = strncmp(plan, "any", n) == 0 && n == 3;
        if (any || (strlen(name) >= n && strncmp(plan, name, n) == 0 && (name[n] == '\0' || name[n] == '_')))
            if (++seen_name == strtol(colon + 1, NULL, 10)) code = failure;
    }
    pthread_mutex_unlock(&lock);
    return code;
}

/* Results of runtime calls: the poison comes before everything. */
static int runtime_enter(const char *name, int failure) {
    int code = shim_enter(name, failure);
    if (sticky) return sticky;
    if (code) last_error = code;
    return code;
}
#define ENTER(name, failure)                          \
    do {                                              \
        int enter_code = runtime_enter(#name, failure); \
        if (enter_code) return (cu_error)enter_code;  \
    } while (0)

static cu_error error(int code) {
    last_error = code;
    return (cu_error)code;
}

/* ---- memory ---- */

static long block_count;

static long find(size_t offset) { /* the block that holds it, or -1 */
    long low = 0, high = block_count;
    while (low < high) {
        long middle = (low + high) / 2;
        if (blocks[middle].from <= offset) low = middle + 1;
        else high = middle;
    }
    return low && offset < blocks[low - 1].from + blocks[low - 1].bytes ? low - 1 : -1;
}

void *shim_at(const void *device, size_t bytes) {
    pthread_mutex_lock(&lock);
    size_t offset = (size_t)((const char *)device - device_base);
    long i = device && (const char *)device >= device_base ? find(offset) : -1;
    bool good = i >= 0 && offset + bytes <= blocks[i].from + blocks[i].bytes;
    pthread_mutex_unlock(&lock);
    return good ? alias_base + offset : NULL;
}

int shim_alloc(void **out, size_t bytes) {
    int code = 0;
    size_t need = (bytes + 511) / 512 * 512, from = GAP;
    pthread_mutex_lock(&lock);
    long at = 0;
    for (; at < block_count && blocks[at].from < from + need + GAP; at++) from = blocks[at].from + blocks[at].bytes + GAP;
    if (used_bytes + need > device_bytes || block_count == BLOCKS || from + need > device_bytes * 2) code = CU_OUT_OF_MEMORY;
    else {
        memmove(blocks + at + 1, blocks + at, (size_t)(block_count - at) * sizeof *blocks);
        blocks[at].from = from, blocks[at].bytes = need;
        block_count++, shim_blocks++, used_bytes += need;
        memset(alias_base + from, 0xff, need);
        *out = device_base + from;
    }
    pthread_mutex_unlock(&lock);
    return code;
}

int shim_release(void *device) {
    if (!device) return 0;
    pthread_mutex_lock(&lock);
    size_t offset = (size_t)((char *)device - device_base);
    long i = find(offset);
    bool good = i >= 0 && blocks[i].from == offset;
    if (good) {
        used_bytes -= blocks[i].bytes;
        if (blocks[i].bytes > 1 << 16) madvise(alias_base + blocks[i].from, blocks[i].bytes, MADV_REMOVE);
        else memset(alias_base + blocks[i].from, 0xff, blocks[i].bytes);
        memmove(blocks + i, blocks + i + 1, (size_t)(--block_count - i) * sizeof *blocks);
        shim_blocks--;
    }
    pthread_mutex_unlock(&lock);
    return good ? 0 : CU_INVALID_VALUE;
}

bool shim_pinned(const void *host, size_t bytes) {
    for (int i = 0; i < PINNED; i++)
        if (pinned[i].at && (const char *)host >= pinned[i].at && (const char *)host + bytes <= pinned[i].at + pinned[i].bytes) return true;
    return false;
}

/* ---- the queue ---- */

shim_op *shim_push(bool (*run)(shim_op *op), const void *extra, size_t bytes) {
    shim_op *op = calloc(1, sizeof *op + bytes);
    if (!op) abort();
    op->run = run;
    if (bytes) memcpy(op->extra, extra, bytes);
    pthread_mutex_lock(&lock);
    if (last) last->next = op;
    else first = op;
    last = op;
    pushed++;
    pthread_mutex_unlock(&lock);
    return op;
}

static void execute(shim_op *op) {
    const char *plan = getenv("CUSHIM_FAULT"), *colon = plan ? strchr(plan, ':') : NULL;
    operations++;
    if (colon && operations == strtol(plan, NULL, 10)) sticky = (int)strtol(colon + 1, NULL, 10);
    if (!sticky && !op->run(op)) {
        if (shim_setting("CUSHIM_REPORT", 0)) fprintf(stderr, "cushim: an operation met an illegal address\n");
        sticky = CU_ILLEGAL_ADDRESS;
    }
}

void shim_run_all(void) {
    pthread_mutex_lock(&lock);
    while (first) {
        shim_op *op = first;
        first = op->next;
        if (!first) last = NULL;
        execute(op);
        executed++;
        free(op);
    }
    pthread_mutex_unlock(&lock);
}

/* ---- versions and devices ---- */

API cu_error cudaDriverGetVersion(int *version) {
    *version = (int)shim_setting("CUSHIM_DRIVER", CUSHIM_VERSION);
    return 0;
}
API cu_error cudaRuntimeGetVersion(int *version) {
    *version = CUSHIM_VERSION;
    return 0;
}
API cu_error cudaGetDeviceCount(int *count) {
    ENTER(cudaGetDeviceCount, CU_NO_DEVICE);
    *count = 0;
    if (shim_setting("CUSHIM_DRIVER", CUSHIM_VERSION) < CUSHIM_VERSION) return error(CU_OLD_DRIVER);
    *count = (int)shim_setting("CUSHIM_DEVICES", 1);
    return *count ? 0 : error(CU_NO_DEVICE);
}
API cu_error cudaSetDevice(int device) {
    ENTER(cudaSetDevice, CU_LAUNCH_FAILURE);
    return device ? error(101) : 0;
}
API cu_error cudaDeviceGetAttribute(int *value, cu_attribute attribute, int device) {
    ENTER(cudaDeviceGetAttribute, CU_INVALID_VALUE);
    if (device) return error(101);
    if (attribute == CU_CC_MAJOR) *value = 9;
    else if (attribute == CU_MULTIPROCESSORS) *value = 4;
    else if (attribute == CU_POOLS) *value = (int)shim_setting("CUSHIM_POOLS", 1);
    else *value = 0;
    return 0;
}
API cu_error cudaMemGetInfo(size_t *available, size_t *total) {
    ENTER(cudaMemGetInfo, CU_INVALID_VALUE);
    *available = device_bytes - used_bytes, *total = device_bytes;
    return 0;
}
API cu_error cudaGetLastError(void) {
    int code = sticky ? sticky : last_error;
    last_error = 0;
    return (cu_error)code;
}
API const char *cudaGetErrorName(cu_error code) { return (int)code == CU_OUT_OF_MEMORY ? "cudaErrorMemoryAllocation" : "cudaError"; }
API const char *cudaGetErrorString(cu_error code) {
    switch ((int)code) {
    case 0: return "no error";
    case CU_OUT_OF_MEMORY: return "out of memory";
    case CU_ILLEGAL_ADDRESS: return "an illegal memory access was encountered";
    case CU_LAUNCH_FAILURE: return "unspecified launch failure";
    case CU_NOT_READY: return "device not ready";
    default: return "an error of the test's";
    }
}
/* The driver's two that the name is asked of. */
API int cuDeviceGet(int *device, int ordinal);
API int cuDeviceGet(int *device, int ordinal) {
    *device = ordinal;
    return 0;
}
API int cuDeviceGetName(char *name, int n, int device);
API int cuDeviceGetName(char *name, int n, int device) {
    snprintf(name, (size_t)n, "Test GPU %d", device);
    return 0;
}

/* ---- streams and events ---- */

struct CUstream_st {
    int unused;
};
struct CUevent_st {
    long mark;
    int asked;
};
API cu_error cudaStreamCreateWithFlags(cu_stream *stream, unsigned flags) {
    ENTER(cudaStreamCreateWithFlags, CU_OUT_OF_MEMORY);
    if (flags != CU_NON_BLOCKING) return error(CU_INVALID_VALUE);
    *stream = (cu_stream)calloc(1, sizeof(struct CUstream_st));
    shim_handles++;
    return 0;
}
API cu_error cudaStreamDestroy(cu_stream stream) {
    shim_run_all();
    free(stream);
    shim_handles--;
    return 0;
}
API cu_error cudaStreamSynchronize(cu_stream stream) {
    (void)stream;
    shim_run_all();
    return (cu_error)sticky;
}
API cu_error cudaEventCreateWithFlags(cu_event *event, unsigned flags) {
    (void)flags;
    ENTER(cudaEventCreateWithFlags, CU_OUT_OF_MEMORY);
    *event = (cu_event)calloc(1, sizeof(struct CUevent_st));
    shim_handles++;
    return 0;
}
API cu_error cudaEventDestroy(cu_event event) {
    free(event);
    shim_handles--;
    return 0;
}
API cu_error cudaEventRecord(cu_event event, cu_stream stream) {
    ENTER(cudaEventRecord, CU_INVALID_VALUE);
    if (!stream) return error(CU_INVALID_VALUE); /* the legacy stream is never meant */
    pthread_mutex_lock(&lock);
    event->mark = pushed, event->asked = 0;
    pthread_mutex_unlock(&lock);
    return 0;
}
API cu_error cudaEventQuery(cu_event event) {
    pthread_mutex_lock(&lock);
    bool done = executed >= event->mark;
    if (!done && ++event->asked > 2) shim_run_all(), done = true;
    pthread_mutex_unlock(&lock);
    if (sticky) return (cu_error)sticky;
    return done ? 0 : error(CU_NOT_READY);
}

/* ---- allocation ---- */

API cu_error cudaMalloc(void **device, size_t bytes) {
    ENTER(cudaMalloc, CU_OUT_OF_MEMORY);
    int code = shim_alloc(device, bytes);
    return code ? error(code) : 0;
}
API cu_error cudaFree(void *device) {
    shim_run_all();
    if (sticky) return (cu_error)sticky;
    int code = shim_release(device);
    return code ? error(code) : 0;
}
API cu_error cudaMallocAsync(void **device, size_t bytes, cu_stream stream) {
    (void)stream;
    ENTER(cudaMallocAsync, CU_OUT_OF_MEMORY);
    int code = shim_alloc(device, bytes);
    return code ? error(code) : 0;
}
static bool free_later(shim_op *op) { return shim_release(op->p[0]) == 0; }
API cu_error cudaFreeAsync(void *device, cu_stream stream) {
    (void)stream;
    if (sticky) return (cu_error)sticky;
    if (!shim_at(device, 1)) return error(CU_INVALID_VALUE);
    shim_push(free_later, NULL, 0)->p[0] = device;
    return 0;
}
API cu_error cudaMallocHost(void **host, size_t bytes) {
    ENTER(cudaMallocHost, CU_OUT_OF_MEMORY);
    for (int i = 0; i < PINNED; i++)
        if (!pinned[i].at) {
            if (!(*host = malloc(bytes ? bytes : 1))) return error(CU_OUT_OF_MEMORY);
            pinned[i].at = *host, pinned[i].bytes = bytes;
            pinned_count++;
            return 0;
        }
    return error(CU_OUT_OF_MEMORY);
}
API cu_error cudaFreeHost(void *host) {
    shim_run_all();
    for (int i = 0; i < PINNED; i++)
        if (pinned[i].at == host) pinned[i].at = NULL, pinned_count--;
    free(host);
    return 0;
}
API cu_error cudaDeviceGetDefaultMemPool(cu_pool *pool, int device) {
    ENTER(cudaDeviceGetDefaultMemPool, CU_INVALID_VALUE);
    if (device) return error(101);
    *pool = (cu_pool)(void *)&device_bytes;
    return 0;
}
API cu_error cudaMemPoolSetAttribute(cu_pool pool, cu_pool_attribute attribute, void *value) {
    (void)value;
    ENTER(cudaMemPoolSetAttribute, CU_INVALID_VALUE);
    return pool && attribute == CU_RELEASE_THRESHOLD ? 0 : error(CU_INVALID_VALUE);
}
API cu_error cudaMemPoolTrimTo(cu_pool pool, size_t keep) {
    (void)pool, (void)keep;
    return (cu_error)sticky;
}

/* ---- copies ---- */

static bool copy_up(shim_op *op) {
    void *to = shim_at(op->p[0], (size_t)op->i[0]);
    if (to) memcpy(to, op->p[1] ? op->p[1] : op->extra, (size_t)op->i[0]);
    return to;
}
static bool copy_down(shim_op *op) {
    void *from = shim_at(op->p[1], (size_t)op->i[0]);
    if (from) memcpy(op->p[0], from, (size_t)op->i[0]);
    return from;
}
static bool copy_within(shim_op *op) {
    void *to = shim_at(op->p[0], (size_t)op->i[0]), *from = shim_at(op->p[1], (size_t)op->i[0]);
    if (to && from) memmove(to, from, (size_t)op->i[0]);
    return to && from;
}
API cu_error cudaMemcpyAsync(void *to, const void *from, size_t bytes, cu_copy_kind kind, cu_stream stream) {
    ENTER(cudaMemcpyAsync, CU_INVALID_VALUE);
    if (!stream) return error(CU_INVALID_VALUE);
    bool up = kind == CU_TO_DEVICE, down = kind == CU_TO_HOST, late = up ? shim_pinned(from, bytes) : shim_pinned(to, bytes);
    /* from pageable memory the runtime takes its own copy at once; into it, it waits */
    shim_op *op = up   ? shim_push(copy_up, from, late ? 0 : bytes)
                  : down ? shim_push(copy_down, NULL, 0)
                         : shim_push(copy_within, NULL, 0);
    op->p[0] = to, op->p[1] = up && !late ? NULL : (void *)(uintptr_t)from, op->i[0] = (long)bytes;
    if (down && !late) shim_run_all();
    return (cu_error)sticky;
}
static bool set_bytes(shim_op *op) {
    void *to = shim_at(op->p[0], (size_t)op->i[1]);
    if (to) memset(to, (int)op->i[0], (size_t)op->i[1]);
    return to;
}
API cu_error cudaMemsetAsync(void *device, int value, size_t bytes, cu_stream stream) {
    (void)stream;
    ENTER(cudaMemsetAsync, CU_INVALID_VALUE);
    shim_op *op = shim_push(set_bytes, NULL, 0);
    op->p[0] = device, op->i[0] = value, op->i[1] = (long)bytes;
    return 0;
}
