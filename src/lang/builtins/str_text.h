/* Strings as characters: what the files of string methods share. */
#ifndef LANG_BUILTINS_STR_TEXT_H
#define LANG_BUILTINS_STR_TEXT_H

#include "lang/builtins/python.h"

bool ls_str_arg(ls_interp *in, ls_value v, const char *who, int number); /* else "who() argument 1 must be str, not int" */
size_t ls_str_offset(const ls_str *s, ptrdiff_t point);                  /* byte offset of the point-th character */
uint32_t ls_str_point(const char *s, size_t n, size_t *bytes);           /* the character at s */

/* str_case.c */
LS_PY(ls_str_case); LS_PY(ls_str_is); LS_PY(ls_str_translate); LS_PY(ls_str_maketrans);
enum ls_str_case { LS_CASE_UPPER, LS_CASE_LOWER, LS_CASE_FOLD, LS_CASE_TITLE, LS_CASE_CAPITALIZE, LS_CASE_SWAP };
enum ls_str_test { LS_IS_ALPHA, LS_IS_DIGIT, LS_IS_ALNUM, LS_IS_SPACE, LS_IS_UPPER, LS_IS_LOWER, LS_IS_TITLE, LS_IS_ASCII, LS_IS_IDENTIFIER, LS_IS_PRINTABLE };

#define LS_STR_TEST(name, what, example, op) {"str." name, "(self, /)", what, NULL, example, ls_str_is, op, 0, NULL},
#define LS_STR_CASE_RECORDS                                                                                              \
    {"str.upper", "(self, /)", "in capitals", NULL, "'σ1 a'.upper()\n'Σ1 A'\n", ls_str_case, LS_CASE_UPPER, 0, NULL},    \
    {"str.lower", "(self, /)", "in small letters", NULL, "'AbC'.lower()\n'abc'\n", ls_str_case, LS_CASE_LOWER, 0, NULL}, \
    {"str.casefold", "(self, /)", "in small letters, for comparing", NULL, "'Straße'.casefold()\n'strasse'\n", ls_str_case, LS_CASE_FOLD, 0, NULL}, \
    {"str.title", "(self, /)", "every word with a capital", NULL, "'low rank'.title()\n'Low Rank'\n", ls_str_case, LS_CASE_TITLE, 0, NULL}, \
    {"str.capitalize", "(self, /)", "the first letter a capital, the rest small", NULL, "'wORD'.capitalize()\n'Word'\n", ls_str_case, LS_CASE_CAPITALIZE, 0, NULL}, \
    {"str.swapcase", "(self, /)", "capitals small, small letters capital", NULL, "'aB'.swapcase()\n'Ab'\n", ls_str_case, LS_CASE_SWAP, 0, NULL}, \
    LS_STR_TEST("isalpha", "only letters?", "'ab'.isalpha()\nTrue\n", LS_IS_ALPHA)                                       \
    LS_STR_TEST("isdigit", "only digits?", "'42'.isdigit()\nTrue\n", LS_IS_DIGIT)                              \
    LS_STR_TEST("isdecimal", "only digits?", NULL, LS_IS_DIGIT) LS_STR_TEST("isnumeric", "only digits?", NULL, LS_IS_DIGIT) \
    LS_STR_TEST("isalnum", "only letters and digits?", NULL, LS_IS_ALNUM)                                                \
    LS_STR_TEST("isspace", "only white space?", NULL, LS_IS_SPACE)                                                       \
    LS_STR_TEST("isupper", "letters, and all capitals?", NULL, LS_IS_UPPER)                                              \
    LS_STR_TEST("islower", "letters, and all small?", NULL, LS_IS_LOWER)                                                 \
    LS_STR_TEST("istitle", "every word with a capital?", NULL, LS_IS_TITLE)                                              \
    LS_STR_TEST("isascii", "only ASCII characters?", NULL, LS_IS_ASCII)                                                  \
    LS_STR_TEST("isidentifier", "could it be a name?", "'λ1'.isidentifier()\nTrue\n", LS_IS_IDENTIFIER)                  \
    LS_STR_TEST("isprintable", "only characters that show?", NULL, LS_IS_PRINTABLE)                                      \
    {"str.translate", "(self, table, /)", "with characters replaced by a table of code points", NULL, "'abc'.translate({97: 'x', 98: None})\n'xc'\n", ls_str_translate, 0, 0, NULL}, \
    {"str.maketrans", "(x, y=..., z=..., /)", "a table for translate", NULL, "str.maketrans('ab', 'xy')\n{97: 120, 98: 121}\n", ls_str_maketrans, 0, 0, NULL},

#endif
