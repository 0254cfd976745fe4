/* The unit circle of R² and its image under W, in the terminal (braille, or ASCII letters) and as SVG.
   The image is drawn in (x, y) where W has two rows, else in the plane of u₁ and u₂. */
#include <math.h>
#include <string.h>

#include "lang/teach/teach.h"

enum { ROWS = 12, LEFT = 14, RIGHT = 46, GAP = 8, COLS = LEFT + GAP + RIGHT };

typedef struct canvas {
    bool ascii;
    unsigned char dots[ROWS][COLS];
    char letter[ROWS][COLS];
    const char *label[ROWS][COLS]; /* starts at that cell */
    char labels[4][16];
} canvas;

bool ls_has_picture(const ls_walk *w) { return w->n == 2 && w->exact; }

/* A dot at x (2 per column), y (4 per row, downwards). */
static void dot(canvas *c, double x, double y, char letter) {
    static const unsigned char bit[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    int px = (int)lround(x), py = (int)lround(y);
    if (px < 0 || py < 0 || px >= 2 * COLS || py >= 4 * ROWS) return;
    c->dots[py / 4][px / 2] |= bit[py % 4][px % 2];
    if (!c->letter[py / 4][px / 2] || letter == 'o') c->letter[py / 4][px / 2] = letter;
}

/* The two vectors of the image plane that the circle's e₁ and e₂ go to, and the half-axes. */
typedef struct map { double a[2][2], v[2][2], axis[2][2], sigma[2]; } map;

static map map_of(const ls_walk *w) {
    map p;
    for (int k = 0; k < 2; k++) {
        int has = k < w->m;
        p.sigma[k] = has ? w->S[k < (w->m < 2 ? w->m : 2) ? k : 0] : 0;
        for (int i = 0; i < 2; i++) p.v[k][i] = w->V[i * 2 + k];
        if (!has) p.sigma[k] = 0;
    }
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < 2; i++) p.axis[k][i] = w->m == 2 ? p.sigma[k] * w->U[i * 2 + k] : i == k ? p.sigma[k] : 0;
    for (int i = 0; i < 2; i++) /* image of (c, s) = axis₁ (v₁·x) + axis₂ (v₂·x) */
        for (int j = 0; j < 2; j++) p.a[i][j] = p.axis[0][i] * p.v[0][j] + p.axis[1][i] * p.v[1][j];
    return p;
}

static void put_label(canvas *c, double x, double y, const char *text) {
    int col = (int)lround(x) / 2, row = (int)lround(y) / 4;
    row = row < 0 ? 0 : row >= ROWS ? ROWS - 1 : row;
    int wide = (int)lsv_text_width(text, strlen(text));
    col = col < 0 ? 0 : col + wide > COLS ? COLS - wide : col;
    c->label[row][col] = text;
}

static void line(canvas *c, double cx, double cy, double dx, double dy, int every) {
    int n = (int)(hypot(dx, dy)) + 1;
    for (int i = 0; i <= n; i += every) dot(c, cx + dx * i / n, cy - dy * i / n, every > 1 ? '.' : '-');
}

static void emit(lsv_text *t, const canvas *c) {
    for (int r = 0; r < ROWS; r++) {
        lsv_text row = {0};
        lsv_text_puts(&row, "    ");
        for (int k = 0; k < COLS; k++) {
            if (c->label[r][k]) {
                const char *s = c->label[r][k];
                if (c->ascii) ls_render_ascii(&row, s);
                else lsv_text_puts(&row, s);
                k += (int)lsv_text_width(s, strlen(s)) - 1 + (c->ascii ? 8 * (strstr(s, "σ") != NULL) / 2 : 0);
                continue;
            }
            unsigned char d = c->dots[r][k];
            if (c->ascii) lsv_text_putc(&row, d ? c->letter[r][k] : ' ');
            else if (!d) lsv_text_putc(&row, ' ');
            else {
                lsv_text_putc(&row, (char)0xe2);
                lsv_text_putc(&row, (char)(0xa0 + (d >> 6)));
                lsv_text_putc(&row, (char)(0x80 + (d & 0x3f)));
            }
        }
        while (row.length && row.data[row.length - 1] == ' ') row.length--;
        if (row.data) lsv_text_add(t, row.data, row.length);
        lsv_text_putc(t, '\n');
        t->failed |= row.failed;
        lsv_text_free(&row);
    }
}

void ls_draw_picture(lsv_text *t, const ls_walk *w) {
    map p = map_of(w);
    canvas c = {.ascii = w->ascii};
    double reach_x = 1e-300, reach_y = 1e-300;
    for (int i = 0; i < 360; i++) {
        double a = i * acos(-1) / 180, x = p.a[0][0] * cos(a) + p.a[0][1] * sin(a), y = p.a[1][0] * cos(a) + p.a[1][1] * sin(a);
        reach_x = fmax(reach_x, fabs(x));
        reach_y = fmax(reach_y, fabs(y));
    }
    double r1 = LEFT - 3, cx1 = LEFT, cy = 2 * ROWS, cx2 = 2 * (LEFT + GAP) + RIGHT;
    double scale = fmin((RIGHT - 6) / reach_x, (2 * ROWS - 3) / reach_y);
    if (p.sigma[0] == 0) scale = 0;
    for (int i = 0; i < 2000; i++) {
        double a = i * acos(-1) / 1000, x = cos(a), y = sin(a);
        dot(&c, cx1 + r1 * x, cy - r1 * y, 'o');
        dot(&c, cx2 + scale * (p.a[0][0] * x + p.a[0][1] * y), cy - scale * (p.a[1][0] * x + p.a[1][1] * y), 'o');
    }
    static const char *const names[2][2] = {{"v₁", "σ₁u₁"}, {"v₂", "σ₂u₂"}};
    for (int k = 0; k < 2; k++) {
        line(&c, cx1, cy, r1 * p.v[k][0], r1 * p.v[k][1], k + 1);
        put_label(&c, cx1 + (r1 + 4) * p.v[k][0] - 1, cy - (r1 + 4) * p.v[k][1], names[k][0]);
        if (p.sigma[k] * scale < 2) continue;
        double ax = scale * p.axis[k][0], ay = scale * p.axis[k][1], length = hypot(ax, ay);
        line(&c, cx2, cy, ax, ay, k + 1);
        put_label(&c, cx2 + ax + 4 * ax / length - (ax < 0 ? 4 : 0), cy - ay - 3 * ay / length, names[k][1]);
    }
    const char *what = w->m == 2 ? "its image" : "its image, in the plane of u₁, u₂";
    const char *shape = w->rank == 0 ? ": a point" : w->rank == 1 ? ": a segment" : fabs(p.sigma[0] - p.sigma[1]) < 1e-12 * p.sigma[0] ? ": a circle again" : ": an ellipse";
    lsv_text head = {0};
    lsv_text_printf(&head, "unit circle in R²     %s%s", what, shape);
    ls_render_wrapped(t, head.data ? head.data : "", 4, 4, w->ascii);
    t->failed |= head.failed;
    lsv_text_free(&head);
    emit(t, &c);
    lsv_text foot = {0};
    if (w->rank == 2) lsv_text_printf(&foot, "half-axes σ₁ ≈ %.*f along u₁, σ₂ ≈ %.*f along u₂", w->digits, p.sigma[0], w->digits, p.sigma[1]);
    else if (w->rank == 1) lsv_text_printf(&foot, "half its length is σ₁ ≈ %.*f, along u₁", w->digits, p.sigma[0]);
    if (foot.data) ls_render_wrapped(t, foot.data, 26, 26, w->ascii);
    t->failed |= foot.failed;
    lsv_text_free(&foot);
}

/* ---- SVG ---- */

static void svg_arrow(lsv_text *t, double cx, double cy, double dx, double dy, const char *color, const char *name, int index) {
    double length = hypot(dx, dy);
    if (length < 1) return;
    lsv_text_printf(t, "  <line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\" stroke=\"%s\" stroke-width=\"2\" marker-end=\"url(#tip%d)\"/>\n", cx, cy, cx + dx, cy - dy, color, index);
    lsv_text_printf(t, "  <text x=\"%.2f\" y=\"%.2f\" fill=\"%s\" text-anchor=\"middle\">%s</text>\n", cx + dx + 18 * dx / length, cy - dy - 18 * dy / length + 5, color, name);
}

void ls_render_svg(lsv_text *t, const ls_walk *w) {
    lsv_text_puts(t, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\" height=\"320\" viewBox=\"0 0 760 320\" font-family=\"sans-serif\" font-size=\"14\">\n"
                     "  <rect width=\"760\" height=\"320\" fill=\"white\"/>\n  <defs>\n");
    static const char *const colors[2] = {"#c0392b", "#2471a3"};
    for (int k = 0; k < 2; k++)
        lsv_text_printf(t, "    <marker id=\"tip%d\" markerWidth=\"8\" markerHeight=\"8\" refX=\"6\" refY=\"3\" orient=\"auto\"><path d=\"M0,0 L6,3 L0,6 z\" fill=\"%s\"/></marker>\n", k, colors[k]);
    lsv_text_puts(t, "  </defs>\n");
    if (!ls_has_picture(w)) {
        lsv_text_puts(t, "  <text x=\"30\" y=\"40\">The picture is drawn for matrices with two columns.</text>\n</svg>\n");
        return;
    }
    map p = map_of(w);
    double rx = 1e-300, ry = 1e-300;
    for (int i = 0; i < 2; i++) {
        double reach = hypot(p.a[i][0], p.a[i][1]);
        if (i == 0) rx = fmax(rx, reach);
        else ry = fmax(ry, reach);
    }
    double scale = p.sigma[0] > 0 ? fmin(210 / rx, 105 / ry) : 0, cx1 = 120, cx2 = 500, cy = 180, r = 80;
    lsv_text_printf(t, "  <text x=\"40\" y=\"30\">unit circle</text>\n  <text x=\"300\" y=\"30\">its image under W%s</text>\n", w->m == 2 ? "" : ", in the plane of u₁ and u₂");
    lsv_text_printf(t, "  <circle cx=\"%.2f\" cy=\"%.2f\" r=\"%.2f\" fill=\"none\" stroke=\"#333\" stroke-width=\"1.5\"/>\n", cx1, cy, r);
    lsv_text_puts(t, "  <path fill=\"none\" stroke=\"#333\" stroke-width=\"1.5\" d=\"");
    for (int i = 0; i <= 120; i++) {
        double a = i * acos(-1) / 60, x = p.a[0][0] * cos(a) + p.a[0][1] * sin(a), y = p.a[1][0] * cos(a) + p.a[1][1] * sin(a);
        lsv_text_printf(t, "%c%.2f,%.2f ", i ? 'L' : 'M', cx2 + scale * x, cy - scale * y);
    }
    lsv_text_puts(t, "\"/>\n");
    static const char *const v[2] = {"v₁", "v₂"}, *const su[2] = {"σ₁u₁", "σ₂u₂"};
    for (int k = 0; k < 2; k++) {
        svg_arrow(t, cx1, cy, r * p.v[k][0], r * p.v[k][1], colors[k], v[k], k);
        svg_arrow(t, cx2, cy, scale * p.axis[k][0], scale * p.axis[k][1], colors[k], su[k], k);
    }
    lsv_text_printf(t, "  <text x=\"300\" y=\"310\">half-axes σ₁ ≈ %.*f, σ₂ ≈ %.*f</text>\n</svg>\n", w->digits, p.sigma[0], w->digits, p.sigma[1]);
}
