/* Products of a large matrix with a thin one, the work a truncated decomposition lives on.

   A general gemm packs the large matrix, which costs as much as reading it several times; here it is
   read once, in tiles of 8 rows (as many as fit the registers) by TILE columns, while the thin
   matrix stays in cache. A^T (A X) reads every panel of PANEL rows twice in a row, the second time from cache. The
   kernels are written once, in panel.inc, over a handful of vector operations, and compiled for three
   families of processors; the processor chooses among them when the first product is asked for.

   Products with exactly eight columns, the narrowest block and the commonest, have kernels of their own where the
   processor has AVX-512: panel_eight.h.

   Rows are dealt out to the workers in fixed shares, and partial sums added in the workers' order: results are the
   same from run to run for a given number of threads. */
#include <string.h>
#include "backend/cpu/cpu.h"
#include "backend/cpu/panel_eight.h"
#include "backend/cpu/workers.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef void kernel(const double *a, ptrdiff_t lda, ptrdiff_t n, const double *x, ptrdiff_t ldx, double *y,
                    ptrdiff_t ldy);
typedef struct kernels {
    int lanes, rows;
    kernel *times[2][3], *transposed[2][3]; /* [one row, `rows` rows][vectors - 1] */
} kernels;

enum { TILE = 512, PANEL = 16, EIGHT_FROM = 48 /* columns of the large matrix: below, packing costs more than it saves */ };

#define FOUR_ROWS(X) X(0) X(1) X(2) X(3)
#define EIGHT_ROWS(X) FOUR_ROWS(X) X(4) X(5) X(6) X(7)

/* Any processor: pairs of doubles, which SSE2 and NEON have. */
typedef double pair __attribute__((vector_size(16)));
static inline pair pair_load(const double *p) {
    pair v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline void pair_store(double *p, pair v) { memcpy(p, &v, sizeof v); }
#define FAMILY(x) portable_##x
#define TARGET
#define VEC pair
#define LANES 2
#define ROWS 4
#define ALL_ROWS FOUR_ROWS
#define LOAD(p) pair_load(p)
#define STORE(p, v) pair_store(p, v)
#define SPLAT(x) ((pair){(x), (x)})
#define FMA(a, x, c) ((a) * (x) + (c))
#include "backend/cpu/panel_family.inc"

#if defined(__x86_64__)
#define FAMILY(x) avx2_##x
#define TARGET __attribute__((target("avx2,fma")))
#define VEC __m256d
#define LANES 4
#define ROWS 4
#define ALL_ROWS FOUR_ROWS
#define LOAD(p) _mm256_loadu_pd(p)
#define STORE(p, v) _mm256_storeu_pd(p, v)
#define SPLAT(x) _mm256_set1_pd(x)
#define FMA(a, x, c) _mm256_fmadd_pd(a, x, c)
#include "backend/cpu/panel_family.inc"

#define FAMILY(x) avx512_##x
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,fma,prefer-vector-width=512")))
#define VEC __m512d
#define LANES 8
#define ROWS 8
#define ALL_ROWS EIGHT_ROWS
#define LOAD(p) _mm512_loadu_pd(p)
#define STORE(p, v) _mm512_storeu_pd(p, v)
#define SPLAT(x) _mm512_set1_pd(x)
#define FMA(a, x, c) _mm512_fmadd_pd(a, x, c)
#include "backend/cpu/panel_family.inc"
#endif

static const kernels *forced;

static const kernels *here(void) {
    if (forced) return forced;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return &avx512_kernels;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &avx2_kernels;
#endif
    return &portable_kernels;
}

const char *lsv_cpu_panel_family(void) {
    const kernels *f = here();
    return f->lanes == 8 ? "avx512" : f->lanes == 4 ? "avx2" : "portable";
}

bool lsv_cpu_panel_force(const char *family) {
    forced = NULL;
    if (!family) return true;
    if (strcmp(family, "portable") == 0) return forced = &portable_kernels, true;
#if defined(__x86_64__)
    if (strcmp(family, "avx2") == 0 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return forced = &avx2_kernels, true;
    if (strcmp(family, "avx512") == 0 && __builtin_cpu_supports("avx512f"))
        return forced = &avx512_kernels, true;
#endif
    return false;
}

/* Columns j.. of the thin matrix that one kernel call takes, in vectors: 3, 2 or 1, four being two twice. */
static int vectors_at(const kernels *f, ptrdiff_t left) {
    ptrdiff_t vectors = left / f->lanes;
    return vectors == 4 ? 2 : vectors > 3 ? 3 : (int)vectors;
}

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

typedef struct panel_job {
    const kernels *f;
    const lsv_eight *eight; /* NULL: f's kernels do it              */
    double *packed_x;       /* for them: x                           */
    ptrdiff_t m, n, b;
    const double *a, *x;
    double *y, *z;
    ptrdiff_t lda, ldx, ldy, ldz;
    double *partial; /* one n x b block for each worker but the first; for `eight` one packed for each */
    double *middle;  /* one PANEL x b block for each worker */
    bool add;
} panel_job;

/* y[r0..r1) += a x, the columns in tiles. */
static void times_rows(const panel_job *j, ptrdiff_t r0, ptrdiff_t r1, double *y, ptrdiff_t ldy) {
    const kernels *f = j->f;
    for (ptrdiff_t k = 0; k < j->n; k += TILE) {
        ptrdiff_t width = least(TILE, j->n - k);
        for (ptrdiff_t c = 0; c < j->b;) {
            int nv = vectors_at(f, j->b - c);
            for (ptrdiff_t r = r0; r < r1;) {
                bool block = r1 - r >= f->rows;
                f->times[block][nv - 1](j->a + r * j->lda + k, j->lda, width, j->x + k * j->ldx + c, j->ldx,
                                        y + (r - r0) * ldy + c, ldy);
                r += block ? f->rows : 1;
            }
            c += nv * f->lanes;
        }
    }
}

/* z += a[r0..r1)^T y */
static void transposed_rows(const panel_job *j, ptrdiff_t r0, ptrdiff_t r1, const double *y, ptrdiff_t ldy,
                            double *z, ptrdiff_t ldz) {
    const kernels *f = j->f;
    for (ptrdiff_t k = 0; k < j->n; k += TILE) {
        ptrdiff_t width = least(TILE, j->n - k);
        for (ptrdiff_t c = 0; c < j->b;) {
            int nv = vectors_at(f, j->b - c);
            for (ptrdiff_t r = r0; r < r1;) {
                bool block = r1 - r >= f->rows;
                f->transposed[block][nv - 1](j->a + r * j->lda + k, j->lda, width, y + (r - r0) * ldy + c, ldy,
                                             z + k * ldz + c, ldz);
                r += block ? f->rows : 1;
            }
            c += nv * f->lanes;
        }
    }
}

static void zero_rows(double *y, ptrdiff_t ldy, ptrdiff_t rows, ptrdiff_t b) {
    for (ptrdiff_t i = 0; i < rows; i++) memset(y + i * ldy, 0, (size_t)b * sizeof *y);
}

/* This worker's share of `count` things, in units of `unit`. */
static void share(ptrdiff_t count, ptrdiff_t unit, int id, int of, ptrdiff_t *from, ptrdiff_t *to) {
    ptrdiff_t each = ((count + of - 1) / of + unit - 1) / unit * unit;
    *from = least(each * id, count);
    *to = least(*from + each, count);
}

static void times_share(void *job, int id, int of) {
    const panel_job *j = job;
    ptrdiff_t from, to;
    share(j->m, 8, id, of, &from, &to);
    for (ptrdiff_t r = from; r < to; r += PANEL) {
        ptrdiff_t end = least(r + PANEL, to);
        if (!j->add) zero_rows(j->y + r * j->ldy, j->ldy, end - r, j->b);
        times_rows(j, r, end, j->y + r * j->ldy, j->ldy);
    }
}

static double *own_z(const panel_job *j, int id, ptrdiff_t *ldz) {
    *ldz = id == 0 ? j->ldz : j->b;
    return id == 0 ? j->z : j->partial + (ptrdiff_t)(id - 1) * j->n * j->b;
}

static void transposed_share(void *job, int id, int of) {
    const panel_job *j = job;
    ptrdiff_t from, to, ldz;
    double *z = own_z(j, id, &ldz);
    zero_rows(z, ldz, j->n, j->b);
    share(j->m, 8, id, of, &from, &to);
    for (ptrdiff_t r = from; r < to; r += PANEL)
        transposed_rows(j, r, least(r + PANEL, to), j->y + r * j->ldy, j->ldy, z, ldz);
}

static void gram_share(void *job, int id, int of) {
    const panel_job *j = job;
    ptrdiff_t from, to, ldz;
    double *z = own_z(j, id, &ldz), *middle = j->middle + (ptrdiff_t)id * PANEL * j->b;
    zero_rows(z, ldz, j->n, j->b);
    share(j->m, 8, id, of, &from, &to);
    for (ptrdiff_t r = from; r < to; r += PANEL) {
        ptrdiff_t end = least(r + PANEL, to);
        zero_rows(middle, j->b, end - r, j->b);
        times_rows(j, r, end, middle, j->b);
        transposed_rows(j, r, end, middle, j->b, z, ldz);
    }
}

static void add_share(void *job, int id, int of) {
    const panel_job *j = job;
    ptrdiff_t from, to;
    share(j->n, 1, id, of, &from, &to);
    for (int t = 1; t < of; t++)
        for (ptrdiff_t k = from; k < to; k++) {
            const double *part = j->partial + ((ptrdiff_t)(t - 1) * j->n + k) * j->b;
            double *z = j->z + k * j->ldz;
            for (ptrdiff_t c = 0; c < j->b; c++) z[c] += part[c];
        }
}

/* ---- eight columns ---- */

static const lsv_eight *eight_for(const kernels *f, ptrdiff_t n, ptrdiff_t b) {
#if defined(__x86_64__)
    if (b == 8 && n >= EIGHT_FROM && f == &avx512_kernels) return &lsv_eight_avx512;
#else
    (void)f, (void)n, (void)b;
#endif
    return NULL;
}

static void eight_times_share(void *job, int id, int of) {
    const panel_job *j = job;
    ptrdiff_t from, to;
    share(j->m, LSV_EIGHT_ROWS, id, of, &from, &to);
    for (ptrdiff_t r = from; r < to; r += LSV_EIGHT_ROWS) {
        ptrdiff_t rows = least(LSV_EIGHT_ROWS, to - r);
        if (!j->add) zero_rows(j->y + r * j->ldy, j->ldy, rows, 8);
        j->eight->times(j->a + r * j->lda, j->lda, rows, j->n, j->packed_x, j->y + r * j->ldy, j->ldy);
    }
}

/* This worker's block of the sum, zero, and its share of the rows. */
static double *eight_begin(const panel_job *j, int id, int of, ptrdiff_t *from, ptrdiff_t *to) {
    ptrdiff_t size = lsv_eight_size(j->n);
    share(j->m, LSV_EIGHT_ROWS, id, of, from, to);
    return memset(j->partial + id * size, 0, (size_t)size * sizeof(double));
}

static void eight_transposed_share(void *job, int id, int of) {
    const panel_job *j = job;
    ptrdiff_t from, to;
    double *z = eight_begin(j, id, of, &from, &to);
    for (ptrdiff_t r = from; r < to; r += LSV_EIGHT_ROWS)
        j->eight->transposed(j->a + r * j->lda, j->lda, least(LSV_EIGHT_ROWS, to - r), j->n, j->y + r * j->ldy, j->ldy, z);
}

static void eight_gram_share(void *job, int id, int of) {
    const panel_job *j = job;
    ptrdiff_t from, to;
    double *z = eight_begin(j, id, of, &from, &to);
    if (from < to) j->eight->gram(j->a + from * j->lda, j->lda, to - from, j->n, j->packed_x, z);
}

static void eight_add_share(void *job, int id, int of) {
    const panel_job *j = job;
    ptrdiff_t from, to;
    share(j->n, 8, id, of, &from, &to);
    if (from < to)
        j->eight->unpack(j->partial + from * 8, of, lsv_eight_size(j->n), to - from, j->z + from * j->ldz, j->ldz);
}

/* ---- the products ---- */

/* Few operations are not worth waking anybody, or, where the others are awake, telling them. */
static int parts_for(const panel_job *j) {
    double flops = 2.0 * (double)j->m * (double)j->n * (double)j->b;
    return flops < (lsv_workers_awake() ? 5e5 : 4e6) || j->m < 64 ? 1 : lsv_workers();
}

static lsv_status check(lsv_dtype t, ptrdiff_t b, lsv_error *err) {
    if (t == LSV_FLOAT64 && b > 0 && b % 8 == 0) return LSV_OK;
    return lsv_fail(err, LSV_ENOTIMPL, "a thin product is done in float64, for multiples of 8 columns");
}

lsv_status lsv_cpu_panel(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t b, const void *a, ptrdiff_t lda,
                         const void *x, ptrdiff_t ldx, bool add, void *y, ptrdiff_t ldy, lsv_error *err) {
    LSV_TRY(check(t, b, err));
    panel_job j = {.f = here(), .m = m, .n = n, .b = b, .a = a, .x = x, .y = y,
                   .lda = lda, .ldx = ldx, .ldy = ldy, .add = add};
    j.eight = eight_for(j.f, n, b);
    if (j.eight) {
        j.packed_x = lsv_malloc((size_t)lsv_eight_size(n) * sizeof(double));
        if (!j.packed_x) return lsv_no_memory(err, (size_t)lsv_eight_size(n) * sizeof(double));
        j.eight->pack(x, ldx, n, j.packed_x);
    }
    lsv_workers_run(parts_for(&j), j.eight ? eight_times_share : times_share, &j);
    lsv_free(j.packed_x);
    return LSV_OK;
}

/* The same two with the kernels for eight columns. */
static lsv_status eight_sum(panel_job *j, bool gram, lsv_error *err) {
    int parts = parts_for(j);
    ptrdiff_t size = lsv_eight_size(j->n), bytes;
    if (!lsv_mul_size(size, (ptrdiff_t)sizeof(double) * (parts + gram), &bytes)) return lsv_no_memory(err, PTRDIFF_MAX);
    j->partial = lsv_malloc((size_t)bytes);
    if (!j->partial) return lsv_no_memory(err, (size_t)bytes);
    if (gram) {
        j->packed_x = j->partial + parts * size;
        j->eight->pack(j->x, j->ldx, j->n, j->packed_x);
    }
    lsv_workers_run(parts, gram ? eight_gram_share : eight_transposed_share, j);
    lsv_workers_run(parts, eight_add_share, j);
    lsv_free(j->partial);
    return LSV_OK;
}

/* The two that add up over rows: each worker into a block of its own. */
static lsv_status summed(panel_job *j, bool gram, lsv_error *err) {
    j->eight = eight_for(j->f, j->n, j->b);
    if (j->eight) return eight_sum(j, gram, err);
    int parts = parts_for(j);
    ptrdiff_t block, doubles = PANEL * j->b * parts, bytes;
    if (!lsv_mul_size(j->n, j->b, &block) || !lsv_mul_size(block, parts - 1, &block) ||
        !lsv_add_size(block, gram ? doubles : 0, &doubles) ||
        !lsv_mul_size(doubles, (ptrdiff_t)sizeof(double), &bytes))
        return lsv_no_memory(err, PTRDIFF_MAX);
    double *work = bytes ? lsv_malloc((size_t)bytes) : NULL;
    if (bytes && !work) return lsv_no_memory(err, (size_t)bytes);
    j->partial = work;
    j->middle = work ? work + block : NULL;
    lsv_workers_run(parts, gram ? gram_share : transposed_share, j);
    if (parts > 1) lsv_workers_run(parts, add_share, j);
    lsv_free(work);
    return LSV_OK;
}

lsv_status lsv_cpu_panel_t(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t b, const void *a, ptrdiff_t lda,
                           const void *y, ptrdiff_t ldy, void *z, ptrdiff_t ldz, lsv_error *err) {
    LSV_TRY(check(t, b, err));
    panel_job j = {.f = here(), .m = m, .n = n, .b = b, .a = a, .y = (double *)(uintptr_t)y, .z = z,
                   .lda = lda, .ldy = ldy, .ldz = ldz};
    return summed(&j, false, err);
}

lsv_status lsv_cpu_panel_gram(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t b, const void *a,
                              ptrdiff_t lda, const void *x, ptrdiff_t ldx, void *z, ptrdiff_t ldz,
                              lsv_error *err) {
    LSV_TRY(check(t, b, err));
    panel_job j = {.f = here(), .m = m, .n = n, .b = b, .a = a, .x = x, .z = z,
                   .lda = lda, .ldx = ldx, .ldz = ldz};
    return summed(&j, true, err);
}
