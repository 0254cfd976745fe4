/* Figures: ticks and scales, thinning, labels, text; and that running out of memory leaks nothing. */
#include "plot/figure.h"

#include "base/alloc.h"
#include "check.h"
#include "plot/label.h"
#include "plot/scale.h"

#include <float.h>
#include <stdlib.h>

static lsv_array *vector(ptrdiff_t n, const double *v) {
    lsv_array *a = NULL;
    if (lsv_empty(LSV_NUMPY, LSV_FLOAT64, 1, &n, &a, NULL) != LSV_OK) abort();
    if (n) memcpy(lsv_data(a), v, (size_t)n * sizeof *v);
    return a;
}

/* ---- ticks ---- */

/* The labels, joined by spaces. */
static const char *labels(double low, double high, bool log, int most, bool integers) {
    static char text[512];
    static lsv_ticks t;
    lsv_scale s = lsv_scale_make(low, high, log);
    lsv_text out = {0};
    lsv_ticks_make(&s, most, integers, &t);
    for (int i = 0; i < t.n; i++) {
        if (!t.ticks[i].major) continue;
        if (out.length) lsv_text_putc(&out, ' ');
        lsv_tick_text(&t.ticks[i], true, &out);
    }
    lsv_text note = {0};
    lsv_ticks_note(&t, true, &note);
    snprintf(text, sizeof text, "%s%s%s", out.data ? out.data : "", note.data ? " | " : "", note.data ? note.data : "");
    lsv_text_free(&out);
    lsv_text_free(&note);
    return text;
}

static void linear_ticks(void) {
    CHECK_TEXT(labels(0, 1, false, 6, false), "0.0 0.2 0.4 0.6 0.8 1.0");
    CHECK_TEXT(labels(-1.05, 1.05, false, 5, false), "-1.0 -0.5 0.0 0.5 1.0");
    CHECK_TEXT(labels(0, 10, false, 5, false), "0.0 2.5 5.0 7.5 10.0");
    CHECK_TEXT(labels(1, 0, false, 3, false), "0.0 0.5 1.0"); /* reversed: the same numbers */
    CHECK_TEXT(labels(-0.5, 2.5, false, 9, true), "0 1 2");
    CHECK_TEXT(labels(0, 3e7, false, 4, false), "0 1 2 3 | x1e7");
    CHECK_TEXT(labels(0, 4e-6, false, 5, false), "0 1 2 3 4 | x1e-6");
    CHECK_TEXT(labels(1000, 1000 + 4e-7, false, 5, false), "0 1 2 3 4 | x1e-7 +1000");
    CHECK_TEXT(labels(-DBL_MAX, DBL_MAX, false, 5, false), "-1 0 1 | x1e308");
    CHECK_TEXT(labels(0, 4.1e-320, false, 5, false), "0 1 2 3 4 | x1e-320");
}

static void log_ticks(void) {
    CHECK_TEXT(labels(1e-3, 1e3, true, 7, false), "1e-3 1e-2 1e-1 1e0 1e1 1e2 1e3");
    CHECK_TEXT(labels(1e-12, 1, true, 5, false), "1e-12 1e-9 1e-6 1e-3 1e0");
    CHECK_TEXT(labels(1, 30, true, 5, false), "1e0 2 5 1e1 20");
    CHECK_TEXT(labels(2e7, 9e7, true, 5, false), "2e7 5e7");
    CHECK_TEXT(labels(10, 14, true, 5, false), "10 11 12 13 14");
    CHECK_TEXT(labels(1e-300, 1e300, true, 5, false), "1e-300 1e-150 1e0 1e150 1e300");
    lsv_scale s = lsv_scale_make(1, 1000, true);
    lsv_ticks t;
    lsv_ticks_make(&s, 5, false, &t);
    int minor = 0;
    for (int i = 0; i < t.n; i++) minor += !t.ticks[i].major;
    CHECK(minor == 24); /* 2 … 9 in three decades */
    CHECK_NEAR(lsv_scale_place(&s, 10), 1.0 / 3, 1e-15);
    CHECK(isnan(lsv_scale_place(&s, 0)) && isnan(lsv_scale_place(&s, -1)) && isnan(lsv_scale_place(&s, INFINITY)));
}

/* Every range gets at least one label and no more than were asked for. */
static void any_ticks(void) {
    srand(1);
    for (int i = 0; i < 3000; i++) {
        double a = (rand() / (double)RAND_MAX - 0.5) * pow(10, rand() % 20 - 10), b = a + rand() / (double)RAND_MAX * pow(10, rand() % 20 - 10);
        if (!(b - a > 1e-12 * fabs(a))) continue;
        lsv_scale s = lsv_scale_make(a, b, false);
        lsv_ticks t;
        lsv_ticks_make(&s, 3 + i % 6, false, &t);
        bool good = t.n >= 1 && t.n <= 3 + i % 6;
        for (int k = 0; k < t.n; k++) good = good && t.ticks[k].place >= 0 && t.ticks[k].place <= 1 && strlen(t.ticks[k].text) < 24;
        if (!good) printf("%.17g %.17g: %d ticks\n", a, b, t.n);
        CHECK(good);
    }
}

/* ---- thinning ---- */

static void thinning(void) {
    enum { N = 1000000 };
    double *y = malloc(N * sizeof *y);
    if (!y) abort();
    for (int i = 0; i < N; i++) y[i] = sin(i * 0.001);
    y[123456] = 7; /* a spike must be seen */
    y[777777] = NAN;
    lsv_series s = {.n = N, .y = y};
    lsv_scale sx = lsv_scale_make(0, N - 1, false), sy = lsv_scale_make(-1, 7, false);
    lsv_path p = {0};
    CHECK(lsv_series_path(&s, false, &sx, &sy, 500, 300, &p, NULL) == LSV_OK);
    CHECK(p.n <= 4 * 501 + 4 && p.n > 500);
    double highest = 0;
    int pieces = 0;
    for (ptrdiff_t i = 0; i < p.n; i++) {
        highest = fmax(highest, p.at[i].y);
        pieces += p.at[i].move;
        if (i && !p.at[i].move) CHECK(p.at[i].x >= p.at[i - 1].x);
    }
    CHECK(highest == 1 && pieces == 2);
    lsv_path_free(&p);
    CHECK(lsv_series_path(&s, true, &sx, &sy, 100, 50, &p, NULL) == LSV_OK);
    CHECK(p.n > 100 && p.n <= 100 * 50);
    lsv_path_free(&p);
    free(y);
}

static void cutting(void) {
    double x[] = {0, 10, 20}, y[] = {0, 1e300, 0};
    lsv_series s = {.n = 3, .x = x, .y = y};
    lsv_scale sx = lsv_scale_make(0, 20, false), sy = lsv_scale_make(0, 1, false);
    lsv_path p = {0};
    CHECK(lsv_series_path(&s, false, &sx, &sy, 1000, 1000, &p, NULL) == LSV_OK);
    CHECK(p.n == 4);
    for (ptrdiff_t i = 0; i < p.n; i++) CHECK(p.at[i].y >= -0.03f && p.at[i].y <= 1.03f);
    lsv_path_free(&p);
    s.style = LSV_PLOT_STEPS;
    y[1] = 1;
    CHECK(lsv_series_path(&s, false, &sx, &sy, 1000, 1000, &p, NULL) == LSV_OK);
    CHECK(p.n == 5 && p.at[1].x == 0 && p.at[1].y == 1); /* up first, then along */
    lsv_path_free(&p);
}

/* ---- labels, colours ---- */

static void label_is(const char *given, const char *unicode, const char *ascii) {
    lsv_text t = {0}, a = {0};
    lsv_label_take(given, &t);
    CHECK_TEXT(t.data, unicode);
    lsv_label_ascii(t.data, &a);
    CHECK_TEXT(a.data, ascii);
    lsv_text_free(&t);
    lsv_text_free(&a);
}

static void label_texts(void) {
    label_is("$\\sigma_1$ of W", "σ₁ of W", "sigma_1 of W");
    label_is("$10^{-3}$", "10⁻³", "10^-3");
    label_is("$\\|W - BA\\|_F$", "‖W − BA‖_F", "||W - BA||_F");
    label_is("$A^T A$, $U_{12}$, $x^{ab}$", "Aᵀ A, U₁₂, x^(ab)", "A^T A, U_12, x^(ab)");
    label_is("$\\mathbf{u}^\\top v \\leq \\log n$", "uᵀ v ≤ log n", "u^T v <= log n");
    label_is("costs $5", "costs $5", "costs $5");
    label_is("\\$5 to \\$6", "$5 to $6", "$5 to $6");
    label_is("日本", "日本", "??");
}

static void colours(void) {
    lsv_rgb dark = lsv_map_colour(LSV_MAP_SEQUENTIAL, 0), light = lsv_map_colour(LSV_MAP_SEQUENTIAL, 1), none = lsv_map_colour(LSV_MAP_SEQUENTIAL, NAN);
    CHECK(dark.b > dark.g && light.r > 200 && light.g > 200 && light.b < 120);
    CHECK(none.r == none.g && none.g == none.b);
    double before = 0;
    for (int i = 0; i <= 64; i++) { /* lightness rises all the way */
        lsv_rgb c = lsv_map_colour(LSV_MAP_SEQUENTIAL, i / 64.0);
        double luma = 0.2126 * pow(c.r / 255.0, 2.2) + 0.7152 * pow(c.g / 255.0, 2.2) + 0.0722 * pow(c.b / 255.0, 2.2);
        CHECK(luma > before);
        before = luma;
    }
    lsv_rgb low = lsv_map_colour(LSV_MAP_DIVERGING, 0), high = lsv_map_colour(LSV_MAP_DIVERGING, 1), middle = lsv_map_colour(LSV_MAP_DIVERGING, 0.5);
    CHECK(low.b > low.r && high.r > high.b && middle.r > 235 && middle.g > 235 && middle.b > 235);
}

/* ---- text ---- */

static lsv_figure *line_figure(void) {
    double y[] = {0, 1, 4, 9};
    lsv_array *a = vector(4, y);
    lsv_figure *f;
    if (lsv_figure_new(&f, NULL) != LSV_OK) abort();
    f->height = 1.6;
    CHECK(lsv_figure_add(f, NULL, a, &(lsv_series){.label = "squares", .marker = 'o'}, NULL) == LSV_OK);
    CHECK(lsv_figure_text_set(&f->title, "n$^2$", NULL) == LSV_OK);
    lsv_release(a);
    return f;
}

static void text(void) {
    lsv_figure *f = line_figure();
    lsv_text t = {0};
    CHECK(lsv_figure_text(f, (lsv_text_picture){.columns = 40, .ascii = true, .rows = 5}, &t, NULL) == LSV_OK);
    CHECK_TEXT(t.data, "                   n^2\n"
                       "   * squares\n"
                       "  +------------------------------------+\n"
                       "  |                               **** |\n"
                       "  |                          *****     |\n"
                       "5 +                      *****         |\n"
                       "  |              ********              |\n"
                       "0 + **************                     |\n"
                       "  +-+----------+----------+----------+-+\n"
                       "    0          1          2          3\n");
    lsv_text_free(&t);
    t = (lsv_text){0};
    CHECK(lsv_figure_text(f, (lsv_text_picture){.columns = 1 << 20, .rows = 1 << 20}, &t, NULL) == LSV_OK); /* kept within reason */
    CHECK(t.length < 500000);
    lsv_text_free(&t);
    lsv_figure_free(f);
}

/* Every allocation of making and drawing a figure fails in turn. */
static void no_memory(void) {
    double cells[] = {1, -2, 3, 4, 5, 6};
    lsv_array *x = vector(6, cells), *m;
    CHECK(lsv_reshape(x, 2, (ptrdiff_t[]){2, 3}, false, &m, NULL) == LSV_OK);
    long before = lsv_alloc_live(), failures = 0;
    bool through = false;
    for (long k = 1; !through; k++) {
        lsv_figure *f = NULL;
        lsv_text t = {0};
        lsv_alloc_fail_at(k);
        lsv_status s = lsv_figure_new(&f, NULL);
        if (s == LSV_OK) s = lsv_figure_text_set(&f->title, "title", NULL);
        if (s == LSV_OK) s = lsv_figure_text_set(&f->y.label, "label", NULL);
        if (s == LSV_OK) s = lsv_figure_add(f, x, x, &(lsv_series){.label = "a"}, NULL);
        if (s == LSV_OK) s = lsv_figure_guide(f, &(lsv_guide){.at = 2, .upright = true, .label = "here"}, NULL);
        if (s == LSV_OK) s = lsv_figure_text(f, (lsv_text_picture){.columns = 60}, &t, NULL);
        if (s == LSV_OK) s = lsv_figure_image(f, m, LSV_MAP_AUTO, NAN, NAN, NULL);
        if (s == LSV_OK) s = lsv_figure_text(f, (lsv_text_picture){.columns = 60}, &t, NULL);
        lsv_alloc_fail_at(0);
        through = s == LSV_OK;
        failures += !through;
        CHECK(through || s == LSV_ENOMEM);
        lsv_text_free(&t);
        lsv_figure_free(f);
        CHECK(lsv_alloc_live() == before);
    }
    CHECK(failures > 12);
    if (failures <= 12) printf("%ld allocations failed\n", failures);
    lsv_release(m);
    lsv_release(x);
}

static void refusals(void) {
    double v[] = {1, 2, 3};
    lsv_array *x = vector(3, v), *y = vector(2, v), *m;
    lsv_figure *f;
    lsv_error err;
    CHECK(lsv_reshape(x, 2, (ptrdiff_t[]){1, 3}, false, &m, NULL) == LSV_OK && lsv_figure_new(&f, NULL) == LSV_OK);
    CHECK(lsv_figure_add(f, x, y, &(lsv_series){0}, &err) == LSV_EVALUE);
    CHECK_TEXT(err.message, "x and y must have the same length, but x has 3 and y has 2 elements");
    CHECK(lsv_figure_add(f, NULL, m, &(lsv_series){0}, &err) == LSV_EVALUE && lsv_figure_image(f, x, LSV_MAP_AUTO, NAN, NAN, &err) == LSV_EVALUE);
    CHECK(f->nseries == 0 && !f->image.cells);
    CHECK(lsv_figure_save(f, "picture.jpg", 0, &err) != LSV_OK);
    lsv_figure_free(f);
    lsv_release(m);
    lsv_release(x);
    lsv_release(y);
}

int main(void) {
    linear_ticks();
    log_ticks();
    any_ticks();
    thinning();
    cutting();
    label_texts();
    colours();
    text();
    no_memory();
    refusals();
    return check_done();
}
