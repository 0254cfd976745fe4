/* The conversions between element types, inline for the kernels that loop over them. They
   are those of NumPy's astype on x86: a float outside the integer's range (or NaN) becomes
   the integer's minimum, integers wrap, anything but zero is True, NaN included.

   The lists give every type a letter and a digit for a name (`bool` itself is a macro in C).
   The type computed in is the C type, or float for the two 16-bit ones. */
#ifndef LSV_ARRAY_CONVERT_H
#define LSV_ARRAY_CONVERT_H

#include <string.h>
#include "array/dtype.h"

/* X(ENUM, C storage type, short name, C type to compute in) */
#define LSV_ALL_DTYPES(X)                \
    X(LSV_BOOL, uint8_t, b1, uint8_t)    \
    X(LSV_INT32, int32_t, i4, int32_t)   \
    X(LSV_INT64, int64_t, i8, int64_t)   \
    X(LSV_FLOAT16, uint16_t, f2, float)  \
    X(LSV_BFLOAT16, uint16_t, bf, float) \
    X(LSV_FLOAT32, float, f4, float)     \
    X(LSV_FLOAT64, double, f8, double)

/* ---- reading: storage to the type computed in ---- */

static inline uint8_t lsv_read_b1(uint8_t x) { return x != 0; }
static inline int32_t lsv_read_i4(int32_t x) { return x; }
static inline int64_t lsv_read_i8(int64_t x) { return x; }
static inline float lsv_read_f4(float x) { return x; }
static inline double lsv_read_f8(double x) { return x; }

static inline float lsv_read_bf(uint16_t bits) {
    uint32_t wide = (uint32_t)bits << 16;
    float x;
    memcpy(&x, &wide, sizeof x);
    return x;
}

static inline float lsv_read_f2(uint16_t bits) {
    uint32_t sign = (uint32_t)(bits & 0x8000u) << 16, rest = bits & 0x7fffu, wide;
    float x;
    if (rest < 0x400u) { /* zero and subnormals: exact in float */
        x = (float)rest * 0x1p-24f;
        memcpy(&wide, &x, sizeof wide);
    } else {
        wide = (rest << 13) + (rest >= 0x7c00u ? UINT32_C(0x70000000) : UINT32_C(0x38000000));
    }
    wide |= sign;
    memcpy(&x, &wide, sizeof x);
    return x;
}

/* ---- writing: from an integer, a float or a double to storage ---- */

static inline uint16_t lsv_half_from_float(float f) {
    uint32_t bits, magnitude;
    memcpy(&bits, &f, sizeof bits);
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000u);
    magnitude = bits & UINT32_C(0x7fffffff);
    if (magnitude >= UINT32_C(0x7f800000)) { /* Inf, and NaN with what payload fits */
        uint32_t payload = magnitude >> 13 & 0x3ffu;
        if (magnitude > UINT32_C(0x7f800000) && !payload) payload = 1;
        return (uint16_t)(sign | 0x7c00u | payload);
    }
    if (magnitude >= UINT32_C(0x477ff000)) return (uint16_t)(sign | 0x7c00u); /* 65520 and more */
    if (magnitude < UINT32_C(0x38800000)) { /* below 2^-14: add so that the unit is 2^-24 */
        float x;
        memcpy(&x, &magnitude, sizeof x);
        x += 0.5f;
        memcpy(&magnitude, &x, sizeof magnitude);
        return (uint16_t)(sign | (magnitude - UINT32_C(0x3f000000)));
    }
    magnitude += 0xfffu + (magnitude >> 13 & 1u); /* ties to even */
    return (uint16_t)(sign | ((magnitude - UINT32_C(0x38000000)) >> 13));
}

/* A double rounded to odd in float first, so that the second rounding is the only one. */
static inline uint16_t lsv_half_from_double(double d) {
    float f = (float)d;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    if ((double)f != d && d == d && (bits & 1u) == 0) {
        bool away = d < 0 ? (double)f < d : (double)f > d; /* rounded away from zero: step back */
        bits = away ? bits - 1u : bits + 1u;
        if ((bits & UINT32_C(0x7fffffff)) < UINT32_C(0x7f800000)) memcpy(&f, &bits, sizeof f);
    }
    return lsv_half_from_float(f);
}

static inline uint16_t lsv_bfloat_from_float(float f) {
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    if (f != f) return 0x7fc0u;
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

static inline int64_t lsv_int64_from_double(double x) {
    return x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN;
}
static inline int32_t lsv_int32_from_double(double x) {
    return x > -2147483649.0 && x < 2147483648.0 ? (int32_t)x : INT32_MIN;
}

static inline uint8_t lsv_b1_of_i(int64_t x) { return x != 0; }
static inline uint8_t lsv_b1_of_f(float x) { return !(x == 0); }
static inline uint8_t lsv_b1_of_d(double x) { return !(x == 0); }
static inline int32_t lsv_i4_of_i(int64_t x) { return (int32_t)(uint32_t)(uint64_t)x; }
static inline int32_t lsv_i4_of_f(float x) { return lsv_int32_from_double((double)x); }
static inline int32_t lsv_i4_of_d(double x) { return lsv_int32_from_double(x); }
static inline int64_t lsv_i8_of_i(int64_t x) { return x; }
static inline int64_t lsv_i8_of_f(float x) { return lsv_int64_from_double((double)x); }
static inline int64_t lsv_i8_of_d(double x) { return lsv_int64_from_double(x); }
static inline uint16_t lsv_f2_of_i(int64_t x) { return lsv_half_from_float((float)x); }
static inline uint16_t lsv_f2_of_f(float x) { return lsv_half_from_float(x); }
static inline uint16_t lsv_f2_of_d(double x) { return lsv_half_from_double(x); }
static inline uint16_t lsv_bf_of_i(int64_t x) { return lsv_bfloat_from_float((float)x); }
static inline uint16_t lsv_bf_of_f(float x) { return lsv_bfloat_from_float(x); }
static inline uint16_t lsv_bf_of_d(double x) { return lsv_bfloat_from_float((float)x); }
static inline float lsv_f4_of_i(int64_t x) { return (float)x; }
static inline float lsv_f4_of_f(float x) { return x; }
static inline float lsv_f4_of_d(double x) { return (float)x; }
static inline double lsv_f8_of_i(int64_t x) { return (double)x; }
static inline double lsv_f8_of_f(float x) { return (double)x; }
static inline double lsv_f8_of_d(double x) { return x; }

/* lsv_write(f4, x): x of any C type computed in, to the storage of that dtype. */
#define lsv_write(name, x) \
    _Generic((x), float : lsv_##name##_of_f, double : lsv_##name##_of_d, default : lsv_##name##_of_i)(x)

#endif
