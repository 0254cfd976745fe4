/* Raising errors from inside the language. The first error wins: what fails while one is being
   reported is not reported. */
#include "lang/eval/interp.h"
#include "base/alloc.h"
#include "base/interrupt.h"
#include <stdarg.h>
#include <stdio.h>

bool ls_raise(ls_interp *in, const char *type, const char *format, ...) {
    char text[sizeof in->error.message];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ls_error_clear(&in->error);
    ls_error_set(&in->error, type, "%s", text);
    return false;
}

bool ls_no_memory(ls_interp *in) {
    if (in->error.set) return false;
    lsv_error err;
    lsv_no_memory(&err, 0); /* the limit, where one is set */
    return ls_raise(in, "MemoryError", "%s", err.message);
}

bool ls_raise_lsv(ls_interp *in, const lsv_error *err) {
    ls_raise(in, lsv_status_class(err->status), "%s", err->message);
    if (err->status == LSV_EINTR) lsv_interrupt_take(); /* the request is answered */
    if (err->hint[0]) ls_hint(in, "%s", err->hint);
    if (err->operand >= 0) in->blame = err->operand;
    return false;
}

void ls_hint(ls_interp *in, const char *format, ...) {
    char text[sizeof in->error.hint];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ls_error_hint(&in->error, "%s", text);
}
