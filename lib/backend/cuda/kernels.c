/* The device's own kernels: unpacked and handed to the driver when the first is needed, launched by name.

   The code is PTX, kept packed in kernels_ptx.h (`make ptx` makes it); the driver translates it once and
   keeps the result. Where that fails, element-wise work stays on the CPU. */
#include "backend/cuda/kernels.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "backend/cuda/kernels_ptx.h"
#include "base/alloc.h"

/* ---- the list ---- */

enum {
#define K1(name, expression) K_##name,
#define K2(name, expression) K_##name,
#define KC(name, expression) K_##name,
#define KR(name, start, expression) K_##name,
#define KX(from, to, read, written, expression) K_##from##_##to,
#include "backend/cuda/kernels.inc"
#undef K1
#undef K2
#undef KC
#undef KR
#undef KX
    K_symmetric,
    KERNELS
};

static const char *const names[KERNELS] = {
#define K1(name, expression) [K_##name] = #name,
#define K2(name, expression) [K_##name] = #name,
#define KC(name, expression) [K_##name] = #name,
#define KR(name, start, expression) [K_##name] = #name,
#define KX(from, to, read, written, expression) [K_##from##_##to] = #from "_" #to,
#include "backend/cuda/kernels.inc"
#undef K1
#undef K2
#undef KC
#undef KR
#undef KX
    [K_symmetric] = "symmetric",
};

/* 1 + the kernel; 0: none */
static const unsigned char unary_kernel[LSV_NUNARY] = {
#define K1(name, expression) [LSV_FN_##name] = K_##name + 1,
#include "backend/cuda/kernels.inc"
#undef K1
    [LSV_FN_ISNAN] = K_ISNAN + 1, [LSV_FN_ISINF] = K_ISINF + 1, [LSV_FN_ISFINITE] = K_ISFINITE + 1};

static const unsigned char binary_kernel[LSV_NBINARY] = {
#define K2(name, expression) [LSV_OP_##name] = K_##name + 1,
#include "backend/cuda/kernels.inc"
#undef K2
    [LSV_OP_LT] = K_LT + 1, [LSV_OP_LE] = K_LE + 1, [LSV_OP_GT] = K_GT + 1,
    [LSV_OP_GE] = K_GE + 1, [LSV_OP_EQ] = K_EQ + 1, [LSV_OP_NE] = K_NE + 1};

static bool to_bool(int kernel) { return kernel >= K_LT && kernel <= K_ISFINITE; }

bool lsv_cu_has_unary(lsv_unary_op op, bool *boolean) {
    *boolean = unary_kernel[op] && to_bool(unary_kernel[op] - 1);
    return unary_kernel[op] != 0;
}

bool lsv_cu_has_binary(lsv_binary_op op, bool *boolean) {
    *boolean = binary_kernel[op] && to_bool(binary_kernel[op] - 1);
    return binary_kernel[op] != 0;
}

/* ---- loading ---- */

static cu_library library;
static bool failed;
static cu_kernel found[KERNELS][2];

static size_t number(const unsigned char **p) {
    size_t n = 0;
    for (int shift = 0;; shift += 7) {
        unsigned char byte = *(*p)++;
        n |= (size_t)(byte & 127) << shift;
        if (byte < 128) return n;
    }
}

/* kernels_ptx.py says how it is packed. */
static void unpack(char *out) {
    const unsigned char *p = (const unsigned char *)kernels_ptx;
    for (;;) {
        size_t n = number(&p);
        memcpy(out, p, n);
        out += n, p += n;
        if (!(n = number(&p))) return;
        const char *from = out - number(&p);
        while (n--) *out++ = *from++; /* may overlap what it makes */
    }
}

lsv_status lsv_cu_kernels_start(lsv_error *err) {
    if (library) return LSV_OK;
    if (failed || !lsv_cu.cudaLibraryLoadData || !lsv_cu.cudaLibraryGetKernel || !lsv_cu.cudaLaunchKernel)
        return lsv_fail(err, LSV_ENOTIMPL, "this CUDA takes no kernels of ours");
    char *text = lsv_malloc(LSV_KERNELS_PTX_BYTES + 1);
    if (!text) return lsv_no_memory(err, LSV_KERNELS_PTX_BYTES + 1);
    unpack(text);
    text[LSV_KERNELS_PTX_BYTES] = '\0';
    cu_error code = lsv_cu.cudaLibraryLoadData(&library, text, NULL, NULL, 0, NULL, NULL, 0);
    lsv_free(text);
    if (!code) return LSV_OK;
    library = NULL;
    failed = code != CU_OUT_OF_MEMORY;
    lsv_status status = lsv_cu_rt(code, "the driver and the element-wise kernels", err);
    if (failed) lsv_cu_fell_back("element-wise work", err);
    return failed ? LSV_ENOTIMPL : status;
}

void lsv_cu_kernels_forget(void) {
    library = NULL;
    failed = true;
}

static lsv_status find(int kernel, lsv_dtype t, cu_kernel *out, lsv_error *err) {
    int wide = t == LSV_FLOAT64;
    LSV_TRY(lsv_cu_kernels_start(err));
    if (!found[kernel][wide]) {
        char name[64];
        bool conversion = kernel >= K_f32_f64 && kernel < K_symmetric;
        snprintf(name, sizeof name, "lsv_%s%s", names[kernel], conversion ? "" : wide ? "_f64" : "_f32");
        CU_RT(cudaLibraryGetKernel, (&found[kernel][wide], library, name));
    }
    *out = found[kernel][wide];
    return LSV_OK;
}

static lsv_status launch(int kernel, lsv_dtype t, long long blocks, void **arguments, lsv_error *err) {
    cu_kernel k;
    LSV_TRY(find(kernel, t, &k, err));
    long long most = 32LL * (lsv_cu_dev.info.multiprocessors > 0 ? lsv_cu_dev.info.multiprocessors : 1);
    cu_dim3 grid = {(unsigned)(blocks < 1      ? 1
                               : blocks > most ? most
                                               : blocks),
                    1, 1},
            block = {LSV_KERNEL_BLOCK, 1, 1};
    CU_RT(cudaLaunchKernel, ((const void *)k, grid, block, arguments, 0, lsv_cu_dev.stream));
    return LSV_OK;
}

static long long blocks_for(long long count) { return (count + LSV_KERNEL_BLOCK - 1) / LSV_KERNEL_BLOCK; }

/* ---- launching ---- */

typedef union {
    double d;
    float s;
} scalar;

static scalar as(lsv_dtype t, double x) {
    scalar n;
    if (t == LSV_FLOAT64) n.d = x;
    else n.s = (float)x;
    return n;
}

static lsv_status two(int kernel, lsv_dtype t, const lsv_kernel_shape *s, const void *a, const void *b,
                      double xa, double xb, void *out, lsv_error *err) {
    lsv_kernel_shape shape = *s;
    scalar sa = as(t, xa), sb = as(t, xb);
    return launch(kernel, t, blocks_for(s->count), (void *[]){&shape, &a, &b, &sa, &sb, &out}, err);
}

static lsv_status none(lsv_error *err) { return lsv_fail(err, LSV_ENOTIMPL, "no kernel for this"); }

lsv_status lsv_cu_unary(lsv_unary_op op, lsv_dtype t, const lsv_kernel_shape *s, const void *a, double xa,
                        void *out, lsv_error *err) {
    if (!unary_kernel[op]) return none(err);
    int kernel = unary_kernel[op] - 1;
    if (to_bool(kernel)) return two(kernel, t, s, a, NULL, xa, 0, out, err);
    lsv_kernel_shape shape = *s;
    scalar sa = as(t, xa);
    return launch(kernel, t, blocks_for(s->count), (void *[]){&shape, &a, &sa, &out}, err);
}

lsv_status lsv_cu_binary(lsv_binary_op op, lsv_dtype t, const lsv_kernel_shape *s, const void *a,
                         const void *b, double xa, double xb, void *out, lsv_error *err) {
    if (!binary_kernel[op]) return none(err);
    return two(binary_kernel[op] - 1, t, s, a, b, xa, xb, out, err);
}

lsv_status lsv_cu_convert(lsv_dtype from, lsv_dtype to, const lsv_kernel_shape *s, const void *a, void *out,
                          lsv_error *err) {
    static const signed char wanted[LSV_NDTYPES][2] = {
        [LSV_BOOL] = {K_bool_f32, K_bool_f64},     [LSV_INT32] = {K_i32_f32, K_i32_f64},
        [LSV_INT64] = {K_i64_f32, K_i64_f64},      [LSV_FLOAT16] = {K_f16_f32, K_f16_f64},
        [LSV_BFLOAT16] = {K_bf16_f32, K_bf16_f64}, [LSV_FLOAT32] = {K_POS, K_f32_f64},
        [LSV_FLOAT64] = {K_f64_f32, K_POS},
    };
    if (to != LSV_FLOAT32 && to != LSV_FLOAT64) return none(err);
    lsv_kernel_shape shape = *s;
    scalar zero = {0};
    return launch(wanted[from][to == LSV_FLOAT64], to, blocks_for(s->count),
                  (void *[]){&shape, &a, &zero, &out}, err);
}

lsv_status lsv_cu_symmetric(lsv_dtype t, ptrdiff_t n, void *c, ptrdiff_t ldc, lsv_error *err) {
    long long order = n, ld = ldc;
    lsv_status status = launch(K_symmetric, t, blocks_for(order * order), (void *[]){&c, &order, &ld}, err);
    if (status != LSV_ENOTIMPL) return status;
    size_t size = lsv_dtype_size(t); /* row by row then */
    for (ptrdiff_t i = 0; i + 1 < n; i++) {
        char *diagonal = (char *)c + (size_t)(i + i * ldc) * size;
        LSV_TRY(
            lsv_cu_transpose(t, n - i - 1, 1, diagonal + (size_t)ldc * size, ldc, diagonal + size, ldc, err));
    }
    return LSV_OK;
}

/* Pieces so small that enough of them run at once, and few enough to be combined by one more pass. */
lsv_status lsv_cu_fold(lsv_cu_fold_op op, lsv_dtype t, ptrdiff_t outer, ptrdiff_t length, ptrdiff_t inner,
                       const void *a, void *out, lsv_error *err) {
    static const signed char kernels[] = {K_sum, K_squares, K_max, K_min};
    lsv_kernel_fold f = {outer, length, inner, length, 1};
    long long rows = (long long)outer * inner,
              wanted = 4LL * (lsv_cu_dev.info.multiprocessors > 0 ? lsv_cu_dev.info.multiprocessors : 1);
    if (inner > 1) wanted *= LSV_KERNEL_BLOCK;
    while (rows * f.pieces < wanted && f.chunk > 2048)
        f.chunk = (f.chunk + 1) / 2, f.pieces = (length + f.chunk - 1) / f.chunk;
    void *part = out;
    if (f.pieces > 1) LSV_TRY(lsv_cu_alloc((size_t)(rows * f.pieces) * lsv_dtype_size(t), &part, err));
    long long blocks = inner == 1 ? rows * f.pieces : blocks_for(rows * f.pieces);
    lsv_status status = launch(kernels[op], t, blocks, (void *[]){&f, &a, &part}, err);
    if (f.pieces == 1) return status;
    lsv_kernel_fold last = {outer, f.pieces, inner, f.pieces, 1};
    int combine = op == LSV_CU_SQUARES ? K_sum : kernels[op];
    blocks = inner == 1 ? rows : blocks_for(rows);
    if (status == LSV_OK) status = launch(combine, t, blocks, (void *[]){&last, &part, &out}, err);
    lsv_cu_free(part);
    return status;
}
