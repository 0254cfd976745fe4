/* Factorisations: LAPACK in column-major order. Each wrapper asks the routine how much workspace it
   likes, takes it from the stack when small, and passes on LAPACK's info. What differs between
   float and double is the letter of the routine alone, so PICK picks it. */
#include <lapacke.h>
#include <string.h>
#include "backend/cpu/cpu.h"

enum {
    LOCAL = 2048,
    LOCAL_INT = 512, /* doubles, ints of stack workspace */
    SMALL = 16       /* swapping rows wakes the other threads at any size: a solve this small runs on one */
};

#define CM LAPACK_COL_MAJOR

/* `f64` or `f32` by the type of the call. */
#define PICK(f64, f32) (t == LSV_FLOAT64 ? (int)(f64) : (int)(f32))

static size_t width(lsv_dtype t) { return t == LSV_FLOAT64 ? sizeof(double) : sizeof(float); }

/* The answer to a workspace query; float answers are rounded up, for LAPACK stores them rounded. */
static lsv_status answer(lsv_dtype t, const void *cell, ptrdiff_t least, int *lwork, lsv_error *err) {
    double want = t == LSV_FLOAT64 ? *(const double *)cell : (double)*(const float *)cell * (1 + 1.2e-7);
    ptrdiff_t n = (ptrdiff_t)want + (want > (double)(ptrdiff_t)want);
    if (n < least) n = least;
    if (n < 1) n = 1;
    LSV_TRY(lsv_cpu_fits(err, 1, n));
    *lwork = (int)n;
    return LSV_OK;
}

static ptrdiff_t least_of(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static ptrdiff_t most_of(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

lsv_status lsv_cpu_gesdd(lsv_dtype t, char job, ptrdiff_t m, ptrdiff_t n, void *a, ptrdiff_t lda, void *s,
                         void *u, ptrdiff_t ldu, void *vt, ptrdiff_t ldvt, int *info, lsv_error *err) {
    ptrdiff_t k = least_of(m, n);
    LSV_TRY(lsv_cpu_fits(err, 6, m, n, lda, ldu, ldvt, 8 * k));
    int im = (int)m, in = (int)n, la = (int)lda, lu = (int)most_of(ldu, 1), lv = (int)most_of(ldvt, 1), lwork;
    double local[LOCAL], cell = 0;
    int local_int[LOCAL_INT];
    *info =
        PICK(LAPACKE_dgesdd_work(CM, job, im, in, a, la, s, u, lu, vt, lv, &cell, -1, local_int),
             LAPACKE_sgesdd_work(CM, job, im, in, a, la, s, u, lu, vt, lv, (float *)&cell, -1, local_int));
    LSV_TRY(answer(t, &cell, 1, &lwork, err));
    size_t work_bytes = (size_t)lwork * width(t), int_bytes = (size_t)(8 * most_of(k, 1)) * sizeof(int);
    void *work = lsv_cpu_work(local, sizeof local, work_bytes);
    int *iwork = lsv_cpu_work(local_int, sizeof local_int, int_bytes);
    lsv_status status = LSV_OK;
    if (work && iwork) {
        int threads = lsv_cpu_threads_for(m, n);
        *info = PICK(LAPACKE_dgesdd_work(CM, job, im, in, a, la, s, u, lu, vt, lv, work, lwork, iwork),
                     LAPACKE_sgesdd_work(CM, job, im, in, a, la, s, u, lu, vt, lv, work, lwork, iwork));
        lsv_cpu_threads_restore(threads);
    } else {
        status = lsv_no_memory(err, work_bytes + int_bytes);
    }
    lsv_cpu_work_done(local, work);
    lsv_cpu_work_done(local_int, iwork);
    return status;
}

/* Two calls with the same arguments: `WORKED(call64, call32, least)` is a query, the workspace and
   the call, where the calls are written over `work` and `lwork`. */
#define WORKED(call64, call32, least)                     \
    double local[LOCAL];                                  \
    void *work = local;                                   \
    int lwork = -1;                                       \
    *info = PICK(call64, call32);                         \
    LSV_TRY(answer(t, local, least, &lwork, err));        \
    size_t work_bytes = (size_t)lwork * width(t);         \
    work = lsv_cpu_work(local, sizeof local, work_bytes); \
    if (!work) return lsv_no_memory(err, work_bytes);     \
    *info = PICK(call64, call32);                         \
    lsv_cpu_work_done(local, work)

lsv_status lsv_cpu_gesvd(lsv_dtype t, char job, ptrdiff_t m, ptrdiff_t n, void *a, ptrdiff_t lda, void *s,
                         void *u, ptrdiff_t ldu, void *vt, ptrdiff_t ldvt, int *info, lsv_error *err) {
    LSV_TRY(lsv_cpu_fits(err, 5, m, n, lda, ldu, ldvt));
    int im = (int)m, in = (int)n, la = (int)lda, lu = (int)most_of(ldu, 1), lv = (int)most_of(ldvt, 1);
    int threads = lsv_cpu_threads_for(m, n);
    lsv_status status = LSV_OK;
    double local[LOCAL];
    void *work = local;
    int lwork = -1;
    for (int pass = 0; pass < 2; pass++) {
        *info = PICK(LAPACKE_dgesvd_work(CM, job, job, im, in, a, la, s, u, lu, vt, lv, work, lwork),
                     LAPACKE_sgesvd_work(CM, job, job, im, in, a, la, s, u, lu, vt, lv, work, lwork));
        if (pass == 1 || (status = answer(t, local, 1, &lwork, err)) != LSV_OK) break;
        size_t bytes = (size_t)lwork * width(t);
        work = lsv_cpu_work(local, sizeof local, bytes);
        if (!work) {
            status = lsv_no_memory(err, bytes);
            break;
        }
    }
    lsv_cpu_threads_restore(threads);
    lsv_cpu_work_done(local, work);
    return status;
}

lsv_status lsv_cpu_geqrf(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, void *a, ptrdiff_t lda, void *tau, int *info,
                         lsv_error *err) {
    LSV_TRY(lsv_cpu_fits(err, 3, m, n, lda));
    int im = (int)m, in = (int)n, la = (int)lda;
    WORKED(LAPACKE_dgeqrf_work(CM, im, in, a, la, tau, work, lwork),
           LAPACKE_sgeqrf_work(CM, im, in, a, la, tau, work, lwork), n);
    return LSV_OK;
}

lsv_status lsv_cpu_orgqr(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, void *a, ptrdiff_t lda,
                         const void *tau, int *info, lsv_error *err) {
    LSV_TRY(lsv_cpu_fits(err, 4, m, n, k, lda));
    int im = (int)m, in = (int)n, ik = (int)k, la = (int)lda;
    WORKED(LAPACKE_dorgqr_work(CM, im, in, ik, a, la, tau, work, lwork),
           LAPACKE_sorgqr_work(CM, im, in, ik, a, la, tau, work, lwork), n);
    return LSV_OK;
}

lsv_status lsv_cpu_syevd(lsv_dtype t, bool vectors, bool upper, ptrdiff_t n, void *a, ptrdiff_t lda, void *w,
                         int *info, lsv_error *err) {
    LSV_TRY(lsv_cpu_fits(err, 3, n, lda, 5 * n + 3));
    int in = (int)n, la = (int)lda, lwork, liwork, icell = 0;
    char job = vectors ? 'V' : 'N', uplo = upper ? 'U' : 'L';
    double cell = 0, local[LOCAL];
    int local_int[LOCAL_INT];
    *info = PICK(LAPACKE_dsyevd_work(CM, job, uplo, in, a, la, w, &cell, -1, &icell, -1),
                 LAPACKE_ssyevd_work(CM, job, uplo, in, a, la, w, (float *)&cell, -1, &icell, -1));
    LSV_TRY(answer(t, &cell, 1, &lwork, err));
    liwork = icell > 1 ? icell : 1;
    size_t work_bytes = (size_t)lwork * width(t), int_bytes = (size_t)liwork * sizeof(int);
    void *work = lsv_cpu_work(local, sizeof local, work_bytes);
    int *iwork = lsv_cpu_work(local_int, sizeof local_int, int_bytes);
    lsv_status status = LSV_OK;
    if (work && iwork) {
        *info = PICK(LAPACKE_dsyevd_work(CM, job, uplo, in, a, la, w, work, lwork, iwork, liwork),
                     LAPACKE_ssyevd_work(CM, job, uplo, in, a, la, w, work, lwork, iwork, liwork));
    } else {
        status = lsv_no_memory(err, work_bytes + int_bytes);
    }
    lsv_cpu_work_done(local, work);
    lsv_cpu_work_done(local_int, iwork);
    return status;
}

lsv_status lsv_cpu_syevr(lsv_dtype t, ptrdiff_t n, ptrdiff_t count, void *a, ptrdiff_t lda, void *w, void *v,
                         ptrdiff_t ldv, int *info, lsv_error *err) {
    LSV_TRY(lsv_cpu_fits(err, 4, 26 * n, count, lda, ldv));
    int in = (int)n, la = (int)lda, lv = (int)ldv, low = (int)(n - count + 1), found = 0, lwork, liwork;
    ptrdiff_t work_bytes = 0;
    double cell[2] = {0};
    float cellf[2] = {0};
    int icell = 0;
    void *query = t == LSV_FLOAT64 ? (void *)cell : (void *)cellf;
#define CALL(x, real, wk, lw, iw, li)                                                                          \
    LAPACKE_##x##syevr_work(CM, 'V', 'I', 'U', in, a, la, (real)0, (real)0, low, in, (real)0, &found, w, v, lv, \
                            support, wk, lw, iw, li)
    int *support = lsv_malloc((size_t)(2 * count + 2) * sizeof *support);
    if (!support) return lsv_no_memory(err, (size_t)count * 2 * sizeof *support);
    *info = PICK(CALL(d, double, cell, -1, &icell, -1), CALL(s, float, cellf, -1, &icell, -1));
    lsv_status status = answer(t, query, 26 * n, &lwork, err);
    liwork = icell > 10 * in ? icell : 10 * in;
    work_bytes = (ptrdiff_t)((size_t)lwork * sizeof(double) + (size_t)liwork * sizeof(int));
    double *work = status == LSV_OK ? lsv_malloc((size_t)work_bytes) : NULL;
    if (work) {
        int *iwork = (int *)(void *)(work + lwork);
        *info = PICK(CALL(d, double, work, lwork, iwork, liwork),
                     CALL(s, float, (float *)(void *)work, lwork, iwork, liwork));
    } else if (status == LSV_OK) {
        status = lsv_no_memory(err, (size_t)work_bytes);
    }
#undef CALL
    lsv_free(work);
    lsv_free(support);
    return status;
}

lsv_status lsv_cpu_geev(lsv_dtype t, ptrdiff_t n, void *a, ptrdiff_t lda, void *wr, void *wi, void *vr,
                        ptrdiff_t ldvr, int *info, lsv_error *err) {
    LSV_TRY(lsv_cpu_fits(err, 3, n, lda, ldvr));
    int in = (int)n, la = (int)lda, lv = vr ? (int)ldvr : 1;
    char job = vr ? 'V' : 'N';
    WORKED(LAPACKE_dgeev_work(CM, 'N', job, in, a, la, wr, wi, NULL, 1, vr, lv, work, lwork),
           LAPACKE_sgeev_work(CM, 'N', job, in, a, la, wr, wi, NULL, 1, vr, lv, work, lwork), 4 * n);
    return LSV_OK;
}

lsv_status lsv_cpu_potrf(lsv_dtype t, bool upper, ptrdiff_t n, void *a, ptrdiff_t lda, int *info,
                         lsv_error *err) {
    LSV_TRY(lsv_cpu_fits(err, 2, n, lda));
    char uplo = upper ? 'U' : 'L';
    *info = PICK(LAPACKE_dpotrf_work(CM, uplo, (int)n, a, (int)lda),
                 LAPACKE_spotrf_work(CM, uplo, (int)n, a, (int)lda));
    return LSV_OK;
}

lsv_status lsv_cpu_getrf(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, void *a, ptrdiff_t lda, int32_t *piv,
                         int *info, lsv_error *err) {
    LSV_TRY(lsv_cpu_fits(err, 3, m, n, lda));
    *info = PICK(LAPACKE_dgetrf_work(CM, (int)m, (int)n, a, (int)lda, piv),
                 LAPACKE_sgetrf_work(CM, (int)m, (int)n, a, (int)lda, piv));
    return LSV_OK;
}

lsv_status lsv_cpu_getrs(lsv_dtype t, bool trans, ptrdiff_t n, ptrdiff_t nrhs, const void *a, ptrdiff_t lda,
                         const int32_t *piv, void *b, ptrdiff_t ldb, int *info, lsv_error *err) {
    LSV_TRY(lsv_cpu_fits(err, 4, n, nrhs, lda, ldb));
    char op = trans ? 'T' : 'N';
    int threads = n <= SMALL && nrhs <= SMALL ? lsv_cpu_threads_for(n, nrhs) : 0;
    *info = PICK(LAPACKE_dgetrs_work(CM, op, (int)n, (int)nrhs, a, (int)lda, piv, b, (int)ldb),
                 LAPACKE_sgetrs_work(CM, op, (int)n, (int)nrhs, a, (int)lda, piv, b, (int)ldb));
    lsv_cpu_threads_restore(threads);
    return LSV_OK;
}

lsv_status lsv_cpu_getri(lsv_dtype t, ptrdiff_t n, void *a, ptrdiff_t lda, const int32_t *piv, int *info,
                         lsv_error *err) {
    LSV_TRY(lsv_cpu_fits(err, 2, n, lda));
    int in = (int)n, la = (int)lda;
    WORKED(LAPACKE_dgetri_work(CM, in, a, la, piv, work, lwork),
           LAPACKE_sgetri_work(CM, in, a, la, piv, work, lwork), n);
    return LSV_OK;
}

lsv_status lsv_cpu_gesv(lsv_dtype t, ptrdiff_t n, ptrdiff_t nrhs, void *a, ptrdiff_t lda, int32_t *piv,
                        void *b, ptrdiff_t ldb, int *info, lsv_error *err) {
    LSV_TRY(lsv_cpu_fits(err, 4, n, nrhs, lda, ldb));
    int threads = n <= SMALL && nrhs <= SMALL ? lsv_cpu_threads_for(n, nrhs) : 0;
    *info = PICK(LAPACKE_dgesv_work(CM, (int)n, (int)nrhs, a, (int)lda, piv, b, (int)ldb),
                 LAPACKE_sgesv_work(CM, (int)n, (int)nrhs, a, (int)lda, piv, b, (int)ldb));
    lsv_cpu_threads_restore(threads);
    return LSV_OK;
}

lsv_status lsv_cpu_gelsd(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t nrhs, void *a, ptrdiff_t lda,
                         void *b, ptrdiff_t ldb, void *s, double rcond, int *rank, int *info,
                         lsv_error *err) {
    LSV_TRY(lsv_cpu_fits(err, 5, m, n, nrhs, lda, ldb));
    int im = (int)m, in = (int)n, ir = (int)nrhs, la = (int)lda, lb = (int)ldb, icell = 0, lwork;
    double cell = 0, local[LOCAL];
    int local_int[LOCAL_INT];
    float rc = (float)rcond;
    *info = PICK(LAPACKE_dgelsd_work(CM, im, in, ir, a, la, b, lb, s, rcond, rank, &cell, -1, &icell),
                 LAPACKE_sgelsd_work(CM, im, in, ir, a, la, b, lb, s, rc, rank, (float *)&cell, -1, &icell));
    LSV_TRY(answer(t, &cell, 1, &lwork, err));
    size_t work_bytes = (size_t)lwork * width(t), int_bytes = (size_t)(icell > 1 ? icell : 1) * sizeof(int);
    void *work = lsv_cpu_work(local, sizeof local, work_bytes);
    int *iwork = lsv_cpu_work(local_int, sizeof local_int, int_bytes);
    lsv_status status = LSV_OK;
    if (!work || !iwork) status = lsv_no_memory(err, work_bytes + int_bytes);
    else
        *info = PICK(LAPACKE_dgelsd_work(CM, im, in, ir, a, la, b, lb, s, rcond, rank, work, lwork, iwork),
                     LAPACKE_sgelsd_work(CM, im, in, ir, a, la, b, lb, s, rc, rank, work, lwork, iwork));
    lsv_cpu_work_done(local, work);
    lsv_cpu_work_done(local_int, iwork);
    return status;
}

lsv_status lsv_cpu_gelss(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t nrhs, void *a, ptrdiff_t lda,
                         void *b, ptrdiff_t ldb, void *s, double rcond, int *rank, int *info,
                         lsv_error *err) {
    LSV_TRY(lsv_cpu_fits(err, 5, m, n, nrhs, lda, ldb));
    int im = (int)m, in = (int)n, ir = (int)nrhs, la = (int)lda, lb = (int)ldb;
    float rc = (float)rcond;
    WORKED(LAPACKE_dgelss_work(CM, im, in, ir, a, la, b, lb, s, rcond, rank, work, lwork),
           LAPACKE_sgelss_work(CM, im, in, ir, a, la, b, lb, s, rc, rank, work, lwork), 1);
    return LSV_OK;
}

/* The column pivots go in as zeros ("free"); left uninitialised they are read, and the answer is
   wrong without a word. */
lsv_status lsv_cpu_gelsy(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t nrhs, void *a, ptrdiff_t lda,
                         void *b, ptrdiff_t ldb, double rcond, int *rank, int *info, lsv_error *err) {
    LSV_TRY(lsv_cpu_fits(err, 5, m, n, nrhs, lda, ldb));
    int im = (int)m, in = (int)n, ir = (int)nrhs, la = (int)lda, lb = (int)ldb, lwork;
    float rc = (float)rcond;
    double cell = 0, local[LOCAL];
    int local_int[LOCAL_INT];
    size_t int_bytes = (size_t)most_of(n, 1) * sizeof(int);
    *info = PICK(LAPACKE_dgelsy_work(CM, im, in, ir, a, la, b, lb, local_int, rcond, rank, &cell, -1),
                 LAPACKE_sgelsy_work(CM, im, in, ir, a, la, b, lb, local_int, rc, rank, (float *)&cell, -1));
    LSV_TRY(answer(t, &cell, 1, &lwork, err));
    size_t work_bytes = (size_t)lwork * width(t);
    void *work = lsv_cpu_work(local, sizeof local, work_bytes);
    int *jpvt = lsv_cpu_work(local_int, sizeof local_int, int_bytes);
    lsv_status status = LSV_OK;
    if (!work || !jpvt) {
        status = lsv_no_memory(err, work_bytes + int_bytes);
    } else {
        memset(jpvt, 0, int_bytes);
        *info = PICK(LAPACKE_dgelsy_work(CM, im, in, ir, a, la, b, lb, jpvt, rcond, rank, work, lwork),
                     LAPACKE_sgelsy_work(CM, im, in, ir, a, la, b, lb, jpvt, rc, rank, work, lwork));
    }
    lsv_cpu_work_done(local, work);
    lsv_cpu_work_done(local_int, jpvt);
    return status;
}

lsv_status lsv_cpu_gels(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t nrhs, void *a, ptrdiff_t lda,
                        void *b, ptrdiff_t ldb, int *info, lsv_error *err) {
    LSV_TRY(lsv_cpu_fits(err, 5, m, n, nrhs, lda, ldb));
    int im = (int)m, in = (int)n, ir = (int)nrhs, la = (int)lda, lb = (int)ldb;
    WORKED(LAPACKE_dgels_work(CM, 'N', im, in, ir, a, la, b, lb, work, lwork),
           LAPACKE_sgels_work(CM, 'N', im, in, ir, a, la, b, lb, work, lwork), 1);
    return LSV_OK;
}
