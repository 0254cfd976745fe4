/* A walk into a file, and what the prompt has registered. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "file/file.h"
#include "lang/teach/teach.h"

static const ls_dialogue *dialogue;

void ls_teach_set_dialogue(const ls_dialogue *d) { dialogue = d; }
const ls_dialogue *ls_teach_dialogue(void) { return dialogue; }

static void text_file(lsv_text *t, const ls_walk *w) { ls_render_text(t, w); }

bool ls_walk_save(ls_interp *in, const ls_walk *w, const char *path) {
    static const struct { const char *end; void (*render)(lsv_text *, const ls_walk *); } formats[] = {
        {".md", ls_render_markdown}, {".tex", ls_render_latex}, {".ipynb", ls_render_notebook}, {".svg", ls_render_svg}, {".txt", text_file}};
    size_t n = strlen(path), k = 0, count = sizeof formats / sizeof *formats;
    for (; k < count; k++) {
        size_t e = strlen(formats[k].end);
        if (n > e && strcmp(path + n - e, formats[k].end) == 0) break;
    }
    if (k == count) {
        ls_raise(in, "ValueError", "cannot save as \"%s\": the name must end in .md, .tex, .ipynb, .svg or .txt", path);
        return false;
    }
    lsv_error err = {.status = LSV_OK};
    if (lsv_file_allowed(path, true, &err) != LSV_OK) {
        ls_raise(in, "PermissionError", "%s", err.message);
        ls_hint(in, "%s", err.hint);
        return false;
    }
    lsv_text t = {0};
    formats[k].render(&t, w);
    bool ok = !t.failed || ls_no_memory(in);
    FILE *f = ok ? fopen(path, "wb") : NULL;
    if (ok && (!f || fwrite(t.data, 1, t.length, f) != t.length || fflush(f) != 0)) {
        ls_raise(in, "OSError", "cannot write \"%s\": %s", path, strerror(errno));
        ok = false;
    }
    if (f && fclose(f) != 0 && ok) {
        ls_raise(in, "OSError", "cannot write \"%s\": %s", path, strerror(errno));
        ok = false;
    }
    lsv_text_free(&t);
    return ok;
}
