/* Products: dot, matmul, outer, tensordot, einsum, trace, kron, cross and their torch names. */
#include <string.h>

#include "array/elementwise.h"
#include "array/reduce.h"
#include "lang/builtins/arrays/linear.h"
#include "linalg/linalg.h"

/* One function for all binary products: op picks the library's. */
typedef lsv_status product(const lsv_array *a, const lsv_array *b, lsv_array **out, lsv_error *err);
enum { MATMUL, DOT, INNER, OUTER, KRON, CROSS };
static product *const products[] = {lsv_matmul, lsv_dot, lsv_inner, lsv_outer, lsv_kron, lsv_cross};

/* (a, b, out=None) */
BUILTIN(np_product) {
    lsv_array *a, *b, *r;
    w->wrap = w->self->op == MATMUL;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b)) return false;
    return ls_give_into(w, out, args[2], products[w->self->op](a, b, &r, &w->err), &r);
}

/* (input, other, *, out=None) */
BUILTIN(torch_product) {
    lsv_array *a, *b, *r;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b)) return false;
    if (w->self->op == OUTER && (a->ndim != 1 || b->ndim != 1))
        return ls_raise(w->in, "RuntimeError", "outer: Expected 1-D argument %s, but got %d-D", a->ndim != 1 ? "self" : "vec2", a->ndim != 1 ? a->ndim : b->ndim);
    return ls_give_into(w, out, args[2], products[w->self->op](a, b, &r, &w->err), &r);
}

/* mm, bmm, mv: matmul of operands with fixed numbers of axes; op is 10 * of the first + of the second */
BUILTIN(torch_mm) {
    lsv_array *a, *b, *r;
    int na = w->self->op / 10, nb = w->self->op % 10;
    char name[64];
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b)) return false;
    if (a->ndim != na || b->ndim != nb) {
        bool first = a->ndim != na;
        ls_blame(w->in, !first);
        ls_raise(w->in, "RuntimeError", "%s: %s must be a %s, got a %d-D tensor", ls_torch_name(w->self, name, sizeof name), first ? "self" : "mat2",
                 (first ? na : nb) == 1 ? "vector" : (first ? na : nb) == 2 ? "matrix" : "3-D tensor", first ? a->ndim : b->ndim);
        ls_hint(w->in, "torch.matmul (or @) takes operands of any dimension");
        return false;
    }
    return ls_give_into(w, out, args[2], lsv_matmul(a, b, &r, &w->err), &r);
}

/* beta * input + alpha * (a @ b): addmm, addmv, baddbmm, and addr with OUTER */
BUILTIN(torch_addmm) {
    lsv_array *c, *a, *b, *beta, *alpha, *p, *r;
    if (!ls_arg(w, args, 0, &c) || !ls_arg(w, args, 1, &a) || !ls_arg(w, args, 2, &b) || !ls_operand(w, args, 3, &beta) || !ls_operand(w, args, 4, &alpha))
        return false;
    if (!ls_ok(w, products[w->self->op](a, b, &p, &w->err)) || !ls_keep(w, p)) return false;
    if (!ls_binary_arrays(w, LSV_OP_MUL, p, alpha, &p) || !ls_binary_arrays(w, LSV_OP_MUL, c, beta, &c)) return false;
    return ls_give(w, out, lsv_binary(LSV_OP_ADD, c, p, &r, &w->err), &r);
}

/* np.vdot, torch.vdot: the dot product of everything in a row */
BUILTIN(vdot) {
    lsv_array *a, *b, *r;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b)) return false;
    if (!ls_ok(w, lsv_ravel(a, false, &a, &w->err)) || !ls_keep(w, a) || !ls_ok(w, lsv_ravel(b, false, &b, &w->err)) || !ls_keep(w, b)) return false;
    return ls_give(w, out, lsv_dot(a, b, &r, &w->err), &r);
}

/* np.vecdot, torch.linalg.vecdot: dot products along an axis */
BUILTIN(vecdot) {
    lsv_array *a, *b, *p, *r;
    int axis;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b) || !ls_axis(w, args[2], "axis", &axis)) return false;
    if (!ls_binary_arrays(w, LSV_OP_MUL, a, b, &p)) return false;
    lsv_reduce_options o = {.naxes = 1, .axes = {axis}};
    return ls_give(w, out, lsv_reduce(LSV_SUM, p, &o, &r, &w->err), &r);
}

/* axes of tensordot: a number, or a pair of axis (list)s */
static bool pair_of_axes(ls_work *w, ls_value v, const lsv_array *a, int *n, int *axes_a, int *axes_b) {
    if (ls_is_int(v) || v.tag == LS_NPSCALAR) {
        ptrdiff_t k;
        if (!ls_count(w, v, "axes", &k)) return false;
        if (k < 0 || k > a->ndim) return ls_raise(w->in, "ValueError", "tensordot: %td axes of an array with %d", k, a->ndim);
        *n = (int)k;
        for (int i = 0; i < *n; i++) {
            axes_a[i] = a->ndim - *n + i;
            axes_b[i] = i;
        }
        return true;
    }
    ls_value list;
    int m;
    if (!ls_to_list(w->in, v, &list)) return false;
    bool ok = list.list->n == 2 || ls_raise(w->in, "ValueError", "tensordot: axes must be a number or a pair");
    ok = ok && ls_as_axes(w->in, list.list->items[0], n, axes_a) && ls_as_axes(w->in, list.list->items[1], &m, axes_b);
    ls_drop(list);
    if (ok && (*n != m || m < 0)) return ls_raise(w->in, "ValueError", "shape-mismatch for sum");
    return ok;
}

BUILTIN(tensordot) {
    lsv_array *a, *b, *r;
    int n, axes_a[LSV_MAXDIM], axes_b[LSV_MAXDIM];
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b) || !pair_of_axes(w, args[2], a, &n, axes_a, axes_b)) return false;
    return ls_give_array(w, out, lsv_tensordot(a, b, n, axes_a, axes_b, &r, &w->err), &r);
}

/* (subscripts, *operands): operands may come as one list */
BUILTIN(einsum) {
    const char *text;
    lsv_array **parts, *r;
    int n;
    ls_value operands[1] = {args[1]};
    if (!ls_as_text(w->in, args[0], "subscripts", &text)) return false;
    const ls_tuple *star = args[1].tuple;
    if (star->n == 1 && (star->items[0].tag == LS_LIST || star->items[0].tag == LS_TUPLE) && w->kind == LSV_TORCH) operands[0] = star->items[0];
    return ls_parts(w, operands, 0, &parts, &n) && ls_give(w, out, lsv_einsum(text, parts, n, &r, &w->err), &r);
}

/* np.trace(a, offset, axis1, axis2, dtype, out) */
BUILTIN(np_trace) {
    lsv_array *a, *d, *r;
    ptrdiff_t k;
    int i, j, type;
    if (!ls_arg(w, args, 0, &a) || !ls_count(w, args[1], "offset", &k) || !ls_axis(w, args[2], "axis1", &i) || !ls_axis(w, args[3], "axis2", &j) ||
        !ls_as_dtype(w->in, args[4], &type))
        return false;
    if (!ls_ok(w, lsv_diagonal(a, k, i, j, &d, &w->err)) || !ls_keep(w, d)) return false;
    lsv_reduce_options o = {.naxes = 1, .axes = {-1}, .has_dtype = type >= 0, .dtype = type >= 0 ? (lsv_dtype)type : LSV_FLOAT64};
    return ls_give_into(w, out, args[5], lsv_reduce(LSV_SUM, d, &o, &r, &w->err), &r);
}

BUILTIN(torch_trace) {
    lsv_array *a, *r;
    if (!ls_arg(w, args, 0, &a)) return false;
    if (a->ndim != 2) return ls_raise(w->in, "RuntimeError", "trace: expected a matrix, but got tensor with dim %d", a->ndim);
    return ls_give(w, out, lsv_trace(a, 0, &r, &w->err), &r);
}

/* (A, n) */
BUILTIN(matrix_power) {
    lsv_array *a, *r;
    int64_t n;
    w->wrap = true;
    return ls_arg(w, args, 0, &a) && ls_as_int(w->in, args[1], "n", &n) && ls_give(w, out, lsv_matrix_power(a, n, &r, &w->err), &r);
}

/* np.matvec(x1, x2) (op 0), np.vecmat (1): stacks broadcast; the vector is a matrix of one column or row for the time of it */
BUILTIN(matvec) {
    bool row = w->self->op;
    lsv_array *p[2], *r;
    const char *name = row ? "vecmat" : "matvec", *core = row ? "(n),(n,m)->(m)" : "(m,n),(n)->(m)";
    for (int i = 0; i < 2; i++) {
        int least = row == (i == 1) ? 2 : 1;
        if (!ls_arg(w, args, i, &p[i])) return false;
        if (p[i]->ndim < least)
            return ls_raise(w->in, "ValueError",
                            "%s: Input operand %d does not have enough dimensions (has %d, gufunc core with signature %s requires %d)", name, i,
                            p[i]->ndim, core, least);
    }
    ptrdiff_t n = p[0]->shape[p[0]->ndim - 1], m = p[1]->shape[p[1]->ndim - (row ? 2 : 1)];
    if (n != m)
        return ls_raise(w->in, "ValueError",
                        "%s: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature %s (size %td is different from %td)",
                        name, core, m, n);
    lsv_array **v = &p[row ? 0 : 1];
    int axis = row ? -2 : -1;
    if (!ls_ok(w, lsv_expand_dims(*v, axis, v, &w->err)) || !ls_keep(w, *v) || !ls_ok(w, lsv_matmul(p[0], p[1], &r, &w->err)) || !ls_keep(w, r))
        return false;
    return ls_give_into(w, out, args[2], lsv_squeeze(r, 1, &axis, &r, &w->err), &r);
}

/* ---- chains ---- */

enum { CHAIN_MAX = 64 };

/* The product of parts i..j by the split table. */
static bool chain(ls_work *w, lsv_array **parts, int (*split)[CHAIN_MAX], int i, int j, lsv_array **r) {
    if (i == j) {
        *r = parts[i];
        return true;
    }
    lsv_array *a, *b;
    if (!chain(w, parts, split, i, split[i][j], &a) || !chain(w, parts, split, split[i][j] + 1, j, &b)) return false;
    return ls_ok(w, lsv_matmul(a, b, r, &w->err)) && ls_keep(w, *r);
}

/* The cheapest order (Cormen, Leiserson, Rivest, Stein, Introduction to Algorithms, 15.2), as multi_dot
   takes it: of equal costs the leftmost split. */
static void cheapest(lsv_array **parts, int n, int (*split)[CHAIN_MAX], double (*cost)[CHAIN_MAX]) {
    for (int i = 0; i < n; i++) cost[i][i] = 0;
    for (int len = 1; len < n; len++)
        for (int i = 0; i + len < n; i++) {
            int j = i + len;
            cost[i][j] = -1;
            for (int k = i; k < j; k++) {
                double c = cost[i][k] + cost[k + 1][j] +
                           (double)parts[i]->shape[0] * (double)parts[k]->shape[1] * (double)parts[j]->shape[1];
                if (cost[i][j] < 0 || c < cost[i][j]) {
                    cost[i][j] = c;
                    split[i][j] = k;
                }
            }
        }
}

/* np.linalg.multi_dot(arrays), torch.linalg.multi_dot(tensors); torch.chain_matmul(*matrices) */
BUILTIN(multi_dot) {
    lsv_array **parts, *r;
    int n;
    w->wrap = true;
    if (!ls_parts(w, args, 0, &parts, &n)) return false;
    if (n < 2) return ls_raise(w->in, "ValueError", "Expecting at least two arrays.");
    if (n > CHAIN_MAX) return ls_raise(w->in, "ValueError", "multi_dot takes at most %d arrays", CHAIN_MAX);
    bool row = parts[0]->ndim == 1, column = parts[n - 1]->ndim == 1;
    if (row && (!ls_ok(w, lsv_expand_dims(parts[0], 0, &parts[0], &w->err)) || !ls_keep(w, parts[0]))) return false;
    if (column && (!ls_ok(w, lsv_expand_dims(parts[n - 1], 1, &parts[n - 1], &w->err)) || !ls_keep(w, parts[n - 1]))) return false;
    for (int i = 0; i < n; i++)
        if (parts[i]->ndim != 2)
            return ls_raise(w->in, "LinAlgError", "%d-dimensional array given. Array must be two-dimensional", parts[i]->ndim);
    struct { int split[CHAIN_MAX][CHAIN_MAX]; double cost[CHAIN_MAX][CHAIN_MAX]; } *table = lsv_malloc(sizeof *table);
    if (!table) return ls_no_memory(w->in);
    cheapest(parts, n, table->split, table->cost);
    bool ok = chain(w, parts, table->split, 0, n - 1, &r);
    lsv_free(table);
    if (!ok) return false;
    ptrdiff_t shape[2];
    int dims = 0;
    if (!row) shape[dims++] = r->shape[0];
    if (!column) shape[dims++] = r->shape[1];
    return ls_give(w, out, lsv_reshape(r, dims, shape, false, &r, &w->err), &r);
}

/* ---- distances ---- */

/* torch.dist(input, other, p=2): the norm of the difference */
BUILTIN(torch_dist) {
    lsv_array *a, *b, *d, *r;
    lsv_norm_order ord;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b) || !ls_norm_order(w, args[2], &ord)) return false;
    if (!ls_binary_arrays(w, LSV_OP_SUB, a, b, &d)) return false;
    return ls_vector_norm(w, d, ord, -1, NULL, false, &r) && ls_give_kept(w, out, r);
}

/* torch.cdist(x1, x2, p=2.0): norms of all differences of rows */
BUILTIN(torch_cdist) {
    lsv_array *a, *b, *d, *r;
    lsv_norm_order ord;
    int last = -1;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b) || !ls_norm_order(w, args[2], &ord)) return false;
    if (a->ndim < 2 || b->ndim < 2) return ls_raise(w->in, "RuntimeError", "cdist only supports at least 2D tensors, X%d got: %dD", a->ndim < 2 ? 1 : 2, a->ndim < 2 ? a->ndim : b->ndim);
    if (!ls_ok(w, lsv_expand_dims(a, -2, &a, &w->err)) || !ls_keep(w, a) || !ls_ok(w, lsv_expand_dims(b, -3, &b, &w->err)) || !ls_keep(w, b)) return false;
    if (!ls_binary_arrays(w, LSV_OP_SUB, a, b, &d)) return false;
    return ls_vector_norm(w, d, ord, 1, &last, false, &r) && ls_give_kept(w, out, r);
}

/* ---- statistics that are products ---- */

/* A vector as one row; a matrix with a variable per row. */
static bool as_rows(ls_work *w, lsv_array *a, bool rowvar, lsv_array **r) {
    *r = a;
    if (a->ndim == 1) return ls_ok(w, lsv_expand_dims(a, 0, r, &w->err)) && ls_keep(w, *r);
    return rowvar || a->ndim != 2 || (ls_ok(w, lsv_swapaxes(a, 0, 1, r, &w->err)) && ls_keep(w, *r));
}

/* np.cov(m, y, rowvar, bias, ddof); op 1: np.corrcoef; torch.cov(input, *, correction) */
BUILTIN(cov) {
    bool torch = w->kind == LSV_TORCH, rowvar = true, bias = false;
    lsv_array *x, *m, *t, *c, *r;
    double ddof = 1;
    if (!ls_arg(w, args, 0, &x)) return false;
    if (torch) {
        if (!w->self->op && !ls_as_double(w->in, args[1], "correction", &ddof)) return false;
    } else {
        if (!ls_truth(w->in, args[2], &rowvar) || !ls_truth(w->in, args[3], &bias)) return false;
        if (bias) ddof = 0;
        if (!ls_is_none(args[4]) && !ls_as_double(w->in, args[4], "ddof", &ddof)) return false;
        if (!ls_is_none(args[1])) { /* more variables below */
            lsv_array *rows[2];
            if (!ls_arg(w, args, 1, &rows[1]) || !as_rows(w, x, rowvar, &rows[0]) || !as_rows(w, rows[1], rowvar, &rows[1])) return false;
            if (!ls_ok(w, lsv_concatenate(rows, 2, 0, &x, &w->err)) || !ls_keep(w, x)) return false;
            rowvar = true;
        }
    }
    if (x->ndim > 2) return ls_raise(w->in, "ValueError", "m has more than 2 dimensions");
    bool vector = x->ndim < 2;
    while (x->ndim < 2)
        if (!ls_ok(w, lsv_expand_dims(x, 0, &x, &w->err)) || !ls_keep(w, x)) return false;
    if (!rowvar && !vector && (!ls_ok(w, lsv_swapaxes(x, 0, 1, &x, &w->err)) || !ls_keep(w, x))) return false;
    if (!lsv_dtype_is_float((lsv_dtype)x->dtype) && (!ls_ok(w, lsv_astype(x, LSV_FLOAT64, &x, &w->err)) || !ls_keep(w, x))) return false;
    lsv_reduce_options o = {.naxes = 1, .axes = {1}, .keepdims = true};
    if (!ls_ok(w, lsv_reduce(LSV_MEAN, x, &o, &m, &w->err)) || !ls_keep(w, m) || !ls_binary_arrays(w, LSV_OP_SUB, x, m, &x)) return false;
    if (!ls_ok(w, lsv_transpose(x, NULL, &t, &w->err)) || !ls_keep(w, t) || !ls_ok(w, lsv_matmul(x, t, &c, &w->err)) || !ls_keep(w, c)) return false;
    if (!w->self->op) {
        if (!torch) { /* NumPy multiplies by the reciprocal */
            if (!ls_binary_number(w, LSV_OP_MUL, c, 1 / ((double)x->shape[1] - ddof), &c)) return false;
        } else if (!ls_binary_number(w, LSV_OP_DIV, c, (double)x->shape[1] - ddof, &c)) {
            return false;
        }
        return ls_give(w, out, vector ? lsv_squeeze(c, -1, NULL, &r, &w->err) : (r = lsv_ref(c), LSV_OK), &r);
    }
    if (!ls_binary_number(w, LSV_OP_MUL, c, 1 / ((double)x->shape[1] - ddof), &c)) return false;
    lsv_array *d, *col;
    if (!ls_ok(w, lsv_diagonal(c, 0, 0, 1, &d, &w->err)) || !ls_keep(w, d) || !ls_unary_array(w, LSV_FN_SQRT, d, &d)) return false;
    if (!ls_ok(w, lsv_expand_dims(d, 1, &col, &w->err)) || !ls_keep(w, col)) return false;
    if (!ls_binary_arrays(w, LSV_OP_DIV, c, col, &c) || !ls_binary_arrays(w, LSV_OP_DIV, c, d, &c)) return false;
    return ls_give(w, out, vector ? lsv_squeeze(c, -1, NULL, &r, &w->err) : (r = lsv_ref(c), LSV_OK), &r);
}

/* np.convolve(a, v, mode="full"), np.correlate is its mirror (op 1, mode "valid") */
BUILTIN(np_convolve) {
    lsv_array *a, *v, *r;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &v)) return false;
    if (a->ndim > 1 || v->ndim > 1 || a->size == 0 || v->size == 0) return ls_raise(w->in, "ValueError", "convolve: vectors that are not empty are needed");
    if (!w->self->op && v->size > a->size) { lsv_array *t = a; a = v; v = t; }
    ptrdiff_t n = a->size, m = v->size, full = n + m - 1, first = 0, count = full;
    if (ls_text_is(args[2], "same")) { first = (m - 1) / 2; count = n; }
    else if (ls_text_is(args[2], "valid")) { first = m - 1; count = n - m + 1; }
    else if (!ls_text_is(args[2], "full")) return ls_raise(w->in, "ValueError", "mode must be 'full', 'same' or 'valid'");
    if (w->self->op && m > n) return ls_raise(w->in, "NotImplementedError", "correlate: the second vector must not be longer");
    lsv_dtype d = lsv_promote(a, v);
    if (!ls_new(w, d, 1, &count, &r)) return false;
    for (ptrdiff_t k = 0; k < count; k++) {
        if (ls_interrupted(w->in)) return false;
        double sum = 0;
        int64_t isum = 0;
        for (ptrdiff_t j = 0; j < m; j++) {
            ptrdiff_t i = first + k - j, at = w->self->op ? m - 1 - j : j;
            if (i < 0 || i >= n) continue;
            lsv_scalar x = lsv_item(a, &i), y = lsv_item(v, &at);
            if (lsv_dtype_is_float(d)) sum += lsv_scalar_as_double(x) * lsv_scalar_as_double(y);
            else isum += x.i * y.i;
        }
        lsv_store(d, r->data + k * (ptrdiff_t)lsv_dtype_size(d), lsv_dtype_is_float(d) ? lsv_scalar_float(sum) : lsv_scalar_int(isum));
    }
    return ls_give_kept(w, out, r);
}

#define TWO "(input, other, *, out=None)"

const ls_builtin ls_family_products[] = {
    {"np.matmul np.linalg.matmul jnp.matmul", "(x1, x2, out=None)", "Matrix product: x1 @ x2", NULL, NULL, np_product, MATMUL, LS_CALLABLE, NULL},
    {"np.dot ndarray.dot jnp.dot", "(a, b, out=None)", "Dot product of vectors, matrix product of matrices", NULL, NULL, np_product, DOT, LS_CALLABLE, NULL},
    {"np.inner jnp.inner", "(a, b, out=None)", "Sums of products over the last axes", NULL, NULL, np_product, INNER, LS_CALLABLE, NULL},
    {"np.outer np.linalg.outer jnp.outer", "(a, b, out=None)", "All products of two vectors, as a matrix", NULL, NULL, np_product, OUTER, LS_CALLABLE, NULL},
    {"np.kron jnp.kron", "(a, b, out=None)", "Kronecker product", NULL, NULL, np_product, KRON, LS_CALLABLE, NULL},
    {"np.cross np.linalg.cross jnp.cross", "(a, b, out=None)", "Cross product of 3-vectors", NULL, NULL, np_product, CROSS, LS_CALLABLE, NULL},
    {"np.vdot jnp.vdot", "(a, b)", "Dot product of all elements in a row", NULL, NULL, vdot, 0, LS_CALLABLE, NULL},
    {"np.vecdot np.linalg.vecdot", "(x1, x2, axis=-1)", "Dot products along an axis", NULL, NULL, vecdot, 0, LS_CALLABLE, NULL},
    {"np.matvec", "(x1, x2, out=None)", "Matrix times vector, in stacks", NULL, NULL, matvec, 0, LS_CALLABLE, NULL},
    {"np.vecmat", "(x1, x2, out=None)", "Vector times matrix, in stacks", NULL, NULL, matvec, 1, LS_CALLABLE, NULL},
    {"np.tensordot np.linalg.tensordot jnp.tensordot", "(a, b, axes=2)", "Sums of products over chosen axes", NULL, NULL, tensordot, 0, LS_CALLABLE, NULL},
    {"np.einsum jnp.einsum", "(subscripts, *operands, optimize=False)", "Sums of products by Einstein's convention", NULL, NULL, einsum, 0, LS_CALLABLE, NULL},
    {"np.linalg.trace", "(x, offset=0, axis1=-2, axis2=-1, dtype=None, out=None)", "Sum of a diagonal of the last two axes", NULL, NULL, np_trace, 0, LS_CALLABLE, NULL},
    {"np.trace ndarray.trace jnp.trace", "(a, offset=0, axis1=0, axis2=1, dtype=None, out=None)", "Sum of a diagonal", NULL, NULL, np_trace, 0, LS_CALLABLE, NULL},
    {"np.linalg.matrix_power jnp.linalg.matrix_power", "(a, n)", "A square matrix to an integer power", NULL, NULL, matrix_power, 0, LS_CALLABLE, NULL},
    {"np.linalg.multi_dot jnp.linalg.multi_dot", "(arrays)", "Product of a chain of matrices in the cheapest order", NULL, NULL, multi_dot, 0, LS_CALLABLE, NULL},
    {"np.cov jnp.cov", "(m, y=None, rowvar=True, bias=False, ddof=None)", "Covariance matrix of the rows", NULL, NULL, cov, 0, LS_CALLABLE, NULL},
    {"np.corrcoef jnp.corrcoef", "(x, y=None, rowvar=True, bias=False, ddof=None)", "Correlation matrix of the rows", NULL, NULL, cov, 1, LS_CALLABLE, NULL},
    {"np.convolve jnp.convolve", "(a, v, mode=\"full\")", "Convolution of two vectors", NULL, NULL, np_convolve, 0, LS_CALLABLE, NULL},
    {"np.correlate", "(a, v, mode=\"valid\")", "Cross-correlation of two vectors", NULL, NULL, np_convolve, 1, LS_CALLABLE, NULL},
    {"torch.matmul torch.linalg.matmul tensor.matmul", TWO, "Matrix product: input @ other", NULL, NULL, torch_product, MATMUL, LS_CALLABLE, NULL},
    {"torch.dot tensor.dot", TWO, "Dot product of two vectors", NULL, NULL, torch_product, DOT, LS_CALLABLE, NULL},
    {"torch.inner tensor.inner", TWO, "Sums of products over the last axes", NULL, NULL, torch_product, INNER, LS_CALLABLE, NULL},
    {"torch.outer torch.ger tensor.outer tensor.ger", "(input, vec2, *, out=None)", "All products of two vectors, as a matrix", NULL, NULL, torch_product, OUTER, LS_CALLABLE, NULL},
    {"torch.kron tensor.kron", TWO, "Kronecker product", NULL, NULL, torch_product, KRON, LS_CALLABLE, NULL},
    {"torch.cross torch.linalg.cross tensor.cross", "(input, other, *, out=None, dim=-1)", "Cross product of 3-vectors", NULL, NULL, torch_product, CROSS, LS_CALLABLE, NULL},
    {"torch.mm tensor.mm", "(input, mat2, *, out=None)", "Product of two matrices", NULL, NULL, torch_mm, 22, LS_CALLABLE, NULL},
    {"torch.bmm tensor.bmm", "(input, mat2, *, out=None)", "Products of two stacks of matrices", NULL, NULL, torch_mm, 33, LS_CALLABLE, NULL},
    {"torch.mv tensor.mv", "(input, vec, *, out=None)", "Matrix times vector", NULL, NULL, torch_mm, 21, LS_CALLABLE, NULL},
    {"torch.addmm torch.addmv torch.baddbmm tensor.addmm tensor.addmv tensor.baddbmm", "(input, mat1, mat2, *, beta=1, alpha=1)", "beta * input + alpha * (mat1 @ mat2)", NULL, NULL, torch_addmm, MATMUL, LS_CALLABLE, NULL},
    {"torch.addr tensor.addr", "(input, vec1, vec2, *, beta=1, alpha=1)", "beta * input + alpha * outer(vec1, vec2)", NULL, NULL, torch_addmm, OUTER, LS_CALLABLE, NULL},
    {"torch.vdot tensor.vdot", "(input, other)", "Dot product of two vectors", NULL, NULL, vdot, 0, LS_CALLABLE, NULL},
    {"torch.linalg.vecdot", "(x, y, dim=-1)", "Dot products along a dim", NULL, NULL, vecdot, 0, LS_CALLABLE, NULL},
    {"torch.tensordot", "(a, b, dims=2)", "Sums of products over chosen dims", NULL, NULL, tensordot, 0, LS_CALLABLE, NULL},
    {"torch.einsum", "(equation, *operands)", "Sums of products by Einstein's convention", NULL, NULL, einsum, 0, LS_CALLABLE, NULL},
    {"torch.trace tensor.trace", "(input)", "Sum of the diagonal", NULL, NULL, torch_trace, 0, LS_CALLABLE, NULL},
    {"torch.linalg.matrix_power torch.matrix_power tensor.matrix_power", "(A, n)", "A square matrix to an integer power", NULL, NULL, matrix_power, 0, LS_CALLABLE, NULL},
    {"torch.linalg.multi_dot", "(tensors)", "Product of a chain of matrices in the cheapest order", NULL, NULL, multi_dot, 0, LS_CALLABLE, NULL},
    {"torch.chain_matmul", "(*matrices)", "Product of a chain of matrices in the cheapest order", NULL, NULL, multi_dot, 0, LS_CALLABLE, NULL},
    {"torch.dist tensor.dist", "(input, other, p=2)", "The p-norm of the difference", NULL, NULL, torch_dist, 0, LS_CALLABLE, NULL},
    {"torch.cdist", "(x1, x2, p=2.0)", "Distances between all rows of two matrices", NULL, NULL, torch_cdist, 0, LS_CALLABLE, NULL},
    {"torch.cov tensor.cov", "(input, *, correction=1)", "Covariance matrix of the rows", NULL, NULL, cov, 0, LS_CALLABLE, NULL},
    {"torch.corrcoef tensor.corrcoef", "(input)", "Correlation matrix of the rows", NULL, NULL, cov, 1, LS_CALLABLE, NULL},
    {.names = NULL}};
