/* LoRA adapters: files of low-rank updates, in and out, and what is done with them.

   An adapter is a list of modules in a stable order, each an update of one weight of a base model:

       dW = scale * B @ A,   B out x rank,  A rank x in        scale = alpha / rank  (rsLoRA: alpha / sqrt(rank))

   and, besides, everything else its file holds: whole tensors that take the place of the base's
   (modules_to_save, biases), the configuration with keys that lsv does not know, metadata. Nothing is dropped
   silently: what cannot be kept or computed with is refused by its name, and what was noticed on the way (a rank
   that the configuration gives otherwise, a factor that was folded) is said in the adapter's notes.

   Every kind of module is a matrix here. A convolution's A (rank x in x kernel…) and B (out x rank x 1…) are those of
   a matrix with in * kernel columns; an embedding's, and a linear layer's whose base stores it input by output
   (fan_in_fan_out), are of the transpose of what the base holds. B and A are always `out x rank` and `rank x in`; only
   lsv_adapter_delta and lsv_adapter_apply turn and fold the product into the base's own shape.

   Reading takes headers only: factors lie over the mapped file and are fetched module by module, so memory is
   bounded by the largest module and not by the adapter. Reference counts are not atomic, as those of arrays. */
#ifndef LSV_LORA_ADAPTER_H
#define LSV_LORA_ADAPTER_H

#include "lora/lora.h"

/* ---- formats ---- */

typedef enum lsv_adapter_format {
    LSV_ADAPTER_PEFT,      /* a folder: adapter_model.safetensors and adapter_config.json                          */
    LSV_ADAPTER_KOHYA,     /* a file: lora_unet_… lora_te1_… with .lora_down.weight .lora_up.weight .alpha         */
    LSV_ADAPTER_DIFFUSERS  /* a file: transformer.… unet.… diffusion_model.… with .lora_A.weight .lora_B.weight .alpha */
} lsv_adapter_format;

const char *lsv_adapter_format_name(lsv_adapter_format f);                   /* "peft", "kohya", "diffusers" */
bool lsv_adapter_format_parse(const char *name, lsv_adapter_format *out);

/* The names of the base's modules ("model.layers.0.mlp.up_proj", without ".weight"), which kohya's names with their
   underscores need to be turned back. Borrowed texts. n == 0: not known. */
typedef struct lsv_base_names { ptrdiff_t n; const char *const *names; } lsv_base_names;

/* The module names of a checkpoint (.safetensors or .index.json): its ".weight" tensors. *out is one block for lsv_free
   (the texts lie in it); `names` points into it. */
lsv_status lsv_base_names_of(const char *checkpoint, lsv_base_names *names, void **out, lsv_error *err);

/* ---- an adapter ---- */

typedef enum lsv_module_kind { LSV_MODULE_LINEAR, LSV_MODULE_CONV, LSV_MODULE_EMBEDDING } lsv_module_kind;

typedef struct lsv_adapter_module {
    const char *name;     /* the base's: "model.layers.0.self_attn.q_proj"; of a kohya file read without the base's
                             names, the file's own: "lora_unet_down_blocks_0_…" (`flat`)                           */
    lsv_module_kind kind;
    const char *kohya;    /* its name in a kohya file that it came from; NULL: none                                */
    bool flat;
    bool transposed;      /* the base holds in x out: embeddings, fan_in_fan_out                                   */
    ptrdiff_t out, in, rank; /* in: with a convolution's kernel                                                    */
    int nkernel;          /* a convolution's kernel axes: 1, 2 or 3; else 0                                        */
    ptrdiff_t kernel[3];
    double alpha, scale;  /* a file without alpha: alpha = rank, scale 1                                           */
    lsv_dtype dtype_B, dtype_A; /* as stored                                                                       */
} lsv_adapter_module;

typedef struct lsv_adapter lsv_adapter;

typedef struct lsv_adapter_reading {
    lsv_base_names base;  /* for kohya's names: a module that no base name or more than one fits is refused        */
    bool any;             /* what would be refused for its meaning (DoRA, a bias of lora's own, …) becomes a note;
                             for looking only: such an adapter's deltas are not those of its file                  */
} lsv_adapter_reading;

/* path: a PEFT folder (or one of its two files), or a .safetensors file; the format is found from what is there.
   Headers are read and checked: every module has both factors, of shapes that multiply, of a floating type. options may be
   NULL. Refused by name, with what to do: adapter_model.bin (a pickle), DoRA, lora_bias, other peft types, LoHa, LoKr,
   IA3, OFT, .diff, grouped convolutions, target_parameters, keys that are not known. Errors name file, place and reason. */
lsv_status lsv_adapter_read(const char *path, const lsv_adapter_reading *options, lsv_adapter **out, lsv_error *err);

/* An empty one, to be filled. */
lsv_status lsv_adapter_new(lsv_adapter **out, lsv_error *err);
lsv_adapter *lsv_adapter_ref(lsv_adapter *a);
void lsv_adapter_free(lsv_adapter *a); /* gives one reference back; NULL is allowed */

/* Append a module. What of *m is looked at: name and kohya (copied), kind, flat, transposed, nkernel, kernel, alpha (NAN: the rank,
   so that the scale is 1). B (out x rank) and A (rank x in) are matrices of one floating type each; their references
   are taken in any case. LSV_EVALUE: a name twice, factors that do not multiply, a kernel that does not divide `in`. */
lsv_status lsv_adapter_add(lsv_adapter *a, const lsv_adapter_module *m, lsv_array *B, lsv_array *A, lsv_error *err);
/* The same with factors that are made when they are asked for (each time; the last pair is kept): for writing more than
   memory holds. out, in, rank, dtype_B and dtype_A of *m are looked at too. */
typedef lsv_status lsv_adapter_fetch(void *ctx, ptrdiff_t i, lsv_array **B, lsv_array **A, lsv_error *err);
lsv_status lsv_adapter_add_later(lsv_adapter *a, const lsv_adapter_module *m, lsv_adapter_fetch *fetch, void *ctx, lsv_error *err);

ptrdiff_t lsv_adapter_count(const lsv_adapter *a);
const lsv_adapter_module *lsv_adapter_at(const lsv_adapter *a, ptrdiff_t i);
ptrdiff_t lsv_adapter_find(const lsv_adapter *a, const char *name); /* -1: not there */
lsv_adapter_format lsv_adapter_format_of(const lsv_adapter *a);      /* as read; LSV_ADAPTER_PEFT of one made here */
/* Flat names become the base's own; LSV_EVALUE, and nothing changed, where one has none or several. */
lsv_status lsv_adapter_resolve(lsv_adapter *a, const lsv_base_names *base, lsv_error *err);
/* Where it was read from; NULL of one made here. */
const char *lsv_adapter_path(const lsv_adapter *a);

/* Module i's factors as matrices of the types they are stored in, over the mapping where that is possible. Not scaled. */
lsv_status lsv_adapter_factors(lsv_adapter *a, ptrdiff_t i, lsv_kind kind, lsv_array **B, lsv_array **A, lsv_error *err);

/* ---- what else it holds ---- */

typedef struct lsv_adapter_tensor {
    const char *name;     /* of the base's tensor that it takes the place of: "score.weight", "model.norm.bias" */
    const char *type;     /* as in the file: "F32", "BF16", …                                                   */
    int ndim;
    ptrdiff_t shape[LSV_MAXDIM];
} lsv_adapter_tensor;

ptrdiff_t lsv_adapter_tensors(const lsv_adapter *a);
const lsv_adapter_tensor *lsv_adapter_tensor_at(const lsv_adapter *a, ptrdiff_t i);
lsv_status lsv_adapter_tensor_get(lsv_adapter *a, ptrdiff_t i, lsv_kind kind, lsv_array **out, lsv_error *err);
/* One more; takes the reference to x in any case. */
lsv_status lsv_adapter_tensor_add(lsv_adapter *a, const char *name, lsv_array *x, lsv_error *err);

/* The configuration: key to JSON text, in the file's order; of adapters that had none, what was set. */
ptrdiff_t lsv_adapter_settings(const lsv_adapter *a);
const char *lsv_adapter_setting_at(const lsv_adapter *a, ptrdiff_t i, const char **json);
const char *lsv_adapter_setting(const lsv_adapter *a, const char *key); /* its JSON text; NULL: not there */
/* Sets or replaces ("base_model_name_or_path", "\"gpt2\""); json NULL takes it out. The text is checked to be JSON. r,
   lora_alpha, the patterns, target_modules and what else describes the modules are written from the modules themselves. */
lsv_status lsv_adapter_set(lsv_adapter *a, const char *key, const char *json, lsv_error *err);
/* The same for a text, quoted here. */
lsv_status lsv_adapter_set_text(lsv_adapter *a, const char *key, const char *text, lsv_error *err);

/* "__metadata__" of the file: the i-th pair; false beyond the last. */
bool lsv_adapter_metadata(const lsv_adapter *a, ptrdiff_t i, const char **key, const char **value);
lsv_status lsv_adapter_set_metadata(lsv_adapter *a, const char *key, const char *value, lsv_error *err);

/* What was noticed: one line each; NULL beyond the last. */
const char *lsv_adapter_note(const lsv_adapter *a, ptrdiff_t i);
lsv_status lsv_adapter_add_note(lsv_adapter *a, lsv_error *err, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ---- writing ---- */

typedef struct lsv_adapter_writing {
    lsv_adapter_format format;
    int dtype;            /* LSV_FLOAT32, LSV_FLOAT16, LSV_BFLOAT16, LSV_FLOAT64 for all factors, rounded to nearest even;
                             -1: each as it is                                                                    */
    lsv_base_names base;  /* for flat names                                                                       */
    const char *prefix;   /* LSV_ADAPTER_KOHYA, LSV_ADAPTER_DIFFUSERS: before names that do not say which part of the model
                             they are of; NULL: "lora_unet_" and "diffusion_model."                               */
} lsv_adapter_writing;

#define LSV_ADAPTER_WRITING(format) ((lsv_adapter_writing){(format), -1, {0, NULL}, NULL})

/* All or nothing, also for a PEFT folder: it is made beside its place and exchanged with what is there in one step
   (files of an older folder that are not the adapter's move over); whoever looks sees the old adapter or the new
   one. Folders above it are made. Modules are fetched one by one. Modules of rank 0 are left out and said so in a.note (they change nothing; PEFT knows no
   rank 0). What a format cannot hold (an embedding in kohya's, a name that another's form is the same as, whole
   tensors) is refused by name before anything is written. An adapter that was read and not changed goes out as it came. */
lsv_status lsv_adapter_write(lsv_adapter *a, const char *path, const lsv_adapter_writing *options, lsv_error *err);

/* A finished folder `made` takes the place of `target` (which need not be there) in one step; what else the old one held
   moves over. Both on one file system. Afterwards `made` is gone. */
lsv_status lsv_folder_replace(const char *made, const char *target, lsv_error *err);

/* Bytes of the factors in that type (-1: as they are). */
lsv_status lsv_adapter_bytes(const lsv_adapter *a, int dtype, ptrdiff_t *bytes, lsv_error *err);

/* ---- one module at a time ---- */

/* scale * B @ A in the base's shape (transposed and folded into a kernel where it is so), computed in `dtype`, LSV_FLOAT64
   or LSV_FLOAT32. */
lsv_status lsv_adapter_delta(lsv_adapter *a, ptrdiff_t i, lsv_kind kind, lsv_dtype dtype, lsv_array **out, lsv_error *err);

/* W + weight * dW, in W's own type: the sum is formed in float64 (float32 where W and both factors are of at most that and
   `dtype` is LSV_FLOAT32) and rounded once, to nearest even. W's shape must be the module's; where the layout (transposed)
   disagrees with it and the other one fits, W's shape decides. */
lsv_status lsv_adapter_apply(lsv_adapter *a, ptrdiff_t i, double weight, lsv_dtype dtype, const lsv_array *W, lsv_array **out, lsv_error *err);

/* Factors of the same update at another rank, by the rule (of NANs and -1: the numerical rank), scale 1: B' @ A' is the best
   approximation of scale * B @ A, which is never formed. float32, or float64 where a factor is. info may be NULL. */
lsv_status lsv_adapter_resize_module(lsv_adapter *a, ptrdiff_t i, lsv_rank_rule rule, lsv_split split, lsv_array **B, lsv_array **A, lsv_aggregate_info *info, lsv_error *err);

/* ---- merging ---- sum_k weight_k * scale_k * B_k @ A_k, exact and factored (lora.h); any ranks, scales, signs */

typedef struct lsv_adapter_merging {
    lsv_adapter *const *adapters; /* n >= 1 */
    int n;
    const double *weights;        /* NULL: 1/n each. A module that an adapter lacks counts as zero there; weights are not
                                     normalised                                                               */
    lsv_aggregate_method method;
    lsv_split split;
} lsv_adapter_merging;

/* Every module that any of them has, each once, in the order of first appearance. LSV_EVALUE names the module and the two
   adapters where kind, shape or layout differ. Owned by the caller: lsv_free(*modules); names borrowed from the adapters. */
lsv_status lsv_adapter_union(const lsv_adapter_merging *m, lsv_adapter_module **modules, ptrdiff_t *count, lsv_error *err);

/* One module, for each of `count` output rules from one factorisation: B[j] @ A[j] with scale 1. infos (count) may be NULL. */
lsv_status lsv_adapter_merge_module(const lsv_adapter_merging *m, const char *name, const lsv_rank_rule *rules, int count, lsv_array **B, lsv_array **A, lsv_aggregate_info *infos, lsv_error *err);

/* Whole tensors (modules_to_save, biases): one that all adapters hold with the same bytes is kept; one that all hold, and
   the weights add up to 1 (FedAvg of the tensor: the base cancels), becomes the weighted mean, in its type; anything else
   is refused by name. Into `out`, with a note each. */
lsv_status lsv_adapter_merge_tensors(const lsv_adapter_merging *m, lsv_adapter *out, lsv_error *err);

/* All of it in memory: out[j] for each rule; settings of the first adapter that has any (those that describe modules apart).
   infos, where not NULL: count * (modules in the union), those of module i from i * count on; lsv_free it. */
lsv_status lsv_adapter_merge(const lsv_adapter_merging *m, const lsv_rank_rule *rules, int count, lsv_adapter **out, lsv_aggregate_info **infos, lsv_error *err);

/* The whole adapter resized, in memory; tensors, settings, metadata and notes are kept. infos as above, one per module. */
lsv_status lsv_adapter_resize(lsv_adapter *a, lsv_rank_rule rule, lsv_split split, lsv_adapter **out, lsv_aggregate_info **infos, lsv_error *err);

#endif
