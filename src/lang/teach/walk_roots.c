/* Steps: the eigenvalues, the comparison with the other Gram matrix, singular values and rank. */
#include <string.h>

#include "exact/roots.h"
#include "lang/teach/walk.h"

/* Evaluates χ's coefficients (highest first) at a whole number. */
static void evaluate(mpq_t value, const lsv_q *c, int degree, long x) {
    mpq_t at;
    mpq_init(at);
    mpq_set_si(at, x, 1);
    mpq_set(value, c);
    for (int i = 1; i <= degree; i++) {
        mpq_mul(value, value, at);
        mpq_add(value, value, c + i);
    }
    mpq_clear(at);
}

static const char *power(int n) {
    static const char *const text[] = {"", "", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸"};
    return text[n];
}

/* "λ² (λ - 81)": the factors of χ, fields in order. */
static const char *factored(ls_walk *w) {
    const char *s = "";
    for (int i = 0; i < w->svd->nfields; i++) {
        const lsv_field *k = &w->svd->fields[i];
        bool zero = k->degree == 1 && mpq_sgn(k->lambda) == 0;
        const char *f = zero ? "λ" : ls_fmt(w, "(%s)", ls_poly(w, k->poly, k->degree));
        f = ls_fmt(w, "%s%s", f, power(k->multiplicity));
        s = zero ? ls_fmt(w, "%s%s%s", f, *s ? " " : "", s) : ls_fmt(w, "%s%s%s", s, *s ? " " : "", f);
    }
    return s;
}

/* The quadratic formula on λ² + bλ + c, whole numbers. */
static void quadratic(ls_walk *w, const lsv_q *p, bool whole) {
    mpq_t d, b, four, root;
    mpz_t square, rest;
    mpq_inits(d, b, four, root, NULL);
    mpz_inits(square, rest, NULL);
    mpq_neg(b, p + 1);
    mpq_mul(d, b, b);
    mpq_set_si(four, 4, 1);
    mpq_mul(four, four, p + 2);
    const char *bb = ls_q_string(w, d), *b4 = ls_q_string(w, four);
    mpq_sub(d, d, four);
    const char *D = ls_q_string(w, d), *minus_b = ls_q_string(w, b);
    if (whole) ls_say(w, NULL, "λ = (%s ± √(%s² - 4×1×%s)) / 2 = (%s ± √(%s - %s)) / 2 = (%s ± √%s) / 2", minus_b, minus_b, ls_q_string(w, p + 2), minus_b, bb, b4, minus_b, D);
    else ls_say(w, NULL, "λ² - %sλ + %s = 0:  λ = (%s ± √%s) / 2", minus_b, ls_q_string(w, p + 2), minus_b, D);
    if (mpq_sgn(d) > 0) {
        lsv_square_part(mpq_numref(d), square, rest);
        mpz_set(mpq_numref(root), square);
        const char *s = ls_q_string(w, root);
        mpz_mul(mpq_numref(root), square, square);
        const char *ss = ls_q_string(w, root);
        mpz_set(mpq_numref(root), rest);
        if (mpz_cmp_ui(rest, 1) == 0) ls_say(w, NULL, "√%s = %s", D, s);
        else if (mpz_cmp_ui(square, 1) != 0) ls_say(w, NULL, "√%s = √(%s×%s) = %s√%s", D, ss, ls_q_string(w, root), s, ls_q_string(w, root));
    }
    mpq_clears(d, b, four, root, NULL);
    mpz_clears(square, rest, NULL);
}

/* Positive divisors of the constant term, "1, 2, 4, …", for the rational root rule. */
static void divisors(ls_walk *w, const mpz_t n, const lsv_q *c, int degree) {
    if (!mpz_fits_slong_p(n) || mpz_cmp_ui(n, 100000000) > 0) {
        ls_say(w, NULL, "the divisors of the constant are many; those near the roots are enough:");
        return;
    }
    long a = mpz_get_si(n);
    const char *list = "";
    int count = 0;
    mpq_t value;
    mpq_init(value);
    for (long d = 1; d <= a && d <= 20000 && count < 6; d++) {
        if (a % d) continue;
        evaluate(value, c, degree, d);
        list = ls_fmt(w, "%s%sχ(%ld) = %s", list, count ? ",  " : "", d, ls_q_string(w, value));
        count++;
    }
    mpq_clear(value);
    ls_say(w, NULL, "%s%s", list, count == 6 || a > 20000 ? ",  …" : "");
}

/* Where an irreducible factor changes sign: a table when the roots are small. */
static void locate(ls_walk *w, const lsv_field *k, int first) {
    long floor_of[LSV_EXACT_MAX];
    const char *where = "";
    mpz_t low;
    mpz_init(low);
    for (int r = 0; r < k->degree; r++) {
        lsv_root_locate((const mpz_t *)k->whole, k->degree, r, 0, low);
        floor_of[r] = mpz_fits_slong_p(low) ? mpz_get_si(low) : 0;
    }
    mpz_clear(low);
    bool apart = true;
    for (int r = 1; r < k->degree; r++) apart &= floor_of[r] != floor_of[r - 1];
    ls_say(w, NULL, "%s does not factor over Q and its roots have no form with square roots alone. Locate them by sign changes:",
           k->degree == w->svd->n ? "χ" : ls_fmt(w, "(%s)", ls_poly(w, k->poly, k->degree)));
    if (apart && floor_of[0] <= 7) {
        const char *top = "   λ   ", *bottom = "   χ(λ)";
        mpq_t value;
        mpq_init(value);
        for (long x = 0; x <= floor_of[0] + 1; x++) {
            evaluate(value, k->poly, k->degree, x);
            const char *s = ls_q_string(w, value);
            int wide = (int)strlen(s) + 2;
            wide = wide < 4 ? 4 : wide;
            top = ls_fmt(w, "%s%*ld", top, wide, x);
            bottom = ls_fmt(w, "%s%*s", bottom, wide, s);
        }
        mpq_clear(value);
        ls_say(w, NULL, "%s", top);
        ls_say(w, NULL, "%s", bottom);
    }
    for (int r = k->degree - 1; r >= 0; r--) where = ls_fmt(w, "%s%s(%ld,%ld)", where, r == k->degree - 1 ? "" : r ? ", " : " and ", floor_of[r], floor_of[r] + 1);
    ls_say(w, NULL, "   %s %s", apart ? "one root in" : "roots in", where);
    const char *values = "";
    for (int i = first; i < w->svd->n; i++)
        if (w->svd->value[i].field == k) values = ls_fmt(w, "%s%sλ%s ≈ %s", values, *values ? "    " : "", ls_sub(i + 1), ls_lambda_decimal(w, i));
    ls_say(w, NULL, "%s", values);
    ls_deep(w, 6, "(bisection, every digit certain)");
}

/* Viète: three real roots of λ³ + bλ² + cλ + d by one cosine. */
static void cosine_form(ls_walk *w, const lsv_q *p) {
    mpq_t D, x, part, amplitude, argument;
    mpz_t square, rest;
    mpq_inits(D, x, part, amplitude, argument, NULL);
    mpz_inits(square, rest, NULL);
    mpq_mul(D, p + 1, p + 1); /* D = b² - 3c */
    mpq_set_si(part, 3, 1);
    mpq_mul(part, part, p + 2);
    mpq_sub(D, D, part);
    mpq_mul(x, p + 1, p + 1); /* x = -2b³ + 9bc - 27d */
    mpq_mul(x, x, p + 1);
    mpq_set_si(part, -2, 1);
    mpq_mul(x, x, part);
    mpq_set_si(part, 9, 1);
    mpq_mul(part, part, p + 1);
    mpq_mul(part, part, p + 2);
    mpq_add(x, x, part);
    mpq_set_si(part, -27, 1);
    mpq_mul(part, part, p + 3);
    mpq_add(x, x, part);
    if (mpz_cmp_ui(mpq_denref(D), 1) == 0 && mpq_sgn(D) > 0) {
        lsv_square_part(mpq_numref(D), square, rest);
        mpq_set_z(amplitude, square); /* 2√D/3 = (2 square / 3) √rest */
        mpq_set_si(part, 2, 3);
        mpq_mul(amplitude, amplitude, part);
        mpq_mul(argument, D, D); /* x √D / (2D²) = x square / (2D²) √rest */
        mpq_set_si(part, 2, 1);
        mpq_mul(argument, argument, part);
        mpq_div(argument, x, argument);
        mpq_set_z(part, square);
        mpq_mul(argument, argument, part);
        mpq_set_si(part, -1, 3);
        mpq_mul(part, part, p + 1);
        lsv_field k = {.degree = 2};
        lsv_q e[2];
        mpq_init(e);
        mpq_init(e + 1);
        mpz_init_set(k.d, rest);
        const char *text[2];
        for (int i = 0; i < 2; i++) {
            bool plain = mpz_cmp_ui(rest, 1) == 0;
            mpq_set_ui(e, 0, 1);
            mpq_set_ui(e + 1, 0, 1);
            mpq_set(plain ? e : e + 1, i ? argument : amplitude);
            text[i] = ls_e_string(w, &k, 0, e);
        }
        ls_say(w, NULL, "Closed form (Viète):  λ = %s + %s cos(θ - 2πk/3),  θ = 1/3 arccos(%s),  k = 0, 1, 2", ls_q_string(w, part), text[0], text[1]);
        mpz_clear(k.d);
        mpq_clear(e);
        mpq_clear(e + 1);
    }
    mpq_clears(D, x, part, amplitude, argument, NULL);
    mpz_clears(square, rest, NULL);
}

/* "λ₁ = 27 + √229 ≈ 42.1327      λ₂ = …", equal ones together. */
static void list_values(ls_walk *w, bool sigma, const char *tail) {
    const char *parts[LSV_EXACT_MAX] = {""};
    int count = 0;
    size_t total = strlen(tail);
    const lsv_exact_svd *s = w->svd;
    for (int i = 0; i < s->n; i++) {
        int last = ls_last_equal(w, i);
        const char *name = "";
        for (int j = i; j <= last; j++) name = ls_fmt(w, "%s%s%s = ", name, sigma ? "σ" : "λ", ls_sub(j + 1));
        const lsv_exact_value *v = &s->value[i];
        const char *exact = v->field->degree > 2 ? "" : sigma ? ls_sigma_exact(w, s, i) : ls_e_string(w, v->field, v->root, v->field->lambda);
        if (sigma && v->field->degree == 1 && mpq_sgn(v->field->lambda) > 0 && exact[strspn(exact, "0123456789/")] == 0)
            exact = ls_fmt(w, "√%s = %s", ls_q_string(w, v->field->lambda), exact);
        const char *decimal = sigma ? ls_sigma_decimal(w, i) : ls_lambda_decimal(w, i);
        const char *value = v->field->degree > 2 ? ls_fmt(w, "%s≈ %s", sigma ? ls_fmt(w, "√λ%s ", ls_sub(i + 1)) : "", decimal) : ls_both(w, exact, decimal);
        if (strchr(value, '=') && w->style != LS_STYLE_EXACT && strchr(exact, '/')) value = ls_fmt(w, "%s ≈ %s", exact, decimal);
        else if (strchr(exact, '=')) value = exact;
        if (strncmp(value, "≈", strlen("≈")) == 0) name = ls_fmt(w, "%.*s", (int)strlen(name) - 2, name); /* "λ₁ ≈", not "λ₁ = ≈" */
        const char *times = last > i && !sigma ? last == i + 1 ? "   (a double root)" : ls_fmt(w, "   (%d times)", last - i + 1) : "";
        parts[count] = ls_fmt(w, "%s%s%s", name, value, times);
        total += lsv_text_width(parts[count], strlen(parts[count])) + 6;
        count++;
        i = last;
    }
    if (total <= 80) {
        ls_line *l = ls_say(w, NULL, "%s", parts[0]);
        for (int i = 1; i < count; i++) ls_put(w, l, "      %s", parts[i]);
        if (*tail) ls_put(w, l, "      %s", tail);
    } else {
        for (int i = 0; i < count; i++) ls_say(w, NULL, "%s%s", parts[i], i == count - 1 && *tail ? ls_fmt(w, "      %s", tail) : "");
    }
}

static void check_roots(ls_walk *w) {
    const lsv_exact_svd *s = w->svd;
    mpq_t trace;
    mpq_init(trace);
    mpq_neg(trace, s->charpoly + 1);
    int n = s->n;
    const char *sum = "", *product = "";
    for (int i = 0; i < n; i++) {
        sum = ls_fmt(w, "%s%sλ%s", sum, i ? " + " : "", ls_sub(i + 1));
        product = ls_fmt(w, "%sλ%s", product, ls_sub(i + 1));
    }
    const char *det = ls_q_string(w, s->charpoly + n);
    if (*det == '-') det++;
    if (n == 1) ls_say(w, "Check", "λ ≥ 0 ✓");
    else if (n == 2) {
        const lsv_field *k = s->value[0].field;
        const char *how = "";
        if (k->degree == 2 && mpz_cmp_ui(mpq_denref(k->lambda), 1) == 0 && mpz_cmp_ui(mpq_denref(k->lambda + 1), 1) == 0) {
            mpq_t b;
            mpq_init(b);
            mpz_mul(mpq_numref(b), mpq_numref(k->lambda + 1), mpq_numref(k->lambda + 1));
            mpz_mul(mpq_numref(b), mpq_numref(b), k->d);
            how = ls_fmt(w, "%s² - %s = ", ls_q_string(w, k->lambda), ls_q_string(w, b));
            mpq_clear(b);
        }
        ls_say(w, "Check", "λ₁ + λ₂ = %s = trace ✓   λ₁λ₂ = %s%s = det ✓   both ≥ 0 ✓", ls_q_string(w, trace), how, det);
    } else {
        ls_line *l = ls_say(w, "Check", "%s = %s = trace ✓   ", sum, ls_q_string(w, trace));
        if (n == 3) ls_put(w, l, "λ₁λ₂ + λ₁λ₃ + λ₂λ₃ = %s ✓   ", ls_q_string(w, s->charpoly + 2));
        ls_put(w, l, "%s = %s ✓   all ≥ 0 ✓", product, det);
    }
    mpq_clear(trace);
}

static void warn_early_rounding(ls_walk *w) {
    const lsv_field *k = w->svd->value[0].field;
    const lsv_q *c = w->svd->charpoly;
    if (w->svd->n != 2 || k->degree != 2 || mpz_cmp_ui(k->d, 1) <= 0) return;
    mpq_t D, part;
    mpq_inits(D, part, NULL);
    mpq_mul(D, c + 1, c + 1);
    mpq_set_si(part, 4, 1);
    mpq_mul(part, part, c + 2);
    mpq_sub(D, D, part);
    lsv_text root = {0};
    lsv_real_decimal(&root, (lsv_real){.field = &lsv_rationals, .x = D, .sqrt = true}, 2);
    mpq_t rounded;
    mpq_init(rounded);
    if (root.data && lsv_q_parse(root.data, root.length, rounded, NULL) == LSV_OK) {
        const char *d = ls_q_string(w, D), *early[2], *right[2];
        for (int i = 0; i < 2; i++) {
            if (i) mpq_neg(rounded, rounded);
            mpq_sub(part, rounded, c + 1);
            mpq_div_2exp(part, part, 1);
            early[i] = ls_q_decimal_string(w, part, 2);
            right[i] = ls_decimal(w, ls_lambda_real(w, i), 2);
        }
        mpz_set(mpq_numref(part), k->d);
        mpz_set_ui(mpq_denref(part), 1);
        const char *rest = ls_q_string(w, part);
        if (strcmp(early[0], right[0]) || strcmp(early[1], right[1]))
            ls_say(w, "Careful", "keep √%s to the end. √%s ≈ %s rounded first gives %s and %s instead of %s and %s.", rest, d, root.data, early[0], early[1], right[0], right[1]);
        else ls_say(w, "Careful", "keep √%s to the end: what is rounded here is wrong in every later step.", rest);
    }
    lsv_text_free(&root);
    mpq_clears(D, part, rounded, NULL);
}

static const char *bracketed(ls_walk *w, const char *s) { return *s == '-' ? ls_fmt(w, "(%s)", s) : s; }

/* The comparison: det(λI - WWᵀ) = λ^(m-n) χ(λ). */
static void same_values(ls_walk *w, names a) {
    const lsv_exact_svd *s = w->svd;
    ls_step_add(w, ls_fmt(w, "The same eigenvalues from %s", a.other), "lambda2", ls_fmt(w, "the eigenvalues of %s?", a.other), ls_why[WHY_SAME]);
    lsv_q *c = lsv_charpoly(&w->svd->pool, &s->other, NULL);
    ls_cells m = ls_cells_q(w, &s->other);
    for (int i = 0; i < m.rows * m.cols; i++) {
        bool minus = m.at[i][0] == '-', zero = strcmp(m.at[i], "0") == 0;
        const char *size = minus ? m.at[i] + 1 : m.at[i];
        if (i % (m.cols + 1) == 0) m.at[i] = zero ? "λ" : ls_fmt(w, "λ %s %s", minus ? "+" : "-", size);
        else m.at[i] = zero ? "0" : ls_fmt(w, "%s%s", minus ? "" : "-", size);
    }
    ls_line *l = ls_say(w, NULL, "λI - %s = ", a.other);
    ls_put_cells(w, l, m);
    if (s->m == 3) {
        const lsv_qmatrix *h = &s->other;
        mpq_t x, y;
        lsv_q p[3];
        mpq_inits(x, y, NULL);
        for (int i = 0; i < 3; i++) mpq_init(p + i);
        ls_say(w, NULL, "det along row 1:");
        mpq_set_ui(p, 1, 1); /* (λ - h22)(λ - h33) - h23² */
        mpq_add(p + 1, lsv_qm(h, 1, 1), lsv_qm(h, 2, 2));
        mpq_neg(p + 1, p + 1);
        mpq_mul(p + 2, lsv_qm(h, 1, 1), lsv_qm(h, 2, 2));
        mpq_mul(x, lsv_qm(h, 1, 2), lsv_qm(h, 1, 2));
        mpq_sub(p + 2, p + 2, x);
        ls_deep(w, 4, "(%s)×((%s)(%s) - %s×%s) and the parts of (1,2) and (1,3)", m.at[0], m.at[4], m.at[8], bracketed(w, m.at[5]), bracketed(w, m.at[7]));
        ls_line *sum = ls_deep(w, 4, "= (%s)(%s)", m.at[0], ls_poly(w, p, 2));
        for (int j = 1; j < 3; j++) { /* - h1j² (λ - h of the other one) */
            mpq_mul(x, lsv_qm(h, 0, j), lsv_qm(h, 0, j));
            if (mpq_sgn(x)) ls_put(w, sum, " - %s(%s)", ls_q_string(w, x), m.at[j == 1 ? 8 : 4]);
        }
        mpq_mul(x, lsv_qm(h, 0, 1), lsv_qm(h, 1, 2)); /* - 2 h12 h23 h13 */
        mpq_mul(x, x, lsv_qm(h, 0, 2));
        mpq_mul_2exp(x, x, 1);
        mpq_abs(y, x);
        if (mpq_sgn(x)) ls_put(w, sum, " %s %s", mpq_sgn(x) > 0 ? "-" : "+", ls_q_string(w, y));
        for (int i = 0; i < 3; i++) mpq_clear(p + i);
        mpq_clears(x, y, NULL);
        ls_deep(w, 4, "= %s = λ (%s)", ls_poly(w, c, s->m), ls_poly(w, s->charpoly, s->n));
    } else {
        ls_say(w, NULL, "det = %s", ls_poly(w, c, s->m));
    }
    const char *values = "";
    for (int i = 0; i < s->m; i++) values = ls_fmt(w, "%s%s%s", values, i ? ", " : "", i >= s->n ? "0" : s->value[i].field->degree == 1 ? ls_q_string(w, s->value[i].field->lambda) : ls_lambda_decimal(w, i));
    ls_say(w, NULL, "λ = %s", values);
    ls_say(w, "Check", "%s and %s share their nonzero eigenvalues; %s has %d - %d = %d more 0 ✓", a.gram, a.other, a.other, s->m, s->n, s->m - s->n);
}

void ls_walk_roots(ls_walk *w) {
    const lsv_exact_svd *s = w->svd;
    int n = s->n;
    ls_step_add(w, "Its roots: the eigenvalues", "lambda", "λ, largest first?", ls_why[WHY_LAMBDA]);
    int zeros = 0;
    for (int i = 0; i < s->nfields; i++)
        if (s->fields[i].degree == 1 && mpq_sgn(s->fields[i].lambda) == 0) zeros = s->fields[i].multiplicity;
    if (zeros) {
        ls_say(w, "Rule", "take out the common factor first");
        ls_say(w, NULL, "χ(λ) = %s", factored(w));
        int degree = n - zeros;
        if (degree == 2) quadratic(w, s->charpoly, true);
    } else if (n == 1) {
        ls_say(w, "Rule", "λ - g = 0");
    } else if (n == 2) {
        ls_say(w, "Rule", "λ = (-b ± √(b² - 4ac)) / 2a   with a = 1, b = %s, c = %s", ls_q_string(w, s->charpoly + 1), ls_q_string(w, s->charpoly + 2));
        quadratic(w, s->charpoly, true);
    }
    if (n - zeros >= 3) {
        if (w->arithmetic) {
            mpz_t constant;
            mpz_init(constant);
            mpz_abs(constant, mpq_numref(s->charpoly + n - zeros));
            mpq_t c;
            mpq_init(c);
            mpz_set(mpq_numref(c), constant);
            ls_say(w, "Rule", "a whole-number root must divide %s, and no root is negative", ls_q_string(w, c));
            divisors(w, constant, s->charpoly, n - zeros);
            mpq_clear(c);
            mpz_clear(constant);
        }
        if (s->nfields > 1 || s->fields[0].multiplicity > 1) ls_say(w, NULL, "χ(λ) = %s", factored(w));
        for (int i = 0; i < s->nfields; i++) {
            lsv_field *k = &w->svd->fields[i];
            if (k->degree == 2) quadratic(w, k->poly, false);
            if (k->degree >= 3) locate(w, k, 0);
            if (k->degree == 3) cosine_form(w, k->poly);
        }
    }
    if (s->fields[0].degree < n || n <= 2) list_values(w, false, "");
    warn_early_rounding(w);
    check_roots(w);
    if (w->full && s->m > s->n) same_values(w, ls_walk_names(w));
}

/* "51² - 485 = 2116 = 46² is a square, so it simplifies", and its opposite. */
static void nesting_note(ls_walk *w, lsv_field *k) {
    if (k->degree != 2) return;
    lsv_text t = {0};
    lsv_root_form form = lsv_sqrt_text(&t, k, 0, k->lambda);
    const char *text = ls_fmt(w, "%s", t.data ? t.data : "");
    lsv_text_free(&t);
    mpq_t p, q, c, two;
    mpq_inits(p, q, c, two, NULL);
    mpq_set_ui(two, 2, 1); /* with c = 2: (2a)² - (2b)²d when the halves are not whole */
    bool whole = mpz_cmp_ui(mpq_denref(k->lambda), 1) == 0 && mpz_cmp_ui(mpq_denref(k->lambda + 1), 1) == 0;
    mpq_set(p, k->lambda);
    mpq_mul(q, k->lambda + 1, k->lambda + 1);
    mpq_set_z(c, k->d);
    mpq_mul(q, q, c);
    mpq_mul(c, p, p);
    mpq_sub(c, c, q);
    const char *a = whole ? ls_q_string(w, p) : ls_fmt(w, "(%s)", ls_q_string(w, p)), *b2d = ls_q_string(w, q), *diff = ls_q_string(w, c);
    if (form == LSV_ROOT_NESTED) {
        ls_say(w, NULL, "The nested root does not simplify: %s² - %s = %s is not a square.", a, b2d, diff);
    } else if (form == LSV_ROOT_DENESTED) {
        mpz_sqrt(mpq_numref(c), mpq_numref(c));
        mpz_sqrt(mpq_denref(c), mpq_denref(c));
        const char *root = ls_q_string(w, c);
        ls_say(w, NULL, "%s² - %s = %s = %s² IS a square, so the nested root simplifies: √(%s ± √%s) = √((%s + %s)/2) ± √((%s - %s)/2), and with + this is %s", a, b2d, diff,
               whole ? root : ls_fmt(w, "(%s)", root), ls_q_string(w, p), b2d, ls_q_string(w, p), root, ls_q_string(w, p), root, text);
    }
    mpq_clears(p, q, c, two, NULL);
}

void ls_walk_sigma(ls_walk *w) {
    const lsv_exact_svd *s = w->svd;
    names a = ls_walk_names(w);
    ls_step_add(w, "Singular values and rank", "sigma", ls_fmt(w, "σ%s, largest first?", a.W[0] == 'Z' ? " of Z" : ""), ls_why[WHY_SIGMA]);
    ls_say(w, "Rule", "σᵢ = √λᵢ, largest first; rank = number of nonzero σ");
    list_values(w, true, ls_fmt(w, "rank %d", s->rank));
    for (int i = 0; i < s->nfields; i++) nesting_note(w, &w->svd->fields[i]);
    if (s->rank < s->n) ls_say(w, NULL, "%s zero singular value%s: W flattens %s.", s->n - s->rank == 1 ? "One" : s->n - s->rank == 2 ? "Two" : "Some",
                               s->n - s->rank == 1 ? "" : "s", s->rank == 0 ? "everything to the point 0" : "some directions to the point 0");
    if (a.W[0] == 'Z') {
        const char *q = ls_q_string(w, w->denominator), *list = "";
        for (int i = 0; i < s->n; i++) {
            const lsv_exact_value *v = &w->own->value[i];
            lsv_real r = {.field = v->field, .root = v->root, .x = v->field->lambda, .sqrt = true};
            const char *decimal = ls_decimal(w, r, w->digits);
            list = ls_fmt(w, "%s%sσ%s = %s", list, i ? "      " : "", ls_sub(i + 1), v->field->degree > 2 ? ls_fmt(w, "√λ%s/%s ≈ %s", ls_sub(i + 1), q, decimal) : ls_both(w, ls_sigma_exact(w, w->own, i), decimal));
        }
        ls_say(w, NULL, "of W, divided by %s:  %s", q, list);
    }
    mpq_t trace;
    mpq_init(trace);
    mpq_neg(trace, s->charpoly + 1);
    const char *squares = "", *product = "";
    for (int i = 0; i < s->n; i++) {
        squares = ls_fmt(w, "%s%sσ%s²", squares, i ? " + " : "", ls_sub(i + 1));
        product = ls_fmt(w, "%sσ%s", product, ls_sub(i + 1));
    }
    ls_say(w, "Check", "%s = %s = sum of the squares of %s's entries ✓", squares, ls_q_string(w, trace), a.W);
    mpq_abs(trace, s->charpoly + s->n);
    if (mpq_sgn(trace) > 0 && s->n > 1) {
        lsv_text t = {0};
        lsv_sqrt_text(&t, &lsv_rationals, 0, trace);
        const char *root = ls_fmt(w, "%s", t.data ? t.data : "");
        lsv_text_free(&t);
        const char *decimal = ls_decimal(w, (lsv_real){.field = &lsv_rationals, .x = trace, .sqrt = true}, w->digits), *n = ls_q_string(w, trace);
        bool plain = strcmp(root, ls_fmt(w, "√%s", n)) == 0;
        ls_deep(w, 9, "%s = √%s%s%s%s ✓", product, n, plain ? "" : " = ", plain ? ls_fmt(w, " ≈ %s", decimal) : ls_both(w, root, decimal), s->m == s->n ? ls_fmt(w, " = |det %s|", a.W) : "");
    }
    mpq_clear(trace);
}
