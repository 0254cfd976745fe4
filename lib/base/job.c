/* One thread waits, workers work.

   A worker is handed a job, runs it, and waits for the next for a while. The waiter sleeps on a semaphore
   that the worker posts when it is done and lsv_interrupt posts from a signal handler; whichever
   came first, the waiter looks at both facts. Done or abandoned is decided under one lock: a job whose
   waiter has gone belongs to its worker, which ends the holds and frees it.

   The job copies all that could vanish under the abandoned call: the arguments' struct, the error,
   small operands. Large operands stay where they are, and are held.

   One worker is kept; the others, which exist only beside an abandoned call, end when they find nothing to
   do. Workers block all signals: an interrupt belongs to the thread that reads the keyboard.

   The time model is one rate (flops a second) for each kind of call, learned from the calls that were
   finished, the larger ones of them: small calls are slower for their size. */
#include "base/job.h"

#include <stdatomic.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/hold.h"
#include "base/interrupt.h"
#include "base/progress.h"

#define ALIGNMENT ((size_t)64)
#define TICK 0.1 /* seconds between two looks at the clock, for progress */

_Thread_local bool lsv_jobs_here;

typedef struct job {
    lsv_job_call call; /* arguments: in memory[] */
    lsv_job_operand operands[LSV_JOB_OPERANDS];
    void *given[LSV_JOB_OPERANDS]; /* the caller's addresses */
    lsv_hold holds[LSV_JOB_OPERANDS];
    int nholds;
    lsv_error err;
    lsv_status status;
    bool done, abandoned; /* under lock */
    _Alignas(64) char memory[]; /* the arguments, then the copied operands */
} job;

typedef struct worker {
    sem_t go;
    job *work;
    struct worker *next; /* in the list of idle ones */
} worker;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t settled = PTHREAD_COND_INITIALIZER;
static worker *idle;
static int idle_count;
atomic_int lsv_jobs_left; /* changed under lock, read anywhere */
static bool taken; /* some thread has jobs */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static sem_t wake;
static volatile sig_atomic_t waiting; /* somebody sleeps on wake */

static struct {
    double rate, work; /* flops a second; the size of the calls it was learned from */
} models[LSV_JOB_MODELS]; /* the waiter's own */

static void make_semaphore(void) { sem_init(&wake, 0, 0); }

void lsv_job_wake(void) {
    if (waiting) sem_post(&wake);
}

void lsv_jobs_enable(bool on) {
    pthread_once(&once, make_semaphore);
    pthread_mutex_lock(&lock);
    if (on != lsv_jobs_here && (!on || !taken)) lsv_jobs_here = taken = on;
    pthread_mutex_unlock(&lock);
}

static double now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct timespec after(double seconds) {
    double t = now(CLOCK_REALTIME) + seconds;
    struct timespec at = {.tv_sec = (time_t)t};
    at.tv_nsec = (long)((t - (double)at.tv_sec) * 1e9);
    return at;
}

/* ---- a job's memory ---- */

static size_t rounded(size_t bytes) { return (bytes + ALIGNMENT - 1) & ~(ALIGNMENT - 1); }

/* The address of an operand's pointer in an arguments' struct. */
static void *get_address(const void *arguments, size_t offset) {
    void *p;
    memcpy(&p, (const char *)arguments + offset, sizeof p);
    return p;
}

static void set_address(void *arguments, size_t offset, void *p) {
    memcpy((char *)arguments + offset, &p, sizeof p);
}

static bool copied(const lsv_job_operand *o, const void *address) { return address && o->bytes <= LSV_JOB_COPIES; }

static job *job_new(const lsv_job_call *call) {
    size_t bytes = sizeof(job) + rounded(call->size);
    for (int i = 0; i < call->count; i++)
        if (copied(&call->operands[i], get_address(call->arguments, call->operands[i].offset)))
            bytes += rounded(call->operands[i].bytes);
    job *j = lsv_malloc(bytes);
    if (!j) return NULL;
    memset(j, 0, sizeof *j);
    j->call = *call;
    char *room = j->memory;
    j->call.arguments = memcpy(room, call->arguments, call->size);
    room += rounded(call->size);
    for (int i = 0; i < call->count; i++) {
        lsv_job_operand o = j->operands[i] = call->operands[i];
        char *p = j->given[i] = get_address(call->arguments, o.offset);
        if (copied(&o, p)) {
            set_address(j->memory, o.offset, memcpy(room, p, o.bytes));
            room += rounded(o.bytes);
        } else if (p) {
            j->holds[j->nholds++] = (lsv_hold){.from = p, .to = p + o.bytes};
        }
    }
    j->call.operands = j->operands;
    return j;
}

/* Results that travelled as copies go to the caller's addresses. */
static void job_deliver(const job *j) {
    for (int i = 0; i < j->call.count; i++) {
        const lsv_job_operand *o = &j->operands[i];
        if (o->result && copied(o, j->given[i])) memcpy(j->given[i], get_address(j->memory, o->offset), o->bytes);
    }
}

/* ---- workers ----
   Their records are malloc's own: one stays for the life of the process, and is no leak of a caller's. */

/* The job is over. Its waiter is told; without one, it is cleared away here. */
static void finish(job *j) {
    pthread_mutex_lock(&lock);
    j->done = true;
    bool mine = j->abandoned;
    if (!mine) sem_post(&wake); /* under the lock: afterwards the waiter may free the job */
    pthread_mutex_unlock(&lock);
    if (!mine) return;
    lsv_hold_end(j->holds, j->nholds);
    lsv_free(j);
    pthread_mutex_lock(&lock);
    lsv_jobs_left--;
    pthread_cond_broadcast(&settled);
    pthread_mutex_unlock(&lock);
}

static void *work_on(void *argument) {
    worker *w = argument;
    for (bool stay = true; stay;) {
        while (sem_wait(&w->go) != 0) continue;
        job *j = w->work;
        j->status = j->call.run(j->call.arguments, &j->err);
        w->work = NULL;
        pthread_mutex_lock(&lock); /* idle before the waiter knows: the next job finds this worker */
        stay = idle_count == 0;
        if (stay) {
            w->next = idle;
            idle = w;
            idle_count++;
        }
        pthread_mutex_unlock(&lock);
        finish(j);
    }
    sem_destroy(&w->go);
    free(w);
    return NULL;
}

static worker *worker_new(void) {
    worker *w = calloc(1, sizeof *w);
    pthread_attr_t attributes;
    if (!w) return NULL;
    if (pthread_attr_init(&attributes) != 0) {
        free(w);
        return NULL;
    }
    sem_init(&w->go, 0, 0);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigset_t all, before;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&thread, &attributes, work_on, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (!failed) return w;
    sem_destroy(&w->go);
    free(w);
    return NULL;
}

static worker *worker_take(void) {
    pthread_mutex_lock(&lock);
    worker *w = idle;
    if (w) {
        idle = w->next;
        idle_count--;
    }
    pthread_mutex_unlock(&lock);
    return w ? w : worker_new();
}

/* ---- waiting ---- */

/* The worker takes the job over; false: it has just ended. */
static bool abandon(job *j) {
    pthread_mutex_lock(&lock);
    bool left = !j->done;
    if (left) {
        lsv_hold_begin(j->holds, j->nholds);
        j->abandoned = true;
        lsv_jobs_left++;
    }
    pthread_mutex_unlock(&lock);
    return left;
}

static bool is_done(job *j) {
    pthread_mutex_lock(&lock);
    bool done = j->done;
    pthread_mutex_unlock(&lock);
    return done;
}

static void tell(const lsv_job_call *call, double elapsed) {
    char what[96];
    int n = snprintf(what, sizeof what, "%s", call->what ? call->what : "");
    for (int i = 0; i < 3 && call->sizes[i] > 0 && n < (int)sizeof what; i++)
        n += snprintf(what + n, sizeof what - (size_t)n, "%s%ld", i ? "x" : " ", call->sizes[i]);
    double rate = models[call->model].rate;
    lsv_progress_wait(what, elapsed, rate > 0 ? call->work / rate : call->guess > 0 ? call->guess : -1);
}

static void learn(const lsv_job_call *call, double took) {
    double rate = call->work / took, before = models[call->model].rate;
    if (took <= 0 || call->work < 0.5 * models[call->model].work) return;
    models[call->model].rate = before > 0 && call->work < 2 * models[call->model].work ? 0.5 * (before + rate) : rate;
    models[call->model].work = call->work;
}

/* True when the job is done, false when it was given up. */
static bool wait_for(job *j) {
    double start = now(CLOCK_MONOTONIC);
    waiting = 1;
    bool done = false;
    while (!(done = is_done(j))) {
        if (lsv_interrupt_flag) {
            done = !abandon(j);
            break;
        }
        struct timespec at = after(TICK);
        if (sem_timedwait(&wake, &at) != 0 && errno == ETIMEDOUT) tell(&j->call, now(CLOCK_MONOTONIC) - start);
    }
    waiting = 0;
    while (sem_trywait(&wake) == 0) continue; /* what is left belongs to nobody */
    if (done) learn(&j->call, now(CLOCK_MONOTONIC) - start);
    return done;
}

lsv_status lsv_job_run(const lsv_job_call *call, lsv_error *err) {
    if (!lsv_jobs_here) return call->run(call->arguments, err);
    LSV_TRY(lsv_poll(err));
    job *j = job_new(call);
    if (!j) return lsv_no_memory(err, call->size);
    worker *w = worker_take();
    if (!w) { /* no thread to be had: as if jobs were off */
        lsv_free(j);
        return call->run(call->arguments, err);
    }
    w->work = j;
    sem_post(&w->go);
    if (!wait_for(j)) return lsv_fail(err, LSV_EINTR, "interrupted");
    lsv_status status = j->status;
    if (status == LSV_OK) job_deliver(j);
    else if (err) *err = j->err;
    lsv_free(j);
    return status;
}

/* ---- afterwards ---- */

int lsv_jobs_abandoned(void) {
    pthread_mutex_lock(&lock);
    int n = lsv_jobs_left;
    pthread_mutex_unlock(&lock);
    return n;
}

bool lsv_jobs_settle(double seconds) {
    struct timespec at = after(seconds);
    int late = 0;
    pthread_mutex_lock(&lock);
    while (lsv_jobs_left && !late) late = pthread_cond_timedwait(&settled, &lock, &at);
    bool none = lsv_jobs_left == 0;
    pthread_mutex_unlock(&lock);
    return none;
}
