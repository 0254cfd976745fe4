/* Inside lib/linalg: triplets of a dense matrix, and what can be said for certain about them. */
#ifndef LSV_LINALG_CERTIFICATE_H
#define LSV_LINALG_CERTIFICATE_H

#include "linalg/dense.h"

typedef struct lsv_triplets {
    ptrdiff_t m, n, k, ld; /* ld = lsv_pad8(k) */
    double *u, *v, *s;     /* m x ld and n x ld row-major; k values */
    double residual;       /* largest of |A v - s u|, |A^T u - s v|, over s_1 */
    double error, bound;   /* |A - U S V^T|_F / |A|_F: computed; certainly not exceeded */
} lsv_triplets;

lsv_status lsv_triplets_new(const lsv_dense *A, ptrdiff_t k, lsv_triplets *t, lsv_error *err);
void lsv_triplets_free(lsv_triplets *t);

/* Those of a resident matrix become the host's, zeros. */
void lsv_triplets_leave(lsv_triplets *t);

/* From orthonormal v (k columns of t->v): W = A v, its SVD, and the residuals, computed with A. */
lsv_status lsv_triplets_refine(const lsv_dense *A, lsv_triplets *t, lsv_error *err);
/* The residuals of the triplets as they are. */
lsv_status lsv_triplets_residual(const lsv_dense *A, lsv_triplets *t, lsv_error *err);
/* error and bound. */
lsv_status lsv_triplets_tail(const lsv_dense *A, lsv_triplets *t, lsv_error *err);
/* -1 where the largest entry of column j of x (the first within 1e-8 of it) is negative, else 1. x is read on the host. */
void lsv_triplets_signs(ptrdiff_t rows, ptrdiff_t k, ptrdiff_t ld, const double *x, double *sign);

#endif
