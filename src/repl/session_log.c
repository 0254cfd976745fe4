/* The session's log: what each cell was and gave, and the names that IPython gives to it.

   In and Out are the session's own list and dictionary; the program may bind the names anew, the
   session goes on with its own. _3 and _i3 are made when a cell mentions them, so that a long
   session does not fill the table of variables. The outputs kept are bounded: a cell's, and all
   together; the oldest go first. Running out of memory here loses the log's entry, nothing else. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "repl/session.h"

enum { CELL_MOST = 4 << 20, LOG_MOST = 64 << 20 };

nb_cell *session_cell(session *s) {
    return s->log.n && s->log.cells[s->log.n - 1].number == s->number ? &s->log.cells[s->log.n - 1] : NULL;
}

/* ---- outputs ---- */

static size_t bytes_of(const nb_cell *c) {
    size_t n = 0;
    for (int i = 0; i < c->noutputs; i++) n += c->outputs[i].text.length;
    return n;
}

/* Makes room by dropping the outputs of the oldest cells; they count as never recorded. */
static void shed(session *s) {
    for (int i = 0; s->recorded > LOG_MOST && i + 1 < s->log.n; i++) {
        nb_cell *c = &s->log.cells[i];
        s->recorded -= bytes_of(c);
        if (c->noutputs) c->recorded = false;
        nb_clear_outputs(c);
    }
}

void session_record(session *s, nb_output_kind kind, const char *bytes, size_t n) {
    nb_cell *c = s->record && s->running ? session_cell(s) : NULL;
    if (!c || !n) return;
    size_t have = bytes_of(c), put = have >= CELL_MOST ? 0 : n < CELL_MOST - have ? n : CELL_MOST - have;
    while (put && put < n && ((unsigned char)bytes[put] & 0xC0) == 0x80) put--; /* not inside a character */
    if (kind == NB_RESULT && !nb_add_output(c, kind)) return;
    if (put && nb_stream(c, kind, bytes, put)) s->recorded += put;
    if (put < n && c->noutputs) c->outputs[c->noutputs - 1].cut = true;
    if (s->recorded > LOG_MOST) shed(s);
}

void session_record_error(session *s, const ls_error *e, const char *shown, size_t n) {
    nb_cell *c = s->record && s->running ? session_cell(s) : NULL;
    nb_output *o = c ? nb_add_output(c, NB_ERROR) : NULL;
    if (!o) return;
    lsv_text detail = {0};
    lsv_text_add(&detail, shown, n);
    lsv_text_puts(&o->text, e->message);
    o->name = lsv_strdup(e->type);
    o->detail = detail.data;
    s->recorded += o->text.length;
}

/* In plain text, the same wherever it was shown. */
void session_record_figure(session *s, const lsv_figure *f) {
    nb_cell *c = s->record && s->running ? session_cell(s) : NULL;
    nb_output *o = c ? nb_add_output(c, NB_DISPLAY) : NULL;
    if (!o || lsv_figure_text(f, (lsv_text_picture){.columns = 80}, &o->text, NULL) != LSV_OK) return;
    while (o->text.length && o->text.data[o->text.length - 1] == '\n') o->text.data[--o->text.length] = 0;
    s->recorded += o->text.length;
}

/* ---- In, Out and their kin ---- */

/* A name set for convenience: where that fails the session goes on without it. */
static void set_quietly(session *s, const char *name, ls_value v) {
    if (v.tag != LS_UNSET && !ls_global_set(s->in, name, v)) ls_error_clear(&s->in->error);
}

static void first_time(session *s) {
    s->in_list = ls_list_new(64);
    s->out_dict = ls_dict_new();
    ls_value empty = ls_str_new("", 0);
    if (s->in_list.tag == LS_LIST && empty.tag == LS_STR) ls_list_append(s->in_list.list, empty);
    set_quietly(s, "In", s->in_list);
    set_quietly(s, "Out", s->out_dict);
    set_quietly(s, "_i", empty);
    set_quietly(s, "_ii", empty);
    set_quietly(s, "_iii", empty);
    ls_drop(empty);
}

/* _12 and _i12 wherever the text mentions them, if there are such cells. */
static void define_numbered(session *s, const char *text, size_t n) {
    for (size_t i = 0; i + 1 < n; i++) {
        bool begins =
            text[i] == '_' && (i == 0 || !(isalnum((unsigned char)text[i - 1]) || text[i - 1] == '_'));
        size_t j = i + 1 + (begins && text[i + 1] == 'i'), first = j;
        while (begins && j < n && j - first < 9 && isdigit((unsigned char)text[j])) j++;
        if (!begins || j == first || (j < n && (isalnum((unsigned char)text[j]) || text[j] == '_'))) continue;
        char name[24];
        long number = strtol(text + first, NULL, 10);
        snprintf(name, sizeof name, "%.*s", (int)(j - i), text + i);
        if (text[i + 1] != 'i') {
            const ls_value *v =
                s->out_dict.tag == LS_DICT ? ls_dict_find(s->out_dict.dict, ls_int(number)) : NULL;
            if (v) set_quietly(s, name, *v);
        } else if (s->in_list.tag == LS_LIST && number < s->in_list.list->n) {
            set_quietly(s, name, s->in_list.list->items[number]);
        }
    }
}

/* Does a program speak of _, _3, Out or In, as one does that %save has written? */
bool session_speaks_of_cells(const char *text, size_t n) {
    static const char *const names[] = {"_", "__", "___", "Out", "In", "_i", "_ii", "_iii"};
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i; j < n && (isalnum((unsigned char)text[j]) || text[j] == '_');) j++;
        for (size_t k = 0; k < sizeof names / sizeof *names; k++)
            if (strlen(names[k]) == j - i && memcmp(names[k], text + i, j - i) == 0) return true;
        size_t digits = i + 1 + (i + 1 < j && text[i + 1] == 'i');
        if (j > digits && text[i] == '_' && strspn(text + digits, "0123456789") >= j - digits) return true;
        j += j == i;
    }
    return false;
}

static void set_inputs(session *s, const char *text, size_t length) {
    static const char *const names[] = {"_i", "_ii", "_iii"};
    if (s->in_list.tag == LS_UNSET) first_time(s);
    if (s->in_list.tag != LS_LIST) return;
    ls_list *in = s->in_list.list;
    for (int k = 0; k < 3; k++)
        if (in->n > k + 1) set_quietly(s, names[k], in->items[in->n - 1 - k]);
    ls_value v = ls_str_new(text, length);
    if (v.tag == LS_STR) ls_list_append(in, v);
    ls_drop(v);
    define_numbered(s, text, length);
}

void session_begin_cell(session *s, const char *text, size_t length) {
    while (length && strchr("\r\n", text[length - 1])) length--;
    nb_cell *c = notebook_add(&s->log, NB_CODE, text, length);
    if (c) c->number = s->number;
    if (c) c->recorded = s->record;
    if (s->labels || s->names_cells) set_inputs(s, text, length);
}

/* As IPython: once a program has a variable _ of its own, the underscores are left alone. */
bool session_remember(session *s, ls_value v) {
    static const char *const names[] = {"_", "__", "___"};
    if (s->out_dict.tag == LS_DICT && v.tag == LS_DICT && v.dict == s->out_dict.dict)
        return true; /* Out itself */
    if (s->out_dict.tag == LS_DICT && !ls_dict_set(s->out_dict.dict, ls_int(s->number), v))
        return ls_no_memory(s->in);
    for (int k = 0; k < 3; k++) {
        ls_value now = ls_global_get(s->in, names[k]);
        if (now.tag != LS_UNSET && !(s->last[k].tag != LS_UNSET && ls_same(now, s->last[k]))) return true;
    }
    ls_drop(s->last[2]);
    s->last[2] = s->last[1];
    s->last[1] = s->last[0];
    s->last[0] = ls_ref(v);
    for (int k = 0; k < 3; k++)
        if (s->last[k].tag != LS_UNSET && !ls_global_set(s->in, names[k], s->last[k])) return false;
    return true;
}

void session_forget_outputs(session *s) {
    if (s->out_dict.tag == LS_DICT) ls_dict_clear(s->out_dict.dict);
    for (int k = 0; k < 3; k++) {
        ls_drop(s->last[k]);
        s->last[k] = (ls_value){.tag = LS_UNSET};
    }
    set_quietly(s, "In", s->in_list);
    set_quietly(s, "Out", s->out_dict);
}
