/* Characteristic polynomials and their text. */
#include "exact/exact.h"

#include <stdlib.h>

lsv_q *lsv_charpoly(lsv_pool *p, const lsv_qmatrix *g, lsv_qmatrix *adjugate) {
    int n = g->rows;
    lsv_q *c = lsv_pool_q(p, n + 1);
    lsv_qmatrix m = lsv_qmatrix_new(p, n, n);
    mpq_t by;
    mpq_init(by);
    mpq_set_ui(c, 1, 1);
    for (int i = 0; i < n; i++) mpq_set_ui(lsv_qm(&m, i, i), 1, 1);
    for (int k = 1; k <= n; k++) {
        if (adjugate) adjugate[k - 1] = m;
        lsv_qmatrix gm = lsv_qmatrix_product(p, g, &m); /* c_k = -trace(g M_k)/k, M_k+1 = g M_k + c_k I */
        for (int i = 0; i < n; i++) mpq_sub(c + k, c + k, lsv_qm(&gm, i, i));
        mpq_set_ui(by, 1, (unsigned long)k);
        mpq_mul(c + k, c + k, by);
        for (int i = 0; i < n; i++) mpq_add(lsv_qm(&gm, i, i), lsv_qm(&gm, i, i), c + k);
        m = gm;
    }
    mpq_clear(by);
    return c;
}

static const char *const powers[] = {"", "", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸"};

void lsv_poly_text(lsv_text *t, const lsv_q *c, int degree, const char *name) {
    bool first = true;
    mpq_t a;
    mpq_init(a);
    for (int i = 0; i <= degree; i++) {
        int power = degree - i, sign = mpq_sgn(c + i);
        if (sign == 0) continue;
        if (!first) lsv_text_puts(t, sign < 0 ? " - " : " + ");
        else if (sign < 0) lsv_text_putc(t, '-');
        first = false;
        mpq_abs(a, c + i);
        if (power == 0 || mpq_cmp_ui(a, 1, 1) != 0) {
            bool fraction = power > 0 && mpz_cmp_ui(mpq_denref(a), 1) != 0;
            if (fraction) lsv_text_putc(t, '(');
            lsv_q_text(t, a);
            if (fraction) lsv_text_putc(t, ')');
        }
        if (power > 0) lsv_text_printf(t, "%s%s", name, powers[power]);
    }
    if (first) lsv_text_putc(t, '0');
    mpq_clear(a);
}
