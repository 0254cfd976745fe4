/* The axes of plt.subplots(2, 3), which matplotlib gives as an array of objects: axs[0, 1], axs[:, 0], axs.flat.

   Such an array, of one or two axes, is a table of the places of its plots in their figure. Each Axes is made when it is asked for. */
#include "lang/builtins/plot/plot.h"
#include "lang/eval/subscript.h"

enum { PLOTS_MOST = 64 }; /* as many as a figure has */

typedef struct grid {
    int ndim;
    ptrdiff_t n[2];                /* n[1] is 1 where ndim is */
    unsigned char at[PLOTS_MOST];  /* in C order */
} grid;

static const ls_type axes_array_type = {"axes_array", "numpy.ndarray"};
static bool array_new(ls_interp *in, ls_value figure, const grid *g, ls_value *out);

static const grid *grid_of(ls_value v) { return v.opaque->payload; }

/* The rows and columns listed; `ndim` of the axes are left, for a single Axes none. */
static bool part(ls_interp *in, ls_value v, int ndim, const ptrdiff_t n[2], const ptrdiff_t start[2], const ptrdiff_t step[2], ls_value *out) {
    const grid *g = grid_of(v);
    grid r = {.ndim = ndim, .n = {n[0], n[1]}};
    ptrdiff_t k = 0;
    for (ptrdiff_t i = 0; i < n[0]; i++)
        for (ptrdiff_t j = 0; j < n[1]; j++) r.at[k++] = g->at[(start[0] + i * step[0]) * g->n[1] + start[1] + j * step[1]];
    if (ndim == 1) r.n[0] = k, r.n[1] = 1;
    return ndim ? array_new(in, v.opaque->state[0], &r, out) : ls_axes_new(in, v.opaque->state[0], r.at[0], out);
}

/* ---- as a container ---- */

/* *left: does the axis stay? */
static bool one_index(ls_interp *in, ls_value index, int axis, ptrdiff_t size, ptrdiff_t *n, ptrdiff_t *start, ptrdiff_t *step, bool *left) {
    *left = index.tag == LS_SLICE;
    if (*left) return ls_slice_bounds(in, index.slice, size, start, step, n);
    if (index.tag != LS_INT) return ls_raise(in, "IndexError", "axes are chosen by integers and slices, not by %s", ls_type_name(index));
    *start = index.i < 0 ? index.i + size : index.i;
    *step = *n = 1;
    if (*start >= 0 && *start < size) return true;
    return ls_raise(in, "IndexError", "index %lld is out of bounds for axis %d with size %td", (long long)index.i, axis, size);
}

static bool get(ls_interp *in, ls_value v, ls_value index, ls_value *out) {
    const grid *g = grid_of(v);
    const ls_value *given = index.tag == LS_TUPLE ? index.tuple->items : &index;
    ptrdiff_t count = index.tag == LS_TUPLE ? index.tuple->n : 1, n[2] = {g->n[0], g->n[1]}, start[2] = {0}, step[2] = {1, 1};
    int ndim = g->ndim;
    if (count > g->ndim) return ls_raise(in, "IndexError", "too many indices for array: array is %d-dimensional, but %td were indexed", g->ndim, count);
    for (int axis = 0; axis < count; axis++) {
        bool left;
        if (!one_index(in, given[axis], axis, g->n[axis], &n[axis], &start[axis], &step[axis], &left)) return false;
        ndim -= !left;
    }
    return part(in, v, ndim, n, start, step, out);
}

static bool length(ls_interp *in, ls_value v, ptrdiff_t *n) {
    (void)in;
    *n = grid_of(v)->n[0];
    return true;
}

/* A list of the items along the first axis; of lists, where `deep` and there are two. */
static bool as_list(ls_interp *in, ls_value v, bool deep, ls_value *out) {
    ls_value list = ls_list_new(grid_of(v)->n[0]);
    bool ok = list.tag != LS_UNSET || ls_no_memory(in);
    for (ptrdiff_t i = 0; ok && i < grid_of(v)->n[0]; i++) {
        ls_value item, inner;
        ok = get(in, v, ls_int(i), &item);
        if (ok && deep && item.opaque->type == &axes_array_type) {
            ok = as_list(in, item, false, &inner);
            ls_drop(item);
            item = inner;
        }
        if (!ok) break;
        ok = ls_list_append(list.list, item) || ls_no_memory(in);
        ls_drop(item);
    }
    if (ok) *out = list;
    else if (list.tag != LS_UNSET) ls_drop(list);
    return ok;
}

static bool iterate(ls_interp *in, ls_value v, ls_value *iter) {
    ls_value list;
    if (!as_list(in, v, false, &list)) return false;
    bool ok = ls_iterate(in, list, iter);
    ls_drop(list);
    return ok;
}

static bool repr(ls_interp *in, lsv_text *t, ls_value v) {
    const grid *g = grid_of(v);
    ptrdiff_t rows = g->ndim == 2 ? g->n[0] : 1, columns = g->n[g->ndim - 1];
    lsv_text_puts(t, g->ndim == 2 ? "array([" : "array(");
    for (ptrdiff_t i = 0; i < rows; i++) {
        lsv_text_puts(t, i ? ",\n       [" : "[");
        for (ptrdiff_t j = 0; j < columns; j++) lsv_text_puts(t, j ? ", <Axes: >" : "<Axes: >");
        lsv_text_putc(t, ']');
    }
    lsv_text_puts(t, g->ndim == 2 ? "], dtype=object)" : ", dtype=object)");
    return !t->failed || ls_no_memory(in);
}

static const ls_hooks hooks = {.repr = repr, .length = length, .get = get, .iterate = iterate};

static bool array_new(ls_interp *in, ls_value figure, const grid *g, ls_value *out) {
    grid *own = lsv_malloc(sizeof *own);
    ls_value v = own ? ls_opaque_new(&axes_array_type, "") : (ls_value){.tag = LS_UNSET};
    if (v.tag == LS_UNSET) {
        lsv_free(own);
        return ls_no_memory(in);
    }
    *own = *g;
    v.opaque->payload = own;
    v.opaque->release = lsv_free;
    v.opaque->hooks = &hooks;
    v.opaque->state[0] = ls_ref(figure);
    *out = v;
    return true;
}

bool ls_axes_array(ls_interp *in, ls_value figure, int rows, int columns, bool squeeze, ls_value *out) {
    grid g = {.ndim = squeeze && (rows == 1 || columns == 1) ? 1 : 2, .n = {rows, columns}};
    if (squeeze && rows * columns == 1) return ls_axes_new(in, figure, 0, out);
    if (g.ndim == 1) g.n[0] = rows * columns, g.n[1] = 1;
    for (int i = 0; i < rows * columns; i++) g.at[i] = (unsigned char)i;
    return array_new(in, figure, &g, out);
}

/* ---- attributes ---- */

BUILTIN(axes_shape) {
    const grid *g = grid_of(args[0]);
    ls_value items[2] = {ls_int(g->n[0]), ls_int(g->n[1])};
    *out = ls_tuple_of(g->ndim, items);
    return out->tag != LS_UNSET || ls_no_memory(w->in);
}

BUILTIN(axes_count) {
    const grid *g = grid_of(args[0]);
    *out = ls_int(w->self->op ? g->ndim : g->n[0] * g->n[1]);
    return true;
}

BUILTIN(axes_flat) {
    grid g = *grid_of(args[0]);
    g.ndim = 1, g.n[0] *= g.n[1], g.n[1] = 1;
    return array_new(w->in, args[0].opaque->state[0], &g, out);
}

BUILTIN(axes_transposed) {
    const grid *g = grid_of(args[0]);
    grid r = *g;
    if (g->ndim == 2) r.n[0] = g->n[1], r.n[1] = g->n[0];
    for (ptrdiff_t i = 0, k = 0; g->ndim == 2 && i < r.n[0]; i++)
        for (ptrdiff_t j = 0; j < r.n[1]; j++) r.at[k++] = g->at[j * g->n[1] + i];
    return array_new(w->in, args[0].opaque->state[0], &r, out);
}

BUILTIN(axes_tolist) { return as_list(w->in, args[0], true, out); }

#define GRID ">>> import matplotlib.pyplot as plt; fig, axs = plt.subplots(2, 3); plt.close()\n>>> "

const ls_builtin ls_family_axes[] = {
    {"axes_array.shape", "(self)", "Rows and columns of an array of Axes", NULL, GRID "axs.shape\n(2, 3)\n>>> axs[0].shape\n(3,)\n", axes_shape, 0, LS_ATTRIBUTE, NULL},
    {"axes_array.size", "(self)", "How many Axes an array has", NULL, GRID "axs.size\n6\n>>> axs[:, 1:].size\n4\n", axes_count, 0, LS_ATTRIBUTE, NULL},
    {"axes_array.ndim", "(self)", "How many axes an array of Axes has", NULL, GRID "axs.ndim\n2\n>>> axs[:, 1].ndim\n1\n", axes_count, 1, LS_ATTRIBUTE, NULL},
    {"axes_array.flat", "(self)", "The Axes one after the other, row by row", NULL, GRID "len(axs.flat)\n6\n>>> [ax for ax in axs[:1, :2].flat]\n[<Axes: >, <Axes: >]\n", axes_flat, 0, LS_ATTRIBUTE, NULL},
    {"axes_array.ravel axes_array.flatten", "(self)", "The Axes one after the other, row by row", NULL, GRID "axs.ravel()[:2]\narray([<Axes: >, <Axes: >], dtype=object)\n>>> len(axs.flatten())\n6\n", axes_flat, 0, LS_CALLABLE, NULL},
    {"axes_array.T", "(self)", "An array of Axes with rows and columns exchanged", NULL, GRID "axs.T.shape\n(3, 2)\n>>> axs[0].T.shape\n(3,)\n", axes_transposed, 0, LS_ATTRIBUTE, NULL},
    {"axes_array.tolist", "(self)", "The Axes in lists", NULL, GRID "axs[0].tolist()\n[<Axes: >, <Axes: >, <Axes: >]\n>>> len(axs.tolist()[1])\n3\n", axes_tolist, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
