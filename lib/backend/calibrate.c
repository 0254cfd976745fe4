/* Measuring both sides: a product and three factorisations at two sizes in both precisions, and a copy each
   way.

   Everything runs through the two tables as real work does, so what is learned is what will be predicted. */
#include "backend/estimate.h"

#include <string.h>
#include "backend/cuda/inside.h"
#include "base/alloc.h"
#include "base/interrupt.h"

typedef struct {
    lsv_op op;
    ptrdiff_t n;
} step;

static const step steps[] = {{LSV_BE_GEMM, 256},   {LSV_BE_GEMM, 1024}, {LSV_BE_GEMM, 2048},
                             {LSV_BE_GESDD, 256},  {LSV_BE_GESDD, 512}, {LSV_BE_GEQRF, 512},
                             {LSV_BE_GEQRF, 1024}, {LSV_BE_GETRF, 1024}};
enum { STEPS = sizeof steps / sizeof *steps, SIDES = 2, TYPES = 2, MOST = 2048 };

typedef struct {
    void *a, *b, *c, *s;
    int32_t *pivots;
} room;

/* Entries in [-1/2, 1/2), without a pattern. */
static void fill(lsv_dtype t, void *x, ptrdiff_t n) {
    uint64_t state = 88172645463325252u;
    for (ptrdiff_t i = 0; i < n; i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        double v = (double)(state >> 11) * 0x1p-53 - 0.5;
        if (t == LSV_FLOAT64) ((double *)x)[i] = v;
        else ((float *)x)[i] = (float)v;
    }
}

static lsv_status run(const lsv_backend *be, const step *p, lsv_dtype t, room *w, lsv_error *err) {
    ptrdiff_t n = p->n;
    int info = 0;
    switch (p->op) {
    case LSV_BE_GEMM: return be->gemm(t, false, false, n, n, n, 1, w->a, n, w->b, n, 0, w->c, n, err);
    case LSV_BE_GESDD: return be->gesdd(t, 'S', n, n, w->a, n, w->s, w->b, n, w->c, n, &info, err);
    case LSV_BE_GEQRF: return be->geqrf(t, n, n, w->a, n, w->s, &info, err);
    default: return be->getrf(t, n, n, w->a, n, w->pivots, &info, err);
    }
}

/* Twice: the first time pays for what is made once. */
static lsv_status measure(bool gpu, const step *p, lsv_dtype t, room *w, lsv_error *err) {
    for (int i = 0; i < 2; i++) {
        fill(t, w->a, p->n * p->n);
        LSV_TRY(lsv_poll(err));
        double start = lsv_dispatch_clock();
        LSV_TRY(run(gpu ? &lsv_backend_cuda : &lsv_backend_cpu, p, t, w, err));
        double seconds = lsv_dispatch_clock() - start;
        ptrdiff_t k =
            p->op == LSV_BE_GEMM ? p->n : 0; /* the GPU's table learns by itself, copies taken off */
        if (!i) lsv_estimate_forget(gpu, p->op, t, p->n, p->n, k);
        else if (!gpu) lsv_estimate_learn(false, p->op, t, p->n, p->n, k, seconds);
    }
    return LSV_OK;
}

static lsv_status copies(room *w, lsv_error *err) {
    size_t bytes = (size_t)MOST * MOST * sizeof(double);
    void *there = NULL;
    LSV_TRY(lsv_cu_alloc(bytes, &there, err));
    lsv_status status = LSV_OK;
    for (int i = 0; i < 4 && status == LSV_OK; i++) {
        bool up = i % 2 == 0;
        double start = lsv_dispatch_clock();
        status = up ? lsv_cu_upload(there, 0, w->a, bytes, bytes, 1, err)
                    : lsv_cu_download(w->b, bytes, there, 0, bytes, 1, err);
        if (status == LSV_OK) status = lsv_cu_wait(err);
        if (status == LSV_OK && i >= 2)
            lsv_estimate_learn_copy((double)bytes, lsv_dispatch_clock() - start, up);
    }
    lsv_cu_free(there);
    return status;
}

static lsv_status all(room *w, void (*progress)(void *, const char *, int, int), void *context,
                      lsv_error *err) {
    int done = 0, of = STEPS * SIDES * TYPES + 1;
    static const char *const what[] = {"products", "decompositions"};
    if (progress) progress(context, "copies", done, of);
    done++;
    LSV_TRY(copies(w, err));
    for (int i = 0; i < STEPS; i++)
        for (int type = 0; type < TYPES; type++)
            for (int gpu = 0; gpu < SIDES; gpu++, done++) {
                if (progress) progress(context, what[steps[i].op != LSV_BE_GEMM], done, of);
                LSV_TRY(measure(gpu, &steps[i], type ? LSV_FLOAT64 : LSV_FLOAT32, w, err));
            }
    if (progress) progress(context, "done", of, of);
    return LSV_OK;
}

lsv_status lsv_backend_calibrate(void (*progress)(void *context, const char *what, int done, int of),
                                 void *context, lsv_error *err) {
    const char *why, *mode = lsv_backend_get();
    if (!lsv_gpu_count(&why))
        return lsv_fail(err, LSV_ERUNTIME, "there is nothing to calibrate, since there is no GPU: %s", why);
    LSV_TRY(lsv_cu_start_solver(err));
    size_t bytes = (size_t)MOST * MOST * sizeof(double);
    room w = {lsv_malloc(bytes), lsv_malloc(bytes), lsv_malloc(bytes), lsv_malloc(MOST * sizeof(double)),
              lsv_malloc(MOST * sizeof(int32_t))};
    lsv_status status =
        w.a && w.b && w.c && w.s && w.pivots ? lsv_backend_set("gpu", err) : lsv_no_memory(err, 3 * bytes);
    if (status == LSV_OK) {
        fill(LSV_FLOAT64, w.b, (ptrdiff_t)MOST * MOST);
        status = all(&w, progress, context, err);
    }
    lsv_backend_set(mode, NULL);
    void *blocks[] = {w.a, w.b, w.c, w.s, w.pivots};
    for (int i = 0; i < 5; i++) lsv_free(blocks[i]);
    if (status != LSV_OK) return status;
    if (lsv_estimate_save()) return LSV_OK;
    status = lsv_fail(err, LSV_EOS, "what was measured could not be written to the cache folder");
    lsv_hint(err, "set XDG_CACHE_HOME to a folder that can be written");
    return status;
}
