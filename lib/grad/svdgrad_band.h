/* Inside lib/grad: symmetric band matrices of half-bandwidth 8, as block Lanczos makes them. */
#ifndef LSV_GRAD_SVDGRAD_BAND_H
#define LSV_GRAD_SVDGRAD_BAND_H

#include <stdbool.h>
#include <stddef.h>

enum { LSV_BAND = 8, LSV_BAND_LD = LSV_BAND + 1 };

/* T[j * LSV_BAND_LD + d] = T(j + d, j), d = 0..8; zeros beyond the end. */
typedef struct lsv_band {
    ptrdiff_t n;
    const double *T;
    double *L; /* n * LSV_BAND_LD: a factor of shift I - T */
    double *t; /* n */
} lsv_band;

void lsv_band_times(const lsv_band *b, const double *x, double *y); /* y = T x */
/* L L^T = shift I - T; false: that is not positive definite. */
bool lsv_band_factor(lsv_band *b, double shift);
void lsv_band_solve(const lsv_band *b, double *x); /* x = (L L^T)^-1 x */
/* The largest eigenvalue, from the guess y (not 0), which becomes its unit eigenvector. */
double lsv_band_top(lsv_band *b, double *y);
/* (theta I - T) z = c in the complement of y, (theta, y) the top pair: c is projected, z set. */
void lsv_band_adjoint(lsv_band *b, double theta, const double *y, double *c, double *z);

#endif
