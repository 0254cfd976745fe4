/* Eighty columns of text, in Unicode or ASCII.

   A line of texts wraps at spaces. A line with matrices is laid out as a block: as high as its
   highest matrix, texts on the middle row, lower matrices in the middle; where the block grows
   wider than the page it is cut before a piece and goes on below. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "lang/teach/teach.h"

enum { WIDTH = 80 };

static size_t width_of(const char *s) { return lsv_text_width(s, strlen(s)); }

/* ---- ASCII ---- */

static const struct { const char *from, *to; } ascii_names[] = {
    {"λ", "lambda"}, {"σ", "sigma"}, {"Σ", "Sigma"}, {"χ", "chi"}, {"θ", "theta"}, {"π", "pi"}, {"ᵀ", "'"}, {"√", "sqrt"},
    {"×", "*"}, {"÷", "/"}, {"·", "."}, {"≈", "~"}, {"±", "+-"}, {"∓", "-+"}, {"≥", ">="}, {"≤", "<="}, {"≠", "!="}, {"‖", "||"},
    {"→", "->"}, {"↦", "->"}, {"✓", "ok"}, {"✗", "no"}, {"─", "-"}, {"½", "1/2"}, {"²", "^2"}, {"³", "^3"}, {"⁴", "^4"}, {"⁵", "^5"},
    {"⁶", "^6"}, {"⁷", "^7"}, {"⁸", "^8"}, {"₀", "0"}, {"₁", "1"}, {"₂", "2"}, {"₃", "3"}, {"₄", "4"}, {"₅", "5"}, {"₆", "6"},
    {"₇", "7"}, {"₈", "8"}, {"₉", "9"}, {"ᵢ", "i"}, {"ⱼ", "j"}, {"ₖ", "k"}, {"₊", "+"}, {"ₙ", "n"}, {"…", "..."}, {"’", "'"},
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

void ls_render_ascii(lsv_text *t, const char *s) {
    while (*s) {
        if (!(*s & 0x80)) {
            lsv_text_putc(t, *s++);
            continue;
        }
        size_t i = 0, n = sizeof ascii_names / sizeof *ascii_names;
        while (i < n && strncmp(s, ascii_names[i].from, strlen(ascii_names[i].from)) != 0) i++;
        if (i == n) { /* unknown: one mark for one character */
            lsv_text_putc(t, '?');
            for (s++; (*s & 0xc0) == 0x80;) s++;
            continue;
        }
        s += strlen(ascii_names[i].from);
        lsv_text_puts(t, ascii_names[i].to);
        if (strcmp(ascii_names[i].to, "sqrt") != 0 || *s == '(') continue;
        lsv_text_putc(t, '('); /* √229: sqrt(229) */
        if ((*s & 0x80)) {     /* √λ₁: the name and its index */
            lsv_text inner = {0};
            const char *start = s;
            while (*s & 0x80) s++;
            char name[32];
            snprintf(name, sizeof name, "%.*s", (int)(s - start), start);
            ls_render_ascii(&inner, name);
            if (inner.data) lsv_text_puts(t, inner.data);
            lsv_text_free(&inner);
        } else {
            while (is_digit(*s) || *s == '/') lsv_text_putc(t, *s++);
        }
        lsv_text_putc(t, ')');
    }
}

static void put(lsv_text *t, const char *s, bool ascii) {
    if (ascii) ls_render_ascii(t, s);
    else lsv_text_puts(t, s);
}

/* ---- wrapping ---- */

/* Words after `used` columns; later lines start at column `hang`. Leading and double spaces inside
   the text are kept as long as the line does not break there. */
static size_t wrap(lsv_text *t, const char *s, size_t used, size_t hang) {
    while (*s) {
        size_t spaces = strspn(s, " "), word = strcspn(s + spaces, " "), wide = lsv_text_width(s + spaces, word);
        if (word && used + spaces + wide > WIDTH && used > hang) {
            lsv_text_putc(t, '\n');
            lsv_text_fill(t, ' ', hang);
            used = hang;
            spaces = s[0] == ' ' ? spaces : 0;
            s += spaces;
            spaces = 0;
        }
        lsv_text_add(t, s, spaces);
        used += spaces;
        s += spaces;
        while (used + wide > WIDTH) { /* one word wider than the page: cut between characters */
            while (word && used < WIDTH) {
                size_t n = 1;
                while (n < word && (s[n] & 0xc0) == 0x80) n++;
                lsv_text_add(t, s, n);
                used += lsv_text_width(s, n);
                s += n;
                word -= n;
            }
            lsv_text_putc(t, '\n');
            lsv_text_fill(t, ' ', hang);
            used = hang;
            wide = lsv_text_width(s, word);
        }
        lsv_text_add(t, s, word);
        used += wide;
        s += word;
    }
    return used;
}

void ls_render_wrapped(lsv_text *t, const char *text, int indent, int hang, bool ascii) {
    lsv_text shown = {0};
    put(&shown, text, ascii);
    lsv_text_fill(t, ' ', (size_t)indent);
    wrap(t, shown.data ? shown.data : "", (size_t)indent, (size_t)hang);
    lsv_text_putc(t, '\n');
    t->failed |= shown.failed;
    lsv_text_free(&shown);
}

/* ---- blocks ---- */

typedef struct box { int height; size_t width; char *row[LSV_EXACT_MAX * 2]; } box;

static void box_free(box *b) {
    for (int i = 0; i < b->height; i++) lsv_free(b->row[i]);
    b->height = 0;
}

static const char *const brackets[2][6] = {{"⎡ ", "⎢ ", "⎣ ", " ⎤", " ⎥", " ⎦"}, {"[ ", "[ ", "[ ", " ]", " ]", " ]"}};

static bool box_matrix(box *b, const ls_cells *m, bool ascii) {
    size_t width[16] = {0};
    *b = (box){0};
    if (m->cols > 16 || m->rows > LSV_EXACT_MAX * 2) return false;
    lsv_text cell = {0};
    for (int i = 0; i < m->rows * m->cols; i++) {
        cell.length = 0;
        put(&cell, m->at[i], ascii);
        if (cell.data) cell.data[cell.length] = 0;
        size_t w = cell.data ? width_of(cell.data) : 0;
        if (w > width[i % m->cols]) width[i % m->cols] = w;
    }
    bool ok = !cell.failed;
    for (int i = 0; ok && i < m->rows; i++) {
        lsv_text row = {0};
        int kind = m->rows == 1 ? -1 : i == 0 ? 0 : i == m->rows - 1 ? 2 : 1;
        lsv_text_puts(&row, kind < 0 ? "[ " : brackets[ascii][kind]);
        for (int j = 0; j < m->cols; j++) {
            cell.length = 0;
            lsv_text_puts(&cell, "");
            put(&cell, m->at[i * m->cols + j], ascii);
            lsv_text_puts(&cell, "");
            const char *s = cell.data && cell.length ? cell.data : "";
            if (cell.data) cell.data[cell.length] = 0;
            lsv_text_fill(&row, ' ', (j ? 2 : 0) + width[j] - (width_of(s) < width[j] ? width_of(s) : width[j]));
            lsv_text_puts(&row, s);
        }
        lsv_text_puts(&row, kind < 0 ? " ]" : brackets[ascii][3 + kind]);
        ok = !row.failed && !cell.failed;
        if (ok) {
            b->row[b->height++] = row.data;
            b->width = width_of(row.data);
        } else {
            lsv_text_free(&row);
        }
    }
    lsv_text_free(&cell);
    if (!ok) box_free(b);
    return ok;
}

static bool box_text(box *b, const char *s, bool ascii) {
    lsv_text t = {0};
    *b = (box){0};
    put(&t, s, ascii);
    lsv_text_puts(&t, "");
    if (t.failed || !t.data) {
        lsv_text_free(&t);
        return false;
    }
    b->row[b->height++] = t.data;
    b->width = width_of(t.data);
    return true;
}

/* Boxes from..to side by side after `prefix` (drawn on the middle row). */
static void draw_row(lsv_text *t, const box *b, int from, int to, const char *prefix) {
    int height = 1;
    for (int i = from; i < to; i++) height = b[i].height > height ? b[i].height : height;
    for (int r = 0; r < height; r++) {
        lsv_text line = {0};
        if (r == (height - 1) / 2) lsv_text_puts(&line, prefix);
        else lsv_text_fill(&line, ' ', width_of(prefix));
        for (int i = from; i < to; i++) {
            int at = r - (height - b[i].height) / 2;
            if (at >= 0 && at < b[i].height) lsv_text_puts(&line, b[i].row[at]);
            else lsv_text_fill(&line, ' ', b[i].width);
        }
        while (line.length && line.data[line.length - 1] == ' ') line.length--;
        if (line.data) lsv_text_add(t, line.data, line.length);
        lsv_text_putc(t, '\n');
        t->failed |= line.failed;
        lsv_text_free(&line);
    }
}

/* A matrix too wide for the page: its entries, one line each. */
static void draw_entries(lsv_text *t, const ls_cells *m, size_t indent, bool ascii) {
    for (int i = 0; i < m->rows; i++)
        for (int j = 0; j < m->cols; j++) {
            char name[40];
            snprintf(name, sizeof name, "(%d,%d)  ", i + 1, j + 1);
            lsv_text s = {0};
            lsv_text_puts(&s, name);
            lsv_text_puts(&s, m->at[i * m->cols + j]);
            ls_render_wrapped(t, s.data ? s.data : "", (int)indent, (int)indent + 7, ascii);
            t->failed |= s.failed;
            lsv_text_free(&s);
        }
}

static void draw_block(lsv_text *t, const ls_line *l, const char *prefix, size_t hang, bool ascii) {
    box b[sizeof l->piece / sizeof l->piece[0]];
    int n = 0;
    for (; n < l->n; n++)
        if (!(l->piece[n].text ? box_text(&b[n], l->piece[n].text, ascii) : box_matrix(&b[n], &l->piece[n].matrix, ascii))) break;
    if (n < l->n) t->failed = true;
    char blank[WIDTH];
    memset(blank, ' ', sizeof blank);
    blank[hang < WIDTH ? hang : WIDTH - 1] = 0;
    const char *start = prefix;
    for (int from = 0; from < n;) {
        size_t used = width_of(start);
        int to = from;
        while (to < n && used + b[to].width <= WIDTH) used += b[to++].width;
        if (to < n && to - from > 1 && !l->piece[to].text && l->piece[to - 1].text && to - 1 > from) to--; /* "≈" goes with what follows */
        if (to == from) { /* wider than a page by itself */
            if (l->piece[from].text) {
                lsv_text_puts(t, start);
                wrap(t, b[from].row[0], width_of(start), hang);
                lsv_text_putc(t, '\n');
            } else {
                if (start == prefix && width_of(prefix) > hang) {
                    lsv_text_puts(t, prefix);
                    lsv_text_putc(t, '\n');
                }
                draw_entries(t, &l->piece[from].matrix, hang, ascii);
            }
            from++;
        } else {
            draw_row(t, b, from, to, start);
            from = to;
        }
        start = blank;
    }
    for (int i = 0; i < n; i++) box_free(&b[i]);
}

static void draw_line(lsv_text *t, const ls_line *l, bool ascii) {
    char prefix[40];
    if (l->label) snprintf(prefix, sizeof prefix, "  %s%*s", l->label, strlen(l->label) < 5 ? 3 : 2, "");
    else snprintf(prefix, sizeof prefix, "%*s", l->indent, "");
    size_t start = strlen(prefix);
    bool block = false;
    for (int i = 0; i < l->n; i++) block |= l->piece[i].text == NULL;
    if (block) {
        draw_block(t, l, prefix, l->label ? start : start + 2, ascii);
        return;
    }
    lsv_text all = {0};
    for (int i = 0; i < l->n; i++) put(&all, l->piece[i].text, ascii);
    lsv_text_puts(t, prefix);
    wrap(t, all.data ? all.data : "", start, l->label ? start : start + 3);
    lsv_text_putc(t, '\n');
    t->failed |= all.failed;
    lsv_text_free(&all);
}

/* "── Step 1 of 12 · WᵀW ─────…", 79 columns */
static void draw_title(lsv_text *t, const ls_walk *w, int step) {
    lsv_text title = {0}, plain = {0};
    lsv_text_printf(&plain, "── Step %d of %d · %s ", step, w->nsteps, w->step[step].title);
    put(&title, plain.data ? plain.data : "", w->ascii);
    size_t wide = title.data ? width_of(title.data) : 0;
    lsv_text_puts(t, title.data ? title.data : "");
    for (; wide < WIDTH - 2; wide++) lsv_text_puts(t, w->ascii ? "-" : "─");
    lsv_text_putc(t, '\n');
    t->failed |= title.failed || plain.failed;
    lsv_text_free(&title);
    lsv_text_free(&plain);
}

void ls_render_step(lsv_text *t, const ls_walk *w, int step, bool rules_only) {
    const ls_step *s = &w->step[step];
    if (step > 0) draw_title(t, w, step);
    int at = 0;
    for (const ls_line *l = s->first; l; l = l->next, at++)
        if (!rules_only || at < s->rules) draw_line(t, l, w->ascii);
    if (s->picture && !rules_only) {
        lsv_text_putc(t, '\n');
        ls_draw_picture(t, w);
    }
}

void ls_render_text(lsv_text *t, const ls_walk *w) {
    for (int i = 0; i <= w->nsteps; i++) {
        if (i) lsv_text_putc(t, '\n');
        ls_render_step(t, w, i, false);
    }
}
