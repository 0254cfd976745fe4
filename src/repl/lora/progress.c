/* A job on a thread of its own, and its progress on standard error: a bar with rate and time left on a terminal, a line
   for each layer elsewhere.

   The job's thread only writes down where it is; this one draws it, ten times a second. Ctrl-C asks the job to stop;
   where it is inside something that cannot be asked, the process ends without it: at every moment what is on the disk is
   good to go on from. */
#include "repl/lora/inside.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/interrupt.h"

enum { TICK_MS = 100, PATIENCE_MS = 60, SAMPLES = 32 };

typedef struct progress {
    const lora_options *options;
    bool terminal, drawn;
    pthread_mutex_t lock;
    /* written by the job */
    char phase[24], layer[200];
    ptrdiff_t layers, done;
    int64_t bytes, read;
    double started;
    bool resumed; /* of the layers done, some were by an earlier run: they count for no rate */
    ptrdiff_t skipped;
    int64_t skipped_bytes;
    int ended[2]; /* a pipe: closed by the job at its end */
    lora_job *job;
    void *ctx;
    lsv_status status;
    lsv_error *err;
} progress;

static volatile sig_atomic_t stopped_by;

static void on_signal(int number) {
    stopped_by = number;
    lsv_interrupt();
}

static void on_bus_error(int number) {
    static const char text[] = "\nlsv lora: a file that is being read was made shorter meanwhile\n";
    (void)number;
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(LORA_ERROR);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- drawing ---- */

static int columns(void) {
    struct winsize w;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0) return w.ws_col;
    return 80;
}

static void erase(progress *p) {
    if (p->drawn) fputs("\r\033[K", stderr);
    p->drawn = false;
}

/* The lock is held. */
static void draw(progress *p) {
    if (p->layers == 0) return;
    char text[512], rate[32], left[32], b[32], tail[128];
    double elapsed = now() - p->started, fresh = (double)(p->read - p->skipped_bytes);
    double share = p->bytes > 0 ? (double)p->read / (double)p->bytes : (double)p->done / (double)p->layers;
    if (fresh > 0 && elapsed > 0.2) {
        snprintf(rate, sizeof rate, "%s/s", lora_bytes(fresh / elapsed, b));
        snprintf(left, sizeof left, "%s left", lora_time((double)(p->bytes - p->read) * elapsed / fresh, b));
    } else if (p->bytes == 0 && p->done > p->skipped && elapsed > 0.2) {
        double per = elapsed / (double)(p->done - p->skipped);
        snprintf(rate, sizeof rate, "%.1f layers/s", 1 / per);
        snprintf(left, sizeof left, "%s left", lora_time((double)(p->layers - p->done) * per, b));
    } else {
        snprintf(rate, sizeof rate, "...");
        left[0] = '\0';
    }
    snprintf(tail, sizeof tail, " %3.0f%% %td/%td  %s  %s", 100 * share, p->done, p->layers, rate, left);
    int width = columns() - 1, room = width - (int)strlen(p->phase) - (int)strlen(tail) - 3, bar = room > 34 ? 24 : room > 8 ? room * 2 / 3 : 0;
    int n = snprintf(text, sizeof text, "%s ", p->phase);
    if (bar > 2) {
        text[n++] = '[';
        for (int i = 0; i < bar; i++) text[n++] = (double)i < share * bar ? '#' : '.';
        text[n++] = ']';
    }
    n += snprintf(text + n, sizeof text - (size_t)n, "%s", tail);
    int rest = width - n - 2;
    if (rest > 8 && p->layer[0]) {
        int m = (int)strlen(p->layer);
        snprintf(text + n, sizeof text - (size_t)n, "  %s%s", m > rest ? "..." : "", p->layer + (m > rest ? m - rest + 3 : 0));
    }
    fprintf(stderr, "\r%.*s\033[K", width, text);
    fflush(stderr);
    p->drawn = true;
}

/* ---- what the job says ---- */

static void on_phase(void *ctx, const char *what, ptrdiff_t layers, int64_t bytes) {
    progress *p = ctx;
    pthread_mutex_lock(&p->lock);
    snprintf(p->phase, sizeof p->phase, "%s", what);
    p->layer[0] = '\0';
    p->layers = layers, p->bytes = bytes;
    p->done = 0, p->read = 0, p->skipped = 0, p->skipped_bytes = 0;
    p->started = now();
    pthread_mutex_unlock(&p->lock);
}

static void on_begin(void *ctx, const char *layer) {
    progress *p = ctx;
    pthread_mutex_lock(&p->lock);
    snprintf(p->layer, sizeof p->layer, "%s", layer);
    pthread_mutex_unlock(&p->lock);
}

static void on_layer(void *ctx, const lsv_layer *l, int64_t bytes) {
    progress *p = ctx;
    char text[512];
    pthread_mutex_lock(&p->lock);
    p->done++;
    p->read += bytes;
    if (l->resumed) p->skipped++, p->skipped_bytes += bytes;
    if (!p->terminal && !p->options->quiet) {
        lora_layer_line(p->options, l, text, sizeof text);
        fprintf(stderr, "%s %td/%td %s\n", p->phase, p->done, p->layers, text);
    }
    pthread_mutex_unlock(&p->lock);
}

static void on_note(void *ctx, const char *text) {
    progress *p = ctx;
    pthread_mutex_lock(&p->lock);
    erase(p);
    fprintf(stderr, "lsv lora: note: %s\n", text);
    pthread_mutex_unlock(&p->lock);
}

/* ---- running ---- */

static void *work(void *context) {
    progress *p = context;
    lsv_pipeline_client client = {p, on_phase, on_begin, on_layer, on_note};
    p->status = p->job(p->ctx, &client, p->err);
    close(p->ended[1]);
    return NULL;
}

static void say_stopped(progress *p) {
    bool kept = p->options->output && lsv_lora_unfinished(p->options->output);
    pthread_mutex_trylock(&p->lock); /* held by a job that prints: let it not matter */
    erase(p);
    fprintf(stderr, "lsv lora: stopped%s%s%s\n", kept ? "; what is finished is kept in " : "", kept ? p->options->output : "",
            kept ? ".partial, and the same command goes on from there" : "");
    fflush(stderr);
}

static bool has_ended(progress *p, int ms) {
    struct pollfd fd = {.fd = p->ended[0], .events = POLLIN};
    return poll(&fd, 1, ms) > 0;
}

static void watch(progress *p) {
    double asked = 0;
    while (!has_ended(p, TICK_MS)) {
        if (stopped_by) {
            if (asked == 0) asked = now();
            if (has_ended(p, PATIENCE_MS)) return;
            say_stopped(p);
            _exit(stopped_by == SIGINT ? LORA_INTERRUPTED : 128 + stopped_by);
        }
        if (!p->terminal || p->options->quiet) continue;
        pthread_mutex_lock(&p->lock);
        draw(p);
        pthread_mutex_unlock(&p->lock);
    }
}

static void catch_signals(void) {
    static const int stops[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) sigaction(stops[i], &action, NULL);
    action.sa_handler = on_bus_error;
    sigaction(SIGBUS, &action, NULL);
}

lsv_status lora_run(const lora_options *o, lora_job *job, void *ctx, lsv_error *err) {
    progress p = {.options = o, .terminal = isatty(STDERR_FILENO), .job = job, .ctx = ctx, .err = err, .started = now()};
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    pthread_mutex_init(&p.lock, NULL);
    catch_signals();
    if (pipe(p.ended) != 0) return lsv_fail(err, LSV_EOS, "no pipe: %s", strerror(errno));
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, (size_t)16 << 20);
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are this thread's */
    int failed = pthread_create(&thread, &attributes, work, &p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (failed) return lsv_fail(err, LSV_EOS, "no thread: %s", strerror(failed));
    watch(&p);
    pthread_join(thread, NULL);
    close(p.ended[0]);
    erase(&p);
    if (p.status == LSV_EINTR) say_stopped(&p);
    pthread_mutex_destroy(&p.lock);
    return p.status;
}
