/* Real roots by counting sign changes, then by bisection. */
#include "exact/roots.h"

long lsv_root_bound(const mpz_t *c, int degree) {
    long lead = (long)mpz_sizeinbase(c[0], 2), bound = 1; /* Fujiwara: 2 max |c_k / c_0|^(1/k) */
    for (int k = 1; k <= degree; k++) {
        if (mpz_sgn(c[k]) == 0) continue;
        long bits = (long)mpz_sizeinbase(c[k], 2) - lead + 1;
        long each = (bits > 0 ? (bits + k - 1) / k : 0) + 2;
        if (each > bound) bound = each;
    }
    return bound;
}

/* Roots greater than the whole number x. */
static int count_beyond(const mpz_t *c, int degree, const mpz_t x) {
    mpz_t shifted[LSV_EXACT_MAX + 1];
    for (int i = 0; i <= degree; i++) mpz_init_set(shifted[i], c[i]);
    for (int last = degree; last > 0; last--) /* Taylor's shift by Horner's scheme, again and again */
        for (int i = 1; i <= last; i++) mpz_addmul(shifted[i], shifted[i - 1], x);
    int changes = 0, before = mpz_sgn(shifted[0]);
    for (int i = 1; i <= degree; i++) {
        int sign = mpz_sgn(shifted[i]);
        if (sign && before && sign != before) changes++;
        if (sign) before = sign;
    }
    for (int i = 0; i <= degree; i++) mpz_clear(shifted[i]);
    return changes;
}

/* The sign of p(x / 2^bits). */
static int sign_at(const mpz_t *c, int degree, const mpz_t x, long bits) {
    mpz_t sum, term;
    mpz_init_set(sum, c[0]);
    mpz_init(term);
    for (int i = 1; i <= degree; i++) {
        mpz_mul(sum, sum, x);
        mpz_mul_2exp(term, c[i], (mp_bitcnt_t)(bits * i));
        mpz_add(sum, sum, term);
    }
    int sign = mpz_sgn(sum);
    mpz_clears(sum, term, NULL);
    return sign;
}

/* How many roots lie beyond low / 2^bits: by the whole polynomial scaled to that grid. */
static int count_scaled(const mpz_t *c, int degree, const mpz_t x, long bits) {
    mpz_t scaled[LSV_EXACT_MAX + 1];
    for (int i = 0; i <= degree; i++) {
        mpz_init(scaled[i]);
        mpz_mul_2exp(scaled[i], c[i], (mp_bitcnt_t)(bits * i));
    }
    int count = count_beyond((const mpz_t *)scaled, degree, x);
    for (int i = 0; i <= degree; i++) mpz_clear(scaled[i]);
    return count;
}

void lsv_root_refine(const mpz_t *c, int degree, int k, long from, long bits, mpz_t low) {
    mpz_t middle;
    mpz_init(middle);
    int lead = mpz_sgn(c[0]);
    bool alone = false; /* no other root in (low, low + 1]: then the sign alone decides */
    for (long at = from; at < bits;) {
        if (!alone) {
            mpz_add_ui(middle, low, 1);
            alone = count_scaled(c, degree, low, at) == k + 1 && count_scaled(c, degree, middle, at) == k;
        }
        mpz_mul_2exp(low, low, 1);
        mpz_add_ui(middle, low, 1);
        at++;
        bool beyond; /* the root lies beyond the middle */
        if (alone) {
            int sign = sign_at(c, degree, middle, at);
            beyond = sign != 0 && sign != (k % 2 ? -lead : lead); /* p's sign right of root k is (-1)^k */
        } else {
            beyond = count_scaled(c, degree, middle, at) > k;
        }
        if (beyond) mpz_set(low, middle);
    }
    mpz_clear(middle);
}

void lsv_root_locate(const mpz_t *c, int degree, int k, long bits, mpz_t low) {
    mpz_t high, middle;
    mpz_init_set_ui(high, 1);
    mpz_init(middle);
    mpz_mul_2exp(high, high, (mp_bitcnt_t)lsv_root_bound(c, degree));
    mpz_neg(low, high);
    for (;;) { /* root k in (low, high], whole numbers */
        mpz_add_ui(middle, low, 1);
        if (mpz_cmp(middle, high) >= 0) break;
        mpz_add(middle, low, high);
        mpz_fdiv_q_2exp(middle, middle, 1);
        if (count_beyond(c, degree, middle) > k) mpz_set(low, middle);
        else mpz_set(high, middle);
    }
    mpz_clears(high, middle, NULL);
    lsv_root_refine(c, degree, k, 0, bits, low);
}

void lsv_generator(lsv_field *k, int root, long bits, mpz_t mid) {
    if (k->degree == 1) {
        mpz_set_ui(mid, 0);
        return;
    }
    if (k->degree == 2) {
        mpz_mul_2exp(mid, k->d, (mp_bitcnt_t)(2 * bits));
        mpz_sqrt(mid, mid);
        if (root == 1) mpz_neg(mid, mid);
        return;
    }
    if (k->bits < bits) { /* kept, so that each bit is paid for once */
        for (int i = 0; i < k->degree; i++) {
            if (k->bits == 0) lsv_root_locate((const mpz_t *)k->whole, k->degree, i, bits, k->low[i]);
            else lsv_root_refine((const mpz_t *)k->whole, k->degree, i, k->bits, bits, k->low[i]);
        }
        k->bits = bits;
    }
    mpz_fdiv_q_2exp(mid, k->low[root], (mp_bitcnt_t)(k->bits - bits));
}
