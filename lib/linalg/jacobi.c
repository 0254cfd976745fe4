/* The rank of a very small matrix by one-sided Jacobi rotations: columns are turned against each other until they
   are orthogonal, and their lengths are then the singular values, to high relative accuracy. For so few
   columns this takes less than LAPACK needs to begin. Values near the threshold are left to LAPACK, whose last
   digits decide there. */
#include <float.h>
#include <math.h>
#include "linalg/svd_inside.h"

enum { COLUMNS = LSV_JACOBI_COLUMNS, ROWS = LSV_JACOBI_ROWS, SWEEPS = 30 };
static const double margin = 4;

/* Turns columns p and q; true where they were not orthogonal yet. */
static bool rotate(ptrdiff_t m, double *p, double *q) {
    double pp = 0, qq = 0, pq = 0;
    for (ptrdiff_t i = 0; i < m; i++) pp += p[i] * p[i], qq += q[i] * q[i], pq += p[i] * q[i];
    if (fabs(pq) <= 4 * DBL_EPSILON * sqrt(pp * qq) || pq == 0) return false;
    double zeta = (qq - pp) / (2 * pq), t = copysign(1, zeta) / (fabs(zeta) + sqrt(1 + zeta * zeta));
    double c = 1 / sqrt(1 + t * t), s = c * t;
    for (ptrdiff_t i = 0; i < m; i++) {
        double x = p[i];
        p[i] = c * x - s * q[i];
        q[i] = s * x + c * q[i];
    }
    return true;
}

/* Singular values of the m x n matrix in x, by columns; false when they would not settle. */
static bool values(ptrdiff_t m, ptrdiff_t n, double (*x)[ROWS], double *s) {
    bool turned = true;
    for (int sweep = 0; sweep < SWEEPS && turned; sweep++) {
        turned = false;
        for (ptrdiff_t p = 0; p < n; p++)
            for (ptrdiff_t q = p + 1; q < n; q++) turned |= rotate(m, x[p], x[q]);
    }
    for (ptrdiff_t j = 0; j < n; j++) {
        double sum = 0;
        for (ptrdiff_t i = 0; i < m; i++) sum += x[j][i] * x[j][i];
        s[j] = sqrt(sum);
    }
    return !turned;
}

ptrdiff_t lsv_jacobi_rank(const lsv_array *a, double absolute, double relative) {
    bool wide = a->shape[1] > a->shape[0];
    ptrdiff_t m = a->shape[wide ? 1 : 0], n = a->shape[wide ? 0 : 1], rs = a->strides[wide ? 1 : 0], cs = a->strides[wide ? 0 : 1];
    double x[COLUMNS][ROWS], s[COLUMNS], most = 0, top = 0;
    for (ptrdiff_t j = 0; j < n; j++)
        for (ptrdiff_t i = 0; i < m; i++) {
            x[j][i] = lsv_mats_get((lsv_dtype)a->dtype, a->data, i * rs + j * cs);
            if (!isfinite(x[j][i])) return -1;
            most = fmax(most, fabs(x[j][i]));
        }
    if (most == 0 || most < 1e-100 || most > 1e100 || !values(m, n, x, s)) return -1;
    for (ptrdiff_t j = 0; j < n; j++) top = fmax(top, s[j]);
    double least = fmax(absolute, relative * top), floor = 0.9 * (double)m * lsv_mats_eps((lsv_dtype)a->dtype) * top;
    ptrdiff_t rank = 0;
    if (least < floor) return -1;
    for (ptrdiff_t j = 0; j < n; j++) {
        if (s[j] > margin * least) rank++;
        else if (margin * s[j] >= least) return -1;
    }
    return rank;
}
