/* Device memory and copies.

   Memory comes from CUDA's stream-ordered pool where the device has one, kept rather than given back; else
   from cudaMalloc behind a small cache. A block's size is remembered in a table here, for the accounts and
   the cache. Copies go through a ring of pinned buffers: a chunk is in flight while the next is moved by the
   processor. Where pinned memory cannot be had, ordinary memory serves.

   Short of memory, in this order: wait and trim the pool; give back device copies that the host has too,
   oldest first; copy others to the host and give those back; say so. */
#include <pthread.h>
#include <string.h>
#include <time.h>
#include "array/mirror.h"
#include "backend/cuda/inside.h"
#include "backend/cpu/workers.h"
#include "base/alloc.h"
#include "base/interrupt.h"

enum { RING = 3, CACHE = 16, COPY_THREADS_FROM = 4 << 20 };
enum { SPINS = 1000 }; /* about a millisecond: an iteration's small copies come after a product, and a sleep would cost more */
static const size_t chunk_bytes = (size_t)16 << 20;

typedef struct {
    void *at;
    size_t bytes;
} block;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static block *blocks; /* in use: unordered */
static int count, room;
static block cache[CACHE];
static int cached;
static void **deferred; /* freed while a stopped factorisation may still use them */
static int deferred_count, deferred_room;
static size_t used, kept, most;
static bool dead;

static struct {
    char *at;
    cu_event done;
    bool pinned, flying;
} ring[RING];
static int ring_next;
static size_t ring_bytes;
static size_t moved_up, moved_down;

size_t lsv_cu_copied_up(void) { return moved_up; }
size_t lsv_cu_copied_down(void) { return moved_down; }

/* ---- accounts ---- */

static bool remember(void *at, size_t bytes) {
    if (count == room) {
        int more = room ? 2 * room : 64;
        block *grown = lsv_realloc(blocks, (size_t)more * sizeof *blocks);
        if (!grown) return false;
        blocks = grown, room = more;
    }
    blocks[count++] = (block){at, bytes};
    used += bytes;
    if (used > most) most = used;
    return true;
}

static size_t forget(void *at) {
    for (int i = count; i-- > 0;) { /* most recent first: scratch memory goes soon */
        if (blocks[i].at != at) continue;
        size_t bytes = blocks[i].bytes;
        blocks[i] = blocks[--count];
        used -= bytes;
        if (!count) {
            lsv_free(blocks);
            blocks = NULL, room = 0;
        }
        return bytes;
    }
    return 0;
}

void lsv_gpu_memory(size_t *in_use, size_t *held, size_t *peak) {
    pthread_mutex_lock(&lock);
    *in_use = used, *held = used + kept, *peak = most;
    pthread_mutex_unlock(&lock);
}

/* ---- blocks ---- */

static void *cache_take(size_t bytes, size_t *got) {
    int best = -1;
    for (int i = 0; i < cached; i++)
        if (cache[i].bytes >= bytes && cache[i].bytes - bytes <= bytes / 4 &&
            (best < 0 || cache[i].bytes < cache[best].bytes))
            best = i;
    if (best < 0) return NULL;
    void *at = cache[best].at;
    *got = cache[best].bytes;
    kept -= *got;
    cache[best] = cache[--cached];
    return at;
}

static void cache_empty(void) {
    while (cached) {
        lsv_cu.cudaFree(cache[--cached].at);
        kept -= cache[cached].bytes;
    }
}

static void trim(void) {
    lsv_cu.cudaStreamSynchronize(lsv_cu_dev.stream);
    lsv_cu.cudaGetLastError();
    cache_empty();
    if (lsv_cu_dev.pool && lsv_cu.cudaMemPoolTrimTo) lsv_cu.cudaMemPoolTrimTo(lsv_cu_dev.pool, 0);
}

static cu_error take(size_t bytes, void **out) {
    size_t got = bytes;
    void *at = NULL;
    cu_error code = 0;
    if (lsv_cu_dev.pool) code = lsv_cu.cudaMallocAsync(&at, bytes, lsv_cu_dev.stream);
    else if (!(at = cache_take(bytes, &got))) code = lsv_cu.cudaMalloc(&at, bytes);
    if (code) return code;
    if (!remember(at, got)) {
        lsv_cu.cudaFree(at);
        return CU_OUT_OF_MEMORY;
    }
    *out = at;
    return 0;
}

static cu_error locked_take(size_t bytes, void **out, bool trim_first) {
    pthread_mutex_lock(&lock);
    if (trim_first) trim();
    cu_error code = take(bytes, out);
    pthread_mutex_unlock(&lock);
    return code;
}

lsv_status lsv_cu_alloc(size_t bytes, void **out, lsv_error *err) {
    bytes = (bytes + 511) / 512 * 512;
    if (!bytes) bytes = 512;
    cu_error code = CU_OUT_OF_MEMORY;
    for (int rung = 0; rung < 4 && code == CU_OUT_OF_MEMORY; rung++) {
        if (rung >= 2 && !lsv_mirror_give_back(bytes, rung == 3)) continue;
        if (rung) lsv_cu.cudaGetLastError();
        code = locked_take(bytes, out, rung > 0);
        if (lsv_cu_now() == LSV_CU_DEAD) break; /* spilling may have found the device gone */
    }
    if (code != CU_OUT_OF_MEMORY) return lsv_cu_rt(code, "device memory", err);
    size_t available = 0, total = 0;
    lsv_cu.cudaGetLastError();
    lsv_cu.cudaMemGetInfo(&available, &total);
    return lsv_fail(err, LSV_ENOMEM, "out of memory there: %.1f MiB wanted, %.1f of %.1f free",
                    (double)bytes / 0x1p20, (double)available / 0x1p20, (double)total / 0x1p20);
}

static void give(void *device) {
    size_t bytes = forget(device);
    if (dead) return;
    if (lsv_cu_dev.pool) {
        lsv_cu.cudaFreeAsync(device, lsv_cu_dev.stream);
    } else if (bytes && cached < CACHE) { /* work queued on it comes before whatever uses it next */
        cache[cached++] = (block){device, bytes};
        kept += bytes;
    } else {
        lsv_cu.cudaFree(device);
    }
}

static bool defer(void *device) {
    if (deferred_count == deferred_room) {
        int more = deferred_room ? 2 * deferred_room : 16;
        void **grown = lsv_realloc(deferred, (size_t)more * sizeof *deferred);
        if (!grown) return false;
        deferred = grown, deferred_room = more;
    }
    deferred[deferred_count++] = device;
    return true;
}

/* A stopped solver call goes on queueing work on its operands: until it ends nothing is given back (what
   cannot even be noted down is left to the process's end). */
void lsv_cu_free(void *device) {
    if (!device) return;
    pthread_mutex_lock(&lock);
    if (atomic_load(&lsv_cu_busy)) defer(device);
    else give(device);
    pthread_mutex_unlock(&lock);
}

void lsv_cu_free_deferred(void) {
    pthread_mutex_lock(&lock);
    while (deferred_count) give(deferred[--deferred_count]);
    lsv_free(deferred);
    deferred = NULL, deferred_room = 0;
    pthread_mutex_unlock(&lock);
}

/* ---- the ring ---- */

static void ring_give(int i) {
    if (ring[i].done) lsv_cu.cudaEventDestroy(ring[i].done);
    if (ring[i].pinned) lsv_cu.cudaFreeHost(ring[i].at);
    else lsv_free(ring[i].at);
    ring[i].at = NULL, ring[i].done = NULL, ring[i].flying = false;
}

static lsv_status ring_ready(lsv_error *err) {
    if (ring_bytes) return LSV_OK;
    size_t bytes = chunk_bytes;
    for (int i = 0; i < RING; i++) {
        void *at = NULL;
        ring[i].pinned = lsv_cu.cudaMallocHost(&at, bytes) == 0;
        if (!ring[i].pinned) {
            lsv_cu.cudaGetLastError();
            at = lsv_malloc(bytes);
        }
        ring[i].at = at;
        lsv_status status = at ? lsv_cu_rt(lsv_cu.cudaEventCreateWithFlags(&ring[i].done, CU_NO_TIMING),
                                           "a staging buffer", err)
                               : lsv_no_memory(err, bytes);
        if (status == LSV_OK) continue;
        for (; i >= 0; i--) ring_give(i);
        return status;
    }
    ring_bytes = bytes;
    return LSV_OK;
}

/* The staging buffers go too; nothing is in flight after the wait. */
void lsv_gpu_trim(void) {
    if (lsv_cu_now() != LSV_CU_UP) return;
    pthread_mutex_lock(&lock);
    trim();
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < RING && ring_bytes; i++) ring_give(i);
    ring_bytes = 0;
}

static lsv_status ring_wait(int i, lsv_error *err) {
    int turns = 0;
    while (ring[i].flying) {
        cu_error code = lsv_cu.cudaEventQuery(ring[i].done);
        if (!code) ring[i].flying = false;
        else if (code != CU_NOT_READY) return lsv_cu_rt(code, "a copy", err);
        else {
            lsv_cu.cudaGetLastError();
            LSV_TRY(lsv_poll(err));
            if (++turns > SPINS) nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
        }
    }
    return LSV_OK;
}

/* ---- moving rows with several threads ---- */

typedef struct {
    char *to;
    const char *from;
    size_t to_pitch, from_pitch, width, rows;
} rows_job;

static void move_part(void *context, int id, int parts) {
    rows_job *j = context;
    if (j->to_pitch == j->width && j->from_pitch == j->width) {
        size_t bytes = j->width * j->rows, from = bytes / (size_t)parts * (size_t)id;
        size_t to = id == parts - 1 ? bytes : bytes / (size_t)parts * (size_t)(id + 1);
        memcpy(j->to + from, j->from + from, to - from);
        return;
    }
    size_t first = j->rows * (size_t)id / (size_t)parts, last = j->rows * (size_t)(id + 1) / (size_t)parts;
    for (size_t i = first; i < last; i++)
        memcpy(j->to + i * j->to_pitch, j->from + i * j->from_pitch, j->width);
}

static void move_rows(rows_job j) {
    lsv_workers_run(j.width * j.rows >= COPY_THREADS_FROM ? lsv_workers() : 1, move_part, &j);
}

/* ---- copies ---- */

/* A copy is a run of pieces, each of whole rows that fit a buffer, or of a part of one row. */
typedef struct {
    size_t row, offset, rows, width; /* offset, width: within the row */
} piece;

static bool next_piece(piece *p, size_t width, size_t rows) {
    p->offset += p->width;
    if (p->offset >= width || !p->width) {
        p->row += p->rows;
        p->offset = 0;
    }
    if (p->row >= rows) return false;
    if (width > ring_bytes) {
        p->rows = 1;
        p->width = width - p->offset < ring_bytes ? width - p->offset : ring_bytes;
    } else {
        size_t fit = ring_bytes / width;
        p->rows = rows - p->row < fit ? rows - p->row : fit;
        p->width = width;
    }
    return true;
}

/* Rows of a piece on the device: one copy when they are dense, else one for each. */
static lsv_status queue_rows(int slot, char *device, size_t device_pitch, const piece *p, bool up,
                             lsv_error *err) {
    bool dense = device_pitch == p->width || p->rows == 1;
    size_t pieces = dense ? 1 : p->rows, bytes = dense ? p->rows * p->width : p->width;
    for (size_t i = 0; i < pieces; i++) {
        char *there = device + p->row * device_pitch + p->offset + i * device_pitch,
             *here = ring[slot].at + i * p->width;
        CU_RT(cudaMemcpyAsync, (up ? there : here, up ? here : there, bytes, up ? CU_TO_DEVICE : CU_TO_HOST,
                                lsv_cu_dev.stream));
    }
    CU_RT(cudaEventRecord, (ring[slot].done, lsv_cu_dev.stream));
    return LSV_OK;
}

/* A buffer whose event could not be recorded would be taken again while a copy still uses it: that copy is
 * waited for. */
static lsv_status fly(int slot, char *device, size_t device_pitch, const piece *p, bool up, lsv_error *err) {
    lsv_status status = queue_rows(slot, device, device_pitch, p, up, err);
    ring[slot].flying = status == LSV_OK;
    if (status != LSV_OK) lsv_cu.cudaStreamSynchronize(lsv_cu_dev.stream);
    return status;
}

/* The whole of it as one row where nothing lies between the rows. */
static void flatten(size_t *width, size_t *rows, size_t *a, size_t *b) {
    if (!*b) *b = *width;
    if (*a != *width || *b != *width) return;
    *width *= *rows;
    *rows = 1;
    *a = *b = *width;
}

lsv_status lsv_cu_upload(void *device, size_t device_pitch, const void *host, size_t pitch, size_t width,
                         size_t rows, lsv_error *err) {
    if (!width || !rows) return LSV_OK;
    LSV_TRY(ring_ready(err));
    flatten(&width, &rows, &pitch, &device_pitch);
    piece p = {0};
    while (next_piece(&p, width, rows)) {
        int slot = ring_next++ % RING;
        LSV_TRY(ring_wait(slot, err));
        LSV_TRY(lsv_poll(err));
        move_rows((rows_job){ring[slot].at, (const char *)host + p.row * pitch + p.offset, p.width, pitch,
                             p.width, p.rows});
        LSV_TRY(fly(slot, device, device_pitch, &p, true, err));
        moved_up += p.width * p.rows;
    }
    return LSV_OK;
}

/* One piece is on its way while the one before is moved out. */
lsv_status lsv_cu_download(void *host, size_t pitch, const void *device, size_t device_pitch, size_t width,
                           size_t rows, lsv_error *err) {
    if (!width || !rows) return LSV_OK;
    LSV_TRY(ring_ready(err));
    flatten(&width, &rows, &pitch, &device_pitch);
    piece p = {0}, before = {0};
    int last = -1;
    bool more = true;
    while (more || last >= 0) {
        int slot = -1;
        if (more && (more = next_piece(&p, width, rows))) {
            slot = ring_next++ % RING;
            LSV_TRY(ring_wait(slot, err));
            LSV_TRY(fly(slot, (char *)(uintptr_t)device, device_pitch, &p, false, err));
        }
        if (last >= 0) {
            LSV_TRY(lsv_poll(err));
            LSV_TRY(ring_wait(last, err));
            move_rows((rows_job){(char *)host + before.row * pitch + before.offset, ring[last].at, pitch,
                                 before.width, before.width, before.rows});
            moved_down += before.width * before.rows;
        }
        last = slot;
        before = p;
    }
    return LSV_OK;
}

/* ---- life ---- */

lsv_status lsv_cu_memory_start(lsv_error *err) {
    int pools = 0;
    CU_RT(cudaDeviceGetAttribute, (&pools, CU_POOLS, 0));
    bool all = lsv_cu.cudaMallocAsync && lsv_cu.cudaFreeAsync && lsv_cu.cudaDeviceGetDefaultMemPool &&
               lsv_cu.cudaMemPoolSetAttribute;
    lsv_cu_dev.pool = NULL;
    if (!pools || !all) return LSV_OK;
    uint64_t keep = UINT64_MAX;
    CU_RT(cudaDeviceGetDefaultMemPool, (&lsv_cu_dev.pool, 0));
    CU_RT(cudaMemPoolSetAttribute, (lsv_cu_dev.pool, CU_RELEASE_THRESHOLD, &keep));
    return LSV_OK;
}

/* Addresses of a dead context mean nothing; pinned buffers are left to the process's end. */
void lsv_cu_memory_forget(void) {
    pthread_mutex_lock(&lock);
    dead = true;
    cached = 0, kept = 0, used = 0, count = 0, room = 0;
    lsv_free(blocks);
    blocks = NULL;
    pthread_mutex_unlock(&lock);
}
