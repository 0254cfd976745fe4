/* A few fixed entries per thread: noting takes no memory, and a loop of a million products is one entry. */
#include "backend/ledger.h"

#include <string.h>

_Thread_local bool lsv_ledger_on;
static _Thread_local lsv_ledger ledger;

void lsv_ledger_watch(bool on) { lsv_ledger_on = on; }

void lsv_ledger_clear(void) { ledger.calls = 0, ledger.n = ledger.nfacts = 0; }

const lsv_ledger *lsv_ledger_get(void) { return &ledger; }

static double volume(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k) {
    return (double)(m > 0 ? m : 1) * (double)(n > 0 ? n : 1) * (double)(k > 0 ? k : 1);
}

void lsv_ledger_add(const char *op, const char *backend, lsv_dtype t, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k) {
    ledger.calls++;
    for (int i = 0; i < ledger.n; i++) {
        lsv_ledger_entry *e = &ledger.entries[i];
        if (e->op != op || e->dtype != t || strcmp(e->backend, backend) != 0) continue;
        e->count++;
        if (volume(m, n, k) > volume(e->m, e->n, e->k)) e->m = m, e->n = n, e->k = k;
        return;
    }
    if (ledger.n < LSV_LEDGER_ENTRIES) ledger.entries[ledger.n++] = (lsv_ledger_entry){op, backend, t, m, n, k, 1};
}

static void fact(const char *name, const char *text, double value) {
    int i = 0;
    if (!lsv_ledger_on) return;
    while (i < ledger.nfacts && strcmp(ledger.facts[i].name, name) != 0) i++;
    if (i == LSV_LEDGER_FACTS) return;
    ledger.facts[i] = (lsv_ledger_fact){name, text, value};
    if (i == ledger.nfacts) ledger.nfacts++;
}

void lsv_ledger_number(const char *name, double value) { fact(name, NULL, value); }
void lsv_ledger_text(const char *name, const char *text) { fact(name, text, 0); }
