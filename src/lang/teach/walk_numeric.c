/* The numeric walk: the same steps with values from LAPACK, each check with its residual. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "lang/teach/walk.h"
#include "linalg/linalg.h"

enum { SHOWN = 8 };

/* The top left corner of a, at most SHOWN by SHOWN. */
static void corner(ls_walk *w, const char *name, const double *a, int rows, int cols) {
    int r = rows < SHOWN ? rows : SHOWN, c = cols < SHOWN - 1 ? cols : SHOWN - 1;
    ls_cells m = ls_cells_new(w, r, c);
    for (int i = 0; i < m.rows; i++)
        for (int j = 0; j < m.cols; j++) m.at[i * c + j] = fabs(a[i * cols + j]) >= 1e6 || (a[i * cols + j] != 0 && fabs(a[i * cols + j]) < 1e-4) ? ls_fmt(w, "%.2e", a[i * cols + j]) : ls_number(w, a[i * cols + j]);
    ls_line *l = ls_say(w, NULL, "%s ≈ ", name);
    ls_put_cells(w, l, m);
    if (r < rows || c < cols) ls_put(w, l, "  (the first %d×%d of %d×%d)", r, c, rows, cols);
}

static const char *list(ls_walk *w, const double *x, int n, double power) {
    const char *s = "";
    for (int i = 0; i < n && i < 12; i++) s = ls_fmt(w, "%s%s%.6g", s, i ? ", " : "", power == 2 ? x[i] * x[i] : x[i]);
    return n > 12 ? ls_fmt(w, "%s, … (%d in all)", s, n) : s;
}

/* The largest entry of |QᵀQ - I|. */
static double not_orthogonal(const double *q, int n) {
    double worst = 0;
    for (int a = 0; a < n; a++)
        for (int b = a; b < n; b++) {
            double dot = 0;
            for (int i = 0; i < n; i++) dot += q[i * n + a] * q[i * n + b];
            worst = fmax(worst, fabs(dot - (a == b)));
        }
    return worst;
}

static lsv_status factors(ls_walk *w, lsv_error *err) {
    ptrdiff_t shape[2] = {w->m, w->n};
    lsv_array *a, *U, *S, *Vh;
    LSV_TRY(lsv_empty(LSV_NUMPY, LSV_FLOAT64, 2, shape, &a, err));
    memcpy(a->data, w->numbers, (size_t)(w->m * w->n) * sizeof(double));
    lsv_status status = lsv_svd(a, true, LSV_SVD_AUTO, &U, &S, &Vh, err);
    lsv_release(a);
    if (status != LSV_OK) return status;
    lsv_array *vt, *parts[3] = {NULL, NULL, NULL};
    status = lsv_transpose(Vh, NULL, &vt, err);
    if (status == LSV_OK) {
        lsv_array *const from[3] = {U, S, vt};
        double *const to[3] = {w->U, w->S, w->V};
        for (int i = 0; status == LSV_OK && i < 3; i++) {
            status = lsv_contiguous(from[i], &parts[i], err);
            if (status == LSV_OK) memcpy(to[i], parts[i]->data, (size_t)parts[i]->size * sizeof(double));
        }
        for (int i = 0; i < 3; i++)
            if (parts[i]) lsv_release(parts[i]);
        lsv_release(vt);
    }
    lsv_release(U);
    lsv_release(S);
    lsv_release(Vh);
    if (status != LSV_OK) return status;
    int k = w->m < w->n ? w->m : w->n, large = w->m > w->n ? w->m : w->n;
    double tol = w->S[0] * large * 2.220446049250313e-16;
    for (int j = 0; j < k; j++) w->rank += w->S[j] > tol;
    /* the sign convention of the exact walk: the last entry that counts is positive */
    bool wide = w->m < w->n;
    double *first = wide ? w->U : w->V, *second = wide ? w->V : w->U;
    int n = wide ? w->m : w->n, m = wide ? w->n : w->m;
    for (int j = 0; j < n; j++) {
        int i = n - 1;
        while (i > 0 && fabs(first[i * n + j]) < 1e-12) i--;
        if (first[i * n + j] >= 0) continue;
        for (int r = 0; r < n; r++) first[r * n + j] = -first[r * n + j];
        for (int r = 0; r < m; r++) second[r * m + j] = -second[r * m + j];
    }
    return LSV_OK;
}

lsv_status ls_walk_numeric(ls_walk *w, lsv_error *err) {
    LSV_TRY(factors(w, err));
    int m = w->m, n = w->n, k = m < n ? m : n;
    const char *gram = m < n ? "WWᵀ" : "WᵀW", *V = m < n ? "U" : "V", *U = m < n ? "V" : "U", *v = m < n ? "u" : "v", *u = m < n ? "v" : "u";
    double *g = lsv_pool_bytes(&w->pool, (size_t)(k * k) * sizeof(double)), trace = 0, squares = 0, residual = 0;
    if (!g) return lsv_no_memory(err, 0);
    for (int i = 0; i < k; i++)
        for (int j = 0; j < k; j++)
            for (int r = 0; r < (m < n ? n : m); r++)
                g[i * k + j] += m < n ? w->numbers[i * n + r] * w->numbers[j * n + r] : w->numbers[r * n + i] * w->numbers[r * n + j];
    for (int i = 0; i < k; i++) trace += g[i * k + i];
    for (int i = 0; i < k; i++) squares += w->S[i] * w->S[i];
    ls_step_add(w, gram, "WtW", NULL, ls_why[WHY_GRAM]);
    ls_say(w, "Rule", "entry (i,j) of %s = (%s i of W) · (%s j of W)", gram, m < n ? "row" : "column", m < n ? "row" : "column");
    corner(w, gram, g, k, k);
    ls_say(w, "Check", "symmetric ✓   trace %.10g = the sum of the squares of W's entries", trace);
    ls_step_add(w, "The eigenvalues", "lambda", NULL, ls_why[WHY_LAMBDA]);
    ls_say(w, "Rule", "λ are the roots of det(λI - %s)%s: LAPACK finds σ directly, and λ = σ²", gram, k > 4 ? ", which no one multiplies out at this size" : "");
    ls_say(w, NULL, "λ ≈ %s", list(w, w->S, k, 2));
    ls_say(w, "Check", "their sum misses the trace by %.1e", fabs(squares - trace));
    ls_step_add(w, "Singular values and rank", "sigma", NULL, ls_why[WHY_SIGMA]);
    ls_say(w, "Rule", "σᵢ = √λᵢ, largest first; rank = number of σ above rounding, max(m,n)·eps·σ₁");
    ls_say(w, NULL, "σ ≈ %s      rank %d", list(w, w->S, k, 1), w->rank);
    ls_step_add(w, ls_fmt(w, "Eigenvectors of %s: the columns of %s", gram, V), V, NULL, ls_why[WHY_V]);
    ls_say(w, "Rule", "solve (%s - λI) %s = 0, then divide by the length", gram, v);
    corner(w, V, m < n ? w->U : w->V, k, k);
    ls_say(w, "Check", "%sᵀ%s misses I by at most %.1e", V, V, not_orthogonal(m < n ? w->U : w->V, k));
    ls_step_add(w, ls_fmt(w, "%s: %sᵢ = %s %sᵢ / σᵢ", U, u, m < n ? "Wᵀ" : "W", v), U, NULL, ls_why[WHY_U]);
    corner(w, U, m < n ? w->V : w->U, m > n ? m : n, m > n ? m : n);
    ls_say(w, "Check", "%sᵀ%s misses I by at most %.1e", U, U, not_orthogonal(m < n ? w->V : w->U, m > n ? m : n));
    ls_step_add(w, "Σ, and the whole product", "S", NULL, ls_why[WHY_S]);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int r = 0; r < k; r++) sum += w->U[i * m + r] * w->S[r] * w->V[j * n + r];
            residual = fmax(residual, fabs(sum - w->numbers[i * n + j]));
        }
    ls_say(w, "Check", "UΣVᵀ misses W by at most %.1e; the largest entry of W may be trusted to about %.1e", residual, w->S[0] * 2.22e-16);
    ls_step_add(w, "Low rank", NULL, NULL, ls_why[WHY_LOW]);
    ls_say(w, "Rule", "keep the largest terms σᵢuᵢvᵢᵀ (Eckart-Young)");
    double kept = 0;
    for (int r = 0; r < k && r < 6; r++) {
        kept += w->S[r] * w->S[r];
        ls_say(w, NULL, "rank %d: error %.6g, keeps %.2f %%", r + 1, r + 1 < k ? w->S[r + 1] : 0.0, squares > 0 ? 100 * kept / squares : 100.0);
    }
    return LSV_OK;
}
