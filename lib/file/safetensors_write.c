/* .safetensors, written: the header from the plan, then the tensors as they come. The order is the
   format's custom: wide element types first, then by name, so that every tensor is aligned; the
   header is padded to eight bytes. Equal to the last byte to what the safetensors package writes. */
#include "file/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "text/text.h"

typedef struct slot {
    const char *name;
    uint8_t order;
    ptrdiff_t i;
} slot;

struct lsv_safetensors_writer {
    lsv_writer *file;
    ptrdiff_t n, next;
    lsv_tensor_plan *plan; /* names owned, in the order of the data */
    ptrdiff_t *source;     /* plan's place in the caller's          */
    char *path;
};

static int by_order(const void *a, const void *b) {
    const slot *x = a, *y = b;
    if (x->order != y->order) return x->order > y->order ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void describe(lsv_text *t, const lsv_tensor_plan *p, size_t begin, size_t end) {
    lsv_json_quote(t, p->name);
    lsv_text_printf(t, ":{\"dtype\":\"%s\",\"shape\":[", lsv_element_of(p->dtype)->name);
    for (int i = 0; i < p->ndim; i++) lsv_text_printf(t, i ? ",%td" : "%td", p->shape[i]);
    lsv_text_printf(t, "],\"data_offsets\":[%zu,%zu]}", begin, end);
}

static lsv_status plan_bytes(const char *path, const lsv_tensor_plan *p, ptrdiff_t *bytes, lsv_error *err) {
    *bytes = (ptrdiff_t)lsv_dtype_size(p->dtype);
    bool fits = p->ndim >= 0 && p->ndim <= LSV_MAXDIM;
    for (int i = 0; fits && i < p->ndim; i++)
        fits = p->shape[i] >= 0 && lsv_mul_size(*bytes, p->shape[i], bytes);
    return fits ? LSV_OK
                : lsv_fail(err, LSV_EVALUE, "%s: tensor '%s': no shape that can be written",
                           lsv_tail(path, 160), lsv_tail(p->name, 120));
}

static lsv_status header_text(const lsv_safetensors_writer *w, ptrdiff_t npairs, const char *const *metadata,
                              lsv_text *t, lsv_error *err) {
    lsv_text_putc(t, '{');
    if (npairs) {
        lsv_text_puts(t, "\"__metadata__\":{");
        for (ptrdiff_t i = 0; i < npairs; i++) {
            if (i) lsv_text_putc(t, ',');
            lsv_json_quote(t, metadata[2 * i]);
            lsv_text_putc(t, ':');
            lsv_json_quote(t, metadata[2 * i + 1]);
        }
        lsv_text_putc(t, '}');
    }
    ptrdiff_t at = 0, end, bytes;
    for (ptrdiff_t i = 0; i < w->n; i++, at = end) {
        LSV_TRY(plan_bytes(w->path, &w->plan[i], &bytes, err));
        if (!lsv_add_size(at, bytes, &end)) return lsv_no_memory(err, SIZE_MAX);
        if (i || npairs) lsv_text_putc(t, ',');
        describe(t, &w->plan[i], (size_t)at, (size_t)end);
    }
    lsv_text_putc(t, '}');
    lsv_text_fill(t, ' ', (8 - t->length % 8) % 8);
    return t->failed ? lsv_no_memory(err, t->length) : LSV_OK;
}

void lsv_safetensors_abandon(lsv_safetensors_writer *w) {
    if (!w) return;
    lsv_writer_abandon(w->file);
    for (ptrdiff_t i = 0; w->plan && i < w->n; i++) lsv_free((char *)w->plan[i].name);
    lsv_free(w->plan);
    lsv_free(w->source);
    lsv_free(w->path);
    lsv_free(w);
}

/* The plan in the order of the file. */
static lsv_status lay_out(lsv_safetensors_writer *w, const lsv_tensor_plan *plan, ptrdiff_t n,
                          lsv_error *err) {
    slot *slots = lsv_malloc(((size_t)n + 1) * sizeof *slots);
    w->plan = lsv_calloc((size_t)n + 1, sizeof *w->plan);
    w->source = lsv_calloc((size_t)n + 1, sizeof *w->source);
    lsv_status status = slots && w->plan && w->source ? LSV_OK : lsv_no_memory(err, (size_t)n * sizeof *plan);
    for (ptrdiff_t i = 0; status == LSV_OK && i < n; i++)
        slots[i] = (slot){plan[i].name, lsv_element_of(plan[i].dtype)->order, i};
    if (status == LSV_OK && n) qsort(slots, (size_t)n, sizeof *slots, by_order);
    for (ptrdiff_t i = 0; status == LSV_OK && i < n; i++) {
        w->source[i] = slots[i].i;
        w->plan[i] = plan[slots[i].i];
        w->plan[i].name = lsv_strdup(slots[i].name);
        w->n = i + 1;
        if (!w->plan[i].name) status = lsv_no_memory(err, strlen(slots[i].name));
        else if (strcmp(w->plan[i].name, "__metadata__") == 0)
            status = lsv_fail(err, LSV_EVALUE, "%s: tensor '__metadata__': the name is taken by the format",
                              lsv_tail(w->path, 200));
    }
    lsv_free(slots);
    return status;
}

lsv_status lsv_safetensors_create(const char *path, ptrdiff_t n, const lsv_tensor_plan *plan,
                                  ptrdiff_t npairs, const char *const *metadata, lsv_safetensors_writer **out,
                                  lsv_error *err) {
    lsv_text t = {0};
    lsv_safetensors_writer *w = lsv_calloc(1, sizeof *w);
    if (!w) return lsv_no_memory(err, sizeof *w);
    w->path = lsv_strdup(path);
    lsv_status status = w->path ? lay_out(w, plan, n, err) : lsv_no_memory(err, strlen(path));
    if (status == LSV_OK) status = header_text(w, npairs, metadata, &t, err);
    if (status == LSV_OK) status = lsv_writer_open(path, &w->file, err);
    uint64_t length = t.length;
    if (status == LSV_OK) status = lsv_writer_put(w->file, &length, sizeof length, err);
    if (status == LSV_OK) status = lsv_writer_put(w->file, t.data, t.length, err);
    lsv_text_free(&t);
    if (status == LSV_OK) *out = w;
    else lsv_safetensors_abandon(w);
    return status;
}

ptrdiff_t lsv_safetensors_next(const lsv_safetensors_writer *w) {
    return w->next < w->n ? w->source[w->next] : -1;
}

lsv_status lsv_safetensors_put(lsv_safetensors_writer *w, const lsv_array *a, lsv_error *err) {
    if (w->next >= w->n)
        return lsv_fail(err, LSV_EVALUE, "%s: all its tensors were written already", lsv_tail(w->path, 200));
    const lsv_tensor_plan *p = &w->plan[w->next];
    bool same = a->dtype == p->dtype && a->ndim == p->ndim;
    for (int i = 0; same && i < p->ndim; i++) same = a->shape[i] == p->shape[i];
    if (!same) {
        char shape[96];
        return lsv_fail(err, LSV_EVALUE,
                        "%s: tensor '%s': an array of %s and shape %s is not what was planned",
                        lsv_tail(w->path, 160), lsv_tail(p->name, 120), lsv_dtype_name((lsv_dtype)a->dtype),
                        lsv_shape_text(a, shape, sizeof shape));
    }
    lsv_array *flat;
    LSV_TRY(lsv_contiguous((lsv_array *)a, &flat, err));
    lsv_status status =
        lsv_writer_put(w->file, lsv_data(flat), (size_t)flat->size * lsv_dtype_size(p->dtype), err);
    lsv_release(flat);
    if (status == LSV_OK) w->next++;
    return status;
}

lsv_status lsv_safetensors_finish(lsv_safetensors_writer *w, lsv_error *err) {
    lsv_status status = LSV_OK;
    if (w->next < w->n) {
        status = lsv_fail(err, LSV_EVALUE, "%s: tensor '%s' was not written", lsv_tail(w->path, 160),
                          lsv_tail(w->plan[w->next].name, 120));
    } else {
        status = lsv_writer_commit(w->file, err);
        w->file = NULL;
    }
    lsv_safetensors_abandon(w);
    return status;
}

lsv_status lsv_safetensors_save(const char *path, const lsv_arrays *arrays, ptrdiff_t npairs,
                                const char *const *metadata, lsv_error *err) {
    lsv_tensor_plan *plan = lsv_malloc(((size_t)arrays->n + 1) * sizeof *plan);
    if (!plan) return lsv_no_memory(err, ((size_t)arrays->n + 1) * sizeof *plan);
    for (ptrdiff_t i = 0; i < arrays->n; i++) {
        const lsv_array *a = arrays->items[i].array;
        plan[i] =
            (lsv_tensor_plan){.name = arrays->items[i].name, .dtype = (lsv_dtype)a->dtype, .ndim = a->ndim};
        for (int k = 0; k < a->ndim; k++) plan[i].shape[k] = a->shape[k];
    }
    lsv_safetensors_writer *w;
    lsv_status status = lsv_safetensors_create(path, arrays->n, plan, npairs, metadata, &w, err);
    lsv_free(plan);
    if (status != LSV_OK) return status;
    for (ptrdiff_t i; status == LSV_OK && (i = lsv_safetensors_next(w)) >= 0;)
        status = lsv_safetensors_put(w, arrays->items[i].array, err);
    if (status == LSV_OK) return lsv_safetensors_finish(w, err);
    lsv_safetensors_abandon(w);
    return status;
}
