/* The inner loops of copying: one per pair of types, expanded from copy_kernel.inc, and for
   equal types one per element size. */
#include <string.h>
#include "array/convert.h"
#include "array/inside.h"

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)

#define SRC b1
#define SRC_TYPE uint8_t
#include "array/copy_kernel.inc"
#define SRC i4
#define SRC_TYPE int32_t
#include "array/copy_kernel.inc"
#define SRC i8
#define SRC_TYPE int64_t
#include "array/copy_kernel.inc"
#define SRC f2
#define SRC_TYPE uint16_t
#include "array/copy_kernel.inc"
#define SRC bf
#define SRC_TYPE uint16_t
#include "array/copy_kernel.inc"
#define SRC f4
#define SRC_TYPE float
#include "array/copy_kernel.inc"
#define SRC f8
#define SRC_TYPE double
#include "array/copy_kernel.inc"

/* Bits as they are, whatever type they are read as elsewhere. */
typedef uint8_t bits1;
typedef uint16_t __attribute__((may_alias)) bits2;
typedef uint32_t __attribute__((may_alias)) bits4;
typedef uint64_t __attribute__((may_alias)) bits8;
#define MOVE(TYPE)                                                                                       \
    static void move_##TYPE(char *dst, ptrdiff_t dst_step, const char *src, ptrdiff_t src_step,          \
                            ptrdiff_t n) {                                                               \
        const ptrdiff_t item = sizeof(TYPE);                                                             \
        if (dst_step == item && src_step == item) {                                                      \
            memcpy(dst, src, (size_t)(n * item));                                                        \
        } else if (src_step == 0) {                                                                      \
            if (n <= 0) return;                                                                          \
            TYPE value = *(const TYPE *)(const void *)src;                                               \
            if (dst_step == item)                                                                        \
                for (ptrdiff_t i = 0; i < n; i++) ((TYPE *)(void *)dst)[i] = value;                      \
            else                                                                                         \
                for (ptrdiff_t i = 0; i < n; i++, dst += dst_step) *(TYPE *)(void *)dst = value;         \
        } else if (dst_step == item) {                                                                   \
            TYPE *to = (TYPE *)(void *)dst;                                                              \
            for (ptrdiff_t i = 0; i < n; i++, src += src_step) to[i] = *(const TYPE *)(const void *)src; \
        } else {                                                                                         \
            for (ptrdiff_t i = 0; i < n; i++, dst += dst_step, src += src_step)                          \
                *(TYPE *)(void *)dst = *(const TYPE *)(const void *)src;                                 \
        }                                                                                                \
    }
MOVE(bits1)
MOVE(bits2)
MOVE(bits4)
MOVE(bits8)

#define ROW(ENUM, TYPE, NAME, WIDE)                                   \
    [ENUM] = {NAME##_to_b1, NAME##_to_i4, NAME##_to_i8, NAME##_to_f2, \
              NAME##_to_bf, NAME##_to_f4, NAME##_to_f8},
static const lsv_copy_kernel kernels[LSV_NDTYPES][LSV_NDTYPES] = {LSV_ALL_DTYPES(ROW)};

lsv_copy_kernel lsv_copy_kernel_for(lsv_dtype dst, lsv_dtype src) {
    if (dst != src) return kernels[src][dst];
    switch (lsv_dtype_size(dst)) {
    case 8: return move_bits8;
    case 4: return move_bits4;
    case 2: return move_bits2;
    default: return move_bits1;
    }
}
