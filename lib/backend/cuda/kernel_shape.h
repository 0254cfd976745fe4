/* What a kernel is told about its operands; read by C, by nvcc and by the test shim. Strides count elements. */
#ifndef LSV_BACKEND_CUDA_KERNEL_SHAPE_H
#define LSV_BACKEND_CUDA_KERNEL_SHAPE_H

#define LSV_KERNEL_DIMS 8

typedef struct lsv_kernel_shape {
    long long count;
    int ndim; /* at least 1 */
    long long shape[LSV_KERNEL_DIMS], a[LSV_KERNEL_DIMS], b[LSV_KERNEL_DIMS], out[LSV_KERNEL_DIMS];
} lsv_kernel_shape;

/* Reductions see (outer, length, inner), C-contiguous, and reduce `length` in pieces of `chunk`: results are
   (outer, pieces, inner). With inner 1 a block of LSV_KERNEL_BLOCK threads does a piece, else a thread. */
typedef struct lsv_kernel_fold {
    long long outer, length, inner, chunk, pieces;
} lsv_kernel_fold;

#define LSV_KERNEL_BLOCK 256

#endif
