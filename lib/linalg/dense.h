/* Inside lib/linalg and lib/lora: a matrix as the iterative methods want it, and the tools they share.

   float64, row-major with one unit stride, no shorter than wide by more than half (else it is seen as its
   transpose), its entries scaled by a power of two where squares would leave the range of numbers.

   A resident matrix is read on a device by every step, and what is long and thin stays there too (array/mirror.h: scratch); the
   host sees small matrices only. The code is the same: it asks for its buffers with lsv_dense_room, and where the
   host has to look, it says so. When the device gives up, the whole computation ends with LSV_ENOTIMPL, and whoever opened
   the matrix opens it again for the host. */
#ifndef LSV_LINALG_DENSE_H
#define LSV_LINALG_DENSE_H

#include "backend/backend.h"
#include "linalg/matrix.h"

typedef struct lsv_dense {
    ptrdiff_t m, n, lda;
    const double *a;
    bool transposed; /* a holds the transpose of what was opened     */
    int exponent;    /* what was opened is this times 2^exponent     */
    double norm;     /* |a|, Frobenius, as it is held                */
    double slack;    /* relative error of norm^2, an upper bound     */
    double *owned;   /* the copy, where one was needed               */
    lsv_array *array;
    lsv_array *turned;         /* of a resident one: the transpose, where one was needed */
    struct lsv_mirror *mirror; /* kept on a device meanwhile      */
    bool resident;             /* the iteration belongs there; then `a` may not be valid on the host */
} lsv_dense;

/* W: 2-D. LSV_ELINALG for NaN and Inf, named as from `name`. */
lsv_status lsv_dense_open(const lsv_array *W, const char *name, lsv_dense *d, lsv_error *err);
/* The same, resident where that is expected to pay: for those who ask for all their tall buffers with lsv_dense_room. */
lsv_status lsv_dense_open_there(const lsv_array *W, const char *name, lsv_dense *d, lsv_error *err);
void lsv_dense_close(lsv_dense *d);
/* No longer resident: `a` and `array` valid on the host. */
lsv_status lsv_dense_leave(lsv_dense *d, lsv_error *err);

/* rows x cols doubles, not set; scratch of the device where d is resident (LSV_ENOTIMPL: it cannot be had). */
lsv_status lsv_dense_room(const lsv_dense *d, ptrdiff_t rows, ptrdiff_t cols, double **out, lsv_error *err);
void lsv_dense_give(double *x); /* back; NULL is allowed */
/* to = from, row by row, where they are. */
lsv_status lsv_thin_copy(ptrdiff_t rows, ptrdiff_t cols, const double *from, ptrdiff_t step, double *to, ptrdiff_t to_step, lsv_error *err);

/* Multiples of 8 columns, as the thin products take them. */
static inline ptrdiff_t lsv_pad8(ptrdiff_t n) { return (n + 7) / 8 * 8; }

/* rows x lsv_pad8(cols) doubles, zeros. */
lsv_status lsv_thin_new(ptrdiff_t rows, ptrdiff_t cols, double **out, lsv_error *err);

/* y = a x, a^T x, a^T a x over the backend table. */
lsv_status lsv_dense_times(const lsv_dense *d, ptrdiff_t b, const double *x, ptrdiff_t ldx, double *y, ptrdiff_t ldy, lsv_error *err);
lsv_status lsv_dense_transposed(const lsv_dense *d, ptrdiff_t b, const double *y, ptrdiff_t ldy, double *z, ptrdiff_t ldz, lsv_error *err);
lsv_status lsv_dense_gram(const lsv_dense *d, ptrdiff_t b, const double *x, ptrdiff_t ldx, double *z, ptrdiff_t ldz, lsv_error *err);
/* y (m x b) = or += v (m x n) x for any row-major matrix. */
lsv_status lsv_thin_times(ptrdiff_t m, ptrdiff_t n, ptrdiff_t b, const double *v, ptrdiff_t ldv, const double *x, ptrdiff_t ldx, bool add, double *y, ptrdiff_t ldy, lsv_error *err);
lsv_status lsv_thin_transposed(ptrdiff_t m, ptrdiff_t n, ptrdiff_t b, const double *v, ptrdiff_t ldv, const double *y, ptrdiff_t ldy, double *z, ptrdiff_t ldz, lsv_error *err);

/* Thin QR of a row-major m x n matrix (ld = lsv_pad8(n) with zeros in the padding), in place: q orthonormal to
   working precision whatever the rank, r (n x n, column-major, upper).
   n > m: q has m orthonormal columns and zeros, r is not triangular; q r is still the matrix. */
lsv_status lsv_thin_qr(ptrdiff_t m, ptrdiff_t n, double *q, double *r, lsv_error *err);
/* The same of a on the host, which is left alone, with Householder's signs: q = tall (m x ld) last (ld x ld, row-major), m >= n > 0.
   a is read as far as its padding, lda >= ld. */
lsv_status lsv_thin_qr_factors(ptrdiff_t m, ptrdiff_t n, const double *a, ptrdiff_t lda, double *tall, double *last, double *r, lsv_error *err);

/* SVD of a small k x k column-major matrix, overwritten: u and vt column-major k x k. LSV_ELINALG when LAPACK
   gives up. */
lsv_status lsv_small_svd(ptrdiff_t k, double *a, double *s, double *u, double *vt, lsv_error *err);

/* Standard normal numbers, from a counter and a seed. */
void lsv_gauss_fill(uint64_t *state, double *x, ptrdiff_t n);
/* Between -1 and 1, evenly: a tenth of the time. */
void lsv_even_fill(uint64_t *state, double *x, ptrdiff_t n);

/* ---- the Krylov space of A^T A (krylov.c) ---- */

typedef struct lsv_krylov lsv_krylov;
lsv_status lsv_krylov_new(const lsv_dense *A, ptrdiff_t k, uint64_t seed, lsv_krylov **out, lsv_error *err);
/* Iterate until the k leading Ritz vectors' residuals are estimated at tol * s_1 or less; *reached false when the
   space has become too large to be worth it. May be called again with a smaller tol. */
lsv_status lsv_krylov_run(lsv_krylov *w, double tol, bool *reached, lsv_error *err);
/* The k leading Ritz vectors, n x lsv_pad8(k) row-major. */
lsv_status lsv_krylov_vectors(lsv_krylov *w, double *v, lsv_error *err);
int lsv_krylov_iterations(const lsv_krylov *w);
ptrdiff_t lsv_krylov_block(const lsv_krylov *w);
void lsv_krylov_free(lsv_krylov *w);

#endif
