/* A tensor's text. PyTorch chooses one of four layouts for all elements (integers, floats
   that happen to be whole numbers, fixed point, scientific), pads every element on the left to
   the longest, and appends what the numbers do not say: device, size, dtype, gradient. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "text/digits.h"
#include "text/rows.h"

const lsv_torch_options lsv_torch_defaults = {
    .precision = 4, .threshold = 1000, .edgeitems = 3, .linewidth = 80, .sci_mode = -1};

typedef struct printer {
    lsv_text *t;
    const lsv_array *a;
    const lsv_torch_options *o;
    lsv_error *err;
    lsv_dtype dtype;
    bool whole, scientific, summary;
    int width;
    ptrdiff_t item;
} printer;

static void add_float(const printer *p, lsv_text *t, double x) {
    if (p->scientific) lsv_text_exponent(t, x, p->o->precision);
    else if (p->whole) {
        lsv_text_fixed(t, x, 0);
        if (isfinite(x)) lsv_text_putc(t, '.');
    } else lsv_text_fixed(t, x, p->o->precision);
}

/* Only finite numbers other than 0 are measured; lengths are longest at an end of the range. The
   width is that of the layout the numbers ask for, also where sci_mode= then forces the other
   (PyTorch up to 2.8; a later one measures the layout it prints). */
static lsv_status measure_floats(printer *p, const lsv_float_stats *s) {
    p->whole = true;
    p->width = 1;
    if (!s->nonzero) return LSV_OK;
    p->whole = s->whole;
    p->scientific = s->most / s->least > 1000 || s->most > 1e8 || s->least < 1e-4;
    double ends[4] = {s->pos_most, s->pos_least, -s->neg_most, -s->neg_least};
    lsv_text t = {0};
    for (int i = 0; i < 4; i++) {
        if (ends[i] == 0) continue;
        t.length = 0;
        add_float(p, &t, ends[i]);
        if ((int)t.length > p->width) p->width = (int)t.length;
    }
    if (p->o->sci_mode >= 0) p->scientific = p->o->sci_mode;
    bool failed = t.failed;
    lsv_text_free(&t);
    return failed ? lsv_fail(p->err, LSV_ENOMEM, "out of memory") : LSV_OK;
}

static int int_length(int64_t x) {
    char s[20];
    return lsv_u64_digits(s, x < 0 ? 0 - (uint64_t)x : (uint64_t)x) + (x < 0);
}

static lsv_status measure(printer *p, ptrdiff_t edge) {
    if (lsv_dtype_is_float(p->dtype)) {
        lsv_float_stats s;
        LSV_TRY(lsv_float_stats_of(p->a, edge, &s, p->err));
        return measure_floats(p, &s);
    }
    lsv_int_stats s;
    LSV_TRY(lsv_int_stats_of(p->a, edge, &s, p->err));
    p->width = 1;
    if (!s.count) return LSV_OK;
    if (p->dtype == LSV_BOOL) p->width = s.min == 0 ? 5 : 4;
    else p->width = int_length(s.min) > int_length(s.max) ? int_length(s.min) : int_length(s.max);
    return LSV_OK;
}

static void add_element(const printer *p, const char *at) {
    lsv_text *t = p->t;
    size_t start = t->length;
    if (lsv_dtype_is_float(p->dtype)) {
        double x;
        lsv_read_doubles(p->dtype, at, 0, 1, &x);
        add_float(p, t, x);
    } else {
        int64_t i;
        lsv_read_ints(p->dtype, at, 0, 1, &i);
        if (p->dtype == LSV_BOOL) lsv_text_puts(t, i ? "True" : "False");
        else lsv_text_int(t, i);
    }
    size_t n = t->length - start, width = (size_t)p->width;
    if (n >= width || !lsv_text_room(t, width - n)) return;
    memmove(t->data + start + (width - n), t->data + start, n + 1);
    memset(t->data + start, ' ', width - n);
    t->length += width - n;
}

static lsv_status add_vector(const printer *p, const char *at, ptrdiff_t n, ptrdiff_t step,
                             ptrdiff_t indent) {
    ptrdiff_t edge = p->o->edgeitems, space = p->o->linewidth - indent;
    ptrdiff_t per_line = space > 0 ? space / (p->width + 2) : 0, written = 0;
    if (per_line < 1) per_line = 1;
    lsv_text *t = p->t;
    LSV_TRY(lsv_poll(p->err));
    if (p->summary && edge == 0) {
        lsv_text_puts(t, "[...]");
        return LSV_OK;
    }
    bool cut = p->summary && n / 2 >= edge && n > 2 * edge, dots = false;
    lsv_text_putc(t, '[');
    for (ptrdiff_t i = 0; i < n; written++) {
        if ((written & 0xfff) == 0) LSV_TRY(lsv_poll(p->err));
        if (written) {
            if (written % per_line == 0) {
                lsv_text_puts(t, ",\n");
                lsv_text_fill(t, ' ', (size_t)indent + 1);
            } else lsv_text_puts(t, ", ");
        }
        if (cut && i == edge && !dots) {
            lsv_text_puts(t, " ...");
            dots = true;
            i = n - edge;
        } else add_element(p, at + i++ * step);
    }
    lsv_text_putc(t, ']');
    return LSV_OK;
}

static void next_block(const printer *p, int dims, ptrdiff_t indent) {
    lsv_text_putc(p->t, ',');
    lsv_text_fill(p->t, '\n', (size_t)dims - 1);
    lsv_text_fill(p->t, ' ', (size_t)indent + 1);
}

static lsv_status add_axis(const printer *p, int axis, const char *at, ptrdiff_t indent) {
    const lsv_array *a = p->a;
    int dims = a->ndim - axis;
    if (dims == 0) {
        add_element(p, at);
        return LSV_OK;
    }
    ptrdiff_t n = a->shape[axis], step = a->strides[axis] * p->item, edge = p->o->edgeitems;
    if (dims == 1) return add_vector(p, at, n, step, indent);
    bool cut = p->summary && n / 2 >= edge && n > 2 * edge, dots = false;
    lsv_text_putc(p->t, '[');
    for (ptrdiff_t i = 0, written = 0; i < n; written++) {
        if (written) next_block(p, dims, indent);
        if (cut && i == edge && !dots) {
            lsv_text_puts(p->t, "...");
            dots = true;
            i = n - edge;
        } else {
            LSV_TRY(add_axis(p, axis + 1, at + i * step, indent + 1));
            i++;
        }
    }
    lsv_text_putc(p->t, ']');
    return LSV_OK;
}

static lsv_status add_numbers(printer *p, ptrdiff_t indent) {
    const lsv_array *a = p->a;
    if (a->size == 0) {
        lsv_text_puts(p->t, "[]");
        return LSV_OK;
    }
    ptrdiff_t edge = -1;
    p->summary = a->size > p->o->threshold;
    if (p->summary) edge = p->o->edgeitems || a->ndim > 1 ? p->o->edgeitems : -1;
    LSV_TRY(measure(p, edge));
    ptrdiff_t room;
    if (!p->summary && lsv_mul_size(a->size, p->width + 3, &room)) lsv_text_room(p->t, (size_t)room);
    return add_axis(p, 0, a->data, indent);
}

typedef struct suffixes {
    lsv_text *t;
    size_t line, width; /* the last line's length as PyTorch counts it; the line width */
    size_t indent;
} suffixes;

static void add_suffix(suffixes *s, const char *text) {
    size_t n = strlen(text);
    if (s->line + n + 2 > s->width) {
        lsv_text_puts(s->t, ",\n");
        lsv_text_fill(s->t, ' ', s->indent);
        s->line = s->indent + n;
    } else {
        lsv_text_puts(s->t, ", ");
        s->line += n + 2;
    }
    lsv_text_puts(s->t, text);
}

static void add_size(suffixes *s, const lsv_array *a) {
    lsv_text size = {0};
    lsv_text_puts(&size, "size=(");
    for (int i = 0; i < a->ndim; i++) {
        if (i) lsv_text_puts(&size, ", ");
        lsv_text_int(&size, a->shape[i]);
    }
    lsv_text_puts(&size, a->ndim == 1 ? ",)" : ")");
    if (size.data) add_suffix(s, size.data);
    if (size.failed) s->t->failed = true;
    lsv_text_free(&size);
}

static void add_suffixes(const printer *p, size_t start, const char *grad_fn) {
    const lsv_array *a = p->a;
    lsv_text *t = p->t;
    char text[160];
    size_t line = t->length;
    while (line > start && t->data && t->data[line - 1] != '\n') line--;
    /* counted from the line end in front of it, and one more: rfind's -1 on a first line */
    suffixes s = {t, t->length - line + 2, p->o->linewidth > 0 ? (size_t)p->o->linewidth : 0,
                  strlen("tensor(")};
    bool usual = p->dtype == LSV_FLOAT32 || p->dtype == LSV_INT64 || p->dtype == LSV_BOOL;
    if (a->device) {
        snprintf(text, sizeof text, "device='cuda:%d'", a->device - 1);
        add_suffix(&s, text);
    }
    if (a->size == 0 ? a->ndim != 1 : p->o->edgeitems == 0) add_size(&s, a);
    if (a->size == 0 ? p->dtype != LSV_FLOAT32 : !usual) {
        snprintf(text, sizeof text, "dtype=torch.%s", lsv_dtype_name(p->dtype));
        add_suffix(&s, text);
    }
    if (grad_fn) {
        snprintf(text, sizeof text, "grad_fn=<%s>", grad_fn);
        add_suffix(&s, text);
    } else if (a->flags & LSV_REQUIRES_GRAD) add_suffix(&s, "requires_grad=True");
}

lsv_status lsv_text_tensor(lsv_text *t, const lsv_array *a, const lsv_torch_options *o, const char *grad_fn,
                           lsv_error *err) {
    printer p = {.t = t,
                 .a = a,
                 .o = o ? o : &lsv_torch_defaults,
                 .err = err,
                 .dtype = (lsv_dtype)a->dtype,
                 .item = (ptrdiff_t)lsv_dtype_size((lsv_dtype)a->dtype)};
    if (a->flags & LSV_PARAMETER) lsv_text_puts(t, "Parameter containing:\n");
    size_t start = t->length;
    lsv_text_puts(t, "tensor(");
    LSV_TRY(add_numbers(&p, 7));
    add_suffixes(&p, start, grad_fn);
    lsv_text_putc(t, ')');
    return t->failed ? lsv_fail(err, LSV_ENOMEM, "out of memory") : LSV_OK;
}
