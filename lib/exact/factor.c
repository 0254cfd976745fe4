/* Factors over Q of polynomials that have only real roots, and their number fields.

   With y = Lλ the polynomial is monic with whole coefficients, and so is each of its factors. So a
   factor of degree k is found by choosing k of the roots, known to many bits, and looking whether
   the coefficients of their product are whole numbers; an exact division then proves it. At most
   2^7 choices for degree 8. Repeated factors are split off first (Yun's scheme). */
#include "exact/exact.h"

#include <string.h>

#include "base/alloc.h"
#include "exact/roots.h"

lsv_field lsv_rationals = {.degree = 1, .multiplicity = 1};

enum { N = LSV_EXACT_MAX + 1 };
typedef struct poly { int degree; mpz_t c[N]; } poly; /* highest first; degree -1: zero */

static void poly_init(poly *p) {
    p->degree = -1;
    for (int i = 0; i < N; i++) mpz_init(p->c[i]);
}

static void poly_clear(poly *p) {
    for (int i = 0; i < N; i++) mpz_clear(p->c[i]);
}

static void poly_set(poly *r, const poly *a) {
    r->degree = a->degree;
    for (int i = 0; i <= a->degree; i++) mpz_set(r->c[i], a->c[i]);
}

/* Without common divisor and with a positive first coefficient; leading zeros dropped. */
static void poly_primitive(poly *p) {
    int skip = 0;
    while (skip <= p->degree && mpz_sgn(p->c[skip]) == 0) skip++;
    for (int i = skip; skip && i <= p->degree; i++) mpz_swap(p->c[i - skip], p->c[i]);
    p->degree -= skip;
    if (p->degree < 0) return;
    mpz_t g;
    mpz_init(g);
    for (int i = 0; i <= p->degree; i++) mpz_gcd(g, g, p->c[i]);
    if (mpz_sgn(p->c[0]) < 0) mpz_neg(g, g);
    for (int i = 0; i <= p->degree; i++) mpz_divexact(p->c[i], p->c[i], g);
    mpz_clear(g);
}

/* a := the rest of a by b, up to a factor. */
static void poly_rest(poly *a, const poly *b) {
    while (a->degree >= b->degree) {
        mpz_t lead;
        mpz_init_set(lead, a->c[0]);
        for (int i = 0; i <= a->degree; i++) {
            mpz_mul(a->c[i], a->c[i], b->c[0]);
            if (i <= b->degree) mpz_submul(a->c[i], lead, b->c[i]);
        }
        mpz_clear(lead);
        poly_primitive(a);
    }
}

static void poly_gcd(poly *r, const poly *a, const poly *b) {
    poly x, y;
    poly_init(&x);
    poly_init(&y);
    poly_set(&x, a);
    poly_set(&y, b);
    poly_primitive(&x);
    poly_primitive(&y);
    while (y.degree >= 0) {
        poly_rest(&x, &y);
        poly swap = x;
        x = y;
        y = swap;
    }
    poly_set(r, &x);
    poly_clear(&x);
    poly_clear(&y);
}

/* q = a / b for monic b; false: it leaves a rest (q is then of no use). q may be a. */
static bool poly_divide(poly *q, const poly *a, const poly *b) {
    poly rest;
    poly_init(&rest);
    poly_set(&rest, a);
    int degree = a->degree - b->degree;
    bool exact = degree >= 0;
    for (int i = 0; exact && i <= degree; i++)
        for (int j = 1; j <= b->degree; j++) mpz_submul(rest.c[i + j], rest.c[i], b->c[j]);
    for (int i = degree + 1; exact && i <= a->degree; i++) exact = mpz_sgn(rest.c[i]) == 0;
    if (exact) {
        q->degree = degree;
        for (int i = 0; i <= degree; i++) mpz_set(q->c[i], rest.c[i]);
    }
    poly_clear(&rest);
    return exact;
}

static void poly_derivative(poly *d, const poly *p) {
    d->degree = p->degree - 1;
    for (int i = 0; i < p->degree; i++) mpz_mul_ui(d->c[i], p->c[i], (unsigned long)(p->degree - i));
}

/* ---- combinations of roots ---- */

typedef struct search {
    const poly *of;
    long bits;
    int n;              /* roots left */
    mpz_t root[N];      /* root * 2^bits, to within 1, largest first */
} search;

static bool nearly_whole(const mpz_t x, long bits, mpz_t whole) {
    mpz_t off;
    mpz_init_set_ui(off, 1);
    mpz_mul_2exp(off, off, (mp_bitcnt_t)(bits - 1));
    mpz_add(whole, x, off);
    mpz_fdiv_q_2exp(whole, whole, (mp_bitcnt_t)bits);
    mpz_mul_2exp(off, whole, (mp_bitcnt_t)bits);
    mpz_sub(off, x, off);
    bool near = (long)mpz_sizeinbase(off, 2) < bits - 63; /* within 2^-63: chance is no explanation */
    mpz_clear(off);
    return near;
}

/* The product of (y - root) over the chosen ones, if its coefficients look whole. */
static bool product_of(const search *s, unsigned chosen, poly *f) {
    poly p;
    mpz_t part;
    poly_init(&p);
    mpz_init(part);
    p.degree = 0;
    mpz_set_ui(p.c[0], 1);
    mpz_mul_2exp(p.c[0], p.c[0], (mp_bitcnt_t)s->bits);
    for (int i = 0; i < s->n; i++) {
        if (!(chosen >> i & 1)) continue;
        p.degree++;
        for (int j = p.degree; j >= 1; j--) {
            mpz_mul(part, p.c[j - 1], s->root[i]);
            mpz_fdiv_q_2exp(part, part, (mp_bitcnt_t)s->bits);
            if (j == p.degree) mpz_neg(p.c[j], part);
            else mpz_sub(p.c[j], p.c[j], part);
        }
    }
    bool whole = true;
    f->degree = p.degree;
    for (int i = 0; whole && i <= p.degree; i++) whole = nearly_whole(p.c[i], s->bits, f->c[i]);
    mpz_clear(part);
    poly_clear(&p);
    return whole;
}

static int ones(unsigned x) { return __builtin_popcount(x); }

/* The factor of least degree of p that holds its largest root left; p := the quotient. */
static void split_one(search *s, poly *p, poly *f) {
    for (int size = 1; 2 * size <= s->n; size++)
        for (unsigned chosen = 1; chosen < 1u << s->n; chosen++) {
            if (ones(chosen) != size || !product_of(s, chosen, f) || !poly_divide(p, p, f)) continue;
            int kept = 0;
            for (int i = 0; i < s->n; i++)
                if (!(chosen >> i & 1)) mpz_swap(s->root[kept++], s->root[i]);
            s->n = kept;
            return;
        }
    poly_set(f, p);
    p->degree = 0;
    s->n = 0;
}

/* ---- fields ---- */

/* f is a factor in y = L λ. */
static void field_new(lsv_pool *pool, lsv_field *k, const poly *f, const mpz_t L, int multiplicity) {
    int n = f->degree;
    *k = (lsv_field){.degree = n, .multiplicity = multiplicity, .poly = lsv_pool_q(pool, n + 1), .lambda = lsv_pool_q(pool, n)};
    mpz_init(k->d);
    for (int i = 0; i < N; i++) mpz_init(k->whole[i]);
    for (int i = 0; i < LSV_EXACT_MAX; i++) mpz_init(k->low[i]);
    mpz_t power, common;
    mpz_init_set_ui(power, 1);
    mpz_init_set_ui(common, 1);
    for (int i = 0; i <= n; i++) {
        mpz_set(mpq_numref(k->poly + i), f->c[i]);
        mpz_set(mpq_denref(k->poly + i), power);
        mpq_canonicalize(k->poly + i);
        mpz_lcm(common, common, mpq_denref(k->poly + i));
        mpz_mul(power, power, L);
    }
    for (int i = 0; i <= n; i++) {
        mpz_divexact(k->whole[i], common, mpq_denref(k->poly + i));
        mpz_mul(k->whole[i], k->whole[i], mpq_numref(k->poly + i));
    }
    mpz_clears(power, common, NULL);
    if (n == 1) mpq_neg(k->lambda, k->poly + 1);
    if (n > 2) mpq_set_ui(k->lambda + 1, 1, 1);
    if (n != 2) return;
    mpq_t part, disc; /* λ = -b/2 ± √(b²/4 - c), and √(p/q) = √(pq)/q */
    mpz_t square;
    mpq_inits(part, disc, NULL);
    mpz_init(square);
    mpq_set_si(part, -1, 2);
    mpq_mul(k->lambda, k->poly + 1, part);
    mpq_mul(disc, k->lambda, k->lambda);
    mpq_sub(disc, disc, k->poly + 2);
    mpz_mul(mpq_numref(part), mpq_numref(disc), mpq_denref(disc));
    lsv_square_part(mpq_numref(part), square, k->d);
    mpz_set(mpq_numref(k->lambda + 1), square);
    mpz_set(mpq_denref(k->lambda + 1), mpq_denref(disc));
    mpq_canonicalize(k->lambda + 1);
    mpq_clears(part, disc, NULL);
    mpz_clear(square);
}

void lsv_field_clear(lsv_field *k) {
    mpz_clear(k->d);
    for (int i = 0; i < N; i++) mpz_clear(k->whole[i]);
    for (int i = 0; i < LSV_EXACT_MAX; i++) mpz_clear(k->low[i]);
}

/* All irreducible factors of a square-free monic polynomial. */
static void split_all(lsv_pool *pool, poly *p, const mpz_t L, int multiplicity, lsv_field *fields, int *count) {
    search s = {.of = p, .n = p->degree};
    poly f;
    poly_init(&f);
    s.bits = 128 + (p->degree + 1) * (lsv_root_bound((const mpz_t *)p->c, p->degree) + 2);
    for (int i = 0; i < N; i++) mpz_init(s.root[i]);
    for (int i = 0; i < s.n; i++) {
        lsv_root_locate((const mpz_t *)p->c, p->degree, i, s.bits, s.root[i]);
        mpz_add_ui(s.root[i], s.root[i], 1); /* whole roots are then met exactly */
    }
    while (p->degree > 0 && *count < LSV_EXACT_MAX) {
        split_one(&s, p, &f);
        field_new(pool, &fields[(*count)++], &f, L, multiplicity);
    }
    for (int i = 0; i < N; i++) mpz_clear(s.root[i]);
    poly_clear(&f);
}

static int by_largest_root(lsv_field *a, lsv_field *b) {
    return lsv_real_compare((lsv_real){.field = a, .x = a->lambda}, (lsv_real){.field = b, .x = b->lambda});
}

lsv_status lsv_factor_real(lsv_pool *p, const lsv_q *coefficients, int degree, lsv_field *fields, int *count, lsv_error *err) {
    if (degree < 1 || degree > LSV_EXACT_MAX) return lsv_fail(err, LSV_EVALUE, "the degree must lie between 1 and %d", LSV_EXACT_MAX);
    poly all, derivative, common, simple, next;
    poly *const polys[] = {&all, &derivative, &common, &simple, &next};
    mpz_t L, power;
    mpz_init_set_ui(L, 1);
    mpz_init_set_ui(power, 1);
    for (int i = 0; i < 5; i++) poly_init(polys[i]);
    for (int i = 0; i <= degree; i++) mpz_lcm(L, L, mpq_denref(coefficients + i));
    all.degree = degree;
    for (int i = 0; i <= degree; i++) {
        mpz_mul(all.c[i], mpq_numref(coefficients + i), power);
        mpz_divexact(all.c[i], all.c[i], mpq_denref(coefficients + i));
        mpz_mul(power, power, L);
    }
    /* simple: the product of all factors once; after the k-th round, of those repeated more than k times */
    *count = 0;
    poly_derivative(&derivative, &all);
    poly_gcd(&common, &all, &derivative);
    poly_divide(&simple, &all, &common);
    for (int multiplicity = 1; simple.degree > 0; multiplicity++) {
        poly_gcd(&next, &simple, &common);
        poly_divide(&all, &simple, &next);
        if (all.degree > 0) split_all(p, &all, L, multiplicity, fields, count);
        poly_divide(&common, &common, &next);
        poly_set(&simple, &next);
    }
    for (int i = 1; i < *count; i++) /* insertion sort: largest root first */
        for (int j = i; j > 0 && by_largest_root(&fields[j - 1], &fields[j]) < 0; j--) {
            lsv_field swap = fields[j];
            fields[j] = fields[j - 1];
            fields[j - 1] = swap;
        }
    for (int i = 0; i < 5; i++) poly_clear(polys[i]);
    mpz_clears(L, power, NULL);
    return LSV_OK;
}
