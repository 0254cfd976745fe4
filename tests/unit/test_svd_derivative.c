/* svd_vjp, svd_jvp and normgrad: the recorded vectors, adjointness, full factors, leading triplets, equal
 * values. */
#include "check.h"
#include "base/alloc.h"
#include "grad/svd_derivative.h"
#include "array/elementwise.h"
#include "array/reduce.h"
#include "linalg/linalg.h"
#include <stdlib.h>

typedef struct vjp_case {
    int m, n, k;
    double A[36], grad[36], w[6], d[6], N1[36], N2[36], X[36];
} vjp_case;
typedef struct norm_case {
    const char *kind;
    int m, n;
    double A[64], grad[64];
} norm_case;
#include "svd_derivative_cases.inc"

typedef lsv_array *A;
static lsv_error oops;

static A held[4096];
static int nheld;
static A hold(A a) { return held[nheld++] = a; }
static void drop_all(void) {
    while (nheld) lsv_release(held[--nheld]);
}

static A matrix(int m, int n, const double *x) {
    A a;
    lsv_empty(LSV_NUMPY, LSV_FLOAT64, 2, (ptrdiff_t[]){m, n}, &a, NULL);
    memcpy(lsv_data(a), x, (size_t)(m * n) * sizeof *x);
    return hold(a);
}
static A vector(int n, const double *x) {
    A a;
    lsv_empty(LSV_NUMPY, LSV_FLOAT64, 1, (ptrdiff_t[]){n}, &a, NULL);
    memcpy(lsv_data(a), x, (size_t)n * sizeof *x);
    return hold(a);
}
static A mm(A a, A b) {
    A r;
    lsv_matmul(a, b, &r, NULL);
    return hold(r);
}
static A T(A a) {
    A r;
    lsv_swapaxes(a, 0, 1, &r, NULL);
    return hold(r);
}
static A bin(lsv_binary_op op, A a, A b) {
    A r;
    lsv_binary(op, a, b, &r, NULL);
    return hold(r);
}
static A contiguous(A a) {
    A r;
    lsv_contiguous(a, &r, NULL);
    return hold(r);
}
static A columns(A a, int from, int to) {
    A r;
    lsv_index items[] = {
        {.type = LSV_IX_SLICE, .step = 1},
        {.type = LSV_IX_SLICE, .step = 1, .has_start = true, .has_stop = true, .start = from, .stop = to}};
    lsv_index_get(a, items, 2, &r, NULL);
    return contiguous(hold(r));
}
static double at(A a, ptrdiff_t i) { return ((double *)lsv_data(a))[i]; }

static double inner(A a, A b) {
    double sum = 0;
    a = contiguous(a), b = contiguous(b);
    for (ptrdiff_t i = 0; i < a->size; i++) sum += at(a, i) * at(b, i);
    return sum;
}
static double apart(A a, A b) { /* |a - b| / |b| */
    A d = bin(LSV_OP_SUB, a, b);
    return sqrt(inner(d, d) / fmax(inner(b, b), 1e-300));
}

static unsigned seed = 12345;
static double uniform(void) {
    seed = seed * 1664525u + 1013904223u;
    return (double)(seed >> 8) / (1 << 24) * 2 - 1;
}
static A random_matrix(int m, int n) {
    double x[400];
    for (int i = 0; i < m * n; i++) x[i] = uniform();
    return matrix(m, n, x);
}
static void svd(A a, bool full, A *U, A *S, A *Vh) {
    lsv_svd(a, full, LSV_SVD_AUTO, U, S, Vh, NULL);
    hold(*U), hold(*S), hold(*Vh);
}

static void recorded(void) {
    for (size_t c = 0; c < sizeof vjp_cases / sizeof *vjp_cases; c++) {
        const vjp_case *x = &vjp_cases[c];
        A a = matrix(x->m, x->n, x->A), U, S, Vh, G, N1 = matrix(x->m, x->m, x->N1),
          N2 = matrix(x->n, x->n, x->N2), X = matrix(x->m, x->n, x->X);
        svd(a, false, &U, &S, &Vh);
        A V = contiguous(T(Vh)), d = vector((int)S->size, x->d), w = vector((int)S->size, x->w);
        A gU = bin(LSV_OP_MUL, bin(LSV_OP_ADD, mm(bin(LSV_OP_ADD, N1, T(N1)), U), mm(X, V)), d);
        A gV = bin(LSV_OP_MUL, bin(LSV_OP_ADD, mm(bin(LSV_OP_ADD, N2, T(N2)), V), mm(T(X), U)), d);
        CHECK(lsv_svd_vjp(NULL, U, S, Vh, gU, w, T(gV), LSV_CLUSTER_ERROR, &G, &oops) == LSV_OK);
        hold(G);
        CHECK(apart(G, matrix(x->m, x->n, x->grad)) < 1e-13);
        /* the first k triplets and A: the same */
        int k = x->k;
        A Uk = columns(U, 0, k), Vk = columns(V, 0, k), Sk, gSk;
        lsv_index some = {.type = LSV_IX_SLICE, .step = 1, .has_stop = true, .stop = k};
        lsv_index_get(S, &some, 1, &Sk, NULL), hold(Sk);
        lsv_index_get(w, &some, 1, &gSk, NULL), hold(gSk);
        CHECK(lsv_svd_vjp(a, Uk, Sk, contiguous(T(Vk)), columns(gU, 0, k), gSk, T(columns(gV, 0, k)),
                          LSV_CLUSTER_ERROR, &G, &oops) == LSV_OK);
        hold(G);
        CHECK(apart(G, matrix(x->m, x->n, x->grad)) < 1e-13);
        drop_all();
    }
    for (size_t c = 0; c < sizeof vjp_cases / sizeof *vjp_cases; c++) { /* float32 */
        const vjp_case *x = &vjp_cases[c];
        A parts[6] = {matrix(x->m, x->n, x->A), matrix(x->m, x->m, x->N1), matrix(x->n, x->n, x->N2),
                      matrix(x->m, x->n, x->X)};
        A U, S, Vh, G;
        for (int i = 0; i < 4; i++) {
            lsv_as_kind(parts[i], LSV_TORCH, &parts[i], NULL), hold(parts[i]);
            lsv_astype(parts[i], LSV_FLOAT32, &parts[i], NULL), hold(parts[i]);
        }
        svd(parts[0], false, &U, &S, &Vh);
        A V = contiguous(T(Vh)), w, d, N1 = parts[1], N2 = parts[2], X = parts[3];
        lsv_astype(vector((int)S->size, x->w), LSV_FLOAT32, &w, NULL), hold(w);
        lsv_as_kind(w, LSV_TORCH, &w, NULL), hold(w);
        lsv_astype(vector((int)S->size, x->d), LSV_FLOAT32, &d, NULL), hold(d);
        lsv_as_kind(d, LSV_TORCH, &d, NULL), hold(d);
        A gU = bin(LSV_OP_MUL, bin(LSV_OP_ADD, mm(bin(LSV_OP_ADD, N1, T(N1)), U), mm(X, V)), d);
        A gV = bin(LSV_OP_MUL, bin(LSV_OP_ADD, mm(bin(LSV_OP_ADD, N2, T(N2)), V), mm(T(X), U)), d);
        CHECK(lsv_svd_vjp(NULL, U, S, Vh, gU, w, T(gV), LSV_CLUSTER_ERROR, &G, &oops) == LSV_OK);
        hold(G);
        CHECK(G->dtype == LSV_FLOAT32);
        A wide;
        lsv_astype(G, LSV_FLOAT64, &wide, NULL), hold(wide);
        lsv_as_kind(wide, LSV_NUMPY, &wide, NULL), hold(wide);
        CHECK(apart(wide, matrix(x->m, x->n, x->grad)) < 1e-5);
        drop_all();
    }
    for (size_t c = 0; c < sizeof norm_cases / sizeof *norm_cases; c++) {
        const norm_case *x = &norm_cases[c];
        A G;
        bool unique;
        CHECK(lsv_normgrad(matrix(x->m, x->n, x->A), x->kind, &G, &unique, &oops) == LSV_OK);
        hold(G);
        CHECK(unique);
        CHECK(apart(G, matrix(x->m, x->n, x->grad)) < 1e-13);
        drop_all();
    }
}

/* <gU, dU> + <gS, dS> + <gV, dV> = <gA, dA>, thin and full, tall and wide. */
static void adjoint(bool full, int m, int n) {
    A a = random_matrix(m, n), dA = random_matrix(m, n), U, S, Vh, dU, dS, dVh, G;
    svd(a, full, &U, &S, &Vh);
    CHECK(lsv_svd_jvp(U, S, Vh, dA, LSV_CLUSTER_ERROR, &dU, &dS, &dVh, &oops) == LSV_OK);
    hold(dU), hold(dS), hold(dVh);
    A gU = random_matrix(m, (int)U->shape[1]), gVh = random_matrix((int)Vh->shape[0], n);
    int k = (int)S->size;
    double ones[20];
    for (int j = 0; j < k; j++) ones[j] = j + 0.5;
    A gS = vector(k, ones);
    if (full && m > k) { /* the free columns may carry what is invariant only */
        A N = random_matrix(m, m), sym = bin(LSV_OP_ADD, N, T(N)), g2 = mm(sym, columns(U, k, m)), both;
        lsv_concatenate((A[]){columns(gU, 0, k), g2}, 2, 1, &both, NULL);
        gU = hold(both);
    }
    if (full && n > k) {
        A N = random_matrix(n, n), sym = bin(LSV_OP_ADD, N, T(N)), g2 = mm(sym, columns(T(Vh), k, n)), both;
        lsv_concatenate((A[]){columns(T(gVh), 0, k), g2}, 2, 1, &both, NULL);
        gVh = contiguous(T(hold(both)));
    }
    CHECK(lsv_svd_vjp(NULL, U, S, Vh, gU, gS, gVh, LSV_CLUSTER_ERROR, &G, &oops) == LSV_OK);
    hold(G);
    double left = inner(gU, dU) + inner(gS, dS) + inner(gVh, dVh), right = inner(G, dA);
    CHECK_NEAR(left, right, 1e-11);
    drop_all();
}

/* A with the singular values given. */
static A with_values(int m, int n, const double *s) {
    A U, S, Vh;
    svd(random_matrix(m, n), false, &U, &S, &Vh);
    return mm(bin(LSV_OP_MUL, U, vector(m < n ? m : n, s)), Vh);
}

static void equal_values(void) {
    A U, S, Vh, G;
    /* rank 1 with many equal zeros: the leading triplet's gradient exists */
    double z[4] = {3, 0, 0, 0}, phi[24] = {0}, psi[16] = {0};
    A a = with_values(6, 4, z);
    svd(a, false, &U, &S, &Vh);
    for (int i = 0; i < 6; i++) phi[4 * i] = i - 2.5;
    for (int j = 0; j < 4; j++) psi[j] = 1 + j;
    A gU = matrix(6, 4, phi), gVh = matrix(4, 4, psi);
    CHECK(lsv_svd_vjp(NULL, U, S, Vh, gU, NULL, gVh, LSV_CLUSTER_ERROR, &G, &oops) == LSV_OK);
    hold(G);
    for (ptrdiff_t i = 0; i < G->size; i++) CHECK(isfinite(at(G, i)));
    double h = 1e-6, sign = 1;
    A D = random_matrix(6, 4), value[2];
    for (int t = 0; t < 2; t++) {
        A U2, S2, V2, step = bin(LSV_OP_MUL, D, vector(1, (double[]){t ? -h : h})),
                      moved = bin(LSV_OP_ADD, a, step);
        svd(moved, false, &U2, &S2, &V2);
        sign = inner(columns(U, 0, 1), columns(U2, 0, 1)) > 0 ? 1 : -1;
        value[t] = vector(1, (double[]){sign * (inner(columns(U2, 0, 1), columns(gU, 0, 1)) +
                                                inner(columns(T(V2), 0, 1), columns(T(gVh), 0, 1)))});
    }
    CHECK_NEAR(inner(G, D), (at(value[0], 0) - at(value[1], 0)) / (2 * h), 1e-7);

    /* a repeated value whose vectors carry a cotangent */
    double twice[4] = {3, 3, 2, 1}, half[24] = {0};
    svd(with_values(6, 4, twice), false, &U, &S, &Vh);
    half[0] = 1;
    CHECK(lsv_svd_vjp(NULL, U, S, Vh, matrix(6, 4, half), NULL, NULL, LSV_CLUSTER_ERROR, &G, &oops) ==
          LSV_ELINALG);
    CHECK(strstr(oops.message, "equal") != NULL && strstr(oops.hint, "subspace") != NULL);
    A N = random_matrix(6, 6), sym = bin(LSV_OP_ADD, N, T(N)), U2 = columns(U, 0, 2), inside = mm(sym, U2),
      rest, wide;
    lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 2, (ptrdiff_t[]){6, 2}, &rest, NULL);
    hold(rest);
    lsv_concatenate((A[]){inside, rest}, 2, 1, &wide, NULL);
    hold(wide);
    CHECK(lsv_svd_vjp(NULL, U, S, Vh, wide, NULL, NULL, LSV_CLUSTER_SUBSPACE, &G, &oops) == LSV_OK);
    hold(G);
    CHECK(lsv_svd_vjp(NULL, U, S, Vh, random_matrix(6, 4), NULL, NULL, LSV_CLUSTER_SUBSPACE, &G, &oops) ==
          LSV_ELINALG);
    CHECK(strstr(oops.message, "invariant") != NULL);
    /* values alone are never a problem */
    CHECK(lsv_svd_vjp(NULL, U, S, Vh, NULL, vector(4, twice), NULL, LSV_CLUSTER_ERROR, &G, &oops) == LSV_OK);
    hold(G);
    CHECK(lsv_normgrad(with_values(6, 4, twice), "2", &G, &(bool){false}, &oops) == LSV_OK);
    hold(G);
    bool unique = true;
    CHECK(lsv_normgrad(with_values(6, 4, twice), "spectral", &G, &unique, &oops) == LSV_OK && !unique);
    hold(G);
    CHECK(lsv_normgrad(a, "nuc", &G, &unique, &oops) == LSV_OK && !unique);
    hold(G);
    CHECK(lsv_normgrad(a, "max", &G, NULL, &oops) == LSV_EVALUE);
    CHECK(lsv_normgrad(a, "kyfan9", &G, NULL, &oops) == LSV_EVALUE);
    CHECK(lsv_svd_vjp(NULL, U, S, U, NULL, NULL, NULL, LSV_CLUSTER_ERROR, &G, &oops) == LSV_EVALUE);
    drop_all();
}

/* Each allocation fails once, in turn. */
static void out_of_memory(void) {
    A a = random_matrix(5, 3), U, S, Vh, G = NULL;
    svd(a, true, &U, &S, &Vh);
    A gU = bin(LSV_OP_MUL, U, U);
    for (long k = 1; k < 2000; k++) {
        long live = lsv_alloc_live();
        lsv_alloc_fail_at(k);
        lsv_status status = lsv_svd_vjp(NULL, U, S, Vh, U, NULL, Vh, LSV_CLUSTER_NAN, &G, &oops);
        lsv_alloc_fail_at(0);
        if (status == LSV_OK) {
            lsv_release(G);
            break;
        }
        CHECK(status == LSV_ENOMEM);
        CHECK(lsv_alloc_live() == live);
    }
    (void)gU;
    drop_all();
}

int main(void) {
    recorded();
    int sizes[][2] = {{4, 4}, {7, 3}, {3, 7}, {1, 5}, {5, 1}, {1, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int full = 0; full < 2; full++) adjoint(full, sizes[i][0], sizes[i][1]);
    equal_values();
    out_of_memory();
    return check_done();
}
