/* The methods that only multiply with A against the closed form, on spectra that are hard for them: low rank,
   graded, clusters, cotangents that vanish or are dependent, tall, wide, tiny and huge. "auto" has to be
   right on all of them. */
#include <stdlib.h>
#include "grad/svdgrad.h"
#include "matrices.h"

static double *cells(lsv_array *a) { return (double *)(void *)a->data; }

/* Q1 diag(s) Q2^T with s from a rule. */
static lsv_array *spectrum(ptrdiff_t m, ptrdiff_t n, double (*sigma)(ptrdiff_t j, ptrdiff_t k),
                           unsigned seed) {
    ptrdiff_t k = m < n ? m : n;
    lsv_array *a = noise2(m, k, seed), *b = noise2(n, k, seed + 1), *P = NULL, *Q = NULL, *R = NULL,
              *t = NULL, *A = NULL;
    if (lsv_qr(a, LSV_QR_REDUCED, &P, &R, &oops) != LSV_OK) exit(2);
    lsv_release(R);
    if (lsv_qr(b, LSV_QR_REDUCED, &Q, &R, &oops) != LSV_OK) exit(2);
    lsv_release(R);
    for (ptrdiff_t i = 0; i < m * k; i++) cells(P)[i] *= sigma(i % k, k);
    if (lsv_transpose(Q, NULL, &t, &oops) != LSV_OK || lsv_matmul(P, t, &A, &oops) != LSV_OK) exit(2);
    lsv_release(a), lsv_release(b), lsv_release(P), lsv_release(Q), lsv_release(t);
    return A;
}

static double low_rank(ptrdiff_t j, ptrdiff_t k) { return (void)k, j < 5 ? 5.0 - (double)j : 0; }
static double rank_one(ptrdiff_t j, ptrdiff_t k) { return (void)k, j < 1; }
static double graded(ptrdiff_t j, ptrdiff_t k) { return (void)k, pow(10, -(double)j); }
static double flat(ptrdiff_t j, ptrdiff_t k) { return 1 + 1e-3 * (1 - (double)j / (double)k); }
static double apart(ptrdiff_t j, ptrdiff_t k) { return (void)k, j == 0 ? 2 : 1; }
static double close_pair(ptrdiff_t j, ptrdiff_t k) {
    return j == 0 ? 1 : j == 1 ? 1 - 1e-7 : 0.8 - 0.7 * (double)j / (double)k;
}
static double cluster(ptrdiff_t j, ptrdiff_t k) {
    return j < 40 ? 1 - 1e-6 * (double)j : 0.5 - 0.4 * (double)j / (double)k;
}
static double twice(ptrdiff_t j, ptrdiff_t k) { return (void)k, j < 2 ? 1 : 0.5; }

static void compare(const char *name, lsv_array *A, double x, const lsv_array *phi, const lsv_array *psi,
                    lsv_svdgrad_method method, double tol) {
    lsv_array *xi = VECTOR(1, 0), *G = NULL, *T = NULL;
    cells(xi)[0] = x;
    lsv_svdgrad_options o = {.method = LSV_SVDGRAD_SVD, .tol = (double)NAN, .diagnose = true};
    lsv_svdgrad_info info = {0}, truth = {0};
    CHECK(lsv_svdgrad(A, xi, phi, psi, &o, &T, &truth, &oops) == LSV_OK);
    o.method = method;
    o.u0 = truth.u;
    lsv_status status = lsv_svdgrad(A, xi, phi, psi, &o, &G, &info, &oops);
    if (status != LSV_OK) printf("%s, %s: %s\n", name, lsv_svdgrad_name(method), oops.message);
    CHECK(status == LSV_OK);
    if (G && T) {
        double off = 0, all = 0, top = 0; /* scaled, so that nothing overflows */
        for (ptrdiff_t i = 0; i < G->size; i++) top = fmax(top, fabs(cells(T)[i]));
        for (ptrdiff_t i = 0; i < G->size; i++)
            off += pow((cells(G)[i] - cells(T)[i]) / top, 2), all += pow(cells(T)[i] / top, 2);
        off = sqrt(off / all);
        double allowed = fmax(tol, 64 * 0x1p-52 * info.amplification);
        if (off > allowed || off > info.bound_relative + truth.bound_relative)
            printf("%s, %s (%s): error %.2g, bound %.2g, allowed %.2g, %d products\n", name,
                   lsv_svdgrad_name(method), info.method, off, info.bound_relative, allowed, info.products);
        CHECK(off <= allowed && off <= info.bound_relative + truth.bound_relative);
    }
    lsv_svdgrad_info_free(&info), lsv_svdgrad_info_free(&truth);
    lsv_release(xi), lsv_release(G), lsv_release(T);
}

static const lsv_svdgrad_method ways[] = {LSV_SVDGRAD_AUTO, LSV_SVDGRAD_KRYLOV, LSV_SVDGRAD_ITERATIVE};

static void spectra(void) {
    static const struct {
        const char *name;
        ptrdiff_t m, n;
        double (*sigma)(ptrdiff_t, ptrdiff_t);
        bool products;
    } list[] = {{"rank 5", 200, 180, low_rank, true},
                {"rank 1", 180, 180, rank_one, true},
                {"graded", 200, 170, graded, true},
                {"wide", 170, 230, graded, true},
                {"apart", 190, 190, apart, true},
                {"flat", 180, 180, flat, false},
                {"close pair", 220, 180, close_pair, false},
                {"cluster", 200, 200, cluster, false}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        lsv_array *A = spectrum(list[i].m, list[i].n, list[i].sigma, (unsigned)i + 40),
                  *phi = noise2(list[i].m, 1, 2), *psi = noise2(list[i].n, 1, 3);
        for (int k = 0; k < (list[i].products ? 3 : 1); k++)
            compare(list[i].name, A, 0.4, phi, psi, ways[k], 1e-12);
        lsv_release(A), lsv_release(phi), lsv_release(psi);
    }
}

static void cotangents(void) {
    lsv_array *A = noise2(210, 190, 5), *phi = noise2(210, 1, 2), *psi = noise2(190, 1, 3), *t = NULL,
              *same = NULL, *zero = NULL;
    if (lsv_transpose(A, NULL, &t, &oops) != LSV_OK || lsv_matmul(t, phi, &same, &oops) != LSV_OK) exit(2);
    if (lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 1, (ptrdiff_t[]){210}, &zero, &oops) != LSV_OK) exit(2);
    for (int k = 0; k < 3; k++) {
        compare("psi only", A, 0.4, NULL, psi, ways[k], 1e-12);
        compare("phi only", A, 0.4, phi, NULL, ways[k], 1e-12);
        compare("xi only", A, 0.4, NULL, NULL, ways[k], 1e-12);
        compare("phi = 0", A, 0.4, zero, psi, ways[k], 1e-12);
        compare("dependent", A, 0.4, phi, same, ways[k], 1e-12);
        compare("no xi", A, 0, phi, psi, ways[k], 1e-12);
    }
    double huge[] = {1e150, 1e-150, 1e290, 1e-290};
    for (int h = 0; h < 4; h++) {
        lsv_array *B = NULL;
        if (lsv_copy(A, &B, &oops) != LSV_OK) exit(2);
        for (ptrdiff_t i = 0; i < B->size; i++) cells(B)[i] *= huge[h];
        compare("scaled", B, 1 / huge[h], phi, psi, LSV_SVDGRAD_KRYLOV, 1e-12);
        compare("scaled", B, 0, phi, psi, LSV_SVDGRAD_AUTO, 1e-12);
        lsv_release(B);
    }
    lsv_release(A), lsv_release(phi), lsv_release(psi), lsv_release(t), lsv_release(same), lsv_release(zero);
}

static void inner(void) {
    lsv_array *A = noise2(90, 70, 5), *phi = noise2(90, 1, 2), *psi = noise2(70, 1, 3), *xi = VECTOR(1, 0.5);
    for (ptrdiff_t index = 0; index < 6; index++) {
        lsv_array *G = NULL, *T = NULL;
        lsv_svdgrad_options o = {.method = LSV_SVDGRAD_SVD, .index = index, .tol = (double)NAN};
        CHECK(lsv_svdgrad(A, xi, phi, psi, &o, &T, NULL, &oops) == LSV_OK);
        o.method = LSV_SVDGRAD_ITERATIVE;
        CHECK(lsv_svdgrad(A, xi, phi, psi, &o, &G, NULL, &oops) == LSV_OK);
        double off = 0, all = 0;
        for (ptrdiff_t i = 0; G && T && i < G->size; i++)
            off += pow(cells(G)[i] - cells(T)[i], 2), all += pow(cells(T)[i], 2);
        if (!G || sqrt(off / all) > 1e-11)
            printf("triplet %td: %.2g %s\n", index, sqrt(off / all), G ? "" : oops.message);
        CHECK(G && sqrt(off / all) <= 1e-11);
        lsv_release(G), lsv_release(T);
    }
    lsv_release(A), lsv_release(phi), lsv_release(psi), lsv_release(xi);
}

/* A repeated largest value: an error, or with xi alone a subgradient; no values at all; not a number. All at
 * a size where "auto" multiplies. */
static void degenerate(void) {
    lsv_array *A = spectrum(180, 170, twice, 9), *phi = noise2(180, 1, 2), *xi = VECTOR(1, 0.5), *G = NULL;
    lsv_svdgrad_options o = {.tol = (double)NAN};
    lsv_svdgrad_info info = {0};
    CHECK(lsv_svdgrad(A, xi, phi, NULL, &o, &G, NULL, &oops) == LSV_ELINALG &&
          strstr(oops.message, "repeated"));
    CHECK(lsv_svdgrad(A, xi, NULL, NULL, &o, &G, &info, &oops) == LSV_OK);
    CHECK(info.nwarnings > 0 && strncmp(info.warnings[0], "W2", 2) == 0);
    lsv_svdgrad_info_free(&info);
    lsv_release(G), G = NULL;
    memset(cells(A), 0, (size_t)A->size * sizeof(double));
    CHECK(lsv_svdgrad(A, xi, phi, NULL, &o, &G, NULL, &oops) == LSV_ELINALG && strstr(oops.message, "A = 0"));
    cells(A)[777] = (double)NAN;
    CHECK(lsv_svdgrad(A, xi, phi, NULL, &o, &G, NULL, &oops) == LSV_ELINALG && strstr(oops.message, "nan"));
    lsv_release(A), lsv_release(phi), lsv_release(xi);
}

static void out_of_memory(void) {
    lsv_array *A = noise2(130, 170, 1), *phi = noise2(130, 1, 2), *psi = noise2(170, 1, 3),
              *xi = VECTOR(1, 1), *G = NULL;
    for (int k = 1; k < 3; k++) {
        lsv_svdgrad_options o = {.method = ways[k], .tol = (double)NAN};
        FAIL_EACH_ALLOCATION(status = lsv_svdgrad(A, xi, phi, psi, &o, &G, NULL, NULL), lsv_release(G));
    }
    lsv_release(A), lsv_release(phi), lsv_release(psi), lsv_release(xi);
}

int main(void) {
    spectra();
    cotangents();
    inner();
    degenerate();
    out_of_memory();
    return check_done();
}
