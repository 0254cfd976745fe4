/* Held ranges are few (the operands of the calls abandoned a moment ago), so they are a list. What waits
   for them is a list too, searched whenever a range is given up. Both change under one mutex; blocks
   are given back outside it, since giving back takes locks of its own.

   The list's nodes come from malloc itself: they are made while memory is being freed, where
   a failure planned by a test has no business. Without room for a node the block stays taken for
   good, which is the one thing that is always safe. */
#include "base/hold.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct waiting {
    char *at;
    size_t bytes;
    void (*give)(void *, size_t);
    struct waiting *next;
} waiting;

atomic_int lsv_holds;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static lsv_hold *held;
static waiting *queue;

static bool is_held(const char *at, size_t bytes) {
    for (const lsv_hold *h = held; h; h = h->next)
        if (h->from < at + bytes && at < h->to) return true;
    return false;
}

void lsv_hold_begin(lsv_hold *holds, int n) {
    pthread_mutex_lock(&lock);
    for (int i = 0; i < n; i++) {
        lsv_hold *h = &holds[i];
        h->next = held;
        h->link = &held;
        if (held) held->link = &h->next;
        held = h;
    }
    atomic_fetch_add(&lsv_holds, n);
    pthread_mutex_unlock(&lock);
}

void lsv_hold_end(lsv_hold *holds, int n) {
    waiting *ready = NULL;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < n; i++) {
        *holds[i].link = holds[i].next;
        if (holds[i].next) holds[i].next->link = holds[i].link;
    }
    atomic_fetch_sub(&lsv_holds, n);
    for (waiting **p = &queue; *p;) {
        waiting *w = *p;
        if (is_held(w->at, w->bytes)) {
            p = &w->next;
            continue;
        }
        *p = w->next;
        w->next = ready;
        ready = w;
    }
    pthread_mutex_unlock(&lock);
    while (ready) {
        waiting *w = ready;
        ready = w->next;
        w->give(w->at, w->bytes);
        free(w);
    }
}

bool lsv_hold_defer(void *at, size_t bytes, void (*give)(void *at, size_t bytes)) {
    pthread_mutex_lock(&lock);
    bool wait = is_held(at, bytes);
    waiting *w = wait ? malloc(sizeof *w) : NULL;
    if (w) {
        *w = (waiting){at, bytes, give, queue};
        queue = w;
    }
    pthread_mutex_unlock(&lock);
    return wait;
}
