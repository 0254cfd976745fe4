/* What may stand at the cursor. The place decides the table: keys inside d["…, modules behind import, attributes
   behind a dot, else names, with the parameters of the call around the cursor in front. */
#include "lang/assist/assist.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "lang/assist/parameters.h"
#include "lang/eval/attributes.h"
#include "lang/eval/function.h"
#include "lang/eval/operators.h"

/* ---- lists of names ---- */

bool ls_completions_add(ls_completions *c, const char *name, size_t n) {
    lsv_text_add(&c->names, name, n);
    lsv_text_add(&c->names, "", 1);
    c->n++;
    return !c->names.failed;
}

void ls_completions_free(ls_completions *c) {
    lsv_text_free(&c->names);
    *c = (ls_completions){.tail = ""};
}

static int by_name(const void *a, const void *b) {
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    bool hidden_x = *x == '_', hidden_y = *y == '_';
    return hidden_x != hidden_y ? hidden_x - hidden_y : strcmp(x, y);
}

void ls_completions_sort(ls_completions *c, int from) {
    const char **names = lsv_malloc((size_t)(c->n + 1) * sizeof *names);
    lsv_text sorted = {0};
    if (!names) return;
    const char *p = c->names.data;
    for (int i = 0; i < c->n; i++, p += strlen(p) + 1) names[i] = p;
    qsort(names + from, (size_t)(c->n - from), sizeof *names, by_name);
    int n = 0;
    for (int i = 0; i < c->n; i++) {
        if (i > from && strcmp(names[i], names[i - 1]) == 0) continue;
        lsv_text_add(&sorted, names[i], strlen(names[i]) + 1);
        n++;
    }
    lsv_free(names);
    if (sorted.failed) {
        lsv_text_free(&sorted);
        return;
    }
    lsv_text_free(&c->names);
    c->names = sorted;
    c->n = n;
}

size_t ls_completions_common(const ls_completions *c) {
    if (!c->n) return 0;
    const char *first = c->names.data, *p = first;
    size_t common = strlen(first);
    for (int i = 1; i < c->n; i++) {
        p += strlen(p) + 1;
        size_t k = 0;
        while (k < common && p[k] == first[k]) k++;
        common = k;
    }
    while (common && ((unsigned char)first[common] & 0xC0) == 0x80) common--; /* no half characters */
    return common;
}

/* ---- offering ---- */

typedef struct offers {
    ls_interp *in;
    ls_completions *out;
    const char *typed;   /* what stands before the cursor already */
    size_t n;
    const char *prefix;  /* of qualified names: "np." */
} offers;

/* Hidden names only for who begins with the underscore. */
static void offer(offers *o, const char *name, size_t n) {
    if (n < o->n || memcmp(name, o->typed, o->n) != 0 || (name[0] == '_' && !(o->n && o->typed[0] == '_'))) return;
    ls_completions_add(o->out, name, n);
}

static void offer_text(offers *o, const char *name) { offer(o, name, strlen(name)); }

static void offer_qualified(offers *o, const char *qualified) {
    size_t k = strlen(o->prefix);
    if (strncmp(qualified, o->prefix, k) == 0 && !strchr(qualified + k, '.')) offer_text(o, qualified + k);
}

static bool visit_record(void *ctx, const char *qualified, const ls_builtin *b) {
    (void)b;
    offer_qualified(ctx, qualified);
    return true;
}

static bool visit_constant(void *ctx, const char *qualified, const ls_constant *c) {
    (void)c;
    offer_qualified(ctx, qualified);
    return true;
}

static bool visit_global(void *ctx, const char *name, ls_value v) {
    (void)v;
    offer_text(ctx, name);
    return true;
}

static void offer_below(offers *o, const char *prefix) {
    o->prefix = prefix;
    ls_builtin_each(visit_record, o);
    ls_constant_each(visit_constant, o);
}

/* ---- attributes ---- */

static void offer_module(offers *o, const ls_module *m) {
    char prefix[80];
    snprintf(prefix, sizeof prefix, "%s.", m->prefix);
    offer_below(o, prefix);
    size_t n = strlen(m->name);
    for (int i = 0; ls_module_at(i); i++) {
        const char *name = ls_module_at(i)->name;
        if (strncmp(name, m->name, n) == 0 && name[n] == '.' && !strchr(name + n + 1, '.')) offer_text(o, name + n + 1);
    }
}

static void offer_kind(offers *o, const char *kind) {
    char prefix[80];
    for (const char *k = kind; k && *k; k = ls_kind_fallback(k)) {
        snprintf(prefix, sizeof prefix, "%s.", k);
        offer_below(o, prefix);
    }
}

static void offer_functions_below(offers *o, const ls_builtin *b) {
    char prefix[160];
    for (const char *p = b->names; *p; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");
        snprintf(prefix, sizeof prefix, "%.*s.", (int)n, p);
        offer_below(o, prefix);
        p += n;
    }
}

static void offer_attributes(offers *o, const ls_meaning *m) {
    ls_value v = m->value;
    if (v.tag == LS_MODULE) offer_module(o, v.module);
    else if (v.tag == LS_BUILTIN) {
        offer_functions_below(o, v.builtin);
        if (m->kind) offer_kind(o, m->kind);
    } else if (m->kind) offer_kind(o, m->kind);
    if (v.tag == LS_TUPLE && v.tuple->record)
        for (int i = 0; i < v.tuple->record->n; i++) offer_text(o, v.tuple->record->fields[i]);
    if (m->kind && (strcmp(m->kind, "slice") == 0 || strcmp(m->kind, "range") == 0)) {
        offer_text(o, "start");
        offer_text(o, "stop");
        offer_text(o, "step");
    }
    if (v.tag == LS_FUNCTION || v.tag == LS_BUILTIN) {
        offer_text(o, "__name__");
        offer_text(o, "__doc__");
    }
    if (v.tag == LS_LIST && v.list->n < 1000 && ls_numeric_list(v)) offer_kind(o, "ndarray"); /* it acts as an array */
}

static void complete_attribute(offers *o, const ls_cursor *c) {
    ls_meaning m;
    size_t dot = c->word - 1, start = ls_expression_start(c->text, dot);
    if (start == dot || !ls_resolve(o->in, c->text + start, dot - start, &m)) return;
    offer_attributes(o, &m);
    ls_meaning_drop(&m);
}

/* ---- keys ---- */

/* The keys of the dictionary that is subscripted, or asked by get, at the bracket; inside a quote only strings. */
static bool complete_key(offers *o, const ls_cursor *c) {
    const ls_open_bracket *b = c->depth > 0 && c->depth <= LS_CURSOR_DEPTH ? &c->open[c->depth - 1] : NULL;
    size_t from = c->quote ? c->string - (c->triple ? 3 : 1) : c->word;
    if (!b || (b->open != '[' && !b->call) || strspn(c->text + b->at + 1, " ") != from - b->at - 1) return false;
    size_t end = b->at;
    if (b->call) {
        if (end >= 4 && memcmp(c->text + end - 4, ".get", 4) == 0) end -= 4;
        else if (end >= 4 && memcmp(c->text + end - 4, ".pop", 4) == 0) end -= 4;
        else return false;
    }
    size_t start = ls_expression_start(c->text, end);
    ls_meaning m;
    if (start == end || !ls_resolve(o->in, c->text + start, end - start, &m)) return false;
    bool found = m.value.tag == LS_DICT;
    for (ptrdiff_t i = 0; found && i < m.value.dict->used; i++) {
        ls_value key = m.value.dict->entries[i].key;
        if (key.tag == LS_UNSET || (c->quote && key.tag != LS_STR)) continue;
        if (c->quote) {
            ls_completions *out = o->out;
            if (key.str->length >= o->n && memcmp(key.str->data, o->typed, o->n) == 0 && strlen(key.str->data) == key.str->length)
                ls_completions_add(out, key.str->data, key.str->length);
            continue;
        }
        lsv_text t = {0};
        if ((key.tag == LS_STR || ls_is_number(key)) && ls_repr(o->in, &t, key) && !t.failed) offer(o, t.data, t.length);
        lsv_text_free(&t);
    }
    if (found && b->open == '[') o->out->tail = !c->quote ? "]" : c->quote == '"' ? "\"]" : "']";
    else if (found) o->out->tail = c->quote == '"' ? "\"" : "'";
    ls_meaning_drop(&m);
    return found;
}

/* ---- modules ---- */

static bool starts_with_word(const char *s, size_t n, const char *word, size_t *behind) {
    size_t k = strlen(word);
    if (n <= k || memcmp(s, word, k) != 0 || s[k] != ' ') return false;
    *behind = k;
    while (*behind < n && s[*behind] == ' ') (*behind)++;
    return true;
}

/* Whole dotted names of modules. */
static void offer_modules(offers *o) {
    for (int i = 0; ls_module_at(i); i++) offer_text(o, ls_module_at(i)->name);
}

/* `import x`, `from x import y`; false: the line is none of these. */
static bool complete_import(offers *o, const ls_cursor *c) {
    const char *line = c->text + c->line;
    size_t n = c->at - c->line, skip = 0, behind;
    while (skip < n && isspace((unsigned char)line[skip])) skip++;
    line += skip;
    n -= skip;
    bool from = starts_with_word(line, n, "from", &behind);
    if (!from && !starts_with_word(line, n, "import", &behind)) return false;
    size_t name = strcspn(line + behind, " ");
    if (name > n - behind) name = n - behind;
    size_t word = c->at; /* a dotted name counts as one */
    while (word > c->line && (isalnum((unsigned char)c->text[word - 1]) || strchr("_.", c->text[word - 1]))) word--;
    o->typed = c->text + word;
    o->n = c->at - word;
    o->out->start = word;
    const char *rest = line + behind + name;
    if (from && rest < c->text + c->at) {
        char module[80];
        snprintf(module, sizeof module, "%.*s", (int)name, line + behind);
        const ls_module *m = ls_module_find(module);
        while (*rest == ' ') rest++;
        if (m && strncmp(rest, "import", 6) == 0 && rest + 6 < c->text + c->at) offer_module(o, m);
        else offer_text(o, "import");
    } else {
        offer_modules(o);
    }
    return true;
}

/* ---- names ---- */

/* Words of the cell itself: what it assigns and its functions' parameters are no variables yet. */
static void offer_words(offers *o, const ls_cursor *c) {
    const char *s = c->text;
    for (size_t i = 0; i < c->word;) {
        if (s[i] == '#') {
            while (i < c->word && s[i] != '\n') i++;
        } else if (s[i] == '"' || s[i] == '\'') {
            char quote = s[i++];
            while (i < c->word && s[i] != quote && s[i] != '\n') i++;
            i++;
        } else if (isalpha((unsigned char)s[i]) || s[i] == '_' || (unsigned char)s[i] >= 0x80) {
            size_t start = i;
            while (i < c->word && (isalnum((unsigned char)s[i]) || s[i] == '_' || (unsigned char)s[i] >= 0x80)) i++;
            if (i < c->word && o->n && !(start && s[start - 1] == '.')) offer(o, s + start, i - start);
        } else {
            i++;
        }
    }
}

static void offer_names(offers *o, const ls_cursor *c) {
    static const char *const words[] = {"and", "assert", "break", "continue", "def", "del", "elif", "else", "False", "for", "from",
        "global", "if", "import", "in", "is", "lambda", "None", "nonlocal", "not", "or", "pass", "return", "True", "while",
        "int", "float", "bool", "str", "list", "tuple", "dict", "range", "slice", "type", "object", "linalg", "random"};
    ls_global_each(o->in, visit_global, o);
    if (!o->n) return; /* nothing typed: the user's own names */
    offer_words(o, c);
    offer_below(o, "");
    offer_below(o, "np.");
    offer_below(o, "np.linalg.");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) offer_text(o, words[i]);
}

/* ---- keyword arguments ---- */

static bool already_given(const ls_cursor *c, const ls_open_bracket *b, const char *name, size_t n) {
    for (size_t i = b->at + 1; i + n < c->word; i++) {
        bool fresh = c->text[i - 1] == ' ' || c->text[i - 1] == ',' || c->text[i - 1] == '(';
        if (!fresh || memcmp(c->text + i, name, n) != 0) continue;
        size_t k = i + n;
        while (k < c->word && c->text[k] == ' ') k++;
        if (c->text[k] == '=' && c->text[k + 1] != '=') return true;
    }
    return false;
}

static void offer_parameters(offers *o, const ls_cursor *c) {
    int k = ls_cursor_call(c);
    if (k < 0 || k != c->depth - 1) return;
    const ls_open_bracket *b = &c->open[k];
    if (b->argument + strspn(c->text + b->argument, " \t\n") != c->word) return; /* not where an argument starts */
    ls_parameters p;
    if (!ls_parameters_of(o->in, c->text, b->at, &p)) return;
    int by_position = b->commas;
    for (int i = 0; i < p.n; i++) {
        const ls_parameter *it = &p.items[i];
        if (it->kind != LS_PARAMETER_PLAIN || it->positional_only || (!it->keyword_only && i < by_position)) continue;
        char name[96];
        int n = snprintf(name, sizeof name, "%.*s=", (int)it->name_length, p.text + it->name);
        if (n > 0 && (size_t)n < sizeof name && !already_given(c, b, name, (size_t)n - 1)) offer(o, name, (size_t)n);
    }
    ls_parameters_free(&p);
}

/* ---- all of it ---- */

bool ls_complete(ls_interp *in, const char *text, size_t cursor, ls_completions *out) {
    ls_cursor c;
    *out = (ls_completions){.tail = ""};
    ls_cursor_find(&c, text, cursor);
    if (c.comment || c.number) return false;
    size_t word = c.quote ? c.string : c.word;
    offers o = {.in = in, .out = out, .typed = text + word, .n = cursor - word};
    out->start = word;
    int sort_from = 0;
    if (c.quote) complete_key(&o, &c);
    else if (complete_import(&o, &c)) {}
    else if (c.word > 0 && text[c.word - 1] == '.') complete_attribute(&o, &c);
    else if (!complete_key(&o, &c) || o.n) {
        out->tail = "";
        offer_parameters(&o, &c);
        sort_from = out->n;
        bool after_operator = !o.n && c.depth == 0 && c.word > c.line;
        if (o.n || sort_from || after_operator || c.depth) offer_names(&o, &c);
    }
    if (out->names.failed || !out->n) {
        ls_completions_free(out);
        return false;
    }
    ls_completions_sort(out, sort_from);
    return true;
}
