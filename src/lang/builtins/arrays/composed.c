/* Calling formulas, and the checks that come before them: see composed.h. */
#include "lang/builtins/arrays/composed.h"

#include "lang/autograd/autograd.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST = 1600 };

static bool call(ls_work *w, ls_value *out, const char *text, int written, const ls_value *args, int n, const char *shown) {
    if (written < 0 || written >= LONGEST) return ls_raise(w->in, "SystemError", "a formula is too long");
    if (!ls_grad_formula(w->in, text, args, n, out)) return false;
    ls_grad_show(*out, shown);
    return true;
}

bool ls_compose(ls_work *w, ls_value *out, const char *formula, const ls_value *args, int n, const char *shown) {
    char text[LONGEST];
    return call(w, out, text, snprintf(text, sizeof text, "lambda torch, np, %s", formula), args, n, shown);
}

bool ls_compose_wide(ls_work *w, ls_value *out, const char *formula, const ls_value *args, int n, const char *shown) {
    char text[LONGEST];
    lsv_dtype d = args[0].tag == LS_ARRAY ? (lsv_dtype)args[0].array->dtype : LSV_FLOAT32;
    if (d != LSV_FLOAT16 && d != LSV_BFLOAT16) return ls_compose(w, out, formula, args, n, shown);
    int written = snprintf(text, sizeof text, "lambda torch, np, x, *rest: (lambda torch, np, %s)(torch, np, x.float(), *rest).to(x.dtype)", formula);
    return call(w, out, text, written, args, n, shown);
}

const char *ls_torch_type(const lsv_array *a) {
    static const char *const names[LSV_NDTYPES] = {
        [LSV_BOOL] = "Bool", [LSV_INT32] = "Int", [LSV_INT64] = "Long", [LSV_FLOAT16] = "Half",
        [LSV_BFLOAT16] = "BFloat16", [LSV_FLOAT32] = "Float", [LSV_FLOAT64] = "Double"};
    return names[a->dtype];
}

bool ls_floats(ls_work *w, const ls_value *args, int i, const char *kernel, lsv_array **a) {
    if (!ls_arg(w, args, i, a)) return false;
    if (lsv_dtype_is_float((lsv_dtype)(*a)->dtype)) return true;
    return ls_raise(w->in, "NotImplementedError", "\"%s\" not implemented for '%s'", kernel, ls_torch_type(*a));
}

bool ls_same_shape(const lsv_array *a, const lsv_array *b) {
    return a->ndim == b->ndim && memcmp(a->shape, b->shape, a->ndim * sizeof *a->shape) == 0;
}

const char *ls_sizes_text(int ndim, const ptrdiff_t *shape, char *buf, size_t n) {
    size_t used = (size_t)snprintf(buf, n, "[");
    for (int d = 0; d < ndim && used < n; d++) used += (size_t)snprintf(buf + used, n - used, d ? ", %td" : "%td", shape[d]);
    if (used < n) snprintf(buf + used, n - used, "]");
    return buf;
}
