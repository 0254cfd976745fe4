/* The CUDA backend on the test shim: the same work on the GPU and on the CPU, and what becomes of it when something is missing
   or fails.

   The program runs itself with an argument, in an environment of its own (the shim's faults, other library folders), and reads what
   it says: whether the backend came up and why not, the notices, whether every result was right, and what was left behind. */
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "backend/backend.h"
#include "backend/cuda/kernels.h"
#include "base/alloc.h"
#include "check.h"
#include "linalg/linalg.h"
#include "linalg/truncated.h"
#include "lora/lora.h"
#include "there.h"

/* ---- the work: everything the backend offers, checked against the CPU ---- */

static int wrong, done;
static char said[16000];
static int lost_arrays;

static void notice(void *context, const char *line) {
    (void)context;
    size_t used = strlen(said);
    snprintf(said + used, sizeof said - used, "note: %s\n", line);
}
static void lost(void *context, lsv_storage *s) {
    (void)context, (void)s;
    lost_arrays++;
}

static void expect(bool good, const char *what, lsv_dtype t) {
    done++;
    if (good) return;
    wrong++;
    printf("WRONG %s %s\n", what, lsv_dtype_name(t));
}

/* |x - y| within tol, entry by entry; no NaN passes. */
static bool close_to(lsv_dtype t, const void *x, const void *y, ptrdiff_t n) {
    double tol = t == LSV_FLOAT64 ? 1e-10 : 2e-3;
    for (ptrdiff_t i = 0; i < n; i++)
        if (!(fabs(get(t, x, i) - get(t, y, i)) <= tol * fmax(1, fabs(get(t, y, i))))) return false;
    return true;
}

/* A call through the table that dispatch gives and through the CPU's, on copies of the same operands. */
enum { BUFFERS = 5, ROOM = 80 * 80 };
typedef struct {
    char *x[BUFFERS];
} room;

static void room_new(lsv_dtype t, room *r) {
    for (int i = 0; i < BUFFERS; i++) {
        r->x[i] = malloc(ROOM * sizeof(double));
        fill(t, r->x[i], ROOM);
    }
}
static void room_copy(const room *from, room *to) {
    for (int i = 0; i < BUFFERS; i++) {
        to->x[i] = malloc(ROOM * sizeof(double));
        memcpy(to->x[i], from->x[i], ROOM * sizeof(double));
    }
}
static void room_free(room *r) {
    for (int i = 0; i < BUFFERS; i++) free(r->x[i]);
}

/* Both sides of a call; `compare` buffers must come out alike, all of them, gaps between rows included. */
#define BOTH(what, t, OP, m, n, k, entry, arguments, compare)                                                  \
    do {                                                                                                       \
        room a_, b_;                                                                                           \
        lsv_error err;                                                                                         \
        room_new(t, &a_);                                                                                      \
        room_copy(&a_, &b_);                                                                                   \
        room *r = &a_;                                                                                         \
        int info = 0, info_cpu = 0, *pi = &info;                                                               \
        int32_t piv[80] = {0}, piv_cpu[80] = {0}, *pp = piv;                                                   \
        (void)pi, (void)pp;                                                                                    \
        prepare(t, r->x[0]);                                                                                   \
        lsv_status s_ = lsv_backend_for(LSV_BE_##OP, t, m, n, k)->entry arguments;                             \
        r = &b_, pi = &info_cpu, pp = piv_cpu;                                                                 \
        prepare(t, r->x[0]);                                                                                   \
        lsv_status c_ = lsv_backend_cpu.entry arguments;                                                       \
        bool same_ = s_ == c_ && info == info_cpu && memcmp(piv, piv_cpu, sizeof piv) == 0;                    \
        for (int i_ = 0; i_ < BUFFERS && same_; i_++)                                                          \
            if ((compare) >> i_ & 1) same_ = close_to(t, a_.x[i_], b_.x[i_], ROOM);                            \
        expect(same_, what, t);                                                                                \
        room_free(&a_);                                                                                        \
        room_free(&b_);                                                                                        \
    } while (0)

static bool dominant; /* the first operand becomes symmetric, positive definite and well conditioned */
enum { ORDER = 30, LD = 40 };

static void prepare(lsv_dtype t, void *x) {
    if (!dominant) return;
    for (int i = 0; i < ORDER; i++)
        for (int j = 0; j <= i; j++) {
            double v = get(t, x, i * LD + j) + (i == j ? 20 : 0);
            if (t == LSV_FLOAT64) ((double *)x)[i * LD + j] = ((double *)x)[j * LD + i] = v;
            else ((float *)x)[i * LD + j] = ((float *)x)[j * LD + i] = (float)v;
        }
}

static void products(lsv_dtype t) {
    for (int which = 0; which < 4; which++) {
        bool ta = which & 1, tb = which & 2;
        BOTH("gemm", t, GEMM, 20, 30, 25, gemm,
             (t, ta, tb, 20, 30, 25, 1.5, r->x[0], 41, r->x[1], 43, 0, r->x[2], 37, &err), 4);
        BOTH("gemm, added", t, GEMM, 20, 30, 25, gemm,
             (t, ta, tb, 20, 30, 25, -1, r->x[0], 41, r->x[1], 43, 0.5, r->x[2], 37, &err), 4);
    }
    for (int ta = 0; ta < 2; ta++) {
        BOTH("gemv", t, GEMV, 20, 30, 0, gemv, (t, ta, 20, 30, r->x[0], 33, r->x[1], 1, r->x[2], 1, &err), 4);
        BOTH("gemv, strided", t, GEMV, 20, 30, 0, gemv, (t, ta, 20, 30, r->x[0], 33, r->x[1], 3, r->x[2], 2, &err), 4);
        BOTH("gemv, backwards", t, GEMV, 20, 30, 0, gemv, (t, ta, 20, 30, r->x[0], 33, r->x[1] + 400, -1, r->x[2], 1, &err), 4);
        BOTH("syrk", t, SYRK, 20, 20, 30, syrk, (t, ta, 20, 30, r->x[0], 35, r->x[1], 21, &err), 2);
    }
    BOTH("dot", t, DOT, 500, 0, 0, dot, (t, 500, r->x[0], 1, r->x[1], 1, r->x[2], &err), 4);
    dominant = true;
    for (int which = 0; which < 16; which++)
        BOTH("trsm", t, TRSM, ORDER, ORDER, 0, trsm,
             (t, which & 1, which & 2, which & 4, (which & 8) && t == LSV_FLOAT32 ? false : which & 8, which & 1 ? ORDER : 10,
              which & 1 ? 10 : ORDER, r->x[0], LD, r->x[1], LD, &err), 0);
    dominant = false;
}

static void thin_products(void) {
    lsv_dtype t = LSV_FLOAT64;
    BOTH("panel", t, PANEL, 50, 30, 16, panel, (t, 50, 30, 16, r->x[0], 31, r->x[1], 16, false, r->x[2], 24, &err), 4);
    BOTH("panel, added", t, PANEL, 50, 30, 16, panel, (t, 50, 30, 16, r->x[0], 31, r->x[1], 16, true, r->x[2], 24, &err), 4);
    BOTH("panel_t", t, PANEL_T, 50, 30, 16, panel_t, (t, 50, 30, 16, r->x[0], 31, r->x[1], 16, r->x[2], 24, &err), 4);
    BOTH("panel_gram", t, PANEL_GRAM, 50, 30, 16, panel_gram, (t, 50, 30, 16, r->x[0], 31, r->x[1], 16, r->x[2], 24, &err), 4);
}

static void factorisations(lsv_dtype t) {
    BOTH("svd values", t, GESDD, 40, 25, 0, gesdd, (t, 'N', 40, 25, r->x[0], 44, r->x[1], NULL, 40, NULL, 25, pi, &err), 2);
    BOTH("svd values, wide", t, GESDD, 25, 40, 0, gesdd, (t, 'N', 25, 40, r->x[0], 44, r->x[1], NULL, 25, NULL, 25, pi, &err), 2);
    BOTH("geqrf", t, GEQRF, 40, 25, 0, geqrf, (t, 40, 25, r->x[0], 44, r->x[1], pi, &err), 3);
    BOTH("geqrf, wide", t, GEQRF, 25, 40, 0, geqrf, (t, 25, 40, r->x[0], 44, r->x[1], pi, &err), 3);
    dominant = true;
    for (int upper = 0; upper < 2; upper++) {
        BOTH("potrf", t, POTRF, ORDER, ORDER, 0, potrf, (t, upper, ORDER, r->x[0], LD, pi, &err), 1);
        BOTH("eigenvalues", t, SYEVD, ORDER, ORDER, 0, syevd, (t, false, upper, ORDER, r->x[0], LD, r->x[1], pi, &err), 2);
    }
    BOTH("getrf", t, GETRF, ORDER, ORDER, 0, getrf, (t, ORDER, ORDER, r->x[0], LD, pp, pi, &err), 1);
    BOTH("gesv", t, GESV, ORDER, ORDER, 7, gesv, (t, ORDER, 7, r->x[0], LD, pp, r->x[1], LD, pi, &err), 3);
    dominant = false;
    BOTH("gels", t, GELS, 40, 25, 5, gels, (t, 40, 25, 5, r->x[0], 44, r->x[1], 44, pi, &err), 0);
}

/* A = Q R, A = U S V^T: put together again, since signs are free. */
static void put_together(lsv_dtype t) {
    enum { M = 40, N = 25 };
    double tol = t == LSV_FLOAT64 ? 1e-11 : 2e-4;
    for (int turned = 0; turned < 2; turned++)
        for (int qr = 0; qr < 2; qr++) {
            int m = turned ? N : M, n = turned ? M : N, info = 1;
            room r, keep;
            lsv_error err;
            room_new(t, &r);
            room_copy(&r, &keep);
            const lsv_backend *be = lsv_backend_for(qr ? LSV_BE_GESVD : LSV_BE_GESDD, t, m, n, 0);
            lsv_status status = (qr ? be->gesvd : be->gesdd)(t, 'S', m, n, r.x[0], m, r.x[1], r.x[2], m, r.x[3], N, &info, &err);
            double worst = status != LSV_OK || info ? INFINITY : 0;
            for (int i = 0; i < m; i++)
                for (int j = 0; j < n; j++) {
                    double sum = 0;
                    for (int k = 0; k < N; k++) sum += get(t, r.x[2], i + k * m) * get(t, r.x[1], k) * get(t, r.x[3], k + j * N);
                    worst = fmax(worst, fabs(sum - get(t, keep.x[0], i + j * m)));
                }
            expect(worst < tol, qr ? "gesvd" : "gesdd", t);
            room_free(&r);
            room_free(&keep);
        }
    room r, keep;
    lsv_error err;
    int info = 1;
    room_new(t, &r);
    room_copy(&r, &keep);
    lsv_status status = lsv_backend_for(LSV_BE_GEQRF, t, M, N, 0)->geqrf(t, M, N, r.x[0], M, r.x[1], &info, &err);
    memcpy(r.x[2], r.x[0], ROOM * sizeof(double));
    if (status == LSV_OK) status = lsv_backend_for(LSV_BE_ORGQR, t, M, N, N)->orgqr(t, M, N, N, r.x[0], M, r.x[1], &info, &err);
    double worst = status == LSV_OK ? 0 : INFINITY;
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            double sum = 0;
            for (int k = 0; k <= j; k++) sum += get(t, r.x[0], i + k * M) * get(t, r.x[2], k + j * M);
            worst = fmax(worst, fabs(sum - get(t, keep.x[0], i + j * M)));
        }
    expect(worst < tol, "orgqr", t);
    room_free(&r);
    room_free(&keep);
}

/* ---- arrays on the device ---- */

/* Compare, and let go. `device`: the result has to say that it is there. */
static void same(const char *what, lsv_array *there, lsv_array *here) {
    bool good = there && there->device == 1 && alike(there, here);
    expect(good || (there && lsv_is_lost(there)), what, here ? here->dtype : LSV_FLOAT64);
    lsv_release(there);
    lsv_release(here);
}

static void elementwise(lsv_dtype t) {
    pair a = both(t, 70, 60), b = both(t, 70, 60), row = both(t, 1, 60), column = both(t, 70, 1);
    pair others[] = {b, row, column};
    lsv_array *x, *y;
#define UNARY(name)                                                                                             \
    x = y = NULL;                                                                                               \
    lsv_unary(LSV_FN_##name, a.there, &x, NULL);                                                                \
    lsv_unary(LSV_FN_##name, a.here, &y, NULL);                                                                 \
    same(#name, x, y);
#define BINARY(name)                                                                                            \
    for (int i = 0; i < 3; i++) {                                                                               \
        x = y = NULL;                                                                                           \
        lsv_binary(LSV_OP_##name, a.there, others[i].there, &x, NULL);                                          \
        lsv_binary(LSV_OP_##name, a.here, others[i].here, &y, NULL);                                            \
        same(#name, x, y);                                                                                      \
    }
    BINARY(ADD) BINARY(SUB) BINARY(MUL) BINARY(DIV) BINARY(MAXIMUM) BINARY(MINIMUM) BINARY(HYPOT) BINARY(ATAN2)
    BINARY(LT) BINARY(GE) BINARY(EQ) BINARY(NE) BINARY(FMOD)
    for (int op = 0; op < LSV_NUNARY; op++) { /* every one that has a kernel */
        bool boolean;
        if (!lsv_cu_has_unary((lsv_unary_op)op, &boolean)) continue;
        x = y = NULL;
        lsv_unary((lsv_unary_op)op, a.there, &x, NULL);
        lsv_unary((lsv_unary_op)op, a.here, &y, NULL);
        same(lsv_unary_name((lsv_unary_op)op, LSV_TORCH), x, y);
    }
    UNARY(LOG1P) UNARY(ARCSINH) /* the second has none */
    double cell;
    lsv_array two = lsv_scalar_array(LSV_TORCH, lsv_scalar_float(2), LSV_WEAK, &cell);
    lsv_binary(LSV_OP_MUL, &two, a.there, &x, NULL);
    lsv_binary(LSV_OP_MUL, &two, a.here, &y, NULL);
    same("a number times", x, y);
    lsv_binary(LSV_OP_POW, a.there, &two, &x, NULL);
    lsv_binary(LSV_OP_POW, a.here, &two, &y, NULL);
    same("squares", x, y);
    /* views, transposed and stepped */
    lsv_array *tx, *ty;
    lsv_transpose(a.there, NULL, &tx, NULL);
    lsv_transpose(a.here, NULL, &ty, NULL);
    lsv_unary(LSV_FN_EXP, tx, &x, NULL);
    lsv_unary(LSV_FN_EXP, ty, &y, NULL);
    same("exp of a transpose", x, y);
    lsv_release(tx), lsv_release(ty);
    lsv_view_strided(a.there, 2, (ptrdiff_t[]){35, 20}, (ptrdiff_t[]){120, 3}, 61, &tx, NULL);
    lsv_view_strided(a.here, 2, (ptrdiff_t[]){35, 20}, (ptrdiff_t[]){120, 3}, 61, &ty, NULL);
    lsv_unary(LSV_FN_NEG, tx, &x, NULL);
    lsv_unary(LSV_FN_NEG, ty, &y, NULL);
    same("neg of a stepped view", x, y);
    /* in place, of the whole and of a view */
    lsv_binary_into(LSV_OP_ADD, tx, tx, NULL);
    lsv_binary_into(LSV_OP_ADD, ty, ty, NULL);
    lsv_binary_into(LSV_OP_MUL, a.there, b.there, NULL);
    lsv_binary_into(LSV_OP_MUL, a.here, b.here, NULL);
    expect(alike(a.there, a.here), "in place", t);
    lsv_release(tx), lsv_release(ty);
    /* written by the host, read by the device */
    lsv_fill(a.there, lsv_scalar_float(3), NULL), lsv_fill(a.here, lsv_scalar_float(3), NULL);
    lsv_binary(LSV_OP_ADD, a.there, b.there, &x, NULL);
    lsv_binary(LSV_OP_ADD, a.here, b.here, &y, NULL);
    same("after a fill", x, y);
    drop(a), drop(b), drop(row), drop(column);
}

static void reductions(lsv_dtype t) {
    static const lsv_reduction ops[] = {LSV_SUM, LSV_MEAN, LSV_MAX, LSV_MIN, LSV_STD, LSV_PROD};
    pair a = both(t, 300, 170);
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        for (int axis = -1; axis < 2; axis++)
            for (int keep = 0; keep < 2; keep++) {
                lsv_reduce_options o = {.naxes = axis < 0 ? -1 : 1, .axes = {axis}, .keepdims = keep};
                lsv_array *x = NULL, *y = NULL;
                lsv_reduce(ops[i], a.there, &o, &x, NULL);
                lsv_reduce(ops[i], a.here, &o, &y, NULL);
                same("a reduction", x, y);
            }
    drop(a);
}

static void matrices(lsv_dtype t) {
    pair a = both(t, 40, 30), b = both(t, 30, 50), v = both(t, 30, 1);
    lsv_array *x = NULL, *y = NULL, *tx, *ty;
    lsv_matmul(a.there, b.there, &x, NULL);
    lsv_matmul(a.here, b.here, &y, NULL);
    same("matmul", x, y);
    lsv_transpose(b.there, NULL, &tx, NULL), lsv_transpose(b.here, NULL, &ty, NULL);
    lsv_array *ux, *uy;
    lsv_transpose(a.there, NULL, &ux, NULL), lsv_transpose(a.here, NULL, &uy, NULL);
    x = y = NULL;
    lsv_matmul(tx, ux, &x, NULL);
    lsv_matmul(ty, uy, &y, NULL);
    same("matmul of transposes", x, y);
    x = y = NULL;
    lsv_matmul(a.there, v.there, &x, NULL);
    lsv_matmul(a.here, v.here, &y, NULL);
    same("matrix times column", x, y);
    lsv_release(tx), lsv_release(ty), lsv_release(ux), lsv_release(uy);
    for (int full = 0; full < 2; full++)
        for (int side = 0; side < 2; side++) {
            lsv_array *U = NULL, *S = NULL, *Vh = NULL, *S0 = NULL;
            lsv_array *m = side ? b.there : a.there, *h = side ? b.here : a.here;
            lsv_status status = lsv_svd(m, full, LSV_SVD_AUTO, &U, &S, &Vh, NULL);
            lsv_svd(h, false, LSV_SVD_AUTO, NULL, &S0, NULL, NULL);
            expect(status == LSV_OK && (alike(S, S0) || lsv_is_lost(S)) && U->device == 1, "svd: values", t);
            if (status == LSV_OK && lsv_host(U, NULL) == LSV_OK && lsv_host(Vh, NULL) == LSV_OK && lsv_host(S, NULL) == LSV_OK) {
                double worst = 0;
                for (ptrdiff_t i = 0; i < h->shape[0]; i++)
                    for (ptrdiff_t j = 0; j < h->shape[1]; j++) {
                        double sum = 0;
                        for (ptrdiff_t k = 0; k < S->size; k++)
                            sum += get(t, U->data, i * U->shape[1] + k) * get(t, S->data, k) * get(t, Vh->data, k * Vh->shape[1] + j);
                        worst = fmax(worst, fabs(sum - get(t, h->data, i * h->shape[1] + j)));
                    }
                expect(worst < (t == LSV_FLOAT64 ? 1e-11 : 2e-4), "svd: U S Vh", t);
            }
            lsv_release(U), lsv_release(S), lsv_release(Vh), lsv_release(S0);
        }
    /* what is not offered there comes back to the device */
    x = y = NULL;
    lsv_astype(a.there, t == LSV_FLOAT64 ? LSV_FLOAT32 : LSV_FLOAT64, &x, NULL);
    lsv_astype(a.here, t == LSV_FLOAT64 ? LSV_FLOAT32 : LSV_FLOAT64, &y, NULL);
    same("another dtype", x, y);
    x = NULL;
    lsv_to_host_array(a.there, &x, NULL);
    expect(x && x->device == 0 && alike(x, a.here), "back on the host", t);
    lsv_release(x);
    drop(a), drop(b), drop(v);
}

/* Stored narrow, widened there. */
static void narrow(void) {
    static const lsv_dtype types[] = {LSV_FLOAT16, LSV_BFLOAT16, LSV_INT64, LSV_INT32, LSV_BOOL};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        lsv_array *a = made(LSV_TORCH, LSV_FLOAT32, 50, 40), *n = NULL, *d = NULL, *x = NULL, *y = NULL;
        float *p = (float *)(void *)a->data;
        for (ptrdiff_t j = 0; j < a->size; j++) p[j] = j % 7 == 0 ? 0 : j % 11 == 0 ? p[j] * 1e-6f : p[j] * 100;
        lsv_astype(a, types[i], &n, NULL);
        lsv_to_device(n, 1, &d, NULL);
        lsv_astype(d, LSV_FLOAT32, &x, NULL);
        lsv_astype(n, LSV_FLOAT32, &y, NULL);
        same("widened", x, y);
        lsv_release(a), lsv_release(n), lsv_release(d);
    }
}

/* The iterative methods, which keep their matrix there. */
static void iterative(void) {
    lsv_array *a = made(LSV_NUMPY, LSV_FLOAT64, 300, 200), *U = NULL, *S = NULL, *Vh = NULL, *S0 = NULL;
    lsv_status status = lsv_svd_truncated(a, 6, NULL, &U, &S, &Vh, NULL, NULL);
    lsv_svd(a, false, LSV_SVD_AUTO, NULL, &S0, NULL, NULL);
    bool good = status == LSV_OK && S0;
    for (int i = 0; good && i < 6; i++)
        good = fabs(((double *)(void *)S->data)[i] - ((double *)(void *)S0->data)[i]) < 1e-9;
    expect(good, "truncated svd", LSV_FLOAT64);
    lsv_release(a), lsv_release(U), lsv_release(S), lsv_release(Vh), lsv_release(S0);
}

/* The truncated decomposition of matrices that are there, whose iteration stays there. */
static void truncated(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, double noise) {
    pair a = standing_out(t, m, n, noise);
    lsv_array *U = NULL, *S = NULL, *Vh = NULL, *B = NULL, *A = NULL;
    lsv_svd_info info = {0};
    lsv_rank_rule rule = LSV_RANK_RULE(k);
    if (!a.there) {
        expect(false, "a matrix for the GPU", t);
        drop(a);
        return;
    }
    lsv_status status = lsv_svd_truncated(a.there, k, NULL, &U, &S, &Vh, &info, NULL);
    expect(status == LSV_OK && U->device == 1 && S->device == 1 && Vh->device == 1 && is_best(t, a.here, U, S, Vh), "svd of k triplets", t);
    expect(status == LSV_OK && strcmp(info.method, "block Krylov") == 0, "svd of k triplets: its method", t);
    status = lsv_lora(a.there, rule, LSV_SPLIT_SQRT, &B, &A, NULL, NULL);
    expect(status == LSV_OK && B->device == 1 && A->device == 1 && B->dtype == t && is_best(t, a.here, B, NULL, A), "lora", t);
    lsv_release(U), lsv_release(S), lsv_release(Vh), lsv_release(B), lsv_release(A);
    drop(a);
}

/* The same of a difference, which is made there. */
static void fine_tuned(lsv_dtype t) {
    pair base = standing_out(t, 280, 260, 0.01), change = standing_out(t, 280, 260, 0.01), tuned = {NULL, NULL};
    lsv_array *B = NULL, *A = NULL;
    lsv_rank_rule rule = LSV_RANK_RULE(6);
    lsv_status status = lsv_binary(LSV_OP_ADD, base.here, change.here, &tuned.here, NULL);
    if (status == LSV_OK) status = lsv_to_device(tuned.here, 1, &tuned.there, NULL);
    if (status == LSV_OK && base.there)
        status = lsv_lora_difference(base.there, tuned.there, rule, LSV_SPLIT_LEFT, &B, &A, NULL, NULL);
    expect(status == LSV_OK && B && B->device == 1 && A->device == 1 && is_best(t, change.here, B, NULL, A), "lora of a difference", t);
    lsv_release(B), lsv_release(A);
    drop(base), drop(change), drop(tuned);
}

static void krylov_work(void) {
    truncated(LSV_FLOAT64, 280, 260, 6, 0.01);
    truncated(LSV_FLOAT32, 260, 280, 12, 0.01);
    fine_tuned(LSV_FLOAT64);
}

static void more_krylov_work(void) {
    krylov_work();
    truncated(LSV_FLOAT64, 300, 270, 12, 0);     /* an invariant space, and the difference formed */
    truncated(LSV_FLOAT64, 300, 270, 10, 1e-6);
    truncated(LSV_FLOAT64, 900, 400, 9, 0.5);
    truncated(LSV_FLOAT32, 260, 700, 17, 0.01); /* seen as its transpose */
}

static void all_work(void) {
    for (int i = 0; i < 2; i++) {
        lsv_dtype t = i ? LSV_FLOAT32 : LSV_FLOAT64;
        products(t);
        factorisations(t);
        put_together(t);
        elementwise(t);
        reductions(t);
        matrices(t);
    }
    thin_products();
    narrow();
    iterative();
    more_krylov_work();
}

/* A short day: enough of everything that failing each call in turn is affordable. */
static void some_work(void) {
    lsv_dtype t = LSV_FLOAT64;
    BOTH("gemm", t, GEMM, 20, 30, 25, gemm, (t, false, true, 20, 30, 25, 1, r->x[0], 41, r->x[1], 43, 0.5, r->x[2], 37, &err), 4);
    dominant = true;
    BOTH("gesv", t, GESV, ORDER, ORDER, 7, gesv, (t, ORDER, 7, r->x[0], LD, pp, r->x[1], LD, pi, &err), 3);
    dominant = false;
    BOTH("syrk", t, SYRK, 20, 20, 30, syrk, (t, false, 20, 30, r->x[0], 35, r->x[1], 21, &err), 2);
    put_together(t);
    matrices(t);
    pair a = both(t, 70, 60);
    lsv_array *x = NULL, *y = NULL;
    lsv_unary(LSV_FN_EXP, a.there, &x, NULL);
    lsv_unary(LSV_FN_EXP, a.here, &y, NULL);
    same("exp", x, y);
    lsv_reduce_options o = {.naxes = -1};
    lsv_reduce(LSV_SUM, a.there, &o, &x, NULL);
    lsv_reduce(LSV_SUM, a.here, &o, &y, NULL);
    same("sum", x, y);
    drop(a);
}

static int child(const char *what) {
    lsv_error err;
    lsv_backend_on_notice(notice, NULL);
    lsv_backend_on_lost(lost, NULL);
    const char *why;
    bool warm = strcmp(what, "warm") == 0; /* brought up on another thread while this one asks for it */
    if (warm) lsv_backend_warm();
    if (!lsv_gpu_count(&why)) printf("gpu: %s\n", why);
    else if (lsv_backend_set("gpu", &err) != LSV_OK) printf("gpu: %s\n", err.message);
    else printf("gpu: up\n");
    long live = lsv_alloc_live();
    if (strcmp(what, "krylov") == 0) krylov_work();
    else if (warm || strcmp(what, "some") == 0) some_work();
    else all_work();
    size_t used = 0, kept = 0, most = 0;
    lsv_gpu_trim();
    lsv_gpu_memory(&used, &kept, &most);
    fputs(said, stdout);
    printf("%d done, %d wrong, %d lost, %ld left, %zu bytes left there, %d mirrors, %zu used\n", done, wrong, lost_arrays,
           lsv_alloc_live() - live, used, lsv_mirror_count(), most);
    return wrong != 0;
}

/* ---- the scenarios ---- */

enum { PATHS = 1000 };
static char self[PATH_MAX], builds[PATHS], odd[PATHS + 20]; /* this program, the build folder, a folder of odd libraries */

typedef struct {
    int status; /* of the process; -1: it crashed or hung */
    char text[24000];
    int done, wrong, lost, mirrors;
    long left, there;
    long calls, operations, blocks, handles;
} outcome;

static void read_all(int fd, char *to, size_t most) {
    size_t used = 0;
    ssize_t n;
    while (used + 1 < most && (n = read(fd, to + used, most - used - 1)) > 0) used += (size_t)n;
    to[used] = '\0';
}

/* `settings` is "NAME=value NAME=value …"; '@' in a value stands for the build folder, '%' for the odd one. */
static void set_all(const char *settings) {
    char text[6 * PATHS], *at = text;
    for (const char *p = settings; *p && at < text + sizeof text - 2 * PATHS; p++) {
        if (*p == '@') at += sprintf(at, "%s", builds);
        else if (*p == '%') at += sprintf(at, "%s", odd);
        else *at++ = *p;
    }
    *at = '\0';
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
        char *equals = strchr(word, '=');
        *equals = '\0';
        setenv(word, equals + 1, 1);
    }
}

static outcome run(const char *work, const char *settings) {
    outcome o = {.status = -1};
    int ends[2];
    if (pipe(ends) != 0) return o;
    pid_t pid = fork();
    if (pid == 0) {
        set_all(settings);
        setenv("OPENBLAS_NUM_THREADS", "1", 1);
        dup2(ends[1], 1), dup2(ends[1], 2);
        close(ends[0]), close(ends[1]);
        alarm(120);
        execl(self, self, work, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    read_all(ends[0], o.text, sizeof o.text);
    close(ends[0]);
    int status = 0;
    waitpid(pid, &status, 0);
    o.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    const char *line = strstr(o.text, " done, ");
    while (line && line > o.text && line[-1] != '\n') line--;
    if (!line || sscanf(line, "%d done, %d wrong, %d lost, %ld left, %ld bytes left there, %d mirrors", &o.done, &o.wrong, &o.lost,
                        &o.left, &o.there, &o.mirrors) != 6)
        o.status = -1;
    line = strstr(o.text, "cushim: ");
    while (line && sscanf(line, "cushim: %ld calls, %ld operations, %ld blocks live, %ld handles live", &o.calls, &o.operations,
                          &o.blocks, &o.handles) != 4)
        line = strstr(line + 1, "cushim: ");
    return o;
}

/* Right, and nothing left behind on either side; a device that failed keeps its blocks. */
static bool clean(const outcome *o, bool alive) {
    bool good = o->status == 0 && o->done > 0 && !o->wrong && !o->left && !o->there && !o->mirrors && (!alive || !o->blocks);
    if (!good) printf("status %d: %s\n", o->status, o->text);
    return good;
}

#define SHIM13 "LSV_CUDA_LIBDIR=@/cushim13 CUSHIM_REPORT=1 "
#define SHIM12 "LSV_CUDA_LIBDIR=@/cushim12 CUSHIM_REPORT=1 "

/* name, work, environment, what it has to say; a device that failed is not asked for its blocks */
static const struct {
    const char *work, *settings, *says;
    bool fails;
} scenarios[] = {
    {"some", "LSV_CUDA_LIBDIR=/nonexistent", "gpu: libcudart.so.13 is not in /nonexistent\n", false},
    {"some", "LSV_CUDA_LIBDIR=build", "gpu: LSV_CUDA_LIBDIR must be an absolute path\n", false},
    {"all", SHIM13, "gpu: up\n", false},
    {"all", SHIM12, "gpu: up\n", false},
    {"warm", SHIM13, "gpu: up\n", false},
    {"warm", SHIM13 "CUSHIM_FAIL=cublasCreate:1", "cublasCreate_v2: CUBLAS_STATUS_ALLOC_FAILED", false},
    {"all", SHIM13 "CUSHIM_POOLS=0", "gpu: up\n", false},
    {"some", SHIM13 "CUSHIM_DRIVER=0", "gpu: no NVIDIA driver on this machine\n", false},
    {"some", SHIM13 "CUSHIM_DRIVER=12040",
     "gpu: the NVIDIA driver is too old: it serves CUDA up to 12.4, and CUDA 13.0 is installed\n", false},
    {"some", SHIM13 "CUSHIM_DEVICES=0", "gpu: no GPU is visible (CUDA_VISIBLE_DEVICES chooses)\n", false},
    {"some", "LSV_CUDA_LIBDIR=%/both CUSHIM_DRIVER=12080", "gpu: up\n", false}, /* 13 is there too, but the driver is 12's */
    {"some", "LSV_CUDA_LIBDIR=%/runtime", "gpu: device: no gpu is available here: found libcudart.so.13 but libcublas.so.13 is not in", false},
    {"some", "LSV_CUDA_LIBDIR=%/products CUSHIM_REPORT=1",
     "note: found libcudart.so.13 but libcusolver.so.12 is not in", false},
    {"some", "LSV_CUDA_LIBDIR=%/broken", "libcublas.so.13: file too short", false},
    {"some", "LSV_CUDA_LIBDIR=@/cushim_less CUSHIM_REPORT=1",
     "gpu: device: no gpu is available here: found libcudart.so.13 but libcublas.so.13 has no cublasDgeam_64\n", false},
    {"some", SHIM13 "CUSHIM_FAIL=cublasCreate:1", "cublasCreate_v2: CUBLAS_STATUS_ALLOC_FAILED", false},
    {"some", SHIM13 "CUSHIM_FAIL=cusolverDnCreate:1", "the GPU does products only\n", false},
    {"some", SHIM13 "CUSHIM_FAIL=cudaStreamCreateWithFlags:1", "no gpu is available here: cudaStreamCreateWithFlags: out of memory\n", false},
    {"all", SHIM13 "CUSHIM_MEM=262144", "running on the CPU\n", false},
    {"all", SHIM13 "CUSHIM_MEM=65536 CUSHIM_POOLS=0", "running on the CPU\n", false},
    {"all", SHIM13 "CUSHIM_SHIFT=1", "gpu: up\n", false},    /* gesvdp is not believed, gesvd is */
    {"all", SHIM13 "CUSHIM_WRONG=1", "gpu: up\n", false},
    {"some", SHIM13 "CUSHIM_SVD_INFO=7", "the SVD did not converge; running on the CPU\n", false},
    {"some", SHIM13 "CUSHIM_FAIL=cusolverDnXgesvdp:1", "gpu: up\n", false},
    {"some", SHIM13 "CUSHIM_FAULT=40:719", "note: the GPU failed (unspecified launch failure) and is not used any more", true},
    {"some", SHIM13 "CUSHIM_FAIL=cudaLibraryLoadData:1", "running on the CPU\n", false},
    {"some", SHIM13 "CUSHIM_FAIL=cudaMallocHost:1", "gpu: up\n", false},
};

/* The toolkit's own libraries where there is no driver: found, and of no use. */
static void toolkit(void) {
    if (access("/usr/local/cuda/lib64/libcudart.so.13", R_OK) != 0 || access("/dev/nvidiactl", F_OK) == 0) return;
    outcome o = run("some", "LSV_CUDA_LIBDIR=");
    CHECK(clean(&o, false) && strstr(o.text, "gpu: no NVIDIA driver on this machine\n"));
}

static void each_scenario(void) {
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        outcome o = run(scenarios[i].work, scenarios[i].settings);
        bool said_it = strstr(o.text, scenarios[i].says) != NULL;
        CHECK(clean(&o, !scenarios[i].fails));
        CHECK(said_it);
        if (!said_it) printf("%s\nsaid\n%s", scenarios[i].settings, o.text);
    }
}

/* Every call failed in turn, and every operation on the device: the answer is the CPU's, and nothing is left. */
static void sweep(const char *work, int step) {
    outcome whole = run(work, SHIM13);
    CHECK(clean(&whole, true) && whole.calls > 100 && whole.operations > 100);
    for (long k = 1; k <= 60; k += step > 20 ? 12 : 4) { /* an event that marks a staging buffer's copy */
        char settings[200];
        snprintf(settings, sizeof settings, SHIM13 "CUSHIM_FAIL=cudaEventRecord:%ld", k);
        outcome o = run(work, settings);
        CHECK(clean(&o, true));
    }
    for (int kind = 0; kind < 3; kind++) {
        long last = kind ? whole.operations : whole.calls;
        for (long k = 1; k <= last; k += k < 40 && step < 20 ? 1 : step) {
            char settings[200];
            if (kind == 0) snprintf(settings, sizeof settings, SHIM13 "CUSHIM_FAIL=any:%ld", k);
            else snprintf(settings, sizeof settings, SHIM13 "CUSHIM_FAULT=%ld:%d", k, kind == 1 ? 700 : 719);
            outcome o = run(work, settings);
            bool good = clean(&o, kind == 0 && !strstr(o.text, "is not used any more"));
            CHECK(good);
            if (!good) printf("%s: %s\n", work, settings);
        }
        if (step > 1 && kind == 1) break;
    }
}

/* Folders with some of the libraries, or with one that is no library. */
static void make_odd(void) {
    static const struct {
        const char *folder, *file, *target;
    } links[] = {
        {"both", "libcudart.so.13", "cushim13"},     {"both", "libcublas.so.13", "cushim13"},
        {"both", "libcusolver.so.12", "cushim13"},   {"both", "libcudart.so.12", "cushim12"},
        {"both", "libcublas.so.12", "cushim12"},     {"both", "libcusolver.so.11", "cushim12"},
        {"runtime", "libcudart.so.13", "cushim13"},  {"products", "libcudart.so.13", "cushim13"},
        {"products", "libcublas.so.13", "cushim13"}, {"broken", "libcudart.so.13", "cushim13"},
        {"broken", "libcublas.so.13", NULL},
    };
    snprintf(odd, sizeof odd, "%s/odd_cuda", builds);
    char path[2 * PATHS], target[2 * PATHS];
    mkdir(odd, 0700);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        snprintf(path, sizeof path, "%s/%s", odd, links[i].folder);
        mkdir(path, 0700);
        snprintf(path, sizeof path, "%s/%s/%s", odd, links[i].folder, links[i].file);
        snprintf(target, sizeof target, "%s/%s/libcushim.so", builds, links[i].target ? links[i].target : "");
        unlink(path);
        if (links[i].target) CHECK(symlink(target, path) == 0);
        else fclose(fopen(path, "w"));
    }
}

int main(int argc, char **argv) {
    if (argc > 1 && argv[1][0] != '-') return child(argv[1]);
    if (!realpath("/proc/self/exe", self)) return 1;
    if (strlen(self) >= PATHS) return 1;
    memcpy(builds, self, strlen(self) + 1);
    for (int i = 0; i < 2; i++) *strrchr(builds, '/') = '\0';
    make_odd();
    each_scenario();
    toolkit();
    bool all = argc > 1 && strcmp(argv[1], "--all") == 0;
    sweep("some", all ? 1 : LSV_NO_POOLS ? 60 : 15);
    sweep("krylov", all ? 1 : LSV_NO_POOLS ? 997 : 251);
    return check_done();
}
