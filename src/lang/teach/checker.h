/* Judging a learner's answer: is it right, right in another form, or wrong, where, and probably why.

   Every typed entry keeps how it was written: a whole number, a fraction or an expression with roots
   is meant exactly, a decimal has a last digit, and half a unit of that digit is its right to be off.
   The rules, in order: size; what counts as the same answer at this step; each entry's level; does it
   follow from the learner's own earlier values; a catalogue of causes, each a transformation of the
   truth; and where nothing fits, facts (length, residual) instead of guesses. */
#ifndef LANG_TEACH_CHECKER_H
#define LANG_TEACH_CHECKER_H

#include "lang/teach/teach.h"

enum { LS_SIDE = LSV_EXACT_MAX, LS_ENTRIES = LS_SIDE * LS_SIDE };

typedef struct ls_entry {
    long double v;
    int d;          /* decimals; -1: exact */
    int own;        /* decimals of this entry alone; -1: as d */
    char text[28];
} ls_entry;
typedef struct ls_answer { int rows, cols; ls_entry at[LS_ENTRIES]; } ls_answer;

typedef enum ls_level { LS_EXACT, LS_ROUNDED, LS_CUT, LS_UNIT, LS_WRONG = 9 } ls_level;

/* What the learner answered so far, for the checks of later steps. */
typedef struct ls_learner {
    bool has_lambda, has_sigma, has_first, has_second, has_term[LS_SIDE];
    ls_answer lambda, sigma, first, second, term[LS_SIDE]; /* first: the vectors of the Gram matrix */
} ls_learner;
void ls_learner_free(ls_learner *l);

/* "[4, 0; 3, -5]", "27+√229, 27-√229", "λ - 25, 15; 15, λ - 29" (the λ is dropped), "-2.39 2.74". Entries
   are separated by commas or by spaces in the MATLAB way: [4 -5] is two, [4 - 5] one. */
lsv_status ls_answer_parse(const char *text, ls_answer *a, lsv_error *err);

/* The value of one expression with λ given; *decimals (may be NULL): of its longest decimal, -1 for none. */
bool ls_expression(const char *text, size_t n, long double lambda, long double *value, int *decimals);

/* The step's own name for what a learner may call it ("λ", "eigenvalues", "WᵀW", "W'W", …) in name[24];
   NULL: unknown. */
const char *ls_step_key(const char *what, char name[24]);
extern const char ls_step_names[];

/* Appends the verdict, one line without its end. LSV_EVALUE: no such step here. *level may be NULL. */
lsv_status ls_check_answer(ls_walk *w, const char *key, const ls_answer *a, lsv_text *verdict, ls_level *level, lsv_error *err);

/* ---- inside (checker.c, check_vectors.c, check_matrices.c) ---- */

/* The truth as numbers, of W or of Z. */
typedef struct ls_facts {
    int m, n, r, rows, cols; /* of A; of W */
    bool wide;
    lsv_exact_svd *svd;
    long double A[LS_SIDE][LS_SIDE], G[LS_SIDE][LS_SIDE], H[LS_SIDE][LS_SIDE], chi[LS_SIDE + 1], lambda[LS_SIDE], sigma[LS_SIDE];
    long double w[LS_SIDE][LS_SIDE], v[LS_SIDE][LS_SIDE], aw[LS_SIDE][LS_SIDE], u[LS_SIDE][LS_SIDE]; /* [vector][component] */
    bool repeated[LS_SIDE];
    const char *gram, *other, *vn, *un, *Vn, *Un, *An;
} ls_facts;

typedef struct ls_case { /* one check under way */
    ls_walk *walk;
    ls_learner *mine;
    const ls_facts *t;
    const ls_answer *a;
    lsv_text *out;
    ls_level level;
} ls_case;

ls_level ls_entry_level(const ls_entry *e, long double t);
ls_level ls_worst(const ls_answer *a, const long double *truth); /* of the same size, row-major */
int ls_answer_digits(const ls_answer *a);
void ls_say_level(lsv_text *t, ls_level level, int digits);
void ls_say_number(lsv_text *t, long double x, int digits);      /* whole numbers without point */
void ls_say_entries(ls_case *c, const long double *truth, int most);
/* ONE factor f with every |x_i - f ref_i| within the rounding of x_i. */
ls_level ls_parallel(const ls_entry *const *x, const long double *ref, int n);

void ls_check_first(ls_case *c, int only);   /* V (U of a wide matrix); only >= 0: that column */
void ls_check_second(ls_case *c, int only);
void ls_check_direction(ls_case *c, int j);  /* an unnormalised eigenvector */
void ls_check_gram(ls_case *c, bool other);
void ls_check_charmat(ls_case *c, bool other);
void ls_check_chi(ls_case *c);
void ls_check_lambda(ls_case *c, bool other);
void ls_check_sigma(ls_case *c);
void ls_check_S(ls_case *c);
void ls_check_term(ls_case *c, int j);
void ls_check_sum(ls_case *c);

#endif
