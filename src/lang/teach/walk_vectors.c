/* Steps: eigenvectors of the Gram matrix, and their images under A. */
#include "lang/teach/walk.h"

#include <string.h>

static const char *variable(ls_walk *w, int i, int n) {
    static const char *const letters[] = {"x", "y", "z", "t"};
    return n <= 4 ? letters[i] : ls_fmt(w, "x%s", ls_sub(i + 1));
}

/* "(2 - √229, 15)" */
static const char *vector(ls_walk *w, const lsv_field *k, int root, const lsv_q *x, int n) {
    const char *s = "(";
    for (int i = 0; i < n; i++) s = ls_fmt(w, "%s%s%s", s, i ? ", " : "", ls_e_string(w, k, root, x + i * k->degree));
    return ls_fmt(w, "%s)", s);
}

static const char *decimals(ls_walk *w, bool second, int j, int n) {
    lsv_q *room = lsv_pool_q(&w->pool, LSV_EXACT_MAX);
    const char *s = "(";
    for (int i = 0; i < n; i++) s = ls_fmt(w, "%s%s%s", s, i ? ", " : "", ls_decimal(w, second ? lsv_exact_u(w->svd, j, i, room) : lsv_exact_v(w->svd, j, i, room), w->digits));
    return ls_fmt(w, "%s)", s);
}

static bool whole_square(const lsv_field *k, const lsv_q *norm2) {
    return lsv_e_is_rational(k, norm2) && mpz_perfect_square_p(mpq_numref(norm2)) && mpz_cmp_ui(mpq_denref(norm2), 1) == 0;
}

/* "(2/3, -1/3, 2/3) ≈ (0.6667, …)" for rational vectors, else "w₁/‖w₁‖ ≈ (…)" */
static const char *unit(ls_walk *w, const char *name, const lsv_field *k, int root, const lsv_q *x, const lsv_q *norm2, int n, const char *decimal) {
    if (whole_square(k, norm2)) {
        lsv_q *c = lsv_pool_q(&w->pool, n * k->degree + 1), *length = c + n * k->degree;
        mpz_sqrt(mpq_numref(length), mpq_numref(norm2));
        mpq_inv(length, length);
        lsv_q *scaled = c;
        for (int i = 0; i < n * k->degree; i++) mpq_mul(scaled + i, x + i, length);
        const char *s = vector(w, k, root, scaled, n);
        return strchr(s, '/') && w->style != LS_STYLE_EXACT ? ls_fmt(w, "%s ≈ %s", s, decimal) : s;
    }
    const char *exact = NULL;
    if (lsv_e_is_rational(k, norm2)) {
        lsv_text t = {0};
        lsv_sqrt_text(&t, &lsv_rationals, 0, norm2);
        const char *root_text = ls_fmt(w, "%s", t.data ? t.data : "");
        lsv_text_free(&t);
        exact = ls_fmt(w, strspn(root_text, "0123456789") > 0 ? "%s/(%s)" : "%s/%s", vector(w, k, root, x, n), root_text);
    } else {
        exact = ls_fmt(w, "%s/‖%s‖", name, name);
    }
    return w->style == LS_STYLE_EXACT ? exact : ls_fmt(w, "%s ≈ %s", exact, decimal);
}

/* One row of G - λI as an equation, "-45 x - 18 y + 36 z = 0". */
static const char *equation(ls_walk *w, const lsv_field *k, int root, const lsv_q *row, int n) {
    const char *s = "";
    lsv_q *minus = lsv_pool_q(&w->pool, k->degree), *zero = lsv_pool_q(&w->pool, k->degree);
    for (int j = 0; j < n; j++) {
        const lsv_q *c = row + j * k->degree;
        if (lsv_e_is_zero(k, c)) continue;
        const char *text = ls_e_string(w, k, root, c);
        bool sum = strchr(text, ' ') != NULL, first = *s == 0;
        if (sum) text = strchr(text, '/') ? text : ls_fmt(w, "(%s)", text);
        else if (text[0] == '-' && !first) {
            lsv_e_sub(k, minus, zero, c);
            text = ls_e_string(w, k, root, minus);
        }
        bool negative = !sum && ls_e_string(w, k, root, c)[0] == '-';
        if (strcmp(text, "1") == 0) text = "";
        if (strcmp(text, "-1") == 0) text = "-";
        s = ls_fmt(w, "%s%s%s%s%s", s, first ? "" : negative ? " - " : " + ", text, *text && strcmp(text, "-") ? " " : "", variable(w, j, n));
    }
    return *s ? ls_fmt(w, "%s = 0", s) : "0 = 0";
}

static lsv_q *shifted(ls_walk *w, const lsv_exact_value *v) {
    int n = w->svd->n, d = v->field->degree;
    lsv_q *m = lsv_pool_q(&w->pool, n * n * d);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            lsv_q *e = m + (i * n + j) * d;
            mpq_set(e, lsv_qm(&w->svd->gram, i, j));
            if (i == j) lsv_e_sub(v->field, e, e, v->field->lambda);
        }
    return m;
}

/* What elimination leaves, read off the null vectors: "x = z, y = -z/2". */
static const char *solved(ls_walk *w, const lsv_exact_value *v, int count, const lsv_q *basis, const int *free_variable) {
    int n = w->svd->n, d = v->field->degree;
    const char *s = "";
    lsv_q *ratio = lsv_pool_q(&w->pool, d);
    for (int i = 0; i < n; i++) {
        bool is_free = false;
        for (int c = 0; c < count; c++) is_free |= free_variable[c] == i;
        if (is_free) continue;
        const char *sum = "";
        for (int c = 0; c < count; c++) {
            const lsv_q *x = basis + c * n * d;
            lsv_e_inv(v->field, ratio, x + free_variable[c] * d);
            lsv_e_mul(v->field, ratio, ratio, x + i * d);
            if (lsv_e_is_zero(v->field, ratio)) continue;
            const char *text = ls_e_string(w, v->field, v->root, ratio);
            if (strchr(text, ' ') && !strchr(text, '/')) text = ls_fmt(w, "(%s)", text);
            bool minus = *text == '-' && *sum;
            if (minus) text++;
            if (strcmp(text, "1") == 0) text = "";
            if (strcmp(text, "-1") == 0) text = "-";
            sum = ls_fmt(w, "%s%s%s%s%s", sum, !*sum ? "" : minus ? " - " : " + ", text, *text && strcmp(text, "-") ? " " : "", variable(w, free_variable[c], n));
        }
        s = ls_fmt(w, "%s%s%s = %s", s, *s ? ",  " : "", variable(w, i, n), *sum ? sum : "0");
    }
    return s;
}

/* The matrix G - λI and its equations; gives the row (from 0) that a simple eigenvector is read from. */
static int equations(ls_walk *w, names a, int i, const lsv_q *m, bool brief) {
    const lsv_exact_value *v = &w->svd->value[i];
    int n = w->svd->n, d = v->field->degree, last = ls_last_equal(w, i);
    const char *lambda = d == 1 ? ls_q_string(w, v->field->lambda) : ls_fmt(w, "λ%s", ls_sub(i + 1));
    const char *head = d == 1 ? ls_fmt(w, "λ%s = %s%s:  ", ls_sub(i + 1), lambda, last == i ? "" : last == i + 1 ? " (double)" : " (multiple)") : ls_fmt(w, "λ%s:  ", ls_sub(i + 1));
    const char *minus_lambda = strcmp(lambda, "0") == 0 ? "" : ls_fmt(w, " - %sI", strcmp(lambda, "1") ? lambda : "");
    ls_line *l = ls_say(w, NULL, "%s%s%s ", head, a.gram, minus_lambda);
    ls_cells exact = ls_cells_new(w, n, n), approx = ls_cells_new(w, n, n);
    for (int c = 0; c < exact.rows * exact.cols; c++) {
        exact.at[c] = ls_e_string(w, v->field, v->root, m + c * d);
        approx.at[c] = lsv_e_is_rational(v->field, m + c * d) ? exact.at[c] : ls_decimal(w, (lsv_real){.field = v->field, .root = v->root, .x = m + c * d}, w->digits);
    }
    ls_put_matrix(w, l, exact, approx, d == 1);
    int use = n == 2 ? 1 : n - 1; /* the seed's way: the row whose first coefficient is known exactly */
    if (n == 2 && lsv_e_is_zero(v->field, m + 2 * d)) use = 0;
    for (int r = 0; r < n && n > 1; r++) {
        bool zero = true;
        for (int c = 0; c < n; c++) zero &= lsv_e_is_zero(v->field, m + (r * n + c) * d);
        if ((brief && r != use) || zero) continue;
        ls_deep(w, 5, "(%d)  %s", r + 1, equation(w, v->field, v->root, m + r * n * d, n));
    }
    return use;
}

static void repeated(ls_walk *w, names a, int i) {
    const lsv_exact_value *v = &w->svd->value[i];
    int n = w->svd->n, count, free_variable[LSV_EXACT_MAX], copies = ls_last_equal(w, i) - i + 1;
    lsv_q *m = shifted(w, v);
    if (w->arithmetic) equations(w, a, i, m, false);
    lsv_q *basis = lsv_e_null_space(&w->pool, v->field, m, n, n, false, &count, free_variable);
    const char *names_ = "", *numbers = "";
    for (int c = 0; c < count; c++) {
        names_ = ls_fmt(w, "%s%s%s", names_, c == 0 ? "" : c == count - 1 ? " and " : ", ", variable(w, free_variable[c], n));
        numbers = ls_fmt(w, "%s%s%s%s", numbers, c ? ", " : "", a.v, ls_sub(i + c + 1));
    }
    const char *left = solved(w, v, count, basis, free_variable);
    if (count == n) ls_deep(w, 5, "0 = 0, %s: %s %s FREE, any vector is an eigenvector.", n == 2 ? "twice" : ls_fmt(w, "%d times", n), names_, n == 2 ? "are both" : "are all");
    else ls_deep(w, 5, "left: %s;  %s are FREE.", left, names_);
    ls_deep(w, 5, "So %s are NOT UNIQUE: any %d orthogonal unit vectors of that space will do.%s", numbers, copies,
            count == n ? " The simplest:" : " One free variable at a time, then Gram-Schmidt without roots:");
    for (int c = 0; c < copies; c++) {
        const lsv_exact_value *e = &w->svd->value[i + c];
        const char *wn = ls_fmt(w, "w%s", ls_sub(i + c + 1));
        if (count == n) {
            ls_deep(w, 5, "%s%s = %s", a.v, ls_sub(i + c + 1), vector(w, e->field, e->root, e->w, n));
            continue;
        }
        ls_deep(w, 5, "%s = 1:  %s%s%s = %s,   ‖%s‖² = %s", variable(w, free_variable[c], n), vector(w, e->field, e->root, basis + c * n * e->field->degree, n),
                c ? ", less its parts along the earlier ones → " : " → ", wn, vector(w, e->field, e->root, e->w, n), wn, ls_e_string(w, e->field, e->root, e->norm2));
        ls_deep(w, 5, "%s%s = %s", a.v, ls_sub(i + c + 1), unit(w, wn, e->field, e->root, e->w, e->norm2, n, decimals(w, false, i + c, n)));
    }
    if (copies >= 2 && count == n && n == 2) ls_say(w, "Careful", "solutions for the same λ need not be orthogonal: (1, 0) and (1, 1) both solve the equation, but %s = [1 1; 0 1] is wrong.", a.V);
    else if (copies >= 2) {
        const lsv_exact_value *p = &w->svd->value[i], *q = &w->svd->value[i + 1];
        if (p->field->degree == 1 && q->field->degree == 1) /* a second answer: the first two turned by 45° in their plane */
            ls_deep(w, 5, "(Just as good: %s%s and %s%s turned in their plane, for instance (%s%s + %s%s)/√2 and (%s%s - %s%s)/√2.)", a.v, ls_sub(i + 1), a.v, ls_sub(i + 2),
                    a.v, ls_sub(i + 1), a.v, ls_sub(i + 2), a.v, ls_sub(i + 1), a.v, ls_sub(i + 2));
    }
}

/* One formula w(λ) for all roots of an irreducible factor of degree 3 or more. */
static void conjugates(ls_walk *w, names a, int i) {
    const lsv_exact_value *v = &w->svd->value[i];
    const lsv_field *k = v->field;
    int n = w->svd->n;
    ls_say(w, NULL, "Eigenvectors: one exact formula for all %d roots, column %d of adj(λI - %s):", k->degree, v->free_variable + 1, a.gram);
    if (w->arithmetic)
        for (int r = 0; r < n; r++) {
            const char *s = "";
            for (int j = 0; j < n; j++) {
                const lsv_q *g = lsv_qm(&w->svd->gram, r, j);
                if (r != j && mpq_sgn(g) == 0) continue;
                const char *c = r == j ? mpq_sgn(g) ? ls_fmt(w, "(%s - λ)", ls_q_string(w, g)) : "-λ" : mpq_cmp_si(g, 1, 1) == 0 ? "" : ls_q_factor(w, g);
                s = ls_fmt(w, "%s%s%s%s%s", s, *s ? " + " : "", c, *c ? " " : "", variable(w, j, n));
            }
            ls_deep(w, 5, "(%d)  %s = 0", r + 1, s);
        }
    ls_deep(w, 5, "w(λ) = %s;  row %d gives ±χ(λ) = 0 ✓", vector(w, k, 0, v->w, n), v->free_variable + 1);
    for (int j = i; j < w->svd->n; j++) {
        const lsv_exact_value *e = &w->svd->value[j];
        if (e->field != k || e->w != v->w) continue;
        const char *s = "(";
        for (int c = 0; c < n; c++) s = ls_fmt(w, "%s%s%s", s, c ? ", " : "", ls_decimal(w, (lsv_real){.field = e->field, .root = e->root, .x = e->w + c * k->degree}, w->digits));
        const char *length = ls_decimal(w, (lsv_real){.field = e->field, .root = e->root, .x = e->norm2, .sqrt = true}, w->digits);
        ls_deep(w, 5, "λ%s:  w ≈ %s),  length %s", ls_sub(j + 1), s, length);
        ls_deep(w, 10, "%s%s ≈ %s", a.v, ls_sub(j + 1), decimals(w, false, j, n));
    }
}

static void simple(ls_walk *w, names a, int i, bool brief) {
    const lsv_exact_value *v = &w->svd->value[i];
    const lsv_field *k = v->field;
    int n = w->svd->n, d = k->degree, f = v->free_variable;
    const char *wn = ls_fmt(w, "w%s", ls_sub(i + 1)), *vn = ls_fmt(w, "%s%s", a.v, ls_sub(i + 1));
    lsv_q *m = shifted(w, v);
    if (w->arithmetic) {
        int use = equations(w, a, i, m, brief);
        if (n == 2 && !brief) ls_deep(w, 5, "det = 0, so (2) is a multiple of (1): one equation is enough and %s is FREE.", variable(w, f, n));
        else if (n > 2) ls_deep(w, 5, "elimination leaves  %s;  %s is FREE.", solved(w, v, 1, v->w, &f), variable(w, f, n));
        if (n == 2 && f == 1) {
            lsv_q *x = lsv_pool_q(&w->pool, d);
            lsv_e_inv(k, x, v->w + d);
            lsv_e_mul(k, x, x, v->w);
            ls_deep(w, 5, "%s = 1:  from (%d)  %s = %s   → %s = %s", variable(w, 1, 2), use + 1, variable(w, 0, 2),
                    ls_both(w, ls_e_string(w, k, v->root, x), ls_decimal(w, (lsv_real){.field = v->field, .root = v->root, .x = x}, w->digits)), wn, vector(w, k, v->root, v->w, n));
        } else {
            ls_deep(w, 5, "%s = %s:  %s = %s", variable(w, f, n), ls_e_string(w, k, v->root, v->w + f * d), wn, vector(w, k, v->root, v->w, n));
        }
    } else {
        ls_say(w, NULL, "λ%s:  %s = %s", ls_sub(i + 1), wn, vector(w, k, v->root, v->w, n));
    }
    const char *squares = "";
    for (int j = 0; j < n; j++) {
        const char *c = ls_e_string(w, k, v->root, v->w + j * d);
        squares = ls_fmt(w, "%s%s%s²", squares, j ? " + " : "", strchr(c, ' ') || *c == '-' ? ls_fmt(w, "(%s)", c) : c);
    }
    lsv_real length = {.field = v->field, .root = v->root, .x = v->norm2, .sqrt = true};
    const char *norm2 = ls_e_string(w, k, v->root, v->norm2);
    const char *length_text = ls_decimal(w, length, w->digits);
    if (whole_square(k, v->norm2)) length_text = ls_fmt(w, "‖%s‖ = %.*s", wn, (int)strcspn(length_text, "."), length_text);
    else length_text = ls_fmt(w, "‖%s‖ ≈ %s", wn, length_text);
    ls_deep(w, 5, "‖%s‖² = %s = %s,  %s", wn, squares, ls_both(w, norm2, ls_decimal(w, (lsv_real){.field = v->field, .root = v->root, .x = v->norm2}, w->digits)), length_text);
    ls_deep(w, 5, "%s = %s", vn, unit(w, wn, k, v->root, v->w, v->norm2, n, decimals(w, false, i, n)));
    if (n != 2 || brief || !w->arithmetic || d != 2) return;
    lsv_q *p = lsv_pool_q(&w->pool, d), *q = lsv_pool_q(&w->pool, d), *minus = lsv_pool_q(&w->pool, d), *zero = lsv_pool_q(&w->pool, d);
    lsv_e_mul(k, p, m, v->w);
    lsv_e_mul(k, q, m + d, v->w + d);
    lsv_e_sub(k, minus, zero, q);
    bool negative = lsv_real_sign((lsv_real){.field = v->field, .root = v->root, .x = q}) < 0;
    ls_say(w, "Check", "(1): (%s)(%s) %s = %s %s %s = 0 ✓", ls_e_string(w, k, v->root, m), ls_e_string(w, k, v->root, v->w),
           ls_fmt(w, "+ (%s)(%s)", ls_e_string(w, k, v->root, m + d), ls_e_string(w, k, v->root, v->w + d)), ls_e_string(w, k, v->root, p), negative ? "-" : "+",
           ls_e_string(w, k, v->root, negative ? minus : q));
}

ls_cells ls_unit_cells(ls_walk *w, bool second) {
    const lsv_exact_svd *s = w->svd;
    int n = second ? s->m : s->n;
    lsv_q *room = lsv_pool_q(&w->pool, LSV_EXACT_MAX);
    ls_cells m = ls_cells_new(w, n, n);
    for (int i = 0; i < m.rows; i++)
        for (int j = 0; j < m.cols; j++) m.at[i * n + j] = ls_decimal(w, second ? lsv_exact_u(s, j, i, room) : lsv_exact_v(s, j, i, room), w->digits);
    return m;
}

/* w₁·w₂ = … = 0, for pairs whose values are rational or share a field. */
static void check_orthogonal(ls_walk *w, names a) {
    const lsv_exact_svd *s = w->svd;
    ls_line *l = NULL;
    int shown = 0;
    for (int i = 0; i < s->n && shown < 3; i++)
        for (int j = i + 1; j < s->n && shown < 3; j++) {
            const lsv_exact_value *p = &s->value[i], *q = &s->value[j];
            const char *how = "";
            if (p->field->degree > 2 || q->field->degree > 2 || s->n > 4) continue;
            for (int c = 0; c < s->n; c++) {
                const char *x = ls_e_string(w, p->field, p->root, p->w + c * p->field->degree), *y = ls_e_string(w, q->field, q->root, q->w + c * q->field->degree);
                bool px = strchr(x, ' ') || *x == '-', py = strchr(y, ' ') || *y == '-';
                how = ls_fmt(w, "%s%s%s%s%s", how, c ? " + " : "", px ? ls_fmt(w, "(%s)", x) : x, px && py ? "" : "×", py ? ls_fmt(w, "(%s)", y) : y);
            }
            const char *text = ls_fmt(w, "w%s·w%s = %s = 0 ✓", ls_sub(i + 1), ls_sub(j + 1), how);
            l = shown ? ls_deep(w, 9, "%s", text) : ls_say(w, "Check", "%s", text);
            shown++;
        }
    (void)l;
    if (shown) ls_deep(w, 9, "lengths 1 ✓   so %sᵀ%s = I", a.V, a.V);
    else ls_say(w, "Check", "w·w' = 0 for different λ, lengths 1 ✓   so %sᵀ%s = I", a.V, a.V);
}

void ls_walk_vectors(ls_walk *w) {
    names a = ls_walk_names(w);
    const lsv_exact_svd *s = w->svd;
    ls_step_add(w, ls_fmt(w, "Eigenvectors of %s: the columns of %s", a.gram, a.V), a.V, ls_fmt(w, "%s?", a.V), ls_why[WHY_V]);
    ls_say(w, "Rule", "solve (%s - λI) %s = 0, then divide by the length", a.gram, a.v);
    for (int i = 0; i < s->n; i++) {
        const lsv_exact_value *v = &s->value[i];
        bool seen = false;
        for (int j = 0; j < i; j++) seen |= s->value[j].field == v->field;
        int last = ls_last_equal(w, i);
        if (v->field->degree > 2 && v->field->multiplicity == 1) {
            if (!seen) conjugates(w, a, i);
        } else if (last > i) {
            repeated(w, a, i);
            i = last;
        } else {
            simple(w, a, i, seen);
        }
    }
    ls_line *l = ls_say(w, NULL, "%s ≈ ", a.V);
    ls_put_cells(w, l, ls_unit_cells(w, false));
    ls_put(w, l, s->n > 1 ? "   columns %s₁%s %s%s; each sign is a free choice" : "   its sign is a free choice%.0s%.0s%.0s%.0s", a.v, s->n > 2 ? " …" : ",", a.v, ls_sub(s->n));
    check_orthogonal(w, a);
}

/* ---- the other side ---- */

static const char *with_power(ls_walk *w, const char *s) { return strchr(s, ' ') && s[strlen(s) - 1] != ')' ? ls_fmt(w, "(%s)", s) : s; }

static void image(ls_walk *w, names a, int i, bool first) {
    const lsv_exact_svd *s = w->svd;
    const lsv_exact_value *v = &s->value[i];
    const lsv_field *k = v->field;
    int d = k->degree;
    const char *sub = ls_sub(i + 1), *decimal = decimals(w, true, i, s->m);
    if (d > 2) {
        ls_deep(w, 5, "%s%s = %s%s%s/σ%s ≈ %s", a.u, sub, a.A, a.v, sub, sub, decimal);
        return;
    }
    if (first && w->arithmetic) {
        ls_cells exact = ls_cells_new(w, s->m, 1), approx = ls_cells_new(w, s->m, 1), x = ls_cells_new(w, s->n, 1);
        for (int r = 0; r < exact.rows; r++) {
            exact.at[r] = ls_e_string(w, k, v->root, v->aw + r * d);
            approx.at[r] = ls_decimal(w, (lsv_real){.field = v->field, .root = v->root, .x = v->aw + r * d}, w->digits);
        }
        for (int r = 0; r < x.rows; r++) x.at[r] = ls_e_string(w, k, v->root, v->w + r * d);
        ls_line *l = ls_say(w, NULL, "%s w%s = ", a.A, sub);
        ls_put_cells(w, l, ls_cells_q(w, &s->A));
        ls_put(w, l, " ");
        ls_put_cells(w, l, x);
        ls_put(w, l, " ");
        ls_put_matrix(w, l, exact, approx, d == 1);
    } else {
        ls_say(w, NULL, "%s w%s = %s", a.A, sub, vector(w, k, v->root, v->aw, s->m));
    }
    const char *lambda = with_power(w, ls_e_string(w, k, v->root, k->lambda)), *norm2 = with_power(w, ls_e_string(w, k, v->root, v->norm2));
    ls_deep(w, 5, "‖%sw%s‖² = λ%s‖w%s‖² = %s%s%s = %s", a.A, sub, sub, sub, lambda, d == 1 ? "×" : "", norm2, ls_e_string(w, k, v->root, v->aw_norm2));
    const char *name = ls_fmt(w, "%sw%s", a.A, sub);
    const char *length = ls_decimal(w, (lsv_real){.field = v->field, .root = v->root, .x = v->aw_norm2, .sqrt = true}, w->digits);
    bool whole = whole_square(k, v->aw_norm2);
    ls_deep(w, 5, "‖%s‖ %s %.*s      %s%s = %s", name, whole ? "=" : "≈", whole ? (int)strcspn(length, ".") : (int)strlen(length), length, a.u, sub,
            unit(w, name, k, v->root, v->aw, v->aw_norm2, s->m, decimal));
}

static void completion(ls_walk *w, names a) {
    const lsv_exact_svd *s = w->svd;
    if (!s->ncompletion) return;
    const char *list = "";
    for (int j = s->rank; j < s->m; j++) list = ls_fmt(w, "%s%s%s%s", list, j > s->rank ? ", " : "", a.u, ls_sub(j + 1));
    if (s->rank < s->n)
        ls_say(w, NULL, "%s: σ = 0, so %s%s/σ is 0/0 and says nothing. %s an orthonormal basis: solve %sx = 0%s:", list, a.A, a.v, s->rank ? ls_fmt(w, "Complete %s₁%s to", a.u, s->rank > 1 ? " …" : "") : "Take",
               a.At, s->ncompletion > 1 ? " (NOT UNIQUE), then Gram-Schmidt" : "");
    else ls_say(w, NULL, "%s: %s must be %d×%d. Take %s with %sx = 0%s:", list, a.U, s->m, s->m, s->ncompletion == 1 ? "a unit vector" : "orthogonal unit vectors", a.At,
                s->ncompletion > 1 ? " (NOT UNIQUE)" : "");
    if (w->arithmetic) {
        const char *eq = "";
        for (int i = 0; i < s->n; i++) {
            lsv_q *row = lsv_pool_q(&w->pool, s->m);
            for (int j = 0; j < s->m; j++) mpq_set(row + j, lsv_qm(&s->A, j, i));
            const char *e = "";
            bool zero = true;
            for (int j = 0; j < s->m; j++) {
                if (mpq_sgn(row + j) == 0) continue;
                zero = false;
                mpq_t abs;
                mpq_init(abs);
                mpq_abs(abs, row + j);
                const char *c = mpq_cmp_ui(abs, 1, 1) == 0 ? "" : ls_q_string(w, abs);
                e = ls_fmt(w, "%s%s%s%c", e, *e ? mpq_sgn(row + j) < 0 ? " - " : " + " : mpq_sgn(row + j) < 0 ? "-" : "", c, "abcdefgh"[j]);
                mpq_clear(abs);
            }
            if (!zero && !strstr(eq, e)) eq = ls_fmt(w, "%s%s%s = 0", eq, *eq ? ",  " : "", e);
        }
        if (*eq) ls_deep(w, 5, "%s", eq);
    }
    for (int j = s->rank; j < s->m; j++) {
        const lsv_q *x = s->completion + (j - s->rank) * s->m;
        mpq_t norm2;
        mpq_init(norm2);
        lsv_e_dot(&lsv_rationals, norm2, x, x, s->m);
        ls_deep(w, 5, "%s%s = %s", a.u, ls_sub(j + 1), unit(w, "", &lsv_rationals, 0, x, norm2, s->m, decimals(w, true, j, s->m)));
        mpq_clear(norm2);
    }
    if (s->rank < s->n) ls_say(w, "Careful", "never divide by σ = 0, and do not stop at %d column%s: %s is %d×%d.", s->rank, s->rank == 1 ? "" : "s", a.U, s->m, s->m);
}

void ls_walk_images(ls_walk *w) {
    names a = ls_walk_names(w);
    const lsv_exact_svd *s = w->svd;
    ls_step_add(w, ls_fmt(w, "%s: %sᵢ = %s %sᵢ / σᵢ%s", a.U, a.u, a.A, a.v, s->rank < s->n ? " where σᵢ ≠ 0, then complete" : ""), a.U, ls_fmt(w, "%s?", a.U), ls_why[WHY_U]);
    const char *us = ls_fmt(w, s->rank > 1 ? "%s₁%s %s%s" : "%s₁%.0s%.0s%.0s", a.u, s->rank > 2 ? " …" : ",", a.u, ls_sub(s->rank)), *vs = ls_fmt(w, s->rank > 1 ? "%s₁%s %s%s" : "%s₁%.0s%.0s%.0s", a.v, s->rank > 2 ? " …" : ",", a.v, ls_sub(s->rank));
    if (s->rank) ls_say(w, "Rule", "%s come%s FROM %s. Do not solve %s%s = λ%s on its own: its signs need not match %s's, and then UΣVᵀ ≠ %s.", us, s->rank > 1 ? "" : "s", vs, a.other, a.u, a.u, a.V, a.W);
    else ls_say(w, "Rule", "every σ is 0: %s is any orthogonal matrix", a.U);
    for (int i = 0; i < s->rank; i++) image(w, a, i, i == 0 || s->n > 2);
    completion(w, a);
    ls_line *l = ls_say(w, NULL, "%s ≈ ", a.U);
    ls_put_cells(w, l, ls_unit_cells(w, true));
    if (s->rank >= 2 && s->n == 2) ls_say(w, "Check", "%sw₁·%sw₂ = w₁ᵀ(%s)w₂ = λ₂ w₁·w₂ = 0 ✓   lengths 1 ✓   so %sᵀ%s = I", a.A, a.A, a.gram, a.U, a.U);
    else ls_say(w, "Check", "%s's columns are orthogonal: %swᵢ·%swⱼ = λⱼ wᵢ·wⱼ = 0 ✓   lengths 1 ✓   so %sᵀ%s = I", a.U, a.A, a.A, a.U, a.U);
    if (s->rank >= 2 && ls_last_equal(w, 0) > 0 && ls_is_scalar_matrix(&s->gram)) ls_say(w, "Careful", "here %s may be a multiple of I too: %s%s = λ%s on its own allows %s = I, and then UΣVᵀ ≠ %s. Such a matrix shows best why %s must be %s%s/σ.", a.other, a.other, a.u, a.u, a.U, a.W, a.u, a.A, a.v);
}
