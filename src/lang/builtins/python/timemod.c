/* The time module: clocks, sleeping, and a date as text. */
#include <string.h>
#include <time.h>

#include "base/interrupt.h"
#include "lang/builtins/python/python.h"

/* op: the clock, and its nanoseconds as an int where the name ends in _ns */
static LS_PY(time_clock) {
    struct timespec t;
    clock_gettime((clockid_t)self->op, &t);
    const char *name = ls_builtin_short_name(self);
    size_t n = strlen(name);
    if (n > 3 && strcmp(name + n - 3, "_ns") == 0) *out = ls_int((int64_t)t.tv_sec * 1000000000 + t.tv_nsec);
    else *out = ls_float((double)t.tv_sec + (double)t.tv_nsec * 1e-9);
    return true;
}

/* In short naps, so that Ctrl-C ends it at once. */
static LS_PY(time_sleep) {
    double seconds;
    if (!ls_as_double(in, args[0], "seconds", &seconds)) return false;
    if (!(seconds >= 0)) return ls_raise(in, "ValueError", "sleep length must be non-negative");
    struct timespec now, end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    double until = (double)end.tv_sec + (double)end.tv_nsec * 1e-9 + seconds;
    for (;;) {
        lsv_error err;
        if (lsv_poll(&err) != LSV_OK) return ls_raise_lsv(in, &err);
        clock_gettime(CLOCK_MONOTONIC, &now);
        double left = until - ((double)now.tv_sec + (double)now.tv_nsec * 1e-9);
        if (left <= 0) return true;
        if (left > 0.05) left = 0.05;
        struct timespec nap = {0, (long)(left * 1e9)};
        nanosleep(&nap, NULL);
    }
}

static LS_PY(time_strftime) {
    const char *format;
    if (self->op) format = "%a %b %e %H:%M:%S %Y";
    else if (!ls_as_text(in, args[0], "format", &format)) return false;
    time_t now = time(NULL);
    struct tm parts;
    char text[512];
    localtime_r(&now, &parts);
    size_t n = strftime(text, sizeof text, format, &parts);
    return ls_put_value(in, ls_str_new(text, n), out);
}

const ls_builtin ls_family_time[] = {
    {"time.time", "()", "seconds since 1970", NULL, NULL, time_clock, CLOCK_REALTIME, 0, NULL},
    {"time.time_ns", "()", "nanoseconds since 1970", NULL, NULL, time_clock, CLOCK_REALTIME, 0, NULL},
    {"time.perf_counter time.monotonic", "()", "seconds of a clock that never goes back", NULL, NULL,
     time_clock, CLOCK_MONOTONIC, 0, NULL},
    {"time.perf_counter_ns time.monotonic_ns", "()", "nanoseconds of a clock that never goes back", NULL,
     NULL, time_clock, CLOCK_MONOTONIC, 0, NULL},
    {"time.process_time", "()", "seconds of processor time", NULL, NULL, time_clock, CLOCK_PROCESS_CPUTIME_ID,
     0, NULL},
    {"time.process_time_ns", "()", "nanoseconds of processor time", NULL, NULL, time_clock,
     CLOCK_PROCESS_CPUTIME_ID, 0, NULL},
    {"time.thread_time", "()", "seconds of this thread's processor time", NULL, NULL, time_clock,
     CLOCK_THREAD_CPUTIME_ID, 0, NULL},
    {"time.sleep", "(seconds, /)", "waits", NULL, NULL, time_sleep, 0, 0, NULL},
    {"time.strftime", "(format, /)", "the local date and time by a format", NULL, NULL, time_strftime, 0, 0,
     NULL},
    {"time.ctime time.asctime", "()", "the local date and time", NULL, NULL, time_strftime, 1, 0, NULL},
    {0}};
