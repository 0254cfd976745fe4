/* str.format: text with fields in braces. A field is {name[.attribute][[index]]...[!conversion][:spec]};
   an empty name counts on by itself, and the spec may hold fields of its own, one level deep. */
#include <ctype.h>
#include <string.h>

#include "lang/builtins/python/python.h"
#include "lang/builtins/python/strings.h"
#include "lang/eval/repr.h"

typedef struct job {
    ls_interp *in;
    const ls_tuple *positional;
    ls_value named;
    int64_t next; /* of automatic numbering */
    enum { UNDECIDED, AUTOMATIC, MANUAL } numbering;
} job;

static bool format_text(job *j, const char *s, size_t n, int depth, lsv_text *t);

static bool all_digits(const char *s, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!isdigit((unsigned char)s[i])) return false;
    return n > 0;
}

static int64_t digits_value(const char *s, size_t n) {
    int64_t v = 0;
    for (size_t i = 0; i < n && v < INT32_MAX; i++) v = v * 10 + (s[i] - '0');
    return v;
}

/* The value that the field's first name stands for (a new reference). */
static bool first_value(job *j, const char *s, size_t n, ls_value *out) {
    bool number = all_digits(s, n);
    if (n == 0 || number) {
        int want = n ? MANUAL : AUTOMATIC;
        if (j->numbering != UNDECIDED && (int)j->numbering != want)
            return ls_raise(j->in, "ValueError",
                            n ? "cannot switch from automatic field numbering to manual field specification"
                              : "cannot switch from manual field specification to automatic field numbering");
        j->numbering = n ? MANUAL : AUTOMATIC;
        int64_t i = n ? digits_value(s, n) : j->next++;
        if (i >= j->positional->n)
            return ls_raise(j->in, "IndexError",
                            "Replacement index %lld out of range for positional args tuple", (long long)i);
        *out = ls_ref(j->positional->items[i]);
        return true;
    }
    ls_value key = ls_str_new(s, n);
    if (key.tag == LS_UNSET) return ls_no_memory(j->in);
    const ls_value *v = ls_dict_find(j->named.dict, key);
    bool ok = v || ls_key_error(j->in, key);
    if (ok) *out = ls_ref(*v);
    ls_drop(key);
    return ok;
}

/* .name and [index] behind the first name; *v is replaced. */
static bool follow(job *j, const char *s, const char *end, ls_value *v) {
    while (s < end) {
        ls_value next;
        const char *from = s + 1;
        if (*s == '.') {
            for (s = from; s < end && *s != '.' && *s != '['; s++) {
            }
            char name[128];
            if (s == from || (size_t)(s - from) >= sizeof name)
                return ls_raise(j->in, "ValueError", "Empty attribute in format string");
            memcpy(name, from, (size_t)(s - from));
            name[s - from] = 0;
            if (!ls_attribute(j->in, *v, name, &next)) return false;
        } else if (*s == '[') {
            s = memchr(from, ']', (size_t)(end - from));
            if (!s) return ls_raise(j->in, "ValueError", "Missing ']' in format string");
            if (s == from) return ls_raise(j->in, "ValueError", "Empty attribute in format string");
            size_t n = (size_t)(s - from);
            ls_value key = all_digits(from, n) ? ls_int(digits_value(from, n)) : ls_str_new(from, n);
            if (key.tag == LS_UNSET) return ls_no_memory(j->in);
            bool ok = ls_subscript(j->in, *v, key, &next);
            ls_drop(key);
            if (!ok) return false;
            s++;
        } else
            return ls_raise(j->in, "ValueError", "Only '.' or '[' may follow ']' in format field specifier");
        ls_drop(*v);
        *v = next;
    }
    return true;
}

static bool converted(job *j, char conversion, ls_value *v) {
    if (!conversion) return true;
    lsv_text t = {0};
    ls_value s;
    bool ok = conversion == 's' ? ls_str_text(j->in, &t, *v) : ls_repr(j->in, &t, *v);
    if (ok && conversion == 'a' && v->tag == LS_STR) {
        lsv_text_free(&t);
        ls_repr_text(&t, v->str->data, v->str->length, true);
    }
    if (!ok) {
        lsv_text_free(&t);
        return false;
    }
    if (!ls_put_text(j->in, &t, &s)) return false;
    ls_drop(*v);
    *v = s;
    return true;
}

/* What stands between the braces of one field. */
static bool field(job *j, const char *s, const char *end, int depth, lsv_text *t) {
    const char *stop = s;
    int brackets = 0;
    for (; stop < end && (brackets || (*stop != '!' && *stop != ':')); stop++)
        brackets += *stop == '[' ? 1 : *stop == ']' && brackets ? -1 : 0;
    const char *name_end = s;
    while (name_end < stop && *name_end != '.' && *name_end != '[') name_end++;
    char conversion = 0;
    const char *spec = stop;
    if (spec < end && *spec == '!') {
        if (end - spec < 2)
            return ls_raise(j->in, "ValueError", "end of string while looking for conversion specifier");
        conversion = spec[1];
        spec += 2;
        if (spec < end && *spec != ':')
            return ls_raise(j->in, "ValueError", "expected ':' after conversion specifier");
        if (!strchr("sra", conversion))
            return ls_raise(j->in, "ValueError", "Unknown conversion specifier '%c'", conversion);
    }
    if (spec < end) spec++;
    ls_value v;
    if (!first_value(j, s, (size_t)(name_end - s), &v)) return false;
    lsv_text inner = {0};
    bool ok = follow(j, name_end, stop, &v) && converted(j, conversion, &v) &&
              format_text(j, spec, (size_t)(end - spec), depth + 1, &inner) &&
              ls_format(j->in, t, v, inner.data ? inner.data : "", inner.length);
    lsv_text_free(&inner);
    ls_drop(v);
    return ok;
}

static bool format_text(job *j, const char *s, size_t n, int depth, lsv_text *t) {
    const char *end = s + n;
    if (depth > 1 && memchr(s, '{', n)) return ls_raise(j->in, "ValueError", "Max string recursion exceeded");
    while (s < end) {
        if ((*s == '{' || *s == '}') && s + 1 < end && s[1] == *s && depth == 0) {
            lsv_text_putc(t, *s);
            s += 2;
            continue;
        }
        if (*s == '}') return ls_raise(j->in, "ValueError", "Single '}' encountered in format string");
        if (*s != '{') {
            lsv_text_putc(t, *s++);
            continue;
        }
        const char *from = ++s;
        for (int open = 1; s < end; s++) {
            open += *s == '{' ? 1 : *s == '}' ? -1 : 0;
            if (!open) break;
        }
        if (s >= end)
            return ls_raise(j->in, "ValueError",
                            from >= end ? "Single '{' encountered in format string"
                                        : "expected '}' before end of string");
        if (!field(j, from, s, depth, t)) return false;
        s++;
    }
    return !t->failed || ls_no_memory(j->in);
}

bool ls_brace_format(ls_interp *in, ls_value format, ls_value positional, ls_value named, ls_value *out) {
    job j = {.in = in, .positional = positional.tuple, .named = named};
    lsv_text t = {0};
    if (format_text(&j, format.str->data, format.str->length, 0, &t)) return ls_put_text(in, &t, out);
    lsv_text_free(&t);
    return false;
}
