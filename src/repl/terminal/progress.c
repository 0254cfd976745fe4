/* Two threads share the last line of the terminal: the session's, which computes and writes, and a ticker,
   which wakes ten times a second while a cell has run for more than one. All that either of them shows
   is shown under one lock, so that a line is always whole and always taken away by whoever comes next.

   The line is drawn only where the cursor stands at the start of a line: what a program has written
   without a line's end stays as it is. A bar of tqdm is drawn by the loop itself, and while there is one
   the line keeps silent. */
#include "repl/terminal/progress.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/progress.h"
#include "lang/teach/lesson.h"
#include "repl/terminal/bar.h"

enum { BARS = 8, PIECE = 1 << 14 };
#define PATIENCE 1.0 /* seconds before anything is drawn */
#define TICK 0.1
#define PATIENCE_OF_STEPS 10 /* seconds that a report of an iteration stands */

typedef struct open_bar {
    int64_t id;
    double start, drawn_at;
    int64_t drawn_done;
    double ema_steps, ema_time; /* exponential means, as tqdm smooths its rate */
    int width; /* columns it takes on the screen */
    bool leave, shown;
    ls_bar last; /* as it was told last, with texts of its own */
    char desc[128], unit[32], postfix[200];
} open_bar;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool on, ticking, idle, done;
    pthread_t ticker;
    int depth, held; /* cells in cells; holds */
    double start;
    bool drawn; /* the line is on the screen */
    int width;  /* columns it takes there */
    char last;  /* character written to standard output */
    bool stdout_here;
    char what[96]; /* what the library said last, and when */
    lsv_progress report;
    double reported;
    open_bar bars[BARS + 1]; /* by their lines on the screen; the last is for one that ends */
    int nbars;
} p = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .last = '\n'};

static double now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int columns(void) {
    struct winsize w;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0) return w.ws_col - 1;
    const char *set = getenv("COLUMNS");
    int n = set ? atoi(set) : 0;
    return n > 1 ? n - 1 : 79;
}

/* Straight to the terminal: standard error has no buffer that would have to be kept in step. */
static void put(const char *bytes, size_t n) {
    for (ssize_t k; n > 0; bytes += k, n -= (size_t)k) {
        k = write(STDERR_FILENO, bytes, n);
        if (k < 0 && errno != EINTR) return;
        if (k < 0) k = 0;
    }
}

static void put_blanks(int n) {
    static const char blanks[] = "                                ";
    for (int k; n > 0; n -= k) {
        k = n < (int)sizeof blanks - 1 ? n : (int)sizeof blanks - 1;
        put(blanks, (size_t)k);
    }
}

/* ---- the line; all under the lock ---- */

static void erase_line(void) {
    if (!p.drawn) return;
    put("\r", 1);
    put_blanks(p.width);
    put("\r", 1);
    p.drawn = false;
}

/* A part of the line, where it still fits whole. */
static void add_part(lsv_text *t, int room, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void add_part(lsv_text *t, int room, const char *format, ...) {
    char part[160];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(part, sizeof part, format, args);
    va_end(args);
    if (n <= 0 || n >= (int)sizeof part) return;
    if (lsv_text_width(t->data ? t->data : "", t->length) + lsv_text_width(part, (size_t)n) <= (size_t)room) lsv_text_add(t, part, (size_t)n);
}

static void duration(char *out, size_t room, double s) {
    if (s < 99.95) snprintf(out, room, "%.1f s", s);
    else if (s < 3600) snprintf(out, room, "%d min %d s", (int)s / 60, (int)s % 60);
    else snprintf(out, room, "%d h %d min", (int)(s / 3600), (int)(s / 60) % 60);
}

static void line_text(lsv_text *t, int room, double elapsed) {
    const lsv_progress *r = &p.report;
    char time[40], left[40];
    duration(time, sizeof time, elapsed);
    add_part(t, room, "[%s]", time);
    double since = now(CLOCK_MONOTONIC) - p.reported;
    bool fresh = since < (r->elapsed >= 0 ? 1 : PATIENCE_OF_STEPS);
    if (!fresh || !p.what[0]) {
        add_part(t, room, " running; Ctrl-C stops it");
        return;
    }
    add_part(t, room, " %s", p.what);
    if (r->elapsed >= 0 && r->estimate >= 1 && since < 3 * TICK) {
        double gone = r->elapsed + since;
        bool over = gone >= r->estimate;
        duration(left, sizeof left, over ? r->estimate : r->estimate - gone);
        if (!over) add_part(t, room, ", %d%%", (int)(100 * gone / r->estimate));
        add_part(t, room, over ? ", expected to take %s" : ", about %s left", left);
    }
    if (r->step >= 0 && r->steps > 0) add_part(t, room, ", step %ld of %s%ld", r->step, r->goal >= 0 ? "at most " : "", r->steps);
    else if (r->step >= 0) add_part(t, room, ", step %ld", r->step);
    if (r->residual >= 0) add_part(t, room, ", residual %.1e", r->residual);
    if (r->residual >= 0 && r->goal >= 0) add_part(t, room, " (goal %.1e)", r->goal);
}

static void draw_line(void) {
    lsv_text t = {0};
    double elapsed = now(CLOCK_MONOTONIC) - p.start;
    if (p.held || p.nbars || (p.stdout_here && p.last != '\n') || elapsed < PATIENCE) return;
    line_text(&t, columns(), elapsed);
    if (t.data && !t.failed) {
        int width = (int)lsv_text_width(t.data, t.length);
        put("\r", 1);
        put(t.data, t.length);
        if (p.drawn) put_blanks(p.width - width);
        p.width = width;
        p.drawn = true;
    }
    lsv_text_free(&t);
}

/* ---- the ticker ---- */

static void wait_for(double seconds) {
    double at = now(CLOCK_REALTIME) + seconds;
    struct timespec t = {.tv_sec = (time_t)at};
    t.tv_nsec = (long)((at - (double)t.tv_sec) * 1e9);
    pthread_cond_timedwait(&p.changed, &p.lock, &t);
}

/* A cell that begins need not wake the ticker, unless that has gone to sleep for good: it looks again by itself. */
static void *tick(void *unused) {
    (void)unused;
    pthread_mutex_lock(&p.lock);
    while (!p.done) {
        if (p.depth == 0) {
            p.idle = true;
            pthread_cond_wait(&p.changed, &p.lock);
            p.idle = false;
            continue;
        }
        double due = p.start + PATIENCE - now(CLOCK_MONOTONIC);
        if (due <= 0) draw_line();
        wait_for(due > TICK ? due : TICK);
        if (p.depth == 0 && !p.done) wait_for(PATIENCE); /* likely there is another cell soon */
    }
    pthread_mutex_unlock(&p.lock);
    return NULL;
}

static void start_ticker(void) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    p.ticking = pthread_create(&p.ticker, NULL, tick, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void told(void *ctx, const lsv_progress *r) {
    (void)ctx;
    pthread_mutex_lock(&p.lock);
    double t = now(CLOCK_MONOTONIC);
    bool part = r->elapsed >= 0 && r->elapsed < 1 && p.report.step >= 0 && t - p.reported < PATIENCE_OF_STEPS;
    if (part) { /* a short call inside an algorithm that tells of itself */
        pthread_mutex_unlock(&p.lock);
        return;
    }
    snprintf(p.what, sizeof p.what, "%s", r->what ? r->what : "");
    p.report = *r;
    p.report.what = p.what;
    p.reported = t;
    pthread_mutex_unlock(&p.lock);
}

/* ---- bars; under the lock ---- */

static void down(int lines) {
    for (int i = 0; i < lines; i++) put("\n", 1);
}
static void up(int lines) {
    for (int i = 0; i < lines; i++) put("\033[A", 3);
}

static void blank_bar(int position) {
    if (!p.bars[position].shown) return;
    down(position);
    put("\r", 1);
    put_blanks(p.bars[position].width);
    put("\r", 1);
    up(position);
    p.bars[position].shown = false;
}

static void erase_bars(void) {
    for (int i = p.nbars - 1; i >= 0; i--) blank_bar(i);
}

static void draw_bar(int position, const ls_bar *b, double rate) {
    lsv_text t = {0};
    open_bar *o = &p.bars[position];
    int room = b->columns > 0 ? b->columns : columns();
    bar_text(&t, b, now(CLOCK_MONOTONIC) - o->start, rate, room, ls_teach_ascii());
    if (!t.failed && t.data) {
        int width = (int)lsv_text_width(t.data, t.length), line = position == BARS ? 0 : position;
        down(line);
        put("\r", 1);
        put(t.data, t.length);
        if (o->shown) put_blanks(o->width - width);
        o->width = width;
        up(line);
        o->shown = true;
    }
    lsv_text_free(&t);
}

static int find_bar(int64_t id) {
    for (int i = 0; i < p.nbars; i++)
        if (p.bars[i].id == id) return i;
    return -1;
}

static void drop_bar(int position) {
    memmove(&p.bars[position], &p.bars[position + 1], (size_t)(--p.nbars - position) * sizeof p.bars[0]);
}

static void keep_text(char *to, size_t room, const char *from) {
    if (strcmp(to, from) != 0) snprintf(to, room, "%s", from);
}

static void keep(open_bar *o, const ls_bar *b) {
    o->last = *b;
    keep_text(o->desc, sizeof o->desc, b->desc);
    keep_text(o->unit, sizeof o->unit, b->unit);
    keep_text(o->postfix, sizeof o->postfix, b->postfix);
    o->last.desc = o->last.unit = o->last.postfix = NULL;
}

/* A bar that stays is followed by a line's end. */
static void end_bar(int position) {
    open_bar *o = &p.bars[position];
    ls_bar b = o->last;
    double took = now(CLOCK_MONOTONIC) - o->start;
    if (o->leave && position > 0) { /* takes the first line; the bars that had it go on below */
        erase_bars();
        p.bars[BARS] = *o;
        position = BARS;
        o = &p.bars[BARS];
    }
    b.desc = o->desc, b.unit = o->unit, b.postfix = o->postfix;
    if (o->leave) draw_bar(position, &b, took > 0 ? (double)(b.done - b.initial) / took : 0);
    if (o->leave && o->shown) put("\n", 1);
    else blank_bar(position);
    drop_bar(position == BARS ? find_bar(o->id) : position);
}

/* The mean of steps and of seconds between two drawings, each new one counting 0.3. */
static void smooth(open_bar *o, const ls_bar *b, double t) {
    double steps = (double)(b->done - o->drawn_done), time = t - o->drawn_at;
    if (steps > 0 && time > 0) {
        o->ema_steps = 0.3 * steps + 0.7 * o->ema_steps;
        o->ema_time = 0.3 * time + 0.7 * o->ema_time;
    }
    o->drawn_at = t;
    o->drawn_done = b->done;
}

static void move_bar(const ls_bar *b) {
    int i = find_bar(b->id);
    double t = now(CLOCK_MONOTONIC);
    if (i < 0) {
        if (b->closed || p.nbars == BARS) return;
        erase_line();
        fflush(stdout);
        i = p.nbars++;
        p.bars[i] = (open_bar){.id = b->id, .start = t, .drawn_at = t, .drawn_done = b->done, .leave = b->leave};
        keep(&p.bars[i], b);
        draw_bar(i, b, 0);
        return;
    }
    open_bar *o = &p.bars[i];
    keep(o, b);
    if (b->closed) {
        end_bar(i);
        return;
    }
    if (!b->refresh && t - o->drawn_at < b->interval) return;
    if (!b->refresh) smooth(o, b, t);
    draw_bar(i, b, o->ema_time > 0 ? o->ema_steps / o->ema_time : 0);
}

/* ---- the interface ---- */

void progress_open(bool on) {
    p.on = on;
    p.stdout_here = isatty(STDOUT_FILENO);
    lsv_progress_hook(on ? told : NULL, NULL);
}

void progress_close(void) {
    if (p.ticking) {
        pthread_mutex_lock(&p.lock);
        p.done = true;
        erase_line();
        pthread_cond_broadcast(&p.changed);
        pthread_mutex_unlock(&p.lock);
        pthread_join(p.ticker, NULL);
        p.ticking = p.done = false;
    }
    lsv_progress_hook(NULL, NULL);
    p.on = false;
}

void progress_begin(void) {
    if (!p.on) return;
    pthread_mutex_lock(&p.lock);
    if (p.depth++ == 0) {
        p.start = now(CLOCK_MONOTONIC);
        p.what[0] = 0;
        p.report.step = -1;
        p.last = '\n';
        if (p.idle) pthread_cond_broadcast(&p.changed);
    }
    pthread_mutex_unlock(&p.lock);
    if (!p.ticking) start_ticker();
}

void progress_end(bool note) {
    if (!p.on) return;
    pthread_mutex_lock(&p.lock);
    if (p.depth > 0 && --p.depth == 0) {
        erase_line();
        while (p.nbars) end_bar(p.nbars - 1); /* of loops that were left early */
        double took = now(CLOCK_MONOTONIC) - p.start;
        if (note && took >= PATIENCE) {
            char text[64], time[40];
            fflush(stdout);
            duration(time, sizeof time, took);
            int n = snprintf(text, sizeof text, "%s[%s]\n", p.stdout_here && p.last != '\n' ? "\n" : "", time);
            put(text, (size_t)n);
        }
    }
    pthread_mutex_unlock(&p.lock);
}

/* In pieces, for a terminal can be slow; a write that a signal cut short goes on or, when that was an interrupt, does not. */
static void write_pieces(FILE *to, const char *bytes, size_t n) {
    while (n > 0) {
        size_t piece = n < PIECE ? n : PIECE, done = fwrite(bytes, 1, piece, to);
        bool cut = done < piece && errno == EINTR;
        if (done < piece && !cut) return;
        if (cut) clearerr(to);
        bytes += done;
        n -= done;
        if (n > 0 && lsv_interrupt_flag) {
            __fpurge(to);
            return;
        }
    }
}

void progress_write(FILE *to, const char *bytes, size_t n) {
    if (n == 0) return;
    if (!p.on) {
        write_pieces(to, bytes, n);
        return;
    }
    pthread_mutex_lock(&p.lock);
    erase_line();
    erase_bars();
    write_pieces(to, bytes, n);
    if (to == stdout) p.last = bytes[n - 1];
    else if (p.stdout_here) p.last = bytes[n - 1];
    pthread_mutex_unlock(&p.lock);
}

void progress_flush(void) {
    if (p.on) pthread_mutex_lock(&p.lock);
    if (fflush(stdout) != 0 && errno == EINTR) {
        clearerr(stdout);
        if (lsv_interrupt_flag) __fpurge(stdout);
        else fflush(stdout);
    }
    if (p.on) pthread_mutex_unlock(&p.lock);
}

void progress_hold(void) {
    if (!p.on) return;
    pthread_mutex_lock(&p.lock);
    p.held++;
    erase_line();
    pthread_mutex_unlock(&p.lock);
}

void progress_release(void) {
    if (!p.on) return;
    pthread_mutex_lock(&p.lock);
    p.held--;
    p.last = '\n';
    pthread_mutex_unlock(&p.lock);
}

void progress_bar(const ls_bar *bar) {
    if (!p.on) return;
    pthread_mutex_lock(&p.lock);
    if (!p.held) move_bar(bar);
    pthread_mutex_unlock(&p.lock);
}
