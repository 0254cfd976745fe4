/* lib/base: error records, the allocator and its hooks, interrupts. */
#include "base/alloc.h"
#include "base/interrupt.h"
#include "base/status.h"
#include "check.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

static void test_status(void) {
    lsv_error err;
    CHECK(lsv_fail(&err, LSV_EVALUE, "shape %d", 3) == LSV_EVALUE);
    CHECK_TEXT(err.message, "shape 3");
    CHECK(err.status == LSV_EVALUE && err.operand == -1 && err.hint[0] == '\0');
    lsv_hint(&err, "try %s", "x.T");
    lsv_blame(&err, 1);
    CHECK_TEXT(err.hint, "try x.T");
    CHECK(err.operand == 1);
    char longer[2000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    lsv_fail(&err, LSV_ETYPE, "%s", longer);
    CHECK(strlen(err.message) == sizeof err.message - 1);
    CHECK(err.hint[0] == '\0');
    CHECK(lsv_fail(NULL, LSV_EOS, "nobody reads this") == LSV_EOS);
    lsv_hint(NULL, "nor this");
    lsv_blame(NULL, 0);
    CHECK_TEXT(lsv_status_class(LSV_ELINALG), "LinAlgError");
    CHECK_TEXT(lsv_status_class(LSV_EINTR), "KeyboardInterrupt");
    CHECK_TEXT(lsv_status_class((lsv_status)99), "Exception");
    CHECK(lsv_no_memory(&err, (size_t)8 << 30) == LSV_ENOMEM);
    CHECK_TEXT(err.message, "out of memory: 8.0 GiB asked for");
    lsv_no_memory(&err, 100);
    CHECK_TEXT(err.message, "out of memory: 100 bytes asked for");
}

static void test_sizes(void) {
    ptrdiff_t x = 7;
    CHECK(lsv_mul_size(6, 7, &x) && x == 42);
    CHECK(lsv_mul_size(0, PTRDIFF_MAX, &x) && x == 0);
    CHECK(!lsv_mul_size(PTRDIFF_MAX / 2, 3, &x) && x == 0);
    CHECK(lsv_add_size(PTRDIFF_MAX - 1, 1, &x) && x == PTRDIFF_MAX);
    CHECK(!lsv_add_size(PTRDIFF_MAX, 1, &x) && x == PTRDIFF_MAX);
    CHECK(lsv_malloc(SIZE_MAX) == NULL);
    CHECK(lsv_malloc((size_t)PTRDIFF_MAX) == NULL);
    CHECK(lsv_calloc(SIZE_MAX / 2, 3) == NULL);
}

static void test_alignment(void) {
    const size_t sizes[] = {0, 1, 100, 255, 256, 257, 5000, 100000, 1 << 20, 3 << 20, 20 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        long live = lsv_alloc_live();
        unsigned char *p = lsv_malloc(sizes[i]);
        CHECK(p && lsv_alloc_live() == live + 1);
        if (sizes[i] >= 256) CHECK((uintptr_t)p % 64 == 0);
        memset(p, 0xab, sizes[i]);
        lsv_free(p);
        CHECK(lsv_alloc_live() == live);
        p = lsv_calloc(sizes[i], 1); /* a block of the pool has to be cleared again */
        size_t dirty = 0;
        for (size_t k = 0; k < sizes[i]; k++) dirty += p[k] != 0;
        CHECK(p && dirty == 0);
        lsv_free(p);
    }
    lsv_free(NULL);
}

static void test_realloc(void) {
    long live = lsv_alloc_live();
    unsigned char *p = lsv_realloc(NULL, 10);
    CHECK(p != NULL);
    for (int i = 0; i < 10; i++) p[i] = (unsigned char)i;
    const size_t steps[] = {100, 300, 5000, 2 << 20, 9 << 20, 1 << 20, 600, 20};
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
        p = lsv_realloc(p, steps[s]);
        CHECK(p != NULL);
        for (int i = 0; i < 10; i++) CHECK(p[i] == i);
    }
    CHECK(lsv_alloc_live() == live + 1);
    lsv_alloc_fail_at(1);
    CHECK(lsv_realloc(p, 5000) == NULL && p[9] == 9); /* the block stays */
    lsv_free(p);
    char *text = lsv_strdup("σ₁");
    CHECK_TEXT(text, "σ₁");
    lsv_free(text);
    CHECK(lsv_alloc_live() == live);
}

static void test_fail_at(void) {
    long count = lsv_alloc_count(), live = lsv_alloc_live();
    lsv_alloc_fail_at(3);
    void *a = lsv_malloc(10), *b = lsv_malloc(2 << 20), *c = lsv_malloc(10), *d = lsv_malloc(10);
    CHECK(a && b && !c && d);
    CHECK(lsv_alloc_count() == count + 3 && lsv_alloc_live() == live + 3);
    lsv_alloc_fail_at(1);
    CHECK(lsv_calloc(4 << 20, 1) == NULL);
    lsv_alloc_fail_at(2);
    lsv_alloc_fail_at(0); /* off again */
    void *e = lsv_malloc(1), *f = lsv_malloc(1);
    CHECK(e && f);
    lsv_free(a), lsv_free(b), lsv_free(c), lsv_free(d), lsv_free(e), lsv_free(f);
    CHECK(lsv_alloc_live() == live);
}

static void test_large(void) {
    enum { N = 200 };
    static void *p[N];
    long live = lsv_alloc_live();
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < N; i++) {
            size_t bytes = ((size_t)1 << 20) + (size_t)(i * 37 % 11) * 300000;
            p[i] = i % 2 ? lsv_malloc(bytes) : lsv_calloc(bytes, 1);
            CHECK(p[i] != NULL);
            ((char *)p[i])[0] = (char)i;
            ((char *)p[i])[bytes - 1] = (char)i;
        }
        for (int i = 0; i < N; i++) CHECK(((char *)p[(i * 7 + round) % N])[0] == (char)((i * 7 + round) % N));
        for (int i = 0; i < N; i++) lsv_free(p[(i * 13 + round) % N]);
        CHECK(lsv_alloc_live() == live);
    }
    void *before = lsv_malloc(40 << 20);
    lsv_free(before);
    void *again = lsv_malloc((size_t)(38 << 20));
    if (!LSV_NO_POOLS) CHECK(again == before);
    lsv_free(again);
    lsv_alloc_trim();
}

static void *worker(void *seed) {
    unsigned x = (unsigned)(uintptr_t)seed;
    void *held[16] = {NULL};
    for (int i = 0; i < 3000; i++) {
        x = x * 1664525u + 1013904223u;
        int k = (int)(x >> 8 & 15);
        lsv_free(held[k]);
        held[k] = lsv_malloc(x >> 12 & 1 ? (size_t)(x >> 16) * 40 : (size_t)(x >> 20));
        if (held[k]) *(char *)held[k] = 1;
    }
    for (int k = 0; k < 16; k++) lsv_free(held[k]);
    return NULL;
}

static void test_threads(void) {
    long live = lsv_alloc_live();
    pthread_t threads[3];
    for (uintptr_t i = 0; i < 3; i++) pthread_create(&threads[i], NULL, worker, (void *)(i + 1));
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    CHECK(lsv_alloc_live() == live);
}

static void test_interrupt(void) {
    lsv_error err;
    CHECK(lsv_poll(&err) == LSV_OK && !lsv_interrupt_take());
    lsv_interrupt();
    CHECK(lsv_interrupt_flag);
    CHECK(lsv_poll(&err) == LSV_EINTR && lsv_poll(NULL) == LSV_EINTR);
    CHECK(lsv_interrupt_take() && !lsv_interrupt_take());
    CHECK(lsv_poll(&err) == LSV_OK);
}

int main(void) {
    test_status();
    test_sizes();
    test_alignment();
    test_realloc();
    test_fail_at();
    test_large();
    test_threads();
    test_interrupt();
    return check_done();
}
