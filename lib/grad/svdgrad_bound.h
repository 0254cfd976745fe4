/* Inside lib/grad: what a gradient is worth. */
#ifndef LSV_GRAD_SVDGRAD_BOUND_H
#define LSV_GRAD_SVDGRAD_BOUND_H

#include "grad/svdgrad_work.h"

lsv_svdgrad_info lsv_sg_info_new(void);
/* |x|, also where its square would overflow. */
double lsv_sg_norm_of(ptrdiff_t n, const double *x);
/* Residuals of the triplet and of the adjoint system (f and g are set), by products with A. */
lsv_status lsv_sg_residuals(lsv_sg *w, bool uv, lsv_error *err);
/* Adds one triplet's f, rho and bound to info and describes the triplet. `products`: multiply out residuals
   that the method did not leave; without them, and without that, bound and rho stay NAN. */
lsv_status lsv_sg_measure(lsv_sg *w, bool uv, bool products, lsv_svdgrad_info *info, lsv_error *err);
/* The same for `count` triplets done through one decomposition: an estimate. */
void lsv_sg_measure_block(lsv_sg *w, ptrdiff_t count, const double *G, lsv_svdgrad_info *info);
/* u^T G v = xi and <G, A> = xi s. */
lsv_status lsv_sg_identities(lsv_sg *w, const double *xi, ptrdiff_t count, const double *G,
                             lsv_svdgrad_info *info, lsv_error *err);

#endif
