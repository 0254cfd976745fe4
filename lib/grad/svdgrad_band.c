/* The small problems of a block Krylov space, in time proportional to its dimension.

   Above the largest eigenvalue shift I - T is positive definite, so that a failing Cholesky factorisation
   tells on which side a shift lies: the top pair is found by inverse iteration with shifts that come down to
   it from above, each the Rayleigh quotient plus the norm of its residual. The singular system of the adjoint
   is solved with a shift a little above theta and refined in the complement of y, where the shift does not
   matter. */
#include <math.h>
#include <string.h>
#include "grad/svdgrad_band.h"
#include "grad/svdgrad_work.h"

void lsv_band_times(const lsv_band *b, const double *x, double *y) {
    memset(y, 0, (size_t)b->n * sizeof *y);
    for (ptrdiff_t j = 0; j < b->n; j++) {
        const double *column = b->T + j * LSV_BAND_LD;
        ptrdiff_t most = lsv_min_size(LSV_BAND, b->n - 1 - j);
        double sum = column[0] * x[j];
        for (ptrdiff_t d = 1; d <= most; d++) sum += column[d] * x[j + d], y[j + d] += column[d] * x[j];
        y[j] += sum;
    }
}

bool lsv_band_factor(lsv_band *b, double shift) {
    ptrdiff_t n = b->n;
    for (ptrdiff_t i = 0; i < n * LSV_BAND_LD; i++) b->L[i] = -b->T[i];
    for (ptrdiff_t j = 0; j < n; j++) b->L[j * LSV_BAND_LD] += shift;
    for (ptrdiff_t j = 0; j < n; j++) {
        double *column = b->L + j * LSV_BAND_LD;
        ptrdiff_t most = lsv_min_size(LSV_BAND, n - 1 - j);
        if (!(column[0] > 0)) return false;
        double pivot = sqrt(column[0]);
        column[0] = pivot;
        for (ptrdiff_t d = 1; d <= most; d++) column[d] /= pivot;
        for (ptrdiff_t c = 1; c <= most; c++) {
            double *later = b->L + (j + c) * LSV_BAND_LD, x = column[c];
            for (ptrdiff_t d = c; d <= most; d++) later[d - c] -= column[d] * x;
        }
    }
    return true;
}

void lsv_band_solve(const lsv_band *b, double *x) {
    ptrdiff_t n = b->n;
    for (ptrdiff_t j = 0; j < n; j++) {
        const double *column = b->L + j * LSV_BAND_LD;
        ptrdiff_t most = lsv_min_size(LSV_BAND, n - 1 - j);
        double xj = x[j] /= column[0];
        for (ptrdiff_t d = 1; d <= most; d++) x[j + d] -= column[d] * xj;
    }
    for (ptrdiff_t j = n - 1; j >= 0; j--) {
        const double *column = b->L + j * LSV_BAND_LD;
        ptrdiff_t most = lsv_min_size(LSV_BAND, n - 1 - j);
        double sum = x[j];
        for (ptrdiff_t d = 1; d <= most; d++) sum -= column[d] * x[j + d];
        x[j] = sum / column[0];
    }
}

/* Rayleigh quotient of the unit y, and the norm of its residual. */
static double quotient(const lsv_band *b, const double *y, double *residual) {
    lsv_band_times(b, y, b->t);
    double theta = lsv_sg_dot(b->n, y, b->t);
    lsv_sg_axpy(b->n, -theta, y, b->t);
    *residual = lsv_sg_norm(b->n, b->t);
    return theta;
}

double lsv_band_top(lsv_band *b, double *y) {
    double residual, last = (double)INFINITY;
    lsv_sg_scale(b->n, 1 / lsv_sg_norm(b->n, y), y);
    double theta = quotient(b, y, &residual);
    for (int k = 0; k < 60 && residual > 2 * 0x1p-52 * fabs(theta); k++) {
        double above = fmax(residual, 4 * 0x1p-52 * fabs(theta));
        if (residual > 0.5 * last && residual < 1e-14 * fabs(theta)) break;
        last = residual;
        while (!lsv_band_factor(b, theta + above)) above *= 4;
        lsv_band_solve(b, y);
        lsv_sg_scale(b->n, 1 / lsv_sg_norm(b->n, y), y);
        theta = quotient(b, y, &residual);
    }
    return theta;
}

void lsv_band_adjoint(lsv_band *b, double theta, const double *y, double *c, double *z) {
    ptrdiff_t n = b->n;
    double above = 1e-10 * theta, *r = b->t, last = (double)INFINITY;
    lsv_sg_project(n, y, c);
    memset(z, 0, (size_t)n * sizeof *z);
    while (!lsv_band_factor(b, theta + above)) above *= 4;
    for (int k = 0; k < 12; k++) {
        lsv_band_times(b, z, r);
        for (ptrdiff_t i = 0; i < n; i++) r[i] = c[i] - (theta * z[i] - r[i]);
        lsv_sg_project(n, y, r);
        lsv_band_solve(b, r);
        lsv_sg_project(n, y, r);
        double size = lsv_sg_norm(n, r);
        if (size > 0.5 * last) break;
        lsv_sg_axpy(n, 1, r, z);
        last = size;
        if (size <= 0x1p-53 * lsv_sg_norm(n, z)) break;
    }
}
