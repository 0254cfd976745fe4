/* Tables of numbers as text, written: numpy.savetxt. A format is taken apart once into literal text
   and conversions; each number then goes through lib/text's own formatting, so that no format of a
   user's reaches the C library unchecked. */
#include "file/inside.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "text/text.h"

enum { FLUSH = 1 << 15, NUMBER = 400 };

typedef struct piece {
    lsv_span before; /* literal text in front, %% still double */
    char spec[32];   /* "%-10.3" without the conversion        */
    char conversion; /* 0: only literal text                   */
} piece;

typedef struct layout {
    piece *pieces;
    ptrdiff_t n, room;
    const lsv_table_style *style;
    const char *path;
    lsv_error *err;
} layout;

static lsv_status add_piece(layout *l, piece p) {
    if (l->n == l->room) {
        ptrdiff_t room = l->room ? l->room * 2 : 8;
        piece *more = lsv_realloc(l->pieces, (size_t)room * sizeof *more);
        if (!more) return lsv_no_memory(l->err, (size_t)room * sizeof *more);
        l->pieces = more;
        l->room = room;
    }
    l->pieces[l->n++] = p;
    return LSV_OK;
}

/* The pieces of one format; *count its conversions. */
static lsv_status take_apart(layout *l, const char *format, ptrdiff_t *count) {
    const char *start = format, *at = format;
    *count = 0;
    while (*at) {
        if (*at != '%') {
            at++;
            continue;
        }
        if (at[1] == '%') {
            at += 2;
            continue;
        }
        piece p = {.before = {start, (size_t)(at - start)}};
        const char *first = at++;
        at += strspn(at, "-+ #0");
        const char *width = at;
        at += strspn(at, "0123456789");
        size_t digits = (size_t)(at - width), decimals = 0;
        if (*at == '.') {
            const char *precision = ++at;
            at += strspn(at, "0123456789");
            decimals = (size_t)(at - precision);
        }
        size_t n = (size_t)(at - first);
        if (!*at || !strchr("diufFeEgGsr", *at) || digits > 3 || decimals > 2 || n >= sizeof p.spec)
            return lsv_fail(
                l->err, LSV_EVALUE,
                "savetxt: fmt '%.60s' has a conversion that is not supported (%%d, %%i, %%f, %%e, %%g, %%s)",
                format);
        memcpy(p.spec, first, n);
        p.conversion = *at++;
        LSV_TRY(add_piece(l, p));
        ++*count;
        start = at;
    }
    if (at > start) return add_piece(l, (piece){.before = {start, (size_t)(at - start)}});
    return LSV_OK;
}

static const char *or_text(const char *s, const char *fallback) { return s ? s : fallback; }

/* Pieces for a whole row of `columns`. */
static lsv_status lay_out(layout *l, ptrdiff_t columns) {
    const lsv_table_style *s = l->style;
    const char *delimiter = or_text(s->delimiter, " ");
    const lsv_span between = {delimiter, strlen(delimiter)};
    ptrdiff_t count;
    if (s->nformats == 1 && s->formats) {
        LSV_TRY(take_apart(l, s->formats[0], &count));
        if (count == columns && (columns > 1 || l->n > 0)) return LSV_OK;
        if (count != 1)
            return lsv_fail(l->err, LSV_EVALUE, "fmt has wrong number of %% formats:  %.80s", s->formats[0]);
        l->n = 0;
    } else if (s->formats && s->nformats != columns) {
        return lsv_fail(l->err, LSV_EVALUE, "fmt has wrong shape: %d formats for %td columns", s->nformats,
                        columns);
    }
    for (ptrdiff_t k = 0; k < columns; k++) {
        if (k) LSV_TRY(add_piece(l, (piece){.before = between}));
        if (!s->formats) {
            LSV_TRY(add_piece(l, (piece){.spec = "%", .conversion = 's'}));
            continue;
        }
        LSV_TRY(take_apart(l, s->formats[s->nformats == 1 ? 0 : k], &count));
        if (count != 1)
            return lsv_fail(l->err, LSV_EVALUE, "fmt has wrong number of %% formats:  %.80s",
                            s->formats[s->nformats == 1 ? 0 : k]);
    }
    return LSV_OK;
}

static lsv_status put_number(layout *l, lsv_text *t, const piece *p, lsv_scalar x) {
    char format[40], out[NUMBER];
    int n;
    if (strchr("diu", p->conversion)) {
        double d = lsv_scalar_as_double(x);
        if (isnan(d)) return lsv_fail(l->err, LSV_EVALUE, "cannot convert float NaN to integer");
        if (isinf(d)) return lsv_fail(l->err, LSV_EOVERFLOW, "cannot convert float infinity to integer");
        bool floats = lsv_dtype_is_float(x.dtype);
        if (floats && fabs(d) >= 0x1p63)
            return lsv_fail(l->err, LSV_EOVERFLOW,
                            "savetxt: %g does not fit an integer of 64 bits; use fmt=\"%%g\"", d);
        snprintf(format, sizeof format, "%slld", p->spec);
        n = snprintf(out, sizeof out, format, floats ? (long long)d : (long long)x.i);
    } else if (strchr("sr", p->conversion)) {
        lsv_text s = {0};
        if (p->conversion == 's') lsv_text_scalar(&s, x);
        else lsv_text_scalar_repr(&s, x);
        snprintf(format, sizeof format, "%ss", p->spec);
        n = snprintf(out, sizeof out, format, s.data ? s.data : "");
        bool failed = s.failed;
        lsv_text_free(&s);
        if (failed) return lsv_no_memory(l->err, NUMBER);
    } else {
        snprintf(format, sizeof format, "%s%c", p->spec, p->conversion);
        double d = lsv_scalar_as_double(x);
        if (isnan(d)) d = fabs(d); /* Python writes no sign */
        n = snprintf(out, sizeof out, format, d);
    }
    if (n < 0 || n >= NUMBER) { /* %f of a huge number: as many digits as it has */
        char *room = lsv_text_room(t, (size_t)(n < 0 ? 0 : n) + 1);
        if (room && n > 0) {
            snprintf(room, (size_t)n + 1, format, lsv_scalar_as_double(x));
            t->length += (size_t)n;
        }
        return LSV_OK;
    }
    lsv_text_add(t, out, (size_t)n);
    return LSV_OK;
}

static void put_literal(lsv_text *t, lsv_span s) {
    for (size_t i = 0; i < s.n; i++) {
        lsv_text_putc(t, s.at[i]);
        if (s.at[i] == '%' && i + 1 < s.n && s.at[i + 1] == '%') i++;
    }
}

/* The lines of header or footer, each behind the comment sign. */
static void put_comment(lsv_text *t, const lsv_table_style *s, const char *text) {
    if (!text || !*text) return;
    lsv_text_puts(t, or_text(s->comments, "# "));
    for (; *text; text++) {
        lsv_text_putc(t, *text);
        if (*text == '\n') lsv_text_puts(t, or_text(s->comments, "# "));
    }
    lsv_text_puts(t, or_text(s->newline, "\n"));
}

static lsv_status flush(lsv_writer *w, lsv_text *t, lsv_error *err) {
    if (t->failed) return lsv_no_memory(err, t->length);
    lsv_status status = lsv_writer_put(w, t->data ? t->data : "", t->length, err);
    t->length = 0;
    return status;
}

static lsv_status put_rows(layout *l, lsv_writer *w, const lsv_array *a, lsv_text *t) {
    ptrdiff_t rows = a->shape[0];
    for (ptrdiff_t i = 0; i < rows; i++) {
        ptrdiff_t column = 0;
        for (ptrdiff_t k = 0; k < l->n; k++) {
            const piece *p = &l->pieces[k];
            ptrdiff_t at[2] = {i, column};
            if (p->conversion || l->style->formats) put_literal(t, p->before);
            else lsv_text_add(t, p->before.at, p->before.n);
            if (!p->conversion) continue;
            LSV_TRY(put_number(l, t, p, lsv_item(a, at)));
            column++;
        }
        lsv_text_puts(t, or_text(l->style->newline, "\n"));
        if (t->length < FLUSH) continue;
        LSV_TRY(flush(w, t, l->err));
        LSV_TRY(lsv_poll(l->err));
    }
    return LSV_OK;
}

lsv_status lsv_table_save(const char *path, const lsv_array *a, const lsv_table_style *style,
                          lsv_error *err) {
    if (a->ndim < 1 || a->ndim > 2)
        return lsv_fail(err, LSV_EVALUE, "Expected 1D or 2D array, got %dD array instead", a->ndim);
    layout l = {.style = style, .path = path, .err = err};
    lsv_text t = {0};
    lsv_writer *w = NULL;
    lsv_status status = lay_out(&l, a->ndim == 2 ? a->shape[1] : 1);
    if (status == LSV_OK) status = lsv_writer_open(path, &w, err);
    if (status == LSV_OK) {
        put_comment(&t, style, style->header);
        status = put_rows(&l, w, a, &t);
        put_comment(&t, style, style->footer);
        if (status == LSV_OK) status = flush(w, &t, err);
        if (status == LSV_OK) status = lsv_writer_commit(w, err);
        else lsv_writer_abandon(w);
    }
    lsv_text_free(&t);
    lsv_free(l.pieces);
    return status;
}
