/* rank: always the count of the singular values above NumPy's tolerance; proofs only where they are safe.

   Matrices with known singular values, some a factor 4 around the tolerance: there the proof must decline. */
#include "backend/backend.h"
#include "linalg/truncated.h"
#include "matrices.h"

static uint64_t state = 42;
static double uniform(void) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return ((double)(state >> 11) + 0.5) * 0x1p-53;
}
static ptrdiff_t roll(ptrdiff_t from, ptrdiff_t to) { return from + (ptrdiff_t)(uniform() * (double)(to - from + 1)); }

static void reflect(double *x, ptrdiff_t rows, ptrdiff_t cols, bool left) {
    ptrdiff_t n = left ? rows : cols;
    double h[512], dots[512] = {0}, norm = 0;
    for (ptrdiff_t i = 0; i < n; i++) h[i] = uniform() - 0.5, norm += h[i] * h[i];
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < cols; j++) dots[left ? j : i] += x[i * cols + j] * h[left ? i : j];
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < cols; j++) x[i * cols + j] -= 2 / norm * dots[left ? j : i] * h[left ? i : j];
}

/* `rank` values of 1 down to `least`, then `tail` times the tolerance for a few, then nothing. */
static lsv_array *problem(ptrdiff_t m, ptrdiff_t n, ptrdiff_t rank, double least, ptrdiff_t ntail, double tail) {
    lsv_array *a = NULL;
    ptrdiff_t small = m < n ? m : n;
    double tol = (double)(m > n ? m : n) * 0x1p-52;
    if (lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 2, (ptrdiff_t[]){m, n}, &a, NULL) != LSV_OK) exit(2);
    double *x = lsv_data(a);
    for (ptrdiff_t i = 0; i < small; i++) {
        double s = i < rank ? pow(least, (double)i / (double)(rank > 1 ? rank - 1 : 1)) : i < rank + ntail ? tail * tol : 0;
        x[i * n + i] = s;
    }
    for (int pass = 0; pass < 2; pass++) reflect(x, m, n, true), reflect(x, m, n, false);
    return a;
}

/* The count of the singular values above the default tolerance. */
static int64_t by_values(const lsv_array *a) {
    lsv_array *s;
    int64_t count = 0;
    ptrdiff_t large = a->shape[0] > a->shape[1] ? a->shape[0] : a->shape[1];
    if (lsv_svd(a, false, LSV_SVD_GESDD, NULL, &s, NULL, &oops) != LSV_OK) exit(2);
    for (ptrdiff_t i = 0; i < s->size; i++) count += at(s, i) > at(s, 0) * (double)large * 0x1p-52;
    lsv_release(s);
    return count;
}

static int64_t answer(const lsv_array *a) {
    lsv_array *r;
    if (lsv_matrix_rank(a, NAN, NAN, false, &r, &oops) != LSV_OK) return -2;
    int64_t rank = lsv_item(r, NULL).i;
    lsv_release(r);
    return rank;
}

static ptrdiff_t proved(const lsv_array *a) {
    ptrdiff_t rank = -3, large = a->shape[0] > a->shape[1] ? a->shape[0] : a->shape[1];
    CHECK(lsv_rank_certified(a, 0, (double)large * 0x1p-52, &rank, &oops) == LSV_OK);
    return rank;
}

static void large_ones(int count) {
    int certain = 0, low = 0;
    for (int i = 0; i < count; i++) {
        ptrdiff_t m = roll(256, 300), n = roll(256, 300), small = m < n ? m : n, rank = 0;
        bool borderline = i % 3 == 0;
        lsv_array *a;
        if (i % 3 == 1) { /* far from the tolerance on both sides: low rank, or full */
            bool full = i % 2;
            rank = full ? small : roll(1, 20);
            a = problem(m, n, rank, full ? pow(10, -4 * uniform()) : 0.01, 0, 0);
        } else if (borderline) { /* a few within a factor 4 of it, above or below */
            rank = roll(1, 20);
            a = problem(m, n, rank, 0.5, roll(1, 3), pow(4, 1.9 * uniform() - 0.95));
        } else {
            rank = roll(1, small - 3);
            a = problem(m, n, rank, pow(10, -12 * uniform()), roll(0, 2), i % 2 ? 1e3 : 1e-3);
        }
        ptrdiff_t said = proved(a);
        int64_t truth = by_values(a);
        CHECK(said < 0 || said == truth);
        CHECK(answer(a) == truth);
        if (borderline) CHECK(said < 0);
        if (i % 3 == 1) {
            certain += said >= 0;
            low++;
        }
        lsv_release(a);
    }
    CHECK(certain == low); /* the clear cases are all proved */
}

static void small_ones(int count) {
    for (int i = 0; i < count; i++) {
        ptrdiff_t m = roll(1, 24), n = i % 2 ? roll(1, 8) : roll(1, 24), small = m < n ? m : n, rank = roll(0, small);
        lsv_array *a = problem(m, n, rank, 0.01, roll(0, 2), i % 4 == 0 ? pow(4, 2 * uniform() - 1) : 1e-2);
        CHECK(answer(a) == by_values(a));
        lsv_release(a);
    }
}

/* Absolute tolerances, tensors in float32, matrices of zeros, and every failed allocation. */
static void others(void) {
    lsv_array *a = problem(270, 280, 5, 0.01, 3, 1e6), *z, *r, *narrow;
    CHECK(answer(a) == 8);
    CHECK(lsv_matrix_rank(a, 1e-3, NAN, false, &r, &oops) == LSV_OK && lsv_item(r, NULL).i == 5);
    lsv_release(r);
    CHECK(lsv_astype(a, LSV_FLOAT32, &narrow, NULL) == LSV_OK);
    CHECK(answer(narrow) == 5); /* what is small is below float32's tolerance */
    lsv_array *tensor;
    CHECK(lsv_as_kind(narrow, LSV_TORCH, &tensor, NULL) == LSV_OK && answer(tensor) == 5);
    lsv_release(tensor), lsv_release(narrow);
    CHECK(lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 2, (ptrdiff_t[]){300, 300}, &z, NULL) == LSV_OK && answer(z) == 0);
    lsv_release(z);
    FAIL_EACH_ALLOCATION(status = lsv_matrix_rank(a, NAN, NAN, false, &r, NULL), lsv_release(r));
    lsv_release(a);
}

int main(void) {
    lsv_backend_serial(); /* matrices this small gain nothing from a second thread of BLAS, and tests share machines */
    small_ones(880);
    large_ones(120);
    others();
    return check_done();
}
