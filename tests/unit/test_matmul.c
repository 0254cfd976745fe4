/* Products: against sums written out, for every way an operand can lie in memory. */
#include "base/interrupt.h"
#include "matrices.h"

/* A (m x k) @ B (k x n) against the triple loop; each operand plain, transposed or strided. */
static void against_loop(ptrdiff_t m, ptrdiff_t k, ptrdiff_t n, int la, int lb, lsv_dtype t) {
    lsv_array *base[2], *use[2], *c = NULL;
    ptrdiff_t rows[2] = {m, k}, cols[2] = {k, n};
    int lay[2] = {la, lb};
    for (int i = 0; i < 2; i++) {
        ptrdiff_t r = rows[i], q = cols[i];
        if (lay[i] == 0)
            base[i] = noise(LSV_NUMPY, t, 2, (ptrdiff_t[]){r, q}, 1u + (unsigned)i),
            use[i] = lsv_ref(base[i]);
        else if (lay[i] == 1) {
            base[i] = noise(LSV_NUMPY, t, 2, (ptrdiff_t[]){q, r}, 3u + (unsigned)i);
            CHECK(lsv_transpose(base[i], NULL, &use[i], NULL) == LSV_OK);
        } else { /* every other column of a wider matrix, backwards */
            base[i] = noise(LSV_NUMPY, t, 2, (ptrdiff_t[]){r, 2 * q + 1}, 5u + (unsigned)i);
            CHECK(lsv_view_strided(base[i], 2, (ptrdiff_t[]){r, q}, (ptrdiff_t[]){2 * q + 1, -2},
                                   q > 0 ? 2 * q - 1 : 0, &use[i], NULL) == LSV_OK);
        }
    }
    CHECK(lsv_matmul(use[0], use[1], &c, &oops) == LSV_OK);
    double worst = 0;
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t j = 0; j < n; j++) {
            double sum = 0;
            for (ptrdiff_t p = 0; p < k; p++) sum += at(use[0], i * k + p) * at(use[1], p * n + j);
            worst = fmax(worst, fabs(sum - at(c, i * n + j)));
        }
    CHECK(has_shape(c, 2, m, n));
    CHECK(worst <= (t == LSV_FLOAT64 ? 1e-13 : 1e-4));
    for (int i = 0; i < 2; i++) lsv_release(base[i]), lsv_release(use[i]);
    lsv_release(c);
}

static void layouts(void) {
    static const ptrdiff_t sizes[][3] = {{1, 1, 1}, {1, 5, 1}, {2, 2, 2}, {3, 3, 3},  {4, 4, 4},
                                         {5, 6, 7}, {8, 8, 8}, {9, 9, 9}, {1, 9, 20}, {20, 9, 1},
                                         {7, 1, 6}, {0, 3, 2}, {3, 0, 2}, {3, 2, 0},  {40, 30, 20},
                                         {1, 3, 4}, {4, 3, 1}, {2, 3, 8}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int la = 0; la < 3; la++)
            for (int lb = 0; lb < 3; lb++) {
                against_loop(sizes[i][0], sizes[i][1], sizes[i][2], la, lb, LSV_FLOAT64);
                against_loop(sizes[i][0], sizes[i][1], sizes[i][2], la, lb, LSV_FLOAT32);
            }
}

static void symmetric(void) {
    lsv_array *a = noise2(30, 20, 9), *at_ = NULL, *c = NULL, *ct = NULL;
    CHECK(lsv_transpose(a, NULL, &at_, NULL) == LSV_OK);
    CHECK(lsv_matmul(a, at_, &c, NULL) == LSV_OK);
    CHECK(lsv_transpose(c, NULL, &ct, NULL) == LSV_OK);
    CHECK(distance(c, ct) == 0);
    lsv_release(a), lsv_release(at_), lsv_release(c), lsv_release(ct);
}

static lsv_status product(lsv_array *a, lsv_array *b, lsv_array **c) { return lsv_matmul(a, b, c, &oops); }

static void ranks_and_dtypes(void) {
    lsv_array *a = MATRIX(2, 3, 1, 2, 3, 4, 5, 6), *v = VECTOR(3, 1, 0, -1), *c = NULL;
    CHECK(product(a, v, &c) == LSV_OK && has_shape(c, 1, 2, 0) && at(c, 0) == -2 && at(c, 1) == -2);
    lsv_release(c);
    CHECK(product(v, v, &c) == LSV_OK && c->ndim == 0 && at(c, 0) == 2);
    lsv_release(c);

    lsv_array *stack = noise(LSV_NUMPY, LSV_FLOAT64, 3, (ptrdiff_t[]){4, 3, 2}, 3);
    CHECK(product(a, stack, &c) == LSV_OK && c->ndim == 3 && c->shape[0] == 4 && c->shape[1] == 2 &&
          c->shape[2] == 2);
    CHECK_NEAR(at(c, 4), at(stack, 6) + 2 * at(stack, 8) + 3 * at(stack, 10), 1e-15);
    lsv_release(c);

    lsv_array *i64 = NULL, *mask = NULL, *half = NULL;
    CHECK(lsv_full(LSV_NUMPY, LSV_INT64, 2, (ptrdiff_t[]){2, 2}, lsv_scalar_int(INT64_C(4000000000)), &i64,
                   NULL) == LSV_OK);
    CHECK(product(i64, i64, &c) == LSV_OK && c->dtype == LSV_INT64);
    CHECK(((int64_t *)lsv_data(c))[0] == (int64_t)(UINT64_C(13553255926290448384))); /* wraps */
    lsv_release(c);
    CHECK(lsv_full(LSV_NUMPY, LSV_BOOL, 2, (ptrdiff_t[]){2, 2}, lsv_scalar_bool(true), &mask, NULL) ==
          LSV_OK);
    CHECK(product(mask, mask, &c) == LSV_OK && c->dtype == LSV_BOOL && at(c, 3) == 1);
    lsv_release(c);
    CHECK(lsv_full(LSV_TORCH, LSV_FLOAT16, 2, (ptrdiff_t[]){2, 2}, lsv_scalar_float(1.5), &half, NULL) ==
          LSV_OK);
    CHECK(product(half, half, &c) == LSV_OK && c->dtype == LSV_FLOAT16 && at(c, 0) == 4.5);
    lsv_release(c);
    lsv_release(a), lsv_release(v), lsv_release(stack), lsv_release(i64), lsv_release(mask),
        lsv_release(half);
}

static void errors(void) {
    lsv_array *a = noise2(2, 3, 1), *c = NULL, *t = NULL, *d = NULL, *zero = NULL;
    CHECK(product(a, a, &c) == LSV_EVALUE);
    CHECK_TEXT(oops.message, "matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc "
                             "signature (n?,k),(k,m?)->(n?,m?) (size 2 is different from 3)");
    CHECK_TEXT(oops.hint, "a @ b.T would be (2, 2), a.T @ b would be (3, 3)");
    CHECK(lsv_as_kind(a, LSV_TORCH, &t, NULL) == LSV_OK);
    CHECK(product(t, t, &c) == LSV_ERUNTIME);
    CHECK_TEXT(oops.message, "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)");
    CHECK(lsv_astype(t, LSV_FLOAT32, &d, NULL) == LSV_OK);
    CHECK(product(d, t, &c) == LSV_ERUNTIME);
    CHECK_TEXT(oops.message, "expected m1 and m2 to have the same dtype, but got: float != double");
    CHECK(lsv_from_scalar(LSV_NUMPY, lsv_scalar_float(1), &zero, NULL) == LSV_OK);
    CHECK(product(a, zero, &c) == LSV_EVALUE && oops.operand == 1);
    CHECK(lsv_dot(a, a, &c, &oops) == LSV_EVALUE);
    CHECK_TEXT(oops.message, "shapes (2, 3) and (2, 3) not aligned: 3 (dim 1) != 2 (dim 0)");
    lsv_interrupt();
    lsv_array *big = noise2(20, 20, 1);
    CHECK(product(big, big, &c) == LSV_EINTR);
    lsv_interrupt_take();
    lsv_release(big), lsv_release(a), lsv_release(t), lsv_release(d), lsv_release(zero);
}

static void tensors(void) {
    lsv_array *a = noise(LSV_NUMPY, LSV_FLOAT64, 3, (ptrdiff_t[]){2, 3, 4}, 1),
              *b = noise(LSV_NUMPY, LSV_FLOAT64, 3, (ptrdiff_t[]){4, 3, 5}, 2), *c = NULL, *d = NULL;
    CHECK(lsv_tensordot(a, b, 2, (int[]){1, 2}, (int[]){1, 0}, &c, NULL) == LSV_OK && has_shape(c, 2, 2, 5));
    CHECK(lsv_einsum("aij,jik->ak", (lsv_array *[]){a, b}, 2, &d, NULL) == LSV_OK);
    CHECK(distance(c, d) < 1e-14);
    lsv_release(c), lsv_release(d);

    lsv_array *x = MATRIX(2, 2, 1, 2, 3, 4), *y = MATRIX(1, 2, 10, 1);
    CHECK(lsv_kron(x, y, &c, NULL) == LSV_OK && has_shape(c, 2, 2, 4) && at(c, 0) == 10 && at(c, 1) == 1 &&
          at(c, 7) == 4);
    lsv_release(c);
    CHECK(lsv_trace(x, 0, &c, NULL) == LSV_OK && at(c, 0) == 5);
    lsv_release(c);
    CHECK(lsv_trace(x, 1, &c, NULL) == LSV_OK && at(c, 0) == 2);
    lsv_release(c);
    CHECK(lsv_matrix_power(x, 5, &c, NULL) == LSV_OK && at(c, 0) == 1069 && at(c, 3) == 3406);
    lsv_release(c);
    CHECK(lsv_matrix_power(x, 0, &c, NULL) == LSV_OK && at(c, 0) == 1 && at(c, 1) == 0);
    lsv_release(c);
    CHECK(lsv_matrix_power(x, -1, &c, NULL) == LSV_OK);
    CHECK_NEAR(at(c, 0), -2, 1e-14);
    lsv_release(c);

    lsv_array *u = VECTOR(3, 1, 2, 3), *v = VECTOR(3, 4, 5, 6);
    CHECK(lsv_cross(u, v, &c, NULL) == LSV_OK && at(c, 0) == -3 && at(c, 1) == 6 && at(c, 2) == -3);
    lsv_release(c);
    CHECK(lsv_outer(u, v, &c, NULL) == LSV_OK && has_shape(c, 2, 3, 3) && at(c, 5) == 12);
    lsv_release(c);
    CHECK(lsv_inner(u, v, &c, NULL) == LSV_OK && at(c, 0) == 32);
    lsv_release(c);

    CHECK(lsv_einsum("ii->i", (lsv_array *[]){x}, 1, &c, NULL) == LSV_OK && has_shape(c, 1, 2, 0) &&
          at(c, 1) == 4);
    lsv_release(c);
    CHECK(lsv_einsum("ij,kj", (lsv_array *[]){x, x}, 2, &c, NULL) == LSV_OK && at(c, 1) == 11);
    lsv_release(c);
    CHECK(lsv_einsum("...i,i->...", (lsv_array *[]){b}, 0, &c, NULL) == LSV_EVALUE); /* no operands */
    CHECK(lsv_einsum("ij,jk", (lsv_array *[]){x, y}, 2, &c, &oops) ==
          LSV_OK); /* an axis of length 1 broadcasts */
    lsv_release(c);
    CHECK(lsv_einsum("ij->k", (lsv_array *[]){x}, 1, &c, &oops) == LSV_EVALUE);
    CHECK(lsv_einsum("ijk", (lsv_array *[]){x}, 1, &c, &oops) == LSV_EVALUE);
    FAIL_EACH_ALLOCATION(status = lsv_einsum("aij,jik->ka", ((lsv_array *[]){a, b}), 2, &c, NULL),
                         lsv_release(c));
    lsv_release(a), lsv_release(b), lsv_release(x), lsv_release(y), lsv_release(u), lsv_release(v);
}

static void memory(void) {
    lsv_array *a = noise2(12, 9, 1), *wide = noise2(9, 24, 2), *b = NULL, *c = NULL, *i = NULL;
    CHECK(lsv_view_strided(wide, 2, (ptrdiff_t[]){9, 12}, (ptrdiff_t[]){24, 2}, 0, &b, NULL) == LSV_OK);
    FAIL_EACH_ALLOCATION(status = lsv_matmul(a, b, &c, NULL), lsv_release(c));
    CHECK(lsv_astype(a, LSV_INT64, &i, NULL) == LSV_OK);
    FAIL_EACH_ALLOCATION(status = lsv_matmul(i, b, &c, NULL), lsv_release(c));
    FAIL_EACH_ALLOCATION(status = lsv_kron(a, a, &c, NULL), lsv_release(c));
    FAIL_EACH_ALLOCATION(status = lsv_outer(a, a, &c, NULL), lsv_release(c));
    lsv_release(a), lsv_release(b), lsv_release(wide), lsv_release(i);
}

int main(void) {
    layouts();
    symmetric();
    ranks_and_dtypes();
    errors();
    tensors();
    memory();
    return check_done();
}
