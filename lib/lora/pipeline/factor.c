/* The leading singular triplets of a layer's difference, as far as its error asks for them.

   The difference of two checkpoints is a few directions over a sea of rounding noise. The directions come out
   of a few products with a random block; those within the noise have no gaps between them and no method tells
   them apart cheaply, nor need it: what counts is the error of the approximation, which is known exactly from
   the values found, |x|^2 - sum s^2, and improves with every pass. Passes go on until the last ones' gain says that
   no more than the share `accuracy` of the error is left to be had.

   A pass is two products: Z = X^T Q, whose QR factors P R give X ~ Q R^T P^T with the triplets of R^T for its own, and
   Q = orth(X P). The large products are float32, all that is thin or small is float64. The block is the rank and
   a quarter more; where a rule needs more values than it has, it grows threefold, from what was found. When a third
   of all values would be asked for, the smaller Gram matrix is decomposed in full, in float64, which squares nothing away
   that float32 numbers could show. */
#include <math.h>
#include <string.h>
#include "base/interrupt.h"
#include "linalg/dense.h"
#include "lora/factors.h"
#include "lora/pipeline/inside.h"

enum { FULL_UP_TO = 64, LEAST_MORE = 16, PASSES_MOST = 12 };
static const double usual_accuracy = 1e-3, nothing = 1e-6; /* of s_1: below, float32 has no telling */
static const double flops_at_once = 1e9;                   /* between two looks at the interrupt */
static const double few_flops = 2e7;                       /* a product so small is not worth waking threads for */

typedef struct block {
    const lsv_delta *d;
    ptrdiff_t q, ld;
    double *left, *right;   /* Q: m x ld, P: n x ld                     */
    double *r, *s, *ru, *rv; /* q x q column-major, values, factors of R^T */
    float *narrow, *wide;   /* products in float32: q columns            */
    double flops;
    int products;
} block;

static void block_free(block *w) {
    lsv_free(w->left), lsv_free(w->right), lsv_free(w->r), lsv_free(w->s), lsv_free(w->ru), lsv_free(w->rv);
    lsv_free(w->narrow), lsv_free(w->wide);
    w->left = w->right = w->r = w->s = w->ru = w->rv = NULL;
    w->narrow = w->wide = NULL;
}

static lsv_status buffer(lsv_dtype t, ptrdiff_t rows, ptrdiff_t cols, void *out, lsv_error *err) {
    return lsv_mats_buffer(t, rows, cols, out, err);
}

static lsv_status block_new(const lsv_delta *d, ptrdiff_t q, block *w, lsv_error *err) {
    ptrdiff_t m = d->m, n = d->n, most = lsv_max_size(m, n);
    *w = (block){.d = d, .q = q, .ld = lsv_pad8(q), .flops = w->flops, .products = w->products};
    lsv_status status = lsv_thin_new(m, q, &w->left, err);
    if (status == LSV_OK) status = lsv_thin_new(n, q, &w->right, err);
    if (status == LSV_OK) status = buffer(LSV_FLOAT64, q, q, &w->r, err);
    if (status == LSV_OK) status = buffer(LSV_FLOAT64, q, 1, &w->s, err);
    if (status == LSV_OK) status = buffer(LSV_FLOAT64, q, q, &w->ru, err);
    if (status == LSV_OK) status = buffer(LSV_FLOAT64, q, q, &w->rv, err);
    if (status == LSV_OK) status = buffer(LSV_FLOAT32, most, q, &w->narrow, err);
    if (status == LSV_OK) status = buffer(LSV_FLOAT32, most, q, &w->wide, err);
    if (status != LSV_OK) block_free(w);
    return status;
}

static void to_float(const double *from, ptrdiff_t rows, ptrdiff_t q, ptrdiff_t ld, float *to) {
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < q; j++) to[i * q + j] = (float)from[i * ld + j];
}
static void to_double(const float *from, ptrdiff_t rows, ptrdiff_t q, ptrdiff_t ld, double *to) {
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < q; j++) to[i * ld + j] = (double)from[i * q + j];
}

/* left = X right, or right = X^T left, a slice of X's rows at a time. */
static lsv_status product(block *w, bool transposed, lsv_error *err) {
    const lsv_delta *d = w->d;
    ptrdiff_t q = w->q, rows = (ptrdiff_t)fmax(32, flops_at_once / (2.0 * (double)d->n * (double)q));
    to_float(transposed ? w->left : w->right, transposed ? d->m : d->n, q, w->ld, w->narrow);
    for (ptrdiff_t i = 0; i < d->m; i += rows) {
        ptrdiff_t k = lsv_min_size(rows, d->m - i);
        const float *x = d->x + i * d->n;
        if (transposed)
            LSV_TRY(lsv_backend_for(LSV_BE_GEMM, LSV_FLOAT32, d->n, q, k)
                        ->gemm(LSV_FLOAT32, true, false, d->n, q, k, 1, x, d->n, w->narrow + i * q, q, i > 0, w->wide, q, err));
        else
            LSV_TRY(lsv_backend_for(LSV_BE_GEMM, LSV_FLOAT32, k, q, d->n)
                        ->gemm(LSV_FLOAT32, false, false, k, q, d->n, 1, x, d->n, w->narrow, q, 0, w->wide + i * q, q, err));
        LSV_TRY(lsv_poll(err));
    }
    to_double(w->wide, transposed ? d->n : d->m, q, w->ld, transposed ? w->right : w->left);
    w->flops += 2.0 * (double)d->m * (double)d->n * (double)q;
    w->products++;
    return LSV_OK;
}

/* Q = orth(X P); then X ~ Q R^T P'^T from Z = X^T Q = P' R, and R^T = ru diag(s) rv. */
static lsv_status half_pass(block *w, lsv_error *err) {
    LSV_TRY(product(w, false, err));
    return lsv_thin_qr(w->d->m, w->q, w->left, w->r, err);
}

static lsv_status values(block *w, lsv_error *err) {
    ptrdiff_t q = w->q;
    LSV_TRY(product(w, true, err));
    LSV_TRY(lsv_thin_qr(w->d->n, q, w->right, w->r, err));
    for (ptrdiff_t j = 0; j < q; j++) /* R^T for R */
        for (ptrdiff_t i = 0; i < j; i++) {
            double x = w->r[j * q + i];
            w->r[j * q + i] = w->r[i * q + j];
            w->r[i * q + j] = x;
        }
    return lsv_small_svd(q, w->r, w->s, w->ru, w->rv, err);
}

static double share(const block *w, ptrdiff_t k) { /* of |x|^2, that the first k values hold */
    double sum = 0;
    for (ptrdiff_t j = k; j-- > 0;) sum += w->s[j] / w->d->norm * (w->s[j] / w->d->norm);
    return sum;
}

/* The start: 1 or -1 everywhere, which serves as well as normal numbers do. */
static void random_signs(block *w, uint64_t *seed) {
    uint64_t bits = 0;
    for (ptrdiff_t i = 0, n = 0; i < w->d->n; i++)
        for (ptrdiff_t j = 0; j < w->q; j++, n++, bits >>= 1) {
            if (n % 64 == 0) { /* splitmix64 */
                bits = *seed += 0x9e3779b97f4a7c15u;
                bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9u;
                bits = (bits ^ bits >> 27) * 0x94d049bb133111ebu;
                bits ^= bits >> 31;
            }
            w->right[i * w->ld + j] = bits & 1 ? 1 : -1;
        }
}

/* Passes until the first k values have what they can. */
static lsv_status iterate(block *w, ptrdiff_t k, double accuracy, lsv_error *err) {
    double last = 0, gain = 0;
    for (int i = 0; i < PASSES_MOST; i++) {
        LSV_TRY(half_pass(w, err));
        LSV_TRY(values(w, err));
        double now = share(w, k), step = now - last, rest = fmax(1 - now, 1e-12);
        double ratio = i > 1 && gain > 0 ? fmin(fmax(step / gain, 0.1), 0.9) : 0.5;
        if (i > 0 && step * ratio / (1 - ratio) <= 2 * accuracy * rest) break;
        gain = step, last = now;
    }
    return LSV_OK;
}

/* ---- in full ---- */

/* G = X X^T or X^T X, whichever is smaller, added up in float64 over slices of the other side. */
static lsv_status gram(const lsv_delta *d, ptrdiff_t k, double *g, lsv_error *err) {
    bool rows = d->m <= d->n; /* the smaller side */
    ptrdiff_t other = rows ? d->n : d->m, slice = lsv_max_size(16, (ptrdiff_t)(flops_at_once / (2.0 * (double)k * (double)k)));
    double *x;
    slice = lsv_min_size(slice, other);
    LSV_TRY(buffer(LSV_FLOAT64, k, slice, &x, err));
    lsv_status status = LSV_OK;
    for (ptrdiff_t at = 0; status == LSV_OK && at < other; at += slice) {
        ptrdiff_t c = lsv_min_size(slice, other - at);
        for (ptrdiff_t i = 0; rows && i < k; i++)
            for (ptrdiff_t j = 0; j < c; j++) x[i * c + j] = (double)d->x[i * d->n + at + j];
        for (ptrdiff_t i = 0; !rows && i < c * k; i++) x[i] = (double)d->x[at * d->n + i];
        status = lsv_backend_for(LSV_BE_GEMM, LSV_FLOAT64, k, k, c)
                     ->gemm(LSV_FLOAT64, !rows, rows, k, k, c, 1, x, rows ? c : k, x, rows ? c : k, at > 0, g, k, err);
        if (status == LSV_OK) status = lsv_poll(err);
    }
    lsv_free(x);
    return status;
}

/* All k = min(m, n) values; the block's larger side is then that of the eigenvectors' images. */
static lsv_status in_full(block *w, lsv_error *err) {
    const lsv_delta *d = w->d;
    ptrdiff_t k = w->q;
    double *g = NULL, *e = NULL;
    int info = 0;
    lsv_status status = buffer(LSV_FLOAT64, k, k, &g, err);
    if (status == LSV_OK) status = buffer(LSV_FLOAT64, k, 1, &e, err);
    if (status == LSV_OK) status = gram(d, k, g, err);
    if (status == LSV_OK) status = lsv_backend_for(LSV_BE_SYEVD, LSV_FLOAT64, k, k, 0)->syevd(LSV_FLOAT64, true, true, k, g, k, e, &info, err);
    if (status == LSV_OK && info != 0) status = lsv_fail(err, LSV_ELINALG, "the eigenvalues of a layer's Gram matrix did not converge");
    w->flops += (2.0 * (double)lsv_max_size(d->m, d->n) + 9.0 * (double)k) * (double)k * (double)k;
    double *q = d->m <= d->n ? w->left : w->right;
    for (ptrdiff_t j = 0; status == LSV_OK && j < k; j++) /* ascending: the last is the largest */
        for (ptrdiff_t i = 0; i < k; i++) q[i * w->ld + j] = g[(k - 1 - j) * k + i];
    lsv_free(g);
    lsv_free(e);
    LSV_TRY(status);
    if (d->m > d->n) LSV_TRY(half_pass(w, err));
    return values(w, err);
}

/* ---- what comes out ---- */

static void leading_signs(lsv_leading *t) {
    for (ptrdiff_t j = 0; j < t->k; j++) {
        double top = 0, sign = 1;
        for (ptrdiff_t i = 0; i < t->m; i++) top = fmax(top, fabs(t->u[i * t->ld + j]));
        for (ptrdiff_t i = 0; i < t->m; i++)
            if (fabs(t->u[i * t->ld + j]) >= top * (1 - 1e-6)) {
                sign = t->u[i * t->ld + j] < 0 ? -1 : 1;
                break;
            }
        if (sign > 0) continue;
        for (ptrdiff_t i = 0; i < t->m; i++) t->u[i * t->ld + j] = -t->u[i * t->ld + j];
        for (ptrdiff_t i = 0; i < t->n; i++) t->v[i * t->ld + j] = -t->v[i * t->ld + j];
    }
}

/* The first k columns of `side` (rows x q) times the small factor; small[i, j] lies at j * step + i * stride. */
static lsv_status rotate(const block *w, const double *side, ptrdiff_t rows, const double *small, bool transposed, ptrdiff_t k,
                         double **out, lsv_error *err) {
    ptrdiff_t ld = lsv_pad8(k), q = w->q;
    double *x, *y = NULL;
    LSV_TRY(lsv_thin_new(q, k, &x, err));
    lsv_status status = lsv_thin_new(rows, k, &y, err);
    for (ptrdiff_t i = 0; status == LSV_OK && i < q; i++)
        for (ptrdiff_t j = 0; j < k; j++) x[i * ld + j] = transposed ? small[i * q + j] : small[j * q + i];
    if (status == LSV_OK) status = lsv_thin_times(rows, q, ld, side, w->ld, x, ld, false, y, ld, err);
    lsv_free(x);
    if (status == LSV_OK) *out = y;
    else lsv_free(y);
    return status;
}

static lsv_status leading(const block *w, ptrdiff_t k, bool complete, lsv_leading *out, lsv_error *err) {
    lsv_leading t = {.m = w->d->m, .n = w->d->n, .k = k, .ld = lsv_pad8(k), .complete = complete, .products = w->products,
                     .flops = w->flops, .method = complete ? "full" : "randomized"};
    lsv_status status = rotate(w, w->left, t.m, w->ru, false, k, &t.u, err);
    if (status == LSV_OK) status = rotate(w, w->right, t.n, w->rv, true, k, &t.v, err);
    if (status == LSV_OK) status = buffer(LSV_FLOAT64, k, 1, &t.s, err);
    if (status != LSV_OK) {
        lsv_leading_free(&t);
        return status;
    }
    memcpy(t.s, w->s, (size_t)k * sizeof *t.s);
    t.error = sqrt(fmax(0, 1 - share(w, k)));
    leading_signs(&t);
    *out = t;
    return LSV_OK;
}

void lsv_leading_free(lsv_leading *t) {
    lsv_free(t->u), lsv_free(t->v), lsv_free(t->s);
    *t = (lsv_leading){0};
}

/* ---- the rank ---- */

/* How many of the k values are more than rounding: the matrix's own, and, where asked, that of the stored weights. */
static ptrdiff_t counted(const block *w, ptrdiff_t k, const lsv_factor_options *o) {
    double least = fmax(w->s[0] * nothing, o->above_noise ? w->d->edge : 0);
    ptrdiff_t r = 0;
    while (r < k && w->s[r] > least) r++;
    return r;
}

/* -1: more values are needed. */
static ptrdiff_t decide(const block *w, ptrdiff_t k, bool complete, const lsv_factor_options *o) {
    ptrdiff_t real = counted(w, k, o), r;
    lsv_rank_rule rule = o->rule;
    bool rules = !isnan(rule.tol) || !isnan(rule.energy) || !isnan(rule.ratio);
    double error = sqrt(fmax(0, 1 - share(w, k)));
    if (rule.r < 0 && !rules) { /* all that are more than rounding */
        ptrdiff_t cap = rule.max_rank >= 0 ? rule.max_rank : PTRDIFF_MAX;
        if (real < k || complete) return lsv_min_size(real, cap);
        return k >= cap ? cap : -1;
    }
    if (rule.r > k) rule.r = complete ? k : rule.r;
    r = lsv_lora_choose(w->s, k, complete ? -1 : error, w->d->norm, nothing, rule);
    if (r < 0) return real < k ? real : -1; /* what lies below is rounding: no rule takes it */
    return lsv_min_size(r, real);
}

lsv_status lsv_delta_factor(const lsv_delta *d, const lsv_factor_options *o, lsv_leading *out, ptrdiff_t *rank, lsv_error *err) {
    ptrdiff_t most = lsv_min_size(d->m, d->n), k = o->rule.r >= 0 ? lsv_min_size(o->rule.r, most) : 32;
    double accuracy = o->accuracy > 0 ? o->accuracy : usual_accuracy;
    uint64_t seed = o->seed;
    block w = {0};
    if (o->rule.max_rank >= 0 && o->rule.max_rank < k) k = o->rule.max_rank;
    if (k < 1) k = 1;
    for (;;) {
        ptrdiff_t q = k + lsv_max_size(LEAST_MORE, k / 4);
        bool full = most <= FULL_UP_TO || q > most / 3;
        if (full) k = q = most;
        LSV_TRY(block_new(d, q, &w, err));
        bool few = 2.0 * (double)d->m * (double)d->n * (double)q < few_flops;
        int threads = few ? lsv_backend_serial() : 0;
        lsv_status status;
        if (full) status = in_full(&w, err);
        else {
            random_signs(&w, &seed);
            status = iterate(&w, k, accuracy, err);
        }
        if (status == LSV_OK) *rank = decide(&w, k, full, o);
        if (status == LSV_OK && *rank >= 0) status = leading(&w, full ? lsv_max_size(*rank, 1) : k, full, out, err);
        if (few) lsv_backend_serial_done(threads);
        block_free(&w);
        if (status != LSV_OK || *rank >= 0) return status;
        k *= 3;
        if (o->rule.max_rank >= 0 && k > o->rule.max_rank) k = o->rule.max_rank;
    }
}

/* ---- the split ---- */

static lsv_status in_range(const lsv_array *a, const char *what, lsv_error *err) {
    for (ptrdiff_t i = 0; i < a->size; i++) {
        double x = lsv_load((lsv_dtype)a->dtype, a->data + (size_t)i * lsv_dtype_size((lsv_dtype)a->dtype)).f;
        if (isfinite(x)) continue;
        lsv_status status = lsv_fail(err, LSV_EVALUE, "an entry of %s is beyond what %s holds", what, lsv_dtype_name((lsv_dtype)a->dtype));
        lsv_hint(err, "bfloat16 and float32 hold it");
        return status;
    }
    return LSV_OK;
}

static lsv_status one_factor(const double *x, ptrdiff_t rows, ptrdiff_t ld, const double *s, double power, ptrdiff_t r, bool flat,
                             lsv_dtype type, const char *what, lsv_array **out, lsv_error *err) {
    lsv_array *a;
    ptrdiff_t shape[2] = {flat ? r : rows, flat ? rows : r};
    LSV_TRY(lsv_empty(LSV_TORCH, type == LSV_FLOAT64 ? LSV_FLOAT64 : LSV_FLOAT32, 2, shape, &a, err));
    for (ptrdiff_t j = 0; j < r; j++) {
        double scale = power == 0 ? 1 : power == 1 ? s[j] : sqrt(s[j]);
        for (ptrdiff_t i = 0; i < rows; i++) lsv_mats_put((lsv_dtype)a->dtype, a->data, flat ? j * rows + i : i * r + j, x[i * ld + j] * scale);
    }
    lsv_status status = lsv_as_dtype(a, type, out, err);
    lsv_release(a);
    LSV_TRY(status);
    if (type == LSV_FLOAT16) status = in_range(*out, what, err);
    if (status != LSV_OK) lsv_release(*out);
    return status;
}

lsv_status lsv_leading_split(const lsv_leading *t, ptrdiff_t r, lsv_split split, bool transposed, lsv_dtype type, lsv_array **B,
                             lsv_array **A, lsv_error *err) {
    const double *left = transposed ? t->v : t->u, *right = transposed ? t->u : t->v;
    ptrdiff_t m = transposed ? t->n : t->m, n = transposed ? t->m : t->n;
    double power = split == LSV_SPLIT_SQRT ? 0.5 : split == LSV_SPLIT_LEFT ? 1 : 0;
    lsv_array *b, *a;
    LSV_TRY(one_factor(left, m, t->ld, t->s, power, r, false, type, "B", &b, err));
    lsv_status status = one_factor(right, n, t->ld, t->s, power == 0.5 ? 0.5 : 1 - power, r, true, type, "A", &a, err);
    if (status != LSV_OK) {
        lsv_release(b);
        return status;
    }
    *B = b, *A = a;
    return LSV_OK;
}
