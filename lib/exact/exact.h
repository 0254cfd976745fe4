/* Exact linear algebra for small rational matrices: what a person computes on paper.

   Entries are GMP rationals. An eigenvalue of a Gram matrix is a root of an irreducible factor of
   its characteristic polynomial, so everything about it lives in a number field: Q itself, Q(√d),
   or polynomials in λ modulo that factor. A field element is an array of `degree` rationals, the
   coefficients of 1, g, g², …, where the generator g is √d for degree 2 and λ for degree 3 and
   more; an array of n elements is n*degree rationals. One element stands for a value at every root
   of the factor: `root` (0: the largest λ) says which one is meant.

   Numbers come from a pool and are given back together. A pool that runs out of memory hands out
   a shared dummy and remembers it in `failed`, so that arithmetic needs no checks: callers look
   once at the end. GMP itself ends the process when it finds no memory; sizes are therefore
   bounded (LSV_EXACT_MAX, LSV_EXACT_BITS), and the largest walk stays below a few megabytes. */
#ifndef LSV_EXACT_EXACT_H
#define LSV_EXACT_EXACT_H

#include <gmp.h>
#include <stdbool.h>

#include "base/status.h"
#include "text/text.h"

enum {
    LSV_EXACT_MAX = 8,    /* rows and columns                                                     */
    LSV_EXACT_TERMS = 4,  /* rank-1 terms are worked out in fields up to this degree              */
    LSV_EXACT_BITS = 128  /* of a numerator, and of the common denominator of all entries          */
};

typedef __mpq_struct lsv_q; /* mpq_t without the array: q, q + 1, … are consecutive rationals */

/* ---- pool (number.c) ---- */
typedef struct lsv_pool {
    struct lsv_pool_block *blocks;
    bool failed;
} lsv_pool;
lsv_q *lsv_pool_q(lsv_pool *p, int count); /* count rationals, all 0; count <= 8*8*8 where the pool may fail */
void *lsv_pool_bytes(lsv_pool *p, size_t bytes); /* zeroed; NULL: no memory (failed is set) */
void lsv_pool_free(lsv_pool *p);

/* ---- rationals (number.c) ---- */
/* "3", "-2/7", "0.25", "1.5e-2": exactly what is written. LSV_EVALUE for anything else or too long. */
lsv_status lsv_q_parse(const char *text, size_t n, lsv_q *out, lsv_error *err);
/* The shortest decimal that reads back as x, as a rational; *digits (may be NULL): how many it has. */
lsv_status lsv_q_from_double(double x, lsv_q *out, int *digits, lsv_error *err);
void lsv_q_text(lsv_text *t, const lsv_q *x);                        /* "-2/7" */
void lsv_q_decimal(lsv_text *t, const lsv_q *x, int digits);         /* rounded exactly, ties away from 0 */
/* n = square² * rest with rest as free of squares as trial division up to 10^5 and a test for a
   perfect square can tell; n > 0. */
void lsv_square_part(const mpz_t n, mpz_t square, mpz_t rest);

typedef struct lsv_qmatrix { int rows, cols; lsv_q *at; } lsv_qmatrix; /* row-major */
static inline lsv_q *lsv_qm(const lsv_qmatrix *m, int i, int j) { return m->at + i * m->cols + j; }
lsv_qmatrix lsv_qmatrix_new(lsv_pool *p, int rows, int cols);
lsv_qmatrix lsv_qmatrix_transpose(lsv_pool *p, const lsv_qmatrix *a);
lsv_qmatrix lsv_qmatrix_product(lsv_pool *p, const lsv_qmatrix *a, const lsv_qmatrix *b);

/* ---- polynomials (poly.c) ---- coefficients highest first, as they are written */
/* det(λI - g), g square: g.rows + 1 coefficients, by Faddeev and LeVerrier. `adjugate` (may be
   NULL) receives M_1 … M_n with adj(λI - g) = sum of λ^(n-k) M_k. */
lsv_q *lsv_charpoly(lsv_pool *p, const lsv_qmatrix *g, lsv_qmatrix *adjugate);
/* "λ² - 54λ + 500"; name is the variable; terms with coefficient 0 are left out. */
void lsv_poly_text(lsv_text *t, const lsv_q *c, int degree, const char *name);

/* An irreducible factor of a characteristic polynomial with real roots, and its field. */
typedef struct lsv_field {
    int degree, multiplicity;
    lsv_q *poly;          /* the monic factor, highest first                                       */
    mpz_t whole[LSV_EXACT_MAX + 1]; /* the same cleared of denominators, highest first               */
    mpz_t d;              /* degree 2: the generator is √d                                         */
    lsv_q *lambda;        /* the root as an element                                                */
    long bits;            /* generator at root i lies in [low[i], low[i] + 1] / 2^bits             */
    mpz_t low[LSV_EXACT_MAX];
} lsv_field;
/* The irreducible factors over Q of a polynomial that has only real roots (as that of a Gram
   matrix), ordered by their largest root. At most 8 fields; *count says how many. */
lsv_status lsv_factor_real(lsv_pool *p, const lsv_q *coefficients, int degree, lsv_field *fields, int *count, lsv_error *err);
void lsv_field_clear(lsv_field *k);
extern lsv_field lsv_rationals; /* Q itself */

/* ---- field elements (field.c) ---- r may be a or b */
void lsv_e_set(const lsv_field *k, lsv_q *r, const lsv_q *a);
void lsv_e_set_q(const lsv_field *k, lsv_q *r, const lsv_q *q);
void lsv_e_add(const lsv_field *k, lsv_q *r, const lsv_q *a, const lsv_q *b);
void lsv_e_sub(const lsv_field *k, lsv_q *r, const lsv_q *a, const lsv_q *b);
void lsv_e_mul(const lsv_field *k, lsv_q *r, const lsv_q *a, const lsv_q *b);
void lsv_e_scale(const lsv_field *k, lsv_q *r, const lsv_q *a, const lsv_q *q);
void lsv_e_inv(const lsv_field *k, lsv_q *r, const lsv_q *a); /* a != 0; 0 gives 0 */
bool lsv_e_is_zero(const lsv_field *k, const lsv_q *a);
bool lsv_e_is_rational(const lsv_field *k, const lsv_q *a);
void lsv_e_trace(const lsv_field *k, lsv_q *q, const lsv_q *a); /* the sum of its values at all roots */
void lsv_e_dot(const lsv_field *k, lsv_q *r, const lsv_q *a, const lsv_q *b, int n);
/* r = A x for rational A and a vector x of elements. */
void lsv_e_apply(const lsv_field *k, lsv_q *r, const lsv_qmatrix *a, const lsv_q *x);
/* Null space of a rows x cols matrix of elements, by elimination: *count vectors, each with its own
   free variable 1; an orthogonal basis by Gram-Schmidt without roots where `orthogonal`; every
   vector scaled to whole coefficients without a common divisor. free_variable (may be NULL) gets
   each vector's. */
lsv_q *lsv_e_null_space(lsv_pool *p, const lsv_field *k, const lsv_q *a, int rows, int cols, bool orthogonal, int *count, int *free_variable);
void lsv_e_primitive(const lsv_field *k, lsv_q *x, int n);

/* ---- values (real.c): an element, or the root of one, at one root of its field ---- */
typedef struct lsv_real {
    lsv_field *field;
    int root;        /* which root of the factor, 0 the largest          */
    const lsv_q *x;
    bool sqrt;       /* the value is √x                                  */
    bool negative;   /* and then its negative                            */
    const lsv_q *over; /* not NULL: x / √over, over > 0 (and sqrt is false) */
} lsv_real;
int lsv_real_sign(lsv_real v);
double lsv_real_double(lsv_real v);
long double lsv_real_long(lsv_real v);
int lsv_real_compare(lsv_real a, lsv_real b);
/* Rounded to that many places from the exact value: every digit is certain, "-0.00" never appears. */
void lsv_real_decimal(lsv_text *t, lsv_real v, int digits);
/* x_i / ‖x‖. In Q and Q(√d) as ±√(x_i²/‖x‖²), with the square in `room` (one element), so that rational
   ones are recognised; beyond, where inverses grow long, as a quotient. */
lsv_real lsv_real_quotient(lsv_field *k, int root, const lsv_q *xi, const lsv_q *norm2, lsv_q *room);

/* ---- exact text (surd.c) ---- */
/* "27 + √229", "(2 - √229)/15", "-60√229"; degree 3 and more: a polynomial in λ. root 1 of a
   quadratic field changes the sign of √d. */
void lsv_e_text(lsv_text *t, const lsv_field *k, int root, const lsv_q *a);
/* √ of an element in simplest form: "9", "4√2", "√15/2", "(√194 + √10)/8", "√(27 + √229)". */
typedef enum lsv_root_form { LSV_ROOT_RATIONAL, LSV_ROOT_SURD, LSV_ROOT_DENESTED, LSV_ROOT_NESTED, LSV_ROOT_NAMED } lsv_root_form;
lsv_root_form lsv_sqrt_text(lsv_text *t, lsv_field *k, int root, const lsv_q *a);
/* The eigenvalue itself: e_text, or "root 2 (largest first) of λ³ - 5λ² + 6λ - 1". */
void lsv_lambda_text(lsv_text *t, const lsv_field *k, int root);

/* ---- the whole decomposition (svd.c) ---- */
typedef struct lsv_exact_value {  /* one eigenvalue of AᵀA, as often as its multiplicity */
    lsv_field *field;
    int root;
    bool zero;
    lsv_q *w;        /* n elements: an eigenvector in whole numbers of the field               */
    lsv_q *norm2;    /* w·w                                                                    */
    lsv_q *aw;       /* m elements: A w                                                        */
    lsv_q *aw_norm2; /* λ ‖w‖²                                                                 */
    lsv_q *term;     /* rows x cols of W: the rank-1 term σ u vᵀ = (A w) wᵀ / ‖w‖²; NULL for λ = 0 or a large degree */
    int copy;        /* 0, 1, … among the vectors of the same eigenvalue                        */
    int free_variable;
    bool turned;     /* one formula serves all roots: at this one the unit vectors take the opposite sign, so
                        that the last entry of v which is not 0 is positive */
} lsv_exact_value;

typedef struct lsv_exact_svd {
    lsv_pool pool;
    bool wide;             /* W has fewer rows than columns: A = Wᵀ, and U and V change places      */
    int m, n, rank;        /* of A: m >= n                                                         */
    lsv_qmatrix W, A, gram, other; /* gram = AᵀA (n x n), other = AAᵀ                                    */
    lsv_q *charpoly;       /* of gram, highest first                                               */
    lsv_qmatrix adjugate[LSV_EXACT_MAX];
    int nfields;
    lsv_field fields[LSV_EXACT_MAX];
    lsv_exact_value value[LSV_EXACT_MAX]; /* n of them, largest first                              */
    int ncompletion;       /* m - rank                                                             */
    lsv_q *completion;     /* orthogonal basis of Aᵀx = 0 in whole numbers, one vector after another */
    bool unique_w, unique_completion, unique_terms; /* up to sign                                  */
} lsv_exact_svd;

/* LSV_EVALUE for matrices that are too large for exact work. On LSV_OK the caller frees *out. */
lsv_status lsv_exact_svd_new(const lsv_qmatrix *W, lsv_exact_svd **out, lsv_error *err);
void lsv_exact_svd_free(lsv_exact_svd *s);
/* Components of the unit vectors: v_j (n of A) for j < n, u_j (m of A) for j < m. `room` is one element
   (LSV_EXACT_MAX rationals). */
lsv_real lsv_exact_v(const lsv_exact_svd *s, int j, int i, lsv_q *room);
lsv_real lsv_exact_u(const lsv_exact_svd *s, int j, int i, lsv_q *room);
/* The exact sum of all rank-1 terms that were worked out, by traces: all of them add up to W. */
lsv_qmatrix lsv_exact_sum(lsv_exact_svd *s);

#endif
