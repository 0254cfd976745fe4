/* Products with a matrix of exactly eight columns, where the processor has AVX-512.

   Eight columns are one vector, and a kernel that holds rows of the result then spends a load on every
   multiplication. Here the vectors run along the large matrix's rows instead: three of its vectors meet eight of the thin
   matrix's, 24 multiplications for 11 loads.

   The thin matrix is packed for it: its rows in groups of eight, each 8 x 8 block transposed, zeros in what the last
   group lacks. */
#ifndef LSV_BACKEND_CPU_PANEL_EIGHT_H
#define LSV_BACKEND_CPU_PANEL_EIGHT_H

#include <stddef.h>

/* Doubles that the packed form of n rows takes, and the number of rows of the large matrix that the kernels like best. */
static inline ptrdiff_t lsv_eight_size(ptrdiff_t n) { return (n + 7) / 8 * 64; }
enum { LSV_EIGHT_ROWS = 12 };

typedef struct lsv_eight {
    /* packed = x (n x 8) */
    void (*pack)(const double *x, ptrdiff_t ldx, ptrdiff_t n, double *packed);
    /* z (n x 8) = packed[0] + packed[1] + …, `count` of them, `apart` doubles from each other */
    void (*unpack)(const double *packed, int count, ptrdiff_t apart, ptrdiff_t n, double *z, ptrdiff_t ldz);
    /* y (rows x 8) += a x, with a rows x n */
    void (*times)(const double *a, ptrdiff_t lda, ptrdiff_t rows, ptrdiff_t n, const double *packed, double *y, ptrdiff_t ldy);
    /* packed += a^T y */
    void (*transposed)(const double *a, ptrdiff_t lda, ptrdiff_t rows, ptrdiff_t n, const double *y, ptrdiff_t ldy, double *packed);
    /* packed += a^T (a x), for any number of rows, each read from memory once */
    void (*gram)(const double *a, ptrdiff_t lda, ptrdiff_t rows, ptrdiff_t n, const double *packed_x, double *packed);
} lsv_eight;

extern const lsv_eight lsv_eight_avx512; /* on x86-64 only */

#endif
