/* Low-rank factors: the best rank-r approximation of a matrix, and the sum of many low-rank
   updates. B is m x r, A is r x n, B @ A the update. */
#ifndef LSV_LORA_LORA_H
#define LSV_LORA_LORA_H

#include "array/array.h"
#include "linalg/truncated.h"

/* B = U sqrt(S), A = sqrt(S) Vh;  B = U S, A = Vh;  B = U, A = S Vh. */
typedef enum lsv_split { LSV_SPLIT_SQRT, LSV_SPLIT_LEFT, LSV_SPLIT_RIGHT } lsv_split;

typedef struct lsv_lora_info {
    ptrdiff_t rank;
    double error, bound; /* |W - BA| / |W|, Frobenius: as computed; what it certainly does not exceed */
    double floor;        /* |W's own rounding| / |W|: what storing W in its type has cost already     */
    double norm;         /* |W| */
    double residual;     /* of the triplets (truncated.h); 0 where none were iterated for         */
    int iterations;
    const char *method;
} lsv_lora_info;

/* How the rank is chosen: by number (r >= 0), or the smallest that satisfies every rule given (NAN: not given):
   a relative Frobenius error of at most `tol`; a share `energy` of |W|^2; or all of the values from `ratio` * s_1 on.
   None given: the numerical rank. max_rank (< 0: none) caps the outcome. Rank 0 is an answer. */
typedef struct lsv_rank_rule {
    ptrdiff_t r;
    double tol, energy, ratio;
    ptrdiff_t max_rank;
} lsv_rank_rule;

#define LSV_RANK_RULE(number) ((lsv_rank_rule){(number), (double)NAN, (double)NAN, (double)NAN, -1})

/* Eckart-Young: B @ A is the best approximation in every unitarily invariant norm. No entry is
   clamped. Large matrices are not decomposed in full (truncated.h). info may be NULL, and is best so where it is not wanted:
   the noise floor takes a pass over W. */
lsv_status lsv_lora(const lsv_array *W, lsv_rank_rule rule, lsv_split split, lsv_array **B, lsv_array **A, lsv_lora_info *info, lsv_error *err);

/* The same of tuned - base; the difference is formed in float64 (16-bit and float32 operands are exact there), and
   the factors come back in float32 or float64 as for W. The floor is that of both operands' rounding. */
lsv_status lsv_lora_difference(const lsv_array *base, const lsv_array *tuned, lsv_rank_rule rule, lsv_split split, lsv_array **B, lsv_array **A, lsv_lora_info *info, lsv_error *err);

/* ---- the sum of many clients' updates ---- */

typedef enum lsv_aggregate_method {
    LSV_AGGREGATE_EXACT,   /* factors in, factors out; formed densely only where that is smaller      */
    LSV_AGGREGATE_DENSE,   /* the full matrices summed, and decomposed: the same answer               */
    LSV_AGGREGATE_SVD,     /* weighted mean of the clients' singular values, in the bases of the first of
                              the widest clients: right when all share their bases, else not           */
    LSV_AGGREGATE_FEDAVG,  /* weighted means of the B and of the A (equal ranks)                        */
    LSV_AGGREGATE_ZEROPAD, /* the same, ranks padded with zeros                                        */
    LSV_AGGREGATE_HETLORA  /* the same, weights multiplied by |B_i A_i| and normalised                  */
} lsv_aggregate_method;

typedef struct lsv_federation {
    lsv_array *const *Bs, *const *As; /* n of each */
    int n;
    const double *weights;            /* NULL: 1/n each; any sign        */
    const double *alphas;             /* NULL: no scale; else client i's update is alpha_i / r_i B_i A_i */
    bool rslora;                      /* alpha_i / sqrt(r_i) instead      */
} lsv_federation;

typedef struct lsv_aggregate_info {
    const char *method; /* what was done: "factored", "dense", "svd", …                        */
    ptrdiff_t rank;     /* of this output                                                      */
    ptrdiff_t inner;    /* the clients' ranks added up                                         */
    double error;       /* |BA - exact sum| / |exact sum|, Frobenius                           */
    double norm;        /* |exact sum|                                                         */
    bool shared;        /* LSV_AGGREGATE_SVD: the clients do share their bases                 */
} lsv_aggregate_info;

/* B[j], A[j] of sum_i w_i s_i B_i A_i for each of `count` output ranks r[j], from one factorisation (r[j] < 0: the exact
   numerical rank; larger than there is: all there is). infos (count of them) may be NULL. */
lsv_status lsv_aggregate_many(const lsv_federation *f, lsv_aggregate_method method, const ptrdiff_t *r, int count, lsv_split split, lsv_array **B, lsv_array **A, lsv_aggregate_info *infos, lsv_error *err);

/* The same with each output rank chosen by a rule against the sum's values (rule.r < 0 and no other given: as above). */
lsv_status lsv_aggregate_rules(const lsv_federation *f, lsv_aggregate_method method, const lsv_rank_rule *rules, int count, lsv_split split, lsv_array **B, lsv_array **A, lsv_aggregate_info *infos, lsv_error *err);

#endif
