/* Real roots of whole-number polynomials, located exactly. Coefficients highest first; every
   polynomial here has only real roots, so by Descartes' rule the number of roots beyond x is
   exactly the number of sign changes in the coefficients of p(x + y). */
#ifndef LSV_EXACT_ROOTS_H
#define LSV_EXACT_ROOTS_H

#include "exact/exact.h"

/* low = the whole number with root_k in (low, low + 1] / 2^bits; root 0 is the largest. */
void lsv_root_locate(const mpz_t *c, int degree, int k, long bits, mpz_t low);
/* The same from an earlier answer at fewer bits. */
void lsv_root_refine(const mpz_t *c, int degree, int k, long from, long bits, mpz_t low);
/* The generator of a field at one root as a ball: |g 2^bits - mid| <= 1. */
void lsv_generator(lsv_field *k, int root, long bits, mpz_t mid);
long lsv_root_bound(const mpz_t *c, int degree); /* every |root| < 2^bound */

#endif
