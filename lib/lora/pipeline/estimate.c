/* What an extraction would take: sizes from the headers, the speed of products from a short one. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/alloc.h"
#include "file/inside.h"
#include "linalg/dense.h"
#include "lora/pipeline/inside.h"

/* A thin product of the shape that extraction makes, three times, the best of them. */
lsv_status lsv_measure_rates(lsv_dtype t, lsv_estimate *e, lsv_error *err) {
    enum { N = 1024, Q = 80 };
    void *x, *p = NULL, *y = NULL;
    LSV_TRY(lsv_mats_buffer(t, N, N, &x, err));
    lsv_status status = lsv_mats_buffer(t, N, Q, &p, err);
    if (status == LSV_OK) status = lsv_mats_buffer(t, N, Q, &y, err);
    for (ptrdiff_t i = 0; status == LSV_OK && i < (ptrdiff_t)N * N; i++) {
        lsv_mats_put(t, x, i, (double)(i % 7) - 3);
        if (i < (ptrdiff_t)N * Q) lsv_mats_put(t, p, i, (double)(i % 5) - 2);
    }
    double best = INFINITY;
    for (int i = 0; i < 4 && status == LSV_OK; i++) {
        double start = lsv_seconds();
        status = lsv_backend_for(LSV_BE_GEMM, t, N, Q, N)->gemm(t, false, false, N, Q, N, 1, x, N, p, Q, 0, y, Q, err);
        if (i > 0) best = fmin(best, lsv_seconds() - start); /* the first wakes threads and loads pages */
    }
    e->rate = 2.0 * N * N * Q / fmax(best, 1e-9);
    if (status == LSV_OK) { /* from and to memory, as reading does */
        double start = lsv_seconds();
        for (int i = 0; i < 8; i++) memcpy((char *)x + (size_t)(i & 1) * N * N / 2, (char *)x + (size_t)(1 - (i & 1)) * N * N / 2, (size_t)N * N / 2);
        e->read_rate = 8.0 * N * N / 2 / fmax(lsv_seconds() - start, 1e-9) / 3;
    }
    lsv_free(x);
    lsv_free(p);
    lsv_free(y);
    return status;
}

static void one(const lsv_extraction *x, const lsv_target *t, size_t stored, lsv_estimate *e) {
    double m = (double)t->m, n = (double)t->n, small = fmin(m, n), products = 6;
    double k = x->rule.r >= 0 ? (double)x->rule.r : x->rule.max_rank >= 0 ? (double)x->rule.max_rank : 64;
    k = fmin(k, small);
    double q = k + fmax(16, k / 4);
    bool full = small <= 256 || q > small / 3;
    if (full) q = small;
    double flops = full ? 2 * m * n * small + 9 * small * small * small + 4 * m * n * q : products * 2 * m * n * q;
    flops += 2 * m * n * k + 12 * (m + n) * q * q;
    double memory = 4 * m * n + 8 * (m + n) * q * 3 + 8 * fmax(m, n) * q + (full ? 24 * small * small : 0);
    e->layers++;
    e->parameters += (int64_t)(m * n);
    e->flops += flops;
    e->factor_bytes += (int64_t)(k * (m + n) * (double)stored);
    if ((int64_t)memory > e->memory) {
        e->memory = (int64_t)memory;
        snprintf(e->largest, sizeof e->largest, "%s", lsv_tail(t->name, sizeof e->largest - 1));
    }
}

lsv_status lsv_lora_extract_estimate(const lsv_extraction *x, lsv_estimate *out, lsv_error *err) {
    lsv_checkpoint base = {0}, tuned = {0};
    lsv_targets targets = {0};
    lsv_estimate e = {0};
    lsv_status status = lsv_checkpoint_open(x->base, &base, err);
    if (status == LSV_OK) status = lsv_checkpoint_open(x->tuned, &tuned, err);
    if (status == LSV_OK) status = lsv_targets_of(x, &base, &tuned, &targets, err);
    if (status == LSV_OK) status = lsv_measure_rates(LSV_FLOAT32, &e, err);
    for (ptrdiff_t i = 0; status == LSV_OK && i < targets.n; i++) {
        const lsv_target *t = &targets.items[i];
        bool floating;
        size_t stored = lsv_dtype_size(x->out.dtype >= 0 ? (lsv_dtype)x->out.dtype : t->factored ? lsv_checkpoint_dtype(&tuned, t->tuned, &floating) : LSV_FLOAT32);
        if (t->factored) one(x, t, stored, &e);
        else e.others++;
    }
    e.bytes = targets.bytes * (x->budget > 0 ? 2 : 1);
    if (x->budget > 0 && e.factor_bytes > x->budget) e.factor_bytes = x->budget;
    lsv_targets_free(&targets);
    lsv_checkpoint_close(&base);
    lsv_checkpoint_close(&tuned);
    LSV_TRY(status);
    e.memory += (int64_t)24 << 20; /* the program and its buffers */
    e.seconds = e.flops / e.rate + (double)e.bytes / e.read_rate;
    *out = e;
    return LSV_OK;
}
