/* What the teaching builtins and `lsv teach` share: matrices from values and texts, the walk the
   learner is in, and the lessons themselves. */
#ifndef LANG_TEACH_LESSON_H
#define LANG_TEACH_LESSON_H

#include "lang/teach/checker.h"

/* A matrix of exact rationals in p: arrays (floats by their shortest decimals), nested lists of numbers and of
   texts such as "1/3", a number, or a text as for ls_matrix_text. *computed: entries with so many digits that they look
   computed and not typed. */
bool ls_exact_matrix(ls_interp *in, ls_value v, lsv_pool *p, lsv_qmatrix *W, bool *computed);
/* "[4, 0; 3, -5; 0, 2]", "4 0; 3 -5", or \begin{bmatrix} 4 & 0 \\ … \end{bmatrix}. */
lsv_status ls_matrix_text(const char *text, size_t n, lsv_pool *p, lsv_qmatrix *W, lsv_error *err);
/* For array(): is this text a pasted LaTeX matrix, and that matrix as an ndarray (int64, or float64). */
bool ls_is_latex_matrix(const char *text, size_t n);
bool ls_array_from_latex(ls_interp *in, const char *text, size_t n, ls_value *out);
/* A typed answer as an answer: texts, numbers, lists, arrays. */
bool ls_answer_value(ls_interp *in, ls_value v, ls_answer *a);
void ls_matrix_latex(lsv_text *t, const lsv_qmatrix *W);

/* The walk that check() speaks about; it takes w. NULL: none. */
void ls_teach_keep(ls_walk *w);
ls_walk *ls_teach_walk(void);
void ls_teach_forget(void);            /* gives it back; for the end of an interpreter */
void ls_teach_mark_shown(ls_value dict);
bool ls_teach_ascii(void);             /* from LC_ALL, LC_CTYPE, LANG */

/* The result dictionary of walkthrough(). */
bool ls_walk_dictionary(ls_interp *in, const ls_walk *w, ls_value *out);

/* Judges worked notes (Markdown with LaTeX) line by line into t; *slips counts what is wrong. */
bool ls_check_notes_text(ls_interp *in, const char *text, size_t n, lsv_text *t, int *slips);

typedef struct ls_quiz { const char *kind; uint64_t seed; ls_value answers; } ls_quiz; /* answers: a list or None */
bool ls_run_quiz(ls_interp *in, const ls_quiz *q, ls_value *out);

#endif
