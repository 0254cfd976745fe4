/* lib/base/job: calls that can be walked away from; lib/base/hold: memory that such a call still uses;
   lib/base/interrupt: waking who sleeps; lib/base/progress. Only lib/base is needed, so that the thread
   sanitizer can look on (tests/threads.py). */
#include "base/alloc.h"
#include "base/hold.h"
#include "base/interrupt.h"
#include "base/job.h"
#include "base/progress.h"
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { BIG = 1 << 20, SMALL = 16 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void nap(double seconds) {
    double end = now() + seconds;
    while (now() < end) usleep(1000);
}

static void on_alarm(int signal) {
    (void)signal;
    lsv_interrupt();
}

/* An interrupt so many seconds from now, as from the keyboard. */
static void interrupt_in(double seconds) {
    struct itimerval t = {.it_value = {(time_t)seconds, (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6)}};
    setitimer(ITIMER_REAL, &t, NULL);
}

/* ---- the call under test: fills a big buffer with a number, again and again, then says how often ---- */

static atomic_bool let_go; /* the call may end */
static atomic_int running;
static _Atomic(pthread_t) ran_on;
static int model; /* of the time model */

typedef struct fill {
    double *big;
    double *small;
    int *turns;
    double value, seconds;
    lsv_status status;
} fill;

static lsv_status fill_run(void *p, lsv_error *err) {
    fill *f = p;
    double end = now() + f->seconds;
    ran_on = pthread_self();
    atomic_fetch_add(&running, 1);
    do {
        for (int i = 0; f->big && i < BIG; i++) f->big[i] = f->value;
        for (int i = 0; f->small && i < SMALL; i++) f->small[i] += f->value;
        if (f->turns) ++*f->turns;
        if (f->seconds > 0) usleep(300);
    } while (now() < end || (f->seconds > 0 && !atomic_load(&let_go)));
    atomic_fetch_sub(&running, 1);
    return f->status == LSV_OK ? LSV_OK : lsv_fail(err, f->status, "said %g", f->value);
}

static const lsv_job_operand operands[] = {{offsetof(fill, big), BIG * sizeof(double), true},
                                           {offsetof(fill, small), SMALL * sizeof(double), true},
                                           {offsetof(fill, turns), sizeof(int), true}};

static lsv_status run(fill *f, lsv_error *err) {
    lsv_job_call call = {.run = fill_run, .arguments = f, .size = sizeof *f, .operands = operands, .count = 3,
                         .what = "fill", .work = 1e9, .sizes = {BIG, 3, 0}, .model = model};
    return lsv_job_run(&call, err);
}

static int threads_now(void) {
    char line[128];
    int n = -1;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "Threads: %d", &n) == 1) break;
    if (f) fclose(f);
    return n;
}

static int threads_settled(int want) {
    double end = now() + 5;
    while (threads_now() > want && now() < end) usleep(1000);
    return threads_now();
}

/* ---- tests ---- */

static void test_off(void) {
    double small[SMALL] = {1}, *big = lsv_malloc(BIG * sizeof *big);
    int turns = 0;
    fill f = {big, small, &turns, 2, 0, LSV_OK};
    lsv_error err;
    CHECK(!lsv_jobs_here);
    CHECK(run(&f, &err) == LSV_OK && turns == 1 && small[0] == 3 && big[BIG - 1] == 2);
    CHECK(pthread_equal(ran_on, pthread_self())); /* a plain call */
    lsv_free(big);
}

static void test_on(void) {
    long live = lsv_alloc_live();
    double small[SMALL] = {1}, *big = lsv_malloc(BIG * sizeof *big);
    int turns = 0;
    fill f = {big, small, &turns, 2, 0, LSV_OK};
    lsv_error err;
    CHECK(run(&f, &err) == LSV_OK && turns == 1 && small[0] == 3 && small[1] == 2 && big[BIG - 1] == 2);
    CHECK(!pthread_equal(ran_on, pthread_self()));
    for (int i = 0; i < 50; i++) CHECK(run(&f, &err) == LSV_OK);
    CHECK(turns == 51 && small[0] == 103);
    f.status = LSV_ELINALG; /* what it found fault with comes back; its results do not */
    CHECK(run(&f, &err) == LSV_ELINALG && turns == 51);
    CHECK_TEXT(err.message, "said 2");
    f = (fill){.value = 5};
    CHECK(run(&f, &err) == LSV_OK); /* absent operands stay absent */
    lsv_free(big);
    CHECK(lsv_alloc_live() == live);
}

static void test_no_memory(void) {
    fill f = {.value = 1};
    lsv_error err;
    lsv_alloc_fail_at(1);
    CHECK(run(&f, &err) == LSV_ENOMEM);
    lsv_alloc_fail_at(0);
    CHECK(run(&f, &err) == LSV_OK);
}

/* Walked away from: the caller is back at once, its stack is left alone, its buffer is kept until the end. */
static void test_abandon(void) {
    long live = lsv_alloc_live();
    int threads = threads_now();
    double small[SMALL] = {0}, *big = lsv_malloc(BIG * sizeof *big);
    int turns = 0;
    fill f = {big, small, &turns, 7, 0.2, LSV_OK};
    lsv_error err;
    atomic_store(&let_go, false);
    interrupt_in(0.05);
    double start = now();
    CHECK(run(&f, &err) == LSV_EINTR);
    double took = now() - start;
    CHECK(took < 0.2 && atomic_load(&running) == 1);
    CHECK(lsv_jobs_abandoned() == 1);
    CHECK(lsv_interrupt_take() && !lsv_interrupt_take());

    memset(small, 0, sizeof small);
    turns = 0;
    lsv_free(big);
    CHECK(lsv_alloc_live() > live); /* not yet given back */
    double *other = lsv_malloc(BIG * sizeof *other);
    CHECK(other != big);
    for (int i = 0; i < BIG; i++) other[i] = 1;
    nap(0.05);
    bool clean = turns == 0;
    for (int i = 0; i < BIG; i++) clean &= other[i] == 1;
    for (int i = 0; i < SMALL; i++) clean &= small[i] == 0;
    CHECK(clean);

    double mine[SMALL] = {0}; /* the next job has a worker of its own */
    fill g = {other, mine, NULL, 3, 0, LSV_OK};
    CHECK(run(&g, &err) == LSV_OK && mine[5] == 3 && other[BIG / 2] == 3 && atomic_load(&running) == 1);

    CHECK(!lsv_jobs_settle(0.01));
    atomic_store(&let_go, true);
    CHECK(lsv_jobs_settle(10) && lsv_jobs_abandoned() == 0 && atomic_load(&lsv_holds) == 0);
    lsv_free(other);
    CHECK(lsv_alloc_live() == live);
    CHECK(threads_settled(threads) == threads); /* one worker is kept, not two */
}

static void test_many(void) {
    enum { MANY = 12 };
    long live = lsv_alloc_live();
    int threads = threads_now();
    lsv_error err;
    atomic_store(&let_go, false);
    for (int k = 0; k < MANY; k++) {
        double *big = lsv_malloc(BIG * sizeof *big);
        fill f = {big, NULL, NULL, k, 0.001, LSV_OK};
        interrupt_in(0.004);
        CHECK(run(&f, &err) == LSV_EINTR && lsv_interrupt_take());
        lsv_free(big);
    }
    CHECK(lsv_jobs_abandoned() == MANY);
    atomic_store(&let_go, true);
    CHECK(lsv_jobs_settle(20) && lsv_alloc_live() == live);
    CHECK(threads_settled(threads) == threads);
}

/* At any moment, also just before and just after the end: done or interrupted, and never both. */
static void test_moments(void) {
    long live = lsv_alloc_live();
    lsv_error err;
    int finished = 0, stopped = 0;
    atomic_store(&let_go, true);
    for (int k = 0; k < 120; k++) {
        double *big = lsv_malloc(BIG * sizeof *big), small[SMALL] = {0};
        int turns = 0;
        fill f = {big, small, &turns, 1, 0.003, LSV_OK};
        interrupt_in(0.0005 + 0.00005 * k);
        lsv_status status = run(&f, &err);
        if (status == LSV_OK) finished += turns > 0 && small[0] == turns;
        else stopped += status == LSV_EINTR && turns == 0 && small[0] == 0;
        interrupt_in(0);
        lsv_interrupt_take();
        lsv_free(big);
    }
    CHECK(finished + stopped == 120);
    CHECK(lsv_jobs_settle(10) && lsv_alloc_live() == live);
    lsv_interrupt_take();
}

static void test_before(void) { /* asked for already: the call does not begin */
    fill f = {.value = 1};
    lsv_error err;
    int turns = 0;
    f.turns = &turns;
    lsv_interrupt();
    CHECK(run(&f, &err) == LSV_EINTR && turns == 0 && lsv_jobs_abandoned() == 0);
    CHECK(lsv_interrupt_take());
}

static void *run_elsewhere(void *p) {
    fill f = {.value = 1};
    lsv_error err;
    (void)p;
    lsv_jobs_enable(true); /* another thread has them */
    bool direct = !lsv_jobs_here && run(&f, &err) == LSV_OK && pthread_equal(ran_on, pthread_self());
    return direct ? &check_passed : NULL;
}

static void test_other_thread(void) {
    pthread_t t;
    void *good = NULL;
    CHECK(pthread_create(&t, NULL, run_elsewhere, NULL) == 0);
    pthread_join(t, &good);
    CHECK(good != NULL);
}

/* ---- holds ---- */

static int given;
static void give(void *at, size_t bytes) {
    given += *(int *)at == 42 && bytes == sizeof(int);
}

static void test_holds(void) {
    long live = lsv_alloc_live();
    char *a = lsv_malloc(3 << 20), *b = lsv_malloc(1000), *c = lsv_malloc(1000);
    int cell = 42;
    lsv_hold first[2] = {{.from = a + 100, .to = a + 200}, {.from = b, .to = b + 1}};
    lsv_hold second[2] = {{.from = a + (2 << 20), .to = a + (2 << 20) + 1}, {.from = (char *)&cell, .to = (char *)(&cell + 1)}};
    CHECK(!lsv_hold_defer(&cell, sizeof cell, give));
    lsv_hold_begin(first, 2);
    lsv_hold_begin(second, 2);
    CHECK(atomic_load(&lsv_holds) == 4);
    CHECK(lsv_hold_defer(&cell, sizeof cell, give) && given == 0);
    lsv_free(a);
    lsv_free(b);
    CHECK(lsv_alloc_live() == live + 3);
    lsv_free(c); /* nobody holds it */
    CHECK(lsv_alloc_live() == live + 2);
    char *grown = lsv_realloc(lsv_malloc(500), 2000); /* moving is no business of holds */
    lsv_free(grown);
    memset(a, 1, 3 << 20); /* still there */
    lsv_hold_end(first, 2);
    CHECK(lsv_alloc_live() == live + 1 && given == 0); /* a is held by the second, too */
    memset(a, 2, 3 << 20);
    lsv_hold_end(second, 2);
    CHECK(lsv_alloc_live() == live && given == 1 && atomic_load(&lsv_holds) == 0);
}

/* ---- waking, and telling ---- */

static bool readable(int fd) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

static void test_wake_fd(void) {
    int fd = lsv_interrupt_fd();
    CHECK(fd >= 0 && lsv_interrupt_fd() == fd && !readable(fd));
    for (int i = 0; i < 100000; i++) lsv_interrupt(); /* more than a pipe holds */
    CHECK(readable(fd) && lsv_interrupt_take() && !readable(fd) && !lsv_interrupt_take());
    lsv_interrupt();
    CHECK(readable(fd) && lsv_interrupt_take() && !readable(fd));
}

static lsv_progress last;
static char last_what[96];
static int told;
static void tell(void *ctx, const lsv_progress *p) {
    (void)ctx;
    told++;
    last = *p;
    snprintf(last_what, sizeof last_what, "%s", p->what);
}

static void test_progress(void) {
    fill f = {.value = 1, .seconds = 0.35};
    lsv_error err;
    atomic_store(&let_go, true);
    model = 1;
    lsv_progress_step("silent", 1, 2, 0.5, 0.1); /* nobody listens */
    lsv_progress_hook(tell, NULL);
    lsv_progress_step("steps", 3, 9, 0.5, 0.25);
    CHECK(told == 1 && last.step == 3 && last.steps == 9 && last.residual == 0.5 && last.goal == 0.25 && last.elapsed < 0);
    CHECK_TEXT(last_what, "steps");
    CHECK(run(&f, &err) == LSV_OK && told >= 2);
    CHECK(last.elapsed > 0.05 && last.elapsed < 5 && last.step < 0);
    CHECK_TEXT(last_what, "fill 1048576x3");
    CHECK(run(&f, &err) == LSV_OK && last.estimate > 0.2 && last.estimate < 5); /* learned from the first */
    lsv_progress_hook(NULL, NULL);
    told = 0;
    CHECK(run(&f, &err) == LSV_OK && told == 0);
}

int main(void) {
    struct sigaction action = {.sa_handler = on_alarm};
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    test_off();
    lsv_jobs_enable(true);
    CHECK(lsv_jobs_here);
    test_on();
    test_no_memory();
    test_abandon();
    test_many();
    test_moments();
    test_before();
    test_other_thread();
    test_holds();
    test_wake_fd();
    test_progress();
    lsv_jobs_enable(false);
    CHECK(!lsv_jobs_here);
    test_off();
    return check_done();
}
