/* See panel_eight.h. The accumulators are named variables, since a compiler spills an array of vectors. */
#include "backend/cpu/panel_eight.h"
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,fma,prefer-vector-width=512")))
typedef __m512d vec;

enum { TILE = 512 }; /* rows of the thin matrix that stay in the first cache: 32 KiB of it */

#define COLUMNS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)

/* The first n of eight doubles, n in 1..8, zeros beyond. */
TARGET static inline vec load_some(const double *p, ptrdiff_t n) {
    return n >= 8 ? _mm512_loadu_pd(p) : _mm512_maskz_loadu_pd((__mmask8)((1u << n) - 1), p);
}

/* In a register: left to itself the compiler loads a vector anew for each of its three uses. */
TARGET static inline vec kept(vec x) {
    __asm__("" : "+v"(x));
    return x;
}

/* On its way to the second cache. An address beyond the matrix does no harm. */
TARGET static inline void fetch(const double *p) { _mm_prefetch((const char *)p, _MM_HINT_T1); }
/* To the first. */
TARGET static inline void fetch_near(const double *p) { _mm_prefetch((const char *)p, _MM_HINT_T0); }

/* The sums over the lanes of eight vectors, as one. */
TARGET static inline vec across(vec a, vec b, vec c, vec d, vec e, vec f, vec g, vec h) {
#define PAIRED(x, y) _mm512_add_pd(_mm512_unpacklo_pd(x, y), _mm512_unpackhi_pd(x, y))
#define QUARTERS(x, y) _mm512_add_pd(_mm512_shuffle_f64x2(x, y, 0x88), _mm512_shuffle_f64x2(x, y, 0xDD))
    vec ab = PAIRED(a, b), cd = PAIRED(c, d), ef = PAIRED(e, f), gh = PAIRED(g, h);
    vec front = QUARTERS(ab, cd), back = QUARTERS(ef, gh);
    return QUARTERS(front, back);
}

/* ---- y += a x ---- */

#define ZERO3(j) vec p##j = _mm512_setzero_pd(), q##j = p##j, r##j = p##j;
#define STEP3(j)                               \
    x = kept(_mm512_loadu_pd(packed + 8 * j));       \
    p##j = _mm512_fmadd_pd(a0, x, p##j);       \
    q##j = _mm512_fmadd_pd(a1, x, q##j);       \
    r##j = _mm512_fmadd_pd(a2, x, r##j);
#define SUM(c) across(c##0, c##1, c##2, c##3, c##4, c##5, c##6, c##7)

TARGET static inline void add_row(double *y, vec sum) { _mm512_storeu_pd(y, _mm512_add_pd(_mm512_loadu_pd(y), sum)); }

/* Three rows; the next three are on their way when it is done. */
TARGET static inline void times_three(const double *a, ptrdiff_t lda, ptrdiff_t n, const double *packed, double *y, ptrdiff_t ldy) {
    COLUMNS(ZERO3)
    vec x;
    for (; n >= 8; n -= 8, a += 8, packed += 64) {
        vec a0 = _mm512_loadu_pd(a), a1 = _mm512_loadu_pd(a + lda), a2 = _mm512_loadu_pd(a + 2 * lda);
        for (int row = 3; row < 6; row++) fetch(a + row * lda);
        COLUMNS(STEP3)
    }
    if (n > 0) {
        vec a0 = load_some(a, n), a1 = load_some(a + lda, n), a2 = load_some(a + 2 * lda, n);
        COLUMNS(STEP3)
    }
    add_row(y, SUM(p));
    add_row(y + ldy, SUM(q));
    add_row(y + 2 * ldy, SUM(r));
}

#define ZERO1(j) vec p##j = _mm512_setzero_pd();
#define STEP1(j) p##j = _mm512_fmadd_pd(a0, _mm512_loadu_pd(packed + 8 * j), p##j);

TARGET static void times_one(const double *a, ptrdiff_t n, const double *packed, double *y) {
    COLUMNS(ZERO1)
    for (; n > 0; n -= 8, a += 8, packed += 64) {
        vec a0 = load_some(a, n);
        COLUMNS(STEP1)
    }
    add_row(y, SUM(p));
}

TARGET static void times(const double *a, ptrdiff_t lda, ptrdiff_t rows, ptrdiff_t n, const double *packed, double *y,
                         ptrdiff_t ldy) {
    for (ptrdiff_t k = 0; k < n; k += TILE) {
        ptrdiff_t width = n - k < TILE ? n - k : TILE, r = 0;
        for (; r + 3 <= rows; r += 3) times_three(a + r * lda + k, lda, width, packed + 8 * k, y + r * ldy, ldy);
        for (; r < rows; r++) times_one(a + r * lda + k, width, packed + 8 * k, y + r * ldy);
    }
}

/* ---- packed += a^T y ---- */

#define OPEN3(j)                                                                           \
    vec p##j = _mm512_loadu_pd(packed + 8 * j), q##j = _mm512_loadu_pd(packed + 64 + 8 * j), \
        r##j = _mm512_loadu_pd(packed + 128 + 8 * j);
#define SPREAD3(j)                             \
    x = kept(_mm512_set1_pd(y[j]));                  \
    p##j = _mm512_fmadd_pd(a0, x, p##j);       \
    q##j = _mm512_fmadd_pd(a1, x, q##j);       \
    r##j = _mm512_fmadd_pd(a2, x, r##j);
#define CLOSE3(j)                              \
    _mm512_storeu_pd(packed + 8 * j, p##j);    \
    _mm512_storeu_pd(packed + 64 + 8 * j, q##j); \
    _mm512_storeu_pd(packed + 128 + 8 * j, r##j);

/* 24 columns of a; as many of the same number of rows at `ahead` are on their way when it is done. */
TARGET static inline void transposed_three(const double *a, ptrdiff_t lda, ptrdiff_t rows, const double *y, ptrdiff_t ldy,
                                           double *packed, const double *ahead) {
    COLUMNS(OPEN3)
    vec x;
    for (; rows > 0; rows--, a += lda, y += ldy, ahead += lda) {
        vec a0 = _mm512_loadu_pd(a), a1 = _mm512_loadu_pd(a + 8), a2 = _mm512_loadu_pd(a + 16);
        for (int line = 0; line < 3; line++) fetch(ahead + 8 * line);
        COLUMNS(SPREAD3)
    }
    COLUMNS(CLOSE3)
}

#define OPEN1(j) vec p##j = _mm512_loadu_pd(packed + 8 * j);
#define SPREAD1(j) p##j = _mm512_fmadd_pd(a0, _mm512_set1_pd(y[j]), p##j);
#define CLOSE1(j) _mm512_storeu_pd(packed + 8 * j, p##j);

/* n columns of a, at most 8 */
TARGET static void transposed_one(const double *a, ptrdiff_t lda, ptrdiff_t rows, ptrdiff_t n, const double *y,
                                  ptrdiff_t ldy, double *packed) {
    COLUMNS(OPEN1)
    for (; rows > 0; rows--, a += lda, y += ldy) {
        vec a0 = load_some(a, n);
        COLUMNS(SPREAD1)
    }
    COLUMNS(CLOSE1)
}

TARGET static void transposed(const double *a, ptrdiff_t lda, ptrdiff_t rows, ptrdiff_t n, const double *y,
                              ptrdiff_t ldy, double *packed) {
    for (; n >= 24; n -= 24, a += 24, packed += 192) transposed_three(a, lda, rows, y, ldy, packed, a + 24);
    for (; n > 0; n -= 8, a += 8, packed += 64) transposed_one(a, lda, rows, n, y, ldy, packed);
}

/* ---- packed += a^T (a x) ----

   Reading a new matrix from memory takes about as long as multiplying with it twice, so the two are done at once: while a panel
   of ROWS rows, by now in the second cache, is multiplied by its y, the y of the panel after it is added up. Both go along their
   panels WIDE columns at a time, in as many steps as there are threes of rows in the one and of vectors in the other. Each step
   asks for what the coming ones need: of the next panel for the second cache, of this one and of the result for the first. */

enum { ROWS = LSV_EIGHT_ROWS, STEPS = ROWS / 3, WIDE = 24 * STEPS, SUMS = 64 * ROWS };

#define RESUME3(j)                                                                         \
    vec p##j = _mm512_load_pd(sums + 8 * j), q##j = _mm512_load_pd(sums + 64 + 8 * j),     \
        r##j = _mm512_load_pd(sums + 128 + 8 * j);
#define SUSPEND3(j)                            \
    _mm512_store_pd(sums + 8 * j, p##j);       \
    _mm512_store_pd(sums + 64 + 8 * j, q##j);  \
    _mm512_store_pd(sums + 128 + 8 * j, r##j);

/* Three rows' products with WIDE rows of the thin matrix, added to `sums`, lane by lane. For the first cache: 24 columns at
   `panel` of ROWS rows, and 24 rows of the result at `result`. */
TARGET static inline void times_wide(const double *a, ptrdiff_t lda, const double *packed, double *sums, const double *panel,
                                     const double *result) {
    COLUMNS(RESUME3)
    vec x;
    for (int k = 0; k < ROWS; k++, a += 8, packed += 64, panel += lda, result += 192 / ROWS) {
        vec a0 = _mm512_loadu_pd(a), a1 = _mm512_loadu_pd(a + lda), a2 = _mm512_loadu_pd(a + 2 * lda);
        for (int line = 0; line < 3; line++) fetch_near(panel + 8 * line);
        for (int line = 0; line < 24 / ROWS; line++) fetch_near(result + 8 * line);
        COLUMNS(STEP3)
    }
    COLUMNS(SUSPEND3)
}

/* packed += panel^T y, and next_y (ROWS x 8) = next x */
TARGET static void both(const double *panel, const double *next, ptrdiff_t lda, ptrdiff_t n, const double *packed_x,
                        const double *y, double *next_y, double *packed) {
    double sums[SUMS] __attribute__((aligned(64))) = {0};
    ptrdiff_t k = 0;
    for (; k + WIDE <= n; k += WIDE) {
        const double *ahead = k + WIDE < n ? next + k + WIDE : next + ROWS * lda;
        for (int i = 0; i < STEPS; i++) {
            ptrdiff_t at = k + 24 * i;
            transposed_three(panel + at, lda, ROWS, y, 8, packed + 8 * at, ahead + 24 * i);
            times_wide(next + 3 * i * lda + k, lda, packed_x + 8 * k, sums + 192 * i, panel + at + 24, packed + 8 * (at + 24));
        }
    }
#define SUMS_OF(c) _mm512_load_pd(sums + 64 * row + 8 * c)
    for (int row = 0; row < ROWS; row++)
        _mm512_storeu_pd(next_y + 8 * row, across(SUMS_OF(0), SUMS_OF(1), SUMS_OF(2), SUMS_OF(3), SUMS_OF(4), SUMS_OF(5),
                                                  SUMS_OF(6), SUMS_OF(7)));
    transposed(panel + k, lda, ROWS, n - k, y, 8, packed + 8 * k);
    times(next + k, lda, ROWS, n - k, packed_x + 8 * k, next_y, 8);
}

TARGET static void gram(const double *a, ptrdiff_t lda, ptrdiff_t rows, ptrdiff_t n, const double *packed_x, double *packed) {
    double y[2][8 * ROWS] = {0};
    int now = 0;
    ptrdiff_t count = rows < ROWS ? rows : ROWS;
    times(a, lda, count, n, packed_x, y[now], 8);
    for (; rows >= 2 * ROWS; rows -= ROWS, a += ROWS * lda, now = !now)
        both(a, a + ROWS * lda, lda, n, packed_x, y[now], y[!now], packed);
    transposed(a, lda, count, n, y[now], 8, packed);
    if (rows <= ROWS) return;
    memset(y, 0, sizeof y);
    a += ROWS * lda, rows -= ROWS;
    times(a, lda, rows, n, packed_x, y[0], 8);
    transposed(a, lda, rows, n, y[0], 8, packed);
}

/* ---- packing ---- */

static void pack(const double *x, ptrdiff_t ldx, ptrdiff_t n, double *packed) {
    for (ptrdiff_t k = 0; k < n; k += 8, packed += 64) {
        ptrdiff_t rows = n - k < 8 ? n - k : 8;
        if (rows < 8) memset(packed, 0, 64 * sizeof *packed);
        for (ptrdiff_t i = 0; i < rows; i++)
            for (int j = 0; j < 8; j++) packed[8 * j + i] = x[(k + i) * ldx + j];
    }
}

static void unpack(const double *packed, int count, ptrdiff_t apart, ptrdiff_t n, double *z, ptrdiff_t ldz) {
    for (ptrdiff_t k = 0; k < n; k += 8, packed += 64) {
        ptrdiff_t rows = n - k < 8 ? n - k : 8;
        for (ptrdiff_t i = 0; i < rows; i++)
            for (int j = 0; j < 8; j++) {
                double sum = packed[8 * j + i];
                for (int t = 1; t < count; t++) sum += packed[t * apart + 8 * j + i];
                z[(k + i) * ldz + j] = sum;
            }
    }
}

const lsv_eight lsv_eight_avx512 = {pack, unpack, times, transposed, gram};
#endif
