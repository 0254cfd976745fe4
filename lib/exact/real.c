/* Certified decimals: fixed-point balls, made finer until the answer is certain. */
#include "exact/exact.h"

#include <math.h>

#include "exact/roots.h"

enum { FIRST_BITS = 160, LAST_BITS = 1 << 15 };

/* A value x with |x 2^bits - mid| <= rad. */
typedef struct ball { mpz_t mid, rad; long bits; } ball;

static void ball_init(ball *b, long bits) {
    mpz_inits(b->mid, b->rad, NULL);
    b->bits = bits;
}

static void ball_clear(ball *b) { mpz_clears(b->mid, b->rad, NULL); }

/* The element: the sum of c_i g^i by Horner's scheme, its common denominator divided out at the end. */
static void ball_element(ball *b, lsv_field *k, int root, const lsv_q *x) {
    mpz_t common, g, c, size, error;
    mpz_inits(common, g, c, size, error, NULL);
    mpz_set_ui(common, 1);
    for (int i = 0; i < k->degree; i++) mpz_lcm(common, common, mpq_denref(x + i));
    lsv_generator(k, root, b->bits, g);
    mpz_set_ui(b->mid, 0);
    mpz_set_ui(b->rad, 0);
    for (int i = k->degree - 1; i >= 0; i--) {
        if (i < k->degree - 1) { /* |mid| + rad times g's error 1, and rad times |g| + 1 */
            mpz_abs(size, g);
            mpz_add_ui(size, size, 1);
            mpz_mul(error, b->rad, size);
            mpz_abs(size, b->mid);
            mpz_add(error, error, size);
            mpz_cdiv_q_2exp(b->rad, error, (mp_bitcnt_t)b->bits);
            mpz_add_ui(b->rad, b->rad, 1);
            mpz_mul(b->mid, b->mid, g);
            mpz_fdiv_q_2exp(b->mid, b->mid, (mp_bitcnt_t)b->bits);
        }
        mpz_divexact(c, common, mpq_denref(x + i));
        mpz_mul(c, c, mpq_numref(x + i));
        mpz_mul_2exp(c, c, (mp_bitcnt_t)b->bits);
        mpz_add(b->mid, b->mid, c);
    }
    mpz_fdiv_q(b->mid, b->mid, common);
    mpz_cdiv_q(b->rad, b->rad, common);
    mpz_add_ui(b->rad, b->rad, 1);
    mpz_clears(common, g, c, size, error, NULL);
}

/* √ of a ball of a number >= 0. */
static void ball_sqrt(ball *b) {
    mpz_t low, high;
    mpz_inits(low, high, NULL);
    mpz_sub(low, b->mid, b->rad);
    mpz_add(high, b->mid, b->rad);
    if (mpz_sgn(low) < 0) mpz_set_ui(low, 0);
    if (mpz_sgn(high) < 0) mpz_set_ui(high, 0);
    mpz_mul_2exp(low, low, (mp_bitcnt_t)b->bits);
    mpz_mul_2exp(high, high, (mp_bitcnt_t)b->bits);
    mpz_sqrt(low, low);
    mpz_sqrt(high, high);
    mpz_add_ui(high, high, 1);
    mpz_set(b->mid, low);
    mpz_sub(b->rad, high, low);
    mpz_clears(low, high, NULL);
}

/* b / √over. |x/y - x'/y'| <= (dx + |x'/y'| dy) / (y' - dy) for the midpoints x', y'. */
static void ball_quotient(ball *b, lsv_real v) {
    ball o;
    mpz_t low, size;
    ball_init(&o, b->bits);
    mpz_inits(low, size, NULL);
    ball_element(&o, v.field, v.root, v.over);
    ball_sqrt(&o);
    mpz_sub(low, o.mid, o.rad);
    if (mpz_sgn(low) <= 0) { /* not fine enough yet: anything */
        mpz_set_ui(b->rad, 1);
        mpz_mul_2exp(b->rad, b->rad, (mp_bitcnt_t)(2 * b->bits));
        mpz_set_ui(b->mid, 0);
    } else {
        mpz_mul_2exp(b->mid, b->mid, (mp_bitcnt_t)b->bits);
        mpz_fdiv_q(b->mid, b->mid, o.mid);
        mpz_abs(size, b->mid);
        mpz_add_ui(size, size, 1);
        mpz_mul(size, size, o.rad);
        mpz_mul_2exp(b->rad, b->rad, (mp_bitcnt_t)b->bits);
        mpz_add(b->rad, b->rad, size);
        mpz_cdiv_q(b->rad, b->rad, low);
        mpz_add_ui(b->rad, b->rad, 1);
    }
    mpz_clears(low, size, NULL);
    ball_clear(&o);
}

static void ball_real(ball *b, lsv_real v) {
    ball_element(b, v.field, v.root, v.x);
    if (v.over) ball_quotient(b, v);
    if (v.sqrt) ball_sqrt(b);
    if (v.negative) mpz_neg(b->mid, b->mid);
}

/* v as a rational, where it is one. */
static bool rational_of(lsv_real v, mpq_t q) {
    if (!lsv_e_is_rational(v.field, v.x) || (v.over && mpq_sgn(v.x) != 0)) return false;
    if (v.sqrt) {
        if (!mpz_perfect_square_p(mpq_numref(v.x)) || !mpz_perfect_square_p(mpq_denref(v.x))) return false;
        mpz_sqrt(mpq_numref(q), mpq_numref(v.x));
        mpz_sqrt(mpq_denref(q), mpq_denref(v.x));
    } else {
        mpq_set(q, v.x);
    }
    if (v.negative) mpq_neg(q, q);
    return true;
}

int lsv_real_sign(lsv_real v) {
    if (lsv_e_is_zero(v.field, v.x)) return 0;
    if (v.sqrt) return v.negative ? -1 : 1;
    int sign = 0;
    for (long bits = FIRST_BITS; sign == 0 && bits <= LAST_BITS; bits *= 2) {
        ball b;
        ball_init(&b, bits);
        ball_element(&b, v.field, v.root, v.x);
        if (mpz_cmpabs(b.mid, b.rad) > 0) sign = mpz_sgn(b.mid);
        ball_clear(&b);
    }
    return v.negative ? -sign : sign;
}

/* mid as m 2^e with 64 bits of m; enough for a double and for an x87 long double. */
long double lsv_real_long(lsv_real v) {
    if (lsv_e_is_zero(v.field, v.x)) return 0;
    for (long bits = FIRST_BITS;; bits *= 2) {
        ball b;
        ball_init(&b, bits);
        ball_real(&b, v);
        long size = (long)mpz_sizeinbase(b.mid, 2), error = (long)mpz_sizeinbase(b.rad, 2);
        bool certain = mpz_sgn(b.mid) != 0 && size - error > 80;
        long double result = 0;
        if (certain || bits >= LAST_BITS) {
            long shift = size - 64;
            mpz_t top, half;
            mpz_inits(top, half, NULL);
            mpz_abs(top, b.mid);
            if (shift > 0) {
                mpz_set_ui(half, 1);
                mpz_mul_2exp(half, half, (mp_bitcnt_t)(shift - 1));
                mpz_add(top, top, half);
                mpz_fdiv_q_2exp(top, top, (mp_bitcnt_t)shift);
            } else {
                shift = 0;
            }
            mpz_fdiv_q_2exp(half, top, 32);
            result = ldexpl((long double)mpz_get_ui(half), 32) + (long double)(mpz_get_ui(top) & 0xffffffffu);
            result = ldexpl(result, (int)(shift - bits));
            if (mpz_sgn(b.mid) < 0) result = -result;
            mpz_clears(top, half, NULL);
        }
        ball_clear(&b);
        if (certain || bits >= LAST_BITS) return result;
    }
}

double lsv_real_double(lsv_real v) { return (double)lsv_real_long(v); }

int lsv_real_compare(lsv_real a, lsv_real b) {
    mpq_t qa, qb;
    mpq_inits(qa, qb, NULL);
    int result = 0;
    bool exact = rational_of(a, qa) && rational_of(b, qb);
    if (exact) result = mpq_cmp(qa, qb);
    mpq_clears(qa, qb, NULL);
    if (exact || (a.field == b.field && a.root == b.root && a.x == b.x && a.sqrt == b.sqrt && a.over == b.over && a.negative == b.negative)) return result;
    for (long bits = FIRST_BITS; result == 0 && bits <= 1024; bits *= 2) {
        ball x, y;
        ball_init(&x, bits);
        ball_init(&y, bits);
        ball_real(&x, a);
        ball_real(&y, b);
        mpz_add(x.rad, x.rad, y.rad);
        mpz_sub(x.mid, x.mid, y.mid);
        if (mpz_cmpabs(x.mid, x.rad) > 0) result = mpz_sgn(x.mid);
        ball_clear(&x);
        ball_clear(&y);
    }
    return result; /* 0: equal, or equal to 300 digits */
}

void lsv_real_decimal(lsv_text *t, lsv_real v, int digits) {
    mpq_t q;
    mpq_init(q);
    bool known = rational_of(v, q);
    mpz_t scale, low, high;
    mpz_inits(scale, low, high, NULL);
    mpz_ui_pow_ui(scale, 10, (unsigned long)digits);
    for (long bits = FIRST_BITS + 4L * digits; !known && bits <= LAST_BITS; bits *= 2) { /* irrational: never on a boundary */
        ball b;
        ball_init(&b, bits);
        ball_real(&b, v);
        mpz_sub(low, b.mid, b.rad);
        mpz_add(high, b.mid, b.rad);
        mpz_ptr ends[] = {low, high};
        for (int i = 0; i < 2; i++) { /* floor(x 10^digits + 1/2) */
            mpz_mul(ends[i], ends[i], scale);
            mpz_mul_2exp(ends[i], ends[i], 1);
            mpz_set_ui(b.rad, 1);
            mpz_mul_2exp(b.rad, b.rad, (mp_bitcnt_t)bits);
            mpz_add(ends[i], ends[i], b.rad);
            mpz_fdiv_q_2exp(ends[i], ends[i], (mp_bitcnt_t)(bits + 1));
        }
        known = mpz_cmp(low, high) == 0 || 2 * bits > LAST_BITS;
        if (known) {
            mpz_set(mpq_numref(q), low);
            mpz_set(mpq_denref(q), scale);
            mpq_canonicalize(q);
        }
        ball_clear(&b);
    }
    lsv_q_decimal(t, q, digits);
    mpq_clear(q);
    mpz_clears(scale, low, high, NULL);
}

lsv_real lsv_real_quotient(lsv_field *k, int root, const lsv_q *xi, const lsv_q *norm2, lsv_q *room) {
    if (k->degree > 2) return (lsv_real){.field = k, .root = root, .x = xi, .over = norm2};
    bool negative = lsv_real_sign((lsv_real){.field = k, .root = root, .x = xi}) < 0;
    lsv_e_inv(k, room, norm2);
    lsv_e_mul(k, room, room, xi);
    lsv_e_mul(k, room, room, xi);
    return (lsv_real){.field = k, .root = root, .x = room, .sqrt = true, .negative = negative};
}
