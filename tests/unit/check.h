/* A test program's few needs: CHECK counts, keeps going and says where; check_done ends it.
   Every unit test prints "N passed, M failed" last, and fails by its exit status. */
#ifndef CHECK_H
#define CHECK_H

#include <math.h>
#include <stdio.h>
#include <string.h>

static int check_passed, check_failed;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (condition) check_passed++;                                                             \
        else {                                                                                     \
            check_failed++;                                                                        \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                                 \
        }                                                                                          \
    } while (0)

/* |got - want| <= tol * max(1, |want|) */
#define CHECK_NEAR(got, want, tol)                                                                 \
    do {                                                                                           \
        double check_g_ = (got), check_w_ = (want);                                                \
        if (fabs(check_g_ - check_w_) <= (tol) * fmax(1, fabs(check_w_))) check_passed++;          \
        else {                                                                                     \
            check_failed++;                                                                        \
            printf("%s:%d: %s is %.17g, want %.17g\n", __FILE__, __LINE__, #got, check_g_, check_w_); \
        }                                                                                          \
    } while (0)

#define CHECK_TEXT(got, want)                                                                      \
    do {                                                                                           \
        const char *check_g_ = (got), *check_w_ = (want);                                          \
        if (check_g_ && strcmp(check_g_, check_w_) == 0) check_passed++;                           \
        else {                                                                                     \
            check_failed++;                                                                        \
            printf("%s:%d: got  \"%s\"\n   want \"%s\"\n", __FILE__, __LINE__, check_g_ ? check_g_ : "(null)", check_w_); \
        }                                                                                          \
    } while (0)

static inline int check_done(void) {
    printf("%d passed, %d failed\n", check_passed, check_failed);
    return check_failed != 0;
}

#endif
