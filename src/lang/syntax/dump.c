/* The tree as an S-expression. One table says, per kind, what a node shows. */
#include "lang/syntax/parse.h"

#include <string.h>

static void quoted(lsv_text *t, const char *s, size_t n) {
    lsv_text_putc(t, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\') lsv_text_printf(t, "\\%c", c);
        else if (c < 0x20 || c >= 0x7F) lsv_text_printf(t, "\\x%02x", c);
        else lsv_text_putc(t, (char)c);
    }
    lsv_text_putc(t, '"');
}

/* shows: 't' text as a name, 's' text as a string, 'o' operator, 'a' 'b' 'c' children ("-" where there is
   none), 'l' the list, 'B' body, 'E' else, others by hand */
static const struct {
    const char *name, *shows;
} kinds[LS_N_NKINDS] = {[LS_N_NONE] = {"none", ""},
                        [LS_N_TRUE] = {"true", ""},
                        [LS_N_FALSE] = {"false", ""},
                        [LS_N_ELLIPSIS] = {"...", ""},
                        [LS_N_INT] = {"int", "i"},
                        [LS_N_FLOAT] = {"float", "f"},
                        [LS_N_IMAGINARY] = {"imaginary", "f"},
                        [LS_N_STR] = {"str", "s"},
                        [LS_N_FSTRING] = {"fstring", "l"},
                        [LS_N_FIELD] = {"field", "F"},
                        [LS_N_NAME] = {"name", "t"},
                        [LS_N_TUPLE] = {"tuple", "l"},
                        [LS_N_LIST] = {"list", "l"},
                        [LS_N_DICT] = {"dict", "l"},
                        [LS_N_PAIR] = {"pair", "ab"},
                        [LS_N_DOUBLESTAR] = {"doublestar", "a"},
                        [LS_N_MATRIX] = {"matrix", "l"},
                        [LS_N_PRINTED] = {"printed", "s"},
                        [LS_N_UNARY] = {"unary", "oa"},
                        [LS_N_BINARY] = {"binary", "oab"},
                        [LS_N_COMPARE] = {"compare", "Cl"},
                        [LS_N_AND] = {"and", "ab"},
                        [LS_N_OR] = {"or", "ab"},
                        [LS_N_NOT] = {"not", "a"},
                        [LS_N_IFEXP] = {"ifexp", "abc"},
                        [LS_N_LAMBDA] = {"lambda", "P"},
                        [LS_N_WALRUS] = {"walrus", "ab"},
                        [LS_N_CALL] = {"call", "al"},
                        [LS_N_KEYWORD] = {"keyword", "ta"},
                        [LS_N_STARRED] = {"starred", "a"},
                        [LS_N_ATTRIBUTE] = {"attribute", "at"},
                        [LS_N_SUBSCRIPT] = {"subscript", "ab"},
                        [LS_N_SLICE] = {"slice", "abc"},
                        [LS_N_LISTCOMP] = {"listcomp", "al"},
                        [LS_N_GENEXP] = {"genexp", "al"},
                        [LS_N_DICTCOMP] = {"dictcomp", "al"},
                        [LS_N_COMPFOR] = {"compfor", "abl"},
                        [LS_N_EXPR] = {"expr", "a"},
                        [LS_N_ASSIGN] = {"assign", "lb"},
                        [LS_N_AUGASSIGN] = {"augassign", "oab"},
                        [LS_N_ANNASSIGN] = {"annassign", "ab"},
                        [LS_N_IF] = {"if", "aBE"},
                        [LS_N_FOR] = {"for", "abBE"},
                        [LS_N_WHILE] = {"while", "aBE"},
                        [LS_N_BREAK] = {"break", ""},
                        [LS_N_CONTINUE] = {"continue", ""},
                        [LS_N_PASS] = {"pass", ""},
                        [LS_N_DEF] = {"def", "P"},
                        [LS_N_RETURN] = {"return", "a"},
                        [LS_N_ASSERT] = {"assert", "ab"},
                        [LS_N_DEL] = {"del", "l"},
                        [LS_N_GLOBAL] = {"global", "l"},
                        [LS_N_NONLOCAL] = {"nonlocal", "l"},
                        [LS_N_IMPORT] = {"import", "l"},
                        [LS_N_FROMIMPORT] = {"fromimport", "tl"},
                        [LS_N_ALIAS] = {"alias", "tA"},
                        [LS_N_BLOCK] = {"block", "l"}};

static void child(lsv_text *t, const ls_node *n) {
    lsv_text_putc(t, ' ');
    if (n) ls_tree_dump(t, n);
    else lsv_text_putc(t, '-');
}

static void children(lsv_text *t, const ls_nodes *list) {
    for (int i = 0; i < list->n; i++) child(t, list->items[i]);
}

static void bracketed(lsv_text *t, const char *name, const ls_nodes *list) {
    if (!list->n && *name == 'e') return;
    lsv_text_printf(t, " (%s", name);
    children(t, list);
    lsv_text_putc(t, ')');
}

static void function(lsv_text *t, const ls_node *n) {
    static const char *const stars[] = {
        [LS_PARAM_PLAIN] = "", [LS_PARAM_STAR] = "*", [LS_PARAM_KWONLY] = "=", [LS_PARAM_DOUBLESTAR] = "**"};
    const ls_function_node *f = n->function;
    lsv_text_printf(t, " %s (", f->name);
    for (int i = 0; i < f->nparams; i++) {
        const ls_param *q = &f->params[i];
        lsv_text_printf(t, "%s%s%s%s", i ? " " : "", stars[q->kind], q->name, q->positional_only ? "/" : "");
        if (q->fallback) child(t, q->fallback);
    }
    lsv_text_putc(t, ')');
    if (f->decorators.n) bracketed(t, "decorators", &f->decorators);
    child(t, f->body);
}

static void field(lsv_text *t, const ls_node *n) {
    if (n->text) {
        lsv_text_putc(t, ' ');
        quoted(t, n->text, n->length);
    }
    if (n->conversion) lsv_text_printf(t, " !%c", n->conversion);
    child(t, n->a);
    if (n->b) child(t, n->b);
}

static void compared(lsv_text *t, const ls_node *n) {
    for (int i = 0; i + 1 < n->list.n; i++)
        lsv_text_printf(t, "%s%s", i ? "," : " ", ls_operator_text(n->ops[i]));
}

void ls_tree_dump(lsv_text *t, const ls_node *n) {
    lsv_text_printf(t, "(%s", kinds[n->kind].name);
    for (const char *s = kinds[n->kind].shows; *s; s++) switch (*s) {
        case 't': lsv_text_printf(t, " %s", n->text); break;
        case 's':
            lsv_text_putc(t, ' ');
            quoted(t, n->text, n->length);
            break;
        case 'i': lsv_text_printf(t, " %lld", (long long)n->integer); break;
        case 'f': lsv_text_printf(t, " %.17g", n->number); break;
        case 'o': lsv_text_printf(t, " %s", ls_operator_text(n->op)); break;
        case 'a': child(t, n->a); break;
        case 'b': child(t, n->b); break;
        case 'c': child(t, n->c); break;
        case 'l': children(t, &n->list); break;
        case 'B': bracketed(t, "body", &n->body); break;
        case 'E': bracketed(t, "else", &n->orelse); break;
        case 'A':
            if (n->text2) lsv_text_printf(t, " %s", n->text2);
            break;
        case 'F': field(t, n); break;
        case 'C': compared(t, n); break;
        case 'P': function(t, n); break;
        default: break;
        }
    lsv_text_putc(t, ')');
}
