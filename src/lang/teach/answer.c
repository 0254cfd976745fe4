/* A learner's typed entries: numbers, fractions, roots, simple sums. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "lang/teach/checker.h"

void ls_learner_free(ls_learner *l) { lsv_free(l); }

typedef struct reader {
    const char *p, *end;
    bool decimal;   /* a decimal point was met */
    int places;
    bool sum;       /* an operator or a root was met: the entry is an expression */
    bool bad;
    int depth;
    long double lambda;
} reader;

static long double expression(reader *r);

static void skip(reader *r) { while (r->p < r->end && (*r->p == ' ' || *r->p == '\t')) r->p++; }

static bool take(reader *r, const char *word) {
    size_t n = strlen(word);
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0) return false;
    r->p += n;
    return true;
}

static long double number(reader *r) {
    const char *start = r->p;
    while (r->p < r->end && *r->p >= '0' && *r->p <= '9') r->p++;
    if (r->p < r->end && *r->p == '.') {
        const char *point = ++r->p;
        while (r->p < r->end && *r->p >= '0' && *r->p <= '9') r->p++;
        r->decimal = true;
        if ((int)(r->p - point) > r->places) r->places = (int)(r->p - point);
    }
    char digits[40];
    size_t n = (size_t)(r->p - start);
    if (n == 0 || n >= sizeof digits) {
        r->bad = true;
        return 0;
    }
    memcpy(digits, start, n);
    digits[n] = 0;
    long double x = strtold(digits, NULL);
    if (r->p < r->end && (*r->p == 'e' || *r->p == 'E') && r->end - r->p > 1) {
        char *after;
        long e = strtol(r->p + 1, &after, 10);
        if (after > r->p + 1 && after <= r->end && labs(e) < 60) {
            r->p = after;
            x *= powl(10, (long double)e);
            if (r->decimal && r->places - e > 0) r->places = (int)(r->places - e);
        }
    }
    return x;
}

static long double factor(reader *r) {
    skip(r);
    if (++r->depth > 40 || r->p >= r->end) {
        r->bad = true;
        return 0;
    }
    long double x;
    if (take(r, "√") || take(r, "sqrt")) {
        r->sum = true;
        x = sqrtl(factor(r));
    } else if (take(r, "(")) {
        x = expression(r);
        skip(r);
        if (!take(r, ")")) r->bad = true;
    } else if (take(r, "-")) {
        x = -factor(r);
    } else if (take(r, "+")) {
        x = factor(r);
    } else if (take(r, "λ") || take(r, "lambda")) {
        x = r->lambda;
    } else {
        x = number(r);
    }
    for (skip(r); take(r, "²") || (r->end - r->p >= 2 && r->p[0] == '^' && r->p[1] >= '0' && r->p[1] <= '9');) {
        long double base = x;
        int power = 2;
        if (r->p[0] == '^') {
            power = r->p[1] - '0';
            r->p += 2;
        }
        for (x = 1; power > 0; power--) x *= base;
        r->sum = true;
    }
    r->depth--;
    return x;
}

static bool starts_factor(const reader *r) { /* what follows multiplies without a sign: 2√5, 3(1 + √5), 54λ */
    size_t left = (size_t)(r->end - r->p);
    return left && (*r->p == '(' || *r->p == 's' || (left >= 2 && memcmp(r->p, "λ", 2) == 0) || (left >= 3 && memcmp(r->p, "√", 3) == 0));
}

static long double term(reader *r) {
    long double x = factor(r);
    for (;;) {
        skip(r);
        if (take(r, "*") || take(r, "×")) {
            r->sum = true;
            x *= factor(r);
        } else if (take(r, "/")) {
            r->sum = true;
            x /= factor(r);
        } else if (starts_factor(r)) { /* 2√5, 3(1 + √5) */
            x *= factor(r);
        } else {
            return x;
        }
    }
}

static long double expression(reader *r) {
    long double x = term(r);
    for (;;) {
        skip(r);
        if (take(r, "+")) x += term(r);
        else if (take(r, "-")) x -= term(r);
        else return x;
        r->sum = true;
    }
}

static bool entry(const char *from, const char *to, ls_entry *e) {
    while (from < to && *from == ' ') from++;
    while (to > from && to[-1] == ' ') to--;
    reader r = {.p = from, .end = to};
    e->v = expression(&r);
    skip(&r);
    if (r.bad || r.p != to || !(e->v - e->v == 0)) return false;
    bool has_root = false;
    for (const char *p = from; p < to; p++) has_root |= (unsigned char)*p >= 0x80 || *p == 's';
    e->d = r.decimal && !has_root ? r.places : -1;
    e->own = -1;
    size_t n = (size_t)(to - from) < sizeof e->text - 1 ? (size_t)(to - from) : sizeof e->text - 1;
    while (n && ((unsigned char)from[n] & 0xc0) == 0x80 && n < (size_t)(to - from)) n--; /* not inside a character */
    memcpy(e->text, from, n);
    e->text[n] = 0;
    return true;
}

bool ls_expression(const char *text, size_t n, long double lambda, long double *value, int *decimals) {
    reader r = {.p = text, .end = text + n, .lambda = lambda};
    *value = expression(&r);
    skip(&r);
    if (decimals) *decimals = r.decimal ? r.places : -1;
    return !r.bad && r.p == r.end && *value - *value == 0;
}

/* Is the space at p a separator? "[4 -5]" yes, "[4 - 5]" no. */
static bool separates(const char *start, const char *p, const char *end) {
    const char *a = p, *b = p;
    while (a > start && a[-1] == ' ') a--;
    while (b < end && *b == ' ') b++;
    if (a == start || b == end) return false;
    if (strchr("+-*/(,;", a[-1]) || strchr("*/),;", *b)) return false;
    if ((*b == '+' || *b == '-') && b + 1 < end && b[1] == ' ') return false;
    if ((unsigned char)b[0] == 0xc3 && (unsigned char)b[1] == 0x97) return false; /* × */
    if (a - start >= 2 && (unsigned char)a[-2] == 0xc3 && (unsigned char)a[-1] == 0x97) return false;
    return true;
}

lsv_status ls_answer_parse(const char *text, ls_answer *a, lsv_error *err) {
    size_t n = strlen(text);
    const char *p = text, *end = text + n;
    *a = (ls_answer){0};
    while (p < end && strchr(" [(\t\n", *p) && (*p != '(' || end[-1] == ')')) { /* brackets around the whole */
        if (*p == '(' && memchr(p + 1, ')', (size_t)(end - p - 2)) && !memchr(p + 1, ',', (size_t)(end - p - 1))) break;
        p++;
    }
    while (end > p && strchr(" ]\t\n", end[-1])) end--;
    if (p > text && p[-1] == '(' && end > p && end[-1] == ')') end--;
    int depth = 0, count = 0, in_row = 0;
    const char *start = p;
    for (const char *q = p; q <= end; q++) {
        bool last = q == end, row = last || *q == ';' || *q == '\n' || *q == ']';
        if (!last && *q == '(') depth++;
        if (!last && *q == ')') depth--;
        bool cut = depth == 0 && (row || *q == ',' || (*q == ' ' && separates(start, q, end)));
        if (!cut) continue;
        while (start < q && strchr(" [,", *start)) start++;
        if (start < q) {
            if (count == LS_ENTRIES) return lsv_fail(err, LSV_EVALUE, "too many entries: at most %d×%d", LS_SIDE, LS_SIDE);
            if (!entry(start, q, &a->at[count])) return lsv_fail(err, LSV_EVALUE, "\"%.*s\" is not a number: write 3, -0.659, 2/7 or 2-√229", (int)(q - start), start);
            count++;
            in_row++;
        }
        if (row && in_row) {
            if (a->rows && in_row != a->cols) return lsv_fail(err, LSV_EVALUE, "row %d has %d entries, the first row has %d", a->rows + 1, in_row, a->cols);
            a->cols = in_row;
            a->rows++;
            in_row = 0;
        }
        start = q + 1;
    }
    if (a->rows > LS_SIDE || a->cols > LS_SIDE + 1) return lsv_fail(err, LSV_EVALUE, "too large: at most %d×%d", LS_SIDE, LS_SIDE);
    return count ? LSV_OK : lsv_fail(err, LSV_EVALUE, "no numbers there");
}
