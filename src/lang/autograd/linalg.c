/* Recording norms, products, systems and factorisations. */
#include "lang/autograd/rows.h"

#include "base/alloc.h"
#include "lang/machine/vm.h"
#include "lang/syntax/tree.h"
#include "linalg/linalg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- norms ---- */

static bool matrix_norm(ls_grad_frame *f, const ls_value *ord, ls_value dims) {
    static const char by_values[] =
        "lambda torch, np, A, p: (lambda s: s.sum(-1) if p == 'nuc' else s.max(-1).values if p == 2 else "
        "s.min(-1).values)(torch.linalg.svdvals(A))";
    static const char np_values[] = "lambda torch, np, A, p: (lambda s: s.sum(-1) if p == 'nuc' else "
                                    "s.max(-1) if p == 2 else s.min(-1))(np.linalg.svdvals(A))";
    static const char by_sums[] = "lambda torch, np, A, p: (lambda s: s.amax(-1) if p > 0 else "
                                  "s.amin(-1))(A.abs().sum(-2 if p in (1, -1) else -1))";
    static const char np_sums[] = "lambda torch, np, A, p: (lambda s: s.max(-1) if p > 0 else "
                                  "s.min(-1))(np.abs(A).sum(-2 if p in (1, -1) else -1))";
    bool torch = ls_grad_kind(f) == LSV_TORCH, nuc = ls_grad_text_is(ord, "nuc");
    double p = 0;
    if (!nuc && !ls_as_double(f->in, *ord, "ord", &p)) return false;
    bool last = dims.tag == LS_NONE;
    if (dims.tag == LS_TUPLE && dims.tuple->n == 2 && f->args[0].tag == LS_ARRAY) {
        int64_t i = 0, j = 0;
        if (!ls_as_int(f->in, dims.tuple->items[0], "dim", &i) ||
            !ls_as_int(f->in, dims.tuple->items[1], "dim", &j))
            return false;
        int nd = f->args[0].array->ndim;
        last = (i + nd) % nd == nd - 2 && (j + nd) % nd == nd - 1;
    }
    if (!last || ls_grad_flag(f, "keepdim keepdims")) return ls_grad_broken(f);
    bool values = nuc || fabs(p) == 2;
    return ls_grad_composed(f, values ? (torch ? by_values : np_values) : (torch ? by_sums : np_sums),
                            (ls_value[]){f->args[0], *ord}, 2);
}

/* row->rule: 0 linalg.norm, 1 torch.norm, 2 vector_norm, 3 matrix_norm */
bool ls_grad_op_norm(ls_grad_frame *f) {
    lsv_array *a;
    lsv_grad_attrs o = {.p = 2};
    int which = f->row->rule;
    const ls_value *ord = ls_grad_given(f, "ord p"), *dims = ls_grad_given(f, "dim axis");
    if (!ls_grad_operand(f, f->args[0], &a) || !ls_grad_axes(f, &o)) return false;
    bool number = ord && ord->tag != LS_STR, fro = !ord || ls_grad_text_is(ord, "fro");
    bool matrix = which == 3 || ls_grad_text_is(ord, "nuc") ||
                  (which == 0 && number && (dims ? o.naxes == 2 : a->ndim == 2));
    if (number && !ls_as_double(f->in, *ord, "ord", &o.p)) return false;
    if (which == 3 && o.naxes < 0) {
        o.naxes = 2;
        o.axes[0] = -2, o.axes[1] = -1;
    }
    if (matrix && !fro) return matrix_norm(f, ord, dims ? *dims : ls_none());
    return ls_grad_record(f->in, LSV_GRAD_NORM, which == 1 ? "NormBackward1" : NULL, &o, &a, 1, f->out);
}

/* ---- products ---- */

bool ls_grad_op_matmul(ls_grad_frame *f) {
    lsv_array *xy[2];
    if (!ls_grad_operand(f, f->args[0], &xy[0]) || !ls_grad_operand(f, f->args[1], &xy[1])) return false;
    if (xy[0]->ndim == 0 || xy[1]->ndim == 0) return ls_grad_binary(f->in, LS_OP_MUL, xy[0], xy[1], f->out);
    bool numpy_dot = strcmp(ls_grad_function_name(f), "dot") == 0 && xy[0]->kind == LSV_NUMPY;
    if (numpy_dot && (xy[0]->ndim > 2 || xy[1]->ndim > 2)) return ls_grad_broken(f);
    if (f->row->shown) return ls_grad_record(f->in, LSV_GRAD_MATMUL, f->row->shown, NULL, xy, 2, f->out);
    return ls_grad_binary(f->in, LS_OP_MATMUL, xy[0], xy[1], f->out);
}

bool ls_grad_op_two(ls_grad_frame *f) {
    lsv_array *xy[2];
    return ls_grad_operand(f, f->args[0], &xy[0]) && ls_grad_operand(f, f->args[1], &xy[1]) &&
           ls_grad_record_row(f, f->row->shown, NULL, xy, 2);
}

bool ls_grad_op_cross(ls_grad_frame *f) {
    lsv_array *xy[2];
    if (!ls_grad_operand(f, f->args[0], &xy[0]) || !ls_grad_operand(f, f->args[1], &xy[1])) return false;
    if (xy[0]->shape[xy[0]->ndim - 1] != 3 || xy[1]->shape[xy[1]->ndim - 1] != 3) return ls_grad_broken(f);
    return ls_grad_record_row(f, NULL, NULL, xy, 2);
}

bool ls_grad_op_einsum(ls_grad_frame *f) {
    lsv_array *in[8];
    if (f->args[0].tag != LS_STR || f->args[1].tag != LS_TUPLE) return ls_grad_broken(f);
    ls_value list = f->args[1];
    if (list.tuple->n == 1 && (list.tuple->items[0].tag == LS_LIST || list.tuple->items[0].tag == LS_TUPLE))
        list = list.tuple->items[0];
    const ls_value *items = list.tag == LS_LIST ? list.list->items : list.tuple->items;
    ptrdiff_t n = list.tag == LS_LIST ? list.list->n : list.tuple->n;
    if (n > 8) return ls_grad_broken(f);
    for (ptrdiff_t k = 0; k < n; k++)
        if (!ls_grad_operand(f, items[k], &in[k])) return false;
    lsv_grad_attrs o = {.text = f->args[0].str->data};
    return ls_grad_record_row(f, n == 1 ? "SumBackward1" : NULL, &o, in, (int)n);
}

/* tensordot(a, b, dims) as an einsum. */
bool ls_grad_op_tensordot(ls_grad_frame *f) {
    lsv_array *xy[2];
    char a[LSV_MAXDIM + 1] = "", b[LSV_MAXDIM + 1] = "", out[2 * LSV_MAXDIM + 1] = "", text[64];
    int na = 0, nb = 0, pa[LSV_MAXDIM], pb[LSV_MAXDIM];
    const ls_value *dims = ls_grad_given(f, "dims axes");
    if (!ls_grad_operand(f, f->args[0], &xy[0]) || !ls_grad_operand(f, f->args[1], &xy[1])) return false;
    int64_t count = 2;
    if (dims && (dims->tag == LS_TUPLE || dims->tag == LS_LIST)) {
        const ls_value *two = dims->tag == LS_TUPLE ? dims->tuple->items : dims->list->items;
        if (!ls_as_axes(f->in, two[0], &na, pa) || !ls_as_axes(f->in, two[1], &nb, pb)) return false;
    } else {
        if (dims && !ls_as_int(f->in, *dims, "dims", &count)) return false;
        for (na = 0; na < count && na < LSV_MAXDIM; na++) pa[na] = xy[0]->ndim - (int)count + na, pb[na] = na;
    }
    for (int d = 0; d < xy[0]->ndim; d++) a[d] = (char)('a' + d);
    for (int d = 0; d < xy[1]->ndim; d++) b[d] = (char)('a' + LSV_MAXDIM + d);
    for (int k = 0; k < na; k++)
        b[pb[k] < 0 ? pb[k] + xy[1]->ndim : pb[k]] = a[pa[k] < 0 ? pa[k] + xy[0]->ndim : pa[k]];
    size_t used = 0;
    for (int d = 0; d < xy[0]->ndim; d++)
        if (!strchr(b, a[d])) out[used++] = a[d];
    for (int d = 0; d < xy[1]->ndim; d++)
        if (!strchr(a, b[d])) out[used++] = b[d];
    snprintf(text, sizeof text, "%s,%s->%s", a, b, out);
    lsv_grad_attrs o = {.text = text};
    return ls_grad_record(f->in, LSV_GRAD_EINSUM, NULL, &o, xy, 2, f->out);
}

/* Products of many, and powers: one recorded product after the other. */
bool ls_grad_op_chain(ls_grad_frame *f) {
    ls_value total = ls_none(), next;
    bool ok = true, power = strcmp(ls_grad_function_name(f), "matrix_power") == 0;
    ls_value list = f->args[0];
    int64_t n = 0;
    if (power) {
        if (!ls_as_int(f->in, f->args[1], "n", &n)) return false;
        if (n < 1 || n > 1000) return ls_grad_broken(f);
    } else n = list.tag == LS_LIST ? list.list->n : list.tag == LS_TUPLE ? list.tuple->n : 0;
    for (int64_t k = 0; ok && k < n; k++) {
        ls_value x = power ? f->args[0] : list.tag == LS_LIST ? list.list->items[k] : list.tuple->items[k];
        if (k == 0) {
            total = ls_ref(x);
            continue;
        }
        ok = ls_binary(f->in, LS_OP_MATMUL, total, x, &next);
        ls_drop(total);
        total = ok ? next : ls_none();
    }
    if (ok && n == 1) ok = ls_grad_record(f->in, LSV_GRAD_COPY, NULL, NULL, &total.array, 1, f->out);
    else if (ok) ok = ls_grad_take_place(f, f->out, total, power ? "MmBackward0" : "ViewBackward0");
    ls_drop(total);
    return ok;
}

bool ls_grad_op_trace(ls_grad_frame *f) {
    lsv_array *a;
    lsv_grad_attrs o = {0};
    const ls_value *k = ls_grad_given(f, "offset");
    int64_t offset = 0;
    if (!ls_grad_operand(f, f->args[0], &a) || (k && !ls_as_int(f->in, *k, "offset", &offset))) return false;
    if (a->ndim != 2) return ls_grad_broken(f);
    o.k = (ptrdiff_t)offset;
    return ls_grad_record_row(f, NULL, &o, &a, 1);
}

/* ---- systems and factorisations ---- */

bool ls_grad_op_solve(ls_grad_frame *f) {
    lsv_array *ab[2];
    const ls_value *left = ls_grad_given(f, "left");
    bool on_left = true;
    if (left && !ls_truth(f->in, *left, &on_left)) return false;
    if (!on_left)
        return ls_grad_composed(f, "lambda torch, np, A, B: torch.linalg.solve(A.mT, B.mT).mT", f->args, 2);
    if (!ls_grad_operand(f, f->args[0], &ab[0]) || !ls_grad_operand(f, f->args[1], &ab[1])) return false;
    lsv_grad_attrs o = {.flag = ab[1]->ndim == 1 || ab[1]->ndim == ab[0]->ndim - 1};
    return ls_grad_record_row(f, NULL, &o, ab, 2);
}

bool ls_grad_op_triangular(ls_grad_frame *f) {
    lsv_array *ab[2];
    const ls_value *left = ls_grad_given(f, "left");
    bool on_left = true;
    if (left && !ls_truth(f->in, *left, &on_left)) return false;
    if (!on_left) return ls_grad_broken(f);
    if (!ls_grad_operand(f, f->args[0], &ab[0]) || !ls_grad_operand(f, f->args[1], &ab[1])) return false;
    lsv_grad_attrs o = {.flag = ls_grad_flag(f, "upper"), .keepdims = ls_grad_flag(f, "unitriangular")};
    return ls_grad_record_row(f, NULL, &o, ab, 2);
}

bool ls_grad_op_upper(ls_grad_frame *f) { /* cholesky, eigvalsh */
    lsv_array *a;
    const ls_value *uplo = ls_grad_given(f, "UPLO");
    lsv_grad_attrs o = {.flag = ls_grad_flag(f, "upper") || ls_grad_text_is(uplo, "U")};
    return ls_grad_operand(f, f->args[0], &a) && ls_grad_record_row(f, NULL, &o, &a, 1);
}

/* Several results of one node: the first `n` entries of the tuple, in the rule's order. */
static bool record_tuple(ls_grad_frame *f, const lsv_grad_attrs *attrs, lsv_array *const *in, int nin,
                         int n) {
    lsv_error err;
    lsv_array *out[LSV_NODE_OUTPUTS] = {NULL};
    for (int k = 0; k < nin; k++)
        if (ls_grad_stale(f->in, in[k])) return false;
    ls_tuple *t = f->out->tuple;
    if (f->out->tag != LS_TUPLE || t->n < n) return ls_grad_broken(f);
    for (int k = 0; k < n; k++) {
        if (t->items[k].tag == LS_NPSCALAR) { /* the sign of a determinant: a constant, boxed alike */
            if (lsv_from_scalar(LSV_NUMPY, ls_npscalar_get(t->items[k]), &out[k], &err) != LSV_OK)
                return ls_raise_lsv(f->in, &err);
            t->items[k] = ls_array(out[k]);
        }
        out[k] = t->items[k].tag == LS_ARRAY ? t->items[k].array : NULL;
    }
    return lsv_record(&lsv_grad_rules[f->row->rule], f->row->shown, attrs, in, nin, out, n, NULL, NULL,
                      &err) == LSV_OK ||
           ls_raise_lsv(f->in, &err);
}

bool ls_grad_op_tuple(ls_grad_frame *f) { /* eigh, qr, slogdet: two results */
    lsv_array *a;
    if (f->row->rule == LSV_GRAD_QR && ls_grad_text_is(ls_grad_given(f, "mode"), "r"))
        return ls_raise(
            f->in, "RuntimeError",
            "linalg_qr_backward: The derivative of linalg.qr depends on Q, which is not computed when "
            "mode='r'. Please use linalg.qr(A, mode='reduced') if you are going to require gradients");
    return ls_grad_operand(f, f->args[0], &a) && record_tuple(f, NULL, &a, 1, 2);
}

bool ls_grad_op_lstsq(ls_grad_frame *f) {
    lsv_array *ab[2];
    return ls_grad_operand(f, f->args[0], &ab[0]) && ls_grad_operand(f, f->args[1], &ab[1]) &&
           record_tuple(f, NULL, ab, 2, 1);
}

/* np.linalg.svd, torch.linalg.svd, torch.svd (V, not Vh) and lsv's own */
bool ls_grad_op_svd(ls_grad_frame *f) {
    lsv_array *a;
    lsv_grad_attrs o = {.flag = strcmp(f->b->names, "torch.svd tensor.svd") == 0};
    if (!ls_grad_operand(f, f->args[0], &a)) return false;
    if (f->out->tag == LS_ARRAY)
        return ls_grad_record(f->in, LSV_GRAD_SVDVALS, NULL, NULL, &a, 1, f->out); /* compute_uv=False */
    const ls_value *uv = ls_grad_given(f, "compute_uv");
    bool both = true;
    if ((uv && !ls_truth(f->in, *uv, &both)) || !both) return ls_grad_broken(f);
    const lsv_array *s =
        f->out->tag == LS_TUPLE && f->out->tuple->n >= 3 && f->out->tuple->items[1].tag == LS_ARRAY
            ? f->out->tuple->items[1].array
            : NULL;
    ptrdiff_t m = a->shape[a->ndim - 2], n = a->shape[a->ndim - 1];
    if (!s || s->shape[s->ndim - 1] != (m < n ? m : n)) return ls_grad_broken(f); /* truncated */
    return record_tuple(f, &o, &a, 1, 3);
}
