/* The sum of a matrix's squares: one pass that tells its norm, and that nothing in it is out of the ordinary. */
#include "backend/backend.h"
#include "backend/cpu/workers.h"

enum { PARTS_MOST = 64, SERIAL_UP_TO = 1 << 17 };

typedef struct scan {
    const double *a;
    ptrdiff_t m, n, lda;
    double sums[PARTS_MOST];
} scan;

/* In eight running sums, which are independent of each other and as wide as a vector. */
static double row_square(const double *row, ptrdiff_t n) {
    double s[8] = {0};
    ptrdiff_t j = 0;
    for (; j + 8 <= n; j += 8)
        for (int c = 0; c < 8; c++) s[c] += row[j + c] * row[j + c];
    for (; j < n; j++) s[0] += row[j] * row[j];
    return (s[0] + s[1] + (s[2] + s[3])) + (s[4] + s[5] + (s[6] + s[7]));
}

static void scan_share(void *context, int id, int of) {
    scan *s = context;
    double sum = 0;
    for (ptrdiff_t i = s->m * id / of; i < s->m * (id + 1) / of; i++) sum += row_square(s->a + i * s->lda, s->n);
    s->sums[id] = sum;
}

double lsv_backend_square(ptrdiff_t m, ptrdiff_t n, const double *a, ptrdiff_t lda) {
    scan s = {.a = a, .m = m, .n = n, .lda = lda};
    int parts = (double)m * (double)n <= SERIAL_UP_TO ? 1 : lsv_workers();
    double sum = 0;
    lsv_workers_run(parts, scan_share, &s);
    for (int id = 0; id < parts; id++) sum += s.sums[id];
    return sum;
}
