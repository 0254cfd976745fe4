/* Unary operations: types, a nest of two operands, and conversions in blocks around a kernel
   that knows only its compute type. */
#include "array/kernel.h"
#include "array/mirror.h"

#include "array/nest.h"

typedef struct unary_work {
    lsv_loop1 *loop;
    lsv_dtype from, in, compute, kernel_out, out;
    bool convert_in, convert_out;
} unary_work;

/* Operands 0: a, 1: out. */
static lsv_status unary_run(void *context, char *const *at, const ptrdiff_t *step, ptrdiff_t n) {
    const unary_work *w = context;
    if (!w->convert_in && !w->convert_out) {
        w->loop(at[1], at[0], (ptrdiff_t[]){step[1], step[0]}, n);
        return LSV_OK;
    }
    double narrow[LSV_BLOCK], in[LSV_BLOCK], out[LSV_BLOCK];
    const ptrdiff_t si = (ptrdiff_t)lsv_dtype_size(w->in), sc = (ptrdiff_t)lsv_dtype_size(w->compute);
    const ptrdiff_t so = (ptrdiff_t)lsv_dtype_size(w->kernel_out);
    for (ptrdiff_t done = 0; done < n; done += LSV_BLOCK) {
        ptrdiff_t m = n - done < LSV_BLOCK ? n - done : LSV_BLOCK, steps[2] = {step[1], step[0]};
        const char *a = at[0] + done * step[0];
        char *o = at[1] + done * step[1];
        if (w->convert_in) {
            if (w->from != w->in && w->in != w->compute) { /* rounds to a 16-bit type on the way */
                lsv_convert_run(w->in, (char *)narrow, si, w->from, a, step[0], m);
                lsv_convert_run(w->compute, (char *)in, sc, w->in, (char *)narrow, si, m);
            } else {
                lsv_convert_run(w->compute, (char *)in, sc, w->from, a, step[0], m);
            }
            a = (const char *)in;
            steps[1] = sc;
        }
        if (w->convert_out) steps[0] = so;
        w->loop(w->convert_out ? (char *)out : o, a, steps, m);
        if (w->convert_out) lsv_convert_run(w->out, o, step[1], w->kernel_out, (char *)out, so, m);
    }
    return LSV_OK;
}

lsv_status lsv_apply1(const lsv_types *t, lsv_loop1 *loop, const lsv_array *a, lsv_array **out,
                      lsv_error *err) {
    unary_work w = {.loop = loop,
                    .from = (lsv_dtype)a->dtype,
                    .in = t->in,
                    .compute = lsv_compute_dtype(t->compute),
                    .out = t->out};
    w.kernel_out = t->out == LSV_BOOL ? LSV_BOOL : w.compute;
    w.convert_in = w.from != w.compute;
    w.convert_out = w.out != w.kernel_out;
    lsv_array *result = NULL;
    if (!w.convert_in && !w.convert_out && lsv_nest_plain(a)) { /* the short way */
        LSV_TRY(lsv_empty(t->kind, t->out, a->ndim, a->shape, &result, err));
        if (a->size <= LSV_NEST_POLL) {
            loop(result->data, a->data,
                 (ptrdiff_t[]){(ptrdiff_t)lsv_dtype_size(t->out), (ptrdiff_t)lsv_dtype_size(w.compute)},
                 a->size);
            *out = result;
            return LSV_OK;
        }
        lsv_release(result);
        result = NULL;
    }
    lsv_nest nest;
    lsv_nest_init(&nest, a->ndim, a->shape);
    lsv_nest_add(&nest, a);
    lsv_nest_sort(&nest);
    LSV_TRY(lsv_nest_result(&nest, t->kind, t->out, &result, err));
    lsv_nest_join(&nest);
    lsv_status status = lsv_nest_run(&nest, unary_run, &w, err);
    if (status != LSV_OK) {
        lsv_release(result);
        return status;
    }
    *out = result;
    return LSV_OK;
}

/* An array of a device: there if it can be, else here, and the result goes back. */
static lsv_status on_device(lsv_unary_op op, const lsv_types *t, const lsv_array *a, lsv_array **out, lsv_error *err) {
    lsv_status status = LSV_ENOTIMPL;
    if (lsv_device && t->in == lsv_compute_dtype(t->compute)) status = lsv_device->unary(op, a, t->in, t->out, out, err);
    if (status != LSV_ENOTIMPL) return status;
    LSV_TRY(lsv_host(a, err));
    LSV_TRY(lsv_apply1(t, lsv_loop1_of(op, t->kind, t->compute), a, out, err));
    return lsv_follow(out, a->device, err);
}

lsv_status lsv_unary(lsv_unary_op op, const lsv_array *a, lsv_array **out, lsv_error *err) {
    lsv_types t;
    lsv_status status = lsv_unary_types(op, a, &t, err);
    if (status != LSV_OK) {
        lsv_blame(err, 0);
        return status;
    }
    if (__builtin_expect(a->device, 0)) return on_device(op, &t, a, out, err);
    return lsv_apply1(&t, lsv_loop1_of(op, t.kind, t.compute), a, out, err);
}
