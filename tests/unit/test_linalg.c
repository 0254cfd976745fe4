/* Factorisations and systems: identities, shapes, signs, errors, NaN, running out of memory. */
#include "array/elementwise.h"
#include "base/interrupt.h"
#include "matrices.h"

static lsv_array *eye(ptrdiff_t n) {
    lsv_array *e = NULL;
    if (lsv_eye(LSV_NUMPY, LSV_FLOAT64, n, n, 0, &e, NULL) != LSV_OK) exit(2);
    return e;
}

/* |X^T X - I| */
static double not_orthogonal(lsv_array *x) {
    ptrdiff_t n = x->shape[1];
    return release_distance(times(transposed(lsv_ref(x)), lsv_ref(x)), eye(n));
}

static void svd_identities(ptrdiff_t m, ptrdiff_t n, lsv_svd_driver driver) {
    lsv_array *a = noise2(m, n, (unsigned)(m * 100 + n)), *U = NULL, *S = NULL, *Vh = NULL, *values = NULL;
    ptrdiff_t k = m < n ? m : n;
    CHECK(lsv_svd(a, false, driver, &U, &S, &Vh, &oops) == LSV_OK);
    CHECK(has_shape(U, 2, m, k) && has_shape(S, 1, k, 0) && has_shape(Vh, 2, k, n));
    CHECK(not_orthogonal(U) < 1e-13);
    lsv_array *scaled = NULL;
    CHECK(lsv_binary(LSV_OP_MUL, U, S, &scaled, NULL) == LSV_OK);
    CHECK(release_distance(times(scaled, lsv_ref(Vh)), lsv_ref(a)) <= 1e-13 * (double)(m + n));
    for (ptrdiff_t i = 1; i < k; i++) CHECK(at(S, i) <= at(S, i - 1) && at(S, i) >= 0);
    CHECK(lsv_svd(a, false, driver, NULL, &values, NULL, &oops) == LSV_OK && distance(values, S) < 1e-13);
    lsv_release(U), lsv_release(S), lsv_release(Vh), lsv_release(values);
    CHECK(lsv_svd(a, true, driver, &U, &S, &Vh, &oops) == LSV_OK);
    CHECK(has_shape(U, 2, m, m) && has_shape(Vh, 2, n, n));
    CHECK(not_orthogonal(U) < 1e-13 && not_orthogonal(Vh) < 1e-13);
    lsv_release(U), lsv_release(S), lsv_release(Vh), lsv_release(a);
}

static void svd(void) {
    static const ptrdiff_t sizes[][2] = {{1, 1},   {1, 5}, {5, 1}, {3, 3}, {6, 4},  {4, 6},
                                         {70, 40}, {0, 3}, {3, 0}, {0, 0}, {512, 3}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        svd_identities(sizes[i][0], sizes[i][1], LSV_SVD_AUTO);
        svd_identities(sizes[i][0], sizes[i][1], LSV_SVD_GESVD);
    }
    /* the signs LAPACK gives for the matrix itself, not for its transpose */
    lsv_array *w = MATRIX(3, 2, 4, 0, 3, -5, 0, 2), *U = NULL, *S = NULL, *Vh = NULL;
    CHECK(lsv_svd(w, false, LSV_SVD_AUTO, &U, &S, &Vh, NULL) == LSV_OK);
    CHECK_NEAR(at(S, 0) * at(S, 0) + at(S, 1) * at(S, 1), 54, 1e-14);
    lsv_release(U), lsv_release(S), lsv_release(Vh), lsv_release(w);
    lsv_array *f = noise(LSV_TORCH, LSV_FLOAT32, 3, (ptrdiff_t[]){2, 4, 3}, 5);
    CHECK(lsv_svd(f, false, LSV_SVD_AUTO, &U, &S, &Vh, NULL) == LSV_OK);
    CHECK(U->dtype == LSV_FLOAT32 && U->kind == LSV_TORCH && U->ndim == 3 && S->ndim == 2 &&
          S->shape[1] == 3);
    lsv_release(U), lsv_release(S), lsv_release(Vh), lsv_release(f);
}

/* What LAPACK gives for it, signs too, without the ways round that suit it. */
static void as_lapack(const lsv_array *a) {
    lsv_array *U = NULL, *S = NULL, *Vh = NULL, *u = NULL, *s = NULL, *vh = NULL, *values = NULL;
    CHECK(lsv_svd(a, false, LSV_SVD_AUTO, &U, &S, &Vh, &oops) == LSV_OK);
    CHECK(lsv_svd(a, false, LSV_SVD_GESDD, &u, &s, &vh, &oops) == LSV_OK);
    CHECK(lsv_svd(a, false, LSV_SVD_AUTO, NULL, &values, NULL, &oops) == LSV_OK);
    CHECK(distance(S, s) < 1e-11 && distance(values, s) < 1e-11);
    CHECK(distance(U, u) < 1e-9 && distance(Vh, vh) < 1e-9);
    lsv_release(U), lsv_release(S), lsv_release(Vh), lsv_release(values);
    lsv_release(u), lsv_release(s), lsv_release(vh);
}

/* Every other row and column of a, from the last row up. */
static lsv_array *sparse_view(lsv_array *a) {
    ptrdiff_t m = a->shape[0], n = a->shape[1];
    lsv_array *v = NULL;
    if (lsv_view_strided(a, 2, (ptrdiff_t[]){m / 2, n / 2}, (ptrdiff_t[]){-2 * n, 2}, (m - 1) * n, &v, NULL) != LSV_OK) exit(2);
    return v;
}

/* Long and wide ones, however they lie; the last, of condition 10^n, in its leading triplets. */
static void long_ones(void) {
    for (ptrdiff_t n = 16; n <= 32; n += 4) {
        lsv_array *rows = noise2(4200, n, (unsigned)n), *columns = noise2(n, 4200, 5), *twice = noise2(8000, 2 * n, 6);
        lsv_array *views[] = {rows, transposed(lsv_ref(rows)), columns, transposed(lsv_ref(columns)), sparse_view(twice)};
        for (int i = 0; i < 5; i++) as_lapack(views[i]);
        for (ptrdiff_t i = 0; i < rows->size; i++) ((double *)(void *)rows->data)[i] *= pow(10, -(double)(i % n));
        lsv_array *U = NULL, *S = NULL, *Vh = NULL;
        CHECK(lsv_svd(rows, false, LSV_SVD_AUTO, &U, &S, &Vh, &oops) == LSV_OK);
        CHECK(not_orthogonal(U) < 1e-13 && not_orthogonal(Vh) < 1e-13);
        lsv_array *scaled = NULL;
        CHECK(lsv_binary(LSV_OP_MUL, U, S, &scaled, NULL) == LSV_OK);
        CHECK(release_distance(times(scaled, Vh), lsv_ref(rows)) < 1e-12);
        lsv_release(U), lsv_release(S), lsv_release(twice);
        for (int i = 0; i < 5; i++) lsv_release(views[i]);
    }
}

static void qr(ptrdiff_t m, ptrdiff_t n) {
    lsv_array *a = noise2(m, n, 7), *Q = NULL, *R = NULL;
    for (int mode = 0; mode < 2; mode++) {
        CHECK(lsv_qr(a, mode ? LSV_QR_COMPLETE : LSV_QR_REDUCED, &Q, &R, &oops) == LSV_OK);
        ptrdiff_t k = mode || m < n ? m : n;
        CHECK(has_shape(Q, 2, m, k) && has_shape(R, 2, k, n) && not_orthogonal(Q) < 1e-13);
        for (ptrdiff_t i = 0; i < k; i++)
            for (ptrdiff_t j = 0; j < i && j < n; j++) CHECK(at(R, i * n + j) == 0);
        CHECK(release_distance(times(Q, R), lsv_ref(a)) < 1e-13);
    }
    CHECK(lsv_qr(a, LSV_QR_R, NULL, &R, &oops) == LSV_OK);
    lsv_release(R);
    lsv_release(a);
}

static void symmetric(void) {
    lsv_array *x = noise2(5, 5, 11), *a = times(lsv_ref(x), transposed(lsv_ref(x))), *w = NULL, *v = NULL,
              *L = NULL, *scaled = NULL;
    CHECK(lsv_eigh(a, false, &w, &v, &oops) == LSV_OK && not_orthogonal(v) < 1e-13);
    CHECK(lsv_binary(LSV_OP_MUL, v, w, &scaled, NULL) == LSV_OK);
    CHECK(release_distance(times(scaled, transposed(lsv_ref(v))), lsv_ref(a)) < 1e-13);
    for (int i = 1; i < 5; i++) CHECK(at(w, i) >= at(w, i - 1));
    lsv_release(w), lsv_release(v);
    CHECK(lsv_cholesky(a, false, &L, &oops) == LSV_OK && at(L, 1) == 0);
    CHECK(release_distance(times(lsv_ref(L), transposed(lsv_ref(L))), lsv_ref(a)) < 1e-13);
    lsv_release(L);
    CHECK(lsv_cholesky(a, true, &L, &oops) == LSV_OK && at(L, 5) == 0);
    CHECK(release_distance(times(transposed(lsv_ref(L)), lsv_ref(L)), lsv_ref(a)) < 1e-13);
    lsv_release(L);
    CHECK(lsv_eig_real(a, &w, &v, &oops) == LSV_OK);
    lsv_release(w), lsv_release(v), lsv_release(x), lsv_release(a);
    lsv_array *turn = MATRIX(2, 2, 0, 1, -1, 0);
    CHECK(lsv_eig_real(turn, &w, &v, &oops) == LSV_ENOTIMPL);
    CHECK(lsv_cholesky(turn, false, &L, &oops) == LSV_ELINALG);
    lsv_release(turn);
}

static void systems(void) {
    lsv_array *a = noise2(4, 4, 21), *b = noise2(4, 2, 22), *v = VECTOR(4, 1, 2, 3, 4), *x = NULL, *y = NULL;
    CHECK(lsv_solve(a, b, &x, &oops) == LSV_OK);
    CHECK(release_distance(times(lsv_ref(a), x), lsv_ref(b)) < 1e-13);
    CHECK(lsv_solve(a, v, &x, &oops) == LSV_OK && x->ndim == 1);
    CHECK(release_distance(times(lsv_ref(a), x), lsv_ref(v)) < 1e-13);
    CHECK(lsv_inv(a, &x, &oops) == LSV_OK);
    CHECK(release_distance(times(x, lsv_ref(a)), eye(4)) < 1e-13);
    lsv_array *two = MATRIX(2, 2, 1, 2, 3, 4);
    CHECK(lsv_det(two, &x, &oops) == LSV_OK && at(x, 0) == -2.0000000000000004); /* NumPy's digits */
    lsv_release(x);
    CHECK(lsv_slogdet(two, &x, &y, &oops) == LSV_OK && at(x, 0) == -1);
    CHECK_NEAR(at(y, 0), log(2), 1e-15);
    lsv_release(x), lsv_release(y);
    lsv_array *upper = MATRIX(2, 2, 2, 1, 0, 4), *rhs = VECTOR(2, 4, 8);
    CHECK(lsv_solve_triangular(upper, rhs, true, true, false, &x, &oops) == LSV_OK && at(x, 0) == 1 &&
          at(x, 1) == 2);
    lsv_release(x);
    lsv_array *lu = NULL, *piv = NULL;
    CHECK(lsv_lu(two, &lu, &piv, &oops) == LSV_OK && at(lu, 0) == 3 && at(piv, 0) == 2 &&
          piv->dtype == LSV_INT32);
    lsv_release(lu), lsv_release(piv);

    lsv_array *ones = MATRIX(2, 2, 1, 1, 1, 1), *tensor = NULL;
    CHECK(lsv_inv(ones, &x, &oops) == LSV_ELINALG);
    CHECK_TEXT(oops.message, "Singular matrix");
    CHECK(lsv_solve(ones, rhs, &x, &oops) == LSV_ELINALG);
    CHECK(lsv_det(ones, &x, &oops) == LSV_OK && at(x, 0) == 0);
    lsv_release(x);
    CHECK(lsv_as_kind(ones, LSV_TORCH, &tensor, NULL) == LSV_OK);
    CHECK(lsv_inv(tensor, &x, &oops) == LSV_ELINALG);
    CHECK_TEXT(oops.message, "linalg.inv: The diagonal element 2 is zero, the inversion could not be "
                             "completed because the input matrix is singular.");
    CHECK(lsv_solve(a, rhs, &x, &oops) == LSV_EVALUE && oops.operand == 1);
    CHECK(lsv_inv(b, &x, &oops) == LSV_ELINALG &&
          strstr(oops.message, "Last 2 dimensions of the array must be square"));
    CHECK(lsv_inv(v, &x, &oops) == LSV_ELINALG);
    lsv_release(a), lsv_release(b), lsv_release(v), lsv_release(two), lsv_release(upper), lsv_release(rhs),
        lsv_release(ones), lsv_release(tensor);
}

static void least_squares(void) {
    lsv_array *a = noise2(7, 3, 31), *b = noise2(7, 2, 32), *x = NULL, *r = NULL, *S = NULL, *first = NULL;
    int64_t rank = 0;
    for (int driver = 0; driver < 4; driver++) {
        CHECK(lsv_lstsq(a, b, -1, (lsv_lstsq_driver)driver, &x, &r, &rank, &S, &oops) == LSV_OK);
        CHECK(rank == 3 && has_shape(x, 2, 3, 2) && has_shape(r, 1, 2, 0));
        if (!first) first = lsv_ref(x);
        CHECK(distance(x, first) < 1e-13);
        lsv_release(x), lsv_release(r), lsv_release(S);
    }
    lsv_array *normal = times(transposed(lsv_ref(a)), times(lsv_ref(a), first)),
              *rhs = times(transposed(lsv_ref(a)), lsv_ref(b));
    CHECK(release_distance(normal, rhs) < 1e-13);
    lsv_array *flat = MATRIX(3, 2, 1, 1, 1, 1, 1, 1), *v = VECTOR(3, 0, 1, 2);
    for (int driver = 0; driver < 3; driver++) { /* rank 1: the shortest solution */
        CHECK(lsv_lstsq(flat, v, -1, (lsv_lstsq_driver)driver, &x, &r, &rank, NULL, &oops) == LSV_OK);
        CHECK(rank == 1 && r->size == 0 && x->ndim == 1);
        CHECK_NEAR(at(x, 0), 0.5, 1e-14);
        lsv_release(x), lsv_release(r);
    }
    CHECK(lsv_lstsq(flat, b, -1, LSV_GELSD, &x, NULL, NULL, NULL, &oops) == LSV_ELINALG);

    lsv_array *p = NULL;
    CHECK(lsv_pinv(a, -1, false, &p, &oops) == LSV_OK && has_shape(p, 2, 3, 7));
    CHECK(release_distance(times(p, lsv_ref(a)), eye(3)) < 1e-13);
    CHECK(lsv_pinv(flat, -1, false, &p, &oops) == LSV_OK);
    CHECK_NEAR(at(p, 0), 1.0 / 6, 1e-14);
    lsv_release(p), lsv_release(flat), lsv_release(v), lsv_release(a), lsv_release(b);
}

static void not_finite(void) {
    lsv_array *a = MATRIX(2, 3, 1, 2, 3, 4, 5, NAN), *s = MATRIX(2, 2, 1, 2, INFINITY, 1), *x = NULL,
              *y = NULL, *z = NULL;
    CHECK(lsv_svd(a, false, LSV_SVD_AUTO, &x, &y, &z, &oops) == LSV_ELINALG);
    CHECK_TEXT(oops.message, "svd: the matrix contains nan at [1, 2]");
    CHECK(lsv_qr(a, LSV_QR_REDUCED, &x, &y, &oops) == LSV_ELINALG);
    CHECK(lsv_eigh(s, false, &x, &y, &oops) == LSV_ELINALG);
    CHECK_TEXT(oops.message, "eigh: the matrix contains inf at [1, 0]");
    CHECK(lsv_cholesky(s, false, &x, &oops) == LSV_ELINALG &&
          lsv_pinv(a, -1, false, &x, &oops) == LSV_ELINALG);
    CHECK(lsv_eig_real(s, &x, &y, &oops) == LSV_ELINALG && lsv_lu(a, &x, &y, &oops) == LSV_ELINALG);
    CHECK(lsv_lstsq(a, a, -1, LSV_GELSD, &x, NULL, NULL, NULL, &oops) == LSV_ELINALG);
    CHECK(lsv_matrix_rank(a, NAN, NAN, false, &x, &oops) == LSV_ELINALG);
    lsv_release(a), lsv_release(s);
    s = MATRIX(2, 2, 1, NAN, 1, 1);
    CHECK(lsv_inv(s, &x, &oops) == LSV_OK && isnan(at(x, 0))); /* as NumPy */
    lsv_release(x), lsv_release(s);
    lsv_array *ints = NULL;
    CHECK(lsv_full(LSV_TORCH, LSV_INT64, 2, (ptrdiff_t[]){2, 2}, lsv_scalar_int(1), &ints, NULL) == LSV_OK);
    CHECK(lsv_svd(ints, false, LSV_SVD_AUTO, &x, &y, &z, &oops) == LSV_ENOTIMPL);
    lsv_release(ints);
    lsv_array *big = noise2(20, 20, 1);
    lsv_interrupt();
    CHECK(lsv_svd(big, false, LSV_SVD_AUTO, &x, &y, &z, &oops) == LSV_EINTR);
    lsv_interrupt_take();
    lsv_release(big);
}

static void memory(void) {
    lsv_array *a = noise(LSV_NUMPY, LSV_FLOAT32, 3, (ptrdiff_t[]){2, 60, 60}, 41), *m = noise2(9, 5, 42),
              *b = noise2(9, 2, 43), *tall = noise2(3400, 20, 44);
    lsv_array *x = NULL, *y = NULL, *z = NULL, *sym = times(lsv_ref(m), transposed(lsv_ref(m)));
    FAIL_EACH_ALLOCATION(status = lsv_svd(a, true, LSV_SVD_AUTO, &x, &y, &z, NULL), lsv_release(x);
                         lsv_release(y); lsv_release(z));
    FAIL_EACH_ALLOCATION(status = lsv_svd(a, true, LSV_SVD_GESVD, &x, &y, &z, NULL), lsv_release(x);
                         lsv_release(y); lsv_release(z));
    FAIL_EACH_ALLOCATION(status = lsv_svd(tall, false, LSV_SVD_AUTO, &x, &y, &z, NULL), lsv_release(x);
                         lsv_release(y); lsv_release(z));
    FAIL_EACH_ALLOCATION(status = lsv_qr(a, LSV_QR_REDUCED, &x, &y, NULL), lsv_release(x); lsv_release(y));
    FAIL_EACH_ALLOCATION(status = lsv_eigh(sym, false, &x, &y, NULL), lsv_release(x); lsv_release(y));
    FAIL_EACH_ALLOCATION(status = lsv_inv(a, &x, NULL), lsv_release(x));
    FAIL_EACH_ALLOCATION(status = lsv_solve(a, a, &x, NULL), lsv_release(x));
    FAIL_EACH_ALLOCATION(status = lsv_slogdet(a, &x, &y, NULL), lsv_release(x); lsv_release(y));
    FAIL_EACH_ALLOCATION(status = lsv_lu(a, &x, &y, NULL), lsv_release(x); lsv_release(y));
    FAIL_EACH_ALLOCATION(status = lsv_pinv(a, -1, false, &x, NULL), lsv_release(x));
    FAIL_EACH_ALLOCATION(status = lsv_pinv(sym, -1, true, &x, NULL), lsv_release(x));
    FAIL_EACH_ALLOCATION(status = lsv_matrix_power(a, 6, &x, NULL), lsv_release(x));
    for (int driver = 0; driver < 4; driver++)
        FAIL_EACH_ALLOCATION(status = lsv_lstsq(m, b, -1, (lsv_lstsq_driver)driver, &x, &y, NULL, &z, NULL),
                             lsv_release(x);
                             lsv_release(y); lsv_release(z));
    lsv_release(a), lsv_release(m), lsv_release(b), lsv_release(sym), lsv_release(tall);
}

int main(void) {
    svd();
    long_ones();
    qr(6, 4), qr(4, 6), qr(5, 5), qr(1, 3), qr(3, 1), qr(0, 2), qr(2, 0);
    symmetric();
    systems();
    least_squares();
    not_finite();
    memory();
    return check_done();
}
