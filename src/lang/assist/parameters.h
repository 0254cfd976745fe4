/* The parameters of what is called at a place in the text, whatever it is: a record, a user's function, a method. */
#ifndef LANG_ASSIST_PARAMETERS_H
#define LANG_ASSIST_PARAMETERS_H

#include "lang/assist/assist.h"

typedef enum ls_parameter_kind { LS_PARAMETER_PLAIN, LS_PARAMETER_STAR, LS_PARAMETER_DOUBLESTAR, LS_PARAMETER_MARK } ls_parameter_kind;

typedef struct ls_parameter {
    size_t start, length;      /* in the signature: "k=None", "*args", "/" */
    size_t name, name_length;
    ls_parameter_kind kind;
    bool keyword_only, positional_only;
} ls_parameter;

enum { LS_MOST_PARAMETERS = 64 };

typedef struct ls_parameters {
    char *text;                /* "svd(W, k=None, …)", to be freed */
    const char *summary;       /* borrowed from the record or the function, which `held` keeps; NULL: none */
    ls_value held;
    int n;
    ls_parameter items[LS_MOST_PARAMETERS];
} ls_parameters;

/* Of the expression that ends before the bracket at `bracket`. False: nobody knows. */
bool ls_parameters_of(ls_interp *in, const char *text, size_t bracket, ls_parameters *p);
void ls_parameters_free(ls_parameters *p);
/* "(a, b=1, *, c=None)" of a user's function, with defaults as they print where they are short. */
bool ls_function_signature_text(ls_interp *in, const struct ls_function *f, lsv_text *t);
/* A record's signature; without its first parameter where it is called as a method. */
void ls_builtin_signature_text(const ls_builtin *b, bool method, lsv_text *t);

#endif
