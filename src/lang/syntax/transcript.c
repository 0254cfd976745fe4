/* Transcripts: lines with prompts, as IPython, Jupyter and Python write them, back to code. */
#include "lang/syntax/transcript.h"

#include <ctype.h>
#include <string.h>

#include "lang/syntax/parse.h"

static bool starts(const char *line, size_t n, const char *with) {
    size_t k = strlen(with);
    return n >= k && memcmp(line, with, k) == 0;
}

/* "In [12]:" or "Out[12]:" behind `word`; its length, 0: not one. */
static size_t label(const char *line, size_t n, const char *word) {
    if (!starts(line, n, word)) return 0;
    size_t i = strlen(word), digits = 0;
    while (i < n && isdigit((unsigned char)line[i])) i++, digits++;
    return digits && starts(line + i, n - i, "]:") ? i + 2 : 0;
}

size_t ls_prompt_length(const char *line, size_t n, ls_prompt_kind *kind, bool *python) {
    size_t blanks = 0, i = label(line, n, "In [");
    *kind = LS_PROMPT_FIRST;
    *python = false;
    if (i) return i + (i < n && line[i] == ' ');
    *python = true;
    if (starts(line, n, ">>> ")) return 4;
    *kind = LS_PROMPT_MORE;
    if (starts(line, n, "... ")) return 4;
    while (blanks < n && line[blanks] == ' ') blanks++;
    if (starts(line + blanks, n - blanks, "...:")) {
        *python = false;
        i = blanks + 4;
        return i + (i < n && line[i] == ' ');
    }
    for (i = n; i > 3 && isspace((unsigned char)line[i - 1]);) i--;
    if (starts(line, n, "...") && i == 3) return n;
    *kind = LS_PROMPT_NONE;
    *python = false;
    return 0;
}

typedef struct reading {
    bool output;    /* the lines are a result */
    bool python;    /* under a >>> prompt */
    bool notebook;  /* "In [3]:" stood alone */
    size_t cell;    /* where in the output the current cell begins */
} reading;

static void one_line(reading *r, const char *line, size_t n, lsv_text *out) {
    ls_prompt_kind kind;
    bool python;
    size_t skip = ls_prompt_length(line, n, &kind, &python);
    if (label(line, n, "Out[")) {
        r->output = true;
        return;
    }
    if (kind == LS_PROMPT_FIRST) {
        *r = (reading){.python = python, .cell = out->length};
        r->notebook = !python && skip == n;
        if (r->notebook) return;
    } else if (kind == LS_PROMPT_MORE && !r->output && python == r->python) {
        r->notebook = false;
    } else {
        if (r->output || r->python) return;
        if (!r->notebook) {
            size_t length = out->length - r->cell;
            if (length && ls_input_state(out->data + r->cell, length, NULL) == LS_COMPLETE) {
                r->output = true; /* what a complete cell without an Out label printed */
                return;
            }
        }
        skip = 0;
    }
    lsv_text_add(out, line + skip, n - skip);
    lsv_text_putc(out, '\n');
}

void ls_strip_prompts(const char *text, size_t n, lsv_text *out) {
    ls_prompt_kind kind;
    bool python;
    size_t first = 0, start = out->length;
    while (first < n && isspace((unsigned char)text[first])) first++;
    while (first && text[first - 1] != '\n') first--;
    const char *end = memchr(text + first, '\n', n - first);
    size_t length = end ? (size_t)(end - text) - first : n - first;
    if (!ls_prompt_length(text + first, length, &kind, &python) || kind == LS_PROMPT_NONE) {
        lsv_text_add(out, text, n);
        return;
    }
    reading r = {.python = python};
    for (size_t i = first; i < n;) {
        end = memchr(text + i, '\n', n - i);
        length = end ? (size_t)(end - text) - i : n - i;
        size_t shown = length && text[i + length - 1] == '\r' ? length - 1 : length;
        one_line(&r, text + i, shown, out);
        i += length + 1;
    }
    bool ended = n && text[n - 1] == '\n';
    if (!ended && out->length > start) out->data[--out->length] = 0;
}
