/* The device's own kernels, as C functions of the same list, launched by name; the names must be in the PTX that was loaded. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tgmath.h>
#include "backend/cuda/kernel_shape.h"
#include "cushim.h"

typedef struct {
    long long a, b, out;
} place;

static place locate(const lsv_kernel_shape *s, long long i) {
    place p = {0, 0, 0};
    for (int d = s->ndim - 1; d >= 0; d--) {
        long long r = d ? i % s->shape[d] : i;
        p.a += r * s->a[d], p.b += r * s->b[d], p.out += r * s->out[d];
        if (d) i /= s->shape[d];
    }
    return p;
}

static float bits_to_float(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float half_to_float(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, exponent = h >> 10 & 31u, fraction = h & 0x3ffu;
    if (exponent == 31) return bits_to_float(sign | 0x7f800000u | fraction << 13);
    if (exponent) return bits_to_float(sign | (exponent + 112) << 23 | fraction << 13);
    float x = (float)fraction * 0x1p-24f;
    return sign ? -x : x;
}

/* ---- what a launch carries: its arguments by value ---- */

enum { ONE, TWO, FOLDED, TRIANGLE };

typedef struct {
    int form;
    size_t width, result;
    lsv_kernel_shape shape;
    lsv_kernel_fold fold;
    const void *a, *b;
    void *out;
    double xa, xb;
    long long n, ld;
    void (*run)(const void *call, const void *a, const void *b, void *out);
} call;

/* The extent of an operand: every place it is read or written at lies within one block. */
static void *reach(const void *device, const lsv_kernel_shape *s, const long long *strides, size_t width) {
    long long most = 0;
    for (int d = 0; d < s->ndim; d++) {
        if (strides[d] < 0) return NULL; /* views of negative stride begin in the middle: not used on the device */
        most += (s->shape[d] - 1) * strides[d];
    }
    return shim_at(device, (size_t)(most + 1) * width);
}

static bool launch(shim_op *op) {
    call c;
    memcpy(&c, op->extra, sizeof c);
    void *a = NULL, *b = NULL, *out = NULL;
    if (c.form == ONE || c.form == TWO) {
        if (c.a && !(a = reach(c.a, &c.shape, c.shape.a, c.width))) return false;
        if (c.b && !(b = reach(c.b, &c.shape, c.shape.b, c.width))) return false;
        out = reach(c.out, &c.shape, c.shape.out, c.result);
    } else if (c.form == FOLDED) {
        a = shim_at(c.a, (size_t)(c.fold.outer * c.fold.length * c.fold.inner) * c.width);
        out = shim_at(c.out, (size_t)(c.fold.outer * c.fold.pieces * c.fold.inner) * c.width);
        if (!a) return false;
    } else {
        out = shim_at(c.out, shim_span(c.n, c.n, c.ld, c.width));
    }
    if (!out) return false;
    c.run(&c, a, b, out);
    return true;
}

/* ---- the functions ---- */

#define UNARY(name, suffix, type, result, expression)                                    \
    static void run_##name##_##suffix(const void *v, const void *pa, const void *pb, void *po) { \
        typedef type T;                                                                  \
        const call *c = v;                                                               \
        const T *a = pa;                                                                 \
        result *out = po;                                                                \
        (void)pb;                                                                        \
        for (long long i = 0; i < c->shape.count; i++) {                                 \
            place p = locate(&c->shape, i);                                              \
            T x = a ? a[p.a] : (T)c->xa;                                                 \
            out[p.out] = (result)(expression);                                           \
        }                                                                                \
    }
#define BINARY(name, suffix, type, result, expression)                                   \
    static void run_##name##_##suffix(const void *v, const void *pa, const void *pb, void *po) { \
        typedef type T;                                                                  \
        const call *c = v;                                                               \
        const T *a = pa, *b = pb;                                                        \
        result *out = po;                                                                \
        for (long long i = 0; i < c->shape.count; i++) {                                 \
            place p = locate(&c->shape, i);                                              \
            T x = a ? a[p.a] : (T)c->xa, y = b ? b[p.b] : (T)c->xb;                      \
            (void)y;                                                                     \
            out[p.out] = (result)(expression);                                           \
        }                                                                                \
    }
#define FOLD(name, suffix, type, start, expression)                                      \
    static void run_##name##_##suffix(const void *v, const void *pa, const void *pb, void *po) { \
        typedef type T;                                                                  \
        const lsv_kernel_fold *f = &((const call *)v)->fold;                             \
        const T *a = pa;                                                                 \
        T *out = po;                                                                     \
        (void)pb;                                                                        \
        for (long long i = 0; i < f->outer * f->pieces * f->inner; i++) {                \
            long long column = i % f->inner, piece = i / f->inner, row = piece / f->pieces; \
            long long from = (piece - row * f->pieces) * f->chunk;                       \
            long long to = from + f->chunk < f->length ? from + f->chunk : f->length;    \
            T s = start;                                                                 \
            for (long long j = from; j < to; j++) {                                      \
                T x = a[(row * f->length + j) * f->inner + column];                      \
                s = expression;                                                          \
            }                                                                            \
            out[i] = s;                                                                  \
        }                                                                                \
    }
#define SYMMETRIC(suffix, type)                                                          \
    static void run_symmetric_##suffix(const void *v, const void *pa, const void *pb, void *po) { \
        const call *c = v;                                                               \
        type *out = po;                                                                  \
        (void)pa, (void)pb;                                                              \
        for (long long j = 0; j < c->n; j++)                                             \
            for (long long i = j + 1; i < c->n; i++) out[i + j * c->ld] = out[j + i * c->ld]; \
    }

#define K1(name, expression) UNARY(name, f64, double, double, expression) UNARY(name, f32, float, float, expression)
#define K2(name, expression) BINARY(name, f64, double, double, expression) BINARY(name, f32, float, float, expression)
#define KC(name, expression) BINARY(name, f64, double, uint8_t, expression) BINARY(name, f32, float, uint8_t, expression)
#define KR(name, start, expression) FOLD(name, f64, double, start, expression) FOLD(name, f32, float, start, expression)
#define KX(from, to, read, written, expression)                                          \
    static void run_##from##_##to(const void *v, const void *pa, const void *pb, void *po) { \
        const call *c = v;                                                               \
        const read *a = pa;                                                              \
        written *out = po;                                                               \
        (void)pb;                                                                        \
        for (long long i = 0; i < c->shape.count; i++) {                                 \
            place p = locate(&c->shape, i);                                              \
            read x = a[p.a];                                                             \
            out[p.out] = expression;                                                     \
        }                                                                                \
    }
#include "backend/cuda/kernels.inc"
SYMMETRIC(f64, double)
SYMMETRIC(f32, float)
#undef K1
#undef K2
#undef KC
#undef KR
#undef KX

static const struct {
    const char *name;
    int form;
    size_t width, result;
    void (*run)(const void *, const void *, const void *, void *);
} table[] = {
#define BOTH(name, form, narrow) {"lsv_" #name "_f64", form, 8, narrow ? 1 : 8, run_##name##_f64}, {"lsv_" #name "_f32", form, 4, narrow ? 1 : 4, run_##name##_f32},
#define K1(name, expression) BOTH(name, ONE, 0)
#define K2(name, expression) BOTH(name, TWO, 0)
#define KC(name, expression) BOTH(name, TWO, 1)
#define KR(name, start, expression) BOTH(name, FOLDED, 0)
#define KX(from, to, read, written, expression) {"lsv_" #from "_" #to, ONE, sizeof(read), sizeof(written), run_##from##_##to},
#include "backend/cuda/kernels.inc"
    BOTH(symmetric, TRIANGLE, 0)
};
enum { TABLE = sizeof table / sizeof *table };

/* ---- the runtime's part ---- */

static char *image;

API cu_error cudaLibraryLoadData(cu_library *library, const void *code, cu_jit_option *jit, void **jit_values, unsigned jit_count,
                                 cu_library_option *options, void **values, unsigned count) {
    (void)jit, (void)jit_values, (void)jit_count, (void)options, (void)values, (void)count;
    int failure = shim_enter("cudaLibraryLoadData", 200);
    if (failure) return (cu_error)(shim_sticky() ? shim_sticky() : failure);
    if (!strstr(code, ".version") || !strstr(code, ".target")) return (cu_error)200;
    free(image);
    if (!(image = strdup(code))) return (cu_error)CU_OUT_OF_MEMORY;
    *library = (cu_library)(void *)&image;
    return 0;
}
API cu_error cudaLibraryUnload(cu_library library) {
    (void)library;
    return 0;
}
API cu_error cudaLibraryGetKernel(cu_kernel *kernel, cu_library library, const char *name) {
    char entry[96];
    (void)library;
    int failure = shim_enter("cudaLibraryGetKernel", 500);
    if (failure) return (cu_error)(shim_sticky() ? shim_sticky() : failure);
    snprintf(entry, sizeof entry, ".entry %s(", name);
    if (!image || !strstr(image, entry)) return (cu_error)500;
    for (int i = 0; i < TABLE; i++)
        if (strcmp(table[i].name, name) == 0) {
            *kernel = (cu_kernel)(uintptr_t)(i + 1);
            return 0;
        }
    return (cu_error)500;
}

static double scalar(const void *at, size_t width) { return width == 8 ? *(const double *)at : width == 4 ? (double)*(const float *)at : 0; }

API cu_error cudaLaunchKernel(const void *kernel, cu_dim3 grid, cu_dim3 block, void **arguments, size_t shared, cu_stream stream) {
    (void)shared;
    int failure = shim_enter("cudaLaunchKernel", CU_INVALID_VALUE);
    if (failure) return (cu_error)(shim_sticky() ? shim_sticky() : failure);
    uintptr_t id = (uintptr_t)kernel;
    if (!stream || !id || id > TABLE || !grid.x || block.x != LSV_KERNEL_BLOCK) return (cu_error)9;
    call c = {.form = table[id - 1].form, .width = table[id - 1].width, .result = table[id - 1].result, .run = table[id - 1].run};
    void **p = arguments;
    if (c.form == FOLDED) {
        memcpy(&c.fold, *p++, sizeof c.fold);
        c.a = *(void **)*p++, c.out = *(void **)*p;
    } else if (c.form == TRIANGLE) {
        c.out = *(void **)*p++, c.n = *(long long *)*p++, c.ld = *(long long *)*p;
    } else {
        memcpy(&c.shape, *p++, sizeof c.shape);
        c.a = *(void **)*p++;
        if (c.form == TWO) c.b = *(void **)*p++;
        c.xa = scalar(*p++, c.width);
        if (c.form == TWO) c.xb = scalar(*p++, c.width);
        c.out = *(void **)*p;
    }
    shim_push(launch, &c, sizeof c);
    return 0;
}
