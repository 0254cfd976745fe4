/* A build without Cairo: pictures to files are refused with what to do, and text needs nothing. The renderer's
   source is compiled into this test without Cairo and takes the place of the library's own. */
#undef LSV_CAIRO
#include "../../lib/plot/cairo.c"

#include "check.h"

int main(void) {
    lsv_figure *f;
    lsv_error err = {0};
    lsv_text t = {0};
    unsigned char *pixels = NULL;
    CHECK(lsv_figure_new(&f, &err) == LSV_OK);
    CHECK(lsv_figure_save(f, "picture.svg", 0, &err) == LSV_ENOTIMPL);
    CHECK(strstr(err.message, "without Cairo") != NULL);
    CHECK(strstr(err.hint, "libcairo2-dev") != NULL);
    CHECK(lsv_figure_pixels(f, 10, 10, 1, &pixels, &err) == LSV_ENOTIMPL && !pixels);
    CHECK(lsv_figure_text(f, (lsv_text_picture){.columns = 40}, &t, &err) == LSV_OK && t.length > 0);
    lsv_text_free(&t);
    lsv_figure_free(f);
    return check_done();
}
