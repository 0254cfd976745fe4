/* The parts of a replay: where values come from (replay_flow.c), how texts differ (replay_text.c). */
#ifndef REPL_REPLAY_H
#define REPL_REPLAY_H

#include "lang/syntax/parse.h"
#include "repl/session.h"

/* ---- what no two runs share ---- */

typedef enum cause { CAUSE_NONE, CAUSE_RANDOM, CAUSE_CLOCK, CAUSE_ADDRESS } cause;
/* Where such a value is from: `what` was called in that cell and line. */
typedef struct origin {
    cause cause;
    int cell, line;
    char what[64];
    bool steers;
} origin; /* steers: it decides what is printed at all */

typedef struct flow flow;
flow *flow_new(void); /* NULL: no memory */
void flow_free(flow *f);
/* Follows one more cell, in the order they run. *out: what the cell's output depends on, CAUSE_NONE: on
   nothing of the kind. `cell` and the cell's first line name the place in reports. */
void flow_cell(flow *f, const char *text, size_t n, int cell, int first_line, origin *out);

/* ---- texts ---- */

typedef struct numbers {
    int count, differing;       /* pairs of numbers; those that differ */
    double largest, relative;   /* the largest difference, and the largest relative one */
    char expected[40], got[40]; /* the pair that is furthest apart */
} numbers;

/* Blank runs count as one. True: what stands between the numbers is the same, and there are as many of them.
   tolerance >= 0: numbers no further apart than tolerance * max(1, |a|, |b|) do not count as differing. */
bool text_compare(const char *expected, size_t n, const char *got, size_t m, double tolerance, numbers *out);
/* Is the expected text the beginning of the other, numbers compared as above or not at all (tolerance inf)?
 */
bool text_is_beginning(const char *expected, size_t n, const char *got, size_t m, double tolerance);

/* Texts with one of these written the same way on both sides. True: something was found. */
bool text_without_addresses(const lsv_text *t, lsv_text *out); /* 0x7f…: 0x */
bool text_without_device(const lsv_text *t, lsv_text *out);    /* , device='cuda:0' */
bool text_without_wrappers(const lsv_text *t, lsv_text *out);  /* np.float64(1.5): 1.5 */
void text_loose(const lsv_text *t, lsv_text *out);             /* no blank lines, no blanks at line ends */
bool text_without_functions(const lsv_text *t,
                            lsv_text *out); /* <function __main__.f(x)>, <function f at 0x…>: <function f> */
bool text_without_breaks(const lsv_text *t,
                         lsv_text *out); /* white space as one blank, none inside brackets */
/* What is left of a text whose values are random: its words and its arrays' shapes; times: units of time go
   with their numbers. And the shapes alone. */
void text_skeleton(const lsv_text *t, bool times, lsv_text *out);
void text_shapes(const lsv_text *t, lsv_text *out);

#endif
