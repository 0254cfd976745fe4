/* Products on device pointers, column-major, through cuBLAS; all but those that give a number are queued
 * only. */
#include "backend/cuda/inside.h"

static bool tf32;

bool lsv_gpu_tf32(bool on) {
    bool before = tf32;
    tf32 = on;
    return before;
}

/* alpha and beta in the precision of the call, on the host. */
typedef union {
    double d;
    float s;
} number;

static number as(lsv_dtype t, double x) {
    number n;
    if (t == LSV_FLOAT64) n.d = x;
    else n.s = (float)x;
    return n;
}

static cu_op op(bool transposed) { return transposed ? CU_T : CU_N; }

lsv_status lsv_cu_gemm(lsv_dtype t, bool ta, bool tb, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, double alpha,
                       const void *a, ptrdiff_t lda, const void *b, ptrdiff_t ldb, double beta, void *c,
                       ptrdiff_t ldc, lsv_error *err) {
    number one = as(t, alpha), two = as(t, beta);
    cu_compute compute = t == LSV_FLOAT64 ? CU_COMPUTE_64F : tf32 ? CU_COMPUTE_TF32 : CU_COMPUTE_32F;
    cu_type type = lsv_cu_type(t);
    CU_BL(cublasGemmEx_64, (lsv_cu_dev.blas, op(ta), op(tb), m, n, k, &one, a, type, lda, b, type, ldb, &two,
                            c, type, ldc, compute, CU_ALGO_DEFAULT));
    return LSV_OK;
}

lsv_status lsv_cu_gemv(lsv_dtype t, bool ta, ptrdiff_t m, ptrdiff_t n, const void *a, ptrdiff_t lda,
                       const void *x, ptrdiff_t incx, void *y, ptrdiff_t incy, lsv_error *err) {
    cu_blas h = lsv_cu_dev.blas;
    number one = as(t, 1), zero = as(t, 0);
    if (t == LSV_FLOAT64)
        CU_BL(cublasDgemv_v2_64, (h, op(ta), m, n, &one.d, a, lda, x, incx, &zero.d, y, incy));
    else CU_BL(cublasSgemv_v2_64, (h, op(ta), m, n, &one.s, a, lda, x, incx, &zero.s, y, incy));
    return LSV_OK;
}

/* cuBLAS waits for the number itself: whatever is queued is waited for first, where the user can stop it. */
lsv_status lsv_cu_dot(lsv_dtype t, ptrdiff_t n, const void *x, const void *y, void *host, lsv_error *err) {
    LSV_TRY(lsv_cu_wait(err));
    if (t == LSV_FLOAT64) CU_BL(cublasDdot_v2_64, (lsv_cu_dev.blas, n, x, 1, y, 1, host));
    else CU_BL(cublasSdot_v2_64, (lsv_cu_dev.blas, n, x, 1, y, 1, host));
    return LSV_OK;
}

lsv_status lsv_cu_nrm2(lsv_dtype t, ptrdiff_t n, const void *x, double *host, lsv_error *err) {
    float f = 0;
    LSV_TRY(lsv_cu_wait(err));
    if (t == LSV_FLOAT64) CU_BL(cublasDnrm2_v2_64, (lsv_cu_dev.blas, n, x, 1, host));
    else CU_BL(cublasSnrm2_v2_64, (lsv_cu_dev.blas, n, x, 1, &f));
    if (t != LSV_FLOAT64) *host = (double)f;
    return LSV_OK;
}

lsv_status lsv_cu_syrk(lsv_dtype t, bool upper, bool ta, ptrdiff_t n, ptrdiff_t k, const void *a,
                       ptrdiff_t lda, void *c, ptrdiff_t ldc, lsv_error *err) {
    cu_blas h = lsv_cu_dev.blas;
    number one = as(t, 1), zero = as(t, 0);
    cu_fill fill = upper ? CU_UPPER : CU_LOWER;
    if (t == LSV_FLOAT64) CU_BL(cublasDsyrk_v2_64, (h, fill, op(ta), n, k, &one.d, a, lda, &zero.d, c, ldc));
    else CU_BL(cublasSsyrk_v2_64, (h, fill, op(ta), n, k, &one.s, a, lda, &zero.s, c, ldc));
    return LSV_OK;
}

lsv_status lsv_cu_trsm(lsv_dtype t, bool left, bool upper, bool trans, bool unit, ptrdiff_t m, ptrdiff_t n,
                       const void *a, ptrdiff_t lda, void *b, ptrdiff_t ldb, lsv_error *err) {
    cu_blas h = lsv_cu_dev.blas;
    number one = as(t, 1);
    cu_side side = left ? CU_LEFT : CU_RIGHT;
    cu_fill fill = upper ? CU_UPPER : CU_LOWER;
    cu_diag diag = unit ? CU_UNIT : CU_NON_UNIT;
    if (t == LSV_FLOAT64)
        CU_BL(cublasDtrsm_v2_64, (h, side, fill, op(trans), diag, m, n, &one.d, a, lda, b, ldb));
    else CU_BL(cublasStrsm_v2_64, (h, side, fill, op(trans), diag, m, n, &one.s, a, lda, b, ldb));
    return LSV_OK;
}

/* C = op(A); the second operand is not read where its factor is 0, but has to be a valid pointer. */
static lsv_status geam(lsv_dtype t, bool ta, ptrdiff_t m, ptrdiff_t n, const void *a, ptrdiff_t lda, void *c,
                       ptrdiff_t ldc, lsv_error *err) {
    cu_blas h = lsv_cu_dev.blas;
    number one = as(t, 1), zero = as(t, 0);
    if (t == LSV_FLOAT64)
        CU_BL(cublasDgeam_64, (h, op(ta), CU_N, m, n, &one.d, a, lda, &zero.d, c, ldc, c, ldc));
    else CU_BL(cublasSgeam_64, (h, op(ta), CU_N, m, n, &one.s, a, lda, &zero.s, c, ldc, c, ldc));
    return LSV_OK;
}

lsv_status lsv_cu_transpose(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, const void *a, ptrdiff_t lda, void *c,
                            ptrdiff_t ldc, lsv_error *err) {
    return geam(t, true, m, n, a, lda, c, ldc, err);
}

lsv_status lsv_cu_copy_matrix(lsv_dtype t, ptrdiff_t m, ptrdiff_t n, const void *a, ptrdiff_t lda, void *c,
                              ptrdiff_t ldc, lsv_error *err) {
    if (lda != m || ldc != m) return geam(t, false, m, n, a, lda, c, ldc, err);
    size_t bytes = (size_t)m * (size_t)n * lsv_dtype_size(t);
    CU_RT(cudaMemcpyAsync, (c, a, bytes, CU_ON_DEVICE, lsv_cu_dev.stream));
    return LSV_OK;
}

lsv_status lsv_cu_scale(lsv_dtype t, bool columns, ptrdiff_t m, ptrdiff_t n, const void *a, ptrdiff_t lda,
                        const void *x, void *c, ptrdiff_t ldc, lsv_error *err) {
    cu_side side = columns ? CU_RIGHT : CU_LEFT;
    if (t == LSV_FLOAT64) CU_BL(cublasDdgmm_64, (lsv_cu_dev.blas, side, m, n, a, lda, x, 1, c, ldc));
    else CU_BL(cublasSdgmm_64, (lsv_cu_dev.blas, side, m, n, a, lda, x, 1, c, ldc));
    return LSV_OK;
}
