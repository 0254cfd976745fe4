/* Answers that are compared entry by entry: Gram matrices, χ, λ, σ, Σ, rank-1 terms and their sum. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lang/teach/checker.h"

/* Causes that fit the answer; two are enough to name. */
typedef struct causes { int n; char text[2][200]; } causes;

static void offer(const ls_case *c, causes *k, const long double *candidate, const char *format, ...) __attribute__((format(printf, 4, 5)));
static void offer(const ls_case *c, causes *k, const long double *candidate, const char *format, ...) {
    if (k->n == 2 || ls_worst(c->a, candidate) == LS_WRONG) return;
    va_list ap;
    va_start(ap, format);
    vsnprintf(k->text[k->n++], sizeof k->text[0], format, ap);
    va_end(ap);
}

static void say_causes(const ls_case *c, const causes *k) {
    if (k->n) lsv_text_printf(c->out, ". Probable cause: %s", k->text[0]);
    if (k->n > 1) lsv_text_printf(c->out, " (or: %s)", k->text[1]);
}

/* The common frame: size, right, causes, entries. true: settled (right, or wrong size). */
static bool settled(ls_case *c, const char *name, const long double *truth, int rows, int cols) {
    const ls_answer *a = c->a;
    lsv_text_printf(c->out, "%s: ", name);
    if (a->rows != rows || a->cols != cols) {
        lsv_text_printf(c->out, "wrong size: %d×%d, should be %d×%d", a->rows, a->cols, rows, cols);
        return true;
    }
    c->level = ls_worst(a, truth);
    if (c->level == LS_WRONG) return false;
    ls_say_level(c->out, c->level, ls_answer_digits(a));
    return true;
}

static void wrong(ls_case *c, const long double *truth, const causes *k, int most) {
    lsv_text_puts(c->out, "wrong: ");
    ls_say_entries(c, truth, most);
    if (k->n) say_causes(c, k);
    else lsv_text_puts(c->out, ". No known cause fits");
}

/* ---- Gram matrices ---- */

static void flat(long double out[LS_ENTRIES], const long double (*m)[LS_SIDE], int rows, int cols) {
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++) out[i * cols + j] = m[i][j];
}

/* a[k] of vector i of the Gram matrix's products: column i of A, or row i for the other one. */
static long double part(const ls_facts *t, bool other, int k, int i) { return other ? t->A[i][k] : t->A[k][i]; }

static void gram_causes(const ls_case *c, causes *k, const long double *g, int n, bool other) {
    const ls_facts *t = c->t;
    long double x[LS_ENTRIES], lost[LS_ENTRIES];
    size_t size = (size_t)(n * n) * sizeof *x;
    for (int i = 0; i < n * n; i++) lost[i] = i % (n + 1) ? -g[i] : g[i];
    offer(c, k, lost, "the minus of the off-diagonal entries was lost");
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++) {
            if (g[i * n + j] == 0) continue;
            memcpy(x, g, size);
            x[i * n + j] = x[j * n + i] = -g[i * n + j];
            if (n > 2) offer(c, k, x, "the sign of entry (%d,%d) and of its mirror image", i + 1, j + 1);
            for (int side = 0; side < 2; side++) {
                memcpy(x, g, size);
                x[side ? j * n + i : i * n + j] *= -1;
                offer(c, k, x, "the sign of entry (%d,%d): the matrix must be symmetric", (side ? j : i) + 1, (side ? i : j) + 1);
            }
        }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            if (i == j) continue;
            memcpy(x, g, size);
            x[i * n + i] = g[j * n + j];
            offer(c, k, x, "entry (%d,%d) copied from (%d,%d)", i + 1, i + 1, j + 1, j + 1);
            memcpy(x, lost, size);
            x[i * n + i] = g[j * n + j];
            offer(c, k, x, "two slips: the minus of the off-diagonal entries was lost, and entry (%d,%d) was copied from (%d,%d)", i + 1, i + 1, j + 1, j + 1);
        }
    int length = other ? t->n : t->m;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            for (int r = 0; r < length; r++)
                for (int kind = 0; kind < 4; kind++) { /* sign or missing, in one entry or in both mirror images */
                    long double p = part(t, other, r, i) * part(t, other, r, j);
                    if (p == 0 || (kind >= 2 && i >= j)) continue;
                    memcpy(x, g, size);
                    x[i * n + j] -= kind % 2 ? p : 2 * p;
                    if (kind >= 2) x[j * n + i] = x[i * n + j];
                    offer(c, k, x, kind % 2 ? "the product %.6Lg×%.6Lg is missing in entry (%d,%d)" : "sign of the product %.6Lg×%.6Lg in entry (%d,%d)",
                          part(t, other, r, i), part(t, other, r, j), i + 1, j + 1);
                }
}

void ls_check_gram(ls_case *c, bool other) {
    const ls_facts *t = c->t;
    int n = other ? t->m : t->n, no = other ? t->n : t->m;
    long double g[LS_ENTRIES], swapped[LS_ENTRIES];
    flat(g, other ? t->H : t->G, n, n);
    flat(swapped, other ? t->G : t->H, no, no);
    bool turned = c->a->rows == no && c->a->cols == no && ls_worst(c->a, swapped) != LS_WRONG;
    const char *name = other ? t->other : t->gram, *is = other ? t->gram : t->other;
    causes k = {0};
    if (settled(c, name, g, n, n)) {
        if (c->level == LS_WRONG && turned) lsv_text_printf(c->out, ". Probable cause: this is %s, not %s", is, name);
        return;
    }
    if (turned) {
        lsv_text_printf(c->out, "wrong. Probable cause: this is %s, not %s", is, name);
        return;
    }
    gram_causes(c, &k, g, n, other);
    wrong(c, g, &k, 4);
    if (k.n) return;
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++)
            if (c->a->at[i * n + j].v != c->a->at[j * n + i].v) {
                lsv_text_printf(c->out, ", but it is not symmetric: (%d,%d) and (%d,%d) differ", i + 1, j + 1, j + 1, i + 1);
                return;
            }
}

void ls_check_charmat(ls_case *c, bool other) {
    const ls_facts *t = c->t;
    int n = other ? t->m : t->n;
    long double g[LS_ENTRIES], truth[LS_ENTRIES], x[LS_ENTRIES];
    char name[64];
    flat(g, other ? t->H : t->G, n, n);
    for (int i = 0; i < n * n; i++) truth[i] = -g[i];
    snprintf(name, sizeof name, "λI - %s (constants)", other ? t->other : t->gram);
    if (settled(c, name, truth, n, n)) {
        int no = other ? t->n : t->m;
        if (c->level == LS_WRONG && c->a->rows == no && c->a->cols == no) lsv_text_puts(c->out, ". Probable cause: I of the wrong size");
        return;
    }
    if (ls_worst(c->a, g) != LS_WRONG) {
        c->level = ls_worst(c->a, g);
        lsv_text_printf(c->out, "right for %s - λI: every sign is opposite (allowed: det changes by (-1)^n)", other ? t->other : t->gram);
        return;
    }
    causes k = {0};
    size_t size = (size_t)(n * n) * sizeof *x;
    for (int i = 0; i < n * n; i++) x[i] = i % (n + 1) ? g[i] : -g[i];
    offer(c, &k, x, "off-diagonal signs not flipped: 0 - (g) = -g");
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            memcpy(x, truth, size);
            x[i * n + j] *= -1;
            if (g[i * n + j] != 0) offer(c, &k, x, i == j ? "sign of entry (%d,%d): λ minus the entry" : "sign of entry (%d,%d): the matrix must stay symmetric", i + 1, j + 1);
            if (i == j) continue;
            memcpy(x, truth, size);
            x[i * n + i] = truth[j * n + j];
            offer(c, &k, x, "(%d,%d) copied from (%d,%d)", i + 1, i + 1, j + 1, j + 1);
            memcpy(x, truth, size);
            x[i * n + j] *= -1;
            x[j * n + i] *= -1;
            if (n > 2 && i < j && g[i * n + j] != 0) offer(c, &k, x, "the signs of (%d,%d) and (%d,%d) were not flipped", i + 1, j + 1, j + 1, i + 1);
        }
    wrong(c, truth, &k, 4);
    for (int i = 0; !k.n && i < n * n; i++) {
        int mirror = i % n * n + i / n;
        if (ls_entry_level(&c->a->at[i], truth[i]) != LS_WRONG || ls_entry_level(&c->a->at[mirror], truth[mirror]) == LS_WRONG) continue;
        lsv_text_printf(c->out, ", but the matrix must stay symmetric: (%d,%d) should equal (%d,%d)", i / n + 1, i % n + 1, i % n + 1, i / n + 1);
        return;
    }
}

/* ---- the characteristic polynomial ---- */

void ls_check_chi(ls_case *c) {
    const ls_facts *t = c->t;
    int n = t->n;
    const long double *p = t->chi;
    long double x[LS_SIDE + 1];
    size_t size = (size_t)(n + 1) * sizeof *x;
    if (settled(c, "χ(λ)", p, 1, n + 1)) return;
    for (int i = 0; i <= n; i++) x[i] = -p[i];
    if (ls_worst(c->a, x) != LS_WRONG) {
        c->level = ls_worst(c->a, x);
        lsv_text_printf(c->out, "right with every sign opposite: this is -χ%s", n % 2 ? ", det(G - λI) for odd n (allowed)" : " (allowed: the same roots)");
        return;
    }
    causes k = {0};
    if (n == 2) {
        long double b2 = t->G[0][1] * t->G[0][1], ad = t->G[0][0] * t->G[1][1];
        memcpy(x, p, size);
        x[2] = ad + b2;
        offer(c, &k, x, "+ instead of - in ad - bc");
        x[2] = ad;
        offer(c, &k, x, "bc forgotten");
        x[2] = b2 - ad;
        offer(c, &k, x, "bc - ad instead of ad - bc");
        x[1] = -p[1];
        x[2] = ad + b2;
        offer(c, &k, x, "two slips: the sign of the λ term, and + instead of - in ad - bc");
    } else {
        for (int i = 0; i < n; i++)
            for (int j = i + 1; j < n; j++) { /* one principal minor */
                long double b2 = t->G[i][j] * t->G[i][j], ad = t->G[i][i] * t->G[j][j];
                if (b2 == 0) continue;
                memcpy(x, p, size);
                x[2] += 2 * b2;
                offer(c, &k, x, "+ instead of - in ad - bc of the minor {%d,%d}", i + 1, j + 1);
                x[2] = p[2] + b2;
                offer(c, &k, x, "bc forgotten in the minor {%d,%d}", i + 1, j + 1);
                x[2] = p[2] - (ad - b2);
                offer(c, &k, x, "the minor {%d,%d} is missing in the sum", i + 1, j + 1);
            }
        long double all = 0;
        for (int i = 0; i < n; i++)
            for (int j = i + 1; j < n; j++) all += t->G[i][j] * t->G[i][j];
        memcpy(x, p, size);
        x[2] += 2 * all;
        offer(c, &k, x, "+ instead of - in ad - bc");
        x[2] = p[2] + all;
        offer(c, &k, x, "bc forgotten in every minor");
    }
    static const char *const powers[] = {"constant", "λ", "λ²", "λ³", "λ⁴", "λ⁵", "λ⁶", "λ⁷"};
    for (int i = 1; i <= n; i++) {
        memcpy(x, p, size);
        x[i] = -p[i];
        if (p[i] != 0) offer(c, &k, x, "sign of the %s term", powers[n - i]);
    }
    for (int i = 0; i <= n; i++) x[i] = i % 2 ? -p[i] : p[i];
    if (n > 2) offer(c, &k, x, "signs must alternate: + - + -");
    wrong(c, p, &k, 4);
}

/* ---- eigenvalues and singular values ---- */

/* Every λ from √D rounded to k digits: what early rounding does for n = 2. */
static bool rounded_early(ls_case *c, const long double *p, int digits) {
    long double D = p[1] * p[1] - 4 * p[2], root = sqrtl(D);
    const ls_entry *e = c->a->at;
    for (int k = digits; k >= 0 && k >= digits - 2; k--) {
        long double unit = powl(10, -k), r = roundl(root / unit) * unit, hi = (-p[1] + r) / 2, lo = (-p[1] - r) / 2;
        if (ls_entry_level(&e[0], hi) > LS_ROUNDED || ls_entry_level(&e[1], lo) > LS_CUT) continue;
        bool close = ls_entry_level(&e[0], c->t->lambda[0]) <= LS_UNIT && ls_entry_level(&e[1], c->t->lambda[1]) <= LS_UNIT;
        if (close) {
            c->level = LS_UNIT;
            lsv_text_printf(c->out, "right up to one unit in digit %d (%s, %s; right %.*Lf, %.*Lf)", digits, e[0].text, e[1].text, digits, c->t->lambda[0], digits, c->t->lambda[1]);
        } else {
            lsv_text_puts(c->out, "wrong");
        }
        lsv_text_printf(c->out, ". Probable cause: rounded too early: √%.10Lg ≈ %.*Lf before the division by 2", D, k, r);
        return true;
    }
    return false;
}

/* The answer as one row, its entries sorted downwards. */
static void sorted(const ls_answer *a, ls_answer *s) {
    *s = *a;
    int n = s->rows * s->cols;
    for (int i = 1; i < n; i++)
        for (int j = i; j > 0 && s->at[j - 1].v < s->at[j].v; j--) {
            ls_entry swap = s->at[j];
            s->at[j] = s->at[j - 1];
            s->at[j - 1] = swap;
        }
}

static void row(ls_answer *a, int n) {
    a->rows = 1;
    a->cols = n;
}

static void values_wrong(ls_case *c, const long double *truth, int n, int digits) {
    lsv_text_puts(c->out, "wrong: right ");
    for (int i = 0; i < n; i++) {
        if (i) lsv_text_puts(c->out, ", ");
        ls_say_number(c->out, truth[i], digits);
    }
}

void ls_check_lambda(ls_case *c, bool other) {
    const ls_facts *t = c->t;
    int n = other ? t->m : t->n, count = c->a->rows * c->a->cols, digits = ls_answer_digits(c->a);
    long double truth[LS_SIDE] = {0}, x[LS_SIDE] = {0};
    for (int i = 0; i < t->n; i++) truth[i] = t->lambda[i];
    ls_answer one = *c->a, order;
    row(&one, count);
    sorted(&one, &order);
    const ls_answer *given = c->a;
    c->a = &one;
    lsv_text_puts(c->out, "λ: ");
    if (!other && count == t->n) {
        c->mine->lambda = order;
        c->mine->has_lambda = true;
    }
    if (count != n) {
        bool zeros = count > n;
        for (int i = n; i < count; i++) zeros &= order.at[i].v == 0;
        if (!other && zeros && count == t->m) {
            row(&order, n);
            if (ls_worst(&order, truth) != LS_WRONG) {
                lsv_text_printf(c->out, "wrong number: %d, should be %d. Probable cause: these are the eigenvalues of %s, which has %d more zero%s", count, n, t->other, count - n, count - n > 1 ? "s" : "");
                goto done;
            }
        }
        lsv_text_printf(c->out, "wrong number: %d, should be %d", count, n);
        if (other) lsv_text_printf(c->out, ": %s also has %d zero%s", t->other, t->m - t->n, t->m - t->n > 1 ? "s" : "");
        goto done;
    }
    c->level = ls_worst(&one, truth);
    if (c->level <= LS_ROUNDED) {
        ls_say_level(c->out, c->level, digits);
        goto done;
    }
    if (ls_worst(&order, truth) <= LS_ROUNDED) {
        c->level = ls_worst(&order, truth);
        ls_say_level(c->out, c->level, digits);
        lsv_text_puts(c->out, ", but in the wrong order: put the largest first");
        goto done;
    }
    if (n == 2 && !other && rounded_early(c, t->chi, digits)) goto done;
    if (c->level != LS_WRONG || (c->level = ls_worst(&order, truth)) != LS_WRONG) {
        ls_say_level(c->out, c->level, digits);
        lsv_text_puts(c->out, ": ");
        for (int i = 0, shown = 0; i < n; i++) {
            if (ls_entry_level(&order.at[i], truth[i]) <= LS_ROUNDED) continue;
            lsv_text_printf(c->out, "%s%s (right %.*Lf)", shown++ ? ", " : "", order.at[i].text, digits, truth[i]);
        }
        goto done;
    }
    causes k = {0};
    const ls_answer *before = c->a;
    c->a = &order; /* causes are compared in any order */
    if (n == 2 && !other) {
        long double D = t->chi[1] * t->chi[1] - 4 * t->chi[2], r = sqrtl(D), plus = sqrtl(t->chi[1] * t->chi[1] + 4 * t->chi[2]), tr = -t->chi[1];
        x[0] = tr + r, x[1] = tr - r;
        offer(c, &k, x, "forgot to divide by 2a");
        x[0] = (-tr + r) / 2, x[1] = (-tr - r) / 2;
        offer(c, &k, x, "sign of b: -b = %.10Lg", tr);
        x[0] = (tr + plus) / 2, x[1] = (tr - plus) / 2;
        offer(c, &k, x, "b² + 4ac instead of b² - 4ac");
        x[0] = (tr + D) / 2, x[1] = (tr - D) / 2;
        offer(c, &k, x, "the root of b² - 4ac was not taken");
        x[0] = tr + r / 2, x[1] = tr - r / 2;
        offer(c, &k, x, "only the root was divided by 2a");
        x[0] = tr / 2 + r, x[1] = tr / 2 - r;
        offer(c, &k, x, "only -b was divided by 2a");
    }
    for (int i = 0; i < n; i++) x[i] = sqrtl(truth[i]);
    offer(c, &k, x, "these are the singular values: you took the root already");
    for (int i = 0; i < n; i++) x[i] = truth[i] * truth[i];
    offer(c, &k, x, "squared");
    for (int i = 0; i < n; i++) x[i] = -truth[n - 1 - i];
    offer(c, &k, x, "every sign is opposite: the roots of χ(-λ)");
    for (int i = 0; i < n; i++) x[i] = 2 * truth[i];
    offer(c, &k, x, "forgot to divide by 2");
    c->a = before;
    if (k.n) {
        lsv_text_puts(c->out, "wrong");
        say_causes(c, &k);
    } else {
        long double sum = 0, trace = 0;
        for (int i = 0; i < n; i++) {
            sum += order.at[i].v;
            trace += truth[i];
        }
        values_wrong(c, truth, n, digits);
        lsv_text_printf(c->out, "; yours add to %.8Lg, the trace is %.8Lg", sum, trace);
    }
done:
    c->a = given;
}

/* σ from the learner's own λ. */
static bool from_own_lambda(ls_case *c, int n) {
    long double x[LS_SIDE];
    if (!c->mine->has_lambda || c->mine->lambda.cols != n) return false;
    for (int i = 0; i < n; i++) x[i] = sqrtl(fmaxl(0, c->mine->lambda.at[i].v));
    return ls_worst(c->a, x) <= LS_ROUNDED;
}

void ls_check_sigma(ls_case *c) {
    const ls_facts *t = c->t;
    int n = t->n, count = c->a->rows * c->a->cols, digits = ls_answer_digits(c->a);
    long double x[LS_SIDE];
    ls_answer one = *c->a, order;
    row(&one, count);
    sorted(&one, &order);
    const ls_answer *given = c->a;
    c->a = &one;
    causes k = {0};
    lsv_text_puts(c->out, "σ: ");
    if (count == t->r && t->r < n && ls_worst(&one, t->sigma) != LS_WRONG) { /* the zeros left out */
        c->level = ls_worst(&one, t->sigma);
        ls_say_level(c->out, c->level, digits);
        lsv_text_printf(c->out, " (and %d more: 0)", n - t->r);
        goto done;
    }
    if (count != n) {
        lsv_text_printf(c->out, "wrong number: %d, should be %d", count, n);
        if (count > n) lsv_text_printf(c->out, ": zeros of %s are not singular values of a %d×%d matrix", t->other, t->rows, t->cols);
        goto done;
    }
    c->mine->sigma = order;
    c->mine->has_sigma = true;
    c->level = ls_worst(&one, t->sigma);
    if (c->level != LS_WRONG) {
        ls_say_level(c->out, c->level, digits);
        goto done;
    }
    if (from_own_lambda(c, n)) {
        lsv_text_puts(c->out, "wrong, but it follows from your λ");
        goto done;
    }
    c->a = &order;
    offer(c, &k, t->lambda, "you gave λ: take the square root");
    c->a = &one;
    for (int i = 0; i < n; i++) x[i] = t->sigma[n - 1 - i];
    offer(c, &k, x, "smallest first: put the largest first");
    if (!k.n && ls_worst(&order, t->sigma) != LS_WRONG) offer(c, &k, (long double[LS_SIDE]){one.at[0].v, n > 1 ? one.at[1].v : 0, n > 2 ? one.at[2].v : 0, n > 3 ? one.at[3].v : 0, n > 4 ? one.at[4].v : 0, n > 5 ? one.at[5].v : 0, n > 6 ? one.at[6].v : 0, n > 7 ? one.at[7].v : 0}, "wrong order: put the largest first");
    for (int i = 0; i < n; i++) x[i] = -t->sigma[i];
    offer(c, &k, x, "a singular value is never negative");
    for (int i = 0; i < n; i++) x[i] = t->lambda[i] * t->lambda[i];
    offer(c, &k, x, "squared instead of rooted");
    for (int i = 0; i < n; i++) x[i] = t->lambda[i] / 2;
    offer(c, &k, x, "halved instead of rooted");
    if (k.n) {
        lsv_text_puts(c->out, "wrong");
        say_causes(c, &k);
    } else {
        values_wrong(c, t->sigma, n, digits);
    }
done:
    c->a = given;
}

/* ---- Σ, terms, sum ---- */

void ls_check_S(ls_case *c) {
    const ls_facts *t = c->t;
    const ls_answer *a = c->a;
    long double x[LS_ENTRIES] = {0}, lambda[LS_ENTRIES] = {0}, back[LS_ENTRIES] = {0};
    bool thin = a->rows == t->n && a->cols == t->n, turned = a->rows == t->cols && a->cols == t->rows && t->rows != t->cols;
    int cols = thin ? t->n : t->cols, rows = thin ? t->n : t->rows;
    for (int i = 0; i < t->n; i++) {
        x[i * cols + i] = t->sigma[i];
        lambda[i * cols + i] = t->lambda[i];
        back[i * cols + i] = t->sigma[t->n - 1 - i];
    }
    if (settled(c, "Σ", x, rows, cols)) {
        if (c->level != LS_WRONG && thin && t->rows != t->cols) lsv_text_printf(c->out, " (the thin Σ; the full one is %d×%d)", t->rows, t->cols);
        if (turned) lsv_text_puts(c->out, ". Probable cause: Σ has the shape of W, this is the shape of Wᵀ");
        else if (c->level == LS_WRONG && a->rows == t->m && a->cols == t->m) lsv_text_puts(c->out, ". Probable cause: Σ has the shape of W, it is not square");
        return;
    }
    causes k = {0};
    offer(c, &k, lambda, "λ on the diagonal instead of σ");
    offer(c, &k, back, "wrong order: the largest σ comes first");
    wrong(c, x, &k, 4);
}

static long double term_entry(const ls_facts *t, int j, int i, int q) { /* row i, column q of σ_j u_j v_jᵀ */
    return t->wide ? t->sigma[j] * t->u[j][q] * t->v[j][i] : t->sigma[j] * t->u[j][i] * t->v[j][q];
}

/* The learner's own σ, u and v multiplied, where all are known. */
static bool own_term(const ls_case *c, int j, long double x[LS_ENTRIES]) {
    const ls_learner *l = c->mine;
    const ls_facts *t = c->t;
    if (!l->has_first || !l->has_second || !l->has_sigma || j >= l->first.cols || j >= l->second.cols || j >= l->sigma.cols) return false;
    for (int i = 0; i < t->rows; i++)
        for (int q = 0; q < t->cols; q++) {
            const ls_answer *rows = t->wide ? &l->first : &l->second, *cols = t->wide ? &l->second : &l->first;
            x[i * t->cols + q] = l->sigma.at[j].v * rows->at[i * rows->cols + j].v * cols->at[q * cols->cols + j].v;
        }
    return true;
}

static void compare_own(ls_case *c, const long double *x) {
    const ls_answer *a = c->a;
    int bad = 0, n = a->rows * a->cols, shown = 0;
    for (int i = 0; i < n; i++) bad += ls_entry_level(&a->at[i], x[i]) > LS_ROUNDED;
    lsv_text_puts(c->out, " Your own factors give ");
    if (!bad) {
        lsv_text_puts(c->out, "these numbers: it follows from your U and V");
        return;
    }
    lsv_text_printf(c->out, "other numbers in %d of %d entries: ", bad, n);
    for (int i = 0; i < n; i++)
        if (ls_entry_level(&a->at[i], x[i]) > LS_ROUNDED) lsv_text_printf(c->out, "%s(%d,%d) %.4Lg, you %s", shown++ ? ", " : "", i / a->cols + 1, i % a->cols + 1, x[i], a->at[i].text);
}

void ls_check_term(ls_case *c, int j) {
    const ls_facts *t = c->t;
    long double truth[LS_ENTRIES] = {0}, x[LS_ENTRIES] = {0};
    int n = t->rows * t->cols;
    char name[48];
    snprintf(name, sizeof name, "σ%du%dv%dᵀ", j + 1, j + 1, j + 1);
    for (int i = 0; i < n; i++) truth[i] = term_entry(t, j, i / t->cols, i % t->cols);
    bool fits = c->a->rows == t->rows && c->a->cols == t->cols;
    if (fits) {
        c->mine->term[j] = *c->a;
        c->mine->has_term[j] = true;
    }
    if (settled(c, name, truth, t->rows, t->cols)) {
        for (int i = 0; c->level == LS_WRONG && i < n; i++) x[i % t->cols * t->rows + i / t->cols] = truth[i];
        if (!fits && c->a->rows == t->cols && c->a->cols == t->rows && ls_worst(c->a, x) != LS_WRONG) lsv_text_puts(c->out, ". Probable cause: v uᵀ instead of u vᵀ");
        return;
    }
    causes k = {0};
    for (int i = 0; i < n; i++) x[i] = -truth[i];
    if (ls_worst(c->a, x) != LS_WRONG) {
        lsv_text_printf(c->out, "wrong: every sign opposite. Probable cause: u%d has the wrong sign for v%d", j + 1, j + 1);
        return;
    }
    for (int i = 0; i < n; i++) x[i] = truth[i] / t->sigma[j];
    offer(c, &k, x, "σ%d is missing: this is u%dv%dᵀ", j + 1, j + 1, j + 1);
    for (int i = 0; i < n; i++) x[i] = truth[i] * t->sigma[j];
    offer(c, &k, x, "λ%d instead of σ%d", j + 1, j + 1);
    for (int other = 0; other < t->r; other++) {
        if (other == j) continue;
        for (int i = 0; i < n; i++) x[i] = term_entry(t, other, i / t->cols, i % t->cols);
        offer(c, &k, x, "this is term %d", other + 1);
        for (int i = 0; i < n; i++) x[i] = term_entry(t, other, i / t->cols, i % t->cols) * t->sigma[j] / t->sigma[other];
        offer(c, &k, x, "σ%d with u%d and v%d", j + 1, other + 1, other + 1);
    }
    if (t->rows == t->cols) {
        for (int i = 0; i < n; i++) x[i % t->cols * t->cols + i / t->cols] = truth[i];
        offer(c, &k, x, "v uᵀ instead of u vᵀ");
    }
    if (t->cols == t->n && !t->wide) { /* row j of V instead of column j */
        for (int i = 0; i < n; i++) x[i] = t->sigma[j] * t->u[j][i / t->cols] * t->v[i % t->cols][j];
        offer(c, &k, x, "row %d of V was taken instead of its column: the last factor is Vᵀ", j + 1);
    }
    lsv_text_puts(c->out, "wrong: ");
    ls_say_entries(c, truth, 2);
    if (k.n) say_causes(c, &k);
    lsv_text_putc(c->out, '.');
    if (own_term(c, j, x)) compare_own(c, x);
}

void ls_check_sum(ls_case *c) {
    const ls_facts *t = c->t;
    long double truth[LS_ENTRIES] = {0}, sum[LS_ENTRIES] = {0}, worst = 0;
    int n = t->rows * t->cols;
    for (int i = 0; i < n; i++) truth[i] = t->wide ? t->A[i % t->cols][i / t->cols] : t->A[i / t->cols][i % t->cols];
    if (settled(c, "sum", truth, t->rows, t->cols)) return;
    for (int i = 0; i < n; i++) worst = fmaxl(worst, fabsl(c->a->at[i].v - truth[i]));
    bool own = t->r > 0;
    for (int j = 0; j < t->r; j++) {
        own &= c->mine->has_term[j];
        for (int i = 0; own && i < n; i++) sum[i] += c->mine->term[j].at[i].v;
    }
    bool follows = own && ls_worst(c->a, sum) != LS_WRONG;
    lsv_text_puts(c->out, follows ? "your terms add to [" : "wrong: yours is [");
    for (int i = 0; i < n; i++) lsv_text_printf(c->out, "%s%.4Lg", i == 0 ? "" : i % t->cols ? " " : "; ", c->a->at[i].v);
    lsv_text_printf(c->out, "], not to W (largest difference %.4Lg). The sum of ALL rank-1 terms must be W", worst);
}
