/* Inside lib/grad: one call of svdgrad, and getting its operands in. */
#ifndef LSV_GRAD_SVDGRAD_CALL_H
#define LSV_GRAD_SVDGRAD_CALL_H

#include "grad/svdgrad_work.h"

/* What one call holds beside the problem of a single triplet. */
typedef struct lsv_sg_call {
    lsv_sg w;
    lsv_svdgrad_options o;
    ptrdiff_t count;   /* triplets: 1, or k of a block */
    bool block;        /* phi or psi is a matrix, or xi a vector */
    double *xi;        /* count */
    double *phi, *psi; /* count x m, count x n: one triplet's vector after another */
    double *u0;        /* m, or NULL */
    lsv_dtype out;
    lsv_kind kind;
    lsv_svdgrad_info *info;
} lsv_sg_call;

/* Checks shapes and values, copies or borrows A (*held keeps it alive), scales. */
lsv_status lsv_sg_open(lsv_sg_call *c, const lsv_array *A, const lsv_array *xi, const lsv_array *phi,
                       const lsv_array *psi, lsv_array **held, lsv_error *err);
void lsv_sg_close(lsv_sg_call *c);

#endif
