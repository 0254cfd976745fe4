/* Eigenvectors, V and U. A vector of V is free up to its sign (and in a repeated eigenspace up to a
   turn); a vector of U is not free at all once V is chosen. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lang/teach/checker.h"

static ls_level match(const ls_entry *const *x, const long double *v, int n, int sign) {
    ls_level worst = LS_EXACT;
    for (int i = 0; i < n; i++) {
        ls_level l = ls_entry_level(x[i], sign * v[i]);
        worst = l > worst ? l : worst;
    }
    return worst;
}

/* The better of the two signs. */
static ls_level match_either(const ls_entry *const *x, const long double *v, int n, int *sign) {
    ls_level plus = match(x, v, n, 1), minus = match(x, v, n, -1);
    *sign = plus <= minus ? 1 : -1;
    return plus <= minus ? plus : minus;
}

static int digits_of(const ls_entry *const *x, int n) {
    int d = 0;
    for (int i = 0; i < n; i++) d = x[i]->d > d ? x[i]->d : d;
    return d;
}

static long double length_of(const ls_entry *const *x, int n) {
    long double s = 0;
    for (int i = 0; i < n; i++) s += x[i]->v * x[i]->v;
    return sqrtl(s);
}

static void say_vector(lsv_text *t, const long double *v, int n, int sign, int digits) {
    for (int i = 0; i < n; i++) {
        if (i) lsv_text_puts(t, ", ");
        ls_say_number(t, sign * v[i], digits);
    }
}

/* Sequence marks between the verdicts of several columns. */
static void next(ls_case *c, bool *first) {
    if (!*first) lsv_text_puts(c->out, "; ");
    *first = false;
}

static void worse(ls_case *c, ls_level l) { c->level = l > c->level ? l : c->level; }

/* ---- V ---- */

/* x lies in the eigenspace of λ_j, within the rounding of its entries, and has length 1. */
static bool in_eigenspace(const ls_facts *t, int j, const ls_entry *const *x, int n) {
    long double h = 0.5L * powl(10, -digits_of(x, n)), room = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++) room = fmaxl(room, fabsl(t->G[i][k] - (i == k ? t->lambda[j] : 0)));
    bool exact = true;
    for (int i = 0; i < n; i++) exact &= x[i]->d < 0;
    if (exact) h = 1e-12L;
    for (int i = 0; i < n; i++) {
        long double r = -t->lambda[j] * x[i]->v;
        for (int k = 0; k < n; k++) r += t->G[i][k] * x[k]->v;
        if (fabsl(r) > h * n * room * 1.01L + 1e-10L) return false;
    }
    return fabsl(length_of(x, n) - 1) <= 1.5L * h * n;
}

/* An eigenvector from λ rounded to k digits, read from one of the two equations. */
static bool from_rounded_lambda(const ls_facts *t, int j, const ls_entry *const *x, int *digits, long double *rounded) {
    for (int k = 0; k <= 5; k++) {
        long double unit = powl(10, -k), l = roundl(t->lambda[j] / unit) * unit;
        long double tries[2][2] = {{t->G[0][1], l - t->G[0][0]}, {l - t->G[1][1], t->G[0][1]}};
        for (int e = 0; e < 2; e++) {
            long double size = hypotl(tries[e][0], tries[e][1]);
            int sign;
            if (size == 0) continue;
            tries[e][0] /= size;
            tries[e][1] /= size;
            if (match_either(x, tries[e], 2, &sign) > LS_ROUNDED) continue;
            *digits = k;
            *rounded = l;
            return true;
        }
    }
    return false;
}

static bool sign_of_one(const ls_entry *const *x, const long double *v, int n, int *component) {
    long double z[LS_SIDE];
    for (int q = 0; q < n; q++) {
        int sign;
        memcpy(z, v, (size_t)n * sizeof *z);
        z[q] = -z[q];
        if (v[q] != 0 && match_either(x, z, n, &sign) <= LS_UNIT) {
            *component = q;
            return true;
        }
    }
    return false;
}

static void check_v(ls_case *c, int j, const ls_entry *const *x, bool *first) {
    const ls_facts *t = c->t;
    int n = t->n, d = digits_of(x, n), sign, q;
    lsv_text *o = c->out;
    const char *v = t->vn;
    next(c, first);
    ls_level level = match_either(x, t->v[j], n, &sign);
    if (level <= LS_UNIT) {
        worse(c, level);
        lsv_text_printf(o, "%s%d ", v, j + 1);
        ls_say_level(o, level, d);
        if (sign < 0) lsv_text_puts(o, " (opposite sign to mine: allowed)");
        return;
    }
    if (t->repeated[j] && in_eigenspace(t, j, x, n)) {
        worse(c, LS_ROUNDED);
        lsv_text_printf(o, "%s%d right: another basis of the same eigenspace", v, j + 1);
        return;
    }
    worse(c, LS_WRONG);
    for (int k = 0; k < n; k++)
        if (k != j && match_either(x, t->v[k], n, &sign) <= LS_UNIT) {
            lsv_text_printf(o, "%s%d wrong: it is %s%d: columns swapped or %sᵀ typed", v, j + 1, v, k + 1, t->Vn);
            return;
        }
    long double length = length_of(x, n), squared[LS_SIDE], norm2 = 0, row[LS_SIDE];
    if (ls_parallel(x, t->v[j], n) <= LS_UNIT && fabsl(length - 1) > 12 * powl(10, -d)) {
        for (int i = 0; i < n; i++) norm2 += t->w[j][i] * t->w[j][i];
        for (int i = 0; i < n; i++) squared[i] = t->w[j][i] / norm2;
        lsv_text_printf(o, "%s%d right direction, length %.5Lg instead of 1: ", v, j + 1, length);
        lsv_text_puts(o, match_either(x, squared, n, &sign) <= LS_UNIT ? "divided by ‖w‖² instead of ‖w‖" : "not normalised");
        return;
    }
    for (int i = 0; i < n; i++) row[i] = t->v[i][j];
    if (match_either(x, row, n, &sign) <= LS_UNIT) {
        lsv_text_printf(o, "%s%d wrong: it is row %d of %s: %sᵀ typed", v, j + 1, j + 1, t->Vn, t->Vn);
        return;
    }
    int digits;
    long double rounded;
    if (n == 2 && from_rounded_lambda(t, j, x, &digits, &rounded)) {
        lsv_text_printf(o, "%s%d follows from λ%d ≈ %.*Lf: rounded too early (right ", v, j + 1, j + 1, digits, rounded);
        say_vector(o, t->v[j], n, 1, d);
        lsv_text_puts(o, ")");
        return;
    }
    long double dot = 0, err = 0, unit = powl(10, -d), direction = 0;
    for (int i = 0; i < n; i++) dot += x[i]->v * t->v[j][i];
    sign = dot > 0 ? 1 : -1;
    for (int i = 0; i < n; i++) {
        err = fmaxl(err, fabsl(x[i]->v - sign * t->v[j][i]));
        direction = fmaxl(direction, fabsl(x[i]->v * sign / length - t->v[j][i]));
    }
    if (d > 0 && err <= 10 * unit && err < 0.2L) {
        lsv_text_printf(o, "%s%d close: off by up to %.2Lg units of digit %d (right ", v, j + 1, err / unit, d);
        say_vector(o, t->v[j], n, sign, d);
        lsv_text_printf(o, "; your length %.5Lg). Probable cause: rounded too early (λ, the vector or its length)", length);
        return;
    }
    if (length > 0 && d > 0 && direction < 20 * unit && direction < 0.1L) {
        lsv_text_printf(o, "%s%d right direction, length %.5Lg instead of 1: not normalised", v, j + 1, length);
        return;
    }
    if (sign_of_one(x, t->v[j], n, &q)) {
        lsv_text_printf(o, "%s%d wrong sign of component %d. Probable cause: a sign in an equation: put the vector into another one", v, j + 1, q + 1);
        return;
    }
    lsv_text_printf(o, "%s%d wrong (right ", v, j + 1);
    say_vector(o, t->v[j], n, 1, d);
    lsv_text_puts(o, " or its opposite)");
    if (fabsl(length - 1) > 3 * unit * n) lsv_text_printf(o, "; your length %.5Lg", length);
}

static void column(const ls_answer *a, int j, const ls_entry *x[LS_SIDE]) {
    for (int i = 0; i < a->rows; i++) x[i] = &a->at[i * a->cols + j];
}

/* u_i·u_j = 0 where both were typed; says which are not. */
static void check_right_angles(ls_case *c, const ls_answer *a, const char *name) {
    long double unit = powl(10, -ls_answer_digits(a));
    for (int p = 0; p < a->cols; p++)
        for (int q = p + 1; q < a->cols; q++) {
            long double dot = 0;
            for (int i = 0; i < a->rows; i++) dot += a->at[i * a->cols + p].v * a->at[i * a->cols + q].v;
            if (fabsl(dot) <= 10 * unit || ls_answer_digits(a) == 0) continue;
            lsv_text_printf(c->out, "; %s%d·%s%d = %.3Lg, should be 0", name, p + 1, name, q + 1, dot);
            worse(c, LS_WRONG);
        }
}

/* One column of `from` into the learner's own matrix, making room for it. */
static void keep_column(ls_answer *mine, bool *has, const ls_answer *from, int j) {
    if (!*has || mine->rows != from->rows) *mine = (ls_answer){.rows = from->rows, .cols = 0};
    if (j > mine->cols || j >= LS_SIDE) return;
    if (j == mine->cols) { /* widen by one column */
        ls_answer wider = {.rows = mine->rows, .cols = mine->cols + 1};
        for (int i = 0; i < mine->rows; i++)
            for (int k = 0; k < mine->cols; k++) wider.at[i * wider.cols + k] = mine->at[i * mine->cols + k];
        *mine = wider;
    }
    for (int i = 0; i < mine->rows; i++) mine->at[i * mine->cols + j] = from->at[i * from->cols];
    *has = true;
}

void ls_check_first(ls_case *c, int only) {
    const ls_facts *t = c->t;
    const ls_answer *a = c->a;
    const ls_entry *x[LS_SIDE];
    bool first = true;
    lsv_text_printf(c->out, "%s: ", t->Vn);
    if (a->rows != t->n || (only < 0 ? a->cols != t->n : a->cols != 1)) {
        lsv_text_printf(c->out, "wrong size: %d×%d, should be %d×%d", a->rows, a->cols, t->n, only < 0 ? t->n : 1);
        return;
    }
    c->level = LS_EXACT;
    for (int j = 0; j < a->cols; j++) {
        column(a, j, x);
        check_v(c, only < 0 ? j : only, x, &first);
    }
    bool any_repeated = false;
    for (int j = 0; j < t->n; j++) any_repeated |= t->repeated[j];
    if (only < 0 && any_repeated) check_right_angles(c, a, t->vn);
    if (only >= 0) {
        keep_column(&c->mine->first, &c->mine->has_first, a, only);
    } else {
        c->mine->first = *a;
        c->mine->has_first = true;
    }
}

/* ---- unnormalised eigenvectors ---- */

void ls_check_direction(ls_case *c, int j) {
    const ls_facts *t = c->t;
    const ls_answer *a = c->a;
    int n = t->n;
    const ls_entry *x[LS_SIDE];
    long double z[LS_SIDE];
    lsv_text *o = c->out;
    lsv_text_printf(o, "w%d: ", j + 1);
    if (a->rows != n || a->cols != 1) {
        lsv_text_printf(o, "wrong size: %d components, should be %d", a->rows * a->cols, n);
        return;
    }
    column(a, 0, x);
    int d = digits_of(x, n);
    ls_level level = ls_parallel(x, t->w[j], n);
    if (level <= LS_UNIT) {
        c->level = level;
        ls_say_level(o, level, d);
        lsv_text_puts(o, " (any nonzero multiple is an eigenvector)");
        return;
    }
    long double length = length_of(x, n);
    if (length == 0) {
        lsv_text_puts(o, "wrong: the zero vector is no eigenvector");
        return;
    }
    if (t->repeated[j]) {
        ls_entry unit[LS_SIDE];
        const ls_entry *u[LS_SIDE];
        for (int i = 0; i < n; i++) {
            unit[i] = *x[i];
            unit[i].v /= length;
            u[i] = &unit[i];
        }
        if (in_eigenspace(t, j, u, n)) {
            c->level = LS_ROUNDED;
            lsv_text_puts(o, "right: another vector of the same eigenspace");
            return;
        }
    }
    for (int k = 0; k < n; k++)
        if (k != j && ls_parallel(x, t->w[k], n) <= LS_UNIT) {
            lsv_text_printf(o, "wrong: this belongs to λ%d. Probable cause: swapped eigenvalue order", k + 1);
            return;
        }
    for (int q = 0; q < n; q++) {
        memcpy(z, t->w[j], sizeof z);
        z[q] = -z[q];
        if (t->w[j][q] != 0 && ls_parallel(x, z, n) <= LS_UNIT) {
            lsv_text_printf(o, "wrong sign of component %d. Probable cause: a sign in equation (1): check it by putting the vector into equation (2)", q + 1);
            return;
        }
    }
    for (int p = 0; p < n; p++)
        for (int q = p + 1; q < n; q++) {
            memcpy(z, t->w[j], sizeof z);
            z[p] = t->w[j][q];
            z[q] = t->w[j][p];
            if (ls_parallel(x, z, n) <= LS_UNIT) {
                lsv_text_printf(o, "components %d and %d swapped. Probable cause: x = k y was read as y = k x", p + 1, q + 1);
                return;
            }
        }
    int top = 0;
    for (int i = 1; i < n; i++)
        if (fabsl(t->w[j][i]) > fabsl(t->w[j][top])) top = i;
    long double f = x[top]->v / t->w[j][top], unit = powl(10, -d), err = 0;
    for (int i = 0; i < n; i++) err = fmaxl(err, fabsl(x[i]->v - f * t->w[j][i]));
    if (d > 0 && f != 0 && err <= 10 * unit) {
        lsv_text_printf(o, "close: off by %.2Lg units of digit %d. Probable cause: λ was rounded before the equation was solved", err / unit, d);
        return;
    }
    lsv_text_puts(o, "wrong: right, scaled like yours, is (");
    say_vector(o, t->w[j], n, 1, d);
    lsv_text_puts(o, ")");
    for (int i = 0; i < n; i++) { /* a fact: how far it is from solving the equations */
        long double r = -t->lambda[j] * x[i]->v;
        for (int k = 0; k < n; k++) r += t->G[i][k] * x[k]->v;
        z[i] = fabsl(r);
        if (i && z[i] > z[0]) z[0] = z[i];
    }
    lsv_text_printf(o, "; (%s)w - λw has an entry of size %.3Lg", t->gram, z[0]);
}

/* ---- U ---- */

/* One digit too many: with one of them left out the length would be 1. */
static void copied_digit(ls_case *c, const ls_entry *const *x, int n, long double length) {
    if (fabsl(length - 1) <= 5e-3L) return;
    for (int i = 0; i < n; i++) {
        const char *point = strchr(x[i]->text, '.');
        if (x[i]->d < 2 || !point) continue;
        for (const char *drop = point + 1; *drop; drop++) {
            char text[32];
            size_t before = (size_t)(drop - x[i]->text);
            memcpy(text, x[i]->text, before);
            strcpy(text + before, drop + 1);
            ls_answer one;
            if (ls_answer_parse(text, &one, NULL) != LSV_OK) continue;
            long double s = length * length - x[i]->v * x[i]->v + one.at[0].v * one.at[0].v, l = sqrtl(fmaxl(0, s));
            if (fabsl(l - 1) >= 1e-3L) continue;
            lsv_text_printf(c->out, "; with %s for %s in row %d the length would be %.4Lg: a copying slip?", text, x[i]->text, i + 1, l);
            return;
        }
    }
}

/* The learner's v_j as numbers, or the truth. */
static bool own_v(const ls_case *c, int j, long double v[LS_SIDE]) {
    const ls_answer *f = &c->mine->first;
    bool own = c->mine->has_first && f->rows == c->t->n && j < f->cols;
    for (int i = 0; i < c->t->n; i++) v[i] = own ? f->at[i * f->cols + j].v : c->t->v[j][i];
    return own;
}

static void check_u(ls_case *c, int j, const ls_entry *const *x, bool *first) {
    const ls_facts *t = c->t;
    int m = t->m, d = digits_of(x, m), sign, side = 1;
    long double v[LS_SIDE], dot = 0, z[LS_SIDE], unit = powl(10, -d);
    lsv_text *o = c->out;
    next(c, first);
    bool own = own_v(c, j, v);
    for (int i = 0; i < t->n; i++) dot += v[i] * t->v[j][i];
    if (own && dot < 0) side = -1;
    long double target[LS_SIDE]; /* A v / σ for the learner's own v of a repeated σ, else the truth's column */
    memcpy(target, t->u[j], sizeof target);
    bool turned = own && t->repeated[j];
    if (turned) {
        long double size = 0;
        for (int i = 0; i < t->n; i++) size += v[i] * v[i];
        size = sqrtl(size);
        for (int i = 0; i < m; i++) {
            target[i] = 0;
            for (int k = 0; k < t->n; k++) target[i] += t->A[i][k] * v[k] / size / t->sigma[j];
        }
        side = 1;
    }
    ls_level level = match_either(x, target, m, &sign);
    if (level == LS_WRONG && turned && d > 0) { /* both sides rounded */
        long double err = 0;
        for (int i = 0; i < m; i++) err = fmaxl(err, fabsl(x[i]->v - target[i]));
        if (err <= 2 * unit) {
            level = LS_UNIT;
            sign = 1;
        }
    }
    lsv_text_printf(o, "%s%d ", t->un, j + 1);
    bool free_sign = !own && (c->mine->has_first == false); /* no V typed: the sign is judged against mine, either is possible */
    if (level <= LS_UNIT && (sign == side || free_sign)) {
        worse(c, level);
        ls_say_level(o, level, d);
        if (sign != side) lsv_text_printf(o, " (opposite sign to mine: right if your %s%d is opposite too)", t->vn, j + 1);
        return;
    }
    worse(c, LS_WRONG);
    if (level <= LS_UNIT) {
        lsv_text_printf(o, "has the wrong sign FOR YOUR %s%d: its size is right, but %s%s%d/σ%d = -%s%d. Probable cause: %s was found on its own from %su = λu", t->vn, j + 1, t->An,
                        t->vn, j + 1, j + 1, t->un, j + 1, t->Un, t->other);
        return;
    }
    static const char *const causes[] = {"%sv, not yet divided by σ", "divided by λ instead of σ", "%s applied to the vector before it was normalised", "%s applied to the unnormalised vector, then divided by σ"};
    for (int k = 0; k < 4; k++) {
        for (int i = 0; i < m; i++) z[i] = k == 0 ? t->u[j][i] * t->sigma[j] : k == 1 ? t->u[j][i] / t->sigma[j] : k == 2 ? t->aw[j][i] : t->aw[j][i] / t->sigma[j];
        if (match_either(x, z, m, &sign) > LS_UNIT) continue;
        lsv_text_puts(o, "wrong. Probable cause: ");
        if (k == 1) lsv_text_puts(o, causes[1]);
        else lsv_text_printf(o, k == 0 ? "%sv, not yet divided by σ" : k == 2 ? "%s applied to the vector before it was normalised" : "%s applied to the unnormalised vector, then divided by σ", t->An);
        return;
    }
    for (int k = 0; k < t->r; k++)
        if (k != j && match_either(x, t->u[k], m, &sign) <= LS_UNIT) {
            lsv_text_printf(o, "wrong: it is %s%d: columns swapped", t->un, k + 1);
            return;
        }
    long double length = length_of(x, m), rmax = 0, err = 0;
    if (own && d > 0) { /* does it follow from the learner's own v? */
        for (int i = 0; i < m; i++) {
            z[i] = 0;
            for (int k = 0; k < t->n; k++) z[i] += t->A[i][k] * v[k] / t->sigma[j];
        }
        if (match(x, z, m, 1) <= LS_UNIT) {
            lsv_text_printf(o, "wrong, but it follows from your %s%d", t->vn, j + 1);
            return;
        }
    }
    for (int i = 0; i < m; i++) {
        long double r = -t->lambda[j] * x[i]->v;
        for (int k = 0; k < m; k++) r += t->H[i][k] * x[k]->v;
        rmax = fmaxl(rmax, fabsl(r));
        err = fmaxl(err, fabsl(x[i]->v - side * target[i]));
    }
    if (ls_parallel(x, t->u[j], m) <= LS_UNIT) {
        lsv_text_printf(o, "right direction, length %.5Lg instead of 1: not normalised", length);
        return;
    }
    if (d > 0 && err <= 10 * unit && err < 0.2L) {
        lsv_text_printf(o, "close: off by up to %.2Lg units of digit %d (right ", err / unit, d);
        say_vector(o, target, m, side, d);
        lsv_text_puts(o, "). Probable cause: rounded too early");
        return;
    }
    int q;
    if (sign_of_one(x, target, m, &q)) {
        lsv_text_printf(o, "wrong sign of component %d (right ", q + 1);
        say_vector(o, target, m, side, d < 4 ? d < 3 ? 3 : d : 3);
        lsv_text_printf(o, "). Probable cause: a sign in the product %s%s", t->An, t->vn);
        return;
    }
    lsv_text_puts(o, "wrong (right ");
    say_vector(o, target, m, side, d >= 4 || d < 3 ? 3 : d);
    if (rmax > 10 * unit * fmaxl(1, t->lambda[0]))
        lsv_text_printf(o, "): not an eigenvector of %s (%su - λu has an entry of size %.3Lg)", t->other, t->other, rmax);
    else lsv_text_puts(o, ")");
    if (fabsl(length - 1) > 3 * unit * m) lsv_text_printf(o, "; length %.4Lg, not 1", length);
    copied_digit(c, x, m, length);
}

/* A completed column: unit, and Aᵀx = 0. */
static void check_completed(ls_case *c, int j, const ls_entry *const *x, bool *first) {
    const ls_facts *t = c->t;
    int m = t->m, d = digits_of(x, m);
    bool exact = true;
    for (int i = 0; i < m; i++) exact &= x[i]->d < 0;
    long double h = exact ? 1e-12L : 0.5L * powl(10, -d), length = length_of(x, m), worst = 0, size = 0;
    next(c, first);
    for (int k = 0; k < t->n; k++) {
        long double r = 0, s = 0;
        for (int i = 0; i < m; i++) {
            r += t->A[i][k] * x[i]->v;
            s += fabsl(t->A[i][k]);
        }
        worst = fmaxl(worst, fabsl(r));
        size = fmaxl(size, s);
    }
    bool unit = fabsl(length - 1) <= 2 * h * m, orthogonal = worst <= 2 * h * size + 1e-12L;
    worse(c, unit && orthogonal ? exact ? LS_EXACT : LS_ROUNDED : LS_WRONG);
    lsv_text_printf(c->out, "%s%d ", t->un, j + 1);
    if (unit && orthogonal) ls_say_level(c->out, exact ? LS_EXACT : LS_ROUNDED, d);
    else if (orthogonal) lsv_text_printf(c->out, "right direction, length %.5Lg instead of 1: not normalised", length);
    else {
        lsv_text_printf(c->out, "wrong: it must be orthogonal to the columns of %s%s, but a product is %.3Lg", t->wide ? "Wᵀ" : "W", j - t->r + 1 == 1 && t->m - t->r == 1 ? "" : " and to the others", worst);
        if (!unit) lsv_text_printf(c->out, "; length %.4Lg, not 1", length);
    }
}

void ls_check_second(ls_case *c, int only) {
    const ls_facts *t = c->t;
    const ls_answer *a = c->a;
    const ls_entry *x[LS_SIDE];
    bool first = true;
    lsv_text_printf(c->out, "%s: ", t->Un);
    bool sized = a->rows == t->m && (only >= 0 ? a->cols == 1 : a->cols == t->m || (a->cols <= t->n && a->cols >= t->r) || (t->r == 0 && a->cols <= t->m));
    if (!sized) {
        lsv_text_printf(c->out, "wrong size: %d×%d, should be %d×%d", a->rows, a->cols, t->m, only >= 0 ? 1 : t->m);
        return;
    }
    c->level = LS_EXACT;
    for (int k = 0; k < a->cols; k++) {
        int j = only >= 0 ? only : k;
        column(a, k, x);
        if (j < t->r) check_u(c, j, x, &first);
        else check_completed(c, j, x, &first);
    }
    if (only >= 0) {
        keep_column(&c->mine->second, &c->mine->has_second, a, only);
        return;
    }
    check_right_angles(c, a, t->un);
    if (a->cols < t->m) lsv_text_printf(c->out, "; %s has %d columns: fine with the thin Σ (%d×%d), but with a %d×%d Σ it must be %d×%d", t->Un, a->cols, a->cols, a->cols, t->rows, t->cols, t->m, t->m);
    c->mine->second = *a;
    c->mine->has_second = true;
}
