/* Thinning a series to what a picture of so many columns can show.

   A line: consecutive points in one column leave at most four (the first, the lowest, the highest, the last,
   in their order), which draw the same pixels. Pieces outside the frame are cut off before a renderer sees
   them, because a renderer's coordinates are small numbers. A line that jumps to and fro so often that even
   so it keeps more than MOST points covers the frame; every k-th of its points shows the same. */
#include "plot/scale.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/interrupt.h"

enum { MOST = 25000 };
static const double NEAR = 0.02; /* lines are cut off this far outside */

void lsv_path_free(lsv_path *p) {
    lsv_free(p->at);
    *p = (lsv_path){0};
}

static bool put(lsv_path *p, double x, double y, bool move) {
    if (p->n == p->room) {
        ptrdiff_t room = p->room ? 2 * p->room : 256;
        lsv_path_point *at = lsv_realloc(p->at, (size_t)room * sizeof *at);
        if (!at) return false;
        p->at = at;
        p->room = room;
    }
    p->at[p->n++] = (lsv_path_point){(float)x, (float)y, move};
    return true;
}

/* ---- lines ---- */

typedef struct spot {
    double x, y;
    ptrdiff_t order;
} spot;
typedef struct pen {
    lsv_path *path;
    double columns;
    bool down;   /* `last` belongs to the piece being drawn */
    spot last;   /* where the pen is, before cutting        */
    bool joined; /* the path ends where the pen is          */
    bool filled; /* a column is being collected             */
    double column;
    spot first, low, high, end;
    ptrdiff_t order;
} pen;

static bool inside(double x, double y) { return x >= -NEAR && x <= 1 + NEAR && y >= -NEAR && y <= 1 + NEAR; }

/* Liang and Barsky: the part t0 … t1 of the segment a b within the frame. */
static bool cut(spot a, spot b, double *t0, double *t1) {
    double dx = b.x - a.x, dy = b.y - a.y;
    double p[4] = {-dx, dx, -dy, dy}, q[4] = {a.x + NEAR, 1 + NEAR - a.x, a.y + NEAR, 1 + NEAR - a.y};
    *t0 = 0;
    *t1 = 1;
    for (int k = 0; k < 4; k++) {
        if (p[k] == 0) {
            if (q[k] < 0) return false;
            continue;
        }
        double t = q[k] / p[k];
        if (p[k] < 0 && t > *t0) *t0 = t;
        if (p[k] > 0 && t < *t1) *t1 = t;
    }
    return *t0 <= *t1;
}

/* Draw to b. */
static bool draw_to(pen *n, spot b) {
    bool ok = true;
    if (!n->down) {
        n->joined = inside(b.x, b.y);
        if (n->joined) ok = put(n->path, b.x, b.y, true);
    } else if (n->joined && inside(b.x, b.y)) {
        ok = put(n->path, b.x, b.y, false);
    } else {
        double t0, t1;
        spot a = n->last;
        if (cut(a, b, &t0, &t1)) {
            double dx = b.x - a.x, dy = b.y - a.y;
            if (!n->joined) ok = put(n->path, a.x + t0 * dx, a.y + t0 * dy, true);
            ok = ok && put(n->path, a.x + t1 * dx, a.y + t1 * dy, false);
        }
        n->joined = inside(b.x, b.y);
    }
    n->down = true;
    n->last = b;
    return ok;
}

/* The collected column: up to four points, in the order they came. */
static bool empty(pen *n) {
    if (!n->filled) return true;
    n->filled = false;
    spot s[4] = {n->first, n->low, n->high, n->end};
    if (s[1].order > s[2].order) {
        spot t = s[1];
        s[1] = s[2];
        s[2] = t;
    }
    for (int k = 0; k < 4; k++)
        if (k == 0 || s[k].order > s[k - 1].order)
            if (!draw_to(n, s[k])) return false;
    return true;
}

static bool go(pen *n, double x, double y) {
    spot s = {x, y, n->order++};
    double column = floor(x * n->columns);
    if (n->filled && column == n->column) {
        if (y < n->low.y) n->low = s;
        if (y > n->high.y) n->high = s;
        n->end = s;
        return true;
    }
    if (!empty(n)) return false;
    n->filled = true;
    n->column = column;
    n->first = n->low = n->high = n->end = s;
    return true;
}

static bool lift(pen *n) {
    bool ok = empty(n);
    n->down = n->joined = false;
    return ok;
}

/* ---- points ---- */

static bool mark(unsigned char *seen, int columns, int rows, double x, double y) {
    if (!(x >= 0 && x <= 1 && y >= 0 && y <= 1)) return false;
    int c = (int)(x * columns), r = (int)(y * rows);
    size_t cell =
        (size_t)(r < rows ? r : rows - 1) * (size_t)columns + (size_t)(c < columns ? c : columns - 1);
    if (seen[cell / 8] & 1 << cell % 8) return false;
    seen[cell / 8] = (unsigned char)(seen[cell / 8] | 1 << cell % 8);
    return true;
}

static lsv_status points_path(const lsv_series *s, const lsv_scale *sx, const lsv_scale *sy, int columns,
                              int rows, lsv_path *out, lsv_error *err) {
    size_t bytes = ((size_t)columns * (size_t)rows + 7) / 8;
    unsigned char *seen = lsv_calloc(bytes, 1);
    if (!seen) return lsv_no_memory(err, bytes);
    lsv_status status = LSV_OK;
    for (ptrdiff_t i = 0; status == LSV_OK && i < s->n; i++) {
        double x = lsv_scale_place(sx, s->x ? s->x[i] : (double)i), y = lsv_scale_place(sy, s->y[i]);
        if ((i & 0xfffff) == 0xfffff) status = lsv_poll(err);
        if (mark(seen, columns, rows, x, y) && !put(out, x, y, true))
            status = lsv_no_memory(err, sizeof(lsv_path_point));
    }
    lsv_free(seen);
    return status;
}

/* ---- series ---- */

lsv_status lsv_series_path(const lsv_series *s, bool points, const lsv_scale *sx, const lsv_scale *sy,
                           int columns, int rows, lsv_path *out, lsv_error *err) {
    if (points) return points_path(s, sx, sy, columns, rows, out, err);
    pen n = {.path = out, .columns = columns};
    bool ok = true, broken = true;
    double before = 0;
    for (ptrdiff_t i = 0; ok && i < s->n; i++) {
        double x = lsv_scale_place(sx, s->x ? s->x[i] : (double)i), y = lsv_scale_place(sy, s->y[i]);
        if ((i & 0xfffff) == 0xfffff) LSV_TRY(lsv_poll(err));
        if (isnan(x) || isnan(y)) {
            ok = lift(&n);
            broken = true;
            continue;
        }
        if (s->style == LSV_PLOT_STEPS && !broken) ok = go(&n, before, y);
        ok = ok && go(&n, x, y);
        before = x;
        broken = false;
    }
    if (!ok || !lift(&n)) return lsv_no_memory(err, (size_t)out->room * 2 * sizeof(lsv_path_point));
    if (out->n <= MOST) return LSV_OK;
    ptrdiff_t every = out->n / MOST + 1, kept = 0;
    for (ptrdiff_t i = 0; i < out->n; i++)
        if (i % every == 0 || out->at[i].move) out->at[kept++] = out->at[i];
    out->n = kept;
    return LSV_OK;
}
