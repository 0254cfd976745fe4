/* torch.linalg, and the older names in torch itself. Results with several parts are torch's named tuples. */
#include <math.h>

#include "array/elementwise.h"
#include "lang/builtins/arrays/linear.h"
#include "linalg/truncated.h"

static const char *const svd_fields[] = {"U", "S", "Vh"}, *const svd_v_fields[] = {"U", "S", "V"}, *const qr_fields[] = {"Q", "R"},
                  *const eig_fields[] = {"eigenvalues", "eigenvectors"}, *const slogdet_fields[] = {"sign", "logabsdet"},
                  *const lu_fields[] = {"LU", "pivots"}, *const plu_fields[] = {"P", "L", "U"},
                  *const lstsq_fields[] = {"solution", "residuals", "rank", "singular_values"};
static const ls_record svd_record = {"torch.return_types.linalg_svd", svd_fields, 3}, old_svd_record = {"torch.return_types.svd", svd_v_fields, 3},
                       qr_record = {"torch.return_types.linalg_qr", qr_fields, 2}, eigh_record = {"torch.return_types.linalg_eigh", eig_fields, 2},
                       slogdet_record = {"torch.return_types.linalg_slogdet", slogdet_fields, 2}, old_slogdet_record = {"torch.return_types.slogdet", slogdet_fields, 2},
                       lu_record = {"torch.return_types.linalg_lu_factor", lu_fields, 2}, plu_record = {"torch.return_types.linalg_lu", plu_fields, 3},
                       lstsq_record = {"torch.return_types.linalg_lstsq", lstsq_fields, 4};

/* torch.linalg.svd(A, full_matrices=True, *, driver=None) */
BUILTIN(torch_linalg_svd) {
    lsv_array *a, *r[3];
    bool full;
    if (!ls_arg(w, args, 0, &a) || !ls_truth(w->in, args[1], &full)) return false;
    lsv_svd_driver driver = ls_text_is(args[2], "gesvd") ? LSV_SVD_GESVD : LSV_SVD_AUTO;
    return ls_give_arrays(w, out, lsv_svd(a, full, driver, &r[0], &r[1], &r[2], &w->err), &svd_record, 3, r);
}

BUILTIN(torch_svdvals) {
    lsv_array *a, *s;
    return ls_arg(w, args, 0, &a) && ls_give(w, out, lsv_svd(a, false, LSV_SVD_AUTO, NULL, &s, NULL, &w->err), &s);
}

/* The three parts with V in place of Vh, kept in the frame. */
static bool usv(ls_work *w, lsv_array *a, bool full, lsv_array **r) {
    lsv_array *vh;
    if (!ls_ok(w, lsv_svd(a, full, LSV_SVD_AUTO, &r[0], &r[1], &vh, &w->err))) return false;
    bool ok = ls_keep(w, r[0]);
    ok = ls_keep(w, r[1]) && ok;
    ok = ls_keep(w, vh) && ok;
    return ok && ls_ok(w, lsv_swapaxes(vh, -1, -2, &r[2], &w->err)) && ls_keep(w, r[2]);
}

/* torch.svd(input, some=True, compute_uv=True) */
BUILTIN(torch_svd) {
    lsv_array *a, *r[3];
    bool some, uv;
    if (!ls_arg(w, args, 0, &a) || !ls_truth(w->in, args[1], &some) || !ls_truth(w->in, args[2], &uv) || !usv(w, a, !some, r)) return false;
    if (!uv && (!ls_unary_array(w, LSV_FN_ABS, r[0], &r[0]) || !ls_unary_array(w, LSV_FN_ABS, r[2], &r[2]))) return false;
    if (!uv && (!ls_ok(w, lsv_fill(r[0], lsv_scalar_int(0), &w->err)) || !ls_ok(w, lsv_fill(r[2], lsv_scalar_int(0), &w->err)))) return false;
    for (int i = 0; i < 3; i++) lsv_ref(r[i]);
    return ls_give_arrays(w, out, LSV_OK, &old_svd_record, 3, r);
}

/* torch.svd_lowrank(A, q=6, niter=2): the leading q triplets, to full accuracy whatever niter says; V is (n, q) */
BUILTIN(torch_svd_lowrank) {
    lsv_array *a, *r[3];
    ptrdiff_t q;
    if (!ls_arg(w, args, 0, &a) || !ls_count(w, args[1], "q", &q)) return false;
    if (a->ndim != 2) return ls_raise(w->in, "RuntimeError", "svd_lowrank takes a matrix here, not a %d-D tensor", a->ndim);
    ptrdiff_t least = a->shape[0] < a->shape[1] ? a->shape[0] : a->shape[1];
    if (q < 0 || q > least) return ls_raise(w->in, "ValueError", "q(=%td) must be non-negative integer and not greater than min(m, n)=%td", q, least);
    if (!ls_ok(w, lsv_svd_truncated(a, q, NULL, &r[0], &r[1], &r[2], NULL, &w->err))) return false;
    lsv_array *v = NULL;
    bool ok = ls_ok(w, lsv_transpose(r[2], NULL, &v, &w->err));
    lsv_release(r[2]);
    r[2] = v;
    if (ok) return ls_give_arrays(w, out, LSV_OK, NULL, 3, r);
    lsv_release(r[0]);
    lsv_release(r[1]);
    return false;
}

/* torch.linalg.qr(A, mode="reduced"): mode "r" has an empty Q */
BUILTIN(torch_qr) {
    lsv_array *a, *r[2];
    if (!ls_arg(w, args, 0, &a)) return false;
    if (ls_text_is(args[1], "r")) {
        const ptrdiff_t none = 0;
        if (!ls_new(w, (lsv_dtype)a->dtype, 1, &none, &r[0]) || !ls_ok(w, lsv_qr(a, LSV_QR_R, NULL, &r[1], &w->err))) return false;
        lsv_ref(r[0]);
        return ls_give_arrays(w, out, LSV_OK, &qr_record, 2, r);
    }
    lsv_qr_mode mode = ls_text_is(args[1], "complete") ? LSV_QR_COMPLETE : LSV_QR_REDUCED;
    return ls_give_arrays(w, out, lsv_qr(a, mode, &r[0], &r[1], &w->err), &qr_record, 2, r);
}

/* torch.linalg.eigh(A, UPLO="L"), eigvalsh: op 1 */
BUILTIN(torch_eigh) {
    lsv_array *a, *r[2];
    bool upper = ls_text_is(args[1], "U");
    if (!ls_arg(w, args, 0, &a)) return false;
    if (w->self->op) return ls_give(w, out, lsv_eigh(a, upper, &r[0], NULL, &w->err), &r[0]);
    return ls_give_arrays(w, out, lsv_eigh(a, upper, &r[0], &r[1], &w->err), &eigh_record, 2, r);
}

BUILTIN(torch_cholesky) {
    lsv_array *a, *r;
    bool upper;
    return ls_arg(w, args, 0, &a) && ls_truth(w->in, args[1], &upper) && ls_give(w, out, lsv_cholesky(a, upper, &r, &w->err), &r);
}

BUILTIN(torch_lu_factor) {
    lsv_array *a, *r[2];
    return ls_arg(w, args, 0, &a) && ls_give_arrays(w, out, lsv_lu(a, &r[0], &r[1], &w->err), &lu_record, 2, r);
}

/* torch.linalg.lu(A): P, L, U with A = P @ L @ U, of a matrix */
BUILTIN(torch_lu) {
    lsv_array *a, *lu, *piv, *parts[3], *eye, *t;
    if (!ls_arg(w, args, 0, &a)) return false;
    if (a->ndim != 2) return ls_raise(w->in, "NotImplementedError", "linalg.lu takes one matrix here");
    ptrdiff_t m = a->shape[0], n = a->shape[1], k = m < n ? m : n;
    if (!ls_ok(w, lsv_lu(a, &lu, &piv, &w->err))) return false;
    bool ok = ls_keep(w, lu);
    if (!(ls_keep(w, piv) && ok)) return false;
    if (!ls_ok(w, lsv_eye(LSV_TORCH, (lsv_dtype)a->dtype, m, m, 0, &eye, &w->err)) || !ls_keep(w, eye)) return false;
    lsv_array *order;
    if (!ls_new(w, LSV_INT64, 1, &m, &order)) return false;
    int64_t *row = lsv_data(order);
    for (ptrdiff_t i = 0; i < m; i++) row[i] = i;
    for (ptrdiff_t i = 0; i < piv->size; i++) { /* the swaps, first to last */
        ptrdiff_t j = (ptrdiff_t)lsv_item(piv, &i).i - 1;
        int64_t keep = row[i];
        row[i] = row[j];
        row[j] = keep;
    }
    if (!ls_ok(w, lsv_take(eye, order, 0, false, &t, &w->err)) || !ls_keep(w, t)) return false;
    if (!ls_ok(w, lsv_transpose(t, NULL, &parts[0], &w->err)) || !ls_keep(w, parts[0])) return false;
    lsv_index left[2] = {{.type = LSV_IX_SLICE, .step = 1}, {.type = LSV_IX_SLICE, .has_stop = true, .stop = k, .step = 1}};
    lsv_index top[1] = {{.type = LSV_IX_SLICE, .has_stop = true, .stop = k, .step = 1}};
    if (!ls_ok(w, lsv_index_get(lu, left, 2, &t, &w->err)) || !ls_keep(w, t)) return false;
    if (!ls_ok(w, lsv_tri(t, -1, false, &t, &w->err)) || !ls_keep(w, t)) return false;
    if (!ls_ok(w, lsv_eye(LSV_TORCH, (lsv_dtype)a->dtype, m, k, 0, &eye, &w->err)) || !ls_keep(w, eye)) return false;
    if (!ls_binary_arrays(w, LSV_OP_ADD, t, eye, &parts[1])) return false;
    if (!ls_ok(w, lsv_index_get(lu, top, 1, &t, &w->err)) || !ls_keep(w, t)) return false;
    if (!ls_ok(w, lsv_tri(t, 0, true, &parts[2], &w->err)) || !ls_keep(w, parts[2])) return false;
    for (int i = 0; i < 3; i++) lsv_ref(parts[i]);
    return ls_give_arrays(w, out, LSV_OK, &plu_record, 3, parts);
}

/* torch.linalg.solve(A, B, *, left=True) */
BUILTIN(torch_solve) {
    lsv_array *a, *b, *x;
    bool left;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b) || !ls_truth(w->in, args[2], &left)) return false;
    if (left) return ls_give(w, out, lsv_solve(a, b, &x, &w->err), &x);
    /* X A = B: the transposed system */
    if (!ls_ok(w, lsv_swapaxes(a, -1, -2, &a, &w->err)) || !ls_keep(w, a) || !ls_ok(w, lsv_swapaxes(b, -1, -2, &b, &w->err)) || !ls_keep(w, b)) return false;
    if (!ls_ok(w, lsv_solve(a, b, &x, &w->err)) || !ls_keep(w, x)) return false;
    return ls_give(w, out, lsv_swapaxes(x, -1, -2, &x, &w->err), &x);
}

/* torch.linalg.solve_triangular(A, B, *, upper, left=True, unitriangular=False) */
BUILTIN(torch_solve_triangular) {
    lsv_array *a, *b, *x;
    bool upper, left, unit;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b) || !ls_truth(w->in, args[2], &upper) || !ls_truth(w->in, args[3], &left) || !ls_truth(w->in, args[4], &unit))
        return false;
    return ls_give(w, out, lsv_solve_triangular(a, b, upper, left, unit, &x, &w->err), &x);
}

BUILTIN(torch_inv) {
    lsv_array *a, *r;
    return ls_arg(w, args, 0, &a) && ls_give(w, out, lsv_inv(a, &r, &w->err), &r);
}

/* det (op 0), logdet (op 1) */
BUILTIN(torch_det) {
    lsv_array *a, *r;
    if (!ls_arg(w, args, 0, &a)) return false;
    if (!w->self->op) return ls_give(w, out, lsv_det(a, &r, &w->err), &r);
    if (!ls_ok(w, lsv_det(a, &r, &w->err)) || !ls_keep(w, r)) return false;
    return ls_give(w, out, lsv_unary(LSV_FN_LOG, r, &r, &w->err), &r);
}

BUILTIN(torch_slogdet) {
    lsv_array *a, *r[2];
    const ls_record *record = w->self->op ? &old_slogdet_record : &slogdet_record;
    return ls_arg(w, args, 0, &a) && ls_give_arrays(w, out, lsv_slogdet(a, &r[0], &r[1], &w->err), record, 2, r);
}

/* torch.cholesky_solve(B, L, upper=False): two triangular systems */
BUILTIN(torch_cholesky_solve) {
    lsv_array *b, *l, *t, *x;
    bool upper;
    if (!ls_arg(w, args, 0, &b) || !ls_arg(w, args, 1, &l) || !ls_truth(w->in, args[2], &upper)) return false;
    if (!ls_ok(w, lsv_swapaxes(l, -1, -2, &t, &w->err)) || !ls_keep(w, t)) return false;
    lsv_array *first = upper ? t : l, *second = upper ? l : t;
    if (!ls_ok(w, lsv_solve_triangular(first, b, false, true, false, &x, &w->err)) || !ls_keep(w, x)) return false;
    return ls_give(w, out, lsv_solve_triangular(second, x, true, true, false, &x, &w->err), &x);
}

/* torch.linalg.matrix_exp(A) of a matrix: scaling, Taylor of degree 18, squaring (Higham, Functions of Matrices, 10.3) */
BUILTIN(torch_matrix_exp) {
    lsv_array *a, *x, *term, *sum, *n1;
    const int axes[2] = {-2, -1};
    if (!ls_arg(w, args, 0, &a)) return false;
    if (a->ndim != 2 || a->shape[0] != a->shape[1]) return ls_raise(w->in, "RuntimeError", "linalg.matrix_exp: A must be a square matrix here");
    if (!ls_ok(w, lsv_as_dtype(a, LSV_FLOAT64, &x, &w->err)) || !ls_keep(w, x)) return false;
    if (!ls_ok(w, lsv_norm(x, (lsv_norm_order){.type = LSV_NORM_P, .p = 1}, 2, axes, false, &n1, &w->err)) || !ls_keep(w, n1)) return false;
    double norm = lsv_scalar_as_double(lsv_item(n1, NULL));
    if (!(norm < 1e6)) return ls_raise(w->in, "RuntimeError", "linalg.matrix_exp: the matrix is too large (or not finite)");
    int squarings = norm > 0.5 ? (int)ceil(log2(norm / 0.5)) : 0;
    if (!ls_binary_number(w, LSV_OP_MUL, x, ldexp(1, -squarings), &x)) return false;
    if (!ls_ok(w, lsv_eye(LSV_TORCH, LSV_FLOAT64, a->shape[0], a->shape[0], 0, &term, &w->err)) || !ls_keep(w, term)) return false;
    sum = term;
    for (int k = 1; k <= 18; k++) {
        if (!ls_ok(w, lsv_matmul(term, x, &term, &w->err)) || !ls_keep(w, term) || !ls_binary_number(w, LSV_OP_DIV, term, k, &term)) return false;
        if (!ls_binary_arrays(w, LSV_OP_ADD, sum, term, &sum)) return false;
    }
    for (int k = 0; k < squarings; k++)
        if (!ls_ok(w, lsv_matmul(sum, sum, &sum, &w->err)) || !ls_keep(w, sum)) return false;
    return ls_give(w, out, lsv_as_dtype(sum, (lsv_dtype)a->dtype, &x, &w->err), &x);
}

typedef struct driver { const char *name; lsv_lstsq_driver driver; bool residuals, rank, values; } driver;
static const driver drivers[] = {{"gelsy", LSV_GELSY, false, true, false}, {"gelsd", LSV_GELSD, true, true, true},
                                 {"gelss", LSV_GELSS, true, true, true}, {"gels", LSV_GELS, true, false, false}};

static bool empty_of(ls_work *w, lsv_dtype d, lsv_array **r) {
    const ptrdiff_t none = 0;
    return ls_ok(w, lsv_zeros(LSV_TORCH, d, 1, &none, r, &w->err)) && ls_keep(w, *r);
}

/* torch.linalg.lstsq(A, B, rcond=None, *, driver=None): what a driver does not compute is empty */
BUILTIN(torch_lstsq) {
    lsv_array *a, *b, *r[4];
    double rcond = -1;
    int64_t rank = 0;
    const driver *d = &drivers[0];
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b) || (!ls_is_none(args[2]) && !ls_as_double(w->in, args[2], "rcond", &rcond))) return false;
    if (!ls_is_none(args[3])) {
        d = NULL;
        for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++)
            if (ls_text_is(args[3], drivers[i].name)) d = &drivers[i];
        if (!d) return ls_raise(w->in, "RuntimeError", "torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)");
    }
    if (!empty_of(w, (lsv_dtype)a->dtype, &r[1]) || !empty_of(w, (lsv_dtype)a->dtype, &r[3])) return false;
    lsv_array *residuals = NULL, *values = NULL;
    bool tall = a->ndim >= 2 && a->shape[a->ndim - 2] > a->shape[a->ndim - 1];
    if (!ls_ok(w, lsv_lstsq(a, b, rcond, d->driver, &r[0], d->residuals && tall ? &residuals : NULL, &rank, d->values ? &values : NULL, &w->err))) return false;
    bool ok = ls_keep(w, r[0]);
    if (residuals) ok = ls_keep(w, r[1] = residuals) && ok;
    if (values) ok = ls_keep(w, r[3] = values) && ok;
    if (!ok) return false;
    if (!d->rank) {
        if (!empty_of(w, LSV_INT64, &r[2])) return false;
    } else if (!ls_ok(w, lsv_from_scalar(LSV_TORCH, lsv_scalar_int(rank), &r[2], &w->err)) || !ls_keep(w, r[2])) {
        return false;
    }
    for (int i = 0; i < 4; i++) lsv_ref(r[i]);
    return ls_give_arrays(w, out, LSV_OK, &lstsq_record, 4, r);
}

/* torch.linalg.pinv(A, rcond=None, hermitian=False, *, atol=None, rtol=None); torch.pinverse(input, rcond=1e-15) has op 1 */
BUILTIN(torch_pinv) {
    lsv_array *a, *r;
    double rtol = -1;
    bool hermitian = false;
    ls_value cut = w->self->op ? args[1] : ls_either(args[1], args[4]);
    if (!ls_arg(w, args, 0, &a) || (!w->self->op && !ls_truth(w->in, args[2], &hermitian)) || (!ls_is_none(cut) && !ls_as_double(w->in, cut, "rcond", &rtol))) return false;
    return ls_give(w, out, lsv_pinv(a, rtol, hermitian, &r, &w->err), &r);
}

/* torch.linalg.matrix_rank(A, tol=None, hermitian=False, *, atol=None, rtol=None): tol is a share of the largest
   singular value for tensors */
BUILTIN(torch_matrix_rank) {
    lsv_array *a, *r;
    double tol = NAN, rtol = NAN;
    bool hermitian;
    if (!ls_arg(w, args, 0, &a) || !ls_truth(w->in, args[2], &hermitian)) return false;
    ls_value absolute = ls_either(args[1], args[3]);
    if (!ls_is_none(absolute) && !ls_as_double(w->in, absolute, "atol", &tol)) return false;
    if (!ls_is_none(args[4]) && !ls_as_double(w->in, args[4], "rtol", &rtol)) return false;
    return ls_give(w, out, lsv_matrix_rank(a, tol, rtol, hermitian, &r, &w->err), &r);
}

BUILTIN(torch_cond) {
    lsv_array *a, *r;
    lsv_norm_order ord;
    return ls_arg(w, args, 0, &a) && ls_norm_order(w, args[1], &ord) && ls_give(w, out, lsv_cond(a, ord, &r, &w->err), &r);
}

/* dtype= of norms: computed in that type */
static bool in_dtype(ls_work *w, ls_value dtype, lsv_array **a) {
    lsv_dtype d;
    if (ls_is_none(dtype)) return true;
    return ls_dtype_or(w, dtype, LSV_FLOAT32, &d) && ls_ok(w, lsv_as_dtype(*a, d, a, &w->err)) && ls_keep(w, *a);
}

/* torch.linalg.norm(A, ord=None, dim=None, keepdim=False, *, dtype=None) */
BUILTIN(torch_linalg_norm) {
    lsv_array *a, *r;
    lsv_norm_order ord;
    bool keep;
    if (!ls_arg(w, args, 0, &a) || !ls_norm_order(w, args[1], &ord) || !ls_truth(w->in, args[3], &keep) || !in_dtype(w, args[4], &a)) return false;
    return ls_norm(w, a, ord, args[2], keep, &r) && ls_give_kept(w, out, r);
}

/* torch.linalg.vector_norm(x, ord=2, dim=None, keepdim=False, *, dtype=None) */
BUILTIN(torch_vector_norm) {
    lsv_array *a, *r;
    lsv_norm_order ord;
    bool keep;
    int n, axes[LSV_MAXDIM];
    if (!ls_arg(w, args, 0, &a) || !ls_norm_order(w, args[1], &ord) || !ls_as_axes(w->in, args[2], &n, axes) || !ls_truth(w->in, args[3], &keep) || !in_dtype(w, args[4], &a))
        return false;
    return ls_vector_norm(w, a, ord, n, axes, keep, &r) && ls_give_kept(w, out, r);
}

/* torch.linalg.matrix_norm(A, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None) */
BUILTIN(torch_matrix_norm) {
    lsv_array *a, *r;
    lsv_norm_order ord;
    bool keep;
    if (!ls_arg(w, args, 0, &a) || !ls_norm_order(w, args[1], &ord) || !ls_truth(w->in, args[3], &keep) || !in_dtype(w, args[4], &a)) return false;
    return ls_norm(w, a, ord, args[2], keep, &r) && ls_give_kept(w, out, r);
}

/* torch.norm(input, p="fro", dim=None, keepdim=False, *, dtype=None): a vector norm over the dims but for "nuc" */
BUILTIN(torch_norm) {
    lsv_array *a, *r;
    lsv_norm_order ord;
    bool keep;
    int n, axes[LSV_MAXDIM];
    if (!ls_arg(w, args, 0, &a) || !ls_norm_order(w, args[1], &ord) || !ls_as_axes(w->in, args[2], &n, axes) || !ls_truth(w->in, args[3], &keep) || !in_dtype(w, args[4], &a))
        return false;
    if (ord.type == LSV_NORM_NUC) return ls_norm(w, a, ord, args[2], keep, &r) && ls_give_kept(w, out, r);
    return ls_vector_norm(w, a, ord, n, axes, keep, &r) && ls_give_kept(w, out, r);
}

const ls_builtin ls_family_linalg_torch[] = {
    {"torch.linalg.svd", "(A, full_matrices=True, *, driver=None)", "Singular value decomposition: U, S, Vh", NULL, NULL, torch_linalg_svd, 0, LS_CALLABLE, NULL},
    {"torch.linalg.svdvals", "(A, *, driver=None)", "Singular values, largest first", NULL, NULL, torch_svdvals, 0, LS_CALLABLE, NULL},
    {"torch.svd tensor.svd", "(input, some=True, compute_uv=True)", "Singular value decomposition: U, S, V (not transposed), reduced", NULL, NULL, torch_svd, 0, LS_CALLABLE, NULL},
    {"torch.svd_lowrank", "(A, q=6, niter=2)", "The leading q singular triplets: U, S, V", NULL, NULL, torch_svd_lowrank, 0, LS_CALLABLE, NULL},
    {"torch.linalg.qr tensor.qr", "(A, mode=\"reduced\")", "Q with orthonormal columns times upper triangular R", NULL, NULL, torch_qr, 0, LS_CALLABLE, NULL},
    {"torch.linalg.eigh", "(A, UPLO=\"L\")", "Eigenvalues (rising) and eigenvectors of a symmetric matrix", NULL, NULL, torch_eigh, 0, LS_CALLABLE, NULL},
    {"torch.linalg.eigvalsh", "(A, UPLO=\"L\")", "Eigenvalues of a symmetric matrix, rising", NULL, NULL, torch_eigh, 1, LS_CALLABLE, NULL},
    {"torch.linalg.cholesky", "(A, *, upper=False)", "Lower triangular L with L @ L.T = A", NULL, NULL, torch_cholesky, 0, LS_CALLABLE, NULL},
    {"torch.cholesky tensor.cholesky", "(input, upper=False)", "Lower triangular L with L @ L.T = input", NULL, NULL, torch_cholesky, 0, LS_CALLABLE, NULL},
    {"torch.cholesky_solve tensor.cholesky_solve", "(input, L, upper=False)", "X with L @ L.T @ X = input", NULL, NULL, torch_cholesky_solve, 0, LS_CALLABLE, NULL},
    {"torch.linalg.matrix_exp torch.matrix_exp tensor.matrix_exp", "(A)", "The exponential of a square matrix", NULL, NULL, torch_matrix_exp, 0, LS_CALLABLE, NULL},
    {"torch.linalg.lu_factor", "(A)", "LU factors in one matrix, and the row swaps", NULL, NULL, torch_lu_factor, 0, LS_CALLABLE, NULL},
    {"torch.linalg.lu", "(A)", "P, L, U with A = P @ L @ U", NULL, NULL, torch_lu, 0, LS_CALLABLE, NULL},
    {"torch.linalg.solve", "(A, B, *, left=True)", "X with A @ X = B", NULL, NULL, torch_solve, 0, LS_CALLABLE, NULL},
    {"torch.linalg.solve_triangular", "(A, B, *, upper, left=True, unitriangular=False)", "X with A @ X = B for triangular A", NULL, NULL, torch_solve_triangular, 0, LS_CALLABLE, NULL},
    {"torch.linalg.inv torch.inverse tensor.inverse", "(A)", "Inverse of a square matrix", NULL, NULL, torch_inv, 0, LS_CALLABLE, NULL},
    {"torch.linalg.det torch.det tensor.det", "(A)", "Determinant", NULL, NULL, torch_det, 0, LS_CALLABLE, NULL},
    {"torch.logdet tensor.logdet", "(input)", "Logarithm of the determinant", NULL, NULL, torch_det, 1, LS_CALLABLE, NULL},
    {"torch.linalg.slogdet", "(A)", "Sign and logarithm of the absolute determinant", NULL, NULL, torch_slogdet, 0, LS_CALLABLE, NULL},
    {"torch.slogdet tensor.slogdet", "(input)", "Sign and logarithm of the absolute determinant", NULL, NULL, torch_slogdet, 1, LS_CALLABLE, NULL},
    {"torch.linalg.lstsq", "(A, B, rcond=None, *, driver=None)", "Least squares: solution, residuals, rank, singular_values", NULL, NULL, torch_lstsq, 0, LS_CALLABLE, NULL},
    {"torch.linalg.pinv", "(A, rcond=None, hermitian=False, *, atol=None, rtol=None)", "Moore-Penrose pseudo-inverse", NULL, NULL, torch_pinv, 0, LS_CALLABLE, NULL},
    {"torch.pinverse tensor.pinverse", "(input, rcond=1e-15)", "Moore-Penrose pseudo-inverse", NULL, NULL, torch_pinv, 1, LS_CALLABLE, NULL},
    {"torch.linalg.matrix_rank", "(A, tol=None, hermitian=False, *, atol=None, rtol=None)", "How many singular values exceed the tolerance", NULL, NULL, torch_matrix_rank, 0, LS_CALLABLE, NULL},
    {"torch.linalg.cond", "(A, p=None)", "Condition number", NULL, NULL, torch_cond, 0, LS_CALLABLE, NULL},
    {"torch.linalg.norm", "(A, ord=None, dim=None, keepdim=False, *, dtype=None)", "Norm of a vector or matrix", NULL, NULL, torch_linalg_norm, 0, LS_CALLABLE, NULL},
    {"torch.linalg.vector_norm", "(x, ord=2, dim=None, keepdim=False, *, dtype=None)", "Vector norm over dims", NULL, NULL, torch_vector_norm, 0, LS_CALLABLE, NULL},
    {"torch.linalg.matrix_norm", "(A, ord=\"fro\", dim=(-2, -1), keepdim=False, *, dtype=None)", "Matrix norm", NULL, NULL, torch_matrix_norm, 0, LS_CALLABLE, NULL},
    {"torch.norm tensor.norm", "(input, p=\"fro\", dim=None, keepdim=False, *, dtype=None)", "Norm over everything or along dims", NULL, NULL, torch_norm, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
