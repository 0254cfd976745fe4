/* Memory. Every allocation of the library and of the language goes through here, so that
   a test can fail the k-th one and look for leaks and lost variables.

   Large buffers (1 MiB and more) are kept in a small pool when freed: most of the time of
   a large element-wise operation is the kernel handing out fresh pages. */
#ifndef LSV_BASE_ALLOC_H
#define LSV_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include "base/status.h"

/* As malloc, calloc, realloc, free; 64-byte aligned from 256 bytes on; NULL on failure.
   lsv_free(NULL) does nothing. A block from lsv_malloc must go back to lsv_free. */
void *lsv_malloc(size_t bytes);
void *lsv_calloc(size_t count, size_t size); /* checks count * size for overflow */
void *lsv_realloc(void *block, size_t bytes);
void lsv_free(void *block);
char *lsv_strdup(const char *text);

/* *out = a * b (a + b), or false on overflow of ptrdiff_t; a and b are not negative. */
bool lsv_mul_size(ptrdiff_t a, ptrdiff_t b, ptrdiff_t *out);
bool lsv_add_size(ptrdiff_t a, ptrdiff_t b, ptrdiff_t *out);

/* "out of memory: 8.0 GiB asked for" in err, and the limit where one is set; returns LSV_ENOMEM. */
lsv_status lsv_no_memory(lsv_error *err, size_t bytes);

/* Allocations that would bring what is in use beyond `bytes` fail from now on; 0: no limit. What is in
   use already counts. Freed buffers that are kept for reuse do not. */
void lsv_alloc_limit(size_t bytes);

/* Test hooks. The k-th allocation from now (1 = the next) fails, once; 0 turns it off. */
void lsv_alloc_fail_at(long k);
long lsv_alloc_count(void); /* allocations so far                     */
long lsv_alloc_live(void);  /* blocks handed out and not freed yet    */
void lsv_alloc_trim(void);  /* give the pool of large buffers back    */

/* For a free list kept by the session's thread alone (the arrays' blocks): a hit must count,
   and be able to fail, exactly as an allocation does, at the price of an addition.
   lsv_pooled_take() before popping: false means that this allocation has to fail.
   lsv_pooled_give() after pushing. */
extern long lsv_pooled_taken, lsv_pooled_given; /* part of lsv_alloc_count and lsv_alloc_live */
extern volatile int lsv_alloc_armed;            /* lsv_alloc_fail_at is waiting for its k-th  */
bool lsv_alloc_spare(void);                     /* count down; false: this is the k-th        */

static inline bool lsv_pooled_take(void) {
    if (__builtin_expect(lsv_alloc_armed, 0) && !lsv_alloc_spare()) return false;
    lsv_pooled_taken++;
    return true;
}
static inline void lsv_pooled_give(void) { lsv_pooled_given++; }

/* Free lists hide leaks and late uses from the address sanitizer: they are off under it. */
#if defined(__SANITIZE_ADDRESS__)
#define LSV_NO_POOLS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LSV_NO_POOLS 1
#endif
#endif
#ifndef LSV_NO_POOLS
#define LSV_NO_POOLS 0
#endif

#endif
