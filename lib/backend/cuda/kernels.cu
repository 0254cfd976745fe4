/* The device's kernels, from the list in kernels.inc. `make ptx` compiles them and writes kernels_ptx.h, which is kept: the
   build needs no nvcc. */
#include <math.h>
#include <stdint.h>
#include "kernel_shape.h"

#define GRID(i, n)      \
    _Pragma("unroll 1") \
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < (n); i += (long long)gridDim.x * blockDim.x)

struct place {
    long long a, b, out;
};

/* Where element i of the result, and what it is made of, are. One copy of it for all kernels. */
static __device__ __noinline__ place far_place(const lsv_kernel_shape *s, long long i) {
    place p = {0, 0, 0};
    for (int d = s->ndim - 1; d > 0; d--) {
        long long q = i / s->shape[d], r = i - q * s->shape[d];
        p.a += r * s->a[d], p.b += r * s->b[d], p.out += r * s->out[d];
        i = q;
    }
    p.a += i * s->a[0], p.b += i * s->b[0], p.out += i * s->out[0];
    return p;
}

static __device__ __forceinline__ place locate(const lsv_kernel_shape &s, long long i) {
    if (s.ndim > 1) return far_place(&s, i);
    place p = {i * s.a[0], i * s.b[0], i * s.out[0]};
    return p;
}

static __device__ float bits_to_float(uint32_t bits) { return __uint_as_float(bits); }

/* IEEE half precision, subnormals included. */
static __device__ float half_to_float(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, exponent = h >> 10 & 31u, fraction = h & 0x3ffu;
    if (exponent == 31) return bits_to_float(sign | 0x7f800000u | fraction << 13);
    if (exponent) return bits_to_float(sign | (exponent + 112) << 23 | fraction << 13);
    float x = (float)fraction * 0x1p-24f;
    return sign ? -x : x;
}

/* A NULL operand is the scalar beside it. */
#define UNARY(name, suffix, type, result, expression)                                                        \
    extern "C" __global__ void lsv_##name##_##suffix(const __grid_constant__ lsv_kernel_shape s, const type *a, type xa, result *out) { \
        typedef type T;                                                                                      \
        GRID(i, s.count) {                                                                                   \
            place p = locate(s, i);                                                                          \
            T x = a ? a[p.a] : xa;                                                                           \
            out[p.out] = (result)(expression);                                                               \
        }                                                                                                    \
    }
#define BINARY(name, suffix, type, result, expression)                                                       \
    extern "C" __global__ void lsv_##name##_##suffix(const __grid_constant__ lsv_kernel_shape s, const type *a, const type *b, type xa, type xb, \
                                                     result *out) {                                          \
        typedef type T;                                                                                      \
        GRID(i, s.count) {                                                                                   \
            place p = locate(s, i);                                                                          \
            T x = a ? a[p.a] : xa, y = b ? b[p.b] : xb;                                                      \
            (void)y;                                                                                         \
            out[p.out] = (result)(expression);                                                               \
        }                                                                                                    \
    }
/* Partial results are combined by the reduction's own expression, sums of squares by a sum. */
#define FOLD(name, suffix, type, start, expression, combined)                                                \
    extern "C" __global__ void lsv_##name##_##suffix(lsv_kernel_fold f, const type *a, type *out) {          \
        typedef type T;                                                                                      \
        if (f.inner == 1) {                                                                                  \
            __shared__ T part[LSV_KERNEL_BLOCK];                                                             \
            for (long long piece = blockIdx.x; piece < f.outer * f.pieces; piece += gridDim.x) {             \
                long long row = piece / f.pieces, from = (piece - row * f.pieces) * f.chunk;                 \
                long long to = from + f.chunk < f.length ? from + f.chunk : f.length;                        \
                T s = start;                                                                                 \
                for (long long i = from + threadIdx.x; i < to; i += LSV_KERNEL_BLOCK) {                      \
                    T x = a[row * f.length + i];                                                             \
                    s = expression;                                                                          \
                }                                                                                            \
                part[threadIdx.x] = s;                                                                       \
                __syncthreads();                                                                             \
                for (int half = LSV_KERNEL_BLOCK / 2; half; half /= 2) {                                     \
                    if (threadIdx.x < half) {                                                                \
                        T x = part[threadIdx.x + half];                                                      \
                        s = part[threadIdx.x];                                                               \
                        part[threadIdx.x] = combined;                                                        \
                    }                                                                                        \
                    __syncthreads();                                                                         \
                }                                                                                            \
                if (!threadIdx.x) out[piece] = part[0];                                                      \
                __syncthreads();                                                                             \
            }                                                                                                \
            return;                                                                                          \
        }                                                                                                    \
        GRID(i, f.outer * f.pieces * f.inner) {                                                              \
            long long column = i % f.inner, piece = i / f.inner, row = piece / f.pieces;                     \
            long long from = (piece - row * f.pieces) * f.chunk;                                             \
            long long to = from + f.chunk < f.length ? from + f.chunk : f.length;                            \
            T s = start;                                                                                     \
            for (long long j = from; j < to; j++) {                                                          \
                T x = a[(row * f.length + j) * f.inner + column];                                            \
                s = expression;                                                                              \
            }                                                                                                \
            out[i] = s;                                                                                      \
        }                                                                                                    \
    }

#define K1(name, expression) UNARY(name, f64, double, double, expression) UNARY(name, f32, float, float, expression)
#define K2(name, expression) BINARY(name, f64, double, double, expression) BINARY(name, f32, float, float, expression)
#define KC(name, expression) BINARY(name, f64, double, uint8_t, expression) BINARY(name, f32, float, uint8_t, expression)
#define COMBINED_sum s + x
#define COMBINED_squares s + x
#define COMBINED_max x > s || x != x ? x : s
#define COMBINED_min x < s || x != x ? x : s
#define KR(name, start, expression) \
    FOLD(name, f64, double, start, expression, COMBINED_##name) FOLD(name, f32, float, start, expression, COMBINED_##name)
#define KX(from, to, read, written, expression)                                                              \
    extern "C" __global__ void lsv_##from##_##to(const __grid_constant__ lsv_kernel_shape s, const read *a, read xa, written *out) { \
        GRID(i, s.count) {                                                                                   \
            place p = locate(s, i);                                                                          \
            read x = a ? a[p.a] : xa;                                                                        \
            out[p.out] = expression;                                                                         \
        }                                                                                                    \
    }
#include "kernels.inc"

/* The lower triangle becomes what the upper one is; column-major. */
#define SYMMETRIC(suffix, type)                                                                              \
    extern "C" __global__ void lsv_symmetric_##suffix(type *c, long long n, long long ld) {                  \
        GRID(i, n * n) {                                                                                     \
            long long row = i % n, column = i / n;                                                           \
            if (row > column) c[row + column * ld] = c[column + row * ld];                                   \
        }                                                                                                    \
    }
SYMMETRIC(f64, double)
SYMMETRIC(f32, float)
