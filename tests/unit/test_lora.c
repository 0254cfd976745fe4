/* Low-rank factors and their aggregation. */
#include "lora/lora.h"
#include "matrices.h"

static lsv_rank_rule by_number(ptrdiff_t r) { return (lsv_rank_rule){r, NAN, NAN}; }

/* |W - BA|_F / |W|_F; gives up B and A. */
static double relative_error(const lsv_array *W, lsv_array *B, lsv_array *A) {
    lsv_array *product = times(B, A);
    double off = 0, all = 0;
    for (ptrdiff_t i = 0; i < W->size; i++) {
        off += pow(at(W, i) - at(product, i), 2);
        all += pow(at(W, i), 2);
    }
    lsv_release(product);
    return sqrt(off / all);
}

static void lora(void) {
    lsv_array *W = noise2(9, 6, 3), *B = NULL, *A = NULL;
    lsv_lora_info info;
    for (int split = 0; split < 3; split++)
        for (ptrdiff_t r = 0; r <= 6; r++) {
            CHECK(lsv_lora(W, by_number(r), (lsv_split)split, &B, &A, &info, &oops) == LSV_OK);
            CHECK(has_shape(B, 2, 9, r) && has_shape(A, 2, r, 6) && info.rank == r);
            CHECK_NEAR(relative_error(W, B, A), info.error, 1e-13);
        }
    CHECK(lsv_lora(W, by_number(7), LSV_SPLIT_SQRT, &B, &A, NULL, &oops) == LSV_EVALUE);
    CHECK(lsv_lora(W, (lsv_rank_rule){-1, 0.4, NAN}, LSV_SPLIT_SQRT, &B, &A, &info, &oops) == LSV_OK);
    CHECK(info.error <= 0.4 && relative_error(W, B, A) <= 0.4);
    ptrdiff_t r = info.rank;
    CHECK(lsv_lora(W, by_number(r - 1), LSV_SPLIT_SQRT, &B, &A, &info, &oops) == LSV_OK && info.error > 0.4);
    lsv_release(B), lsv_release(A);
    CHECK(lsv_lora(W, (lsv_rank_rule){-1, NAN, 1 - 0.4 * 0.4}, LSV_SPLIT_SQRT, &B, &A, &info, &oops) ==
              LSV_OK &&
          info.rank == r);
    lsv_release(B), lsv_release(A);
    FAIL_EACH_ALLOCATION(status = lsv_lora(W, by_number(2), LSV_SPLIT_SQRT, &B, &A, NULL, NULL),
                         lsv_release(B);
                         lsv_release(A));
    lsv_array *low = times(noise2(9, 2, 4), noise2(2, 6, 5));
    CHECK(lsv_lora(low, by_number(-1), LSV_SPLIT_SQRT, &B, &A, &info, &oops) == LSV_OK && info.rank == 2);
    CHECK(relative_error(low, B, A) < 1e-14);
    lsv_release(low), lsv_release(W);
}

static void leading(void) {
    lsv_array *W = noise2(5, 7, 6), *U = NULL, *S = NULL, *Vh = NULL, *u = NULL, *s = NULL, *vh = NULL;
    CHECK(lsv_svd_leading(W, 2, &U, &S, &Vh, &oops) == LSV_OK && has_shape(U, 2, 5, 2) &&
          has_shape(S, 1, 2, 0) && has_shape(Vh, 2, 2, 7));
    CHECK(lsv_svd(W, false, LSV_SVD_AUTO, &u, &s, &vh, NULL) == LSV_OK);
    CHECK(at(U, 3) == at(u, 6) && at(S, 1) == at(s, 1) && at(Vh, 8) == at(vh, 8));
    lsv_release(U), lsv_release(S), lsv_release(Vh), lsv_release(u), lsv_release(s), lsv_release(vh);
    CHECK(lsv_svd_leading(W, 6, &U, &S, &Vh, &oops) == LSV_EVALUE);
    FAIL_EACH_ALLOCATION(status = lsv_svd_leading(W, 2, &U, &S, &Vh, NULL), lsv_release(U); lsv_release(S);
                         lsv_release(Vh));
    lsv_release(W);
}

/* Three clients of ranks k, k+1, k+2 on an m x n layer. */
static void aggregate(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const double *weights) {
    lsv_array *Bs[3], *As[3], *B = NULL, *A = NULL, *sum = NULL;
    lsv_lora_info info;
    CHECK(lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 2, (ptrdiff_t[]){m, n}, &sum, NULL) == LSV_OK);
    for (int i = 0; i < 3; i++) {
        Bs[i] = noise2(m, k + i, 10u + (unsigned)i);
        As[i] = noise2(k + i, n, 20u + (unsigned)i);
        lsv_array *update = times(lsv_ref(Bs[i]), lsv_ref(As[i]));
        for (ptrdiff_t e = 0; e < m * n; e++)
            ((double *)lsv_data(sum))[e] += (weights ? weights[i] : 1.0 / 3) * at(update, e);
        lsv_release(update);
    }
    CHECK(lsv_aggregate(Bs, As, weights, 3, -1, LSV_SPLIT_SQRT, &B, &A, &info, &oops) == LSV_OK);
    CHECK(relative_error(sum, B, A) < 1e-13);
    CHECK(lsv_aggregate(Bs, As, weights, 3, 2, LSV_SPLIT_LEFT, &B, &A, &info, &oops) == LSV_OK &&
          info.rank == 2);
    lsv_array *B2 = NULL, *A2 = NULL;
    lsv_lora_info best;
    CHECK(lsv_lora(sum, by_number(2), LSV_SPLIT_LEFT, &B2, &A2, &best, &oops) == LSV_OK);
    CHECK_NEAR(info.error, best.error, 1e-12);
    CHECK_NEAR(relative_error(sum, B, A), best.error, 1e-12);
    lsv_release(B2), lsv_release(A2);
    FAIL_EACH_ALLOCATION(status = lsv_aggregate(Bs, As, weights, 3, 2, LSV_SPLIT_SQRT, &B, &A, NULL, NULL),
                         lsv_release(B);
                         lsv_release(A));
    lsv_release(sum);
    lsv_array *wrong = noise2(m + 1, k, 1), *keep = Bs[2];
    Bs[2] = wrong;
    CHECK(lsv_aggregate(Bs, As, weights, 3, 2, LSV_SPLIT_SQRT, &B, &A, NULL, &oops) == LSV_EVALUE);
    Bs[2] = keep;
    lsv_release(wrong);
    for (int i = 0; i < 3; i++) lsv_release(Bs[i]), lsv_release(As[i]);
}

int main(void) {
    lora();
    leading();
    aggregate(12, 10, 2, NULL);
    aggregate(12, 10, 1, (const double[]){0.2, -0.5, 1.3});
    aggregate(5, 4, 4, NULL); /* more rank than the matrix has */
    return check_done();
}
