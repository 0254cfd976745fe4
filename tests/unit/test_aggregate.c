/* aggregate: 500 random federations against the dense sum, the identity law, and baselines that report the error they
   have. */
#include "lora/lora.h"
#include "matrices.h"

static unsigned seed = 1;
static ptrdiff_t roll(ptrdiff_t from, ptrdiff_t to) {
    seed = seed * 1103515245u + 12345u;
    return from + (ptrdiff_t)((seed >> 16) % (unsigned)(to - from + 1));
}

enum { MOST = 8 };
typedef struct {
    int n;
    lsv_array *B[MOST], *A[MOST], *sum;
    double weights[MOST], alphas[MOST];
    bool weighted, scaled, rslora;
    ptrdiff_t m, n_cols, inner;
} federation;

static double coefficient(const federation *f, int i) {
    double w = f->weighted ? f->weights[i] : 1.0 / f->n, r = (double)f->B[i]->shape[1];
    return f->scaled ? w * f->alphas[i] / (f->rslora ? sqrt(r) : r) : w;
}

static void make(federation *f, ptrdiff_t m, ptrdiff_t n, int clients, ptrdiff_t widest, lsv_dtype t) {
    *f = (federation){.n = clients, .m = m, .n_cols = n};
    f->weighted = roll(0, 2) > 0, f->scaled = roll(0, 1), f->rslora = f->scaled && roll(0, 1);
    if (lsv_zeros(LSV_NUMPY, LSV_FLOAT64, 2, (ptrdiff_t[]){m, n}, &f->sum, NULL) != LSV_OK) exit(2);
    for (int i = 0; i < clients; i++) {
        ptrdiff_t r = roll(1, widest);
        f->B[i] = noise(LSV_NUMPY, t, 2, (ptrdiff_t[]){m, r}, (unsigned)roll(1, 32000));
        f->A[i] = noise(LSV_NUMPY, t, 2, (ptrdiff_t[]){r, n}, (unsigned)roll(1, 32000));
        f->weights[i] = (double)roll(-10, 20) / 10;
        f->alphas[i] = (double)roll(1, 32);
        f->inner += r;
    }
    for (int i = 0; i < clients; i++) {
        ptrdiff_t r = f->B[i]->shape[1];
        for (ptrdiff_t a = 0; a < m; a++)
            for (ptrdiff_t b = 0; b < n; b++)
                for (ptrdiff_t k = 0; k < r; k++)
                    ((double *)lsv_data(f->sum))[a * n + b] += coefficient(f, i) * at(f->B[i], a * r + k) * at(f->A[i], k * n + b);
    }
}

static void drop(federation *f) {
    for (int i = 0; i < f->n; i++) lsv_release(f->B[i]), lsv_release(f->A[i]);
    lsv_release(f->sum);
}

static lsv_federation view(const federation *f) {
    return (lsv_federation){f->B, f->A, f->n, f->weighted ? f->weights : NULL, f->scaled ? f->alphas : NULL, f->rslora};
}

static double norm(const lsv_array *x) {
    double sum = 0;
    for (ptrdiff_t i = 0; i < x->size; i++) sum += at(x, i) * at(x, i);
    return sqrt(sum);
}

/* |BA - sum| / |sum|; gives up B and A. */
static double miss(const lsv_array *sum, lsv_array *B, lsv_array *A) {
    lsv_array *product = times(B, A);
    double off = 0, all = norm(sum);
    for (ptrdiff_t i = 0; i < sum->size; i++) off += pow(at(sum, i) - at(product, i), 2);
    lsv_release(product);
    return all > 0 ? sqrt(off) / all : sqrt(off);
}

/* The size of the terms against the size of the sum: rounding is relative to the former. */
static double cancellation(const federation *f) {
    double terms = 0;
    for (int i = 0; i < f->n; i++) {
        lsv_array *p = times(lsv_ref(f->B[i]), lsv_ref(f->A[i]));
        terms += fabs(coefficient(f, i)) * norm(p);
        lsv_release(p);
    }
    double all = norm(f->sum);
    return all > 0 ? terms / all : 1;
}

static void exact_law(const federation *f, double tol) {
    lsv_federation v = view(f);
    ptrdiff_t r[3] = {-1, roll(0, 3), roll(1, 6)};
    lsv_array *B[3], *A[3];
    lsv_aggregate_info infos[3];
    double slack = cancellation(f);
    if (slack > 1e6) return; /* the terms cancel: nothing is left to compare */
    for (int method = LSV_AGGREGATE_EXACT; method <= LSV_AGGREGATE_DENSE; method++) {
        CHECK(lsv_aggregate_many(&v, (lsv_aggregate_method)method, r, 3, LSV_SPLIT_SQRT, B, A, infos, &oops) == LSV_OK);
        CHECK_NEAR(infos[0].norm, norm(f->sum), tol * slack);
        for (int j = 0; j < 3; j++) {
            double error = miss(f->sum, B[j], A[j]);
            CHECK(fabs(error - infos[j].error) <= tol * slack);
        }
        CHECK(infos[0].error <= tol * slack);
    }
    lsv_array *b, *a;
    lsv_lora_info best;
    ptrdiff_t small = f->m < f->n_cols ? f->m : f->n_cols;
    CHECK(lsv_lora(f->sum, LSV_RANK_RULE(r[1] < small ? r[1] : small), LSV_SPLIT_SQRT, &b, &a, &best, &oops) == LSV_OK);
    CHECK(fabs(best.error - infos[1].error) <= tol * slack); /* Eckart and Young */
    lsv_release(b), lsv_release(a);
}

static void baselines_report(const federation *f) {
    lsv_federation v = view(f);
    ptrdiff_t r[2] = {-1, 1};
    lsv_array *B[2], *A[2];
    lsv_aggregate_info infos[2];
    if (cancellation(f) > 1e6) return;
    for (int method = LSV_AGGREGATE_SVD; method <= LSV_AGGREGATE_HETLORA; method++) {
        lsv_status status = lsv_aggregate_many(&v, (lsv_aggregate_method)method, r, 2, LSV_SPLIT_SQRT, B, A, infos, &oops);
        if (method == LSV_AGGREGATE_FEDAVG && status == LSV_EVALUE) continue; /* unequal ranks */
        CHECK(status == LSV_OK);
        for (int j = 0; status == LSV_OK && j < 2; j++) CHECK_NEAR(miss(f->sum, B[j], A[j]), infos[j].error, 1e-11 * cancellation(f));
    }
}

static void random_federations(int count) {
    federation f;
    for (int i = 0; i < count; i++) {
        bool wide = i % 7 == 0; /* more rank than the matrix has */
        make(&f, roll(3, 40), roll(3, 40), (int)roll(1, wide ? 6 : 4), wide ? 9 : 3, LSV_FLOAT64);
        exact_law(&f, 1e-13);
        if (i % 4 == 0) baselines_report(&f);
        drop(&f);
    }
}

/* One client of weight 1 comes back as its own BA; in float32 too. */
static void identity_law(void) {
    for (int i = 0; i < 20; i++) {
        lsv_dtype t = i % 2 ? LSV_FLOAT32 : LSV_FLOAT64;
        lsv_array *b = noise(LSV_NUMPY, t, 2, (ptrdiff_t[]){30, 5}, 3u + (unsigned)i), *B;
        lsv_array *a = noise(LSV_NUMPY, t, 2, (ptrdiff_t[]){5, 20}, 40u + (unsigned)i), *A;
        lsv_federation f = {&b, &a, 1, NULL, NULL, false};
        ptrdiff_t r = -1;
        CHECK(lsv_aggregate_many(&f, LSV_AGGREGATE_EXACT, &r, 1, LSV_SPLIT_LEFT, &B, &A, NULL, &oops) == LSV_OK);
        CHECK(B->dtype == t && B->shape[1] == 5);
        lsv_array *own = times(b, a);
        CHECK(miss(own, B, A) < (i % 2 ? 1e-6 : 1e-13));
        lsv_release(own);
    }
}

/* The notebook's case: every client holds leading triplets of one basis, and averaging values is then the sum. */
static void shared_bases(void) {
    lsv_array *W = noise2(20, 16, 5), *U, *S, *Vh, *Bs[3], *As[3], *B, *A;
    CHECK(lsv_svd(W, false, LSV_SVD_AUTO, &U, &S, &Vh, NULL) == LSV_OK);
    for (int i = 0; i < 3; i++) {
        lsv_array *cut;
        CHECK(lsv_view_strided(U, 2, (ptrdiff_t[]){20, i + 1}, U->strides, 0, &cut, NULL) == LSV_OK);
        CHECK(lsv_copy(cut, &Bs[i], NULL) == LSV_OK);
        lsv_release(cut);
        CHECK(lsv_view_strided(Vh, 2, (ptrdiff_t[]){i + 1, 16}, Vh->strides, 0, &cut, NULL) == LSV_OK);
        CHECK(lsv_copy(cut, &As[i], NULL) == LSV_OK);
        lsv_release(cut);
        for (int j = 0; j <= i; j++)
            for (int k = 0; k < 16; k++) ((double *)lsv_data(As[i]))[j * 16 + k] *= 1.0 / (1 + i + 2 * j);
    }
    double weights[3] = {0.2, 0.5, 0.3};
    lsv_federation f = {Bs, As, 3, weights, NULL, false};
    lsv_aggregate_info info;
    ptrdiff_t r = -1;
    CHECK(lsv_aggregate_many(&f, LSV_AGGREGATE_SVD, &r, 1, LSV_SPLIT_SQRT, &B, &A, &info, &oops) == LSV_OK);
    CHECK(info.shared && info.error < 1e-13 && info.rank == 3);
    lsv_release(B), lsv_release(A);
    lsv_release(Bs[0]);
    Bs[0] = noise2(20, 1, 77);
    CHECK(lsv_aggregate_many(&f, LSV_AGGREGATE_SVD, &r, 1, LSV_SPLIT_SQRT, &B, &A, &info, &oops) == LSV_OK);
    CHECK(!info.shared && info.error > 0.05);
    lsv_release(B), lsv_release(A);
    for (int i = 0; i < 3; i++) lsv_release(Bs[i]), lsv_release(As[i]);
    lsv_release(U), lsv_release(S), lsv_release(Vh), lsv_release(W);
}

static void failures(void) {
    federation f;
    ptrdiff_t r[2] = {2, -1};
    lsv_array *B[2], *A[2];
    make(&f, 12, 10, 3, 3, LSV_FLOAT64);
    lsv_federation v = view(&f);
    for (int method = LSV_AGGREGATE_EXACT; method <= LSV_AGGREGATE_HETLORA; method++) {
        if (method == LSV_AGGREGATE_FEDAVG) continue;
        FAIL_EACH_ALLOCATION(status = lsv_aggregate_many(&v, (lsv_aggregate_method)method, r, 2, LSV_SPLIT_SQRT, B, A, NULL, NULL),
                             lsv_release(B[0]); lsv_release(A[0]); lsv_release(B[1]); lsv_release(A[1]));
    }
    lsv_array *wrong = noise2(13, f.B[2]->shape[1], 1), *keep = f.B[2];
    f.B[2] = wrong;
    v = view(&f);
    CHECK(lsv_aggregate_many(&v, LSV_AGGREGATE_EXACT, r, 1, LSV_SPLIT_SQRT, B, A, NULL, &oops) == LSV_EVALUE);
    f.B[2] = keep;
    lsv_release(wrong);
    drop(&f);
}

int main(void) {
    random_federations(500);
    identity_law();
    shared_bases();
    failures();
    return check_done();
}
