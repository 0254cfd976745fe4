/* When to orthogonalise against the whole space, and when to look: the rules themselves, on made-up histories. */
#include "linalg/lanczos.h"
#include "check.h"

/* Steps that leave the space out among the next `steps`, where each of the others finds found(skipped before it). */
static int left_out(lsv_reorth *r, ptrdiff_t K, int steps, double (*found)(int)) {
    int out = 0, skipped = 0;
    for (int i = 0; i < steps; i++) {
        bool whole = lsv_reorth_whole(r);
        lsv_reorth_done(r, K, whole ? found(skipped) : 0);
        skipped = whole ? 0 : skipped + 1;
        out += !whole;
    }
    return out;
}

static double slow_growth(int skipped) { return 2.2e-16 * pow(2, skipped + 1); }
static double fast_growth(int skipped) { return 2.2e-16 * pow(1e4, skipped + 1); }
static double sudden(int skipped) { return skipped ? 1e-9 : 2.2e-16; }
static double disaster(int skipped) { return skipped ? 1e-3 : 2.2e-16; }
static double not_a_number(int skipped) { return skipped ? (double)NAN : 2.2e-16; }

static void orthogonality(void) {
    lsv_reorth r = {0};
    lsv_reorth_begin(&r);
    CHECK(left_out(&r, 120, 40, slow_growth) == 0); /* a small space costs nothing */
    lsv_reorth_begin(&r);
    CHECK(left_out(&r, 400, 40, slow_growth) == 30); /* 2 with, 6 without */
    CHECK(!r.careful && !r.spoiled);
    lsv_reorth_begin(&r);
    CHECK(left_out(&r, 400, 40, fast_growth) == 0);
    lsv_reorth_begin(&r);
    CHECK(left_out(&r, 400, 40, sudden) == 6 && r.careful && !r.spoiled); /* once, and never again */
    lsv_reorth_begin(&r);
    CHECK(left_out(&r, 400, 40, slow_growth) == 0);
    r = (lsv_reorth){0};
    CHECK(left_out(&r, 400, 9, disaster) == 6 && r.spoiled);
    lsv_reorth_begin(&r);
    CHECK(!r.spoiled && r.careful && lsv_reorth_whole(&r));
    r = (lsv_reorth){0};
    CHECK(left_out(&r, 400, 9, not_a_number) == 6 && r.spoiled);
    r = (lsv_reorth){0};
    (void)left_out(&r, 400, 4, slow_growth);
    CHECK(!lsv_reorth_whole(&r));
    lsv_reorth_begin(&r); /* new directions */
    CHECK(lsv_reorth_whole(&r));
}

static double parabola(double K) { return exp(-(0.01 * K + 2e-4 * K * K)); }
static double line(double K) { return exp(-0.1 * K); }

static void outlook(void) {
    lsv_outlook o = {0};
    CHECK_NEAR(lsv_outlook_ahead(&o, 100, parabola(100), 1e-12), 40, 1e-12); /* nothing to go by */
    double first = lsv_outlook_ahead(&o, 140, parabola(140), parabola(300));
    CHECK(first > 160); /* a line overshoots what falls faster and faster */
    CHECK_NEAR(lsv_outlook_ahead(&o, 200, parabola(200), parabola(300)), 100, 1e-10);
    o = (lsv_outlook){0};
    for (double K = 40; K <= 80; K += 20) (void)lsv_outlook_ahead(&o, K, line(K), 1e-12);
    CHECK_NEAR(lsv_outlook_ahead(&o, 100, line(100), line(130)), 30, 1e-9);
    CHECK_NEAR(lsv_outlook_ahead(&o, 120, line(100), 1e-12), 48, 1e-12); /* no progress: nothing to go by again */
    CHECK_NEAR(lsv_outlook_ahead(&o, 150, 0, 1e-12), 60, 1e-12);
    o = (lsv_outlook){.K = 20}; /* and from the start, if that is told: nine digits in ten columns leave three for the next */
    CHECK_NEAR(lsv_outlook_ahead(&o, 30, 1e-9, 1e-12), 10.0 / 3, 1e-9);
    o = (lsv_outlook){.K = 20};
    CHECK_NEAR(lsv_outlook_ahead(&o, 30, 0.9, 1e-12), 12, 1e-12);
    CHECK(o.worst == 0.9 && o.rate == 0);
}

int main(void) {
    orthogonality();
    outlook();
    return check_done();
}
