/* Notebooks, written: Jupyter's JSON as Jupyter itself lays it out (keys in order, one blank per
   level, texts as lists of lines), Markdown, and a program. */
#include <stdio.h>
#include <string.h>

#include "repl/notebook/notebook.h"

/* ---- JSON ---- */

/* A string's inside. What is no valid UTF-8 becomes U+FFFD: a JSON file has none. */
static void escape(lsv_text *t, const char *s, size_t n) {
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)s[i];
        size_t more = c < 0x80                ? 0
                      : c >= 0xC2 && c < 0xE0 ? 1
                      : c >= 0xE0 && c < 0xF0 ? 2
                      : c >= 0xF0 && c < 0xF5 ? 3
                                              : 9,
               k = 1;
        while (more < 9 && k <= more && i + k < n && ((unsigned char)s[i + k] & 0xC0) == 0x80) k++;
        bool bad = more == 9 || k <= more;
        if (c == 0xE0 && !bad) bad = (unsigned char)s[i + 1] < 0xA0;
        if (c == 0xED && !bad) bad = (unsigned char)s[i + 1] > 0x9F;
        if (c == 0xF0 && !bad) bad = (unsigned char)s[i + 1] < 0x90;
        if (c == 0xF4 && !bad) bad = (unsigned char)s[i + 1] > 0x8F;
        if (bad) lsv_text_puts(t, "\xEF\xBF\xBD");
        else if (c == '"' || c == '\\') lsv_text_printf(t, "\\%c", c);
        else if (c == '\n') lsv_text_puts(t, "\\n");
        else if (c == '\t') lsv_text_puts(t, "\\t");
        else if (c == '\r') lsv_text_puts(t, "\\r");
        else if (c < 0x20) lsv_text_printf(t, "\\u%04x", c);
        else lsv_text_add(t, s + i, more + 1);
        i += bad ? 1 : more + 1;
    }
}

/* "key": ["line\n", "line"] at a depth; an empty text is an empty list. */
static void put_lines(lsv_text *t, int depth, const char *key, const char *s, size_t n) {
    lsv_text_printf(t, "%*s\"%s\": [", depth, "", key);
    for (size_t i = 0; i < n;) {
        const char *nl = memchr(s + i, '\n', n - i);
        size_t length = nl ? (size_t)(nl - (s + i)) + 1 : n - i;
        lsv_text_printf(t, "%s\n%*s\"", i ? "," : "", depth + 1, "");
        escape(t, s + i, length);
        lsv_text_putc(t, '"');
        i += length;
    }
    if (n) lsv_text_printf(t, "\n%*s", depth, "");
    lsv_text_putc(t, ']');
}

static void put_text(lsv_text *t, int depth, const char *key, const lsv_text *text) {
    put_lines(t, depth, key, text->data ? text->data : "", text->length);
}

static void put_string(lsv_text *t, int depth, const char *key, const char *s) {
    lsv_text_printf(t, "%*s\"%s\": \"", depth, "", key);
    escape(t, s, strlen(s));
    lsv_text_putc(t, '"');
}

static void put_output(lsv_text *t, const nb_output *o, int number) {
    lsv_text_puts(t, "    {\n");
    switch (o->kind) {
    case NB_STDOUT:
    case NB_STDERR:
        put_string(t, 5, "name", o->kind == NB_STDOUT ? "stdout" : "stderr");
        lsv_text_puts(t, ",\n     \"output_type\": \"stream\",\n");
        put_text(t, 5, "text", &o->text);
        break;
    case NB_ERROR:
        put_string(t, 5, "ename", o->name ? o->name : "Error");
        lsv_text_puts(t, ",\n");
        put_string(t, 5, "evalue", o->text.data ? o->text.data : "");
        lsv_text_puts(t, ",\n     \"output_type\": \"error\",\n");
        lsv_text_puts(t, "     \"traceback\": [");
        if (o->detail) {
            size_t n = strlen(o->detail);
            while (n && o->detail[n - 1] == '\n') n--;
            lsv_text_puts(t, "\n      \"");
            escape(t, o->detail, n);
            lsv_text_puts(t, "\"\n     ");
        }
        lsv_text_puts(t, "]");
        break;
    case NB_RESULT:
    case NB_DISPLAY:
        lsv_text_puts(t, "     \"data\": {\n");
        put_text(t, 6, "text/plain", &o->text);
        lsv_text_puts(t, "\n     },\n");
        if (o->kind == NB_RESULT) lsv_text_printf(t, "     \"execution_count\": %d,\n", number);
        lsv_text_printf(t, "     \"metadata\": {},\n     \"output_type\": \"%s\"",
                        o->kind == NB_RESULT ? "execute_result" : "display_data");
        break;
    }
    lsv_text_puts(t, "\n    }");
}

static void put_cell(lsv_text *t, const nb_cell *c, int id) {
    static const char *const kinds[] = {[NB_CODE] = "code", [NB_MARKDOWN] = "markdown", [NB_RAW] = "raw"};
    lsv_text_printf(t, "  {\n   \"cell_type\": \"%s\",\n", kinds[c->kind]);
    if (c->kind == NB_CODE && c->number) lsv_text_printf(t, "   \"execution_count\": %d,\n", c->number);
    else if (c->kind == NB_CODE) lsv_text_puts(t, "   \"execution_count\": null,\n");
    lsv_text_printf(t, "   \"id\": \"cell-%d\",\n   \"metadata\": {},\n", id);
    if (c->kind == NB_CODE) {
        lsv_text_puts(t, "   \"outputs\": [");
        for (int i = 0; i < c->noutputs; i++) {
            lsv_text_puts(t, i ? ",\n" : "\n");
            put_output(t, &c->outputs[i], c->number);
        }
        lsv_text_puts(t, c->noutputs ? "\n   ],\n" : "],\n");
    }
    put_text(t, 3, "source", &c->source);
    lsv_text_puts(t, "\n  }");
}

void notebook_write_jupyter(lsv_text *t, const notebook *b, int from, int to) {
    lsv_text_puts(t, "{\n \"cells\": [");
    for (int i = from, id = 1; i < to; i++) {
        lsv_text_puts(t, id == 1 ? "\n" : ",\n");
        put_cell(t, &b->cells[i], id++);
    }
    lsv_text_puts(t, to > from ? "\n ],\n" : "],\n");
    lsv_text_puts(t, " \"metadata\": {\n  \"language_info\": {\n   \"file_extension\": \".py\",\n   "
                     "\"mimetype\": \"text/x-python\",\n"
                     "   \"name\": \"python\"\n  }\n },\n \"nbformat\": 4,\n \"nbformat_minor\": 5\n}\n");
}

/* ---- Markdown ---- */

/* A fence longer than any in the text. */
static int fence_for(const char *s, size_t n) {
    int longest = 2, run = 0;
    for (size_t i = 0; i < n; i++) {
        run = s[i] == '`' ? run + 1 : 0;
        if (run > longest) longest = run;
    }
    return longest + 1;
}

static void put_block(lsv_text *t, const char *language, const char *s, size_t n) {
    static const char ticks[] = "````````````````````````````````";
    int fence = fence_for(s, n);
    if (fence > 32) fence = 32;
    lsv_text_printf(t, "%.*s%s\n", fence, ticks, language);
    lsv_text_add(t, s, n);
    if (!n || s[n - 1] != '\n') lsv_text_putc(t, '\n');
    lsv_text_printf(t, "%.*s\n\n", fence, ticks);
}

void notebook_write_markdown(lsv_text *t, const notebook *b, int from, int to) {
    for (int i = from; i < to; i++) {
        const nb_cell *c = &b->cells[i];
        const char *source = c->source.data ? c->source.data : "";
        if (c->kind != NB_CODE) {
            lsv_text_printf(t, "%s\n\n", source);
            continue;
        }
        put_block(t, "python", source, c->source.length);
        lsv_text shown = {0};
        for (int k = 0; k < c->noutputs; k++) {
            const nb_output *o = &c->outputs[k];
            if (shown.length && shown.data[shown.length - 1] != '\n') lsv_text_putc(&shown, '\n');
            if (o->kind == NB_ERROR) lsv_text_printf(&shown, "%s: ", o->name ? o->name : "Error");
            lsv_text_add(&shown, o->text.data ? o->text.data : "", o->text.length);
        }
        if (shown.length) put_block(t, "", shown.data, shown.length);
        t->failed = t->failed || shown.failed;
        lsv_text_free(&shown);
    }
}

/* ---- a program ---- */

static const nb_output *error_of(const nb_cell *c) {
    for (int i = 0; i < c->noutputs; i++)
        if (c->outputs[i].kind == NB_ERROR) return &c->outputs[i];
    return NULL;
}

static void put_commented(lsv_text *t, const char *s) {
    while (*s) {
        size_t n = strcspn(s, "\n");
        lsv_text_puts(t, n ? "# " : "#");
        lsv_text_add(t, s, n);
        lsv_text_putc(t, '\n');
        s += n + (s[n] == '\n');
    }
}

/* A cell that ended in an error is kept as a comment: the program shall run through. */
void notebook_write_program(lsv_text *t, const notebook *b, int from, int to) {
    for (int i = from; i < to; i++) {
        const nb_cell *c = &b->cells[i];
        const nb_output *error = error_of(c);
        const char *source = c->source.data ? c->source.data : "";
        lsv_text_puts(t, i > from ? "\n# %%\n" : "# %%\n");
        if (error)
            lsv_text_printf(t, "# %s: %.*s\n", error->name ? error->name : "Error",
                            (int)strcspn(error->text.data ? error->text.data : "", "\n"),
                            error->text.data ? error->text.data : "");
        if (c->kind == NB_CODE && !error) lsv_text_printf(t, "%s\n", source);
        else put_commented(t, source);
    }
}
