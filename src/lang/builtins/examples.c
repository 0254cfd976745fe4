/* Examples of the records that do not carry theirs: one line each is what keeps a family's table readable.

   A text is a run of the prompt: ">>> " before an input, "... " before its further lines, what it prints under it. The
   tests run them all; tests/doc/record.py writes the outputs. */
#include "lang/builtins/builtin.h"

#include <string.h>

static const struct { const char *name, *text; } table[] = {
#include "lang/builtins/python/examples_python.inc"
#include "lang/builtins/arrays/examples_numpy.inc"
#include "lang/builtins/arrays/examples_torch.inc"
#include "lang/builtins/lsv/examples_lsv.inc"
};

/* Is `name` one of the space-separated names of the record? */
static bool is_name_of(const char *names, const char *name) {
    size_t n = strlen(name);
    for (const char *at = names; *at;) {
        at += strspn(at, " ");
        size_t length = strcspn(at, " ");
        if (length == n && memcmp(at, name, n) == 0) return true;
        at += length;
    }
    return false;
}

const char *ls_builtin_examples(const ls_builtin *b) {
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (is_name_of(b->names, table[i].name)) return table[i].text;
    return b->examples;
}
