/* The inner loops of copying: one per pair of types, expanded from copy_kernel.inc, and for
   equal types one per element size. */
#include <string.h>
#include "array/convert.h"
#include "array/inside.h"

#define PASTE_(a, b) copy_##a##_to_##b
#define PASTE(a, b) PASTE_(a, b)

#define SRC b1
#define SRC_TYPE uint8_t
#define READ lsv_read_b1
#include "array/copy_kernel.inc"
#undef SRC
#undef SRC_TYPE
#undef READ
#define SRC i4
#define SRC_TYPE int32_t
#define READ lsv_read_i4
#include "array/copy_kernel.inc"
#undef SRC
#undef SRC_TYPE
#undef READ
#define SRC i8
#define SRC_TYPE int64_t
#define READ lsv_read_i8
#include "array/copy_kernel.inc"
#undef SRC
#undef SRC_TYPE
#undef READ
#define SRC f2
#define SRC_TYPE uint16_t
#define READ lsv_read_f2
#include "array/copy_kernel.inc"
#undef SRC
#undef SRC_TYPE
#undef READ
#define SRC bf
#define SRC_TYPE uint16_t
#define READ lsv_read_bf
#include "array/copy_kernel.inc"
#undef SRC
#undef SRC_TYPE
#undef READ
#define SRC f4
#define SRC_TYPE float
#define READ lsv_read_f4
#include "array/copy_kernel.inc"
#undef SRC
#undef SRC_TYPE
#undef READ
#define SRC f8
#define SRC_TYPE double
#define READ lsv_read_f8
#include "array/copy_kernel.inc"
#undef SRC
#undef SRC_TYPE
#undef READ

/* Bits as they are, whatever type they are read as elsewhere. */
typedef uint8_t bits1;
typedef uint16_t __attribute__((may_alias)) bits2;
typedef uint32_t __attribute__((may_alias)) bits4;
typedef uint64_t __attribute__((may_alias)) bits8;
#define MOVE(TYPE)                                                                                 \
    static void move_##TYPE(char *dst, ptrdiff_t dst_step, const char *src, ptrdiff_t src_step,    \
                            ptrdiff_t n) {                                                         \
        const ptrdiff_t item = sizeof(TYPE);                                                       \
        if (dst_step == item && src_step == item) {                                                \
            memcpy(dst, src, (size_t)(n * item));                                                  \
        } else if (src_step == 0) {                                                                \
            if (n <= 0) return;                                                                    \
            TYPE value = *(const TYPE *)(const void *)src;                                         \
            if (dst_step == item)                                                                  \
                for (ptrdiff_t i = 0; i < n; i++) ((TYPE *)(void *)dst)[i] = value;                \
            else                                                                                   \
                for (ptrdiff_t i = 0; i < n; i++, dst += dst_step) *(TYPE *)(void *)dst = value;   \
        } else if (dst_step == item) {                                                             \
            TYPE *to = (TYPE *)(void *)dst;                                                        \
            for (ptrdiff_t i = 0; i < n; i++, src += src_step) to[i] = *(const TYPE *)(const void *)src; \
        } else {                                                                                   \
            for (ptrdiff_t i = 0; i < n; i++, dst += dst_step, src += src_step)                    \
                *(TYPE *)(void *)dst = *(const TYPE *)(const void *)src;                           \
        }                                                                                          \
    }
MOVE(bits1)
MOVE(bits2)
MOVE(bits4)
MOVE(bits8)

#define ROW(ENUM, NAME)                                                                            \
    [ENUM] = {copy_##NAME##_to_b1, copy_##NAME##_to_i4, copy_##NAME##_to_i8, copy_##NAME##_to_f2,  \
              copy_##NAME##_to_bf, copy_##NAME##_to_f4, copy_##NAME##_to_f8},
static const lsv_copy_kernel kernels[LSV_NDTYPES][LSV_NDTYPES] = {
    ROW(LSV_BOOL, b1)
    ROW(LSV_INT32, i4)
    ROW(LSV_INT64, i8)
    ROW(LSV_FLOAT16, f2)
    ROW(LSV_BFLOAT16, bf)
    ROW(LSV_FLOAT32, f4)
    ROW(LSV_FLOAT64, f8)
};

lsv_copy_kernel lsv_copy_kernel_for(lsv_dtype dst, lsv_dtype src) {
    if (dst != src) return kernels[src][dst];
    switch (lsv_dtype_size(dst)) {
    case 8: return move_bits8;
    case 4: return move_bits4;
    case 2: return move_bits2;
    default: return move_bits1;
    }
}
