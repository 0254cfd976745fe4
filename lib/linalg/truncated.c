/* The leading singular triplets; see truncated.h for what is promised.

   The way there: the Krylov space until its own estimate of the residuals is small enough, the triplets from it
   by a small SVD of A V, their residuals with A itself. Where those are larger than the estimate said (A^T A
   squares the spectrum: it cannot see below eps * s_1^2 / s_k), the space is asked for more once, and then
   the full decomposition is taken.

   A matrix that lies on a GPU, or is worth bringing there, stays there (dense.h). Should the GPU stop half way,
   everything is done once more on the CPU. */
#include "linalg/truncated.h"
#include <float.h>
#include <math.h>
#include <string.h>
#include "array/mirror.h"
#include "backend/ledger.h"
#include "linalg/certificate.h"
#include "linalg/linalg.h"

static const double default_tol = 1e-12, default_tol_f32 = 1e-8;

/* ---- the full decomposition, cut ---- */

/* From U, S, Vh of the whole, as float64 arrays, in the orientation in which the matrix is held. */
static void take_leading(const lsv_dense *A, const lsv_array *U, const lsv_array *S, const lsv_array *Vh,
                         lsv_triplets *t) {
    const double *u = (const double *)(const void *)U->data, *vh = (const double *)(const void *)Vh->data,
                 *s = (const double *)(const void *)S->data;
    ptrdiff_t rows = U->shape[0], k = U->shape[1], cols = Vh->shape[1];
    double *left = A->transposed ? t->v : t->u, *right = A->transposed ? t->u : t->v;
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < t->k; j++) left[i * t->ld + j] = u[i * k + j];
    for (ptrdiff_t j = 0; j < t->k; j++)
        for (ptrdiff_t i = 0; i < cols; i++) right[i * t->ld + j] = vh[j * cols + i];
    for (ptrdiff_t j = 0; j < t->k; j++) t->s[j] = ldexp(s[j], -A->exponent);
}

static lsv_status all_triplets(const lsv_array *W, lsv_array **U, lsv_array **S, lsv_array **Vh, lsv_error *err) {
    lsv_array *x;
    LSV_TRY(lsv_as_kind(lsv_borrow(W), LSV_NUMPY, &x, err));
    lsv_status status = lsv_svd(x, false, LSV_SVD_AUTO, U, S, Vh, err);
    lsv_release(x);
    LSV_TRY(status);
    status = lsv_host(*U, err);
    if (status == LSV_OK) status = lsv_host(*S, err);
    if (status == LSV_OK) status = lsv_host(*Vh, err);
    if (status == LSV_OK) return LSV_OK;
    lsv_release(*U);
    lsv_release(*S);
    lsv_release(*Vh);
    return status;
}

static lsv_status in_full(lsv_dense *A, lsv_triplets *t, lsv_error *err) {
    lsv_array *U, *S, *Vh;
    if (A->resident) { /* the rest is done on the host */
        LSV_TRY(lsv_dense_leave(A, err));
        lsv_triplets_leave(t);
    }
    LSV_TRY(all_triplets(A->array, &U, &S, &Vh, err));
    lsv_status status;
    take_leading(A, U, S, Vh, t);
    status = lsv_triplets_residual(A, t, err);
    if (status == LSV_OK) status = lsv_triplets_tail(A, t, err);
    if (status == LSV_OK && A->norm > 0) { /* the values left out say it without a difference */
        const double *s = (const double *)(const void *)S->data;
        double rest = 0;
        for (ptrdiff_t j = S->size; j-- > t->k;) rest += pow(ldexp(s[j], -A->exponent) / A->norm, 2);
        if (t->k < S->size) t->error = sqrt(rest);
        t->bound = fmax(t->bound, t->error * (1 + 4 * DBL_EPSILON));
    }
    lsv_release(U);
    lsv_release(S);
    lsv_release(Vh);
    return status;
}

/* ---- the Krylov way ---- */

/* *met when the triplets meet `tol` by their recomputed residuals. */
static lsv_status by_krylov(const lsv_dense *A, double tol, uint64_t seed, lsv_triplets *t, bool *met,
                            lsv_svd_info *info, lsv_error *err) {
    lsv_krylov *w;
    bool reached;
    double ask = 0.5 * tol;
    *met = false;
    LSV_TRY(lsv_krylov_new(A, t->k, seed, &w, err));
    lsv_status status = LSV_OK;
    for (int attempt = 0; attempt < 2 && !*met && status == LSV_OK; attempt++) {
        status = lsv_krylov_run(w, ask, &reached, err);
        if (status != LSV_OK || !reached) break;
        status = lsv_krylov_vectors(w, t->v, err);
        if (status == LSV_OK) status = lsv_poll(err);
        if (status == LSV_OK) status = lsv_triplets_refine(A, t, err);
        *met = status == LSV_OK && t->residual <= tol;
        if (t->residual > 100 * tol) break; /* no more of the same will help */
        ask *= 0.05;
    }
    info->iterations = lsv_krylov_iterations(w);
    info->block = lsv_krylov_block(w);
    lsv_krylov_free(w);
    return status;
}

static bool worth_truncating(const lsv_dense *A, ptrdiff_t k) {
    ptrdiff_t small = lsv_min_size(A->m, A->n);
    return small > LSV_TRUNCATED_FROM && k > 0 && k <= small / 8 && A->norm > 0;
}

static lsv_status find(lsv_dense *A, double tol, uint64_t seed, lsv_triplets *t, lsv_svd_info *info,
                       lsv_error *err) {
    bool met = false;
    info->method = "full";
    if (t->k == 0) {
        t->error = t->bound = A->norm > 0;
        return LSV_OK;
    }
    if (worth_truncating(A, t->k)) {
        int before = lsv_backend_serial();
        lsv_status status = by_krylov(A, tol, seed, t, &met, info, err);
        if (status == LSV_OK && met) status = lsv_triplets_tail(A, t, err);
        lsv_backend_serial_done(before);
        if (status != LSV_OK && status != LSV_ELINALG) return status;
        met = met && status == LSV_OK;
    }
    if (met) info->method = "block Krylov";
    else LSV_TRY(in_full(A, t, err));
    lsv_ledger_text("method", info->method);
    lsv_ledger_number("iterations", info->iterations);
    lsv_ledger_number("residual", t->residual);
    lsv_ledger_number("bound", t->bound);
    return LSV_OK;
}

/* ---- results ---- */

/* What the results have in common. */
typedef struct output {
    lsv_kind kind;
    lsv_dtype type;
    int device;
    ptrdiff_t k, ld;
    double *sign; /* of each triplet */
} output;

/* x (rows x ld) diag(sign) as an array of rows x k, or its transpose. */
static lsv_status result(const output *o, ptrdiff_t rows, const double *x, bool transpose, lsv_array **out, lsv_error *err) {
    ptrdiff_t k = o->k, shape[2] = {transpose ? k : rows, transpose ? rows : k};
    lsv_array *a;
    LSV_TRY(lsv_scratch_read(x, err));
    LSV_TRY(lsv_empty(o->kind, o->type, 2, shape, &a, err));
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < k; j++)
            lsv_mats_put(o->type, a->data, transpose ? j * rows + i : i * k + j, x[i * o->ld + j] * o->sign[j]);
    *out = a;
    return LSV_OK;
}

/* The same from scratch, on the device; *out NULL where that is not offered. */
static lsv_status result_there(const output *o, ptrdiff_t rows, const double *x, bool transpose, lsv_array **out,
                               lsv_error *err) {
    ptrdiff_t k = o->k;
    lsv_array *a = NULL, *v = NULL;
    double *diagonal;
    *out = NULL;
    if (!o->device || !lsv_scratch_is(x) || !lsv_device) return LSV_OK;
    LSV_TRY(lsv_thin_new(o->ld, k, &diagonal, err));
    for (ptrdiff_t j = 0; j < k; j++) diagonal[j * o->ld + j] = o->sign[j];
    lsv_status status = lsv_empty_on(o->device, o->kind, LSV_FLOAT64, 2, (ptrdiff_t[]){rows, k}, &a, err);
    if (status == LSV_OK)
        status = lsv_thin_times(rows, o->ld, k, x, o->ld, diagonal, o->ld, false, (double *)(void *)a->data, k, err);
    lsv_free(diagonal);
    if (status == LSV_OK && transpose) status = lsv_transpose(a, NULL, &v, err);
    else if (status == LSV_OK && o->type == LSV_FLOAT64) *out = a, a = NULL;
    if (status == LSV_OK && a) status = lsv_device ? lsv_device->convert(v ? v : a, o->type, out, err) : LSV_ENOTIMPL;
    lsv_release(v);
    lsv_release(a);
    if (status == LSV_OK || status == LSV_EINTR || status == LSV_ENOMEM) return status;
    *out = NULL;
    return LSV_OK;
}

static lsv_status one_result(const output *o, ptrdiff_t rows, const double *x, bool transpose, lsv_array **out,
                             lsv_error *err) {
    LSV_TRY(result_there(o, rows, x, transpose, out, err));
    return *out ? LSV_OK : result(o, rows, x, transpose, out, err);
}

/* Up to LSV_TRUNCATED_FROM the signs are LAPACK's; above, they follow the columns of U. */
static lsv_status choose_signs(const lsv_array *W, const output *o, const double *left, lsv_error *err) {
    for (ptrdiff_t j = 0; j < o->k; j++) o->sign[j] = 1;
    if (lsv_min_size(W->shape[0], W->shape[1]) <= LSV_TRUNCATED_FROM) return LSV_OK;
    LSV_TRY(lsv_scratch_read(left, err));
    lsv_triplets_signs(W->shape[0], o->k, o->ld, left, o->sign);
    return LSV_OK;
}

static lsv_status values(const output *o, const lsv_dense *A, const lsv_triplets *t, lsv_array **out, lsv_error *err) {
    LSV_TRY(lsv_empty(o->kind, o->type, 1, &o->k, out, err));
    for (ptrdiff_t j = 0; j < o->k; j++)
        lsv_mats_put(o->type, (*out)->data, j, A->exponent ? ldexp(t->s[j], A->exponent) : t->s[j]);
    return LSV_OK;
}

static lsv_status results(const lsv_array *W, lsv_dtype type, const lsv_dense *A, const lsv_triplets *t,
                          lsv_array **U, lsv_array **S, lsv_array **Vh, lsv_error *err) {
    output o = {(lsv_kind)W->kind, type, W->device, t->k, t->ld, NULL};
    const double *left = A->transposed ? t->v : t->u, *right = A->transposed ? t->u : t->v;
    lsv_array *u = NULL, *s = NULL, *vh = NULL;
    LSV_TRY(lsv_thin_new(1, t->k, &o.sign, err));
    lsv_status status = choose_signs(W, &o, left, err);
    if (status == LSV_OK) status = one_result(&o, W->shape[0], left, false, &u, err);
    if (status == LSV_OK) status = one_result(&o, W->shape[1], right, true, &vh, err);
    if (status == LSV_OK) status = values(&o, A, t, &s, err);
    lsv_free(o.sign);
    if (status != LSV_OK) {
        lsv_release(u);
        lsv_release(vh);
        return status;
    }
    *U = u, *S = s, *Vh = vh;
    return LSV_OK;
}

static lsv_status check(const lsv_array *W, ptrdiff_t k, lsv_error *err) {
    char text[128];
    if (W->ndim != 2)
        return lsv_fail(err, LSV_EVALUE, "svd: a matrix is needed, and this has shape %s",
                        lsv_shape_text(W, text, sizeof text));
    ptrdiff_t most = lsv_min_size(W->shape[0], W->shape[1]);
    if (k >= 0 && k <= most) return LSV_OK;
    return lsv_fail(err, LSV_EVALUE, "svd: k = %td of a %td x %td matrix; it has %td singular values", k,
                    W->shape[0], W->shape[1], most);
}

/* LSV_ENOTIMPL: it was begun on a device, which stopped. */
static lsv_status decompose(const lsv_array *W, bool there, ptrdiff_t k, const lsv_svd_options *options, lsv_array **U,
                            lsv_array **S, lsv_array **Vh, lsv_svd_info *info, lsv_error *err) {
    lsv_dense A;
    lsv_triplets t;
    lsv_svd_info said = {.k = k};
    lsv_dtype type = W->dtype == LSV_FLOAT32 || W->dtype == LSV_FLOAT16 || W->dtype == LSV_BFLOAT16 ||
                             (W->kind == LSV_TORCH && W->dtype != LSV_FLOAT64)
                         ? LSV_FLOAT32
                         : LSV_FLOAT64;
    if (options && options->wide) type = LSV_FLOAT64;
    double tol = options && options->tol > 0 ? options->tol : type == LSV_FLOAT32 ? default_tol_f32 : default_tol;
    if (there) LSV_TRY(lsv_dense_open_there(W, "svd", &A, err));
    else LSV_TRY(lsv_dense_open(W, "svd", &A, err));
    lsv_status status = lsv_triplets_new(&A, k, &t, err);
    if (status == LSV_OK) {
        status = find(&A, fmax(tol, 1e-14), options ? options->seed : 0, &t, &said, err);
        if (status == LSV_OK) status = results(W, type, &A, &t, U, S, Vh, err);
        if (status == LSV_OK && info) {
            said.residual = t.residual, said.error = t.error, said.bound = t.bound;
            said.norm = ldexp(A.norm, A.exponent);
            if (type == LSV_FLOAT32) said.bound += 0x1.8p-23; /* the factors rounded to float32 */
            *info = said;
        }
        lsv_triplets_free(&t);
    }
    lsv_dense_close(&A);
    return status;
}

/* One result after the other; on failure none is left. */
static lsv_status all_follow(int device, lsv_array **U, lsv_array **S, lsv_array **Vh, lsv_error *err) {
    lsv_array **each[] = {U, S, Vh};
    lsv_status status = LSV_OK;
    for (int i = 0; i < 3 && status == LSV_OK; i++) status = lsv_put_on(*each[i], device, err);
    for (int i = 0; i < 3 && status != LSV_OK; i++) lsv_release(*each[i]);
    return status;
}

lsv_status lsv_svd_truncated(const lsv_array *W, ptrdiff_t k, const lsv_svd_options *options, lsv_array **U,
                             lsv_array **S, lsv_array **Vh, lsv_svd_info *info, lsv_error *err) {
    LSV_TRY(check(W, k, err));
    bool large = lsv_min_size(W->shape[0], W->shape[1]) > LSV_TRUNCATED_FROM;
    lsv_array *u = NULL, *s = NULL, *vh = NULL;
    lsv_status status = decompose(W, large, k, options, &u, &s, &vh, info, err);
    if (status == LSV_ENOTIMPL && large) {
        bool before = lsv_backend_host_only(true);
        status = decompose(W, false, k, options, &u, &s, &vh, info, err);
        lsv_backend_host_only(before);
    }
    LSV_TRY(status);
    if (W->device) LSV_TRY(all_follow(W->device, &u, &s, &vh, err));
    *U = u, *S = s, *Vh = vh;
    return LSV_OK;
}
