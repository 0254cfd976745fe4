/* The condition number of a matrix whose LU is at hand: Hager's estimate of |A^-1|_1 (SIAM J. Sci. Stat. Comput. 5, 1984), in
   Higham's form (ACM TOMS 14, 1988). It climbs the convex function |A^-1 x|_1 over the unit ball of the 1-norm,
   from vertex to vertex; it is a lower bound, seldom by more than a factor 3. */
#include "linalg/condition.h"

#include <math.h>
#include "backend/backend.h"
#include "backend/ledger.h"
#include "base/alloc.h"
#include "linalg/matrix.h"

double lsv_norm_one(lsv_dtype t, ptrdiff_t n, const void *a, ptrdiff_t lda) {
    double norm = 0;
    for (ptrdiff_t j = 0; j < n; j++) {
        double sum = 0;
        for (ptrdiff_t i = 0; i < n; i++) sum += fabs(lsv_mats_get(t, a, j * lda + i));
        norm = fmax(norm, sum);
    }
    return norm;
}

typedef struct {
    lsv_dtype t;
    ptrdiff_t n, ld;
    const void *lu;
    const int32_t *piv;
    void *x;
} system;

/* x = A^-1 x or A^-T x; false: it did not work out. */
static bool apply(const system *s, bool transposed) {
    lsv_error err;
    int info = 0;
    return lsv_backend_cpu.getrs(s->t, transposed, s->n, 1, s->lu, s->ld, s->piv, s->x, s->n, &info, &err) == LSV_OK && info == 0;
}

static double sum_of(const system *s) {
    double sum = 0;
    for (ptrdiff_t i = 0; i < s->n; i++) sum += fabs(lsv_mats_get(s->t, s->x, i));
    return sum;
}

static void vertex(const system *s, ptrdiff_t j) {
    for (ptrdiff_t i = 0; i < s->n; i++) lsv_mats_put(s->t, s->x, i, i == j);
}

/* |A^-1|_1, or NAN. */
static double inverse_norm(const system *s) {
    double best = 0;
    ptrdiff_t from = -1;
    for (ptrdiff_t i = 0; i < s->n; i++) lsv_mats_put(s->t, s->x, i, 1 / (double)s->n);
    for (int step = 0; step < 5; step++) {
        if (!apply(s, false)) return (double)NAN;
        double norm = sum_of(s);
        if (step && norm <= best) break;
        best = norm;
        for (ptrdiff_t i = 0; i < s->n; i++) lsv_mats_put(s->t, s->x, i, lsv_mats_get(s->t, s->x, i) < 0 ? -1 : 1);
        if (!apply(s, true)) return (double)NAN;
        ptrdiff_t top = 0;
        for (ptrdiff_t i = 1; i < s->n; i++)
            if (fabs(lsv_mats_get(s->t, s->x, i)) > fabs(lsv_mats_get(s->t, s->x, top))) top = i;
        if (top == from) break;
        from = top;
        vertex(s, top);
    }
    /* a vector that alternates and grows finds what the climb may miss */
    for (ptrdiff_t i = 0; i < s->n; i++)
        lsv_mats_put(s->t, s->x, i, (i % 2 ? -1 : 1) * (1 + (s->n > 1 ? (double)i / (double)(s->n - 1) : 0)));
    if (!apply(s, false)) return (double)NAN;
    return fmax(best, 2 * sum_of(s) / (3 * (double)s->n));
}

void lsv_condition_note(lsv_dtype t, ptrdiff_t n, const void *lu, ptrdiff_t ld, const int32_t *piv, double norm) {
    system s = {t, n, ld, lu, piv, NULL};
    if (n < 1 || !isfinite(norm) || (t != LSV_FLOAT32 && t != LSV_FLOAT64)) return;
    s.x = lsv_malloc((size_t)n * lsv_dtype_size(t));
    if (!s.x) return;
    double inverse = inverse_norm(&s);
    lsv_free(s.x);
    if (!isnan(inverse)) lsv_ledger_number("condition", norm * inverse);
}
