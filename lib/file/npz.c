/* .npz: a zip archive whose members are .npy files. libzip reads the archive (from the mapped
   bytes, by the central directory) and checks each member's sum; the member's header is held
   against the length that the archive gives. That length may itself be a lie: an array beyond
   twice the archive and 64 MB is made only after the member was unpacked once into nowhere. */
#include "file/inside.h"

#include <string.h>
#include <zip.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "base/library.h"

/* Opened at the first archive: libzip brings libcrypto, which would be half of every start. Debian has kept
   the number 4 for what others number 5. */
#define CALLS(X) \
    X(zip_close) X(zip_discard) X(zip_error_code_zip) X(zip_error_fini) X(zip_error_init) \
    X(zip_error_init_with_code) X(zip_error_strerror) X(zip_fclose) X(zip_file_add) \
    X(zip_file_set_dostime) X(zip_file_strerror) X(zip_fopen_index) X(zip_fread) X(zip_get_error) \
    X(zip_get_num_entries) X(zip_name_locate) X(zip_open) X(zip_open_from_source) \
    X(zip_register_cancel_callback_with_state) X(zip_set_file_compression) X(zip_source_buffer_create) \
    X(zip_source_buffer_fragment) \
    X(zip_source_free) X(zip_stat_index) X(zip_stat_init) X(zip_strerror)
LSV_LIBRARY(libzip, CALLS, "libzip", "libzip-dev", "libzip.so.5", "libzip.so.4")

enum { PIECE = 1 << 16, FREELY = 64 << 20, HEADER = 1 << 12 };

/* ---- reading ---- */

typedef struct member {
    const char *archive, *name; /* for messages */
    zip_t *zip;
    zip_uint64_t index;
    zip_uint64_t length;
    bool known_length;
} member;

static lsv_status bad(const member *m, const char *reason, lsv_error *err) {
    return lsv_fail(err, LSV_EVALUE, "%s: member '%s': %s", lsv_tail(m->archive, 160), lsv_tail(m->name, 100),
                    reason);
}

static lsv_status open_member(const member *m, zip_file_t **f, lsv_error *err) {
    *f = libzip.zip_fopen_index(m->zip, m->index, 0);
    return *f ? LSV_OK : bad(m, libzip.zip_strerror(m->zip), err);
}

/* Exactly n bytes. */
static lsv_status read_exactly(const member *m, zip_file_t *f, void *to, zip_uint64_t n, lsv_error *err) {
    char *at = to;
    while (n > 0) {
        zip_int64_t got = libzip.zip_fread(f, at, n < (zip_uint64_t)1 << 24 ? n : (zip_uint64_t)1 << 24);
        if (got < 0) return bad(m, libzip.zip_file_strerror(f), err);
        if (got == 0) return bad(m, "it ends too soon", err);
        at += got;
        n -= (zip_uint64_t)got;
        LSV_TRY(lsv_poll(err));
    }
    return LSV_OK;
}

/* To the end, where the sum is checked; *n counts. */
static lsv_status read_out(const member *m, zip_file_t *f, zip_uint64_t *n, lsv_error *err) {
    char piece[PIECE];
    for (*n = 0;;) {
        zip_int64_t got = libzip.zip_fread(f, piece, sizeof piece);
        if (got < 0) return bad(m, libzip.zip_file_strerror(f), err);
        if (got == 0) return LSV_OK;
        *n += (zip_uint64_t)got;
        LSV_TRY(lsv_poll(err));
    }
}

static lsv_status true_length(const member *m, zip_uint64_t *n, lsv_error *err) {
    zip_file_t *f;
    LSV_TRY(open_member(m, &f, err));
    lsv_status status = read_out(m, f, n, err);
    libzip.zip_fclose(f);
    return status;
}

/* Header, then elements, through one opened member. */
static lsv_status read_header(const member *m, zip_file_t *f, const char *full, lsv_npy_header *h,
                              lsv_error *err) {
    unsigned char first[HEADER], *all = first;
    zip_uint64_t start = m->length < 12 ? m->length : 12;
    LSV_TRY(read_exactly(m, f, first, start, err));
    size_t want = 0;
    if (start >= 10) want = 10 + (first[8] | (size_t)first[9] << 8);
    if (start >= 12 && first[6] > 1)
        want = 12 + (first[8] | (size_t)first[9] << 8 | (size_t)first[10] << 16 | (size_t)first[11] << 24);
    if (want < start || want > m->length || want > LSV_NPY_HEADER_MOST)
        want = (size_t)start; /* which the parser will complain of */
    if (want > sizeof first) {
        all = lsv_malloc(want);
        if (!all) return lsv_no_memory(err, want);
        memcpy(all, first, (size_t)start);
    }
    lsv_status status = read_exactly(m, f, all + start, want - start, err);
    if (status == LSV_OK) status = lsv_npy_header_parse(full, all, want, h, err);
    if (all != first) lsv_free(all);
    return status;
}

static lsv_status read_elements(const member *m, zip_file_t *f, const lsv_npy_header *h, lsv_kind kind,
                                lsv_array **out, lsv_error *err) {
    lsv_array *a;
    LSV_TRY(lsv_npy_room(h, kind, &a, err));
    const size_t width = h->element->bits / 8u, wide = lsv_dtype_size(h->element->dtype);
    lsv_status status = LSV_OK;
    char *to = lsv_data(a);
    if (!h->element->widen && !h->swap) {
        status = read_exactly(m, f, to, (zip_uint64_t)h->bytes, err);
    } else {
        char piece[PIECE];
        for (ptrdiff_t i = 0, n; status == LSV_OK && i < h->size; i += n) {
            n = h->size - i < (ptrdiff_t)(PIECE / width) ? h->size - i : (ptrdiff_t)(PIECE / width);
            status = read_exactly(m, f, piece, (zip_uint64_t)n * width, err);
            if (status == LSV_OK && !lsv_element_read(h->element, piece, n, h->swap, to + (size_t)i * wide))
                status = bad(m, "a uint64 in the data is beyond int64", err);
        }
    }
    if (status != LSV_OK) {
        lsv_release(a);
        return status;
    }
    return lsv_npy_turn(h, a, out, err);
}

static lsv_status read_member(member *m, size_t archive_bytes, lsv_kind kind, lsv_array **out,
                              lsv_error *err) {
    char full[400];
    zip_file_t *f;
    lsv_npy_header h;
    lsv_array *a = NULL;
    snprintf(full, sizeof full, "%s: member '%s'", lsv_tail(m->archive, 120), lsv_tail(m->name, 60));
    LSV_TRY(open_member(m, &f, err));
    lsv_status status = read_header(m, f, full, &h, err);
    if (status == LSV_OK && (zip_uint64_t)h.bytes > m->length - h.length)
        status = bad(m, "it is shorter than the array in its header", err);
    ptrdiff_t room; /* of the array, which may be wider than the file's elements */
    if (status == LSV_OK && !lsv_mul_size(h.size, (ptrdiff_t)lsv_dtype_size(h.element->dtype), &room))
        status = bad(m, "its array's size is beyond 64 bits", err);
    if (status == LSV_OK && (zip_uint64_t)room > FREELY + (zip_uint64_t)archive_bytes) {
        zip_uint64_t n;
        status = true_length(m, &n, err);
        if (status == LSV_OK && n != m->length)
            status = bad(m, "its length is not what the archive says", err);
    }
    if (status == LSV_OK) status = read_elements(m, f, &h, kind, &a, err);
    if (status == LSV_OK) { /* what is left, for the sum */
        zip_uint64_t rest;
        status = read_out(m, f, &rest, err);
        if (status == LSV_OK && rest != m->length - h.length - (zip_uint64_t)h.bytes)
            status = bad(m, "its length is not what the archive says", err);
        if (status != LSV_OK) lsv_release(a);
    }
    libzip.zip_fclose(f);
    if (status == LSV_OK) *out = a;
    return status;
}

static lsv_status add_member(zip_t *zip, zip_uint64_t i, const char *archive, size_t archive_bytes,
                             lsv_kind kind, lsv_arrays *all, lsv_error *err) {
    zip_stat_t st;
    char name[512];
    lsv_array *a;
    libzip.zip_stat_init(&st);
    if (libzip.zip_stat_index(zip, i, 0, &st) != 0 || !(st.valid & ZIP_STAT_NAME) || !(st.valid & ZIP_STAT_SIZE))
        return lsv_fail(err, LSV_EVALUE, "%s: member %llu of the archive cannot be read: %s",
                        lsv_tail(archive, 200), (unsigned long long)i, libzip.zip_strerror(zip));
    member m = {.archive = archive, .name = st.name, .zip = zip, .index = i, .length = st.size};
    size_t n = strlen(st.name);
    if (n < 4 || strcmp(st.name + n - 4, ".npy") != 0) return bad(&m, "it is no .npy file", err);
    if (n - 4 >= sizeof name) return bad(&m, "its name is too long", err);
    if ((st.valid & ZIP_STAT_ENCRYPTION_METHOD) && st.encryption_method != ZIP_EM_NONE)
        return bad(&m, "it is encrypted", err);
    memcpy(name, st.name, n - 4);
    name[n - 4] = '\0';
    if (libzip.zip_name_locate(zip, st.name, 0) != (zip_int64_t)i) return bad(&m, "the archive holds it twice", err);
    LSV_TRY(read_member(&m, archive_bytes, kind, &a, err));
    return lsv_arrays_add(all, name, a, err);
}

/* The new ones go to the end of *out, or away. */
static lsv_status append(lsv_arrays *out, lsv_arrays *more, lsv_status status, lsv_error *err) {
    ptrdiff_t before = out->n;
    for (ptrdiff_t i = 0; status == LSV_OK && i < more->n; i++) {
        more->items[i].array->refs++;
        status = lsv_arrays_add(out, more->items[i].name, more->items[i].array, err);
    }
    lsv_arrays_free(more);
    if (status != LSV_OK) lsv_arrays_cut(out, before);
    return status;
}

lsv_status lsv_npz_parse(const char *name, lsv_storage *bytes, lsv_kind kind, lsv_arrays *out,
                         lsv_error *err) {
    zip_error_t trouble;
    LSV_TRY(libzip_open("reading an .npz archive", err));
    libzip.zip_error_init(&trouble);
    zip_source_t *source = libzip.zip_source_buffer_create(bytes->data, bytes->bytes, 0, &trouble);
    zip_t *zip = source ? libzip.zip_open_from_source(source, ZIP_RDONLY, &trouble) : NULL;
    lsv_status status = LSV_OK;
    if (!zip) {
        if (source) libzip.zip_source_free(source);
        status = libzip.zip_error_code_zip(&trouble) == ZIP_ER_MEMORY
                     ? lsv_no_memory(err, bytes->bytes)
                     : lsv_fail(err, LSV_EVALUE, "%s: byte %zu: no zip archive that can be read: %s",
                                lsv_tail(name, 200), bytes->bytes, libzip.zip_error_strerror(&trouble));
        libzip.zip_error_fini(&trouble);
        return status;
    }
    lsv_arrays all = {0};
    zip_int64_t n = libzip.zip_get_num_entries(zip, 0);
    for (zip_int64_t i = 0; status == LSV_OK && i < n; i++)
        status = add_member(zip, (zip_uint64_t)i, name, bytes->bytes, kind, &all, err);
    libzip.zip_discard(zip);
    libzip.zip_error_fini(&trouble);
    return lsv_error_clean(append(out, &all, status, err), err);
}

lsv_status lsv_npz_load(const char *path, lsv_kind kind, lsv_arrays *out, lsv_error *err) {
    lsv_storage *bytes;
    LSV_TRY(lsv_bytes_open(path, &bytes, err));
    lsv_status status = lsv_npz_parse(path, bytes, kind, out, err);
    lsv_bytes_release(bytes);
    return status;
}

/* ---- writing ---- */

typedef struct packed {
    char *header;
    lsv_array *flat;
} packed; /* what libzip reads at the end */

static lsv_status zip_trouble(const char *path, zip_t *zip, lsv_error *err) {
    zip_error_t *e = libzip.zip_get_error(zip);
    if (libzip.zip_error_code_zip(e) == ZIP_ER_MEMORY) return lsv_no_memory(err, 0);
    return lsv_fail(err, LSV_EOS, "%s: cannot be written: %s", lsv_tail(path, 200), libzip.zip_error_strerror(e));
}

static lsv_status add_array(zip_t *zip, const char *path, const lsv_named_array *item, bool compress,
                            packed *p, lsv_error *err) {
    size_t n, room = strlen(item->name) + 5;
    bool fortran;
    LSV_TRY(lsv_npy_header_text(item->array, &fortran, &p->header, &n, err));
    LSV_TRY(lsv_npy_flat(item->array, fortran, &p->flat, err));
    zip_buffer_fragment_t parts[2] = {
        {(zip_uint8_t *)p->header, n},
        {lsv_data(p->flat), (zip_uint64_t)p->flat->size * lsv_dtype_size((lsv_dtype)p->flat->dtype)}};
    zip_source_t *source = libzip.zip_source_buffer_fragment(zip, parts, parts[1].length ? 2 : 1, 0);
    char *name = lsv_malloc(room);
    if (!source || !name) {
        if (source) libzip.zip_source_free(source);
        lsv_free(name);
        return lsv_no_memory(err, room);
    }
    memcpy(name, item->name, room - 5);
    memcpy(name + room - 5, ".npy", 5);
    zip_int64_t i = libzip.zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8);
    lsv_free(name);
    if (i < 0) {
        libzip.zip_source_free(source);
        return zip_trouble(path, zip, err);
    }
    if (libzip.zip_set_file_compression(zip, (zip_uint64_t)i, compress ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0) != 0)
        return zip_trouble(path, zip, err);
    /* The first day of the format, so that equal arrays make equal files. */
    if (libzip.zip_file_set_dostime(zip, (zip_uint64_t)i, 0, 1 << 5 | 1, 0) != 0) return zip_trouble(path, zip, err);
    return LSV_OK;
}

/* libzip asks while it writes. */
static int cancelled(zip_t *zip, void *context) {
    (void)zip, (void)context;
    return lsv_interrupt_flag != 0;
}

static lsv_status pack(const char *path, const char *temporary, const lsv_arrays *arrays, bool compress,
                       packed *p, lsv_error *err) {
    int code = 0;
    zip_t *zip = libzip.zip_open(temporary, ZIP_CREATE | ZIP_TRUNCATE, &code);
    if (!zip) {
        zip_error_t trouble;
        libzip.zip_error_init_with_code(&trouble, code);
        lsv_fail(err, LSV_EOS, "%s: cannot be written: %s", lsv_tail(path, 200),
                 libzip.zip_error_strerror(&trouble));
        libzip.zip_error_fini(&trouble);
        return LSV_EOS;
    }
    lsv_status status = LSV_OK;
    for (ptrdiff_t i = 0; status == LSV_OK && i < arrays->n; i++)
        status = add_array(zip, path, &arrays->items[i], compress, &p[i], err);
    libzip.zip_register_cancel_callback_with_state(zip, cancelled, NULL, NULL);
    if (status == LSV_OK && libzip.zip_close(zip) == 0) return LSV_OK;
    if (status == LSV_OK) status = lsv_poll(err);
    if (status == LSV_OK) status = zip_trouble(path, zip, err);
    libzip.zip_discard(zip);
    return status;
}

/* The archive of nothing, which libzip would not write. */
static const char empty_archive[22] = "PK\5\6";

lsv_status lsv_npz_save(const char *path, const lsv_arrays *arrays, bool compress, lsv_error *err) {
    lsv_writer *w;
    LSV_TRY(libzip_open("writing an .npz archive", err));
    packed *p = lsv_calloc((size_t)arrays->n + 1, sizeof *p);
    if (!p) return lsv_no_memory(err, sizeof *p);
    lsv_status status = lsv_writer_open(path, &w, err);
    if (status == LSV_OK) {
        if (!lsv_writer_path(w))
            status = lsv_fail(err, LSV_EOS, "%s: an archive needs a regular file", lsv_tail(path, 200));
        else if (arrays->n) status = pack(path, lsv_writer_path(w), arrays, compress, p, err);
        else status = lsv_writer_put(w, empty_archive, sizeof empty_archive, err);
        if (status == LSV_OK) status = lsv_writer_commit(w, err);
        else lsv_writer_abandon(w);
    }
    for (ptrdiff_t i = 0; i < arrays->n; i++) {
        lsv_free(p[i].header);
        lsv_release(p[i].flat);
    }
    lsv_free(p);
    return status;
}
