/* Methods of strings that look at every character by itself: its case, its class, a table's entry. */
#include "base/interrupt.h"
#include "lang/builtins/python/str_text.h"

#include <ctype.h>
#include <string.h>
#include "lang/syntax/lex.h"

typedef struct case_range {
    uint32_t first, last;
    uint8_t step;
    int32_t distance;
} case_range;
#include "lang/builtins/python/unicode_case.inc"

static uint32_t mapped(const case_range *table, size_t n, uint32_t p) {
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (p > table[mid].last) lo = mid + 1;
        else if (p < table[mid].first) hi = mid;
        else
            return (p - table[mid].first) % table[mid].step == 0
                       ? (uint32_t)((int32_t)p + table[mid].distance)
                       : p;
    }
    return p;
}

static uint32_t upper(uint32_t p) {
    return p < 0x80 ? (uint32_t)toupper((int)p) : mapped(to_upper, sizeof to_upper / sizeof *to_upper, p);
}
static uint32_t lower(uint32_t p) {
    return p < 0x80 ? (uint32_t)tolower((int)p) : mapped(to_lower, sizeof to_lower / sizeof *to_lower, p);
}
static bool is_letter(uint32_t p) { return p < 0x80 ? isalpha((int)p) != 0 : ls_name_class(p) == 1; }
static bool is_digit(uint32_t p) {
    return (p >= '0' && p <= '9') || p == 0xB2 || p == 0xB3 || p == 0xB9 || (p >= 0x660 && p <= 0x669) ||
           (p >= 0x966 && p <= 0x96F) || (p >= 0x2070 && p <= 0x2089 && p != 0x2071) ||
           (p >= 0xFF10 && p <= 0xFF19);
}

uint32_t ls_str_point(const char *s, size_t n, size_t *bytes) {
    int k;
    uint32_t p = ls_utf8_read(s, n, &k);
    *bytes = (size_t)k;
    return p;
}

static void put_point(lsv_text *t, uint32_t p) {
    char buf[4];
    lsv_text_add(t, buf, (size_t)ls_utf8_write(buf, p));
}

static void put_upper(lsv_text *t, uint32_t p, bool title) {
    if (p == 0xDF) lsv_text_puts(t, title ? "Ss" : "SS");
    else put_point(t, upper(p));
}

LS_PY(ls_str_case) {
    const ls_str *s = args[0].str;
    lsv_text t = {0};
    bool inside = false; /* of a word */
    for (size_t i = 0, k; i < s->length; i += k) {
        uint32_t p = ls_str_point(s->data + i, s->length - i, &k);
        if (__builtin_expect(lsv_interrupt_flag, 0) && ls_interrupted(in)) {
            lsv_text_free(&t);
            return false;
        }
        switch ((enum ls_str_case)self->op) {
        case LS_CASE_UPPER: put_upper(&t, p, false); break;
        case LS_CASE_FOLD:
            if (p == 0xDF) lsv_text_puts(&t, "ss");
            else put_point(&t, p == 0x3C2 ? 0x3C3 : lower(p));
            break;
        case LS_CASE_LOWER:
            put_point(&t, p == 0x3A3 && inside &&
                                  (i + k >= s->length ||
                                   !is_letter(ls_str_point(s->data + i + k, s->length - i - k, &(size_t){0})))
                              ? 0x3C2
                              : lower(p));
            break;
        case LS_CASE_SWAP:
            if (lower(p) != p) put_point(&t, lower(p));
            else put_upper(&t, p, false);
            break;
        case LS_CASE_TITLE:
        case LS_CASE_CAPITALIZE:
            if (self->op == LS_CASE_TITLE ? inside : i > 0) put_point(&t, lower(p));
            else put_upper(&t, p, true);
            break;
        }
        inside = is_letter(p) && (p >= 0x80 || isalpha((int)p));
    }
    return ls_put_text(in, &t, out);
}

/* ---- tests ---- */

static bool is_hidden(uint32_t p) {
    return p < 0x20 || (p >= 0x7F && p <= 0xA0) || p == 0xAD || (p >= 0x2000 && p <= 0x200F) ||
           (p >= 0x2028 && p <= 0x202F) || (p >= 0x205F && p <= 0x206F) || p == 0x3000 ||
           (p >= 0xD800 && p <= 0xF8FF) || p == 0xFEFF;
}

static bool is_blank(uint32_t p) {
    return p == ' ' || (p >= '\t' && p <= '\r') || (p >= 0x1C && p <= 0x1F) || p == 0x85 || p == 0xA0 ||
           p == 0x1680 || (p >= 0x2000 && p <= 0x200A) || p == 0x2028 || p == 0x2029 || p == 0x202F ||
           p == 0x205F || p == 0x3000;
}

LS_PY(ls_str_is) {
    const ls_str *s = args[0].str;
    int op = self->op;
    bool yes = s->length > 0 || op == LS_IS_ASCII || op == LS_IS_PRINTABLE, cased = false, inside = false;
    for (size_t i = 0, k; yes && i < s->length; i += k) {
        uint32_t p = ls_str_point(s->data + i, s->length - i, &k);
        bool up = lower(p) != p, low = !up && (upper(p) != p || p == 0xDF);
        cased |= up || low;
        switch ((enum ls_str_test)op) {
        case LS_IS_ALPHA: yes = is_letter(p); break;
        case LS_IS_DIGIT: yes = is_digit(p); break;
        case LS_IS_ALNUM: yes = is_letter(p) || is_digit(p); break;
        case LS_IS_SPACE: yes = is_blank(p); break;
        case LS_IS_UPPER: yes = !low; break;
        case LS_IS_LOWER: yes = !up; break;
        case LS_IS_TITLE: yes = inside ? !up : !low; break;
        case LS_IS_ASCII: yes = p < 0x80; break;
        case LS_IS_IDENTIFIER:
            yes = p == '_' || is_letter(p) || (i > 0 && (is_digit(p) || (p >= 0x80 && ls_name_class(p))));
            break;
        case LS_IS_PRINTABLE: yes = !is_hidden(p); break;
        }
        inside = up || low;
    }
    if (op == LS_IS_UPPER || op == LS_IS_LOWER || op == LS_IS_TITLE) yes = yes && cased;
    *out = ls_bool(yes);
    return true;
}

/* ---- tables ---- */

LS_PY(ls_str_translate) {
    if (args[1].tag != LS_DICT)
        return ls_raise(in, "TypeError", "translate() table must be a dict, not %s", ls_type_name(args[1]));
    const ls_str *s = args[0].str;
    lsv_text t = {0};
    bool ok = true;
    for (size_t i = 0, k; ok && i < s->length; i += k) {
        uint32_t p = ls_str_point(s->data + i, s->length - i, &k);
        const ls_value *v = ls_dict_find(args[1].dict, ls_int(p));
        if (!v) lsv_text_add(&t, s->data + i, k);
        else if (v->tag == LS_STR) lsv_text_add(&t, v->str->data, v->str->length);
        else if (v->tag == LS_INT && v->i >= 0 && v->i <= 0x10FFFF) put_point(&t, (uint32_t)v->i);
        else if (v->tag != LS_NONE)
            ok = ls_raise(in, "TypeError", "character mapping must return integer, None or str");
    }
    if (ok) return ls_put_text(in, &t, out);
    lsv_text_free(&t);
    return false;
}

static bool map_points(ls_interp *in, ls_dict *d, const ls_str *from, const ls_str *to) {
    for (size_t i = 0, j = 0, k; i < from->length; i += k) {
        ls_value key = ls_int(ls_str_point(from->data + i, from->length - i, &k)), value = ls_none();
        if (to) {
            size_t m;
            value = ls_int(ls_str_point(to->data + j, to->length - j, &m));
            j += m;
        }
        if (!ls_dict_set(d, key, value)) return ls_no_memory(in);
    }
    return true;
}

/* One dictionary with characters for keys, or two strings of one length and what is to go. */
LS_PY(ls_str_maketrans) {
    ls_value d = ls_dict_new();
    bool ok = d.tag != LS_UNSET || ls_no_memory(in);
    if (!ok) return false;
    if (!ls_given(args[1])) {
        if (args[0].tag != LS_DICT)
            ok = ls_raise(in, "TypeError", "if you give only one argument to maketrans it must be a dict");
        for (ptrdiff_t i = 0; ok && i < args[0].dict->used; i++) {
            const ls_dict_entry *e = &args[0].dict->entries[i];
            if (e->key.tag == LS_UNSET) continue;
            if (e->key.tag == LS_STR && e->key.str->points != 1)
                ok = ls_raise(in, "ValueError", "string keys in translate table must be of length 1");
            else {
                ls_value key = e->key.tag == LS_STR
                                   ? ls_int(ls_str_point(e->key.str->data, e->key.str->length, &(size_t){0}))
                                   : e->key;
                ok = ls_dict_set(d.dict, key, e->value) || ls_no_memory(in);
            }
        }
    } else {
        ok = ls_str_arg(in, args[0], "maketrans", 1) && ls_str_arg(in, args[1], "maketrans", 2) &&
             (!ls_given(args[2]) || ls_str_arg(in, args[2], "maketrans", 3));
        if (ok && args[0].str->points != args[1].str->points)
            ok = ls_raise(in, "ValueError", "the first two maketrans arguments must have equal length");
        ok = ok && map_points(in, d.dict, args[0].str, args[1].str) &&
             (!ls_given(args[2]) || map_points(in, d.dict, args[2].str, NULL));
    }
    if (ok) *out = d;
    else ls_drop(d);
    return ok;
}
