/* Inside the streaming engine: one layer's difference and its factors. */
#ifndef LSV_LORA_PIPELINE_INSIDE_H
#define LSV_LORA_PIPELINE_INSIDE_H

#include <math.h>
#include "file/safetensors.h"
#include "lora/lora.h"
#include "lora/pipeline.h"
#include "text/text.h"

/* ---- a layer's difference (pipeline_delta.c) ---- */

typedef struct lsv_delta {
    ptrdiff_t m, n;
    float *x;           /* tuned - base, row-major, owned; NULL where nothing differs        */
    double norm, base;  /* Frobenius, of the difference and of base                          */
    double noise;       /* |rounding of tuned to its type|, as expected                      */
    double edge;        /* the largest singular value that this rounding alone would show    */
} lsv_delta;

/* Two arrays of one shape, read once, as an m x n matrix each (m * n == size). The difference of 16-bit and float32
   numbers is rounded to float32 once. LSV_EVALUE where an entry is not finite: `names` has base's and tuned's name for
   the message. */
lsv_status lsv_delta_new(const lsv_array *base, const lsv_array *tuned, ptrdiff_t m, ptrdiff_t n, const char *const names[2],
                         lsv_delta *out, lsv_error *err);
void lsv_delta_free(lsv_delta *d);
double lsv_delta_norm(const lsv_delta *d); /* of x as it is now */

/* |x - B A| (B: m x r, A: r x n, any float types, contiguous) as it truly is; x is overwritten by x - B A. */
lsv_status lsv_delta_residual(lsv_delta *d, const lsv_array *B, const lsv_array *A, double *norm, lsv_error *err);

/* ---- its factors (pipeline_factor.c) ---- */

/* The leading triplets, float64, the panels with ld = lsv_pad8(k). */
typedef struct lsv_leading {
    ptrdiff_t m, n, k, ld;
    double *u, *v, *s;
    double error;       /* |x - U S V^T| / |x|                                               */
    bool complete;      /* all the values that there are                                    */
    int products;       /* with the matrix or its transpose                                  */
    double flops;
    const char *method; /* "randomized" or "full"                                            */
} lsv_leading;

typedef struct lsv_factor_options {
    lsv_rank_rule rule;
    bool above_noise;   /* no triplet whose value is within d->edge                          */
    double accuracy;    /* of the error, over the least possible for that rank; 0: 1e-3       */
    uint64_t seed;
} lsv_factor_options;

/* Triplets until the rule can tell the rank, and the rank (at most out->k). */
lsv_status lsv_delta_factor(const lsv_delta *d, const lsv_factor_options *options, lsv_leading *out, ptrdiff_t *rank, lsv_error *err);
void lsv_leading_free(lsv_leading *t);

/* B (m x r) and A (r x n) of `type` from the first r triplets; transposed: B is n x r and A r x m, for (B A)^T.
   LSV_EVALUE where an entry leaves the range of the type. */
lsv_status lsv_leading_split(const lsv_leading *t, ptrdiff_t r, lsv_split split, bool transposed, lsv_dtype type, lsv_array **B,
                             lsv_array **A, lsv_error *err);

/* ---- checkpoints (pipeline_checkpoint.c) ---- */

typedef struct lsv_checkpoint {
    lsv_safetensors *tensors;
    char *folder;           /* with the '/' at its end, or ""                                 */
    char *index;            /* the index's file name; NULL where it is one file                 */
    char **files;           /* names within the folder, as many as tensors->nfiles              */
    bool whole_folder;      /* it was given as a folder                                       */
} lsv_checkpoint;

lsv_status lsv_checkpoint_open(const char *path, lsv_checkpoint *out, lsv_error *err);
void lsv_checkpoint_close(lsv_checkpoint *c);
/* "folder/file: tensor 'name'", for messages, in a block for lsv_free (NULL: no memory). */
char *lsv_checkpoint_place(const lsv_checkpoint *c, ptrdiff_t tensor);
/* The bytes of a tensor, mapped. */
const char *lsv_checkpoint_bytes(const lsv_checkpoint *c, ptrdiff_t tensor, size_t *n);
/* Have it read from the disk while something else is computed; its pages are not needed any more. */
void lsv_checkpoint_ahead(const lsv_checkpoint *c, ptrdiff_t tensor);
void lsv_checkpoint_behind(const lsv_checkpoint *c, ptrdiff_t tensor);
/* The element type, and whether it is one of float16, bfloat16, float32, float64. */
lsv_dtype lsv_checkpoint_dtype(const lsv_checkpoint *c, ptrdiff_t tensor, bool *floating);

/* Lines that change when a file does: name, size, time of change, checksum of the header. */
lsv_status lsv_checkpoint_identity(const lsv_checkpoint *c, const char *role, lsv_text *t, lsv_error *err);
/* The same of one file: its size, time and a checksum of its first 64 KiB. */
lsv_status lsv_file_identity(const char *path, const char *role, lsv_text *t, lsv_error *err);

uint64_t lsv_checksum(uint64_t before, const void *bytes, size_t n);

/* folder + name, for lsv_free. */
char *lsv_path_join(const char *folder, const char *name);

/* ---- the work that is not finished yet (pipeline_partial.c) ---- */

/* OUT.partial holds `job`, the description of what is being done, and `layers`, a file that only grows: one record for
   each layer that is finished, with its numbers, its arrays and a checksum over both. Whatever the moment of a kill,
   the records before it are whole, and one that is not is cut off. */
typedef struct lsv_partial lsv_partial;

/* Begin, or go on with, the job that is described by `job` (lines of "key value"). LSV_EVALUE where OUT is there already
   (unless out->force), where another process works on it, or where the folder's job is another one: the first line that
   differs is said. *finished: an earlier run came to its end, and only its folder was left; *p is then NULL. */
lsv_status lsv_partial_open(const lsv_output *out, const lsv_text *job, lsv_partial **p, bool *finished, lsv_error *err);
void lsv_partial_close(lsv_partial *p); /* what was done stays; where that is nothing, so does the folder not. NULL is allowed */
void lsv_partial_discard(lsv_partial *p); /* lsv_partial_close is to throw away what was done */

/* A record: key, numbers, and arrays (any type, contiguous or not). Synced at the latest a quarter of a second later. */
lsv_status lsv_partial_put(lsv_partial *p, int key, const lsv_layer *layer, int narrays, lsv_array *const *arrays, lsv_error *err);
/* The numbers of `key` into *layer (its name is left alone); false: not there. */
bool lsv_partial_get(const lsv_partial *p, int key, lsv_layer *layer);
/* Array i of `key`, checked against its record, read anew. */
lsv_status lsv_partial_array(const lsv_partial *p, int key, int i, lsv_array **out, lsv_error *err);
lsv_status lsv_partial_sync(lsv_partial *p, lsv_error *err);

/* The path of a file or folder in OUT.partial, for lsv_free. */
char *lsv_partial_path(const lsv_partial *p, const char *name);
/* OUT.partial/name takes its place as OUT (or, where `as` is not NULL, as OUT/as …) and OUT.partial goes. */
lsv_status lsv_partial_finish(lsv_partial *p, const char *name, lsv_error *err);
/* A file or folder with all it holds; what is not there is fine. */
lsv_status lsv_remove_all(const char *path, lsv_error *err);

/* ---- reports (pipeline_report.c) ---- */

#define LSV_LAYER ((lsv_layer){.rank = -1, .before = -1, .norm = (double)NAN, .relative = (double)NAN, .error = (double)NAN, \
    .floor = (double)NAN, .alpha = (double)NAN, .scale = (double)NAN, .seconds = (double)NAN, .products = -1, .output = -1, .dtype = ""})

/* Copies the layer, name and all, and tells the client; `bytes` were read for it. */
lsv_status lsv_report_add(lsv_report *r, const lsv_pipeline_client *client, const lsv_layer *l, int64_t bytes, lsv_error *err);
void lsv_tell_phase(const lsv_pipeline_client *c, const char *what, ptrdiff_t layers, int64_t bytes);
void lsv_tell_begin(const lsv_pipeline_client *c, const char *layer);
void lsv_tell(const lsv_pipeline_client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The sums over all layers. */
void lsv_report_total(lsv_report *r);
double lsv_seconds(void); /* of a steady clock */

/* ---- two checkpoints' tensors (pipeline_compare.c) ---- */

bool lsv_same_shape(const lsv_tensor_info *a, const lsv_tensor_info *b);
/* Are the two the same, as numbers? */
lsv_status lsv_tensors_equal(const lsv_checkpoint *a, ptrdiff_t i, const lsv_checkpoint *b, ptrdiff_t j, bool *equal, lsv_error *err);
/* l->norm = |b - a| and l->relative, where both are floating, finite and of one shape; else they stay. */
lsv_status lsv_tensors_norms(const lsv_checkpoint *a, ptrdiff_t i, const lsv_checkpoint *b, ptrdiff_t j, lsv_layer *l, lsv_error *err);
/* Their difference as m x n; LSV_EVALUE with file, tensor and place for an entry that is not finite. *stored: b's type. */
lsv_status lsv_tensors_delta(const lsv_checkpoint *a, ptrdiff_t i, const lsv_checkpoint *b, ptrdiff_t j, ptrdiff_t m, ptrdiff_t n,
                             lsv_dtype *stored, lsv_delta *d, lsv_error *err);
/* Shape and type into a layer. */
void lsv_layer_of_tensor(const lsv_tensor_info *t, lsv_layer *l);

/* ---- an adapter out of records (pipeline_assemble.c) ---- */

typedef struct lsv_assembly { const lsv_partial *partial; int key; } lsv_assembly; /* a module's record: B is its array 0, A array 1 */

/* lsv_adapter_fetch over an lsv_assembly. */
lsv_status lsv_assembly_fetch(void *assembly, ptrdiff_t i, lsv_array **B, lsv_array **A, lsv_error *err);
/* The adapter goes to `path`, is read from there again, and every factor and tensor compared, bit for bit. */
lsv_status lsv_assembly_write(lsv_adapter *a, const char *path, const lsv_adapter_writing *w, const lsv_pipeline_client *client,
                              lsv_report *report, lsv_error *err);

/* |s1 B1 A1 - s2 B2 A2| and |s1 B1 A1|, in float64, without forming either; B2 NULL: nothing is taken off. */
lsv_status lsv_factored_distance(double s1, const lsv_array *B1, const lsv_array *A1, double s2, const lsv_array *B2, const lsv_array *A2,
                                 double *distance, double *norm, lsv_error *err);

/* e->rate: flops per second of products in `t`, measured on one of a few hundred rows; e->read_rate: bytes per second
   of widening 16-bit numbers, one thread's memory to memory. (pipeline_estimate.c) */
lsv_status lsv_measure_rates(lsv_dtype t, lsv_estimate *e, lsv_error *err);

/* ---- opening adapters (pipeline_adapters.c) ---- */

/* An adapter, with the names of `base`'s modules where base is not NULL; *names goes to lsv_free once it is closed. */
lsv_status lsv_adapter_open(const char *path, const char *base, bool any, lsv_adapter **out, lsv_base_names *base_names, void **names, lsv_error *err);
lsv_status lsv_adapter_is_at(const char *path, bool *is, lsv_error *err);
lsv_status lsv_adapter_identity(const lsv_adapter *a, const char *role, lsv_text *t, lsv_error *err);
/* Shape and kind of a module into a layer. */
void lsv_layer_of_module(const lsv_adapter_module *m, lsv_layer *l);

/* ---- which tensors are worked on (pipeline_targets.c) ---- */

typedef struct lsv_target {
    ptrdiff_t base, tuned;  /* tensors; -1: not there                                             */
    char *name;             /* of the module; of the tensor where it is not factored               */
    bool factored;
    lsv_module_kind kind;
    bool transposed;
    ptrdiff_t m, n;         /* as the base holds it; a convolution: out x in * kernel               */
    int nkernel;
    ptrdiff_t kernel[3];
    int64_t bytes;          /* of both                                                            */
} lsv_target;

typedef struct lsv_targets { ptrdiff_t n, factored; lsv_target *items; int64_t bytes; } lsv_targets;

/* Every tensor of the two, in base's order, then what only tuned has. LSV_EVALUE for a tensor whose shapes differ. */
lsv_status lsv_targets_of(const lsv_extraction *x, const lsv_checkpoint *base, const lsv_checkpoint *tuned, lsv_targets *out, lsv_error *err);
void lsv_targets_free(lsv_targets *t);

#endif
