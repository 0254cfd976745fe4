/* Low-rank factors: optimal, to the achieved error they report, by number and by rule. */
#include "lora/lora.h"
#include "matrices.h"

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

static void by_number(void) {
    lsv_array *W = noise2(9, 6, 3), *B = NULL, *A = NULL;
    lsv_lora_info info;
    for (int split = 0; split < 3; split++)
        for (ptrdiff_t r = 0; r <= 6; r++) {
            CHECK(lsv_lora(W, LSV_RANK_RULE(r), (lsv_split)split, &B, &A, &info, &oops) == LSV_OK);
            CHECK(has_shape(B, 2, 9, r) && has_shape(A, 2, r, 6) && info.rank == r);
            double error = relative_error(W, B, A);
            CHECK_NEAR(error, info.error, 1e-13);
            CHECK(error <= info.bound);
        }
    CHECK(lsv_lora(W, LSV_RANK_RULE(7), LSV_SPLIT_SQRT, &B, &A, NULL, &oops) == LSV_EVALUE);
    FAIL_EACH_ALLOCATION(status = lsv_lora(W, LSV_RANK_RULE(2), LSV_SPLIT_SQRT, &B, &A, NULL, NULL), lsv_release(B);
                         lsv_release(A));
    lsv_release(W);
}

static ptrdiff_t rank_by(const lsv_array *W, lsv_rank_rule rule) {
    lsv_array *B, *A;
    lsv_lora_info info;
    if (lsv_lora(W, rule, LSV_SPLIT_SQRT, &B, &A, &info, &oops) != LSV_OK) return -1;
    double error = relative_error(W, B, A);
    CHECK(error <= info.bound * (1 + 1e-12));
    return info.rank;
}

/* On diagonal matrices the answers are known: 2^-i at 12 of them, small ones and one that is iterated for. */
static void by_rule(ptrdiff_t size) {
    lsv_array *W = NULL;
    CHECK(lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 2, (ptrdiff_t[]){size, size}, &W, NULL) == LSV_OK);
    double s[12], all = 0;
    for (ptrdiff_t i = 0; i < 12; i++) all += pow(s[i] = pow(2, -(double)i), 2);
    for (ptrdiff_t i = 0; i < 12; i++) ((double *)lsv_data(W))[i * size + (5 * i + 3) % size] = s[i];
    for (ptrdiff_t r = 0; r <= 12; r++) {
        double rest = 0;
        for (ptrdiff_t i = r; i < 12; i++) rest += s[i] * s[i];
        lsv_rank_rule rule = LSV_RANK_RULE(-1);
        rule.tol = sqrt(rest / all) * (1 + 1e-9) + 1e-12;
        CHECK(rank_by(W, rule) == r);
        if (r < 9) {
            rule = LSV_RANK_RULE(-1);
            rule.energy = fmax(1 - rest / all - 1e-9, 0);
            CHECK(rank_by(W, rule) == r);
        }
        if (r > 0) {
            rule = LSV_RANK_RULE(-1);
            rule.ratio = s[r - 1] * (1 - 1e-9);
            CHECK(rank_by(W, rule) == r);
            rule.max_rank = r / 2;
            CHECK(rank_by(W, rule) == r / 2);
            rule.max_rank = -1, rule.tol = 0.2; /* both must hold: 0.2 takes 3 values */
            CHECK(rank_by(W, rule) == (r > 3 ? r : 3));
        }
    }
    CHECK(rank_by(W, LSV_RANK_RULE(-1)) == 12);
    lsv_release(W);
}

static void refused(void) {
    lsv_array *W = noise2(4, 3, 1), *B, *A;
    lsv_rank_rule rule = LSV_RANK_RULE(-1);
    rule.tol = -1;
    CHECK(lsv_lora(W, rule, LSV_SPLIT_SQRT, &B, &A, NULL, &oops) == LSV_EVALUE);
    rule = LSV_RANK_RULE(-1), rule.energy = 1.5;
    CHECK(lsv_lora(W, rule, LSV_SPLIT_SQRT, &B, &A, NULL, &oops) == LSV_EVALUE);
    rule = LSV_RANK_RULE(-1), rule.ratio = 2;
    CHECK(lsv_lora(W, rule, LSV_SPLIT_SQRT, &B, &A, NULL, &oops) == LSV_EVALUE);
    ((double *)lsv_data(W))[5] = INFINITY;
    CHECK(lsv_lora(W, LSV_RANK_RULE(1), LSV_SPLIT_SQRT, &B, &A, NULL, &oops) == LSV_ELINALG);
    lsv_release(W);
}

/* The difference of two float32 matrices: its rank comes back, and what their rounding has cost is said. */
static void difference(void) {
    ptrdiff_t m = 60, n = 50;
    lsv_array *base = noise(LSV_NUMPY, LSV_FLOAT32, 2, (ptrdiff_t[]){m, n}, 7), *tuned = NULL, *B = NULL, *A = NULL;
    lsv_array *low = times(noise2(m, 3, 8), noise2(3, n, 9)), *exact = NULL;
    CHECK(lsv_copy(base, &tuned, NULL) == LSV_OK && lsv_copy(low, &exact, NULL) == LSV_OK);
    for (ptrdiff_t i = 0; i < m * n; i++) {
        float *t = (float *)lsv_data(tuned);
        double b = t[i];
        t[i] = (float)(b + 1e-3 * at(low, i));
        ((double *)lsv_data(exact))[i] = t[i] - b;
    }
    lsv_lora_info info;
    CHECK(lsv_lora_difference(base, tuned, LSV_RANK_RULE(3), LSV_SPLIT_SQRT, &B, &A, &info, &oops) == LSV_OK);
    CHECK(B->dtype == LSV_FLOAT32);
    double error = relative_error(exact, B, A);
    CHECK_NEAR(error, info.error, 1e-6);
    CHECK(error <= info.bound);
    /* the noise is the rounding of both, so what rank 3 cannot catch is of its size */
    CHECK(info.floor > 0.5 * error && info.floor < 4 * error);
    lsv_array *small = noise2(4, 4, 1);
    CHECK(lsv_lora_difference(base, small, LSV_RANK_RULE(3), LSV_SPLIT_SQRT, &B, &A, &info, &oops) == LSV_EVALUE);
    lsv_release(small), lsv_release(base), lsv_release(tuned), lsv_release(low), lsv_release(exact);
}

/* 16-bit storage: computed in float64, factors in float32, and a floor of the type's own. */
static void halves(void) {
    const lsv_dtype types[] = {LSV_FLOAT16, LSV_BFLOAT16};
    const double eps[] = {0x1p-10, 0x1p-7};
    for (int i = 0; i < 2; i++) {
        lsv_array *W = noise(LSV_TORCH, types[i], 2, (ptrdiff_t[]){30, 20}, 11), *B, *A;
        lsv_lora_info info;
        CHECK(lsv_lora(W, LSV_RANK_RULE(4), LSV_SPLIT_SQRT, &B, &A, &info, &oops) == LSV_OK);
        CHECK(B->dtype == LSV_FLOAT32 && B->kind == LSV_TORCH && relative_error(W, B, A) <= info.bound);
        CHECK(info.floor > 0.1 * eps[i] && info.floor < 0.3 * eps[i]);
        lsv_release(W);
    }
}

/* The floor at both ends of the range of numbers, and where the norm is beyond it. */
static void extreme_floors(void) {
    const double sizes[] = {1, 1e300, 1e-300, 1e-310};
    double first = 0;
    for (int i = 0; i < 4; i++) {
        lsv_array *W = noise2(30, 20, 3), *B, *A;
        lsv_lora_info info;
        for (ptrdiff_t j = 0; j < W->size; j++) ((double *)lsv_data(W))[j] *= sizes[i];
        CHECK(lsv_lora(W, LSV_RANK_RULE(4), LSV_SPLIT_SQRT, &B, &A, &info, &oops) == LSV_OK);
        if (i == 0) first = info.floor;
        /* scaling by a power of ten moves exponents about; subnormal numbers have a few digits only */
        CHECK(i < 3 ? info.floor > 0.5 * first && info.floor < 2 * first : info.floor > 1e-16 && info.floor < 1e-12);
        lsv_release(W), lsv_release(B), lsv_release(A);
    }
}

int main(void) {
    by_number();
    by_rule(14);
    by_rule(300);
    refused();
    difference();
    halves();
    extreme_floors();
    return check_done();
}
