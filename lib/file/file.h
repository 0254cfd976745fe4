/* Files of arrays: NumPy's .npy and .npz, .safetensors alone and in shards, text tables.

   Reading never trusts a size before it was checked against the bytes that are there: no input
   makes a reader take more than twice the file's size and 64 MB, except to hold what the file
   truly contains (an archive of zeros unpacks to a thousand times its size; 8-bit integers widen
   to 64 bits). A refusal is LSV_EVALUE (LSV_EOS from the operating system, LSV_ENOTIMPL for what
   is well-formed but has no array here) and names the file, the place and the reason.

   Element types. What lsv computes in is read as it is: bool, int32, int64, float16, bfloat16,
   float32, float64. int8, int16, uint8, uint16, uint32 and uint64 are widened to int64 (a uint64
   that does not fit is refused), 8-bit floats (F8_E4M3, F8_E5M2) to float32. Writers write the
   array's own type.

   Writers put everything into a new file beside the target, force it to the disk and rename it
   over the target: whoever reads sees the old file or the new one, and a failure leaves the old. */
#ifndef LSV_FILE_FILE_H
#define LSV_FILE_FILE_H

#include "array/array.h"

/* ---- which files ---- */

/* Asked before a file is opened, by every function here and by whoever opens one elsewhere; LSV_EOS or
   LSV_EVALUE with a message forbids it. NULL: all is allowed. */
typedef lsv_status lsv_file_gate(void *ctx, const char *path, bool writes, lsv_error *err);
void lsv_file_gate_set(lsv_file_gate *gate, void *ctx);
lsv_status lsv_file_allowed(const char *path, bool writes, lsv_error *err);

/* ---- bytes ---- */

/* A file's bytes as a storage with one reference: a regular file is mapped (private, so that
   writing to an array over it never reaches the file), anything else is read. The file must not
   be shortened by others while it is mapped. */
lsv_status lsv_bytes_open(const char *path, lsv_storage **out, lsv_error *err);
/* The same from memory, copied. */
lsv_status lsv_bytes_copy(const void *bytes, size_t n, lsv_storage **out, lsv_error *err);
void lsv_bytes_release(lsv_storage *bytes); /* gives one reference back; NULL is allowed */

/* ---- writing: all or nothing ---- */

typedef struct lsv_writer lsv_writer;

/* Begin to write `path`. A path that is no regular file (a pipe, /dev/stdout) is written directly;
   a symbolic link stays and its target is replaced. */
lsv_status lsv_writer_open(const char *path, lsv_writer **out, lsv_error *err);
lsv_status lsv_writer_put(lsv_writer *w, const void *bytes, size_t n, lsv_error *err);
/* Flush, sync, rename. The writer is gone afterwards, also where this fails. */
lsv_status lsv_writer_commit(lsv_writer *w, lsv_error *err);
void lsv_writer_abandon(lsv_writer *w); /* the target stays as it was; NULL is allowed */
/* The file that is being written, for a library that wants a path; it may replace it by another. NULL
   where the target is written directly. */
const char *lsv_writer_path(const lsv_writer *w);

/* ---- arrays by name, in order ---- */

typedef struct lsv_named_array { char *name; lsv_array *array; } lsv_named_array;
typedef struct lsv_arrays { ptrdiff_t n, room; lsv_named_array *items; } lsv_arrays; /* begin with {0} */

lsv_status lsv_arrays_add(lsv_arrays *s, const char *name, lsv_array *array, lsv_error *err); /* takes array in any case */
lsv_array *lsv_arrays_get(const lsv_arrays *s, const char *name); /* borrowed; NULL: not there */
void lsv_arrays_free(lsv_arrays *s);

/* ---- .npy ---- numpy.lib.format, versions 1.0, 2.0, 3.0; either byte order; Fortran order */

typedef enum lsv_npy_mode { LSV_NPY_COPY, LSV_NPY_MAP, LSV_NPY_MAP_READONLY } lsv_npy_mode;

/* LSV_NPY_MAP: the array lies in the mapping where its type and byte order allow it (writes stay
   private). Object, structured, complex, string and date arrays are refused with what to do. */
lsv_status lsv_npy_load(const char *path, lsv_kind kind, lsv_npy_mode mode, lsv_array **out, lsv_error *err);
/* From bytes; `name` is for messages. */
lsv_status lsv_npy_parse(const char *name, lsv_storage *bytes, lsv_kind kind, lsv_npy_mode mode, lsv_array **out, lsv_error *err);
/* As numpy.save, byte for byte; bfloat16 as '<V2', which is how NumPy users store it. */
lsv_status lsv_npy_save(const char *path, const lsv_array *a, lsv_error *err);

/* ---- .npz ---- a zip archive of .npy files, stored or deflated, also with zip64 records */

/* Appends to *out (names without ".npy"); on failure *out is as it was. */
lsv_status lsv_npz_load(const char *path, lsv_kind kind, lsv_arrays *out, lsv_error *err);
lsv_status lsv_npz_parse(const char *name, lsv_storage *bytes, lsv_kind kind, lsv_arrays *out, lsv_error *err);
lsv_status lsv_npz_save(const char *path, const lsv_arrays *arrays, bool compress, lsv_error *err);

/* ---- .safetensors ---- */

typedef struct lsv_tensor_info {
    const char *name;
    const char *type;           /* as the format writes it: "F32", "BF16", … */
    int ndim;
    ptrdiff_t shape[LSV_MAXDIM];
    size_t begin, bytes;        /* in its shard's file */
    int shard;
} lsv_tensor_info;

typedef struct lsv_safetensors lsv_safetensors;

/* A .safetensors file, or the index of shards (a name that ends in .index.json): the headers are
   read and checked, strictly; the files are mapped. */
lsv_status lsv_safetensors_open(const char *path, lsv_safetensors **out, lsv_error *err);
lsv_status lsv_safetensors_parse(const char *name, lsv_storage *bytes, lsv_safetensors **out, lsv_error *err);
void lsv_safetensors_close(lsv_safetensors *s); /* arrays taken from it keep the mapping; NULL is allowed */

/* Tensors in the order of their data (shards in the order of the index). */
ptrdiff_t lsv_safetensors_count(const lsv_safetensors *s);
const lsv_tensor_info *lsv_safetensors_info(const lsv_safetensors *s, ptrdiff_t i);
ptrdiff_t lsv_safetensors_find(const lsv_safetensors *s, const char *name); /* -1: not there */
/* Tensor i: over the mapping where type and alignment allow it, else a copy. */
lsv_status lsv_safetensors_get(const lsv_safetensors *s, ptrdiff_t i, lsv_kind kind, lsv_array **out, lsv_error *err);
/* All of them, appended to *out; on failure *out is as it was. */
lsv_status lsv_safetensors_load(const char *path, lsv_kind kind, lsv_arrays *out, lsv_error *err);
/* "__metadata__": the i-th pair; false beyond the last. Of shards: the first one's. */
bool lsv_safetensors_metadata(const lsv_safetensors *s, ptrdiff_t i, const char **key, const char **value);

/* The files that an index names: weight_map's pairs, in its order. File names with '/' or ".." are
   refused; metadata.total_size is not looked at. */
typedef struct lsv_shard_map { ptrdiff_t n, room; struct lsv_shard_pair { char *tensor, *file; } *pairs; } lsv_shard_map;
lsv_status lsv_shard_map_parse(const char *name, const void *bytes, size_t n, lsv_shard_map *out, lsv_error *err); /* *out: {0} before */
void lsv_shard_map_free(lsv_shard_map *m);

/* Writing in a stream: declare every tensor first (dtype, shape, name; begin and bytes are not
   looked at), put each one's array once in any order of the declaration's index that
   lsv_safetensors_next names, and finish. Memory is that of one contiguous copy at most. */
typedef struct lsv_tensor_plan { const char *name; lsv_dtype dtype; int ndim; ptrdiff_t shape[LSV_MAXDIM]; } lsv_tensor_plan;
typedef struct lsv_safetensors_writer lsv_safetensors_writer;

/* metadata: npairs times key, value (NULL when npairs is 0). */
lsv_status lsv_safetensors_create(const char *path, ptrdiff_t n, const lsv_tensor_plan *plan, ptrdiff_t npairs,
                                  const char *const *metadata, lsv_safetensors_writer **out, lsv_error *err);
/* Which of the plan's tensors comes next in the file; -1: all were put. */
ptrdiff_t lsv_safetensors_next(const lsv_safetensors_writer *w);
lsv_status lsv_safetensors_put(lsv_safetensors_writer *w, const lsv_array *a, lsv_error *err);
lsv_status lsv_safetensors_finish(lsv_safetensors_writer *w, lsv_error *err); /* the writer is gone in any case */
void lsv_safetensors_abandon(lsv_safetensors_writer *w);                      /* NULL is allowed */
/* All at once, byte for byte as the safetensors package writes it. */
lsv_status lsv_safetensors_save(const char *path, const lsv_arrays *arrays, ptrdiff_t npairs, const char *const *metadata, lsv_error *err);

/* ---- tables of text ---- numpy.loadtxt, genfromtxt, savetxt */

typedef struct lsv_table_format {
    const char *delimiter;       /* NULL: white space                                        */
    const char *comments;        /* rest of the line from here on is skipped; NULL: none     */
    ptrdiff_t skip_header, skip_footer; /* lines                                             */
    ptrdiff_t max_rows;          /* -1: all                                                  */
    const ptrdiff_t *columns;    /* which ones; negative counts from the end; NULL: all      */
    ptrdiff_t ncolumns;
    lsv_dtype dtype;
    bool lenient;                /* genfromtxt: a field that is missing or no number is filled, and
                                    comments and blank lines count among skip_header's lines alike */
    double filling;
    bool header;                 /* a first row that holds no number is skipped              */
    int ndmin;                   /* axes of length 1 are dropped down to this many           */
} lsv_table_format;

#define LSV_TABLE_FORMAT ((lsv_table_format){.comments = "#", .max_rows = -1, .dtype = LSV_FLOAT64, .filling = __builtin_nan("")})

lsv_status lsv_table_load(const char *path, const lsv_table_format *f, lsv_array **out, lsv_error *err);
lsv_status lsv_table_parse(const char *name, const char *text, size_t n, const lsv_table_format *f, lsv_array **out, lsv_error *err);

typedef struct lsv_table_style {
    const char *const *formats;  /* printf conversions: one for all, one for each column, or one
                                    text with a conversion for each column; NULL: the shortest
                                    digits that read back                                    */
    int nformats;
    const char *delimiter, *newline, *header, *footer, *comments; /* NULL: " ", "\n", "", "", "# " */
} lsv_table_style;

/* One or two axes. */
lsv_status lsv_table_save(const char *path, const lsv_array *a, const lsv_table_style *style, lsv_error *err);

#endif
