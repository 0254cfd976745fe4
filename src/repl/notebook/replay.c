/* lsv --replay: runs a notebook and compares what its cells give with what the file says they gave.

   A difference is reported unless the file itself explains it: values from random numbers without a
   seed, from the clock, addresses of objects, the GPU it ran on, the way NumPy 1 wrote scalars, an output
   that the file holds the beginning of. What can be compared of such a cell still is: the text between the
   numbers and the arrays' shapes. Of an error its class counts, not the words; what went to standard error is
   not compared. The cells run to the end whatever comes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "repl/notebook/replay.h"

typedef enum verdict { SAME, CLOSE, EXPLAINED, NOTHING_STORED, DIFFERENT, NVERDICTS } verdict;

typedef struct replay {
    session *s;
    const notebook *b;
    flow *flow;
    bool color, failed_before; /* an earlier cell failed in a way that the file explains */
    int index;                 /* of the code cell, from 1 */
    const nb_cell *cell;       /* as stored */
    const nb_cell *mine;       /* as it ran */
    origin why;
    int counts[NVERDICTS];
} replay;

/* ---- what a cell gave, as one text ---- */

static const nb_output *error_of(const nb_cell *c) {
    for (int i = 0; i < c->noutputs; i++)
        if (c->outputs[i].kind == NB_ERROR) return &c->outputs[i];
    return NULL;
}

static void end_line(lsv_text *t) {
    if (t->length && t->data[t->length - 1] != '\n') lsv_text_putc(t, '\n');
}

/* What was written, and values; *cut: it is a beginning. */
static void gather(const nb_cell *c, bool loose, lsv_text *out, bool *cut) {
    lsv_text t = {0};
    *cut = false;
    for (int i = 0; i < c->noutputs; i++) {
        const nb_output *o = &c->outputs[i];
        if (o->kind != NB_STDOUT && o->kind != NB_RESULT) continue;
        end_line(&t);
        lsv_text_add(&t, o->text.data ? o->text.data : "", o->text.length);
        *cut = *cut || o->cut;
    }
    if (loose) text_loose(&t, out);
    else lsv_text_add(out, t.data ? t.data : "", t.length);
    out->failed = out->failed || t.failed;
    lsv_text_free(&t);
    while (out->length && strchr("\n \t", out->data[out->length - 1])) out->data[--out->length] = 0;
    lsv_text_puts(out, "");
}

/* ---- reporting ---- */

static void paint(const replay *r, const char *code) {
    if (r->color) session_printf(r->s, "\033[%sm", code);
}

static void head(const replay *r, const char *what, const char *code) {
    session *s = r->s;
    session_printf(s, "cell %d", r->index);
    if (r->cell->number) session_printf(s, " (In [%d])", r->cell->number);
    if (r->cell->line) session_printf(s, ", line %d", r->cell->line);
    session_printf(s, ": ");
    paint(r, code);
    session_printf(s, "%s", what);
    paint(r, "0");
}

typedef struct lines {
    const char *at[400];
    size_t n[400];
    int count;
} lines;

static void split(const lsv_text *t, lines *l) {
    const char *p = t->data, *end = p + t->length;
    l->count = 0;
    while (p < end && l->count < 400) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        l->at[l->count] = p;
        l->n[l->count++] = nl ? (size_t)(nl - p) : (size_t)(end - p);
        p = nl ? nl + 1 : end;
    }
}

static bool same_line(const lines *a, int i, const lines *b, int j) {
    return a->n[i] == b->n[j] && memcmp(a->at[i], b->at[j], a->n[i]) == 0;
}

static void show_line(const replay *r, const char *label, const char *code, const char *text, size_t n) {
    size_t most = 200;
    paint(r, code);
    if (n > most) {
        while (most && ((unsigned char)text[most] & 0xC0) == 0x80) most--;
        session_printf(r->s, "    %-9s %.*s...\n", label, (int)most, text);
    } else {
        session_printf(r->s, "    %-9s %.*s\n", label, (int)n, text);
    }
    paint(r, "0");
}

/* The lines that differ, pairwise where as many stand on either side. */
static void show_diff(const replay *r, const lsv_text *expected, const lsv_text *got) {
    enum { MOST = 8 };
    lines *a = lsv_malloc(sizeof *a), *b = lsv_malloc(sizeof *b);
    if (a && b) {
        split(expected, a);
        split(got, b);
        int from = 0, enda = a->count, endb = b->count, shown = 0;
        while (from < enda && from < endb && same_line(a, from, b, from)) from++;
        while (enda > from && endb > from && same_line(a, enda - 1, b, endb - 1)) enda--, endb--;
        bool pairs = enda == endb;
        if (from) session_printf(r->s, "    from output line %d on:\n", from + 1);
        for (int i = from; pairs && i < enda; i++) {
            if (same_line(a, i, b, i)) continue;
            if (shown++ == MOST / 2) break;
            show_line(r, "expected", "32", a->at[i], a->n[i]);
            show_line(r, "got", "31", b->at[i], b->n[i]);
        }
        for (int i = from; !pairs && i < enda && i < from + MOST; i++)
            show_line(r, i == from ? "expected" : "", "32", a->at[i], a->n[i]);
        if (!pairs && enda - from > MOST)
            session_printf(r->s, "    %-9s ... %d more lines\n", "", enda - from - MOST);
        if (!pairs && enda == from) show_line(r, "expected", "32", "(nothing)", 9);
        for (int i = from; !pairs && i < endb && i < from + MOST; i++)
            show_line(r, i == from ? "got" : "", "31", b->at[i], b->n[i]);
        if (!pairs && endb - from > MOST)
            session_printf(r->s, "    %-9s ... %d more lines\n", "", endb - from - MOST);
        if (!pairs && endb == from) show_line(r, "got", "31", "(nothing)", 9);
        if (pairs && shown > MOST / 2) session_printf(r->s, "    ... and more lines\n");
    }
    lsv_free(a);
    lsv_free(b);
}

static void show_numbers(const replay *r, const numbers *d) {
    if (!d->differing) return;
    session_printf(r->s, "    numbers   %d of %d differ, furthest apart %s and %s: by %.2g", d->differing,
                   d->count, d->expected, d->got, d->largest);
    if (d->relative > 0 && !isinf(d->relative)) session_printf(r->s, ", relative %.2g", d->relative);
    session_printf(r->s, "\n");
    double limit = d->relative;
    if (r->s->options->tolerance < 0 && limit > 0 && limit < 1e-5)
        session_printf(r->s, "    hint      --tol %.0e takes them as equal\n", pow(10, ceil(log10(limit))));
}

static void close_case(replay *r, verdict v) { r->counts[v]++; }

static void explained(replay *r, const char *why) {
    close_case(r, EXPLAINED);
    head(r, "not comparable", "33");
    session_printf(r->s, ": %s\n", why);
}

static const char *cause_text(const origin *o) {
    return o->cause == CAUSE_RANDOM  ? "random without a seed"
           : o->cause == CAUSE_CLOCK ? "it depends on the clock"
                                     : "it shows an object's address";
}

static void place_of(const replay *r, const origin *o, char *out, size_t n) {
    if (r->cell->line) snprintf(out, n, "%s (%s, line %d)", cause_text(o), o->what, o->line);
    else snprintf(out, n, "%s (%s, cell %d, line %d)", cause_text(o), o->what, o->cell, o->line);
}

/* ---- comparing ---- */

/* Applies a rewriting to both texts; true if either had what it removes. */
static bool rewrite(bool (*f)(const lsv_text *, lsv_text *), lsv_text *a, lsv_text *b) {
    lsv_text x = {0}, y = {0};
    bool in_a = f(a, &x), in_b = f(b, &y);
    lsv_text_puts(&x, "");
    lsv_text_puts(&y, "");
    lsv_text_free(a);
    lsv_text_free(b);
    *a = x;
    *b = y;
    return in_a || in_b;
}

static bool equal(const lsv_text *a, const lsv_text *b) {
    return a->length == b->length && memcmp(a->data, b->data, a->length) == 0;
}

/* Exactly, or within the tolerance that was asked for. *d: the numbers of texts that have the same words. */
static bool agree(const replay *r, const lsv_text *a, const lsv_text *b, numbers *d, bool *same_words) {
    double tolerance = r->s->options->tolerance;
    *same_words = text_compare(a->data, a->length, b->data, b->length, tolerance, d);
    return equal(a, b) || (tolerance >= 0 && *same_words && d->differing == 0);
}

/* What can be compared of a cell whose values cannot be the same. */
typedef enum likeness { UNLIKE, SHAPES_ALIKE, WORDS_ALIKE } likeness;

static int count_lines(const lsv_text *t) {
    int n = 0;
    for (size_t i = 0; i < t->length; i++) n += t->data[i] == '\n';
    return n;
}

static likeness compare_likeness(const replay *r, const lsv_text *a, const lsv_text *b, bool cut) {
    lsv_text x = {0}, y = {0}, u = {0}, v = {0};
    if (cut)
        return text_is_beginning(a->data, a->length, b->data, b->length, INFINITY) ? WORDS_ALIKE : UNLIKE;
    text_skeleton(a, r->why.cause == CAUSE_CLOCK, &x);
    text_skeleton(b, r->why.cause == CAUSE_CLOCK, &y);
    text_shapes(a, &u);
    text_shapes(b, &v);
    bool failed = x.failed || y.failed || u.failed || v.failed;
    likeness like = failed                                                                 ? UNLIKE
                    : equal(&x, &y)                                                        ? WORDS_ALIKE
                    : equal(&u, &v) && (r->why.steers || count_lines(a) == count_lines(b)) ? SHAPES_ALIKE
                                                                                           : UNLIKE;
    lsv_text_free(&x);
    lsv_text_free(&y);
    lsv_text_free(&u);
    lsv_text_free(&v);
    return like;
}

static void say_different(replay *r, const lsv_text *a, const lsv_text *b) {
    char place[160];
    numbers d;
    close_case(r, DIFFERENT);
    head(r, "DIFFERENT", "1;31");
    session_printf(r->s, "\n");
    show_diff(r, a, b);
    if (text_compare(a->data, a->length, b->data, b->length, r->s->options->tolerance, &d))
        show_numbers(r, &d);
    if (r->why.cause == CAUSE_NONE) return;
    place_of(r, &r->why, place, sizeof place);
    session_printf(r->s, "    note      %s, but shapes or words differ too\n", place);
}

static bool differ_in_breaks_only(const replay *r, const lsv_text *a, const lsv_text *b) {
    lsv_text x = {0}, y = {0};
    numbers d;
    bool words;
    text_without_breaks(a, &x);
    text_without_breaks(b, &y);
    lsv_text_puts(&x, "");
    lsv_text_puts(&y, "");
    bool same = !x.failed && !y.failed && agree(r, &x, &y, &d, &words);
    lsv_text_free(&x);
    lsv_text_free(&y);
    return same;
}

/* Texts that differ as they stand: does the file explain it? The texts are rewritten. */
static bool explain(replay *r, lsv_text *a, lsv_text *b, bool cut) {
    static const struct {
        bool (*f)(const lsv_text *, lsv_text *);
        const char *why;
    } ways[] = {{text_without_addresses, "addresses of objects"},
                {text_without_device, "the GPU it ran on"},
                {text_without_wrappers, "NumPy 1 wrote its scalars without their type"},
                {text_without_functions, "how functions are shown"}};
    char why[256] = "", place[160];
    numbers d;
    bool words;
    for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
        if (!rewrite(ways[k].f, a, b)) continue;
        size_t n = strlen(why);
        snprintf(why + n, sizeof why - n, "%s%s", n ? ", " : "", ways[k].why);
        if (!agree(r, a, b, &d, &words)) continue;
        close_case(r, EXPLAINED);
        head(r, "the same but for", "33");
        session_printf(r->s, " %s\n", why);
        return true;
    }
    if (differ_in_breaks_only(r, a, b)) {
        close_case(r, EXPLAINED);
        head(r, "the same but for", "33");
        session_printf(r->s, " %s%sIPython's line breaks\n", why, why[0] ? ", " : "");
        return true;
    }
    if (cut && text_is_beginning(a->data, a->length, b->data, b->length, r->s->options->tolerance)) {
        close_case(r, EXPLAINED);
        head(r, "the same as far as stored", "33");
        session_printf(r->s, ": the file holds the first %zu characters of the output\n",
                       lsv_text_points(a->data, a->length));
        return true;
    }
    likeness like = r->why.cause != CAUSE_NONE ? compare_likeness(r, a, b, cut) : UNLIKE;
    if (like != UNLIKE) {
        place_of(r, &r->why, place, sizeof place);
        close_case(r, EXPLAINED);
        head(r, "not comparable", "33");
        session_printf(r->s, ": %s; %s%s\n", place,
                       like == WORDS_ALIKE ? "words and shapes are the same"
                                           : "shapes are the same, words depend on it",
                       cut ? ", as far as stored" : "");
        return true;
    }
    return false;
}

static void compare_texts(replay *r) {
    lsv_text a = {0}, b = {0};
    bool cut, mine_cut, words;
    numbers d;
    gather(r->cell, r->b->loose, &a, &cut);
    gather(r->mine, r->b->loose, &b, &mine_cut);
    if (equal(&a, &b)) {
        close_case(r, SAME);
        if (r->s->options->verbose) {
            head(r, "the same", "32");
            session_printf(r->s, "\n");
        }
    } else if (agree(r, &a, &b, &d, &words)) {
        close_case(r, CLOSE);
        if (r->s->options->verbose) {
            head(r, "the same to the tolerance", "32");
            session_printf(r->s, "\n");
        }
    } else {
        lsv_text x = {0}, y = {0};
        lsv_text_add(&x, a.data, a.length);
        lsv_text_add(&y, b.data, b.length);
        lsv_text_puts(&x, "");
        lsv_text_puts(&y, "");
        if (x.failed || y.failed || !explain(r, &x, &y, cut)) say_different(r, &a, &b);
        lsv_text_free(&x);
        lsv_text_free(&y);
    }
    lsv_text_free(&a);
    lsv_text_free(&b);
}

static bool is_about_gpu(const nb_output *e) {
    const char *t = e->text.data ? e->text.data : "";
    return strstr(t, "CUDA") || strstr(t, "cuda") || strstr(t, "GPU");
}

static void compare_errors(replay *r, const nb_output *stored, const nb_output *mine) {
    const char *was = stored && stored->name ? stored->name : "", *is = mine && mine->name ? mine->name : "";
    char line[400];
    if (stored && mine && strcmp(was, is) == 0) {
        compare_texts(r); /* what came before it */
        return;
    }
    if (mine && is_about_gpu(mine)) {
        r->failed_before = true;
        snprintf(line, sizeof line, "it needs a GPU, and there is none (%s: %.200s)", is,
                 mine->text.data ? mine->text.data : "");
        explained(r, line);
        return;
    }
    if (mine && !stored && r->failed_before && strcmp(is, "NameError") == 0) {
        snprintf(line, sizeof line, "it needs a cell that could not run (%.200s)",
                 mine->text.data ? mine->text.data : "");
        explained(r, line);
        return;
    }
    close_case(r, DIFFERENT);
    head(r, "DIFFERENT", "1;31");
    session_printf(r->s, "\n    expected  %s%s%.300s\n", stored ? was : "no error", stored ? ": " : "",
                   stored && stored->text.data ? stored->text.data : "");
    session_printf(r->s, "    got       %s%s%.300s\n", mine ? is : "no error", mine ? ": " : "",
                   mine && mine->text.data ? mine->text.data : "");
}

static void compare_cell(replay *r) {
    const nb_output *stored = error_of(r->cell), *mine = error_of(r->mine);
    if (!r->cell->recorded) {
        close_case(r, NOTHING_STORED);
        if (mine || r->s->options->verbose) {
            head(r, "nothing stored to compare with", "33");
            if (mine)
                session_printf(r->s, "; it ends in %s: %.300s", mine->name ? mine->name : "an error",
                               mine->text.data ? mine->text.data : "");
            session_printf(r->s, "\n");
        }
        if (mine) r->failed_before = true;
    } else if (stored || mine) {
        compare_errors(r, stored, mine);
    } else {
        compare_texts(r);
    }
}

/* ---- running ---- */

static int run_cell(replay *r, const char *path) {
    session *s = r->s;
    const nb_cell *c = r->cell;
    char title[512];
    int line = c->line ? c->line : 1;
    snprintf(title, sizeof title, "%.400s, cell %d", path, r->index);
    if (c->line && r->b->loose) { /* the code begins below its label */
        const char *source = c->source.data;
        line = c->line + (source && *source ? 1 : 0);
    }
    flow_cell(r->flow, c->source.data ? c->source.data : "", c->source.length, r->index, line, &r->why);
    s->quiet = s->record = true;
    int status = session_run(s, title, c->source.data ? c->source.data : "", c->source.length, line);
    s->quiet = s->record = false;
    r->mine = session_cell(s);
    return status;
}

static void summary(const replay *r, const char *path, int cells) {
    session *s = r->s;
    const int *n = r->counts;
    session_printf(s, "%s%s: %d cell%s", n[EXPLAINED] + n[DIFFERENT] ? "\n" : "", path, cells,
                   cells == 1 ? "" : "s");
    if (n[SAME]) session_printf(s, ", %d the same", n[SAME]);
    if (n[CLOSE]) session_printf(s, ", %d the same to %.0e", n[CLOSE], s->options->tolerance);
    if (n[EXPLAINED]) session_printf(s, ", %d with differences that the file explains", n[EXPLAINED]);
    if (n[NOTHING_STORED]) session_printf(s, ", %d with nothing stored to compare with", n[NOTHING_STORED]);
    paint(r, n[DIFFERENT] ? "1;31" : "32");
    if (n[DIFFERENT]) session_printf(s, ", %d DIFFERENT\n", n[DIFFERENT]);
    else session_printf(s, ". No difference that the file does not explain.\n");
    paint(r, "0");
}

int session_replay(session *s, const char *path) {
    notebook b;
    if (!session_read_notebook(path, &b)) return EXIT_SYNTAX;
    replay r = {.s = s, .b = &b, .color = s->color, .flow = flow_new()};
    int cells = 0, status = EXIT_OK;
    s->labels = true;
    for (int i = 0; r.flow && i < b.n && status != EXIT_INTERRUPTED && !s->leave; i++) {
        r.cell = &b.cells[i];
        if (r.cell->kind != NB_CODE || !r.cell->source.data ||
            r.cell->source.data[strspn(r.cell->source.data, " \t\r\n")] == 0)
            continue;
        r.index = ++cells;
        status = run_cell(&r, path);
        if (r.mine && status != EXIT_INTERRUPTED) compare_cell(&r);
        session_flush(s);
    }
    if (!r.flow) fputs("lsv: no memory for the replay\n", stderr);
    else if (status == EXIT_INTERRUPTED) fprintf(stderr, "lsv: interrupted in cell %d\n", r.index);
    else if (!cells) session_printf(s, "%s: no code cells: nothing to replay\n", path);
    else summary(&r, path, cells);
    bool done = r.flow != NULL;
    flow_free(r.flow);
    notebook_free(&b);
    session_flush(s);
    return !done                        ? EXIT_ERROR
           : status == EXIT_INTERRUPTED ? EXIT_INTERRUPTED
           : r.counts[DIFFERENT]        ? EXIT_ERROR
                                        : EXIT_OK;
}
