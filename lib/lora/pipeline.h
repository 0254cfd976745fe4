/* Whole models and adapters in files, layer by layer: extract, resize, merge, apply, convert, verify, diff, info.

   Memory is bounded by the largest layer, not by the model: checkpoints are mapped, one layer at a time is read from them,
   worked on, written out and let go of. Nothing is lost to an interruption: what is finished lies in OUT.partial, with
   checksums and a description of the job, and the same call goes on from there; its output is the same to the last
   bit as that of a run that was not stopped. The output is made inside OUT.partial, read again and compared, and takes its
   place in one step; until then, and whatever fails, what was there stays.

   Sources. A checkpoint is a .safetensors file, an index of shards (….index.json), or a folder with one of the two. An
   adapter is what lsv_adapter_read takes. Everything that is wrong with a source is one error that names the file, the
   tensor and the place.

   Errors: LSV_EVALUE for sources that do not fit each other or options that make no sense, LSV_EOS from the operating
   system (a full disk, a folder that may not be written), LSV_EINTR when stopped: OUT.partial is then good to go on from. */
#ifndef LSV_LORA_PIPELINE_H
#define LSV_LORA_PIPELINE_H

#include <math.h>
#include <stdint.h>
#include "lora/adapter.h"
#include "lora/lora.h"

/* ---- what a job reports ---- */

typedef enum lsv_layer_state {
    LSV_LAYER_DONE,      /* worked on                                                                        */
    LSV_LAYER_UNCHANGED, /* base and tuned are the same                                                      */
    LSV_LAYER_BELOW,     /* differs, but rank 0 is what the rule leaves                                      */
    LSV_LAYER_KEPT,      /* no matrix to be factored: kept whole, as it is in tuned (modules_to_save)         */
    LSV_LAYER_DROPPED,   /* differs and is not in the output, because it is not among the targets or no matrix */
    LSV_LAYER_COPIED,    /* apply: as in the base                                                            */
    LSV_LAYER_MISSING,   /* on one side only                                                                 */
    LSV_LAYER_SHAPE      /* diff: of another shape on the other side                                         */
} lsv_layer_state;

const char *lsv_layer_state_name(lsv_layer_state s); /* "done", "unchanged", … */

/* Numbers that a job does not have are NAN, counts -1. Frobenius norms. */
typedef struct lsv_layer {
    char *name;               /* of the module, or of the tensor                                             */
    lsv_layer_state state;
    int ndim;
    ptrdiff_t shape[LSV_MAXDIM];
    ptrdiff_t rank, before;   /* of the result; of what went in (all clients' together)                      */
    double norm;              /* |dW|, the exact one                                                         */
    double relative;          /* |dW| / |W|                                                                  */
    double error;             /* |dW - scale B A| / |dW|, with the factors as they are stored                 */
    double floor;             /* what storing tuned in its type has put into dW: |rounding| / |dW|            */
    double alpha, scale;
    double seconds;
    int products;             /* with dW, or its transpose                                                   */
    int output;               /* merge to several ranks: which                                               */
    const char *dtype;        /* of the factors, or of the tensor; static text                               */
    bool resumed;             /* was finished by an earlier run                                              */
} lsv_layer;

typedef struct lsv_report {
    ptrdiff_t n, room;
    lsv_layer *layers;
    double norm, error;       /* |dW| of all layers together, and the error of the whole relative to it       */
    int64_t bytes_read, bytes_written;
    double seconds, flops;
    bool finished;            /* everything had been done by an earlier run                                  */
} lsv_report;

void lsv_report_free(lsv_report *r);

/* What a job tells while it runs; any function may be NULL. From the thread that runs the job. */
typedef struct lsv_pipeline_client {
    void *ctx;
    /* `layers` to be done, with `bytes` to be read. Again for each phase: "extract", "write", "verify", … */
    void (*phase)(void *ctx, const char *what, ptrdiff_t layers, int64_t bytes);
    void (*begin)(void *ctx, const char *layer);
    void (*layer)(void *ctx, const lsv_layer *done, int64_t bytes);
    void (*note)(void *ctx, const char *text);
} lsv_pipeline_client;

/* ---- what all that write have in common ---- */

typedef struct lsv_output {
    const char *path;
    lsv_adapter_format format; /* of adapters                                                                 */
    int dtype;                 /* of factors; -1: float32 (extract: 16-bit as tuned is stored)                 */
    bool force;                /* an output that is there is replaced                                        */
    bool restart;              /* what an earlier run left is thrown away                                    */
} lsv_output;

/* ---- extract ---- base + adapter ~ tuned */

typedef struct lsv_extraction {
    const char *base, *tuned;
    lsv_rank_rule rule;        /* of each layer; a rank above min(m, n) is that. Of NANs and -1: all above rounding */
    int64_t budget;            /* bytes of all factors together, at most (0: no limit): singular values are taken from
                                  all layers, those first that gain most error per byte                       */
    bool noise_floor;          /* no singular value below what the rounding of tuned's type alone would show   */
    const char *const *targets, *const *excludes; /* patterns of module names (LSV_PATTERN_SUFFIX)             */
    int ntargets, nexcludes;   /* no targets: every matrix                                                   */
    bool embeddings;           /* embeddings and lm_head too                                                 */
    bool conv;                 /* convolutions too                                                           */
    bool fan_in_fan_out;       /* the base holds its weights input by output                                 */
    bool save_rest;            /* what differs and is no target is kept whole                                */
    lsv_split split;
    double accuracy;           /* the error may exceed the least possible one by this share; 0: 0.001          */
    uint64_t seed;
    lsv_output out;
} lsv_extraction;

#define LSV_EXTRACTION ((lsv_extraction){.rule = {64, (double)NAN, (double)NAN, (double)NAN, -1}, .out = {.dtype = -1}})

lsv_status lsv_lora_extract(const lsv_extraction *x, const lsv_pipeline_client *client, lsv_report *report, lsv_error *err);

/* What it would take, without doing it: headers are read, the gemm rate is measured (about 0.1 s). */
typedef struct lsv_estimate {
    ptrdiff_t layers, others;  /* to be factored; tensors that are not                                       */
    int64_t parameters, bytes; /* of the layers; to be read                                                  */
    int64_t factor_bytes;      /* at the rank asked for (the cap of a rule, or 64)                             */
    int64_t memory;            /* resident, beyond the page cache                                            */
    double flops, rate;        /* float32 products, and the rate they run at here                            */
    double read_rate;          /* bytes/s out of the page cache, with widening                               */
    double seconds;
    char largest[128];         /* the layer that needs the memory                                            */
} lsv_estimate;

lsv_status lsv_lora_extract_estimate(const lsv_extraction *x, lsv_estimate *out, lsv_error *err);

/* ---- adapters ---- */

typedef struct lsv_resizing {
    const char *adapter;
    const char *base;          /* for kohya's names; NULL                                                    */
    lsv_rank_rule rule;
    lsv_split split;
    lsv_output out;
} lsv_resizing;

lsv_status lsv_lora_resize(const lsv_resizing *x, const lsv_pipeline_client *client, lsv_report *report, lsv_error *err);
lsv_status lsv_lora_resize_estimate(const lsv_resizing *x, lsv_estimate *out, lsv_error *err);

/* Several output rules: out.path is a folder, and output j is written into out.path/names[j]. */
typedef struct lsv_merging {
    const char *const *adapters;
    int n;
    const char *base;
    const double *weights;     /* NULL: 1/n each                                                             */
    lsv_aggregate_method method;
    const lsv_rank_rule *rules;
    const char *const *names;
    int count;                 /* 0: one output at the exact rank                                            */
    lsv_split split;
    lsv_output out;
} lsv_merging;

lsv_status lsv_lora_merge(const lsv_merging *x, const lsv_pipeline_client *client, lsv_report *report, lsv_error *err);
lsv_status lsv_lora_merge_estimate(const lsv_merging *x, lsv_estimate *out, lsv_error *err);

/* W + weight * dW for every weight that the adapter has, into a checkpoint with the base's shards, order, element types
   and metadata; a base that is a folder has its other files copied along. Whole tensors of the adapter take the place of
   the base's. */
typedef struct lsv_applying {
    const char *base, *adapter;
    double weight;
    bool exact;                /* sums in float64 also where everything is of 32 bits or less                 */
    lsv_output out;
} lsv_applying;

lsv_status lsv_lora_apply(const lsv_applying *x, const lsv_pipeline_client *client, lsv_report *report, lsv_error *err);
lsv_status lsv_lora_apply_estimate(const lsv_applying *x, lsv_estimate *out, lsv_error *err);

typedef struct lsv_converting {
    const char *adapter, *base;
    const char *prefix;        /* lsv_adapter_writing                                                        */
    lsv_output out;
} lsv_converting;

lsv_status lsv_lora_convert(const lsv_converting *x, const lsv_pipeline_client *client, lsv_report *report, lsv_error *err);
lsv_status lsv_lora_convert_estimate(const lsv_converting *x, lsv_estimate *out, lsv_error *err);

/* ---- looking ---- */

/* One layer per module: shape, rank, alpha, scale, |dW| and dtype. The adapter is handed out too where `adapter` is not
   NULL (for its settings, tensors and notes). */
lsv_status lsv_lora_look(const char *path, const char *base, const lsv_pipeline_client *client, lsv_adapter **adapter, lsv_report *report, lsv_error *err);

/* The largest rank among an adapter's modules. */
lsv_status lsv_lora_rank(const char *path, const char *base, ptrdiff_t *rank, lsv_error *err);

/* The adapter against the two checkpoints: each module's error |tuned - base - scale B A| / |tuned - base|, recomputed from
   the three files; what differs and the adapter does not have is LSV_LAYER_DROPPED. report->error is that of the whole
   model. */
lsv_status lsv_lora_verify(const char *base, const char *tuned, const char *adapter, const lsv_pipeline_client *client, lsv_report *report, lsv_error *err);

/* Two checkpoints: |b - a| and |b - a| / |a| of each tensor. Two adapters: the same of their updates, with `norm` the norm of
   the difference, from the factors alone. */
lsv_status lsv_lora_diff(const char *a, const char *b, const lsv_pipeline_client *client, lsv_report *report, lsv_error *err);

/* Is there work of an earlier run that `out` could be gone on with? */
bool lsv_lora_unfinished(const char *out);

/* Is there an adapter at this path, rather than a checkpoint? */
bool lsv_lora_is_adapter(const char *path);

#endif
