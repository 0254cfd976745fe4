/* Figures as pages: SVG, PDF, PNG and pixels, drawn by Cairo, which is opened at the first picture.

   One page function draws in points; the surfaces differ in where the bytes go. Files go through the
   atomic writer. Nothing in them depends on the day: a PDF's date of creation is a constant. */
#include "plot/figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/library.h"
#include "file/file.h"

#ifndef LSV_CAIRO

static lsv_status without(lsv_error *err) {
    lsv_fail(err, LSV_ENOTIMPL, "this lsv was built without Cairo, which draws .svg, .pdf and .png");
    lsv_hint(err, "apt-get install libcairo2-dev and build again; plots as text need nothing");
    return LSV_ENOTIMPL;
}

lsv_status lsv_figure_save(const lsv_figure *f, const char *path, double dpi, lsv_error *err) {
    (void)f, (void)path, (void)dpi;
    return without(err);
}

lsv_status lsv_figure_pixels(const lsv_figure *f, int width, int height, double scale, unsigned char **out,
                             lsv_error *err) {
    (void)f, (void)width, (void)height, (void)scale, (void)out;
    return without(err);
}

#else

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <cairo.h>

#include "plot/page.h"

#define CALLS(X)                                                                                            \
    X(cairo_create)                                                                                         \
    X(cairo_destroy) X(cairo_status) X(cairo_status_to_string) X(cairo_scale) X(cairo_image_surface_create) \
        X(cairo_image_surface_get_data) X(cairo_image_surface_get_stride) X(cairo_surface_flush)            \
            X(cairo_surface_finish) X(cairo_surface_destroy) X(cairo_surface_status)                        \
                X(cairo_surface_write_to_png_stream) X(cairo_svg_surface_create_for_stream)                 \
                    X(cairo_pdf_surface_create_for_stream) X(cairo_pdf_surface_set_metadata)                \
                        X(cairo_show_page)
LSV_LIBRARY(lib, CALLS, "Cairo", "libcairo2", "libcairo.so.2")

static lsv_status trouble(cairo_status_t code, lsv_error *err) {
    if (code == CAIRO_STATUS_SUCCESS) return LSV_OK;
    if (code == CAIRO_STATUS_NO_MEMORY) return lsv_no_memory(err, 0);
    return lsv_fail(err, LSV_ERUNTIME, "Cairo could not draw the picture: %s",
                    lib.cairo_status_to_string(code));
}

/* The page on a surface; the surface stays the caller's. */
static lsv_status draw(const lsv_figure *f, cairo_surface_t *surface, double width, double height,
                       double pixels, lsv_error *err) {
    LSV_TRY(trouble(lib.cairo_surface_status(surface), err));
    cairo_t *cr = lib.cairo_create(surface);
    if (pixels > 0) lib.cairo_scale(cr, pixels, pixels);
    lsv_status status = lsv_page_draw(f, cr, width, height, pixels, err);
    if (status == LSV_OK) status = trouble(lib.cairo_status(cr), err);
    if (status == LSV_OK) lib.cairo_show_page(cr);
    lib.cairo_destroy(cr);
    return status;
}

/* ---- files ---- */

typedef struct sink {
    lsv_writer *writer;
    lsv_error *err;
    lsv_status status;
    lsv_text svg;
} sink;

static cairo_status_t put(void *ctx, const unsigned char *bytes, unsigned n) {
    sink *s = ctx;
    if (s->status == LSV_OK) s->status = lsv_writer_put(s->writer, bytes, n, s->err);
    return s->status == LSV_OK ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static cairo_status_t keep(void *ctx, const unsigned char *bytes, unsigned n) {
    sink *s = ctx;
    lsv_text_add(&s->svg, (const char *)bytes, n);
    return s->svg.failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

/* The number behind "surface" or "image", as names of parts of an SVG file end; NULL: p is no such name. */
static const char *numbered(const char *p, const char **number) {
    static const char *const words[] = {"surface", "image"};
    for (int i = 0; i < 2; i++) {
        size_t n = strlen(words[i]);
        if (strncmp(p, words[i], n) != 0 || p[n] < '0' || p[n] > '9') continue;
        *number = p + n;
        return p + n + strspn(p + n, "0123456789");
    }
    return NULL;
}

static void escaped(const char *text, lsv_text *out) {
    for (; *text; text++) {
        if (*text == '<' || *text == '&') lsv_text_puts(out, *text == '<' ? "&lt;" : "&amp;");
        else lsv_text_putc(out, *text);
    }
}

/* Cairo numbers surfaces through the life of the process: count them from the file's own first one, so that a
   figure's file is the same each time; and name the picture for those who have it read to them. */
static void steady(const lsv_text *svg, const char *title, lsv_text *out) {
    long first = -1;
    const char *head = strstr(svg->data, "<svg"), *body = head ? strchr(head, '>') : NULL;
    for (const char *p = svg->data, *from = p;; p++) {
        const char *number,
            *end = p > svg->data && (p[-1] == '"' || p[-1] == '#') ? numbered(p, &number) : NULL;
        if (!end && *p && p != body) continue;
        lsv_text_add(out, from, (size_t)((end ? number : p == body ? p + 1 : p) - from));
        if (!end && p != body) return;
        from = p + 1;
        if (p == body && title) {
            lsv_text_puts(out, "\n<title>");
            escaped(title, out);
            lsv_text_puts(out, "</title>");
        }
        if (!end) continue;
        long n = strtol(number, NULL, 10);
        if (first < 0) first = n;
        lsv_text_printf(out, "%ld", n - first);
        from = end;
        p = end - 1;
    }
}

static lsv_status put_svg(const lsv_figure *f, sink *s, lsv_error *err) {
    lsv_text out = {0};
    if (s->svg.data) steady(&s->svg, f->title, &out);
    lsv_status status = !out.data || out.failed ? lsv_no_memory(err, s->svg.length)
                                                : lsv_writer_put(s->writer, out.data, out.length, err);
    lsv_text_free(&out);
    return status;
}

/* A surface that streams, drawn and finished. */
static lsv_status stream(const lsv_figure *f, bool pdf, sink *s, lsv_error *err) {
    double w = f->width * 72, h = f->height * 72;
    cairo_surface_t *surface = pdf ? lib.cairo_pdf_surface_create_for_stream(put, s, w, h)
                                   : lib.cairo_svg_surface_create_for_stream(keep, s, w, h);
    if (pdf && lib.cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS) {
        lib.cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, "2000-01-01T00:00:00Z");
        if (f->title) lib.cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, f->title);
    }
    lsv_status status = draw(f, surface, w, h, 0, err);
    lib.cairo_surface_finish(surface);
    if (s->status != LSV_OK) status = s->status;
    else if (status == LSV_OK) status = trouble(lib.cairo_surface_status(surface), err);
    lib.cairo_surface_destroy(surface);
    if (status == LSV_OK && !pdf) status = put_svg(f, s, err);
    lsv_text_free(&s->svg);
    return status;
}

static lsv_status image_of(const lsv_figure *f, int width, int height, double scale, cairo_surface_t **out,
                           lsv_error *err) {
    cairo_surface_t *surface = lib.cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    lsv_status status = draw(f, surface, width / scale, height / scale, scale, err);
    if (status == LSV_OK) {
        lib.cairo_surface_flush(surface);
        *out = surface;
    } else {
        lib.cairo_surface_destroy(surface);
    }
    return status;
}

static lsv_status png(const lsv_figure *f, double dpi, sink *s, lsv_error *err) {
    double w = round(f->width * dpi), h = round(f->height * dpi);
    if (!(w >= 1 && h >= 1 && w <= 20000 && h <= 20000))
        return lsv_fail(err, LSV_EVALUE, "a picture of %g by %g pixels: a .png has 1 to 20000 each way", w,
                        h);
    cairo_surface_t *surface;
    LSV_TRY(image_of(f, (int)w, (int)h, dpi / 72, &surface, err));
    cairo_status_t code = lib.cairo_surface_write_to_png_stream(surface, put, s);
    lib.cairo_surface_destroy(surface);
    return s->status != LSV_OK ? s->status : trouble(code, err);
}

static bool ends_with(const char *path, const char *ending) {
    size_t n = strlen(path), m = strlen(ending);
    return n > m && strcasecmp(path + n - m, ending) == 0;
}

lsv_status lsv_figure_save(const lsv_figure *f, const char *path, double dpi, lsv_error *err) {
    bool pdf = ends_with(path, ".pdf"), raster = ends_with(path, ".png");
    if (!pdf && !raster && !ends_with(path, ".svg")) {
        const char *dot = strrchr(path, '.');
        return lsv_fail(err, LSV_EVALUE,
                        "savefig writes .svg, .pdf and .png by the name's ending, and not %s",
                        dot && !strchr(dot, '/') ? dot : "a name without one");
    }
    if (dpi == 0) dpi = 150;
    if (!(dpi >= 10 && dpi <= 2400)) return lsv_fail(err, LSV_EVALUE, "dpi must be 10 to 2400, not %g", dpi);
    LSV_TRY(lsv_page_open("savefig", err));
    LSV_TRY(lib_open("savefig", err));
    sink s = {.err = err};
    LSV_TRY(lsv_writer_open(path, &s.writer, err));
    lsv_status status = raster ? png(f, dpi, &s, err) : stream(f, pdf, &s, err);
    if (status == LSV_OK) return lsv_writer_commit(s.writer, err);
    lsv_writer_abandon(s.writer);
    return status;
}

lsv_status lsv_figure_pixels(const lsv_figure *f, int width, int height, double scale, unsigned char **out,
                             lsv_error *err) {
    if (width < 1 || height < 1 || width > 20000 || height > 20000)
        return lsv_fail(err, LSV_EVALUE, "a picture of %d by %d pixels cannot be drawn", width, height);
    LSV_TRY(lsv_page_open("drawing a picture", err));
    LSV_TRY(lib_open("drawing a picture", err));
    cairo_surface_t *surface;
    LSV_TRY(image_of(f, width, height, scale, &surface, err));
    size_t bytes = (size_t)width * (size_t)height * 4;
    unsigned char *rgba = lsv_malloc(bytes), *to = rgba;
    const unsigned char *from = lib.cairo_image_surface_get_data(surface);
    int stride = lib.cairo_image_surface_get_stride(surface);
    for (int y = 0; rgba && y < height; y++)
        for (int x = 0; x < width; x++, to += 4) {
            uint32_t p;
            memcpy(&p, from + (size_t)y * (size_t)stride + (size_t)x * 4, 4);
            to[0] = (unsigned char)(p >> 16);
            to[1] = (unsigned char)(p >> 8);
            to[2] = (unsigned char)p;
            to[3] = 255;
        }
    lib.cairo_surface_destroy(surface);
    if (!rgba) return lsv_no_memory(err, bytes);
    *out = rgba;
    return LSV_OK;
}

#endif
