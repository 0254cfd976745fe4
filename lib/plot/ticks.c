/* Ticks at round numbers.

   Linear: the smallest step of 1, 2, 2.5 or 5 times a power of ten that keeps within the number asked for;
   labels share their decimals. Very large and very small ones count in a power of ten written once beside
   the axis, and numbers that only differ far behind count from an offset.
   Logarithmic: decades with the eight numbers between them as small ticks; every second, third, … decade
   where they are many; 1, 2 and 5 in each where they are few; within a factor of three, linear steps. */
#include "plot/scale.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static lsv_tick *add(lsv_ticks *t, const lsv_scale *s, long double value, bool major) {
    if (t->n >= LSV_TICKS_MOST) return NULL;
    double place = lsv_scale_place(s, (double)value);
    if (!(place >= -1e-6 && place <= 1 + 1e-6)) return NULL;
    lsv_tick *k = &t->ticks[t->n++];
    *k = (lsv_tick){.value = (double)value, .place = place < 0 ? 0 : place > 1 ? 1 : place, .major = major};
    return k;
}

/* ---- linear ---- */

typedef struct steps {
    long double step;
    int exponent;
    bool half;
} steps; /* half: 2.5, which needs a decimal more */

/* The multiples of step from *first to *last lie within the range; how many they are. */
static long double within(long double low, long double high, long double step, long double *first,
                          long double *last) {
    *first = ceill(low / step - 1e-6L);
    *last = floorl(high / step + 1e-6L);
    return *last - *first + 1;
}

static steps choose_step(long double low, long double high, int most, bool integers) {
    static const struct {
        long double factor;
        bool half;
    } factors[] = {{1, false}, {2, false}, {2.5L, true}, {5, false}};
    long double first, last;
    int e = (int)floorl(log10l((high - low) / most)) - 1;
    for (;; e++)
        for (int k = 0; k < 4; k++) {
            if (integers && (e < 0 || (e == 0 && factors[k].half))) continue;
            long double step = factors[k].factor * powl(10, e);
            if (within(low, high, step, &first, &last) <= most) return (steps){step, e, factors[k].half};
        }
}

/* Numbers far from 0 and close together count from an offset that leaves them four digits or so. */
static long double offset_of(long double low, long double high, long double step) {
    long double size = fmaxl(fabsl(low), fabsl(high));
    if (low * high <= 0 || size < step * 2e4L) return 0;
    long double unit = powl(10, ceill(log10l(high - low)));
    return roundl((low + (high - low) / 2) / unit) * unit;
}

static void linear(const lsv_scale *s, int most, bool integers, lsv_ticks *t) {
    long double low = fminl(s->low, s->high), high = fmaxl(s->low, s->high);
    steps st = choose_step(low, high, most < 3 ? 3 : most, integers);
    long double first, last;
    within(low, high, st.step, &first, &last);
    long double offset = integers ? 0 : offset_of(low, high, st.step);
    long double size = fmaxl(fabsl(first * st.step - offset), fabsl(last * st.step - offset));
    int power = 0;
    if (size >= 1e6L || (size > 0 && size < 0.9999e-4L)) power = (int)floorl(log10l(size) + 1e-9L);
    if (integers && size < 1e9L) power = 0;
    int decimals = power - st.exponent + st.half;
    if (decimals < 0) decimals = 0;
    t->power = power;
    t->offset = (double)offset;
    for (long double k = first; k <= last && t->n < LSV_TICKS_MOST; k += 1) {
        lsv_tick *tick = add(t, s, k * st.step, true);
        if (!tick) continue;
        long double shown = (k * st.step - offset) / powl(10, power);
        if (fabsl(shown) < 0.5L * powl(10, -decimals)) shown = 0;
        snprintf(tick->text, sizeof tick->text, "%.*Lf", decimals < 17 ? decimals : 17, shown);
    }
}

/* ---- logarithmic ---- */

static void label_log(lsv_tick *k, int factor, int e) {
    if (!k) return;
    if (factor == 1) {
        snprintf(k->text, sizeof k->text, "10");
        snprintf(k->power, sizeof k->power, "%d", e);
    } else if (e >= -3 && e <= 3) {
        snprintf(k->text, sizeof k->text, "%.*f", e < 0 ? -e : 0, factor * pow(10, e));
    } else {
        snprintf(k->text, sizeof k->text, "%dx10", factor);
        snprintf(k->power, sizeof k->power, "%d", e);
    }
}

static void few_decades(const lsv_scale *s, int e0, int e1, int most, lsv_ticks *t) {
    double decades = fabs((double)s->span);
    bool all = most / decades >= 10, some = most / decades >= 3.2;
    for (int e = e0 - 1; e <= e1 + 1; e++)
        for (int f = 1; f < 10; f++) {
            bool major = f == 1 || all || (some && (f == 2 || f == 5));
            lsv_tick *k = add(t, s, f * powl(10, e), major);
            if (k && major) label_log(k, f, e);
        }
}

static void many_decades(const lsv_scale *s, int e0, int e1, int most, lsv_ticks *t) {
    static const int strides[] = {1, 2, 3, 4, 5, 6, 10, 15, 20, 25, 30, 50, 100, 150, 200, 300};
    int stride = 300, decades = e1 - e0;
    for (int i = (int)(sizeof strides / sizeof *strides) - 1; i >= 0 && decades / strides[i] < most; i--)
        stride = strides[i];
    for (int e = e0 - 1; e <= e1 + 1; e++) {
        bool major = e % stride == 0;
        lsv_tick *k = major || decades <= 40 ? add(t, s, powl(10, e), major) : NULL;
        if (k && major) label_log(k, 1, e);
        if (decades <= 8)
            for (int f = 2; f < 10; f++) add(t, s, f * powl(10, e), false);
    }
}

void lsv_ticks_make(const lsv_scale *s, int most, bool integers, lsv_ticks *out) {
    out->n = out->power = 0;
    out->offset = 0;
    if (most < 2) most = 2;
    if (most > 24) most = 24;
    double low = fmin(s->low, s->high), high = fmax(s->low, s->high);
    if (!s->log || high / low < 3) {
        linear(s, most, integers, out);
        return;
    }
    int e0 = (int)ceil(log10(low) - 1e-9), e1 = (int)floor(log10(high) + 1e-9);
    if (e1 - e0 < 2) few_decades(s, e0, e1, most, out);
    else many_decades(s, e0, e1, most, out);
}

/* As much of a name as there is room for, whole characters. */
static void label_name(lsv_tick *k, const char *name) {
    size_t n = strlen(name), most = sizeof k->text - 1;
    if (n > most)
        for (n = most; n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80;) n--;
    memcpy(k->text, name, n);
    k->text[n] = 0;
    k->named = true;
}

void lsv_axis_ticks(const lsv_plot_axis *axis, const lsv_scale *s, int most, bool integers, lsv_ticks *out) {
    if (!axis->placed) {
        lsv_ticks_make(s, most, integers, out);
        return;
    }
    out->n = out->power = 0;
    out->offset = 0;
    for (int i = 0; i < axis->nticks; i++) {
        lsv_tick *k = add(out, s, axis->at[i], true);
        if (k && axis->names) label_name(k, axis->names[i] ? axis->names[i] : "");
        else if (k) snprintf(k->text, sizeof k->text, "%.6g", axis->at[i]);
    }
}

/* ---- text ---- */

void lsv_superscript(const char *digits, lsv_text *out) {
    static const char *const raised[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    for (; *digits; digits++) {
        if (*digits >= '0' && *digits <= '9') lsv_text_puts(out, raised[*digits - '0']);
        else if (*digits == '-') lsv_text_puts(out, "⁻");
    }
}

void lsv_tick_text(const lsv_tick *t, bool ascii, lsv_text *out) {
    if (!t->power[0]) {
        lsv_text_puts(out, t->text);
    } else if (ascii) { /* "2x10", "-5": 2e-5 */
        const char *x = strchr(t->text, 'x');
        lsv_text_printf(out, "%.*se%s", x ? (int)(x - t->text) : 1, x ? t->text : "1", t->power);
    } else {
        const char *x = strchr(t->text, 'x');
        if (x) lsv_text_printf(out, "%.*s×", (int)(x - t->text), t->text);
        lsv_text_puts(out, "10");
        lsv_superscript(t->power, out);
    }
}

void lsv_ticks_note(const lsv_ticks *t, bool ascii, lsv_text *out) {
    char power[16];
    snprintf(power, sizeof power, "%d", t->power);
    if (t->power && ascii) lsv_text_printf(out, "x1e%s", power);
    if (t->power && !ascii) {
        lsv_text_puts(out, "×10");
        lsv_superscript(power, out);
    }
    if (t->offset != 0) lsv_text_printf(out, "%s%+.15g", t->power ? " " : "", t->offset);
}
