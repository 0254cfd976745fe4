/* What NumPy makes by subscripting: np.mgrid and np.ogrid (grids of points), np.r_ and np.c_ (arrays put together out of
   slices, numbers and arrays), np.s_ and np.index_exp (the subscript itself).

   A slice stands for the points np.arange(start, stop, step) has; an imaginary step counts them instead (0:1:5j: five
   points, the last one included). The record's one argument is what stands in the brackets: a tuple where a comma does. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array/elementwise.h"
#include "lang/builtins/support.h"

/* ---- slices ---- */

static bool counts_points(ls_value step) { return step.tag == LS_OPAQUE && step.opaque->type == &ls_type_complex; }

/* How many: |5j| is 5, |2.5j| 2. */
static bool points_of(ls_work *w, ls_value step, int64_t *n) {
    double x = step.opaque->state[0].f;
    *n = 0;
    if (!(x < 9e15)) return ls_raise(w->in, "ValueError", "Maximum allowed size exceeded");
    *n = (int64_t)x;
    return true;
}

/* A builtin's result as a kept array. */
static bool called(ls_work *w, const char *name, const ls_value *args, int n, lsv_array **a) {
    ls_value v;
    if (!ls_call(w->in, (ls_value){.tag = LS_BUILTIN, .builtin = ls_builtin_find(name)}, args, n, &v)) return false;
    *a = v.array; /* np.arange and np.linspace give arrays */
    return ls_keep(w, v.array);
}

static bool points_in(ls_work *w, const ls_slice *s, lsv_array **a) {
    ls_value args[3] = {s->start.tag == LS_NONE ? ls_int(0) : s->start, s->stop, s->step};
    if (!counts_points(s->step)) return called(w, "np.arange", args, 3, a);
    int64_t n;
    if (args[1].tag == LS_NONE) return ls_raise(w->in, "TypeError", "unsupported operand type(s) for -: 'NoneType' and '%s'", ls_type_name(args[0]));
    if (!points_of(w, s->step, &n)) return false;
    args[2] = ls_int(n);
    return called(w, "np.linspace", args, 3, a);
}

/* ---- np.mgrid, np.ogrid ---- */

typedef struct grid_axis { ls_value start, step; ptrdiff_t n; } grid_axis;

/* The dtype in which numbers meet: Python's own give way to NumPy's of the same category. */
static void meet(ls_value v, lsv_dtype *d, bool *firm) {
    lsv_dtype own = v.tag == LS_FLOAT ? LSV_FLOAT64 : v.tag == LS_NPSCALAR ? (lsv_dtype)v.dtype : LSV_INT64;
    bool real = lsv_dtype_is_float(own), have = lsv_dtype_is_float(*d);
    if (v.tag == LS_NPSCALAR && *firm) *d = lsv_promote_types(LSV_NUMPY, *d, own);
    else if (v.tag == LS_NPSCALAR && (real || !have)) *d = own;
    else if (real && !have) *d = own;
    *firm = *firm || (v.tag == LS_NPSCALAR && (real || !have));
}

static bool number(ls_work *w, ls_value v) {
    if (ls_is_number(v)) return true;
    return ls_raise(w->in, "TypeError", "a grid's start, stop and step are numbers, not '%s'", ls_type_name(v));
}

/* step becomes the distance between two points. */
static bool grid_axis_of(ls_work *w, const ls_slice *s, grid_axis *g, lsv_dtype *d, bool *firm) {
    double start, stop, step;
    bool counted = counts_points(s->step);
    g->start = s->start.tag == LS_NONE ? ls_int(0) : s->start;
    g->step = s->step.tag == LS_NONE ? ls_int(1) : s->step;
    if (!number(w, g->start) || !number(w, s->stop) || (!counted && !number(w, g->step))) return false;
    if (!ls_as_double(w->in, g->start, "start", &start) || !ls_as_double(w->in, s->stop, "stop", &stop)) return false;
    meet(g->start, d, firm);
    meet(s->stop, d, firm);
    meet(counted ? ls_float(0) : g->step, d, firm);
    int64_t n;
    if (counted) {
        if (!points_of(w, s->step, &n)) return false;
        g->n = (ptrdiff_t)n;
        g->step = n == 1 ? ls_int(1) : ls_float((stop - start) / (double)(n - 1));
        return true;
    }
    if (!ls_as_double(w->in, g->step, "step", &step)) return false;
    if (step == 0) return ls_raise(w->in, "ZeroDivisionError", "division by zero");
    double count = ceil((stop - start) / step);
    if (!(fabs(count) < 9e15)) return ls_raise(w->in, "ValueError", "Maximum allowed size exceeded");
    g->n = (ptrdiff_t)count;
    return true;
}

/* 0, 1, 2, … times the step plus the start, in d. */
static bool axis_points(ls_work *w, const grid_axis *g, lsv_dtype d, lsv_array **a) {
    lsv_array *index, *x, *y;
    ls_value both[2] = {g->step, g->start};
    if (!ls_ok(w, lsv_arange(LSV_NUMPY, d, lsv_scalar_int(0), lsv_scalar_int(1), g->n < 0 ? 0 : g->n, &index, &w->err)) || !ls_keep(w, index)) return false;
    if (!ls_operand(w, both, 0, &x) || !ls_operand(w, both, 1, &y)) return false;
    if (!ls_binary_arrays(w, LSV_OP_MUL, index, x, a) || !ls_binary_arrays(w, LSV_OP_ADD, *a, y, a)) return false;
    return ls_ok(w, lsv_as_dtype(*a, d, a, &w->err)) && ls_keep(w, *a);
}

/* The axis's points with the other axes of length 1. */
static bool laid_out(ls_work *w, int ndim, int k, lsv_array **a) {
    lsv_index ix[LSV_MAXDIM];
    for (int i = 0; i < ndim; i++) ix[i] = (lsv_index){.type = i == k ? LSV_IX_SLICE : LSV_IX_NEWAXIS, .step = 1};
    return ls_ok(w, lsv_index_get(*a, ix, ndim, a, &w->err)) && ls_keep(w, *a);
}

static bool dense_grid(ls_work *w, int ndim, const grid_axis *axes, lsv_dtype d, lsv_array *const *points, ls_value *out) {
    ptrdiff_t shape[LSV_MAXDIM] = {ndim};
    lsv_array *r, *part;
    for (int k = 0; k < ndim; k++) shape[k + 1] = axes[k].n;
    if (!ls_new(w, d, ndim + 1, shape, &r)) return false;
    for (int k = 0; k < ndim; k++) {
        lsv_index ix = {.type = LSV_IX_INT, .start = k};
        if (!ls_ok(w, lsv_index_get(r, &ix, 1, &part, &w->err)) || !ls_keep(w, part)) return false;
        if (!ls_ok(w, lsv_assign(part, points[k], &w->err))) return false;
    }
    r = lsv_ref(r);
    return ls_give_array(w, out, LSV_OK, &r);
}

/* op: ogrid, whose arrays are as long as their own axis only */
BUILTIN(np_mgrid) {
    ls_value key = args[0];
    bool open = w->self->op, firm = false;
    lsv_array *points[LSV_MAXDIM];
    grid_axis axes[LSV_MAXDIM];
    lsv_dtype d = LSV_INT64;
    if (key.tag == LS_SLICE) return points_in(w, key.slice, &points[0]) && ls_give_array(w, out, LSV_OK, (lsv_ref(points[0]), &points[0]));
    if (key.tag != LS_TUPLE) return ls_raise(w->in, "AttributeError", "'%s' object has no attribute 'step'", ls_type_name(key));
    int ndim = (int)key.tuple->n;
    if (key.tuple->n >= LSV_MAXDIM + open) return ls_raise(w->in, "ValueError", "maximum supported dimension for an array is %d", LSV_MAXDIM);
    for (int k = 0; k < ndim; k++) {
        ls_value v = key.tuple->items[k];
        if (v.tag != LS_SLICE) return ls_raise(w->in, "AttributeError", "'%s' object has no attribute 'step'", ls_type_name(v));
        if (!grid_axis_of(w, v.slice, &axes[k], &d, &firm)) return false;
    }
    for (int k = 0; k < ndim; k++)
        if (!axis_points(w, &axes[k], d, &points[k]) || !laid_out(w, ndim, k, &points[k])) return false;
    if (!open) return dense_grid(w, ndim, axes, d, points, out);
    for (int k = 0; k < ndim; k++) lsv_ref(points[k]);
    return ls_give_arrays(w, out, LSV_OK, NULL, ndim, points);
}

/* ---- np.r_, np.c_ ---- */

/* How parts are joined: along which axis, of arrays with at least ndmin axes; where the axes of a part with fewer go
   (trans1d; -1: last, the new ones in front). */
typedef struct joining { int axis, ndmin, trans1d; } joining;

static bool small_int(const char *s, int *out) {
    char *end;
    long x = strtol(s, &end, 10);
    end += strspn(end, " ");
    *out = x > 1000 ? 1000 : x < -1000 ? -1000 : (int)x;
    return end != s && *end == 0;
}

/* "axis", "axis,ndmin" or "axis,ndmin,trans1d" */
static bool directive(ls_work *w, const char *text, joining *j) {
    char parts[3][16] = {""};
    int n = 0;
    if (strcmp(text, "r") == 0 || strcmp(text, "c") == 0) return ls_raise(w->in, "NotImplementedError", "np.r_['%s', …] makes a numpy.matrix, which is not offered", text);
    for (const char *p = text; n < 3; n++) {
        size_t length = strcspn(p, ",");
        if (length < sizeof parts[0]) memcpy(parts[n], p, length);
        p += length;
        if (!*p++) break;
    }
    bool listed = strchr(text, ','), ok = small_int(parts[0], &j->axis) && (!listed || small_int(parts[1], &j->ndmin)) &&
                  (n < 2 || small_int(parts[2], &j->trans1d));
    if (ok && j->ndmin > LSV_MAXDIM) return ls_raise(w->in, "ValueError", "ndmin bigger than allowable number of dimensions NPY_MAXDIMS (=%d)", LSV_MAXDIM);
    if (ok) return true;
    return listed ? ls_raise(w->in, "ValueError", "unknown special directive '%s'", text) : ls_raise(w->in, "ValueError", "unknown special directive");
}

/* a with ndmin axes, its own at trans1d. */
static bool raised(ls_work *w, const joining *j, bool slice, lsv_array **a) {
    int own = (*a)->ndim, more = j->ndmin - own, order[LSV_MAXDIM], n = 0;
    for (int i = 0; i < more; i++)
        if (!ls_ok(w, lsv_expand_dims(*a, 0, a, &w->err)) || !ls_keep(w, *a)) return false;
    if (more <= 0 || j->trans1d == -1) return true;
    if (slice) return ls_ok(w, lsv_swapaxes(*a, -1, j->trans1d, a, &w->err)) && ls_keep(w, *a);
    int at = j->trans1d < 0 ? j->trans1d + more + 1 : j->trans1d;
    for (int i = 0; i < at && i < j->ndmin; i++) order[n++] = i;
    for (int i = more; i < j->ndmin && n < j->ndmin; i++) order[n++] = i;
    for (int i = at < 0 ? 0 : at; i < more && n < j->ndmin; i++) order[n++] = i;
    if (n != j->ndmin || at < 0) return ls_raise(w->in, "ValueError", "axes don't match array");
    return ls_ok(w, lsv_transpose(*a, order, a, &w->err)) && ls_keep(w, *a);
}

/* The dtype the parts meet in; Python's numbers (weak) only add their category. */
typedef struct meeting { bool any; lsv_dtype d; int weak; /* 0 none, 1 bool, 2 int, 3 float */ } meeting;

static void note(meeting *m, ls_value v, const lsv_array *a) {
    if (v.tag == LS_BOOL || v.tag == LS_INT || v.tag == LS_FLOAT) {
        int weak = v.tag == LS_BOOL ? 1 : v.tag == LS_INT ? 2 : 3;
        if (weak > m->weak) m->weak = weak;
        return;
    }
    m->d = m->any ? lsv_promote_types(LSV_NUMPY, m->d, (lsv_dtype)a->dtype) : (lsv_dtype)a->dtype;
    m->any = true;
}

static lsv_dtype met(const meeting *m) {
    static const lsv_dtype of[] = {LSV_BOOL, LSV_BOOL, LSV_INT64, LSV_FLOAT64};
    if (!m->any) return of[m->weak];
    bool lifts = (m->weak == 3 && !lsv_dtype_is_float(m->d)) || (m->weak == 2 && m->d == LSV_BOOL);
    return lifts ? of[m->weak] : m->d;
}

static bool part(ls_work *w, const joining *j, ls_value v, meeting *m, lsv_array **a) {
    bool slice = v.tag == LS_SLICE;
    if (slice ? !points_in(w, v.slice, a) : !ls_array_like(w, v, LSV_NUMPY, -1, a)) return false;
    note(m, v, *a);
    return raised(w, j, slice, a);
}

/* op 0: r_, 1: c_ */
BUILTIN(np_join) {
    static const joining defaults[] = {{0, 1, -1}, {-1, 2, 0}};
    joining j = defaults[w->self->op];
    meeting m = {0};
    lsv_array *r;
    const ls_value *items = args[0].tag == LS_TUPLE ? args[0].tuple->items : args;
    ptrdiff_t count = args[0].tag == LS_TUPLE ? args[0].tuple->n : 1, n = 0;
    if (count > 1 << 20) return ls_raise(w->in, "ValueError", "too many parts");
    w->parts = lsv_malloc((size_t)(count + 1) * sizeof *w->parts);
    if (!w->parts) return ls_no_memory(w->in);
    for (ptrdiff_t k = 0; k < count; k++) {
        if (items[k].tag == LS_STR && args[0].tag == LS_STR) return ls_raise(w->in, "NotImplementedError", "a matrix as a text is not offered: np.bmat's form");
        if (items[k].tag == LS_STR && k > 0) return ls_raise(w->in, "ValueError", "special directives must be the first entry.");
        if (items[k].tag == LS_STR ? !directive(w, items[k].str->data, &j) : !part(w, &j, items[k], &m, &w->parts[n++])) return false;
    }
    if (n == 0) return ls_raise(w->in, "ValueError", "need at least one array to concatenate");
    for (ptrdiff_t k = 0; k < n; k++)
        if (!ls_ok(w, lsv_as_dtype(w->parts[k], met(&m), &w->parts[k], &w->err)) || !ls_keep(w, w->parts[k])) return false;
    return ls_give_array(w, out, lsv_concatenate(w->parts, (int)n, j.axis, &r, &w->err), &r);
}

/* ---- np.s_, np.index_exp ---- */

/* op 1: always a tuple */
BUILTIN(np_index) {
    if (!w->self->op || args[0].tag == LS_TUPLE) *out = ls_ref(args[0]);
    else return ls_give_value(w, out, ls_tuple_of(1, args));
    return true;
}

#define SUBSCRIPTED(name, text, doc_, f, op_) {name, "(key)", text, doc_, NULL, f, op_, LS_SUBSCRIPTED, NULL}

const ls_builtin ls_family_grids[] = {
    SUBSCRIPTED("np.mgrid", "The points of a grid, one array of coordinates per axis",
                "Each slice is an axis: start:stop:step as in np.arange, or, with an imaginary step such as 5j, that many points from start to stop, both included. "
                "One slice gives a vector, n of them an array of shape (n, …).", np_mgrid, 0),
    SUBSCRIPTED("np.ogrid", "The points of a grid, one array per axis, each with its own axis only",
                "As np.mgrid, but the arrays are to be broadcast against one another: a tuple of n arrays with one long axis each.", np_mgrid, 1),
    SUBSCRIPTED("np.r_", "Slices, numbers and arrays joined along the first axis",
                "A slice stands for np.arange(start, stop, step), or with an imaginary step for np.linspace. A text in front, \"axis\", \"axis,ndmin\" or \"axis,ndmin,trans1d\", "
                "says along which axis, with how many axes at least, and which of them a vector's becomes.", np_join, 0),
    SUBSCRIPTED("np.c_", "Slices, numbers and arrays as columns side by side", "The same as np.r_[\"-1,2,0\", …]: vectors become columns, matrices are joined along the last axis.", np_join, 1),
    SUBSCRIPTED("np.s_", "The subscript itself, to be used later", NULL, np_index, 0),
    SUBSCRIPTED("np.index_exp", "The subscript itself as a tuple, to be used later", NULL, np_index, 1),
    {.names = NULL}};
