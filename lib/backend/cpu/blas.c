/* Products: row-major BLAS. Each entry is written once as a macro over the letter of the type. */
#include <cblas.h>
#include "backend/cpu/cpu.h"

#define OP(trans) ((trans) ? CblasTrans : CblasNoTrans)

lsv_status lsv_cpu_gemm(lsv_dtype t, bool ta, bool tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, double alpha,
                        const void *a, ptrdiff_t lda, const void *b, ptrdiff_t ldb, double beta, void *c,
                        ptrdiff_t ldc, lsv_error *err) {
    LSV_TRY(lsv_cpu_fits(err, 6, m, n, k, lda, ldb, ldc));
    int im = (int)m, in = (int)n, ik = (int)k, la = (int)lda, lb = (int)ldb, lc = (int)ldc;
    if (t == LSV_FLOAT64)
        cblas_dgemm(CblasRowMajor, OP(ta), OP(tb), im, in, ik, alpha, a, la, b, lb, beta, c, lc);
    else
        cblas_sgemm(CblasRowMajor, OP(ta), OP(tb), im, in, ik, (float)alpha, a, la, b, lb, (float)beta, c,
                    lc);
    return LSV_OK;
}

/* Where BLAS begins to read a vector of negative stride: at its last element. */
#define VECTOR(type, x, n, inc) ((const type *)(x) + ((inc) < 0 ? ((n)-1) * (inc) : 0))

lsv_status lsv_cpu_gemv(lsv_dtype t, bool ta, ptrdiff_t m, ptrdiff_t n, const void *a, ptrdiff_t lda,
                        const void *x, ptrdiff_t incx, void *y, ptrdiff_t incy, lsv_error *err) {
    LSV_TRY(lsv_cpu_fits(err, 5, m, n, lda, incx, incy));
    int im = (int)m, in = (int)n, la = (int)lda, ix = (int)incx, iy = (int)incy;
    ptrdiff_t nx = ta ? m : n;
    if (t == LSV_FLOAT64)
        cblas_dgemv(CblasRowMajor, OP(ta), im, in, 1, a, la, VECTOR(double, x, nx, incx), ix, 0, y, iy);
    else cblas_sgemv(CblasRowMajor, OP(ta), im, in, 1, a, la, VECTOR(float, x, nx, incx), ix, 0, y, iy);
    return LSV_OK;
}

lsv_status lsv_cpu_dot(lsv_dtype t, ptrdiff_t n, const void *x, ptrdiff_t incx, const void *y, ptrdiff_t incy,
                       void *out, lsv_error *err) {
    LSV_TRY(lsv_cpu_fits(err, 3, n, incx, incy));
    int in = (int)n, ix = (int)incx, iy = (int)incy;
    if (t == LSV_FLOAT64)
        *(double *)out = cblas_ddot(in, VECTOR(double, x, n, incx), ix, VECTOR(double, y, n, incy), iy);
    else *(float *)out = cblas_sdot(in, VECTOR(float, x, n, incx), ix, VECTOR(float, y, n, incy), iy);
    return LSV_OK;
}

#define MIRROR(type)                  \
    for (ptrdiff_t i = 1; i < n; i++) \
        for (ptrdiff_t j = 0; j < i; j++) ((type *)c)[i * ldc + j] = ((type *)c)[j * ldc + i]

lsv_status lsv_cpu_syrk(lsv_dtype t, bool ta, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t lda, void *c,
                        ptrdiff_t ldc, lsv_error *err) {
    LSV_TRY(lsv_cpu_fits(err, 4, n, k, lda, ldc));
    int in = (int)n, ik = (int)k, la = (int)lda, lc = (int)ldc;
    if (t == LSV_FLOAT64) {
        cblas_dsyrk(CblasRowMajor, CblasUpper, OP(ta), in, ik, 1, a, la, 0, c, lc);
        MIRROR(double);
    } else {
        cblas_ssyrk(CblasRowMajor, CblasUpper, OP(ta), in, ik, 1, a, la, 0, c, lc);
        MIRROR(float);
    }
    return LSV_OK;
}

lsv_status lsv_cpu_trsm(lsv_dtype t, bool left, bool upper, bool trans, bool unit, ptrdiff_t m, ptrdiff_t n,
                        const void *a, ptrdiff_t lda, void *b, ptrdiff_t ldb, lsv_error *err) {
    LSV_TRY(lsv_cpu_fits(err, 4, m, n, lda, ldb));
    int im = (int)m, in = (int)n, la = (int)lda, lb = (int)ldb;
    CBLAS_SIDE side = left ? CblasLeft : CblasRight;
    CBLAS_UPLO uplo = upper ? CblasUpper : CblasLower;
    CBLAS_DIAG diag = unit ? CblasUnit : CblasNonUnit;
    if (t == LSV_FLOAT64) cblas_dtrsm(CblasColMajor, side, uplo, OP(trans), diag, im, in, 1, a, la, b, lb);
    else cblas_strsm(CblasColMajor, side, uplo, OP(trans), diag, im, in, 1, a, la, b, lb);
    return LSV_OK;
}
