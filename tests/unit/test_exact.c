/* Exact rationals, surds, factors, and the exact singular value decomposition. */
#include "exact/exact.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "check.h"

static const char *shown(lsv_text *t) { return t->data ? t->data : ""; }

#define CHECK_SHOWN(call, want)                                                                    \
    do {                                                                                           \
        lsv_text shown_text_ = {0};                                                                \
        lsv_text *t = &shown_text_;                                                                \
        call;                                                                                      \
        CHECK_TEXT(shown(t), want);                                                                \
        lsv_text_free(t);                                                                          \
    } while (0)

/* "4 0; 3 -5; 0 2" */
static lsv_qmatrix matrix(lsv_pool *p, const char *text) {
    char copy[512], *save_row, *save;
    lsv_q *at = lsv_pool_q(p, 64);
    lsv_qmatrix m = {0, 0, at};
    int n = 0;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *row = strtok_r(copy, ";", &save_row); row; row = strtok_r(NULL, ";", &save_row)) {
        for (char *e = strtok_r(row, " ", &save); e; e = strtok_r(NULL, " ", &save)) CHECK(lsv_q_parse(e, strlen(e), at + n++, NULL) == LSV_OK);
        m.rows++;
    }
    m.cols = n / m.rows;
    return m;
}

static void rationals(void) {
    static const struct { const char *text, *exact, *two; } good[] = {
        {"3", "3", "3.00"}, {"-2/7", "-2/7", "-0.29"}, {"0.25", "1/4", "0.25"}, {"1.5e-2", "3/200", "0.02"}, {" -0.125 ", "-1/8", "-0.13"}, {"+7", "7", "7.00"}, {"2e3", "2000", "2000.00"},
        {"0.005", "1/200", "0.01"}, {"-0.001", "-1/1000", "0.00"}, {"6/4", "3/2", "1.50"}, {".5", "1/2", "0.50"}, {"3.", "3", "3.00"}};
    static const char *const bad[] = {"", "x", "1/0", "1..2", "1/", "--1", "1e", "1e999", "nan", "1 2", "0x10"};
    mpq_t q;
    mpq_init(q);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CHECK(lsv_q_parse(good[i].text, strlen(good[i].text), q, NULL) == LSV_OK);
        CHECK_SHOWN(lsv_q_text(t, q), good[i].exact);
        CHECK_SHOWN(lsv_q_decimal(t, q, 2), good[i].two);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK(lsv_q_parse(bad[i], strlen(bad[i]), q, NULL) == LSV_EVALUE);
    CHECK(lsv_q_from_double(0.1, q, NULL, NULL) == LSV_OK);
    CHECK_SHOWN(lsv_q_text(t, q), "1/10");
    CHECK(lsv_q_from_double(-2.5e-3, q, NULL, NULL) == LSV_OK);
    CHECK_SHOWN(lsv_q_text(t, q), "-1/400");
    CHECK(lsv_q_from_double(NAN, q, NULL, NULL) == LSV_EVALUE);
    CHECK(lsv_q_from_double(1e300, q, NULL, NULL) == LSV_EVALUE);
    mpq_clear(q);
}

/* The eigenvalues and singular values of one matrix as texts, ';' between. */
static void values(const char *W, const char *chi, const char *lambda, const char *sigma, int rank) {
    lsv_pool p = {0};
    lsv_exact_svd *s;
    lsv_qmatrix m = matrix(&p, W);
    CHECK(lsv_exact_svd_new(&m, &s, NULL) == LSV_OK);
    lsv_text l = {0}, g = {0};
    for (int i = 0; i < s->n; i++) {
        lsv_exact_value *v = &s->value[i];
        if (i) {
            lsv_text_puts(&l, "; ");
            lsv_text_puts(&g, "; ");
        }
        lsv_lambda_text(&l, v->field, v->root);
        lsv_sqrt_text(&g, v->field, v->root, v->field->lambda);
    }
    CHECK_SHOWN(lsv_poly_text(t, s->charpoly, s->n, "λ"), chi);
    CHECK_TEXT(shown(&l), lambda);
    CHECK_TEXT(shown(&g), sigma);
    CHECK(s->rank == rank);
    lsv_qmatrix sum = lsv_exact_sum(s);
    for (int i = 0; i < m.rows * m.cols; i++) CHECK(mpq_equal(sum.at + i, m.at + i));
    lsv_q *room = lsv_pool_q(&p, LSV_EXACT_MAX);
    for (int i = 0; i < s->m; i++) /* A = U Σ Vᵀ in doubles */
        for (int j = 0; j < s->n; j++) {
            double x = 0;
            for (int k = 0; k < s->rank; k++) {
                lsv_exact_value *v = &s->value[k];
                double sigma_k = lsv_real_double((lsv_real){.field = v->field, .root = v->root, .x = v->field->lambda, .sqrt = true});
                x += lsv_real_double(lsv_exact_u(s, k, i, room)) * sigma_k * lsv_real_double(lsv_exact_v(s, k, j, room));
            }
            CHECK_NEAR(x, mpq_get_d(lsv_qm(&s->A, i, j)), 1e-12);
        }
    lsv_text_free(&l);
    lsv_text_free(&g);
    lsv_exact_svd_free(s);
    lsv_pool_free(&p);
}

static void decompositions(void) {
    values("4 0; 3 -5; 0 2", "λ² - 54λ + 500", "27 + √229; 27 - √229", "√(27 + √229); √(27 - √229)", 2);
    values("4 3 0; 0 -5 2", "λ² - 54λ + 500", "27 + √229; 27 - √229", "√(27 + √229); √(27 - √229)", 2);
    values("0.5 1.25; -2 0.75", "λ² - (51/8)λ + 529/64", "(51 + √485)/16; (51 - √485)/16", "(√194 + √10)/8; (√194 - √10)/8", 2);
    values("1 1; 0 1", "λ² - 3λ + 1", "(3 + √5)/2; (3 - √5)/2", "(√5 + 1)/2; (√5 - 1)/2", 2);
    values("2 -1 2; 4 -2 4; 4 -2 4", "λ³ - 81λ²", "81; 0; 0", "9; 0; 0", 1);
    values("0 0 0; 0 0 0", "λ²", "0; 0", "0; 0", 0);
    values("-7", "λ - 49", "49", "7", 1);
    values("1 0; 0 1.0001", "λ² - (200020001/100000000)λ + 100020001/100000000", "100020001/100000000; 1", "10001/10000; 1", 2);
    values("1 2 0 0; 3 4 0 0; 0 0 1 1; 0 0 0 1", "λ⁴ - 33λ³ + 95λ² - 42λ + 4", "15 + √221; (3 + √5)/2; (3 - √5)/2; 15 - √221", "(√34 + √26)/2; (√5 + 1)/2; (√5 - 1)/2; (√34 - √26)/2", 4);
    values("1 1 1 1; 1 -1 1 -1; 1 1 -1 -1; 1 -1 -1 1", "λ⁴ - 16λ³ + 96λ² - 256λ + 256", "4; 4; 4; 4", "2; 2; 2; 2", 4);
}

/* The bug of a prototype: a root near 0.114 taken for the root 0 that is there as well. */
static void near_misses(void) {
    values("1 1 0; 0 1 1; 0 0 1; 0 0 0", "λ³ - 5λ² + 6λ - 1", "root 1 (largest first) of λ³ - 5λ² + 6λ - 1; root 2 (largest first) of λ³ - 5λ² + 6λ - 1; root 3 (largest first) of λ³ - 5λ² + 6λ - 1",
           "√(root 1 (largest first) of λ³ - 5λ² + 6λ - 1); √(root 2 (largest first) of λ³ - 5λ² + 6λ - 1); √(root 3 (largest first) of λ³ - 5λ² + 6λ - 1)", 3);
    values("4 4; -3 3", "λ² - 50λ + 576", "32; 18", "4√2; 3√2", 2);
    values("3 1; 1 3; 0 0", "λ² - 20λ + 64", "16; 4", "4; 2", 2);
}

/* Digits come from the exact value at any length. */
static void decimals(void) {
    lsv_pool p = {0};
    lsv_exact_svd *s;
    lsv_qmatrix m = matrix(&p, "4 0; 3 -5; 0 2");
    CHECK(lsv_exact_svd_new(&m, &s, NULL) == LSV_OK);
    lsv_exact_value *v = &s->value[0];
    lsv_real lambda = {.field = v->field, .root = 0, .x = v->field->lambda}, sigma = lambda;
    sigma.sqrt = true;
    CHECK_SHOWN(lsv_real_decimal(t, lambda, 40), "42.1327459504215559271918620493410652117249");
    CHECK_SHOWN(lsv_real_decimal(t, sigma, 29), "6.49097419116896165210490466495");
    CHECK_SHOWN(lsv_real_decimal(t, lambda, 0), "42");
    CHECK(lsv_real_compare(lambda, sigma) > 0);
    CHECK_NEAR((double)lsv_real_long(sigma), 6.4909741911689616, 1e-15);
    CHECK(s->unique_w && s->unique_terms && s->ncompletion == 1);
    lsv_exact_svd_free(s);
    lsv_pool_free(&p);
}

static void refusals(void) {
    lsv_pool p = {0};
    lsv_exact_svd *s;
    lsv_error err;
    lsv_qmatrix wide = lsv_qmatrix_new(&p, 2, 9), deep = matrix(&p, "1 2; 3 4");
    CHECK(lsv_exact_svd_new(&wide, &s, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "exact work is offered up to 8×8; this matrix is 2×9");
    mpz_ui_pow_ui(mpq_numref(deep.at), 10, 60);
    CHECK(lsv_exact_svd_new(&deep, &s, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "the entries have too many digits for exact work");
    lsv_pool_free(&p);
}

/* Every allocation failed once, in turn: an error each time, and nothing leaks. */
static void memory(void) {
    lsv_pool p = {0};
    lsv_qmatrix m = matrix(&p, "1 1 0; 0 1 1; 0 0 1");
    long live = lsv_alloc_live();
    int failures = 0;
    for (long k = 1; k < 2000; k++) {
        lsv_exact_svd *s = NULL;
        lsv_alloc_fail_at(k);
        lsv_status status = lsv_exact_svd_new(&m, &s, NULL);
        lsv_alloc_fail_at(0);
        if (status == LSV_OK) {
            lsv_exact_svd_free(s);
            CHECK(lsv_alloc_live() == live);
            break;
        }
        failures++;
        CHECK(status == LSV_ENOMEM);
        CHECK(lsv_alloc_live() == live);
    }
    CHECK(failures > 10);
    lsv_pool_free(&p);
}

int main(void) {
    rationals();
    decompositions();
    near_misses();
    decimals();
    refusals();
    memory();
    return check_done();
}
