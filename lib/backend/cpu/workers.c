/* A few threads that sleep until there is a round of work.

   One atomic word, the ticket, holds the number of the round and the next part of it to be done. Whoever is
   awake, caller included, draws parts by counting it up, so a part waits for nobody who is asleep: on a
   busy machine the caller does most of them alone. Who has drawn a part of a round is waited for, so the work's
   description stays in place for as long as anybody reads it; who comes late draws nothing. Waiting begins with
   a short spin, since the pieces of one iteration follow each other within microseconds, and goes on
   asleep. Workers block all signals: an interrupt belongs to the thread that reads the keyboard. */
#include "backend/cpu/workers.h"
#include <cblas.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MOST = 64, SPINS = 2000, PART_BITS = 16 };
#define PART_MASK (((uint64_t)1 << PART_BITS) - 1)

static pthread_mutex_t owner = PTHREAD_MUTEX_INITIALIZER; /* held by whoever has the workers */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t start = PTHREAD_COND_INITIALIZER, finished = PTHREAD_COND_INITIALIZER;
static _Atomic uint64_t ticket = PART_MASK; /* round << PART_BITS | next part; no part to start with */
static atomic_int done;
static int count; /* threads besides the caller's; set once, before the first round */
static struct {
    void (*part)(void *, int, int);
    void *context;
} work;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static inline void pause_a_little(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* Parts of the round at hand until there are none left. `parts` is the same in every round. */
static void take_part(int parts) {
    uint64_t t = atomic_load(&ticket);
    while ((t & PART_MASK) < (uint64_t)parts) {
        if (!atomic_compare_exchange_weak(&ticket, &t, t + 1)) continue;
        work.part(work.context, (int)(t & PART_MASK), parts);
        if (atomic_fetch_add(&done, 1) + 1 == parts) {
            pthread_mutex_lock(&lock);
            pthread_cond_signal(&finished);
            pthread_mutex_unlock(&lock);
        }
        t = atomic_load(&ticket);
    }
}

static bool work_left(int parts) { return (atomic_load(&ticket) & PART_MASK) < (uint64_t)parts; }

static void *worker(void *argument) {
    int parts = (int)(ptrdiff_t)argument;
    for (;;) {
        for (int i = 0; i < SPINS && !work_left(parts); i++) pause_a_little();
        if (!work_left(parts)) {
            pthread_mutex_lock(&lock);
            while (!work_left(parts)) pthread_cond_wait(&start, &lock);
            pthread_mutex_unlock(&lock);
        }
        take_part(parts);
    }
    return NULL;
}

static void recruit(void) {
    int want = openblas_get_num_threads();
    sigset_t all, before;
    pthread_attr_t attributes;
    if (want > MOST) want = MOST;
    if (want < 2 || pthread_attr_init(&attributes) != 0) return;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int id = 1; id < want; id++) {
        pthread_t thread;
        if (pthread_create(&thread, &attributes, worker, (void *)(ptrdiff_t)want) != 0) break;
        count = want - 1; /* parts stay as many even where fewer threads could be had */
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
}

int lsv_workers(void) {
    pthread_once(&once, recruit);
    return count + 1;
}

void lsv_workers_run(int parts, void (*part)(void *context, int id, int parts), void *context) {
    if (parts <= 1 || lsv_workers() != parts || pthread_mutex_trylock(&owner) != 0) {
        for (int id = 0; id < parts; id++) part(context, id, parts);
        return;
    }
    work.part = part, work.context = context;
    atomic_store(&done, 0);
    pthread_mutex_lock(&lock);
    atomic_store(&ticket, ((atomic_load(&ticket) >> PART_BITS) + 1) << PART_BITS);
    pthread_cond_broadcast(&start);
    pthread_mutex_unlock(&lock);
    take_part(parts);
    for (int i = 0; i < SPINS && atomic_load(&done) < parts; i++) pause_a_little();
    if (atomic_load(&done) < parts) {
        pthread_mutex_lock(&lock);
        while (atomic_load(&done) < parts) pthread_cond_wait(&finished, &lock);
        pthread_mutex_unlock(&lock);
    }
    pthread_mutex_unlock(&owner);
}
