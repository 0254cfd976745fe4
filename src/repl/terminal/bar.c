/* The text of a progress bar, in the format that tqdm's users know:

       desc:  45%|████▌     | 45/100 [00:01<00:01, 30.20it/s, loss=0.5]
       desc: 45it [00:01, 30.20it/s]                                     without a total

   What stands left and right of the bar decides its length: it fills the columns that are left, one at
   least, and a text that is still too long loses its end. */
#include "repl/terminal/bar.h"

#include <math.h>
#include <string.h>

void bar_interval(lsv_text *t, double seconds) {
    long long s = seconds > 0 ? (long long)seconds : 0, minutes = s / 60, hours = minutes / 60;
    if (hours) lsv_text_printf(t, "%lld:%02lld:%02lld", hours, minutes % 60, s % 60);
    else lsv_text_printf(t, "%02lld:%02lld", minutes, s % 60);
}

/* 999, 1.00k, 12.3M: three digits and a power of 1000. */
static void put_scaled(lsv_text *t, double x) {
    static const char *const powers[] = {"", "k", "M", "G", "T", "P", "E", "Z"};
    for (int i = 0; i < 8; i++, x /= 1000) {
        double size = fabs(x);
        if (size >= 999.5) continue;
        lsv_text_printf(t, "%.*f%s", size >= 99.95 || (i == 0 && x == floor(x)) ? 0 : size >= 9.995 ? 1 : 2, x, powers[i]);
        return;
    }
    lsv_text_printf(t, "%3.1fY", x);
}

static void put_count(lsv_text *t, const ls_bar *b, int64_t n) {
    if (b->scale) put_scaled(t, (double)n);
    else lsv_text_printf(t, "%lld", (long long)n);
}

/* Steps a second, or seconds a step where those are the larger number. */
static void put_rate(lsv_text *t, const ls_bar *b, double rate) {
    bool inverse = rate > 0 && rate < 1;
    if (!(rate > 0)) lsv_text_puts(t, "?");
    else if (b->scale && !inverse) put_scaled(t, rate);
    else if (b->scale) put_scaled(t, 1 / rate);
    else lsv_text_printf(t, "%5.2f", inverse ? 1 / rate : rate);
    if (inverse) lsv_text_printf(t, "s/%s", b->unit);
    else lsv_text_printf(t, "%s/s", b->unit);
}

static void put_postfix(lsv_text *t, const ls_bar *b) {
    if (b->postfix && *b->postfix) lsv_text_printf(t, ", %s", b->postfix);
    lsv_text_putc(t, ']');
}

/* The filled part in eighths of a column (tenths, with digits, where only ASCII can be shown). */
static void put_filling(lsv_text *t, double part, int columns, bool ascii) {
    static const char *const blocks[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
    static const char digits[] = " 123456789#";
    int steps = ascii ? 10 : 8, filled = (int)(part * columns * steps);
    for (int i = 0; i < columns; i++, filled -= steps) {
        int here = filled < 0 ? 0 : filled > steps ? steps : filled;
        if (ascii) lsv_text_putc(t, digits[here]);
        else lsv_text_puts(t, blocks[here]);
    }
}

/* Cut to so many columns, at a character's boundary. */
static void trim(lsv_text *t, int columns) {
    size_t n = t->length;
    while (n && lsv_text_width(t->data, n) > (size_t)columns) {
        do n--;
        while (n && ((unsigned char)t->data[n] & 0xC0) == 0x80);
    }
    if (n == t->length) return;
    t->length = n;
    t->data[n] = 0;
}

void bar_text(lsv_text *t, const ls_bar *b, double elapsed, double rate, int columns, bool ascii) {
    lsv_text right = {0};
    bool known = b->total >= 0 && b->done <= b->total && b->total > 0;
    double left = known && rate > 0 ? (double)(b->total - b->done) / rate : 0;
    if (b->desc && *b->desc) lsv_text_printf(t, "%s: ", b->desc);
    if (!known) {
        put_count(t, b, b->done);
        lsv_text_printf(t, "%s [", b->unit);
        bar_interval(t, elapsed);
        lsv_text_puts(t, ", ");
        put_rate(t, b, rate);
        put_postfix(t, b);
    } else {
        double part = (double)b->done / (double)b->total;
        lsv_text_printf(t, "%3.0f%%|", 100 * part);
        lsv_text_puts(&right, "| ");
        put_count(&right, b, b->done);
        lsv_text_putc(&right, '/');
        put_count(&right, b, b->total);
        lsv_text_puts(&right, " [");
        bar_interval(&right, elapsed);
        lsv_text_putc(&right, '<');
        if (rate > 0) bar_interval(&right, left);
        else lsv_text_putc(&right, '?');
        lsv_text_puts(&right, ", ");
        put_rate(&right, b, rate);
        put_postfix(&right, b);
        int room = columns - (int)lsv_text_width(t->data, t->length) - (int)lsv_text_width(right.data, right.length);
        put_filling(t, part, room > 1 ? room : 1, b->ascii < 0 ? ascii : b->ascii > 0);
        lsv_text_add(t, right.data, right.length);
    }
    lsv_text_free(&right);
    if (!t->failed && t->data) trim(t, columns);
}
