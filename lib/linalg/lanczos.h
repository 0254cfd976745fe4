/* What the block Lanczos processes of lsv have in common: when to orthogonalise against all of the space, and when to
   look how far they have come. */
#ifndef LSV_LINALG_LANCZOS_H
#define LSV_LINALG_LANCZOS_H

#include <stdbool.h>
#include <stddef.h>

/* ---- orthogonality ----

   In exact arithmetic a new block has to be made orthogonal to its two neighbours only. Rounding lets the rest of the space
   creep in, by a factor a step that depends on how fast Ritz vectors converge, and it is enough to keep it out to half the
   digits (Simon, Math. Comp. 42, 1984): the residuals and the projected matrix do not suffer. So once the space is large, and
   going through it the greater part of the work beside the products, most steps leave it out; those that do
   not come in pairs, for a block inherits from two. How much they find to take out tells the factor, and so how many
   steps may follow without. */

typedef struct lsv_reorth {
    int left;     /* steps to come that leave the space out        */
    int skipped;  /* of those, in a row until now                  */
    int whole;    /* steps in a row that did not                   */
    bool spoiled; /* it crept in so far that the process must begin anew; once is enough to be careful for good */
    bool careful;
} lsv_reorth;

/* For a new process, or when new directions have come into an old one. Careful stays careful. */
void lsv_reorth_begin(lsv_reorth *r);

/* Is the next block to be orthogonalised against the whole space? */
static inline bool lsv_reorth_whole(const lsv_reorth *r) { return r->left == 0; }

/* After a step in a space of K vectors; found: the largest coefficient that was taken out of the block outside its
   neighbours, over the norm of the smallest column of what was left (any, where the step left the space out). */
void lsv_reorth_done(lsv_reorth *r, ptrdiff_t K, double found);

/* ---- progress ----

   The logarithm of the residuals falls faster and faster, about as a parabola of the space's size. */

typedef struct lsv_outlook {
    double K, worst;     /* at the last look; worst 0: there was none, and at K, where that is not 0, they were about 1 */
    double rate, middle; /* of decay, between the last two, and where that is; rate 0: there was one only */
} lsv_outlook;

/* Notes the largest residual `worst` in a space of K vectors and returns how many more would bring it to `goal`, by the parabola
   through the last three looks, the line through two, and at the first no more than the line from where they were 1; a
   share of K where that cannot be told. */
double lsv_outlook_ahead(lsv_outlook *o, double K, double worst, double goal);

#endif
