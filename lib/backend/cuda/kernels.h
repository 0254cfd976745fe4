/* Launching the device's own kernels (kernels.inc). All are queued; LSV_ENOTIMPL where the list has none, or where the
   driver takes none of them. */
#ifndef LSV_BACKEND_CUDA_KERNELS_H
#define LSV_BACKEND_CUDA_KERNELS_H

#include "array/elementwise.h"
#include "backend/cuda/inside.h"
#include "backend/cuda/kernel_shape.h"

bool lsv_cu_has_unary(lsv_unary_op op, bool *to_bool);
bool lsv_cu_has_binary(lsv_binary_op op, bool *to_bool);

/* a (b) NULL: the scalar xa (xb). The result is of type `t`, or bool. */
lsv_status lsv_cu_unary(lsv_unary_op op, lsv_dtype t, const lsv_kernel_shape *s, const void *a, double xa, void *out,
                        lsv_error *err);
lsv_status lsv_cu_binary(lsv_binary_op op, lsv_dtype t, const lsv_kernel_shape *s, const void *a, const void *b, double xa,
                         double xb, void *out, lsv_error *err);
lsv_status lsv_cu_convert(lsv_dtype from, lsv_dtype to, const lsv_kernel_shape *s, const void *a, void *out, lsv_error *err);

typedef enum lsv_cu_fold_op { LSV_CU_SUM, LSV_CU_SQUARES, LSV_CU_MAX, LSV_CU_MIN } lsv_cu_fold_op;
/* (outer, length, inner), dense, to (outer, inner) */
lsv_status lsv_cu_fold(lsv_cu_fold_op op, lsv_dtype t, ptrdiff_t outer, ptrdiff_t length, ptrdiff_t inner, const void *a,
                       void *out, lsv_error *err);

#endif
