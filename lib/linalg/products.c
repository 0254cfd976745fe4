/* The matrix product and what is a thin dress over it.

   A pair of 2-D operands goes to BLAS as it lies: a view with one stride of 1 (a transpose, a
   slice of columns) is a flag and a leading dimension, never a copy. Products with all sizes at
   most SMALL are done by an own loop of fused multiply-adds in the order BLAS sums in, because a call costs
   more than they do. Where the inner size or a side is 1 the choice between dot, gemv and plain
   multiplication is NumPy's, so that the last digit agrees. Integers wrap; bool is "or of ands". */
#include <string.h>
#include "array/elementwise.h"
#include "array/mirror.h"
#include "linalg/linalg.h"
#include "linalg/matrix.h"

enum { SMALL = 8, SMALL_INNER = 7 }; /* from k = 8 on BLAS sums a left-over row in another order */

static inline bool is_small(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k) {
    return m > 1 && m <= SMALL && n > 1 && n <= SMALL && k > 1 && k <= SMALL_INNER;
}

/* ---- small float64 products ---- */

#if defined(__GNUC__) && !defined(__clang__)
#define UNROLL _Pragma("GCC unroll 8")
#else
#define UNROLL
#endif

#if defined(__x86_64__) && defined(__GNUC__)
#define FMA_TARGET __attribute__((target("fma")))
static bool have_fma(void) {
    static int known; /* 0 not asked, 1 no, 2 yes; a race writes the same value twice */
    if (!known) known = __builtin_cpu_supports("fma") ? 2 : 1;
    return known == 2;
}
#define FMA(x, y, z) __builtin_fma(x, y, z)
#elif defined(__FP_FAST_FMA)
#define FMA_TARGET
#define FMA(x, y, z) __builtin_fma(x, y, z)
static bool have_fma(void) { return true; }
#else
#define FMA_TARGET
#define FMA(x, y, z) ((x) * (y) + (z))
static bool have_fma(void) { return true; }
#endif

/* Rows of C, the N sums of a row in registers; N is a constant so that the inner loops unroll. */
#define ROWS(N)                                                                                \
    for (ptrdiff_t i = 0; i < m; i++, a += ra, c += N) {                                       \
        double sum[N] = {0};                                                                   \
        for (ptrdiff_t p = 0; p < k; p++)                                                      \
            UNROLL for (int j = 0; j < N; j++) sum[j] = FMA(a[p * ca], b[p * rb + j], sum[j]); \
        UNROLL for (int j = 0; j < N; j++) c[j] = sum[j];                                      \
    }

FMA_TARGET static void small_f64(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const double *a, ptrdiff_t ra,
                                 ptrdiff_t ca, const double *b, ptrdiff_t rb, ptrdiff_t cb, double *c) {
    double packed[SMALL * SMALL];
    if (cb != 1) { /* a transposed B: its rows are gathered first */
        for (ptrdiff_t p = 0; p < k; p++)
            for (ptrdiff_t j = 0; j < n; j++) packed[p * n + j] = b[p * rb + j * cb];
        b = packed;
        rb = n;
    }
    switch (n) {
    case 2: ROWS(2) break;
    case 3: ROWS(3) break;
    case 4: ROWS(4) break;
    case 5: ROWS(5) break;
    case 6: ROWS(6) break;
    case 7: ROWS(7) break;
    default: ROWS(8) break;
    }
}

/* ---- plain products for what BLAS does not take ---- */

#define T uint8_t
#define ACC int
#define SUM(s, x, y) ((s) | ((x) && (y)))
#define NAME(x) x##_bool
#include "linalg/products.inc"
#define T int32_t
#define ACC uint32_t
#define SUM(s, x, y) ((s) + (uint32_t)(x) * (uint32_t)(y))
#define NAME(x) x##_i32
#include "linalg/products.inc"
#define T int64_t
#define ACC uint64_t
#define SUM(s, x, y) ((s) + (uint64_t)(x) * (uint64_t)(y))
#define NAME(x) x##_i64
#include "linalg/products.inc"
#define T float
#define ACC float
#define SUM(s, x, y) ((s) + (x) * (y))
#define NAME(x) x##_f32
#include "linalg/products.inc"
#define T double
#define ACC double
#define SUM(s, x, y) ((s) + (x) * (y))
#define NAME(x) x##_f64
#include "linalg/products.inc"

/* One matrix of an operand: address and strides in elements. */
typedef struct {
    const char *data;
    ptrdiff_t rows, cols, rs, cs;
} operand;

static void plain(lsv_dtype t, const operand *a, const operand *b, void *c) {
    ptrdiff_t m = a->rows, n = b->cols, k = a->cols;
    const void *x = a->data, *y = b->data;
    switch (t) {
    case LSV_BOOL: mul_bool(m, n, k, x, a->rs, a->cs, y, b->rs, b->cs, c); break;
    case LSV_INT32: mul_i32(m, n, k, x, a->rs, a->cs, y, b->rs, b->cs, c); break;
    case LSV_INT64: mul_i64(m, n, k, x, a->rs, a->cs, y, b->rs, b->cs, c); break;
    case LSV_FLOAT32: mul_f32(m, n, k, x, a->rs, a->cs, y, b->rs, b->cs, c); break;
    case LSV_FLOAT64: mul_f64(m, n, k, x, a->rs, a->cs, y, b->rs, b->cs, c); break;
    default: break; /* the half types were widened before */
    }
}

/* A plain product in blocks of rows, looking for an interrupt between them. */
static lsv_status plain_blocks(lsv_dtype t, operand a, const operand *b, char *c, lsv_error *err) {
    ptrdiff_t width = (ptrdiff_t)lsv_dtype_size(t), m = a.rows, n = b->cols;
    ptrdiff_t block = 1 + (1 << 22) / (1 + a.cols * n);
    const char *first = a.data;
    for (ptrdiff_t row = 0; row < m; row += block) {
        LSV_TRY(lsv_poll(err));
        a.data = first + row * a.rs * width;
        a.rows = lsv_min_size(block, m - row);
        plain(t, &a, b, c + row * n * width);
    }
    return LSV_OK;
}

/* How BLAS can read a matrix: row-major (1), as the transpose of a row-major one (-1), or not (0). */
static int blas_order(const operand *x, ptrdiff_t *ld) {
    if ((x->cs == 1 || x->cols <= 1) && (x->rs >= x->cols || x->rows <= 1)) {
        *ld = x->rows <= 1 ? lsv_max_size(x->cols, 1) : x->rs;
        return 1;
    }
    if ((x->rs == 1 || x->rows <= 1) && (x->cs >= x->rows || x->cols <= 1)) {
        *ld = x->cols <= 1 ? lsv_max_size(x->rows, 1) : x->cs;
        return -1;
    }
    return 0;
}

static lsv_status big_product(lsv_dtype t, const operand *a, const operand *b, int oa, ptrdiff_t lda, int ob,
                              ptrdiff_t ldb, void *c, lsv_error *err) {
    ptrdiff_t m = a->rows, n = b->cols, k = a->cols;
    if (m == 1 && n == 1) {
        const lsv_backend *be = lsv_backend_for(LSV_BE_DOT, t, k, 0, 0);
        return be->dot(t, k, a->data, a->cs, b->data, b->rs, c, err);
    }
    if (m == 1 && k > 1) { /* row times matrix: B^T x */
        const lsv_backend *be = lsv_backend_for(LSV_BE_GEMV, t, k, n, 0);
        return be->gemv(t, ob > 0, ob > 0 ? k : n, ob > 0 ? n : k, b->data, ldb, a->data, a->cs, c, 1, err);
    }
    if (n == 1 && k > 1) {
        const lsv_backend *be = lsv_backend_for(LSV_BE_GEMV, t, m, k, 0);
        return be->gemv(t, oa<0, oa> 0 ? m : k, oa > 0 ? k : m, a->data, lda, b->data, b->rs, c, 1, err);
    }
    if (k == 1) {
        plain(t, a, b, c);
        return LSV_OK;
    }
    /* A A^T is computed symmetric */
    if (a->data == b->data && m == n && a->rs == b->cs && a->cs == b->rs) {
        const lsv_backend *be = lsv_backend_for(LSV_BE_SYRK, t, n, k, 0);
        return be->syrk(t, oa < 0, n, k, a->data, lda, c, n, err);
    }
    const lsv_backend *be = lsv_backend_for(LSV_BE_GEMM, t, m, n, k);
    return be->gemm(t, oa < 0, ob < 0, m, n, k, 1, a->data, lda, b->data, ldb, 0, c, n, err);
}

/* C = A B for one pair, C row-major. Operands that BLAS cannot read are packed first. */
static lsv_status product(lsv_dtype t, operand a, operand b, void *c, lsv_error *err) {
    ptrdiff_t m = a.rows, n = b.cols, k = a.cols;
    if (m == 0 || n == 0) return LSV_OK;
    if (k == 0) {
        memset(c, 0, (size_t)(m * n) * lsv_dtype_size(t));
        return LSV_OK;
    }
    if (t != LSV_FLOAT32 && t != LSV_FLOAT64) return plain_blocks(t, a, &b, c, err);
    if (t == LSV_FLOAT64 && is_small(m, n, k) && have_fma()) {
        small_f64(m, n, k, (const double *)(const void *)a.data, a.rs, a.cs,
                  (const double *)(const void *)b.data, b.rs, b.cs, c);
        return LSV_OK;
    }
    ptrdiff_t lda = 1, ldb = 1;
    int oa = blas_order(&a, &lda), ob = blas_order(&b, &ldb);
    void *pa = NULL, *pb = NULL;
    lsv_status status = LSV_OK;
    if (!oa && (status = lsv_mats_buffer(t, m, k, &pa, err)) == LSV_OK) {
        lsv_mats_copy(t, k, m, a.data, a.cs, a.rs, pa, k);
        a.data = pa, a.rs = lda = k, a.cs = 1, oa = 1;
    }
    if (status == LSV_OK && !ob && (status = lsv_mats_buffer(t, k, n, &pb, err)) == LSV_OK) {
        lsv_mats_copy(t, n, k, b.data, b.cs, b.rs, pb, n);
        b.data = pb, b.rs = ldb = n, b.cs = 1, ob = 1;
    }
    if (status == LSV_OK) status = big_product(t, &a, &b, oa, lda, ob, ldb, c, err);
    lsv_free(pa);
    lsv_free(pb);
    return status;
}

/* ---- what may be multiplied ---- */

static void hint_transposes(const lsv_array *a, const lsv_array *b, lsv_error *err) {
    if (!err || a->ndim != 2 || b->ndim != 2) return;
    ptrdiff_t m = a->shape[0], k = a->shape[1], p = b->shape[0], n = b->shape[1];
    if (k == n && m == p)
        lsv_hint(err, "a @ b.T would be (%td, %td), a.T @ b would be (%td, %td)", m, p, k, n);
    else if (k == n) lsv_hint(err, "a @ b.T would be (%td, %td)", m, p);
    else if (m == p) lsv_hint(err, "a.T @ b would be (%td, %td)", k, n);
}

/* PyTorch folds a stack times a matrix into one product before it complains. */
static lsv_status mismatch_torch(const lsv_array *a, const lsv_array *b, lsv_error *err) {
    ptrdiff_t m = 1, k = a->shape[a->ndim - 1], p = b->shape[b->ndim > 1 ? b->ndim - 2 : 0],
              n = b->shape[b->ndim - 1];
    for (int d = 0; d < a->ndim - 1; d++) m *= a->shape[d];
    if (a->ndim == 1 && b->ndim == 1)
        return lsv_fail(err, LSV_ERUNTIME,
                        "inconsistent tensor size, expected tensor [%td] and src [%td] to have the same "
                        "number of elements, but got %td and %td elements respectively",
                        k, p, k, p);
    if (b->ndim == 1)
        return lsv_fail(err, LSV_ERUNTIME, "size mismatch, got input (%td), mat (%tdx%td), vec (%td)", m, m,
                        k, p);
    if (b->ndim > 2)
        return lsv_fail(
            err, LSV_ERUNTIME,
            "Expected size for first two dimensions of batch2 tensor to be: [%td, %td] but got: [%td, %td].",
            b->shape[0], k, b->shape[0], p);
    lsv_status status = lsv_fail(
        err, LSV_ERUNTIME, "mat1 and mat2 shapes cannot be multiplied (%tdx%td and %tdx%td)", m, k, p, n);
    hint_transposes(a, b, err);
    return status;
}

static lsv_status check_product(const lsv_array *a, const lsv_array *b, bool torch, lsv_error *err) {
    if (a->ndim == 0 || b->ndim == 0) {
        int at = a->ndim == 0 ? 0 : 1;
        lsv_status status =
            torch ? lsv_fail(err, LSV_ERUNTIME,
                             "both arguments to matmul need to be at least 1D, but they are %dD and %dD",
                             a->ndim, b->ndim)
                  : lsv_fail(err, LSV_EVALUE,
                             "matmul: Input operand %d does not have enough dimensions (has 0, gufunc core "
                             "with signature (n?,k),(k,m?)->(n?,m?) requires 1)",
                             at);
        lsv_hint(err, "multiply by a number with *");
        lsv_blame(err, at);
        return status;
    }
    if (a->kind == LSV_TORCH && b->kind == LSV_TORCH && a->dtype != b->dtype) {
        lsv_status status =
            a->ndim == 1 && b->ndim == 1
                ? lsv_fail(err, LSV_ERUNTIME,
                           "dot : expected both vectors to have same dtype, but found %s and %s",
                           lsv_mats_type_name(a->dtype), lsv_mats_type_name(b->dtype))
                : lsv_fail(err, LSV_ERUNTIME, "expected m1 and m2 to have the same dtype, but got: %s != %s",
                           a->dtype == LSV_FLOAT64   ? "double"
                           : a->dtype == LSV_FLOAT32 ? "float"
                                                     : lsv_mats_type_name(a->dtype),
                           b->dtype == LSV_FLOAT64   ? "double"
                           : b->dtype == LSV_FLOAT32 ? "float"
                                                     : lsv_mats_type_name(b->dtype));
        lsv_hint(err, "convert one of them: .to(torch.%s)",
                 lsv_dtype_name(lsv_promote_types(LSV_TORCH, a->dtype, b->dtype)));
        return status;
    }
    if (torch && a->dtype == LSV_BOOL && b->dtype == LSV_BOOL)
        return lsv_fail(err, LSV_ENOTIMPL, "\"%s\" not implemented for 'Bool'",
                        a->ndim == 1 && b->ndim == 1 ? "dot" : "addmm_impl_cpu_");
    ptrdiff_t k = a->shape[a->ndim - 1], p = b->shape[b->ndim > 1 ? b->ndim - 2 : 0];
    if (k == p) return LSV_OK;
    lsv_status status;
    if (torch) {
        status = mismatch_torch(a, b, err);
    } else {
        status = lsv_fail(err, LSV_EVALUE,
                          "matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc "
                          "signature (n?,k),(k,m?)->(n?,m?) (size %td is different from %td)",
                          p, k);
        hint_transposes(a, b, err);
    }
    lsv_blame(err, 1);
    return status;
}

/* ---- matmul ---- */

static operand operand_of(const lsv_array *x, bool row) {
    operand o = {.data = x->data};
    if (x->ndim == 1 && row) o.rows = 1, o.cols = x->shape[0], o.rs = x->shape[0], o.cs = x->strides[0];
    else if (x->ndim == 1) o.rows = x->shape[0], o.cols = 1, o.rs = x->strides[0], o.cs = 1;
    else
        o.rows = x->shape[x->ndim - 2], o.cols = x->shape[x->ndim - 1], o.rs = x->strides[x->ndim - 2],
        o.cs = x->strides[x->ndim - 1];
    return o;
}

/* The shape of the result: broadcast stacks, then the core sizes that are not a vector's. */
static lsv_status result_shape(const lsv_array *a, const lsv_array *b, bool torch, int *nbatch, int *ndim,
                               ptrdiff_t *shape, lsv_error *err) {
    int na = a->ndim > 2 ? a->ndim - 2 : 0, nb = b->ndim > 2 ? b->ndim - 2 : 0, n = na > nb ? na : nb;
    for (int d = 0; d < n; d++) {
        ptrdiff_t x = d < n - na ? 1 : a->shape[d - (n - na)], y = d < n - nb ? 1 : b->shape[d - (n - nb)];
        if (x != y && x != 1 && y != 1) {
            char ta[128], tb[128];
            if (torch)
                return lsv_fail(err, LSV_ERUNTIME,
                                "The size of tensor a (%td) must match the size of tensor b (%td) at "
                                "non-singleton dimension %d",
                                x, y, d);
            return lsv_fail(err, LSV_EVALUE,
                            "matmul: the stacks of matrices %s and %s could not be broadcast together",
                            lsv_shape_text(a, ta, sizeof ta), lsv_shape_text(b, tb, sizeof tb));
        }
        shape[d] = x == 1 ? y : x;
    }
    *nbatch = n;
    if (a->ndim > 1) shape[n++] = a->shape[a->ndim - 2];
    if (b->ndim > 1) shape[n++] = b->shape[b->ndim - 1];
    *ndim = n;
    return LSV_OK;
}

static lsv_status each_pair(const lsv_array *a, const lsv_array *b, lsv_array *c, int nbatch,
                            lsv_error *err) {
    operand x = operand_of(a, true), y = operand_of(b, false);
    ptrdiff_t bytes = (ptrdiff_t)lsv_dtype_size(c->dtype), step = x.rows * y.cols * bytes, count = 1;
    int na = a->ndim > 2 ? a->ndim - 2 : 0, nb = b->ndim > 2 ? b->ndim - 2 : 0;
    for (int d = 0; d < nbatch; d++) count *= c->shape[d];
    for (ptrdiff_t i = 0; i < count; i++) {
        ptrdiff_t left = i, oa = 0, ob = 0;
        for (int d = nbatch - 1; d >= 0; d--) {
            ptrdiff_t at = left % c->shape[d];
            left /= c->shape[d];
            int da = d - (nbatch - na), db = d - (nbatch - nb);
            if (da >= 0 && a->shape[da] > 1) oa += at * a->strides[da];
            if (db >= 0 && b->shape[db] > 1) ob += at * b->strides[db];
        }
        operand xi = x, yi = y;
        xi.data += oa * bytes;
        yi.data += ob * bytes;
        LSV_TRY(product(c->dtype, xi, yi, c->data + i * step, err));
        if (i % 1024 == 1023) LSV_TRY(lsv_poll(err));
    }
    return LSV_OK;
}

static lsv_status matmul_checked(const lsv_array *a, const lsv_array *b, lsv_array **out, lsv_error *err) {
    bool torch = a->kind == LSV_TORCH || b->kind == LSV_TORCH;
    LSV_TRY(check_product(a, b, torch, err));
    ptrdiff_t shape[2 * LSV_MAXDIM];
    int nbatch = 0, ndim = 0;
    LSV_TRY(result_shape(a, b, torch, &nbatch, &ndim, shape, err));
    LSV_TRY(lsv_poll(err));
    lsv_dtype result = lsv_promote(a, b), t = result;
    if (t == LSV_FLOAT16 || t == LSV_BFLOAT16) t = LSV_FLOAT32;
    int device = a->device ? a->device : b->device;
    if (__builtin_expect(device, 0) && lsv_device && t == result) {
        lsv_status there = lsv_device->matmul(a, b, t, nbatch, ndim, shape, out, err);
        if (there != LSV_ENOTIMPL) return there;
    }
    lsv_array *x = NULL, *y = NULL, *c = NULL;
    lsv_status status = device ? lsv_host_as_dtype(a, t, &x, err) : lsv_as_dtype(lsv_borrow(a), t, &x, err);
    if (status == LSV_OK) status = device ? lsv_host_as_dtype(b, t, &y, err) : lsv_as_dtype(lsv_borrow(b), t, &y, err);
    if (status == LSV_OK) status = lsv_empty(torch ? LSV_TORCH : LSV_NUMPY, t, ndim, shape, &c, err);
    if (status == LSV_OK) status = each_pair(x, y, c, nbatch, err);
    if (status == LSV_OK && t != result) {
        lsv_array *rounded;
        status = lsv_astype(c, result, &rounded, err);
        if (status == LSV_OK) lsv_release(c), c = rounded;
    }
    if (status == LSV_OK) status = lsv_follow(&c, device, err);
    if (status == LSV_OK) *out = c, c = NULL;
    lsv_release(c);
    lsv_release(x);
    lsv_release(y);
    return status;
}

lsv_status lsv_matmul(const lsv_array *a, const lsv_array *b, lsv_array **out, lsv_error *err) {
    /* the way of 3x3 matrices: no dispatch, no conversions */
    if (a->dtype == LSV_FLOAT64 && b->dtype == LSV_FLOAT64 && a->ndim == 2 && b->ndim == 2 &&
        a->kind == b->kind && !(a->device | b->device)) {
        ptrdiff_t m = a->shape[0], k = a->shape[1], n = b->shape[1];
        if (k == b->shape[0] && is_small(m, n, k) && have_fma()) {
            ptrdiff_t shape[2] = {m, n};
            LSV_TRY(lsv_empty((lsv_kind)a->kind, LSV_FLOAT64, 2, shape, out, err));
            small_f64(m, n, k, lsv_data(a), a->strides[0], a->strides[1], lsv_data(b), b->strides[0],
                      b->strides[1], lsv_data(*out));
            return LSV_OK;
        }
    }
    return matmul_checked(a, b, out, err);
}

/* ---- dot, inner, outer ---- */

static lsv_status not_aligned(const lsv_array *a, const lsv_array *b, int da, int db, lsv_error *err) {
    char ta[128], tb[128];
    lsv_status status =
        lsv_fail(err, LSV_EVALUE, "shapes %s and %s not aligned: %td (dim %d) != %td (dim %d)",
                 lsv_shape_text(a, ta, sizeof ta), lsv_shape_text(b, tb, sizeof tb), a->shape[da], da,
                 b->shape[db], db);
    hint_transposes(a, b, err);
    lsv_blame(err, 1);
    return status;
}

lsv_status lsv_dot(const lsv_array *a, const lsv_array *b, lsv_array **out, lsv_error *err) {
    if (a->kind == LSV_TORCH || b->kind == LSV_TORCH) {
        if (a->ndim != 1 || b->ndim != 1) {
            lsv_status status = lsv_fail(
                err, LSV_ERUNTIME, "1D tensors expected, but got %dD and %dD tensors", a->ndim, b->ndim);
            lsv_hint(err, "torch.matmul or @ multiplies matrices");
            return status;
        }
        return lsv_matmul(a, b, out, err);
    }
    if (a->ndim == 0 || b->ndim == 0) return lsv_binary(LSV_OP_MUL, a, b, out, err);
    int da = a->ndim - 1, db = b->ndim > 1 ? b->ndim - 2 : 0;
    if (a->shape[da] != b->shape[db]) return not_aligned(a, b, da, db, err);
    if (a->ndim <= 2 && b->ndim <= 2) return lsv_matmul(a, b, out, err);
    return lsv_tensordot(a, b, 1, &da, &db, out, err);
}

lsv_status lsv_inner(const lsv_array *a, const lsv_array *b, lsv_array **out, lsv_error *err) {
    if (a->ndim == 0 || b->ndim == 0) return lsv_binary(LSV_OP_MUL, a, b, out, err);
    int da = a->ndim - 1, db = b->ndim - 1;
    if (a->shape[da] != b->shape[db]) {
        char ta[128], tb[128];
        if (a->kind != LSV_TORCH && b->kind != LSV_TORCH) return not_aligned(a, b, da, db, err);
        return lsv_fail(
            err, LSV_ERUNTIME,
            "inner() the last dimension must match on both input tensors but got shapes %s and %s",
            lsv_shape_text(a, ta, sizeof ta), lsv_shape_text(b, tb, sizeof tb));
    }
    if (a->ndim == 1 && b->ndim == 1) return lsv_matmul(a, b, out, err);
    return lsv_tensordot(a, b, 1, &da, &db, out, err);
}

lsv_status lsv_outer(const lsv_array *a, const lsv_array *b, lsv_array **out, lsv_error *err) {
    const lsv_array *both[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        if (both[i]->kind != LSV_TORCH || both[i]->ndim == 1) continue;
        lsv_status bad = lsv_fail(err, LSV_ERUNTIME, "outer: Expected 1-D argument %s, but got %d-D",
                                  i ? "vec2" : "self", both[i]->ndim);
        lsv_blame(err, i);
        return bad;
    }
    lsv_array *x = NULL, *column = NULL, *y = NULL;
    lsv_status status = lsv_ravel(lsv_borrow(a), false, &x, err);
    if (status == LSV_OK) status = lsv_expand_dims(x, 1, &column, err);
    if (status == LSV_OK) status = lsv_ravel(lsv_borrow(b), false, &y, err);
    if (status == LSV_OK) status = lsv_binary(LSV_OP_MUL, column, y, out, err);
    lsv_release(x);
    lsv_release(column);
    lsv_release(y);
    return status;
}
