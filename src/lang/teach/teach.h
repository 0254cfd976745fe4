/* The hand SVD as a lesson: a walk is a list of steps, a step is a list of lines, and a line is a
   row of pieces, each a text or a matrix of texts. Texts are written once, in Unicode mathematics;
   the renderers turn them into 80 columns of Unicode or ASCII, into Markdown, LaTeX, a notebook or
   a picture. Nothing here touches a terminal: the prompt registers a dialogue.

   All memory of a walk lies in its pool. A pool that ran out says so in walk->pool.failed, and
   ls_walk_new then reports it once. */
#ifndef LANG_TEACH_TEACH_H
#define LANG_TEACH_TEACH_H

#include "exact/exact.h"
#include "lang/eval/interp.h"

typedef enum ls_style { LS_STYLE_BOTH, LS_STYLE_EXACT, LS_STYLE_DECIMALS } ls_style;

typedef struct ls_cells { int rows, cols; const char **at; } ls_cells;
typedef struct ls_piece { const char *text; ls_cells matrix; } ls_piece; /* text NULL: the matrix */
typedef struct ls_line {
    const char *label;   /* "Rule", "Check", "Careful", "Note", "Plan", "Goal" or NULL */
    int indent;          /* columns, for lines without label                           */
    int n;
    ls_piece piece[12];
    struct ls_line *next;
} ls_line;

typedef struct ls_step {
    const char *title;
    const char *key;     /* what a learner is asked for: "WtW", "chi", "lambda", …; NULL: nothing */
    const char *question;
    const char *why;
    int rules;           /* lines at the start that give nothing away */
    bool picture;        /* the unit circle and its image follow this step */
    int nlines;
    ls_line *first, *last;
} ls_step;

enum { LS_STEPS = 13 };  /* 0 is the introduction */

typedef struct ls_walk {
    lsv_pool pool;
    ls_style style;
    int digits;
    bool ascii;          /* render in ASCII */
    bool full;           /* with the comparison to the other Gram matrix */
    bool arithmetic;     /* products and equations are written out */
    int m, n;            /* of W */
    double *numbers;     /* W, row-major */
    bool exact;          /* false: the numeric walk */
    lsv_q *denominator;  /* q: the walk is of Z = qW */
    lsv_exact_svd *svd;  /* of Z */
    lsv_exact_svd *own;  /* of W; the same object when q = 1 */
    double *U, *S, *V;   /* m x m, min(m,n), n x n, of W */
    int rank;
    int nsteps;          /* without the introduction */
    ls_step step[LS_STEPS + 1];
    struct ls_learner *mine; /* what the learner answered before (checker.h) */
} ls_walk;

typedef struct ls_walk_options {
    ls_style style;
    int digits;          /* 0: 4 */
    bool ascii;
    int full;            /* -1: by shape */
    int exact;           /* -1: by size; 0: numbers only; 1: exact or an error */
} ls_walk_options;

/* W: m x n rationals. LSV_EVALUE, LSV_ENOMEM, LSV_ELINALG. */
lsv_status ls_walk_new(const lsv_qmatrix *W, const ls_walk_options *options, ls_walk **out, lsv_error *err);
void ls_walk_free(ls_walk *w);

/* ---- building (build.c) ---- */
char *ls_fmt(ls_walk *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
ls_step *ls_step_add(ls_walk *w, const char *title, const char *key, const char *question, const char *why);
ls_line *ls_say(ls_walk *w, const char *label, const char *format, ...) __attribute__((format(printf, 3, 4))); /* label NULL: indent 2 */
ls_line *ls_deep(ls_walk *w, int indent, const char *format, ...) __attribute__((format(printf, 3, 4)));
void ls_put(ls_walk *w, ls_line *l, const char *format, ...) __attribute__((format(printf, 3, 4)));
void ls_put_cells(ls_walk *w, ls_line *l, ls_cells m);
ls_cells ls_cells_new(ls_walk *w, int rows, int cols);
ls_cells ls_cells_q(ls_walk *w, const lsv_qmatrix *m);
ls_cells ls_cells_transposed(ls_walk *w, ls_cells m);
const char *ls_q_string(ls_walk *w, const lsv_q *q);
const char *ls_q_factor(ls_walk *w, const lsv_q *q);  /* a factor of a product: (-5), 3 */
const char *ls_e_string(ls_walk *w, const lsv_field *k, int root, const lsv_q *e);
const char *ls_decimal(ls_walk *w, lsv_real v, int digits);
const char *ls_q_decimal_string(ls_walk *w, const lsv_q *q, int digits);
const char *ls_number(ls_walk *w, double x);          /* at w->digits */
const char *ls_sub(int i);                            /* "₁" for 1 */

/* ---- rendering ---- append to t */
void ls_render_step(lsv_text *t, const ls_walk *w, int step, bool rules_only);
void ls_render_text(lsv_text *t, const ls_walk *w);   /* everything, as the prompt prints it */
void ls_render_ascii(lsv_text *t, const char *text);  /* a text in ASCII */
void ls_render_wrapped(lsv_text *t, const char *text, int indent, int hang, bool ascii);
void ls_render_markdown(lsv_text *t, const ls_walk *w);
void ls_render_latex(lsv_text *t, const ls_walk *w);
void ls_render_notebook(lsv_text *t, const ls_walk *w);
void ls_render_svg(lsv_text *t, const ls_walk *w);
void ls_latex_math(lsv_text *t, const char *text);    /* Unicode mathematics as LaTeX mathematics */
bool ls_has_picture(const ls_walk *w);
void ls_draw_picture(lsv_text *t, const ls_walk *w);
/* Writes the walk in the format the name's ending asks for (.md .tex .ipynb .svg .txt). */
bool ls_walk_save(ls_interp *in, const ls_walk *w, const char *path);

/* ---- asking a person ---- registered by the prompt; without one, walks print themselves */
typedef struct ls_dialogue {
    bool (*usable)(void);                                             /* is a person there? */
    bool (*walk)(ls_interp *in, ls_walk *w);                          /* false: in->error is set */
    int (*ask)(ls_interp *in, const char *prompt, lsv_text *answer);  /* 1: a line, 0: no more, -1: in->error is set */
    bool (*ascii)(void);                                              /* the terminal wants ASCII */
} ls_dialogue;
void ls_teach_set_dialogue(const ls_dialogue *d); /* static; NULL: none */
const ls_dialogue *ls_teach_dialogue(void);
/* The value walkthrough() gave back last, shown already: a prompt need not echo it. */
bool ls_teach_was_shown(ls_value v);

#endif
