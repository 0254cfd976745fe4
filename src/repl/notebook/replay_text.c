/* Comparing what was printed: numbers to a tolerance, the text between them exactly, and what may
   be written differently without meaning anything. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repl/notebook/replay.h"

/* ---- tokens: numbers, white space, other characters ---- */

typedef struct token {
    enum { TOKEN_END, TOKEN_NUMBER, TOKEN_TEXT } type;
    const char *at;
    size_t n;
    double value;
    bool spaced;
} token;

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_' || (c & 0x80); }

/* The length of the number at p, 0: none. nan and inf are numbers. */
static size_t number_at(const char *p, const char *end, bool after_word, double *value) {
    const char *s = p;
    if (after_word) return 0;
    if (s < end && (*s == '-' || *s == '+')) s++;
    for (int k = 0; k < 2; k++) {
        static const char *const names[] = {"nan", "inf"};
        if (end - s >= 3 && memcmp(s, names[k], 3) == 0 && (end - s == 3 || !is_word(s[3]))) {
            *value = k ? (*p == '-' ? -INFINITY : INFINITY) : NAN;
            return (size_t)(s + 3 - p);
        }
    }
    const char *digits = s;
    while (s < end && isdigit((unsigned char)*s)) s++;
    bool any = s > digits;
    if (s < end && *s == '.') {
        const char *fraction = ++s;
        while (s < end && isdigit((unsigned char)*s)) s++;
        any = any || s > fraction;
    }
    if (!any) return 0;
    if (s < end && (*s == 'e' || *s == 'E')) {
        const char *e = s + 1;
        if (e < end && (*e == '-' || *e == '+')) e++;
        if (e < end && isdigit((unsigned char)*e)) {
            while (e < end && isdigit((unsigned char)*e)) e++;
            s = e;
        }
    }
    char text[64];
    size_t n = (size_t)(s - p);
    snprintf(text, sizeof text, "%.*s", (int)(n < 63 ? n : 63), p);
    *value = strtod(text, NULL);
    return n;
}

static token next_token(const char **at, const char *begin, const char *end) {
    token t = {.type = TOKEN_END};
    const char *p = *at;
    while (p < end && isspace((unsigned char)*p)) p++, t.spaced = true;
    t.at = p;
    if (p < end) {
        t.n = number_at(p, end, p > begin && !t.spaced && is_word(p[-1]), &t.value);
        t.type = t.n ? TOKEN_NUMBER : TOKEN_TEXT;
        if (!t.n) {
            t.n = 1;
            while (is_word(*p) && p + t.n < end && is_word(p[t.n])) t.n++;
        }
    }
    *at = p + t.n;
    return t;
}

static void note_pair(numbers *out, token a, token b, double tolerance) {
    bool same = (isnan(a.value) && isnan(b.value)) || a.value == b.value;
    double off = same ? 0 : fabs(a.value - b.value), scale = fmax(fabs(a.value), fabs(b.value));
    bool exact = a.n == b.n && memcmp(a.at, b.at, a.n) == 0;
    out->count++;
    if (tolerance >= 0 ? same || off <= tolerance * fmax(1, scale) : exact) return;
    out->differing++;
    double relative = scale > 0 ? off / scale : 0;
    if (isnan(off)) off = relative = INFINITY;
    if (out->differing == 1 || off > out->largest) {
        snprintf(out->expected, sizeof out->expected, "%.*s", (int)a.n, a.at);
        snprintf(out->got, sizeof out->got, "%.*s", (int)b.n, b.at);
        out->largest = off;
    }
    if (relative > out->relative) out->relative = relative;
}

bool text_compare(const char *expected, size_t n, const char *got, size_t m, double tolerance, numbers *out) {
    const char *p = expected, *q = got;
    *out = (numbers){0};
    for (;;) {
        token a = next_token(&p, expected, expected + n), b = next_token(&q, got, got + m);
        if (a.type != b.type) return false;
        if (a.type == TOKEN_END) return true;
        if (a.type == TOKEN_NUMBER) note_pair(out, a, b, tolerance);
        else if (a.n != b.n || memcmp(a.at, b.at, a.n) != 0) return false;
        bool bracket = a.type == TOKEN_NUMBER || strchr("[(", a.at[0]); /* padding of numbers, not of words */
        if (a.spaced != b.spaced && !bracket && !(a.at > expected && strchr("[( \n", a.at[-1]))) return false;
    }
}

/* What the beginning ends in, a number or a word, may be cut itself. */
bool text_is_beginning(const char *expected, size_t n, const char *got, size_t m, double tolerance) {
    const char *p = expected, *q = got;
    for (;;) {
        token a = next_token(&p, expected, expected + n), b = next_token(&q, got, got + m);
        if (a.type == TOKEN_END) return true;
        if (b.type == TOKEN_END) return false;
        bool last = p == expected + n;
        if (a.type == TOKEN_NUMBER && b.type == TOKEN_NUMBER) {
            numbers pair = {0};
            if (!isinf(tolerance)) note_pair(&pair, a, b, tolerance);
            if (pair.differing && !(last && a.n <= b.n && memcmp(a.at, b.at, a.n) == 0)) return false;
        } else if (a.type != b.type) {
            return last && a.type == TOKEN_TEXT && strchr("-+.", a.at[0]);
        } else if (a.n != b.n || memcmp(a.at, b.at, a.n) != 0) {
            return last && a.n < b.n && memcmp(a.at, b.at, a.n) == 0;
        }
    }
}

/* ---- what may be written differently ---- */

static bool starts(const char *p, const char *end, const char *word) {
    size_t n = strlen(word);
    return (size_t)(end - p) >= n && memcmp(p, word, n) == 0;
}

bool text_without_addresses(const lsv_text *t, lsv_text *out) {
    const char *p = t->data ? t->data : "", *end = p + t->length;
    bool found = false;
    while (p < end) {
        if (starts(p, end, "0x") && end - p > 6 && isxdigit((unsigned char)p[2])) {
            const char *q = p + 2;
            while (q < end && isxdigit((unsigned char)*q)) q++;
            if (q - p >= 8) {
                lsv_text_puts(out, "0x");
                p = q;
                found = true;
                continue;
            }
        }
        lsv_text_putc(out, *p++);
    }
    return found;
}

bool text_without_device(const lsv_text *t, lsv_text *out) {
    static const char *const words[] = {", device='cuda:0'", ", device='cuda'", ",\n       device='cuda:0'"};
    const char *p = t->data ? t->data : "", *end = p + t->length;
    bool found = false;
    while (p < end) {
        size_t skip = 0;
        for (size_t k = 0; !skip && k < sizeof words / sizeof *words; k++) {
            const char *q = p, *w = words[k];
            if (!starts(w, w + strlen(w), ",")) continue;
            while (q < end && *w &&
                   (*q == *w || (isspace((unsigned char)*w) && isspace((unsigned char)*q)))) {
                if (isspace((unsigned char)*w)) {
                    while (isspace((unsigned char)*w)) w++;
                    while (q < end && isspace((unsigned char)*q)) q++;
                } else {
                    q++, w++;
                }
            }
            if (!*w) skip = (size_t)(q - p);
        }
        if (skip) found = true;
        else lsv_text_putc(out, *p);
        p += skip ? skip : 1;
    }
    return found;
}

/* NumPy 2 shows its scalars with their type; before, they were bare. */
bool text_without_wrappers(const lsv_text *t, lsv_text *out) {
    static const char *const names[] = {"np.float64(", "np.float32(", "np.float16(",
                                        "np.int64(",   "np.int32(",   "np.str_("};
    const char *p = t->data ? t->data : "", *end = p + t->length;
    bool found = false;
    while (p < end) {
        size_t skip = 0;
        for (size_t k = 0; !skip && k < sizeof names / sizeof *names; k++)
            if (starts(p, end, names[k])) skip = strlen(names[k]);
        const char *close = skip ? memchr(p, ')', (size_t)(end - p)) : NULL;
        if (close) {
            lsv_text_add(out, p + skip, (size_t)(close - p) - skip);
            p = close + 1;
            found = true;
        } else if (starts(p, end, "np.True_") || starts(p, end, "np.False_")) {
            const char *word = p[3] == 'T' ? "True" : "False";
            lsv_text_puts(out, word);
            p += strlen(word) + 4;
            found = true;
        } else {
            lsv_text_putc(out, *p++);
        }
    }
    return found;
}

/* IPython shows <function __main__.f(x)>, Python <function f at 0x…>. */
bool text_without_functions(const lsv_text *t, lsv_text *out) {
    const char *p = t->data ? t->data : "", *end = p + t->length;
    bool found = false;
    while (p < end) {
        if (starts(p, end, "<function ")) {
            p += strlen("<function ");
            if (starts(p, end, "__main__.")) p += strlen("__main__.");
            lsv_text_puts(out, "<function ");
            while (p < end && !starts(p, end, " at 0x") && *p != '(' && *p != '\n') lsv_text_putc(out, *p++);
            int depth = 0;
            while (p < end && *p != '\n' && !(depth == 0 && *p == '>')) {
                depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
                p++;
            }
            found = true;
        } else {
            lsv_text_putc(out, *p++);
        }
    }
    return found;
}

/* IPython breaks long lists and dictionaries into lines. */
bool text_without_breaks(const lsv_text *t, lsv_text *out) {
    const char *begin = t->data ? t->data : "", *end = begin + t->length;
    bool found = false;
    for (const char *p = begin; p < end; p++) {
        if (!isspace((unsigned char)*p)) {
            lsv_text_putc(out, *p);
            continue;
        }
        found = true;
        while (p + 1 < end && isspace((unsigned char)p[1])) p++;
        bool inside = (out->length && strchr("[({", out->data[out->length - 1])) ||
                      (p + 1 < end && strchr("])}", p[1]));
        if (!inside) lsv_text_putc(out, ' ');
    }
    return found;
}

void text_loose(const lsv_text *t, lsv_text *out) {
    const char *p = t->data ? t->data : "", *end = p + t->length;
    while (p < end) {
        const char *nl = memchr(p, '\n', (size_t)(end - p)), *stop = nl ? nl : end, *last = stop;
        while (last > p && isspace((unsigned char)last[-1])) last--;
        if (last > p) {
            lsv_text_add(out, p, (size_t)(last - p));
            lsv_text_putc(out, '\n');
        }
        p = nl ? nl + 1 : end;
    }
    if (!out->data) lsv_text_puts(out, "");
}

/* ---- skeletons ---- */

enum { RANK_MOST = 16 };

/* A bracketed display of numbers: its shape in the order of nesting, "array 6x5"; gives where it ends, NULL:
   p begins none. Rows are counted at their first element only: a printed array is regular. */
static const char *array_at(const char *p, const char *end, lsv_text *out) {
    long count[RANK_MOST] = {0};
    bool first[RANK_MOST];
    int depth = 0, deepest = 0;
    const char *begin = p;
    if (p >= end || *p != '[') return NULL;
    while (p < end) {
        double value;
        size_t n;
        if (isspace((unsigned char)*p) || *p == ',') {
            p++;
        } else if (*p == '[') {
            if (depth == RANK_MOST) return NULL;
            if (depth) count[depth - 1] += first[depth - 1];
            first[depth] = depth == 0 || (first[depth - 1] && count[depth - 1] == 1);
            depth++;
            if (depth > deepest) deepest = depth;
            p++;
        } else if (*p == ']') {
            depth--;
            p++;
            if (depth == 0) break;
        } else if ((n = number_at(p, end, false, &value)) > 0) {
            count[depth - 1] += first[depth - 1];
            p += n;
        } else if (starts(p, end, "True") || starts(p, end, "False") || starts(p, end, "...")) {
            count[depth - 1] += first[depth - 1];
            p += *p == 'T' ? 4 : *p == 'F' ? 5 : 3;
        } else {
            return NULL;
        }
    }
    if (p - begin < 3) return NULL;
    lsv_text_puts(out, " <array");
    for (int d = 0; d < deepest; d++) lsv_text_printf(out, "%s%ld", d ? "x" : " ", count[d]);
    lsv_text_puts(out, "> ");
    return p;
}

/* "μs" and the like behind a number. */
static size_t unit_at(const char *p, const char *end) {
    static const char *const units[] = {"\u03bcs", "\u00b5s", "us", "ns", "ms", "min", "s", "h"};
    const char *q = p;
    if (q < end && *q == ' ') q++;
    for (size_t k = 0; k < sizeof units / sizeof *units; k++) {
        size_t n = strlen(units[k]);
        if (starts(q, end, units[k]) && (q + n == end || !is_word(q[n]))) return (size_t)(q + n - p);
    }
    return 0;
}

void text_shapes(const lsv_text *t, lsv_text *out) {
    const char *p = t->data ? t->data : "", *end = p + t->length;
    while (p < end) {
        const char *after = array_at(p, end, out);
        p = after ? after : p + 1;
    }
    lsv_text_puts(out, "");
}

void text_skeleton(const lsv_text *t, bool times, lsv_text *out) {
    const char *begin = t->data ? t->data : "", *p = begin, *end = p + t->length;
    while (p < end) {
        double value;
        const char *after = array_at(p, end, out);
        size_t n = after ? 0 : number_at(p, end, p > begin && is_word(p[-1]), &value);
        if (after) p = after;
        else if (n) {
            lsv_text_puts(out, "#");
            p += n;
            if (times) p += unit_at(p, end);
        } else if (!(p > begin && is_word(p[-1])) && (starts(p, end, "True") || starts(p, end, "False"))) {
            lsv_text_puts(out, "#");
            p += *p == 'T' ? 4 : 5;
        } else {
            if (!isspace((unsigned char)*p)) lsv_text_putc(out, *p);
            else if (out->length && out->data[out->length - 1] != ' ') lsv_text_putc(out, ' ');
            p++;
        }
    }
    while (out->length && out->data[out->length - 1] == ' ') out->data[--out->length] = 0;
    if (!out->data) lsv_text_puts(out, "");
}
