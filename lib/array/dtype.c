/* Element types: sizes, names and one element at a time. The loops are in copy.c, on the same
   conversions (convert.h). */
#include "array/dtype.h"

#include <string.h>
#include "array/convert.h"

#define SIZE_OF(ENUM, CTYPE, NAME, WIDE) [ENUM] = sizeof(CTYPE),
const uint8_t lsv_dtype_sizes[LSV_NDTYPES] = {LSV_ALL_DTYPES(SIZE_OF)};
static const char *const names[LSV_NDTYPES] = {
    [LSV_BOOL] = "bool",       [LSV_INT32] = "int32",       [LSV_INT64] = "int64",
    [LSV_FLOAT16] = "float16", [LSV_BFLOAT16] = "bfloat16", [LSV_FLOAT32] = "float32",
    [LSV_FLOAT64] = "float64",
};

const char *lsv_dtype_name(lsv_dtype dtype) { return names[dtype]; }

bool lsv_dtype_parse(const char *name, lsv_dtype *out) {
    static const struct {
        const char *name;
        lsv_dtype dtype;
    } known[] = {
        {"bool", LSV_BOOL},       {"bool_", LSV_BOOL},        {"?", LSV_BOOL},
        {"b1", LSV_BOOL},         {"int32", LSV_INT32},       {"i4", LSV_INT32},
        {"intc", LSV_INT32},      {"i", LSV_INT32},           {"int64", LSV_INT64},
        {"int", LSV_INT64},       {"int_", LSV_INT64},        {"i8", LSV_INT64},
        {"intp", LSV_INT64},      {"long", LSV_INT64},        {"longlong", LSV_INT64},
        {"l", LSV_INT64},         {"q", LSV_INT64},           {"p", LSV_INT64},
        {"float16", LSV_FLOAT16}, {"half", LSV_FLOAT16},      {"f2", LSV_FLOAT16},
        {"e", LSV_FLOAT16},       {"bfloat16", LSV_BFLOAT16}, {"float32", LSV_FLOAT32},
        {"single", LSV_FLOAT32},  {"f4", LSV_FLOAT32},        {"f", LSV_FLOAT32},
        {"float64", LSV_FLOAT64}, {"double", LSV_FLOAT64},    {"float", LSV_FLOAT64},
        {"float_", LSV_FLOAT64},  {"f8", LSV_FLOAT64},        {"d", LSV_FLOAT64},
    };
    if (*name == '<' || *name == '=' || *name == '|') name++;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(name, known[i].name) != 0) continue;
        *out = known[i].dtype;
        return true;
    }
    return false;
}

float lsv_half_to_float(uint16_t bits) { return lsv_read_f2(bits); }
uint16_t lsv_float_to_half(float x) { return lsv_half_from_float(x); }
float lsv_bfloat_to_float(uint16_t bits) { return lsv_read_bf(bits); }
uint16_t lsv_float_to_bfloat(float x) { return lsv_bfloat_from_float(x); }

lsv_scalar lsv_load(lsv_dtype dtype, const void *at) {
    lsv_scalar s = {.dtype = dtype, .i = 0};
    switch (dtype) {
    case LSV_BOOL: s.i = *(const uint8_t *)at != 0; break;
    case LSV_INT32: s.i = *(const int32_t *)at; break;
    case LSV_INT64: s.i = *(const int64_t *)at; break;
    case LSV_FLOAT16: s.f = (double)lsv_read_f2(*(const uint16_t *)at); break;
    case LSV_BFLOAT16: s.f = (double)lsv_read_bf(*(const uint16_t *)at); break;
    case LSV_FLOAT32: s.f = (double)*(const float *)at; break;
    default: s.f = *(const double *)at; break;
    }
    return s;
}

void lsv_store(lsv_dtype dtype, void *at, lsv_scalar value) {
    bool from_float = lsv_dtype_is_float(value.dtype);
    switch (dtype) {
#define STORE(ENUM, CTYPE, NAME, WIDE) \
    case ENUM: *(CTYPE *)at = from_float ? lsv_write(NAME, value.f) : lsv_write(NAME, value.i); break;
        LSV_ALL_DTYPES(STORE)
#undef STORE
    default: break;
    }
}
