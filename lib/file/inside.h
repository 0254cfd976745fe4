/* What the files of this room share. */
#ifndef LSV_FILE_INSIDE_H
#define LSV_FILE_INSIDE_H

#include "file/file.h"
#include "text/text.h"

/* "[Errno 2] No such file or directory: 'path'" of errno. */
lsv_status lsv_os_error(const char *path, lsv_error *err);

/* Names from a hostile file may hold control characters, which a message must not: they become '?'. Gives status back. */
lsv_status lsv_error_clean(lsv_status status, lsv_error *err);

/* A path or a name in a message: its end, where it is long. */
const char *lsv_tail(const char *text, size_t most);

/* The list as it was when it held n arrays, after an error. */
void lsv_arrays_cut(lsv_arrays *s, ptrdiff_t n);

/* ---- element types as files hold them (elements.c) ---- */

typedef struct lsv_element {
    const char *name;    /* safetensors'                                            */
    const char *npy;     /* "f8" in descr; NULL: not there                          */
    uint8_t bits;
    uint8_t order;       /* safetensors' writer: tensors of a higher order first    */
    bool readable;       /* there is an array type for it                           */
    lsv_dtype dtype;
    bool (*widen)(const unsigned char *from, ptrdiff_t n, void *to); /* NULL: the same bytes; false: out of range */
} lsv_element;

extern const lsv_element lsv_elements[];  /* ends with name == NULL */
const lsv_element *lsv_element_of(lsv_dtype dtype);              /* what a writer writes */
const lsv_element *lsv_element_named(const char *name, size_t n); /* NULL: unknown        */

/* n elements into `to` (of e->dtype); swap: the other byte order. False: an integer beyond int64. */
bool lsv_element_read(const lsv_element *e, const void *from, ptrdiff_t n, bool swap, void *to);
/* Can an array lie over these bytes as they are? */
bool lsv_element_fits(const lsv_element *e, const void *from, ptrdiff_t n);

/* ---- .npy's header (npy.c) ---- */

typedef struct lsv_npy_header {
    const lsv_element *element;
    bool swap, fortran;
    int ndim;
    ptrdiff_t shape[LSV_MAXDIM];
    ptrdiff_t size;      /* elements                       */
    ptrdiff_t bytes;     /* of them, in the file           */
    size_t length;       /* of the header: the data begins */
} lsv_npy_header;

/* data holds `have` bytes of a file of `total` bytes; more is asked for by LSV_EVALUE as in a file cut short. */
lsv_status lsv_npy_header_parse(const char *name, const void *data, size_t have, lsv_npy_header *out, lsv_error *err);
enum { LSV_NPY_HEADER_MOST = 1 << 20 };
/* The header of `a` as text with its magic; *fortran: the data goes out in Fortran order. Owned by the caller. */
lsv_status lsv_npy_header_text(const lsv_array *a, bool *fortran, char **out, size_t *n, lsv_error *err);
/* The elements of `a` in one piece, in that order: `a` itself or a copy. */
lsv_status lsv_npy_flat(const lsv_array *a, bool fortran, lsv_array **out, lsv_error *err);
/* An empty array for a header, and what to hand out once it is filled (consumes `filled`). */
lsv_status lsv_npy_room(const lsv_npy_header *h, lsv_kind kind, lsv_array **out, lsv_error *err);
lsv_status lsv_npy_turn(const lsv_npy_header *h, lsv_array *filled, lsv_array **out, lsv_error *err);

/* ---- JSON (json.c) ---- over json-c, one value at a time, so that a hostile header costs no memory */

struct json_tokener;
typedef struct lsv_json { const char *name; const char *text; struct json_tokener *tokener; } lsv_json;

lsv_status lsv_json_begin(lsv_json *j, const char *name, const char *text, size_t n, lsv_error *err); /* checks UTF-8 */
void lsv_json_end(lsv_json *j);

typedef struct lsv_span { const char *at; size_t n; } lsv_span;
/* Called for each member of an object; the key is decoded and NUL-terminated. */
typedef lsv_status lsv_json_visit(void *ctx, lsv_json *j, const char *key, size_t key_length, lsv_span value, lsv_error *err);
lsv_status lsv_json_members(lsv_json *j, lsv_span object, lsv_json_visit *visit, void *ctx, lsv_error *err);
/* A string, decoded into memory of the caller's (lsv_free); refused where it holds a NUL. */
lsv_status lsv_json_string(lsv_json *j, lsv_span value, char **out, lsv_error *err);
/* An array of integers that are not negative; at most `most` of them. */
lsv_status lsv_json_sizes(lsv_json *j, lsv_span value, const char *what, int most, int64_t *out, int *n, lsv_error *err);
/* Called for each element of an array. */
typedef lsv_status lsv_json_element(void *ctx, lsv_json *j, lsv_span value, lsv_error *err);
lsv_status lsv_json_elements(lsv_json *j, lsv_span array, lsv_json_element *visit, void *ctx, lsv_error *err);
/* A number, finite; true or false. */
lsv_status lsv_json_number(lsv_json *j, lsv_span value, const char *what, double *out, lsv_error *err);
lsv_status lsv_json_bool(lsv_json *j, lsv_span value, const char *what, bool *out, lsv_error *err);
/* `s` as a JSON string, as Python's json.dumps(s, ensure_ascii=False) writes it. */
void lsv_json_quote(lsv_text *t, const char *s);
/* Any value that is not used: is it well-formed, and no longer than 64 KiB? */
lsv_status lsv_json_check(lsv_json *j, lsv_span value, lsv_error *err);

#endif
