/* numpy.linalg: factorisations, systems, norms. Results with several parts are NumPy 2's named tuples. */
#include <math.h>

#include "lang/builtins/arrays/linear.h"

/* ---- shared with linalg_torch.c ---- */

bool ls_norm_order(ls_work *w, ls_value v, lsv_norm_order *ord) {
    *ord = (lsv_norm_order){.type = LSV_NORM_DEFAULT};
    if (ls_is_none(v)) return true;
    if (ls_text_is(v, "fro")) ord->type = LSV_NORM_FRO;
    else if (ls_text_is(v, "nuc")) ord->type = LSV_NORM_NUC;
    else if (ls_text_is(v, "inf")) ord->type = LSV_NORM_INF;
    else if (v.tag == LS_STR) return ls_raise(w->in, "ValueError", "Invalid norm order '%s'", v.str->data);
    else {
        if (!ls_as_double(w->in, v, "ord", &ord->p)) return false;
        ord->type = isinf(ord->p) ? (ord->p > 0 ? LSV_NORM_INF : LSV_NORM_NEG_INF) : LSV_NORM_P;
    }
    return true;
}

bool ls_norm(ls_work *w, lsv_array *a, lsv_norm_order ord, ls_value axes_value, bool keepdims, lsv_array **r) {
    int n, axes[LSV_MAXDIM];
    if (!ls_as_axes(w->in, axes_value, &n, axes)) return false;
    return ls_ok(w, lsv_norm(a, ord, n, axes, keepdims, r, &w->err)) && ls_keep(w, *r);
}

/* The axes are moved to the end and made one; keepdims puts axes of length 1 where they were. */
bool ls_vector_norm(ls_work *w, lsv_array *a, lsv_norm_order ord, int n, const int *axes, bool keepdims, lsv_array **r) {
    bool gone[LSV_MAXDIM] = {false};
    for (int i = 0; i < n; i++) {
        int at;
        if (!ls_ok(w, lsv_axis(a, axes[i], &at, &w->err))) return false;
        gone[at] = true;
    }
    int order[LSV_MAXDIM], kept = 0, last = 0;
    ptrdiff_t shape[LSV_MAXDIM], ones[LSV_MAXDIM], length = 1;
    for (int d = 0; d < a->ndim; d++) {
        bool out = n < 0 || gone[d];
        ones[d] = out ? 1 : a->shape[d];
        if (!out) {
            shape[kept] = a->shape[d];
            order[kept++] = d;
        }
    }
    last = kept;
    for (int d = 0; d < a->ndim; d++)
        if (n < 0 || gone[d]) {
            order[last++] = d;
            length *= a->shape[d];
        }
    lsv_array *t, *flat;
    shape[kept] = length;
    if (kept + 1 > LSV_MAXDIM) return ls_raise(w->in, "ValueError", "norm: too many axes");
    if (!ls_ok(w, lsv_transpose(a, order, &t, &w->err)) || !ls_keep(w, t)) return false;
    if (!ls_ok(w, lsv_reshape(t, kept + 1, shape, false, &flat, &w->err)) || !ls_keep(w, flat)) return false;
    int axis = kept;
    if (ord.type == LSV_NORM_DEFAULT || ord.type == LSV_NORM_FRO) ord = (lsv_norm_order){.type = LSV_NORM_P, .p = 2};
    if (!ls_ok(w, lsv_norm(flat, ord, 1, &axis, false, r, &w->err)) || !ls_keep(w, *r)) return false;
    if (!keepdims) return true;
    return ls_ok(w, lsv_reshape(*r, a->ndim, ones, false, r, &w->err)) && ls_keep(w, *r);
}

/* ---- numpy.linalg ---- */

static const char *const svd_fields[] = {"U", "S", "Vh"}, *const qr_fields[] = {"Q", "R"}, *const eig_fields[] = {"eigenvalues", "eigenvectors"},
                  *const slogdet_fields[] = {"sign", "logabsdet"};
static const ls_record svd_record = {"SVDResult", svd_fields, 3}, qr_record = {"QRResult", qr_fields, 2}, eigh_record = {"EighResult", eig_fields, 2},
                       eig_record = {"EigResult", eig_fields, 2}, slogdet_record = {"SlogdetResult", slogdet_fields, 2};

/* np.linalg.svd(a, full_matrices=True, compute_uv=True, hermitian=False); S of a tensor stays an ndarray, as in NumPy */
BUILTIN(np_svd) {
    lsv_array *a, *r[3];
    bool full, uv;
    if (!ls_arg(w, args, 0, &a) || !ls_truth(w->in, args[1], &full) || !ls_truth(w->in, args[2], &uv)) return false;
    if (!uv) return ls_give(w, out, lsv_svd(a, full, LSV_SVD_AUTO, NULL, &r[1], NULL, &w->err), &r[1]);
    if (!ls_ok(w, lsv_svd(a, full, LSV_SVD_AUTO, &r[0], &r[1], &r[2], &w->err))) return false;
    for (int i = 0; w->tensor && i < 3; i += 2) {
        lsv_array *t;
        if (lsv_as_kind(r[i], LSV_TORCH, &t, &w->err) == LSV_OK) {
            lsv_release(r[i]);
            r[i] = t;
        }
    }
    return ls_give_arrays(w, out, LSV_OK, &svd_record, 3, r);
}

BUILTIN(np_svdvals) {
    lsv_array *a, *s;
    return ls_arg(w, args, 0, &a) && ls_give(w, out, lsv_svd(a, false, LSV_SVD_AUTO, NULL, &s, NULL, &w->err), &s);
}

/* np.linalg.qr(a, mode="reduced") */
BUILTIN(np_qr) {
    lsv_array *a, *r[2];
    w->wrap = true;
    if (!ls_arg(w, args, 0, &a)) return false;
    if (ls_text_is(args[1], "r")) return ls_give(w, out, lsv_qr(a, LSV_QR_R, NULL, &r[1], &w->err), &r[1]);
    if (!ls_text_is(args[1], "reduced") && !ls_text_is(args[1], "complete")) return ls_raise(w->in, "ValueError", "Unrecognized mode; it is 'reduced', 'complete' or 'r'");
    return ls_give_arrays(w, out, lsv_qr(a, ls_text_is(args[1], "complete") ? LSV_QR_COMPLETE : LSV_QR_REDUCED, &r[0], &r[1], &w->err), &qr_record, 2, r);
}

static bool upper_triangle(ls_work *w, ls_value v, bool *upper) {
    *upper = ls_text_is(v, "U") || ls_text_is(v, "u");
    return *upper || ls_text_is(v, "L") || ls_text_is(v, "l") || ls_raise(w->in, "ValueError", "UPLO argument must be 'L' or 'U'");
}

/* np.linalg.eigh(a, UPLO="L"), eigvalsh: op 1 */
BUILTIN(np_eigh) {
    lsv_array *a, *r[2];
    bool upper;
    if (!ls_arg(w, args, 0, &a) || !upper_triangle(w, args[1], &upper)) return false;
    if (w->self->op) return ls_give(w, out, lsv_eigh(a, upper, &r[0], NULL, &w->err), &r[0]);
    return ls_give_arrays(w, out, lsv_eigh(a, upper, &r[0], &r[1], &w->err), &eigh_record, 2, r);
}

/* np.linalg.eig(a), eigvals: op 1; real eigenvalues only */
BUILTIN(np_eig) {
    lsv_array *a, *r[2];
    if (!ls_arg(w, args, 0, &a)) return false;
    if (w->self->op) return ls_give(w, out, lsv_eig_real(a, &r[0], NULL, &w->err), &r[0]);
    return ls_give_arrays(w, out, lsv_eig_real(a, &r[0], &r[1], &w->err), &eig_record, 2, r);
}

/* np.linalg.cholesky(a, *, upper=False) */
BUILTIN(np_cholesky) {
    lsv_array *a, *r;
    bool upper;
    w->wrap = true;
    return ls_arg(w, args, 0, &a) && ls_truth(w->in, args[1], &upper) && ls_give(w, out, lsv_cholesky(a, upper, &r, &w->err), &r);
}

BUILTIN(np_solve) {
    lsv_array *a, *b, *x;
    w->wrap = true;
    return ls_arg(w, args, 0, &a) && ls_arg(w, args, 1, &b) && ls_give(w, out, lsv_solve(a, b, &x, &w->err), &x);
}

BUILTIN(np_inv) {
    lsv_array *a, *r;
    w->wrap = true;
    return ls_arg(w, args, 0, &a) && ls_give(w, out, lsv_inv(a, &r, &w->err), &r);
}

BUILTIN(np_det) {
    lsv_array *a, *r;
    return ls_arg(w, args, 0, &a) && ls_give(w, out, lsv_det(a, &r, &w->err), &r);
}

BUILTIN(np_slogdet) {
    lsv_array *a, *r[2];
    return ls_arg(w, args, 0, &a) && ls_give_arrays(w, out, lsv_slogdet(a, &r[0], &r[1], &w->err), &slogdet_record, 2, r);
}

/* np.linalg.lstsq(a, b, rcond=None): (x, residuals, rank, s) */
BUILTIN(np_lstsq) {
    lsv_array *a, *b, *x, *res, *s;
    double rcond = -1;
    int64_t rank;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b)) return false;
    if (!ls_is_none(args[2]) && args[2].tag != LS_STR && !ls_as_double(w->in, args[2], "rcond", &rcond)) return false;
    if (rcond == -1 && !ls_is_none(args[2])) rcond = 0; /* rcond=-1: machine precision */
    if (!ls_ok(w, lsv_lstsq(a, b, rcond, LSV_GELSD, &x, &res, &rank, &s, &w->err))) return false;
    ls_value items[4] = {ls_from_array(x), ls_from_array(res), ls_npscalar((lsv_scalar){.dtype = LSV_INT32, .i = rank}), ls_from_array(s)};
    return ls_give_tuple(w, out, NULL, 4, items);
}

/* np.linalg.pinv(a, rcond=None, hermitian=False, *, rtol=None) */
BUILTIN(np_pinv) {
    lsv_array *a, *r;
    double rtol = -1;
    bool hermitian;
    w->wrap = true;
    ls_value cut = ls_either(args[1], args[3]);
    if (!ls_arg(w, args, 0, &a) || !ls_truth(w->in, args[2], &hermitian) || (!ls_is_none(cut) && !ls_as_double(w->in, cut, "rcond", &rtol))) return false;
    return ls_give(w, out, lsv_pinv(a, rtol, hermitian, &r, &w->err), &r);
}

static bool number_or_nan(ls_work *w, ls_value v, const char *what, double *x) {
    *x = NAN;
    return ls_is_none(v) || ls_as_double(w->in, v, what, x);
}

/* np.linalg.matrix_rank(A, tol=None, hermitian=False, *, rtol=None) */
BUILTIN(np_matrix_rank) {
    lsv_array *a, *r;
    double tol, rtol;
    bool hermitian;
    if (!ls_arg(w, args, 0, &a) || !number_or_nan(w, args[1], "tol", &tol) || !ls_truth(w->in, args[2], &hermitian) || !number_or_nan(w, args[3], "rtol", &rtol))
        return false;
    if (!ls_ok(w, lsv_matrix_rank(a, tol, rtol, hermitian, &r, &w->err))) return false;
    if (a->ndim >= 2) return ls_give(w, out, LSV_OK, &r);
    *out = ls_int(lsv_item(r, NULL).i); /* of a vector NumPy gives Python's int */
    lsv_release(r);
    return true;
}

BUILTIN(np_cond) {
    lsv_array *a, *r;
    lsv_norm_order ord;
    return ls_arg(w, args, 0, &a) && ls_norm_order(w, args[1], &ord) && ls_give(w, out, lsv_cond(a, ord, &r, &w->err), &r);
}

/* np.linalg.norm(x, ord=None, axis=None, keepdims=False) */
BUILTIN(np_norm) {
    lsv_array *a, *r;
    lsv_norm_order ord;
    bool keep;
    if (!ls_arg(w, args, 0, &a) || !ls_norm_order(w, args[1], &ord) || !ls_truth(w->in, args[3], &keep)) return false;
    return ls_norm(w, a, ord, args[2], keep, &r) && ls_give_kept(w, out, r);
}

/* np.linalg.vector_norm(x, *, axis=None, keepdims=False, ord=2) */
BUILTIN(np_vector_norm) {
    lsv_array *a, *r;
    lsv_norm_order ord;
    bool keep;
    int n, axes[LSV_MAXDIM];
    if (!ls_arg(w, args, 0, &a) || !ls_as_axes(w->in, args[1], &n, axes) || !ls_truth(w->in, args[2], &keep) || !ls_norm_order(w, args[3], &ord)) return false;
    return ls_vector_norm(w, a, ord, n, axes, keep, &r) && ls_give_kept(w, out, r);
}

/* np.linalg.matrix_norm(x, *, keepdims=False, ord="fro") */
BUILTIN(np_matrix_norm) {
    lsv_array *a, *r;
    lsv_norm_order ord;
    bool keep;
    const int axes[2] = {-2, -1};
    if (!ls_arg(w, args, 0, &a) || !ls_truth(w->in, args[1], &keep) || !ls_norm_order(w, args[2], &ord)) return false;
    return ls_give(w, out, lsv_norm(a, ord, 2, axes, keep, &r, &w->err), &r);
}

/* ---- arrays as matrices ---- */

static bool as_matrix(ls_work *w, lsv_array *a, ptrdiff_t rows, ptrdiff_t columns, lsv_array **r) {
    ptrdiff_t shape[2] = {rows, columns};
    return ls_ok(w, lsv_reshape(a, 2, shape, false, r, &w->err)) && ls_keep(w, *r);
}

/* The axes named go to the end, in their order. */
static bool axes_to_end(ls_work *w, lsv_array **a, ls_value v) {
    int n, axes[LSV_MAXDIM], end = -1;
    if (ls_is_none(v)) return true;
    if (!ls_as_axes(w->in, v, &n, axes)) return false;
    int order[LSV_MAXDIM], at[LSV_MAXDIM];
    for (int d = 0; d < (*a)->ndim; d++) order[d] = d;
    for (int i = 0; i < n; i++) { /* each by its number in a, wherever it is by now */
        for (at[0] = 0; at[0] < (*a)->ndim && order[at[0]] != axes[i]; at[0]++) continue;
        if (at[0] == (*a)->ndim) return ls_raise(w->in, "ValueError", "list.remove(x): x not in list");
        for (int d = at[0]; d < (*a)->ndim - 1; d++) order[d] = order[d + 1];
        order[(*a)->ndim - 1] = axes[i];
        if (!ls_ok(w, lsv_moveaxis(*a, 1, at, &end, a, &w->err)) || !ls_keep(w, *a)) return false;
    }
    return true;
}

/* np.linalg.tensorsolve(a, b, axes=None): a is a square matrix once its first axes, b's, and the others are made one each */
BUILTIN(np_tensorsolve) {
    lsv_array *a, *b, *x;
    if (!ls_arg(w, args, 0, &a) || !ls_arg(w, args, 1, &b) || !axes_to_end(w, &a, args[2])) return false;
    int first = a->ndim > b->ndim ? b->ndim : 0, dims = a->ndim - first;
    ptrdiff_t n = 1, square;
    for (int d = first; d < a->ndim; d++) n *= a->shape[d];
    if (!lsv_mul_size(n, n, &square) || square != a->size)
        return ls_raise(w->in, "LinAlgError",
                        "Input arrays must satisfy the requirement             prod(a.shape[b.ndim:]) == prod(a.shape[:b.ndim])");
    ptrdiff_t shape[LSV_MAXDIM];
    for (int d = 0; d < dims; d++) shape[d] = a->shape[first + d];
    if (!as_matrix(w, a, n, n, &a) || !ls_ok(w, lsv_ravel(b, false, &b, &w->err)) || !ls_keep(w, b)) return false;
    if (!ls_ok(w, lsv_solve(a, b, &x, &w->err)) || !ls_keep(w, x)) return false;
    return ls_give_array(w, out, lsv_reshape(x, dims, shape, false, &x, &w->err), &x);
}

/* np.linalg.tensorinv(a, ind=2): the inverse of the matrix whose rows are the first ind axes */
BUILTIN(np_tensorinv) {
    lsv_array *a, *x;
    ptrdiff_t ind, shape[LSV_MAXDIM], rows = 1, columns = 1;
    if (!ls_arg(w, args, 0, &a) || !ls_count(w, args[1], "ind", &ind)) return false;
    if (ind <= 0) return ls_raise(w->in, "ValueError", "Invalid ind argument.");
    int dims = a->ndim, first = ind < dims ? (int)ind : dims;
    for (int d = 0; d < dims; d++) {
        *(d < first ? &rows : &columns) *= a->shape[d];
        shape[(d - first + dims) % dims] = a->shape[d];
    }
    if (!as_matrix(w, a, rows, columns, &a) || !ls_ok(w, lsv_inv(a, &x, &w->err)) || !ls_keep(w, x)) return false;
    return ls_give_array(w, out, lsv_reshape(x, dims, shape, false, &x, &w->err), &x);
}

#define SVD_DOC                                                                                                  \
    "A = U @ diag(S) @ Vh with orthonormal columns in U, orthonormal rows in Vh and S falling. full_matrices "  \
    "(the default here) gives square U and Vh. LAPACK gesdd. NaN or Inf in A is a LinAlgError."

const ls_builtin ls_family_linalg_numpy[] = {
    {"np.linalg.svd jnp.linalg.svd", "(a, full_matrices=True, compute_uv=True, hermitian=False)", "Singular value decomposition: U, S, Vh", SVD_DOC, NULL, np_svd, 0, LS_CALLABLE, NULL},
    {"np.linalg.svdvals", "(x)", "Singular values, largest first", NULL, NULL, np_svdvals, 0, LS_CALLABLE, NULL},
    {"np.linalg.qr jnp.linalg.qr", "(a, mode=\"reduced\")", "Q with orthonormal columns times upper triangular R", NULL, NULL, np_qr, 0, LS_CALLABLE, NULL},
    {"np.linalg.eigh jnp.linalg.eigh", "(a, UPLO=\"L\")", "Eigenvalues (rising) and eigenvectors of a symmetric matrix", NULL, NULL, np_eigh, 0, LS_CALLABLE, NULL},
    {"np.linalg.eigvalsh jnp.linalg.eigvalsh", "(a, UPLO=\"L\")", "Eigenvalues of a symmetric matrix, rising", NULL, NULL, np_eigh, 1, LS_CALLABLE, NULL},
    {"np.linalg.eig jnp.linalg.eig", "(a)", "Eigenvalues and eigenvectors of a square matrix whose eigenvalues are real", NULL, NULL, np_eig, 0, LS_CALLABLE, NULL},
    {"np.linalg.eigvals jnp.linalg.eigvals", "(a)", "Eigenvalues of a square matrix where they are real", NULL, NULL, np_eig, 1, LS_CALLABLE, NULL},
    {"np.linalg.cholesky jnp.linalg.cholesky", "(a, *, upper=False)", "Lower triangular L with L @ L.T = a", NULL, NULL, np_cholesky, 0, LS_CALLABLE, NULL},
    {"np.linalg.solve jnp.linalg.solve", "(a, b)", "x with a @ x = b", NULL, NULL, np_solve, 0, LS_CALLABLE, NULL},
    {"np.linalg.tensorsolve", "(a, b, axes=None)", "x with tensordot(a, x, x.ndim) equal to b", NULL, NULL, np_tensorsolve, 0, LS_CALLABLE, NULL},
    {"np.linalg.tensorinv", "(a, ind=2)", "The inverse with respect to tensordot over ind axes", NULL, NULL, np_tensorinv, 0, LS_CALLABLE, NULL},
    {"np.linalg.inv jnp.linalg.inv", "(a)", "Inverse of a square matrix", NULL, NULL, np_inv, 0, LS_CALLABLE, NULL},
    {"np.linalg.det jnp.linalg.det", "(a)", "Determinant", NULL, NULL, np_det, 0, LS_CALLABLE, NULL},
    {"np.linalg.slogdet jnp.linalg.slogdet", "(a)", "Sign and logarithm of the absolute determinant", NULL, NULL, np_slogdet, 0, LS_CALLABLE, NULL},
    {"np.linalg.lstsq jnp.linalg.lstsq", "(a, b, rcond=None)", "Least squares: (x, residuals, rank, singular values)", NULL, NULL, np_lstsq, 0, LS_CALLABLE, NULL},
    {"np.linalg.pinv jnp.linalg.pinv", "(a, rcond=None, hermitian=False, *, rtol=None)", "Moore-Penrose pseudo-inverse", NULL, NULL, np_pinv, 0, LS_CALLABLE, NULL},
    {"np.linalg.matrix_rank jnp.linalg.matrix_rank", "(A, tol=None, hermitian=False, *, rtol=None)", "How many singular values exceed the tolerance",
     "The tolerance is S.max() * max(m, n) * eps unless tol (absolute) or rtol is given.", NULL, np_matrix_rank, 0, LS_CALLABLE, NULL},
    {"np.linalg.cond jnp.linalg.cond", "(x, p=None)", "Condition number", NULL, NULL, np_cond, 0, LS_CALLABLE, NULL},
    {"np.linalg.norm jnp.linalg.norm", "(x, ord=None, axis=None, keepdims=False)", "Norm of a vector or matrix", NULL, NULL, np_norm, 0, LS_CALLABLE, NULL},
    {"np.linalg.vector_norm", "(x, *, axis=None, keepdims=False, ord=2)", "Vector norm over axes", NULL, NULL, np_vector_norm, 0, LS_CALLABLE, NULL},
    {"np.linalg.matrix_norm", "(x, *, keepdims=False, ord=\"fro\")", "Matrix norm of the last two axes", NULL, NULL, np_matrix_norm, 0, LS_CALLABLE, NULL},
    {.names = NULL}};
