/* Status codes and error detail.

   Every function of the library that can fail returns an lsv_status and writes its results
   only on LSV_OK. The detail goes into an lsv_error that the caller owns; a NULL error is
   allowed and loses the text only. Nothing in the library prints or exits. */
#ifndef LSV_BASE_STATUS_H
#define LSV_BASE_STATUS_H

typedef enum lsv_status {
    LSV_OK = 0,
    LSV_ENOMEM,    /* out of memory, or a size that overflows (MemoryError)          */
    LSV_EVALUE,    /* right type, wrong value or shape (ValueError)                  */
    LSV_ETYPE,     /* wrong dtype or kind of operand (TypeError)                     */
    LSV_EINDEX,    /* index out of range (IndexError)                                */
    LSV_EAXIS,     /* axis out of range (AxisError)                                  */
    LSV_EZERODIV,  /* integer division by zero where Python raises (ZeroDivisionError) */
    LSV_EOVERFLOW, /* integer leaves 64 bits (OverflowError)                         */
    LSV_ELINALG,   /* singular, not square, did not converge (LinAlgError)           */
    LSV_ERUNTIME,  /* what PyTorch reports as RuntimeError                           */
    LSV_EOS,       /* the operating system said no (OSError)                         */
    LSV_ENOTIMPL,  /* not offered for this dtype or backend (NotImplementedError)    */
    LSV_EINTR      /* stopped by the user (KeyboardInterrupt)                        */
} lsv_status;

typedef struct lsv_error {
    lsv_status status;
    int operand;       /* which operand is at fault, 0-based; -1 when not one alone */
    char message[480]; /* one sentence: what was wrong, with shapes and dtypes      */
    char hint[240];    /* what to do about it; empty when nothing certain is known  */
} lsv_error;

/* Fill `err` (may be NULL) and return `status`, so that a function can end with
   `return lsv_fail(err, LSV_EVALUE, "…", …);`. */
lsv_status lsv_fail(lsv_error *err, lsv_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Add a hint, or name the operand at fault, on an error already filled. */
void lsv_hint(lsv_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
void lsv_blame(lsv_error *err, int operand);

/* The Python class name that goes with a status: "ValueError", … */
const char *lsv_status_class(lsv_status status);

/* Return from the current function when a call fails. */
#define LSV_TRY(call)                                                                              \
    do {                                                                                           \
        lsv_status lsv_try_status_ = (call);                                                       \
        if (lsv_try_status_ != LSV_OK) return lsv_try_status_;                                     \
    } while (0)

#endif
