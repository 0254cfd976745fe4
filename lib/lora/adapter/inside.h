/* The inside of an adapter, for the files of adapter*.c. */
#ifndef LSV_LORA_ADAPTER_INSIDE_H
#define LSV_LORA_ADAPTER_INSIDE_H

#include "file/inside.h"
#include "lora/adapter.h"
#include "lora/adapter/pattern.h"

/* ---- names (adapter_names.c) ---- */

/* Names to numbers. Keys are borrowed and must stay. */
typedef struct lsv_name_map {
    size_t n, slots; /* slots: a power of two */
    struct lsv_name_slot { const char *key; ptrdiff_t value; } *at;
} lsv_name_map;

ptrdiff_t lsv_name_map_get(const lsv_name_map *m, const char *key); /* -1: not there */
/* What the key had before, or -1, in *old (which may be NULL); it is set only where it was not there. */
lsv_status lsv_name_map_put(lsv_name_map *m, const char *key, ptrdiff_t value, ptrdiff_t *old, lsv_error *err);
void lsv_name_map_free(lsv_name_map *m);

/* Numbers within names by their value: layers.2 before layers.10. */
int lsv_name_order(const char *a, const char *b);

/* A name in kohya's form ("unet.down_blocks.0.x" -> "lora_unet_down_blocks_0_x"); two_text: text_encoder is lora_te1_,
   not lora_te_. Owned by the caller. */
lsv_status lsv_kohya_name(const char *name, const char *prefix, bool two_text, char **out, lsv_error *err);

/* The base's names by kohya's, for turning those back. */
typedef struct lsv_flat_names {
    lsv_name_map map; /* flat name without its "lora_…_" to the place in base->names; AMBIGUOUS for several */
    const lsv_base_names *base;
    char **flat;
} lsv_flat_names;
lsv_status lsv_flat_names_of(const lsv_base_names *base, lsv_flat_names *out, lsv_error *err);
void lsv_flat_names_free(lsv_flat_names *f);
/* The base's name of a flat one; LSV_EVALUE where there is none or more than one. `where` is for the message. */
lsv_status lsv_flat_names_find(const lsv_flat_names *f, const char *where, const char *flat, const char **name, lsv_error *err);

/* ---- the adapter (adapter.c) ---- */

typedef struct lsv_module_record {
    lsv_adapter_module m;     /* name owned                                       */
    char *name, *kohya;       /* kohya: its name as a kohya file had it, or NULL  */
    int alpha_type;           /* of a file that gave alpha: the tensor's lsv_dtype; else -1 */
    ptrdiff_t at_B, at_A, at_mid; /* in the file; -1: not there                   */
    lsv_array *B, *A;         /* matrices; or                                     */
    lsv_adapter_fetch *fetch; /* made when needed                                 */
    void *ctx;
} lsv_module_record;

typedef struct lsv_tensor_record {
    lsv_adapter_tensor t;
    char *name, *key;         /* key: in the file, after "base_model.model."       */
    ptrdiff_t at;
    lsv_array *x;
} lsv_tensor_record;

typedef struct lsv_setting { char *key, *json; } lsv_setting;
typedef struct lsv_text_pair { char *key, *value; } lsv_text_pair;

struct lsv_adapter {
    int refs;
    lsv_adapter_format format;
    char *path;
    lsv_safetensors *file;
    ptrdiff_t n, room;
    lsv_module_record *modules;
    lsv_name_map names;
    ptrdiff_t ntensors, tensors_room, hidden; /* hidden: the last ones are kept for writing only */
    lsv_tensor_record *tensors;
    ptrdiff_t nsettings, settings_room;
    lsv_setting *settings;
    char *config;             /* the configuration's text while nothing was changed */
    size_t config_bytes;
    ptrdiff_t npairs, pairs_room;
    lsv_text_pair *pairs;
    ptrdiff_t nnotes, notes_room, notes_more;
    char **notes;
    bool same;                /* as the file that was read                        */
    bool rslora;              /* scales are alpha / sqrt(rank)                      */
    ptrdiff_t last;           /* the module whose fetched factors are kept; -1      */
    lsv_array *last_B, *last_A;
};

/* *block with room for one more of `size` bytes each. */
lsv_status lsv_grow(void **block, ptrdiff_t n, ptrdiff_t *room, size_t size, lsv_error *err);
/* A new record at the end, its name copied; LSV_EVALUE for a name that is there. `where` is for the message. */
lsv_status lsv_adapter_record(lsv_adapter *a, const char *where, const lsv_adapter_module *m, lsv_module_record **out, lsv_error *err);
/* A tensor of the file (at) or an array x (taken); key NULL: the name. hidden: for writing only; all of those come last. */
lsv_status lsv_adapter_keep(lsv_adapter *a, const char *name, const char *key, ptrdiff_t at, lsv_array *x, bool hidden, lsv_error *err);
/* Modules in the order of their names; tensors too. */
lsv_status lsv_adapter_sort(lsv_adapter *a, lsv_error *err);
/* scale from alpha and rank; alpha NAN: rank. */
void lsv_module_scale(lsv_adapter_module *m, bool rslora);
const char *lsv_adapter_metadata_value(const lsv_adapter *a, const char *key); /* NULL: not there */
/* Settings as they are (json unchecked), in place where the key is there. */
lsv_status lsv_adapter_put_setting(lsv_adapter *a, const char *key, const char *json, size_t n, lsv_error *err);
lsv_status lsv_adapter_copy_rest(lsv_adapter *to, const lsv_adapter *from, bool metadata, lsv_error *err); /* settings, metadata, tensors' keys */

/* ---- the configuration (adapter_config.c) ---- */

typedef struct lsv_pattern_value { char *key; lsv_pattern *pattern; double value; } lsv_pattern_value;
typedef struct lsv_pattern_list { ptrdiff_t n, room; lsv_pattern_value *at; } lsv_pattern_list;

typedef struct lsv_lora_config {
    double r, alpha;
    bool rslora, fan_in_fan_out;
    lsv_pattern_list ranks, alphas;
} lsv_lora_config;

/* adapter_config.json: into *c and, as they are, a's settings. any: what would be refused becomes a note. */
lsv_status lsv_lora_config_parse(lsv_adapter *a, const char *name, const void *bytes, size_t n, bool any, lsv_lora_config *c, lsv_error *err);
void lsv_lora_config_free(lsv_lora_config *c);
/* The first pattern that matches `name`, or the fallback. */
lsv_status lsv_pattern_list_value(const lsv_pattern_list *l, const char *name, double fallback, double *value, lsv_error *err);
/* The text of adapter_config.json for the adapter as it is. */
lsv_status lsv_lora_config_text(const lsv_adapter *a, char **out, size_t *n, lsv_error *err);

/* ---- reading (adapter_peft.c, adapter_kohya.c) ---- */

/* From parts that are open already; a->file is set. `name` is the tensors' file, for messages. */
lsv_status lsv_peft_modules(lsv_adapter *a, const char *name, const lsv_lora_config *c, bool any, lsv_error *err);
lsv_status lsv_kohya_modules(lsv_adapter *a, const char *name, const lsv_adapter_reading *o, lsv_error *err);
/* An adapter from the bytes of a configuration and of a tensors' file (config NULL: kohya's or diffusers'). */
lsv_status lsv_adapter_parse(const char *config_name, const lsv_storage *config, const char *name, lsv_storage *bytes, const lsv_adapter_reading *o, lsv_adapter **out, lsv_error *err);

/* Shapes of a pair of factors in the file: fills kind, nkernel, kernel, out, in, rank and dtypes of *m. */
lsv_status lsv_factor_shapes(const lsv_adapter *a, const char *where, ptrdiff_t at_B, ptrdiff_t at_A, bool embedding, lsv_adapter_module *m, lsv_error *err);

/* x as an array of `dtype`, each entry rounded once to nearest even; LSV_EVALUE where a finite one becomes infinite. `what`
   is for the message. Takes x in any case. */
lsv_status lsv_narrow(lsv_array *x, lsv_dtype dtype, const char *what, lsv_array **out, lsv_error *err);

/* "FILE: 'NAME': reason" */
lsv_status lsv_adapter_bad(const char *where, const char *tensor, lsv_error *err, const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
