/* %time and %timeit, with IPython's texts. */
#include "repl/magic.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static double now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* "1.23 ms": three significant digits and a unit that fits. */
static void duration(char *buf, size_t n, double seconds) {
    static const struct { double scale; const char *unit; } units[] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}, {1e-9, "ns"}};
    int k = 0;
    if (seconds >= 60) {
        snprintf(buf, n, "%dmin %.3gs", (int)(seconds / 60), fmod(seconds, 60));
        return;
    }
    while (k < 3 && seconds < units[k].scale) k++;
    snprintf(buf, n, "%.3g %s", seconds / units[k].scale, units[k].unit);
}

static bool run_text(session *s, const char *text) {
    ls_source *source = ls_source_new("<timed>", text, strlen(text), 1);
    if (!source) return ls_no_memory(s->in);
    bool ok = ls_run_cell(s->in, source);
    ls_source_release(source);
    return ok;
}

bool magic_time(session *s, const char *statement) {
    double cpu = now(CLOCK_PROCESS_CPUTIME_ID), wall = now(CLOCK_MONOTONIC);
    if (!run_text(s, statement)) return false;
    char a[40], b[40];
    duration(a, sizeof a, now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    duration(b, sizeof b, now(CLOCK_MONOTONIC) - wall);
    session_printf(s, "CPU times: total: %s\nWall time: %s\n", a, b);
    return true;
}

/* `loops` runs inside the language, so that the loop's own cost is a few nanoseconds. */
static bool time_loops(session *s, const char *statement, long loops, double *seconds) {
    lsv_text t = {0};
    lsv_text_printf(&t, "for _timeit_i in range(%ld):\n", loops);
    for (const char *p = statement; *p;) {
        size_t n = strcspn(p, "\n");
        lsv_text_printf(&t, "    %.*s\n", (int)n, p);
        p += n + (p[n] == '\n');
    }
    bool ok = !t.failed || ls_no_memory(s->in);
    double start = now(CLOCK_MONOTONIC);
    ok = ok && run_text(s, t.data);
    *seconds = now(CLOCK_MONOTONIC) - start;
    ls_global_delete(s->in, "_timeit_i");
    lsv_text_free(&t);
    return ok;
}

bool magic_timeit(session *s, const char *statement) {
    enum { RUNS = 7 };
    double t, each[RUNS], mean = 0, var = 0;
    long loops = 1;
    if (!*statement) return ls_raise(s->in, "UsageError", "%%timeit wants a statement");
    ls_echo echo = s->in->echo;
    s->in->echo = LS_ECHO_NONE;
    bool ok = time_loops(s, statement, loops, &t);
    while (ok && t < 0.2 && loops < 1000000000) {
        loops *= 10;
        ok = time_loops(s, statement, loops, &t);
    }
    for (int i = 0; ok && i < RUNS; i++) {
        ok = time_loops(s, statement, loops, &each[i]);
        each[i] /= (double)loops;
        mean += each[i] / RUNS;
    }
    s->in->echo = echo;
    if (!ok) return false;
    for (int i = 0; i < RUNS; i++) var += (each[i] - mean) * (each[i] - mean) / RUNS;
    char a[40], b[40], count[32];
    duration(a, sizeof a, mean);
    duration(b, sizeof b, sqrt(var));
    snprintf(count, sizeof count, "%ld", loops);
    size_t digits = strlen(count);
    session_printf(s, "%s ± %s per loop (mean ± std. dev. of %d runs, ", a, b, RUNS);
    for (size_t i = 0; i < digits; i++) session_printf(s, "%c%s", count[i], (digits - i - 1) % 3 == 0 && i + 1 < digits ? "," : "");
    session_printf(s, " loop%s each)\n", loops > 1 ? "s" : "");
    return true;
}
