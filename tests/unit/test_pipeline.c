/* The streaming engine: factors against the full decomposition, the arithmetic of differences, and every job with every
   allocation failing in turn, after which the same call must come to its end with the same result. */
#include "check.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "linalg/linalg.h"
#include "lora/pipeline/inside.h"

static char folder[64];
static lsv_error err;

static double gauss(void) {
    static uint64_t state = 42;
    double x;
    extern void lsv_gauss_fill(uint64_t *, double *, ptrdiff_t);
    lsv_gauss_fill(&state, &x, 1);
    return x;
}

static lsv_array *matrix(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, const double *x) {
    lsv_array *a, *b;
    if (lsv_empty(LSV_TORCH, LSV_FLOAT64, 2, (ptrdiff_t[]){m, n}, &a, &err) != LSV_OK) abort();
    memcpy(a->data, x, (size_t)(m * n) * sizeof *x);
    if (lsv_astype(a, t, &b, &err) != LSV_OK) abort();
    lsv_release(a);
    return b;
}

/* b: random; t: b + an update of rank r and size `size`. */
static void pair(lsv_dtype type, ptrdiff_t m, ptrdiff_t n, ptrdiff_t r, double size, lsv_array **b, lsv_array **t) {
    if (m < 1 || n < 1) abort();
    double *w = calloc((size_t)(m * n) * 2, sizeof *w), *d = w + m * n;
    for (ptrdiff_t i = 0; i < m * n; i++) w[i] = gauss() * 0.05, d[i] = 0;
    for (ptrdiff_t k = 0; k < r; k++) {
        double *u = malloc((size_t)(m + n) * sizeof *u);
        for (ptrdiff_t i = 0; i < m + n; i++) u[i] = gauss();
        for (ptrdiff_t i = 0; i < m; i++)
            for (ptrdiff_t j = 0; j < n; j++) d[i * n + j] += size * u[i] * u[m + j] / (double)(k + 1);
        free(u);
    }
    *b = matrix(type, m, n, w);
    for (ptrdiff_t i = 0; i < m * n; i++) w[i] = lsv_load(type, (*b)->data + (size_t)i * lsv_dtype_size(type)).f + d[i];
    *t = matrix(type, m, n, w);
    free(w);
}

static double full_error(const lsv_array *b, const lsv_array *t, ptrdiff_t r) {
    lsv_array *B, *A;
    lsv_lora_info info;
    if (lsv_lora_difference(b, t, LSV_RANK_RULE(r), LSV_SPLIT_SQRT, &B, &A, &info, &err) != LSV_OK) return NAN;
    lsv_release(B);
    lsv_release(A);
    return info.error;
}

/* Errors within the promised share of the least possible, whatever shape, type and spectrum. */
static void factors(void) {
    static const struct { lsv_dtype t; ptrdiff_t m, n, rank, r; double size; } cases[] = {
        {LSV_FLOAT32, 40, 30, 5, 5, 0.1}, {LSV_FLOAT32, 300, 200, 30, 8, 0.1}, {LSV_BFLOAT16, 200, 300, 6, 6, 0.01}, {LSV_BFLOAT16, 400, 120, 6, 12, 0.01},
        {LSV_FLOAT16, 120, 400, 40, 10, 0.02}, {LSV_FLOAT32, 7, 500, 7, 3, 0.1}, {LSV_FLOAT32, 1, 9, 1, 1, 0.1}, {LSV_FLOAT32, 500, 1, 1, 1, 0.1}, {LSV_FLOAT64, 60, 90, 9, 4, 1e-9}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lsv_array *b, *t, *B, *A;
        lsv_delta d;
        lsv_leading lead;
        ptrdiff_t rank;
        double left;
        pair(cases[i].t, cases[i].m, cases[i].n, cases[i].rank, cases[i].size, &b, &t);
        lsv_factor_options o = {.rule = LSV_RANK_RULE(cases[i].r), .seed = i};
        CHECK(lsv_delta_new(b, t, cases[i].m, cases[i].n, (const char *const[2]){"b", "t"}, &d, &err) == LSV_OK);
        double norm = d.norm;
        CHECK(lsv_delta_factor(&d, &o, &lead, &rank, &err) == LSV_OK);
        CHECK(rank == cases[i].r);
        CHECK(lsv_leading_split(&lead, rank, LSV_SPLIT_SQRT, false, LSV_FLOAT32, &B, &A, &err) == LSV_OK);
        CHECK(lsv_delta_residual(&d, B, A, &left, &err) == LSV_OK);
        double least = full_error(b, t, cases[i].r);
        CHECK(left / norm <= least * 1.003 + 1e-6);
        CHECK(left / norm >= least * 0.999 - 1e-6);
        lsv_release(B), lsv_release(A), lsv_release(b), lsv_release(t);
        lsv_leading_free(&lead);
        lsv_delta_free(&d);
    }
}

/* Sums against plain loops, for every pair of types. */
static void differences(void) {
    static const lsv_dtype types[] = {LSV_FLOAT16, LSV_BFLOAT16, LSV_FLOAT32, LSV_FLOAT64};
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
            lsv_array *b, *t, *other;
            lsv_delta d;
            double sum = 0, base = 0;
            bool same = true;
            pair(types[i], 33, 47, 2, 0.01, &b, &other);
            CHECK(lsv_astype(other, types[j], &t, &err) == LSV_OK);
            CHECK(lsv_delta_new(b, t, 33, 47, (const char *const[2]){"b", "t"}, &d, &err) == LSV_OK);
            for (ptrdiff_t k = 0; k < 33 * 47; k++) {
                double u = lsv_load(types[i], b->data + (size_t)k * lsv_dtype_size(types[i])).f, v = lsv_load(types[j], t->data + (size_t)k * lsv_dtype_size(types[j])).f;
                sum += (v - u) * (v - u), base += u * u;
                same = same && d.x[k] == (float)(v - u);
            }
            CHECK(same);
            CHECK_NEAR(d.norm, sqrt(sum), 1e-6);
            CHECK_NEAR(d.base, sqrt(base), 1e-6);
            CHECK(d.edge >= d.noise / sqrt(33) && d.edge <= 4 * d.noise);
            lsv_delta_free(&d);
            lsv_release(b), lsv_release(t), lsv_release(other);
        }
    lsv_array *b, *t;
    lsv_delta d;
    pair(LSV_FLOAT16, 20, 20, 1, 0.01, &b, &t);
    ((uint16_t *)(void *)t->data)[47] = 0x7c00; /* Inf */
    CHECK(lsv_delta_new(b, t, 20, 20, (const char *const[2]){"b", "the tuned one"}, &d, &err) == LSV_EVALUE);
    CHECK(strstr(err.message, "the tuned one: inf at [2, 7]"));
    for (int k = 0; k < 65536; k++) { /* every half, as widened */
        ((uint16_t *)(void *)b->data)[0] = 0;
        ((uint16_t *)(void *)t->data)[47] = 0;
        ((uint16_t *)(void *)t->data)[0] = (uint16_t)k;
        double x = lsv_load(LSV_FLOAT16, t->data).f;
        if (!isfinite(x) || k % 7) continue;
        CHECK(lsv_delta_new(b, t, 20, 20, (const char *const[2]){"b", "t"}, &d, &err) == LSV_OK);
        if (d.x[0] != (float)x) CHECK(d.x[0] == (float)x);
        lsv_delta_free(&d);
    }
    lsv_release(b), lsv_release(t);
}

/* ---- jobs ---- */

static char *in_folder(const char *name) { return lsv_path_join(folder, name); }

static void write_models(void) {
    static const char *const names[] = {"a.weight", "b.weight", "norm.weight"};
    lsv_arrays base = {0}, tuned = {0};
    for (int i = 0; i < 3; i++) {
        lsv_array *b, *t;
        pair(LSV_FLOAT32, i < 2 ? 24 : 1, 18, 2, 0.1, &b, &t);
        lsv_arrays_add(&base, names[i], b, &err);
        lsv_arrays_add(&tuned, names[i], t, &err);
    }
    char *pb = in_folder("base.safetensors"), *pt = in_folder("tuned.safetensors");
    CHECK(lsv_safetensors_save(pb, &base, 0, NULL, &err) == LSV_OK && lsv_safetensors_save(pt, &tuned, 0, NULL, &err) == LSV_OK);
    lsv_arrays_free(&base), lsv_arrays_free(&tuned);
    lsv_free(pb), lsv_free(pt);
}

static char *base, *tuned, *adapter, *out;

static lsv_status extract(lsv_report *r) {
    lsv_extraction x = LSV_EXTRACTION;
    x.base = base, x.tuned = tuned, x.rule.r = 2, x.save_rest = true, x.out.path = out;
    return lsv_lora_extract(&x, NULL, r, &err);
}
static lsv_status budget(lsv_report *r) {
    lsv_extraction x = LSV_EXTRACTION;
    x.base = base, x.tuned = tuned, x.rule.r = -1, x.budget = 600, x.out.path = out;
    return lsv_lora_extract(&x, NULL, r, &err);
}
static lsv_status resize(lsv_report *r) {
    lsv_resizing x = {.adapter = adapter, .rule = LSV_RANK_RULE(1), .out = {.path = out, .dtype = LSV_BFLOAT16}};
    return lsv_lora_resize(&x, NULL, r, &err);
}
static lsv_status merge(lsv_report *r) {
    const char *both[2] = {adapter, adapter}, *names[2] = {"one", "two"};
    double weights[2] = {0.25, 0.75};
    lsv_rank_rule rules[2] = {LSV_RANK_RULE(1), LSV_RANK_RULE(2)};
    lsv_merging x = {.adapters = both, .n = 2, .weights = weights, .rules = rules, .names = names, .count = 2, .out = {.path = out, .dtype = -1}};
    return lsv_lora_merge(&x, NULL, r, &err);
}
static lsv_status apply(lsv_report *r) {
    lsv_applying x = {.base = base, .adapter = adapter, .weight = 1, .out = {.path = out}};
    return lsv_lora_apply(&x, NULL, r, &err);
}
static lsv_status convert(lsv_report *r) {
    char *plain = in_folder("plain");
    lsv_converting x = {.adapter = plain, .out = {.path = out, .format = LSV_ADAPTER_KOHYA, .dtype = -1}};
    lsv_status status = plain ? lsv_lora_convert(&x, NULL, r, &err) : lsv_no_memory(&err, 64);
    lsv_free(plain);
    return status;
}
static lsv_status verify(lsv_report *r) { return lsv_lora_verify(base, tuned, adapter, NULL, r, &err); }
static lsv_status look(lsv_report *r) { return lsv_lora_look(adapter, base, NULL, NULL, r, &err); }
static lsv_status diff(lsv_report *r) { return lsv_lora_diff(base, tuned, NULL, r, &err); }
static lsv_status diff_adapters(lsv_report *r) { return lsv_lora_diff(adapter, adapter, NULL, r, &err); }

/* Each allocation fails once; the call says so or does without, leaks nothing, and afterwards the job still comes to the end
   that it would have come to. */
static void fail_each(const char *name, lsv_status (*job)(lsv_report *), long step) {
    lsv_report r;
    char *partial = in_folder("out.partial");
    lsv_remove_all(out, NULL);
    lsv_remove_all(partial, NULL);
    CHECK(job(&r) == LSV_OK);
    double norm = r.norm;
    lsv_report_free(&r);
    lsv_remove_all(out, NULL);
    long before = lsv_alloc_count();
    CHECK(job(&r) == LSV_OK);
    long total = lsv_alloc_count() - before;
    lsv_report_free(&r);
    for (long k = 1; k <= total; k += step) {
        lsv_remove_all(out, NULL);
        lsv_remove_all(partial, NULL);
        long live = lsv_alloc_live();
        lsv_alloc_fail_at(k);
        lsv_status status = job(&r);
        lsv_alloc_fail_at(0);
        if (status == LSV_OK) lsv_report_free(&r);
        if (status != LSV_OK && status != LSV_ENOMEM) printf("%s: allocation %ld of %ld: %s\n", name, k, total, err.message);
        CHECK(status == LSV_OK || status == LSV_ENOMEM);
        if (lsv_alloc_live() != live) printf("%s: allocation %ld of %ld: %ld blocks more\n", name, k, total, lsv_alloc_live() - live);
        CHECK(lsv_alloc_live() == live);
        if (status == LSV_OK) continue;
        struct stat st;
        CHECK(stat(out, &st) != 0 || !strstr(name, "extract"));
        status = job(&r); /* goes on */
        bool there = stat(out, &st) == 0 && status == LSV_EVALUE; /* it failed at nothing but the cleaning up */
        if (status != LSV_OK && !there) printf("%s: after allocation %ld: %s\n", name, k, err.message);
        CHECK(status == LSV_OK || there);
        if (status != LSV_OK) continue;
        CHECK(r.finished || fabs(r.norm - norm) <= 1e-6 * norm);
        lsv_report_free(&r);
    }
    lsv_free(partial);
}

static void interrupted(void) {
    lsv_report r;
    lsv_remove_all(out, NULL);
    lsv_interrupt();
    CHECK(extract(&r) == LSV_EINTR);
    lsv_interrupt_take();
    CHECK(!lsv_lora_unfinished(out)); /* before anything was done */
    CHECK(extract(&r) == LSV_OK);
    lsv_report_free(&r);
    CHECK(extract(&r) == LSV_EVALUE && strstr(err.message, "is there already"));
}

int main(void) {
    /* in memory where that can be had: every job syncs what it writes */
    snprintf(folder, sizeof folder, "%s/lsv-pipeline-%ld", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (long)getpid());
    mkdir(folder, 0700);
    base = in_folder("base.safetensors"), tuned = in_folder("tuned.safetensors"), adapter = in_folder("adapter"), out = in_folder("out");
    factors();
    differences();
    write_models();
    lsv_report r;
    char *keep = out;
    out = adapter;
    CHECK(extract(&r) == LSV_OK);
    lsv_report_free(&r);
    out = in_folder("plain");
    lsv_extraction x = LSV_EXTRACTION;
    x.base = base, x.tuned = tuned, x.rule.r = 2, x.out.path = out;
    CHECK(lsv_lora_extract(&x, NULL, &r, &err) == LSV_OK);
    lsv_report_free(&r);
    lsv_free(out);
    out = keep;
    interrupted();
    fail_each("extract", extract, 1);
    fail_each("extract with a budget", budget, 3);
    fail_each("resize", resize, 2);
    fail_each("merge", merge, 5);
    fail_each("apply", apply, 1);
    fail_each("convert", convert, 2);
    fail_each("verify", verify, 1);
    fail_each("info", look, 1);
    fail_each("diff", diff, 1);
    fail_each("diff of adapters", diff_adapters, 1);
    lsv_remove_all(folder, NULL);
    lsv_free(base), lsv_free(tuned), lsv_free(adapter), lsv_free(out);
    printf("%d passed, %d failed\n", check_passed, check_failed);
    return check_failed != 0;
}
