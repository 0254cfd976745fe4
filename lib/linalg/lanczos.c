/* See lanczos.h. */
#include "linalg/lanczos.h"
#include <float.h>
#include <math.h>

enum { FROM = 128 /* vectors in the space */, SKIPS_MOST = 6, PAIR = 2 };
static const double allowed = 1e-11, spoiling = 1e-8;

void lsv_reorth_begin(lsv_reorth *r) { *r = (lsv_reorth){.careful = r->careful || r->spoiled}; }

void lsv_reorth_done(lsv_reorth *r, ptrdiff_t K, double found) {
    if (r->left > 0) {
        r->left--, r->skipped++, r->whole = 0;
        return;
    }
    double factor = pow(fmax(found / DBL_EPSILON, 1), 1.0 / (r->skipped + 1));
    if (r->skipped) r->spoiled = !(found <= spoiling), r->careful = r->careful || !(found <= 10 * allowed);
    r->skipped = 0;
    if (++r->whole < PAIR || r->careful || K < FROM) return;
    double steps = log(allowed / DBL_EPSILON) / log(fmax(factor, 1.01)) - 1; /* until it would be too much */
    if (steps >= 2) r->left = steps < SKIPS_MOST ? (int)steps : SKIPS_MOST;
}

double lsv_outlook_ahead(lsv_outlook *o, double K, double worst, double goal) {
    const lsv_outlook last = *o;
    *o = (lsv_outlook){.K = K, .worst = worst};
    double need = log(worst / goal), growth = 0;
    if (last.worst == 0 && last.K > 0 && worst < 1) return fmin(0.4 * K, need / -log(worst) * (K - last.K));
    if (!(last.worst > worst) || !(worst > 0)) return 0.4 * K;
    o->rate = log(last.worst / worst) / (K - last.K);
    o->middle = (K + last.K) / 2;
    if (last.rate > 0) growth = (o->rate - last.rate) / (o->middle - last.middle);
    if (!(growth > 0)) return need / o->rate;
    double here = o->rate + growth * (K - o->middle);
    return (sqrt(here * here + 2 * growth * need) - here) / growth;
}
