/* A file's bytes. A mapping is a storage whose release unmaps it, so arrays over it keep it alive
   and nobody else has to. The mapping is private and writable: an array over it can be changed in
   place, which costs the touched pages and leaves the file alone. No swap is reserved for it, or a
   model larger than the memory could not be mapped. */
#include "file/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hold.h"
#include "base/interrupt.h"

lsv_status lsv_os_error(const char *path, lsv_error *err) {
    int number = errno;
    return lsv_fail(err, LSV_EOS, "[Errno %d] %s: '%s'", number, strerror(number), lsv_tail(path, 300));
}

const char *lsv_tail(const char *text, size_t most) {
    size_t n = strlen(text);
    if (n <= most) return text;
    text += n - most;
    while (((unsigned char)*text & 0xC0) == 0x80) text++;
    return text;
}

lsv_status lsv_error_clean(lsv_status status, lsv_error *err) {
    if (status != LSV_OK && err)
        for (char *p = err->message; *p; p++)
            if ((unsigned char)*p < 0x20 || *p == 0x7F) *p = '?';
    return status;
}

static void give_mapping(void *at, size_t bytes) { munmap(at, bytes); }

static void unmap(lsv_storage *s) {
    bool later = atomic_load_explicit(&lsv_holds, memory_order_relaxed) && lsv_hold_defer(s->data, s->bytes, give_mapping);
    if (!later) give_mapping(s->data, s->bytes);
    lsv_free(s);
}

static void free_bytes(lsv_storage *s) {
    lsv_free(s->data);
    lsv_free(s);
}

static lsv_status make(void *data, size_t bytes, void (*release)(lsv_storage *), lsv_storage **out,
                       lsv_error *err) {
    lsv_storage *s = lsv_calloc(1, sizeof *s);
    if (!s) return lsv_no_memory(err, sizeof *s);
    s->refs = 1;
    s->data = data;
    s->bytes = bytes;
    s->release = release;
    *out = s;
    return LSV_OK;
}

void lsv_bytes_release(lsv_storage *bytes) {
    if (bytes && --bytes->refs == 0) bytes->release(bytes);
}

lsv_status lsv_bytes_copy(const void *bytes, size_t n, lsv_storage **out, lsv_error *err) {
    void *copy = lsv_malloc(n ? n : 1);
    if (!copy) return lsv_no_memory(err, n);
    if (n) memcpy(copy, bytes, n);
    lsv_status status = make(copy, n, free_bytes, out, err);
    if (status != LSV_OK) lsv_free(copy);
    return status;
}

/* What is no regular file: read to its end. */
static lsv_status read_all(int fd, const char *path, lsv_storage **out, lsv_error *err) {
    size_t n = 0, room = (size_t)1 << 16;
    char *data = lsv_malloc(room);
    lsv_status status = data ? LSV_OK : lsv_no_memory(err, room);
    while (status == LSV_OK) {
        if (n == room) {
            char *more = room <= SIZE_MAX / 4 ? lsv_realloc(data, room * 2) : NULL;
            if (!more) {
                status = lsv_no_memory(err, room * 2);
                break;
            }
            data = more;
            room *= 2;
        }
        ssize_t got = read(fd, data + n, room - n);
        if (got == 0) break;
        if (got > 0) n += (size_t)got;
        else if (errno != EINTR) status = lsv_os_error(path, err);
        if (status == LSV_OK) status = lsv_poll(err);
    }
    if (status == LSV_OK) status = make(data, n, free_bytes, out, err);
    if (status != LSV_OK) lsv_free(data);
    return status;
}

lsv_status lsv_bytes_open(const char *path, lsv_storage **out, lsv_error *err) {
    LSV_TRY(lsv_file_allowed(path, false, err));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return lsv_os_error(path, err);
    struct stat st;
    lsv_status status = LSV_OK;
    if (fstat(fd, &st) != 0) {
        status = lsv_os_error(path, err);
    } else if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        status = lsv_os_error(path, err);
    } else if (!S_ISREG(st.st_mode)) {
        status = read_all(fd, path, out, err);
    } else if (st.st_size == 0) {
        status = lsv_bytes_copy("", 0, out, err);
    } else {
        size_t n = (size_t)st.st_size;
        void *at = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
        if (at == MAP_FAILED) {
            status = lsv_os_error(path, err);
        } else {
            status = make(at, n, unmap, out, err);
            if (status != LSV_OK) munmap(at, n);
        }
    }
    close(fd);
    return status;
}

/* ---- arrays by name ---- */

lsv_status lsv_arrays_add(lsv_arrays *s, const char *name, lsv_array *array, lsv_error *err) {
    char *copy = lsv_strdup(name);
    if (copy && s->n == s->room) {
        ptrdiff_t room = s->room ? s->room * 2 : 8;
        lsv_named_array *items = lsv_realloc(s->items, (size_t)room * sizeof *items);
        if (items) {
            s->items = items;
            s->room = room;
        }
    }
    if (!copy || s->n == s->room) {
        lsv_free(copy);
        lsv_release(array);
        return lsv_no_memory(err, sizeof *s->items);
    }
    s->items[s->n++] = (lsv_named_array){copy, array};
    return LSV_OK;
}

lsv_array *lsv_arrays_get(const lsv_arrays *s, const char *name) {
    for (ptrdiff_t i = 0; i < s->n; i++)
        if (strcmp(s->items[i].name, name) == 0) return s->items[i].array;
    return NULL;
}

void lsv_arrays_free(lsv_arrays *s) {
    for (ptrdiff_t i = 0; i < s->n; i++) {
        lsv_free(s->items[i].name);
        lsv_release(s->items[i].array);
    }
    lsv_free(s->items);
    *s = (lsv_arrays){0};
}

void lsv_arrays_cut(lsv_arrays *s, ptrdiff_t n) {
    while (s->n > n) {
        s->n--;
        lsv_free(s->items[s->n].name);
        lsv_release(s->items[s->n].array);
    }
    if (n == 0) lsv_arrays_free(s);
}
