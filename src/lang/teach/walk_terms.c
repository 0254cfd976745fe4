/* Steps: Σ and the whole product, the rank-1 terms, low rank. */
#include <math.h>
#include <string.h>

#include "lang/teach/walk.h"

/* Σ in the shape of W. */
static ls_cells sigma_cells(ls_walk *w) {
    ls_cells m = ls_cells_new(w, w->m, w->n);
    for (int i = 0; i < m.rows * m.cols; i++) m.at[i] = "0";
    for (int i = 0; i < w->svd->n && m.at; i++) {
        const char *exact = w->svd->value[i].field->degree == 1 ? ls_sigma_exact(w, w->svd, i) : "√";
        m.at[i * w->n + i] = exact[strspn(exact, "0123456789/")] == 0 ? exact : ls_sigma_decimal(w, i);
    }
    return m;
}

/* The largest error of U Σ Vᵀ when every factor is rounded to the digits shown. */
static double rounding_error(const ls_walk *w) {
    double scale = pow(10, w->digits), worst = 0, q = mpq_get_d(w->denominator);
    int k = w->svd->n;
    for (int i = 0; i < w->m; i++)
        for (int j = 0; j < w->n; j++) {
            double sum = 0;
            for (int r = 0; r < k; r++)
                sum += round(w->U[i * w->m + r] * scale) / scale * round(q * w->S[r] * scale) / scale * round(w->V[j * w->n + r] * scale) / scale;
            worst = fmax(worst, fabs(sum - q * w->numbers[i * w->n + j]));
        }
    return worst;
}

void ls_walk_product(ls_walk *w) {
    names a = ls_walk_names(w);
    const char *diagonal = w->svd->n == 1 ? "σ₁" : w->svd->n == 2 ? "σ₁, σ₂" : ls_fmt(w, "σ₁ … σ%s", ls_sub(w->svd->n));
    ls_step_add(w, "Σ, and the whole product", "S", "Σ?", ls_why[WHY_S]);
    ls_say(w, "Rule", "Σ has the shape of %s (%d×%d): %s on the diagonal, zeros elsewhere", a.W, w->m, w->n, diagonal);
    ls_line *l = ls_say(w, NULL, "%s = U Σ Vᵀ ≈ U ", a.W);
    ls_put_cells(w, l, sigma_cells(w));
    ls_put(w, l, " ");
    ls_put_cells(w, l, ls_cells_transposed(w, ls_unit_cells(w, w->svd->wide)));
    ls_say(w, NULL, "sizes: %d×%d = (%d×%d)(%d×%d)(%d×%d) ✓    the last factor is Vᵀ: v₁ᵀ is its first ROW", w->m, w->n, w->m, w->m, w->m, w->n, w->n, w->n);
    double error = rounding_error(w);
    if (error > 1e-14) ls_say(w, "Check", "with these %d-decimal numbers UΣVᵀ misses %s by at most %.1g; with the exact ones not at all (next step).", w->digits, a.W, error);
    else ls_say(w, "Check", "the product is %s, exactly ✓", a.W);
}

/* ---- rank-1 terms ---- */

static void common_denominator(const ls_walk *w, mpz_t common) {
    const lsv_exact_svd *s = w->svd;
    mpz_set_ui(common, 1);
    for (int v = 0; v < s->n; v++)
        for (int i = 0; s->value[v].term && i < w->m * w->n * s->value[v].field->degree; i++)
            mpz_lcm(common, common, mpq_denref(s->value[v].term + i));
}

static ls_cells term_decimals(ls_walk *w, int i) {
    const lsv_exact_value *v = &w->svd->value[i];
    ls_cells m = ls_cells_new(w, w->m, w->n);
    for (int c = 0; c < m.rows * m.cols; c++) {
        if (v->term) m.at[c] = ls_decimal(w, (lsv_real){.field = v->field, .root = v->root, .x = v->term + c * v->field->degree}, w->digits);
        else m.at[c] = ls_number(w, mpq_get_d(w->denominator) * w->S[i] * w->U[c / w->n * w->m + i] * w->V[c % w->n * w->n + i]);
    }
    return m;
}

static const char *term_name(ls_walk *w, int i) { return ls_fmt(w, "σ%su%sv%sᵀ", ls_sub(i + 1), ls_sub(i + 1), ls_sub(i + 1)); }

static void one_term(ls_walk *w, int i, const lsv_q *by) {
    const lsv_exact_value *v = &w->svd->value[i];
    int d = v->field->degree, count = w->m * w->n;
    bool fraction = mpq_cmp_ui(by, 1, 1) != 0, wide = d > 2;
    ls_line *l = ls_say(w, NULL, "%s ", term_name(w, i));
    ls_cells exact = ls_cells_new(w, w->m, w->n);
    lsv_q *scaled = lsv_pool_q(&w->pool, d);
    for (int c = 0; !wide && exact.at && c < count; c++) {
        lsv_e_scale(v->field, scaled, v->term + c * d, by);
        exact.at[c] = ls_e_string(w, v->field, v->root, scaled);
        wide |= lsv_text_width(exact.at[c], strlen(exact.at[c])) > 28;
    }
    if (wide || w->style == LS_STYLE_DECIMALS) {
        ls_put(w, l, "≈ ");
        ls_put_cells(w, l, term_decimals(w, i));
        return;
    }
    ls_put(w, l, fraction ? "= 1/%s " : "= %.0s", ls_q_string(w, by));
    ls_put_cells(w, l, exact);
    if ((d == 1 && !fraction) || w->style == LS_STYLE_EXACT) return;
    ls_put(w, l, " ≈ ");
    ls_put_cells(w, l, term_decimals(w, i));
}

static void add_up(ls_walk *w, names a, const lsv_q *by) {
    lsv_qmatrix sum = lsv_exact_sum(w->svd), whole = lsv_qmatrix_new(&w->pool, w->m, w->n);
    bool large = false, exact = !w->pool.failed;
    const lsv_qmatrix *A = &w->svd->A;
    for (int i = 0; i < w->m; i++)
        for (int j = 0; j < w->n; j++) {
            exact = exact && mpq_equal(lsv_qm(&sum, i, j), w->svd->wide ? lsv_qm(A, j, i) : lsv_qm(A, i, j));
            mpq_mul(lsv_qm(&whole, i, j), lsv_qm(&sum, i, j), by);
        }
    for (int i = 0; i < w->svd->n; i++) large |= !w->svd->value[i].term && !w->svd->value[i].zero;
    if (large) {
        ls_say(w, "Check", "the terms add up to %s (largest difference in double precision below 1e-12)", a.W);
        return;
    }
    ls_line *l = ls_say(w, NULL, "sum     ");
    if (mpq_cmp_ui(by, 1, 1) != 0) {
        ls_put(w, l, " = 1/%s ", ls_q_string(w, by));
        ls_put_cells(w, l, ls_cells_q(w, &whole));
    }
    ls_put(w, l, " = ");
    ls_put_cells(w, l, ls_cells_q(w, &sum));
    ls_put(w, l, exact ? " = %s, exactly ✓" : " (this should be %s)", a.W);
}

/* Another V for a repeated σ: what depends on the choice and what does not. */
static void not_unique(ls_walk *w, names a) {
    const lsv_exact_svd *s = w->svd;
    if (s->unique_terms) return;
    for (int i = 0; i < s->rank; i++) {
        int last = ls_last_equal(w, i);
        const lsv_exact_value *p = &s->value[i], *q = &s->value[i + 1];
        if (last == i) continue;
        if (p->field->degree == 1 && mpq_equal(p->norm2, q->norm2)) {
            lsv_qmatrix other[2];
            mpq_t part, half;
            mpq_inits(part, half, NULL);
            for (int sign = 0; sign < 2; sign++) { /* (A(p ± q))(p ± q)ᵀ / ‖p ± q‖², and ‖p ± q‖² = 2‖p‖² */
                other[sign] = lsv_qmatrix_new(&w->pool, w->m, w->n);
                mpq_mul_2exp(half, p->norm2, 1);
                for (int r = 0; r < w->m; r++)
                    for (int c = 0; c < w->n; c++) {
                        int ar = s->wide ? c : r, ac = s->wide ? r : c;
                        lsv_q *e = lsv_qm(&other[sign], r, c);
                        if (sign) {
                            mpq_sub(e, p->aw + ar, q->aw + ar);
                            mpq_sub(part, p->w + ac, q->w + ac);
                        } else {
                            mpq_add(e, p->aw + ar, q->aw + ar);
                            mpq_add(part, p->w + ac, q->w + ac);
                        }
                        mpq_mul(e, e, part);
                        mpq_div(e, e, half);
                    }
            }
            mpq_clears(part, half, NULL);
            ls_line *l = ls_say(w, NULL, "another %s, just as right, with (%s%s + %s%s)/√2 and (%s%s - %s%s)/√2:", a.V, a.v, ls_sub(i + 1), a.v, ls_sub(i + 2), a.v, ls_sub(i + 1), a.v, ls_sub(i + 2));
            l = ls_say(w, NULL, "  the terms are then ");
            ls_put_cells(w, l, ls_cells_q(w, &other[0]));
            ls_put(w, l, " and ");
            ls_put_cells(w, l, ls_cells_q(w, &other[1]));
        }
        ls_say(w, NULL, "NOT UNIQUE: the terms of σ%s … σ%s depend on the choice of %s. Their sum does not: it is %s times the projection onto the eigenspace of λ%s.", ls_sub(i + 1),
               ls_sub(last + 1), a.V, a.W, ls_sub(i + 1));
        i = last;
    }
}

void ls_walk_terms(ls_walk *w) {
    names a = ls_walk_names(w);
    const lsv_exact_svd *s = w->svd;
    ls_step_add(w, "Rank-1 terms", s->rank ? "term1" : NULL, "the first term, σ₁u₁v₁ᵀ?", ls_why[WHY_TERMS]);
    ls_say(w, "Rule", s->wide ? "σᵢuᵢvᵢᵀ = wᵢ(%swᵢ)ᵀ / ‖wᵢ‖²: the square roots of square roots cancel" : "σᵢuᵢvᵢᵀ = (%swᵢ)wᵢᵀ / ‖wᵢ‖²: the square roots of square roots cancel", a.A);
    if (s->rank == 0) {
        ls_say(w, NULL, "No term at all: W = 0 is the empty sum.");
        return;
    }
    mpq_t by;
    mpq_init(by);
    common_denominator(w, mpq_numref(by));
    for (int i = 0; i < s->rank; i++) one_term(w, i, by);
    add_up(w, a, by);
    if (s->rank == 1) ls_say(w, NULL, "One term, so the rank-1 form IS %s: 1×(%d + %d) = %d numbers instead of %d.", a.W, w->m, w->n, w->m + w->n, w->m * w->n);
    if (a.W[0] == 'Z') ls_say(w, NULL, "W = Z/%s: every term of W is the term of Z divided by %s.", ls_q_string(w, w->denominator), ls_q_string(w, w->denominator));
    not_unique(w, a);
    mpq_clear(by);
}

/* ---- low rank ---- */

/* "42.1327/54 = 78.02 %" */
static void energy(ls_walk *w, names a) {
    const lsv_exact_svd *s = w->svd;
    double total = 0;
    for (int i = 0; i < s->n; i++) total += w->S[i] * w->S[i];
    mpq_t trace;
    mpq_init(trace);
    mpq_neg(trace, s->charpoly + 1);
    const char *sum = "";
    for (int i = 0; i < s->n; i++) sum = ls_fmt(w, "%s%sλ%s", sum, i ? " + " : "", ls_sub(i + 1));
    const lsv_exact_value *v = &s->value[0];
    const char *top = v->field->degree == 1 ? ls_q_string(w, v->field->lambda) : ls_lambda_decimal(w, 0);
    ls_say(w, NULL, "It keeps λ₁/(%s) = %s/%s = %.2f %% of the squared entries.", sum, top, ls_q_string(w, trace), 100 * w->S[0] * w->S[0] / total);
    mpq_clear(trace);
    (void)a;
}

static void subspaces(ls_walk *w, names a) {
    const lsv_exact_svd *s = w->svd;
    if (s->rank == s->n || s->n > 4 || s->m > 6) return;
    const char *rows = "", *null = "", *columns = "", *left = "";
    const char *const first = a.v, *const second = a.u;
    for (int i = 0; i < s->rank; i++) {
        rows = ls_fmt(w, "%s%s%s%s", rows, i ? ", " : "", first, ls_sub(i + 1));
        columns = ls_fmt(w, "%s%s%s%s", columns, i ? ", " : "", second, ls_sub(i + 1));
    }
    for (int i = s->rank; i < s->n; i++) null = ls_fmt(w, "%s%s%s%s", null, i > s->rank ? ", " : "", first, ls_sub(i + 1));
    for (int i = s->rank; i < s->m; i++) left = ls_fmt(w, "%s%s%s%s", left, i > s->rank ? ", " : "", second, ls_sub(i + 1));
    if (!*null) null = "0 only";
    const char *row = s->wide ? "column space" : "row space", *column = s->wide ? "row space" : "column space";
    ls_say(w, NULL, "The four subspaces:  %s span(%s)   %s %s", row, rows, s->wide ? "left null space" : "null space", *null == '0' ? null : ls_fmt(w, "span(%s)", null));
    ls_deep(w, 9, "%s span(%s)   %s span(%s)", column, columns, s->wide ? "null space" : "left null space", left);
}

void ls_walk_low_rank(ls_walk *w) {
    names a = ls_walk_names(w);
    const lsv_exact_svd *s = w->svd;
    ls_step_add(w, s->rank < s->n ? "Low rank, and the four subspaces" : "Low rank", s->rank ? "W1" : NULL, "the best rank-1 matrix W₁?", ls_why[WHY_LOW]);
    if (s->rank == 0) {
        ls_say(w, NULL, "rank 0: nothing to approximate.");
        return;
    }
    ls_say(w, "Rule", "keep the largest terms; the best rank-1 matrix is σ₁u₁v₁ᵀ (Eckart-Young)");
    if (s->rank == 1) {
        ls_say(w, NULL, "best rank-1 matrix: %s itself, error 0, energy kept 100.00 %%", a.W);
    } else {
        bool tie = ls_last_equal(w, 0) > 0;
        const char *sub = a.W[0] == 'Z' ? "Z₁" : "W₁";
        ls_line *l = ls_say(w, NULL, "%s ≈ ", sub);
        ls_put_cells(w, l, term_decimals(w, 0));
        const char *exact = s->value[1].field->degree == 1 ? ls_sigma_exact(w, s, 1) : "√";
        const char *sigma = exact[strspn(exact, "0123456789")] == 0 ? ls_fmt(w, "= %s", exact) : ls_fmt(w, "≈ %s", ls_sigma_decimal(w, 1));
        if (s->rank == 2) ls_put(w, l, "   ‖%s - %s‖₂ = ‖%s - %s‖F = σ₂ %s", a.W, sub, a.W, sub, sigma);
        else ls_put(w, l, "   ‖%s - %s‖₂ = σ₂ %s", a.W, sub, sigma);
        if (tie) ls_say(w, NULL, "σ₁ = σ₂: this best rank-1 matrix is NOT UNIQUE; every unit vector of the eigenspace gives one with the same error.");
        energy(w, a);
        ls_say(w, NULL, "As a product B A: B = σ₁u₁ (%d×1), A = v₁ᵀ (1×%d), 1×(%d + %d) = %d numbers for %d.", w->m, w->n, w->m, w->n, w->m + w->n, w->m * w->n);
        ls_say(w, NULL, "Keeping %s terms is not an approximation: it is %s.", s->rank == 2 ? "both" : "all", a.W);
        mpq_t trace;
        mpq_init(trace);
        mpq_neg(trace, s->charpoly + 1);
        ls_say(w, "Check", "‖%s‖F² + ‖%s - %s‖F² = %s = %s ✓", sub, a.W, sub, s->n == 2 ? "λ₁ + λ₂" : "the sum of all λ", ls_q_string(w, trace));
        mpq_clear(trace);
    }
    subspaces(w, a);
}
