/* Element types as files hold them, in one table: safetensors' and NumPy's names, the width, the
   array type and how to get there. Files are little-endian unless they say otherwise, as is every
   machine this is built for. */
#include "file/inside.h"

#include <string.h>

#include "base/alloc.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are read as little-endian memory");

/* Integers to int64. */
#define WIDEN_INT(name, type)                                            \
    static bool name(const unsigned char *from, ptrdiff_t n, void *to) { \
        int64_t *out = to;                                               \
        for (ptrdiff_t i = 0; i < n; i++) {                              \
            type x;                                                      \
            memcpy(&x, from + (size_t)i * sizeof x, sizeof x);           \
            out[i] = (int64_t)x;                                         \
        }                                                                \
        return true;                                                     \
    }
WIDEN_INT(widen_i1, int8_t)
WIDEN_INT(widen_u1, uint8_t)
WIDEN_INT(widen_i2, int16_t)
WIDEN_INT(widen_u2, uint16_t)
WIDEN_INT(widen_u4, uint32_t)

static bool widen_u8(const unsigned char *from, ptrdiff_t n, void *to) {
    int64_t *out = to;
    for (ptrdiff_t i = 0; i < n; i++) {
        memcpy(&out[i], from + (size_t)i * sizeof *out, sizeof *out);
        if (out[i] < 0) return false;
    }
    return true;
}

/* Any byte but 0 is True, as NumPy reads it; an array holds 1 for it. */
static bool read_bool(const unsigned char *from, ptrdiff_t n, void *to) {
    uint8_t *out = to;
    for (ptrdiff_t i = 0; i < n; i++) out[i] = from[i] != 0;
    return true;
}

/* The upper half of a float16. */
static bool widen_e5m2(const unsigned char *from, ptrdiff_t n, void *to) {
    float *out = to;
    for (ptrdiff_t i = 0; i < n; i++) out[i] = lsv_half_to_float((uint16_t)(from[i] << 8));
    return true;
}

/* Four bits of exponent (bias 7), three of mantissa, no infinities, NaN where all seven bits are set. */
static bool widen_e4m3(const unsigned char *from, ptrdiff_t n, void *to) {
    float *out = to;
    for (ptrdiff_t i = 0; i < n; i++) {
        int e = from[i] >> 3 & 15, m = from[i] & 7;
        float x = e == 15 && m == 7 ? __builtin_nanf("")
                  : e == 0          ? (float)m / 512.0f
                                    : __builtin_ldexpf((float)(8 + m), e - 10);
        out[i] = from[i] & 0x80 ? -x : x;
    }
    return true;
}

const lsv_element lsv_elements[] = {
    {"BOOL", "b1", 8, 0, true, LSV_BOOL, read_bool},
    {"F4", NULL, 4, 1, false, LSV_FLOAT32, NULL},
    {"F6_E2M3", NULL, 6, 2, false, LSV_FLOAT32, NULL},
    {"F6_E3M2", NULL, 6, 3, false, LSV_FLOAT32, NULL},
    {"U8", "u1", 8, 4, true, LSV_INT64, widen_u1},
    {"I8", "i1", 8, 5, true, LSV_INT64, widen_i1},
    {"F8_E5M2", NULL, 8, 6, true, LSV_FLOAT32, widen_e5m2},
    {"F8_E4M3", NULL, 8, 7, true, LSV_FLOAT32, widen_e4m3},
    {"F8_E8M0", NULL, 8, 8, false, LSV_FLOAT32, NULL},
    {"F8_E4M3FNUZ", NULL, 8, 9, false, LSV_FLOAT32, NULL},
    {"F8_E5M2FNUZ", NULL, 8, 10, false, LSV_FLOAT32, NULL},
    {"I16", "i2", 16, 11, true, LSV_INT64, widen_i2},
    {"U16", "u2", 16, 12, true, LSV_INT64, widen_u2},
    {"F16", "f2", 16, 13, true, LSV_FLOAT16, NULL},
    {"BF16", "V2", 16, 14, true, LSV_BFLOAT16, NULL},
    {"I32", "i4", 32, 15, true, LSV_INT32, NULL},
    {"U32", "u4", 32, 16, true, LSV_INT64, widen_u4},
    {"F32", "f4", 32, 17, true, LSV_FLOAT32, NULL},
    {"C64", "c8", 64, 18, false, LSV_FLOAT32, NULL},
    {"F64", "f8", 64, 19, true, LSV_FLOAT64, NULL},
    {"I64", "i8", 64, 20, true, LSV_INT64, NULL},
    {"U64", "u8", 64, 21, true, LSV_INT64, widen_u8},
    {0},
};

const lsv_element *lsv_element_of(lsv_dtype dtype) {
    for (const lsv_element *e = lsv_elements; e->name; e++) /* the one of the same bytes */
        if (e->readable && e->dtype == dtype && (!e->widen || dtype == LSV_BOOL)) return e;
    return NULL;
}

const lsv_element *lsv_element_named(const char *name, size_t n) {
    for (const lsv_element *e = lsv_elements; e->name; e++)
        if (strlen(e->name) == n && memcmp(e->name, name, n) == 0) return e;
    return NULL;
}

static void swap_bytes(unsigned char *at, ptrdiff_t n, size_t width) {
    for (; n > 0; n--, at += width)
        for (size_t i = 0; i < width / 2; i++) {
            unsigned char c = at[i];
            at[i] = at[width - 1 - i];
            at[width - 1 - i] = c;
        }
}

bool lsv_element_read(const lsv_element *e, const void *from, ptrdiff_t n, bool swap, void *to) {
    size_t width = e->bits / 8u;
    if (n == 0) return true;
    if (!e->widen) {
        memcpy(to, from, (size_t)n * width);
        if (swap) swap_bytes(to, n, width);
        return true;
    }
    if (!swap || width == 1) return e->widen(from, n, to);
    /* In pieces through the stack: what is widened is always narrower than it ends up, but for uint64. */
    unsigned char piece[4096];
    size_t wide = lsv_dtype_size(e->dtype);
    for (ptrdiff_t i = 0; i < n; i += (ptrdiff_t)(sizeof piece / width)) {
        ptrdiff_t m = n - i < (ptrdiff_t)(sizeof piece / width) ? n - i : (ptrdiff_t)(sizeof piece / width);
        memcpy(piece, (const char *)from + (size_t)i * width, (size_t)m * width);
        swap_bytes(piece, m, width);
        if (!e->widen(piece, m, (char *)to + (size_t)i * wide)) return false;
    }
    return true;
}

bool lsv_element_fits(const lsv_element *e, const void *from, ptrdiff_t n) {
    if ((uintptr_t)from % lsv_dtype_size(e->dtype) != 0) return false;
    if (e->dtype != LSV_BOOL) return e->widen == NULL;
    for (ptrdiff_t i = 0; i < n; i++)
        if (((const uint8_t *)from)[i] > 1) return false;
    return true;
}
