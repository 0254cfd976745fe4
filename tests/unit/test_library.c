/* Libraries opened at first use: one that is there, one that is not, one that lacks a function. */
#include "base/library.h"

#include "check.h"

#define CALLS(X) X(cos) X(hypot)
LSV_LIBRARY(there, CALLS, "the C library's mathematics", "libc6", "libnowhere.so.1", "libm.so.6")
LSV_LIBRARY(nowhere, CALLS, "Nowhere", "libnowhere1", "libnowhere.so.1", "libnowhere.so.0")
#define LACKS(X) X(cos) X(check_done)
LSV_LIBRARY(older, LACKS, "libm", "libc6", "libm.so.6")

int main(void) {
    lsv_error err = {0};
    CHECK(there_open("a test", &err) == LSV_OK);
    CHECK(there.cos && there.cos(0) == 1 && there.hypot(3, 4) == 5);
    CHECK(there_open("a test", &err) == LSV_OK);

    CHECK(nowhere_open("drawing", &err) == LSV_ENOTIMPL);
    CHECK_TEXT(err.message, "drawing needs Nowhere, which is not on this machine (libnowhere.so.1)");
    CHECK_TEXT(err.hint, "apt-get install libnowhere1");
    CHECK(nowhere.cos == NULL && nowhere_open("drawing", NULL) == LSV_ENOTIMPL);

    CHECK(older_open("drawing", &err) == LSV_ENOTIMPL);
    CHECK_TEXT(err.message, "drawing needs a newer libm: the one on this machine has no check_done");
    return check_done();
}
