/* A few threads that sleep until there is a round of work.

   Every part of a round belongs first to one thread, always the same: part 0 to the caller, the others to the workers
   in their order. A matrix that is read in every round is so read by the same core each time, from that core's
   own cache. Who is through with its own part takes those that nobody has begun, so a part waits for nobody who is asleep:
   on a busy machine the caller does most of them alone.

   A part is taken by setting its mark from the last round's number to this one's: who comes late, with the number of
   a round that is over, finds no such mark and takes nothing. All taken parts are waited for, so the work's description stays in
   place for as long as anybody reads it.

   A thread whose processor is given to somebody else in the middle of a part holds everybody up: another program's doing, or
   that of the host of a virtual machine, which may well have one processor to give but not two at a time. Where the caller would
   have been through earlier without help, by the processor time its own parts took, it does without for a while, five times
   as long as what was lost, and then tries again. The parts stay the same, and so do the results.

   Waiting begins with a spin, since the pieces of one iteration follow each other
   closely, and goes on asleep; it is a long spin while the workers are told that more is to come. Workers block all signals: an
   interrupt belongs to the thread that reads the keyboard. */
#include "backend/cpu/workers.h"
#include <cblas.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { MOST = 64 };
static const double spin = 50e-6, long_spin = 0.25; /* seconds; waking a thread takes 5 to 50 microseconds, but 0.1 s and more
                                                       where the host has given its processor to another guest */
static const double trial = 50e-3, longest_leave = 10;

static pthread_mutex_t owner = PTHREAD_MUTEX_INITIALIZER; /* held by whoever has the workers */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t start = PTHREAD_COND_INITIALIZER, finished = PTHREAD_COND_INITIALIZER;
static _Atomic uint64_t current;     /* the number of the round */
static _Atomic uint64_t taken[MOST]; /* the last round in which this part was */
static atomic_int done, expecting;
static int count; /* threads besides the caller's; set once, before the first round */
static struct {
    void (*part)(void *, int, int);
    void *context;
} work;
static struct {
    double together, work; /* seconds that the rounds of this trial took, and processor seconds that are in them */
    double alone, used;    /* the same of late rounds without help; 0: there were none */
    double leave;          /* how long the last trial said to do without; 0: it was good */
} help;
static _Atomic double left_until; /* when help is next tried; until then the workers had better sleep */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void pause_a_little(void) {
#if defined(__x86_64__)
    for (int i = 0; i < 16; i++) __builtin_ia32_pause();
#endif
    sched_yield(); /* to whoever has something to do */
}

static double seconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
static double now(void) { return seconds(CLOCK_MONOTONIC); }
static double used(void) { return seconds(CLOCK_THREAD_CPUTIME_ID); } /* not what others took meanwhile */

static double patience(void) { return lsv_workers_awake() && now() >= atomic_load(&left_until) ? long_spin : spin; }

/* The parts of a round that nobody has begun, this thread's own first. Returns how many it did. */
static int take_parts(uint64_t round, int own, int parts) {
    int mine = 0;
    for (int i = 0; i < parts; i++) {
        int id = own + i < parts ? own + i : own + i - parts;
        uint64_t before = round - 1;
        if (!atomic_compare_exchange_strong(&taken[id], &before, round)) continue;
        work.part(work.context, id, parts);
        mine++;
        if (atomic_fetch_add(&done, 1) + 1 == parts) {
            pthread_mutex_lock(&lock);
            pthread_cond_signal(&finished);
            pthread_mutex_unlock(&lock);
        }
    }
    return mine;
}

static void *worker(void *argument) {
    int own = (int)(ptrdiff_t)argument;
    uint64_t last = 0;
    for (;;) {
        uint64_t round;
        double from = now();
        while ((round = atomic_load(&current)) == last) {
            pause_a_little();
            if (now() - from > patience()) break;
        }
        if (round == last) {
            pthread_mutex_lock(&lock);
            while ((round = atomic_load(&current)) == last) pthread_cond_wait(&start, &lock);
            pthread_mutex_unlock(&lock);
        }
        take_parts(round, own, count + 1);
        last = round;
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
    count = want - 1; /* parts stay as many even where fewer threads could be had */
    for (int id = 1; id < want; id++) {
        pthread_t thread;
        if (pthread_create(&thread, &attributes, worker, (void *)(ptrdiff_t)id) != 0) break;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
}

int lsv_workers(void) {
    pthread_once(&once, recruit);
    return count + 1;
}

bool lsv_workers_awake(void) { return atomic_load_explicit(&expecting, memory_order_relaxed) > 0; }

void lsv_workers_expect(bool more) { atomic_fetch_add(&expecting, more ? 1 : -1); }

/* After a round of so many seconds in which the caller did `mine` parts, in `own` seconds of its processor. */
static void judge(double end, double took, double own, int mine, int parts) {
    if (mine == 0) return;
    help.together += took;
    help.work += own * parts / mine;
    if (help.together < trial) return;
    double lost = help.together - help.work * (help.used > 0 ? help.alone / help.used : 1.1);
    help.leave = lost > 0 ? fmin(fmax(2 * help.leave, 5 * lost), longest_leave) : 0;
    atomic_store(&left_until, end + help.leave);
    help.together = help.work = 0;
}

static void alone(void (*part)(void *, int, int), void *context, int parts) {
    double begin = now(), before = used();
    for (int id = 0; id < parts; id++) part(context, id, parts);
    if (help.used > 50e-3) help.used /= 2, help.alone /= 2;
    help.used += used() - before;
    help.alone += now() - begin;
}

void lsv_workers_run(int parts, void (*part)(void *context, int id, int parts), void *context) {
    if (parts <= 1 || lsv_workers() != parts || pthread_mutex_trylock(&owner) != 0) {
        for (int id = 0; id < parts; id++) part(context, id, parts);
        return;
    }
    double begin = now();
    if (begin < atomic_load(&left_until)) {
        alone(part, context, parts);
        pthread_mutex_unlock(&owner);
        return;
    }
    work.part = part, work.context = context;
    atomic_store(&done, 0);
    uint64_t round = atomic_load(&current) + 1;
    pthread_mutex_lock(&lock);
    atomic_store(&current, round);
    pthread_cond_broadcast(&start);
    pthread_mutex_unlock(&lock);
    double own = used();
    int mine = take_parts(round, 0, parts);
    own = used() - own;
    double from = now();
    while (atomic_load(&done) < parts && now() - from < patience()) pause_a_little();
    if (atomic_load(&done) < parts) {
        pthread_mutex_lock(&lock);
        while (atomic_load(&done) < parts) pthread_cond_wait(&finished, &lock);
        pthread_mutex_unlock(&lock);
    }
    double end = now();
    judge(end, end - begin, own, mine, parts);
    pthread_mutex_unlock(&owner);
}
