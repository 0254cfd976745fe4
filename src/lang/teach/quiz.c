/* A quiz: a small matrix drawn at random, its steps asked one by one; or a finished walk with one slip
   put in. The next question always starts from the right values, so no error drags on. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "lang/teach/lesson.h"

/* ---- drawing ---- */

static uint64_t draw(uint64_t *s) { /* splitmix64 */
    uint64_t z = *s += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static long between(uint64_t *s, long low, long high) { return low + (long)(draw(s) % (uint64_t)(high - low + 1)); }

enum { RATIONAL, SURD, RANK1, REPEATED, WIDE, DECIMAL, FIND, NKINDS };
static const char *const kinds[NKINDS] = {"rational", "surd", "rank1", "repeated", "wide", "decimal", "find"};

static void propose(int kind, uint64_t *s, lsv_qmatrix *W) {
    long a = between(s, 1, 4), b = between(s, 1, 4);
    W->rows = kind == WIDE ? 2 : 2 + (int)(draw(s) % (kind == REPEATED ? 1 : 2));
    W->cols = kind == WIDE ? 3 : 2;
    for (int i = 0; i < W->rows; i++)
        for (int j = 0; j < W->cols; j++) {
            long x = between(s, -5, 5);
            if (kind == RANK1) x = (i + 1 - (i == 2 ? 4 : 0)) * (j ? b : a);
            if (kind == REPEATED) x = i == j ? a : i ? -b : b;
            mpq_set_si(lsv_qm(W, i, j), x, kind == DECIMAL ? 2 : 1);
            mpq_canonicalize(lsv_qm(W, i, j));
        }
}

static bool suits(int kind, const lsv_exact_svd *s) {
    const lsv_field *k = s->value[0].field;
    bool rational = k->degree == 1, distinct = s->value[0].field != s->value[1].field || s->value[0].root != s->value[1].root;
    switch (kind) {
    case RATIONAL: return rational && distinct && s->rank == 2;
    case RANK1: return s->rank == 1;
    case REPEATED: return !distinct && s->rank == 2;
    case SURD: case FIND: return k->degree == 2 && s->rank == 2 && mpq_sgn(lsv_qm(&s->gram, 0, 1)) != 0;
    default: return s->rank == 2 && distinct;
    }
}

static bool draw_walk(ls_interp *in, int kind, uint64_t seed, ls_walk **w) {
    lsv_pool pool = {0};
    lsv_error err = {.status = LSV_OK};
    lsv_qmatrix W = lsv_qmatrix_new(&pool, 3, 3);
    uint64_t state = seed * 1000003 + (uint64_t)kind;
    bool found = false, ok = !pool.failed || ls_no_memory(in);
    for (int attempt = 0; ok && !found && attempt < 5000; attempt++) {
        lsv_exact_svd *s;
        propose(kind, &state, &W);
        ok = lsv_exact_svd_new(&W, &s, &err) == LSV_OK || ls_raise_lsv(in, &err);
        if (!ok) break;
        found = suits(kind, s);
        lsv_exact_svd_free(s);
    }
    ls_walk_options o = {.full = 0, .exact = 1, .ascii = ls_teach_dialogue() && ls_teach_dialogue()->ascii ? ls_teach_dialogue()->ascii() : ls_teach_ascii()};
    if (ok) ok = ls_walk_new(&W, &o, w, &err) == LSV_OK || ls_raise_lsv(in, &err);
    lsv_pool_free(&pool);
    return ok;
}

/* ---- asking ---- */

typedef struct session {
    ls_interp *in;
    ls_walk *w;
    ls_value answers; /* a list, or None: the dialogue */
    ptrdiff_t next;
    bool over;        /* no more answers */
    int asked, right;
} session;

static bool say(session *s, const char *text) {
    lsv_text t = {0};
    ls_render_wrapped(&t, text, 2, 4, s->w->ascii);
    bool ok = t.failed ? ls_no_memory(s->in) : ls_write(s->in, t.data, t.length);
    lsv_text_free(&t);
    return ok;
}

/* The next answer as text into t; s->over when there is none. */
static bool answer(session *s, const char *question, lsv_text *t) {
    const ls_dialogue *d = ls_teach_dialogue();
    char prompt[200];
    lsv_text shown = {0};
    if (s->w->ascii) ls_render_ascii(&shown, question);
    else lsv_text_puts(&shown, question);
    snprintf(prompt, sizeof prompt, "  %s ", shown.data ? shown.data : "");
    lsv_text_free(&shown);
    if (s->answers.tag == LS_LIST) {
        if (s->next >= s->answers.list->n) {
            s->over = true;
            return say(s, question);
        }
        ls_value v = s->answers.list->items[s->next++];
        bool ok = v.tag == LS_STR ? (lsv_text_puts(t, v.str->data), true) : ls_str_text(s->in, t, v);
        if (!ok) return false;
        lsv_text_puts(&shown, question);
        lsv_text_printf(&shown, " %s", t->data ? t->data : "");
        ok = say(s, shown.data ? shown.data : "");
        lsv_text_free(&shown);
        return ok;
    }
    if (!(d && d->ask && d->usable && d->usable())) {
        s->over = true;
        return say(s, question);
    }
    int got = d->ask(s->in, prompt, t);
    s->over = got == 0;
    return got >= 0;
}

static bool ask_step(session *s, int step) {
    const ls_step *p = &s->w->step[step];
    lsv_error err = {.status = LSV_OK};
    ls_answer *a = lsv_malloc(sizeof *a);
    if (!a) return ls_no_memory(s->in);
    bool ok = true, done = false;
    for (int attempt = 0; ok && !done && !s->over && attempt < 2; attempt++) {
        lsv_text typed = {0}, verdict = {0};
        ls_level level = LS_WRONG;
        ok = answer(s, p->question, &typed);
        if (ok && !s->over) {
            if (attempt == 0) s->asked++;
            lsv_status status = ls_answer_parse(typed.data ? typed.data : "", a, &err);
            if (status == LSV_OK) status = ls_check_answer(s->w, p->key, a, &verdict, &level, &err);
            ok = status != LSV_ENOMEM || ls_no_memory(s->in);
            const char *said = status == LSV_OK ? verdict.data ? verdict.data : "" : err.message;
            char hint[400]; /* the first time only the cause, not the right value */
            const char *cause = strstr(said, "Probable cause");
            if (status == LSV_OK && level == LS_WRONG && attempt == 0) {
                snprintf(hint, sizeof hint, "not yet. %s", cause ? cause : "Look again.");
                said = hint;
            }
            if (ok) ok = say(s, said);
            done = level != LS_WRONG;
            s->right += done && attempt == 0;
        }
        lsv_text_free(&typed);
        lsv_text_free(&verdict);
    }
    lsv_free(a);
    if (ok && !done && !s->over) { /* wrong twice: the step itself */
        lsv_text t = {0};
        ls_render_step(&t, s->w, step, false);
        ok = t.failed ? ls_no_memory(s->in) : ls_write(s->in, t.data, t.length);
        lsv_text_free(&t);
    }
    ls_learner_free(s->w->mine); /* the next step starts from the right values */
    s->w->mine = NULL;
    return ok;
}

static bool ask_steps(session *s) {
    lsv_text t = {0};
    ls_render_step(&t, s->w, 0, false);
    bool ok = t.failed ? ls_no_memory(s->in) : ls_write(s->in, t.data, t.length);
    lsv_text_free(&t);
    for (int i = 1; ok && !s->over && i <= s->w->nsteps; i++)
        if (s->w->step[i].key && strcmp(s->w->step[i].key, "W1") != 0) ok = ask_step(s, i);
    return ok;
}

/* ---- find the slip ---- */

typedef struct shown_line { const char *name, *key; int rows, cols; double x[16]; } shown_line;
enum { LINES = 7 };

static void put_slip(shown_line *l, int which, const ls_walk *w) {
    shown_line *at = &l[which];
    int n = at->rows * at->cols;
    switch (which) {
    case 0: at->x[1] = -at->x[1], at->x[2] = -at->x[2]; break;               /* the minus is lost           */
    case 1: at->x[2] += 2 * l[0].x[1] * l[0].x[1]; break;                     /* + in ad - bc                */
    case 2: at->x[0] *= 2, at->x[1] *= 2; break;                              /* not divided by 2            */
    case 3: at->x[0] = l[2].x[0], at->x[1] = l[2].x[1]; break;                /* no root                     */
    case 4: for (int i = 0; i < n; i += 2) at->x[i] *= 1.5; break;            /* not normalised              */
    case 5: for (int i = 0; i < n; i += at->cols) at->x[i] = -at->x[i]; break; /* the sign of u₁              */
    default: for (int i = 0; i < n; i++) at->x[i] /= w->S[0]; break;          /* σ₁ is missing               */
    }
}

static void lines_of(const ls_walk *w, shown_line l[LINES]) {
    double G[4] = {0}, *V = w->V, *U = w->U, *S = w->S;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            for (int r = 0; r < w->m; r++) G[2 * i + j] += w->numbers[r * 2 + i] * w->numbers[r * 2 + j];
    l[0] = (shown_line){"WᵀW", "WtW", 2, 2, {G[0], G[1], G[2], G[3]}};
    l[1] = (shown_line){"χ(λ), coefficients", "chi", 1, 3, {1, -(G[0] + G[3]), G[0] * G[3] - G[1] * G[2]}};
    l[2] = (shown_line){"λ", "lambda", 1, 2, {S[0] * S[0], S[1] * S[1]}};
    l[3] = (shown_line){"σ", "sigma", 1, 2, {S[0], S[1]}};
    l[4] = (shown_line){"V", "V", 2, 2, {V[0], V[1], V[2], V[3]}};
    l[5] = (shown_line){"U (thin)", "U", w->m, 2, {0}};
    l[6] = (shown_line){"σ₁u₁v₁ᵀ", "term1", w->m, 2, {0}};
    for (int i = 0; i < w->m; i++)
        for (int j = 0; j < 2; j++) {
            l[5].x[2 * i + j] = U[i * w->m + j];
            l[6].x[2 * i + j] = S[0] * U[i * w->m] * V[j * 2];
        }
}

/* "[25 -15; -15 29]", whole numbers as such, others with four decimals. */
static void matrix_text(lsv_text *t, const shown_line *l) {
    bool whole = true;
    for (int i = 0; i < l->rows * l->cols; i++) whole &= fabs(l->x[i] - round(l->x[i])) < 1e-9;
    lsv_text_putc(t, '[');
    for (int i = 0; i < l->rows * l->cols; i++) lsv_text_printf(t, "%s%.*f", i == 0 ? "" : i % l->cols ? " " : "; ", whole ? 0 : 4, l->x[i]);
    lsv_text_putc(t, ']');
}

static bool find_slip(session *s, uint64_t seed) {
    shown_line l[LINES];
    uint64_t state = seed ^ 0x5eed;
    int which = (int)(draw(&state) % LINES);
    lines_of(s->w, l);
    put_slip(l, which, s->w);
    lsv_text t = {0};
    ls_render_step(&t, s->w, 0, false);
    bool ok = t.failed ? ls_no_memory(s->in) : ls_write(s->in, t.data, t.length);
    lsv_text_free(&t);
    for (int i = 0; ok && i < LINES; i++) {
        t = (lsv_text){0};
        lsv_text_printf(&t, "%d  %s = ", i + 1, l[i].name);
        matrix_text(&t, &l[i]);
        ok = say(s, t.data ? t.data : "");
        lsv_text_free(&t);
    }
    lsv_text typed = {0};
    if (ok) ok = answer(s, "which line is wrong (1 to 7)?", &typed);
    if (ok && !s->over) {
        lsv_error err = {.status = LSV_OK};
        lsv_text value = {0}, verdict = {0};
        ls_answer *a = lsv_malloc(sizeof *a);
        s->asked = 1;
        s->right = typed.data && typed.data[0] == '1' + which && !(typed.data[1] >= '0' && typed.data[1] <= '9');
        matrix_text(&value, &l[which]);
        lsv_text_printf(&verdict, "%s line %d. ", s->right ? "right:" : "no, it is", which + 1);
        ok = a && ls_answer_parse(value.data ? value.data : "", a, &err) == LSV_OK && ls_check_answer(s->w, l[which].key, a, &verdict, NULL, &err) == LSV_OK;
        ok = ok ? say(s, verdict.data ? verdict.data : "") : ls_no_memory(s->in);
        lsv_free(a);
        lsv_text_free(&value);
        lsv_text_free(&verdict);
    }
    lsv_text_free(&typed);
    return ok;
}

/* ---- the whole ---- */

static bool result(session *s, const ls_quiz *q, ls_value *out) {
    ls_value d = ls_dict_new(), kind = ls_str_from(q->kind);
    bool ok = d.tag != LS_UNSET && kind.tag != LS_UNSET && ls_dict_set_text(d.dict, "kind", kind) && ls_dict_set_text(d.dict, "seed", ls_int((int64_t)q->seed)) &&
              ls_dict_set_text(d.dict, "asked", ls_int(s->asked)) && ls_dict_set_text(d.dict, "right", ls_int(s->right)) &&
              ls_dict_set_text(d.dict, "score", ls_float(s->asked ? (double)s->right / s->asked : 0));
    if (kind.tag != LS_UNSET) ls_drop(kind);
    if (ok) *out = d;
    else if (d.tag != LS_UNSET) ls_drop(d);
    return ok || ls_no_memory(s->in);
}

bool ls_run_quiz(ls_interp *in, const ls_quiz *q, ls_value *out) {
    int kind = 0;
    while (kind < NKINDS && strcmp(q->kind, kinds[kind]) != 0) kind++;
    if (kind == NKINDS) return ls_raise(in, "ValueError", "quiz knows rational, surd, rank1, repeated, wide, decimal and find, not \"%s\"", q->kind);
    if (q->answers.tag != LS_NONE && q->answers.tag != LS_LIST) return ls_raise(in, "TypeError", "answers must be a list of texts, not %s", ls_type_name(q->answers));
    session s = {.in = in, .answers = q->answers};
    if (!draw_walk(in, kind, q->seed, &s.w)) return false;
    bool ok = kind == FIND ? find_slip(&s, q->seed) : ask_steps(&s);
    if (ok && s.asked) {
        char line[96];
        snprintf(line, sizeof line, "score: %d of %d right at the first try", s.right, s.asked);
        ok = say(&s, line);
    }
    ls_walk_free(s.w);
    return ok && result(&s, q, out);
}
