/* The walk as Markdown with LaTeX mathematics, as a LaTeX document and as a notebook.

   A line's texts mix words and mathematics. A word is a run of two and more ASCII letters (but for
   det, cos and the like) or punctuation around one; everything else, in runs, is mathematics. */
#include <stdio.h>
#include <string.h>

#include "lang/teach/teach.h"

/* ---- mathematics ---- */

static const struct { const char *from, *to; } names[] = {
    {"λ", "\\lambda "}, {"σ", "\\sigma "}, {"Σ", "\\Sigma "}, {"χ", "\\chi "}, {"θ", "\\theta "}, {"π", "\\pi "}, {"×", "\\times "}, {"÷", "\\div "},
    {"·", "\\cdot "}, {"≈", "\\approx "}, {"±", "\\pm "}, {"∓", "\\mp "}, {"≥", "\\ge "}, {"≤", "\\le "}, {"≠", "\\ne "}, {"→", "\\to "}, {"↦", "\\mapsto "},
    {"‖F", "\\|_{F}"}, {"‖", "\\|"}, {"✓", ""}, {"½", "\\tfrac{1}{2}"}, {"…", "\\ldots "}, {"%", "\\%"}, {"#", "\\#"}, {"&", "\\&"}, {"_", "\\_"}, {"'", "'"},
    {"{", "\\{"}, {"}", "\\}"}, {"|", "|"}, {"$", "\\$"}, {"√", "\\surd "}, {"~", "\\sim "},
};
static const struct { const char *from, *to; bool up; } scripts[] = {
    {"²", "2", true}, {"³", "3", true}, {"⁴", "4", true}, {"⁵", "5", true}, {"⁶", "6", true}, {"⁷", "7", true}, {"⁸", "8", true}, {"ᵀ", "T", true},
    {"₀", "0", false}, {"₁", "1", false}, {"₂", "2", false}, {"₃", "3", false}, {"₄", "4", false}, {"₅", "5", false}, {"₆", "6", false}, {"₇", "7", false},
    {"₈", "8", false}, {"₉", "9", false}, {"ᵢ", "i", false}, {"ⱼ", "j", false}, {"ₖ", "k", false}, {"ₙ", "n", false}, {"₊", "+", false},
};

static bool starts(const char *s, const char *word) { return strncmp(s, word, strlen(word)) == 0; }

/* Scripts in a row: λ₁² is \lambda_{1}^{2}. */
static const char *put_scripts(lsv_text *t, const char *s) {
    for (bool more = true; more;) {
        more = false;
        for (int up = 0; up < 2; up++) {
            bool open = false;
            for (size_t i = 0; i < sizeof scripts / sizeof *scripts;) {
                if (scripts[i].up != (bool)up || !starts(s, scripts[i].from)) {
                    i++;
                    continue;
                }
                if (!open) lsv_text_puts(t, up ? "^{" : "_{");
                open = more = true;
                lsv_text_puts(t, scripts[i].to);
                s += strlen(scripts[i].from);
                i = 0;
            }
            if (open) lsv_text_putc(t, '}');
        }
    }
    return s;
}

static const char *closing(const char *s) { /* s after "(": its ")", or NULL */
    for (int depth = 1; *s; s++) {
        if (*s == '(') depth++;
        if (*s == ')' && --depth == 0) return s;
    }
    return NULL;
}

static void put_math(lsv_text *t, const char *s, const char *end) {
    static const char *const functions[] = {"arccos", "cos", "det", "span", "max", "min"};
    bool bracketed = false; /* [a b; c d] written in one line */
    while (s < end) {
        if (starts(s, "√(")) {
            const char *close = closing(s + strlen("√("));
            if (close && close < end) {
                lsv_text_puts(t, "\\sqrt{");
                put_math(t, s + strlen("√("), close);
                lsv_text_putc(t, '}');
                s = close + 1;
                continue;
            }
        } else if (starts(s, "√")) {
            const char *from = s + strlen("√"), *to = from;
            while (to < end && *to >= '0' && *to <= '9') to++;
            if (to == from) {
                while (to < end && (unsigned char)*to >= 0x80 && !starts(to, "√") && !starts(to, "×")) to++;
            }
            if (to == from && to < end && ((*to >= 'a' && *to <= 'z') || (*to >= 'A' && *to <= 'Z'))) to++;
            if (to > from) {
                lsv_text_puts(t, "\\sqrt{");
                put_math(t, from, to);
                lsv_text_putc(t, '}');
                s = to;
                continue;
            }
        }
        const char *after = put_scripts(t, s);
        if (after != s) {
            s = after;
            continue;
        }
        bool done = false;
        for (size_t i = 0; !done && i < sizeof functions / sizeof *functions; i++)
            if (starts(s, functions[i])) {
                lsv_text_printf(t, "\\operatorname{%s}", functions[i]);
                s += strlen(functions[i]);
                done = true;
            }
        for (size_t i = 0; !done && i < sizeof names / sizeof *names; i++)
            if (starts(s, names[i].from)) {
                lsv_text_puts(t, names[i].to);
                s += strlen(names[i].from);
                done = true;
            }
        if (done) continue;
        if (*s == '[') bracketed = true;
        if (*s == ']') bracketed = false;
        if (*s == ' ' && bracketed) lsv_text_puts(t, "\\ ");
        else if ((unsigned char)*s >= 0x80) { /* nothing LaTeX knows: a mark */
            lsv_text_putc(t, '?');
            while (s + 1 < end && ((unsigned char)s[1] & 0xc0) == 0x80) s++;
        } else if (*s == ' ' && s + 1 < end && s[1] == ' ') {
            lsv_text_puts(t, "\\quad ");
            while (s + 1 < end && s[1] == ' ') s++;
        } else if (*s == '\\') lsv_text_puts(t, "\\backslash ");
        else lsv_text_putc(t, *s);
        s++;
    }
}

void ls_latex_math(lsv_text *t, const char *text) { put_math(t, text, text + strlen(text)); }

/* ---- words and mathematics ---- */

static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static bool is_word(const char *s, size_t n) {
    static const char *const mathematics[] = {"det", "cos", "arccos", "span", "span(", "ad", "bc", "ac", "4ac", "2a"};
    size_t run = 0, best = 0, high = 0;
    for (size_t i = 0; i < n; i++) {
        run = letter(s[i]) ? run + 1 : 0;
        best = run > best ? run : best;
        high += (unsigned char)s[i] >= 0x80;
    }
    if (memchr(s, '"', n)) return true;
    if (best < 2 || high) return n == 1 && (*s == ',' || *s == ';' || *s == ':' || *s == '.');
    for (size_t i = 0; i < sizeof mathematics / sizeof *mathematics; i++) {
        size_t k = strlen(mathematics[i]);
        if (best == k || k <= n)
            for (size_t at = 0; at + k <= n; at++)
                if (memcmp(s + at, mathematics[i], k) == 0 && best <= k && (at == 0 || !letter(s[at - 1])) && (at + k == n || !letter(s[at + k]))) return false;
    }
    for (size_t i = 0; i + 1 < n; i++)
        if (letter(s[i]) && letter(s[i + 1]) && !(s[i] >= 'A' && s[i] <= 'Z' && s[i + 1] >= 'A' && s[i + 1] <= 'Z' && n <= 4)) return true;
    return strchr("UVWIR", s[0]) == NULL || n > 3;
}

static void put_word(lsv_text *t, const char *s, size_t n, bool tex) {
    for (size_t i = 0; i < n; i++) {
        if (strchr(tex ? "%&#_{}$" : "*_", s[i])) lsv_text_putc(t, '\\');
        lsv_text_putc(t, s[i]);
    }
}

/* "a" before a word is the article. */
static bool word_at(const char *s) {
    size_t n = strcspn(s, " "), gap = strspn(s + n, " ");
    if (n == 1 && *s == 'a' && gap == 1 && s[n + gap]) return is_word(s + n + gap, strcspn(s + n + gap, " "));
    return is_word(s, n);
}

/* Text with inline mathematics; display: inside $$, words in \text{}. */
static void put_mixed(lsv_text *t, const char *s, bool display, bool tex) {
    while (*s) {
        size_t spaces = strspn(s, " ");
        if (spaces) lsv_text_puts(t, display && spaces > 1 ? " \\quad " : " ");
        s += spaces;
        if (!*s) break;
        const char *end = s;
        bool word = word_at(s);
        for (;;) { /* as many of a kind as follow */
            end += strcspn(end, " ");
            size_t gap = strspn(end, " ");
            if (!end[gap] || word_at(end + gap) != word || (gap > 1 && !display)) break;
            end += gap;
        }
        if (word) {
            if (display) lsv_text_puts(t, "\\text{");
            put_word(t, s, (size_t)(end - s), tex || display);
            if (display) lsv_text_putc(t, '}');
        } else {
            const char *stop = end;
            const char *tail = "";
            if (!display && stop > s && strchr(",;:.", stop[-1])) { /* punctuation belongs to the sentence */
                tail = stop[-1] == ',' ? "," : stop[-1] == ';' ? ";" : stop[-1] == ':' ? ":" : ".";
                stop--;
            }
            size_t mark = strlen("✓"); /* a check passed ends its clause */
            if (!display && end[strspn(end, " ")] && (size_t)(stop - s) >= mark && memcmp(stop - mark, "✓", mark) == 0) tail = ";";
            lsv_text math = {0};
            put_math(&math, s, stop);
            while (math.length && math.data[math.length - 1] == ' ') math.length--;
            if (math.length) { /* a lone ✓ leaves nothing */
                if (!display) lsv_text_putc(t, '$');
                lsv_text_add(t, math.data, math.length);
                if (!display) lsv_text_putc(t, '$');
            }
            t->failed |= math.failed;
            lsv_text_free(&math);
            lsv_text_puts(t, tail);
        }
        s = end;
    }
}

static void put_matrix(lsv_text *t, const ls_cells *m) {
    lsv_text_puts(t, "\\begin{bmatrix} ");
    for (int i = 0; i < m->rows * m->cols; i++) {
        if (i) lsv_text_puts(t, i % m->cols ? " & " : " \\\\ ");
        ls_latex_math(t, m->at[i]);
    }
    lsv_text_puts(t, " \\end{bmatrix}");
}

/* ---- lines ---- */

static bool mostly_words(const ls_line *l) {
    int words = 0, others = 0;
    for (int i = 0; i < l->n; i++)
        for (const char *s = l->piece[i].text; s && *s;) {
            size_t gap = strspn(s, " "), n = strcspn(s + gap, " ");
            if (n) *(is_word(s + gap, n) ? &words : &others) += 1;
            s += gap + n;
        }
    return 2 * words >= others;
}

static void put_line(lsv_text *t, const ls_line *l, bool tex) {
    bool matrix = false;
    for (int i = 0; i < l->n; i++) matrix |= !l->piece[i].text;
    bool display = matrix || (!l->label && !mostly_words(l));
    if (l->label) lsv_text_printf(t, tex ? "\\emph{%s:} " : "*%s:* ", l->label);
    if (display) lsv_text_puts(t, tex ? "\\[ " : l->label ? "\n\n$$" : "$$");
    for (int i = 0; i < l->n; i++) {
        if (l->piece[i].text) put_mixed(t, l->piece[i].text, display, tex);
        else put_matrix(t, &l->piece[i].matrix);
    }
    if (display) {
        while (t->data && t->length && t->data[t->length - 1] == ' ') t->length--;
        lsv_text_puts(t, tex ? " \\]" : "$$");
    }
    lsv_text_puts(t, "\n\n");
}

static void put_title(lsv_text *t, const ls_walk *w, int step, bool tex) {
    lsv_text title = {0};
    put_mixed(&title, w->step[step].title, false, tex);
    lsv_text_puts(&title, "");
    const char *s = title.data ? title.data : "";
    if (tex) lsv_text_printf(t, "\\section*{%d. %s}\n\n", step, s);
    else lsv_text_printf(t, "## %d. %s\n\n", step, s);
    t->failed |= title.failed;
    lsv_text_free(&title);
}

static void put_step(lsv_text *t, const ls_walk *w, int step, bool tex) {
    if (step) put_title(t, w, step, tex);
    for (const ls_line *l = w->step[step].first; l; l = l->next) put_line(t, l, tex);
}

void ls_render_markdown(lsv_text *t, const ls_walk *w) {
    lsv_text_puts(t, "# SVD by hand\n\n");
    lsv_text_printf(t, w->exact ? "Exact values; decimals are rounded to %d places at the end only.\n\n" : "Decimals, %d places.\n\n", w->digits);
    for (int i = 0; i <= w->nsteps; i++) put_step(t, w, i, false);
    while (t->data && t->length > 1 && t->data[t->length - 1] == '\n' && t->data[t->length - 2] == '\n') t->length--;
    if (t->data) t->data[t->length] = 0;
}

void ls_render_latex(lsv_text *t, const ls_walk *w) {
    lsv_text_puts(t, "\\documentclass{article}\n\\usepackage{amsmath,amssymb}\n\\usepackage[margin=2cm]{geometry}\n\\allowdisplaybreaks\n\\sloppy\n\\setlength{\\parindent}{0pt}\n"
                     "\\setlength{\\parskip}{4pt}\n\\begin{document}\n\n\\section*{SVD by hand}\n\n");
    for (int i = 0; i <= w->nsteps; i++) put_step(t, w, i, true);
    lsv_text_puts(t, "\\end{document}\n");
}

/* ---- notebook ---- */

/* Markdown as the lines of a JSON "source" array. */
static void json_source(lsv_text *t, const char *s) {
    lsv_text_puts(t, "[");
    bool open = false, any = false;
    for (; *s; s++) {
        if (!open) {
            lsv_text_puts(t, any ? ",\n    \"" : "\n    \"");
            open = any = true;
        }
        if (*s == '"' || *s == '\\') lsv_text_putc(t, '\\');
        if (*s == '\n') {
            lsv_text_puts(t, "\\n\"");
            open = false;
        } else {
            lsv_text_putc(t, *s);
        }
    }
    if (open) lsv_text_putc(t, '"');
    lsv_text_puts(t, any ? "\n   ]" : "]");
}

static void cell(lsv_text *t, const char *type, const char *id, const char *source, bool first) {
    lsv_text_printf(t, "%s  {\n   \"cell_type\": \"%s\",\n   \"id\": \"%s\",\n   \"metadata\": {},\n", first ? "" : ",\n", type, id);
    if (strcmp(type, "code") == 0) lsv_text_puts(t, "   \"execution_count\": null,\n   \"outputs\": [],\n");
    lsv_text_puts(t, "   \"source\": ");
    json_source(t, source);
    lsv_text_puts(t, "\n  }");
}

void ls_render_notebook(lsv_text *t, const ls_walk *w) {
    lsv_text_puts(t, "{\n \"cells\": [\n");
    cell(t, "markdown", "title", "# SVD by hand\n", true);
    for (int i = 0; i <= w->nsteps; i++) {
        lsv_text md = {0};
        char id[16];
        put_step(&md, w, i, false);
        while (md.data && md.length && md.data[md.length - 1] == '\n') md.length--;
        if (md.data) md.data[md.length] = 0;
        snprintf(id, sizeof id, "step-%d", i);
        cell(t, "markdown", id, md.data ? md.data : "", false);
        t->failed |= md.failed;
        lsv_text_free(&md);
    }
    lsv_text code = {0};
    lsv_text_puts(&code, "import numpy as np\nW = np.array([");
    for (int i = 0; i < w->m; i++) {
        lsv_text_puts(&code, i ? ", [" : "[");
        for (int j = 0; j < w->n; j++) {
            if (j) lsv_text_puts(&code, ", ");
            lsv_text_float(&code, w->numbers[i * w->n + j]);
        }
        lsv_text_puts(&code, "]");
    }
    lsv_text_puts(&code, "])\nU, S, Vh = np.linalg.svd(W)\nprint(U, S, Vh, sep='\\n')\n");
    cell(t, "code", "check", code.data ? code.data : "", false);
    t->failed |= code.failed;
    lsv_text_free(&code);
    lsv_text_puts(t, "\n ],\n \"metadata\": {\n  \"kernelspec\": {\"display_name\": \"Python 3\", \"language\": \"python\", \"name\": \"python3\"},\n"
                     "  \"language_info\": {\"name\": \"python\"}\n },\n \"nbformat\": 4,\n \"nbformat_minor\": 5\n}\n");
}
