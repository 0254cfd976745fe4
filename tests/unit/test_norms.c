/* Norms of every order, condition numbers, ranks. */
#include "matrices.h"

static const lsv_norm_order none = {LSV_NORM_DEFAULT, 0}, fro = {LSV_NORM_FRO, 0}, nuc = {LSV_NORM_NUC, 0},
                            inf = {LSV_NORM_INF, 0}, ninf = {LSV_NORM_NEG_INF, 0};
static lsv_norm_order p(double x) { return (lsv_norm_order){LSV_NORM_P, x}; }

static double norm(const lsv_array *a, lsv_norm_order ord, int naxes, int axis0, int axis1) {
    lsv_array *r = NULL;
    if (lsv_norm(a, ord, naxes, (int[]){axis0, axis1}, false, &r, &oops) != LSV_OK) return -1;
    double x = r->ndim == 0 ? at(r, 0) : -2;
    lsv_release(r);
    return x;
}
#define NORM(a, ord) norm(a, ord, -1, 0, 0)

static void vectors(void) {
    lsv_array *v = VECTOR(4, 3, -4, 0, 12);
    CHECK_NEAR(NORM(v, none), 13, 1e-15);
    CHECK_NEAR(NORM(v, p(2)), 13, 1e-15);
    CHECK(NORM(v, p(1)) == 19 && NORM(v, inf) == 12 && NORM(v, ninf) == 0 && NORM(v, p(0)) == 3 &&
          NORM(v, p(INFINITY)) == 12);
    CHECK_NEAR(NORM(v, p(3)), cbrt(27 + 64 + 1728), 1e-15);
    CHECK(NORM(v, nuc) == -1);
    CHECK_TEXT(oops.message, "Invalid norm order 'nuc' for vectors");
    lsv_release(v);
}

static void matrices(void) {
    lsv_array *a = MATRIX(2, 3, 1, -2, 3, 4, 5, -6), *t = NULL, *r = NULL;
    CHECK_NEAR(NORM(a, none), sqrt(91), 1e-15);
    CHECK_NEAR(NORM(a, fro), sqrt(91), 1e-15);
    CHECK(NORM(a, p(1)) == 9 && NORM(a, p(-1)) == 5 && NORM(a, inf) == 15 && NORM(a, ninf) == 6);
    double s2 = NORM(a, p(2)), sm2 = NORM(a, p(-2));
    CHECK_NEAR(s2 * s2 + sm2 * sm2, 91, 1e-14);
    CHECK_NEAR(NORM(a, nuc), s2 + sm2, 1e-14);
    CHECK(norm(a, p(1), 2, 1, 0) == 15); /* axes the other way round */
    CHECK(NORM(a, p(3)) == -1);
    CHECK_TEXT(oops.message, "Invalid norm order for matrices.");
    CHECK(lsv_norm(a, none, 1, (int[]){-1}, false, &r, NULL) == LSV_OK && has_shape(r, 1, 2, 0));
    CHECK_NEAR(at(r, 0), sqrt(14), 1e-15);
    lsv_release(r);
    CHECK(lsv_norm(a, p(1), 1, (int[]){0}, true, &r, NULL) == LSV_OK && has_shape(r, 2, 1, 3) &&
          at(r, 2) == 9);
    lsv_release(r);
    CHECK(lsv_norm(a, none, -1, NULL, true, &r, NULL) == LSV_OK && has_shape(r, 2, 1, 1));
    lsv_release(r);
    CHECK(norm(a, none, 2, 0, 0) == -1);
    CHECK(lsv_transpose(a, NULL, &t, NULL) == LSV_OK);
    CHECK_NEAR(NORM(t, none), sqrt(91), 1e-15);
    FAIL_EACH_ALLOCATION(status = lsv_norm(t, p(3), 1, (int[]){0}, true, &r, NULL), lsv_release(r));
    FAIL_EACH_ALLOCATION(status = lsv_norm(t, nuc, -1, NULL, true, &r, NULL), lsv_release(r));
    FAIL_EACH_ALLOCATION(status = lsv_norm(t, p(0), 1, (int[]){0}, false, &r, NULL), lsv_release(r));
    lsv_release(t), lsv_release(a);
    lsv_array *ints = NULL;
    CHECK(lsv_full(LSV_NUMPY, LSV_INT64, 2, (ptrdiff_t[]){2, 2}, lsv_scalar_int(2), &ints, NULL) == LSV_OK);
    CHECK(NORM(ints, none) == 4);
    lsv_release(ints);
}

static double cond(const lsv_array *a, lsv_norm_order ord) {
    lsv_array *r = NULL;
    if (lsv_cond(a, ord, &r, &oops) != LSV_OK) return -1;
    double x = at(r, 0);
    lsv_release(r);
    return x;
}

static void conditions(void) {
    lsv_array *d = MATRIX(2, 2, 4, 0, 0, 0.5), *z = MATRIX(2, 2, 0, 0, 0, 0), *w = noise2(2, 3, 1), *r = NULL;
    CHECK_NEAR(cond(d, none), 8, 1e-15);
    CHECK_NEAR(cond(d, p(-2)), 0.125, 1e-15);
    CHECK_NEAR(cond(d, p(1)), 8, 1e-15);
    CHECK_NEAR(cond(d, inf), 8, 1e-15);
    CHECK_NEAR(cond(d, fro), 16.25 / 2, 1e-15);
    CHECK(isinf(cond(z, none)) && isinf(cond(z, p(1))));
    CHECK(cond(w, none) >= 1 && cond(w, p(1)) == -1 && oops.status == LSV_ELINALG);
    FAIL_EACH_ALLOCATION(status = lsv_cond(d, fro, &r, NULL), lsv_release(r));
    lsv_release(d), lsv_release(z), lsv_release(w);
}

static int64_t rank(const lsv_array *a, double tol, double rtol, bool hermitian) {
    lsv_array *r = NULL;
    if (lsv_matrix_rank(a, tol, rtol, hermitian, &r, &oops) != LSV_OK) return -1;
    int64_t x = (int64_t)at(r, 0);
    CHECK(r->dtype == LSV_INT64);
    lsv_release(r);
    return x;
}

static void ranks(void) {
    lsv_array *a = MATRIX(3, 3, 1, 0, 0, 0, 0.1, 0, 0, 0, 1e-20), *v = VECTOR(2, 0, 0), *z = NULL;
    CHECK(rank(a, NAN, NAN, false) == 2 && rank(a, NAN, NAN, true) == 2);
    CHECK(rank(a, 0.5, NAN, false) == 1 && rank(a, NAN, 1e-21, false) == 3);
    CHECK(rank(v, NAN, NAN, false) == 0);
    CHECK(lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 2, (ptrdiff_t[]){0, 3}, &z, NULL) == LSV_OK);
    CHECK(rank(z, NAN, NAN, false) == 0);
    lsv_release(a), lsv_release(v), lsv_release(z);
}

int main(void) {
    vectors();
    matrices();
    conditions();
    ranks();
    return check_done();
}
