/* Painting an edited cell. A view is laid out as rows of the terminal, each a run of bytes of
   known width; what is on the screen is kept the same way, so an update rewrites the rows that differ
   and nothing else. Only relative movements are used: where on the screen the cell stands is not known.

   A cell higher than the screen shows the rows around the cursor; paint_finish writes all of it. */
#include "repl/terminal/paint.h"

#include "base/alloc.h"
#include "text/text.h"

#include <langinfo.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct row { size_t start, length; int width; } row;

typedef struct layout {
    lsv_text bytes;
    row *rows;
    int n, room;
    int cursor_row, cursor_column;
    int text_rows; /* the others are message */
    bool failed;
} layout;

static layout shown;                 /* what the screen holds */
static int at_row;                   /* the row of it that the cursor is in */
static int columns = 80, lines = 24;
static int top;                      /* first row of the layout that is shown, where not all fit */

bool paint_utf8(void) { return strcmp(nl_langinfo(CODESET), "UTF-8") == 0; }

static void layout_free(layout *l) {
    lsv_text_free(&l->bytes);
    lsv_free(l->rows);
    *l = (layout){0};
}

void paint_free(void) { layout_free(&shown); }

/* ---- laying out ---- */

static void new_row(layout *l) {
    if (l->n == l->room) {
        int room = l->room ? 2 * l->room : 16;
        row *rows = lsv_realloc(l->rows, (size_t)room * sizeof *rows);
        if (!rows) {
            l->failed = true;
            return;
        }
        l->rows = rows;
        l->room = room;
    }
    l->rows[l->n++] = (row){l->bytes.length, 0, 0};
}

static void bytes_of_row(layout *l, const char *s, size_t n) {
    lsv_text_add(&l->bytes, s, n);
    if (l->n) l->rows[l->n - 1].length += n;
}

static void style(layout *l, const char *escape) { bytes_of_row(l, escape, strlen(escape)); }

/* `width` columns go on this row, or on a new one where they do not fit. */
static void put(layout *l, const char *s, size_t n, int width) {
    if (l->n && l->rows[l->n - 1].width + width > columns) new_row(l);
    if (l->failed || !l->n) return;
    bytes_of_row(l, s, n);
    l->rows[l->n - 1].width += width;
}

/* One character of text as it is shown: ^C for a control character, \xNN for bytes that are no text here. */
static size_t put_character(layout *l, const char *s, size_t n) {
    unsigned char c = (unsigned char)s[0];
    char shape[8];
    if (c == '\t') {
        int column = l->n ? l->rows[l->n - 1].width : 0, width = 4 - column % 4;
        put(l, "    ", (size_t)width, width);
        return 1;
    }
    if (c < 32 || c == 127) {
        shape[0] = '^';
        shape[1] = (char)(c ^ 64);
        put(l, shape, 2, 2);
        return 1;
    }
    if (c < 0x80) {
        put(l, s, 1, 1);
        return 1;
    }
    size_t bytes = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC2 ? 2 : 0, good = 1;
    while (good < bytes && good < n && ((unsigned char)s[good] & 0xC0) == 0x80) good++;
    if (!paint_utf8() || bytes == 0 || good < bytes) {
        put(l, shape, (size_t)snprintf(shape, sizeof shape, "\\x%02x", c), 4);
        return 1;
    }
    put(l, s, bytes, (int)lsv_text_width(s, bytes));
    return bytes;
}

static void put_prompt(layout *l, const char *prompt, bool color) {
    if (color) style(l, "\033[32m");
    for (size_t n = strlen(prompt), i = 0; i < n;) { /* readline writes \001 … \002 around what takes no room */
        if (prompt[i] == '\001' || prompt[i] == '\002') i++;
        else i += put_character(l, prompt + i, n - i);
    }
    if (color) style(l, "\033[0m");
}

static void put_text(layout *l, const paint_view *v) {
    bool found = false;
    for (size_t i = 0; i <= v->length;) {
        if (!found && v->point <= i) {
            found = true;
            if (l->rows[l->n - 1].width == columns) new_row(l); /* the cursor needs a column of its own */
            if (l->failed) return;
            l->cursor_row = l->n - 1;
            l->cursor_column = l->rows[l->n - 1].width;
        }
        if (i == v->length) break;
        if (v->text[i] == '\n') {
            new_row(l);
            if (l->failed) return;
            put_prompt(l, v->more, v->color);
            i++;
            continue;
        }
        bool marked = v->styled && ((ptrdiff_t)i == v->pair[0] || (ptrdiff_t)i == v->pair[1]);
        if (marked && l->rows[l->n - 1].width == columns) new_row(l);
        if (l->failed) return;
        if (marked) style(l, v->color ? "\033[1;36m" : "\033[1;4m");
        i += put_character(l, v->text + i, v->length - i);
        if (marked) style(l, "\033[0m");
    }
}

static void put_below(layout *l, const paint_view *v) {
    size_t n = strlen(v->below);
    bool bold = false;
    new_row(l);
    for (size_t i = 0; i < n && !l->failed;) {
        char c = v->below[i];
        if (c == '\n') {
            if (bold) style(l, "\033[0m");
            new_row(l);
            if (bold && !l->failed) style(l, "\033[1m");
            i++;
        } else if (c == '\001' || c == '\002') {
            bold = v->styled && c == '\001';
            if (v->styled) style(l, bold ? "\033[1m" : "\033[0m");
            i++;
        } else {
            i += put_character(l, v->below + i, n - i);
        }
    }
    if (bold) style(l, "\033[0m");
}

/* False: no memory; the screen stays as it is. */
static bool lay_out(layout *l, const paint_view *v, bool with_message) {
    new_row(l);
    if (!l->failed) put_prompt(l, v->prompt, v->color);
    if (!l->failed) put_text(l, v);
    l->text_rows = l->n;
    if (!l->failed && with_message && v->below && *v->below) put_below(l, v);
    if (l->bytes.failed) l->failed = true;
    if (l->failed) layout_free(l);
    return l->n > 0;
}

/* Rows that fit: first the text's around the cursor, then as much of the message as there is room for. */
static void crop(layout *l) {
    int height = lines > 1 ? lines : 1;
    if (l->text_rows <= height) {
        top = 0;
        if (l->n > height) l->n = height;
        return;
    }
    if (l->cursor_row < top) top = l->cursor_row;
    if (l->cursor_row >= top + height) top = l->cursor_row - height + 1;
    if (top > l->text_rows - height) top = l->text_rows - height;
    memmove(l->rows, l->rows + top, (size_t)height * sizeof *l->rows);
    l->cursor_row -= top;
    l->n = l->text_rows = height;
}

/* ---- onto the screen ---- */

static void go_to_row(lsv_text *out, int r) {
    if (r < at_row) lsv_text_printf(out, "\033[%dA", at_row - r);
    while (at_row < r && at_row + 1 < shown.n) { /* rows that are there already: no scrolling */
        lsv_text_puts(out, "\033[B");
        at_row++;
    }
    for (; at_row < r; at_row++) lsv_text_puts(out, "\r\n");
    at_row = r;
    lsv_text_putc(out, '\r');
}

static void write_row(lsv_text *out, const layout *l, int r) {
    lsv_text_add(out, l->bytes.data + l->rows[r].start, l->rows[r].length);
    if (l->rows[r].width < columns) lsv_text_puts(out, "\033[K");
}

static bool same_row(const layout *a, const layout *b, int r) {
    return r < a->n && r < b->n && a->rows[r].length == b->rows[r].length &&
           (a->rows[r].length == 0 || memcmp(a->bytes.data + a->rows[r].start, b->bytes.data + b->rows[r].start, a->rows[r].length) == 0);
}

static void send(lsv_text *out) {
    if (out->data) fwrite(out->data, 1, out->length, stdout);
    fflush(stdout);
    lsv_text_free(out);
}

/* Makes the screen hold l, which is taken. */
static void show(lsv_text *out, layout *l) {
    for (int r = 0; r < l->n; r++) {
        if (same_row(&shown, l, r)) continue;
        go_to_row(out, r);
        write_row(out, l, r);
        if (shown.n <= r) shown.n = r + 1; /* the row is there now; its old content is of no interest */
    }
    if (shown.n > l->n) {
        go_to_row(out, l->n);
        lsv_text_puts(out, "\033[J");
    }
    layout_free(&shown);
    shown = *l;
}

void paint_update(const paint_view *v) {
    layout l = {0};
    lsv_text out = {0};
    if (!lay_out(&l, v, true)) return;
    crop(&l);
    int row_wanted = l.cursor_row, column = l.cursor_column;
    show(&out, &l);
    go_to_row(&out, row_wanted);
    if (column) lsv_text_printf(&out, "\033[%dC", column);
    send(&out);
}

void paint_finish(const paint_view *v) {
    layout l = {0};
    lsv_text out = {0};
    if (lay_out(&l, v, false)) {
        if (l.n > lines || top > 0) { /* only a part of it was shown: write it anew, all of it */
            go_to_row(&out, 0);
            lsv_text_puts(&out, "\033[J");
            layout_free(&shown);
        }
        int last = l.n - 1;
        show(&out, &l);
        go_to_row(&out, last);
    }
    lsv_text_puts(&out, "\r\n");
    send(&out);
    paint_start(columns, lines);
}

void paint_start(int columns_now, int lines_now) {
    layout_free(&shown);
    at_row = top = 0;
    columns = columns_now > 1 ? columns_now : 80;
    lines = lines_now > 0 ? lines_now : 24;
}

void paint_clear_screen(void) {
    fputs("\033[H\033[2J", stdout);
    paint_start(columns, lines);
}

/* The terminal has wrapped its rows anew: the old ones now take as many rows as their widths ask for. */
void paint_resize(int columns_now, int lines_now) {
    int above = 0;
    if (columns_now <= 1) columns_now = columns;
    for (int r = 0; r < at_row && r < shown.n; r++)
        above += shown.rows[r].width > columns_now ? (shown.rows[r].width + columns_now - 1) / columns_now : 1;
    if (shown.n) above += shown.cursor_column / columns_now;
    if (above) printf("\033[%dA", above);
    fputs("\r\033[J", stdout);
    paint_start(columns_now, lines_now);
}
