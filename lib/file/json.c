/* JSON as the headers of files need it, strictly: well-formed UTF-8, no key twice, no comments, no
   text after the value. json-c reads the values; objects are walked here member by member, which
   finds keys that come twice (json-c would keep the last) and takes no more memory than one value
   needs, however large the header is. */
#include "file/inside.h"

#include <json-c/json.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

enum { CHECKED_MOST = 1 << 16 }; /* json-c's memory for a value is many times its length */

static lsv_status bad(lsv_json *j, const char *at, const char *reason, lsv_error *err) {
    return lsv_fail(err, LSV_EVALUE, "%s: byte %td: %s", lsv_tail(j->name, 200), at - j->text, reason);
}

/* The first byte that no UTF-8 text has there, or the end: no overlong forms, surrogates, code points beyond
 * the last. */
static const char *utf8_end(const char *text, size_t n) {
    const unsigned char *p = (const unsigned char *)text, *end = p + n;
    while (p < end) {
        int more = *p < 0x80                 ? 0
                   : *p >= 0xC2 && *p < 0xE0 ? 1
                   : *p >= 0xE0 && *p < 0xF0 ? 2
                   : *p >= 0xF0 && *p < 0xF5 ? 3
                                             : -1;
        if (more < 0 || end - p <= more) return (const char *)p;
        if ((*p == 0xE0 && p[1] < 0xA0) || (*p == 0xED && p[1] > 0x9F) || (*p == 0xF0 && p[1] < 0x90) ||
            (*p == 0xF4 && p[1] > 0x8F))
            return (const char *)p;
        for (int i = 1; i <= more; i++)
            if ((p[i] & 0xC0) != 0x80) return (const char *)p;
        p += more + 1;
    }
    return (const char *)p;
}

lsv_status lsv_json_begin(lsv_json *j, const char *name, const char *text, size_t n, lsv_error *err) {
    *j = (lsv_json){name, text, NULL};
    if (n > INT_MAX) return bad(j, text, "more JSON than a header may be", err);
    const char *end = utf8_end(text, n);
    if (end != text + n) return bad(j, end, "the JSON is no valid UTF-8", err);
    j->tokener = json_tokener_new_ex(16);
    if (!j->tokener) return lsv_no_memory(err, sizeof *j->tokener);
    json_tokener_set_flags(j->tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    return LSV_OK;
}

void lsv_json_end(lsv_json *j) {
    if (j->tokener) json_tokener_free(j->tokener);
    j->tokener = NULL;
}

/* ---- walking over text ---- each gives the place after, or NULL where there is none */

static const char *after_blank(const char *p, const char *end) {
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) p++;
    return p;
}

/* p stands on the opening quote. */
static const char *after_string(const char *p, const char *end) {
    for (p++; p < end; p++) {
        if (*p == '"') return p + 1;
        if ((unsigned char)*p < 0x20) return NULL;
        if (*p == '\\' && ++p == end) return NULL;
    }
    return NULL;
}

static const char *after_value(const char *p, const char *end) {
    if (p == end) return NULL;
    if (*p == '"') return after_string(p, end);
    if (*p != '{' && *p != '[') { /* a number or a word */
        const char *start = p;
        while (p < end && !strchr(",}] \t\n\r", *p)) p++;
        return p > start ? p : NULL;
    }
    for (int depth = 0; p < end;) {
        if (*p == '"') {
            if (!(p = after_string(p, end))) return NULL;
            continue;
        }
        if (*p == '{' || *p == '[') depth++;
        if ((*p == '}' || *p == ']') && --depth == 0) return p + 1;
        p++;
    }
    return NULL;
}

/* ---- values ---- */

/* The value as json-c reads it; what follows a bare number or word is needed to know its end. */
static lsv_status parse(lsv_json *j, lsv_span v, json_object **out, lsv_error *err) {
    json_tokener_reset(j->tokener);
    *out = json_tokener_parse_ex(j->tokener, v.at, (int)v.n);
    enum json_tokener_error code = json_tokener_get_error(j->tokener);
    if (code == json_tokener_continue && *v.at != '{' && *v.at != '[' && *v.at != '"') {
        *out = json_tokener_parse_ex(j->tokener, " ", 1);
        code = json_tokener_get_error(j->tokener);
    } else if (code == json_tokener_success && json_tokener_get_parse_end(j->tokener) != v.n) {
        code = json_tokener_error_parse_unexpected;
    }
    if (code == json_tokener_success) return LSV_OK;
    json_object_put(*out);
    *out = NULL;
    if (code == json_tokener_continue) return bad(j, v.at, "the JSON value has no end", err);
    return bad(j, v.at, json_tokener_error_desc(code), err);
}

/* json-c puts U+FFFD for half a surrogate pair; the text itself has one in neither form. */
static bool has_half_pair(const char *decoded, lsv_span raw) {
    return strstr(decoded, "\xEF\xBF\xBD") && !memmem(raw.at, raw.n, "\xEF\xBF\xBD", 3) &&
           !memmem(raw.at, raw.n, "\\ufffd", 6) && !memmem(raw.at, raw.n, "\\uFFFD", 6);
}

lsv_status lsv_json_check(lsv_json *j, lsv_span v, lsv_error *err) {
    json_object *o;
    if (v.n > CHECKED_MOST) return bad(j, v.at, "a longer value than a header needs", err);
    LSV_TRY(parse(j, v, &o, err));
    json_object_put(o);
    return LSV_OK;
}

lsv_status lsv_json_string(lsv_json *j, lsv_span v, char **out, lsv_error *err) {
    if (v.n < 2 || *v.at != '"') return bad(j, v.at, "a string is needed here", err);
    char *copy = NULL;
    if (!memchr(v.at, '\\', v.n)) {
        copy = lsv_malloc(v.n - 1);
        if (!copy) return lsv_no_memory(err, v.n);
        memcpy(copy, v.at + 1, v.n - 2);
        copy[v.n - 2] = '\0';
        *out = copy;
        return LSV_OK;
    }
    json_object *o;
    LSV_TRY(parse(j, v, &o, err));
    const char *text = json_object_get_string(o);
    lsv_status status = LSV_OK;
    if (!text) status = lsv_no_memory(err, v.n);
    else if (has_half_pair(text, v)) status = bad(j, v.at, "half a surrogate pair in a string", err);
    else if (strlen(text) != (size_t)json_object_get_string_len(o))
        status = bad(j, v.at, "a string with a NUL in it", err);
    else if (!(copy = lsv_strdup(text))) status = lsv_no_memory(err, v.n);
    json_object_put(o);
    if (status == LSV_OK) *out = copy;
    return status;
}

lsv_status lsv_json_sizes(lsv_json *j, lsv_span v, const char *what, int most, int64_t *out, int *n,
                          lsv_error *err) {
    char reason[120];
    /* Digits only, and no number may begin with a 0 that is not all of it: json-c would let these pass. */
    bool plain = *v.at == '[';
    for (size_t i = 1; plain && i + 1 < v.n; i++) {
        plain = strchr("0123456789, \t\r\n", v.at[i]) && v.at[i];
        if (v.at[i] == '0' && (v.at[i - 1] < '0' || v.at[i - 1] > '9') && v.at[i + 1] >= '0' &&
            v.at[i + 1] <= '9')
            plain = false;
    }
    snprintf(reason, sizeof reason, "%s is no list of integers >= 0", what);
    if (!plain) return bad(j, v.at, reason, err);
    if (v.n > 4096) return bad(j, v.at, "a longer list than any shape", err);
    json_object *o;
    LSV_TRY(parse(j, v, &o, err));
    size_t length = json_object_array_length(o);
    lsv_status status = LSV_OK;
    if (length > (size_t)most) {
        snprintf(reason, sizeof reason, "%s has %zu entries; at most %d are supported", what, length, most);
        status = bad(j, v.at, reason, err);
    }
    for (size_t i = 0; status == LSV_OK && i < length; i++) {
        json_object *x = json_object_array_get_idx(o, i);
        out[i] = json_object_get_int64(x);
        if (!json_object_is_type(x, json_type_int) || out[i] < 0) status = bad(j, v.at, reason, err);
        else if (out[i] == INT64_MAX) status = bad(j, v.at, "a number beyond 64 bits", err);
    }
    if (status == LSV_OK) *n = (int)length;
    json_object_put(o);
    return status;
}

lsv_status lsv_json_members(lsv_json *j, lsv_span object, lsv_json_visit *visit, void *ctx, lsv_error *err) {
    const char *p = object.at, *end = p + object.n;
    if (p == end || *p != '{') return bad(j, p, "a JSON object is needed here", err);
    p = after_blank(p + 1, end);
    bool first = true;
    while (p < end && *p != '}') {
        if (!first) {
            if (*p != ',') return bad(j, p, "no ',' between the members of a JSON object", err);
            p = after_blank(p + 1, end);
        }
        first = false;
        if (p == end || *p != '"') return bad(j, p, "no key in a JSON object", err);
        const char *key_end = after_string(p, end);
        if (!key_end) return bad(j, p, "a JSON string without an end", err);
        const char *colon = after_blank(key_end, end);
        if (colon == end || *colon != ':') return bad(j, colon, "no ':' after a key", err);
        const char *value = after_blank(colon + 1, end), *value_end = after_value(value, end);
        if (!value_end) return bad(j, value, "a JSON value without an end", err);
        char *key;
        LSV_TRY(lsv_json_string(j, (lsv_span){p, (size_t)(key_end - p)}, &key, err));
        lsv_status status =
            visit(ctx, j, key, strlen(key), (lsv_span){value, (size_t)(value_end - value)}, err);
        lsv_free(key);
        if (status != LSV_OK) return status;
        p = after_blank(value_end, end);
    }
    if (p == end) return bad(j, p, "a JSON object without an end", err);
    p = after_blank(p + 1, end);
    return p == end ? LSV_OK : bad(j, p, "something after the JSON object", err);
}

lsv_status lsv_json_elements(lsv_json *j, lsv_span array, lsv_json_element *visit, void *ctx, lsv_error *err) {
    const char *p = array.at, *end = p + array.n;
    if (p == end || *p != '[') return bad(j, p, "a JSON array is needed here", err);
    p = after_blank(p + 1, end);
    bool first = true;
    while (p < end && *p != ']') {
        if (!first) {
            if (*p != ',') return bad(j, p, "no ',' between the elements of a JSON array", err);
            p = after_blank(p + 1, end);
        }
        first = false;
        const char *value_end = after_value(p, end);
        if (!value_end) return bad(j, p, "a JSON value without an end", err);
        LSV_TRY(visit(ctx, j, (lsv_span){p, (size_t)(value_end - p)}, err));
        p = after_blank(value_end, end);
    }
    if (p == end) return bad(j, p, "a JSON array without an end", err);
    p = after_blank(p + 1, end);
    return p == end ? LSV_OK : bad(j, p, "something after the JSON array", err);
}

lsv_status lsv_json_number(lsv_json *j, lsv_span v, const char *what, double *out, lsv_error *err) {
    char reason[120];
    json_object *o;
    snprintf(reason, sizeof reason, "%s is no finite number", what);
    bool plain = v.n > 0 && v.n < 64 && (*v.at == '-' || (*v.at >= '0' && *v.at <= '9'));
    if (!plain) return bad(j, v.at, reason, err);
    LSV_TRY(parse(j, v, &o, err));
    bool number = json_object_is_type(o, json_type_int) || json_object_is_type(o, json_type_double);
    double x = json_object_get_double(o);
    json_object_put(o);
    if (!number || !isfinite(x)) return bad(j, v.at, reason, err);
    *out = x;
    return LSV_OK;
}

lsv_status lsv_json_bool(lsv_json *j, lsv_span v, const char *what, bool *out, lsv_error *err) {
    char reason[120];
    bool yes = v.n == 4 && memcmp(v.at, "true", 4) == 0;
    snprintf(reason, sizeof reason, "%s is neither true nor false", what);
    if (!yes && !(v.n == 5 && memcmp(v.at, "false", 5) == 0)) return bad(j, v.at, reason, err);
    *out = yes;
    return LSV_OK;
}

void lsv_json_quote(lsv_text *t, const char *s) {
    static const char special[] = "\"\\\b\f\n\r\t";
    lsv_text_putc(t, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        const char *found = strchr(special, c);
        if (found) {
            lsv_text_putc(t, '\\');
            lsv_text_putc(t, "\"\\bfnrt"[found - special]);
        } else if (c < 0x20) {
            lsv_text_printf(t, "\\u%04x", c);
        } else {
            lsv_text_putc(t, (char)c);
        }
    }
    lsv_text_putc(t, '"');
}
