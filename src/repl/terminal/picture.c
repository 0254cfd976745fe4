/* Showing a figure. What the terminal can do is read from its environment by chafa's own table of terminals:
   nothing is asked of the terminal, so nothing can be left unanswered. Cairo makes the pixels, chafa turns
   them into sixels or into kitty's or iTerm2's images; where either is missing, or the terminal shows
   characters only, the figure is drawn in characters. */
#include "repl/terminal/picture.h"

#include "base/alloc.h"
#include "base/library.h"
#include "lang/teach/lesson.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

typedef struct screen {
    bool terminal;
    int columns, rows, cell_width, cell_height;
} screen;

static screen look(const session *s) {
    screen sc = {.terminal = isatty(STDOUT_FILENO) && !s->options->test,
                 .columns = 80,
                 .rows = 24,
                 .cell_width = 9,
                 .cell_height = 18};
    const char *columns = getenv("COLUMNS"), *term = getenv("TERM");
    struct winsize size;
    if (columns && atoi(columns) > 0) sc.columns = atoi(columns);
    if (sc.terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        sc.columns = size.ws_col;
        sc.rows = size.ws_row;
        if (size.ws_xpixel >= 4 * size.ws_col && size.ws_ypixel >= 4 * size.ws_row && size.ws_row > 0) {
            sc.cell_width = size.ws_xpixel / size.ws_col;
            sc.cell_height = size.ws_ypixel / size.ws_row;
        }
    }
    if (!term || strcmp(term, "dumb") == 0) sc.terminal = false;
    return sc;
}

/* ---- characters ---- */

static bool as_text(session *s, ls_interp *in, const screen *sc, const lsv_figure *f) {
    const char *deep = getenv("COLORTERM");
    lsv_text_picture how = {.columns = sc->columns, .ascii = ls_teach_ascii()};
    if (sc->terminal && how.columns > 100) how.columns = 100; /* wider is no clearer */
    if (s->color && sc->terminal)
        how.colours = deep && (strcmp(deep, "truecolor") == 0 || strcmp(deep, "24bit") == 0) ? 1 << 24 : 256;
    lsv_text t = {0};
    lsv_error err = {0};
    bool ok = lsv_figure_text(f, how, &t, &err) == LSV_OK || ls_raise_lsv(in, &err);
    if (ok) session_write(s, t.data, t.length);
    lsv_text_free(&t);
    return ok;
}

/* ---- graphics ---- */

#ifdef LSV_CHAFA

#include <chafa.h>

#define CALLS(X)                                                                                \
    X(chafa_term_db_get_default)                                                                \
    X(chafa_term_db_detect) X(chafa_term_db_get_fallback_info) X(chafa_term_info_have_seq)      \
        X(chafa_term_info_unref) X(chafa_canvas_config_new) X(chafa_canvas_config_unref)        \
            X(chafa_canvas_config_set_pixel_mode) X(chafa_canvas_config_set_geometry)           \
                X(chafa_canvas_config_set_canvas_mode) X(chafa_canvas_config_set_cell_geometry) \
                    X(chafa_canvas_new) X(chafa_canvas_unref) X(chafa_canvas_draw_all_pixels)   \
                        X(chafa_canvas_print) X(g_string_free)
LSV_LIBRARY(lib, CALLS, "chafa", "libchafa0", "libchafa.so.0")

extern char **environ;

static const struct {
    const char *name;
    ChafaTermSeq begin;
    ChafaPixelMode mode;
} protocols[] = {
    {"kitty", CHAFA_TERM_SEQ_BEGIN_KITTY_IMMEDIATE_IMAGE_V1, CHAFA_PIXEL_MODE_KITTY},
    {"iterm2", CHAFA_TERM_SEQ_BEGIN_ITERM2_IMAGE, CHAFA_PIXEL_MODE_ITERM2},
    {"sixel", CHAFA_TERM_SEQ_BEGIN_SIXELS, CHAFA_PIXEL_MODE_SIXELS},
};
enum { NPROTOCOLS = sizeof protocols / sizeof *protocols };

/* The protocol, by name or by the terminal's own entry, and what to say it in (owned); -1: none. */
static int protocol_of(ChafaTermInfo **info) {
    const char *wanted = getenv("LSV_GRAPHICS");
    bool asked = wanted && *wanted && strcmp(wanted, "auto") != 0;
    ChafaTermDb *db = lib.chafa_term_db_get_default();
    *info = asked ? lib.chafa_term_db_get_fallback_info(db) : lib.chafa_term_db_detect(db, environ);
    for (int i = 0; *info && i < NPROTOCOLS; i++)
        if (asked ? strcmp(wanted, protocols[i].name) == 0
                  : lib.chafa_term_info_have_seq(*info, protocols[i].begin))
            return i;
    if (*info) lib.chafa_term_info_unref(*info);
    return -1;
}

static void emit(session *s, const screen *sc, int protocol, ChafaTermInfo *info, const unsigned char *pixels,
                 int columns, int rows) {
    int width = columns * sc->cell_width, height = rows * sc->cell_height;
    ChafaCanvasConfig *config = lib.chafa_canvas_config_new();
    lib.chafa_canvas_config_set_pixel_mode(config, protocols[protocol].mode);
    lib.chafa_canvas_config_set_canvas_mode(config, CHAFA_CANVAS_MODE_TRUECOLOR);
    lib.chafa_canvas_config_set_geometry(config, columns, rows);
    lib.chafa_canvas_config_set_cell_geometry(config, sc->cell_width, sc->cell_height);
    ChafaCanvas *canvas = lib.chafa_canvas_new(config);
    lib.chafa_canvas_draw_all_pixels(canvas, CHAFA_PIXEL_RGBA8_UNASSOCIATED, pixels, width, height,
                                     width * 4);
    GString *out = lib.chafa_canvas_print(canvas, info);
    session_write(s, out->str, out->len);
    session_write(s, "\n", 1);
    (lib.g_string_free)(out, TRUE);
    lib.chafa_canvas_unref(canvas);
    lib.chafa_canvas_config_unref(config);
}

/* False: shown in no such way, and nothing was written. */
static bool as_graphics(session *s, const screen *sc, const lsv_figure *f) {
    const char *wanted = getenv("LSV_GRAPHICS");
    ChafaTermInfo *info = NULL;
    unsigned char *pixels;
    if (!sc->terminal || (wanted && strcmp(wanted, "none") == 0)) return false;
    if (lib_open("showing a picture", NULL) != LSV_OK) return false;
    int protocol = protocol_of(&info);
    if (protocol < 0) return false;
    double scale = 112.0 / 72; /* pixels per point: an inch is a little more than on paper */
    int columns = (int)(f->width * 72 * scale / sc->cell_width), most_rows = sc->rows > 6 ? sc->rows - 3 : 3;
    if (columns > sc->columns) columns = sc->columns;
    int rows = (int)(columns * sc->cell_width * f->height / f->width / sc->cell_height + 0.5);
    if (rows > most_rows) {
        columns = (int)((double)columns * most_rows / rows);
        rows = most_rows;
    }
    if (columns < 1 || rows < 1) columns = rows = 1;
    scale = columns * sc->cell_width / (f->width * 72);
    bool ok = lsv_figure_pixels(f, columns * sc->cell_width, rows * sc->cell_height,
                                scale > 0.9 ? scale : 0.9, &pixels, NULL) == LSV_OK;
    if (ok) {
        emit(s, sc, protocol, info, pixels, columns, rows);
        lsv_free(pixels);
    }
    lib.chafa_term_info_unref(info);
    return ok;
}

#else

static bool as_graphics(session *s, const screen *sc, const lsv_figure *f) {
    (void)s, (void)sc, (void)f;
    return false;
}

#endif

bool picture_show(void *ctx, ls_interp *in, const lsv_figure *f) {
    session *s = ctx;
    screen sc = look(s);
    return as_graphics(s, &sc, f) || as_text(s, in, &sc, f);
}
