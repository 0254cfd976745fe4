/* Jupyter's files, read: nbformat 4, and 3 of old. json-c reads the JSON; everything else here is
   finding the few fields that matter and not trusting their types. */
#include <json-c/json.h>
#include <limits.h>
#include <string.h>

#include "base/alloc.h"
#include "repl/notebook/notebook.h"

enum { DEPTH = 64 };

static struct json_object *member(struct json_object *o, const char *key) {
    struct json_object *v = NULL;
    return o && json_object_is_type(o, json_type_object) && json_object_object_get_ex(o, key, &v) ? v : NULL;
}

static const char *string_of(struct json_object *o) {
    return o && json_object_is_type(o, json_type_string) ? json_object_get_string(o) : "";
}

static void add_string(lsv_text *t, struct json_object *o) {
    if (!o || !json_object_is_type(o, json_type_string)) return;
    lsv_text_add(t, json_object_get_string(o), (size_t)json_object_get_string_len(o));
}

/* A text is a string, or a list of strings that belong together; between: what stands between them. */
static void add_text(lsv_text *t, struct json_object *o, const char *between) {
    if (!o) return;
    if (!json_object_is_type(o, json_type_array)) {
        add_string(t, o);
        return;
    }
    for (size_t i = 0; i < json_object_array_length(o); i++) {
        if (i) lsv_text_puts(t, between);
        add_string(t, json_object_array_get_idx(o, i));
    }
}

/* The type that a picture or a widget is shown in: the first that is not the plain text. */
static const char *rich_type(struct json_object *data) {
    if (!data || !json_object_is_type(data, json_type_object)) return NULL;
    json_object_object_foreach(data, key, value) {
        (void)value;
        if (strcmp(key, "text/plain") != 0) return key;
    }
    return NULL;
}

static bool read_output(nb_cell *c, struct json_object *o) {
    static const struct {
        const char *type;
        nb_output_kind kind;
    } kinds[] = {
        {"stream", NB_STDOUT},        {"execute_result", NB_RESULT}, {"pyout", NB_RESULT},
        {"display_data", NB_DISPLAY}, {"error", NB_ERROR},           {"pyerr", NB_ERROR},
    };
    const char *type = string_of(member(o, "output_type"));
    size_t k = 0, n = sizeof kinds / sizeof *kinds;
    while (k < n && strcmp(kinds[k].type, type) != 0) k++;
    if (k == n) return true; /* update_display_data and what may come: nothing that was printed */
    nb_output_kind kind = kinds[k].kind;
    if (kind == NB_STDOUT) {
        lsv_text t = {0};
        const char *name = string_of(member(o, "name"));
        add_text(&t, member(o, "text"), "");
        if (strcmp(name, "stderr") == 0 || strcmp(string_of(member(o, "stream")), "stderr") == 0)
            kind = NB_STDERR;
        bool ok = !t.failed && (!t.length || nb_stream(c, kind, t.data, t.length));
        lsv_text_free(&t);
        return ok;
    }
    nb_output *out = nb_add_output(c, kind);
    if (!out) return false;
    if (kind == NB_ERROR) {
        lsv_text detail = {0};
        add_text(&out->text, member(o, "evalue"), "");
        add_text(&detail, member(o, "traceback"), "\n");
        out->name = lsv_strdup(string_of(member(o, "ename")));
        out->detail = detail.data;
        return out->name && !out->text.failed && !detail.failed;
    }
    struct json_object *data = member(o, "data");
    add_text(&out->text, data ? member(data, "text/plain") : member(o, "text"), "");
    const char *rich = rich_type(data);
    if (rich) out->name = lsv_strdup(rich);
    return !out->text.failed && (!rich || out->name);
}

static bool read_cell(notebook *b, struct json_object *cell) {
    const char *type = string_of(member(cell, "cell_type"));
    nb_kind kind = strcmp(type, "code") == 0 ? NB_CODE : strcmp(type, "markdown") == 0 ? NB_MARKDOWN : NB_RAW;
    lsv_text source = {0};
    struct json_object *text = member(cell, "source");
    add_text(&source, text ? text : member(cell, "input"), "");
    nb_cell *c = source.failed ? NULL : notebook_add(b, kind, source.data ? source.data : "", source.length);
    lsv_text_free(&source);
    if (!c) return false;
    struct json_object *count = member(cell, "execution_count"), *outputs = member(cell, "outputs");
    if (!count) count = member(cell, "prompt_number");
    if (count && json_object_is_type(count, json_type_int)) c->number = json_object_get_int(count);
    size_t n =
        outputs && json_object_is_type(outputs, json_type_array) ? json_object_array_length(outputs) : 0;
    c->recorded = c->number > 0 || n > 0;
    for (size_t i = 0; kind == NB_CODE && i < n; i++)
        if (!read_output(c, json_object_array_get_idx(outputs, i))) return false;
    return true;
}

static bool read_cells(notebook *b, struct json_object *cells) {
    for (size_t i = 0; i < json_object_array_length(cells); i++)
        if (!read_cell(b, json_object_array_get_idx(cells, i))) return false;
    return true;
}

/* The first cell, from 1, whose source is neither a text nor a list: a file that would be run without it; 0: none. */
static size_t cell_without_text(struct json_object *cells) {
    for (size_t i = 0; i < json_object_array_length(cells); i++) {
        struct json_object *cell = json_object_array_get_idx(cells, i), *text = member(cell, "source");
        if (!text) text = member(cell, "input");
        if (!text || !(json_object_is_type(text, json_type_string) || json_object_is_type(text, json_type_array))) return i + 1;
    }
    return 0;
}

/* "line 3, column 7" of a byte. */
static lsv_status bad_json(const char *name, const char *text, size_t at, const char *reason,
                           lsv_error *err) {
    int line = 1;
    size_t start = 0;
    for (size_t i = 0; i < at; i++)
        if (text[i] == '\n') {
            line++;
            start = i + 1;
        }
    lsv_fail(err, LSV_EVALUE, "%s: line %d, column %zu: %s", name, line, at - start + 1, reason);
    lsv_hint(err, "a notebook is a JSON file as Jupyter writes it");
    return LSV_EVALUE;
}

static lsv_status take(const char *name, struct json_object *root, notebook *b, lsv_error *err) {
    struct json_object *cells = member(root, "cells"), *sheets = member(root, "worksheets");
    if (!cells && sheets && json_object_is_type(sheets, json_type_array) && json_object_array_length(sheets))
        cells = member(json_object_array_get_idx(sheets, 0), "cells");
    if (!cells || !json_object_is_type(cells, json_type_array)) {
        lsv_fail(err, LSV_EVALUE, "%s: this JSON is no notebook: it has no list of \"cells\"", name);
        return LSV_EVALUE;
    }
    size_t bad = cell_without_text(cells);
    if (bad) return lsv_fail(err, LSV_EVALUE, "%s: cell %zu has no source: a text, or a list of its lines", name, bad);
    return read_cells(b, cells) ? LSV_OK : lsv_no_memory(err, 0);
}

lsv_status notebook_read_jupyter(const char *name, const char *text, size_t n, notebook *out,
                                 lsv_error *err) {
    *out = (notebook){0};
    if (n > INT_MAX) return lsv_fail(err, LSV_EVALUE, "%s: a notebook of more than 2 GiB", name);
    struct json_tokener *tokener = json_tokener_new_ex(DEPTH);
    if (!tokener) return lsv_no_memory(err, 0);
    json_tokener_set_flags(tokener, JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *root = json_tokener_parse_ex(tokener, text, (int)n);
    enum json_tokener_error why = json_tokener_get_error(tokener);
    size_t end = json_tokener_get_parse_end(tokener);
    lsv_status status;
    if (why == json_tokener_continue) status = bad_json(name, text, n, "the file ends in the middle", err);
    else if (why != json_tokener_success)
        status = bad_json(name, text, end < n ? end : n, json_tokener_error_desc(why), err);
    else status = take(name, root, out, err);
    json_object_put(root);
    json_tokener_free(tokener);
    if (status != LSV_OK) notebook_free(out);
    return status;
}
