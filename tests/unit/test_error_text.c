/* The text of diagnostics: the line shown, the underline's columns, cutting, colours. */
#include "check.h"

#include "lang/syntax/error.h"

static char shown[4096];

static const char *text_of(const char *text, uint32_t start, uint32_t end, ls_error_style style) {
    ls_source *source = ls_source_new("script.lsv", text, strlen(text), 1);
    ls_error e = {0};
    ls_error_set(&e, "ValueError", "no");
    ls_error_place(&e, source, (ls_span){start, end});
    lsv_text t = {0};
    ls_error_text(&t, &e, style);
    snprintf(shown, sizeof shown, "%s", t.data);
    lsv_text_free(&t);
    ls_error_clear(&e);
    ls_source_release(source);
    return shown;
}

int main(void) {
    ls_error_style plain = {.width = 80}, file = {.show_file = true, .width = 80},
                   ascii = {.ascii = true, .width = 80};
    CHECK_TEXT(text_of("W @ W", 0, 5, plain), "    W @ W\n    ──^──\nValueError: no\n");
    CHECK_TEXT(text_of("W @ W", 2, 3, ascii), "    W @ W\n      ^\nValueError: no\n");
    CHECK_TEXT(text_of("W @ W", 0, 5, ascii), "    W @ W\n    --^--\nValueError: no\n");
    CHECK_TEXT(text_of("x\n\tW @ W\n", 3, 8, file), "script.lsv:2\n    W @ W\n    ──^──\nValueError: no\n");
    CHECK_TEXT(text_of("x\ny", 2, 3, plain), "line 2\n    y\n    ^\nValueError: no\n");
    CHECK_TEXT(text_of("σ = λ", 5, 7, plain), "    σ = λ\n        ^\nValueError: no\n");
    CHECK_TEXT(text_of("'漢字' + x", 11, 12, plain), "    '漢字' + x\n             ^\nValueError: no\n");
    CHECK_TEXT(text_of("f(1,\n  2)", 0, 9, plain), "line 1\n    f(1,\n    ──^─\nValueError: no\n");
    CHECK_TEXT(text_of("x", 1, 1, plain), "    x\n     ^\nValueError: no\n");
    char line[401];
    memset(line, 'a', 400);
    line[400] = 0;
    text_of(line, 200, 203, (ls_error_style){.width = 40});
    CHECK(strlen(shown) < 200 && strstr(shown, "…") != NULL);

    ls_source *source = ls_source_new("In [1]", "def f(x):\n    return x @ x\nf(1)", 31, 1);
    ls_error e = {0};
    ls_error_set(&e, "TypeError", "bad %s", "operand");
    ls_error_hint(&e, "try %d", 3);
    ls_error_place(&e, source, (ls_span){21, 26});
    ls_error_place(&e, source, (ls_span){0, 1}); /* the first place stays */
    e.frames[e.nframes++] = (ls_frame_note){ls_source_ref(source), {27, 31}, "f"};
    e.skipped = 2;
    lsv_text t = {0};
    ls_error_text(&t, &e, plain);
    CHECK_TEXT(t.data, "line 2\n    return x @ x\n           ──^──\n  in f, line 3: f(1)\n  … 2 "
                       "more\nTypeError: bad operand\nhint: try 3\n");
    lsv_text_free(&t);
    ls_error_text(&t, &e, (ls_error_style){.color = true, .width = 80});
    CHECK(strstr(t.data, "\x1b[1;31mTypeError\x1b[0m") != NULL);
    lsv_text_free(&t);
    ls_error_clear(&e);
    CHECK(source->refs == 1);
    ls_source_release(source);
    for (int i = 0; i < 300; i++) { /* a message cut short keeps whole characters */
        char fill[1200];
        memset(fill, 'a', 600 + (size_t)i);
        strcpy(fill + 600 + i,
               "ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé");
        ls_error_set(&e, "E", "%s", fill);
        size_t n = strlen(e.message);
        CHECK(n < sizeof e.message && ((unsigned char)e.message[n - 1] != 0xC3));
    }
    ls_error_clear(&e);
    return check_done();
}
