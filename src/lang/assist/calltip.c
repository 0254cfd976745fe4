/* Call tips: the signature of the call around the cursor, its current argument marked. Signatures are text, of
   records as they are declared, of functions as they were written; here they are cut at their commas. */
#include "lang/assist/assist.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "lang/assist/parameters.h"
#include "lang/compile/code.h"
#include "lang/eval/function.h"

/* ---- signatures ---- */

static bool short_default(ls_interp *in, ls_value v, lsv_text *t) {
    lsv_text shown = {0};
    bool simple = v.tag == LS_NONE || ls_is_number(v) || v.tag == LS_STR || v.tag == LS_DTYPE || v.tag == LS_TYPE || v.tag == LS_BUILTIN;
    if (v.tag == LS_STR && v.str->length > 30) simple = false;
    if (v.tag == LS_TUPLE) simple = v.tuple->n == 0;
    if (v.tag == LS_LIST) simple = v.list->n == 0;
    if (v.tag == LS_DICT) simple = v.dict->n == 0;
    if (!simple) lsv_text_puts(t, "…");
    else if (v.tag == LS_BUILTIN) lsv_text_puts(t, ls_builtin_short_name(v.builtin));
    else if (v.tag == LS_TYPE) lsv_text_puts(t, v.type->name);
    else if (ls_repr(in, &shown, v) && !shown.failed) lsv_text_puts(t, shown.data);
    else lsv_text_puts(t, "…");
    if (in->error.set) ls_error_clear(&in->error);
    lsv_text_free(&shown);
    return !t->failed;
}

bool ls_function_signature_text(ls_interp *in, const ls_function *f, lsv_text *t) {
    const ls_code *c = f->code;
    const char *comma = "";
    lsv_text_putc(t, '(');
    for (int i = 0; i < c->npositional + c->nkwonly; i++) {
        if (i == c->npositional) {
            lsv_text_printf(t, "%s*%s", comma, c->star >= 0 ? c->locals[c->star] : "");
            comma = ", ";
        }
        lsv_text_printf(t, "%s%s", comma, c->locals[i]);
        if (!c->required[i]) {
            lsv_text_putc(t, '=');
            short_default(in, f->defaults ? f->defaults[i] : ls_none(), t);
        }
        comma = ", ";
        if (i + 1 == c->nposonly) lsv_text_puts(t, ", /");
    }
    if (!c->nkwonly && c->star >= 0) {
        lsv_text_printf(t, "%s*%s", comma, c->locals[c->star]);
        comma = ", ";
    }
    if (c->doublestar >= 0) lsv_text_printf(t, "%s**%s", comma, c->locals[c->doublestar]);
    lsv_text_putc(t, ')');
    return !t->failed;
}

/* The end of the parameter that starts at i: a comma of its own level, or the closing bracket. */
static size_t parameter_end(const char *s, size_t i) {
    int depth = 0;
    char quote = 0;
    for (; s[i]; i++) {
        if (quote) {
            if (s[i] == '\\' && s[i + 1]) i++;
            else if (s[i] == quote) quote = 0;
        } else if (s[i] == '"' || s[i] == '\'') quote = s[i];
        else if (strchr("([{", s[i])) depth++;
        else if (depth && strchr(")]}", s[i])) depth--;
        else if (!depth && (s[i] == ',' || s[i] == ')')) break;
    }
    return i;
}

void ls_builtin_signature_text(const ls_builtin *b, bool method, lsv_text *t) {
    const char *s = b->signature;
    if (!method) {
        lsv_text_puts(t, s);
        return;
    }
    size_t end = parameter_end(s, 1);
    bool starred = s[1] == '*';
    if (starred) end = 1;
    while (s[end] == ',' || s[end] == ' ') end++;
    if (s[end] == '/' && !starred) { /* (self, /, x) */
        end++;
        while (s[end] == ',' || s[end] == ' ') end++;
    }
    lsv_text_printf(t, "(%s", s + end);
}

/* ---- cut into parameters ---- */

static void cut(ls_parameters *p) {
    const char *open = strchr(p->text, '(');
    bool keyword_only = false;
    size_t i = open ? (size_t)(open - p->text) + 1 : strlen(p->text);
    while (p->text[i] && p->text[i] != ')' && p->n < LS_MOST_PARAMETERS) {
        size_t end = parameter_end(p->text, i);
        ls_parameter *it = &p->items[p->n++];
        *it = (ls_parameter){.start = i, .length = end - i, .name = i};
        if (p->text[i] == '*') {
            it->kind = p->text[i + 1] == '*' ? LS_PARAMETER_DOUBLESTAR : end == i + 1 ? LS_PARAMETER_MARK : LS_PARAMETER_STAR;
            keyword_only = true;
        } else if (p->text[i] == '/') {
            it->kind = LS_PARAMETER_MARK;
            for (int k = 0; k < p->n; k++) p->items[k].positional_only = true;
        }
        if (it->kind == LS_PARAMETER_PLAIN) it->keyword_only = keyword_only;
        while (it->name < end && p->text[it->name] == '*') it->name++;
        size_t stop = it->name;
        while (stop < end && p->text[stop] != '=' && p->text[stop] != ':' && p->text[stop] != ' ') stop++;
        it->name_length = stop - it->name;
        for (i = end; p->text[i] == ',' || p->text[i] == ' ';) i++;
    }
}

static bool signature_of(ls_interp *in, const ls_meaning *m, const char *written, size_t n, lsv_text *t, const char **summary) {
    ls_value v = m->value;
    lsv_text_add(t, written, n);
    if (v.tag == LS_METHOD) v = v.method->function;
    if (m->record) {
        ls_builtin_signature_text(m->record, true, t);
        *summary = m->record->summary;
        return m->record->kind == LS_CALLABLE;
    }
    const ls_builtin *b = v.tag == LS_BUILTIN ? v.builtin : v.tag == LS_TYPE ? ls_builtin_find(v.type->name) : NULL;
    if (b) {
        ls_builtin_signature_text(b, m->value.tag == LS_METHOD, t);
        *summary = b->summary;
        return b->kind != LS_SUBSCRIPTED;
    }
    if (v.tag != LS_FUNCTION) return false;
    *summary = ls_function_doc(v.function);
    return ls_function_signature_text(in, v.function, t);
}

bool ls_parameters_of(ls_interp *in, const char *text, size_t bracket, ls_parameters *p) {
    ls_meaning m;
    lsv_text t = {0};
    *p = (ls_parameters){.held = {.tag = LS_UNSET}};
    size_t end = bracket;
    while (end && text[end - 1] == ' ') end--;
    size_t start = ls_expression_start(text, end), name = end;
    if (start == end || !ls_resolve(in, text + start, end - start, &m)) return false;
    while (name > start && (isalnum((unsigned char)text[name - 1]) || strchr("_.", text[name - 1]) || (unsigned char)text[name - 1] >= 0x80)) name--;
    if (name < end && text[name] == '.') name++;
    bool ok = signature_of(in, &m, text + name, end - name, &t, &p->summary) && !t.failed;
    p->held = ls_ref(m.value);
    ls_meaning_drop(&m);
    p->text = t.data;
    if (ok) cut(p);
    else ls_parameters_free(p);
    return ok;
}

void ls_parameters_free(ls_parameters *p) {
    lsv_free(p->text);
    ls_drop(p->held);
    *p = (ls_parameters){.held = {.tag = LS_UNSET}};
}

/* ---- the tip ---- */

/* The parameter that the current argument of the call goes to, or -1. */
static int current_parameter(const ls_cursor *c, const ls_open_bracket *b, const ls_parameters *p) {
    size_t i = b->argument, stop;
    while (i < c->at && isspace((unsigned char)c->text[i])) i++;
    for (stop = i; stop < c->at && (isalnum((unsigned char)c->text[stop]) || c->text[stop] == '_' || (unsigned char)c->text[stop] >= 0x80);) stop++;
    size_t equals = stop;
    while (equals < c->at && c->text[equals] == ' ') equals++;
    bool keyword = stop > i && equals < c->at && c->text[equals] == '=' && c->text[equals + 1] != '=';
    int position = b->commas;
    for (int k = 0; k < p->n; k++) {
        const ls_parameter *it = &p->items[k];
        if (keyword) {
            if (it->kind == LS_PARAMETER_PLAIN && it->name_length == stop - i && memcmp(p->text + it->name, c->text + i, stop - i) == 0) return k;
            if (it->kind == LS_PARAMETER_DOUBLESTAR) return k;
        } else if (it->kind == LS_PARAMETER_STAR) {
            return k;
        } else if (it->kind == LS_PARAMETER_PLAIN && !it->keyword_only && position-- == 0) {
            return k;
        }
    }
    return -1;
}

bool ls_call_tip(ls_interp *in, const char *text, size_t cursor, const char *const marks[2], lsv_text *tip) {
    ls_cursor c;
    ls_parameters p;
    ls_cursor_find(&c, text, cursor);
    int k = ls_cursor_call(&c);
    while (k >= 0 && !ls_parameters_of(in, text, c.open[k].at, &p))
        do k--;
        while (k >= 0 && !c.open[k].call);
    if (k < 0) return false;
    int now = current_parameter(&c, &c.open[k], &p);
    if (now < 0) lsv_text_puts(tip, p.text);
    else {
        const ls_parameter *it = &p.items[now];
        lsv_text_add(tip, p.text, it->start);
        lsv_text_puts(tip, marks[0]);
        lsv_text_add(tip, p.text + it->start, it->length);
        lsv_text_puts(tip, marks[1]);
        lsv_text_puts(tip, p.text + it->start + it->length);
    }
    if (p.summary) {
        lsv_text_putc(tip, '\n');
        lsv_text_add(tip, p.summary, strcspn(p.summary, "\n"));
    }
    ls_parameters_free(&p);
    return !tip->failed;
}
