/* .npy: a magic, a version, the length of the header, the header (a Python dictionary literal with
   exactly the keys descr, fortran_order and shape, in any order) and the elements. The header is
   parsed here by a reader of its own that knows just strings, booleans and tuples of integers:
   whatever else stands there is named and refused. What the header promises is held against the
   bytes that are there before anything is allocated. */
#include "file/inside.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

#define MAGIC "\x93NUMPY"
enum { MAGIC_LENGTH = 6, ALIGNMENT = 64, GROWTH_DIGITS = 21 };

/* ---- the header's text ---- */

typedef struct reader {
    const char *name, *start, *at, *end;
    lsv_error *err;
} reader;

static lsv_status bad(reader *r, const char *reason) {
    return lsv_fail(r->err, LSV_EVALUE, "%s: byte %td: %s in the header of a .npy file",
                    lsv_tail(r->name, 200), r->at - r->start, reason);
}

static void blank(reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r')) r->at++;
}

static bool take(reader *r, char c) {
    blank(r);
    if (r->at == r->end || *r->at != c) return false;
    r->at++;
    return true;
}

static bool word(reader *r, const char *text) {
    size_t n = strlen(text);
    blank(r);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, text, n) != 0) return false;
    r->at += n;
    return true;
}

static lsv_status string(reader *r, lsv_span *out) {
    blank(r);
    if (r->at == r->end || (*r->at != '\'' && *r->at != '"')) return bad(r, "no string where one is needed");
    char quote = *r->at++;
    const char *start = r->at;
    while (r->at < r->end && *r->at != quote && *r->at != '\\' && *r->at != '\n') r->at++;
    if (r->at == r->end || *r->at != quote) return bad(r, "a string without an end");
    *out = (lsv_span){start, (size_t)(r->at++ - start)};
    return LSV_OK;
}

static lsv_status shape(reader *r, lsv_npy_header *h) {
    if (!take(r, '(')) return bad(r, "shape is no tuple");
    h->ndim = 0;
    while (!take(r, ')')) {
        ptrdiff_t x = 0;
        if (r->at == r->end || *r->at < '0' || *r->at > '9')
            return bad(r, "a length in shape is no integer >= 0");
        for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++)
            if (!lsv_mul_size(x, 10, &x) || !lsv_add_size(x, *r->at - '0', &x))
                return bad(r, "a length in shape is beyond 64 bits");
        if (r->at < r->end && *r->at == 'L') r->at++; /* as Python 2 wrote it */
        if (h->ndim == LSV_MAXDIM) return bad(r, "more axes than the 8 that are supported");
        h->shape[h->ndim++] = x;
        if (take(r, ',')) continue;
        if (h->ndim == 1) return bad(r, "shape is no tuple"); /* (3) */
        if (!take(r, ')')) return bad(r, "no ',' or ')' in shape");
        break;
    }
    return LSV_OK;
}

/* What is no number here, and what helps. */
static lsv_status refuse(reader *r, const char *what, const char *hint) {
    lsv_fail(r->err, LSV_EVALUE, "%s: byte %td: %s", lsv_tail(r->name, 200), r->at - r->start, what);
    lsv_hint(r->err, "%s", hint);
    return LSV_EVALUE;
}

static lsv_status descr(reader *r, lsv_npy_header *h) {
    lsv_span s;
    blank(r);
    if (r->at < r->end && *r->at == '[')
        return refuse(
            r, "a structured array (records), which has no equivalent here",
            "in Python: save each field by itself, np.savez(path, **{f: a[f] for f in a.dtype.names})");
    LSV_TRY(string(r, &s));
    char order = '|', type[24];
    const char *code = s.at;
    size_t n = s.n;
    if (n && strchr("<>|=", *code)) {
        order = *code++;
        n--;
    }
    snprintf(type, sizeof type, "%.*s", (int)(n < 20 ? n : 20), code);
    h->element = NULL;
    for (const lsv_element *e = lsv_elements; e->name; e++)
        if (e->npy && strlen(e->npy) == n && memcmp(e->npy, code, n) == 0) h->element = e;
    h->swap = order == '>' && h->element && h->element->bits > 8;
    if (h->element && h->element->readable) return LSV_OK;
    switch (type[0]) {
    case 'O':
        return refuse(
            r, "an array of Python objects, stored as a pickle, which can run any program when it is read",
            "in Python: convert it, np.save(path, a.astype(float)), or save its parts with np.savez");
    case 'c':
        return refuse(r, "a complex array, which is not supported",
                      "in Python: save the two parts, np.savez(path, re=a.real, im=a.imag)");
    case 'U':
    case 'S':
    case 'a':
        return refuse(r, "an array of strings, which is not supported",
                      "in Python: np.save(path, a.astype(float)) where it holds numbers");
    case 'M':
    case 'm':
        return refuse(r, "an array of dates, which is not supported",
                      "in Python: np.save(path, a.astype('int64'))");
    case 'f':
        return refuse(r, "a floating type that is not supported",
                      "in Python: np.save(path, a.astype('float64'))");
    default: {
        char text[96];
        snprintf(text, sizeof text, "the element type '%s' is not supported", type);
        return refuse(r, text, "in Python: np.save(path, a.astype('float64'))");
    }
    }
}

static lsv_status dictionary(reader *r, lsv_npy_header *h) {
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    bool seen[3] = {false, false, false};
    if (!take(r, '{')) return bad(r, "no '{'");
    while (!take(r, '}')) {
        lsv_span key;
        int k = 0;
        LSV_TRY(string(r, &key));
        while (k < 3 && (strlen(keys[k]) != key.n || memcmp(keys[k], key.at, key.n) != 0)) k++;
        if (k == 3) return bad(r, "a key other than descr, fortran_order and shape");
        if (seen[k]) return bad(r, "a key twice");
        seen[k] = true;
        if (!take(r, ':')) return bad(r, "no ':' after a key");
        if (k == 0) LSV_TRY(descr(r, h));
        if (k == 1) {
            h->fortran = word(r, "True");
            if (!h->fortran && !word(r, "False")) return bad(r, "fortran_order is neither True nor False");
        }
        if (k == 2) LSV_TRY(shape(r, h));
        if (take(r, ',')) continue;
        if (!take(r, '}')) return bad(r, "no ',' or '}'");
        break;
    }
    for (int k = 0; k < 3; k++)
        if (!seen[k]) return bad(r, k == 0 ? "no descr" : k == 1 ? "no fortran_order" : "no shape");
    blank(r);
    return r->at == r->end ? LSV_OK : bad(r, "something after the dictionary");
}

lsv_status lsv_npy_header_parse(const char *name, const void *data, size_t have, lsv_npy_header *out,
                                lsv_error *err) {
    const unsigned char *p = data;
    name = lsv_tail(name, 200);
    if (have < 10 || memcmp(p, MAGIC, MAGIC_LENGTH) != 0)
        return lsv_fail(err, LSV_EVALUE,
                        have < 10 ? "%s: byte %zu: the file ends before a .npy header does"
                                  : "%s: byte 0: no .npy file (its first bytes are others)",
                        name, have);
    if (p[6] < 1 || p[6] > 3 || p[7] != 0)
        return lsv_fail(err, LSV_EVALUE,
                        "%s: byte 6: version %d.%d of the format; 1.0, 2.0 and 3.0 are known", name, p[6],
                        p[7]);
    size_t start = p[6] == 1 ? 10 : 12, length = p[8] | (size_t)p[9] << 8;
    if (start == 12) {
        if (have < 12)
            return lsv_fail(err, LSV_EVALUE, "%s: byte %zu: the file ends before a .npy header does", name,
                            have);
        length |= (size_t)p[10] << 16 | (size_t)p[11] << 24;
    }
    if (length > LSV_NPY_HEADER_MOST)
        return lsv_fail(err, LSV_EVALUE, "%s: byte 8: a header of %zu bytes is no array's", name, length);
    if (length > have - start)
        return lsv_fail(err, LSV_EVALUE,
                        "%s: byte %zu: the file ends in its header, which needs %zu bytes more", name, have,
                        length - (have - start));
    lsv_npy_header h = {0};
    reader r = {name, data, (const char *)data + start, (const char *)data + start + length, err};
    LSV_TRY(dictionary(&r, &h));
    h.length = start + length;
    h.size = 1;
    bool empty = false, fits = true;
    for (int i = 0; i < h.ndim; i++) empty = empty || h.shape[i] == 0;
    for (int i = 0; i < h.ndim && !empty; i++) fits = fits && lsv_mul_size(h.size, h.shape[i], &h.size);
    if (empty) h.size = 0;
    if (!fits || !lsv_mul_size(h.size, h.element->bits / 8, &h.bytes))
        return lsv_fail(err, LSV_EVALUE, "%s: byte 10: the size of the array in the header is beyond 64 bits",
                        name);
    *out = h;
    return LSV_OK;
}

/* ---- reading ---- */

/* Fortran order is C order of the axes reversed. */
static void file_shape(const lsv_npy_header *h, ptrdiff_t dims[LSV_MAXDIM]) {
    for (int i = 0; i < h->ndim; i++) dims[i] = h->shape[h->fortran ? h->ndim - 1 - i : i];
}

lsv_status lsv_npy_room(const lsv_npy_header *h, lsv_kind kind, lsv_array **out, lsv_error *err) {
    ptrdiff_t dims[LSV_MAXDIM];
    file_shape(h, dims);
    return lsv_empty(kind, h->element->dtype, h->ndim, dims, out, err);
}

lsv_status lsv_npy_turn(const lsv_npy_header *h, lsv_array *filled, lsv_array **out, lsv_error *err) {
    if (!h->fortran || h->ndim < 2) {
        *out = filled;
        return LSV_OK;
    }
    lsv_status status = lsv_transpose(filled, NULL, out, err);
    lsv_release(filled);
    return status;
}

static lsv_status over_mapping(const lsv_npy_header *h, lsv_storage *bytes, char *data, lsv_kind kind,
                               bool readonly, lsv_array **out, lsv_error *err) {
    ptrdiff_t dims[LSV_MAXDIM];
    lsv_array *a;
    file_shape(h, dims);
    LSV_TRY(lsv_from_storage(kind, h->element->dtype, h->ndim, dims, bytes, data, &a, err));
    bytes->refs++;
    if (readonly) a->flags |= LSV_READONLY;
    return lsv_npy_turn(h, a, out, err);
}

lsv_status lsv_npy_parse(const char *name, lsv_storage *bytes, lsv_kind kind, lsv_npy_mode mode,
                         lsv_array **out, lsv_error *err) {
    lsv_npy_header h;
    LSV_TRY(lsv_npy_header_parse(name, bytes->data, bytes->bytes, &h, err));
    size_t rest = bytes->bytes - h.length;
    if ((size_t)h.bytes > rest)
        return lsv_fail(err, LSV_EVALUE,
                        "%s: byte %zu: the file ends after %zu bytes of data; its header promises %td (cut "
                        "short on the way?)",
                        lsv_tail(name, 200), bytes->bytes, rest, h.bytes);
    char *data = (char *)bytes->data + h.length;
    if (mode != LSV_NPY_COPY && !h.swap && lsv_element_fits(h.element, data, h.size))
        return over_mapping(&h, bytes, data, kind, mode == LSV_NPY_MAP_READONLY, out, err);
    lsv_array *a;
    LSV_TRY(lsv_npy_room(&h, kind, &a, err));
    if (!lsv_element_read(h.element, data, h.size, h.swap, lsv_data(a))) {
        lsv_release(a);
        return lsv_fail(err, LSV_EVALUE, "%s: byte %zu: a uint64 in the data is beyond int64",
                        lsv_tail(name, 200), h.length);
    }
    if (mode == LSV_NPY_MAP_READONLY) a->flags |= LSV_READONLY;
    return lsv_npy_turn(&h, a, out, err);
}

lsv_status lsv_npy_load(const char *path, lsv_kind kind, lsv_npy_mode mode, lsv_array **out, lsv_error *err) {
    lsv_storage *bytes;
    LSV_TRY(lsv_bytes_open(path, &bytes, err));
    lsv_status status = lsv_npy_parse(path, bytes, kind, mode, out, err);
    lsv_bytes_release(bytes);
    return status;
}

/* ---- writing ---- */

/* In Fortran order and not in C order. */
static bool is_fortran(const lsv_array *a) {
    if (lsv_is_contiguous(a)) return false;
    ptrdiff_t step = 1;
    for (int i = 0; i < a->ndim; i++) {
        if (a->shape[i] == 1) continue;
        if (a->strides[i] != step) return false;
        step *= a->shape[i];
    }
    return true;
}

/* NumPy leaves room for the first axis to grow in place, and begins the data on 64 bytes. */
lsv_status lsv_npy_header_text(const lsv_array *a, bool *fortran, char **out, size_t *n, lsv_error *err) {
    char shape_text[LSV_MAXDIM * 24 + 8], grown[32] = "";
    const lsv_element *e = lsv_element_of((lsv_dtype)a->dtype);
    *fortran = is_fortran(a);
    lsv_shape_text(a, shape_text, sizeof shape_text);
    int digits =
        a->ndim ? snprintf(grown, sizeof grown, "%td", a->shape[*fortran ? a->ndim - 1 : 0]) : GROWTH_DIGITS;
    char text[512];
    char order = e->bits == 8 ? '|' : '<';
    int length = snprintf(text, sizeof text, "{'descr': '%c%s', 'fortran_order': %s, 'shape': %s, }%*s",
                          order, e->npy, *fortran ? "True" : "False", shape_text, GROWTH_DIGITS - digits, "");
    size_t total = ((size_t)length + 1 + 10 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    char *h = lsv_malloc(total);
    if (!h) return lsv_no_memory(err, total);
    memcpy(h, MAGIC "\1\0", 8);
    h[8] = (char)((total - 10) & 255);
    h[9] = (char)((total - 10) >> 8);
    memset(h + 10, ' ', total - 10);
    memcpy(h + 10, text, (size_t)length);
    h[total - 1] = '\n';
    *out = h;
    *n = total;
    return LSV_OK;
}

lsv_status lsv_npy_flat(const lsv_array *a, bool fortran, lsv_array **out, lsv_error *err) {
    lsv_array *view;
    if (!fortran) return lsv_contiguous((lsv_array *)a, out, err);
    LSV_TRY(lsv_transpose((lsv_array *)a, NULL, &view, err));
    lsv_status status = lsv_contiguous(view, out, err);
    lsv_release(view);
    return status;
}

lsv_status lsv_npy_save(const char *path, const lsv_array *a, lsv_error *err) {
    char *header;
    size_t n;
    bool fortran;
    lsv_array *flat = NULL;
    lsv_writer *w = NULL;
    LSV_TRY(lsv_npy_header_text(a, &fortran, &header, &n, err));
    lsv_status status = lsv_npy_flat(a, fortran, &flat, err);
    if (status == LSV_OK) status = lsv_writer_open(path, &w, err);
    if (status == LSV_OK) status = lsv_writer_put(w, header, n, err);
    if (status == LSV_OK)
        status = lsv_writer_put(w, lsv_data(flat),
                                (size_t)flat->size * lsv_dtype_size((lsv_dtype)flat->dtype), err);
    if (status == LSV_OK) status = lsv_writer_commit(w, err);
    else lsv_writer_abandon(w);
    lsv_release(flat);
    lsv_free(header);
    return status;
}
