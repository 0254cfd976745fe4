/* The families of builtins, one table each. A name declared twice belongs to the first. */
#include "lang/builtins/builtin.h"

#define LS_FAMILIES(X)                                                                             \
    X(help) X(lsv) X(adapters) X(adapter_value) X(lora_files) X(svdgrad) X(teach) X(autograd)      \
    X(core) X(str) X(list) X(dict) X(tuple) X(math) X(itertools) X(time) X(tqdm)                   \
    X(plot) X(pyplot) X(axes) X(plot_settings)                                                     \
    X(create) X(create_torch) X(grids) X(device) X(cuda) X(convert) X(flags) X(shape) X(join)      \
    X(select) X(pick) X(sort) X(histogram) X(indexed)                                                         \
    X(unary) X(binary) X(ufunc) X(floats) X(reduce) X(reduce_nan) X(reduce_torch)                  \
    X(activations) X(losses) X(layers) X(formulas)                                                             \
    X(products) X(linalg_numpy) X(linalg_torch) X(polynomial) X(signal)                            \
    X(files) X(random) X(distributions) X(random_torch) X(numpy) X(torch)

#define DECLARE(name) extern const ls_builtin ls_family_##name[];
LS_FAMILIES(DECLARE)
#undef DECLARE

#define LISTED(name) ls_family_##name,
const ls_builtin *const ls_families[] = {LS_FAMILIES(LISTED) NULL};
#undef LISTED

extern const ls_constant ls_constants_math[], ls_constants_numpy[], ls_constants_torch[];
const ls_constant *const ls_constant_families[] = {ls_constants_math, ls_constants_numpy, ls_constants_torch, NULL};
