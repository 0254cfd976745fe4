/* The CUDA that the tests run on: the used part of the runtime, cuBLAS and cuSOLVER, over OpenBLAS and LAPACKE.

   It is no simulator of speed, but strict where a real card is, so that code which is wrong there fails here:

   - device pointers lie in a range the host may not touch (a dereference is a SIGSEGV); the shim itself uses an alias;
   - fresh and freed device memory is full of NaNs; every access is checked against the live blocks, with gaps between;
   - work is queued and done only when something waits for it (a synchronisation, an event asked for three times, a call that
     gives a number): a result read too early is stale; copies from pinned memory read it as late as that, too;
   - what the real library refuses is refused: wide matrices in Xgesvd, short workspaces and leading dimensions,
     operands of mixed types, pivots of the wrong width cannot even be passed;
   - faults on demand, by environment variable:
       CUSHIM_FAIL=NAME:K   the K-th call of that function fails      CUSHIM_FAIL=any:K    of whatever function
       CUSHIM_FAULT=K:CODE  the K-th operation done poisons the context, as an illegal address (700) does
       CUSHIM_MEM=BYTES     so much device memory (1 GiB)             CUSHIM_DEVICES=N     (1)
       CUSHIM_DRIVER=V      the driver's CUDA version, 0: none        CUSHIM_POOLS=0       no stream-ordered memory
       CUSHIM_SVD_INFO=I    what gesvd and gesvdp report              CUSHIM_SHIFT=X       gesvdp's h_err_sigma, times s_1
       CUSHIM_WRONG=1       gesvdp returns a wrong U                  CUSHIM_SLOW=MS       factorisations block so long
       CUSHIM_REPORT=1      calls, operations, live blocks and handles on stderr at the end
   - two builds answer as CUDA 12 and as CUDA 13. */
#ifndef CUSHIM_H
#define CUSHIM_H

#include <stdbool.h>
#include "backend/cuda/cu_min.h"

#define API __attribute__((visibility("default")))

/* Every function has the type that lib/backend/cuda calls it by; against real headers, theirs too. */
#ifndef LSV_CU_REAL
#define F(library, needed, result, symbol, parameters) API result symbol parameters;
#include "backend/cuda/api.def"
#endif

/* ---- the queue ---- */

typedef struct shim_op {
    bool (*run)(struct shim_op *op); /* false: an illegal address */
    struct shim_op *next;
    long i[12];
    double d[3];
    void *p[8];
    unsigned char extra[]; /* copies of arguments */
} shim_op;

shim_op *shim_push(bool (*run)(shim_op *op), const void *extra, size_t bytes);
void shim_run_all(void);
int shim_sticky(void); /* the poison, 0: none */

/* Counts the call; its failure, when it is this call's turn to fail or the context is poisoned: 0 for none. */
int shim_enter(const char *name, int failure);

/* ---- memory ---- */

void *shim_at(const void *device, size_t bytes); /* the alias, or NULL: not within one live block */
int shim_alloc(void **out, size_t bytes);        /* a CUDA error code */
int shim_release(void *device);
bool shim_pinned(const void *host, size_t bytes);
extern long shim_handles, shim_blocks;

/* ---- small things ---- */

long shim_setting(const char *name, long otherwise);
double shim_factor(const char *name, double otherwise);
static inline size_t shim_width(cu_type t) { return t == CU_R_64F ? 8 : t == CU_R_32F ? 4 : 2; }
/* Bytes from the first element of a matrix to its last. */
static inline size_t shim_span(long rows, long cols, long ld, size_t width) {
    return rows > 0 && cols > 0 ? (size_t)(ld * (cols - 1) + rows) * width : 0;
}

#endif
