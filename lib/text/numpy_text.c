/* An ndarray's text: brackets, line breaks, summaries and the dtype=, shape= at the end.

   The layout goes straight into the output. `column` is the length, in code points, of the
   line so far as NumPy counts it: its first line starts with the hanging indent, which the
   text itself does not contain. A word that does not fit takes the trailing blanks of its
   line away, back to `line_start` and no further. */
#include <limits.h>
#include <string.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "text/numpy_format.h"

typedef struct layout {
    lsv_text *t;
    const lsv_array *a;
    const lsv_numpy_format *format;
    const char *separator;
    size_t separator_bytes, separator_points;
    size_t bare_bytes, bare_points; /* of the separator without its trailing blanks */
    bool summary, old;              /* old: the layout of NumPy 1.13 */
    bool ascii;                     /* a byte is a column in every element   */
    ptrdiff_t edge, item;
    lsv_text word;
    lsv_error *err;
    /* of the row being written */
    size_t line_start, column;
} layout;

static bool blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f); }

static size_t without_blanks(const char *s, size_t n) {
    while (n && blank(s[n - 1])) n--;
    return n;
}

static void break_line(layout *l, ptrdiff_t indent, bool first_and_empty) {
    lsv_text *t = l->t;
    if (first_and_empty) lsv_text_putc(t, ' '); /* what 1.13 makes of a break before the first word */
    else {
        if (t->data && !t->failed)
            t->length = l->line_start + without_blanks(t->data + l->line_start, t->length - l->line_start);
        lsv_text_putc(t, '\n');
        l->line_start = t->length;
        lsv_text_fill(t, ' ', (size_t)indent);
    }
    l->column = (size_t)indent;
}

static void extend(layout *l, const char *word, size_t n, ptrdiff_t width, ptrdiff_t indent,
                   size_t row_start) {
    size_t points = lsv_points(word, n);
    bool wrap = (ptrdiff_t)(l->column + points) > width;
    if (!l->old && (ptrdiff_t)l->column <= indent) wrap = false;
    if (wrap) break_line(l, indent, l->t->length == row_start);
    lsv_text_add(l->t, word, n);
    l->column += points;
}

static bool line_end(char c) { return c == '\n' || c == '\r' || c == '\v' || c == '\f'; }

/* The first line of s: its bytes, and in *next the bytes up to the line after it. */
static size_t first_line(const char *s, size_t n, size_t *next) {
    size_t i = 0;
    while (i < n && !line_end(s[i])) i++;
    *next = i == n ? n : i + 1 < n && s[i] == '\r' && s[i + 1] == '\n' ? i + 2 : i + 1;
    return i;
}

/* A word of several lines, which only a caller's formatter makes. */
static void extend_lines(layout *l, const char *s, size_t n, ptrdiff_t width, ptrdiff_t indent,
                         size_t row_start) {
    size_t next, length = first_line(s, n, &next);
    if (l->old || next == n) {
        extend(l, s, n, width, indent, row_start);
        return;
    }
    size_t longest = 0, last = 0;
    for (size_t i = 0; i < n; i += next) {
        length = first_line(s + i, n - i, &next);
        last = lsv_points(s + i, length);
        if (last > longest) longest = last;
    }
    size_t under = l->column;
    if ((ptrdiff_t)(l->column + longest) > width && (ptrdiff_t)l->column > indent) {
        break_line(l, indent, false);
        under = (size_t)indent;
    }
    for (size_t i = 0; i < n; i += next) {
        length = first_line(s + i, n - i, &next);
        if (i) break_line(l, (ptrdiff_t)under, false);
        lsv_text_add(l->t, s + i, length);
        l->column += lsv_points(s + i, length);
    }
    lsv_text_fill(l->t, ' ', longest - last);
    l->column += longest - last;
}

/* An element written at the end of the line stays there when it fits, as nearly all do. */
static lsv_status add_number(layout *l, const char *at, ptrdiff_t width, ptrdiff_t indent, size_t row_start) {
    lsv_text *t = l->t;
    size_t start = t->length;
    LSV_TRY(lsv_numpy_format_one(l->format, t, at, l->err));
    size_t n = t->length - start, points = l->ascii || t->failed ? n : lsv_points(t->data + start, n);
    if ((ptrdiff_t)(l->column + points) <= width || (!l->old && (ptrdiff_t)l->column <= indent)) {
        l->column += points;
        return LSV_OK;
    }
    l->word.length = 0;
    lsv_text_add(&l->word, t->data + start, n);
    if (t->failed || l->word.failed) return lsv_fail(l->err, LSV_ENOMEM, "out of memory");
    t->length = start;
    extend(l, l->word.data, n, width, indent, row_start);
    return LSV_OK;
}

static lsv_status add_word(layout *l, const char *at, ptrdiff_t width, ptrdiff_t indent, size_t row_start) {
    if (!l->format->formatter) return add_number(l, at, width, indent, row_start);
    lsv_text *w = &l->word;
    w->length = 0;
    LSV_TRY(lsv_numpy_format_one(l->format, w, at, l->err));
    if (w->failed) return lsv_fail(l->err, LSV_ENOMEM, "out of memory");
    if (w->length) extend_lines(l, w->data, w->length, width, indent, row_start);
    else extend(l, "", 0, width, indent, row_start);
    return LSV_OK;
}

static void add_separator(layout *l) {
    lsv_text *t = l->t;
    if (t->capacity - t->length > 8 && (l->separator_bytes - 1) < 2 && !t->failed) { /* nearly always */
        t->data[t->length] = l->separator[0];
        t->data[t->length + 1] = l->separator[l->separator_bytes - 1];
        t->length += l->separator_bytes;
        t->data[t->length] = 0;
    } else lsv_text_add(t, l->separator, l->separator_bytes);
    l->column += l->separator_points;
}

static lsv_status add_row(layout *l, const char *at, ptrdiff_t n, ptrdiff_t step, ptrdiff_t indent,
                          ptrdiff_t width) {
    bool cut = l->summary && n / 2 >= l->edge && 2 * l->edge < n;
    ptrdiff_t lead = cut ? l->edge : 0, trail = cut ? l->edge : n;
    ptrdiff_t room = width - (l->old || l->bare_points > 1 ? (ptrdiff_t)l->bare_points : 1);
    size_t start = l->t->length;
    l->line_start = start;
    l->column = (size_t)indent;
    LSV_TRY(lsv_poll(l->err));
    for (ptrdiff_t i = 0; i < lead; i++) {
        LSV_TRY(add_word(l, at + i * step, room, indent, start));
        add_separator(l);
    }
    if (cut) {
        extend(l, "...", 3, room, indent, start);
        if (l->old) {
            lsv_text_puts(l->t, ", ");
            l->column += 2;
        } else add_separator(l);
    }
    for (ptrdiff_t i = n - trail; i < n - 1; i++) {
        if ((i & 0xfff) == 0) LSV_TRY(lsv_poll(l->err));
        LSV_TRY(add_word(l, at + i * step, room, indent, start));
        add_separator(l);
    }
    return add_word(l, at + (n - 1) * step, l->old ? width : room, indent, start);
}

static void next_block(layout *l, int axes_left, ptrdiff_t indent) {
    lsv_text_add(l->t, l->separator, l->bare_bytes);
    lsv_text_fill(l->t, '\n', (size_t)axes_left - 1);
    lsv_text_fill(l->t, ' ', (size_t)indent);
}

static lsv_status add_axis(layout *l, int axis, const char *at, ptrdiff_t indent, ptrdiff_t width) {
    const lsv_array *a = l->a;
    int axes_left = a->ndim - axis;
    if (axes_left == 0) return lsv_numpy_format_one(l->format, l->t, at, l->err);
    ptrdiff_t n = a->shape[axis], step = a->strides[axis] * l->item;
    lsv_text_putc(l->t, '[');
    if (axes_left == 1) LSV_TRY(add_row(l, at, n, step, indent, width));
    else {
        bool cut = l->summary && n / 2 >= l->edge && 2 * l->edge < n;
        for (ptrdiff_t i = 0; i < n; i++) {
            if (cut && i == l->edge) {
                lsv_text_puts(l->t, "...");
                if (l->old) {
                    lsv_text_puts(l->t, ", \n");
                    lsv_text_fill(l->t, ' ', (size_t)indent);
                } else next_block(l, axes_left, indent);
                i = n - l->edge - (l->edge == 0); /* with no edges, still the last one */
            }
            LSV_TRY(add_axis(l, axis + 1, at + i * step, indent + 1, l->old ? width : width - 1));
            if (i < n - 1) next_block(l, axes_left, indent);
        }
    }
    lsv_text_putc(l->t, ']');
    return LSV_OK;
}

static lsv_status outcome(const lsv_text *t, lsv_error *err) {
    return t->failed ? lsv_fail(err, LSV_ENOMEM, "out of memory") : LSV_OK;
}

lsv_status lsv_text_array2string(lsv_text *t, const lsv_array *a, const lsv_numpy_options *o,
                                 const char *separator, const char *prefix, const char *suffix,
                                 lsv_text_formatter *formatter, void *ctx, lsv_error *err) {
    if (!o) o = &lsv_numpy_defaults;
    if (!separator) separator = " ";
    if (!prefix) prefix = "";
    if (!suffix) suffix = "";
    bool old = lsv_numpy_legacy(o) <= 113;
    if (old && a->ndim == 0) { /* Python's repr of the value */
        lsv_text_scalar_as(t, lsv_load((lsv_dtype)a->dtype, a->data), 113);
        return outcome(t, err);
    }
    if (a->size == 0) {
        lsv_text_puts(t, "[]");
        return outcome(t, err);
    }
    bool summary = a->size > o->threshold;
    lsv_numpy_format format = {.dtype = (lsv_dtype)a->dtype, .o = o, .formatter = formatter, .ctx = ctx};
    /* with no edges NumPy measures everything: a[-0:] is all of a */
    if (!formatter)
        LSV_TRY(lsv_numpy_format_init(&format, a, summary && o->edgeitems > 0 ? o->edgeitems : -1, o, err));

    size_t bytes = strlen(separator), bare = without_blanks(separator, bytes);
    layout l = {.t = t,
                .a = a,
                .format = &format,
                .separator = separator,
                .separator_bytes = bytes,
                .separator_points = lsv_points(separator, bytes),
                .bare_bytes = bare,
                .bare_points = lsv_points(separator, bare),
                .summary = summary,
                .old = old,
                .ascii = !lsv_dtype_is_float(format.dtype) ||
                         (format.nan_points == strlen(o->nanstr) && format.inf_points == strlen(o->infstr)),
                .edge = o->edgeitems,
                .item = (ptrdiff_t)lsv_dtype_size((lsv_dtype)a->dtype),
                .err = err};
    /* room for all of it, within reason, spares most of the growing */
    ptrdiff_t room, each = format.width + format.special_width + (ptrdiff_t)bytes + 1;
    if (!summary && lsv_mul_size(a->size, each, &room)) lsv_text_room(t, (size_t)room);
    ptrdiff_t width = o->linewidth;
    if (!old) width -= (ptrdiff_t)lsv_points(suffix, strlen(suffix));
    lsv_status status = add_axis(&l, 0, a->data, 1 + (ptrdiff_t)lsv_points(prefix, strlen(prefix)), width);
    lsv_text_free(&l.word);
    return status == LSV_OK ? outcome(t, err) : status;
}

lsv_status lsv_text_ndarray_str(lsv_text *t, const lsv_array *a, const lsv_numpy_options *o, lsv_error *err) {
    if (a->ndim) return lsv_text_array2string(t, a, o, " ", "", "", NULL, NULL, err);
    lsv_text_scalar_as(t, lsv_load((lsv_dtype)a->dtype, a->data), lsv_numpy_legacy(o ? o : &lsv_numpy_defaults));
    return outcome(t, err);
}

static void add_shape(lsv_text *t, const lsv_array *a) {
    lsv_text_puts(t, "shape=(");
    for (int i = 0; i < a->ndim; i++) {
        if (i) lsv_text_puts(t, ", ");
        lsv_text_int(t, a->shape[i]);
    }
    lsv_text_puts(t, a->ndim == 1 ? ",)" : ")");
}

static bool implied(lsv_dtype dtype, int legacy) {
    return dtype == LSV_INT64 || dtype == LSV_FLOAT64 || (dtype == LSV_BOOL && legacy > 113);
}

lsv_status lsv_text_ndarray_repr_with(lsv_text *t, const lsv_array *a, const lsv_numpy_options *o,
                                      lsv_text_formatter *formatter, void *ctx, lsv_error *err) {
    if (!o) o = &lsv_numpy_defaults;
    lsv_dtype dtype = (lsv_dtype)a->dtype;
    int legacy = lsv_numpy_legacy(o);
    size_t start = t->length;
    lsv_text_puts(t, "array(");
    LSV_TRY(lsv_text_array2string(t, a, o, ", ", "array(", ")", formatter, ctx, err));

    lsv_text extra = {0};
    if ((a->size == 0 && !(a->ndim == 1 && a->shape[0] == 0)) || (legacy > 210 && a->size > o->threshold))
        add_shape(&extra, a);
    if (!implied(dtype, legacy) || a->size == 0) {
        if (extra.length) lsv_text_puts(&extra, ", ");
        lsv_text_printf(&extra, "dtype=%s", lsv_dtype_name(dtype));
    }
    if (extra.length) {
        lsv_text_putc(t, ',');
        size_t last = 0;
        if (t->data) {
            const char *line = t->data + t->length;
            while (line > t->data + start && line[-1] != '\n') line--;
            last = lsv_points(line, (size_t)(t->data + t->length - line));
        }
        bool apart = legacy > 113 && (ptrdiff_t)(last + extra.length + 1) + 1 > o->linewidth;
        lsv_text_puts(t, apart ? "\n      " : " ");
        lsv_text_add(t, extra.data, extra.length);
    }
    lsv_text_putc(t, ')');
    if (extra.failed) t->failed = true;
    lsv_text_free(&extra);
    return outcome(t, err);
}

lsv_status lsv_text_ndarray_repr(lsv_text *t, const lsv_array *a, const lsv_numpy_options *o,
                                 lsv_error *err) {
    return lsv_text_ndarray_repr_with(t, a, o, NULL, NULL, err);
}
