/* Operands of a backend call, from host pointers to device pointers and back.

   A span is a matrix in host memory: rows of `width` elements, `step` elements from one to the next. When it lies within
   a mirrored storage its device copy is used where it is, and what is written stays there; else it is copied into
   memory of the call's, dense, and results are copied back. With an operand in an algorithm's scratch (array/mirror.h) the call runs
   here or fails: the host has no copy to go on with. */
#ifndef LSV_BACKEND_CUDA_SPANS_H
#define LSV_BACKEND_CUDA_SPANS_H

#include "array/mirror.h"
#include "backend/cuda/inside.h"
#include "backend/dispatch.h"

typedef struct span {
    const void *host;
    ptrdiff_t rows, width, step;
    bool in, out;
    /* set when opened */
    void *device;
    ptrdiff_t ld; /* elements from one row to the next there */
    lsv_mirror *mirror;
} span;

enum { SPANS_MOST = 5 };

/* A call on its way through the GPU. */
typedef struct trip {
    lsv_op op;
    lsv_dtype t;
    ptrdiff_t m, n, k;
    span *spans;
    int count;
    bool scratch; /* one of them is an algorithm's */
    double start;
    lsv_move_bytes move;
    const char *how;
    lsv_error detail; /* why it went to the CPU */
} trip;

/* Decide, and put the operands on the device. false: the CPU does it (then: to_host). */
bool lsv_trip_begin(trip *w);
/* After the device's part, whose status is given: results back, scratch freed, the dispatcher told. true: done, *status is LSV_OK
   or LSV_EINTR. false: the CPU has to do it. */
bool lsv_trip_end(trip *w, lsv_status *status);
/* The CPU does it: host copies valid, device copies of results stale. */
lsv_status lsv_trip_to_host(trip *w, lsv_error *err);
/* and has done it. */
void lsv_trip_ran_on_host(trip *w);

#endif
