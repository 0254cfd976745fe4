/* Operands on their way to the device and back: see spans.h. */
#include "backend/cuda/spans.h"

#include <string.h>
#include "base/alloc.h"

static size_t size_of(const trip *w) { return lsv_dtype_size(w->t); }

/* Bytes from the first element of a span to its last. */
static size_t extent(const trip *w, const span *s) {
    if (s->rows < 1 || s->width < 1) return 0;
    return (size_t)((s->rows - 1) * s->step + s->width) * size_of(w);
}

static double bytes(const trip *w, const span *s) {
    return (double)s->rows * (double)s->width * (double)size_of(w);
}

static void find(trip *w) {
    w->move = (lsv_move_bytes){0};
    w->scratch = false;
    for (int i = 0; i < w->count; i++) {
        span *s = &w->spans[i];
        size_t all = extent(w, s);
        s->device = NULL;
        s->mirror = all ? lsv_mirror_find(s->host, all) : NULL;
        lsv_mirror *m = s->mirror;
        if (m && m->scratch) w->scratch = true;
        if (s->in && (!m || !m->device_valid)) w->move.up += m ? (double)m->bytes : bytes(w, s);
        if (s->out && !m) w->move.down += bytes(w, s);
        if (m && !m->host_valid) w->move.home += (double)m->bytes;
    }
}

static lsv_status open_mirror(span *s, size_t all, lsv_error *err) {
    lsv_mirror *m = s->mirror;
    /* what is not overwritten must be there */
    bool whole = (!s->in && s->out && all == m->bytes) || (m->scratch && !m->set);
    if (s->out && !whole && !m->scratch)
        LSV_TRY(lsv_mirror_to_host(m, err)); /* should the GPU fail half way, the CPU begins from there */
    LSV_TRY(lsv_mirror_on_device(m, !whole, err));
    s->device = (char *)m->device + ((const char *)s->host - (const char *)m->host);
    s->ld = s->step;
    return LSV_OK;
}

static lsv_status open_span(trip *w, span *s, lsv_error *err) {
    size_t all = extent(w, s), size = size_of(w), width = (size_t)s->width * size;
    if (s->mirror) return open_mirror(s, all, err);
    s->ld = s->width > 0 ? s->width : 1;
    LSV_TRY(lsv_cu_alloc(all ? (size_t)s->rows * width : 1, &s->device, err));
    if (!s->in || !all) return LSV_OK;
    return lsv_cu_upload(s->device, 0, s->host, (size_t)s->step * size, width, (size_t)s->rows, err);
}

static lsv_status open_all(trip *w, lsv_error *err) {
    LSV_TRY(lsv_cu_start(err));
    for (int i = 0; i < w->count; i++)
        if (w->spans[i].mirror) w->spans[i].mirror->pins++;
    lsv_status status = LSV_OK;
    for (int i = 0; i < w->count && status == LSV_OK; i++)
        if (w->spans[i].host) status = open_span(w, &w->spans[i], err);
    return status;
}

/* Into host memory of its own first where the operand is overwritten by its result: should a later copy fail,
   the CPU needs the operand. */
static lsv_status bring_one(trip *w, span *s, void *to, bool dense, lsv_error *err) {
    size_t size = size_of(w), width = (size_t)s->width * size;
    return lsv_cu_download(to, dense ? width : (size_t)s->step * size, s->device, (size_t)s->ld * size, width,
                           (size_t)s->rows, err);
}

static void unpack(const trip *w, const span *s, const char *from) {
    size_t size = size_of(w), width = (size_t)s->width * size;
    char *to = (char *)(uintptr_t)s->host;
    for (ptrdiff_t i = 0; i < s->rows; i++)
        memcpy(to + (size_t)(i * s->step) * size, from + (size_t)i * width, width);
}

static lsv_status bring_back(trip *w, lsv_error *err) {
    void *aside[SPANS_MOST] = {NULL};
    lsv_status status = LSV_OK;
    for (int i = 0; i < w->count && status == LSV_OK; i++) {
        span *s = &w->spans[i];
        if (!s->out || s->mirror || !s->device || !extent(w, s)) continue;
        size_t bytes = (size_t)s->rows * (size_t)s->width * size_of(w);
        if (s->in && !(aside[i] = lsv_malloc(bytes))) status = lsv_no_memory(err, bytes);
        else status = bring_one(w, s, s->in ? aside[i] : (void *)(uintptr_t)s->host, s->in, err);
    }
    for (int i = 0; i < w->count && status == LSV_OK; i++) {
        span *s = &w->spans[i];
        if (s->out && s->mirror && s->device) lsv_mirror_device_written(s->mirror);
        if (aside[i]) unpack(w, s, aside[i]);
    }
    for (int i = 0; i < w->count; i++) lsv_free(aside[i]);
    return status;
}

static void close_all(trip *w, bool good) {
    for (int i = 0; i < w->count; i++) {
        span *s = &w->spans[i];
        if (s->mirror) s->mirror->pins--;
        else lsv_cu_free(s->device);
        s->device = NULL;
        lsv_mirror *m = s->mirror;
        if (good || !m || !s->out) continue;
        m->device_valid = false; /* it may be half written; the host's copy is whole, or was not set either */
        if (m->scratch) m->lost = true, m->host_valid = false;
        else if (!m->lost) m->host_valid = true;
    }
}

bool lsv_trip_begin(trip *w) {
    find(w);
    w->start = lsv_dispatch_clock();
    w->how = NULL;
    if (w->scratch ? !lsv_device : !lsv_dispatch_gpu(w->op, w->t, w->m, w->n, w->k, w->move)) return false;
    lsv_status status = open_all(w, &w->detail);
    if (status == LSV_OK) return true;
    lsv_trip_end(w, &status);
    return false;
}

static const char *op_name(lsv_op op) {
    static const char *const names[LSV_NOPS] = {
#define X(ENUM, entry, parameters) #entry,
        LSV_BACKEND_OPS(X)
#undef X
    };
    return names[op];
}

bool lsv_trip_end(trip *w, lsv_status *status) {
    if (*status == LSV_OK) *status = bring_back(w, &w->detail);
    close_all(w, *status == LSV_OK);
    lsv_cu_look();
    if (*status == LSV_OK) { /* scratch: queued behind others, its time says nothing */
        lsv_dispatch_ran(w->op, w->t, w->m, w->n, w->k, true, w->scratch ? 0 : lsv_dispatch_clock() - w->start,
                         w->move, w->scratch ? "queued, the result stays there" : w->how);
        return true;
    }
    if (*status == LSV_EINTR) return true;
    lsv_cu_fell_back(op_name(w->op), &w->detail);
    w->how = *status == LSV_ENOMEM     ? "the GPU had no room"
             : *status == LSV_ENOTIMPL ? "not offered by the GPU"
                                       : "the GPU failed";
    return false;
}

lsv_status lsv_trip_to_host(trip *w, lsv_error *err) {
    if (w->scratch) return lsv_fail(err, LSV_ENOTIMPL, "%s: the GPU stopped half way", op_name(w->op));
    for (int i = 0; i < w->count; i++) {
        lsv_mirror *m = w->spans[i].mirror;
        if (m) LSV_TRY(w->spans[i].out ? lsv_mirror_write_host(m, err) : lsv_mirror_to_host(m, err));
    }
    w->start = lsv_dispatch_clock();
    return LSV_OK;
}

void lsv_trip_ran_on_host(trip *w) {
    lsv_move_bytes none = {.home = w->move.home};
    lsv_dispatch_ran(w->op, w->t, w->m, w->n, w->k, false, lsv_dispatch_clock() - w->start, none, w->how);
}
