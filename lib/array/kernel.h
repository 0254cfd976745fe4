/* What the kernels of element-wise operations share: the types computed in, the shape of an
   inner loop, and the macro that has a loop compiled for several instruction sets.

   float16 and bfloat16 are computed in float32; everything else in itself. */
#ifndef LSV_ARRAY_KERNEL_H
#define LSV_ARRAY_KERNEL_H

#include "array/elementwise.h"

/* The types computed in. */
typedef enum lsv_compute {
    LSV_C_BOOL,
    LSV_C_INT32,
    LSV_C_INT64,
    LSV_C_FLOAT32,
    LSV_C_FLOAT64,
    LSV_NCOMPUTE
} lsv_compute;

static inline lsv_compute lsv_compute_of(lsv_dtype d) {
    static const uint8_t of[LSV_NDTYPES] = {
        [LSV_BOOL] = LSV_C_BOOL,       [LSV_INT32] = LSV_C_INT32,      [LSV_INT64] = LSV_C_INT64,
        [LSV_FLOAT16] = LSV_C_FLOAT32, [LSV_BFLOAT16] = LSV_C_FLOAT32, [LSV_FLOAT32] = LSV_C_FLOAT32,
        [LSV_FLOAT64] = LSV_C_FLOAT64,
    };
    return (lsv_compute)of[d];
}
static inline lsv_dtype lsv_compute_dtype(lsv_compute c) {
    static const uint8_t of[LSV_NCOMPUTE] = {LSV_BOOL, LSV_INT32, LSV_INT64, LSV_FLOAT32, LSV_FLOAT64};
    return (lsv_dtype)of[c];
}
static inline bool lsv_is_half(lsv_dtype d) { return d == LSV_FLOAT16 || d == LSV_BFLOAT16; }

/* A loop over n elements; steps in bytes. Binary: out, a, b. Unary: out, a. Operands may be the
   very same memory as out, element for element, or apart from it; never shifted against it. */
typedef void lsv_loop2(char *out, const char *a, const char *b, const ptrdiff_t *step, ptrdiff_t n);
typedef void lsv_loop1(char *out, const char *a, const ptrdiff_t *step, ptrdiff_t n);

/* The loop of an operation; NULL: not offered in that type. */
lsv_loop2 *lsv_loop2_of(lsv_binary_op op, lsv_kind kind, lsv_compute compute);
lsv_loop1 *lsv_loop1_of(lsv_unary_op op, lsv_kind kind, lsv_compute compute);
/* The table behind lsv_loop2_of, for operations in which the kinds agree. */
extern lsv_loop2 *const lsv_loops2[LSV_NBINARY][LSV_NCOMPUTE];

/* Chosen at load time for the machine at hand. No fused multiply-add (-ffp-contract=off), so
   every version gives the same bits. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__gnu_linux__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define LSV_VECTOR __attribute__((optimize("O3"), target_clones("avx2", "default")))
#elif defined(__GNUC__) && !defined(__clang__)
#define LSV_VECTOR __attribute__((optimize("O3")))
#else
#define LSV_VECTOR
#endif

/* ---- how an operation's types come out (promote.c) ---- */

typedef struct lsv_types {
    lsv_kind kind;
    lsv_dtype in;        /* operands are rounded to this dtype … */
    lsv_compute compute; /* … and computed in this type          */
    lsv_dtype out;
} lsv_types;

lsv_kind lsv_result_kind(const lsv_array *a, const lsv_array *b);
lsv_status lsv_binary_types(lsv_binary_op op, const lsv_array *a, const lsv_array *b, lsv_types *types,
                            lsv_error *err);
lsv_status lsv_unary_types(lsv_unary_op op, const lsv_array *a, lsv_types *types, lsv_error *err);
/* torch's name of a dtype in messages: "Float", "Long", … */
const char *lsv_torch_type_name(lsv_dtype dtype);
/* Is casting allowed by NumPy's "same_kind", by torch's can_cast? */
bool lsv_can_cast(lsv_kind kind, lsv_dtype from, lsv_dtype to);
/* loop over a, with the conversions that types asks for (unary.c). */
lsv_status lsv_apply1(const lsv_types *types, lsv_loop1 *loop, const lsv_array *a, lsv_array **out,
                      lsv_error *err);
/* A one-element operand in its compute type; cell has 8 bytes. */
void lsv_scalar_operand(const lsv_array *a, const lsv_types *types, void *cell);

#define LSV_BLOCK 512 /* elements converted at a time */

static inline bool lsv_is_comparison(lsv_binary_op op) { return op >= LSV_OP_LT && op <= LSV_OP_NE; }
static inline bool lsv_is_logical(lsv_binary_op op) { return op >= LSV_OP_LOGICAL_AND; }

#endif
