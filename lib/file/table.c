/* Tables of numbers as text, read: numpy.loadtxt and numpy.genfromtxt. One pass over the lines; each
   chosen field becomes one cell of eight bytes, which at the end are converted to the dtype. What
   is no number is named with its row and column as NumPy names it: rows of data from 0, columns
   from 1. */
#include "file/inside.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/interrupt.h"

typedef union cell {
    double f;
    int64_t i;
} cell;

typedef struct table {
    const lsv_table_format *f;
    const char *name;
    size_t delimiter, comments; /* their lengths */
    lsv_span *fields;           /* of one line   */
    ptrdiff_t nfields, fields_room;
    ptrdiff_t width; /* fields of the first row; -1 before it */
    ptrdiff_t kept;  /* columns of the result                 */
    ptrdiff_t rows, line;
    cell *cells;
    ptrdiff_t ncells, room;
    lsv_error *err;
} table;

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r'; }

/* ---- lines and fields ---- */

static lsv_span strip(const char *at, const char *end) {
    while (at < end && is_blank(*at)) at++;
    while (end > at && is_blank(end[-1])) end--;
    return (lsv_span){at, (size_t)(end - at)};
}

static const char *find(const char *at, const char *end, const char *what, size_t n) {
    const char *p = n == 1 ? memchr(at, *what, (size_t)(end - at)) : memmem(at, (size_t)(end - at), what, n);
    return p ? p : end;
}

static lsv_status add_field(table *t, lsv_span s) {
    if (t->nfields == t->fields_room) {
        ptrdiff_t room = t->fields_room ? t->fields_room * 2 : 32;
        lsv_span *more = lsv_realloc(t->fields, (size_t)room * sizeof *more);
        if (!more) return lsv_no_memory(t->err, (size_t)room * sizeof *more);
        t->fields = more;
        t->fields_room = room;
    }
    t->fields[t->nfields++] = s;
    return LSV_OK;
}

static lsv_status split(table *t, const char *at, const char *end) {
    t->nfields = 0;
    if (t->comments) end = find(at, end, t->f->comments, t->comments);
    lsv_span all = strip(at, end);
    if (all.n == 0) return LSV_OK; /* a blank line */
    if (!t->delimiter) {
        for (at = all.at, end = all.at + all.n; at < end;) {
            const char *start = at;
            while (at < end && !is_blank(*at)) at++;
            LSV_TRY(add_field(t, (lsv_span){start, (size_t)(at - start)}));
            while (at < end && is_blank(*at)) at++;
        }
        return LSV_OK;
    }
    for (;;) {
        const char *stop = find(at, end, t->f->delimiter, t->delimiter);
        LSV_TRY(add_field(t, strip(at, stop)));
        if (stop == end) return LSV_OK;
        at = stop + t->delimiter;
    }
}

/* ---- numbers ---- */

/* The whole field as a float, as Python's float() takes it. */
static bool read_float(lsv_span s, double *x) {
    char buffer[400], *end;
    if (s.n == 0 || s.n >= sizeof buffer) return false;
    for (size_t i = 0; i < s.n; i++)
        if (strchr("xXpP(", s.at[i])) return false; /* strtod's hexadecimals and nan(…) */
    memcpy(buffer, s.at, s.n);
    buffer[s.n] = '\0';
    *x = strtod(buffer, &end);
    return end == buffer + s.n;
}

static bool read_int(lsv_span s, int64_t *x) {
    char buffer[64], *end;
    if (s.n == 0 || s.n >= sizeof buffer) return false;
    memcpy(buffer, s.at, s.n);
    buffer[s.n] = '\0';
    errno = 0;
    *x = strtoll(buffer, &end, 10);
    return errno == 0 && end == buffer + s.n;
}

static bool read_cell(const table *t, lsv_span s, cell *c) {
    if (lsv_dtype_is_float(t->f->dtype)) return read_float(s, &c->f);
    if (t->f->lenient && t->f->dtype == LSV_BOOL && s.n >= 4 &&
        (strncasecmp(s.at, "true", s.n) == 0 || strncasecmp(s.at, "false", s.n) == 0)) {
        c->i = s.n == 4;
        return true;
    }
    return read_int(s, &c->i);
}

static lsv_status put_cell(table *t, lsv_span s, ptrdiff_t column) {
    if (t->ncells == t->room) {
        ptrdiff_t room = t->room + t->room / 2 + 256;
        cell *more = room <= PTRDIFF_MAX / (ptrdiff_t)sizeof *more
                         ? lsv_realloc(t->cells, (size_t)room * sizeof *more)
                         : NULL;
        if (!more) return lsv_no_memory(t->err, (size_t)room * sizeof *more);
        t->cells = more;
        t->room = room;
    }
    cell *c = &t->cells[t->ncells++];
    if (read_cell(t, s, c)) return LSV_OK;
    if (t->f->lenient) {
        if (lsv_dtype_is_float(t->f->dtype)) c->f = t->f->filling;
        else c->i = isfinite(t->f->filling) ? (int64_t)t->f->filling : t->f->dtype == LSV_BOOL ? 0 : -1;
        return LSV_OK;
    }
    lsv_fail(t->err, LSV_EVALUE, "could not convert string '%.*s' to %s at row %td, column %td.",
             (int)(s.n < 60 ? s.n : 60), s.at, lsv_dtype_name(t->f->dtype), t->rows, column + 1);
    if (s.n == 0)
        lsv_hint(t->err, "%s: a value is missing; genfromtxt reads it as nan", lsv_tail(t->name, 120));
    else if (!t->delimiter && memchr(s.at, ',', s.n))
        lsv_hint(t->err, "%s: separated by commas? delimiter=\",\"", lsv_tail(t->name, 120));
    else
        lsv_hint(
            t->err,
            "%s: line %td; skiprows= leaves out the first lines, genfromtxt reads what is no number as nan",
            lsv_tail(t->name, 120), t->line);
    return LSV_EVALUE;
}

/* ---- rows ---- */

static lsv_status put_row(table *t) {
    const lsv_table_format *f = t->f;
    if (t->width < 0) {
        t->width = t->nfields;
        t->kept = f->columns ? f->ncolumns : t->width;
    }
    if (t->nfields != t->width && (!f->columns || f->lenient)) {
        if (f->lenient)
            return lsv_fail(t->err, LSV_EVALUE,
                            "Some errors were detected !\n    Line #%td (got %td columns instead of %td)",
                            t->line, t->nfields, t->width);
        return lsv_fail(t->err, LSV_EVALUE,
                        "the number of columns changed from %td to %td at row %td; use `usecols` to select a "
                        "subset and avoid this error",
                        t->width, t->nfields, t->rows + 1);
    }
    for (ptrdiff_t k = 0; k < t->kept; k++) {
        ptrdiff_t column = f->columns ? f->columns[k] : k;
        if (column < -t->nfields || column >= t->nfields)
            return lsv_fail(t->err, LSV_EVALUE, "invalid column index %td at row %td with %td columns",
                            column, t->rows + 1, t->nfields);
        if (column < 0) column += t->nfields;
        LSV_TRY(put_cell(t, t->fields[column], column));
    }
    t->rows++;
    return LSV_OK;
}

/* Names of columns rather than numbers: no field of the line can be read. */
static bool is_header(const table *t) {
    double x;
    for (ptrdiff_t i = 0; i < t->nfields; i++)
        if (read_float(t->fields[i], &x)) return false;
    return true;
}

static lsv_status read_lines(table *t, const char *text, size_t n) {
    const char *at = text, *end = text + n;
    if (n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) at += 3;
    bool first = true;
    for (ptrdiff_t k = 0; k < t->f->skip_footer && end > at; k++) {
        if (end[-1] == '\n') end--;
        while (end > at && end[-1] != '\n') end--;
    }
    for (; at < end && (t->f->max_rows < 0 || t->rows < t->f->max_rows); t->line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at)), *line = at;
        if (!stop) stop = end;
        at = stop < end ? stop + 1 : end;
        if (t->line <= t->f->skip_header) continue;
        LSV_TRY(split(t, line, stop));
        if (t->nfields == 0) continue;
        if ((t->line & 15) == 0) LSV_TRY(lsv_poll(t->err));
        bool skip = first && t->f->header && is_header(t);
        first = false;
        if (!skip) LSV_TRY(put_row(t));
    }
    return LSV_OK;
}

/* The cells as an array without its axes of length 1. */
static lsv_status finish(const table *t, lsv_array **out, lsv_error *err) {
    bool floats = lsv_dtype_is_float(t->f->dtype);
    ptrdiff_t shape[2] = {t->rows, t->kept};
    int ndim = 2;
    if (t->rows == 0) {
        shape[0] = 0;
        shape[1] = 1;
    }
    if (ndim > t->f->ndmin && shape[1] == 1) ndim = 1;
    else if (ndim > t->f->ndmin && shape[0] == 1) shape[0] = shape[1], ndim = 1;
    if (ndim == 1 && t->f->ndmin < 1 && shape[0] == 1) ndim = 0;
    lsv_array *a;
    LSV_TRY(lsv_empty(LSV_NUMPY, floats ? LSV_FLOAT64 : LSV_INT64, ndim, shape, &a, err));
    if (t->ncells) memcpy(lsv_data(a), t->cells, (size_t)t->ncells * sizeof *t->cells);
    if (t->f->dtype == (lsv_dtype)a->dtype) {
        *out = a;
        return LSV_OK;
    }
    lsv_status status = lsv_astype(a, t->f->dtype, out, err);
    lsv_release(a);
    return status;
}

lsv_status lsv_table_parse(const char *name, const char *text, size_t n, const lsv_table_format *f,
                           lsv_array **out, lsv_error *err) {
    table t = {.f = f, .name = name, .width = -1, .line = 1, .err = err};
    t.delimiter = f->delimiter ? strlen(f->delimiter) : 0;
    t.comments = f->comments ? strlen(f->comments) : 0;
    const char *zero = n ? memchr(text, '\0', n) : NULL;
    if (zero)
        return lsv_fail(err, LSV_EVALUE,
                        "%s: byte %td: a NUL: this is no text (load reads .npy, .npz and .safetensors)",
                        lsv_tail(name, 200), zero - text);
    lsv_status status = read_lines(&t, text, n);
    if (status == LSV_OK) status = finish(&t, out, err);
    lsv_free(t.fields);
    lsv_free(t.cells);
    return status;
}

lsv_status lsv_table_load(const char *path, const lsv_table_format *f, lsv_array **out, lsv_error *err) {
    lsv_storage *bytes;
    LSV_TRY(lsv_bytes_open(path, &bytes, err));
    lsv_status status = lsv_table_parse(path, bytes->data, bytes->bytes, f, out, err);
    lsv_bytes_release(bytes);
    return status;
}
