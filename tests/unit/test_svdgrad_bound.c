/* The error bound of svdgrad on random problems: sizes to 200, gaps 1e-1 to 1e-10 of the largest value, every
   method that has a bound of its own kind. The truth is the refined answer, whose own error is thousands of
   times smaller. An argument says how many problems (60). */
#include <stdlib.h>
#include "grad/svdgrad.h"
#include "matrices.h"

static uint64_t seed = 12345;
static double uniform(void) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(seed >> 11) * 0x1p-53;
}

static lsv_array *frame(ptrdiff_t rows, ptrdiff_t cols, unsigned s) {
    lsv_array *a = noise2(rows, cols, s), *q = NULL, *r = NULL;
    if (lsv_qr(a, LSV_QR_REDUCED, &q, &r, &oops) != LSV_OK) exit(2);
    lsv_release(a), lsv_release(r);
    return q;
}

/* Singular values 1, 1 - gap, then falling from 0.9 (1 - gap); Q1 S Q2^T. */
static lsv_array *problem(ptrdiff_t m, ptrdiff_t n, double gap, unsigned s) {
    ptrdiff_t k = m < n ? m : n;
    lsv_array *Q1 = frame(m, k, s), *Q2 = frame(n, k, s + 1), *A = NULL, *t = NULL;
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t j = 0; j < k; j++) {
            double sigma = j == 0 ? 1 : j == 1 ? 1 - gap : 0.9 * (1 - gap) * (1 - (double)j / (double)k);
            ((double *)(void *)Q1->data)[i * k + j] *= sigma;
        }
    if (lsv_transpose(Q2, NULL, &t, &oops) != LSV_OK || lsv_matmul(Q1, t, &A, &oops) != LSV_OK) exit(2);
    lsv_release(Q1), lsv_release(Q2), lsv_release(t);
    return A;
}

static const lsv_svdgrad_method methods[] = {LSV_SVDGRAD_AUTO,      LSV_SVDGRAD_SVD,    LSV_SVDGRAD_BORDERED,
                                             LSV_SVDGRAD_ITERATIVE, LSV_SVDGRAD_KRYLOV, LSV_SVDGRAD_KSHIFT,
                                             LSV_SVDGRAD_AUTOGRAD,  LSV_SVDGRAD_BLOCK,  LSV_SVDGRAD_LSTSQ};

/* error / bound of one problem; < 0 where the method declined. */
static double ratio(int number, double *over) {
    ptrdiff_t m = 2 + (ptrdiff_t)(199 * pow(uniform(), 2)), n = 2 + (ptrdiff_t)(199 * pow(uniform(), 2));
    double gap = pow(10, -1 - 9 * uniform()), result = -1, off = 0;
    lsv_array *A = problem(m, n, gap, (unsigned)number * 7 + 1), *phi = noise2(m, 1, (unsigned)number + 5),
              *psi = noise2(n, 1, (unsigned)number + 6);
    lsv_array *xi = VECTOR(1, 2 * uniform() - 1), *G = NULL, *T = NULL;
    lsv_svdgrad_options o = {.method = LSV_SVDGRAD_REFINED, .tol = (double)NAN, .diagnose = true};
    lsv_svdgrad_info info, truth;
    CHECK(lsv_svdgrad(A, xi, phi, psi, &o, &T, &truth, &oops) == LSV_OK);
    o.method = methods[number % (int)(sizeof methods / sizeof *methods)];
    if (T) o.u0 = truth.u;
    if (T && lsv_svdgrad(A, xi, phi, psi, &o, &G, &info, &oops) == LSV_OK) {
        for (ptrdiff_t i = 0; i < G->size; i++) off += pow(at(G, i) - at(T, i), 2);
        result = sqrt(off) / info.bound;
        *over = info.bound / fmax(sqrt(off), 1e-300);
        if (result > 1)
            printf("%td x %td, gap %.1e, %s: error %.2e, bound %.2e\n", m, n, gap, info.method, sqrt(off),
                   info.bound);
        lsv_svdgrad_info_free(&info);
    } else if (T && strstr(oops.message, "separate") == NULL)
        printf("%td x %td, gap %.1e, %s: %s\n", m, n, gap, lsv_svdgrad_name(o.method), oops.message);
    if (T) lsv_svdgrad_info_free(&truth);
    lsv_release(A), lsv_release(phi), lsv_release(psi), lsv_release(xi), lsv_release(G), lsv_release(T);
    return result;
}

int main(int argc, char **argv) {
    int count = argc > 1 ? atoi(argv[1]) : 60, within = 0, answered = 0;
    double worst = 0, overs = 0, over = 1;
    for (int i = 0; i < count; i++) {
        double r = ratio(i, &over);
        if (r < 0) continue;
        answered++;
        within += r <= 1;
        worst = fmax(worst, r);
        overs += log10(over);
    }
    if (argc > 1)
        printf("%d answered, %d within the bound, worst error/bound %.2g, typical bound/error 10^%.1f\n",
               answered, within, worst, overs / answered);
    CHECK(answered >= count * 9 / 10);
    CHECK(within >= answered * 99 / 100.0);
    CHECK(worst <= 10);
    return check_done();
}
