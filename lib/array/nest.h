/* Loop nests: the walk over up to four operands at once that every element-wise operation and
   every reduction is made of.

   A nest starts as the result's shape with the byte steps of each operand along it (0 where an
   operand is broadcast). Its axes are then put in the order in which memory runs, smallest
   steps innermost, and neighbouring axes that step as one are joined, so that the body sees
   runs as long as possible. The order of axes is NumPy's, because it decides both the layout
   of new results and the order in which a sum adds up.

   Axis 0 of a nest is the innermost one. */
#ifndef LSV_ARRAY_NEST_H
#define LSV_ARRAY_NEST_H

#include "array/inside.h"

#define LSV_NEST_OPS 4
#define LSV_NEST_POLL ((ptrdiff_t)1 << 20) /* elements between looks at the interrupt flag */

typedef struct lsv_nest {
    int nops, ndim;
    ptrdiff_t n[LSV_MAXDIM];
    ptrdiff_t step[LSV_MAXDIM][LSV_NEST_OPS]; /* bytes */
    int axis[LSV_MAXDIM];                     /* the array's axis an axis of the nest stands for */
    char *base[LSV_NEST_OPS];
    ptrdiff_t size; /* product of n */
    bool whole;     /* an interrupt does not stop it: it writes to an array that stays */
} lsv_nest;

/* One run of n elements: operand k's are at at[k], at[k] + step[k], … */
typedef lsv_status lsv_nest_body(void *context, char *const *at, const ptrdiff_t *step, ptrdiff_t n);

/* A nest over shape (C order: the last axis innermost), no operands yet. */
void lsv_nest_init(lsv_nest *nest, int ndim, const ptrdiff_t *shape);
/* Add an operand that broadcasts to the shape; returns its number. */
int lsv_nest_add(lsv_nest *nest, const lsv_array *a);
void lsv_nest_sort(lsv_nest *nest); /* axes by the steps of the operands so far */
void lsv_nest_join(lsv_nest *nest); /* drop axes of length 1, join neighbours */
lsv_status lsv_nest_run(lsv_nest *nest, lsv_nest_body *body, void *context, lsv_error *err);

/* A new array of the nest's shape whose memory runs as the nest's axes do, added as an operand
   (before lsv_nest_join, after lsv_nest_sort). */
lsv_status lsv_nest_result(lsv_nest *nest, lsv_kind kind, lsv_dtype dtype, lsv_array **out, lsv_error *err);

/* n elements from src (a step of sstep bytes) to dst, as astype converts. */
static inline void lsv_convert_run(lsv_dtype to, char *dst, ptrdiff_t dstep, lsv_dtype from, const char *src,
                                   ptrdiff_t sstep, ptrdiff_t n) {
    lsv_copy_kernel_for(to, from)(dst, dstep, src, sstep, n);
}

/* a when it has the dtype, else a converted copy whose memory runs as a's does (a sum adds up in
   that order). *owned is what to release, NULL for none. */
lsv_status lsv_borrow_as(const lsv_array *a, lsv_dtype dtype, const lsv_array **use, lsv_array **owned,
                         lsv_error *err);

/* C order without axes of length 1 counted; inline for the short way of lsv_binary. */
static inline bool lsv_nest_plain(const lsv_array *a) {
    ptrdiff_t expected = 1;
    for (int i = a->ndim - 1; i >= 0; i--) {
        if (a->shape[i] != 1 && a->strides[i] != expected) return false;
        expected *= a->shape[i];
    }
    return true;
}

#endif
