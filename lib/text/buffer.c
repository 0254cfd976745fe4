/* The growing text buffer.

   Invariants: length < capacity once data is there, and data[length] is the closing NUL.
   After a failed allocation the buffer keeps what fitted and drops whatever follows, so that
   callers append without looking and ask once, at the end. */
#include "text/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "text/digits.h"

void lsv_text_free(lsv_text *t) {
    lsv_free(t->data);
    *t = (lsv_text){0};
}

char *lsv_text_room(lsv_text *t, size_t n) {
    if (t->failed) return NULL;
    if (n < t->capacity - t->length) return t->data + t->length; /* 0 - 0 when there is no data yet */
    if (n > (size_t)PTRDIFF_MAX / 2 - t->length - 1) {
        t->failed = true;
        return NULL;
    }
    size_t want = t->length + n + 1, twice = t->capacity * 2;
    if (want < twice) want = twice;
    if (want < 128) want = 128;
    char *data = lsv_realloc(t->data, want);
    if (!data) {
        t->failed = true;
        return NULL;
    }
    t->data = data;
    t->capacity = want;
    return data + t->length;
}

void lsv_text_add(lsv_text *t, const char *bytes, size_t n) {
    char *at = lsv_text_room(t, n);
    if (!at) return;
    if (n) memcpy(at, bytes, n);
    at[n] = 0;
    t->length += n;
}

void lsv_text_puts(lsv_text *t, const char *s) { lsv_text_add(t, s, strlen(s)); }

void lsv_text_putc(lsv_text *t, char c) { lsv_text_add(t, &c, 1); }

void lsv_text_fill(lsv_text *t, char c, size_t n) {
    char *at = lsv_text_room(t, n);
    if (!at) return;
    memset(at, c, n);
    at[n] = 0;
    t->length += n;
}

void lsv_text_printf(lsv_text *t, const char *format, ...) {
    char small[256];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(small, sizeof small, format, ap);
    va_end(ap);
    if (n < 0) return;
    if ((size_t)n < sizeof small) {
        lsv_text_add(t, small, (size_t)n);
        return;
    }
    char *at = lsv_text_room(t, (size_t)n);
    if (!at) return;
    va_start(ap, format);
    vsnprintf(at, (size_t)n + 1, format, ap);
    va_end(ap);
    t->length += (size_t)n;
}

void lsv_text_int(lsv_text *t, int64_t x) {
    char s[24];
    uint64_t u = x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
    int n = lsv_u64_digits(s + 1, u);
    s[0] = '-';
    if (x < 0) lsv_text_add(t, s, (size_t)n + 1);
    else lsv_text_add(t, s + 1, (size_t)n);
}
