/* Names of modules against patterns, as PEFT's configurations mean them: regular expressions of Python's re module,
   matched by PCRE2. A pattern that is all letters, digits, '_', '-' and '.' is compared without an expression (its dots
   match any character, as they would). An expression that backtracks without end is stopped, not waited for. */
#ifndef LSV_LORA_PATTERN_H
#define LSV_LORA_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include "base/status.h"

typedef enum lsv_pattern_mode {
    LSV_PATTERN_SUFFIX, /* re.match(r"(.*\.)?(PATTERN)$", name): the keys of rank_pattern and alpha_pattern */
    LSV_PATTERN_FULL,   /* re.fullmatch(PATTERN, name): target_modules given as one text                    */
    LSV_PATTERN_SEARCH  /* re.search(PATTERN, name)                                                         */
} lsv_pattern_mode;

typedef struct lsv_pattern lsv_pattern;

/* LSV_EVALUE with the pattern, the place in it and the reason where it is no expression (or one of more than 64 KiB). */
lsv_status lsv_pattern_new(const char *text, lsv_pattern_mode mode, lsv_pattern **out, lsv_error *err);
/* LSV_EVALUE where matching takes more steps than any sensible expression needs. */
lsv_status lsv_pattern_match(const lsv_pattern *p, const char *name, bool *matches, lsv_error *err);
size_t lsv_pattern_bytes(const lsv_pattern *p); /* of memory, about */
bool lsv_pattern_is_plain(const char *text);
void lsv_pattern_free(lsv_pattern *p); /* NULL is allowed */

/* `name` as an expression that matches it alone in LSV_PATTERN_SUFFIX: '^' and re.escape's text. lsv_free it. */
lsv_status lsv_pattern_exactly(const char *name, char **out, lsv_error *err);

#endif
