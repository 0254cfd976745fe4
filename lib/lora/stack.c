/* A weighted sum of low-rank updates, as two stacks of factors with coefficients between them.

   Thin QR of both stacks gives orthonormal bases of the two sides; all that is particular to the sum is then in a
   small square core, whose singular values are the sum's and whose norm is the sum's. The coefficients stay
   between the stacks: weights of any size and sign do not touch the bases. */
#include "lora/stack.h"
#include <math.h>
#include <string.h>

lsv_status lsv_lora_stack_new(ptrdiff_t m, ptrdiff_t n, ptrdiff_t inner, lsv_lora_stack *s, lsv_error *err) {
    *s = (lsv_lora_stack){.m = m, .n = n, .inner = inner, .ld = lsv_pad8(inner)};
    lsv_status status = lsv_thin_new(m, inner, &s->left, err);
    if (status == LSV_OK) status = lsv_thin_new(n, inner, &s->right, err);
    if (status == LSV_OK) status = lsv_thin_new(1, inner, &s->c, err);
    if (status != LSV_OK) lsv_lora_stack_free(s);
    return status;
}

void lsv_lora_stack_free(lsv_lora_stack *s) {
    lsv_free(s->left);
    lsv_free(s->right);
    lsv_free(s->c);
    *s = (lsv_lora_stack){0};
}

lsv_status lsv_lora_stack_put(double *side, ptrdiff_t ld, ptrdiff_t at, const lsv_array *x, bool transposed, double scale,
                         lsv_error *err) {
    lsv_array *y;
    LSV_TRY(lsv_as_dtype(lsv_borrow(x), LSV_FLOAT64, &y, err));
    const double *from = (const double *)(const void *)y->data;
    ptrdiff_t rows = y->shape[transposed ? 1 : 0], r = y->shape[transposed ? 0 : 1];
    ptrdiff_t rs = y->strides[transposed ? 1 : 0], cs = y->strides[transposed ? 0 : 1];
    if (transposed && scale == 1) { /* tiles, for both ways of reading are long */
        lsv_mats_copy(LSV_FLOAT64, r, rows, from, cs, rs, side + at, ld);
    } else {
        for (ptrdiff_t i = 0; i < rows; i++)
            for (ptrdiff_t j = 0; j < r; j++) side[i * ld + at + j] += scale * from[i * rs + j * cs];
    }
    lsv_release(y);
    return LSV_OK;
}

lsv_status lsv_lora_stack_core(lsv_lora_stack *s, double *core, lsv_error *err) {
    ptrdiff_t k = s->inner;
    void *t;
    LSV_TRY(lsv_mats_buffer(LSV_FLOAT64, 2 * k, k, &t, err));
    double *t1 = t, *t2 = t1 + k * k;
    lsv_status status = lsv_poll(err);
    if (status == LSV_OK) status = lsv_thin_qr(s->m, k, s->left, t1, err);
    if (status == LSV_OK) status = lsv_poll(err);
    if (status == LSV_OK) status = lsv_thin_qr(s->n, k, s->right, t2, err);
    if (status == LSV_OK) {
        for (ptrdiff_t j = 0; j < k; j++)
            for (ptrdiff_t i = 0; i < k; i++) t1[j * k + i] *= s->c[j];
        /* column-major T1 T2^T is row-major (T2 T1^T), read as rows: T2' has its columns as rows */
        status = lsv_backend_for(LSV_BE_GEMM, LSV_FLOAT64, k, k, k)
                     ->gemm(LSV_FLOAT64, true, false, k, k, k, 1, t2, k, t1, k, 0, core, k, err);
    }
    lsv_free(t);
    return status;
}
