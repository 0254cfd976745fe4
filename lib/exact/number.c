/* The pool of rationals, and rationals from and to text. */
#include "exact/exact.h"

#include <string.h>

#include "base/alloc.h"

/* ---- pool ---- */

struct lsv_pool_block {
    struct lsv_pool_block *next;
    int count;         /* rationals to clear; 0: plain bytes */
    lsv_q numbers[];
};

/* What a pool hands out when there is no memory: numbers nobody will read. Grown only by GMP. */
static lsv_q *dummy(void) {
    static lsv_q numbers[LSV_EXACT_MAX * LSV_EXACT_MAX * LSV_EXACT_MAX];
    static bool ready;
    for (size_t i = 0; !ready && i < sizeof numbers / sizeof *numbers; i++) mpq_init(numbers + i);
    ready = true;
    return numbers;
}

static struct lsv_pool_block *block_new(lsv_pool *p, size_t bytes) {
    struct lsv_pool_block *b = lsv_calloc(1, sizeof *b + bytes);
    if (!b) {
        p->failed = true;
        return NULL;
    }
    b->next = p->blocks;
    p->blocks = b;
    return b;
}

lsv_q *lsv_pool_q(lsv_pool *p, int count) {
    struct lsv_pool_block *b = block_new(p, (size_t)count * sizeof(lsv_q));
    if (!b) return dummy();
    for (int i = 0; i < count; i++) mpq_init(b->numbers + i);
    b->count = count;
    return b->numbers;
}

void *lsv_pool_bytes(lsv_pool *p, size_t bytes) {
    struct lsv_pool_block *b = block_new(p, bytes);
    return b ? (void *)b->numbers : NULL;
}

void lsv_pool_free(lsv_pool *p) {
    for (struct lsv_pool_block *b = p->blocks, *next; b; b = next) {
        next = b->next;
        for (int i = 0; i < b->count; i++) mpq_clear(b->numbers + i);
        lsv_free(b);
    }
    *p = (lsv_pool){0};
}

/* ---- reading ---- */

enum { MAX_DIGITS = 60, MAX_EXPONENT = 60 };

static size_t digits_at(const char *s, size_t n) {
    size_t i = 0;
    while (i < n && s[i] >= '0' && s[i] <= '9') i++;
    return i;
}

static lsv_status not_a_number(const char *text, size_t n, lsv_error *err) {
    return lsv_fail(err, LSV_EVALUE, "\"%.*s\" is not a number that can be kept exactly: write 3, -2/7, 0.25 or 1.5e-2",
                    (int)(n > 40 ? 40 : n), text);
}

lsv_status lsv_q_parse(const char *text, size_t n, lsv_q *out, lsv_error *err) {
    char digits[2 * MAX_DIGITS + 4];
    size_t i = 0, used = 0;
    while (i < n && text[i] == ' ') i++;
    while (n > i && text[n - 1] == ' ') n--;
    bool negative = i < n && text[i] == '-';
    if (i < n && (text[i] == '-' || text[i] == '+')) i++;
    size_t whole = digits_at(text + i, n - i);
    if (whole > MAX_DIGITS) return not_a_number(text, n, err);
    memcpy(digits, text + i, whole);
    used = whole;
    i += whole;
    long exponent = 0;
    if (whole && i < n && text[i] == '/') {
        size_t below = digits_at(text + i + 1, n - i - 1);
        if (!below || below > MAX_DIGITS || i + 1 + below != n) return not_a_number(text, n, err);
        digits[used++] = '/';
        memcpy(digits + used, text + i + 1, below);
        used += below;
        i = n;
    } else {
        size_t places = 0;
        if (i < n && text[i] == '.') {
            places = digits_at(text + i + 1, n - i - 1);
            if (places > MAX_DIGITS) return not_a_number(text, n, err);
            memcpy(digits + used, text + i + 1, places);
            used += places;
            i += 1 + places;
        }
        if (i < n && used && (text[i] == 'e' || text[i] == 'E')) {
            size_t j = i + 1, sign = j < n && (text[j] == '-' || text[j] == '+');
            size_t k = digits_at(text + j + sign, n - j - sign);
            if (!k || k > 3) return not_a_number(text, n, err);
            for (size_t a = 0; a < k; a++) exponent = 10 * exponent + (text[j + sign + a] - '0');
            if (sign && text[j] == '-') exponent = -exponent;
            i = j + sign + k;
        }
        exponent -= (long)places;
    }
    digits[used] = 0;
    if (!used || i != n || exponent > MAX_EXPONENT || exponent < -2 * MAX_EXPONENT || mpq_set_str(out, digits, 10) != 0 || mpz_sgn(mpq_denref(out)) == 0) {
        mpq_set_ui(out, 0, 1);
        return not_a_number(text, n, err);
    }
    mpz_t power;
    mpz_init(power);
    mpz_ui_pow_ui(power, 10, (unsigned long)(exponent < 0 ? -exponent : exponent));
    mpz_ptr target = exponent < 0 ? mpq_denref(out) : mpq_numref(out);
    mpz_mul(target, target, power);
    mpz_clear(power);
    mpq_canonicalize(out);
    if (negative) mpq_neg(out, out);
    return LSV_OK;
}

lsv_status lsv_q_from_double(double x, lsv_q *out, int *digits, lsv_error *err) {
    if (digits) *digits = 0;
    mpq_set_ui(out, 0, 1);
    if (x == 0) return LSV_OK;
    if (!(x - x == 0)) return lsv_fail(err, LSV_EVALUE, "an entry is not finite");
    char text[20], written[48];
    int exponent, n = lsv_shortest_double(x < 0 ? -x : x, text, &exponent);
    if (digits) *digits = n;
    size_t length = 0;
    if (x < 0) written[length++] = '-';
    memcpy(written + length, text, (size_t)n);
    length += (size_t)n;
    lsv_text e = {0};
    lsv_text_printf(&e, "e%d", exponent - n);
    if (e.failed) {
        lsv_text_free(&e);
        return lsv_no_memory(err, 16);
    }
    memcpy(written + length, e.data, e.length);
    length += e.length;
    lsv_text_free(&e);
    return lsv_q_parse(written, length, out, err);
}

/* ---- writing ---- */

static void add_z(lsv_text *t, const mpz_t z) {
    char *room = lsv_text_room(t, mpz_sizeinbase(z, 10) + 2);
    if (!room) return;
    mpz_get_str(room, 10, z);
    t->length += strlen(room);
}

void lsv_q_text(lsv_text *t, const lsv_q *x) {
    add_z(t, mpq_numref(x));
    if (mpz_cmp_ui(mpq_denref(x), 1) == 0) return;
    lsv_text_putc(t, '/');
    add_z(t, mpq_denref(x));
}

void lsv_q_decimal(lsv_text *t, const lsv_q *x, int digits) {
    mpz_t a, scale;
    mpz_inits(a, scale, NULL);
    mpz_ui_pow_ui(scale, 10, (unsigned long)digits);
    mpz_abs(a, mpq_numref(x)); /* round(|x| 10^digits) = floor((2 |num| 10^digits + den) / (2 den)) */
    mpz_mul(a, a, scale);
    mpz_mul_2exp(a, a, 1);
    mpz_add(a, a, mpq_denref(x));
    mpz_fdiv_q(a, a, mpq_denref(x));
    mpz_fdiv_q_2exp(a, a, 1);
    if (mpq_sgn(x) < 0 && mpz_sgn(a) != 0) lsv_text_putc(t, '-');
    lsv_text part = {0};
    add_z(&part, a);
    size_t n = part.length, places = (size_t)digits;
    if (part.failed) t->failed = true;
    else {
        size_t whole = n > places ? n - places : 0;
        if (whole) lsv_text_add(t, part.data, whole);
        else lsv_text_putc(t, '0');
        if (places) {
            lsv_text_putc(t, '.');
            if (n < places) lsv_text_fill(t, '0', places - n);
            lsv_text_add(t, part.data + whole, n - whole);
        }
    }
    lsv_text_free(&part);
    mpz_clears(a, scale, NULL);
}

/* ---- squares ---- */

void lsv_square_part(const mpz_t n, mpz_t square, mpz_t rest) {
    enum { LIMIT = 100000 };
    mpz_t left, p2;
    mpz_init_set(left, n);
    mpz_init(p2);
    mpz_set_ui(square, 1);
    mpz_set_ui(rest, 1);
    for (unsigned long p = 2; p < LIMIT; p += p == 2 ? 1 : 2) {
        mpz_set_ui(p2, p * p);
        if (mpz_cmp(p2, left) > 0) break;
        while (mpz_divisible_ui_p(left, p)) {
            mpz_divexact_ui(left, left, p);
            if (mpz_divisible_ui_p(left, p)) {
                mpz_divexact_ui(left, left, p);
                mpz_mul_ui(square, square, p);
            } else {
                mpz_mul_ui(rest, rest, p);
            }
        }
    }
    if (mpz_perfect_square_p(left)) {
        mpz_sqrt(left, left);
        mpz_mul(square, square, left);
    } else {
        mpz_mul(rest, rest, left);
    }
    mpz_clears(left, p2, NULL);
}

/* ---- matrices ---- */

lsv_qmatrix lsv_qmatrix_new(lsv_pool *p, int rows, int cols) {
    return (lsv_qmatrix){rows, cols, lsv_pool_q(p, rows * cols)};
}

lsv_qmatrix lsv_qmatrix_transpose(lsv_pool *p, const lsv_qmatrix *a) {
    lsv_qmatrix t = lsv_qmatrix_new(p, a->cols, a->rows);
    for (int i = 0; i < a->rows; i++)
        for (int j = 0; j < a->cols; j++) mpq_set(lsv_qm(&t, j, i), lsv_qm(a, i, j));
    return t;
}

lsv_qmatrix lsv_qmatrix_product(lsv_pool *p, const lsv_qmatrix *a, const lsv_qmatrix *b) {
    lsv_qmatrix c = lsv_qmatrix_new(p, a->rows, b->cols);
    mpq_t product;
    mpq_init(product);
    for (int i = 0; i < a->rows; i++)
        for (int j = 0; j < b->cols; j++)
            for (int k = 0; k < a->cols; k++) {
                mpq_mul(product, lsv_qm(a, i, k), lsv_qm(b, k, j));
                mpq_add(lsv_qm(&c, i, j), lsv_qm(&c, i, j), product);
            }
    mpq_clear(product);
    return c;
}
