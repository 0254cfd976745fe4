/* Arithmetic in Q, Q(√d) and Q[λ]/(p). */
#include "exact/exact.h"

#include "base/alloc.h"

enum { TOP = 2 * LSV_EXACT_MAX };

void lsv_e_set(const lsv_field *k, lsv_q *r, const lsv_q *a) {
    for (int i = 0; i < k->degree; i++) mpq_set(r + i, a + i);
}

void lsv_e_set_q(const lsv_field *k, lsv_q *r, const lsv_q *q) {
    mpq_set(r, q);
    for (int i = 1; i < k->degree; i++) mpq_set_ui(r + i, 0, 1);
}

void lsv_e_add(const lsv_field *k, lsv_q *r, const lsv_q *a, const lsv_q *b) {
    for (int i = 0; i < k->degree; i++) mpq_add(r + i, a + i, b + i);
}

void lsv_e_sub(const lsv_field *k, lsv_q *r, const lsv_q *a, const lsv_q *b) {
    for (int i = 0; i < k->degree; i++) mpq_sub(r + i, a + i, b + i);
}

void lsv_e_scale(const lsv_field *k, lsv_q *r, const lsv_q *a, const lsv_q *q) {
    for (int i = k->degree - 1; i >= 0; i--) mpq_mul(r + i, a + i, q);
}

bool lsv_e_is_rational(const lsv_field *k, const lsv_q *a) {
    for (int i = 1; i < k->degree; i++)
        if (mpq_sgn(a + i) != 0) return false;
    return true;
}

bool lsv_e_is_zero(const lsv_field *k, const lsv_q *a) { return mpq_sgn(a) == 0 && lsv_e_is_rational(k, a); }

/* x, a polynomial of degree < 2 degree - 1 in the generator, brought below its degree. */
static void reduce(const lsv_field *k, lsv_q *x, int terms, mpq_t part) {
    int n = k->degree;
    for (int i = terms - 1; i >= n; i--) {
        if (mpq_sgn(x + i) == 0) continue;
        if (n == 2) {
            mpq_set_z(part, k->d);
            mpq_mul(part, part, x + i);
            mpq_add(x + i - 2, x + i - 2, part);
        } else {
            for (int j = 1; j <= n; j++) {
                mpq_mul(part, x + i, k->poly + j);
                mpq_sub(x + i - j, x + i - j, part);
            }
        }
    }
}

void lsv_e_mul(const lsv_field *k, lsv_q *r, const lsv_q *a, const lsv_q *b) {
    int n = k->degree;
    if (n == 1) {
        mpq_mul(r, a, b);
        return;
    }
    lsv_q x[TOP];
    mpq_t part;
    mpq_init(part);
    for (int i = 0; i < 2 * n - 1; i++) mpq_init(x + i);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            if (mpq_sgn(a + i) == 0 || mpq_sgn(b + j) == 0) continue;
            mpq_mul(part, a + i, b + j);
            mpq_add(x + i + j, x + i + j, part);
        }
    reduce(k, x, 2 * n - 1, part);
    lsv_e_set(k, r, x);
    for (int i = 0; i < 2 * n - 1; i++) mpq_clear(x + i);
    mpq_clear(part);
}

/* Solves (multiplication by a) r = 1, n equations in n unknowns, by elimination. */
void lsv_e_inv(const lsv_field *k, lsv_q *r, const lsv_q *a) {
    int n = k->degree;
    if (lsv_e_is_zero(k, a)) {
        for (int i = 0; i < n; i++) mpq_set_ui(r + i, 0, 1);
        return;
    }
    if (n == 1) {
        mpq_inv(r, a);
        return;
    }
    lsv_q m[LSV_EXACT_MAX][LSV_EXACT_MAX + 1], column[TOP];
    mpq_t part;
    mpq_init(part);
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= n; j++) mpq_init(&m[i][j]);
    for (int i = 0; i <= n; i++) mpq_init(column + i);
    for (int j = 0; j < n; j++) { /* column j: a g^j */
        if (j == 0) lsv_e_set(k, column, a);
        else {
            for (int i = n; i > 0; i--) mpq_set(column + i, column + i - 1);
            mpq_set_ui(column, 0, 1);
            reduce(k, column, n + 1, part);
        }
        mpq_set_ui(column + n, 0, 1);
        for (int i = 0; i < n; i++) mpq_set(&m[i][j], column + i);
    }
    mpq_set_ui(&m[0][n], 1, 1);
    for (int c = 0; c < n; c++) {
        int pivot = c;
        while (pivot < n - 1 && mpq_sgn(&m[pivot][c]) == 0) pivot++;
        for (int j = 0; pivot != c && j <= n; j++) mpq_swap(&m[pivot][j], &m[c][j]);
        mpq_set(part, &m[c][c]);
        if (mpq_sgn(part) == 0) break; /* not a field: cannot be, the factor is irreducible */
        for (int j = c; j <= n; j++) mpq_div(&m[c][j], &m[c][j], part);
        for (int i = 0; i < n; i++) {
            if (i == c || mpq_sgn(&m[i][c]) == 0) continue;
            for (int j = n; j >= c; j--) {
                mpq_mul(part, &m[i][c], &m[c][j]);
                mpq_sub(&m[i][j], &m[i][j], part);
            }
        }
    }
    for (int i = 0; i < n; i++) mpq_set(r + i, &m[i][n]);
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= n; j++) mpq_clear(&m[i][j]);
    for (int i = 0; i <= n; i++) mpq_clear(column + i);
    mpq_clear(part);
}

/* Power sums of the roots by Newton's identities: their traces. */
void lsv_e_trace(const lsv_field *k, lsv_q *q, const lsv_q *a) {
    int n = k->degree;
    lsv_q sum[LSV_EXACT_MAX];
    mpq_t part;
    mpq_init(part);
    for (int i = 0; i < n; i++) mpq_init(sum + i);
    mpq_set_ui(sum, (unsigned long)n, 1);
    for (int p = 1; p < n; p++) {
        if (n == 2) break; /* +√d and -√d cancel */
        mpq_set_ui(part, (unsigned long)p, 1);
        mpq_mul(sum + p, part, k->poly + p);
        mpq_neg(sum + p, sum + p);
        for (int i = 1; i < p; i++) {
            mpq_mul(part, k->poly + i, sum + p - i);
            mpq_sub(sum + p, sum + p, part);
        }
    }
    mpq_mul(sum, sum, a);
    for (int i = 1; i < n; i++) {
        mpq_mul(part, sum + i, a + i);
        mpq_add(sum, sum, part);
    }
    mpq_set(q, sum);
    for (int i = 0; i < n; i++) mpq_clear(sum + i);
    mpq_clear(part);
}

void lsv_e_dot(const lsv_field *k, lsv_q *r, const lsv_q *a, const lsv_q *b, int n) {
    int d = k->degree > 0 ? k->degree : 1;
    lsv_q sum[LSV_EXACT_MAX], part[LSV_EXACT_MAX];
    for (int i = 0; i < d; i++) {
        mpq_init(sum + i);
        mpq_init(part + i);
    }
    for (int i = 0; i < n; i++) {
        lsv_e_mul(k, part, a + i * d, b + i * d);
        lsv_e_add(k, sum, sum, part);
    }
    lsv_e_set(k, r, sum);
    for (int i = 0; i < d; i++) {
        mpq_clear(sum + i);
        mpq_clear(part + i);
    }
}

void lsv_e_apply(const lsv_field *k, lsv_q *r, const lsv_qmatrix *a, const lsv_q *x) {
    int d = k->degree;
    mpq_t part;
    mpq_init(part);
    for (int i = 0; i < a->rows; i++)
        for (int c = 0; c < d; c++) {
            lsv_q *at = r + i * d + c;
            mpq_set_ui(at, 0, 1);
            for (int j = 0; j < a->cols; j++) {
                mpq_mul(part, lsv_qm(a, i, j), x + j * d + c);
                mpq_add(at, at, part);
            }
        }
    mpq_clear(part);
}

void lsv_e_primitive(const lsv_field *k, lsv_q *x, int n) {
    mpz_t common, divisor;
    mpq_t by;
    mpz_init_set_ui(common, 1);
    mpz_init(divisor);
    mpq_init(by);
    for (int i = 0; i < n * k->degree; i++) mpz_lcm(common, common, mpq_denref(x + i));
    mpq_set_z(by, common);
    for (int i = 0; i < n * k->degree; i++) {
        mpq_mul(x + i, x + i, by);
        mpz_gcd(divisor, divisor, mpq_numref(x + i));
    }
    if (mpz_sgn(divisor) > 0) {
        mpz_set_ui(mpq_numref(by), 1);
        mpz_set(mpq_denref(by), divisor);
        for (int i = 0; i < n * k->degree; i++) mpq_mul(x + i, x + i, by);
    }
    mpz_clears(common, divisor, NULL);
    mpq_clear(by);
}

/* Reduced row echelon form in place; pivot[row] is its column; the rank. */
static int echelon(lsv_pool *p, const lsv_field *k, lsv_q *m, int rows, int cols, int *pivot) {
    int d = k->degree, rank = 0;
    lsv_q *factor = lsv_pool_q(p, d), *part = lsv_pool_q(p, d);
    for (int c = 0; c < cols && rank < rows; c++) {
        int at = rank;
        while (at < rows && lsv_e_is_zero(k, m + (at * cols + c) * d)) at++;
        if (at == rows) continue;
        for (int j = 0; at != rank && j < cols * d; j++) mpq_swap(m + at * cols * d + j, m + rank * cols * d + j);
        lsv_e_inv(k, factor, m + (rank * cols + c) * d);
        for (int j = c; j < cols; j++) lsv_e_mul(k, m + (rank * cols + j) * d, m + (rank * cols + j) * d, factor);
        for (int i = 0; i < rows; i++) {
            if (i == rank || lsv_e_is_zero(k, m + (i * cols + c) * d)) continue;
            lsv_e_set(k, factor, m + (i * cols + c) * d);
            for (int j = c; j < cols; j++) {
                lsv_e_mul(k, part, factor, m + (rank * cols + j) * d);
                lsv_e_sub(k, m + (i * cols + j) * d, m + (i * cols + j) * d, part);
            }
        }
        pivot[rank++] = c;
    }
    return rank;
}

lsv_q *lsv_e_null_space(lsv_pool *p, const lsv_field *k, const lsv_q *a, int rows, int cols, bool orthogonal, int *count, int *free_variable) {
    int d = k->degree, pivot[LSV_EXACT_MAX];
    lsv_q *m = lsv_pool_q(p, rows * cols * d), *basis = lsv_pool_q(p, cols * cols * d), *factor = lsv_pool_q(p, d), *part = lsv_pool_q(p, d);
    for (int i = 0; i < rows * cols * d; i++) mpq_set(m + i, a + i);
    int rank = echelon(p, k, m, rows, cols, pivot), n = 0;
    for (int c = 0, next = 0; c < cols; c++) {
        if (next < rank && pivot[next] == c) {
            next++;
            continue;
        }
        lsv_q *v = basis + n * cols * d;
        mpq_set_ui(v + c * d, 1, 1);
        for (int r = 0; r < rank; r++)
            for (int i = 0; i < d; i++) mpq_neg(v + pivot[r] * d + i, m + (r * cols + c) * d + i);
        for (int before = 0; orthogonal && before < n; before++) { /* v -= (v·b / b·b) b */
            lsv_q *b = basis + before * cols * d;
            lsv_e_dot(k, part, b, b, cols);
            lsv_e_inv(k, part, part);
            lsv_e_dot(k, factor, v, b, cols);
            lsv_e_mul(k, factor, factor, part);
            for (int i = 0; i < cols; i++) {
                lsv_e_mul(k, part, factor, b + i * d);
                lsv_e_sub(k, v + i * d, v + i * d, part);
            }
        }
        lsv_e_primitive(k, v, cols);
        if (free_variable) free_variable[n] = c;
        n++;
    }
    *count = n;
    return basis;
}
