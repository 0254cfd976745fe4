/* cuBLAS over OpenBLAS: column-major, queued; numbers that go to the host are computed at once. */
#include <cblas.h>
#include <stdlib.h>
#include <string.h>
#include "cushim.h"

#define ENTER(name)                                                                      \
    do {                                                                                 \
        int enter_code = shim_enter(#name, CU_BLAS_EXECUTION_FAILED);                    \
        if (enter_code) return (cu_blas_status)enter_code;                               \
        if (!handle) return (cu_blas_status)1;                                           \
    } while (0)
#define REFUSE_UNLESS(condition) \
    if (!(condition)) return (cu_blas_status)CU_BLAS_INVALID_VALUE

struct cublasContext {
    cu_stream stream;
};

API cu_blas_status cublasCreate_v2(cu_blas *handle) {
    int code = shim_enter("cublasCreate", CU_BLAS_ALLOC_FAILED);
    if (code) return (cu_blas_status)code;
    *handle = (cu_blas)calloc(1, sizeof(struct cublasContext));
    shim_handles++;
    return 0;
}
API cu_blas_status cublasDestroy_v2(cu_blas handle) {
    free(handle);
    shim_handles--;
    return 0;
}
API cu_blas_status cublasSetStream_v2(cu_blas handle, cu_stream stream) {
    ENTER(cublasSetStream);
    (void)stream;
    return 0;
}
API cu_blas_status cublasGetVersion_v2(cu_blas handle, int *version) {
    ENTER(cublasGetVersion);
    *version = CUSHIM_VERSION * 10;
    return 0;
}
API const char *cublasGetStatusName(cu_blas_status status) {
    switch ((int)status) {
    case CU_BLAS_ALLOC_FAILED: return "CUBLAS_STATUS_ALLOC_FAILED";
    case CU_BLAS_INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
    case CU_BLAS_EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
    case CU_BLAS_NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
    default: return "CUBLAS_STATUS_UNKNOWN";
    }
}

static enum CBLAS_TRANSPOSE trans(long t) { return t == CU_T ? CblasTrans : CblasNoTrans; }

/* ---- gemm ---- */

/* i: ta tb m n k lda ldb ldc type; d: alpha beta; p: a b c */
static bool gemm(shim_op *o) {
    long ta = o->i[0], tb = o->i[1], m = o->i[2], n = o->i[3], k = o->i[4], lda = o->i[5], ldb = o->i[6], ldc = o->i[7];
    size_t w = shim_width((cu_type)o->i[8]);
    void *a = shim_at(o->p[0], ta ? shim_span(k, m, lda, w) : shim_span(m, k, lda, w));
    void *b = shim_at(o->p[1], tb ? shim_span(n, k, ldb, w) : shim_span(k, n, ldb, w));
    void *c = shim_at(o->p[2], shim_span(m, n, ldc, w));
    if (!a || !b || !c) return false;
    if (w == 8)
        cblas_dgemm(CblasColMajor, trans(ta), trans(tb), (int)m, (int)n, (int)k, o->d[0], a, (int)lda, b, (int)ldb, o->d[1], c,
                    (int)ldc);
    else
        cblas_sgemm(CblasColMajor, trans(ta), trans(tb), (int)m, (int)n, (int)k, (float)o->d[0], a, (int)lda, b, (int)ldb,
                    (float)o->d[1], c, (int)ldc);
    return true;
}

API cu_blas_status cublasGemmEx_64(cu_blas handle, cu_op ta, cu_op tb, int64_t m, int64_t n, int64_t k, const void *alpha,
                                   const void *a, cu_type at, int64_t lda, const void *b, cu_type bt, int64_t ldb,
                                   const void *beta, void *c, cu_type ct, int64_t ldc, cu_compute compute, cu_algo algo) {
    ENTER(cublasGemmEx);
    (void)algo;
    bool wide = at == CU_R_64F;
    if (at != bt || at != ct || (!wide && at != CU_R_32F)) return (cu_blas_status)CU_BLAS_NOT_SUPPORTED;
    if (wide ? compute != CU_COMPUTE_64F : compute != CU_COMPUTE_32F && compute != CU_COMPUTE_TF32)
        return (cu_blas_status)CU_BLAS_NOT_SUPPORTED;
    REFUSE_UNLESS(m >= 0 && n >= 0 && k >= 0 && lda >= (ta ? k : m) && ldb >= (tb ? n : k) && ldc >= m && lda > 0 && ldb > 0 && ldc > 0);
    shim_op *o = shim_push(gemm, NULL, 0);
    long sizes[] = {ta, tb, m, n, k, lda, ldb, ldc, at};
    memcpy(o->i, sizes, sizeof sizes);
    o->d[0] = wide ? *(const double *)alpha : *(const float *)alpha;
    o->d[1] = wide ? *(const double *)beta : *(const float *)beta;
    o->p[0] = (void *)(uintptr_t)a, o->p[1] = (void *)(uintptr_t)b, o->p[2] = c;
    return 0;
}

/* ---- those that come in two types ---- */

/* BLAS(letter, type): one of each. The operation's numbers: i, operands: p. */
#define BLAS(X, x, T)                                                                                                        \
    static bool x##gemv(shim_op *o) {                                                                                        \
        long t = o->i[0], m = o->i[1], n = o->i[2], lda = o->i[3], ix = o->i[4], iy = o->i[5];                               \
        T *a = shim_at(o->p[0], shim_span(m, n, lda, sizeof(T)));                                                            \
        T *v = shim_at(o->p[1], shim_span(1, t ? m : n, ix, sizeof(T))), *y = shim_at(o->p[2], shim_span(1, t ? n : m, iy, sizeof(T))); \
        if (!a || !v || !y) return false;                                                                                    \
        cblas_##x##gemv(CblasColMajor, trans(t), (int)m, (int)n, (T)o->d[0], a, (int)lda, v, (int)ix, (T)o->d[1], y, (int)iy); \
        return true;                                                                                                         \
    }                                                                                                                        \
    API cu_blas_status cublas##X##gemv_v2_64(cu_blas handle, cu_op t, int64_t m, int64_t n, const T *alpha, const T *a, int64_t lda, \
                                             const T *v, int64_t incx, const T *beta, T *y, int64_t incy) {                  \
        ENTER(cublas##X##gemv);                                                                                              \
        REFUSE_UNLESS(m >= 0 && n >= 0 && lda >= m && lda > 0 && incx && incy);                                              \
        shim_op *o = shim_push(x##gemv, NULL, 0);                                                                            \
        long sizes[] = {t, m, n, lda, incx, incy};                                                                           \
        memcpy(o->i, sizes, sizeof sizes);                                                                                   \
        o->d[0] = *alpha, o->d[1] = *beta;                                                                                   \
        o->p[0] = (void *)(uintptr_t)a, o->p[1] = (void *)(uintptr_t)v, o->p[2] = y;                                         \
        return 0;                                                                                                            \
    }                                                                                                                        \
    static bool x##syrk(shim_op *o) {                                                                                        \
        long up = o->i[0], t = o->i[1], n = o->i[2], k = o->i[3], lda = o->i[4], ldc = o->i[5];                              \
        T *a = shim_at(o->p[0], t ? shim_span(k, n, lda, sizeof(T)) : shim_span(n, k, lda, sizeof(T)));                      \
        T *c = shim_at(o->p[1], shim_span(n, n, ldc, sizeof(T)));                                                            \
        if (!a || !c) return false;                                                                                          \
        cblas_##x##syrk(CblasColMajor, up ? CblasUpper : CblasLower, trans(t), (int)n, (int)k, (T)o->d[0], a, (int)lda, (T)o->d[1], c, (int)ldc); \
        return true;                                                                                                         \
    }                                                                                                                        \
    API cu_blas_status cublas##X##syrk_v2_64(cu_blas handle, cu_fill uplo, cu_op t, int64_t n, int64_t k, const T *alpha, const T *a, \
                                             int64_t lda, const T *beta, T *c, int64_t ldc) {                                \
        ENTER(cublas##X##syrk);                                                                                              \
        REFUSE_UNLESS(n >= 0 && k >= 0 && lda >= (t ? k : n) && ldc >= n && lda > 0 && ldc > 0);                             \
        shim_op *o = shim_push(x##syrk, NULL, 0);                                                                            \
        long sizes[] = {uplo == CU_UPPER, t, n, k, lda, ldc};                                                                \
        memcpy(o->i, sizes, sizeof sizes);                                                                                   \
        o->d[0] = *alpha, o->d[1] = *beta;                                                                                   \
        o->p[0] = (void *)(uintptr_t)a, o->p[1] = c;                                                                         \
        return 0;                                                                                                            \
    }                                                                                                                        \
    static bool x##trsm(shim_op *o) {                                                                                        \
        long right = o->i[0], up = o->i[1], t = o->i[2], unit = o->i[3], m = o->i[4], n = o->i[5], lda = o->i[6], ldb = o->i[7]; \
        T *a = shim_at(o->p[0], shim_span(right ? n : m, right ? n : m, lda, sizeof(T))), *b = shim_at(o->p[1], shim_span(m, n, ldb, sizeof(T))); \
        if (!a || !b) return false;                                                                                          \
        cblas_##x##trsm(CblasColMajor, right ? CblasRight : CblasLeft, up ? CblasUpper : CblasLower, trans(t),               \
                        unit ? CblasUnit : CblasNonUnit, (int)m, (int)n, (T)o->d[0], a, (int)lda, b, (int)ldb);              \
        return true;                                                                                                         \
    }                                                                                                                        \
    API cu_blas_status cublas##X##trsm_v2_64(cu_blas handle, cu_side side, cu_fill uplo, cu_op t, cu_diag diag, int64_t m, int64_t n, \
                                             const T *alpha, const T *a, int64_t lda, T *b, int64_t ldb) {                   \
        ENTER(cublas##X##trsm);                                                                                              \
        REFUSE_UNLESS(m >= 0 && n >= 0 && lda >= (side == CU_LEFT ? m : n) && ldb >= m && lda > 0 && ldb > 0);               \
        shim_op *o = shim_push(x##trsm, NULL, 0);                                                                            \
        long sizes[] = {side == CU_RIGHT, uplo == CU_UPPER, t, diag == CU_UNIT, m, n, lda, ldb};                             \
        memcpy(o->i, sizes, sizeof sizes);                                                                                   \
        o->d[0] = *alpha;                                                                                                    \
        o->p[0] = (void *)(uintptr_t)a, o->p[1] = b;                                                                         \
        return 0;                                                                                                            \
    }                                                                                                                        \
    static bool x##geam(shim_op *o) {                                                                                        \
        long ta = o->i[0], tb = o->i[1], m = o->i[2], n = o->i[3], lda = o->i[4], ldb = o->i[5], ldc = o->i[6];              \
        T *a = shim_at(o->p[0], ta ? shim_span(n, m, lda, sizeof(T)) : shim_span(m, n, lda, sizeof(T)));                     \
        T *b = shim_at(o->p[1], tb ? shim_span(n, m, ldb, sizeof(T)) : shim_span(m, n, ldb, sizeof(T)));                     \
        T *c = shim_at(o->p[2], shim_span(m, n, ldc, sizeof(T))), alpha = (T)o->d[0], beta = (T)o->d[1];                     \
        if (!a || !b || !c) return false;                                                                                    \
        for (long j = 0; j < n; j++)                                                                                         \
            for (long i = 0; i < m; i++) {                                                                                   \
                T s = alpha * (ta ? a[j + i * lda] : a[i + j * lda]);                                                        \
                c[i + j * ldc] = beta != 0 ? s + beta * (tb ? b[j + i * ldb] : b[i + j * ldb]) : s;                          \
            }                                                                                                                \
        return true;                                                                                                         \
    }                                                                                                                        \
    API cu_blas_status cublas##X##geam_64(cu_blas handle, cu_op ta, cu_op tb, int64_t m, int64_t n, const T *alpha, const T *a, int64_t lda, \
                                          const T *beta, const T *b, int64_t ldb, T *c, int64_t ldc) {                       \
        ENTER(cublas##X##geam);                                                                                              \
        REFUSE_UNLESS(m >= 0 && n >= 0 && lda >= (ta ? n : m) && ldb >= (tb ? n : m) && ldc >= m && lda > 0 && ldb > 0 && ldc > 0); \
        REFUSE_UNLESS(c != a || (!ta && lda == ldc));                                                                        \
        REFUSE_UNLESS(c != b || (!tb && ldb == ldc));                                                                        \
        shim_op *o = shim_push(x##geam, NULL, 0);                                                                            \
        long sizes[] = {ta, tb, m, n, lda, ldb, ldc};                                                                        \
        memcpy(o->i, sizes, sizeof sizes);                                                                                   \
        o->d[0] = *alpha, o->d[1] = *beta;                                                                                   \
        o->p[0] = (void *)(uintptr_t)a, o->p[1] = (void *)(uintptr_t)b, o->p[2] = c;                                         \
        return 0;                                                                                                            \
    }                                                                                                                        \
    static bool x##dgmm(shim_op *o) {                                                                                        \
        long right = o->i[0], m = o->i[1], n = o->i[2], lda = o->i[3], ix = o->i[4], ldc = o->i[5];                          \
        T *a = shim_at(o->p[0], shim_span(m, n, lda, sizeof(T))), *v = shim_at(o->p[1], shim_span(1, right ? n : m, ix, sizeof(T))); \
        T *c = shim_at(o->p[2], shim_span(m, n, ldc, sizeof(T)));                                                            \
        if (!a || !v || !c) return false;                                                                                    \
        for (long j = 0; j < n; j++)                                                                                         \
            for (long i = 0; i < m; i++) c[i + j * ldc] = a[i + j * lda] * v[(right ? j : i) * ix];                          \
        return true;                                                                                                         \
    }                                                                                                                        \
    API cu_blas_status cublas##X##dgmm_64(cu_blas handle, cu_side side, int64_t m, int64_t n, const T *a, int64_t lda, const T *v, \
                                          int64_t incx, T *c, int64_t ldc) {                                                 \
        ENTER(cublas##X##dgmm);                                                                                              \
        REFUSE_UNLESS(m >= 0 && n >= 0 && lda >= m && ldc >= m && lda > 0 && ldc > 0);                                       \
        shim_op *o = shim_push(x##dgmm, NULL, 0);                                                                            \
        long sizes[] = {side == CU_RIGHT, m, n, lda, incx, ldc};                                                             \
        memcpy(o->i, sizes, sizeof sizes);                                                                                   \
        o->p[0] = (void *)(uintptr_t)a, o->p[1] = (void *)(uintptr_t)v, o->p[2] = c;                                         \
        return 0;                                                                                                            \
    }                                                                                                                        \
    API cu_blas_status cublas##X##dot_v2_64(cu_blas handle, int64_t n, const T *v, int64_t incx, const T *y, int64_t incy, T *result) { \
        ENTER(cublas##X##dot);                                                                                               \
        shim_run_all();                                                                                                      \
        T *a = shim_at(v, shim_span(1, n, incx, sizeof(T))), *b = shim_at(y, shim_span(1, n, incy, sizeof(T)));              \
        if (!a || !b || shim_sticky()) return (cu_blas_status)CU_BLAS_EXECUTION_FAILED;                                      \
        *result = cblas_##x##dot((int)n, a, (int)incx, b, (int)incy);                                                        \
        return 0;                                                                                                            \
    }                                                                                                                        \
    API cu_blas_status cublas##X##nrm2_v2_64(cu_blas handle, int64_t n, const T *v, int64_t incx, T *result) {               \
        ENTER(cublas##X##nrm2);                                                                                              \
        shim_run_all();                                                                                                      \
        T *a = shim_at(v, shim_span(1, n, incx, sizeof(T)));                                                                 \
        if (!a || shim_sticky()) return (cu_blas_status)CU_BLAS_EXECUTION_FAILED;                                            \
        *result = cblas_##x##nrm2((int)n, a, (int)incx);                                                                     \
        return 0;                                                                                                            \
    }
BLAS(D, d, double)
BLAS(S, s, float)
