/* The cost model: seconds = start + latency per column + work / rate.

   Rates are kept per side, operation, dtype and size class, in flops per second. They begin as a built-in
   table that is cautious about GPUs (what a device can do at best is known from its multiprocessors; how much
   of it an operation gets, only roughly), and move towards what real operations took. What was measured is
   kept in a text file per machine: its name has a hash of all that the rates depend on, so that another
   driver or number of threads begins afresh. */
#include "backend/estimate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cblas.h>
#include "backend/cuda/inside.h"

enum { CLASSES = 3 };

typedef struct {
    double rate; /* 0: not measured */
    int samples;
} rate;

static rate measured[2][LSV_NOPS][2][CLASSES];
static double copy_rate[2]; /* up, down; 0: not measured */
static bool changed;

/* An operation's share of what a product reaches, on either side, and what the GPU takes per column for the
   steps that follow each other; from public measurements of cuSOLVER and of OpenBLAS. */
static const struct {
    double cpu, gpu, column;
} shares[LSV_NOPS] = {
    [LSV_BE_GEMM] = {1, 1, 0},           [LSV_BE_GEMV] = {0.1, 0.02, 0},
    [LSV_BE_DOT] = {0.05, 0.01, 0},      [LSV_BE_SYRK] = {0.8, 0.8, 0},
    [LSV_BE_TRSM] = {0.7, 0.4, 2e-6},    [LSV_BE_GESDD] = {0.3, 0.1, 4e-5},
    [LSV_BE_GESVD] = {0.1, 0.02, 1e-4},  [LSV_BE_GEQRF] = {0.5, 0.3, 1.5e-5},
    [LSV_BE_ORGQR] = {0.5, 0.3, 1e-5},   [LSV_BE_SYEVD] = {0.25, 0.1, 4e-5},
    [LSV_BE_GEEV] = {0.08, 0.02, 1e-4},  [LSV_BE_POTRF] = {0.6, 0.4, 8e-6},
    [LSV_BE_GETRF] = {0.6, 0.4, 1.2e-5}, [LSV_BE_GETRS] = {0.3, 0.2, 4e-6},
    [LSV_BE_GETRI] = {0.5, 0.2, 1e-5},   [LSV_BE_GESV] = {0.6, 0.4, 1.5e-5},
    [LSV_BE_GELSD] = {0.2, 0.05, 1e-4},  [LSV_BE_GELSS] = {0.1, 0.02, 1e-4},
    [LSV_BE_GELSY] = {0.2, 0.05, 1e-4},  [LSV_BE_GELS] = {0.5, 0.3, 2e-5},
    [LSV_BE_SYEVR] = {0.2, 0.05, 1e-4},  [LSV_BE_PANEL] = {0.4, 0.15, 0},
    [LSV_BE_PANEL_T] = {0.4, 0.15, 0},   [LSV_BE_PANEL_GRAM] = {0.5, 0.15, 0},
};

static const char *const op_names[LSV_NOPS] = {
#define X(ENUM, entry, parameters) #entry,
    LSV_BACKEND_OPS(X)
#undef X
};

static double least(double a, double b) { return a < b ? a : b; }
static double most(double a, double b) { return a > b ? a : b; }

double lsv_estimate_work(lsv_op op, ptrdiff_t mm, ptrdiff_t nn, ptrdiff_t kk) {
    double m = (double)mm, n = (double)nn, k = (double)kk, l = most(m, n), s = least(m, n);
    switch (op) {
    case LSV_BE_GEMM: return 2 * m * n * k;
    case LSV_BE_PANEL:
    case LSV_BE_PANEL_T: return 2 * m * n * k;
    case LSV_BE_PANEL_GRAM: return 4 * m * n * k;
    case LSV_BE_GEMV: return 2 * m * n;
    case LSV_BE_DOT: return 2 * m;
    case LSV_BE_SYRK: return m * m * k;
    case LSV_BE_TRSM: return m * n * most(k, 1);
    case LSV_BE_GESDD:
    case LSV_BE_GESVD: return 4 * l * s * s + 18 * s * s * s;
    case LSV_BE_GEQRF: return 2 * s * s * (l - s / 3);
    case LSV_BE_ORGQR: return 2 * m * n * most(k, 1);
    case LSV_BE_SYEVD:
    case LSV_BE_SYEVR: return 9 * n * n * n;
    case LSV_BE_GEEV: return 25 * l * l * l;
    case LSV_BE_POTRF: return m * m * m / 3;
    case LSV_BE_GETRF: return s * s * (l - s / 3);
    case LSV_BE_GETRS: return 2 * m * m * most(k, 1);
    case LSV_BE_GETRI: return 4.0 / 3 * l * l * l;
    case LSV_BE_GESV: return 2.0 / 3 * m * m * m + 2 * m * m * most(k, 1);
    case LSV_BE_GELSD:
    case LSV_BE_GELSS:
    case LSV_BE_GELSY:
    case LSV_BE_GELS: return 2 * s * s * (l - s / 3) + 4 * l * s * most(k, 1);
    case LSV_NOPS: break;
    }
    return 0;
}

static int class_of(double work) { return work < 1e8 ? 0 : work < 3e10 ? 1 : 2; }

/* Flops per second of a product at its best. */
static double product_rate(bool gpu, lsv_dtype t) {
    bool wide = t == LSV_FLOAT64;
    if (!gpu) return 1.2e10 * openblas_get_num_threads() * (wide ? 1 : 2);
    const lsv_gpu_info *g = &lsv_cu_dev.info;
    if (g->multiprocessors <= 0) return 5e12; /* a backend that is not CUDA's */
    double units = g->multiprocessors, clock = 1.2e9;
    bool fast =
        (g->cc_major == 6 || g->cc_major == 7 || g->cc_major == 8 || g->cc_major == 9 || g->cc_major == 10) &&
        g->cc_minor == 0;
    return 0.5 * units * clock * (wide ? fast ? 128 : 4 : 256); /* half of what can be: nobody gets it all */
}

double lsv_estimate(bool gpu, lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, bool *known) {
    double work = lsv_estimate_work(op, m, n, k), columns = (double)(m < n ? m : n);
    const rate *r = &measured[gpu][op][t == LSV_FLOAT64][class_of(work)];
    if (known) *known = r->rate > 0;
    double start = gpu ? 3e-5 + shares[op].column * columns : 1e-6;
    if (r->rate > 0) return (gpu ? 3e-5 : 1e-6) + work / r->rate; /* latency is in what was measured */
    return start + work / (product_rate(gpu, t) * (gpu ? shares[op].gpu : shares[op].cpu));
}

double lsv_estimate_copy(double bytes, bool up) {
    if (bytes <= 0) return 0;
    double bandwidth = copy_rate[!up] > 0 ? copy_rate[!up] : 6e9;
    return 2e-5 + bytes / bandwidth;
}

void lsv_estimate_learn(bool gpu, lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k,
                        double seconds) {
    double work = lsv_estimate_work(op, m, n, k);
    if (seconds < 1e-3 || !(work > 0)) return;
    rate *r = &measured[gpu][op][t == LSV_FLOAT64][class_of(work)];
    double seen = work / seconds;
    /* the first sample counts whole, later ones a third: a busy machine must not stay in memory for long */
    r->rate = r->rate > 0 ? exp(log(r->rate) + (log(seen) - log(r->rate)) / 3) : seen;
    if (r->samples < 1000) r->samples++;
    changed = true;
}

void lsv_estimate_forget(bool gpu, lsv_op op, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k) {
    measured[gpu][op][t == LSV_FLOAT64][class_of(lsv_estimate_work(op, m, n, k))] = (rate){0};
}

void lsv_estimate_learn_copy(double bytes, double seconds, bool up) {
    if (bytes < 1e6 || !(seconds > 0)) return;
    double seen = bytes / seconds, *r = &copy_rate[!up];
    *r = *r > 0 ? exp(log(*r) + (log(seen) - log(*r)) / 3) : seen;
    changed = true;
}

void lsv_estimate_reset(void) {
    memset(measured, 0, sizeof measured);
    memset(copy_rate, 0, sizeof copy_rate);
    changed = false;
}

/* ---- the file ---- */

static void hash(uint64_t *h, const char *text) {
    for (; *text; text++) *h = (*h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
}

static void processor(char *out, size_t n) {
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "r");
    snprintf(out, n, "unknown");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "model name", 10) == 0) {
            snprintf(out, n, "%s", line);
            break;
        }
    if (f) fclose(f);
}

/* ".../lsv/dispatch-v1-<key>.txt" into path; false: no home. make: its folders are made. */
static bool file_path(char *path, size_t n, bool make) {
    char text[600], cpu[256], folder[420];
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    uint64_t key = UINT64_C(0xcbf29ce484222325);
    processor(cpu, sizeof cpu);
    const lsv_gpu_info *g = &lsv_cu_dev.info;
    snprintf(text, sizeof text, "%s|%d|%.120s|%s|%d.%d|%d|%d|%s", cpu, openblas_get_num_threads(),
             openblas_get_config(), g->name, g->cc_major, g->cc_minor, g->driver, g->runtime, LSV_VERSION);
    hash(&key, text);
    int length;
    if (cache && *cache == '/') length = snprintf(folder, sizeof folder, "%s", cache);
    else if (home && *home == '/') length = snprintf(folder, sizeof folder, "%s/.cache", home);
    else return false;
    if (length < 0 || (size_t)length + 8 > sizeof folder) return false;
    if (make) mkdir(folder, 0700);
    memcpy(folder + length, "/lsv", 5);
    if (make) mkdir(folder, 0700);
    length = snprintf(path, n, "%s/dispatch-v1-%016llx.txt", folder, (unsigned long long)key);
    return length > 0 && (size_t)length < n;
}

static void read_line(const char *line) {
    char side[8], op[24], type[16];
    int size;
    double x;
    if (sscanf(line, "copy %7s %lf", side, &x) == 2 && x > 1e6 && x < 1e13) {
        copy_rate[strcmp(side, "up") != 0] = x;
        return;
    }
    if (sscanf(line, "%7s %23s %15s %d %lf", side, op, type, &size, &x) != 5 || size < 0 || size >= CLASSES)
        return;
    if (!(x > 1e3 && x < 1e17)) return;
    for (int i = 0; i < LSV_NOPS; i++)
        if (strcmp(op, op_names[i]) == 0)
            measured[strcmp(side, "gpu") == 0][i][strcmp(type, "float64") == 0][size] = (rate){x, 1};
}

void lsv_estimate_load(void) {
    static bool done;
    char path[520], line[160];
    if (done) return;
    done = true;
    if (!file_path(path, sizeof path, false)) return;
    FILE *f = fopen(path, "r");
    if (!f) return;
    if (fgets(line, sizeof line, f) && strncmp(line, "lsv dispatch 1", 14) == 0)
        while (fgets(line, sizeof line, f)) read_line(line);
    fclose(f);
}

static void write_lines(FILE *f) {
    fprintf(f,
            "lsv dispatch 1\n# side operation dtype size-class flops-per-second; copies: bytes per second\n");
    for (int gpu = 0; gpu < 2; gpu++)
        for (int op = 0; op < LSV_NOPS; op++)
            for (int wide = 0; wide < 2; wide++)
                for (int c = 0; c < CLASSES; c++)
                    if (measured[gpu][op][wide][c].rate > 0)
                        fprintf(f, "%s %s %s %d %.4g\n", gpu ? "gpu" : "cpu", op_names[op],
                                wide ? "float64" : "float32", c, measured[gpu][op][wide][c].rate);
    for (int i = 0; i < 2; i++)
        if (copy_rate[i] > 0) fprintf(f, "copy %s %.4g\n", i ? "down" : "up", copy_rate[i]);
}

bool lsv_estimate_save(void) {
    char path[520], temporary[560];
    if (!changed) return true;
    if (!file_path(path, sizeof path, true)) return false;
    snprintf(temporary, sizeof temporary, "%s.%ld", path, (long)getpid());
    FILE *f = fopen(temporary, "w");
    if (!f) return false;
    write_lines(f);
    bool good = fflush(f) == 0 && !ferror(f);
    good = fclose(f) == 0 && good;
    good = good && rename(temporary, path) == 0;
    if (!good) remove(temporary);
    if (good) changed = false;
    return good;
}
