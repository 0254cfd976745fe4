/* The sum of a matrix's squares: one pass that tells its norm, and that nothing in it is out of the ordinary. */
#include <string.h>
#include "backend/backend.h"
#include "backend/cpu/workers.h"

enum { PARTS_MOST = 64, SERIAL_UP_TO = 1 << 17 };

typedef struct scan {
    const double *a;
    ptrdiff_t m, n, lda;
    double sums[PARTS_MOST];
} scan;

typedef double eight __attribute__((vector_size(64)));

/* In eight running sums, which are independent of each other; in two turns, so that an addition need not wait for the one before. */
static double row_square(const double *row, ptrdiff_t n) {
    eight s = {0}, t = {0}, x, y;
    ptrdiff_t j = 0;
    for (; j + 16 <= n; j += 16) {
        memcpy(&x, row + j, sizeof x);
        memcpy(&y, row + j + 8, sizeof y);
        s += x * x, t += y * y;
    }
    s += t;
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
