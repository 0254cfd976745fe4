/* The truncated decomposition: over random problems of many kinds, what is certified holds, and truncations are optimal.

   Every problem has known singular values: A = Q1 diag(s) Q2^T with Householder products for Q1 and Q2, in sizes above
   and below where iteration begins. */
#include "backend/cpu/cpu.h"
#include "linalg/truncated.h"
#include "matrices.h"

static uint64_t state = 88172645463325252u;
static double uniform(void) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return ((double)(state >> 11) + 0.5) * 0x1p-53;
}
static ptrdiff_t roll(ptrdiff_t from, ptrdiff_t to) { return from + (ptrdiff_t)(uniform() * (double)(to - from + 1)); }

static int descending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

enum kind { FLAT, POWER, GAPPED, DEFICIENT, GRADED, CLUSTERED, MULTIPLE, NOISY, KINDS };
static const char *const names[] = {"flat", "power", "gapped", "deficient", "graded", "clustered", "multiple", "noisy"};

static void spectrum(enum kind kind, ptrdiff_t count, double *s) {
    double power = 0.3 + 1.7 * uniform(), noise = pow(10, -1 - 9 * uniform());
    ptrdiff_t r = roll(1, 20);
    for (ptrdiff_t i = 0; i < count; i++) {
        switch (kind) {
        case FLAT: s[i] = 1 + 1e-3 * uniform(); break;
        case POWER: s[i] = pow((double)i + 1, -power); break;
        case GAPPED: s[i] = (i < r ? 1 : 0.1) * (0.5 + uniform()); break;
        case DEFICIENT: s[i] = i < r ? 0.1 + uniform() : 0; break;
        case GRADED: s[i] = pow(10, -(double)i); break;
        case CLUSTERED: s[i] = i < 2 * r ? 1 + 4e-5 * uniform() : 0.5 * pow((double)i, -0.5); break;
        case MULTIPLE: s[i] = i < r ? 1 : i < 2 * r ? 0.5 : 0.3 / (double)(i + 1); break;
        case NOISY:
        case KINDS: s[i] = i < r ? 1 + uniform() : noise * (1 + uniform()); break;
        }
    }
    qsort(s, (size_t)count, sizeof *s, descending);
}

/* x (rows x cols, row-major) times a reflection on the left or the right, a few of them. */
static void reflect(double *x, ptrdiff_t rows, ptrdiff_t cols, bool left) {
    ptrdiff_t n = left ? rows : cols;
    double *h = malloc((size_t)n * sizeof *h), *dots = calloc((size_t)(left ? cols : rows), sizeof *dots), norm = 0;
    if (!h || !dots) exit(2);
    for (ptrdiff_t i = 0; i < n; i++) h[i] = uniform() - 0.5, norm += h[i] * h[i];
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < cols; j++) dots[left ? j : i] += x[i * cols + j] * h[left ? i : j];
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < cols; j++) x[i * cols + j] -= 2 / norm * dots[left ? j : i] * h[left ? i : j];
    free(h);
    free(dots);
}

static lsv_array *problem(enum kind kind, ptrdiff_t m, ptrdiff_t n, double scale, lsv_dtype t, double *s) {
    lsv_array *a = NULL, *narrow = NULL;
    ptrdiff_t small = m < n ? m : n;
    spectrum(kind, small, s);
    if (lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 2, (ptrdiff_t[]){m, n}, &a, NULL) != LSV_OK) exit(2);
    double *x = lsv_data(a);
    for (ptrdiff_t i = 0; i < small; i++) x[i * n + i] = s[i];
    for (int pass = 0; pass < 3; pass++) reflect(x, m, n, true), reflect(x, m, n, false);
    for (ptrdiff_t i = 0; i < m * n; i++) x[i] *= scale;
    for (ptrdiff_t i = 0; i < small; i++) s[i] *= scale;
    if (t == LSV_FLOAT64) return a;
    if (lsv_astype(a, t, &narrow, NULL) != LSV_OK) exit(2);
    lsv_release(a);
    return narrow;
}

/* |A - U S Vh|_F / |A|_F in long double sums of scaled entries. */
static double true_error(const lsv_array *A, const lsv_array *U, const lsv_array *S, const lsv_array *Vh) {
    ptrdiff_t m = A->shape[0], n = A->shape[1], k = S->size;
    double top = 0;
    long double off = 0, all = 0;
    for (ptrdiff_t i = 0; i < A->size; i++) top = fmax(top, fabs(at(A, i)));
    double *row = malloc((size_t)n * sizeof *row), *v = malloc((size_t)(k * n + 1) * sizeof *v);
    if (!row || !v) exit(2);
    for (ptrdiff_t i = 0; i < k * n; i++) v[i] = at(Vh, i);
    for (ptrdiff_t i = 0; i < m; i++) {
        for (ptrdiff_t j = 0; j < n; j++) row[j] = at(A, i * n + j) / top, all += row[j] * row[j];
        for (ptrdiff_t l = 0; l < k; l++) {
            double us = at(U, i * k + l) * (at(S, l) / top);
            for (ptrdiff_t j = 0; j < n; j++) row[j] -= us * v[l * n + j];
        }
        for (ptrdiff_t j = 0; j < n; j++) off += row[j] * row[j];
    }
    free(row);
    free(v);
    return all > 0 ? (double)sqrtl(off / all) : 0;
}

static double off_orthonormal(const lsv_array *x, bool by_columns) {
    ptrdiff_t m = x->shape[0], n = x->shape[1], k = by_columns ? n : m, length = by_columns ? m : n;
    double most = 0;
    for (ptrdiff_t a = 0; a < k; a++)
        for (ptrdiff_t b = 0; b <= a; b++) {
            double dot = a == b ? -1 : 0;
            for (ptrdiff_t i = 0; i < length; i++)
                dot += by_columns ? at(x, i * n + a) * at(x, i * n + b) : at(x, a * n + i) * at(x, b * n + i);
            most = fmax(most, fabs(dot));
        }
    return most;
}

static void one(enum kind kind, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, double scale, lsv_dtype t) {
    double s[512];
    lsv_array *A = problem(kind, m, n, scale, t, s), *U, *S, *Vh;
    lsv_svd_info info;
    bool narrow = t == LSV_FLOAT32;
    int before = check_failed;
    if (lsv_svd_truncated(A, k, NULL, &U, &S, &Vh, &info, &oops) != LSV_OK) {
        CHECK(!"lsv_svd_truncated");
        printf("  %s\n", oops.message);
        lsv_release(A);
        return;
    }
    double eps = narrow ? 0x1p-23 : 0x1p-52, error = true_error(A, U, S, Vh), optimum = 0, all = 0;
    for (ptrdiff_t i = (m < n ? m : n); i-- > 0;) {
        all += s[i] / scale * (s[i] / scale);
        if (i >= k) optimum += s[i] / scale * (s[i] / scale);
    }
    optimum = sqrt(optimum / all);
    CHECK(error <= info.bound);
    CHECK(info.bound <= info.error + 600 * eps + 2e-13 / (info.error + 1e-6)); /* and is no idle bound */
    CHECK(error <= optimum + 1e-11 * optimum + 256 * eps); /* Eckart and Young */
    CHECK(info.residual <= (narrow ? 1e-7 : 1e-12));
    for (ptrdiff_t i = 0; i < k; i++) CHECK(fabs(at(S, i) - s[i]) <= (narrow ? 4 * eps : 200 * eps) * s[0]);
    CHECK(off_orthonormal(U, true) < 100 * eps && off_orthonormal(Vh, false) < 100 * eps);
    if (check_failed > before)
        printf("  %s %tdx%td k=%td scale %g %s: %s, error %.3g bound %.3g optimum %.3g residual %.2g\n", names[kind], m, n, k, scale,
               lsv_dtype_name(t), info.method, error, info.bound, optimum, info.residual);
    lsv_release(A), lsv_release(U), lsv_release(S), lsv_release(Vh);
}

static void random_problems(int large, int small) {
    const double scales[] = {1, 1, 1, 1e150, 1e-150, 1e3};
    for (int i = 0; i < large + small; i++) {
        enum kind kind = (enum kind)(i % KINDS);
        bool big = i < large;
        ptrdiff_t low = big ? 260 : 2, high = big ? 330 : 40;
        ptrdiff_t m = roll(low, high), n = roll(low, high), least = m < n ? m : n;
        if (i % 5 == 0) m = roll(high, 2 * high);
        if (i % 5 == 1) n = roll(high, 2 * high), n = n > 511 ? 511 : n;
        if (m < least || n < least) continue;
        lsv_dtype t = i % 3 == 2 ? LSV_FLOAT32 : LSV_FLOAT64;
        double scale = t == LSV_FLOAT32 ? 1 : scales[i % 6];
        one(kind, m, n, roll(1, big ? 24 : least), scale, t);
        if (check_failed > 20) return;
    }
}

/* The same seed, the same bits; every family of kernels, the same answer; the sign rule. */
static void reproducible(void) {
    double s[512];
    lsv_array *A = problem(POWER, 300, 280, 1, LSV_FLOAT64, s), *U[3], *S[3], *Vh[3];
    const char *families[] = {NULL, "portable", "avx2"};
    for (int i = 0; i < 3; i++) {
        if (!lsv_cpu_panel_force(families[i])) lsv_cpu_panel_force(NULL);
        CHECK(lsv_svd_truncated(A, 6, NULL, &U[i], &S[i], &Vh[i], NULL, &oops) == LSV_OK);
        if (i > 0) CHECK(distance(U[0], U[i]) < 1e-9 && distance(S[0], S[i]) < 1e-14 && distance(Vh[0], Vh[i]) < 1e-9);
    }
    lsv_cpu_panel_force(NULL);
    lsv_array *u, *v, *w;
    CHECK(lsv_svd_truncated(A, 6, NULL, &u, &v, &w, NULL, &oops) == LSV_OK);
    CHECK(distance(u, U[0]) == 0 && distance(v, S[0]) == 0 && distance(w, Vh[0]) == 0);
    for (ptrdiff_t j = 0; j < 6; j++) {
        double most = 0, signed_most = 0;
        for (ptrdiff_t i = 0; i < 300; i++)
            if (fabs(at(u, i * 6 + j)) > most * (1 + 1e-8)) most = fabs(at(u, i * 6 + j)), signed_most = at(u, i * 6 + j);
        CHECK(signed_most > 0);
    }
    lsv_release(u), lsv_release(v), lsv_release(w);
    for (int i = 0; i < 3; i++) lsv_release(U[i]), lsv_release(S[i]), lsv_release(Vh[i]);
    FAIL_EACH_ALLOCATION(status = lsv_svd_truncated(A, 6, NULL, &u, &v, &w, NULL, NULL), lsv_release(u); lsv_release(v); lsv_release(w));
    lsv_release(A);
}

/* Small: the leading part of the full decomposition, to the bit, LAPACK's signs included. */
static void small_is_a_prefix(void) {
    lsv_array *A = noise2(40, 30, 9), *U, *S, *Vh, *u, *s, *vh;
    CHECK(lsv_svd_truncated(A, 4, NULL, &u, &s, &vh, NULL, &oops) == LSV_OK);
    CHECK(lsv_svd(A, false, LSV_SVD_AUTO, &U, &S, &Vh, &oops) == LSV_OK);
    for (ptrdiff_t i = 0; i < 40; i++)
        for (ptrdiff_t j = 0; j < 4; j++) CHECK(at(u, i * 4 + j) == at(U, i * 30 + j));
    for (ptrdiff_t j = 0; j < 4; j++) CHECK(at(s, j) == at(S, j));
    for (ptrdiff_t i = 0; i < 4 * 30; i++) CHECK(at(vh, i) == at(Vh, i));
    lsv_release(u), lsv_release(s), lsv_release(vh), lsv_release(U), lsv_release(S), lsv_release(Vh), lsv_release(A);
}

/* Views of every layout give what their copies give. */
static void layouts(void) {
    double s[512];
    lsv_array *A = problem(GAPPED, 300, 270, 1, LSV_FLOAT64, s), *T, *U, *S, *Vh, *u, *v, *w, *flipped, *odd;
    CHECK(lsv_svd_truncated(A, 5, NULL, &U, &S, &Vh, NULL, &oops) == LSV_OK);
    CHECK(lsv_transpose(A, NULL, &T, NULL) == LSV_OK);
    CHECK(lsv_svd_truncated(T, 5, NULL, &u, &v, &w, NULL, &oops) == LSV_OK);
    CHECK(distance(v, S) < 1e-14 && has_shape(u, 2, 270, 5) && has_shape(w, 2, 5, 300));
    lsv_release(u), lsv_release(v), lsv_release(w), lsv_release(T);
    CHECK(lsv_flip(A, 1, (int[]){1}, &flipped, NULL) == LSV_OK);
    CHECK(lsv_svd_truncated(flipped, 5, NULL, &u, &v, &w, NULL, &oops) == LSV_OK);
    CHECK(distance(v, S) < 1e-14);
    CHECK_NEAR(true_error(flipped, u, v, w), true_error(A, U, S, Vh), 1e-12);
    lsv_release(u), lsv_release(v), lsv_release(w), lsv_release(flipped);
    CHECK(lsv_view_strided(A, 2, (ptrdiff_t[]){300, 135}, (ptrdiff_t[]){270, 2}, 0, &odd, NULL) == LSV_OK);
    CHECK(lsv_svd_truncated(odd, 0, NULL, &u, &v, &w, NULL, &oops) == LSV_OK && v->size == 0);
    lsv_release(u), lsv_release(v), lsv_release(w), lsv_release(odd);
    lsv_release(U), lsv_release(S), lsv_release(Vh);
    CHECK(lsv_svd_truncated(A, 271, NULL, &u, &v, &w, NULL, &oops) == LSV_EVALUE);
    ((double *)lsv_data(A))[1234] = NAN;
    CHECK(lsv_svd_truncated(A, 3, NULL, &u, &v, &w, NULL, &oops) == LSV_ELINALG);
    lsv_release(A);
}

/* Long and wide ones through QR: LAPACK's answer, signs and all. */
static void long_ones(void) {
    const ptrdiff_t sizes[][2] = {{4000, 24}, {24, 4000}, {1500, 61}, {70, 2500}};
    for (int i = 0; i < 4; i++) {
        ptrdiff_t m = sizes[i][0], n = sizes[i][1];
        lsv_array *A = noise2(m, n, 3u + (unsigned)i), *U, *S, *Vh, *u, *s, *vh, *values;
        CHECK(lsv_svd(A, false, LSV_SVD_GESDD, &U, &S, &Vh, &oops) == LSV_OK);
        CHECK(lsv_svd(A, false, LSV_SVD_AUTO, &u, &s, &vh, &oops) == LSV_OK);
        CHECK(distance(U, u) < 1e-11 && distance(S, s) < 1e-11 && distance(Vh, vh) < 1e-11);
        CHECK(lsv_svd(A, false, LSV_SVD_AUTO, NULL, &values, NULL, &oops) == LSV_OK && distance(S, values) < 1e-11);
        lsv_release(U), lsv_release(S), lsv_release(Vh), lsv_release(u), lsv_release(s), lsv_release(vh), lsv_release(values), lsv_release(A);
    }
    lsv_array *A = noise2(4000, 20, 3), *U, *S, *Vh; /* two equal columns: Cholesky cannot, Householder can */
    double *x = lsv_data(A);
    for (ptrdiff_t i = 0; i < 4000; i++) x[i * 20 + 7] = x[i * 20 + 3];
    CHECK(lsv_svd(A, false, LSV_SVD_AUTO, &U, &S, &Vh, &oops) == LSV_OK);
    CHECK(at(S, 19) < 1e-12 * at(S, 0) && off_orthonormal(U, true) < 1e-13 && true_error(A, U, S, Vh) < 1e-14);
    lsv_release(A), lsv_release(U), lsv_release(S), lsv_release(Vh);
}

int main(int argc, char **argv) {
    int large = argc > 1 ? atoi(argv[1]) : 160;
    random_problems(large, 2000 - large < 300 ? 300 : 2000 - large);
    reproducible();
    small_is_a_prefix();
    layouts();
    long_ones();
    return check_done();
}
