/* Memory.

   Below LARGE bytes a block is malloc's. From LARGE on it is a mapping of its own: fresh
   pages are zero already (lsv_calloc costs nothing until they are touched), they may be huge
   pages, and a freed one goes to a pool instead of back to the kernel, since handing out and
   clearing pages costs more than most element-wise operations on them.

   A large block is found again by its address in a table under the pool's mutex. To spare
   small blocks the look-up: large blocks start on a page, so an address that does not is
   malloc's. Under the address sanitizer everything is malloc's.

   Counters are atomic, since workers allocate too; those of the session's own free lists are
   plain (see lsv_pooled_take).

   Bytes in use are counted only while a limit is set, by the size of each block as handed out and
   given back; what was there when the limit was set is asked of malloc once. */
#include "base/alloc.h"
#include "base/hold.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE ((size_t)1 << 20)
#define PAGE ((size_t)4096)
#define HUGE_PAGE ((size_t)2 << 20)
#define ALIGNED_FROM ((size_t)256)
#define ALIGNMENT ((size_t)64)
/* Nobody has more; and the address sanitizer stops a program that asks. */
#define MOST ((size_t)1 << (LSV_NO_POOLS ? 39 : 47))
#define POOL_BLOCKS 8
#define POOL_BYTES ((size_t)512 << 20)

typedef struct large_block {
    void *at;
    size_t bytes; /* of the whole mapping */
} large_block;

static atomic_long count, live, countdown;
long lsv_pooled_taken, lsv_pooled_given;
volatile int lsv_alloc_armed;

static volatile size_t limit; /* 0: none */
static atomic_long in_use;    /* bytes; meaningful while there is a limit */

bool lsv_alloc_spare(void) {
    if (atomic_fetch_sub(&countdown, 1) != 1) return true;
    lsv_alloc_armed = 0;
    return false;
}

void lsv_alloc_fail_at(long k) {
    atomic_store(&countdown, k);
    lsv_alloc_armed = k > 0;
}

long lsv_alloc_count(void) { return atomic_load(&count) + lsv_pooled_taken; }
long lsv_alloc_live(void) { return atomic_load(&live) + lsv_pooled_taken - lsv_pooled_given; }

/* ---- large blocks: an open-addressed table of those in use, and the pool of free ones ---- */

static pthread_mutex_t large_lock = PTHREAD_MUTEX_INITIALIZER;
static large_block *table; /* at == NULL: free slot; linear probing */
static size_t table_size, table_used;
static large_block pool[POOL_BLOCKS]; /* oldest first */
static int pool_count;
static size_t pool_bytes;

static size_t table_home(const void *at) {
    return (size_t)(((uintptr_t)at / PAGE * UINT64_C(0x9E3779B97F4A7C15)) >> 20) & (table_size - 1);
}

static void table_put(large_block b) {
    size_t i = table_home(b.at);
    while (table[i].at) i = (i + 1) & (table_size - 1);
    table[i] = b;
    table_used++;
}

/* Room for one more: at most half full. */
static bool table_reserve(void) {
    if (table_used * 2 < table_size) return true;
    size_t old_size = table_size;
    large_block *old = table, *grown = calloc(old_size ? old_size * 2 : 64, sizeof *grown);
    if (!grown) return false;
    table = grown;
    table_size = old_size ? old_size * 2 : 64;
    table_used = 0;
    for (size_t i = 0; i < old_size; i++)
        if (old[i].at) table_put(old[i]);
    free(old);
    return true;
}

static large_block *table_find(const void *at) {
    if (!table_used) return NULL;
    for (size_t i = table_home(at); table[i].at; i = (i + 1) & (table_size - 1))
        if (table[i].at == at) return &table[i];
    return NULL;
}

/* Remove a slot and move up those that its presence had pushed further. */
static void table_remove(large_block *slot) {
    size_t hole = (size_t)(slot - table), mask = table_size - 1;
    for (size_t i = (hole + 1) & mask; table[i].at; i = (i + 1) & mask) {
        size_t home = table_home(table[i].at);
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            table[hole] = table[i];
            hole = i;
        }
    }
    table[hole].at = NULL;
    table_used--;
}

static void pool_remove(int i) {
    pool_bytes -= pool[i].bytes;
    memmove(&pool[i], &pool[i + 1], (size_t)(--pool_count - i) * sizeof *pool);
}

/* The best fit among the free blocks that wastes less than a quarter. */
static bool pool_take(size_t bytes, large_block *out) {
    int best = -1;
    for (int i = 0; i < pool_count; i++)
        if (pool[i].bytes >= bytes && pool[i].bytes - bytes <= bytes / 4 &&
            (best < 0 || pool[i].bytes < pool[best].bytes))
            best = i;
    if (best < 0) return false;
    *out = pool[best];
    pool_remove(best);
    return true;
}

static void pool_give(large_block b) {
    if (b.bytes > POOL_BYTES) {
        munmap(b.at, b.bytes);
        return;
    }
    while (pool_count == POOL_BLOCKS || pool_bytes + b.bytes > POOL_BYTES) {
        munmap(pool[0].at, pool[0].bytes);
        pool_remove(0);
    }
    pool[pool_count++] = b;
    pool_bytes += b.bytes;
}

void lsv_alloc_trim(void) {
    pthread_mutex_lock(&large_lock);
    while (pool_count) {
        munmap(pool[pool_count - 1].at, pool[pool_count - 1].bytes);
        pool_remove(pool_count - 1);
    }
    pthread_mutex_unlock(&large_lock);
}

/* A fresh mapping; from a huge page's size on it starts on a huge page. */
static bool map_block(size_t bytes, large_block *out) {
    size_t align = bytes >= HUGE_PAGE ? HUGE_PAGE : PAGE, ask = bytes + (align - PAGE);
    char *at = mmap(NULL, ask, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return false;
    size_t skip = (align - (uintptr_t)at % align) % align;
    if (skip) munmap(at, skip);
    if (ask - skip > bytes) munmap(at + skip + bytes, ask - skip - bytes);
    *out = (large_block){at + skip, bytes};
#ifdef MADV_HUGEPAGE
    if (bytes >= HUGE_PAGE) madvise(out->at, bytes, MADV_HUGEPAGE);
#endif
    return true;
}

static void *large_take(size_t bytes, bool zero) {
    if (bytes > (size_t)PTRDIFF_MAX - HUGE_PAGE * 2) return NULL;
    size_t unit = bytes >= HUGE_PAGE * 4 ? HUGE_PAGE : PAGE * 16;
    size_t asked = bytes;
    bytes = (bytes + unit - 1) / unit * unit;
    large_block b = {0};
    pthread_mutex_lock(&large_lock);
    bool room = table_reserve(), pooled = room && pool_take(bytes, &b);
    bool mapped = room && (pooled || map_block(bytes, &b));
    if (mapped) table_put(b);
    pthread_mutex_unlock(&large_lock);
    if (mapped && pooled && zero) memset(b.at, 0, asked);
    return b.at;
}

/* Usable bytes of a large block, 0 if `at` is none; frees it too when asked. */
static size_t large_find(void *at, bool release) {
    if (LSV_NO_POOLS || (uintptr_t)at % PAGE != 0) return 0;
    pthread_mutex_lock(&large_lock);
    large_block *slot = table_find(at);
    size_t bytes = slot ? slot->bytes : 0;
    if (slot && release) {
        large_block b = *slot;
        table_remove(slot);
        pool_give(b);
    }
    pthread_mutex_unlock(&large_lock);
    return bytes;
}

/* ---- the limit ---- */

static size_t block_bytes(void *block) {
    size_t bytes = large_find(block, false);
    return bytes ? bytes : malloc_usable_size(block);
}

static bool within_limit(size_t bytes) {
    long now = atomic_load(&in_use);
    return bytes <= limit && (now <= 0 || (size_t)now <= limit - bytes);
}

void lsv_alloc_limit(size_t bytes) {
    limit = 0;
    if (!bytes) return;
    size_t before = 0;
    pthread_mutex_lock(&large_lock);
    for (size_t i = 0; i < table_size; i++)
        if (table[i].at) before += table[i].bytes;
    pthread_mutex_unlock(&large_lock);
    struct mallinfo2 small = mallinfo2();
    atomic_store(&in_use, (long)(before + small.uordblks + small.hblkhd));
    limit = bytes;
}

/* ---- the interface ---- */

static void *take(size_t bytes, bool zero) {
    if (bytes > MOST) return NULL;
    if (__builtin_expect(limit != 0, 0) && !within_limit(bytes)) return NULL;
    if (__builtin_expect(lsv_alloc_armed, 0) && !lsv_alloc_spare()) return NULL;
    void *block = NULL;
    if (!LSV_NO_POOLS && bytes >= LARGE) {
        block = large_take(bytes, zero);
    } else if (bytes < ALIGNED_FROM) {
        block = zero ? calloc(1, bytes ? bytes : 1) : malloc(bytes ? bytes : 1);
    } else if (bytes <= (size_t)PTRDIFF_MAX - ALIGNMENT) {
        block = aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT - 1) & ~(ALIGNMENT - 1));
        if (block && zero) memset(block, 0, bytes);
    }
    if (!block) return NULL;
    if (__builtin_expect(limit != 0, 0)) atomic_fetch_add(&in_use, (long)block_bytes(block));
    atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
    return block;
}

void *lsv_malloc(size_t bytes) { return take(bytes, false); }

void *lsv_calloc(size_t n, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) return NULL;
    return take(bytes, true);
}

/* Also what an ended hold does with the blocks that were freed meanwhile. */
static void give(void *block, size_t bytes) {
    (void)bytes;
    if (__builtin_expect(limit != 0, 0)) atomic_fetch_sub(&in_use, (long)block_bytes(block));
    atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
    if (!large_find(block, true)) free(block);
}

void lsv_free(void *block) {
    if (!block) return;
    bool held = __builtin_expect(atomic_load_explicit(&lsv_holds, memory_order_relaxed) != 0, 0);
    if (held && lsv_hold_defer(block, block_bytes(block), give)) return;
    give(block, 0);
}

void *lsv_realloc(void *block, size_t bytes) {
    if (!block) return lsv_malloc(bytes);
    size_t old = large_find(block, false);
    if (!old) old = malloc_usable_size(block);
    if (old < ALIGNED_FROM && bytes < ALIGNED_FROM) {
        if (__builtin_expect(lsv_alloc_armed, 0) && !lsv_alloc_spare()) return NULL;
        if (__builtin_expect(limit != 0, 0) && !within_limit(bytes)) return NULL;
        void *small = realloc(block, bytes ? bytes : 1);
        if (!small) return NULL;
        atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
        if (__builtin_expect(limit != 0, 0)) atomic_fetch_add(&in_use, (long)malloc_usable_size(small) - (long)old);
        return small;
    }
    void *moved = lsv_malloc(bytes);
    if (!moved) return NULL;
    memcpy(moved, block, old < bytes ? old : bytes);
    lsv_free(block);
    return moved;
}

char *lsv_strdup(const char *text) {
    size_t n = strlen(text) + 1;
    char *copy = lsv_malloc(n);
    if (copy) memcpy(copy, text, n);
    return copy;
}

bool lsv_mul_size(ptrdiff_t a, ptrdiff_t b, ptrdiff_t *out) {
    ptrdiff_t product;
    if (__builtin_mul_overflow(a, b, &product)) return false;
    *out = product;
    return true;
}

bool lsv_add_size(ptrdiff_t a, ptrdiff_t b, ptrdiff_t *out) {
    ptrdiff_t sum;
    if (__builtin_add_overflow(a, b, &sum)) return false;
    *out = sum;
    return true;
}

/* "8.0 GiB" */
static const char *bytes_text(size_t bytes, char *out, size_t room) {
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double x = (double)bytes;
    int u = 0;
    while (x >= 1024 && u < 6) x /= 1024, u++;
    snprintf(out, room, "%.*f %s", u ? 1 : 0, x, units[u]);
    return out;
}

lsv_status lsv_no_memory(lsv_error *err, size_t bytes) {
    char asked[40], most[40], used[40], why[160] = "";
    long now = atomic_load(&in_use);
    if (limit)
        snprintf(why, sizeof why, "%s the limit is %s, and %s are in use", bytes ? ";" : ":",
                 bytes_text(limit, most, sizeof most), bytes_text(now > 0 ? (size_t)now : 0, used, sizeof used));
    if (!bytes) return lsv_fail(err, LSV_ENOMEM, "out of memory%s", why);
    return lsv_fail(err, LSV_ENOMEM, "out of memory: %s asked for%s", bytes_text(bytes, asked, sizeof asked), why);
}
