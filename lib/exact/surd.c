/* Exact values as people write them. */
#include "exact/exact.h"

#include <string.h>

static void add_z(lsv_text *t, const mpz_t z) {
    char *room = lsv_text_room(t, mpz_sizeinbase(z, 10) + 2);
    if (!room) return;
    mpz_get_str(room, 10, z);
    t->length += strlen(room);
}

/* The sum of c[i] times what[i] ("" for 1) over a common denominator: "(687 + 69√229)/458". */
static void add_sum(lsv_text *t, const lsv_q *c, const char *const *what, int n) {
    mpz_t common, a;
    mpz_init_set_ui(common, 1);
    mpz_init(a);
    int terms = 0;
    for (int i = 0; i < n; i++) {
        mpz_lcm(common, common, mpq_denref(c + i));
        terms += mpq_sgn(c + i) != 0;
    }
    bool fraction = mpz_cmp_ui(common, 1) != 0, first = true;
    if (fraction && terms > 1) lsv_text_putc(t, '(');
    for (int i = 0; i < n; i++) {
        int sign = mpq_sgn(c + i);
        if (sign == 0) continue;
        if (!first) lsv_text_puts(t, sign < 0 ? " - " : " + ");
        else if (sign < 0) lsv_text_putc(t, '-');
        first = false;
        mpz_divexact(a, common, mpq_denref(c + i));
        mpz_mul(a, a, mpq_numref(c + i));
        mpz_abs(a, a);
        if (!*what[i] || mpz_cmp_ui(a, 1) != 0) add_z(t, a);
        lsv_text_puts(t, what[i]);
    }
    if (first) lsv_text_putc(t, '0');
    if (fraction && terms > 1) lsv_text_putc(t, ')');
    if (fraction && !first) {
        lsv_text_putc(t, '/');
        add_z(t, common);
    }
    mpz_clears(common, a, NULL);
}

static void add_surd(lsv_text *t, const mpz_t d) { /* "√229"; nothing for 1 */
    if (mpz_cmp_ui(d, 1) == 0) {
        lsv_text_puts(t, "");
        return;
    }
    lsv_text_puts(t, "√");
    add_z(t, d);
}

void lsv_e_text(lsv_text *t, const lsv_field *k, int root, const lsv_q *a) {
    static const char *const powers[] = {"", "λ", "λ²", "λ³", "λ⁴", "λ⁵", "λ⁶", "λ⁷"};
    if (k->degree == 1) {
        lsv_q_text(t, a);
        return;
    }
    if (k->degree == 2) {
        lsv_text surd = {0};
        lsv_q c[2];
        mpq_init(c);
        mpq_init(c + 1);
        mpq_set(c, a);
        mpq_set(c + 1, a + 1);
        if (root == 1) mpq_neg(c + 1, c + 1);
        add_surd(&surd, k->d);
        add_sum(t, c, (const char *const[]){"", surd.data ? surd.data : ""}, 2);
        t->failed |= surd.failed;
        lsv_text_free(&surd);
        mpq_clear(c);
        mpq_clear(c + 1);
        return;
    }
    lsv_q c[LSV_EXACT_MAX];
    const char *what[LSV_EXACT_MAX];
    for (int i = 0; i < k->degree; i++) {
        mpq_init(c + i);
        mpq_set(c + i, a + k->degree - 1 - i);
        what[i] = powers[k->degree - 1 - i];
    }
    add_sum(t, c, what, k->degree);
    for (int i = 0; i < k->degree; i++) mpq_clear(c + i);
}

/* √x = c √d for rational x >= 0. */
static void root_of(const lsv_q *x, lsv_q *c, mpz_t d) {
    mpz_t n;
    mpz_init(n);
    if (mpq_sgn(x) == 0) {
        mpq_set_ui(c, 0, 1);
        mpz_set_ui(d, 1);
    } else {
        mpz_mul(n, mpq_numref(x), mpq_denref(x));
        lsv_square_part(n, mpq_numref(c), d);
        mpz_set(mpq_denref(c), mpq_denref(x));
        mpq_canonicalize(c);
    }
    mpz_clear(n);
}

static lsv_root_form rational_root(lsv_text *t, const lsv_q *x) {
    mpq_t c;
    mpz_t d;
    lsv_text surd = {0};
    mpq_init(c);
    mpz_init(d);
    root_of(x, c, d);
    add_surd(&surd, d);
    add_sum(t, c, (const char *const[]){surd.data ? surd.data : ""}, 1);
    lsv_root_form form = mpz_cmp_ui(d, 1) == 0 ? LSV_ROOT_RATIONAL : LSV_ROOT_SURD;
    t->failed |= surd.failed;
    lsv_text_free(&surd);
    mpq_clear(c);
    mpz_clear(d);
    return form;
}

/* √(a + b√d) = √((a+s)/2) ± √((a-s)/2) where a² - b²d = s² with s rational. */
static bool denested(lsv_text *t, const lsv_q *x, bool minus, const mpz_t d) {
    mpq_t s, part;
    mpz_t d1, d2;
    lsv_q c[2];
    mpq_inits(s, part, NULL);
    mpz_inits(d1, d2, NULL);
    mpq_init(c);
    mpq_init(c + 1);
    mpq_mul(s, x, x);
    mpq_mul(part, x + 1, x + 1);
    mpq_set_z(c, d);
    mpq_mul(part, part, c);
    mpq_sub(s, s, part);
    bool yes = mpq_sgn(s) >= 0 && mpz_perfect_square_p(mpq_numref(s)) && mpz_perfect_square_p(mpq_denref(s));
    if (yes) {
        mpz_sqrt(mpq_numref(s), mpq_numref(s));
        mpz_sqrt(mpq_denref(s), mpq_denref(s));
        lsv_text surd[2] = {{0}, {0}};
        mpq_add(part, x, s);
        mpq_div_2exp(part, part, 1);
        root_of(part, c, d1);
        mpq_sub(part, x, s);
        mpq_div_2exp(part, part, 1);
        root_of(part, c + 1, d2);
        if (minus) mpq_neg(c + 1, c + 1);
        add_surd(&surd[0], d1);
        add_surd(&surd[1], d2);
        add_sum(t, c, (const char *const[]){surd[0].data ? surd[0].data : "", surd[1].data ? surd[1].data : ""}, 2);
        t->failed |= surd[0].failed || surd[1].failed;
        lsv_text_free(&surd[0]);
        lsv_text_free(&surd[1]);
    }
    mpq_clears(s, part, NULL);
    mpz_clears(d1, d2, NULL);
    mpq_clear(c);
    mpq_clear(c + 1);
    return yes;
}

/* √((A + B√d)/C) = f √(A' + B'√d) / C with the square factor f² taken out. */
static void nested(lsv_text *t, const lsv_field *k, int root, const lsv_q *x) {
    mpz_t common, divisor, square, rest;
    lsv_q inside[2], outside[1];
    lsv_text text = {0}, in = {0};
    mpz_init_set_ui(common, 1);
    mpz_inits(divisor, square, rest, NULL);
    mpq_init(outside);
    for (int i = 0; i < 2; i++) {
        mpq_init(inside + i);
        mpz_lcm(common, common, mpq_denref(x + i));
    }
    for (int i = 0; i < 2; i++) { /* x C² is whole */
        mpq_set_z(inside + i, common);
        mpq_mul(inside + i, inside + i, inside + i);
        mpq_mul(inside + i, inside + i, x + i);
        mpz_gcd(divisor, divisor, mpq_numref(inside + i));
    }
    lsv_square_part(divisor, square, rest);
    mpz_set(mpq_numref(outside), square);
    mpz_set(mpq_denref(outside), common);
    mpq_canonicalize(outside);
    mpz_mul(square, square, square);
    for (int i = 0; i < 2; i++) mpz_divexact(mpq_numref(inside + i), mpq_numref(inside + i), square);
    lsv_e_text(&in, k, root, inside);
    lsv_text_printf(&text, "√(%s)", in.data ? in.data : "");
    add_sum(t, outside, (const char *const[]){text.data ? text.data : ""}, 1);
    t->failed |= text.failed || in.failed;
    lsv_text_free(&text);
    lsv_text_free(&in);
    mpz_clears(common, divisor, square, rest, NULL);
    mpq_clear(outside);
    mpq_clear(inside);
    mpq_clear(inside + 1);
}

lsv_root_form lsv_sqrt_text(lsv_text *t, lsv_field *k, int root, const lsv_q *a) {
    if (lsv_e_is_rational(k, a)) return rational_root(t, a);
    if (k->degree == 2) {
        if (denested(t, a, (mpq_sgn(a + 1) < 0) != (root == 1), k->d)) return LSV_ROOT_DENESTED;
        nested(t, k, root, a);
        return LSV_ROOT_NESTED;
    }
    lsv_text_puts(t, "√(");
    bool lambda = true;
    for (int i = 0; i < k->degree; i++) lambda &= mpq_equal(a + i, k->lambda + i) != 0;
    if (lambda) lsv_lambda_text(t, k, root);
    else lsv_e_text(t, k, root, a);
    lsv_text_putc(t, ')');
    return LSV_ROOT_NAMED;
}

void lsv_lambda_text(lsv_text *t, const lsv_field *k, int root) {
    if (k->degree <= 2) {
        lsv_e_text(t, k, root, k->lambda);
        return;
    }
    lsv_q c[LSV_EXACT_MAX + 1];
    for (int i = 0; i <= k->degree; i++) {
        mpq_init(c + i);
        mpq_set_z(c + i, k->whole[i]);
    }
    lsv_text_printf(t, "root %d (largest first) of ", root + 1);
    lsv_poly_text(t, c, k->degree, "λ");
    for (int i = 0; i <= k->degree; i++) mpq_clear(c + i);
}
