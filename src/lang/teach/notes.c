/* Worked notes, Markdown with LaTeX, judged line by line.

   Only a little LaTeX is read: matrices (bmatrix, vmatrix, matrix), \frac, \sqrt, \times, Greek names and
   scripts. What a matrix is meant to be follows from what stands before it (W^T W =, V =, \sigma_1 …),
   from its shape, and from what kind of entries it has. What cannot be placed is passed over in
   silence: the notes may hold anything. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "lang/teach/lesson.h"

enum { MOST_MATRICES = 4, CELL = 96 };

typedef struct note_matrix {
    int rows, cols, filled;
    bool lambda, products, sums, numeric, letters, plain; /* what its cells hold */
    char cell[36][CELL];
    long double value[36];
    int decimals[36];
    char before[160];              /* the text in front of it on its line, simplified */
} note_matrix;

typedef struct notes {
    ls_interp *in;
    lsv_text *out;
    ls_walk *w;
    int line, checked, slips;
    char expect[12];               /* the key a bare matrix answers: what the last heading asked for */
    int term;                      /* rank-1 terms seen */
    bool got_second_vector, term_product;
    long double shift[4];          /* the last G - λI, evaluated: 2x2 */
    bool has_shift;
    note_matrix m[MOST_MATRICES];
    int n;
} notes;

/* ---- saying ---- */

static void verdict(notes *k, bool wrong, const char *text) {
    k->checked++;
    k->slips += wrong;
    lsv_text_printf(k->out, "line %3d  %s %s\n", k->line, wrong ? "✗" : "✓", text);
}

static bool check_key(notes *k, const char *key, const char *answer, ls_level *level) {
    lsv_error err = {.status = LSV_OK};
    lsv_text t = {0};
    ls_answer *a = lsv_malloc(sizeof *a);
    if (!a) return ls_no_memory(k->in);
    ls_level l = LS_WRONG;
    lsv_status status = ls_answer_parse(answer, a, &err);
    if (status == LSV_OK) status = ls_check_answer(k->w, key, a, &t, &l, &err);
    lsv_free(a);
    /* more than half a unit off in the last digit is a slip of rounding */
    if (status == LSV_OK) verdict(k, l > LS_ROUNDED || strstr(t.data ? t.data : "", "wrong order"), t.data ? t.data : "");
    lsv_text_free(&t);
    if (level) *level = l;
    return status != LSV_ENOMEM || ls_no_memory(k->in);
}

/* ---- a little LaTeX ---- */

/* from..to without braces' TeX meaning, as an expression of checker's kind; n bytes of room. */
static void simplify(const char *s, const char *end, char *out, size_t n) {
    static const struct { const char *from, *to; } names[] = {
        {"\\times", "*"}, {"\\cdot", "*"}, {"\\lambda", "λ"}, {"\\sigma", "σ"}, {"\\Sigma", "Σ"}, {"\\omega", "W"}, {"\\pm", "±"}, {"\\left", ""}, {"\\right", ""},
        {"\\quad", " "}, {"\\,", ""}, {"\\;", ""}, {"\\det", "det"}, {"\\|", "|"}, {"\\text", ""}, {"\\mathbb", ""}, {"\\approx", "="}, {"^{T}", "^T"}, {"^\\top", "^T"}, {"$", ""}, {"&", " "}};
    size_t used = 0;
    int close[32], depth = 0; /* what a brace closes with: 0 nothing, else a character */
    bool fraction[32] = {false};
    while (s < end && used + 8 < n) {
        bool done = false;
        for (size_t i = 0; !done && i < sizeof names / sizeof *names; i++) {
            size_t k = strlen(names[i].from);
            if ((size_t)(end - s) < k || memcmp(s, names[i].from, k) != 0) continue;
            size_t m = strlen(names[i].to);
            memcpy(out + used, names[i].to, m);
            used += m;
            s += k;
            done = true;
        }
        if (done) continue;
        bool root = end - s > 6 && memcmp(s, "\\sqrt{", 6) == 0, frac = end - s > 6 && memcmp(s, "\\frac{", 6) == 0;
        if ((root || frac) && depth < 32) {
            if (root) {
                memcpy(out + used, "√", 3);
                used += 3;
            }
            out[used++] = '(';
            close[depth] = ')';
            fraction[depth++] = frac;
            s += 6;
        } else if (*s == '{' && depth < 32) {
            close[depth] = 0;
            fraction[depth++] = false;
            s++;
        } else if (*s == '}' && depth > 0) {
            depth--;
            if (close[depth]) out[used++] = (char)close[depth];
            bool frac_here = fraction[depth];
            s++;
            if (frac_here && s < end && *s == '{') { /* the denominator */
                out[used++] = '/';
                out[used++] = '(';
                close[depth] = ')';
                fraction[depth++] = false;
                s++;
            }
        } else if (*s == '\\') {
            s++;
        } else {
            out[used++] = *s++;
        }
    }
    out[used] = 0;
}

static void trim(char *s) {
    size_t n = strlen(s), skip = strspn(s, " \t");
    while (n > skip && strchr(" \t", s[n - 1])) n--;
    s[n] = 0;
    memmove(s, s + skip, n - skip + 1);
}

/* Spaces between "-" and what it belongs to, and around "*", mean nothing here. */
static void tighten(char *s) {
    char *to = s;
    for (const char *p = s; *p; p++)
        if (*p != ' ') *to++ = *p;
    *to = 0;
}

static void read_cell(note_matrix *m, const char *from, const char *to) {
    if (m->filled == 36) return;
    int i = m->filled++;
    char *cell = m->cell[i];
    simplify(from, to, cell, CELL);
    tighten(cell);
    m->lambda |= strstr(cell, "λ") != NULL;
    m->products |= strchr(cell, '*') != NULL;
    for (const char *p = cell + 1; *cell && *p; p++) m->sums |= (*p == '-' || *p == '+') && isdigit((unsigned char)p[-1]);
    for (const char *p = cell; *p; p++) m->letters |= isalpha((unsigned char)*p) != 0;
    if (!ls_expression(cell, strlen(cell), 0, &m->value[i], &m->decimals[i])) m->numeric = false;
}

/* The matrices of a line, with what stands before each. */
static void read_matrices(notes *k, const char *s, const char *end) {
    k->n = 0;
    const char *from = s;
    while (k->n < MOST_MATRICES) {
        const char *begin = NULL, *stop = NULL;
        for (const char *p = s; p + 7 < end && !begin; p++)
            if (memcmp(p, "\\begin{", 7) == 0) begin = p;
        if (!begin) break;
        const char *cells = memchr(begin, '}', (size_t)(end - begin));
        for (const char *p = begin; p + 5 <= end && !stop; p++)
            if (memcmp(p, "\\end{", 5) == 0) stop = p;
        if (!cells || !stop || cells > stop) break;
        note_matrix *m = &k->m[k->n++];
        *m = (note_matrix){.numeric = true, .plain = begin[7] == 'm'};
        simplify(from, begin, m->before, sizeof m->before);
        trim(m->before);
        int in_row = 0;
        const char *start = cells + 1;
        for (const char *p = start; p <= stop; p++) {
            bool row = p == stop || (*p == '\\' && p[1] == '\\');
            if (!row && *p != '&') continue;
            read_cell(m, start, p);
            in_row++;
            if (row) {
                m->rows++;
                m->cols = in_row;
                in_row = 0;
                if (p < stop) p++;
            }
            start = p + 1;
        }
        if (m->rows * m->cols != m->filled) m->numeric = false;
        s = memchr(stop, '}', (size_t)(end - stop));
        s = s ? s + 1 : end;
        from = s;
    }
}

static void answer_of(const note_matrix *m, char *out, size_t n) {
    size_t used = 0;
    for (int i = 0; i < m->rows * m->cols && used + CELL + 4 < n; i++)
        used += (size_t)snprintf(out + used, n - used, "%s%s", i == 0 ? "" : i % m->cols ? ", " : "; ", m->cell[i]);
}

static bool check_matrix(notes *k, const note_matrix *m, const char *key, ls_level *level) {
    char text[36 * CELL];
    answer_of(m, text, sizeof text);
    return check_key(k, key, text, level);
}

/* ---- what a matrix is ---- */

static bool equals(const note_matrix *m, const lsv_qmatrix *a, bool turned) {
    if (!m->numeric || m->rows != (turned ? a->cols : a->rows) || m->cols != (turned ? a->rows : a->cols)) return false;
    for (int i = 0; i < m->rows; i++)
        for (int j = 0; j < m->cols; j++)
            if (fabsl(m->value[i * m->cols + j] - (long double)mpq_get_d(turned ? lsv_qm(a, j, i) : lsv_qm(a, i, j))) > 1e-9L) return false;
    return true;
}

static bool diagonal(const note_matrix *m) {
    int on = 0;
    for (int i = 0; i < m->rows; i++)
        for (int j = 0; j < m->cols; j++) {
            if (i == j) on += m->value[i * m->cols + j] != 0;
            else if (m->value[i * m->cols + j] != 0) return false;
        }
    return on > 1;
}

static bool ends_with(const char *s, const char *end) {
    size_t n = strlen(s), e = strlen(end);
    return n >= e && strcmp(s + n - e, end) == 0;
}

/* The name on the left of the last "=": V, U, Σ. */
static char heading(const char *before) {
    char name[160];
    snprintf(name, sizeof name, "%s", before);
    tighten(name);
    size_t n = strlen(name);
    if (n && name[n - 1] == '=') name[n - 1] = 0;
    if (ends_with(name, "Σ")) return 'S';
    n = strlen(name);
    if (n && (name[n - 1] == 'V' || name[n - 1] == 'U') && (n == 1 || !isalpha((unsigned char)name[n - 2]))) return name[n - 1];
    return 0;
}

/* A column vector: of v, of w or of u, and which. Judged against the eigenvector it is nearest to. */
static bool check_column(notes *k, const note_matrix *m) {
    const lsv_exact_svd *s = k->w->own;
    if (m->rows != s->n || s->wide) return true;
    long double length = 0, best = -1;
    int which = 0;
    for (int i = 0; i < m->rows; i++) length += m->value[i] * m->value[i];
    length = sqrtl(length);
    for (int j = 0; j < s->n; j++) {
        long double dot = 0;
        for (int i = 0; i < m->rows; i++) dot += m->value[i] * (long double)k->w->V[i * k->w->n + j];
        if (fabsl(dot) > best) {
            best = fabsl(dot);
            which = j;
        }
    }
    char key[4] = {fabsl(length - 1) < 0.02L ? 'v' : 'w', (char)('1' + which), 0};
    return check_matrix(k, m, key, NULL);
}

/* G - λ_j I with numbers: "25 - 42.14". The shift is kept for the equations below it. */
static void check_shift(notes *k, const note_matrix *m) {
    const lsv_exact_svd *s = k->w->own;
    if (s->n != 2 || m->rows != 2 || m->cols != 2) return;
    for (int i = 0; i < 4; i++) k->shift[i] = m->value[i];
    k->has_shift = true;
}

static void compare_shift(notes *k, const note_matrix *m) {
    char text[400];
    size_t used = 0;
    bool wrong = false;
    for (int i = 0; i < 4; i++) {
        if (fabsl(m->value[i] - k->shift[i]) < 1e-6L) continue;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s(%d,%d) you %s, right %.2Lf", wrong ? ", " : "", i / 2 + 1, i % 2 + 1, m->cell[i], k->shift[i]);
        wrong = true;
    }
    char line[520];
    snprintf(line, sizeof line, wrong ? "G - λI: wrong: %s. Probable cause: a sign in the subtraction on the left" : "G - λI: it follows from the left side%s", wrong ? text : "");
    verdict(k, wrong, line);
}

/* A factor copied into the product: does it still say what U or V said? */
static void compare_copy(notes *k, const note_matrix *m, bool second, int j) {
    ls_learner *l = k->w->mine;
    if (!l || !(second ? l->has_second : l->has_first)) return;
    ls_answer *from = second ? &l->second : &l->first;
    if (from->rows != m->rows * m->cols || j >= from->cols) return;
    for (int i = 0; i < from->rows; i++) {
        ls_entry *e = &from->at[i * from->cols + j];
        if (fabsl(e->v - m->value[i]) < 1e-9L) continue;
        char line[160];
        snprintf(line, sizeof line, "factor: copied differently: %s%d has %s in row %d, here it is %s", second ? "u" : "v", j + 1, e->text, i + 1, m->cell[i]);
        verdict(k, true, line);
        e->v = m->value[i]; /* what the product below is judged by */
    }
}

/* λI of the wrong size in front of "- G". */
static bool only_lambda(const note_matrix *m) {
    for (int i = 0; i < m->rows * m->cols; i++)
        if (strcmp(m->cell[i], i % (m->cols + 1) ? "0" : "λ") != 0) return false;
    return m->rows == m->cols;
}

static bool place(notes *k, int i) {
    const lsv_exact_svd *s = k->w->own;
    note_matrix *m = &k->m[i];
    const lsv_qmatrix *gram = s->wide ? &s->other : &s->gram; /* WᵀW */
    int n = s->W.cols, rows = s->W.rows;
    bool square = m->rows == m->cols;
    if (m->plain) { /* sizes in a row: (m×n)(n×m) */
        return true;
    }
    if (m->lambda) {
        if (only_lambda(m)) {
            if (i + 1 < k->n && strchr(k->m[i + 1].before, '-') && k->m[i + 1].rows != m->rows) {
                char line[120];
                snprintf(line, sizeof line, "λI - WᵀW: λI is %d×%d when WᵀW is %d×%d", m->rows, m->cols, n, n);
                verdict(k, true, line);
            }
            return true;
        }
        if (square && m->rows == s->n) return check_matrix(k, m, "charmat", NULL);
        return square && m->rows == s->m ? check_matrix(k, m, "charmat2", NULL) : true;
    }
    if (!m->numeric) return true;
    if (equals(m, &s->W, false) || equals(m, &s->W, true)) return true;
    if (i > 0 && k->m[i - 1].lambda && strchr(m->before, '-') && square && m->rows == n) return check_matrix(k, m, "WtW", NULL);
    if (m->products) {
        if (square && m->rows == n && !m->letters && strcmp(k->expect, "WWt") != 0 && m->decimals[0] < 0) return check_matrix(k, m, "WtW", NULL);
        if (square && m->rows == rows && m->decimals[0] < 0) return check_matrix(k, m, "WWt", NULL);
        k->term_product |= m->rows == rows && m->cols == n;
        return true;
    }
    if (m->sums && square && m->rows == s->n) {
        check_shift(k, m);
        return true;
    }
    if (i > 0 && k->m[i - 1].sums && square && m->rows == 2 && k->has_shift) {
        compare_shift(k, m);
        return true;
    }
    char name = heading(m->before);
    if (name == 'V' || name == 'U') return check_matrix(k, m, name == 'V' ? "V" : "U", NULL);
    if (m->rows == rows && m->cols == n && diagonal(m)) return check_matrix(k, m, "S", NULL);
    if (*k->expect && square && m->decimals[0] < 0) {
        char key[12];
        snprintf(key, sizeof key, "%s", k->expect);
        if (strcmp(key, "WtW") == 0 && m->rows == rows && rows != n) snprintf(key, sizeof key, "WWt");
        *k->expect = 0;
        return check_matrix(k, m, key, NULL);
    }
    if (m->rows == rows && m->cols == n && k->term_product && k->term < s->rank) {
        char key[24];
        snprintf(key, sizeof key, "term%d", ++k->term);
        k->term_product = false;
        return check_matrix(k, m, key, NULL);
    }
    if (m->cols == 1 && m->rows == rows && rows != n && i + 1 < k->n) { /* σ u vᵀ written out: were the factors copied right? */
        compare_copy(k, m, true, k->term);
        if (k->m[i + 1].rows == 1) compare_copy(k, &k->m[i + 1], false, k->term);
        return true;
    }
    if (m->cols == 1 && m->rows == n && !(i + 1 < k->n && k->m[i + 1].rows == 1)) return check_column(k, m);
    (void)gram;
    return true;
}

/* Two m×n matrices with + between them: the final sum. */
static bool check_total(notes *k) {
    const lsv_qmatrix *W = &k->w->own->W;
    if (k->n < 2 || k->w->own->rank < 2) return true;
    char text[36 * 32];
    size_t used = 0;
    for (int i = 0; i < k->n; i++)
        if (!k->m[i].numeric || k->m[i].rows != W->rows || k->m[i].cols != W->cols || (i && strchr(k->m[i].before, '+') == NULL)) return true;
    for (int c = 0; c < W->rows * W->cols; c++) {
        long double sum = 0;
        for (int i = 0; i < k->n; i++) sum += k->m[i].value[c];
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%.*Lf", c == 0 ? "" : c % W->cols ? ", " : "; ", k->m[0].decimals[c] > 0 ? k->m[0].decimals[c] : 2, sum);
    }
    return check_key(k, "sum", text, NULL);
}

/* ---- lines without a matrix ---- */

/* A polynomial in λ by its values at whole numbers (divided differences), n = its degree. */
static bool coefficients(const char *s, size_t length, int n, long double c[LSV_EXACT_MAX + 1]) {
    long double y[LSV_EXACT_MAX + 1], extra;
    for (int i = 0; i <= n; i++)
        if (!ls_expression(s, length, i, &y[i], NULL)) return false;
    if (!ls_expression(s, length, n + 1, &extra, NULL)) return false;
    for (int order = 1; order <= n; order++)
        for (int i = n; i >= order; i--) y[i] = (y[i] - y[i - 1]) / order;
    for (int i = 0; i <= n; i++) c[i] = 0; /* Newton's form multiplied out, highest first */
    c[n] = y[n];
    for (int i = n - 1; i >= 0; i--) { /* c := c (λ - i) + y_i */
        for (int j = 0; j < n; j++) c[j] = c[j + 1] - i * c[j];
        c[n] = y[i] - i * c[n];
    }
    long double check = 0;
    for (int i = 0; i <= n; i++) check = check * (n + 1) + c[i];
    return fabsl(check - extra) < 1e-6L * fmaxl(1, fabsl(extra));
}

static bool check_polynomial(notes *k, char *s) {
    int n = k->w->own->n;
    long double c[LSV_EXACT_MAX + 1];
    tighten(s);
    char *equals_ = strrchr(s, '=');
    if (equals_) s = equals_ + 1;
    if (!coefficients(s, strlen(s), n, c) || fabsl(c[0]) < 0.5L) return true;
    char text[320];
    size_t used = 0;
    for (int i = 0; i <= n; i++) used += (size_t)snprintf(text + used, sizeof text - used, "%s%.0Lf", i ? ", " : "", c[i]);
    return check_key(k, "chi", text, NULL);
}

/* "= 42.14, 11.86" at the end of a line: eigenvalues. */
static bool check_list(notes *k, const char *s) {
    const char *equals_ = strrchr(s, '=');
    if (!equals_) return true;
    ls_answer *a = lsv_malloc(sizeof *a);
    if (!a) return ls_no_memory(k->in);
    bool list = strchr(equals_, ',') && ls_answer_parse(equals_ + 1, a, NULL) == LSV_OK && a->rows == 1;
    int n = list ? a->cols : 0;
    lsv_free(a);
    if (!list || strchr(equals_, '(')) return true;
    if (n == k->w->own->n) return check_key(k, "lambda", equals_ + 1, NULL);
    return n == k->w->own->m ? check_key(k, "lambda2", equals_ + 1, NULL) : true;
}

/* "σ_1 = √(42.14) = 6.49, σ_2 = … = 3.44" */
static bool check_sigmas(notes *k, const char *s) {
    char text[200];
    size_t used = 0;
    int count = 0;
    for (const char *p = s; (p = strstr(p, "σ_")) != NULL;) {
        const char *next = strstr(p + 2, "σ_"), *end = next ? next : p + strlen(p), *value = NULL;
        for (const char *q = p; q < end; q++)
            if (*q == '=') value = q + 1;
        if (!value) return true;
        while (end > value && strchr(" ,.", end[-1])) end--;
        long double x;
        while (value < end && *value == ' ') value++;
        if (!ls_expression(value, (size_t)(end - value), 0, &x, NULL) || used + 40 > sizeof text) return true;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%.*s", count++ ? ", " : "", (int)(end - value), value);
        p = next ? next : end;
    }
    return count == k->w->own->n || count == k->w->own->rank ? check_key(k, "sigma", text, NULL) : true;
}

/* "-17.14 V_11 + 15 V_12 = 0 --- (1)": the row of G - λI it should be. */
static void check_equation(notes *k, char *s) {
    char *first = strstr(s, "V_11"), *second = strstr(s, "V_12"), *zero = strstr(s, "=0"), *number = strrchr(s, '(');
    if (!first || !second || !zero || second < first || !k->has_shift) return;
    long double a, b;
    char coefficient[40];
    if (first == s) a = 1;
    else if (!ls_expression(s, (size_t)(first - s), 0, &a, NULL)) return;
    const char *from = first + 4;
    if (*from == '+') from++;
    if (!ls_expression(from, (size_t)(second - from), 0, &b, NULL)) return;
    int row = number && number[1] == '2' ? 1 : 0;
    const long double *r = &k->shift[2 * row];
    long double scale = fmaxl(fabsl(r[0]), fabsl(r[1])) * fmaxl(fabsl(a), fabsl(b));
    bool parallel = fabsl(a * r[1] - b * r[0]) < 1e-3L * scale;
    char line[240];
    snprintf(coefficient, sizeof coefficient, "%.2Lf x %c %.0Lf y = 0", r[0], r[1] < 0 ? '-' : '+', fabsl(r[1]));
    if (parallel) snprintf(line, sizeof line, "equation (%d): right", row + 1);
    else snprintf(line, sizeof line, "equation (%d): wrong: row %d of G - λI gives %s. Probable cause: %s", row + 1, row + 1, coefficient,
                  fabsl(a + r[0]) < 1e-6L || fabsl(b + r[1]) < 1e-6L ? "a sign" : "a coefficient");
    verdict(k, !parallel, line);
}

/* "‖V_1‖ = √((-0.875)^2 + 1^2) = 1.33" and the like: do both sides have the same value? */
static void check_chain(notes *k, char *s) {
    long double before = 0;
    int places;
    bool has = false;
    tighten(s);
    for (char *p = s, *next; p; p = next) {
        next = strchr(p, '=');
        size_t n = next ? (size_t)(next - p) : strlen(p);
        long double x;
        bool value = n > 0 && ls_expression(p, n, 0, &x, &places) && !memchr(p, ',', n);
        bool number = value && strspn(p, "-+.0123456789") >= n;
        if (value && has && number && places >= 0) {
            long double unit = powl(10, -places);
            bool right = fabsl(x - before) <= unit / 2 + 1e-12L, close = fabsl(x - before) <= 1.5L * unit;
            char line[160];
            snprintf(line, sizeof line, right ? "%.*s: right at %d digits" : close ? "%.*s: right up to one unit in digit %d" : "%.*s: wrong", (int)n, p, places);
            if (!right) snprintf(line + strlen(line), sizeof line - strlen(line), " (right %.*Lf)", places + 1, before);
            verdict(k, !right && !close, line);
        }
        has = value && !number;
        before = value ? x : 0;
        if (next) next++;
    }
}

/* Names that are written wrong: det(AI - …), UΣYᵀ. */
static void check_names(notes *k, const char *s) {
    const char *I = strstr(s, "det(");
    char line[120];
    if (I && I[4] != '(' && strncmp(I + 4, "λI", strlen("λI")) != 0 && isupper((unsigned char)I[4]) && I[5] == 'I') {
        snprintf(line, sizeof line, "notation: det(%cI - …) should be det(λI - …) = 0", I[4]);
        verdict(k, true, line);
    }
    const char *sigma = strstr(s, "UΣ");
    if (sigma) {
        const char *last = sigma + strlen("UΣ");
        if (isupper((unsigned char)*last) && *last != 'V' && strncmp(last + 1, "^T", 2) == 0) {
            snprintf(line, sizeof line, "notation: UΣ%cᵀ should be UΣVᵀ", *last);
            verdict(k, true, line);
        }
    }
}

static bool plain_line(notes *k, const char *from, const char *end) {
    char s[480], tight[480];
    simplify(from, end, s, sizeof s);
    trim(s);
    snprintf(tight, sizeof tight, "%s", s);
    tighten(tight);
    check_names(k, tight);
    if (strstr(s, "σ_")) return check_sigmas(k, s);
    if (strstr(s, "λ^2") || strstr(s, "λ²") || strstr(tight, "(λ-")) return check_polynomial(k, s);
    if (strstr(tight, "V_1")) {
        check_equation(k, tight);
        return true;
    }
    if (strchr(s, ',')) {
        int checked = k->checked;
        if (!check_list(k, s)) return false;
        if (k->checked != checked) return true;
    }
    if (strchr(tight, '.')) check_chain(k, s);
    return true;
}

/* ---- the whole ---- */

static bool begin(notes *k) {
    lsv_pool pool = {0};
    lsv_error err = {.status = LSV_OK};
    lsv_qmatrix W;
    char text[36 * CELL];
    ls_walk_options o = {.full = -1, .exact = 1};
    answer_of(&k->m[0], text, sizeof text);
    bool ok = ls_matrix_text(text, strlen(text), &pool, &W, &err) == LSV_OK && ls_walk_new(&W, &o, &k->w, &err) == LSV_OK;
    lsv_pool_free(&pool);
    if (ok) lsv_text_printf(k->out, "line %3d    W is %d×%d: [%s]\n", k->line, k->w->m, k->w->n, text);
    return ok || ls_raise_lsv(k->in, &err);
}

static bool one_line(notes *k, const char *from, const char *end) {
    if (!k->w) {
        read_matrices(k, from, end);
        return k->n == 0 || !k->m[0].numeric || begin(k);
    }
    read_matrices(k, from, end);
    if (k->n == 0) return plain_line(k, from, end);
    char before[160];
    snprintf(before, sizeof before, "%s", k->m[0].before);
    tighten(before);
    if (strstr(before, "W^TW")) snprintf(k->expect, sizeof k->expect, "WtW");
    if (strstr(before, "WW^T")) snprintf(k->expect, sizeof k->expect, "WWt");
    check_names(k, before);
    for (int i = 0; i < k->n; i++)
        if (!place(k, i)) return false;
    return check_total(k);
}

bool ls_check_notes_text(ls_interp *in, const char *text, size_t n, lsv_text *t, int *slips) {
    notes *k = lsv_calloc(1, sizeof *k);
    if (!k) return ls_no_memory(in);
    k->in = in;
    k->out = t;
    bool ok = true;
    for (const char *s = text, *stop = text + n; ok && s < stop;) {
        const char *end = memchr(s, '\n', (size_t)(stop - s));
        if (!end) end = stop;
        k->line++;
        ok = one_line(k, s, end);
        s = end + 1;
    }
    if (ok && !k->w) ok = ls_raise(in, "ValueError", "no matrix found: worked notes begin with W as \\begin{bmatrix} … \\end{bmatrix}");
    if (ok) lsv_text_printf(t, "%d values judged, %d with a slip\n", k->checked, k->slips);
    *slips = k->slips;
    ls_walk_free(k->w);
    lsv_free(k);
    return ok && (!t->failed || ls_no_memory(in));
}
