/* The stream of tensors on a GPU: what PyTorch's kernels gave on one, and how elements are dealt out to threads. */
#include "check.h"

#include "base/alloc.h"
#include "random/philox.h"

static lsv_error err;

static lsv_shape one_dim(ptrdiff_t n) { return (lsv_shape){1, {n}}; }
static double at(const lsv_array *a, ptrdiff_t i) { return lsv_scalar_as_double(lsv_item(a, &i)); }

static lsv_array *uniform(lsv_philox *p, lsv_dtype d, ptrdiff_t n, double low, double high) {
    lsv_array *a = NULL;
    lsv_shape s = one_dim(n);
    CHECK(lsv_philox_uniform(p, d, &s, low, high, &a, &err) == LSV_OK);
    return a;
}

static lsv_array *normal(lsv_philox *p, lsv_dtype d, ptrdiff_t n) {
    lsv_array *a = NULL;
    lsv_shape s = one_dim(n);
    CHECK(lsv_philox_normal(p, d, &s, 0, 1, &a, &err) == LSV_OK);
    return a;
}

/* torch.manual_seed(0), then torch.rand(6, device="cuda") and torch.randn(12, device="cuda"), as printed. */
static void recorded(void) {
    static const double rand[] = {0.3990, 0.5167, 0.0249, 0.9401, 0.9459, 0.7967};
    static const double randn[] = {-0.9247, -0.4253, -2.6438, 0.1452,  -0.1209, -0.5797,
                                   -0.6229, -0.3284, -1.0745, -0.3631, -1.6711, 2.2655};
    lsv_philox p = {0, 0, 0};
    lsv_array *a = uniform(&p, LSV_FLOAT32, 6, 0, 1);
    for (int i = 0; i < 6; i++) CHECK(fabs(at(a, i) - rand[i]) < 5.1e-5);
    lsv_release(a);
    CHECK(p.offset == 4);
    p.offset = 0;
    a = normal(&p, LSV_FLOAT32, 12);
    for (int i = 0; i < 12; i++) CHECK(fabs(at(a, i) - randn[i]) < 5.1e-5);
    lsv_release(a);
}

/* The generator's published answer for counter 0 and key 0: 6627e8d5 e169c58d bc57ac4c 9b00dbd8. One block of 256
   threads: a thread's four words are elements that lie 256 apart. */
static void dealt(void) {
    static const uint32_t words[] = {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u};
    lsv_philox p = {0, 0, 1};
    lsv_array *a = uniform(&p, LSV_FLOAT32, 2000, 0, 1);
    CHECK(p.offset == 8); /* two rounds of 1024 */
    for (int k = 0; k < 4; k++) CHECK_NEAR(at(a, 256 * k), words[k] * 0x1p-32, 1e-7);
    lsv_philox later = {0, 4, 1};
    lsv_array *b = uniform(&later, LSV_FLOAT32, 900, 0, 1);
    for (int i = 0; i < 900; i++) CHECK(at(a, 1024 + i) == at(b, i));
    lsv_release(b);
    lsv_philox wide = {0, 0, 0}; /* eight blocks: every thread's first word */
    b = uniform(&wide, LSV_FLOAT32, 2000, 0, 1);
    CHECK(wide.offset == 4);
    for (int i = 0; i < 256; i++) CHECK(at(a, i) == at(b, i));
    CHECK(at(a, 256) != at(b, 256));
    lsv_release(a);
    lsv_release(b);
    lsv_philox twice = {0, 0, 1};
    a = uniform(&twice, LSV_FLOAT64, 300, 0, 1); /* two words each */
    CHECK_NEAR(at(a, 0), (double)((uint64_t)words[0] ^ (uint64_t)words[1] << 21) * 0x1p-53, 1e-15);
    CHECK_NEAR(at(a, 256), (double)((uint64_t)words[2] ^ (uint64_t)words[3] << 21) * 0x1p-53, 1e-15);
    lsv_release(a);
}

static void ranges(void) {
    lsv_philox p = {7, 0, 4};
    const lsv_dtype floats[] = {LSV_FLOAT16, LSV_BFLOAT16, LSV_FLOAT32, LSV_FLOAT64};
    for (int d = 0; d < 4; d++) {
        lsv_array *a = uniform(&p, floats[d], 20000, -2, 3);
        double sum = 0, low = 3, high = -2;
        for (ptrdiff_t i = 0; i < a->size; i++) {
            double x = at(a, i);
            sum += x;
            low = fmin(low, x), high = fmax(high, x);
        }
        CHECK(low >= -2 && low < -1.99 && high < 3 && high > 2.95);
        CHECK(fabs(sum / 20000 - 0.5) < 0.05);
        lsv_release(a);
        a = normal(&p, floats[d], 20000);
        double squares = 0;
        for (ptrdiff_t i = 0; i < a->size; i++) squares += at(a, i) * at(a, i);
        CHECK(fabs(squares / 20000 - 1) < 0.05);
        lsv_release(a);
    }
    lsv_shape s = one_dim(5000);
    lsv_array *a;
    CHECK(lsv_philox_integers(&p, LSV_INT64, &s, -3, 4, &a, &err) == LSV_OK);
    int count[7] = {0};
    for (ptrdiff_t i = 0; i < a->size; i++) count[(int)at(a, i) + 3]++;
    for (int k = 0; k < 7; k++) CHECK(count[k] > 600 && count[k] < 830);
    lsv_release(a);
    CHECK(lsv_philox_integers(&p, LSV_INT64, &s, 0, INT64_C(1) << 50, &a, &err) == LSV_OK);
    double most = 0;
    for (ptrdiff_t i = 0; i < a->size; i++) most = fmax(most, at(a, i));
    CHECK(most > 0x1p49 && most < 0x1p50);
    lsv_release(a);
}

static void edges(void) {
    lsv_philox p = {1, 12, 0};
    lsv_shape s = one_dim(0), some = one_dim(300);
    lsv_array *a;
    CHECK(lsv_philox_normal(&p, LSV_FLOAT32, &s, 0, 1, &a, &err) == LSV_OK && p.offset == 12);
    lsv_release(a);
    CHECK(lsv_philox_normal(&p, LSV_FLOAT32, &some, 0, -1, &a, &err) == LSV_ERUNTIME);
    CHECK(lsv_philox_uniform(&p, LSV_FLOAT32, &some, 2, 1, &a, &err) == LSV_ERUNTIME);
    CHECK(lsv_philox_integers(&p, LSV_INT64, &some, 5, 5, &a, &err) == LSV_ERUNTIME);
    CHECK(lsv_philox_uniform(&p, LSV_INT64, &some, 0, 1, &a, &err) == LSV_ENOTIMPL);
    CHECK(lsv_philox_normal(&p, LSV_BOOL, &some, 0, 1, &a, &err) == LSV_ENOTIMPL);
    CHECK(p.offset == 12);
}

int main(void) {
    recorded();
    dealt();
    ranges();
    edges();
    return check_done();
}
