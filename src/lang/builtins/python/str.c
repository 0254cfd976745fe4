/* Methods of strings that look at characters or cut at separators. Strings are UTF-8: where all
   characters are one byte, places are offsets; else a place is found by counting. Letters beyond
   ASCII have their case from a table, one letter to one letter (but for ß). */
#include "base/interrupt.h"
#include "lang/builtins/python/python.h"

#include <ctype.h>
#include <string.h>
#include "lang/builtins/python/strings.h"
#include "lang/builtins/python/str_text.h"

/* ---- places ---- */

bool ls_str_arg(ls_interp *in, ls_value v, const char *who, int number) {
    if (v.tag == LS_STR) return true;
    return ls_raise(in, "TypeError", "%s() argument %d must be str, not %s", who, number, ls_type_name(v));
}

size_t ls_str_offset(const ls_str *s, ptrdiff_t point) {
    if ((size_t)s->points == s->length) return (size_t)point;
    size_t at = 0;
    for (; point > 0 && at < s->length; point--) do
            at++;
        while (at < s->length && ((unsigned char)s->data[at] & 0xC0) == 0x80);
    return at;
}

/* start and end arguments (None: the whole) as offsets */
static bool window(ls_interp *in, const ls_str *s, ls_value start, ls_value end, size_t *from, size_t *to,
                   bool *inside) {
    ptrdiff_t a, b;
    if (!ls_clamp_arg(in, start, s->points, 0, &a) || !ls_clamp_arg(in, end, s->points, s->points, &b))
        return false;
    *inside = a <= b && !(start.tag == LS_INT && start.i > s->points);
    *from = ls_str_offset(s, a);
    *to = *inside ? ls_str_offset(s, b) : *from;
    return true;
}

static const char *find_bytes(const char *s, size_t n, const ls_str *what) {
    return what->length ? memmem(s, n, what->data, what->length) : s;
}

static const char *find_last(const char *s, size_t n, const ls_str *what) {
    for (size_t i = n + 1; i-- > 0;)
        if (n - i >= what->length && memcmp(s + i, what->data, what->length) == 0) return s + i;
    return NULL;
}

/* op: 1 from the right, 2 (bit) raises where nothing is found */
static LS_PY(str_find) {
    const ls_str *s = args[0].str;
    size_t from, to;
    bool inside;
    if (!ls_str_arg(in, args[1], ls_builtin_short_name(self), 1) ||
        !window(in, s, args[2], args[3], &from, &to, &inside))
        return false;
    const char *at = !inside          ? NULL
                     : (self->op & 1) ? find_last(s->data + from, to - from, args[1].str)
                                      : find_bytes(s->data + from, to - from, args[1].str);
    if (!at && (self->op & 2)) return ls_raise(in, "ValueError", "substring not found");
    *out = ls_int(at ? (ptrdiff_t)lsv_text_points(s->data, (size_t)(at - s->data)) : -1);
    return true;
}

static LS_PY(str_count) {
    const ls_str *s = args[0].str;
    size_t from, to;
    bool inside;
    if (!ls_str_arg(in, args[1], "count", 1) || !window(in, s, args[2], args[3], &from, &to, &inside))
        return false;
    const ls_str *what = args[1].str;
    int64_t n = 0;
    if (inside && !what->length) n = (int64_t)lsv_text_points(s->data + from, to - from) + 1;
    const char *at = s->data + from, *end = s->data + to;
    while (inside && what->length && (at = memmem(at, (size_t)(end - at), what->data, what->length)) != NULL)
        n++, at += what->length;
    *out = ls_int(n);
    return true;
}

/* op: 1 endswith */
static LS_PY(str_starts) {
    const char *who = self->op ? "endswith" : "startswith";
    const ls_str *s = args[0].str;
    size_t from, to;
    bool inside, yes = false;
    if (!window(in, s, args[2], args[3], &from, &to, &inside)) return false;
    const ls_value *options = args[1].tag == LS_TUPLE ? args[1].tuple->items : &args[1];
    ptrdiff_t n = args[1].tag == LS_TUPLE ? args[1].tuple->n : 1;
    for (ptrdiff_t i = 0; i < n && !yes; i++) {
        if (options[i].tag != LS_STR)
            return args[1].tag == LS_TUPLE
                       ? ls_raise(in, "TypeError", "tuple for %s must only contain str, not %s", who,
                                  ls_type_name(options[i]))
                       : ls_raise(in, "TypeError", "%s first arg must be str or a tuple of str, not %s", who,
                                  ls_type_name(options[i]));
        const ls_str *w = options[i].str;
        yes = inside && w->length <= to - from &&
              memcmp(self->op ? s->data + to - w->length : s->data + from, w->data, w->length) == 0;
    }
    *out = ls_bool(yes);
    return true;
}

/* ---- cutting ---- */

static bool is_space(const char *s, size_t n, size_t *bytes) {
    unsigned char c = (unsigned char)s[0];
    *bytes = 1;
    if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F);
    uint32_t p = ls_str_point(s, n, bytes);
    return p == 0x85 || p == 0xA0 || p == 0x1680 || (p >= 0x2000 && p <= 0x200A) || p == 0x2028 ||
           p == 0x2029 || p == 0x202F || p == 0x205F || p == 0x3000;
}

/* Is the character at s one of `set` (NULL: white space)? */
static bool strippable(const char *s, size_t n, const ls_str *set, size_t *bytes) {
    if (!set) return is_space(s, n, bytes);
    ls_str_point(s, n, bytes);
    for (size_t i = 0, k; i < set->length; i += k) {
        ls_str_point(set->data + i, set->length - i, &k);
        if (k == *bytes && memcmp(set->data + i, s, k) == 0) return true;
    }
    return false;
}

/* op: 1 left, 2 right, 3 both */
static LS_PY(str_strip) {
    const ls_str *s = args[0].str, *set = args[1].tag == LS_STR ? args[1].str : NULL;
    if (!set && args[1].tag != LS_NONE)
        return ls_raise(in, "TypeError", "%s arg must be None or str", ls_builtin_short_name(self));
    size_t from = 0, to = s->length, k;
    while ((self->op & 1) && from < to && strippable(s->data + from, to - from, set, &k)) from += k;
    while ((self->op & 2) && to > from) {
        size_t last = to - 1;
        while (last > from && ((unsigned char)s->data[last] & 0xC0) == 0x80) last--;
        if (!strippable(s->data + last, to - last, set, &k)) break;
        to = last;
    }
    return ls_put_value(in, ls_str_new(s->data + from, to - from), out);
}

static bool add_piece(ls_interp *in, ls_value list, const char *s, size_t n) {
    ls_value v = ls_str_new(s, n);
    bool ok = v.tag != LS_UNSET && ls_list_append(list.list, v);
    if (v.tag != LS_UNSET) ls_drop(v);
    return ok ? !(__builtin_expect(lsv_interrupt_flag, 0) && ls_interrupted(in)) : ls_no_memory(in);
}

static bool split_space(ls_interp *in, const ls_str *s, int64_t most, ls_value list) {
    size_t at = 0, k = 0;
    for (int64_t cuts = 0;; cuts++) {
        while (at < s->length && is_space(s->data + at, s->length - at, &k)) at += k;
        if (at >= s->length) return true;
        size_t from = at;
        if (cuts == most) return add_piece(in, list, s->data + from, s->length - from);
        while (at < s->length && !is_space(s->data + at, s->length - at, &k)) at += k;
        if (!add_piece(in, list, s->data + from, at - from)) return false;
    }
}

static bool split_at(ls_interp *in, const ls_str *s, const ls_str *sep, int64_t most, ls_value list) {
    const char *at = s->data, *end = at + s->length, *hit;
    for (; most != 0 && (hit = memmem(at, (size_t)(end - at), sep->data, sep->length)) != NULL; most--) {
        if (!add_piece(in, list, at, (size_t)(hit - at))) return false;
        at = hit + sep->length;
    }
    return add_piece(in, list, at, (size_t)(end - at));
}

/* From the right: the pieces come in backward order. */
static bool rsplit_space(ls_interp *in, const ls_str *s, int64_t most, ls_value list) {
    size_t end = s->length, k;
    for (int64_t cuts = 0;; cuts++) {
        while (end > 0 && is_space(s->data + end - 1, 1, &k)) end--;
        if (end == 0) return true;
        size_t from = end;
        if (cuts == most) from = 0;
        while (from > 0 && !is_space(s->data + from - 1, 1, &k)) from--;
        if (!add_piece(in, list, s->data + from, end - from)) return false;
        if (cuts == most) return true;
        end = from;
    }
}

static bool rsplit_at(ls_interp *in, const ls_str *s, const ls_str *sep, int64_t most, ls_value list) {
    size_t end = s->length;
    const char *hit;
    for (; most != 0 && (hit = find_last(s->data, end, sep)) != NULL; most--) {
        size_t from = (size_t)(hit - s->data);
        if (!add_piece(in, list, hit + sep->length, end - from - sep->length)) return false;
        end = from;
    }
    return add_piece(in, list, s->data, end);
}

/* (self, sep, maxsplit); op: 1 rsplit */
static LS_PY(str_split) {
    const ls_str *s = args[0].str, *sep = args[1].tag == LS_STR ? args[1].str : NULL;
    int64_t most;
    if (!sep && args[1].tag != LS_NONE)
        return ls_raise(in, "TypeError", "must be str or None, not %s", ls_type_name(args[1]));
    if (sep && !sep->length) return ls_raise(in, "ValueError", "empty separator");
    if (!ls_index_arg(in, args[2], &most)) return false;
    if (most < 0) most = -1;
    ls_value list = ls_list_new(0);
    if (list.tag == LS_UNSET) return ls_no_memory(in);
    bool ok = self->op ? (sep ? rsplit_at(in, s, sep, most, list) : rsplit_space(in, s, most, list))
                       : (sep ? split_at(in, s, sep, most, list) : split_space(in, s, most, list));
    if (!ok) {
        ls_drop(list);
        return false;
    }
    for (ptrdiff_t i = 0, j = list.list->n - 1; self->op && i < j; i++, j--) {
        ls_value v = list.list->items[i];
        list.list->items[i] = list.list->items[j];
        list.list->items[j] = v;
    }
    *out = list;
    return true;
}

static LS_PY(str_splitlines) {
    const ls_str *s = args[0].str;
    bool keep;
    if (!ls_truth(in, args[1], &keep)) return false;
    ls_value list = ls_list_new(0);
    if (list.tag == LS_UNSET) return ls_no_memory(in);
    bool ok = true;
    for (size_t at = 0; ok && at < s->length;) {
        size_t end = at + strcspn(s->data + at, "\n\r\v\f\x1c\x1d\x1e"), next = end;
        if (end > s->length) end = next = s->length;
        if (next < s->length) next += s->data[next] == '\r' && s->data[next + 1] == '\n' ? 2 : 1;
        ok = add_piece(in, list, s->data + at, (keep ? next : end) - at);
        at = next;
    }
    if (ok) *out = list;
    else ls_drop(list);
    return ok;
}

/* op: 1 from the right */
static LS_PY(str_partition) {
    const ls_str *s = args[0].str;
    if (!ls_str_arg(in, args[1], ls_builtin_short_name(self), 1)) return false;
    const ls_str *sep = args[1].str;
    if (!sep->length) return ls_raise(in, "ValueError", "empty separator");
    const char *hit =
        self->op ? find_last(s->data, s->length, sep) : memmem(s->data, s->length, sep->data, sep->length);
    size_t head = hit        ? (size_t)(hit - s->data)
                  : self->op ? 0
                             : s->length,
           tail = hit        ? head + sep->length
                  : self->op ? 0
                             : s->length;
    ls_value parts[3] = {ls_str_new(s->data, head), ls_str_new(s->data + head, hit ? sep->length : 0),
                         ls_str_new(s->data + tail, s->length - tail)};
    bool ok = parts[0].tag && parts[1].tag && parts[2].tag;
    ok = ok ? ls_put_value(in, ls_tuple_of(3, parts), out) : ls_no_memory(in);
    for (int i = 0; i < 3; i++) ls_drop(parts[i]);
    return ok;
}

/* op: 1 the suffix */
static LS_PY(str_remove) {
    const ls_str *s = args[0].str;
    if (!ls_str_arg(in, args[1], ls_builtin_short_name(self), 1)) return false;
    const ls_str *x = args[1].str;
    bool there = x->length <= s->length &&
                 memcmp(self->op ? s->data + s->length - x->length : s->data, x->data, x->length) == 0;
    size_t cut = there ? x->length : 0;
    return ls_put_value(in, ls_str_new(s->data + (self->op ? 0 : cut), s->length - cut), out);
}

/* ---- putting together ---- */

static LS_PY(str_join) {
    const ls_str *sep = args[0].str;
    ls_value list;
    bool iterable = args[1].tag == LS_LIST || args[1].tag == LS_TUPLE || args[1].tag == LS_STR ||
                    args[1].tag == LS_DICT || args[1].tag == LS_ITER || args[1].tag == LS_RANGE ||
                    args[1].tag == LS_ARRAY;
    if (!iterable) return ls_raise(in, "TypeError", "can only join an iterable");
    if (!ls_to_list(in, args[1], &list)) return false;
    lsv_text t = {0};
    bool ok = true;
    for (ptrdiff_t i = 0; ok && i < list.list->n; i++) {
        ls_value v = list.list->items[i];
        if (lsv_stop_at(i) && !(ok = !ls_interrupted(in))) break;
        if (v.tag != LS_STR) {
            ok = ls_raise(in, "TypeError", "sequence item %td: expected str instance, %s found", i,
                          ls_type_name(v));
            if (ls_is_number(v)) ls_hint(in, "map(str, values) makes strings of them");
            break;
        }
        if (i) lsv_text_add(&t, sep->data, sep->length);
        lsv_text_add(&t, v.str->data, v.str->length);
    }
    ls_drop(list);
    if (ok) return ls_put_text(in, &t, out);
    lsv_text_free(&t);
    return false;
}

static LS_PY(str_replace) {
    const ls_str *s = args[0].str;
    int64_t most;
    if (!ls_str_arg(in, args[1], "replace", 1) || !ls_str_arg(in, args[2], "replace", 2) ||
        !ls_index_arg(in, args[3], &most))
        return false;
    const ls_str *from = args[1].str, *to = args[2].str;
    lsv_text t = {0};
    const char *at = s->data, *end = at + s->length, *hit;
    if (from->length) {
        for (; most != 0 && (hit = memmem(at, (size_t)(end - at), from->data, from->length)) != NULL;
             most--) {
            if (__builtin_expect(lsv_interrupt_flag, 0) && ls_interrupted(in)) {
                lsv_text_free(&t);
                return false;
            }
            lsv_text_add(&t, at, (size_t)(hit - at));
            lsv_text_add(&t, to->data, to->length);
            at = hit + from->length;
        }
    } else
        for (; most != 0; most--) { /* before every character and at the end */
            lsv_text_add(&t, to->data, to->length);
            if (at >= end) break;
            size_t k;
            ls_str_point(at, (size_t)(end - at), &k);
            lsv_text_add(&t, at, k);
            at += k;
        }
    lsv_text_add(&t, at, (size_t)(end - at));
    return ls_put_text(in, &t, out);
}

/* (self, width, fillchar); op: 0 ljust, 1 rjust, 2 center */
static LS_PY(str_just) {
    const ls_str *s = args[0].str;
    int64_t width;
    if (!ls_index_arg(in, args[1], &width)) return false;
    if (args[2].tag != LS_STR || args[2].str->points != 1)
        return args[2].tag == LS_STR
                   ? ls_raise(in, "TypeError", "The fill character must be exactly one character long")
                   : ls_raise(in, "TypeError", "The fill character must be a unicode character, not %s",
                              ls_type_name(args[2]));
    int64_t room = width - s->points, left = room <= 0       ? 0
                                             : self->op == 0 ? 0
                                             : self->op == 1 ? room
                                                             : room / 2 + (room & width & 1);
    if (room > ((int64_t)1 << 40)) return ls_no_memory(in);
    lsv_text t = {0};
    for (int64_t i = 0; i < left && !t.failed; i++) lsv_text_add(&t, args[2].str->data, args[2].str->length);
    lsv_text_add(&t, s->data, s->length);
    for (int64_t i = left; i < room && !t.failed; i++)
        lsv_text_add(&t, args[2].str->data, args[2].str->length);
    return ls_put_text(in, &t, out);
}

static LS_PY(str_zfill) {
    const ls_str *s = args[0].str;
    int64_t width;
    if (!ls_index_arg(in, args[1], &width)) return false;
    lsv_text t = {0};
    size_t sign = s->length && (s->data[0] == '-' || s->data[0] == '+');
    if (width - s->points > ((int64_t)1 << 40)) return ls_no_memory(in);
    lsv_text_add(&t, s->data, sign);
    if (width > s->points) lsv_text_fill(&t, '0', (size_t)(width - s->points));
    lsv_text_add(&t, s->data + sign, s->length - sign);
    return ls_put_text(in, &t, out);
}

static LS_PY(str_expandtabs) {
    const ls_str *s = args[0].str;
    int64_t tab;
    if (!ls_index_arg(in, args[1], &tab)) return false;
    lsv_text t = {0};
    size_t column = 0;
    for (size_t i = 0; i < s->length; i++) {
        char c = s->data[i];
        if (c == '\t') {
            size_t n = tab > 0 ? (size_t)tab - column % (size_t)tab : 0;
            lsv_text_fill(&t, ' ', n);
            column += n;
            continue;
        }
        lsv_text_putc(&t, c);
        column = c == '\n' || c == '\r' ? 0 : column + (((unsigned char)c & 0xC0) != 0x80);
    }
    return ls_put_text(in, &t, out);
}

static LS_PY(str_format) { return ls_brace_format(in, args[0], args[1], args[2], out); }

static LS_PY(str_format_map) {
    if (args[1].tag != LS_DICT)
        return ls_raise(in, "TypeError", "format_map() argument must be a dict, not %s",
                        ls_type_name(args[1]));
    ls_value none = ls_tuple_new(0);
    if (none.tag == LS_UNSET) return ls_no_memory(in);
    bool ok = ls_brace_format(in, args[0], none, args[1], out);
    ls_drop(none);
    return ok;
}

static LS_PY(str_encode) {
    return ls_raise(in, "NotImplementedError", "bytes are not part of lsv, so a string cannot be encoded");
}

#define TEST(name, what, example, op) \
    { "str." name, "(self, /)", what, NULL, example, ls_str_is, op, 0, NULL }
#define FIND "(self, sub, start=None, end=None, /)"

const ls_builtin ls_family_str[] = {
    {"str.find", FIND, "the first place of a text, or -1", NULL, "'banana'.find('na')\n2\n", str_find, 0, 0,
     NULL},
    {"str.rfind", FIND, "the last place of a text, or -1", NULL, "'banana'.rfind('na')\n4\n", str_find, 1, 0,
     NULL},
    {"str.index", FIND, "the first place of a text", NULL, "'banana'.index('n')\n2\n", str_find, 2, 0, NULL},
    {"str.rindex", FIND, "the last place of a text", NULL, "'banana'.rindex('n')\n4\n", str_find, 3, 0, NULL},
    {"str.count", FIND, "how often a text is there, without overlap", NULL, "'banana'.count('an')\n2\n",
     str_count, 0, 0, NULL},
    {"str.startswith", "(self, prefix, start=None, end=None, /)", "does it start with this, or one of these?",
     NULL, NULL, str_starts, 0, 0, NULL},
    {"str.endswith", "(self, suffix, start=None, end=None, /)", "does it end with this, or one of these?",
     NULL, NULL, str_starts, 1, 0, NULL},
    {"str.strip", "(self, chars=None, /)", "without white space (or these characters) at both ends", NULL,
     NULL, str_strip, 3, 0, NULL},
    {"str.lstrip", "(self, chars=None, /)", "without white space (or these characters) at the start", NULL,
     NULL, str_strip, 1, 0, NULL},
    {"str.rstrip", "(self, chars=None, /)", "without white space (or these characters) at the end", NULL,
     NULL, str_strip, 2, 0, NULL},
    {"str.split", "(self, sep=None, maxsplit=-1)", "the pieces between separators", NULL,
     NULL, str_split, 0, 0, NULL},
    {"str.rsplit", "(self, sep=None, maxsplit=-1)", "the pieces between separators, cut from the right", NULL,
     NULL, str_split, 1, 0, NULL},
    {"str.splitlines", "(self, keepends=False)", "the lines", NULL, NULL,
     str_splitlines, 0, 0, NULL},
    {"str.partition", "(self, sep, /)", "what is before, at and after the first separator", NULL,
     NULL, str_partition, 0, 0, NULL},
    {"str.rpartition", "(self, sep, /)", "what is before, at and after the last separator", NULL,
     NULL, str_partition, 1, 0, NULL},
    {"str.removeprefix", "(self, prefix, /)", "without this start", NULL,
     NULL, str_remove, 0, 0, NULL},
    {"str.removesuffix", "(self, suffix, /)", "without this end", NULL, NULL,
     str_remove, 1, 0, NULL},
    {"str.join", "(self, iterable, /)", "the strings with this one between them", NULL,
     NULL, str_join, 0, 0, NULL},
    {"str.replace", "(self, old, new, count=-1, /)", "with a text replaced by another", NULL,
     NULL, str_replace, 0, 0, NULL},
    {"str.ljust", "(self, width, fillchar=' ', /)", "filled up at the right", NULL,
     NULL, str_just, 0, 0, NULL},
    {"str.rjust", "(self, width, fillchar=' ', /)", "filled up at the left", NULL, NULL,
     str_just, 1, 0, NULL},
    {"str.center", "(self, width, fillchar=' ', /)", "filled up at both sides", NULL,
     NULL, str_just, 2, 0, NULL},
    {"str.zfill", "(self, width, /)", "filled up with zeros after the sign", NULL, NULL,
     str_zfill, 0, 0, NULL},
    {"str.expandtabs", "(self, tabsize=8)", "with spaces for tabs", NULL, NULL, str_expandtabs, 0, 0, NULL},
    {"str.format", "(self, /, *args, **kwargs)", "the fields in braces filled in", NULL,
     NULL, str_format, 0, 0, NULL},
    {"str.format_map", "(self, mapping, /)", "the fields in braces filled in from a dictionary", NULL, NULL,
     str_format_map, 0, 0, NULL},
    {"str.encode", "(self, encoding='utf-8', errors='strict')", "not offered: there are no bytes", NULL, NULL,
     str_encode, 0, 0, NULL},
    {"str.upper", "(self, /)", "in capitals", NULL, NULL, ls_str_case, LS_CASE_UPPER, 0,
     NULL},
    {"str.lower", "(self, /)", "in small letters", NULL, NULL, ls_str_case, LS_CASE_LOWER,
     0, NULL},
    {"str.casefold", "(self, /)", "in small letters, for comparing", NULL, NULL,
     ls_str_case, LS_CASE_FOLD, 0, NULL},
    {"str.title", "(self, /)", "every word with a capital", NULL, NULL,
     ls_str_case, LS_CASE_TITLE, 0, NULL},
    {"str.capitalize", "(self, /)", "the first letter a capital, the rest small", NULL,
     NULL, ls_str_case, LS_CASE_CAPITALIZE, 0, NULL},
    {"str.swapcase", "(self, /)", "capitals small, small letters capital", NULL, NULL,
     ls_str_case, LS_CASE_SWAP, 0, NULL},
    TEST("isalpha", "only letters?", "'ab'.isalpha()\nTrue\n", LS_IS_ALPHA),
    TEST("isdigit", "only digits?", "'42'.isdigit()\nTrue\n", LS_IS_DIGIT),
    TEST("isdecimal", "only digits?", NULL, LS_IS_DIGIT),
    TEST("isnumeric", "only digits?", NULL, LS_IS_DIGIT),
    TEST("isalnum", "only letters and digits?", NULL, LS_IS_ALNUM),
    TEST("isspace", "only white space?", NULL, LS_IS_SPACE),
    TEST("isupper", "letters, and all capitals?", NULL, LS_IS_UPPER),
    TEST("islower", "letters, and all small?", NULL, LS_IS_LOWER),
    TEST("istitle", "every word with a capital?", NULL, LS_IS_TITLE),
    TEST("isascii", "only ASCII characters?", NULL, LS_IS_ASCII),
    TEST("isidentifier", "could it be a name?", "'λ1'.isidentifier()\nTrue\n", LS_IS_IDENTIFIER),
    TEST("isprintable", "only characters that show?", NULL, LS_IS_PRINTABLE),
    {"str.translate", "(self, table, /)", "with characters replaced by a table of code points", NULL,
     NULL, ls_str_translate, 0, 0, NULL},
    {"str.maketrans", "(x, y=..., z=..., /)", "a table for translate", NULL,
     NULL, ls_str_maketrans, 0, 0, NULL},
    {0}};
