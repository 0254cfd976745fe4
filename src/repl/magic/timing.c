/* %time and %timeit, with IPython's texts and its way of choosing the number of loops. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/alloc.h"
#include "lang/builtins/builtin.h"
#include "lang/teach/lesson.h"
#include "repl/magic/magic.h"

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double seconds_of(struct timeval t) { return (double)t.tv_sec + 1e-6 * (double)t.tv_usec; }

/* "1.23 ms", "2min 3s", "1h 2min 3s": three significant digits and a unit that fits. */
static void duration(char *buf, size_t n, double seconds) {
    static const struct {
        double scale;
        const char *unit;
    } units[] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "μs"}, {1e-9, "ns"}};
    static const struct {
        long seconds;
        const char *unit;
    } parts[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    if (seconds >= 60) {
        long left = (long)seconds;
        size_t used = 0;
        buf[0] = 0;
        for (int k = 0; k < 4 && used < n; k++) {
            long count = left / parts[k].seconds;
            left %= parts[k].seconds;
            if (count)
                used +=
                    (size_t)snprintf(buf + used, n - used, "%s%ld%s", used ? " " : "", count, parts[k].unit);
        }
        return;
    }
    int k = 0;
    while (k < 3 && seconds < units[k].scale) k++;
    const char *unit = k == 2 && ls_teach_ascii() ? "us" : units[k].unit;
    snprintf(buf, n, "%.3g %s", seconds / units[k].scale, unit);
}

static bool run_text(session *s, const char *text) {
    ls_source *source = ls_source_new("<timed>", text, strlen(text), 1);
    if (!source) return ls_no_memory(s->in);
    s->nested++;
    bool ok = ls_run_cell(s->in, source);
    s->nested--;
    ls_source_release(source);
    return ok;
}

/* ---- %time ---- */

static bool run_time(session *s, const char *arg, const char *body) {
    const char *code = body ? body : arg;
    char user[48], system[48], total[48], wall[48];
    if (body && *arg)
        return ls_raise(s->in, "UsageError", "%%%%time takes no argument: its cell is what it times");
    if (!*code) return ls_raise(s->in, "UsageError", "%%time wants a statement");
    ls_value held = {.tag = LS_UNSET}, *before = s->held;
    struct rusage a, b;
    s->held = &held;
    getrusage(RUSAGE_SELF, &a);
    double start = now();
    bool ok = run_text(s, code);
    double end = now();
    getrusage(RUSAGE_SELF, &b);
    s->held = before;
    double u = seconds_of(b.ru_utime) - seconds_of(a.ru_utime),
           k = seconds_of(b.ru_stime) - seconds_of(a.ru_stime);
    duration(user, sizeof user, u);
    duration(system, sizeof system, k);
    duration(total, sizeof total, u + k);
    duration(wall, sizeof wall, end - start);
    session_printf(s, "CPU times: user %s, sys: %s, total: %s\nWall time: %s\n", user, system, total, wall);
    if (ok && held.tag != LS_UNSET) return magic_give(s, held);
    ls_drop(held);
    return ok;
}

/* ---- %timeit ---- */

enum { RUNS = 7, RUNS_MOST = 10000 };

static void indented(lsv_text *t, const char *text, int columns) {
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");
        lsv_text_fill(t, ' ', (size_t)columns);
        lsv_text_add(t, p, n);
        lsv_text_putc(t, '\n');
        p += n + (p[n] == '\n');
    }
}

/* The loop stands in a function, as in timeit: what the statement assigns is gone afterwards, and the loop
   itself costs a few nanoseconds. The clock is read inside, around the loop alone. */
static bool define_loop(session *s, const char *setup, const char *statement) {
    lsv_text t = {0};
    lsv_text_puts(&t, "def _timeit_inner(_timeit_loops, _timeit_clock):\n");
    if (setup) indented(&t, setup, 4);
    lsv_text_puts(&t, "    _timeit_start = _timeit_clock()\n    for _timeit_i in range(_timeit_loops):\n");
    indented(&t, statement, 8);
    lsv_text_puts(&t, "    return _timeit_clock() - _timeit_start\n");
    bool ok = !t.failed ? run_text(s, t.data) : ls_no_memory(s->in);
    lsv_text_free(&t);
    return ok;
}

static bool time_loops(session *s, long loops, double *seconds) {
    ls_value f = ls_ref(ls_global_get(s->in, "_timeit_inner")), out = ls_none();
    const ls_builtin *clock = ls_builtin_find("time.perf_counter");
    ls_value args[2] = {ls_int(loops), {.tag = LS_BUILTIN, .builtin = clock}};
    bool ok = ls_call(s->in, f, args, 2, &out) && ls_as_double(s->in, out, "seconds", seconds);
    ls_drop(out);
    ls_drop(f);
    return ok;
}

static void with_commas(char *out, size_t n, long count) {
    char digits[32];
    size_t length = (size_t)snprintf(digits, sizeof digits, "%ld", count), used = 0;
    for (size_t i = 0; i < length && used + 2 < n; i++) {
        out[used++] = digits[i];
        if ((length - i - 1) % 3 == 0 && i + 1 < length) out[used++] = ',';
    }
    out[used] = 0;
}

typedef struct measured {
    double mean, deviation, best, worst;
    long loops, runs;
} measured;

static bool measure(session *s, measured *m) {
    double seconds;
    bool ok = true;
    if (m->loops == 0) { /* 1, 10, 100, … until a run takes 0.2 s */
        m->loops = 1;
        while ((ok = time_loops(s, m->loops, &seconds)) && seconds < 0.2 && m->loops < 1000000000)
            m->loops *= 10;
    }
    double *each = lsv_malloc((size_t)m->runs * sizeof *each), sum = 0, squares = 0;
    if (!each) return ls_no_memory(s->in);
    m->best = HUGE_VAL;
    m->worst = 0;
    for (long i = 0; ok && i < m->runs; i++) {
        ok = time_loops(s, m->loops, &seconds);
        each[i] = seconds / (double)m->loops;
        sum += each[i];
        if (each[i] < m->best) m->best = each[i];
        if (each[i] > m->worst) m->worst = each[i];
    }
    m->mean = sum / (double)m->runs;
    for (long i = 0; ok && i < m->runs; i++) squares += (each[i] - m->mean) * (each[i] - m->mean);
    m->deviation = sqrt(squares / (double)m->runs);
    lsv_free(each);
    return ok;
}

static void describe(const measured *m, char *out, size_t n) {
    char mean[48], deviation[48], loops[48];
    const char *plus = ls_teach_ascii() ? "+-" : "±";
    duration(mean, sizeof mean, m->mean);
    duration(deviation, sizeof deviation, m->deviation);
    with_commas(loops, sizeof loops, m->loops);
    snprintf(out, n, "%s %s %s per loop (mean %s std. dev. of %ld run%s, %s loop%s each)", mean, plus,
             deviation, plus, m->runs, m->runs == 1 ? "" : "s", loops, m->loops == 1 ? "" : "s");
}

/* What -o gives: it shows as IPython's does, and has its figures as attributes. */
static const char *const figures_named[] = {"", "average", "stdev", "best", "worst", "loops", "repeat"};
static const ls_record timeit_result = {"TimeitResult", figures_named, 7};

static ls_value result_of(const measured *m, const char *text) {
    char shown[300];
    snprintf(shown, sizeof shown, "<TimeitResult : %s>", text);
    ls_value v = ls_tuple_new(7), label = ls_str_from(shown);
    if (v.tag == LS_UNSET || label.tag == LS_UNSET) {
        ls_drop(v);
        ls_drop(label);
        return (ls_value){.tag = LS_UNSET};
    }
    const ls_value figures[] = {label,
                                ls_float(m->mean),
                                ls_float(m->deviation),
                                ls_float(m->best),
                                ls_float(m->worst),
                                ls_int(m->loops),
                                ls_int(m->runs)};
    memcpy(v.tuple->items, figures, sizeof figures);
    v.tuple->record = &timeit_result;
    return v;
}

static bool count_of(session *s, const magic_option *o, long most, long *out) {
    char *end;
    if (!o->given) return true;
    *out = strtol(o->text, &end, 10);
    if (end != o->text && !*end && *out >= 0 && *out <= most) return true;
    return ls_raise(s->in, "UsageError", "%%timeit: -%c wants a count of at most %ld, not '%s'", o->letter,
                    most, o->text);
}

static bool run_timeit(session *s, const char *arg, const char *body) {
    magic_option o[] = {
        {.letter = 'n', .wants = true}, {.letter = 'r', .wants = true}, {.letter = 'q'}, {.letter = 'o'}};
    measured m = {.loops = 0, .runs = RUNS};
    char text[256];
    if (!magic_options(s, "timeit", &arg, o, 4) || !count_of(s, &o[0], 1000000000000, &m.loops) ||
        !count_of(s, &o[1], RUNS_MOST, &m.runs))
        return false;
    if (m.runs == 0) m.runs = RUNS;
    const char *statement = body ? body : arg, *setup = body && *arg ? arg : NULL;
    if (statement[strspn(statement, " \t\n")] == 0)
        return ls_raise(s->in, "UsageError", "%%timeit wants a statement");
    ls_echo echo = s->in->echo;
    s->in->echo = LS_ECHO_NONE;
    bool ok = define_loop(s, setup, statement) && measure(s, &m);
    ls_global_delete(s->in, "_timeit_inner");
    s->in->echo = echo;
    if (!ok) return false;
    describe(&m, text, sizeof text);
    if (!o[2].given) {
        if (m.worst > 4 * m.best && m.best > 0 && m.worst > 1e-6)
            session_printf(s,
                           "The slowest run took %.2f times longer than the fastest. This could mean that an "
                           "intermediate result is being cached.\n",
                           m.worst / m.best);
        session_printf(s, "%s\n", text);
    }
    return !o[3].given || magic_give(s, result_of(&m, text));
}

const magic magic_timing[] = {
    {"time", "%time STATEMENT", "how long a statement takes, run once",
     "Prints the processor's time (this process, all threads) and the time on the wall, then the statement's "
     "value.\n"
     "%%time in a cell's first line times the cell.",
     NULL, MAGIC_CODE, MAGIC_LINE | MAGIC_CELL, run_time},
    {"timeit", "%timeit [-n LOOPS] [-r RUNS] [-q] [-o] STATEMENT",
     "how long a statement takes, measured over many runs",
     "-n LOOPS  how often the statement runs in one measurement; without it as often as 0.2 s take\n"
     "-r RUNS   how many measurements there are: 7\n"
     "-q        prints nothing\n"
     "-o        gives the text as the cell's value\n"
     "%%timeit in a cell's first line times the cell below; what stands behind %%timeit runs before each "
     "measurement\n"
     "and is not counted.",
     "-n -r -q -o", MAGIC_CODE, MAGIC_LINE | MAGIC_CELL, run_timeit},
    {0}};
