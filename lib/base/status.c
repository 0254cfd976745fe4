/* Error detail: a caller-owned record, filled where the fault is found. Everything here
   accepts a NULL record, for callers who want the status only. */
#include "base/status.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

lsv_status lsv_fail(lsv_error *err, lsv_status status, const char *format, ...) {
    if (!err) return status;
    err->status = status;
    err->operand = -1;
    err->hint[0] = '\0';
    va_list args;
    va_start(args, format);
    if (vsnprintf(err->message, sizeof err->message, format, args) < 0) err->message[0] = '\0';
    va_end(args);
    return status;
}

void lsv_hint(lsv_error *err, const char *format, ...) {
    if (!err) return;
    va_list args;
    va_start(args, format);
    if (vsnprintf(err->hint, sizeof err->hint, format, args) < 0) err->hint[0] = '\0';
    va_end(args);
}

void lsv_blame(lsv_error *err, int operand) {
    if (err) err->operand = operand;
}

const char *lsv_status_class(lsv_status status) {
    static const char *const classes[] = {
        [LSV_OK] = "",
        [LSV_ENOMEM] = "MemoryError",
        [LSV_EVALUE] = "ValueError",
        [LSV_ETYPE] = "TypeError",
        [LSV_EINDEX] = "IndexError",
        [LSV_EAXIS] = "AxisError",
        [LSV_EZERODIV] = "ZeroDivisionError",
        [LSV_EOVERFLOW] = "OverflowError",
        [LSV_ELINALG] = "LinAlgError",
        [LSV_ERUNTIME] = "RuntimeError",
        [LSV_EOS] = "OSError",
        [LSV_ENOTIMPL] = "NotImplementedError",
        [LSV_EINTR] = "KeyboardInterrupt",
    };
    size_t n = sizeof classes / sizeof *classes;
    return (size_t)status < n && classes[status] ? classes[status] : "Exception";
}
