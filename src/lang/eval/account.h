/* Accounts: what the calls of linear algebra in a session did, so that `why x` can tell what stood
   behind x. Off until ls_account_watch; then a call that reached a backend leaves a record, and the arrays that it took and
   gave carry its stamps (lsv_array.origin): nothing is kept alive, and nothing is mistaken for another. */
#ifndef LANG_EVAL_ACCOUNT_H
#define LANG_EVAL_ACCOUNT_H

#include "backend/ledger.h"
#include "lang/eval/interp.h"

enum { LS_ACCOUNT_RECORDS = 64, LS_ACCOUNT_ARGS = 4, LS_ACCOUNT_RESULTS = 6 };

typedef struct ls_account_array {
    uint32_t stamp;
    uint8_t dtype, kind, ndim;
    ptrdiff_t shape[4];       /* the first four axes */
} ls_account_array;

typedef struct ls_account_record {
    uint64_t number;          /* 0: free */
    const struct ls_builtin *builtin; /* NULL: the operator @ */
    char arguments[120];      /* those that are no arrays and not their defaults: "k=5, info=True" */
    int nargs, nresults;
    ls_account_array args[LS_ACCOUNT_ARGS], results[LS_ACCOUNT_RESULTS];
    ls_value number_given;    /* a result that is a number; LS_UNSET: none */
    double seconds;
    char cell[40];            /* "In [3]", or the script and line */
    char backend[200];        /* lsv_backend_last() */
    int spectrum;             /* how many singular values (> 0) or eigenvalues (< 0) the result holds; 0: none */
    double largest, smallest, gap; /* by size; the least distance between neighbours over the largest */
    lsv_ledger ledger;
} ls_account_record;

typedef struct ls_account {
    uint64_t count;
    double started;
    ls_account_record records[LS_ACCOUNT_RECORDS]; /* a ring */
} ls_account;

bool ls_account_watch(ls_interp *in);  /* from now on; false: no memory */
void ls_account_free(ls_interp *in);
/* Around a call; in->account is not NULL. out: what it gave, where ok. */
void ls_account_begin(ls_interp *in);
void ls_account_end(ls_interp *in, const struct ls_builtin *b, const ls_value *args, int n, ls_value out, bool ok);

/* The record behind a value: by its stamp, for a number by the value itself (the newest); NULL: none. */
const ls_account_record *ls_account_of(const ls_interp *in, ls_value v);
const ls_account_record *ls_account_last(const ls_interp *in); /* NULL: none yet */

#endif
