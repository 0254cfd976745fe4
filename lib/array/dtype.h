/* Element types. bool, int64, float32 and float64 are computed in; int32, float16 and
   bfloat16 are storage types that files bring in: arithmetic widens float16 and bfloat16
   to float32 inside a kernel and rounds once at the end. */
#ifndef LSV_ARRAY_DTYPE_H
#define LSV_ARRAY_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum lsv_dtype {
    LSV_BOOL,
    LSV_INT32,
    LSV_INT64,
    LSV_FLOAT16,
    LSV_BFLOAT16,
    LSV_FLOAT32,
    LSV_FLOAT64,
    LSV_NDTYPES
} lsv_dtype;

/* X(ENUM, C storage type, short name) for the types with a native C representation. */
#define LSV_NATIVE_DTYPES(X)                                                                       \
    X(LSV_BOOL, uint8_t, bool)                                                                     \
    X(LSV_INT32, int32_t, int32)                                                                   \
    X(LSV_INT64, int64_t, int64)                                                                   \
    X(LSV_FLOAT32, float, float32)                                                                 \
    X(LSV_FLOAT64, double, float64)

extern const uint8_t lsv_dtype_sizes[LSV_NDTYPES];
static inline size_t lsv_dtype_size(lsv_dtype dtype) { return lsv_dtype_sizes[dtype]; } /* bytes of an element */
const char *lsv_dtype_name(lsv_dtype dtype);  /* "bool", "int64", "float32", …            */
bool lsv_dtype_parse(const char *name, lsv_dtype *out); /* also "float", "int", "<f8", "f4", "half" … */
static inline bool lsv_dtype_is_float(lsv_dtype d) { return d >= LSV_FLOAT16; }
static inline bool lsv_dtype_is_int(lsv_dtype d) { return d == LSV_INT32 || d == LSV_INT64; }

float lsv_half_to_float(uint16_t bits);
uint16_t lsv_float_to_half(float x);          /* round to nearest, ties to even           */
float lsv_bfloat_to_float(uint16_t bits);
uint16_t lsv_float_to_bfloat(float x);

/* One number with its type: an element taken out, or a Python or NumPy scalar going in. */
typedef struct lsv_scalar {
    lsv_dtype dtype;
    union {
        int64_t i; /* LSV_BOOL (0 or 1), LSV_INT32, LSV_INT64 */
        double f;  /* every floating type                     */
    };
} lsv_scalar;

static inline lsv_scalar lsv_scalar_bool(bool x) { return (lsv_scalar){.dtype = LSV_BOOL, .i = x}; }
static inline lsv_scalar lsv_scalar_int(int64_t x) { return (lsv_scalar){.dtype = LSV_INT64, .i = x}; }
static inline lsv_scalar lsv_scalar_float(double x) { return (lsv_scalar){.dtype = LSV_FLOAT64, .f = x}; }
static inline double lsv_scalar_as_double(lsv_scalar s) {
    return lsv_dtype_is_float(s.dtype) ? s.f : (double)s.i;
}

lsv_scalar lsv_load(lsv_dtype dtype, const void *at);            /* read one element        */
void lsv_store(lsv_dtype dtype, void *at, lsv_scalar value);     /* write one, converting as
                                                                    NumPy's astype does      */
#endif
