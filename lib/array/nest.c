/* The walk itself; see nest.h for the idea. */
#include "array/nest.h"

#include <string.h>
#include "base/interrupt.h"

void lsv_nest_init(lsv_nest *nest, int ndim, const ptrdiff_t *shape) {
    nest->nops = 0;
    nest->ndim = ndim;
    nest->size = 1;
    nest->whole = false;
    for (int i = 0; i < ndim; i++) {
        nest->n[i] = shape[ndim - 1 - i];
        nest->axis[i] = ndim - 1 - i;
        nest->size *= nest->n[i];
    }
}

int lsv_nest_add(lsv_nest *nest, const lsv_array *a) {
    int op = nest->nops++;
    ptrdiff_t item = (ptrdiff_t)lsv_dtype_size(a->dtype);
    nest->base[op] = a->data;
    for (int i = 0; i < nest->ndim; i++) {
        int from_end = nest->ndim - 1 - nest->axis[i], axis = a->ndim - 1 - from_end;
        bool moves = axis >= 0 && a->shape[axis] != 1;
        nest->step[i][op] = moves ? a->strides[axis] * item : 0;
    }
    return op;
}

static inline ptrdiff_t magnitude(ptrdiff_t x) { return x < 0 ? -x : x; }

/* +1: axis j (outer so far) should come inside axis i; 0: no operand can tell; -1: stay. */
static int order(const lsv_nest *nest, const ptrdiff_t *outer, int i) {
    bool unsure = true, swap = false;
    for (int op = 0; op < nest->nops; op++) {
        if (outer[op] == 0 || nest->step[i][op] == 0) continue;
        if (magnitude(nest->step[i][op]) <= magnitude(outer[op])) swap = false; /* C order wins conflicts */
        else if (unsure) swap = true;
        unsure = false;
    }
    return unsure ? 0 : swap ? 1 : -1;
}

void lsv_nest_sort(lsv_nest *nest) {
    for (int i = 1; i < nest->ndim; i++) {
        ptrdiff_t step[LSV_NEST_OPS], n = nest->n[i];
        int axis = nest->axis[i], to = i;
        memcpy(step, nest->step[i], sizeof step);
        for (int j = i - 1; j >= 0; j--) {
            int o = order(nest, step, j);
            if (o > 0) to = j;
            else if (o < 0) break;
        }
        for (int j = i; j > to; j--) {
            nest->n[j] = nest->n[j - 1];
            nest->axis[j] = nest->axis[j - 1];
            memcpy(nest->step[j], nest->step[j - 1], sizeof step);
        }
        nest->n[to] = n;
        nest->axis[to] = axis;
        memcpy(nest->step[to], step, sizeof step);
    }
}

static bool joins(const lsv_nest *nest, int inner, int outer) {
    for (int op = 0; op < nest->nops; op++)
        if (nest->step[outer][op] != nest->step[inner][op] * nest->n[inner]) return false;
    return true;
}

void lsv_nest_join(lsv_nest *nest) {
    int kept = 0;
    for (int i = 0; i < nest->ndim; i++) {
        if (nest->n[i] == 1) continue;
        if (kept > 0 && joins(nest, kept - 1, i)) {
            nest->n[kept - 1] *= nest->n[i];
            continue;
        }
        if (kept != i) {
            nest->n[kept] = nest->n[i];
            nest->axis[kept] = nest->axis[i];
            memcpy(nest->step[kept], nest->step[i], sizeof nest->step[i]);
        }
        kept++;
    }
    nest->ndim = kept;
}

/* A long run goes to the body in pieces, so that an interrupt is noticed. */
static lsv_status long_run(const lsv_nest *nest, lsv_nest_body *body, void *context, char **at,
                           lsv_error *err) {
    ptrdiff_t n = nest->n[0];
    char *piece[LSV_NEST_OPS];
    for (ptrdiff_t done = 0; done < n; done += LSV_NEST_POLL) {
        if (!nest->whole) LSV_TRY(lsv_poll(err));
        for (int op = 0; op < nest->nops; op++) piece[op] = at[op] + done * nest->step[0][op];
        LSV_TRY(body(context, piece, nest->step[0], n - done < LSV_NEST_POLL ? n - done : LSV_NEST_POLL));
    }
    return LSV_OK;
}

lsv_status lsv_nest_run(lsv_nest *nest, lsv_nest_body *body, void *context, lsv_error *err) {
    static const ptrdiff_t still[LSV_NEST_OPS] = {0};
    char *at[LSV_NEST_OPS];
    if (nest->size == 0) return LSV_OK;
    memcpy(at, nest->base, sizeof at);
    if (nest->ndim == 0) return body(context, at, still, 1);
    if (nest->n[0] > LSV_NEST_POLL && nest->ndim == 1) return long_run(nest, body, context, at, err);
    if (nest->ndim == 1) return body(context, at, nest->step[0], nest->n[0]);

    ptrdiff_t index[LSV_MAXDIM] = {0}, since = 0;
    for (;;) {
        LSV_TRY(body(context, at, nest->step[0], nest->n[0]));
        since += nest->n[0];
        if (since >= LSV_NEST_POLL && !nest->whole) {
            LSV_TRY(lsv_poll(err));
            since = 0;
        }
        int i = 1;
        for (; i < nest->ndim; i++) {
            for (int op = 0; op < nest->nops; op++) at[op] += nest->step[i][op];
            if (++index[i] < nest->n[i]) break;
            for (int op = 0; op < nest->nops; op++) at[op] -= nest->step[i][op] * nest->n[i];
            index[i] = 0;
        }
        if (i == nest->ndim) return LSV_OK;
    }
}

lsv_status lsv_nest_result(lsv_nest *nest, lsv_kind kind, lsv_dtype dtype, lsv_array **out, lsv_error *err) {
    ptrdiff_t shape[LSV_MAXDIM], item = (ptrdiff_t)lsv_dtype_size(dtype), stride = 1;
    for (int i = 0; i < nest->ndim; i++) shape[nest->axis[i]] = nest->n[i];
    lsv_array *result = NULL;
    LSV_TRY(lsv_empty(kind, dtype, nest->ndim, shape, &result, err));
    int op = nest->nops++;
    nest->base[op] = result->data;
    for (int i = 0; i < nest->ndim; i++) {
        if (result->size) result->strides[nest->axis[i]] = stride;
        nest->step[i][op] = nest->n[i] == 1 ? 0 : stride * item;
        stride *= nest->n[i];
    }
    *out = result;
    return LSV_OK;
}

/* Operands 0: a, 1: the copy; the context holds both dtypes. */
static lsv_status convert_body(void *context, char *const *at, const ptrdiff_t *step, ptrdiff_t n) {
    const lsv_dtype *dtypes = context;
    lsv_convert_run(dtypes[1], at[1], step[1], dtypes[0], at[0], step[0], n);
    return LSV_OK;
}

lsv_status lsv_borrow_as(const lsv_array *a, lsv_dtype dtype, const lsv_array **use, lsv_array **owned,
                         lsv_error *err) {
    lsv_nest nest;
    lsv_dtype dtypes[2] = {(lsv_dtype)a->dtype, dtype};
    *use = a;
    *owned = NULL;
    if (a->dtype == dtype) return LSV_OK;
    lsv_nest_init(&nest, a->ndim, a->shape);
    lsv_nest_add(&nest, a);
    lsv_nest_sort(&nest);
    LSV_TRY(lsv_nest_result(&nest, (lsv_kind)a->kind, dtype, owned, err));
    lsv_nest_join(&nest);
    lsv_status status = lsv_nest_run(&nest, convert_body, dtypes, err);
    if (status == LSV_OK) {
        *use = *owned;
        return LSV_OK;
    }
    lsv_release(*owned);
    *owned = NULL;
    return status;
}
