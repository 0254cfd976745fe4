/* Between the files that write a walk. The exact core works with A = Z or Zᵀ, whichever has the
   smaller Gram matrix; the names say what that means for the reader's matrix. */
#ifndef LANG_TEACH_WALK_H
#define LANG_TEACH_WALK_H

#include "lang/teach/teach.h"

typedef struct names {
    const char *W;          /* "W", or "Z" = qW                         */
    const char *A, *At;     /* "W" and "Wᵀ", or the other way round     */
    const char *gram, *other; /* "WᵀW" and "WWᵀ", or the other way round  */
    const char *v, *u;      /* the vectors found first and second       */
    const char *V, *U;
} names;

names ls_walk_names(const ls_walk *w);
const char *ls_both(ls_walk *w, const char *exact, const char *decimal); /* "27 + √229 ≈ 42.1327", by style */
const char *ls_lambda_decimal(ls_walk *w, int i);    /* with enough digits to tell neighbours apart */
const char *ls_sigma_decimal(ls_walk *w, int i);
const char *ls_sigma_exact(ls_walk *w, const lsv_exact_svd *s, int i);
const char *ls_poly(ls_walk *w, const lsv_q *c, int degree);
int ls_last_equal(const ls_walk *w, int i);          /* last index with the same eigenvalue as i */
lsv_real ls_lambda_real(const ls_walk *w, int i);
ls_cells ls_cells_numbers(ls_walk *w, const double *a, int rows, int cols);
bool ls_is_scalar_matrix(const lsv_qmatrix *m);
void ls_put_matrix(ls_walk *w, ls_line *l, ls_cells exact, ls_cells decimal, bool same); /* exact ≈ decimal, by style */

ls_cells ls_unit_cells(ls_walk *w, bool second);    /* the columns of V, or of U, as decimals */
void ls_walk_gram(ls_walk *w);
void ls_walk_charpoly(ls_walk *w);
void ls_walk_roots(ls_walk *w);
void ls_walk_sigma(ls_walk *w);
void ls_walk_vectors(ls_walk *w);
void ls_walk_images(ls_walk *w);
void ls_walk_product(ls_walk *w);
void ls_walk_terms(ls_walk *w);
void ls_walk_low_rank(ls_walk *w);
lsv_status ls_walk_numeric(ls_walk *w, lsv_error *err);

extern const char *const ls_why[];
enum { WHY_GRAM, WHY_OTHER, WHY_CHARMAT, WHY_CHI, WHY_LAMBDA, WHY_SAME, WHY_SIGMA, WHY_V, WHY_U, WHY_S, WHY_TERMS, WHY_LOW };

#endif
