/* Mirrors: device copies of storages (mirror.h).

   The mirrors are kept sorted by host address, so that a pointer into an array, which is all that a backend
   sees, finds its device copy by bisection. A storage with a mirror has its release function wrapped: the
   hot paths of lsv_release know nothing of devices. */
#include "array/mirror.h"

#include <string.h>
#include "array/inside.h"
#include "base/alloc.h"

const lsv_device_table *lsv_device;

static lsv_mirror **mirrors; /* ascending by host */
static int count, room;
static unsigned long now_used;
static _Thread_local int scratches;

/* Arrays below this are copied lazily on their way to a device: the host's copy stays valid and reading it is
 * free. */
enum { EAGER_BYTES = 1 << 20 };

/* ---- the table ---- */

static int position(const void *host) { /* of the first mirror beyond it */
    int low = 0, high = count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if ((const char *)mirrors[middle]->host <= (const char *)host) low = middle + 1;
        else high = middle;
    }
    return low;
}

lsv_mirror *lsv_mirror_find(const void *host, size_t bytes) {
    if (!count) return NULL;
    int at = position(host);
    if (!at) return NULL;
    lsv_mirror *m = mirrors[at - 1];
    size_t offset = (size_t)((const char *)host - (const char *)m->host);
    return offset < m->bytes && bytes <= m->bytes - offset ? m : NULL;
}

int lsv_mirror_count(void) { return count; }

static lsv_mirror *add(void *host, size_t bytes) {
    if (count == room) {
        int more = room ? 2 * room : 16;
        lsv_mirror **grown = lsv_realloc(mirrors, (size_t)more * sizeof *mirrors);
        if (!grown) return NULL;
        mirrors = grown, room = more;
    }
    lsv_mirror *m = lsv_calloc(1, sizeof *m);
    if (!m) return NULL;
    m->host = host, m->bytes = bytes, m->host_valid = true;
    int at = position(host);
    memmove(mirrors + at + 1, mirrors + at, (size_t)(count - at) * sizeof *mirrors);
    mirrors[at] = m;
    count++;
    return m;
}

static void give_device_copy(lsv_mirror *m) {
    if (m->device && lsv_device) lsv_device->free(m->device);
    m->device = NULL;
    m->device_valid = false;
}

static void drop(lsv_mirror *m) {
    give_device_copy(m);
    int at = position(m->host) - 1;
    while (at > 0 && mirrors[at] != m) at--; /* storages of no bytes may share an address */
    memmove(mirrors + at, mirrors + at + 1, (size_t)(--count - at) * sizeof *mirrors);
    lsv_free(m);
    if (count) return;
    lsv_free(mirrors);
    mirrors = NULL, room = 0;
}

/* ---- storages ---- */

static void detach(lsv_storage *s) {
    lsv_mirror *m = s->mirror;
    s->release = m->release;
    s->mirror = NULL;
    drop(m);
}

static void release_mirrored(lsv_storage *s) {
    detach(s);
    if (s->release) {
        s->release(s);
        return;
    }
    lsv_free(s->data);
    lsv_free(s);
}

static lsv_status attach(lsv_storage *s, int device, lsv_error *err) {
    if (s->mirror) return LSV_OK;
    lsv_mirror *m = add(s->data, s->bytes);
    if (!m) return lsv_no_memory(err, sizeof *m);
    m->storage = s;
    m->ordinal = device - 1;
    m->release = s->release;
    s->release = release_mirrored;
    s->mirror = m;
    return LSV_OK;
}

/* ---- host access ---- */

lsv_status lsv_mirror_to_host(lsv_mirror *m, lsv_error *err) {
    if (m->host_valid) return LSV_OK;
    if (!m->lost && lsv_device) {
        lsv_status status = lsv_device->download(m->host, m->device, m->bytes, err);
        /* the only copy is still there: what failed may not fail again */
        if (status != LSV_OK && status != LSV_EINTR && lsv_device)
            status = lsv_device->download(m->host, m->device, m->bytes, err);
        if (status == LSV_OK) m->host_valid = true;
        if (status == LSV_OK || !m->lost) return status;
    }
    lsv_status status =
        lsv_fail(err, LSV_ERUNTIME, "the only copy of this array was on the GPU, which has failed");
    lsv_hint(err, "compute it again: the CPU does the work from here on");
    return status;
}

lsv_status lsv_mirror_write_host(lsv_mirror *m, lsv_error *err) {
    LSV_TRY(lsv_mirror_to_host(m, err));
    m->device_valid = false;
    return LSV_OK;
}

lsv_status lsv_host_view(const lsv_array *a, lsv_array **out, lsv_error *err) {
    LSV_TRY(lsv_host(a, err));
    lsv_array *v;
    if (!a->storage) { /* a number on the C stack stays weak */
        LSV_TRY(lsv_copy(a, out, err));
        (*out)->flags |= a->flags & LSV_WEAK;
        return LSV_OK;
    }
    LSV_TRY(lsv_view((lsv_array *)(uintptr_t)a, &v, err));
    v->device = 0;
    v->flags = a->flags & (uint8_t)~LSV_REQUIRES_GRAD; /* autograd's record stays with the handle it is of */
    *out = v;
    return LSV_OK;
}

lsv_status lsv_host_as_dtype(const lsv_array *a, lsv_dtype dtype, lsv_array **out, lsv_error *err) {
    if (!a->device) return lsv_as_dtype((lsv_array *)(uintptr_t)a, dtype, out, err);
    lsv_array *v;
    LSV_TRY(lsv_host_view(a, &v, err));
    lsv_status status = lsv_as_dtype(v, dtype, out, err);
    lsv_release(v);
    return status;
}

/* ---- device access ---- */

static lsv_status lost_or_none(const lsv_mirror *m, lsv_error *err) {
    if (m->lost) return lsv_mirror_to_host((lsv_mirror *)(uintptr_t)m, err);
    return lsv_fail(err, LSV_ENOTIMPL, "no GPU is up");
}

lsv_status lsv_mirror_on_device(lsv_mirror *m, bool valid, lsv_error *err) {
    m->used = ++now_used;
    if (m->lost || !lsv_device) return lost_or_none(m, err);
    if (!m->device) {
        m->device_valid = false;
        LSV_TRY(lsv_device->alloc(m->bytes ? m->bytes : 1, &m->device, err));
    }
    if (!valid || m->device_valid) return LSV_OK;
    LSV_TRY(lsv_device->upload(m->device, m->host, m->bytes, err));
    m->device_valid = true;
    return LSV_OK;
}

void lsv_mirror_device_written(lsv_mirror *m) {
    m->device_valid = m->set = true;
    m->host_valid = false;
}

lsv_mirror *lsv_mirror_begin(const void *host, size_t bytes) {
    lsv_mirror *m = lsv_mirror_find(host, bytes);
    if (!m) {
        if (!lsv_device || !(m = add((void *)(uintptr_t)host, bytes))) return NULL;
        m->borrowed = true;
    }
    m->pins++;
    return m;
}

void lsv_mirror_end(lsv_mirror *m) {
    if (!m) return;
    m->pins--;
    if (m->borrowed && !m->pins) drop(m);
}

/* ---- scratch ---- */

static lsv_mirror *scratch_at(const void *host) {
    lsv_mirror *m = host && scratches ? lsv_mirror_find(host, 1) : NULL;
    return m && m->scratch ? m : NULL;
}

bool lsv_scratch_begin(void *host, size_t bytes) {
    if (!lsv_device || lsv_mirror_find(host, 1)) return false;
    lsv_mirror *m = add(host, bytes);
    if (!m) return false;
    m->scratch = m->temporary = true;
    scratches++;
    return true;
}

void lsv_scratch_end(const void *host) {
    lsv_mirror *m = scratch_at(host);
    if (!m) return;
    scratches--;
    drop(m);
}

int lsv_scratch_count(void) { return scratches; }

bool lsv_scratch_is(const void *host) { return scratch_at(host) != NULL; }

/* What the device could not do, as the algorithm is told. */
static lsv_status half_way(lsv_status status, lsv_error *err) {
    if (status == LSV_OK || status == LSV_EINTR) return status;
    return lsv_fail(err, LSV_ENOTIMPL, "the GPU stopped half way");
}

lsv_status lsv_scratch_read(const void *host, lsv_error *err) {
    lsv_mirror *m = scratch_at(host);
    return m ? half_way(lsv_mirror_to_host(m, err), err) : LSV_OK;
}

void lsv_scratch_written(const void *host) {
    lsv_mirror *m = scratch_at(host);
    if (m) m->host_valid = m->set = true, m->device_valid = false;
}

lsv_status lsv_scratch_copy(void *to, ptrdiff_t to_step, const void *from, ptrdiff_t from_step, ptrdiff_t rows,
                            ptrdiff_t width, lsv_error *err) {
    lsv_mirror *t = scratch_at(to), *f = lsv_mirror_find(from, 1);
    if (!t || !f || !lsv_device) return half_way(LSV_ENOTIMPL, err);
    t->pins++, f->pins++;
    lsv_status status = lsv_mirror_on_device(f, true, err);
    if (status == LSV_OK) status = lsv_mirror_on_device(t, t->set, err);
    if (status == LSV_OK)
        status = lsv_device->copy_rows((char *)t->device + ((char *)to - (char *)t->host), to_step,
                                       (char *)f->device + ((const char *)from - (const char *)f->host), from_step,
                                       rows, width, err);
    if (status == LSV_OK) lsv_mirror_device_written(t);
    t->pins--, f->pins--;
    return half_way(status, err);
}

lsv_status lsv_scratch_row_squares(const void *host, ptrdiff_t rows, ptrdiff_t width, double *sums, lsv_error *err) {
    lsv_mirror *m = lsv_mirror_find(host, 1);
    if (!m || !lsv_device) return half_way(LSV_ENOTIMPL, err);
    m->pins++;
    lsv_status status = lsv_mirror_on_device(m, true, err);
    if (status == LSV_OK)
        status = lsv_device->row_squares((char *)m->device + ((const char *)host - (const char *)m->host), rows, width,
                                         sums, err);
    m->pins--;
    return half_way(status, err);
}

/* The one to give back next; dirty: those whose only copy is the device's. */
static lsv_mirror *oldest(bool dirty) {
    lsv_mirror *best = NULL;
    for (int i = 0; i < count; i++) {
        lsv_mirror *m = mirrors[i];
        if (!m->device || m->pins || m->host_valid == dirty) continue;
        if (!best || m->used < best->used) best = m;
    }
    return best;
}

size_t lsv_mirror_give_back(size_t bytes, bool spill) {
    size_t given = 0;
    lsv_mirror *m;
    while (given < bytes && (m = oldest(false))) {
        given += m->bytes;
        give_device_copy(m);
    }
    while (spill && given < bytes && (m = oldest(true))) {
        if (lsv_mirror_to_host(m, NULL) != LSV_OK) break;
        given += m->bytes;
        give_device_copy(m);
    }
    return given;
}

int lsv_mirror_device_failed(void (*each)(void *context, lsv_storage *storage), void *context) {
    int lost = 0;
    lsv_device = NULL;
    for (int i = 0; i < count; i++) {
        lsv_mirror *m = mirrors[i];
        m->device = NULL;
        m->device_valid = false;
        if (m->host_valid || m->lost) continue;
        m->lost = true;
        if (m->temporary) continue;
        lost++;
        if (each && m->storage) each(context, m->storage);
    }
    return lost;
}

/* ---- moving ---- */

lsv_status lsv_put_on(lsv_array *a, int device, lsv_error *err) {
    if (!device) {
        LSV_TRY(lsv_host(a, err));
        if (a->storage && a->storage->mirror && a->storage->refs == 1) detach(a->storage);
    } else if (a->storage) {
        LSV_TRY(attach(a->storage, device, err));
    }
    a->device = (uint8_t)device;
    return LSV_OK;
}

lsv_status lsv_empty_on(int device, lsv_kind kind, lsv_dtype dtype, int ndim, const ptrdiff_t *shape,
                        lsv_array **out, lsv_error *err) {
    lsv_array *a;
    LSV_TRY(lsv_empty(kind, dtype, ndim, shape, &a, err));
    lsv_status status = lsv_put_on(a, device, err);
    if (status == LSV_OK) *out = a;
    else lsv_release(a);
    return status;
}

/* Straight from the source's host memory to the copy's device memory; LSV_ENOTIMPL: through the host then. */
static lsv_status upload_into(lsv_array *to, const lsv_array *from, size_t bytes, lsv_error *err) {
    lsv_mirror *m = to->storage->mirror;
    if (!lsv_device || bytes < EAGER_BYTES || !lsv_is_contiguous(from)) return LSV_ENOTIMPL;
    lsv_status status = lsv_mirror_on_device(m, false, NULL);
    if (status == LSV_OK)
        status = lsv_device->upload((char *)m->device + (to->data - (char *)m->host), from->data, bytes, err);
    if (status == LSV_OK) lsv_mirror_device_written(m);
    return status == LSV_OK || status == LSV_EINTR ? status : LSV_ENOTIMPL;
}

lsv_status lsv_to_device(const lsv_array *a, int device, lsv_array **out, lsv_error *err) {
    if (a->device == device) {
        *out = lsv_ref((lsv_array *)(uintptr_t)a);
        return LSV_OK;
    }
    if (!device) return lsv_to_host_array(a, out, err);
    lsv_array *c;
    LSV_TRY(lsv_host(a, err));
    LSV_TRY(lsv_empty_on(device, (lsv_kind)a->kind, (lsv_dtype)a->dtype, a->ndim, a->shape, &c, err));
    lsv_status status = upload_into(c, a, (size_t)a->size * lsv_dtype_size((lsv_dtype)a->dtype), err);
    if (status == LSV_ENOTIMPL) {
        lsv_array from = *a, to = *c; /* on the host: no route to the device */
        from.device = to.device = 0;
        status = lsv_assign(&to, &from, err);
    }
    if (status == LSV_OK) *out = c;
    else lsv_release(c);
    return status;
}

lsv_status lsv_to_host_array(const lsv_array *a, lsv_array **out, lsv_error *err) {
    if (!a->device) {
        *out = lsv_ref((lsv_array *)(uintptr_t)a);
        return LSV_OK;
    }
    lsv_mirror *m = a->storage ? a->storage->mirror : NULL;
    lsv_array plain = *a, *c;
    plain.device = 0;
    if (!m || m->host_valid || m->lost || !lsv_device || !lsv_is_contiguous(a)) {
        LSV_TRY(lsv_host(a, err));
        return lsv_copy(&plain, out, err);
    }
    LSV_TRY(lsv_empty((lsv_kind)a->kind, (lsv_dtype)a->dtype, a->ndim, a->shape, &c, err));
    lsv_status status = lsv_device->download(c->data, lsv_device_data(a),
                                             (size_t)a->size * lsv_dtype_size((lsv_dtype)a->dtype), err);
    if (status == LSV_OK) *out = c;
    else lsv_release(c);
    return m->lost ? lsv_host(a, err) : status;
}
