/* The ledger: which operations stood behind a result, for who asks afterwards.

   Off until somebody watches (per thread); then every choice of a backend is noted, equal ones added up, and
   algorithms add what they know about their answer: iterations, residuals, bounds, condition numbers. */
#ifndef LSV_BACKEND_LEDGER_H
#define LSV_BACKEND_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "array/dtype.h"

enum { LSV_LEDGER_ENTRIES = 12, LSV_LEDGER_FACTS = 12 };

typedef struct lsv_ledger_entry {
    const char *op;      /* "gesdd"; static */
    const char *backend; /* "cpu"; static */
    lsv_dtype dtype;
    ptrdiff_t m, n, k;   /* of the largest call; 0 where it has fewer sizes */
    uint64_t count;
} lsv_ledger_entry;

typedef struct lsv_ledger_fact {
    const char *name;    /* static */
    const char *text;    /* static; NULL: the value counts */
    double value;
} lsv_ledger_fact;

typedef struct lsv_ledger {
    uint64_t calls;
    int n, nfacts;       /* what did not fit is only counted in calls */
    lsv_ledger_entry entries[LSV_LEDGER_ENTRIES];
    lsv_ledger_fact facts[LSV_LEDGER_FACTS];
} lsv_ledger;

extern _Thread_local bool lsv_ledger_on; /* read it; lsv_ledger_watch sets it */

void lsv_ledger_watch(bool on);
void lsv_ledger_clear(void);
const lsv_ledger *lsv_ledger_get(void); /* of this thread, since the last clear */

void lsv_ledger_add(const char *op, const char *backend, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k);
/* A fact, once per name: a later one replaces it. Nothing happens where nobody watches. */
void lsv_ledger_number(const char *name, double value);
void lsv_ledger_text(const char *name, const char *text);

static inline void lsv_ledger_note(const char *op, const char *backend, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k) {
    if (__builtin_expect(lsv_ledger_on, 0)) lsv_ledger_add(op, backend, t, m, n, k);
}

#endif
