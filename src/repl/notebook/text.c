/* Notebooks as text: `In [n]:` cells with their outputs, and Markdown with ``` blocks.

   Two habits of writing the first are read. A prompt's transcript has the code behind the label and
   its further lines behind `...:`, so every line says what it is. A notebook pasted as text has the
   code below a label that stands alone, and nothing marks where it ends: code, outputs and
   Markdown follow each other in paragraphs. There the code goes on as long as paragraphs parse as
   code and could be code: a paragraph of nothing but literals is what a value prints as, not what
   anybody writes; a name that occurs nowhere in the code before is a printed word; a heading is a
   comment where code follows, and Markdown where none does. Once outputs have begun, a heading
   after a blank line begins the Markdown, which lasts until the next label.

   Such files keep no account of blank lines, and some cut long outputs (after 1000 characters): the
   notebook is marked loose, an output that was cut is marked so. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "lang/syntax/parse.h"
#include "repl/notebook/notebook.h"

enum { CUT_AT = 1000 };

typedef struct line {
    const char *at;
    size_t n;
} line;
typedef struct reader {
    const char *name, *text, *end;
    notebook *b;
    int line;
} reader;

static line next_line(reader *r) {
    const char *start = r->text, *nl = memchr(start, '\n', (size_t)(r->end - start));
    size_t n = nl ? (size_t)(nl - start) : (size_t)(r->end - start);
    r->text = nl ? nl + 1 : r->end;
    r->line++;
    while (n && start[n - 1] == '\r') n--;
    return (line){start, n};
}

static bool is_blank(line l) {
    for (size_t i = 0; i < l.n; i++)
        if (!isspace((unsigned char)l.at[i])) return false;
    return true;
}

/* "In [12]:", "In [None]:", "In [ ]:"; *rest: what follows it. */
static bool is_label(line l, const char *word, int *number, line *rest) {
    size_t w = strlen(word), i = w;
    if (l.n < w || memcmp(l.at, word, w) != 0) return false;
    while (i < l.n && l.at[i] == ' ') i++;
    if (i == l.n || l.at[i++] != '[') return false;
    *number = 0;
    while (i < l.n && isdigit((unsigned char)l.at[i]) && *number < 100000000)
        *number = *number * 10 + (l.at[i++] - '0');
    size_t from = i;
    while (i < l.n && (isalpha((unsigned char)l.at[i]) || l.at[i] == ' ' || l.at[i] == '*')) i++;
    if (i - from > 6 || i + 1 >= l.n || l.at[i] != ']' || l.at[i + 1] != ':') return false;
    i += 2;
    if (i < l.n && l.at[i] == ' ') i++;
    *rest = (line){l.at + i, l.n - i};
    return true;
}

bool notebook_is_text_form(const char *text, size_t n) {
    reader r = {.text = text, .end = text + n};
    int number;
    line rest;
    while (r.text < r.end)
        if (is_label(next_line(&r), "In", &number, &rest)) return true;
    return false;
}

/* ---- is it code? ---- */

/* Does it parse? Lines of magics are none of the parser's business: they are blanked. */
static bool parses(const char *text, size_t n, ls_tree *tree) {
    ls_error error = {0};
    lsv_text plain = {0};
    size_t at = 0, start, end;
    lsv_text_add(&plain, text, n);
    while (!plain.failed && n && ls_next_magic(plain.data, plain.length, at, &start, &end)) {
        memset(plain.data + start, ' ', end - start);
        at = end;
        while (at < n && plain.data[at] != '\n') at++;
        if (at < n) at++;
        if (at >= n) break;
    }
    ls_source *source =
        plain.failed ? NULL : ls_source_new("<notebook>", plain.data ? plain.data : "", plain.length, 1);
    bool ok = source && ls_parse(source, tree, &error);
    ls_error_clear(&error);
    ls_source_release(source);
    lsv_text_free(&plain);
    return ok;
}

static bool has_word(const char *text, size_t n, const char *word) {
    size_t w = strlen(word);
    for (size_t i = 0; i + w <= n; i++)
        if (memcmp(text + i, word, w) == 0 &&
            (i == 0 || !(isalnum((unsigned char)text[i - 1]) || text[i - 1] == '_')) &&
            (i + w == n || !(isalnum((unsigned char)text[i + w]) || text[i + w] == '_')))
            return true;
    return false;
}

/* What a value prints as: literals, displays of them, array(…) and tensor(…); code: what was code so far. */
static bool is_printed(const ls_node *e, const char *code, size_t n) {
    static const char *const makers[] = {"array",  "tensor",    "Parameter",
                                         "device", "dict_keys", "dict_values"};
    if (!e) return true;
    switch (e->kind) {
    case LS_N_NONE:
    case LS_N_TRUE:
    case LS_N_FALSE:
    case LS_N_INT:
    case LS_N_FLOAT:
    case LS_N_IMAGINARY:
    case LS_N_STR:
    case LS_N_ELLIPSIS:
    case LS_N_PRINTED:
    case LS_N_MATRIX: return true;
    case LS_N_NAME:
        return strcmp(e->text, "inf") == 0 || strcmp(e->text, "nan") == 0 || !has_word(code, n, e->text);
    case LS_N_UNARY: return is_printed(e->a, code, n);
    case LS_N_TUPLE:
    case LS_N_LIST:
    case LS_N_DICT:
        for (int i = 0; i < e->list.n; i++)
            if (!is_printed(e->list.items[i], code, n)) return false;
        return true;
    case LS_N_PAIR: return is_printed(e->a, code, n) && is_printed(e->b, code, n);
    case LS_N_KEYWORD: return true;
    case LS_N_ATTRIBUTE:
        return e->a->kind == LS_N_NAME && (strcmp(e->a->text, "torch") == 0 || strcmp(e->a->text, "np") == 0);
    case LS_N_CALL: {
        const ls_node *f = e->a;
        bool known =
            f->kind == LS_N_ATTRIBUTE && is_printed(f, code, n); /* torch.Size([2]), np.float64(1.0) */
        for (size_t i = 0; f->kind == LS_N_NAME && i < sizeof makers / sizeof *makers; i++)
            known = known || strcmp(f->text, makers[i]) == 0;
        for (int i = 0; known && i < e->list.n; i++) known = is_printed(e->list.items[i], code, n);
        return known;
    }
    default: return false;
    }
}

/* Nothing but lines that start with #. */
static bool is_comment(const char *text, size_t n) {
    reader r = {.text = text, .end = text + n};
    bool any = false;
    while (r.text < r.end) {
        line l = next_line(&r);
        if (is_blank(l)) continue;
        size_t i = 0;
        while (i < l.n && (l.at[i] == ' ' || l.at[i] == '\t')) i++;
        if (l.at[i] != '#') return false;
        any = true;
    }
    return any;
}

/* Could this paragraph go on with the code before it? */
static bool could_be_code(const char *code, size_t code_length, const char *text, size_t n) {
    ls_tree tree = {0};
    if (n && strchr("%!", *text)) return true;
    if (!parses(code, code_length + (size_t)(text + n - (code + code_length)), &tree)) return false;
    ls_tree_free(&tree);
    tree = (ls_tree){0};
    if (!parses(text, n, &tree)) return true; /* the inside of a block */
    bool printed = tree.block->list.n > 0;
    for (int i = 0; printed && i < tree.block->list.n; i++) {
        const ls_node *s = tree.block->list.items[i];
        bool annotated = s->kind == LS_N_ANNASSIGN && !s->b; /* "Rank: 2" */
        printed = annotated || (s->kind == LS_N_EXPR && is_printed(s->a, code, code_length));
    }
    ls_tree_free(&tree);
    return !printed;
}

/* ---- a cell whose label stands alone ---- */

/* The paragraph at p: up to a blank line; *after: where the next one begins. */
static size_t paragraph(const char *p, const char *end, const char **after) {
    reader r = {.text = p, .end = end};
    const char *stop = p;
    while (r.text < r.end) {
        line l = next_line(&r);
        if (is_blank(l)) break;
        stop = l.at + l.n;
    }
    const char *next = r.text;
    while (r.text < r.end) {
        next = r.text;
        if (!is_blank(next_line(&r))) break;
        next = r.text;
    }
    *after = next;
    return (size_t)(stop - p);
}

/* Where the code ends in the text of a cell. A cell magic takes the whole cell, but for headings at its end;
   below one that times its cell the code is as any other. */
static const char *end_of_code(const char *text, const char *end) {
    bool magic = strncmp(text, "%%", 2) == 0, timed = strncmp(text, "%%time", 6) == 0;
    const char *first = timed ? memchr(text, '\n', (size_t)(end - text)) : NULL,
               *code = first ? first + 1 : text, *after;
    const char *code_end = code + paragraph(code, end, &after);
    for (const char *p = after; p < end; p = after) {
        size_t n = paragraph(p, end, &after);
        if (is_comment(p, n)) continue; /* code if code follows */
        if (!(magic && !timed) && !could_be_code(code, (size_t)(code_end - code), p, n)) break;
        code_end = p + n;
    }
    return code_end;
}

static bool is_heading(line l) {
    size_t k = 0;
    while (k < l.n && l.at[k] == '#') k++;
    return k >= 1 && k <= 6 && k < l.n && l.at[k] == ' ';
}

/* Outputs: up to a heading after a blank line. Trailing blank lines are nobody's. */
static const char *end_of_outputs(const char *text, const char *end) {
    reader r = {.text = text, .end = end};
    bool blank = true;
    const char *stop = text;
    while (r.text < r.end) {
        line l = next_line(&r);
        if (blank && is_heading(l)) break;
        blank = is_blank(l);
        if (!blank) stop = l.at + l.n;
    }
    return stop;
}

static size_t open_brackets(const char *text, size_t n) {
    ptrdiff_t depth = 0;
    for (size_t i = 0; i < n; i++)
        depth += strchr("[(", text[i]) && text[i] ? 1 : strchr(")]", text[i]) && text[i] ? -1 : 0;
    return depth > 0 ? (size_t)depth : 0;
}

/* Pieces of exactly so many characters, or with brackets left open, are beginnings. */
static bool was_cut(const char *text, const char *stop, const char *end) {
    const char *last = text;
    for (const char *p = text; p + 2 < stop; p++)
        if (memcmp(p, "\n\n\n", 3) == 0) last = p + 3;
    while (end > stop && (end[-1] == '\n' || end[-1] == '\r'))
        end--; /* blanks at the end of the line belong to it */
    if (end < stop) end = stop;
    size_t whole = lsv_text_points(text, (size_t)(end - text)),
           tail = lsv_text_points(last, (size_t)(end - last));
    return whole == CUT_AT || tail == CUT_AT || open_brackets(last, (size_t)(stop - last)) > 0;
}

static bool add_output(nb_cell *c, nb_output_kind kind, const char *text, const char *end) {
    if (end <= text) return true;
    nb_output *o = nb_add_output(c, kind);
    if (!o) return false;
    lsv_text_add(&o->text, text, (size_t)(end - text));
    return !o->text.failed;
}

/* "ValueError: …" of an output's last line: the cell ended in an error. Its length up to the colon, 0: none.
 */
static size_t error_name(line l) {
    static const char *const ends[] = {"Error", "Exception", "Interrupt", "Iteration", "Exit"};
    size_t n = 0;
    while (n < l.n && (isalnum((unsigned char)l.at[n]) || l.at[n] == '_' || l.at[n] == '.')) n++;
    bool colon = n < l.n && l.at[n] == ':';
    if (!n || !isupper((unsigned char)l.at[0]) || !(colon || n == l.n)) return 0;
    for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
        size_t m = strlen(ends[k]);
        if (n >= m && memcmp(l.at + n - m, ends[k], m) == 0) return n;
    }
    return 0;
}

/* Takes an error off the end of a cell's last output, with the traceback above it. */
static bool split_error(nb_cell *c) {
    if (!c->noutputs) return true;
    lsv_text *t = &c->outputs[c->noutputs - 1].text;
    reader r = {.text = t->data, .end = t->data + t->length};
    line found = {NULL, 0};
    const char *begin = NULL;
    while (r.text < r.end) {
        line l = next_line(&r);
        bool trace = (l.n > 20 && memcmp(l.at, "--------------------", 20) == 0) ||
                     (l.n > 10 && memcmp(l.at, "Traceback ", 10) == 0);
        if (trace && !begin) begin = l.at;
        if (is_blank(l)) continue;
        bool hint = l.n > 6 && memcmp(l.at, "hint: ", 6) == 0;
        if (!(hint && found.at)) found = error_name(l) ? l : (line){NULL, 0};
    }
    if (!found.at) return true;
    size_t name = error_name(found), skip = name + (name < found.n ? 1 : 0);
    while (skip < found.n && found.at[skip] == ' ') skip++;
    lsv_text message = {0}, word = {0};
    lsv_text_add(&message, found.at + skip, found.n - skip);
    lsv_text_add(&word, found.at, name);
    size_t left = (size_t)((begin && begin < found.at ? begin : found.at) - t->data);
    while (left && isspace((unsigned char)t->data[left - 1])) left--;
    t->length = left;
    t->data[left] = 0;
    nb_output *o = nb_add_output(c, NB_ERROR);
    if (!o || message.failed || word.failed) {
        lsv_text_free(&message);
        lsv_text_free(&word);
        return false;
    }
    o->text = message;
    o->name = word.data;
    return true;
}

static bool read_paragraphs(reader *r, nb_cell *c, const char *end) {
    const char *code = r->text;
    reader skip = {.text = code, .end = end};
    while (skip.text < end) { /* blank lines below the label */
        const char *at = skip.text;
        if (!is_blank(next_line(&skip))) break;
        code = at + (skip.text - at);
    }
    const char *stop = end_of_code(code, end), *output = stop;
    lsv_text_add(&c->source, code, (size_t)(stop - code));
    while (output < end && isspace((unsigned char)*output)) output++;
    while (output > stop && output[-1] != '\n') output--; /* the first line's indentation */
    if (output >= end || is_heading((line){output, (size_t)(end - output)})) return !c->source.failed;
    const char *last = end_of_outputs(output, end);
    const char *rest = last;
    while (rest < end && *rest != '\n') rest++;
    c->recorded = c->recorded || last > output;
    if (!add_output(c, NB_STDOUT, output, last)) return false;
    if (c->noutputs) c->outputs[c->noutputs - 1].cut = was_cut(output, last, rest);
    return !c->source.failed;
}

/* ---- a transcript ---- */

/* "   ...: code"; *rest: the code. */
static bool is_continuation(line l, line *rest) {
    size_t i = 0;
    while (i < l.n && l.at[i] == ' ') i++;
    if (i + 4 > l.n || memcmp(l.at + i, "...:", 4) != 0) return false;
    i += 4;
    if (i < l.n && l.at[i] == ' ') i++;
    *rest = (line){l.at + i, l.n - i};
    return true;
}

static bool read_transcript(reader *r, nb_cell *c, line first, const char *end) {
    line rest;
    int number;
    c->recorded = true;
    lsv_text_add(&c->source, first.at, first.n);
    bool code = true;
    const char *begin = NULL, *stop = NULL;
    nb_output_kind kind = NB_STDOUT;
    while (r->text < end) {
        line l = next_line(r);
        if (code && is_continuation(l, &rest)) {
            lsv_text_putc(&c->source, '\n');
            lsv_text_add(&c->source, rest.at, rest.n);
            continue;
        }
        code = false;
        if (is_label(l, "Out", &number, &rest)) {
            if (begin && !add_output(c, kind, begin, stop)) return false;
            kind = NB_RESULT;
            begin = stop = rest.n ? rest.at : NULL;
            if (rest.n) stop = rest.at + rest.n;
        } else if (!is_blank(l)) {
            if (!begin) begin = l.at;
            stop = l.at + l.n;
        }
    }
    while (c->source.length && isspace((unsigned char)c->source.data[c->source.length - 1]))
        c->source.data[--c->source.length] = 0;
    return !c->source.failed && (!begin || add_output(c, kind, begin, stop));
}

/* ---- the file ---- */

/* Where the cell that begins at the reader's place ends: before the next label. */
static const char *end_of_cell(const reader *r) {
    reader look = *r;
    int number;
    line rest;
    while (look.text < look.end) {
        const char *at = look.text;
        if (is_label(next_line(&look), "In", &number, &rest)) return at;
    }
    return r->end;
}

static bool read_labelled(reader *r) {
    while (r->text < r->end) {
        int number;
        line rest;
        if (!is_label(next_line(r), "In", &number, &rest)) continue;
        nb_cell *c = notebook_add(r->b, NB_CODE, "", 0);
        if (!c) return false;
        c->number = number;
        c->line = r->line;
        c->recorded = number > 0; /* it was run, and gave nothing unless something follows */
        const char *end = end_of_cell(r);
        bool ok = is_blank(rest) ? read_paragraphs(r, c, end) : read_transcript(r, c, rest, end);
        if (!ok || !split_error(c)) return false;
        while (r->text < end) next_line(r);
    }
    return true;
}

lsv_status notebook_read_text(const char *name, const char *text, size_t n, notebook *out, lsv_error *err) {
    *out = (notebook){.loose = true};
    reader r = {.name = name, .text = text, .end = text + n, .b = out};
    if (read_labelled(&r)) return LSV_OK;
    notebook_free(out);
    return lsv_no_memory(err, 0);
}

/* ---- Markdown ---- */

static size_t fence_of(line l) {
    size_t k = 0;
    while (k < l.n && l.at[k] == '`') k++;
    return k >= 3 ? k : 0;
}

static bool is_language(line l, size_t skip) {
    static const char *const names[] = {"python", "python3", "py", "ipython", "ipython3", "lsv"};
    size_t i = skip, n = 0;
    while (i < l.n && (l.at[i] == ' ' || l.at[i] == '{')) i++;
    while (i + n < l.n && isalnum((unsigned char)l.at[i + n])) n++;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (strlen(names[k]) == n && memcmp(names[k], l.at + i, n) == 0) return true;
    return false;
}

lsv_status notebook_read_markdown(const char *name, const char *text, size_t n, notebook *out,
                                  lsv_error *err) {
    *out = (notebook){.loose = true};
    reader r = {.name = name, .text = text, .end = text + n, .b = out};
    bool behind = false; /* nothing but blank lines since a code block */
    while (r.text < r.end) {
        line l = next_line(&r);
        size_t fence = fence_of(l);
        if (!fence) {
            behind = behind && is_blank(l);
            continue;
        }
        bool code = is_language(l, fence), output = behind && fence == l.n;
        const char *begin = r.text, *end = begin;
        int first = r.line + 1;
        while (r.text < r.end) {
            line inner = next_line(&r);
            if (fence_of(inner) >= fence && fence_of(inner) == inner.n) break;
            end = inner.at + inner.n;
        }
        bool ok = true;
        if (code) {
            nb_cell *c = notebook_add(out, NB_CODE, begin, (size_t)(end - begin));
            ok = c != NULL;
            if (c) c->line = first;
        } else if (output) {
            nb_cell *c = &out->cells[out->n - 1];
            c->recorded = true;
            ok = add_output(c, NB_STDOUT, begin, end) && split_error(c);
        }
        if (!ok) {
            notebook_free(out);
            return lsv_no_memory(err, 0);
        }
        behind = code;
    }
    return LSV_OK;
}
