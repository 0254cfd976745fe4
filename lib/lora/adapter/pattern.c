/* Patterns over module names. Most keys of rank_pattern are plain names, for which the expression's meaning, "the whole
   name or its end after a dot", is a comparison from the right; PCRE2 serves the others. Both say the same: a dot of
   a plain name matches any character.

   PCRE2's memory is the library's own, and its steps and heap are limited, so that a hostile expression ends in
   an error. */
#include "lora/adapter/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/library.h"

/* Opened at the first pattern that is no plain name, which few adapters have. */
#define CALLS(X) \
    X(pcre2_code_free_8) X(pcre2_compile_8) X(pcre2_compile_context_create_8) \
    X(pcre2_compile_context_free_8) X(pcre2_general_context_create_8) \
    X(pcre2_general_context_free_8) X(pcre2_get_error_message_8) X(pcre2_match_8) \
    X(pcre2_match_context_create_8) X(pcre2_match_context_free_8) X(pcre2_match_data_create_8) \
    X(pcre2_match_data_free_8) X(pcre2_pattern_info_8) X(pcre2_set_heap_limit_8) \
    X(pcre2_set_match_limit_8) X(pcre2_set_newline_8)
LSV_LIBRARY(pcre2, CALLS, "PCRE2", "libpcre2-8-0", "libpcre2-8.so.0", "libpcre2-8.so")

enum { LONGEST = 1 << 16, STEPS = 20000, HEAP_KIB = 4096 };

struct lsv_pattern {
    lsv_pattern_mode mode;
    char *text;
    size_t n;
    bool plain;
    pcre2_general_context *memory;
    pcre2_match_context *limits;
    pcre2_code *code;
    pcre2_match_data *found;
};

static void *take(size_t n, void *unused) {
    (void)unused;
    return lsv_malloc(n ? n : 1);
}

static void give(void *block, void *unused) {
    (void)unused;
    lsv_free(block);
}

void lsv_pattern_free(lsv_pattern *p) {
    if (!p) return;
    if (p->found) pcre2.pcre2_match_data_free_8(p->found);
    if (p->code) pcre2.pcre2_code_free_8(p->code);
    if (p->limits) pcre2.pcre2_match_context_free_8(p->limits);
    if (p->memory) pcre2.pcre2_general_context_free_8(p->memory);
    lsv_free(p->text);
    lsv_free(p);
}

/* ---- plain names ---- */

bool lsv_pattern_is_plain(const char *text) {
    for (const char *c = text; *c; c++)
        if (!(*c >= 'a' && *c <= 'z') && !(*c >= 'A' && *c <= 'Z') && !(*c >= '0' && *c <= '9') && *c != '_' && *c != '-' && *c != '.')
            return false;
    return true;
}

/* The end of `name`, all of it or after a dot. */
static bool ends_so(const char *key, size_t n, const char *name) {
    size_t at = strlen(name);
    while (n > 0) {
        if (at == 0) return false;
        char k = key[--n], c = name[--at];
        if (k != '.') {
            if (k != c) return false;
            continue;
        }
        if (c == '\n') return false;
        while (at > 0 && ((unsigned char)name[at] & 0xC0) == 0x80) at--; /* one character of several bytes */
    }
    return at == 0 || (name[at - 1] == '.' && !memchr(name, '\n', at));
}

/* ---- expressions ---- */

static lsv_status bad(const lsv_pattern *p, int code, size_t place, lsv_error *err) {
    char why[160] = "no regular expression";
    if (code == PCRE2_ERROR_HEAP_FAILED || code == PCRE2_ERROR_NOMEMORY) return lsv_no_memory(err, p->n);
    pcre2.pcre2_get_error_message_8(code, (PCRE2_UCHAR *)why, sizeof why);
    return lsv_fail(err, LSV_EVALUE, "the pattern '%.120s'%s, at character %zu: %s", p->text, p->n > 120 ? "…" : "", place, why);
}

static lsv_status compile(lsv_pattern *p, lsv_error *err) {
    static const char before[] = "(.*\\.)?(", after[] = ")$";
    bool suffix = p->mode == LSV_PATTERN_SUFFIX;
    size_t lead = suffix ? sizeof before - 1 : 0, tail = suffix ? sizeof after - 1 : 0, n = lead + p->n + tail;
    LSV_TRY(pcre2_open("a regular expression in an adapter's configuration", err));
    char *whole = lsv_malloc(n + 1);
    p->memory = pcre2.pcre2_general_context_create_8(take, give, NULL);
    pcre2_compile_context *rules = p->memory ? pcre2.pcre2_compile_context_create_8(p->memory) : NULL;
    p->limits = p->memory ? pcre2.pcre2_match_context_create_8(p->memory) : NULL;
    int code = PCRE2_ERROR_NOMEMORY;
    PCRE2_SIZE place = 0;
    if (whole && rules && p->limits) {
        if (lead) memcpy(whole, before, lead);
        memcpy(whole + lead, p->text, p->n);
        if (tail) memcpy(whole + lead + p->n, after, tail);
        whole[n] = '\0';
        uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_ALT_BSUX | PCRE2_NEVER_BACKSLASH_C;
        if (p->mode != LSV_PATTERN_SEARCH) options |= PCRE2_ANCHORED;
        if (p->mode == LSV_PATTERN_FULL) options |= PCRE2_ENDANCHORED;
        pcre2.pcre2_set_newline_8(rules, PCRE2_NEWLINE_LF);
        pcre2.pcre2_set_match_limit_8(p->limits, STEPS);
        pcre2.pcre2_set_heap_limit_8(p->limits, HEAP_KIB);
        p->code = pcre2.pcre2_compile_8((PCRE2_SPTR)whole, n, options, &code, &place, rules);
        if (p->code && !(p->found = pcre2.pcre2_match_data_create_8(1, p->memory))) code = PCRE2_ERROR_NOMEMORY;
    }
    if (rules) pcre2.pcre2_compile_context_free_8(rules);
    lsv_free(whole);
    if (p->found) return LSV_OK;
    return bad(p, code, place > lead ? place - lead : 0, err);
}

lsv_status lsv_pattern_new(const char *text, lsv_pattern_mode mode, lsv_pattern **out, lsv_error *err) {
    size_t n = strlen(text);
    if (n > LONGEST) return lsv_fail(err, LSV_EVALUE, "a pattern of %zu bytes; at most %d are allowed", n, LONGEST);
    lsv_pattern *p = lsv_calloc(1, sizeof *p);
    if (!p) return lsv_no_memory(err, sizeof *p);
    p->mode = mode;
    p->n = n;
    p->text = lsv_strdup(text);
    p->plain = mode == LSV_PATTERN_SUFFIX && lsv_pattern_is_plain(text);
    lsv_status status = p->text ? LSV_OK : lsv_no_memory(err, n);
    if (status == LSV_OK && !p->plain) status = compile(p, err);
    if (status == LSV_OK) *out = p;
    else lsv_pattern_free(p);
    return status;
}

size_t lsv_pattern_bytes(const lsv_pattern *p) {
    size_t n = 0;
    if (p->code && pcre2.pcre2_pattern_info_8(p->code, PCRE2_INFO_SIZE, &n) != 0) n = 0;
    return n + p->n + sizeof *p + (p->code ? 512 : 0);
}

lsv_status lsv_pattern_match(const lsv_pattern *p, const char *name, bool *matches, lsv_error *err) {
    if (p->plain) {
        *matches = ends_so(p->text, p->n, name);
        return LSV_OK;
    }
    int code = pcre2.pcre2_match_8(p->code, (PCRE2_SPTR)name, strlen(name), 0, 0, p->found, p->limits);
    if (code < 0 && code != PCRE2_ERROR_NOMATCH) return bad(p, code, 0, err);
    *matches = code >= 0;
    return LSV_OK;
}

lsv_status lsv_pattern_exactly(const char *name, char **out, lsv_error *err) {
    size_t n = strlen(name), at = 0;
    if (n > (SIZE_MAX - 2) / 2) return lsv_no_memory(err, SIZE_MAX);
    char *text = lsv_malloc(2 * n + 2);
    if (!text) return lsv_no_memory(err, 2 * n + 2);
    text[at++] = '^';
    for (; *name; name++) {
        if (strchr("()[]{}?*+-|^$\\.&~# \t\n\r\v\f", *name)) text[at++] = '\\';
        text[at++] = *name;
    }
    text[at] = '\0';
    *out = text;
    return LSV_OK;
}
