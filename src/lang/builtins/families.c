/* The families of builtins, one table each. */
#include "lang/builtins/builtin.h"

#define LS_FAMILIES(X)                                                                             \
    X(lsv) X(core) X(str) X(list) X(dict) X(tuple) X(math) X(itertools) X(time) X(tqdm)            \
    X(create) X(shape) X(elementwise) X(reduce) X(sort) X(linalg) X(random) X(torch) X(numpy)

#define DECLARE(name) extern const ls_builtin ls_family_##name[];
LS_FAMILIES(DECLARE)
#undef DECLARE

#define LISTED(name) ls_family_##name,
const ls_builtin *const ls_families[] = {LS_FAMILIES(LISTED) NULL};
#undef LISTED

extern const ls_constant ls_constants_math[], ls_constants_numpy[], ls_constants_torch[];
const ls_constant *const ls_constant_families[] = {ls_constants_math, ls_constants_numpy, ls_constants_torch, NULL};
