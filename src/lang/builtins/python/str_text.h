/* Strings as characters: what the files of string methods share. */
#ifndef LANG_BUILTINS_STR_TEXT_H
#define LANG_BUILTINS_STR_TEXT_H

#include "lang/builtins/python/python.h"

/* Else the error is "who() argument 1 must be str, not int". */
bool ls_str_arg(ls_interp *in, ls_value v, const char *who, int number);
size_t ls_str_offset(const ls_str *s, ptrdiff_t point);                  /* byte offset of the point-th character */
uint32_t ls_str_point(const char *s, size_t n, size_t *bytes);           /* the character at s */

/* str_case.c */
LS_PY(ls_str_case); LS_PY(ls_str_is); LS_PY(ls_str_translate); LS_PY(ls_str_maketrans);
enum ls_str_case { LS_CASE_UPPER, LS_CASE_LOWER, LS_CASE_FOLD, LS_CASE_TITLE, LS_CASE_CAPITALIZE, LS_CASE_SWAP };
enum ls_str_test {
    LS_IS_ALPHA, LS_IS_DIGIT, LS_IS_ALNUM, LS_IS_SPACE, LS_IS_UPPER,
    LS_IS_LOWER, LS_IS_TITLE, LS_IS_ASCII, LS_IS_IDENTIFIER, LS_IS_PRINTABLE
};

#endif
